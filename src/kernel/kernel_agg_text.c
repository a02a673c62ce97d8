// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_text.c - count, min, max and first of text, bytes, uuids and intervals.
 *
 * A kept text is a copy in the kernel's arena with its room in front, so that a better one which is
 * not longer takes its place:
 *
 *     [room 8][bytes .......]
 *              ^ kept.ptr
 *
 * Rooms double, so what is left behind is at most as large as what is kept. */
#include "kernel/kernel_int.h"

#define ROOM_BYTES 8

status kernel_text_keep(const struct kernel_agg *k, struct str *kept, struct str value,
                        struct error *err)
{
    uint64_t room = 0;
    char *block = NULL;
    if (kept->ptr) {
        block = (char *)(uintptr_t)kept->ptr - ROOM_BYTES;
        memcpy(&room, block, ROOM_BYTES);
    }
    if (!kept->ptr || room < value.len) {
        room = room * 2 > value.len ? room * 2 : value.len;
        TRY(arena_alloc(k->arena, ROOM_BYTES + room, (void **)&block, err));
        memcpy(block, &room, ROOM_BYTES);
    }
    if (value.len)
        memmove(block + ROOM_BYTES, value.ptr, value.len);
    *kept = (struct str){block + ROOM_BYTES, value.len};
    return ST_OK;
}

status kernel_text_extremes(const struct kernel_agg *k, char *state, struct str value,
                            struct error *err)
{
    if (k->need & KERNEL_MIN) {
        struct str *min = kernel_str_at(state, k->at.min);
        if (!min->ptr || str_cmp(value, *min) < 0)
            TRY(kernel_text_keep(k, min, value, err));
    }
    if (k->need & KERNEL_MAX) {
        struct str *max = kernel_str_at(state, k->at.max);
        if (!max->ptr || str_cmp(value, *max) > 0)
            TRY(kernel_text_keep(k, max, value, err));
    }
    return ST_OK;
}

static status add_text(struct kernel_agg *k, char *state, struct str value, int64_t times,
                       struct error *err)
{
    *kernel_i64_at(state, k->at.count) += times;
    TRY(kernel_text_extremes(k, state, value, err));
    if (k->need & KERNEL_FIRST && !kernel_first_at(state, k->at.first)->met) {
        struct str kept = {0};
        TRY(kernel_text_keep(k, &kept, value, err));
        kernel_first_at(state, k->at.first)->met = 1;
        memcpy(kernel_first_at(state, k->at.first)->value, &kept, sizeof(kept));
    }
    return ST_OK;
}

static status text_rows(struct kernel_agg *k, const struct kernel_groups *g,
                        const struct str *values, const uint32_t *codes, size_t rows,
                        struct error *err)
{
    for (size_t i = 0; i < rows; i++)
        TRY(add_text(k, kernel_state_of(g, i), values[codes ? codes[i] : i], 1, err));
    return ST_OK;
}

static status text_values(struct kernel_agg *k, const struct kernel_groups *g, const void *values,
                          size_t rows, struct error *err)
{
    return text_rows(k, g, values, NULL, rows, err);
}

static status text_codes(struct kernel_agg *k, const struct kernel_groups *g,
                         const struct column_dictionary *d, const uint32_t *codes, size_t rows,
                         struct error *err)
{
    return text_rows(k, g, d->values, codes, rows, err);
}

static status text_run(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                       int64_t rows, struct error *err)
{
    if (!g->of_row)
        return add_text(k, kernel_state_of(g, 0), *(const struct str *)value, rows, err);
    for (size_t i = 0; i < (size_t)rows; i++)
        TRY(add_text(k, kernel_state_of(g, i), *(const struct str *)value, 1, err));
    return ST_OK;
}

/* ---- intervals ------------------------------------------------------------------------------- */

static int128 length_us(const struct column_interval *v)
{
    const int64_t day_us = 86400LL * 1000000;
    return ((int128)v->months * 30 + v->days) * day_us + v->us;
}

int kernel_interval_cmp(const struct column_interval *a, const struct column_interval *b)
{
    int128 x = length_us(a), y = length_us(b);
    if (x != y)
        return x < y ? -1 : 1;
    if (a->months != b->months)
        return a->months < b->months ? -1 : 1;
    return (a->days > b->days) - (a->days < b->days);
}

/* Before the count is raised: a count of 0 says that nothing is kept. */
void kernel_interval_extremes(const struct kernel_agg *k, char *state,
                              const struct column_interval *value)
{
    bool empty = *kernel_i64_at(state, k->at.count) == 0;
    if (k->need & KERNEL_MIN) {
        struct column_interval *min = kernel_interval_at(state, k->at.min);
        if (empty || kernel_interval_cmp(value, min) < 0)
            *min = *value;
    }
    if (k->need & KERNEL_MAX) {
        struct column_interval *max = kernel_interval_at(state, k->at.max);
        if (empty || kernel_interval_cmp(value, max) > 0)
            *max = *value;
    }
}

static void add_interval(const struct kernel_agg *k, char *state,
                         const struct column_interval *value, int64_t times)
{
    kernel_interval_extremes(k, state, value);
    *kernel_i64_at(state, k->at.count) += times;
    if (k->need & KERNEL_FIRST && !kernel_first_at(state, k->at.first)->met) {
        kernel_first_at(state, k->at.first)->met = 1;
        memcpy(kernel_first_at(state, k->at.first)->value, value, sizeof(*value));
    }
}

static status interval_values(struct kernel_agg *k, const struct kernel_groups *g,
                              const void *values, size_t rows, struct error *err)
{
    const struct column_interval *v = values;
    for (size_t i = 0; i < rows; i++)
        add_interval(k, kernel_state_of(g, i), &v[i], 1);
    return ST_OK;
}

static status interval_codes(struct kernel_agg *k, const struct kernel_groups *g,
                             const struct column_dictionary *d, const uint32_t *codes, size_t rows,
                             struct error *err)
{
    const struct column_interval *v = d->values;
    for (size_t i = 0; i < rows; i++)
        add_interval(k, kernel_state_of(g, i), &v[codes[i]], 1);
    return ST_OK;
}

static status interval_run(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                           int64_t rows, struct error *err)
{
    if (!g->of_row)
        add_interval(k, kernel_state_of(g, 0), value, rows);
    for (size_t i = 0; g->of_row && i < (size_t)rows; i++)
        add_interval(k, kernel_state_of(g, i), value, 1);
    return ST_OK;
}

const struct kernel_agg_functions kernel_functions_text = {
    .class = KERNEL_TEXT,
    .add_run = text_run,
    .add_codes = text_codes,
    .add_values = text_values,
};

const struct kernel_agg_functions kernel_functions_interval = {
    .class = KERNEL_INTERVAL,
    .add_run = interval_run,
    .add_codes = interval_codes,
    .add_values = interval_values,
};
