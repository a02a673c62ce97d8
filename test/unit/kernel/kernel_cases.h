// SPDX-License-Identifier: Apache-2.0
/* kernel_cases.h - seeded values for the tests of aggregates: the kind that break sums. */
#ifndef KERNEL_CASES_H
#define KERNEL_CASES_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 */
static inline uint64_t cases_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline uint64_t cases_below(uint64_t *state, uint64_t n)
{
    return cases_next(state) % n;
}

/* FIRN_TEST_SEED or a fixed one; printed, so that a failure can be repeated. */
static inline uint64_t cases_seed(const char *what)
{
    const char *text = getenv("FIRN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20250114;
    fprintf(stderr, "%s: FIRN_TEST_SEED=%llu\n", what, (unsigned long long)seed);
    return seed;
}

/* `usual` cases, or FIRN_TEST_CASES of them. */
static inline int cases_count(int usual)
{
    const char *text = getenv("FIRN_TEST_CASES");
    return text ? atoi(text) : usual;
}

static inline double cases_from_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

#define CASES_STYLES 12

/* One double of a style; styles 0 to 9 are finite. */
static inline double cases_double(uint64_t *r, int style)
{
    static const double edges[] = {
        0x1p-1074, 0x1.8p-1073,  0x1p-1022, 0x1.fffffffffffffp-1023, 1.0,
        0x1p53,    0x1p53 + 2.0, 0x1p-53,   0x1.fffffffffffffp1023,  0.0};
    double sign = cases_next(r) & 1 ? 1 : -1;
    uint64_t mantissa = cases_next(r) & 0xFFFFFFFFFFFFF;
    switch (style) {
    case 0: /* cents */
        return (double)(int64_t)(cases_below(r, 2000000) - 100000) / 100;
    case 1:
        return 0.1;
    case 2: /* full mantissas, one magnitude */
        return cases_from_bits((uint64_t)1023 << 52 | mantissa) - 1;
    case 3: /* 1e308 and its opposite */
        return sign * (cases_below(r, 4) ? 1e308 : 0x1.fffffffffffffp1023);
    case 4: /* 2^53 + 1 chains */
        return cases_below(r, 3) ? 1.0 : sign * 0x1p53;
    case 5: /* subnormals */
        return sign * cases_from_bits(mantissa >> cases_below(r, 52));
    case 6: /* every finite exponent */
        return sign * cases_from_bits(cases_below(r, 2047) << 52 | mantissa);
    case 7: /* rates near 1e-4 and their like */
        return sign * 1e-4 *
               cases_from_bits((uint64_t)(1013 + cases_below(r, 20)) << 52 | mantissa);
    case 8: /* zeros of both signs among small ones */
        return cases_below(r, 3) ? sign * 0.0 : sign * 0x1p-1074;
    case 9:
        return sign * edges[cases_below(r, 10)];
    case 10: /* now and then something that is no number */
        return cases_below(r, 20) ? sign * 1.5
                                  : cases_from_bits((uint64_t)0x7FF << 52 | (mantissa >> 51 << 51) |
                                                    (cases_next(r) & 1) << 63);
    default:
        return cases_double(r, (int)cases_below(r, 11));
    }
}

#endif
