// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie.c - type: nessie, a catalog with a history of its own, over its API v2.
 *
 *     ref: main          GET  trees/main                    the newest commit's hash, once a pin
 *     names              POST trees/main@<hash>/contents    location and ids of a table, or nothing
 *     a list             GET  trees/main@<hash>/entries     page by page
 *     a commit           catalog_nessie_commit.c
 *
 * A pin is a reference and a hash: all reads carry both, so whatever others commit meanwhile, a
 * transaction sees one state (K2). What was asked once is kept, the absence of a table too.
 *
 * The content object, not the metadata file, says which schema, spec, sort order and snapshot are
 * current: the same file may be current on two branches in different states. Iceberg's NessieCatalog
 * reads it so.
 *
 * Published files are never deleted: a commit anywhere in the history may name them, on branches
 * and tags that firn does not know; what no reference needs is for Nessie's own collector. */
#include "catalog/catalog_nessie_int.h"

#include "base/random.h"

#include <stdlib.h>

#define PAGES_MOST 10000
#define NAMES_MOST 1000000
#define KEYS_MOST  100 /* in one request */

/* ---- what stands at a key -------------------------------------------------------------------- */

static const struct nessie_content *find(const struct nessie_content *x, struct catalog_name name)
{
    while (x && !(str_eq(x->name.space, name.space) && str_eq(x->name.table, name.table)))
        x = x->next;
    return x;
}

/* All of a list in one request; they are kept from then on. */
static status ask_contents(struct catalog_pin *p, struct nessie_content *list, struct error *err)
{
    struct nessie_pin *n = p->self;
    struct nessie_request r = {.method = "POST", .repeatable = true, .what = "looking up a name"};
    struct nessie_reply reply;
    struct nessie_content *last = list;
    struct buffer body;
    TRY(arena_printf(&p->arena, &r.path, err, "%.*s/contents", STR_ARG(n->path)));
    buffer_init(&body, NULL, (size_t)1 << 20);
    status st = jsontext_put_open(&body, NULL, '{', err);
    if (st == ST_OK)
        st = jsontext_put_open(&body, "requestedKeys", '[', err);
    for (struct nessie_content *x = list; x && st == ST_OK; x = x->next)
        st = catalog_nessie_put_key(&body, NULL, x->name, err);
    if (st == ST_OK)
        st = buffer_append_str(&body, STR("]}"), err);
    r.body = buffer_str(&body);
    if (st == ST_OK) {
        st = catalog_nessie_get(p->catalog, &r, &p->arena, &reply, err);
        for (struct nessie_content *x = list; x && st == ST_OK; x = x->next)
            st = catalog_nessie_parse_contents(reply.doc.root, x->name, &p->arena, x, err);
        catalog_nessie_reply_free(&reply);
    }
    buffer_free(&body);
    TRY_CONTEXT(st, err, "%.*s%s%.*s", STR_ARG(list->name.space), list->name.table.len ? "." : "",
                STR_ARG(list->name.table));
    while (last->next)
        last = last->next;
    last->next = n->contents;
    n->contents = list;
    return ST_OK;
}

static status nessie_expect(struct catalog_pin *p, const struct catalog_name *names, size_t count,
                            struct error *err)
{
    struct nessie_pin *n = p->self;
    struct nessie_content *list = NULL, *x;
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        if (find(n->contents, names[i]) || find(list, names[i]))
            continue;
        TRY(ARENA_NEW(&p->arena, struct nessie_content, &x, err));
        TRY(arena_str(&p->arena, names[i].space, &x->name.space, err));
        TRY(arena_str(&p->arena, names[i].table, &x->name.table, err));
        x->next = list;
        list = x;
        if (++asked == KEYS_MOST) {
            TRY(ask_contents(p, list, err));
            list = NULL;
            asked = 0;
        }
    }
    return list ? ask_contents(p, list, err) : ST_OK;
}

status catalog_nessie_content(struct catalog_pin *p, struct catalog_name name,
                              const struct nessie_content **out, struct error *err)
{
    struct nessie_pin *n = p->self;
    TRY(nessie_expect(p, &name, 1, err));
    *out = find(n->contents, name);
    return ST_OK;
}

static status nessie_space_exists(struct catalog_pin *p, struct str space, bool *out,
                                  struct error *err)
{
    const struct nessie_content *x;
    *out = false;
    if (space.len == 0)
        return ST_OK;
    TRY(catalog_nessie_content(p, (struct catalog_name){.space = space}, &x, err));
    *out = x->kind == NESSIE_SPACE;
    return ST_OK;
}

static status nessie_locate(struct catalog_pin *p, struct catalog_name name, struct str *out,
                            struct error *err)
{
    const struct nessie_content *x;
    TRY(catalog_nessie_content(p, name, &x, err));
    *out = x->kind == NESSIE_TABLE ? x->location : (struct str){0};
    if (x->kind == NESSIE_VIEW)
        return catalog_is_view(name, err);
    if (x->kind == NESSIE_SPACE)
        FAIL_SQL(err, ST_INVALID, "42809", 0, "\"%.*s.%.*s\" is a schema, not a table",
                 STR_ARG(name.space), STR_ARG(name.table));
    if (x->kind == NESSIE_FOREIGN)
        FAIL(err, ST_UNSUPPORTED, "%.*s.%.*s is no Iceberg table", STR_ARG(name.space),
             STR_ARG(name.table));
    return ST_OK;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static status one_page(struct catalog_pin *p, struct str filter, const struct str *space,
                       struct str *token, struct catalog_names *out, struct error *err)
{
    struct nessie_pin *n = p->self;
    struct nessie_request r = {.method = "GET", .repeatable = true, .what = "listing names"};
    struct nessie_reply reply;
    struct str escaped = {0};
    if (token->ptr)
        TRY(net_escape(*token, false, &p->arena, &escaped, err));
    TRY(arena_printf(&p->arena, &r.path, err, "%.*s/entries?filter=%.*s%s%.*s", STR_ARG(n->path),
                     STR_ARG(filter), token->ptr ? "&page-token=" : "", STR_ARG(escaped)));
    status st = catalog_nessie_get(p->catalog, &r, &p->arena, &reply, err);
    if (st == ST_OK)
        st = catalog_nessie_parse_entries(reply.doc.root, space, &p->arena, out, token, err);
    catalog_nessie_reply_free(&reply);
    return st;
}

/* `filter` is CEL, not yet escaped. */
static status list(struct catalog_pin *p, struct str filter, const struct str *space,
                   struct catalog_names *out, struct error *err)
{
    struct str token = {0};
    TRY(net_escape(filter, false, &p->arena, &filter, err));
    for (int pages = 0; pages < PAGES_MOST && out->count <= NAMES_MOST; pages++) {
        TRY(one_page(p, filter, space, &token, out, err));
        if (!token.ptr) {
            catalog_names_sort(out);
            return ST_OK;
        }
    }
    FAIL(err, ST_LIMIT, "the server lists more than %d pages or %d names", PAGES_MOST, NAMES_MOST);
}

static status nessie_spaces(struct catalog_pin *p, struct catalog_names *out, struct error *err)
{
    struct nessie_pin *n = p->self;
    if (!n->has_spaces)
        TRY(list(p, STR("entry.contentType == 'NAMESPACE'"), NULL, &n->spaces, err));
    n->has_spaces = true;
    *out = n->spaces;
    return ST_OK;
}

/* A text literal of CEL. */
static status quote(struct str text, struct arena *arena, struct str *out, struct error *err)
{
    char *p;
    size_t n = 0;
    TRY(arena_alloc(arena, 2 * text.len + 3, (void **)&p, err));
    p[n++] = '\'';
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
            p[n++] = '\\';
        p[n++] = text.ptr[i];
    }
    p[n++] = '\'';
    p[n] = 0;
    *out = (struct str){p, n};
    return ST_OK;
}

static status nessie_tables(struct catalog_pin *p, struct str space, struct catalog_names *out,
                            struct error *err)
{
    struct str filter, quoted;
    TRY(quote(space, &p->arena, &quoted, err));
    TRY(arena_printf(&p->arena, &filter, err,
                     "entry.contentType == 'ICEBERG_TABLE' && entry.namespace == %.*s",
                     STR_ARG(quoted)));
    return list(p, filter, &space, out, err);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static status missing_id(const char *what, int64_t id, struct str location, struct error *err)
{
    FAIL(err, ST_CORRUPT, "the catalog names %s %lld, which %.*s has not", what, (long long)id,
         STR_ARG(location));
}

static status set_main(struct iceberg_table *t, int64_t snapshot_id, struct arena *arena,
                       struct error *err)
{
    struct iceberg_ref *refs;
    t->current_snapshot_id = snapshot_id;
    for (size_t i = 0; i < t->ref_count; i++)
        if (str_eq(t->refs[i].name, STR("main"))) {
            t->refs[i].snapshot_id = snapshot_id;
            return ST_OK;
        }
    TRY(ARENA_ARRAY(arena, struct iceberg_ref, t->ref_count + 1, &refs, err));
    for (size_t i = 0; i < t->ref_count; i++)
        refs[i] = t->refs[i];
    refs[t->ref_count++] = (struct iceberg_ref){.name = STR("main"),
                                                .snapshot_id = snapshot_id,
                                                .max_ref_age_ms = -1,
                                                .max_snapshot_age_ms = -1,
                                                .min_snapshots = -1};
    t->refs = refs;
    return ST_OK;
}

/* What the content says is current; it leaves out (-1) what it does not know. */
static status force(struct iceberg_table *t, const struct nessie_content *x, struct arena *arena,
                    struct error *err)
{
    bool has_order = x->sort_order_id < 0;
    for (size_t i = 0; i < t->order_count; i++)
        has_order |= t->orders[i].id == x->sort_order_id;
    if (x->schema_id >= 0 && !iceberg_schema_by_id(t, x->schema_id))
        return missing_id("schema", x->schema_id, x->location, err);
    if (x->spec_id >= 0 && !iceberg_spec_by_id(t, x->spec_id))
        return missing_id("partition spec", x->spec_id, x->location, err);
    if (!has_order)
        return missing_id("sort order", x->sort_order_id, x->location, err);
    if (x->snapshot_id >= 0 && !iceberg_snapshot_by_id(t, x->snapshot_id))
        return missing_id("snapshot", x->snapshot_id, x->location, err);
    t->current_schema_id = x->schema_id >= 0 ? x->schema_id : t->current_schema_id;
    t->default_spec_id = x->spec_id >= 0 ? x->spec_id : t->default_spec_id;
    t->default_order_id = x->sort_order_id >= 0 ? x->sort_order_id : t->default_order_id;
    if (x->snapshot_id < 0 || x->snapshot_id == t->current_snapshot_id)
        return ST_OK;
    return set_main(t, x->snapshot_id, arena, err);
}

static status nessie_load(struct catalog_pin *p, struct catalog_name name, struct str location,
                          struct arena *arena, struct iceberg_table **out, struct error *err)
{
    const struct nessie_content *x;
    TRY(catalog_nessie_content(p, name, &x, err));
    TRY(iceberg_table_load(p->catalog->store, arena, location, out, err));
    return force(*out, x, arena, err);
}

/* "<warehouse>/<namespace>/<table>_<uuid>", or below the namespace's own location: as Iceberg's
 * NessieCatalog names it. */
static status nessie_table_location(struct catalog_pin *p, struct catalog_name name,
                                    struct arena *arena, struct str *out, struct error *err)
{
    const struct nessie_content *space;
    char uuid[37];
    TRY(random_uuid(uuid, err));
    TRY(catalog_nessie_content(p, (struct catalog_name){.space = name.space}, &space, err));
    struct str at = space->kind == NESSIE_SPACE ? space->location : (struct str){0};
    while (at.len > 1 && at.ptr[at.len - 1] == '/')
        at.len--;
    if (at.len == 0)
        TRY(arena_printf(arena, &at, err, "%.*s/%.*s", STR_ARG(p->catalog->warehouse),
                         STR_ARG(name.space)));
    return arena_printf(arena, out, err, "%.*s/%.*s_%s", STR_ARG(at), STR_ARG(name.table), uuid);
}

/* ---- pins ------------------------------------------------------------------------------------ */

status catalog_nessie_reference(struct catalog_pin *p, struct str ref, struct nessie_reference *out,
                                struct error *err)
{
    struct nessie_request r = {.method = "GET", .repeatable = true, .what = "reading a reference"};
    struct nessie_reply reply;
    TRY(catalog_nessie_path(ref.len ? ref : STR("-"), (struct str){0}, &p->arena, &r.path, err));
    status st = catalog_nessie_get(p->catalog, &r, &p->arena, &reply, err);
    if (st == ST_NOT_FOUND)
        error_sqlstate(err, "3D000");
    if (st == ST_OK)
        st = catalog_nessie_parse_reference(reply.doc.root, "reference", &p->arena, out, err);
    catalog_nessie_reply_free(&reply);
    TRY_CONTEXT(st, err, "reference %.*s", STR_ARG(ref.len ? ref : STR("of the default branch")));
    return ST_OK;
}

static status nessie_pin(struct catalog_pin *p, struct error *err)
{
    const struct nessie_catalog *c = p->catalog->self;
    struct nessie_pin *n;
    TRY(ARENA_NEW(&p->arena, struct nessie_pin, &n, err));
    p->self = n;
    if (c->ref.len > 0 || c->hash.len == 0)
        TRY(catalog_nessie_reference(p, c->ref, &n->at, err));
    n->writable = n->at.is_branch && c->hash.len == 0;
    if (c->hash.len > 0)
        n->at.hash = c->hash;
    return catalog_nessie_path(n->at.name, n->at.hash, &p->arena, &n->path, err);
}

static bool is_hash(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')))
            return false;
    return s.len == 64;
}

/* 404: there is none; 400: it cannot be a name. */
static status nessie_pin_at(struct catalog_pin *p, struct str ref, bool *found, struct error *err)
{
    struct nessie_pin *n;
    struct error why;
    error_init(&why);
    TRY(ARENA_NEW(&p->arena, struct nessie_pin, &n, err));
    p->self = n;
    if (is_hash(ref)) {
        TRY(arena_str(&p->arena, ref, &n->at.hash, err));
    } else {
        status st = ref.len > 0 ? catalog_nessie_reference(p, ref, &n->at, &why) : ST_NOT_FOUND;
        if (st == ST_NOT_FOUND || st == ST_INVALID)
            return ST_OK;
        if (st != ST_OK && err)
            *err = why;
        TRY(st);
    }
    *found = true;
    return catalog_nessie_path(n->at.name, n->at.hash, &p->arena, &n->path, err);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void nessie_close(struct catalog *c)
{
    struct nessie_catalog *n = c->self;
    if (!n)
        return;
    catalog_token_close(n->token);
    net_client_close(n->net);
    net_client_close(n->firm);
    mem_free(NULL, n, sizeof(*n));
}

static const struct catalog_kind nessie_kind = {
    .traits = {.many_tables = true, .keeps_files = true},
    .pin = nessie_pin,
    .pin_at = nessie_pin_at,
    .expect = nessie_expect,
    .space_exists = nessie_space_exists,
    .spaces = nessie_spaces,
    .tables = nessie_tables,
    .locate = nessie_locate,
    .load = nessie_load,
    .table_location = nessie_table_location,
    .commit = catalog_nessie_commit,
    .branch = catalog_nessie_branch,
    .was_published = catalog_nessie_was_published,
    .close = nessie_close,
};

/* A key as Iceberg's catalogs spell it, or as Nessie's own clients do, with "nessie." before it. */
static struct str option(const struct catalog_config *config, const char *key)
{
    struct str plain = property_get(config->properties, config->property_count, key);
    for (size_t i = config->property_count; !plain.ptr && i-- > 0;) {
        struct str full = config->properties[i].key;
        if (str_starts(full, STR("nessie.")) &&
            str_eq_z((struct str){full.ptr + 7, full.len - 7}, key))
            plain = config->properties[i].value;
    }
    return plain;
}

/* "id:secret" as the REST catalogs have it, or two keys as Nessie's client has them. */
static void client_credentials(const struct catalog_config *config, struct catalog_token_config *t)
{
    struct str both = option(config, "credential");
    const char *colon = both.len ? memchr(both.ptr, ':', both.len) : NULL;
    t->client_id = option(config, "authentication.oauth2.client-id");
    t->client_secret = option(config, "authentication.oauth2.client-secret");
    t->endpoint = option(config, "authentication.oauth2.token-endpoint");
    t->scope = option(config, "authentication.oauth2.client-scopes");
    if (colon && t->client_id.len == 0) {
        t->client_id = (struct str){both.ptr, (size_t)(colon - both.ptr)};
        t->client_secret = (struct str){colon + 1, both.len - t->client_id.len - 1};
    }
    if (t->endpoint.len == 0)
        t->endpoint = option(config, "oauth2-server-uri");
    if (t->scope.len == 0)
        t->scope = option(config, "scope");
}

static status bad_credentials(const struct catalog *c, const char *type, const char *keys,
                              struct error *err)
{
    FAIL(err, ST_USAGE, "catalog \"%.*s\": authentication.type %s needs %s", STR_ARG(c->name), type,
         keys);
}

/* What authentication.type asks for; without it what is there. */
static status open_token(struct catalog *c, const struct catalog_config *config, struct error *err)
{
    struct nessie_catalog *n = c->self;
    struct catalog_token_config all = {.user = option(config, "authentication.username"),
                                       .password = option(config, "authentication.password"),
                                       .token = option(config, "authentication.token")};
    struct catalog_token_config t = {0};
    struct str type = option(config, "authentication.type");
    if (all.token.len == 0)
        all.token = option(config, "token");
    client_credentials(config, &all);
    if (type.len == 0)
        type = all.token.len       ? STR("BEARER")
               : all.client_id.len ? STR("OAUTH2")
               : all.user.len      ? STR("BASIC")
                                   : STR("NONE");
    if (str_eq_nocase(type, STR("NONE")))
        return ST_OK;
    if (str_eq_nocase(type, STR("BEARER"))) {
        t.token = all.token;
        if (t.token.len == 0)
            return bad_credentials(c, "BEARER", "token", err);
    } else if (str_eq_nocase(type, STR("BASIC"))) {
        t.user = all.user;
        t.password = all.password;
        if (t.user.len == 0)
            return bad_credentials(c, "BASIC", "authentication.username", err);
    } else if (str_eq_nocase(type, STR("OAUTH2"))) {
        t = all;
        t.user = t.token = (struct str){0};
        if (t.endpoint.len == 0 || t.client_id.len == 0 || t.client_secret.len == 0)
            return bad_credentials(c, "OAUTH2",
                                   "authentication.oauth2.token-endpoint, client-id and "
                                   "client-secret",
                                   err);
    } else {
        FAIL(err, ST_UNSUPPORTED,
             "catalog \"%.*s\": authentication.type is NONE, BEARER, BASIC or OAUTH2",
             STR_ARG(c->name));
    }
    return catalog_token_open(&t, n->firm, &n->token, err);
}

/* The root of API v2; servers that have it serve v1 beside it. */
static status base_url(struct catalog *c, struct str *out, struct error *err)
{
    struct str uri = c->uri;
    while (uri.len > 0 && uri.ptr[uri.len - 1] == '/')
        uri.len--;
    if (!str_starts(uri, STR("http://")) && !str_starts(uri, STR("https://")))
        FAIL(err, ST_USAGE,
             "catalog \"%.*s\": the uri of a Nessie catalog is http(s)://host:port/api/v2",
             STR_ARG(c->name));
    if (memchr(uri.ptr, '@', uri.len) || memchr(uri.ptr, '?', uri.len)) /* it will be shown */
        FAIL(err, ST_USAGE, "catalog \"%.*s\": credentials have keys of their own, not the uri",
             STR_ARG(c->name));
    if (str_ends(uri, STR("/api/v1")) || str_ends(uri, STR("/api/v2")))
        return arena_printf(&c->arena, out, err, "%.*s/v2", (int)uri.len - 3, uri.ptr);
    FAIL(err, ST_USAGE, "catalog \"%.*s\": the uri of a Nessie catalog ends with /api/v2%s",
         STR_ARG(c->name),
         memmem(uri.ptr, uri.len, "/iceberg", 8) ? "; its Iceberg REST endpoint is type rest" : "");
}

/* "main", "main@<hash>" or "<hash>"; ref.hash beside it. */
static status take_reference(struct catalog *c, const struct catalog_config *config,
                             struct error *err)
{
    struct nessie_catalog *n = c->self;
    struct str ref = option(config, "ref"), hash = option(config, "ref.hash");
    const char *at = ref.len ? memchr(ref.ptr, '@', ref.len) : NULL;
    if (at) {
        hash = (struct str){at + 1, ref.len - (size_t)(at - ref.ptr) - 1};
        ref.len = (size_t)(at - ref.ptr);
    } else if (is_hash(ref)) {
        hash = ref;
        ref = (struct str){0};
    }
    if (hash.len > 0 && !is_hash(hash))
        FAIL(err, ST_USAGE, "catalog \"%.*s\": a hash has 64 hexadecimal digits, not \"%.*s\"",
             STR_ARG(c->name), STR_ARG(hash));
    TRY(arena_str(&c->arena, ref, &n->ref, err));
    return arena_str(&c->arena, hash, &n->hash, err);
}

status catalog_nessie_open(struct catalog *c, const struct catalog_config *config, bool create,
                           struct error *err)
{
    struct nessie_catalog *n;
    struct str ca_file = option(config, "ssl.cabundle");
    if (c->uri.len == 0 || c->warehouse.len == 0)
        FAIL(err, ST_USAGE, "catalog \"%.*s\" needs uri and warehouse", STR_ARG(c->name));
    TRY(mem_calloc(NULL, sizeof(*n), (void **)&n, err));
    c->kind = &nessie_kind;
    c->self = n;
    TRY(base_url(c, &n->base, err));
    TRY(take_reference(c, config, err));
    c->scope = n->ref;
    TRY(arena_printf(&c->arena, &c->about, err, "nessie %.*s%s%.*s at %.*s",
                     STR_ARG(n->ref.len || n->hash.len ? n->ref : STR("default branch")),
                     n->hash.len ? "@" : "", STR_ARG(n->hash), STR_ARG(n->base)));
    struct net_config net = {.ca_file = ca_file, .ca_key = "ssl.cabundle", .total_ms = c->busy_ms};
    TRY(net_client_open(&net, &n->firm, err));
    net.cancel = config->cancel;
    TRY(net_client_open(&net, &n->net, err));
    return open_token(c, config, err);
}
