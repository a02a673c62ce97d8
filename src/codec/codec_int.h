// SPDX-License-Identifier: Apache-2.0
/* codec_int.h - what the files of codec/ share: one pair of functions a library, and the allocator
 * handed to those that take one. */
#ifndef CODEC_INT_H
#define CODEC_INT_H

#include "codec/codec.h"

/* Charges a library's allocations to an account and keeps why one failed, because the library
 * itself can only say "no memory". */
struct codec_mem {
    struct mem_account *account; /* borrowed; may be NULL */
    struct error *err;           /* borrowed; may be NULL */
    status failed;               /* of an allocation that failed; else ST_OK */
};

struct codec_work {
    struct codec_mem mem;    /* err is that of the call under way */
    void *decoder, *encoder; /* owned: zstd's contexts; NULL until needed and after a failure */
};

void *codec_mem_alloc(void *mem, size_t bytes); /* NULL and `failed` set, or 16-byte aligned */
void codec_mem_free(void *mem, void *block);    /* accepts NULL */

/* Each checks that exactly out_bytes come out and that no input is left. */
STATUS_MUST_USE status codec_zlib_decompress(enum codec c, const uint8_t *in, size_t in_bytes,
                                             uint8_t *out, size_t out_bytes, struct error *err);
STATUS_MUST_USE status codec_zstd_decompress(struct codec_work *w, const uint8_t *in,
                                             size_t in_bytes, uint8_t *out, size_t out_bytes,
                                             struct error *err);
STATUS_MUST_USE status codec_snappy_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out,
                                               size_t out_bytes, struct error *err);
STATUS_MUST_USE status codec_lz4_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out,
                                            size_t out_bytes, struct error *err);
STATUS_MUST_USE status codec_lz4_old_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out,
                                                size_t out_bytes, struct error *err);
STATUS_MUST_USE status codec_brotli_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out,
                                               size_t out_bytes, struct error *err);

STATUS_MUST_USE status codec_zlib_append(enum codec c, const uint8_t *in, size_t in_bytes,
                                         struct buffer *out, struct error *err);
STATUS_MUST_USE status codec_zstd_append(const uint8_t *in, size_t in_bytes, struct buffer *out,
                                         struct error *err);

STATUS_MUST_USE status codec_zlib_compress(enum codec c, int level, const uint8_t *in,
                                           size_t in_bytes, struct buffer *out, struct error *err);
STATUS_MUST_USE status codec_zstd_compress(struct codec_work *w, int level, const uint8_t *in,
                                           size_t in_bytes, struct buffer *out, struct error *err);
void codec_zstd_reset(struct codec_work *w); /* frees both contexts */
STATUS_MUST_USE status codec_snappy_compress(const uint8_t *in, size_t in_bytes, struct buffer *out,
                                             struct error *err);
STATUS_MUST_USE status codec_lz4_compress(const uint8_t *in, size_t in_bytes, struct buffer *out,
                                          struct error *err);

#endif
