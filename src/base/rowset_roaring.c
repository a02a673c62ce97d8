// SPDX-License-Identifier: Apache-2.0
/* rowset_roaring.c - sets of rows as bytes: the 64-bit Roaring bitmap in its portable form
 * (RoaringFormatSpec, "Extension for 64-bit implementations"), as Iceberg's deletion vectors hold
 * it.
 *
 *     bitmaps     8 bytes: how many follow
 *     each:       key 4 bytes (high half of the row numbers), and a bitmap (low half):
 *
 *     cookie      12346: no runs, container count in 4 bytes
 *                 12347: count - 1 in the upper half, then a bit for each container: it is made of
 *                        runs
 *     headers     key u16, cardinality - 1 u16 of each container
 *     offsets     u32 of each, from the cookie; left out with runs and fewer than 4 containers
 *     containers  runs (count, then start and length - 1), ascending u16 (up to 4,096), or 8 KiB of
 *                 bits
 *
 * All is little-endian. Nothing that is read is trusted: keys and numbers ascend, cardinalities
 * agree; offsets are not looked at, as containers stand one behind the other. What is written takes
 * runs wherever they are shorter, so that equal sets are equal bytes. */
#include "base/rowset.h"

#include "base/buffer.h"
#include "base/bytes.h"

#define COOKIE_PLAIN    12346
#define COOKIE_RUNS     12347
#define OFFSETS_FROM    4 /* containers, when there are runs */
#define MOST_NUMBERS    4096
#define BITS_BYTES      8192
#define BITS_WORDS      (BITS_BYTES / 8)
#define MOST_CONTAINERS 65536 /* of a bitmap; each has ROWSET_CHUNK_ROWS rows */
#define BITMAP_ROWS     ((int64_t)MOST_CONTAINERS * ROWSET_CHUNK_ROWS)

/* ---- in: each container gives its rows from `base` on ----------------------------------------- */

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
    for (uint32_t w = 0; w < BITS_WORDS; w++) {
        uint64_t bits = load_u64le(p + 8 * w);
        total += (uint32_t)__builtin_popcountll(bits);
        for (; bits; bits &= bits - 1)
            TRY(rowset_add(out, base + w * 64 + __builtin_ctzll(bits), err));
    }
    if (total != cardinality)
        FAIL(err, ST_CORRUPT, "%u bits are set, their header says %u", total, cardinality);
    return ST_OK;
}

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

status rowset_parse(struct bytes *in, struct rowset *out, int64_t *named, struct error *err)
{
    uint32_t key, before = 0;
    uint64_t bitmaps;
    *named = 0;
    TRY(bytes_u64le(in, &bitmaps, err));
    for (uint64_t i = 0; i < bitmaps; i++) {
        TRY(bytes_u32le(in, &key, err));
        if (key > INT32_MAX || (i > 0 && key <= before))
            FAIL(err, ST_CORRUPT, "bitmaps do not ascend, or key %u is negative", key);
        before = key;
        TRY(read_bitmap(in, key, named, out, err));
    }
    return ST_OK;
}

/* ---- out --------------------------------------------------------------------------------------- */

/* The rows of one container. */
struct container {
    uint32_t high; /* its number in the bitmap */
    uint32_t cardinality, runs;
    uint64_t words[BITS_WORDS];
};

/* The container of the least member that is not below `from`, if one is below `end`. */
static bool next_container(const struct rowset *s, int64_t from, int64_t end, struct container *c)
{
    uint64_t carry = 0;
    int64_t row = rowset_next(s, from);
    if (row < 0 || row >= end)
        return false;
    int64_t first = row / ROWSET_CHUNK_ROWS * ROWSET_CHUNK_ROWS, rows = s->limit - first;
    memset(c->words, 0, sizeof(c->words));
    c->high = (uint32_t)(first / ROWSET_CHUNK_ROWS % MOST_CONTAINERS);
    c->cardinality = (uint32_t)rowset_mask(
        s, first, rows < ROWSET_CHUNK_ROWS ? rows : ROWSET_CHUNK_ROWS, c->words);
    c->runs = 0;
    for (size_t i = 0; i < BITS_WORDS; i++) { /* a run begins where the bit before is not set */
        c->runs += (uint32_t)__builtin_popcountll(c->words[i] & ~(c->words[i] << 1 | carry));
        carry = c->words[i] >> 63;
    }
    return true;
}

static bool by_numbers(const struct container *c)
{
    return c->cardinality <= MOST_NUMBERS;
}

static bool by_runs(const struct container *c)
{
    return 2 + 4 * c->runs < (by_numbers(c) ? 2 * c->cardinality : BITS_BYTES);
}

static void store_u16le(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static status put_u16(struct buffer *out, uint32_t v, struct error *err)
{
    uint8_t bytes[2];
    store_u16le(bytes, v);
    return buffer_append(out, bytes, sizeof(bytes), err);
}

static status put_u32(struct buffer *out, uint32_t v, struct error *err)
{
    uint8_t bytes[4];
    store_u32le(bytes, v);
    return buffer_append(out, bytes, sizeof(bytes), err);
}

static status put_numbers(const struct container *c, struct buffer *out, struct error *err)
{
    for (uint32_t i = 0; i < BITS_WORDS; i++)
        for (uint64_t w = c->words[i]; w; w &= w - 1)
            TRY(put_u16(out, i * 64 + (uint32_t)__builtin_ctzll(w), err));
    return ST_OK;
}

static status put_runs(const struct container *c, struct buffer *out, struct error *err)
{
    int32_t start = -1;
    TRY(put_u16(out, c->runs, err));
    for (int32_t i = 0; i <= ROWSET_CHUNK_ROWS; i++) {
        bool in = i < ROWSET_CHUNK_ROWS && (c->words[i / 64] >> (i % 64) & 1);
        if (in && start < 0) {
            start = i;
        } else if (!in && start >= 0) {
            TRY(put_u16(out, (uint32_t)start, err));
            TRY(put_u16(out, (uint32_t)(i - start - 1), err));
            start = -1;
        }
    }
    return ST_OK;
}

static status put_container(const struct container *c, struct buffer *out, struct error *err)
{
    return by_runs(c)      ? put_runs(c, out, err)
           : by_numbers(c) ? put_numbers(c, out, err)
                           : buffer_append(out, c->words, BITS_BYTES, err);
}

/* Where the parts of a bitmap begin in the buffer. */
struct places {
    size_t start, flags, headers, offsets; /* flags, offsets 0: left out */
};

/* Cookie, and zeros for flags, headers and offsets. */
static status put_head(uint32_t containers, bool runs, struct buffer *out, struct places *at,
                       struct error *err)
{
    *at = (struct places){.start = out->len};
    TRY(put_u32(out, runs ? COOKIE_RUNS | (containers - 1) << 16 : COOKIE_PLAIN, err));
    if (!runs)
        TRY(put_u32(out, containers, err));
    size_t flags = runs ? (containers + 7) / 8 : 0, headers = (size_t)containers * 4;
    size_t offsets = !runs || containers >= OFFSETS_FROM ? headers : 0;
    TRY(buffer_reserve(out, flags + headers + offsets, err));
    memset(out->data + out->len, 0, flags + headers + offsets);
    at->flags = runs ? out->len : 0;
    at->headers = out->len + flags;
    at->offsets = offsets ? at->headers + headers : 0;
    out->len += flags + headers + offsets;
    return ST_OK;
}

/* The members in [from, from + BITMAP_ROWS), of which there are some. */
static status put_bitmap(const struct rowset *s, int64_t from, struct buffer *out,
                         struct error *err)
{
    struct container c;
    struct places at;
    bool runs = false;
    uint32_t containers = 0;
    int64_t end = from + BITMAP_ROWS;
    for (int64_t row = from; next_container(s, row, end, &c); containers++) {
        runs |= by_runs(&c);
        row = from + (c.high + INT64_C(1)) * ROWSET_CHUNK_ROWS;
    }
    TRY(put_u32(out, (uint32_t)(from / BITMAP_ROWS), err));
    TRY(put_head(containers, runs, out, &at, err));
    int64_t row = from;
    for (uint32_t i = 0; next_container(s, row, end, &c); i++) {
        store_u16le(out->data + at.headers + 4 * i, c.high);
        store_u16le(out->data + at.headers + 4 * i + 2, c.cardinality - 1);
        if (at.offsets)
            store_u32le(out->data + at.offsets + 4 * i, (uint32_t)(out->len - at.start));
        if (by_runs(&c))
            out->data[at.flags + i / 8] |= (uint8_t)(1u << (i % 8));
        TRY(put_container(&c, out, err));
        row = from + (c.high + INT64_C(1)) * ROWSET_CHUNK_ROWS;
    }
    return ST_OK;
}

status rowset_put(const struct rowset *s, struct buffer *out, struct error *err)
{
    uint64_t bitmaps = 0;
    size_t at = out->len;
    uint8_t none[8] = {0};
    TRY(buffer_append(out, none, sizeof(none), err));
    for (int64_t row = rowset_next(s, 0); row >= 0; bitmaps++) {
        int64_t from = row / BITMAP_ROWS * BITMAP_ROWS;
        TRY(put_bitmap(s, from, out, err));
        row = s->limit - from > BITMAP_ROWS ? rowset_next(s, from + BITMAP_ROWS) : -1;
    }
    store_u64le(out->data + at, bitmaps);
    return ST_OK;
}
