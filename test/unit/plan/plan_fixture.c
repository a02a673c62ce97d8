// SPDX-License-Identifier: Apache-2.0
/* plan_fixture.c - planning and printing for the tests of plan. */
#include "plan_fixture.h"

#include "plan_check.h"
#include "sql/sql.h"

void fixture_init(struct fixture *f)
{
    plan_tables_init(&f->tables, NULL);
    error_init(&f->err);
}

void fixture_free(struct fixture *f)
{
    arena_free(&f->tables.arena);
}

status fixture_select(struct fixture *f, const char *sql, struct query_plan **out)
{
    struct query_statement **statements;
    size_t count;
    TRY(sql_parse(str_of(sql), &f->tables.arena, &statements, &count, &f->err));
    ENSURE(count == 1 && statements[0]->select, &f->err);
    TRY(plan_select(&f->tables.context, statements[0]->select, out, &f->err));
    const char *fault = plan_check(*out);
    if (fault)
        test_fail(__FILE__, __LINE__, "%s\n  plan is not well formed: %s", sql, fault);
    return ST_OK;
}

/* ---- printing -------------------------------------------------------------------------------- */

struct str fixture_schema(struct fixture *f, const struct column_schema *s)
{
    struct error err;
    struct str out = STR("");
    for (size_t i = 0; i < s->count; i++) {
        char name[64];
        CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s%s%.*s %s", STR_ARG(out),
                              i ? ", " : "", STR_ARG(s->fields[i].name),
                              column_type_name(s->fields[i].type, name)));
    }
    return out;
}

static struct str column_names(struct fixture *f, const struct column_schema *s)
{
    struct error err;
    struct str out = STR("");
    for (size_t i = 0; i < s->count; i++)
        CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s%s%.*s", STR_ARG(out),
                              i ? ", " : "", STR_ARG(s->fields[i].name)));
    return out;
}

/* Lines joined by " < "; what a SCAN says of files, which these tables have none of, is replaced
 * by its columns. */
struct str fixture_line(struct fixture *f, const struct query_plan *p)
{
    struct error err;
    struct str text, out = STR("");
    const struct query_plan *source = p;
    while (source->input)
        source = source->input;
    CHECK_OK(query_plan_text(p, &f->tables.arena, &text, &err));
    for (size_t i = 0; i < text.len;) {
        while (i < text.len && text.ptr[i] == ' ')
            i++;
        const char *end = memchr(text.ptr + i, '\n', text.len - i);
        size_t n = end ? (size_t)(end - text.ptr) - i : text.len - i;
        struct str line = {text.ptr + i, n};
        bool scan = str_starts(line, STR("Scan ")) && end == text.ptr + text.len - 1;
        if (str_starts(line, STR("Scan ")))
            line.len = (size_t)((const char *)memchr(line.ptr, ':', n) - line.ptr);
        CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s%s%.*s", STR_ARG(out),
                              out.len ? " < " : "", STR_ARG(line)));
        if (scan)
            CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s(%.*s)", STR_ARG(out),
                                  STR_ARG(column_names(f, &source->schema))));
        i += n + 1;
    }
    return out;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void fail_sql(const char *file, int line, const char *sql, const struct error *err)
{
    test_fail(file, line, "%s: %s %s at %lld (%s:%d)", sql, error_state(err), err->msg,
              (long long)err->position, err->file ? err->file : "?", err->line);
}

void fixture_check_plan(const char *file, int line, const char *sql, const char *want)
{
    struct fixture f;
    struct query_plan *p;
    fixture_init(&f);
    if (fixture_select(&f, sql, &p) != ST_OK) {
        fail_sql(file, line, sql, &f.err);
    } else {
        struct str got = fixture_line(&f, p);
        if (!str_eq_z(got, want))
            test_fail(file, line, "%s\n  is  %.*s\n  not %s", sql, STR_ARG(got), want);
    }
    fixture_free(&f);
}

void fixture_check_types(const char *file, int line, const char *sql, const char *want)
{
    struct fixture f;
    struct query_plan *p;
    fixture_init(&f);
    if (fixture_select(&f, sql, &p) != ST_OK) {
        fail_sql(file, line, sql, &f.err);
    } else {
        struct str got = fixture_schema(&f, &p->schema);
        if (!str_eq_z(got, want))
            test_fail(file, line, "%s\n  is  %.*s\n  not %s", sql, STR_ARG(got), want);
    }
    fixture_free(&f);
}

void fixture_check_error(const char *file, int line, const char *sql, const char *state,
                         int64_t position, const char *message)
{
    struct fixture f;
    struct query_plan *p;
    fixture_init(&f);
    status st = fixture_select(&f, sql, &p);
    if (st == ST_OK)
        test_fail(file, line, "%s\n  is planned, not refused: %s", sql, fixture_line(&f, p).ptr);
    else if (strcmp(error_state(&f.err), state) != 0 || !strstr(f.err.msg, message) ||
             (position && f.err.position != position))
        test_fail(file, line, "%s\n  is  %s \"%s\" at %lld\n  not %s \"%s\" at %lld", sql,
                  error_state(&f.err), f.err.msg, (long long)f.err.position, state, message,
                  (long long)position);
    fixture_free(&f);
}
