// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_finish.c - results of a state, each rounded once from the exact numbers.
 *
 *     avg       S / n
 *     variance  (n * Q - S * S) / (n * n), sample: / (n * (n - 1)), with Q the sum of squares;
 *               decimals of scale s: / 10^(2 * s) more
 *     stddev    the square root of that rational, rounded once
 *
 * R1  everything before the one rounding is integer arithmetic on S, Q and n */
#include "kernel/kernel_int.h"

#include <math.h>

static void set_double(struct column_value *out, double v)
{
    out->null = false;
    if (out->type.kind == COLUMN_REAL)
        out->f32 = (float)v;
    else
        out->f64 = v;
}

/* An unscaled decimal or an integer into out's physical form. */
static status set_integer(struct column_value *out, int128 v, struct error *err)
{
    char name[64];
    bool decimal = out->type.kind == COLUMN_DECIMAL;
    int128 limit = decimal ? wide_pow10(out->type.precision) : (int128)1 << 63;
    if (v >= limit || v < -limit || (decimal && v == -limit))
        FAIL_SQL(err, ST_INVALID, "22003", 0, "%s out of range", column_type_name(out->type, name));
    out->null = false;
    if (column_type_phys(out->type) == PHYS_I128)
        out->i128 = v;
    else
        out->i64 = (int64_t)v;
    return ST_OK;
}

/* The integer sum of a state; false when it does not fit 128 bits. */
static bool integer_sum(const struct kernel_agg *k, const char *state, int128 *out)
{
    const uint64_t *words = kernel_limbs_at(state, k->at.sum);
    *out = (int128)((uint128)words[1] << 64 | words[0]);
    uint64_t sign = words[1] >> 63 ? UINT64_MAX : 0;
    return k->functions->class != KERNEL_WIDE || words[2] == sign;
}

static void sum_to_big(const struct kernel_agg *k, const char *state, struct kernel_big *out)
{
    kernel_big_from_limbs(out, kernel_limbs_at(state, k->at.sum),
                          k->functions->class == KERNEL_WIDE ? 3 : 2, 0);
}

static status finish_sum(const struct kernel_agg *k, const char *state, struct column_value *out,
                         struct error *err)
{
    char name[64];
    int128 sum;
    if (k->functions->class != KERNEL_FLOAT) {
        if (!integer_sum(k, state, &sum))
            FAIL_SQL(err, ST_INVALID, "22003", 0, "%s out of range",
                     column_type_name(out->type, name));
        return set_integer(out, sum, err);
    }
    const struct kernel_exact *more = *kernel_more_at(state, k->at.more);
    struct kernel_exact_box box;
    double v;
    if (!more) {
        v = kernel_round_i128(*kernel_i128_at(state, k->at.sum), k->window.base);
    } else {
        TRY(kernel_exact_of_state(k, state, &box, err));
        v = kernel_exact_round(&box.exact);
    }
    set_double(out, v);
    return ST_OK;
}

/* S / n to the scale of the result, half away from zero (Spark's half up). */
static status finish_avg_decimal(const struct kernel_agg *k, const char *state, int64_t n,
                                 struct column_value *out, struct error *err)
{
    struct kernel_big big;
    char name[64];
    sum_to_big(k, state, &big);
    for (unsigned s = k->type.scale; s < out->type.scale; s++)
        kernel_big_mul_u64(&big, 10);
    bool negative = big.negative;
    uint64_t rest = kernel_big_div_u64(&big, (uint64_t)n);
    if (big.count > 2 || (big.count == 2 && big.limb[1] >> 62))
        FAIL_SQL(err, ST_INVALID, "22003", 0, "%s out of range", column_type_name(out->type, name));
    uint128 m = (uint128)(big.count > 1 ? big.limb[1] : 0) << 64 | (big.count ? big.limb[0] : 0);
    m += rest >= (uint64_t)n - rest;
    return set_integer(out, negative ? -(int128)m : (int128)m, err);
}

static status finish_avg(const struct kernel_agg *k, const char *state, struct column_value *out,
                         struct error *err)
{
    int64_t n = *kernel_i64_at(state, k->at.count);
    struct kernel_exact_box box;
    if (out->type.kind == COLUMN_DECIMAL)
        return finish_avg_decimal(k, state, n, out, err);
    if (k->functions->class != KERNEL_FLOAT) {
        struct kernel_big big;
        uint64_t by[3] = {(uint64_t)n, 1, 1};
        int scale = k->type.kind == COLUMN_DECIMAL ? k->type.scale : 0;
        by[1] = (uint64_t)wide_pow10((unsigned)(scale > 19 ? 19 : scale));
        by[2] = (uint64_t)wide_pow10((unsigned)(scale > 19 ? scale - 19 : 0));
        sum_to_big(k, state, &big);
        set_double(out, kernel_big_ratio(&big, by, 3, false));
        return ST_OK;
    }
    double v;
    if (!*kernel_more_at(state, k->at.more)) {
        v = kernel_round_i128_ratio(*kernel_i128_at(state, k->at.sum), k->window.base, (uint64_t)n);
    } else {
        TRY(kernel_exact_of_state(k, state, &box, err));
        v = kernel_exact_ratio(&box.exact, (uint64_t)n);
    }
    set_double(out, v);
    return ST_OK;
}

static void finish_key(const struct kernel_agg *k, const char *state, uint16_t at,
                       struct column_value *out)
{
    out->null = false;
    switch (k->phys) {
    case PHYS_BOOL:
        out->b = (uint8_t)*kernel_i64_at(state, at);
        break;
    case PHYS_I32:
        out->i32 = (int32_t)*kernel_i64_at(state, at);
        break;
    case PHYS_I64:
        out->i64 = *kernel_i64_at(state, at);
        break;
    case PHYS_F32:
        out->f32 = (float)kernel_double_of_key(*kernel_i64_at(state, at));
        break;
    case PHYS_F64:
        out->f64 = kernel_double_of_key(*kernel_i64_at(state, at));
        break;
    case PHYS_I128:
        out->i128 = *kernel_i128_at(state, at);
        break;
    case PHYS_STR:
        out->str = *kernel_str_at(state, at);
        break;
    case PHYS_INTERVAL:
        out->interval = *kernel_interval_at(state, at);
        break;
    }
}

/* The first value stands in the column's physical form, reals as doubles. */
static void finish_first(const struct kernel_agg *k, const char *state, struct column_value *out)
{
    const char *value = kernel_first_at(state, k->at.first)->value;
    double wide;
    out->null = false;
    if (k->phys == PHYS_F32) {
        memcpy(&wide, value, sizeof(wide));
        out->f32 = (float)wide;
    } else {
        memcpy((char *)out + offsetof(struct column_value, b), value, column_phys_bytes(k->phys));
    }
}

/* ---- variance -------------------------------------------------------------------------------- */

/* n * Q - S * S, and the power of ten it must still be divided by; false if a value was not finite.
 */
static status spread_of(const struct kernel_agg *k, const char *state, struct kernel_big *out,
                        unsigned *tens, bool *finite, struct error *err)
{
    struct kernel_big sum, square;
    uint64_t n = (uint64_t)*kernel_i64_at(state, k->at.count);
    *tens = 0;
    *finite = true;
    if (k->functions->class == KERNEL_FLOAT) {
        struct kernel_exact_box box;
        struct kernel_limbs none = {0}, *squares = *kernel_squares_at(state, k->at.squares);
        TRY(kernel_exact_of_state(k, state, &box, err));
        *finite = !(box.exact.nan | box.exact.positive | box.exact.negative);
        kernel_limbs_to_big(&box.exact.sum, KERNEL_EXACT_UNIT, &sum);
        kernel_limbs_to_big(squares ? squares : &none, KERNEL_SQUARE_UNIT, out);
    } else {
        sum_to_big(k, state, &sum);
        kernel_big_from_limbs(out, kernel_limbs_at(state, k->at.squares), KERNEL_INT_LIMBS, 0);
        *tens = k->type.kind == COLUMN_DECIMAL ? 2u * k->type.scale : 0;
    }
    kernel_big_mul_u64(out, n);
    kernel_big_square(&square, &sum);
    kernel_big_sub(out, &square);
    if (out->negative)
        FAIL(err, ST_CORRUPT, "a sum of squares is smaller than its sum allows");
    return ST_OK;
}

static status finish_variance(const struct kernel_agg *k, const char *state,
                              enum kernel_result result, struct column_value *out,
                              struct error *err)
{
    uint64_t n = (uint64_t)*kernel_i64_at(state, k->at.count), by[6];
    bool sample = result == KERNEL_RESULT_VAR_SAMP || result == KERNEL_RESULT_STDDEV_SAMP;
    bool root = result == KERNEL_RESULT_STDDEV_POP || result == KERNEL_RESULT_STDDEV_SAMP;
    struct kernel_big spread;
    unsigned tens;
    size_t by_count = 2;
    bool finite;
    if (n <= sample)
        return ST_OK; /* NULL */
    TRY(spread_of(k, state, &spread, &tens, &finite, err));
    by[0] = n;
    by[1] = sample ? n - 1 : n;
    for (; tens > 0; tens -= tens > 19 ? 19 : tens)
        by[by_count++] = (uint64_t)wide_pow10(tens > 19 ? 19 : tens);
    set_double(out, finite ? kernel_big_ratio(&spread, by, by_count, root) : NAN);
    return ST_OK;
}

/* ---- stored states --------------------------------------------------------------------------- */

static status to_arena(struct buffer *from, struct arena *arena, struct column_value *out,
                       struct error *err)
{
    out->null = false;
    return arena_str(arena, buffer_str(from), &out->str, err);
}

/* s1, rest or more of a sum of doubles: also of nothing, which is zero with a NULL s1. */
static status finish_stored(const struct kernel_agg *k, const char *state,
                            enum kernel_result result, struct arena *arena,
                            struct column_value *out, struct error *err)
{
    const struct kernel_exact *more = *kernel_more_at(state, k->at.more);
    struct kernel_exact_box box;
    double s1, s2;
    bool is_short;
    if (!more) {
        is_short = kernel_window_short(*kernel_i128_at(state, k->at.sum), k->window.base, &s1, &s2);
    } else {
        TRY(kernel_exact_of_state(k, state, &box, err));
        is_short = kernel_exact_short(&box.exact, &s1, &s2);
    }
    if (result == KERNEL_RESULT_MORE && !is_short) {
        struct buffer bytes;
        TRY(kernel_exact_of_state(k, state, &box, err));
        buffer_init(&bytes, NULL, 4096);
        status st = kernel_exact_put(&box.exact, &bytes, err);
        st = st == ST_OK ? to_arena(&bytes, arena, out, err) : st;
        buffer_free(&bytes);
        return st;
    }
    bool empty = *kernel_i64_at(state, k->at.count) == 0;
    if (is_short && (result == KERNEL_RESULT_REST || (result == KERNEL_RESULT_S1 && !empty)))
        set_double(out, result == KERNEL_RESULT_S1 ? s1 : s2);
    return ST_OK;
}

static status finish_squares(const struct kernel_agg *k, const char *state, struct arena *arena,
                             struct column_value *out, struct error *err)
{
    struct kernel_limbs l = {0};
    struct buffer bytes;
    bool is_float = k->functions->class == KERNEL_FLOAT;
    if (!is_float)
        l = (struct kernel_limbs){kernel_limbs_at(state, k->at.squares), 0, KERNEL_INT_LIMBS,
                                  KERNEL_INT_LIMBS, KERNEL_INT_LIMBS};
    else if (*kernel_squares_at(state, k->at.squares))
        l = **kernel_squares_at(state, k->at.squares);
    buffer_init(&bytes, NULL, 4096);
    status st = kernel_integer_put(&l, is_float ? KERNEL_SQUARE_UNIT : 0, &bytes, err);
    st = st == ST_OK ? to_arena(&bytes, arena, out, err) : st;
    buffer_free(&bytes);
    return st;
}

status kernel_agg_finish(const struct kernel_agg *k, const char *state, enum kernel_result result,
                         struct column_type type, struct arena *arena, struct column_value *out,
                         struct error *err)
{
    int64_t n = *kernel_i64_at(state, k->at.count);
    *out = (struct column_value){.type = type, .null = true};
    switch (result) {
    case KERNEL_RESULT_COUNT:
        out->null = false;
        out->i64 = n;
        return ST_OK;
    case KERNEL_RESULT_S1:
    case KERNEL_RESULT_REST:
    case KERNEL_RESULT_MORE:
        return finish_stored(k, state, result, arena, out, err);
    case KERNEL_RESULT_STATE_SUM:
        return finish_sum(k, state, out, err);
    case KERNEL_RESULT_SQUARES:
        return finish_squares(k, state, arena, out, err);
    default:
        break;
    }
    if (n == 0)
        return ST_OK; /* NULL */
    switch (result) {
    case KERNEL_RESULT_SUM:
        return finish_sum(k, state, out, err);
    case KERNEL_RESULT_AVG:
        return finish_avg(k, state, out, err);
    case KERNEL_RESULT_MIN:
        finish_key(k, state, k->at.min, out);
        return ST_OK;
    case KERNEL_RESULT_MAX:
        finish_key(k, state, k->at.max, out);
        return ST_OK;
    case KERNEL_RESULT_FIRST:
        finish_first(k, state, out);
        return ST_OK;
    default:
        return finish_variance(k, state, result, out, err);
    }
}

/* ---- many at once ---------------------------------------------------------------------------- */

/* The kinds of results that most rows of output are made of, without a detour over a value. */
enum fast { FAST_NONE, FAST_COUNT, FAST_KEY, FAST_DOUBLE_KEY, FAST_DOUBLE_SUM };

static enum fast fast_of(const struct kernel_agg *k, enum kernel_result result,
                         enum column_phys phys)
{
    bool extreme = result == KERNEL_RESULT_MIN || result == KERNEL_RESULT_MAX;
    if (result == KERNEL_RESULT_COUNT)
        return FAST_COUNT;
    if (extreme && phys == PHYS_I64 && k->phys == PHYS_I64)
        return FAST_KEY;
    if (extreme && phys == PHYS_F64 && k->phys == PHYS_F64)
        return FAST_DOUBLE_KEY;
    if (result == KERNEL_RESULT_SUM && k->functions->class == KERNEL_FLOAT && phys == PHYS_F64)
        return FAST_DOUBLE_SUM;
    return FAST_NONE;
}

ALWAYS_INLINE uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

/* Appends n states to an 8-byte vector that has room; `at` is where a minimum or maximum stands. */
ALWAYS_INLINE status fast_rows(const struct kernel_agg *k, const char *states, size_t stride,
                               size_t n, enum fast fast, uint16_t at, struct column_vector *v,
                               struct error *err)
{
    const uint16_t count = k->at.count, sum = k->at.sum, more = k->at.more;
    uint64_t *to = (uint64_t *)v->values + v->rows;
    for (size_t i = 0; i < n; i++) {
        const char *s = states + i * stride;
        int64_t row = v->rows + (int64_t)i;
        bool there = fast == FAST_COUNT || *kernel_i64_at(s, count) > 0;
        struct kernel_exact_box box;
        if (fast == FAST_COUNT) {
            to[i] = (uint64_t)*kernel_i64_at(s, count);
        } else if (fast == FAST_KEY) {
            to[i] = there ? (uint64_t)*kernel_i64_at(s, at) : 0;
        } else if (fast == FAST_DOUBLE_KEY) {
            to[i] = there ? bits_of(kernel_double_of_key(*kernel_i64_at(s, at))) : 0;
        } else if (!*kernel_more_at(s, more)) {
            to[i] = bits_of(kernel_round_i128(*kernel_i128_at(s, sum), k->window.base));
        } else {
            TRY(kernel_exact_of_state(k, s, &box, err));
            to[i] = there ? bits_of(kernel_exact_round(&box.exact)) : 0;
        }
        v->valid[row / 64] |= (uint64_t)there << (row % 64);
        v->has_nulls |= !there;
    }
    v->rows += (int64_t)n;
    return ST_OK;
}

status kernel_agg_finish_rows(const struct kernel_agg *k, const char *states, size_t stride,
                              size_t count, enum kernel_result result, struct arena *arena,
                              struct column_vector *v, struct error *err)
{
    uint16_t at = result == KERNEL_RESULT_MIN ? k->at.min : k->at.max;
    switch (fast_of(k, result, v->phys)) {
    case FAST_COUNT:
        return fast_rows(k, states, stride, count, FAST_COUNT, at, v, err);
    case FAST_KEY:
        return fast_rows(k, states, stride, count, FAST_KEY, at, v, err);
    case FAST_DOUBLE_KEY:
        return fast_rows(k, states, stride, count, FAST_DOUBLE_KEY, at, v, err);
    case FAST_DOUBLE_SUM:
        return fast_rows(k, states, stride, count, FAST_DOUBLE_SUM, at, v, err);
    case FAST_NONE:
        break;
    }
    for (size_t i = 0; i < count; i++) {
        struct column_value value;
        TRY(kernel_agg_finish(k, states + i * stride, result, v->type, arena, &value, err));
        column_vector_append_value(v, &value);
    }
    return ST_OK;
}
