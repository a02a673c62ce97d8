// SPDX-License-Identifier: Apache-2.0
/* iceberg_update.c - the next table: base + updates (REST catalog's "TableUpdate"s, applied as
 * Iceberg's Java TableMetadata.Builder applies them).
 *
 *     copy of base -> each update in order -> logs -> checks -> next table
 *
 * U1  ids are only ever added: last-column-id, last-partition-id, last-sequence-number never fall
 * U2  a schema, spec or order equal to one that is there takes its id
 * U3  no time in a log or in last-updated-ms is before the one in front of it, whatever the clock
 * U4  the default spec and order can be evaluated on the current schema */
#include "iceberg/iceberg_int.h"

#include <stdlib.h>

#define METADATA_LOG_MAX 100 /* write.metadata.previous-versions-max when it is not set */

/* ---- copies: the next table must outlive base and updates, so it shares nothing with them ---- */

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

static status copy_default(struct arena *arena, struct iceberg_default *d, struct error *err)
{
    struct column_value *copy;
    TRY(copy_str(arena, &d->json, err));
    if (!d->value)
        return ST_OK;
    TRY(ARENA_NEW(arena, struct column_value, &copy, err));
    TRY(column_value_copy(arena, d->value, copy, err));
    d->value = copy;
    return ST_OK;
}

static status schema_copy(struct arena *arena, const struct iceberg_schema *from,
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
        TRY(copy_default(arena, &out->fields[i].initial, err));
        TRY(copy_default(arena, &out->fields[i].write, err));
    }
    return ST_OK;
}

static status spec_copy(struct arena *arena, const struct iceberg_spec *from,
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

static status order_copy(struct arena *arena, const struct iceberg_sort_order *from,
                         struct iceberg_sort_order *out, struct error *err)
{
    *out = *from;
    TRY(copy_items(arena, from->fields, from->count, sizeof(*from->fields), &out->fields, err));
    for (size_t i = 0; i < out->count; i++)
        TRY(copy_str(arena, &out->fields[i].transform.text, err));
    return ST_OK;
}

static status copy_properties(struct arena *arena, const struct property *from, size_t count,
                              struct property **out, struct error *err)
{
    TRY(copy_items(arena, from, count, sizeof(*from), out, err));
    for (size_t i = 0; i < count; i++) {
        TRY(copy_str(arena, &(*out)[i].key, err));
        TRY(copy_str(arena, &(*out)[i].value, err));
    }
    return ST_OK;
}

static status snapshot_copy(struct arena *arena, const struct iceberg_snapshot *from,
                            struct iceberg_snapshot *out, struct error *err)
{
    *out = *from;
    TRY(copy_str(arena, &out->manifest_list, err));
    TRY(copy_str(arena, &out->key_id, err));
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
        TRY(schema_copy(arena, &from->schemas[i], &t->schemas[i], err));
    TRY(ARENA_ARRAY(arena, struct iceberg_spec, t->spec_count, &t->specs, err));
    for (size_t i = 0; i < t->spec_count; i++)
        TRY(spec_copy(arena, &from->specs[i], &t->specs[i], err));
    TRY(ARENA_ARRAY(arena, struct iceberg_sort_order, t->order_count, &t->orders, err));
    for (size_t i = 0; i < t->order_count; i++)
        TRY(order_copy(arena, &from->orders[i], &t->orders[i], err));
    TRY(ARENA_ARRAY(arena, struct iceberg_snapshot, t->snapshot_count, &t->snapshots, err));
    for (size_t i = 0; i < t->snapshot_count; i++)
        TRY(snapshot_copy(arena, &from->snapshots[i], &t->snapshots[i], err));
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

/* ---- one update ---- */

struct builder {
    struct arena *arena;
    struct iceberg_table *t; /* in <arena> */
    int64_t now_ms;
    int32_t added_schema, added_spec, added_order; /* -1 = none was added */
    size_t base_snapshots;                         /* those behind it are new */
    size_t base_log;                               /* likewise of the snapshot log */
    bool removed_snapshots;
    size_t schemas, specs, orders, properties, snapshots, refs, log; /* capacities */
};

static status add_schema(struct builder *b, const struct iceberg_update *u, struct error *err)
{
    struct iceberg_table *t = b->t;
    ENSURE(u->schema != NULL, err);
    int32_t highest = 0, id = 0;
    for (size_t i = 0; i < u->schema->count; i++)
        highest = u->schema->fields[i].id > highest ? u->schema->fields[i].id : highest;
    if (u->last_column_id < t->last_column_id || u->last_column_id < highest) /* U1 */
        FAIL(err, ST_INVALID, "last column id %d is below %d", u->last_column_id,
             t->last_column_id > highest ? t->last_column_id : highest);
    t->last_column_id = u->last_column_id;
    for (size_t i = 0; i < t->schema_count; i++) {
        if (iceberg_schema_same(&t->schemas[i], u->schema)) { /* U2 */
            b->added_schema = t->schemas[i].id;
            return ST_OK;
        }
        id = t->schemas[i].id >= id ? t->schemas[i].id + 1 : id;
    }
    TRY(arena_grow(b->arena, (void **)&t->schemas, sizeof(*t->schemas), &b->schemas,
                   t->schema_count + 1, err));
    struct iceberg_schema *s = &t->schemas[t->schema_count++];
    TRY(schema_copy(b->arena, u->schema, s, err));
    s->id = b->added_schema = id;
    return ST_OK;
}

static status set_current_schema(struct builder *b, int32_t id, struct error *err)
{
    id = id == -1 ? b->added_schema : id;
    if (!iceberg_schema_by_id(b->t, id))
        FAIL(err, ST_INVALID, "schema %d, to be the current one, does not exist", id);
    b->t->current_schema_id = id;
    return ST_OK;
}

static status add_spec(struct builder *b, const struct iceberg_spec *spec, struct error *err)
{
    struct iceberg_table *t = b->t;
    int32_t id = 0;
    ENSURE(spec != NULL, err);
    for (size_t i = 0; i < t->spec_count; i++) {
        if (iceberg_spec_same(&t->specs[i], spec)) { /* U2 */
            b->added_spec = t->specs[i].id;
            return ST_OK;
        }
        id = t->specs[i].id >= id ? t->specs[i].id + 1 : id;
    }
    for (size_t i = 0; i < spec->count; i++) {
        const struct iceberg_partition_field *f = &spec->fields[i];
        if (f->transform.kind == ICEBERG_UNKNOWN_TRANSFORM)
            FAIL(err, ST_UNSUPPORTED, "partition transform \"%.*s\"", STR_ARG(f->transform.text));
        if (t->format_version == 1 && f->field_id != 1000 + (int32_t)i)
            FAIL(err, ST_UNSUPPORTED, "a version 1 table cannot have partition field id %d at %zu",
                 f->field_id, i);
        if (f->field_id > t->last_partition_id)
            t->last_partition_id = f->field_id;
    }
    TRY(arena_grow(b->arena, (void **)&t->specs, sizeof(*t->specs), &b->specs, t->spec_count + 1,
                   err));
    struct iceberg_spec *s = &t->specs[t->spec_count++];
    TRY(spec_copy(b->arena, spec, s, err));
    s->id = b->added_spec = id;
    return ST_OK;
}

static status set_default_spec(struct builder *b, int32_t id, struct error *err)
{
    id = id == -1 ? b->added_spec : id;
    if (!iceberg_spec_by_id(b->t, id))
        FAIL(err, ST_INVALID, "partition spec %d, to be the default, does not exist", id);
    b->t->default_spec_id = id;
    return ST_OK;
}

static status add_order(struct builder *b, const struct iceberg_sort_order *order,
                        struct error *err)
{
    struct iceberg_table *t = b->t;
    ENSURE(order != NULL, err);
    int32_t id = order->count == 0 ? 0 : 1; /* 0 is the unsorted order's */
    for (size_t i = 0; i < t->order_count; i++) {
        if (iceberg_order_same(&t->orders[i], order)) { /* U2 */
            b->added_order = t->orders[i].id;
            return ST_OK;
        }
        if (order->count > 0 && t->orders[i].id >= id)
            id = t->orders[i].id + 1;
    }
    TRY(arena_grow(b->arena, (void **)&t->orders, sizeof(*t->orders), &b->orders,
                   t->order_count + 1, err));
    struct iceberg_sort_order *o = &t->orders[t->order_count++];
    TRY(order_copy(b->arena, order, o, err));
    o->id = b->added_order = id;
    return ST_OK;
}

static status set_default_order(struct builder *b, int32_t id, struct error *err)
{
    id = id == -1 ? b->added_order : id;
    for (size_t i = 0; i < b->t->order_count; i++)
        if (b->t->orders[i].id == id) {
            b->t->default_order_id = id;
            return ST_OK;
        }
    FAIL(err, ST_INVALID, "sort order %d, to be the default, does not exist", id);
}

static status set_properties(struct builder *b, const struct iceberg_update *u, struct error *err)
{
    struct iceberg_table *t = b->t;
    for (size_t i = 0; i < u->property_count; i++) {
        size_t at = 0;
        while (at < t->property_count && !str_eq(t->properties[at].key, u->properties[i].key))
            at++;
        if (at == t->property_count) {
            TRY(arena_grow(b->arena, (void **)&t->properties, sizeof(*t->properties),
                           &b->properties, at + 1, err));
            TRY(arena_str(b->arena, u->properties[i].key, &t->properties[at].key, err));
            t->property_count++;
        }
        TRY(arena_str(b->arena, u->properties[i].value, &t->properties[at].value, err));
    }
    return ST_OK;
}

static void remove_properties(struct builder *b, const struct iceberg_update *u)
{
    struct iceberg_table *t = b->t;
    size_t kept = 0;
    for (size_t i = 0; i < t->property_count; i++) {
        bool gone = false;
        for (size_t k = 0; k < u->property_count && !gone; k++)
            gone = str_eq(t->properties[i].key, u->properties[k].key);
        if (!gone)
            t->properties[kept++] = t->properties[i];
    }
    t->property_count = kept;
}

static status add_snapshot(struct builder *b, const struct iceberg_snapshot *s, struct error *err)
{
    struct iceberg_table *t = b->t;
    ENSURE(s != NULL, err);
    if (s->id < 0 || iceberg_snapshot_by_id(t, s->id))
        FAIL(err, ST_INVALID, "snapshot %lld is there already", (long long)s->id);
    if (t->format_version > 1 && s->parent_id != -1 &&
        s->sequence_number <= t->last_sequence_number)
        FAIL(err, ST_CONFLICT, "snapshot %lld has sequence number %lld, the table's last is %lld",
             (long long)s->id, (long long)s->sequence_number, (long long)t->last_sequence_number);
    if (s->row_ids.assigned != (t->format_version > 2) ||
        (s->row_ids.assigned && s->row_ids.first < t->next_row_id))
        FAIL(err, ST_CONFLICT, "snapshot %lld has rows from %lld, the table's next is %lld",
             (long long)s->id, s->row_ids.assigned ? (long long)s->row_ids.first : -1,
             (long long)t->next_row_id);
    TRY(arena_grow(b->arena, (void **)&t->snapshots, sizeof(*t->snapshots), &b->snapshots,
                   t->snapshot_count + 1, err));
    TRY(snapshot_copy(b->arena, s, &t->snapshots[t->snapshot_count++], err));
    if (t->format_version > 1 && s->sequence_number > t->last_sequence_number) /* U1 */
        t->last_sequence_number = s->sequence_number;
    if (s->timestamp_ms > t->last_updated_ms) /* U3 */
        t->last_updated_ms = s->timestamp_ms;
    if (s->row_ids.assigned)
        t->next_row_id = s->row_ids.first + s->row_ids.count;
    return ST_OK;
}

static struct iceberg_ref *find_ref(struct iceberg_table *t, struct str name)
{
    for (size_t i = 0; i < t->ref_count; i++)
        if (str_eq(t->refs[i].name, name))
            return &t->refs[i];
    return NULL;
}

bool iceberg_ref_same(const struct iceberg_ref *a, const struct iceberg_ref *b)
{
    return a->is_tag == b->is_tag && a->snapshot_id == b->snapshot_id &&
           a->max_ref_age_ms == b->max_ref_age_ms && a->min_snapshots == b->min_snapshots &&
           a->max_snapshot_age_ms == b->max_snapshot_age_ms;
}

/* A new snapshot becomes current at its own time, an old one now; never before the log's last. */
static status log_current(struct builder *b, const struct iceberg_snapshot *s, struct error *err)
{
    struct iceberg_table *t = b->t;
    bool is_new = (size_t)(s - t->snapshots) >= b->base_snapshots;
    int64_t at = is_new ? s->timestamp_ms : t->last_updated_ms;
    if (t->snapshot_log_count > 0 && at < t->snapshot_log[t->snapshot_log_count - 1].timestamp_ms)
        at = t->snapshot_log[t->snapshot_log_count - 1].timestamp_ms; /* U3 */
    TRY(arena_grow(b->arena, (void **)&t->snapshot_log, sizeof(*t->snapshot_log), &b->log,
                   t->snapshot_log_count + 1, err));
    t->snapshot_log[t->snapshot_log_count++] =
        (struct iceberg_log_entry){.timestamp_ms = at, .snapshot_id = s->id};
    t->current_snapshot_id = s->id;
    return ST_OK;
}

static status set_ref(struct builder *b, const struct iceberg_ref *ref, struct error *err)
{
    struct iceberg_table *t = b->t;
    struct iceberg_ref *old = find_ref(t, ref->name);
    const struct iceberg_snapshot *s = iceberg_snapshot_by_id(t, ref->snapshot_id);
    bool is_main = str_eq_z(ref->name, "main");
    if (!s)
        FAIL(err, ST_INVALID, "ref %.*s cannot name snapshot %lld, which does not exist",
             STR_ARG(ref->name), (long long)ref->snapshot_id);
    if (is_main && ref->is_tag)
        FAIL(err, ST_INVALID, "main is a branch and cannot be a tag");
    if (old && iceberg_ref_same(old, ref))
        return ST_OK;
    bool moved = !old || old->snapshot_id != ref->snapshot_id;
    if (!old) {
        TRY(arena_grow(b->arena, (void **)&t->refs, sizeof(*t->refs), &b->refs, t->ref_count + 1,
                       err));
        old = &t->refs[t->ref_count++];
    }
    *old = *ref;
    TRY(arena_str(b->arena, ref->name, &old->name, err));
    return is_main && moved ? log_current(b, s, err) : ST_OK;
}

/* The snapshot log stays when main goes: it tells what was current until then. */
static void remove_ref(struct builder *b, struct str name)
{
    struct iceberg_table *t = b->t;
    if (str_eq_z(name, "main"))
        t->current_snapshot_id = -1;
    size_t kept = 0;
    for (size_t i = 0; i < t->ref_count; i++)
        if (!str_eq(t->refs[i].name, name))
            t->refs[kept++] = t->refs[i];
    t->ref_count = kept;
}

static int long_cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* A set of ids: sorted, for look-ups among many. */
struct id_set {
    int64_t *ids; /* in <arena> */
    size_t count;
};

static void sort_ids(struct id_set *s)
{
    if (s->count > 1)
        qsort(s->ids, s->count, sizeof(*s->ids), long_cmp);
}

static bool has_id(const struct id_set *s, int64_t id)
{
    return bsearch(&id, s->ids, s->count, sizeof(*s->ids), long_cmp) != NULL;
}

static status snapshot_ids(struct builder *b, size_t from, struct id_set *out, struct error *err)
{
    const struct iceberg_table *t = b->t;
    out->count = 0;
    TRY(ARENA_ARRAY(b->arena, int64_t, t->snapshot_count + 1, &out->ids, err));
    for (size_t i = from; i < t->snapshot_count; i++)
        out->ids[out->count++] = t->snapshots[i].id;
    sort_ids(out);
    return ST_OK;
}

/* Statistics files belong to snapshots and go with them; they are kept as JSON. */
static status remove_statistics(struct builder *b, const struct id_set *gone, struct error *err)
{
    static const char *const keys[] = {"statistics", "partition-statistics"};
    struct jsontext_doc doc;
    struct str *json = &b->t->unknown_json;
    if (json->len == 0)
        return ST_OK;
    TRY(jsontext_doc_parse(&doc, b->arena->account, json->ptr, json->len, err));
    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        json_t *list = json_object_get(doc.root, keys[k]);
        for (size_t i = json_array_size(list); i > 0; i--) {
            const json_t *id = json_object_get(json_array_get(list, i - 1), "snapshot-id");
            if (json_is_integer(id) && has_id(gone, json_integer_value(id)))
                json_array_remove(list, i - 1);
        }
    }
    status st = jsontext_dump(b->arena, doc.root, json, err);
    jsontext_doc_free(&doc);
    return st;
}

static status remove_snapshots(struct builder *b, const struct iceberg_update *u, struct error *err)
{
    struct iceberg_table *t = b->t;
    struct id_set gone = {.count = u->snapshot_id_count};
    size_t kept = 0, kept_of_base = 0;
    TRY(copy_items(b->arena, u->snapshot_ids, gone.count, sizeof(int64_t), &gone.ids, err));
    sort_ids(&gone);
    for (size_t i = 0; i < t->snapshot_count; i++) {
        if (has_id(&gone, t->snapshots[i].id))
            continue;
        kept_of_base += i < b->base_snapshots;
        t->snapshots[kept++] = t->snapshots[i];
    }
    t->snapshot_count = kept;
    b->base_snapshots = kept_of_base;
    b->removed_snapshots = true;
    for (size_t i = t->ref_count; i > 0; i--)
        if (has_id(&gone, t->refs[i - 1].snapshot_id))
            remove_ref(b, t->refs[i - 1].name);
    return remove_statistics(b, &gone, err);
}

static status upgrade(struct builder *b, int32_t version, struct error *err)
{
    if (version > 2)
        FAIL(err, ST_UNSUPPORTED, "format version %d: versions 1 and 2 are written", version);
    if (version < b->t->format_version)
        FAIL(err, ST_INVALID, "format version %d cannot become %d", b->t->format_version, version);
    b->t->format_version = version;
    return ST_OK;
}

static status assign_uuid(struct builder *b, struct str uuid, struct error *err)
{
    if (b->t->uuid.len > 0 && !str_eq(b->t->uuid, uuid))
        FAIL(err, ST_INVALID, "table %.*s cannot take the uuid %.*s", STR_ARG(b->t->uuid),
             STR_ARG(uuid));
    return arena_str(b->arena, uuid, &b->t->uuid, err);
}

static status apply_one(struct builder *b, const struct iceberg_update *u, struct error *err)
{
    switch (u->kind) {
    case ICEBERG_ASSIGN_UUID:
        return assign_uuid(b, u->text, err);
    case ICEBERG_UPGRADE_FORMAT:
        return upgrade(b, u->id, err);
    case ICEBERG_SET_LOCATION:
        return arena_str(b->arena, iceberg_trim_slash(u->text), &b->t->location, err);
    case ICEBERG_ADD_SCHEMA:
        return add_schema(b, u, err);
    case ICEBERG_SET_CURRENT_SCHEMA:
        return set_current_schema(b, u->id, err);
    case ICEBERG_ADD_SPEC:
        return add_spec(b, u->spec, err);
    case ICEBERG_SET_DEFAULT_SPEC:
        return set_default_spec(b, u->id, err);
    case ICEBERG_ADD_ORDER:
        return add_order(b, u->order, err);
    case ICEBERG_SET_DEFAULT_ORDER:
        return set_default_order(b, u->id, err);
    case ICEBERG_SET_PROPERTIES:
        return set_properties(b, u, err);
    case ICEBERG_REMOVE_PROPERTIES:
        remove_properties(b, u);
        return ST_OK;
    case ICEBERG_ADD_SNAPSHOT:
        return add_snapshot(b, u->snapshot, err);
    case ICEBERG_SET_REF:
        return set_ref(b, &u->ref, err);
    case ICEBERG_REMOVE_REF:
        remove_ref(b, u->text);
        return ST_OK;
    case ICEBERG_REMOVE_SNAPSHOTS:
        return remove_snapshots(b, u, err);
    }
    FAIL(err, ST_INTERNAL, "update kind %d", (int)u->kind);
}

/* ---- the whole ---- */

/* Two corrections of the snapshot log. Snapshots that one commit both made and replaced were never
 * current for anybody: their entries go. And where a logged snapshot has been removed, everything
 * before it goes, or time travel would give its predecessor for its time. */
static status correct_log(struct builder *b, struct error *err)
{
    struct iceberg_table *t = b->t;
    struct id_set all, added;
    size_t kept = 0;
    if (!b->removed_snapshots && t->snapshot_log_count < b->base_log + 2)
        return ST_OK;
    TRY(snapshot_ids(b, 0, &all, err));
    TRY(snapshot_ids(b, b->base_snapshots, &added, err));
    for (size_t i = 0; i < t->snapshot_log_count; i++) {
        int64_t id = t->snapshot_log[i].snapshot_id;
        if (b->removed_snapshots && !has_id(&all, id))
            kept = 0;
        else if (id == t->current_snapshot_id || !has_id(&added, id))
            t->snapshot_log[kept++] = t->snapshot_log[i];
    }
    t->snapshot_log_count = kept;
    return ST_OK;
}

static size_t log_limit(const struct iceberg_table *t)
{
    struct str text = iceberg_table_property(t, "write.metadata.previous-versions-max");
    size_t limit = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || limit > 1000000)
            return METADATA_LOG_MAX;
        limit = limit * 10 + (size_t)(text.ptr[i] - '0');
    }
    return text.len == 0 ? METADATA_LOG_MAX : limit < 1 ? 1 : limit;
}

static status extend_metadata_log(struct builder *b, const struct iceberg_table *base,
                                  struct error *err)
{
    struct iceberg_table *t = b->t;
    if (!base || base->metadata_location.len == 0)
        return ST_OK;
    size_t limit = log_limit(t), capacity = t->metadata_log_count;
    TRY(arena_grow(b->arena, (void **)&t->metadata_log, sizeof(*t->metadata_log), &capacity,
                   t->metadata_log_count + 1, err));
    struct iceberg_log_entry *e = &t->metadata_log[t->metadata_log_count++];
    e->timestamp_ms = base->last_updated_ms;
    TRY(arena_str(b->arena, base->metadata_location, &e->metadata_file, err));
    if (t->metadata_log_count > limit) {
        t->metadata_log += t->metadata_log_count - limit;
        t->metadata_log_count = limit;
    }
    return ST_OK;
}

/* U4. Only of the table to be written: one that is read may have dropped columns of old specs. */
static status check_defaults(const struct iceberg_table *t, struct error *err)
{
    const struct iceberg_schema *schema = iceberg_current_schema(t);
    const struct iceberg_spec *spec = iceberg_spec_by_id(t, t->default_spec_id);
    for (size_t i = 0; i < spec->count; i++) {
        const struct iceberg_partition_field *f = &spec->fields[i];
        struct column_type type;
        char name[64];
        if (f->transform.kind == ICEBERG_VOID || f->transform.kind == ICEBERG_UNKNOWN_TRANSFORM)
            continue;
        if (!iceberg_leaf_type(schema, f->source_id, &type))
            FAIL(err, ST_INVALID, "partition field %.*s: its column is not in the schema",
                 STR_ARG(f->name));
        if (!iceberg_transform_fits(f->transform, type))
            FAIL(err, ST_INVALID, "partition field %.*s: %.*s does not go with type %s",
                 STR_ARG(f->name), STR_ARG(f->transform.text), column_type_name(type, name));
    }
    for (size_t i = 0; i < t->order_count; i++)
        for (size_t k = 0; t->orders[i].id == t->default_order_id && k < t->orders[i].count; k++) {
            struct column_type type;
            if (!iceberg_leaf_type(schema, t->orders[i].fields[k].source_id, &type))
                FAIL(err, ST_INVALID, "the sort order's column %d is not in the schema",
                     t->orders[i].fields[k].source_id);
        }
    return ST_OK;
}

static status start(struct builder *b, const struct iceberg_table *base, struct error *err)
{
    if (!base) {
        TRY(ARENA_NEW(b->arena, struct iceberg_table, &b->t, err));
        b->t->format_version = 2;
        b->t->current_snapshot_id = -1;
        b->t->last_partition_id = 999;
        b->t->current_schema_id = b->t->default_spec_id = b->t->default_order_id = -1;
        b->t->last_updated_ms = b->now_ms;
        return ST_OK;
    }
    TRY(iceberg_table_copy(b->arena, base, &b->t, err));
    struct iceberg_table *t = b->t;
    t->metadata_location = (struct str){0};
    if (b->now_ms > t->last_updated_ms) /* U3 */
        t->last_updated_ms = b->now_ms;
    b->schemas = t->schema_count;
    b->specs = t->spec_count;
    b->orders = t->order_count;
    b->properties = t->property_count;
    b->snapshots = b->base_snapshots = t->snapshot_count;
    b->refs = t->ref_count;
    b->log = b->base_log = t->snapshot_log_count;
    return ST_OK;
}

status iceberg_apply(const struct iceberg_table *base, const struct iceberg_update *updates,
                     size_t count, int64_t now_ms, struct arena *arena, struct iceberg_table **out,
                     struct error *err)
{
    struct builder b = {
        .arena = arena, .now_ms = now_ms, .added_schema = -1, .added_spec = -1, .added_order = -1};
    *out = NULL;
    TRY(start(&b, base, err));
    for (size_t i = 0; i < count; i++)
        TRY(apply_one(&b, &updates[i], err));
    if (b.t->location.len == 0)
        FAIL(err, ST_INVALID, "a new table has no location");
    TRY(correct_log(&b, err));
    TRY(extend_metadata_log(&b, base, err));
    TRY(iceberg_table_check(b.t, arena, err));
    TRY(check_defaults(b.t, err));
    *out = b.t;
    return ST_OK;
}
