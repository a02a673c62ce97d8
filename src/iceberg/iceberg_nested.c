// SPDX-License-Identifier: Apache-2.0
/* iceberg_nested.c - structs, lists and maps of a schema: JSON to a tree, and the columns that come
 * of it (spec "Nested Types", appendix C).
 *
 *     a: struct<b: int, c: list<..>>   ->   a.b integer, a.c text
 *
 * The JSON text stays beside the tree: it is what is written back, with all that firn does not know.
 * jansson has bounded the nesting, so recursion is bounded, too. */
#include "iceberg/iceberg_int.h"

/* ---- JSON to a tree -------------------------------------------------------------------------- */

static status parse_node(struct arena *arena, const json_t *type, struct column_node *out,
                         struct error *err);

static status parse_leaf(const json_t *type, struct column_node *out, struct error *err)
{
    if (!json_is_string(type))
        FAIL(err, ST_CORRUPT, "nested field %d has no type", out->field_id);
    struct str text = {json_string_value(type), json_string_length(type)};
    out->type = column_type_of(COLUMN_UNKNOWN);
    return iceberg_type_is_later(text) ? ST_OK : iceberg_type_parse(text, &out->type, err);
}

static status parse_struct(struct arena *arena, const json_t *type, struct column_node *out,
                           struct error *err)
{
    const json_t *fields;
    TRY(jsontext_get_array(type, "fields", true, &fields, err));
    out->kind = COLUMN_NODE_STRUCT;
    out->count = json_array_size(fields);
    TRY(ARENA_ARRAY(arena, struct column_node, out->count, &out->children, err));
    for (size_t i = 0; i < out->count; i++) {
        const json_t *field = json_array_get(fields, i);
        struct column_node *child = &out->children[i];
        *child = (struct column_node){0};
        TRY(jsontext_get_int(field, "id", &child->field_id, err));
        TRY(jsontext_get_str(arena, field, "name", &child->name, err));
        TRY(jsontext_get_bool(field, "required", &child->required, err));
        TRY(parse_node(arena, json_object_get(field, "type"), child, err));
        const json_t *initial = json_object_get(field, "initial-default");
        if (initial && !json_is_null(initial) && child->kind == COLUMN_NODE_LEAF)
            child->type = column_type_of(COLUMN_UNKNOWN); /* defaults inside structs are not read */
    }
    return ST_OK;
}

/* One part of a list or map: `what` is "element", "key" or "value". */
static status parse_part(struct arena *arena, const json_t *type, const char *what,
                         struct column_node *out, struct error *err)
{
    char key[32];
    bool required = true; /* keys */
    *out = (struct column_node){0};
    snprintf(key, sizeof(key), "%s-id", what);
    TRY(jsontext_get_int(type, key, &out->field_id, err));
    snprintf(key, sizeof(key), "%s-required", what);
    if (json_object_get(type, key))
        TRY(jsontext_get_bool(type, key, &required, err));
    out->required = required;
    return parse_node(arena, json_object_get(type, what), out, err);
}

static status parse_node(struct arena *arena, const json_t *type, struct column_node *out,
                         struct error *err)
{
    const char *kind = json_string_value(json_object_get(type, "type"));
    if (!json_is_object(type))
        return parse_leaf(type, out, err);
    if (kind && strcmp(kind, "struct") == 0)
        return parse_struct(arena, type, out, err);
    bool map = kind && strcmp(kind, "map") == 0;
    if (!map && !(kind && strcmp(kind, "list") == 0))
        FAIL(err, ST_CORRUPT, "nested type of field %d is no struct, list or map", out->field_id);
    out->kind = map ? COLUMN_NODE_MAP : COLUMN_NODE_LIST;
    out->count = map ? 2 : 1;
    TRY(ARENA_ARRAY(arena, struct column_node, out->count, &out->children, err));
    TRY(parse_part(arena, type, map ? "key" : "element", &out->children[0], err));
    return map ? parse_part(arena, type, "value", &out->children[1], err) : ST_OK;
}

status iceberg_nested_parse(struct arena *arena, const json_t *type, struct iceberg_field *field,
                            struct error *err)
{
    struct column_node *node;
    TRY(ARENA_NEW(arena, struct column_node, &node, err));
    node->name = field->name;
    node->field_id = field->id;
    node->required = field->required;
    TRY(parse_node(arena, type, node, err));
    field->nested = true;
    field->node = node;
    return jsontext_dump(arena, type, &field->type_json, err);
}

size_t iceberg_nested_ids(const struct column_node *n, int32_t *out)
{
    size_t count = 1;
    if (out)
        out[0] = n->field_id;
    for (size_t i = 0; i < n->count; i++)
        count += iceberg_nested_ids(&n->children[i], out ? out + count : NULL);
    return count;
}

/* ---- look-ups -------------------------------------------------------------------------------- */

/* Through structs only: columns, partition sources and metrics never lie inside lists or maps. */
static const struct column_node *find_node(const struct column_node *n, int32_t id)
{
    const struct column_node *found = n->field_id == id ? n : NULL;
    for (size_t i = 0; n->kind == COLUMN_NODE_STRUCT && i < n->count && !found; i++)
        found = find_node(&n->children[i], id);
    return found;
}

static const struct column_node *nested_by_id(const struct iceberg_schema *s, int32_t id)
{
    const struct column_node *found = NULL;
    for (size_t i = 0; i < s->count && !found; i++)
        if (s->fields[i].node)
            found = find_node(s->fields[i].node, id);
    return found;
}

bool iceberg_leaf_type(const struct iceberg_schema *s, int32_t id, struct column_type *out)
{
    const struct iceberg_field *f = iceberg_field_by_id(s, id);
    if (f && !f->nested && !f->unread) {
        *out = f->type;
        return true;
    }
    const struct column_node *n = nested_by_id(s, id);
    if (!n || n->kind != COLUMN_NODE_LEAF || n->type.kind == COLUMN_UNKNOWN)
        return false;
    *out = n->type;
    return true;
}

bool iceberg_source_type(const struct iceberg_table *t, int32_t id, struct column_type *out)
{
    bool found = iceberg_leaf_type(iceberg_current_schema(t), id, out);
    for (size_t i = t->schema_count; i > 0 && !found; i--)
        found = iceberg_leaf_type(&t->schemas[i - 1], id, out);
    return found;
}

const struct column_node *iceberg_schema_nested(const struct iceberg_schema *s, int32_t id)
{
    const struct column_node *n = nested_by_id(s, id);
    return n && (n->kind == COLUMN_NODE_LIST || n->kind == COLUMN_NODE_MAP) ? n : NULL;
}

bool iceberg_schema_is_flat(const struct iceberg_schema *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->fields[i].nested || s->fields[i].unread)
            return false;
    return true;
}

/* ---- columns --------------------------------------------------------------------------------- */

struct columns {
    struct arena *arena; /* borrowed */
    struct column_schema *out;
    size_t capacity;
};

static bool is_known(const struct column_node *n)
{
    bool known = n->kind != COLUMN_NODE_LEAF || n->type.kind != COLUMN_UNKNOWN;
    for (size_t i = 0; i < n->count && known; i++)
        known = is_known(&n->children[i]);
    return known;
}

/* The columns of one field; `path` is the struct's and a dot, or empty. */
static status add_columns(struct columns *c, const struct column_node *n, struct str path,
                          struct str doc, bool required, struct error *err)
{
    struct str name;
    TRY(arena_printf(c->arena, &name, err, "%.*s%.*s", STR_ARG(path), STR_ARG(n->name)));
    required = required && n->required;
    if (n->kind == COLUMN_NODE_STRUCT) {
        TRY(arena_printf(c->arena, &path, err, "%.*s.", STR_ARG(name)));
        for (size_t i = 0; i < n->count; i++)
            TRY(add_columns(c, &n->children[i], path, STR(""), required, err));
        return ST_OK;
    }
    bool leaf = n->kind == COLUMN_NODE_LEAF;
    if (!is_known(n))
        return ST_OK;
    TRY(arena_grow(c->arena, (void **)&c->out->fields, sizeof(*c->out->fields), &c->capacity,
                   c->out->count + 1, err));
    struct column_field *to = &c->out->fields[c->out->count++];
    *to = (struct column_field){.name = name,
                                .type = leaf ? n->type : column_type_of(COLUMN_TEXT),
                                .field_id = n->field_id,
                                .required = required};
    return arena_str(c->arena, doc, &to->doc, err);
}

status iceberg_schema_columns(const struct iceberg_schema *s, struct arena *arena,
                              struct column_schema *out, struct error *err)
{
    struct columns c = {arena, out, s->count};
    out->count = 0;
    TRY(ARENA_ARRAY(arena, struct column_field, s->count, &out->fields, err));
    for (size_t i = 0; i < s->count; i++) {
        const struct iceberg_field *f = &s->fields[i];
        struct column_node plain = {
            .name = f->name, .field_id = f->id, .required = f->required, .type = f->type};
        if (f->unread || (f->nested && !f->node)) /* the latter: a schema that was not parsed */
            continue;
        size_t at = out->count;
        TRY(add_columns(&c, f->nested ? f->node : &plain, STR(""), f->doc, true, err));
        if (!f->nested)
            out->fields[at].fill = f->write.value;
    }
    return ST_OK;
}

/* The schema a column is looked up in: `first`, else the current one, else the newest that has it. */
static const struct iceberg_schema *schema_with(const struct iceberg_table *t,
                                                const struct iceberg_schema *first, int32_t id)
{
    struct column_type type;
    if (iceberg_leaf_type(first, id, &type))
        return first;
    if (iceberg_leaf_type(iceberg_current_schema(t), id, &type))
        return iceberg_current_schema(t);
    for (size_t i = t->schema_count; i > 0; i--)
        if (iceberg_leaf_type(&t->schemas[i - 1], id, &type))
            return &t->schemas[i - 1];
    return NULL;
}

status iceberg_column_ever(const struct iceberg_table *t, const struct iceberg_schema *first,
                           int32_t id, struct arena *arena, const struct column_field **out,
                           struct error *err)
{
    const struct iceberg_schema *s = schema_with(t, first, id);
    struct column_schema columns = {0};
    *out = NULL;
    if (s)
        TRY(iceberg_schema_columns(s, arena, &columns, err));
    for (size_t i = 0; i < columns.count && !*out; i++)
        if (columns.fields[i].field_id == id)
            *out = &columns.fields[i];
    return ST_OK;
}
