// SPDX-License-Identifier: Apache-2.0
/* summary_build.h - new rows of a summary, and what they cover: all anew, or what has changed.
 *
 *     full       every raw file -> groups -> parts
 *     delta      rows that came and rows that went -> groups of each -> MERGE with the parts that
 *                hold such a group, or where it would stand -> those parts anew
 *     partition  likewise, but groups in the key ranges of files that cannot be read come from all
 *                files that may hold them
 *
 * Nothing is staged here: files are written, and the caller says what becomes of them. */
#ifndef SUMMARY_BUILD_H
#define SUMMARY_BUILD_H

#include "summary/summary_change.h"
#include "summary/summary_delta.h"

struct summary_build {
    /* what is given */
    const struct summary_ops *ops;      /* borrowed */
    const struct exec_context *exec;    /* borrowed */
    struct arena *arena;                /* borrowed */
    const struct summary_definition *d; /* borrowed; field ids given out */
    const struct iceberg_table *t;      /* borrowed: the summary as it was */
    struct query_plan *plan;            /* the SELECT's, over the target */
    struct query_plan *extended;        /* summary_extend's */
    const struct query_plan *aggregate; /* borrowed: of `extended` */
    const struct query_plan *merge;     /* borrowed: over such rows; without inputs */
    const int *keys;                    /* borrowed: columns of its rows, in sort order */
    size_t key_count;
    const struct column_schema *hidden; /* borrowed */
    const struct summary_cover *before; /* borrowed */
    /* what comes out */
    struct summary_cover after;
    size_t part_capacity, file_count, file_capacity, removed_count;
    struct iceberg_data_file *files; /* new parts */
    struct str *removed;             /* paths of parts that they replace */
    int64_t raw_files, raw_bytes;    /* read */
};

/* All rows anew; every part of before is replaced. */
STATUS_MUST_USE status summary_build_full(struct summary_build *b, struct error *err);
/* Takes the change into the rows that are there. `c` is between b->before and the target. */
STATUS_MUST_USE status summary_build_delta(struct summary_build *b, const struct summary_change *c,
                                           struct error *err);
/* The totals of all parts of b->after must be those of all its units: ST_REFUSED otherwise. */
STATUS_MUST_USE status summary_check_totals(const struct summary_build *b, struct error *err);

#endif
