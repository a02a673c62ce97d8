// SPDX-License-Identifier: Apache-2.0
/* summary_verify.h - what a snapshot of a summary claims, and whether it is so.
 *
 *     metadata   schema, properties, manifests:     summary_claim_read, summary_check_*
 *     digests    and what the files hold:           summary_digest_add, summary_claim_check
 *     full       and what the raw table gives:      summary_compare
 *
 * A difference is ST_DIFFERS and names what differs; what can no longer be known is ST_GONE. */
#ifndef SUMMARY_VERIFY_H
#define SUMMARY_VERIFY_H

#include "summary/summary.h"

struct zone;

/* What a snapshot's refresh-state says. */
struct summary_covered {
    struct str raw_uuid;
    int64_t raw_snapshot_id; /* -1: the raw table had none */
    int64_t started_ms;      /* when the refresh began; -1 = not said */
};
STATUS_MUST_USE status summary_covered_read(const struct iceberg_snapshot *s, struct arena *arena,
                                            struct summary_covered *out, struct error *err);

/* What a snapshot says of itself. One that another program made says nothing: then what the newest
 * snapshot of firn's below it says, whose rows it may still have. */
struct summary_claim {
    const struct iceberg_snapshot *snapshot; /* the one in question */
    const struct iceberg_snapshot *own;      /* it, or firn's below it; NULL: that one is gone */
    bool published;                          /* own is what the table's properties describe */
    bool rebuilt;                            /* own's files were written by a rebuild */
    struct str rows_digest;                  /* as own says, else as the properties do */
    struct str states_digest;
    int64_t raw_snapshot_id; /* covered; -1: the raw table had none. Only with own */
    int32_t raw_schema_id;   /* that the SELECT was bound to; -1 = not said */
};

/* d is what t publishes, snapshot one of t's. ST_GONE when it was made under another definition. */
STATUS_MUST_USE status summary_claim_read(const struct iceberg_table *t,
                                          const struct summary_definition *d,
                                          const struct iceberg_snapshot *snapshot,
                                          struct arena *arena, struct summary_claim *out,
                                          struct error *err);
/* Another program made the snapshot: it has no states to rely on. */
bool summary_claim_foreign(const struct summary_claim *c);
/* The digests of what is stored against those claimed. */
STATUS_MUST_USE status summary_claim_check(const struct summary_claim *c,
                                           const struct summary_digest *stored, struct arena *arena,
                                           struct error *err);

/* A schema of the table has exactly the definition's columns. */
STATUS_MUST_USE status summary_check_schema(const struct summary_definition *d,
                                            const struct iceberg_schema *schema, struct error *err);
/* Both give the same columns and states: a SELECT bound to an older schema means what it meant. */
bool summary_same_shape(const struct summary_definition *a, const struct summary_definition *b);
/* The manifests: no rows deleted by others, as many rows as the snapshot says, all states in every
 * file. */
STATUS_MUST_USE status summary_check_manifests(const struct summary_definition *d,
                                               const struct iceberg_snapshot *s,
                                               const struct iceberg_scan *files, struct error *err);

/* Two streams sorted by key, columns as summary_extend has them. */
struct summary_comparison {
    const struct summary_definition *d;
    size_t columns;   /* the first of them are compared: the visible ones, or all */
    size_t key_count; /* in the order of the sort */
    const int *keys;
    const struct zone *zone; /* of the values in messages; NULL = UTC */
};
/* Stops at the first group that is not there once on both sides with the same bits: ST_DIFFERS with
 * key, column and both values. Each NaN is the same one. Both streams stay the caller's. */
STATUS_MUST_USE status summary_compare(const struct summary_comparison *c,
                                       struct column_stream *stored,
                                       struct column_stream *recomputed, struct arena *arena,
                                       int64_t *rows, struct error *err);
/* "(day=2025-01-14, product=a)" of a row. */
STATUS_MUST_USE status summary_put_key(const struct summary_comparison *c,
                                       const struct column_value *keys, struct buffer *out,
                                       struct error *err);

#endif
