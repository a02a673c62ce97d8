// SPDX-License-Identifier: Apache-2.0
/* engine_summary_int.h - what the files about materialized views share. */
#ifndef ENGINE_SUMMARY_INT_H
#define ENGINE_SUMMARY_INT_H

#include "engine/engine_int.h"
#include "summary/summary_cover.h"

#define ENGINE_FAILING_ROWS 5 /* that a gate shows of a constraint */

/* ---- engine_summary.c ------------------------------------------------------------------------ */

/* The Iceberg table that a plan reads; NULL = none. */
const struct query_plan *engine_scan_of(const struct query_plan *p);
STATUS_MUST_USE status engine_select_parse(struct engine_env *e, struct str text,
                                           struct query_select **out, struct error *err);
/* Refuses when `own`, reading `raw`, would read itself through other views. */
STATUS_MUST_USE status engine_check_cycle(struct engine_env *e, struct catalog_name own,
                                          struct catalog_name raw, int64_t position,
                                          struct error *err);
/* A constraint's failing rows, of the statement's names `summary` and `raw`. */
STATUS_MUST_USE status engine_plan_check(struct engine_env *e, struct str condition,
                                         struct query_plan **out, struct error *err);
/* ST_INVALID 42809 when the table is no materialized view. */
STATUS_MUST_USE status engine_stage_summary(struct engine_env *e,
                                            const struct query_table_name *named,
                                            struct engine_staged **out, struct error *err);

/* ---- engine_refresh.c ------------------------------------------------------------------------ */

/* What REFRESH would do now; *plan is that of the view's SELECT. */
STATUS_MUST_USE status engine_plan_refresh(struct engine_env *e,
                                           const struct query_table_name *named,
                                           struct query_plan **plan, struct summary_report *out,
                                           struct error *err);

/* ---- engine_companion.c: "<summary>__firn" ------------------------------------------------------ */

/* The companion's name, in the transaction's arena. */
STATUS_MUST_USE status engine_companion_name(struct firn_session *s, struct catalog_name summary,
                                             struct catalog_name *out, struct error *err);
/* All its rows; *out NULL when there is no such table, or not one that firn made. */
STATUS_MUST_USE status engine_companion_read(struct engine_env *e, struct catalog_name summary,
                                             struct summary_record **out, size_t *count,
                                             struct error *err);
/* Stages rows behind those it has or, with `anew`, in their place; makes the table if needed. */
STATUS_MUST_USE status engine_companion_write(struct engine_env *e, struct catalog_name summary,
                                              const struct summary_record *records, size_t count,
                                              bool anew, struct error *err);

#endif
