// SPDX-License-Identifier: Apache-2.0
/* catalog_rest_reply.c - what REST servers answer, checked and bounded (open-api "CatalogConfig",
 * "ListTablesResponse", "LoadTableResult", "IcebergErrorResponse"). */
#include "catalog/catalog_rest_int.h"

#define LEVELS_MAX 64
#define NAME_BYTES 1024 /* of a namespace's level or a table */

/* ---- configuration --------------------------------------------------------------------------- */

static bool has_endpoint(const json_t *list, const char *wanted)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && strcmp(text, wanted) == 0)
            return true;
    }
    return false;
}

status catalog_rest_read_config(const json_t *json, struct arena *arena, struct rest_config *out,
                                struct error *err)
{
    const json_t *endpoints;
    *out = (struct rest_config){0};
    TRY(jsontext_get_properties(arena, json, "defaults", &out->defaults, &out->default_count, err));
    TRY(jsontext_get_properties(arena, json, "overrides", &out->overrides, &out->override_count,
                                err));
    TRY(jsontext_get_array(json, "endpoints", false, &endpoints, err));
    out->has_endpoints = json_array_size(endpoints) > 0;
    out->has_transactions = has_endpoint(endpoints, "POST /v1/{prefix}/transactions/commit");
    out->has_views =
        has_endpoint(endpoints, "GET /v1/{prefix}/namespaces/{namespace}/views/{view}");
    return ST_OK;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static status check_name(struct str name, struct error *err)
{
    if (name.len == 0 || name.len > NAME_BYTES)
        FAIL(err, ST_CORRUPT, "a name of %zu bytes, 1 to %d are expected", name.len, NAME_BYTES);
    return ST_OK;
}

/* ["a","b"] -> "a.b". A level that holds a dot cannot be told from two, so `*usable` is false. */
static status read_space(const json_t *levels, struct arena *arena, struct str *out, bool *usable,
                         struct error *err)
{
    struct buffer text;
    status st = ST_OK;
    size_t n = json_array_size(levels);
    *usable = true;
    if (!json_is_array(levels) || n == 0 || n > LEVELS_MAX)
        FAIL(err, ST_CORRUPT, "a namespace is not an array of 1 to %d levels", LEVELS_MAX);
    buffer_init(&text, NULL, (size_t)LEVELS_MAX * (NAME_BYTES + 1));
    for (size_t i = 0; st == ST_OK && i < n; i++) {
        const json_t *level = json_array_get(levels, i);
        struct str name = {json_string_value(level), json_string_length(level)};
        st = check_name(name, err);
        *usable &= name.len > 0 && !memchr(name.ptr, '.', name.len);
        if (st == ST_OK && i > 0)
            st = buffer_append_byte(&text, '.', err);
        if (st == ST_OK)
            st = buffer_append_str(&text, name, err);
    }
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&text), out, err);
    buffer_free(&text);
    return st;
}

static status read_item(const json_t *item, bool tables, struct arena *arena, struct str *out,
                        bool *usable, struct error *err)
{
    if (!tables)
        return read_space(item, arena, out, usable, err);
    *usable = true;
    TRY(jsontext_get_str(arena, item, "name", out, err));
    return check_name(*out, err);
}

status catalog_rest_read_page(const json_t *json, bool tables, struct arena *arena,
                              struct catalog_names *out, struct str *next_page, struct error *err)
{
    const char *key = tables ? "identifiers" : "namespaces";
    const json_t *list;
    *next_page = (struct str){0};
    TRY(jsontext_get_array(json, key, true, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct str name;
        bool usable;
        TRY_CONTEXT(read_item(json_array_get(list, i), tables, arena, &name, &usable, err), err,
                    "%s[%zu]", key, i);
        if (usable)
            TRY(catalog_names_add(out, arena, name, err));
    }
    return jsontext_get_str_or_null(arena, json, "next-page-token", next_page, err);
}

/* ---- tables ---------------------------------------------------------------------------------- */

status catalog_rest_read_table(const json_t *json, bool staged, struct arena *arena,
                               struct iceberg_table **out, struct error *err)
{
    struct str location;
    *out = NULL;
    TRY(jsontext_get_str_or_null(arena, json, "metadata-location", &location, err));
    if (!location.ptr && !staged)
        FAIL(err, ST_CORRUPT, "\"metadata-location\" is missing");
    if (staged)
        location = (struct str){0};
    json_t *metadata = json_object_get(json, "metadata");
    if (!json_is_object(metadata))
        FAIL(err, ST_CORRUPT, "\"metadata\" is not an object");
    return iceberg_table_read(arena, location, metadata, out, err);
}

#define STORAGES_MAX 1000

static status read_prefix(const json_t *item, struct arena *arena, struct rest_storage *out,
                          struct error *err)
{
    TRY(jsontext_get_str(arena, item, "prefix", &out->prefix, err));
    return jsontext_get_properties(arena, item, "config", &out->properties, &out->count, err);
}

status catalog_rest_read_storage(const json_t *json, struct arena *arena,
                                 struct rest_storage *config, struct rest_storage **out,
                                 size_t *count, struct error *err)
{
    const json_t *list;
    *config = (struct rest_storage){0};
    *out = NULL;
    TRY(jsontext_get_properties(arena, json, "config", &config->properties, &config->count, err));
    TRY(jsontext_get_array(json, "storage-credentials", false, &list, err));
    *count = json_array_size(list);
    if (*count > STORAGES_MAX)
        FAIL(err, ST_CORRUPT, "\"storage-credentials\" has %zu items, at most %d are expected",
             *count, STORAGES_MAX);
    TRY(ARENA_ARRAY(arena, struct rest_storage, *count, out, err));
    for (size_t i = 0; i < *count; i++)
        TRY_CONTEXT(read_prefix(json_array_get(list, i), arena, &(*out)[i], err), err,
                    "storage-credentials[%zu]", i);
    return ST_OK;
}

/* ---- errors ---------------------------------------------------------------------------------- */

void catalog_rest_read_error(const struct buffer *body, struct arena *arena, struct str *type,
                             struct str *message)
{
    struct jsontext_doc doc;
    *type = *message = (struct str){0};
    if (body->len == 0 || jsontext_doc_parse(&doc, NULL, body->data, body->len, NULL) != ST_OK)
        return;
    const json_t *error = json_object_get(doc.root, "error");
    if (jsontext_get_str_or_null(arena, error, "type", type, NULL) != ST_OK)
        *type = (struct str){0};
    if (jsontext_get_str_or_null(arena, error, "message", message, NULL) != ST_OK)
        *message = (struct str){0};
    jsontext_doc_free(&doc);
}
