// SPDX-License-Identifier: Apache-2.0
/* catalog_rest_test.c - a REST catalog against a server that answers as a real one does, or badly:
 * what is asked, what a pin keeps, every kind of refusal, and replies that are lost. */
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

#define UUID    "11111111-2222-4333-8444-555555555555"
#define PUBLISH "99999999-8888-4777-8666-555555555555"
#define SECRET  "very-secret"

static struct error err;
static _Atomic bool cancelled;

/* How one POST or DELETE is answered. */
struct answer {
    int status;       /* 0 = the connection is reset without a word */
    const char *body; /* NULL = "{}" */
    bool applied;     /* seen by the next load */
};

/* The server: demo.t and demo.u, both at the same state, and a plan for changes. */
struct fake {
    struct http_server *server;
    const char *config; /* NULL = the usual */
    bool absent;        /* the tables are not there */
    bool is_view;
    bool etags;
    int moves_at_load; /* the tables change right before that load (from 1); 0 = never */
    const char *uuid;
    int64_t snapshots[8]; /* the last is main's */
    size_t snapshot_count;
    const char *property; /* another property of the tables; NULL = none */
    const struct answer *plan;
    size_t plan_count, changes, loads, fail_loads;
    const char *pages[3]; /* of lists, by page token "", "p1", "p2" */
    const char *reply;    /* what every load answers instead; NULL = a table */
    int reply_status;
    char change[8192];   /* the last change's request */
    char last[4096];     /* the last other request */
    char token[1024];    /* the last request for a token */
    const char *accepts; /* the bearer token that is accepted; NULL = all are */
};

#define ERROR(type) "{\"error\":{\"message\":\"m " type "\",\"type\":\"" type "\",\"code\":0}}"
#define ENDPOINTS                                                                                  \
    "\"endpoints\":[\"POST /v1/{prefix}/transactions/commit\","                                    \
    "\"GET /v1/{prefix}/namespaces/{namespace}/views/{view}\"]"

static void put(struct buffer *b, int code, const char *head, const char *body)
{
    CHECK_OK(buffer_printf(b, &err, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s", code, head,
                           strlen(body), body));
    CHECK_OK(buffer_append_byte(b, 0, &err));
}

static bool holds(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void keep(char *to, size_t room, struct str request)
{
    snprintf(to, room, "%.*s", STR_ARG(request));
}

/* A load's or commit's reply, with columns numbered from `first_id`. */
static void table_json(const struct fake *f, int first_id, bool staged, char *out, size_t room)
{
    char snapshots[1024] = "", refs[128] = "";
    int64_t head = f->snapshot_count ? f->snapshots[f->snapshot_count - 1] : -1;
    for (size_t i = 0; i < f->snapshot_count; i++)
        snprintf(snapshots + strlen(snapshots), sizeof(snapshots) - strlen(snapshots),
                 "%s{\"snapshot-id\":%lld,\"sequence-number\":%zu,\"timestamp-ms\":%zu,"
                 "\"manifest-list\":\"file:///w/l\",\"summary\":{\"operation\":\"append\"}}",
                 i ? "," : "", (long long)f->snapshots[i], i + 1, i + 1);
    if (f->snapshot_count)
        snprintf(refs, sizeof(refs), "\"main\":{\"snapshot-id\":%lld,\"type\":\"branch\"}",
                 (long long)head);
    char location[64] = "";
    if (!staged)
        snprintf(location, sizeof(location), "\"metadata-location\":\"file:///w/%zu-%s.json\",",
                 f->snapshot_count, f->property ? f->property : "");
    snprintf(out, room,
             "{%s\"metadata\":{\"format-version\":2,\"table-uuid\":\"%s\","
             "\"location\":\"file:///w/t\",\"last-sequence-number\":%zu,\"last-updated-ms\":%zu,"
             "\"last-column-id\":%d,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","
             "\"schema-id\":0,\"fields\":[{\"id\":%d,\"name\":\"a\",\"required\":false,\"type\":"
             "\"long\"}]}],\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":"
             "[]}],\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":[{"
             "\"order-id\":0,\"fields\":[]}],\"properties\":{%s%s%s},\"current-snapshot-id\":%lld,"
             "\"refs\":{%s},\"snapshots\":[%s]},\"config\":{\"s3.secret-access-key\":\"" SECRET
             "\"}}",
             location, f->uuid, f->snapshot_count, f->snapshot_count + 1, first_id, first_id,
             f->property ? "\"p\":\"" : "", f->property ? f->property : "", f->property ? "\"" : "",
             (long long)head, refs, snapshots);
}

static void put_table(struct fake *f, struct str request, struct buffer *b)
{
    char body[4096], head[64] = "";
    f->loads++;
    if (f->fail_loads > 0) {
        f->fail_loads--;
        put(b, 400, "", ERROR("BadRequestException"));
        return;
    }
    if ((size_t)f->moves_at_load == f->loads)
        f->snapshots[f->snapshot_count++] = 555;
    if (f->etags)
        snprintf(head, sizeof(head), "ETag: \"v%zu\"\r\n", f->snapshot_count);
    if (f->etags && holds(request, "If-None-Match: ") && holds(request, strstr(head, "\"v")))
        put(b, 304, "", "");
    else if (f->reply)
        put(b, f->reply_status, "", f->reply);
    else if (f->absent)
        put(b, 404, "", ERROR("NoSuchTableException"));
    else {
        table_json(f, 1, false, body, sizeof(body));
        put(b, 200, head, body);
    }
}

/* The effect of a commit, create, drop or property change on the tables. */
static void apply(struct fake *f)
{
    const char *id = strstr(f->change, "\"add-snapshot\"");
    f->absent = strncmp(f->change, "DELETE", 6) == 0;
    if (id && (id = strstr(id, "\"snapshot-id\":")))
        f->snapshots[f->snapshot_count++] = strtoll(id + strlen("\"snapshot-id\":"), NULL, 10);
    if (strstr(f->change, "\"set-properties\"") && !id)
        f->property = "new";
    if (strstr(f->change, "\"assign-uuid\""))
        f->uuid = UUID;
}

static void put_change(struct fake *f, struct str request, struct buffer *b,
                       struct http_answer *out)
{
    static const struct answer done = {200, NULL, true};
    size_t last = f->plan_count - 1;
    const struct answer *a =
        f->plan_count ? &f->plan[f->changes < last ? f->changes : last] : &done;
    f->changes++;
    keep(f->change, sizeof(f->change), request);
    if (a->applied)
        apply(f);
    if (a->status == 0)
        out->then = HTTP_RESET;
    else
        put(b, a->status, "", a->body ? a->body : "{}");
}

static void put_list(const struct fake *f, struct str request, struct buffer *b)
{
    const char *page = f->pages[holds(request, "pageToken=p1")   ? 1
                                : holds(request, "pageToken=p2") ? 2
                                                                 : 0];
    put(b, 200, "", page ? page : "{\"namespaces\":[],\"identifiers\":[]}");
}

static void answer(void *self, size_t n, struct str request, struct buffer *text,
                   struct http_answer *out)
{
    struct fake *f = self;
    char staged[4096], wanted[128];
    bool get = str_starts(request, STR("GET"));
    snprintf(wanted, sizeof(wanted), "Authorization: Bearer %s\r\n", f->accepts ? f->accepts : "");
    if (holds(request, "/oauth/tokens ")) {
        keep(f->token, sizeof(f->token), request);
        put(text, 200, "",
            "{\"access_token\":\"second\",\"token_type\":\"bearer\",\"expires_in\":3600}");
    } else if (f->accepts && !holds(request, wanted)) {
        put(text, 401, "", ERROR("NotAuthorizedException"));
    } else if (holds(request, "/config")) {
        put(text, 200, "",
            f->config ? f->config : "{\"defaults\":{},\"overrides\":{}," ENDPOINTS "}");
    } else if (holds(request, "stage-create")) {
        keep(f->change, sizeof(f->change), request);
        table_json(f, 7, true, staged, sizeof(staged));
        put(text, f->reply ? f->reply_status : 200, "", f->reply ? f->reply : staged);
    } else if (!get) {
        put_change(f, request, text, out);
    } else if (holds(request, "/tables/")) {
        put_table(f, request, text);
    } else if (holds(request, "/views/")) {
        put(text, f->is_view ? 200 : 404, "", f->is_view ? "{}" : ERROR("NoSuchViewException"));
    } else if (holds(request, "/tables?") || holds(request, "/namespaces?")) {
        put_list(f, request, text);
    } else if (holds(request, "/namespaces/demo ")) {
        put(text, 200, "", "{\"namespace\":[\"demo\"]}");
    } else {
        put(text, 404, "", ERROR("NoSuchNamespaceException"));
    }
    if (get)
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

static status open_at(struct world *w, const char *uri, const struct property *properties,
                      size_t count)
{
    unsetenv("http_proxy");
    error_init(&err);
    cancelled = false;
    arena_init(&w->arena, NULL);
    CHECK_OK(store_create_memory(&w->store, &err));
    struct catalog_config config = {.name = STR("lake"),
                                    .type = STR("rest"),
                                    .uri = str_of(uri),
                                    .warehouse = property_get(properties, count, "warehouse"),
                                    .cancel = &cancelled,
                                    .property_count = count,
                                    .properties = properties};
    return catalog_open(&config, w->store, false, &w->catalog, &err);
}

static status try_open(struct world *w, const struct property *properties, size_t count)
{
    char uri[128];
    if (!w->fake.uuid)
        w->fake.uuid = UUID;
    w->fake.server = http_server_start(answer, &w->fake);
    snprintf(uri, sizeof(uri), "%s", http_server_url(w->fake.server, "/").ptr);
    return open_at(w, uri, properties, count);
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

static const struct catalog_name demo_t = {{"demo", 4}, {"t", 1}}, demo_u = {{"demo", 4}, {"u", 1}};

/* ---- opening --------------------------------------------------------------------------------- */

TEST(configuration_is_merged)
{
    struct world w = {
        .fake = {.config = "{\"defaults\":{\"rest-page-size\":\"5\",\"warehouse\":\"w0\"},"
                           "\"overrides\":{\"prefix\":\"main%7Cw\",\"header.X-B\":\"theirs\"}}"}};
    const struct property own[] = {{STR("warehouse"), STR("s3://b/w/")},
                                   {STR("header.X-A"), STR("mine")},
                                   {STR("header.X-B"), STR("mine")},
                                   {STR("rest-page-size"), STR("7")}};
    struct str *names, text;
    size_t n;
    CHECK_OK(try_open(&w, own, ARRAY_LEN(own)));
    CHECK(str_starts(str_of(w.fake.last), STR("GET /v1/config?warehouse=s3%3A%2F%2Fb%2Fw HTTP")));
    CHECK_OK(catalog_describe(w.catalog, &w.arena, &text, &err));
    CHECK_STR(text, "catalog lake, warehouse s3://b/w/, Iceberg REST");
    CHECK_OK(catalog_pin(w.catalog, &w.pin, &err));
    CHECK_OK(catalog_tables(w.pin, STR("a.b c"), &w.arena, &names, &n, &err));
    CHECK(str_starts(str_of(w.fake.last), STR("GET /v1/main%7Cw/namespaces/a%1Fb%20c/tables?"
                                              "pageToken=&pageSize=7 HTTP")));
    CHECK(holds(str_of(w.fake.last), "X-A: mine\r\n"));
    CHECK(holds(str_of(w.fake.last), "X-B: theirs\r\n"));
    CHECK(!holds(str_of(w.fake.last), "X-B: mine\r\n"));
    CHECK(catalog_traits(w.catalog)->writes_metadata);
    CHECK(catalog_traits(w.catalog)->many_tables); /* the protocol's default list has it */
    end(&w);
}

TEST(what_cannot_be_opened)
{
    static const struct {
        const char *config;
        struct property own;
        status want;
        const char *says;
    } cases[] = {
        {"<html>", {{0}, {0}}, ST_CORRUPT, "not JSON"},
        {"[]", {{0}, {0}}, ST_CORRUPT, "not a JSON object"},
        {"{\"overrides\":{\"prefix\":\"a b\"}}", {{0}, {0}}, ST_CORRUPT, "prefix"},
        {"{\"overrides\":7}", {{0}, {0}}, ST_CORRUPT, "overrides"},
        {NULL, {STR("rest.sigv4-enabled"), STR("true")}, ST_UNSUPPORTED, "sigv4"},
        {NULL, {STR("rest.auth.type"), STR("google")}, ST_UNSUPPORTED, "google"},
        {NULL, {STR("rest-page-size"), STR("many")}, ST_USAGE, "rest-page-size"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {.fake = {.config = cases[i].config}};
        CHECK_INT(try_open(&w, &cases[i].own, 1), cases[i].want);
        CHECK(holds(str_of(err.msg), cases[i].says));
        end(&w);
    }
}

TEST(tokens)
{
    struct world w = {.fake = {.accepts = "second"}};
    const struct property own[] = {{STR("token"), STR("first")},
                                   {STR("credential"), STR("me:" SECRET)},
                                   {STR("scope"), STR("PRINCIPAL_ROLE:ALL")},
                                   {STR("audience"), STR("lake")}};
    struct str at;
    CHECK_OK(try_open(&w, own, ARRAY_LEN(own))); /* 401 for "first", then another is asked for */
    CHECK(holds(str_of(w.fake.token), "POST /v1/oauth/tokens HTTP"));
    CHECK(holds(str_of(w.fake.token), "client_id=me&client_secret=" SECRET));
    CHECK(holds(str_of(w.fake.token), "scope=PRINCIPAL_ROLE%3AALL&audience=lake"));
    CHECK_OK(catalog_pin(w.catalog, &w.pin, &err));
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    end(&w);

    struct world without = {.fake = {.accepts = "second"}};
    CHECK_STATUS(try_open(&without, own, 1), ST_AUTH);
    CHECK(holds(str_of(err.msg), "m NotAuthorizedException"));
    CHECK(!holds(str_of(err.msg), "first"));
    end(&without);
}

/* ---- reading --------------------------------------------------------------------------------- */

TEST(a_pin_asks_once)
{
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    struct iceberg_table *t;
    struct str at;
    begin(&w);
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK_STR(at, "file:///w/1-.json");
    CHECK(str_starts(str_of(w.fake.last), STR("GET /v1/namespaces/demo/tables/t HTTP")));
    w.fake.snapshots[w.fake.snapshot_count++] = 8;
    CHECK_OK(catalog_load(w.pin, demo_t, &w.arena, &t, &err));
    CHECK_INT(t->current_snapshot_id, 7);
    CHECK_STR(t->metadata_location, "file:///w/1-.json");
    CHECK_INT(w.fake.loads, 1);
    end(&w);
}

TEST(several_tables_are_of_one_state)
{
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    struct str at;
    begin(&w);
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK_OK(catalog_location(w.pin, demo_u, &w.arena, &at, &err));
    CHECK_INT(w.fake.loads, 3);
    CHECK(holds(str_of(w.fake.last), "/tables/t HTTP")); /* the first again */
    end(&w);

    struct world moved = {.fake = {.snapshots = {7}, .snapshot_count = 1, .moves_at_load = 3}};
    begin(&moved);
    CHECK_OK(catalog_location(moved.pin, demo_t, &moved.arena, &at, &err));
    CHECK_STATUS(catalog_location(moved.pin, demo_u, &moved.arena, &at, &err), ST_CONFLICT);
    CHECK(holds(str_of(err.msg), "\"demo.t\" was changed"));
    end(&moved);

    struct world tagged = {.fake = {.snapshots = {7}, .snapshot_count = 1, .etags = true}};
    begin(&tagged);
    CHECK_OK(catalog_location(tagged.pin, demo_t, &tagged.arena, &at, &err));
    CHECK_OK(catalog_location(tagged.pin, demo_u, &tagged.arena, &at, &err));
    CHECK(holds(str_of(tagged.fake.last), "If-None-Match: \"v1\"\r\n"));
    end(&tagged);
}

TEST(absent_tables_and_views)
{
    struct world w = {.fake = {.absent = true}};
    struct str at;
    struct iceberg_table *t;
    bool exists;
    begin(&w);
    CHECK_OK(catalog_location(w.pin, demo_t, &w.arena, &at, &err));
    CHECK(at.ptr == NULL);
    CHECK_STATUS(catalog_load(w.pin, demo_t, &w.arena, &t, &err), ST_NOT_FOUND);
    w.fake.is_view = true;
    CHECK_STATUS(catalog_location(w.pin, demo_u, &w.arena, &at, &err), ST_UNSUPPORTED);
    CHECK_OK(catalog_namespace_exists(w.pin, STR("demo"), &exists, &err));
    CHECK(exists);
    CHECK_OK(catalog_namespace_exists(w.pin, STR("other"), &exists, &err));
    CHECK(!exists);
    end(&w);
}

TEST(replies_that_are_none)
{
    static const struct {
        int code;
        const char *reply;
        status want;
        const char *says;
    } cases[] = {
        {404, "<html>no such page</html>", ST_NOT_FOUND, "404"}, /* not the protocol's */
        {200, "<?xml version=\"1.0\"?><Error>" SECRET "</Error>", ST_CORRUPT,
         "does a proxy ask for a login?"},
        {200, "{\"metadata\":", ST_CORRUPT, "not JSON"},
        {200, "{}", ST_CORRUPT, "metadata-location"},
        {200, "{\"metadata-location\":\"x\"}", ST_CORRUPT, "\"metadata\""},
        {200, "{\"metadata-location\":\"x\",\"metadata\":{}}", ST_CORRUPT, "format-version"},
        {403, ERROR("ForbiddenException"), ST_AUTH, "m ForbiddenException"},
        {401, "", ST_AUTH, "no credentials were shown, set token or credential"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {.fake = {.reply = cases[i].reply, .reply_status = cases[i].code}};
        struct str at;
        begin(&w);
        CHECK_INT(catalog_location(w.pin, demo_t, &w.arena, &at, &err), cases[i].want);
        CHECK(holds(str_of(err.msg), cases[i].says));
        CHECK(holds(str_of(err.msg), "loading table demo.t"));
        CHECK(!holds(str_of(err.msg), SECRET));
        end(&w);
    }
}

TEST(lists_have_pages)
{
    struct world w = {
        .fake = {.pages = {"{\"identifiers\":[{\"namespace\":[\"demo\"],\"name\":\"b\"}],"
                           "\"next-page-token\":\"p1\"}",
                           "{\"identifiers\":[{\"namespace\":[\"demo\"],\"name\":\"a\"}],"
                           "\"next-page-token\":\"p2\"}",
                           "{\"identifiers\":[],\"next-page-token\":null}"}}};
    struct str *names;
    size_t n;
    begin(&w);
    CHECK_OK(catalog_tables(w.pin, STR("demo"), &w.arena, &names, &n, &err));
    CHECK_INT(n, 2);
    CHECK_STR(names[0], "a");
    w.fake.pages[2] = "{\"identifiers\":[],\"next-page-token\":\"p2\"}";
    CHECK_OK(catalog_tables(w.pin, STR("demo"), &w.arena, &names, &n, &err)); /* kept */
    CHECK_STATUS(catalog_tables(w.pin, STR("x"), &w.arena, &names, &n, &err), ST_CORRUPT);
    CHECK(holds(str_of(err.msg), "again and again"));
    w.fake.pages[0] = "{\"identifiers\":[{\"name\":\"\"}]}";
    CHECK_STATUS(catalog_tables(w.pin, STR("y"), &w.arena, &names, &n, &err), ST_CORRUPT);
    end(&w);
}

/* Every listed namespace is asked for its children; names with dots in a level are left out. */
static void answer_spaces(void *self, size_t n, struct str request, struct buffer *text,
                          struct http_answer *out)
{
    put(text, 200, "",
        holds(request, "/config")          ? "{}"
        : holds(request, "&parent=a%1Fb ") ? "{\"namespaces\":[]}"
        : holds(request, "&parent=a ")     ? "{\"namespaces\":[[\"a\",\"b\"],[\"a\",\"x.y\"]]}"
        : holds(request, "/namespaces?pageToken= ") ? "{\"namespaces\":[[\"c\"],[\"a\"]]}"
                                                    : "{\"namespaces\":[]}");
    out->reply = (const char *)text->data;
}

TEST(namespaces_have_levels)
{
    struct world w = {0};
    struct str *names;
    size_t n;
    struct http_server *s = http_server_start(answer_spaces, NULL);
    struct catalog_config config = {.name = STR("lake"), .type = STR("rest")};
    config.uri = http_server_url(s, "");
    unsetenv("http_proxy");
    arena_init(&w.arena, NULL);
    CHECK_OK(store_create_memory(&w.store, &err));
    CHECK_OK(catalog_open(&config, w.store, false, &w.catalog, &err));
    CHECK_OK(catalog_pin(w.catalog, &w.pin, &err));
    CHECK_OK(catalog_namespaces(w.pin, &w.arena, &names, &n, &err));
    CHECK_INT(n, 3);
    CHECK_STR(names[1], "a.b");
    w.fake.server = s;
    end(&w);
}

/* ---- storage --------------------------------------------------------------------------------- */

/* The object store, which keeps the last request. */
static char object_seen[2048];
static void answer_object(void *self, size_t n, struct str request, struct buffer *text,
                          struct http_answer *out)
{
    keep(object_seen, sizeof(object_seen), request);
    put(text, 200, "ETag: \"e\"\r\n", "x");
    out->reply = (const char *)text->data;
}

#define STORAGE(more)                                                                              \
    "{\"metadata-location\":\"s3://bkt/w/m.json\",\"metadata\":{\"format-version\":1,"             \
    "\"location\":\"s3://bkt/w\",\"last-updated-ms\":1,\"last-column-id\":0,\"schema\":{\"type\":" \
    "\"struct\",\"fields\":[]},\"partition-spec\":[],\"properties\":{}}" more "}"

/* What the catalog says about reaching a table's files is what the object store is shown. */
TEST(vended_credentials)
{
    static const struct {
        const char *reply, *path, *shown;
    } cases[] = {
        {STORAGE(""), "s3://bkt/w/x", "Credential=own/"},
        {STORAGE(",\"config\":{\"s3.access-key-id\":\"conf\",\"s3.secret-access-key\":\"" SECRET
                 "\"}"),
         "s3a://bkt/w/x", "Credential=conf/"},
        {STORAGE(",\"config\":{\"s3.access-key-id\":\"conf\",\"s3.secret-access-key\":\"" SECRET
                 "\"},\"storage-credentials\":[{\"prefix\":\"s3\",\"config\":{\"s3.access-key-id\":"
                 "\"wide\",\"s3.secret-access-key\":\"y\"}},{\"prefix\":\"s3://bkt/w/data\","
                 "\"config\":{\"s3.access-key-id\":\"narrow\",\"s3.secret-access-key\":\"y\","
                 "\"s3.session-token\":\"session\"}},{\"prefix\":\"gs://b\",\"config\":{}}]"),
         "s3://bkt/w/data/x", "Credential=narrow/"},
    };
    struct http_server *objects = http_server_start(answer_object, NULL);
    static char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "%s", http_server_url(objects, "").ptr);
    const struct property own[] = {{STR("s3.endpoint"), str_of(endpoint)},
                                   {STR("s3.access-key-id"), STR("own")},
                                   {STR("s3.secret-access-key"), STR(SECRET)},
                                   {STR("s3.session-token"), STR("own-session")}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {.fake = {.reply = cases[i].reply, .reply_status = 200}};
        struct iceberg_table *t;
        struct buffer got;
        CHECK_OK(try_open(&w, own, ARRAY_LEN(own)));
        store_destroy(w.store);
        CHECK_OK(store_create(own, ARRAY_LEN(own), &(struct store_config){0}, &w.store, &err));
        w.catalog->store = w.store;
        CHECK_OK(catalog_pin(w.catalog, &w.pin, &err));
        CHECK_OK(catalog_load(w.pin, demo_t, &w.arena, &t, &err));
        CHECK(holds(str_of(w.fake.last), "X-Iceberg-Access-Delegation: vended-credentials\r\n"));
        buffer_init(&got, NULL, 1000);
        CHECK_OK(store_read_all(w.store, str_of(cases[i].path), &got, &err));
        CHECK(holds(str_of(object_seen), cases[i].shown));
        CHECK_INT(holds(str_of(object_seen), "own-session"), i == 0);
        buffer_free(&got);
        end(&w);
    }
    http_server_stop(objects);
}

/* ---- commits --------------------------------------------------------------------------------- */

static struct iceberg_table *append(struct world *w, const struct iceberg_table *base, int64_t id)
{
    struct iceberg_snapshot s = {.id = id,
                                 .parent_id = base->current_snapshot_id,
                                 .sequence_number = base->last_sequence_number + 1,
                                 .timestamp_ms = 1000,
                                 .manifest_list = STR("file:///w/l"),
                                 .schema_id = 0};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, id, -1, -1, -1}}};
    struct iceberg_table *t;
    CHECK_OK(iceberg_apply(base, u, 2, 1000, &w->arena, &t, &err));
    return t;
}

static struct catalog_change swap(struct world *w, struct catalog_name name, int64_t id)
{
    struct iceberg_table *base;
    CHECK_OK(catalog_load(w->pin, name, &w->arena, &base, &err));
    return (struct catalog_change){.kind = CATALOG_SWAP,
                                   .name = name,
                                   .base_location = base->metadata_location,
                                   .base = base,
                                   .next = append(w, base, id),
                                   .operation = "append"};
}

static status commit(struct world *w, const struct catalog_change *changes, size_t count)
{
    struct catalog_commit c = {.count = count, .changes = changes, .publish_id = STR(PUBLISH)};
    error_init(&err);
    return catalog_commit(w->pin, &c, &err);
}

static void plan(struct world *w, const struct answer *answers, size_t count)
{
    w->fake.plan = answers;
    w->fake.plan_count = count;
}

TEST(an_append)
{
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    begin(&w);
    struct catalog_change ch = swap(&w, demo_t, 8);
    CHECK_OK(commit(&w, &ch, 1));
    CHECK(str_starts(str_of(w.fake.change), STR("POST /v1/namespaces/demo/tables/t HTTP")));
    CHECK(holds(str_of(w.fake.change),
                "{\"identifier\":{\"namespace\":[\"demo\"],\"name\":\"t\"},\"requirements\":["
                "{\"type\":\"assert-table-uuid\",\"uuid\":\"" UUID "\"},"
                "{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":7}],"
                "\"updates\":[{\"action\":\"add-snapshot\""));
    CHECK_INT(w.fake.changes, 1);
    CHECK_INT(w.fake.loads, 1); /* nothing is looked for when the server has said it */
    end(&w);
}

TEST(refused_commits)
{
    static const struct {
        struct answer a;
        status want;
        const char *says;
    } cases[] = {
        {{409, ERROR("CommitFailedException"), false}, ST_CONFLICT, "demo.t was changed"},
        {{404, ERROR("NoSuchTableException"), false}, ST_CONFLICT, "was dropped"},
        {{400, ERROR("BadRequestException"), false}, ST_INVALID, "m BadRequestException"},
        {{403, ERROR("ForbiddenException"), false}, ST_AUTH, "m ForbiddenException"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
        begin(&w);
        struct catalog_change ch = swap(&w, demo_t, 8);
        plan(&w, &cases[i].a, 1);
        CHECK_INT(commit(&w, &ch, 1), cases[i].want);
        CHECK(holds(str_of(err.msg), cases[i].says));
        CHECK_INT(w.fake.changes, 1);
        end(&w);
    }
}

/* What the outcome of a lost reply is believed to be, and how often the request was sent. */
TEST(lost_replies)
{
    static const struct {
        struct answer plan[3];
        size_t count;
        int64_t other; /* somebody else's snapshot that stands on top before the reply is lost */
        status want;
        size_t sent;
    } cases[] = {
        {{{0, NULL, true}}, 1, 0, ST_OK, 1},                     /* it was carried out */
        {{{500, NULL, true}}, 1, 0, ST_OK, 1},                   /* likewise */
        {{{502, ERROR("X"), true}}, 1, 0, ST_OK, 1},             /* likewise */
        {{{200, "{\"metadata", true}}, 1, 0, ST_OK, 1},          /* a reply cut short */
        {{{0, NULL, false}, {200, NULL, true}}, 2, 0, ST_OK, 2}, /* it was not: sent again */
        {{{504, NULL, false}, {409, ERROR("X"), true}}, 2, 0, ST_OK, 2}, /* it came late */
        {{{500, NULL, false}}, 1, 9, ST_CONFLICT, 1}, /* it cannot come any more */
        {{{500, NULL, false}}, 1, 0, ST_UNKNOWN, 0},  /* as often as time allows */
        {{{0, NULL, false}, {400, ERROR("X"), false}}, 2, 0, ST_UNKNOWN, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
        begin(&w);
        struct catalog_change ch = swap(&w, demo_t, 8);
        plan(&w, cases[i].plan, cases[i].count);
        if (cases[i].other)
            w.fake.snapshots[w.fake.snapshot_count++] = cases[i].other;
        if (cases[i].want == ST_UNKNOWN)
            w.catalog->busy_ms = 500;
        status got = commit(&w, &ch, 1);
        if (got != cases[i].want || (cases[i].sent && w.fake.changes != cases[i].sent))
            test_fail(__FILE__, __LINE__, "case %zu: %s, sent %zu times: %s", i, status_text(got),
                      w.fake.changes, err.msg);
        end(&w);
    }
}

/* Questions end; what may have been sent is settled. */
TEST(cancelled_in_the_middle)
{
    static const struct answer tables[] = {{0, NULL, false}, {200, NULL, true}};
    static const struct answer space[] = {{0, NULL, false}, {200, NULL, false}};
    struct catalog_change made = {.kind = CATALOG_CREATE_SPACE, .name = {STR("new"), {0}}};
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    bool exists;
    begin(&w);
    struct catalog_change ch = swap(&w, demo_t, 8);
    cancelled = true;
    CHECK_INT(catalog_namespace_exists(w.pin, STR("demo"), &exists, &err), ST_CANCELLED);
    plan(&w, tables, 2);
    CHECK_OK(commit(&w, &ch, 1));
    CHECK_INT(w.fake.changes, 2);
    w.fake.changes = 0;
    plan(&w, space, 2);
    CHECK_OK(commit(&w, &made, 1));
    CHECK_INT(w.fake.changes, 2);
    end(&w);
}

TEST(nobody_knows)
{
    static const struct answer lost = {0, NULL, true};
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    begin(&w);
    struct catalog_change ch = swap(&w, demo_t, 8);
    plan(&w, &lost, 1);
    w.fake.fail_loads = 100;
    CHECK_STATUS(commit(&w, &ch, 1), ST_UNKNOWN);
    CHECK(holds(str_of(err.msg), "look at demo.t before you try again"));
    end(&w);

    /* A server that shows the newest snapshot only cannot say that ours was never there. */
    static const struct answer refused = {500, NULL, false};
    struct world brief = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    begin(&brief);
    ch = swap(&brief, demo_t, 8);
    plan(&brief, &refused, 1);
    brief.fake.snapshots[0] = 9;
    CHECK_STATUS(commit(&brief, &ch, 1), ST_UNKNOWN);
    end(&brief);
}

TEST(properties_alone)
{
    struct property p = {STR("p"), STR("new")};
    static const struct answer lost[] = {{0, NULL, true}}, never[] = {{500, NULL, false}};
    const struct iceberg_update u = {
        .kind = ICEBERG_SET_PROPERTIES, .property_count = 1, .properties = &p};
    for (int applied = 0; applied < 2; applied++) {
        struct world w = {0};
        struct iceberg_table *next;
        begin(&w);
        struct catalog_change ch = swap(&w, demo_t, 8);
        CHECK_OK(iceberg_apply(ch.base, &u, 1, 1000, &w.arena, &next, &err));
        ch.next = next;
        plan(&w, applied ? lost : never, 1);
        if (!applied)
            w.catalog->busy_ms = 500;
        CHECK_INT(commit(&w, &ch, 1), applied ? ST_OK : ST_UNKNOWN);
        CHECK(applied ? w.fake.changes == 1 : w.fake.changes >= 1);
        end(&w);
    }
}

/* ---- new tables ------------------------------------------------------------------------------ */

static struct catalog_change create(struct world *w)
{
    struct iceberg_table *wanted, *staged;
    begin(w);
    CHECK_OK(catalog_load(w->pin, demo_u, &w->arena, &wanted, &err));
    wanted->location = (struct str){0};
    CHECK_OK(catalog_stage(w->pin, demo_t, wanted, &w->arena, &staged, &err));
    CHECK_INT(staged->schemas[0].fields[0].id, 7); /* the server's, not ours */
    CHECK_STR(staged->location, "file:///w/t");
    CHECK_INT(staged->metadata_location.len, 0);
    w->fake.absent = true;
    return (struct catalog_change){
        .kind = CATALOG_CREATE, .name = demo_t, .next = append(w, staged, 8)};
}

TEST(a_new_table)
{
    struct world w = {0};
    struct catalog_change ch = create(&w);
    CHECK(str_starts(str_of(w.fake.change), STR("POST /v1/namespaces/demo/tables HTTP")));
    CHECK(holds(str_of(w.fake.change), "{\"name\":\"t\",\"schema\":"));
    CHECK(holds(str_of(w.fake.change), "\"stage-create\":true"));
    CHECK_INT(w.fake.changes, 0);
    CHECK_OK(commit(&w, &ch, 1));
    CHECK(holds(str_of(w.fake.change), "\"requirements\":[{\"type\":\"assert-create\"}]"));
    end(&w);
}

TEST(new_tables_that_others_make)
{
    static const struct answer conflict[] = {{409, ERROR("AlreadyExistsException"), false}},
                               lost[] = {{0, NULL, true}},
                               no_space[] = {{404, ERROR("NoSuchNamespaceException"), false}};
    struct world w = {0};
    struct catalog_change ch = create(&w);
    plan(&w, conflict, 1);
    CHECK_STATUS(commit(&w, &ch, 1), ST_CONFLICT);
    plan(&w, no_space, 1);
    w.fake.changes = 0;
    CHECK_STATUS(commit(&w, &ch, 1), ST_NOT_FOUND);
    plan(&w, lost, 1);
    w.fake.changes = 0;
    CHECK_OK(commit(&w, &ch, 1)); /* found by its uuid */
    w.fake.absent = false;
    w.fake.uuid = "another";
    static const struct answer failed[] = {{500, NULL, false}};
    plan(&w, failed, 1);
    w.fake.changes = 0;
    CHECK_STATUS(commit(&w, &ch, 1), ST_CONFLICT);
    end(&w);
}

TEST(staging_is_refused)
{
    static const struct {
        int code;
        const char *reply;
        status want;
    } cases[] = {
        {409, ERROR("AlreadyExistsException"), ST_CONFLICT},
        {404, ERROR("NoSuchNamespaceException"), ST_NOT_FOUND},
        {200, "{\"metadata\":{}}", ST_CORRUPT},
    };
    struct world w = {0};
    struct iceberg_table *wanted, *staged;
    begin(&w);
    CHECK_OK(catalog_load(w.pin, demo_u, &w.arena, &wanted, &err));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        w.fake.reply = cases[i].reply;
        w.fake.reply_status = cases[i].code;
        CHECK_INT(catalog_stage(w.pin, demo_t, wanted, &w.arena, &staged, &err), cases[i].want);
    }
    end(&w);
}

/* ---- several tables -------------------------------------------------------------------------- */

TEST(several_tables_in_one_step)
{
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    begin(&w);
    struct catalog_change both[] = {swap(&w, demo_t, 8), swap(&w, demo_u, 8)};
    CHECK_OK(commit(&w, both, 2));
    CHECK(str_starts(str_of(w.fake.change), STR("POST /v1/transactions/commit HTTP")));
    CHECK(holds(str_of(w.fake.change), "{\"table-changes\":[{\"identifier\":{\"namespace\":"
                                       "[\"demo\"],\"name\":\"t\"},\"requirements\":["));
    CHECK(holds(str_of(w.fake.change), "\"name\":\"u\"},\"requirements\":["));
    end(&w);
}

TEST(several_tables_where_it_cannot_be)
{
    static const struct answer absent[] = {{404, ERROR("NoSuchTableException"), false}},
                               no_such[] = {{405, "no", false}},
                               lost[] = {{500, NULL, true}, {409, ERROR("X"), false}},
                               then_none[] = {{0, NULL, false}, {405, "no", false}};
    struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
    begin(&w);
    struct catalog_change both[] = {swap(&w, demo_t, 8), swap(&w, demo_u, 8)};
    plan(&w, no_such, 1);
    CHECK_STATUS(commit(&w, both, 2), ST_UNSUPPORTED);
    CHECK(holds(str_of(err.msg), "firn.publish = 'ordered'"));
    w.fake.changes = 0;
    plan(&w, then_none, 2);
    CHECK_STATUS(commit(&w, both, 2), ST_UNSUPPORTED);
    CHECK_INT(w.fake.changes, 2);
    plan(&w, absent, 1);
    w.fake.changes = 0;
    CHECK_STATUS(commit(&w, both, 2), ST_CONFLICT);
    both[1].base = NULL;
    w.fake.changes = 0;
    CHECK_STATUS(commit(&w, both, 2), ST_UNSUPPORTED);
    both[1] = both[0];
    both[1].kind = CATALOG_DROP;
    CHECK_STATUS(commit(&w, both, 2), ST_UNSUPPORTED);
    both[1] = swap(&w, demo_u, 9); /* the first is seen, this one is not */
    plan(&w, lost, 2);
    w.fake.changes = 0;
    w.catalog->busy_ms = 500;
    CHECK_STATUS(commit(&w, both, 2), ST_UNKNOWN);
    CHECK(holds(str_of(err.msg), "some of its tables show it"));
    end(&w);

    struct world one = {.fake = {.config = "{\"endpoints\":[\"GET /v1/{prefix}/namespaces\"]}"}};
    begin(&one);
    both[0] = swap(&one, demo_t, 8);
    both[1] = swap(&one, demo_u, 8);
    CHECK(!catalog_traits(one.catalog)->many_tables);
    CHECK_STATUS(commit(&one, both, 2), ST_UNSUPPORTED);
    end(&one);
}

/* ---- the rest -------------------------------------------------------------------------------- */

TEST(dropping)
{
    static const struct answer lost[] = {{0, NULL, true}},
                               late[] = {{0, NULL, false}, {200, NULL, true}};
    const struct answer *plans[] = {NULL, lost, late};
    for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
        struct world w = {.fake = {.snapshots = {7}, .snapshot_count = 1}};
        begin(&w);
        struct catalog_change ch = swap(&w, demo_t, 8);
        ch.kind = CATALOG_DROP;
        plan(&w, plans[i], plans[i] ? i : 0);
        CHECK_OK(commit(&w, &ch, 1));
        CHECK(str_starts(str_of(w.fake.change),
                         STR("DELETE /v1/namespaces/demo/tables/t?purgeRequested=false HTTP")));
        w.fake.changes = 0;
        CHECK_STATUS(commit(&w, &ch, 1), ST_CONFLICT); /* is gone */
        w.fake.absent = false;
        w.fake.snapshots[w.fake.snapshot_count++] = 9;
        CHECK_STATUS(commit(&w, &ch, 1), ST_CONFLICT); /* is another's now */
        CHECK_INT(w.fake.changes, 0);
        end(&w);
    }
}

TEST(registering)
{
    struct world w = {0};
    begin(&w);
    struct catalog_change ch = swap(&w, demo_t, 8);
    ch.kind = CATALOG_CREATE;
    ch.base = NULL;
    ch.new_location = STR("file:///w/old.json");
    CHECK_OK(commit(&w, &ch, 1));
    CHECK(str_starts(str_of(w.fake.change), STR("POST /v1/namespaces/demo/register HTTP")));
    CHECK(holds(str_of(w.fake.change),
                "{\"name\":\"t\",\"metadata-location\":\"file:///w/old.json\"}"));
    end(&w);
}

TEST(namespaces)
{
    static const struct {
        enum catalog_change_kind kind;
        const char *space;
        struct answer a;
        status want;
    } cases[] = {
        {CATALOG_CREATE_SPACE, "new", {200, NULL, false}, ST_OK},
        {CATALOG_CREATE_SPACE, "demo", {409, ERROR("AlreadyExistsException"), false}, ST_CONFLICT},
        {CATALOG_CREATE_SPACE, "demo", {500, NULL, false}, ST_OK}, /* it is there */
        {CATALOG_CREATE_SPACE, "new", {500, NULL, false}, ST_UNKNOWN},
        {CATALOG_DROP_SPACE, "demo", {204, "", false}, ST_OK},
        {CATALOG_DROP_SPACE, "demo", {409, ERROR("NamespaceNotEmptyException"), false}, ST_INVALID},
        {CATALOG_DROP_SPACE, "demo", {400, ERROR("NamespaceNotEmptyException"), false}, ST_INVALID},
        {CATALOG_DROP_SPACE, "new", {404, ERROR("NoSuchNamespaceException"), false}, ST_CONFLICT},
        {CATALOG_DROP_SPACE, "gone", {0, NULL, false}, ST_OK},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w = {0};
        begin(&w);
        struct catalog_change ch = {.kind = cases[i].kind, .name = {str_of(cases[i].space), {0}}};
        plan(&w, &cases[i].a, 1);
        if (cases[i].want == ST_UNKNOWN)
            w.catalog->busy_ms = 500;
        status got = commit(&w, &ch, 1);
        if (got != cases[i].want)
            test_fail(__FILE__, __LINE__, "case %zu: %s: %s", i, status_text(got), err.msg);
        if (i == 0)
            CHECK(holds(str_of(w.fake.change), "{\"namespace\":[\"new\"],\"properties\":{}}"));
        end(&w);
    }
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
    snprintf(uri, 128, "http://127.0.0.1:%d", port);
    return child;
}

static status stage_and_commit(struct world *w, const struct iceberg_table *wanted,
                               const struct catalog_change *ch)
{
    struct iceberg_table *staged;
    struct str at;
    TRY(catalog_pin(w->catalog, &w->pin, &err));
    TRY(catalog_location(w->pin, demo_u, &w->arena, &at, &err));
    TRY(catalog_stage(w->pin, demo_t, wanted, &w->arena, &staged, &err));
    return commit(w, ch, 1);
}

/* K1: where a commit stands, nothing but OK is said, as the tables are there to be asked. */
TEST(any_allocation_may_fail)
{
    struct fake *f =
        mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char uri[128];
    bool all = false;
    uint64_t nth = 0;
    struct world usual = {0};
    CHECK(f != MAP_FAILED);
    *f = (struct fake){.uuid = UUID, .snapshots = {7}, .snapshot_count = 1};
    pid_t server = serve_apart(f, uri);
    CHECK_OK(open_at(&usual, uri, NULL, 0));
    CHECK_OK(catalog_pin(usual.catalog, &usual.pin, &err));
    struct catalog_change ch = swap(&usual, demo_t, 8);
    while (!all && ++nth < 5000) {
        struct world w = {0};
        f->snapshot_count = 1;
        CHECK_OK(open_at(&w, uri, NULL, 0));
        mem_fault_set(nth, false);
        status st = stage_and_commit(&w, ch.base, &ch);
        all = mem_fault_count() < nth;
        mem_fault_set(0, false);
        if (!(st == ST_OK || (st == ST_OOM && !all)) || (st != ST_OK && f->snapshot_count > 1))
            test_fail(__FILE__, __LINE__, "allocation %llu: %s, %zu snapshots: %s",
                      (unsigned long long)nth, status_text(st), f->snapshot_count, err.msg);
        end(&w);
    }
    CHECK(nth > 100 && all);
    end(&usual);
    kill(server, SIGKILL);
    CHECK_INT(waitpid(server, NULL, 0), server);
}
