// SPDX-License-Identifier: Apache-2.0
/* store_route.c - the store of a session: each URI goes where its scheme says.
 *
 *     file:///x, /x        -> the local store
 *     s3:// s3a:// s3n://  -> object storage, made when the first such URI is met, so that a run which
 *                             stays on this machine loads no library and reads no AWS_ variable */
#include "store/store_s3_int.h"

struct routed {
    struct store head;
    struct store *local;  /* owned */
    struct store *remote; /* owned; NULL until needed */
    struct store_config config;
    struct property *properties; /* in <arena> */
    size_t count;
    struct arena arena;
    pthread_mutex_t lock; /* guards `remote` */
};

static status remote_of(struct routed *r, struct store **out, struct error *err)
{
    status st = ST_OK;
    pthread_mutex_lock(&r->lock);
    if (!r->remote)
        st = store_create_s3(r->properties, r->count, &r->config, &r->remote, err);
    *out = r->remote;
    pthread_mutex_unlock(&r->lock);
    return st;
}

static status route(struct store *s, bool remote, struct store **out, struct error *err)
{
    struct routed *r = (struct routed *)s;
    *out = r->local;
    return remote ? remote_of(r, out, err) : ST_OK;
}

static int64_t routed_requests(const struct store *s)
{
    struct routed *r = (struct routed *)(uintptr_t)s;
    pthread_mutex_lock(&r->lock);
    int64_t n = r->remote ? store_requests(r->remote) : 0;
    pthread_mutex_unlock(&r->lock);
    return n;
}

static void routed_destroy(struct store *s)
{
    struct routed *r = (struct routed *)s;
    store_destroy(r->remote);
    store_destroy(r->local);
    arena_free(&r->arena);
    pthread_mutex_destroy(&r->lock);
    mem_free(NULL, r, sizeof(*r));
}

static const struct store_ops routed_ops = {
    .route = route, .requests = routed_requests, .destroy = routed_destroy};

static status copy_properties(struct routed *r, const struct property *properties, size_t count,
                              struct error *err)
{
    TRY(ARENA_ARRAY(&r->arena, struct property, count + 1, &r->properties, err));
    for (; r->count < count; r->count++) {
        TRY(arena_str(&r->arena, properties[r->count].key, &r->properties[r->count].key, err));
        TRY(arena_str(&r->arena, properties[r->count].value, &r->properties[r->count].value, err));
    }
    return ST_OK;
}

status store_create(const struct property *properties, size_t count,
                    const struct store_config *config, struct store **out, struct error *err)
{
    void *memory;
    status st = ST_OK;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(struct routed), &memory, err));
    struct routed *r = memory;
    r->head.ops = &routed_ops;
    r->config = *config;
    arena_init(&r->arena, NULL);
    pthread_mutex_init(&r->lock, NULL);
    TRY_DONE(copy_properties(r, properties, count, err));
    TRY_DONE(store_create_local(&r->local, err));
    *out = &r->head;
done:
    if (st != ST_OK)
        routed_destroy(&r->head);
    return st;
}

status store_credentials(struct store *s, struct str prefix, const struct property *properties,
                         size_t count, struct error *err)
{
    struct store *remote;
    struct str path;
    TRY(store_place(s, prefix, &remote, &path, err));
    return store_s3_credentials(remote, path, properties, count, err);
}
