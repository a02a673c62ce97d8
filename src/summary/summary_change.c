// SPDX-License-Identifier: Apache-2.0
/* summary_change.c - two lists of files, sorted by path, walked side by side. */
#include "summary/summary_change.h"

#include <stdlib.h>

struct by_path {
    struct str path;
    size_t at; /* in target */
};

static int cmp_by_path(const void *a, const void *b)
{
    const struct by_path *x = a, *y = b;
    int c = str_cmp(x->path, y->path);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

static status sort_target(const struct iceberg_scan *target, struct arena *arena,
                          struct by_path **out, struct error *err)
{
    TRY(ARENA_ARRAY(arena, struct by_path, target->count + 1, out, err));
    for (size_t i = 0; i < target->count; i++)
        (*out)[i] = (struct by_path){target->entries[i].file.path, i};
    if (target->count > 1)
        qsort(*out, target->count, sizeof(**out), cmp_by_path);
    return ST_OK;
}

/* A file under the same name that is another one: its covered rows cannot be read any more. */
static status same_file(const struct summary_file *c, const struct iceberg_data_file *f,
                        struct error *err)
{
    if (c->bytes == f->bytes && c->records == f->records)
        return ST_OK;
    FAIL(
        err, ST_REFUSED,
        "refused: file %.*s of the raw table was replaced under its name (%lld bytes and %lld rows "
        "when it was read, now %lld and %lld), which Iceberg forbids",
        STR_ARG(c->path), (long long)c->bytes, (long long)c->records, (long long)f->bytes,
        (long long)f->records);
}

static status keep(struct summary_change *out, size_t covered, size_t entry, struct arena *arena,
                   struct error *err)
{
    const struct summary_file *c = &out->cover->covered[covered];
    const struct iceberg_entry *e = &out->target->entries[entry];
    struct str deletes;
    TRY(same_file(c, &e->file, err));
    TRY(summary_deletes_id(e, arena, &deletes, err));
    bool changed = !str_eq(deletes, c->deletes);
    out->kept[out->kept_count++] = (struct summary_kept){covered, entry, changed};
    out->changed_count += changed;
    out->changed_bytes += changed ? e->file.bytes : 0;
    return ST_OK;
}

status summary_change_find(const struct summary_cover *cover, const struct iceberg_scan *target,
                           struct arena *arena, struct summary_change *out, struct error *err)
{
    struct by_path *now;
    size_t c = 0, n = 0;
    *out = (struct summary_change){.cover = cover, .target = target};
    TRY(sort_target(target, arena, &now, err));
    TRY(ARENA_ARRAY(arena, size_t, target->count + 1, &out->added, err));
    TRY(ARENA_ARRAY(arena, size_t, cover->covered_count + 1, &out->removed, err));
    TRY(ARENA_ARRAY(arena, struct summary_kept, cover->covered_count + 1, &out->kept, err));
    while (c < cover->covered_count || n < target->count) {
        int order = c == cover->covered_count ? 1
                    : n == target->count      ? -1
                                              : str_cmp(cover->covered[c].path, now[n].path);
        if (order == 0) {
            TRY(keep(out, c++, now[n++].at, arena, err));
        } else if (order < 0) {
            out->removed_bytes += cover->covered[c].bytes;
            out->removed[out->removed_count++] = c++;
        } else {
            out->added_bytes += target->entries[now[n].at].file.bytes;
            out->added[out->added_count++] = now[n++].at;
        }
    }
    for (size_t i = 0; i < target->count; i++)
        out->target_bytes += target->entries[i].file.bytes;
    return ST_OK;
}

bool summary_change_is_none(const struct summary_change *c)
{
    return c->added_count + c->removed_count + c->changed_count == 0;
}

/* ---- parts of the summary -------------------------------------------------------------------- */

static int cmp_entry(const void *a, const void *b)
{
    const struct iceberg_entry *const *x = a, *const *y = b;
    return str_cmp((*x)->file.path, (*y)->file.path);
}

status summary_parts_find(const struct summary_cover *cover, const struct iceberg_scan *own,
                          struct arena *arena, const struct iceberg_entry ***out, struct error *err)
{
    const struct iceberg_entry **sorted, **found;
    *out = NULL;
    if (own->count != cover->part_count)
        return ST_OK;
    TRY(ARENA_ARRAY(arena, const struct iceberg_entry *, own->count + 1, &sorted, err));
    TRY(ARENA_ARRAY(arena, const struct iceberg_entry *, own->count + 1, &found, err));
    for (size_t i = 0; i < own->count; i++)
        sorted[i] = &own->entries[i];
    if (own->count > 1)
        qsort(sorted, own->count, sizeof(*sorted), cmp_entry);
    for (size_t i = 0; i < own->count; i++) {
        const struct iceberg_entry wanted = {.file.path = cover->parts[i].path};
        const struct iceberg_entry *key = &wanted;
        const struct iceberg_entry **at =
            bsearch(&key, sorted, own->count, sizeof(*sorted), cmp_entry);
        if (!at || (*at)->delete_count > 0)
            return ST_OK;
        found[i] = *at;
    }
    *out = found;
    return ST_OK;
}
