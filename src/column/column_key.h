// SPDX-License-Identifier: Apache-2.0
/* column_key.h - values as bytes whose order is the values' order.
 *
 *     key of several columns = [01 value]... or [02] for NULL
 *
 *     boolean                     1 byte
 *     integers, times             8 bytes, big-endian, sign bit flipped
 *     dates                       4 bytes, likewise
 *     real, double                as double: 8 bytes, sign bit flipped, all bits when negative
 *     decimals                    16 bytes, big-endian, sign bit flipped
 *     text, bytes, uuid           00 becomes 00 ff; 00 01 ends it
 *
 * memcmp of two keys over the same columns is their order: ascending, NULLS LAST, text by its
 * UTF-8 bytes. Values that are one group key give one key: -0.0 is +0.0, all NaN are one, and the
 * greatest double. Integers of any width, decimals of any precision with one scale, and real and
 * double mix: a column that was widened keeps its keys.
 *
 * K1  no key is a proper prefix of another one over the same columns */
#ifndef COLUMN_KEY_H
#define COLUMN_KEY_H

#include "base/buffer.h"
#include "column/column_span.h"

/* Appends one column's part. Intervals are no keys: ST_UNSUPPORTED. */
STATUS_MUST_USE status column_key_put(const struct column_value *v, struct buffer *out,
                                      struct error *err);
/* < 0, 0, > 0 */
int column_key_cmp(struct str a, struct str b);

#endif
