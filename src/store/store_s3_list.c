// SPDX-License-Identifier: Apache-2.0
/* store_s3_list.c - which objects a folder or a pattern names: ListObjectsV2, page by page.
 *
 *     bucket/data/2025-*./part?.csv     asked for: what begins with data/2025-
 *            '-- prefix --'             kept: what matches the whole pattern
 *
 * Keys are asked for in URL encoding, since XML cannot hold every one. Objects whose key ends in "/"
 * are the folders that consoles make, no files. */
#include "store/store_s3_int.h"

#include <fnmatch.h>

#define PAGE_BYTES ((size_t)8 << 20) /* 1,000 keys of 1,024 bytes, each byte as three, and more */
#define NAMES_MOST ((size_t)5000000)
#define PAGES_MOST 100000 /* of which some hold nothing that is wanted */

struct listing {
    struct s3_store *store;
    struct str bucket;
    struct str prefix;       /* of the keys */
    const char *pattern;     /* of bucket and key; NULL = all */
    struct store_list *list; /* borrowed */
    struct str token;        /* of the next page, in <arena> of the page before */
};

/* "%41" and "+" of a listing's encoding, in place of the copy it is given. */
static void decode_url(struct str *s)
{
    char *z = (char *)(uintptr_t)s->ptr;
    size_t n = 0;
    for (size_t i = 0; i < s->len; i++) {
        int digits[2] = {-1, -1};
        for (size_t k = 0; z[i] == '%' && k < 2 && i + 1 + k < s->len; k++) {
            char c = z[i + 1 + k];
            digits[k] = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                               : -1;
        }
        if (digits[0] >= 0 && digits[1] >= 0) {
            z[n++] = (char)(digits[0] * 16 + digits[1]);
            i += 2;
        } else {
            z[n++] = z[i] == '+' ? ' ' : z[i];
        }
    }
    s->len = n;
}

static status add_key(struct listing *l, struct str key, struct arena *arena, struct error *err)
{
    struct str path;
    decode_url(&key);
    if (key.len == 0 || key.ptr[key.len - 1] == '/' || memchr(key.ptr, '\0', key.len))
        return ST_OK;
    TRY(arena_printf(arena, &path, err, "%.*s/%.*s", STR_ARG(l->bucket), STR_ARG(key)));
    if (l->pattern && fnmatch(l->pattern, path.ptr, FNM_PATHNAME | FNM_PERIOD | FNM_NOESCAPE) != 0)
        return ST_OK;
    if (l->list->count == NAMES_MOST)
        FAIL(err, ST_LIMIT, "s3://%.*s/%.*s*: more than %zu objects", STR_ARG(l->bucket),
             STR_ARG(l->prefix), NAMES_MOST);
    return store_list_add(l->list, path, err);
}

static status read_page(struct listing *l, struct str text, struct arena *arena, struct error *err)
{
    struct s3_xml x;
    struct s3_element e;
    bool more = true, truncated = false, listing = false;
    s3_xml_init(&x, text);
    l->token = (struct str){0};
    for (;;) {
        TRY_CONTEXT(s3_xml_next(&x, arena, &e, &more, err), err, "the list of s3://%.*s",
                    STR_ARG(l->bucket));
        if (!more)
            break;
        if (str_eq(e.parent, STR("Contents")) && str_eq(e.name, STR("Key")))
            TRY(add_key(l, e.value, arena, err));
        else if (str_eq(e.name, STR("IsTruncated")))
            truncated = str_eq(e.value, STR("true"));
        else if (str_eq(e.name, STR("NextContinuationToken")))
            l->token = e.value;
        listing |= !e.parent.len && str_eq(e.name, STR("ListBucketResult"));
    }
    if (!listing || truncated != (l->token.len > 0))
        FAIL(err, ST_CORRUPT, "the list of s3://%.*s: the reply is no whole page of a list",
             STR_ARG(l->bucket));
    return ST_OK;
}

static status ask_page(struct listing *l, struct str token, struct arena *arena,
                       struct net_reply *reply, struct error *err)
{
    struct str prefix, escaped;
    struct s3_request r = {.method = "GET", .bucket = l->bucket, .max_reply = PAGE_BYTES};
    TRY(net_escape(l->prefix, false, arena, &prefix, err));
    TRY(net_escape(token, false, arena, &escaped, err));
    TRY(arena_printf(arena, &r.query, err, "%s%.*s%sencoding-type=url&list-type=2&prefix=%.*s",
                     token.len ? "continuation-token=" : "", STR_ARG(escaped), token.len ? "&" : "",
                     STR_ARG(prefix)));
    TRY(s3_send(l->store, &r, 1, arena, reply, err));
    return reply->status == 200 ? ST_OK : s3_fail(l->store, &r, reply, "list", err);
}

static status list_all(struct listing *l, struct error *err)
{
    struct arena pages[2]; /* the token of one page is in the reply of the page before */
    struct net_reply reply = {0};
    status st = ST_OK;
    arena_init(&pages[0], NULL);
    arena_init(&pages[1], NULL);
    buffer_init(&reply.body, l->store->account, PAGE_BYTES);
    for (int i = 0; i == 0 || l->token.len; i++) {
        struct arena *arena = &pages[i % 2];
        struct str token = l->token;
        if (i == PAGES_MOST)
            FAIL_DONE(err, ST_LIMIT, "the list of s3://%.*s has more than %d pages",
                      STR_ARG(l->bucket), PAGES_MOST);
        arena_reset(arena);
        TRY_DONE(ask_page(l, token, arena, &reply, err));
        TRY_DONE(read_page(l, buffer_str(&reply.body), arena, err));
        if (token.len && str_eq(token, l->token))
            FAIL_DONE(err, ST_CORRUPT, "the list of s3://%.*s: one page names itself as the next",
                      STR_ARG(l->bucket));
    }
done:
    buffer_free(&reply.body);
    arena_free(&pages[0]);
    arena_free(&pages[1]);
    return st;
}

/* Whether there is an object of just this key; its first byte is asked for, because the reply to a
 * HEAD could not say what is wrong. */
static status exists(struct s3_store *s, struct str bucket, struct str key, bool *out,
                     struct error *err)
{
    struct property range = {STR("range"), STR("bytes=0-0")};
    struct s3_request r = {.method = "GET",
                           .bucket = bucket,
                           .key = key,
                           .headers = &range,
                           .header_count = 1,
                           .max_reply = (size_t)1 << 16};
    struct net_reply reply = {0};
    struct arena arena;
    arena_init(&arena, NULL);
    buffer_init(&reply.body, s->account, SIZE_MAX);
    status st = s3_send(s, &r, 1, &arena, &reply, err);
    bool found = reply.status == 200 || reply.status == 206 || reply.status == 416;
    struct str code = st == ST_OK && !found ? s3_error_code(&reply, &arena) : (struct str){0};
    bool absent = reply.status == 404 && (code.len == 0 || str_eq(code, STR("NoSuchKey")));
    if (st == ST_OK && !found && !absent)
        st = s3_fail(s, &r, &reply, "look for", err);
    *out = found;
    buffer_free(&reply.body);
    arena_free(&arena);
    return st;
}

status s3_glob(struct store *store, struct str pattern, struct store_list *list, struct error *err)
{
    struct listing l = {.store = (struct s3_store *)store, .list = list};
    struct str key;
    char z[STORE_PATH_MAX + 2];
    size_t wild = 0;
    TRY(s3_split(pattern, &l.bucket, &key, err));
    while (wild < key.len && !strchr("*?[", key.ptr[wild]))
        wild++;
    l.prefix = (struct str){key.ptr, wild};
    memcpy(z, pattern.ptr, pattern.len);
    z[pattern.len] = '\0';
    if (wild < key.len) {
        l.pattern = z;
        return list_all(&l, err);
    }
    bool found = false;
    if (key.len && key.ptr[key.len - 1] != '/') {
        TRY(exists(l.store, l.bucket, key, &found, err));
        if (found)
            return store_list_add(list, pattern, err);
        z[pattern.len] = '/';
        l.prefix = (struct str){z + l.bucket.len + 1, key.len + 1};
    }
    return list_all(&l, err);
}
