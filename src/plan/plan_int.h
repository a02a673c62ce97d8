// SPDX-License-Identifier: Apache-2.0
/* plan_int.h - what plan's files share.
 *
 *     plan_select  clauses in their order -> chain of nodes
 *       plan_from      FROM: tables, derived tables, VALUES        (plan_source: read_csv, samples)
 *       plan_target    stars, output names, which target a name or number means
 *       plan_expr      one syntax tree -> one bound expression
 *         plan_name      columns by name            plan_function  overloads, operators
 *         plan_types     which casts exist, common types, decimals
 *         plan_fold      nodes made and, where constant, evaluated
 *         plan_aggregate aggregate calls collected; expressions lifted above the AGGREGATE
 *     plan_finish  unused columns dropped, files pruned (plan_prune)
 *
 * P1  while a SELECT is bound, a QUERY_COLUMN at or above 0 is a column of scope->input, one below
 *     0 stands for aggregate output -1 - column; plan_lift turns both into columns of the AGGREGATE
 * P2  no expression of type UNKNOWN leaves plan: literals without a type become text and are marked
 *     `untyped`, so that an INSERT can still give them the column's type
 * P3  expressions may be shared between nodes until plan_finish, which copies what it changes */
#ifndef PLAN_INT_H
#define PLAN_INT_H

#include "plan/plan.h"

#define PLAN_MAX_DEPTH   1000 /* nested expressions */
#define PLAN_MAX_SELECTS 50   /* nested SELECTs */

/* ---- binding state --------------------------------------------------------------------------- */

/* The rows that column names mean. */
struct plan_scope {
    const struct plan_scope *outer; /* the enclosing query's, to name a correlated reference */
    struct query_plan *input;       /* NULL: no FROM */
    size_t visible;                 /* the first columns of input->schema; the rest are states */
    struct str name;                /* alias, else table name, else empty */
    struct str schema_name;         /* schema.table.column; empty under an alias */
    const struct plan_table *table; /* an Iceberg table read directly, else NULL */
};

/* The aggregate calls of one SELECT: distinct arguments, distinct outputs. */
struct plan_aggregates {
    size_t arg_count, arg_capacity, out_count, out_capacity;
    struct query_agg_arg *args;
    struct query_agg_out *outs;
};

struct plan_binder {
    const struct plan_context *c;
    const struct plan_scope *scope;     /* NULL: no column may be named */
    const char *clause;                 /* "WHERE": for messages */
    struct plan_aggregates *aggregates; /* NULL: not allowed in this clause */
    bool in_aggregate;                  /* inside an aggregate's argument or FILTER */
    unsigned guard;                     /* inside AND, OR, CASE, COALESCE: a failed fold is left */
    unsigned depth, selects;
};

/* ---- plan_select.c, plan_from.c, plan_source.c, plan_target.c -------------------------------- */

/* Bound, not finished: no column dropped, no file pruned. `b` gives scope (as outer) and depth. */
STATUS_MUST_USE status plan_query(const struct plan_binder *b, const struct query_select *s,
                                  struct query_plan **out, struct error *err);
STATUS_MUST_USE status plan_from(struct plan_binder *b, const struct query_from *from,
                                 struct plan_scope *scope, struct error *err);
STATUS_MUST_USE status plan_values(struct plan_binder *b, const struct query_from *from,
                                   struct query_plan **out, struct error *err);
STATUS_MUST_USE status plan_source(struct plan_binder *b, const struct query_ast *call,
                                   struct query_plan **out, struct error *err);
/* A SCAN of every column, hidden states behind the `visible` ones; files not yet listed. */
STATUS_MUST_USE status plan_scan_new(const struct plan_context *c, const struct plan_table *t,
                                     size_t *visible, struct query_plan **out, struct error *err);
STATUS_MUST_USE status plan_node(const struct plan_context *c, enum query_plan_kind kind,
                                 struct query_plan *input, struct query_plan **out,
                                 struct error *err);
/* A FILTER on top unless the predicate is the constant true. */
STATUS_MUST_USE status plan_filter(const struct plan_context *c, struct query_expr *predicate,
                                   struct query_plan **node, struct error *err);

/* Stars replaced by columns; every entry has a value and an output name. */
struct plan_target {
    const struct query_ast *ast; /* NULL: a column of a star */
    struct query_expr *value;
    struct str name;
};
struct plan_targets {
    size_t count, capacity;
    size_t shown; /* those of the SELECT list; later ones are hidden sort columns */
    struct plan_target *items;
};
STATUS_MUST_USE status plan_targets_bind(struct plan_binder *b, const struct query_select *s,
                                         struct plan_targets *out, struct error *err);
/* The target that an ORDER BY or GROUP BY item means by position or name; -1 = an expression. */
STATUS_MUST_USE status plan_target_find(struct plan_binder *b, const struct plan_targets *t,
                                        const struct query_ast *item, int *out, struct error *err);
STATUS_MUST_USE status plan_target_add(struct plan_binder *b, struct plan_targets *t,
                                       struct plan_target item, struct error *err);
struct str plan_output_name(const struct query_ast *ast);

/* ---- plan_expr.c, plan_name.c ---------------------------------------------------------------- */

STATUS_MUST_USE status plan_bind(struct plan_binder *b, const struct query_ast *ast,
                                 struct query_expr **out, struct error *err);
/* A condition: boolean, or "argument of WHERE must be type boolean". */
STATUS_MUST_USE status plan_bind_boolean(struct plan_binder *b, const struct query_ast *ast,
                                         struct query_expr **out, struct error *err);
/* Bound and evaluated; what is not constant is refused with `what`. Casts to want unless UNKNOWN.
 */
STATUS_MUST_USE status plan_bind_constant(struct plan_binder *b, const struct query_ast *ast,
                                          struct column_type want, const char *what,
                                          struct column_value *out, struct error *err);
STATUS_MUST_USE status plan_bind_column(struct plan_binder *b, const struct query_ast *ast,
                                        struct query_expr **out, struct error *err);
/* The scope's column `i` as an expression. */
STATUS_MUST_USE status plan_column(struct plan_binder *b, const struct plan_scope *s, size_t i,
                                   int64_t position, struct query_expr **out, struct error *err);
/* Does `names` (all but the last of a qualified name) mean the scope's table? */
bool plan_qualifier_fits(const struct plan_scope *s, const struct query_name *names, size_t count);
STATUS_MUST_USE status plan_fail_qualifier(const struct plan_scope *s,
                                           const struct query_name *names, size_t count,
                                           int64_t position, struct error *err);
/* Index of a column by PostgreSQL's and firn's name rules; -1 absent, -2 ambiguous. */
int plan_find_column(const struct column_schema *s, size_t count, const struct query_name *name);

/* ---- plan_types.c ---------------------------------------------------------------------------- */

enum plan_cast { PLAN_CAST_NONE, PLAN_CAST_EXPLICIT, PLAN_CAST_ASSIGNMENT, PLAN_CAST_IMPLICIT };
enum plan_cast plan_cast_context(enum column_kind from, enum column_kind to);
/* PostgreSQL's type categories: B N D T(imespan) S U X(unknown). */
char plan_type_category(enum column_kind k);
bool plan_type_is_preferred(enum column_kind k);
/* The decimal that holds every value of `e`'s integer or decimal type; a constant's own digits. */
struct column_type plan_decimal_of(const struct query_expr *e);
struct column_type plan_decimal_common(struct column_type a, struct column_type b);
/* Both operands of a comparison; false if there is none. UNKNOWN stays UNKNOWN only if both are. */
bool plan_comparison_type(const struct query_expr *a, const struct query_expr *b,
                          struct column_type *out);
/* CASE, COALESCE, VALUES, IN lists: PostgreSQL's select_common_type. `what` for 42804. */
STATUS_MUST_USE status plan_common_type(struct query_expr *const *e, size_t count, const char *what,
                                        struct column_type *out, struct error *err);
/* Adds the cast if the types differ and `context` allows it, else PLAN_CAST_NONE's 42846. A
 * DECIMAL target with precision 0 takes the source's digits. */
STATUS_MUST_USE status plan_coerce(struct plan_binder *b, struct query_expr *e,
                                   struct column_type to, enum plan_cast context,
                                   struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_fail_cast(struct column_type from, struct column_type to,
                                      int64_t position, struct error *err);
/* UNKNOWN becomes text, marked untyped (P2). */
STATUS_MUST_USE status plan_settle(struct plan_binder *b, struct query_expr *e,
                                   struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_number(struct plan_binder *b, struct str digits, int64_t position,
                                   struct query_expr **out, struct error *err);
/* Type of a numeric function's result (docs/user/sql.md, "Decimals"). */
struct column_type plan_decimal_result(enum query_function f, struct query_expr *const *args,
                                       size_t count);

/* ---- plan_function.c, plan_special.c --------------------------------------------------------- */

/* Chooses the overload, casts the arguments, folds. args is changed in place. */
STATUS_MUST_USE status plan_operator(struct plan_binder *b, const char *name,
                                     struct query_expr **args, size_t count, int64_t position,
                                     struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_function(struct plan_binder *b, struct str name,
                                     struct query_expr **args, size_t count, int64_t position,
                                     struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_bind_call(struct plan_binder *b, const struct query_ast *ast,
                                      struct query_expr **out, struct error *err);
/* "integer, unknown, text" */
STATUS_MUST_USE status plan_type_list(struct plan_binder *b, struct query_expr *const *args,
                                      size_t count, struct str *out, struct error *err);

/* ---- plan_fold.c ----------------------------------------------------------------------------- */

STATUS_MUST_USE status plan_expr_new(struct plan_binder *b, enum query_expr_kind kind,
                                     struct column_type type, int64_t position, size_t arg_count,
                                     struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_const(struct plan_binder *b, const struct column_value *v,
                                  int64_t position, struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_null(struct plan_binder *b, struct column_type type, int64_t position,
                                 struct query_expr **out, struct error *err);
STATUS_MUST_USE status plan_boolean(struct plan_binder *b, bool v, int64_t position,
                                    struct query_expr **out, struct error *err);
/* Replaces *e by its value if all below it is constant. */
STATUS_MUST_USE status plan_fold(struct plan_binder *b, struct query_expr **e, struct error *err);
bool plan_is_true(const struct query_expr *e);  /* the constant true */
bool plan_is_false(const struct query_expr *e); /* the constant false or NULL */

/* ---- plan_aggregate.c ------------------------------------------------------------------------ */

bool plan_is_aggregate(struct str name);
STATUS_MUST_USE status plan_bind_aggregate(struct plan_binder *b, const struct query_ast *ast,
                                           struct query_expr **out, struct error *err);
/* Rewrites an expression over the input and aggregate outputs to one over the AGGREGATE (P1). */
STATUS_MUST_USE status plan_lift(struct plan_binder *b, const struct query_plan *aggregate,
                                 struct query_expr *e, struct query_expr **out, struct error *err);

/* ---- plan_finish.c --------------------------------------------------------------------------- */

/* A copy of e with every column replaced by values[column]. */
STATUS_MUST_USE status plan_substitute(const struct plan_context *c, const struct query_expr *e,
                                       struct query_expr *const *values, struct query_expr **out,
                                       struct error *err);
STATUS_MUST_USE status plan_finish(const struct plan_context *c, struct query_plan **plan,
                                   struct error *err);

#endif
