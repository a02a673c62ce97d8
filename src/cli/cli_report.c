// SPDX-License-Identifier: Apache-2.0
/* cli_report.c - what a run says beside its results: errors, remarks, figures, the last object of
 * --format json.
 *
 *     firn: daily.sql:12: column "amont" does not exist       <- where the statement begins
 *       Perhaps you meant the column "amount".
 *     LINE 2:   sum(amont)                                    <- line of the statement, as psql
 *                   ^
 *     SQLSTATE 42703 */
#include "cli/cli_int.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>

#define PLACE_CHARS 60 /* of a statement's line shown around an error */

/* ---- errors ---------------------------------------------------------------------------------- */

int cli_report(const struct firn_error *e, const char *where)
{
    fprintf(stderr, "firn: %s%s\n", where, e->message);
    if (e->detail[0])
        fprintf(stderr, "  %s\n", e->detail);
    return e->code ? e->code : FIRN_FAILED;
}

static bool starts_char(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static size_t chars(const char *from, const char *to)
{
    size_t n = 0;
    for (; from < to; from++)
        n += starts_char(*from);
    return n;
}

/* The piece of the line that holds `at`: at most PLACE_CHARS, whole characters. */
static void piece_of(const char *line, const char *end, const char *at, const char **from,
                     const char **to)
{
    *from = at;
    for (size_t n = 0; *from > line && (n < PLACE_CHARS / 2 || !starts_char(**from));)
        n += starts_char(*--*from);
    if (chars(line, at) <= PLACE_CHARS * 2 / 3)
        *from = line;
    *to = *from;
    for (size_t n = 0; *to < end && (n < PLACE_CHARS || !starts_char(**to)); ++*to)
        n += starts_char(**to);
}

static void show_place(struct str sql, int64_t position)
{
    const char *at = sql.ptr + (position - 1), *line = at, *end = at, *from, *to;
    int number = 1, head;
    while (line > sql.ptr && line[-1] != '\n')
        line--;
    while (end < sql.ptr + sql.len && *end != '\n' && *end != '\r')
        end++;
    for (const char *p = sql.ptr; p < line; p++)
        number += *p == '\n';
    piece_of(line, end, at, &from, &to);
    head = fprintf(stderr, "LINE %d: %s", number, from > line ? "..." : "");
    for (const char *p = from; p < to; p++)
        fputc(*p == '\t' ? ' ' : *p, stderr);
    fprintf(stderr, "%s\n%*s^\n", to < end ? "..." : "", head + (int)chars(from, at), "");
}

int cli_fail(struct cli_runner *r, const struct cli_script *s, const struct cli_item *item,
             const struct firn_error *e)
{
    char where[512] = "";
    if (s && s->name)
        snprintf(where, sizeof(where), "%s:%lld: ", s->name,
                 (long long)cli_script_line(s, item->start));
    r->failure = *e;
    r->failure.code = cli_report(e, where);
    if (item && e->position > 0 && (size_t)e->position <= item->sql.len + 1 && item->sql.len > 0)
        show_place(item->sql, e->position);
    if (e->sqlstate[0])
        fprintf(stderr, "SQLSTATE %s\n", e->sqlstate);
    return r->failure.code;
}

int cli_fail_own(struct cli_runner *r, const struct cli_script *s, const struct cli_item *item,
                 const struct error *err)
{
    struct firn_error e = {.code = status_exit_code(err->code)};
    snprintf(e.sqlstate, sizeof(e.sqlstate), "%s", err->code == ST_USAGE ? "" : error_state(err));
    snprintf(e.message, sizeof(e.message), "%s", err->msg);
    return cli_fail(r, s, item, &e);
}

void cli_note(const struct cli_runner *r, const char *fmt, ...)
{
    va_list args;
    if (r->args->quiet)
        return;
    fputs("firn: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- figures --------------------------------------------------------------------------------- */

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_figures(const struct firn_figures *f)
{
    const char *between = " ";
    fputs("firn:", stderr);
    if (f->files + f->files_skipped > 0) {
        fprintf(stderr, "%sread %lld file%s", between, (long long)f->files, plural(f->files));
        if (f->files_skipped > 0)
            fprintf(stderr, " (%lld more skipped)", (long long)f->files_skipped);
        fprintf(stderr, ", %lld row%s, %lld bytes", (long long)f->rows, plural(f->rows),
                (long long)f->bytes);
        between = "; ";
    }
    if (f->rows_written > 0) {
        fprintf(stderr, "%swrote %lld row%s, %lld bytes", between, (long long)f->rows_written,
                plural(f->rows_written), (long long)f->bytes_written);
        between = "; ";
    }
    if (f->requests > 0) {
        fprintf(stderr, "%s%lld request%s", between, (long long)f->requests, plural(f->requests));
        between = "; ";
    }
    if (f->bad_rows > 0)
        fprintf(stderr, "%sleft out %lld bad row%s", between, (long long)f->bad_rows,
                plural(f->bad_rows));
    fputc('\n', stderr);
}

static bool any_figures(const struct firn_figures *f)
{
    return f->files + f->files_skipped + f->rows_written + f->bad_rows + f->requests > 0;
}

static void add_figures(struct firn_figures *total, const struct firn_figures *f)
{
    total->files += f->files;
    total->files_skipped += f->files_skipped;
    total->rows += f->rows;
    total->bytes += f->bytes;
    total->rows_written += f->rows_written;
    total->bytes_written += f->bytes_written;
    total->bad_rows += f->bad_rows;
    total->requests += f->requests;
    if (f->mode[0])
        total->mode = f->mode;
}

void cli_figures(struct cli_runner *r, struct firn_result *result, int64_t started_us)
{
    struct firn_figures f;
    firn_result_figures(result, &f);
    add_figures(&r->total, &f);
    if (!r->timing || r->args->quiet)
        return;
    if (any_figures(&f))
        print_figures(&f);
    fprintf(stderr, "Time: %.3f ms\n", (double)(clock_monotonic_us() - started_us) / 1000.0);
}

void cli_total(const struct cli_runner *r)
{
    if (!r->args->quiet && any_figures(&r->total))
        print_figures(&r->total);
}

/* ---- --format json --------------------------------------------------------------------------- */

static status text_member(struct buffer *out, const char *key, const char *text, struct error *err)
{
    TRY(buffer_printf(out, err, ",\"%s\":", key));
    return text[0] ? cli_json_string(out, str_of(text), err)
                   : buffer_append_str(out, STR("null"), err);
}

static status failure_members(const struct firn_error *e, struct buffer *out, struct error *err)
{
    TRY(text_member(out, "sqlstate", e->sqlstate, err));
    TRY(text_member(out, "message", e->message, err));
    return text_member(out, "detail", e->detail, err);
}

static status published_member(const struct cli_runner *r, struct buffer *out, struct error *err)
{
    TRY(buffer_append_str(out, STR(",\"snapshots\":["), err));
    for (size_t i = 0; i < r->published_count; i++) {
        TRY(buffer_append_str(out, i ? STR(",{\"table\":") : STR("{\"table\":"), err));
        TRY(cli_json_string(out, r->published[i].table, err));
        TRY(buffer_printf(out, err, ",\"snapshot_id\":%lld}",
                          (long long)r->published[i].snapshot_id));
    }
    return buffer_append_str(out, STR("]"), err);
}

status cli_last_object(const struct cli_runner *r, int code, struct buffer *out, struct error *err)
{
    const struct firn_figures *f = &r->total;
    TRY(buffer_printf(out, err, "{\"outcome\":\"%s\",\"exit_code\":%d", code ? "failed" : "done",
                      code));
    if (code != 0)
        TRY(failure_members(&r->failure, out, err));
    TRY(published_member(r, out, err));
    TRY(text_member(out, "mode", f->mode, err));
    return buffer_printf(out, err,
                         ",\"files_read\":%lld,\"rows_read\":%lld,\"bytes_read\":%lld,"
                         "\"bad_rows\":%lld,\"rows_written\":%lld,\"bytes_written\":%lld}\n",
                         (long long)f->files, (long long)f->rows, (long long)f->bytes,
                         (long long)f->bad_rows, (long long)f->rows_written,
                         (long long)f->bytes_written);
}
