// SPDX-License-Identifier: Apache-2.0
/* summary_build_delta.c - takes the rows that came and went into the parts that hold their groups.
 *
 *     removed files, newly taken rows  -> SELECT -> minus: a row a group, held, sorted by key
 *     added files, rows given back     -> SELECT -> plus
 *
 *     parts   [..a][b..f][g..k][l..z]     sorted by key, no key in two
 *     keys         c   d      m           of plus and minus
 *     runs         [b..f]     [l..z]      neighbours that hold such a key, each merged by itself, so
 *                                         that no new part reaches over one that stays (C3)
 *
 * Where a min or max may have gone with the removed rows, or rows cannot be taken away because their
 * file is deleted, groups are made anew (summary_build_anew.c). */
#include "summary/summary_merging.h"

#include "column/column_key.h"

#define KEY_BYTES ((size_t)1 << 30)

/* ---- what came and what went ----------------------------------------------------------------- */

static status cover_removed(struct merging *x, const struct summary_file *old, struct error *err)
{
    struct summary_build *b = x->b;
    const struct query_plan *scan = summary_scan_of(b->plan);
    struct iceberg_data_file f = {.content = ICEBERG_DATA,
                                  .path = old->path,
                                  .format = STR("PARQUET"),
                                  .records = old->records,
                                  .bytes = old->bytes,
                                  .sort_order_id = -1};
    struct rowset taken;
    TRY(summary_partition_parse(old->partition, scan->scan.table, old->spec_id, b->arena, &f, err));
    TRY(summary_taken_parse(old, b->exec->account, &taken, err));
    status st =
        summary_source_add(&x->removed, &f, old->unit, taken.count > 0 ? &taken : NULL, true, err);
    rowset_free(&taken);
    return st;
}

/* The members of a that b has not become a source's rows of the file. */
static status add_difference(struct merging *x, struct summary_source *to,
                             const struct iceberg_data_file *f, int64_t unit,
                             const struct rowset *a, const struct rowset *b, struct error *err)
{
    struct rowset rows;
    TRY(rowset_init(&rows, f->records, x->b->exec->account, err));
    status st = rowset_add_minus(&rows, a, b, err);
    if (st == ST_OK && rows.count > 0)
        st = summary_source_add(to, f, unit, &rows, false, err);
    rowset_free(&rows);
    return st;
}

static status cover_changed(struct merging *x, const struct summary_file *old, size_t entry,
                            struct summary_file *out, struct error *err)
{
    struct summary_build *b = x->b;
    const struct iceberg_data_file *f = &summary_scan_of(b->plan)->scan.files->entries[entry].file;
    struct rowset before = {0}, now = {0};
    TRY(summary_taken_parse(old, b->exec->account, &before, err));
    status st = summary_cover_entry(b, entry, old->unit, out, &now, err);
    if (st == ST_OK && !now.chunks) /* no delete applies any more */
        st = rowset_init(&now, f->records, b->exec->account, err);
    if (st == ST_OK)
        st = add_difference(x, &x->removed, f, old->unit, &now, &before, err);
    if (st == ST_OK)
        st = add_difference(x, &x->returned, f, old->unit, &before, &now, err);
    rowset_free(&before);
    rowset_free(&now);
    return st;
}

static status cover_files(struct merging *x, struct error *err)
{
    struct summary_build *b = x->b;
    const struct summary_change *c = x->c;
    struct summary_cover *after = &b->after;
    TRY(ARENA_ARRAY(b->arena, struct summary_file, c->kept_count + c->added_count + 1,
                    &after->covered, err));
    for (size_t i = 0; i < c->kept_count; i++) {
        const struct summary_file *old = &b->before->covered[c->kept[i].covered];
        struct summary_file *now = &after->covered[after->covered_count++];
        *now = *old;
        if (c->kept[i].changed)
            TRY(cover_changed(x, old, c->kept[i].entry, now, err));
    }
    for (size_t i = 0; i < c->removed_count; i++)
        TRY(cover_removed(x, &b->before->covered[c->removed[i]], err));
    for (size_t i = 0; i < c->added_count; i++)
        TRY(summary_source_entry(b, &x->added, c->added[i], x->next_unit++,
                                 &after->covered[after->covered_count++], err));
    return ST_OK;
}

status summary_merging_hold(struct merging *x, struct query_plan *plan, struct exec_units *units,
                            struct query_plan **out, struct error *err)
{
    struct exec_context c = *x->b->exec;
    c.units = units;
    ENSURE(x->held_count < ARRAY_LEN(x->held), err);
    TRY(exec_hold(plan, &c, out, err));
    x->held[x->held_count++] = *out;
    return ST_OK;
}

status summary_merging_join(struct merging *x, struct query_plan *a, struct query_plan *b,
                            struct query_plan **out, struct error *err)
{
    struct query_plan *m;
    *out = a ? a : b;
    if (!a || !b)
        return ST_OK;
    TRY(ARENA_NEW(x->b->arena, struct query_plan, &m, err));
    *m = *x->b->merge;
    m->input = a;
    m->merge.added = b;
    return summary_merging_hold(x, m, NULL, out, err);
}

static status hold_source(struct merging *x, struct summary_source *s, struct query_plan **out,
                          struct error *err)
{
    struct summary_build *b = x->b;
    struct query_plan *plan;
    if (s->scan.count == 0)
        return ST_OK;
    b->raw_files += (int64_t)s->scan.count;
    b->raw_bytes += s->scan.bytes;
    TRY(summary_plan_over(b->extended, &s->scan, b->arena, &plan, err));
    TRY(summary_merging_hold(x, plan, &s->found, out, err));
    ENSURE(s->found.count == s->scan.count, err);
    return ST_OK;
}

/* ---- units ----------------------------------------------------------------------------------- */

static status take_away(struct merging *x, struct error *err)
{
    for (size_t i = 0; i < x->removed.scan.count; i++) {
        struct summary_unit *u = summary_unit_by_id(&x->b->after, x->removed.unit[i]);
        ENSURE(u != NULL, err);
        TRY_CONTEXT(summary_unit_subtract(x->b, u, &x->removed.found.units[i], err), err, "%.*s",
                    STR_ARG(x->removed.scan.entries[i].file.path));
    }
    return ST_OK;
}

static status give(struct merging *x, struct error *err)
{
    for (size_t i = 0; i < x->returned.scan.count; i++) {
        struct summary_unit *u = summary_unit_by_id(&x->b->after, x->returned.unit[i]);
        ENSURE(u != NULL, err);
        TRY(summary_unit_add(x->b, u, &x->returned.found.units[i], err));
    }
    return ST_OK;
}

/* New units stand behind the old ones: their ids are greater (C1). */
static status add_units(struct merging *x, struct error *err)
{
    struct summary_build *b = x->b;
    for (size_t i = 0; i < x->added.scan.count; i++)
        TRY(summary_unit_of(&x->added.found.units[i], x->added.unit[i], b->key_count, b->arena,
                            &b->after.units[b->after.unit_count++], err));
    return ST_OK;
}

/* What they gave goes with their groups. */
static status forget_units(struct merging *x, struct error *err)
{
    for (size_t i = 0; i < x->c->gone_count; i++) {
        const struct summary_file *old = &x->b->before->covered[x->c->gone[i]];
        struct summary_unit *u = summary_unit_by_id(&x->b->after, old->unit);
        ENSURE(u != NULL, err);
        *u = (struct summary_unit){.id = u->id};
    }
    return ST_OK;
}

/* Units without a file go, and must have given back every row. */
static status drop_units(struct merging *x, struct error *err)
{
    struct summary_cover *a = &x->b->after;
    bool *used;
    size_t kept = 0;
    TRY(ARENA_ARRAY(x->b->arena, bool, a->unit_count + 1, &used, err));
    for (size_t i = 0; i < a->covered_count; i++) {
        const struct summary_unit *u = summary_unit_by_id(a, a->covered[i].unit);
        ENSURE(u != NULL, err);
        used[u - a->units] = true;
    }
    for (size_t i = 0; i < a->unit_count; i++) {
        if (!used[i] && a->units[i].rows != 0)
            FAIL(err, ST_CORRUPT,
                 "%lld rows of a raw file were counted when it was covered and are not among those "
                 "that have gone",
                 (long long)a->units[i].rows);
        if (used[i])
            a->units[kept++] = a->units[i];
    }
    a->unit_count = kept;
    return ST_OK;
}

static status renew_units(struct merging *x, struct error *err)
{
    struct summary_build *b = x->b;
    size_t n = b->before->unit_count;
    TRY(ARENA_ARRAY(b->arena, struct summary_unit, n + x->added.scan.count + 1, &b->after.units,
                    err));
    for (size_t i = 0; i < n; i++)
        b->after.units[i] = b->before->units[i];
    b->after.unit_count = n;
    TRY(forget_units(x, err));
    TRY(add_units(x, err));
    TRY(give(x, err));
    TRY(take_away(x, err));
    return drop_units(x, err);
}

/* ---- which parts ----------------------------------------------------------------------------- */

struct key_walk {
    struct merging *x;
    struct buffer key, last;
    struct cuts *cuts;
    bool touches; /* a space that has a key is touched */
    size_t space; /* that of the last key */
    int64_t row;  /* the first of the batch */
};

static status key_of(const struct merging *x, const struct column_batch *batch, int64_t row,
                     struct buffer *key, struct error *err)
{
    const struct query_plan *m = x->b->merge;
    buffer_clear(key);
    for (size_t i = 0; i < m->merge.key_count; i++) {
        struct column_value v;
        int column = m->merge.keys[i];
        column_span_value(&batch->spans[column], m->schema.fields[column].type, row, &v);
        TRY(column_key_put(&v, key, err));
    }
    return ST_OK;
}

/* The last part holds whatever stands behind it, too. */
static bool beyond(const struct key_walk *w, struct str key)
{
    const struct summary_cover *before = w->x->b->before;
    return w->space + 1 < w->x->spaces && column_key_cmp(key, before->parts[w->space].last) > 0;
}

/* The first part that ends at the key or behind it. */
static void place(struct key_walk *w, struct str key, int64_t row)
{
    while (beyond(w, key))
        w->cuts->from[++w->space] = row;
    w->x->touched[w->space] |= w->touches;
}

/* Rows come sorted, so where the batch's last one belongs to the same part, all between do. */
static status walk_batch(struct key_walk *w, const struct column_batch *batch, struct error *err)
{
    TRY(key_of(w->x, batch, batch->rows - 1, &w->last, err));
    for (int64_t i = 0; i < batch->rows; i++) {
        TRY(key_of(w->x, batch, i, &w->key, err));
        place(w, buffer_str(&w->key), w->row + i);
        if (!beyond(w, buffer_str(&w->last)))
            break;
    }
    w->row += batch->rows;
    return ST_OK;
}

static status walk_rows(struct key_walk *w, struct column_stream *rows, struct error *err)
{
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        TRY(walk_batch(w, &batch, err));
    }
}

static status place_rows(struct merging *x, struct query_plan *held, struct cuts *cuts,
                         bool touches, struct error *err)
{
    struct key_walk w = {.x = x, .cuts = cuts, .touches = touches};
    struct column_stream rows;
    TRY(ARENA_ARRAY(x->b->arena, int64_t, x->spaces + 1, &cuts->from, err));
    if (!held)
        return ST_OK;
    TRY(exec_open(held, x->b->exec, &rows, err));
    buffer_init(&w.key, x->b->exec->account, KEY_BYTES);
    buffer_init(&w.last, x->b->exec->account, KEY_BYTES);
    status st = walk_rows(&w, &rows, err);
    buffer_free(&w.key);
    buffer_free(&w.last);
    rows.close(rows.self);
    while (w.space < x->spaces)
        cuts->from[++w.space] = w.row;
    return st;
}

static status join_keys(const struct str *keys, size_t count, struct buffer *out, struct error *err)
{
    buffer_clear(out);
    for (size_t i = 0; i < count; i++)
        TRY(buffer_append_str(out, keys[i], err));
    return ST_OK;
}

/* Parts that may hold a group in a box: between the least and the greatest key that it can have. */
static status touch_box(struct merging *x, const struct query_box *box, struct buffer *low,
                        struct buffer *high, struct error *err)
{
    const struct summary_cover *before = x->b->before;
    TRY(join_keys(box->low, x->b->key_count, low, err));
    TRY(join_keys(box->high, x->b->key_count, high, err));
    for (size_t i = 0; i < before->part_count; i++)
        x->touched[i] |= column_key_cmp(buffer_str(low), before->parts[i].last) <= 0 &&
                         column_key_cmp(before->parts[i].first, buffer_str(high)) <= 0;
    return ST_OK;
}

static status touch_boxes(struct merging *x, struct error *err)
{
    struct buffer low, high;
    status st = ST_OK;
    buffer_init(&low, x->b->exec->account, KEY_BYTES);
    buffer_init(&high, x->b->exec->account, KEY_BYTES);
    for (size_t i = 0; i < x->c->box_count && st == ST_OK; i++)
        st = touch_box(x, &x->c->boxes[i], &low, &high, err);
    buffer_free(&low);
    buffer_free(&high);
    return st;
}

/* ---- parts of the summary -------------------------------------------------------------------- */

static status find_parts(struct merging *x, struct error *err)
{
    struct summary_build *b = x->b;
    struct iceberg_scan own;
    TRY(b->ops->files(b->ops->self, &own, err));
    TRY(summary_parts_find(b->before, &own, b->arena, &x->entry, err));
    if (!x->entry)
        FAIL(err, ST_CONFLICT, "the summary's data files changed meanwhile");
    return ST_OK;
}

status summary_merging_parts(struct merging *x, size_t from, size_t to, bool touched_only,
                             struct query_plan **out, struct error *err)
{
    struct summary_build *b = x->b;
    struct iceberg_scan *files;
    TRY(ARENA_NEW(b->arena, struct iceberg_scan, &files, err));
    TRY(ARENA_ARRAY(b->arena, struct iceberg_entry, to - from + 1, &files->entries, err));
    for (size_t i = from; i < to; i++) {
        if (touched_only && !x->touched[i])
            continue;
        files->entries[files->count++] = *x->entry[i];
        files->rows += x->entry[i]->file.records;
        files->bytes += x->entry[i]->file.bytes;
    }
    return summary_parts_scan(b->d, b->t, files, b->arena, out, err);
}

/* ---- what is merged must be what was written --------------------------------------------------- */

/* Digests add up, so those of a run's parts are checked at once, of rows that the merge reads
 * anyway. */
struct checking {
    const struct summary_build *b;
    struct summary_rows of;
    struct summary_digest found;
};

static status check_batch(void *self, const struct column_batch *batch, struct error *err)
{
    struct checking *c = self;
    return summary_digest_add(&c->found, &c->of, batch, c->b->exec->account, err);
}

static struct checking checking_of(const struct summary_build *b, const struct query_plan *scan)
{
    return (struct checking){.b = b,
                             .of = {&scan->schema, scan->scan.field_ids, b->d->column_count}};
}

static bool as_written(const struct merging *x, size_t from, size_t to,
                       const struct summary_digest *found)
{
    const struct summary_cover *before = x->b->before;
    struct summary_digest d = *found;
    for (size_t i = from; i < to && i < before->part_count; i++) {
        d.rows -= before->parts[i].digest.rows;
        d.states -= before->parts[i].digest.states;
        d.row_count -= before->parts[i].digest.row_count;
    }
    return d.rows == 0 && d.states == 0 && d.row_count == 0;
}

static status check_part(struct merging *x, size_t part, struct error *err)
{
    struct query_plan *scan;
    struct column_stream rows;
    struct column_batch batch;
    TRY(summary_merging_parts(x, part, part + 1, false, &scan, err));
    struct checking c = checking_of(x->b, scan);
    TRY(exec_open(scan, x->b->exec, &rows, err));
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0)
        TRY_DONE(check_batch(&c, &batch, err));
done:
    rows.close(rows.self);
    if (st == ST_OK && !as_written(x, part, part + 1, &c.found))
        st = error_set(err, ST_CORRUPT, __FILE__, __LINE__,
                       "%.*s does not hold the rows that were written to it",
                       STR_ARG(x->b->before->parts[part].path));
    return st;
}

/* Why a run could not be merged: rows that are not those of before come first, for they may be the
 * reason of anything. Reads the parts once more. */
static status blame(struct merging *x, size_t from, size_t to, status st, struct error *err)
{
    for (size_t i = from; i < to && i < x->b->before->part_count; i++) {
        struct error told;
        error_init(&told);
        if (check_part(x, i, &told) != ST_CORRUPT)
            continue;
        if (err)
            *err = told;
        return ST_CORRUPT;
    }
    return st;
}

/* ---- merging --------------------------------------------------------------------------------- */

static status slice(struct merging *x, const struct query_plan *held, const struct cuts *cuts,
                    size_t from, size_t to, struct query_plan **out, struct error *err)
{
    *out = NULL;
    if (!held || cuts->from[from] == cuts->from[to])
        return ST_OK;
    TRY(ARENA_NEW(x->b->arena, struct query_plan, out, err));
    **out = *held;
    (*out)->held.first += cuts->from[from];
    (*out)->held.count = cuts->from[to] - cuts->from[from];
    return ST_OK;
}

/* The MERGE of the parts [from, to) with what falls to them. */
static status merge_of(struct merging *x, size_t from, size_t to, struct query_plan **out,
                       struct error *err)
{
    TRY(ARENA_NEW(x->b->arena, struct query_plan, out, err));
    **out = *x->b->merge;
    if (x->b->before->part_count > 0)
        TRY(summary_merging_parts(x, from, to, false, &(*out)->input, err));
    TRY(slice(x, x->plus, &x->plus_cuts, from, to, &(*out)->merge.added, err));
    TRY(slice(x, x->minus, &x->minus_cuts, from, to, &(*out)->merge.removed, err));
    TRY(slice(x, x->lost, &x->lost_cuts, from, to, &(*out)->merge.recompute, err));
    TRY(slice(x, x->anew, &x->anew_cuts, from, to, &(*out)->merge.recomputed, err));
    (*out)->merge.boxes = x->c->boxes;
    (*out)->merge.box_count = x->c->box_count;
    return ST_OK;
}

static size_t run_end(const struct merging *x, size_t from)
{
    while (from < x->spaces && x->touched[from])
        from++;
    return from;
}

static status merge_run(struct merging *x, size_t from, size_t to, struct error *err)
{
    struct summary_build *b = x->b;
    struct query_plan *m;
    struct checking c = {0};
    TRY(merge_of(x, from, to, &m, err));
    if (m->input) {
        c = checking_of(b, m->input);
        m->merge.tap = check_batch;
        m->merge.tap_self = &c;
    }
    for (size_t i = from; i < to && i < b->before->part_count; i++)
        b->removed[b->removed_count++] = b->before->parts[i].path;
    status st = summary_write_parts(b, m, NULL, err);
    if (st == ST_OK && !as_written(x, from, to, &c.found))
        st = error_set(err, ST_CORRUPT, __FILE__, __LINE__,
                       "the summary's files do not hold the rows that were written to them");
    return st == ST_OK ? ST_OK : blame(x, from, to, st, err);
}

static status merge_runs(struct merging *x, struct error *err)
{
    struct summary_build *b = x->b;
    TRY(ARENA_ARRAY(b->arena, struct str, b->before->part_count + 1, &b->removed, err));
    for (size_t i = 0; i < x->spaces;) {
        size_t end = run_end(x, i);
        if (end > i) {
            TRY(merge_run(x, i, end, err));
            i = end;
            continue;
        }
        if (i < b->before->part_count) {
            TRY(arena_grow(b->arena, (void **)&b->after.parts, sizeof(*b->after.parts),
                           &b->part_capacity, b->after.part_count + 1, err));
            b->after.parts[b->after.part_count++] = b->before->parts[i];
        }
        i++;
    }
    return ST_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static status read_raw(struct merging *x, struct error *err)
{
    TRY(cover_files(x, err));
    TRY(hold_source(x, &x->added, &x->came, err));
    TRY(hold_source(x, &x->returned, &x->back, err));
    TRY(hold_source(x, &x->removed, &x->minus, err));
    TRY(summary_merging_join(x, x->came, x->back, &x->plus, err));
    return renew_units(x, err);
}

static status build(struct merging *x, struct error *err)
{
    struct summary_build *b = x->b;
    TRY(read_raw(x, err));
    TRY(find_parts(x, err));
    TRY(ARENA_ARRAY(b->arena, bool, x->spaces + 1, &x->touched, err));
    TRY(place_rows(x, x->plus, &x->plus_cuts, true, err));
    TRY(place_rows(x, x->minus, &x->minus_cuts, true, err));
    TRY(touch_boxes(x, err));
    TRY(summary_merging_anew(x, err));
    TRY(place_rows(x, x->lost, &x->lost_cuts, false, err));
    TRY(place_rows(x, x->anew, &x->anew_cuts, false, err));
    return merge_runs(x, err);
}

status summary_build_delta(struct summary_build *b, const struct summary_change *c,
                           struct error *err)
{
    const struct summary_cover *before = b->before;
    struct merging x = {.b = b, .c = c, .spaces = before->part_count ? before->part_count : 1};
    x.next_unit = before->unit_count ? before->units[before->unit_count - 1].id + 1 : 1;
    summary_source_init(&x.added, b->arena);
    summary_source_init(&x.returned, b->arena);
    summary_source_init(&x.removed, b->arena);
    status st = build(&x, err);
    while (x.held_count > 0)
        exec_held_free(x.held[--x.held_count]);
    summary_source_free(&x.added);
    summary_source_free(&x.returned);
    summary_source_free(&x.removed);
    summary_cover_sort(&b->after);
    return st;
}
