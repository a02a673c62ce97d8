// SPDX-License-Identifier: Apache-2.0
/* plan_check.c - well-formedness of plans, written from the headers of query alone. */
#include "plan_check.h"

#include <string.h>

#define TRY_CHECK(call)                                                                            \
    do {                                                                                           \
        const char *fault_ = (call);                                                               \
        if (fault_)                                                                                \
            return fault_;                                                                         \
    } while (0)
#define REQUIRE(cond)                                                                              \
    do {                                                                                           \
        if (!(cond))                                                                               \
            return #cond;                                                                          \
    } while (0)

static const char *check_expr(const struct query_expr *e, const struct column_schema *in);

static bool letter_fits(char letter, struct column_type t)
{
    static const struct {
        char letter;
        enum column_kind kind;
    } letters[] = {{'b', COLUMN_BOOLEAN},     {'i', COLUMN_INT},     {'l', COLUMN_BIGINT},
                   {'f', COLUMN_REAL},        {'d', COLUMN_DOUBLE},  {'n', COLUMN_DECIMAL},
                   {'D', COLUMN_DATE},        {'T', COLUMN_TIME},    {'P', COLUMN_TIMESTAMP},
                   {'Z', COLUMN_TIMESTAMPTZ}, {'t', COLUMN_TEXT},    {'u', COLUMN_UUID},
                   {'y', COLUMN_BINARY},      {'I', COLUMN_INTERVAL}};
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (letters[i].letter == letter)
            return t.kind == letters[i].kind;
    return letter == '*' || letter == 'a';
}

static const char *check_call(const struct query_expr *e)
{
    REQUIRE((unsigned)e->function < QUERY_FN_COUNT);
    const struct query_function_row *row = &query_functions[e->function];
    size_t n = strlen(row->args), at = 0;
    const struct query_expr *any = NULL;
    for (size_t i = 0; i < e->arg_count; i++) {
        REQUIRE(at < n);
        REQUIRE(letter_fits(row->args[at], e->args[i]->type));
        if (row->args[at] == 'a') {
            REQUIRE(!any || column_type_eq(any->type, e->args[i]->type));
            any = e->args[i];
        }
        at += !(at + 1 < n && row->args[at + 1] == '+');
    }
    REQUIRE(at == n || (at + 2 == n && row->args[at + 1] == '+'));
    REQUIRE(letter_fits(row->result, e->type));
    return NULL;
}

static const char *check_same_type(const struct query_expr *e, size_t from, struct column_type t)
{
    for (size_t i = from; i < e->arg_count; i++)
        REQUIRE(column_type_eq(e->args[i]->type, t));
    return NULL;
}

static const char *check_case(const struct query_expr *e)
{
    REQUIRE(e->arg_count >= 3 && e->arg_count % 2 == 1);
    for (size_t i = 0; i < e->arg_count; i++) {
        bool when = i % 2 == 0 && i + 1 < e->arg_count;
        REQUIRE(column_type_eq(e->args[i]->type, when ? column_type_of(COLUMN_BOOLEAN) : e->type));
    }
    return NULL;
}

static const char *check_kind(const struct query_expr *e, const struct column_schema *in)
{
    switch (e->kind) {
    case QUERY_CONST:
        REQUIRE(e->arg_count == 0 && column_type_eq(e->value.type, e->type));
        return NULL;
    case QUERY_COLUMN:
        REQUIRE(e->column >= 0 && in && (size_t)e->column < in->count);
        REQUIRE(column_type_eq(e->type, in->fields[e->column].type));
        return NULL;
    case QUERY_CALL:
        return check_call(e);
    case QUERY_CAST:
        REQUIRE(e->arg_count == 1);
        return NULL;
    case QUERY_AND:
    case QUERY_OR:
        REQUIRE(e->arg_count >= 2 && e->type.kind == COLUMN_BOOLEAN);
        return check_same_type(e, 0, e->type);
    case QUERY_CASE:
        return check_case(e);
    case QUERY_COALESCE:
    case QUERY_GREATEST:
    case QUERY_LEAST:
        REQUIRE(e->arg_count >= 1);
        return check_same_type(e, 0, e->type);
    case QUERY_NULLIF:
        REQUIRE(e->arg_count == 2);
        return check_same_type(e, 0, e->type);
    case QUERY_IN:
        REQUIRE(e->arg_count >= 2 && e->type.kind == COLUMN_BOOLEAN);
        return check_same_type(e, 1, e->args[0]->type);
    case QUERY_SUBQUERY:
        REQUIRE(e->plan && e->plan->schema.count == 1 && e->arg_count == 0);
        REQUIRE(column_type_eq(e->plan->schema.fields[0].type, e->type));
        return plan_check(e->plan);
    }
    return "an expression of unknown kind";
}

static const char *check_type(struct column_type t)
{
    REQUIRE(t.kind != COLUMN_UNKNOWN && t.kind < COLUMN_KIND_COUNT);
    REQUIRE(t.kind != COLUMN_DECIMAL || (t.precision >= 1 && t.precision <= 38));
    REQUIRE(t.kind != COLUMN_DECIMAL || t.scale <= t.precision);
    return NULL;
}

static const char *check_expr(const struct query_expr *e, const struct column_schema *in)
{
    TRY_CHECK(check_type(e->type));
    for (size_t i = 0; i < e->arg_count; i++)
        TRY_CHECK(check_expr(e->args[i], in));
    return check_kind(e, in);
}

static const char *check_boolean(const struct query_expr *e, const struct column_schema *in)
{
    REQUIRE(e->type.kind == COLUMN_BOOLEAN);
    return check_expr(e, in);
}

static const char *check_aggregate(const struct query_plan *p)
{
    const struct column_schema *in = &p->input->schema;
    size_t keys = p->aggregate.key_count;
    REQUIRE(p->schema.count == keys + p->aggregate.out_count);
    REQUIRE(p->schema.count > 0 || !p->aggregate.grand_total);
    for (size_t i = 0; i < keys; i++) {
        TRY_CHECK(check_expr(p->aggregate.keys[i], in));
        REQUIRE(column_type_eq(p->aggregate.keys[i]->type, p->schema.fields[i].type));
    }
    for (size_t i = 0; i < p->aggregate.arg_count; i++) {
        const struct query_agg_arg *a = &p->aggregate.args[i];
        REQUIRE(!a->value || !a->stored);
        if (a->value)
            TRY_CHECK(check_expr(a->value, in));
        if (a->filter)
            TRY_CHECK(check_boolean(a->filter, in));
        if (a->stored) {
            TRY_CHECK(check_expr(a->stored->s1, in));
            TRY_CHECK(check_expr(a->stored->rest, in));
            TRY_CHECK(check_expr(a->stored->more, in));
            REQUIRE(a->stored->s1->type.kind == COLUMN_DOUBLE);
            REQUIRE(a->stored->rest->type.kind == COLUMN_DOUBLE);
            REQUIRE(a->stored->more->type.kind == COLUMN_BINARY);
        }
    }
    for (size_t i = 0; i < p->aggregate.out_count; i++) {
        const struct query_agg_out *o = &p->aggregate.outs[i];
        REQUIRE(o->arg >= 0 && (size_t)o->arg < p->aggregate.arg_count);
        REQUIRE((o->kind == QUERY_AGG_COUNT_STAR) ==
                (!p->aggregate.args[o->arg].value && !p->aggregate.args[o->arg].stored));
        REQUIRE(column_type_eq(o->type, p->schema.fields[keys + i].type));
    }
    return NULL;
}

static const char *check_pass(const struct query_plan *p)
{
    REQUIRE(p->schema.count == p->input->schema.count);
    for (size_t i = 0; i < p->schema.count; i++)
        REQUIRE(column_type_eq(p->schema.fields[i].type, p->input->schema.fields[i].type));
    return NULL;
}

static const char *check_values(const struct query_plan *p)
{
    for (int64_t r = 0; r < p->values.rows; r++)
        for (size_t i = 0; i < p->schema.count; i++) {
            TRY_CHECK(check_expr(p->values.cells[r][i], NULL));
            REQUIRE(column_type_eq(p->values.cells[r][i]->type, p->schema.fields[i].type));
        }
    return NULL;
}

static const char *check_node(const struct query_plan *p)
{
    switch (p->kind) {
    case QUERY_PLAN_SCAN:
        for (size_t i = 0; i < p->schema.count; i++)
            REQUIRE(p->scan.field_ids[i] > 0);
        REQUIRE(p->scan.files && p->scan.pred);
        return NULL;
    case QUERY_PLAN_FILES:
    case QUERY_PLAN_SAMPLE:
        return NULL;
    case QUERY_PLAN_VALUES:
        return check_values(p);
    case QUERY_PLAN_FILTER:
        TRY_CHECK(check_pass(p));
        return check_boolean(p->filter.predicate, &p->input->schema);
    case QUERY_PLAN_PROJECT:
        for (size_t i = 0; i < p->schema.count; i++) {
            TRY_CHECK(check_expr(p->project.values[i], &p->input->schema));
            REQUIRE(column_type_eq(p->project.values[i]->type, p->schema.fields[i].type));
        }
        return NULL;
    case QUERY_PLAN_AGGREGATE:
        return check_aggregate(p);
    case QUERY_PLAN_SORT:
        for (size_t i = 0; i < p->sort.count; i++)
            TRY_CHECK(check_expr(p->sort.keys[i].value, &p->input->schema));
        return check_pass(p);
    case QUERY_PLAN_HELD:
    case QUERY_PLAN_MERGE:
        return "a node that no SELECT makes";
    case QUERY_PLAN_LIMIT:
        REQUIRE(p->limit.limit >= -1 && p->limit.offset >= 0);
        return check_pass(p);
    }
    return "a plan node of unknown kind";
}

const char *plan_check(const struct query_plan *p)
{
    for (; p; p = p->input) {
        bool source = p->kind == QUERY_PLAN_SCAN || p->kind == QUERY_PLAN_FILES ||
                      p->kind == QUERY_PLAN_VALUES || p->kind == QUERY_PLAN_SAMPLE;
        REQUIRE(source == !p->input);
        for (size_t i = 0; i < p->schema.count; i++)
            TRY_CHECK(check_type(p->schema.fields[i].type));
        TRY_CHECK(check_node(p));
    }
    return NULL;
}
