// SPDX-License-Identifier: Apache-2.0
/* exec_gather.c - copies the chosen rows of a batch: for filters and for scans with deletes. */
#include "exec/exec_gather.h"

#include <string.h>

/* Copies the chosen elements of `width` bytes each. */
static void gather(uint8_t *to, const uint8_t *from, size_t width, const uint16_t *rows, size_t n)
{
    switch (width) {
    case 1:
        for (size_t i = 0; i < n; i++)
            to[i] = from[rows[i]];
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * 2, from + rows[i] * 2u, 2);
        break;
    case 4:
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * 4, from + rows[i] * 4u, 4);
        break;
    case 8:
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * 8, from + rows[i] * 8u, 8);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * width, from + rows[i] * width, width);
    }
}

static struct column_span gather_span(struct exec_gather_column *col, const struct column_span *s,
                                      const uint16_t *rows, size_t n)
{
    struct column_span out = *s;
    out.rows = (int64_t)n;
    if (s->kind == SPAN_RUN)
        return out;
    size_t width = s->kind == SPAN_CODES ? s->code_bytes : col->value_bytes;
    gather(col->values, s->kind == SPAN_CODES ? s->codes : s->values, width, rows, n);
    if (s->kind == SPAN_CODES)
        out.codes = col->values;
    else
        out.values = col->values;
    if (s->valid) {
        memset(col->valid, 0, sizeof(col->valid));
        for (size_t i = 0; i < n; i++)
            if (column_bit(s->valid, rows[i]))
                col->valid[i / 64] |= (uint64_t)1 << (i % 64);
        out.valid = col->valid;
    }
    return out;
}

void exec_gather_rows(struct exec_gather *g, const struct column_batch *in, const uint16_t *rows,
                      size_t n, struct column_batch *out)
{
    for (size_t i = 0; i < g->count; i++)
        g->spans[i] = gather_span(&g->columns[i], &in->spans[i], rows, n);
    *out = (struct column_batch){(int64_t)n, g->count, g->spans};
}

status exec_gather_init(struct exec_gather *g, const struct column_schema *schema,
                        const struct exec_context *c, struct error *err)
{
    *g = (struct exec_gather){.account = c->account};
    TRY(ARENA_ARRAY(c->arena, struct exec_gather_column, schema->count, &g->columns, err));
    TRY(ARENA_ARRAY(c->arena, struct column_span, schema->count, &g->spans, err));
    for (size_t i = 0; i < schema->count; i++) {
        struct exec_gather_column *col = &g->columns[i];
        col->value_bytes = column_phys_bytes(column_type_phys(schema->fields[i].type));
        col->room_bytes = (col->value_bytes < 4 ? 4 : col->value_bytes) * COLUMN_SPAN_ROWS;
        TRY(mem_alloc_aligned(c->account, col->room_bytes, &col->values, err));
        g->count = i + 1;
    }
    return ST_OK;
}

void exec_gather_free(struct exec_gather *g)
{
    for (size_t i = 0; i < g->count; i++)
        mem_free(g->account, g->columns[i].values, g->columns[i].room_bytes);
    g->count = 0;
}

size_t exec_gather_list(const uint64_t *words, int64_t rows, bool set, uint16_t *out)
{
    size_t n = 0;
    for (int64_t w = 0; w * 64 < rows; w++) {
        int64_t left = rows - w * 64;
        uint64_t in = left < 64 ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
        for (uint64_t wanted = in & (set ? words[w] : ~words[w]); wanted; wanted &= wanted - 1)
            out[n++] = (uint16_t)(w * 64 + __builtin_ctzll(wanted));
    }
    return n;
}
