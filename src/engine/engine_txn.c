// SPDX-License-Identifier: Apache-2.0
/* engine_txn.c - what a transaction has changed, and its one step into the open.
 *
 *     pinned base --(updates, files removed and added)--> current      engine_staged_build
 *                                                           |
 *     commit:  lock -> newest bases -> put appends on top --+-> metadata files -> catalog_commit
 *                          ^                                                           |
 *                          `---- lost to a writer who does not know the lock ----------'
 *
 * A staged table is rebuilt from its base after every statement, so a transaction makes one
 * snapshot whatever its statements did (E2). At commit a base that others have moved is a conflict,
 * except for pure appends: they are put on top of the newer base, as Iceberg's append does. An
 * append is pure when no statement of the transaction looked at the table's rows: neither DELETE,
 * even if it found none, nor an overwrite of partitions, nor a query.
 *
 * Who expires snapshots deletes files that a transaction may still want. A file that is missing while
 * its table has moved on is therefore a lost race, in a statement and at commit alike.
 *
 * Metadata files that have left the metadata log are deleted after the commit where the table asks
 * for it (write.metadata.delete-after-commit.enabled). */
#include "engine/engine_int.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/sha256.h"
#include "summary/summary.h"

#include <stdio.h>
#include <string.h>

#define PUBLISHES_KEPT 64
#define PUBLISH_TRIES  20

/* ---- begin and end --------------------------------------------------------------------------- */

status engine_txn_begin(struct firn_session *s, bool explicit_block, struct error *err)
{
    if (s->txn) {
        s->txn->explicit_block |= explicit_block;
        return ST_OK;
    }
    char id[sizeof(s->txn->publish_id)];
    TRY(random_uuid(id, err));
    TRY(mem_calloc(&s->account, sizeof(*s->txn), (void **)&s->txn, err));
    memcpy(s->txn->publish_id, id, sizeof(id));
    arena_init(&s->txn->arena, &s->account);
    s->txn->explicit_block = explicit_block;
    s->txn->now_us = clock_now_us();
    return ST_OK;
}

void engine_txn_uuid(struct engine_txn *t, char out[37])
{
    random_uuid_sibling(t->publish_id, ++t->uuid_count, out);
}

status engine_txn_pin(struct firn_session *s, struct error *err)
{
    TRY(engine_catalog_open(s, err));
    if (!s->txn->pin)
        TRY(catalog_pin(s->catalog, &s->txn->pin, err));
    return ST_OK;
}

static void txn_end(struct firn_session *s)
{
    catalog_unpin(s->txn->pin);
    for (struct engine_branch *b = s->txn->branches; b; b = b->next)
        catalog_unpin(b->pin);
    arena_free(&s->txn->arena);
    mem_free(&s->account, s->txn, sizeof(*s->txn));
    s->txn = NULL;
}

/* Deletes files that nobody has seen. What a store refuses now is tried once more in the end. */
static void drop_files(struct firn_session *s, struct engine_staged *t, struct iceberg_paths *p)
{
    struct iceberg_paths *g = &t->garbage;
    size_t count = p->count;
    p->count = 0;
    if (iceberg_paths_delete(s->store, &(struct iceberg_paths){.count = count, .paths = p->paths}))
        return;
    if (arena_grow(&s->txn->arena, (void **)&g->paths, sizeof(*g->paths), &g->capacity,
                   g->count + count, NULL) != ST_OK) {
        t->left_behind = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        g->paths[g->count++] = p->paths[i];
}

static void drop_garbage(struct firn_session *s, struct engine_staged *t)
{
    if (t->garbage.count > 0 && !iceberg_paths_delete(s->store, &t->garbage))
        t->left_behind = true;
}

/* The journal of what is still there stays, for those who come later. */
void engine_txn_rollback(struct firn_session *s)
{
    if (!s->txn)
        return;
    for (struct engine_staged *t = s->txn->tables; t; t = t->next) {
        drop_files(s, t, &t->manifests);
        drop_files(s, t, &t->data);
        drop_garbage(s, t);
        if (!t->left_behind)
            engine_journal_end(s, t);
    }
    txn_end(s);
}

/* ---- staging --------------------------------------------------------------------------------- */

static bool name_eq(struct catalog_name a, struct catalog_name b)
{
    return str_eq(a.space, b.space) && str_eq(a.table, b.table);
}

struct engine_staged *engine_staged_find(const struct engine_txn *t, struct catalog_name name)
{
    for (struct engine_staged *x = t->tables; x; x = x->next)
        if (name_eq(x->name, name))
            return x;
    return NULL;
}

status engine_table_get(struct firn_session *s, struct catalog_name name,
                        struct iceberg_table **out, struct error *err)
{
    struct engine_staged *staged = engine_staged_find(s->txn, name);
    struct str location;
    *out = staged ? staged->current : NULL;
    if (staged)
        return ST_OK;
    TRY(catalog_location(s->txn->pin, name, &s->txn->arena, &location, err));
    return location.ptr ? catalog_load(s->txn->pin, name, &s->txn->arena, out, err) : ST_OK;
}

static status pin_branch(struct firn_session *s, struct str name, struct catalog_pin **out,
                         struct error *err)
{
    struct engine_txn *txn = s->txn;
    struct engine_branch *b = txn->branches;
    while (b && !str_eq(b->name, name))
        b = b->next;
    *out = b ? b->pin : NULL;
    if (b)
        return ST_OK;
    TRY(ARENA_NEW(&txn->arena, struct engine_branch, &b, err));
    TRY(arena_str(&txn->arena, name, &b->name, err));
    TRY(catalog_pin_at(s->catalog, name, &b->pin, err));
    b->next = txn->branches;
    txn->branches = b;
    *out = b->pin;
    return ST_OK;
}

status engine_table_on(struct firn_session *s, struct str branch, struct catalog_name name,
                       struct iceberg_table **out, struct error *err)
{
    struct catalog_pin *pin;
    struct str location = {0};
    *out = NULL;
    TRY(pin_branch(s, branch, &pin, err));
    if (pin)
        TRY(catalog_location(pin, name, &s->txn->arena, &location, err));
    return location.ptr ? catalog_load(pin, name, &s->txn->arena, out, err) : ST_OK;
}

static bool was_read(const struct engine_txn *txn, struct catalog_name name)
{
    for (const struct engine_read *x = txn->reads; x; x = x->next)
        if (name_eq(x->name, name))
            return true;
    return false;
}

status engine_table_read(struct firn_session *s, struct catalog_name name, struct error *err)
{
    struct engine_txn *txn = s->txn;
    struct engine_read *x;
    if (was_read(txn, name))
        return ST_OK;
    TRY(ARENA_NEW(&txn->arena, struct engine_read, &x, err));
    TRY(arena_str(&txn->arena, name.space, &x->name.space, err));
    TRY(arena_str(&txn->arena, name.table, &x->name.table, err));
    x->next = txn->reads;
    txn->reads = x;
    return ST_OK;
}

/* Somebody else has moved the table since this transaction's pin. */
static status has_moved(struct firn_session *s, struct catalog_pin *now, struct catalog_name name,
                        bool *out, struct error *err)
{
    struct str then, newest;
    if (*out)
        return ST_OK;
    TRY(catalog_location(s->txn->pin, name, &s->txn->arena, &then, err));
    TRY(catalog_location(now, name, &s->txn->arena, &newest, err));
    *out = !str_eq(then, newest);
    return ST_OK;
}

static status any_has_moved(struct firn_session *s, bool *out, struct error *err)
{
    struct catalog_pin *now;
    status st = ST_OK;
    *out = false;
    if (!s->txn->pin)
        return ST_OK;
    TRY(catalog_pin(s->catalog, &now, err));
    for (const struct engine_staged *t = s->txn->tables; st == ST_OK && t; t = t->next)
        st = has_moved(s, now, t->name, out, err);
    for (const struct engine_read *x = s->txn->reads; st == ST_OK && x; x = x->next)
        st = has_moved(s, now, x->name, out, err);
    catalog_unpin(now);
    return st;
}

status engine_txn_settle(struct firn_session *s, status st, struct error *err)
{
    bool moved = false;
    char words[sizeof(err->msg)];
    if (st != ST_NOT_FOUND || !err || strcmp(err->sqlstate, "58P01") != 0 ||
        any_has_moved(s, &moved, NULL) != ST_OK || !moved)
        return st;
    memcpy(words, err->msg, sizeof(words));
    FAIL(err, ST_CONFLICT,
         "a table was changed since this transaction began, and files that it had then are gone: "
         "%s; run it again",
         words);
}

/* Looks for this run's transaction among those the table has recorded. */
static bool published_before(struct firn_session *s, const struct iceberg_table *t,
                             struct str *hash)
{
    struct str run = engine_setting_get(s, "run_id");
    struct str log = iceberg_table_property(t, "firn.publishes");
    char wanted[320];
    int n =
        snprintf(wanted, sizeof(wanted), "%.*s %lld ", STR_ARG(run), (long long)s->run_ordinal + 1);
    if (run.len == 0 || n < 0 || (size_t)n >= sizeof(wanted))
        return false;
    for (size_t at = 0; at < log.len;) {
        const char *end = memchr(log.ptr + at, '\n', log.len - at);
        size_t len = end ? (size_t)(end - log.ptr) - at : log.len - at;
        struct str line = {log.ptr + at, len};
        if (str_starts(line, (struct str){wanted, (size_t)n})) {
            *hash = (struct str){line.ptr + n, line.len - (size_t)n};
            return true;
        }
        at += len + 1;
    }
    return false;
}

status engine_stage(struct firn_session *s, struct catalog_name name, struct engine_staged **out,
                    struct error *err)
{
    struct engine_txn *txn = s->txn;
    struct engine_staged *t = engine_staged_find(txn, name);
    *out = t;
    if (t)
        return ST_OK;
    TRY(ARENA_NEW(&txn->arena, struct engine_staged, &t, err));
    TRY(arena_str(&txn->arena, name.space, &t->name.space, err));
    TRY(arena_str(&txn->arena, name.table, &t->name.table, err));
    t->data.arena = t->manifests.arena = &txn->arena;
    t->append_only = true;
    TRY(catalog_location(txn->pin, name, &txn->arena, &t->base_location, err));
    if (t->base_location.ptr)
        TRY(catalog_load(txn->pin, name, &txn->arena, &t->base, err));
    if (t->base && !engine_is_companion(t->base) && published_before(s, t->base, &txn->skip_hash)) {
        txn->skip = true;
        FAIL(err, ST_CANCELLED, "committed before by this run");
    }
    t->current = t->base;
    t->next = txn->tables;
    txn->tables = t;
    *out = t;
    return ST_OK;
}

status engine_staged_update(struct firn_session *s, struct engine_staged *t,
                            const struct iceberg_update *u, struct error *err)
{
    TRY(arena_grow(&s->txn->arena, (void **)&t->updates, sizeof(*u), &t->update_capacity,
                   t->update_count + 1, err));
    t->updates[t->update_count++] = *u;
    t->append_only = false;
    t->touched = true;
    return ST_OK;
}

status engine_staged_add(struct firn_session *s, struct engine_staged *t,
                         const struct iceberg_data_file *files, size_t count, struct error *err)
{
    TRY(arena_grow(&s->txn->arena, (void **)&t->added, sizeof(*files), &t->added_capacity,
                   t->added_count + count, err));
    for (size_t i = 0; i < count; i++)
        t->added[t->added_count++] = files[i];
    t->touched |= count > 0;
    return ST_OK;
}

status engine_staged_remove(struct firn_session *s, struct engine_staged *t, struct str path,
                            struct error *err)
{
    for (size_t i = 0; i < t->added_count; i++)
        if (str_eq(t->added[i].path, path)) {
            t->added[i] = t->added[--t->added_count];
            return store_delete(s->store, path, err);
        }
    TRY(arena_grow(&s->txn->arena, (void **)&t->removed, sizeof(path), &t->removed_capacity,
                   t->removed_count + 1, err));
    TRY(arena_str(&s->txn->arena, path, &t->removed[t->removed_count++], err));
    t->append_only = false;
    t->touched = true;
    return ST_OK;
}

status engine_staged_property(struct firn_session *s, struct engine_staged *t, const char *key,
                              struct str value, struct error *err)
{
    struct property *p;
    TRY(arena_grow(&s->txn->arena, (void **)&t->summary, sizeof(*p), &t->summary_capacity,
                   t->summary_count + 1, err));
    for (size_t i = 0; i < t->summary_count; i++)
        if (str_eq_z(t->summary[i].key, key))
            return arena_str(&s->txn->arena, value, &t->summary[i].value, err);
    p = &t->summary[t->summary_count++];
    p->key = str_of(key);
    return arena_str(&s->txn->arena, value, &p->value, err);
}

static enum iceberg_operation operation_of(const struct engine_staged *t)
{
    if (t->removed_count == 0)
        return ICEBERG_APPEND;
    return t->added_count > 0 ? ICEBERG_OVERWRITE : ICEBERG_DELETE;
}

static status identify(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    struct str app = engine_setting_get(s, "application_name");
    TRY(engine_staged_property(s, t, "engine-name", STR("firn"), err));
    TRY(engine_staged_property(s, t, "engine-version", str_of(FIRN_VERSION), err));
    TRY(engine_staged_property(s, t, "firn.publish-id", str_of(s->txn->publish_id), err));
    if (app.len > 0)
        TRY(engine_staged_property(s, t, "app-id", app, err));
    return ST_OK;
}

static status write_snapshot(struct firn_session *s, struct engine_staged *t,
                             struct iceberg_table *on, struct iceberg_update *out,
                             struct error *err)
{
    struct iceberg_snapshot *snapshot;
    char uuid[37];
    TRY(identify(s, t, err));
    TRY(engine_journal_open(s, t, err));
    engine_txn_uuid(s->txn, uuid);
    struct iceberg_change change = {
        .operation = operation_of(t),
        .base = on,
        .parent_id = t->from_empty ? -1 : on->current_snapshot_id,
        .from_empty = t->from_empty,
        .added_count = t->added_count,
        .added = t->added,
        .removed_count = t->removed_count,
        .removed_paths = t->removed,
        .summary_count = t->summary_count,
        .summary = t->summary,
        .timestamp_ms = clock_now_us() / 1000,
        .schema_id = on->current_schema_id,
        .snapshot_id = t->wanted_snapshot_id,
        .uuid = uuid,
    };
    TRY(iceberg_snapshot_write(s->store, &change, &s->txn->arena, &s->account, &snapshot,
                               &t->manifests, err));
    t->snapshot_id = snapshot->id;
    out[0] = (struct iceberg_update){.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = snapshot};
    out[1] = (struct iceberg_update){.kind = ICEBERG_SET_REF,
                                     .text = STR("main"),
                                     .ref = {.name = STR("main"),
                                             .snapshot_id = snapshot->id,
                                             .max_ref_age_ms = -1,
                                             .max_snapshot_age_ms = -1,
                                             .min_snapshots = -1}};
    return ST_OK;
}

status engine_staged_build(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    struct arena *a = &s->txn->arena;
    const struct iceberg_table *on = t->base ? t->base : t->origin;
    struct iceberg_update *all;
    size_t n = t->update_count;
    int64_t now_ms = clock_now_us() / 1000;
    drop_files(s, t, &t->manifests);
    t->snapshot_id = 0;
    t->written = false;
    TRY(ARENA_ARRAY(a, struct iceberg_update, n + 2, &all, err));
    for (size_t i = 0; i < n; i++)
        all[i] = t->updates[i];
    TRY(iceberg_apply(on, all, n, now_ms, a, &t->current, err));
    t->built = all;
    t->built_count = n;
    if (t->added_count + t->removed_count == 0 &&
        !t->wanted_snapshot_id) /* a refresh says what it covers */
        return ST_OK;
    TRY(write_snapshot(s, t, t->current, all + n, err));
    t->built_count = n + 2;
    return iceberg_apply(on, all, n + 2, now_ms, a, &t->current, err);
}

/* ---- runs that may be repeated (--run-id) ---------------------------------------------------- */

void engine_txn_text(struct engine_txn *txn, struct str text)
{
    const struct str before = {(const char *)txn->text_hash, sizeof(txn->text_hash)};
    sha256(before, text, txn->text_hash);
}

/* firn.publishes is a line per publish, newest last: "<run id> <ordinal> <hash of the text>". */
static status record_publish(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    struct str run = engine_setting_get(s, "run_id"), old, line;
    struct property *p;
    char hash[SHA256_HEX_BYTES];
    if (run.len == 0 || t->companion) /* one that stands does not mean that its summary does */
        return ST_OK;
    sha256_hex(s->txn->text_hash, hash);
    old = t->base ? iceberg_table_property(t->base, "firn.publishes") : (struct str){0};
    size_t lines = 0, from = old.len;
    while (from > 0 && lines < PUBLISHES_KEPT) {
        from--;
        if (old.ptr[from] == '\n' && ++lines == PUBLISHES_KEPT - 1)
            break;
    }
    if (from > 0)
        from++;
    TRY(arena_printf(&s->txn->arena, &line, err, "%.*s%.*s %lld %s\n", (int)(old.len - from),
                     old.ptr ? old.ptr + from : "", STR_ARG(run), (long long)s->run_ordinal + 1,
                     hash));
    TRY(ARENA_NEW(&s->txn->arena, struct property, &p, err));
    *p = (struct property){STR("firn.publishes"), line};
    bool append_only = t->append_only;
    TRY(engine_staged_update(s, t,
                             &(struct iceberg_update){.kind = ICEBERG_SET_PROPERTIES,
                                                      .property_count = 1,
                                                      .properties = p},
                             err));
    t->append_only = append_only;
    TRY(engine_staged_property(s, t, "firn.run-id", run, err));
    TRY(arena_printf(&s->txn->arena, &line, err, "%lld", (long long)s->run_ordinal + 1));
    return engine_staged_property(s, t, "firn.run-ordinal", line, err);
}

/* ---- helpers of statements ------------------------------------------------------------------- */

void engine_staged_reset(struct firn_session *s, struct engine_staged *t)
{
    drop_files(s, t, &t->manifests);
    drop_files(s, t, &t->data);
    t->added_count = t->removed_count = t->update_count = t->summary_count = 0;
    t->origin = NULL;
    t->snapshot_id = 0;
    t->written = false;
}

/* ---- commit ---------------------------------------------------------------------------------- */

static status conflict(const struct engine_staged *t, const char *what, struct error *err)
{
    FAIL(err, ST_CONFLICT, "table \"%.*s.%.*s\" %s since this transaction began; run it again",
         STR_ARG(t->name.space), STR_ARG(t->name.table), what);
}

/* A renamed table must stand where it stood, and its new name be as free as it was. */
static status rebase_renamed(struct firn_session *s, struct catalog_pin *now,
                             struct engine_staged *t, struct error *err)
{
    struct str there, here;
    TRY(catalog_location(now, t->renamed_from, &s->txn->arena, &there, err));
    TRY(catalog_location(now, t->name, &s->txn->arena, &here, err));
    if (!str_eq(there, t->base_location))
        return conflict(t, there.ptr ? "was changed" : "was dropped", err);
    return str_eq(here, t->gone.location) ? ST_OK : conflict(t, "was created", err);
}

/* Brings one staged table onto the newest state of the catalog. */
static status rebase(struct firn_session *s, struct catalog_pin *now, struct engine_staged *t,
                     struct error *err)
{
    struct str location;
    struct str expected = t->gone.location.ptr ? t->gone.location : t->base_location;
    if (t->renamed_from.table.len > 0)
        return rebase_renamed(s, now, t, err);
    TRY(catalog_location(now, t->name, &s->txn->arena, &location, err));
    if (str_eq(location, expected))
        return expected.ptr ? ST_OK : engine_journal_check(s, t, err);
    if (!location.ptr || !expected.ptr)
        return conflict(t, location.ptr ? "was created" : "was dropped", err);
    struct iceberg_table *newer;
    TRY(catalog_load(now, t->name, &s->txn->arena, &newer, err));
    if (!t->append_only || was_read(s->txn, t->name) || t->gone.location.ptr ||
        !str_eq(newer->uuid, t->base->uuid) ||
        newer->current_schema_id != t->base->current_schema_id ||
        newer->default_spec_id != t->base->default_spec_id)
        return conflict(t, "was changed", err);
    t->base = newer;
    t->base_location = location;
    TRY(engine_journal_renew(s, t, err));
    return engine_staged_build(s, t, err);
}

static status write_metadata(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    char uuid[37];
    struct str path;
    struct iceberg_paths *p = &t->manifests;
    TRY(record_publish(s, t, err));
    if (engine_setting_get(s, "run_id").len > 0)
        TRY(engine_staged_build(s, t, err));
    t->written = true;
    if (catalog_traits(s->catalog)->writes_metadata)
        return ST_OK;
    TRY(engine_journal_open(s, t, err));
    engine_txn_uuid(s->txn, uuid);
    TRY(iceberg_metadata_path(t->current, t->base_location, uuid, &s->txn->arena, &path, err));
    TRY(arena_grow(p->arena, (void **)&p->paths, sizeof(path), &p->capacity, p->count + 1, err));
    p->paths[p->count++] = path;
    return iceberg_table_write(s->store, t->current, path, err);
}

static status add_change(struct firn_session *s, struct catalog_change **all, size_t *count,
                         size_t *capacity, struct catalog_change ch, struct error *err)
{
    TRY(arena_grow(&s->txn->arena, (void **)all, sizeof(ch), capacity, *count + 1, err));
    (*all)[(*count)++] = ch;
    return ST_OK;
}

static const char *operation_text(const struct engine_staged *t)
{
    static const char *const texts[] = {"append", "overwrite", "delete", "replace"};
    if (t->registered)
        return "register";
    if (t->renamed_from.table.len > 0)
        return "rename";
    if (!t->base)
        return "create";
    if (t->from_empty)
        return "create or replace";
    return t->snapshot_id ? texts[operation_of(t)] : "set properties";
}

/* A rename alone moves the name and leaves the metadata file as it is. */
static bool is_rename_alone(const struct firn_session *s, const struct engine_staged *t)
{
    return t->renamed_from.table.len > 0 && t->built_count == 0 && !t->from_empty &&
           engine_setting_get(s, "run_id").len == 0;
}

static status table_changes(struct firn_session *s, struct engine_staged *t,
                            struct catalog_change **all, size_t *count, size_t *capacity,
                            struct error *err)
{
    enum catalog_change_kind kind = t->renamed_from.table.len > 0 ? CATALOG_RENAME
                                    : t->base_location.ptr        ? CATALOG_SWAP
                                                                  : CATALOG_CREATE;
    if (t->gone.location.ptr && !t->gone.renamed)
        TRY(add_change(s, all, count, capacity,
                       (struct catalog_change){.kind = CATALOG_DROP,
                                               .name = t->name,
                                               .purge = t->gone.purge,
                                               .base_location = t->gone.location},
                       err));
    if (!t->current)
        return ST_OK;
    if (!t->registered && !t->written && !is_rename_alone(s, t))
        TRY(write_metadata(s, t, err));
    return add_change(s, all, count, capacity,
                      (struct catalog_change){.kind = kind,
                                              .name = t->name,
                                              .from = t->renamed_from,
                                              .base_location = t->base_location,
                                              .new_location = t->current->metadata_location,
                                              .base = t->base,
                                              .next = t->current,
                                              .update_count = t->built_count,
                                              .updates = t->built,
                                              .operation = operation_text(t)},
                      err);
}

/* Part of the step that is being published. */
static bool is_due(const struct engine_txn *txn, const struct engine_staged *t)
{
    return t->touched && !t->published && (!txn->only || txn->only == t);
}

static status fail_many(size_t tables, struct error *err)
{
    FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0, "this catalog cannot publish %zu tables in one step",
             tables);
}

static status collect(struct firn_session *s, struct catalog_change **all, size_t *count,
                      struct error *err)
{
    size_t capacity = 0, tables = 0;
    struct engine_txn *txn = s->txn;
    for (struct engine_staged *t = txn->tables; t; t = t->next)
        tables += is_due(txn, t);
    if (tables > 1 && !catalog_traits(s->catalog)->many_tables)
        return fail_many(tables, err);
    for (size_t i = 0; i < txn->change_count; i++)
        if (txn->changes[i].kind == CATALOG_CREATE_SPACE && !txn->only)
            TRY(add_change(s, all, count, &capacity, txn->changes[i], err));
    for (struct engine_staged *t = txn->tables; t; t = t->next)
        if (is_due(txn, t))
            TRY(table_changes(s, t, all, count, &capacity, err));
    for (size_t i = 0; i < txn->change_count; i++)
        if (txn->changes[i].kind == CATALOG_DROP_SPACE && !txn->only)
            TRY(add_change(s, all, count, &capacity, txn->changes[i], err));
    return ST_OK;
}

static status expect_due(struct firn_session *s, struct catalog_pin *now, struct error *err)
{
    struct catalog_name names[64];
    size_t n = 0;
    for (struct engine_staged *t = s->txn->tables; t && n < ARRAY_LEN(names); t = t->next)
        if (is_due(s->txn, t))
            names[n++] = t->name;
    return catalog_expect(now, names, n, err);
}

/* Everything staged, on top of the newest state of the catalog. */
static status bring_up_to_date(struct firn_session *s, struct catalog_pin *now, struct error *err)
{
    status st = expect_due(s, now, err);
    for (size_t i = 0; st == ST_OK && !s->txn->only && i < s->txn->change_count; i++) {
        const struct catalog_change *ch = &s->txn->changes[i];
        bool exists = false;
        st = catalog_namespace_exists(now, ch->name.space, &exists, err);
        if (st == ST_OK && exists && ch->kind == CATALOG_CREATE_SPACE)
            st = error_set(err, ST_CONFLICT, __FILE__, __LINE__,
                           "schema \"%.*s\" was created since this transaction began",
                           STR_ARG(ch->name.space));
    }
    for (struct engine_staged *t = s->txn->tables; st == ST_OK && t; t = t->next)
        if (is_due(s->txn, t))
            st = rebase(s, now, t, err);
    return st;
}

/* The folders that new files stand in. Usually this process has made them and all is done, but two
 * that write to a new table at once make one `data` folder. */
static status sync_folders(struct firn_session *s, const struct engine_staged *t, struct error *err)
{
    const struct iceberg_paths *lists[] = {&t->data, &t->manifests};
    struct str top = catalog_warehouse(s->catalog);
    if (!t->current || t->registered)
        return ST_OK;
    for (size_t k = 0; k < ARRAY_LEN(lists); k++)
        for (size_t i = 0; i < lists[k]->count; i++)
            TRY(store_sync_folders(
                s->store, lists[k]->paths[i],
                top.len && str_starts(lists[k]->paths[i], top) ? top : t->current->location, err));
    return ST_OK;
}

/* One try on the state `now`. *overtaken: somebody has changed it before the swap. */
static status publish_on(struct firn_session *s, struct catalog_pin *now, bool *overtaken,
                         struct error *err)
{
    struct catalog_change *changes = NULL;
    size_t count = 0;
    *overtaken = false;
    TRY(bring_up_to_date(s, now, err));
    TRY(collect(s, &changes, &count, err));
    for (const struct engine_staged *t = s->txn->tables; t; t = t->next)
        if (is_due(s->txn, t))
            TRY(sync_folders(s, t, err));
    struct catalog_commit commit = {.count = count,
                                    .changes = changes,
                                    .publish_id = str_of(s->txn->publish_id),
                                    .application = engine_setting_get(s, "application_name")};
    status st = catalog_commit(now, &commit, err);
    *overtaken = st == ST_CONFLICT;
    return st;
}

/* Under the catalog's lock, where it has one, so only writers of other programs can come between
 * the newest state and the swap. Then the bases are looked at again: appends go on top of what the
 * others did, all else is a conflict. */
static status publish(struct firn_session *s, struct error *err)
{
    for (int tries = 1;; tries++) {
        struct catalog_pin *now;
        bool overtaken;
        TRY(catalog_pin(s->catalog, &now, err));
        status st = publish_on(s, now, &overtaken, err);
        catalog_unpin(now);
        if (!overtaken || tries == PUBLISH_TRIES)
            return engine_txn_settle(s, st, err);
        random_pause(0, tries < 7 ? 8000 << tries
                                  : 1000000); /* who has no lock in common meets again */
    }
}

/* ---- one table after the other (firn.publish = 'ordered') ------------------------------------ */

/* The next to be published: tables in the order in which they were first changed, and behind them the
 * summaries, which may have been refreshed from them. */
static struct engine_staged *next_in_order(const struct engine_txn *txn)
{
    struct engine_staged *table = NULL, *summary = NULL;
    for (struct engine_staged *t = txn->tables; t; t = t->next) /* newest first */
        if (t->touched && !t->published)
            *(t->current && summary_is(t->current) ? &summary : &table) = t;
    return table ? table : summary;
}

/* What is behind cannot be taken back, so nothing of what is ahead may be left over, and nobody may
 * run the whole again. */
static status stopped_at(struct firn_session *s, const struct engine_staged *at, status why,
                         struct error *err)
{
    char names[256] = "", words[sizeof(err->msg)] = "";
    bool any = false;
    if (err)
        memcpy(words, err->msg, sizeof(words));
    for (struct engine_staged *t = s->txn->tables; t; t = t->next) {
        size_t n = strlen(names);
        if (t->published && !t->companion)
            snprintf(names + n, sizeof(names) - n, "%s%.*s.%.*s", n ? ", " : "",
                     STR_ARG(t->name.space), STR_ARG(t->name.table));
        any |= t->published && !t->companion;
        if (t->published || why == ST_UNKNOWN)
            continue;
        drop_files(s, t, &t->manifests);
        drop_files(s, t, &t->data);
    }
    if (!any)
        return why;
    FAIL(err, ST_UNKNOWN,
         "only a part was published: %s; not \"%.*s.%.*s\": %s; do what is missing by itself",
         names, STR_ARG(at->name.space), STR_ARG(at->name.table), words);
}

static status check_ordered(struct firn_session *s, struct error *err)
{
    if (engine_setting_get(s, "run_id").len > 0)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "firn.publish = 'ordered' does not go with --run-id: a run that stops between two "
                 "tables could be neither repeated nor skipped");
    for (const struct engine_staged *t = s->txn->tables; t; t = t->next)
        if (t->touched && t->gone.location.ptr && t->current)
            FAIL_SQL(
                err, ST_UNSUPPORTED, "0A000", 0,
                "table \"%.*s.%.*s\" was dropped and made anew in one transaction; this catalog "
                "needs two",
                STR_ARG(t->name.space), STR_ARG(t->name.table));
    if (s->txn->change_count > 0)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "schemas and tables cannot be changed in one transaction of this catalog");
    return ST_OK;
}

static status publish_in_order(struct firn_session *s, struct error *err)
{
    struct engine_txn *txn = s->txn;
    TRY(check_ordered(s, err));
    while ((txn->only = next_in_order(txn))) {
        struct engine_staged *t = txn->only;
        status st = publish(s, err);
        if (st != ST_OK)
            return stopped_at(s, t, st, err);
        t->published = true;
        t->manifests.count = t->data.count = 0; /* a rollback of the others leaves them alone */
        engine_notice(s, "\"%.*s.%.*s\" is published", STR_ARG(t->name.space),
                      STR_ARG(t->name.table));
    }
    return ST_OK;
}

/* Before any companion goes ahead: what follows can be published, too. */
static status check_tables(struct firn_session *s, bool may_order, struct error *err)
{
    bool many = catalog_traits(s->catalog)->many_tables;
    size_t tables = 0;
    for (const struct engine_staged *t = s->txn->tables; t; t = t->next)
        tables += t->touched && !t->companion;
    for (const struct engine_staged *t = s->txn->tables; t && many; t = t->next)
        if (t->touched && !t->companion) /* pointers that only move go together */
            many = t->current && t->base_location.ptr && !t->gone.location.ptr &&
                   t->renamed_from.table.len == 0;
    return tables > 1 && !may_order && !many ? fail_many(tables, err) : ST_OK;
}

/* Where the catalog commits one table at a time, what stands beside a summary goes first: until the
 * summary names it, it does not count. */
static status publish_companions(struct firn_session *s, struct error *err)
{
    struct engine_txn *txn = s->txn;
    for (struct engine_staged *t = txn->tables; t; t = t->next) {
        if (!t->companion || !t->touched || t->published)
            continue;
        txn->only = t;
        status st = publish(s, err);
        txn->only = NULL;
        TRY(st);
        t->published = true;
        t->manifests.count = t->data.count = 0;
    }
    return ST_OK;
}

static bool has_companion(const struct engine_txn *txn)
{
    for (const struct engine_staged *t = txn->tables; t; t = t->next)
        if (t->companion && t->touched && !t->published)
            return true;
    return false;
}

/* Together, or where the catalog cannot and the user has said so, one after the other. */
static status publish_all(struct firn_session *s, struct error *err)
{
    bool may_order = str_eq(engine_setting_get(s, "firn.publish"), STR("ordered"));
    if (!catalog_traits(s->catalog)->many_tables) {
        TRY(check_tables(s, may_order, err));
        TRY(publish_companions(s, err));
    }
    status st = publish(s, err);
    if (st == ST_UNSUPPORTED && has_companion(s->txn)) { /* REST: made or dropped by itself only */
        TRY(check_tables(s, may_order, err));
        TRY(publish_companions(s, err));
        st = publish(s, err);
    }
    return st == ST_UNSUPPORTED && may_order ? publish_in_order(s, err) : st;
}

/* Metadata files that the new metadata log no longer names. */
static void delete_old_metadata(struct firn_session *s, const struct engine_staged *t)
{
    struct str wanted =
        iceberg_table_property(t->current, "write.metadata.delete-after-commit.enabled");
    const struct catalog_traits *traits = catalog_traits(s->catalog);
    if (!t->base || !str_eq(wanted, STR("true")) || traits->keeps_files || traits->writes_metadata)
        return;
    for (size_t i = 0; i < t->base->metadata_log_count; i++) {
        struct str file = t->base->metadata_log[i].metadata_file;
        bool kept = false;
        for (size_t k = 0; k < t->current->metadata_log_count; k++)
            kept |= str_eq(t->current->metadata_log[k].metadata_file, file);
        if (!kept && store_delete(s->store, file, NULL) != ST_OK)
            engine_notice(s, "%.*s is no longer needed and could not be deleted", STR_ARG(file));
    }
}

static bool has_changes(const struct engine_txn *txn)
{
    for (const struct engine_staged *t = txn->tables; t; t = t->next)
        if (t->touched)
            return true;
    return txn->change_count > 0;
}

/* One that firn_published tells of. */
static bool is_shown(const struct engine_staged *t)
{
    return t->touched && !t->companion;
}

/* Names and room for firn_published, before anything is visible: later nothing may fail. */
static status name_published(struct firn_session *s, struct error *err)
{
    struct arena *a = &s->published_arena;
    for (const struct engine_staged *t = s->txn->tables; t; t = t->next) {
        struct str name;
        if (!is_shown(t))
            continue;
        TRY(arena_grow(a, (void **)&s->published, sizeof(*s->published), &s->published_capacity,
                       s->published_count + 1, err));
        TRY(arena_printf(a, &name, err, "%.*s.%.*s", STR_ARG(t->name.space),
                         STR_ARG(t->name.table)));
        s->published[s->published_count++].table = name.ptr;
    }
    return ST_OK;
}

/* Only tables with a new snapshot stay in the list. */
static void fill_published(struct firn_session *s)
{
    size_t from = 0, to = 0;
    for (const struct engine_staged *t = s->txn->tables; t; t = t->next) {
        if (!is_shown(t))
            continue;
        s->published[to] = s->published[from++];
        s->published[to].snapshot_id = t->snapshot_id;
        to += t->current && t->snapshot_id;
    }
    s->published_count = to;
    for (from = 0; from + 1 < to; from++) { /* tables stand newest first */
        struct firn_published last = s->published[--to];
        s->published[to] = s->published[from];
        s->published[from] = last;
    }
}

/* The transaction stands already; what was staged now is thrown away. */
static status commit_skipped(struct firn_session *s, struct error *err)
{
    char hash[SHA256_HEX_BYTES];
    sha256_hex(s->txn->text_hash, hash);
    bool same = str_eq_z(s->txn->skip_hash, hash);
    engine_txn_rollback(s);
    if (!same)
        FAIL(err, ST_USAGE,
             "transaction %lld of run \"%.*s\" was committed before with another text; use a new "
             "--run-id for a changed script",
             (long long)s->run_ordinal + 1, STR_ARG(engine_setting_get(s, "run_id")));
    s->run_ordinal++;
    engine_notice(s, "transaction %lld was committed before by this run: skipped",
                  (long long)s->run_ordinal);
    return ST_OK;
}

status engine_txn_commit(struct firn_session *s, int64_t *snapshot_id, struct error *err)
{
    status st = ST_OK;
    *snapshot_id = 0;
    if (s->txn->skip)
        return commit_skipped(s, err);
    if (has_changes(s->txn)) {
        st = name_published(s, err);
        if (st == ST_OK)
            st = catalog_lock(s->catalog, err);
        if (st == ST_OK) {
            st = publish_all(s, err);
            catalog_unlock(s->catalog);
        }
        if (st != ST_OK)
            s->published_count = 0;
        if (st == ST_UNKNOWN) { /* nobody deletes anything (K1) */
            txn_end(s);
            return st;
        }
        if (st != ST_OK) {
            engine_txn_rollback(s);
            return st;
        }
        for (struct engine_staged *t = s->txn->tables; t; t = t->next) {
            if (t->touched && t->snapshot_id)
                *snapshot_id = t->snapshot_id;
            drop_garbage(s, t);
            if (t->left_behind)
                engine_notice(s, "files in %.*s that no snapshot names could not be deleted",
                              STR_ARG(t->current ? t->current->location : t->base_location));
            engine_journal_end(s, t);
            if (t->touched && t->gone.purge)
                engine_purge_run(s, t);
            if (t->touched && t->current)
                delete_old_metadata(s, t);
            if (t->touched && t->current && t->written)
                engine_journals_clear(s, t);
        }
        fill_published(s);
        txn_end(s);
    }
    engine_txn_rollback(s);
    s->run_ordinal++;
    return ST_OK;
}
