// SPDX-License-Identifier: Apache-2.0
/* sql_expression.c - expression nodes to struct query_ast. Calls and casts are in sql_call.c. */
#include "sql/sql_int.h"

status sql_ast(struct sql_source *s, enum query_ast_kind kind, int64_t position, size_t arg_count,
               struct query_ast **out, struct error *err)
{
    TRY(ARENA_NEW(s->arena, struct query_ast, out, err));
    (*out)->kind = kind;
    (*out)->position = position;
    (*out)->arg_count = arg_count;
    if (arg_count)
        TRY(ARENA_ARRAY(s->arena, struct query_ast *, arg_count, &(*out)->args, err));
    return ST_OK;
}

status sql_expressions(struct sql_source *s, PgQuery__Node **nodes, size_t count,
                       struct query_ast **out, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        TRY(sql_expression(s, nodes[i], &out[i], err));
    return ST_OK;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static status expr_constant(struct sql_source *s, const PgQuery__AConst *c, struct query_ast **out,
                            struct error *err)
{
    TRY(sql_ast(s, QUERY_AST_NULL, sql_position(s, c->location), 0, out, err));
    struct query_ast *a = *out;
    if (c->isnull)
        return ST_OK;
    switch (c->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        a->kind = QUERY_AST_NUMBER;
        return arena_printf(s->arena, &a->text, err, "%d", c->ival->ival);
    case PG_QUERY__A__CONST__VAL_FVAL:
        a->kind = QUERY_AST_NUMBER;
        return sql_text(s, c->fval->fval, &a->text, err);
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        a->kind = QUERY_AST_BOOLEAN;
        a->boolean = c->boolval->boolval;
        return ST_OK;
    case PG_QUERY__A__CONST__VAL_SVAL:
        a->kind = QUERY_AST_STRING;
        return sql_string_const(s, c, &a->text, err);
    default:
        return sql_refuse(err, a->position, "a bit string");
    }
}

static status expr_column(struct sql_source *s, const PgQuery__ColumnRef *c, struct query_ast **out,
                          struct error *err)
{
    TRY(sql_ast(s, QUERY_AST_COLUMN, sql_position(s, c->location), 0, out, err));
    struct query_ast *a = *out;
    size_t count = c->n_fields;
    ENSURE(count > 0, err);
    if (c->fields[count - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
        a->kind = QUERY_AST_STAR;
        count--;
    }
    if (a->kind == QUERY_AST_STAR && count > 2)
        FAIL_SQL(err, ST_INVALID, "42601", a->position,
                 "improper qualified name (at most schema.table.*)");
    for (size_t i = 0; i < count; i++) /* (row).* and the like never come here */
        ENSURE(c->fields[i]->node_case == PG_QUERY__NODE__NODE_STRING, err);
    a->name_count = count;
    return sql_names(s, c->fields, count, &a->names, err);
}

static status expr_current(struct sql_source *s, const PgQuery__SQLValueFunction *f,
                           struct query_ast **out, struct error *err)
{
    static const char *const names[] = {
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE] = "current_date",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME] = "current_time",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N] = "current_time(n)",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP] = "current_timestamp",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N] = "current_timestamp(n)",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME] = "localtime",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N] = "localtime(n)",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP] = "localtimestamp",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N] = "localtimestamp(n)",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE] = "current_role",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER] = "current_user",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER] = "user",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER] = "session_user",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG] = "current_catalog",
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA] = "current_schema",
    };
    ENSURE((size_t)f->op < ARRAY_LEN(names) && names[f->op], err);
    int64_t position = sql_position(s, f->location);
    if (f->op != PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE &&
        f->op != PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP &&
        f->op != PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP)
        return sql_refuse(err, position, "%s", names[f->op]);
    TRY(sql_ast(s, QUERY_AST_CURRENT, position, 0, out, err));
    (*out)->text = str_of(names[f->op]);
    return ST_OK;
}

/* ---- operators ------------------------------------------------------------------------------- */

/* The operator's symbol; OPERATOR(pg_catalog.+) is +. */
static status operator_name(struct sql_source *s, const PgQuery__AExpr *e, struct str *out,
                            struct error *err)
{
    const char *z;
    if (e->n_name == 2) {
        TRY(sql_string_node(e->name[0], &z, err));
        if (strcmp(z, "pg_catalog") != 0)
            return sql_refuse(err, sql_position(s, e->location), "an operator of schema %s", z);
    } else {
        ENSURE(e->n_name == 1, err);
    }
    TRY(sql_string_node(e->name[e->n_name - 1], &z, err));
    return sql_text(s, z, out, err);
}

static status expr_operator(struct sql_source *s, const PgQuery__AExpr *e, struct query_ast **out,
                            struct error *err)
{
    size_t count = e->lexpr && e->rexpr ? 2 : 1;
    TRY(sql_ast(s, QUERY_AST_OPERATOR, sql_position(s, e->location), count, out, err));
    TRY(operator_name(s, e, &(*out)->text, err));
    if (e->lexpr)
        TRY(sql_expression(s, e->lexpr, &(*out)->args[0], err));
    return sql_expression(s, e->rexpr, &(*out)->args[count - 1], err);
}

static status expr_pair(struct sql_source *s, enum query_ast_kind kind, const char *text,
                        const PgQuery__AExpr *e, struct query_ast **out, struct error *err)
{
    TRY(sql_ast(s, kind, sql_position(s, e->location), 2, out, err));
    (*out)->text = str_of(text);
    TRY(sql_expression(s, e->lexpr, &(*out)->args[0], err));
    return sql_expression(s, e->rexpr, &(*out)->args[1], err);
}

/* args[0] of IN and BETWEEN from the left, the rest from a list on the right. */
static status expr_with_list(struct sql_source *s, enum query_ast_kind kind,
                             const PgQuery__AExpr *e, struct query_ast **out, struct error *err)
{
    ENSURE(e->rexpr && e->rexpr->node_case == PG_QUERY__NODE__NODE_LIST, err);
    const PgQuery__List *list = e->rexpr->list;
    TRY(sql_ast(s, kind, sql_position(s, e->location), 1 + list->n_items, out, err));
    TRY(sql_expression(s, e->lexpr, &(*out)->args[0], err));
    return sql_expressions(s, list->items, list->n_items, (*out)->args + 1, err);
}

static status expr_in(struct sql_source *s, const PgQuery__AExpr *e, struct query_ast **out,
                      struct error *err)
{
    struct str name;
    TRY(operator_name(s, e, &name, err));
    TRY(expr_with_list(s, QUERY_AST_IN, e, out, err));
    (*out)->boolean = str_eq_z(name, "<>");
    return ST_OK;
}

static status expr_between(struct sql_source *s, const PgQuery__AExpr *e, const char *text,
                           struct query_ast **out, struct error *err)
{
    TRY(expr_with_list(s, QUERY_AST_BETWEEN, e, out, err));
    ENSURE((*out)->arg_count == 3, err);
    (*out)->text = str_of(text);
    return ST_OK;
}

/* The grammar writes x LIKE p ESCAPE e as x ~~ like_escape(p, e). */
static const PgQuery__FuncCall *like_escape_call(const PgQuery__Node *pattern)
{
    if (!pattern || pattern->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return NULL;
    const PgQuery__FuncCall *f = pattern->func_call;
    if (f->n_funcname != 2 || f->n_args != 2 ||
        f->funcname[1]->node_case != PG_QUERY__NODE__NODE_STRING ||
        strcmp(f->funcname[1]->string->sval, "like_escape") != 0)
        return NULL;
    return f;
}

static status expr_like(struct sql_source *s, const PgQuery__AExpr *e, bool any_case,
                        struct query_ast **out, struct error *err)
{
    struct str name;
    TRY(operator_name(s, e, &name, err));
    bool negated = name.len && name.ptr[0] == '!';
    const PgQuery__FuncCall *escape = like_escape_call(e->rexpr);
    TRY(sql_ast(s, QUERY_AST_LIKE, sql_position(s, e->location), escape ? 3 : 2, out, err));
    (*out)->text = str_of(any_case  ? negated ? "not ilike" : "ilike"
                          : negated ? "not like"
                                    : "like");
    TRY(sql_expression(s, e->lexpr, &(*out)->args[0], err));
    if (escape)
        return sql_expressions(s, escape->args, 2, (*out)->args + 1, err);
    return sql_expression(s, e->rexpr, &(*out)->args[1], err);
}

static status expr_nullif(struct sql_source *s, const PgQuery__AExpr *e, struct query_ast **out,
                          struct error *err)
{
    TRY(expr_pair(s, QUERY_AST_CALL, "nullif", e, out, err));
    (*out)->name_count = 1;
    TRY(ARENA_NEW(s->arena, struct query_name, &(*out)->names, err));
    (*out)->names[0].text = (*out)->text;
    return ST_OK;
}

static status expr_a_expr(struct sql_source *s, const PgQuery__AExpr *e, struct query_ast **out,
                          struct error *err)
{
    switch (e->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        return expr_operator(s, e, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
        return expr_pair(s, QUERY_AST_DISTINCT_FROM, NULL, e, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return expr_pair(s, QUERY_AST_NOT_DISTINCT_FROM, NULL, e, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
        return expr_nullif(s, e, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        return expr_in(s, e, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
        return expr_like(s, e, false, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
        return expr_like(s, e, true, out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
        return expr_between(s, e, "between", out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
        return expr_between(s, e, "not between", out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
        return expr_between(s, e, "between symmetric", out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
        return expr_between(s, e, "not between symmetric", out, err);
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
        return sql_refuse(err, sql_position(s, e->location), "SIMILAR TO");
    default:
        return sql_refuse(err, sql_position(s, e->location), "ANY or ALL of an array");
    }
}

static status expr_boolean(struct sql_source *s, const PgQuery__BoolExpr *b, struct query_ast **out,
                           struct error *err)
{
    enum query_ast_kind kind = b->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR  ? QUERY_AST_AND
                               : b->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR ? QUERY_AST_OR
                                                                                : QUERY_AST_NOT;
    TRY(sql_ast(s, kind, sql_position(s, b->location), b->n_args, out, err));
    return sql_expressions(s, b->args, b->n_args, (*out)->args, err);
}

/* ---- tests and CASE -------------------------------------------------------------------------- */

static status expr_is(struct sql_source *s, const PgQuery__Node *arg, const char *text,
                      int location, struct query_ast **out, struct error *err)
{
    TRY(sql_ast(s, QUERY_AST_IS, sql_position(s, location), 1, out, err));
    (*out)->text = str_of(text);
    return sql_expression(s, arg, &(*out)->args[0], err);
}

static status expr_boolean_test(struct sql_source *s, const PgQuery__BooleanTest *t,
                                struct query_ast **out, struct error *err)
{
    static const char *const texts[] = {
        [PG_QUERY__BOOL_TEST_TYPE__IS_TRUE] = "true",
        [PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE] = "not true",
        [PG_QUERY__BOOL_TEST_TYPE__IS_FALSE] = "false",
        [PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE] = "not false",
        [PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN] = "unknown",
        [PG_QUERY__BOOL_TEST_TYPE__IS_NOT_UNKNOWN] = "not unknown",
    };
    ENSURE((size_t)t->booltesttype < ARRAY_LEN(texts) && texts[t->booltesttype], err);
    return expr_is(s, t->arg, texts[t->booltesttype], t->location, out, err);
}

static status expr_case(struct sql_source *s, const PgQuery__CaseExpr *c, struct query_ast **out,
                        struct error *err)
{
    TRY(sql_ast(s, QUERY_AST_CASE, sql_position(s, c->location), 2 * c->n_args, out, err));
    struct query_ast *a = *out;
    if (c->arg)
        TRY(sql_expression(s, c->arg, &a->subject, err));
    for (size_t i = 0; i < c->n_args; i++) {
        ENSURE(c->args[i]->node_case == PG_QUERY__NODE__NODE_CASE_WHEN, err);
        TRY(sql_expression(s, c->args[i]->case_when->expr, &a->args[2 * i], err));
        TRY(sql_expression(s, c->args[i]->case_when->result, &a->args[2 * i + 1], err));
    }
    return c->defresult ? sql_expression(s, c->defresult, &a->otherwise, err) : ST_OK;
}

/* coalesce, greatest, least: keywords in the grammar, functions here. */
static status expr_variadic(struct sql_source *s, const char *name, PgQuery__Node **args,
                            size_t count, int location, struct query_ast **out, struct error *err)
{
    TRY(sql_ast(s, QUERY_AST_CALL, sql_position(s, location), count, out, err));
    (*out)->text = str_of(name);
    (*out)->name_count = 1;
    TRY(ARENA_NEW(s->arena, struct query_name, &(*out)->names, err));
    (*out)->names[0].text = (*out)->text;
    return sql_expressions(s, args, count, (*out)->args, err);
}

static status expr_subquery(struct sql_source *s, const PgQuery__SubLink *l, struct query_ast **out,
                            struct error *err)
{
    int64_t position = sql_position(s, l->location);
    switch (l->sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK:
        break;
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
        return sql_refuse(err, position, "EXISTS (SELECT ...)");
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
        return sql_refuse(err, position, l->n_oper_name ? "ANY (SELECT ...)" : "IN (SELECT ...)");
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK:
        return sql_refuse(err, position, "ALL (SELECT ...)");
    default:
        return sql_refuse(err, position, "this kind of subquery");
    }
    ENSURE(l->subselect && l->subselect->node_case == PG_QUERY__NODE__NODE_SELECT_STMT, err);
    TRY(sql_ast(s, QUERY_AST_SUBQUERY, position, 0, out, err));
    return sql_select(s, l->subselect->select_stmt, position, &(*out)->select, err);
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static status expr_refuse(struct sql_source *s, const PgQuery__Node *node, struct error *err)
{
    static const struct {
        PgQuery__Node__NodeCase kind;
        const char *name;
    } names[] = {
        {PG_QUERY__NODE__NODE_PARAM_REF, "a parameter ($1)"},
        {PG_QUERY__NODE__NODE_ROW_EXPR, "a row of several values"},
        {PG_QUERY__NODE__NODE_A_ARRAY_EXPR, "ARRAY[...]"},
        {PG_QUERY__NODE__NODE_A_INDIRECTION, "a subscript or a field of a value"},
        {PG_QUERY__NODE__NODE_COLLATE_CLAUSE, "COLLATE"},
        {PG_QUERY__NODE__NODE_GROUPING_FUNC, "GROUPING()"},
        {PG_QUERY__NODE__NODE_GROUPING_SET, "GROUPING SETS, ROLLUP, CUBE or GROUP BY ()"},
        {PG_QUERY__NODE__NODE_SET_TO_DEFAULT, "DEFAULT as a value"},
        {PG_QUERY__NODE__NODE_CURRENT_OF_EXPR, "CURRENT OF"},
        {PG_QUERY__NODE__NODE_XML_EXPR, "an XML function"},
        {PG_QUERY__NODE__NODE_XML_SERIALIZE, "an XML function"},
        {PG_QUERY__NODE__NODE_NAMED_ARG_EXPR, "a named argument here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (node->node_case == names[i].kind)
            return sql_refuse(err, sql_leftmost(s, node), "%s", names[i].name);
    return sql_refuse(err, sql_leftmost(s, node), "this expression");
}

status sql_expression(struct sql_source *s, const PgQuery__Node *node, struct query_ast **out,
                      struct error *err)
{
    ENSURE(node, err);
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST:
        return expr_constant(s, node->a_const, out, err);
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return expr_column(s, node->column_ref, out, err);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return expr_a_expr(s, node->a_expr, out, err);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return expr_boolean(s, node->bool_expr, out, err);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return sql_call(s, node->func_call, out, err);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return sql_cast(s, node->type_cast, out, err);
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return expr_is(s, node->null_test->arg,
                       node->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL
                           ? "null"
                           : "not null",
                       node->null_test->location, out, err);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return expr_boolean_test(s, node->boolean_test, out, err);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return expr_case(s, node->case_expr, out, err);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return expr_variadic(s, "coalesce", node->coalesce_expr->args, node->coalesce_expr->n_args,
                             node->coalesce_expr->location, out, err);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return expr_variadic(
            s, node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? "least" : "greatest",
            node->min_max_expr->args, node->min_max_expr->n_args, node->min_max_expr->location, out,
            err);
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return expr_subquery(s, node->sub_link, out, err);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return expr_current(s, node->sqlvalue_function, out, err);
    default:
        return expr_refuse(s, node, err);
    }
}
