// SPDX-License-Identifier: Apache-2.0
/* iceberg_table.c - table metadata in: JSON to struct iceberg_table (spec "Table Metadata"), and
 * what is asked of a table afterwards.
 *
 * Version 1 files may lack lists that version 2 demands; they are filled in as Java does: one
 * schema from "schema", one spec from "partition-spec", the unsorted order, a main branch from
 * "current-snapshot-id". Keys of the top level that are not in `known_keys` are kept as they are
 * (statistics among them); inside snapshots, schemas and refs only what the structs hold is kept.
 */
#include "iceberg/iceberg_int.h"

#include "codec/codec.h"

#include <stdlib.h>

#define METADATA_MAX_BYTES (512u << 20)
#define CLOCK_SKEW_MS      60000

static const char *const known_keys[] = {
    "format-version",
    "table-uuid",
    "location",
    "last-sequence-number",
    "next-row-id",
    "last-updated-ms",
    "last-column-id",
    "schema",
    "schemas",
    "current-schema-id",
    "partition-spec",
    "partition-specs",
    "default-spec-id",
    "last-partition-id",
    "sort-orders",
    "default-sort-order-id",
    "properties",
    "snapshots",
    "current-snapshot-id",
    "refs",
    "snapshot-log",
    "metadata-log",
};

/* ---- parts ---- */

static status parse_schemas(struct arena *arena, const json_t *json, struct iceberg_table *t,
                            struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_array(json, "schemas", t->format_version > 1, &list, err));
    if (list && json_array_size(list) > 0) {
        t->schema_count = json_array_size(list);
        TRY(ARENA_ARRAY(arena, struct iceberg_schema, t->schema_count, &t->schemas, err));
        for (size_t i = 0; i < t->schema_count; i++)
            TRY_CONTEXT(iceberg_schema_parse(arena, json_array_get(list, i), &t->schemas[i], err),
                        err, "schemas[%zu]", i);
        return jsontext_get_int(json, "current-schema-id", &t->current_schema_id, err);
    }
    t->schema_count = 1;
    TRY(ARENA_NEW(arena, struct iceberg_schema, &t->schemas, err));
    TRY_CONTEXT(iceberg_schema_parse(arena, json_object_get(json, "schema"), t->schemas, err), err,
                "schema");
    t->current_schema_id = t->schemas[0].id;
    return ST_OK;
}

static int32_t highest_partition_id(const struct iceberg_table *t)
{
    int32_t highest = 999; /* spec: the value when there is no partition field */
    for (size_t i = 0; i < t->spec_count; i++)
        for (size_t k = 0; k < t->specs[i].count; k++)
            if (t->specs[i].fields[k].field_id > highest)
                highest = t->specs[i].fields[k].field_id;
    return highest;
}

static status parse_specs(struct arena *arena, const json_t *json, struct iceberg_table *t,
                          struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_array(json, "partition-specs", t->format_version > 1, &list, err));
    t->spec_count = list ? json_array_size(list) : 1;
    TRY(ARENA_ARRAY(arena, struct iceberg_spec, t->spec_count, &t->specs, err));
    for (size_t i = 0; list && i < t->spec_count; i++)
        TRY_CONTEXT(iceberg_spec_parse_json(arena, json_array_get(list, i), &t->specs[i], err), err,
                    "partition-specs[%zu]", i);
    if (list) {
        TRY(jsontext_get_int(json, "default-spec-id", &t->default_spec_id, err));
    } else {
        const json_t *fields;
        TRY(jsontext_get_array(json, "partition-spec", true, &fields, err));
        TRY_CONTEXT(iceberg_spec_parse_fields(arena, fields, t->specs, err), err, "partition-spec");
    }
    if (t->format_version > 1)
        return jsontext_get_int(json, "last-partition-id", &t->last_partition_id, err);
    return jsontext_get_int_or(json, "last-partition-id", highest_partition_id(t),
                               &t->last_partition_id, err);
}

static status parse_orders(struct arena *arena, const json_t *json, struct iceberg_table *t,
                           struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_array(json, "sort-orders", t->format_version > 1, &list, err));
    t->order_count = list ? json_array_size(list) : 1; /* version 1: the unsorted order, id 0 */
    TRY(ARENA_ARRAY(arena, struct iceberg_sort_order, t->order_count, &t->orders, err));
    if (!list)
        return ST_OK;
    for (size_t i = 0; i < t->order_count; i++)
        TRY_CONTEXT(iceberg_order_parse_json(arena, json_array_get(list, i), &t->orders[i], err),
                    err, "sort-orders[%zu]", i);
    return jsontext_get_int(json, "default-sort-order-id", &t->default_order_id, err);
}

static status parse_manifests(struct arena *arena, const json_t *json, struct iceberg_snapshot *s,
                              struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_str_or_null(arena, json, "manifest-list", &s->manifest_list, err));
    if (s->manifest_list.len > 0)
        return ST_OK;
    TRY(jsontext_get_array(json, "manifests", true, &list, err));
    s->manifest_count = json_array_size(list);
    TRY(ARENA_ARRAY(arena, struct str, s->manifest_count, &s->manifests, err));
    for (size_t i = 0; i < s->manifest_count; i++) {
        const json_t *path = json_array_get(list, i);
        if (!json_is_string(path))
            FAIL(err, ST_CORRUPT, "\"manifests\" holds what is no text");
        struct str text = {json_string_value(path), json_string_length(path)};
        TRY(arena_str(arena, text, &s->manifests[i], err));
    }
    return ST_OK;
}

static status parse_row_ids(const json_t *json, struct iceberg_row_ids *out, struct error *err)
{
    int64_t end;
    TRY(jsontext_get_long_or(json, "first-row-id", -1, &out->first, err));
    TRY(jsontext_get_long_or(json, "added-rows", 0, &out->count, err));
    out->assigned = out->first != -1;
    if (out->assigned &&
        (out->first < 0 || out->count < 0 || __builtin_add_overflow(out->first, out->count, &end)))
        FAIL(err, ST_CORRUPT, "\"first-row-id\" is %lld, \"added-rows\" %lld",
             (long long)out->first, (long long)out->count);
    return ST_OK;
}

static status parse_snapshot(struct arena *arena, const json_t *json, struct iceberg_snapshot *s,
                             struct error *err)
{
    TRY(jsontext_get_long(json, "snapshot-id", &s->id, err));
    TRY(jsontext_get_long_or(json, "parent-snapshot-id", -1, &s->parent_id, err));
    TRY(jsontext_get_long_or(json, "sequence-number", 0, &s->sequence_number, err));
    TRY(jsontext_get_long(json, "timestamp-ms", &s->timestamp_ms, err));
    TRY(jsontext_get_int_or(json, "schema-id", -1, &s->schema_id, err));
    TRY(jsontext_get_str_or_null(arena, json, "key-id", &s->key_id, err));
    TRY(parse_row_ids(json, &s->row_ids, err));
    TRY(parse_manifests(arena, json, s, err));
    return jsontext_get_properties(arena, json, "summary", &s->summary, &s->summary_count, err);
}

static status parse_snapshots(struct arena *arena, const json_t *json, struct iceberg_table *t,
                              struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_long_or(json, "current-snapshot-id", -1, &t->current_snapshot_id, err));
    TRY(jsontext_get_array(json, "snapshots", false, &list, err));
    t->snapshot_count = list ? json_array_size(list) : 0;
    TRY(ARENA_ARRAY(arena, struct iceberg_snapshot, t->snapshot_count, &t->snapshots, err));
    for (size_t i = 0; i < t->snapshot_count; i++)
        TRY_CONTEXT(parse_snapshot(arena, json_array_get(list, i), &t->snapshots[i], err), err,
                    "snapshots[%zu]", i);
    return ST_OK;
}

/* Required in version 3, but Iceberg 1.8 leaves it out; then it is what the snapshots say. */
static status parse_next_row_id(const json_t *json, struct iceberg_table *t, struct error *err)
{
    if (t->format_version < 3)
        return ST_OK;
    TRY(jsontext_get_long_or(json, "next-row-id", 0, &t->next_row_id, err));
    if (t->next_row_id < 0)
        FAIL(err, ST_CORRUPT, "\"next-row-id\" is %lld", (long long)t->next_row_id);
    for (size_t i = 0; i < t->snapshot_count; i++) {
        const struct iceberg_row_ids *ids = &t->snapshots[i].row_ids;
        if (ids->assigned && ids->first + ids->count > t->next_row_id)
            t->next_row_id = ids->first + ids->count;
    }
    return ST_OK;
}

static status parse_ref(struct arena *arena, const json_t *json, struct iceberg_ref *r,
                        struct error *err)
{
    struct str type;
    TRY(jsontext_get_long(json, "snapshot-id", &r->snapshot_id, err));
    TRY(jsontext_get_str(arena, json, "type", &type, err));
    r->is_tag = str_eq_nocase(type, STR("tag"));
    if (!r->is_tag && !str_eq_nocase(type, STR("branch")))
        FAIL(err, ST_CORRUPT, "\"type\" is \"%.*s\", neither branch nor tag", STR_ARG(type));
    TRY(jsontext_get_long_or(json, "max-ref-age-ms", -1, &r->max_ref_age_ms, err));
    TRY(jsontext_get_long_or(json, "max-snapshot-age-ms", -1, &r->max_snapshot_age_ms, err));
    return jsontext_get_long_or(json, "min-snapshots-to-keep", -1, &r->min_snapshots, err);
}

static status parse_refs(struct arena *arena, const json_t *json, struct iceberg_table *t,
                         struct error *err)
{
    json_t *map = json_object_get(json, "refs"), *value;
    const char *name;
    TRY(ARENA_ARRAY(arena, struct iceberg_ref, json_object_size(map) + 1, &t->refs, err));
    json_object_foreach(map, name, value)
    {
        struct iceberg_ref *r = &t->refs[t->ref_count++];
        TRY(arena_str(arena, str_of(name), &r->name, err));
        TRY_CONTEXT(parse_ref(arena, value, r, err), err, "refs.%s", name);
    }
    if (t->current_snapshot_id != -1 && !iceberg_ref_by_name(t, STR("main")))
        t->refs[t->ref_count++] = (struct iceberg_ref){.name = STR("main"),
                                                       .snapshot_id = t->current_snapshot_id,
                                                       .max_ref_age_ms = -1,
                                                       .max_snapshot_age_ms = -1,
                                                       .min_snapshots = -1};
    return ST_OK;
}

static status parse_log(struct arena *arena, const json_t *json, const char *key, bool of_files,
                        struct iceberg_log_entry **out, size_t *count, struct error *err)
{
    const json_t *list;
    TRY(jsontext_get_array(json, key, false, &list, err));
    *count = list ? json_array_size(list) : 0;
    TRY(ARENA_ARRAY(arena, struct iceberg_log_entry, *count, out, err));
    for (size_t i = 0; i < *count; i++) {
        const json_t *item = json_array_get(list, i);
        struct iceberg_log_entry *e = &(*out)[i];
        TRY_CONTEXT(jsontext_get_long(item, "timestamp-ms", &e->timestamp_ms, err), err, "%s[%zu]",
                    key, i);
        if (of_files)
            TRY(jsontext_get_str(arena, item, "metadata-file", &e->metadata_file, err));
        else
            TRY(jsontext_get_long(item, "snapshot-id", &e->snapshot_id, err));
    }
    return ST_OK;
}

static bool is_known(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(known_keys); i++)
        if (strcmp(known_keys[i], key) == 0)
            return true;
    return false;
}

static status keep_unknown(struct arena *arena, json_t *json, struct iceberg_table *t,
                           struct error *err)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(json, next, key, value)
    {
        if (is_known(key))
            json_object_del(json, key);
    }
    if (json_object_size(json) == 0)
        return ST_OK;
    return jsontext_dump(arena, json, &t->unknown_json, err);
}

static status parse_table(struct arena *arena, json_t *json, struct iceberg_table *t,
                          struct error *err)
{
    if (!json_is_object(json))
        FAIL(err, ST_CORRUPT, "table metadata is not an object");
    TRY(jsontext_get_int(json, "format-version", &t->format_version, err));
    if (t->format_version > 3)
        FAIL(err, ST_UNSUPPORTED, "format version %d: versions 1 to 3 are read", t->format_version);
    if (t->format_version < 1)
        FAIL(err, ST_CORRUPT, "\"format-version\" is %d", t->format_version);
    bool v2 = t->format_version >= 2;
    TRY((v2 ? jsontext_get_str : jsontext_get_str_or_null)(arena, json, "table-uuid", &t->uuid,
                                                           err));
    TRY(jsontext_get_str(arena, json, "location", &t->location, err));
    if (v2)
        TRY(jsontext_get_long(json, "last-sequence-number", &t->last_sequence_number, err));
    TRY(jsontext_get_long(json, "last-updated-ms", &t->last_updated_ms, err));
    TRY(jsontext_get_int(json, "last-column-id", &t->last_column_id, err));
    TRY(parse_schemas(arena, json, t, err));
    TRY(parse_specs(arena, json, t, err));
    TRY(parse_orders(arena, json, t, err));
    TRY(jsontext_get_properties(arena, json, "properties", &t->properties, &t->property_count,
                                err));
    TRY(parse_snapshots(arena, json, t, err));
    TRY(parse_next_row_id(json, t, err));
    TRY(parse_refs(arena, json, t, err));
    TRY(parse_log(arena, json, "snapshot-log", false, &t->snapshot_log, &t->snapshot_log_count,
                  err));
    TRY(parse_log(arena, json, "metadata-log", true, &t->metadata_log, &t->metadata_log_count,
                  err));
    TRY(keep_unknown(arena, json, t, err));
    return iceberg_table_check(t, arena, err);
}

status iceberg_table_read(struct arena *arena, struct str location, json_t *json,
                          struct iceberg_table **out, struct error *err)
{
    struct iceberg_table *t;
    *out = NULL;
    TRY(ARENA_NEW(arena, struct iceberg_table, &t, err));
    TRY(arena_str(arena, location, &t->metadata_location, err));
    TRY_CONTEXT(parse_table(arena, json, t, err), err, "table metadata %.*s", STR_ARG(location));
    *out = t;
    return ST_OK;
}

status iceberg_table_parse(struct arena *arena, struct str location, const void *json, size_t bytes,
                           struct iceberg_table **out, struct error *err)
{
    struct jsontext_doc doc;
    *out = NULL;
    TRY_CONTEXT(jsontext_doc_parse(&doc, arena->account, json, bytes, err), err,
                "table metadata %.*s", STR_ARG(location));
    status st = iceberg_table_read(arena, location, doc.root, out, err);
    jsontext_doc_free(&doc);
    return st;
}

/* ---- checks ---- */

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
        FAIL(err, ST_CORRUPT, "a version %d table has no \"table-uuid\"", t->format_version);
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

/* ---- files ---- */

/* Compressed files are known by gzip's magic, which no JSON begins with, because two name endings
 * are in use for them (".gz.metadata.json", ".metadata.json.gz"). */
static status read_metadata(struct store *store, struct str location, struct buffer *out,
                            struct error *err)
{
    TRY(store_read_fixed(store, location, out, err));
    if (out->len < 2 || out->data[0] != 0x1F || out->data[1] != 0x8B)
        return ST_OK;
    struct buffer plain;
    buffer_init(&plain, out->account, METADATA_MAX_BYTES);
    status st = codec_decompress_append(CODEC_GZIP, out->data, out->len, &plain, err);
    if (st == ST_OK) {
        buffer_free(out);
        buffer_move(out, &plain);
    }
    buffer_free(&plain);
    return st;
}

status iceberg_table_load(struct store *store, struct arena *arena, struct str location,
                          struct iceberg_table **out, struct error *err)
{
    struct buffer text;
    *out = NULL;
    buffer_init(&text, arena->account, METADATA_MAX_BYTES);
    status st = read_metadata(store, location, &text, err);
    if (st == ST_OK)
        st = iceberg_table_parse(arena, location, text.data, text.len, out, err);
    else
        error_context(err, "table metadata %.*s", STR_ARG(location));
    buffer_free(&text);
    return st;
}

/* ---- questions ---- */

const struct iceberg_spec *iceberg_spec_by_id(const struct iceberg_table *t, int32_t id)
{
    for (size_t i = 0; i < t->spec_count; i++)
        if (t->specs[i].id == id)
            return &t->specs[i];
    return NULL;
}

const struct iceberg_snapshot *iceberg_snapshot_by_id(const struct iceberg_table *t, int64_t id)
{
    for (size_t i = t->snapshot_count; i > 0; i--) /* the newest are asked for most */
        if (t->snapshots[i - 1].id == id)
            return &t->snapshots[i - 1];
    return NULL;
}

const struct iceberg_snapshot *iceberg_current_snapshot(const struct iceberg_table *t)
{
    return iceberg_snapshot_by_id(t, t->current_snapshot_id);
}

const struct iceberg_ref *iceberg_ref_by_name(const struct iceberg_table *t, struct str name)
{
    for (size_t i = 0; i < t->ref_count; i++)
        if (str_eq(t->refs[i].name, name))
            return &t->refs[i];
    return NULL;
}

struct str iceberg_table_property(const struct iceberg_table *t, const char *key)
{
    return property_get(t->properties, t->property_count, key);
}

struct str iceberg_snapshot_property(const struct iceberg_snapshot *s, const char *key)
{
    return property_get(s->summary, s->summary_count, key);
}

status iceberg_snapshot_at(const struct iceberg_table *t, int64_t timestamp_ms,
                           const struct iceberg_snapshot **out, struct error *err)
{
    const struct iceberg_log_entry *last = NULL;
    *out = NULL;
    for (size_t i = 0; i < t->snapshot_log_count; i++)
        if (t->snapshot_log[i].timestamp_ms <= timestamp_ms)
            last = &t->snapshot_log[i];
    if (!last)
        FAIL(err, ST_NOT_FOUND, "the table has no snapshot as old as %lld ms",
             (long long)timestamp_ms);
    *out = iceberg_snapshot_by_id(t, last->snapshot_id);
    if (!*out)
        FAIL(err, ST_NOT_FOUND, "snapshot %lld, current at %lld ms, has been expired",
             (long long)last->snapshot_id, (long long)timestamp_ms);
    return ST_OK;
}
