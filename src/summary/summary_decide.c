// SPDX-License-Identifier: Apache-2.0
/* summary_decide.c - none, delta, partition or full, and why: from metadata and the companion alone.
 *
 *     is what is covered known, and would the SELECT give the same for it today?    else full
 *     covered files against the target's                                            none of them: none
 *     can all that went be read once more?                                          else partition
 *     bytes of raw to be read, of what came and went or of all                      so, or full
 *
 * A user's wish comes first; what it forbids is refused with the reason. */
#include "summary/summary_refresh_int.h"

#include "store/store.h"
#include "summary/summary_verify.h"

#include <stdlib.h>
#include <string.h>

/* ---- what stands in the way of a delta --------------------------------------------------------- */

/* What was told apart becomes the error. */
static status hand_on(struct error *err, const struct error *told, status st)
{
    if (err)
        *err = *told;
    return st;
}

/* Type promotions of the spec (Schema Evolution) that keep values, keys and states as they are. */
static bool is_widened(struct column_type from, struct column_type to)
{
    if (from.kind == COLUMN_DECIMAL && to.kind == COLUMN_DECIMAL)
        return from.scale == to.scale && from.precision < to.precision;
    return (from.kind == COLUMN_INT && to.kind == COLUMN_BIGINT) ||
           (from.kind == COLUMN_REAL && to.kind == COLUMN_DOUBLE);
}

struct column_use {
    int column;
    bool found;
};

static void visit_column(void *arg, int column)
{
    struct column_use *use = arg;
    use->found |= column == use->column;
}

static bool uses(const struct query_expr *e, int column)
{
    struct column_use use = {.column = column};
    if (e)
        query_expr_columns(e, visit_column, &use);
    return use.found;
}

/* The column of the scan is nothing but a key or an argument: inside an expression another type might
 * give another value. */
static bool stands_bare(const struct query_plan *plan, int column)
{
    const struct query_plan *agg = summary_aggregate_of(plan), *p = agg->input;
    for (; p->kind == QUERY_PLAN_FILTER; p = p->input)
        if (uses(p->filter.predicate, column))
            return false;
    bool bare = p->kind == QUERY_PLAN_SCAN;
    for (size_t i = 0; i < agg->aggregate.key_count; i++)
        bare &=
            agg->aggregate.keys[i]->kind == QUERY_COLUMN || !uses(agg->aggregate.keys[i], column);
    for (size_t i = 0; i < agg->aggregate.arg_count; i++) {
        const struct query_agg_arg *a = &agg->aggregate.args[i];
        bare &= !a->value || a->value->kind == QUERY_COLUMN || !uses(a->value, column);
        bare &= !uses(a->filter, column);
    }
    return bare;
}

/* The columns that the SELECT reads are the ones that were read before, of their types or wider. */
static status same_columns(struct refreshing *r, const struct iceberg_snapshot *own,
                           struct str *why, struct error *err)
{
    const struct query_plan *scan = summary_scan_of(r->plan);
    struct str text = iceberg_snapshot_property(own, "firn.raw-schema-id");
    const struct iceberg_schema *then =
        text.ptr ? iceberg_schema_by_id(r->raw, (int32_t)atoi(text.ptr)) : NULL;
    if (!then) {
        *why = STR("the raw table's schema of then is not known any more");
        return ST_OK;
    }
    struct column_schema columns;
    TRY(iceberg_schema_columns(then, r->arena, &columns, err));
    for (size_t i = 0; i < scan->schema.count; i++) {
        const struct column_field *f = &scan->schema.fields[i];
        size_t at = 0;
        while (at < columns.count && columns.fields[at].field_id != scan->scan.field_ids[i])
            at++;
        bool same =
            at < columns.count &&
            (column_type_eq(columns.fields[at].type, f->type) ||
             (is_widened(columns.fields[at].type, f->type) && stands_bare(r->plan, (int)i)));
        if (!same)
            return arena_printf(r->arena, why, err,
                                "raw column \"%.*s\" is another one than before", STR_ARG(f->name));
    }
    return ST_OK;
}

static status load_cover(struct refreshing *r, struct str *why, struct error *err)
{
    struct summary_record *records;
    struct error told;
    size_t count;
    error_init(&told);
    status st = r->ops->records(r->ops->self, &records, &count, &told);
    if (st == ST_CORRUPT || st == ST_NOT_FOUND) /* its rows, or a file of it */
        return arena_printf(r->arena, why, err, "its companion table is damaged: %s", told.msg);
    if (st != ST_OK)
        return hand_on(err, &told, st);
    if (!records) {
        *why = STR("its companion table is gone");
        return ST_OK;
    }
    for (size_t i = 0; i < count; i++)
        r->last_epoch = records[i].epoch > r->last_epoch ? records[i].epoch : r->last_epoch;
    st = summary_cover_fold(records, count, r->epochs, r->epoch_count, r->arena, &r->cover, &told);
    if (st != ST_CORRUPT)
        return st == ST_OK ? ST_OK : hand_on(err, &told, st);
    r->cover = (struct summary_cover){0};
    return arena_printf(r->arena, why, err, "its companion table is damaged: %s", told.msg);
}

/* *why stays empty when what is covered is known and can be built on. */
static status look_back(struct refreshing *r, struct str *why, struct error *err)
{
    const struct iceberg_snapshot *own = iceberg_current_snapshot(r->t);
    if (!r->before || !own) {
        *why = STR("first refresh");
        return ST_OK;
    }
    TRY(summary_epochs_parse(iceberg_table_property(r->t, "firn.epochs"), r->epochs,
                             &r->epoch_count, err));
    for (size_t i = 0; i < r->epoch_count; i++)
        r->last_epoch = r->epochs[i];
    TRY(load_cover(r, why, err));
    if (why->len > 0)
        return ST_OK;
    if (strtoll(iceberg_table_property(r->t, "firn.snapshot-id").ptr, NULL, 10) != own->id)
        *why = STR("the summary was changed by another program");
    else if (!summary_same_states(r->before, r->d))
        *why = STR("another definition");
    else if (iceberg_spec_by_id(r->t, r->t->default_spec_id)->count > 0)
        *why = STR("the summary is partitioned, so its files do not follow each other by key");
    return why->len > 0 ? ST_OK : same_columns(r, own, why, err);
}

/* Is the file deleted from storage? */
static status is_deleted(struct refreshing *r, const struct summary_file *c, bool *out,
                         struct error *err)
{
    struct store_file *file;
    struct error told;
    error_init(&told);
    status st = store_open(r->exec->store, c->path, -1, &file, &told);
    *out = st == ST_NOT_FOUND;
    if (st == ST_OK)
        store_close(file);
    return st == ST_OK || *out ? ST_OK : hand_on(err, &told, st);
}

/* Files that went are read once more to take their rows away, unless they are deleted or a user wants
 * it otherwise. */
static status find_gone(struct refreshing *r, struct str *why, struct error *err)
{
    const struct summary_change *c = &r->change;
    size_t deleted = 0;
    bool *gone;
    TRY(ARENA_ARRAY(r->arena, bool, c->removed_count + 1, &gone, err));
    for (size_t i = 0; i < c->removed_count; i++) {
        const struct summary_file *f = &r->cover.covered[c->removed[i]];
        TRY(is_deleted(r, f, &gone[i], err));
        if (gone[i] && deleted++ == 0)
            TRY(arena_printf(r->arena, why, err, "%.*s, which has left the raw table, is deleted",
                             STR_ARG(f->path)));
    }
    if (deleted > 1)
        TRY(arena_printf(r->arena, why, err, "%.*s, and so are %zu others", STR_ARG(*why),
                         deleted - 1));
    for (size_t i = 0; r->wanted == SUMMARY_PARTITION && i < c->removed_count; i++)
        gone[i] = true;
    if (r->wanted == SUMMARY_PARTITION && deleted == 0 && c->removed_count > 0)
        *why = STR("asked for");
    if (why->len == 0)
        return ST_OK;
    return summary_change_forget(&r->change, gone,
                                 summary_aggregate_of(r->plan)->aggregate.key_count, r->arena, err);
}

static status check_parts(struct refreshing *r, struct str *why, struct error *err)
{
    struct iceberg_scan own;
    const struct iceberg_entry **parts;
    TRY(r->ops->files(r->ops->self, &own, err));
    TRY(summary_parts_find(&r->cover, &own, r->arena, &parts, err));
    if (!parts)
        *why = STR("the summary's data files are not those that its companion names");
    return ST_OK;
}

/* ---- the choice ------------------------------------------------------------------------------- */

static status describe(struct refreshing *r, struct str why, struct summary_report *out,
                       struct error *err)
{
    const struct summary_change *c = &r->change;
    out->raw_files =
        (int64_t)(c->added_count + c->removed_count + c->changed_count + c->holder_count);
    out->raw_bytes = c->added_bytes + c->removed_bytes + c->changed_bytes + c->holder_bytes;
    if (out->mode == SUMMARY_NONE)
        out->reason = STR("no row of the raw table has changed");
    else
        TRY(arena_printf(r->arena, &out->reason, err,
                         "%zu files added, %zu removed, %zu with other deletes, of %zu",
                         c->added_count, c->removed_count + c->gone_count, c->changed_count,
                         c->target->count));
    if (out->mode == SUMMARY_PARTITION)
        TRY(arena_printf(r->arena, &out->reason, err,
                         "%.*s; groups in the key ranges of %zu files are made anew, from %zu that "
                         "stay; %.*s",
                         STR_ARG(why), c->gone_count, c->holder_count, STR_ARG(out->reason)));
    if (r->compacted > 0)
        TRY(arena_printf(r->arena, &out->reason, err, "%.*s; %zu files believed compacted",
                         STR_ARG(out->reason), r->compacted));
    return ST_OK;
}

static status go_full(struct refreshing *r, struct str why, struct summary_report *out,
                      struct error *err)
{
    const struct iceberg_scan *target = summary_scan_of(r->plan)->scan.files;
    if (r->wanted != SUMMARY_AUTO && r->wanted != SUMMARY_FULL && r->before)
        FAIL(err, ST_LIMIT, "refused: mode %s, but all rows would have to be made anew: %.*s",
             summary_mode_name(r->wanted), STR_ARG(why));
    r->cover = (struct summary_cover){0};
    out->mode = SUMMARY_FULL;
    out->reason = why;
    out->raw_files = (int64_t)target->count;
    out->raw_bytes = target->bytes;
    return ST_OK;
}

static status too_much(struct refreshing *r, struct str why, struct summary_report *out,
                       struct error *err)
{
    if (why.len == 0)
        return go_full(r, STR("cheaper than taking away what has gone"), out, err);
    TRY(arena_printf(r->arena, &why, err, "%.*s; cheaper than making its groups anew",
                     STR_ARG(why)));
    return go_full(r, why, out, err);
}

static status find_idle(struct refreshing *r, struct error *err)
{
    struct summary_covered covered;
    TRY(summary_covered_read(iceberg_current_snapshot(r->t), r->arena, &covered, err));
    r->idle = covered.raw_snapshot_id == (r->snapshot ? r->snapshot->id : -1) &&
              !iceberg_table_property(r->t, "firn.pending").ptr;
    return ST_OK;
}

/* What has changed, apart from compactions. */
static status find_change(struct refreshing *r, const struct iceberg_scan *target,
                          struct error *err)
{
    r->recorded = r->cover;
    TRY(summary_change_find(&r->cover, target, r->arena, &r->change, err));
    if (r->change.removed_count == 0 || r->change.added_count == 0)
        return ST_OK;
    TRY(summary_follow_lineage(r, err));
    return r->compacted ? summary_change_find(&r->cover, target, r->arena, &r->change, err) : ST_OK;
}

status summary_decide(struct refreshing *r, struct summary_report *out, struct error *err)
{
    const struct iceberg_scan *target = summary_scan_of(r->plan)->scan.files;
    struct str why = {0};
    TRY(look_back(r, &why, err));
    if (why.len == 0 && r->wanted == SUMMARY_FULL)
        why = STR("asked for");
    if (why.len > 0)
        return go_full(r, why, out, err);
    TRY(find_change(r, target, err));
    if (summary_change_is_none(&r->change)) {
        out->mode = SUMMARY_NONE;
        TRY(describe(r, why, out, err));
        return find_idle(r, err);
    }
    TRY(check_parts(r, &why, err));
    if (why.len > 0)
        return go_full(r, why, out, err);
    TRY(find_gone(r, &why, err));
    out->mode = r->change.gone_count > 0 ? SUMMARY_PARTITION : SUMMARY_DELTA;
    TRY(describe(r, why, out, err));
    if (out->mode == SUMMARY_PARTITION && r->wanted == SUMMARY_DELTA)
        FAIL(err, ST_LIMIT, "refused: mode delta, but rows cannot be taken away: %.*s",
             STR_ARG(why));
    if (r->wanted == SUMMARY_AUTO && out->raw_bytes > target->bytes)
        return too_much(r, why, out, err);
    return ST_OK;
}
