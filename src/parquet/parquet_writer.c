// SPDX-License-Identifier: Apache-2.0
/* parquet_writer.c - batches to a file: cuts rows into row groups, writes them, and the footer.
 *
 *     PAR1
 *     row group 0:  column 0 [dictionary page][data page]...  column 1 ...
 *     row group 1:  ...
 *     column indexes of all chunks, offset indexes of all chunks     (PageIndex.md)
 *     footer: FileMetaData, its length in 4 bytes, PAR1              (README.md, "File format")
 *
 * The writer holds one row group, its pages compressed; nothing is written of it before it is full,
 * because a dictionary page stands in front of the pages it grew with.
 *
 * G1  a row group ends after the row with which it has row_group_rows rows or row_group_bytes bytes,
 *     where a row counts its fixed widths and 4 + length for each text; a function of rows alone (W1)
 * G2  after a failure nothing more is written: every later call returns the same code */
#include "parquet/parquet_write_int.h"

/* Small pieces are gathered to this size before they go to the store. */
#define OUT_BYTES (64 << 10)
/* What the open pages, and the dictionaries, of all columns may take together; each column gets an
 * equal share, but never less than SHARE_BYTES. */
#define OPEN_PAGES_BYTES   (64 << 20)
#define DICTIONARIES_BYTES (32 << 20)
#define SHARE_BYTES        (32 << 10)
/* Longest text that row-group statistics hold before it is shortened and marked inexact. */
#define STATISTICS_BOUND_BYTES 1024

struct parquet_writer {
    struct store_write *to; /* borrowed */
    struct mem_account *account;
    struct parquet_write_options options; /* its text in <arena> */
    struct arena arena;                   /* schema, footer structs */
    struct arena group_arena;             /* what lives for one row group */
    struct column_schema schema;          /* in <arena> */
    struct parquet_write_column *columns; /* owned: schema.count of them */
    struct parquet_write_space space;
    struct buffer out;                /* bytes of the file not yet given to `to` */
    int64_t offset;                   /* bytes of the file so far, those in `out` included */
    int64_t fixed_bytes;              /* of a row: its fixed widths and 4 for each text */
    int64_t rows;                     /* of row groups written */
    int64_t group_rows;               /* of the open row group */
    int64_t group_bytes;              /* of the open row group, as G1 counts */
    struct parquet_row_group *groups; /* in <arena> */
    size_t group_count, group_capacity;
    struct buffer column_indexes,
        offset_indexes; /* of all chunks, as they will stand in the file */
    status failed;      /* G2 */
    bool finished;
};

void parquet_write_options_init(struct parquet_write_options *o)
{
    *o = (struct parquet_write_options){.codec = CODEC_ZSTD,
                                        .row_group_rows = 1048576,
                                        .row_group_bytes = 128 << 20,
                                        .page_bytes = 1 << 20,
                                        .page_rows = 20000,
                                        .dictionary_bytes = 2 << 20,
                                        .statistics = true};
}

/* ---- life ----------------------------------------------------------------------------------- */

static status check_options(const struct parquet_write_options *o, struct error *err)
{
    if (o->codec != CODEC_NONE && o->codec != CODEC_SNAPPY && o->codec != CODEC_GZIP &&
        o->codec != CODEC_ZSTD && o->codec != CODEC_LZ4_RAW)
        FAIL(err, ST_UNSUPPORTED, "Parquet files are not written with codec %s",
             o->codec < CODEC_COUNT ? codec_name(o->codec) : "?");
    if (o->row_group_rows < 1 || o->row_group_bytes < 1 || o->page_bytes < 1 || o->page_rows < 1)
        FAIL(err, ST_INVALID, "sizes of Parquet row groups and pages must be positive");
    if (o->page_rows > INT32_MAX / 2 || o->page_bytes > INT32_MAX / 2)
        FAIL(err, ST_INVALID, "a Parquet page holds at most %d rows and bytes", INT32_MAX / 2);
    if (o->dictionary_bytes < 0 || o->dictionary_bytes > INT32_MAX / 2)
        FAIL(err, ST_INVALID, "a Parquet dictionary holds at most %d bytes", INT32_MAX / 2);
    return ST_OK;
}

static status copy_schema(struct parquet_writer *w, const struct column_schema *schema,
                          struct error *err)
{
    if (schema->count == 0)
        FAIL(err, ST_INVALID, "a Parquet file needs at least one column");
    if (schema->count > INT16_MAX)
        FAIL(err, ST_LIMIT, "%zu columns, a Parquet file is written with at most %d", schema->count,
             INT16_MAX);
    w->schema.count = schema->count;
    TRY(ARENA_ARRAY(&w->arena, struct column_field, schema->count, &w->schema.fields, err));
    for (size_t i = 0; i < schema->count; i++) {
        w->schema.fields[i] = schema->fields[i];
        w->schema.fields[i].doc = (struct str){0};
        TRY(arena_str(&w->arena, schema->fields[i].name, &w->schema.fields[i].name, err));
    }
    return ST_OK;
}

static status put(struct parquet_writer *w, const void *data, size_t bytes, struct error *err)
{
    if (w->out.len + bytes > OUT_BYTES && w->out.len > 0) {
        TRY(store_write_append(w->to, w->out.data, w->out.len, err));
        buffer_clear(&w->out);
    }
    w->offset += (int64_t)bytes;
    if (bytes >= OUT_BYTES)
        return store_write_append(w->to, data, bytes, err);
    return buffer_append(&w->out, data, bytes, err);
}

/* A column's share of `total`, as a power of two: buffers grow by doubling. */
static int64_t column_share(int64_t total, int64_t columns)
{
    int64_t share = SHARE_BYTES;
    while (share * 2 <= total / columns)
        share *= 2;
    return share;
}

/* Wide tables get smaller pages and dictionaries, so that the writer's memory does not grow with
 * the number of columns. */
static void share_among_columns(struct parquet_write_options *o, int64_t columns)
{
    int64_t page = column_share(OPEN_PAGES_BYTES, columns);
    int64_t dictionary = column_share(DICTIONARIES_BYTES, columns);
    o->page_bytes = o->page_bytes < page ? o->page_bytes : page;
    o->dictionary_bytes = o->dictionary_bytes < dictionary ? o->dictionary_bytes : dictionary;
}

static status writer_init(struct parquet_writer *w, const struct column_schema *schema,
                          struct error *err)
{
    size_t n = schema->count;
    void *columns;
    TRY(copy_schema(w, schema, err));
    share_among_columns(&w->options, (int64_t)n);
    TRY(arena_str(&w->arena, w->options.iceberg_schema, &w->options.iceberg_schema, err));
    TRY(mem_alloc_aligned(w->account, COLUMN_SPAN_ROWS * 16, &w->space.dense, err));
    TRY(mem_calloc(w->account, n * sizeof(*w->columns), &columns, err));
    w->columns = columns;
    for (size_t i = 0; i < n; i++) {
        struct parquet_write_column *c = &w->columns[i];
        TRY(parquet_write_column_init(c, &w->schema.fields[i], &w->options, n, w->account,
                                      &w->group_arena, &w->space, err));
        w->fixed_bytes += c->type.width ? c->type.width : 4;
    }
    return put(w, "PAR1", 4, err);
}

status parquet_writer_create(struct store_write *to, const struct column_schema *schema,
                             const struct parquet_write_options *options,
                             struct mem_account *account, struct parquet_writer **out,
                             struct error *err)
{
    void *memory;
    *out = NULL;
    TRY(check_options(options, err));
    TRY(mem_calloc(account, sizeof(struct parquet_writer), &memory, err));
    struct parquet_writer *w = memory;
    w->to = to;
    w->account = account;
    w->options = *options;
    arena_init(&w->arena, account);
    arena_init(&w->group_arena, account);
    buffer_init(&w->out, account, OUT_BYTES);
    buffer_init(&w->space.raw, account, INT32_MAX);
    buffer_init(&w->space.compressed, account, SIZE_MAX);
    buffer_init(&w->space.header, account, SIZE_MAX);
    buffer_init(&w->column_indexes, account, SIZE_MAX);
    buffer_init(&w->offset_indexes, account, SIZE_MAX);
    status st = writer_init(w, schema, err);
    if (st != ST_OK) {
        parquet_writer_free(w);
        return st;
    }
    *out = w;
    return ST_OK;
}

void parquet_writer_free(struct parquet_writer *w)
{
    if (!w)
        return;
    for (size_t i = 0; w->columns && i < w->schema.count; i++)
        if (w->columns[i].field) /* initialised */
            parquet_write_column_free(&w->columns[i]);
    mem_free(w->account, w->columns, w->columns ? w->schema.count * sizeof(*w->columns) : 0);
    mem_free(w->account, w->space.dense, w->space.dense ? COLUMN_SPAN_ROWS * 16 : 0);
    buffer_free(&w->out);
    buffer_free(&w->space.raw);
    buffer_free(&w->space.compressed);
    buffer_free(&w->space.header);
    buffer_free(&w->column_indexes);
    buffer_free(&w->offset_indexes);
    arena_free(&w->group_arena);
    arena_free(&w->arena);
    mem_free(w->account, w, sizeof(*w));
}

int64_t parquet_writer_bytes(const struct parquet_writer *w)
{
    return w->offset + w->group_bytes;
}

/* ---- a row group to the file ---------------------------------------------------------------- */

static enum parquet_compression compression_of(enum codec c)
{
    switch (c) {
    case CODEC_SNAPPY:
        return PARQUET_SNAPPY;
    case CODEC_GZIP:
        return PARQUET_GZIP;
    case CODEC_ZSTD:
        return PARQUET_ZSTD;
    case CODEC_LZ4_RAW:
        return PARQUET_LZ4_RAW;
    default:
        return PARQUET_UNCOMPRESSED;
    }
}

static status fill_statistics(struct parquet_writer *w, const struct parquet_write_column *c,
                              struct parquet_statistics *s, struct error *err)
{
    PARQUET_PUT(s, STATISTICS_NULL_COUNT);
    s->null_count = c->group_nulls;
    if (column_type_is_float(c->type.type)) {
        PARQUET_PUT(s, STATISTICS_NAN_COUNT);
        s->nan_count = c->group_nans;
    }
    const struct parquet_bounds *b = &c->group_bounds.bounds;
    if (!b->has)
        return ST_OK;
    TRY(parquet_bound_bytes(&c->type, b, false, STATISTICS_BOUND_BYTES, &w->arena, &s->min_value,
                            &s->min_exact, err));
    TRY(parquet_bound_bytes(&c->type, b, true, STATISTICS_BOUND_BYTES, &w->arena, &s->max_value,
                            &s->max_exact, err));
    PARQUET_PUT(s, STATISTICS_MIN_VALUE);
    PARQUET_PUT(s, STATISTICS_MAX_VALUE);
    PARQUET_PUT(s, STATISTICS_MIN_EXACT);
    PARQUET_PUT(s, STATISTICS_MAX_EXACT);
    return ST_OK;
}

/* Which encodings the chunk has, as a list and by page (ColumnMetaData.encoding_stats). */
static status fill_encodings(struct parquet_writer *w, const struct parquet_write_column *c,
                             struct parquet_chunk_meta *m, struct error *err)
{
    int32_t pages[PARQUET_RLE_DICTIONARY + 1] = {0};
    bool dictionary = c->dictionary.data != NULL;
    for (size_t i = 0; i < c->page_count; i++)
        pages[c->pages[i].encoding]++;
    TRY(ARENA_ARRAY(&w->arena, int32_t, 3, &m->encodings.items, err));
    TRY(ARENA_ARRAY(&w->arena, struct parquet_encoding_stats, 3, &m->encoding_stats.items, err));
    struct parquet_encoding_stats *stats = m->encoding_stats.items;
    if (dictionary || pages[PARQUET_PLAIN])
        m->encodings.items[m->encodings.count++] = PARQUET_PLAIN;
    m->encodings.items[m->encodings.count++] = PARQUET_RLE; /* levels */
    if (dictionary) {
        m->encodings.items[m->encodings.count++] = PARQUET_RLE_DICTIONARY;
        stats[m->encoding_stats.count++] = (struct parquet_encoding_stats){
            .page_type = PARQUET_DICTIONARY_PAGE, .encoding = PARQUET_PLAIN, .count = 1};
    }
    static const int32_t data[] = {PARQUET_RLE_DICTIONARY, PARQUET_PLAIN};
    for (size_t i = 0; i < ARRAY_LEN(data); i++)
        if (pages[data[i]])
            stats[m->encoding_stats.count++] = (struct parquet_encoding_stats){
                .page_type = PARQUET_DATA_PAGE, .encoding = data[i], .count = pages[data[i]]};
    PARQUET_PUT(m, CHUNK_META_ENCODING_STATS);
    return ST_OK;
}

static int32_t boundary_order(const struct parquet_write_column *c)
{
    bool up = true, down = true;
    const struct parquet_bounds *last = NULL;
    for (size_t i = 0; i < c->page_count; i++) {
        const struct parquet_bounds *b = &c->pages[i].bounds;
        if (!b->has)
            continue;
        if (last) {
            int lo =
                parquet_bounds_compare(&c->type, last->min, last->min_text, b->min, b->min_text);
            int hi =
                parquet_bounds_compare(&c->type, last->max, last->max_text, b->max, b->max_text);
            up &= lo <= 0 && hi <= 0;
            down &= lo >= 0 && hi >= 0;
        }
        last = b;
    }
    return up ? PARQUET_ASCENDING : down ? PARQUET_DESCENDING : PARQUET_UNORDERED;
}

/* Appends the chunk's column index; none where a page has only NaN beside NULL, because there is no
 * way to say so (parquet.thrift, ColumnIndex). */
static status add_column_index(struct parquet_writer *w, const struct parquet_write_column *c,
                               struct parquet_chunk *chunk, struct error *err)
{
    size_t n = c->page_count;
    struct parquet_column_index x = {0};
    struct arena *a = &w->group_arena;
    for (size_t i = 0; i < n; i++)
        if (!c->pages[i].bounds.has && c->pages[i].nulls < c->pages[i].rows)
            return ST_OK;
    x.null_pages.count = x.min_values.count = x.max_values.count = n;
    x.null_counts.count = x.nan_counts.count = n;
    TRY(ARENA_ARRAY(a, bool, n, &x.null_pages.items, err));
    TRY(ARENA_ARRAY(a, struct str, n, &x.min_values.items, err));
    TRY(ARENA_ARRAY(a, struct str, n, &x.max_values.items, err));
    TRY(ARENA_ARRAY(a, int64_t, n, &x.null_counts.items, err));
    TRY(ARENA_ARRAY(a, int64_t, n, &x.nan_counts.items, err));
    for (size_t i = 0; i < n; i++) {
        const struct parquet_page *p = &c->pages[i];
        x.null_pages.items[i] = !p->bounds.has;
        x.min_values.items[i] = p->bounds.has ? p->min : STR("");
        x.max_values.items[i] = p->bounds.has ? p->max : STR("");
        x.null_counts.items[i] = p->nulls;
        x.nan_counts.items[i] = p->nans;
    }
    PARQUET_PUT(&x, COLUMN_INDEX_NULL_COUNTS);
    if (column_type_is_float(c->type.type))
        PARQUET_PUT(&x, COLUMN_INDEX_NAN_COUNTS);
    x.boundary_order = boundary_order(c);
    PARQUET_PUT(chunk, CHUNK_COLUMN_INDEX_OFFSET);
    PARQUET_PUT(chunk, CHUNK_COLUMN_INDEX_LENGTH);
    chunk->column_index_offset = (int64_t)w->column_indexes.len; /* made absolute by finish */
    TRY(parquet_thrift_write(&parquet_shape_column_index, &x, &w->column_indexes, err));
    chunk->column_index_length =
        (int32_t)((int64_t)w->column_indexes.len - chunk->column_index_offset);
    return ST_OK;
}

/* Writes the chunk's pages and appends its offset index. */
static status write_pages(struct parquet_writer *w, const struct parquet_write_column *c,
                          struct parquet_chunk *chunk, struct error *err)
{
    struct parquet_offset_index x = {.pages = {.count = c->page_count}};
    struct parquet_chunk_meta *m = &chunk->meta;
    TRY(ARENA_ARRAY(&w->group_arena, struct parquet_page_location, c->page_count, &x.pages.items,
                    err));
    if (c->dictionary.data) {
        PARQUET_PUT(m, CHUNK_META_DICTIONARY_OFFSET);
        m->dictionary_page_offset = w->offset;
        m->compressed_bytes += (int64_t)c->dictionary.bytes;
        m->uncompressed_bytes += (int64_t)c->dictionary.uncompressed_bytes;
        TRY(put(w, c->dictionary.data, c->dictionary.bytes, err));
    }
    m->data_page_offset = w->offset;
    for (size_t i = 0; i < c->page_count; i++) {
        const struct parquet_page *p = &c->pages[i];
        x.pages.items[i].offset = w->offset;
        x.pages.items[i].compressed_bytes = (int32_t)p->bytes.bytes;
        x.pages.items[i].first_row = p->first_row;
        m->compressed_bytes += (int64_t)p->bytes.bytes;
        m->uncompressed_bytes += (int64_t)p->bytes.uncompressed_bytes;
        TRY(put(w, p->bytes.data, p->bytes.bytes, err));
    }
    PARQUET_PUT(chunk, CHUNK_OFFSET_INDEX_OFFSET);
    PARQUET_PUT(chunk, CHUNK_OFFSET_INDEX_LENGTH);
    chunk->offset_index_offset = (int64_t)w->offset_indexes.len; /* made absolute by finish */
    TRY(parquet_thrift_write(&parquet_shape_offset_index, &x, &w->offset_indexes, err));
    chunk->offset_index_length =
        (int32_t)((int64_t)w->offset_indexes.len - chunk->offset_index_offset);
    return ST_OK;
}

static status write_chunk(struct parquet_writer *w, struct parquet_write_column *c,
                          struct parquet_chunk *chunk, struct error *err)
{
    struct parquet_chunk_meta *m = &chunk->meta;
    PARQUET_PUT(chunk, CHUNK_META);
    m->type = c->type.physical;
    m->codec = compression_of(w->options.codec);
    m->num_values = c->group_rows;
    m->path.count = 1;
    TRY(ARENA_ARRAY(&w->arena, struct str, 1, &m->path.items, err));
    m->path.items[0] = c->field->name;
    TRY(fill_encodings(w, c, m, err));
    if (w->options.statistics) {
        PARQUET_PUT(m, CHUNK_META_STATISTICS);
        TRY(fill_statistics(w, c, &m->statistics, err));
        TRY(add_column_index(w, c, chunk, err));
    }
    return write_pages(w, c, chunk, err);
}

static status write_group(struct parquet_writer *w, struct error *err)
{
    size_t n = w->schema.count;
    TRY(arena_grow(&w->arena, (void **)&w->groups, sizeof(*w->groups), &w->group_capacity,
                   w->group_count + 1, err));
    struct parquet_row_group *g = &w->groups[w->group_count];
    *g = (struct parquet_row_group){.num_rows = w->group_rows, .columns.count = n};
    TRY(ARENA_ARRAY(&w->arena, struct parquet_chunk, n, &g->columns.items, err));
    PARQUET_PUT(g, ROW_GROUP_FILE_OFFSET);
    PARQUET_PUT(g, ROW_GROUP_COMPRESSED_BYTES);
    g->file_offset = w->offset;
    if (w->group_count <= INT16_MAX) {
        PARQUET_PUT(g, ROW_GROUP_ORDINAL);
        g->ordinal = (int16_t)w->group_count;
    }
    for (size_t i = 0; i < n; i++) {
        struct parquet_write_column *c = &w->columns[i];
        TRY_CONTEXT(parquet_write_column_close(c, err), err, "column \"%.*s\"",
                    STR_ARG(c->field->name));
        TRY(write_chunk(w, c, &g->columns.items[i], err));
        g->total_bytes += g->columns.items[i].meta.uncompressed_bytes;
        g->compressed_bytes += g->columns.items[i].meta.compressed_bytes;
        TRY(parquet_write_column_next_group(c, err));
    }
    arena_reset(&w->group_arena);
    w->group_count++;
    w->rows += w->group_rows;
    w->group_rows = w->group_bytes = 0;
    return ST_OK;
}

/* ---- rows in -------------------------------------------------------------------------------- */

/* How many of the rows the open row group takes (G1), and their bytes. */
static int64_t rows_until_full(const struct parquet_writer *w, const struct column_batch *batch,
                               int64_t from, int64_t rows, int64_t *bytes)
{
    int64_t room = w->options.row_group_rows - w->group_rows, n = rows < room ? rows : room;
    int64_t text = 0, limit = w->options.row_group_bytes - w->group_bytes;
    for (size_t c = 0; c < batch->columns; c++)
        text += parquet_write_text_bytes(&w->columns[c], &batch->spans[c], from, n);
    *bytes = n * w->fixed_bytes + text;
    if (*bytes < limit || text == 0) {
        int64_t fit = (limit + w->fixed_bytes - 1) / w->fixed_bytes;
        if (*bytes >= limit && fit < n)
            *bytes = (n = fit) * w->fixed_bytes;
        return n;
    }
    *bytes = 0;
    for (int64_t i = 0; i < n; i++) { /* the row that fills it is among these */
        *bytes += w->fixed_bytes;
        for (size_t c = 0; c < batch->columns; c++)
            *bytes += parquet_write_text_bytes(&w->columns[c], &batch->spans[c], from + i, 1);
        if (*bytes >= limit)
            return i + 1;
    }
    return n;
}

static status append_rows(struct parquet_writer *w, const struct column_batch *batch,
                          struct error *err)
{
    for (int64_t from = 0; from < batch->rows;) {
        int64_t bytes;
        int64_t take = rows_until_full(w, batch, from, batch->rows - from, &bytes);
        for (size_t i = 0; i < batch->columns; i++)
            TRY(parquet_write_column_append(&w->columns[i], &batch->spans[i], from, take, err));
        from += take;
        w->group_rows += take;
        w->group_bytes += bytes;
        if (w->group_rows >= w->options.row_group_rows ||
            w->group_bytes >= w->options.row_group_bytes)
            TRY(write_group(w, err));
    }
    return ST_OK;
}

status parquet_writer_append(struct parquet_writer *w, const struct column_batch *batch,
                             struct error *err)
{
    ENSURE(!w->finished, err);
    if (w->failed != ST_OK)
        FAIL(err, w->failed, "an earlier write of this Parquet file failed");
    ENSURE(batch->columns == w->schema.count, err);
    for (size_t i = 0; i < batch->columns; i++)
        ENSURE(batch->spans[i].rows == batch->rows, err);
    w->failed = append_rows(w, batch, err);
    return w->failed;
}

/* ---- footer --------------------------------------------------------------------------------- */

static status fill_schema(struct parquet_writer *w, struct parquet_file_meta *f, struct error *err)
{
    size_t n = w->schema.count;
    f->schema.count = n + 1;
    f->column_orders.count = n;
    TRY(ARENA_ARRAY(&w->arena, struct parquet_schema_element, n + 1, &f->schema.items, err));
    TRY(ARENA_ARRAY(&w->arena, struct parquet_column_order, n, &f->column_orders.items, err));
    f->schema.items[0].name = STR("table");
    PARQUET_PUT(&f->schema.items[0], SCHEMA_NUM_CHILDREN);
    f->schema.items[0].num_children = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
        parquet_write_element(&w->schema.fields[i], &w->columns[i].type, &f->schema.items[i + 1]);
        PARQUET_PUT(&f->column_orders.items[i], COLUMN_ORDER_TYPE);
    }
    PARQUET_PUT(f, FILE_META_COLUMN_ORDERS);
    return ST_OK;
}

static status write_footer(struct parquet_writer *w, struct error *err)
{
    struct parquet_file_meta f = {.version = 1,
                                  .num_rows = w->rows,
                                  .row_groups = {.count = w->group_count, .items = w->groups},
                                  .created_by = STR("firn version " FIRN_VERSION)};
    struct parquet_key_value iceberg = {.key = STR("iceberg.schema"),
                                        .value = w->options.iceberg_schema};
    PARQUET_PUT(&f, FILE_META_CREATED_BY);
    if (iceberg.value.len > 0) {
        PARQUET_PUT(&iceberg, KEY_VALUE_VALUE);
        PARQUET_PUT(&f, FILE_META_KEY_VALUES);
        f.key_values = (struct parquet_key_value_list){.count = 1, .items = &iceberg};
    }
    TRY(fill_schema(w, &f, err));
    struct buffer *footer = &w->space.header;
    buffer_clear(footer);
    TRY(parquet_thrift_write(&parquet_shape_file_meta, &f, footer, err));
    uint8_t tail[8] = {0, 0, 0, 0, 'P', 'A', 'R', '1'};
    if (footer->len > INT32_MAX)
        FAIL(err, ST_LIMIT, "a Parquet footer of %zu bytes, the limit is 2 GiB", footer->len);
    store_u32le(tail, (uint32_t)footer->len);
    TRY(put(w, footer->data, footer->len, err));
    return put(w, tail, sizeof(tail), err);
}

/* Writes both kinds of index and turns their places in the chunks from relative to absolute. */
static status write_indexes(struct parquet_writer *w, struct error *err)
{
    int64_t column_base = w->offset, offset_base = column_base + (int64_t)w->column_indexes.len;
    TRY(put(w, w->column_indexes.data, w->column_indexes.len, err));
    TRY(put(w, w->offset_indexes.data, w->offset_indexes.len, err));
    for (size_t g = 0; g < w->group_count; g++) {
        for (size_t i = 0; i < w->schema.count; i++) {
            struct parquet_chunk *chunk = &w->groups[g].columns.items[i];
            chunk->column_index_offset += column_base;
            chunk->offset_index_offset += offset_base;
        }
    }
    return ST_OK;
}

static status fill_metrics(const struct parquet_writer *w, struct arena *arena,
                           struct parquet_file_metrics *m, struct error *err)
{
    *m = (struct parquet_file_metrics){.rows = w->rows,
                                       .bytes = w->offset,
                                       .columns = w->schema.count,
                                       .split_count = w->group_count};
    TRY(ARENA_ARRAY(arena, struct parquet_column_metrics, m->columns, &m->column, err));
    TRY(ARENA_ARRAY(arena, int64_t, m->split_count, &m->split_offsets, err));
    for (size_t g = 0; g < w->group_count; g++)
        m->split_offsets[g] = w->groups[g].file_offset;
    for (size_t i = 0; i < m->columns; i++) {
        const struct parquet_write_column *c = &w->columns[i];
        struct parquet_column_metrics *x = &m->column[i];
        const struct parquet_bounds *b = &c->bounds.bounds;
        *x = (struct parquet_column_metrics){.field_id = c->field->field_id,
                                             .compressed_bytes = c->compressed_bytes,
                                             .values = w->rows,
                                             .nulls = c->nulls,
                                             .nans =
                                                 column_type_is_float(c->type.type) ? c->nans : -1,
                                             .has_bounds = b->has};
        if (b->has) {
            TRY(parquet_bound_value(&c->type, b, false, arena, &x->min, err));
            TRY(parquet_bound_value(&c->type, b, true, arena, &x->max, err));
        }
    }
    return ST_OK;
}

static status finish(struct parquet_writer *w, struct arena *arena,
                     struct parquet_file_metrics *metrics, struct error *err)
{
    if (w->group_rows > 0)
        TRY(write_group(w, err));
    TRY(write_indexes(w, err));
    TRY(write_footer(w, err));
    if (w->out.len > 0)
        TRY(store_write_append(w->to, w->out.data, w->out.len, err));
    buffer_clear(&w->out);
    return metrics ? fill_metrics(w, arena, metrics, err) : ST_OK;
}

status parquet_writer_finish(struct parquet_writer *w, struct arena *arena,
                             struct parquet_file_metrics *metrics, struct error *err)
{
    ENSURE(!w->finished, err);
    if (w->failed != ST_OK)
        FAIL(err, w->failed, "an earlier write of this Parquet file failed");
    w->failed = finish(w, arena, metrics, err);
    w->finished = w->failed == ST_OK;
    return w->failed;
}
