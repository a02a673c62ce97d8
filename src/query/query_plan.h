// SPDX-License-Identifier: Apache-2.0
/* query_plan.h - a bound query as a chain of nodes, inputs below: made by plan, run by exec.
 *
 *     SCAN | FILES | VALUES | SAMPLE | HELD -> FILTER -> AGGREGATE -> FILTER (having) -> PROJECT
 *          -> SORT -> LIMIT | MERGE
 *
 * Nodes and all they point at live in the statement's arena. Each node states its output schema. */
#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include "query/query_expr.h"

struct column_batch;
struct iceberg_table;
struct iceberg_schema;
struct iceberg_snapshot;
struct iceberg_scan;
struct iceberg_pred;
struct exec_held;

enum query_plan_kind {
    QUERY_PLAN_SCAN,   /* data files of an Iceberg table */
    QUERY_PLAN_FILES,  /* read_parquet, read_csv */
    QUERY_PLAN_VALUES, /* rows of constants; one row without columns for SELECT 1 */
    QUERY_PLAN_SAMPLE, /* sample_sales(...) */
    QUERY_PLAN_HELD,   /* rows that exec_hold keeps in memory */
    QUERY_PLAN_FILTER,
    QUERY_PLAN_PROJECT,
    QUERY_PLAN_AGGREGATE,
    QUERY_PLAN_SORT,
    QUERY_PLAN_LIMIT,
    QUERY_PLAN_MERGE /* stored groups and what was added to and removed from them */
};

/* ---- aggregation ----------------------------------------------------------------------------- */

/* What an output of an aggregation shows of its argument's state (design: exact numbers). */
enum query_agg {
    QUERY_AGG_COUNT_STAR, /* bigint: rows that pass the filter */
    QUERY_AGG_COUNT,      /* bigint */
    QUERY_AGG_SUM,        /* integers: bigint; decimal(38,s); real and double: double, exact */
    QUERY_AGG_AVG,        /* integers: double; decimal(p+4,s+4); double */
    QUERY_AGG_MIN,
    QUERY_AGG_MAX,
    QUERY_AGG_BOOL_AND,
    QUERY_AGG_BOOL_OR,
    QUERY_AGG_VAR_POP, /* double, from the exact rational */
    QUERY_AGG_VAR_SAMP,
    QUERY_AGG_STDDEV_POP,
    QUERY_AGG_STDDEV_SAMP,
    QUERY_AGG_COUNT_DISTINCT,
    QUERY_AGG_ANY_VALUE, /* the first value met */
    /* states, for summaries */
    QUERY_AGG_STATE_MISSING, /* bigint: group rows (all, unfiltered) minus values counted */
    QUERY_AGG_STATE_S1,      /* double: RN(S); NULL in the long form and when nothing is counted */
    QUERY_AGG_STATE_REST,    /* double: RN(S - s1), +0.0 if none; NULL in the long form */
    QUERY_AGG_STATE_MORE,    /* binary: the long form; NULL in the short form */
    QUERY_AGG_STATE_SUM,     /* decimal(38,s): the sum of integers or decimals, for avg alone */
    QUERY_AGG_STATE_SQUARES  /* binary: the exact sum of squares, canonical */
};

/* Where the stored states of one argument stand: columns of the input; NULL = not kept. The count
 * is `count`, or `rows` minus `missing`; a sum of doubles alone does without. */
struct query_stored {
    struct column_type type; /* of the argument's values; UNKNOWN: rows only */
    struct query_expr *count, *rows, *missing;
    struct query_expr *sum; /* bigint or decimal(38,s): integers and decimals */
    struct query_expr *s1, *rest, *more;
    struct query_expr *squares;
    struct query_expr *min, *max;
};

/* Its columns one by one, NULL where not kept. */
#define QUERY_STORED_PARTS 10
void query_stored_parts(struct query_stored *s, struct query_expr **parts[QUERY_STORED_PARTS]);

/* One distinct (argument, FILTER). Either `value`, or `stored`: states made before, to be merged. */
struct query_agg_arg {
    struct query_expr *value;          /* NULL: rows only (count(*)) */
    struct query_expr *filter;         /* NULL = all rows */
    const struct query_stored *stored; /* of any kind but distinct values and the first one */
};

struct query_agg_out {
    enum query_agg kind;
    int arg;                 /* index into args */
    struct column_type type; /* of the result */
};

/* Keys that lie, column by column, within bounds given as column_key.h's bytes, both included. */
struct query_box {
    const struct str *low, *high; /* one a key column */
};

/* ---- sources --------------------------------------------------------------------------------- */

struct query_csv_options {
    bool header;                                             /* default true */
    char delimiter, quote, escape;                           /* ',' '"' '"' */
    struct str null_text;                                    /* default: empty unquoted */
    enum { QUERY_BAD_ROW_FAIL, QUERY_BAD_ROW_SKIP } bad_row; /* skip counts and says so */
    int64_t sample_rows; /* for inference; default 20,480; -1 = all */
};

struct query_sort_key {
    struct query_expr *value;
    bool descending, nulls_first;
};

struct query_plan {
    enum query_plan_kind kind;
    struct column_schema schema; /* output */
    struct query_plan *input;    /* NULL for sources */
    union {
        struct {
            struct str name; /* "lakehouse.demo.sales", for messages */
            const struct iceberg_table *table;
            const struct iceberg_schema *table_schema; /* that of the snapshot read */
            const struct iceberg_snapshot *snapshot;   /* NULL = an empty table */
            const struct iceberg_scan *files;          /* pruned */
            const struct iceberg_pred *pred;           /* for row groups and pages; NULL = all */
            int32_t *field_ids;                        /* schema.count of them */
            /* Figures for EXPLAIN, from metadata: set by plan beside `files`. */
            int64_t file_count, files_skipped; /* to be read; ruled out */
            int64_t rows, bytes;               /* of the files to be read */
        } scan;
        struct {
            bool csv;
            size_t count;
            struct str *uris;
            struct query_csv_options options;
            struct str *column_names; /* names in the files; schema.count */
            size_t unread_count;      /* columns that cannot be read, left out of the schema */
            struct query_unread {
                struct str name;
                const char *why; /* "nested columns are not supported": literal */
            } * unread;
        } files;
        struct {
            int64_t rows;
            struct query_expr ***cells; /* [row][column]; bound, no COLUMNs */
        } values;
        struct {
            int64_t seed;
            int32_t start_day; /* days since 1970-01-01 */
            int64_t days, rows_per_day, products;
        } sample;
        struct {
            struct query_expr *predicate;
        } filter;
        struct {
            struct query_expr **values; /* schema.count */
        } project;
        struct {
            size_t key_count, arg_count, out_count; /* output: keys, then outs */
            struct query_expr **keys;
            struct query_agg_arg *args;
            struct query_agg_out *outs;
            bool grand_total; /* no GROUP BY: one row even for no input */
        } aggregate;          /* DISTINCT is an aggregate without outs */
        struct {
            size_t count;
            struct query_sort_key *keys;
        } sort;
        struct {
            int64_t limit, offset; /* limit -1 = none */
        } limit;
        struct {
            struct exec_held *rows;
            int64_t first, count; /* those that this node gives */
        } held;
        /* All inputs have the node's schema, one row a group, sorted by the keys ascending, NULLS
         * LAST; any may be NULL. `input` are the stored groups. The result of a group is
         *     the row of `recomputed`, or no group, where `recompute` or a box has its key;
         *     otherwise stored + added - removed; no group when no rows are left.
         * Groups without a change pass as they are. Rows of `recomputed` for other groups are
         * ignored. */
        struct {
            struct query_plan *added, *removed, *recomputed;
            struct query_plan *recompute; /* groups, by their keys; other columns do not count */
            size_t box_count;
            const struct query_box *boxes;
            size_t key_count;
            const int *keys; /* columns of the schema, in sort order */
            int rows;        /* the column that counts a group's rows */
            size_t arg_count;
            struct query_stored *args;
            struct query_agg_out *outs; /* schema.count; of key columns arg is -1 */
            /* Gives only the groups whose min or max may have been removed, so that what is left
             * cannot tell it; their extremes are NULL. */
            bool find_lost;
            /* Told of the stored groups as they are read; may be NULL. */
            status (*tap)(void *self, const struct column_batch *batch, struct error *err);
            void *tap_self;
        } merge;
    };
};

/* One line per node, indented by depth, as EXPLAIN prints them: operators, predicates, files read
 * and skipped, rows and bytes known from metadata. */
STATUS_MUST_USE status query_plan_text(const struct query_plan *p, struct arena *arena,
                                       struct str *out, struct error *err);
const char *query_agg_name(enum query_agg kind);

#endif
