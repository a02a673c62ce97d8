// SPDX-License-Identifier: Apache-2.0
/* parquet_column.c - one column chunk to spans.
 *
 *     page       rows       what next() gives
 *     codes      a long run of one code, no NULLs            RUN of the dictionary's value
 *                else                                        CODES
 *     values                                                 VALUES
 *     either     a long run of NULLs                         RUN of NULL
 *
 * A span never crosses a page. Levels and codes are decoded a span at a time, so that what a page
 * claims costs time only as far as its rows are asked for.
 *
 * K1  row + page_rows <= rows; page_rows are the rows of the current page not handed out
 * K2  levels (when the column is optional), and codes or values, stand at the same row
 * K3  every code handed out is below dictionary.count; see C4 of column_span.h
 * K4  after an error the column gives nothing but errors */
#include "parquet/parquet_read_int.h"

/* A shorter run is not worth a span of its own: the other columns' spans end with it. */
#define RUN_ROWS 1024

struct parquet_column {
    const struct parquet_file *f;            /* borrowed */
    const struct parquet_leaf *leaf;         /* borrowed from f */
    const struct parquet_chunk_place *chunk; /* borrowed from f */
    struct mem_account *account;             /* borrowed */
    struct codec_work *work;                 /* borrowed; may be NULL */
    size_t group, column;
    struct parquet_convert convert;
    struct parquet_source source;
    int64_t rows;        /* of the chunk */
    int64_t row;         /* next to hand out */
    int64_t page_rows;   /* K1 */
    int64_t page_expect; /* rows the offset index gives the next page; -1 = unknown */
    int64_t page_offset; /* of the current page's header, for messages */
    bool broken;         /* K4 */

    struct parquet_block page;   /* the current page's uncompressed bytes */
    struct parquet_block legacy; /* BIT_PACKED levels turned round */
    struct parquet_rle levels;   /* definition levels; optional columns only */
    bool coded;                  /* the page holds codes */
    uint8_t code_bytes;          /* 2 or 4 */
    struct parquet_rle codes;
    struct parquet_values values;

    struct column_dictionary dictionary; /* id 0 = none yet */
    void *dictionary_values;             /* owned */
    size_t dictionary_bytes;
    struct parquet_block dictionary_text; /* what string entries point into */

    bool indexed; /* offsets were read */
    struct parquet_offset_index offsets;
    struct arena arena; /* of offsets */

    void *out; /* owned: COLUMN_SPAN_ROWS values or codes */
    size_t out_bytes;
    void *scratch; /* owned; NULL until needed: PARQUET_SCRATCH_BYTES */
    uint64_t valid[COLUMN_SPAN_WORDS];
};

/* ---- opening -------------------------------------------------------------------------------- */

static status open_column(struct parquet_column *c, struct column_type want, struct error *err)
{
    if (c->leaf->info.refusal)
        FAIL(err, ST_UNSUPPORTED, "%s", c->leaf->info.refusal);
    if (c->chunk->refusal)
        FAIL(err, ST_UNSUPPORTED, "its codec %s cannot be read", c->chunk->refusal);
    TRY(parquet_convert_plan(c->leaf, want, &c->convert, err));
    size_t each = c->convert.value_bytes > 4 ? c->convert.value_bytes : 4; /* a code has 4 */
    TRY(mem_alloc_aligned(c->account, each * COLUMN_SPAN_ROWS, &c->out, err));
    c->out_bytes = each * COLUMN_SPAN_ROWS;
    return ST_OK;
}

static void name_place(const struct parquet_column *c, bool page, struct error *err)
{
    if (page)
        error_context(err, "page at offset %lld", (long long)c->page_offset);
    error_context(err, "column %.*s, row group %zu: %.*s", STR_ARG(c->leaf->info.name), c->group,
                  STR_ARG(store_uri(c->f->file)));
}

status parquet_group_expect(struct parquet_file *f, size_t group, const int *columns, size_t count,
                            struct error *err)
{
    struct store_range *ranges;
    size_t n = 0;
    TRY(mem_alloc(f->account, count * sizeof(*ranges), (void **)&ranges, err));
    for (size_t i = 0; i < count; i++) {
        if (columns[i] < 0)
            continue;
        const struct parquet_chunk_place *c = &f->chunk[group * f->columns + (size_t)columns[i]];
        ranges[n++] = (struct store_range){c->start, c->end - c->start};
    }
    status st = store_expect(f->file, ranges, n, err);
    mem_free(f->account, ranges, count * sizeof(*ranges));
    return st;
}

status parquet_column_open(struct parquet_file *f, size_t group, size_t column,
                           struct column_type want, struct parquet_column **out, struct error *err)
{
    struct parquet_column *c;
    ENSURE(group < f->groups && column < f->columns, err);
    TRY(mem_calloc(f->account, sizeof(*c), (void **)&c, err));
    c->f = f;
    c->leaf = &f->leaf[column];
    c->chunk = &f->chunk[group * f->columns + column];
    c->account = f->account;
    c->group = group;
    c->column = column;
    c->rows = f->group[group].rows;
    c->page_expect = -1;
    c->source = (struct parquet_source){
        .file = f->file, .account = f->account, .at = c->chunk->start, .end = c->chunk->end};
    parquet_values_init(&c->values, c->account);
    arena_init(&c->arena, c->account);
    status st = open_column(c, want, err);
    if (st != ST_OK) {
        name_place(c, false, err);
        parquet_column_close(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

void parquet_column_close(struct parquet_column *c)
{
    if (!c)
        return;
    struct mem_account *account = c->account;
    arena_free(&c->arena);
    parquet_values_free(&c->values);
    parquet_block_free(&c->source.window, account);
    parquet_block_free(&c->page, account);
    parquet_block_free(&c->legacy, account);
    parquet_block_free(&c->dictionary_text, account);
    mem_free(account, c->dictionary_values, c->dictionary_bytes);
    mem_free(account, c->out, c->out_bytes);
    mem_free(account, c->scratch, PARQUET_SCRATCH_BYTES);
    mem_free(account, c, sizeof(*c));
}

void parquet_column_work(struct parquet_column *c, struct codec_work *work)
{
    c->work = work;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool gives_strings(const struct parquet_convert *c)
{
    return c->form == PARQUET_STR_STR || c->form == PARQUET_STR_TEXT;
}

/* Where the decoder of stored values may write: strings straight to their place. */
static status scratch_for(struct parquet_column *c, void *out, void **scratch, struct error *err)
{
    *scratch = out;
    if (gives_strings(&c->convert))
        return ST_OK;
    if (!c->scratch)
        TRY(mem_alloc_aligned(c->account, PARQUET_SCRATCH_BYTES, &c->scratch, err));
    *scratch = c->scratch;
    return ST_OK;
}

/* n values (at most a span's) to `out`, or, where they can stay in the page, *at set to them. */
static status take_values(struct parquet_column *c, size_t n, bool stay, void *out, const void **at,
                          struct error *err)
{
    void *scratch;
    const void *from;
    TRY(scratch_for(c, out, &scratch, err));
    TRY(parquet_values_next(&c->values, n, scratch, &from, err));
    *at = out;
    if (stay && c->convert.form == PARQUET_COPY && !c->convert.checked &&
        (uintptr_t)from % c->convert.value_bytes == 0) {
        *at = from;
        return ST_OK;
    }
    return parquet_convert_run(&c->convert, from, n, out, err);
}

/* ---- pages ---------------------------------------------------------------------------------- */

/* How many entries a dictionary page of so many bytes can hold. */
static uint64_t most_entries(const struct parquet_leaf *leaf, uint64_t bytes)
{
    if (leaf->stored == PARQUET_BOOLEAN)
        return bytes * 8;
    return bytes / (leaf->width ? leaf->width : 4);
}

static status load_dictionary(struct parquet_column *c, const struct parquet_page_header *h,
                              struct error *err)
{
    const uint8_t *body;
    size_t bytes = (size_t)h->uncompressed_bytes;
    int32_t entries = h->dictionary.num_values, encoding = h->dictionary.encoding;
    if (!PARQUET_HAS(h, PAGE_DICTIONARY))
        FAIL(err, ST_CORRUPT, "the dictionary page has no header of its own");
    if (c->dictionary.id)
        FAIL(err, ST_CORRUPT, "the column chunk has a second dictionary page");
    if (encoding != PARQUET_PLAIN && encoding != PARQUET_PLAIN_DICTIONARY)
        FAIL(err, ST_UNSUPPORTED, "a dictionary in the encoding %s (%d) cannot be read",
             parquet_encoding_name(encoding), encoding);
    if (entries < 0 || (uint64_t)entries > most_entries(c->leaf, bytes))
        FAIL(err, ST_CORRUPT, "the dictionary claims %d entries in %zu bytes", entries, bytes);
    TRY(parquet_page_body(&c->source, h, &body, err));
    TRY(parquet_page_unpack(c->work, c->chunk->info.codec, body, (size_t)h->compressed_bytes, bytes,
                            &c->dictionary_text, c->account, err));
    size_t count = (size_t)entries, each = c->convert.value_bytes;
    TRY(mem_alloc_aligned(c->account, count * each, &c->dictionary_values, err));
    c->dictionary_bytes = count * each;
    TRY(parquet_values_start(&c->values, c->leaf, PARQUET_PLAIN, c->dictionary_text.data, bytes,
                             count, err));
    for (size_t i = 0; i < count; i += COLUMN_SPAN_ROWS) {
        size_t n = count - i < COLUMN_SPAN_ROWS ? count - i : COLUMN_SPAN_ROWS;
        const void *at;
        TRY(take_values(c, n, false, (uint8_t *)c->dictionary_values + i * each, &at, err));
    }
    if (c->convert.phys != PHYS_STR)
        parquet_block_free(&c->dictionary_text, c->account);
    c->dictionary = (struct column_dictionary){
        .id = column_dictionary_id(), .count = (uint32_t)count, .values = c->dictionary_values};
    return ST_OK;
}

/* The bytes behind the levels: codes or values. */
static status start_values(struct parquet_column *c, int32_t encoding, const uint8_t *data,
                           size_t bytes, int64_t rows, struct error *err)
{
    c->coded = false;
    if (encoding != PARQUET_RLE_DICTIONARY && encoding != PARQUET_PLAIN_DICTIONARY)
        return parquet_values_start(&c->values, c->leaf, encoding, data, bytes, (uint64_t)rows,
                                    err);
    parquet_values_none(&c->values);
    if (!c->dictionary.id || bytes == 0) /* right if all rows are NULL */
        return ST_OK;
    unsigned width = data[0];
    if (width > 32)
        FAIL(err, ST_CORRUPT, "the page's codes have %u bits", width);
    parquet_rle_init(&c->codes, data + 1, bytes - 1, width);
    c->code_bytes = width <= 16 && c->dictionary.count <= 65536 ? 2 : 4;
    c->coded = true;
    return ST_OK;
}

/* Levels of the deprecated BIT_PACKED: most significant bit first, no length in front. */
static status legacy_levels(struct parquet_column *c, struct bytes *in, int64_t rows,
                            struct error *err)
{
    const uint8_t *packed;
    size_t bytes = ((size_t)rows + 7) / 8;
    TRY(bytes_take(in, bytes, &packed, err));
    TRY(parquet_block_need(&c->legacy, c->account, bytes, err));
    for (size_t i = 0; i < bytes; i++) {
        uint8_t b = packed[i];
        b = (uint8_t)(b >> 4 | b << 4);
        b = (uint8_t)((b & 0xCC) >> 2 | (b & 0x33) << 2);
        c->legacy.data[i] = (uint8_t)((b & 0xAA) >> 1 | (b & 0x55) << 1);
    }
    parquet_rle_init_bits(&c->levels, c->legacy.data, (size_t)rows);
    return ST_OK;
}

static status v1_levels(struct parquet_column *c, const struct parquet_data_page *h,
                        struct bytes *in, struct error *err)
{
    uint32_t length;
    const uint8_t *runs;
    if (h->definition_levels == PARQUET_BIT_PACKED)
        return legacy_levels(c, in, h->num_values, err);
    if (h->definition_levels != PARQUET_RLE)
        FAIL(err, ST_UNSUPPORTED, "levels in the encoding %s (%d) cannot be read",
             parquet_encoding_name(h->definition_levels), h->definition_levels);
    TRY(bytes_u32le(in, &length, err));
    TRY(bytes_take(in, length, &runs, err));
    parquet_rle_init(&c->levels, runs, length, 1);
    return ST_OK;
}

/* v1: levels and values are compressed together. */
static status load_v1(struct parquet_column *c, const struct parquet_page_header *h,
                      struct error *err)
{
    const uint8_t *body;
    size_t bytes = (size_t)h->uncompressed_bytes, stored = (size_t)h->compressed_bytes;
    TRY(parquet_page_body(&c->source, h, &body, err));
    if (c->chunk->info.codec != CODEC_NONE || bytes != stored) {
        TRY(parquet_page_unpack(c->work, c->chunk->info.codec, body, stored, bytes, &c->page,
                                c->account, err));
        body = c->page.data;
    }
    struct bytes in = bytes_of(body, bytes);
    if (!c->leaf->info.required)
        TRY(v1_levels(c, &h->data, &in, err));
    return start_values(c, h->data.encoding, body + in.at, bytes_left(&in), h->data.num_values,
                        err);
}

/* v2: levels stand uncompressed in front. */
static status load_v2(struct parquet_column *c, const struct parquet_page_header *h,
                      struct error *err)
{
    const struct parquet_data_page_v2 *v2 = &h->data_v2;
    const uint8_t *body;
    int64_t levels = (int64_t)v2->definition_levels_bytes + v2->repetition_levels_bytes;
    bool packed = !PARQUET_HAS(v2, DATA_PAGE_V2_COMPRESSED) || v2->is_compressed;
    if (v2->num_rows != v2->num_values || v2->num_nulls < 0 || v2->num_nulls > v2->num_values)
        FAIL(err, ST_CORRUPT, "the page claims %d values, %d rows and %d NULLs", v2->num_values,
             v2->num_rows, v2->num_nulls);
    if (v2->definition_levels_bytes < 0 || v2->repetition_levels_bytes < 0 ||
        levels > h->compressed_bytes || levels > h->uncompressed_bytes)
        FAIL(err, ST_CORRUPT, "the page claims %d and %d bytes of levels in %d",
             v2->definition_levels_bytes, v2->repetition_levels_bytes, h->compressed_bytes);
    TRY(parquet_page_body(&c->source, h, &body, err));
    if (!c->leaf->info.required)
        parquet_rle_init(&c->levels, body + v2->repetition_levels_bytes,
                         (size_t)v2->definition_levels_bytes, 1);
    if (!c->leaf->info.required && v2->definition_levels_bytes == 0 && v2->num_nulls == 0) {
        c->levels.repeat = (uint64_t)v2->num_values; /* some writers leave out what says nothing */
        c->levels.value = 1;
    }
    size_t stored = (size_t)(h->compressed_bytes - levels);
    size_t bytes = (size_t)(h->uncompressed_bytes - levels);
    enum codec codec = packed ? c->chunk->info.codec : CODEC_NONE;
    body += levels;
    if (codec != CODEC_NONE || bytes != stored) {
        TRY(parquet_page_unpack(c->work, codec, body, stored, bytes, &c->page, c->account, err));
        body = c->page.data;
    }
    return start_values(c, v2->encoding, body, bytes, v2->num_values, err);
}

/* Rows of a data page, checked against what the chunk and the offset index leave (K1). */
static status data_page_rows(struct parquet_column *c, const struct parquet_page_header *h,
                             int64_t *rows, struct error *err)
{
    bool v2 = h->type == PARQUET_DATA_PAGE_V2;
    if (!PARQUET_HAS(h, v2 ? PAGE_DATA_V2 : PAGE_DATA))
        FAIL(err, ST_CORRUPT, "the data page has no header of its own");
    *rows = v2 ? h->data_v2.num_values : h->data.num_values;
    if (*rows < 0 || *rows > c->rows - c->row)
        FAIL(err, ST_CORRUPT, "the page claims %lld rows, the row group has %lld left",
             (long long)*rows, (long long)(c->rows - c->row));
    if (c->page_expect >= 0 && *rows != c->page_expect)
        FAIL(err, ST_CORRUPT, "the page has %lld rows, the offset index says %lld",
             (long long)*rows, (long long)c->page_expect);
    c->page_expect = -1;
    return ST_OK;
}

/* Goes to the next page: loads it, or, when it is a data page of at most `pass` rows, passes over
 * it undecoded. */
static status next_page(struct parquet_column *c, int64_t pass, struct error *err)
{
    struct parquet_page_header h;
    int64_t rows;
    if (c->source.at >= c->source.end)
        FAIL(err, ST_CORRUPT, "the column chunk ends after %lld of %lld rows", (long long)c->row,
             (long long)c->rows);
    c->page_offset = c->source.at;
    TRY(parquet_page_header_read(&c->source, &h, err));
    switch (h.type) {
    case PARQUET_DICTIONARY_PAGE:
        return load_dictionary(c, &h, err);
    case PARQUET_INDEX_PAGE:
        c->source.at += h.compressed_bytes;
        return ST_OK;
    case PARQUET_DATA_PAGE:
    case PARQUET_DATA_PAGE_V2:
        TRY(data_page_rows(c, &h, &rows, err));
        if (rows <= pass) {
            c->source.at += h.compressed_bytes;
            c->row += rows;
            return ST_OK;
        }
        TRY(h.type == PARQUET_DATA_PAGE ? load_v1(c, &h, err) : load_v2(c, &h, err));
        c->page_rows = rows;
        return ST_OK;
    default:
        FAIL(err, ST_UNSUPPORTED, "a page of type %d cannot be read", h.type);
    }
}

/* ---- next ----------------------------------------------------------------------------------- */

static status check_code(const struct parquet_column *c, uint32_t code, struct error *err)
{
    if (code >= c->dictionary.count) /* K3 */
        FAIL(err, ST_CORRUPT, "a code is %u, the dictionary has %u entries", code,
             c->dictionary.count);
    return ST_OK;
}

/* A run, if one begins here that is long or covers all n rows; else rows stay 0. */
static status run_span(struct parquet_column *c, uint64_t n, struct column_span *out,
                       struct error *err)
{
    uint64_t rows = n;
    bool optional = !c->leaf->info.required, null = false;
    if (optional) {
        TRY(parquet_rle_peek(&c->levels, err));
        if (c->levels.repeat < rows)
            rows = c->levels.repeat;
        null = c->levels.value == 0;
    }
    if (!null) {
        if (!c->coded || rows == 0)
            return ST_OK;
        TRY(parquet_rle_peek(&c->codes, err));
        if (c->codes.repeat < rows)
            rows = c->codes.repeat;
    }
    if (rows == 0 || (rows < RUN_ROWS && rows < n))
        return ST_OK;
    if (!null) {
        TRY(check_code(c, c->codes.value, err));
        c->codes.repeat -= rows;
        out->values =
            (const uint8_t *)c->dictionary_values + (size_t)c->codes.value * c->convert.value_bytes;
    }
    if (optional)
        c->levels.repeat -= rows;
    out->kind = SPAN_RUN;
    out->run_null = null;
    out->rows = (int64_t)rows;
    return ST_OK;
}

/* n codes to c->out, or fewer in front of a long run; checked (K3). */
static status take_codes(struct parquet_column *c, size_t n, uint64_t stop, size_t *got,
                         struct error *err)
{
    uint32_t most;
    if (c->code_bytes == 2) {
        TRY(parquet_rle_u16(&c->codes, n, stop, c->out, got, err));
        if (c->codes.width < 16 && UINT32_C(1) << c->codes.width <= c->dictionary.count)
            return ST_OK;
        most = kernel_max_u16(c->out, *got);
    } else {
        TRY(parquet_rle_u32(&c->codes, n, stop, c->out, got, err));
        most = kernel_max_u32(c->out, *got);
    }
    return check_code(c, most, err);
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
    if (c->coded) {
        TRY(take_codes(c, n, stop, &got, err));
        out->kind = SPAN_CODES;
    } else {
        TRY(take_values(c, n, true, c->out, &out->values, err));
    }
    out->rows = (int64_t)got;
    return ST_OK;
}

/* Rows of which `count`, at least one and not all, are not NULL: c->valid says which. */
static status sparse_span(struct parquet_column *c, size_t n, size_t count, struct column_span *out,
                          struct error *err)
{
    size_t got = count;
    if (c->coded) {
        TRY(take_codes(c, count, UINT64_MAX, &got, err));
        spread(c->out, c->code_bytes, c->valid, n, count);
        out->kind = SPAN_CODES;
    } else {
        TRY(take_values(c, count, false, c->out, &out->values, err));
        spread(c->out, c->convert.value_bytes, c->valid, n, count);
    }
    out->valid = c->valid;
    out->rows = (int64_t)n;
    return ST_OK;
}

/* Up to n rows as CODES or VALUES, or all NULL. */
static status batch_span(struct parquet_column *c, size_t n, struct column_span *out,
                         struct error *err)
{
    struct parquet_rle *levels = &c->levels;
    size_t count = n;
    if (c->leaf->info.required) {
        TRY(dense_span(c, n, RUN_ROWS, out, err));
    } else if (levels->repeat >= n && levels->value) { /* run_span has peeked */
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
        out->code_bytes = c->code_bytes;
        out->dictionary = &c->dictionary;
    }
    return ST_OK;
}

static status next_span(struct parquet_column *c, int64_t max_rows, struct column_span *out,
                        struct error *err)
{
    ENSURE(max_rows > 0, err);
    while (c->page_rows == 0)
        TRY(next_page(c, 0, err));
    int64_t n = max_rows < c->page_rows ? max_rows : c->page_rows;
    TRY(run_span(c, (uint64_t)n, out, err));
    if (out->rows == 0)
        TRY(batch_span(c, n < COLUMN_SPAN_ROWS ? (size_t)n : COLUMN_SPAN_ROWS, out, err));
    c->page_rows -= out->rows;
    c->row += out->rows;
    return ST_OK;
}

/* Marks the column broken and names the place (K4). */
static status give_up(struct parquet_column *c, status st, struct error *err)
{
    c->broken = true;
    name_place(c, true, err);
    return st;
}

status parquet_column_next(struct parquet_column *c, int64_t max_rows, struct column_span *out,
                           struct error *err)
{
    *out = (struct column_span){.kind = SPAN_VALUES};
    if (c->broken)
        FAIL(err, ST_CORRUPT, "column %.*s failed before", STR_ARG(c->leaf->info.name));
    if (c->row == c->rows)
        return ST_OK;
    status st = next_span(c, max_rows, out, err);
    return st == ST_OK ? ST_OK : give_up(c, st, err);
}

/* ---- skip ----------------------------------------------------------------------------------- */

static status skip_in_page(struct parquet_column *c, uint64_t rows, struct error *err)
{
    uint64_t count = rows;
    void *scratch;
    if (!c->leaf->info.required)
        TRY(parquet_rle_count(&c->levels, rows, &count, err));
    if (c->coded) {
        TRY(parquet_rle_skip(&c->codes, count, err));
    } else {
        TRY(scratch_for(c, c->out, &scratch, err));
        TRY(parquet_values_skip(&c->values, count, scratch, err));
    }
    return ST_OK;
}

/* Reads the dictionary page, if the chunk begins with one, before jumping over it. */
static status pass_dictionary(struct parquet_column *c, struct error *err)
{
    struct parquet_page_header h;
    if (c->source.at != c->chunk->start)
        return ST_OK;
    c->page_offset = c->source.at;
    TRY(parquet_page_header_read(&c->source, &h, err));
    if (h.type == PARQUET_DICTIONARY_PAGE)
        return load_dictionary(c, &h, err);
    c->source.at = c->chunk->start;
    return ST_OK;
}

/* At a page's end: goes to the page that holds row `to`, which may be the next one. */
static status seek_page(struct parquet_column *c, int64_t to, struct error *err)
{
    if (!c->indexed)
        TRY(parquet_offset_index_read(c->f, c->group, c->column, &c->arena, &c->offsets, err));
    c->indexed = true;
    TRY(pass_dictionary(c, err));
    const struct parquet_page_location *pages = c->offsets.pages.items;
    size_t low = 0, high = c->offsets.pages.count; /* the last page that begins at or before */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (pages[middle].first_row <= to)
            low = middle;
        else
            high = middle;
    }
    if (pages[low].first_row < c->row)
        FAIL(err, ST_CORRUPT, "the offset index does not agree with the pages at row %lld",
             (long long)c->row);
    int64_t end = low + 1 < c->offsets.pages.count ? pages[low + 1].first_row : c->rows;
    c->source.at = pages[low].offset;
    c->row = pages[low].first_row;
    c->page_expect = end - c->row;
    return ST_OK;
}

static status skip_rows(struct parquet_column *c, int64_t rows, struct error *err)
{
    int64_t to = c->row + rows;
    while (c->row < to) {
        int64_t left = to - c->row;
        if (c->page_rows > left) {
            TRY(skip_in_page(c, (uint64_t)left, err));
            c->page_rows -= left;
            c->row = to;
        } else if (c->page_rows > 0) {
            c->row += c->page_rows;
            c->page_rows = 0;
        } else if (to == c->rows) {
            c->row = to;
        } else {
            if (c->chunk->info.has_offset_index && c->page_expect < 0)
                TRY(seek_page(c, to, err));
            if (c->row < to)
                TRY(next_page(c, to - c->row, err));
        }
    }
    return ST_OK;
}

status parquet_column_skip(struct parquet_column *c, int64_t rows, struct error *err)
{
    if (c->broken)
        FAIL(err, ST_CORRUPT, "column %.*s failed before", STR_ARG(c->leaf->info.name));
    ENSURE(rows >= 0 && rows <= c->rows - c->row, err);
    status st = skip_rows(c, rows, err);
    return st == ST_OK ? ST_OK : give_up(c, st, err);
}
