// SPDX-License-Identifier: Apache-2.0
/* fuzz_plan.c - any SQL text over the tables of the unit tests.
 *
 * Beyond not crashing: an error has a message, a position inside the text and is not an internal
 * one; a plan is well formed (plan_check.h), and prints. */
#include "plan_check.h"
#include "plan_tables.h"
#include "sql/sql.h"

#define MEMORY_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void check_error(const struct error *err, struct str text)
{
    require(err->msg[0] && err->code != ST_INTERNAL);
    require(err->position >= 0 && err->position <= (int64_t)text.len + 1);
}

static void check_select(struct plan_tables *t, const struct query_select *s, struct str text)
{
    struct query_plan *p;
    struct error err;
    struct str printed;
    error_init(&err);
    if (plan_select(&t->context, s, &p, &err) != ST_OK) {
        check_error(&err, text);
        return;
    }
    require(!plan_check(p));
    status st = query_plan_text(p, &t->arena, &printed, &err);
    require(st == ST_OK || st == ST_LIMIT || st == ST_OOM);
}

/* INSERT and DELETE: the select and the condition against one table's columns. */
static void check_change(struct plan_tables *t, const struct query_statement *s, struct str text)
{
    struct query_table_name name = {.table = {STR("t"), false}};
    struct plan_table table;
    struct column_schema columns;
    struct query_plan *p;
    struct query_expr *e = NULL;
    struct error err;
    error_init(&err);
    require(t->lookup.table(t, &name, &t->arena, &table, &err) == ST_OK);
    if (iceberg_schema_columns(table.schema, &t->arena, &columns, &err) != ST_OK)
        return;
    if (s->kind == QUERY_STMT_INSERT && s->select) {
        if (plan_insert(&t->context, s->select, &columns, s->column_names, s->column_name_count, &p,
                        &err) == ST_OK)
            require(!plan_check(p) && p->schema.count == columns.count);
        else
            check_error(&err, text);
    }
    if (s->kind != QUERY_STMT_DELETE || !s->where)
        return;
    if (plan_expression(&t->context, s->where, &columns, STR("t"), column_type_of(COLUMN_BOOLEAN),
                        &e, &err) != ST_OK)
        check_error(&err, text);
    else if (plan_scan(&t->context, &table, e, false, &p, &err) == ST_OK)
        require(!plan_check(p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct plan_tables t;
    struct query_statement **all;
    struct str text = {(const char *)data, size};
    size_t count;
    mem_account_init(&account, "fuzz", NULL, MEMORY_MAX);
    plan_tables_init(&t, &account);
    if (sql_parse(text, &t.arena, &all, &count, NULL) == ST_OK)
        for (size_t i = 0; i < count; i++) {
            if (all[i]->select)
                check_select(&t, all[i]->select, text);
            check_change(&t, all[i], text);
        }
    arena_free(&t.arena);
    require(account.used_bytes == 0);
    return 0;
}
