// SPDX-License-Identifier: Apache-2.0
/* codec_lz4.c - lz4 blocks, bare and in the two framings that stand under Parquet's old codec LZ4.
 *
 *     Hadoop   { raw bytes (u32 BE) | { stored bytes (u32 BE) | block } ... } ...
 *     frame    04 22 4D 18 | flags | block size | [content size, 8] | [dictionary, 4] | check
 *              { stored bytes (u32 LE; top bit: not compressed) | block | [check] } ... 0 | [check]
 *     bare     block
 *
 * Which of them was written nobody says (Compression.md, "LZ4"): Hadoop's is that of Java, frames and
 * bare blocks are those of early C++. They are tried in this order; each has to give exactly the bytes
 * wanted. lz4 decompresses without allocating and compresses in a table of ours. */
#include "codec/codec_int.h"

#include "base/bytes.h"

#include <limits.h>
#include <lz4.h>
#include <xxhash.h>

status codec_lz4_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes,
                            struct error *err)
{
    if (in_bytes > INT_MAX || out_bytes > INT_MAX)
        FAIL(err, ST_LIMIT, "an lz4 block has at most %d bytes", INT_MAX);
    int got = LZ4_decompress_safe((const char *)in, (char *)out, (int)in_bytes, (int)out_bytes);
    if (got < 0)
        FAIL(err, ST_CORRUPT, "lz4 data are damaged, or give more than %zu bytes", out_bytes);
    if ((size_t)got != out_bytes)
        FAIL(err, ST_CORRUPT, "lz4 data give %d bytes, not %zu", got, out_bytes);
    return ST_OK;
}

status codec_lz4_compress(const uint8_t *in, size_t in_bytes, struct buffer *out, struct error *err)
{
    if (in_bytes > LZ4_MAX_INPUT_SIZE)
        FAIL(err, ST_LIMIT, "lz4 takes at most %d bytes, not %zu", LZ4_MAX_INPUT_SIZE, in_bytes);
    TRY(buffer_reserve(out, (size_t)LZ4_compressBound((int)in_bytes), err));
    size_t room = out->size_bytes - out->len;
    void *state;
    TRY(mem_alloc(out->account, (size_t)LZ4_sizeofState(), &state, err));
    int got = LZ4_compress_fast_extState(state, (const char *)in, (char *)out->data + out->len,
                                         (int)in_bytes, room > INT_MAX ? INT_MAX : (int)room, 1);
    mem_free(out->account, state, (size_t)LZ4_sizeofState());
    if (got <= 0)
        FAIL(err, ST_INTERNAL, "lz4: compression failed");
    out->len += (size_t)got;
    return ST_OK;
}

/* ---- Hadoop's framing ------------------------------------------------------------------------ */

static bool take_u32be(struct bytes *in, uint32_t *out)
{
    const uint8_t *p;
    if (bytes_take(in, 4, &p, NULL) != ST_OK)
        return false;
    *out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return true;
}

/* Blocks until `raw` bytes have come out. */
static bool hadoop_blocks(struct bytes *in, uint32_t raw, uint8_t *out)
{
    size_t at = 0;
    while (at < raw) {
        uint32_t stored;
        const uint8_t *block;
        if (!take_u32be(in, &stored) || stored > INT_MAX ||
            bytes_take(in, stored, &block, NULL) != ST_OK)
            return false;
        int got = LZ4_decompress_safe((const char *)block, (char *)out + at, (int)stored,
                                      (int)(raw - at));
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

static bool hadoop_decompress(struct bytes in, uint8_t *out, size_t out_bytes)
{
    size_t at = 0;
    while (bytes_left(&in) > 0) {
        uint32_t raw;
        if (!take_u32be(&in, &raw) || raw > INT_MAX || raw > out_bytes - at ||
            !hadoop_blocks(&in, raw, out + at))
            return false;
        at += raw;
    }
    return at == out_bytes;
}

/* ---- frames ---------------------------------------------------------------------------------- */

enum {
    FRAME_MAGIC = 0x184D2204,
    FRAME_DICTIONARY = 0x01,
    FRAME_CONTENT_CHECK = 0x04,
    FRAME_CONTENT_SIZE = 0x08,
    FRAME_BLOCK_CHECK = 0x10,
    FRAME_INDEPENDENT = 0x20,
    FRAME_VERSION = 0xC0, /* of which 01 is the only one */
    FRAME_WINDOW = 65536  /* bytes before a linked block that it may copy from */
};

static bool check_follows(struct bytes *in, const uint8_t *data, size_t bytes)
{
    uint32_t want;
    return bytes_u32le(in, &want, NULL) == ST_OK && XXH32(data, bytes, 0) == want;
}

/* One block behind the `at` bytes that are there. */
static bool frame_block(struct bytes *in, uint32_t size, uint8_t flags, uint8_t *out,
                        size_t out_bytes, size_t *at)
{
    bool stored = size >> 31;
    size_t bytes = size & INT32_MAX, room = out_bytes - *at;
    size_t window = flags & FRAME_INDEPENDENT ? 0 : *at < FRAME_WINDOW ? *at : FRAME_WINDOW;
    const uint8_t *block;
    if (bytes_take(in, bytes, &block, NULL) != ST_OK)
        return false;
    if (stored) {
        if (bytes > room)
            return false;
        memcpy(out + *at, block, bytes);
        *at += bytes;
    } else {
        int got = LZ4_decompress_safe_usingDict((const char *)block, (char *)out + *at, (int)bytes,
                                                room > INT_MAX ? INT_MAX : (int)room,
                                                (const char *)out + *at - window, (int)window);
        if (got < 0)
            return false;
        *at += (size_t)got;
    }
    return !(flags & FRAME_BLOCK_CHECK) || check_follows(in, block, bytes);
}

static bool frame_decompress(struct bytes in, uint8_t *out, size_t out_bytes)
{
    uint32_t magic, size;
    const uint8_t *p;
    size_t at = 0;
    if (bytes_u32le(&in, &magic, NULL) != ST_OK || magic != FRAME_MAGIC ||
        bytes_take(&in, 2, &p, NULL) != ST_OK)
        return false;
    uint8_t flags = p[0];
    if ((flags & FRAME_VERSION) != 0x40 || flags & FRAME_DICTIONARY ||
        bytes_take(&in, flags & FRAME_CONTENT_SIZE ? 9 : 1, &p, NULL) != ST_OK)
        return false;
    for (;;) {
        if (bytes_u32le(&in, &size, NULL) != ST_OK)
            return false;
        if (size == 0)
            break;
        if (!frame_block(&in, size, flags, out, out_bytes, &at))
            return false;
    }
    if (flags & FRAME_CONTENT_CHECK && !check_follows(&in, out, at))
        return false;
    return at == out_bytes && bytes_left(&in) == 0;
}

status codec_lz4_old_decompress(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes,
                                struct error *err)
{
    struct bytes whole = bytes_of(in, in_bytes);
    if (hadoop_decompress(whole, out, out_bytes) || frame_decompress(whole, out, out_bytes) ||
        codec_lz4_decompress(in, in_bytes, out, out_bytes, NULL) == ST_OK)
        return ST_OK;
    FAIL(err, ST_CORRUPT,
         "lz4 data give %zu bytes neither in Hadoop's framing nor as a frame nor as a bare block",
         out_bytes);
}
