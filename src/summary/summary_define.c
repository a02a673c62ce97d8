// SPDX-License-Identifier: Apache-2.0
/* summary_define.c - what a SELECT must look like to be a summary, and which states it needs.
 *
 *     PROJECT (columns only)          visible columns: keys and measures
 *       AGGREGATE                     keys, (argument, FILTER) pairs, outputs
 *         [FILTER]                    WHERE
 *           SCAN                      one Iceberg table
 *
 * States, once per (argument, FILTER), so that every measure merges exactly
 * (docs/internals/exact-sums.md):
 *
 *     the group's row count, unless a plain count(*) is visible
 *     missing              for each argument with a value: group rows minus values counted
 *     s1, rest, more       sum, avg, var, stddev of real and double; s1 only if no sum is visible
 *     sum                  avg, var, stddev of integers and decimals, if no sum is visible
 *     squares              var, stddev */
#include "summary/summary.h"

#include <stdio.h>

/* ---- what a definition may not contain ------------------------------------------------------- */

static status refuse(const char *what, int64_t position, struct error *err)
{
    FAIL_SQL(err, ST_UNSUPPORTED, "0A000", position,
             "%s cannot stand in a materialized view's definition", what);
}

static bool letters_mean_clock(const struct query_function_row *f)
{
    return (f->flags & FN_STABLE) && f->args[0] == 0;
}

/* By name: every overload must be exact and not read the clock. A function that depends on the
 * session's time zone may stand: the zone is bound with the definition. */
static status check_call(const struct query_ast *a, struct error *err)
{
    char what[160];
    if (str_eq(a->text, STR("age")) && a->arg_count == 1)
        return refuse("age of one argument, which counts from today,", a->position, err);
    for (size_t i = 0; i < QUERY_FN_COUNT; i++) {
        const struct query_function_row *f = &query_functions[i];
        if (!str_eq_z(a->text, f->name))
            continue;
        if (!(f->flags & (FN_INEXACT | FN_VOLATILE)) && !letters_mean_clock(f))
            continue;
        snprintf(what, sizeof(what), "function %s, whose result %s,", f->name,
                 f->flags & FN_INEXACT ? "is not correctly rounded or depends on the locale"
                                       : "changes between runs");
        return refuse(what, a->position, err);
    }
    return ST_OK;
}

static status check_ast(const struct query_ast *a, struct error *err)
{
    if (!a)
        return ST_OK;
    if (a->kind == QUERY_AST_CURRENT)
        return refuse("the current date or time", a->position, err);
    if (a->kind == QUERY_AST_SUBQUERY)
        return refuse("a subquery", a->position, err);
    if (a->kind == QUERY_AST_LIKE && a->text.len > 4 && str_ends(a->text, STR("ilike")))
        return refuse("ILIKE, whose result depends on the locale,", a->position, err);
    if (a->kind == QUERY_AST_OPERATOR && str_eq(a->text, STR("^")))
        return refuse("operator ^, whose result is not correctly rounded,", a->position, err);
    if (a->kind == QUERY_AST_CALL)
        TRY(check_call(a, err));
    for (size_t i = 0; i < a->arg_count; i++)
        TRY(check_ast(a->args[i], err));
    TRY(check_ast(a->filter, err));
    TRY(check_ast(a->subject, err));
    return check_ast(a->otherwise, err);
}

status summary_check_select(const struct query_select *s, struct error *err)
{
    if (s->distinct)
        return refuse("DISTINCT", s->position, err);
    if (s->having)
        return refuse("HAVING", s->having->position, err);
    if (s->order_count > 0)
        return refuse("ORDER BY", s->orders[0].value->position, err);
    if (s->limit)
        return refuse("LIMIT", s->limit->position, err);
    if (s->offset)
        return refuse("OFFSET", s->offset->position, err);
    if (s->from.kind != QUERY_FROM_TABLE)
        return refuse("a source other than one table", s->position, err);
    if (s->group_count == 0)
        return refuse("a SELECT without GROUP BY", s->position, err);
    for (size_t i = 0; i < s->target_count; i++)
        TRY(check_ast(s->targets[i].value, err));
    for (size_t i = 0; i < s->group_count; i++)
        TRY(check_ast(s->groups[i], err));
    return check_ast(s->where, err);
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool measure_allowed(enum query_agg agg)
{
    return agg != QUERY_AGG_COUNT_DISTINCT && agg != QUERY_AGG_ANY_VALUE;
}

static status define_column(const struct query_plan *project, const struct query_plan *agg,
                            size_t i, struct arena *arena, struct summary_column *out,
                            struct error *err)
{
    const struct query_expr *value = project->project.values[i];
    char what[96];
    *out = (struct summary_column){.type = value->type, .arg = -1};
    TRY(arena_str(arena, project->schema.fields[i].name, &out->name, err));
    if (out->type.kind == COLUMN_SMALLINT)
        out->type = column_type_of(COLUMN_INT);
    if (value->kind != QUERY_COLUMN)
        return refuse("an expression over aggregates or keys", value->position, err);
    if (out->type.kind == COLUMN_INTERVAL || out->type.kind == COLUMN_UNKNOWN)
        return refuse("a column of a type that Iceberg cannot store", value->position, err);
    for (size_t k = 0; k < i; k++)
        if (str_eq_nocase(project->schema.fields[k].name, out->name))
            FAIL_SQL(err, ST_INVALID, "42701", value->position,
                     "column \"%.*s\" specified more than once", STR_ARG(out->name));
    if ((size_t)value->column < agg->aggregate.key_count) {
        out->kind = SUMMARY_KEY;
        return ST_OK;
    }
    const struct query_agg_out *o =
        &agg->aggregate.outs[(size_t)value->column - agg->aggregate.key_count];
    out->kind = SUMMARY_MEASURE;
    out->agg = o->kind;
    out->arg = o->arg;
    if (agg->aggregate.args[o->arg].stored)
        return refuse("a sum over another view's measure, which its raw table gives exactly,",
                      value->position, err);
    if (measure_allowed(o->kind))
        return ST_OK;
    snprintf(what, sizeof(what), "aggregate %s",
             o->kind == QUERY_AGG_COUNT_DISTINCT ? "count(DISTINCT)" : query_agg_name(o->kind));
    return refuse(what, value->position, err);
}

static status check_keys(const struct query_plan *project, const struct query_plan *agg,
                         struct error *err)
{
    for (size_t k = 0; k < agg->aggregate.key_count; k++) {
        bool shown = false;
        for (size_t i = 0; i < project->schema.count; i++)
            shown |= project->project.values[i]->kind == QUERY_COLUMN &&
                     (size_t)project->project.values[i]->column == k;
        if (!shown)
            return refuse("a GROUP BY key that is not in the SELECT list",
                          agg->aggregate.keys[k]->position, err);
    }
    return ST_OK;
}

/* ---- states ---------------------------------------------------------------------------------- */

struct arg_use {
    bool sum, avg, squares; /* visible measures over the argument */
};

static struct arg_use uses_of(const struct summary_definition *d, int arg)
{
    struct arg_use u = {0};
    for (size_t i = 0; i < d->column_count; i++) {
        const struct summary_column *c = &d->columns[i];
        if (c->kind != SUMMARY_MEASURE || c->arg != arg)
            continue;
        u.sum |= c->agg == QUERY_AGG_SUM;
        u.avg |= c->agg == QUERY_AGG_AVG;
        u.squares |= c->agg >= QUERY_AGG_VAR_POP && c->agg <= QUERY_AGG_STDDEV_SAMP;
    }
    return u;
}

static void add_state(struct summary_definition *d, enum query_agg kind, int arg,
                      struct column_type type)
{
    d->states[d->state_count++] = (struct summary_state){.kind = kind, .arg = arg, .type = type};
}

static void arg_states(struct summary_definition *d, const struct query_agg_arg *a, int arg)
{
    struct arg_use u = uses_of(d, arg);
    bool summed = u.sum || u.avg || u.squares;
    if (!a->value)
        return;
    struct column_type t = a->value->type;
    add_state(d, QUERY_AGG_STATE_MISSING, arg, column_type_of(COLUMN_BIGINT));
    if (summed && column_type_is_float(t)) {
        if (!u.sum)
            add_state(d, QUERY_AGG_STATE_S1, arg, column_type_of(COLUMN_DOUBLE));
        add_state(d, QUERY_AGG_STATE_REST, arg, column_type_of(COLUMN_DOUBLE));
        add_state(d, QUERY_AGG_STATE_MORE, arg, column_type_of(COLUMN_BINARY));
    } else if (summed && !u.sum) {
        unsigned scale = t.kind == COLUMN_DECIMAL ? t.scale : 0;
        add_state(d, QUERY_AGG_STATE_SUM, arg, column_type_decimal(38, scale));
    }
    if (u.squares)
        add_state(d, QUERY_AGG_STATE_SQUARES, arg, column_type_of(COLUMN_BINARY));
}

static bool has_row_count(const struct summary_definition *d, const struct query_plan *agg)
{
    for (size_t i = 0; i < d->column_count; i++)
        if (d->columns[i].kind == SUMMARY_MEASURE && d->columns[i].agg == QUERY_AGG_COUNT_STAR &&
            !agg->aggregate.args[d->columns[i].arg].filter)
            return true;
    return false;
}

static status define_states(struct summary_definition *d, const struct query_plan *agg,
                            struct arena *arena, struct error *err)
{
    size_t args = agg->aggregate.arg_count;
    TRY(ARENA_ARRAY(arena, struct summary_state, 1 + 5 * args, &d->states, err));
    if (!has_row_count(d, agg))
        add_state(d, QUERY_AGG_COUNT_STAR, -1, column_type_of(COLUMN_BIGINT));
    for (size_t i = 0; i < args; i++)
        arg_states(d, &agg->aggregate.args[i], (int)i);
    return ST_OK;
}

/* ---- definition ------------------------------------------------------------------------------ */

static status check_shape(const struct query_plan *plan, const struct query_plan **agg,
                          struct error *err)
{
    if (plan->kind != QUERY_PLAN_PROJECT || !plan->input ||
        plan->input->kind != QUERY_PLAN_AGGREGATE || plan->input->aggregate.grand_total)
        return refuse("a SELECT other than keys and aggregates with GROUP BY", 0, err);
    *agg = plan->input;
    for (const struct query_plan *p = (*agg)->input;; p = p->input) {
        if (p->kind == QUERY_PLAN_SCAN)
            return ST_OK;
        if (p->kind != QUERY_PLAN_FILTER && p->kind != QUERY_PLAN_PROJECT)
            return refuse("a source other than one Iceberg table", 0, err);
    }
}

static status define_raw_columns(struct summary_definition *d, const struct iceberg_schema *raw,
                                 struct arena *arena, struct error *err)
{
    d->raw_column_count = raw->count;
    TRY(ARENA_ARRAY(arena, struct summary_raw_column, raw->count + 1, &d->raw_columns, err));
    for (size_t i = 0; i < raw->count; i++) {
        d->raw_columns[i].field_id = raw->fields[i].id;
        TRY(arena_str(arena, raw->fields[i].name, &d->raw_columns[i].name, err));
    }
    return ST_OK;
}

status summary_define(const struct query_plan *plan, struct str select_text, struct str zone,
                      struct catalog_name raw_name, const struct iceberg_table *raw,
                      struct arena *arena, struct summary_definition **out, struct error *err)
{
    struct summary_definition *d;
    const struct query_plan *agg;
    TRY(check_shape(plan, &agg, err));
    TRY(ARENA_NEW(arena, struct summary_definition, &d, err));
    TRY(arena_str(arena, select_text, &d->select, err));
    TRY(arena_str(arena, zone, &d->zone, err));
    TRY(arena_str(arena, raw_name.space, &d->raw_name.space, err));
    TRY(arena_str(arena, raw_name.table, &d->raw_name.table, err));
    TRY(arena_str(arena, raw->uuid, &d->raw_uuid, err));
    d->raw_ref = STR("main");
    TRY(define_raw_columns(d, iceberg_current_schema(raw), arena, err));
    d->column_count = plan->schema.count;
    TRY(ARENA_ARRAY(arena, struct summary_column, d->column_count, &d->columns, err));
    for (size_t i = 0; i < d->column_count; i++)
        TRY(define_column(plan, agg, i, arena, &d->columns[i], err));
    TRY(check_keys(plan, agg, err));
    TRY(define_states(d, agg, arena, err));
    *out = d;
    return ST_OK;
}

/* ---- the names that a definition means --------------------------------------------------------- */

static const struct summary_raw_column *bound_by_id(const struct summary_definition *d, int32_t id)
{
    for (size_t i = 0; i < d->raw_column_count; i++)
        if (d->raw_columns[i].field_id == id)
            return &d->raw_columns[i];
    return NULL;
}

static bool is_bound_name(const struct summary_definition *d, struct str name)
{
    for (size_t i = 0; i < d->raw_column_count; i++)
        if (str_eq(d->raw_columns[i].name, name))
            return true;
    return false;
}

status summary_bound_schema(const struct summary_definition *d, const struct iceberg_schema *now,
                            struct arena *arena, const struct iceberg_schema **out,
                            struct error *err)
{
    struct iceberg_schema *s;
    *out = now;
    if (d->raw_column_count == 0)
        return ST_OK;
    TRY(ARENA_NEW(arena, struct iceberg_schema, &s, err));
    *s = *now;
    s->count = 0;
    TRY(ARENA_ARRAY(arena, struct iceberg_field, now->count + 1, &s->fields, err));
    for (size_t i = 0; i < now->count; i++) {
        const struct summary_raw_column *bound = bound_by_id(d, now->fields[i].id);
        if (!bound && is_bound_name(d, now->fields[i].name))
            continue;
        s->fields[s->count] = now->fields[i];
        if (bound)
            s->fields[s->count].name = bound->name;
        s->count++;
    }
    *out = s;
    return ST_OK;
}

/* ---- schemas --------------------------------------------------------------------------------- */

status summary_visible_schema(const struct summary_definition *d, struct arena *arena,
                              struct column_schema *out, struct error *err)
{
    out->count = d->column_count;
    TRY(ARENA_ARRAY(arena, struct column_field, out->count, &out->fields, err));
    for (size_t i = 0; i < out->count; i++)
        out->fields[i] = (struct column_field){.name = d->columns[i].name,
                                               .type = d->columns[i].type,
                                               .field_id = d->columns[i].field_id};
    return ST_OK;
}

status summary_hidden_schema(const struct summary_definition *d, struct arena *arena,
                             struct column_schema *out, struct error *err)
{
    out->count = d->state_count;
    TRY(ARENA_ARRAY(arena, struct column_field, out->count, &out->fields, err));
    for (size_t i = 0; i < out->count; i++) {
        struct column_field *f = &out->fields[i];
        f->type = d->states[i].type;
        f->field_id = d->states[i].field_id;
        TRY(arena_printf(arena, &f->name, err, "_firn_%d", f->field_id));
    }
    return ST_OK;
}

/* ---- the plan of a rebuild ------------------------------------------------------------------- */

static status column_expr(struct arena *arena, size_t column, struct column_type type,
                          struct query_expr **out, struct error *err)
{
    TRY(ARENA_NEW(arena, struct query_expr, out, err));
    **out = (struct query_expr){.kind = QUERY_COLUMN, .type = type, .column = (int)column};
    return ST_OK;
}

/* The aggregation with an output for each state behind its own, and an argument for the row count.
 */
static status extend_aggregate(const struct query_plan *agg, const struct summary_definition *d,
                               struct arena *arena, struct query_plan **out, struct error *err)
{
    struct query_plan *p;
    size_t keys = agg->aggregate.key_count, outs = agg->aggregate.out_count,
           args = agg->aggregate.arg_count;
    TRY(ARENA_NEW(arena, struct query_plan, &p, err));
    *p = *agg;
    TRY(ARENA_ARRAY(arena, struct query_agg_arg, args + 1, &p->aggregate.args, err));
    TRY(ARENA_ARRAY(arena, struct query_agg_out, outs + d->state_count, &p->aggregate.outs, err));
    TRY(ARENA_ARRAY(arena, struct column_field, keys + outs + d->state_count, &p->schema.fields,
                    err));
    for (size_t i = 0; i < args; i++)
        p->aggregate.args[i] = agg->aggregate.args[i];
    p->aggregate.arg_count = args + 1; /* the last one counts rows */
    for (size_t i = 0; i < outs; i++)
        p->aggregate.outs[i] = agg->aggregate.outs[i];
    for (size_t i = 0; i < keys + outs; i++)
        p->schema.fields[i] = agg->schema.fields[i];
    for (size_t i = 0; i < d->state_count; i++) {
        const struct summary_state *s = &d->states[i];
        p->aggregate.outs[outs + i] = (struct query_agg_out){
            .kind = s->kind, .arg = s->arg < 0 ? (int)args : s->arg, .type = s->type};
        p->schema.fields[keys + outs + i] = (struct column_field){.type = s->type};
        TRY(arena_printf(arena, &p->schema.fields[keys + outs + i].name, err, "_firn_%d",
                         s->field_id));
    }
    p->aggregate.out_count = outs + d->state_count;
    p->schema.count = keys + outs + d->state_count;
    *out = p;
    return ST_OK;
}

static status extend_project(const struct query_plan *project, struct query_plan *agg,
                             const struct summary_definition *d, struct arena *arena,
                             struct query_plan **out, struct error *err)
{
    struct query_plan *p;
    size_t visible = d->column_count, all = visible + d->state_count;
    size_t first_state = agg->schema.count - d->state_count;
    TRY(ARENA_NEW(arena, struct query_plan, &p, err));
    *p = (struct query_plan){.kind = QUERY_PLAN_PROJECT, .input = agg, .schema = {.count = all}};
    TRY(ARENA_ARRAY(arena, struct column_field, all, &p->schema.fields, err));
    TRY(ARENA_ARRAY(arena, struct query_expr *, all, &p->project.values, err));
    for (size_t i = 0; i < visible; i++) {
        p->schema.fields[i] = project->schema.fields[i];
        p->schema.fields[i].type = d->columns[i].type;
        p->project.values[i] = project->project.values[i];
    }
    for (size_t i = 0; i < d->state_count; i++) {
        p->schema.fields[visible + i] = agg->schema.fields[first_state + i];
        TRY(column_expr(arena, first_state + i, d->states[i].type, &p->project.values[visible + i],
                        err));
    }
    *out = p;
    return ST_OK;
}

/* Sorted by key, in GROUP BY order, so that a group's place in the files is known. */
static status sort_by_key(struct query_plan *project, size_t key_count, size_t visible,
                          struct arena *arena, struct query_plan **out, struct error *err)
{
    struct query_plan *p;
    TRY(ARENA_NEW(arena, struct query_plan, &p, err));
    *p = (struct query_plan){.kind = QUERY_PLAN_SORT, .input = project, .schema = project->schema};
    TRY(ARENA_ARRAY(arena, struct query_sort_key, key_count, &p->sort.keys, err));
    for (size_t k = 0; k < key_count; k++)
        for (size_t i = 0; i < visible && p->sort.count == k; i++)
            if ((size_t)project->project.values[i]->column == k)
                TRY(column_expr(arena, i, project->schema.fields[i].type,
                                &p->sort.keys[p->sort.count++].value, err));
    *out = p;
    return ST_OK;
}

status summary_extend(struct query_plan *plan, const struct summary_definition *d,
                      struct arena *arena, struct query_plan **out, struct error *err)
{
    const struct query_plan *agg;
    struct query_plan *extended, *project;
    TRY(check_shape(plan, &agg, err));
    TRY(extend_aggregate(agg, d, arena, &extended, err));
    TRY(extend_project(plan, extended, d, arena, &project, err));
    return sort_by_key(project, agg->aggregate.key_count, d->column_count, arena, out, err);
}
