// SPDX-License-Identifier: Apache-2.0
/* kernel_big.c - big integers: schoolbook arithmetic and the one correctly rounded exit. */
#include "kernel/kernel_big.h"

#include <string.h>

static void trim(struct kernel_big *b)
{
    while (b->count > 0 && b->limb[b->count - 1] == 0)
        b->count--;
    if (b->count == 0)
        b->negative = false;
}

void kernel_big_from_i128(struct kernel_big *b, int128 v, int exponent)
{
    uint128 m = v < 0 ? -(uint128)v : (uint128)v;
    b->negative = v < 0;
    b->exponent = exponent;
    b->limb[0] = (uint64_t)m;
    b->limb[1] = (uint64_t)(m >> 64);
    b->count = 2;
    trim(b);
}

void kernel_big_from_limbs(struct kernel_big *b, const uint64_t *twos, size_t count, int exponent)
{
    ASSERT(count <= KERNEL_BIG_LIMBS);
    b->negative = count > 0 && twos[count - 1] >> 63;
    b->exponent = exponent;
    b->count = count;
    uint64_t carry = b->negative;
    for (size_t i = 0; i < count; i++) {
        uint64_t v = b->negative ? ~twos[i] : twos[i];
        b->limb[i] = v + carry;
        carry = b->limb[i] < carry;
    }
    trim(b);
}

void kernel_big_from_double(struct kernel_big *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    int biased = (int)(bits >> 52 & 0x7FF);
    uint64_t m = bits & 0xFFFFFFFFFFFFF;
    ASSERT(biased != 0x7FF);
    if (biased)
        m |= (uint64_t)1 << 52;
    else
        biased = 1;
    kernel_big_from_i128(b, bits >> 63 ? -(int128)m : (int128)m, biased - 1075);
}

size_t kernel_big_bits(const struct kernel_big *b)
{
    if (b->count == 0)
        return 0;
    return b->count * 64 - (size_t)__builtin_clzll(b->limb[b->count - 1]);
}

void kernel_big_mul_u64(struct kernel_big *b, uint64_t by)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < b->count; i++) {
        uint128 p = (uint128)b->limb[i] * by + carry;
        b->limb[i] = (uint64_t)p;
        carry = (uint64_t)(p >> 64);
    }
    if (carry) {
        ASSERT(b->count < KERNEL_BIG_LIMBS);
        b->limb[b->count++] = carry;
    }
    trim(b);
}

void kernel_big_square(struct kernel_big *out, const struct kernel_big *b)
{
    ASSERT(b->count * 2 <= KERNEL_BIG_LIMBS);
    out->negative = false;
    out->exponent = b->exponent * 2;
    out->count = b->count * 2;
    memset(out->limb, 0, out->count * sizeof(out->limb[0]));
    for (size_t i = 0; i < b->count; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < b->count; k++) {
            uint128 p = (uint128)b->limb[i] * b->limb[k] + out->limb[i + k] + carry;
            out->limb[i + k] = (uint64_t)p;
            carry = (uint64_t)(p >> 64);
        }
        out->limb[i + b->count] = carry;
    }
    trim(out);
}

static void shift_left(struct kernel_big *b, size_t bits)
{
    size_t limbs = bits / 64, rest = bits % 64;
    if (b->count == 0 || bits == 0)
        return;
    ASSERT(b->count + limbs + 1 <= KERNEL_BIG_LIMBS);
    b->limb[b->count + limbs] = 0;
    for (size_t i = b->count; i-- > 0;) {
        uint64_t v = b->limb[i];
        b->limb[i + limbs + 1] |= rest ? v >> (64 - rest) : 0;
        b->limb[i + limbs] = v << rest;
    }
    memset(b->limb, 0, limbs * sizeof(b->limb[0]));
    b->count += limbs + 1;
    trim(b);
}

/* Brings b's exponent down to `exponent` without changing the value. */
static void lower_exponent(struct kernel_big *b, int exponent)
{
    if (b->exponent > exponent)
        shift_left(b, (size_t)(b->exponent - exponent));
    b->exponent = exponent;
}

static int compare_magnitudes(const struct kernel_big *a, const struct kernel_big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (size_t i = a->count; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* |a| + |b| into a. */
static void add_magnitude(struct kernel_big *a, const struct kernel_big *b)
{
    uint64_t carry = 0;
    size_t n = a->count > b->count ? a->count : b->count;
    for (size_t i = 0; i < n; i++) {
        uint128 s = (uint128)(i < a->count ? a->limb[i] : 0) + (i < b->count ? b->limb[i] : 0);
        s += carry;
        a->limb[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
    a->count = n;
    if (carry) {
        ASSERT(n < KERNEL_BIG_LIMBS);
        a->limb[a->count++] = carry;
    }
}

/* large - small into out (which may be either), |large| >= |small|. */
static void sub_magnitude(struct kernel_big *out, const struct kernel_big *large,
                          const struct kernel_big *small)
{
    uint64_t borrow = 0;
    size_t n = large->count, m = small->count;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = large->limb[i], y = i < m ? small->limb[i] : 0;
        uint64_t d = x - y - borrow;
        borrow = x < y || (x == y && borrow);
        out->limb[i] = d;
    }
    out->count = n;
}

void kernel_big_sub(struct kernel_big *a, const struct kernel_big *b)
{
    struct kernel_big lowered;
    if (b->count == 0)
        return;
    if (a->count == 0)
        a->exponent = b->exponent;
    if (a->exponent > b->exponent) {
        lower_exponent(a, b->exponent);
    } else if (b->exponent > a->exponent) {
        lowered = *b;
        lower_exponent(&lowered, a->exponent);
        b = &lowered;
    }
    if (a->negative != b->negative && a->count > 0) {
        add_magnitude(a, b);
    } else if (compare_magnitudes(a, b) >= 0) {
        sub_magnitude(a, a, b);
    } else {
        sub_magnitude(a, b, a);
        a->negative = !b->negative;
    }
    trim(a);
}

uint64_t kernel_big_div_u64(struct kernel_big *b, uint64_t by)
{
    uint64_t rest = 0;
    for (size_t i = b->count; i-- > 0;) {
        uint128 v = (uint128)rest << 64 | b->limb[i];
        b->limb[i] = (uint64_t)(v / by);
        rest = (uint64_t)(v % by);
    }
    trim(b);
    return rest;
}

void kernel_big_make_odd(struct kernel_big *b)
{
    size_t limbs = 0;
    if (b->count == 0) {
        b->exponent = 0;
        return;
    }
    while (b->limb[limbs] == 0)
        limbs++;
    unsigned bits = (unsigned)__builtin_ctzll(b->limb[limbs]);
    size_t n = b->count - limbs;
    for (size_t i = 0; i < n; i++) {
        uint64_t above = bits && i + 1 < n ? b->limb[i + limbs + 1] << (64 - bits) : 0;
        b->limb[i] = b->limb[i + limbs] >> bits | above;
    }
    b->count = n;
    b->exponent += (int)(limbs * 64 + bits);
    trim(b);
}

/* The nearest double of top * 2^exponent, where top has its highest bit set or is 0 and `sticky`
 * tells of something nonzero below it. */
static double round_top(bool negative, uint64_t top, int exponent, bool sticky)
{
    uint64_t bits = 0;
    int e = exponent + 63; /* 2^e <= value < 2^(e + 1) */
    if (top && e > 1023) {
        bits = (uint64_t)0x7FF << 52;
    } else if (top && e >= -1075) {
        int drop = e >= -1022 ? 11 : 11 - 1022 - e; /* low bits that do not fit; 11 to 64 */
        uint64_t kept = drop == 64 ? 0 : top >> drop;
        uint64_t rest = top << (64 - drop), half = (uint64_t)1 << 63;
        if (rest > half || (rest == half && (sticky || (kept & 1))))
            kept++;
        /* A carry out of the mantissa lands in the exponent, which is what it means. */
        bits = e >= -1022 ? ((uint64_t)(e + 1022) << 52) + kept : kept;
    }
    bits |= (uint64_t)negative << 63;
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* The top 128 bits of a value that is not 0, its highest bit at bit 127; *exponent is theirs. */
static uint128 top_bits(const struct kernel_big *b, int *exponent, bool *sticky)
{
    size_t n = b->count;
    unsigned lead = (unsigned)__builtin_clzll(b->limb[n - 1]);
    uint128 top = (uint128)b->limb[n - 1] << 64 | (n > 1 ? b->limb[n - 2] : 0);
    uint64_t third = n > 2 ? b->limb[n - 3] : 0;
    if (lead) {
        top = top << lead | third >> (64 - lead);
        third <<= lead;
    }
    *sticky = third != 0;
    for (size_t i = 0; i + 3 < n; i++)
        *sticky |= b->limb[i] != 0;
    *exponent = b->exponent + ((int)n - 2) * 64 - (int)lead;
    return top;
}

double kernel_big_round(const struct kernel_big *b, bool sticky)
{
    int exponent;
    bool below;
    if (b->count == 0)
        return 0;
    uint128 top = top_bits(b, &exponent, &below);
    return round_top(b->negative, (uint64_t)(top >> 64), exponent + 64,
                     sticky || below || (uint64_t)top != 0);
}

/* floor(sqrt(v)), one bit after the other. */
static uint64_t isqrt(uint128 v)
{
    uint128 root = 0, bit = (uint128)1 << 126;
    while (bit > v)
        bit >>= 2;
    for (; bit; bit >>= 2) {
        if (v >= root + bit) {
            v -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint64_t)root;
}

static double round_root(const struct kernel_big *b, bool sticky)
{
    int exponent;
    bool below;
    uint128 top = top_bits(b, &exponent, &below);
    if (exponent % 2 != 0) { /* keep 127 bits, so that the exponent can be halved */
        below |= top & 1;
        top >>= 1;
        exponent++;
    }
    uint64_t root = isqrt(top); /* 64 bits, the highest set */
    sticky |= below || (uint128)root * root != top;
    return round_top(false, root, exponent / 2, sticky);
}

double kernel_big_ratio(struct kernel_big *b, const uint64_t *by, size_t by_count, bool root)
{
    bool sticky = false;
    size_t want = 64 * by_count + 130, have = kernel_big_bits(b);
    if (b->count == 0)
        return 0;
    if (have < want)
        lower_exponent(b, b->exponent - (int)(want - have));
    for (size_t i = 0; i < by_count; i++)
        sticky |= kernel_big_div_u64(b, by[i]) != 0;
    return root ? round_root(b, sticky) : kernel_big_round(b, sticky);
}

double kernel_round_i128(int128 v, int exponent)
{
    uint128 m = v < 0 ? -(uint128)v : (uint128)v;
    uint64_t high = (uint64_t)(m >> 64);
    if (m == 0)
        return 0;
    int lead = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)m);
    m <<= lead;
    return round_top(v < 0, (uint64_t)(m >> 64), exponent + 64 - lead, (uint64_t)m != 0);
}

double kernel_round_i128_ratio(int128 v, int exponent, uint64_t by)
{
    uint128 m = v < 0 ? -(uint128)v : (uint128)v;
    uint64_t high = (uint64_t)(m >> 64);
    if (m == 0)
        return 0;
    int lead = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)m);
    m <<= lead;
    uint128 q = m / by; /* at least 64 bits, since m has 128 and by at most 64 */
    bool sticky = m % by != 0;
    unsigned more = (unsigned)__builtin_clzll((uint64_t)(q >> 64) | 1);
    if (q >> 64 == 0) {
        return round_top(v < 0, (uint64_t)q, exponent - lead, sticky);
    }
    q <<= more;
    return round_top(v < 0, (uint64_t)(q >> 64), exponent - lead - (int)more + 64,
                     sticky || (uint64_t)q != 0);
}
