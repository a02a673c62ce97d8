// SPDX-License-Identifier: Apache-2.0
/* catalog_rest_http.c - one request of the REST catalog, its URL, its reply as JSON. */
#include "catalog/catalog_rest_int.h"

#define REPLY_BYTES ((size_t)512 << 20) /* a table's metadata */

/* ---- URLs ------------------------------------------------------------------------------------ */

/* A level after the other, each escaped, the separator between them. */
static status put_levels(const struct rest_catalog *r, struct str space, struct arena *arena,
                         struct buffer *url, struct error *err)
{
    for (size_t from = 0; from <= space.len;) {
        const char *dot = space.len > from ? memchr(space.ptr + from, '.', space.len - from) : NULL;
        size_t end = dot ? (size_t)(dot - space.ptr) : space.len;
        struct str level;
        TRY(net_escape((struct str){space.ptr + from, end - from}, false, arena, &level, err));
        if (from > 0)
            TRY(buffer_append_str(url, r->separator, err));
        TRY(buffer_append_str(url, level, err));
        from = end + 1;
    }
    return ST_OK;
}

static status put_url(const struct rest_catalog *r, struct catalog_name name, const char *part,
                      struct arena *arena, struct buffer *url, struct error *err)
{
    struct str table;
    TRY(buffer_append_str(url, r->paths, err));
    TRY(buffer_append_str(url, STR("/namespaces"), err));
    if (name.space.len == 0)
        return ST_OK;
    TRY(buffer_append_byte(url, '/', err));
    TRY(put_levels(r, name.space, arena, url, err));
    if (!part)
        return ST_OK;
    TRY(buffer_printf(url, err, "/%s", part));
    if (name.table.len == 0)
        return ST_OK;
    TRY(net_escape(name.table, false, arena, &table, err));
    TRY(buffer_append_byte(url, '/', err));
    return buffer_append_str(url, table, err);
}

status catalog_rest_url(const struct rest_catalog *r, struct catalog_name name, const char *part,
                        struct arena *arena, struct str *out, struct error *err)
{
    struct buffer url;
    buffer_init(&url, NULL, (size_t)64 << 10);
    status st = put_url(r, name, part, arena, &url, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&url), out, err);
    buffer_free(&url);
    return st;
}

status catalog_rest_put_space(struct buffer *out, struct str space, struct error *err)
{
    TRY(jsontext_put_open(out, "namespace", '[', err));
    for (size_t from = 0; from <= space.len;) {
        const char *dot = space.len > from ? memchr(space.ptr + from, '.', space.len - from) : NULL;
        size_t end = dot ? (size_t)(dot - space.ptr) : space.len;
        TRY(jsontext_put_str(out, NULL, (struct str){space.ptr + from, end - from}, err));
        from = end + 1;
    }
    return jsontext_put_close(out, ']', err);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static status all_headers(const struct rest_catalog *r, const struct rest_call *call,
                          struct arena *arena, struct net_request *out, struct error *err)
{
    struct property *h;
    size_t n = 0;
    TRY(ARENA_ARRAY(arena, struct property, r->header_count + 3, &h, err));
    h[n++] = (struct property){STR("Accept"), STR("application/json")};
    if (call->body.len > 0)
        h[n++] = (struct property){STR("Content-Type"), STR("application/json")};
    if (call->etag.len > 0)
        h[n++] = (struct property){STR("If-None-Match"), call->etag};
    for (size_t i = 0; i < r->header_count; i++)
        h[n++] = r->headers[i];
    out->headers = h;
    out->header_count = n;
    return ST_OK;
}

/* Replies hold credentials, which a parser's words may quote, so it has none. */
static status read_body(struct rest_answer *a, struct error *err)
{
    struct buffer *body = &a->reply.body;
    if (!catalog_rest_ok(a)) {
        catalog_rest_read_error(body, &a->arena, &a->error_type, &a->error_message);
        return ST_OK;
    }
    if (body->len == 0)
        return ST_OK;
    status st = jsontext_doc_parse(&a->doc, NULL, body->data, body->len, NULL);
    if (st == ST_CORRUPT)
        FAIL(err, st, "the server's reply of %zu bytes is not JSON", body->len);
    if (st != ST_OK)
        FAIL(err, st, "no memory for the server's reply of %zu bytes", body->len);
    if (!json_is_object(a->doc.root))
        FAIL(err, ST_CORRUPT, "the server's reply is not a JSON object");
    buffer_free(body);
    return ST_OK;
}

static status send_call(struct rest_catalog *r, const struct rest_call *call,
                        struct rest_answer *out, struct error *err)
{
    struct net_request request = {
        .method = call->method,
        .url = call->url,
        .body = call->body.len ? call->body.ptr : NULL,
        .body_bytes = call->body.len,
        .max_reply = REPLY_BYTES,
        .repeatable = call->repeatable,
    };
    catalog_token_put(r->token, &request);
    out->shown = r->token;
    TRY(all_headers(r, call, &out->arena, &request, err));
    TRY(net_send(call->firm ? r->firm : r->net, &request, &out->arena, &out->reply, err));
    TRY_CONTEXT(read_body(out, err), err,
                "the reply of %.*s; is uri right, does a proxy ask for a login?",
                STR_ARG(r->paths.len ? r->paths : r->base));
    catalog_token_hide(&request, &out->arena, &out->error_message);
    return ST_OK;
}

status catalog_rest_call(struct rest_catalog *r, const struct rest_call *call,
                         struct rest_answer *out, struct error *err)
{
    *out = (struct rest_answer){0};
    arena_init(&out->arena, NULL);
    buffer_init(&out->reply.body, NULL, REPLY_BYTES);
    TRY_CONTEXT(send_call(r, call, out, err), err, "%.*s", STR_ARG(call->what));
    return ST_OK;
}

void catalog_rest_answer_free(struct rest_answer *a)
{
    jsontext_doc_free(&a->doc);
    buffer_free(&a->reply.body);
    arena_free(&a->arena);
}

status catalog_rest_fail(const struct rest_call *call, const struct rest_answer *a,
                         struct error *err)
{
    char what[256];
    struct net_request request = {
        .method = call->method, .url = call->url, .repeatable = call->repeatable};
    size_t n = call->what.len < sizeof(what) - 1 ? call->what.len : sizeof(what) - 1;
    if (n > 0)
        memcpy(what, call->what.ptr, n);
    what[n] = 0;
    status st = net_fail(err, &request, &a->reply, what, a->error_message);
    if (st == ST_AUTH)
        catalog_token_explain(a->shown, "token or credential", err);
    return st;
}
