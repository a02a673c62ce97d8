// SPDX-License-Identifier: Apache-2.0
/* kernel_agg.c - an aggregate from the outside: choosing its loops, fresh states, packing a batch.
 *
 *     span, groups, selection --pack--> values or codes without gaps --> one loop of the type
 *
 * A span without NULLs and without a selection is not copied. */
#include "kernel/kernel_int.h"

static const struct kernel_agg_functions *functions_of(struct column_type type)
{
    if (type.kind == COLUMN_UNKNOWN)
        return &kernel_functions_rows;
    switch (column_type_phys(type)) {
    case PHYS_BOOL:
        return &kernel_functions_bool;
    case PHYS_I32:
        return &kernel_functions_i32;
    case PHYS_I64:
        return &kernel_functions_i64;
    case PHYS_F32:
        return &kernel_functions_f32;
    case PHYS_F64:
        return &kernel_functions_f64;
    case PHYS_I128:
        return &kernel_functions_i128;
    case PHYS_STR:
        return &kernel_functions_text;
    case PHYS_INTERVAL:
        return &kernel_functions_interval;
    }
    return &kernel_functions_rows;
}

status kernel_scratch_create(struct arena *arena, struct kernel_scratch **out, struct error *err)
{
    return arena_alloc(arena, sizeof(**out), (void **)out, err);
}

status kernel_agg_init(struct kernel_agg *k, struct column_type type, unsigned need,
                       struct arena *arena, struct kernel_scratch *scratch, struct error *err)
{
    char name[64];
    if (need & KERNEL_SQUARES)
        need |= KERNEL_SUM;
    if ((need & KERNEL_SUM && !column_type_is_number(type)) ||
        (need && type.kind == COLUMN_UNKNOWN))
        FAIL_SQL(err, ST_UNSUPPORTED, "42883", 0, "there is no sum of %s",
                 column_type_name(type, name));
    *k = (struct kernel_agg){.functions = functions_of(type), .type = type, .need = need};
    k->phys = column_type_phys(type);
    k->at = kernel_layout_of(k->functions->class, need);
    k->level = kernel_level_best();
    k->arena = arena;
    k->fold_rows = KERNEL_WINDOW_ROWS;
    kernel_window_place(&k->window, KERNEL_WINDOW_BASE_MIN);
    k->scratch = scratch;
    return ST_OK;
}

void kernel_agg_start(const struct kernel_agg *k, char *states, size_t stride, size_t count)
{
    enum kernel_class class = k->functions->class;
    for (size_t i = 0; i < count; i++) {
        char *s = states + i * stride;
        memset(s, 0, k->at.bytes);
        if (class == KERNEL_WIDE) {
            if (k->need & KERNEL_MIN)
                *kernel_i128_at(s, k->at.min) = INT128_MAX;
            if (k->need & KERNEL_MAX)
                *kernel_i128_at(s, k->at.max) = INT128_MIN;
        } else if (class == KERNEL_INT || class == KERNEL_FLOAT) {
            if (k->need & KERNEL_MIN)
                *kernel_i64_at(s, k->at.min) = INT64_MAX;
            if (k->need & KERNEL_MAX)
                *kernel_i64_at(s, k->at.max) = INT64_MIN;
        }
    }
}

int64_t kernel_agg_count(const struct kernel_agg *k, const char *state)
{
    return *kernel_i64_at(state, k->at.count);
}

/* ---- counting only --------------------------------------------------------------------------- */

static void count_rows(const struct kernel_agg *k, const struct kernel_groups *g, int64_t rows)
{
    if (!g->of_row) {
        *kernel_i64_at(kernel_state_of(g, 0), k->at.count) += rows;
        return;
    }
    char *counts = g->states + k->at.count;
    for (size_t i = 0; i < (size_t)rows; i++) {
        size_t ahead = i + KERNEL_AHEAD < (size_t)rows ? i + KERNEL_AHEAD : i;
        __builtin_prefetch(counts + g->of_row[ahead] * g->stride, 1);
        ++*kernel_i64_at(counts + g->of_row[i] * g->stride, 0);
    }
}

static status rows_run(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                       int64_t rows, struct error *err)
{
    count_rows(k, g, rows);
    return ST_OK;
}

static status rows_codes(struct kernel_agg *k, const struct kernel_groups *g,
                         const struct column_dictionary *d, const uint32_t *codes, size_t rows,
                         struct error *err)
{
    count_rows(k, g, (int64_t)rows);
    return ST_OK;
}

static status rows_values(struct kernel_agg *k, const struct kernel_groups *g, const void *values,
                          size_t rows, struct error *err)
{
    count_rows(k, g, (int64_t)rows);
    return ST_OK;
}

const struct kernel_agg_functions kernel_functions_rows = {
    .class = KERNEL_ROWS_ONLY,
    .add_run = rows_run,
    .add_codes = rows_codes,
    .add_values = rows_values,
};

/* ---- packing --------------------------------------------------------------------------------- */

/* Row numbers that are selected and not NULL; returns how many. */
static size_t pick(const uint64_t *valid, size_t rows, const uint16_t *selected,
                   size_t selected_count, uint16_t *out)
{
    size_t n = 0;
    if (selected) {
        for (size_t i = 0; i < selected_count; i++) {
            out[n] = selected[i];
            n += column_bit(valid, selected[i]);
        }
        return n;
    }
    for (size_t at = 0; at < rows; at += 64) {
        size_t here = rows - at < 64 ? rows - at : 64;
        uint64_t word = valid[at / 64] & (here < 64 ? ((uint64_t)1 << here) - 1 : UINT64_MAX);
        for (; word; word &= word - 1)
            out[n++] = (uint16_t)(at + (size_t)__builtin_ctzll(word));
    }
    return n;
}

#define GATHER(type)                                                                               \
    do {                                                                                           \
        const type *from = values;                                                                 \
        type *to = (type *)(void *)out;                                                            \
        for (size_t i = 0; i < n; i++)                                                             \
            to[i] = from[rows[i]];                                                                 \
    } while (0)

static void gather(const void *values, size_t bytes, const uint16_t *rows, size_t n, char *out)
{
    struct pair {
        uint64_t a, b;
    };
    if (bytes == 1)
        GATHER(uint8_t);
    else if (bytes == 2)
        GATHER(uint16_t);
    else if (bytes == 4)
        GATHER(uint32_t);
    else if (bytes == 8)
        GATHER(uint64_t);
    else
        GATHER(struct pair);
}

static void widen_codes(const uint16_t *codes, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = codes[i];
}

/* The codes of a span as u32 without gaps: in place where they are that already. */
static const uint32_t *pack_codes(const struct kernel_agg *k, const struct column_span *span,
                                  const uint16_t *rows, size_t n)
{
    struct kernel_scratch *b = k->scratch;
    if (span->code_bytes == 4 && !rows)
        return span->codes;
    if (!rows) {
        widen_codes(span->codes, n, b->codes);
    } else if (span->code_bytes == 4) {
        gather(span->codes, 4, rows, n, (char *)b->codes);
    } else {
        const uint16_t *codes = span->codes;
        for (size_t i = 0; i < n; i++)
            b->codes[i] = codes[rows[i]];
    }
    return b->codes;
}

/* n rows of the span (all in order, or the picked ones) into the groups of `g`, packed already. */
static status add_packed(struct kernel_agg *k, const struct kernel_groups *g,
                         const struct column_span *span, const uint16_t *picked, size_t n,
                         struct error *err)
{
    const struct kernel_agg_functions *f = k->functions;
    if (span->kind == SPAN_CODES) {
        const uint32_t *codes = pack_codes(k, span, picked, n);
        if (f->prepare_dictionary)
            TRY(f->prepare_dictionary(k, g, span->dictionary, err));
        return f->add_codes(k, g, span->dictionary, codes, n, err);
    }
    const void *values = span->values;
    if (picked) {
        gather(values, column_phys_bytes(k->phys), picked, n, k->scratch->values);
        values = k->scratch->values;
    }
    return f->add_values(k, g, values, n, err);
}

status kernel_agg_add(struct kernel_agg *k, const struct kernel_groups *g,
                      const struct column_span *span, int64_t rows, const uint16_t *selected,
                      size_t selected_count, struct error *err)
{
    uint16_t picked[KERNEL_ROWS];
    struct kernel_groups packed = *g;
    const uint16_t *some = selected;
    size_t n = selected ? selected_count : (size_t)rows;
    bool run = span && span->kind == SPAN_RUN;
    if (run && span->run_null)
        return ST_OK;
    ASSERT(rows <= KERNEL_ROWS || (run && !g->of_row) || (!span && !g->of_row));
    if (span && !run && span->valid) {
        n = pick(span->valid, (size_t)rows, selected, selected_count, picked);
        some = n < (size_t)rows ? picked : NULL;
    }
    if (n == 0)
        return ST_OK;
    if (some && g->of_row) {
        gather(g->of_row, sizeof(*g->of_row), some, n, (char *)k->scratch->groups);
        packed.of_row = k->scratch->groups;
    }
    if (!span || !k->need) {
        count_rows(k, &packed, (int64_t)n);
        return ST_OK;
    }
    if (run)
        return k->functions->add_run(k, &packed, span->values, (int64_t)n, err);
    return add_packed(k, &packed, span, some, n, err);
}
