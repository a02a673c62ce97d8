// SPDX-License-Identifier: Apache-2.0
/* jsontext_get.c - members of a parsed text, each checked for its kind and range. */
#include "base/jsontext.h"

/* Metadata takes five to eight times its text in jansson's tree. */
#define JSON_MEM_FACTOR 8u

status jsontext_doc_parse(struct jsontext_doc *d, struct mem_account *account, const void *text,
                          size_t bytes, struct error *err)
{
    *d = (struct jsontext_doc){.account = account};
    size_t charge = bytes * JSON_MEM_FACTOR;
    TRY(mem_charge(account, charge, err));
    d->charged_bytes = charge;
    status st = jsontext_parse(account, (struct str){text, bytes}, 0, &d->root, err);
    if (st != ST_OK)
        jsontext_doc_free(d);
    return st;
}

void jsontext_doc_free(struct jsontext_doc *d)
{
    json_decref(d->root);
    mem_uncharge(d->account, d->charged_bytes);
    *d = (struct jsontext_doc){.account = d->account};
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

status jsontext_get_long_or(const json_t *obj, const char *key, int64_t absent, int64_t *out,
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

status jsontext_get_long(const json_t *obj, const char *key, int64_t *out, struct error *err)
{
    if (!member(obj, key))
        return missing(key, err);
    return jsontext_get_long_or(obj, key, 0, out, err);
}

status jsontext_get_int_or(const json_t *obj, const char *key, int32_t absent, int32_t *out,
                           struct error *err)
{
    int64_t v;
    TRY(jsontext_get_long_or(obj, key, absent, &v, err));
    if (v < INT32_MIN || v > INT32_MAX)
        FAIL(err, ST_CORRUPT, "\"%s\" is %lld, more than 32 bits", key, (long long)v);
    *out = (int32_t)v;
    return ST_OK;
}

status jsontext_get_int(const json_t *obj, const char *key, int32_t *out, struct error *err)
{
    if (!member(obj, key))
        return missing(key, err);
    return jsontext_get_int_or(obj, key, 0, out, err);
}

status jsontext_get_bool(const json_t *obj, const char *key, bool *out, struct error *err)
{
    const json_t *v = member(obj, key);
    if (!json_is_boolean(v))
        FAIL(err, ST_CORRUPT, "\"%s\" is not true or false", key);
    *out = json_is_true(v);
    return ST_OK;
}

status jsontext_get_str_or_null(struct arena *arena, const json_t *obj, const char *key,
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

status jsontext_get_str(struct arena *arena, const json_t *obj, const char *key, struct str *out,
                        struct error *err)
{
    TRY(jsontext_get_str_or_null(arena, obj, key, out, err));
    return out->ptr ? ST_OK : missing(key, err);
}

status jsontext_get_array(const json_t *obj, const char *key, bool required, const json_t **out,
                          struct error *err)
{
    *out = member(obj, key);
    if (*out && !json_is_array(*out))
        FAIL(err, ST_CORRUPT, "\"%s\" is not an array", key);
    return *out || !required ? ST_OK : missing(key, err);
}

status jsontext_get_properties(struct arena *arena, const json_t *obj, const char *key,
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
