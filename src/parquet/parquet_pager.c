// SPDX-License-Identifier: Apache-2.0
/* parquet_pager.c - the pages of one column chunk, one after the other: dictionary, levels, codes or
 * values.
 *
 *     header -> dictionary page: decoded, kept for the chunk
 *               data page: levels set up for reading, codes or values behind them
 *
 * Nothing of a data page is decoded before it is asked for, so what a page claims costs time only as
 * far as it is read.
 *
 * G3  at + left <= entries; `left` entries of the current page were not handed out
 * G4  the levels (where there are any) and the codes or values stand at the same entry
 * G5  every code handed out is below dictionary.count; see C4 of column_span.h */
#include "parquet/parquet_read_int.h"

/* ---- opening --------------------------------------------------------------------------------- */

status parquet_pager_init(struct parquet_pager *p, const struct parquet_file *f, size_t group,
                          size_t leaf, struct column_type want, struct error *err)
{
    const struct parquet_chunk_place *chunk = &f->chunk[group * f->leaves + leaf];
    *p = (struct parquet_pager){
        .f = f,
        .leaf = &f->leaf[leaf],
        .chunk = chunk,
        .account = f->account,
        .group = group,
        .entries = chunk->info.values,
        .expect = -1,
        .source = {.file = f->file, .account = f->account, .at = chunk->start, .end = chunk->end}};
    parquet_values_init(&p->values, p->account);
    if (p->leaf->info.refusal)
        FAIL(err, ST_UNSUPPORTED, "%s", p->leaf->info.refusal);
    if (chunk->refusal)
        FAIL(err, ST_UNSUPPORTED, "its codec %s cannot be read", chunk->refusal);
    return parquet_convert_plan(p->leaf, want, &p->convert, err);
}

void parquet_pager_free(struct parquet_pager *p)
{
    parquet_values_free(&p->values);
    parquet_block_free(&p->source.window, p->account);
    parquet_block_free(&p->page, p->account);
    parquet_block_free(&p->legacy, p->account);
    parquet_block_free(&p->dictionary_text, p->account);
    mem_free(p->account, p->dictionary_values, p->dictionary_bytes);
    mem_free(p->account, p->scratch, PARQUET_SCRATCH_BYTES);
}

void parquet_pager_context(const struct parquet_pager *p, bool page, struct error *err)
{
    if (page)
        error_context(err, "page at offset %lld", (long long)p->page_offset);
    error_context(err, "column %.*s, row group %zu: %.*s", STR_ARG(p->leaf->info.name), p->group,
                  STR_ARG(store_uri(p->f->file)));
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool gives_strings(const struct parquet_convert *c)
{
    return c->form == PARQUET_STR_STR || c->form == PARQUET_STR_TEXT;
}

status parquet_pager_scratch(struct parquet_pager *p, struct error *err)
{
    return p->scratch ? ST_OK
                      : mem_alloc_aligned(p->account, PARQUET_SCRATCH_BYTES, &p->scratch, err);
}

status parquet_pager_values(struct parquet_pager *p, size_t n, bool stay, void *out,
                            const void **at, struct error *err)
{
    void *scratch = out; /* strings are decoded straight to their place */
    const void *from;
    if (!gives_strings(&p->convert)) {
        TRY(parquet_pager_scratch(p, err));
        scratch = p->scratch;
    }
    TRY(parquet_values_next(&p->values, n, scratch, &from, err));
    *at = out;
    if (stay && p->convert.form == PARQUET_COPY && !p->convert.checked &&
        (uintptr_t)from % p->convert.value_bytes == 0) {
        *at = from;
        return ST_OK;
    }
    return parquet_convert_run(&p->convert, from, n, out, err);
}

status parquet_pager_code_check(const struct parquet_pager *p, uint32_t code, struct error *err)
{
    if (code >= p->dictionary.count) /* G5 */
        FAIL(err, ST_CORRUPT, "a code is %u, the dictionary has %u entries", code,
             p->dictionary.count);
    return ST_OK;
}

status parquet_pager_codes(struct parquet_pager *p, size_t n, uint64_t stop, void *out, size_t *got,
                           struct error *err)
{
    uint32_t most;
    if (p->code_bytes == 2) {
        TRY(parquet_rle_u16(&p->codes, n, stop, out, got, err));
        if (p->codes.width < 16 && UINT32_C(1) << p->codes.width <= p->dictionary.count)
            return ST_OK;
        most = kernel_max_u16(out, *got);
    } else {
        TRY(parquet_rle_u32(&p->codes, n, stop, out, got, err));
        most = kernel_max_u32(out, *got);
    }
    return parquet_pager_code_check(p, most, err);
}

status parquet_pager_skip_values(struct parquet_pager *p, uint64_t n, struct error *err)
{
    if (p->coded)
        return parquet_rle_skip(&p->codes, n, err);
    TRY(parquet_pager_scratch(p, err));
    return parquet_values_skip(&p->values, n, p->scratch, err);
}

/* ---- the dictionary page --------------------------------------------------------------------- */

/* How many entries a dictionary page of so many bytes can hold. */
static uint64_t most_entries(const struct parquet_leaf *leaf, uint64_t bytes)
{
    if (leaf->stored == PARQUET_BOOLEAN)
        return bytes * 8;
    return bytes / (leaf->width ? leaf->width : 4);
}

static status dictionary_check(const struct parquet_pager *p, const struct parquet_page_header *h,
                               struct error *err)
{
    int32_t entries = h->dictionary.num_values, encoding = h->dictionary.encoding;
    if (!PARQUET_HAS(h, PAGE_DICTIONARY))
        FAIL(err, ST_CORRUPT, "the dictionary page has no header of its own");
    if (p->dictionary.id)
        FAIL(err, ST_CORRUPT, "the column chunk has a second dictionary page");
    if (encoding != PARQUET_PLAIN && encoding != PARQUET_PLAIN_DICTIONARY)
        FAIL(err, ST_UNSUPPORTED, "a dictionary in the encoding %s (%d) cannot be read",
             parquet_encoding_name(encoding), encoding);
    if (entries < 0 || (uint64_t)entries > most_entries(p->leaf, (uint64_t)h->uncompressed_bytes))
        FAIL(err, ST_CORRUPT, "the dictionary claims %d entries in %d bytes", entries,
             h->uncompressed_bytes);
    return ST_OK;
}

static status load_dictionary(struct parquet_pager *p, const struct parquet_page_header *h,
                              struct error *err)
{
    const uint8_t *body;
    size_t bytes = (size_t)h->uncompressed_bytes;
    TRY(dictionary_check(p, h, err));
    TRY(parquet_page_body(&p->source, h, &body, err));
    TRY(parquet_page_unpack(p->work, p->chunk->info.codec, body, (size_t)h->compressed_bytes, bytes,
                            &p->dictionary_text, p->account, err));
    size_t count = (size_t)h->dictionary.num_values, each = p->convert.value_bytes;
    TRY(mem_alloc_aligned(p->account, count * each, &p->dictionary_values, err));
    p->dictionary_bytes = count * each;
    TRY(parquet_values_start(&p->values, p->leaf, PARQUET_PLAIN, p->dictionary_text.data, bytes,
                             count, err));
    for (size_t i = 0; i < count; i += COLUMN_SPAN_ROWS) {
        size_t n = count - i < COLUMN_SPAN_ROWS ? count - i : COLUMN_SPAN_ROWS;
        const void *at;
        TRY(parquet_pager_values(p, n, false, (uint8_t *)p->dictionary_values + i * each, &at,
                                 err));
    }
    if (p->convert.phys != PHYS_STR)
        parquet_block_free(&p->dictionary_text, p->account);
    p->dictionary = (struct column_dictionary){
        .id = column_dictionary_id(), .count = (uint32_t)count, .values = p->dictionary_values};
    return ST_OK;
}

status parquet_pager_dictionary(struct parquet_pager *p, struct error *err)
{
    struct parquet_page_header h;
    if (p->source.at != p->chunk->start)
        return ST_OK;
    p->page_offset = p->source.at;
    TRY(parquet_page_header_read(&p->source, &h, err));
    if (h.type == PARQUET_DICTIONARY_PAGE)
        return load_dictionary(p, &h, err);
    p->source.at = p->chunk->start;
    return ST_OK;
}

/* ---- data pages ------------------------------------------------------------------------------ */

/* The bytes behind the levels: codes or values. */
static status start_values(struct parquet_pager *p, int32_t encoding, const uint8_t *data,
                           size_t bytes, int64_t entries, struct error *err)
{
    p->coded = false;
    if (encoding != PARQUET_RLE_DICTIONARY && encoding != PARQUET_PLAIN_DICTIONARY)
        return parquet_values_start(&p->values, p->leaf, encoding, data, bytes, (uint64_t)entries,
                                    err);
    parquet_values_none(&p->values);
    if (!p->dictionary.id || bytes == 0) /* right if all are NULL */
        return ST_OK;
    unsigned width = data[0];
    if (width > 32)
        FAIL(err, ST_CORRUPT, "the page's codes have %u bits", width);
    parquet_rle_init(&p->codes, data + 1, bytes - 1, width);
    p->code_bytes = width <= 16 && p->dictionary.count <= 65536 ? 2 : 4;
    p->coded = true;
    return ST_OK;
}

/* Levels of the deprecated BIT_PACKED: most significant bit first, no length in front. */
static status legacy_levels(struct parquet_pager *p, struct bytes *in, int64_t entries,
                            struct error *err)
{
    const uint8_t *packed;
    size_t bytes = ((size_t)entries + 7) / 8;
    if (p->leaf->max_definition > 1)
        FAIL(err, ST_UNSUPPORTED,
             "levels of nested columns in the encoding BIT_PACKED cannot be "
             "read");
    TRY(bytes_take(in, bytes, &packed, err));
    TRY(parquet_block_need(&p->legacy, p->account, bytes, err));
    for (size_t i = 0; i < bytes; i++) {
        uint8_t b = packed[i];
        b = (uint8_t)(b >> 4 | b << 4);
        b = (uint8_t)((b & 0xCC) >> 2 | (b & 0x33) << 2);
        p->legacy.data[i] = (uint8_t)((b & 0xAA) >> 1 | (b & 0x55) << 1);
    }
    parquet_rle_init_bits(&p->definition, p->legacy.data, (size_t)entries);
    return ST_OK;
}

/* Levels of a v1 page: length, runs. */
static status v1_levels(struct bytes *in, int32_t encoding, unsigned most, struct parquet_rle *out,
                        struct error *err)
{
    uint32_t length;
    const uint8_t *runs;
    if (encoding != PARQUET_RLE)
        FAIL(err, ST_UNSUPPORTED, "levels in the encoding %s (%d) cannot be read",
             parquet_encoding_name(encoding), encoding);
    TRY(bytes_u32le(in, &length, err));
    TRY(bytes_take(in, length, &runs, err));
    parquet_rle_init_levels(out, runs, length, most);
    return ST_OK;
}

/* v1: levels and values are compressed together. */
static status load_v1(struct parquet_pager *p, const struct parquet_page_header *h,
                      struct error *err)
{
    const struct parquet_leaf *leaf = p->leaf;
    const struct parquet_data_page *v1 = &h->data;
    const uint8_t *body;
    size_t bytes = (size_t)h->uncompressed_bytes, stored = (size_t)h->compressed_bytes;
    TRY(parquet_page_body(&p->source, h, &body, err));
    if (p->chunk->info.codec != CODEC_NONE || bytes != stored) {
        TRY(parquet_page_unpack(p->work, p->chunk->info.codec, body, stored, bytes, &p->page,
                                p->account, err));
        body = p->page.data;
    }
    struct bytes in = bytes_of(body, bytes);
    if (leaf->max_repetition > 0)
        TRY(v1_levels(&in, v1->repetition_levels, leaf->max_repetition, &p->repetition, err));
    if (leaf->max_definition > 0 && v1->definition_levels == PARQUET_BIT_PACKED)
        TRY(legacy_levels(p, &in, v1->num_values, err));
    else if (leaf->max_definition > 0)
        TRY(v1_levels(&in, v1->definition_levels, leaf->max_definition, &p->definition, err));
    return start_values(p, v1->encoding, body + in.at, bytes_left(&in), v1->num_values, err);
}

static status v2_check(const struct parquet_pager *p, const struct parquet_page_header *h,
                       struct error *err)
{
    const struct parquet_data_page_v2 *v2 = &h->data_v2;
    int64_t levels = (int64_t)v2->definition_levels_bytes + v2->repetition_levels_bytes;
    bool rows_fit = p->leaf->max_repetition == 0
                        ? v2->num_rows == v2->num_values
                        : v2->num_rows >= 0 && v2->num_rows <= v2->num_values;
    if (!rows_fit || v2->num_nulls < 0 || v2->num_nulls > v2->num_values)
        FAIL(err, ST_CORRUPT, "the page claims %d values, %d rows and %d NULLs", v2->num_values,
             v2->num_rows, v2->num_nulls);
    if (v2->definition_levels_bytes < 0 || v2->repetition_levels_bytes < 0 ||
        levels > h->compressed_bytes || levels > h->uncompressed_bytes)
        FAIL(err, ST_CORRUPT, "the page claims %d and %d bytes of levels in %d",
             v2->definition_levels_bytes, v2->repetition_levels_bytes, h->compressed_bytes);
    return ST_OK;
}

static void v2_levels(struct parquet_pager *p, const struct parquet_data_page_v2 *v2,
                      const uint8_t *body)
{
    unsigned repetition = p->leaf->max_repetition, definition = p->leaf->max_definition;
    size_t bytes = (size_t)v2->definition_levels_bytes;
    if (repetition > 0)
        parquet_rle_init_levels(&p->repetition, body, (size_t)v2->repetition_levels_bytes,
                                repetition);
    if (definition > 0)
        parquet_rle_init_levels(&p->definition, body + v2->repetition_levels_bytes, bytes,
                                definition);
    if (definition > 0 && repetition == 0 && bytes == 0 && v2->num_nulls == 0) {
        p->definition.repeat = (uint64_t)v2->num_values; /* some leave out what says nothing */
        p->definition.value = definition;
    }
}

/* v2: levels stand uncompressed in front. */
static status load_v2(struct parquet_pager *p, const struct parquet_page_header *h,
                      struct error *err)
{
    const struct parquet_data_page_v2 *v2 = &h->data_v2;
    const uint8_t *body;
    bool packed = !PARQUET_HAS(v2, DATA_PAGE_V2_COMPRESSED) || v2->is_compressed;
    TRY(v2_check(p, h, err));
    TRY(parquet_page_body(&p->source, h, &body, err));
    v2_levels(p, v2, body);
    int32_t levels = v2->definition_levels_bytes + v2->repetition_levels_bytes;
    size_t stored = (size_t)(h->compressed_bytes - levels);
    size_t bytes = (size_t)(h->uncompressed_bytes - levels);
    enum codec codec = packed ? p->chunk->info.codec : CODEC_NONE;
    body += levels;
    if (codec != CODEC_NONE || bytes != stored) {
        TRY(parquet_page_unpack(p->work, codec, body, stored, bytes, &p->page, p->account, err));
        body = p->page.data;
    }
    return start_values(p, v2->encoding, body, bytes, v2->num_values, err);
}

/* Entries of a data page, checked against what the chunk and the offset index leave (G3). */
static status page_entries(struct parquet_pager *p, const struct parquet_page_header *h,
                           int64_t *out, struct error *err)
{
    bool v2 = h->type == PARQUET_DATA_PAGE_V2;
    if (!PARQUET_HAS(h, v2 ? PAGE_DATA_V2 : PAGE_DATA))
        FAIL(err, ST_CORRUPT, "the data page has no header of its own");
    *out = v2 ? h->data_v2.num_values : h->data.num_values;
    if (*out < 0 || *out > p->entries - p->at)
        FAIL(err, ST_CORRUPT, "the page claims %lld rows, the row group has %lld left",
             (long long)*out, (long long)(p->entries - p->at));
    if (p->expect >= 0 && *out != p->expect)
        FAIL(err, ST_CORRUPT, "the page has %lld rows, the offset index says %lld", (long long)*out,
             (long long)p->expect);
    p->expect = -1;
    return ST_OK;
}

status parquet_pager_next(struct parquet_pager *p, int64_t pass, struct error *err)
{
    struct parquet_page_header h;
    int64_t entries;
    if (p->source.at >= p->source.end)
        FAIL(err, ST_CORRUPT, "the column chunk ends after %lld of %lld rows", (long long)p->at,
             (long long)p->entries);
    p->page_offset = p->source.at;
    TRY(parquet_page_header_read(&p->source, &h, err));
    switch (h.type) {
    case PARQUET_DICTIONARY_PAGE:
        return load_dictionary(p, &h, err);
    case PARQUET_INDEX_PAGE:
        p->source.at += h.compressed_bytes;
        return ST_OK;
    case PARQUET_DATA_PAGE:
    case PARQUET_DATA_PAGE_V2:
        TRY(page_entries(p, &h, &entries, err));
        if (entries <= pass) {
            p->source.at += h.compressed_bytes;
            p->at += entries;
            return ST_OK;
        }
        TRY(h.type == PARQUET_DATA_PAGE ? load_v1(p, &h, err) : load_v2(p, &h, err));
        p->left = entries;
        return ST_OK;
    default:
        FAIL(err, ST_UNSUPPORTED, "a page of type %d cannot be read", h.type);
    }
}
