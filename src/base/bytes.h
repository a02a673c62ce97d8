// SPDX-License-Identifier: Apache-2.0
/* bytes.h - the one checked way to walk over bytes from outside.
 *
 *     struct bytes in = bytes_of(data, size);
 *     TRY(bytes_u32le(&in, &length, err));
 *     TRY(bytes_take(&in, length, &piece, err));
 *
 * Reading past the end is ST_CORRUPT with the offset; nothing is read before it is checked. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/status.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "firn is written for little-endian machines"
#endif

struct bytes {
    const uint8_t *data; /* borrowed: the whole input */
    size_t size;         /* bytes of input */
    size_t at;           /* next byte to read; at <= size */
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){data, size, 0};
}

static inline size_t bytes_left(const struct bytes *in)
{
    return in->size - in->at;
}

STATUS_MUST_USE static inline status bytes_take(struct bytes *in, uint64_t n, const uint8_t **out,
                                                struct error *err)
{
    if (n > bytes_left(in))
        FAIL(err, ST_CORRUPT, "%llu bytes wanted at offset %zu, %zu left", (unsigned long long)n,
             in->at, bytes_left(in));
    *out = in->data + in->at;
    in->at += (size_t)n;
    return ST_OK;
}

STATUS_MUST_USE static inline status bytes_u8(struct bytes *in, uint8_t *out, struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, 1, &p, err));
    *out = *p;
    return ST_OK;
}

static inline uint16_t load_u16le(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t load_u32le(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static inline uint64_t load_u64le(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline void store_u32le(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static inline void store_u64le(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

STATUS_MUST_USE static inline status bytes_u32le(struct bytes *in, uint32_t *out, struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, 4, &p, err));
    *out = load_u32le(p);
    return ST_OK;
}

STATUS_MUST_USE static inline status bytes_u64le(struct bytes *in, uint64_t *out, struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, 8, &p, err));
    *out = load_u64le(p);
    return ST_OK;
}

/* Unsigned LEB128, at most 10 bytes; bits beyond 64 are ST_CORRUPT. */
STATUS_MUST_USE status bytes_uvarint(struct bytes *in, uint64_t *out, struct error *err);
/* Zig-zag LEB128, as Avro's long and Thrift's compact integers. */
STATUS_MUST_USE status bytes_zigzag(struct bytes *in, int64_t *out, struct error *err);

#endif
