// SPDX-License-Identifier: Apache-2.0
/* exec_keyset.h - rows that equality deletes name, as a hash set of keys.
 *
 *     key     for each column: 0 (NULL), or 1 and the value's bytes (text: u32 length, bytes)
 *     slots   open addressing: hash, offset into `keys` + 1 (0 = free)
 *     keys    one after the other: sequence number, key length, key
 *
 * Equality is that of Iceberg's comparators: NULL equals NULL, NaN equals NaN, -0.0 is not 0.0.
 *
 * K1  a key stands once, with the highest sequence number it was added with
 * K2  at most half of the slots are used */
#ifndef EXEC_KEYSET_H
#define EXEC_KEYSET_H

#include "base/buffer.h"
#include "column/column_span.h"

struct exec_keyset {
    struct mem_account *account; /* borrowed */
    struct buffer keys, key;     /* owned; key: the one being made */
    struct exec_keyset_slot {
        uint64_t hash, at;
    } * slots;                 /* owned */
    size_t slot_count, in_use; /* slot_count: a power of two, or 0 */
};

/* A column of the key: row-aligned with its fellows. */
struct exec_keyset_column {
    const struct column_span *span;
    enum column_phys phys;
};

void exec_keyset_init(struct exec_keyset *s, struct mem_account *account);
void exec_keyset_free(struct exec_keyset *s);
/* Adds the keys of rows [0, rows). */
STATUS_MUST_USE status exec_keyset_add(struct exec_keyset *s, const struct exec_keyset_column *c,
                                       size_t columns, int64_t rows, int64_t sequence_number,
                                       struct error *err);
/* Sets the bits of those rows whose key was added with a sequence number above `above`. Rows whose
 * bit is set already are not looked at. */
STATUS_MUST_USE status exec_keyset_mark(struct exec_keyset *s, const struct exec_keyset_column *c,
                                        size_t columns, int64_t rows, int64_t above,
                                        uint64_t *marks, struct error *err);

#endif
