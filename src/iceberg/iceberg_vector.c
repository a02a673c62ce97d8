// SPDX-License-Identifier: Apache-2.0
/* iceberg_vector.c - deletion vectors (spec "Deletion Vectors", Puffin blob deletion-vector-v1).
 *
 *     content_offset ->  length      4 bytes, big-endian: of magic and vector
 *                        magic       D1 D3 39 64
 *                        vector      a 64-bit Roaring bitmap (base/rowset_roaring.c)
 *                        CRC-32      4 bytes, big-endian: of magic and vector
 *
 * Nothing is trusted before the CRC has been checked, and nothing after: the bitmap is well-formed,
 * the manifest's record count agrees, no byte is left. */
#include "iceberg/iceberg_int.h"

#include <zlib.h>

#define MAGIC       0x6439D3D1u /* as bytes_u32le reads it */
#define FRAME_BYTES 8           /* length and CRC */
#define LEAST_BYTES (FRAME_BYTES + 4 + 8)
#define MOST_BYTES  (1u << 30)

static uint32_t load_u32be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- the blob ---------------------------------------------------------------------------------- */

status iceberg_vector_decode(const void *blob, size_t bytes, int64_t records, struct rowset *out,
                             struct error *err)
{
    const uint8_t *p = blob;
    uint32_t magic;
    int64_t rows;
    if (bytes < LEAST_BYTES || load_u32be(p) != bytes - FRAME_BYTES)
        FAIL(err, ST_CORRUPT, "a deletion vector of %zu bytes says that it has %u", bytes,
             bytes < 4 ? 0 : load_u32be(p));
    uint32_t crc = (uint32_t)crc32_z(0, p + 4, bytes - FRAME_BYTES);
    if (crc != load_u32be(p + bytes - 4))
        FAIL(err, ST_CORRUPT, "the CRC is %08x, not %08x", crc, load_u32be(p + bytes - 4));
    struct bytes in = bytes_of(p + 4, bytes - FRAME_BYTES);
    TRY(bytes_u32le(&in, &magic, err));
    if (magic != MAGIC)
        FAIL(err, ST_CORRUPT, "no deletion vector: it begins with %08x", magic);
    TRY(rowset_parse(&in, out, &rows, err));
    if (bytes_left(&in) > 0)
        FAIL(err, ST_CORRUPT, "%zu bytes are left behind the last bitmap", bytes_left(&in));
    if (rows != records)
        FAIL(err, ST_CORRUPT, "a deletion vector of %lld rows, its manifest says %lld",
             (long long)rows, (long long)records);
    return ST_OK;
}

status iceberg_vector_read(struct store *store, const struct iceberg_data_file *vector,
                           struct mem_account *account, struct rowset *out, struct error *err)
{
    struct store_file *file;
    void *blob = NULL;
    if (vector->content_bytes > MOST_BYTES ||
        vector->content_offset > vector->bytes - vector->content_bytes)
        FAIL(err, ST_CORRUPT, "deletion vector at %lld of %lld bytes in %.*s, which has %lld",
             (long long)vector->content_offset, (long long)vector->content_bytes,
             STR_ARG(vector->path), (long long)vector->bytes);
    size_t bytes = (size_t)vector->content_bytes;
    TRY(store_open(store, vector->path, vector->bytes, &file, err));
    status st = mem_alloc(account, bytes, &blob, err);
    if (st == ST_OK)
        st = store_read(file, vector->content_offset, blob, bytes, err);
    if (st == ST_OK)
        st = iceberg_vector_decode(blob, bytes, vector->records, out, err);
    if (st != ST_OK)
        error_context(err, "deletion vector at %lld in %.*s", (long long)vector->content_offset,
                      STR_ARG(vector->path));
    mem_free(account, blob, blob ? bytes : 0);
    store_close(file);
    return st;
}
