// SPDX-License-Identifier: Apache-2.0
/* http_server.c - see http_server.h. Bodies are read by Content-Length alone, which is all that
 * firn sends. */
#include "harness/http_server.h"
#include "harness/test.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS    4096
#define CONNECTIONS 1024

struct http_server {
    http_handler *handler;
    void *self;
    const struct http_answer *answers; /* of http_server_script */
    size_t answer_count;
    int listener, port;
    pthread_t accepting;
    pthread_mutex_t lock; /* guards all below */
    size_t requests, connections;
    struct buffer seen[REQUESTS];
    int sockets[CONNECTIONS];
    pthread_t threads[CONNECTIONS];
};

struct connection {
    struct http_server *server;
    int socket;
    size_t number;
};

static size_t content_length(struct str head)
{
    for (size_t i = 0; i + 17 < head.len; i++)
        if (str_eq_nocase((struct str){head.ptr + i, 17}, STR("\r\nContent-Length:")))
            return strtoul(head.ptr + i + 17, NULL, 10);
    return 0;
}

/* Bytes of the first whole request in `in`; 0 while it is not whole. */
static size_t whole_request(const struct buffer *in)
{
    struct str all = buffer_str(in);
    const char *end = all.len ? memmem(all.ptr, all.len, "\r\n\r\n", 4) : NULL;
    if (!end)
        return 0;
    size_t head = (size_t)(end - all.ptr) + 4;
    size_t body = content_length((struct str){all.ptr, head});
    return all.len - head >= body ? head + body : 0;
}

static void send_reply(int to, const struct http_answer *a)
{
    size_t bytes = a->bytes ? a->bytes : a->reply ? strlen(a->reply) : 0;
    for (size_t at = 0; at < bytes;) {
        if (a->pause_us)
            usleep((useconds_t)a->pause_us);
        ssize_t n = send(to, a->reply + at, a->pause_us ? 1 : bytes - at, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += (size_t)n;
    }
}

static enum http_then answer_one(struct connection *c, struct str request)
{
    struct http_server *s = c->server;
    struct http_answer a = {0};
    struct buffer text;
    buffer_init(&text, NULL, SIZE_MAX);
    pthread_mutex_lock(&s->lock);
    size_t n = s->requests;
    if (n < REQUESTS) {
        s->requests++;
        buffer_init(&s->seen[n], NULL, SIZE_MAX);
        if (buffer_append_str(&s->seen[n], request, NULL) != ST_OK)
            abort();
    }
    s->handler(s->self, n, request, &text, &a);
    pthread_mutex_unlock(&s->lock);
    send_reply(c->socket, &a);
    buffer_free(&text);
    return a.then;
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    struct buffer in;
    enum http_then then = HTTP_KEEP;
    char piece[65536];
    ssize_t n = 1;
    buffer_init(&in, NULL, SIZE_MAX);
    while (then == HTTP_KEEP && n > 0) {
        size_t whole = whole_request(&in);
        if (whole == 0) {
            n = recv(c->socket, piece, sizeof(piece), 0);
            if (n > 0 && buffer_append(&in, piece, (size_t)n, NULL) != ST_OK)
                abort();
            continue;
        }
        then = answer_one(c, (struct str){(char *)in.data, whole});
        memmove(in.data, in.data + whole, in.len - whole);
        in.len -= whole;
    }
    while (then == HTTP_HANG && recv(c->socket, piece, sizeof(piece), 0) > 0)
        ;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (then == HTTP_RESET)
        setsockopt(c->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    pthread_mutex_lock(&c->server->lock);
    close(c->socket);
    c->server->sockets[c->number] = -1;
    pthread_mutex_unlock(&c->server->lock);
    buffer_free(&in);
    free(c);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct http_server *s = arg;
    int in;
    while ((in = accept(s->listener, NULL, NULL)) >= 0) {
        struct connection *c = calloc(1, sizeof(*c));
        if (!c || s->connections == CONNECTIONS)
            abort();
        pthread_mutex_lock(&s->lock);
        *c = (struct connection){s, in, s->connections++};
        s->sockets[c->number] = in;
        if (pthread_create(&s->threads[c->number], NULL, serve, c) != 0)
            abort();
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

struct http_server *http_server_start(http_handler *handler, void *self)
{
    struct http_server *s = calloc(1, sizeof(*s));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    CHECK(s != NULL);
    s->handler = handler;
    s->self = self;
    pthread_mutex_init(&s->lock, NULL);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(s->listener, (struct sockaddr *)&at, sizeof(at)) == 0);
    CHECK(listen(s->listener, 64) == 0);
    CHECK(getsockname(s->listener, (struct sockaddr *)&at, &size) == 0);
    s->port = ntohs(at.sin_port);
    CHECK(pthread_create(&s->accepting, NULL, accept_all, s) == 0);
    return s;
}

static void answer_in_turn(void *self, size_t n, struct str request, struct buffer *text,
                           struct http_answer *out)
{
    const struct http_server *s = self;
    *out = s->answers[n < s->answer_count ? n : s->answer_count - 1];
}

struct http_server *http_server_script(const struct http_answer *answers, size_t count)
{
    struct http_server *s = http_server_start(answer_in_turn, NULL);
    pthread_mutex_lock(&s->lock);
    s->self = s;
    s->answers = answers;
    s->answer_count = count;
    pthread_mutex_unlock(&s->lock);
    return s;
}

void http_server_stop(struct http_server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->accepting, NULL);
    close(s->listener);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->connections; i++)
        if (s->sockets[i] >= 0)
            shutdown(s->sockets[i], SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->connections; i++)
        pthread_join(s->threads[i], NULL);
    for (size_t i = 0; i < s->requests; i++)
        buffer_free(&s->seen[i]);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int http_server_port(const struct http_server *s)
{
    return s->port;
}

struct str http_server_url(const struct http_server *s, const char *path)
{
    static _Thread_local char text[8][512];
    static _Thread_local int at;
    char *out = text[at++ % 8];
    snprintf(out, sizeof(text[0]), "http://127.0.0.1:%d%s", s->port, path);
    return str_of(out);
}

size_t http_server_requests(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->requests;
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t http_server_connections(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->connections;
    pthread_mutex_unlock(&s->lock);
    return n;
}

struct str http_server_request(struct http_server *s, size_t n)
{
    pthread_mutex_lock(&s->lock);
    struct str text = n < s->requests ? buffer_str(&s->seen[n]) : (struct str){0};
    pthread_mutex_unlock(&s->lock);
    return text;
}
