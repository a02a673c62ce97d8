// SPDX-License-Identifier: Apache-2.0
/* column_span.h - the contract between formats, exec and kernel: some rows of one column.
 *
 *     RUN     one value, any number of rows (all NULL when run_null)
 *     CODES   rows indexes (u16 or u32) into a dictionary
 *     VALUES  rows values in the physical form of column_type.h
 *
 * C1  CODES and VALUES hold at most COLUMN_SPAN_ROWS rows
 * C2  `valid` has one bit per row, bit (i % 64) of word i / 64; NULL = no nulls; bits past rows are
 *     undefined. RUN never has `valid`
 * C3  a NULL row's value or code is defined memory (a code below the dictionary's count, or 0), so
 *     that loops need not test before they load; str values of NULL rows have len 0
 * C4  a code is below dictionary->count: formats check it, kernels rely on it
 * C5  a span is valid until the next call on the reader that made it
 * C6  a dictionary keeps its id and contents for its life; a reader may change dictionaries between
 *     spans of one chunk (fallback), and then the id differs */
#ifndef COLUMN_SPAN_H
#define COLUMN_SPAN_H

#include "column/column_type.h"

#define COLUMN_SPAN_ROWS  2048
#define COLUMN_SPAN_WORDS (COLUMN_SPAN_ROWS / 64)

enum column_span_kind { SPAN_RUN, SPAN_CODES, SPAN_VALUES };

struct column_dictionary {
    uint64_t id;        /* unique in the process; never 0 */
    uint32_t count;     /* entries; none of them NULL */
    const void *values; /* borrowed from the reader: count values, physical form */
};

struct column_span {
    enum column_span_kind kind;
    uint8_t code_bytes;                         /* CODES: 2 or 4 */
    bool run_null;                              /* RUN: every row is NULL */
    int64_t rows;                               /* rows in this span; 0 = end of input */
    const uint64_t *valid;                      /* borrowed; NULL = no nulls (C2) */
    const void *values;                         /* borrowed: RUN one value, VALUES rows values */
    const void *codes;                          /* borrowed: CODES rows codes */
    const struct column_dictionary *dictionary; /* borrowed: CODES */
};

/* Row-aligned spans of several columns: every span has `rows` rows, rows <= COLUMN_SPAN_ROWS. */
struct column_batch {
    int64_t rows; /* 0 = end of input */
    size_t columns;
    struct column_span *spans; /* borrowed from the producer until its next call */
};

/* A pull source of batches: files, VALUES, operators, results. */
struct column_stream {
    const struct column_schema *schema; /* borrowed; lives as long as self */
    void *self;                         /* owned; released by close */
    status (*next)(void *self, struct column_batch *out, struct error *err);
    void (*close)(void *self); /* accepts a stream that failed or was not read to its end */
};

ALWAYS_INLINE bool column_bit(const uint64_t *valid, int64_t i)
{
    return !valid || (valid[i / 64] >> (i % 64) & 1);
}

/* A number for a new dictionary: never 0, never given twice in a process. Any thread. */
uint64_t column_dictionary_id(void);

/* True if row i is NULL. */
bool column_span_null(const struct column_span *s, int64_t i);
/* Row i as a value that borrows the span's memory. Slow: for edges, tests and printing. */
void column_span_value(const struct column_span *s, struct column_type type, int64_t i,
                       struct column_value *out);
/* The rows [from, from + rows) of a span. valid is shifted into `words` (COLUMN_SPAN_WORDS of them)
 * when from is not a multiple of 64. */
struct column_span column_span_slice(const struct column_span *s, enum column_phys phys,
                                     int64_t from, int64_t rows, uint64_t *words);
/* A VALUES span of the same rows (at most COLUMN_SPAN_ROWS), written to `values`, which has room
 * for s->rows values; a VALUES span is returned as it is. A RUN of NULL needs `words`. */
struct column_span column_span_flatten(const struct column_span *s, enum column_phys phys,
                                       void *values, uint64_t *words);

/* One column under construction: up to COLUMN_SPAN_ROWS values. Text bytes go to the arena given at
 * each append. */
struct column_vector {
    struct column_type type;
    enum column_phys phys;
    int64_t rows;
    bool has_nulls;
    void *values;                      /* owned; COLUMN_SPAN_ROWS values */
    uint64_t valid[COLUMN_SPAN_WORDS]; /* kept for every row */
    struct mem_account *account;       /* borrowed */
};

STATUS_MUST_USE status column_vector_init(struct column_vector *v, struct column_type type,
                                          struct mem_account *account, struct error *err);
void column_vector_free(struct column_vector *v);
void column_vector_clear(struct column_vector *v);
void column_vector_append_null(struct column_vector *v);
/* `value` points at one value in physical form; str bytes are borrowed, not copied. */
void column_vector_append(struct column_vector *v, const void *value);
/* Same, from a struct column_value of the vector's type or NULL; str bytes are borrowed. */
void column_vector_append_value(struct column_vector *v, const struct column_value *value);
/* Rows [from, from + rows) of a span of the vector's physical form; str bytes are borrowed. */
void column_vector_append_rows(struct column_vector *v, const struct column_span *s, int64_t from,
                               int64_t rows);
struct column_span column_vector_span(const struct column_vector *v);

#endif
