// SPDX-License-Identifier: Apache-2.0
/* query_expr.h - expressions with names resolved and types checked: made by plan, run by exec.
 *
 * Q1  every argument has exactly the type its function row asks for; plan adds casts
 * Q2  a COLUMN's index is into the input batch of the node that holds the expression
 * Q3  constants that can be folded are folded; a SUBQUERY is run once before the statement */
#ifndef QUERY_EXPR_H
#define QUERY_EXPR_H

#include "column/column_type.h"
#include "query/query_function.h"

struct query_plan;

enum query_expr_kind {
    QUERY_CONST,  /* value */
    QUERY_COLUMN, /* column */
    QUERY_CALL,   /* function, args */
    QUERY_CAST,   /* args[0] to type: PostgreSQL's explicit cast */
    QUERY_AND,    /* args: three-valued, left to right, short-circuit per row */
    QUERY_OR,
    QUERY_CASE,     /* args: when, then, ..., else (count odd; else may be a NULL constant) */
    QUERY_COALESCE, /* args, one type; evaluated lazily */
    QUERY_NULLIF,   /* args 2 */
    QUERY_GREATEST, /* args, one type; NULLs ignored */
    QUERY_LEAST,
    QUERY_IN,      /* args[0] among args[1..], one type; NULL rules of SQL */
    QUERY_SUBQUERY /* plan: one column, at most one row */
};

struct query_expr {
    enum query_expr_kind kind;
    struct column_type type;
    int64_t position; /* in the statement's text; 0 = none */
    enum query_function function;
    int column;
    struct column_value value; /* CONST; str bytes in the statement's arena */
    bool untyped;              /* CONST: a literal or NULL written without a type, taken as text */
    size_t arg_count;
    struct query_expr **args;
    struct query_plan *plan; /* SUBQUERY */
};

/* Same shape, same columns, same constants. */
bool query_expr_eq(const struct query_expr *a, const struct query_expr *b);
/* The union of flags of all functions inside, FN_IMMUTABLE only if every one has it. */
unsigned query_expr_flags(const struct query_expr *e);
/* Calls visit for every COLUMN below e. */
void query_expr_columns(const struct query_expr *e, void (*visit)(void *arg, int column),
                        void *arg);
/* Canonical SQL-like text, fully parenthesised, for EXPLAIN and definitions. names may be NULL:
 * then columns print as $1, $2. */
STATUS_MUST_USE status query_expr_text(const struct query_expr *e,
                                       const struct column_schema *names, struct arena *arena,
                                       struct str *out, struct error *err);

#endif
