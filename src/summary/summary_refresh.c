// SPDX-License-Identifier: Apache-2.0
/* summary_refresh.c - brings a summary to its raw table's snapshot, inside the caller's
 * transaction.
 *
 *     load the pending definition, else the published one
 *     plan its SELECT; the raw table must be the one it was made over
 *     look at what is covered and what has changed since, and so the mode (summary_decide.c)
 *     give the states their field ids (those of before when nothing about them changed)
 *     write rows and states (summary_build.c, summary_build_delta.c), of which no row may be lost
 *     (summary_totals.c)
 *     stage schemas, the companion's epoch, properties, files (summary_publish.c) -> gate
 *
 * A failure anywhere leaves everything to the caller's rollback: readers keep the old rows. */
#include "summary/summary_refresh_int.h"

#include "base/clock.h"
#include "base/random.h"

#include <string.h>

static const char *const mode_names[] = {
    [SUMMARY_AUTO] = "auto",           [SUMMARY_NONE] = "none", [SUMMARY_DELTA] = "delta",
    [SUMMARY_PARTITION] = "partition", [SUMMARY_FULL] = "full", [SUMMARY_STRICT] = "strict",
};

const char *summary_mode_name(enum summary_mode m)
{
    return mode_names[m];
}

bool summary_mode_parse(struct str text, enum summary_mode *out)
{
    for (size_t i = 0; i < ARRAY_LEN(mode_names); i++)
        if (str_eq_z(text, mode_names[i]) && i != SUMMARY_NONE) {
            *out = (enum summary_mode)i;
            return true;
        }
    return false;
}

/* ---- the gate -------------------------------------------------------------------------------- */

/* A snapshot that does not say counts as one with rows. */
static bool had_rows(const struct iceberg_table *t)
{
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    return s && !str_eq(iceberg_snapshot_property(s, "total-records"), STR("0"));
}

static status gate(struct refreshing *r, const struct summary_build *b,
                   const struct summary_digest *digest, struct error *err)
{
    if (digest->row_count == 0 && had_rows(r->t))
        FAIL(err, ST_REFUSED,
             "refused: the refresh has no rows and the summary has some; nothing was published");
    for (size_t i = 0; i < r->d->check_count; i++) {
        const struct summary_check *check = &r->d->checks[i];
        struct str rows;
        TRY(r->ops->check(r->ops->self, check, b, &rows, err));
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

/* ---- begin ----------------------------------------------------------------------------------- */

static status same_raw(const struct refreshing *r, struct catalog_name raw_name, struct error *err)
{
    if (str_eq(r->d->raw_uuid, r->raw->uuid))
        return ST_OK;
    FAIL(err, ST_INVALID,
         "%.*s.%.*s is another table than the one the view was made over (uuid %.*s, now %.*s); "
         "CREATE OR REPLACE the view",
         STR_ARG(raw_name.space), STR_ARG(raw_name.table), STR_ARG(r->d->raw_uuid),
         STR_ARG(r->raw->uuid));
}

static status redefine(struct refreshing *r, struct catalog_name raw_name, struct error *err)
{
    struct summary_definition *fresh;
    TRY(same_raw(r, raw_name, err));
    TRY(summary_define(r->plan, r->d->select, r->d->zone, raw_name, r->raw, r->arena, &fresh, err));
    if (r->d->raw_column_count > 0) {
        fresh->raw_column_count = r->d->raw_column_count;
        fresh->raw_columns = r->d->raw_columns;
    }
    fresh->checks = r->d->checks;
    fresh->check_count = r->d->check_count;
    fresh->view_version = !r->before                              ? 1
                          : summary_same_select(r->before, fresh) ? r->before->view_version
                                                                  : r->before->view_version + 1;
    r->d = fresh;
    return ST_OK;
}

static status begin(struct refreshing *r, struct error *err)
{
    struct catalog_name raw_name;
    r->started_ms = clock_now_us() / 1000;
    TRY(summary_load(r->t, true, r->arena, &r->before, err));
    TRY(summary_load(r->t, false, r->arena, &r->d, err));
    ENSURE(r->d != NULL, err);
    TRY(r->ops->plan(r->ops->self, r->d, &r->plan, &r->raw, &r->snapshot, &raw_name, err));
    return redefine(r, raw_name, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Columns in sort order. */
static status key_columns(const struct query_plan *sort, struct summary_build *b, struct error *err)
{
    int *keys;
    ENSURE(sort->kind == QUERY_PLAN_SORT && sort->sort.count > 0, err);
    b->key_count = sort->sort.count;
    TRY(ARENA_ARRAY(b->arena, int, b->key_count, &keys, err));
    for (size_t i = 0; i < b->key_count; i++)
        keys[i] = sort->sort.keys[i].value->column;
    b->keys = keys;
    return ST_OK;
}

static status build(struct refreshing *r, enum summary_mode mode, struct summary_build *b,
                    struct error *err)
{
    struct column_schema *hidden;
    struct query_plan *merge;
    TRY(ARENA_NEW(r->arena, struct column_schema, &hidden, err));
    TRY(summary_hidden_schema(r->d, r->arena, hidden, err));
    *b = (struct summary_build){.ops = r->ops,
                                .exec = r->exec,
                                .arena = r->arena,
                                .d = r->d,
                                .t = r->t,
                                .plan = r->plan,
                                .hidden = hidden,
                                .before = &r->cover};
    TRY(summary_extend(r->plan, r->d, r->arena, &b->extended, err));
    TRY(key_columns(b->extended, b, err));
    b->aggregate = summary_aggregate_of(b->extended);
    TRY(summary_merge_plan(r->d, r->plan, &b->extended->schema, b->keys, b->key_count, r->arena,
                           &merge, err));
    b->merge = merge;
    return mode == SUMMARY_FULL ? summary_build_full(b, err)
                                : summary_build_delta(b, &r->change, err);
}

/* All anew takes the place of every file the summary has, whoever wrote it. */
static status remove_all(struct refreshing *r, struct summary_build *b, struct error *err)
{
    struct iceberg_scan own;
    TRY(r->ops->files(r->ops->self, &own, err));
    TRY(ARENA_ARRAY(r->arena, struct str, own.count + 1, &b->removed, err));
    for (size_t i = 0; i < own.count; i++)
        b->removed[b->removed_count++] = own.entries[i].file.path;
    return ST_OK;
}

/* The next epoch: what has changed about the cover or, after SUMMARY_EPOCHS of them, all of it. */
static status stage_epoch(struct refreshing *r, const struct summary_build *b,
                          enum summary_mode mode, struct error *err)
{
    const struct summary_cover nothing = {0};
    struct summary_record *records;
    size_t count;
    bool anew = mode == SUMMARY_FULL || r->epoch_count == SUMMARY_EPOCHS;
    TRY(summary_cover_records(anew ? &nothing : &r->recorded, &b->after, r->last_epoch + 1,
                              r->arena, &records, &count, err));
    if (anew)
        r->epoch_count = 0;
    if (count == 0 && !anew)
        return ST_OK;
    if (count > 0)
        r->epochs[r->epoch_count++] = r->last_epoch + 1;
    return r->ops->record(r->ops->self, records, count, anew, err);
}

static struct summary_digest digest_of(const struct summary_cover *c)
{
    struct summary_digest sum = {0};
    for (size_t i = 0; i < c->part_count; i++) {
        sum.rows += c->parts[i].digest.rows;
        sum.states += c->parts[i].digest.states;
        sum.row_count += c->parts[i].digest.row_count;
    }
    return sum;
}

static status run(struct refreshing *r, struct summary_report *out, struct error *err)
{
    struct summary_build b;
    struct summary_digest digest;
    int64_t snapshot_id;
    TRY(summary_stage_schemas(r, err));
    TRY(build(r, out->mode, &b, err));
    if (out->mode == SUMMARY_FULL)
        TRY(remove_all(r, &b, err));
    TRY(summary_check_totals(&b, err));
    digest = digest_of(&b.after);
    TRY(random_id(&snapshot_id, err));
    TRY(stage_epoch(r, &b, out->mode, err));
    TRY(summary_stage_properties(r, &digest, snapshot_id, err));
    TRY(summary_stage_files(r, &b, &digest, snapshot_id, out->mode, err));
    out->rows = digest.row_count;
    out->raw_files = b.raw_files;
    out->raw_bytes = b.raw_bytes;
    out->parts = (int64_t)b.after.part_count;
    out->parts_written = (int64_t)b.file_count;
    return gate(r, &b, &digest, err);
}

status summary_plan_refresh(const struct iceberg_table *t, enum summary_mode wanted,
                            const struct summary_ops *ops, const struct exec_context *exec,
                            struct arena *arena, struct query_plan **plan,
                            struct summary_report *out, struct error *err)
{
    struct refreshing r = {.t = t, .ops = ops, .exec = exec, .arena = arena, .wanted = wanted};
    *out = (struct summary_report){0};
    TRY(begin(&r, err));
    *plan = r.plan;
    return summary_decide(&r, out, err);
}

status summary_refresh(const struct iceberg_table *t, enum summary_mode wanted,
                       const struct summary_ops *ops, const struct exec_context *exec,
                       struct arena *arena, struct summary_report *out, struct error *err)
{
    struct refreshing r = {.t = t, .ops = ops, .exec = exec, .arena = arena, .wanted = wanted};
    *out = (struct summary_report){0};
    TRY(begin(&r, err));
    TRY(summary_decide(&r, out, err));
    status st = r.idle ? ST_OK : run(&r, out, err);
    if (st == ST_CORRUPT && out->mode != SUMMARY_FULL)
        error_detail(err, "Mode full makes all rows anew, from the raw table alone.");
    return st;
}
