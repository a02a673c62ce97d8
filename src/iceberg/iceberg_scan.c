// SPDX-License-Identifier: Apache-2.0
/* iceberg_scan.c - the files to read for a snapshot and a predicate (spec "Scan Planning").
 *
 *     manifest list -> delete manifests that may match -> index of live delete files
 *                   -> data manifests that may match   -> live entries that may match, each with
 *                                                         the delete files that apply
 *
 * A partition that no wanted data file can be in needs no delete files either, so delete manifests
 * are left out by the same judgement as data manifests; global equality deletes are of an
 * unpartitioned spec, which rules nothing out. Data files that are not Parquet are refused by name.
 */
#include "iceberg/iceberg_deletes_int.h"

struct planning {
    struct store *store;
    const struct iceberg_table *t;
    const struct iceberg_schema *schema;
    const struct iceberg_pred *p;
    struct arena *arena;
    struct mem_account *account;
    struct iceberg_scan *out;
    size_t capacity;
    struct iceberg_deletes deletes;
};

static status add_entry(struct planning *pl, const struct iceberg_entry *e, struct error *err)
{
    struct iceberg_scan *s = pl->out;
    if (!str_eq_z(e->file.format, "PARQUET"))
        FAIL(err, ST_UNSUPPORTED, "data file %.*s is of format %.*s", STR_ARG(e->file.path),
             STR_ARG(e->file.format));
    TRY(arena_grow(pl->arena, (void **)&s->entries, sizeof(*s->entries), &pl->capacity,
                   s->count + 1, err));
    s->entries[s->count] = *e;
    TRY(iceberg_deletes_match(&pl->deletes, &s->entries[s->count++], pl->arena, err));
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
        if (entries[i].status == ICEBERG_DELETED)
            continue;
        if (m->deletes) {
            TRY(iceberg_deletes_add(&pl->deletes, pl->t, &entries[i], pl->arena, err));
            continue;
        }
        s->files_total++;
        if (iceberg_file_may_match(pl->t, pl->schema, &entries[i].file, pl->p))
            TRY(add_entry(pl, &entries[i], err));
        else
            s->files_skipped++;
    }
    return ST_OK;
}

static bool is_counted(const struct iceberg_manifest *m)
{
    return m->added_files >= 0 && m->existing_files >= 0;
}

/* Whether it is of this content and has files. */
static bool has_files(const struct iceberg_manifest *m, bool deletes)
{
    return m->deletes == deletes &&
           !(is_counted(m) && m->added_files == 0 && m->existing_files == 0);
}

static bool is_read(const struct planning *pl, const struct iceberg_manifest *m, bool deletes)
{
    return has_files(m, deletes) && (!is_counted(m) || iceberg_manifest_may_match(pl->t, m, pl->p));
}

/* Announces the manifests that are read next; *end: the first that is still to be announced. */
static status expect_manifests(const struct planning *pl, const struct iceberg_manifest *m,
                               size_t count, bool deletes, size_t *end, struct error *err)
{
    struct store_next next[STORE_NEXT_MOST];
    size_t at[STORE_NEXT_MOST], n = 0, taken;
    for (; *end < count && n < STORE_NEXT_MOST; ++*end)
        if (is_read(pl, &m[*end], deletes)) {
            at[n] = *end;
            next[n++] = (struct store_next){m[*end].path, m[*end].bytes};
        }
    TRY(store_expect_files(pl->store, next, n, &taken, err));
    *end = taken < n ? at[taken] : *end;
    return ST_OK;
}

/* The manifests of one content. */
static status plan_manifests(struct planning *pl, const struct iceberg_manifest *m, size_t count,
                             bool deletes, struct error *err)
{
    struct iceberg_scan *s = pl->out;
    for (size_t i = 0, announced = 0; i < count; i++) {
        if (is_read(pl, &m[i], deletes)) {
            if (i >= announced)
                TRY(expect_manifests(pl, m, count, deletes, &announced, err));
            TRY(plan_manifest(pl, &m[i], err));
        } else if (has_files(&m[i], deletes) && !deletes) {
            s->files_total += m[i].added_files + m[i].existing_files;
            s->files_skipped += m[i].added_files + m[i].existing_files;
        }
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
    out->manifests_total = (int64_t)count;
    TRY(plan_manifests(&pl, manifests, count, true, err));
    iceberg_deletes_sort(&pl.deletes);
    TRY(plan_manifests(&pl, manifests, count, false, err));
    out->deletes = (const struct iceberg_delete **)pl.deletes.all.items;
    out->delete_count = pl.deletes.all.count;
    out->scope_count = pl.deletes.scope_count;
    return ST_OK;
}
