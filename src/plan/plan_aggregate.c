// SPDX-License-Identifier: Apache-2.0
/* plan_aggregate.c - aggregate calls, and what may stand above them.
 *
 * Calls are collected while a SELECT is bound: each distinct (argument, FILTER) once, each distinct
 * result of it once, so that exec keeps one state for sum(x), avg(x) and sum(x) / count(x)
 * together. In the expression the call leaves a column below zero (P1 of plan_int.h).
 *
 * When all clauses are bound, plan_lift rewrites them to columns of the AGGREGATE: a part that
 * equals a key is that key, a call is its output, and a column of the input that is left over is
 * the grouping error 42803.
 *
 * Over a summary, sum of a sum measure merges the stored states instead of adding rounded sums. */
#include "plan/plan_int.h"

#include <stdio.h>

enum takes { TAKES_ANY, TAKES_NUMBER, TAKES_ORDERED, TAKES_BOOLEAN };

static const struct aggregate {
    const char *name;
    enum query_agg kind;
    enum takes takes;
} aggregates[] = {
    {"count", QUERY_AGG_COUNT, TAKES_ANY},
    {"sum", QUERY_AGG_SUM, TAKES_NUMBER},
    {"avg", QUERY_AGG_AVG, TAKES_NUMBER},
    {"min", QUERY_AGG_MIN, TAKES_ORDERED},
    {"max", QUERY_AGG_MAX, TAKES_ORDERED},
    {"bool_and", QUERY_AGG_BOOL_AND, TAKES_BOOLEAN},
    {"every", QUERY_AGG_BOOL_AND, TAKES_BOOLEAN},
    {"bool_or", QUERY_AGG_BOOL_OR, TAKES_BOOLEAN},
    {"var_pop", QUERY_AGG_VAR_POP, TAKES_NUMBER},
    {"var_samp", QUERY_AGG_VAR_SAMP, TAKES_NUMBER},
    {"variance", QUERY_AGG_VAR_SAMP, TAKES_NUMBER},
    {"stddev_pop", QUERY_AGG_STDDEV_POP, TAKES_NUMBER},
    {"stddev_samp", QUERY_AGG_STDDEV_SAMP, TAKES_NUMBER},
    {"stddev", QUERY_AGG_STDDEV_SAMP, TAKES_NUMBER},
    {"any_value", QUERY_AGG_ANY_VALUE, TAKES_ANY},
};

static const struct aggregate *find_aggregate(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(aggregates); i++)
        if (str_eq_z(name, aggregates[i].name))
            return &aggregates[i];
    return NULL;
}

bool plan_is_aggregate(struct str name)
{
    return find_aggregate(name) != NULL;
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool takes_type(enum takes takes, struct column_type t)
{
    switch (takes) {
    case TAKES_ANY:
        return true;
    case TAKES_NUMBER:
        return column_type_is_number(t);
    case TAKES_ORDERED:
        return column_type_is_number(t) || t.kind == COLUMN_TEXT ||
               plan_type_category(t.kind) == 'D' || t.kind == COLUMN_INTERVAL;
    case TAKES_BOOLEAN:
        return t.kind == COLUMN_BOOLEAN;
    }
    return false;
}

static unsigned capped(unsigned digits)
{
    return digits > 38 ? 38 : digits;
}

static struct column_type result_type(enum query_agg kind, struct column_type t)
{
    switch (kind) {
    case QUERY_AGG_COUNT:
    case QUERY_AGG_COUNT_STAR:
    case QUERY_AGG_COUNT_DISTINCT:
        return column_type_of(COLUMN_BIGINT);
    case QUERY_AGG_SUM:
        if (t.kind == COLUMN_DECIMAL)
            return column_type_decimal(38, t.scale);
        return column_type_of(column_type_is_integer(t) ? COLUMN_BIGINT : COLUMN_DOUBLE);
    case QUERY_AGG_AVG:
        if (t.kind == COLUMN_DECIMAL)
            return column_type_decimal(capped(t.precision + 4u), capped(t.scale + 4u));
        return column_type_of(COLUMN_DOUBLE);
    case QUERY_AGG_MIN:
    case QUERY_AGG_MAX:
    case QUERY_AGG_BOOL_AND:
    case QUERY_AGG_BOOL_OR:
    case QUERY_AGG_ANY_VALUE:
        return t;
    default:
        return column_type_of(COLUMN_DOUBLE);
    }
}

/* ---- collecting ------------------------------------------------------------------------------ */

static bool same_expr(const struct query_expr *a, const struct query_expr *b)
{
    return a == b || (a && b && query_expr_eq(a, b));
}

/* s1 tells the measure. */
static bool same_stored(const struct query_stored *a, const struct query_stored *b)
{
    return a == b || (a && b && same_expr(a->s1, b->s1) && same_expr(a->more, b->more));
}

static status add_arg(struct plan_binder *b, const struct query_agg_arg *arg, int *out,
                      struct error *err)
{
    struct plan_aggregates *all = b->aggregates;
    for (size_t i = 0; i < all->arg_count; i++) {
        const struct query_agg_arg *a = &all->args[i];
        if (same_stored(a->stored, arg->stored) && same_expr(a->value, arg->value) &&
            same_expr(a->filter, arg->filter)) {
            *out = (int)i;
            return ST_OK;
        }
    }
    TRY(arena_grow(b->c->arena, (void **)&all->args, sizeof(*all->args), &all->arg_capacity,
                   all->arg_count + 1, err));
    all->args[all->arg_count] = *arg;
    *out = (int)all->arg_count++;
    return ST_OK;
}

static status add_out(struct plan_binder *b, enum query_agg kind, int arg, struct column_type type,
                      int64_t position, struct query_expr **out, struct error *err)
{
    struct plan_aggregates *all = b->aggregates;
    size_t at = 0;
    while (at < all->out_count && (all->outs[at].kind != kind || all->outs[at].arg != arg))
        at++;
    if (at == all->out_count) {
        TRY(arena_grow(b->c->arena, (void **)&all->outs, sizeof(*all->outs), &all->out_capacity,
                       all->out_count + 1, err));
        all->outs[all->out_count++] = (struct query_agg_out){kind, arg, type};
    }
    TRY(plan_expr_new(b, QUERY_COLUMN, type, position, 0, out, err));
    (*out)->column = -1 - (int)at;
    return ST_OK;
}

/* A column of the scope's scan by field id, hidden ones too. */
static status state_column(struct plan_binder *b, int32_t field_id, int64_t position,
                           struct query_expr **out, struct error *err)
{
    const struct query_plan *scan = b->scope->input;
    for (size_t i = 0; i < scan->schema.count; i++)
        if (scan->scan.field_ids[i] == field_id)
            return plan_column(b, b->scope, i, position, out, err);
    FAIL(err, ST_INTERNAL, "field %d of a summary's states is not in its scan", field_id);
}

/* sum over a bare sum measure of a summary: its states are merged. */
static status use_states(struct plan_binder *b, enum query_agg kind, struct query_agg_arg *arg,
                         struct error *err)
{
    const struct plan_scope *s = b->scope;
    if (kind != QUERY_AGG_SUM || arg->value->kind != QUERY_COLUMN || !s->table ||
        s->input->kind != QUERY_PLAN_SCAN)
        return ST_OK;
    int32_t measure = s->input->scan.field_ids[arg->value->column];
    for (size_t i = 0; i < s->table->state_count; i++) {
        const struct plan_state *st = &s->table->states[i];
        if (st->measure_field_id != measure)
            continue;
        int64_t at = arg->value->position;
        struct query_stored *stored;
        TRY(ARENA_NEW(b->c->arena, struct query_stored, &stored, err));
        stored->type = column_type_of(COLUMN_DOUBLE);
        TRY(state_column(b, st->s1_field_id, at, &stored->s1, err));
        TRY(state_column(b, st->rest_field_id, at, &stored->rest, err));
        TRY(state_column(b, st->more_field_id, at, &stored->more, err));
        arg->stored = stored;
        arg->value = NULL;
        return ST_OK;
    }
    return ST_OK;
}

/* ---- one call -------------------------------------------------------------------------------- */

static status check_place(struct plan_binder *b, const struct query_ast *ast, struct error *err)
{
    if (b->in_aggregate && strcmp(b->clause, "FILTER") != 0)
        FAIL_SQL(err, ST_INVALID, "42803", ast->position,
                 "aggregate function calls cannot be nested");
    if (b->in_aggregate || !b->aggregates)
        FAIL_SQL(err, ST_INVALID, "42803", ast->position,
                 "aggregate functions are not allowed in %s", b->clause);
    for (size_t i = 0; ast->arg_names && i < ast->arg_count; i++)
        if (ast->arg_names[i].text.len > 0)
            FAIL_SQL(err, ST_INVALID, "42883", ast->position, "%.*s takes no named arguments",
                     STR_ARG(ast->text));
    return ST_OK;
}

static status check_call(struct plan_binder *b, const struct query_ast *ast,
                         const struct aggregate *a, struct error *err)
{
    bool count = a->kind == QUERY_AGG_COUNT;
    if (count && ast->arg_count == 0 && !ast->star)
        FAIL_SQL(err, ST_INVALID, "42809", ast->position,
                 "count(*) must be used to call a parameterless aggregate function");
    if (ast->distinct && !count)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                 "DISTINCT is supported in count only, not in %s", a->name);
    return ST_OK;
}

/* An untyped literal is what PostgreSQL takes it for; sum and avg of it are not unique. */
static status type_literal(struct plan_binder *b, const struct aggregate *a,
                           struct query_expr **arg, struct error *err)
{
    if ((*arg)->type.kind != COLUMN_UNKNOWN || a->kind == QUERY_AGG_SUM || a->kind == QUERY_AGG_AVG)
        return ST_OK;
    enum column_kind as = a->takes == TAKES_BOOLEAN  ? COLUMN_BOOLEAN
                          : a->takes == TAKES_NUMBER ? COLUMN_DOUBLE
                                                     : COLUMN_TEXT;
    return plan_coerce(b, *arg, column_type_of(as), PLAN_CAST_IMPLICIT, arg, err);
}

static status check_types(struct plan_binder *b, const struct query_ast *ast,
                          const struct aggregate *a, struct query_expr **args, struct error *err)
{
    struct str types;
    bool one = ast->arg_count == 1;
    if (one)
        TRY(type_literal(b, a, &args[0], err));
    if (one && takes_type(a->takes, args[0]->type))
        return ST_OK;
    TRY(plan_type_list(b, args, ast->arg_count, &types, err));
    if (one && args[0]->type.kind == COLUMN_INTERVAL && a->takes == TAKES_NUMBER)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position, "%s(interval) is not supported",
                 a->name);
    bool vague = one && args[0]->type.kind == COLUMN_UNKNOWN;
    status st = error_set(err, ST_INVALID, __FILE__, __LINE__, "function %s(%.*s) %s", a->name,
                          STR_ARG(types), vague ? "is not unique" : "does not exist");
    error_sqlstate(err, vague ? "42725" : "42883");
    error_position(err, ast->position);
    error_detail(err, "No function matches the given name and argument types. You might need to "
                      "add explicit type casts.");
    return st;
}

static status bind_filter(struct plan_binder *b, const struct query_ast *ast,
                          struct query_expr **out, struct error *err)
{
    const char *clause = b->clause;
    b->clause = "FILTER";
    status st = plan_bind_boolean(b, ast, out, err);
    b->clause = clause;
    TRY(st);
    if (plan_is_true(*out))
        *out = NULL;
    return ST_OK;
}

static status bind_parts(struct plan_binder *b, const struct query_ast *ast,
                         struct query_expr **args, struct query_expr **filter, struct error *err)
{
    for (size_t i = 0; i < ast->arg_count; i++)
        TRY(plan_bind(b, ast->args[i], &args[i], err));
    return ast->filter ? bind_filter(b, ast->filter, filter, err) : ST_OK;
}

status plan_bind_aggregate(struct plan_binder *b, const struct query_ast *ast,
                           struct query_expr **out, struct error *err)
{
    const struct aggregate *a = find_aggregate(ast->text);
    struct query_expr **args;
    struct query_agg_arg arg = {0};
    enum query_agg kind = a->kind;
    TRY(check_place(b, ast, err));
    TRY(check_call(b, ast, a, err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, ast->arg_count + 1, &args, err));
    unsigned guard = b->guard;
    b->in_aggregate = true;
    b->guard = 0; /* an aggregate is evaluated whether or not a CASE around it asks for it */
    status st = bind_parts(b, ast, args, &arg.filter, err);
    b->in_aggregate = false;
    b->guard = guard;
    TRY(st);
    struct column_type type = column_type_of(COLUMN_BIGINT);
    if (ast->star) {
        if (kind != QUERY_AGG_COUNT)
            FAIL_SQL(err, ST_INVALID, "42883", ast->position, "function %s() does not exist",
                     a->name);
        kind = QUERY_AGG_COUNT_STAR;
    } else {
        TRY(check_types(b, ast, a, args, err));
        TRY(plan_settle(b, args[0], &arg.value, err));
        type = result_type(kind, arg.value->type);
        if (ast->distinct)
            kind = QUERY_AGG_COUNT_DISTINCT;
        if (kind == QUERY_AGG_COUNT && arg.value->kind == QUERY_CONST && !arg.value->value.null) {
            kind = QUERY_AGG_COUNT_STAR; /* count(1) */
            arg.value = NULL;
        } else {
            TRY(use_states(b, kind, &arg, err));
        }
    }
    int index;
    TRY(add_arg(b, &arg, &index, err));
    return add_out(b, kind, index, type, ast->position, out, err);
}

/* ---- above the AGGREGATE --------------------------------------------------------------------- */

static status fail_ungrouped(struct plan_binder *b, const struct query_expr *e, struct error *err)
{
    const struct plan_scope *s = b->scope;
    struct str column = s->input->schema.fields[e->column].name;
    FAIL_SQL(err, ST_INVALID, "42803", e->position,
             "column \"%.*s%s%.*s\" must appear in the GROUP BY clause or be used in an aggregate "
             "function",
             STR_ARG(s->name), s->name.len ? "." : "", STR_ARG(column));
}

status plan_lift(struct plan_binder *b, const struct query_plan *aggregate, struct query_expr *e,
                 struct query_expr **out, struct error *err)
{
    size_t keys = aggregate->aggregate.key_count;
    for (size_t i = 0; i < keys && e->kind != QUERY_CONST; i++)
        if (query_expr_eq(e, aggregate->aggregate.keys[i])) {
            TRY(plan_expr_new(b, QUERY_COLUMN, e->type, e->position, 0, out, err));
            (*out)->column = (int)i;
            return ST_OK;
        }
    if (e->kind == QUERY_COLUMN) {
        if (e->column >= 0)
            return fail_ungrouped(b, e, err);
        TRY(plan_expr_new(b, QUERY_COLUMN, e->type, e->position, 0, out, err));
        (*out)->column = (int)keys + (-1 - e->column);
        return ST_OK;
    }
    if (e->arg_count == 0) {
        *out = e;
        return ST_OK;
    }
    struct query_expr *copy;
    TRY(plan_expr_new(b, e->kind, e->type, e->position, e->arg_count, &copy, err));
    struct query_expr **args = copy->args;
    *copy = *e;
    copy->args = args;
    for (size_t i = 0; i < e->arg_count; i++)
        TRY(plan_lift(b, aggregate, e->args[i], &args[i], err));
    *out = copy;
    return ST_OK;
}
