// SPDX-License-Identifier: Apache-2.0
/* summary_answer.c - what a gate's query asks of all raw rows, answered from the units' totals.
 *
 *     SELECT ... WHERE ((SELECT sum(total) FROM summary) = (SELECT sum(amount) FROM raw)) IS FALSE
 *                                                            |
 *                       AGGREGATE without keys over raw  ->  VALUES: one row, nothing is read
 *
 * Only where it means what the units added up: the covered snapshot, the SELECT's WHERE, and for each
 * result an argument and FILTER of one of its measures. Everything else stays a scan. */
#include "summary/summary_build_int.h"

struct answering {
    const struct summary_build *b; /* borrowed */
    struct query_plan *scan;       /* borrowed: the SELECT's, of raw */
    struct exec_totals *totals;    /* owned: of all units; NULL until something asks */
};

/* ---- what the SELECT has, too ------------------------------------------------------------------ */

/* A copy that counts columns as the SELECT's scan does; those that it does not read match none. */
static status renumber(const struct answering *a, const struct query_plan *scan,
                       const struct query_expr *e, struct query_expr **out, struct error *err)
{
    struct arena *arena = a->b->arena;
    *out = NULL;
    if (!e)
        return ST_OK;
    TRY(ARENA_NEW(arena, struct query_expr, out, err));
    **out = *e;
    if (e->kind == QUERY_COLUMN) {
        (*out)->column = -1;
        for (size_t i = 0; i < a->scan->schema.count; i++)
            if (a->scan->scan.field_ids[i] == scan->scan.field_ids[e->column])
                (*out)->column = (int)i;
    }
    TRY(ARENA_ARRAY(arena, struct query_expr *, e->arg_count + 1, &(*out)->args, err));
    for (size_t i = 0; i < e->arg_count; i++)
        TRY(renumber(a, scan, e->args[i], &(*out)->args[i], err));
    return ST_OK;
}

/* The scan under an aggregation, and the WHERE between; NULL: something else stands there. */
static const struct query_plan *scan_under(const struct query_plan *aggregate,
                                           const struct query_expr **where)
{
    const struct query_plan *p = aggregate->input;
    *where = NULL;
    if (p && p->kind == QUERY_PLAN_FILTER) {
        *where = p->filter.predicate;
        p = p->input;
    }
    return p && p->kind == QUERY_PLAN_SCAN ? p : NULL;
}

/* The rows that it reads are the ones that were covered. */
static status same_rows(const struct answering *a, const struct query_plan *aggregate, bool *out,
                        struct error *err)
{
    const struct query_expr *where, *own_where;
    struct query_expr *renumbered;
    const struct query_plan *scan = scan_under(aggregate, &where);
    *out = false;
    if (!scan || scan->scan.table != a->scan->scan.table ||
        scan->scan.snapshot != a->scan->scan.snapshot ||
        scan_under(a->b->aggregate, &own_where) != a->scan)
        return ST_OK;
    TRY(renumber(a, scan, where, &renumbered, err));
    *out = query_expr_eq(renumbered, own_where);
    return ST_OK;
}

/* The number of an argument among the SELECT's, or -1. */
static status find_arg(const struct answering *a, const struct query_plan *aggregate,
                       const struct query_agg_arg *arg, int *out, struct error *err)
{
    const struct query_plan *own = a->b->aggregate, *scan = summary_scan_of(aggregate->input);
    struct query_expr *value, *filter;
    *out = -1;
    if (arg->stored)
        return ST_OK;
    TRY(renumber(a, scan, arg->value, &value, err));
    TRY(renumber(a, scan, arg->filter, &filter, err));
    for (size_t i = 0; i < own->aggregate.arg_count && *out < 0; i++)
        if (query_expr_eq(own->aggregate.args[i].value, value) &&
            query_expr_eq(own->aggregate.args[i].filter, filter))
            *out = (int)i;
    return ST_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

static status total(struct answering *a, const struct query_agg_out *out,
                    struct column_value *value, bool *known, struct error *err)
{
    struct error told;
    if (!a->totals) {
        TRY(exec_totals_create(a->b->aggregate, a->b->exec->account, &a->totals, err));
        TRY(summary_units_total(a->b, a->totals, err));
    }
    status st = exec_totals_result(a->totals, out, a->b->arena, value, &told);
    *known = st == ST_OK;
    if (st == ST_OK || st == ST_UNSUPPORTED) /* an extreme: no total keeps it */
        return ST_OK;
    if (err)
        *err = told;
    return st;
}

static status put_row(struct query_plan *p, struct query_expr **row, struct arena *arena,
                      struct error *err)
{
    struct query_expr ***cells;
    TRY(ARENA_ARRAY(arena, struct query_expr **, 1, &cells, err));
    cells[0] = row;
    p->kind = QUERY_PLAN_VALUES;
    p->input = NULL;
    p->values.rows = 1;
    p->values.cells = cells;
    return ST_OK;
}

static status answer(struct answering *a, struct query_plan *p, struct error *err)
{
    struct arena *arena = a->b->arena;
    struct query_expr **row;
    bool known;
    TRY(same_rows(a, p, &known, err));
    TRY(ARENA_ARRAY(arena, struct query_expr *, p->aggregate.out_count + 1, &row, err));
    for (size_t i = 0; i < p->aggregate.out_count && known; i++) {
        struct query_agg_out out = p->aggregate.outs[i];
        struct query_expr *cell;
        TRY(find_arg(a, p, &p->aggregate.args[out.arg], &out.arg, err));
        TRY(ARENA_NEW(arena, struct query_expr, &cell, err));
        *cell = (struct query_expr){.kind = QUERY_CONST, .type = out.type};
        known = out.arg >= 0;
        if (known)
            TRY(total(a, &out, &cell->value, &known, err));
        row[i] = cell;
    }
    return known ? put_row(p, row, arena, err) : ST_OK;
}

/* ---- where a query may ask ------------------------------------------------------------------- */

static status answer_plan(struct answering *a, struct query_plan *p, struct error *err);

static status answer_expr(struct answering *a, struct query_expr *e, struct error *err)
{
    if (e->kind == QUERY_SUBQUERY)
        TRY(answer_plan(a, e->plan, err));
    for (size_t i = 0; i < e->arg_count; i++)
        TRY(answer_expr(a, e->args[i], err));
    return ST_OK;
}

static status answer_plan(struct answering *a, struct query_plan *p, struct error *err)
{
    for (; p; p = p->input) {
        if (p->kind == QUERY_PLAN_AGGREGATE && p->aggregate.grand_total)
            TRY(answer(a, p, err));
        if (p->kind == QUERY_PLAN_FILTER)
            TRY(answer_expr(a, p->filter.predicate, err));
        if (p->kind == QUERY_PLAN_PROJECT)
            for (size_t i = 0; i < p->schema.count; i++)
                TRY(answer_expr(a, p->project.values[i], err));
    }
    return ST_OK;
}

status summary_answer(const struct summary_build *b, struct query_plan *query, struct error *err)
{
    struct answering a = {.b = b, .scan = summary_scan_of(b->plan)};
    status st = answer_plan(&a, query, err);
    exec_totals_free(a.totals);
    return st;
}
