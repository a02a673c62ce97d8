// SPDX-License-Identifier: Apache-2.0
/* avro_schema.c - the writer's schema: JSON text to a tree (Avro 1.11, "Schema Declaration").
 *
 * Stands at the head of a container: avro_reader.c parses the text once, then every record is
 * walked by the tree. The attributes Iceberg hides in schemas (field-id, element-id, ...) are kept,
 * which is the reason for a parser of our own.
 *
 * Typical: 2 to 8 KiB of text, about 100 nodes, depth 6.
 *
 * V1  the tree has no cycles: a type that contains itself is refused, so a walk always ends
 * V2  nodes counts the tree as if shared types were copied, and is at most AVRO_NODES_MAX, so the
 *     walk of one record costs no more than that plus the bytes it reads
 * V3  min_bytes is the size of the smallest encoding; with fixed_bytes it is the only one */
#include "avro/avro.h"

#include "base/jsontext.h"

#define TEXT_MAX_BYTES  (4u << 20)
#define DEPTH_MAX       64u
#define JSON_MEM_FACTOR 32u /* a value of two bytes ("1,") takes about 40 in jansson */

struct named_type {
    struct str full_name;
    struct avro_schema *schema;
    bool complete; /* false while its fields are being parsed (V1) */
};

struct parser {
    struct arena *arena;
    size_t count, capacity;
    struct named_type *types; /* in <arena> */
    uint32_t parsed;          /* nodes made so far */
};

static status parse_node(struct parser *p, const json_t *json, struct str space, unsigned depth,
                         struct avro_schema **out, struct error *err);

static struct str json_str(const json_t *json)
{
    return (struct str){json_string_value(json), json_string_length(json)};
}

/* "Names": a dotted name is full; a plain one stands in the namespace around it. */
static status full_name(struct parser *p, struct str name, struct str space, struct str *out,
                        struct error *err)
{
    if (space.len == 0 || memchr(name.ptr, '.', name.len))
        return arena_str(p->arena, name, out, err);
    return arena_printf(p->arena, out, err, "%.*s.%.*s", STR_ARG(space), STR_ARG(name));
}

static struct named_type *find_type(struct parser *p, struct str name)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_eq(p->types[i].full_name, name))
            return &p->types[i];
    return NULL;
}

static status declare_type(struct parser *p, struct avro_schema *s, struct str space, size_t *index,
                           struct error *err)
{
    struct str name;
    TRY(full_name(p, s->name, space, &name, err));
    if (find_type(p, name))
        FAIL(err, ST_CORRUPT, "avro type %.*s is declared twice", STR_ARG(name));
    TRY(arena_grow(p->arena, (void **)&p->types, sizeof(*p->types), &p->capacity, p->count + 1,
                   err));
    *index = p->count++;
    p->types[*index] = (struct named_type){.full_name = name, .schema = s};
    return ST_OK;
}

static const struct {
    const char *name;
    enum avro_kind kind;
    uint8_t min_bytes;
    bool fixed_bytes;
} primitives[] = {
    {"null", AVRO_NULL, 0, true},    {"boolean", AVRO_BOOLEAN, 1, true},
    {"int", AVRO_INT, 1, false},     {"long", AVRO_LONG, 1, false},
    {"float", AVRO_FLOAT, 4, true},  {"double", AVRO_DOUBLE, 8, true},
    {"bytes", AVRO_BYTES, 1, false}, {"string", AVRO_STRING, 1, false},
};

static bool set_primitive(struct avro_schema *s, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(primitives); i++)
        if (str_eq_z(name, primitives[i].name)) {
            s->kind = primitives[i].kind;
            s->min_bytes = primitives[i].min_bytes;
            s->fixed_bytes = primitives[i].fixed_bytes;
            return true;
        }
    return false;
}

/* An optional integer attribute. An id that is no int32 would name another field: refused. */
static status int_attribute(const json_t *json, const char *key, int32_t absent, int32_t *out,
                            struct error *err)
{
    const json_t *v = json_object_get(json, key);
    *out = absent;
    if (!v)
        return ST_OK;
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > INT32_MAX)
        FAIL(err, ST_CORRUPT, "avro attribute %s is not an integer of 0 to 2147483647", key);
    *out = (int32_t)json_integer_value(v);
    return ST_OK;
}

static status parse_attributes(struct parser *p, const json_t *json, struct avro_schema *s,
                               struct error *err)
{
    int32_t precision, scale;
    TRY(int_attribute(json, "element-id", -1, &s->element_id, err));
    TRY(int_attribute(json, "key-id", -1, &s->key_id, err));
    TRY(int_attribute(json, "value-id", -1, &s->value_id, err));
    TRY(int_attribute(json, "precision", 0, &precision, err));
    TRY(int_attribute(json, "scale", 0, &scale, err));
    s->precision = (uint32_t)precision;
    s->scale = (uint32_t)scale;
    s->adjust_to_utc = json_is_true(json_object_get(json, "adjust-to-utc"));
    const json_t *logical = json_object_get(json, "logicalType");
    if (json_is_string(logical))
        TRY(arena_str(p->arena, json_str(logical), &s->logical_type, err));
    return ST_OK;
}

/* V2, V3: what a child adds to its parent. Saturating, so a tree that doubles at each level is
 * found without being walked. */
static status add_child(struct avro_schema *s, const struct avro_schema *child, struct error *err)
{
    s->nodes += child->nodes;
    if (s->nodes > AVRO_NODES_MAX)
        FAIL(err, ST_LIMIT, "avro schema has more than %u nodes", AVRO_NODES_MAX);
    return ST_OK;
}

static status parse_field(struct parser *p, const json_t *json, struct str space, unsigned depth,
                          struct avro_field *out, struct error *err)
{
    const json_t *name = json_object_get(json, "name"), *type = json_object_get(json, "type");
    if (!json_is_string(name) || !type)
        FAIL(err, ST_CORRUPT, "avro record field without name or type");
    TRY(arena_str(p->arena, json_str(name), &out->name, err));
    TRY(int_attribute(json, "field-id", -1, &out->field_id, err));
    TRY_CONTEXT(parse_node(p, type, space, depth + 1, &out->schema, err), err, "avro field %.*s",
                STR_ARG(out->name));
    if (out->schema->kind == AVRO_NULL)
        FAIL(err, ST_UNSUPPORTED, "avro field %.*s of type null", STR_ARG(out->name));
    return ST_OK;
}

static status parse_record(struct parser *p, const json_t *json, struct str space, unsigned depth,
                           struct avro_schema *s, struct error *err)
{
    const json_t *fields = json_object_get(json, "fields");
    if (!json_is_array(fields))
        FAIL(err, ST_CORRUPT, "avro record %.*s has no fields", STR_ARG(s->name));
    s->count = json_array_size(fields);
    TRY(ARENA_ARRAY(p->arena, struct avro_field, s->count, &s->fields, err));
    s->fixed_bytes = true;
    for (size_t i = 0; i < s->count; i++) {
        TRY(parse_field(p, json_array_get(fields, i), space, depth, &s->fields[i], err));
        const struct avro_schema *child = s->fields[i].schema;
        TRY(add_child(s, child, err));
        s->min_bytes += child->min_bytes;
        s->fixed_bytes = s->fixed_bytes && child->fixed_bytes;
    }
    return ST_OK;
}

static status parse_enum(struct parser *p, const json_t *json, struct avro_schema *s,
                         struct error *err)
{
    const json_t *symbols = json_object_get(json, "symbols");
    if (!json_is_array(symbols) || json_array_size(symbols) == 0)
        FAIL(err, ST_CORRUPT, "avro enum %.*s has no symbols", STR_ARG(s->name));
    s->count = json_array_size(symbols);
    s->min_bytes = 1;
    TRY(ARENA_ARRAY(p->arena, struct str, s->count, &s->symbols, err));
    for (size_t i = 0; i < s->count; i++) {
        const json_t *symbol = json_array_get(symbols, i);
        if (!json_is_string(symbol))
            FAIL(err, ST_CORRUPT, "avro enum %.*s has a symbol that is no string",
                 STR_ARG(s->name));
        TRY(arena_str(p->arena, json_str(symbol), &s->symbols[i], err));
    }
    return ST_OK;
}

/* record, enum, fixed: all have a name, which later types may use. */
static status parse_named(struct parser *p, const json_t *json, struct str space, unsigned depth,
                          struct avro_schema *s, struct error *err)
{
    const json_t *name = json_object_get(json, "name");
    const json_t *own_space = json_object_get(json, "namespace");
    if (!json_is_string(name) || json_string_length(name) == 0)
        FAIL(err, ST_CORRUPT, "avro record, enum or fixed without a name");
    TRY(arena_str(p->arena, json_str(name), &s->name, err));
    if (json_is_string(own_space))
        space = json_str(own_space);
    const char *dot = memrchr(s->name.ptr, '.', s->name.len);
    if (dot)
        space = (struct str){s->name.ptr, (size_t)(dot - s->name.ptr)};

    size_t index;
    TRY(declare_type(p, s, space, &index, err));
    if (s->kind == AVRO_RECORD) {
        TRY(parse_record(p, json, space, depth, s, err));
    } else if (s->kind == AVRO_ENUM) {
        TRY(parse_enum(p, json, s, err));
    } else {
        int32_t size;
        TRY(int_attribute(json, "size", 0, &size, err));
        if (size < 1)
            FAIL(err, ST_CORRUPT, "avro fixed %.*s has no size", STR_ARG(s->name));
        s->size_bytes = (uint32_t)size;
        s->min_bytes = s->size_bytes;
        s->fixed_bytes = true;
    }
    p->types[index].complete = true;
    return ST_OK;
}

static status parse_items(struct parser *p, const json_t *json, struct str space, unsigned depth,
                          struct avro_schema *s, struct error *err)
{
    const json_t *items = json_object_get(json, s->kind == AVRO_MAP ? "values" : "items");
    if (!items)
        FAIL(err, ST_CORRUPT, "avro %s without the type of its items",
             s->kind == AVRO_MAP ? "map" : "array");
    s->count = 1;
    s->min_bytes = 1; /* the closing block of count 0 */
    TRY(ARENA_ARRAY(p->arena, struct avro_schema *, 1, &s->branches, err));
    TRY(parse_node(p, items, space, depth + 1, &s->branches[0], err));
    return add_child(s, s->branches[0], err);
}

static status parse_union(struct parser *p, const json_t *json, struct str space, unsigned depth,
                          struct avro_schema *s, struct error *err)
{
    s->kind = AVRO_UNION;
    s->count = json_array_size(json);
    if (s->count == 0)
        FAIL(err, ST_CORRUPT, "avro union without branches");
    TRY(ARENA_ARRAY(p->arena, struct avro_schema *, s->count, &s->branches, err));
    uint64_t smallest = UINT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        TRY(parse_node(p, json_array_get(json, i), space, depth + 1, &s->branches[i], err));
        if (s->branches[i]->kind == AVRO_UNION)
            FAIL(err, ST_CORRUPT, "avro union directly inside a union");
        TRY(add_child(s, s->branches[i], err));
        if (s->branches[i]->min_bytes < smallest)
            smallest = s->branches[i]->min_bytes;
    }
    s->min_bytes = 1 + smallest;
    return ST_OK;
}

static status refer(struct parser *p, struct str name, struct str space, struct avro_schema **out,
                    struct error *err)
{
    struct str full;
    TRY(full_name(p, name, space, &full, err));
    struct named_type *t = find_type(p, full);
    if (!t)
        FAIL(err, ST_CORRUPT, "avro type %.*s is not declared", STR_ARG(name));
    if (!t->complete)
        FAIL(err, ST_UNSUPPORTED, "avro type %.*s contains itself", STR_ARG(name));
    *out = t->schema;
    return ST_OK;
}

static status parse_object(struct parser *p, const json_t *json, struct str space, unsigned depth,
                           struct avro_schema *s, struct avro_schema **out, struct error *err)
{
    const json_t *type = json_object_get(json, "type");
    if (json_is_object(type) || json_is_array(type)) /* {"type": {"type": "int"}} */
        return parse_node(p, type, space, depth + 1, out, err);
    if (!json_is_string(type))
        FAIL(err, ST_CORRUPT, "avro type without \"type\"");
    struct str name = json_str(type);
    TRY(parse_attributes(p, json, s, err));
    if (set_primitive(s, name))
        return ST_OK;
    static const struct {
        const char *name;
        enum avro_kind kind;
    } kinds[] = {{"record", AVRO_RECORD},
                 {"enum", AVRO_ENUM},
                 {"fixed", AVRO_FIXED},
                 {"array", AVRO_ARRAY},
                 {"map", AVRO_MAP}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eq_z(name, kinds[i].name))
            continue;
        s->kind = kinds[i].kind;
        bool named = s->kind == AVRO_RECORD || s->kind == AVRO_ENUM || s->kind == AVRO_FIXED;
        return (named ? parse_named : parse_items)(p, json, space, depth, s, err);
    }
    return refer(p, name, space, out, err);
}

static status parse_node(struct parser *p, const json_t *json, struct str space, unsigned depth,
                         struct avro_schema **out, struct error *err)
{
    if (depth > DEPTH_MAX)
        FAIL(err, ST_LIMIT, "avro schema is nested more than %u levels deep", DEPTH_MAX);
    if (++p->parsed > AVRO_NODES_MAX)
        FAIL(err, ST_LIMIT, "avro schema has more than %u nodes", AVRO_NODES_MAX);
    struct avro_schema *s;
    TRY(ARENA_NEW(p->arena, struct avro_schema, &s, err));
    s->element_id = s->key_id = s->value_id = -1;
    s->nodes = 1;
    *out = s;
    if (json_is_array(json))
        return parse_union(p, json, space, depth, s, err);
    if (json_is_object(json))
        return parse_object(p, json, space, depth, s, out, err);
    if (!json_is_string(json))
        FAIL(err, ST_CORRUPT, "avro type is neither a name, an object nor a union");
    if (set_primitive(s, json_str(json)))
        return ST_OK;
    return refer(p, json_str(json), space, out, err);
}

status avro_schema_parse(struct arena *arena, struct mem_account *account, struct str text,
                         struct avro_schema **out, struct error *err)
{
    if (text.len > TEXT_MAX_BYTES)
        FAIL(err, ST_LIMIT, "avro schema of %zu bytes, at most %u are read", text.len,
             TEXT_MAX_BYTES);
    size_t charge = text.len * JSON_MEM_FACTOR;
    TRY(mem_charge(account, charge, err));
    json_t *json;
    struct parser p = {.arena = arena};
    status st = jsontext_parse(account, text, JSON_DECODE_ANY, &json, err);
    if (st != ST_OK)
        error_context(err, "avro schema");
    else
        st = parse_node(&p, json, (struct str){0}, 0, out, err);
    json_decref(json);
    mem_uncharge(account, charge);
    return st;
}
