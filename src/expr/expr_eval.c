// SPDX-License-Identifier: Apache-2.0
/* expr_eval.c - one node over one batch: arguments first, then one loop or many scalars.
 *
 *     arguments   RUN  RUN  VALUES          all RUN: the call is made once, the result is RUN
 *     live rows   active & valid & valid    word by word (X2)
 *     result      VALUES, valid = live rows whose result is not NULL (X3)
 *
 * A loop computes every row and raises only for live ones; a scalar is called for live rows only.
 */
#include "expr/expr_int.h"

static const uint64_t no_rows[COLUMN_SPAN_WORDS]; /* validity of a RUN of NULL */

void expr_mask_copy(uint64_t *to, const uint64_t *from, int64_t rows)
{
    size_t words = expr_mask_words(rows);
    if (from)
        memcpy(to, from, words * sizeof(*to));
    else
        memset(to, 0xFF, words * sizeof(*to));
    if (words)
        to[words - 1] &= expr_mask_tail(rows); /* X4 */
}

bool expr_mask_any(const uint64_t *mask, int64_t rows)
{
    uint64_t any = 0;
    for (size_t w = 0; w < expr_mask_words(rows); w++)
        any |= mask[w];
    return any != 0;
}

/* 64 or fewer bytes of 0 and 1 as bits. Eight bytes at once: the product moves byte i's bit to bit
 * 56 + i, where no other partial product reaches. */
static uint64_t pack_bits(const uint8_t *bytes, int64_t n)
{
    uint64_t bits = 0, eight;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&eight, bytes + i, 8);
        bits |= (eight * UINT64_C(0x0102040810204080)) >> 56 << i;
    }
    for (; i < n; i++)
        bits |= (uint64_t)bytes[i] << i;
    return bits;
}

static uint64_t pack_codes(const struct column_span *s, int64_t from, int64_t n)
{
    const uint8_t *entry = s->dictionary->values;
    uint64_t bits = 0;
    if (s->dictionary->count == 0)
        return 0;
    if (s->code_bytes == 2)
        for (int64_t i = 0; i < n; i++)
            bits |= (uint64_t)entry[((const uint16_t *)s->codes)[from + i]] << i;
    else
        for (int64_t i = 0; i < n; i++)
            bits |= (uint64_t)entry[((const uint32_t *)s->codes)[from + i]] << i;
    return bits;
}

void expr_mask_of(const struct column_span *s, uint64_t *is_true, uint64_t *not_null)
{
    size_t words = expr_mask_words(s->rows);
    if (s->kind == SPAN_RUN) {
        expr_mask_copy(not_null, NULL, s->rows);
        expr_mask_copy(is_true, NULL, s->rows);
        if (s->run_null)
            memset(not_null, 0, words * sizeof(*not_null));
        if (s->run_null || !*(const uint8_t *)s->values)
            memset(is_true, 0, words * sizeof(*is_true));
        return;
    }
    expr_mask_copy(not_null, s->valid, s->rows);
    for (size_t w = 0; w < words; w++) {
        int64_t from = (int64_t)w * 64, n = s->rows - from < 64 ? s->rows - from : 64;
        is_true[w] =
            not_null[w] & (s->kind == SPAN_CODES ? pack_codes(s, from, n)
                                                 : pack_bits((const uint8_t *)s->values + from, n));
    }
}

status expr_node_room(struct expr_node *n, struct error *err)
{
    if (n->values)
        return ST_OK;
    TRY(arena_calloc(n->memory, COLUMN_SPAN_WORDS * sizeof(uint64_t), (void **)&n->valid, err));
    return arena_calloc(n->memory, n->bytes * COLUMN_SPAN_ROWS, &n->values, err);
}

status expr_node_flatten(struct expr_node *n, struct column_span *s, struct error *err)
{
    if (s->kind != SPAN_CODES)
        return ST_OK;
    if (!n->flat)
        TRY(arena_calloc(n->memory, n->bytes * COLUMN_SPAN_ROWS, &n->flat, err));
    *s = column_span_flatten(s, n->phys, n->flat, NULL);
    return ST_OK;
}

status expr_node_eval(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                      struct column_span *out, struct error *err)
{
    if (n->dictionary && (size_t)n->column < f->batch->columns &&
        f->batch->spans[n->column].kind == SPAN_CODES)
        return expr_dictionary_eval(n, f, active, out, err);
    return n->eval(n, f, active, out, err);
}

status expr_node_constant(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                          struct column_span *out, struct error *err)
{
    *out = (struct column_span){
        .kind = SPAN_RUN, .rows = f->rows, .run_null = n->run_null, .values = n->one};
    return ST_OK;
}

status expr_node_column(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                        struct column_span *out, struct error *err)
{
    if ((size_t)n->column >= f->batch->columns)
        FAIL(err, ST_INTERNAL, "an expression asks for column %d of a batch with %zu", n->column,
             f->batch->columns);
    *out = f->batch->spans[n->column];
    ENSURE(out->rows == f->rows, err);
    return ST_OK;
}

/* One call of the scalar per live row; `valid` becomes live rows whose result is not NULL, and
 * *nulls says whether any is missing. */
static status apply_scalar(struct expr_node *n, const struct expr_lanes *r, uint64_t *valid,
                           bool *nulls, struct error *err)
{
    struct expr_call *c = n->call;
    uint8_t *to = r->out;
    size_t bytes = column_phys_bytes(column_type_phys(c->type));
    const void *few[4], **arg = few;
    if (n->arg_count > ARRAY_LEN(few))
        TRY(ARENA_ARRAY(c->text, void *, n->arg_count, &arg, err));
    expr_mask_copy(valid, r->live, r->rows);
    *nulls = r->live != NULL;
    for (int64_t i = 0; i < r->rows; i++, to += bytes) {
        c->null = !(valid[i / 64] >> (i % 64) & 1);
        for (size_t k = 0; k < n->arg_count && !c->null; k++) {
            int64_t at = i * (int64_t)r->steps[k];
            arg[k] = c->null_ok && !column_bit(r->valid[k], at)
                         ? NULL
                         : (const uint8_t *)r->args[k] + (size_t)at * n->arg_bytes[k];
        }
        if (!c->null)
            TRY(c->scalar(c, arg, to, err));
        if (c->null) {
            memset(to, 0, bytes); /* X3 */
            valid[i / 64] &= ~(UINT64_C(1) << (i % 64));
            *nulls = true;
        }
    }
    return ST_OK;
}

/* X3 for a loop's result of str: rows that are not live may hold anything. */
static void clear_dead(const struct expr_lanes *r, enum column_phys phys)
{
    if (phys != PHYS_STR || !r->live)
        return;
    for (int64_t i = 0; i < r->rows; i++)
        if (!column_bit(r->live, i))
            ((struct str *)r->out)[i] = (struct str){0};
}

/* Arguments as a loop sees them, and the live rows among `active` in `live`; false when every row
 * is live. */
static bool prepare_rows(struct expr_node *n, const uint64_t *active, struct expr_lanes *r,
                         uint64_t *live)
{
    bool some = active != NULL;
    if (some)
        expr_mask_copy(live, active, r->rows);
    for (size_t k = 0; k < n->arg_count; k++) {
        const struct column_span *s = &n->spans[k];
        n->arg_values[k] = s->kind == SPAN_RUN && s->run_null ? no_rows : s->values;
        n->arg_steps[k] = s->kind == SPAN_VALUES;
        n->arg_valid[k] = s->kind == SPAN_RUN ? (s->run_null ? no_rows : NULL) : s->valid;
        if (n->call->null_ok || !n->arg_valid[k])
            continue;
        if (!some)
            expr_mask_copy(live, NULL, r->rows);
        some = true;
        for (size_t w = 0; w < expr_mask_words(r->rows); w++)
            live[w] &= n->arg_valid[k][w];
    }
    r->args = n->arg_values;
    r->valid = n->arg_valid;
    r->steps = n->arg_steps;
    return some;
}

status expr_node_apply(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                       struct column_span *out, struct error *err)
{
    struct expr_call *c = n->call;
    bool run = !n->per_row, null = false;
    for (size_t k = 0; k < n->arg_count; k++) {
        run &= n->spans[k].kind == SPAN_RUN;
        null |= n->spans[k].kind == SPAN_RUN && n->spans[k].run_null;
        TRY(expr_node_flatten(n->args[k], &n->spans[k], err));
    }
    *out = (struct column_span){.kind = SPAN_RUN, .rows = f->rows, .run_null = true};
    if ((null && !c->null_ok) || (run && active && !expr_mask_any(active, f->rows)))
        return ST_OK;
    uint64_t one_valid[1], live[COLUMN_SPAN_WORDS], *valid = one_valid;
    struct expr_lanes r = {.rows = run ? 1 : f->rows, .out = n->one};
    if (!run) {
        TRY(expr_node_room(n, err));
        r.out = n->values;
        valid = n->valid;
    }
    bool nulls = prepare_rows(n, run ? NULL : active, &r, live);
    r.live = nulls ? live : NULL;
    c->text = f->text;
    if (c->loop) {
        TRY(c->loop(c, &r, err));
        clear_dead(&r, column_type_phys(c->type));
        expr_mask_copy(valid, r.live, r.rows);
    } else {
        TRY(apply_scalar(n, &r, valid, &nulls, err));
    }
    out->values = r.out;
    if (run) {
        out->run_null = nulls;
    } else {
        out->kind = SPAN_VALUES;
        out->run_null = false;
        out->valid = nulls ? valid : NULL;
    }
    return ST_OK;
}

status expr_node_call(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                      struct column_span *out, struct error *err)
{
    for (size_t k = 0; k < n->arg_count; k++)
        TRY(expr_node_eval(n->args[k], f, active, &n->spans[k], err));
    return expr_node_apply(n, f, active, out, err);
}
