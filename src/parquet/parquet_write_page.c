// SPDX-License-Identifier: Apache-2.0
/* parquet_write_page.c - the bytes of one page: levels, runs of codes, compression, header.
 *
 *     data page v1, before compression (parquet.thrift, DataPageHeader; Encodings.md, "RLE"):
 *
 *     [levels' length, 4 bytes][levels]   optional columns only
 *     [values]                            PLAIN, or width byte and codes
 *
 *     hybrid: <varint: count << 1><value, whole bytes>             a run of one value
 *             <varint: groups << 1 | 1><groups * width bytes>      groups of 8 values, bit-packed
 *
 * The CRC is that of the page as it stands in the file, without its header. */
#include "parquet/parquet_write_int.h"

/* Levels: fewer whole words of equal bits than this are cheaper bit-packed. */
#define RUN_WORDS 2

static uint8_t *put_varint(uint8_t *to, uint64_t v)
{
    while (v >= 0x80) {
        *to++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *to++ = (uint8_t)v;
    return to;
}

/* The bits of word i that belong to rows. */
static inline uint64_t word_mask(int64_t rows, int64_t i)
{
    return rows - i * 64 >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (rows - i * 64)) - 1;
}

/* Whole words from `at` on whose bits are all `bit`; the last word may be partial. */
static int64_t equal_words(const uint64_t *valid, int64_t rows, int64_t at, bool bit)
{
    int64_t words = (rows + 63) / 64, n = 0;
    while (at + n < words) {
        uint64_t mask = word_mask(rows, at + n), want = bit ? mask : 0;
        if ((valid[at + n] & mask) != want)
            break;
        n++;
    }
    return n;
}

static uint8_t *put_packed_words(uint8_t *to, const uint64_t *valid, int64_t rows, int64_t from,
                                 int64_t end)
{
    int64_t last = end * 64 < rows ? end * 64 : rows;
    int64_t groups = (last - from * 64 + 7) / 8;
    to = put_varint(to, (uint64_t)groups << 1 | 1);
    for (int64_t i = from; i < end; i++) {
        uint64_t bits = valid[i] & word_mask(rows, i);
        size_t bytes = (size_t)(groups < 8 ? groups : 8);
        memcpy(to, &bits, bytes);
        to += bytes;
        groups -= 8;
    }
    return to;
}

static uint8_t *put_level_run(uint8_t *to, int64_t count, bool bit)
{
    to = put_varint(to, (uint64_t)count << 1);
    *to++ = bit;
    return to;
}

status parquet_write_levels(const uint64_t *valid, int64_t rows, int64_t nulls, struct buffer *out,
                            struct error *err)
{
    int64_t words = (rows + 63) / 64;
    /* each word costs 8 bytes packed or belongs to a run; a header at most every word */
    TRY(buffer_reserve(out, 4 + (size_t)words * 18 + 16, err));
    uint8_t *length = out->data + out->len, *to = length + 4;
    if (nulls == 0 || nulls == rows) {
        to = put_level_run(to, rows, nulls == 0);
    } else {
        int64_t packed = 0; /* first word not yet put */
        for (int64_t i = 0; i < words;) {
            bool bit = valid[i] & 1;
            int64_t n = equal_words(valid, rows, i, bit);
            if (n < RUN_WORDS) {
                i++;
                continue;
            }
            if (packed < i)
                to = put_packed_words(to, valid, rows, packed, i);
            int64_t end = (i + n) * 64 < rows ? (i + n) * 64 : rows;
            to = put_level_run(to, end - i * 64, bit);
            packed = i += n;
        }
        if (packed < words)
            to = put_packed_words(to, valid, rows, packed, words);
    }
    store_u32le(length, (uint32_t)(to - length - 4));
    out->len = (size_t)(to - out->data);
    return ST_OK;
}

unsigned parquet_code_width(uint32_t count)
{
    unsigned width = 1;
    while (width < 32 && (UINT64_C(1) << width) < count)
        width++;
    return width;
}

/* Eight codes, bit-packed, least significant bit first: `width` bytes. */
static inline uint8_t *put_group(uint8_t *to, const uint32_t *codes, unsigned width)
{
    uint64_t bits = 0;
    unsigned have = 0;
    for (int i = 0; i < 8; i++) {
        bits |= (uint64_t)codes[i] << have;
        have += width;
        if (have >= 32) {
            store_u32le(to, (uint32_t)bits);
            to += 4;
            bits >>= 32;
            have -= 32;
        }
    }
    for (; have > 0; have -= 8) { /* 8 * width bits are whole bytes */
        *to++ = (uint8_t)bits;
        bits >>= 8;
    }
    return to;
}

static uint8_t *put_packed_codes(uint8_t *to, const uint32_t *codes, size_t n, unsigned width)
{
    if (n == 0)
        return to;
    to = put_varint(to, (uint64_t)((n + 7) / 8) << 1 | 1);
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        to = put_group(to, codes + i, width);
    if (i < n) {
        uint32_t last[8] = {0};
        memcpy(last, codes + i, (n - i) * sizeof(*last));
        to = put_group(to, last, width);
    }
    return to;
}

static inline bool eight_equal(const uint32_t *codes)
{
    uint32_t differs = 0;
    for (int i = 1; i < 8; i++)
        differs |= codes[i] ^ codes[0];
    return differs == 0;
}

status parquet_write_codes(const uint32_t *codes, size_t n, unsigned width, struct buffer *out,
                           struct error *err)
{
    /* packed groups take width bytes each; headers at most one a group and a run */
    TRY(buffer_reserve(out, 1 + (n / 8 + 2) * (width + 10), err));
    uint8_t *to = out->data + out->len;
    size_t packed = 0, i = 0; /* codes before `packed` are put; i - packed is a multiple of 8 */
    *to++ = (uint8_t)width;
    while (i + 8 <= n) {
        if (!eight_equal(codes + i)) {
            i += 8;
            continue;
        }
        size_t end = i + 8;
        while (end < n && codes[end] == codes[i])
            end++;
        to = put_packed_codes(to, codes + packed, i - packed, width);
        to = put_varint(to, (uint64_t)(end - i) << 1);
        uint32_t value = codes[i];
        memcpy(to, &value, (width + 7) / 8);
        to += (width + 7) / 8;
        packed = i = end;
    }
    to = put_packed_codes(to, codes + packed, n - packed, width);
    out->len = (size_t)(to - out->data);
    return ST_OK;
}

status parquet_write_page(const struct parquet_write_options *options,
                          struct parquet_write_space *space, struct parquet_page_header *header,
                          struct mem_account *account, struct parquet_page_bytes *out,
                          struct error *err)
{
    const struct buffer *body = &space->raw;
    if (options->codec != CODEC_NONE) {
        buffer_clear(&space->compressed);
        TRY(codec_work_compress(options->work, options->codec, options->codec_level,
                                space->raw.data, space->raw.len, &space->compressed, err));
        body = &space->compressed;
    }
    if (body->len > INT32_MAX || space->raw.len > INT32_MAX)
        FAIL(err, ST_LIMIT, "a page of %zu bytes, Parquet's limit is 2 GiB", space->raw.len);
    header->uncompressed_bytes = (int32_t)space->raw.len;
    header->compressed_bytes = (int32_t)body->len;
    PARQUET_PUT(header, PAGE_CRC);
    header->crc = (int32_t)codec_crc32(0, body->data, body->len);
    buffer_clear(&space->header);
    TRY(parquet_thrift_write(&parquet_shape_page_header, header, &space->header, err));
    size_t head = space->header.len;
    void *data;
    TRY(mem_alloc(account, head + body->len, &data, err));
    memcpy(data, space->header.data, head);
    if (body->len)
        memcpy((uint8_t *)data + head, body->data, body->len);
    *out = (struct parquet_page_bytes){data, head + body->len, head + space->raw.len};
    return ST_OK;
}
