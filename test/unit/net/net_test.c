// SPDX-License-Identifier: Apache-2.0
/* net_test.c - requests against a server that answers well and badly: the rules N1 to N4 of net.h.
 */
#include "harness/http_server.h"
#include "harness/test.h"
#include "net/net.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK_REPLY   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Thing:  one \r\n\r\nhello"
#define BUSY_REPLY "HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nbusy"

static struct error err;

struct world {
    struct http_server *server;
    struct net_client *client;
    struct arena arena;
    struct net_reply reply;
};

static void begin_with(struct world *w, const struct http_answer *answers, size_t count,
                       const struct net_config *config)
{
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    *w = (struct world){.server = http_server_script(answers, count)};
    CHECK_OK(net_client_open(config, &w->client, &err));
    arena_init(&w->arena, NULL);
    buffer_init(&w->reply.body, NULL, SIZE_MAX);
}

static void begin(struct world *w, const struct http_answer *answers, size_t count)
{
    begin_with(w, answers, count, &(struct net_config){0});
}

static void end(struct world *w)
{
    buffer_free(&w->reply.body);
    arena_free(&w->arena);
    net_client_close(w->client);
    http_server_stop(w->server);
}

static struct net_request get(const struct world *w, const char *path)
{
    return (struct net_request){
        .method = "GET", .url = http_server_url(w->server, path), .repeatable = true};
}

static struct net_request post(const struct world *w, const char *path)
{
    return (struct net_request){
        .method = "POST", .url = http_server_url(w->server, path), .body = "abc", .body_bytes = 3};
}

static status send_one(struct world *w, struct net_request r)
{
    return net_send(w->client, &r, &w->arena, &w->reply, &err);
}

static bool holds(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

TEST(plain)
{
    static const struct http_answer answers[] = {{.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 1);
    struct net_request r = get(&w, "/a/../b//c?key=1");
    struct property headers[] = {{STR("X-Mine"), STR("yes")}, {STR("X-Empty"), STR("")}};
    r.headers = headers;
    r.header_count = 2;
    CHECK_OK(send_one(&w, r));
    CHECK_INT(w.reply.status, 200);
    CHECK_INT(w.reply.tries, 1);
    CHECK_STR(buffer_str(&w.reply.body), "hello");
    CHECK_STR(net_header(&w.reply, "x-thing"), "one");
    CHECK(net_header(&w.reply, "x-other").ptr == NULL);
    struct str seen = http_server_request(w.server, 0);
    CHECK(str_starts(seen, STR("GET /a/../b//c?key=1 HTTP/1.1\r\n")));
    CHECK(holds(seen, "X-Mine: yes\r\n"));
    CHECK(holds(seen, "X-Empty:\r\n"));
    CHECK(holds(seen, "User-Agent: firn/"));
    end(&w);
}

TEST(connections_are_kept)
{
    static const struct http_answer answers[] = {{.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 1);
    for (int i = 0; i < 5; i++)
        CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(http_server_connections(w.server), 1);
    struct net_figures f;
    net_figures(w.client, &f);
    CHECK_INT(f.requests, 5);
    CHECK_INT(f.retries, 0);
    CHECK_INT(f.bytes_in, 25);
    end(&w);
}

TEST(bodies)
{
    static const struct http_answer answers[] = {{.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 1);
    struct net_request r = post(&w, "/p");
    CHECK_OK(send_one(&w, r));
    CHECK(holds(http_server_request(w.server, 0), "Content-Length: 3\r\n"));
    CHECK(str_ends(http_server_request(w.server, 0), STR("\r\n\r\nabc")));
    CHECK(!holds(http_server_request(w.server, 0), "Content-Type"));
    CHECK(!holds(http_server_request(w.server, 0), "Expect"));
    r.method = "PUT";
    r.body = NULL;
    r.body_bytes = 0;
    struct property type = {STR("content-type"), STR("text/plain")};
    r.headers = &type;
    r.header_count = 1;
    CHECK_OK(send_one(&w, r));
    CHECK(str_starts(http_server_request(w.server, 1), STR("PUT /p HTTP/1.1\r\n")));
    CHECK(holds(http_server_request(w.server, 1), "Content-Length: 0\r\n"));
    CHECK(holds(http_server_request(w.server, 1), "content-type: text/plain\r\n"));
    r.method = "DELETE";
    CHECK_OK(send_one(&w, r));
    CHECK(str_starts(http_server_request(w.server, 2), STR("DELETE /p HTTP/1.1\r\n")));
    end(&w);
}

TEST(head_has_no_body)
{
    static const struct http_answer answers[] = {
        {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"}, {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 2);
    struct net_request r = get(&w, "/");
    r.method = "HEAD";
    CHECK_OK(send_one(&w, r));
    CHECK_STR(net_header(&w.reply, "content-length"), "12345");
    CHECK_INT(w.reply.body.len, 0);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(http_server_connections(w.server), 1);
    end(&w);
}

TEST(chunked_and_continue)
{
    static const struct http_answer answers[] = {
        {.reply = "HTTP/1.1 100 Continue\r\nX-Thing: early\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: late\r\n\r\n"}};
    struct world w;
    begin(&w, answers, 1);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_STR(buffer_str(&w.reply.body), "abcdefg");
    CHECK(net_header(&w.reply, "x-thing").ptr == NULL);
    CHECK(net_header(&w.reply, "x-trailer").ptr == NULL);
    end(&w);
}

TEST(busy_for_a_while)
{
    static const struct http_answer answers[] = {
        {.reply = BUSY_REPLY}, {.reply = BUSY_REPLY}, {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 3);
    CHECK_OK(send_one(&w, post(&w, "/"))); /* 503 did nothing, so even this is sent again */
    CHECK_INT(w.reply.status, 200);
    CHECK_INT(w.reply.tries, 3);
    CHECK_STR(buffer_str(&w.reply.body), "hello");
    struct net_figures f;
    net_figures(w.client, &f);
    CHECK_INT(f.requests, 3);
    CHECK_INT(f.retries, 2);
    end(&w);
}

TEST(busy_for_too_long)
{
    static const struct http_answer answers[] = {
        {.reply = BUSY_REPLY},
        {.reply = "HTTP/1.1 503 No\r\nRetry-After: 100\r\nContent-Length: 4\r\n\r\nbusy"}};
    struct world w;
    begin(&w, answers, 2);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(w.reply.status, 503);
    CHECK_INT(w.reply.tries, 2);
    CHECK_STR(buffer_str(&w.reply.body), "busy");
    end(&w);
}

TEST(retry_after_within_the_bound)
{
    static const struct http_answer answers[] = {
        {.reply = "HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
        {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 2);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(w.reply.status, 200);
    end(&w);
    static const struct http_answer later[] = {
        {.reply = "HTTP/1.1 429 Too Many\r\nRetry-After: 100\r\nContent-Length: 0\r\n\r\n"},
        {.reply = OK_REPLY}};
    begin(&w, later, 2);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(w.reply.status, 429); /* handed back at once */
    CHECK_INT(w.reply.tries, 1);
    end(&w);
    static const struct http_answer never[] = {
        {.reply =
             "HTTP/1.1 429 Too Many\r\nRetry-After: 9223372036855\r\nContent-Length: 0\r\n\r\n"},
        {.reply = OK_REPLY}};
    begin(&w, never, 2);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(w.reply.status, 429); /* as microseconds it is past 63 bits */
    end(&w);
}

TEST(server_errors)
{
    static const struct http_answer answers[] = {
        {.reply = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}, {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 2);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(w.reply.status, 200);
    end(&w);
    begin(&w, answers, 2);
    CHECK_OK(send_one(&w, post(&w, "/"))); /* it may have been carried out: not again */
    CHECK_INT(w.reply.status, 500);
    CHECK_INT(w.reply.tries, 1);
    struct net_request r = post(&w, "/t?token=secret");
    CHECK_STATUS(net_fail(&err, &r, &w.reply, "commit", STR("broken")), ST_UNKNOWN);
    CHECK(strstr(err.msg, "commit: POST http://127.0.0.1:") == err.msg);
    CHECK(strstr(err.msg, "/t: the server answers 500 (Internal Server Error): broken") != NULL);
    CHECK(strstr(err.msg, "secret") == NULL);
    end(&w);
}

TEST(short_body)
{
    static const struct http_answer answers[] = {
        {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", .then = HTTP_CLOSE},
        {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 2);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_STR(buffer_str(&w.reply.body), "hello");
    CHECK_INT(w.reply.tries, 2);
    end(&w);
    begin(&w, answers, 1);
    CHECK_STATUS(send_one(&w, post(&w, "/")), ST_UNKNOWN);
    CHECK_INT(http_server_requests(w.server), 1);
    end(&w);
    begin_with(&w, answers, 1, &(struct net_config){.total_ms = 200});
    status st = send_one(&w, get(&w, "/x?secret=1"));
    CHECK(st == ST_NET ||
          st == ST_TIMEOUT); /* by what the last try was at when the time was over */
    CHECK(strstr(err.msg, "GET http://127.0.0.1:") == err.msg);
    CHECK(strstr(err.msg, "secret") == NULL);
    end(&w);
}

TEST(lost_replies)
{
    static const struct http_answer answers[] = {
        {.then = HTTP_RESET}, {.then = HTTP_CLOSE}, {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 3);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_INT(w.reply.tries, 3);
    end(&w);
    begin(&w, answers, 3);
    CHECK_STATUS(send_one(&w, post(&w, "/")), ST_UNKNOWN);
    CHECK(strstr(err.msg, "may have been carried out") != NULL);
    CHECK_INT(http_server_requests(w.server), 1);
    end(&w);
}

/* libcurl resends by itself what fails on a kept connection; N1 forbids that for a commit. */
TEST(lost_reply_after_kept_connection)
{
    static const struct http_answer answers[] = {
        {.reply = OK_REPLY}, {.then = HTTP_CLOSE}, {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 3);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_STATUS(send_one(&w, post(&w, "/")), ST_UNKNOWN);
    CHECK_INT(http_server_requests(w.server), 2);
    end(&w);
}

/* A loopback port where nobody listens. */
static int closed_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(s, (struct sockaddr *)&at, size) == 0);
    CHECK(getsockname(s, (struct sockaddr *)&at, &size) == 0);
    close(s);
    return ntohs(at.sin_port);
}

TEST(no_connection)
{
    static const struct http_answer answers[] = {{.reply = OK_REPLY}};
    struct world w;
    char url[64];
    begin(&w, answers, 1);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", closed_port());
    struct net_request r = {.method = "POST", .url = str_of(url), .body = "a", .body_bytes = 1};
    CHECK_STATUS(send_one(&w, r), ST_NET); /* nothing can have arrived */
    CHECK_INT(w.reply.tries, 6);
    CHECK(strstr(err.msg, "after 6 tries") != NULL);
    CHECK(strstr(err.msg, "carried out") == NULL);
    r.url = STR("http://no-such-machine.invalid/x");
    CHECK_STATUS(send_one(&w, r), ST_NET);
    CHECK_INT(w.reply.tries, 6);
    CHECK(strstr(err.msg, "Could not resolve host: no-such-machine.invalid") != NULL);
    end(&w);
}

TEST(silence_and_slowness)
{
    static const struct http_answer silent[] = {{.then = HTTP_HANG}};
    static const struct http_answer stops[] = {
        {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", .then = HTTP_HANG},
        {.reply = OK_REPLY}};
    static const struct http_answer slow[] = {{.reply = OK_REPLY, .pause_us = 40000}};
    struct net_config patient = {.silence_ms = 2000, .total_ms = 40000};
    struct net_config hasty = {.silence_ms = 20000, .total_ms = 1500};
    struct world w;
    begin_with(&w, silent, 1, &hasty);
    CHECK_STATUS(send_one(&w, get(&w, "/")), ST_TIMEOUT);
    CHECK_STATUS(send_one(&w, post(&w, "/")), ST_UNKNOWN);
    end(&w);
    begin_with(&w, stops, 2, &patient);
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK(w.reply.tries >= 2);
    CHECK_STR(buffer_str(&w.reply.body), "hello");
    end(&w);
    begin_with(&w, slow, 1, &patient); /* slow is not silent */
    CHECK_OK(send_one(&w, get(&w, "/")));
    CHECK_STR(buffer_str(&w.reply.body), "hello");
    end(&w);
}

TEST(cancelled)
{
    static const struct http_answer silent[] = {{.then = HTTP_HANG}};
    _Atomic bool cancel = true;
    struct world w;
    begin_with(&w, silent, 1, &(struct net_config){.cancel = &cancel});
    CHECK_STATUS(send_one(&w, get(&w, "/")), ST_CANCELLED);
    end(&w);
}

/* Replies `bytes` of "x" after a status line of its own. */
static void huge(void *self, size_t n, struct str request, struct buffer *text,
                 struct http_answer *out)
{
    size_t bytes = *(const size_t *)self;
    bool fails = holds(request, "/fails");
    CHECK_OK(buffer_printf(text, &err, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
                           fails ? "404 No" : "200 OK", bytes));
    CHECK_OK(buffer_reserve(text, bytes, &err));
    memset(text->data + text->len, 'x', bytes);
    text->len += bytes;
    *out = (struct http_answer){.reply = (char *)text->data, .bytes = text->len};
}

TEST(huge_replies)
{
    size_t bytes = 300000;
    struct world w;
    static const struct http_answer answers[] = {{.reply = OK_REPLY}};
    begin(&w, answers, 1);
    http_server_stop(w.server);
    w.server = http_server_start(huge, &bytes);
    struct net_request r = get(&w, "/");
    r.max_reply = bytes;
    CHECK_OK(send_one(&w, r));
    CHECK_INT(w.reply.body.len, bytes);
    r.max_reply = bytes - 1;
    CHECK_STATUS(send_one(&w, r), ST_LIMIT);
    CHECK_INT(w.reply.tries, 1);
    r.url = http_server_url(w.server, "/fails"); /* what an error says is cut, not refused */
    r.max_reply = 1;
    CHECK_OK(send_one(&w, r));
    CHECK_INT(w.reply.status, 404);
    CHECK_INT(w.reply.body.len, 65536);
    buffer_free(&w.reply.body);
    buffer_init(&w.reply.body, NULL, 1000);
    r.max_reply = bytes;
    r.url = http_server_url(w.server, "/");
    CHECK_STATUS(send_one(&w, r), ST_LIMIT);
    end(&w);
}

TEST(redirects_are_not_followed)
{
    static const struct http_answer answers[] = {
        {.reply = "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"},
        {.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 2);
    struct net_request r = get(&w, "/");
    CHECK_OK(send_one(&w, r));
    CHECK_INT(w.reply.status, 302);
    CHECK_INT(http_server_requests(w.server), 1);
    CHECK_STATUS(net_fail(&err, &r, &w.reply, "load", (struct str){0}), ST_INVALID);
    CHECK(strstr(err.msg, "not followed") != NULL);
    end(&w);
}

struct signer {
    int signed_times, renewed;
    status renews;
};

static status sign(void *self, const struct net_request *r, struct arena *arena,
                   struct property **out, size_t *count, struct error *e)
{
    struct signer *s = self;
    TRY(ARENA_NEW(arena, struct property, out, e));
    (*out)->key = STR("Authorization");
    TRY(arena_printf(arena, &(*out)->value, e, "Bearer %d.%d", ++s->signed_times, s->renewed));
    *count = 1;
    return ST_OK;
}

static status renew(void *self, struct error *e)
{
    struct signer *s = self;
    s->renewed++;
    if (s->renews != ST_OK)
        FAIL(e, s->renews, "no new token");
    return ST_OK;
}

TEST(signed_anew_each_try)
{
#define NO_REPLY "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
    static const struct http_answer answers[] = {
        {.reply = BUSY_REPLY}, {.reply = NO_REPLY}, {.reply = OK_REPLY}, {.reply = NO_REPLY}};
    struct world w;
    struct signer signer = {0};
    begin(&w, answers, 4);
    struct net_request r = post(&w, "/");
    r.sign = sign;
    r.renew = renew;
    r.sign_self = &signer;
    CHECK_OK(send_one(&w, r));
    CHECK_INT(w.reply.status, 200);
    CHECK(holds(http_server_request(w.server, 0), "Authorization: Bearer 1.0\r\n"));
    CHECK(holds(http_server_request(w.server, 1), "Authorization: Bearer 2.0\r\n"));
    CHECK(holds(http_server_request(w.server, 2), "Authorization: Bearer 3.1\r\n"));
    CHECK_OK(send_one(&w, r)); /* 401 again: renewed once, then handed back */
    CHECK_INT(w.reply.status, 401);
    CHECK_INT(w.reply.tries, 2);
    signer.renews = ST_AUTH;
    CHECK_STATUS(send_one(&w, r), ST_AUTH);
    CHECK(strstr(err.msg, "no new token") != NULL);
    end(&w);
}

TEST(what_cannot_be_sent)
{
    static const struct http_answer answers[] = {{.reply = OK_REPLY}};
    struct world w;
    begin(&w, answers, 1);
    struct net_request r = get(&w, "/");
    struct property broken = {STR("X-A"), STR("b\r\nX-Evil: 1")};
    r.headers = &broken;
    r.header_count = 1;
    CHECK_STATUS(send_one(&w, r), ST_INVALID);
    CHECK(strstr(err.msg, "Evil") == NULL);
    broken = (struct property){STR("X A"), STR("b")};
    CHECK_STATUS(send_one(&w, r), ST_INVALID);
    static const char *const urls[] = {"",
                                       "http://",
                                       "http:///x",
                                       "ftp://host/",
                                       "file:///etc/passwd",
                                       "http://user:geheim@host/",
                                       "ftp://user:geheim@host/",
                                       "http://host/a b",
                                       "http://host/\x01"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        r = get(&w, "/");
        r.url = str_of(urls[i]);
        CHECK_STATUS(send_one(&w, r), ST_INVALID);
        CHECK(strstr(err.msg, "geheim") == NULL);
    }
    CHECK_INT(http_server_requests(w.server), 0);
    end(&w);
}

static void echo_path(void *self, size_t n, struct str request, struct buffer *text,
                      struct http_answer *out)
{
    const char *path = request.ptr + 4, *end_of_path = memchr(path, ' ', request.len - 4);
    int bytes = (int)(end_of_path - path);
    bool bad = bytes == 4 && memcmp(path, "/bad", 4) == 0;
    CHECK_OK(buffer_printf(text, &err, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%.*s",
                           bad ? 100 : bytes, bytes, path));
    *out = (struct http_answer){(char *)text->data, text->len, bad ? HTTP_CLOSE : HTTP_KEEP, 0};
}

TEST(many_at_once)
{
    enum { MANY = 60 };
    struct net_request r[MANY];
    static struct net_reply replies[MANY];
    static char paths[MANY][16], urls[MANY][64];
    static const struct http_answer none[] = {{.reply = OK_REPLY}};
    struct world w;
    begin_with(&w, none, 1, &(struct net_config){.connections = 5});
    http_server_stop(w.server);
    w.server = http_server_start(echo_path, NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/%d", i);
        snprintf(urls[i], sizeof(urls[i]), "http://127.0.0.1:%d/%d", http_server_port(w.server), i);
        r[i] = get(&w, "/");
        r[i].url = str_of(urls[i]);
        buffer_init(&replies[i].body, NULL, 100);
    }
    CHECK_OK(net_send_all(w.client, r, MANY, &w.arena, replies, &err));
    for (int i = 0; i < MANY; i++)
        CHECK_STR(buffer_str(&replies[i].body), paths[i]);
    CHECK(http_server_connections(w.server) <= 5);
    r[7].url = http_server_url(w.server, "/bad");
    r[7].repeatable = false;
    CHECK_STATUS(net_send_all(w.client, r, MANY, &w.arena, replies, &err), ST_UNKNOWN);
    CHECK(strstr(err.msg, "/bad") != NULL);
    for (int i = 0; i < MANY; i++)
        buffer_free(&replies[i].body);
    end(&w);
}

static void *send_some(void *arg)
{
    struct world *w = arg;
    struct arena arena;
    struct error mine;
    struct net_reply reply = {0};
    arena_init(&arena, NULL);
    buffer_init(&reply.body, NULL, 100);
    for (int i = 0; i < 20; i++) {
        struct net_request r = get(w, "/shared");
        status st = net_send(w->client, &r, &arena, &reply, &mine);
        if (st != ST_OK || !str_eq(buffer_str(&reply.body), STR("/shared")))
            test_fail(__FILE__, __LINE__, "%s", st ? mine.msg : "another's reply");
    }
    buffer_free(&reply.body);
    arena_free(&arena);
    return NULL;
}

TEST(several_threads)
{
    static const struct http_answer none[] = {{.reply = OK_REPLY}};
    pthread_t threads[4];
    struct net_figures f;
    struct world w;
    begin(&w, none, 1);
    http_server_stop(w.server);
    w.server = http_server_start(echo_path, NULL);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        CHECK(pthread_create(&threads[i], NULL, send_some, &w) == 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    net_figures(w.client, &f);
    CHECK_INT(f.requests, 80);
    CHECK(http_server_connections(w.server) <= 4); /* one lane a thread at most */
    end(&w);
}

/* ---- certificates --------------------------------------------------------------------------- */

/* A server of openssl's with a certificate of its own, for 127.0.0.1; its process, port and output. */
static pid_t tls_server(const char *folder, int *port, FILE **said)
{
    char command[900], line[200] = "";
    int out[2];
    snprintf(
        command, sizeof(command),
        "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
        "key.pem -out cert.pem -days 2 -subj /CN=firn-test -addext "
        "subjectAltName=IP:127.0.0.1 2>/dev/null && exec openssl s_server -accept "
        "127.0.0.1:0 -key key.pem -cert cert.pem -www",
        folder);
    CHECK(pipe(out) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    *said = fdopen(out[0], "r");
    while (sscanf(line, "ACCEPT 127.0.0.1:%d", port) != 1)
        CHECK(fgets(line, sizeof(line), *said) != NULL);
    return child;
}

TEST(certificates)
{
    static const struct http_answer none[] = {{.reply = OK_REPLY}};
    char folder[] = "/tmp/firn-tls-XXXXXX", ca[64], url[64];
    struct world w;
    FILE *said;
    int port = 0;
    CHECK(mkdtemp(folder) != NULL);
    pid_t child = tls_server(folder, &port, &said);
    snprintf(ca, sizeof(ca), "%s/cert.pem", folder);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);

    begin_with(&w, none, 1, &(struct net_config){.ca_key = "its.key"});
    struct net_request r = {.method = "GET", .url = str_of(url), .repeatable = true};
    CHECK_STATUS(send_one(&w, r), ST_AUTH); /* nobody vouches for it */
    CHECK_INT(w.reply.tries, 1);
    CHECK(strstr(err.msg, "certificate is not trusted by the system's") != NULL);
    CHECK(strstr(err.msg, "set by its.key") != NULL);
    end(&w);
    begin_with(&w, none, 1, &(struct net_config){.ca_file = str_of(ca)});
    CHECK_OK(send_one(&w, r));
    CHECK_INT(w.reply.status, 200);
    snprintf(url, sizeof(url), "https://localhost:%d/", port); /* not the name it is for */
    CHECK_STATUS(send_one(&w, r), ST_AUTH);
    CHECK(strstr(err.msg, ca) != NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port); /* not its protocol */
    r.repeatable = false;
    CHECK(send_one(&w, r) != ST_AUTH);
    end(&w);
    begin_with(&w, none, 1, &(struct net_config){.ca_file = STR("/nonexistent.pem")});
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
    CHECK_STATUS(send_one(&w, r), ST_AUTH);
    CHECK(strstr(err.msg, "/nonexistent.pem") != NULL);
    end(&w);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fclose(said);
    snprintf(url, sizeof(url), "rm -r %s", folder);
    CHECK(system(url) == 0);
}

TEST(escapes)
{
    struct arena a;
    struct str out;
    arena_init(&a, NULL);
    CHECK_OK(net_escape(STR("a/b c~-_.%\xc3\xa9+"), true, &a, &out, &err));
    CHECK_STR(out, "a/b%20c~-_.%25%C3%A9%2B");
    CHECK_OK(net_escape(STR("a/b"), false, &a, &out, &err));
    CHECK_STR(out, "a%2Fb");
    CHECK_OK(net_escape(STR(""), false, &a, &out, &err));
    CHECK_INT(out.len, 0);
    arena_free(&a);
}

TEST(meanings_of_statuses)
{
    static const struct {
        int http;
        bool repeatable;
        status code;
    } rows[] = {{400, true, ST_INVALID},   {401, true, ST_AUTH},       {403, true, ST_AUTH},
                {404, true, ST_NOT_FOUND}, {409, true, ST_CONFLICT},   {412, false, ST_CONFLICT},
                {429, true, ST_THROTTLED}, {503, false, ST_THROTTLED}, {408, true, ST_TIMEOUT},
                {504, true, ST_TIMEOUT},   {500, true, ST_NET},        {501, false, ST_NET},
                {500, false, ST_UNKNOWN},  {502, false, ST_UNKNOWN},   {504, false, ST_UNKNOWN},
                {418, true, ST_INVALID},   {599, true, ST_NET}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct net_request r = {
            .method = "GET", .url = STR("http://h/p?x"), .repeatable = rows[i].repeatable};
        struct net_reply reply = {.status = rows[i].http};
        CHECK_STATUS(net_fail(&err, &r, &reply, "try", (struct str){0}), rows[i].code);
    }
}
