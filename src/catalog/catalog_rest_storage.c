// SPDX-License-Identifier: Apache-2.0
/* catalog_rest_storage.c - how a table's files are reached, as the server says it, to the store
 * (open-api "LoadTableResult": config, storage-credentials).
 *
 *     server's defaults < own properties < server's overrides < the table's config < one prefix's
 *
 * Keys of an access are one thing: where the server gives an id, no part of another stays. Replies
 * repeat what they have said before, so what was handed over once is remembered by its hash. */
#include "catalog/catalog_rest_int.h"

#include "base/sha256.h"

struct rest_handed {
    struct str prefix;
    uint8_t hash[SHA256_BYTES];
    struct rest_handed *next;
};

bool catalog_rest_is_storage(struct str key)
{
    return str_starts(key, STR("s3.")) || str_starts(key, STR("client."));
}

static bool any_storage(const struct property *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (catalog_rest_is_storage(p[i].key))
            return true;
    return false;
}

static bool is_access(struct str key)
{
    return str_ends(key, STR(".access-key-id")) || str_ends(key, STR(".secret-access-key")) ||
           str_ends(key, STR(".session-token"));
}

struct layers {
    size_t count;
    struct property *all;
};

/* One layer over the others. */
static void lay(struct layers *l, const struct property *p, size_t count)
{
    bool gives_access = false;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        gives_access |=
            catalog_rest_is_storage(p[i].key) && str_ends(p[i].key, STR(".access-key-id"));
    for (size_t i = 0; i < l->count; i++)
        if (!gives_access || !is_access(l->all[i].key))
            l->all[kept++] = l->all[i];
    l->count = kept;
    for (size_t i = 0; i < count; i++)
        if (catalog_rest_is_storage(p[i].key))
            l->all[l->count++] = p[i];
}

static bool was_handed(const struct rest_catalog *r, struct str prefix, const uint8_t *hash)
{
    const struct rest_handed *h = r->handed;
    while (h && !str_eq(h->prefix, prefix))
        h = h->next;
    return h && memcmp(h->hash, hash, sizeof(h->hash)) == 0;
}

static status give(struct catalog *c, struct str prefix, const struct layers *l, struct error *err)
{
    struct rest_catalog *r = c->self;
    struct rest_handed *h;
    uint8_t hash[SHA256_BYTES] = {0};
    for (size_t i = 0; i < l->count; i++) {
        const struct str before = {(const char *)hash, sizeof(hash)};
        sha256(before, l->all[i].key, hash);
        sha256(before, l->all[i].value, hash);
    }
    if (was_handed(r, prefix, hash))
        return ST_OK;
    TRY(ARENA_NEW(&c->arena, struct rest_handed, &h, err));
    TRY(arena_str(&c->arena, prefix, &h->prefix, err));
    memcpy(h->hash, hash, sizeof(hash));
    TRY(store_credentials(c->store, prefix, l->all, l->count, err));
    h->next = r->handed;
    r->handed = h;
    return ST_OK;
}

/* The bucket at least; what is wider ("s3") is taken for the table's own folder. */
static bool names_bucket(struct str prefix)
{
    const char *at = prefix.len ? memmem(prefix.ptr, prefix.len, "://", 3) : NULL;
    return at && at + 3 < prefix.ptr + prefix.len;
}

static bool is_object(struct str location)
{
    return str_starts(location, STR("s3://")) || str_starts(location, STR("s3a://")) ||
           str_starts(location, STR("s3n://"));
}

static status hand_over(struct catalog *c, const json_t *reply, struct str location,
                        struct arena *arena, struct error *err)
{
    const struct rest_catalog *r = c->self;
    struct rest_storage config, *more;
    size_t count;
    TRY(catalog_rest_read_storage(reply, arena, &config, &more, &count, err));
    size_t most = r->property_count + config.count;
    for (size_t i = 0; i < count; i++) {
        struct layers l = {0};
        if (!str_starts(more[i].prefix, STR("s3")))
            continue;
        TRY(ARENA_ARRAY(arena, struct property, most + more[i].count, &l.all, err));
        lay(&l, r->properties, r->property_count);
        lay(&l, config.properties, config.count);
        lay(&l, more[i].properties, more[i].count);
        TRY(give(c, names_bucket(more[i].prefix) ? more[i].prefix : location, &l, err));
    }
    if (count > 0 || (!r->has_storage && !any_storage(config.properties, config.count)))
        return ST_OK;
    struct layers l = {0};
    TRY(ARENA_ARRAY(arena, struct property, most, &l.all, err));
    lay(&l, r->properties, r->property_count);
    lay(&l, config.properties, config.count);
    return give(c, location, &l, err);
}

status catalog_rest_hand_over(struct catalog *c, const json_t *reply, struct str location,
                              struct error *err)
{
    struct arena arena;
    if (!is_object(location))
        return ST_OK;
    arena_init(&arena, NULL);
    status st = hand_over(c, reply, location, &arena, err);
    arena_free(&arena);
    return st;
}
