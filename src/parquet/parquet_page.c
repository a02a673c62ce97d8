// SPDX-License-Identifier: Apache-2.0
/* parquet_page.c - bytes of a column chunk: read ahead, page headers, checksums, decompression.
 *
 * A chunk is read in windows of READ_BYTES, as far as its reader wants it; a page that is longer makes the window as long as
 * itself. A header's length is not known beforehand: it is parsed from what is there, and again
 * with more when it turns out to be cut.
 *
 * G1  a page's compressed bytes lie inside its chunk
 * G2  a page's uncompressed bytes are at most PAGE_MOST_BYTES and what its codec can make of its
 *     compressed bytes; only then is memory asked for */
#include "parquet/parquet_read_int.h"

#define READ_BYTES        ((size_t)256 << 10)
#define HEADER_FIRST      ((size_t)4 << 10) /* bytes looked at first; more than nearly all have */
#define HEADER_MOST_BYTES ((size_t)16 << 20)
#define PAGE_MOST_BYTES   ((int32_t)1 << 30)

/* ---- memory --------------------------------------------------------------------------------- */

status parquet_block_need(struct parquet_block *b, struct mem_account *account, size_t bytes,
                          struct error *err)
{
    size_t size = bytes + KERNEL_UNPACK_PAD;
    if (b->data && size <= b->size_bytes)
        return ST_OK;
    parquet_block_free(b, account);
    TRY(mem_alloc_aligned(account, size, (void **)&b->data, err));
    b->size_bytes = size;
    memset(b->data + bytes, 0, KERNEL_UNPACK_PAD); /* P2: readable means initialised, too */
    return ST_OK;
}

void parquet_block_free(struct parquet_block *b, struct mem_account *account)
{
    mem_free(account, b->data, b->size_bytes);
    *b = (struct parquet_block){0};
}

/* ---- source --------------------------------------------------------------------------------- */

status parquet_source_need(struct parquet_source *s, size_t n, const uint8_t **out,
                           struct error *err)
{
    if (n > (uint64_t)(s->end - s->at))
        FAIL(err, ST_CORRUPT, "%zu bytes wanted at offset %lld, where the column chunk has %lld", n,
             (long long)s->at, (long long)(s->end - s->at));
    int64_t ahead = s->at - s->window_at;
    bool inside = ahead >= 0 && ahead <= (int64_t)s->window_len;
    if (!inside || n > s->window_len - (size_t)ahead) {
        size_t want = READ_BYTES;
        if (s->until - s->at < (int64_t)want)
            want = s->until > s->at ? (size_t)(s->until - s->at) : 0;
        want = n > want ? n : want;
        s->window_len = 0;
        TRY(parquet_block_need(&s->window, s->account, want, err));
        TRY(store_read(s->file, s->at, s->window.data, want, err));
        memset(s->window.data + want, 0, KERNEL_UNPACK_PAD);
        s->window_at = s->at;
        s->window_len = want;
        ahead = 0;
    }
    *out = s->window.data + ahead;
    return ST_OK;
}

/* ---- headers -------------------------------------------------------------------------------- */

static status header_check(const struct parquet_source *s, const struct parquet_page_header *h,
                           struct error *err)
{
    if (h->compressed_bytes < 0 || h->compressed_bytes > s->end - s->at) /* G1 */
        FAIL(err, ST_CORRUPT, "the page claims %d bytes, its column chunk has %lld left",
             h->compressed_bytes, (long long)(s->end - s->at));
    if (h->uncompressed_bytes < 0)
        FAIL(err, ST_CORRUPT, "the page claims %d uncompressed bytes", h->uncompressed_bytes);
    if (h->uncompressed_bytes > PAGE_MOST_BYTES) /* G2 */
        FAIL(err, ST_LIMIT, "the page has %d uncompressed bytes, more than the %d that are read",
             h->uncompressed_bytes, PAGE_MOST_BYTES);
    return ST_OK;
}

status parquet_page_header_read(struct parquet_source *s, struct parquet_page_header *out,
                                struct error *err)
{
    size_t left = (size_t)(s->end - s->at), look = left < HEADER_FIRST ? left : HEADER_FIRST;
    struct arena none; /* page headers hold no lists */
    arena_init(&none, s->account);
    for (;;) {
        const uint8_t *data;
        TRY(parquet_source_need(s, look, &data, err));
        struct bytes in = bytes_of(data, look);
        status st = parquet_thrift_read(&parquet_shape_page_header, &in, &none, out, err);
        arena_free(&none);
        if (st == ST_OK) {
            s->at += (int64_t)in.at;
            return header_check(s, out, err);
        }
        if (st != ST_CORRUPT || look == left || look >= HEADER_MOST_BYTES)
            return st;
        look = look * 8 < left ? look * 8 : left; /* perhaps only cut */
    }
}

status parquet_page_body(struct parquet_source *s, const struct parquet_page_header *h,
                         const uint8_t **out, struct error *err)
{
    size_t bytes = (size_t)h->compressed_bytes;
    TRY(parquet_source_need(s, bytes, out, err));
    if (PARQUET_HAS(h, PAGE_CRC)) {
        uint32_t found = codec_crc32(0, *out, bytes);
        if (found != (uint32_t)h->crc)
            FAIL(err, ST_CORRUPT, "the page's checksum is %08x, its header says %08x", found,
                 (uint32_t)h->crc);
    }
    s->at += (int64_t)bytes;
    return ST_OK;
}

/* ---- decompression -------------------------------------------------------------------------- */

/* Bytes that one compressed byte can become at most, rounded up from each format's limit: a snappy
 * copy makes 64 of 3, an lz4 length byte adds 255, deflate makes 258 of 2 bits, a zstd or brotli
 * block of one repeated byte 128 KiB or 16 MiB of a few bytes. */
static uint64_t most_ratio(enum codec c)
{
    switch (c) {
    case CODEC_NONE:
        return 1;
    case CODEC_SNAPPY:
        return 24;
    case CODEC_LZ4_RAW:
    case CODEC_LZ4_OLD:
        return 256;
    case CODEC_GZIP:
    case CODEC_DEFLATE:
        return 1040;
    case CODEC_ZSTD:
        return UINT64_C(1) << 16;
    default:
        return UINT64_C(1) << 24;
    }
}

status parquet_page_unpack(struct codec_work *work, enum codec c, const uint8_t *in,
                           size_t in_bytes, size_t out_bytes, struct parquet_block *block,
                           struct mem_account *account, struct error *err)
{
    if (out_bytes > in_bytes * most_ratio(c)) /* G2 */
        FAIL(err, ST_CORRUPT, "%zu bytes of %s cannot become %zu", in_bytes, codec_name(c),
             out_bytes);
    TRY(parquet_block_need(block, account, out_bytes, err));
    if (out_bytes > 0 || in_bytes > 0)
        TRY(codec_work_decompress(work, c, in, in_bytes, block->data, out_bytes, err));
    memset(block->data + out_bytes, 0, KERNEL_UNPACK_PAD);
    return ST_OK;
}
