// SPDX-License-Identifier: Apache-2.0
/* codec.h - whole-block and streaming compression over the kept libraries.
 *
 * Sizes from outside are claims: `out_bytes` is allocated by the caller, who has checked it against
 * its budget; a result of another size is ST_CORRUPT. */
#ifndef CODEC_H
#define CODEC_H

#include "base/buffer.h"

enum codec {
    CODEC_NONE,
    CODEC_SNAPPY, /* raw format */
    CODEC_GZIP,   /* RFC 1952; concatenated members are read as one */
    CODEC_ZSTD,
    CODEC_LZ4_RAW, /* one block, no frame */
    CODEC_BROTLI,  /* read only */
    CODEC_DEFLATE, /* RFC 1951 without header, as in Avro */
    CODEC_LZ4_OLD, /* Hadoop's framing, an lz4 frame or a bare block; read only */
    CODEC_COUNT
};

const char *codec_name(enum codec c); /* "zstd", ... */

/* Exactly out_bytes are written to out, or ST_CORRUPT. Allocations inside the library go through
 * base/mem hooks where it has them. */
STATUS_MUST_USE status codec_decompress(enum codec c, const void *in, size_t in_bytes, void *out,
                                        size_t out_bytes, struct error *err);
/* Unknown size: appends to `out`, whose cap bounds it. DEFLATE, GZIP, ZSTD and NONE. */
STATUS_MUST_USE status codec_decompress_append(enum codec c, const void *in, size_t in_bytes,
                                               struct buffer *out, struct error *err);
/* Appends. level 0 = the codec's default (zstd 3, gzip 6, deflate 6). The same bytes for the same
 * input. BROTLI and LZ4_OLD are ST_UNSUPPORTED. */
STATUS_MUST_USE status codec_compress(enum codec c, int level, const void *in, size_t in_bytes,
                                      struct buffer *out, struct error *err);
/* A library's working state, kept from block to block where it is costly to make: zstd's, 100 KB to
 * read and up to a few MB to write. Made when first needed, charged to `account` (may be NULL), used
 * by one thread at a time. Results do not depend on what was done in it before. */
struct codec_work;
STATUS_MUST_USE status codec_work_create(struct mem_account *account, struct codec_work **out,
                                         struct error *err);
void codec_work_free(struct codec_work *w); /* accepts NULL */
/* As codec_decompress and codec_compress, in w; NULL = state of its own. */
STATUS_MUST_USE status codec_work_decompress(struct codec_work *w, enum codec c, const void *in,
                                             size_t in_bytes, void *out, size_t out_bytes,
                                             struct error *err);
STATUS_MUST_USE status codec_work_compress(struct codec_work *w, enum codec c, int level,
                                           const void *in, size_t in_bytes, struct buffer *out,
                                           struct error *err);
/* CRC-32 of RFC 1952 (Parquet pages, gzip). */
uint32_t codec_crc32(uint32_t start, const void *data, size_t bytes);

#endif
