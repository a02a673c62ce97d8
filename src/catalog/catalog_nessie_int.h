// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_int.h - what the files of the Nessie kind share. */
#ifndef CATALOG_NESSIE_INT_H
#define CATALOG_NESSIE_INT_H

#include "catalog/catalog_int.h"
#include "catalog/catalog_token_int.h"

#include "base/jsontext.h"

struct nessie_catalog {
    struct net_client *net;      /* owned; its requests end when the session is cancelled */
    struct net_client *firm;     /* owned; these do not: commits, and the search for a lost one */
    struct catalog_token *token; /* owned; NULL = none is shown */
    /* in the catalog's arena: */
    struct str base; /* "http://host:19120/api/v2" */
    struct str ref;  /* branch or tag; empty = the server's default branch, or `hash` alone */
    struct str hash; /* read at this commit only; empty = the newest */
};

enum nessie_content_kind {
    NESSIE_NOTHING, /* there is no such key */
    NESSIE_TABLE,
    NESSIE_VIEW,
    NESSIE_SPACE,
    NESSIE_FOREIGN /* a Delta Lake table, a function */
};

struct nessie_content {
    struct nessie_content *next;
    struct catalog_name name; /* table empty: the content of a namespace's key */
    enum nessie_content_kind kind;
    struct str id;       /* made by the server, kept as long as the key lives */
    struct str location; /* of a table's metadata file, or a namespace's property; may be empty */
    int64_t snapshot_id; /* -1 = none */
    int32_t schema_id, spec_id, sort_order_id; /* of a table */
};

struct nessie_reference {
    struct str name, hash;
    bool is_branch;
};

struct nessie_pin {
    struct nessie_reference at;
    bool writable;                   /* the newest state of a branch */
    struct str path;                 /* "trees/main%40<hash>" */
    struct nessie_content *contents; /* what was asked for, newest first */
    bool has_spaces;
    struct catalog_names spaces; /* valid with has_spaces */
};

/* ---- requests (catalog_nessie_http.c) -------------------------------------------------------- */

struct nessie_request {
    const char *method;
    struct str path;  /* behind the base URL, escaped, with its query */
    struct str body;  /* JSON; ptr NULL = none */
    bool repeatable;  /* sent again when its reply is lost */
    bool firm;        /* cancelling does not end it */
    const char *what; /* "reading the reference main" */
};

struct nessie_problem;

struct nessie_reply {
    struct net_request sent;
    struct net_reply http;
    struct jsontext_doc doc; /* root NULL: the body was no JSON */
};

/* Any HTTP status is ST_OK. A reply with status 200 holds an object. Free it also on failure. */
STATUS_MUST_USE status catalog_nessie_send(struct catalog *c, const struct nessie_request *r,
                                           struct arena *arena, struct nessie_reply *out,
                                           struct error *err);
/* Same, and what is not 200 fails in the server's words. */
STATUS_MUST_USE status catalog_nessie_get(struct catalog *c, const struct nessie_request *r,
                                          struct arena *arena, struct nessie_reply *out,
                                          struct error *err);
void catalog_nessie_reply_free(struct nessie_reply *r);
/* What the server says is wrong, without what it was shown. */
STATUS_MUST_USE status catalog_nessie_problem(const struct nessie_reply *reply, struct arena *arena,
                                              struct nessie_problem *out, struct error *err);
/* What the reply's status means (net_fail), in the server's words. */
STATUS_MUST_USE status catalog_nessie_fail(const struct nessie_reply *reply, const char *what,
                                           struct arena *arena, struct error *err);
/* "trees/a%2Fb%40<hash>"; hash may be empty. */
STATUS_MUST_USE status catalog_nessie_path(struct str ref, struct str hash, struct arena *arena,
                                           struct str *out, struct error *err);

/* ---- replies (catalog_nessie_json.c) --------------------------------------------------------- */

/* {"reference": {"type", "name", "hash"}}, or of another member ("targetBranch"). */
STATUS_MUST_USE status catalog_nessie_parse_reference(const json_t *root, const char *key,
                                                      struct arena *arena,
                                                      struct nessie_reference *out,
                                                      struct error *err);
/* The first of "contents" that has the key of `name` into *out (all but name and next), or
 * NESSIE_NOTHING. */
STATUS_MUST_USE status catalog_nessie_parse_contents(const json_t *root, struct catalog_name name,
                                                     struct arena *arena,
                                                     struct nessie_content *out, struct error *err);
/* One page of "entries": names of namespaces (space NULL), or of tables right in *space. *token: of
 * the next page, ptr NULL = it was the last. Names that firn cannot write are left out. */
STATUS_MUST_USE status catalog_nessie_parse_entries(const json_t *root, const struct str *space,
                                                    struct arena *arena, struct catalog_names *out,
                                                    struct str *token, struct error *err);
/* One page of "references": names of branches and tags. */
STATUS_MUST_USE status catalog_nessie_parse_references(const json_t *root, struct arena *arena,
                                                       struct catalog_names *out, struct str *token,
                                                       struct error *err);
/* One page of "logEntries": is there a commit with that publish id? */
STATUS_MUST_USE status catalog_nessie_parse_history(const json_t *root, struct str publish_id,
                                                    struct arena *arena, bool *found,
                                                    struct str *token, struct error *err);

struct nessie_problem {
    struct str code;    /* "REFERENCE_CONFLICT"; may be empty */
    struct str message; /* may be empty */
    size_t conflict_count;
    struct nessie_conflict {
        struct str type;    /* "VALUE_DIFFERS" */
        struct str key;     /* "demo.sales" */
        struct str message; /* may be empty */
    } * conflicts;
};
/* The body of an error; whatever is not as it should be is left empty. root may be NULL. */
STATUS_MUST_USE status catalog_nessie_parse_problem(const json_t *root, struct arena *arena,
                                                    struct nessie_problem *out, struct error *err);

/* {"elements": ["a", "b", "t"]} as a member or item. */
STATUS_MUST_USE status catalog_nessie_put_key(struct buffer *out, const char *key,
                                              struct catalog_name name, struct error *err);
/* ["a", "b"] */
STATUS_MUST_USE status catalog_nessie_put_levels(struct buffer *out, const char *key,
                                                 struct catalog_name name, struct error *err);

/* ---- reading (catalog_nessie.c) -------------------------------------------------------------- */

/* What stands at a key in the pinned state; asks once. A namespace's name has an empty table. */
STATUS_MUST_USE status catalog_nessie_content(struct catalog_pin *p, struct catalog_name name,
                                              const struct nessie_content **out, struct error *err);

/* A branch or tag by its name, empty = the server's default branch. */
STATUS_MUST_USE status catalog_nessie_reference(struct catalog_pin *p, struct str name,
                                                struct nessie_reference *out, struct error *err);

/* ---- branches (catalog_nessie_branch.c) ------------------------------------------------------ */

STATUS_MUST_USE status catalog_nessie_branch(struct catalog_pin *p,
                                             enum catalog_branch_action action, struct str name,
                                             struct error *err);

/* ---- history (catalog_nessie_history.c) ------------------------------------------------------ */

/* Is there a commit of that publish id among a reference's newest, down to the one of hash `since`
 * (empty = all)? */
STATUS_MUST_USE status catalog_nessie_find_publish(struct catalog *c, struct str ref,
                                                   struct str since, struct str publish_id,
                                                   struct arena *arena, bool *found,
                                                   struct error *err);
/* Is it on any branch or tag? */
STATUS_MUST_USE status catalog_nessie_was_published(struct catalog *c, struct str publish_id,
                                                    bool *found, struct error *err);

/* ---- commits (catalog_nessie_commit.c) ------------------------------------------------------- */

STATUS_MUST_USE status catalog_nessie_commit(struct catalog_pin *at,
                                             const struct catalog_commit *commit,
                                             struct error *err);
/* What a reply with status 409 says. */
STATUS_MUST_USE status catalog_nessie_conflict(const struct nessie_reply *reply,
                                               struct arena *arena, struct error *err);

#endif
