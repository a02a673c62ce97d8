// SPDX-License-Identifier: Apache-2.0
/* engine_verify_int.h - what the two sources of CALL system.verify share. */
#ifndef ENGINE_VERIFY_INT_H
#define ENGINE_VERIFY_INT_H

#include "engine/engine_int.h"
#include "summary/summary_verify.h"

enum verify_level { VERIFY_METADATA, VERIFY_DIGESTS, VERIFY_FULL };

struct verify {
    struct engine_env *e;
    struct catalog_name name;
    const struct iceberg_table *t;
    struct str as_of; /* ptr NULL: what readers see */
    enum verify_level level;
    bool files;
    struct summary_definition *d;
    struct summary_claim claim;
    struct iceberg_scan stored_files;
    struct column_schema columns; /* visible, then states; with field ids */
    int32_t *field_ids;           /* of them */
    struct plan_table raw;        /* at the covered snapshot */
    struct query_plan *recompute; /* NULL: not planned */
    struct summary_comparison how;
};

/* A scan of the first `columns` columns of some of the stored files. */
STATUS_MUST_USE status verify_scan(struct verify *v, const struct iceberg_scan *files,
                                   size_t columns, struct query_plan **out, struct error *err);
/* Failures of reading what is stored: a file that is gone or malformed is a difference. */
STATUS_MUST_USE status verify_stored_failed(struct verify *v, status st, struct error *err);
/* Sorted, disjoint, and after a rebuild cut by the rule (engine_verify_files.c). */
STATUS_MUST_USE status verify_files(struct verify *v, struct error *err);

#endif
