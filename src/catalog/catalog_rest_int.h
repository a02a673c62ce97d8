// SPDX-License-Identifier: Apache-2.0
/* catalog_rest_int.h - what the files of the REST kind share. */
#ifndef CATALOG_REST_INT_H
#define CATALOG_REST_INT_H

#include "base/jsontext.h"
#include "catalog/catalog_int.h"
#include "catalog/catalog_token_int.h"

struct rest_catalog {
    struct net_client *net;      /* owned; its requests end when the session is cancelled */
    struct net_client *firm;     /* owned; its requests do not */
    struct catalog_token *token; /* owned; NULL = requests show none */
    /* All in the catalog's arena. */
    struct catalog_token_config token_config; /* what `token` was made of */
    struct str base;                          /* "http://host:8181/v1" */
    struct str paths;     /* the same and the prefix: what all but "config" stands below */
    struct str separator; /* between a namespace's levels in URLs, as it stands there: "%1F" */
    struct str page_size; /* asked for in lists; empty = the server's own */
    size_t header_count;
    struct property *headers; /* of every request */
    size_t property_count;
    struct property *properties; /* defaults of the server < own < overrides of the server */
    bool has_storage;            /* the server's own settings say how storage is reached */
    struct rest_handed *handed;  /* newest first */
    bool has_transactions;       /* "POST /v1/{prefix}/transactions/commit" */
    bool has_views;              /* "GET /v1/{prefix}/namespaces/{namespace}/views/{view}" */
};

/* Of the merged configuration; ptr NULL when absent. */
struct str catalog_rest_property(const struct rest_catalog *r, const char *key);

/* ---- requests (catalog_rest_http.c) ---------------------------------------------------------- */

struct rest_call {
    const char *method;
    struct str url;
    struct str body; /* JSON; empty = none */
    struct str etag; /* If-None-Match; empty = none */
    bool repeatable; /* N1 of net.h */
    bool firm;       /* cancelling does not end it: a change, and looking for what became of it */
    struct str what; /* "loading table demo.t", for messages */
};

struct rest_answer {
    struct arena arena; /* what headers stand in */
    struct net_reply reply;
    struct jsontext_doc doc; /* root NULL when the reply has no body, or is an error's */
    struct str error_type, error_message; /* of an error, by the server, in `arena`; or empty */
    const struct catalog_token *shown;    /* borrowed from the catalog; NULL = nothing */
};

/* Sends and reads. ST_OK with any HTTP status; a 2xx body that is not a JSON object fails. The
 * answer is to be freed whatever the result. */
STATUS_MUST_USE status catalog_rest_call(struct rest_catalog *r, const struct rest_call *call,
                                         struct rest_answer *out, struct error *err);
void catalog_rest_answer_free(struct rest_answer *a);
/* Fails with what the answer's status means, in the server's own words. */
status catalog_rest_fail(const struct rest_call *call, const struct rest_answer *a,
                         struct error *err);
static inline bool catalog_rest_ok(const struct rest_answer *a)
{
    return a->reply.status >= 200 && a->reply.status < 300;
}

/* "<paths>/namespaces/a%1Fb/tables/t"; `part` is "tables", "views" or NULL for the namespace
 * itself, `name` may be empty for the list. */
STATUS_MUST_USE status catalog_rest_url(const struct rest_catalog *r, struct catalog_name name,
                                        const char *part, struct arena *arena, struct str *out,
                                        struct error *err);
/* "namespace":["a","b"] */
STATUS_MUST_USE status catalog_rest_put_space(struct buffer *out, struct str space,
                                              struct error *err);

/* ---- replies (catalog_rest_reply.c) ---------------------------------------------------------- */

struct rest_config {
    size_t default_count, override_count;
    struct property *defaults, *overrides;
    bool has_endpoints, has_transactions, has_views;
};
STATUS_MUST_USE status catalog_rest_read_config(const json_t *json, struct arena *arena,
                                                struct rest_config *out, struct error *err);
/* One page of namespaces, or of tables when `tables`; *next_page is empty behind the last. */
STATUS_MUST_USE status catalog_rest_read_page(const json_t *json, bool tables, struct arena *arena,
                                              struct catalog_names *out, struct str *next_page,
                                              struct error *err);
/* {"metadata-location", "metadata", "config", "storage-credentials"}; a staged table has no
 * location. */
STATUS_MUST_USE status catalog_rest_read_table(const json_t *json, bool staged, struct arena *arena,
                                               struct iceberg_table **out, struct error *err);
/* How a table's files are reached: "config", and what it has for each prefix. */
struct rest_storage {
    struct str prefix; /* "s3://bucket/path"; empty in `config` */
    size_t count;
    struct property *properties;
};
STATUS_MUST_USE status catalog_rest_read_storage(const json_t *json, struct arena *arena,
                                                 struct rest_storage *config,
                                                 struct rest_storage **out, size_t *count,
                                                 struct error *err);
/* {"error": {"message", "type"}}; nothing where it is none. */
void catalog_rest_read_error(const struct buffer *body, struct arena *arena, struct str *type,
                             struct str *message);

/* ---- the pinned state (catalog_rest.c) ------------------------------------------------------- */

/* The newest state of a table, past any pin: *out NULL when there is none. */
STATUS_MUST_USE status catalog_rest_load_now(struct catalog *c, struct catalog_name name,
                                             struct arena *arena, struct iceberg_table **out,
                                             struct error *err);

/* Whether a namespace is there now, past any pin. */
STATUS_MUST_USE status catalog_rest_ask_space(struct catalog *c, struct str space, bool firm,
                                              struct arena *arena, bool *out, struct error *err);

/* ---- storage (catalog_rest_storage.c) -------------------------------------------------------- */

/* Whether a key says how object storage is reached. */
bool catalog_rest_is_storage(struct str key);
/* Hands to the store what a load's or a staged table's reply says about reaching its files. */
STATUS_MUST_USE status catalog_rest_hand_over(struct catalog *c, const json_t *reply,
                                              struct str location, struct error *err);

/* ---- commits (catalog_rest_commit.c) --------------------------------------------------------- */

STATUS_MUST_USE status catalog_rest_commit(struct catalog_pin *at,
                                           const struct catalog_commit *commit, struct error *err);
STATUS_MUST_USE status catalog_rest_stage(struct catalog_pin *p, struct catalog_name name,
                                          const struct iceberg_table *wanted, struct arena *arena,
                                          struct iceberg_table **out, struct error *err);

#endif
