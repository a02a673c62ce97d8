// SPDX-License-Identifier: Apache-2.0
/* iceberg_default.c - default values of columns (spec "Default values", appendix C "JSON
 * single-value serialization").
 *
 * initial-default is what rows have whose file was written before the column was added;
 * write-default what a writer puts where it is given no value. The JSON is kept as it came, so that
 * metadata is written back whole; only columns that can be read are given a value too. */
#include "iceberg/iceberg_int.h"

#include "column/column_text.h"

/* Hex digits to bytes, by way of PostgreSQL's text of a bytea. */
static status parse_hex(struct arena *arena, struct str hex, struct column_type type,
                        struct column_value *out, struct error *err)
{
    struct str text;
    struct column_type binary = column_type_of(COLUMN_BINARY);
    TRY(arena_printf(arena, &text, err, "\\x%.*s", STR_ARG(hex)));
    TRY(column_text_parse(binary, text, NULL, arena, out, err));
    if (type.kind == COLUMN_FIXED && out->str.len != type.length_bytes)
        FAIL(err, ST_CORRUPT, "%zu bytes, not %u", out->str.len, type.length_bytes);
    out->type = type;
    return ST_OK;
}

static status parse_number(struct arena *arena, const json_t *json, struct column_type type,
                           struct column_value *out, struct error *err)
{
    struct str text;
    TRY(jsontext_dump(arena, json, &text, err));
    return column_text_parse(type, text, NULL, arena, out, err);
}

static status parse_value(struct arena *arena, const json_t *json, struct column_type type,
                          struct column_value *out, struct error *err)
{
    struct str text = {json_string_value(json), json_string_length(json)};
    bool number = type.kind == COLUMN_INT || type.kind == COLUMN_BIGINT ||
                  type.kind == COLUMN_REAL || type.kind == COLUMN_DOUBLE;
    if (type.kind == COLUMN_BOOLEAN ? !json_is_boolean(json)
        : number                    ? !json_is_number(json)
                                    : !json_is_string(json))
        FAIL(err, ST_CORRUPT, "the value is of the wrong kind");
    if (type.kind == COLUMN_BOOLEAN) {
        *out = (struct column_value){.type = type, .b = json_is_true(json)};
        return ST_OK;
    }
    if (number)
        return parse_number(arena, json, type, out, err);
    if (type.kind == COLUMN_BINARY || type.kind == COLUMN_FIXED)
        return parse_hex(arena, text, type, out, err);
    return column_text_parse(type, text, NULL, arena, out, err);
}

status iceberg_default_parse(struct arena *arena, const json_t *field, const char *key,
                             const struct iceberg_field *f, struct iceberg_default *out,
                             struct error *err)
{
    const json_t *json = json_object_get(field, key);
    struct column_value *value;
    *out = (struct iceberg_default){0};
    if (!json || json_is_null(json))
        return ST_OK;
    TRY(jsontext_dump(arena, json, &out->json, err));
    if (f->nested || f->unread)
        return ST_OK;
    TRY(ARENA_NEW(arena, struct column_value, &value, err));
    struct error why;
    status st = parse_value(arena, json, f->type, value, &why);
    if (st == ST_OOM || st == ST_LIMIT)
        FAIL(err, st, "%s", why.msg);
    if (st != ST_OK) /* in metadata, not in what somebody typed */
        FAIL(err, ST_CORRUPT, "%s of column %.*s: %s", key, STR_ARG(f->name), why.msg);
    out->value = value;
    return ST_OK;
}
