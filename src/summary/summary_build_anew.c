// SPDX-License-Identifier: Apache-2.0
/* summary_build_anew.c - groups that a delta cannot tell, made anew from the raw files that may hold
 * them.
 *
 *     lost: a min or max may have gone with the removed rows
 *     in a box: rows of it went with a file that is not read
 *
 *     kept files whose key range meets one of them -> SELECT \
 *     files that came: their groups are there already ------- join -> anew
 *
 * `anew` has all rows of a lost group and of every group in a box; its other groups may lack some,
 * and nobody asks for them. */
#include "summary/summary_merging.h"

#include "column/column_key.h"

#define KEY_BYTES ((size_t)1 << 30)

/* Keys of the lost groups, column by column. */
struct lost_keys {
    size_t count;
    struct str *keys; /* key_count of each */
};

static status read_lost(struct merging *x, struct column_stream *rows, struct lost_keys *out,
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
                column_span_value(&batch.spans[column], x->b->merge->schema.fields[column].type, i,
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

static bool holds(const struct query_box *box, const struct str *key, size_t keys)
{
    for (size_t i = 0; i < keys; i++)
        if (column_key_cmp(key[i], box->low[i]) < 0 || column_key_cmp(key[i], box->high[i]) > 0)
            return false;
    return true;
}

/* Can the unit hold a row of one of the groups? */
static status may_hold(struct merging *x, const struct summary_unit *u,
                       const struct lost_keys *lost, bool *out, struct error *err)
{
    size_t keys = x->b->key_count;
    struct summary_range range;
    *out = false;
    TRY(summary_unit_range(u, keys, x->b->arena, &range, err));
    if (range.empty)
        return ST_OK;
    for (size_t i = 0; i < x->c->box_count && !*out; i++)
        *out = summary_boxes_meet(&range.box, &x->c->boxes[i], keys);
    for (size_t i = 0; i < lost->count && !*out; i++)
        *out = holds(&range.box, &lost->keys[i * keys], keys);
    return ST_OK;
}

/* Kept files whose units may hold such a group, without the rows that deletes take. */
static status add_holders(struct merging *x, const struct lost_keys *lost, struct summary_source *s,
                          struct error *err)
{
    struct summary_build *b = x->b;
    const struct iceberg_scan *target = summary_scan_of(b->plan)->scan.files;
    for (size_t i = 0; i < x->c->kept_count; i++) {
        const struct summary_file *f = &b->after.covered[i];
        const struct iceberg_data_file *file = &target->entries[x->c->kept[i].entry].file;
        struct rowset taken;
        bool wanted;
        TRY(may_hold(x, summary_unit_by_id(&b->after, f->unit), lost, &wanted, err));
        if (!wanted)
            continue;
        TRY(summary_taken_parse(f, b->exec->account, &taken, err));
        status st =
            summary_source_add(s, file, f->unit, taken.count > 0 ? &taken : NULL, true, err);
        rowset_free(&taken);
        TRY(st);
    }
    return ST_OK;
}

static status lost_keys_of(struct merging *x, struct lost_keys *out, struct error *err)
{
    struct column_stream rows;
    *out = (struct lost_keys){0};
    if (!x->lost)
        return ST_OK;
    TRY(exec_open(x->lost, x->b->exec, &rows, err));
    status st = read_lost(x, &rows, out, err);
    rows.close(rows.self);
    return st;
}

static status read_holders(struct merging *x, struct query_plan **out, struct error *err)
{
    struct summary_build *b = x->b;
    struct lost_keys lost;
    struct summary_source s;
    struct query_plan *plan;
    *out = NULL;
    TRY(lost_keys_of(x, &lost, err));
    summary_source_init(&s, b->arena);
    status st = add_holders(x, &lost, &s, err);
    if (st == ST_OK && s.scan.count > 0) {
        st = summary_plan_over(b->extended, &s.scan, b->arena, &plan, err);
        if (st == ST_OK)
            st = summary_merging_hold(x, plan, NULL, out, err);
    }
    b->raw_files += (int64_t)s.scan.count;
    b->raw_bytes += s.scan.bytes;
    summary_source_free(&s);
    return st;
}

static status find_lost(struct merging *x, struct error *err)
{
    struct query_plan *m, *lost;
    TRY(ARENA_NEW(x->b->arena, struct query_plan, &m, err));
    *m = *x->b->merge;
    if (x->b->before->part_count > 0)
        TRY(summary_merging_parts(x, 0, x->b->before->part_count, true, &m->input, err));
    m->merge.added = x->plus;
    m->merge.removed = x->minus;
    m->merge.boxes = x->c->boxes;
    m->merge.box_count = x->c->box_count;
    m->merge.find_lost = true;
    TRY(summary_merging_hold(x, m, NULL, &lost, err));
    x->lost = exec_held_rows(lost) > 0 ? lost : NULL;
    return ST_OK;
}

status summary_merging_anew(struct merging *x, struct error *err)
{
    struct query_plan *held;
    if (x->minus && summary_has_extremes(x->b->d))
        TRY(find_lost(x, err));
    if (!x->lost && x->c->box_count == 0)
        return ST_OK;
    TRY(read_holders(x, &held, err));
    return summary_merging_join(x, held, x->came, &x->anew, err);
}
