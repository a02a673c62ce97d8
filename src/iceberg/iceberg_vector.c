// SPDX-License-Identifier: Apache-2.0
/* iceberg_vector.c - deletion vectors (spec "Deletion Vectors", Puffin blob deletion-vector-v1).
 *
 *     content_offset ->  length      4 bytes, big-endian: of magic and vector
 *                        magic       D1 D3 39 64
 *                        vector      bitmaps    8 bytes: how many follow
 *                                    each: key  4 bytes (high half of the row numbers), and a Roaring
 *                                               bitmap in its portable form (low half)
 *                        CRC-32      4 bytes, big-endian: of magic and vector
 *
 *     Roaring bitmap     cookie      12346: no runs, container count in 4 bytes
 *                                    12347: count - 1 in the upper half, then a bit for each
 *                                           container: it is made of runs
 *                        headers     key u16, cardinality - 1 u16 of each container
 *                        offsets     u32 of each; left out with runs and fewer than 4 containers
 *                        containers  runs (count, then start and length - 1), ascending u16 (up to
 *                                    4,096), or 8 KiB of bits
 *
 * All else is little-endian. Nothing is trusted before the CRC has been checked, and nothing after:
 * keys and numbers ascend, cardinalities and the manifest's record count agree, no byte is left. */
#include "iceberg/iceberg_int.h"

#include <zlib.h>

#define MAGIC           0x6439D3D1u /* as bytes_u32le reads it */
#define FRAME_BYTES     8           /* length and CRC */
#define LEAST_BYTES     (FRAME_BYTES + 4 + 8)
#define MOST_BYTES      (1u << 30)
#define COOKIE_PLAIN    12346
#define COOKIE_RUNS     12347
#define OFFSETS_FROM    4 /* containers, when there are runs */
#define MOST_NUMBERS    4096
#define BITS_BYTES      8192
#define MOST_CONTAINERS 65536

static uint32_t load_u32be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- containers: each gives its rows from `base` on -------------------------------------------- */

static status read_runs(struct bytes *in, int64_t base, uint32_t cardinality, struct rowset *out,
                        struct error *err)
{
    const uint8_t *p;
    uint32_t total = 0, next = 0;
    TRY(bytes_take(in, 2, &p, err));
    uint16_t runs = load_u16le(p);
    TRY(bytes_take(in, (uint64_t)runs * 4, &p, err));
    for (uint32_t i = 0; i < runs; i++, p += 4) {
        uint32_t start = load_u16le(p), length = load_u16le(p + 2) + 1u;
        if (start < next || start + length > 65536)
            FAIL(err, ST_CORRUPT, "run of %u rows at %u does not follow the one before", length,
                 start);
        next = start + length;
        total += length;
        TRY(rowset_add_range(out, base + start, length, err));
    }
    if (total != cardinality)
        FAIL(err, ST_CORRUPT, "runs hold %u rows, their header says %u", total, cardinality);
    return ST_OK;
}

static status read_numbers(struct bytes *in, int64_t base, uint32_t cardinality, struct rowset *out,
                           struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, (uint64_t)cardinality * 2, &p, err));
    for (uint32_t i = 0; i < cardinality; i++) {
        uint16_t n = load_u16le(p + 2 * i);
        if (i > 0 && n <= load_u16le(p + 2 * i - 2))
            FAIL(err, ST_CORRUPT, "row numbers do not ascend");
        TRY(rowset_add(out, base + n, err));
    }
    return ST_OK;
}

static status read_bits(struct bytes *in, int64_t base, uint32_t cardinality, struct rowset *out,
                        struct error *err)
{
    const uint8_t *p;
    uint32_t total = 0;
    TRY(bytes_take(in, BITS_BYTES, &p, err));
    for (uint32_t w = 0; w < BITS_BYTES / 8; w++) {
        uint64_t bits = load_u64le(p + 8 * w);
        total += (uint32_t)__builtin_popcountll(bits);
        for (; bits; bits &= bits - 1)
            TRY(rowset_add(out, base + w * 64 + __builtin_ctzll(bits), err));
    }
    if (total != cardinality)
        FAIL(err, ST_CORRUPT, "%u bits are set, their header says %u", total, cardinality);
    return ST_OK;
}

/* ---- a bitmap ---------------------------------------------------------------------------------- */

struct bitmap {
    uint32_t containers;
    const uint8_t *run_flags; /* NULL: none is made of runs */
    const uint8_t *headers;   /* key, cardinality - 1 */
};

static status read_head(struct bytes *in, struct bitmap *b, struct error *err)
{
    uint32_t cookie;
    const uint8_t *offsets;
    *b = (struct bitmap){0};
    TRY(bytes_u32le(in, &cookie, err));
    if (cookie == COOKIE_PLAIN) {
        TRY(bytes_u32le(in, &b->containers, err));
    } else if ((cookie & 0xFFFF) == COOKIE_RUNS) {
        b->containers = (cookie >> 16) + 1;
        TRY(bytes_take(in, (b->containers + 7) / 8, &b->run_flags, err));
    } else {
        FAIL(err, ST_CORRUPT, "a bitmap begins with %u", cookie);
    }
    if (b->containers > MOST_CONTAINERS)
        FAIL(err, ST_CORRUPT, "a bitmap of %u containers", b->containers);
    TRY(bytes_take(in, (uint64_t)b->containers * 4, &b->headers, err));
    if (!b->run_flags || b->containers >= OFFSETS_FROM) /* containers stand one behind the other */
        TRY(bytes_take(in, (uint64_t)b->containers * 4, &offsets, err));
    return ST_OK;
}

static status read_bitmap(struct bytes *in, uint32_t key, int64_t *rows, struct rowset *out,
                          struct error *err)
{
    struct bitmap b;
    TRY(read_head(in, &b, err));
    for (uint32_t i = 0; i < b.containers; i++) {
        uint16_t high = load_u16le(b.headers + 4 * i);
        uint32_t cardinality = load_u16le(b.headers + 4 * i + 2) + 1u;
        int64_t base = (int64_t)key << 32 | (int64_t)high << 16;
        if (i > 0 && high <= load_u16le(b.headers + 4 * i - 4))
            FAIL(err, ST_CORRUPT, "containers do not ascend");
        *rows += cardinality;
        if (b.run_flags && (b.run_flags[i / 8] >> (i % 8) & 1))
            TRY(read_runs(in, base, cardinality, out, err));
        else if (cardinality <= MOST_NUMBERS)
            TRY(read_numbers(in, base, cardinality, out, err));
        else
            TRY(read_bits(in, base, cardinality, out, err));
    }
    return ST_OK;
}

/* ---- the blob ---------------------------------------------------------------------------------- */

status iceberg_vector_decode(const void *blob, size_t bytes, int64_t records, struct rowset *out,
                             struct error *err)
{
    const uint8_t *p = blob;
    uint32_t magic, key, before = 0;
    uint64_t bitmaps;
    int64_t rows = 0;
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
    TRY(bytes_u64le(&in, &bitmaps, err));
    for (uint64_t i = 0; i < bitmaps; i++) {
        TRY(bytes_u32le(&in, &key, err));
        if (key > INT32_MAX || (i > 0 && key <= before))
            FAIL(err, ST_CORRUPT, "bitmaps do not ascend, or key %u is negative", key);
        before = key;
        TRY(read_bitmap(&in, key, &rows, out, err));
    }
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
