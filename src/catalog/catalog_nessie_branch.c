// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_branch.c - branches of the whole catalog made, dropped and merged.
 *
 *     create   POST   trees?name=dev&type=BRANCH             from the pinned commit
 *     drop     DELETE trees/dev@<its hash>?type=BRANCH       a branch that somebody moves meanwhile stays
 *     merge    POST   trees/main@<hash>/history/merge        all or nothing; sent again it merges nothing
 *
 * None of them is part of a transaction. A lost reply of create or drop is ST_UNKNOWN and shows
 * itself when the same is asked for again. */
#include "catalog/catalog_nessie_int.h"

/* Its bytes are checked by the server; here only that it is a name and not the open branch. */
static status check_name(const struct nessie_pin *n, struct str name, struct error *err)
{
    if (name.len == 0 || name.len > 255)
        FAIL_SQL(err, ST_INVALID, "22023", 0, "a branch's name has 1 to 255 characters");
    if (str_eq(name, n->at.name))
        FAIL_SQL(err, ST_INVALID, "22023", 0, "\"%.*s\" is the branch that the catalog is open at",
                 STR_ARG(name));
    return ST_OK;
}

static status send(struct catalog_pin *p, const struct nessie_request *r, struct error *err)
{
    struct nessie_reply reply;
    status st = catalog_nessie_send(p->catalog, r, &p->arena, &reply, err);
    if (st == ST_OK && reply.http.status != 200 && reply.http.status != 204)
        st = reply.http.status == 409 ? catalog_nessie_conflict(&reply, &p->arena, err)
                                      : catalog_nessie_fail(&reply, r->what, &p->arena, err);
    catalog_nessie_reply_free(&reply);
    return st;
}

/* The newest hash of another branch. */
static status hash_of(struct catalog_pin *p, struct str name, struct str *out, struct error *err)
{
    struct nessie_reference ref;
    TRY(catalog_nessie_reference(p, name, &ref, err));
    if (!ref.is_branch)
        FAIL_SQL(err, ST_INVALID, "42809", 0, "\"%.*s\" is a tag, not a branch", STR_ARG(name));
    *out = ref.hash;
    return ST_OK;
}

static status put_create(struct buffer *b, const struct nessie_reference *from, struct error *err)
{
    bool named = from->name.len > 0;
    struct str type = !named ? STR("DETACHED") : from->is_branch ? STR("BRANCH") : STR("TAG");
    TRY(jsontext_put_open(b, NULL, '{', err));
    TRY(jsontext_put_str(b, "type", type, err));
    if (named)
        TRY(jsontext_put_str(b, "name", from->name, err));
    TRY(jsontext_put_str(b, "hash", from->hash, err));
    return jsontext_put_close(b, '}', err);
}

static status put_merge(struct buffer *b, struct str name, struct str hash, struct error *err)
{
    TRY(jsontext_put_open(b, NULL, '{', err));
    TRY(jsontext_put_str(b, "fromRefName", name, err));
    TRY(jsontext_put_str(b, "fromHash", hash, err));
    return jsontext_put_close(b, '}', err);
}

static status create(struct catalog_pin *p, struct str name, struct buffer *body, struct error *err)
{
    const struct nessie_pin *n = p->self;
    struct nessie_request r = {.method = "POST", .firm = true, .what = "creating a branch"};
    struct str escaped;
    TRY(net_escape(name, false, &p->arena, &escaped, err));
    TRY(arena_printf(&p->arena, &r.path, err, "trees?name=%.*s&type=BRANCH", STR_ARG(escaped)));
    TRY(put_create(body, &n->at, err));
    r.body = buffer_str(body);
    status st = send(p, &r, err);
    if (st != ST_CONFLICT)
        return st;
    FAIL_SQL(err, ST_EXISTS, "42710", 0, "branch \"%.*s\" already exists", STR_ARG(name));
}

static status drop(struct catalog_pin *p, struct str name, struct error *err)
{
    struct nessie_request r = {.method = "DELETE", .firm = true, .what = "dropping a branch"};
    struct str hash, path;
    TRY(hash_of(p, name, &hash, err));
    TRY(catalog_nessie_path(name, hash, &p->arena, &path, err));
    TRY(arena_printf(&p->arena, &r.path, err, "%.*s?type=BRANCH", STR_ARG(path)));
    return send(p, &r, err);
}

static status merge(struct catalog_pin *p, struct str name, struct buffer *body, struct error *err)
{
    const struct nessie_pin *n = p->self;
    struct nessie_request r = {.method = "POST", .repeatable = true, .what = "merging a branch"};
    struct str hash;
    if (!n->writable)
        FAIL_SQL(err, ST_UNSUPPORTED, "25006", 0, "the catalog is not open at a branch");
    TRY(hash_of(p, name, &hash, err));
    TRY(arena_printf(&p->arena, &r.path, err, "%.*s/history/merge", STR_ARG(n->path)));
    TRY(put_merge(body, name, hash, err));
    r.body = buffer_str(body);
    return send(p, &r, err);
}

status catalog_nessie_branch(struct catalog_pin *p, enum catalog_branch_action action,
                             struct str name, struct error *err)
{
    struct buffer body;
    TRY(check_name(p->self, name, err));
    buffer_init(&body, NULL, (size_t)64 << 10);
    status st = action == CATALOG_BRANCH_CREATE ? create(p, name, &body, err)
                : action == CATALOG_BRANCH_DROP ? drop(p, name, err)
                                                : merge(p, name, &body, err);
    buffer_free(&body);
    TRY_CONTEXT(st, err, "branch \"%.*s\"", STR_ARG(name));
    return ST_OK;
}
