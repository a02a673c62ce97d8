// SPDX-License-Identifier: Apache-2.0
/* parquet_bounds.c - statistics and page index: which values a chunk or a page can hold.
 *
 * A wrong bound silently loses rows, so what is not certain is left out (parquet.thrift,
 * "Statistics" and "ColumnOrder"):
 *
 * B1  min_value and max_value count where the column's order is known: by the footer's column
 *     orders, or because the type has only one (signed numbers, dates, times)
 * B2  the deprecated min and max count for the types of the second kind alone
 * B3  a NaN is no bound. NaN is the greatest value here but left out of statistics there, so a
 *     float has an upper bound only when its NaNs are counted and none
 * B4  a bound of zero is widened: -0.0 below, +0.0 above
 * B5  bounds that cannot be converted, or whose lower lies above its upper, are dropped
 *
 * The page index is two Thrift structs between the data and the footer (PageIndex.md). */
#include "parquet/parquet_read_int.h"

#include <math.h>

#define INDEX_MOST_BYTES (64 << 20)

/* ---- one bound ------------------------------------------------------------------------------ */

/* Types for which every writer means the same by "smaller" (B1, B2). */
static bool order_is_plain(const struct parquet_leaf *leaf)
{
    switch (leaf->stored) {
    case PARQUET_BOOLEAN:
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        return true;
    case PARQUET_INT32:
    case PARQUET_INT64:
        return !leaf->is_unsigned;
    default:
        return false;
    }
}

static bool is_float(const struct parquet_leaf *leaf)
{
    return leaf->stored == PARQUET_FLOAT || leaf->stored == PARQUET_DOUBLE;
}

/* Whether min_value and max_value are in this program's order of the column's type (B1). */
static bool order_is_known(const struct parquet_leaf *leaf)
{
    if (leaf->order == UINT32_C(1) << COLUMN_ORDER_TYPE)
        return leaf->stored != PARQUET_INT96;
    if (leaf->order == UINT32_C(1) << COLUMN_ORDER_IEEE754_TOTAL)
        return is_float(leaf);
    if (leaf->order == UINT32_C(1) << COLUMN_ORDER_INT96)
        return leaf->stored == PARQUET_INT96;
    return leaf->order == 0 && order_is_plain(leaf);
}

/* Widens zeros (B4); false for a NaN (B3). */
static bool float_bound(struct column_value *v, bool lower)
{
    if (v->type.kind == COLUMN_REAL) {
        if (v->f32 == 0)
            v->f32 = lower ? -0.0f : 0.0f;
        return !isnan(v->f32);
    }
    if (v->f64 == 0)
        v->f64 = lower ? -0.0 : 0.0;
    return !isnan(v->f64);
}

/* A bound's bytes are PLAIN, strings without their length. False when it cannot be used. */
static bool bound_value(const struct parquet_leaf *leaf, struct str bytes, bool lower,
                        struct column_value *out)
{
    struct parquet_convert c;
    union {
        uint8_t b;
        int64_t i64;
        int128 i128;
        struct str str;
    } value;
    const void *from = bytes.ptr;
    uint8_t boolean;
    if (parquet_convert_plan(leaf, leaf->info.type, &c, NULL) != ST_OK)
        return false;
    if (leaf->stored == PARQUET_BYTE_ARRAY)
        from = &bytes;
    else if (bytes.len != c.width)
        return false;
    if (leaf->stored == PARQUET_BOOLEAN) {
        boolean = bytes.ptr[0] & 1;
        from = &boolean;
    }
    if (c.form == PARQUET_STR_TEXT)
        c.form = PARQUET_STR_STR; /* a cut text need not end between characters */
    if (parquet_convert_run(&c, from, 1, &value, NULL) != ST_OK)
        return false; /* B5 */
    struct column_span one = {.kind = SPAN_VALUES, .rows = 1, .values = &value};
    column_span_value(&one, leaf->info.type, 0, out);
    return !is_float(leaf) || float_bound(out, lower);
}

/* ---- chunk statistics ----------------------------------------------------------------------- */

/* Whether a bound is one of the chunk's values: said so by the writer, or, where it says nothing,
 * of a type that nobody shortens. A zero may have been widened. */
static bool bound_exact(const struct parquet_leaf *leaf, bool has, bool exact,
                        const struct column_value *v)
{
    if (is_float(leaf) && (v->type.kind == COLUMN_REAL ? v->f32 == 0 : v->f64 == 0))
        return false;
    if (has)
        return exact;
    return leaf->stored != PARQUET_BYTE_ARRAY && leaf->stored != PARQUET_FIXED;
}

void parquet_bounds_read(const struct parquet_leaf *leaf, const struct parquet_statistics *s,
                         struct parquet_chunk_info *info)
{
    bool low = PARQUET_HAS(s, STATISTICS_MIN_VALUE), high = PARQUET_HAS(s, STATISTICS_MAX_VALUE);
    struct str min = s->min_value, max = s->max_value;
    info->has_null_count = PARQUET_HAS(s, STATISTICS_NULL_COUNT) && s->null_count >= 0 &&
                           s->null_count <= info->values;
    info->null_count = info->has_null_count ? s->null_count : 0;
    if (!leaf->info.supported)
        return;
    if (low || high) {
        low = low && order_is_known(leaf);
        high = high && order_is_known(leaf);
    } else if (order_is_plain(leaf)) { /* B2 */
        low = PARQUET_HAS(s, STATISTICS_MIN);
        high = PARQUET_HAS(s, STATISTICS_MAX);
        min = s->min;
        max = s->max;
    }
    if (is_float(leaf)) /* B3 */
        high = high && PARQUET_HAS(s, STATISTICS_NAN_COUNT) && s->nan_count == 0;
    info->has_min = low && bound_value(leaf, min, true, &info->min);
    info->has_max = high && bound_value(leaf, max, false, &info->max);
    if (info->has_min && info->has_max && column_value_cmp(&info->min, &info->max, true) > 0)
        info->has_min = info->has_max = false; /* B5 */
    info->min_exact = info->has_min && bound_exact(leaf, PARQUET_HAS(s, STATISTICS_MIN_EXACT),
                                                   s->min_exact, &info->min);
    info->max_exact = info->has_max && bound_exact(leaf, PARQUET_HAS(s, STATISTICS_MAX_EXACT),
                                                   s->max_exact, &info->max);
}

/* ---- page index ----------------------------------------------------------------------------- */

static status read_index(const struct parquet_file *f, int64_t offset, int32_t bytes,
                         const struct parquet_shape *shape, struct arena *arena, void *out,
                         struct error *err)
{
    void *data;
    if (bytes > INDEX_MOST_BYTES)
        FAIL(err, ST_LIMIT, "the page index has %d bytes, more than the %d that are read", bytes,
             INDEX_MOST_BYTES);
    TRY(arena_alloc(arena, (size_t)bytes, &data, err));
    TRY(store_read(f->file, offset, data, (size_t)bytes, err));
    struct bytes in = bytes_of(data, (size_t)bytes);
    return parquet_thrift_read(shape, &in, arena, out, err);
}

status parquet_offset_index_read(const struct parquet_file *f, size_t group, size_t leaf,
                                 struct arena *arena, struct parquet_offset_index *out,
                                 struct error *err)
{
    const struct parquet_chunk_place *c = &f->chunk[group * f->leaves + leaf];
    int64_t offset = c->start, row = 0;
    TRY(read_index(f, c->offset_index, c->offset_index_bytes, &parquet_shape_offset_index, arena,
                   out, err));
    for (size_t i = 0; i < out->pages.count; i++) {
        const struct parquet_page_location *p = &out->pages.items[i];
        if (p->offset < offset || p->compressed_bytes <= 0 || p->offset > c->end ||
            p->compressed_bytes > c->end - p->offset)
            FAIL(err, ST_CORRUPT, "the offset index puts page %zu at offset %lld, %d bytes long", i,
                 (long long)p->offset, p->compressed_bytes);
        if (p->first_row < row || p->first_row > f->group[group].rows || (i == 0 && p->first_row))
            FAIL(err, ST_CORRUPT, "the offset index begins page %zu with row %lld", i,
                 (long long)p->first_row);
        offset = p->offset + p->compressed_bytes;
        row = p->first_row;
    }
    if (out->pages.count == 0 && f->group[group].rows > 0)
        FAIL(err, ST_CORRUPT, "the offset index has no pages");
    return ST_OK;
}

static void page_bounds(const struct parquet_leaf *leaf, const struct parquet_column_index *index,
                        size_t i, struct parquet_page_info *out)
{
    out->all_null = index->null_pages.items[i];
    if (i < index->null_counts.count && index->null_counts.items[i] >= 0 &&
        index->null_counts.items[i] <= out->rows)
        out->null_count = index->null_counts.items[i];
    bool no_nan = !is_float(leaf) ||
                  (i < index->nan_counts.count && index->nan_counts.items[i] == 0); /* B3 */
    out->has_bounds = !out->all_null && no_nan && order_is_known(leaf) &&
                      bound_value(leaf, index->min_values.items[i], true, &out->min) &&
                      bound_value(leaf, index->max_values.items[i], false, &out->max) &&
                      column_value_cmp(&out->min, &out->max, true) <= 0; /* B5 */
}

static status read_pages(const struct parquet_file *f, size_t group, size_t leaf,
                         struct arena *arena, struct parquet_page_info **out, size_t *count,
                         struct error *err)
{
    const struct parquet_chunk_place *c = &f->chunk[group * f->leaves + leaf];
    struct parquet_offset_index offsets;
    struct parquet_column_index bounds;
    TRY(parquet_offset_index_read(f, group, leaf, arena, &offsets, err));
    size_t n = offsets.pages.count;
    if (c->info.has_column_index) {
        TRY(read_index(f, c->column_index, c->column_index_bytes, &parquet_shape_column_index,
                       arena, &bounds, err));
        if (bounds.null_pages.count != n || bounds.min_values.count != n ||
            bounds.max_values.count != n)
            FAIL(err, ST_CORRUPT, "the column index has %zu pages, the offset index %zu",
                 bounds.null_pages.count, n);
    }
    TRY(ARENA_ARRAY(arena, struct parquet_page_info, n, out, err));
    for (size_t i = 0; i < n; i++) {
        const struct parquet_page_location *p = &offsets.pages.items[i];
        int64_t end = i + 1 < n ? p[1].first_row : f->group[group].rows;
        (*out)[i] = (struct parquet_page_info){.first_row = p->first_row,
                                               .rows = end - p->first_row,
                                               .offset = p->offset,
                                               .bytes = p->compressed_bytes,
                                               .null_count = -1};
        if (c->info.has_column_index && f->leaf[leaf].info.supported)
            page_bounds(&f->leaf[leaf], &bounds, i, &(*out)[i]);
    }
    *count = n;
    return ST_OK;
}

status parquet_pages(struct parquet_file *f, size_t group, size_t column, struct arena *arena,
                     struct parquet_page_info **out, size_t *count, struct error *err)
{
    *out = NULL;
    *count = 0;
    const struct parquet_place *place = &f->place[column];
    if (place->node || !f->chunk[group * f->leaves + place->leaf].info.has_offset_index)
        return ST_OK;
    TRY_CONTEXT(read_pages(f, group, place->leaf, arena, out, count, err), err,
                "column %.*s, row group %zu: %.*s", STR_ARG(place->info.name), group,
                STR_ARG(store_uri(f->file)));
    return ST_OK;
}
