// SPDX-License-Identifier: Apache-2.0
/* summary_change.h - how the raw table's rows differ from those that a summary covers.
 *
 * Only two states count, what is covered and what the target snapshot has, file by file, a path as
 * often as it stands there. How the table came from one to the other (rollback, cherry-pick,
 * replaced tables, files that came and went) is of no interest. */
#ifndef SUMMARY_CHANGE_H
#define SUMMARY_CHANGE_H

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
};

STATUS_MUST_USE status summary_change_find(const struct summary_cover *cover,
                                           const struct iceberg_scan *target, struct arena *arena,
                                           struct summary_change *out, struct error *err);
/* Nothing is added, removed or changed. */
bool summary_change_is_none(const struct summary_change *c);

/* The summary's own data files in the order of the cover's parts; *out NULL when they are not the
 * same files. */
STATUS_MUST_USE status summary_parts_find(const struct summary_cover *cover,
                                          const struct iceberg_scan *own, struct arena *arena,
                                          const struct iceberg_entry ***out, struct error *err);

#endif
