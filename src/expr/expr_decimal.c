// SPDX-License-Identifier: Apache-2.0
/* expr_decimal.c - sums, products, quotients and roundings of decimals.
 *
 * Every operation is a fraction of integers, rounded once:
 *
 *     sum        (a * 10^(m-sa) + b * 10^(m-sb)) / 10^(m-s)      m = the larger scale
 *     product    a * b / 10^(sa+sb-s)
 *     quotient   a * 10^(s+sb-sa) / b
 *
 * Nearly all fit in 128 bits and take the short way. The others (two numbers of 38 digits, 38
 * digits apart) need at most 38 + 76 digits and take the long way, over magnitudes of 16 limbs.
 *
 * B1  limb[n..15] are 0; limb[n-1] is not, or n is 0 */
#include "expr/expr_decimal.h"

#define LIMBS 16 /* 512 bits; 10^114 needs 379 */

struct big {
    int n;                /* limbs in use (B1) */
    uint32_t limb[LIMBS]; /* least first */
};

static uint128 magnitude(int128 v)
{
    return v < 0 ? -(uint128)v : (uint128)v;
}

static void big_trim(struct big *b)
{
    b->n = LIMBS;
    while (b->n > 0 && b->limb[b->n - 1] == 0)
        b->n--;
}

static struct big big_of(uint128 v)
{
    struct big b = {0};
    for (int i = 0; i < 4; i++)
        b.limb[i] = (uint32_t)(v >> (32 * i));
    big_trim(&b);
    return b;
}

/* The callers' bounds keep products below 2^512. */
static struct big big_mul(const struct big *a, const struct big *b)
{
    struct big r = {0};
    for (int i = 0; i < a->n; i++) {
        uint64_t carry = 0;
        for (int j = 0; i + j < LIMBS && (j < b->n || carry); j++) {
            carry += r.limb[i + j] + (uint64_t)a->limb[i] * b->limb[j];
            r.limb[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    big_trim(&r);
    return r;
}

static struct big big_scaled(uint128 v, unsigned digits)
{
    struct big r = big_of(v);
    while (digits > 0) {
        unsigned step = digits < 38 ? digits : 38;
        struct big p = big_of((uint128)wide_pow10(step));
        r = big_mul(&r, &p);
        digits -= step;
    }
    return r;
}

static int big_cmp(const struct big *a, const struct big *b)
{
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* a + b, or a - b for a >= b. */
static struct big big_add(const struct big *a, const struct big *b, bool subtract)
{
    struct big r = {0};
    int64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += subtract ? (int64_t)a->limb[i] - b->limb[i] : (int64_t)a->limb[i] + b->limb[i];
        r.limb[i] = (uint32_t)carry;
        carry >>= 32; /* arithmetic: -1, 0 or 1 */
    }
    big_trim(&r);
    return r;
}

/* Long division bit by bit: at most 379 steps over at most 16 limbs, and only on the long way. */
static struct big big_divmod(const struct big *a, const struct big *b, struct big *rest)
{
    struct big q = {0}, r = {0};
    for (int bit = a->n * 32 - 1; bit >= 0; bit--) {
        r = big_add(&r, &r, false);
        r.limb[0] |= a->limb[bit / 32] >> (bit % 32) & 1;
        big_trim(&r);
        if (big_cmp(&r, b) >= 0) {
            r = big_add(&r, b, true);
            q.limb[bit / 32] |= UINT32_C(1) << (bit % 32);
        }
    }
    big_trim(&q);
    *rest = r;
    return q;
}

static status overflow(struct column_type to, struct error *err)
{
    status st = error_set(err, ST_INVALID, __FILE__, __LINE__, "numeric field overflow");
    error_sqlstate(err, "22003");
    error_detail(
        err, "A field with precision %d, scale %d must round to an absolute value less than %s%d.",
        to.precision, to.scale, to.precision > to.scale ? "10^" : "",
        to.precision > to.scale ? to.precision - to.scale : 1);
    return st;
}

static status divided_by_zero(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22012", 0, "division by zero");
}

/* The quotient, by the machine's division where both fit; b is not 0. */
static uint128 divide(uint128 a, uint128 b)
{
    return a >> 64 || b >> 64 ? a / b : (uint64_t)a / (uint64_t)b;
}

status expr_decimal_check(int128 value, struct column_type to, struct error *err)
{
    return magnitude(value) < (uint128)wide_pow10(to.precision) ? ST_OK : overflow(to, err);
}

static status finish(uint128 q, bool negative, struct column_type to, int128 *out,
                     struct error *err)
{
    if (q >= (uint128)wide_pow10(to.precision))
        return overflow(to, err);
    *out = negative ? -(int128)q : (int128)q;
    return ST_OK;
}

/* a / b, rounded half away from zero, on the long way. */
static status big_quotient(const struct big *a, const struct big *b, bool negative,
                           struct column_type to, int128 *out, struct error *err)
{
    struct big rest, q = big_divmod(a, b, &rest), twice = big_add(&rest, &rest, false);
    if (big_cmp(&twice, b) >= 0) {
        struct big one = big_of(1);
        q = big_add(&q, &one, false);
    }
    if (q.n > 4)
        return overflow(to, err);
    uint128 v = 0;
    for (int i = 3; i >= 0; i--)
        v = v << 32 | q.limb[i];
    return finish(v, negative, to, out, err);
}

/* a * 10^up / b, rounded. b is not 0. */
static status quotient(uint128 a, unsigned up, uint128 b, bool negative, struct column_type to,
                       int128 *out, struct error *err)
{
    uint128 scaled;
    if (up <= 38 && !__builtin_mul_overflow(a, (uint128)wide_pow10(up), &scaled)) {
        uint128 q = divide(scaled, b);
        uint128 rest = scaled - q * b;
        q += rest >= b - rest; /* twice rest >= b */
        return finish(q, negative, to, out, err);
    }
    struct big x = big_scaled(a, up), y = big_of(b);
    return big_quotient(&x, &y, negative, to, out, err);
}

status expr_decimal_rescale(struct expr_decimal a, struct column_type to, int128 *out,
                            struct error *err)
{
    if (to.scale == a.scale) {
        *out = a.value;
        return expr_decimal_check(a.value, to, err);
    }
    unsigned up = to.scale > a.scale ? to.scale - a.scale : 0;
    unsigned down = a.scale > to.scale ? a.scale - to.scale : 0;
    return quotient(magnitude(a.value), up, (uint128)wide_pow10(down), a.value < 0, to, out, err);
}

status expr_decimal_add(struct expr_decimal a, struct expr_decimal b, struct column_type to,
                        int128 *out, struct error *err)
{
    unsigned m = a.scale > b.scale ? a.scale : b.scale;
    int128 x, y, sum;
    if (a.scale == b.scale && !__builtin_add_overflow(a.value, b.value, &sum))
        return expr_decimal_rescale((struct expr_decimal){sum, m}, to, out, err);
    if (!__builtin_mul_overflow(a.value, wide_pow10(m - a.scale), &x) &&
        !__builtin_mul_overflow(b.value, wide_pow10(m - b.scale), &y) &&
        !__builtin_add_overflow(x, y, &sum))
        return expr_decimal_rescale((struct expr_decimal){sum, m}, to, out, err);
    struct big p = big_scaled(magnitude(a.value), m - a.scale);
    struct big q = big_scaled(magnitude(b.value), m - b.scale), s;
    bool negative = a.value < 0;
    if ((a.value < 0) == (b.value < 0)) {
        s = big_add(&p, &q, false);
    } else if (big_cmp(&p, &q) >= 0) {
        s = big_add(&p, &q, true);
    } else {
        s = big_add(&q, &p, true);
        negative = !negative;
    }
    unsigned up = to.scale > m ? to.scale - m : 0, down = m > to.scale ? m - to.scale : 0;
    struct big by = big_scaled(1, down), shift = big_scaled(1, up);
    s = big_mul(&s, &shift);
    return big_quotient(&s, &by, negative, to, out, err);
}

status expr_decimal_mul(struct expr_decimal a, struct expr_decimal b, struct column_type to,
                        int128 *out, struct error *err)
{
    bool negative = (a.value < 0) != (b.value < 0);
    unsigned scale = a.scale + b.scale;
    unsigned up = to.scale > scale ? to.scale - scale : 0;
    unsigned down = scale > to.scale ? scale - to.scale : 0;
    uint128 product;
    if (down <= 38 && !__builtin_mul_overflow(magnitude(a.value), magnitude(b.value), &product))
        return quotient(product, up, (uint128)wide_pow10(down), negative, to, out, err);
    struct big x = big_of(magnitude(a.value)), y = big_scaled(magnitude(b.value), up);
    struct big p = big_mul(&x, &y), by = big_scaled(1, down);
    return big_quotient(&p, &by, negative, to, out, err);
}

status expr_decimal_div(struct expr_decimal a, struct expr_decimal b, struct column_type to,
                        int128 *out, struct error *err)
{
    if (b.value == 0)
        return divided_by_zero(err);
    bool negative = (a.value < 0) != (b.value < 0);
    if (to.scale + b.scale >= a.scale)
        return quotient(magnitude(a.value), to.scale + b.scale - a.scale, magnitude(b.value),
                        negative, to, out, err);
    struct big x = big_of(magnitude(a.value));
    struct big y = big_scaled(magnitude(b.value), a.scale - to.scale - b.scale);
    return big_quotient(&x, &y, negative, to, out, err);
}

status expr_decimal_mod(struct expr_decimal a, struct expr_decimal b, struct column_type to,
                        int128 *out, struct error *err)
{
    if (b.value == 0)
        return divided_by_zero(err);
    unsigned m = a.scale > b.scale ? a.scale : b.scale;
    int128 x, y;
    if (!__builtin_mul_overflow(a.value, wide_pow10(m - a.scale), &x) &&
        !__builtin_mul_overflow(b.value, wide_pow10(m - b.scale), &y))
        return expr_decimal_rescale((struct expr_decimal){y == -1 ? 0 : x % y, m}, to, out, err);
    struct big p = big_scaled(magnitude(a.value), m - a.scale);
    struct big q = big_scaled(magnitude(b.value), m - b.scale), rest;
    big_divmod(&p, &q, &rest);
    unsigned up = to.scale > m ? to.scale - m : 0, down = m > to.scale ? m - to.scale : 0;
    struct big by = big_scaled(1, down), shift = big_scaled(1, up);
    rest = big_mul(&rest, &shift);
    return big_quotient(&rest, &by, a.value < 0, to, out, err);
}

status expr_decimal_round(struct expr_decimal a, int32_t digits, bool truncate,
                          struct column_type to, int128 *out, struct error *err)
{
    if (digits >= (int32_t)a.scale)
        return expr_decimal_rescale(a, to, out, err);
    int64_t drop = (int64_t)a.scale - digits; /* digits to clear at the end */
    struct expr_decimal r = {0, a.scale};
    if (drop > 38) /* more than half of 10^39 is never reached */
        return expr_decimal_rescale(r, to, out, err);
    uint128 unit = (uint128)wide_pow10((unsigned)drop), v = magnitude(a.value);
    uint128 q = divide(v, unit), rest = v - q * unit;
    if (!truncate)
        q += rest >= unit - rest;
    if (q == 0)
        return expr_decimal_rescale(r, to, out, err);
    int128 rounded;
    if (__builtin_mul_overflow((int128)q, (int128)unit, &rounded))
        return overflow(to, err);
    r.value = a.value < 0 ? -rounded : rounded;
    return expr_decimal_rescale(r, to, out, err);
}

int128 expr_decimal_to_integer(struct expr_decimal a)
{
    uint128 unit = (uint128)wide_pow10(a.scale), v = magnitude(a.value);
    uint128 q = divide(v, unit), rest = v - q * unit;
    q += rest >= unit - rest;
    return a.value < 0 ? -(int128)q : (int128)q;
}
