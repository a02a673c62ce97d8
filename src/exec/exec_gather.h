// SPDX-License-Identifier: Apache-2.0
/* exec_gather.h - some rows of a batch, in spans of their own. */
#ifndef EXEC_GATHER_H
#define EXEC_GATHER_H

#include "exec/exec_int.h"

struct exec_gather {
    struct mem_account *account; /* borrowed */
    size_t count;
    struct exec_gather_column {
        void *values; /* owned: room_bytes, for values or codes */
        size_t room_bytes;
        size_t value_bytes; /* of one value */
        uint64_t valid[COLUMN_SPAN_WORDS];
    } * columns;               /* in the context's arena */
    struct column_span *spans; /* likewise */
};

/* For batches of these columns. After a failure exec_gather_free is still due. */
STATUS_MUST_USE status exec_gather_init(struct exec_gather *g, const struct column_schema *schema,
                                        const struct exec_context *c, struct error *err);
void exec_gather_free(struct exec_gather *g);
/* The rows rows[0 .. n), ascending, of `in`; n > 0. `out` is valid until the next call. RUN stays
 * RUN and codes stay codes, so dictionaries survive. */
void exec_gather_rows(struct exec_gather *g, const struct column_batch *in, const uint16_t *rows,
                      size_t n, struct column_batch *out);

/* The numbers of the rows whose bit is `set`, ascending: into `out`, which has room for `rows`. */
size_t exec_gather_list(const uint64_t *words, int64_t rows, bool set, uint16_t *out);

#endif
