// SPDX-License-Identifier: Apache-2.0
/* catalog_token.c - see catalog_token_int.h.
 *
 *     sign:   no token, or it ends soon -> POST to the endpoint -> "Authorization: Bearer ..."
 *     renew:  the server refused it (401) -> another one, once a request
 *
 * Given credentials are shown as they are and never renewed. */
#include "catalog/catalog_token_int.h"

#include "base/clock.h"
#include "base/jsontext.h"
#include "base/secret.h"

#define REPLY_BYTES ((size_t)256 << 10)
#define TOKEN_BYTES ((size_t)64 << 10)
/* A token is used up to this share of its life. */
#define LIFE_USED 0.8

struct catalog_token {
    struct net_client *net; /* borrowed */
    struct arena arena;
    struct catalog_token_config config; /* texts in <arena> */
    struct buffer header;               /* "Bearer ..." or "Basic ..."; empty = not yet asked for */
    int64_t until_us;                   /* monotonic; 0 = does not end */
};

/* ---- texts ----------------------------------------------------------------------------------- */

static status put_base64(struct buffer *out, struct str text, struct error *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < text.len; i += 3) {
        const unsigned char *p = (const unsigned char *)text.ptr + i;
        size_t n = text.len - i < 3 ? text.len - i : 3;
        uint32_t bits = (uint32_t)p[0] << 16;
        bits |= n > 1 ? (uint32_t)p[1] << 8 : 0;
        bits |= n > 2 ? p[2] : 0;
        const char four[] = {digits[bits >> 18], digits[bits >> 12 & 63],
                             n > 1 ? digits[bits >> 6 & 63] : '=', n > 2 ? digits[bits & 63] : '='};
        TRY(buffer_append(out, four, sizeof(four), err));
    }
    return ST_OK;
}

static status put_basic(struct buffer *out, struct str user, struct str password,
                        struct arena *arena, struct error *err)
{
    struct str pair;
    TRY(arena_printf(arena, &pair, err, "%.*s:%.*s", STR_ARG(user), STR_ARG(password)));
    TRY(buffer_append_str(out, STR("Basic "), err));
    return put_base64(out, pair, err);
}

/* It stands in a line of a request's head. */
static status check_token(struct str token, struct error *err)
{
    for (size_t i = 0; i < token.len; i++)
        if ((unsigned char)token.ptr[i] <= ' ' || (unsigned char)token.ptr[i] >= 0x7F)
            FAIL(err, ST_AUTH, "a token must be printable ASCII without blanks");
    return ST_OK;
}

static status put_bearer(struct buffer *out, struct str token, struct error *err)
{
    TRY(check_token(token, err));
    TRY(buffer_append_str(out, STR("Bearer "), err));
    return buffer_append_str(out, token, err);
}

/* ---- open and close -------------------------------------------------------------------------- */

static status copy_config(struct catalog_token *t, const struct catalog_token_config *c,
                          struct error *err)
{
    struct arena *a = &t->arena;
    t->config = *c;
    TRY(arena_str(a, c->endpoint, &t->config.endpoint, err));
    TRY(arena_str(a, c->client_id, &t->config.client_id, err));
    TRY(arena_str(a, c->client_secret, &t->config.client_secret, err));
    TRY(arena_str(a, c->scope, &t->config.scope, err));
    TRY(arena_str(a, c->audience, &t->config.audience, err));
    TRY(arena_str(a, c->resource, &t->config.resource, err));
    if (c->user.len > 0)
        return put_basic(&t->header, c->user, c->password, a, err);
    return c->token.len > 0 ? put_bearer(&t->header, c->token, err) : ST_OK;
}

status catalog_token_open(const struct catalog_token_config *config, struct net_client *net,
                          struct catalog_token **out, struct error *err)
{
    struct catalog_token *t;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(*t), (void **)&t, err));
    t->net = net;
    arena_init(&t->arena, NULL);
    buffer_init(&t->header, NULL, TOKEN_BYTES);
    status st = copy_config(t, config, err);
    if (st != ST_OK) {
        catalog_token_close(t);
        return st;
    }
    *out = t;
    return ST_OK;
}

void catalog_token_close(struct catalog_token *t)
{
    if (!t)
        return;
    buffer_free(&t->header);
    arena_free(&t->arena);
    mem_free(NULL, t, sizeof(*t));
}

/* ---- OAuth2 ---------------------------------------------------------------------------------- */

static status put_field(struct buffer *out, const char *name, struct str value, struct arena *arena,
                        struct error *err)
{
    struct str escaped;
    if (value.len == 0)
        return ST_OK;
    TRY(net_escape(value, false, arena, &escaped, err));
    TRY(buffer_printf(out, err, "%s%s=", out->len ? "&" : "", name));
    return buffer_append_str(out, escaped, err);
}

/* Section 4.4.2; the client shows who it is by section 2.3.1. */
static status form(struct catalog_token *t, struct arena *arena, struct buffer *body,
                   struct buffer *basic, struct error *err)
{
    const struct catalog_token_config *c = &t->config;
    TRY(put_field(body, "grant_type", STR("client_credentials"), arena, err));
    TRY(put_field(body, "scope", c->scope, arena, err));
    TRY(put_field(body, "audience", c->audience, arena, err));
    TRY(put_field(body, "resource", c->resource, arena, err));
    if (c->in_body) {
        TRY(put_field(body, "client_id", c->client_id, arena, err));
        return put_field(body, "client_secret", c->client_secret, arena, err);
    }
    struct str id, secret;
    TRY(net_escape(c->client_id, false, arena, &id, err));
    TRY(net_escape(c->client_secret, false, arena, &secret, err));
    return put_basic(basic, id, secret, arena, err);
}

/* Section 5.1. */
static status take_token(struct catalog_token *t, struct str text, struct arena *arena,
                         struct error *err)
{
    struct jsontext_doc doc;
    struct str token = {0};
    int64_t seconds = 0;
    /* A parser's own words may quote the text. */
    if (jsontext_doc_parse(&doc, NULL, text.ptr, text.len, NULL) != ST_OK)
        FAIL(err, ST_CORRUPT, "the token server's reply of %zu bytes is not JSON", text.len);
    status st = jsontext_get_str(arena, doc.root, "access_token", &token, err);
    if (st == ST_OK)
        st = jsontext_get_long_or(doc.root, "expires_in", 0, &seconds, err);
    jsontext_doc_free(&doc);
    TRY_CONTEXT(st, err, "the token server's reply");
    buffer_clear(&t->header);
    t->until_us = 0;
    if (seconds > 0 && seconds < INT32_MAX)
        t->until_us = clock_monotonic_us() + (int64_t)((double)seconds * 1e6 * LIFE_USED);
    return put_bearer(&t->header, token, err);
}

/* Sends the form; `basic` may be empty. */
static status ask(struct catalog_token *t, const struct buffer *body, const struct buffer *basic,
                  struct arena *arena, struct net_reply *reply, struct error *err)
{
    const struct property headers[] = {
        {STR("Content-Type"), STR("application/x-www-form-urlencoded")},
        {STR("Accept"), STR("application/json")},
        {STR("Authorization"), buffer_str(basic)},
    };
    struct net_request r = {.method = "POST",
                            .url = t->config.endpoint,
                            .header_count = ARRAY_LEN(headers) - (basic->len == 0),
                            .headers = headers,
                            .body = body->data,
                            .body_bytes = body->len,
                            .max_reply = REPLY_BYTES,
                            .repeatable = true};
    TRY(net_send(t->net, &r, arena, reply, err));
    if (reply->status == 400 ||
        reply->status == 401) /* section 5.2: its words may quote the form */
        FAIL(err, ST_AUTH, "the token server refused these client credentials");
    if (reply->status != 200)
        return net_fail(err, &r, reply, "asking for a token", (struct str){0});
    return take_token(t, buffer_str(&reply->body), arena, err);
}

static status fetch(struct catalog_token *t, struct error *err)
{
    struct arena arena;
    struct buffer body, basic;
    struct net_reply reply = {0};
    arena_init(&arena, NULL);
    buffer_init(&body, NULL, TOKEN_BYTES);
    buffer_init(&basic, NULL, TOKEN_BYTES);
    buffer_init(&reply.body, NULL, REPLY_BYTES);
    status st = form(t, &arena, &body, &basic, err);
    if (st == ST_OK)
        st = ask(t, &body, &basic, &arena, &reply, err);
    buffer_free(&reply.body);
    buffer_free(&basic);
    buffer_free(&body);
    arena_free(&arena);
    return st;
}

/* ---- for requests ---------------------------------------------------------------------------- */

static status sign(void *self, const struct net_request *r, struct arena *arena,
                   struct property **out, size_t *count, struct error *err)
{
    struct catalog_token *t = self;
    bool ended = t->until_us && clock_monotonic_us() > t->until_us;
    if (t->header.len == 0 || ended)
        TRY(fetch(t, err));
    TRY(ARENA_NEW(arena, struct property, out, err));
    (*out)->key = STR("Authorization");
    *count = 1;
    return arena_str(arena, buffer_str(&t->header), &(*out)->value, err);
}

static status renew(void *self, struct error *err)
{
    return fetch(self, err);
}

void catalog_token_put(struct catalog_token *t, struct net_request *r)
{
    if (!t)
        return;
    r->sign_self = t;
    r->sign = sign;
    r->renew = t->config.endpoint.len > 0 ? renew : NULL; /* else the 401 is the answer */
}

void catalog_token_explain(const struct catalog_token *t, const char *keys, struct error *err)
{
    if (!t)
        error_context(err, "no credentials were shown, set %s", keys);
    else if (t->config.endpoint.len > 0)
        error_context(err, "a token of the configured OAuth2 server was shown");
    else
        error_context(err, "the configured %s was shown",
                      t->config.user.len ? "password" : "token");
}

void catalog_token_hide(const struct net_request *r, struct arena *arena, struct str *words)
{
    const struct catalog_token *t = r->sign_self;
    struct str shown = t ? buffer_str(&t->header) : (struct str){0};
    const char *scheme = shown.len ? memchr(shown.ptr, ' ', shown.len) : NULL;
    char *text;
    if (!scheme || words->len == 0)
        return;
    size_t skip = (size_t)(scheme - shown.ptr) + 1; /* "Bearer " */
    shown = (struct str){shown.ptr + skip, shown.len - skip};
    if (arena_alloc(arena, words->len + 1, (void **)&text, NULL) != ST_OK) {
        *words = STR("");
        return;
    }
    memcpy(text, words->ptr, words->len);
    text[words->len] = 0;
    secret_scrub(text, &shown, 1);
    *words = str_of(text);
}
