// SPDX-License-Identifier: Apache-2.0
/* sql_select.c - SELECT and VALUES to struct query_select: one source, no joins, no set operations.
 */
#include "sql/sql_int.h"

static status select_refuse(struct sql_source *s, const PgQuery__SelectStmt *p, int64_t position,
                            struct error *err)
{
    if (p->with_clause)
        return sql_refuse(err, sql_position(s, p->with_clause->location), "WITH");
    if (p->op != PG_QUERY__SET_OPERATION__SETOP_NONE) {
        const char *name = p->op == PG_QUERY__SET_OPERATION__SETOP_UNION       ? "UNION"
                           : p->op == PG_QUERY__SET_OPERATION__SETOP_INTERSECT ? "INTERSECT"
                                                                               : "EXCEPT";
        return sql_refuse(err,
                          sql_position_before(s, sql_leftmost(s, p->rarg), PG_QUERY__TOKEN__UNION,
                                              PG_QUERY__TOKEN__INTERSECT, PG_QUERY__TOKEN__EXCEPT),
                          "%s", name);
    }
    if (p->into_clause)
        return sql_refuse(err, sql_leftmost(s, p->into_clause), "SELECT INTO");
    if (p->n_locking_clause)
        return sql_refuse(err, position, "FOR UPDATE or FOR SHARE");
    if (p->n_window_clause)
        return sql_refuse(err, sql_leftmost(s, p->window_clause[0]), "WINDOW");
    if (p->group_distinct)
        return sql_refuse(err, sql_leftmost(s, p->group_clause[0]), "GROUP BY DISTINCT");
    if (p->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
        return sql_refuse(err, sql_leftmost(s, p->limit_count), "WITH TIES");
    /* Plain DISTINCT is a list of one node without content. */
    if (p->n_distinct_clause && p->distinct_clause[0]->node_case != PG_QUERY__NODE__NODE__NOT_SET)
        return sql_refuse(err, sql_leftmost(s, p->distinct_clause[0]), "DISTINCT ON");
    return ST_OK;
}

/* ---- FROM ------------------------------------------------------------------------------------ */

static status from_alias(struct sql_source *s, const PgQuery__Alias *alias, struct query_from *from,
                         struct error *err)
{
    if (!alias)
        return ST_OK;
    TRY(sql_name(s, alias->aliasname, &from->alias, err));
    from->column_alias_count = alias->n_colnames;
    return sql_names(s, alias->colnames, alias->n_colnames, &from->column_aliases, err);
}

static status from_values(struct sql_source *s, const PgQuery__SelectStmt *p,
                          struct query_from *from, struct error *err)
{
    from->kind = QUERY_FROM_VALUES;
    from->row_count = p->n_values_lists;
    TRY(ARENA_ARRAY(s->arena, struct query_ast **, from->row_count, &from->rows, err));
    for (size_t i = 0; i < from->row_count; i++) {
        ENSURE(p->values_lists[i]->node_case == PG_QUERY__NODE__NODE_LIST, err);
        const PgQuery__List *row = p->values_lists[i]->list;
        if (i == 0)
            from->column_count = row->n_items;
        if (row->n_items != from->column_count)
            FAIL_SQL(err, ST_INVALID, "42601", sql_leftmost(s, row),
                     "VALUES lists must all be the same length");
        TRY(ARENA_ARRAY(s->arena, struct query_ast *, row->n_items, &from->rows[i], err));
        TRY(sql_expressions(s, row->items, row->n_items, from->rows[i], err));
    }
    return ST_OK;
}

static status from_subselect(struct sql_source *s, const PgQuery__RangeSubselect *r,
                             struct query_from *from, struct error *err)
{
    int64_t position = sql_leftmost(s, r->subquery);
    if (r->lateral)
        return sql_refuse(err, position, "LATERAL");
    ENSURE(r->subquery && r->subquery->node_case == PG_QUERY__NODE__NODE_SELECT_STMT, err);
    const PgQuery__SelectStmt *p = r->subquery->select_stmt;
    TRY(from_alias(s, r->alias, from, err));
    if (p->n_values_lists && !p->n_sort_clause && !p->limit_count && !p->limit_offset) {
        TRY(select_refuse(s, p, position, err));
        return from_values(s, p, from, err);
    }
    from->kind = QUERY_FROM_SELECT;
    return sql_select(s, p, position, &from->select, err);
}

/* functions: one list of {call, column definitions} for each function of ROWS FROM. */
static status from_function(struct sql_source *s, const PgQuery__RangeFunction *r,
                            struct query_from *from, struct error *err)
{
    int64_t position = sql_leftmost(s, r);
    if (r->lateral)
        return sql_refuse(err, position, "LATERAL");
    if (r->ordinality)
        return sql_refuse(err, position, "WITH ORDINALITY");
    if (r->is_rowsfrom || r->n_functions != 1)
        return sql_refuse(err, position, "ROWS FROM");
    if (r->n_coldeflist)
        return sql_refuse(err, sql_leftmost(s, r->coldeflist[0]), "a column definition list");
    ENSURE(r->functions[0]->node_case == PG_QUERY__NODE__NODE_LIST &&
               r->functions[0]->list->n_items > 0,
           err);
    const PgQuery__Node *call = r->functions[0]->list->items[0];
    if (call->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return sql_refuse(err, position, "this expression in FROM");
    from->kind = QUERY_FROM_CALL;
    TRY(from_alias(s, r->alias, from, err));
    return sql_call(s, call->func_call, &from->call, err);
}

static status from_refuse_join(struct sql_source *s, const PgQuery__JoinExpr *j, struct error *err)
{
    int64_t at = sql_position_before(s, sql_leftmost(s, j->rarg), PG_QUERY__TOKEN__JOIN,
                                     PG_QUERY__TOKEN__JOIN, PG_QUERY__TOKEN__JOIN);
    return sql_refuse(err, at, "JOIN");
}

static status select_from(struct sql_source *s, const PgQuery__SelectStmt *p,
                          struct query_from *from, struct error *err)
{
    if (p->n_from_clause == 0)
        return ST_OK; /* QUERY_FROM_NONE */
    if (p->n_from_clause > 1)
        return sql_refuse(err, sql_leftmost(s, p->from_clause[1]),
                          "a join (several tables in FROM)");
    const PgQuery__Node *node = p->from_clause[0];
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_RANGE_VAR:
        from->kind = QUERY_FROM_TABLE;
        TRY(from_alias(s, node->range_var->alias, from, err));
        return sql_table(s, node->range_var, &from->table, err);
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return from_subselect(s, node->range_subselect, from, err);
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        return from_function(s, node->range_function, from, err);
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
        return from_refuse_join(s, node->join_expr, err);
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        return sql_refuse(err, sql_leftmost(s, node), "TABLESAMPLE");
    default:
        return sql_refuse(err, sql_leftmost(s, node), "this kind of source in FROM");
    }
}

/* ---- the rest -------------------------------------------------------------------------------- */

static status select_targets(struct sql_source *s, const PgQuery__SelectStmt *p, int64_t position,
                             struct query_select *q, struct error *err)
{
    if (p->n_target_list == 0)
        return sql_refuse(err, position, "SELECT without columns");
    q->target_count = p->n_target_list;
    TRY(ARENA_ARRAY(s->arena, struct query_target, q->target_count, &q->targets, err));
    for (size_t i = 0; i < q->target_count; i++) {
        ENSURE(p->target_list[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET, err);
        const PgQuery__ResTarget *t = p->target_list[i]->res_target;
        TRY(sql_name(s, t->name, &q->targets[i].alias, err));
        TRY(sql_expression(s, t->val, &q->targets[i].value, err));
    }
    return ST_OK;
}

/* VALUES (...), (...) reads as SELECT * FROM (VALUES ...). */
static status select_values(struct sql_source *s, const PgQuery__SelectStmt *p, int64_t position,
                            struct query_select *q, struct error *err)
{
    q->target_count = 1;
    TRY(ARENA_NEW(s->arena, struct query_target, &q->targets, err));
    TRY(sql_ast(s, QUERY_AST_STAR, position, 0, &q->targets[0].value, err));
    return from_values(s, p, &q->from, err);
}

static status select_orders(struct sql_source *s, const PgQuery__SelectStmt *p,
                            struct query_select *q, struct error *err)
{
    q->order_count = p->n_sort_clause;
    TRY(ARENA_ARRAY(s->arena, struct query_order, q->order_count + 1, &q->orders, err));
    for (size_t i = 0; i < q->order_count; i++) {
        ENSURE(p->sort_clause[i]->node_case == PG_QUERY__NODE__NODE_SORT_BY, err);
        const PgQuery__SortBy *b = p->sort_clause[i]->sort_by;
        struct query_order *o = &q->orders[i];
        if (b->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING)
            return sql_refuse(err, sql_leftmost(s, b), "ORDER BY ... USING");
        o->descending = b->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
        o->nulls_first = b->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT
                             ? o->descending
                             : b->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST;
        TRY(sql_expression(s, b->node, &o->value, err));
    }
    return ST_OK;
}

/* LIMIT ALL is a NULL constant: no limit. */
static status select_limit(struct sql_source *s, const PgQuery__Node *node, struct query_ast **out,
                           struct error *err)
{
    if (!node || (node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull))
        return ST_OK;
    return sql_expression(s, node, out, err);
}

status sql_select(struct sql_source *s, const PgQuery__SelectStmt *p, int64_t position,
                  struct query_select **out, struct error *err)
{
    TRY(select_refuse(s, p, position, err));
    TRY(ARENA_NEW(s->arena, struct query_select, out, err));
    struct query_select *q = *out;
    q->position = position;
    q->distinct = p->n_distinct_clause > 0;
    if (p->n_values_lists) {
        TRY(select_values(s, p, position, q, err));
    } else {
        TRY(select_targets(s, p, position, q, err));
        TRY(select_from(s, p, &q->from, err));
    }
    if (p->where_clause)
        TRY(sql_expression(s, p->where_clause, &q->where, err));
    q->group_count = p->n_group_clause;
    TRY(ARENA_ARRAY(s->arena, struct query_ast *, q->group_count + 1, &q->groups, err));
    TRY(sql_expressions(s, p->group_clause, p->n_group_clause, q->groups, err));
    if (p->having_clause)
        TRY(sql_expression(s, p->having_clause, &q->having, err));
    TRY(select_orders(s, p, q, err));
    TRY(select_limit(s, p->limit_count, &q->limit, err));
    return select_limit(s, p->limit_offset, &q->offset, err);
}
