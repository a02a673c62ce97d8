// SPDX-License-Identifier: Apache-2.0
/* summary_compare.c - the stored groups against the recomputed ones, in one pass over both.
 *
 *     stored       a  b  c  c  e        both sorted by key
 *     recomputed   a  b  c  d  e
 *                  =  =  =  |  =        c twice; d is missing
 *
 * Recomputed keys stand once each, so a stored key that comes again still meets its group: the
 * stored side moves on first. Two batches are in memory, whatever the number of groups.
 *
 * C1  keys compare as they are sorted (-0.0 is 0.0), values by their bits (it is not); a NaN is a NaN */
#include "summary/summary_verify.h"

#include "column/column_text.h"

#define VALUE_BYTES 60  /* of one value in a message */
#define KEY_BYTES   400 /* of a group's key in a message */
#define TEXT_BYTES  ((size_t)1 << 20)

/* ---- words ----------------------------------------------------------------------------------- */

status summary_put_value(const struct column_value *v, const struct zone *zone, struct buffer *out,
                         struct error *err)
{
    struct column_value shown = *v;
    if (v->null)
        return buffer_append_str(out, STR("NULL"), err);
    if (column_type_phys(v->type) == PHYS_STR && v->type.kind != COLUMN_UUID &&
        v->str.len > VALUE_BYTES) {
        shown.str.len = VALUE_BYTES;
        while (shown.str.len > 0 && ((uint8_t)shown.str.ptr[shown.str.len] & 0xC0) == 0x80)
            shown.str.len--; /* not inside a character */
    }
    return column_text_format(&shown, zone, out, err);
}

status summary_put_key(const struct summary_comparison *c, const struct column_value *keys,
                       struct buffer *out, struct error *err)
{
    for (size_t k = 0; k < c->key_count; k++) {
        TRY(buffer_printf(out, err, "%s%.*s=", k ? ", " : "(",
                          STR_ARG(c->d->columns[c->keys[k]].name)));
        TRY(summary_put_value(&keys[k], c->zone, out, err));
        if (out->len > KEY_BYTES && k + 1 < c->key_count)
            return buffer_append_str(out, STR(", ...)"), err);
    }
    return buffer_append_byte(out, ')', err);
}

/* "column total", "state_rest of total"; a hidden row count is "state count". */
static status put_column(const struct summary_definition *d, size_t column, struct buffer *out,
                         struct error *err)
{
    if (column < d->column_count)
        return buffer_printf(out, err, "column %.*s", STR_ARG(d->columns[column].name));
    const struct summary_state *s = &d->states[column - d->column_count];
    TRY(buffer_printf(out, err, "%s%s", s->arg < 0 ? "state " : "", query_agg_name(s->kind)));
    for (size_t i = 0; s->arg >= 0 && i < d->column_count; i++)
        if (d->columns[i].kind == SUMMARY_MEASURE && d->columns[i].arg == s->arg)
            return buffer_printf(out, err, " of %.*s", STR_ARG(d->columns[i].name));
    return ST_OK;
}

/* ---- two streams ----------------------------------------------------------------------------- */

struct side {
    struct column_stream *rows; /* borrowed */
    struct column_batch batch;  /* rows 0: the end */
    int64_t at;
};

struct comparing {
    const struct summary_comparison *c;
    struct side stored, recomputed;
    struct column_value *keys; /* key_count: of the group in a message */
    struct buffer text;        /* of a message */
};

static status advance(struct side *s, struct error *err)
{
    if (++s->at < s->batch.rows)
        return ST_OK;
    s->at = 0;
    return s->rows->next(s->rows->self, &s->batch, err);
}

static bool ended(const struct side *s)
{
    return s->batch.rows == 0;
}

static void value_at(const struct side *s, size_t column, struct column_value *out)
{
    column_span_value(&s->batch.spans[column], s->rows->schema->fields[column].type, s->at, out);
}

/* NULL behind every value, as the sort has it. */
static int value_cmp(const struct column_value *a, const struct column_value *b, bool bits)
{
    if (a->null || b->null)
        return (int)a->null - (int)b->null;
    return column_value_cmp(a, b, bits);
}

static int key_cmp(const struct comparing *x)
{
    if (ended(&x->stored) || ended(&x->recomputed))
        return (int)ended(&x->stored) - (int)ended(&x->recomputed);
    int order = 0;
    for (size_t k = 0; k < x->c->key_count && order == 0; k++) {
        struct column_value a, b;
        value_at(&x->stored, (size_t)x->c->keys[k], &a);
        value_at(&x->recomputed, (size_t)x->c->keys[k], &b);
        order = value_cmp(&a, &b, false);
    }
    return order;
}

static status put_key_at(struct comparing *x, const struct side *s, struct error *err)
{
    for (size_t k = 0; k < x->c->key_count; k++)
        value_at(s, (size_t)x->c->keys[k], &x->keys[k]);
    buffer_clear(&x->text);
    TRY(buffer_append_str(&x->text, STR("group "), err));
    return summary_put_key(x->c, x->keys, &x->text, err);
}

static status fail_group(struct comparing *x, const struct side *s, const char *how,
                         struct error *err)
{
    TRY(put_key_at(x, s, err));
    FAIL(err, ST_DIFFERS, "%.*s %s", STR_ARG(buffer_str(&x->text)), how);
}

static status fail_value(struct comparing *x, size_t column, const struct column_value *stored,
                         const struct column_value *recomputed, struct error *err)
{
    TRY(put_key_at(x, &x->stored, err));
    TRY(buffer_append_str(&x->text, STR(", "), err));
    TRY(put_column(x->c->d, column, &x->text, err));
    TRY(buffer_append_str(&x->text, STR(": stored "), err));
    TRY(summary_put_value(stored, x->c->zone, &x->text, err));
    TRY(buffer_append_str(&x->text, STR(", recomputed "), err));
    TRY(summary_put_value(recomputed, x->c->zone, &x->text, err));
    FAIL(err, ST_DIFFERS, "%.*s", STR_ARG(buffer_str(&x->text)));
}

static status compare_values(struct comparing *x, struct error *err)
{
    for (size_t i = 0; i < x->c->columns; i++) {
        struct column_value a, b;
        value_at(&x->stored, i, &a);
        value_at(&x->recomputed, i, &b);
        if (value_cmp(&a, &b, true) != 0)
            return fail_value(x, i, &a, &b, err);
    }
    return ST_OK;
}

static status compare_all(struct comparing *x, int64_t *rows, struct error *err)
{
    TRY(x->recomputed.rows->next(x->recomputed.rows->self, &x->recomputed.batch, err));
    TRY(x->stored.rows->next(x->stored.rows->self, &x->stored.batch, err));
    for (*rows = 0; !ended(&x->stored) || !ended(&x->recomputed); ++*rows) {
        int order = key_cmp(x);
        if (order < 0)
            return fail_group(x, &x->stored, "is stored, and the raw table has no such rows", err);
        if (order > 0)
            return fail_group(x, &x->recomputed, "is missing: the raw table has it", err);
        TRY(compare_values(x, err));
        TRY(advance(&x->stored, err));
        if (key_cmp(x) == 0)
            return fail_group(x, &x->stored, "is stored more than once", err);
        TRY(advance(&x->recomputed, err));
    }
    return ST_OK;
}

status summary_compare(const struct summary_comparison *c, struct column_stream *stored,
                       struct column_stream *recomputed, struct arena *arena, int64_t *rows,
                       struct error *err)
{
    struct comparing x = {.c = c, .stored = {.rows = stored}, .recomputed = {.rows = recomputed}};
    TRY(ARENA_ARRAY(arena, struct column_value, c->key_count, &x.keys, err));
    buffer_init(&x.text, arena->account, TEXT_BYTES);
    status st = compare_all(&x, rows, err);
    buffer_free(&x.text);
    return st;
}
