// SPDX-License-Identifier: Apache-2.0
/* exec_tally.h - how often each value of a dictionary came, so that it is added once for all its
 * rows: an exact sum does not care. */
#ifndef EXEC_TALLY_H
#define EXEC_TALLY_H

#include "base/buffer.h"
#include "exec/exec_states.h"

struct exec_tally {
    uint64_t dictionary; /* whose codes are counted; 0 = none */
    uint32_t entries;    /* of it */
    size_t value_bytes;
    int64_t rows;         /* counted since the last flush */
    struct buffer values; /* owned: a copy of the entries, which may end before the flush */
    struct buffer counts; /* owned: u32, some an entry */
};

void exec_tally_init(struct exec_tally *t, struct mem_account *account);
void exec_tally_free(struct exec_tally *t);
/* Are these rows better counted than added? */
bool exec_tally_takes(const struct exec_states_rows *r);
/* Counts rows that exec_tally_takes says yes to; what was counted of another dictionary goes to the
 * group before. */
STATUS_MUST_USE status exec_tally_add(struct exec_tally *t, const struct exec_states_rows *r,
                                      struct kernel_agg *k, const struct kernel_groups *g,
                                      struct error *err);
/* Adds what was counted to the only group of `g`. */
STATUS_MUST_USE status exec_tally_flush(struct exec_tally *t, struct kernel_agg *k,
                                        const struct kernel_groups *g, struct error *err);

#endif
