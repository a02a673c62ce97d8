// SPDX-License-Identifier: Apache-2.0
/* store_s3.c - object storage as a store: the table, its sites, deleting.
 *
 * A site says where objects are and what opens them. The store's own site comes from the catalog's
 * properties; a catalog may vend others for prefixes (store_credentials). Sites are only added, so
 * that a request under way keeps its own.
 *
 * Deleting is how a rollback leaves nothing behind, so it goes on when the session is cancelled. It does
 * not wait as long as other requests do: what stays has a journal, by which it goes later. */
#include "store/store_s3_int.h"

#define FIRM_MS 20000

static status delete_request(struct str path, struct s3_request *out, struct error *err)
{
    *out = (struct s3_request){.method = "DELETE", .max_reply = (size_t)1 << 16, .firm = true};
    TRY(s3_split(path, &out->bucket, &out->key, err));
    if (out->key.len == 0)
        FAIL(err, ST_INVALID, "s3://%.*s names a bucket, expected an object", STR_ARG(path));
    return ST_OK;
}

/* Up to STORE_DELETES objects: single requests, in flight together, which every server has. A name
 * that is none keeps no other from going. */
static status remove_some(struct s3_store *s, const struct str *paths, size_t count,
                          struct error *err)
{
    struct s3_request r[STORE_DELETES];
    struct net_reply replies[STORE_DELETES] = {0};
    struct arena arena;
    size_t n = 0;
    status st = ST_OK, bad = ST_OK;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < count; i++) {
        status mine = delete_request(paths[i], &r[n], bad == ST_OK ? err : NULL);
        bad = bad == ST_OK ? mine : bad;
        n += mine == ST_OK;
        s3_warm_forget(s, paths[i]);
    }
    for (size_t i = 0; i < n; i++)
        buffer_init(&replies[i].body, s->account, SIZE_MAX);
    struct error *its = bad == ST_OK ? err : NULL;
    TRY_DONE(s3_send(s, r, n, &arena, replies, its));
    for (size_t i = 0; i < n; i++) {
        struct str code = s3_error_code(&replies[i], &arena);
        bool gone = replies[i].status == 204 ||
                    (replies[i].status == 200 && replies[i].body.len == 0) ||
                    (replies[i].status == 404 && str_eq(code, STR("NoSuchKey")));
        if (!gone && replies[i].status == 200) /* a page that somebody else sent */
            TRY_DONE(s3_fail_foreign(paths[i], its));
        if (!gone)
            TRY_DONE(s3_fail(s, &r[i], &replies[i], "delete", its));
    }
done:
    for (size_t i = 0; i < n; i++)
        buffer_free(&replies[i].body);
    arena_free(&arena);
    return bad != ST_OK ? bad : st;
}

static status s3_remove_all(struct store *store, const struct str *paths, size_t count,
                            struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    status first = ST_OK;
    for (size_t i = 0; i < count; i += STORE_DELETES) {
        size_t n = count - i < STORE_DELETES ? count - i : STORE_DELETES;
        status st = remove_some(s, paths + i, n, first == ST_OK ? err : NULL);
        first = first == ST_OK ? st : first;
    }
    return first;
}

static status s3_remove(struct store *store, struct str path, struct error *err)
{
    return remove_some((struct s3_store *)store, &path, 1, err);
}

size_t s3_share(const struct s3_store *s, size_t most)
{
    for (const struct mem_account *a = s->account; a; a = a->parent)
        if (a->limit_bytes && a->limit_bytes / 8 < most)
            most = a->limit_bytes / 8;
    return most;
}

static int64_t s3_requests(const struct store *store)
{
    const struct s3_store *s = (const struct s3_store *)store;
    struct net_figures f, firm;
    net_figures(s->net, &f);
    net_figures(s->firm, &firm);
    return f.requests + firm.requests;
}

static void s3_destroy(struct store *store)
{
    struct s3_store *s = (struct s3_store *)store;
    s3_warm_drop(s);
    while (s->sites) {
        struct s3_site *site = s->sites;
        s->sites = site->next;
        s3_site_free(site);
    }
    net_client_close(s->net);
    net_client_close(s->firm);
    pthread_mutex_destroy(&s->lock);
    mem_free(NULL, s, sizeof(*s));
}

static const struct store_ops s3_ops = {
    .open = s3_open,
    .close = s3_close,
    .read = s3_read,
    .read_all = s3_read_all,
    .expect = s3_expect,
    .ahead_bytes = s3_ahead_bytes,
    .expect_files = s3_expect_files,
    .write_create = s3_write_create,
    .write_append = s3_write_append,
    .write_finish = s3_write_finish,
    .write_free = s3_write_free,
    .remove = s3_remove,
    .remove_all = s3_remove_all,
    .glob = s3_glob,
    .requests = s3_requests,
    .destroy = s3_destroy,
};

status store_create_s3(const struct property *properties, size_t count,
                       const struct store_config *config, struct store **out, struct error *err)
{
    struct net_config net;
    void *memory;
    status st = ST_OK;
    TRY(s3_net_config(properties, count, &net, err));
    TRY(mem_calloc(NULL, sizeof(struct s3_store), &memory, err));
    struct s3_store *s = memory;
    s->head.ops = &s3_ops;
    s->account = config->account;
    pthread_mutex_init(&s->lock, NULL);
    TRY_DONE(s3_site_create(properties, count, (struct str){0}, &s->sites, err));
    net.cancel = config->cancel;
    TRY_DONE(net_client_open(&net, &s->net, err));
    net.cancel = NULL;
    net.total_ms = FIRM_MS;
    TRY_DONE(net_client_open(&net, &s->firm, err));
    *out = &s->head;
done:
    if (st != ST_OK)
        s3_destroy(&s->head);
    return st;
}

status store_s3_credentials(struct store *store, struct str prefix,
                            const struct property *properties, size_t count, struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    struct s3_site *site;
    TRY(s3_site_create(properties, count, prefix, &site, err));
    pthread_mutex_lock(&s->lock);
    site->next = s->sites;
    s->sites = site;
    pthread_mutex_unlock(&s->lock);
    return ST_OK;
}
