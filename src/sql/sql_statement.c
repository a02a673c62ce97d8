// SPDX-License-Identifier: Apache-2.0
/* sql_statement.c - one statement's tree to struct query_statement: SELECT, INSERT, DELETE, COPY,
 * REFRESH, EXPLAIN here; definitions in sql_define.c; settings, transactions, CALL in
 * sql_utility.c. */
#include "sql/sql_int.h"

#include <stdio.h>

/* "UPDATE", "CREATE INDEX": the statement's first words, upper case. Behind words that open many
 * statements the next keyword belongs to the name. */
static void statement_title(const struct sql_source *s, char *out, size_t size)
{
    static const int openers[] = {
        PG_QUERY__TOKEN__CREATE,    PG_QUERY__TOKEN__ALTER,    PG_QUERY__TOKEN__DROP,
        PG_QUERY__TOKEN__SECURITY,  PG_QUERY__TOKEN__IMPORT_P, PG_QUERY__TOKEN__REASSIGN,
        PG_QUERY__TOKEN__DECLARE,   PG_QUERY__TOKEN__UNIQUE,   PG_QUERY__TOKEN__OR,
        PG_QUERY__TOKEN__REPLACE,   PG_QUERY__TOKEN__FOREIGN,  PG_QUERY__TOKEN__TEMP,
        PG_QUERY__TOKEN__TEMPORARY, PG_QUERY__TOKEN__EVENT};
    size_t len = 0;
    bool more = true;
    for (size_t i = s->first; more && i < s->last; i++) {
        if (s->tokens[i].keyword == PG_QUERY__KEYWORD_KIND__NO_KEYWORD)
            break;
        struct str word = sql_slice(s, i, i + 1);
        if (len + word.len + 2 > size)
            break;
        if (len)
            out[len++] = ' ';
        for (size_t k = 0; k < word.len; k++)
            out[len++] = (char)(word.ptr[k] - (word.ptr[k] >= 'a' && word.ptr[k] <= 'z' ? 32 : 0));
        more = false;
        for (size_t k = 0; k < ARRAY_LEN(openers); k++)
            more |= s->tokens[i].kind == openers[k];
    }
    out[len] = 0;
}

static status statement_insert(struct sql_source *s, const PgQuery__InsertStmt *p,
                               struct query_statement *q, struct error *err)
{
    int64_t position = sql_token_position(s, s->first);
    q->kind = QUERY_STMT_INSERT;
    if (p->with_clause)
        return sql_refuse(err, sql_position(s, p->with_clause->location), "WITH");
    if (p->on_conflict_clause)
        return sql_refuse(err, sql_position(s, p->on_conflict_clause->location), "ON CONFLICT");
    if (p->n_returning_list)
        return sql_refuse(err, sql_leftmost(s, p->returning_list[0]), "RETURNING");
    if (p->override > PG_QUERY__OVERRIDING_KIND__OVERRIDING_NOT_SET)
        return sql_refuse(err, position, "OVERRIDING");
    if (!p->select_stmt)
        return sql_refuse(err, position, "DEFAULT VALUES");
    TRY(sql_table(s, p->relation, &q->table, err));
    q->column_name_count = p->n_cols;
    TRY(sql_names(s, p->cols, p->n_cols, &q->column_names, err));
    ENSURE(p->select_stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT, err);
    return sql_select(s, p->select_stmt->select_stmt, sql_leftmost(s, p->select_stmt), &q->select,
                      err);
}

static status statement_delete(struct sql_source *s, const PgQuery__DeleteStmt *p,
                               struct query_statement *q, struct error *err)
{
    q->kind = QUERY_STMT_DELETE;
    if (p->with_clause)
        return sql_refuse(err, sql_position(s, p->with_clause->location), "WITH");
    if (p->n_using_clause)
        return sql_refuse(err, sql_leftmost(s, p->using_clause[0]), "DELETE ... USING");
    if (p->n_returning_list)
        return sql_refuse(err, sql_leftmost(s, p->returning_list[0]), "RETURNING");
    TRY(sql_table(s, p->relation, &q->table, err));
    if (p->relation->alias)
        TRY(sql_name(s, p->relation->alias->aliasname, &q->alias, err));
    return p->where_clause ? sql_expression(s, p->where_clause, &q->where, err) : ST_OK;
}

static status statement_copy(struct sql_source *s, const PgQuery__CopyStmt *p,
                             struct query_statement *q, struct error *err)
{
    int64_t position = sql_token_position(s, s->first);
    q->kind = p->is_from ? QUERY_STMT_COPY_FROM : QUERY_STMT_COPY_TO;
    if (p->is_program)
        return sql_refuse(err, position, "COPY with PROGRAM");
    if (p->where_clause)
        return sql_refuse(err, sql_leftmost(s, p->where_clause), "COPY ... WHERE");
    if (p->relation)
        TRY(sql_table(s, p->relation, &q->table, err));
    if (p->query) {
        if (p->query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
            return sql_refuse(err, sql_leftmost(s, p->query), "COPY of this statement");
        TRY(sql_select(s, p->query->select_stmt, sql_leftmost(s, p->query), &q->select, err));
    }
    q->column_name_count = p->n_attlist;
    TRY(sql_names(s, p->attlist, p->n_attlist, &q->column_names, err));
    q->option_count = p->n_options;
    TRY(sql_options(s, p->options, p->n_options, &q->options, err));
    if (p->filename && *p->filename)
        TRY(sql_text(s, p->filename, &q->value, err));
    return ST_OK;
}

static status statement_refresh(struct sql_source *s, const PgQuery__RefreshMatViewStmt *p,
                                struct query_statement *q, struct error *err)
{
    q->kind = QUERY_STMT_REFRESH; /* CONCURRENTLY: readers are never blocked anyway */
    TRY(sql_table(s, p->relation, &q->table, err));
    if (p->skip_data)
        return sql_refuse(err, q->table.position, "REFRESH ... WITH NO DATA");
    return ST_OK;
}

/* The first token behind EXPLAIN and its options: EXPLAIN (...) or EXPLAIN [ANALYZE] [VERBOSE].
 * Without options a parenthesis belongs to the SELECT. */
static size_t explain_inner_token(const struct sql_source *s, const PgQuery__ExplainStmt *p)
{
    size_t i = s->first + 1;
    if (p->n_options && i < s->last && s->tokens[i].kind == PG_QUERY__TOKEN__ASCII_40) {
        for (size_t depth = 0; i < s->last; i++) {
            depth += s->tokens[i].kind == PG_QUERY__TOKEN__ASCII_40;
            depth -= s->tokens[i].kind == PG_QUERY__TOKEN__ASCII_41;
            if (depth == 0)
                return i + 1;
        }
    }
    while (i < s->last && (s->tokens[i].kind == PG_QUERY__TOKEN__ANALYZE ||
                           s->tokens[i].kind == PG_QUERY__TOKEN__ANALYSE ||
                           s->tokens[i].kind == PG_QUERY__TOKEN__VERBOSE))
        i++;
    return i;
}

/* EXPLAIN's options decide nothing but ANALYZE, which may be switched off by a value. */
static status statement_explain(struct sql_source *s, const PgQuery__ExplainStmt *p,
                                struct query_statement *q, struct error *err)
{
    q->kind = QUERY_STMT_EXPLAIN;
    q->option_count = p->n_options;
    TRY(sql_options(s, p->options, p->n_options, &q->options, err));
    for (size_t i = 0; i < q->option_count; i++) {
        struct str v = q->options[i].value;
        if (str_eq_z(q->options[i].name.text, "analyze"))
            q->analyze = !v.ptr || !(str_eq_nocase(v, STR("false")) ||
                                     str_eq_nocase(v, STR("off")) || str_eq_z(v, "0"));
    }
    s->first = explain_inner_token(s, p); /* the inner statement's tokens are its own */
    return sql_statement(s, p->query, &q->inner, err);
}

static status statement_convert(struct sql_source *s, const PgQuery__Node *node,
                                struct query_statement *q, struct error *err)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        q->kind = QUERY_STMT_SELECT;
        return sql_select(s, node->select_stmt, sql_leftmost(s, node), &q->select, err);
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        return statement_insert(s, node->insert_stmt, q, err);
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        return statement_delete(s, node->delete_stmt, q, err);
    case PG_QUERY__NODE__NODE_COPY_STMT:
        return statement_copy(s, node->copy_stmt, q, err);
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        return statement_refresh(s, node->refresh_mat_view_stmt, q, err);
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        return statement_explain(s, node->explain_stmt, q, err);
    default:
        break;
    }
    bool known = false;
    TRY(sql_define(s, node, q, &known, err));
    if (!known)
        TRY(sql_utility(s, node, q, &known, err));
    if (!known) {
        char title[64];
        statement_title(s, title, sizeof(title));
        return sql_refuse(err, sql_token_position(s, s->first), "%s", title);
    }
    return ST_OK;
}

status sql_statement(struct sql_source *s, const PgQuery__Node *node, struct query_statement **out,
                     struct error *err)
{
    ENSURE(node, err);
    TRY(ARENA_NEW(s->arena, struct query_statement, out, err));
    TRY(arena_str(s->arena, sql_slice(s, s->first, s->last), &(*out)->source, err));
    return statement_convert(s, node, *out, err);
}
