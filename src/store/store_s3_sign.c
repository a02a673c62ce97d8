// SPDX-License-Identifier: Apache-2.0
/* store_s3_sign.c - AWS Signature Version 4, in the headers of a request.
 *
 *     canonical    method \n path \n sorted query \n sorted headers \n\n their names \n payload hash
 *     to sign      AWS4-HMAC-SHA256 \n time \n date/region/service/aws4_request \n hash(canonical)
 *     key          HMAC chain: "AWS4" secret -> date -> region -> service -> "aws4_request"
 *
 * (docs.aws.amazon.com, "Signature Version 4 signing process".) The path is taken as it stands in
 * the URL, which is S3's rule; other services would escape it twice. Signed are host and every
 * x-amz- header; what else is sent (Range, If-None-Match) changes nothing that must be protected. */
#include "store/store_s3_int.h"

#include "base/sha256.h"

#include <stdlib.h>
#include <time.h>

#define SIGNED_MOST 24

struct url_parts {
    struct str host, path, query;
};

/* Host as libcurl sends it: the scheme's own port is left out. */
static struct url_parts split_url(struct str url)
{
    struct url_parts out = {.path = STR("/")};
    bool tls = str_starts(url, STR("https://"));
    size_t at = tls ? 8 : 7, end = at;
    while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?')
        end++;
    out.host = (struct str){url.ptr + at, end - at};
    struct str port = tls ? STR(":443") : STR(":80");
    if (str_ends(out.host, port))
        out.host.len -= port.len;
    const char *mark = memchr(url.ptr + end, '?', url.len - end);
    size_t path_end = mark ? (size_t)(mark - url.ptr) : url.len;
    if (path_end > end)
        out.path = (struct str){url.ptr + end, path_end - end};
    if (mark)
        out.query = (struct str){mark + 1, url.len - path_end - 1};
    return out;
}

static int compare_parameters(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The query's parameters, sorted; one without "=" gets it. */
static status add_query(struct str query, struct arena *arena, struct buffer *to, struct error *err)
{
    struct str *items = NULL;
    size_t count = 0, capacity = 0;
    for (size_t at = 0; at < query.len;) {
        size_t end = at;
        bool has_value = false;
        while (end < query.len && query.ptr[end] != '&')
            has_value |= query.ptr[end++] == '=';
        TRY(arena_grow(arena, (void **)&items, sizeof(*items), &capacity, count + 1, err));
        TRY(arena_printf(arena, &items[count++], err, "%.*s%s", (int)(end - at), query.ptr + at,
                         has_value ? "" : "="));
        at = end + 1;
    }
    if (count)
        qsort(items, count, sizeof(*items), compare_parameters);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            TRY(buffer_append_byte(to, '&', err));
        TRY(buffer_append_str(to, items[i], err));
    }
    return ST_OK;
}

static int compare_headers(const void *a, const void *b)
{
    return str_cmp(((const struct property *)a)->key, ((const struct property *)b)->key);
}

static status lower(struct str s, struct arena *arena, struct str *out, struct error *err)
{
    TRY(arena_str(arena, s, out, err));
    char *z = (char *)(uintptr_t)out->ptr;
    for (size_t i = 0; i < out->len; i++)
        if (z[i] >= 'A' && z[i] <= 'Z')
            z[i] = (char)(z[i] - 'A' + 'a');
    return ST_OK;
}

/* A header's value without spaces around it and with single ones inside. */
static status squeeze(struct str s, struct arena *arena, struct str *out, struct error *err)
{
    char *to;
    size_t n = 0;
    TRY(arena_alloc(arena, s.len + 1, (void **)&to, err));
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != ' ' || (n > 0 && to[n - 1] != ' '))
            to[n++] = s.ptr[i];
    while (n > 0 && to[n - 1] == ' ')
        n--;
    *out = (struct str){to, n};
    return ST_OK;
}

static status collect(const struct property *from, size_t count, struct arena *arena,
                      struct property *to, size_t *n, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct str name;
        TRY(lower(from[i].key, arena, &name, err));
        if (!str_starts(name, STR("x-amz-")) && !str_eq(name, STR("host")))
            continue;
        if (*n == SIGNED_MOST)
            FAIL(err, ST_LIMIT, "more than %d headers to sign", SIGNED_MOST);
        to[*n].key = name;
        TRY(squeeze(from[i].value, arena, &to[(*n)++].value, err));
    }
    return ST_OK;
}

/* "name:value" lines and, in *names, "name;name". */
static status add_headers(const struct property *headers, size_t count, struct buffer *to,
                          struct buffer *names, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        TRY(buffer_printf(to, err, "%.*s:", STR_ARG(headers[i].key)));
        TRY(buffer_append_str(to, headers[i].value, err)); /* a token may be long */
        TRY(buffer_append_byte(to, '\n', err));
        TRY(buffer_printf(names, err, "%s%.*s", i ? ";" : "", STR_ARG(headers[i].key)));
    }
    return ST_OK;
}

static status canonical_hash(const struct s3_signing *s, const struct property *headers,
                             size_t count, struct arena *arena, struct buffer *names,
                             char hash[SHA256_HEX_BYTES], struct error *err)
{
    struct url_parts url = split_url(s->url);
    struct buffer text;
    uint8_t sum[SHA256_BYTES];
    status st = ST_OK;
    buffer_init(&text, NULL, (size_t)1 << 20);
    TRY_DONE(buffer_append_str(&text, s->method, err));
    TRY_DONE(buffer_append_byte(&text, '\n', err));
    TRY_DONE(buffer_append_str(&text, url.path, err));
    TRY_DONE(buffer_append_byte(&text, '\n', err));
    TRY_DONE(add_query(url.query, arena, &text, err));
    TRY_DONE(buffer_append_byte(&text, '\n', err));
    TRY_DONE(add_headers(headers, count, &text, names, err));
    TRY_DONE(buffer_append_byte(&text, '\n', err));
    TRY_DONE(buffer_append_str(&text, buffer_str(names), err));
    TRY_DONE(buffer_printf(&text, err, "\n%s", s->payload));
    sha256(buffer_str(&text), (struct str){0}, sum);
    sha256_hex(sum, hash);
done:
    buffer_free(&text);
    return st;
}

static void chain(uint8_t key[SHA256_BYTES], struct str text)
{
    uint8_t next[SHA256_BYTES];
    sha256_hmac((struct str){(const char *)key, SHA256_BYTES}, text, next);
    memcpy(key, next, SHA256_BYTES);
}

static status signature(const struct s3_signing *s, const char *time, struct str scope,
                        const char *hash, struct arena *arena, char out[SHA256_HEX_BYTES],
                        struct error *err)
{
    struct str first, text;
    uint8_t key[SHA256_BYTES];
    TRY(arena_printf(arena, &first, err, "AWS4%.*s", STR_ARG(s->keys->secret)));
    TRY(arena_printf(arena, &text, err, "AWS4-HMAC-SHA256\n%s\n%.*s\n%s", time, STR_ARG(scope),
                     hash));
    sha256_hmac(first, (struct str){time, 8}, key);
    chain(key, s->region);
    chain(key, s->service);
    chain(key, STR("aws4_request"));
    chain(key, text);
    sha256_hex(key, out);
    return ST_OK;
}

status s3_sign(const struct s3_signing *s, struct arena *arena, struct property **out,
               size_t *count, struct error *err)
{
    struct property headers[SIGNED_MOST], *added;
    char time_text[20], hash[SHA256_HEX_BYTES], sign[SHA256_HEX_BYTES];
    struct str scope, stamp;
    struct buffer names;
    size_t n = 0;
    *count = 0;
    if (s->keys->id.len == 0)
        return ST_OK;
    time_t seconds = (time_t)(s->now_us / 1000000);
    struct tm at;
    gmtime_r(&seconds, &at);
    strftime(time_text, sizeof(time_text), "%Y%m%dT%H%M%SZ", &at);
    TRY(arena_str(arena, str_of(time_text), &stamp, err));
    TRY(ARENA_ARRAY(arena, struct property, 3, &added, err));
    added[(*count)++] = (struct property){STR("x-amz-date"), stamp};
    if (s->keys->token.len)
        added[(*count)++] = (struct property){STR("x-amz-security-token"), s->keys->token};
    struct property host = {STR("host"), split_url(s->url).host};
    TRY(collect(&host, 1, arena, headers, &n, err));
    TRY(collect(s->headers, s->header_count, arena, headers, &n, err));
    TRY(collect(added, *count, arena, headers, &n, err));
    qsort(headers, n, sizeof(*headers), compare_headers);
    buffer_init(&names, NULL, 4096);
    status st = canonical_hash(s, headers, n, arena, &names, hash, err);
    if (st == ST_OK)
        st = arena_printf(arena, &scope, err, "%.8s/%.*s/%.*s/aws4_request", time_text,
                          STR_ARG(s->region), STR_ARG(s->service));
    if (st == ST_OK)
        st = signature(s, time_text, scope, hash, arena, sign, err);
    added[*count].key = STR("authorization");
    if (st == ST_OK)
        st = arena_printf(arena, &added[(*count)++].value, err,
                          "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%s",
                          STR_ARG(s->keys->id), STR_ARG(scope), STR_ARG(buffer_str(&names)), sign);
    buffer_free(&names);
    *out = added;
    return st;
}
