// SPDX-License-Identifier: Apache-2.0
/* store_s3_send.c - requests to a site, signed anew at each try, and what its errors mean.
 *
 *     path style      http://endpoint/bucket/key        virtual host   http://bucket.endpoint/key
 *
 * A key is any UTF-8: it is escaped byte by byte, slashes kept, so "a//b" and ".." stay what they
 * are (libcurl leaves paths alone). Every request may be repeated: reads and deletes by nature,
 * writes because they carry a mark of their own (store_s3_write.c).
 *
 * An error's code in the reply's XML says more than the HTTP status; the table at the end turns the
 * frequent ones into a sentence that says what to do. Where the reply is no XML (a proxy's page),
 * the status speaks alone. */
#include "store/store_s3_int.h"

#include "base/clock.h"
#include "base/sha256.h"

#include <stdio.h>

#define KEY_BYTES    1024
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* ---- names ---------------------------------------------------------------------------------- */

status s3_split(struct str path, struct str *bucket, struct str *key, struct error *err)
{
    size_t n = 0;
    bool good = true;
    for (; n < path.len && path.ptr[n] != '/'; n++) {
        char c = path.ptr[n];
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_');
    }
    if (!good || n < 3 || n > 255)
        FAIL(err, ST_INVALID, "s3://%.*s: \"%.*s\" cannot be a bucket's name", STR_ARG(path),
             (int)n, path.ptr);
    *bucket = (struct str){path.ptr, n};
    *key = n < path.len ? (struct str){path.ptr + n + 1, path.len - n - 1} : (struct str){0};
    if (key->len > KEY_BYTES)
        FAIL(err, ST_INVALID, "s3://%.*s...: a key of %zu bytes, at most %d are possible", 64,
             path.ptr, key->len, KEY_BYTES);
    if (!str_is_utf8(*key))
        FAIL(err, ST_INVALID, "s3://%.*s: the key is not valid UTF-8", STR_ARG(path));
    return ST_OK;
}

static status make_url(const struct s3_site *site, const struct s3_request *r, struct arena *arena,
                       struct str *out, struct error *err)
{
    struct str key, base = site->endpoint, mark = r->query.len ? STR("?") : STR("");
    /* A bucket with dots has no name that AWS's certificate covers. */
    bool path_style =
        site->path_style || (base.len == 0 && memchr(r->bucket.ptr, '.', r->bucket.len) != NULL);
    bool china = str_starts(site->region, STR("cn-"));
    TRY(net_escape(r->key, true, arena, &key, err));
    if (base.len == 0)
        TRY(arena_printf(arena, &base, err, "https://s3.%.*s.amazonaws.com%s",
                         STR_ARG(site->region), china ? ".cn" : ""));
    size_t scheme = str_starts(base, STR("https://")) ? 8 : 7;
    if (path_style)
        return arena_printf(arena, out, err, "%.*s/%.*s%s%.*s%s%.*s", STR_ARG(base),
                            STR_ARG(r->bucket), key.len ? "/" : "", STR_ARG(key), mark.ptr,
                            STR_ARG(r->query));
    return arena_printf(arena, out, err, "%.*s%.*s.%.*s/%.*s%s%.*s", (int)scheme, base.ptr,
                        STR_ARG(r->bucket), (int)(base.len - scheme), base.ptr + scheme,
                        STR_ARG(key), mark.ptr, STR_ARG(r->query));
}

struct s3_site *s3_site_of(struct s3_store *s, struct str path)
{
    struct s3_site *best = NULL;
    pthread_mutex_lock(&s->lock);
    for (struct s3_site *at = s->sites; at; at = at->next)
        if (str_starts(path, at->prefix) && (!best || at->prefix.len > best->prefix.len))
            best = at; /* of equal ones the newest */
    pthread_mutex_unlock(&s->lock);
    return best;
}

/* ---- sending -------------------------------------------------------------------------------- */

struct call {
    struct s3_store *store;
    struct s3_site *site;
    char payload[SHA256_HEX_BYTES];
};

static status sign(void *self, const struct net_request *r, struct arena *arena,
                   struct property **out, size_t *count, struct error *err)
{
    struct call *c = self;
    struct s3_keys keys;
    TRY(s3_keys_now(c->store, c->site, arena, &keys, err));
    struct s3_signing s = {.method = str_of(r->method),
                           .url = r->url,
                           .region = c->site->region,
                           .service = STR("s3"),
                           .header_count = r->header_count,
                           .headers = r->headers,
                           .payload = c->payload,
                           .keys = &keys,
                           .now_us = clock_now_us()};
    return s3_sign(&s, arena, out, count, err);
}

static status prepare(struct s3_store *s, const struct s3_request *r, struct call *call,
                      struct arena *arena, struct net_request *out, struct error *err)
{
    struct property *headers;
    struct str path;
    TRY(arena_printf(arena, &path, err, "%.*s/%.*s", STR_ARG(r->bucket), STR_ARG(r->key)));
    *call = (struct call){.store = s, .site = s3_site_of(s, path), .payload = EMPTY_SHA256};
    if (r->body_bytes) {
        uint8_t sum[SHA256_BYTES];
        sha256((struct str){r->body, r->body_bytes}, (struct str){0}, sum);
        sha256_hex(sum, call->payload);
    }
    TRY(ARENA_ARRAY(arena, struct property, r->header_count + 1, &headers, err));
    for (size_t i = 0; i < r->header_count; i++)
        headers[i] = r->headers[i];
    headers[r->header_count] =
        (struct property){STR("x-amz-content-sha256"), str_of(call->payload)};
    *out = (struct net_request){.method = r->method,
                                .headers = headers,
                                .header_count = r->header_count + !call->site->anonymous,
                                .body = r->body,
                                .body_bytes = r->body_bytes,
                                .max_reply = r->max_reply,
                                .repeatable = true,
                                .sign = sign,
                                .sign_self = call};
    return make_url(call->site, r, arena, &out->url, err);
}

status s3_send(struct s3_store *s, const struct s3_request *r, size_t count, struct arena *arena,
               struct net_reply *out, struct error *err)
{
    struct net_request *requests;
    struct call *calls;
    TRY(ARENA_ARRAY(arena, struct net_request, count, &requests, err));
    TRY(ARENA_ARRAY(arena, struct call, count, &calls, err));
    for (size_t i = 0; i < count; i++)
        TRY(prepare(s, &r[i], &calls[i], arena, &requests[i], err));
    return net_send_all(count && r[0].firm ? s->firm : s->net, requests, count, arena, out, err);
}

/* ---- errors --------------------------------------------------------------------------------- */

struct str s3_error_code(const struct net_reply *reply, struct arena *arena)
{
    return s3_xml_find(buffer_str(&reply->body), "Code", arena);
}

/* Words in a hint: %s names where the keys come from, the bucket, the region; see `explain`. */
enum hint { HINT_NONE, HINT_KEYS, HINT_BUCKET, HINT_REGION, HINT_CLOCK };

static const struct meaning {
    const char *code;
    status as;
    const char *sqlstate;
    const char *says;
    enum hint hint;
} meanings[] = {
    {"NoSuchKey", ST_NOT_FOUND, "58P01", "there is no such object", HINT_NONE},
    {"NoSuchBucket", ST_NOT_FOUND, "58P01", "there is no bucket", HINT_BUCKET},
    {"NoSuchUpload", ST_CONFLICT, "40001", "the upload was aborted by somebody else", HINT_NONE},
    {"AccessDenied", ST_AUTH, "42501", "the keys have no right to this", HINT_KEYS},
    {"AllAccessDisabled", ST_AUTH, "42501", "the bucket is closed to everybody", HINT_NONE},
    {"InvalidAccessKeyId", ST_AUTH, "28000", "the access key is not known there", HINT_KEYS},
    {"SignatureDoesNotMatch", ST_AUTH, "28P01", "the secret key is wrong", HINT_KEYS},
    {"ExpiredToken", ST_AUTH, "28000", "the session token has expired", HINT_KEYS},
    {"InvalidToken", ST_AUTH, "28000", "the session token is not valid", HINT_KEYS},
    {"InvalidTokenId", ST_AUTH, "28000", "the session token is not valid", HINT_KEYS},
    {"TokenRefreshRequired", ST_AUTH, "28000", "the session token must be renewed", HINT_KEYS},
    {"RequestTimeTooSkewed", ST_AUTH, "28000", "this machine's clock is wrong", HINT_CLOCK},
    {"AuthorizationHeaderMalformed", ST_AUTH, "28000", "signed for the wrong region", HINT_REGION},
    {"PermanentRedirect", ST_INVALID, "22023", "the bucket is in another region", HINT_REGION},
    {"IllegalLocationConstraintException", ST_INVALID, "22023", "the bucket is in another region",
     HINT_REGION},
    {"InvalidBucketName", ST_INVALID, "22023", "no bucket can be called so", HINT_NONE},
    {"QuotaExceeded", ST_IO, "53100", "the bucket's quota is used up", HINT_NONE},
    {"XMinioStorageFull", ST_IO, "53100", "the server's disks are full", HINT_NONE},
    {"EntityTooLarge", ST_LIMIT, "54000", "the object is larger than the server takes", HINT_NONE},
    {"NotImplemented", ST_UNSUPPORTED, "0A000", "the server cannot do this", HINT_NONE},
    {"SlowDown", ST_THROTTLED, "53400", "the server asks to slow down", HINT_NONE},
};

static const struct meaning *meaning_of(struct str code)
{
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (str_eq_z(code, meanings[i].code))
            return &meanings[i];
    return NULL;
}

static void add_hint(const struct s3_request *r, struct s3_site *site,
                     const struct net_reply *reply, enum hint hint, struct arena *arena,
                     struct error *err)
{
    pthread_mutex_lock(&site->lock);
    struct str source = site->keys.source;
    pthread_mutex_unlock(&site->lock);
    struct str region = net_header(reply, "x-amz-bucket-region");
    if (region.len == 0)
        region = s3_xml_find(buffer_str(&reply->body), "Region", arena);
    struct str date = net_header(reply, "date");
    switch (hint) {
    case HINT_KEYS:
        error_context(err, "keys from %.*s", STR_ARG(source));
        break;
    case HINT_BUCKET:
        error_context(err, "\"%.*s\" at %.*s", STR_ARG(r->bucket),
                      STR_ARG(site->endpoint.len ? site->endpoint : STR("AWS")));
        break;
    case HINT_REGION:
        error_context(err, "s3.region is %.*s", STR_ARG(site->region));
        if (region.len)
            error_context(err, "set it to %.*s", (int)(region.len < 40 ? region.len : 40),
                          region.ptr);
        break;
    case HINT_CLOCK:
        error_context(err, "the server's says %.*s", STR_ARG(date));
        break;
    case HINT_NONE:
        break;
    }
}

status s3_fail_foreign(struct str path, struct error *err)
{
    FAIL(err, ST_NET,
         "s3://%.*s: the reply is not an object store's (it says yes, but has no ETag): is "
         "s3.endpoint "
         "right, does a proxy ask for a login?",
         STR_ARG(path));
}

status s3_fail(struct s3_store *s, const struct s3_request *r, const struct net_reply *reply,
               const char *what, struct error *err)
{
    struct arena arena;
    struct str path = {0}, detail;
    char asked[1400];
    arena_init(&arena, NULL);
    status st = arena_printf(&arena, &path, err, "%.*s/%.*s", STR_ARG(r->bucket), STR_ARG(r->key));
    struct s3_site *site = s3_site_of(s, path);
    struct str code = s3_error_code(reply, &arena);
    const struct meaning *m = meaning_of(code);
    if (!m && reply->status == 301)
        m = meaning_of(STR("PermanentRedirect"));
    else if (!m && reply->status == 404 && !code.len && r->key.len)
        m = meaning_of(STR("NoSuchKey")); /* a HEAD's reply says no more */
    snprintf(asked, sizeof(asked), "cannot %s s3://%.*s%s%.*s", what, STR_ARG(r->bucket),
             r->key.len ? "/" : "", STR_ARG(r->key));
    if (st == ST_OK && m) {
        st = error_set(err, m->as, __FILE__, __LINE__, "%s: %s", asked, m->says);
        error_sqlstate(err, m->sqlstate);
        add_hint(r, site, reply, m->hint, &arena, err);
    } else if (st == ST_OK) {
        struct net_request as = {.method = r->method, .url = STR(""), .repeatable = true};
        detail = s3_xml_find(buffer_str(&reply->body), "Message", &arena);
        if (code.len && arena_printf(&arena, &detail, NULL, "%.*s: %.*s", STR_ARG(code),
                                     STR_ARG(detail)) != ST_OK)
            detail = code;
        if (site->endpoint.len)
            as.url = site->endpoint;
        st = net_fail(err, &as, reply, asked, detail);
    }
    arena_free(&arena);
    return st;
}
