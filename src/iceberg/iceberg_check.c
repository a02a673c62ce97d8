// SPDX-License-Identifier: Apache-2.0
/* iceberg_check.c - what must hold of every table, read or made.
 *
 * These are the conditions under which Java's TableMetadata refuses to be constructed; a file that
 * breaks one is unreadable for Spark and Trino, so firn neither accepts nor writes it.
 *
 * E1  current schema, default spec and default order exist; ids in each list are unique
 * E2  a version 2 table has a uuid
 * E3  snapshot ids are unique; none has a sequence number above last-sequence-number
 * E4  every ref names a snapshot; main is there exactly when there is a current snapshot, and
 *     names it
 * E5  both logs ascend and end before last-updated-ms, all within a minute: clocks differ */
#include "iceberg/iceberg_int.h"

#include <stdlib.h>

#define CLOCK_SKEW_MS 60000

static int long_cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts; names the first that stands twice. */
static status check_unique(int64_t *ids, size_t count, const char *what, struct error *err)
{
    qsort(ids, count, sizeof(*ids), long_cmp);
    for (size_t i = 1; i < count; i++)
        if (ids[i] == ids[i - 1])
            FAIL(err, ST_CORRUPT, "%s id %lld stands twice", what, (long long)ids[i]);
    return ST_OK;
}

static bool has_order(const struct iceberg_table *t, int32_t id)
{
    for (size_t i = 0; i < t->order_count; i++)
        if (t->orders[i].id == id)
            return true;
    return false;
}

static status check_lists(const struct iceberg_table *t, int64_t *ids, struct error *err)
{
    if (t->format_version > 1 && t->uuid.len == 0) /* E2 */
        FAIL(err, ST_CORRUPT, "a version 2 table has no \"table-uuid\"");
    for (size_t i = 0; i < t->schema_count; i++)
        ids[i] = t->schemas[i].id;
    TRY(check_unique(ids, t->schema_count, "schema", err));
    for (size_t i = 0; i < t->spec_count; i++)
        ids[i] = t->specs[i].id;
    TRY(check_unique(ids, t->spec_count, "partition spec", err));
    for (size_t i = 0; i < t->order_count; i++)
        ids[i] = t->orders[i].id;
    TRY(check_unique(ids, t->order_count, "sort order", err));
    if (!iceberg_schema_by_id(t, t->current_schema_id)) /* E1 */
        FAIL(err, ST_CORRUPT, "current schema %d does not exist", t->current_schema_id);
    if (!iceberg_spec_by_id(t, t->default_spec_id))
        FAIL(err, ST_CORRUPT, "default partition spec %d does not exist", t->default_spec_id);
    if (!has_order(t, t->default_order_id))
        FAIL(err, ST_CORRUPT, "default sort order %d does not exist", t->default_order_id);
    return ST_OK;
}

static status check_snapshots(const struct iceberg_table *t, int64_t *ids, struct error *err)
{
    for (size_t i = 0; i < t->snapshot_count; i++) {
        const struct iceberg_snapshot *s = &t->snapshots[i];
        ids[i] = s->id;
        if (s->sequence_number < 0 || s->sequence_number > t->last_sequence_number) /* E3 */
            FAIL(err, ST_CORRUPT,
                 "snapshot %lld has sequence number %lld, the table's last is %lld",
                 (long long)s->id, (long long)s->sequence_number,
                 (long long)t->last_sequence_number);
    }
    return check_unique(ids, t->snapshot_count, "snapshot", err);
}

static status check_refs(const struct iceberg_table *t, const int64_t *sorted, struct error *err)
{
    const struct iceberg_ref *main_ref = iceberg_ref_by_name(t, STR("main"));
    for (size_t i = 0; i < t->ref_count; i++) /* E4 */
        if (!bsearch(&t->refs[i].snapshot_id, sorted, t->snapshot_count, sizeof(*sorted), long_cmp))
            FAIL(err, ST_CORRUPT, "ref %.*s names snapshot %lld, which does not exist",
                 STR_ARG(t->refs[i].name), (long long)t->refs[i].snapshot_id);
    int64_t main_id = main_ref ? main_ref->snapshot_id : -1;
    if (main_id != t->current_snapshot_id)
        FAIL(err, ST_CORRUPT, "the current snapshot is %lld, but branch main is at %lld",
             (long long)t->current_snapshot_id, (long long)main_id);
    return ST_OK;
}

static status check_log(const struct iceberg_log_entry *log, size_t count, int64_t last_updated_ms,
                        const char *what, struct error *err)
{
    for (size_t i = 0; i < count; i++) { /* E5 */
        int64_t next = i + 1 < count ? log[i + 1].timestamp_ms : last_updated_ms;
        int64_t gap;
        if (__builtin_sub_overflow(next, log[i].timestamp_ms, &gap) || gap < -CLOCK_SKEW_MS)
            FAIL(err, ST_CORRUPT, "%s: entry at %lld ms is followed by %lld ms", what,
                 (long long)log[i].timestamp_ms, (long long)next);
    }
    return ST_OK;
}

status iceberg_table_check(const struct iceberg_table *t, struct arena *arena, struct error *err)
{
    size_t most = t->snapshot_count;
    most = t->schema_count > most ? t->schema_count : most;
    most = t->spec_count > most ? t->spec_count : most;
    most = t->order_count > most ? t->order_count : most;
    int64_t *ids;
    TRY(ARENA_ARRAY(arena, int64_t, most, &ids, err));
    TRY(check_lists(t, ids, err));
    TRY(check_snapshots(t, ids, err));
    TRY(check_refs(t, ids, err));
    TRY(check_log(t->snapshot_log, t->snapshot_log_count, t->last_updated_ms, "snapshot-log", err));
    return check_log(t->metadata_log, t->metadata_log_count, t->last_updated_ms, "metadata-log",
                     err);
}
