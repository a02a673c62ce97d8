// SPDX-License-Identifier: Apache-2.0
/* exec_int.h - what exec's files share: operator constructors and what they need.
 *
 * An operator is a column_stream over its input stream, which it owns and closes. Each constructor
 * takes the input over, also on failure. */
#ifndef EXEC_INT_H
#define EXEC_INT_H

#include "exec/exec.h"
#include "expr/expr.h"

/* ---- shared by operators --------------------------------------------------------------------- */

/* An expression of an operator's; it ends with c->arena. */
STATUS_MUST_USE status exec_compile(const struct query_expr *e, const struct exec_context *c,
                                    struct expr **out, struct error *err);
/* ST_CANCELLED when the context's flag is set; called once per batch. */
STATUS_MUST_USE status exec_check_cancel(const struct exec_context *c, struct error *err);

/* Rows kept whole in memory, column by column: what a sort holds. Text is copied. Everything is
 * charged to the account. */
struct exec_rows {
    struct mem_account *account; /* borrowed */
    size_t columns;
    struct exec_rows_column {
        enum column_phys phys;
        struct buffer values; /* rows values in physical form */
        struct buffer valid;  /* 64-bit words, one bit per row */
    } * column;               /* owned */
    struct arena text;        /* bytes of str values */
    int64_t rows;
};

STATUS_MUST_USE status exec_rows_init(struct exec_rows *r, const struct column_type *types,
                                      size_t columns, struct mem_account *account,
                                      struct error *err);
void exec_rows_free(struct exec_rows *r);
STATUS_MUST_USE status exec_rows_append(struct exec_rows *r, const struct column_span *spans,
                                        int64_t rows, struct error *err);
/* The rows from `from` on, at most COLUMN_SPAN_ROWS, as VALUES that borrow from r; `from` is a
 * multiple of COLUMN_SPAN_ROWS. Returns how many. */
int64_t exec_rows_batch(const struct exec_rows *r, int64_t from, struct column_span *spans);
/* Empty again, buffers kept. */
void exec_rows_clear(struct exec_rows *r);

/* Where the file being written from sorted rows ends, by exec_split_rule (exec_write_split.c). */
struct exec_split {
    const struct exec_split_rule *rule; /* borrowed */
    const struct column_schema *schema; /* borrowed */
    int64_t fixed_bytes;                /* of a row: its fixed widths and 4 for each text */
    int64_t file_bytes;                 /* weight of the rows in the file */
    int64_t held_bytes;                 /* weight of the rows held back */
    int64_t month;                      /* of the last row; 0 before the first */
    bool holding;                       /* rows are held back since a boundary */
    bool last;                          /* what comes now is the rest: no boundary counts */
};

/* What to do with the next `rows` rows: add them to the file or hold them back; then, with `end`,
 * the file is complete and the held rows are the first of the next one. rows is 0 only with end. */
struct exec_split_step {
    int64_t rows;
    bool hold, end;
};

void exec_split_init(struct exec_split *s, const struct exec_split_rule *rule,
                     const struct column_schema *schema);
void exec_split_next(struct exec_split *s, const struct column_batch *batch, int64_t from,
                     struct exec_split_step *out);
/* The stream has ended: the held rows come again, as the file's last. */
void exec_split_last(struct exec_split *s);

/* ---- operators ------------------------------------------------------------------------------- */

STATUS_MUST_USE status exec_scan_open(struct query_plan *p, const struct exec_context *c,
                                      struct column_stream *out, struct error *err);
/* A FILES node over Parquet files; exec_files_open calls it. */
STATUS_MUST_USE status exec_parquet_open(struct query_plan *p, const struct exec_context *c,
                                         struct column_stream *out, struct error *err);
STATUS_MUST_USE status exec_files_open(struct query_plan *p, const struct exec_context *c,
                                       struct column_stream *out, struct error *err);
STATUS_MUST_USE status exec_values_open(struct query_plan *p, const struct exec_context *c,
                                        struct column_stream *out, struct error *err);
STATUS_MUST_USE status exec_held_open(struct query_plan *p, const struct exec_context *c,
                                      struct column_stream *out, struct error *err);
STATUS_MUST_USE status exec_sample_open(struct query_plan *p, const struct exec_context *c,
                                        struct column_stream *out, struct error *err);
STATUS_MUST_USE status exec_filter_open(struct query_plan *p, struct column_stream *input,
                                        const struct exec_context *c, struct column_stream *out,
                                        struct error *err);
STATUS_MUST_USE status exec_project_open(struct query_plan *p, struct column_stream *input,
                                         const struct exec_context *c, struct column_stream *out,
                                         struct error *err);
STATUS_MUST_USE status exec_aggregate_open(struct query_plan *p, struct column_stream *input,
                                           const struct exec_context *c, struct column_stream *out,
                                           struct error *err);
/* Opens its inputs itself. */
STATUS_MUST_USE status exec_merge_open(struct query_plan *p, const struct exec_context *c,
                                       struct column_stream *out, struct error *err);
STATUS_MUST_USE status exec_sort_open(struct query_plan *p, struct column_stream *input,
                                      const struct exec_context *c, struct column_stream *out,
                                      struct error *err);
STATUS_MUST_USE status exec_limit_open(struct query_plan *p, struct column_stream *input,
                                       const struct exec_context *c, struct column_stream *out,
                                       struct error *err);

#endif
