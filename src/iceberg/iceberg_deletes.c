// SPDX-License-Identifier: Apache-2.0
/* iceberg_deletes.c - which delete files apply to which data file (spec "Scan Planning").
 *
 *     live delete entries -> four sorted lists -> for a data file: ranges of each, by bisection
 *
 *     by path       deletion vectors and position deletes that name their one data file
 *     by partition  position deletes of a partition (spec id and values)
 *                   equality deletes of a partition
 *     global        equality deletes of an unpartitioned spec, whatever the data file's spec
 *
 * Typical: a few delete files for each partition; a stream that upserts may leave thousands.
 *
 * L1  position deletes apply when they are not older than the data file, equality deletes only when
 *     they are younger
 * L2  a data file has one deletion vector at most; with one, no other position deletes apply: the
 *     writer has merged them into it
 * L3  bounds and referenced_data_file only leave out delete files that name other data files */
#include "iceberg/iceberg_deletes_int.h"

#include <stdlib.h>

/* Metadata column of position delete files (spec "Reserved Field IDs"). */
#define FILE_PATH_ID 2147483546

static bool is_vector(const struct iceberg_delete *d)
{
    return d->entry.file.content_bytes > 0;
}

/* L3. Java writes no referenced_data_file before format version 3, but bounds that are equal: those of
 * file_path are whole texts. */
struct str iceberg_deletes_path(const struct iceberg_data_file *f)
{
    if (f->referenced.ptr)
        return f->referenced;
    for (size_t i = 0; i < f->metric_count; i++) {
        const struct iceberg_metric *m = &f->metrics[i];
        if (m->field_id == FILE_PATH_ID && m->lower.ptr && m->upper.ptr &&
            str_eq(m->lower, m->upper))
            return m->lower;
    }
    return (struct str){0};
}

/* L3 */
static bool may_name(const struct iceberg_data_file *deletes, struct str path)
{
    for (size_t i = 0; i < deletes->metric_count; i++) {
        const struct iceberg_metric *m = &deletes->metrics[i];
        if (m->field_id == FILE_PATH_ID)
            return (!m->lower.ptr || str_cmp(m->lower, path) <= 0) &&
                   (!m->upper.ptr || str_cmp(path, m->upper) <= 0);
    }
    return true;
}

/* ---- orders ---- */

static int partition_cmp(const struct iceberg_data_file *a, const struct iceberg_data_file *b)
{
    if (a->spec_id != b->spec_id)
        return a->spec_id < b->spec_id ? -1 : 1;
    for (size_t i = 0; i < a->partition_count && i < b->partition_count; i++) {
        const struct column_value *x = &a->partition[i], *y = &b->partition[i];
        if (x->null || y->null) {
            if (x->null != y->null)
                return x->null ? -1 : 1;
            continue;
        }
        int c = column_value_cmp(x, y, true);
        if (c != 0)
            return c;
    }
    return 0;
}

static int ids_cmp(const struct iceberg_data_file *a, const struct iceberg_data_file *b)
{
    size_t n =
        a->equality_id_count < b->equality_id_count ? a->equality_id_count : b->equality_id_count;
    for (size_t i = 0; i < n; i++)
        if (a->equality_ids[i] != b->equality_ids[i])
            return a->equality_ids[i] < b->equality_ids[i] ? -1 : 1;
    return (a->equality_id_count > b->equality_id_count) -
           (a->equality_id_count < b->equality_id_count);
}

static const struct iceberg_data_file *file_of(const void *item)
{
    return &(*(struct iceberg_delete *const *)item)->entry.file;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(iceberg_deletes_path(file_of(a)), iceberg_deletes_path(file_of(b)));
}

static int by_partition(const void *a, const void *b)
{
    return partition_cmp(file_of(a), file_of(b));
}

static int by_ids(const void *a, const void *b)
{
    return ids_cmp(file_of(a), file_of(b));
}

static int by_partition_and_ids(const void *a, const void *b)
{
    int c = by_partition(a, b);
    return c ? c : by_ids(a, b);
}

/* ---- the index ---- */

static bool is_global(const struct iceberg_spec *spec)
{
    for (size_t i = 0; i < spec->count; i++)
        if (spec->fields[i].transform.kind != ICEBERG_VOID)
            return false;
    return true;
}

static struct iceberg_delete_list *list_for(struct iceberg_deletes *x,
                                            const struct iceberg_table *t,
                                            const struct iceberg_data_file *f)
{
    if (f->content == ICEBERG_POSITION_DELETES)
        return iceberg_deletes_path(f).ptr ? &x->named : &x->positions;
    const struct iceberg_spec *spec = iceberg_spec_by_id(t, f->spec_id);
    return spec && is_global(spec) ? &x->global : &x->equality;
}

status iceberg_deletes_add(struct iceberg_deletes *x, const struct iceberg_table *t,
                           const struct iceberg_entry *e, struct arena *arena, struct error *err)
{
    const struct iceberg_data_file *f = &e->file;
    struct iceberg_delete *d;
    bool puffin = str_eq_z(f->format, "PUFFIN");
    if (puffin != (f->content_bytes > 0) ||
        (puffin && (f->content != ICEBERG_POSITION_DELETES || !f->referenced.ptr)))
        FAIL(err, ST_CORRUPT,
             "delete file %.*s of format %.*s: a deletion vector has a place in a Puffin file and "
             "names its data file",
             STR_ARG(f->path), STR_ARG(f->format));
    TRY(ARENA_NEW(arena, struct iceberg_delete, &d, err));
    d->entry = *e;
    struct iceberg_delete_list *lists[] = {list_for(x, t, f), &x->all};
    for (size_t i = 0; i < 2; i++) {
        struct iceberg_delete_list *l = lists[i];
        TRY(arena_grow(arena, (void **)&l->items, sizeof(struct iceberg_delete *), &l->capacity,
                       l->count + 1, err));
        l->items[l->count++] = d;
    }
    return ST_OK;
}

static void sort(struct iceberg_delete_list *l, int (*cmp)(const void *, const void *))
{
    if (l->count > 1)
        qsort(l->items, l->count, sizeof(struct iceberg_delete *), cmp);
}

static void number_scopes(struct iceberg_deletes *x, struct iceberg_delete_list *l,
                          int (*cmp)(const void *, const void *))
{
    for (size_t i = 0; i < l->count; i++) {
        if (i == 0 || cmp(&l->items[i - 1], &l->items[i]) != 0)
            x->scope_count++;
        l->items[i]->scope = x->scope_count - 1;
    }
}

void iceberg_deletes_sort(struct iceberg_deletes *x)
{
    sort(&x->named, by_path);
    sort(&x->positions, by_partition);
    sort(&x->equality, by_partition_and_ids);
    sort(&x->global, by_ids);
    number_scopes(x, &x->equality, by_partition_and_ids);
    number_scopes(x, &x->global, by_ids);
}

/* ---- for a data file ---- */

struct matching {
    struct iceberg_entry *data;
    struct arena *arena;
    size_t capacity;
};

static status take(struct matching *m, const struct iceberg_delete *d, struct error *err)
{
    struct iceberg_entry *e = m->data;
    TRY(arena_grow(m->arena, (void **)&e->deletes, sizeof(struct iceberg_delete *), &m->capacity,
                   e->delete_count + 1, err));
    e->deletes[e->delete_count++] = d;
    return ST_OK;
}

/* The first item that `data` is not greater than. */
static size_t first_of(const struct iceberg_delete_list *l, const struct iceberg_data_file *data,
                       bool named)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct iceberg_data_file *f = &l->items[middle]->entry.file;
        int c = named ? str_cmp(iceberg_deletes_path(f), data->path) : partition_cmp(f, data);
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* L2 */
static status take_vector(struct matching *m, const struct iceberg_deletes *x, bool *found,
                          struct error *err)
{
    const struct iceberg_entry *e = m->data;
    *found = false;
    for (size_t i = first_of(&x->named, &e->file, true);
         i < x->named.count &&
         str_eq(iceberg_deletes_path(&x->named.items[i]->entry.file), e->file.path);
         i++) {
        const struct iceberg_delete *d = x->named.items[i];
        if (!is_vector(d))
            continue;
        if (*found)
            FAIL(err, ST_CORRUPT, "%.*s has two deletion vectors", STR_ARG(e->file.path));
        if (d->entry.sequence_number < e->sequence_number)
            FAIL(err, ST_CORRUPT,
                 "%.*s has a deletion vector of sequence number %lld, which is older than the file "
                 "(%lld)",
                 STR_ARG(e->file.path), (long long)d->entry.sequence_number,
                 (long long)e->sequence_number);
        *found = true;
        TRY(take(m, d, err));
    }
    return ST_OK;
}

static status take_positions(struct matching *m, const struct iceberg_deletes *x, struct error *err)
{
    const struct iceberg_entry *e = m->data;
    for (size_t i = first_of(&x->named, &e->file, true);
         i < x->named.count &&
         str_eq(iceberg_deletes_path(&x->named.items[i]->entry.file), e->file.path);
         i++)
        if (x->named.items[i]->entry.sequence_number >= e->sequence_number) /* L1 */
            TRY(take(m, x->named.items[i], err));
    for (size_t i = first_of(&x->positions, &e->file, false); i < x->positions.count; i++) {
        const struct iceberg_delete *d = x->positions.items[i];
        if (partition_cmp(&d->entry.file, &e->file) != 0)
            break;
        if (d->entry.sequence_number >= e->sequence_number &&
            may_name(&d->entry.file, e->file.path))
            TRY(take(m, d, err));
    }
    return ST_OK;
}

status iceberg_deletes_match(const struct iceberg_deletes *x, struct iceberg_entry *data,
                             struct arena *arena, struct error *err)
{
    struct matching m = {.data = data, .arena = arena};
    bool vector = false;
    data->delete_count = 0;
    data->deletes = NULL;
    TRY(take_vector(&m, x, &vector, err));
    if (!vector)
        TRY(take_positions(&m, x, err));
    for (size_t i = first_of(&x->equality, &data->file, false); i < x->equality.count; i++) {
        const struct iceberg_delete *d = x->equality.items[i];
        if (partition_cmp(&d->entry.file, &data->file) != 0)
            break;
        if (d->entry.sequence_number > data->sequence_number) /* L1 */
            TRY(take(&m, d, err));
    }
    for (size_t i = 0; i < x->global.count; i++)
        if (x->global.items[i]->entry.sequence_number > data->sequence_number)
            TRY(take(&m, x->global.items[i], err));
    return ST_OK;
}
