// SPDX-License-Identifier: Apache-2.0
/* cli_run.c - runs scripts: statements through firn.h, their results to standard output.
 *
 *     script -> cli_script_next -> statement     -> firn_execute -> cli_print -> out
 *                               -> meta-command  -> cli_command               -> out
 *
 * Outside a block `out` is written after every item. Inside BEGIN ... COMMIT it is held back until
 * the block has ended well; a block that fails shows nothing of what it would have published.
 *
 * When COMMIT or a statement before it loses a race, the variables, the printer and the place in the
 * script of that BEGIN come back and the block runs again, at most BLOCK_RETRIES times. */
#include "cli/cli_int.h"

#include "base/clock.h"
#include "base/random.h"
#include "column/column_zone.h"

#include <errno.h>
#include <stdio.h>

#define BLOCK_RETRIES 10
#define SCRIPT_BYTES  ((size_t)64 << 20)
#define OUTPUT_BYTES  ((size_t)4 << 30)
#define FLUSH_BYTES   ((size_t)1 << 18)
#define INCLUDE_DEPTH 16

/* ---- output ---------------------------------------------------------------------------------- */

static status write_out(struct cli_runner *r, struct error *err)
{
    if (r->block.open || r->out.len == 0)
        return ST_OK;
    size_t n = fwrite(r->out.data, 1, r->out.len, stdout);
    bool bad = n != r->out.len || fflush(stdout) != 0;
    buffer_clear(&r->out);
    if (bad)
        FAIL(err, ST_IO, "standard output: %s", strerror(errno));
    return ST_OK;
}

int cli_flush(struct cli_runner *r)
{
    struct error err;
    error_init(&err);
    return write_out(r, &err) == ST_OK ? 0 : cli_fail_own(r, NULL, NULL, &err);
}

/* Between the rows of a large result. */
static status flush_rows(void *arg, struct error *err)
{
    struct cli_runner *r = arg;
    return r->out.len < FLUSH_BYTES ? ST_OK : write_out(r, err);
}

static void on_notice(void *arg, const char *text)
{
    cli_note(arg, "%s", text);
}

/* ---- a statement's result -------------------------------------------------------------------- */

/* ROWS_READ and FILES_READ of the statement's scans, ROW_COUNT as psql has it. */
static status set_variables(struct cli_runner *r, struct firn_result *result, struct error *err)
{
    struct firn_figures f;
    char text[32];
    const char *tag = firn_result_tag(result), *count = strrchr(tag, ' ');
    firn_result_figures(result, &f);
    snprintf(text, sizeof(text), "%lld", (long long)f.rows);
    TRY(cli_vars_set(&r->vars, STR("ROWS_READ"), str_of(text), err));
    snprintf(text, sizeof(text), "%lld", (long long)f.files);
    TRY(cli_vars_set(&r->vars, STR("FILES_READ"), str_of(text), err));
    bool counted = count && count[1] >= '0' && count[1] <= '9';
    return cli_vars_set(&r->vars, STR("ROW_COUNT"), str_of(counted ? count + 1 : "0"), err);
}

/* \gset: the one row's columns become variables. */
static status keep_row(struct cli_runner *r, struct ArrowArrayStream *stream,
                       const struct cli_item *item, struct error *err)
{
    struct cli_row row;
    struct str prefix = item->arg_count ? item->args[0] : STR("");
    TRY(cli_fetch_row(&r->printer, stream, &r->arena, &row, err));
    if (row.rows != 1)
        FAIL(err, ST_INVALID, "%s row returned for \\gset", row.rows ? "more than one" : "no");
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

/* The printer shows timestamps in the session's time zone. */
static status follow_zone(struct cli_runner *r, struct error *err)
{
    const char *name = firn_setting(r->session, "timezone");
    struct zone *zone = NULL;
    if (!name || str_eq_z(r->zone_name, name))
        return ST_OK;
    if (!str_eq_nocase(str_of(name), STR("UTC")))
        TRY(zone_load(&r->kept, str_of(name), &zone, err));
    TRY(arena_str(&r->kept, str_of(name), &r->zone_name, err));
    r->printer.zone = zone;
    return ST_OK;
}

static status show_rows(struct cli_runner *r, const struct cli_item *item,
                        struct ArrowArrayStream *stream, struct error *err)
{
    bool expanded = r->printer.expanded;
    if (str_eq(item->name, STR("gset")))
        return keep_row(r, stream, item, err);
    r->printer.expanded |= str_eq(item->name, STR("gx"));
    status st = cli_print_rows(&r->printer, stream, &r->arena, err);
    r->printer.expanded = expanded;
    return st;
}

static int show_result(struct cli_runner *r, const struct cli_script *s,
                       const struct cli_item *item, struct firn_result *result)
{
    struct ArrowArrayStream stream;
    struct firn_error e = {0};
    struct error err;
    error_init(&err);
    if (!firn_result_has_rows(result)) {
        const char *tag = firn_result_tag(result);
        if (tag[0] && (r->timing || !s || !s->name))
            cli_note(r, "%s", tag);
        return 0;
    }
    if (follow_zone(r, &err) != ST_OK)
        return cli_fail_own(r, s, item, &err);
    if (firn_result_stream(result, &stream, &e) != 0)
        return cli_fail(r, s, item, &e);
    status st = show_rows(r, item, &stream, &err);
    if (st == ST_OK)
        return 0;
    firn_result_error(result, &e); /* the stream's own failure says more */
    return e.message[0] ? cli_fail(r, s, item, &e) : cli_fail_own(r, s, item, &err);
}

static status keep_published(struct cli_runner *r, struct error *err)
{
    const struct firn_published *p;
    size_t n = firn_published(r->session, &p);
    TRY(arena_grow(&r->kept, (void **)&r->published, sizeof(*r->published), &r->published_capacity,
                   r->published_count + n, err));
    for (size_t i = 0; i < n; i++) {
        struct cli_published *x = &r->published[r->published_count];
        TRY(arena_str(&r->kept, str_of(p[i].table), &x->table, err));
        x->snapshot_id = p[i].snapshot_id;
        r->published_count++;
    }
    return ST_OK;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static status keep_place(struct cli_runner *r, const struct cli_script *before, struct error *err)
{
    struct cli_block *b = &r->block;
    bool again = b->script == before->serial && b->place.sources[0].at == before->sources[0].at;
    b->open = true;
    b->tries = again ? b->tries : 0;
    b->script = before->serial;
    b->place = *before;
    b->printer = r->printer;
    return cli_vars_copy(&r->vars, &b->vars, err);
}

/* Ends what is left of a block that lost before its COMMIT; true when nothing is left. */
static bool leave_block(struct cli_runner *r)
{
    struct firn_result *result;
    struct firn_error e;
    if (!firn_in_transaction(r->session))
        return true;
    if (firn_execute(r->session, "ROLLBACK", strlen("ROLLBACK"), &result, &e) != 0)
        return false;
    firn_result_free(result);
    return true;
}

/* A block that lost its race, at COMMIT or before, starts again; true when it does. */
static bool restart_block(struct cli_runner *r, struct cli_script *s, const struct firn_error *e)
{
    struct cli_block *b = &r->block;
    uint32_t jitter = 0;
    if (e->code != FIRN_CONFLICT || !s || !b->open || b->script != s->serial ||
        b->tries >= BLOCK_RETRIES || !leave_block(r) ||
        cli_vars_copy(&b->vars, &r->vars, NULL) != ST_OK)
        return false;
    b->tries++;
    cli_note(r, "%s; running the block again (%d of %d)", e->message, b->tries, BLOCK_RETRIES);
    if (random_bytes(&jitter, sizeof(jitter), NULL) != ST_OK)
        jitter = 0;
    clock_sleep_us(1000 + (int64_t)(jitter % 20000) * b->tries);
    *s = b->place;
    r->printer = b->printer;
    buffer_clear(&r->out);
    b->open = false;
    return true;
}

/* ---- one statement --------------------------------------------------------------------------- */

static status note_block(struct cli_runner *r, const struct cli_script *before, struct error *err)
{
    bool inside = firn_in_transaction(r->session) != 0;
    if (inside && !r->block.open && before)
        return keep_place(r, before, err);
    r->block.open = inside; /* COMMIT or ROLLBACK: what was held back may be seen */
    return ST_OK;
}

/* What the script says (s) is at `before` when the statement begins; both NULL outside scripts. */
static int run_statement(struct cli_runner *r, struct cli_script *s,
                         const struct cli_script *before, const struct cli_item *item)
{
    struct firn_result *result;
    struct firn_error e = {0};
    struct error err;
    int64_t started = clock_monotonic_us();
    error_init(&err);
    if (firn_execute(r->session, item->sql.ptr, item->sql.len, &result, &e) != 0)
        return restart_block(r, s, &e) ? 0 : cli_fail(r, s, item, &e);
    status st = note_block(r, before, &err);
    int code = st == ST_OK ? show_result(r, s, item, result) : cli_fail_own(r, s, item, &err);
    if (code == 0) {
        st = set_variables(r, result, &err);
        if (st == ST_OK)
            st = keep_published(r, &err);
        code = st == ST_OK ? cli_flush(r) : cli_fail_own(r, s, item, &err);
    }
    cli_figures(r, result, started);
    firn_result_free(result);
    return code;
}

/* ---- scripts --------------------------------------------------------------------------------- */

static int run_item(struct cli_runner *r, struct cli_script *s, bool *more)
{
    struct cli_item item;
    struct cli_script before = *s;
    struct error err;
    error_init(&err);
    arena_reset(&r->arena);
    if (cli_script_next(s, &r->vars, &r->arena, &item, &err) != ST_OK)
        return cli_fail_own(r, s, &item, &err);
    *more = item.kind != CLI_ITEM_END;
    if (!*more)
        return 0;
    return item.kind == CLI_ITEM_COMMAND ? cli_command(r, s, &item)
                                         : run_statement(r, s, &before, &item);
}

static int interrupted(struct cli_runner *r)
{
    struct firn_error e = {.code = FIRN_FAILED, .sqlstate = "57014"};
    snprintf(e.message, sizeof(e.message), "interrupted; what was not committed is gone");
    return cli_fail(r, NULL, NULL, &e);
}

static int run_script(struct cli_runner *r, struct str text, const char *name)
{
    struct cli_script s;
    struct arena values;
    bool more = true;
    int code = 0;
    arena_init(&values, NULL);
    cli_script_init(&s, text, name, &values);
    s.serial = ++r->scripts;
    while (code == 0 && more && !r->quit) {
        if (s.source_count == 1 && !r->block.open)
            arena_reset(&values);
        code = run_item(r, &s, &more);
        if (code == 0 && more && cli_signal_seen())
            code = interrupted(r);
    }
    r->quit = false;
    arena_free(&values);
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

static status read_script(const char *path, struct buffer *out, struct error *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    if (!f)
        FAIL(err, ST_USAGE, "script %s cannot be read: %s", path, strerror(errno));
    status st = read_all(f, out, err);
    if (st != ST_OK)
        error_context(err, "script %s", standard ? "on standard input" : path);
    if (!standard)
        fclose(f);
    return st;
}

int cli_run_file(struct cli_runner *r, const char *path, const struct cli_script *from,
                 const struct cli_item *item)
{
    struct buffer text;
    struct error err;
    char name[4096];
    int code;
    error_init(&err);
    buffer_init(&text, NULL, SCRIPT_BYTES);
    status st = ST_OK;
    if (r->depth == INCLUDE_DEPTH)
        st = error_set(&err, ST_USAGE, __FILE__, __LINE__, "more than %d scripts inside each other",
                       INCLUDE_DEPTH);
    if (st == ST_OK)
        st = read_script(path, &text, &err);
    snprintf(name, sizeof(name), "%s", strcmp(path, "-") == 0 ? "<stdin>" : path);
    r->depth++;
    code = st == ST_OK ? run_script(r, buffer_str(&text), name) : cli_fail_own(r, from, item, &err);
    r->depth--;
    buffer_free(&text);
    return code;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static status runner_variables(struct cli_runner *r, struct error *err)
{
    const struct cli_args *a = r->args;
    for (size_t i = 0; i < a->variable_count; i++) {
        struct str name = {a->variables[i].name,
                           (size_t)(a->variables[i].value - a->variables[i].name) - 1};
        TRY(cli_vars_set(&r->vars, name, str_of(a->variables[i].value), err));
    }
    return ST_OK;
}

static int runner_start(struct cli_runner *r, const struct cli_args *a,
                        const struct firn_option *options, size_t option_count)
{
    struct firn_error e;
    struct error err;
    *r = (struct cli_runner){.args = a, .total = {.mode = ""}};
    error_init(&err);
    arena_init(&r->arena, NULL);
    arena_init(&r->kept, NULL);
    buffer_init(&r->out, NULL, OUTPUT_BYTES);
    r->printer = (struct cli_printer){
        .format = a->format, .out = &r->out, .flush = flush_rows, .flush_arg = r};
    if (runner_variables(r, &err) != ST_OK)
        return cli_fail_own(r, NULL, NULL, &err);
    if (firn_session_open(options, option_count, &r->session, &e) != 0)
        return cli_fail(r, NULL, NULL, &e);
    firn_session_on_notice(r->session, on_notice, r);
    cli_signal_watch(r->session);
    return 0;
}

static int unfinished_block(struct cli_runner *r)
{
    struct firn_error e = {.code = FIRN_FAILED, .sqlstate = "25000"};
    snprintf(e.message, sizeof(e.message),
             "the script ended inside BEGIN; nothing of the block was published");
    return cli_fail(r, NULL, NULL, &e);
}

static int print_last_object(struct cli_runner *r, int code)
{
    struct error err;
    r->block.open = false;
    buffer_clear(&r->out);
    error_init(&err);
    if (cli_last_object(r, code, &r->out, &err) != ST_OK)
        return cli_fail_own(r, NULL, NULL, &err);
    int written = cli_flush(r);
    return code ? code : written;
}

static int runner_end(struct cli_runner *r, int code)
{
    cli_signal_watch(NULL);
    if (code == 0 && r->session && firn_in_transaction(r->session))
        code = unfinished_block(r);
    if (r->args->format == CLI_JSON)
        code = print_last_object(r, code);
    if (code == 0)
        cli_total(r);
    firn_session_close(r->session);
    cli_vars_free(&r->vars);
    cli_vars_free(&r->block.vars);
    buffer_free(&r->out);
    arena_free(&r->arena);
    arena_free(&r->kept);
    return code;
}

int cli_run_text(const struct cli_args *a, struct str text, const char *name,
                 const struct firn_option *options, size_t option_count)
{
    struct cli_runner r;
    int code = runner_start(&r, a, options, option_count);
    if (code == 0)
        code = run_script(&r, text, name);
    return runner_end(&r, code);
}

int cli_run_statement(const struct cli_args *a, struct str sql)
{
    struct cli_runner r;
    struct cli_item item = {.kind = CLI_ITEM_STATEMENT, .sql = sql};
    int code = runner_start(&r, a, a->options, a->option_count);
    if (code == 0)
        code = run_statement(&r, NULL, NULL, &item);
    return runner_end(&r, code);
}

int cli_run(const struct cli_args *a)
{
    struct cli_runner r;
    int code = runner_start(&r, a, a->options, a->option_count);
    for (size_t i = 0; code == 0 && i < a->statement_count; i++)
        code = run_script(&r, str_of(a->statements[i]), NULL);
    for (size_t i = 0; code == 0 && i < a->operand_count; i++)
        code = cli_run_file(&r, a->operands[i], NULL, NULL);
    return runner_end(&r, code);
}
