// SPDX-License-Identifier: Apache-2.0
/* plan_select.c - one SELECT: its clauses in the order they mean something, as a chain of nodes.
 *
 *     FROM          source
 *     WHERE         FILTER
 *     GROUP BY      AGGREGATE: keys, then every aggregate call of all later clauses
 *     HAVING        FILTER
 *     SELECT list   PROJECT, with columns that only ORDER BY needs behind the shown ones
 *     DISTINCT      AGGREGATE whose keys are all columns
 *     ORDER BY      SORT
 *     LIMIT         LIMIT
 *                   PROJECT without the columns that only ORDER BY needed
 *
 * Everything is bound before a node above WHERE is made, because only then all aggregate calls are
 * known. */
#include "plan/plan_int.h"

status plan_node(const struct plan_context *c, enum query_plan_kind kind, struct query_plan *input,
                 struct query_plan **out, struct error *err)
{
    TRY(ARENA_NEW(c->arena, struct query_plan, out, err));
    (*out)->kind = kind;
    (*out)->input = input;
    if (input)
        (*out)->schema = input->schema;
    return ST_OK;
}

status plan_filter(const struct plan_context *c, struct query_expr *predicate,
                   struct query_plan **node, struct error *err)
{
    if (plan_is_true(predicate))
        return ST_OK;
    TRY(plan_node(c, QUERY_PLAN_FILTER, *node, node, err));
    (*node)->filter.predicate = predicate;
    return ST_OK;
}

/* What the clauses of one SELECT are bound to. */
struct select {
    const struct query_select *ast;
    struct plan_scope scope;
    struct plan_aggregates aggregates;
    struct query_expr *where, *having;
    struct plan_targets targets;
    size_t key_count;
    struct query_expr **keys;
    struct query_sort_key *orders; /* values are columns of the targets */
    bool grouped;
};

/* ---- binding --------------------------------------------------------------------------------- */

static status bind_where(struct plan_binder *b, struct select *s, struct error *err)
{
    b->clause = "WHERE";
    b->aggregates = NULL;
    return s->ast->where ? plan_bind_boolean(b, s->ast->where, &s->where, err) : ST_OK;
}

static status bind_groups(struct plan_binder *b, struct select *s, struct error *err)
{
    b->clause = "GROUP BY";
    b->aggregates = NULL;
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, s->ast->group_count + 1, &s->keys, err));
    for (size_t i = 0; i < s->ast->group_count; i++) {
        const struct query_ast *item = s->ast->groups[i];
        struct query_expr *key;
        int target;
        TRY(plan_target_find(b, &s->targets, item, &target, err));
        if (target >= 0 && s->targets.items[target].ast)
            item = s->targets.items[target].ast; /* bound again: no aggregate may be inside */
        if (target >= 0 && !s->targets.items[target].ast)
            key = s->targets.items[target].value;
        else
            TRY(plan_bind(b, item, &key, err));
        TRY(plan_settle(b, key, &key, err));
        bool known = false;
        for (size_t k = 0; k < s->key_count; k++)
            known |= query_expr_eq(s->keys[k], key);
        if (!known)
            s->keys[s->key_count++] = key;
    }
    return ST_OK;
}

static status bind_having(struct plan_binder *b, struct select *s, struct error *err)
{
    b->clause = "HAVING";
    b->aggregates = &s->aggregates;
    return s->ast->having ? plan_bind_boolean(b, s->ast->having, &s->having, err) : ST_OK;
}

/* Each ORDER BY item becomes a column of the targets; a new expression is a hidden one. */
static status bind_orders(struct plan_binder *b, struct select *s, struct error *err)
{
    b->clause = "ORDER BY";
    b->aggregates = &s->aggregates;
    TRY(ARENA_ARRAY(b->c->arena, struct query_sort_key, s->ast->order_count + 1, &s->orders, err));
    for (size_t i = 0; i < s->ast->order_count; i++) {
        const struct query_order *o = &s->ast->orders[i];
        struct query_expr *value;
        int at;
        TRY(plan_target_find(b, &s->targets, o->value, &at, err));
        if (at < 0) {
            TRY(plan_bind(b, o->value, &value, err));
            TRY(plan_settle(b, value, &value, err));
            for (size_t t = 0; t < s->targets.count && at < 0; t++)
                if (query_expr_eq(s->targets.items[t].value, value))
                    at = (int)t;
        }
        if (at < 0) {
            if (s->ast->distinct)
                FAIL_SQL(err, ST_INVALID, "42P10", o->value->position,
                         "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
            struct plan_target hidden = {.ast = o->value, .value = value, .name = STR("?order?")};
            at = (int)s->targets.count;
            TRY(plan_target_add(b, &s->targets, hidden, err));
        }
        struct query_expr *column;
        TRY(plan_expr_new(b, QUERY_COLUMN, s->targets.items[at].value->type, o->value->position, 0,
                          &column, err));
        column->column = at;
        s->orders[i] = (struct query_sort_key){column, o->descending, o->nulls_first};
    }
    return ST_OK;
}

static status bind_clauses(struct plan_binder *b, struct select *s, struct error *err)
{
    TRY(bind_where(b, s, err));
    b->clause = "SELECT";
    b->aggregates = &s->aggregates;
    TRY(plan_targets_bind(b, s->ast, &s->targets, err));
    TRY(bind_groups(b, s, err));
    TRY(bind_having(b, s, err));
    TRY(bind_orders(b, s, err));
    s->grouped = s->ast->group_count > 0 || s->aggregates.out_count > 0 || s->having;
    return ST_OK;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* HAVING alone: one group, of which nothing is asked; it still is one row. */
static status count_rows(struct plan_binder *b, struct plan_aggregates *a, struct error *err)
{
    TRY(ARENA_NEW(b->c->arena, struct query_agg_arg, &a->args, err));
    TRY(ARENA_NEW(b->c->arena, struct query_agg_out, &a->outs, err));
    a->outs[0] =
        (struct query_agg_out){.kind = QUERY_AGG_COUNT_STAR, .type = column_type_of(COLUMN_BIGINT)};
    a->arg_count = a->out_count = 1;
    return ST_OK;
}

static status add_aggregate(struct plan_binder *b, struct select *s, struct query_plan **node,
                            struct error *err)
{
    const struct query_plan *input = *node;
    struct query_plan *p;
    if (s->key_count + s->aggregates.out_count == 0)
        TRY(count_rows(b, &s->aggregates, err));
    size_t count = s->key_count + s->aggregates.out_count;
    TRY(plan_node(b->c, QUERY_PLAN_AGGREGATE, *node, &p, err));
    p->schema.count = count;
    TRY(ARENA_ARRAY(b->c->arena, struct column_field, count + 1, &p->schema.fields, err));
    for (size_t i = 0; i < count; i++) {
        struct column_field *f = &p->schema.fields[i];
        if (i < s->key_count) {
            const struct query_expr *key = s->keys[i];
            f->type = key->type;
            f->name =
                key->kind == QUERY_COLUMN ? input->schema.fields[key->column].name : STR("?key?");
        } else {
            const struct query_agg_out *out = &s->aggregates.outs[i - s->key_count];
            f->type = out->type;
            f->name = str_of(query_agg_name(out->kind));
        }
    }
    p->aggregate.key_count = s->key_count;
    p->aggregate.keys = s->keys;
    p->aggregate.arg_count = s->aggregates.arg_count;
    p->aggregate.args = s->aggregates.args;
    p->aggregate.out_count = s->aggregates.out_count;
    p->aggregate.outs = s->aggregates.outs;
    p->aggregate.grand_total = s->ast->group_count == 0;
    for (size_t i = 0; i < s->targets.count; i++)
        TRY(plan_lift(b, p, s->targets.items[i].value, &s->targets.items[i].value, err));
    if (s->having)
        TRY(plan_lift(b, p, s->having, &s->having, err));
    *node = p;
    return s->having ? plan_filter(b->c, s->having, node, err) : ST_OK;
}

static status add_project(struct plan_binder *b, const struct plan_targets *t,
                          struct query_plan **node, struct error *err)
{
    const struct query_plan *input = *node;
    struct query_plan *p;
    TRY(plan_node(b->c, QUERY_PLAN_PROJECT, *node, &p, err));
    p->schema.count = t->count;
    TRY(ARENA_ARRAY(b->c->arena, struct column_field, t->count + 1, &p->schema.fields, err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, t->count + 1, &p->project.values, err));
    for (size_t i = 0; i < t->count; i++) {
        struct query_expr *e = t->items[i].value;
        struct column_field *f = &p->schema.fields[i];
        if (e->kind == QUERY_COLUMN)
            *f = input->schema.fields[e->column];
        f->name = t->items[i].name;
        f->type = e->type;
        p->project.values[i] = e;
    }
    *node = p;
    return ST_OK;
}

/* Columns 0..count-1 of the node as expressions. */
static status columns_of(struct plan_binder *b, const struct query_plan *p, size_t count,
                         struct query_expr ***out, struct error *err)
{
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, count + 1, out, err));
    for (size_t i = 0; i < count; i++) {
        TRY(plan_expr_new(b, QUERY_COLUMN, p->schema.fields[i].type, 0, 0, &(*out)[i], err));
        (*out)[i]->column = (int)i;
    }
    return ST_OK;
}

static status add_distinct(struct plan_binder *b, struct query_plan **node, struct error *err)
{
    struct query_plan *input = *node;
    TRY(plan_node(b->c, QUERY_PLAN_AGGREGATE, input, node, err));
    (*node)->aggregate.key_count = input->schema.count;
    return columns_of(b, input, input->schema.count, &(*node)->aggregate.keys, err);
}

static status bind_count(struct plan_binder *b, const struct query_ast *ast, const char *what,
                         const char *state, int64_t if_null, int64_t *out, struct error *err)
{
    struct column_value v;
    *out = if_null;
    if (!ast)
        return ST_OK;
    b->clause = what;
    b->aggregates = NULL;
    TRY(plan_bind_constant(b, ast, column_type_of(COLUMN_BIGINT), what, &v, err));
    if (v.null)
        return ST_OK;
    if (v.i64 < 0)
        FAIL_SQL(err, ST_INVALID, state, ast->position, "%s must not be negative", what);
    *out = v.i64;
    return ST_OK;
}

static status add_limit(struct plan_binder *b, const struct query_select *s,
                        struct query_plan **node, struct error *err)
{
    int64_t limit, offset;
    TRY(bind_count(b, s->limit, "LIMIT", "2201W", -1, &limit, err));
    TRY(bind_count(b, s->offset, "OFFSET", "2201X", 0, &offset, err));
    if (limit < 0 && offset == 0)
        return ST_OK;
    TRY(plan_node(b->c, QUERY_PLAN_LIMIT, *node, node, err));
    (*node)->limit.limit = limit;
    (*node)->limit.offset = offset;
    return ST_OK;
}

static status add_shown(struct plan_binder *b, size_t shown, struct query_plan **node,
                        struct error *err)
{
    struct query_plan *input = *node;
    TRY(plan_node(b->c, QUERY_PLAN_PROJECT, input, node, err));
    (*node)->schema.count = shown;
    return columns_of(b, input, shown, &(*node)->project.values, err);
}

static status build(struct plan_binder *b, struct select *s, struct query_plan **out,
                    struct error *err)
{
    struct query_plan *node = s->scope.input;
    if (s->where)
        TRY(plan_filter(b->c, s->where, &node, err));
    if (s->grouped)
        TRY(add_aggregate(b, s, &node, err));
    TRY(add_project(b, &s->targets, &node, err));
    if (s->ast->distinct)
        TRY(add_distinct(b, &node, err));
    if (s->ast->order_count > 0) {
        TRY(plan_node(b->c, QUERY_PLAN_SORT, node, &node, err));
        node->sort.count = s->ast->order_count;
        node->sort.keys = s->orders;
    }
    TRY(add_limit(b, s->ast, &node, err));
    if (s->targets.shown < s->targets.count)
        TRY(add_shown(b, s->targets.shown, &node, err));
    *out = node;
    return ST_OK;
}

/* SELECT without FROM reads one row without columns. */
static status one_row(const struct plan_context *c, struct query_plan **out, struct error *err)
{
    TRY(plan_node(c, QUERY_PLAN_VALUES, NULL, out, err));
    (*out)->values.rows = 1;
    return ARENA_ARRAY(c->arena, struct query_expr **, 1, &(*out)->values.cells, err);
}

status plan_query(const struct plan_binder *outer, const struct query_select *ast,
                  struct query_plan **out, struct error *err)
{
    struct select s = {.ast = ast};
    struct plan_binder b = {
        .c = outer->c, .clause = "FROM", .depth = outer->depth, .selects = outer->selects + 1};
    if (b.selects > PLAN_MAX_SELECTS)
        FAIL_SQL(err, ST_LIMIT, "54001", ast->position, "SELECTs are nested more than %d deep",
                 PLAN_MAX_SELECTS);
    s.scope.outer = outer->scope;
    TRY(plan_from(&b, &ast->from, &s.scope, err));
    b.scope = &s.scope;
    TRY(bind_clauses(&b, &s, err));
    if (!s.scope.input)
        TRY(one_row(b.c, &s.scope.input, err));
    return build(&b, &s, out, err);
}

status plan_select(const struct plan_context *c, const struct query_select *s,
                   struct query_plan **out, struct error *err)
{
    struct plan_binder b = {.c = c};
    TRY(plan_query(&b, s, out, err));
    return plan_finish(c, out, err);
}

status plan_expression(const struct plan_context *c, const struct query_ast *ast,
                       const struct column_schema *schema, struct str alias,
                       struct column_type want, struct query_expr **out, struct error *err)
{
    struct query_plan input = {.kind = QUERY_PLAN_VALUES, .schema = *schema};
    struct plan_scope scope = {.input = &input, .visible = schema->count, .name = alias};
    struct plan_binder b = {.c = c, .scope = &scope, .clause = "check constraints"};
    struct query_expr *e;
    TRY(plan_bind(&b, ast, &e, err));
    if (want.kind == COLUMN_UNKNOWN)
        return plan_settle(&b, e, out, err);
    if (e->type.kind != COLUMN_UNKNOWN &&
        plan_cast_context(e->type.kind, want.kind) < PLAN_CAST_ASSIGNMENT) {
        char x[64], y[64];
        FAIL_SQL(err, ST_INVALID, "42804", ast->position,
                 "expression is of type %s, and %s is wanted", column_type_name(e->type, x),
                 column_type_name(want, y));
    }
    return plan_coerce(&b, e, want, PLAN_CAST_ASSIGNMENT, out, err);
}
