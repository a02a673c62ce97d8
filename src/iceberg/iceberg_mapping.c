// SPDX-License-Identifier: Apache-2.0
/* iceberg_mapping.c - names of columns in data files that have no field ids (spec "Column
 * Projection", "Name Mapping Serialization").
 *
 *     schema.name-mapping.default = [{"field-id": 1, "names": ["id", "record_id"]}, ...]
 *
 * Tables whose files were imported have it. A column is found under any of its names; one that the
 * mapping leaves out is not in such files, whatever they call their columns. Members of structs
 * have names of their own ("fields"): they come as "struct.member". */
#include "iceberg/iceberg_int.h"

#define MOST_DEPTH 100

struct mapping {
    struct arena *arena;
    struct iceberg_mapping *out;
    size_t capacity;
};

static status add_name(struct mapping *m, int32_t id, struct str name, struct error *err)
{
    struct iceberg_mapping *o = m->out;
    TRY(arena_grow(m->arena, (void **)&o->names, sizeof(*o->names), &m->capacity, o->count + 1,
                   err));
    o->names[o->count++] = (struct iceberg_mapped_name){id, name};
    return ST_OK;
}

/* "prefix.name", or the name alone. */
static status join(struct mapping *m, struct str prefix, const json_t *name, struct str *out,
                   struct error *err)
{
    struct str text = {json_string_value(name), json_string_length(name)};
    if (!json_is_string(name))
        FAIL(err, ST_CORRUPT, "a name is no text");
    if (prefix.len == 0)
        return arena_str(m->arena, text, out, err);
    return arena_printf(m->arena, out, err, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(text));
}

static status read_fields(struct mapping *m, const json_t *list, struct str prefix, int depth,
                          struct error *err)
{
    if (!json_is_array(list) || depth > MOST_DEPTH)
        FAIL(err, ST_CORRUPT, "the mapping is no list, or nested more than %d deep", MOST_DEPTH);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *field = json_array_get(list, i), *names, *inner;
        int32_t id;
        TRY(jsontext_get_int_or(field, "field-id", -1, &id, err));
        TRY(jsontext_get_array(field, "names", true, &names, err));
        TRY(jsontext_get_array(field, "fields", false, &inner, err));
        for (size_t k = 0; k < json_array_size(names); k++) {
            struct str name;
            TRY(join(m, prefix, json_array_get(names, k), &name, err));
            if (id >= 0)
                TRY(add_name(m, id, name, err));
            if (inner)
                TRY(read_fields(m, inner, name, depth + 1, err));
        }
    }
    return ST_OK;
}

status iceberg_mapping_of(const struct iceberg_table *t, struct arena *arena,
                          struct iceberg_mapping *out, struct error *err)
{
    static const char key[] = "schema.name-mapping.default";
    struct str text = iceberg_table_property(t, key);
    struct mapping m = {.arena = arena, .out = out};
    struct jsontext_doc doc;
    *out = (struct iceberg_mapping){.exists = text.ptr != NULL};
    if (!text.ptr)
        return ST_OK;
    TRY_CONTEXT(jsontext_doc_parse(&doc, arena->account, text.ptr, text.len, err), err, "%s", key);
    status st = read_fields(&m, doc.root, (struct str){0}, 0, err);
    jsontext_doc_free(&doc);
    TRY_CONTEXT(st, err, "%s", key);
    return ST_OK;
}
