// SPDX-License-Identifier: Apache-2.0
/* iceberg_commit.c - what a server must do to make `next` of `base`: the REST catalog's requirements
 * and updates (open-api "CommitTableRequest", "CreateTableRequest").
 *
 *     base, next (by iceberg_apply) -> {"requirements":[what must still hold],"updates":[what differs]}
 *
 * The updates are the difference of the two tables, not the list that next was made by, because a
 * server refuses "the last added" (-1) where the list's schema was there already.
 *
 * C1  main is always required to stand where base has it, also for a change of properties alone:
 *     firn's own properties speak about a snapshot. Every other ref that changes likewise
 * C2  other requirements are those of Iceberg's Java (UpdateRequirements): the last assigned ids when
 *     something with new ids is added, the current ids when they change
 * C3  things are added in the order of their ids, so that the server, which numbers what it adds as
 *     iceberg_apply does, comes to the ids that the new snapshot names. What is added last is made
 *     current by -1, as Java does */
#include "iceberg/iceberg_int.h"

struct difference {
    const struct iceberg_table *base; /* NULL for a new table */
    const struct iceberg_table *next;
    struct buffer *out;
};

static bool has_order(const struct iceberg_table *t, int32_t id)
{
    for (size_t i = 0; t && i < t->order_count; i++)
        if (t->orders[i].id == id)
            return true;
    return false;
}

static bool has_schema(const struct iceberg_table *t, int32_t id)
{
    return t && iceberg_schema_by_id(t, id);
}

static bool has_spec(const struct iceberg_table *t, int32_t id)
{
    return t && iceberg_spec_by_id(t, id);
}

static bool adds_schema(const struct difference *d)
{
    return d->next->last_column_id > d->base->last_column_id ||
           d->next->schema_count > d->base->schema_count;
}

static const struct iceberg_ref *base_ref(const struct difference *d, struct str name)
{
    return d->base ? iceberg_ref_by_name(d->base, name) : NULL;
}

static bool ref_changes(const struct difference *d, struct str name)
{
    const struct iceberg_ref *a = base_ref(d, name), *b = iceberg_ref_by_name(d->next, name);
    return !a || !b || !iceberg_ref_same(a, b);
}

/* ---- requirements ---------------------------------------------------------------------------- */

static status require_id(const struct difference *d, const char *type, const char *key, int64_t id,
                         struct error *err)
{
    TRY(jsontext_put_open(d->out, NULL, '{', err));
    TRY(jsontext_put_str(d->out, "type", str_of(type), err));
    TRY(jsontext_put_long(d->out, key, id, err));
    return jsontext_put_close(d->out, '}', err);
}

static status require_ref(const struct difference *d, struct str name, struct error *err)
{
    const struct iceberg_ref *ref = base_ref(d, name);
    TRY(jsontext_put_open(d->out, NULL, '{', err));
    TRY(jsontext_put_str(d->out, "type", STR("assert-ref-snapshot-id"), err));
    TRY(jsontext_put_str(d->out, "ref", name, err));
    if (ref)
        TRY(jsontext_put_long(d->out, "snapshot-id", ref->snapshot_id, err));
    else
        TRY(jsontext_put_raw(d->out, "snapshot-id", STR("null"), err));
    return jsontext_put_close(d->out, '}', err);
}

static status require_refs(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    TRY(require_ref(d, STR("main"), err)); /* C1 */
    for (size_t i = 0; i < base->ref_count; i++)
        if (!str_eq_z(base->refs[i].name, "main") && ref_changes(d, base->refs[i].name))
            TRY(require_ref(d, base->refs[i].name, err));
    for (size_t i = 0; i < next->ref_count; i++)
        if (!str_eq_z(next->refs[i].name, "main") && !base_ref(d, next->refs[i].name))
            TRY(require_ref(d, next->refs[i].name, err));
    return ST_OK;
}

static status requirements(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    if (!base) {
        TRY(jsontext_put_open(d->out, NULL, '{', err));
        TRY(jsontext_put_str(d->out, "type", STR("assert-create"), err));
        return jsontext_put_close(d->out, '}', err);
    }
    if (base->uuid.len > 0) {
        TRY(jsontext_put_open(d->out, NULL, '{', err));
        TRY(jsontext_put_str(d->out, "type", STR("assert-table-uuid"), err));
        TRY(jsontext_put_str(d->out, "uuid", base->uuid, err));
        TRY(jsontext_put_close(d->out, '}', err));
    }
    TRY(require_refs(d, err));
    if (adds_schema(d))
        TRY(require_id(d, "assert-last-assigned-field-id", "last-assigned-field-id",
                       base->last_column_id, err));
    if (next->current_schema_id != base->current_schema_id)
        TRY(require_id(d, "assert-current-schema-id", "current-schema-id", base->current_schema_id,
                       err));
    if (next->spec_count > base->spec_count)
        TRY(require_id(d, "assert-last-assigned-partition-id", "last-assigned-partition-id",
                       base->last_partition_id, err));
    if (next->default_spec_id != base->default_spec_id)
        TRY(require_id(d, "assert-default-spec-id", "default-spec-id", base->default_spec_id, err));
    if (next->default_order_id != base->default_order_id)
        TRY(require_id(d, "assert-default-sort-order-id", "default-sort-order-id",
                       base->default_order_id, err));
    return ST_OK;
}

/* ---- updates --------------------------------------------------------------------------------- */

static status action(const struct difference *d, const char *name, struct error *err)
{
    TRY(jsontext_put_open(d->out, NULL, '{', err));
    return jsontext_put_str(d->out, "action", str_of(name), err);
}

static status action_text(const struct difference *d, const char *name, const char *key,
                          struct str text, struct error *err)
{
    TRY(action(d, name, err));
    TRY(jsontext_put_str(d->out, key, text, err));
    return jsontext_put_close(d->out, '}', err);
}

static status action_id(const struct difference *d, const char *name, const char *key, int64_t id,
                        struct error *err)
{
    TRY(action(d, name, err));
    TRY(jsontext_put_long(d->out, key, id, err));
    return jsontext_put_close(d->out, '}', err);
}

static status identity(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    if (!base)
        TRY(action_text(d, "assign-uuid", "uuid", next->uuid, err));
    if (!base || base->format_version != next->format_version)
        TRY(action_id(d, "upgrade-format-version", "format-version", next->format_version, err));
    return ST_OK;
}

static status add_schema(const struct difference *d, const struct iceberg_schema *s,
                         struct error *err)
{
    TRY(action(d, "add-schema", err));
    TRY(iceberg_schema_format(s, "schema", d->out, err));
    TRY(jsontext_put_long(d->out, "last-column-id", d->next->last_column_id, err));
    return jsontext_put_close(d->out, '}', err);
}

/* Makes `id` the current one: `last` is the id of what was added last, -1 = nothing. */
static status make_current(const struct difference *d, const char *name, const char *key,
                           int32_t id, int32_t base_id, int32_t last, struct error *err)
{
    if (last == id)
        return action_id(d, name, key, -1, err);
    return id != base_id ? action_id(d, name, key, id, err) : ST_OK;
}

/* Where the ids of columns rose and no schema is new, the current one is added again, which raises
 * them at the server too. */
static status schemas(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    int32_t last = -1;
    for (size_t i = 0; i < next->schema_count; i++) {
        if (has_schema(base, next->schemas[i].id))
            continue;
        last = next->schemas[i].id;
        TRY(add_schema(d, &next->schemas[i], err));
    }
    if (last == -1 && next->last_column_id > base->last_column_id)
        TRY(add_schema(d, iceberg_current_schema(next), err));
    return make_current(d, "set-current-schema", "schema-id", next->current_schema_id,
                        base ? base->current_schema_id : -1, last, err);
}

static status specs(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    int32_t last = -1;
    for (size_t i = 0; i < next->spec_count; i++) {
        if (has_spec(base, next->specs[i].id))
            continue;
        last = next->specs[i].id;
        TRY(action(d, "add-spec", err));
        TRY(iceberg_spec_format(&next->specs[i], "spec", d->out, err));
        TRY(jsontext_put_close(d->out, '}', err));
    }
    return make_current(d, "set-default-spec", "spec-id", next->default_spec_id,
                        base ? base->default_spec_id : -1, last, err);
}

static status orders(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    int32_t last = -1;
    for (size_t i = 0; i < next->order_count; i++) {
        if (has_order(base, next->orders[i].id))
            continue;
        last = next->orders[i].id;
        TRY(action(d, "add-sort-order", err));
        TRY(iceberg_order_format(&next->orders[i], "sort-order", d->out, err));
        TRY(jsontext_put_close(d->out, '}', err));
    }
    return make_current(d, "set-default-sort-order", "sort-order-id", next->default_order_id,
                        base ? base->default_order_id : -1, last, err);
}

static struct str value_of(const struct iceberg_table *t, struct str key)
{
    for (size_t i = t ? t->property_count : 0; i-- > 0;)
        if (str_eq(t->properties[i].key, key))
            return t->properties[i].value;
    return (struct str){0};
}

static status set_properties(const struct difference *d, struct error *err)
{
    const struct iceberg_table *next = d->next;
    bool any = false;
    for (size_t i = 0; i < next->property_count; i++) {
        const struct property *p = &next->properties[i];
        struct str old = value_of(d->base, p->key);
        if (old.ptr && str_eq(old, p->value))
            continue;
        if (!any) {
            TRY(action(d, "set-properties", err));
            TRY(jsontext_put_open(d->out, "updates", '{', err));
        }
        any = true;
        TRY(jsontext_put_pair(d->out, p->key, p->value, err));
    }
    return any ? buffer_append_str(d->out, STR("}}"), err) : ST_OK;
}

static status remove_properties(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    bool any = false;
    for (size_t i = 0; base && i < base->property_count; i++) {
        struct str key = base->properties[i].key;
        if (value_of(next, key).ptr)
            continue;
        if (!any) {
            TRY(action(d, "remove-properties", err));
            TRY(jsontext_put_open(d->out, "removals", '[', err));
        }
        any = true;
        TRY(jsontext_put_str(d->out, NULL, key, err));
    }
    return any ? buffer_append_str(d->out, STR("]}"), err) : ST_OK;
}

/* iceberg_apply keeps the order of base's snapshots and puts new ones behind them. Snapshots go last
 * and by themselves: older servers take one id at a time. */
static status snapshots(const struct difference *d, bool added, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    size_t k = 0;
    for (size_t i = 0; base && i < base->snapshot_count; i++) {
        if (k < next->snapshot_count && base->snapshots[i].id == next->snapshots[k].id) {
            k++;
        } else if (!added) {
            TRY(action(d, "remove-snapshots", err));
            TRY(jsontext_put_open(d->out, "snapshot-ids", '[', err));
            TRY(jsontext_put_long(d->out, NULL, base->snapshots[i].id, err));
            TRY(buffer_append_str(d->out, STR("]}"), err));
        }
    }
    for (; added && k < next->snapshot_count; k++) {
        TRY(action(d, "add-snapshot", err));
        TRY(iceberg_snapshot_format(&next->snapshots[k], "snapshot", d->out, err));
        TRY(jsontext_put_close(d->out, '}', err));
    }
    return ST_OK;
}

static status refs(const struct difference *d, struct error *err)
{
    const struct iceberg_table *base = d->base, *next = d->next;
    for (size_t i = 0; base && i < base->ref_count; i++)
        if (!iceberg_ref_by_name(next, base->refs[i].name))
            TRY(action_text(d, "remove-snapshot-ref", "ref-name", base->refs[i].name, err));
    for (size_t i = 0; i < next->ref_count; i++) {
        if (!ref_changes(d, next->refs[i].name))
            continue;
        TRY(action(d, "set-snapshot-ref", err));
        TRY(jsontext_put_str(d->out, "ref-name", next->refs[i].name, err));
        TRY(iceberg_ref_format_members(&next->refs[i], d->out, err));
        TRY(jsontext_put_close(d->out, '}', err));
    }
    return ST_OK;
}

status iceberg_commit_format(const struct iceberg_table *base, const struct iceberg_table *next,
                             struct buffer *out, struct error *err)
{
    struct difference d = {base, next, out};
    TRY(jsontext_put_open(out, "requirements", '[', err));
    TRY(requirements(&d, err));
    TRY(jsontext_put_close(out, ']', err));
    TRY(jsontext_put_open(out, "updates", '[', err));
    TRY(identity(&d, err));
    TRY(schemas(&d, err));
    TRY(specs(&d, err));
    TRY(orders(&d, err));
    if (!base || !str_eq(base->location, next->location))
        TRY(action_text(&d, "set-location", "location", next->location, err));
    TRY(set_properties(&d, err));
    TRY(remove_properties(&d, err));
    TRY(snapshots(&d, true, err));
    TRY(refs(&d, err));
    TRY(snapshots(&d, false, err));
    return jsontext_put_close(out, ']', err);
}

status iceberg_create_format(const struct iceberg_table *t, struct str name, bool stage,
                             struct buffer *out, struct error *err)
{
    const struct iceberg_sort_order *order = NULL;
    for (size_t i = 0; i < t->order_count; i++)
        if (t->orders[i].id == t->default_order_id)
            order = &t->orders[i];
    ENSURE(order != NULL, err);
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(jsontext_put_str(out, "name", name, err));
    if (t->location.len > 0)
        TRY(jsontext_put_str(out, "location", t->location, err));
    TRY(iceberg_schema_format(iceberg_current_schema(t), "schema", out, err));
    TRY(iceberg_spec_format(iceberg_spec_by_id(t, t->default_spec_id), "partition-spec", out, err));
    TRY(iceberg_order_format(order, "write-order", out, err));
    TRY(jsontext_put_bool(out, "stage-create", stage, err));
    TRY(jsontext_put_properties(out, "properties", t->properties, t->property_count, err));
    return jsontext_put_close(out, '}', err);
}
