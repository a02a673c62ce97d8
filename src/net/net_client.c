// SPDX-License-Identifier: Apache-2.0
/* net_client.c - finds libcurl, keeps what requests share: settings, idle lanes, figures.
 *
 *     client -- idle: lane -> lane -> ...     a lane = one multi handle with kept connections
 *
 * Each call of net_send_all takes an idle lane or makes one, so threads never wait for each other
 * and as many lanes exist as threads were ever in the net at once. */
#include "net/net_int.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"

static status find_library(struct net_curl *curl, struct error *err)
{
    /* Never closed: OpenSSL below it registers what runs at exit. */
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        FAIL(err, ST_UNSUPPORTED,
             "remote stores and catalogs need " LIBRARY
             " (Debian's libcurl4), which cannot be opened: %s",
             dlerror());
#define FIND_(name)                                                                                \
    curl->name = (__typeof__(curl->name))(uintptr_t)dlsym(library, "curl_" #name);                 \
    if (!curl->name)                                                                               \
        FAIL(err, ST_UNSUPPORTED, LIBRARY " has no curl_" #name "; 7.88 or newer is needed");
    NET_CURL_MAP(FIND_)
#undef FIND_
    return ST_OK;
}

static status copy_z(struct str s, char **out, struct error *err)
{
    if (memchr(s.len ? s.ptr : "", '\0', s.len))
        FAIL(err, ST_INVALID, "a NUL byte in a network setting");
    TRY(mem_alloc(NULL, s.len + 1, (void **)out, err));
    memcpy(*out, s.len ? s.ptr : "", s.len);
    (*out)[s.len] = '\0';
    return ST_OK;
}

static void free_z(char *z)
{
    if (z)
        mem_free(NULL, z, strlen(z) + 1);
}

static int64_t ms_or(int64_t ms, int64_t otherwise)
{
    return (ms > 0 ? ms : otherwise) * 1000;
}

status net_client_open(const struct net_config *config, struct net_client **out, struct error *err)
{
    void *memory;
    status st = ST_OK;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(struct net_client), &memory, err));
    struct net_client *c = memory;
    pthread_mutex_init(&c->lock, NULL);
    c->connect_us = ms_or(config->connect_ms, 5000);
    c->silence_us = ms_or(config->silence_ms, 30000);
    c->total_us = ms_or(config->total_ms, 60000);
    c->connections = config->connections > 0 ? config->connections : 32;
    c->cancel = config->cancel;
    c->ca_key = config->ca_key;
    if (config->ca_file.len)
        TRY_DONE(copy_z(config->ca_file, &c->ca_file, err));
    TRY_DONE(copy_z(config->user.len ? config->user : STR("firn/" FIRN_VERSION), &c->user, err));
    TRY_DONE(find_library(&c->curl, err));
    if (c->curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        FAIL_DONE(err, ST_UNSUPPORTED, LIBRARY " cannot be started");
    c->started = true;
    *out = c;
done:
    if (st != ST_OK)
        net_client_close(c);
    return st;
}

void net_client_close(struct net_client *c)
{
    if (!c)
        return;
    while (c->idle) {
        struct net_lane *lane = c->idle;
        c->idle = lane->next;
        c->curl.multi_cleanup(lane->multi);
        mem_free(NULL, lane, sizeof(*lane));
    }
    if (c->started)
        c->curl.global_cleanup();
    free_z(c->ca_file);
    free_z(c->user);
    pthread_mutex_destroy(&c->lock);
    mem_free(NULL, c, sizeof(*c));
}

status net_lane_take(struct net_client *c, struct net_lane **out, struct error *err)
{
    pthread_mutex_lock(&c->lock);
    struct net_lane *lane = c->idle;
    if (lane)
        c->idle = lane->next;
    pthread_mutex_unlock(&c->lock);
    if (!lane) {
        void *memory;
        TRY(mem_calloc(NULL, sizeof(*lane), &memory, err));
        lane = memory;
        lane->multi = c->curl.multi_init();
        if (!lane->multi) {
            mem_free(NULL, lane, sizeof(*lane));
            FAIL(err, ST_OOM, "libcurl has no memory for connections");
        }
        c->curl.multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, (long)c->connections);
    }
    *out = lane;
    return ST_OK;
}

void net_lane_give(struct net_client *c, struct net_lane *lane)
{
    pthread_mutex_lock(&c->lock);
    lane->next = c->idle;
    c->idle = lane;
    pthread_mutex_unlock(&c->lock);
}

void net_figures(const struct net_client *c, struct net_figures *out)
{
    *out = (struct net_figures){.requests = atomic_load(&c->requests),
                                .retries = atomic_load(&c->retries),
                                .bytes_in = atomic_load(&c->bytes_in),
                                .bytes_out = atomic_load(&c->bytes_out)};
}
