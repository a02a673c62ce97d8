// SPDX-License-Identifier: Apache-2.0
/* sql_call.c - function calls and casts.
 *
 * The grammar turns SQL's special forms into calls with PostgreSQL's argument order, and they stay
 * so: extract(year from d) is extract('year', d), position('a' in b) is position(b, 'a'), x AT TIME
 * ZONE z is timezone(z, x), trim(both c from x) is btrim(x, c). */
#include "sql/sql_int.h"

static status call_refuse(struct sql_source *s, const PgQuery__FuncCall *f, int64_t position,
                          struct error *err)
{
    if (f->over)
        return sql_refuse(err, position, "a window function (OVER)");
    if (f->agg_within_group)
        return sql_refuse(err, position, "WITHIN GROUP");
    if (f->n_agg_order)
        return sql_refuse(err, position, "ORDER BY in an aggregate");
    if (f->func_variadic)
        return sql_refuse(err, position, "VARIADIC");
    return ST_OK;
}

/* [schema.]function; pg_catalog, which the grammar itself writes, is left out. */
static status call_names(struct sql_source *s, const PgQuery__FuncCall *f, struct query_ast *a,
                         struct error *err)
{
    PgQuery__Node **names = f->funcname;
    size_t count = f->n_funcname;
    const char *schema;
    ENSURE(count > 0, err);
    TRY(sql_string_node(names[0], &schema, err));
    if (count == 2 && strcmp(schema, "pg_catalog") == 0) {
        names++;
        count--;
    }
    a->name_count = count;
    TRY(sql_names(s, names, count, &a->names, err));
    a->text = a->names[count - 1].text;
    return ST_OK;
}

static status call_args(struct sql_source *s, const PgQuery__FuncCall *f, struct query_ast *a,
                        struct error *err)
{
    for (size_t i = 0; i < f->n_args; i++) {
        if (f->args[i]->node_case != PG_QUERY__NODE__NODE_NAMED_ARG_EXPR) {
            if (a->arg_names)
                FAIL_SQL(err, ST_INVALID, "42601", sql_leftmost(s, f->args[i]),
                         "positional argument cannot follow named argument");
            TRY(sql_expression(s, f->args[i], &a->args[i], err));
            continue;
        }
        const PgQuery__NamedArgExpr *n = f->args[i]->named_arg_expr;
        if (!a->arg_names)
            TRY(ARENA_ARRAY(s->arena, struct query_name, f->n_args, &a->arg_names, err));
        TRY(sql_name(s, n->name, &a->arg_names[i], err));
        for (size_t k = 0; k < i; k++)
            if (str_eq(a->arg_names[k].text, a->arg_names[i].text))
                FAIL_SQL(err, ST_INVALID, "42601", sql_position(s, n->location),
                         "argument name \"%.*s\" used more than once",
                         STR_ARG(a->arg_names[i].text));
        TRY(sql_expression(s, n->arg, &a->args[i], err));
    }
    return ST_OK;
}

status sql_call(struct sql_source *s, const PgQuery__FuncCall *f, struct query_ast **out,
                struct error *err)
{
    int64_t position = sql_position(s, f->location);
    TRY(call_refuse(s, f, position, err));
    TRY(sql_ast(s, QUERY_AST_CALL, position, f->n_args, out, err));
    struct query_ast *a = *out;
    a->star = f->agg_star;
    a->distinct = f->agg_distinct;
    TRY(call_names(s, f, a, err));
    TRY(call_args(s, f, a, err));
    return f->agg_filter ? sql_expression(s, f->agg_filter, &a->filter, err) : ST_OK;
}

/* ---- casts ----------------------------------------------------------------------------------- */

/* INTERVAL '7' DAY: the grammar keeps the unit as a bit mask (PostgreSQL's datetime.h). With one
 * unit and a plain number the literal is '7 day'; other combinations are refused by sql_type. */
static const char *interval_unit(const PgQuery__TypeName *t)
{
    static const struct {
        int mask;
        const char *unit;
    } units[] = {{1 << 2, "year"},  {1 << 1, "month"},   {1 << 3, "day"},
                 {1 << 10, "hour"}, {1 << 11, "minute"}, {1 << 12, "second"}};
    if (t->n_names != 2 || t->n_typmods != 1 || t->n_array_bounds || t->setof)
        return NULL;
    const PgQuery__Node *name = t->names[1], *mask = t->typmods[0];
    if (name->node_case != PG_QUERY__NODE__NODE_STRING ||
        strcmp(name->string->sval, "interval") != 0 ||
        mask->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        mask->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (units[i].mask == mask->a_const->ival->ival)
            return units[i].unit;
    return NULL;
}

static bool interval_is_number(const char *z)
{
    z += *z == '-' || *z == '+';
    size_t digits = strspn(z, "0123456789");
    return digits > 0 && z[digits] == 0;
}

/* The grammar gives a typed literal (DATE '2025-01-14') a cast without a location. */
static bool cast_is_literal(const PgQuery__TypeCast *c)
{
    return c->location < 0 && c->arg->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           c->arg->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL && !c->arg->a_const->isnull;
}

status sql_cast(struct sql_source *s, const PgQuery__TypeCast *c, struct query_ast **out,
                struct error *err)
{
    ENSURE(c->arg && c->type_name, err);
    bool literal = cast_is_literal(c);
    int64_t position = sql_position(s, c->location >= 0 ? c->location : c->type_name->location);
    if (position == 0) /* made by the grammar, as in substring(a FOR 2) */
        position = sql_leftmost(s, c->arg);
    TRY(sql_ast(s, QUERY_AST_CAST, position, 1, out, err));
    struct query_ast *a = *out;
    a->boolean = literal;
    TRY(sql_expression(s, c->arg, &a->args[0], err));
    const char *unit = literal ? interval_unit(c->type_name) : NULL;
    if (unit && interval_is_number(c->arg->a_const->sval->sval)) {
        a->type = column_type_of(COLUMN_INTERVAL);
        return arena_printf(s->arena, &a->args[0]->text, err, "%s %s", c->arg->a_const->sval->sval,
                            unit);
    }
    TRY(sql_type(s, c->type_name, &a->type, err));
    if (a->type.kind == COLUMN_DECIMAL && c->type_name->n_typmods == 0)
        a->type = column_type_of(COLUMN_DECIMAL); /* plan gives it the digits of the value */
    return ST_OK;
}
