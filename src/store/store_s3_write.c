// SPDX-License-Identifier: Apache-2.0
/* store_s3_write.c - objects are written whole: one PUT, or parts that one request makes an object.
 *
 *     append    bytes gather in parts of PART_BYTES
 *     finish    up to one part: PUT
 *               more: parts went up together, PARTS at a time, as they filled; then "complete"
 *
 * S1  an object is visible when its PUT or its completion is answered (T1); a failed or abandoned
 *     upload is aborted, so that no parts stay behind (T3)
 * S2  If-None-Match: * makes the server refuse a name that is taken (T2)
 * S3  each object carries a mark of its own in x-amz-meta-firn-write. A refusal (an earlier try, even
 *     one of libcurl's own, may have done it) or a lost reply is settled by asking which mark the
 *     object has: ours means it was written
 * S4  a write holds PARTS parts at most, charged to the store's account */
#include "store/store_s3_int.h"

#include "base/random.h"

#include <stdio.h>

#define PART_BYTES ((size_t)8 << 20) /* 10,000 parts at most make 80 GB */
#define PARTS      4
#define PARTS_MOST 10000

struct s3_write {
    struct store_write head;
    struct s3_store *store;
    struct str path, bucket, key; /* in <arena>; bucket and key into path */
    struct arena arena;
    char mark[37];              /* S3 */
    struct str upload;          /* id of the multipart upload; empty = none was begun */
    struct buffer parts[PARTS]; /* being gathered; all but the last are full */
    size_t gathered;            /* parts begun in this round */
    struct str *etags;          /* in <arena>: of the parts that are up */
    size_t etag_count, etag_capacity;
};

static struct s3_request request(const struct s3_write *w, const char *method)
{
    return (struct s3_request){
        .method = method, .bucket = w->bucket, .key = w->key, .max_reply = (size_t)1 << 20};
}

/* ---- one object or its parts ---------------------------------------------------------------- */

static status ask(struct s3_write *w, const struct s3_request *r, struct arena *arena,
                  struct net_reply *reply, struct error *err)
{
    *reply = (struct net_reply){0};
    buffer_init(&reply->body, w->store->account, SIZE_MAX);
    return s3_send(w->store, r, 1, arena, reply, err);
}

/* Whether the object at our name is the one written here: S3. */
static bool is_ours(struct s3_write *w)
{
    struct s3_request r = request(w, "HEAD");
    struct net_reply reply;
    struct arena arena;
    arena_init(&arena, NULL);
    bool ours = ask(w, &r, &arena, &reply, NULL) == ST_OK && reply.status == 200 &&
                str_eq_z(net_header(&reply, "x-amz-meta-firn-write"), w->mark);
    buffer_free(&reply.body);
    arena_free(&arena);
    return ours;
}

/* A completion's 200 may carry an error, and one without a word of S3's is somebody else's: a proxy
 * that asks for a login says 200, too. */
static bool confirms(const struct net_reply *reply)
{
    struct arena arena;
    arena_init(&arena, NULL);
    bool good = reply->status == 200 && !s3_error_code(reply, &arena).len &&
                (net_header(reply, "etag").len > 0 ||
                 s3_xml_find(buffer_str(&reply->body), "ETag", &arena).len > 0);
    arena_free(&arena);
    return good;
}

/* What became of a PUT or a completion. */
static status settle(struct s3_write *w, const struct s3_request *r, status sent,
                     const struct net_reply *reply, struct error *err)
{
    bool taken = sent == ST_OK && (reply->status == 412 || reply->status == 409);
    if (sent == ST_OK && confirms(reply))
        return ST_OK;
    bool in_doubt = sent == ST_OK || sent == ST_NET || sent == ST_TIMEOUT;
    if (in_doubt && is_ours(w))
        return ST_OK;
    if (sent != ST_OK)
        return sent;
    if (taken) {
        (void)error_set(err, ST_EXISTS, __FILE__, __LINE__,
                        "cannot publish s3://%.*s: the object exists", STR_ARG(w->path));
        error_sqlstate(err, "58P02");
        return ST_EXISTS;
    }
    struct arena arena;
    arena_init(&arena, NULL);
    bool said = reply->status != 200 || s3_error_code(reply, &arena).len > 0;
    arena_free(&arena);
    return said ? s3_fail(w->store, r, reply, "write", err) : s3_fail_foreign(w->path, err);
}

static status put_whole(struct s3_write *w, struct error *err)
{
    struct property headers[] = {{STR("x-amz-meta-firn-write"), str_of(w->mark)},
                                 {STR("content-type"), STR("application/octet-stream")},
                                 {STR("if-none-match"), STR("*")}};
    struct s3_request r = request(w, "PUT");
    struct net_reply reply;
    struct arena arena;
    r.headers = headers;
    r.header_count = w->head.replace ? 2 : 3;
    r.body = w->parts[0].data;
    r.body_bytes = w->parts[0].len;
    arena_init(&arena, NULL);
    status st = ask(w, &r, &arena, &reply, err);
    bool plain = st == ST_OK && confirms(&reply) && !w->head.replace;
    st = settle(w, &r, st, &reply, err);
    if (plain) /* its ETag is that of what was sent: the signature holds the body's hash */
        s3_warm_keep(w->store, w->path, net_header(&reply, "etag"), r.body, r.body_bytes);
    buffer_free(&reply.body);
    arena_free(&arena);
    return st;
}

static status begin_upload(struct s3_write *w, struct error *err)
{
    struct property headers[] = {{STR("x-amz-meta-firn-write"), str_of(w->mark)},
                                 {STR("content-type"), STR("application/octet-stream")}};
    struct s3_request r = request(w, "POST");
    struct net_reply reply;
    struct arena arena;
    status st = ST_OK;
    r.query = STR("uploads=");
    r.headers = headers;
    r.header_count = ARRAY_LEN(headers);
    arena_init(&arena, NULL);
    TRY_DONE(ask(w, &r, &arena, &reply, err));
    if (reply.status != 200)
        TRY_DONE(s3_fail(w->store, &r, &reply, "write", err));
    struct str id = s3_xml_find(buffer_str(&reply.body), "UploadId", &arena);
    if (id.len == 0)
        FAIL_DONE(err, ST_CORRUPT, "s3://%.*s: the reply to a new upload holds no id",
                  STR_ARG(w->path));
    TRY_DONE(net_escape(id, false, &w->arena, &w->upload, err));
done:
    buffer_free(&reply.body);
    arena_free(&arena);
    return st;
}

static status keep_part(struct s3_write *w, const struct s3_request *r,
                        const struct net_reply *reply, struct error *err)
{
    struct str etag = net_header(reply, "etag");
    if (reply->status != 200)
        return s3_fail(w->store, r, reply, "write a part of", err);
    if (etag.len == 0)
        FAIL(err, ST_CORRUPT, "s3://%.*s: the reply to a part has no ETag", STR_ARG(w->path));
    TRY(arena_grow(&w->arena, (void **)&w->etags, sizeof(*w->etags), &w->etag_capacity,
                   w->etag_count + 1, err));
    return arena_str(&w->arena, etag, &w->etags[w->etag_count++], err);
}

/* Sends what is gathered, all parts in flight together. */
static status send_parts(struct s3_write *w, struct error *err)
{
    struct s3_request r[PARTS];
    struct net_reply replies[PARTS] = {0};
    struct arena arena;
    status st = ST_OK;
    if (w->upload.len == 0)
        TRY(begin_upload(w, err));
    if (w->etag_count + w->gathered > PARTS_MOST)
        FAIL(err, ST_LIMIT, "s3://%.*s: more than %d parts of %zu bytes", STR_ARG(w->path),
             PARTS_MOST, PART_BYTES);
    arena_init(&arena, NULL);
    for (size_t i = 0; i < w->gathered; i++) {
        r[i] = request(w, "PUT");
        r[i].body = w->parts[i].data;
        r[i].body_bytes = w->parts[i].len;
        buffer_init(&replies[i].body, w->store->account, SIZE_MAX);
        TRY_DONE(arena_printf(&arena, &r[i].query, err, "partNumber=%zu&uploadId=%.*s",
                              w->etag_count + i + 1, STR_ARG(w->upload)));
    }
    TRY_DONE(s3_send(w->store, r, w->gathered, &arena, replies, err));
    for (size_t i = 0; i < w->gathered; i++)
        TRY_DONE(keep_part(w, &r[i], &replies[i], err));
    for (size_t i = 0; i < w->gathered; i++)
        buffer_clear(&w->parts[i]);
    w->gathered = 0;
done:
    for (size_t i = 0; i < PARTS; i++)
        buffer_free(&replies[i].body);
    arena_free(&arena);
    return st;
}

static status complete_body(const struct s3_write *w, struct buffer *out, struct error *err)
{
    TRY(buffer_append_str(out, STR("<CompleteMultipartUpload>"), err));
    for (size_t i = 0; i < w->etag_count; i++) {
        TRY(buffer_printf(out, err, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1));
        for (size_t k = 0; k < w->etags[i].len; k++) /* quotes and digits; the server's own word */
            TRY(buffer_printf(out, err, "&#%d;", (unsigned char)w->etags[i].ptr[k]));
        TRY(buffer_append_str(out, STR("</ETag></Part>"), err));
    }
    return buffer_append_str(out, STR("</CompleteMultipartUpload>"), err);
}

static status complete_upload(struct s3_write *w, struct error *err)
{
    struct property headers[] = {{STR("content-type"), STR("application/xml")},
                                 {STR("if-none-match"), STR("*")}};
    struct s3_request r = request(w, "POST");
    struct net_reply reply = {0};
    struct buffer body;
    struct arena arena;
    status st = ST_OK;
    arena_init(&arena, NULL);
    buffer_init(&body, w->store->account, SIZE_MAX);
    TRY_DONE(complete_body(w, &body, err));
    TRY_DONE(arena_printf(&arena, &r.query, err, "uploadId=%.*s", STR_ARG(w->upload)));
    r.headers = headers;
    r.header_count = w->head.replace ? 1 : 2;
    r.body = body.data;
    r.body_bytes = body.len;
    st = ask(w, &r, &arena, &reply, err);
    st = settle(w, &r, st, &reply, err);
    if (st == ST_OK)
        w->upload = (struct str){0};
done:
    buffer_free(&reply.body);
    buffer_free(&body);
    arena_free(&arena);
    return st;
}

static void abort_upload(struct s3_write *w)
{
    struct s3_request r = request(w, "DELETE");
    r.firm = true;
    struct net_reply reply = {0};
    struct arena arena;
    arena_init(&arena, NULL);
    status ignored = arena_printf(&arena, &r.query, NULL, "uploadId=%.*s", STR_ARG(w->upload));
    if (ignored == ST_OK)
        ignored = ask(w, &r, &arena, &reply, NULL); /* T3: as far as the store still answers */
    buffer_free(&reply.body);
    arena_free(&arena);
}

/* ---- the table's functions ------------------------------------------------------------------ */

void s3_write_free(struct store_write *base)
{
    struct s3_write *w = (struct s3_write *)base;
    if (w->upload.len)
        abort_upload(w);
    for (size_t i = 0; i < PARTS; i++)
        buffer_free(&w->parts[i]);
    arena_free(&w->arena);
    mem_free(NULL, w, sizeof(*w));
}

status s3_write_create(struct store *store, struct str path, struct store_write **out,
                       struct error *err)
{
    struct s3_store *s = (struct s3_store *)store;
    struct str bucket, key;
    void *memory;
    TRY(s3_split(path, &bucket, &key, err));
    if (key.len == 0)
        FAIL(err, ST_INVALID, "s3://%.*s names a bucket, expected an object", STR_ARG(path));
    TRY(mem_calloc(NULL, sizeof(struct s3_write), &memory, err));
    struct s3_write *w = memory;
    w->store = s;
    arena_init(&w->arena, NULL);
    for (size_t i = 0; i < PARTS; i++)
        buffer_init(&w->parts[i], s->account, PART_BYTES);
    status st = arena_str(&w->arena, path, &w->path, err);
    if (st == ST_OK)
        st = s3_split(w->path, &w->bucket, &w->key, err);
    if (st == ST_OK)
        st = random_uuid(w->mark, err);
    if (st != ST_OK) {
        s3_write_free(&w->head);
        return st;
    }
    *out = &w->head;
    return ST_OK;
}

status s3_write_append(struct store_write *base, const void *data, size_t bytes, struct error *err)
{
    struct s3_write *w = (struct s3_write *)base;
    const uint8_t *from = data;
    while (bytes > 0) {
        struct buffer *part = w->gathered ? &w->parts[w->gathered - 1] : NULL;
        if (!part || part->len == PART_BYTES) {
            if (w->gathered == PARTS)
                TRY(send_parts(w, err));
            part = &w->parts[w->gathered++];
        }
        size_t n = PART_BYTES - part->len < bytes ? PART_BYTES - part->len : bytes;
        TRY(buffer_append(part, from, n, err));
        from += n;
        bytes -= n;
    }
    return ST_OK;
}

status s3_write_finish(struct store_write *base, struct error *err)
{
    struct s3_write *w = (struct s3_write *)base;
    if (w->upload.len == 0 && w->gathered <= 1)
        return put_whole(w, err);
    if (w->gathered > 0)
        TRY(send_parts(w, err));
    return complete_upload(w, err);
}
