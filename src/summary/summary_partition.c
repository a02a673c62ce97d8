// SPDX-License-Identifier: Apache-2.0
/* summary_partition.c - files that went and cannot be read any more: which groups are to be made
 * anew, and from which files.
 *
 *     gone files -> their units -> boxes: key ranges
 *     another file of such a unit    went too: it need not be read
 *                                    is kept: comes as if it were new, with a unit of its own
 *     kept files that meet a box     are read once more */
#include "summary/summary_change.h"

#include "column/column_key.h"

#include <stdlib.h>

status summary_unit_range(const struct summary_unit *u, size_t keys, struct arena *arena,
                          struct summary_range *out, struct error *err)
{
    struct str *low, *high;
    *out = (struct summary_range){.empty = u->rows == 0};
    if (out->empty)
        return ST_OK;
    TRY(summary_range_parse(u->low, keys, arena, &low, err));
    TRY(summary_range_parse(u->high, keys, arena, &high, err));
    out->box = (struct query_box){low, high};
    return ST_OK;
}

bool summary_boxes_meet(const struct query_box *a, const struct query_box *b, size_t keys)
{
    for (size_t i = 0; i < keys; i++)
        if (column_key_cmp(a->high[i], b->low[i]) < 0 || column_key_cmp(b->high[i], a->low[i]) < 0)
            return false;
    return true;
}

/* A unit's number in the cover, whose units stand sorted by id (C1, C2). */
static int cmp_unit(const void *id, const void *unit)
{
    int64_t a = *(const int64_t *)id, b = ((const struct summary_unit *)unit)->id;
    return (a > b) - (a < b);
}

static const struct summary_unit *unit_of(const struct summary_cover *c, size_t covered)
{
    return bsearch(&c->covered[covered].unit, c->units, c->unit_count, sizeof(*c->units), cmp_unit);
}

/* Splits the removed files; units[u] is set for the units of those that are gone. */
static void forget_removed(struct summary_change *c, const bool *units)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->removed_count; i++) {
        size_t at = c->removed[i];
        if (units[unit_of(c->cover, at) - c->cover->units]) {
            c->gone[c->gone_count++] = at;
            c->removed_bytes -= c->cover->covered[at].bytes;
        } else {
            c->removed[kept++] = at;
        }
    }
    c->removed_count = kept;
}

static void renew_kept(struct summary_change *c, const bool *units)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->kept_count; i++) {
        const struct summary_kept k = c->kept[i];
        if (!units[unit_of(c->cover, k.covered) - c->cover->units]) {
            c->kept[kept++] = k;
            continue;
        }
        int64_t bytes = c->target->entries[k.entry].file.bytes;
        c->added[c->added_count++] = k.entry;
        c->added_bytes += bytes;
        c->changed_count -= k.changed;
        c->changed_bytes -= k.changed ? bytes : 0;
    }
    c->kept_count = kept;
}

static status make_boxes(struct summary_change *c, const bool *units, size_t keys,
                         struct arena *arena, struct error *err)
{
    TRY(ARENA_ARRAY(arena, struct query_box, c->gone_count + 1, &c->boxes, err));
    for (size_t i = 0; i < c->cover->unit_count; i++) {
        struct summary_range range;
        if (!units[i])
            continue;
        TRY(summary_unit_range(&c->cover->units[i], keys, arena, &range, err));
        if (!range.empty)
            c->boxes[c->box_count++] = range.box;
    }
    return ST_OK;
}

static status count_holders(struct summary_change *c, size_t keys, struct arena *arena,
                            struct error *err)
{
    for (size_t i = 0; i < c->kept_count; i++) {
        const struct summary_kept *k = &c->kept[i];
        struct summary_range range;
        bool meets = false;
        TRY(summary_unit_range(unit_of(c->cover, k->covered), keys, arena, &range, err));
        if (k->changed || range.empty)
            continue;
        for (size_t j = 0; j < c->box_count && !meets; j++)
            meets = summary_boxes_meet(&range.box, &c->boxes[j], keys);
        c->holder_count += meets;
        c->holder_bytes += meets ? c->target->entries[k->entry].file.bytes : 0;
    }
    return ST_OK;
}

status summary_change_forget(struct summary_change *c, const bool *gone, size_t keys,
                             struct arena *arena, struct error *err)
{
    bool *units;
    TRY(ARENA_ARRAY(arena, bool, c->cover->unit_count + 1, &units, err));
    TRY(ARENA_ARRAY(arena, size_t, c->removed_count + 1, &c->gone, err));
    for (size_t i = 0; i < c->removed_count; i++)
        if (gone[i])
            units[unit_of(c->cover, c->removed[i]) - c->cover->units] = true;
    forget_removed(c, units);
    renew_kept(c, units);
    TRY(make_boxes(c, units, keys, arena, err));
    return count_holders(c, keys, arena, err);
}
