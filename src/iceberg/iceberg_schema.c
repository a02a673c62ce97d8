// SPDX-License-Identifier: Apache-2.0
/* iceberg_schema.c - types and schemas: JSON in and out (spec appendix C, "Schemas"), look-ups by
 * id, and field ids for new columns. Structs, lists and maps are iceberg_nested.c's.
 *
 * H1  the ids of a schema's fields, nested ones included, are unique and positive
 * H2  a type this file cannot name is refused: nothing is guessed. Those that format version 3 has
 *     added are kept as JSON and their columns left out of what can be read */
#include "iceberg/iceberg_int.h"

#include <stdlib.h>

/* Type text, the kind it stands for. decimal(p, s) and fixed[n] are parsed apart. */
static const struct {
    const char *name;
    enum column_kind kind;
} type_names[] = {
    {"boolean", COLUMN_BOOLEAN}, {"int", COLUMN_INT},
    {"long", COLUMN_BIGINT},     {"float", COLUMN_REAL},
    {"double", COLUMN_DOUBLE},   {"date", COLUMN_DATE},
    {"time", COLUMN_TIME},       {"timestamp", COLUMN_TIMESTAMP},
    {"string", COLUMN_TEXT},     {"timestamptz", COLUMN_TIMESTAMPTZ},
    {"uuid", COLUMN_UUID},       {"binary", COLUMN_BINARY},
};

/* Also with parameters behind: "geometry(srid:0)". */
static const char *const later_types[] = {"timestamp_ns", "timestamptz_ns", "unknown",
                                          "variant",      "geometry",       "geography"};

/* Blanks around it are allowed: "decimal(9,2)" and "decimal( 9 , 2 )" are both written. */
static bool take_word(struct str *text, const char *word)
{
    size_t n = strlen(word), at = 0;
    while (at < text->len && text->ptr[at] == ' ')
        at++;
    if (text->len - at < n || !str_eq_nocase((struct str){text->ptr + at, n}, str_of(word)))
        return false;
    for (at += n; at < text->len && text->ptr[at] == ' '; at++)
        ;
    *text = (struct str){text->ptr + at, text->len - at};
    return true;
}

bool iceberg_take_number(struct str *text, uint32_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9' && v <= INT32_MAX; n++)
        v = v * 10 + (uint64_t)(text->ptr[n] - '0');
    *out = (uint32_t)v;
    *text = (struct str){text->ptr + n, text->len - n};
    return n > 0 && v <= INT32_MAX;
}

status iceberg_type_parse(struct str text, struct column_type *out, struct error *err)
{
    uint32_t a, b;
    struct str rest = text;
    *out = (struct column_type){0};
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
        if (str_eq_nocase(text, str_of(type_names[i].name))) {
            *out = column_type_of(type_names[i].kind);
            return ST_OK;
        }
    if (take_word(&rest, "decimal") && take_word(&rest, "(") && iceberg_take_number(&rest, &a) &&
        take_word(&rest, ",") && iceberg_take_number(&rest, &b) && take_word(&rest, ")") &&
        rest.len == 0) {
        if (a < 1 || a > 38 || b > a)
            FAIL(err, ST_UNSUPPORTED, "type %.*s: precision is 1 to 38, scale 0 to precision",
                 STR_ARG(text));
        *out = column_type_decimal(a, b);
        return ST_OK;
    }
    rest = text;
    if (take_word(&rest, "fixed") && take_word(&rest, "[") && iceberg_take_number(&rest, &a) &&
        take_word(&rest, "]") && rest.len == 0 && a > 0) {
        *out = (struct column_type){.kind = COLUMN_FIXED, .length_bytes = a};
        return ST_OK;
    }
    FAIL(err, ST_CORRUPT, "type \"%.*s\" is not known", STR_ARG(text));
}

static status put_type(struct buffer *out, const struct iceberg_field *f, struct error *err)
{
    char text[64];
    if (f->nested || f->unread)
        return jsontext_put_raw(out, "type", f->type_json, err);
    enum column_kind kind = f->type.kind == COLUMN_SMALLINT ? COLUMN_INT : f->type.kind;
    if (kind == COLUMN_DECIMAL) {
        snprintf(text, sizeof(text), "decimal(%u, %u)", f->type.precision, f->type.scale);
        return jsontext_put_str(out, "type", str_of(text), err);
    }
    if (kind == COLUMN_FIXED) {
        snprintf(text, sizeof(text), "fixed[%u]", f->type.length_bytes);
        return jsontext_put_str(out, "type", str_of(text), err);
    }
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
        if (type_names[i].kind == kind)
            return jsontext_put_str(out, "type", str_of(type_names[i].name), err);
    FAIL(err, ST_UNSUPPORTED, "column %.*s: type %s cannot be stored", STR_ARG(f->name),
         column_type_name(f->type, text));
}

bool iceberg_type_is_later(struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(later_types); i++)
        if (str_starts(text, str_of(later_types[i])))
            return true;
    return false;
}

static status parse_field(struct arena *arena, const json_t *json, struct iceberg_field *out,
                          struct error *err)
{
    TRY(jsontext_get_int(json, "id", &out->id, err));
    TRY(jsontext_get_str(arena, json, "name", &out->name, err));
    TRY(jsontext_get_bool(json, "required", &out->required, err));
    TRY(jsontext_get_str_or_null(arena, json, "doc", &out->doc, err));
    const json_t *type = json_object_get(json, "type");
    if (json_is_object(type))
        TRY_CONTEXT(iceberg_nested_parse(arena, type, out, err), err, "column %.*s",
                    STR_ARG(out->name));
    if (out->nested)
        return ST_OK;
    if (!json_is_string(type))
        FAIL(err, ST_CORRUPT, "column %.*s has no type", STR_ARG(out->name));
    struct str text = {json_string_value(type), json_string_length(type)};
    out->unread = iceberg_type_is_later(text);
    if (out->unread)
        return jsontext_dump(arena, type, &out->type_json, err);
    TRY_CONTEXT(iceberg_type_parse(text, &out->type, err), err, "column %.*s", STR_ARG(out->name));
    return ST_OK;
}

static int int_cmp(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static status check_ids(const struct iceberg_schema *s, struct arena *arena, struct error *err)
{
    int32_t *ids;
    size_t count = 0, at = 0;
    for (size_t i = 0; i < s->count; i++)
        count += s->fields[i].nested ? iceberg_nested_ids(s->fields[i].node, NULL) : 1;
    TRY(ARENA_ARRAY(arena, int32_t, count, &ids, err));
    for (size_t i = 0; i < s->count; i++)
        if (s->fields[i].nested)
            at += iceberg_nested_ids(s->fields[i].node, ids + at);
        else
            ids[at++] = s->fields[i].id;
    qsort(ids, count, sizeof(*ids), int_cmp);
    for (size_t i = 0; i < count; i++) /* H1 */
        if (ids[i] < 1 || (i > 0 && ids[i] == ids[i - 1]))
            FAIL(err, ST_CORRUPT, "field id %d is not positive or stands twice", ids[i]);
    return ST_OK;
}

status iceberg_schema_parse(struct arena *arena, const json_t *json, struct iceberg_schema *out,
                            struct error *err)
{
    const json_t *fields, *identifiers;
    if (!json_is_object(json))
        FAIL(err, ST_CORRUPT, "a schema is not an object");
    TRY(jsontext_get_int_or(json, "schema-id", 0, &out->id, err));
    TRY(jsontext_get_array(json, "fields", true, &fields, err));
    out->count = json_array_size(fields);
    TRY(ARENA_ARRAY(arena, struct iceberg_field, out->count, &out->fields, err));
    for (size_t i = 0; i < out->count; i++) {
        const json_t *field = json_array_get(fields, i);
        struct iceberg_field *f = &out->fields[i];
        TRY(parse_field(arena, field, f, err));
        TRY(iceberg_default_parse(arena, field, "initial-default", f, &f->initial, err));
        TRY(iceberg_default_parse(arena, field, "write-default", f, &f->write, err));
    }
    TRY(check_ids(out, arena, err));

    TRY(jsontext_get_array(json, "identifier-field-ids", false, &identifiers, err));
    out->identifier_count = identifiers ? json_array_size(identifiers) : 0;
    TRY(ARENA_ARRAY(arena, int32_t, out->identifier_count, &out->identifier_ids, err));
    for (size_t i = 0; i < out->identifier_count; i++) {
        const json_t *id = json_array_get(identifiers, i);
        if (!json_is_integer(id) || json_integer_value(id) < 1 ||
            json_integer_value(id) > INT32_MAX)
            FAIL(err, ST_CORRUPT, "an identifier field id is not a positive integer");
        out->identifier_ids[i] = (int32_t)json_integer_value(id);
    }
    return ST_OK;
}

status iceberg_schema_format(const struct iceberg_schema *s, const char *key, struct buffer *out,
                             struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    TRY(jsontext_put_str(out, "type", STR("struct"), err));
    TRY(jsontext_put_long(out, "schema-id", s->id, err));
    if (s->identifier_count > 0) {
        TRY(jsontext_put_open(out, "identifier-field-ids", '[', err));
        for (size_t i = 0; i < s->identifier_count; i++)
            TRY(jsontext_put_long(out, NULL, s->identifier_ids[i], err));
        TRY(jsontext_put_close(out, ']', err));
    }
    TRY(jsontext_put_open(out, "fields", '[', err));
    for (size_t i = 0; i < s->count; i++) {
        const struct iceberg_field *f = &s->fields[i];
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_long(out, "id", f->id, err));
        TRY(jsontext_put_str(out, "name", f->name, err));
        TRY(jsontext_put_bool(out, "required", f->required, err));
        TRY(put_type(out, f, err));
        if (f->doc.len > 0)
            TRY(jsontext_put_str(out, "doc", f->doc, err));
        if (f->initial.json.ptr)
            TRY(jsontext_put_raw(out, "initial-default", f->initial.json, err));
        if (f->write.json.ptr)
            TRY(jsontext_put_raw(out, "write-default", f->write.json, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    TRY(jsontext_put_close(out, ']', err));
    return jsontext_put_close(out, '}', err);
}

const struct iceberg_field *iceberg_field_by_id(const struct iceberg_schema *s, int32_t id)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->fields[i].id == id)
            return &s->fields[i];
    return NULL;
}

const struct iceberg_field *iceberg_field_by_name(const struct iceberg_schema *s, struct str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_eq(s->fields[i].name, name))
            return &s->fields[i];
    return NULL;
}

static bool ids_same(const struct iceberg_schema *a, const struct iceberg_schema *b)
{
    if (a->identifier_count != b->identifier_count)
        return false;
    for (size_t i = 0; i < a->identifier_count; i++)
        if (a->identifier_ids[i] != b->identifier_ids[i])
            return false;
    return true;
}

bool iceberg_schema_same(const struct iceberg_schema *a, const struct iceberg_schema *b)
{
    if (a->count != b->count || !ids_same(a, b))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct iceberg_field *x = &a->fields[i], *y = &b->fields[i];
        if (x->id != y->id || !str_eq(x->name, y->name) || x->required != y->required ||
            x->nested != y->nested || x->unread != y->unread || !str_eq(x->doc, y->doc) ||
            !str_eq(x->initial.json, y->initial.json) || !str_eq(x->write.json, y->write.json))
            return false;
        if (x->nested || x->unread ? !str_eq(x->type_json, y->type_json)
                                   : !column_type_eq(x->type, y->type))
            return false;
    }
    return true;
}

const struct iceberg_schema *iceberg_schema_by_id(const struct iceberg_table *t, int32_t id)
{
    for (size_t i = 0; i < t->schema_count; i++)
        if (t->schemas[i].id == id)
            return &t->schemas[i];
    return NULL;
}

const struct iceberg_schema *iceberg_current_schema(const struct iceberg_table *t)
{
    return iceberg_schema_by_id(t, t->current_schema_id);
}

const struct iceberg_field *iceberg_field_ever(const struct iceberg_table *t,
                                               const struct iceberg_schema *first, int32_t id)
{
    const struct iceberg_field *f = iceberg_field_by_id(first, id);
    if (!f)
        f = iceberg_field_by_id(iceberg_current_schema(t), id);
    for (size_t i = t->schema_count; i > 0 && !f; i--)
        f = iceberg_field_by_id(&t->schemas[i - 1], id);
    return f;
}

/* The id of a column of this name: in the current schema, else in the newest that has it. */
static int32_t earlier_id(const struct iceberg_table *base, struct str name)
{
    const struct iceberg_field *f = iceberg_field_by_name(iceberg_current_schema(base), name);
    for (size_t i = base->schema_count; i > 0 && !f; i--)
        f = iceberg_field_by_name(&base->schemas[i - 1], name);
    return f ? f->id : -1;
}

static bool id_taken(const struct iceberg_schema *s, size_t count, int32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (s->fields[i].id == id)
            return true;
    return false;
}

status iceberg_schema_assign(const struct iceberg_table *base, const struct column_schema *columns,
                             struct arena *arena, struct iceberg_schema *out,
                             int32_t *last_column_id, struct error *err)
{
    *out = (struct iceberg_schema){.id = -1, .count = columns->count};
    int32_t last = base ? base->last_column_id : 0;
    if (columns->count > (size_t)(INT32_MAX - last))
        FAIL(err, ST_LIMIT, "no field ids are left after %d", last);
    TRY(ARENA_ARRAY(arena, struct iceberg_field, columns->count, &out->fields, err));
    for (size_t i = 0; i < columns->count; i++) {
        const struct column_field *from = &columns->fields[i];
        struct iceberg_field *to = &out->fields[i];
        for (size_t k = 0; k < i; k++)
            if (str_eq(out->fields[k].name, from->name))
                FAIL_SQL(err, ST_INVALID, "42701", 0, "column \"%.*s\" is there twice",
                         STR_ARG(from->name));
        TRY(arena_str(arena, from->name, &to->name, err));
        TRY(arena_str(arena, from->doc, &to->doc, err));
        to->required = from->required;
        to->type = from->type.kind == COLUMN_SMALLINT ? column_type_of(COLUMN_INT) : from->type;
        to->id = base ? earlier_id(base, from->name) : -1;
        if (to->id < 0 || id_taken(out, i, to->id)) /* a name may have had two ids in its time */
            to->id = ++last;
    }
    *last_column_id = last;
    return ST_OK;
}
