// SPDX-License-Identifier: Apache-2.0
/* s3_store_test.c - object storage by the rules T1 to T4 of store.h, against a server in this process
 * that keeps objects in memory and has bad days when a test asks for them. */
#include "harness/http_server.h"
#include "harness/test.h"
#include "store/store_s3_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OBJECTS 64
#define PAGE    2 /* keys on a page of a listing */

static struct error err;
static _Atomic bool cancelled;

struct object {
    char key[256]; /* empty = free */
    char mark[64];
    char etag[16];
    struct buffer data;
};

/* What becomes of a request before it is looked at. */
struct fault {
    const char *of;            /* text in the request; NULL = no more faults */
    int times;                 /* how often; counted down */
    struct http_answer answer; /* reply NULL: it is carried out, and then the connection closed */
    bool before;               /* with reply NULL: not even carried out */
};

struct s3_world {
    struct http_server *server;
    struct store *store;
    struct object objects[OBJECTS];
    struct buffer parts[16]; /* of the one upload */
    bool uploading, aborted;
    int etags;
    struct fault faults[4];
};

/* ---- the server ----------------------------------------------------------------------------- */

static bool has(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* The value of a header (name in lower case, as it is sent), up to the line's end. */
static struct str header_of(struct str request, const char *name)
{
    char want[64];
    snprintf(want, sizeof(want), "\r\n%s: ", name);
    const char *at = memmem(request.ptr, request.len, want, strlen(want));
    if (!at)
        return (struct str){0};
    at += strlen(want);
    return (struct str){at, (size_t)(strstr(at, "\r\n") - at)};
}

static struct str body_of(struct str request)
{
    const char *at = (const char *)memmem(request.ptr, request.len, "\r\n\r\n", 4) + 4;
    return (struct str){at, request.len - (size_t)(at - request.ptr)};
}

static struct object *find(struct s3_world *w, const char *key)
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (strcmp(w->objects[i].key, key) == 0)
            return &w->objects[i];
    return NULL;
}

static void reply(struct buffer *to, const char *line, const char *headers, struct str body)
{
    CHECK_OK(buffer_printf(to, &err, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", line, body.len,
                           headers));
    CHECK_OK(buffer_append_str(to, body, &err));
}

static void fail(struct buffer *to, const char *line, const char *code)
{
    char body[200];
    snprintf(body, sizeof(body), "<?xml version=\"1.0\"?><Error><Code>%s</Code></Error>", code);
    reply(to, line, "Content-Type: application/xml\r\n", str_of(body));
}

static void keep(struct s3_world *w, const char *key, struct str mark, struct str data)
{
    struct object *o = find(w, key);
    o = o ? o : find(w, "");
    snprintf(o->key, sizeof(o->key), "%s", key);
    snprintf(o->mark, sizeof(o->mark), "%.*s", STR_ARG(mark));
    snprintf(o->etag, sizeof(o->etag), "\"%d\"", ++w->etags);
    buffer_free(&o->data);
    buffer_init(&o->data, NULL, SIZE_MAX);
    CHECK_OK(buffer_append_str(&o->data, data, &err));
}

static void do_put(struct s3_world *w, const char *key, const char *query, struct str request,
                   struct buffer *to)
{
    if (strncmp(query, "partNumber=", 11) == 0) {
        struct buffer *part = &w->parts[atoi(query + 11)];
        buffer_clear(part);
        CHECK_OK(buffer_append_str(part, body_of(request), &err));
        reply(to, "200 OK", "ETag: \"part\"\r\n", (struct str){0});
    } else if (find(w, key) && has(request, "\r\nif-none-match: *")) {
        fail(to, "412 Precondition Failed", "PreconditionFailed");
    } else {
        keep(w, key, header_of(request, "x-amz-meta-firn-write"), body_of(request));
        reply(to, "200 OK", "ETag: \"whole\"\r\n", (struct str){0});
    }
}

static void do_post(struct s3_world *w, const char *key, const char *query, struct str request,
                    struct buffer *to)
{
    static char mark[64];
    if (strcmp(query, "uploads=") == 0) {
        w->uploading = true;
        snprintf(mark, sizeof(mark), "%.*s", STR_ARG(header_of(request, "x-amz-meta-firn-write")));
        reply(to, "200 OK", "", STR("<R><UploadId>up/1</UploadId></R>"));
    } else if (find(w, key) && has(request, "\r\nif-none-match: *")) {
        fail(to, "412 Precondition Failed", "PreconditionFailed");
    } else {
        struct buffer all;
        CHECK_STR(str_of(query), "uploadId=up%2F1");
        CHECK(has(request, "<PartNumber>1</PartNumber><ETag>&#34;&#112;&#97;&#114;&#116;&#34;"));
        buffer_init(&all, NULL, SIZE_MAX);
        for (int i = 0; i < 16; i++)
            CHECK_OK(buffer_append(&all, w->parts[i].data, w->parts[i].len, &err));
        keep(w, key, str_of(mark), buffer_str(&all));
        buffer_free(&all);
        w->uploading = false;
        reply(to, "200 OK", "",
              STR("<CompleteMultipartUploadResult><ETag>\"all\"</ETag></"
                  "CompleteMultipartUploadResult>"));
    }
}

static void do_get(struct s3_world *w, const char *key, struct str request, struct buffer *to)
{
    struct object *o = find(w, key);
    struct str range = header_of(request, "range"), if_match = header_of(request, "if-match");
    char headers[300];
    long long from = 0, until;
    if (!o) {
        fail(to, "404 Not Found", "NoSuchKey");
        return;
    }
    long long size = (long long)o->data.len;
    until = size - 1;
    if (if_match.len && !str_eq_z(if_match, o->etag)) {
        fail(to, "412 Precondition Failed", "PreconditionFailed");
        return;
    }
    if (range.len && sscanf(range.ptr, "bytes=-%lld", &until) == 1) {
        from = until < size ? size - until : 0;
        until = size - 1;
    } else if (range.len) {
        sscanf(range.ptr, "bytes=%lld-%lld", &from, &until);
        until = until < size ? until : size - 1;
    }
    if (range.len && from >= size) {
        snprintf(headers, sizeof(headers), "Content-Range: bytes */%lld\r\n", size);
        reply(to, "416 Range", headers, (struct str){0});
        return;
    }
    snprintf(headers, sizeof(headers),
             "ETag: %s\r\nx-amz-meta-firn-write: %s\r\nContent-Range: bytes %lld-%lld/%lld\r\n",
             o->etag, o->mark, from, until, size);
    struct str body = {(char *)o->data.data + from, (size_t)(until - from + 1)};
    if (str_starts(request, STR("HEAD")))
        CHECK_OK(buffer_printf(to, &err, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n%s\r\n", size,
                               headers));
    else
        reply(to, range.len ? "206 Partial" : "200 OK", headers, body);
}

/* Keys from number `token` on that begin with the prefix. */
static void do_list(struct s3_world *w, const char *query, struct buffer *to)
{
    char prefix[256] = "";
    size_t at = 0, n = 0;
    struct buffer body;
    const char *p = strstr(query, "prefix="), *t = strstr(query, "continuation-token=");
    if (p)
        sscanf(p + 7, "%255[^&]", prefix);
    if (t)
        sscanf(t + 19, "t%%20%zu", &at);
    for (char *slash; (slash = strstr(prefix, "%2F"));) {
        *slash = '/';
        memmove(slash + 1, slash + 3, strlen(slash + 3) + 1);
    }
    buffer_init(&body, NULL, SIZE_MAX);
    CHECK_OK(buffer_printf(&body, &err, "<ListBucketResult xmlns=\"x\">"));
    for (; at < OBJECTS && n < PAGE; at++)
        if (w->objects[at].key[0] && strncmp(w->objects[at].key, prefix, strlen(prefix)) == 0) {
            CHECK_OK(buffer_printf(&body, &err, "<Contents><Key>%s</Key></Contents>",
                                   w->objects[at].key));
            n++;
        }
    CHECK_OK(
        buffer_printf(&body, &err, "<IsTruncated>%s</IsTruncated>", n == PAGE ? "true" : "false"));
    if (n == PAGE)
        CHECK_OK(
            buffer_printf(&body, &err, "<NextContinuationToken>t %zu</NextContinuationToken>", at));
    CHECK_OK(buffer_printf(&body, &err, "</ListBucketResult>"));
    reply(to, "200 OK", "", buffer_str(&body));
    buffer_free(&body);
}

static void carry_out(struct s3_world *w, struct str request, struct buffer *to)
{
    char method[8], path[512], *query;
    CHECK(sscanf(request.ptr, "%7s %511s", method, path) == 2);
    query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    else
        query = path + strlen(path);
    if (strncmp(path, "/bucket", 7) != 0) {
        fail(to, "404 Not Found", "NoSuchBucket");
        return;
    }
    const char *key = path[7] ? path + 8 : "";
    if (strcmp(method, "PUT") == 0) {
        do_put(w, key, query, request, to);
    } else if (strcmp(method, "POST") == 0) {
        do_post(w, key, query, request, to);
    } else if (strcmp(method, "DELETE") == 0 && *query) {
        w->uploading = false;
        w->aborted = true;
        reply(to, "204 No Content", "", (struct str){0});
    } else if (strcmp(method, "DELETE") == 0) {
        struct object *o = find(w, key);
        if (o)
            o->key[0] = '\0';
        reply(to, "204 No Content", "", (struct str){0});
    } else if (!*key) {
        do_list(w, query, to);
    } else {
        do_get(w, key, request, to);
    }
}

static void serve(void *self, size_t n, struct str request, struct buffer *text,
                  struct http_answer *out)
{
    struct s3_world *w = self;
    CHECK(has(request, "\r\nauthorization: AWS4-HMAC-SHA256 Credential=id/"));
    for (struct fault *f = w->faults; f->of; f++) {
        if (f->times == 0 || !has(request, f->of))
            continue;
        f->times--;
        if (!f->answer.reply && !f->before)
            carry_out(w, request, text);
        *out = f->answer;
        out->then = f->answer.reply ? f->answer.then : HTTP_CLOSE;
        return;
    }
    carry_out(w, request, text);
    *out = (struct http_answer){.reply = (char *)text->data, .bytes = text->len};
}

static void begin(struct s3_world *w)
{
    memset(w, 0, sizeof(*w));
    for (int i = 0; i < 16; i++)
        buffer_init(&w->parts[i], NULL, SIZE_MAX);
    unsetenv("http_proxy");
    setenv("HOME", "/nonexistent", 1);
    w->server = http_server_start(serve, w);
    struct property p[] = {{STR("s3.endpoint"), http_server_url(w->server, "/")},
                           {STR("s3.access-key-id"), STR("id")},
                           {STR("s3.secret-access-key"), STR("geheim")},
                           {STR("s3.region"), STR("here")}};
    cancelled = false;
    CHECK_OK(store_create(p, 4, &(struct store_config){.cancel = &cancelled}, &w->store, &err));
}

static void end(struct s3_world *w)
{
    store_destroy(w->store);
    http_server_stop(w->server);
    for (size_t i = 0; i < OBJECTS; i++)
        buffer_free(&w->objects[i].data);
    for (int i = 0; i < 16; i++)
        buffer_free(&w->parts[i]);
}

static struct s3_world world;

static status write_text(const char *uri, const char *text)
{
    return store_write_all(world.store, str_of(uri), text, strlen(text), &err);
}

static void check_text(const char *uri, const char *want)
{
    struct buffer all;
    buffer_init(&all, NULL, 1 << 20);
    CHECK_OK(store_read_all(world.store, str_of(uri), &all, &err));
    CHECK_STR(buffer_str(&all), want);
    buffer_free(&all);
}

/* The same of one of a table's files: T5. */
static void check_fixed(const char *uri, const char *want)
{
    struct buffer all;
    buffer_init(&all, NULL, 1 << 20);
    CHECK_OK(store_read_fixed(world.store, str_of(uri), &all, &err));
    CHECK_STR(buffer_str(&all), want);
    buffer_free(&all);
}

static void check_sized(const char *uri, const char *want)
{
    struct store_file *f;
    char got[64] = "";
    size_t bytes = strlen(want);
    CHECK_OK(store_open(world.store, str_of(uri), (int64_t)bytes, &f, &err));
    CHECK_OK(store_read(f, 0, got, bytes, &err));
    CHECK_STR(str_of(got), want);
    store_close(f);
}

/* ---- the rules ------------------------------------------------------------------------------ */

TEST(rules)
{
    struct store_write *w;
    struct store_file *f, *g;
    struct buffer all;
    char got[16] = "";
    begin(&world);
    struct store *s = world.store;
    CHECK_STATUS(store_open(s, STR("s3://bucket/x"), -1, &f, &err), ST_NOT_FOUND);
    CHECK_STR(str_of(error_state(&err)), "58P01");
    CHECK_OK(store_write_create(s, STR("s3a://bucket/a/b/x"), &w, &err));
    CHECK_OK(store_write_append(w, "hello ", 6, &err));
    CHECK_OK(store_write_append(w, "world", 5, &err));
    CHECK_INT(store_write_bytes(w), 11);
    CHECK_STATUS(store_open(s, STR("s3://bucket/a/b/x"), -1, &f, &err), ST_NOT_FOUND); /* T1 */
    CHECK_OK(store_write_finish(w, &err));
    CHECK_STATUS(write_text("s3://bucket/a/b/x", "other"), ST_EXISTS); /* T2 */

    CHECK_OK(store_open(s, STR("s3n://bucket/a/b/x"), -1, &f, &err));
    CHECK_INT(store_size(f), 11);
    CHECK_STR(store_uri(f), "s3n://bucket/a/b/x");
    CHECK_OK(store_read(f, 6, got, 5, &err));
    CHECK_STR(str_of(got), "world");
    CHECK_STATUS(store_read(f, 7, got, 5, &err), ST_CORRUPT);
    CHECK_OK(store_open(s, STR("s3://bucket/a/b/x"), 100, &g, &err)); /* a hint that is too large */
    CHECK_STATUS(store_read(g, 8, got, 8, &err), ST_CORRUPT);
    store_close(g);
    store_close(f);
    check_text("s3://bucket/a/b/x", "hello world");
    buffer_init(&all, NULL, 10);
    CHECK_STATUS(store_read_all(s, STR("s3://bucket/a/b/x"), &all, &err), ST_LIMIT);
    buffer_free(&all);

    CHECK_OK(store_delete(s, STR("s3://bucket/a/b/x"), &err));
    CHECK_OK(store_delete(s, STR("s3://bucket/a/b/x"), &err));
    CHECK_OK(store_write_create(s, STR("s3://bucket/y"), &w, &err));
    CHECK_OK(store_write_append(w, "gone", 4, &err));
    store_write_abandon(w); /* T3 */
    CHECK_STATUS(store_open(s, STR("s3://bucket/y"), -1, &f, &err), ST_NOT_FOUND);
    CHECK_OK(write_text("s3://bucket/empty", ""));
    CHECK_OK(store_open(s, STR("s3://bucket/empty"), -1, &f, &err));
    CHECK_INT(store_size(f), 0);
    store_close(f);
    CHECK_OK(store_make_folder(s, STR("s3://bucket/folder"), &err));
    CHECK_OK(store_sync_folders(s, STR("s3://bucket/folder/x"), STR("s3://bucket"), &err));
    end(&world);
}

TEST(replaced)
{
    struct store_write *w;
    struct store_file *f;
    char got[4] = "";
    begin(&world);
    CHECK_OK(write_text("s3://bucket/x", "old"));
    CHECK_OK(store_open(world.store, STR("s3://bucket/x"), 3, &f, &err));
    CHECK_OK(store_write_create(world.store, STR("s3://bucket/x"), &w, &err));
    store_write_replace(w);
    CHECK_OK(store_write_append(w, "newer", 5, &err));
    CHECK_OK(store_write_finish(w, &err));
    check_text("s3://bucket/x", "newer");
    store_close(f);

    size_t bytes = (size_t)3 << 20;
    char *big = calloc(1, bytes);
    CHECK_OK(store_write_all(world.store, STR("s3://bucket/big"), big, bytes, &err));
    CHECK_OK(store_open(world.store, STR("s3://bucket/big"), (int64_t)bytes, &f, &err));
    CHECK_OK(store_read(f, 0, got, 1, &err));
    find(&world, "big")->etag[1]++; /* T4 */
    CHECK_STATUS(store_read(f, 2 << 20, got, 1, &err), ST_CONFLICT);
    store_close(f);
    free(big);
    end(&world);
}

/* Two ranges asked for at once, before any ETag is known. */
TEST(replaced_within_a_round)
{
    size_t bytes = (size_t)3 << 20;
    char *big = calloc(1, bytes), part[200];
    struct store_file *f;
    const struct store_range ranges[] = {{0, 100}, {1 << 20, 100}};
    begin(&world);
    CHECK_OK(store_write_all(world.store, STR("s3://bucket/big"), big, bytes, &err));
    snprintf(part, sizeof(part),
             "HTTP/1.1 206 Partial\r\nETag: \"other\"\r\nContent-Length: 100\r\n\r\n%0100d", 0);
    world.faults[0] =
        (struct fault){.of = "range: bytes=1048576-", .times = 1, .answer = {.reply = part}};
    CHECK_OK(store_open(world.store, STR("s3://bucket/big"), (int64_t)bytes, &f, &err));
    CHECK_STATUS(store_expect(f, ranges, 2, &err), ST_CONFLICT);
    store_close(f);
    free(big);
    end(&world);
}

/* A reply that is whole, but not all of what was asked for: its bytes would stand in the wrong place. */
TEST(a_tail_that_is_too_short)
{
    struct store_file *f;
    begin(&world);
    CHECK_OK(store_write_all(world.store, STR("s3://bucket/a"), "0123456789", 10, &err));
    world.faults[0] =
        (struct fault){.of = "range: bytes=-262144",
                       .times = 1,
                       .answer = {.reply = "HTTP/1.1 206 Partial\r\nETag: \"1\"\r\nContent-Length: "
                                           "5\r\nContent-Range: bytes 0-9/10\r\n\r\n01234"}};
    CHECK_STATUS(store_open(world.store, STR("s3://bucket/a"), -1, &f, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "the last 10 of 10 bytes wanted, the server gives 5") != NULL);
    end(&world);
}

TEST(names)
{
    struct arena a;
    struct str *names;
    size_t n;
    struct store_file *f;
    arena_init(&a, NULL);
    begin(&world);
    static const char *const keys[] = {"d/1.csv", "d/2.csv",  "d/e/3.csv", "d/.hidden",
                                       "d/",      "dd/4.csv", "d/5.txt"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        keep(&world, keys[i], STR(""), STR("x"));
    CHECK_OK(store_glob(world.store, STR("s3a://bucket/d"), &a, &names, &n, &err));
    CHECK_INT(n, 5);
    CHECK_STR(names[0], "s3a://bucket/d/.hidden");
    CHECK_STR(names[4], "s3a://bucket/d/e/3.csv");
    CHECK_OK(store_glob(world.store, STR("s3://bucket/d/*.csv"), &a, &names, &n, &err));
    CHECK_INT(n, 2);
    CHECK_STR(names[1], "s3://bucket/d/2.csv");
    CHECK_OK(store_glob(world.store, STR("s3://bucket/d*/[4x].csv"), &a, &names, &n, &err));
    CHECK_INT(n, 1);
    CHECK_OK(store_glob(world.store, STR("s3://bucket/d/*"), &a, &names, &n, &err));
    CHECK_INT(n, 3);
    CHECK_OK(store_glob(world.store, STR("s3://bucket/d/1.csv"), &a, &names, &n, &err));
    CHECK_INT(n, 1);
    CHECK_OK(store_glob(world.store, STR("s3://bucket/nothing"), &a, &names, &n, &err));
    CHECK_INT(n, 0);
    CHECK_OK(store_glob(world.store, STR("s3://bucket"), &a, &names, &n, &err));
    CHECK_INT(n, 6);
    CHECK_STATUS(store_glob(world.store, STR("s3://other/d"), &a, &names, &n, &err), ST_NOT_FOUND);
    CHECK(strstr(err.msg, "there is no bucket") != NULL);
    CHECK_STATUS(store_open(world.store, STR("s3://bucket"), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(world.store, STR("s3://"), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(world.store, STR("gs://bucket/x"), -1, &f, &err), ST_UNSUPPORTED);

    struct str all[] = {STR("s3://bucket/d/1.csv"), STR("/nonexistent/x"), STR("s3://b@/"),
                        STR("s3a://bucket/d/2.csv"), STR("s3a://bucket/d/5.txt")};
    CHECK_STATUS(store_delete_all(world.store, all, 5, &err), ST_INVALID);
    CHECK(find(&world, "d/1.csv") == NULL && find(&world, "d/2.csv") == NULL);
    CHECK(find(&world, "d/5.txt") == NULL && find(&world, "d/e/3.csv") != NULL);
    end(&world);
    arena_free(&a);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static status write_big(const char *uri, size_t bytes, uint8_t **out)
{
    struct store_write *w;
    uint8_t *data = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 31 >> 7);
    *out = data;
    TRY(store_write_create(world.store, str_of(uri), &w, &err));
    for (size_t at = 0; at < bytes; at += 1000003) {
        size_t n = bytes - at < 1000003 ? bytes - at : 1000003;
        status st = store_write_append(w, data + at, n, &err);
        if (st != ST_OK) {
            store_write_abandon(w);
            return st;
        }
    }
    return store_write_finish(w, &err);
}

TEST(parts)
{
    uint8_t *data;
    size_t bytes = ((size_t)41 << 20) + 7;
    begin(&world);
    CHECK_OK(write_big("s3://bucket/big", bytes, &data));
    struct object *o = find(&world, "big");
    CHECK_INT(o->data.len, bytes);
    CHECK(memcmp(o->data.data, data, bytes) == 0);
    CHECK(!world.uploading && !world.aborted);
    free(data);
    CHECK_STATUS(write_big("s3://bucket/big", (size_t)9 << 20, &data), ST_EXISTS);
    CHECK(world.aborted);
    free(data);
    end(&world);
}

TEST(parts_that_fail)
{
    uint8_t *data;
    begin(&world);
    world.faults[0] =
        (struct fault){.of = "partNumber=2",
                       .times = 100,
                       .answer = {.reply = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}};
    CHECK_STATUS(write_big("s3://bucket/big", (size_t)20 << 20, &data), ST_AUTH);
    CHECK(world.aborted && !find(&world, "big")); /* T3 */
    free(data);
    end(&world);
}

/* What a cancelled session has begun goes all the same. */
TEST(cancelling_does_not_keep_the_rest)
{
    size_t bytes = (size_t)33 << 20; /* past the first round of parts */
    char *data = calloc(1, bytes);
    struct store_write *w;
    begin(&world);
    CHECK_OK(write_text("s3://bucket/x", "x"));
    CHECK_OK(store_write_create(world.store, STR("s3://bucket/big"), &w, &err));
    CHECK_OK(store_write_append(w, data, bytes, &err));
    CHECK(world.uploading);
    cancelled = true;
    CHECK_STATUS(store_write_finish(w, &err), ST_CANCELLED);
    CHECK(world.aborted && !find(&world, "big"));
    CHECK_OK(store_delete(world.store, STR("s3://bucket/x"), &err));
    CHECK(!find(&world, "x"));
    free(data);
    end(&world);
}

/* ---- reading in few requests ---------------------------------------------------------------- */

TEST(few_requests)
{
    struct store_file *f;
    size_t bytes = (size_t)30 << 20;
    uint8_t *data = malloc(bytes), *got = malloc(bytes);
    begin(&world);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 131 >> 9);
    keep(&world, "big", STR(""), (struct str){(char *)data, bytes});
    CHECK_OK(store_open(world.store, STR("s3://bucket/big"), (int64_t)bytes, &f, &err));
    CHECK_INT(store_requests(world.store), 0); /* the size was known */
    CHECK_OK(store_read(f, (int64_t)bytes - 8, got, 8, &err));
    CHECK_OK(store_read(f, (int64_t)bytes - 70000, got, 60000, &err));
    CHECK_INT(store_requests(world.store), 1); /* the tail */
    CHECK_INT(store_ahead_bytes(f), 16 << 20);

    /* Two ranges that lie close, one apart: two requests, however they are read. */
    struct store_range ranges[] = {{5000000, 1000000}, {1000, 2000000}, {2001100, 50000}};
    CHECK_OK(store_expect(f, ranges, 3, &err));
    for (int64_t at = 0; at < 50000; at += 5000)
        for (int i = 0; i < 3; i++) {
            CHECK_OK(store_read(f, ranges[i].offset + at, got, 5000, &err));
            CHECK(memcmp(got, data + ranges[i].offset + at, 5000) == 0);
        }
    CHECK_INT(store_requests(world.store), 3);

    /* More than fits: windows by each range's length, which run dry together. */
    struct store_range wide[] = {{0, 20 << 20}, {20 << 20, 8 << 20}};
    CHECK_OK(store_expect(f, wide, 2, &err));
    for (int64_t row = 0; row < 100; row++)
        for (int i = 0; i < 2; i++) {
            size_t n = (size_t)wide[i].bytes / 100;
            int64_t at = wide[i].offset + row * (int64_t)n;
            CHECK_OK(store_read(f, at, got, n, &err));
            CHECK(memcmp(got, data + at, n) == 0);
        }
    CHECK(store_requests(world.store) <= 3 + 5);

    CHECK_OK(store_expect(f, NULL, 0, &err)); /* from now on one window for what comes */
    int64_t before = store_requests(world.store);
    for (int64_t at = 0; at < 20 << 20; at += 1 << 16)
        CHECK_OK(store_read(f, at, got + at, 1 << 16, &err));
    CHECK(memcmp(got, data, (size_t)20 << 20) == 0);
    CHECK(store_requests(world.store) - before <= 7); /* 0.25 + 0.5 + 1 + 2 + 4 + 8 + 8 MiB */
    struct store_range beyond = {(int64_t)bytes, 1};
    CHECK_STATUS(store_expect(f, &beyond, 1, &err), ST_CORRUPT);
    store_close(f);
    free(data);
    free(got);
    end(&world);
}

/* What store_ahead_bytes allows comes in one round, a request a range, however it is read then. */
TEST(many_ranges_in_one_round)
{
    struct store_file *f;
    struct store_range ranges[100];
    size_t bytes = (size_t)30 << 20;
    uint8_t *data = malloc(bytes), got[64];
    int64_t sum = 0;
    begin(&world);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 131 >> 9);
    keep(&world, "big", STR(""), (struct str){(char *)data, bytes});
    CHECK_OK(store_open(world.store, STR("s3://bucket/big"), (int64_t)bytes, &f, &err));
    for (int i = 0; i < 100; i++) {
        ranges[i] = (struct store_range){(int64_t)i * 290000, 100000};
        sum += ranges[i].bytes + STORE_RANGE_COST;
    }
    CHECK(sum <= store_ahead_bytes(f));
    CHECK_OK(store_expect(f, ranges, 100, &err));
    CHECK_INT(store_requests(world.store), 100);
    for (int64_t at = 0; at < 100000; at += 9990)
        for (int i = 99; i >= 0; i--) {
            CHECK_OK(store_read(f, ranges[i].offset + at, got, 10, &err));
            CHECK(memcmp(got, data + ranges[i].offset + at, 10) == 0);
        }
    CHECK_INT(store_requests(world.store), 100);
    store_close(f);
    free(data);
    end(&world);
}

TEST(files_that_come_next)
{
    struct store_next next[20];
    struct store_file *f;
    struct buffer all;
    char names[20][32], got[8] = "";
    size_t taken;
    begin(&world);
    for (int i = 0; i < 20; i++) {
        snprintf(names[i], sizeof(names[i]), "s3a://bucket/n/%02d", i);
        keep(&world, names[i] + 13, STR(""), STR("hello"));
        next[i] = (struct store_next){str_of(names[i]), 5};
    }
    next[3].size = 4; /* wrong sizes: left to the opening */
    next[4].size = 50;
    next[5].size = 0;
    CHECK_OK(store_expect_files(world.store, next, 20, &taken, &err));
    CHECK_INT(taken, 20);
    CHECK_INT(store_requests(world.store), 19);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(store_open(world.store, next[i].uri, 5, &f, &err));
        CHECK_OK(store_read(f, 0, got, 5, &err));
        CHECK_STR(str_of(got), "hello");
        store_close(f);
    }
    check_fixed("s3://bucket/n/06", "hello");
    CHECK_INT(store_requests(world.store), 19);
    check_fixed("s3://bucket/n/03", "hello"); /* asked for after all, as it is */
    CHECK_OK(store_open(world.store, next[4].uri, 50, &f, &err));
    CHECK_STATUS(store_read(f, 0, got, 5, &err), ST_CORRUPT);
    store_close(f);
    CHECK_INT(store_requests(world.store), 21);
    CHECK_OK(store_expect_files(world.store, next + 5, 15, &taken, &err)); /* all there */
    CHECK_INT(taken, 15);
    CHECK_INT(store_requests(world.store), 21);
    check_text("s3://bucket/n/06", "hello"); /* a file of anybody's: as it is now */
    CHECK_INT(store_requests(world.store), 22);
    CHECK_OK(store_delete(world.store, next[7].uri, &err));
    buffer_init(&all, NULL, 100);
    CHECK_STATUS(store_read_fixed(world.store, next[7].uri, &all, &err), ST_NOT_FOUND);
    next[1].uri = STR("/x"); /* of another store: for the next call */
    CHECK_OK(store_expect_files(world.store, next, 3, &taken, &err));
    CHECK_INT(taken, 1);
    CHECK_OK(store_expect_files(world.store, next + 1, 1, &taken, &err));
    CHECK_INT(taken, 1);
    CHECK_OK(store_expect_files(world.store, next, 0, &taken, &err));
    end(&world);
}

/* T5: what was written or read stays, as long as it is small, fixed and not deleted. */
TEST(what_does_not_change)
{
    struct store_write *w;
    begin(&world);
    struct store *s = world.store;
    CHECK_OK(write_text("s3://bucket/written", "one"));
    check_fixed("s3a://bucket/written", "one");
    check_sized("s3://bucket/written", "one");
    CHECK_INT(store_requests(s), 1);
    keep(&world, "found", STR(""), STR("two"));
    check_sized("s3://bucket/found", "two");
    check_fixed("s3://bucket/found", "two");
    check_sized("s3n://bucket/found", "two");
    CHECK_INT(store_requests(s), 2);
    keep(&world, "metadata", STR(""), STR("three"));
    check_fixed("s3://bucket/metadata", "three");
    check_fixed("s3://bucket/metadata", "three");
    CHECK_INT(store_requests(s), 3);

    /* A person's file is read as it is, whether its text is known or not, and so is what replaces it. */
    keep(&world, "metadata", STR(""), STR("four"));
    check_text("s3://bucket/metadata", "four");
    CHECK_INT(store_requests(s), 4);
    CHECK_OK(store_write_create(s, STR("s3://bucket/copy"), &w, &err));
    store_write_replace(w);
    CHECK_OK(store_write_append(w, "five", 4, &err));
    CHECK_OK(store_write_finish(w, &err));
    check_fixed("s3://bucket/copy", "five");
    CHECK_INT(store_requests(s), 6);

    /* What is deleted is gone, and another file may have the name. */
    CHECK_OK(store_delete(s, STR("s3://bucket/written"), &err));
    CHECK_OK(write_text("s3://bucket/written", "six"));
    check_fixed("s3://bucket/written", "six");
    CHECK_INT(store_requests(s), 8);
    CHECK_STATUS(write_text("s3://bucket/written", "seven"),
                 ST_EXISTS); /* a refusal keeps nothing */
    check_fixed("s3://bucket/written", "six");
    end(&world);
}

/* Many small ones: the last used stay. */
TEST(what_does_not_change_gives_way)
{
    char name[40], names[4][40];
    struct mem_account account;
    begin(&world);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "s3://bucket/w/%d", i % 40);
        CHECK_OK(store_delete(world.store, str_of(name), &err));
        CHECK_OK(write_text(name, name));
        check_fixed("s3://bucket/w/0", "s3://bucket/w/0");
    }
    CHECK_INT(store_requests(world.store), 600);
    store_destroy(world.store);

    /* An eighth of the budget at most. */
    size_t bytes = (size_t)100 << 10;
    void *data = calloc(1, bytes);
    struct property p[] = {{STR("s3.endpoint"), http_server_url(world.server, "/")},
                           {STR("s3.access-key-id"), STR("id")},
                           {STR("s3.secret-access-key"), STR("geheim")},
                           {STR("s3.region"), STR("here")}};
    mem_account_init(&account, "test", NULL, (size_t)2 << 20);
    CHECK_OK(store_create(p, 4, &(struct store_config){.account = &account}, &world.store, &err));
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "s3://bucket/v/%d", i);
        CHECK_OK(store_write_all(world.store, str_of(name), data, bytes, &err));
    }
    CHECK(account.used_bytes <= (size_t)256 << 10);
    CHECK(account.used_bytes >= 2 * bytes);
    struct store_next next[4]; /* two of them stand there, a third does not fit beside them */
    size_t taken;
    for (int i = 0; i < 4; i++) {
        snprintf(names[i], sizeof(names[i]), "s3://bucket/v/%d", 16 + i);
        next[3 - i] = (struct store_next){str_of(names[i]), (int64_t)bytes};
    }
    CHECK_OK(store_expect_files(world.store, next, 4, &taken, &err));
    CHECK_INT(taken, 2);
    CHECK_INT(store_requests(world.store), 20);
    CHECK_OK(store_expect_files(world.store, next + 2, 2, &taken, &err));
    CHECK_INT(taken, 2);
    CHECK_INT(store_requests(world.store), 22);
    next[0].size = (int64_t)bytes * 3;
    CHECK_OK(store_expect_files(world.store, next, 1, &taken, &err));
    CHECK_INT(taken, 1);
    CHECK_INT(store_requests(world.store), 22);
    free(data);
    store_destroy(world.store);
    CHECK_INT(account.used_bytes, 0);
    CHECK_OK(store_create_local(&world.store, &err));
    end(&world);
}

TEST(memory_is_accounted)
{
    struct mem_account account;
    struct store_file *f;
    size_t bytes = (size_t)20 << 20;
    uint8_t got[100], *data = calloc(1, bytes);
    begin(&world);
    store_destroy(world.store);
    mem_account_init(&account, "test", NULL, (size_t)3 << 20);
    struct property p[] = {{STR("s3.endpoint"), http_server_url(world.server, "")},
                           {STR("s3.access-key-id"), STR("id")},
                           {STR("s3.secret-access-key"), STR("x")}};
    CHECK_OK(store_create(p, 3, &(struct store_config){.account = &account}, &world.store, &err));
    keep(&world, "big", STR(""), (struct str){(char *)data, bytes});
    CHECK_OK(store_open(world.store, STR("s3://bucket/big"), (int64_t)bytes, &f, &err));
    struct store_range ranges[] = {{0, 8 << 20}, {8 << 20, 8 << 20}};
    CHECK_INT(store_ahead_bytes(f), 3 << 17);   /* an eighth */
    CHECK_OK(store_expect(f, ranges, 2, &err)); /* smaller windows */
    CHECK_OK(store_read(f, 9 << 20, got, 100, &err));
    CHECK(atomic_load(&account.used_bytes) > (size_t)1 << 20);
    store_close(f);
    CHECK_INT(atomic_load(&account.used_bytes), 0);
    CHECK_STATUS(store_write_all(world.store, STR("s3://bucket/w"), data, bytes, &err), ST_LIMIT);
    CHECK_INT(atomic_load(&account.used_bytes), 0);
    free(data);
    end(&world);
}

/* ---- bad days ------------------------------------------------------------------------------- */

TEST(a_lost_reply_is_settled)
{
    begin(&world);
    /* Carried out, the reply lost: the second try is refused, the mark says whose it is. */
    world.faults[0] = (struct fault){.of = "PUT /bucket/x", .times = 1};
    CHECK_OK(write_text("s3://bucket/x", "mine"));
    check_text("s3://bucket/x", "mine");
    /* Another's object there all the same: the first try was never carried out. */
    keep(&world, "y", STR("another"), STR("theirs"));
    world.faults[0] = (struct fault){.of = "PUT /bucket/y", .times = 1, .before = true};
    CHECK_STATUS(write_text("s3://bucket/y", "mine"), ST_EXISTS);
    check_text("s3://bucket/y", "theirs");
    uint8_t *data;
    world.faults[0] = (struct fault){.of = "POST /bucket/z?uploadId", .times = 1};
    CHECK_OK(write_big("s3://bucket/z", (size_t)9 << 20, &data));
    free(data);
    end(&world);
}

TEST(busy_then_well)
{
    begin(&world);
    keep(&world, "x", STR(""), STR("hello"));
    world.faults[0] =
        (struct fault){.of = "GET /bucket/x",
                       .times = 3,
                       .answer = {.reply = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"}};
    check_text("s3://bucket/x", "hello");
    world.faults[0] = (struct fault){
        .of = "GET /bucket/x",
        .times = 1,
        .answer = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", .then = HTTP_CLOSE}};
    check_text("s3://bucket/x", "hello");
    end(&world);
}

#define REPLY(status, headers, body)                                                               \
    "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body
#define ERROR_XML(code, more) "<Error><Code>" code "</Code>" more "</Error>"

TEST(errors_say_what_to_do)
{
    static const struct {
        const char *reply;
        status code;
        const char *says[2];
    } rows[] = {
        {REPLY("400 Bad", "", ERROR_XML("ExpiredToken", "")),
         ST_AUTH,
         {"token has expired", "s3.access-key-id"}},
        {REPLY("400 Bad", "",
               ERROR_XML("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")),
         ST_AUTH,
         {"s3.region is here", "set it to eu-west-1"}},
        {REPLY("301 Moved", "x-amz-bucket-region: eu-west-2\r\n", ""),
         ST_INVALID,
         {"another region", "set it to eu-west-2"}},
        {REPLY("403 No", "", ERROR_XML("SignatureDoesNotMatch", "<StringToSign>a</StringToSign>")),
         ST_AUTH,
         {"secret key is wrong", "bucket/x"}},
        {REPLY("403 No", "", ERROR_XML("InvalidAccessKeyId", "")), ST_AUTH, {"not known", ""}},
        {REPLY("403 No", "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
               ERROR_XML("RequestTimeTooSkewed", "")),
         ST_AUTH,
         {"clock is wrong", "01 Jan 1970"}},
        {REPLY("404 No", "", ERROR_XML("NoSuchBucket", "")), ST_NOT_FOUND, {"no bucket", "bucket"}},
        {REPLY("403 No", "", "<html>Forbidden by the proxy</html>"), ST_AUTH, {"403", "read"}},
        {REPLY("400 No", "", "\x01\x02<<<"), ST_INVALID, {"400", "read"}},
        {REPLY("418 Tea", "", ERROR_XML("Teapot", "<Message>short &amp; stout</Message>")),
         ST_INVALID,
         {"Teapot: short & stout", "418"}},
    };
    struct buffer all;
    begin(&world);
    buffer_init(&all, NULL, 100);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        world.faults[0] = (struct fault){.of = "GET /bucket/x",
                                         .times = 1,
                                         .answer = {.reply = rows[i].reply, .then = HTTP_CLOSE}};
        CHECK_STATUS(store_read_all(world.store, STR("s3://bucket/x"), &all, &err), rows[i].code);
        for (size_t k = 0; k < 2; k++)
            if (!strstr(err.msg, rows[i].says[k]))
                test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", err.msg, rows[i].says[k]);
        CHECK(strstr(err.msg, "geheim") == NULL);
    }
    buffer_free(&all);
    end(&world);
}

TEST(listings_that_are_none)
{
    static const char *const replies[] = {
        REPLY("200 OK", "", "<!DOCTYPE html><html><body>Welcome</body></html>"),
        REPLY("200 OK", "", "<html>login</html>"),
        REPLY("200 OK", "", ""),
        REPLY("200 OK", "", "<ListBucketResult><Contents><Key>a</Key>"),
        REPLY("200 OK", "", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
        REPLY("200 OK", "",
              "<ListBucketResult><NextContinuationToken>x</NextContinuationToken>"
              "</ListBucketResult>")};
    struct arena a;
    struct str *names;
    size_t n;
    arena_init(&a, NULL);
    begin(&world);
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        world.faults[0] = (struct fault){
            .of = "list-type=2", .times = 1, .answer = {.reply = replies[i], .then = HTTP_CLOSE}};
        CHECK_STATUS(store_glob(world.store, STR("s3://bucket/*"), &a, &names, &n, &err),
                     ST_CORRUPT);
    }
    world.faults[0] =
        (struct fault){.of = "list-type=2",
                       .times = 2,
                       .answer = {.reply = REPLY("200 OK", "",
                                                 "<ListBucketResult><IsTruncated>true</IsTruncated>"
                                                 "<NextContinuationToken>x</NextContinuationToken>"
                                                 "</ListBucketResult>"),
                                  .then = HTTP_CLOSE}};
    CHECK_STATUS(store_glob(world.store, STR("s3://bucket/*"), &a, &names, &n, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "names itself") != NULL);
    end(&world);
    arena_free(&a);
}

/* A proxy in between says yes to everything. What it took was never written, what it gives was never
 * in a file. */
TEST(success_of_somebody_else)
{
    static const char login[] =
        REPLY("200 OK", "Content-Type: text/html\r\n", "<html>login</html>");
    struct buffer all;
    struct store_file *f;
    buffer_init(&all, NULL, SIZE_MAX);
    begin(&world);
    world.faults[0] =
        (struct fault){.of = "PUT ", .times = 1, .answer = {.reply = login, .then = HTTP_CLOSE}};
    CHECK_STATUS(store_write_all(world.store, STR("s3://bucket/new"), "abc", 3, &err), ST_NET);
    CHECK(strstr(err.msg, "does a proxy ask for a login") != NULL);
    CHECK_OK(store_write_all(world.store, STR("s3://bucket/new"), "abc", 3, &err));
    world.faults[0] =
        (struct fault){.of = "GET ", .times = 1, .answer = {.reply = login, .then = HTTP_CLOSE}};
    CHECK_STATUS(store_read_all(world.store, STR("s3://bucket/new"), &all, &err), ST_NET);
    world.faults[0] =
        (struct fault){.of = "GET ", .times = 1, .answer = {.reply = login, .then = HTTP_CLOSE}};
    CHECK_STATUS(store_open(world.store, STR("s3://bucket/new"), -1, &f, &err), ST_NET);
    CHECK(all.len == 0);
    end(&world);
    buffer_free(&all);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void sts(void *self, size_t n, struct str request, struct buffer *text,
                struct http_answer *out)
{
    int *asked = self;
    CHECK(has(request, "Action=AssumeRoleWithWebIdentity&"));
    CHECK(has(request, "RoleArn=arn%3Aaws%3Arole&"));
    CHECK(has(request, "WebIdentityToken=a.b%2Bc"));
    CHECK(!has(request, "uthorization"));
    ++*asked;
    reply(text, "200 OK", "",
          STR("<R><Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
              "<SessionToken>tok</SessionToken><Expiration>2001-01-01T00:00:00Z</Expiration>"
              "</Credentials></R>"));
    *out = (struct http_answer){.reply = (char *)text->data, .bytes = text->len};
}

TEST(web_identity)
{
    char path[] = "/tmp/firn-token-XXXXXX";
    int asked = 0, fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, "a.b+c\n", 6) == 6);
    close(fd);
    begin(&world);
    store_destroy(world.store);
    struct http_server *server = http_server_start(sts, &asked);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:role", 1);
    setenv("AWS_ENDPOINT_URL_STS", http_server_url(server, "/").ptr, 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    struct property p[] = {{STR("s3.endpoint"), http_server_url(world.server, "")}};
    CHECK_OK(store_create(p, 1, &(struct store_config){0}, &world.store, &err));
    CHECK_OK(write_text("s3://bucket/x", "mine"));
    CHECK(has(http_server_request(world.server, 0), "x-amz-security-token: tok\r\n"));
    CHECK_INT(asked, 1);
    check_text("s3://bucket/x", "mine"); /* those keys have expired: they are fetched again */
    CHECK_INT(asked, 2);
    unlink(path);
    http_server_stop(server);
    end(&world);
}

TEST(vended_for_a_prefix)
{
    begin(&world);
    struct property vended[] = {{STR("s3.endpoint"), http_server_url(world.server, "")},
                                {STR("s3.access-key-id"), STR("id")},
                                {STR("s3.secret-access-key"), STR("v")},
                                {STR("s3.session-token"), STR("vended")}};
    CHECK_OK(store_credentials(world.store, STR("s3://bucket/t"), vended, 4, &err));
    vended[3].value = STR("deeper");
    CHECK_OK(store_credentials(world.store, STR("s3://bucket/t/deep"), vended, 4, &err));
    CHECK_OK(write_text("s3a://bucket/x", "1"));
    CHECK_OK(write_text("s3a://bucket/t/x", "2"));
    CHECK_OK(write_text("s3a://bucket/t/deep/x", "3"));
    CHECK(!has(http_server_request(world.server, 0), "x-amz-security-token"));
    CHECK(has(http_server_request(world.server, 1), "x-amz-security-token: vended\r\n"));
    CHECK(has(http_server_request(world.server, 2), "x-amz-security-token: deeper\r\n"));
    end(&world);
}
