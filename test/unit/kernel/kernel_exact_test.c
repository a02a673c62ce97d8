// SPDX-License-Identifier: Apache-2.0
/* kernel_exact_test.c - the parts below the aggregates: rounding, big integers, limbs, stored
 * forms.
 */
#include "harness/test.h"
#include "kernel/kernel_exact.h"
#include "kernel_cases.h"

/* The sum of a few doubles, rounded. */
static double sum_of(const double *values, size_t n)
{
    struct error err;
    struct kernel_exact_box box;
    struct kernel_exact *x = kernel_exact_box_init(&box);
    for (size_t i = 0; i < n; i++)
        CHECK_OK(kernel_exact_add(x, values[i], 1, NULL, &err));
    return kernel_exact_round(x);
}

#define SUM(...) sum_of((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

TEST(ties_go_to_even)
{
    CHECK_DOUBLE(SUM(0x1p53, 1), 0x1p53);
    CHECK_DOUBLE(SUM(0x1p53, 3), 0x1p53 + 4);
    CHECK_DOUBLE(SUM(0x1p53, 1, 0x1p-1074), 0x1p53 + 2);
    CHECK_DOUBLE(SUM(-0x1p53, -1), -0x1p53);
    CHECK_DOUBLE(SUM(-0x1p53, -1, -0x1p-1074), -0x1p53 - 2);
    CHECK_DOUBLE(SUM(1e308, 1, -1e308), 1.0);
    CHECK_DOUBLE(SUM(-0.0, -0.0), 0.0);
    CHECK_DOUBLE(SUM(0x1p-1074, -0x1p-1074), 0.0);
    CHECK_DOUBLE(SUM(0x1p-1022, -0x1p-1074), 0x0.fffffffffffffp-1022);
}

TEST(infinity_begins_half_a_step_above_the_largest)
{
    double most = 0x1.fffffffffffffp1023;
    CHECK_DOUBLE(SUM(most, 0x1p969), most);
    CHECK_DOUBLE(SUM(most, 0x1p970), INFINITY);
    CHECK_DOUBLE(SUM(most, 0x1p970, -0x1p-1074), most);
    CHECK_DOUBLE(SUM(-most, -most), -INFINITY);
    CHECK_DOUBLE(SUM(most, most, -most), most);
    CHECK(isnan(SUM(INFINITY, -INFINITY)));
    CHECK(isnan(SUM(NAN, 1)));
    CHECK_DOUBLE(SUM(-INFINITY, most), -INFINITY);
}

/* kernel_round_i128 and kernel_round_i128_ratio against the long way round. */
TEST(short_and_long_rounding_agree)
{
    uint64_t rng = cases_seed("rounding");
    for (int i = 0; i < cases_count(20000); i++) {
        struct kernel_big big;
        unsigned bits = (unsigned)cases_below(&rng, 127);
        uint128 u = (uint128)cases_next(&rng) << 64 | cases_next(&rng);
        int128 v = (int128)(u >> (127 - bits) >> 1);
        if (cases_below(&rng, 3) == 0) /* ties and near ties */
            v = (v >> (bits / 2)) << (bits / 2);
        v = cases_next(&rng) & 1 ? v : -v;
        int exponent = (int)cases_below(&rng, 2300) - 1250;
        kernel_big_from_i128(&big, v, exponent);
        CHECK_DOUBLE(kernel_round_i128(v, exponent), kernel_big_round(&big, false));
        uint64_t by = cases_next(&rng) >> cases_below(&rng, 64);
        by += by == 0;
        CHECK_DOUBLE(kernel_round_i128_ratio(v, exponent, by),
                     kernel_big_ratio(&big, &by, 1, false));
    }
}

/* Where both are small enough, the machine rounds quotients and roots the same way. */
TEST(quotients_and_roots_are_the_machines)
{
    uint64_t rng = cases_seed("quotients");
    for (int i = 0; i < cases_count(20000); i++) {
        struct kernel_big big;
        int64_t v = (int64_t)(cases_next(&rng) >> (11 + cases_below(&rng, 40)));
        uint64_t by = (cases_next(&rng) >> (11 + cases_below(&rng, 40))) + 1;
        kernel_big_from_i128(&big, v, 0);
        CHECK_DOUBLE(kernel_big_ratio(&big, &by, 1, false), (double)v / (double)by);
        kernel_big_from_i128(&big, v, 0);
        CHECK_DOUBLE(kernel_big_ratio(&big, NULL, 0, true), sqrt((double)v));
    }
}

/* (a + b)^2 - (a - b)^2 = 4 a b */
TEST(big_integers_obey_their_laws)
{
    uint64_t rng = cases_seed("big integers");
    for (int i = 0; i < cases_count(5000); i++) {
        struct kernel_big sum, difference, a, b, x, y;
        double u = cases_double(&rng, 6), v = cases_double(&rng, 6);
        uint64_t n = cases_next(&rng) | 1;
        v = ldexp(v, ilogb(u) - ilogb(v) + (int)cases_below(&rng, 100)); /* within capacity */
        if (!isfinite(v) || v == 0)
            continue;
        kernel_big_from_double(&a, u);
        kernel_big_from_double(&b, -v);
        sum = a;
        kernel_big_sub(&sum, &b); /* u + v */
        kernel_big_from_double(&b, v);
        difference = a;
        kernel_big_sub(&difference, &b);
        kernel_big_square(&x, &sum);
        kernel_big_square(&y, &difference);
        kernel_big_sub(&x, &y);
        kernel_big_from_double(&y, 0);
        for (int k = 0; k < 4; k++) { /* take 4 * u * v away, by the mantissas */
            int ea, eb;
            int128 m =
                (int128)(int64_t)ldexp(frexp(u, &ea), 53) * (int64_t)ldexp(frexp(v, &eb), 53);
            kernel_big_from_i128(&y, m, ea + eb - 106);
            kernel_big_sub(&x, &y);
        }
        CHECK_INT(x.count, 0);
        kernel_big_from_double(&x, u);
        kernel_big_mul_u64(&x, n);
        CHECK_INT(kernel_big_div_u64(&x, n), 0);
        kernel_big_from_double(&y, u);
        kernel_big_sub(&x, &y);
        CHECK_INT(x.count, 0);
    }
}

/* Limbs that only grow in an arena and limbs with room for all hold the same number. */
TEST(limbs_grow_without_losing_anything)
{
    struct error err;
    struct arena arena;
    uint64_t rng = cases_seed("limbs");
    arena_init(&arena, NULL);
    for (int round = 0; round < cases_count(500); round++) {
        struct kernel_limbs grown;
        uint64_t array[KERNEL_EXACT_LIMBS];
        struct kernel_limbs whole;
        kernel_limbs_init(&grown, NULL, KERNEL_EXACT_LIMBS);
        kernel_limbs_init(&whole, array, KERNEL_EXACT_LIMBS);
        for (int i = 0; i < 60; i++) {
            int128 v = (int128)((uint128)cases_next(&rng) << 64 | cases_next(&rng));
            v >>= cases_below(&rng, 127);
            unsigned at = (unsigned)cases_below(&rng, 2000);
            CHECK_OK(kernel_limbs_add(&grown, v, at, &arena, &err));
            CHECK_OK(kernel_limbs_add(&whole, v, at, NULL, &err));
            CHECK(grown.count <= KERNEL_EXACT_LIMBS);
            struct kernel_big a, b;
            kernel_limbs_to_big(&grown, 0, &a);
            kernel_limbs_to_big(&whole, 0, &b);
            kernel_big_sub(&a, &b);
            CHECK_INT(a.count, 0);
        }
        CHECK_OK(
            kernel_limbs_add_words(&grown, whole.limb, whole.count, whole.low, true, &arena, &err));
        for (size_t i = 0; i < grown.count; i++)
            CHECK(grown.limb[i] == 0);
    }
    arena_free(&arena);
}

TEST(limbs_refuse_what_they_cannot_hold)
{
    struct error err;
    uint64_t array[3];
    struct kernel_limbs l;
    kernel_limbs_init(&l, array, 3);
    CHECK_OK(kernel_limbs_add(&l, INT128_MAX >> 2, 64, NULL, &err));
    CHECK_STATUS(kernel_limbs_add(&l, 1, 192, NULL, &err), ST_INVALID);
    for (int i = 0; i < 2; i++) /* grows past its top by carries */
        if (kernel_limbs_add(&l, INT128_MAX >> 2, 64, NULL, &err) != ST_OK)
            return;
    test_fail(__FILE__, __LINE__, "a sum passed the top of three limbs");
}

TEST(subtracting_gives_back_what_was)
{
    struct error err;
    uint64_t rng = cases_seed("subtract");
    for (int round = 0; round < cases_count(300); round++) {
        struct kernel_exact_box one, both;
        struct kernel_exact *a = kernel_exact_box_init(&one), *b = kernel_exact_box_init(&both);
        for (int i = 0; i < 30; i++) {
            double v = cases_double(&rng, round % CASES_STYLES);
            CHECK_OK(kernel_exact_add(a, v, 1 + i % 3, NULL, &err));
        }
        CHECK_OK(kernel_exact_merge(b, a, NULL, &err));
        CHECK_OK(kernel_exact_merge(b, a, NULL, &err));
        CHECK_OK(kernel_exact_subtract(b, a, NULL, &err));
        struct buffer x, y;
        buffer_init(&x, NULL, 4096);
        buffer_init(&y, NULL, 4096);
        CHECK_OK(kernel_exact_put(a, &x, &err));
        CHECK_OK(kernel_exact_put(b, &y, &err));
        CHECK(str_eq(buffer_str(&x), buffer_str(&y)));
        CHECK_OK(kernel_exact_subtract(b, a, NULL, &err));
        CHECK(kernel_exact_is_zero(b));
        buffer_free(&x);
        buffer_free(&y);
    }
}

/* What is stored comes back as the same sum, in the short form whenever there is one. */
TEST(stored_forms_come_back)
{
    struct error err;
    uint64_t rng = cases_seed("stored");
    int forms[2] = {0, 0};
    for (int round = 0; round < cases_count(2000); round++) {
        struct kernel_exact_box one, two;
        struct kernel_exact *a = kernel_exact_box_init(&one), *b = kernel_exact_box_init(&two);
        int n = (int)cases_below(&rng, 6) + 1;
        for (int i = 0; i < n; i++)
            CHECK_OK(kernel_exact_add(a, cases_double(&rng, round % CASES_STYLES), 1, NULL, &err));
        double s1, rest;
        struct buffer bytes;
        buffer_init(&bytes, NULL, 4096);
        CHECK_OK(kernel_exact_put(a, &bytes, &err));
        struct str more = buffer_str(&bytes);
        bool is_short = kernel_exact_short(a, &s1, &rest), counted;
        forms[is_short]++;
        struct kernel_exact_stored stored = {is_short ? &s1 : NULL, is_short ? &rest : NULL,
                                             is_short ? NULL : &more};
        CHECK(kernel_exact_is_short(&stored) == is_short);
        CHECK_OK(kernel_exact_add_stored(b, &stored, &counted, NULL, &err));
        CHECK(counted);
        double visible = kernel_exact_round(a);
        if (!is_short) { /* the visible column may stand in for the hidden one */
            stored.s1 = &visible;
            CHECK_OK(kernel_exact_add_stored(b, &stored, &counted, NULL, &err));
            CHECK_OK(kernel_exact_subtract(b, a, NULL, &err));
        }
        CHECK_OK(kernel_exact_subtract(b, a, NULL, &err));
        CHECK(kernel_exact_is_zero(b));
        buffer_free(&bytes);
    }
    CHECK(forms[0] > 100 && forms[1] > 100);
}
