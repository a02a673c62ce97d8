// SPDX-License-Identifier: Apache-2.0
/* fuzz_kernel.c - bytes as stored sums and as states of aggregates.
 *
 * First byte: what they are taken for. Whatever is accepted must come out again as the same bytes,
 * and every result of it must be computable. */
#include "kernel/kernel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    enum column_kind kind;
    uint8_t precision, scale;
    unsigned need;
} kinds[] = {
    {COLUMN_DOUBLE, 0, 0, KERNEL_SUM},
    {COLUMN_DOUBLE, 0, 0, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX | KERNEL_SQUARES | KERNEL_FIRST},
    {COLUMN_REAL, 0, 0, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX},
    {COLUMN_BIGINT, 0, 0, KERNEL_SUM | KERNEL_SQUARES},
    {COLUMN_DECIMAL, 38, 10, KERNEL_SUM | KERNEL_MIN | KERNEL_SQUARES | KERNEL_FIRST},
    {COLUMN_TEXT, 0, 0, KERNEL_MIN | KERNEL_MAX | KERNEL_FIRST},
    {COLUMN_INTERVAL, 0, 0, KERNEL_MIN | KERNEL_MAX},
};

static void need(bool cond)
{
    if (!cond)
        abort();
}

/* Three columns of a stored sum: flags, s1, rest, then more. */
static void as_stored(const uint8_t *data, size_t size)
{
    struct kernel_exact_box box;
    struct kernel_exact *x = kernel_exact_box_init(&box);
    struct error err;
    double s1, rest;
    bool counted;
    if (size < 17)
        return;
    memcpy(&s1, data + 1, 8);
    memcpy(&rest, data + 9, 8);
    struct str more = {(const char *)data + 17, size - 17};
    struct kernel_exact_stored stored = {data[0] & 1 ? &s1 : NULL, data[0] & 2 ? &rest : NULL,
                                         data[0] & 4 ? &more : NULL};
    if (kernel_exact_add_stored(x, &stored, &counted, NULL, &err) != ST_OK)
        return;
    double again[2];
    bool is_short = kernel_exact_short(x, &again[0], &again[1]);
    need(is_short == !stored.more);
    if (is_short && counted)
        need(again[0] == s1 && again[1] == rest);
    (void)kernel_exact_ratio(x, 3);
}

static void finish_all(struct kernel_agg *k, char *state)
{
    struct error err;
    struct column_value v;
    enum column_kind kind = k->type.kind;
    struct column_type dbl = column_type_of(COLUMN_DOUBLE), sum = column_type_decimal(38, 10);
    (void)!kernel_agg_finish(k, state, KERNEL_RESULT_COUNT, column_type_of(COLUMN_BIGINT), k->arena,
                             &v, &err);
    if (k->need & KERNEL_SUM) {
        sum = column_type_is_float(k->type) ? dbl : sum;
        (void)!kernel_agg_finish(k, state, KERNEL_RESULT_SUM, sum, k->arena, &v, &err);
        (void)!kernel_agg_finish(k, state, KERNEL_RESULT_AVG, dbl, k->arena, &v, &err);
    }
    if (k->need & KERNEL_SQUARES) {
        (void)!kernel_agg_finish(k, state, KERNEL_RESULT_STDDEV_SAMP, dbl, k->arena, &v, &err);
        (void)!kernel_agg_finish(k, state, KERNEL_RESULT_SQUARES, column_type_of(COLUMN_BINARY),
                                 k->arena, &v, &err);
    }
    if (k->need & KERNEL_MIN)
        (void)!kernel_agg_finish(k, state, KERNEL_RESULT_MIN, k->type, k->arena, &v, &err);
    if (k->need & KERNEL_FIRST && kind != COLUMN_UNKNOWN)
        (void)!kernel_agg_finish(k, state, KERNEL_RESULT_FIRST, k->type, k->arena, &v, &err);
}

static void as_state(size_t kind, const uint8_t *data, size_t size)
{
    struct column_type type = {
        .kind = kinds[kind].kind, .precision = kinds[kind].precision, .scale = kinds[kind].scale};
    struct arena arena;
    struct kernel_scratch *scratch;
    struct kernel_agg k;
    struct error err;
    struct buffer out;
    _Alignas(16) char state[256];
    struct bytes in = bytes_of(data, size);
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 1 << 20);
    need(kernel_scratch_create(&arena, &scratch, &err) == ST_OK);
    need(kernel_agg_init(&k, type, kinds[kind].need, &arena, scratch, &err) == ST_OK);
    kernel_agg_start(&k, state, sizeof(state), 1);
    if (kernel_agg_decode(&k, state, &in, &err) == ST_OK) {
        need(kernel_agg_encode(&k, state, &out, &err) == ST_OK);
        need(out.len == in.at && memcmp(out.data, data, in.at) == 0);
        finish_all(&k, state);
    }
    buffer_free(&out);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 8 == 7)
        as_stored(data + 1, size - 1);
    else
        as_state(data[0] % 8, data + 1, size - 1);
    return 0;
}
