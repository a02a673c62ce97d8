// SPDX-License-Identifier: Apache-2.0
/* plan.h - syntax tree + schemas -> bound, pruned plan.
 *
 * plan knows tables only through a lookup that engine fills in, so a transaction's staged tables,
 * time travel (t@...), metadata tables (t$...) and a pinned catalog state need no rule here. It
 * folds constants through a function that engine takes from exec.
 *
 * Types follow PostgreSQL 15 within firn's list: unknown literals take the other side's type,
 * integers widen smallint -> int -> bigint -> numeric -> real -> double, date -> timestamp ->
 * timestamptz. Errors carry PostgreSQL's SQLSTATE (42703 no column, with the nearest name as
 * detail; 42883 no function; 42803 grouping; 42804 types; 42P01 no table) and a position. */
#ifndef PLAN_H
#define PLAN_H

#include "iceberg/iceberg.h"
#include "query/query_ast.h"
#include "query/query_plan.h"

struct zone;

/* What a name stands for. Either an Iceberg table at a snapshot, or `rows` (a metadata table). */
struct plan_table {
    struct str name; /* catalog.schema.table, for messages and EXPLAIN */
    const struct iceberg_table *table;
    const struct iceberg_schema *schema;     /* of the snapshot read */
    const struct iceberg_snapshot *snapshot; /* NULL = no rows yet */
    struct query_plan *rows;
    /* A summary: the states behind its sum measures (design: reading a summary). */
    size_t state_count;
    struct plan_state {
        int32_t measure_field_id; /* the visible sum column */
        int32_t s1_field_id;      /* the measure itself, or a hidden column */
        int32_t rest_field_id, more_field_id;
    } * states;
};

struct plan_lookup {
    void *self;
    status (*table)(void *self, const struct query_table_name *name, struct arena *arena,
                    struct plan_table *out, struct error *err);
    /* read_csv, read_parquet: options already folded to constants; out is a FILES node with schema.
     */
    status (*files)(void *self, bool csv, const struct str *patterns, size_t pattern_count,
                    const struct query_option *options, size_t option_count, struct arena *arena,
                    struct query_plan **out, struct error *err);
    /* Evaluates an expression without COLUMNs. */
    status (*fold)(void *self, const struct query_expr *e, struct arena *arena,
                   struct column_value *out, struct error *err);
};

struct plan_context {
    struct arena *arena; /* the statement's */
    struct store *store; /* manifests are read through it */
    struct mem_account *account;
    const struct plan_lookup *lookup;
    const struct zone *zone; /* session time zone; NULL = UTC */
};

/* A PROJECT always stands directly above the AGGREGATE of a GROUP BY (summary reads both); other
 * projections that only hand on their input are left out. */
STATUS_MUST_USE status plan_select(const struct plan_context *c, const struct query_select *s,
                                   struct query_plan **out, struct error *err);
/* An expression over the columns of `schema`; `alias` qualifies them. want.kind UNKNOWN = any type,
 * else an assignment cast is added or the types refused. */
STATUS_MUST_USE status plan_expression(const struct plan_context *c, const struct query_ast *ast,
                                       const struct column_schema *schema, struct str alias,
                                       struct column_type want, struct query_expr **out,
                                       struct error *err);
/* A scan of all columns of one snapshot's files under a predicate (may be NULL) over its schema:
 * pruned, with the predicate as a FILTER above unless `files_only`. */
STATUS_MUST_USE status plan_scan(const struct plan_context *c, const struct plan_table *t,
                                 struct query_expr *predicate, bool files_only,
                                 struct query_plan **out, struct error *err);
/* Puts a PROJECT on top that yields exactly `target`: by position or by the given column names;
 * absent columns become NULL (not for required ones), values get assignment casts. For INSERT and
 * COPY. */
STATUS_MUST_USE status plan_assign(const struct plan_context *c, struct query_plan *input,
                                   const struct column_schema *target,
                                   const struct query_name *names, size_t name_count,
                                   struct query_plan **out, struct error *err);
/* plan_select and plan_assign in one, for INSERT: in VALUES each cell is read as its own column's
 * type, so that ('1'), (2.5) fills a text column as well as a double one. */
STATUS_MUST_USE status plan_insert(const struct plan_context *c, const struct query_select *s,
                                   const struct column_schema *target,
                                   const struct query_name *names, size_t name_count,
                                   struct query_plan **out, struct error *err);
/* What pruning can use of a predicate over `schema` (field ids from it); never NULL. */
STATUS_MUST_USE status plan_prune(const struct query_expr *predicate,
                                  const struct column_schema *schema, struct arena *arena,
                                  const struct iceberg_pred **out, struct error *err);

#endif
