// SPDX-License-Identifier: Apache-2.0
/* parquet_rle.c - Encodings.md "RLE": the hybrid of repeated and bit-packed runs, in which levels,
 * dictionary codes and some booleans are written.
 *
 *     run      repeated | packed
 *     repeated varint(count << 1), value in ceil(width / 8) bytes
 *     packed   varint(groups << 1 | 1), groups * width bytes: 8 values a group
 *
 * Typical are packed runs of 504 values between repeated ones of 8 to many thousand. The last
 * packed run may be cut short by writers that leave out the padding; what it then holds counts.
 *
 * L1  a repeated value fits its width, so codes of width w below 2^w
 * L2  a run holds at least one value, so every run entered consumes input and gives output */
#include "parquet/parquet_read_int.h"

void parquet_rle_init(struct parquet_rle *r, const uint8_t *data, size_t bytes, unsigned width)
{
    *r = (struct parquet_rle){.at = data, .end = data + bytes, .width = width, .full = 1};
    if (width == 0) /* one value is possible, and some writers store no run for it */
        r->repeat = UINT64_MAX;
}

void parquet_rle_init_levels(struct parquet_rle *r, const uint8_t *data, size_t bytes,
                             unsigned most)
{
    parquet_rle_init(r, data, bytes, 32 - (unsigned)__builtin_clz(most));
    r->full = most;
}

void parquet_rle_init_bits(struct parquet_rle *r, const uint8_t *data, size_t n)
{
    const uint8_t *end = data + (n + 7) / 8;
    *r = (struct parquet_rle){
        .at = end, .end = end, .width = 1, .full = 1, .packed = n, .bits = data};
}

/* LEB128 of at most 32 bits; most run headers are one byte. */
static bool read_header(struct parquet_rle *r, uint32_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 35 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *out = (uint32_t)v;
            return v <= UINT32_MAX;
        }
    }
    return false;
}

status parquet_rle_peek(struct parquet_rle *r, struct error *err)
{
    uint32_t header;
    if (r->repeat || r->packed)
        return ST_OK;
    if (r->at == r->end)
        FAIL(err, ST_CORRUPT, "the runs end before the page's values do");
    if (!read_header(r, &header))
        FAIL(err, ST_CORRUPT, "a run's length is not readable");
    size_t left = (size_t)(r->end - r->at);
    if (header & 1) {
        uint64_t groups = header >> 1, bytes = groups * r->width;
        r->packed = groups * 8;
        if (bytes > left) {
            bytes = left;
            r->packed = (uint64_t)left * 8 / r->width;
        }
        r->bits = r->at;
        r->first = 0;
        r->at += bytes;
    } else {
        unsigned bytes = (r->width + 7) / 8;
        if (bytes > left)
            FAIL(err, ST_CORRUPT, "a run's value is cut short");
        r->value = 0;
        for (unsigned i = 0; i < bytes; i++)
            r->value |= (uint32_t)r->at[i] << 8 * i;
        if (r->width < 32 && r->value >> r->width) /* L1 */
            FAIL(err, ST_CORRUPT, "a run's value %u has more than %u bits", r->value, r->width);
        r->at += bytes;
        r->repeat = header >> 1;
    }
    if (!r->repeat && !r->packed) /* L2 */
        FAIL(err, ST_CORRUPT, "a run is empty");
    return ST_OK;
}

/* Both widths of codes: fill from repeated runs, unpack from packed ones. */
#define RLE_DECODE(name, type, unpack)                                                             \
    status name(struct parquet_rle *r, size_t n, uint64_t stop, type *out, size_t *got,            \
                struct error *err)                                                                 \
    {                                                                                              \
        size_t i = 0;                                                                              \
        while (i < n) {                                                                            \
            TRY(parquet_rle_peek(r, err));                                                         \
            if (r->repeat) {                                                                       \
                if (r->repeat >= stop && i > 0)                                                    \
                    break;                                                                         \
                size_t now = r->repeat < n - i ? (size_t)r->repeat : n - i;                        \
                for (size_t k = 0; k < now; k++)                                                   \
                    out[i + k] = (type)r->value;                                                   \
                r->repeat -= now;                                                                  \
                i += now;                                                                          \
            } else {                                                                               \
                size_t now = r->packed < n - i ? (size_t)r->packed : n - i;                        \
                unpack(r->bits, r->width, r->first, now, out + i);                                 \
                r->packed -= now;                                                                  \
                r->first += now;                                                                   \
                i += now;                                                                          \
            }                                                                                      \
        }                                                                                          \
        *got = i;                                                                                  \
        return ST_OK;                                                                              \
    }
RLE_DECODE(parquet_rle_u16, uint16_t, kernel_unpack_u16)
RLE_DECODE(parquet_rle_u32, uint32_t, kernel_unpack_u32)

/* ---- levels ---------------------------------------------------------------------------------- */

#define LEVELS_AT_ONCE 256

static status level_check(const struct parquet_rle *r, uint32_t level, struct error *err)
{
    if (level > r->full)
        FAIL(err, ST_CORRUPT, "a level is %u, the most is %u", level, r->full);
    return ST_OK;
}

/* The next n of a packed run: ORed into `words` (NULL: only counted) from bit `at` on. */
static status packed_levels(struct parquet_rle *r, size_t n, uint64_t *words, size_t at,
                            size_t *count, struct error *err)
{
    uint16_t levels[LEVELS_AT_ONCE];
    if (r->width == 1) {
        *count = words ? kernel_copy_bits(r->bits, r->first, n, words, at)
                       : kernel_count_bits(r->bits, r->first, n);
        return ST_OK;
    }
    *count = 0;
    for (size_t i = 0; i < n; i += LEVELS_AT_ONCE) {
        size_t now = n - i < LEVELS_AT_ONCE ? n - i : LEVELS_AT_ONCE;
        kernel_unpack_u16(r->bits, r->width, r->first + i, now, levels);
        TRY(level_check(r, kernel_max_u16(levels, now), err));
        *count += kernel_equal_u16(levels, now, (uint16_t)r->full, words, at + i);
    }
    return ST_OK;
}

status parquet_rle_bits(struct parquet_rle *r, size_t n, uint64_t *words, size_t *ones,
                        struct error *err)
{
    memset(words, 0, (n + 63) / 64 * sizeof(*words));
    *ones = 0;
    for (size_t i = 0; i < n;) {
        TRY(parquet_rle_peek(r, err));
        size_t now;
        if (r->repeat) {
            now = r->repeat < n - i ? (size_t)r->repeat : n - i;
            TRY(level_check(r, r->value, err));
            if (r->value == r->full) {
                kernel_set_bits(words, i, now);
                *ones += now;
            }
            r->repeat -= now;
        } else {
            now = r->packed < n - i ? (size_t)r->packed : n - i;
            size_t set;
            TRY(packed_levels(r, now, words, i, &set, err));
            *ones += set;
            r->packed -= now;
            r->first += now;
        }
        i += now;
    }
    return ST_OK;
}

status parquet_rle_count(struct parquet_rle *r, uint64_t n, uint64_t *ones, struct error *err)
{
    *ones = 0;
    while (n > 0) {
        TRY(parquet_rle_peek(r, err));
        uint64_t now;
        if (r->repeat) {
            now = r->repeat < n ? r->repeat : n;
            TRY(level_check(r, r->value, err));
            *ones += r->value == r->full ? now : 0;
            r->repeat -= now;
        } else {
            now = r->packed < n ? r->packed : n;
            size_t set;
            TRY(packed_levels(r, (size_t)now, NULL, 0, &set, err));
            *ones += set;
            r->packed -= now;
            r->first += (size_t)now;
        }
        n -= now;
    }
    return ST_OK;
}

status parquet_rle_skip(struct parquet_rle *r, uint64_t n, struct error *err)
{
    while (n > 0) {
        TRY(parquet_rle_peek(r, err));
        uint64_t now = r->repeat + r->packed < n ? r->repeat + r->packed : n;
        if (r->repeat) {
            r->repeat -= now;
        } else {
            r->packed -= now;
            r->first += (size_t)now;
        }
        n -= now;
    }
    return ST_OK;
}
