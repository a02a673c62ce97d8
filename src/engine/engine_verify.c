// SPDX-License-Identifier: Apache-2.0
/* engine_verify.c - CALL system.verify: is what a summary stores what its raw table gives?
 *
 *     claim      what the snapshot says it covers, and its digests       (summary_verify.c)
 *     metadata   schema, manifests                                       no data file is opened
 *     digests    stored rows, states -> digests -> those of the claim    the summary's own files
 *     full       stored, sorted   \
 *                                  group by group (summary_compare.c)    the raw files, too
 *                SELECT over raw  /
 *                at the covered snapshot, with states, sorted
 *
 * The SELECT is bound to the schema that the refresh bound it to, over the covered snapshot, whatever
 * the raw table's name means by now.
 *
 * Where the raw side is gone, the digests are still checked; then it is ST_GONE, not a difference. */
#include "engine/engine_verify_int.h"

#include "sql/sql.h"

#include <string.h>

/* ---- arguments ------------------------------------------------------------------------------- */

static status read_level(struct str text, enum verify_level *out, struct error *err)
{
    static const char *const names[] = {"metadata", "digests", "full"};
    *out = VERIFY_FULL;
    if (!text.ptr)
        return ST_OK;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_z(text, names[i])) {
            *out = (enum verify_level)i;
            return ST_OK;
        }
    FAIL_SQL(err, ST_INVALID, "22023", 0,
             "level of verify is metadata, digests or full, not \"%.*s\"", STR_ARG(text));
}

static status check_names(const struct query_ast *call, struct error *err)
{
    static const char *const names[] = {"table", "as_of", "level", "files"};
    if (call->arg_count > ARRAY_LEN(names))
        FAIL_SQL(err, ST_INVALID, "42883", call->position, "verify takes at most %zu arguments",
                 ARRAY_LEN(names));
    for (size_t i = 0; call->arg_names && i < call->arg_count; i++) {
        struct str given = call->arg_names[i].text;
        bool known = given.len == 0;
        for (size_t k = 0; k < ARRAY_LEN(names); k++)
            known |= str_eq_z(given, names[k]);
        if (!known)
            FAIL_SQL(err, ST_INVALID, "42883", call->args[i]->position,
                     "verify has no argument %.*s; it takes \"table\", as_of, level and files",
                     STR_ARG(given));
    }
    return ST_OK;
}

static status read_arguments(struct verify *v, const struct query_ast *call, struct error *err)
{
    struct engine_env *e = v->e;
    struct str table, level, files;
    struct query_table_name named;
    struct iceberg_table *t;
    TRY(check_names(call, err));
    TRY(engine_call_text(e, call, "table", 0, &table, err));
    TRY(engine_call_text(e, call, "as_of", 1, &v->as_of, err));
    TRY(engine_call_text(e, call, "level", 2, &level, err));
    TRY(engine_call_text(e, call, "files", 3, &files, err));
    if (!table.ptr)
        FAIL_SQL(err, ST_INVALID, "22023", call->position, "verify needs \"table\"");
    TRY(read_level(level, &v->level, err));
    v->files = files.ptr && str_eq(files, STR("true"));
    if (files.ptr && !v->files && !str_eq(files, STR("false")))
        FAIL_SQL(err, ST_INVALID, "22023", 0, "files of verify is true or false, not \"%.*s\"",
                 STR_ARG(files));
    if (v->files && v->level == VERIFY_METADATA)
        FAIL_SQL(err, ST_INVALID, "22023", 0,
                 "files are read to be checked; level metadata reads "
                 "none");
    TRY(engine_call_table(e, table, &named, err));
    TRY(engine_table_must(e, &named, &v->name, &t, err));
    if (!summary_is(t))
        FAIL_SQL(err, ST_INVALID, "42809", call->position, "\"%.*s\" is not a materialized view",
                 STR_ARG(v->name.table));
    v->t = t;
    return engine_table_read(e->session, v->name, err);
}

/* ---- what went wrong ------------------------------------------------------------------------- */

static bool file_is_gone(status st, const struct error *err)
{
    return st == ST_NOT_FOUND && strcmp(error_state(err), "58P01") == 0;
}

/* Raised anew: what was a failure of reading is an answer here. */
static status judge(status st, const char *what, struct error *err)
{
    char words[sizeof(err->msg)];
    memcpy(words, err->msg, sizeof(words));
    return error_set(err, st, __FILE__, __LINE__, "%s: %s", what, words);
}

status verify_stored_failed(struct verify *v, status st, struct error *err)
{
    st = engine_txn_settle(v->e->session, st, err);
    if (st != ST_CORRUPT && !file_is_gone(st, err))
        return st;
    return judge(ST_DIFFERS, "what is stored cannot be read", err);
}

static status raw_failed(struct verify *v, status st, struct error *err)
{
    st = engine_txn_settle(v->e->session, st, err);
    return file_is_gone(st, err) ? judge(ST_GONE, "a file of the covered raw snapshot is gone", err)
                                 : st;
}

/* A stream whose failures are judged as those of its side; its rows are digested as they pass. */
struct judged {
    struct column_stream from; /* owned */
    struct verify *v;
    status (*failed)(struct verify *v, status st, struct error *err);
    struct summary_digest *digest; /* borrowed; NULL = nobody asks */
};

static status judged_next(void *self, struct column_batch *out, struct error *err)
{
    struct judged *j = self;
    struct verify *v = j->v;
    status st = j->from.next(j->from.self, out, err);
    if (st != ST_OK)
        return j->failed(v, st, err);
    const struct summary_rows of = {j->from.schema, v->field_ids, v->d->column_count};
    return j->digest ? summary_digest_add(j->digest, &of, out, &v->e->session->account, err)
                     : ST_OK;
}

static void judged_close(void *self)
{
    struct judged *j = self;
    j->from.close(j->from.self);
}

static struct column_stream judged_stream(struct judged *j)
{
    return (struct column_stream){j->from.schema, j, judged_next, judged_close};
}

/* ---- what is stored -------------------------------------------------------------------------- */

static status describe_columns(struct verify *v, struct error *err)
{
    struct arena *a = &v->e->arena;
    struct column_schema visible, hidden;
    TRY(summary_visible_schema(v->d, a, &visible, err));
    TRY(summary_hidden_schema(v->d, a, &hidden, err));
    v->columns.count = visible.count + hidden.count;
    TRY(ARENA_ARRAY(a, struct column_field, v->columns.count, &v->columns.fields, err));
    TRY(ARENA_ARRAY(a, int32_t, v->columns.count, &v->field_ids, err));
    for (size_t i = 0; i < v->columns.count; i++) {
        v->columns.fields[i] =
            i < visible.count ? visible.fields[i] : hidden.fields[i - visible.count];
        v->field_ids[i] = v->columns.fields[i].field_id;
    }
    return ST_OK;
}

static const struct iceberg_schema *schema_then(const struct verify *v)
{
    const struct iceberg_schema *then =
        v->as_of.ptr ? iceberg_schema_by_id(v->t, v->claim.snapshot->schema_id) : NULL;
    return then ? then : iceberg_current_schema(v->t);
}

status verify_scan(struct verify *v, const struct iceberg_scan *files, size_t columns,
                   struct query_plan **out, struct error *err)
{
    TRY(ARENA_NEW(&v->e->arena, struct query_plan, out, err));
    struct query_plan *p = *out;
    p->kind = QUERY_PLAN_SCAN;
    p->schema = (struct column_schema){columns, v->columns.fields};
    p->scan.name = v->name.table;
    p->scan.table = v->t;
    p->scan.table_schema = schema_then(v);
    p->scan.snapshot = v->claim.snapshot;
    p->scan.files = files;
    p->scan.field_ids = v->field_ids;
    return ST_OK;
}

/* Which columns are compared: without states where another program wrote the files. */
static size_t compared(const struct verify *v)
{
    return summary_claim_foreign(&v->claim) ? v->d->column_count : v->columns.count;
}

/* The stored rows, digested as they pass; sorted by key when they are to be compared. */
static status open_stored(struct verify *v, bool sorted, struct judged *j,
                          struct summary_digest *digest, struct column_stream *out,
                          struct error *err)
{
    struct engine_env *e = v->e;
    struct query_plan *plan, *scan;
    TRY(verify_scan(v, &v->stored_files, compared(v), &scan, err));
    plan = scan;
    if (sorted) {
        TRY(ARENA_NEW(&e->arena, struct query_plan, &plan, err));
        *plan = (struct query_plan){.kind = QUERY_PLAN_SORT, .input = scan, .schema = scan->schema};
        plan->sort.count = v->recompute->sort.count;
        plan->sort.keys = v->recompute->sort.keys;
    }
    *j = (struct judged){.v = v, .failed = verify_stored_failed, .digest = digest};
    status st = exec_open(plan, &e->exec, &j->from, err);
    if (st != ST_OK)
        return verify_stored_failed(v, st, err);
    *out = judged_stream(j);
    return ST_OK;
}

static status check_digests(struct verify *v, struct summary_digest *digest, struct error *err)
{
    struct judged j;
    struct column_stream rows;
    struct column_batch batch;
    *digest = (struct summary_digest){0};
    TRY(open_stored(v, false, &j, digest, &rows, err));
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0)
        continue;
    rows.close(rows.self);
    TRY(st);
    return summary_claim_check(&v->claim, digest, &v->e->arena, err);
}

/* ---- what the raw table gives ---------------------------------------------------------------- */

static status find_raw(struct verify *v, struct error *err)
{
    const struct summary_definition *d = v->d;
    struct engine_env *e = v->e;
    struct iceberg_table *t;
    const struct iceberg_schema *bound = NULL;
    if (!v->claim.own)
        FAIL(err, ST_GONE, "the snapshot that says what is covered (%.*s) is gone",
             STR_ARG(iceberg_table_property(v->t, "firn.snapshot-id")));
    TRY(engine_table_read(e->session, d->raw_name, err));
    TRY(engine_table_get(e->session, d->raw_name, &t, err));
    if (!t || !str_eq(t->uuid, d->raw_uuid))
        FAIL(err, ST_GONE, "the raw table %.*s.%.*s (uuid %.*s) is gone",
             STR_ARG(d->raw_name.space), STR_ARG(d->raw_name.table), STR_ARG(d->raw_uuid));
    v->raw = (struct plan_table){.name = d->raw_name.table, .table = t};
    if (v->claim.raw_snapshot_id >= 0) {
        v->raw.snapshot = iceberg_snapshot_by_id(t, v->claim.raw_snapshot_id);
        if (!v->raw.snapshot)
            FAIL(err, ST_GONE, "the covered snapshot %lld of the raw table %.*s.%.*s is gone",
                 (long long)v->claim.raw_snapshot_id, STR_ARG(d->raw_name.space),
                 STR_ARG(d->raw_name.table));
        bound = iceberg_schema_by_id(t, v->raw.snapshot->schema_id);
    }
    if (iceberg_schema_by_id(t, v->claim.raw_schema_id))
        bound = iceberg_schema_by_id(t, v->claim.raw_schema_id);
    TRY(summary_bound_schema(v->d, bound ? bound : iceberg_current_schema(t), &e->arena,
                             &v->raw.schema, err));
    return engine_summary_states(e, &v->raw, err);
}

/* The definition's SELECT names one table, and that is the covered raw snapshot. */
static status plan_select_at(struct verify *v, struct query_plan **out, struct error *err)
{
    struct engine_env *e = v->e;
    struct query_statement **st;
    struct zone *zone = NULL;
    size_t count;
    TRY(sql_parse(v->d->select, &e->arena, &st, &count, err));
    if (count != 1 || st[0]->kind != QUERY_STMT_SELECT)
        FAIL(err, ST_CORRUPT, "a stored definition is no SELECT: %.*s", STR_ARG(v->d->select));
    if (!str_eq_nocase(v->d->zone, STR("UTC")))
        TRY(zone_load(&e->arena, v->d->zone, &zone, err));
    e->plan.zone = e->exec.zone = zone;
    e->only = &v->raw;
    status planned = plan_select(&e->plan, st[0]->select, out, err);
    e->only = NULL;
    return planned;
}

static status plan_recompute(struct verify *v, struct error *err)
{
    struct engine_env *e = v->e;
    struct query_plan *plan;
    struct summary_definition *then;
    int *keys;
    TRY(find_raw(v, err));
    status st = plan_select_at(v, &plan, err);
    if (st != ST_OK) {
        error_context(err, "definition");
        error_position(err, 0); /* it counts in the definition's own text */
        return raw_failed(v, st, err);
    }
    TRY(summary_define(plan, v->d->select, v->d->zone, v->d->raw_name, v->raw.table, &e->arena,
                       &then, err));
    if (!summary_same_shape(then, v->d))
        FAIL(err, ST_GONE, "the definition means other columns over the raw table's schema %d",
             (int)v->raw.schema->id);
    TRY(summary_extend(plan, v->d, &e->arena, &v->recompute, err));
    const struct query_plan *sort = v->recompute;
    TRY(ARENA_ARRAY(&e->arena, int, sort->sort.count, &keys, err));
    for (size_t k = 0; k < sort->sort.count; k++)
        keys[k] = sort->sort.keys[k].value->column;
    v->how = (struct summary_comparison){v->d, compared(v), sort->sort.count, keys, e->exec.zone};
    return ST_OK;
}

/* ---- the levels ------------------------------------------------------------------------------ */

static status find_claim(struct verify *v, struct error *err)
{
    struct engine_env *e = v->e;
    const struct iceberg_snapshot *s = iceberg_current_snapshot(v->t);
    TRY(summary_load(v->t, true, &e->arena, &v->d, err));
    if (!v->d || !s)
        FAIL_SQL(err, ST_INVALID, "55000", 0,
                 "it has not been refreshed yet, so there is nothing to verify");
    if (v->as_of.ptr)
        TRY(engine_snapshot_named(e, v->t, v->as_of, &s, err));
    TRY(summary_claim_read(v->t, v->d, s, &e->arena, &v->claim, err));
    TRY(describe_columns(v, err));
    TRY(summary_check_schema(v->d, schema_then(v), err));
    status st = iceberg_scan_plan(e->session->store, v->t, s, schema_then(v), NULL, &e->arena,
                                  &e->session->account, &v->stored_files, err);
    return st == ST_OK ? ST_OK : verify_stored_failed(v, st, err);
}

static void tell_foreign(const struct verify *v)
{
    const struct summary_claim *c = &v->claim;
    struct str operation = iceberg_snapshot_property(c->snapshot, "operation");
    if (summary_claim_foreign(c))
        engine_notice(v->e->session,
                      "snapshot %lld (%.*s) of %.*s.%.*s was made by another program: its rows are "
                      "compared, its states are not",
                      (long long)c->snapshot->id, STR_ARG(operation), STR_ARG(v->name.space),
                      STR_ARG(v->name.table));
    else if (!c->published && !v->as_of.ptr)
        engine_notice(v->e->session,
                      "%.*s.%.*s stands at snapshot %lld, and firn has published %.*s since",
                      STR_ARG(v->name.space), STR_ARG(v->name.table), (long long)c->snapshot->id,
                      STR_ARG(iceberg_table_property(v->t, "firn.snapshot-id")));
}

static status check_metadata(struct verify *v, struct error *err)
{
    if (!summary_claim_foreign(&v->claim) || v->files)
        return summary_check_manifests(v->d, v->claim.snapshot, &v->stored_files, err);
    if (v->level == VERIFY_METADATA)
        FAIL(err, ST_GONE,
             "another program made the snapshot, so its metadata proves nothing; level digests "
             "reads its rows");
    return ST_OK;
}

static status compare_full(struct verify *v, struct summary_digest *digest, struct error *err)
{
    struct judged stored_side, raw_side;
    struct column_stream stored, recomputed;
    int64_t rows;
    *digest = (struct summary_digest){0};
    raw_side = (struct judged){.v = v, .failed = raw_failed};
    status st = exec_open(v->recompute, &v->e->exec, &raw_side.from, err);
    if (st != ST_OK)
        return raw_failed(v, st, err);
    recomputed = judged_stream(&raw_side);
    st = open_stored(v, true, &stored_side, digest, &stored, err);
    if (st == ST_OK) {
        st = summary_compare(&v->how, &stored, &recomputed, &v->e->arena, &rows, err);
        stored.close(stored.self);
    }
    recomputed.close(recomputed.self);
    TRY(st);
    return summary_claim_check(&v->claim, digest, &v->e->arena, err);
}

/* The raw side is gone: what is stored is still held against its digests. */
static status check_rest(struct verify *v, struct error *err)
{
    struct summary_digest digest;
    struct error gone = *err;
    TRY(check_digests(v, &digest, err));
    *err = gone;
    error_detail(err, "What is stored still has the digests that were published: %lld rows%s.",
                 (long long)digest.row_count,
                 summary_claim_foreign(&v->claim) ? "" : " and their states");
    return gone.code;
}

static status check_level(struct verify *v, struct summary_digest *digest, struct error *err)
{
    status st = ST_OK;
    TRY(check_metadata(v, err));
    if (v->level == VERIFY_METADATA)
        return ST_OK;
    if (v->level == VERIFY_FULL || v->files)
        st = plan_recompute(v, err);
    if (st == ST_OK && v->files)
        st = verify_files(v, err);
    if (st == ST_OK)
        st = v->level == VERIFY_FULL ? compare_full(v, digest, err) : check_digests(v, digest, err);
    return st == ST_GONE && err ? check_rest(v, err) : st;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *outcome_of(const struct verify *v)
{
    bool foreign = summary_claim_foreign(&v->claim);
    if (v->level == VERIFY_METADATA)
        return "metadata agrees";
    if (v->level == VERIFY_DIGESTS)
        return foreign ? "rows as published" : "as published";
    return foreign ? "rows equal" : "equal";
}

/* One row: what was verified, and how far. */
static status answer(struct verify *v, const struct summary_digest *digest, struct firn_result *r,
                     struct error *err)
{
    static const char columns[] = "snapshot_id:l covered_snapshot_id:l rows_compared:l files:l "
                                  "rows_digest:t states_digest:t outcome:t";
    enum { SNAPSHOT, COVERED, ROWS, FILES, ROWS_DIGEST, STATES_DIGEST, OUTCOME };
    struct arena *a = &v->e->arena;
    struct column_schema schema;
    struct column_value *cells;
    const struct summary_claim *c = &v->claim;
    TRY(engine_letters_schema(a, columns, &schema, err));
    TRY(ARENA_ARRAY(a, struct column_value, schema.count, &cells, err));
    for (size_t i = 0; i < schema.count; i++)
        cells[i].type = schema.fields[i].type;
    cells[SNAPSHOT].i64 = c->snapshot->id;
    cells[COVERED].i64 = c->raw_snapshot_id;
    cells[COVERED].null = !c->own || c->raw_snapshot_id < 0;
    cells[ROWS].i64 = digest->row_count;
    cells[FILES].i64 = (int64_t)v->stored_files.count;
    cells[ROWS_DIGEST].str = c->rows_digest;
    cells[STATES_DIGEST].str = c->states_digest;
    cells[STATES_DIGEST].null = summary_claim_foreign(c);
    cells[OUTCOME].str = str_of(outcome_of(v));
    r->has_rows = true;
    r->verb = "CALL";
    return engine_rows_plan(a, &schema, cells, 1, &r->plan, err);
}

status engine_verify(struct engine_env *e, const struct query_ast *call, struct firn_result *r,
                     struct error *err)
{
    struct verify v = {.e = e};
    struct summary_digest digest = {0};
    TRY(read_arguments(&v, call, err));
    status st = find_claim(&v, err);
    if (st == ST_OK) {
        tell_foreign(&v);
        st = check_level(&v, &digest, err);
    }
    if (st != ST_OK) {
        error_context(err, "materialized view %.*s.%.*s", STR_ARG(v.name.space),
                      STR_ARG(v.name.table));
        if (v.claim.snapshot)
            error_context(err, "snapshot %lld", (long long)v.claim.snapshot->id);
        return st;
    }
    return answer(&v, &digest, r, err);
}
