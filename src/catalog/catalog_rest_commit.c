// SPDX-License-Identifier: Apache-2.0
/* catalog_rest_commit.c - changes of a REST catalog, each in one request, and what to believe when
 * the request's outcome is not known.
 *
 *     tables       POST .../tables/t            requirements and updates; the server writes metadata
 *     several      POST /transactions/commit    the same of each, all or nothing
 *     drop         DELETE .../tables/t?purgeRequested=false, or true
 *     rename       POST /tables/rename
 *     namespace    POST .../namespaces, DELETE .../namespaces/a
 *
 * A reply can be lost, a gateway can give up (500, 502, 503, 504), and the server may still carry the
 * request out later. What was meant is then looked for in the tables themselves:
 *
 *     every one shows it              done
 *     every one shows something else  lost: ST_CONFLICT
 *     every one is as it was, or      the same request is sent again, for as long as the catalog
 *     some are and some show it       waits
 *     otherwise                       ST_UNKNOWN (K1)
 *
 * Cancelling ends none of it: what was sent is settled first.
 *
 * R1  a request may be sent again, and a late one does no harm, because at most one of its copies can
 *     be carried out: it requires that main stands where it stood and moves it, or that the table
 *     does not exist and makes it. One that changes properties alone does the same twice
 * R2  main elsewhere, without ours in its history, means that ours can never be carried out any more;
 *     this can only be said by a server that gives a table's history */
#include "catalog/catalog_rest_int.h"

#include "base/clock.h"
#include "base/random.h"

#define BODY_BYTES    ((size_t)256 << 20)
#define LOOK_LATER_US 200000 /* before a request is sent again: the first may be under way */
#define PAUSE_MAX_US  3000000

enum seen { SEEN_OLD, SEEN_NEW, SEEN_LOST, SEEN_UNCLEAR };

/* ---- what a table shows ---------------------------------------------------------------------- */

static const struct iceberg_snapshot *added_snapshot(const struct catalog_change *ch)
{
    const struct iceberg_snapshot *s = iceberg_current_snapshot(ch->next);
    return s && (!ch->base || !iceberg_snapshot_by_id(ch->base, s->id)) ? s : NULL;
}

static bool has_properties(const struct iceberg_table *now, const struct catalog_change *ch)
{
    const struct iceberg_table *base = ch->base, *next = ch->next;
    for (size_t i = 0; i < next->property_count; i++) {
        const struct property *p = &next->properties[i];
        struct str old = base ? iceberg_table_property(base, p->key.ptr) : (struct str){0};
        if ((!old.ptr || !str_eq(old, p->value)) &&
            !str_eq(iceberg_table_property(now, p->key.ptr), p->value))
            return false;
    }
    for (size_t i = 0; base && i < base->property_count; i++)
        if (!iceberg_table_property(next, base->properties[i].key.ptr).ptr &&
            iceberg_table_property(now, base->properties[i].key.ptr).ptr)
            return false;
    return true;
}

static bool has_refs(const struct iceberg_table *now, const struct iceberg_table *next)
{
    for (size_t i = 0; i < next->ref_count; i++) {
        const struct iceberg_ref *r = iceberg_ref_by_name(now, next->refs[i].name);
        if (!r || r->snapshot_id != next->refs[i].snapshot_id)
            return false;
    }
    return true;
}

/* A change without a snapshot of its own: is all of it there? */
static enum seen look_at_settings(const struct iceberg_table *now, const struct catalog_change *ch)
{
    if (str_eq(now->metadata_location, ch->base_location))
        return SEEN_OLD;
    bool same = has_properties(now, ch) && has_refs(now, ch->next) &&
                now->current_schema_id == ch->next->current_schema_id &&
                now->default_spec_id == ch->next->default_spec_id &&
                now->default_order_id == ch->next->default_order_id;
    return same ? SEEN_NEW : SEEN_LOST;
}

static enum seen look_at(const struct iceberg_table *now, const struct catalog_change *ch)
{
    if (!ch->base)
        return !now ? SEEN_OLD : str_eq(now->uuid, ch->next->uuid) ? SEEN_NEW : SEEN_LOST;
    if (!now || !str_eq(now->uuid, ch->base->uuid))
        return SEEN_LOST;
    const struct iceberg_snapshot *ours = added_snapshot(ch);
    const struct iceberg_snapshot *head = iceberg_current_snapshot(now);
    if (!ours)
        return look_at_settings(now, ch);
    if (iceberg_snapshot_by_id(now, ours->id) || (head && head->parent_id == ours->id))
        return SEEN_NEW;
    if (now->current_snapshot_id == ch->base->current_snapshot_id)
        return SEEN_OLD;
    bool has_history = ch->base->current_snapshot_id == -1 ||
                       iceberg_snapshot_by_id(now, ch->base->current_snapshot_id);
    return has_history ? SEEN_LOST : SEEN_UNCLEAR; /* R2 */
}

static status look_at_all(struct catalog *c, const struct catalog_change *changes, size_t count,
                          enum seen *out, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct iceberg_table *now;
        arena_init(&arena, NULL);
        status st = catalog_rest_load_now(c, changes[i].name, &arena, &now, err);
        enum seen seen = st == ST_OK ? look_at(now, &changes[i]) : SEEN_UNCLEAR;
        arena_free(&arena);
        TRY(st);
        *out = i == 0 || *out == seen ? seen : SEEN_UNCLEAR;
    }
    return ST_OK;
}

/* ---- one request until its outcome is known -------------------------------------------------- */

struct rest_change {
    struct catalog *catalog;
    struct rest_call call;
    const struct catalog_change *changes; /* what the one request does */
    size_t count;
    /* Whether it is done, looked for afterwards. */
    status (*look)(struct catalog *c, const struct catalog_change *changes, size_t count,
                   enum seen *out, struct error *err);
    /* What an answer means that is no success; ST_OK = the status says it all. */
    status (*refused)(const struct rest_change *c, const struct rest_answer *a, struct error *err);
};

/* An answer by which the request may have been carried out, or may be later. */
static bool is_unclear(status st, const struct rest_answer *a)
{
    int s = a->reply.status;
    if (st != ST_OK)
        return st == ST_UNKNOWN || (s >= 200 && s < 300);
    return s == 408 || s == 500 || s == 502 || s == 503 || s == 504;
}

static status judge(const struct rest_change *c, status st, const struct rest_answer *a,
                    struct error *err)
{
    if (st != ST_OK || catalog_rest_ok(a))
        return st;
    TRY(c->refused(c, a, err));
    return catalog_rest_fail(&c->call, a, err);
}

static status unknown(const struct rest_change *c, const char *why, struct error *err)
{
    const struct catalog_name *n = &c->changes[0].name;
    FAIL(
        err, ST_UNKNOWN,
        "%.*s: whether it was carried out is unknown (%s); look at %.*s%s%.*s before you try again",
        STR_ARG(c->call.what), why, STR_ARG(n->space), n->table.len ? "." : "", STR_ARG(n->table));
}

static status settle(struct rest_change *c, bool may_send, bool *again, struct error *err)
{
    struct error why;
    enum seen seen = SEEN_UNCLEAR;
    error_init(&why);
    if (c->look(c->catalog, c->changes, c->count, &seen, &why) != ST_OK)
        return unknown(c, why.msg, err);
    switch (seen) {
    case SEEN_NEW:
        return ST_OK;
    case SEEN_LOST:
        return catalog_lost(&c->changes[0], "was changed by another process", err);
    case SEEN_OLD:
        if (!may_send)
            return unknown(c, "the server did not say and may still do it", err);
        *again = true;
        return ST_OK;
    case SEEN_UNCLEAR: /* of several, one may have been looked at right before, others right after */
        *again = may_send && c->count > 1;
        if (*again)
            return ST_OK;
        break;
    }
    return unknown(c, c->count > 1 ? "some of its tables show it" : "others have changed it since",
                   err);
}

/* A copy of the request was answered that the server has no such thing: it has not for any copy. */
static bool is_impossible(const struct rest_change *c, status st, const struct rest_answer *a)
{
    return st == ST_OK && !catalog_rest_ok(a) && c->refused(c, a, NULL) == ST_UNSUPPORTED;
}

static status carry_out(struct rest_change *c, struct error *err)
{
    int64_t until = clock_monotonic_us() + c->catalog->busy_ms * 1000;
    for (int sends = 1;; sends++) {
        struct rest_answer a;
        bool again = false;
        status st = catalog_rest_call(c->catalog->self, &c->call, &a, err);
        bool first = sends == 1 && a.reply.tries <= 1;
        bool open = !first && (st != ST_OK || !catalog_rest_ok(&a));
        if (is_unclear(st, &a) || (open && !is_impossible(c, st, &a)))
            st = settle(c, clock_monotonic_us() < until, &again, err);
        else
            st = judge(c, st, &a, err);
        catalog_rest_answer_free(&a);
        if (!again)
            return st;
        random_pause(LOOK_LATER_US, sends < 5 ? LOOK_LATER_US << (sends - 1) : PAUSE_MAX_US);
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool is_type(const struct rest_answer *a, const char *type)
{
    return str_eq_z(a->error_type, type);
}

static bool any_created(const struct rest_change *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->changes[i].base)
            return true;
    return false;
}

static status cannot_together(const struct rest_change *c, const char *why, struct error *err)
{
    FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
             "%.*s in one step: this server %s; SET firn.publish = 'ordered' publishes them one "
             "after the other",
             STR_ARG(c->call.what), why);
}

static status commit_refused(const struct rest_change *c, const struct rest_answer *a,
                             struct error *err)
{
    const struct catalog_change *ch = &c->changes[0];
    int s = a->reply.status;
    if (s == 409 && c->count > 1)
        FAIL(err, ST_CONFLICT, "one of %zu tables was changed by another process: %.*s", c->count,
             STR_ARG(a->error_message));
    if (s == 409 && !ch->base)
        return catalog_lost(ch, "was created by another process", err);
    if (s == 409)
        return catalog_lost(ch, "was changed by another process", err);
    if (s == 404 && is_type(a, "NoSuchNamespaceException"))
        FAIL_SQL(err, ST_NOT_FOUND, "3F000", 0, "schema \"%.*s\" does not exist",
                 STR_ARG(ch->name.space));
    if (s == 404 && is_type(a, "NoSuchTableException") && c->count > 1 && any_created(c))
        return cannot_together(c, "does not make new tables in a step of several", err);
    if (s == 404 && is_type(a, "NoSuchTableException"))
        return catalog_lost(ch, "was dropped by another process", err);
    if (c->count > 1 && (s == 404 || s == 405 || s == 406 || s == 501))
        return cannot_together(c, "cannot do it", err);
    return ST_OK;
}

static status put_identifier(struct buffer *b, const char *key, struct catalog_name name,
                             struct error *err)
{
    TRY(jsontext_put_open(b, key, '{', err));
    TRY(catalog_rest_put_space(b, name.space, err));
    TRY(jsontext_put_str(b, "name", name.table, err));
    return jsontext_put_close(b, '}', err);
}

static status put_change(const struct catalog_change *ch, struct buffer *out, struct error *err)
{
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(put_identifier(out, "identifier", ch->name, err));
    TRY(iceberg_commit_format(ch->base, ch->next, out, err));
    return jsontext_put_close(out, '}', err);
}

static status put_changes(const struct catalog_change *changes, size_t count, struct buffer *out,
                          struct error *err)
{
    if (count == 1)
        return put_change(changes, out, err);
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(jsontext_put_open(out, "table-changes", '[', err));
    for (size_t i = 0; i < count; i++)
        TRY(put_change(&changes[i], out, err));
    TRY(jsontext_put_close(out, ']', err));
    return jsontext_put_close(out, '}', err);
}

static status commit_tables(struct rest_change *c, struct arena *arena, struct buffer *body,
                            struct error *err)
{
    const struct rest_catalog *r = c->catalog->self;
    const struct catalog_name *n = &c->changes[0].name;
    c->call.method = "POST";
    c->look = look_at_all;
    c->refused = commit_refused;
    TRY(put_changes(c->changes, c->count, body, err));
    c->call.body = buffer_str(body);
    if (c->count == 1) {
        TRY(catalog_rest_url(r, *n, "tables", arena, &c->call.url, err));
        TRY(arena_printf(arena, &c->call.what, err, "committing table %.*s.%.*s", STR_ARG(n->space),
                         STR_ARG(n->table)));
        return carry_out(c, err);
    }
    TRY(arena_printf(arena, &c->call.url, err, "%.*s/transactions/commit", STR_ARG(r->paths)));
    TRY(arena_printf(arena, &c->call.what, err, "committing %zu tables", c->count));
    return carry_out(c, err);
}

/* A metadata file that stands already, as it is. */
static status register_table(struct rest_change *c, struct arena *arena, struct buffer *body,
                             struct error *err)
{
    const struct catalog_name *n = &c->changes[0].name;
    struct str space;
    c->call.method = "POST";
    c->look = look_at_all;
    c->refused = commit_refused;
    TRY(catalog_rest_url(c->catalog->self, (struct catalog_name){n->space, {0}}, NULL, arena,
                         &space, err));
    TRY(arena_printf(arena, &c->call.url, err, "%.*s/register", STR_ARG(space)));
    TRY(arena_printf(arena, &c->call.what, err, "registering table %.*s.%.*s", STR_ARG(n->space),
                     STR_ARG(n->table)));
    TRY(jsontext_put_open(body, NULL, '{', err));
    TRY(jsontext_put_str(body, "name", n->table, err));
    TRY(jsontext_put_str(body, "metadata-location", c->changes[0].new_location, err));
    TRY(jsontext_put_close(body, '}', err));
    c->call.body = buffer_str(body);
    return carry_out(c, err);
}

/* ---- dropping -------------------------------------------------------------------------------- */

static status look_at_dropped(struct catalog *c, const struct catalog_change *ch, size_t count,
                              enum seen *out, struct error *err)
{
    struct arena arena;
    struct iceberg_table *now;
    arena_init(&arena, NULL);
    status st = catalog_rest_load_now(c, ch->name, &arena, &now, err);
    if (st == ST_OK)
        *out = !now                                                ? SEEN_NEW
               : str_eq(now->metadata_location, ch->base_location) ? SEEN_OLD
                                                                   : SEEN_LOST;
    arena_free(&arena);
    return st;
}

static status drop_refused(const struct rest_change *c, const struct rest_answer *a,
                           struct error *err)
{
    if (a->reply.status == 404 && is_type(a, "NoSuchTableException"))
        return catalog_lost(&c->changes[0], "was dropped by another process", err);
    return ST_OK;
}

/* The protocol has no requirements for a drop: the base is looked at right before. */
static status drop_table(struct rest_change *c, struct arena *arena, struct buffer *body,
                         struct error *err)
{
    const struct catalog_change *ch = &c->changes[0];
    enum seen seen;
    struct str url;
    TRY(look_at_dropped(c->catalog, ch, 1, &seen, err));
    if (seen != SEEN_OLD)
        return catalog_lost(ch, "was changed by another process", err);
    c->call.method = "DELETE";
    c->look = look_at_dropped;
    c->refused = drop_refused;
    TRY(catalog_rest_url(c->catalog->self, ch->name, "tables", arena, &url, err));
    TRY(arena_printf(arena, &c->call.url, err, "%.*s?purgeRequested=%s", STR_ARG(url),
                     ch->purge ? "true" : "false"));
    TRY(arena_printf(arena, &c->call.what, err, "dropping table %.*s.%.*s", STR_ARG(ch->name.space),
                     STR_ARG(ch->name.table)));
    return carry_out(c, err);
}

/* ---- renaming -------------------------------------------------------------------------------- */

static status look_at_renamed(struct catalog *c, const struct catalog_change *ch, size_t count,
                              enum seen *out, struct error *err)
{
    struct arena arena;
    struct iceberg_table *here, *there = NULL;
    arena_init(&arena, NULL);
    status st = catalog_rest_load_now(c, ch->name, &arena, &here, err);
    bool done = st == ST_OK && here && str_eq(here->uuid, ch->base->uuid);
    if (st == ST_OK && !done)
        st = catalog_rest_load_now(c, ch->from, &arena, &there, err);
    bool stands = there && str_eq(there->metadata_location, ch->base_location);
    *out = done ? SEEN_NEW : stands ? SEEN_OLD : SEEN_LOST;
    arena_free(&arena);
    return st;
}

static status rename_refused(const struct rest_change *c, const struct rest_answer *a,
                             struct error *err)
{
    const struct catalog_change *ch = &c->changes[0];
    int s = a->reply.status;
    if (s == 404 && is_type(a, "NoSuchTableException"))
        return catalog_lost(ch, "was dropped by another process", err);
    if (s == 404 && is_type(a, "NoSuchNamespaceException"))
        FAIL_SQL(err, ST_NOT_FOUND, "3F000", 0, "schema \"%.*s\" does not exist",
                 STR_ARG(ch->name.space));
    if (s == 409)
        return catalog_lost(ch, "was created by another process", err);
    if (s == 404 || s == 405 || s == 406 || s == 501)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0, "%.*s: this server cannot rename tables",
                 STR_ARG(c->call.what));
    return ST_OK;
}

/* As for a drop, the base is looked at right before. */
static status rename_table(struct rest_change *c, struct arena *arena, struct buffer *body,
                           struct error *err)
{
    const struct catalog_change *ch = &c->changes[0];
    const struct rest_catalog *r = c->catalog->self;
    enum seen seen;
    if (!str_eq(ch->base_location, ch->new_location))
        FAIL_SQL(
            err, ST_UNSUPPORTED, "0A000", 0,
            "a REST catalog cannot rename and change table %.*s.%.*s in one step (with --run-id, "
            "the run is noted in the table); use transactions of their own",
            STR_ARG(ch->from.space), STR_ARG(ch->from.table));
    TRY(look_at_renamed(c->catalog, ch, 1, &seen, err));
    if (seen != SEEN_OLD)
        return catalog_lost(ch, "was changed by another process", err);
    c->call.method = "POST";
    c->look = look_at_renamed;
    c->refused = rename_refused;
    TRY(arena_printf(arena, &c->call.url, err, "%.*s/tables/rename", STR_ARG(r->paths)));
    TRY(arena_printf(arena, &c->call.what, err, "renaming table %.*s.%.*s", STR_ARG(ch->from.space),
                     STR_ARG(ch->from.table)));
    TRY(jsontext_put_open(body, NULL, '{', err));
    TRY(put_identifier(body, "source", ch->from, err));
    TRY(put_identifier(body, "destination", ch->name, err));
    TRY(jsontext_put_close(body, '}', err));
    c->call.body = buffer_str(body);
    return carry_out(c, err);
}

/* ---- namespaces ------------------------------------------------------------------------------ */

static status look_at_space(struct catalog *c, const struct catalog_change *ch, size_t count,
                            enum seen *out, struct error *err)
{
    struct arena arena;
    bool exists = false;
    arena_init(&arena, NULL);
    status st = catalog_rest_ask_space(c, ch->name.space, true, &arena, &exists, err);
    *out = exists == (ch->kind == CATALOG_CREATE_SPACE) ? SEEN_NEW : SEEN_OLD;
    arena_free(&arena);
    return st;
}

static status space_refused(const struct rest_change *c, const struct rest_answer *a,
                            struct error *err)
{
    const struct catalog_change *ch = &c->changes[0];
    int s = a->reply.status;
    bool drops = ch->kind == CATALOG_DROP_SPACE;
    if (drops && (s == 409 || is_type(a, "NamespaceNotEmptyException")))
        FAIL_SQL(err, ST_INVALID, "2BP01", 0, "schema \"%.*s\" is not empty",
                 STR_ARG(ch->name.space));
    if (s == 409)
        return catalog_lost(ch, "was created by another process", err);
    if (s == 404 && is_type(a, "NoSuchNamespaceException"))
        return catalog_lost(ch, "was dropped by another process", err);
    return ST_OK;
}

static status change_space(struct rest_change *c, struct arena *arena, struct buffer *body,
                           struct error *err)
{
    const struct catalog_change *ch = &c->changes[0];
    bool drops = ch->kind == CATALOG_DROP_SPACE;
    struct catalog_name at = {drops ? ch->name.space : (struct str){0}, {0}};
    c->call.method = drops ? "DELETE" : "POST";
    c->look = look_at_space;
    c->refused = space_refused;
    TRY(catalog_rest_url(c->catalog->self, at, NULL, arena, &c->call.url, err));
    TRY(arena_printf(arena, &c->call.what, err, "%s namespace %.*s",
                     drops ? "dropping" : "creating", STR_ARG(ch->name.space)));
    if (!drops) {
        TRY(jsontext_put_open(body, NULL, '{', err));
        TRY(catalog_rest_put_space(body, ch->name.space, err));
        TRY(jsontext_put_properties(body, "properties", NULL, 0, err));
        TRY(jsontext_put_close(body, '}', err));
        c->call.body = buffer_str(body);
    }
    return carry_out(c, err);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_registered(const struct catalog_change *ch)
{
    return ch->kind == CATALOG_CREATE && ch->new_location.len > 0;
}

/* What one request can do. */
static status check_changes(const struct rest_catalog *r, const struct catalog_commit *commit,
                            struct error *err)
{
    bool tables_only = true;
    for (size_t i = 0; i < commit->count; i++) {
        const struct catalog_change *ch = &commit->changes[i];
        tables_only &=
            (ch->kind == CATALOG_CREATE || ch->kind == CATALOG_SWAP) && !is_registered(ch);
    }
    if (commit->count > 1 && !tables_only)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "a REST catalog cannot drop, rename or register a table, or create or drop a "
                 "schema, in "
                 "one step with something else; use transactions of their own");
    if (commit->count > 1 && !r->has_transactions)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "this REST catalog cannot publish %zu tables in one step; SET firn.publish = "
                 "'ordered' publishes them one after the other",
                 commit->count);
    return ST_OK;
}

status catalog_rest_commit(struct catalog_pin *at, const struct catalog_commit *commit,
                           struct error *err)
{
    struct rest_change c = {.catalog = at->catalog,
                            .call.firm = true,
                            .changes = commit->changes,
                            .count = commit->count};
    status (*run)(struct rest_change *, struct arena *, struct buffer *, struct error *) = NULL;
    struct arena arena;
    struct buffer body;
    TRY(check_changes(at->catalog->self, commit, err));
    switch (commit->changes[0].kind) {
    case CATALOG_CREATE_SPACE:
    case CATALOG_DROP_SPACE:
        run = change_space;
        break;
    case CATALOG_CREATE:
    case CATALOG_SWAP:
        run = is_registered(&commit->changes[0]) ? register_table : commit_tables;
        break;
    case CATALOG_DROP:
        run = drop_table;
        break;
    case CATALOG_RENAME:
        run = rename_table;
        break;
    }
    ENSURE(run != NULL, err);
    arena_init(&arena, NULL);
    buffer_init(&body, NULL, BODY_BYTES);
    status st = run(&c, &arena, &body, err);
    buffer_free(&body);
    arena_free(&arena);
    return st;
}

/* ---- new tables ------------------------------------------------------------------------------ */

static status stage(struct catalog *c, const struct rest_call *call, struct catalog_name name,
                    struct rest_answer *a, struct arena *arena, struct iceberg_table **out,
                    struct error *err)
{
    TRY(catalog_rest_call(c->self, call, a, err));
    if (catalog_rest_ok(a)) {
        TRY(catalog_rest_read_table(a->doc.root, true, arena, out, err));
        return catalog_rest_hand_over(c, a->doc.root, (*out)->location, err);
    }
    if (a->reply.status == 409)
        FAIL(err, ST_CONFLICT, "table \"%.*s.%.*s\" was created by another process",
             STR_ARG(name.space), STR_ARG(name.table));
    if (is_type(a, "NoSuchNamespaceException"))
        FAIL_SQL(
            err, ST_NOT_FOUND, "3F000", 0,
            "schema \"%.*s\" does not exist in the REST catalog; a schema and its first tables "
            "cannot be made in one transaction there",
            STR_ARG(name.space));
    return catalog_rest_fail(call, a, err);
}

status catalog_rest_stage(struct catalog_pin *p, struct catalog_name name,
                          const struct iceberg_table *wanted, struct arena *arena,
                          struct iceberg_table **out, struct error *err)
{
    struct rest_catalog *r = p->catalog->self;
    struct rest_answer a = {0};
    struct buffer body;
    /* Nothing is made by it, so it may be sent again. */
    struct rest_call call = {.method = "POST", .repeatable = true};
    buffer_init(&body, NULL, BODY_BYTES);
    *out = NULL;
    status st = catalog_rest_url(r, (struct catalog_name){name.space, {0}}, "tables", arena,
                                 &call.url, err);
    if (st == ST_OK)
        st = arena_printf(arena, &call.what, err, "creating table %.*s.%.*s", STR_ARG(name.space),
                          STR_ARG(name.table));
    if (st == ST_OK)
        st = iceberg_create_format(wanted, name.table, true, &body, err);
    call.body = buffer_str(&body);
    if (st == ST_OK)
        st = stage(p->catalog, &call, name, &a, arena, out, err);
    catalog_rest_answer_free(&a);
    buffer_free(&body);
    TRY_CONTEXT(st, err, "creating table %.*s.%.*s", STR_ARG(name.space), STR_ARG(name.table));
    return ST_OK;
}
