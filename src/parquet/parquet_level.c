// SPDX-License-Identifier: Apache-2.0
/* parquet_level.c - one leaf of a list or map, entry by entry: levels and, where it is not NULL, a
 * value.
 *
 * Entries are decoded a batch at a time: all levels of the batch, then as many values as levels say.
 *
 *     repetition [0 1 1 0 ...]   `at` is the entry that stands next
 *     definition [3 3 2 3 ...]
 *     values     [a b   c ...]   `value_at` is its value, when its definition is the leaf's most
 *
 * V1  value_at counts the entries before `at` of the batch whose definition is max_definition
 * V2  no level is above its most, and the chunk's first repetition is 0 */
#include "parquet/parquet_nested_int.h"

status parquet_level_open(struct parquet_level *l, const struct parquet_file *f, size_t group,
                          size_t leaf, struct column_type want, bool with_values, struct error *err)
{
    TRY(parquet_pager_init(&l->pager, f, group, leaf, want, err));
    l->with_values = with_values;
    l->value_bytes = l->pager.convert.value_bytes;
    struct mem_account *account = f->account;
    TRY(mem_alloc(account, COLUMN_SPAN_ROWS * sizeof(uint16_t), (void **)&l->repetition, err));
    TRY(mem_alloc(account, COLUMN_SPAN_ROWS * sizeof(uint16_t), (void **)&l->definition, err));
    return with_values
               ? mem_alloc_aligned(account, COLUMN_SPAN_ROWS * l->value_bytes, &l->values, err)
               : ST_OK;
}

void parquet_level_close(struct parquet_level *l)
{
    struct mem_account *account = l->pager.account;
    mem_free(account, l->repetition, COLUMN_SPAN_ROWS * sizeof(uint16_t));
    mem_free(account, l->definition, COLUMN_SPAN_ROWS * sizeof(uint16_t));
    mem_free(account, l->values, COLUMN_SPAN_ROWS * l->value_bytes);
    parquet_pager_free(&l->pager);
}

static status take_levels(struct parquet_rle *r, size_t n, unsigned most, uint16_t *out,
                          struct error *err)
{
    size_t got;
    TRY(parquet_rle_u16(r, n, UINT64_MAX, out, &got, err));
    uint16_t greatest = kernel_max_u16(out, n);
    if (greatest > most) /* V2 */
        FAIL(err, ST_CORRUPT, "a level is %u, the most is %u", greatest, most);
    return ST_OK;
}

/* Codes to values, where the codes stood: in scratch. */
static status take_coded(struct parquet_level *l, size_t n, struct error *err)
{
    struct parquet_pager *p = &l->pager;
    size_t each = l->value_bytes, got;
    const uint8_t *entries = p->dictionary_values;
    uint8_t *out = l->values;
    TRY(parquet_pager_scratch(p, err));
    TRY(parquet_pager_codes(p, n, UINT64_MAX, p->scratch, &got, err));
    for (size_t i = 0; i < n; i++) {
        uint32_t code = p->code_bytes == 2 ? ((const uint16_t *)p->scratch)[i]
                                           : ((const uint32_t *)p->scratch)[i];
        memcpy(out + i * each, entries + code * each, each);
    }
    return ST_OK;
}

static status take_batch(struct parquet_level *l, struct error *err)
{
    struct parquet_pager *p = &l->pager;
    const void *at;
    while (p->left == 0)
        TRY(parquet_pager_next(p, 0, err));
    size_t n = p->left < COLUMN_SPAN_ROWS ? (size_t)p->left : COLUMN_SPAN_ROWS, present;
    TRY(take_levels(&p->repetition, n, p->leaf->max_repetition, l->repetition, err));
    TRY(take_levels(&p->definition, n, p->leaf->max_definition, l->definition, err));
    if (p->at == 0 && l->repetition[0] != 0)
        FAIL(err, ST_CORRUPT, "the first row begins with repetition level %u", l->repetition[0]);
    present = kernel_equal_u16(l->definition, n, p->leaf->max_definition, NULL, 0);
    if (present > 0 && !l->with_values)
        TRY(parquet_pager_skip_values(p, present, err));
    else if (present > 0 && p->coded)
        TRY(take_coded(l, present, err));
    else if (present > 0)
        TRY(parquet_pager_values(p, present, false, l->values, &at, err));
    l->count = n;
    l->at = l->value_at = 0;
    p->at += (int64_t)n;
    p->left -= (int64_t)n;
    return ST_OK;
}

status parquet_level_peek(struct parquet_level *l, bool *end, struct error *err)
{
    *end = l->at == l->count && l->pager.at == l->pager.entries;
    if (l->at < l->count || *end)
        return ST_OK;
    status st = take_batch(l, err);
    if (st != ST_OK)
        parquet_pager_context(&l->pager, true, err);
    return st;
}

const void *parquet_level_take(struct parquet_level *l)
{
    bool present = l->definition[l->at++] == l->pager.leaf->max_definition;
    return present && l->with_values ? (const uint8_t *)l->values + l->value_at++ * l->value_bytes
                                     : NULL;
}
