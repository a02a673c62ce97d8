// SPDX-License-Identifier: Apache-2.0
/* summary_delta.h - the plans of a refresh: rows of raw that came and went, and stored groups that
 * take them up.
 *
 *     raw files, some rows of each -> source -> [the SELECT's plan] -> one row a group, held
 *     parts of the summary + held rows -> MERGE -> new parts
 */
#ifndef SUMMARY_DELTA_H
#define SUMMARY_DELTA_H

#include "exec/exec.h"
#include "summary/summary_cover.h"

/* Raw files, or some rows of them, that a refresh reads in one pass. */
struct summary_source {
    struct arena *arena; /* borrowed */
    struct iceberg_scan scan;
    size_t capacity;
    int64_t *unit; /* one an entry: to which unit its rows belong */
    struct exec_units found;
    size_t set_count, set_capacity;
    struct rowset **sets; /* owned: what entries select */
};

void summary_source_init(struct summary_source *s, struct arena *arena);
void summary_source_free(struct summary_source *s);
/* Adds a file, and of its rows those in `selects`, or with `except` all others; NULL: every row. Takes
 * what *selects owns and leaves it empty. */
STATUS_MUST_USE status summary_source_add(struct summary_source *s,
                                          const struct iceberg_data_file *f, int64_t unit,
                                          struct rowset *selects, bool except, struct error *err);

/* The scan at the bottom of a plan, and its aggregation; NULL: there is none. */
struct query_plan *summary_scan_of(struct query_plan *plan);
const struct query_plan *summary_aggregate_of(const struct query_plan *plan);
/* The same plan over other files; nodes are copied, expressions shared. */
STATUS_MUST_USE status summary_plan_over(const struct query_plan *plan,
                                         const struct iceberg_scan *files, struct arena *arena,
                                         struct query_plan **out, struct error *err);

/* A scan of parts of the summary: visible columns, then states. `files` lists just those. */
STATUS_MUST_USE status summary_parts_scan(const struct summary_definition *d,
                                          const struct iceberg_table *t,
                                          const struct iceberg_scan *files, struct arena *arena,
                                          struct query_plan **out, struct error *err);
/* A MERGE without inputs over rows of a schema, visible columns and then states, for the plan of the
 * SELECT; `keys` stays borrowed. */
STATUS_MUST_USE status summary_merge_plan(const struct summary_definition *d,
                                          const struct query_plan *plan,
                                          const struct column_schema *rows, const int *keys,
                                          size_t key_count, struct arena *arena,
                                          struct query_plan **out, struct error *err);
/* Some measure is a min or max, or bool_and or bool_or. */
bool summary_has_extremes(const struct summary_definition *d);

#endif
