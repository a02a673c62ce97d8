// SPDX-License-Identifier: Apache-2.0
/* store_s3_warm.c - the beginnings of files that will be opened soon, fetched together.
 *
 * A table of many small files would cost one wait for each. A scan says which it opens next
 * (store_expect_files); what the first read of each wants - the whole of a small file, else its tail -
 * is asked for in one round and handed to the file when it is opened.
 *
 * W1  all of them hold WARM_BYTES at most, charged to the store's account; where it refuses, fewer are
 *     fetched, and the files do without
 * W2  each is handed out once; what is not opened gives way to what is announced later
 * W3  a file that cannot be fetched so is left to its opening, which says what is wrong */
#include "store/store_s3_int.h"

#define WARM_BYTES ((size_t)16 << 20)

static void warm_free(struct s3_store *s, struct s3_warm *w)
{
    s->warm_bytes -= w->data.len;
    buffer_free(&w->data);
    arena_free(&w->arena);
    mem_free(NULL, w, sizeof(*w));
}

/* The link that points at the one of this path, or at NULL. */
static struct s3_warm **find(struct s3_store *s, struct str path)
{
    struct s3_warm **at = &s->warm;
    while (*at && !str_eq((*at)->path, path))
        at = &(*at)->next;
    return at;
}

void s3_warm_drop(struct s3_store *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->warm) {
        struct s3_warm *w = s->warm;
        s->warm = w->next;
        warm_free(s, w);
    }
    pthread_mutex_unlock(&s->lock);
}

bool s3_warm_take(struct s3_store *s, struct str path, int64_t size, struct arena *arena,
                  struct buffer *data, struct str *etag)
{
    bool good = false;
    pthread_mutex_lock(&s->lock);
    struct s3_warm **at = find(s, path), *w = *at;
    if (w) {
        *at = w->next;
        good = (size < 0 ? w->size == (int64_t)w->data.len : w->size == size) &&
               arena_str(arena, w->etag, etag, NULL) == ST_OK;
        if (good) {
            s->warm_bytes -= w->data.len;
            buffer_move(data, &w->data);
        }
        warm_free(s, w);
    }
    pthread_mutex_unlock(&s->lock);
    return good;
}

/* Room for `bytes` more among the warm ones; the oldest, at the end, give way. */
static bool make_room(struct s3_store *s, size_t bytes)
{
    while (s->warm_bytes + bytes > WARM_BYTES && s->warm) {
        struct s3_warm **at = &s->warm;
        while ((*at)->next)
            at = &(*at)->next;
        struct s3_warm *w = *at;
        *at = NULL;
        warm_free(s, w);
    }
    return s->warm_bytes + bytes <= WARM_BYTES;
}

/* W3: only a reply that is what was asked for is kept. */
static void keep(struct s3_store *s, const struct store_next *n, struct net_reply *reply)
{
    struct s3_warm *w;
    size_t wanted = s3_first_bytes(n->size);
    bool good = reply->status == 206 && s3_total(reply) == n->size && reply->body.len == wanted &&
                net_header(reply, "etag").len > 0;
    if (!good || mem_calloc(NULL, sizeof(*w), (void **)&w, NULL) != ST_OK)
        return;
    arena_init(&w->arena, NULL);
    w->size = n->size;
    if (arena_str(&w->arena, n->uri, &w->path, NULL) != ST_OK ||
        arena_str(&w->arena, net_header(reply, "etag"), &w->etag, NULL) != ST_OK) {
        arena_free(&w->arena);
        mem_free(NULL, w, sizeof(*w));
        return;
    }
    pthread_mutex_lock(&s->lock);
    struct s3_warm **same = find(s, n->uri), *old = *same;
    if (old) {
        *same = old->next;
        warm_free(s, old);
    }
    if (make_room(s, reply->body.len)) {
        buffer_move(&w->data, &reply->body);
        s->warm_bytes += w->data.len;
        w->next = s->warm;
        s->warm = w;
    } else {
        warm_free(s, w);
    }
    pthread_mutex_unlock(&s->lock);
}

static status ask(const struct store_next *n, struct s3_request *r, struct arena *arena,
                  struct error *err)
{
    struct property *range;
    *r = (struct s3_request){.method = "GET", .max_reply = s3_first_bytes(n->size)};
    TRY(s3_split(n->uri, &r->bucket, &r->key, err));
    TRY(ARENA_NEW(arena, struct property, &range, err));
    range->key = STR("range");
    TRY(arena_printf(arena, &range->value, err, "bytes=%lld-%lld",
                     (long long)(n->size - (int64_t)r->max_reply), (long long)n->size - 1));
    r->headers = range;
    r->header_count = 1;
    return ST_OK;
}

status s3_expect_files(struct store *store, const struct store_next *next, size_t count,
                       struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    struct s3_request *r;
    struct net_reply *replies = NULL;
    struct arena arena;
    size_t n = 0, bytes = 0;
    status st = ST_OK;
    arena_init(&arena, NULL);
    TRY_DONE(ARENA_ARRAY(&arena, struct s3_request, count, &r, err));
    TRY_DONE(ARENA_ARRAY(&arena, struct net_reply, count, &replies, err));
    for (; n < count && bytes + s3_first_bytes(next[n].size) <= WARM_BYTES; n++) {
        buffer_init(&replies[n].body, s->account, SIZE_MAX);
        if (buffer_reserve(&replies[n].body, s3_first_bytes(next[n].size), NULL) != ST_OK)
            break; /* W1 */
        bytes += s3_first_bytes(next[n].size);
        TRY_DONE(ask(&next[n], &r[n], &arena, err));
    }
    TRY_DONE(s3_send(s, r, n, &arena, replies, err));
    for (size_t i = n; i-- > 0;) /* the first to be opened is the last to give way */
        keep(s, &next[i], &replies[i]);
done:
    for (size_t i = 0; i < count && replies; i++)
        buffer_free(&replies[i].body);
    arena_free(&arena);
    return st;
}
