// SPDX-License-Identifier: Apache-2.0
/* codec_zstd.c - zstd frames (RFC 8878) over libzstd.
 *
 * Contexts are made with libzstd's custom allocator, which its shared library exports although the
 * header calls it "static only". A frame's window is a claim; the library refuses more than 128 MiB
 * and the account may refuse less. */
#include "codec/codec_int.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

static status zstd_failed(size_t code, const struct codec_mem *mem, struct error *err)
{
    if (mem->failed != ST_OK)
        return mem->failed;
    FAIL(err, ST_CORRUPT, "zstd data are damaged: %s", ZSTD_getErrorName(code));
}

static status decoder_create(struct codec_mem *mem, ZSTD_DCtx **out, struct error *err)
{
    *out = ZSTD_createDCtx_advanced((ZSTD_customMem){codec_mem_alloc, codec_mem_free, mem});
    if (!*out && mem->failed != ST_OK)
        return mem->failed;
    if (!*out)
        FAIL(err, ST_OOM, "out of memory for a zstd decoder");
    return ST_OK;
}

/* ---- contexts kept between calls ------------------------------------------------------------- */

void codec_zstd_reset(struct codec_work *w)
{
    ZSTD_freeDCtx(w->decoder);
    ZSTD_freeCCtx(w->encoder);
    w->decoder = w->encoder = NULL;
}

/* From here to `leave` libzstd's allocations report to err. */
static void enter(struct codec_work *w, struct error *err)
{
    w->mem.err = err;
    w->mem.failed = ST_OK;
}

static void leave(struct codec_work *w, bool failed)
{
    w->mem.err = NULL;
    if (failed)
        codec_zstd_reset(w);
}

status codec_zstd_decompress(struct codec_work *w, const uint8_t *in, size_t in_bytes, uint8_t *out,
                             size_t out_bytes, struct error *err)
{
    enter(w, err);
    if (!w->decoder)
        TRY(decoder_create(&w->mem, (ZSTD_DCtx **)&w->decoder, err));
    size_t got = ZSTD_decompressDCtx(w->decoder, out, out_bytes, in, in_bytes);
    leave(w, ZSTD_isError(got));
    if (ZSTD_isError(got))
        return zstd_failed(got, &w->mem, err);
    if (got != out_bytes)
        FAIL(err, ST_CORRUPT, "zstd data give %zu bytes, not %zu", got, out_bytes);
    return ST_OK;
}

status codec_zstd_compress(struct codec_work *w, int level, const uint8_t *in, size_t in_bytes,
                           struct buffer *out, struct error *err)
{
    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel())
        FAIL(err, ST_INVALID, "zstd has levels up to %d, not %d", ZSTD_maxCLevel(), level);
    TRY(buffer_reserve(out, ZSTD_compressBound(in_bytes), err));
    enter(w, err);
    if (!w->encoder)
        w->encoder =
            ZSTD_createCCtx_advanced((ZSTD_customMem){codec_mem_alloc, codec_mem_free, &w->mem});
    if (!w->encoder)
        return w->mem.failed != ST_OK ? w->mem.failed
                                      : error_set(err, ST_OOM, __FILE__, __LINE__, "out of memory");
    size_t got = ZSTD_compressCCtx(w->encoder, out->data + out->len, out->size_bytes - out->len, in,
                                   in_bytes, level ? level : 3);
    leave(w, ZSTD_isError(got));
    if (ZSTD_isError(got) && w->mem.failed != ST_OK)
        return w->mem.failed;
    if (ZSTD_isError(got))
        FAIL(err, ST_INTERNAL, "zstd: %s", ZSTD_getErrorName(got));
    out->len += got;
    return ST_OK;
}

/* ---- data of unknown size -------------------------------------------------------------------- */

status codec_zstd_append(const uint8_t *in, size_t in_bytes, struct buffer *out, struct error *err)
{
    struct codec_mem mem = {out->account, err, ST_OK};
    ZSTD_inBuffer from = {in, in_bytes, 0};
    ZSTD_DCtx *ctx;
    status st = ST_OK;
    size_t hint = 0;   /* 0 = a frame has just ended */
    bool full = false; /* the last call filled its output, so more may wait inside */
    if (in_bytes == 0)
        FAIL(err, ST_CORRUPT, "zstd data are empty");
    TRY(decoder_create(&mem, &ctx, err));
    while (from.pos < from.size || full) {
        TRY_DONE(buffer_reserve(out, 1, err));
        ZSTD_outBuffer to = {out->data + out->len, out->size_bytes - out->len, 0};
        hint = ZSTD_decompressStream(ctx, &to, &from);
        if (ZSTD_isError(hint)) {
            st = zstd_failed(hint, &mem, err);
            goto done;
        }
        out->len += to.pos;
        full = hint != 0 && to.pos == to.size;
    }
    if (hint != 0)
        FAIL_DONE(err, ST_CORRUPT, "zstd data end inside a frame");
done:
    ZSTD_freeDCtx(ctx);
    return st;
}
