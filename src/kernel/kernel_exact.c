// SPDX-License-Identifier: Apache-2.0
/* kernel_exact.c - exact sums: adding what misses a window, canonical forms, the last rounding. */
#include "kernel/kernel_exact.h"

#include "base/bytes.h"

#include <math.h>
#include <string.h>

void kernel_exact_init(struct kernel_exact *x)
{
    *x = (struct kernel_exact){0};
    kernel_limbs_init(&x->sum, NULL, KERNEL_EXACT_LIMBS);
}

struct kernel_exact *kernel_exact_box_init(struct kernel_exact_box *box)
{
    box->exact = (struct kernel_exact){0};
    kernel_limbs_init(&box->exact.sum, box->limb, KERNEL_EXACT_LIMBS);
    return &box->exact;
}

/* A finite double is the returned integer times 2^*exponent. */
static int64_t mantissa_of(double v, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    int biased = (int)(bits >> 52 & 0x7FF);
    int64_t m = (int64_t)(bits & 0xFFFFFFFFFFFFF);
    if (biased)
        m |= (int64_t)1 << 52;
    *exponent = (biased ? biased : 1) - 1075;
    return bits >> 63 ? -m : m;
}

status kernel_exact_add(struct kernel_exact *x, double v, int64_t times, struct arena *a,
                        struct error *err)
{
    int exponent;
    if (v != v) {
        x->nan += times;
    } else if (isinf(v)) {
        *(v > 0 ? &x->positive : &x->negative) += times;
    } else {
        int128 m = mantissa_of(v, &exponent);
        return kernel_limbs_add(&x->sum, m * times, (unsigned)(exponent - KERNEL_EXACT_UNIT), a,
                                err);
    }
    return ST_OK;
}

status kernel_exact_add_window(struct kernel_exact *x, int128 window, int base, struct arena *a,
                               struct error *err)
{
    return kernel_limbs_add(&x->sum, window, (unsigned)(base - KERNEL_EXACT_UNIT), a, err);
}

status kernel_exact_merge(struct kernel_exact *to, const struct kernel_exact *from, struct arena *a,
                          struct error *err)
{
    bool over = __builtin_add_overflow(to->nan, from->nan, &to->nan);
    over |= __builtin_add_overflow(to->positive, from->positive, &to->positive);
    over |= __builtin_add_overflow(to->negative, from->negative, &to->negative);
    if (over)
        FAIL(err, ST_CORRUPT, "a count of non-finite values is beyond 64 bits");
    return kernel_limbs_add_words(&to->sum, from->sum.limb, from->sum.count, from->sum.low, false,
                                  a, err);
}

status kernel_exact_subtract(struct kernel_exact *to, const struct kernel_exact *from,
                             struct arena *a, struct error *err)
{
    if (to->nan < from->nan || to->positive < from->positive || to->negative < from->negative)
        FAIL(err, ST_CORRUPT, "an exact sum would be left with a negative count");
    to->nan -= from->nan;
    to->positive -= from->positive;
    to->negative -= from->negative;
    return kernel_limbs_add_words(&to->sum, from->sum.limb, from->sum.count, from->sum.low, true, a,
                                  err);
}

static bool limbs_are_zero(const struct kernel_limbs *l)
{
    uint64_t any = 0;
    for (size_t i = 0; i < l->count; i++)
        any |= l->limb[i];
    return any == 0;
}

bool kernel_exact_is_zero(const struct kernel_exact *x)
{
    return !(x->nan | x->positive | x->negative) && limbs_are_zero(&x->sum);
}

void kernel_limbs_to_big(const struct kernel_limbs *l, int unit, struct kernel_big *out)
{
    kernel_big_from_limbs(out, l->limb, l->count, unit + 64 * (int)l->low);
}

/* The value of a sum that counted something non-finite. */
static bool not_finite(const struct kernel_exact *x, double *out)
{
    if (!(x->nan | x->positive | x->negative))
        return false;
    if (x->nan || (x->positive && x->negative))
        *out = NAN;
    else
        *out = x->positive ? INFINITY : -INFINITY;
    return true;
}

double kernel_exact_round(const struct kernel_exact *x)
{
    struct kernel_big big;
    double v;
    if (not_finite(x, &v))
        return v;
    kernel_limbs_to_big(&x->sum, KERNEL_EXACT_UNIT, &big);
    return kernel_big_round(&big, false);
}

double kernel_exact_ratio(const struct kernel_exact *x, uint64_t n)
{
    struct kernel_big big;
    double v;
    if (not_finite(x, &v))
        return v;
    kernel_limbs_to_big(&x->sum, KERNEL_EXACT_UNIT, &big);
    return kernel_big_ratio(&big, &n, 1, false);
}

bool kernel_exact_short(const struct kernel_exact *x, double *s1, double *s2)
{
    struct kernel_big big, part;
    if (x->nan | x->positive | x->negative)
        return false;
    kernel_limbs_to_big(&x->sum, KERNEL_EXACT_UNIT, &big);
    *s1 = kernel_big_round(&big, false);
    if (isinf(*s1))
        return false;
    kernel_big_from_double(&part, *s1);
    kernel_big_sub(&big, &part);
    *s2 = kernel_big_round(&big, false);
    kernel_big_from_double(&part, *s2);
    kernel_big_sub(&big, &part);
    return big.count == 0;
}

bool kernel_window_short(int128 window, int base, double *s1, double *s2)
{
    struct kernel_big part;
    *s1 = kernel_round_i128(window, base);
    *s2 = 0;
    if (window == 0 || isinf(*s1))
        return window == 0;
    /* s1 is a multiple of 2^base, so the rest is one too and fits. */
    int exponent;
    int128 m = mantissa_of(*s1, &exponent);
    uint128 whole = (uint128)m;
    if (exponent >= base)
        whole <<= exponent - base; /* below 2^128: s1 is at most 2^127 * 2^base */
    else
        whole = (uint128)(m >> (base - exponent));
    int128 rest = (int128)((uint128)window - whole);
    if (rest == 0)
        return true;
    *s2 = kernel_round_i128(rest, base);
    kernel_big_from_i128(&part, rest, 0);
    kernel_big_make_odd(&part);
    return kernel_big_bits(&part) <= 53;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static status put_uvarint(struct buffer *out, uint64_t v, struct error *err)
{
    for (; v >= 0x80; v >>= 7)
        TRY(buffer_append_byte(out, (uint8_t)(v | 0x80), err));
    return buffer_append_byte(out, (uint8_t)v, err);
}

status kernel_integer_put(const struct kernel_limbs *l, int unit, struct buffer *out,
                          struct error *err)
{
    struct kernel_big big;
    kernel_limbs_to_big(l, unit, &big);
    kernel_big_make_odd(&big);
    int64_t exponent = big.exponent;
    TRY(put_uvarint(out, (uint64_t)exponent << 1 ^ (uint64_t)(exponent >> 63), err));
    if (big.count == 0)
        return ST_OK;
    /* An odd number's negative needs as many bits as the number, and both need one for the sign. */
    size_t bytes = kernel_big_bits(&big) / 8 + 1;
    uint64_t twos[KERNEL_BIG_LIMBS + 1], carry = 1;
    for (size_t i = 0; i <= big.count; i++) {
        uint64_t limb = i < big.count ? big.limb[i] : 0;
        twos[i] = big.negative ? ~limb + carry : limb;
        carry = carry && limb == 0;
    }
    return buffer_append(out, twos, bytes, err);
}

/* l += the integer of the rest of `in`. Canonical form is checked by the callers. */
static status take_integer(struct kernel_limbs *l, int unit, struct bytes *in, struct arena *a,
                           struct error *err)
{
    uint64_t words[KERNEL_SQUARE_LIMBS + 1];
    const uint8_t *p;
    int64_t exponent;
    TRY(bytes_zigzag(in, &exponent, err));
    size_t n = bytes_left(in);
    TRY(bytes_take(in, n, &p, err));
    if (n == 0)
        return ST_OK;
    int least = unit == KERNEL_EXACT_UNIT ? -1074 : unit == KERNEL_SQUARE_UNIT ? -2148 : unit;
    if (exponent < least || exponent > unit + 64 * l->most || n > (size_t)l->most * 8)
        FAIL(err, ST_CORRUPT, "an exact sum has exponent %lld and %zu bytes", (long long)exponent,
             n);
    size_t count = (n + 7) / 8;
    memset(words, p[n - 1] & 0x80 ? 0xFF : 0, sizeof(words));
    memcpy(words, p, n);
    unsigned at = (unsigned)(exponent - unit), rest = at % 64;
    if (rest) { /* shift by less than a limb; words[count] takes the top */
        for (size_t i = count + 1; i-- > 0;)
            words[i] = words[i] << rest | (i ? words[i - 1] >> (64 - rest) : 0);
        count++;
    }
    status st = kernel_limbs_add_words(l, words, count, at / 64, false, a, err);
    if (st == ST_INVALID)
        FAIL(err, ST_CORRUPT, "an exact sum is beyond what doubles can sum to");
    return st;
}

/* Encodes what was read from `bytes` again: only the canonical bytes come back equal. */
static status check_again(struct str bytes, const struct kernel_exact *x,
                          const struct kernel_limbs *integer, int unit, struct error *err)
{
    struct buffer again;
    status st;
    buffer_init(&again, NULL, 4096);
    st = x ? kernel_exact_put(x, &again, err) : kernel_integer_put(integer, unit, &again, err);
    bool same = st == ST_OK && str_eq(buffer_str(&again), bytes);
    buffer_free(&again);
    TRY(st);
    if (!same)
        FAIL(err, ST_CORRUPT, "an exact sum of %zu bytes is not in canonical form", bytes.len);
    return ST_OK;
}

status kernel_integer_take(struct kernel_limbs *l, int unit, struct str bytes, struct arena *a,
                           struct error *err)
{
    uint64_t array[KERNEL_SQUARE_LIMBS];
    struct kernel_limbs part;
    struct bytes in = bytes_of(bytes.ptr, bytes.len);
    kernel_limbs_init(&part, array, l->most);
    TRY(take_integer(&part, unit, &in, NULL, err));
    TRY(check_again(bytes, NULL, &part, unit, err));
    return kernel_limbs_add_words(l, part.limb, part.count, part.low, false, a, err);
}

status kernel_exact_put(const struct kernel_exact *x, struct buffer *out, struct error *err)
{
    TRY(put_uvarint(out, (uint64_t)x->nan, err));
    TRY(put_uvarint(out, (uint64_t)x->positive, err));
    TRY(put_uvarint(out, (uint64_t)x->negative, err));
    return kernel_integer_put(&x->sum, KERNEL_EXACT_UNIT, out, err);
}

static status take_whole(struct kernel_exact *x, struct str bytes, struct error *err)
{
    struct bytes in = bytes_of(bytes.ptr, bytes.len);
    uint64_t counts[3];
    for (int i = 0; i < 3; i++) {
        TRY(bytes_uvarint(&in, &counts[i], err));
        if (counts[i] > INT64_MAX)
            FAIL(err, ST_CORRUPT, "an exact sum counts %llu non-finite values",
                 (unsigned long long)counts[i]);
    }
    x->nan = (int64_t)counts[0];
    x->positive = (int64_t)counts[1];
    x->negative = (int64_t)counts[2];
    TRY(take_integer(&x->sum, KERNEL_EXACT_UNIT, &in, NULL, err));
    return check_again(bytes, x, NULL, 0, err);
}

status kernel_exact_take(struct kernel_exact *x, struct str bytes, struct arena *a,
                         struct error *err)
{
    struct kernel_exact_box box;
    struct kernel_exact *part = kernel_exact_box_init(&box);
    TRY(take_whole(part, bytes, err));
    return kernel_exact_merge(x, part, a, err);
}

static bool same_double(double a, double b)
{
    return a == b || (a != a && b != b);
}

static status add_stored_long(struct kernel_exact *x, const struct kernel_exact_stored *s,
                              struct arena *a, struct error *err)
{
    struct kernel_exact_box box;
    struct kernel_exact *part = kernel_exact_box_init(&box);
    double s1, s2;
    if (s->rest)
        FAIL(err, ST_CORRUPT, "a sum state has both rest and more");
    TRY(take_whole(part, *s->more, err));
    if (kernel_exact_short(part, &s1, &s2))
        FAIL(err, ST_CORRUPT, "a sum state is in the long form but fits the short one");
    if (s->s1 && !same_double(*s->s1, kernel_exact_round(part)))
        FAIL(err, ST_CORRUPT, "a sum state says %.17g, its stored sum is %.17g",
             kernel_exact_round(part), *s->s1);
    return kernel_exact_merge(x, part, a, err);
}

bool kernel_exact_is_short(const struct kernel_exact_stored *s)
{
    return s->s1 && s->rest && !s->more && isfinite(*s->s1) && isfinite(*s->rest) &&
           *s->s1 + *s->rest == *s->s1;
}

status kernel_exact_add_stored(struct kernel_exact *x, const struct kernel_exact_stored *s,
                               bool *counted, struct arena *a, struct error *err)
{
    *counted = s->s1 || s->more;
    if (s->more)
        return add_stored_long(x, s, a, err);
    if (!s->rest)
        FAIL(err, ST_CORRUPT, "a sum state has neither rest nor more");
    double rest = *s->rest, s1 = s->s1 ? *s->s1 : 0;
    /* s1 is the nearest double of s1 + rest, or these are not the two halves of one sum. */
    if (!isfinite(s1) || !isfinite(rest) || s1 + rest != s1 || (!s->s1 && rest != 0))
        FAIL(err, ST_CORRUPT, "a sum state holds %.17g and rest %.17g", s1, rest);
    TRY(kernel_exact_add(x, s1, 1, a, err));
    return kernel_exact_add(x, rest, 1, a, err);
}

/* ---- squares --------------------------------------------------------------------------------- */

status kernel_square_add(struct kernel_limbs *l, double v, int64_t times, struct arena *a,
                         struct error *err)
{
    int exponent;
    int64_t m = mantissa_of(v, &exponent);
    int128 square = (int128)m * m; /* at most 2^106 */
    unsigned at = (unsigned)(2 * exponent - KERNEL_SQUARE_UNIT);
    const int64_t step = (int64_t)1 << 20; /* square * step < 2^127 */
    for (; times > step; times -= step)
        TRY(kernel_limbs_add(l, square * step, at, a, err));
    return kernel_limbs_add(l, square * times, at, a, err);
}
