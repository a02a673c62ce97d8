// SPDX-License-Identifier: Apache-2.0
/* summary_build_int.h - what full and delta share. */
#ifndef SUMMARY_BUILD_INT_H
#define SUMMARY_BUILD_INT_H

#include "base/rowset.h"
#include "summary/summary_build.h"

/* The covered form of an entry of the target. Where delete files apply, *taken becomes the rows that
 * they take, owned by the caller; else it stays as it is. */
STATUS_MUST_USE status summary_cover_entry(struct summary_build *b, size_t entry, int64_t unit,
                                           struct summary_file *out, struct rowset *taken,
                                           struct error *err);
/* The same, and its rows into a source. */
STATUS_MUST_USE status summary_source_entry(struct summary_build *b, struct summary_source *s,
                                            size_t entry, int64_t unit, struct summary_file *out,
                                            struct error *err);
/* The rows that deletes had taken when the file was covered; to be freed. */
STATUS_MUST_USE status summary_taken_parse(const struct summary_file *c,
                                           struct mem_account *account, struct rowset *out,
                                           struct error *err);
STATUS_MUST_USE status summary_unit_of(const struct exec_unit *u, int64_t id, size_t keys,
                                       struct arena *arena, struct summary_unit *out,
                                       struct error *err);
/* What rows gave that came to a unit, or that went from it. */
STATUS_MUST_USE status summary_unit_add(struct summary_build *b, struct summary_unit *u,
                                        const struct exec_unit *more, struct error *err);
STATUS_MUST_USE status summary_unit_subtract(struct summary_build *b, struct summary_unit *u,
                                             const struct exec_unit *less, struct error *err);
/* Runs a plan and writes its rows as parts, which are added to b->after and b->files. */
STATUS_MUST_USE status summary_write_parts(struct summary_build *b, struct query_plan *plan,
                                           struct exec_units *units, struct error *err);
/* The totals of all units of b->after come to others. */
STATUS_MUST_USE status summary_units_total(const struct summary_build *b, struct exec_totals *to,
                                           struct error *err);

#endif
