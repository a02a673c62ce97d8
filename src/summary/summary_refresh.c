// SPDX-License-Identifier: Apache-2.0
/* summary_refresh.c - brings a summary to its raw table's snapshot, inside the caller's
 * transaction.
 *
 *     load the pending definition, else the published one
 *     plan its SELECT; the raw table must be the one it was made over
 *     give the states their field ids (those of before when nothing about them changed)
 *     stage schemas -> write rows and states -> stage files and properties -> gate
 *
 * A failure anywhere leaves everything to the caller's rollback: readers keep the old rows.
 *
 * R1  the states' field ids are reserved by a schema that had them and is not current (V2)
 * R2  firn.snapshot-id names the snapshot made here, so a foreign commit on top shows
 * R3  a snapshot's states are read only if it names the definition they belong to */
#include "summary/summary.h"

#include "base/clock.h"
#include "base/random.h"

struct refreshing {
    const struct iceberg_table *t; /* borrowed */
    const struct summary_ops *ops; /* borrowed */
    struct arena *arena;           /* borrowed */
    struct summary_definition *d;  /* what is being published */
    const struct iceberg_table *raw;
    const struct iceberg_snapshot *snapshot; /* of raw; NULL: raw is empty */
    struct query_plan *plan;
    struct iceberg_schema *visible; /* with ids; in <arena>: staged updates keep pointing at it */
    int64_t started_ms;
};

/* ---- field ids ------------------------------------------------------------------------------- */

/* Arguments are known by number only, so the SELECT they are counted in must be the same too. */
static bool same_states(const struct summary_definition *a, const struct summary_definition *b)
{
    if (a->state_count != b->state_count || !str_eq(a->select, b->select) ||
        !str_eq(a->zone, b->zone) || !str_eq(a->raw_uuid, b->raw_uuid))
        return false;
    for (size_t i = 0; i < a->state_count; i++)
        if (a->states[i].kind != b->states[i].kind || a->states[i].arg != b->states[i].arg ||
            !column_type_eq(a->states[i].type, b->states[i].type))
            return false;
    return true;
}

static status state_ids(struct refreshing *r, int32_t *last_id, struct error *err)
{
    struct summary_definition *before;
    TRY(summary_load(r->t, true, r->arena, &before, err));
    bool keep = before && same_states(before, r->d);
    for (size_t i = 0; i < r->d->state_count; i++)
        r->d->states[i].field_id = keep ? before->states[i].field_id : ++*last_id;
    return ST_OK;
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

static status stage_schemas(struct refreshing *r, struct error *err)
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
    TRY(state_ids(r, &last_id, err));
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

static status stage_properties(struct refreshing *r, const struct summary_digest *digest,
                               int64_t snapshot_id, struct summary_report *report,
                               struct error *err)
{
    struct property *p, *gone;
    struct str id;
    TRY(arena_printf(r->arena, &id, err, "%lld", (long long)snapshot_id));
    TRY(ARENA_ARRAY(r->arena, struct property, 6, &p, err));
    TRY(ARENA_NEW(r->arena, struct property, &gone, err));
    gone->key = STR("firn.pending");
    summary_digest_text(digest->rows, report->rows_digest);
    summary_digest_text(digest->states, report->states_digest);
    p[0].key = STR("firn.definition");
    TRY(summary_format(r->d, r->arena, &p[0].value, err));
    p[1].key = STR("firn.definition-hash");
    TRY(summary_hash(r->d, r->arena, &p[1].value, err));
    p[2] = (struct property){STR("firn.version"), STR(SUMMARY_VERSION)};
    p[3] = (struct property){STR("firn.snapshot-id"), id};
    p[4].key = STR("firn.rows-digest");
    TRY(arena_str(r->arena, str_of(report->rows_digest), &p[4].value, err));
    p[5].key = STR("firn.states-digest");
    TRY(arena_str(r->arena, str_of(report->states_digest), &p[5].value, err));
    struct iceberg_update updates[] = {
        {.kind = ICEBERG_REMOVE_PROPERTIES, .property_count = 1, .properties = gone},
        {.kind = ICEBERG_SET_PROPERTIES, .property_count = 6, .properties = p},
    };
    return r->ops->update(r->ops->self, updates, 2, err);
}

/* The snapshot's summary: refresh-state in the field names of Iceberg's materialized-view proposal,
 * and the definition whose states its files hold (R3). */
static status stage_files(struct refreshing *r, const struct iceberg_data_file *files, size_t count,
                          int64_t snapshot_id, const struct summary_report *report,
                          struct error *err)
{
    struct property *p;
    struct str state, rows, bytes, hash;
    TRY(summary_hash(r->d, r->arena, &hash, err));
    TRY(arena_printf(r->arena, &state, err,
                     "{\"view-version-id\":1,\"source-states\":[{\"type\":\"table\",\"uuid\":"
                     "\"%.*s\",\"snapshot-id\":%lld,\"ref\":\"%.*s\"}],"
                     "\"refresh-start-timestamp-ms\":%lld}",
                     STR_ARG(r->raw->uuid), r->snapshot ? (long long)r->snapshot->id : -1,
                     STR_ARG(r->d->raw_ref), (long long)r->started_ms));
    TRY(arena_printf(r->arena, &rows, err, "%lld", (long long)report->raw_rows));
    TRY(arena_printf(r->arena, &bytes, err, "%lld", (long long)report->raw_bytes));
    TRY(ARENA_ARRAY(r->arena, struct property, 5, &p, err));
    p[0] = (struct property){STR("refresh-state"), state};
    p[1] = (struct property){STR("firn.mode"), STR("full")};
    p[2] = (struct property){STR("firn.raw-rows"), rows};
    p[3] = (struct property){STR("firn.raw-bytes"), bytes};
    p[4] = (struct property){STR("firn.definition-hash"), hash};
    return r->ops->replace(r->ops->self, files, count, snapshot_id, p, 5, err);
}

/* ---- the gate -------------------------------------------------------------------------------- */

static bool had_rows(const struct iceberg_table *t)
{
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    struct str n = s ? iceberg_snapshot_property(s, "total-records") : (struct str){0};
    return n.len > 0 && !str_eq(n, STR("0"));
}

static status gate(struct refreshing *r, const struct summary_digest *digest, struct error *err)
{
    if (digest->row_count == 0 && had_rows(r->t))
        FAIL(err, ST_REFUSED,
             "refused: the refresh has no rows and the summary has some; nothing was published");
    for (size_t i = 0; i < r->d->check_count; i++) {
        const struct summary_check *check = &r->d->checks[i];
        struct str rows;
        TRY(r->ops->check(r->ops->self, check, &rows, err));
        if (rows.len == 0)
            continue;
        status st = error_set(err, ST_REFUSED, __FILE__, __LINE__,
                              "refused: constraint \"%.*s\" CHECK (%.*s) does not hold; nothing "
                              "was published",
                              STR_ARG(check->name), STR_ARG(check->text));
        error_detail(err, "Failing rows: %.*s", STR_ARG(rows));
        return st;
    }
    return ST_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static status same_raw(const struct refreshing *r, struct str raw_name, struct error *err)
{
    if (str_eq(r->d->raw_uuid, r->raw->uuid))
        return ST_OK;
    FAIL(err, ST_INVALID,
         "%.*s is another table than the one the view was made over (uuid %.*s, now %.*s); "
         "CREATE OR REPLACE the view",
         STR_ARG(raw_name), STR_ARG(r->d->raw_uuid), STR_ARG(r->raw->uuid));
}

static status redefine(struct refreshing *r, struct str raw_name, struct error *err)
{
    struct summary_definition *fresh;
    TRY(same_raw(r, raw_name, err));
    TRY(summary_define(r->plan, r->d->select, r->d->zone, raw_name, r->raw, r->arena, &fresh, err));
    fresh->checks = r->d->checks;
    fresh->check_count = r->d->check_count;
    r->d = fresh;
    return ST_OK;
}

static int64_t snapshot_number(const struct iceberg_snapshot *s, const char *key)
{
    struct str text = s ? iceberg_snapshot_property(s, key) : (struct str){0};
    int64_t n = 0;
    for (size_t i = 0; i < text.len && i < 18 && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        n = n * 10 + (text.ptr[i] - '0');
    return n;
}

status summary_refresh(const struct iceberg_table *t, const struct summary_ops *ops,
                       struct arena *arena, struct summary_report *out, struct error *err)
{
    struct refreshing r = {.t = t, .ops = ops, .arena = arena, .started_ms = clock_now_us() / 1000};
    struct column_schema hidden;
    struct summary_digest digest = {0};
    struct iceberg_data_file *files;
    struct str raw_name;
    size_t count;
    int64_t snapshot_id;
    *out = (struct summary_report){.mode = "full"};
    TRY(summary_load(t, false, arena, &r.d, err));
    ENSURE(r.d != NULL, err);
    TRY(ops->plan(ops->self, r.d->select, r.d->zone, &r.plan, &r.raw, &r.snapshot, &raw_name, err));
    TRY(redefine(&r, raw_name, err));
    TRY(stage_schemas(&r, err));
    TRY(summary_extend(r.plan, r.d, arena, &r.plan, err));
    TRY(summary_hidden_schema(r.d, arena, &hidden, err));
    TRY(ops->write(ops->self, r.plan, r.d->column_count, &hidden, &digest, &files, &count, err));
    TRY(random_id(&snapshot_id, err));
    out->rows = digest.row_count;
    out->checks = (int64_t)r.d->check_count;
    out->raw_rows = snapshot_number(r.snapshot, "total-records");
    out->raw_bytes = snapshot_number(r.snapshot, "total-files-size");
    TRY(stage_properties(&r, &digest, snapshot_id, out, err));
    TRY(stage_files(&r, files, count, snapshot_id, out, err));
    return gate(&r, &digest, err);
}
