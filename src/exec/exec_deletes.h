// SPDX-License-Identifier: Apache-2.0
/* exec_deletes.h - the deleted rows of the data files that a scan reads.
 *
 * What iceberg_scan_plan found for each data file becomes, when the file is opened,
 *
 *     positions   a set of row numbers (base/rowset.h), from position delete files
 *     equality    for each scope a set of keys (exec_keyset.h), from equality delete files
 *
 * A delete file is read once for a scan, at the first data file that needs it. Row numbers of other
 * data files of the scan are kept until those are done; key sets until the scan is. */
#ifndef EXEC_DELETES_H
#define EXEC_DELETES_H

#include "exec/exec_int.h"

struct exec_deletes;
struct iceberg_entry;

/* *out NULL when no data file of the SCAN node has deletes. */
STATUS_MUST_USE status exec_deletes_open(const struct query_plan *scan,
                                         const struct exec_context *c, struct exec_deletes **out,
                                         struct error *err);
void exec_deletes_close(struct exec_deletes *d); /* accepts NULL */
/* The columns to be read beside the scan's own, because equality deletes compare them: field id,
 * name and type. They stand behind the scan's columns in every batch given to exec_deletes_keep. */
const struct column_schema *exec_deletes_columns(const struct exec_deletes *d);
/* The `file`th of the scan's data files is begun: its deletes are read. *any: it has some. */
STATUS_MUST_USE status exec_deletes_begin(struct exec_deletes *d, size_t file, bool *any,
                                          struct error *err);
/* Rows of `batch`, which begins at row `first` of the file, that are not deleted: ascending, in
 * `rows` (room for batch->rows). */
STATUS_MUST_USE status exec_deletes_keep(struct exec_deletes *d, int64_t first,
                                         const struct column_batch *batch, uint16_t *rows,
                                         size_t *count, struct error *err);
/* The file begun last is done. */
void exec_deletes_end(struct exec_deletes *d);

#endif
