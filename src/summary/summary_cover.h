// SPDX-License-Identifier: Apache-2.0
/* summary_cover.h - what a summary's rows were made of: the covered set, kept in its companion table.
 *
 *     covered   one raw data file, and the rows of it that deletes had taken
 *     unit      what covered files gave: row count, key range, totals; usually one file is one unit
 *     part      one data file of the summary: key range, digests, totals
 *
 *     companion "<summary>__firn": rows of epoch 1 | epoch 2 | ...      (struct summary_record)
 *     property firn.epochs of the summary: "3 5 6"    the epochs whose rows count, in this order
 *
 * Each publish appends one epoch: what is gone since the one before and what is new. The companion is
 * written before the summary or with it, and rows of an epoch that the summary does not name do not
 * exist, so the summary's metadata pointer decides alone. After SUMMARY_EPOCHS epochs one epoch says
 * everything anew.
 *
 * C1  covered files stand sorted by path, units by id, parts by their last key
 * C2  every covered file has a unit, and every unit a covered file
 * C3  the keys of parts do not overlap */
#ifndef SUMMARY_COVER_H
#define SUMMARY_COVER_H

#include "summary/summary.h"

#define SUMMARY_EPOCHS           16
#define SUMMARY_COMPANION_SUFFIX "__firn"

struct summary_file {
    struct str path; /* as the manifests spell it */
    int64_t bytes, records;
    int64_t sequence; /* data sequence number when it was covered */
    int32_t spec_id;
    struct str partition; /* its tuple: summary_partition_put */
    struct str deletes;   /* which delete files applied: summary_deletes_id; empty = none */
    struct str taken;     /* rows they had taken: rowset_put; empty = none */
    int64_t unit;
};

struct summary_unit {
    int64_t id;
    int64_t rows;      /* that passed the WHERE */
    struct str low;    /* one key per column, each with its length (summary_range_put) */
    struct str high;   /* empty when there are no rows */
    struct str totals; /* states of all arguments (exec_unit) */
};

struct summary_part {
    struct str path;
    struct summary_digest digest;
    struct str first, last; /* its least and greatest key (column_key.h) */
    struct str totals;      /* of its groups, as a unit has them */
};

struct summary_cover {
    size_t covered_count, unit_count, part_count;
    struct summary_file *covered; /* C1 */
    struct summary_unit *units;
    struct summary_part *parts;
};

enum summary_record_kind { SUMMARY_RECORD_FILE, SUMMARY_RECORD_UNIT, SUMMARY_RECORD_PART };

/* A row of the companion. */
struct summary_record {
    int64_t epoch;
    enum summary_record_kind kind;
    bool gone; /* one of an earlier epoch with the same path or unit does not count any more */
    union {
        struct summary_file file;
        struct summary_unit unit;
        struct summary_part part;
    };
};

/* The rows of a companion that say what `epochs` has: records of those epochs, put together in their
 * order. An epoch without a record, one that is gone without having been there, or a broken C2, is
 * ST_CORRUPT. Strings are borrowed. */
STATUS_MUST_USE status summary_cover_fold(const struct summary_record *records, size_t count,
                                          const int64_t *epochs, size_t epoch_count,
                                          struct arena *arena, struct summary_cover *out,
                                          struct error *err);
/* The records of an epoch that make `after` of `before`. */
STATUS_MUST_USE status summary_cover_records(const struct summary_cover *before,
                                             const struct summary_cover *after, int64_t epoch,
                                             struct arena *arena, struct summary_record **out,
                                             size_t *count, struct error *err);
/* NULL: there is none. */
struct summary_unit *summary_unit_by_id(const struct summary_cover *c, int64_t id);
/* Brings a cover that was put together by hand into the order of C1. */
void summary_cover_sort(struct summary_cover *c);

/* "3 5 6", at most SUMMARY_EPOCHS of them, ascending and positive; "none": nothing is covered. */
STATUS_MUST_USE status summary_epochs_parse(struct str text, int64_t epochs[SUMMARY_EPOCHS],
                                            size_t *count, struct error *err);
STATUS_MUST_USE status summary_epochs_format(const int64_t *epochs, size_t count,
                                             struct arena *arena, struct str *out,
                                             struct error *err);

/* ---- the companion's rows (summary_record.c) -------------------------------------------------- */

/* Columns of a companion table, all optional but the first three. */
STATUS_MUST_USE status summary_record_schema(struct arena *arena, struct column_schema *out,
                                             struct error *err);
/* Records as rows of that schema; all arguments are borrowed. */
STATUS_MUST_USE status summary_record_stream(const struct column_schema *schema,
                                             const struct summary_record *records, size_t count,
                                             struct arena *arena, struct mem_account *account,
                                             struct column_stream *out, struct error *err);
/* All rows of a stream of that schema; strings are copied into `arena`. */
STATUS_MUST_USE status summary_record_read(struct column_stream *rows, struct arena *arena,
                                           struct summary_record **out, size_t *count,
                                           struct error *err);

/* ---- parts of records ------------------------------------------------------------------------ */

STATUS_MUST_USE status summary_partition_put(const struct iceberg_data_file *f, struct arena *arena,
                                             struct str *out, struct error *err);
STATUS_MUST_USE status summary_partition_parse(struct str bytes, const struct iceberg_table *raw,
                                               int32_t spec_id, struct arena *arena,
                                               struct iceberg_data_file *out, struct error *err);
/* Equal for entries to which the same delete files apply. */
STATUS_MUST_USE status summary_deletes_id(const struct iceberg_entry *e, struct arena *arena,
                                          struct str *out, struct error *err);
/* One bound of a unit's key range. */
STATUS_MUST_USE status summary_range_put(const struct str *keys, size_t count, struct arena *arena,
                                         struct str *out, struct error *err);
STATUS_MUST_USE status summary_range_parse(struct str bytes, size_t count, struct arena *arena,
                                           struct str **out, struct error *err);

#endif
