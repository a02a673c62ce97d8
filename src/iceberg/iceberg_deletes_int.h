// SPDX-License-Identifier: Apache-2.0
/* iceberg_deletes_int.h - the index of a scan's delete files. For this module only. */
#ifndef ICEBERG_DELETES_INT_H
#define ICEBERG_DELETES_INT_H

#include "iceberg/iceberg_int.h"

struct iceberg_delete_list {
    size_t count, capacity;
    struct iceberg_delete **items; /* in the scan's arena */
};

struct iceberg_deletes {
    struct iceberg_delete_list named;     /* positions of one data file, by its path */
    struct iceberg_delete_list positions; /* of a partition */
    struct iceberg_delete_list equality;  /* of a partition, then by columns */
    struct iceberg_delete_list global;    /* by columns */
    struct iceberg_delete_list all;
    size_t scope_count;
};

/* The one data file that position deletes name; ptr NULL when there may be several. */
struct str iceberg_deletes_path(const struct iceberg_data_file *f);
/* A live entry of a delete manifest. */
STATUS_MUST_USE status iceberg_deletes_add(struct iceberg_deletes *x, const struct iceberg_table *t,
                                           const struct iceberg_entry *e, struct arena *arena,
                                           struct error *err);
/* Once, after the last add and before the first match. */
void iceberg_deletes_sort(struct iceberg_deletes *x);
/* Sets data->deletes. */
STATUS_MUST_USE status iceberg_deletes_match(const struct iceberg_deletes *x,
                                             struct iceberg_entry *data, struct arena *arena,
                                             struct error *err);

#endif
