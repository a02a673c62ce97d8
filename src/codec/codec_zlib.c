// SPDX-License-Identifier: Apache-2.0
/* codec_zlib.c - gzip (RFC 1952) and bare deflate (RFC 1951) over zlib.
 *
 * zlib counts in 32 bits, so input and output are handed over in pieces. Members of a gzip file
 * that stand one behind the other are one result (RFC 1952, 2.2); anything else behind the end is
 * corruption, with one exception: Avro's and Iceberg's Python writers make bare deflate by cutting
 * a zlib stream, and leave three bytes of its check sum behind the data. */
#include "codec/codec_int.h"

#include <zlib.h>

#define PIECE_BYTES ((size_t)1 << 30)
#define ADLER_BYTES 4 /* a zlib wrapper's check sum */

/* zlib's windowBits: 15 = 32 KiB, + 16 = gzip wrapper, negative = no wrapper. */
static int window_bits(enum codec c)
{
    return c == CODEC_GZIP ? 15 + 16 : -15;
}

static voidpf zlib_alloc(voidpf mem, uInt items, uInt size)
{
    return codec_mem_alloc(mem, (size_t)items * size);
}

static void zlib_free(voidpf mem, voidpf block)
{
    codec_mem_free(mem, block);
}

static status zlib_failed(const z_stream *z, enum codec c, int code, const struct codec_mem *mem,
                          struct error *err)
{
    if (mem->failed != ST_OK)
        return mem->failed;
    FAIL(err, ST_CORRUPT, "%s data are damaged near byte %lu: %s", codec_name(c), z->total_in,
         z->msg ? z->msg : zError(code));
}

/* One input and where it stands. */
struct inflater {
    z_stream z;
    struct codec_mem mem;
    enum codec codec;
    const uint8_t *in; /* borrowed: not yet handed to zlib */
    size_t in_bytes;   /* left at `in` */
    bool ended;        /* the last member is complete and no input is left */
};

static status inflater_init(struct inflater *f, enum codec c, const uint8_t *in, size_t in_bytes,
                            struct mem_account *account, struct error *err)
{
    *f =
        (struct inflater){.mem = {account, err, ST_OK}, .codec = c, .in = in, .in_bytes = in_bytes};
    f->z.zalloc = zlib_alloc;
    f->z.zfree = zlib_free;
    f->z.opaque = &f->mem;
    int code = inflateInit2(&f->z, window_bits(c));
    return code == Z_OK ? ST_OK : zlib_failed(&f->z, c, code, &f->mem, err);
}

/* Writes at most `room` bytes (1 or more) to `out`; fewer only when the input ended. */
static status inflater_run(struct inflater *f, uint8_t *out, size_t room, size_t *written,
                           struct error *err)
{
    size_t left = room;
    while (left > 0 && !f->ended) {
        if (f->z.avail_in == 0) {
            size_t piece = f->in_bytes < PIECE_BYTES ? f->in_bytes : PIECE_BYTES;
            f->z.next_in = (Bytef *)(uintptr_t)f->in; /* zlib's field lacks const */
            f->z.avail_in = (uInt)piece;
            f->in += piece;
            f->in_bytes -= piece;
        }
        uInt out_piece = (uInt)(left < PIECE_BYTES ? left : PIECE_BYTES);
        f->z.next_out = out + (room - left);
        f->z.avail_out = out_piece;
        int code = inflate(&f->z, Z_NO_FLUSH);
        left -= out_piece - f->z.avail_out;
        if (code == Z_STREAM_END) {
            size_t more = f->z.avail_in + f->in_bytes;
            if (f->codec != CODEC_GZIP && more > ADLER_BYTES)
                FAIL(err, ST_CORRUPT, "deflate data end at byte %lu, before the input does",
                     f->z.total_in);
            if (f->codec == CODEC_GZIP && more > 0)
                code = inflateReset(&f->z);
            else
                f->ended = true;
        }
        /* Z_BUF_ERROR: no progress, so the input ended inside a member. */
        if (code != Z_OK && code != Z_STREAM_END)
            return zlib_failed(&f->z, f->codec, code, &f->mem, err);
    }
    *written = room - left;
    return ST_OK;
}

status codec_zlib_decompress(enum codec c, const uint8_t *in, size_t in_bytes, uint8_t *out,
                             size_t out_bytes, struct error *err)
{
    struct inflater f;
    size_t written = 0, beyond = 0;
    uint8_t extra;
    status st;
    TRY(inflater_init(&f, c, in, in_bytes, NULL, err));
    TRY_DONE(inflater_run(&f, out, out_bytes, &written, err));
    if (written < out_bytes)
        FAIL_DONE(err, ST_CORRUPT, "%s data give %zu bytes, not %zu", codec_name(c), written,
                  out_bytes);
    /* The end of the stream must follow, without another byte. */
    TRY_DONE(inflater_run(&f, &extra, 1, &beyond, err));
    if (beyond)
        FAIL_DONE(err, ST_CORRUPT, "%s data give more than %zu bytes", codec_name(c), out_bytes);
done:
    inflateEnd(&f.z);
    return st;
}

status codec_zlib_append(enum codec c, const uint8_t *in, size_t in_bytes, struct buffer *out,
                         struct error *err)
{
    struct inflater f;
    status st = ST_OK;
    TRY(inflater_init(&f, c, in, in_bytes, out->account, err));
    while (!f.ended) {
        size_t written;
        TRY_DONE(buffer_reserve(out, 1, err));
        TRY_DONE(inflater_run(&f, out->data + out->len, out->size_bytes - out->len, &written, err));
        out->len += written;
    }
done:
    inflateEnd(&f.z);
    return st;
}

status codec_zlib_compress(enum codec c, int level, const uint8_t *in, size_t in_bytes,
                           struct buffer *out, struct error *err)
{
    struct codec_mem mem = {out->account, err, ST_OK};
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = &mem};
    status st = ST_OK;
    if (level < 0 || level > 9)
        FAIL(err, ST_INVALID, "%s has levels 1 to 9, not %d", codec_name(c), level);
    int code = deflateInit2(&z, level ? level : 6, Z_DEFLATED, window_bits(c), 8, 0);
    if (code != Z_OK)
        return zlib_failed(&z, c, code, &mem, err);
    size_t left = in_bytes;
    z.next_in = (Bytef *)(uintptr_t)in;
    while (code != Z_STREAM_END) {
        if (z.avail_in == 0) {
            z.avail_in = (uInt)(left < PIECE_BYTES ? left : PIECE_BYTES);
            left -= z.avail_in;
        }
        TRY_DONE(buffer_reserve(out, 64, err));
        size_t room = out->size_bytes - out->len;
        uInt piece = (uInt)(room < PIECE_BYTES ? room : PIECE_BYTES);
        z.next_out = out->data + out->len;
        z.avail_out = piece;
        code = deflate(&z, left ? Z_NO_FLUSH : Z_FINISH);
        out->len += piece - z.avail_out;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            FAIL_DONE(err, ST_INTERNAL, "%s: %s", codec_name(c), zError(code));
    }
done:
    deflateEnd(&z);
    return st;
}
