// SPDX-License-Identifier: Apache-2.0
/* kernel_limbs.h - a growing two's complement integer that keeps only the limbs it needs.
 *
 *     value = (limb[0] + limb[1] * 2^64 + ...) * 2^(64 * low), the last limb signed
 *
 * What misses an exact sum's window is collected here, one per group; most groups never have one.
 * The limbs stand in an arena and move when they grow (4, 8, 16, ... up to `most`), or in an array
 * of the caller with room for `most`.
 *
 * L1  the two top bits of the last limb are equal, so adding two such numbers cannot overflow
 * L2  low + count <= most: a value that would need more is refused */
#ifndef KERNEL_LIMBS_H
#define KERNEL_LIMBS_H

#include "base/arena.h"
#include "base/wide.h"

struct kernel_limbs {
    uint64_t *limb; /* in <arena> or the caller's array */
    uint16_t low;   /* weight of limb[0], in limbs */
    uint16_t count; /* 0: the value is 0 */
    uint16_t capacity;
    uint16_t most; /* L2 */
};

/* An empty number; `array` has room for `most` limbs, or is NULL and an arena comes with each call.
 */
void kernel_limbs_init(struct kernel_limbs *l, uint64_t *array, uint16_t most);
/* l += v * 2^at_bit */
STATUS_MUST_USE status kernel_limbs_add(struct kernel_limbs *l, int128 v, unsigned at_bit,
                                        struct arena *a, struct error *err);
/* l += (or -=) two's complement words, the first of weight 2^(64 * low). */
STATUS_MUST_USE status kernel_limbs_add_words(struct kernel_limbs *l, const uint64_t *words,
                                              size_t count, size_t low, bool subtract,
                                              struct arena *a, struct error *err);

#endif
