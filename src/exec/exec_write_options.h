// SPDX-License-Identifier: Apache-2.0
/* exec_write_options.h - what a table's write.* properties ask of its data files. */
#ifndef EXEC_WRITE_OPTIONS_H
#define EXEC_WRITE_OPTIONS_H

#include "exec/exec_int.h"

#include "parquet/parquet.h"

/* write.metadata.metrics.*: how much a manifest says of a column. */
enum exec_metrics_kind { EXEC_METRICS_NONE, EXEC_METRICS_COUNTS, EXEC_METRICS_BOUNDS };

struct exec_metrics_mode {
    enum exec_metrics_kind kind;
    uint32_t units; /* BOUNDS: characters or bytes of a bound; UINT32_MAX = whole */
};

struct exec_write_options {
    struct parquet_write_options parquet;
    int64_t target_bytes;            /* of a file */
    struct exec_metrics_mode *modes; /* in the arena: of each column of the schema */
};

/* A value that is no number, or out of range, or asks for what is not written, is ST_INVALID (22023)
 * or ST_UNSUPPORTED with the property's name. What firn leaves undone without harm is a notice. */
STATUS_MUST_USE status exec_write_options_read(const struct iceberg_table *table,
                                               const struct column_schema *columns,
                                               const struct exec_context *c, struct arena *arena,
                                               struct exec_write_options *out, struct error *err);

#endif
