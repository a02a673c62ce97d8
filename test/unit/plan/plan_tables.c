// SPDX-License-Identifier: Apache-2.0
/* plan_tables.c - the tables of plan_fixture.h and the lookup over them; without the test harness,
 * so that fuzz_plan links it too. */
#include "plan_tables.h"

#include "exec/exec.h"

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
static struct column_node crate_parts[] = {
    {.name = {"odd", 3}, .field_id = 8},
    {.name = {"in", 2}, .field_id = 9, .kind = COLUMN_NODE_STRUCT},
};
static struct column_node crate = {.name = {"crate", 5},
                                   .field_id = 7,
                                   .kind = COLUMN_NODE_STRUCT,
                                   .count = ARRAY_LEN(crate_parts),
                                   .children = crate_parts};
static struct iceberg_field mixed_fields[] = {
    {.id = 1, .name = {"Day", 3}, .type = {.kind = COLUMN_DATE}},
    {.id = 2, .name = {"value", 5}, .type = {.kind = COLUMN_INT}},
    {.id = 3, .name = {"Value", 5}, .type = {.kind = COLUMN_INT}},
    {.id = 4, .name = {"TWIN", 4}, .type = {.kind = COLUMN_INT}},
    {.id = 5, .name = {"Twin", 4}, .type = {.kind = COLUMN_INT}},
    {.id = 6, .name = {"box", 3}, .nested = true},
    {.id = 7, .name = {"crate", 5}, .nested = true, .node = &crate},
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
    struct plan_tables *t = self;
    struct str *text = &t->files_call;
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
    (*out)->files.options.header = true;
    (*out)->files.count = 1;
    (*out)->files.uris = uris;
    (*out)->files.column_names = names;
    return ST_OK;
}

static status lookup_fold(void *self, const struct query_expr *e, struct arena *arena,
                          struct column_value *out, struct error *err)
{
    struct plan_tables *t = self;
    struct exec_context c = {.arena = &t->arena, .now_us = INT64_C(1736899200000000)};
    return exec_fold(e, &c, arena, out, err);
}

void plan_tables_init(struct plan_tables *t, struct mem_account *account)
{
    *t = (struct plan_tables){0};
    arena_init(&t->arena, account);
    t->lookup = (struct plan_lookup){t, lookup_table, lookup_files, lookup_fold};
    t->context = (struct plan_context){.arena = &t->arena, .lookup = &t->lookup};
}
