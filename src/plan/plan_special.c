// SPDX-License-Identifier: Apache-2.0
/* plan_special.c - calls that are not just a row of query_functions.def: COALESCE and its kin,
 * named arguments of make_interval, casts written as calls, and where aggregates branch off. */
#include "plan/plan_int.h"

static status bind_args(struct plan_binder *b, const struct query_ast *ast,
                        struct query_expr ***out, struct error *err)
{
    struct query_expr **args;
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, ast->arg_count + 1, &args, err));
    for (size_t i = 0; i < ast->arg_count; i++)
        TRY(plan_bind(b, ast->args[i], &args[i], err));
    *out = args;
    return ST_OK;
}

/* ---- COALESCE, NULLIF, GREATEST, LEAST ------------------------------------------------------- */

static const struct special {
    const char *name, *shown;
    enum query_expr_kind kind;
    size_t min_args, max_args;
} specials[] = {
    {"coalesce", "COALESCE", QUERY_COALESCE, 1, SIZE_MAX},
    {"nullif", "NULLIF", QUERY_NULLIF, 2, 2},
    {"greatest", "GREATEST", QUERY_GREATEST, 1, SIZE_MAX},
    {"least", "LEAST", QUERY_LEAST, 1, SIZE_MAX},
};

/* COALESCE: NULL constants go, and what stands behind a non-NULL constant is never reached. */
static void trim_coalesce(struct query_expr *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->arg_count; i++) {
        const struct query_expr *a = e->args[i];
        if (a->kind == QUERY_CONST && a->value.null && (kept > 0 || i + 1 < e->arg_count))
            continue;
        e->args[kept++] = e->args[i];
        if (a->kind == QUERY_CONST)
            break;
    }
    e->arg_count = kept;
}

/* PostgreSQL compares integers, floats and dates across types without a cast of the first. */
static bool compares_as_is(struct column_type a, struct column_type b)
{
    return (column_type_is_integer(a) && column_type_is_integer(b)) ||
           (column_type_is_float(a) && column_type_is_number(b)) ||
           (plan_type_category(a.kind) == 'D' && plan_type_category(b.kind) == 'D');
}

/* NULLIF has the type of its first argument as "=" takes it. */
static status make_nullif(struct plan_binder *b, struct query_expr **args, int64_t position,
                          struct query_expr **out, struct error *err)
{
    struct query_expr *pair[2] = {args[0], args[1]}, *equal, *e;
    TRY(plan_operator(b, "=", pair, 2, position, &equal, err)); /* casts the pair */
    if (!compares_as_is(args[0]->type, args[1]->type))
        args[0] = pair[0];
    struct column_type t = args[0]->type;
    if (column_type_eq(t, pair[0]->type)) {
        TRY(plan_expr_new(b, QUERY_NULLIF, t, position, 2, &e, err));
        memcpy(e->args, pair, sizeof(pair));
    } else {
        TRY(plan_expr_new(b, QUERY_CASE, t, position, 3, &e, err));
        e->args[0] = equal;
        TRY(plan_null(b, t, position, &e->args[1], err));
        e->args[2] = args[0];
    }
    *out = e;
    return plan_fold(b, out, err);
}

static status bind_special(struct plan_binder *b, const struct query_ast *ast,
                           const struct special *s, struct query_expr **out, struct error *err)
{
    if (ast->arg_count < s->min_args || ast->arg_count > s->max_args)
        FAIL_SQL(err, ST_INVALID, "42601", ast->position, "%s with %zu arguments", s->shown,
                 ast->arg_count);
    struct query_expr **args, *e;
    b->guard += s->kind == QUERY_COALESCE;
    status st = bind_args(b, ast, &args, err);
    b->guard -= s->kind == QUERY_COALESCE;
    TRY(st);
    if (s->kind == QUERY_NULLIF)
        return make_nullif(b, args, ast->position, out, err);
    struct column_type t;
    TRY(plan_common_type(args, ast->arg_count, s->shown, &t, err));
    TRY(plan_expr_new(b, s->kind, t, ast->position, ast->arg_count, &e, err));
    for (size_t i = 0; i < ast->arg_count; i++)
        TRY(plan_coerce(b, args[i], t, PLAN_CAST_IMPLICIT, &e->args[i], err));
    if (s->kind == QUERY_COALESCE)
        trim_coalesce(e);
    *out = e->kind == QUERY_COALESCE && e->arg_count == 1 ? e->args[0] : e;
    return plan_fold(b, out, err);
}

/* ---- make_interval(days => 3) ---------------------------------------------------------------- */

static const char *const make_interval_names[] = {"years", "months", "weeks", "days",
                                                  "hours", "mins",   "secs"};

static status bind_make_interval(struct plan_binder *b, const struct query_ast *ast,
                                 struct query_expr **out, struct error *err)
{
    enum { COUNT = ARRAY_LEN(make_interval_names) };
    struct query_expr *args[COUNT] = {0};
    for (size_t i = 0; i < ast->arg_count; i++) {
        size_t at = i;
        if (ast->arg_names && ast->arg_names[i].text.len > 0)
            for (at = 0; at < COUNT; at++)
                if (str_eq_z(ast->arg_names[i].text, make_interval_names[at]))
                    break;
        if (at >= COUNT || args[at])
            FAIL_SQL(err, ST_INVALID, "42883", ast->args[i]->position,
                     "make_interval takes years, months, weeks, days, hours, mins and secs, each "
                     "once");
        TRY(plan_bind(b, ast->args[i], &args[at], err));
    }
    for (size_t i = 0; i < COUNT; i++)
        if (!args[i])
            TRY(plan_number(b, STR("0"), ast->position, &args[i], err));
    return plan_function(b, ast->text, args, COUNT, ast->position, out, err);
}

/* age(x) counts from today's midnight. */
static status bind_age(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                       struct error *err)
{
    struct query_expr *args[2];
    TRY(plan_function(b, STR("current_date"), NULL, 0, ast->position, &args[0], err));
    TRY(plan_bind(b, ast->args[0], &args[1], err));
    return plan_function(b, ast->text, args, 2, ast->position, out, err);
}

/* ---- casts written as calls: date(x), float8(x) ---------------------------------------------- */

static const struct type_call {
    const char *name;
    enum column_kind kind;
} type_calls[] = {
    {"bool", COLUMN_BOOLEAN},
    {"int2", COLUMN_SMALLINT},
    {"int4", COLUMN_INT},
    {"int8", COLUMN_BIGINT},
    {"float4", COLUMN_REAL},
    {"float8", COLUMN_DOUBLE},
    {"numeric", COLUMN_DECIMAL},
    {"date", COLUMN_DATE},
    {"timestamp", COLUMN_TIMESTAMP},
    {"timestamptz", COLUMN_TIMESTAMPTZ},
    {"text", COLUMN_TEXT},
    {"uuid", COLUMN_UUID},
};

static const struct type_call *find_type_call(const struct query_ast *ast)
{
    if (ast->arg_count != 1)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(type_calls); i++)
        if (str_eq_z(ast->text, type_calls[i].name))
            return &type_calls[i];
    return NULL;
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* pg_typeof: known here and now. */
static status bind_typeof(struct plan_binder *b, const struct query_ast *ast,
                          struct query_expr **out, struct error *err)
{
    struct query_expr *arg;
    struct str name;
    char text[64];
    TRY(plan_bind(b, ast->args[0], &arg, err));
    column_type_name(arg->type, text);
    text[strcspn(text, "(")] = 0;
    TRY(arena_str(b->c->arena, str_of(text), &name, err));
    struct column_value v = {.type = column_type_of(COLUMN_TEXT), .str = name};
    return plan_const(b, &v, ast->position, out, err);
}

static status check_plain(const struct query_ast *ast, struct error *err)
{
    const char *what = ast->distinct ? "DISTINCT" : ast->filter ? "FILTER" : NULL;
    if (what)
        FAIL_SQL(err, ST_INVALID, "42809", ast->position,
                 "%s specified, but %.*s is not an aggregate function", what, STR_ARG(ast->text));
    if (str_eq(ast->text, STR("read_csv")) || str_eq(ast->text, STR("read_parquet")) ||
        str_eq(ast->text, STR("sample_sales")))
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                 "%.*s gives rows and stands in FROM, not in an expression", STR_ARG(ast->text));
    for (size_t i = 0; ast->arg_names && i < ast->arg_count; i++)
        if (ast->arg_names[i].text.len > 0)
            FAIL_SQL(err, ST_INVALID, "42883", ast->position,
                     "function %.*s has no argument named \"%.*s\"", STR_ARG(ast->text),
                     STR_ARG(ast->arg_names[i].text));
    return ST_OK;
}

status plan_bind_call(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                      struct error *err)
{
    if (ast->name_count > 2 ||
        (ast->name_count == 2 && !str_eq(ast->names[0].text, STR("pg_catalog"))))
        FAIL_SQL(err, ST_INVALID, "3F000", ast->position,
                 "schema \"%.*s\" has no functions; firn's stand in pg_catalog",
                 STR_ARG(ast->names[0].text));
    if (plan_is_aggregate(ast->text))
        return plan_bind_aggregate(b, ast, out, err);
    if (str_eq(ast->text, STR("make_interval")))
        return bind_make_interval(b, ast, out, err);
    TRY(check_plain(ast, err));
    for (size_t i = 0; i < ARRAY_LEN(specials); i++)
        if (str_eq_z(ast->text, specials[i].name))
            return bind_special(b, ast, &specials[i], out, err);
    if (str_eq(ast->text, STR("pg_typeof")) && ast->arg_count == 1)
        return bind_typeof(b, ast, out, err);
    if (str_eq(ast->text, STR("age")) && ast->arg_count == 1)
        return bind_age(b, ast, out, err);
    struct query_expr **args;
    TRY(bind_args(b, ast, &args, err));
    const struct type_call *cast = find_type_call(ast);
    if (cast)
        return plan_coerce(b, args[0], column_type_of(cast->kind), PLAN_CAST_EXPLICIT, out, err);
    return plan_function(b, ast->text, args, ast->arg_count, ast->position, out, err);
}
