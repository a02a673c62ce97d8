// SPDX-License-Identifier: Apache-2.0
/* exec_prune.h - which row groups of a data file, and which rows of them, a scan's condition may need. */
#ifndef EXEC_PRUNE_H
#define EXEC_PRUNE_H

#include "exec/exec_int.h"
#include "iceberg/iceberg.h"
#include "parquet/parquet.h"

/* One open data file of a scan. */
struct exec_prune {
    const struct query_plan *plan;     /* borrowed: SCAN */
    const struct iceberg_entry *entry; /* borrowed: the file */
    struct parquet_file *file;         /* borrowed */
    struct arena *arena;               /* borrowed: lives as long as the file is open */
    int64_t bytes;                     /* of Bloom filters, so far */
};

/* Can a row of the group match? By its statistics, which the footer has, */
STATUS_MUST_USE status exec_prune_group(const struct exec_prune *p, size_t group, bool *out,
                                        struct error *err);
/* and by its Bloom filters, which are read. */
STATUS_MUST_USE status exec_prune_bloom(struct exec_prune *p, size_t group, bool *out,
                                        struct error *err);
/* The rows of the group that can match, by its page index, ascending and not touching: in p->arena.
 * *whole: all of them, or nobody knows; then there are no ranges. `columns` are those that the scan
 * reads, -1 = none. */
STATUS_MUST_USE status exec_prune_rows(struct exec_prune *p, size_t group, const int *columns,
                                       size_t column_count, bool *whole, struct parquet_rows **out,
                                       size_t *count, struct error *err);

#endif
