// SPDX-License-Identifier: Apache-2.0
/* exec_tally.c - counts the codes of small dictionaries.
 *
 *     codes    3 0 3 3 1 ...          counts   [0: a b c d][1: a b c d][2: a b c d] ...
 *     lane     a b c d a
 *
 * Rows go to the lanes in turns, so that a value which comes again and again does not wait for its
 * own count to be written. */
#include "exec/exec_tally.h"

#include <string.h>

#define LANES        4
#define MOST_ENTRIES 2048 /* counts stay in the nearest cache; larger dictionaries hardly repeat */
#define MOST_ROWS    ((int64_t)1 << 31) /* below what a u32 counts */
#define CAP_BYTES    ((size_t)1 << 20)

void exec_tally_init(struct exec_tally *t, struct mem_account *account)
{
    *t = (struct exec_tally){0};
    buffer_init(&t->values, account, CAP_BYTES);
    buffer_init(&t->counts, account, CAP_BYTES);
}

void exec_tally_free(struct exec_tally *t)
{
    buffer_free(&t->values);
    buffer_free(&t->counts);
}

bool exec_tally_takes(const struct exec_states_rows *r)
{
    return r->values && r->values->kind == SPAN_CODES &&
           r->values->dictionary->count <= MOST_ENTRIES;
}

static status begin(struct exec_tally *t, const struct column_dictionary *d, size_t value_bytes,
                    struct error *err)
{
    size_t count_bytes = (size_t)d->count * LANES * sizeof(uint32_t);
    buffer_clear(&t->values);
    buffer_clear(&t->counts);
    TRY(buffer_append(&t->values, d->values, d->count * value_bytes, err));
    TRY(buffer_reserve(&t->counts, count_bytes, err));
    memset(t->counts.data, 0, count_bytes);
    t->dictionary = d->id;
    t->entries = d->count;
    t->value_bytes = value_bytes;
    return ST_OK;
}

/* All rows, those of the span that are not NULL, or those of them that are selected. A NULL's code
 * is one of the dictionary's (C3), so it can be counted 0 times. */
#define COUNT(type)                                                                                \
    do {                                                                                           \
        const type *codes = r->values->codes;                                                      \
        const uint64_t *valid = r->values->valid;                                                  \
        for (size_t i = 0; r->selected && i < r->count; i++)                                       \
            counts[codes[r->selected[i]] * LANES + i % LANES] +=                                   \
                column_bit(valid, r->selected[i]);                                                 \
        for (size_t i = 0; !r->selected && valid && i < (size_t)r->rows; i++)                      \
            counts[codes[i] * LANES + i % LANES] += column_bit(valid, (int64_t)i);                 \
        for (size_t i = 0; !r->selected && !valid && i < (size_t)r->rows; i++)                     \
            counts[codes[i] * LANES + i % LANES]++;                                                \
    } while (0)

status exec_tally_add(struct exec_tally *t, const struct exec_states_rows *r, struct kernel_agg *k,
                      const struct kernel_groups *g, struct error *err)
{
    const struct column_dictionary *d = r->values->dictionary;
    if (t->dictionary != d->id || t->rows + r->rows > MOST_ROWS) {
        TRY(exec_tally_flush(t, k, g, err));
        TRY(begin(t, d, column_phys_bytes(k->phys), err));
    }
    uint32_t *counts = (uint32_t *)(void *)t->counts.data;
    if (r->values->code_bytes == 2)
        COUNT(uint16_t);
    else
        COUNT(uint32_t);
    t->rows += r->rows;
    return ST_OK;
}

status exec_tally_flush(struct exec_tally *t, struct kernel_agg *k, const struct kernel_groups *g,
                        struct error *err)
{
    const uint32_t *counts = (const uint32_t *)(const void *)t->counts.data;
    for (size_t i = 0; t->rows > 0 && i < t->entries; i++) {
        struct column_span run = {.kind = SPAN_RUN, .values = t->values.data + i * t->value_bytes};
        for (size_t lane = 0; lane < LANES; lane++)
            run.rows += counts[i * LANES + lane];
        if (run.rows > 0)
            TRY(kernel_agg_add(k, g, &run, run.rows, NULL, 0, err));
    }
    t->rows = 0;
    t->dictionary = 0;
    return ST_OK;
}
