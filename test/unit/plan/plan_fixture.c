// SPDX-License-Identifier: Apache-2.0
/* plan_fixture.c - tables, lookup and printing for the tests of plan. */
#include "plan_fixture.h"

#include "exec/exec.h"
#include "sql/sql.h"

/* ---- tables ---------------------------------------------------------------------------------- */

static struct iceberg_field sales_fields[] = {
    {.id = 1, .name = {"transaction_date", 16}, .type = {.kind = COLUMN_DATE}},
    {.id = 2, .name = {"product_id", 10}, .type = {.kind = COLUMN_BIGINT}},
    {.id = 3, .name = {"quantity", 8}, .type = {.kind = COLUMN_BIGINT}},
    {.id = 4, .name = {"unit_price", 10}, .type = {.kind = COLUMN_DOUBLE}},
    {.id = 5, .name = {"amount", 6}, .type = {.kind = COLUMN_DOUBLE}},
};
static struct iceberg_field t_fields[] = {
    {.id = 1, .name = {"b", 1}, .type = {.kind = COLUMN_BOOLEAN}},
    {.id = 2, .name = {"i", 1}, .type = {.kind = COLUMN_INT}},
    {.id = 3, .name = {"l", 1}, .type = {.kind = COLUMN_BIGINT}},
    {.id = 4, .name = {"f", 1}, .type = {.kind = COLUMN_REAL}},
    {.id = 5, .name = {"d", 1}, .type = {.kind = COLUMN_DOUBLE}},
    {.id = 6, .name = {"n", 1}, .type = {.kind = COLUMN_DECIMAL, .precision = 10, .scale = 2}},
    {.id = 7, .name = {"m", 1}, .type = {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 4}},
    {.id = 8, .name = {"dt", 2}, .type = {.kind = COLUMN_DATE}},
    {.id = 9, .name = {"tm", 2}, .type = {.kind = COLUMN_TIME}},
    {.id = 10, .name = {"ts", 2}, .type = {.kind = COLUMN_TIMESTAMP}},
    {.id = 11, .name = {"tz", 2}, .type = {.kind = COLUMN_TIMESTAMPTZ}},
    {.id = 12, .name = {"x", 1}, .type = {.kind = COLUMN_TEXT}},
    {.id = 13, .name = {"u", 1}, .type = {.kind = COLUMN_UUID}},
    {.id = 14, .name = {"y", 1}, .type = {.kind = COLUMN_BINARY}},
    {.id = 15, .name = {"z", 1}, .type = {.kind = COLUMN_FIXED, .length_bytes = 4}},
};
static struct iceberg_field mixed_fields[] = {
    {.id = 1, .name = {"Day", 3}, .type = {.kind = COLUMN_DATE}},
    {.id = 2, .name = {"value", 5}, .type = {.kind = COLUMN_INT}},
    {.id = 3, .name = {"Value", 5}, .type = {.kind = COLUMN_INT}},
    {.id = 4, .name = {"TWIN", 4}, .type = {.kind = COLUMN_INT}},
    {.id = 5, .name = {"Twin", 4}, .type = {.kind = COLUMN_INT}},
    {.id = 6, .name = {"box", 3}, .nested = true},
};
static struct iceberg_field summary_fields[] = {
    {.id = 1, .name = {"day", 3}, .type = {.kind = COLUMN_DATE}},
    {.id = 2, .name = {"total", 5}, .type = {.kind = COLUMN_DOUBLE}},
    {.id = 3, .name = {"n", 1}, .type = {.kind = COLUMN_BIGINT}},
};
static struct plan_state summary_states[] = {{2, 2, 11, 12}};

#define SCHEMA(f)                                                                                  \
    {                                                                                              \
        .count = ARRAY_LEN(f), .fields = f                                                         \
    }
static struct fixture_table {
    const char *name;
    struct iceberg_schema schema;
    struct plan_state *states;
    size_t state_count;
} tables[] = {
    {"sales", SCHEMA(sales_fields), NULL, 0},
    {"t", SCHEMA(t_fields), NULL, 0},
    {"mixed", SCHEMA(mixed_fields), NULL, 0},
    {"summary", SCHEMA(summary_fields), summary_states, 1},
};

static status lookup_table(void *self, const struct query_table_name *name, struct arena *arena,
                           struct plan_table *out, struct error *err)
{
    (void)self;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        if (str_eq_z(name->table.text, tables[i].name)) {
            *out = (struct plan_table){.schema = &tables[i].schema,
                                       .states = tables[i].states,
                                       .state_count = tables[i].state_count};
            return arena_printf(arena, &out->name, err, "demo.%s", tables[i].name);
        }
    FAIL_SQL(err, ST_NOT_FOUND, "42P01", 0, "relation \"%.*s\" does not exist",
             STR_ARG(name->table.text));
}

static status lookup_files(void *self, bool csv, const struct str *patterns, size_t pattern_count,
                           const struct query_option *options, size_t option_count,
                           struct arena *arena, struct query_plan **out, struct error *err)
{
    struct fixture *f = self;
    struct str *text = &f->files_call;
    TRY(arena_printf(arena, text, err, "%s", csv ? "csv" : "parquet"));
    for (size_t i = 0; i < pattern_count; i++)
        TRY(arena_printf(arena, text, err, "%.*s %.*s", STR_ARG(*text), STR_ARG(patterns[i])));
    for (size_t i = 0; i < option_count; i++)
        TRY(arena_printf(arena, text, err, "%.*s %.*s=%.*s", STR_ARG(*text),
                         STR_ARG(options[i].name.text), STR_ARG(options[i].value)));
    static struct column_field fields[] = {{.name = {"a", 1}, .type = {.kind = COLUMN_BIGINT}},
                                           {.name = {"B", 1}, .type = {.kind = COLUMN_TEXT}}};
    static struct str names[] = {{"a", 1}, {"B", 1}};
    static struct str uris[] = {{"file", 4}};
    TRY(ARENA_NEW(arena, struct query_plan, out, err));
    (*out)->kind = QUERY_PLAN_FILES;
    (*out)->schema = (struct column_schema){ARRAY_LEN(fields), fields};
    (*out)->files.csv = csv;
    (*out)->files.count = 1;
    (*out)->files.uris = uris;
    (*out)->files.column_names = names;
    return ST_OK;
}

static status lookup_fold(void *self, const struct query_expr *e, struct arena *arena,
                          struct column_value *out, struct error *err)
{
    struct fixture *f = self;
    struct exec_context c = {.arena = &f->arena, .now_us = INT64_C(1736899200000000)};
    return exec_fold(e, &c, arena, out, err);
}

void fixture_init(struct fixture *f)
{
    *f = (struct fixture){0};
    arena_init(&f->arena, NULL);
    f->lookup = (struct plan_lookup){f, lookup_table, lookup_files, lookup_fold};
    f->context = (struct plan_context){.arena = &f->arena, .lookup = &f->lookup};
}

void fixture_free(struct fixture *f)
{
    arena_free(&f->arena);
}

status fixture_select(struct fixture *f, const char *sql, struct query_plan **out)
{
    struct query_statement **statements;
    size_t count;
    TRY(sql_parse(str_of(sql), &f->arena, &statements, &count, &f->err));
    ENSURE(count == 1 && statements[0]->select, &f->err);
    return plan_select(&f->context, statements[0]->select, out, &f->err);
}

/* ---- printing -------------------------------------------------------------------------------- */

struct str fixture_schema(struct fixture *f, const struct column_schema *s)
{
    struct error err;
    struct str out = STR("");
    for (size_t i = 0; i < s->count; i++) {
        char name[64];
        CHECK_OK(arena_printf(&f->arena, &out, &err, "%.*s%s%.*s %s", STR_ARG(out), i ? ", " : "",
                              STR_ARG(s->fields[i].name),
                              column_type_name(s->fields[i].type, name)));
    }
    return out;
}

static struct str column_names(struct fixture *f, const struct column_schema *s)
{
    struct error err;
    struct str out = STR("");
    for (size_t i = 0; i < s->count; i++)
        CHECK_OK(arena_printf(&f->arena, &out, &err, "%.*s%s%.*s", STR_ARG(out), i ? ", " : "",
                              STR_ARG(s->fields[i].name)));
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
    CHECK_OK(query_plan_text(p, &f->arena, &text, &err));
    for (size_t i = 0; i < text.len;) {
        while (i < text.len && text.ptr[i] == ' ')
            i++;
        const char *end = memchr(text.ptr + i, '\n', text.len - i);
        size_t n = end ? (size_t)(end - text.ptr) - i : text.len - i;
        struct str line = {text.ptr + i, n};
        bool scan = str_starts(line, STR("Scan ")) && end == text.ptr + text.len - 1;
        if (str_starts(line, STR("Scan ")))
            line.len = (size_t)((const char *)memchr(line.ptr, ':', n) - line.ptr);
        CHECK_OK(arena_printf(&f->arena, &out, &err, "%.*s%s%.*s", STR_ARG(out),
                              out.len ? " < " : "", STR_ARG(line)));
        if (scan)
            CHECK_OK(arena_printf(&f->arena, &out, &err, "%.*s(%.*s)", STR_ARG(out),
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

/* These tables have no snapshot, so nothing asks for their files. */
status iceberg_scan_plan(struct store *store, const struct iceberg_table *t,
                         const struct iceberg_snapshot *s, const struct iceberg_schema *schema,
                         const struct iceberg_pred *p, struct arena *arena,
                         struct mem_account *account, struct iceberg_scan *out, struct error *err)
{
    FAIL(err, ST_INTERNAL, "a table of the fixture was scanned");
}
