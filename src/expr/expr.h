// SPDX-License-Identifier: Apache-2.0
/* expr.h - bound expressions, evaluated over batches.
 *
 * Compile once, evaluate per batch. What every function answers is PostgreSQL 15's answer. */
#ifndef EXPR_H
#define EXPR_H

#include "column/column_span.h"
#include "query/query_expr.h"

struct zone;

struct expr_context {
    struct mem_account *account;
    struct arena *arena;     /* compiled expressions end with it */
    const struct zone *zone; /* NULL = UTC */
    int64_t now_us;          /* transaction start */
};

/* A compiled expression: holds its own vectors, so one per thread. Everything is in c->arena and
 * freed with it. */
struct expr;

STATUS_MUST_USE status expr_compile(const struct query_expr *e, const struct expr_context *c,
                                    struct expr **out, struct error *err);
/* `out` has batch->rows rows in e's type and is valid until the next eval of the same expression or
 * the input's next batch. RUN in, RUN out where every argument is RUN; over one CODES argument the
 * function is evaluated once per dictionary entry. Errors (division by zero, a bad cast) are raised
 * only for rows that are really evaluated (CASE, AND, OR, COALESCE guard their later arguments). */
STATUS_MUST_USE status expr_eval(struct expr *e, const struct column_batch *batch,
                                 struct column_span *out, struct error *err);
/* Rows where a boolean expression is TRUE: ascending indexes into `rows` (room for batch->rows). */
STATUS_MUST_USE status expr_select(struct expr *e, const struct column_batch *batch, uint16_t *rows,
                                   size_t *count, struct error *err);
/* One expression without COLUMNs. */
STATUS_MUST_USE status expr_fold(const struct query_expr *e, const struct expr_context *c,
                                 struct arena *arena, struct column_value *out, struct error *err);
/* Casts one value as QUERY_CAST does. */
STATUS_MUST_USE status expr_cast_value(const struct column_value *from, struct column_type to,
                                       const struct zone *zone, struct arena *arena,
                                       struct column_value *out, struct error *err);

#endif
