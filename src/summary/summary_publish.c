// SPDX-License-Identifier: Apache-2.0
/* summary_publish.c - what a refresh stages besides files: schemas, properties, the snapshot's
 * summary.
 *
 * R1  the states' field ids are reserved by a schema that had them and is not current (V2)
 * R2  firn.snapshot-id names the snapshot made here, so a foreign commit on top shows
 * R3  a snapshot's states are read only if it names the definition they belong to */
#include "summary/summary_int.h"
#include "summary/summary_refresh_int.h"

#include "base/jsontext.h"

#define REFRESH_STATE_BYTES ((size_t)64 << 10)

/* ---- field ids ------------------------------------------------------------------------------- */

/* The names in a SELECT mean the columns that they meant when it was bound. */
static bool same_names(const struct summary_definition *a, const struct summary_definition *b)
{
    bool same = a->raw_column_count == b->raw_column_count;
    for (size_t i = 0; same && i < a->raw_column_count; i++)
        same = a->raw_columns[i].field_id == b->raw_columns[i].field_id &&
               str_eq(a->raw_columns[i].name, b->raw_columns[i].name);
    return same;
}

bool summary_same_select(const struct summary_definition *a, const struct summary_definition *b)
{
    return str_eq(a->select, b->select) && str_eq(a->zone, b->zone) &&
           str_eq(a->raw_uuid, b->raw_uuid) && same_names(a, b);
}

/* Arguments are known by number only, so the SELECT they are counted in must be the same too. */
bool summary_same_states(const struct summary_definition *a, const struct summary_definition *b)
{
    if (a->state_count != b->state_count || !summary_same_select(a, b))
        return false;
    for (size_t i = 0; i < a->state_count; i++)
        if (a->states[i].kind != b->states[i].kind || a->states[i].arg != b->states[i].arg ||
            !column_type_eq(a->states[i].type, b->states[i].type))
            return false;
    return true;
}

static void give_state_ids(struct refreshing *r, int32_t *last_id)
{
    bool keep = r->before && summary_same_states(r->before, r->d);
    for (size_t i = 0; i < r->d->state_count; i++)
        r->d->states[i].field_id = keep ? r->before->states[i].field_id : ++*last_id;
}

/* The visible schema followed by the states: made and left at once, it reserves their ids (R1). */
static status reserving_schema(struct refreshing *r, struct iceberg_schema **out, struct error *err)
{
    struct column_schema hidden;
    TRY(summary_hidden_schema(r->d, r->arena, &hidden, err));
    TRY(ARENA_NEW(r->arena, struct iceberg_schema, out, err));
    struct iceberg_schema *s = *out;
    s->id = -1;
    s->count = r->visible->count + hidden.count;
    TRY(ARENA_ARRAY(r->arena, struct iceberg_field, s->count, &s->fields, err));
    for (size_t i = 0; i < r->visible->count; i++)
        s->fields[i] = r->visible->fields[i];
    for (size_t i = 0; i < hidden.count; i++)
        s->fields[r->visible->count + i] = (struct iceberg_field){
            .id = hidden.fields[i].field_id,
            .name = hidden.fields[i].name,
            .type = hidden.fields[i].type,
        };
    return ST_OK;
}

status summary_stage_schemas(struct refreshing *r, struct error *err)
{
    struct column_schema columns;
    struct iceberg_schema *reserving;
    int32_t last_id;
    TRY(summary_visible_schema(r->d, r->arena, &columns, err));
    TRY(ARENA_NEW(r->arena, struct iceberg_schema, &r->visible, err));
    TRY(iceberg_schema_assign(r->t, &columns, r->arena, r->visible, &last_id, err));
    for (size_t i = 0; i < r->d->column_count; i++)
        r->d->columns[i].field_id = r->visible->fields[i].id;
    int32_t last_visible = last_id;
    give_state_ids(r, &last_id);
    TRY(reserving_schema(r, &reserving, err));
    struct iceberg_update updates[] = {
        {.kind = ICEBERG_ADD_SCHEMA, .schema = reserving, .last_column_id = last_id},
        {.kind = ICEBERG_ADD_SCHEMA, .schema = r->visible, .last_column_id = last_id},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
    };
    if (last_id == last_visible) /* the ids stand reserved since an earlier refresh */
        return r->ops->update(r->ops->self, updates + 1, 2, err);
    return r->ops->update(r->ops->self, updates, 3, err);
}

/* ---- properties ------------------------------------------------------------------------------ */

status summary_stage_properties(struct refreshing *r, const struct summary_digest *digest,
                                int64_t snapshot_id, struct error *err)
{
    struct property *published, *gone;
    struct str epochs;
    TRY(ARENA_ARRAY(r->arena, struct property, SUMMARY_PROPERTIES, &published, err));
    TRY(ARENA_NEW(r->arena, struct property, &gone, err));
    gone->key = STR("firn.pending");
    TRY(summary_epochs_format(r->epochs, r->epoch_count, r->arena, &epochs, err));
    TRY(summary_properties(r->d, digest, snapshot_id, epochs, r->arena, published, err));
    struct iceberg_update updates[] = {
        {.kind = ICEBERG_REMOVE_PROPERTIES, .property_count = 1, .properties = gone},
        {.kind = ICEBERG_SET_PROPERTIES,
         .property_count = SUMMARY_PROPERTIES,
         .properties = published},
    };
    return r->ops->update(r->ops->self, updates, 2, err);
}

/* ---- the snapshot's summary ------------------------------------------------------------------ */

/* "refresh-state" as in Iceberg's materialized-view proposal (apache/iceberg#11041, "Refresh
 * state"); a raw table without a snapshot is -1. */
static status put_refresh_state(const struct refreshing *r, struct buffer *out, struct error *err)
{
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(jsontext_put_long(out, "view-version-id", r->d->view_version, err));
    TRY(jsontext_put_open(out, "source-states", '[', err));
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(jsontext_put_str(out, "type", STR("table"), err));
    TRY(summary_put_name(out, r->d->raw_name, err));
    TRY(jsontext_put_str(out, "uuid", r->d->raw_uuid, err));
    TRY(jsontext_put_long(out, "snapshot-id", r->snapshot ? r->snapshot->id : -1, err));
    TRY(jsontext_put_str(out, "ref", r->d->raw_ref, err));
    TRY(jsontext_put_close(out, '}', err));
    TRY(jsontext_put_close(out, ']', err));
    TRY(jsontext_put_long(out, "refresh-start-timestamp-ms", r->started_ms, err));
    return jsontext_put_close(out, '}', err);
}

static status refresh_state(const struct refreshing *r, struct str *out, struct error *err)
{
    struct buffer b;
    buffer_init(&b, r->arena->account, REFRESH_STATE_BYTES);
    status st = put_refresh_state(r, &b, err);
    if (st == ST_OK)
        st = arena_str(r->arena, buffer_str(&b), out, err);
    buffer_free(&b);
    return st;
}

/* A total of all rows or files; ptr NULL when the table's writer did not say. */
static struct str total(const struct iceberg_snapshot *s, const char *key)
{
    return s ? iceberg_snapshot_property(s, key) : STR("0");
}

/* Digests stand here beside the properties, so that an older snapshot can be verified, too. */
status summary_stage_files(struct refreshing *r, const struct summary_build *b,
                           const struct summary_digest *digest, int64_t snapshot_id,
                           enum summary_mode mode, struct error *err)
{
    struct property *p;
    size_t n = 6;
    struct str rows = total(r->snapshot, "total-records"),
               bytes = total(r->snapshot, "total-files-size");
    TRY(ARENA_ARRAY(r->arena, struct property, 8, &p, err));
    p[0].key = STR("refresh-state");
    TRY(refresh_state(r, &p[0].value, err));
    p[1].key = STR("firn.definition-hash");
    TRY(summary_hash(r->d, r->arena, &p[1].value, err));
    p[2] = (struct property){STR("firn.mode"), str_of(summary_mode_name(mode))};
    p[3].key = STR("firn.rows-digest");
    TRY(summary_digest_text(digest->rows, r->arena, &p[3].value, err));
    p[4].key = STR("firn.states-digest");
    TRY(summary_digest_text(digest->states, r->arena, &p[4].value, err));
    p[5].key = STR("firn.raw-schema-id");
    TRY(arena_printf(r->arena, &p[5].value, err, "%d", (int)r->raw->current_schema_id));
    if (rows.ptr)
        p[n++] = (struct property){STR("firn.raw-rows"), rows};
    if (bytes.ptr)
        p[n++] = (struct property){STR("firn.raw-bytes"), bytes};
    return r->ops->replace(r->ops->self, b->files, b->file_count, b->removed, b->removed_count,
                           snapshot_id, p, n, err);
}
