// SPDX-License-Identifier: Apache-2.0
/* bench_kernel_sum.c - what an exact sum costs: ns per row beside a plain double add, in one run.
 *
 *     bench_kernel_sum [million rows, default 16] [repetitions, default 11] [groups, default 4
 * counts]
 *
 * Both loops read the same values and group numbers in batches of 2,048 rows and update one array
 * of states; the plain one adds doubles (and so rounds at every row). The two are run in turn, and
 * medians are printed. Every result is used: the plain sums are compared with the exact ones. */
#include "kernel/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define MOST_RUNS 99

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* other programs share the machine */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void *block(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        exit(1);
    madvise(p, bytes, MADV_HUGEPAGE);
    memset(p, 0, bytes);
    return p;
}

struct data {
    size_t rows, groups;
    double *values;
    uint32_t *of_row; /* NULL: one group */
    double *plain;    /* sums of the plain loop */
    char *states;
    struct kernel_agg k;
};

__attribute__((noinline)) static void plain_batch(double *sums, const double *v, const uint32_t *g,
                                                  size_t n)
{
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&sums[g[i + 16 < n ? i + 16 : i]], 1);
        sums[g[i]] += v[i];
    }
}

/* One group: eight running sums, which the compiler keeps in vectors. */
__attribute__((noinline)) static double plain_total(const double *v, size_t n)
{
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += v[i + k];
    for (; i < n; i++)
        sums[0] += v[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static double run_plain(struct data *d)
{
    memset(d->plain, 0, d->groups * sizeof(double));
    double start = now_ns();
    for (size_t at = 0; at < d->rows; at += KERNEL_ROWS) {
        size_t n = d->rows - at < KERNEL_ROWS ? d->rows - at : KERNEL_ROWS;
        if (d->of_row)
            plain_batch(d->plain, d->values + at, d->of_row + at, n);
        else
            d->plain[0] += plain_total(d->values + at, n);
    }
    return (now_ns() - start) / (double)d->rows;
}

/* As the aggregation operator does: a small state never lies across two cache lines. */
static size_t stride_of(const struct data *d)
{
    return d->k.at.bytes <= 32 ? 32 : 64;
}

static double run_exact(struct data *d)
{
    size_t stride = stride_of(d);
    struct error err;
    kernel_agg_start(&d->k, d->states, stride, d->groups);
    double start = now_ns();
    for (size_t at = 0; at < d->rows; at += KERNEL_ROWS) {
        size_t n = d->rows - at < KERNEL_ROWS ? d->rows - at : KERNEL_ROWS;
        struct kernel_groups g = {d->states, stride, d->groups, d->of_row ? d->of_row + at : NULL,
                                  0};
        struct column_span s = {.kind = SPAN_VALUES, .rows = (int64_t)n, .values = d->values + at};
        if (kernel_agg_add(&d->k, &g, &s, s.rows, NULL, 0, &err) != ST_OK)
            exit(1);
    }
    return (now_ns() - start) / (double)d->rows;
}

/* The largest relative difference between the two; NaN if one is not a number. */
static double difference(struct data *d)
{
    struct error err;
    double worst = 0;
    for (size_t g = 0; g < d->groups; g++) {
        struct column_value v;
        if (kernel_agg_finish(&d->k, d->states + g * stride_of(d), KERNEL_RESULT_SUM,
                              column_type_of(COLUMN_DOUBLE), d->k.arena, &v, &err) != ST_OK)
            exit(1);
        double off = v.null ? 0 : fabs(v.f64 - d->plain[g]) / (fabs(v.f64) + 1);
        worst = off <= worst ? worst : off;
    }
    return worst;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct data *d, const char *name, unsigned need, int runs)
{
    struct arena arena;
    struct kernel_scratch *scratch;
    struct error err;
    double plain[MOST_RUNS], exact[MOST_RUNS];
    arena_init(&arena, NULL);
    if (kernel_scratch_create(&arena, &scratch, &err) != ST_OK ||
        kernel_agg_init(&d->k, column_type_of(COLUMN_DOUBLE), need, &arena, scratch, &err) != ST_OK)
        exit(1);
    for (int i = 0; i < runs; i++) {
        plain[i] = run_plain(d);
        exact[i] = run_exact(d);
    }
    double off = difference(d);
    qsort(plain, (size_t)runs, sizeof(double), by_value);
    qsort(exact, (size_t)runs, sizeof(double), by_value);
    printf(
        "%-14s %9zu groups  %-12s plain %6.2f  exact %6.2f ns/row (min %5.2f, %5.2f)  %4.2fx  off "
        "%.1e\n",
        name, d->groups, need == KERNEL_SUM ? "sum" : "sum,min,max", plain[runs / 2],
        exact[runs / 2], plain[0], exact[0], exact[runs / 2] / plain[runs / 2], off);
    fflush(stdout);
    arena_free(&arena);
}

static void fill(struct data *d, int style, uint64_t *rng)
{
    for (size_t i = 0; i < d->rows; i++) {
        uint64_t r = next_random(rng);
        d->values[i] = style == 0   ? (double)(r % 10000000) / 100
                       : style == 1 ? (double)(r >> 11) * 0x1p-53
                                    : exp(-(double)(r >> 11) * 0x1p-53 * 40);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"cents", "random 53 bit", "exp(-40..0)"};
    size_t counts[] = {1, 366, 366000, 3650000}, tables = 4;
    uint64_t rng = 42;
    struct data d = {.rows = (size_t)(argc > 1 ? atoi(argv[1]) : 16) * 1000000};
    int runs = argc > 2 ? atoi(argv[2]) : 11;
    if (d.rows == 0 || runs < 1 || runs > MOST_RUNS)
        return 2;
    if (argc > 3) {
        counts[0] = (size_t)atoll(argv[3]);
        tables = 1;
    }
    size_t most = counts[tables - 1];
    d.values = block(d.rows * sizeof(double));
    uint32_t *groups = block(d.rows * sizeof(uint32_t));
    d.plain = block(most * sizeof(double));
    d.states = block(most * 64);
    for (size_t n = 0; n < tables; n++) {
        d.groups = counts[n];
        d.of_row = d.groups == 1 ? NULL : groups;
        for (size_t i = 0; i < d.rows; i++)
            groups[i] = (uint32_t)(next_random(&rng) % d.groups);
        for (int style = 0; style < 3; style++) {
            fill(&d, style, &rng);
            measure(&d, names[style], KERNEL_SUM, runs);
            if (style == 0)
                measure(&d, names[style], KERNEL_SUM | KERNEL_MIN | KERNEL_MAX, runs);
        }
    }
    return 0;
}
