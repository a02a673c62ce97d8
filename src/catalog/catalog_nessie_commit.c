// SPDX-License-Identifier: Apache-2.0
/* catalog_nessie_commit.c - all changes of a transaction as one commit of a Nessie branch.
 *
 *     POST trees/main@<hash of the newest pin>/history/commit
 *          {commitMeta: {message, authors, allProperties: {firn.publish-id, ...}},
 *           operations: [{PUT | DELETE, key, content}, ...]}
 *
 * The server refuses a commit if any of its keys has changed between that hash and the branch's
 * newest commit; other keys may. A PUT carries the content's id exactly when the key exists at that
 * hash, so a replaced table stays the same content; DELETE and PUT of one key make a new one; a
 * renamed table takes its content's id to its new key.
 *
 * When a reply is lost, the commit may stand, may fail or may still be on its way:
 *
 *     send -> lost? -> is the publish id in the branch's history since <hash>? -> yes: done
 *      ^                                                  | no
 *      `-------------- the same again, after a pause -----'
 *
 * N1  of several sendings of one commit at most one is carried out: it changes every one of its
 *     keys, so the next finds them changed since <hash>
 * N2  so a conflict that names a changed key, after which the publish id is not in the history, means
 *     that somebody else changed it first, and that no sending will be carried out any more. One that
 *     names none says nothing about an earlier sending: the server answers so, too, when it has
 *     tried for too long against other commits
 * N3  429 and 503 mean that nothing was done, and `net` sends again. A proxy may have answered so
 *     after all: a conflict of such a later sending is looked up like after a lost one
 * N4  cancelling ends none of it: what was sent is settled first
 * N5  when busy_ms have passed without an answer that decides, the outcome is unknown (K1) */
#include "catalog/catalog_nessie_int.h"

#include "base/clock.h"
#include "base/random.h"

#define BODY_BYTES    ((size_t)16 << 20)
#define MESSAGE_BYTES 1000

struct nessie_try {
    struct catalog_pin *at; /* borrowed, as all below */
    const struct catalog_commit *commit;
    struct arena *arena;
    struct str path, body;
    bool lost;        /* a sending may have been carried out without our knowing */
    bool key_changed; /* says the answer to the last sending (N2) */
};

/* ---- the body -------------------------------------------------------------------------------- */

static status put_list_of_one(struct buffer *b, const char *key, struct str value,
                              struct error *err)
{
    TRY(jsontext_put_open(b, key, '[', err));
    TRY(jsontext_put_str(b, NULL, value, err));
    return jsontext_put_close(b, ']', err);
}

static const char *verb_of(const struct catalog_change *ch)
{
    switch (ch->kind) {
    case CATALOG_CREATE_SPACE:
        return "create schema";
    case CATALOG_DROP_SPACE:
        return "drop schema";
    case CATALOG_DROP:
        return "drop";
    default:
        return ch->operation ? ch->operation : "commit";
    }
}

/* "firn: append demo.sales, create demo.daily" */
static status put_message(struct buffer *b, const struct catalog_commit *commit,
                          struct arena *arena, struct error *err)
{
    struct str text = STR("firn:");
    for (size_t i = 0; i < commit->count; i++) {
        const struct catalog_change *ch = &commit->changes[i];
        if (text.len > MESSAGE_BYTES) {
            TRY(arena_printf(arena, &text, err, "%.*s, ...", STR_ARG(text)));
            break;
        }
        TRY(arena_printf(arena, &text, err, "%.*s%s %s ", STR_ARG(text), i ? "," : "",
                         verb_of(ch)));
        if (ch->kind == CATALOG_RENAME)
            TRY(arena_printf(arena, &text, err, "%.*s%.*s.%.*s to ", STR_ARG(text),
                             STR_ARG(ch->from.space), STR_ARG(ch->from.table)));
        TRY(arena_printf(arena, &text, err, "%.*s%.*s%s%.*s", STR_ARG(text),
                         STR_ARG(ch->name.space), ch->name.table.len ? "." : "",
                         STR_ARG(ch->name.table)));
    }
    return jsontext_put_str(b, "message", text, err);
}

static status put_meta(struct buffer *b, const struct catalog_commit *commit, struct arena *arena,
                       struct error *err)
{
    struct str app = commit->application.len > 0 ? commit->application : STR("firn");
    TRY(jsontext_put_open(b, "commitMeta", '{', err));
    TRY(put_message(b, commit, arena, err));
    TRY(put_list_of_one(b, "authors", app, err));
    TRY(jsontext_put_open(b, "allProperties", '{', err));
    TRY(put_list_of_one(b, "application-type", STR("iceberg"), err));
    TRY(put_list_of_one(b, "app-id", app, err));
    TRY(put_list_of_one(b, "engine-name", STR("firn"), err));
    TRY(put_list_of_one(b, "engine-version", str_of(FIRN_VERSION), err));
    TRY(put_list_of_one(b, "firn.publish-id", commit->publish_id, err));
    TRY(jsontext_put_close(b, '}', err));
    return jsontext_put_close(b, '}', err);
}

static status put_space(struct buffer *b, struct catalog_name name, struct error *err)
{
    TRY(jsontext_put_open(b, "content", '{', err));
    TRY(jsontext_put_str(b, "type", STR("NAMESPACE"), err));
    TRY(catalog_nessie_put_levels(b, "elements", name, err));
    TRY(jsontext_put_open(b, "properties", '{', err));
    TRY(jsontext_put_close(b, '}', err));
    return jsontext_put_close(b, '}', err);
}

static status put_table(struct buffer *b, const struct catalog_change *ch, struct str id,
                        struct error *err)
{
    const struct iceberg_table *t = ch->next;
    TRY(jsontext_put_open(b, "content", '{', err));
    TRY(jsontext_put_str(b, "type", STR("ICEBERG_TABLE"), err));
    if (id.len > 0)
        TRY(jsontext_put_str(b, "id", id, err));
    TRY(jsontext_put_str(b, "metadataLocation", ch->new_location, err));
    TRY(jsontext_put_long(b, "snapshotId", t->current_snapshot_id, err));
    TRY(jsontext_put_long(b, "schemaId", t->current_schema_id, err));
    TRY(jsontext_put_long(b, "specId", t->default_spec_id, err));
    TRY(jsontext_put_long(b, "sortOrderId", t->default_order_id, err));
    return jsontext_put_close(b, '}', err);
}

/* A name that is to be taken must be free, or left by the same commit. */
static status expect_free(const struct nessie_try *x, const struct catalog_change *ch,
                          struct error *err)
{
    const struct nessie_content *have;
    bool freed = catalog_name_freed(x->commit->changes, x->commit->count, ch->name);
    if (freed &&
        ch->kind == CATALOG_RENAME) /* a key that is deleted is put with new content only */
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "Nessie cannot rename %.*s.%.*s to %.*s.%.*s in the commit in which another table "
                 "leaves that name; use two transactions",
                 STR_ARG(ch->from.space), STR_ARG(ch->from.table), STR_ARG(ch->name.space),
                 STR_ARG(ch->name.table));
    if (freed)
        return ST_OK;
    TRY(catalog_nessie_content(x->at, ch->name, &have, err));
    return have->kind == NESSIE_NOTHING ? ST_OK
                                        : catalog_lost(ch, "was created by another process", err);
}

/* What the change expects to find must stand in the pinned state; its content's id, empty for a new
 * key. */
static status expected_id(const struct nessie_try *x, const struct catalog_change *ch,
                          struct str *id, struct error *err)
{
    const struct nessie_content *have;
    *id = (struct str){0};
    if (ch->kind == CATALOG_CREATE_SPACE || ch->kind == CATALOG_DROP_SPACE)
        return ST_OK;
    if (ch->kind == CATALOG_CREATE || ch->kind == CATALOG_RENAME)
        TRY(expect_free(x, ch, err));
    if (ch->kind == CATALOG_CREATE)
        return ST_OK;
    TRY(catalog_nessie_content(x->at, ch->kind == CATALOG_RENAME ? ch->from : ch->name, &have,
                               err));
    if (have->kind != NESSIE_TABLE || !str_eq(have->location, ch->base_location))
        return catalog_lost(ch, "was changed by another process", err);
    *id = have->id;
    return ST_OK;
}

static status put_delete(struct buffer *b, struct catalog_name name, struct error *err)
{
    TRY(jsontext_put_open(b, NULL, '{', err));
    TRY(jsontext_put_str(b, "type", STR("DELETE"), err));
    TRY(catalog_nessie_put_key(b, "key", name, err));
    return jsontext_put_close(b, '}', err);
}

/* What leaves a name. */
static status put_leaving(struct buffer *b, const struct nessie_try *x, size_t i, struct error *err)
{
    const struct catalog_change *ch = &x->commit->changes[i];
    struct str id;
    if (ch->kind == CATALOG_RENAME)
        return put_delete(b, ch->from, err);
    if (ch->kind != CATALOG_DROP && ch->kind != CATALOG_DROP_SPACE)
        return ST_OK;
    TRY(expected_id(x, ch, &id, err));
    return put_delete(b, ch->name, err);
}

/* What takes one. */
static status put_taking(struct buffer *b, const struct nessie_try *x, size_t i, struct error *err)
{
    const struct catalog_change *ch = &x->commit->changes[i];
    struct str id;
    if (ch->kind == CATALOG_DROP || ch->kind == CATALOG_DROP_SPACE)
        return ST_OK;
    TRY(expected_id(x, ch, &id, err));
    TRY(jsontext_put_open(b, NULL, '{', err));
    TRY(jsontext_put_str(b, "type", STR("PUT"), err));
    TRY(catalog_nessie_put_key(b, "key", ch->name, err));
    TRY(ch->kind == CATALOG_CREATE_SPACE ? put_space(b, ch->name, err) : put_table(b, ch, id, err));
    return jsontext_put_close(b, '}', err);
}

static status put_body(struct buffer *b, const struct nessie_try *x, struct error *err)
{
    TRY(jsontext_put_open(b, NULL, '{', err));
    TRY(put_meta(b, x->commit, x->arena, err));
    TRY(jsontext_put_open(b, "operations", '[', err));
    for (size_t i = 0; i < x->commit->count; i++)
        TRY(put_leaving(b, x, i, err));
    for (size_t i = 0; i < x->commit->count; i++)
        TRY(put_taking(b, x, i, err));
    TRY(jsontext_put_close(b, ']', err));
    return jsontext_put_close(b, '}', err);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Conflicts by which a key differs from what it was at the hash (N2). */
static const struct {
    const char *type, *text;
} key_changes[] = {{"VALUE_DIFFERS", "was changed by another process"},
                   {"KEY_EXISTS", "was created by another process"},
                   {"KEY_DOES_NOT_EXIST", "was dropped by another process"},
                   {"CONTENT_ID_DIFFERS", "was dropped and made again by another process"},
                   {"PAYLOAD_DIFFERS", "was replaced by another process"}};

static const char *key_change(const struct nessie_conflict *c)
{
    for (size_t i = 0; i < ARRAY_LEN(key_changes); i++)
        if (str_eq_z(c->type, key_changes[i].type))
            return key_changes[i].text;
    return NULL;
}

static status one_conflict(const struct nessie_conflict *c, struct error *err)
{
    const char *change = key_change(c);
    if (change)
        FAIL(err, ST_CONFLICT, "%.*s %s", STR_ARG(c->key), change);
    if (str_eq(c->type, STR("NAMESPACE_ABSENT")))
        FAIL_SQL(err, ST_NOT_FOUND, "3F000", 0, "schema \"%.*s\" does not exist", STR_ARG(c->key));
    if (str_eq(c->type, STR("NAMESPACE_NOT_EMPTY")))
        FAIL_SQL(err, ST_INVALID, "2BP01", 0,
                 "schema \"%.*s\" is not empty: drop its tables and schemas first",
                 STR_ARG(c->key));
    if (str_eq(c->type, STR("NOT_A_NAMESPACE")))
        FAIL_SQL(err, ST_INVALID, "42809", 0, "\"%.*s\" is not a schema", STR_ARG(c->key));
    FAIL(err, ST_CONFLICT, "%.*s: %.*s", STR_ARG(c->key), STR_ARG(c->message));
}

/* 409: one that a retry cannot heal first. The rest of the conflicts says no more. */
static status conflict_of(const struct nessie_problem *problem, struct error *err)
{
    for (size_t i = 0; i < problem->conflict_count; i++)
        if (one_conflict(&problem->conflicts[i], NULL) != ST_CONFLICT)
            return one_conflict(&problem->conflicts[i], err);
    if (problem->conflict_count > 0)
        return one_conflict(&problem->conflicts[0], err);
    FAIL(err, ST_CONFLICT, "the commit lost to another one: %.*s", STR_ARG(problem->message));
}

status catalog_nessie_conflict(const struct nessie_reply *reply, struct arena *arena,
                               struct error *err)
{
    struct nessie_problem problem;
    TRY(catalog_nessie_problem(reply, arena, &problem, err));
    return conflict_of(&problem, err);
}

/* 404: the branch, or the hash on it. Where it was reassigned the newest state is another. */
static status refused(struct nessie_try *x, const struct nessie_reply *reply, struct error *err)
{
    struct nessie_problem problem;
    if (reply->http.status == 409) {
        TRY(catalog_nessie_problem(reply, x->arena, &problem, err));
        for (size_t i = 0; i < problem.conflict_count; i++)
            x->key_changed |= key_change(&problem.conflicts[i]) != NULL;
        return conflict_of(&problem, err);
    }
    status st = catalog_nessie_fail(reply, "committing", x->arena, err);
    if (st != ST_NOT_FOUND)
        return st;
    FAIL(err, ST_CONFLICT, "the branch was dropped or assigned to another commit meanwhile");
}

/* ---- sending --------------------------------------------------------------------------------- */

static status send_once(struct nessie_try *x, struct error *err)
{
    struct nessie_request r = {
        .method = "POST", .path = x->path, .body = x->body, .firm = true, .what = "committing"};
    struct nessie_reference now = {0};
    struct nessie_reply reply;
    struct catalog *c = x->at->catalog;
    x->key_changed = false;
    status st = catalog_nessie_send(c, &r, x->arena, &reply, err);
    if (st == ST_OK && reply.http.status != 200) {
        st = refused(x, &reply, err);
    } else if (st == ST_OK) {
        st = catalog_nessie_parse_reference(reply.doc.root, "targetBranch", x->arena, &now, err);
    }
    if (reply.http.status == 200 && st != ST_OK) /* done, says a server that cannot be understood */
        st = error_set(err, ST_UNKNOWN, __FILE__, __LINE__, "committing: the reply is cut or bad");
    x->lost |= st == ST_UNKNOWN || (st == ST_CONFLICT && reply.http.tries > 1); /* N3 */
    catalog_nessie_reply_free(&reply);
    return st;
}

/* Is there a commit of this publish id between the branch's newest and the one we built on? */
static status look_up(struct nessie_try *x, bool *found, struct error *err)
{
    const struct nessie_pin *n = x->at->self;
    return catalog_nessie_find_publish(x->at->catalog, n->at.name, n->at.hash,
                                       x->commit->publish_id, x->arena, found, err);
}

static status unknown(const struct nessie_try *x, struct error why, struct error *err)
{
    const struct nessie_catalog *n = x->at->catalog->self;
    const struct nessie_pin *pin = x->at->self;
    return error_set(err, ST_UNKNOWN, __FILE__, __LINE__,
                     "whether commit %.*s stands on branch %.*s of %.*s is not known: %s; look for "
                     "firn.publish-id in its history before you try again",
                     STR_ARG(x->commit->publish_id), STR_ARG(pin->at.name), STR_ARG(n->base),
                     why.msg);
}

/* After a sending that was perhaps carried out ended with `st`. *again: send it once more. */
static status settle(struct nessie_try *x, status st, bool last, bool *again, struct error *err)
{
    struct error why;
    bool found = false;
    error_init(&why);
    *again = false;
    status looked = look_up(x, &found, &why);
    if (looked == ST_OK && found)
        return ST_OK;
    if (looked == ST_OK && st == ST_CONFLICT && x->key_changed)
        return st; /* N2 */
    if (last)
        return unknown(x, looked == ST_OK ? *err : why, err);
    *again = true;
    return ST_OK;
}

static status send_until_known(struct nessie_try *x, struct error *err)
{
    int64_t until = clock_monotonic_us() + x->at->catalog->busy_ms * 1000;
    for (int tries = 0;; tries++) {
        struct error first;
        bool again;
        error_init(&first);
        status st = send_once(x, &first);
        if (st == ST_OK)
            return ST_OK;
        if (x->lost) {
            st = settle(x, st, clock_monotonic_us() > until, &again, &first);
            if (again) {
                random_pause(0, tries < 5 ? 100000 << tries : 3000000);
                continue;
            }
        }
        if (st != ST_OK && err)
            *err = first;
        return st;
    }
}

static status commit_with(struct nessie_try *x, struct buffer *body, struct error *err)
{
    const struct nessie_pin *n = x->at->self;
    struct str at;
    TRY(put_body(body, x, err));
    x->body = buffer_str(body);
    TRY(catalog_nessie_path(n->at.name, n->at.hash, x->arena, &at, err));
    TRY(arena_printf(x->arena, &x->path, err, "%.*s/history/commit", STR_ARG(at)));
    return send_until_known(x, err);
}

status catalog_nessie_commit(struct catalog_pin *at, const struct catalog_commit *commit,
                             struct error *err)
{
    const struct nessie_pin *n = at->self;
    struct arena arena;
    struct buffer body;
    if (!n->writable)
        FAIL_SQL(err, ST_UNSUPPORTED, "25006", 0,
                 "the catalog is open at %s, which cannot be changed; set ref to a branch",
                 n->at.name.len > 0 && !n->at.is_branch ? "a tag" : "a commit's hash");
    arena_init(&arena, NULL);
    buffer_init(&body, NULL, BODY_BYTES);
    struct nessie_try x = {.at = at, .commit = commit, .arena = &arena};
    status st = commit_with(&x, &body, err);
    buffer_free(&body);
    arena_free(&arena);
    return st;
}
