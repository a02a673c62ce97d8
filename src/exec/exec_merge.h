// SPDX-License-Identifier: Apache-2.0
/* exec_merge.h - what the files of the MERGE operator share.
 *
 *     inputs, by key:   stored  added  removed  recompute  recomputed
 *                         |       \      /
 *                         |     changed groups, numbered 0 to group_count - 1 in key order
 *                         |          |  states of each side -> results, a vector a column
 *     pieces, in order:  rows of the stored batch | of the results | of the recomputed batch
 *
 * M1  an output never holds rows of two batches of one input: it ends where an input must be read on
 * M2  group g of each side's states is the same group; a side without it has fresh states
 * M3  pieces and groups together are at most COLUMN_SPAN_ROWS rows */
#ifndef EXEC_MERGE_H
#define EXEC_MERGE_H

#include "exec/exec_states.h"

#define MERGE_GROUPS 512 /* changed ones at a time: their states stay near the processor */

/* The sides that states come from stand first. */
enum exec_merge_side {
    MERGE_STORED,
    MERGE_ADDED,
    MERGE_REMOVED,
    MERGE_SIDES,
    MERGE_RECOMPUTE = MERGE_SIDES,
    MERGE_RECOMPUTED,
    MERGE_INPUTS
};

struct exec_merge_input {
    const char *name;            /* literal, for messages */
    struct column_stream stream; /* owned; next is NULL when there is no such input */
    bool ended;
    struct column_batch batch;
    int64_t at;         /* next row; batch.rows = none */
    struct buffer keys; /* of the batch's rows, one after the other */
    uint32_t *starts;   /* in arena: of each row's key columns in `keys`, and the end */
    struct buffer last; /* key of the row before this batch */
    bool any;           /* there was one */
};

struct exec_merge_piece {
    enum { PIECE_STORED, PIECE_CHANGED, PIECE_RECOMPUTED } of;
    int64_t from, rows; /* of the batch, or group numbers */
};

struct exec_merge_arg {
    const struct query_stored *stored; /* borrowed */
    unsigned need;                     /* without extremes: those are compared as values */
    size_t offset;                     /* of its state in a row of states */
    struct kernel_agg kernel[MERGE_SIDES];
};

struct exec_merge {
    const struct query_plan *plan; /* borrowed */
    struct exec_context context;   /* a copy */
    struct arena arena, batch;     /* arrays below; states and texts of one output */
    struct exec_merge_input inputs[MERGE_INPUTS];
    bool *is_key; /* in arena: of each column */
    struct exec_merge_arg *args;
    struct kernel_scratch *scratch; /* in arena */
    char *states[MERGE_SIDES];      /* owned: MERGE_GROUPS rows of `stride` bytes each */
    size_t stride;
    uint32_t *boxes; /* in arena: those that the stored batch may meet */
    size_t box_count;
    /* the output being made */
    struct exec_merge_piece pieces[COLUMN_SPAN_ROWS];
    size_t piece_count;
    int64_t rows; /* M3 */
    bool full;    /* nothing may follow the last piece */
    size_t group_count;
    int32_t row_of[MERGE_SIDES][MERGE_GROUPS];    /* a group's row in each batch; -1 = none */
    uint16_t selected[MERGE_SIDES][MERGE_GROUPS]; /* rows with changed groups, ascending */
    size_t selected_count[MERGE_SIDES];
    uint32_t group_of[MERGE_SIDES][COLUMN_SPAN_ROWS]; /* of the selected rows */
    int64_t left[MERGE_GROUPS];                       /* rows of the group afterwards */
    bool lost[MERGE_GROUPS];
    struct column_vector *results;        /* in arena: of the changed groups; one a column */
    struct column_vector *vectors;        /* in arena: rows of several pieces; one a column */
    struct column_span *spans;            /* in arena */
    uint64_t (*words)[COLUMN_SPAN_WORDS]; /* in arena: of spans that are cut */
};

/* Adds the group that stands in a row of an input, or a changed group, to an error. */
void exec_merge_name_row(const struct exec_merge *m, struct str what,
                         const struct exec_merge_input *in, int64_t row, struct error *err);
void exec_merge_name_group(const struct exec_merge *m, struct str what, size_t group,
                           struct error *err);
/* Fills `results`, `left` and `lost` for the groups collected. */
STATUS_MUST_USE status exec_merge_change(struct exec_merge *m, struct error *err);

#endif
