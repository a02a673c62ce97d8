// SPDX-License-Identifier: Apache-2.0
/* store_s3_read.c - ranges of an object, as few requests as its reader's habits allow.
 *
 *     object   |---- announced ranges ----|------ rest ------|-- tail --|
 *     windows   [ahead 0]  [ahead 1] ...      [stream]          [tail]
 *
 * A file whose size is known (from a manifest) costs no request until it is read. One of up to
 * WHOLE_BYTES is fetched whole by its first read. Else a read near the end fetches the tail, where
 * Parquet has its footer; the ranges that a reader announces (store_expect: the column chunks of a
 * row group) are fetched together, and whenever one runs dry all that are nearly used up are filled
 * again in the same round; other reads go through one window that doubles while they are sequential.
 *
 * R1  windows of a file never hold more than AHEAD_BYTES + STREAM_MOST + WHOLE_BYTES, and are charged
 *     to the store's account; where it refuses, announced windows are made smaller
 * R2  every range after the first round carries If-Match with the ETag seen then, and each reply's must
 *     be the same: an object that is replaced meanwhile is ST_CONFLICT, never a mixture
 * R3  a file's reads take turns: its lock is held during requests */
#include "store/store_s3_int.h"

#include <stdlib.h>

#define TAIL_BYTES   ((size_t)256 << 10)
#define WHOLE_BYTES  ((size_t)1 << 20)
#define AHEAD_BYTES  ((size_t)16 << 20)
#define AHEAD_LEAST  ((size_t)64 << 10)
#define JOINED_BYTES ((size_t)8 << 20)
#define GAP_BYTES    STORE_RANGE_COST /* cheaper to read than a request is to make */
#define STREAM_LEAST ((size_t)256 << 10)
#define STREAM_MOST  ((size_t)8 << 20)

struct window {
    int64_t start, end; /* what may be asked for; of the ahead ones the announced range */
    int64_t at;         /* offset of the first byte held */
    int64_t used;       /* offset behind the last byte that was read */
    size_t most;        /* bytes it may hold; of the ahead ones */
    struct buffer data; /* its account is the store's */
};

struct s3_file {
    struct store_file head;
    struct s3_store *store;
    struct str path, bucket, key; /* path owned; the others into it */
    struct str etag;              /* in <arena>; empty before the first reply */
    struct arena arena;
    pthread_mutex_t lock; /* guards all below, and etag */
    struct window tail, stream;
    struct window *ahead; /* owned */
    size_t ahead_count;
    size_t stream_bytes;
};

size_t s3_first_bytes(int64_t size)
{
    return size <= (int64_t)WHOLE_BYTES ? (size_t)size : TAIL_BYTES;
}

/* ---- one round of requests ------------------------------------------------------------------ */

struct piece {
    int64_t offset;
    size_t bytes;
    struct buffer *to; /* emptied, filled */
};

static status replaced(const struct s3_file *f, struct error *err)
{
    FAIL(err, ST_CONFLICT, "s3://%.*s was replaced while it was read", STR_ARG(f->path));
}

static status keep_etag(struct s3_file *f, const struct net_reply *reply, struct error *err)
{
    struct str etag = net_header(reply, "etag");
    if (etag.len == 0)
        return s3_fail_foreign(f->path, err);
    if (f->etag.len && !str_eq(f->etag, etag)) /* the first round has no If-Match */
        return replaced(f, err);
    return f->etag.len ? ST_OK : arena_str(&f->arena, etag, &f->etag, err);
}

static status range_headers(const struct s3_file *f, const struct piece *p, struct arena *arena,
                            struct property **out, size_t *count, struct error *err)
{
    TRY(ARENA_ARRAY(arena, struct property, 2, out, err));
    (*out)[0].key = STR("range");
    TRY(arena_printf(arena, &(*out)[0].value, err, "bytes=%lld-%lld", (long long)p->offset,
                     (long long)p->offset + (long long)p->bytes - 1));
    (*out)[1] = (struct property){STR("if-match"), f->etag};
    *count = f->etag.len ? 2 : 1;
    return ST_OK;
}

static status check_piece(struct s3_file *f, const struct s3_request *r, const struct piece *p,
                          struct net_reply *reply, struct error *err)
{
    if (reply->status == 412)
        return replaced(f, err);
    bool whole = reply->status == 200 && p->offset == 0;
    if (reply->status == 416 || ((reply->status == 206 || whole) && reply->body.len != p->bytes))
        FAIL(err, ST_CORRUPT,
             "s3://%.*s: %zu bytes at offset %lld wanted, %zu are there, the size "
             "is said to be %lld",
             STR_ARG(f->path), p->bytes, (long long)p->offset,
             reply->status == 416 ? 0 : reply->body.len, (long long)f->head.size);
    if (reply->status != 206 && !whole)
        return s3_fail(f->store, r, reply, "read", err);
    return keep_etag(f, reply, err);
}

static status fetch(struct s3_file *f, const struct piece *pieces, size_t count, struct error *err)
{
    struct s3_request *r;
    struct net_reply *replies;
    struct arena arena;
    status st = ST_OK;
    arena_init(&arena, NULL);
    TRY_DONE(ARENA_ARRAY(&arena, struct s3_request, count, &r, err));
    TRY_DONE(ARENA_ARRAY(&arena, struct net_reply, count, &replies, err));
    for (size_t i = 0; i < count; i++) {
        struct property *headers;
        buffer_clear(pieces[i].to);
        TRY_DONE(buffer_reserve(pieces[i].to, pieces[i].bytes, err));
        r[i] = (struct s3_request){
            .method = "GET", .bucket = f->bucket, .key = f->key, .max_reply = pieces[i].bytes};
        TRY_DONE(range_headers(f, &pieces[i], &arena, &headers, &r[i].header_count, err));
        r[i].headers = headers;
    }
    for (size_t i = 0; i < count; i++)
        buffer_move(&replies[i].body, pieces[i].to);
    st = s3_send(f->store, r, count, &arena, replies, err);
    for (size_t i = 0; i < count; i++) {
        if (st == ST_OK)
            st = check_piece(f, &r[i], &pieces[i], &replies[i], err);
        buffer_move(pieces[i].to, &replies[i].body);
    }
    for (size_t i = 0; st != ST_OK && i < count; i++)
        buffer_clear(pieces[i].to);
done:
    arena_free(&arena);
    return st;
}

/* ---- windows -------------------------------------------------------------------------------- */

static void window_init(struct window *w, struct s3_store *s)
{
    *w = (struct window){0};
    buffer_init(&w->data, s->account, SIZE_MAX);
}

/* Bytes of the window from `offset` on. */
static size_t window_has(const struct window *w, int64_t offset)
{
    int64_t inside = offset - w->at;
    return inside >= 0 && inside < (int64_t)w->data.len ? w->data.len - (size_t)inside : 0;
}

/* The piece that fills `w` from `offset` on. */
static struct piece window_piece(struct window *w, int64_t offset, size_t most)
{
    int64_t left = w->end - offset;
    w->at = w->used = offset;
    return (struct piece){offset, left < (int64_t)most ? (size_t)left : most, &w->data};
}

static void drop_ahead(struct s3_file *f)
{
    for (size_t i = 0; i < f->ahead_count; i++)
        buffer_free(&f->ahead[i].data);
    mem_free(NULL, f->ahead, f->ahead_count * sizeof(*f->ahead));
    f->ahead = NULL;
    f->ahead_count = 0;
}

/* Fills the window that `offset` misses in, and with it all others that are nearly used up. */
static status fill_ahead(struct s3_file *f, const struct window *missing, int64_t offset,
                         struct error *err)
{
    struct piece *pieces;
    struct arena arena;
    size_t n = 0;
    status st = ST_OK;
    arena_init(&arena, NULL);
    TRY_DONE(ARENA_ARRAY(&arena, struct piece, f->ahead_count, &pieces, err));
    for (size_t i = 0; i < f->ahead_count; i++) {
        struct window *w = &f->ahead[i];
        int64_t held = w->at + (int64_t)w->data.len;
        bool nearly_used = held - w->used <= (int64_t)(w->data.len / 8);
        if (w == missing)
            pieces[n++] = window_piece(w, offset, w->most);
        else if (nearly_used && held < w->end)
            pieces[n++] = window_piece(w, w->used, w->most);
    }
    st = fetch(f, pieces, n, err);
done:
    arena_free(&arena);
    return st;
}

static status fill_stream(struct s3_file *f, int64_t offset, size_t bytes, struct error *err)
{
    struct window *w = &f->stream;
    bool goes_on = w->data.len && offset == w->at + (int64_t)w->data.len;
    f->stream_bytes = goes_on ? f->stream_bytes * 2 : STREAM_LEAST;
    if (f->stream_bytes > STREAM_MOST)
        f->stream_bytes = STREAM_MOST;
    size_t want = bytes > f->stream_bytes ? bytes : f->stream_bytes;
    w->end = f->head.size;
    struct piece p = window_piece(w, offset, want < STREAM_MOST ? want : STREAM_MOST);
    return fetch(f, &p, 1, err);
}

/* The window that holds `offset`, filled if need be. */
static status window_at(struct s3_file *f, int64_t offset, size_t bytes, struct window **out,
                        struct error *err)
{
    int64_t size = f->head.size;
    struct window *ahead = NULL;
    if (window_has(&f->tail, offset)) {
        *out = &f->tail;
        return ST_OK;
    }
    if (window_has(&f->stream, offset)) {
        *out = &f->stream;
        return ST_OK;
    }
    for (size_t i = 0; i < f->ahead_count && !ahead; i++)
        if (offset >= f->ahead[i].start && offset < f->ahead[i].end)
            ahead = &f->ahead[i];
    if (ahead) {
        *out = ahead;
        return window_has(ahead, offset) ? ST_OK : fill_ahead(f, ahead, offset, err);
    }
    int64_t first = size - (int64_t)s3_first_bytes(size);
    if (offset < first) {
        *out = &f->stream;
        return fill_stream(f, offset, bytes, err);
    }
    f->tail.end = size;
    struct piece p = window_piece(&f->tail, first, WHOLE_BYTES);
    *out = &f->tail;
    TRY(fetch(f, &p, 1, err));
    if (first == 0)
        s3_warm_keep(f->store, f->path, f->etag, f->tail.data.data, f->tail.data.len);
    return ST_OK;
}

status s3_read(struct store_file *file, int64_t offset, void *out, size_t bytes, struct error *err)
{
    struct s3_file *f = (struct s3_file *)file;
    uint8_t *to = out;
    status st = ST_OK;
    pthread_mutex_lock(&f->lock);
    while (bytes > 0 && st == ST_OK) {
        struct window *w;
        st = window_at(f, offset, bytes, &w, err);
        if (st != ST_OK)
            break;
        size_t n = window_has(w, offset);
        n = n < bytes ? n : bytes;
        memcpy(to, w->data.data + (offset - w->at), n);
        to += n;
        offset += (int64_t)n;
        bytes -= n;
        w->used = offset > w->used ? offset : w->used;
    }
    pthread_mutex_unlock(&f->lock);
    return st;
}

/* ---- announced ranges ----------------------------------------------------------------------- */

static int compare_ranges(const void *a, const void *b)
{
    const struct store_range *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* One window a range, its share of `budget` by the range's length, so that all run dry together.
 * Where all fit whole, ranges that lie close share a window. */
static status make_ahead(struct s3_file *f, const struct store_range *sorted, size_t count,
                         size_t budget, struct error *err)
{
    void *memory;
    int64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += (int64_t)sorted[i].bytes + GAP_BYTES;
    bool whole = total <= (int64_t)budget;
    TRY(mem_calloc(NULL, count * sizeof(*f->ahead), &memory, err));
    struct window *w = memory;
    f->ahead = w;
    f->ahead_count = count;
    for (size_t i = 0, n = 0; i < count; i++) {
        int64_t start = sorted[i].offset, end = start + (int64_t)sorted[i].bytes;
        window_init(&w[i], f->store);
        if (whole && n > 0 && start <= w[n - 1].end + GAP_BYTES &&
            end - w[n - 1].start <= (int64_t)JOINED_BYTES) {
            w[n - 1].end = end > w[n - 1].end ? end : w[n - 1].end;
            w[n - 1].most = (size_t)(w[n - 1].end - w[n - 1].start);
            continue;
        }
        double share = (double)sorted[i].bytes / (double)total * (double)budget;
        w[n].most = whole ? (size_t)sorted[i].bytes : (size_t)share;
        w[n].most = !whole && w[n].most < AHEAD_LEAST ? AHEAD_LEAST : w[n].most;
        w[n].start = w[n].at = w[n].used = start;
        w[n++].end = end;
    }
    return ST_OK;
}

/* Fills all windows; R1: room is made before anything is asked for. */
static status first_pieces(struct s3_file *f, struct error *err)
{
    struct piece *pieces;
    struct arena arena;
    size_t n = 0;
    status st = ST_OK;
    arena_init(&arena, NULL);
    TRY_DONE(ARENA_ARRAY(&arena, struct piece, f->ahead_count, &pieces, err));
    for (size_t i = 0; i < f->ahead_count; i++) {
        struct window *w = &f->ahead[i];
        if (w->end == w->start || window_has(&f->tail, w->start))
            continue;
        pieces[n] = window_piece(w, w->start, w->most);
        TRY_DONE(buffer_reserve(pieces[n].to, pieces[n].bytes, err));
        n++;
    }
    st = n ? fetch(f, pieces, n, err) : ST_OK;
done:
    arena_free(&arena);
    return st;
}

int64_t s3_ahead_bytes(const struct store_file *file)
{
    return (int64_t)s3_share(((const struct s3_file *)file)->store, AHEAD_BYTES);
}

status s3_expect(struct store_file *file, const struct store_range *ranges, size_t count,
                 struct error *err)
{
    struct s3_file *f = (struct s3_file *)file;
    struct store_range *sorted;
    struct arena arena;
    status st = ST_OK;
    arena_init(&arena, NULL);
    pthread_mutex_lock(&f->lock);
    drop_ahead(f);
    buffer_free(&f->stream.data);
    if (count > 0 && f->head.size > (int64_t)WHOLE_BYTES) {
        TRY_DONE(ARENA_ARRAY(&arena, struct store_range, count, &sorted, err));
        memcpy(sorted, ranges, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), compare_ranges);
        for (size_t budget = AHEAD_BYTES;; budget /= 2) {
            TRY_DONE(make_ahead(f, sorted, count, budget, err));
            st = first_pieces(f, err);
            if (st != ST_LIMIT || budget / count <= AHEAD_LEAST)
                break;
            drop_ahead(f);
        }
    }
done:
    pthread_mutex_unlock(&f->lock);
    arena_free(&arena);
    return st;
}

/* ---- open and close ------------------------------------------------------------------------- */

void s3_close(struct store_file *file)
{
    struct s3_file *f = (struct s3_file *)file;
    drop_ahead(f);
    buffer_free(&f->tail.data);
    buffer_free(&f->stream.data);
    arena_free(&f->arena);
    pthread_mutex_destroy(&f->lock);
    mem_free(NULL, f, sizeof(*f));
}

int64_t s3_total(const struct net_reply *reply)
{
    struct str content_range = net_header(reply, "content-range");
    const char *slash =
        content_range.len ? memchr(content_range.ptr, '/', content_range.len) : NULL;
    int64_t n = -1;
    size_t at = slash ? (size_t)(slash - content_range.ptr) + 1 : content_range.len;
    for (; at < content_range.len; at++) {
        char c = content_range.ptr[at];
        if (c < '0' || c > '9' || n > INT64_MAX / 16)
            return -1;
        n = (n < 0 ? 0 : n) * 10 + (c - '0');
    }
    return n;
}

/* Asks for the end of a file whose size is not known: the reply tells it, and is the tail. */
static status open_by_tail(struct s3_file *f, struct error *err)
{
    struct property range = {STR("range"), STR("bytes=-262144")}; /* TAIL_BYTES */
    struct s3_request r = {.method = "GET",
                           .bucket = f->bucket,
                           .key = f->key,
                           .headers = &range,
                           .header_count = 1,
                           .max_reply = WHOLE_BYTES};
    struct net_reply reply = {0};
    struct arena arena;
    arena_init(&arena, NULL);
    buffer_move(&reply.body, &f->tail.data);
    status st = s3_send(f->store, &r, 1, &arena, &reply, err);
    int64_t total = s3_total(&reply);
    if (st == ST_OK && reply.status == 416) { /* no byte is in it */
        total = 0;
        buffer_clear(&reply.body);
    } else if (st == ST_OK && reply.status == 200) { /* a server that knows no such range */
        total = (int64_t)reply.body.len;
    } else if (st == ST_OK && reply.status != 206) {
        st = s3_fail(f->store, &r, &reply, "open", err);
    }
    const int64_t tail = TAIL_BYTES;
    int64_t wanted = reply.status == 206 && total > tail ? tail : total;
    if (st == ST_OK && total < (int64_t)reply.body.len)
        st = error_set(err, ST_CORRUPT, __FILE__, __LINE__,
                       "s3://%.*s: the server's reply does not tell its size", STR_ARG(f->path));
    else if (st == ST_OK && (int64_t)reply.body.len != wanted)
        st = error_set(err, ST_CORRUPT, __FILE__, __LINE__,
                       "s3://%.*s: the last %lld of %lld bytes wanted, the server gives %zu",
                       STR_ARG(f->path), (long long)wanted, (long long)total, reply.body.len);
    if (st == ST_OK && reply.status != 416)
        st = keep_etag(f, &reply, err);
    f->head.size = total;
    buffer_move(&f->tail.data, &reply.body);
    f->tail.at = total - (int64_t)f->tail.data.len;
    f->tail.end = total;
    arena_free(&arena);
    return st;
}

status s3_open(struct store *store, struct str path, int64_t size_hint, struct store_file **out,
               struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    struct str bucket, key;
    void *memory;
    TRY(s3_split(path, &bucket, &key, err));
    if (key.len == 0)
        FAIL(err, ST_INVALID, "s3://%.*s names a bucket, expected an object", STR_ARG(path));
    TRY(mem_calloc(NULL, sizeof(struct s3_file), &memory, err));
    struct s3_file *f = memory;
    f->store = s;
    f->head.store = store;
    f->head.size = size_hint;
    arena_init(&f->arena, NULL);
    pthread_mutex_init(&f->lock, NULL);
    window_init(&f->tail, s);
    window_init(&f->stream, s);
    status st = arena_str(&f->arena, path, &f->path, err);
    if (st == ST_OK)
        st = s3_split(f->path, &f->bucket, &f->key, err);
    if (st == ST_OK && size_hint < 0)
        st = open_by_tail(f, err);
    else if (st == ST_OK && s3_warm_take(s, path, size_hint, &f->arena, &f->tail.data, &f->etag))
        f->tail.at = size_hint - (int64_t)f->tail.data.len;
    if (st != ST_OK) {
        s3_close(&f->head);
        return st;
    }
    *out = &f->head;
    return ST_OK;
}

status s3_read_all(struct store *store, struct str path, bool fixed, struct buffer *out,
                   struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    size_t room = out->cap_bytes - out->len;
    struct s3_request r = {.method = "GET", .max_reply = room ? room : 1};
    struct net_reply reply = {0};
    struct str etag;
    struct arena arena;
    status st = ST_OK;
    TRY(s3_split(path, &r.bucket, &r.key, err));
    arena_init(&arena, NULL);
    buffer_init(&reply.body, out->account, room);
    if (!fixed || !s3_warm_take(s, path, -1, &arena, &reply.body, &etag)) {
        TRY_DONE(s3_send(s, &r, 1, &arena, &reply, err));
        if (reply.status != 200)
            TRY_DONE(s3_fail(s, &r, &reply, "read", err));
        etag = net_header(&reply, "etag");
        if (etag.len == 0)
            TRY_DONE(s3_fail_foreign(path, err));
        if (fixed)
            s3_warm_keep(s, path, etag, reply.body.data, reply.body.len);
    }
    TRY_DONE(buffer_append(out, reply.body.data, reply.body.len, err));
done:
    buffer_free(&reply.body);
    arena_free(&arena);
    return st;
}
