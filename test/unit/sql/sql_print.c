// SPDX-License-Identifier: Apache-2.0
/* sql_print.c - see sql_print.h. */
#include "unit/sql/sql_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 2, 3))) static void put(struct sql_print *p, const char *fmt, ...)
{
    char line[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (buffer_append(p->out, line, strlen(line), NULL) != ST_OK)
        abort();
}

static void put_name(struct sql_print *p, struct query_name n)
{
    put(p, n.quoted ? "\"%.*s\"" : "%.*s", STR_ARG(n.text));
}

static void put_names(struct sql_print *p, const struct query_name *names, size_t count,
                      const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        put(p, "%s", i ? separator : "");
        put_name(p, names[i]);
    }
}

static void put_table(struct sql_print *p, const struct query_table_name *t)
{
    if (t->catalog.text.len) {
        put_name(p, t->catalog);
        put(p, ".");
    }
    if (t->schema.text.len) {
        put_name(p, t->schema);
        put(p, ".");
    }
    put_name(p, t->table);
    if (p->positions)
        put(p, "@%lld", (long long)t->position);
}

static void put_args(struct sql_print *p, const struct query_ast *a)
{
    for (size_t i = 0; i < a->arg_count; i++) {
        put(p, "%s", i ? ", " : "");
        if (a->arg_names && a->arg_names[i].text.len) {
            put_name(p, a->arg_names[i]);
            put(p, " => ");
        }
        sql_print_expression(p, a->args[i]);
    }
}

static void put_list(struct sql_print *p, const char *head, const struct query_ast *a)
{
    put(p, "(%s", head);
    for (size_t i = 0; i < a->arg_count; i++) {
        put(p, " ");
        sql_print_expression(p, a->args[i]);
    }
    put(p, ")");
}

static void put_case(struct sql_print *p, const struct query_ast *a)
{
    put(p, "(case");
    if (a->subject) {
        put(p, " ");
        sql_print_expression(p, a->subject);
    }
    for (size_t i = 0; i < a->arg_count; i++) {
        put(p, i % 2 ? " then " : " when ");
        sql_print_expression(p, a->args[i]);
    }
    if (a->otherwise) {
        put(p, " else ");
        sql_print_expression(p, a->otherwise);
    }
    put(p, ")");
}

static void put_call(struct sql_print *p, const struct query_ast *a)
{
    put_names(p, a->names, a->name_count, ".");
    put(p, "(%s%s", a->distinct ? "distinct " : "", a->star ? "*" : "");
    put_args(p, a);
    put(p, ")");
    if (a->filter) {
        put(p, " filter ");
        sql_print_expression(p, a->filter);
    }
}

static void put_texted(struct sql_print *p, const struct query_ast *a)
{
    char head[64];
    snprintf(head, sizeof(head), "%.*s", STR_ARG(a->text));
    put_list(p, head, a);
}

void sql_print_expression(struct sql_print *p, const struct query_ast *a)
{
    char type[64];
    switch (a->kind) {
    case QUERY_AST_COLUMN:
        put_names(p, a->names, a->name_count, ".");
        break;
    case QUERY_AST_STAR:
        put_names(p, a->names, a->name_count, ".");
        put(p, "%s*", a->name_count ? "." : "");
        break;
    case QUERY_AST_NULL:
        put(p, "null");
        break;
    case QUERY_AST_BOOLEAN:
        put(p, a->boolean ? "true" : "false");
        break;
    case QUERY_AST_NUMBER:
    case QUERY_AST_CURRENT:
        put(p, "%.*s", STR_ARG(a->text));
        break;
    case QUERY_AST_STRING:
        put(p, "'%.*s'", STR_ARG(a->text));
        break;
    case QUERY_AST_OPERATOR:
    case QUERY_AST_BETWEEN:
    case QUERY_AST_LIKE:
        put_texted(p, a);
        break;
    case QUERY_AST_IS:
        put(p, "(is %.*s ", STR_ARG(a->text));
        sql_print_expression(p, a->args[0]);
        put(p, ")");
        break;
    case QUERY_AST_AND:
        put_list(p, "and", a);
        break;
    case QUERY_AST_OR:
        put_list(p, "or", a);
        break;
    case QUERY_AST_NOT:
        put_list(p, "not", a);
        break;
    case QUERY_AST_DISTINCT_FROM:
        put_list(p, "distinct from", a);
        break;
    case QUERY_AST_NOT_DISTINCT_FROM:
        put_list(p, "not distinct from", a);
        break;
    case QUERY_AST_IN:
        put_list(p, a->boolean ? "not in" : "in", a);
        break;
    case QUERY_AST_CASE:
        put_case(p, a);
        break;
    case QUERY_AST_CALL:
        put_call(p, a);
        break;
    case QUERY_AST_CAST:
        put(p, "(%s ", a->boolean ? "literal" : "cast");
        sql_print_expression(p, a->args[0]);
        put(p, " %s)", column_type_name(a->type, type));
        break;
    case QUERY_AST_SUBQUERY:
        put(p, "(");
        sql_print_select(p, a->select);
        put(p, ")");
        break;
    }
    if (p->positions)
        put(p, "@%lld", (long long)a->position);
}

static void put_from(struct sql_print *p, const struct query_from *f)
{
    switch (f->kind) {
    case QUERY_FROM_NONE:
        return;
    case QUERY_FROM_TABLE:
        put(p, " from ");
        put_table(p, &f->table);
        break;
    case QUERY_FROM_SELECT:
        put(p, " from (");
        sql_print_select(p, f->select);
        put(p, ")");
        break;
    case QUERY_FROM_CALL:
        put(p, " from ");
        sql_print_expression(p, f->call);
        break;
    case QUERY_FROM_VALUES:
        put(p, " from values/%zu", f->column_count);
        for (size_t i = 0; i < f->row_count; i++) {
            put(p, i ? ", (" : " (");
            for (size_t k = 0; k < f->column_count; k++) {
                put(p, k ? ", " : "");
                sql_print_expression(p, f->rows[i][k]);
            }
            put(p, ")");
        }
    }
    if (f->alias.text.len) {
        put(p, " as ");
        put_name(p, f->alias);
    }
    if (f->column_alias_count) {
        put(p, "(");
        put_names(p, f->column_aliases, f->column_alias_count, ", ");
        put(p, ")");
    }
}

static void put_clause(struct sql_print *p, const char *name, const struct query_ast *a)
{
    if (!a)
        return;
    put(p, " %s ", name);
    sql_print_expression(p, a);
}

void sql_print_select(struct sql_print *p, const struct query_select *q)
{
    put(p, "select%s", q->distinct ? " distinct" : "");
    for (size_t i = 0; i < q->target_count; i++) {
        put(p, i ? ", " : " ");
        sql_print_expression(p, q->targets[i].value);
        if (q->targets[i].alias.text.len) {
            put(p, " as ");
            put_name(p, q->targets[i].alias);
        }
    }
    put_from(p, &q->from);
    put_clause(p, "where", q->where);
    for (size_t i = 0; i < q->group_count; i++) {
        put(p, i ? ", " : " group ");
        sql_print_expression(p, q->groups[i]);
    }
    put_clause(p, "having", q->having);
    for (size_t i = 0; i < q->order_count; i++) {
        put(p, i ? ", " : " order ");
        sql_print_expression(p, q->orders[i].value);
        put(p, "%s%s", q->orders[i].descending ? " desc" : "",
            q->orders[i].nulls_first ? " nulls first" : "");
    }
    put_clause(p, "limit", q->limit);
    put_clause(p, "offset", q->offset);
}

static const char *const statement_names[] = {
    [QUERY_STMT_SELECT] = "SELECT",
    [QUERY_STMT_CREATE_SCHEMA] = "CREATE_SCHEMA",
    [QUERY_STMT_DROP_SCHEMA] = "DROP_SCHEMA",
    [QUERY_STMT_CREATE_TABLE] = "CREATE_TABLE",
    [QUERY_STMT_DROP_TABLE] = "DROP_TABLE",
    [QUERY_STMT_RENAME] = "RENAME",
    [QUERY_STMT_INSERT] = "INSERT",
    [QUERY_STMT_DELETE] = "DELETE",
    [QUERY_STMT_COPY_FROM] = "COPY_FROM",
    [QUERY_STMT_COPY_TO] = "COPY_TO",
    [QUERY_STMT_CREATE_MATVIEW] = "CREATE_MATVIEW",
    [QUERY_STMT_REFRESH] = "REFRESH",
    [QUERY_STMT_ADD_CONSTRAINT] = "ADD_CONSTRAINT",
    [QUERY_STMT_DROP_CONSTRAINT] = "DROP_CONSTRAINT",
    [QUERY_STMT_EXPLAIN] = "EXPLAIN",
    [QUERY_STMT_SHOW] = "SHOW",
    [QUERY_STMT_SET] = "SET",
    [QUERY_STMT_BEGIN] = "BEGIN",
    [QUERY_STMT_COMMIT] = "COMMIT",
    [QUERY_STMT_ROLLBACK] = "ROLLBACK",
    [QUERY_STMT_CALL] = "CALL",
};

static void put_columns(struct sql_print *p, const struct query_statement *q)
{
    char type[64];
    for (size_t i = 0; i < q->column_count; i++) {
        put(p, i ? ", " : " (");
        put_name(p, q->columns[i].name);
        put(p, " %s%s", column_type_name(q->columns[i].type, type),
            q->columns[i].not_null ? " not null" : "");
        if (p->positions)
            put(p, "@%lld", (long long)q->columns[i].position);
    }
    put(p, "%s", q->column_count ? ")" : "");
    if (q->column_name_count) {
        put(p, " (");
        put_names(p, q->column_names, q->column_name_count, ", ");
        put(p, ")");
    }
}

static void put_options(struct sql_print *p, const struct query_statement *q)
{
    for (size_t i = 0; i < q->option_count; i++) {
        put(p, i ? ", " : " with [");
        put_name(p, q->options[i].name);
        if (q->options[i].value.ptr)
            put(p, "=%.*s", STR_ARG(q->options[i].value));
        if (p->positions)
            put(p, "@%lld", (long long)q->options[i].position);
    }
    put(p, "%s", q->option_count ? "]" : "");
}

static void put_flag(struct sql_print *p, bool set, const char *name)
{
    put(p, "%s", set ? name : "");
}

void sql_print_statement(struct sql_print *p, const struct query_statement *q)
{
    put(p, "%s", statement_names[q->kind]);
    put_flag(p, q->or_replace, " or replace");
    put_flag(p, q->matview, " matview");
    put_flag(p, q->if_exists, " if exists");
    put_flag(p, q->if_not_exists, " if not exists");
    put_flag(p, q->cascade, " cascade");
    put_flag(p, q->purge, " purge");
    put_flag(p, q->analyze, " analyze");
    if (q->schema.text.len) {
        put(p, " schema ");
        put_names(p, &q->catalog, q->catalog.text.len ? 1 : 0, "");
        put(p, "%s", q->catalog.text.len ? "." : "");
        put_name(p, q->schema);
    }
    if (q->table.table.text.len && q->table_count == 0) {
        put(p, " ");
        put_table(p, &q->table);
    }
    for (size_t i = 0; i < q->table_count; i++) {
        put(p, i ? ", " : " ");
        put_table(p, &q->tables[i]);
    }
    if (q->alias.text.len) {
        put(p, " as ");
        put_name(p, q->alias);
    }
    if (q->new_name.text.len) {
        put(p, " to ");
        put_name(p, q->new_name);
    }
    put_columns(p, q);
    put_options(p, q);
    if (q->constraint.text.len) {
        put(p, " constraint ");
        put_name(p, q->constraint);
    }
    if (q->text.ptr)
        put(p, " text=%.*s", STR_ARG(q->text));
    if (q->value.ptr)
        put(p, " value=%.*s", STR_ARG(q->value));
    if (q->select_text.ptr)
        put(p, " text[%.*s]", STR_ARG(q->select_text));
    if (q->where_text.ptr)
        put(p, " check[%.*s]", STR_ARG(q->where_text));
    put_clause(p, "where", q->where);
    put_clause(p, "call", q->call);
    if (q->select) {
        put(p, " ");
        sql_print_select(p, q->select);
    }
    if (q->inner) {
        put(p, " ");
        sql_print_statement(p, q->inner);
    }
}
