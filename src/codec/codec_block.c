// SPDX-License-Identifier: Apache-2.0
/* codec_block.c - codecs used on whole blocks only: snappy and brotli.
 *
 * Of the two only brotli takes an allocator. snappy decompresses without allocating and compresses
 * with a table of at most 64 KiB of its own. */
#include "codec/codec_int.h"

#include <brotli/decode.h>
#include <snappy-c.h>

status codec_snappy_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes,
                               struct error *err)
{
    size_t got = 0;
    if (snappy_uncompressed_length((const char *)in, in_bytes, &got) != SNAPPY_OK)
        FAIL(err, ST_CORRUPT, "snappy data have no readable length");
    if (got != out_bytes)
        FAIL(err, ST_CORRUPT, "snappy data give %zu bytes, not %zu", got, out_bytes);
    if (snappy_uncompress((const char *)in, in_bytes, (char *)out, &got) != SNAPPY_OK ||
        got != out_bytes)
        FAIL(err, ST_CORRUPT, "snappy data are damaged");
    return ST_OK;
}

status codec_snappy_compress(const uint8_t *in, size_t in_bytes, struct buffer *out,
                             struct error *err)
{
    if (in_bytes > UINT32_MAX) /* its length field */
        FAIL(err, ST_LIMIT, "snappy takes at most 4 GiB, not %zu bytes", in_bytes);
    size_t got = snappy_max_compressed_length(in_bytes);
    TRY(buffer_reserve(out, got, err));
    if (snappy_compress((const char *)in, in_bytes, (char *)out->data + out->len, &got) !=
        SNAPPY_OK)
        FAIL(err, ST_INTERNAL, "snappy: compression failed");
    out->len += got;
    return ST_OK;
}

status codec_brotli_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes,
                               struct error *err)
{
    struct codec_mem mem = {NULL, err, ST_OK};
    BrotliDecoderState *state = BrotliDecoderCreateInstance(codec_mem_alloc, codec_mem_free, &mem);
    if (!state)
        return mem.failed != ST_OK ? mem.failed
                                   : error_set(err, ST_OOM, __FILE__, __LINE__, "out of memory");
    size_t in_left = in_bytes, out_left = out_bytes, total = 0;
    BrotliDecoderResult got =
        BrotliDecoderDecompressStream(state, &in_left, &in, &out_left, &out, &total);
    const char *why = BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state));
    BrotliDecoderDestroyInstance(state);
    if (mem.failed != ST_OK)
        return mem.failed;
    if (got == BROTLI_DECODER_RESULT_ERROR)
        FAIL(err, ST_CORRUPT, "brotli data are damaged: %s", why);
    if (got != BROTLI_DECODER_RESULT_SUCCESS || in_left || out_left)
        FAIL(err, ST_CORRUPT, "brotli data do not give exactly %zu bytes", out_bytes);
    return ST_OK;
}
