// SPDX-License-Identifier: Apache-2.0
/* engine_meta.c - a table's metadata as rows: "t$snapshots", "t$history", "t$refs", "t$files",
 * "t$manifests", "t$partitions", a summary's "t$runs", and the rows of SHOW.
 *
 * Names and columns follow Trino's metadata tables where the types firn has allow it; maps and
 * partition tuples are text. Everything is small and made as constant rows. */
#include "engine/engine_summary_int.h"

#include "column/column_text.h"
#include "summary/summary_verify.h"

#include <stdio.h>
#include <string.h>

/* ---- rows under construction ----------------------------------------------------------------- */

struct meta_rows {
    struct arena *arena;
    const struct column_schema *schema;
    struct column_value *cells; /* row by row */
    size_t count, capacity;     /* cells */
};

static status put(struct meta_rows *r, struct column_value v, struct error *err)
{
    TRY(arena_grow(r->arena, (void **)&r->cells, sizeof(v), &r->capacity, r->count + 1, err));
    v.type = r->schema->fields[r->count % r->schema->count].type;
    r->cells[r->count++] = v;
    return ST_OK;
}

static status put_text(struct meta_rows *r, struct str s, struct error *err)
{
    return put(r, (struct column_value){.null = !s.ptr, .str = s}, err);
}

static status put_long(struct meta_rows *r, int64_t n, bool null, struct error *err)
{
    return put(r, (struct column_value){.null = null, .i64 = n}, err);
}

static status put_int(struct meta_rows *r, int32_t n, struct error *err)
{
    return put(r, (struct column_value){.i32 = n}, err);
}

static status put_bool(struct meta_rows *r, bool b, struct error *err)
{
    return put(r, (struct column_value){.b = b}, err);
}

static status constant(struct arena *arena, const struct column_value *v, struct query_expr **out,
                       struct error *err)
{
    TRY(ARENA_NEW(arena, struct query_expr, out, err));
    **out = (struct query_expr){.kind = QUERY_CONST, .type = v->type, .value = *v};
    return ST_OK;
}

status engine_rows_plan(struct arena *arena, const struct column_schema *schema,
                        const struct column_value *cells, int64_t rows, struct query_plan **out,
                        struct error *err)
{
    struct query_plan *p;
    TRY(ARENA_NEW(arena, struct query_plan, &p, err));
    p->kind = QUERY_PLAN_VALUES;
    p->schema = *schema;
    p->values.rows = rows;
    TRY(ARENA_ARRAY(arena, struct query_expr **, (size_t)rows, &p->values.cells, err));
    for (int64_t r = 0; r < rows; r++) {
        TRY(ARENA_ARRAY(arena, struct query_expr *, schema->count, &p->values.cells[r], err));
        for (size_t c = 0; c < schema->count; c++)
            TRY(constant(arena, &cells[(size_t)r * schema->count + c], &p->values.cells[r][c],
                         err));
    }
    *out = p;
    return ST_OK;
}

/* ---- metadata tables ------------------------------------------------------------------------- */

static struct str operation_of(const struct iceberg_snapshot *s)
{
    struct str op = iceberg_snapshot_property(s, "operation");
    return op.ptr ? op : STR("overwrite");
}

static status summary_text(const struct iceberg_snapshot *s, struct arena *arena, struct str *out,
                           struct error *err)
{
    *out = STR("");
    for (size_t i = 0; i < s->summary_count; i++)
        if (!str_eq(s->summary[i].key, STR("operation"))) /* a column of its own */
            TRY(arena_printf(arena, out, err, "%.*s%s%.*s=%.*s", STR_ARG(*out),
                             out->len ? ", " : "", STR_ARG(s->summary[i].key),
                             STR_ARG(s->summary[i].value)));
    return ST_OK;
}

static status snapshots_rows(struct engine_env *e, const struct iceberg_table *t,
                             struct meta_rows *r, struct error *err)
{
    for (size_t i = 0; i < t->snapshot_count; i++) {
        const struct iceberg_snapshot *s = &t->snapshots[i];
        struct str text;
        TRY(summary_text(s, r->arena, &text, err));
        TRY(put_long(r, s->timestamp_ms * 1000, false, err));
        TRY(put_long(r, s->id, false, err));
        TRY(put_long(r, s->parent_id, s->parent_id < 0, err));
        TRY(put_text(r, operation_of(s), err));
        TRY(put_text(r, s->manifest_list, err));
        TRY(put_text(r, text, err));
    }
    return ST_OK;
}

static bool is_ancestor(const struct iceberg_table *t, int64_t id)
{
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    for (size_t guard = 0; s && guard <= t->snapshot_count; guard++) {
        if (s->id == id)
            return true;
        s = s->parent_id >= 0 ? iceberg_snapshot_by_id(t, s->parent_id) : NULL;
    }
    return false;
}

static status history_rows(struct engine_env *e, const struct iceberg_table *t, struct meta_rows *r,
                           struct error *err)
{
    for (size_t i = 0; i < t->snapshot_log_count; i++) {
        const struct iceberg_log_entry *l = &t->snapshot_log[i];
        const struct iceberg_snapshot *s = iceberg_snapshot_by_id(t, l->snapshot_id);
        TRY(put_long(r, l->timestamp_ms * 1000, false, err));
        TRY(put_long(r, l->snapshot_id, false, err));
        TRY(put_long(r, s ? s->parent_id : 0, !s || s->parent_id < 0, err));
        TRY(put_bool(r, is_ancestor(t, l->snapshot_id), err));
    }
    return ST_OK;
}

static status refs_rows(struct engine_env *e, const struct iceberg_table *t, struct meta_rows *r,
                        struct error *err)
{
    for (size_t i = 0; i < t->ref_count; i++) {
        const struct iceberg_ref *f = &t->refs[i];
        TRY(put_text(r, f->name, err));
        TRY(put_text(r, f->is_tag ? STR("TAG") : STR("BRANCH"), err));
        TRY(put_long(r, f->snapshot_id, false, err));
        TRY(put_long(r, f->max_ref_age_ms, f->max_ref_age_ms < 0, err));
        TRY(put_long(r, f->min_snapshots, f->min_snapshots < 0, err));
        TRY(put_long(r, f->max_snapshot_age_ms, f->max_snapshot_age_ms < 0, err));
    }
    return ST_OK;
}

static status manifests_rows(struct engine_env *e, const struct iceberg_table *t,
                             struct meta_rows *r, struct error *err)
{
    struct iceberg_manifest *m;
    size_t n = 0;
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    if (s)
        TRY(iceberg_manifests_read(e->session->store, t, s, r->arena, &e->session->account, &m, &n,
                                   err));
    for (size_t i = 0; i < n; i++) {
        TRY(put_text(r, m[i].path, err));
        TRY(put_long(r, m[i].bytes, false, err));
        TRY(put_int(r, m[i].spec_id, err));
        TRY(put_text(r, m[i].deletes ? STR("deletes") : STR("data"), err));
        TRY(put_long(r, m[i].added_snapshot_id, false, err));
        const int64_t counts[] = {m[i].added_files,   m[i].added_rows,    m[i].existing_files,
                                  m[i].existing_rows, m[i].deleted_files, m[i].deleted_rows};
        for (size_t k = 0; k < ARRAY_LEN(counts); k++)
            TRY(put_long(r, counts[k], counts[k] < 0, err));
    }
    return ST_OK;
}

static status partition_text(const struct iceberg_table *t, const struct iceberg_data_file *f,
                             struct arena *arena, struct str *out, struct error *err)
{
    const struct iceberg_spec *spec = iceberg_spec_by_id(t, f->spec_id);
    *out = STR("");
    for (size_t i = 0; spec && i < spec->count && i < f->partition_count; i++) {
        struct str v;
        TRY(iceberg_transform_text(spec->fields[i].transform, &f->partition[i], arena, &v, err));
        TRY(arena_printf(arena, out, err, "%.*s%s%.*s=%.*s", STR_ARG(*out), i ? "/" : "",
                         STR_ARG(spec->fields[i].name), STR_ARG(v)));
    }
    return ST_OK;
}

static status plan_files(struct engine_env *e, const struct iceberg_table *t,
                         struct iceberg_scan *scan, struct error *err)
{
    *scan = (struct iceberg_scan){0};
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    return s ? iceberg_scan_plan(e->session->store, t, s, iceberg_current_schema(t), NULL,
                                 &e->arena, &e->session->account, scan, err)
             : ST_OK;
}

static status put_file(const struct iceberg_table *t, struct meta_rows *r,
                       const struct iceberg_entry *e, struct error *err)
{
    const struct iceberg_data_file *f = &e->file;
    struct str partition;
    TRY(partition_text(t, f, r->arena, &partition, err));
    TRY(put_int(r, (int32_t)f->content, err));
    TRY(put_text(r, f->path, err));
    TRY(put_text(r, f->format, err));
    TRY(put_int(r, f->spec_id, err));
    TRY(put_text(r, partition, err));
    TRY(put_long(r, f->records, false, err));
    TRY(put_long(r, f->bytes, false, err));
    TRY(put_long(r, e->sequence_number, false, err));
    return put_long(r, e->snapshot_id, false, err);
}

/* Data files, then delete files (content 1: positions, 2: equality). */
static status files_rows(struct engine_env *e, const struct iceberg_table *t, struct meta_rows *r,
                         struct error *err)
{
    struct iceberg_scan scan;
    TRY(plan_files(e, t, &scan, err));
    for (size_t i = 0; i < scan.count; i++)
        TRY(put_file(t, r, &scan.entries[i], err));
    for (size_t i = 0; i < scan.delete_count; i++)
        TRY(put_file(t, r, &scan.deletes[i]->entry, err));
    return ST_OK;
}

static status partitions_rows(struct engine_env *e, const struct iceberg_table *t,
                              struct meta_rows *r, struct error *err)
{
    struct iceberg_scan scan;
    TRY(plan_files(e, t, &scan, err));
    for (size_t i = 0; i < scan.count; i++) {
        const struct iceberg_data_file *f = &scan.entries[i].file;
        struct str text;
        size_t row = 0;
        TRY(partition_text(t, f, r->arena, &text, err));
        while (row < r->count && !str_eq(r->cells[row].str, text))
            row += r->schema->count;
        if (row == r->count) {
            TRY(put_text(r, text, err));
            for (int k = 0; k < 3; k++)
                TRY(put_long(r, 0, false, err));
        }
        r->cells[row + 1].i64 += f->records;
        r->cells[row + 2].i64++;
        r->cells[row + 3].i64 += f->bytes;
    }
    return ST_OK;
}

/* A total that a snapshot states; NULL when it does not, or not as a number. */
static status put_total(struct meta_rows *r, const struct iceberg_snapshot *s, const char *key,
                        struct error *err)
{
    struct str text = iceberg_snapshot_property(s, key);
    struct column_value v = {.null = true};
    if (text.ptr &&
        column_text_parse(column_type_of(COLUMN_BIGINT), text, NULL, r->arena, &v, NULL) != ST_OK)
        v.null = true;
    return put(r, v, err);
}

/* One snapshot of a summary. Another program's is listed, too: what it says of itself is little. */
static status put_run(struct meta_rows *r, const struct iceberg_snapshot *s, struct error *err)
{
    struct summary_covered c = {.started_ms = -1, .raw_snapshot_id = -1};
    struct str hash = iceberg_snapshot_property(s, "firn.definition-hash");
    if (hash.ptr && summary_covered_read(s, r->arena, &c, NULL) != ST_OK)
        c.started_ms = c.raw_snapshot_id = -1;
    bool timed = c.started_ms >= 0 && c.started_ms <= INT64_MAX / 1000;
    TRY(put_long(r, timed ? c.started_ms * 1000 : 0, !timed, err));
    TRY(put_long(r, s->timestamp_ms * 1000, false, err));
    TRY(put_text(r, iceberg_snapshot_property(s, "engine-name"), err));
    TRY(put_text(r, iceberg_snapshot_property(s, "app-id"), err));
    TRY(put_text(r, iceberg_snapshot_property(s, "firn.run-id"), err));
    TRY(put_text(r, hash, err));
    TRY(put_long(r, s->id, false, err));
    TRY(put_long(r, c.raw_snapshot_id, c.raw_snapshot_id < 0, err));
    TRY(put_text(r, iceberg_snapshot_property(s, "firn.mode"), err));
    TRY(put_total(r, s, "total-records", err));
    TRY(put_total(r, s, "firn.raw-rows", err));
    return put_text(r, hash.ptr ? STR("published") : STR("foreign"), err);
}

static status runs_rows(struct engine_env *e, const struct iceberg_table *t, struct meta_rows *r,
                        struct error *err)
{
    if (!summary_is(t))
        FAIL_SQL(err, ST_INVALID, "42809", 0, "only a materialized view has runs");
    for (size_t i = 0; i < t->snapshot_count; i++)
        TRY(put_run(r, &t->snapshots[i], err));
    return ST_OK;
}

struct meta_kind {
    const char *name;
    const char *columns; /* "name:letter ...": l bigint, i int, t text, b boolean, Z timestamptz */
    status (*fill)(struct engine_env *, const struct iceberg_table *, struct meta_rows *,
                   struct error *);
};

static const struct meta_kind meta_kinds[] = {
    {"snapshots", "committed_at:Z snapshot_id:l parent_id:l operation:t manifest_list:t summary:t",
     snapshots_rows},
    {"history", "made_current_at:Z snapshot_id:l parent_id:l is_current_ancestor:b", history_rows},
    {"refs",
     "name:t type:t snapshot_id:l max_reference_age_in_ms:l min_snapshots_to_keep:l "
     "max_snapshot_age_in_ms:l",
     refs_rows},
    {"manifests",
     "path:t length:l partition_spec_id:i content:t added_snapshot_id:l added_data_files_count:l "
     "added_rows_count:l existing_data_files_count:l existing_rows_count:l "
     "deleted_data_files_count:l deleted_rows_count:l",
     manifests_rows},
    {"files",
     "content:i file_path:t file_format:t spec_id:i partition:t record_count:l "
     "file_size_in_bytes:l sequence_number:l snapshot_id:l",
     files_rows},
    {"partitions", "partition:t record_count:l file_count:l total_size:l", partitions_rows},
    {"runs",
     "started_at:Z committed_at:Z engine:t application_name:t run_id:t definition_hash:t "
     "snapshot_id:l raw_snapshot_id:l mode:t rows:l raw_rows:l outcome:t",
     runs_rows},
};

status engine_letters_schema(struct arena *arena, const char *columns, struct column_schema *out,
                             struct error *err)
{
    static const struct {
        char letter;
        enum column_kind kind;
    } kinds[] = {{'l', COLUMN_BIGINT},
                 {'i', COLUMN_INT},
                 {'t', COLUMN_TEXT},
                 {'b', COLUMN_BOOLEAN},
                 {'Z', COLUMN_TIMESTAMPTZ}};
    size_t n = 1;
    for (const char *p = columns; *p; p++)
        n += *p == ' ';
    out->count = n;
    TRY(ARENA_ARRAY(arena, struct column_field, n, &out->fields, err));
    const char *p = columns;
    for (size_t i = 0; i < n; i++) {
        const char *colon = strchr(p, ':');
        out->fields[i].name = (struct str){p, (size_t)(colon - p)};
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
            if (kinds[k].letter == colon[1])
                out->fields[i].type = column_type_of(kinds[k].kind);
        p = colon + 3;
    }
    return ST_OK;
}

status engine_meta_table(struct engine_env *e, const struct iceberg_table *t, struct str kind,
                         struct query_plan **out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(meta_kinds); i++) {
        struct column_schema schema;
        if (!str_eq_nocase(kind, str_of(meta_kinds[i].name)))
            continue;
        TRY(engine_letters_schema(&e->arena, meta_kinds[i].columns, &schema, err));
        struct meta_rows r = {.arena = &e->arena, .schema = &schema};
        TRY(meta_kinds[i].fill(e, t, &r, err));
        return engine_rows_plan(&e->arena, &schema, r.cells, (int64_t)(r.count / schema.count), out,
                                err);
    }
    FAIL_SQL(err, ST_NOT_FOUND, "42P01", 0,
             "there is no metadata table \"$%.*s\"; there are $snapshots, $history, $refs, $files, "
             "$manifests, $partitions and $runs",
             STR_ARG(kind));
}

/* ---- SHOW ------------------------------------------------------------------------------------ */

/* A companion, which is firn's own and has no place in a listing. */
static bool is_beside_another(const struct str *tables, size_t count, struct str name)
{
    const struct str suffix = STR(SUMMARY_COMPANION_SUFFIX);
    if (!str_ends(name, suffix))
        return false;
    for (size_t i = 0; i < count; i++)
        if (str_eq(tables[i], (struct str){name.ptr, name.len - suffix.len}))
            return true;
    return false;
}

static status show_names(struct engine_env *e, struct str what, struct meta_rows *r,
                         struct error *err)
{
    struct firn_session *s = e->session;
    struct str *spaces;
    size_t n;
    TRY(engine_txn_pin(s, err));
    TRY(engine_spaces(s, &e->arena, &spaces, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct str *tables;
        size_t count;
        if (str_eq(what, STR("schemas"))) {
            TRY(put_text(r, spaces[i], err));
            continue;
        }
        TRY(engine_tables(s, spaces[i], &e->arena, &tables, &count, err));
        for (size_t k = 0; k < count; k++) {
            if (is_beside_another(tables, count, tables[k]))
                continue;
            TRY(put_text(r, spaces[i], err));
            TRY(put_text(r, tables[k], err));
        }
    }
    return ST_OK;
}

status engine_show(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                   struct error *err)
{
    struct column_schema schema;
    bool schemas = str_eq(st->text, STR("schemas")) || str_eq(st->text, STR("databases"));
    bool tables = str_eq(st->text, STR("tables"));
    TRY(engine_letters_schema(&e->arena,
                              schemas  ? "schema_name:t"
                              : tables ? "schema_name:t table_name:t"
                                       : "setting:t",
                              &schema, err));
    struct meta_rows rows = {.arena = &e->arena, .schema = &schema};
    if (schemas || tables) {
        TRY(show_names(e, schemas ? STR("schemas") : st->text, &rows, err));
    } else {
        struct str value = engine_setting_get(e->session, st->text.ptr);
        if (!value.ptr)
            FAIL_SQL(err, ST_NOT_FOUND, "42704", 0, "unrecognized setting \"%.*s\"",
                     STR_ARG(st->text));
        schema.fields[0].name = st->text;
        TRY(put_text(&rows, value, err));
    }
    r->has_rows = true;
    r->verb = "SHOW";
    return engine_rows_plan(&e->arena, &schema, rows.cells, (int64_t)(rows.count / schema.count),
                            &r->plan, err);
}
