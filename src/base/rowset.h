// SPDX-License-Identifier: Apache-2.0
/* rowset.h - a set of row numbers of one file: the rows that deletes have taken from it.
 *
 *     rows 0 .. limit      [ chunk 0: 65,536 rows ][ chunk 1 ] ...
 *     a chunk is           empty | up to 4,096 ascending u16 | one bit per row (8 KiB)
 *
 * So a set costs 2 bytes a row where it is sparse and never more than a bit for each row of the
 * file.
 *
 * R1  a chunk of numbers is ascending, each once; a number that comes out of order turns the chunk
 *     into bits
 * R2  `count` is the number of members */
#ifndef BASE_ROWSET_H
#define BASE_ROWSET_H

#include "base/mem.h"

#define ROWSET_CHUNK_ROWS 65536

struct rowset {
    struct mem_account *account; /* borrowed; may be NULL */
    int64_t limit;               /* members are 0 .. limit - 1 */
    int64_t count;               /* R2 */
    size_t chunk_count;
    struct rowset_chunk {
        uint32_t count, capacity; /* numbers; capacity 0: not begun, or bits */
        uint16_t *numbers;        /* owned; NULL when there are none */
        uint64_t *bits;           /* owned; NULL unless the chunk is bits */
    } * chunks;                   /* owned */
};

STATUS_MUST_USE status rowset_init(struct rowset *s, int64_t limit, struct mem_account *account,
                                   struct error *err);
void rowset_free(struct rowset *s); /* accepts a zeroed one */
/* row >= 0. Rows past the limit are no rows of the file and are ignored. */
STATUS_MUST_USE status rowset_add(struct rowset *s, int64_t row, struct error *err);
/* The rows [from, from + rows). */
STATUS_MUST_USE status rowset_add_range(struct rowset *s, int64_t from, int64_t rows,
                                        struct error *err);
/* Sets bit i of `words` for each member from + i, i < rows; clears the others, up to the end of the
 * last word. Returns the number of bits set. from + rows <= limit. */
int64_t rowset_mask(const struct rowset *s, int64_t from, int64_t rows, uint64_t *words);

#endif
