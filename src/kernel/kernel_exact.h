// SPDX-License-Identifier: Apache-2.0
/* kernel_exact.h - exact sums of doubles: accumulated as integers, rounded once at the end.
 *
 *     per group     window   int128, weight 2^base; base is one per column and query
 *                   more     what misses the window: sparse limbs of weight 2^-1088, and counts of
 *                            NaN, +infinity, -infinity; NULL for almost every group
 *     between       (s1, rest) two doubles, or `more` bytes, as below
 *     machines
 *
 *     bit   -1074 ........ base ............. base + 93 ......... base + 127 ......... 1024
 *                          |<- a value's 93 bits ->|<- 34 for rows ->|
 *
 * Short form: S = s1 + s2 with s1 = RN(S), s2 = RN(S - s1), both finite; nothing non-finite
 * counted. Long form, exactly when short is impossible; one byte string per exact sum: NaN,
 * +infinity, -infinity   unsigned LEB128 each, fewest bytes exponent                    zig-zag
 * LEB128, fewest bytes integer                     two's complement, little-endian, fewest bytes,
 * odd; none for 0 and S = integer * 2^exponent; for S = 0 the exponent is 0.
 *
 * X1  a value is added to the window only if it is a multiple of 2^base below 2^(base + 93)
 * X2  |window| <= 2^93 * (rows added since the last fold) and those are at most 2^34
 * X3  both forms depend on the multiset of values alone: not on order, base, splits or merges
 * X4  an exact sum of 0 is +0.0 */
#ifndef KERNEL_EXACT_H
#define KERNEL_EXACT_H

#include "base/buffer.h"
#include "kernel/kernel_big.h"
#include "kernel/kernel_limbs.h"

#define KERNEL_EXACT_LIMBS  34 /* -1088 to 1088: 2^63 values of 2^1024 in sight */
#define KERNEL_EXACT_UNIT   (-1088)
#define KERNEL_SQUARE_LIMBS 68 /* -2176 to 2176: the same for x^2 */
#define KERNEL_SQUARE_UNIT  (-2176)

#define KERNEL_WINDOW_BITS     93
#define KERNEL_WINDOW_BASE_MIN (-1074)
#define KERNEL_WINDOW_BASE_MAX 922 /* base + 52 + 47 + 1 <= 1023: the splitting constants exist */
#define KERNEL_WINDOW_ROWS     ((int64_t)1 << 33) /* half of X2: two tables can be merged */

/* ---- a whole sum ----------------------------------------------------------------------------- */

/* Non-finite values, and the finite rest. */
struct kernel_exact {
    int64_t nan, positive, negative; /* counts of NaN, +infinity, -infinity */
    struct kernel_limbs sum;         /* weight 2^KERNEL_EXACT_UNIT */
};

/* A sum with its limbs inside, for the stack. */
struct kernel_exact_box {
    struct kernel_exact exact; /* exact.sum.limb points at `limb`: do not copy */
    uint64_t limb[KERNEL_EXACT_LIMBS];
};

/* Empty, limbs in arenas given at each call. */
void kernel_exact_init(struct kernel_exact *x);
/* Empty, in a box: the arena arguments below may be NULL. */
struct kernel_exact *kernel_exact_box_init(struct kernel_exact_box *box);

STATUS_MUST_USE status kernel_exact_add(struct kernel_exact *x, double v, int64_t times,
                                        struct arena *a, struct error *err);
STATUS_MUST_USE status kernel_exact_add_window(struct kernel_exact *x, int128 window, int base,
                                               struct arena *a, struct error *err);
STATUS_MUST_USE status kernel_exact_merge(struct kernel_exact *to, const struct kernel_exact *from,
                                          struct arena *a, struct error *err);
/* ST_CORRUPT when a count becomes negative: `from` was never part of `to`. */
STATUS_MUST_USE status kernel_exact_subtract(struct kernel_exact *to,
                                             const struct kernel_exact *from, struct arena *a,
                                             struct error *err);

/* True if nothing at all is in it. */
bool kernel_exact_is_zero(const struct kernel_exact *x);
/* The sum, rounded once: NaN if a NaN or both infinities were counted. */
double kernel_exact_round(const struct kernel_exact *x);
/* The sum over n > 0, rounded once. */
double kernel_exact_ratio(const struct kernel_exact *x, uint64_t n);
/* The short form, or false if the sum has none. */
bool kernel_exact_short(const struct kernel_exact *x, double *s1, double *s2);
/* Appends the long form, whether short is possible or not (states cross spills in this form). */
STATUS_MUST_USE status kernel_exact_put(const struct kernel_exact *x, struct buffer *out,
                                        struct error *err);
/* Reads what kernel_exact_put wrote and adds it; all of `bytes`, else ST_CORRUPT. */
STATUS_MUST_USE status kernel_exact_take(struct kernel_exact *x, struct str bytes, struct arena *a,
                                         struct error *err);

/* A stored state: three nullable columns. */
struct kernel_exact_stored {
    const double *s1;       /* NULL = NULL */
    const double *rest;     /* NULL = NULL */
    const struct str *more; /* NULL = NULL */
};
/* True for a valid short form with values: s1 is the nearest double of s1 + rest. */
bool kernel_exact_is_short(const struct kernel_exact_stored *s);
/* Adds a stored state. *counted says whether it holds any value. In the long form s1 may be NULL or
 * the rounded sum (where it is the visible column). Anything not canonical is ST_CORRUPT. */
STATUS_MUST_USE status kernel_exact_add_stored(struct kernel_exact *x,
                                               const struct kernel_exact_stored *s, bool *counted,
                                               struct arena *a, struct error *err);

/* ---- one window without more, the common case ------------------------------------------------ */

/* The short form of window * 2^base, or false. */
bool kernel_window_short(int128 window, int base, double *s1, double *s2);

/* ---- sums of squares ------------------------------------------------------------------------- */

/* l += v * v * times for a finite v; l has KERNEL_SQUARE_LIMBS. */
STATUS_MUST_USE status kernel_square_add(struct kernel_limbs *l, double v, int64_t times,
                                         struct arena *a, struct error *err);

/* A two's complement integer of weight 2^unit as exponent and fewest odd bytes (the tail of the
 * long form), for sums of squares and integers. */
STATUS_MUST_USE status kernel_integer_put(const struct kernel_limbs *l, int unit,
                                          struct buffer *out, struct error *err);
/* l += what kernel_integer_put wrote; all of `bytes`, canonical, else ST_CORRUPT. */
STATUS_MUST_USE status kernel_integer_take(struct kernel_limbs *l, int unit, struct str bytes,
                                           struct arena *a, struct error *err);
/* The number l * 2^unit; its limbs plus `low` must fit KERNEL_BIG_LIMBS, which they do. */
void kernel_limbs_to_big(const struct kernel_limbs *l, int unit, struct kernel_big *out);

#endif
