// SPDX-License-Identifier: Apache-2.0
/* summary_merging.h - a delta being taken into the summary: what its files share.
 *
 *     came   files that are new        \  plus: by group
 *     back   rows whose deletes went   /
 *     minus  files that went, rows that deletes took since
 *     lost   groups whose min or max may have gone
 *     boxes  key ranges of files that went and are not read
 *     anew   lost groups and those in boxes, from the files that stay and from `came`; and others
 *
 * Every one of them is one row a group, sorted by key, or NULL. */
#ifndef SUMMARY_MERGING_H
#define SUMMARY_MERGING_H

#include "summary/summary_build_int.h"

/* From where on held rows belong to a part; one more at the end. */
struct cuts {
    int64_t *from;
};

struct merging {
    struct summary_build *b;        /* borrowed */
    const struct summary_change *c; /* borrowed */
    struct summary_source added, returned, removed;
    struct query_plan *came, *back, *plus, *minus, *lost, *anew; /* HELD, in `held` */
    size_t spaces; /* parts, at least 1: where a key may stand */
    bool *touched; /* one a space */
    struct cuts plus_cuts, minus_cuts, lost_cuts, anew_cuts;
    const struct iceberg_entry **entry; /* one a part: of the summary's own scan */
    int64_t next_unit;
    size_t held_count;
    struct query_plan *held[8]; /* owned */
};

/* Runs a plan and holds its rows until the delta is done. */
STATUS_MUST_USE status summary_merging_hold(struct merging *x, struct query_plan *plan,
                                            struct exec_units *units, struct query_plan **out,
                                            struct error *err);
/* Two inputs of one row a group as one; either may be NULL. */
STATUS_MUST_USE status summary_merging_join(struct merging *x, struct query_plan *a,
                                            struct query_plan *b, struct query_plan **out,
                                            struct error *err);
/* The parts [from, to), or those of them that are touched, as one scan. */
STATUS_MUST_USE status summary_merging_parts(struct merging *x, size_t from, size_t to,
                                             bool touched_only, struct query_plan **out,
                                             struct error *err);
/* Finds `lost`, and makes it and what is in boxes anew. */
STATUS_MUST_USE status summary_merging_anew(struct merging *x, struct error *err);

#endif
