// SPDX-License-Identifier: Apache-2.0
/* catalog_rest.c - a catalog behind the Iceberg REST protocol (Iceberg's open-api description):
 * opening it, and the state that a transaction reads.
 *
 *     open:   GET /v1/config?warehouse=...  ->  defaults < own properties < overrides, prefix
 *     pin:    nothing is asked yet
 *     table:  GET .../tables/t, once; then the tables that were loaded before are asked for again
 *
 * Servers show tables one by one and each at its newest, so a pin is made of moments (K2): a table is
 * loaded when it is first named, and kept. When a further one is loaded, the earlier ones are loaded
 * again: where no metadata location differs, the new one belongs to the same state, because the
 * others stood still from their first moment to after its own. Where one differs, the state that the
 * transaction has begun to read is gone, which is ST_CONFLICT (40001), as in any snapshot that cannot
 * be kept. A server that knows ETags answers these questions without a body. */
#include "catalog/catalog_rest_int.h"

#define PAGES_MAX  10000
#define NAMES_MAX  1000000
#define LEVELS_MAX 64

struct rest_known {
    struct catalog_name name;
    struct iceberg_table *table; /* NULL = there is none */
    struct str etag;             /* empty = the server gives none */
    struct rest_known *next;
};

struct rest_tables {
    struct str space;
    struct catalog_names names; /* sorted */
    struct rest_tables *next;
};

struct rest_space {
    struct str space;
    bool exists;
    struct rest_space *next;
};

/* What the server was asked and what it said, in the pin's arena. */
struct rest_pin {
    struct rest_known *known;   /* newest first */
    struct rest_tables *tables; /* lists, by namespace */
    struct rest_space *asked;   /* namespaces */
    bool has_spaces;
    struct catalog_names spaces; /* all; sorted */
};

/* ---- tables ---------------------------------------------------------------------------------- */

static status call_what(struct arena *arena, const char *doing, struct catalog_name name,
                        struct str *out, struct error *err)
{
    struct str table = name.table.len ? name.table : STR("");
    return arena_printf(arena, out, err, "%s %.*s%s%.*s", doing, STR_ARG(name.space),
                        table.len ? "." : "", STR_ARG(table));
}

/* A 404 of the protocol, not of whatever else may stand at a wrong URL. */
static bool is_absent(const struct rest_answer *a)
{
    return a->reply.status == 404 && a->error_type.len > 0;
}

static status check_view(struct rest_catalog *r, struct catalog_name name, struct error *err)
{
    struct arena arena;
    struct rest_answer a = {0};
    struct rest_call call = {
        .method = "GET", .repeatable = true, .what = STR("looking for a view")};
    if (!r->has_views)
        return ST_OK;
    arena_init(&arena, NULL);
    status st = catalog_rest_url(r, name, "views", &arena, &call.url, err);
    if (st == ST_OK)
        st = catalog_rest_call(r, &call, &a, err);
    if (st == ST_OK && catalog_rest_ok(&a))
        st = catalog_is_view(name, err);
    catalog_rest_answer_free(&a);
    arena_free(&arena);
    return st;
}

/* Asks for a table; what it says goes into `arena`. *same: it is what `etag` stands for. */
static status fetch_table(struct catalog *c, struct catalog_name name, bool firm, struct str etag,
                          struct arena *arena, struct iceberg_table **out, struct str *new_etag,
                          bool *same, struct error *err)
{
    struct rest_catalog *r = c->self;
    struct rest_answer a = {0};
    struct rest_call call = {.method = "GET", .repeatable = true, .firm = firm, .etag = etag};
    *out = NULL;
    *same = false;
    *new_etag = (struct str){0};
    TRY(catalog_rest_url(r, name, "tables", arena, &call.url, err));
    TRY(call_what(arena, "loading table", name, &call.what, err));
    status st = catalog_rest_call(r, &call, &a, err);
    if (st == ST_OK && catalog_rest_ok(&a)) {
        st = catalog_rest_read_table(a.doc.root, false, arena, out, err);
        struct str tag = net_header(&a.reply, "etag");
        if (st == ST_OK && tag.len > 0)
            st = arena_str(arena, tag, new_etag, err);
        if (st == ST_OK)
            st = catalog_rest_hand_over(c, a.doc.root, (*out)->location, err);
        if (st != ST_OK)
            error_context(err, "%.*s", STR_ARG(call.what));
    } else if (st == ST_OK && a.reply.status == 304 && etag.len > 0) {
        *same = true;
    } else if (st == ST_OK && !is_absent(&a)) {
        st = catalog_rest_fail(&call, &a, err);
    }
    catalog_rest_answer_free(&a);
    return st;
}

status catalog_rest_load_now(struct catalog *c, struct catalog_name name, struct arena *arena,
                             struct iceberg_table **out, struct error *err)
{
    struct str etag;
    bool same;
    return fetch_table(c, name, true, (struct str){0}, arena, out, &etag, &same, err);
}

/* Whether a table that was loaded before still stands where it stood. */
static status still_stands(struct catalog *c, const struct rest_known *k, struct error *err)
{
    struct arena arena;
    struct iceberg_table *now;
    struct str etag;
    bool same;
    arena_init(&arena, NULL);
    status st = fetch_table(c, k->name, false, k->etag, &arena, &now, &etag, &same, err);
    if (st == ST_OK && !same)
        same = now && str_eq(now->metadata_location, k->table->metadata_location);
    arena_free(&arena);
    TRY(st);
    if (!same)
        FAIL(err, ST_CONFLICT,
             "table \"%.*s.%.*s\" was changed while this transaction was reading; run it again",
             STR_ARG(k->name.space), STR_ARG(k->name.table));
    return ST_OK;
}

static status find_table(struct catalog_pin *p, struct catalog_name name, struct rest_known **out,
                         struct error *err)
{
    struct rest_pin *pin = p->self;
    struct rest_catalog *r = p->catalog->self;
    struct rest_known *k;
    bool same;
    for (k = pin->known; k; k = k->next)
        if (str_eq(k->name.table, name.table) && str_eq(k->name.space, name.space)) {
            *out = k;
            return ST_OK;
        }
    TRY(ARENA_NEW(&p->arena, struct rest_known, &k, err));
    TRY(arena_str(&p->arena, name.space, &k->name.space, err));
    TRY(arena_str(&p->arena, name.table, &k->name.table, err));
    TRY(fetch_table(p->catalog, name, false, (struct str){0}, &p->arena, &k->table, &k->etag, &same,
                    err));
    if (!k->table)
        TRY(check_view(r, name, err));
    for (const struct rest_known *x = pin->known; k->table && x; x = x->next)
        if (x->table)
            TRY(still_stands(p->catalog, x, err));
    k->next = pin->known;
    pin->known = k;
    *out = k;
    return ST_OK;
}

static status rest_locate(struct catalog_pin *p, struct catalog_name name, struct str *out,
                          struct error *err)
{
    struct rest_known *k;
    TRY(find_table(p, name, &k, err));
    *out = k->table ? k->table->metadata_location : (struct str){0};
    return ST_OK;
}

static status rest_load(struct catalog_pin *p, struct catalog_name name, struct str location,
                        struct arena *arena, struct iceberg_table **out, struct error *err)
{
    struct rest_known *k;
    TRY(find_table(p, name, &k, err));
    return iceberg_table_copy(arena, k->table, out, err);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* All pages of one list, nothing where the namespace is not there. `query` is "parent=..." or
 * empty. */
static status read_pages(struct catalog_pin *p, struct rest_call *call, struct str query,
                         bool tables, struct catalog_names *out, struct error *err)
{
    struct rest_catalog *r = p->catalog->self;
    const struct str list = call->url;
    struct str page = {0}, last, escaped;
    for (int pages = 0;; pages++) {
        struct rest_answer a;
        if (pages == PAGES_MAX || out->count > NAMES_MAX)
            FAIL(err, ST_LIMIT, "%.*s: the server lists more than %d pages or %d names",
                 STR_ARG(call->what), PAGES_MAX, NAMES_MAX);
        last = page;
        TRY(net_escape(page, false, &p->arena, &escaped, err));
        TRY(arena_printf(&p->arena, &call->url, err, "%.*s?pageToken=%.*s%s%.*s%s%.*s",
                         STR_ARG(list), STR_ARG(escaped), r->page_size.len ? "&pageSize=" : "",
                         STR_ARG(r->page_size), query.len ? "&" : "", STR_ARG(query)));
        status st = catalog_rest_call(r, call, &a, err);
        page = (struct str){0};
        if (st == ST_OK && !catalog_rest_ok(&a) && !is_absent(&a))
            st = catalog_rest_fail(call, &a, err);
        else if (st == ST_OK && catalog_rest_ok(&a))
            st = catalog_rest_read_page(a.doc.root, tables, &p->arena, out, &page, err);
        catalog_rest_answer_free(&a);
        TRY_CONTEXT(st, err, "%.*s", STR_ARG(call->what));
        if (page.len == 0)
            return ST_OK;
        if (str_eq(page, last))
            FAIL(err, ST_CORRUPT, "%.*s: the server gives the same page again and again",
                 STR_ARG(call->what));
    }
}

/* "parent=a%1Fb" */
static status parent_query(struct catalog_pin *p, struct str space, struct str *out,
                           struct error *err)
{
    struct rest_catalog *r = p->catalog->self;
    struct str url;
    TRY(catalog_rest_url(r, (struct catalog_name){space, {0}}, NULL, &p->arena, &url, err));
    size_t skip = r->paths.len + strlen("/namespaces/");
    return arena_printf(&p->arena, out, err, "parent=%.*s", (int)(url.len - skip), url.ptr + skip);
}

/* Breadth first: the children of each namespace that was listed. */
static status list_spaces(struct catalog_pin *p, struct catalog_names *out, struct error *err)
{
    struct rest_call call = {
        .method = "GET", .repeatable = true, .what = STR("listing namespaces")};
    struct str query = {0};
    struct catalog_name none = {0};
    size_t next = 0;
    for (;;) {
        size_t levels = 1;
        TRY(catalog_rest_url(p->catalog->self, none, NULL, &p->arena, &call.url, err));
        TRY(read_pages(p, &call, query, false, out, err));
        if (next == out->count)
            break;
        for (size_t i = 0; i < out->names[next].len; i++)
            levels += out->names[next].ptr[i] == '.';
        if (levels > LEVELS_MAX)
            FAIL(err, ST_LIMIT, "a namespace has more than %d levels", LEVELS_MAX);
        TRY(parent_query(p, out->names[next++], &query, err));
    }
    catalog_names_sort(out);
    return ST_OK;
}

static status rest_spaces(struct catalog_pin *p, struct catalog_names *out, struct error *err)
{
    struct rest_pin *pin = p->self;
    struct catalog_names names = {0};
    if (!pin->has_spaces) {
        TRY(list_spaces(p, &names, err));
        pin->spaces = names;
        pin->has_spaces = true;
    }
    *out = pin->spaces;
    return ST_OK;
}

status catalog_rest_ask_space(struct catalog *c, struct str space, bool firm, struct arena *arena,
                              bool *out, struct error *err)
{
    struct rest_catalog *r = c->self;
    struct rest_call call = {.method = "GET", .repeatable = true, .firm = firm};
    struct rest_answer a;
    struct catalog_name name = {space, STR("")};
    TRY(catalog_rest_url(r, name, NULL, arena, &call.url, err));
    TRY(call_what(arena, "looking for namespace", name, &call.what, err));
    status st = catalog_rest_call(r, &call, &a, err);
    *out = catalog_rest_ok(&a);
    if (st == ST_OK && !*out && !is_absent(&a))
        st = catalog_rest_fail(&call, &a, err);
    catalog_rest_answer_free(&a);
    return st;
}

static status rest_space_exists(struct catalog_pin *p, struct str space, bool *out,
                                struct error *err)
{
    struct rest_pin *pin = p->self;
    struct rest_space *s;
    for (s = pin->asked; s; s = s->next)
        if (str_eq(s->space, space)) {
            *out = s->exists;
            return ST_OK;
        }
    TRY(ARENA_NEW(&p->arena, struct rest_space, &s, err));
    TRY(arena_str(&p->arena, space, &s->space, err));
    TRY(catalog_rest_ask_space(p->catalog, space, false, &p->arena, &s->exists, err));
    s->next = pin->asked;
    pin->asked = s;
    *out = s->exists;
    return ST_OK;
}

static status rest_tables(struct catalog_pin *p, struct str space, struct catalog_names *out,
                          struct error *err)
{
    struct rest_pin *pin = p->self;
    struct rest_call call = {.method = "GET", .repeatable = true};
    struct catalog_name name = {space, STR("")};
    struct rest_tables *list;
    for (list = pin->tables; list; list = list->next)
        if (str_eq(list->space, space)) {
            *out = list->names;
            return ST_OK;
        }
    TRY(ARENA_NEW(&p->arena, struct rest_tables, &list, err));
    TRY(arena_str(&p->arena, space, &list->space, err));
    TRY(catalog_rest_url(p->catalog->self, name, "tables", &p->arena, &call.url, err));
    TRY(call_what(&p->arena, "listing tables of", name, &call.what, err));
    TRY(read_pages(p, &call, (struct str){0}, true, &list->names, err));
    catalog_names_sort(&list->names);
    list->next = pin->tables;
    pin->tables = list;
    *out = list->names;
    return ST_OK;
}

static status rest_pin(struct catalog_pin *p, struct error *err)
{
    return ARENA_NEW(&p->arena, struct rest_pin, &p->self, err);
}

static void rest_close(struct catalog *c)
{
    struct rest_catalog *r = c->self;
    if (!r)
        return;
    catalog_token_close(r->token);
    net_client_close(r->net);
    net_client_close(r->firm);
    mem_free(NULL, r, sizeof(*r));
}

/* Two kinds, because only the server's list of endpoints tells which it is. */
#define REST_KIND(many)                                                                            \
    {                                                                                              \
        .traits = {.many_tables = (many), .writes_metadata = true}, .pin = rest_pin,               \
        .space_exists = rest_space_exists, .spaces = rest_spaces, .tables = rest_tables,           \
        .locate = rest_locate, .load = rest_load, .stage = catalog_rest_stage,                     \
        .commit = catalog_rest_commit, .close = rest_close,                                        \
    }
static const struct catalog_kind rest_kinds[2] = {REST_KIND(false), REST_KIND(true)};
#undef REST_KIND

/* ---- opening --------------------------------------------------------------------------------- */

struct str catalog_rest_property(const struct rest_catalog *r, const char *key)
{
    return property_get(r->properties, r->property_count, key);
}

static status add_properties(struct rest_catalog *r, struct arena *arena,
                             const struct property *from, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct property *p = &r->properties[r->property_count++];
        TRY(arena_str(arena, from[i].key, &p->key, err));
        TRY(arena_str(arena, from[i].value, &p->value, err));
    }
    return ST_OK;
}

/* What firn cannot do must not be left out in silence: the server would answer 401 to everything. */
static status check_properties(const struct rest_catalog *r, struct error *err)
{
    struct str type = catalog_rest_property(r, "rest.auth.type");
    if (str_eq(catalog_rest_property(r, "rest.sigv4-enabled"), STR("true")))
        FAIL(err, ST_UNSUPPORTED,
             "rest.sigv4-enabled: catalog requests are not signed by AWS keys");
    if (type.len > 0 && !str_eq(type, STR("oauth2")) && !str_eq(type, STR("none")))
        FAIL(err, ST_UNSUPPORTED, "rest.auth.type \"%.*s\"; there are oauth2 and none",
             STR_ARG(type));
    return ST_OK;
}

/* "header.X-Name" is a header of every request; of equal ones the last counts. */
static status set_headers(struct rest_catalog *r, struct arena *arena, struct error *err)
{
    static const struct property vended = {{"X-Iceberg-Access-Delegation", 27},
                                           {"vended-credentials", 18}};
    const struct str prefix = STR("header.");
    size_t n = 0;
    bool says_how = false;
    TRY(ARENA_ARRAY(arena, struct property, r->property_count + 1, &r->headers, err));
    for (size_t i = 0; i < r->property_count; i++) {
        const struct property *p = &r->properties[i];
        struct str name = {p->key.ptr + prefix.len, p->key.len - prefix.len};
        if (!str_starts(p->key, prefix) || name.len == 0 ||
            p->value.ptr != catalog_rest_property(r, p->key.ptr).ptr)
            continue;
        says_how |= str_eq_nocase(name, vended.key);
        r->headers[n++] = (struct property){name, p->value};
    }
    if (!says_how)
        r->headers[n++] = vended;
    r->header_count = n;
    return ST_OK;
}

/* "id:secret", or a secret alone. */
static void split_credential(struct catalog_token_config *c, struct str text)
{
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    size_t n = colon ? (size_t)(colon - text.ptr) : 0;
    c->client_id = (struct str){text.ptr, n};
    c->client_secret = colon ? (struct str){colon + 1, text.len - n - 1} : text;
}

static status token_endpoint(const struct rest_catalog *r, struct arena *arena, struct str *out,
                             struct error *err)
{
    *out = catalog_rest_property(r, "oauth2-server-uri");
    if (str_starts(*out, STR("http://")) || str_starts(*out, STR("https://")))
        return ST_OK;
    if (out->len == 0)
        return arena_printf(arena, out, err, "%.*s/oauth/tokens", STR_ARG(r->base));
    return arena_printf(arena, out, err, "%.*s/%.*s", (int)(r->base.len - strlen("/v1")),
                        r->base.ptr, STR_ARG(*out));
}

static bool same_token(const struct catalog_token_config *a, const struct catalog_token_config *b)
{
    return str_eq(a->token, b->token) && str_eq(a->endpoint, b->endpoint) &&
           str_eq(a->client_id, b->client_id) && str_eq(a->client_secret, b->client_secret) &&
           str_eq(a->scope, b->scope) && str_eq(a->audience, b->audience) &&
           str_eq(a->resource, b->resource);
}

/* From the properties as they are now; a token that was given stays if nothing about it differs. */
static status set_token(struct rest_catalog *r, struct arena *arena, struct error *err)
{
    struct catalog_token_config c = {.token = catalog_rest_property(r, "token"),
                                     .scope = catalog_rest_property(r, "scope"),
                                     .audience = catalog_rest_property(r, "audience"),
                                     .resource = catalog_rest_property(r, "resource"),
                                     .in_body = true};
    struct str credential = catalog_rest_property(r, "credential");
    split_credential(&c, credential);
    if (c.scope.len == 0)
        c.scope = STR("catalog");
    if (credential.len > 0)
        TRY(token_endpoint(r, arena, &c.endpoint, err));
    if (same_token(&c, &r->token_config) || (credential.len == 0 && c.token.len == 0))
        return ST_OK;
    catalog_token_close(r->token);
    r->token = NULL;
    r->token_config = c;
    return catalog_token_open(&c, r->firm, &r->token, err);
}

static status set_base(struct rest_catalog *r, struct arena *arena, struct str uri,
                       struct error *err)
{
    while (uri.len > 0 && uri.ptr[uri.len - 1] == '/')
        uri.len--;
    return arena_printf(arena, &r->base, err, "%.*s/v1", STR_ARG(uri));
}

/* The prefix is a part of a path, escaped already: another "%" would be one too many. */
static status set_paths(struct rest_catalog *r, struct arena *arena, struct error *err)
{
    struct str prefix = catalog_rest_property(r, "prefix");
    struct str separator = catalog_rest_property(r, "namespace-separator");
    const struct str parts[] = {prefix, separator};
    for (size_t k = 0; k < ARRAY_LEN(parts); k++)
        for (size_t i = 0; i < parts[k].len; i++)
            if (parts[k].ptr[i] <= ' ' || parts[k].ptr[i] >= 0x7F || parts[k].ptr[i] == '?' ||
                parts[k].ptr[i] == '#')
                FAIL(err, ST_CORRUPT, "the server's %s cannot stand in a URL",
                     k == 0 ? "prefix" : "namespace-separator");
    r->separator = separator.len ? separator : STR("%1F");
    r->page_size = catalog_rest_property(r, "rest-page-size");
    for (size_t i = 0; i < r->page_size.len; i++)
        if (r->page_size.ptr[i] < '0' || r->page_size.ptr[i] > '9')
            FAIL(err, ST_USAGE, "rest-page-size is not a number");
    return arena_printf(arena, &r->paths, err, "%.*s%s%.*s", STR_ARG(r->base),
                        prefix.len ? "/" : "", STR_ARG(prefix));
}

/* defaults < own < overrides: property_get takes the last. */
static status merge(struct catalog *c, const struct catalog_config *own,
                    const struct rest_config *server, struct error *err)
{
    struct rest_catalog *r = c->self;
    TRY(ARENA_ARRAY(&c->arena, struct property,
                    server->default_count + own->property_count + server->override_count,
                    &r->properties, err));
    r->property_count = 0;
    TRY(add_properties(r, &c->arena, server->defaults, server->default_count, err));
    TRY(add_properties(r, &c->arena, own->properties, own->property_count, err));
    return add_properties(r, &c->arena, server->overrides, server->override_count, err);
}

static status ask_config(struct catalog *c, struct rest_config *out, struct error *err)
{
    struct rest_catalog *r = c->self;
    struct rest_answer a;
    struct rest_call call = {
        .method = "GET", .repeatable = true, .what = STR("asking for the catalog's configuration")};
    struct str warehouse;
    TRY(net_escape(c->warehouse, false, &c->arena, &warehouse, err));
    TRY(arena_printf(&c->arena, &call.url, err, "%.*s/config%s%.*s", STR_ARG(r->base),
                     warehouse.len ? "?warehouse=" : "", STR_ARG(warehouse)));
    status st = catalog_rest_call(r, &call, &a, err);
    if (st == ST_OK && !catalog_rest_ok(&a))
        st = catalog_rest_fail(&call, &a, err);
    else if (st == ST_OK)
        st = catalog_rest_read_config(a.doc.root, &c->arena, out, err);
    catalog_rest_answer_free(&a);
    TRY_CONTEXT(st, err, "%.*s", STR_ARG(call.what));
    return ST_OK;
}

static bool any_storage(const struct property *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (catalog_rest_is_storage(p[i].key))
            return true;
    return false;
}

static status configure(struct catalog *c, const struct catalog_config *config, struct error *err)
{
    struct rest_catalog *r = c->self;
    struct rest_config server = {0};
    struct arena *a = &c->arena;
    TRY(merge(c, config, &server, err));
    TRY(check_properties(r, err));
    TRY(set_base(r, a, c->uri, err));
    TRY(set_headers(r, a, err));
    TRY(set_token(r, a, err));
    TRY(ask_config(c, &server, err));
    TRY(merge(c, config, &server, err));
    TRY(check_properties(r, err));
    struct str uri = catalog_rest_property(r, "uri");
    TRY(set_base(r, a, uri.len ? uri : c->uri, err));
    TRY(set_headers(r, a, err));
    TRY(set_token(r, a, err));
    TRY(set_paths(r, a, err));
    r->has_transactions = server.has_transactions || !server.has_endpoints;
    r->has_views = server.has_views;
    r->has_storage = any_storage(server.defaults, server.default_count) ||
                     any_storage(server.overrides, server.override_count);
    c->kind = &rest_kinds[r->has_transactions];
    c->warehouse = catalog_rest_property(r, "warehouse");
    if (c->warehouse.len == 0)
        c->warehouse = STR("of the server");
    return ST_OK;
}

status catalog_rest_open(struct catalog *c, const struct catalog_config *config, bool create,
                         struct error *err)
{
    struct rest_catalog *r;
    if (c->uri.len == 0)
        FAIL(err, ST_USAGE, "catalog \"%.*s\" needs uri", STR_ARG(c->name));
    TRY(mem_calloc(NULL, sizeof(*r), (void **)&r, err));
    c->kind = &rest_kinds[false];
    c->self = r;
    c->about = STR("Iceberg REST");
    struct net_config net = {
        .ca_file = property_get(config->properties, config->property_count, "ssl.cabundle"),
        .ca_key = "ssl.cabundle",
        .total_ms = c->busy_ms};
    TRY(net_client_open(&net, &r->firm, err));
    net.cancel = config->cancel;
    TRY(net_client_open(&net, &r->net, err));
    TRY_CONTEXT(configure(c, config, err), err, "catalog %.*s", STR_ARG(c->name));
    return ST_OK;
}
