// SPDX-License-Identifier: Apache-2.0
/* exec_states.h - what aggregation and merging share: which states a result needs, where stored
 * ones stand in a batch, and how a message names a group. */
#ifndef EXEC_STATES_H
#define EXEC_STATES_H

#include "exec/exec_int.h"
#include "kernel/kernel.h"

/* The type of an argument's values; UNKNOWN: rows only. */
struct column_type exec_states_type(const struct query_agg_arg *arg);
/* What the kernel of an argument must keep for a result. */
unsigned exec_states_need(enum query_agg kind);
/* The kernel's name of a result; not for MISSING and COUNT(DISTINCT), which no kernel gives. */
enum kernel_result exec_states_result(enum query_agg kind);

/* The columns of a batch that hold an argument's states. */
STATUS_MUST_USE status exec_states_spans(const struct query_stored *s,
                                         const struct column_batch *batch,
                                         struct kernel_stored *out, struct error *err);

/* An argument's rows of a batch. */
struct exec_states_rows {
    int64_t rows;
    const uint16_t *selected;           /* NULL: all */
    size_t count;                       /* of `selected` */
    const struct column_span *values;   /* NULL: rows only */
    const struct kernel_stored *stored; /* states made before, in place of values; else NULL */
};
STATUS_MUST_USE status exec_states_add(struct kernel_agg *k, const struct kernel_groups *g,
                                       const struct exec_states_rows *r, struct error *err);

/* Adds "total of group (day = 2025-01-14, product = NULL)" to an error. `what` may be empty;
 * keys[i] is the value of fields[i]. */
void exec_states_name_group(struct str what, const struct column_field *const *fields,
                            const struct column_value *keys, size_t count, const struct zone *zone,
                            struct error *err);

#endif
