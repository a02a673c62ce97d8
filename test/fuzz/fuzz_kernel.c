// SPDX-License-Identifier: Apache-2.0
/* fuzz_kernel.c - bytes as stored sums and as states of aggregates.
 *
 * First byte: what they are taken for. Whatever is accepted must come out again as the same bytes,
 * and every result of it must be computable. Stored columns that are loaded come out as a state
 * that its own bytes give again. */
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

/* One row of stored columns: kind, NULLs, count, rows, missing, sum, s1, rest, extremes, then a
 * length and two byte strings. */
struct stored_row {
    uint8_t kind, form;
    uint16_t null;
    int64_t count, rows, missing;
    _Alignas(16) int128 sum;
    double s1, rest;
    _Alignas(16) char min[16], max[16];
    struct str more, squares;
};

static struct column_span one_row(const void *value, bool null)
{
    return (struct column_span){.kind = SPAN_RUN, .run_null = null, .rows = 1, .values = value};
}

static bool read_row(const uint8_t *data, size_t size, struct stored_row *r)
{
    const size_t head = 4 + 3 * 8 + 16 + 2 * 8 + 2 * 16;
    if (size < head + 1)
        return false;
    r->kind = data[0] % (sizeof(kinds) / sizeof(kinds[0]));
    r->form = data[1] % 3;
    r->null = load_u16le(data + 2);
    memcpy(&r->count, data + 4, 24);
    memcpy(&r->sum, data + 28, 16);
    memcpy(&r->s1, data + 44, 16);
    memcpy(r->min, data + 60, 32);
    size_t left = size - head - 1, more = data[head] < left ? data[head] : left;
    r->more = (struct str){(const char *)data + head + 1, more};
    r->squares = (struct str){r->more.ptr + more, left - more};
    if (kinds[r->kind].kind == COLUMN_TEXT) { /* no pointers from outside */
        struct str least = {(const char *)data + 60, (size_t)(data[60] % 16)}, greatest = least;
        greatest.ptr += 16;
        memcpy(r->min, &least, sizeof(least));
        memcpy(r->max, &greatest, sizeof(greatest));
    }
    return true;
}

static status load_row(struct kernel_agg *k, char *state, const struct stored_row *r,
                       struct error *err)
{
    struct column_span s[] = {
        one_row(&r->count, r->null & 1),   one_row(&r->rows, r->null & 2),
        one_row(&r->missing, r->null & 4), one_row(&r->sum, r->null & 8),
        one_row(&r->s1, r->null & 16),     one_row(&r->rest, r->null & 32),
        one_row(&r->more, r->null & 64),   one_row(&r->squares, r->null & 128),
        one_row(r->min, r->null & 256),    one_row(r->max, r->null & 512)};
    struct kernel_stored parts = {.count = r->form != 1 ? &s[0] : NULL,
                                  .rows = r->form != 0 ? &s[1] : NULL,
                                  .missing = r->form != 0 ? &s[2] : NULL,
                                  .sum = &s[3],
                                  .sum_type = column_type_decimal(38, 0),
                                  .s1 = &s[4],
                                  .rest = &s[5],
                                  .more = &s[6],
                                  .squares = &s[7],
                                  .min = &s[8],
                                  .max = &s[9]};
    struct kernel_groups g = {.states = state, .stride = 256, .count = 1};
    return kernel_agg_load(k, &g, &parts, 1, NULL, 0, err);
}

/* Loaded twice, as two rows of one group, and taken through its bytes. */
static void as_columns(const uint8_t *data, size_t size)
{
    struct stored_row r;
    struct arena arena;
    struct kernel_scratch *scratch;
    struct kernel_agg k;
    struct error err;
    struct buffer out, again;
    _Alignas(16) char state[256], copy[256];
    if (!read_row(data, size, &r))
        return;
    struct column_type type = {.kind = kinds[r.kind].kind,
                               .precision = kinds[r.kind].precision,
                               .scale = kinds[r.kind].scale};
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 1 << 20);
    buffer_init(&again, NULL, 1 << 20);
    need(kernel_scratch_create(&arena, &scratch, &err) == ST_OK);
    need(kernel_agg_init(&k, type, kinds[r.kind].need & ~(unsigned)KERNEL_FIRST, &arena, scratch,
                         &err) == ST_OK);
    kernel_agg_start(&k, state, sizeof(state), 1);
    kernel_agg_start(&k, copy, sizeof(copy), 1);
    if (load_row(&k, state, &r, &err) == ST_OK && load_row(&k, state, &r, &err) == ST_OK) {
        need(kernel_agg_encode(&k, state, &out, &err) == ST_OK);
        struct bytes in = bytes_of(out.data, out.len);
        need(kernel_agg_decode(&k, copy, &in, &err) == ST_OK && bytes_left(&in) == 0);
        need(kernel_agg_encode(&k, copy, &again, &err) == ST_OK);
        need(str_eq(buffer_str(&out), buffer_str(&again)));
        finish_all(&k, state);
    }
    buffer_free(&out);
    buffer_free(&again);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0xFF)
        as_columns(data + 1, size - 1);
    else if (data[0] % 8 == 7)
        as_stored(data + 1, size - 1);
    else
        as_state(data[0] % 8, data + 1, size - 1);
    return 0;
}
