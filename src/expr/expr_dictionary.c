// SPDX-License-Identifier: Apache-2.0
/* expr_dictionary.c - one evaluation per dictionary entry instead of one per row.
 *
 * A dictionary root is the highest node above exactly one column and nothing volatile. When that
 * column comes as CODES, the whole tree below the root is evaluated over the entries, once for each
 * dictionary, and the rows keep their codes:
 *
 *     column   codes 0 2 2 1 0   entries  'ab' 'c' 'def'
 *     root     codes 0 2 2 1 0   entries  upper() = 'AB' 'C' 'DEF'
 *
 * D1  entries that no row uses may raise nothing: if building raises anything, the dictionary is
 *     marked refused and its rows are evaluated one by one
 * D2  what is built for an id never changes (C6 of column_span.h); the value for NULL rows, where
 *     it is not NULL, is one more entry behind the others in a dictionary with an id of its own
 * D3  an entry whose result is NULL holds zeros and is used by no row that is not NULL
 *
 * A large dictionary is built only when as many rows as it has entries have been seen, so that
 * LIMIT 10 over a million entries stays cheap. */
#include "expr/expr_int.h"

#define SMALL_ENTRIES 1024u
#define MOST_ENTRIES  (1u << 20)

enum dictionary_state { WAITING, READY, REFUSED };

struct expr_dictionary {
    enum dictionary_state state;
    uint64_t source_id; /* the input dictionary all this is about; 0 = none yet */
    int64_t rows_seen;  /* with that dictionary */
    struct arena arena; /* values, bits and strings of this dictionary */
    size_t bytes;       /* of one value */
    struct column_dictionary result;
    uint64_t *entry_valid;     /* in <arena>: entries whose result is not NULL; NULL = all */
    bool null_known;           /* the result for NULL rows has been evaluated */
    bool null_is_null;         /* ... and is NULL; else it is entry result.count - 1 */
    struct column_batch batch; /* what the tree sees while building; spans in the node's memory */
    uint32_t codes[COLUMN_SPAN_ROWS];
    uint64_t valid[COLUMN_SPAN_WORDS];
};

static void dictionary_free(void *arg)
{
    struct expr_dictionary *d = arg;
    arena_free(&d->arena);
}

status expr_dictionary_create(struct expr_node *n, struct error *err)
{
    TRY(ARENA_NEW(n->memory, struct expr_dictionary, &n->dictionary, err));
    struct expr_dictionary *d = n->dictionary;
    d->bytes = n->bytes;
    d->batch.columns = (size_t)n->column + 1;
    TRY(ARENA_ARRAY(n->memory, struct column_span, d->batch.columns, &d->batch.spans, err));
    arena_init(&d->arena, n->memory->account);
    return arena_on_reset(n->memory, dictionary_free, d, err);
}

/* Evaluates the tree over `input`, which stands for the column; RUN or VALUES (X1). */
static status eval_over(struct expr_node *n, const struct column_span *input,
                        struct column_span *out, struct error *err)
{
    struct expr_dictionary *d = n->dictionary;
    d->batch.rows = input->rows;
    d->batch.spans[n->column] = *input;
    struct expr_frame f = {.batch = &d->batch,
                           .rows = input->rows,
                           .words = expr_mask_words(input->rows),
                           .text = &d->arena};
    return n->eval(n, &f, NULL, out, err);
}

static status build(struct expr_node *n, const struct column_dictionary *source, size_t in_bytes,
                    struct error *err)
{
    struct expr_dictionary *d = n->dictionary;
    size_t words = expr_mask_words(source->count);
    uint8_t *values;
    bool nulls = false;
    TRY(arena_array(&d->arena, source->count + 1, n->bytes, (void **)&values, err));
    TRY(ARENA_ARRAY(&d->arena, uint64_t, words + 1, &d->entry_valid, err));
    for (uint32_t from = 0; from < source->count; from += COLUMN_SPAN_ROWS) {
        uint32_t left = source->count - from;
        struct column_span s, input = {.kind = SPAN_VALUES,
                                       .rows = left < COLUMN_SPAN_ROWS ? left : COLUMN_SPAN_ROWS,
                                       .values = (const uint8_t *)source->values + from * in_bytes};
        uint64_t null_words[COLUMN_SPAN_WORDS];
        TRY(eval_over(n, &input, &s, err));
        s = column_span_flatten(&s, n->phys, values + from * n->bytes, null_words);
        if (s.values != values + from * n->bytes)
            memcpy(values + from * n->bytes, s.values, n->bytes * (size_t)s.rows);
        expr_mask_copy(d->entry_valid + from / 64, s.valid, s.rows);
        nulls |= s.valid != NULL;
    }
    if (!nulls)
        d->entry_valid = NULL;
    d->result = (struct column_dictionary){
        .id = column_dictionary_id(), .count = source->count, .values = values};
    return ST_OK;
}

/* The result for NULL rows; when it is a value it becomes the last entry (D2). */
static status build_null(struct expr_node *n, struct error *err)
{
    struct expr_dictionary *d = n->dictionary;
    struct column_span s, input = {.kind = SPAN_RUN, .rows = 1, .run_null = true};
    TRY(eval_over(n, &input, &s, err));
    d->null_known = true;
    d->null_is_null = column_span_null(&s, 0);
    if (d->null_is_null)
        return ST_OK;
    memcpy((uint8_t *)d->result.values + d->result.count * n->bytes, s.values, n->bytes);
    d->result.count++;
    d->result.id = column_dictionary_id();
    return ST_OK;
}

static uint32_t code_at(const struct column_span *s, int64_t i)
{
    return s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
}

/* Rows whose result is NULL without the input being so, or the other way round. */
static void recode(struct expr_dictionary *d, const struct column_span *in, struct column_span *out)
{
    uint32_t null_code = d->null_known && !d->null_is_null ? d->result.count - 1 : 0;
    memset(d->valid, 0, sizeof(d->valid));
    for (int64_t i = 0; i < in->rows; i++) {
        bool there = column_bit(in->valid, i);
        uint32_t code = there ? code_at(in, i) : null_code;
        bool ok = there ? column_bit(d->entry_valid, code) : !d->null_is_null;
        d->codes[i] = code;
        d->valid[i / 64] |= (uint64_t)ok << (i % 64);
    }
    out->code_bytes = 4;
    out->codes = d->codes;
    out->valid = d->valid;
}

/* Builds what is missing; on failure the rows are evaluated one by one (D1). */
static void prepare(struct expr_node *n, const struct column_span *in, size_t in_bytes)
{
    struct expr_dictionary *d = n->dictionary;
    if (in->dictionary->id != d->source_id) {
        d->source_id = in->dictionary->id;
        d->state = WAITING;
        d->rows_seen = 0;
        d->null_known = false;
    }
    d->rows_seen += in->rows;
    uint32_t count = in->dictionary->count;
    bool wanted = count <= SMALL_ENTRIES || (count <= MOST_ENTRIES && d->rows_seen >= count);
    if (d->state == WAITING && wanted) {
        arena_reset(&d->arena);
        d->state = build(n, in->dictionary, in_bytes, NULL) == ST_OK ? READY : REFUSED;
    }
    if (d->state == READY && in->valid && !d->null_known && build_null(n, NULL) != ST_OK)
        d->state = REFUSED;
}

static const struct expr_node *column_below(const struct expr_node *n)
{
    while (n->kind != QUERY_COLUMN) {
        size_t k = 0;
        while (n->args[k]->column == EXPR_NO_COLUMN)
            k++;
        n = n->args[k];
    }
    return n;
}

status expr_dictionary_eval(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                            struct column_span *out, struct error *err)
{
    struct expr_dictionary *d = n->dictionary;
    const struct column_span *in = &f->batch->spans[n->column];
    ENSURE(in->rows == f->rows, err);
    prepare(n, in, column_below(n)->bytes);
    if (d->state != READY)
        return n->eval(n, f, active, out, err);
    *out = (struct column_span){.kind = SPAN_CODES,
                                .code_bytes = in->code_bytes,
                                .rows = f->rows,
                                .valid = in->valid,
                                .codes = in->codes,
                                .dictionary = &d->result};
    if (d->entry_valid || (in->valid && !d->null_is_null))
        recode(d, in, out);
    return ST_OK;
}
