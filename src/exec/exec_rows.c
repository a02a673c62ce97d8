// SPDX-License-Identifier: Apache-2.0
/* exec_rows.c - rows kept whole in memory, column by column.
 *
 *     column: values [v0][v1]...   physical form, so a row's value is one multiplication away
 *             valid  [word][word]  bit i % 64 of word i / 64
 *     text:   an arena with the bytes that str values point at */
#include "exec/exec_int.h"

#include <string.h>

#define ROWS_CAP_BYTES ((size_t)1 << 40) /* the account is the real limit */

status exec_rows_init(struct exec_rows *r, const struct column_type *types, size_t columns,
                      struct mem_account *account, struct error *err)
{
    *r = (struct exec_rows){.account = account, .columns = columns};
    arena_init(&r->text, account);
    TRY(mem_calloc(account, columns * sizeof(*r->column), (void **)&r->column, err));
    for (size_t i = 0; i < columns; i++) {
        r->column[i].phys = column_type_phys(types[i]);
        buffer_init(&r->column[i].values, account, ROWS_CAP_BYTES);
        buffer_init(&r->column[i].valid, account, ROWS_CAP_BYTES);
    }
    return ST_OK;
}

void exec_rows_free(struct exec_rows *r)
{
    for (size_t i = 0; r->column && i < r->columns; i++) {
        buffer_free(&r->column[i].values);
        buffer_free(&r->column[i].valid);
    }
    mem_free(r->account, r->column, r->columns * sizeof(*r->column));
    r->column = NULL;
    arena_free(&r->text);
}

static status append_valid(struct exec_rows_column *col, int64_t before,
                           const struct column_span *s, int64_t rows, struct error *err)
{
    size_t words = (size_t)(before + rows + 63) / 64;
    while (col->valid.len < words * 8) {
        uint64_t zero = 0;
        TRY(buffer_append(&col->valid, &zero, 8, err));
    }
    uint64_t *bits = (uint64_t *)(void *)col->valid.data;
    for (int64_t i = 0; i < rows; i++)
        if (!column_span_null(s, i))
            bits[(before + i) / 64] |= (uint64_t)1 << ((before + i) % 64);
    return ST_OK;
}

static status own_text(struct exec_rows *r, struct str *values, int64_t rows, struct error *err)
{
    for (int64_t i = 0; i < rows; i++)
        if (values[i].len > 0)
            TRY(arena_str(&r->text, values[i], &values[i], err));
    return ST_OK;
}

status exec_rows_append(struct exec_rows *r, const struct column_span *spans, int64_t rows,
                        struct error *err)
{
    for (size_t i = 0; i < r->columns; i++) {
        struct exec_rows_column *col = &r->column[i];
        size_t width = column_phys_bytes(col->phys);
        TRY(append_valid(col, r->rows, &spans[i], rows, err));
        TRY(buffer_reserve(&col->values, (size_t)rows * width, err));
        uint8_t *at = col->values.data + col->values.len;
        uint64_t words[COLUMN_SPAN_WORDS];
        struct column_span flat = column_span_flatten(&spans[i], col->phys, at, words);
        if (flat.values != at)
            memcpy(at, flat.values, (size_t)rows * width);
        col->values.len += (size_t)rows * width;
        if (col->phys == PHYS_STR)
            TRY(own_text(r, (struct str *)(void *)at, rows, err));
    }
    r->rows += rows;
    return ST_OK;
}

int64_t exec_rows_batch(const struct exec_rows *r, int64_t from, struct column_span *spans)
{
    int64_t left = r->rows - from, rows = left < COLUMN_SPAN_ROWS ? left : COLUMN_SPAN_ROWS;
    for (size_t i = 0; i < r->columns; i++) {
        const struct exec_rows_column *col = &r->column[i];
        spans[i] = (struct column_span){
            .kind = SPAN_VALUES,
            .rows = rows,
            .valid = (const uint64_t *)(const void *)col->valid.data + from / 64,
            .values = col->values.data + (size_t)from * column_phys_bytes(col->phys)};
    }
    return rows;
}

void exec_rows_clear(struct exec_rows *r)
{
    for (size_t i = 0; i < r->columns; i++) {
        buffer_clear(&r->column[i].values);
        buffer_clear(&r->column[i].valid);
    }
    arena_reset(&r->text);
    r->rows = 0;
}
