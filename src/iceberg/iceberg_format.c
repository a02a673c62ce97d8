// SPDX-License-Identifier: Apache-2.0
/* iceberg_format.c - table metadata out: JSON text in the key order of Iceberg's Java, file names,
 * and the write itself.
 *
 * Version 1 tables get their old keys ("schema", "partition-spec") besides the lists, for old
 * readers. A table without snapshot has current-snapshot-id -1, which every reader takes. */
#include "iceberg/iceberg_int.h"

#include "base/random.h"
#include "codec/codec.h"

#define METADATA_MAX_BYTES (512u << 20)

static status put_schemas(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    if (t->format_version == 1)
        TRY(iceberg_schema_format(iceberg_current_schema(t), "schema", out, err));
    TRY(jsontext_put_long(out, "current-schema-id", t->current_schema_id, err));
    TRY(jsontext_put_open(out, "schemas", '[', err));
    for (size_t i = 0; i < t->schema_count; i++)
        TRY(iceberg_schema_format(&t->schemas[i], NULL, out, err));
    return jsontext_put_close(out, ']', err);
}

static status put_specs(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    if (t->format_version == 1)
        TRY(iceberg_spec_format_fields(iceberg_spec_by_id(t, t->default_spec_id), "partition-spec",
                                       out, err));
    TRY(jsontext_put_long(out, "default-spec-id", t->default_spec_id, err));
    TRY(jsontext_put_open(out, "partition-specs", '[', err));
    for (size_t i = 0; i < t->spec_count; i++)
        TRY(iceberg_spec_format(&t->specs[i], NULL, out, err));
    TRY(jsontext_put_close(out, ']', err));
    return jsontext_put_long(out, "last-partition-id", t->last_partition_id, err);
}

static status put_orders(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    TRY(jsontext_put_long(out, "default-sort-order-id", t->default_order_id, err));
    TRY(jsontext_put_open(out, "sort-orders", '[', err));
    for (size_t i = 0; i < t->order_count; i++)
        TRY(iceberg_order_format(&t->orders[i], NULL, out, err));
    return jsontext_put_close(out, ']', err);
}

status iceberg_ref_format_members(const struct iceberg_ref *r, struct buffer *out,
                                  struct error *err)
{
    TRY(jsontext_put_long(out, "snapshot-id", r->snapshot_id, err));
    TRY(jsontext_put_str(out, "type", r->is_tag ? STR("tag") : STR("branch"), err));
    if (r->min_snapshots >= 0)
        TRY(jsontext_put_long(out, "min-snapshots-to-keep", r->min_snapshots, err));
    if (r->max_snapshot_age_ms >= 0)
        TRY(jsontext_put_long(out, "max-snapshot-age-ms", r->max_snapshot_age_ms, err));
    if (r->max_ref_age_ms >= 0)
        TRY(jsontext_put_long(out, "max-ref-age-ms", r->max_ref_age_ms, err));
    return ST_OK;
}

static status put_refs(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    TRY(jsontext_put_open(out, "refs", '{', err));
    for (size_t i = 0; i < t->ref_count; i++) {
        TRY(jsontext_put_str(out, NULL, t->refs[i].name, err));
        TRY(buffer_append_byte(out, ':', err));
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(iceberg_ref_format_members(&t->refs[i], out, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return jsontext_put_close(out, '}', err);
}

status iceberg_snapshot_format(const struct iceberg_snapshot *s, const char *key,
                               struct buffer *out, struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    if (s->sequence_number > 0)
        TRY(jsontext_put_long(out, "sequence-number", s->sequence_number, err));
    TRY(jsontext_put_long(out, "snapshot-id", s->id, err));
    if (s->parent_id != -1)
        TRY(jsontext_put_long(out, "parent-snapshot-id", s->parent_id, err));
    TRY(jsontext_put_long(out, "timestamp-ms", s->timestamp_ms, err));
    if (s->summary_count > 0)
        TRY(jsontext_put_properties(out, "summary", s->summary, s->summary_count, err));
    if (s->manifest_list.len > 0) {
        TRY(jsontext_put_str(out, "manifest-list", s->manifest_list, err));
    } else {
        TRY(jsontext_put_open(out, "manifests", '[', err));
        for (size_t i = 0; i < s->manifest_count; i++)
            TRY(jsontext_put_str(out, NULL, s->manifests[i], err));
        TRY(jsontext_put_close(out, ']', err));
    }
    if (s->schema_id >= 0)
        TRY(jsontext_put_long(out, "schema-id", s->schema_id, err));
    if (s->row_ids.assigned) {
        TRY(jsontext_put_long(out, "first-row-id", s->row_ids.first, err));
        TRY(jsontext_put_long(out, "added-rows", s->row_ids.count, err));
    }
    if (s->key_id.ptr)
        TRY(jsontext_put_str(out, "key-id", s->key_id, err));
    return jsontext_put_close(out, '}', err);
}

static status put_snapshots(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    TRY(jsontext_put_long(out, "current-snapshot-id", t->current_snapshot_id, err));
    TRY(put_refs(t, out, err));
    TRY(jsontext_put_open(out, "snapshots", '[', err));
    for (size_t i = 0; i < t->snapshot_count; i++)
        TRY(iceberg_snapshot_format(&t->snapshots[i], NULL, out, err));
    return jsontext_put_close(out, ']', err);
}

static status put_log(const char *key, const struct iceberg_log_entry *log, size_t count,
                      bool of_files, struct buffer *out, struct error *err)
{
    TRY(jsontext_put_open(out, key, '[', err));
    for (size_t i = 0; i < count; i++) {
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_long(out, "timestamp-ms", log[i].timestamp_ms, err));
        if (of_files)
            TRY(jsontext_put_str(out, "metadata-file", log[i].metadata_file, err));
        else
            TRY(jsontext_put_long(out, "snapshot-id", log[i].snapshot_id, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return jsontext_put_close(out, ']', err);
}

status iceberg_table_format(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    TRY(buffer_append_byte(out, '{', err));
    TRY(jsontext_put_long(out, "format-version", t->format_version, err));
    if (t->uuid.len > 0)
        TRY(jsontext_put_str(out, "table-uuid", t->uuid, err));
    TRY(jsontext_put_str(out, "location", t->location, err));
    if (t->format_version > 1)
        TRY(jsontext_put_long(out, "last-sequence-number", t->last_sequence_number, err));
    if (t->format_version > 2)
        TRY(jsontext_put_long(out, "next-row-id", t->next_row_id, err));
    TRY(jsontext_put_long(out, "last-updated-ms", t->last_updated_ms, err));
    TRY(jsontext_put_long(out, "last-column-id", t->last_column_id, err));
    TRY(put_schemas(t, out, err));
    TRY(put_specs(t, out, err));
    TRY(put_orders(t, out, err));
    TRY(jsontext_put_properties(out, "properties", t->properties, t->property_count, err));
    TRY(put_snapshots(t, out, err));
    TRY(put_log("snapshot-log", t->snapshot_log, t->snapshot_log_count, false, out, err));
    TRY(put_log("metadata-log", t->metadata_log, t->metadata_log_count, true, out, err));
    if (t->unknown_json.len > 2) { /* more than "{}": its members without the braces */
        struct str members = {t->unknown_json.ptr + 1, t->unknown_json.len - 2};
        TRY(jsontext_put_raw(out, NULL, members, err));
    }
    return buffer_append_byte(out, '}', err);
}

/* ---- files ---- */

struct str iceberg_trim_slash(struct str text)
{
    while (text.len > 1 && text.ptr[text.len - 1] == '/')
        text.len--;
    return text;
}

/* The number before the first '-' of the file's name, as Java's catalogs have it; -1 if none. */
int64_t iceberg_metadata_number(struct str location)
{
    const char *slash = location.len ? memrchr(location.ptr, '/', location.len) : NULL;
    const char *p = slash ? slash + 1 : location.ptr, *end = location.ptr + location.len;
    int64_t number = 0;
    if (p == end || *p < '0' || *p > '9')
        return -1;
    for (; p < end && *p >= '0' && *p <= '9' && number < INT32_MAX; p++)
        number = number * 10 + (*p - '0');
    return p < end && *p == '-' && number < INT32_MAX ? number : -1;
}

status iceberg_metadata_path(const struct iceberg_table *t, struct str base_location,
                             const char *uuid, struct arena *arena, struct str *out,
                             struct error *err)
{
    char random[37];
    if (!uuid) {
        TRY(random_uuid(random, err));
        uuid = random;
    }
    struct str folder = iceberg_table_property(t, "write.metadata.path");
    struct str codec = iceberg_table_property(t, "write.metadata.compression-codec");
    bool gzip = str_eq_nocase(codec, STR("gzip"));
    if (codec.len > 0 && !gzip && !str_eq_nocase(codec, STR("none")))
        FAIL(err, ST_UNSUPPORTED, "write.metadata.compression-codec \"%.*s\"", STR_ARG(codec));
    const char *sub = folder.len > 0 ? "" : "/metadata";
    folder = iceberg_trim_slash(folder.len > 0 ? folder : t->location);
    return arena_printf(arena, out, err, "%.*s%s/%05lld-%s%s.metadata.json", STR_ARG(folder), sub,
                        (long long)iceberg_metadata_number(base_location) + 1, uuid,
                        gzip ? ".gz" : "");
}

status iceberg_table_write(struct store *store, struct iceberg_table *t, struct str path,
                           struct error *err)
{
    struct buffer text, packed;
    buffer_init(&text, NULL, METADATA_MAX_BYTES);
    buffer_init(&packed, NULL, METADATA_MAX_BYTES);
    const struct buffer *data = &text;
    status st = ST_OK;
    TRY_DONE(iceberg_table_format(t, &text, err));
    if (str_ends(path, STR(".gz.metadata.json"))) {
        TRY_DONE(codec_compress(CODEC_GZIP, 0, text.data, text.len, &packed, err));
        data = &packed;
    }
    TRY_DONE(store_write_all(store, path, data->data, data->len, err));
    t->metadata_location = path;
done:
    if (st != ST_OK)
        error_context(err, "table metadata %.*s", STR_ARG(path));
    buffer_free(&text);
    buffer_free(&packed);
    return st;
}
