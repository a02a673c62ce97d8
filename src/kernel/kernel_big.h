// SPDX-License-Identifier: Apache-2.0
/* kernel_big.h - signed big integers on the stack: how exact sums, quotients and variances end.
 *
 *     value = (negative ? -1 : 1) * (limb[0] + limb[1] * 2^64 + ...) * 2^exponent
 *
 * Nothing here allocates and nothing rounds before the last step, which rounds once to
 * nearest-even.
 *
 * B1  count is 0 (the value is 0 and not negative) or limb[count - 1] != 0
 * B2  results that need more than KERNEL_BIG_LIMBS limbs cannot occur: the largest is n * sum(x^2)
 *     of doubles, 67 + 1 limbs, and a quotient is extended by at most 9 limbs when it is short */
#ifndef KERNEL_BIG_H
#define KERNEL_BIG_H

#include "base/wide.h"

#define KERNEL_BIG_LIMBS 80

struct kernel_big {
    bool negative;
    size_t count;                    /* limbs in use (B1) */
    int exponent;                    /* of two */
    uint64_t limb[KERNEL_BIG_LIMBS]; /* least significant first */
};

void kernel_big_from_i128(struct kernel_big *b, int128 v, int exponent);
/* Two's complement, least significant limb first; count at most KERNEL_BIG_LIMBS. */
void kernel_big_from_limbs(struct kernel_big *b, const uint64_t *twos, size_t count, int exponent);
/* A finite double, exactly. */
void kernel_big_from_double(struct kernel_big *b, double v);

size_t kernel_big_bits(const struct kernel_big *b); /* of the magnitude; 0 for 0 */
void kernel_big_mul_u64(struct kernel_big *b, uint64_t by);
void kernel_big_square(struct kernel_big *out, const struct kernel_big *b); /* out is not b */
/* a -= b. The difference of the exponents must leave both within KERNEL_BIG_LIMBS (B2). */
void kernel_big_sub(struct kernel_big *a, const struct kernel_big *b);
/* Divides the magnitude, rounding towards 0; returns the remainder. by is not 0. */
uint64_t kernel_big_div_u64(struct kernel_big *b, uint64_t by);
/* Takes the factors of two out of the limbs, so that limb[0] is odd (or the value 0). */
void kernel_big_make_odd(struct kernel_big *b);

/* Nearest double, ties to even, subnormals and overflow to infinity included. `sticky` says that
 * the true magnitude is larger than b's by less than one unit of limb[0]. */
double kernel_big_round(const struct kernel_big *b, bool sticky);
/* Nearest double of b / (by[0] * by[1] * ...), or of its square root (then b >= 0). b is used up.
 * At most 6 divisors, none 0. */
double kernel_big_ratio(struct kernel_big *b, const uint64_t *by, size_t by_count, bool root);

/* Nearest double of v * 2^exponent: the short form of the above. */
double kernel_round_i128(int128 v, int exponent);
/* Nearest double of (v * 2^exponent) / by, by not 0. */
double kernel_round_i128_ratio(int128 v, int exponent, uint64_t by);

#endif
