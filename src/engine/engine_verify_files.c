// SPDX-License-Identifier: Apache-2.0
/* engine_verify_files.c - the layout of a summary's files: sorted, disjoint, cut by the rule.
 *
 *     each file      is read once: keys ascend; first and last key, weight, first month's end
 *     each partition in the order of first keys: a file ends before the next one begins
 *     after a rebuild, with the weight of all that follows known:
 *                    no file goes on behind a month's end with a side before and a side behind it
 *                    no file goes on when it is full
 *                    each file but the last ends for one of the two reasons
 *
 * exec_write_split.c decides the same while rows stream by, not knowing what follows; here it is
 * known, so one is no copy of the other. What a merge left in place was cut earlier, by other rows:
 * after it only the full size is checked. */
#include "engine/engine_verify_int.h"

#include <stdlib.h>

#define PARTITIONS_OPEN 100 /* more of them, mixed, end files early (exec_write) */

struct walked {
    const struct iceberg_data_file *file;
    size_t key_count, partition;
    struct column_value *first, *last; /* keys; first[0] has no type in a file without rows */
    int64_t rows, bytes;
    int64_t bytes_before_last; /* what it weighed when its last row came */
    int64_t side_bytes;        /* before the first month's end behind a side; 0 = none */
    int64_t first_month, last_month;
};

struct walk {
    struct verify *v;
    struct exec_split_rule rule;
    struct buffer text;
    struct walked *files; /* those with rows */
    size_t count, partitions;
};

static int cmp_values(const struct column_value *a, const struct column_value *b)
{
    if (a->null || b->null)
        return (int)a->null - (int)b->null;
    return column_value_cmp(a, b, false);
}

static int cmp_keys(const struct column_value *a, const struct column_value *b, size_t count)
{
    int order = 0;
    for (size_t k = 0; k < count && order == 0; k++)
        order = cmp_values(&a[k], &b[k]);
    return order;
}

/* ---- one file -------------------------------------------------------------------------------- */

static status fail_order(struct walk *w, const struct walked *f, const struct column_value *before,
                         const struct column_value *key, struct error *err)
{
    buffer_clear(&w->text);
    TRY(summary_put_key(&w->v->how, key, &w->text, err));
    TRY(buffer_append_str(&w->text, STR(" stands behind "), err));
    TRY(summary_put_key(&w->v->how, before, &w->text, err));
    FAIL(err, ST_DIFFERS, "%.*s is not sorted: %.*s", STR_ARG(f->file->path),
         STR_ARG(buffer_str(&w->text)));
}

/* The row's key into `key`, borrowed from the batch. */
static void key_at(const struct walk *w, const struct column_batch *batch, int64_t row,
                   struct column_value *key)
{
    const struct verify *v = w->v;
    for (size_t k = 0; k < v->how.key_count; k++) {
        size_t column = (size_t)v->how.keys[k];
        column_span_value(&batch->spans[column], v->columns.fields[column].type, row, &key[k]);
    }
}

static status keep_key(struct walk *w, const struct column_value *from, struct column_value *to,
                       struct error *err)
{
    for (size_t k = 0; k < w->v->how.key_count; k++)
        TRY(column_value_copy(&w->v->e->arena, &from[k], &to[k], err));
    return ST_OK;
}

static void weigh(struct walk *w, struct walked *f, const struct column_batch *batch, int64_t row)
{
    const struct column_schema *schema = &w->v->columns;
    if (w->rule.time_column >= 0) {
        int64_t month = exec_split_month(schema, batch, w->rule.time_column, row);
        if (f->rows == 0)
            f->first_month = month;
        else if (month != f->last_month && f->side_bytes == 0 && f->bytes > w->rule.side_bytes)
            f->side_bytes = f->bytes;
        f->last_month = month;
    }
    f->bytes_before_last = f->bytes;
    f->bytes += exec_split_weight(schema, batch, row);
    f->rows++;
}

/* keys: two of them, one after the other, for the rows of the batch. */
static status walk_batch(struct walk *w, struct walked *f, const struct column_batch *batch,
                         struct column_value *keys, struct error *err)
{
    size_t n = w->v->how.key_count;
    struct column_value *key = keys, *before = f->rows ? f->last : NULL;
    for (int64_t i = 0; i < batch->rows; i++) {
        key_at(w, batch, i, key);
        if (before && cmp_keys(before, key, n) >= 0)
            return fail_order(w, f, before, key, err);
        if (f->rows == 0)
            TRY(keep_key(w, key, f->first, err));
        weigh(w, f, batch, i);
        before = key;
        key = key == keys ? keys + n : keys;
    }
    return keep_key(w, before, f->last, err); /* a span's memory ends with its batch */
}

static status walk_rows(struct walk *w, struct walked *f, struct column_stream *rows,
                        struct error *err)
{
    struct column_batch batch;
    struct column_value *keys;
    TRY(ARENA_ARRAY(&w->v->e->arena, struct column_value, 2 * f->key_count, &keys, err));
    for (;;) {
        status st = rows->next(rows->self, &batch, err);
        if (st != ST_OK)
            return verify_stored_failed(w->v, st, err);
        if (batch.rows == 0)
            return ST_OK;
        TRY(walk_batch(w, f, &batch, keys, err));
    }
}

static status walk_file(struct walk *w, struct iceberg_entry *entry, struct error *err)
{
    struct verify *v = w->v;
    struct walked *f = &w->files[w->count];
    struct iceberg_scan one = v->stored_files;
    struct query_plan *scan;
    struct column_stream rows;
    *f = (struct walked){.file = &entry->file, .key_count = v->how.key_count};
    TRY(ARENA_ARRAY(&v->e->arena, struct column_value, f->key_count, &f->first, err));
    TRY(ARENA_ARRAY(&v->e->arena, struct column_value, f->key_count, &f->last, err));
    one.entries = entry;
    one.count = 1;
    TRY(verify_scan(v, &one, v->columns.count, &scan, err));
    status st = exec_open(scan, &v->e->exec, &rows, err);
    if (st != ST_OK)
        return verify_stored_failed(v, st, err);
    st = walk_rows(w, f, &rows, err);
    rows.close(rows.self);
    w->count += f->rows > 0;
    return st;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool same_partition(const struct iceberg_data_file *a, const struct iceberg_data_file *b)
{
    return a->spec_id == b->spec_id && a->partition_count == b->partition_count &&
           cmp_keys(a->partition, b->partition, a->partition_count) == 0;
}

static void number_partitions(struct walk *w)
{
    for (size_t i = 0; i < w->count; i++) {
        size_t k = 0;
        while (k < i && !same_partition(w->files[k].file, w->files[i].file))
            k++;
        w->files[i].partition = k < i ? w->files[k].partition : w->partitions++;
    }
}

static int cmp_walked(const void *a, const void *b)
{
    const struct walked *x = a, *y = b;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return cmp_keys(x->first, y->first, x->key_count);
}

static status check_disjoint(struct walk *w, const struct walked *a, const struct walked *b,
                             struct error *err)
{
    if (cmp_keys(a->last, b->first, a->key_count) < 0)
        return ST_OK;
    buffer_clear(&w->text);
    TRY(summary_put_key(&w->v->how, b->first, &w->text, err));
    FAIL(err, ST_DIFFERS, "%.*s and %.*s overlap: the second begins with %.*s, the first goes on",
         STR_ARG(a->file->path), STR_ARG(b->file->path), STR_ARG(buffer_str(&w->text)));
}

/* behind: what the files of the partition weigh that follow; next NULL: none does. */
static status check_cut(const struct walk *w, const struct walked *f, const struct walked *next,
                        int64_t behind, struct error *err)
{
    const struct exec_split_rule *r = &w->rule;
    if (f->bytes_before_last >= r->full_bytes)
        FAIL(err, ST_DIFFERS, "%.*s weighs %lld bytes and goes on; it is full at %lld",
             STR_ARG(f->file->path), (long long)f->bytes_before_last, (long long)r->full_bytes);
    if (!w->v->claim.rebuilt || w->partitions > PARTITIONS_OPEN)
        return ST_OK;
    if (f->side_bytes > 0 && f->bytes - f->side_bytes + behind > r->side_bytes)
        FAIL(err, ST_DIFFERS,
             "%.*s goes on behind a month's end with %lld bytes before and %lld behind it",
             STR_ARG(f->file->path), (long long)f->side_bytes,
             (long long)(f->bytes - f->side_bytes + behind));
    bool month = r->time_column >= 0 && next && next->first_month != f->last_month;
    if (next && f->bytes < r->full_bytes &&
        !(month && f->bytes > r->side_bytes && behind > r->side_bytes))
        FAIL(err, ST_DIFFERS, "%.*s ends at %lld bytes with %lld behind it, for no reason",
             STR_ARG(f->file->path), (long long)f->bytes, (long long)behind);
    return ST_OK;
}

static status check_layout(struct walk *w, struct error *err)
{
    int64_t behind = 0;
    number_partitions(w);
    qsort(w->files, w->count, sizeof(*w->files), cmp_walked);
    for (size_t i = 1; i < w->count; i++)
        if (w->files[i].partition == w->files[i - 1].partition)
            TRY(check_disjoint(w, &w->files[i - 1], &w->files[i], err));
    for (size_t i = w->count; i-- > 0;) {
        const struct walked *f = &w->files[i], *next = i + 1 < w->count ? f + 1 : NULL;
        if (!next || next->partition != f->partition) {
            next = NULL;
            behind = 0;
        }
        TRY(check_cut(w, f, next, behind, err));
        behind += f->bytes;
    }
    return ST_OK;
}

static status walk_all(struct walk *w, struct error *err)
{
    struct iceberg_scan *files = &w->v->stored_files;
    TRY(ARENA_ARRAY(&w->v->e->arena, struct walked, files->count + 1, &w->files, err));
    for (size_t i = 0; i < files->count; i++)
        TRY(walk_file(w, &files->entries[i], err));
    return check_layout(w, err);
}

status verify_files(struct verify *v, struct error *err)
{
    struct walk w = {.v = v,
                     .rule = engine_summary_split(&v->recompute->schema,
                                                  v->recompute->sort.keys[0].value->column)};
    buffer_init(&w.text, &v->e->session->account, (size_t)1 << 20);
    status st = walk_all(&w, err);
    buffer_free(&w.text);
    return st;
}
