// SPDX-License-Identifier: Apache-2.0
/* plan_assign.c - INSERT and COPY: any rows to exactly the columns of a table.
 *
 * Values take PostgreSQL's assignment casts: numbers among each other (range is checked when it
 * runs), dates and timestamps, anything to text; text to a number needs a cast that is written. A
 * literal that was written without a type still becomes the column's (untyped, query_expr.h), so
 * that INSERT INTO t VALUES ('2025-01-14', '7') works as it does there. */
#include "plan/plan_int.h"

/* For each target column: which input column fills it, -1 = none. */
static status match_columns(const struct plan_context *c, const struct query_plan *input,
                            const struct column_schema *target, const struct query_name *names,
                            size_t name_count, int **out, struct error *err)
{
    size_t given = input->schema.count;
    TRY(ARENA_ARRAY(c->arena, int, target->count + 1, out, err));
    for (size_t i = 0; i < target->count; i++)
        (*out)[i] = name_count == 0 && i < given ? (int)i : -1;
    if (given > (name_count ? name_count : target->count))
        FAIL_SQL(err, ST_INVALID, "42601", 0, "INSERT has more expressions than target columns");
    if (name_count > given)
        FAIL_SQL(err, ST_INVALID, "42601", 0, "INSERT has more target columns than expressions");
    for (size_t i = 0; i < name_count; i++) {
        int at = plan_find_column(target, target->count, &names[i]);
        if (at < 0) {
            status st = error_set(err, at == -2 ? ST_INVALID : ST_NOT_FOUND, __FILE__, __LINE__,
                                  "column \"%.*s\" of the target table %s", STR_ARG(names[i].text),
                                  at == -2 ? "is ambiguous" : "does not exist");
            error_sqlstate(err, at == -2 ? "42702" : "42703");
            const struct column_field *near = column_schema_nearest(target, names[i].text);
            if (near)
                error_detail(err, "Perhaps you meant the column \"%.*s\".", STR_ARG(near->name));
            return st;
        }
        if ((*out)[at] >= 0)
            FAIL_SQL(err, ST_INVALID, "42701", 0, "column \"%.*s\" specified more than once",
                     STR_ARG(names[i].text));
        (*out)[at] = (int)i;
    }
    return ST_OK;
}

static status assign_value(struct plan_binder *b, struct query_expr *e,
                           const struct column_field *to, struct query_expr **out,
                           struct error *err)
{
    if (e->kind == QUERY_CONST && e->untyped) {
        struct query_expr *literal;
        TRY(plan_const(b, &e->value, e->position, &literal, err));
        literal->type = literal->value.type = column_type_of(COLUMN_UNKNOWN);
        e = literal;
    }
    if (e->type.kind != COLUMN_UNKNOWN &&
        plan_cast_context(e->type.kind, to->type.kind) < PLAN_CAST_ASSIGNMENT) {
        char want[64], have[64];
        status st = error_set(err, ST_INVALID, __FILE__, __LINE__,
                              "column \"%.*s\" is of type %s but expression is of type %s",
                              STR_ARG(to->name), column_type_name(to->type, want),
                              column_type_name(e->type, have));
        error_sqlstate(err, "42804");
        error_position(err, e->position);
        error_detail(err, "You will need to rewrite or cast the expression.");
        return st;
    }
    TRY_CONTEXT(plan_coerce(b, e, to->type, PLAN_CAST_ASSIGNMENT, out, err), err, "column \"%.*s\"",
                STR_ARG(to->name));
    if (to->required && (*out)->kind == QUERY_CONST && (*out)->value.null)
        FAIL_SQL(err, ST_INVALID, "23502", e->position,
                 "null value in column \"%.*s\" violates not-null constraint", STR_ARG(to->name));
    return ST_OK;
}

static status fill_value(struct plan_binder *b, const struct column_field *to,
                         struct query_expr **out, struct error *err)
{
    TRY(plan_expr_new(b, QUERY_CONST, to->fill->type, 0, 0, out, err));
    (*out)->value = *to->fill;
    return ST_OK;
}

/* Every value of one row; from[i] is the input column, `values` the input's expressions. */
static status assign_row(struct plan_binder *b, const struct column_schema *target, const int *from,
                         struct query_expr *const *values, struct query_expr **out,
                         struct error *err)
{
    for (size_t i = 0; i < target->count; i++) {
        struct query_expr *e;
        if (from[i] >= 0)
            e = values[from[i]];
        else if (target->fields[i].fill)
            TRY(fill_value(b, &target->fields[i], &e, err));
        else
            TRY(plan_null(b, column_type_of(COLUMN_UNKNOWN), 0, &e, err));
        TRY(assign_value(b, e, &target->fields[i], &out[i], err));
    }
    return ST_OK;
}

static status target_schema(const struct plan_context *c, const struct column_schema *target,
                            struct column_schema *out, struct error *err)
{
    out->count = target->count;
    TRY(ARENA_ARRAY(c->arena, struct column_field, target->count + 1, &out->fields, err));
    if (target->count)
        memcpy(out->fields, target->fields, target->count * sizeof(*target->fields));
    return ST_OK;
}

/* VALUES: each cell by itself, so that a literal is read as the column's type. */
static status assign_values(struct plan_binder *b, struct query_plan *input,
                            const struct column_schema *target, const int *from,
                            struct query_plan **out, struct error *err)
{
    struct query_plan *p;
    size_t rows = (size_t)input->values.rows;
    TRY(plan_node(b->c, QUERY_PLAN_VALUES, NULL, &p, err));
    TRY(target_schema(b->c, target, &p->schema, err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr **, rows + 1, &p->values.cells, err));
    p->values.rows = input->values.rows;
    for (size_t r = 0; r < rows; r++) {
        TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, target->count + 1, &p->values.cells[r],
                        err));
        TRY(assign_row(b, target, from, input->values.cells[r], p->values.cells[r], err));
    }
    *out = p;
    return ST_OK;
}

static status assign_project(struct plan_binder *b, struct query_plan *input,
                             const struct column_schema *target, const int *from,
                             struct query_plan **out, struct error *err)
{
    struct query_expr **values;
    struct query_plan *p;
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, input->schema.count + 1, &values, err));
    for (size_t i = 0; i < input->schema.count; i++) {
        const struct query_expr *below =
            input->kind == QUERY_PLAN_PROJECT ? input->project.values[i] : NULL;
        if (below && below->kind == QUERY_CONST) {
            values[i] = input->project.values[i];
            continue;
        }
        TRY(plan_expr_new(b, QUERY_COLUMN, input->schema.fields[i].type,
                          below ? below->position : 0, 0, &values[i], err));
        values[i]->column = (int)i;
    }
    TRY(plan_node(b->c, QUERY_PLAN_PROJECT, input, &p, err));
    TRY(target_schema(b->c, target, &p->schema, err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, target->count + 1, &p->project.values, err));
    TRY(assign_row(b, target, from, values, p->project.values, err));
    *out = p;
    return ST_OK;
}

status plan_assign(const struct plan_context *c, struct query_plan *input,
                   const struct column_schema *target, const struct query_name *names,
                   size_t name_count, struct query_plan **out, struct error *err)
{
    struct plan_binder b = {.c = c, .clause = "INSERT"};
    int *from;
    TRY(match_columns(c, input, target, names, name_count, &from, err));
    if (input->kind == QUERY_PLAN_VALUES)
        return assign_values(&b, input, target, from, out, err);
    return assign_project(&b, input, target, from, out, err);
}

/* VALUES (...), (...) and nothing else. */
static bool is_values(const struct query_select *s)
{
    return s->from.kind == QUERY_FROM_VALUES && s->target_count == 1 &&
           s->targets[0].value->kind == QUERY_AST_STAR && !s->distinct && !s->where && !s->having &&
           !s->limit && !s->offset && s->group_count == 0 && s->order_count == 0;
}

status plan_insert(const struct plan_context *c, const struct query_select *s,
                   const struct column_schema *target, const struct query_name *names,
                   size_t name_count, struct query_plan **out, struct error *err)
{
    struct plan_binder b = {.c = c};
    struct query_plan *rows;
    if (is_values(s))
        TRY(plan_values(&b, &s->from, &rows, err));
    else
        TRY(plan_select(c, s, &rows, err));
    return plan_assign(c, rows, target, names, name_count, out, err);
}
