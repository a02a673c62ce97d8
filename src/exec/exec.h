// SPDX-License-Identifier: Apache-2.0
/* exec.h - plans to batches, batches to data files.
 *
 * exec_open turns a plan into a pull stream; operators allocate from the context's account and free
 * all of it in close. Results do not depend on thread count or batch sizes. */
#ifndef EXEC_H
#define EXEC_H

#include "base/pool.h"
#include "column/column_span.h"
#include "query/query_plan.h"
#include "store/store.h"

struct zone;
struct iceberg_spec;
struct iceberg_data_file;
struct iceberg_paths;
struct rowset;

/* What was read; printed after each statement. Operators add as they go. */
struct exec_counters {
    int64_t files, files_skipped, row_groups_skipped, rows, bytes;
    int64_t bad_rows; /* CSV rows left out */
};

/* What one data file gave to an aggregation: of the rows that passed the WHERE. */
struct exec_unit {
    int64_t rows;
    struct str *low, *high; /* one a key: the least and the greatest as column_key.h's bytes; NULL
                             * when rows is 0 */
    struct str totals;      /* counts, sums and squares of all arguments, for exec_totals_add: the
                             * states without extremes, one after the other (kernel_agg_encode) */
};

/* Filled by an AGGREGATE over SCAN [FILTER, PROJECT]: one unit for each file of the scan, in its
 * order, complete when the aggregation's rows come. */
struct exec_units {
    struct arena *arena; /* borrowed: what the units hold */
    size_t count;
    struct exec_unit *units;
    size_t file; /* exec's own: of the batch that the scan gave out last */
};

struct exec_context {
    struct store *store;
    struct mem_account *account;
    struct pool *pool;              /* NULL = the caller's thread only */
    const struct zone *zone;        /* NULL = UTC */
    int64_t now_us;                 /* transaction start */
    struct arena *arena;            /* the statement's: compiled expressions live here */
    struct exec_counters *counters; /* may be NULL */
    struct exec_units *units;       /* may be NULL: nobody asks */
    const _Atomic bool *cancel;     /* may be NULL; checked between batches: ST_CANCELLED */
    void (*notice)(void *self, const char *text); /* may be NULL */
    void *notice_self;
};

/* SUBQUERY constants inside the plan are run first and put in place. */
STATUS_MUST_USE status exec_open(struct query_plan *plan, const struct exec_context *c,
                                 struct column_stream *out, struct error *err);
/* One expression without COLUMNs. */
STATUS_MUST_USE status exec_fold(const struct query_expr *e, const struct exec_context *c,
                                 struct arena *arena, struct column_value *out, struct error *err);

/* Runs a plan to its end and keeps the rows, charged to the account: *out is a HELD node over them,
 * in c->arena, which can be opened any number of times until exec_held_free. */
STATUS_MUST_USE status exec_hold(struct query_plan *plan, const struct exec_context *c,
                                 struct query_plan **out, struct error *err);
void exec_held_free(struct query_plan *held); /* accepts NULL */
int64_t exec_held_rows(const struct query_plan *held);

/* The rows of the `file`th data file of a SCAN node that its delete files take away, by position or
 * by value. Reads the delete files, and of the data file only columns that equality deletes compare.
 * *out was initialised with the file's rows. */
STATUS_MUST_USE status exec_deleted_rows(const struct query_plan *scan, size_t file,
                                         const struct exec_context *c, struct rowset *out,
                                         struct error *err);

/* Totals of units brought together: of one AGGREGATE node, or of others that are the same but for
 * types that were widened. */
struct exec_totals;
STATUS_MUST_USE status exec_totals_create(const struct query_plan *aggregate, /* borrowed */
                                          struct mem_account *account, struct exec_totals **out,
                                          struct error *err);
void exec_totals_free(struct exec_totals *t); /* accepts NULL */
/* A unit's totals (exec_unit.totals) come to the others or are taken away from them. ST_CORRUPT:
 * they are malformed, or were not among the others. After a failure only exec_totals_free is due. */
STATUS_MUST_USE status exec_totals_add(struct exec_totals *t, struct str totals, struct error *err);
STATUS_MUST_USE status exec_totals_subtract(struct exec_totals *t, struct str totals,
                                            struct error *err);
/* Groups come to the others: rows with the states of each argument in columns, as a MERGE has them. */
STATUS_MUST_USE status exec_totals_load(struct exec_totals *t, const struct query_stored *args,
                                        const struct column_batch *groups, struct error *err);
/* The first argument of which two totals of the same node differ, or arg_count. */
STATUS_MUST_USE status exec_totals_compare(const struct exec_totals *a, const struct exec_totals *b,
                                           size_t *arg, struct error *err);
/* What the aggregation of all the rows at once, without keys, would give: counts, sums, averages,
 * variances and their states. What the node does not ask its argument for, and extremes, are
 * ST_UNSUPPORTED. */
STATUS_MUST_USE status exec_totals_result(const struct exec_totals *t,
                                          const struct query_agg_out *out, struct arena *arena,
                                          struct column_value *value, struct error *err);
/* All of them as one unit's totals. */
STATUS_MUST_USE status exec_totals_put(const struct exec_totals *t, struct arena *arena,
                                       struct str *out, struct error *err);

/* Fills a FILES node: expands globs, reads footers or samples, agrees on one schema (by name; a
 * file that lacks a column gives NULL; a type conflict is refused with both files' names). */
STATUS_MUST_USE status exec_describe_files(const struct exec_context *c, bool csv,
                                           const struct str *patterns, size_t pattern_count,
                                           const struct query_csv_options *csv_options,
                                           const struct column_schema *declared, /* may be NULL */
                                           struct query_plan *out, struct error *err);

/* Where rows sorted by key are cut into files: a function of the rows and their types alone. A row
 * weighs what its values take uncompressed, NULL like any other: 1 byte for a boolean, 4 or 8 for
 * numbers and times, 16 for decimals, 4 and its bytes for text. A file ends
 *
 *     before the first row of another month (UTC), when the file weighs more than side_bytes by
 *     then and all that follows in its partition does, too;
 *     after the row with which it weighs full_bytes or more. */
struct exec_split_rule {
    int time_column; /* DATE, TIMESTAMP or TIMESTAMPTZ of the stream; -1 = no months */
    int64_t side_bytes, full_bytes; /* side_bytes < full_bytes */
};

/* The rule's measures of a row: what it weighs, and a number for the month in a column; NULL is a
 * month of its own. */
int64_t exec_split_weight(const struct column_schema *schema, const struct column_batch *batch,
                          int64_t row);
int64_t exec_split_month(const struct column_schema *schema, const struct column_batch *batch,
                         int column, int64_t row);

/* Writes a stream into Parquet data files of an Iceberg table. */
struct exec_write_spec {
    const struct iceberg_table *table; /* location, properties (codec, sizes) */
    const struct iceberg_schema *schema;
    const struct iceberg_spec *spec;
    int32_t sort_order_id;   /* what the rows are in; 0 = unsorted */
    const char *name_prefix; /* data file names: "<prefix>-<n>.parquet" */
    /* Where files end; NULL = at the table's write.target-file-size-bytes, else at 512 MiB. */
    const struct exec_split_rule *split;
    /* Extra columns behind the schema's, for summary states: field ids outside the schema. */
    const struct column_schema *hidden; /* may be NULL */
    /* Told of rows when they go into a file, in the file's order; files are numbered as in
     * exec_write's result. May be NULL. */
    status (*tap)(void *self, size_t file, const struct column_batch *batch, struct error *err);
    void *tap_self;
};

/* The stream's columns are those of spec->schema (then hidden), in order and type; a NULL in a
 * required column is ST_INVALID 23502. Files are durable when it returns; every path is in
 * `written`, also on failure. Partitioned tables: one open writer per partition, at most 100, then
 * files are closed least recently used. */
STATUS_MUST_USE status exec_write(struct column_stream *rows, const struct exec_write_spec *spec,
                                  const struct exec_context *c, struct arena *arena,
                                  struct iceberg_data_file **files, size_t *file_count,
                                  int64_t *row_count, struct iceberg_paths *written,
                                  struct error *err);

/* COPY TO: csv or parquet, to a local file (atomic: old or new) or, with uri.ptr NULL, csv to
 * `sink`. */
STATUS_MUST_USE status exec_export(struct column_stream *rows, bool csv,
                                   const struct query_csv_options *options, struct str uri,
                                   status (*sink)(void *self, struct str text, struct error *err),
                                   void *sink_self, const struct exec_context *c,
                                   int64_t *row_count, struct error *err);

#endif
