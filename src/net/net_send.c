// SPDX-License-Identifier: Apache-2.0
/* net_send.c - drives requests through libcurl until each has its reply or its failure.
 *
 *     net_send_all    one flight per request:   WAITING --start--> FLYING --finish--> DONE
 *                                                  ^                  |
 *                                                  '---- pause -------'
 *
 * One thread, one lane, one loop: start what is due, let libcurl work, collect what ended, look for
 * those that are late, sleep until the next of it. Typical: 1 to 16 requests, most replied to at
 * the first try.
 *
 * F1  at most `connections` flights are FLYING; a flight's easy handle is in the lane's multi
 *     exactly while it is FLYING
 * F2  a flight's reply is filled anew by each try: headers stand in the flight's own arena and are
 *     copied out at the end
 * F3  `sent` is about the latest try only: an earlier one either was known to have done nothing or
 *     the request is repeatable (N1)
 * F4  SIGPIPE, which OpenSSL's writes can raise, is held back while the loop runs */
#include "net/net_int.h"

#include "base/clock.h"
#include "base/random.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define TRIES         12
#define TRIES_NO_LINE 6 /* where there was no connection */
#define PAUSE_US      100000
#define PAUSE_MAX_US  10000000
#define POLL_US       200000 /* how late a cancellation or a lateness is noticed */
#define REPLY_BYTES   ((size_t)16 << 20)
#define ERROR_BYTES   ((size_t)64 << 10)
#define HEAD_BYTES    ((size_t)64 << 10)

enum phase { WAITING, FLYING, DONE };

struct flight {
    const struct net_request *request; /* borrowed */
    struct net_reply *reply;           /* borrowed */
    const struct net_curl *curl;       /* borrowed */
    CURL *easy;                        /* owned; NULL before the first try */
    struct curl_slist *headers;        /* owned: of this try */
    struct arena arena;                /* of this try */
    enum phase phase;
    int64_t first_us; /* start of the first try; 0 = none */
    int64_t due_us;   /* WAITING: when it may start */
    int64_t moved_us; /* FLYING: when a byte was last seen to move */
    int64_t moved_bytes;
    size_t header_capacity, head_bytes; /* of reply->headers */
    bool in_body;
    bool renewed;
    status refused; /* why a callback ended the try, with its words in `err`; ST_OK = it did not */
    status result;  /* DONE: of the request */
    struct error err;
    char words[CURL_ERROR_SIZE]; /* libcurl's */
};

struct sending {
    struct net_client *client; /* borrowed */
    const struct net_curl *curl;
    CURLM *multi; /* borrowed: the lane's */
    struct flight *flights;
    size_t count, flying;
};

/* ---- what libcurl calls while a reply arrives ----------------------------------------------- */

static status keep_header(struct flight *f, struct str line, struct error *err)
{
    struct net_reply *reply = f->reply;
    struct str name, value, copy;
    if (line.len >= 5 && memcmp(line.ptr, "HTTP/", 5) == 0) { /* also after a 100 Continue */
        reply->header_count = 0;
        return ST_OK;
    }
    f->head_bytes += line.len;
    if (f->head_bytes > HEAD_BYTES)
        FAIL(err, ST_LIMIT, "the head of the reply is longer than %zu bytes", HEAD_BYTES);
    if (f->in_body || !net_header_line(line, &name, &value))
        return ST_OK;
    TRY(arena_grow(&f->arena, (void **)&reply->headers, sizeof(*reply->headers),
                   &f->header_capacity, reply->header_count + 1, err));
    TRY(arena_str(&f->arena, name, &copy, err));
    char *z = (char *)(uintptr_t)copy.ptr;
    for (size_t i = 0; i < copy.len; i++)
        if (z[i] >= 'A' && z[i] <= 'Z')
            z[i] = (char)(z[i] - 'A' + 'a');
    TRY(arena_str(&f->arena, value, &value, err));
    reply->headers[reply->header_count++] = (struct property){copy, value};
    return ST_OK;
}

static size_t on_header(char *data, size_t size, size_t n, void *self)
{
    struct flight *f = self;
    f->refused = keep_header(f, (struct str){data, n}, &f->err);
    return f->refused == ST_OK ? n : 0;
}

static status keep_body(struct flight *f, const char *data, size_t n, struct error *err)
{
    struct buffer *body = &f->reply->body;
    size_t most = f->request->max_reply ? f->request->max_reply : REPLY_BYTES;
    f->in_body = true;
    if (f->reply->status >= 400) {
        most = ERROR_BYTES < body->cap_bytes ? ERROR_BYTES : body->cap_bytes;
        n = body->len + n > most ? most - body->len : n;
    } else if (body->len + n > most) {
        FAIL(err, ST_LIMIT, "the reply is longer than %zu bytes", most);
    }
    return buffer_append(body, data, n, err);
}

static size_t on_body(char *data, size_t size, size_t n, void *self)
{
    struct flight *f = self;
    long status_now = 0;
    if (f->curl->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status_now) == CURLE_OK)
        f->reply->status = (int)status_now;
    f->refused = keep_body(f, data, n, &f->err);
    return f->refused == ST_OK ? n : 0;
}

/* ---- one try -------------------------------------------------------------------------------- */

/* A header's text comes from configuration and servers: a line break in it would begin another. */
static status add_header(const struct net_curl *curl, struct flight *f, struct str name,
                         struct str value, struct error *err)
{
    struct str text;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7F || name.ptr[i] == ':')
            FAIL(err, ST_INVALID, "a header's name holds byte %d", (unsigned char)name.ptr[i]);
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7F)
            FAIL(err, ST_INVALID, "the value of the header %.*s holds a control character",
                 STR_ARG(name));
    /* "Name;" is libcurl's way to send an empty one. */
    TRY(arena_printf(&f->arena, &text, err, value.len ? "%.*s: %.*s" : "%.*s;%.*s", (int)name.len,
                     name.ptr, (int)value.len, value.len ? value.ptr : ""));
    struct curl_slist *list = curl->slist_append(f->headers, text.ptr);
    if (!list)
        FAIL(err, ST_OOM, "libcurl has no memory for a header");
    f->headers = list;
    return ST_OK;
}

static status add_headers(const struct net_curl *curl, struct flight *f, struct error *err)
{
    const struct net_request *r = f->request;
    struct property *more = NULL;
    size_t count = 0;
    bool has_type = false;
    if (r->sign)
        TRY(r->sign(r->sign_self, r, &f->arena, &more, &count, err));
    for (size_t i = 0; i < r->header_count + count; i++) {
        const struct property *h =
            i < r->header_count ? &r->headers[i] : &more[i - r->header_count];
        has_type |= str_eq_nocase(h->key, STR("Content-Type"));
        TRY(add_header(curl, f, h->key, h->value, err));
    }
    /* What libcurl would add by itself: a form's type, and a wait for a "100 Continue". */
    struct curl_slist *list = curl->slist_append(f->headers, "Expect:");
    if (list) {
        f->headers = list;
        list = has_type ? list : curl->slist_append(list, "Content-Type:");
    }
    if (!list)
        FAIL(err, ST_OOM, "libcurl has no memory for a header");
    f->headers = list;
    return ST_OK;
}

static status set_options(struct net_client *c, struct flight *f, struct error *err)
{
    const struct net_request *r = f->request;
    struct str url;
    CURLcode bad = CURLE_OK;
    TRY(net_check_url(r->url, err));
    TRY(arena_str(&f->arena, r->url, &url, err));
#define SET(option, value)                                                                         \
    bad = bad != CURLE_OK ? bad : c->curl.easy_setopt(f->easy, CURLOPT_##option, value)
    SET(URL, url.ptr);
    SET(PROTOCOLS_STR, "http,https");
    SET(PATH_AS_IS, 1L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(NOSIGNAL, 1L);
    SET(TCP_KEEPALIVE, 1L);
    SET(BUFFERSIZE, 256L << 10);
    SET(CONNECTTIMEOUT_MS, (long)(c->connect_us / 1000));
    SET(USERAGENT, c->user);
    SET(ERRORBUFFER, f->words);
    SET(PRIVATE, (void *)f);
    SET(HTTPHEADER, f->headers);
    SET(HEADERFUNCTION, on_header);
    SET(HEADERDATA, (void *)f);
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, (void *)f);
    if (c->ca_file)
        SET(CAINFO, c->ca_file);
    if (!r->repeatable)
        SET(FRESH_CONNECT, 1L); /* N1 */
    bool posts = strcmp(r->method, "POST") == 0, puts = strcmp(r->method, "PUT") == 0;
    if (r->body || posts || puts) {
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)r->body_bytes);
        SET(POSTFIELDS, r->body ? (const char *)r->body : "");
    }
    if (strcmp(r->method, "HEAD") == 0)
        SET(NOBODY, 1L);
    else
        SET(CUSTOMREQUEST, r->method);
#undef SET
    if (bad != CURLE_OK)
        FAIL(err, ST_UNSUPPORTED, "libcurl refuses a setting: %s", c->curl.easy_strerror(bad));
    return ST_OK;
}

static void drop_try(const struct net_curl *curl, struct flight *f)
{
    curl->slist_free_all(f->headers);
    f->headers = NULL;
    if (f->easy) /* not reset: one whose host was not found takes no settings any more */
        curl->easy_cleanup(f->easy);
    f->easy = NULL;
    arena_reset(&f->arena);
    f->reply->headers = NULL;
    f->reply->header_count = f->header_capacity = f->head_bytes = 0;
    f->reply->status = 0;
    buffer_clear(&f->reply->body);
    f->in_body = false;
    f->refused = ST_OK;
    f->words[0] = '\0';
}

static status start_try(struct sending *s, struct flight *f, int64_t now, struct error *err)
{
    const struct net_curl *curl = s->curl;
    drop_try(curl, f);
    f->easy = curl->easy_init();
    if (!f->easy)
        FAIL(err, ST_OOM, "libcurl has no memory for a request");
    TRY(add_headers(curl, f, err));
    TRY(set_options(s->client, f, err));
    if (curl->multi_add_handle(s->multi, f->easy) != CURLM_OK)
        FAIL(err, ST_OOM, "libcurl cannot take the request");
    f->phase = FLYING;
    s->flying++;
    f->first_us = f->first_us ? f->first_us : now;
    f->moved_us = now;
    f->moved_bytes = 0;
    f->reply->tries++;
    atomic_fetch_add(&s->client->requests, 1);
    atomic_fetch_add(&s->client->retries, f->reply->tries > 1);
    return ST_OK;
}

/* ---- after a try ---------------------------------------------------------------------------- */

static void done(struct flight *f, status result)
{
    f->phase = DONE;
    f->result = result;
}

static int64_t asked(const struct net_curl *curl, struct flight *f, CURLINFO what)
{
    curl_off_t n = 0;
    return curl->easy_getinfo(f->easy, what, &n) == CURLE_OK ? n : 0;
}

/* Whether a byte of this try's request can have reached the server. */
static bool was_sent(const struct net_curl *curl, struct flight *f)
{
    long n = 0;
    return curl->easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &n) == CURLE_OK && n > 0;
}

/* Puts the flight back to wait for another try; false if that would be one too many or too late. */
static bool pause_flight(struct sending *s, struct flight *f, int tries, int64_t now)
{
    int doublings = f->reply->tries - 1;
    int64_t most = doublings > 6 ? PAUSE_MAX_US : (int64_t)PAUSE_US << doublings;
    uint64_t any;
    if (f->reply->tries >= tries || random_bytes(&any, sizeof(any), NULL) != ST_OK)
        return false;
    int64_t pause = (int64_t)(any % (uint64_t)(most + 1));
    int64_t wanted = asked(s->curl, f, CURLINFO_RETRY_AFTER);
    if (wanted > s->client->total_us / 1000000) /* any number: seconds are compared */
        return false;
    if (wanted * 1000000 > pause)
        pause = wanted * 1000000;
    if (pause > f->first_us + s->client->total_us - now)
        return false;
    f->phase = WAITING;
    f->due_us = now + pause;
    return true;
}

/* The reply is whole: is it the answer, or is there another try? */
static void finish_reply(struct sending *s, struct flight *f, int64_t now)
{
    const struct net_request *r = f->request;
    int status_now = f->reply->status;
    if ((status_now == 401 || status_now == 419) && r->renew && !f->renewed) {
        status st = r->renew(r->sign_self, &f->err);
        f->renewed = true;
        if (st != ST_OK) {
            done(f, st);
            return;
        }
        f->phase = WAITING;
        f->due_us = now;
        return;
    }
    bool nothing_done = status_now == 429 || status_now == 503;
    bool may_help = status_now == 500 || status_now == 502 || status_now == 504;
    if (nothing_done || (may_help && r->repeatable))
        if (pause_flight(s, f, TRIES, now))
            return;
    done(f, ST_OK);
}

static bool is_certificate(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CRL_BADFILE;
}

/* The try failed without a reply. `words` say why; `final` forbids another one. */
static void finish_failure(struct sending *s, struct flight *f, status code, const char *words,
                           bool final, int64_t now)
{
    const struct net_request *r = f->request;
    bool sent = was_sent(s->curl, f);
    if (!final && (r->repeatable || !sent) && pause_flight(s, f, sent ? TRIES : TRIES_NO_LINE, now))
        return;
    bool unknown = sent && !r->repeatable; /* N1 */
    char tries[32] = "";
    if (f->reply->tries > 1)
        snprintf(tries, sizeof(tries), " (after %d tries)", f->reply->tries);
    char copy[sizeof(f->err.msg)]; /* `words` may stand in f->err */
    snprintf(copy, sizeof(copy), "%s", words);
    (void)error_set(&f->err, unknown ? ST_UNKNOWN : code, __FILE__, __LINE__, "%s %.*s: %s%s%s",
                    r->method, STR_ARG(net_shown_url(r->url)), copy, tries,
                    unknown ? "; it may have been carried out" : "");
    done(f, f->err.code);
}

static void finish_try(struct sending *s, struct flight *f, CURLcode code, int64_t now)
{
    char words[2 * CURL_ERROR_SIZE];
    const char *says = f->words[0] ? f->words : s->curl->easy_strerror(code);
    if (code == CURLE_OK) {
        finish_reply(s, f, now);
    } else if (f->refused != ST_OK) {
        finish_failure(s, f, f->refused, f->err.msg, true, now);
    } else if (is_certificate(code)) {
        const char *file = s->client->ca_file, *key = s->client->ca_key;
        snprintf(words, sizeof(words), "the certificate is not trusted by %s%s%s%s: %s",
                 file ? "the authorities in " : "the system's authorities", file ? file : "",
                 key ? "; the file of others is set by " : "", key ? key : "", says);
        finish_failure(s, f, ST_AUTH, words, true, now);
    } else {
        bool hopeless = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
        status as = code == CURLE_OPERATION_TIMEDOUT ? ST_TIMEOUT
                    : code == CURLE_OUT_OF_MEMORY    ? ST_OOM
                                                     : ST_NET;
        finish_failure(s, f, as, says, hopeless || as == ST_OOM, now);
    }
}

/* Takes the flight out of libcurl's hands and counts what it moved. */
static void land(struct sending *s, struct flight *f)
{
    long status_now = 0;
    s->curl->multi_remove_handle(s->multi, f->easy);
    s->flying--;
    atomic_fetch_add(&s->client->bytes_in, asked(s->curl, f, CURLINFO_SIZE_DOWNLOAD_T));
    atomic_fetch_add(&s->client->bytes_out, asked(s->curl, f, CURLINFO_SIZE_UPLOAD_T));
    if (s->curl->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status_now) == CURLE_OK)
        f->reply->status = (int)status_now;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void start_due(struct sending *s, int64_t now)
{
    for (size_t i = 0; i < s->count && s->flying < (size_t)s->client->connections; i++) {
        struct flight *f = &s->flights[i];
        if (f->phase != WAITING || f->due_us > now)
            continue;
        status st = start_try(s, f, now, &f->err);
        if (st != ST_OK)
            done(f, st);
    }
}

static void collect_ended(struct sending *s, int64_t now)
{
    CURLMsg *m;
    int left;
    while ((m = s->curl->multi_info_read(s->multi, &left)) != NULL) {
        void *self = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        s->curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &self);
        land(s, self);
        finish_try(s, self, code, now);
    }
}

/* Ends tries that have not moved a byte for too long and requests that are over their time. */
static void end_late(struct sending *s, int64_t now)
{
    const struct net_client *c = s->client;
    char words[80];
    for (size_t i = 0; i < s->count; i++) {
        struct flight *f = &s->flights[i];
        if (f->phase != FLYING)
            continue;
        int64_t moved = asked(s->curl, f, CURLINFO_SIZE_UPLOAD_T) +
                        asked(s->curl, f, CURLINFO_SIZE_DOWNLOAD_T) + (int64_t)f->head_bytes;
        if (moved != f->moved_bytes) {
            f->moved_bytes = moved;
            f->moved_us = now;
        }
        bool over = now - f->first_us > c->total_us;
        if (!over && now - f->moved_us <= c->silence_us)
            continue;
        land(s, f);
        if (over)
            snprintf(words, sizeof(words), "no reply within %.1f s", (double)c->total_us / 1e6);
        else
            snprintf(words, sizeof(words), "silent for %.1f s", (double)c->silence_us / 1e6);
        finish_failure(s, f, ST_TIMEOUT, words, over, now);
    }
}

/* Gives up what is not done: `code` and `words` become the failure of each. */
static void give_up(struct sending *s, bool waiting_only, status code, const char *words)
{
    for (size_t i = 0; i < s->count; i++) {
        struct flight *f = &s->flights[i];
        bool flying = f->phase == FLYING;
        if (f->phase == DONE || (waiting_only && (flying || f->first_us)))
            continue;
        if (flying)
            land(s, f);
        if (flying) {
            finish_failure(s, f, code, words, true, 0);
        } else {
            (void)error_set(&f->err, code, __FILE__, __LINE__, "%s %.*s: %s", f->request->method,
                            STR_ARG(net_shown_url(f->request->url)), words);
            done(f, code);
        }
    }
}

/* Time until something is due, at most POLL_US. */
static int sleep_ms(const struct sending *s, int64_t now)
{
    int64_t until = now + POLL_US;
    if (s->flying < (size_t)s->client->connections)
        for (size_t i = 0; i < s->count; i++)
            if (s->flights[i].phase == WAITING && s->flights[i].due_us < until)
                until = s->flights[i].due_us;
    return until > now ? (int)((until - now + 999) / 1000) : 0;
}

static bool any_left(const struct sending *s, bool *failed)
{
    bool left = false;
    *failed = false;
    for (size_t i = 0; i < s->count; i++) {
        left |= s->flights[i].phase != DONE;
        *failed |= s->flights[i].phase == DONE && s->flights[i].result != ST_OK;
    }
    return left;
}

static void run(struct sending *s)
{
    const _Atomic bool *cancel = s->client->cancel;
    bool failed;
    int flying = 0;
    while (any_left(s, &failed)) {
        if (failed)
            give_up(s, true, ST_CANCELLED, "given up, because another request failed");
        if (cancel && atomic_load(cancel))
            give_up(s, false, ST_CANCELLED, "cancelled");
        start_due(s, clock_monotonic_us());
        CURLMcode code = s->curl->multi_perform(s->multi, &flying);
        if (code != CURLM_OK) {
            give_up(s, false, ST_NET, s->curl->multi_strerror(code));
            break;
        }
        int64_t now = clock_monotonic_us();
        collect_ended(s, now);
        end_late(s, now);
        if (any_left(s, &failed))
            s->curl->multi_poll(s->multi, NULL, 0, sleep_ms(s, clock_monotonic_us()), NULL);
    }
}

/* F4: blocks SIGPIPE for this thread, and afterwards takes the one that may have come. */
static void run_without_sigpipe(struct sending *s)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    run(s);
    sigpending(&pending);
    if (!was_pending && sigismember(&pending, SIGPIPE) == 1)
        (void)sigtimedwait(&pipe_only, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* F2: the headers of the last try, into the caller's arena. */
static status keep_reply(struct flight *f, struct arena *arena, struct error *err)
{
    struct net_reply *reply = f->reply;
    struct property *headers;
    TRY(ARENA_ARRAY(arena, struct property, reply->header_count + 1, &headers, err));
    for (size_t i = 0; i < reply->header_count; i++) {
        TRY(arena_str(arena, reply->headers[i].key, &headers[i].key, err));
        TRY(arena_str(arena, reply->headers[i].value, &headers[i].value, err));
    }
    reply->headers = headers;
    return ST_OK;
}

/* The request was carried out, but its reply cannot be kept: N1 again. */
static status land_reply(struct flight *f, struct arena *arena, struct error *err)
{
    if (f->result != ST_OK) {
        if (err)
            *err = f->err;
        return f->result;
    }
    status st = keep_reply(f, arena, err);
    if (st != ST_OK && !f->request->repeatable)
        FAIL(err, ST_UNKNOWN, "%s %.*s: no memory for its reply; it may have been carried out",
             f->request->method, STR_ARG(net_shown_url(f->request->url)));
    return st;
}

status net_send_all(struct net_client *c, const struct net_request *r, size_t count,
                    struct arena *arena, struct net_reply *out, struct error *err)
{
    struct net_lane *lane = NULL;
    void *memory = NULL;
    size_t bytes = count * sizeof(struct flight);
    TRY(mem_calloc(NULL, bytes, &memory, err));
    struct sending s = {.client = c, .curl = &c->curl, .flights = memory, .count = count};
    status first = net_lane_take(c, &lane, err);
    if (first == ST_OK) {
        s.multi = lane->multi;
        for (size_t i = 0; i < count; i++) {
            s.flights[i].request = &r[i];
            s.flights[i].reply = &out[i];
            s.flights[i].curl = s.curl;
            out[i].tries = 0;
            arena_init(&s.flights[i].arena, NULL);
        }
        run_without_sigpipe(&s);
        net_lane_give(c, lane);
    }
    for (size_t i = 0; lane && i < count; i++) {
        struct flight *f = &s.flights[i];
        struct error mine;
        status st = land_reply(f, arena, &mine);
        if (st != ST_OK) {
            out[i].headers = NULL;
            out[i].header_count = 0;
            bool better = first == ST_CANCELLED && st != ST_CANCELLED;
            if ((first == ST_OK || better) && err)
                *err = mine;
            first = first == ST_OK || better ? st : first;
        }
        c->curl.slist_free_all(f->headers);
        if (f->easy)
            c->curl.easy_cleanup(f->easy);
        arena_free(&f->arena);
    }
    mem_free(NULL, memory, bytes);
    return first;
}

status net_send(struct net_client *c, const struct net_request *r, struct arena *arena,
                struct net_reply *out, struct error *err)
{
    return net_send_all(c, r, 1, arena, out, err);
}
