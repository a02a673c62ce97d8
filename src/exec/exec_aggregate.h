// SPDX-License-Identifier: Apache-2.0
/* exec_aggregate.h - what the files of the aggregation operator share.
 *
 *     row of group g = rows + g * stride:
 *         [state of argument 1][missing 8][distinct count 8]...[state of argument n]...[group's rows 8]
 *
 * G1  rows 0 to group_count exist and are started; group 0 is the NULL key of a single key column,
 *     the only group without keys, and unused with several keys
 * G2  nothing in a row points into `rows`, so the block may move when it grows
 * G3  rows start at a multiple of 64 bytes, and stride is 8, 16, 32 or a multiple of 64 up to
 *     192, so that a row touches no more cache lines than it must */
#ifndef EXEC_AGGREGATE_H
#define EXEC_AGGREGATE_H

#include "exec/exec_hash.h"
#include "exec/exec_states.h"
#include "exec/exec_units.h"

/* An expression over the input's batches: a bare column or a compiled one. */
struct exec_source {
    int column;        /* -1 = none */
    struct expr *expr; /* in the statement's arena; NULL = the column, or no expression */
};

struct exec_aggregate_arg {
    const struct query_agg_arg *plan; /* borrowed */
    struct exec_source value, filter;
    bool selects; /* the filter picks rows; else it stands inside the value */
    struct kernel_agg kernel;
    size_t offset;         /* of its state in a row */
    bool missing;          /* some result asks for the rows without a value */
    size_t missing_offset; /* stored states: where they are counted */
    /* count(DISTINCT): pairs of (group, value) met; the count stands in the row */
    bool distinct;
    size_t distinct_offset;
    struct exec_hash_column distinct_values;
    struct exec_hash_words distinct_pairs;
};

struct exec_aggregate {
    struct query_plan *plan;          /* borrowed */
    struct exec_context context;      /* a copy: the caller's may be gone when next is called */
    struct column_stream input;       /* owned */
    struct arena arena;               /* limbs, kept text, the arrays below */
    struct exec_source *keys;         /* in arena; key_count of them */
    struct exec_hash_column *columns; /* in arena; key_count of them */
    struct exec_hash_pair *pairs;     /* in arena; key_count - 1 of them */
    struct exec_aggregate_arg *args;  /* in arena */
    struct kernel_agg group_rows;     /* every row of the group, unfiltered */
    bool counts_rows;                 /* some result needs group_rows */
    size_t rows_offset;
    char *block; /* owned: rows start at its first multiple of 64 */
    size_t block_bytes;
    char *rows; /* capacity rows of stride bytes (G1, G3) */
    size_t stride, capacity, started;
    uint16_t *selected;            /* in arena: COLUMN_SPAN_ROWS row numbers */
    struct exec_unit_maker *units; /* owned; NULL: nobody asks for them */
    bool consumed, any_row;
    /* output */
    uint32_t next_group;
    struct column_vector *vectors; /* in arena; one an output column */
    struct column_span *spans;     /* in arena */
    struct arena batch;            /* byte strings of the batch given out last */
};

/* Groups that can exist: 0 to the returned number (G1). */
uint32_t exec_aggregate_last_group(const struct exec_aggregate *a);
/* Fills the vectors with the next groups; 0 rows at the end. */
STATUS_MUST_USE status exec_aggregate_emit(struct exec_aggregate *a, struct column_batch *out,
                                           struct error *err);

#endif
