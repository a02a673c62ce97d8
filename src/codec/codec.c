// SPDX-License-Identifier: Apache-2.0
/* codec.c - which library serves which codec; see codec.h. */
#include "codec/codec.h"
#include "codec/codec_int.h"

#include <zlib.h>

const char *codec_name(enum codec c)
{
    static const char *const names[CODEC_COUNT] = {
        [CODEC_NONE] = "none",       [CODEC_SNAPPY] = "snappy",        [CODEC_GZIP] = "gzip",
        [CODEC_ZSTD] = "zstd",       [CODEC_LZ4_RAW] = "lz4",          [CODEC_BROTLI] = "brotli",
        [CODEC_DEFLATE] = "deflate", [CODEC_LZ4_OLD] = "lz4 (Hadoop)",
    };
    return c < CODEC_COUNT ? names[c] : "unknown";
}

/* The size stands in front of each block, because libraries free without it and accounts need it;
 * 16 bytes keep malloc's alignment. */
#define MEM_HEADER 16

void *codec_mem_alloc(void *mem, size_t bytes)
{
    struct codec_mem *m = mem;
    void *block = NULL;
    status st;
    if (bytes > SIZE_MAX - MEM_HEADER)
        st = error_set(m->err, ST_OOM, __FILE__, __LINE__, "out of memory: %zu bytes", bytes);
    else
        st = mem_alloc(m->account, bytes + MEM_HEADER, &block, m->err);
    if (st != ST_OK) {
        m->failed = st;
        return NULL;
    }
    memcpy(block, &bytes, sizeof(bytes));
    return (uint8_t *)block + MEM_HEADER;
}

void codec_mem_free(void *mem, void *block)
{
    struct codec_mem *m = mem;
    if (!block)
        return;
    size_t bytes;
    uint8_t *start = (uint8_t *)block - MEM_HEADER;
    memcpy(&bytes, start, sizeof(bytes));
    mem_free(m->account, start, bytes + MEM_HEADER);
}

/* ---- working state --------------------------------------------------------------------------- */

status codec_work_create(struct mem_account *account, struct codec_work **out, struct error *err)
{
    void *memory;
    TRY(mem_calloc(account, sizeof(**out), &memory, err));
    *out = memory;
    (*out)->mem.account = account;
    return ST_OK;
}

void codec_work_free(struct codec_work *w)
{
    if (!w)
        return;
    codec_zstd_reset(w);
    mem_free(w->mem.account, w, sizeof(*w));
}

/* Without w: in a state that lives for this call. */
static status run_zstd_decompress(struct codec_work *w, const uint8_t *in, size_t in_bytes,
                                  uint8_t *out, size_t out_bytes, struct error *err)
{
    struct codec_work once = {.mem = {NULL, err, ST_OK}};
    status st = codec_zstd_decompress(w ? w : &once, in, in_bytes, out, out_bytes, err);
    codec_zstd_reset(&once);
    return st;
}

static status run_zstd_compress(struct codec_work *w, int level, const uint8_t *in, size_t in_bytes,
                                struct buffer *out, struct error *err)
{
    struct codec_work once = {.mem = {out->account, err, ST_OK}};
    status st = codec_zstd_compress(w ? w : &once, level, in, in_bytes, out, err);
    codec_zstd_reset(&once);
    return st;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

status codec_work_decompress(struct codec_work *w, enum codec c, const void *in, size_t in_bytes,
                             void *out, size_t out_bytes, struct error *err)
{
    /* Some libraries refuse NULL even for nothing. */
    static const uint8_t no_input;
    uint8_t no_output;
    const uint8_t *from = in ? in : &no_input;
    uint8_t *to = out ? out : &no_output;
    switch (c) {
    case CODEC_NONE:
        if (in_bytes != out_bytes)
            FAIL(err, ST_CORRUPT, "stored data has %zu bytes, not %zu", in_bytes, out_bytes);
        memcpy(to, from, out_bytes);
        return ST_OK;
    case CODEC_SNAPPY:
        return codec_snappy_decompress(from, in_bytes, to, out_bytes, err);
    case CODEC_GZIP:
    case CODEC_DEFLATE:
        return codec_zlib_decompress(c, from, in_bytes, to, out_bytes, err);
    case CODEC_ZSTD:
        return run_zstd_decompress(w, from, in_bytes, to, out_bytes, err);
    case CODEC_LZ4_RAW:
        return codec_lz4_decompress(from, in_bytes, to, out_bytes, err);
    case CODEC_LZ4_OLD:
        return codec_lz4_old_decompress(from, in_bytes, to, out_bytes, err);
    case CODEC_BROTLI:
        return codec_brotli_decompress(from, in_bytes, to, out_bytes, err);
    case CODEC_COUNT:
        break;
    }
    FAIL(err, ST_INTERNAL, "no codec has the number %d", (int)c);
}

status codec_decompress(enum codec c, const void *in, size_t in_bytes, void *out, size_t out_bytes,
                        struct error *err)
{
    return codec_work_decompress(NULL, c, in, in_bytes, out, out_bytes, err);
}

status codec_decompress_append(enum codec c, const void *in, size_t in_bytes, struct buffer *out,
                               struct error *err)
{
    switch (c) {
    case CODEC_NONE:
        return buffer_append(out, in, in_bytes, err);
    case CODEC_GZIP:
    case CODEC_DEFLATE:
        return codec_zlib_append(c, in, in_bytes, out, err);
    case CODEC_ZSTD:
        return codec_zstd_append(in, in_bytes, out, err);
    default:
        FAIL(err, ST_UNSUPPORTED, "%s data of unknown size cannot be decompressed", codec_name(c));
    }
}

status codec_work_compress(struct codec_work *w, enum codec c, int level, const void *in,
                           size_t in_bytes, struct buffer *out, struct error *err)
{
    static const uint8_t no_input;
    const uint8_t *from = in ? in : &no_input;
    switch (c) {
    case CODEC_NONE:
        return buffer_append(out, from, in_bytes, err);
    case CODEC_SNAPPY:
        return codec_snappy_compress(from, in_bytes, out, err);
    case CODEC_GZIP:
    case CODEC_DEFLATE:
        return codec_zlib_compress(c, level, from, in_bytes, out, err);
    case CODEC_ZSTD:
        return run_zstd_compress(w, level, from, in_bytes, out, err);
    case CODEC_LZ4_RAW:
        return codec_lz4_compress(from, in_bytes, out, err);
    default:
        FAIL(err, ST_UNSUPPORTED, "%s cannot be written", codec_name(c));
    }
}

status codec_compress(enum codec c, int level, const void *in, size_t in_bytes, struct buffer *out,
                      struct error *err)
{
    return codec_work_compress(NULL, c, level, in, in_bytes, out, err);
}

uint32_t codec_crc32(uint32_t start, const void *data, size_t bytes)
{
    return bytes ? (uint32_t)crc32_z(start, data, bytes) : start;
}
