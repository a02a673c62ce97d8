// SPDX-License-Identifier: Apache-2.0
/* iceberg_copy.c - tables and their parts copied whole into an arena.
 *
 * A table made by iceberg_apply must outlive its base and the updates' memory, so everything is
 * copied; nothing is shared. */
#include "iceberg/iceberg_int.h"

/* An array of plain items. NULL stays NULL. */
static status copy_items(struct arena *arena, const void *from, size_t count, size_t item_bytes,
                         void *out, struct error *err)
{
    void *to;
    TRY(arena_array(arena, count, item_bytes, &to, err));
    if (count > 0)
        memcpy(to, from, count * item_bytes);
    memcpy(out, &to, sizeof(to));
    return ST_OK;
}

static status copy_str(struct arena *arena, struct str *s, struct error *err)
{
    return s->ptr ? arena_str(arena, *s, s, err) : ST_OK;
}

status iceberg_schema_copy(struct arena *arena, const struct iceberg_schema *from,
                           struct iceberg_schema *out, struct error *err)
{
    *out = *from;
    TRY(copy_items(arena, from->fields, from->count, sizeof(*from->fields), &out->fields, err));
    TRY(copy_items(arena, from->identifier_ids, from->identifier_count, sizeof(int32_t),
                   &out->identifier_ids, err));
    for (size_t i = 0; i < out->count; i++) {
        TRY(copy_str(arena, &out->fields[i].name, err));
        TRY(copy_str(arena, &out->fields[i].type_json, err));
        TRY(copy_str(arena, &out->fields[i].doc, err));
    }
    return ST_OK;
}

status iceberg_spec_copy(struct arena *arena, const struct iceberg_spec *from,
                         struct iceberg_spec *out, struct error *err)
{
    *out = *from;
    TRY(copy_items(arena, from->fields, from->count, sizeof(*from->fields), &out->fields, err));
    for (size_t i = 0; i < out->count; i++) {
        TRY(copy_str(arena, &out->fields[i].name, err));
        TRY(copy_str(arena, &out->fields[i].transform.text, err));
    }
    return ST_OK;
}

status iceberg_order_copy(struct arena *arena, const struct iceberg_sort_order *from,
                          struct iceberg_sort_order *out, struct error *err)
{
    *out = *from;
    TRY(copy_items(arena, from->fields, from->count, sizeof(*from->fields), &out->fields, err));
    for (size_t i = 0; i < out->count; i++)
        TRY(copy_str(arena, &out->fields[i].transform.text, err));
    return ST_OK;
}

static status copy_properties(struct arena *arena, const struct iceberg_property *from,
                              size_t count, struct iceberg_property **out, struct error *err)
{
    TRY(copy_items(arena, from, count, sizeof(*from), out, err));
    for (size_t i = 0; i < count; i++) {
        TRY(copy_str(arena, &(*out)[i].key, err));
        TRY(copy_str(arena, &(*out)[i].value, err));
    }
    return ST_OK;
}

status iceberg_snapshot_copy(struct arena *arena, const struct iceberg_snapshot *from,
                             struct iceberg_snapshot *out, struct error *err)
{
    *out = *from;
    TRY(copy_str(arena, &out->manifest_list, err));
    TRY(copy_items(arena, from->manifests, from->manifest_count, sizeof(struct str),
                   &out->manifests, err));
    for (size_t i = 0; i < out->manifest_count; i++)
        TRY(copy_str(arena, &out->manifests[i], err));
    return copy_properties(arena, from->summary, from->summary_count, &out->summary, err);
}

static status copy_lists(struct arena *arena, const struct iceberg_table *from,
                         struct iceberg_table *t, struct error *err)
{
    TRY(ARENA_ARRAY(arena, struct iceberg_schema, t->schema_count, &t->schemas, err));
    for (size_t i = 0; i < t->schema_count; i++)
        TRY(iceberg_schema_copy(arena, &from->schemas[i], &t->schemas[i], err));
    TRY(ARENA_ARRAY(arena, struct iceberg_spec, t->spec_count, &t->specs, err));
    for (size_t i = 0; i < t->spec_count; i++)
        TRY(iceberg_spec_copy(arena, &from->specs[i], &t->specs[i], err));
    TRY(ARENA_ARRAY(arena, struct iceberg_sort_order, t->order_count, &t->orders, err));
    for (size_t i = 0; i < t->order_count; i++)
        TRY(iceberg_order_copy(arena, &from->orders[i], &t->orders[i], err));
    TRY(ARENA_ARRAY(arena, struct iceberg_snapshot, t->snapshot_count, &t->snapshots, err));
    for (size_t i = 0; i < t->snapshot_count; i++)
        TRY(iceberg_snapshot_copy(arena, &from->snapshots[i], &t->snapshots[i], err));
    return copy_properties(arena, from->properties, from->property_count, &t->properties, err);
}

status iceberg_table_copy(struct arena *arena, const struct iceberg_table *from,
                          struct iceberg_table **out, struct error *err)
{
    struct iceberg_table *t;
    TRY(ARENA_NEW(arena, struct iceberg_table, &t, err));
    *t = *from;
    TRY(copy_str(arena, &t->metadata_location, err));
    TRY(copy_str(arena, &t->uuid, err));
    TRY(copy_str(arena, &t->location, err));
    TRY(copy_str(arena, &t->unknown_json, err));
    TRY(copy_lists(arena, from, t, err));
    TRY(copy_items(arena, from->refs, from->ref_count, sizeof(*from->refs), &t->refs, err));
    for (size_t i = 0; i < t->ref_count; i++)
        TRY(copy_str(arena, &t->refs[i].name, err));
    TRY(copy_items(arena, from->snapshot_log, from->snapshot_log_count, sizeof(*from->snapshot_log),
                   &t->snapshot_log, err));
    TRY(copy_items(arena, from->metadata_log, from->metadata_log_count, sizeof(*from->metadata_log),
                   &t->metadata_log, err));
    for (size_t i = 0; i < t->metadata_log_count; i++)
        TRY(copy_str(arena, &t->metadata_log[i].metadata_file, err));
    *out = t;
    return ST_OK;
}
