// SPDX-License-Identifier: Apache-2.0
/* summary_refresh_int.h - a refresh under way. */
#ifndef SUMMARY_REFRESH_INT_H
#define SUMMARY_REFRESH_INT_H

#include "summary/summary_build.h"

struct refreshing {
    const struct iceberg_table *t;   /* borrowed */
    const struct summary_ops *ops;   /* borrowed */
    const struct exec_context *exec; /* borrowed */
    struct arena *arena;             /* borrowed */
    enum summary_mode wanted;
    int64_t started_ms;
    struct summary_definition *before; /* what is published; NULL: nothing */
    struct summary_definition *d;      /* what is being published */
    const struct iceberg_table *raw;
    const struct iceberg_snapshot *snapshot; /* of raw; NULL: raw is empty */
    struct query_plan *plan;
    struct iceberg_schema *visible; /* with ids; in <arena>: staged updates keep pointing at it */
    /* what is covered */
    struct summary_cover recorded; /* as the epochs say it */
    struct summary_cover cover;    /* with compactions followed; empty when all is made anew */
    size_t compacted; /* covered files whose rows now stand in others, it is believed */
    size_t epoch_count;
    int64_t epochs[SUMMARY_EPOCHS], last_epoch;
    struct summary_change change;
    bool idle; /* nothing at all is to be done: rows, raw snapshot and definition are as before */
};

/* ---- summary_publish.c ----------------------------------------------------------------------- */

bool summary_same_select(const struct summary_definition *a, const struct summary_definition *b);
/* The states of both are the same, argument by argument. */
bool summary_same_states(const struct summary_definition *a, const struct summary_definition *b);
/* Gives out field ids and stages the schemas. */
STATUS_MUST_USE status summary_stage_schemas(struct refreshing *r, struct error *err);
STATUS_MUST_USE status summary_stage_properties(struct refreshing *r,
                                                const struct summary_digest *digest,
                                                int64_t snapshot_id, struct error *err);
STATUS_MUST_USE status summary_stage_files(struct refreshing *r, const struct summary_build *b,
                                           const struct summary_digest *digest, int64_t snapshot_id,
                                           enum summary_mode mode, struct error *err);

/* ---- summary_lineage.c ------------------------------------------------------------------------ */

/* Takes the compactions since the covered snapshot into r->cover. */
STATUS_MUST_USE status summary_follow_lineage(struct refreshing *r, struct error *err);

/* ---- summary_decide.c ------------------------------------------------------------------------ */

/* Looks at what is covered and at the target; leaves both in r. */
STATUS_MUST_USE status summary_decide(struct refreshing *r, struct summary_report *out,
                                      struct error *err);

#endif
