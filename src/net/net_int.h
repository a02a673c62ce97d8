// SPDX-License-Identifier: Apache-2.0
/* net_int.h - what net's sources share: libcurl's functions as they are found at run time, the
 * client and its lanes. For net's sources and its own tests only. */
#ifndef NET_INT_H
#define NET_INT_H

#include "net/net.h"

#include <curl/curl.h>
#include <pthread.h>

/* Every function of libcurl that is called, without its "curl_". */
#define NET_CURL_MAP(X)                                                                            \
    X(global_init)                                                                                 \
    X(global_cleanup)                                                                              \
    X(easy_init)                                                                                   \
    X(easy_cleanup)                                                                                \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(multi_init)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_perform)                                                                               \
    X(multi_poll)                                                                                  \
    X(multi_info_read)                                                                             \
    X(multi_strerror)                                                                              \
    X(slist_append)                                                                                \
    X(slist_free_all)

/* The headers' own types, so that a call is checked as if the library were linked. */
#define NET_CURL_POINTER_(name) __typeof__(curl_##name) *name;
struct net_curl {
    NET_CURL_MAP(NET_CURL_POINTER_)
};
#undef NET_CURL_POINTER_

/* A multi handle with the connections it keeps; used by one call of net_send_all at a time. */
struct net_lane {
    CURLM *multi;          /* owned */
    struct net_lane *next; /* of the idle ones */
};

struct net_client {
    struct net_curl curl;
    bool started;         /* curl_global_init was called */
    char *ca_file, *user; /* owned; ca_file may be NULL */
    const char *ca_key;   /* static; may be NULL */
    int64_t connect_us, silence_us, total_us;
    int connections;
    const _Atomic bool *cancel; /* borrowed; may be NULL */
    pthread_mutex_t lock;       /* guards `idle` */
    struct net_lane *idle;      /* owned */
    _Atomic int64_t requests, retries, bytes_in, bytes_out;
};

STATUS_MUST_USE status net_lane_take(struct net_client *c, struct net_lane **out,
                                     struct error *err);
void net_lane_give(struct net_client *c, struct net_lane *lane);

/* net_text.c: the URL as messages show it, borrowed: without query. */
struct str net_shown_url(struct str url);
/* http:// or https://, printable ASCII, no user name, at most 16 KiB; ST_INVALID. */
STATUS_MUST_USE status net_check_url(struct str url, struct error *err);
/* One line of a reply's head into name (lower-cased) and value; false if it is none. */
bool net_header_line(struct str line, struct str *name, struct str *value);

#endif
