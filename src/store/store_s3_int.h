// SPDX-License-Identifier: Apache-2.0
/* store_s3_int.h - what the sources of the S3 back end share.
 *
 *     path "bucket/key" --site--> endpoint, region, keys --URL, signature--> net --reply--> bytes
 *                                                                               '--XML--> errors
 *
 *     store_s3.c         the back end's table: open, remove, many removes; sites
 *     store_s3_config.c  properties and environment -> a site
 *     store_s3_keys.c    where keys come from: properties, environment, profile, web identity
 *     store_s3_sign.c    Signature Version 4
 *     store_s3_send.c    one or several requests to a site; what its errors mean
 *     store_s3_read.c    ranges, read ahead       store_s3_write.c   whole objects, in parts
 *     store_s3_warm.c    small files that were written, read or are opened soon
 *     store_s3_list.c    which objects a pattern names
 *     store_s3_xml.c     a bounded reader of replies
 *
 * For store's sources and its own tests only. */
#ifndef STORE_S3_INT_H
#define STORE_S3_INT_H

#include "net/net.h"
#include "store/store_int.h"

#include <pthread.h>

/* ---- XML ------------------------------------------------------------------------------------ */

#define S3_XML_DEPTH 12

/* Walks a document element by element. Comments, processing instructions and attributes are
 * skipped; a document type is refused, so nothing expands. */
struct s3_xml {
    struct str text; /* borrowed */
    size_t at;
    struct str open[S3_XML_DEPTH]; /* names of the elements that are open, into `text` */
    int depth;
    bool leaf; /* the innermost has had no element inside */
    size_t value_at;
};

/* An element that has just ended. */
struct s3_element {
    struct str name, parent; /* without namespace prefixes; parent empty at the top */
    struct str value;        /* its text, entities decoded, in the arena; empty unless a leaf */
    bool leaf;
};

void s3_xml_init(struct s3_xml *x, struct str text);
/* *more false at the end of a whole document; ST_CORRUPT for what is not well-formed. */
STATUS_MUST_USE status s3_xml_next(struct s3_xml *x, struct arena *arena, struct s3_element *out,
                                   bool *more, struct error *err);
/* The first leaf of that name at any depth; ptr NULL where there is none or no XML. */
struct str s3_xml_find(struct str text, const char *name, struct arena *arena);

/* ---- keys ----------------------------------------------------------------------------------- */

struct s3_keys {
    struct str id, secret, token; /* token empty = none */
    struct str source;            /* for messages: "s3.access-key-id", "profile dev of ..." */
    int64_t expires_us;           /* Unix time; 0 = never */
};

/* Section [name] or [profile name] of an AWS configuration file. Fills `out` with the properties;
 * a section that is missing gives count 0. */
STATUS_MUST_USE status s3_profile_read(struct str text, struct str name, struct arena *arena,
                                       struct property **out, size_t *count, struct error *err);

/* ---- sites ---------------------------------------------------------------------------------- */

/* Where objects below a prefix are and what opens them; does not change once it is in use, apart
 * from its keys. */
struct s3_site {
    struct s3_site *next;
    struct str prefix;   /* "bucket/key...", empty for the store's own */
    struct str endpoint; /* "http://host:port", no slash at its end; empty = AWS's own */
    struct str region;
    struct str role_arn, role_session, token_file; /* web identity; empty = none */
    bool path_style;
    bool anonymous;
    struct arena arena;   /* all texts */
    pthread_mutex_t lock; /* guards `keys` and `arena` once the site is in use */
    struct s3_keys keys;  /* id empty = still to be found */
    struct str profile;   /* name of the profile that is looked at last */
};

/* A small file, or the end of a larger one (store_s3_warm.c). */
struct s3_warm {
    struct s3_warm *next;
    struct str path, etag; /* in <arena> */
    int64_t size;          /* of the file */
    struct buffer data;    /* its last s3_first_bytes(size) bytes */
    struct arena arena;
};

struct s3_store {
    struct store head;
    struct mem_account *account; /* borrowed */
    struct net_client *net;      /* owned; its requests end when the session is cancelled */
    struct net_client *firm;     /* owned; its requests do not */
    pthread_mutex_t lock;        /* guards all below */
    struct s3_site *sites;       /* owned; newest first; the last is the store's own */
    struct s3_warm *warm;        /* owned; used last first */
    size_t warm_bytes;           /* of them all */
    size_t warm_count;
};

/* ST_USAGE for values that make no sense, ST_UNSUPPORTED for keys that ask for what is not done. */
STATUS_MUST_USE status s3_site_create(const struct property *properties, size_t count,
                                      struct str prefix, struct s3_site **out, struct error *err);
void s3_site_free(struct s3_site *s);
/* What the properties and the environment say about the network. Texts in `arena`. */
STATUS_MUST_USE status s3_net_config(const struct property *properties, size_t count,
                                     struct net_config *out, struct error *err);
/* The first of the '|'-separated keys that has a value; ptr NULL when none has. */
struct str s3_property(const struct property *properties, size_t count, const char *keys);
/* A whole small file of this machine (a token, a profile); false when it cannot be read. */
bool s3_small_file(const char *path, struct arena *arena, struct str *out);

struct s3_site *s3_site_of(struct s3_store *s, struct str path);
/* The site's keys as of now, copied into `arena`; fetched where they come from a server. */
STATUS_MUST_USE status s3_keys_now(struct s3_store *s, struct s3_site *site, struct arena *arena,
                                   struct s3_keys *out, struct error *err);

/* ---- requests ------------------------------------------------------------------------------- */

/* Adds the headers of AWS Signature Version 4 (x-amz-date, x-amz-security-token, authorization) for
 * a request with `headers` (of which host's and x-amz-... are signed). `payload` is the body's
 * SHA-256 in hexadecimal. */
struct s3_signing {
    struct str method, url, region, service;
    size_t header_count;
    const struct property *headers;
    const char *payload;
    const struct s3_keys *keys; /* id empty = nothing is added */
    int64_t now_us;
};
STATUS_MUST_USE status s3_sign(const struct s3_signing *s, struct arena *arena,
                               struct property **out, size_t *count, struct error *err);

struct s3_request {
    const char *method;
    struct str bucket, key; /* key empty = the bucket itself */
    struct str query;       /* escaped, without "?" */
    size_t header_count;
    const struct property *headers;
    const void *body;
    size_t body_bytes;
    size_t max_reply;
    bool firm; /* cancelling does not end it: it takes away what a cancelled work has left */
};

/* "bucket/key" in two. ST_INVALID where a bucket cannot be called so. */
STATUS_MUST_USE status s3_split(struct str path, struct str *bucket, struct str *key,
                                struct error *err);
/* Sends all, in flight together, all of them firm or none; each may be repeated. Replies as of
 * net_send_all. */
STATUS_MUST_USE status s3_send(struct s3_store *s, const struct s3_request *r, size_t count,
                               struct arena *arena, struct net_reply *out, struct error *err);
/* Fails with what the server's error means. `what` is "read", "write", "list" ... */
status s3_fail(struct s3_store *s, const struct s3_request *r, const struct net_reply *reply,
               const char *what, struct error *err);
/* Fails: a success without ETag is not an object store's. */
status s3_fail_foreign(struct str path, struct error *err);
/* The server's word for the error ("NoSuchKey"); ptr NULL when it gives none. */
struct str s3_error_code(const struct net_reply *reply, struct arena *arena);

/* `most` bytes, or an eighth of the memory budget where that is less. */
size_t s3_share(const struct s3_store *s, size_t most);
/* The object's size that "bytes 10-19/100" or "bytes * /100" tells; -1 when nothing does. */
int64_t s3_total(const struct net_reply *reply);
/* What the first read of a file of this size fetches: all of it, or its tail. */
size_t s3_first_bytes(int64_t size);
status s3_expect_files(struct store *s, const struct store_next *next, size_t count, size_t *taken,
                       struct error *err);
/* Gives what is held of a file of this size (< 0: only if it is all of it), if anything; `data` empty. */
bool s3_warm_take(struct s3_store *s, struct str path, int64_t size, struct arena *arena,
                  struct buffer *data, struct str *etag);
/* Keeps a copy of a whole file, if it is small and there is room. */
void s3_warm_keep(struct s3_store *s, struct str path, struct str etag, const void *data,
                  size_t bytes);
void s3_warm_forget(struct s3_store *s, struct str path);
void s3_warm_drop(struct s3_store *s);

/* ---- the rest of the table ------------------------------------------------------------------ */

status s3_open(struct store *s, struct str path, int64_t size_hint, struct store_file **out,
               struct error *err);
void s3_close(struct store_file *f);
status s3_read(struct store_file *f, int64_t offset, void *out, size_t bytes, struct error *err);
status s3_expect(struct store_file *f, const struct store_range *ranges, size_t count,
                 struct error *err);
int64_t s3_ahead_bytes(const struct store_file *f);
status s3_read_all(struct store *s, struct str path, bool fixed, struct buffer *out,
                   struct error *err);
status s3_write_create(struct store *s, struct str path, struct store_write **out,
                       struct error *err);
status s3_write_append(struct store_write *w, const void *data, size_t bytes, struct error *err);
status s3_write_finish(struct store_write *w, struct error *err);
void s3_write_free(struct store_write *w);
status s3_glob(struct store *s, struct str pattern, struct store_list *list, struct error *err);

STATUS_MUST_USE status store_create_s3(const struct property *properties, size_t count,
                                       const struct store_config *config, struct store **out,
                                       struct error *err);
STATUS_MUST_USE status store_s3_credentials(struct store *s, struct str prefix,
                                            const struct property *properties, size_t count,
                                            struct error *err);

#endif
