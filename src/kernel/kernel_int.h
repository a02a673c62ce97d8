// SPDX-License-Identifier: Apache-2.0
/* kernel_int.h - what the aggregate kernels share: the layout of a state and access to its parts.
 */
#ifndef KERNEL_INT_H
#define KERNEL_INT_H

#include "kernel/kernel.h"

#define KERNEL_ABSENT    0xFFFF
#define KERNEL_INT_LIMBS 5 /* squares of 128-bit decimals, 2^63 of them: 320 bits */

/* States are 8-byte aligned, so 128-bit numbers inside them are. */
typedef int128 kernel_i128 __attribute__((aligned(8)));

/* Groups per prefetch: far enough to hide a miss, near enough to stay in the batch. */
#define KERNEL_AHEAD 32

/* One batch, packed. */
struct kernel_scratch {
    uint32_t groups[KERNEL_ROWS];
    uint32_t codes[KERNEL_ROWS];
    int64_t high[KERNEL_ROWS], low[KERNEL_ROWS], key[KERNEL_ROWS]; /* split doubles */
    double wide[KERNEL_ROWS];                                      /* reals as doubles */
    _Alignas(16) char values[KERNEL_ROWS * 16];
};

/* The first value met: flag, then the value in its physical form. */
struct kernel_first {
    int64_t met;
    char value[16];
};

/* Bytes of a kept minimum or maximum. */
ALWAYS_INLINE uint16_t kernel_key_bytes(enum kernel_class class)
{
    return class == KERNEL_INT || class == KERNEL_FLOAT ? 8 : 16;
}

/* One rule for all: a constant class and need make constant offsets. */
ALWAYS_INLINE struct kernel_layout kernel_layout_of(enum kernel_class class, unsigned need)
{
    struct kernel_layout at;
    uint16_t key = kernel_key_bytes(class), n = 0;
    at.sum = need & KERNEL_SUM ? n : KERNEL_ABSENT;
    n = (uint16_t)(n + (need & KERNEL_SUM ? (class == KERNEL_WIDE ? 24 : 16) : 0));
    at.more = need & KERNEL_SUM && class == KERNEL_FLOAT ? n : KERNEL_ABSENT;
    n = (uint16_t)(n + (at.more != KERNEL_ABSENT ? 8 : 0));
    at.count = n;
    n = (uint16_t)(n + 8);
    at.min = need & KERNEL_MIN ? n : KERNEL_ABSENT;
    n = (uint16_t)(n + (need & KERNEL_MIN ? key : 0));
    at.max = need & KERNEL_MAX ? n : KERNEL_ABSENT;
    n = (uint16_t)(n + (need & KERNEL_MAX ? key : 0));
    at.squares = need & KERNEL_SQUARES ? n : KERNEL_ABSENT;
    n = (uint16_t)(n + (need & KERNEL_SQUARES ? (class == KERNEL_FLOAT ? 8 : 40) : 0));
    at.first = need & KERNEL_FIRST ? n : KERNEL_ABSENT;
    n = (uint16_t)(n + (need & KERNEL_FIRST ? sizeof(struct kernel_first) : 0));
    at.bytes = n;
    return at;
}

/* The parts of a state; `void *` in between because the compiler cannot know the alignment. */
ALWAYS_INLINE int64_t *kernel_i64_at(const char *state, uint16_t at)
{
    return (int64_t *)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE kernel_i128 *kernel_i128_at(const char *state, uint16_t at)
{
    return (kernel_i128 *)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE uint64_t *kernel_limbs_at(const char *state, uint16_t at)
{
    return (uint64_t *)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE struct str *kernel_str_at(const char *state, uint16_t at)
{
    return (struct str *)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE struct column_interval *kernel_interval_at(const char *state, uint16_t at)
{
    return (struct column_interval *)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE struct kernel_first *kernel_first_at(const char *state, uint16_t at)
{
    return (struct kernel_first *)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE struct kernel_exact **kernel_more_at(const char *state, uint16_t at)
{
    return (struct kernel_exact **)(void *)(uintptr_t)(state + at);
}
ALWAYS_INLINE struct kernel_limbs **kernel_squares_at(const char *state, uint16_t at)
{
    return (struct kernel_limbs **)(void *)(uintptr_t)(state + at);
}

/* The group's state of row i. */
ALWAYS_INLINE char *kernel_state_of(const struct kernel_groups *g, size_t i)
{
    return g->states + (size_t)(g->of_row ? g->of_row[i] : g->one) * g->stride;
}

/* a += b as two's complement of `count` limbs; b has the same count. */
ALWAYS_INLINE void kernel_limbs_plus(uint64_t *a, const uint64_t *b, size_t count)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < count; i++) {
        uint128 s = (uint128)a[i] + b[i] + carry;
        a[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
}
ALWAYS_INLINE void kernel_limbs_minus(uint64_t *a, const uint64_t *b, size_t count)
{
    uint64_t carry = 1;
    for (size_t i = 0; i < count; i++) {
        uint128 s = (uint128)a[i] + ~b[i] + carry;
        a[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
}

/* Orders of min and max. A double's key: its bits as a signed integer whose order is the total one,
 * -0.0 < +0.0, every NaN the same and greatest. */
ALWAYS_INLINE int64_t kernel_key_of_double(double v)
{
    int64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    bits = v != v ? 0x7FF8000000000000 : bits;
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}
ALWAYS_INLINE double kernel_double_of_key(int64_t key)
{
    double v;
    key ^= (int64_t)((uint64_t)(key >> 63) >> 1);
    memcpy(&v, &key, sizeof(v));
    return v;
}
/* By length (a month has 30 days), then by fields, so that equal lengths have one minimum. */
int kernel_interval_cmp(const struct column_interval *a, const struct column_interval *b);

extern const struct kernel_agg_functions kernel_functions_rows, kernel_functions_bool,
    kernel_functions_i32, kernel_functions_i64, kernel_functions_i128, kernel_functions_f32,
    kernel_functions_f64, kernel_functions_text, kernel_functions_interval;

/* ---- floats (kernel_agg_float.c) ------------------------------------------------------------- */

/* Puts the window on its place for base; does not move anything. */
void kernel_window_place(struct kernel_window *w, int base);
/* The group's `more`, made on first use. */
STATUS_MUST_USE status kernel_more_of(const struct kernel_agg *k, char *state,
                                      struct kernel_exact **out, struct error *err);
STATUS_MUST_USE status kernel_squares_of(const struct kernel_agg *k, char *state,
                                         struct kernel_limbs **out, struct error *err);
/* Makes room for `rows` more under X2: folds windows into `more` where it must. */
STATUS_MUST_USE status kernel_window_room(struct kernel_agg *k, const struct kernel_groups *g,
                                          int64_t rows, struct error *err);
/* Adds window * 2^base to a group, in its window if it fits as one row would, else in `more`. */
STATUS_MUST_USE status kernel_window_add(struct kernel_agg *k, char *state, int128 window, int base,
                                         struct error *err);

/* Adds doubles to the sums of their groups and to nothing else; g->of_row has one entry each. */
STATUS_MUST_USE status kernel_sums_add(struct kernel_agg *k, const struct kernel_groups *g,
                                       const double *values, size_t rows, struct error *err);

/* ---- merging, bytes (kernel_agg_state.c), results (kernel_agg_finish.c) ---------------------- */

/* The whole exact sum of a state, in a box. */
STATUS_MUST_USE status kernel_exact_of_state(const struct kernel_agg *k, const char *state,
                                             struct kernel_exact_box *box, struct error *err);
/* Makes *kept a copy of the text, in place where it fits what was kept before; kept->ptr NULL means
 * nothing is kept, and is never NULL afterwards. */
STATUS_MUST_USE status kernel_text_keep(const struct kernel_agg *k, struct str *kept,
                                        struct str value, struct error *err);
/* Takes a value into min and max of a text or interval state. */
STATUS_MUST_USE status kernel_text_extremes(const struct kernel_agg *k, char *state,
                                            struct str value, struct error *err);
void kernel_interval_extremes(const struct kernel_agg *k, char *state,
                              const struct column_interval *value);

#endif
