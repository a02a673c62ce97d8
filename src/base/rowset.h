// SPDX-License-Identifier: Apache-2.0
/* rowset.h - a set of row numbers of one file, such as the rows that deletes have taken from it.
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

struct buffer;
struct bytes;

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

/* The first member that is not below `from`; -1 = none. So all of them in order:
 * for (row = rowset_next(s, 0); row >= 0; row = rowset_next(s, row + 1)). */
int64_t rowset_next(const struct rowset *s, int64_t from);
/* Members in [from, from + rows), which need not lie below the limit. */
int64_t rowset_count_range(const struct rowset *s, int64_t from, int64_t rows);
/* Adds the members of a that b has not. */
STATUS_MUST_USE status rowset_add_minus(struct rowset *to, const struct rowset *a,
                                        const struct rowset *b, struct error *err);
/* Every member of b is one of a. */
bool rowset_includes(const struct rowset *a, const struct rowset *b);
/* The same members, whatever the limits. */
bool rowset_eq(const struct rowset *a, const struct rowset *b);

/* Appends the members as a 64-bit Roaring bitmap (rowset_roaring.c): a row takes 2 bytes where they
 * are sparse, a bit where they are dense, and a range 4 bytes. Equal sets give equal bytes. */
STATUS_MUST_USE status rowset_put(const struct rowset *s, struct buffer *out, struct error *err);
/* Adds the rows of such a bitmap, by whomever it was written; bytes that follow are left in `in`.
 * *named is how many rows it has, those past the limit included. */
STATUS_MUST_USE status rowset_parse(struct bytes *in, struct rowset *out, int64_t *named,
                                    struct error *err);

#endif
