// SPDX-License-Identifier: Apache-2.0
/* summary_change.h - how the raw table's rows differ from those that a summary covers.
 *
 * Only two states count, what is covered and what the target snapshot has, file by file, a path as
 * often as it stands there. How the table came from one to the other (rollback, cherry-pick,
 * replaced tables, files that came and went) is of no interest. */
#ifndef SUMMARY_CHANGE_H
#define SUMMARY_CHANGE_H

#include "query/query_plan.h"
#include "summary/summary_cover.h"

/* A covered file that is still there; its rows may differ, because other delete files apply. */
struct summary_kept {
    size_t covered, entry;
    bool changed;
};

struct summary_change {
    const struct summary_cover *cover; /* borrowed */
    const struct iceberg_scan *target; /* borrowed */
    size_t added_count, removed_count, kept_count, changed_count;
    size_t *added;   /* entries of target */
    size_t *removed; /* covered files */
    struct summary_kept *kept;
    int64_t added_bytes, removed_bytes, changed_bytes, target_bytes;
    /* what summary_change_forget leaves */
    size_t gone_count, box_count, holder_count;
    size_t *gone;            /* covered files that went too, and are not read */
    struct query_box *boxes; /* the key ranges of their units */
    int64_t holder_bytes;    /* kept files that may hold such a key and are not changed */
};

STATUS_MUST_USE status summary_change_find(const struct summary_cover *cover,
                                           const struct iceberg_scan *target, struct arena *arena,
                                           struct summary_change *out, struct error *err);
/* Nothing is added, removed or changed. */
bool summary_change_is_none(const struct summary_change *c);
/* The rows of the removed files for which `gone` is set cannot be taken away, so every group in the
 * key ranges of their units is to be made anew. A file that shares such a unit goes with it, or comes
 * anew. Keys have `keys` columns. Before it, all removed files are to be read. */
STATUS_MUST_USE status summary_change_forget(struct summary_change *c, const bool *gone,
                                             size_t keys, struct arena *arena, struct error *err);
/* The keys of a unit's rows. */
struct summary_range {
    bool empty; /* there are no rows */
    struct query_box box;
};
STATUS_MUST_USE status summary_unit_range(const struct summary_unit *u, size_t keys,
                                          struct arena *arena, struct summary_range *out,
                                          struct error *err);
/* Some key is in both. */
bool summary_boxes_meet(const struct query_box *a, const struct query_box *b, size_t keys);

/* The summary's own data files in the order of the cover's parts; *out NULL when they are not the
 * same files. */
STATUS_MUST_USE status summary_parts_find(const struct summary_cover *cover,
                                          const struct iceberg_scan *own, struct arena *arena,
                                          const struct iceberg_entry ***out, struct error *err);

#endif
