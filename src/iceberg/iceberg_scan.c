// SPDX-License-Identifier: Apache-2.0
/* iceberg_scan.c - the files to read for a snapshot and a predicate (spec "Scan Planning").
 *
 *     manifest list -> manifests that may match -> live entries that may match
 *
 * Files that this program cannot read rightly are refused by name rather than read wrongly: a table
 * with live delete files, and data files that are not Parquet. */
#include "iceberg/iceberg_int.h"

struct planning {
    struct store *store;
    const struct iceberg_table *t;
    const struct iceberg_schema *schema;
    const struct iceberg_pred *p;
    struct arena *arena;
    struct mem_account *account;
    struct iceberg_scan *out;
    size_t capacity;
};

static status add_entry(struct planning *pl, const struct iceberg_entry *e, struct error *err)
{
    struct iceberg_scan *s = pl->out;
    if (!str_eq_z(e->file.format, "PARQUET"))
        FAIL(err, ST_UNSUPPORTED, "data file %.*s is of format %.*s", STR_ARG(e->file.path),
             STR_ARG(e->file.format));
    TRY(arena_grow(pl->arena, (void **)&s->entries, sizeof(*s->entries), &pl->capacity,
                   s->count + 1, err));
    s->entries[s->count++] = *e;
    if (__builtin_add_overflow(s->rows, e->file.records, &s->rows) ||
        __builtin_add_overflow(s->bytes, e->file.bytes, &s->bytes))
        FAIL(err, ST_CORRUPT, "data file %.*s: the sum of rows or bytes passes 63 bits",
             STR_ARG(e->file.path));
    return ST_OK;
}

static status plan_manifest(struct planning *pl, const struct iceberg_manifest *m,
                            struct error *err)
{
    struct iceberg_entry *entries;
    size_t count;
    struct iceberg_scan *s = pl->out;
    s->manifests_read++;
    TRY(iceberg_entries_read(pl->store, pl->t, m, pl->arena, pl->account, &entries, &count, err));
    for (size_t i = 0; i < count; i++) {
        const struct iceberg_data_file *f = &entries[i].file;
        if (entries[i].status == ICEBERG_DELETED)
            continue;
        if (m->deletes)
            FAIL(err, ST_UNSUPPORTED,
                 "the table has delete files, which are not applied yet: %.*s (%s deletes)",
                 STR_ARG(f->path),
                 f->content == ICEBERG_EQUALITY_DELETES ? "equality" : "position");
        s->files_total++;
        if (iceberg_file_may_match(pl->t, pl->schema, f, pl->p))
            TRY(add_entry(pl, &entries[i], err));
        else
            s->files_skipped++;
    }
    return ST_OK;
}

static status plan_manifests(struct planning *pl, const struct iceberg_manifest *m, size_t count,
                             struct error *err)
{
    struct iceberg_scan *s = pl->out;
    s->manifests_total = (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        bool counted = m[i].added_files >= 0 && m[i].existing_files >= 0;
        if (counted && m[i].added_files == 0 && m[i].existing_files == 0)
            continue;
        if (!m[i].deletes && counted && !iceberg_manifest_may_match(pl->t, &m[i], pl->p)) {
            s->files_total += m[i].added_files + m[i].existing_files;
            s->files_skipped += m[i].added_files + m[i].existing_files;
            continue;
        }
        TRY(plan_manifest(pl, &m[i], err));
    }
    return ST_OK;
}

status iceberg_scan_plan(struct store *store, const struct iceberg_table *t,
                         const struct iceberg_snapshot *s, const struct iceberg_schema *schema,
                         const struct iceberg_pred *p, struct arena *arena,
                         struct mem_account *account, struct iceberg_scan *out, struct error *err)
{
    static const struct iceberg_pred everything = {.kind = ICEBERG_PRED_TRUE};
    struct planning pl = {.store = store,
                          .t = t,
                          .schema = schema,
                          .p = p ? p : &everything,
                          .arena = arena,
                          .account = account,
                          .out = out};
    struct iceberg_manifest *manifests;
    size_t count;
    *out = (struct iceberg_scan){0};
    if (!s)
        return ST_OK;
    TRY(iceberg_manifests_read(store, t, s, arena, account, &manifests, &count, err));
    return plan_manifests(&pl, manifests, count, err);
}
