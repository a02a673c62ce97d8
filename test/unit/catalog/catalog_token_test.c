// SPDX-License-Identifier: Apache-2.0
/* catalog_token_test.c - what requests show: passwords, bearer tokens, OAuth2 client credentials. */
#include "catalog/catalog_token_int.h"
#include "harness/http_server.h"
#include "harness/test.h"

#include <stdlib.h>
#include <string.h>

static struct error err;

#define REPLY(status, body) "HTTP/1.1 " status "\r\nContent-Length: " body

struct world {
    struct http_server *server;
    struct net_client *net;
    struct catalog_token *token;
    struct arena arena;
    struct net_reply reply;
};

static bool holds(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void begin(struct world *w, const struct http_answer *answers, size_t count,
                  struct catalog_token_config config)
{
    unsetenv("http_proxy");
    *w = (struct world){.server = http_server_script(answers, count)};
    if (config.client_id.len > 0)
        config.endpoint = http_server_url(w->server, "/token");
    CHECK_OK(net_client_open(&(struct net_config){.total_ms = 5000}, &w->net, &err));
    CHECK_OK(catalog_token_open(&config, w->net, &w->token, &err));
    arena_init(&w->arena, NULL);
    buffer_init(&w->reply.body, NULL, SIZE_MAX);
}

static void end(struct world *w)
{
    buffer_free(&w->reply.body);
    arena_free(&w->arena);
    catalog_token_close(w->token);
    net_client_close(w->net);
    http_server_stop(w->server);
}

static status get(struct world *w)
{
    struct net_request r = {
        .method = "GET", .url = http_server_url(w->server, "/x"), .repeatable = true};
    catalog_token_put(w->token, &r);
    error_init(&err);
    return net_send(w->net, &r, &w->arena, &w->reply, &err);
}

static const struct http_answer fine[] = {{.reply = REPLY("200 OK", "2\r\n\r\nok")}};

TEST(given_ones)
{
    struct world w;
    begin(&w, fine, 1, (struct catalog_token_config){.token = STR("abc.def")});
    CHECK_OK(get(&w));
    CHECK(holds(http_server_request(w.server, 0), "\r\nAuthorization: Bearer abc.def\r\n"));
    end(&w);
    begin(&w, fine, 1,
          (struct catalog_token_config){.user = STR("Aladdin"), .password = STR("open sesame")});
    CHECK_OK(get(&w));
    CHECK(holds(http_server_request(w.server, 0),
                "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n")); /* RFC 7617 */
    end(&w);
}

TEST(a_given_one_that_is_refused)
{
    static const struct http_answer no[] = {{.reply = REPLY("401 No", "0\r\n\r\n")}};
    struct world w;
    begin(&w, no, 1, (struct catalog_token_config){.token = STR("abc")});
    CHECK_OK(get(&w));
    CHECK_INT(w.reply.status, 401);
    CHECK_INT(http_server_requests(w.server), 1);
    end(&w);
}

TEST(bad_bytes)
{
    struct catalog_token *t;
    struct catalog_token_config c = {.token = STR("a\r\nX-Evil: 1")};
    CHECK_INT(catalog_token_open(&c, NULL, &t, &err), ST_AUTH);
    CHECK(!holds(str_of(err.msg), "Evil"));
}

static const struct catalog_token_config client = {.client_id = {"me", 2},
                                                   .client_secret = {"s3&cret", 7},
                                                   .scope = {"catalog", 7},
                                                   .in_body = true};
#define TOKEN(text, life)                                                                          \
    "{\"access_token\":\"" text "\",\"token_type\":\"bearer\",\"expires_in\":" life "}"

TEST(client_credentials)
{
    static const struct http_answer answers[] = {
        {.reply = REPLY("200 OK", "62\r\n\r\n") TOKEN("t-1", "3600")},
        {.reply = REPLY("200 OK", "2\r\n\r\nok")},
        {.reply = REPLY("200 OK", "2\r\n\r\nok")},
        {.reply = REPLY("401 No", "0\r\n\r\n")},
        {.reply = REPLY("200 OK", "62\r\n\r\n") TOKEN("t-2", "3600")},
        {.reply = REPLY("200 OK", "2\r\n\r\nok")}};
    struct world w;
    begin(&w, answers, 6, client);
    CHECK_OK(get(&w));
    struct str form = http_server_request(w.server, 0);
    CHECK(str_starts(form, STR("POST /token ")));
    CHECK(str_ends(form, STR("\r\n\r\ngrant_type=client_credentials&scope=catalog&client_id=me&"
                             "client_secret=s3%26cret")));
    CHECK(holds(http_server_request(w.server, 1), "Authorization: Bearer t-1\r\n"));
    CHECK_OK(get(&w));
    CHECK(holds(http_server_request(w.server, 2), "Authorization: Bearer t-1\r\n"));
    CHECK_OK(get(&w)); /* refused once: a new token, sent again */
    CHECK_INT(w.reply.status, 200);
    CHECK(holds(http_server_request(w.server, 5), "Authorization: Bearer t-2\r\n"));
    end(&w);
}

TEST(the_secret_as_basic)
{
    static const struct http_answer answers[] = {
        {.reply = REPLY("200 OK", "62\r\n\r\n") TOKEN("t-1", "3600")},
        {.reply = REPLY("200 OK", "2\r\n\r\nok")}};
    struct catalog_token_config c = client;
    struct world w;
    c.in_body = false;
    begin(&w, answers, 2, c);
    CHECK_OK(get(&w));
    CHECK(holds(http_server_request(w.server, 0), "Authorization: Basic bWU6czMlMjZjcmV0\r\n"));
    CHECK(!holds(http_server_request(w.server, 0), "client_secret"));
    end(&w);
}

TEST(a_token_server_that_refuses)
{
    static const struct {
        const char *reply;
        status want;
    } cases[] = {
        {REPLY("401 No", "23\r\n\r\n{\"echo\":\"s3&cret, s3%26\"}"), ST_AUTH},
        {REPLY("400 No", "25\r\n\r\n{\"error\":\"invalid_client\"}"), ST_AUTH},
        {REPLY("404 No", "0\r\n\r\n"), ST_NOT_FOUND},
        {REPLY("200 OK", "2\r\n\r\n[]"), ST_CORRUPT},
        {REPLY("200 OK", "2\r\n\r\n{}"), ST_CORRUPT},
        {REPLY("200 OK", "1\r\n\r\n{"), ST_CORRUPT},
        {REPLY("200 OK", "24\r\n\r\n{\"access_token\":\"a\\nb\"} "), ST_AUTH},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_answer a = {.reply = cases[i].reply};
        struct world w;
        begin(&w, &a, 1, client);
        CHECK_INT(get(&w), cases[i].want);
        CHECK(!holds(str_of(err.msg), "s3"));
        end(&w);
    }
}
