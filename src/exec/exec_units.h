// SPDX-License-Identifier: Apache-2.0
/* exec_units.h - what each data file gave to an aggregation, kept beside its groups.
 *
 *     for each batch:   exec_units_batch            whose file it is, how many rows
 *                       exec_units_key              each key's span
 *                       exec_units_add              each argument's rows
 *     at the end:       exec_units_end
 *
 * A file's batches come one after another, so one set of states is enough: it is written down and
 * started anew when the file changes. Nothing here looks at groups. */
#ifndef EXEC_UNITS_H
#define EXEC_UNITS_H

#include "exec/exec_int.h"
#include "exec/exec_states.h"

struct exec_unit_maker;

/* For an AGGREGATE node and its context, whose `units` it fills; *out NULL when nobody asks, or when
 * the node does not stand over a SCAN. `scratch` stays borrowed. */
STATUS_MUST_USE status exec_units_open(const struct query_plan *aggregate,
                                       const struct exec_context *c, struct kernel_scratch *scratch,
                                       struct exec_unit_maker **out, struct error *err);
void exec_units_close(struct exec_unit_maker *m); /* accepts NULL */
STATUS_MUST_USE status exec_units_batch(struct exec_unit_maker *m, int64_t rows, struct error *err);
STATUS_MUST_USE status exec_units_key(struct exec_unit_maker *m, size_t key,
                                      const struct column_span *span, struct error *err);
STATUS_MUST_USE status exec_units_add(struct exec_unit_maker *m, size_t arg,
                                      const struct exec_states_rows *r, struct error *err);
STATUS_MUST_USE status exec_units_end(struct exec_unit_maker *m, struct error *err);

/* What a total keeps of an argument, from kernel_need: sums and squares, which can be taken away
 * again, as extremes cannot. */
unsigned exec_total_need(const struct query_plan *aggregate, size_t arg);

#endif
