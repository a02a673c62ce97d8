// SPDX-License-Identifier: Apache-2.0
/* parquet_column.c - one column of a row group to spans: a leaf here, lists and maps in
 * parquet_nested.c.
 *
 *     page       rows       what next() gives
 *     codes      a long run of one code, no NULLs            RUN of the dictionary's value
 *                else                                        CODES
 *     values                                                 VALUES
 *     either     a long run of NULLs                         RUN of NULL
 *
 * A span never crosses a page. Levels and codes are decoded a span at a time.
 *
 * Where only some rows are wanted, the pages that hold them are known from the offset index, and
 * reading ahead ends where the next unwanted page begins:
 *
 *     [dictionary] [page] [page] [page] [page] [page]
 *     read         skipped       read   read   skipped
 *
 * K1  a leaf in no list or map has one entry a row, so the pager counts rows
 * K4  after an error the column gives nothing but errors */
#include "parquet/parquet_read_int.h"

/* A shorter run is not worth a span of its own: the other columns' spans end with it. */
#define RUN_ROWS 1024

struct parquet_column {
    const struct parquet_file *f;      /* borrowed */
    const struct parquet_place *place; /* borrowed from f */
    struct mem_account *account;       /* borrowed */
    size_t group;
    int64_t rows;                  /* of the row group */
    int64_t row;                   /* next to hand out */
    bool broken;                   /* K4 */
    struct parquet_nested *nested; /* owned: a list or map; then nothing below is used */

    struct parquet_pager pager;
    bool indexed; /* offsets were read */
    struct parquet_offset_index offsets;
    struct arena arena; /* of offsets and wanted */
    bool *wanted;       /* by page of offsets; NULL: all are */
    int64_t bytes;      /* what will be read of the chunk */
    void *out;          /* owned: COLUMN_SPAN_ROWS values or codes */
    size_t out_bytes;
    uint64_t valid[COLUMN_SPAN_WORDS];
};

/* ---- opening -------------------------------------------------------------------------------- */

static status open_leaf(struct parquet_column *c, struct column_type want, struct error *err)
{
    TRY(parquet_pager_init(&c->pager, c->f, c->group, c->place->leaf, want, err));
    size_t each = c->pager.convert.value_bytes > 4 ? c->pager.convert.value_bytes : 4; /* a code */
    TRY(mem_alloc_aligned(c->account, each * COLUMN_SPAN_ROWS, &c->out, err));
    c->out_bytes = each * COLUMN_SPAN_ROWS;
    return ST_OK;
}

static status open_nested(struct parquet_column *c, size_t column, struct column_type want,
                          const struct column_node *node, struct error *err)
{
    char name[64];
    if (c->place->info.refusal)
        FAIL(err, ST_UNSUPPORTED, "%s", c->place->info.refusal);
    if (want.kind != COLUMN_TEXT)
        FAIL(err, ST_UNSUPPORTED, "a list or map cannot be read as %s",
             column_type_name(want, name));
    return parquet_nested_open(c->f, c->group, column, node, &c->nested, err);
}

static void name_place(const struct parquet_column *c, struct error *err)
{
    error_context(err, "column %.*s, row group %zu: %.*s", STR_ARG(c->place->info.name), c->group,
                  STR_ARG(store_uri(c->f->file)));
}

/* Counts the chunks of some columns, or puts their places into `out`. */
static size_t chunk_ranges(const struct parquet_file *f, size_t group, const int *columns,
                           size_t count, struct store_range *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (columns[i] < 0)
            continue;
        const struct parquet_place *p = &f->place[columns[i]];
        for (size_t leaf = p->leaf; leaf < p->leaf + p->leaf_count; leaf++, n++) {
            const struct parquet_chunk_place *c = &f->chunk[group * f->leaves + leaf];
            if (out)
                out[n] = (struct store_range){c->start, c->end - c->start};
        }
    }
    return n;
}

int64_t parquet_group_ahead(const struct parquet_file *f, size_t group, const int *columns,
                            size_t count)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const struct parquet_place *p = columns[i] < 0 ? NULL : &f->place[columns[i]];
        for (size_t leaf = 0; p && leaf < p->leaf_count; leaf++) {
            const struct parquet_chunk_place *c = &f->chunk[group * f->leaves + p->leaf + leaf];
            bytes += c->end - c->start + STORE_RANGE_COST;
        }
    }
    return bytes;
}

status parquet_groups_expect(struct parquet_file *f, const size_t *groups, size_t group_count,
                             const int *columns, size_t count, struct error *err)
{
    struct store_range *ranges;
    size_t each = chunk_ranges(f, 0, columns, count, NULL), n = each * group_count;
    TRY(mem_alloc(f->account, n * sizeof(*ranges), (void **)&ranges, err));
    for (size_t i = 0; i < group_count; i++)
        chunk_ranges(f, groups[i], columns, count, ranges + i * each);
    status st = store_expect(f->file, ranges, n, err);
    mem_free(f->account, ranges, n * sizeof(*ranges));
    return st;
}

/* `want` or, for lists and maps, `node`. */
static status open_column(struct parquet_file *f, size_t group, size_t column,
                          struct column_type want, const struct column_node *node,
                          struct parquet_column **out, struct error *err)
{
    struct parquet_column *c;
    ENSURE(group < f->groups && column < f->columns, err);
    TRY(mem_calloc(f->account, sizeof(*c), (void **)&c, err));
    c->f = f;
    c->place = &f->place[column];
    c->account = f->account;
    c->group = group;
    c->rows = f->group[group].rows;
    arena_init(&c->arena, c->account);
    c->bytes = parquet_chunk_at(f, group, column)->compressed_bytes;
    status st = c->place->node ? open_nested(c, column, want, node, err) : open_leaf(c, want, err);
    if (st != ST_OK) {
        name_place(c, err);
        parquet_column_close(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

status parquet_column_open(struct parquet_file *f, size_t group, size_t column,
                           struct column_type want, struct parquet_column **out, struct error *err)
{
    return open_column(f, group, column, want, NULL, out, err);
}

status parquet_column_open_nested(struct parquet_file *f, size_t group, size_t column,
                                  const struct column_node *want, struct parquet_column **out,
                                  struct error *err)
{
    return open_column(f, group, column, column_type_of(COLUMN_TEXT), want, out, err);
}

void parquet_column_close(struct parquet_column *c)
{
    if (!c)
        return;
    struct mem_account *account = c->account;
    parquet_nested_close(c->nested);
    arena_free(&c->arena);
    parquet_pager_free(&c->pager);
    mem_free(account, c->out, c->out_bytes);
    mem_free(account, c, sizeof(*c));
}

void parquet_column_work(struct parquet_column *c, struct codec_work *work)
{
    c->pager.work = work;
    if (c->nested)
        parquet_nested_work(c->nested, work);
}

/* ---- some rows only --------------------------------------------------------------------------- */

static status read_offsets(struct parquet_column *c, struct error *err)
{
    if (!c->indexed)
        TRY(parquet_offset_index_read(c->f, c->group, c->place->leaf, &c->arena, &c->offsets, err));
    c->indexed = true;
    return ST_OK;
}

/* The last page that begins at a row or before it. */
static size_t page_of(const struct parquet_column *c, int64_t row)
{
    size_t low = 0, high = c->offsets.pages.count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (c->offsets.pages.items[middle].first_row <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int64_t page_end(const struct parquet_page_location *p)
{
    return p->offset + p->compressed_bytes;
}

/* From where the source stands, at a page's start, to the end of the wanted pages that follow. */
static void look_ahead(struct parquet_column *c)
{
    struct parquet_source *s = &c->pager.source;
    const struct parquet_page_location *pages = c->offsets.pages.items;
    size_t n = c->offsets.pages.count, i = 0;
    if (!c->wanted || s->at < s->until)
        return;
    s->until = s->at < pages[0].offset ? pages[0].offset : s->at;
    for (size_t high = n; high > i;) { /* the first page that ends behind it */
        size_t middle = i + (high - i) / 2;
        if (page_end(&pages[middle]) <= s->until)
            i = middle + 1;
        else
            high = middle;
    }
    for (; i < n && c->wanted[i] && pages[i].offset == s->until; i++)
        s->until = page_end(&pages[i]);
}

static void want_rows(struct parquet_column *c, const struct parquet_rows *ranges, size_t count)
{
    size_t n = c->offsets.pages.count;
    for (size_t i = 0; i < count; i++) {
        int64_t end = ranges[i].first + ranges[i].count;
        for (size_t k = page_of(c, ranges[i].first);
             k < n && ranges[i].count > 0 && c->offsets.pages.items[k].first_row < end; k++)
            c->wanted[k] = true;
    }
}

static status limit(struct parquet_column *c, const struct parquet_rows *ranges, size_t count,
                    struct error *err)
{
    size_t n;
    TRY(read_offsets(c, err));
    n = c->offsets.pages.count;
    TRY(arena_calloc(&c->arena, n * sizeof(*c->wanted), (void **)&c->wanted, err));
    want_rows(c, ranges, count);
    c->bytes = c->offsets.pages.items[0].offset - c->pager.chunk->start;
    for (size_t i = 0; i < n; i++)
        c->bytes += c->wanted[i] ? c->offsets.pages.items[i].compressed_bytes : 0;
    c->pager.source.until = 0;
    return ST_OK;
}

status parquet_column_limit(struct parquet_column *c, const struct parquet_rows *ranges,
                            size_t count, struct error *err)
{
    ENSURE(c->row == 0, err);
    if (c->nested || !c->pager.chunk->info.has_offset_index || c->rows == 0)
        return ST_OK;
    status st = limit(c, ranges, count, err);
    if (st != ST_OK)
        name_place(c, err);
    return st;
}

int64_t parquet_column_bytes(const struct parquet_column *c)
{
    return c->bytes;
}

/* ---- saying what is read next ----------------------------------------------------------------- */

struct ranges {
    struct store_range *items; /* NULL: they are only counted */
    size_t count;
};

/* Ranges that touch become one. */
static void add_range(struct ranges *r, int64_t offset, int64_t bytes)
{
    struct store_range *last = r->items && r->count ? &r->items[r->count - 1] : NULL;
    if (last && last->offset + last->bytes == offset)
        last->bytes += bytes;
    else if (r->items)
        r->items[r->count++] = (struct store_range){offset, bytes};
    else
        r->count++;
}

static void add_column(struct ranges *r, const struct parquet_column *c)
{
    const struct parquet_chunk_place *chunk = &c->f->chunk[c->group * c->f->leaves];
    const struct parquet_page_location *pages = c->offsets.pages.items;
    if (!c->wanted) {
        for (size_t i = c->place->leaf; i < c->place->leaf + c->place->leaf_count; i++)
            add_range(r, chunk[i].start, chunk[i].end - chunk[i].start);
        return;
    }
    if (pages[0].offset > c->pager.chunk->start)
        add_range(r, c->pager.chunk->start, pages[0].offset - c->pager.chunk->start);
    for (size_t i = 0; i < c->offsets.pages.count; i++)
        if (c->wanted[i])
            add_range(r, pages[i].offset, pages[i].compressed_bytes);
}

status parquet_columns_expect(struct parquet_file *f, struct parquet_column *const *columns,
                              size_t count, struct error *err)
{
    struct ranges r = {0};
    for (size_t i = 0; i < count; i++)
        if (columns[i])
            add_column(&r, columns[i]);
    size_t bytes = r.count * sizeof(*r.items);
    TRY(mem_alloc(f->account, bytes, (void **)&r.items, err));
    r.count = 0;
    for (size_t i = 0; i < count; i++)
        if (columns[i])
            add_column(&r, columns[i]);
    status st = store_expect(f->file, r.items, r.count, err);
    mem_free(f->account, r.items, bytes);
    return st;
}

status parquet_index_expect(struct parquet_file *f, size_t group, const int *columns, size_t count,
                            struct error *err)
{
    struct ranges r = {0};
    size_t bytes = 2 * count * sizeof(*r.items);
    TRY(mem_alloc(f->account, bytes, (void **)&r.items, err));
    for (size_t i = 0; i < count; i++) {
        const struct parquet_place *p = columns[i] < 0 ? NULL : &f->place[columns[i]];
        if (!p || p->node)
            continue;
        const struct parquet_chunk_place *c = &f->chunk[group * f->leaves + p->leaf];
        if (c->info.has_column_index)
            add_range(&r, c->column_index, c->column_index_bytes);
        if (c->info.has_offset_index)
            add_range(&r, c->offset_index, c->offset_index_bytes);
    }
    status st = store_expect(f->file, r.items, r.count, err);
    mem_free(f->account, r.items, bytes);
    return st;
}

/* ---- next ----------------------------------------------------------------------------------- */

/* A run, if one begins here that is long or covers all n rows; else rows stay 0. */
static status run_span(struct parquet_pager *p, uint64_t n, struct column_span *out,
                       struct error *err)
{
    uint64_t rows = n;
    bool optional = p->leaf->max_definition > 0, null = false;
    if (optional) {
        TRY(parquet_rle_peek(&p->definition, err));
        if (p->definition.repeat < rows)
            rows = p->definition.repeat;
        null = p->definition.value != p->definition.full;
    }
    if (!null) {
        if (!p->coded || rows == 0)
            return ST_OK;
        TRY(parquet_rle_peek(&p->codes, err));
        if (p->codes.repeat < rows)
            rows = p->codes.repeat;
    }
    if (rows == 0 || (rows < RUN_ROWS && rows < n))
        return ST_OK;
    if (!null) {
        TRY(parquet_pager_code_check(p, p->codes.value, err));
        p->codes.repeat -= rows;
        out->values =
            (const uint8_t *)p->dictionary_values + (size_t)p->codes.value * p->convert.value_bytes;
    }
    if (optional)
        p->definition.repeat -= rows;
    out->kind = SPAN_RUN;
    out->run_null = null;
    out->rows = (int64_t)rows;
    return ST_OK;
}

static void spread(void *values, size_t each, const uint64_t *valid, size_t n, size_t count)
{
    switch (each) {
    case 1:
        kernel_spread_1(values, valid, n, count);
        break;
    case 2:
        kernel_spread_2(values, valid, n, count);
        break;
    case 4:
        kernel_spread_4(values, valid, n, count);
        break;
    case 8:
        kernel_spread_8(values, valid, n, count);
        break;
    default:
        kernel_spread_16(values, valid, n, count);
        break;
    }
}

/* Rows without NULLs; fewer than n in front of a run of `stop` or more codes. */
static status dense_span(struct parquet_column *c, size_t n, uint64_t stop, struct column_span *out,
                         struct error *err)
{
    size_t got = n;
    if (c->pager.coded) {
        TRY(parquet_pager_codes(&c->pager, n, stop, c->out, &got, err));
        out->kind = SPAN_CODES;
    } else {
        TRY(parquet_pager_values(&c->pager, n, true, c->out, &out->values, err));
    }
    out->rows = (int64_t)got;
    return ST_OK;
}

/* Rows of which `count`, at least one and not all, are not NULL: c->valid says which. */
static status sparse_span(struct parquet_column *c, size_t n, size_t count, struct column_span *out,
                          struct error *err)
{
    struct parquet_pager *p = &c->pager;
    size_t got = count;
    if (p->coded) {
        TRY(parquet_pager_codes(p, count, UINT64_MAX, c->out, &got, err));
        spread(c->out, p->code_bytes, c->valid, n, count);
        out->kind = SPAN_CODES;
    } else {
        TRY(parquet_pager_values(p, count, false, c->out, &out->values, err));
        spread(c->out, p->convert.value_bytes, c->valid, n, count);
    }
    out->valid = c->valid;
    out->rows = (int64_t)n;
    return ST_OK;
}

/* Up to n rows as CODES or VALUES, or all NULL. */
static status batch_span(struct parquet_column *c, size_t n, struct column_span *out,
                         struct error *err)
{
    struct parquet_pager *p = &c->pager;
    struct parquet_rle *levels = &p->definition;
    size_t count = n;
    if (p->leaf->max_definition == 0) {
        TRY(dense_span(c, n, RUN_ROWS, out, err));
    } else if (levels->repeat >= n && levels->value == levels->full) { /* run_span has peeked */
        TRY(dense_span(c, n, RUN_ROWS, out, err));
        levels->repeat -= (uint64_t)out->rows;
    } else {
        TRY(parquet_rle_bits(levels, n, c->valid, &count, err));
        if (count == n)
            TRY(dense_span(c, n, UINT64_MAX, out, err));
        else if (count > 0)
            TRY(sparse_span(c, n, count, out, err));
        else
            *out = (struct column_span){.kind = SPAN_RUN, .run_null = true, .rows = (int64_t)n};
    }
    if (out->kind == SPAN_CODES) {
        out->codes = c->out;
        out->code_bytes = p->code_bytes;
        out->dictionary = &p->dictionary;
    }
    return ST_OK;
}

static status next_span(struct parquet_column *c, int64_t max_rows, struct column_span *out,
                        struct error *err)
{
    struct parquet_pager *p = &c->pager;
    while (p->left == 0) {
        look_ahead(c);
        TRY(parquet_pager_next(p, 0, err));
    }
    int64_t n = max_rows < p->left ? max_rows : p->left;
    TRY(run_span(p, (uint64_t)n, out, err));
    if (out->rows == 0)
        TRY(batch_span(c, n < COLUMN_SPAN_ROWS ? (size_t)n : COLUMN_SPAN_ROWS, out, err));
    p->left -= out->rows;
    p->at += out->rows;
    return ST_OK;
}

/* Marks the column broken and names the place (K4). */
static status give_up(struct parquet_column *c, status st, struct error *err)
{
    c->broken = true;
    if (c->nested)
        name_place(c, err);
    else
        parquet_pager_context(&c->pager, true, err);
    return st;
}

status parquet_column_next(struct parquet_column *c, int64_t max_rows, struct column_span *out,
                           struct error *err)
{
    *out = (struct column_span){.kind = SPAN_VALUES};
    if (c->broken)
        FAIL(err, ST_CORRUPT, "column %.*s failed before", STR_ARG(c->place->info.name));
    if (c->row == c->rows)
        return ST_OK;
    ENSURE(max_rows > 0, err);
    if (max_rows > c->rows - c->row)
        max_rows = c->rows - c->row;
    status st = c->nested ? parquet_nested_next(c->nested, max_rows, out, err)
                          : next_span(c, max_rows, out, err);
    if (st != ST_OK)
        return give_up(c, st, err);
    c->row += out->rows;
    return ST_OK;
}

/* ---- skip ----------------------------------------------------------------------------------- */

static status skip_in_page(struct parquet_pager *p, uint64_t rows, struct error *err)
{
    uint64_t count = rows;
    if (p->leaf->max_definition > 0)
        TRY(parquet_rle_count(&p->definition, rows, &count, err));
    return parquet_pager_skip_values(p, count, err);
}

/* At a page's end: goes to the page that holds row `to`, which may be the next one. */
static status seek_page(struct parquet_column *c, int64_t to, struct error *err)
{
    struct parquet_pager *p = &c->pager;
    TRY(read_offsets(c, err));
    look_ahead(c);
    TRY(parquet_pager_dictionary(p, err));
    const struct parquet_page_location *pages = c->offsets.pages.items;
    size_t low = page_of(c, to);
    if (pages[low].first_row < p->at)
        FAIL(err, ST_CORRUPT, "the offset index does not agree with the pages at row %lld",
             (long long)p->at);
    int64_t end = low + 1 < c->offsets.pages.count ? pages[low + 1].first_row : p->entries;
    p->source.at = pages[low].offset;
    p->at = pages[low].first_row;
    p->expect = end - p->at;
    return ST_OK;
}

static status skip_rows(struct parquet_column *c, int64_t rows, struct error *err)
{
    struct parquet_pager *p = &c->pager;
    int64_t to = p->at + rows;
    while (p->at < to) {
        int64_t left = to - p->at;
        if (p->left > left) {
            TRY(skip_in_page(p, (uint64_t)left, err));
            p->left -= left;
            p->at = to;
        } else if (p->left > 0) {
            p->at += p->left;
            p->left = 0;
        } else if (to == p->entries) {
            p->at = to;
        } else {
            if (p->chunk->info.has_offset_index && p->expect < 0)
                TRY(seek_page(c, to, err));
            look_ahead(c);
            if (p->at < to)
                TRY(parquet_pager_next(p, to - p->at, err));
        }
    }
    return ST_OK;
}

status parquet_column_skip(struct parquet_column *c, int64_t rows, struct error *err)
{
    if (c->broken)
        FAIL(err, ST_CORRUPT, "column %.*s failed before", STR_ARG(c->place->info.name));
    ENSURE(rows >= 0 && rows <= c->rows - c->row, err);
    status st = c->nested ? parquet_nested_skip(c->nested, rows, err) : skip_rows(c, rows, err);
    if (st != ST_OK)
        return give_up(c, st, err);
    c->row += rows;
    return ST_OK;
}
