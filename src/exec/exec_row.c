// SPDX-License-Identifier: Apache-2.0
/* exec_row.c - the operators that look at one batch at a time: filter, project, limit, and the
 * source of constant rows.
 *
 * A filter hands on its input's spans as they are when every row passes; otherwise it gathers the
 * rows that pass. */
#include "exec/exec_gather.h"

#include <string.h>

/* ---- filter ---------------------------------------------------------------------------------- */

struct filter {
    struct column_stream input;   /* owned */
    const struct exec_context *c; /* borrowed */
    struct expr *predicate;       /* in c->arena */
    struct exec_gather gather;
};

static void filter_close(void *self)
{
    struct filter *f = self;
    f->input.close(f->input.self);
    exec_gather_free(&f->gather);
}

static status filter_next(void *self, struct column_batch *out, struct error *err)
{
    struct filter *f = self;
    uint16_t rows[COLUMN_SPAN_ROWS];
    for (;;) {
        size_t n = 0;
        TRY(exec_check_cancel(f->c, err));
        TRY(f->input.next(f->input.self, out, err));
        if (out->rows == 0)
            return ST_OK;
        TRY(expr_select(f->predicate, out, rows, &n, err));
        if ((int64_t)n == out->rows)
            return ST_OK;
        if (n == 0)
            continue;
        exec_gather_rows(&f->gather, out, rows, n, out);
        return ST_OK;
    }
}

static status filter_prepare(struct filter *f, struct query_plan *p, struct error *err)
{
    TRY(exec_compile(p->filter.predicate, f->c, &f->predicate, err));
    return exec_gather_init(&f->gather, &p->input->schema, f->c, err);
}

status exec_filter_open(struct query_plan *p, struct column_stream *input,
                        const struct exec_context *c, struct column_stream *out, struct error *err)
{
    struct filter *f;
    status st = ARENA_NEW(c->arena, struct filter, &f, err);
    if (st != ST_OK) {
        input->close(input->self);
        return st;
    }
    f->input = *input;
    f->c = c;
    st = filter_prepare(f, p, err);
    if (st != ST_OK) {
        filter_close(f);
        return st;
    }
    *out = (struct column_stream){&p->schema, f, filter_next, filter_close};
    return ST_OK;
}

/* ---- project --------------------------------------------------------------------------------- */

struct project {
    struct column_stream input;   /* owned */
    const struct exec_context *c; /* borrowed */
    size_t count;
    struct expr **values;      /* in c->arena */
    struct column_span *spans; /* in c->arena */
};

static void project_close(void *self)
{
    struct project *p = self;
    p->input.close(p->input.self);
}

static status project_next(void *self, struct column_batch *out, struct error *err)
{
    struct project *p = self;
    struct column_batch in;
    TRY(exec_check_cancel(p->c, err));
    TRY(p->input.next(p->input.self, &in, err));
    *out = (struct column_batch){in.rows, p->count, p->spans};
    for (size_t i = 0; in.rows > 0 && i < p->count; i++)
        TRY(expr_eval(p->values[i], &in, &p->spans[i], err));
    return ST_OK;
}

static status project_prepare(struct project *self, struct query_plan *p, struct error *err)
{
    const struct exec_context *c = self->c;
    self->count = p->schema.count;
    TRY(ARENA_ARRAY(c->arena, struct expr *, self->count, &self->values, err));
    TRY(ARENA_ARRAY(c->arena, struct column_span, self->count, &self->spans, err));
    for (size_t i = 0; i < self->count; i++)
        TRY(exec_compile(p->project.values[i], c, &self->values[i], err));
    return ST_OK;
}

status exec_project_open(struct query_plan *p, struct column_stream *input,
                         const struct exec_context *c, struct column_stream *out, struct error *err)
{
    struct project *self = NULL;
    status st = ARENA_NEW(c->arena, struct project, &self, err);
    if (st == ST_OK) {
        self->c = c;
        st = project_prepare(self, p, err);
    }
    if (st != ST_OK) {
        input->close(input->self);
        return st;
    }
    self->input = *input;
    *out = (struct column_stream){&p->schema, self, project_next, project_close};
    return ST_OK;
}

/* ---- limit ----------------------------------------------------------------------------------- */

struct limit {
    struct column_stream input;   /* owned */
    const struct exec_context *c; /* borrowed */
    int64_t skip, left;           /* rows; left -1 = no limit */
    const struct column_schema *schema;
    struct column_span *spans;            /* in c->arena */
    uint64_t (*words)[COLUMN_SPAN_WORDS]; /* in c->arena: shifted validity, one per column */
};

static void limit_close(void *self)
{
    struct limit *l = self;
    l->input.close(l->input.self);
}

static status limit_next(void *self, struct column_batch *out, struct error *err)
{
    struct limit *l = self;
    struct column_batch in = {0};
    for (;;) {
        *out = (struct column_batch){0, l->schema->count, l->spans};
        if (l->left == 0)
            return ST_OK;
        TRY(l->input.next(l->input.self, &in, err));
        if (in.rows == 0)
            return ST_OK;
        if (in.rows > l->skip)
            break;
        l->skip -= in.rows;
    }
    int64_t from = l->skip, rows = in.rows - l->skip;
    if (l->left >= 0 && rows > l->left)
        rows = l->left;
    for (size_t i = 0; i < l->schema->count; i++)
        l->spans[i] = column_span_slice(&in.spans[i], column_type_phys(l->schema->fields[i].type),
                                        from, rows, l->words[i]);
    l->skip = 0;
    l->left -= l->left >= 0 ? rows : 0;
    out->rows = rows;
    return ST_OK;
}

static status limit_prepare(struct query_plan *p, const struct exec_context *c, struct limit **out,
                            struct error *err)
{
    struct limit *l;
    TRY(ARENA_NEW(c->arena, struct limit, &l, err));
    *l = (struct limit){
        .c = c, .skip = p->limit.offset, .left = p->limit.limit, .schema = &p->schema};
    TRY(ARENA_ARRAY(c->arena, struct column_span, p->schema.count, &l->spans, err));
    TRY(arena_array(c->arena, p->schema.count, sizeof(*l->words), (void **)&l->words, err));
    *out = l;
    return ST_OK;
}

status exec_limit_open(struct query_plan *p, struct column_stream *input,
                       const struct exec_context *c, struct column_stream *out, struct error *err)
{
    struct limit *l;
    status st = limit_prepare(p, c, &l, err);
    if (st != ST_OK) {
        input->close(input->self);
        return st;
    }
    l->input = *input;
    *out = (struct column_stream){&p->schema, l, limit_next, limit_close};
    return ST_OK;
}

/* ---- constant rows --------------------------------------------------------------------------- */

struct values {
    const struct exec_context *c;  /* borrowed */
    struct query_plan *plan;       /* borrowed */
    int64_t at;                    /* next row */
    struct column_vector *vectors; /* in c->arena; each owned */
    struct column_span *spans;     /* in c->arena */
};

static void values_close(void *self)
{
    struct values *v = self;
    for (size_t i = 0; i < v->plan->schema.count; i++)
        column_vector_free(&v->vectors[i]);
}

static status values_next(void *self, struct column_batch *out, struct error *err)
{
    struct values *v = self;
    const struct query_plan *p = v->plan;
    size_t columns = p->schema.count;
    int64_t rows = p->values.rows - v->at;
    if (rows > COLUMN_SPAN_ROWS)
        rows = COLUMN_SPAN_ROWS;
    TRY(exec_check_cancel(v->c, err));
    for (size_t i = 0; i < columns; i++) {
        column_vector_clear(&v->vectors[i]);
        for (int64_t r = 0; r < rows; r++) {
            struct column_value value;
            TRY(exec_fold(p->values.cells[v->at + r][i], v->c, v->c->arena, &value, err));
            column_vector_append_value(&v->vectors[i], &value);
        }
        v->spans[i] = column_vector_span(&v->vectors[i]);
    }
    v->at += rows;
    *out = (struct column_batch){rows, columns, v->spans};
    return ST_OK;
}

status exec_values_open(struct query_plan *p, const struct exec_context *c,
                        struct column_stream *out, struct error *err)
{
    struct values *v;
    TRY(ARENA_NEW(c->arena, struct values, &v, err));
    *v = (struct values){.c = c, .plan = p};
    TRY(ARENA_ARRAY(c->arena, struct column_vector, p->schema.count, &v->vectors, err));
    TRY(ARENA_ARRAY(c->arena, struct column_span, p->schema.count, &v->spans, err));
    for (size_t i = 0; i < p->schema.count; i++) {
        status st = column_vector_init(&v->vectors[i], p->schema.fields[i].type, c->account, err);
        if (st != ST_OK) {
            values_close(v);
            return st;
        }
    }
    *out = (struct column_stream){&p->schema, v, values_next, values_close};
    return ST_OK;
}
