// SPDX-License-Identifier: Apache-2.0
/* iceberg_json.c - JSON members in, checked, by jansson; JSON text out, into a buffer.
 *
 * Text is written by hand because it must be the same bytes for the same table, charged to an
 * account, and without a tree beside the table. Whether a comma is due is seen at the last byte
 * written: none after an opening bracket, a colon or at the start. */
#include "iceberg/iceberg_int.h"

/* Metadata takes five to eight times its text in jansson's tree. */
#define JSON_MEM_FACTOR 8u

status iceberg_doc_parse(struct iceberg_doc *d, struct mem_account *account, const void *text,
                         size_t bytes, struct error *err)
{
    *d = (struct iceberg_doc){.account = account};
    size_t charge = bytes * JSON_MEM_FACTOR;
    TRY(mem_charge(account, charge, err));
    d->charged_bytes = charge;
    status st = jsontext_parse(account, (struct str){text, bytes}, 0, &d->root, err);
    if (st != ST_OK)
        iceberg_doc_free(d);
    return st;
}

void iceberg_doc_free(struct iceberg_doc *d)
{
    json_decref(d->root);
    mem_uncharge(d->account, d->charged_bytes);
    *d = (struct iceberg_doc){.account = d->account};
}

static const json_t *member(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_null(v) ? NULL : v;
}

static status missing(const char *key, struct error *err)
{
    FAIL(err, ST_CORRUPT, "\"%s\" is missing", key);
}

status iceberg_get_long_or(const json_t *obj, const char *key, int64_t absent, int64_t *out,
                           struct error *err)
{
    const json_t *v = member(obj, key);
    *out = absent;
    if (!v)
        return ST_OK;
    if (!json_is_integer(v))
        FAIL(err, ST_CORRUPT, "\"%s\" is not an integer", key);
    *out = json_integer_value(v);
    return ST_OK;
}

status iceberg_get_long(const json_t *obj, const char *key, int64_t *out, struct error *err)
{
    if (!member(obj, key))
        return missing(key, err);
    return iceberg_get_long_or(obj, key, 0, out, err);
}

status iceberg_get_int_or(const json_t *obj, const char *key, int32_t absent, int32_t *out,
                          struct error *err)
{
    int64_t v;
    TRY(iceberg_get_long_or(obj, key, absent, &v, err));
    if (v < INT32_MIN || v > INT32_MAX)
        FAIL(err, ST_CORRUPT, "\"%s\" is %lld, more than 32 bits", key, (long long)v);
    *out = (int32_t)v;
    return ST_OK;
}

status iceberg_get_int(const json_t *obj, const char *key, int32_t *out, struct error *err)
{
    if (!member(obj, key))
        return missing(key, err);
    return iceberg_get_int_or(obj, key, 0, out, err);
}

status iceberg_get_bool(const json_t *obj, const char *key, bool *out, struct error *err)
{
    const json_t *v = member(obj, key);
    if (!json_is_boolean(v))
        FAIL(err, ST_CORRUPT, "\"%s\" is not true or false", key);
    *out = json_is_true(v);
    return ST_OK;
}

status iceberg_get_str_or_null(struct arena *arena, const json_t *obj, const char *key,
                               struct str *out, struct error *err)
{
    const json_t *v = member(obj, key);
    *out = (struct str){0};
    if (!v)
        return ST_OK;
    if (!json_is_string(v))
        FAIL(err, ST_CORRUPT, "\"%s\" is not text", key);
    return arena_str(arena, (struct str){json_string_value(v), json_string_length(v)}, out, err);
}

status iceberg_get_str(struct arena *arena, const json_t *obj, const char *key, struct str *out,
                       struct error *err)
{
    TRY(iceberg_get_str_or_null(arena, obj, key, out, err));
    return out->ptr ? ST_OK : missing(key, err);
}

status iceberg_get_array(const json_t *obj, const char *key, bool required, const json_t **out,
                         struct error *err)
{
    *out = member(obj, key);
    if (*out && !json_is_array(*out))
        FAIL(err, ST_CORRUPT, "\"%s\" is not an array", key);
    return *out || !required ? ST_OK : missing(key, err);
}

status iceberg_get_properties(struct arena *arena, const json_t *obj, const char *key,
                              struct property **out, size_t *count, struct error *err)
{
    const json_t *map = member(obj, key);
    *count = 0;
    *out = NULL;
    if (!map)
        return ST_OK;
    if (!json_is_object(map))
        FAIL(err, ST_CORRUPT, "\"%s\" is not an object", key);
    TRY(ARENA_ARRAY(arena, struct property, json_object_size(map), out, err));
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)map, name, value)
    {
        struct property *p = &(*out)[*count];
        if (!json_is_string(value))
            FAIL(err, ST_CORRUPT, "\"%s\" of \"%s\" is not text", name, key);
        struct str text = {json_string_value(value), json_string_length(value)};
        TRY(arena_str(arena, str_of(name), &p->key, err));
        TRY(arena_str(arena, text, &p->value, err));
        ++*count;
    }
    return ST_OK;
}

/* The comma, then the key, if there is one. */
static status put_start(struct buffer *out, const char *key, struct error *err)
{
    if (out->len > 0 && !memchr("{[:", out->data[out->len - 1], 3))
        TRY(buffer_append_byte(out, ',', err));
    return key ? buffer_printf(out, err, "\"%s\":", key) : ST_OK;
}

static status put_text(struct buffer *out, struct str v, struct error *err)
{
    if (!str_is_utf8(v))
        FAIL(err, ST_INVALID, "text for table metadata is not UTF-8: \"%.*s\"", STR_ARG(v));
    TRY(buffer_append_byte(out, '"', err));
    size_t done = 0;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        TRY(buffer_append(out, v.ptr + done, i - done, err));
        if (c < 0x20)
            TRY(buffer_printf(out, err, "\\u%04x", c));
        else
            TRY(buffer_printf(out, err, "\\%c", c));
        done = i + 1;
    }
    TRY(buffer_append(out, v.ptr ? v.ptr + done : NULL, v.len - done, err));
    return buffer_append_byte(out, '"', err);
}

status iceberg_put_open(struct buffer *out, const char *key, char bracket, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_append_byte(out, (uint8_t)bracket, err);
}

status iceberg_put_close(struct buffer *out, char bracket, struct error *err)
{
    return buffer_append_byte(out, (uint8_t)bracket, err);
}

status iceberg_put_long(struct buffer *out, const char *key, int64_t v, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_printf(out, err, "%lld", (long long)v);
}

status iceberg_put_bool(struct buffer *out, const char *key, bool v, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_append_str(out, v ? STR("true") : STR("false"), err);
}

status iceberg_put_str(struct buffer *out, const char *key, struct str v, struct error *err)
{
    TRY(put_start(out, key, err));
    return put_text(out, v, err);
}

status iceberg_put_raw(struct buffer *out, const char *key, struct str json, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_append_str(out, json, err);
}

status iceberg_put_properties(struct buffer *out, const char *key, const struct property *p,
                              size_t count, struct error *err)
{
    TRY(iceberg_put_open(out, key, '{', err));
    for (size_t i = 0; i < count; i++) {
        TRY(iceberg_put_str(out, NULL, p[i].key, err));
        TRY(buffer_append_byte(out, ':', err));
        TRY(iceberg_put_str(out, NULL, p[i].value, err));
    }
    return iceberg_put_close(out, '}', err);
}
