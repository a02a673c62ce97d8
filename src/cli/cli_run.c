// SPDX-License-Identifier: Apache-2.0
/* cli_run.c - runs a script: statements through firn.h, meta-commands here.
 *
 *     output of BEGIN ... COMMIT is held back until COMMIT; when COMMIT loses a race, the variables
 * and the place in the script of that BEGIN come back and the block runs again, at most
 * BLOCK_RETRIES times; a block that fails shows nothing of what it would have published
 *
 * What was read goes to standard error, results to standard output. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define BLOCK_RETRIES 10
#define SCRIPT_BYTES  ((size_t)64 << 20)
#define OUTPUT_BYTES  ((size_t)4 << 30)
#define INCLUDE_DEPTH 16

struct block {
    bool open;
    struct cli_script place; /* at BEGIN, before it */
    struct cli_vars vars;    /* as they were then */
    int tries;
};

struct runner {
    const struct cli_args *args;
    struct firn_session *session;
    struct cli_vars vars;
    struct cli_printer printer;
    struct buffer out; /* printed and, inside a block, held back */
    struct block block;
    struct arena arena; /* of one item */
    bool timing, stop, described;
    int depth; /* of \i */
    struct firn_figures total;
};

/* ---- messages -------------------------------------------------------------------------------- */

int cli_report(const struct firn_error *e, const char *where)
{
    fprintf(stderr, "%sfirn: %s\n", where, e->message);
    if (e->detail[0])
        fprintf(stderr, "  %s\n", e->detail);
    return e->code ? e->code : 1;
}

static void on_notice(void *arg, const char *text)
{
    const struct runner *r = arg;
    if (!r->args->quiet)
        fprintf(stderr, "firn: note: %s\n", text);
}

/* The line of the script and the piece of the statement that the error points at. */
static int fail_at(const struct cli_script *s, const struct cli_item *item,
                   const struct firn_error *e)
{
    char where[512], place[160] = "";
    size_t from = item->start;
    while (from < s->text.len && (s->text.ptr[from] == ' ' || s->text.ptr[from] == '\n'))
        from++;
    snprintf(where, sizeof(where), "%s:%lld: ", s->name, (long long)cli_script_line(s, from));
    int code = cli_report(e, where);
    if (e->sqlstate[0])
        snprintf(place, sizeof(place), "  SQLSTATE %s", e->sqlstate);
    fputs(place, stderr);
    if (e->position > 0 && (size_t)e->position <= item->sql.len + 1) {
        size_t at = (size_t)e->position - 1, end = at;
        while (end < item->sql.len && end < at + 40 && item->sql.ptr[end] != '\n')
            end++;
        fprintf(stderr, "%s at character %lld: %.*s", place[0] ? "," : " ", (long long)e->position,
                (int)(end - at), item->sql.ptr + at);
    }
    if (place[0] || e->position > 0)
        fputc('\n', stderr);
    return code;
}

static int fail_own(const struct cli_script *s, const struct cli_item *item,
                    const struct error *err)
{
    struct firn_error e = {.code = status_exit_code(err->code)};
    snprintf(e.message, sizeof(e.message), "%s", err->msg);
    return fail_at(s, item, &e);
}

/* ---- output ---------------------------------------------------------------------------------- */

static int flush_output(struct runner *r)
{
    if (r->block.open)
        return 0;
    size_t n = fwrite(r->out.data, 1, r->out.len, stdout);
    bool bad = n != r->out.len || fflush(stdout) != 0;
    buffer_clear(&r->out);
    if (bad) {
        fprintf(stderr, "firn: standard output: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

/* ROWS_READ and FILES_READ of the last statement, for scripts. */
static status set_figures(struct runner *r, const struct firn_figures *f, struct error *err)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)f->rows);
    TRY(cli_vars_set(&r->vars, STR("ROWS_READ"), str_of(text), err));
    snprintf(text, sizeof(text), "%lld", (long long)f->files);
    return cli_vars_set(&r->vars, STR("FILES_READ"), str_of(text), err);
}

static void print_figures(struct runner *r, struct firn_result *result, int64_t started_us)
{
    struct firn_figures f;
    struct error err;
    firn_result_figures(result, &f);
    if (set_figures(r, &f, &err) != ST_OK)
        fprintf(stderr, "firn: %s\n", err.msg);
    r->total.files += f.files;
    r->total.rows += f.rows;
    r->total.bytes += f.bytes;
    r->total.rows_written += f.rows_written;
    if (f.snapshot_id)
        r->total.snapshot_id = f.snapshot_id;
    if (f.mode[0])
        r->total.mode = f.mode;
    if (r->args->quiet)
        return;
    if (f.files > 0 || f.rows > 0)
        fprintf(stderr, "firn: read %lld file%s, %lld rows, %lld bytes; %lld files skipped\n",
                (long long)f.files, f.files == 1 ? "" : "s", (long long)f.rows, (long long)f.bytes,
                (long long)f.files_skipped);
    if (r->timing)
        fprintf(stderr, "Time: %.3f ms\n", (double)(clock_monotonic_us() - started_us) / 1000.0);
}

/* ---- one statement --------------------------------------------------------------------------- */

/* \gset: the one row's columns become variables. */
static status keep_row(struct runner *r, struct ArrowArrayStream *stream,
                       const struct cli_item *item, struct error *err)
{
    struct cli_row row;
    struct str prefix = item->arg_count ? item->args[0] : STR("");
    TRY(cli_fetch_row(stream, &r->arena, &row, err));
    if (row.rows != 1)
        FAIL(err, ST_INVALID, "\\gset needs one row, the statement gave %lld", (long long)row.rows);
    for (size_t i = 0; i < row.columns; i++) {
        struct str name;
        TRY(arena_printf(&r->arena, &name, err, "%.*s%.*s", STR_ARG(prefix),
                         STR_ARG(row.names[i])));
        if (row.values[i].ptr)
            TRY(cli_vars_set(&r->vars, name, row.values[i], err));
        else
            cli_vars_unset(&r->vars, name);
    }
    return ST_OK;
}

static int show_result(struct runner *r, const struct cli_script *s, const struct cli_item *item,
                       struct firn_result *result)
{
    struct ArrowArrayStream stream;
    struct firn_error e = {0};
    struct error err;
    error_init(&err);
    if (!firn_result_has_rows(result)) {
        const char *tag = firn_result_tag(result);
        if (r->printer.format == CLI_ALIGNED && !r->args->quiet && tag[0])
            fprintf(stderr, "%s\n", tag);
        return 0;
    }
    if (firn_result_stream(result, &stream, &e) != 0)
        return fail_at(s, item, &e);
    status st = str_eq(item->name, STR("gset"))
                    ? keep_row(r, &stream, item, &err)
                    : cli_print_rows(&r->printer, &stream, &r->arena, &err);
    if (st == ST_OK)
        return flush_output(r);
    firn_result_error(result, &e);
    return e.message[0] ? fail_at(s, item, &e) : fail_own(s, item, &err);
}

static void describe_once(struct runner *r)
{
    const char *text;
    if (r->described || r->args->quiet)
        return;
    r->described = true;
    if (firn_describe(r->session, &text, NULL) == 0)
        fprintf(stderr, "firn: %s\n", text);
}

/* Before a statement: a block that opens here keeps its place. */
static bool starts_block(struct runner *r)
{
    return !r->block.open && firn_in_transaction(r->session);
}

static int keep_place(struct runner *r, const struct cli_script *before)
{
    struct error err;
    r->block.open = true;
    if (r->block.place.text.ptr != before->text.ptr || r->block.place.at != before->at)
        r->block.tries = 0;
    r->block.place = *before;
    if (cli_vars_copy(&r->vars, &r->block.vars, &err) != ST_OK) {
        fprintf(stderr, "firn: %s\n", err.msg);
        return 1;
    }
    return 0;
}

/* A block that lost its race starts again; true when it does. */
static bool restart_block(struct runner *r, struct cli_script *s, int code)
{
    uint32_t jitter = 0;
    struct error err;
    if (code != FIRN_CONFLICT || !r->block.open || r->block.place.text.ptr != s->text.ptr ||
        r->block.tries++ >= BLOCK_RETRIES || firn_in_transaction(r->session))
        return false;
    if (random_bytes(&jitter, sizeof(jitter), NULL) != ST_OK)
        jitter = 0;
    clock_sleep_us(1000 + (int64_t)(jitter % 20000) * r->block.tries);
    *s = r->block.place;
    buffer_clear(&r->out);
    r->block.open = false;
    return cli_vars_copy(&r->block.vars, &r->vars, &err) == ST_OK;
}

static int run_statement(struct runner *r, struct cli_script *s, const struct cli_script *before,
                         const struct cli_item *item)
{
    struct firn_result *result;
    struct firn_error e = {0};
    int64_t started = clock_monotonic_us();
    if (firn_execute(r->session, item->sql.ptr, item->sql.len, &result, &e) != 0) {
        if (restart_block(r, s, e.code))
            return 0;
        return fail_at(s, item, &e);
    }
    int code = 0;
    if (starts_block(r))
        code = keep_place(r, before);
    else if (r->block.open && !firn_in_transaction(r->session))
        r->block.open = false; /* COMMIT or ROLLBACK: what was held back may be seen */
    if (code == 0)
        code = show_result(r, s, item, result);
    if (code == 0)
        code = flush_output(r);
    print_figures(r, result, started);
    firn_result_free(result);
    describe_once(r);
    return code;
}

/* ---- meta-commands --------------------------------------------------------------------------- */

static status do_echo(struct runner *r, const struct cli_item *item, struct error *err)
{
    bool no_newline = item->arg_count > 0 && str_eq(item->args[0], STR("-n"));
    for (size_t i = no_newline; i < item->arg_count; i++) {
        if (i > (size_t)no_newline)
            TRY(buffer_append_byte(&r->out, ' ', err));
        TRY(buffer_append_str(&r->out, item->args[i], err));
    }
    return no_newline ? ST_OK : buffer_append_byte(&r->out, '\n', err);
}

static status do_set(struct runner *r, const struct cli_item *item, struct error *err)
{
    struct str value = STR("");
    if (item->arg_count == 0)
        FAIL(err, ST_USAGE, "\\set needs a name");
    for (size_t i = 1; i < item->arg_count; i++)
        TRY(arena_printf(&r->arena, &value, err, "%.*s%.*s", (int)value.len, value.ptr,
                         (int)item->args[i].len, item->args[i].ptr));
    return cli_vars_set(&r->vars, item->args[0], value, err);
}

static bool switch_value(const struct cli_item *item, bool now)
{
    if (item->arg_count == 0)
        return !now;
    return str_eq_nocase(item->args[0], STR("on"));
}

static int run_file(struct runner *r, const char *path);

static int run_command(struct runner *r, struct cli_script *s, const struct cli_item *item)
{
    struct error err;
    status st = ST_OK;
    error_init(&err);
    if (str_eq(item->name, STR("echo"))) {
        st = do_echo(r, item, &err);
    } else if (str_eq(item->name, STR("set"))) {
        st = do_set(r, item, &err);
    } else if (str_eq(item->name, STR("unset"))) {
        if (item->arg_count > 0)
            cli_vars_unset(&r->vars, item->args[0]);
    } else if (str_eq(item->name, STR("timing"))) {
        r->timing = switch_value(item, r->timing);
    } else if (str_eq(item->name, STR("x"))) {
        r->printer.expanded = switch_value(item, r->printer.expanded);
    } else if (str_eq(item->name, STR("q"))) {
        r->stop = true;
    } else if (str_eq(item->name, STR("i")) && item->arg_count == 1) {
        return run_file(r, item->args[0].ptr);
    } else {
        st = error_set(&err, ST_USAGE, __FILE__, __LINE__,
                       "\\%.*s is not a command here; there are \\set \\unset \\if \\elif \\else "
                       "\\endif \\echo \\gset \\timing \\x \\i FILE \\q",
                       STR_ARG(item->name));
    }
    return st == ST_OK ? flush_output(r) : fail_own(s, item, &err);
}

/* ---- scripts
 * -------------------------------------------------------------------------------------------------
 */

static int run_text(struct runner *r, struct str text, const char *name)
{
    struct cli_script s;
    int code = 0;
    cli_script_init(&s, text, name);
    while (code == 0 && !r->stop) {
        struct cli_item item;
        struct cli_script before = s;
        struct error err;
        error_init(&err);
        arena_reset(&r->arena);
        if (cli_script_next(&s, &r->vars, &r->arena, &item, &err) != ST_OK)
            return fail_own(&before, &item, &err);
        if (item.kind == CLI_ITEM_END)
            break;
        code = item.kind == CLI_ITEM_COMMAND ? run_command(r, &s, &item)
                                             : run_statement(r, &s, &before, &item);
    }
    return code;
}

static status read_all(FILE *f, struct buffer *out, struct error *err)
{
    while (!feof(f) && !ferror(f)) {
        TRY(buffer_reserve(out, 65536, err));
        out->len += fread(out->data + out->len, 1, 65536, f);
    }
    if (ferror(f))
        FAIL(err, ST_USAGE, "%s", strerror(errno));
    if (!str_is_utf8(buffer_str(out)))
        FAIL(err, ST_USAGE, "not valid UTF-8, or with a NUL byte");
    return ST_OK;
}

static int run_file(struct runner *r, const char *path)
{
    struct buffer text;
    struct error err;
    char name[4096];
    bool standard = strcmp(path, "-") == 0;
    snprintf(name, sizeof(name), "%s", standard ? "<stdin>" : path);
    if (r->depth == INCLUDE_DEPTH) {
        fprintf(stderr, "firn: %s: more than %d \\i inside each other\n", name, INCLUDE_DEPTH);
        return 2;
    }
    FILE *f = standard ? stdin : fopen(name, "rb");
    if (!f) {
        fprintf(stderr, "firn: %s cannot be read: %s\n", name, strerror(errno));
        return 2;
    }
    error_init(&err);
    buffer_init(&text, NULL, SCRIPT_BYTES);
    status st = read_all(f, &text, &err);
    if (!standard)
        fclose(f);
    int code = 2;
    r->depth++;
    if (st == ST_OK)
        code = run_text(r, buffer_str(&text), name);
    else
        fprintf(stderr, "firn: %s: %s\n", name, err.msg);
    r->depth--;
    buffer_free(&text);
    return code;
}

/* ---- a run
 * -----------------------------------------------------------------------------------------------------
 */

static status runner_variables(struct runner *r, struct error *err)
{
    const struct cli_args *a = r->args;
    for (size_t i = 0; i < a->variable_count; i++) {
        struct str name = {a->variables[i].name,
                           (size_t)(a->variables[i].value - a->variables[i].name) - 1};
        TRY(cli_vars_set(&r->vars, name, str_of(a->variables[i].value), err));
    }
    return ST_OK;
}

static int runner_start(struct runner *r, const struct cli_args *a,
                        const struct firn_option *options, size_t option_count)
{
    struct firn_error e;
    struct error err;
    *r = (struct runner){.args = a, .total = {.mode = ""}};
    error_init(&err);
    arena_init(&r->arena, NULL);
    buffer_init(&r->out, NULL, OUTPUT_BYTES);
    r->printer = (struct cli_printer){.format = a->format, .out = &r->out};
    if (runner_variables(r, &err) != ST_OK) {
        fprintf(stderr, "firn: %s\n", err.msg);
        return 1;
    }
    if (firn_session_open(options, option_count, &r->session, &e) != 0)
        return cli_report(&e, "");
    firn_session_on_notice(r->session, on_notice, r);
    return 0;
}

static int runner_end(struct runner *r, int code)
{
    if (code == 0 && r->session && firn_in_transaction(r->session)) {
        fprintf(stderr, "firn: the script ended inside BEGIN; nothing of it was published\n");
        code = 1;
    }
    if (code == 0 && r->args->format == CLI_JSON)
        printf("{\"outcome\":\"done\",\"exit_code\":0,\"snapshot_id\":%lld,\"mode\":\"%s\","
               "\"rows_read\":%lld,\"bytes_read\":%lld,\"rows_written\":%lld}\n",
               (long long)r->total.snapshot_id, r->total.mode, (long long)r->total.rows,
               (long long)r->total.bytes, (long long)r->total.rows_written);
    firn_session_close(r->session);
    cli_vars_free(&r->vars);
    cli_vars_free(&r->block.vars);
    buffer_free(&r->out);
    arena_free(&r->arena);
    return code;
}

int cli_run_text(const struct cli_args *a, struct str text, const char *name,
                 const struct firn_option *options, size_t option_count)
{
    struct runner r;
    int code = runner_start(&r, a, options, option_count);
    if (code == 0)
        code = run_text(&r, text, name);
    return runner_end(&r, code);
}

int cli_run(const struct cli_args *a)
{
    struct runner r;
    if (!a->statement && a->operand_count == 0) {
        fprintf(stderr, "firn: run needs a script or -c; see `firn help run`\n");
        return 2;
    }
    int code = runner_start(&r, a, a->options, a->option_count);
    if (code == 0 && a->statement)
        code = run_text(&r, str_of(a->statement), "-c");
    for (size_t i = 0; code == 0 && !r.stop && i < a->operand_count; i++)
        code = run_file(&r, a->operands[i]);
    return runner_end(&r, code);
}
