// SPDX-License-Identifier: Apache-2.0
/* summary_verify.c - what a snapshot claims: its own words, the table's properties, its manifests.
 *
 *     snapshot   firn.definition-hash  it is firn's, under the definition at hand
 *                refresh-state         which raw snapshot it covers
 *                firn.*-digest         what its rows and states hash to
 *     foreign    no such words: those of the newest ancestor that has them
 *
 * The properties describe one snapshot, firn.snapshot-id; where its own words are other ones, one of
 * the two was changed by hand. */
#include "summary/summary_verify.h"

#include "base/jsontext.h"
#include "column/column_text.h"

#include <string.h>

#define REFRESH_STATE_BYTES ((size_t)64 << 10)

/* ---- refresh-state --------------------------------------------------------------------------- */

static status parse_covered(const json_t *root, struct arena *arena, struct summary_covered *out,
                            struct error *err)
{
    const json_t *sources;
    TRY(jsontext_get_array(root, "source-states", true, &sources, err));
    if (json_array_size(sources) != 1)
        FAIL(err, ST_CORRUPT, "%zu source states, expected one", json_array_size(sources));
    const json_t *source = json_array_get(sources, 0);
    TRY(jsontext_get_str(arena, source, "uuid", &out->raw_uuid, err));
    TRY(jsontext_get_long(source, "snapshot-id", &out->raw_snapshot_id, err));
    return jsontext_get_long_or(root, "refresh-start-timestamp-ms", -1, &out->started_ms, err);
}

status summary_covered_read(const struct iceberg_snapshot *s, struct arena *arena,
                            struct summary_covered *out, struct error *err)
{
    struct str text = iceberg_snapshot_property(s, "refresh-state");
    struct jsontext_doc doc;
    if (!text.ptr || text.len > REFRESH_STATE_BYTES)
        FAIL(err, ST_CORRUPT, "snapshot %lld: refresh-state is %s", (long long)s->id,
             text.ptr ? "too long" : "missing");
    status st = jsontext_doc_parse(&doc, arena->account, text.ptr, text.len, err);
    if (st == ST_OK) {
        st = parse_covered(doc.root, arena, out, err);
        jsontext_doc_free(&doc);
    }
    if (st != ST_OK)
        error_context(err, "snapshot %lld: refresh-state", (long long)s->id);
    return st;
}

/* ---- claims ---------------------------------------------------------------------------------- */

static struct str hash_of(const struct iceberg_snapshot *s)
{
    return iceberg_snapshot_property(s, "firn.definition-hash");
}

/* The newest snapshot from `s` down that firn made under the published definition. */
static const struct iceberg_snapshot *own_from(const struct iceberg_table *t,
                                               const struct iceberg_snapshot *s)
{
    struct str hash = iceberg_table_property(t, "firn.definition-hash");
    for (size_t guard = 0; s && guard <= t->snapshot_count; guard++) {
        if (hash_of(s).ptr)
            return str_eq(hash_of(s), hash) ? s : NULL;
        s = s->parent_id >= 0 ? iceberg_snapshot_by_id(t, s->parent_id) : NULL;
    }
    return NULL;
}

static bool is_published(const struct iceberg_table *t, const struct iceberg_snapshot *s)
{
    char id[24];
    snprintf(id, sizeof(id), "%lld", (long long)s->id);
    return str_eq_z(iceberg_table_property(t, "firn.snapshot-id"), id);
}

static status check_digest(const struct iceberg_table *t, const struct iceberg_snapshot *s,
                           const char *key, bool published, struct str *out, struct error *err)
{
    struct str stated = iceberg_table_property(t, key);
    *out = iceberg_snapshot_property(s, key);
    if (!out->ptr)
        FAIL(err, ST_CORRUPT, "snapshot %lld: %s is missing", (long long)s->id, key);
    if (published && !str_eq(stated, *out))
        FAIL(err, ST_DIFFERS, "property %s is %.*s, and snapshot %lld says %.*s", key,
             STR_ARG(stated), (long long)s->id, STR_ARG(*out));
    return ST_OK;
}

static status read_own(const struct iceberg_table *t, const struct summary_definition *d,
                       struct arena *arena, struct summary_claim *c, struct error *err)
{
    struct str schema = iceberg_snapshot_property(c->own, "firn.raw-schema-id");
    struct column_value id;
    struct summary_covered covered;
    c->published = is_published(t, c->own);
    c->rebuilt = str_eq(iceberg_snapshot_property(c->own, "firn.mode"), STR("full"));
    TRY(check_digest(t, c->own, "firn.rows-digest", c->published, &c->rows_digest, err));
    TRY(check_digest(t, c->own, "firn.states-digest", c->published, &c->states_digest, err));
    if (schema.ptr) {
        TRY_CONTEXT(column_text_parse(column_type_of(COLUMN_INT), schema, NULL, arena, &id, err),
                    err, "snapshot %lld: firn.raw-schema-id", (long long)c->own->id);
        c->raw_schema_id = id.i32;
    }
    TRY(summary_covered_read(c->own, arena, &covered, err));
    if (!str_eq(covered.raw_uuid, d->raw_uuid))
        FAIL(err, ST_CORRUPT, "snapshot %lld covers table %.*s, the definition reads table %.*s",
             (long long)c->own->id, STR_ARG(covered.raw_uuid), STR_ARG(d->raw_uuid));
    c->raw_snapshot_id = covered.raw_snapshot_id;
    return ST_OK;
}

status summary_claim_read(const struct iceberg_table *t, const struct summary_definition *d,
                          const struct iceberg_snapshot *snapshot, struct arena *arena,
                          struct summary_claim *out, struct error *err)
{
    *out = (struct summary_claim){.snapshot = snapshot, .raw_snapshot_id = -1, .raw_schema_id = -1};
    out->own = own_from(t, snapshot);
    if (hash_of(snapshot).ptr && !out->own)
        FAIL(err, ST_GONE,
             "snapshot %lld was made under another definition, which the table no longer has",
             (long long)snapshot->id);
    if (out->own)
        return read_own(t, d, arena, out, err);
    out->rows_digest = iceberg_table_property(t, "firn.rows-digest");
    out->states_digest = iceberg_table_property(t, "firn.states-digest");
    return ST_OK;
}

bool summary_claim_foreign(const struct summary_claim *c)
{
    return c->own != c->snapshot;
}

static status same_digest(const char *what, uint128 stored, struct str claimed, struct arena *arena,
                          struct error *err)
{
    struct str text;
    TRY(summary_digest_text(stored, arena, &text, err));
    if (!str_eq(text, claimed))
        FAIL(err, ST_DIFFERS,
             "what is stored is not what was published: the %s hash to %.*s, and "
             "%s-digest is %.*s",
             what, STR_ARG(text), what, STR_ARG(claimed));
    return ST_OK;
}

status summary_claim_check(const struct summary_claim *c, const struct summary_digest *stored,
                           struct arena *arena, struct error *err)
{
    TRY(same_digest("rows", stored->rows, c->rows_digest, arena, err));
    return summary_claim_foreign(c)
               ? ST_OK
               : same_digest("states", stored->states, c->states_digest, arena, err);
}

/* ---- metadata -------------------------------------------------------------------------------- */

status summary_check_schema(const struct summary_definition *d, const struct iceberg_schema *schema,
                            struct error *err)
{
    char have[64], wanted[64];
    if (schema->count != d->column_count)
        FAIL(err, ST_DIFFERS, "the table has %zu columns, the definition %zu", schema->count,
             d->column_count);
    for (size_t i = 0; i < d->column_count; i++) {
        const struct iceberg_field *f = &schema->fields[i];
        const struct summary_column *c = &d->columns[i];
        if (f->id != c->field_id || !str_eq(f->name, c->name) || !column_type_eq(f->type, c->type))
            FAIL(err, ST_DIFFERS,
                 "column %zu of the table is %.*s %s (field %d), of the definition %.*s %s (field "
                 "%d)",
                 i + 1, STR_ARG(f->name), column_type_name(f->type, have), (int)f->id,
                 STR_ARG(c->name), column_type_name(c->type, wanted), (int)c->field_id);
    }
    return ST_OK;
}

bool summary_same_shape(const struct summary_definition *a, const struct summary_definition *b)
{
    bool same = a->column_count == b->column_count && a->state_count == b->state_count;
    for (size_t i = 0; same && i < a->column_count; i++)
        same = a->columns[i].kind == b->columns[i].kind && a->columns[i].agg == b->columns[i].agg &&
               a->columns[i].arg == b->columns[i].arg &&
               column_type_eq(a->columns[i].type, b->columns[i].type);
    for (size_t i = 0; same && i < a->state_count; i++)
        same = a->states[i].kind == b->states[i].kind && a->states[i].arg == b->states[i].arg &&
               column_type_eq(a->states[i].type, b->states[i].type);
    return same;
}

/* A count stands in every group; the other states may be NULL. */
static bool never_null(const struct summary_state *s)
{
    return s->kind == QUERY_AGG_COUNT_STAR || s->kind == QUERY_AGG_STATE_MISSING;
}

static status check_state(const struct summary_state *s, const struct iceberg_data_file *f,
                          struct error *err)
{
    const struct iceberg_metric *m = NULL;
    for (size_t i = 0; i < f->metric_count; i++)
        if (f->metrics[i].field_id == s->field_id)
            m = &f->metrics[i];
    if (!m || m->values != f->records)
        FAIL(err, ST_DIFFERS, "%.*s: of %lld rows %lld have _firn_%d (%s)", STR_ARG(f->path),
             (long long)f->records, m ? (long long)m->values : 0LL, (int)s->field_id,
             query_agg_name(s->kind));
    if (never_null(s) && m->nulls > 0)
        FAIL(err, ST_DIFFERS, "%.*s: %lld rows have lost _firn_%d (%s)", STR_ARG(f->path),
             (long long)m->nulls, (int)s->field_id, query_agg_name(s->kind));
    return ST_OK;
}

status summary_check_manifests(const struct summary_definition *d, const struct iceberg_snapshot *s,
                               const struct iceberg_scan *files, struct error *err)
{
    struct str total = iceberg_snapshot_property(s, "total-records");
    int64_t rows = 0;
    char text[24];
    if (files->delete_count > 0)
        FAIL(err, ST_DIFFERS, "rows were deleted by another program: %.*s",
             STR_ARG(files->deletes[0]->entry.file.path));
    for (size_t i = 0; i < files->count; i++) {
        const struct iceberg_data_file *f = &files->entries[i].file;
        for (size_t k = 0; k < d->state_count; k++)
            TRY(check_state(&d->states[k], f, err));
        rows += f->records;
    }
    snprintf(text, sizeof(text), "%lld", (long long)rows);
    if (total.ptr && !str_eq_z(total, text))
        FAIL(err, ST_DIFFERS, "the manifests name %s rows, the snapshot says %.*s", text,
             STR_ARG(total));
    return ST_OK;
}
