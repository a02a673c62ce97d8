// SPDX-License-Identifier: Apache-2.0
/* expr_int.h - what the files of compiled expressions share.
 *
 *     query_expr --compile--> tree of expr_node --eval per batch--> spans, leaves first
 *
 *     expr.c             compile, the public entries
 *     expr_eval.c        one call: arguments, live rows, a loop or a scalar
 *     expr_control.c     AND OR CASE COALESCE NULLIF GREATEST LEAST: who is evaluated where
 *     expr_in.c          IN
 *     expr_dictionary.c  one evaluation per dictionary entry
 *     expr_loop.c        typed loops over rows, from expr_*_tmpl.h
 *     expr_cast.c, expr_fn_*.c   scalars: one row at a time
 *
 * Every evaluation gets a mask of the rows that are asked for (`active`; NULL = all). A row that is
 * not asked for is treated as NULL, so guarded arguments need no second kind of batch.
 *
 * X1  a call sees its arguments as RUN or VALUES; CODES occur in columns, in what a dictionary root
 *     gives, and in results
 * X2  live rows = active rows whose arguments are all there (of a function that takes NULL: active
 *     rows). Only live rows may raise; a loop may compute the others, their memory is defined
 * X3  a call's result is NULL in rows that are not live, with defined memory and, for str, len 0;
 *     other nodes may hand on an argument, whose rows that were not asked for hold anything defined
 * X4  bits past the last row are 0 in every mask made here
 * X5  what a scalar puts in call->text lives until the expression's next eval, what it puts in
 *     call->memory as long as the expression */
#ifndef EXPR_INT_H
#define EXPR_INT_H

#include "base/buffer.h"
#include "expr/expr.h"
#include "expr/expr_time.h"

#define EXPR_MOST_DEPTH 1000 /* levels of an expression; evaluation recurses */

struct expr_call;

/* The rows a loop runs over. steps[k] is 1 for VALUES, 0 for RUN: argument k of row i stands at
 * index i * steps[k]. */
struct expr_lanes {
    int64_t rows;
    const uint64_t *live;         /* X2; NULL = all */
    const void *const *args;      /* values in physical form */
    const uint64_t *const *valid; /* per argument: NULL = no nulls; RUN NULL: all zero */
    const size_t *steps;
    void *out; /* room for rows values */
};

/* One function call. The scalar gives one result for pointers to one value each (NULL pointer = SQL
 * NULL, only where the function takes it); it may set `null`. */
struct expr_call {
    enum query_function function; /* QUERY_FN_COUNT: a cast */
    bool null_ok;                 /* called with NULLs */
    bool null;                    /* out, per scalar call: the result is NULL */
    size_t arg_count;
    const struct column_type *arg_types; /* in <memory> */
    struct column_type type;             /* of the result */
    const struct zone *zone;             /* borrowed from the context; NULL = UTC */
    struct expr_zone_period period;      /* for expr_to_local and expr_to_utc */
    int64_t now_us;
    struct arena *memory;  /* X5 */
    struct arena *text;    /* X5 */
    void *state;           /* in <memory>: what the scalar remembers between rows; NULL at first */
    struct buffer *buffer; /* in <memory>: room for a text being made; see expr_call_buffer */
    status (*scalar)(struct expr_call *c, const void *const *arg, void *out, struct error *err);
    status (*loop)(struct expr_call *c, const struct expr_lanes *r, struct error *err);
};

/* A row of a function table: `loop` where there is one, else `scalar`; `bind` sets one of them in
 * the call when it depends on the types. */
struct expr_function {
    enum query_function id;
    status (*scalar)(struct expr_call *c, const void *const *arg, void *out, struct error *err);
    status (*loop)(struct expr_call *c, const struct expr_lanes *r, struct error *err);
    status (*bind)(struct expr_call *c, struct error *err);
};

struct expr_function_table {
    const struct expr_function *rows;
    size_t count;
};

extern const struct expr_function_table expr_fn_loop_table;    /* expr_loop.c */
extern const struct expr_function_table expr_fn_number_table;  /* expr_fn_number.c */
extern const struct expr_function_table expr_fn_text_table;    /* expr_fn_text.c */
extern const struct expr_function_table expr_fn_match_table;   /* expr_fn_match.c */
extern const struct expr_function_table expr_fn_time_table;    /* expr_fn_time.c */
extern const struct expr_function_table expr_fn_extract_table; /* expr_fn_extract.c */
extern const struct expr_function_table expr_fn_to_char_table;
extern const struct expr_function_table expr_fn_to_char_number_table;
extern const struct expr_function_table expr_fn_from_char_table;

/* The head of every scalar's definition. */
#define EXPR_SCALAR(name)                                                                          \
    status name(struct expr_call *c, const void *const *arg, void *out, struct error *err)

/* ---- the tree -------------------------------------------------------------------------------- */

#define EXPR_NO_COLUMN    (-1)
#define EXPR_MANY_COLUMNS (-2)

struct expr_frame {
    const struct column_batch *batch; /* borrowed */
    int64_t rows;
    size_t words;       /* of a mask over rows */
    struct arena *text; /* X5, for this batch */
};

struct expr_dictionary;

struct expr_node {
    status (*eval)(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                   struct column_span *out, struct error *err);
    enum query_expr_kind kind;
    struct column_type type;
    enum column_phys phys;
    size_t bytes;     /* of one value */
    int column;       /* the only column below, or EXPR_*_COLUMN(S) */
    bool is_volatile; /* something below is evaluated anew for every row */
    bool per_row;     /* this very call is */
    int64_t position;
    size_t arg_count;
    struct expr_node **args;            /* in <memory> */
    struct expr_call *call;             /* CALL, CAST; else NULL */
    struct expr_node *equal;            /* NULLIF, IN: args[0] = another argument; else NULL */
    struct expr_list *list;             /* IN with many constants; else NULL */
    struct expr_dictionary *dictionary; /* a dictionary root's cache, else NULL */
    struct arena *memory;               /* the expression's */
    /* RUN result, or a constant */
    bool run_null;
    _Alignas(16) uint8_t one[16];
    /* VALUES result; made at first use */
    void *values;
    uint64_t *valid;
    /* this node's CODES as VALUES, for its parent; made at first use */
    void *flat;
    /* per argument, for calls */
    struct column_span *spans;
    const void **arg_values;
    const uint64_t **arg_valid;
    size_t *arg_steps, *arg_bytes;
};

/* expr.c */
STATUS_MUST_USE status expr_call_bind(struct expr_call *c, struct error *err);
/* expr_eval.c */
STATUS_MUST_USE status expr_node_eval(struct expr_node *n, struct expr_frame *f,
                                      const uint64_t *active, struct column_span *out,
                                      struct error *err);
status expr_node_constant(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                          struct column_span *out, struct error *err);
status expr_node_column(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                        struct column_span *out, struct error *err);
status expr_node_call(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                      struct column_span *out, struct error *err);
/* Runs n's call over n->spans[0 .. arg_count). */
STATUS_MUST_USE status expr_node_apply(struct expr_node *n, struct expr_frame *f,
                                       const uint64_t *active, struct column_span *out,
                                       struct error *err);
/* Room for n's VALUES result. */
STATUS_MUST_USE status expr_node_room(struct expr_node *n, struct error *err);
/* Makes a CODES span of `n` a VALUES span (X1). */
STATUS_MUST_USE status expr_node_flatten(struct expr_node *n, struct column_span *s,
                                         struct error *err);
/* expr_control.c */
/* A RUN (when all rows agree) or VALUES of booleans: TRUE where `is_true`, NULL outside `not_null`,
 * FALSE elsewhere. */
STATUS_MUST_USE status expr_node_booleans(struct expr_node *n, struct expr_frame *f,
                                          const uint64_t *is_true, const uint64_t *not_null,
                                          bool run, struct column_span *out, struct error *err);
status expr_node_and(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                     struct column_span *out, struct error *err);
status expr_node_case(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                      struct column_span *out, struct error *err);
status expr_node_coalesce(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                          struct column_span *out, struct error *err);
status expr_node_nullif(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                        struct column_span *out, struct error *err);
status expr_node_greatest(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                          struct column_span *out, struct error *err);
status expr_node_in_list(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                         struct column_span *out, struct error *err);
/* Prepares n for expr_node_in_list. */
STATUS_MUST_USE status expr_list_create(struct expr_node *n, struct error *err);
status expr_node_in(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                    struct column_span *out, struct error *err);
/* expr_dictionary.c */
STATUS_MUST_USE status expr_dictionary_create(struct expr_node *n, struct error *err);
STATUS_MUST_USE status expr_dictionary_eval(struct expr_node *n, struct expr_frame *f,
                                            const uint64_t *active, struct column_span *out,
                                            struct error *err);

/* ---- masks ----------------------------------------------------------------------------------- */

ALWAYS_INLINE size_t expr_mask_words(int64_t rows)
{
    return (size_t)(rows + 63) / 64;
}
/* The bits of the last word that stand for rows (X4). */
ALWAYS_INLINE uint64_t expr_mask_tail(int64_t rows)
{
    return rows % 64 ? (UINT64_C(1) << (rows % 64)) - 1 : ~UINT64_C(0);
}
/* One bit per row, on the stack. */
#define EXPR_MASK(name) uint64_t name[COLUMN_SPAN_WORDS]
/* `from` (NULL = all ones) cut to rows. */
void expr_mask_copy(uint64_t *to, const uint64_t *from, int64_t rows);
bool expr_mask_any(const uint64_t *mask, int64_t rows);
/* Of a boolean span: rows that are TRUE, and rows that are not NULL. */
void expr_mask_of(const struct column_span *s, uint64_t *is_true, uint64_t *not_null);

/* ---- for scalars ----------------------------------------------------------------------------- */

#define EXPR_ARG(type, k) (*(const type *)arg[k])
#define EXPR_OUT(type)    (*(type *)out)

/* An integer in the physical form of a decimal (I64 or I128), either way. */
ALWAYS_INLINE int128 expr_decimal_load(struct column_type t, const void *p)
{
    return t.precision <= 18 ? *(const int64_t *)p : *(const int128 *)p;
}
ALWAYS_INLINE void expr_decimal_store(struct column_type t, int128 v, void *p)
{
    if (t.precision <= 18)
        *(int64_t *)p = (int64_t)v;
    else
        *(int128 *)p = v;
}

/* An empty buffer that the call keeps, for texts whose length is not known beforehand. */
STATUS_MUST_USE status expr_call_buffer(struct expr_call *c, struct buffer **out,
                                        struct error *err);
/* The buffer's bytes as a result (X5). */
STATUS_MUST_USE status expr_text_copy(struct expr_call *c, const struct buffer *b, struct str *out,
                                      struct error *err);
/* A value as PostgreSQL prints it; booleans t and f. */
STATUS_MUST_USE status expr_text_of(struct expr_call *c, const struct column_value *v,
                                    struct str *out, struct error *err);

/* The unit a text names; the last one is remembered at the start of c->state, which a function with
 * more to remember allocates beforehand, zeroed and with struct expr_unit_memory as first member.
 */
STATUS_MUST_USE status expr_call_unit(struct expr_call *c, struct str name, enum expr_unit *out,
                                      struct error *err);
struct expr_unit_memory {
    char name[20];
    size_t len; /* 0 = nothing remembered */
    enum expr_unit unit;
};

/* Order of two values in one physical form, -0.0 = +0.0, NaN greatest. */
int expr_compare(enum column_phys phys, const void *a, const void *b);
/* The scalar or loop of a cast; 42846 when there is none. */
STATUS_MUST_USE status expr_cast_bind(struct expr_call *c, struct error *err);

#endif
