// SPDX-License-Identifier: Apache-2.0
/* parquet_nested_int.h - between parquet_level.c and parquet_nested.c. */
#ifndef PARQUET_NESTED_INT_H
#define PARQUET_NESTED_INT_H

#include "parquet/parquet_read_int.h"

/* A leaf's entries; see parquet_level.c. */
struct parquet_level {
    struct parquet_pager pager;
    bool with_values;                  /* false: only its levels are wanted */
    size_t value_bytes;                /* of a converted value */
    uint16_t *repetition, *definition; /* owned: COLUMN_SPAN_ROWS of each */
    void *values;                      /* owned: as many; NULL without values */
    size_t at, count;                  /* of the batch's entries */
    size_t value_at;                   /* V1 */
};

/* Close also after a failure. */
STATUS_MUST_USE status parquet_level_open(struct parquet_level *l, const struct parquet_file *f,
                                          size_t group, size_t leaf, struct column_type want,
                                          bool with_values, struct error *err);
void parquet_level_close(struct parquet_level *l);
/* Makes an entry stand at `at`; *end when there is none. */
STATUS_MUST_USE status parquet_level_peek(struct parquet_level *l, bool *end, struct error *err);
/* Passes over the entry: its value as `want`, good until the next peek; NULL without one. */
const void *parquet_level_take(struct parquet_level *l);

#endif
