// SPDX-License-Identifier: Apache-2.0
/* exec_held.c - the rows of a plan, kept in memory so that several plans can read them.
 *
 *     exec_hold:  plan -> exec_rows, behind a HELD node
 *     open:       HELD, all of them or a range -> batches that borrow from the rows
 *
 * Streams over one node share its rows and know only where each of them stands, so they may be open
 * at the same time; exec_held_free is for when all of them are closed. */
#include "exec/exec_int.h"

struct exec_held {
    struct exec_rows rows;
};

static status read_all(struct query_plan *plan, const struct exec_context *c,
                       struct exec_rows *rows, struct error *err)
{
    struct column_stream in;
    struct column_batch batch;
    TRY(exec_open(plan, c, &in, err));
    status st;
    while ((st = in.next(in.self, &batch, err)) == ST_OK && batch.rows > 0)
        TRY_DONE(exec_rows_append(rows, batch.spans, batch.rows, err));
done:
    in.close(in.self);
    return st;
}

static status hold(struct query_plan *plan, const struct exec_context *c, struct exec_rows *rows,
                   struct error *err)
{
    struct column_type *types;
    TRY(ARENA_ARRAY(c->arena, struct column_type, plan->schema.count, &types, err));
    for (size_t i = 0; i < plan->schema.count; i++)
        types[i] = plan->schema.fields[i].type;
    status st = exec_rows_init(rows, types, plan->schema.count, c->account, err);
    if (st == ST_OK)
        st = read_all(plan, c, rows, err);
    if (st != ST_OK)
        exec_rows_free(rows);
    return st;
}

status exec_hold(struct query_plan *plan, const struct exec_context *c, struct query_plan **out,
                 struct error *err)
{
    struct exec_held *held;
    TRY(ARENA_NEW(c->arena, struct query_plan, out, err));
    TRY(ARENA_NEW(c->arena, struct exec_held, &held, err));
    TRY(hold(plan, c, &held->rows, err));
    (*out)->kind = QUERY_PLAN_HELD;
    (*out)->schema = plan->schema;
    (*out)->held.rows = held;
    (*out)->held.count = held->rows.rows;
    return ST_OK;
}

void exec_held_free(struct query_plan *held)
{
    if (held)
        exec_rows_free(&held->held.rows->rows);
}

int64_t exec_held_rows(const struct query_plan *held)
{
    return held->held.count;
}

/* ---- the node's stream ------------------------------------------------------------------------ */

struct held_stream {
    const struct exec_context *c;         /* borrowed */
    const struct exec_rows *rows;         /* borrowed from the node */
    int64_t at, end;                      /* next row; behind the last one */
    struct column_span *spans;            /* in c->arena */
    uint64_t (*words)[COLUMN_SPAN_WORDS]; /* in c->arena: shifted validity, one array a column */
};

/* The rows from s->at on that stand in one block of exec_rows. */
static int64_t held_block(struct held_stream *s)
{
    int64_t skip = s->at % COLUMN_SPAN_ROWS;
    int64_t rows = exec_rows_batch(s->rows, s->at - skip, s->spans) - skip;
    rows = rows < s->end - s->at ? rows : s->end - s->at;
    for (size_t i = 0; i < s->rows->columns; i++)
        s->spans[i] =
            column_span_slice(&s->spans[i], s->rows->column[i].phys, skip, rows, s->words[i]);
    return rows;
}

static status held_next(void *self, struct column_batch *out, struct error *err)
{
    struct held_stream *s = self;
    TRY(exec_check_cancel(s->c, err));
    *out = (struct column_batch){0, s->rows->columns, s->spans};
    if (s->at < s->end)
        out->rows = held_block(s);
    s->at += out->rows;
    return ST_OK;
}

static void held_close(void *self)
{
}

status exec_held_open(struct query_plan *p, const struct exec_context *c, struct column_stream *out,
                      struct error *err)
{
    struct held_stream *s;
    TRY(ARENA_NEW(c->arena, struct held_stream, &s, err));
    *s = (struct held_stream){.c = c,
                              .rows = &p->held.rows->rows,
                              .at = p->held.first,
                              .end = p->held.first + p->held.count};
    TRY(ARENA_ARRAY(c->arena, struct column_span, p->schema.count, &s->spans, err));
    TRY(arena_calloc(c->arena, p->schema.count * sizeof(*s->words), (void **)&s->words, err));
    *out = (struct column_stream){&p->schema, s, held_next, held_close};
    return ST_OK;
}
