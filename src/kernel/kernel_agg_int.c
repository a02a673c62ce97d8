// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_int.c - aggregates of integers, booleans, dates, times and decimals.
 *
 * I1  a sum never overflows: 64-bit values 2^63 times need 127 bits, 128-bit decimals (below 10^38)
 *     2^63 times need 190, squares of either 2^63 times need 317
 *
 * So an error can only come from the final value, and no order of rows changes it. */
#include "kernel/kernel_int.h"

/* s += v * times */
ALWAYS_INLINE void int_add(char *sum, int128 v, int64_t times)
{
    *kernel_i128_at(sum, 0) += v * times;
}

ALWAYS_INLINE void wide_add(char *sum, int128 v, int64_t times)
{
    if (times == 1) {
        uint64_t words[3] = {(uint64_t)v, (uint64_t)(v >> 64), v < 0 ? UINT64_MAX : 0};
        kernel_limbs_plus(kernel_limbs_at(sum, 0), words, 3);
    } else {
        /* v = high * 2^64 + low, so v * times = high * times * 2^64 + low * times. */
        uint128 low = (uint128)(uint64_t)v * (uint64_t)times;
        int128 high = (v >> 64) * times + (int128)(uint64_t)(low >> 64);
        uint64_t words[3] = {(uint64_t)low, (uint64_t)high, (uint64_t)(high >> 64)};
        kernel_limbs_plus(kernel_limbs_at(sum, 0), words, 3);
    }
}

/* squares += v * v * times, 320 bits */
static void square_add(uint64_t *squares, int128 v, int64_t times)
{
    uint128 m = v < 0 ? -(uint128)v : (uint128)v;
    uint64_t a[2] = {(uint64_t)m, (uint64_t)(m >> 64)}, words[KERNEL_INT_LIMBS] = {0};
    for (size_t i = 0; i < 2; i++) {
        uint64_t carry = 0;
        for (size_t n = 0; n < 2; n++) {
            uint128 p = (uint128)a[i] * a[n] + words[i + n] + carry;
            words[i + n] = (uint64_t)p;
            carry = (uint64_t)(p >> 64);
        }
        words[i + 2] = carry;
    }
    uint64_t carry = 0;
    for (size_t i = 0; times != 1 && i < KERNEL_INT_LIMBS; i++) {
        uint128 p = (uint128)words[i] * (uint64_t)times + carry;
        words[i] = (uint64_t)p;
        carry = (uint64_t)(p >> 64);
    }
    kernel_limbs_plus(squares, words, KERNEL_INT_LIMBS);
}

/* A batch's total of 128-bit decimals: the halves apart, since 2,048 of them can pass 127 bits. */
struct wide_total {
    uint128 low;
    int128 high;
};

ALWAYS_INLINE void wide_flush(char *sum, const struct wide_total *t)
{
    int128 high = t->high + (int128)(t->low >> 64);
    uint64_t words[3] = {(uint64_t)t->low, (uint64_t)high, (uint64_t)(high >> 64)};
    kernel_limbs_plus(kernel_limbs_at(sum, 0), words, 3);
}

#define KERNEL_INT_ADD(sum, v, times)       int_add(sum, v, times)
#define KERNEL_INT_PLUS(total, v)           ((total) += (v))
#define KERNEL_INT_FLUSH(sum, total)        int_add(sum, total, 1)
#define KERNEL_INT_SQUARE(limbs, v, times)  square_add(limbs, v, times)
#define KERNEL_WIDE_ADD(sum, v, times)      wide_add(sum, v, times)
#define KERNEL_WIDE_PLUS(total, v)          ((total).low += (uint64_t)(v), (total).high += (v) >> 64)
#define KERNEL_WIDE_FLUSH(sum, total)       wide_flush(sum, &(total))
#define KERNEL_WIDE_SQUARE(limbs, v, times) square_add(limbs, v, times)

#define AGG       kernel_bool
#define CTYPE     uint8_t
#define KEY       int64_t
#define TOTAL     int64_t
#define CLASS     KERNEL_INT
#define FUNCTIONS kernel_functions_bool
#include "kernel/kernel_agg_int_tmpl.h"

#define AGG       kernel_i32
#define CTYPE     int32_t
#define KEY       int64_t
#define TOTAL     int64_t
#define CLASS     KERNEL_INT
#define FUNCTIONS kernel_functions_i32
#include "kernel/kernel_agg_int_tmpl.h"

#define AGG       kernel_i64
#define CTYPE     int64_t
#define KEY       int64_t
#define TOTAL     int128
#define CLASS     KERNEL_INT
#define FUNCTIONS kernel_functions_i64
#include "kernel/kernel_agg_int_tmpl.h"

#define AGG       kernel_wide
#define CTYPE     kernel_i128
#define KEY       kernel_i128
#define TOTAL     struct wide_total
#define CLASS     KERNEL_WIDE
#define FUNCTIONS kernel_functions_i128
#include "kernel/kernel_agg_int_tmpl.h"
