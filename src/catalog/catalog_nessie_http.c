// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_http.c - one request to a Nessie server and its reply as JSON.
 *
 * The server's own words (the member "message" of an error) are part of our messages; request
 * bodies, headers and queries never are (N3 of net.h). */
#include "catalog/catalog_nessie_int.h"

#include "net/net.h"

#define REPLY_BYTES ((size_t)64 << 20)

status catalog_nessie_path(struct str ref, struct str hash, struct arena *arena, struct str *out,
                           struct error *err)
{
    struct str name;
    TRY(net_escape(ref, false, arena, &name, err));
    return arena_printf(arena, out, err, "trees/%.*s%s%.*s", STR_ARG(name), hash.len ? "%40" : "",
                        STR_ARG(hash));
}

/* An error's body may come from a proxy and be no JSON: then it says nothing. */
static status take_body(struct nessie_reply *out, struct error *err)
{
    struct str body = buffer_str(&out->http.body);
    bool good = out->http.status == 200;
    if (!good && body.len == 0)
        return ST_OK;
    status st = jsontext_doc_parse(&out->doc, NULL, body.ptr, body.len, good ? err : NULL);
    if (st == ST_OK && json_is_object(out->doc.root))
        return ST_OK;
    if (st == ST_OK)
        jsontext_doc_free(&out->doc);
    out->doc.root = NULL;
    if (st == ST_OOM)
        FAIL(err, ST_OOM, "out of memory for a reply");
    if (good && st == ST_OK)
        FAIL(err, ST_CORRUPT, "expected a JSON object");
    return good ? st : ST_OK;
}

status catalog_nessie_send(struct catalog *c, const struct nessie_request *r, struct arena *arena,
                           struct nessie_reply *out, struct error *err)
{
    static const struct property headers[] = {
        {{"Accept", 6}, {"application/json", 16}},
        {{"Nessie-Client-Spec", 18}, {"2", 1}}, /* else a conflict's details are left out */
        {{"Content-Type", 12}, {"application/json", 16}},
    };
    struct nessie_catalog *n = c->self;
    *out = (struct nessie_reply){0};
    buffer_init(&out->http.body, NULL, REPLY_BYTES);
    out->sent = (struct net_request){.method = r->method,
                                     .header_count = ARRAY_LEN(headers) - (r->body.ptr == NULL),
                                     .headers = headers,
                                     .body = r->body.ptr,
                                     .body_bytes = r->body.len,
                                     .max_reply = REPLY_BYTES,
                                     .repeatable = r->repeatable};
    catalog_token_put(n->token, &out->sent);
    TRY(arena_printf(arena, &out->sent.url, err, "%.*s/%.*s", STR_ARG(n->base), STR_ARG(r->path)));
    TRY_CONTEXT(net_send(r->firm ? n->firm : n->net, &out->sent, arena, &out->http, err), err, "%s",
                r->what);
    TRY_CONTEXT(take_body(out, err), err, "%s: the reply of %.*s", r->what, STR_ARG(n->base));
    return ST_OK;
}

void catalog_nessie_reply_free(struct nessie_reply *r)
{
    if (r->doc.root)
        jsontext_doc_free(&r->doc);
    r->doc.root = NULL;
    buffer_free(&r->http.body);
}

status catalog_nessie_problem(const struct nessie_reply *reply, struct arena *arena,
                              struct nessie_problem *out, struct error *err)
{
    TRY(catalog_nessie_parse_problem(reply->doc.root, arena, out, err));
    catalog_token_hide(&reply->sent, arena, &out->message);
    for (size_t i = 0; i < out->conflict_count; i++)
        catalog_token_hide(&reply->sent, arena, &out->conflicts[i].message);
    return ST_OK;
}

status catalog_nessie_fail(const struct nessie_reply *reply, const char *what, struct arena *arena,
                           struct error *err)
{
    struct nessie_problem problem;
    TRY(catalog_nessie_problem(reply, arena, &problem, err));
    status st = net_fail(err, &reply->sent, &reply->http, what, problem.message);
    if (st == ST_AUTH)
        catalog_token_explain(reply->sent.sign_self, "authentication.type", err);
    return st;
}

status catalog_nessie_get(struct catalog *c, const struct nessie_request *r, struct arena *arena,
                          struct nessie_reply *out, struct error *err)
{
    TRY(catalog_nessie_send(c, r, arena, out, err));
    return out->http.status == 200 ? ST_OK : catalog_nessie_fail(out, r->what, arena, err);
}
