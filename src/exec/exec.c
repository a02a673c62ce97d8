// SPDX-License-Identifier: Apache-2.0
/* exec.c - turns a plan into a chain of streams.
 *
 *     exec_open:  1. run every scalar subquery inside the plan and put its value in its place
 *                 2. open the source at the bottom, then each operator over its input
 *
 * A scalar subquery is not correlated (plan refuses those), so its value is a constant of the
 * statement. A plan is opened once: step 1 changes it. */
#include "exec/exec_int.h"

static status run_subqueries(struct query_plan *p, const struct exec_context *c, struct error *err);

static status subquery_value(struct query_expr *e, const struct exec_context *c, struct error *err)
{
    struct column_stream rows;
    struct column_batch batch;
    struct column_value value = {.type = e->type, .null = true};
    int64_t seen = 0;
    TRY(exec_open(e->plan, c, &rows, err));
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0) {
        if (seen == 0) {
            struct column_value first;
            column_span_value(&batch.spans[0], e->type, 0, &first);
            st = column_value_copy(c->arena, &first, &value, err);
        }
        seen += batch.rows;
        if (st == ST_OK && seen > 1) {
            st = error_set(err, ST_INVALID, __FILE__, __LINE__,
                           "more than one row returned by a subquery used as an expression");
            error_sqlstate(err, "21000");
            error_position(err, e->position);
        }
        if (st != ST_OK)
            break;
    }
    rows.close(rows.self);
    TRY(st);
    *e = (struct query_expr){
        .kind = QUERY_CONST, .type = e->type, .position = e->position, .value = value};
    return ST_OK;
}

static status run_in_expr(struct query_expr *e, const struct exec_context *c, struct error *err)
{
    if (!e)
        return ST_OK;
    if (e->kind == QUERY_SUBQUERY)
        return subquery_value(e, c, err);
    for (size_t i = 0; i < e->arg_count; i++)
        TRY(run_in_expr(e->args[i], c, err));
    return ST_OK;
}

static status run_in_aggregate(struct query_plan *p, const struct exec_context *c,
                               struct error *err)
{
    for (size_t i = 0; i < p->aggregate.key_count; i++)
        TRY(run_in_expr(p->aggregate.keys[i], c, err));
    for (size_t i = 0; i < p->aggregate.arg_count; i++) {
        TRY(run_in_expr(p->aggregate.args[i].value, c, err));
        TRY(run_in_expr(p->aggregate.args[i].filter, c, err));
    }
    return ST_OK;
}

static status run_subqueries(struct query_plan *p, const struct exec_context *c, struct error *err)
{
    switch (p->kind) {
    case QUERY_PLAN_VALUES:
        for (int64_t r = 0; r < p->values.rows; r++)
            for (size_t i = 0; i < p->schema.count; i++)
                TRY(run_in_expr(p->values.cells[r][i], c, err));
        return ST_OK;
    case QUERY_PLAN_FILTER:
        return run_in_expr(p->filter.predicate, c, err);
    case QUERY_PLAN_PROJECT:
        for (size_t i = 0; i < p->schema.count; i++)
            TRY(run_in_expr(p->project.values[i], c, err));
        return ST_OK;
    case QUERY_PLAN_AGGREGATE:
        return run_in_aggregate(p, c, err);
    case QUERY_PLAN_SORT:
        for (size_t i = 0; i < p->sort.count; i++)
            TRY(run_in_expr(p->sort.keys[i].value, c, err));
        return ST_OK;
    case QUERY_PLAN_SCAN:
    case QUERY_PLAN_FILES:
    case QUERY_PLAN_SAMPLE:
    case QUERY_PLAN_LIMIT:
    case QUERY_PLAN_HELD:
    case QUERY_PLAN_MERGE:
        return ST_OK;
    }
    return ST_OK;
}

static status open_source(struct query_plan *p, const struct exec_context *c,
                          struct column_stream *out, struct error *err)
{
    switch (p->kind) {
    case QUERY_PLAN_SCAN:
        return exec_scan_open(p, c, out, err);
    case QUERY_PLAN_FILES:
        return exec_files_open(p, c, out, err);
    case QUERY_PLAN_VALUES:
        return exec_values_open(p, c, out, err);
    case QUERY_PLAN_SAMPLE:
        return exec_sample_open(p, c, out, err);
    case QUERY_PLAN_HELD:
        return exec_held_open(p, c, out, err);
    default:
        FAIL(err, ST_INTERNAL, "plan node %d has no input", (int)p->kind);
    }
}

static status open_operator(struct query_plan *p, struct column_stream *input,
                            const struct exec_context *c, struct column_stream *out,
                            struct error *err)
{
    switch (p->kind) {
    case QUERY_PLAN_FILTER:
        return exec_filter_open(p, input, c, out, err);
    case QUERY_PLAN_PROJECT:
        return exec_project_open(p, input, c, out, err);
    case QUERY_PLAN_AGGREGATE:
        return exec_aggregate_open(p, input, c, out, err);
    case QUERY_PLAN_SORT:
        return exec_sort_open(p, input, c, out, err);
    case QUERY_PLAN_LIMIT:
        return exec_limit_open(p, input, c, out, err);
    default:
        input->close(input->self);
        FAIL(err, ST_INTERNAL, "plan node %d takes no input", (int)p->kind);
    }
}

status exec_open(struct query_plan *plan, const struct exec_context *c, struct column_stream *out,
                 struct error *err)
{
    *out = (struct column_stream){0};
    TRY(run_subqueries(plan, c, err));
    if (plan->kind == QUERY_PLAN_MERGE)
        return exec_merge_open(plan, c, out, err);
    if (!plan->input)
        return open_source(plan, c, out, err);
    struct column_stream input;
    TRY(exec_open(plan->input, c, &input, err));
    return open_operator(plan, &input, c, out, err);
}

static struct expr_context expr_context_of(const struct exec_context *c)
{
    return (struct expr_context){c->account, c->arena, c->zone, c->now_us};
}

status exec_compile(const struct query_expr *e, const struct exec_context *c, struct expr **out,
                    struct error *err)
{
    struct expr_context x = expr_context_of(c);
    return expr_compile(e, &x, out, err);
}

status exec_fold(const struct query_expr *e, const struct exec_context *c, struct arena *arena,
                 struct column_value *out, struct error *err)
{
    struct expr_context x = expr_context_of(c);
    return expr_fold(e, &x, arena, out, err);
}

status exec_check_cancel(const struct exec_context *c, struct error *err)
{
    if (c->cancel && atomic_load_explicit(c->cancel, memory_order_relaxed))
        FAIL(err, ST_CANCELLED, "cancelled on request");
    return ST_OK;
}
