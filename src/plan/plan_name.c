// SPDX-License-Identifier: Apache-2.0
/* plan_name.c - column references to columns of the scope.
 *
 * A quoted name matches exactly. An unquoted one (folded to lower case by the parser) matches
 * exactly, else the only column that is equal when ASCII case is ignored, so that files written by
 * engines that keep case need no quotes. Qualifiers follow the same rule. */
#include "plan/plan_int.h"

static bool name_is(const struct query_name *name, struct str text)
{
    return name->quoted ? str_eq(name->text, text) : str_eq_nocase(name->text, text);
}

int plan_find_column(const struct column_schema *s, size_t count, const struct query_name *name)
{
    int exact = -1, near = -1;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(s->fields[i].name, name->text))
            exact = exact == -1 ? (int)i : -2;
        else if (!name->quoted && str_eq_nocase(s->fields[i].name, name->text))
            near = near == -1 ? (int)i : -2;
    }
    return exact != -1 ? exact : near;
}

bool plan_qualifier_fits(const struct plan_scope *s, const struct query_name *names, size_t count)
{
    if (count == 0)
        return true;
    if (s->name.len == 0 || !name_is(&names[count - 1], s->name))
        return false;
    return count == 1 || (s->schema_name.len > 0 && name_is(&names[count - 2], s->schema_name));
}

status plan_fail_qualifier(const struct plan_scope *s, const struct query_name *names, size_t count,
                           int64_t position, struct error *err)
{
    struct str table = names[count - 1].text;
    if (s && s->table && s->schema_name.len == 0 && s->name.len > 0) {
        /* FROM t AS a, and the table's own name is used. */
        struct str full = s->table->name;
        if (str_ends(full, table) &&
            (full.len == table.len || full.ptr[full.len - table.len - 1] == '.')) {
            status st = error_set(err, ST_NOT_FOUND, __FILE__, __LINE__,
                                  "invalid reference to FROM-clause entry for table \"%.*s\"",
                                  STR_ARG(table));
            error_sqlstate(err, "42P01");
            error_position(err, position);
            error_detail(err, "Perhaps you meant to reference the table alias \"%.*s\".",
                         STR_ARG(s->name));
            return st;
        }
    }
    FAIL_SQL(err, ST_NOT_FOUND, "42P01", position, "missing FROM-clause entry for table \"%.*s\"",
             STR_ARG(table));
}

status plan_column(struct plan_binder *b, const struct plan_scope *s, size_t i, int64_t position,
                   struct query_expr **out, struct error *err)
{
    TRY(plan_expr_new(b, QUERY_COLUMN, s->input->schema.fields[i].type, position, 0, out, err));
    (*out)->column = (int)i;
    return ST_OK;
}

/* Structs are no columns, but their parts are: say so instead of "does not exist". */
static const struct column_field *part_of(const struct plan_scope *s, const struct query_name *name)
{
    for (size_t i = 0; s && s->input && i < s->visible; i++) {
        const struct column_field *f = &s->input->schema.fields[i];
        struct str head = {f->name.ptr, name->text.len};
        if (f->name.len > head.len && f->name.ptr[head.len] == '.' && name_is(name, head))
            return f;
    }
    return NULL;
}

/* A column of a type that is not known, or a list or map with such a part. */
static const struct iceberg_field *nested_field(const struct plan_scope *s,
                                                const struct query_name *name)
{
    if (!s || !s->table || !s->table->schema)
        return NULL;
    for (size_t i = 0; i < s->table->schema->count; i++) {
        const struct iceberg_field *f = &s->table->schema->fields[i];
        if ((f->nested || f->unread) && name_is(name, f->name))
            return f;
    }
    return NULL;
}

/* names[0] is a struct and the others lead into it: what they lead to, else NULL. */
static const struct column_node *member(const struct plan_scope *s, const struct query_name *names,
                                        size_t count)
{
    const struct iceberg_field *f = nested_field(s, &names[0]);
    const struct column_node *n = f ? f->node : NULL;
    for (size_t i = 1; n && i < count; i++) {
        const struct column_node *in = NULL;
        for (size_t k = 0; n->kind == COLUMN_NODE_STRUCT && k < n->count && !in; k++)
            in = name_is(&names[i], n->children[k].name) ? &n->children[k] : NULL;
        n = in;
    }
    return n;
}

/* A member of a struct that is in the table but no column. */
static status fail_member(const struct plan_scope *s, const struct query_ast *ast,
                          struct error *err)
{
    for (size_t at = 0; at + 1 < ast->name_count; at++) {
        const struct column_node *n = member(s, ast->names + at, ast->name_count - at);
        if (n && plan_qualifier_fits(s, ast->names, at))
            FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                     n->kind == COLUMN_NODE_STRUCT
                         ? "column \"%.*s\" is a struct: name its parts"
                         : "column \"%.*s\" is of an unknown type, or has a default value inside a "
                           "struct, which is not supported",
                     STR_ARG(n->name));
    }
    return ST_OK;
}

/* A file's column that cannot be read. */
static const struct query_unread *unread_column(const struct plan_scope *s,
                                                const struct query_name *name)
{
    if (!s || !s->input || s->input->kind != QUERY_PLAN_FILES)
        return NULL;
    for (size_t i = 0; i < s->input->files.unread_count; i++)
        if (name_is(name, s->input->files.unread[i].name))
            return &s->input->files.unread[i];
    return NULL;
}

static status fail_missing(const struct plan_scope *s, const struct query_ast *ast,
                           struct error *err)
{
    const struct query_name *name = &ast->names[ast->name_count - 1];
    const struct query_unread *unread = unread_column(s, name);
    if (unread)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position, "column \"%.*s\" cannot be read: %s",
                 STR_ARG(name->text), unread->why);
    const struct column_field *part = part_of(s, name);
    if (part)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                 "column \"%.*s\" is a struct: name its parts, such as %.*s", STR_ARG(name->text),
                 STR_ARG(part->name));
    const struct iceberg_field *f = nested_field(s, name);
    if (f)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                 "column \"%.*s\" is %s%.*s, which is not supported", STR_ARG(name->text),
                 f->nested ? "nested with a part of an unknown type" : "of type ",
                 f->nested ? 0 : (int)f->type_json.len, f->type_json.ptr);
    status st;
    if (ast->name_count > 1)
        st = error_set(err, ST_NOT_FOUND, __FILE__, __LINE__, "column %.*s.%.*s does not exist",
                       STR_ARG(ast->names[ast->name_count - 2].text), STR_ARG(name->text));
    else
        st = error_set(err, ST_NOT_FOUND, __FILE__, __LINE__, "column \"%.*s\" does not exist",
                       STR_ARG(name->text));
    error_sqlstate(err, "42703");
    error_position(err, ast->position);
    if (!s || !s->input)
        return st;
    struct column_schema visible = {.count = s->visible, .fields = s->input->schema.fields};
    const struct column_field *near = column_schema_nearest(&visible, name->text);
    if (near)
        error_detail(err, "Perhaps you meant the column \"%.*s\".", STR_ARG(near->name));
    return st;
}

/* Found in an enclosing query: a correlated subquery. */
static status fail_correlated(const struct plan_scope *s, const struct query_ast *ast,
                              struct error *err)
{
    const struct query_name *name = &ast->names[ast->name_count - 1];
    for (; s; s = s->outer)
        if (s->input && plan_qualifier_fits(s, ast->names, ast->name_count - 1) &&
            plan_find_column(&s->input->schema, s->visible, name) >= 0)
            FAIL_SQL(err, ST_UNSUPPORTED, "0A000", ast->position,
                     "column \"%.*s\" belongs to the enclosing query: correlated subqueries are "
                     "not supported",
                     STR_ARG(name->text));
    return ST_OK;
}

/* names[0 .. count) as one name: the part b of a struct a is the column "a.b". */
static status join_names(struct arena *arena, const struct query_name *names, size_t count,
                         struct query_name *out, struct error *err)
{
    *out = names[0];
    for (size_t i = 1; i < count; i++) {
        TRY(arena_printf(arena, &out->text, err, "%.*s.%.*s", STR_ARG(out->text),
                         STR_ARG(names[i].text)));
        out->quoted |= names[i].quoted;
    }
    return ST_OK;
}

/* Index of the column, -1, -2. In a.b, a may be the table or, where it is not, a struct. */
static status find_column(const struct plan_binder *b, const struct query_ast *ast, int *out,
                          struct error *err)
{
    const struct plan_scope *s = b->scope;
    *out = -1;
    for (size_t parts = 1; s && s->input && parts <= ast->name_count && *out == -1; parts++) {
        size_t qualifiers = ast->name_count - parts;
        struct query_name name;
        if (!plan_qualifier_fits(s, ast->names, qualifiers))
            continue;
        TRY(join_names(b->c->arena, ast->names + qualifiers, parts, &name, err));
        *out = plan_find_column(&s->input->schema, s->visible, &name);
    }
    return ST_OK;
}

status plan_bind_column(struct plan_binder *b, const struct query_ast *ast, struct query_expr **out,
                        struct error *err)
{
    const struct plan_scope *s = b->scope;
    const struct query_name *name = &ast->names[ast->name_count - 1];
    bool fits = s && s->input && plan_qualifier_fits(s, ast->names, ast->name_count - 1);
    int i;
    TRY(find_column(b, ast, &i, err));
    if (i == -2)
        FAIL_SQL(err, ST_INVALID, "42702", ast->position, "column reference \"%.*s\" is ambiguous",
                 STR_ARG(name->text));
    if (i >= 0)
        return plan_column(b, s, (size_t)i, ast->position, out, err);
    if (s)
        TRY(fail_correlated(s->outer, ast, err));
    TRY(fail_member(s, ast, err));
    if (!fits && ast->name_count > 1 && !part_of(s, &ast->names[0]))
        return plan_fail_qualifier(s, ast->names, ast->name_count - 1, ast->position, err);
    return fail_missing(s, ast, err);
}
