// SPDX-License-Identifier: Apache-2.0
/* plan_expr.c - one syntax tree to one bound expression, by kind.
 *
 * Each bind_* returns an expression whose arguments already have the types their function asks for
 * (Q1 of query_expr.h). An untyped literal or NULL stays UNKNOWN until something beside it says
 * what it is. Depth is bounded because the tree comes from outside. */
#include "plan/plan_int.h"

static status bind_list(struct plan_binder *b, struct query_ast *const *asts, size_t count,
                        struct query_expr ***out, struct error *err)
{
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, count + 1, out, err));
    for (size_t i = 0; i < count; i++)
        TRY(plan_bind(b, asts[i], &(*out)[i], err));
    return ST_OK;
}

static status require_boolean(struct plan_binder *b, struct query_expr *e, const char *what,
                              struct query_expr **out, struct error *err)
{
    char name[64];
    if (e->type.kind != COLUMN_UNKNOWN && e->type.kind != COLUMN_BOOLEAN)
        FAIL_SQL(err, ST_INVALID, "42804", e->position,
                 "argument of %s must be type boolean, not type %s", what,
                 column_type_name(e->type, name));
    return plan_coerce(b, e, column_type_of(COLUMN_BOOLEAN), PLAN_CAST_IMPLICIT, out, err);
}

status plan_bind_boolean(struct plan_binder *b, const struct query_ast *ast,
                         struct query_expr **out, struct error *err)
{
    struct query_expr *e;
    TRY(plan_bind(b, ast, &e, err));
    return require_boolean(b, e, b->clause, out, err);
}

static status make_not(struct plan_binder *b, struct query_expr *e, struct query_expr **out,
                       struct error *err)
{
    TRY(plan_expr_new(b, QUERY_CALL, column_type_of(COLUMN_BOOLEAN), e->position, 1, out, err));
    (*out)->function = QUERY_FN_NOT;
    (*out)->args[0] = e;
    return plan_fold(b, out, err);
}

static status make_logic(struct plan_binder *b, enum query_expr_kind kind, struct query_expr *x,
                         struct query_expr *y, struct query_expr **out, struct error *err)
{
    TRY(plan_expr_new(b, kind, column_type_of(COLUMN_BOOLEAN), x->position, 2, out, err));
    (*out)->args[0] = x;
    (*out)->args[1] = y;
    return plan_fold(b, out, err);
}

static status compare(struct plan_binder *b, const char *name, struct query_expr *x,
                      struct query_expr *y, int64_t position, struct query_expr **out,
                      struct error *err)
{
    struct query_expr *args[2] = {x, y};
    return plan_operator(b, name, args, 2, position, out, err);
}

/* ---- by kind --------------------------------------------------------------------------------- */

static status bind_string(struct plan_binder *b, const struct query_ast *ast,
                          struct query_expr **out, struct error *err)
{
    struct column_value v = {.type = column_type_of(COLUMN_UNKNOWN), .str = ast->text};
    return plan_const(b, &v, ast->position, out, err);
}

static status bind_logic(struct plan_binder *b, const struct query_ast *ast,
                         struct query_expr **out, struct error *err)
{
    bool is_and = ast->kind == QUERY_AST_AND;
    struct query_expr *e, *arg;
    TRY(plan_expr_new(b, is_and ? QUERY_AND : QUERY_OR, column_type_of(COLUMN_BOOLEAN),
                      ast->position, ast->arg_count, &e, err));
    for (size_t i = 0; i < ast->arg_count; i++) {
        TRY(plan_bind(b, ast->args[i], &arg, err));
        TRY(require_boolean(b, arg, is_and ? "AND" : "OR", &e->args[i], err));
    }
    *out = e;
    return plan_fold(b, out, err);
}

static status bind_not(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                       struct error *err)
{
    struct query_expr *arg;
    TRY(plan_bind(b, ast->args[0], &arg, err));
    TRY(require_boolean(b, arg, "NOT", &arg, err));
    return make_not(b, arg, out, err);
}

static const struct is_test {
    const char *text, *shown;
    enum query_function fn;
    bool boolean;
} is_tests[] = {
    {"null", "IS NULL", QUERY_FN_IS_NULL, false},
    {"not null", "IS NOT NULL", QUERY_FN_IS_NOT_NULL, false},
    {"true", "IS TRUE", QUERY_FN_IS_TRUE, true},
    {"not true", "IS NOT TRUE", QUERY_FN_IS_NOT_TRUE, true},
    {"false", "IS FALSE", QUERY_FN_IS_FALSE, true},
    {"not false", "IS NOT FALSE", QUERY_FN_IS_NOT_FALSE, true},
    {"unknown", "IS UNKNOWN", QUERY_FN_IS_NULL, true},
    {"not unknown", "IS NOT UNKNOWN", QUERY_FN_IS_NOT_NULL, true},
};

static status bind_is(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                      struct error *err)
{
    const struct is_test *t = NULL;
    for (size_t i = 0; i < ARRAY_LEN(is_tests); i++)
        if (str_eq_z(ast->text, is_tests[i].text))
            t = &is_tests[i];
    if (!t)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position, "IS %.*s is not supported",
                 STR_ARG(ast->text));
    struct query_expr *arg;
    TRY(plan_bind(b, ast->args[0], &arg, err));
    if (t->boolean)
        TRY(require_boolean(b, arg, t->shown, &arg, err));
    TRY(plan_settle(b, arg, &arg, err));
    TRY(plan_expr_new(b, QUERY_CALL, column_type_of(COLUMN_BOOLEAN), ast->position, 1, out, err));
    (*out)->function = t->fn;
    (*out)->args[0] = arg;
    return plan_fold(b, out, err);
}

static status bind_in(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                      struct error *err)
{
    struct query_expr **args, *e;
    struct column_type t, pair;
    TRY(bind_list(b, ast->args, ast->arg_count, &args, err));
    for (size_t i = 1; i < ast->arg_count; i++)
        if (!plan_comparison_type(args[0], args[i], &pair))
            return compare(b, "=", args[0], args[i], ast->position, out, err); /* says why */
    TRY(plan_common_type(args, ast->arg_count, "IN", &t, err));
    TRY(plan_expr_new(b, QUERY_IN, column_type_of(COLUMN_BOOLEAN), ast->position, ast->arg_count,
                      &e, err));
    for (size_t i = 0; i < ast->arg_count; i++)
        TRY(plan_coerce(b, args[i], t, PLAN_CAST_IMPLICIT, &e->args[i], err));
    TRY(plan_fold(b, &e, err));
    if (ast->boolean)
        return make_not(b, e, out, err);
    *out = e;
    return ST_OK;
}

/* low <= v <= high; negated: v < low or v > high. */
static status make_range(struct plan_binder *b, bool negated, struct query_expr *v,
                         struct query_expr *low, struct query_expr *high, int64_t position,
                         struct query_expr **out, struct error *err)
{
    struct query_expr *x, *y;
    TRY(compare(b, negated ? "<" : ">=", v, low, position, &x, err));
    TRY(compare(b, negated ? ">" : "<=", v, high, position, &y, err));
    return make_logic(b, negated ? QUERY_OR : QUERY_AND, x, y, out, err);
}

static status bind_between(struct plan_binder *b, const struct query_ast *ast,
                           struct query_expr **out, struct error *err)
{
    bool negated = str_starts(ast->text, STR("not"));
    bool symmetric = str_ends(ast->text, STR("symmetric"));
    struct query_expr **a, *mirrored;
    TRY(bind_list(b, ast->args, ast->arg_count, &a, err));
    TRY(make_range(b, negated, a[0], a[1], a[2], ast->position, out, err));
    if (!symmetric)
        return ST_OK;
    TRY(make_range(b, negated, a[0], a[2], a[1], ast->position, &mirrored, err));
    return make_logic(b, negated ? QUERY_AND : QUERY_OR, *out, mirrored, out, err);
}

static status bind_like(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                        struct error *err)
{
    struct query_expr **args;
    TRY(bind_list(b, ast->args, ast->arg_count, &args, err));
    bool any_case = str_ends(ast->text, STR("ilike"));
    TRY(plan_operator(b, any_case ? "ilike" : "like", args, ast->arg_count, ast->position, out,
                      err));
    return str_starts(ast->text, STR("not")) ? make_not(b, *out, out, err) : ST_OK;
}

static status bind_case_args(struct plan_binder *b, const struct query_ast *ast,
                             struct query_expr **args, struct error *err)
{
    struct query_expr *subject = NULL;
    if (ast->subject)
        TRY(plan_bind(b, ast->subject, &subject, err));
    for (size_t i = 0; i + 1 < ast->arg_count; i += 2) {
        struct query_expr *when;
        TRY(plan_bind(b, ast->args[i], &when, err));
        if (subject)
            TRY(compare(b, "=", subject, when, ast->args[i]->position, &when, err));
        TRY(require_boolean(b, when, "CASE/WHEN", &args[i], err));
        TRY(plan_bind(b, ast->args[i + 1], &args[i + 1], err));
    }
    if (ast->otherwise)
        return plan_bind(b, ast->otherwise, &args[ast->arg_count], err);
    return plan_null(b, column_type_of(COLUMN_UNKNOWN), ast->position, &args[ast->arg_count], err);
}

static status bind_case(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                        struct error *err)
{
    struct query_expr *e, **results;
    size_t n = ast->arg_count / 2;
    TRY(plan_expr_new(b, QUERY_CASE, column_type_of(COLUMN_UNKNOWN), ast->position,
                      ast->arg_count + 1, &e, err));
    TRY(bind_case_args(b, ast, e->args, err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, n + 1, &results, err));
    results[0] = e->args[ast->arg_count]; /* PostgreSQL looks at ELSE first */
    for (size_t i = 0; i < n; i++)
        results[i + 1] = e->args[2 * i + 1];
    TRY(plan_common_type(results, n + 1, "CASE", &e->type, err));
    for (size_t i = 0; i <= n; i++) {
        struct query_expr **slot = &e->args[i < n ? 2 * i + 1 : ast->arg_count];
        TRY(plan_coerce(b, *slot, e->type, PLAN_CAST_IMPLICIT, slot, err));
    }
    *out = e;
    return plan_fold(b, out, err);
}

static status bind_subquery(struct plan_binder *b, const struct query_ast *ast,
                            struct query_expr **out, struct error *err)
{
    struct query_plan *p;
    TRY(plan_query(b, ast->select, &p, err));
    if (p->schema.count != 1)
        FAIL_SQL(err, ST_INVALID, "42601", ast->position, "subquery must return only one column");
    TRY(plan_finish(b->c, &p, err));
    TRY(plan_expr_new(b, QUERY_SUBQUERY, p->schema.fields[0].type, ast->position, 0, out, err));
    (*out)->plan = p;
    return ST_OK;
}

static status bind_operator(struct plan_binder *b, const struct query_ast *ast,
                            struct query_expr **out, struct error *err)
{
    struct query_expr **args;
    struct str name;
    TRY(bind_list(b, ast->args, ast->arg_count, &args, err));
    TRY(arena_str(b->c->arena, ast->text, &name, err));
    return plan_operator(b, name.ptr, args, ast->arg_count, ast->position, out, err);
}

static status bind_distinct_from(struct plan_binder *b, const struct query_ast *ast,
                                 struct query_expr **out, struct error *err)
{
    struct query_expr **args;
    TRY(bind_list(b, ast->args, 2, &args, err));
    return compare(
        b, ast->kind == QUERY_AST_DISTINCT_FROM ? "is distinct from" : "is not distinct from",
        args[0], args[1], ast->position, out, err);
}

static status bind_cast(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                        struct error *err)
{
    struct query_expr *arg;
    TRY(plan_bind(b, ast->args[0], &arg, err));
    if (arg->type.kind != COLUMN_UNKNOWN) /* errors point at the cast, as in PostgreSQL */
        TRY(plan_cast_context(arg->type.kind, ast->type.kind) == PLAN_CAST_NONE
                ? plan_fail_cast(arg->type, ast->type, ast->position, err)
                : ST_OK);
    TRY(plan_coerce(b, arg, ast->type, PLAN_CAST_EXPLICIT, out, err));
    return ST_OK;
}

static status bind_current(struct plan_binder *b, const struct query_ast *ast,
                           struct query_expr **out, struct error *err)
{
    for (size_t f = 0; f < QUERY_FN_COUNT; f++)
        if (str_eq_z(ast->text, query_functions[f].name))
            return plan_function(b, ast->text, NULL, 0, ast->position, out, err);
    FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position, "%.*s is not supported",
             STR_ARG(ast->text));
}

static status bind_node(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                        struct error *err)
{
    switch (ast->kind) {
    case QUERY_AST_COLUMN:
        return plan_bind_column(b, ast, out, err);
    case QUERY_AST_STAR:
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                 "* stands for the columns of a select list; here it is not supported");
    case QUERY_AST_NULL:
        return plan_null(b, column_type_of(COLUMN_UNKNOWN), ast->position, out, err);
    case QUERY_AST_BOOLEAN:
        return plan_boolean(b, ast->boolean, ast->position, out, err);
    case QUERY_AST_NUMBER:
        return plan_number(b, ast->text, ast->position, out, err);
    case QUERY_AST_STRING:
        return bind_string(b, ast, out, err);
    case QUERY_AST_OPERATOR:
        return bind_operator(b, ast, out, err);
    case QUERY_AST_AND:
    case QUERY_AST_OR:
        return bind_logic(b, ast, out, err);
    case QUERY_AST_NOT:
        return bind_not(b, ast, out, err);
    case QUERY_AST_IS:
        return bind_is(b, ast, out, err);
    case QUERY_AST_DISTINCT_FROM:
    case QUERY_AST_NOT_DISTINCT_FROM:
        return bind_distinct_from(b, ast, out, err);
    case QUERY_AST_IN:
        return bind_in(b, ast, out, err);
    case QUERY_AST_BETWEEN:
        return bind_between(b, ast, out, err);
    case QUERY_AST_LIKE:
        return bind_like(b, ast, out, err);
    case QUERY_AST_CASE:
        return bind_case(b, ast, out, err);
    case QUERY_AST_CALL:
        return plan_bind_call(b, ast, out, err);
    case QUERY_AST_CAST:
        return bind_cast(b, ast, out, err);
    case QUERY_AST_SUBQUERY:
        return bind_subquery(b, ast, out, err);
    case QUERY_AST_CURRENT:
        return bind_current(b, ast, out, err);
    }
    FAIL(err, ST_INTERNAL, "syntax tree node %d", (int)ast->kind);
}

status plan_bind(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                 struct error *err)
{
    bool guards =
        ast->kind == QUERY_AST_AND || ast->kind == QUERY_AST_OR || ast->kind == QUERY_AST_CASE;
    if (b->depth >= PLAN_MAX_DEPTH)
        FAIL_SQL(err, ST_LIMIT, "54001", ast->position, "expressions are nested more than %d deep",
                 PLAN_MAX_DEPTH);
    b->depth++;
    b->guard += guards;
    status st = bind_node(b, ast, out, err);
    b->guard -= guards;
    b->depth--;
    return st;
}

/* ---- constants ------------------------------------------------------------------------------- */

static void count_column(void *arg, int column)
{
    (void)column;
    ++*(size_t *)arg;
}

status plan_bind_constant(struct plan_binder *b, const struct query_ast *ast,
                          struct column_type want, const char *what, struct column_value *out,
                          struct error *err)
{
    struct query_expr *e;
    size_t columns = 0;
    TRY(plan_bind(b, ast, &e, err));
    query_expr_columns(e, count_column, &columns);
    if (columns > 0)
        FAIL_SQL(err, ST_INVALID, "42P10", ast->position,
                 "argument of %s must not contain variables", what);
    if (want.kind == COLUMN_UNKNOWN)
        TRY(plan_settle(b, e, &e, err));
    else
        TRY(plan_coerce(b, e, want, PLAN_CAST_ASSIGNMENT, &e, err));
    if (e->kind != QUERY_CONST)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position, "argument of %s must be a constant",
                 what);
    *out = e->value;
    return ST_OK;
}
