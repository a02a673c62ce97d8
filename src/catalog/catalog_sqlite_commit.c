// SPDX-License-Identifier: Apache-2.0
/* catalog_sqlite_commit.c - one transaction for all changes, and what to believe when it fails.
 *
 * A commit is one BEGIN IMMEDIATE transaction of a few statements, each a compare-and-swap on
 * metadata_location, with synchronous = EXTRA. Files are written and fsynced before; the write lock
 * is never held while anything else is waited for.
 *
 * A COMMIT that fails may have failed behind the point of no return: a frame stands in the log but
 * is not known to be synced, a journal is deleted but its folder not synced. What others see now
 * may differ from what they see after a crash. So `settle` looks at the tables and then commits a
 * change of no meaning: when that is durable, so is what was seen. Only where this fails too is the
 * outcome unknown (K1). */
#include "catalog/catalog_sqlite_int.h"

#include <stdio.h>

/* ---- committing ------------------------------------------------------------------------------ */

/* A namespace is there when it, a child or a table of it stands in either table. */
static status space_exists(struct catalog *c, struct str space, bool *out, struct error *err)
{
    const struct str values[] = {c->name, space};
    int64_t n;
    TRY(catalog_sqlite_number(c->self,
                              "SELECT (SELECT count(*) FROM iceberg_namespace_properties WHERE"
                              " catalog_name = ?1 AND (namespace = ?2 OR"
                              " substr(namespace, 1, length(?2) + 1) = ?2 || '.')) +"
                              " (SELECT count(*) FROM iceberg_tables WHERE catalog_name = ?1 AND"
                              " (table_namespace = ?2 OR"
                              " substr(table_namespace, 1, length(?2) + 1) = ?2 || '.'))",
                              values, 2, &n, err));
    *out = n > 0;
    return ST_OK;
}

static status create_space(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space};
    bool exists;
    TRY(space_exists(c, ch->name.space, &exists, err));
    if (exists)
        return catalog_lost(ch, "was created by another process", err);
    return catalog_sqlite_run_bound(
        c->self, "INSERT INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true')", values,
        2, NULL, "creating a namespace", err);
}

static status drop_space(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space};
    int64_t n;
    int changed;
    TRY(catalog_sqlite_number(
        c->self,
        "SELECT (SELECT count(*) FROM iceberg_tables WHERE catalog_name = ?1 AND"
        " (table_namespace = ?2 OR"
        " substr(table_namespace, 1, length(?2) + 1) = ?2 || '.')) +"
        " (SELECT count(*) FROM iceberg_namespace_properties WHERE"
        " catalog_name = ?1 AND"
        " substr(namespace, 1, length(?2) + 1) = ?2 || '.')",
        values, 2, &n, err));
    if (n > 0)
        FAIL_SQL(err, ST_INVALID, "2BP01", 0,
                 "schema \"%.*s\" is not empty: drop its %lld tables "
                 "and schemas first",
                 STR_ARG(ch->name.space), (long long)n);
    TRY(catalog_sqlite_run_bound(
        c->self,
        "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND"
        " namespace = ?",
        values, 2, &changed, "dropping a namespace", err));
    return changed == 0 ? catalog_lost(ch, "was dropped by another process", err) : ST_OK;
}

static status space_must_exist(struct catalog *c, const struct catalog_change *ch,
                               struct error *err)
{
    bool exists;
    TRY(space_exists(c, ch->name.space, &exists, err));
    if (!exists)
        FAIL_SQL(err, ST_NOT_FOUND, "3F000", 0, "schema \"%.*s\" does not exist",
                 STR_ARG(ch->name.space));
    return ST_OK;
}

static status create_table(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space, ch->name.table, ch->new_location};
    int changed;
    TRY(space_must_exist(c, ch, err));
    TRY(catalog_sqlite_run_bound(
        c->self,
        "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name,"
        " metadata_location, iceberg_type) VALUES (?, ?, ?, ?, 'TABLE')"
        " ON CONFLICT DO NOTHING",
        values, 4, &changed, "creating a table", err));
    return changed == 0 ? catalog_lost(ch, "was created by another process", err) : ST_OK;
}

static status swap_table(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {ch->new_location, ch->base_location, c->name, ch->name.space,
                                 ch->name.table};
    int changed;
    TRY(catalog_sqlite_run_bound(
        c->self,
        "UPDATE iceberg_tables SET metadata_location = ?1,"
        " previous_metadata_location = ?2 WHERE catalog_name = ?3 AND"
        " table_namespace = ?4 AND table_name = ?5 AND metadata_location = ?2",
        values, 5, &changed, "moving a table's pointer", err));
    return changed == 0 ? catalog_lost(ch, "was changed by another process", err) : ST_OK;
}

static status drop_table(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space, ch->name.table, ch->base_location};
    int changed;
    TRY(catalog_sqlite_run_bound(
        c->self,
        "DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND"
        " table_name = ? AND metadata_location = ?",
        values, 4, &changed, "dropping a table", err));
    return changed == 0 ? catalog_lost(ch, "was changed by another process", err) : ST_OK;
}

/* A table on its way from one name to another stands where no name of a user's is, so that the names
 * of a commit may be taken in any order. */
#define AWAY_BYTES 64
static struct str away_name(const struct catalog_commit *commit, size_t i, char text[AWAY_BYTES])
{
    int n = snprintf(text, AWAY_BYTES, "%.*s-%zu", (int)commit->publish_id.len,
                     commit->publish_id.ptr, i);
    return (struct str){text, (size_t)n < AWAY_BYTES ? (size_t)n : AWAY_BYTES - 1};
}

static status rename_from(struct catalog *c, const struct catalog_change *ch, struct str away,
                          struct error *err)
{
    const struct str values[] = {away, c->name, ch->from.space, ch->from.table, ch->base_location};
    int changed;
    TRY(catalog_sqlite_run_bound(
        c->self,
        "UPDATE iceberg_tables SET table_namespace = '', table_name = ?1 WHERE catalog_name = ?2"
        " AND table_namespace = ?3 AND table_name = ?4 AND metadata_location = ?5",
        values, 5, &changed, "renaming a table", err));
    return changed == 0 ? catalog_lost(ch, "was changed by another process", err) : ST_OK;
}

static status rename_to(struct catalog *c, const struct catalog_change *ch, struct str away,
                        struct error *err)
{
    const struct str values[] = {ch->new_location, ch->name.space, ch->name.table, c->name, away};
    int changed;
    TRY(space_must_exist(c, ch, err));
    TRY(catalog_sqlite_run_bound(
        c->self,
        "UPDATE OR IGNORE iceberg_tables SET table_namespace = ?2, table_name = ?3,"
        " previous_metadata_location = CASE metadata_location WHEN ?1 THEN"
        " previous_metadata_location ELSE metadata_location END, metadata_location = ?1"
        " WHERE catalog_name = ?4 AND table_namespace = '' AND table_name = ?5",
        values, 5, &changed, "renaming a table", err));
    return changed == 0 ? catalog_lost(ch, "was created by another process", err) : ST_OK;
}

/* Names are left first, */
static status leave(struct catalog *c, const struct catalog_commit *commit, size_t i,
                    struct error *err)
{
    const struct catalog_change *ch = &commit->changes[i];
    char away[AWAY_BYTES];
    if (ch->kind == CATALOG_DROP)
        return drop_table(c, ch, err);
    return ch->kind == CATALOG_RENAME ? rename_from(c, ch, away_name(commit, i, away), err) : ST_OK;
}

/* and then taken. */
static status take(struct catalog *c, const struct catalog_commit *commit, size_t i,
                   struct error *err)
{
    const struct catalog_change *ch = &commit->changes[i];
    char away[AWAY_BYTES];
    switch (ch->kind) {
    case CATALOG_CREATE_SPACE:
        return create_space(c, ch, err);
    case CATALOG_DROP_SPACE:
        return drop_space(c, ch, err);
    case CATALOG_CREATE:
        return create_table(c, ch, err);
    case CATALOG_SWAP:
        return swap_table(c, ch, err);
    case CATALOG_DROP:
        return ST_OK;
    case CATALOG_RENAME:
        return rename_to(c, ch, away_name(commit, i, away), err);
    }
    FAIL(err, ST_INTERNAL, "catalog change %d", (int)ch->kind);
}

/* ---- a COMMIT that failed -------------------------------------------------------------------- */

enum seen { SEEN_NOTHING, SEEN_OLD, SEEN_NEW, SEEN_OTHER };

/* Where a table stands: SEEN_NEW at new_location, SEEN_OLD at base_location. An empty location
 * means that there is no such table. */
static status look_at_table(struct catalog *c, struct catalog_name name, struct str base_location,
                            struct str new_location, enum seen *out, struct error *err)
{
    const struct str base = {base_location.ptr ? base_location.ptr : "", base_location.len};
    const struct str new = {new_location.ptr ? new_location.ptr : "", new_location.len};
    const struct str values[] = {c->name, name.space, name.table, base, new};
    int64_t n;
    TRY(catalog_sqlite_number(
        c->self,
        "SELECT CASE at WHEN ?5 THEN 2 WHEN ?4 THEN 1 ELSE 3 END FROM (SELECT"
        " coalesce((SELECT metadata_location FROM iceberg_tables WHERE"
        " catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3), '') AS at)",
        values, 5, &n, err));
    *out = (enum seen)n;
    return ST_OK;
}

static status look_at(struct catalog *c, const struct catalog_change *ch, enum seen *out,
                      struct error *err)
{
    bool exists;
    if (ch->kind == CATALOG_RENAME) {
        TRY(look_at_table(c, ch->name, (struct str){0}, ch->new_location, out, err));
        return *out == SEEN_NEW
                   ? ST_OK
                   : look_at_table(c, ch->from, ch->base_location, (struct str){0}, out, err);
    }
    if (ch->kind != CATALOG_CREATE_SPACE && ch->kind != CATALOG_DROP_SPACE)
        return look_at_table(c, ch->name, ch->base_location, ch->new_location, out, err);
    TRY(space_exists(c, ch->name.space, &exists, err));
    *out = exists == (ch->kind == CATALOG_CREATE_SPACE) ? SEEN_NEW : SEEN_OLD;
    return ST_OK;
}

/* Does a change of the commit put a table where this one drops one? */
static bool is_taken(const struct catalog_change *changes, size_t count,
                     const struct catalog_change *drop)
{
    for (size_t i = 0; i < count; i++)
        if ((changes[i].kind == CATALOG_CREATE || changes[i].kind == CATALOG_RENAME) &&
            str_eq(changes[i].name.space, drop->name.space) &&
            str_eq(changes[i].name.table, drop->name.table))
            return true;
    return false;
}

/* What the tables show of all changes together. A name that is dropped and taken by one commit is
 * judged by what takes it. */
static status look_at_all(struct catalog *c, const struct catalog_change *changes, size_t count,
                          enum seen *out, struct error *err)
{
    *out = SEEN_NOTHING;
    for (size_t i = 0; i < count; i++) {
        enum seen seen;
        if (changes[i].kind == CATALOG_DROP && is_taken(changes, count, &changes[i]))
            continue;
        TRY(look_at(c, &changes[i], &seen, err));
        *out = *out == SEEN_NOTHING || *out == seen ? seen : SEEN_OTHER;
    }
    return ST_OK;
}

static status settle_inside(struct catalog *c, const struct catalog_change *changes, size_t count,
                            enum seen *out, struct error *err)
{
    TRY(look_at_all(c, changes, count, out, err));
    TRY(catalog_sqlite_run_bound(
        c->self, "INSERT OR REPLACE INTO iceberg_namespace_properties VALUES (?, '', '', '')",
        &c->name, 1, NULL, "settling a commit", err));
    TRY(catalog_sqlite_run_bound(
        c->self,
        "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND"
        " namespace = '' AND property_key = ''",
        &c->name, 1, NULL, "settling a commit", err));
    return catalog_sqlite_run(c->self, "COMMIT", "settling a commit", err);
}

static status settle(struct catalog *c, const struct catalog_change *changes, size_t count,
                     enum seen *out, struct error *err)
{
    struct sqlite_catalog *s = c->self;
    TRY(catalog_sqlite_connect(s, false, err));
    TRY(catalog_sqlite_run(s, "BEGIN IMMEDIATE", "settling a commit", err));
    status st = settle_inside(c, changes, count, out, err);
    catalog_sqlite_roll_back(s);
    return st;
}

/* COMMIT gave `rc`: failed for certain, done after all, or nobody knows. */
static status commit_failed(struct catalog *c, const struct catalog_change *changes, size_t count,
                            int rc, struct error *err)
{
    struct sqlite_catalog *s = c->self;
    struct error why;
    enum seen seen = SEEN_OTHER;
    status st = catalog_sqlite_fail(s, rc, "committing", err);
    bool open = !sqlite3_get_autocommit(s->db);
    catalog_sqlite_roll_back(s);
    if (((rc & 0xFF) == SQLITE_BUSY && open) || (rc & 0xFF) == SQLITE_FULL)
        return st; /* nothing was written, or not all of it */
    error_init(&why);
    bool settled = settle(c, changes, count, &seen, &why) == ST_OK;
    if (settled && seen == SEEN_NEW)
        return ST_OK;
    if (settled && seen == SEEN_OLD)
        return st;
    return error_set(err, ST_UNKNOWN, __FILE__, __LINE__,
                     "%.*s: a commit failed and whether it can be seen is unknown: %s; look at the "
                     "tables before you try again",
                     STR_ARG(s->path), settled ? "others have changed the same tables" : why.msg);
}

status catalog_sqlite_commit(struct catalog_pin *at, const struct catalog_commit *commit,
                             struct error *err)
{
    struct catalog *c = at->catalog;
    struct sqlite_catalog *s = c->self;
    status st = ST_OK;
    TRY(catalog_sqlite_connect(s, false, err));
    TRY(catalog_sqlite_run(s, "BEGIN IMMEDIATE", "waiting for the write lock", err));
    for (size_t i = 0; st == ST_OK && i < commit->count; i++)
        st = leave(c, commit, i, err);
    for (size_t i = 0; st == ST_OK && i < commit->count; i++)
        st = take(c, commit, i, err);
    if (st != ST_OK) {
        catalog_sqlite_roll_back(s);
        return st;
    }
    int rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    return rc == SQLITE_OK ? ST_OK : commit_failed(c, commit->changes, commit->count, rc, err);
}
