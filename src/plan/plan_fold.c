// SPDX-License-Identifier: Apache-2.0
/* plan_fold.c - makes expression nodes and evaluates what is constant.
 *
 * Evaluation itself is exec's, reached through lookup->fold. Immutable and stable functions are
 * folded: a statement sees one clock and one time zone. Volatile ones and subqueries are not.
 *
 * F1  an error while folding is the statement's error, unless the expression stands inside AND, OR,
 *     CASE or COALESCE (binder->guard): then it is left as it is and raised only for a row that
 *     really evaluates it */
#include "plan/plan_int.h"

status plan_expr_new(struct plan_binder *b, enum query_expr_kind kind, struct column_type type,
                     int64_t position, size_t arg_count, struct query_expr **out, struct error *err)
{
    struct query_expr *e;
    TRY(ARENA_NEW(b->c->arena, struct query_expr, &e, err));
    e->kind = kind;
    e->type = type;
    e->position = position;
    e->arg_count = arg_count;
    if (arg_count > 0)
        TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, arg_count, &e->args, err));
    *out = e;
    return ST_OK;
}

status plan_const(struct plan_binder *b, const struct column_value *v, int64_t position,
                  struct query_expr **out, struct error *err)
{
    TRY(plan_expr_new(b, QUERY_CONST, v->type, position, 0, out, err));
    (*out)->value = *v;
    return ST_OK;
}

status plan_null(struct plan_binder *b, struct column_type type, int64_t position,
                 struct query_expr **out, struct error *err)
{
    struct column_value v = {.type = type, .null = true};
    return plan_const(b, &v, position, out, err);
}

status plan_boolean(struct plan_binder *b, bool v, int64_t position, struct query_expr **out,
                    struct error *err)
{
    struct column_value value = {.type = column_type_of(COLUMN_BOOLEAN), .b = v};
    return plan_const(b, &value, position, out, err);
}

bool plan_is_true(const struct query_expr *e)
{
    return e->kind == QUERY_CONST && e->type.kind == COLUMN_BOOLEAN && !e->value.null && e->value.b;
}

bool plan_is_false(const struct query_expr *e)
{
    return e->kind == QUERY_CONST && e->type.kind == COLUMN_BOOLEAN &&
           (e->value.null || !e->value.b);
}

/* AND and OR: the neutral constants go, the deciding one decides if nothing before it could fail
 * first; PostgreSQL promises no order here either. */
static status fold_logic(struct plan_binder *b, struct query_expr **e, struct error *err)
{
    struct query_expr *from = *e;
    bool is_and = from->kind == QUERY_AND;
    size_t kept = 0;
    for (size_t i = 0; i < from->arg_count; i++) {
        const struct query_expr *a = from->args[i];
        bool decided = a->kind == QUERY_CONST && !a->value.null;
        if (decided && (a->value.b != 0) != is_and)
            return plan_boolean(b, !is_and, from->position, e, err);
        kept += !decided;
    }
    if (kept == from->arg_count)
        return ST_OK;
    if (kept == 0)
        return plan_boolean(b, is_and, from->position, e, err);
    struct query_expr *to;
    TRY(plan_expr_new(b, from->kind, from->type, from->position, kept, &to, err));
    kept = 0;
    for (size_t i = 0; i < from->arg_count; i++)
        if (from->args[i]->kind != QUERY_CONST || from->args[i]->value.null)
            to->args[kept++] = from->args[i];
    *e = kept == 1 ? to->args[0] : to;
    return ST_OK;
}

/* CASE: branches that are never taken go, a first branch that is always taken is the value. */
static status fold_case(struct plan_binder *b, struct query_expr **e, struct error *err)
{
    struct query_expr *from = *e, *to;
    TRY(plan_expr_new(b, QUERY_CASE, from->type, from->position, from->arg_count, &to, err));
    size_t n = 0;
    struct query_expr *otherwise = from->args[from->arg_count - 1];
    for (size_t i = 0; i + 1 < from->arg_count; i += 2) {
        if (plan_is_false(from->args[i]))
            continue;
        if (plan_is_true(from->args[i])) {
            otherwise = from->args[i + 1];
            break;
        }
        to->args[n++] = from->args[i];
        to->args[n++] = from->args[i + 1];
    }
    to->args[n++] = otherwise;
    to->arg_count = n;
    *e = n == 1 ? otherwise : to;
    return ST_OK;
}

static bool all_constant(const struct query_expr *e)
{
    for (size_t i = 0; i < e->arg_count; i++)
        if (e->args[i]->kind != QUERY_CONST)
            return false;
    return true;
}

status plan_fold(struct plan_binder *b, struct query_expr **e, struct error *err)
{
    struct query_expr *x = *e;
    if (x->kind == QUERY_CONST || x->kind == QUERY_COLUMN || x->kind == QUERY_SUBQUERY)
        return ST_OK;
    if (x->kind == QUERY_AND || x->kind == QUERY_OR)
        return fold_logic(b, e, err);
    if (x->kind == QUERY_CASE)
        return fold_case(b, e, err);
    if (!all_constant(x) || !b->c->lookup->fold)
        return ST_OK;
    if (x->kind == QUERY_CALL && query_functions[x->function].flags & FN_VOLATILE)
        return ST_OK;
    struct error local;
    struct column_value v;
    error_init(&local);
    status st = b->c->lookup->fold(b->c->lookup->self, x, b->c->arena, &v, &local);
    if (st == ST_INVALID && b->guard > 0) /* F1 */
        return ST_OK;
    if (st != ST_OK) {
        if (local.position == 0)
            local.position = x->position;
        if (err)
            *err = local;
        return st;
    }
    v.type = x->type;
    return plan_const(b, &v, x->position, e, err);
}
