// SPDX-License-Identifier: Apache-2.0
/* exec_sort.c - ORDER BY: all rows in, then out in key order.
 *
 *     in:   input columns and evaluated keys are appended to exec_rows
 *     sort: an array of row numbers, by merge sort (stable: equal keys keep their input order)
 *     out:  rows gathered in that order, COLUMN_SPAN_ROWS at a time
 *
 * Keys compare as column_value_cmp with total = false: -0.0 equals +0.0, NaN is greatest. */
#include "exec/exec_int.h"

#include <string.h>

struct sort {
    struct column_stream input;    /* owned */
    const struct exec_context *c;  /* borrowed */
    const struct query_plan *plan; /* borrowed */
    struct expr **keys;            /* in c->arena */
    struct exec_rows rows;         /* input columns, then keys */
    uint32_t *order, *spare;       /* owned: row numbers */
    size_t order_bytes;
    bool sorted;
    int64_t at;                /* next row to hand out */
    struct column_vector *out; /* in c->arena; each owned */
    struct column_span *spans; /* in c->arena: outputs, then keys while reading */
};

static void sort_close(void *self)
{
    struct sort *s = self;
    s->input.close(s->input.self);
    exec_rows_free(&s->rows);
    mem_free(s->c->account, s->order, s->order_bytes);
    mem_free(s->c->account, s->spare, s->order_bytes);
    for (size_t i = 0; s->out && i < s->plan->schema.count; i++)
        column_vector_free(&s->out[i]);
}

static bool row_null(const struct exec_rows_column *col, uint32_t row)
{
    return !column_bit((const uint64_t *)(const void *)col->valid.data, row);
}

static void row_value(const struct exec_rows_column *col, uint32_t row, struct column_type type,
                      struct column_value *out)
{
    size_t width = column_phys_bytes(col->phys);
    struct column_span one = {
        .kind = SPAN_RUN, .rows = 1, .values = col->values.data + row * width};
    column_span_value(&one, type, 0, out);
}

static int key_cmp(const struct sort *s, uint32_t a, uint32_t b)
{
    for (size_t k = 0; k < s->plan->sort.count; k++) {
        const struct query_sort_key *key = &s->plan->sort.keys[k];
        const struct exec_rows_column *col = &s->rows.column[s->plan->schema.count + k];
        bool na = row_null(col, a), nb = row_null(col, b);
        if (na || nb) {
            if (na != nb)
                return na == key->nulls_first ? -1 : 1;
            continue;
        }
        struct column_value va, vb;
        row_value(col, a, key->value->type, &va);
        row_value(col, b, key->value->type, &vb);
        int c = column_value_cmp(&va, &vb, false);
        if (c)
            return key->descending ? -c : c;
    }
    return 0;
}

/* Bottom-up merge sort of s->order; s->spare is the other half of each pass. */
static status merge_sort(struct sort *s, size_t n, struct error *err)
{
    for (size_t width = 1; width < n; width *= 2) {
        TRY(exec_check_cancel(s->c, err));
        for (size_t from = 0; from < n; from += 2 * width) {
            size_t mid = from + width < n ? from + width : n;
            size_t end = from + 2 * width < n ? from + 2 * width : n;
            size_t a = from, b = mid, to = from;
            while (a < mid && b < end)
                s->spare[to++] =
                    key_cmp(s, s->order[b], s->order[a]) < 0 ? s->order[b++] : s->order[a++];
            memcpy(s->spare + to, s->order + a, (mid - a) * sizeof(*s->order));
            to += mid - a;
            memcpy(s->spare + to, s->order + b, (end - b) * sizeof(*s->order));
        }
        uint32_t *t = s->order;
        s->order = s->spare;
        s->spare = t;
    }
    return ST_OK;
}

static status sort_read(struct sort *s, struct error *err)
{
    size_t columns = s->plan->schema.count;
    for (;;) {
        struct column_batch in;
        TRY(s->input.next(s->input.self, &in, err));
        if (in.rows == 0)
            break;
        memcpy(s->spans, in.spans, columns * sizeof(*s->spans));
        for (size_t k = 0; k < s->plan->sort.count; k++)
            TRY(expr_eval(s->keys[k], &in, &s->spans[columns + k], err));
        TRY(exec_rows_append(&s->rows, s->spans, in.rows, err));
        if (s->rows.rows > UINT32_MAX)
            FAIL(err, ST_LIMIT, "a sort of more than %u rows", UINT32_MAX);
    }
    size_t n = (size_t)s->rows.rows;
    s->order_bytes = n * sizeof(*s->order);
    TRY(mem_alloc(s->c->account, s->order_bytes, (void **)&s->order, err));
    TRY(mem_alloc(s->c->account, s->order_bytes, (void **)&s->spare, err));
    for (size_t i = 0; i < n; i++)
        s->order[i] = (uint32_t)i;
    TRY(merge_sort(s, n, err));
    s->sorted = true;
    return ST_OK;
}

static status sort_next(void *self, struct column_batch *out, struct error *err)
{
    struct sort *s = self;
    size_t columns = s->plan->schema.count;
    if (!s->sorted)
        TRY(sort_read(s, err));
    int64_t rows = s->rows.rows - s->at;
    if (rows > COLUMN_SPAN_ROWS)
        rows = COLUMN_SPAN_ROWS;
    for (size_t i = 0; i < columns; i++) {
        const struct exec_rows_column *col = &s->rows.column[i];
        size_t width = column_phys_bytes(col->phys);
        column_vector_clear(&s->out[i]);
        for (int64_t r = 0; r < rows; r++) {
            uint32_t row = s->order[s->at + r];
            if (row_null(col, row))
                column_vector_append_null(&s->out[i]);
            else
                column_vector_append(&s->out[i], col->values.data + row * width);
        }
        s->spans[i] = column_vector_span(&s->out[i]);
    }
    s->at += rows;
    *out = (struct column_batch){rows, columns, s->spans};
    return ST_OK;
}

static status sort_prepare(struct sort *s, struct query_plan *p, struct error *err)
{
    const struct exec_context *c = s->c;
    size_t columns = p->schema.count, all = columns + p->sort.count;
    struct column_type *types;
    TRY(ARENA_ARRAY(c->arena, struct column_type, all, &types, err));
    TRY(ARENA_ARRAY(c->arena, struct expr *, p->sort.count, &s->keys, err));
    TRY(ARENA_ARRAY(c->arena, struct column_span, all, &s->spans, err));
    TRY(ARENA_ARRAY(c->arena, struct column_vector, columns, &s->out, err));
    for (size_t i = 0; i < columns; i++) {
        types[i] = p->schema.fields[i].type;
        TRY(column_vector_init(&s->out[i], types[i], c->account, err));
    }
    for (size_t k = 0; k < p->sort.count; k++) {
        types[columns + k] = p->sort.keys[k].value->type;
        TRY(exec_compile(p->sort.keys[k].value, c, &s->keys[k], err));
    }
    return exec_rows_init(&s->rows, types, all, c->account, err);
}

status exec_sort_open(struct query_plan *p, struct column_stream *input,
                      const struct exec_context *c, struct column_stream *out, struct error *err)
{
    struct sort *s;
    status st = ARENA_NEW(c->arena, struct sort, &s, err);
    if (st != ST_OK) {
        input->close(input->self);
        return st;
    }
    s->input = *input;
    s->c = c;
    s->plan = p;
    st = sort_prepare(s, p, err);
    if (st != ST_OK) {
        sort_close(s);
        return st;
    }
    *out = (struct column_stream){&p->schema, s, sort_next, sort_close};
    return ST_OK;
}
