// SPDX-License-Identifier: Apache-2.0
/* catalog_token_int.h - what a request shows to a catalog's server: a name and a password, a bearer
 * token, or one that an OAuth2 server gives for client credentials (RFC 6749 section 4.4) and that
 * is asked for again before it ends.
 *
 * None of it ever stands in a message. */
#ifndef CATALOG_TOKEN_INT_H
#define CATALOG_TOKEN_INT_H

#include "base/str.h"
#include "net/net.h"

struct catalog_token_config {
    struct str user, password;                     /* HTTP Basic, if `user` is not empty */
    struct str token;                              /* a ready one, if not empty */
    struct str endpoint, client_id, client_secret; /* OAuth2, if `endpoint` is not empty */
    struct str scope, audience, resource;          /* may be empty */
    bool in_body; /* the secret goes as form fields, not as HTTP Basic (section 2.3.1) */
};

struct catalog_token;
/* Asks nobody yet. `config` is copied, `net` borrowed. */
STATUS_MUST_USE status catalog_token_open(const struct catalog_token_config *config,
                                          struct net_client *net, struct catalog_token **out,
                                          struct error *err);
void catalog_token_close(struct catalog_token *t); /* accepts NULL */

/* Makes a request show it: sets sign, renew and sign_self. t may be NULL: nothing is shown. */
void catalog_token_put(struct catalog_token *t, struct net_request *r);
/* A server's words about a request that catalog_token_put was called for, without what it was shown:
 * some repeat it. Empty when memory ends. */
void catalog_token_hide(const struct net_request *r, struct arena *arena, struct str *words);

/* Adds to the error of a 401 or 403 what was shown, or the keys that make a request show something;
 * t may be NULL. */
void catalog_token_explain(const struct catalog_token *t, const char *keys, struct error *err);

#endif
