// SPDX-License-Identifier: Apache-2.0
/* summary.h - materialized views over Iceberg: definitions, hidden states, the gate, digests.
 *
 * A summary is an ordinary Iceberg table whose visible schema is the SELECT's columns; the states
 * that make its measures mergeable stand in the same files as columns outside the schema. This
 * module knows what a definition may contain, which states it needs, how both stand in table
 * properties, what a summary covers, and how a refresh goes. It binds, stages and writes through a
 * function table that engine fills in.
 *
 *     CREATE   plan of the SELECT -> summary_define -> property firn.pending
 *     REFRESH  firn.pending or firn.definition -> plan -> summary_extend (states) -> write
 *              -> gate -> properties and one snapshot, staged by the caller
 *
 * V1  the visible columns are exactly the SELECT's, in its order
 * V2  state field ids are above last-column-id when they are made, and never used again */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "catalog/catalog.h"
#include "column/column_span.h"
#include "iceberg/iceberg.h"
#include "query/query_ast.h"
#include "query/query_plan.h"

#define SUMMARY_VERSION "1"

/* A file ends at a month of its first key, where that is a time, when it and the rest weigh more
 * than a side; else when it is full (exec_split_rule). */
#define SUMMARY_SIDE_BYTES ((int64_t)1 << 20)
#define SUMMARY_FILE_BYTES ((int64_t)8 << 20)

struct summary_check {
    struct str name;
    struct str text; /* the condition as written */
};

enum summary_column_kind { SUMMARY_KEY, SUMMARY_MEASURE };

struct summary_column {
    struct str name;
    struct column_type type;
    enum summary_column_kind kind;
    enum query_agg agg; /* MEASURE */
    int arg;            /* MEASURE: number of its (argument, FILTER); -1 for a key */
    int32_t field_id;   /* of the visible column; 0 before the table exists */
};

struct summary_state {
    enum query_agg kind; /* QUERY_AGG_STATE_*, or QUERY_AGG_COUNT_STAR for the hidden row count */
    int arg;
    struct column_type type;
    int32_t field_id; /* 0 until given out */
};

struct summary_definition {
    struct str select; /* the SELECT as written */
    struct str zone;   /* session time zone at CREATE */
    int32_t
        view_version; /* counts the SELECTs published under this name from 1; 0 in firn.pending */
    struct catalog_name raw_name;
    struct str raw_uuid;
    struct str raw_ref; /* "main" */
    /* The raw table's columns when the SELECT was bound at CREATE; none: not written down. */
    size_t raw_column_count;
    struct summary_raw_column {
        int32_t field_id;
        struct str name;
    } * raw_columns;
    size_t column_count;
    struct summary_column *columns; /* visible */
    size_t state_count;
    struct summary_state *states; /* in file order */
    size_t check_count;
    struct summary_check *checks;
};

/* Checks that a bound plan may define a summary and describes it. What it may not contain is
 * refused by name (0A000): HAVING, ORDER BY, LIMIT, DISTINCT, derived tables, functions that are
 * not immutable and correctly rounded, count(DISTINCT), any_value, expressions over aggregates, a
 * key not in the SELECT, no GROUP BY. raw is the table its SCAN reads. */
STATUS_MUST_USE status summary_define(const struct query_plan *plan, struct str select_text,
                                      struct str zone, struct catalog_name raw_name,
                                      const struct iceberg_table *raw, struct arena *arena,
                                      struct summary_definition **out, struct error *err);
/* The raw table's schema under the names that the SELECT means: a column that was renamed keeps its
 * old one, and a column that has taken such a name is not seen. */
STATUS_MUST_USE status summary_bound_schema(const struct summary_definition *d,
                                            const struct iceberg_schema *now, struct arena *arena,
                                            const struct iceberg_schema **out, struct error *err);
/* Refuses, with name and position, what no definition may contain and a plan no longer shows: the
 * clock, volatile and not correctly rounded functions. */
STATUS_MUST_USE status summary_check_select(const struct query_select *select, struct error *err);
/* The same plan with the state columns behind the visible ones, sorted by key: what a rebuild
 * writes. */
STATUS_MUST_USE status summary_extend(struct query_plan *plan, const struct summary_definition *d,
                                      struct arena *arena, struct query_plan **out,
                                      struct error *err);
/* The hidden columns' schema for the writer: names _firn_<id>, optional. */
STATUS_MUST_USE status summary_hidden_schema(const struct summary_definition *d,
                                             struct arena *arena, struct column_schema *out,
                                             struct error *err);
/* The visible columns' schema, all optional. */
STATUS_MUST_USE status summary_visible_schema(const struct summary_definition *d,
                                              struct arena *arena, struct column_schema *out,
                                              struct error *err);

/* ---- table properties ------------------------------------------------------------------------ */

/* Values of firn.definition, firn.states and firn.checks. */
struct summary_texts {
    struct str definition, states, checks;
};

/* Bounded; equal definitions give equal texts. Messages of the parsers name the property. */
STATUS_MUST_USE status summary_format(const struct summary_definition *d, struct arena *arena,
                                      struct summary_texts *out, struct error *err);
STATUS_MUST_USE status summary_parse(const struct summary_texts *texts, struct arena *arena,
                                     struct summary_definition **out, struct error *err);
/* The same in one text: firn.pending. Unknown versions are refused. */
STATUS_MUST_USE status summary_format_pending(const struct summary_definition *d,
                                              struct arena *arena, struct str *out,
                                              struct error *err);
STATUS_MUST_USE status summary_parse_pending(struct str text, struct arena *arena,
                                             struct summary_definition **out, struct error *err);

/* True when a table has any property of a summary. */
bool summary_is(const struct iceberg_table *t);
/* The definition that the next refresh uses (firn.pending, else the published one), or the
 * published one; *out NULL when there is none. A property that is missing or malformed is
 * ST_CORRUPT and named. */
STATUS_MUST_USE status summary_load(const struct iceberg_table *t, bool published,
                                    struct arena *arena, struct summary_definition **out,
                                    struct error *err);

/* SHA-256 over definition and states, in hexadecimal: firn.definition-hash. */
STATUS_MUST_USE status summary_hash(const struct summary_definition *d, struct arena *arena,
                                    struct str *out, struct error *err);

struct summary_digest;
#define SUMMARY_PROPERTIES 9
/* What a refresh publishes: firn.definition, states, checks, definition-hash, version, snapshot-id,
 * rows-digest, states-digest, epochs. */
STATUS_MUST_USE status summary_properties(const struct summary_definition *d,
                                          const struct summary_digest *digest, int64_t snapshot_id,
                                          struct str epochs, struct arena *arena,
                                          struct property out[SUMMARY_PROPERTIES],
                                          struct error *err);

/* ---- digests --------------------------------------------------------------------------------- */

struct summary_digest {
    uint128 rows, states; /* sums mod 2^128 of XXH3-128 of each row's canonical encoding */
    int64_t row_count;
};

/* The columns of rows to be digested. */
struct summary_rows {
    const struct column_schema *schema; /* borrowed; hidden columns last */
    const int32_t *field_ids;           /* borrowed: one a column */
    size_t visible;                     /* columns that count for `rows`; for `states` all do */
};

/* Adds the rows of a batch to *d. A row is encoded column by column: field id, NULL mark, then
 * integers, dates and times as 8 bytes, real as double, decimals as 16, text with its length. */
STATUS_MUST_USE status summary_digest_add(struct summary_digest *d, const struct summary_rows *r,
                                          const struct column_batch *batch,
                                          struct mem_account *account, struct error *err);

/* Digests of the files that exec_write makes, as its tap; the table's is their sum. The key columns
 * are those by which the rows are sorted. The caller fills in the fields up to `arena`. */
struct summary_digest_files {
    struct summary_rows of;
    size_t key_count;
    const int *keys;                    /* borrowed: columns, in sort order */
    const struct query_plan *aggregate; /* borrowed: whose groups the rows are; NULL: no totals */
    const struct query_stored *states;  /* borrowed: where each argument's stand in a row */
    struct arena *arena;                /* borrowed: what is below */
    size_t count, capacity;
    struct summary_digest_file {
        struct summary_digest digest;
        struct str first, last; /* keys of its first and last row, as column_key.h's bytes */
        struct str totals;      /* of its groups, as a unit has them (exec_unit) */
    } * files;                  /* numbered as exec_write numbers them */
};
STATUS_MUST_USE status summary_digest_files_tap(void *self, size_t file,
                                                const struct column_batch *batch,
                                                struct error *err);
struct summary_digest summary_digest_files_sum(const struct summary_digest_files *f);
#define SUMMARY_DIGEST_DIGITS 32
STATUS_MUST_USE status summary_digest_text(uint128 digest, struct arena *arena, struct str *out,
                                           struct error *err);

/* A value in a message: NULL by name, long text and bytes cut, not inside a character. */
struct zone;
STATUS_MUST_USE status summary_put_value(const struct column_value *v, const struct zone *zone,
                                         struct buffer *out, struct error *err);

/* ---- refresh --------------------------------------------------------------------------------- */

struct exec_context;
struct exec_units;
struct summary_record;
struct summary_build;

/* What engine does for a refresh. Everything happens inside the caller's transaction. */
struct summary_ops {
    void *self;
    /* Binds the SELECT against the transaction's state; *raw and *snapshot are what its scan reads.
     */
    status (*plan)(void *self, const struct summary_definition *d, struct query_plan **out,
                   const struct iceberg_table **raw, const struct iceberg_snapshot **snapshot,
                   struct catalog_name *raw_name, struct error *err);
    /* The summary's live data files. */
    status (*files)(void *self, struct iceberg_scan *out, struct error *err);
    /* Runs the plan, whose columns are the visible and the hidden ones, sorted by its keys, and
     * writes its rows as data files of the summary, cut at keys; *digests gets theirs, *units (may
     * be NULL) what each raw file gave. */
    status (*write)(void *self, struct query_plan *plan, const int *keys, size_t key_count,
                    size_t visible, const struct column_schema *hidden, struct exec_units *units,
                    struct summary_digest_files *digests, struct iceberg_data_file **files,
                    size_t *count, struct error *err);
    /* Stages changes of schema and properties. */
    status (*update)(void *self, const struct iceberg_update *updates, size_t count,
                     struct error *err);
    /* Stages files, and takes others out, as the snapshot of that id; there is one even if there
     * are no files. */
    status (*replace)(void *self, const struct iceberg_data_file *files, size_t count,
                      const struct str *removed, size_t removed_count, int64_t snapshot_id,
                      const struct property *snapshot_summary, size_t summary_count,
                      struct error *err);
    /* All rows of the companion; *out NULL when there is none that can be read. */
    status (*records)(void *self, struct summary_record **out, size_t *count, struct error *err);
    /* Stages rows of the companion, behind those it has or, with `anew`, in their place. */
    status (*record)(void *self, const struct summary_record *records, size_t count, bool anew,
                     struct error *err);
    /* Runs a gate's query with `summary` bound to the staged rows and `raw` to the covered raw
     * snapshot; what summary_answer can say is not read. */
    status (*check)(void *self, const struct summary_check *check, const struct summary_build *b,
                    struct str *failing_rows, struct error *err);
};

/* In a bound query, aggregations without keys over the covered raw snapshot become the values that
 * the units' totals give, where they are the SELECT's: its WHERE, an argument and FILTER of a
 * measure, and a count, sum, average or variance. Others stay as they are. */
STATUS_MUST_USE status summary_answer(const struct summary_build *b, struct query_plan *query,
                                      struct error *err);

/* How a refresh goes about it, and what a user may ask for. */
enum summary_mode {
    SUMMARY_AUTO,      /* whatever costs least */
    SUMMARY_NONE,      /* nothing has changed */
    SUMMARY_DELTA,     /* rows that came and went are taken into the groups they belong to */
    SUMMARY_PARTITION, /* and groups in the key ranges of files that went are made anew */
    SUMMARY_FULL,      /* all anew */
    SUMMARY_STRICT     /* like auto, but refuses to go all anew, except the first time */
};
const char *summary_mode_name(enum summary_mode m);
/* False: no such mode. */
bool summary_mode_parse(struct str text, enum summary_mode *out);

struct summary_report {
    enum summary_mode mode;
    struct str reason;            /* "first refresh", "3 files added": in the arena */
    int64_t rows;                 /* of the summary */
    int64_t raw_files, raw_bytes; /* to be read, or that were read */
    int64_t parts, parts_written; /* data files of the summary; those made anew */
};

/* `t` is the summary as the transaction sees it. ST_LIMIT when `wanted` forbids what is needed. */
STATUS_MUST_USE status summary_refresh(const struct iceberg_table *t, enum summary_mode wanted,
                                       const struct summary_ops *ops,
                                       const struct exec_context *exec, struct arena *arena,
                                       struct summary_report *out, struct error *err);
/* What a refresh would do, without reading a data file; *plan is that of the SELECT. */
STATUS_MUST_USE status summary_plan_refresh(const struct iceberg_table *t, enum summary_mode wanted,
                                            const struct summary_ops *ops,
                                            const struct exec_context *exec, struct arena *arena,
                                            struct query_plan **plan, struct summary_report *out,
                                            struct error *err);

#endif
