// SPDX-License-Identifier: Apache-2.0
/* http_server.h - an HTTP server on a loopback port of its own, inside the test's process, that
 * answers as the test says: well, badly, slowly or not at all.
 *
 * A connection has a thread; requests are numbered from 0 in the order in which they were read
 * whole. What a reply's bytes say is the test's affair; nothing is added to them. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/buffer.h"

enum http_then {
    HTTP_KEEP,  /* the connection stays for the next request */
    HTTP_CLOSE, /* closed in order */
    HTTP_RESET, /* closed with a reset */
    HTTP_HANG,  /* stays open, and nothing more comes */
};

struct http_answer {
    const char *reply; /* NULL = nothing is sent */
    size_t bytes;      /* 0 = strlen(reply) */
    enum http_then then;
    int pause_us; /* before each byte; 0 = all at once */
};

/* Fills *out (zeroed) for request `n`, whose head and body are `request`. Called under a lock; may
 * use `text`, which lives until the reply has been sent. */
typedef void http_handler(void *self, size_t n, struct str request, struct buffer *text,
                          struct http_answer *out);

struct http_server;

struct http_server *http_server_start(http_handler *handler, void *self);
/* Answers in turn; the last one stays. `answers` outlives the server. */
struct http_server *http_server_script(const struct http_answer *answers, size_t count);
/* Ends all connections. */
void http_server_stop(struct http_server *s);

int http_server_port(const struct http_server *s);
/* "http://127.0.0.1:PORT" and then `path`; one of eight buffers in turn. */
struct str http_server_url(const struct http_server *s, const char *path);
size_t http_server_requests(struct http_server *s);
size_t http_server_connections(struct http_server *s);
/* Head and body of request `n`, as it came; lives as long as the server. */
struct str http_server_request(struct http_server *s, size_t n);

#endif
