// SPDX-License-Identifier: Apache-2.0
/* store_s3_warm.c - small objects that a session has written, read or is about to open.
 *
 * A table of many small files would cost one wait for each. A scan says which it opens next
 * (store_expect_files); what the first read of each wants - the whole of a small file, else its tail -
 * is asked for in one round and handed to the file when it is opened.
 *
 * A job names the same few objects again and again: each statement reads the table's metadata, its
 * manifest list and manifests, and checks look at rows just written. Whole small files therefore stay,
 * whether they were read or written:
 *
 *     PUT, GET of one known not to change -> [newest][...][oldest] -> opening, store_read_fixed
 *
 * W1  all of them are WARM_COUNT at most and hold s3_share() of WARM_BYTES at most, charged to the
 *     store's account; where it refuses, fewer are fetched or kept, and the files do without
 * W2  a whole file stays when it is handed out, and what was used last gives way last; a tail is handed
 *     out once
 * W3  a file that cannot be fetched so is left to its opening, which says what is wrong
 * W4  only files that never change under their name are looked for here: those whose size their reader
 *     knows from a table, and those of store_read_fixed. Deleting forgets */
#include "store/store_s3_int.h"

#define WARM_BYTES ((size_t)16 << 20)
#define WARM_COUNT 256

static void warm_free(struct s3_store *s, struct s3_warm *w)
{
    s->warm_bytes -= w->data.len;
    s->warm_count--;
    buffer_free(&w->data);
    arena_free(&w->arena);
    mem_free(NULL, w, sizeof(*w));
}

/* The one of this path, taken out of the list; NULL when there is none. */
static struct s3_warm *unlink_path(struct s3_store *s, struct str path)
{
    struct s3_warm **at = &s->warm;
    while (*at && !str_eq((*at)->path, path))
        at = &(*at)->next;
    struct s3_warm *w = *at;
    if (w)
        *at = w->next;
    return w;
}

static void link_first(struct s3_store *s, struct s3_warm *w)
{
    w->next = s->warm;
    s->warm = w;
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
    bool good = false, stays = false;
    pthread_mutex_lock(&s->lock);
    struct s3_warm *w = unlink_path(s, path);
    if (w) {
        bool whole = w->size == (int64_t)w->data.len;
        good =
            (size < 0 ? whole : w->size == size) && arena_str(arena, w->etag, etag, NULL) == ST_OK;
        stays = good && whole && buffer_append(data, w->data.data, w->data.len, NULL) == ST_OK;
    }
    if (stays) { /* W2 */
        link_first(s, w);
    } else if (w) {
        if (good) {
            s->warm_bytes -= w->data.len;
            buffer_move(data, &w->data);
        }
        warm_free(s, w);
    }
    pthread_mutex_unlock(&s->lock);
    return good;
}

/* Whether a file need not be asked for. It moves to the front: what is fetched with it does not
 * push it out. */
static bool is_held(struct s3_store *s, const struct store_next *n)
{
    pthread_mutex_lock(&s->lock);
    struct s3_warm *w = unlink_path(s, n->uri);
    bool held = w && w->size == n->size;
    if (w)
        link_first(s, w);
    pthread_mutex_unlock(&s->lock);
    return held;
}

void s3_warm_forget(struct s3_store *s, struct str path)
{
    pthread_mutex_lock(&s->lock);
    struct s3_warm *w = unlink_path(s, path);
    if (w)
        warm_free(s, w);
    pthread_mutex_unlock(&s->lock);
}

/* Room for one of `bytes` more; the oldest, at the end, give way. */
static bool make_room(struct s3_store *s, size_t bytes)
{
    size_t room = s3_share(s, WARM_BYTES);
    if (bytes > room)
        return false;
    while ((s->warm_bytes + bytes > room || s->warm_count == WARM_COUNT) && s->warm) {
        struct s3_warm **at = &s->warm;
        while ((*at)->next)
            at = &(*at)->next;
        struct s3_warm *w = *at;
        *at = NULL;
        warm_free(s, w);
    }
    return true;
}

/* Moves `data`, the last bytes of a file of `size`, to the front; or leaves it. */
static void add(struct s3_store *s, struct str path, struct str etag, int64_t size,
                struct buffer *data)
{
    void *memory;
    if (mem_calloc(NULL, sizeof(struct s3_warm), &memory, NULL) != ST_OK)
        return;
    struct s3_warm *w = memory;
    arena_init(&w->arena, NULL);
    w->size = size;
    bool good = arena_str(&w->arena, path, &w->path, NULL) == ST_OK &&
                arena_str(&w->arena, etag, &w->etag, NULL) == ST_OK;
    s3_warm_forget(s, path);
    pthread_mutex_lock(&s->lock);
    s->warm_count++;
    if (good && make_room(s, data->len)) {
        buffer_move(&w->data, data);
        s->warm_bytes += w->data.len;
        link_first(s, w);
    } else {
        warm_free(s, w);
    }
    pthread_mutex_unlock(&s->lock);
}

void s3_warm_keep(struct s3_store *s, struct str path, struct str etag, const void *data,
                  size_t bytes)
{
    struct buffer copy;
    if (bytes == 0 || bytes > s3_share(s, WARM_BYTES) || s3_first_bytes((int64_t)bytes) < bytes)
        return;
    buffer_init(&copy, s->account, SIZE_MAX);
    if (buffer_append(&copy, data, bytes, NULL) == ST_OK)
        add(s, path, etag, (int64_t)bytes, &copy);
    buffer_free(&copy);
}

/* W3: only a reply that is what was asked for is kept. */
static void keep(struct s3_store *s, const struct store_next *n, struct net_reply *reply)
{
    struct str etag = net_header(reply, "etag");
    if (reply->status == 206 && s3_total(reply) == n->size &&
        reply->body.len == s3_first_bytes(n->size) && etag.len > 0)
        add(s, n->uri, etag, n->size, &reply->body);
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
                       size_t *taken, struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    struct s3_request *r;
    struct net_reply *replies = NULL;
    const struct store_next *asked[STORE_NEXT_MOST];
    struct arena arena;
    size_t n = 0, bytes = 0, room = s3_share(s, WARM_BYTES);
    status st = ST_OK;
    arena_init(&arena, NULL);
    TRY_DONE(ARENA_ARRAY(&arena, struct s3_request, count, &r, err));
    TRY_DONE(ARENA_ARRAY(&arena, struct net_reply, count, &replies, err));
    for (*taken = 0; *taken < count; ++*taken) {
        const struct store_next *f = &next[*taken];
        size_t first = f->size > 0 ? s3_first_bytes(f->size) : 0;
        bool held = first == 0 || is_held(s, f);
        if (!held)
            buffer_init(&replies[n].body, s->account, SIZE_MAX);
        if (bytes + first > room ||
            (!held && buffer_reserve(&replies[n].body, first, NULL) != ST_OK))
            break; /* W1 */
        bytes += first;
        if (held)
            continue;
        TRY_DONE(ask(f, &r[n], &arena, err));
        asked[n++] = f;
    }
    if (n > 0)
        TRY_DONE(s3_send(s, r, n, &arena, replies, err));
    while (n-- > 0) /* the first to be opened is the last to give way */
        keep(s, asked[n], &replies[n]);
done:
    for (size_t i = 0; i < count && replies; i++)
        buffer_free(&replies[i].body);
    arena_free(&arena);
    return st;
}
