// SPDX-License-Identifier: Apache-2.0
/* net.h - HTTP requests to object stores and catalogs: kept connections, several in flight,
 * retries within one overall bound.
 *
 *     net_request -> (signed) -> libcurl, loaded when the first client is made -> net_reply
 *
 * libcurl is opened by dlopen, so that a program which meets no remote never pays for it. HTTP/1.1
 * is spoken, redirects are never followed (credentials stay where they were meant for), proxies are
 * those of the environment (https_proxy, no_proxy).
 *
 * N1  a request is sent again only if it is `repeatable`, or if no byte of it can have arrived (no
 *     connection), or if the server said that it did nothing (429, 503). A request that is not
 *     repeatable and whose reply is lost is ST_UNKNOWN: it may have been carried out. It never
 *     travels on a connection that was used before, because libcurl would silently send it again
 *     where such a connection turns out to be closed
 * N2  no request waits longer than the client's `total_ms`, counted from its first try, retries and
 *     their pauses included. Pauses are drawn from 0 to 0.1 s, 0.2 s, 0.4 s ... 10 s; a Retry-After
 *     is waited for if it ends in time, else the reply is handed back as it is. At most 12 tries,
 *     6 where there was no connection
 * N3  certificates are always checked; no header, body or URL query ever stands in a message
 *     (credentials travel there): messages name method, URL without query, status, and what the
 *     caller makes of an error's body (net_fail's `detail`)
 * N4  a reply longer than `max_reply` is refused while it arrives (ST_LIMIT); of the body of an
 *     error (status 400 and more) the first 64 KiB are kept; a body shorter than its Content-Length
 *     is a failed try (ST_NET) */
#ifndef NET_H
#define NET_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/property.h"

struct net_client; /* safe for several threads at once */

struct net_config {
    struct str ca_file;         /* PEM; empty = the system's */
    const char *ca_key;         /* what it is called, for messages; static; NULL = nothing to set */
    struct str user;            /* User-Agent; empty = "firn/<version>" */
    int64_t connect_ms;         /* 0 = 5,000 */
    int64_t silence_ms;         /* longest time without a byte; 0 = 30,000 */
    int64_t total_ms;           /* N2; 0 = 60,000 */
    int connections;            /* in flight at once for one caller; 0 = 32 */
    const _Atomic bool *cancel; /* borrowed: requests end with ST_CANCELLED once set; or NULL */
};

STATUS_MUST_USE status net_client_open(const struct net_config *config, struct net_client **out,
                                       struct error *err);
void net_client_close(struct net_client *c); /* accepts NULL */

struct net_request {
    const char *method; /* "GET", "PUT", "POST", "DELETE", "HEAD" */
    struct str url;     /* http:// or https://, already escaped, no user name in it */
    size_t header_count;
    const struct property *headers; /* Host, Content-Length are made by libcurl */
    const void *body;               /* borrowed; NULL = none */
    size_t body_bytes;
    size_t max_reply; /* bytes; 0 = 16 MiB */
    bool repeatable;  /* N1 */
    /* Called before every try to add what depends on the time (a signature) or can be renewed (a
     * token): fills *out with headers in `arena`, which lives for this try. NULL = none. */
    status (*sign)(void *self, const struct net_request *r, struct arena *arena,
                   struct property **out, size_t *count, struct error *err);
    /* Called on a 401 or 419, once per request: ST_OK = a new token is there, send again; another
     * status is net_send's. NULL = the reply is handed back. */
    status (*renew)(void *self, struct error *err);
    void *sign_self; /* of sign and renew */
};

struct net_reply {
    int status;          /* HTTP status */
    size_t header_count; /* names in lower case, values without spaces around them */
    struct property *headers;
    struct buffer body; /* initialised by the caller, who also frees it; filled from its start */
    int tries;          /* how often it was sent, or a connection was tried for it */
};

/* Sends and waits. Any HTTP status that is left after retries (429, 500, 502, 503, 504 are repeated
 * by N1) is ST_OK with reply->status set, for the caller to judge; ST_NET, ST_TIMEOUT (no reply in
 * time), ST_UNKNOWN (N1), ST_AUTH (a certificate that is not trusted). Headers stand in `arena`. */
STATUS_MUST_USE status net_send(struct net_client *c, const struct net_request *r,
                                struct arena *arena, struct net_reply *out, struct error *err);

/* Several at once over the client's connections; each has its own result. ST_OK only if all are;
 * else the first failure in order of the requests, and the others were carried out or given up. */
STATUS_MUST_USE status net_send_all(struct net_client *c, const struct net_request *r, size_t count,
                                    struct arena *arena, struct net_reply *out, struct error *err);

/* Value of a reply's header (name in lower case); ptr NULL when absent. */
struct str net_header(const struct net_reply *reply, const char *name);
/* Fails with what an HTTP status means: 401, 403 ST_AUTH; 404 ST_NOT_FOUND; 409, 412 ST_CONFLICT;
 * 429, 503 ST_THROTTLED; 408, 504 ST_TIMEOUT; other 5xx ST_NET; else ST_INVALID. Where the request
 * was not repeatable, 408, 500, 502 and 504 are ST_UNKNOWN: it may have been carried out (N1).
 * `what` says what was asked for ("load table demo.t"); `detail` is the server's own word for it,
 * if any, of which the first 300 bytes are shown. */
status net_fail(struct error *err, const struct net_request *r, const struct net_reply *reply,
                const char *what, struct str detail);

/* Percent-encodes everything but A-Z a-z 0-9 - . _ ~ and, with keep_slash, "/". */
STATUS_MUST_USE status net_escape(struct str text, bool keep_slash, struct arena *arena,
                                  struct str *out, struct error *err);

/* Requests sent (every try) and bytes of bodies moved since the client was opened. */
struct net_figures {
    int64_t requests, retries, bytes_in, bytes_out;
};
void net_figures(const struct net_client *c, struct net_figures *out);

#endif
