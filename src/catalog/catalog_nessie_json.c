// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_json.c - replies of a Nessie server (API v2) into what firn needs of them.
 *
 *     key        {"elements": ["a", "b", "t"]}       namespace "a.b", table "t"
 *     content    {"type": "ICEBERG_TABLE", "id", "metadataLocation", "snapshotId", ...}
 *     page       {..., "hasMore": true, "token": "..."}
 *
 * Namespaces are joined with dots, so an element that itself holds a dot has no name in firn: such
 * namespaces, and tables in them, are left out of lists. */
#include "catalog/catalog_nessie_int.h"

#define LEVELS_MOST 20
#define HASH_MOST   128

/* A bad reply's member is named by `what`. */
static status member_object(const json_t *obj, const char *key, const json_t **out,
                            struct error *err)
{
    *out = json_object_get(obj, key);
    if (!json_is_object(*out))
        FAIL(err, ST_CORRUPT, "expected an object \"%s\"", key);
    return ST_OK;
}

/* It becomes part of a URL. */
static status check_hash(struct str hash, struct error *err)
{
    bool good = hash.len >= 8 && hash.len <= HASH_MOST;
    for (size_t i = 0; good && i < hash.len; i++)
        good = (hash.ptr[i] >= '0' && hash.ptr[i] <= '9') ||
               (hash.ptr[i] >= 'a' && hash.ptr[i] <= 'f');
    if (!good)
        FAIL(err, ST_CORRUPT, "expected a commit's hash, found %zu bytes", hash.len);
    return ST_OK;
}

status catalog_nessie_parse_reference(const json_t *root, const char *key, struct arena *arena,
                                      struct nessie_reference *out, struct error *err)
{
    const json_t *ref;
    struct str type;
    TRY(member_object(root, key, &ref, err));
    TRY(jsontext_get_str(arena, ref, "type", &type, err));
    TRY(jsontext_get_str(arena, ref, "name", &out->name, err));
    TRY(jsontext_get_str(arena, ref, "hash", &out->hash, err));
    out->is_branch = str_eq(type, STR("BRANCH"));
    return check_hash(out->hash, err);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static struct str text_of(const json_t *item)
{
    const char *text = json_string_value(item);
    return text ? (struct str){text, json_string_length(item)} : (struct str){0};
}

/* The key's levels, borrowed from the tree. */
static status key_levels(const json_t *obj, const char *key, struct str levels[LEVELS_MOST],
                         size_t *count, struct error *err)
{
    const json_t *k, *elements;
    TRY(member_object(obj, key, &k, err));
    TRY(jsontext_get_array(k, "elements", true, &elements, err));
    *count = json_array_size(elements);
    if (*count == 0 || *count > LEVELS_MOST)
        FAIL(err, ST_CORRUPT, "expected a key of 1 to %d elements, found %zu", LEVELS_MOST, *count);
    for (size_t i = 0; i < *count; i++) {
        levels[i] = text_of(json_array_get(elements, i));
        if (levels[i].len == 0)
            FAIL(err, ST_CORRUPT, "expected a key's elements to be texts");
    }
    return ST_OK;
}

/* Joined with dots; ptr NULL when an element has a dot of its own. */
static status join(const struct str *levels, size_t count, struct arena *arena, struct str *out,
                   struct error *err)
{
    size_t bytes = 0, n = 0;
    char *p;
    *out = (struct str){0};
    for (size_t i = 0; i < count; i++) {
        if (memchr(levels[i].ptr, '.', levels[i].len))
            return ST_OK;
        bytes += levels[i].len + 1;
    }
    TRY(arena_alloc(arena, bytes + 1, (void **)&p, err));
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            p[n++] = '.';
        memcpy(p + n, levels[i].ptr, levels[i].len);
        n += levels[i].len;
    }
    p[n] = 0;
    *out = (struct str){p, n};
    return ST_OK;
}

/* Does a key's text say the same as `name`, the table (if any) being its last element? */
static bool key_is(const struct str *levels, size_t count, struct catalog_name name)
{
    size_t at = 0, spaces = count - (name.table.len > 0);
    if (name.table.len > 0 && !str_eq(levels[count - 1], name.table))
        return false;
    for (size_t i = 0; i < spaces; i++) {
        struct str rest = {name.space.ptr + at, name.space.len - at};
        bool last = i + 1 == spaces;
        if (!str_starts(rest, levels[i]) || (last && rest.len != levels[i].len) ||
            (!last && (rest.len == levels[i].len || rest.ptr[levels[i].len] != '.')))
            return false;
        at += levels[i].len + 1;
    }
    return spaces > 0 || name.space.len == 0;
}

status catalog_nessie_put_levels(struct buffer *out, const char *key, struct catalog_name name,
                                 struct error *err)
{
    TRY(jsontext_put_open(out, key, '[', err));
    for (size_t at = 0; at < name.space.len;) {
        const char *dot = memchr(name.space.ptr + at, '.', name.space.len - at);
        size_t end = dot ? (size_t)(dot - name.space.ptr) : name.space.len;
        TRY(jsontext_put_str(out, NULL, (struct str){name.space.ptr + at, end - at}, err));
        at = end + 1;
    }
    if (name.table.len > 0)
        TRY(jsontext_put_str(out, NULL, name.table, err));
    return jsontext_put_close(out, ']', err);
}

status catalog_nessie_put_key(struct buffer *out, const char *key, struct catalog_name name,
                              struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    TRY(catalog_nessie_put_levels(out, "elements", name, err));
    return jsontext_put_close(out, '}', err);
}

/* ---- contents -------------------------------------------------------------------------------- */

static enum nessie_content_kind kind_of(struct str type)
{
    static const struct {
        const char *type;
        enum nessie_content_kind kind;
    } kinds[] = {{"ICEBERG_TABLE", NESSIE_TABLE},
                 {"ICEBERG_VIEW", NESSIE_VIEW},
                 {"NAMESPACE", NESSIE_SPACE}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq_z(type, kinds[i].type))
            return kinds[i].kind;
    return NESSIE_FOREIGN;
}

static status parse_content(const json_t *content, struct arena *arena, struct nessie_content *out,
                            struct error *err)
{
    struct str type;
    TRY(jsontext_get_str(arena, content, "type", &type, err));
    TRY(jsontext_get_str(arena, content, "id", &out->id, err));
    out->kind = kind_of(type);
    if (out->kind == NESSIE_SPACE) {
        const json_t *properties = json_object_get(content, "properties");
        return json_is_object(properties)
                   ? jsontext_get_str_or_null(arena, properties, "location", &out->location, err)
                   : ST_OK;
    }
    if (out->kind != NESSIE_TABLE)
        return ST_OK;
    TRY(jsontext_get_str(arena, content, "metadataLocation", &out->location, err));
    TRY(jsontext_get_long_or(content, "snapshotId", -1, &out->snapshot_id, err));
    TRY(jsontext_get_int_or(content, "schemaId", -1, &out->schema_id, err));
    TRY(jsontext_get_int_or(content, "specId", -1, &out->spec_id, err));
    TRY(jsontext_get_int_or(content, "sortOrderId", -1, &out->sort_order_id, err));
    if (out->location.len == 0)
        FAIL(err, ST_CORRUPT, "expected a metadataLocation");
    return ST_OK;
}

status catalog_nessie_parse_contents(const json_t *root, struct catalog_name name,
                                     struct arena *arena, struct nessie_content *out,
                                     struct error *err)
{
    const json_t *list, *content;
    struct str levels[LEVELS_MOST];
    size_t n;
    out->kind = NESSIE_NOTHING;
    TRY(jsontext_get_array(root, "contents", true, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        TRY(key_levels(item, "key", levels, &n, err));
        if (!key_is(levels, n, name))
            continue;
        TRY(member_object(item, "content", &content, err));
        return parse_content(content, arena, out, err);
    }
    return ST_OK;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static status next_page(const json_t *root, struct arena *arena, struct str *token,
                        struct error *err)
{
    *token = (struct str){0};
    if (!json_is_true(json_object_get(root, "hasMore")))
        return ST_OK;
    TRY(jsontext_get_str(arena, root, "token", token, err));
    if (token->len == 0)
        FAIL(err, ST_CORRUPT, "expected the next page's token");
    return ST_OK;
}

static status add_entry(const json_t *entry, const struct str *space, struct arena *arena,
                        struct catalog_names *out, struct error *err)
{
    struct str levels[LEVELS_MOST], type, joined;
    size_t n;
    TRY(key_levels(entry, "name", levels, &n, err));
    TRY(jsontext_get_str(arena, entry, "type", &type, err));
    if (kind_of(type) != (space ? NESSIE_TABLE : NESSIE_SPACE))
        return ST_OK;
    TRY(join(levels, space ? n - 1 : n, arena, &joined, err));
    if (!joined.ptr || (space && !str_eq(joined, *space)))
        return ST_OK;
    if (space)
        TRY(arena_str(arena, levels[n - 1], &joined, err));
    return catalog_names_add(out, arena, joined, err);
}

status catalog_nessie_parse_entries(const json_t *root, const struct str *space,
                                    struct arena *arena, struct catalog_names *out,
                                    struct str *token, struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_array(root, "entries", true, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(add_entry(json_array_get(list, i), space, arena, out, err));
    return next_page(root, arena, token, err);
}

status catalog_nessie_parse_references(const json_t *root, struct arena *arena,
                                       struct catalog_names *out, struct str *token,
                                       struct error *err)
{
    const json_t *list;
    struct str name;
    TRY(jsontext_get_array(root, "references", true, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        TRY(jsontext_get_str(arena, json_array_get(list, i), "name", &name, err));
        TRY(catalog_names_add(out, arena, name, err));
    }
    return next_page(root, arena, token, err);
}

/* {"commitMeta": {"allProperties": {"firn.publish-id": ["<id>"]}}} */
static bool has_publish_id(const json_t *entry, struct str publish_id)
{
    const json_t *meta = json_object_get(entry, "commitMeta");
    const json_t *values =
        json_object_get(json_object_get(meta, "allProperties"), "firn.publish-id");
    for (size_t i = 0; i < json_array_size(values); i++)
        if (str_eq(text_of(json_array_get(values, i)), publish_id))
            return true;
    return false;
}

status catalog_nessie_parse_history(const json_t *root, struct str publish_id, struct arena *arena,
                                    bool *found, struct str *token, struct error *err)
{
    const json_t *list;
    *found = false;
    TRY(jsontext_get_array(root, "logEntries", true, &list, err));
    for (size_t i = 0; !*found && i < json_array_size(list); i++)
        *found = has_publish_id(json_array_get(list, i), publish_id);
    return next_page(root, arena, token, err);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static status keep(const json_t *obj, const char *key, struct arena *arena, struct str *out,
                   struct error *err)
{
    return arena_str(arena, text_of(json_object_get(obj, key)), out, err);
}

static status parse_conflict(const json_t *item, struct arena *arena, struct nessie_conflict *out,
                             struct error *err)
{
    struct str levels[LEVELS_MOST];
    size_t n;
    TRY(keep(item, "conflictType", arena, &out->type, err));
    TRY(keep(item, "message", arena, &out->message, err));
    out->key = STR("");
    if (key_levels(item, "key", levels, &n, NULL) == ST_OK)
        TRY(join(levels, n, arena, &out->key, err));
    return ST_OK;
}

status catalog_nessie_parse_problem(const json_t *root, struct arena *arena,
                                    struct nessie_problem *out, struct error *err)
{
    const json_t *list = json_object_get(json_object_get(root, "errorDetails"), "conflicts");
    *out = (struct nessie_problem){.conflict_count = json_array_size(list)};
    TRY(keep(root, "errorCode", arena, &out->code, err));
    TRY(keep(root, "message", arena, &out->message, err));
    TRY(ARENA_ARRAY(arena, struct nessie_conflict, out->conflict_count, &out->conflicts, err));
    for (size_t i = 0; i < out->conflict_count; i++)
        TRY(parse_conflict(json_array_get(list, i), arena, &out->conflicts[i], err));
    return ST_OK;
}
