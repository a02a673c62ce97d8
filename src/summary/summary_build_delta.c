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
 * Where a min or max may have gone with the removed rows, its group is made anew from the raw files
 * whose key range can hold it. */
#include "summary/summary_build_int.h"

#include "column/column_key.h"

#define KEY_BYTES ((size_t)1 << 30)

/* From where on the held rows belong to a part; one more at the end. */
struct cuts {
    int64_t *from;
};

struct delta {
    struct summary_build *b;        /* borrowed */
    const struct summary_change *c; /* borrowed */
    struct summary_source added, removed;
    struct query_plan *plus, *minus; /* HELD, owned; NULL = no files */
    struct query_plan *lost;         /* HELD, owned: groups to be made anew; NULL = none */
    struct query_plan *anew;         /* HELD, owned: those groups, and parts of others */
    struct query_plan *merge;        /* without inputs */
    size_t spaces;                   /* parts, at least 1: where a key may stand */
    bool *touched;                   /* one a space */
    struct cuts plus_cuts, minus_cuts;
    const struct iceberg_entry **entry; /* one a part: of the summary's own scan */
    int64_t next_unit;
};

/* ---- what came and what went ----------------------------------------------------------------- */

static status cover_removed(struct delta *x, const struct summary_file *old, struct error *err)
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
static status add_difference(struct delta *x, struct summary_source *to,
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

static status cover_changed(struct delta *x, const struct summary_file *old, size_t entry,
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
        st = add_difference(x, &x->added, f, old->unit, &before, &now, err);
    rowset_free(&before);
    rowset_free(&now);
    return st;
}

static status cover_files(struct delta *x, struct error *err)
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

static status hold_source(struct delta *x, struct summary_source *s, struct query_plan **out,
                          struct error *err)
{
    struct summary_build *b = x->b;
    struct exec_context c = *b->exec;
    struct query_plan *plan;
    if (s->scan.count == 0)
        return ST_OK;
    b->raw_files += (int64_t)s->scan.count;
    b->raw_bytes += s->scan.bytes;
    c.units = &s->found;
    TRY(summary_plan_over(b->extended, &s->scan, b->arena, &plan, err));
    TRY(exec_hold(plan, &c, out, err));
    ENSURE(s->found.count == s->scan.count, err);
    return ST_OK;
}

/* ---- units ----------------------------------------------------------------------------------- */

static struct summary_unit *unit_by_id(const struct summary_cover *c, int64_t id)
{
    size_t low = 0, high = c->unit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->units[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->unit_count && c->units[low].id == id ? &c->units[low] : NULL;
}

static status take_away(struct delta *x, struct error *err)
{
    for (size_t i = 0; i < x->removed.scan.count; i++) {
        struct summary_unit *u = unit_by_id(&x->b->after, x->removed.unit[i]);
        ENSURE(u != NULL, err);
        TRY_CONTEXT(summary_unit_subtract(x->b, u, &x->removed.found.units[i], err), err, "%.*s",
                    STR_ARG(x->removed.scan.entries[i].file.path));
    }
    return ST_OK;
}

/* New units stand behind the old ones: their ids are greater (C1). */
static status give(struct delta *x, struct error *err)
{
    struct summary_build *b = x->b;
    for (size_t i = 0; i < x->added.scan.count; i++) {
        const struct exec_unit *found = &x->added.found.units[i];
        struct summary_unit *u = unit_by_id(&b->after, x->added.unit[i]);
        if (u)
            TRY(summary_unit_add(b, u, found, err));
        else
            TRY(summary_unit_of(found, x->added.unit[i], b->key_count, b->arena,
                                &b->after.units[b->after.unit_count++], err));
    }
    return ST_OK;
}

/* Units without a file go, and must have given back every row. */
static status drop_units(struct delta *x, struct error *err)
{
    struct summary_cover *a = &x->b->after;
    bool *used;
    size_t kept = 0;
    TRY(ARENA_ARRAY(x->b->arena, bool, a->unit_count + 1, &used, err));
    for (size_t i = 0; i < a->covered_count; i++) {
        const struct summary_unit *u = unit_by_id(a, a->covered[i].unit);
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

static status renew_units(struct delta *x, struct error *err)
{
    struct summary_build *b = x->b;
    size_t n = b->before->unit_count;
    TRY(ARENA_ARRAY(b->arena, struct summary_unit, n + x->added.scan.count + 1, &b->after.units,
                    err));
    for (size_t i = 0; i < n; i++)
        b->after.units[i] = b->before->units[i];
    b->after.unit_count = n;
    TRY(give(x, err));
    TRY(take_away(x, err));
    return drop_units(x, err);
}

/* ---- which parts ----------------------------------------------------------------------------- */

struct key_walk {
    struct delta *x;
    struct query_plan *held;
    struct buffer key;
    struct cuts *cuts;
    size_t space; /* that of the last key */
    int64_t row;
};

static status key_of(const struct delta *x, const struct column_batch *batch, int64_t row,
                     struct buffer *key, struct error *err)
{
    const struct query_plan *m = x->merge;
    buffer_clear(key);
    for (size_t i = 0; i < m->merge.key_count; i++) {
        struct column_value v;
        int column = m->merge.keys[i];
        column_span_value(&batch->spans[column], m->schema.fields[column].type, row, &v);
        TRY(column_key_put(&v, key, err));
    }
    return ST_OK;
}

/* The first part that ends at the key or behind it, else the last one. */
static void place(struct key_walk *w, struct str key)
{
    const struct summary_cover *before = w->x->b->before;
    while (w->space + 1 < w->x->spaces && column_key_cmp(key, before->parts[w->space].last) > 0)
        w->cuts->from[++w->space] = w->row;
    w->x->touched[w->space] = true;
}

static status walk_rows(struct key_walk *w, struct column_stream *rows, struct error *err)
{
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        for (int64_t i = 0; i < batch.rows; i++, w->row++) {
            TRY(key_of(w->x, &batch, i, &w->key, err));
            place(w, buffer_str(&w->key));
        }
    }
}

static status place_rows(struct delta *x, struct query_plan *held, struct cuts *cuts,
                         struct error *err)
{
    struct key_walk w = {.x = x, .held = held, .cuts = cuts};
    struct column_stream rows;
    TRY(ARENA_ARRAY(x->b->arena, int64_t, x->spaces + 1, &cuts->from, err));
    if (!held)
        return ST_OK;
    TRY(exec_open(held, x->b->exec, &rows, err));
    buffer_init(&w.key, x->b->exec->account, KEY_BYTES);
    status st = walk_rows(&w, &rows, err);
    buffer_free(&w.key);
    rows.close(rows.self);
    while (w.space < x->spaces)
        cuts->from[++w.space] = w.row;
    return st;
}

/* ---- parts of the summary -------------------------------------------------------------------- */

static status find_parts(struct delta *x, struct error *err)
{
    struct summary_build *b = x->b;
    struct iceberg_scan own;
    TRY(b->ops->files(b->ops->self, &own, err));
    TRY(summary_parts_find(b->before, &own, b->arena, &x->entry, err));
    if (!x->entry)
        FAIL(err, ST_CONFLICT, "the summary's data files changed meanwhile");
    return ST_OK;
}

static status parts_scan(struct delta *x, size_t from, size_t to, struct query_plan **out,
                         struct error *err)
{
    struct summary_build *b = x->b;
    struct iceberg_scan *files;
    TRY(ARENA_NEW(b->arena, struct iceberg_scan, &files, err));
    TRY(ARENA_ARRAY(b->arena, struct iceberg_entry, to - from + 1, &files->entries, err));
    for (size_t i = from; i < to; i++) {
        files->entries[files->count++] = *x->entry[i];
        files->rows += x->entry[i]->file.records;
        files->bytes += x->entry[i]->file.bytes;
    }
    return summary_parts_scan(b->d, b->t, files, b->arena, out, err);
}

/* What is merged must be what was written. */
static status check_part(struct delta *x, size_t part, struct error *err)
{
    struct summary_build *b = x->b;
    const struct summary_part *p = &b->before->parts[part];
    struct summary_digest found = {0};
    struct query_plan *scan;
    struct column_stream rows;
    struct column_batch batch;
    TRY(parts_scan(x, part, part + 1, &scan, err));
    struct summary_rows of = {&scan->schema, scan->scan.field_ids, b->d->column_count};
    TRY(exec_open(scan, b->exec, &rows, err));
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0)
        TRY_DONE(summary_digest_add(&found, &of, &batch, b->exec->account, err));
done:
    rows.close(rows.self);
    TRY(st);
    if (found.rows == p->digest.rows && found.states == p->digest.states &&
        found.row_count == p->digest.row_count)
        return ST_OK;
    FAIL(err, ST_CORRUPT, "%.*s does not hold the rows that were written to it", STR_ARG(p->path));
}

/* ---- merging --------------------------------------------------------------------------------- */

static status slice(struct delta *x, const struct query_plan *held, const struct cuts *cuts,
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
static status merge_of(struct delta *x, size_t from, size_t to, struct query_plan **out,
                       struct error *err)
{
    TRY(ARENA_NEW(x->b->arena, struct query_plan, out, err));
    **out = *x->merge;
    if (x->b->before->part_count > 0)
        TRY(parts_scan(x, from, to, &(*out)->input, err));
    TRY(slice(x, x->plus, &x->plus_cuts, from, to, &(*out)->merge.added, err));
    TRY(slice(x, x->minus, &x->minus_cuts, from, to, &(*out)->merge.removed, err));
    return ST_OK;
}

static size_t run_end(const struct delta *x, size_t from)
{
    while (from < x->spaces && x->touched[from])
        from++;
    return from;
}

static status merge_run(struct delta *x, size_t from, size_t to, struct error *err)
{
    struct summary_build *b = x->b;
    struct query_plan *m;
    TRY(merge_of(x, from, to, &m, err));
    m->merge.recompute = x->lost;
    m->merge.recomputed = x->anew;
    for (size_t i = from; i < to && i < b->before->part_count; i++) {
        TRY(check_part(x, i, err));
        b->removed[b->removed_count++] = b->before->parts[i].path;
    }
    return summary_write_parts(b, m, NULL, err);
}

static status merge_runs(struct delta *x, struct error *err)
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

/* ---- groups to be made anew ------------------------------------------------------------------ */

/* Keys of the lost groups, column by column. */
struct lost_keys {
    size_t count;
    struct str *keys; /* key_count of each */
};

static status read_lost(struct delta *x, struct column_stream *rows, struct lost_keys *out,
                        struct error *err)
{
    struct summary_build *b = x->b;
    struct buffer key;
    status st = ST_OK;
    buffer_init(&key, b->exec->account, KEY_BYTES);
    TRY(ARENA_ARRAY(b->arena, struct str, (size_t)exec_held_rows(x->lost) * b->key_count,
                    &out->keys, err));
    for (struct column_batch batch;
         (st = rows->next(rows->self, &batch, err)) == ST_OK && batch.rows > 0;)
        for (int64_t i = 0; i < batch.rows; i++, out->count++)
            for (size_t k = 0; k < b->key_count; k++) {
                struct column_value v;
                int column = b->keys[k];
                column_span_value(&batch.spans[column], x->merge->schema.fields[column].type, i,
                                  &v);
                buffer_clear(&key);
                TRY_DONE(column_key_put(&v, &key, err));
                TRY_DONE(arena_str(b->arena, buffer_str(&key),
                                   &out->keys[out->count * b->key_count + k], err));
            }
done:
    buffer_free(&key);
    return st;
}

static bool holds(const struct str *low, const struct str *high, const struct str *key, size_t keys)
{
    for (size_t i = 0; i < keys; i++)
        if (column_key_cmp(key[i], low[i]) < 0 || column_key_cmp(key[i], high[i]) > 0)
            return false;
    return true;
}

/* Can the unit hold a row of one of the groups? */
static status may_hold(struct delta *x, const struct summary_unit *u, const struct lost_keys *lost,
                       bool *out, struct error *err)
{
    size_t keys = x->b->key_count;
    struct str *low, *high;
    *out = false;
    if (u->rows == 0)
        return ST_OK;
    TRY(summary_range_parse(u->low, keys, x->b->arena, &low, err));
    TRY(summary_range_parse(u->high, keys, x->b->arena, &high, err));
    for (size_t i = 0; i < lost->count && !*out; i++)
        *out = holds(low, high, &lost->keys[i * keys], keys);
    return ST_OK;
}

/* Entries of the target whose units may hold a lost group, without the rows that deletes take. */
static status add_holders(struct delta *x, const struct lost_keys *lost, struct summary_source *s,
                          struct error *err)
{
    struct summary_build *b = x->b;
    const struct summary_change *c = x->c;
    const struct iceberg_scan *target = summary_scan_of(b->plan)->scan.files;
    for (size_t i = 0; i < b->after.covered_count; i++) {
        const struct summary_file *f = &b->after.covered[i];
        size_t entry = i < c->kept_count ? c->kept[i].entry : c->added[i - c->kept_count];
        struct rowset taken;
        bool wanted;
        TRY(may_hold(x, unit_by_id(&b->after, f->unit), lost, &wanted, err));
        if (!wanted)
            continue;
        TRY(summary_taken_parse(f, b->exec->account, &taken, err));
        status st = summary_source_add(s, &target->entries[entry].file, f->unit,
                                       taken.count > 0 ? &taken : NULL, true, err);
        rowset_free(&taken);
        TRY(st);
    }
    return ST_OK;
}

static status lost_keys_of(struct delta *x, struct lost_keys *out, struct error *err)
{
    struct column_stream rows;
    *out = (struct lost_keys){0};
    TRY(exec_open(x->lost, x->b->exec, &rows, err));
    status st = read_lost(x, &rows, out, err);
    rows.close(rows.self);
    return st;
}

static status make_anew(struct delta *x, struct error *err)
{
    struct summary_build *b = x->b;
    struct lost_keys lost;
    struct summary_source s;
    struct query_plan *plan;
    TRY(lost_keys_of(x, &lost, err));
    summary_source_init(&s, b->arena);
    status st = add_holders(x, &lost, &s, err);
    if (st == ST_OK)
        st = summary_plan_over(b->extended, &s.scan, b->arena, &plan, err);
    if (st == ST_OK)
        st = exec_hold(plan, b->exec, &x->anew, err);
    b->raw_files += (int64_t)s.scan.count;
    b->raw_bytes += s.scan.bytes;
    summary_source_free(&s);
    return st;
}

/* The parts that are merged, as one scan. */
static status touched_scan(struct delta *x, struct query_plan **out, struct error *err)
{
    struct iceberg_scan *files;
    TRY(parts_scan(x, 0, x->b->before->part_count, out, err));
    TRY(ARENA_NEW(x->b->arena, struct iceberg_scan, &files, err));
    *files = *(*out)->scan.files;
    files->count = 0;
    for (size_t i = 0; i < x->b->before->part_count; i++)
        if (x->touched[i])
            files->entries[files->count++] = *x->entry[i];
    (*out)->scan.files = files;
    return ST_OK;
}

static status find_lost(struct delta *x, struct error *err)
{
    struct query_plan *m;
    TRY(ARENA_NEW(x->b->arena, struct query_plan, &m, err));
    *m = *x->merge;
    if (x->b->before->part_count > 0)
        TRY(touched_scan(x, &m->input, err));
    m->merge.added = x->plus;
    m->merge.removed = x->minus;
    m->merge.find_lost = true;
    TRY(exec_hold(m, x->b->exec, &x->lost, err));
    if (exec_held_rows(x->lost) > 0)
        return make_anew(x, err);
    exec_held_free(x->lost);
    x->lost = NULL;
    return ST_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static status build(struct delta *x, struct error *err)
{
    struct summary_build *b = x->b;
    TRY(cover_files(x, err));
    TRY(hold_source(x, &x->added, &x->plus, err));
    TRY(hold_source(x, &x->removed, &x->minus, err));
    TRY(renew_units(x, err));
    TRY(find_parts(x, err));
    TRY(summary_merge_plan(b->d, b->plan, &b->extended->schema, b->keys, b->key_count, b->arena,
                           &x->merge, err));
    TRY(ARENA_ARRAY(b->arena, bool, x->spaces + 1, &x->touched, err));
    TRY(place_rows(x, x->plus, &x->plus_cuts, err));
    TRY(place_rows(x, x->minus, &x->minus_cuts, err));
    if (x->minus && summary_has_extremes(b->d))
        TRY(find_lost(x, err));
    return merge_runs(x, err);
}

status summary_build_delta(struct summary_build *b, const struct summary_change *c,
                           struct error *err)
{
    const struct summary_cover *before = b->before;
    struct delta x = {.b = b, .c = c, .spaces = before->part_count ? before->part_count : 1};
    x.next_unit = before->unit_count ? before->units[before->unit_count - 1].id + 1 : 1;
    summary_source_init(&x.added, b->arena);
    summary_source_init(&x.removed, b->arena);
    status st = build(&x, err);
    exec_held_free(x.plus);
    exec_held_free(x.minus);
    exec_held_free(x.lost);
    exec_held_free(x.anew);
    summary_source_free(&x.added);
    summary_source_free(&x.removed);
    summary_cover_sort(&b->after);
    return st;
}
