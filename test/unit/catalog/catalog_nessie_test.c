// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_test.c - a Nessie catalog against a server that answers as a real one does, or
 * badly: what is asked, what a pin keeps, every kind of refusal, and replies that are lost. */
#include "catalog/catalog_int.h"
#include "harness/http_server.h"
#include "harness/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HASH  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH2 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID    "11111111-2222-4333-8444-555555555555"
#define PUBLISH                                                                                    \
    {                                                                                              \
        "99999999-8888-4777-8666-555555555555", 36                                                 \
    }

static struct error err;
static _Atomic bool cancelled;

/* How one POST of a commit is answered. */
struct answer {
    int status;       /* 0 = the connection is reset without a word */
    const char *body; /* NULL = the branch's new hash */
    bool applied;     /* from the next look at the history on */
};

/* The server: a branch main with one table at `location`, and a plan for commits. */
struct fake {
    struct http_server *server;
    const char *content; /* of every key that is asked for; NULL = there is none */
    const char *pages[2];
    const char *reference;
    const struct answer *plan;
    size_t plan_count, posts, looks, gets;
    bool applied;
    size_t history_fails; /* that many looks at the history are answered 500 */
    char commit[4096];    /* the last commit's request */
    char last[4096];      /* the last other request */
};

#define TABLE                                                                                      \
    "{\"type\":\"ICEBERG_TABLE\",\"id\":\"" ID "\",\"metadataLocation\":\"file:///w/t/"            \
    "1.metadata.json\",\"snapshotId\":-1,\"schemaId\":0,\"specId\":0,\"sortOrderId\":0}"
#define REFERENCE(type)                                                                            \
    "{\"reference\":{\"type\":\"" type "\",\"name\":\"main\",\"hash\":\"" HASH "\"}}"
#define CONFLICT(type)                                                                             \
    "{\"status\":409,\"errorCode\":\"REFERENCE_CONFLICT\",\"message\":\"no\",\"errorDetails\":{"   \
    "\"type\":\"REFERENCE_CONFLICTS\",\"conflicts\":[{\"conflictType\":\"" type                    \
    "\",\"key\":{\"elements\":[\"demo\",\"t\"]},\"message\":\"m\"}]}}"

/* "never" comes with a time to wait for that is past every bound: the reply is the last word, and
 * the test waits for nothing. */
static void put(struct buffer *b, int code, const char *body)
{
    CHECK_OK(buffer_printf(b, &err,
                           "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: "
                           "%zu\r\n\r\n%s",
                           code, strcmp(body, "never") == 0 ? "Retry-After: 99999\r\n" : "",
                           strlen(body), body));
    CHECK_OK(buffer_append_byte(b, 0, &err));
}

static bool holds(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void put_history(struct fake *f, struct buffer *b)
{
    f->looks++;
    if (f->history_fails > 0) {
        f->history_fails--;
        put(b, 500, "never");
        return;
    }
    put(b, 200,
        f->applied ? "{\"hasMore\":false,\"logEntries\":[{\"commitMeta\":{\"allProperties\":{"
                     "\"firn.publish-id\":[\"99999999-8888-4777-8666-555555555555\"]}}}]}"
                   : "{\"hasMore\":false,\"logEntries\":[{\"commitMeta\":{\"allProperties\":{"
                     "\"firn.publish-id\":[\"00000000-8888-4777-8666-555555555555\"]}}}]}");
}

static void put_commit(struct fake *f, struct buffer *b, struct http_answer *out)
{
    static const struct answer done = {200, NULL, true};
    size_t last = f->plan_count - 1;
    const struct answer *a = f->plan_count ? &f->plan[f->posts < last ? f->posts : last] : &done;
    f->posts++;
    f->applied |= a->applied;
    if (a->status == 0) {
        out->then = HTTP_RESET;
        return;
    }
    put(b, a->status,
        a->body ? a->body
                : "{\"targetBranch\":{\"type\":\"BRANCH\",\"name\":\"main\",\"hash\":\"" HASH2
                  "\"},\"addedContents\":null}");
}

static void keep(char *to, size_t room, struct str request)
{
    snprintf(to, room, "%.*s", STR_ARG(request));
}

static void answer(void *self, size_t n, struct str request, struct buffer *text,
                   struct http_answer *out)
{
    struct fake *f = self;
    char content[2048];
    if (holds(request, "/history/commit HTTP")) {
        keep(f->commit, sizeof(f->commit), request);
        put_commit(f, text, out);
    } else if (holds(request, "/history?")) {
        put_history(f, text);
    } else if (holds(request, "/contents HTTP")) {
        f->gets++;
        const char *key = strstr(request.ptr, "\"elements\"");
        int len = (int)(strchr(key, ']') + 1 - key);
        if (f->content)
            snprintf(content, sizeof(content), "{\"contents\":[{\"key\":{%.*s},\"content\":%s}]}",
                     len, key, f->content);
        put(text, 200, f->content ? content : "{\"contents\":[]}");
    } else if (holds(request, "/entries?")) {
        f->gets++;
        put(text, 200, f->pages[holds(request, "page-token=next%2F1") ? 1 : 0]);
    } else {
        put(text, f->reference ? 200 : 404,
            f->reference ? f->reference : "{\"message\":\"Named reference 'main' not found\"}");
    }
    if (!holds(request, "/history/commit HTTP"))
        keep(f->last, sizeof(f->last), request);
    if (text->len)
        out->reply = (const char *)text->data;
}

struct world {
    struct fake fake;
    struct store *store;
    struct catalog *catalog;
    struct catalog_pin *pin;
    struct arena arena;
};

static status open_at(struct world *w, const char *uri, const struct property *more, size_t count)
{
    struct property all[8] = {{STR("ref"), STR("main")}};
    unsetenv("http_proxy");
    for (size_t i = 0; i < count; i++)
        all[i + 1] = more[i];
    arena_init(&w->arena, NULL);
    CHECK_OK(store_create_memory(&w->store, &err));
    struct catalog_config config = {.name = STR("lake"),
                                    .type = STR("nessie"),
                                    .uri = str_of(uri),
                                    .warehouse = STR("file:///w/"),
                                    .cancel = &cancelled,
                                    .property_count = count + 1,
                                    .properties = all};
    error_init(&err);
    return catalog_open(&config, w->store, false, &w->catalog, &err);
}

static status try_open(struct world *w, const struct property *more, size_t count)
{
    char uri[128];
    if (!w->fake.reference)
        w->fake.reference = REFERENCE("BRANCH");
    w->fake.server = http_server_start(answer, &w->fake);
    snprintf(uri, sizeof(uri), "%s", http_server_url(w->fake.server, "/api/v2").ptr);
    return open_at(w, uri, more, count);
}

static void begin(struct world *w)
{
    CHECK_OK(try_open(w, NULL, 0));
    CHECK_OK(catalog_pin(w->catalog, &w->pin, &err));
}

static void end(struct world *w)
{
    catalog_unpin(w->pin);
    catalog_close(w->catalog);
    store_destroy(w->store);
    if (w->fake.server)
        http_server_stop(w->fake.server);
    arena_free(&w->arena);
}

static const struct catalog_name demo_t = {{"demo", 4}, {"t", 1}};

/* ---- reading --------------------------------------------------------------------------------- */

TEST(a_pin_asks_once_and_at_its_hash)
{
    struct world w = {.fake = {.content = TABLE}};
    struct str at;
    begin(&w);
    CHECK(str_starts(str_of(w.fake.last), STR("GET /api/v2/trees/main HTTP/1.1\r\n")));
    CHECK(holds(str_of(w.fake.last), "Nessie-Client-Spec: 2\r\n"));
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK_STR(at, "file:///w/t/1.metadata.json");
    CHECK(str_starts(str_of(w.fake.last),
                     STR("POST /api/v2/trees/main%40" HASH "/contents HTTP/1.1\r\n")));
    CHECK(holds(str_of(w.fake.last), "{\"requestedKeys\":[{\"elements\":[\"demo\",\"t\"]}]}"));
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK_INT(w.fake.gets, 1);
    w.fake.content = NULL; /* dropped by somebody else: the pin does not see it */
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK_STR(at, "file:///w/t/1.metadata.json");
    end(&w);
}

TEST(absence_is_kept_too)
{
    struct world w = {0};
    struct str at;
    bool exists;
    begin(&w);
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK(at.ptr == NULL);
    CHECK_OK(catalog_namespace_exists(w.pin, STR("demo"), &exists, &err));
    CHECK(!exists);
    w.fake.content = TABLE;
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK(at.ptr == NULL);
    CHECK_INT(w.fake.gets, 2);
    end(&w);
}

TEST(names_are_asked_together)
{
    static const struct catalog_name names[] = {
        {{"demo", 4}, {"", 0}}, {{"demo", 4}, {"t", 1}}, {{"demo", 4}, {"t", 1}}};
    struct world w = {.fake = {.content = TABLE}};
    struct str at;
    bool exists;
    begin(&w);
    CHECK_OK(catalog_expect(w.pin, names, 3, &err));
    CHECK(holds(str_of(w.fake.last),
                "{\"requestedKeys\":[{\"elements\":[\"demo\",\"t\"]},{\"elements\":[\"demo\"]}]}"));
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK_STR(at, "file:///w/t/1.metadata.json");
    CHECK_OK(catalog_namespace_exists(w.pin, STR("demo"), &exists, &err)); /* not in the reply */
    CHECK(!exists);
    CHECK_OK(catalog_expect(w.pin, names, 3, &err));
    CHECK_OK(catalog_expect(w.pin, names, 0, &err));
    CHECK_INT(w.fake.gets, 1);
    end(&w);
}

TEST(more_names_than_a_request_takes)
{
    struct catalog_name names[250];
    char letters[250];
    struct world w = {.fake = {.content = TABLE}};
    begin(&w);
    memset(letters, 'a', sizeof(letters));
    for (int i = 0; i < 250; i++)
        names[i] = (struct catalog_name){.space = {letters, (size_t)i + 1}};
    CHECK_OK(catalog_expect(w.pin, names, 250, &err));
    CHECK_INT(w.fake.gets, 3);
    end(&w);
}

TEST(what_is_no_table_is_refused_by_name)
{
    static const struct {
        const char *content;
        status want;
        const char *says;
    } cases[] = {
        {"{\"type\":\"ICEBERG_VIEW\",\"id\":\"x\"}", ST_UNSUPPORTED, "demo.t is an Iceberg view"},
        {"{\"type\":\"DELTA_LAKE_TABLE\",\"id\":\"x\"}", ST_UNSUPPORTED, "no Iceberg table"},
        {"{\"type\":\"NAMESPACE\",\"id\":\"x\"}", ST_INVALID, "is a schema"},
        {"{\"type\":\"ICEBERG_TABLE\",\"id\":\"x\"}", ST_CORRUPT, "metadataLocation"},
        {"{\"type\":\"ICEBERG_TABLE\",\"id\":\"x\",\"metadataLocation\":\"a\",\"schemaId\":1.5}",
         ST_CORRUPT, "schemaId"},
        {"7", ST_CORRUPT, "content"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {.fake = {.content = cases[i].content}};
        struct str at;
        begin(&w);
        CHECK_INT(catalog_location(w.pin, demo_t, &w.arena, &at, &err), cases[i].want);
        CHECK(holds(str_of(err.msg), cases[i].says));
        end(&w);
    }
}

TEST(lists_have_pages)
{
    struct world w = {
        .fake = {
            .pages = {"{\"hasMore\":true,\"token\":\"next/1\",\"entries\":["
                      "{\"type\":\"NAMESPACE\",\"name\":{\"elements\":[\"b\"]}},"
                      "{\"type\":\"NAMESPACE\",\"name\":{\"elements\":[\"a\",\"x.y\"]}},"
                      "{\"type\":\"ICEBERG_TABLE\",\"name\":{\"elements\":[\"b\",\"t2\"]}},"
                      "{\"type\":\"ICEBERG_TABLE\",\"name\":{\"elements\":[\"b\",\"c\",\"t\"]}}]}",
                      "{\"hasMore\":false,\"entries\":["
                      "{\"type\":\"NAMESPACE\",\"name\":{\"elements\":[\"a\",\"c\"]}},"
                      "{\"type\":\"ICEBERG_VIEW\",\"name\":{\"elements\":[\"b\",\"v\"]}},"
                      "{\"type\":\"ICEBERG_TABLE\",\"name\":{\"elements\":[\"b\",\"t.1\"]}}]}"}}};
    struct str *names;
    size_t n;
    begin(&w);
    CHECK_OK(catalog_namespaces(w.pin, &w.arena, &names, &n, &err));
    CHECK_INT(n, 2);
    CHECK_STR(names[0], "a.c");
    CHECK_STR(names[1], "b");
    CHECK_OK(catalog_namespaces(w.pin, &w.arena, &names, &n, &err));
    CHECK_INT(w.fake.gets, 2); /* kept */
    CHECK_OK(catalog_tables(w.pin, STR("b"), &w.arena, &names, &n, &err));
    CHECK_INT(n, 2);
    CHECK_STR(names[0], "t.1");
    CHECK_STR(names[1], "t2");
    CHECK(holds(str_of(w.fake.last), "entry.namespace%20%3D%3D%20%27b%27"));
    end(&w);
}

#define METADATA                                                                                   \
    "{\"format-version\":2,\"table-uuid\":\"" ID                                                   \
    "\",\"location\":\"file:///w/t\",\"last-sequence-number\":2,\"last-updated-ms\":2000,"         \
    "\"last-column-id\":2,\"schemas\":[{\"type\":\"struct\",\"schema-id\":0,\"fields\":[{\"id\":1" \
    ",\"name\":\"a\",\"required\":false,\"type\":\"int\"}]},{\"type\":\"struct\",\"schema-id\":1," \
    "\"fields\":[{\"id\":1,\"name\":\"a\",\"required\":false,\"type\":\"int\"},{\"id\":2,"         \
    "\"name\":\"b\",\"required\":false,\"type\":\"int\"}]}],\"current-schema-id\":1,"              \
    "\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],\"default-spec-id\":0,"                   \
    "\"last-partition-id\":999,\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],"                  \
    "\"default-sort-order-id\":0,\"properties\":{},\"snapshots\":[{\"snapshot-id\":10,"            \
    "\"sequence-number\":1,\"timestamp-ms\":1000,\"manifest-list\":\"m\",\"summary\":{"            \
    "\"operation\":\"append\"}},{\"snapshot-id\":11,\"sequence-number\":2,\"timestamp-ms\":2000,"  \
    "\"manifest-list\":\"m\",\"summary\":{\"operation\":\"append\"}}],\"current-snapshot-id\":11," \
    "\"refs\":{\"main\":{\"snapshot-id\":11,\"type\":\"branch\"}}}"

static status load(const char *content, struct world *w, struct iceberg_table **out)
{
    *w = (struct world){.fake = {.content = content}};
    begin(w);
    CHECK_OK(store_write_all(w->store, STR("file:///w/t/1.metadata.json"), METADATA,
                             strlen(METADATA), &err));
    return catalog_load(w->pin, demo_t, &w->arena, out, &err);
}

#define CONTENT(snapshot, schema, spec, order)                                                     \
    "{\"type\":\"ICEBERG_TABLE\",\"id\":\"" ID "\",\"metadataLocation\":\"file:///w/t/"            \
    "1.metadata.json\",\"snapshotId\":" snapshot ",\"schemaId\":" schema ",\"specId\":" spec       \
    ",\"sortOrderId\":" order "}"

TEST(the_content_says_what_is_current)
{
    struct world w;
    struct iceberg_table *t;
    CHECK_OK(load(CONTENT("10", "0", "0", "0"), &w, &t));
    CHECK_INT(t->current_snapshot_id, 10);
    CHECK_INT(iceberg_ref_by_name(t, STR("main"))->snapshot_id, 10);
    CHECK_INT(t->current_schema_id, 0);
    end(&w);
    CHECK_OK(load(CONTENT("-1", "1", "0", "0"), &w, &t));
    CHECK_INT(t->current_snapshot_id, 11); /* Java leaves the file's snapshot then */
    CHECK_INT(t->current_schema_id, 1);
    end(&w);
}

TEST(ids_that_the_file_lacks)
{
    static const char *const contents[] = {
        CONTENT("12", "0", "0", "0"), CONTENT("10", "5", "0", "0"), CONTENT("10", "0", "3", "0"),
        CONTENT("10", "0", "0", "9")};
    static const char *const says[] = {"snapshot 12", "schema 5", "partition spec 3",
                                       "sort order 9"};
    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        struct world w;
        struct iceberg_table *t;
        CHECK_INT(load(contents[i], &w, &t), ST_CORRUPT);
        CHECK(holds(str_of(err.msg), says[i]));
        end(&w);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

TEST(references)
{
    struct world w = {0};
    struct property hash = {STR("ref"), STR("main@" HASH2)};
    struct str at;
    CHECK_OK(try_open(&w, &hash, 1));
    CHECK_OK(catalog_pin(w.catalog, &w.pin, &err));
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK(str_starts(str_of(w.fake.last), STR("POST /api/v2/trees/main%40" HASH2 "/contents ")));
    struct catalog_change change = {.kind = CATALOG_CREATE_SPACE, .name = {.space = STR("s")}};
    struct catalog_commit commit = {1, &change, PUBLISH, STR("")};
    CHECK_INT(catalog_commit(w.pin, &commit, &err), ST_UNSUPPORTED);
    CHECK_STR(str_of(err.sqlstate), "25006");
    end(&w);
    w = (struct world){.fake = {.reference = REFERENCE("TAG")}};
    begin(&w);
    CHECK_INT(catalog_commit(w.pin, &commit, &err), ST_UNSUPPORTED);
    CHECK(holds(str_of(err.msg), "a tag"));
    end(&w);
}

TEST(bad_references)
{
    static const char *const bad[] = {"[]", "{}", "nonsense",
                                      ("{\"reference\":{\"type\":\"BRANCH\",\"name\":\"main\","
                                       "\"hash\":\"../../x\"}}")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct world w = {.fake = {.reference = bad[i]}};
        CHECK_OK(try_open(&w, NULL, 0));
        CHECK_INT(catalog_pin(w.catalog, &w.pin, &err), ST_CORRUPT);
        end(&w);
    }
    struct world w = {0};
    CHECK_OK(try_open(&w, NULL, 0));
    w.fake.reference = NULL;
    CHECK_INT(catalog_pin(w.catalog, &w.pin, &err), ST_NOT_FOUND);
    CHECK(holds(str_of(err.msg), "Named reference 'main' not found"));
    end(&w);
}

TEST(bad_configuration)
{
    static const struct {
        struct property p;
        const char *says;
    } cases[] = {
        {{{"ref.hash", 8}, {"abc", 3}}, "64 hexadecimal digits"},
        {{{"authentication.type", 19}, {"AWS", 3}}, "NONE, BEARER, BASIC or OAUTH2"},
        {{{"nessie.authentication.type", 26}, {"bearer", 6}}, "needs token"},
        {{{"authentication.type", 19}, {"OAUTH2", 6}}, "token-endpoint"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {0};
        status st = try_open(&w, &cases[i].p, 1);
        CHECK(st == ST_USAGE || st == ST_UNSUPPORTED);
        CHECK(holds(str_of(err.msg), cases[i].says));
        end(&w);
    }
}

TEST(bad_uris)
{
    static const char *const uris[] = {"",
                                       "nessie:19120",
                                       "http://h:1/",
                                       "http://h:1/iceberg",
                                       "http://user:geheim@h:1/api/v2",
                                       "http://h/api/v2?t=geheim"};
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        struct catalog *c;
        struct catalog_config config = {.name = STR("lake"),
                                        .type = STR("nessie"),
                                        .uri = str_of(uris[i]),
                                        .warehouse = STR("file:///w")};
        CHECK_INT(catalog_open(&config, NULL, false, &c, &err), ST_USAGE);
        CHECK(!holds(str_of(err.msg), "geheim"));
    }
}

/* ---- commits --------------------------------------------------------------------------------- */

static struct iceberg_table next_table = {.current_snapshot_id = 42, .current_schema_id = 1};

static struct catalog_change swap(void)
{
    return (struct catalog_change){.kind = CATALOG_SWAP,
                                   .name = demo_t,
                                   .base_location = STR("file:///w/t/1.metadata.json"),
                                   .new_location = STR("file:///w/t/2.metadata.json"),
                                   .next = &next_table,
                                   .operation = "append"};
}

static status commit_changes(struct world *w, const struct catalog_change *changes, size_t count)
{
    struct catalog_commit commit = {count, changes, PUBLISH, STR("loader")};
    error_init(&err);
    return catalog_commit(w->pin, &commit, &err);
}

TEST(a_swap_carries_the_content_id)
{
    struct world w = {.fake = {.content = TABLE}};
    struct catalog_change ch = swap();
    begin(&w);
    CHECK_OK(commit_changes(&w, &ch, 1));
    struct str sent = str_of(w.fake.commit);
    CHECK(str_starts(sent, STR("POST /api/v2/trees/main%40" HASH "/history/commit HTTP/1.1\r\n")));
    CHECK(holds(sent, "\"message\":\"firn: append demo.t\",\"authors\":[\"loader\"]"));
    CHECK(holds(sent, "\"firn.publish-id\":[\"99999999-8888-4777-8666-555555555555\"]"));
    CHECK(holds(sent,
                "\"operations\":[{\"type\":\"PUT\",\"key\":{\"elements\":[\"demo\",\"t\"]},"
                "\"content\":{\"type\":\"ICEBERG_TABLE\",\"id\":\"" ID "\",\"metadataLocation\":"
                "\"file:///w/t/2.metadata.json\",\"snapshotId\":42,\"schemaId\":1,\"specId\":0,"
                "\"sortOrderId\":0}}]}"));
    end(&w);
}

TEST(a_new_key_carries_none)
{
    struct world w = {0};
    struct catalog_change all[] = {
        {.kind = CATALOG_CREATE_SPACE, .name = {.space = STR("a.b")}},
        {.kind = CATALOG_CREATE,
         .name = {STR("a.b"), STR("t")},
         .new_location = STR("file:///w/n"),
         .next = &next_table,
         .operation = "create"},
    };
    begin(&w);
    CHECK_OK(commit_changes(&w, all, 2));
    CHECK(holds(str_of(w.fake.commit),
                "\"operations\":[{\"type\":\"PUT\",\"key\":{\"elements\":[\"a\",\"b\"]},"
                "\"content\":{\"type\":\"NAMESPACE\",\"elements\":[\"a\",\"b\"],\"properties\":{}}"
                "},{\"type\":\"PUT\",\"key\":{\"elements\":[\"a\",\"b\",\"t\"]},\"content\":{"
                "\"type\":\"ICEBERG_TABLE\",\"metadataLocation\":\"file:///w/n\""));
    end(&w);
}

TEST(dropped_and_made_again)
{
    struct world w = {.fake = {.content = TABLE}};
    struct catalog_change all[] = {
        {.kind = CATALOG_DROP, .name = demo_t, .base_location = STR("file:///w/t/1.metadata.json")},
        {.kind = CATALOG_CREATE,
         .name = demo_t,
         .new_location = STR("file:///w/n"),
         .next = &next_table}};
    begin(&w);
    CHECK_OK(commit_changes(&w, all, 2));
    CHECK(holds(str_of(w.fake.commit),
                "[{\"type\":\"DELETE\",\"key\":{\"elements\":[\"demo\",\"t\"]}},{\"type\":\"PUT\","
                "\"key\":{\"elements\":[\"demo\",\"t\"]},\"content\":{\"type\":\"ICEBERG_TABLE\","
                "\"metadataLocation\""));
    end(&w);
}

TEST(another_location_than_expected)
{
    struct world w = {.fake = {.content = TABLE}};
    struct catalog_change ch = swap();
    begin(&w);
    ch.base_location = STR("file:///w/t/0.metadata.json");
    CHECK_INT(commit_changes(&w, &ch, 1), ST_CONFLICT);
    ch.kind = CATALOG_CREATE;
    CHECK_INT(commit_changes(&w, &ch, 1), ST_CONFLICT);
    CHECK_INT(w.fake.posts, 0);
    end(&w);
}

static status commit_by(const struct answer *plan, size_t count, struct world *w)
{
    struct catalog_change ch = swap();
    *w = (struct world){.fake = {.content = TABLE, .plan = plan, .plan_count = count}};
    begin(w);
    return commit_changes(w, &ch, 1);
}

TEST(every_kind_of_conflict)
{
    static const struct {
        struct answer answer;
        status want;
        const char *state, *says;
    } cases[] = {
        {{409, CONFLICT("VALUE_DIFFERS"), false}, ST_CONFLICT, "40001", "demo.t was changed"},
        {{409, CONFLICT("KEY_EXISTS"), false}, ST_CONFLICT, "40001", "demo.t was created"},
        {{409, CONFLICT("KEY_DOES_NOT_EXIST"), false}, ST_CONFLICT, "40001", "was dropped"},
        {{409, CONFLICT("CONTENT_ID_DIFFERS"), false}, ST_CONFLICT, "40001", "made again"},
        {{409, CONFLICT("PAYLOAD_DIFFERS"), false}, ST_CONFLICT, "40001", "was replaced"},
        {{409, CONFLICT("SOMETHING_NEW"), false}, ST_CONFLICT, "40001", "demo.t: m"},
        {{409, CONFLICT("NAMESPACE_ABSENT"), false}, ST_NOT_FOUND, "3F000", "demo.t"},
        {{409, CONFLICT("NAMESPACE_NOT_EMPTY"), false}, ST_INVALID, "2BP01", "not empty"},
        {{409, CONFLICT("NOT_A_NAMESPACE"), false}, ST_INVALID, "42809", "not a schema"},
        {{409, "<html>", false}, ST_CONFLICT, "40001", "lost to another"},
        {{404, "{\"message\":\"no such hash\"}", false}, ST_CONFLICT, "40001", "assigned"},
        {{400, "{\"message\":\"bad thing\"}", false}, ST_INVALID, "22023", "bad thing"},
        {{401, "", false}, ST_AUTH, "28000", "shown, set authentication.type"},
        {{403, "{\"message\":\"not you\"}", false}, ST_AUTH, "28000", "not you"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        CHECK_INT(commit_by(&cases[i].answer, 1, &w), cases[i].want);
        CHECK_STR(str_of(error_state(&err)), cases[i].state);
        CHECK(holds(str_of(err.msg), cases[i].says));
        CHECK_INT(w.fake.looks, 0);
        end(&w);
    }
}

TEST(a_server_that_is_busy)
{
    static const struct answer then_done[] = {
        {503, "later", false}, {429, "later", false}, {200, NULL, true}};
    static const struct answer never[] = {{503, "never", false}};
    struct world w;
    CHECK_OK(commit_by(then_done, 3, &w));
    CHECK_INT(w.fake.looks, 0);
    end(&w);
    CHECK_INT(commit_by(never, 1, &w), ST_THROTTLED);
    end(&w);
}

/* N3 of catalog_nessie_commit.c: a proxy said 503, and the commit stood. */
TEST(busy_but_done)
{
    static const struct answer plan[] = {{503, "later", true},
                                         {409, CONFLICT("VALUE_DIFFERS"), false}};
    struct world w;
    CHECK_OK(commit_by(plan, 2, &w));
    CHECK_INT(w.fake.looks, 1);
    end(&w);
}

/* A lost reply: by a reset, by a proxy's error, by a reply that makes no sense. */
static const struct answer lost_ways[][2] = {
    {{0, NULL, true}, {409, CONFLICT("VALUE_DIFFERS"), false}},
    {{500, "oops", true}, {409, CONFLICT("VALUE_DIFFERS"), false}},
    {{502, "oops", true}, {409, CONFLICT("VALUE_DIFFERS"), false}},
    {{504, "", true}, {409, CONFLICT("VALUE_DIFFERS"), false}},
    {{200, "{\"targetBra", true}, {409, CONFLICT("VALUE_DIFFERS"), false}},
    {{200, "{}", true}, {409, CONFLICT("VALUE_DIFFERS"), false}},
};

TEST(lost_but_done)
{
    for (size_t i = 0; i < ARRAY_LEN(lost_ways); i++) {
        struct world w;
        CHECK_OK(commit_by(lost_ways[i], 2, &w));
        CHECK_INT(w.fake.posts, 1);
        CHECK_INT(w.fake.looks, 1);
        CHECK(holds(str_of(w.fake.last),
                    "GET /api/v2/trees/main/history?limit-hash=" HASH "&filter="));
        end(&w);
    }
}

TEST(lost_and_not_done)
{
    static const struct answer plan[] = {{0, NULL, false}, {500, "", false}, {200, NULL, true}};
    struct world w;
    CHECK_OK(commit_by(plan, 3, &w));
    CHECK_INT(w.fake.looks, 2);
    end(&w);
}

TEST(lost_and_somebody_else_won)
{
    static const struct answer plan[] = {{0, NULL, false}, {409, CONFLICT("VALUE_DIFFERS"), false}};
    struct world w;
    CHECK_INT(commit_by(plan, 2, &w), ST_CONFLICT);
    CHECK_INT(w.fake.looks, 2);
    end(&w);
}

/* N2: that the server gave up against other commits does not say what becomes of the first sending. */
TEST(lost_and_a_conflict_that_names_no_key)
{
    static const struct answer late[] = {{0, NULL, false},
                                         {409, "{\"message\":\"too many retries\"}", true}};
    static const struct answer never[] = {
        {0, NULL, false}, {409, CONFLICT("SOMETHING_NEW"), false}, {200, NULL, true}};
    struct world w;
    CHECK_OK(commit_by(late, 2, &w));
    CHECK_INT(w.fake.posts, 2);
    end(&w);
    CHECK_OK(commit_by(never, 3, &w));
    CHECK_INT(w.fake.posts, 3);
    CHECK_INT(w.fake.looks, 2);
    end(&w);
}

/* N1: the first sending arrives after the look and before the second sending. */
TEST(lost_and_late)
{
    static const struct answer plan[] = {{0, NULL, false}, {409, CONFLICT("VALUE_DIFFERS"), true}};
    struct world w;
    CHECK_OK(commit_by(plan, 2, &w));
    CHECK_INT(w.fake.looks, 2);
    end(&w);
}

TEST(lost_and_the_history_answers_late)
{
    struct world w = {0};
    static const struct answer plan[] = {{0, NULL, true}, {409, CONFLICT("VALUE_DIFFERS"), false}};
    struct catalog_change ch = swap();
    w.fake = (struct fake){.content = TABLE, .plan = plan, .plan_count = 2, .history_fails = 2};
    begin(&w);
    CHECK_OK(commit_changes(&w, &ch, 1));
    end(&w);
}

TEST(unknown_in_the_end)
{
    static const struct answer plan[] = {{0, NULL, true}};
    struct world w = {.fake = {.content = TABLE, .plan = plan, .plan_count = 1}};
    struct catalog_change ch = swap();
    w.fake.history_fails = SIZE_MAX;
    begin(&w);
    w.catalog->busy_ms = 1; /* for the commit alone: the pin has had all its time */
    CHECK_INT(commit_changes(&w, &ch, 1), ST_UNKNOWN);
    CHECK(holds(str_of(err.msg), "99999999-8888-4777-8666-555555555555"));
    end(&w);
}

TEST(nobody_there)
{
    struct world w = {.fake = {.content = TABLE}};
    struct catalog_change ch = swap();
    struct str at;
    begin(&w);
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    http_server_stop(w.fake.server);
    CHECK_INT(commit_changes(&w, &ch, 1), ST_NET); /* nothing can have arrived */
    w.fake.server = http_server_start(answer, &w.fake);
    end(&w);
}

TEST(another_branch)
{
    struct world w = {.fake = {.content = TABLE}};
    struct catalog_pin *other;
    struct str at;
    begin(&w);
    CHECK_OK(catalog_pin_at(w.catalog, STR("a/b"), &other, &err));
    CHECK(str_starts(str_of(w.fake.last), STR("GET /api/v2/trees/a%2Fb HTTP")));
    CHECK_OK(catalog_location(other, demo_t, &w.arena, &at, &err));
    struct catalog_change change = {.kind = CATALOG_CREATE_SPACE, .name = {.space = STR("s")}};
    struct catalog_commit commit = {1, &change, PUBLISH, STR("")};
    CHECK_INT(catalog_commit(other, &commit, &err), ST_UNSUPPORTED); /* to read only */
    catalog_unpin(other);
    CHECK_OK(catalog_pin_at(w.catalog, STR(HASH2), &other, &err));
    CHECK_OK(catalog_location(other, demo_t, &w.arena, &at, &err));
    CHECK(str_starts(str_of(w.fake.last), STR("POST /api/v2/trees/%40" HASH2 "/contents ")));
    catalog_unpin(other);
    w.fake.reference = NULL;
    CHECK_OK(catalog_pin_at(w.catalog, STR("nix"), &other, &err));
    CHECK(other == NULL);
    end(&w);
}

/* Questions end; what may have been sent is settled. */
TEST(cancelled_in_the_middle)
{
    static const struct answer plan[] = {{0, NULL, false}, {200, NULL, true}};
    struct world w = {.fake = {.content = TABLE, .plan = plan, .plan_count = 2}};
    struct catalog_change ch = swap();
    struct str at;
    bool exists;
    begin(&w);
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    cancelled = true;
    CHECK_INT(catalog_namespace_exists(w.pin, STR("demo"), &exists, &err), ST_CANCELLED);
    CHECK_OK(commit_changes(&w, &ch, 1));
    CHECK_INT(w.fake.looks, 1);
    end(&w);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* The server in a process of its own, whose allocations do not fail; its state is shared. */
static pid_t serve_apart(struct fake *f, char uri[128])
{
    int ends[2], port = 0;
    CHECK_INT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        port = http_server_port(http_server_start(answer, f));
        if (write(ends[1], &port, sizeof(port)) != sizeof(port))
            _exit(1);
        for (;;)
            pause();
    }
    CHECK_INT(read(ends[0], &port, sizeof(port)), sizeof(port));
    snprintf(uri, 128, "http://127.0.0.1:%d/api/v2", port);
    return child;
}

static status read_and_commit(struct world *w)
{
    struct catalog_change ch = swap();
    struct str at, *names;
    size_t n;
    TRY(catalog_pin(w->catalog, &w->pin, &err));
    TRY(catalog_namespaces(w->pin, &w->arena, &names, &n, &err));
    TRY(catalog_location(w->pin, demo_t, &w->arena, &at, &err));
    return commit_changes(w, &ch, 1);
}

/* K1: where a commit stands, nothing but OK is said, as the history is there to be asked. */
TEST(any_allocation_may_fail)
{
    struct fake *f =
        mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char uri[128];
    bool all = false;
    uint64_t nth = 0;
    CHECK(f != MAP_FAILED);
    *f = (struct fake){.content = TABLE,
                       .reference = REFERENCE("BRANCH"),
                       .pages = {"{\"hasMore\":false,\"entries\":[]}"}};
    pid_t server = serve_apart(f, uri);
    while (!all && ++nth < 5000) {
        struct world w = {0};
        f->applied = false;
        CHECK_OK(open_at(&w, uri, NULL, 0));
        mem_fault_set(nth, false);
        status st = read_and_commit(&w);
        all = mem_fault_count() < nth;
        mem_fault_set(0, false);
        CHECK(st == ST_OK || (st == ST_OOM && !all));
        CHECK(st == ST_OK || !f->applied);
        end(&w);
    }
    CHECK(nth > 100 && all);
    kill(server, SIGKILL);
    CHECK_INT(waitpid(server, NULL, 0), server);
}
