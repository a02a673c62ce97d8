// SPDX-License-Identifier: Apache-2.0
/* plan_target.c - the SELECT list: stars, output names, and what ORDER BY 2 or GROUP BY day mean.
 *
 * Output names are PostgreSQL's (FigureColname): the column, the function, else the name of a
 * cast's type, else "case", else "?column?". */
#include "plan/plan_int.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* PostgreSQL's internal names, which is what a cast's column is called. */
static const char *const type_names[COLUMN_KIND_COUNT] = {
    [COLUMN_BOOLEAN] = "bool",
    [COLUMN_SMALLINT] = "int2",
    [COLUMN_INT] = "int4",
    [COLUMN_BIGINT] = "int8",
    [COLUMN_REAL] = "float4",
    [COLUMN_DOUBLE] = "float8",
    [COLUMN_DECIMAL] = "numeric",
    [COLUMN_DATE] = "date",
    [COLUMN_TIME] = "time",
    [COLUMN_TIMESTAMP] = "timestamp",
    [COLUMN_TIMESTAMPTZ] = "timestamptz",
    [COLUMN_TEXT] = "text",
    [COLUMN_UUID] = "uuid",
    [COLUMN_BINARY] = "bytea",
    [COLUMN_FIXED] = "fixed",
    [COLUMN_INTERVAL] = "interval",
    [COLUMN_UNKNOWN] = "?column?",
};

/* strength 2: a name the person wrote; 1: a stand-in that a cast's type replaces; 0: none. */
static int figure_name(const struct query_ast *ast, struct str *out)
{
    switch (ast->kind) {
    case QUERY_AST_COLUMN:
        *out = ast->names[ast->name_count - 1].text;
        return 2;
    case QUERY_AST_CALL:
    case QUERY_AST_CURRENT:
        *out = ast->text;
        return 2;
    case QUERY_AST_CAST:
        if (figure_name(ast->args[0], out) == 2)
            return 2;
        *out = str_of(type_names[ast->type.kind]);
        return 1;
    case QUERY_AST_BOOLEAN:
        *out = STR("bool");
        return 1;
    case QUERY_AST_CASE:
        if (ast->otherwise && figure_name(ast->otherwise, out) == 2)
            return 2;
        *out = STR("case");
        return 1;
    case QUERY_AST_SUBQUERY:
        if (ast->select->target_count != 1)
            return 0;
        if (ast->select->targets[0].alias.text.len > 0)
            *out = ast->select->targets[0].alias.text;
        else if (figure_name(ast->select->targets[0].value, out) == 0)
            *out = STR("?column?");
        return 2;
    default:
        return 0;
    }
}

struct str plan_output_name(const struct query_ast *ast)
{
    struct str name;
    return figure_name(ast, &name) > 0 ? name : STR("?column?");
}

/* ---- the list -------------------------------------------------------------------------------- */

status plan_target_add(struct plan_binder *b, struct plan_targets *t, struct plan_target item,
                       struct error *err)
{
    TRY(arena_grow(b->c->arena, (void **)&t->items, sizeof(*t->items), &t->capacity, t->count + 1,
                   err));
    t->items[t->count++] = item;
    return ST_OK;
}

static status add_star(struct plan_binder *b, const struct query_ast *star,
                       struct plan_targets *out, struct error *err)
{
    const struct plan_scope *s = b->scope;
    if (!s->input && star->name_count == 0)
        FAIL_SQL(err, ST_INVALID, "42601", star->position,
                 "SELECT * with no tables specified is not valid");
    if (!plan_qualifier_fits(s, star->names, star->name_count))
        return plan_fail_qualifier(s, star->names, star->name_count, star->position, err);
    for (size_t i = 0; i < s->visible; i++) {
        struct plan_target t = {.name = s->input->schema.fields[i].name};
        TRY(plan_column(b, s, i, star->position, &t.value, err));
        TRY(plan_target_add(b, out, t, err));
    }
    return ST_OK;
}

status plan_targets_bind(struct plan_binder *b, const struct query_select *s,
                         struct plan_targets *out, struct error *err)
{
    *out = (struct plan_targets){0};
    for (size_t i = 0; i < s->target_count; i++) {
        const struct query_target *from = &s->targets[i];
        if (from->value->kind == QUERY_AST_STAR) {
            TRY(add_star(b, from->value, out, err));
            continue;
        }
        struct plan_target t = {.ast = from->value, .name = from->alias.text};
        if (t.name.len == 0)
            t.name = plan_output_name(from->value);
        TRY(plan_bind(b, from->value, &t.value, err));
        TRY(plan_settle(b, t.value, &t.value, err));
        TRY(plan_target_add(b, out, t, err));
    }
    out->shown = out->count;
    return ST_OK;
}

/* ---- references to it ------------------------------------------------------------------------ */

static bool is_position(const struct query_ast *item, int64_t *out)
{
    if (item->kind != QUERY_AST_NUMBER)
        return false;
    int64_t n = 0;
    for (size_t i = 0; i < item->text.len; i++) {
        char c = item->text.ptr[i];
        if (c < '0' || c > '9')
            return i == 0 && c == '-' ? (*out = -1, true) : false;
        n = n > 100000 ? n : n * 10 + (c - '0');
    }
    *out = n;
    return true;
}

static bool is_constant(const struct query_ast *item)
{
    return item->kind == QUERY_AST_STRING || item->kind == QUERY_AST_NULL ||
           item->kind == QUERY_AST_NUMBER;
}

/* By output name; equal expressions under one name are one. */
static status find_name(const struct plan_targets *t, const struct query_ast *item,
                        const char *clause, int *out, struct error *err)
{
    const struct query_name *name = &item->names[0];
    for (size_t i = 0; i < t->shown; i++) {
        struct str have = t->items[i].name;
        if (name->quoted ? !str_eq(have, name->text) : !str_eq_nocase(have, name->text))
            continue;
        if (*out >= 0 && !query_expr_eq(t->items[*out].value, t->items[i].value)) {
            /* ignoring case is a courtesy: an exact match wins over it */
            bool old = str_eq(t->items[*out].name, name->text), new = str_eq(have, name->text);
            if (old == new)
                FAIL_SQL(err, ST_INVALID, "42702", item->position, "%s \"%.*s\" is ambiguous",
                         clause, STR_ARG(name->text));
            if (old)
                continue;
        }
        *out = (int)i;
    }
    return ST_OK;
}

status plan_target_find(struct plan_binder *b, const struct plan_targets *t,
                        const struct query_ast *item, int *out, struct error *err)
{
    int64_t position;
    *out = -1;
    if (is_position(item, &position)) {
        if (position < 1 || position > (int64_t)t->shown)
            FAIL_SQL(err, ST_INVALID, "42P10", item->position,
                     "%s position %.*s is not in select list", b->clause, STR_ARG(item->text));
        *out = (int)position - 1;
        return ST_OK;
    }
    if (is_constant(item))
        FAIL_SQL(err, ST_INVALID, "42601", item->position, "non-integer constant in %s", b->clause);
    if (item->kind != QUERY_AST_COLUMN || item->name_count != 1)
        return ST_OK;
    /* GROUP BY: a column of the input comes before an output name; ORDER BY: after it. */
    if (strcmp(b->clause, "GROUP BY") == 0 && b->scope->input &&
        plan_find_column(&b->scope->input->schema, b->scope->visible, &item->names[0]) >= 0)
        return ST_OK;
    return find_name(t, item, b->clause, out, err);
}
