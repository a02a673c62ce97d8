// SPDX-License-Identifier: Apache-2.0
/* parquet_bloom.c - is a value in a chunk? (BloomFilter.md of the Parquet format)
 *
 *     bloom_filter_offset  [header: numBytes, BLOCK, XXHASH, UNCOMPRESSED][bits: blocks of 32 bytes]
 *
 * A filter says "no" for certain or "perhaps". A wrong "no" silently loses rows, so:
 *
 * L1  what is hashed is exactly what a writer has stored: values whose stored bytes are not known for
 *     certain (other units of time, decimals of another scale, decimals in strings of any length, NaN)
 *     are "perhaps"; a number that the stored type cannot hold is "no"
 * L2  both zeros are asked for, because they are equal and have two hashes
 * L3  an algorithm, hash or compression of a later format is "perhaps"
 *
 * A few values cost a read of a block each; a small filter, or one for many values, is read whole. */
#include "parquet/parquet_bloom_int.h"
#include "parquet/parquet_read_int.h"

#include <math.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HEADER_MOST_BYTES 64 /* BloomFilterHeader has 11; some room for fields of later formats */
#define WHOLE_BYTES       (64 << 10)
#define FEW_VALUES        4

uint64_t parquet_bloom_hash(const void *bytes, size_t len)
{
    return XXH64(bytes, len, 0);
}

bool parquet_bloom_has(const uint8_t block[PARQUET_BLOOM_BLOCK], uint64_t hash)
{
    static const uint32_t salts[] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                     0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
    uint32_t missing = 0;
    for (size_t i = 0; i < ARRAY_LEN(salts); i++) {
        uint32_t bit = ((uint32_t)hash * salts[i]) >> 27;
        const uint8_t *word = block + 4 * i; /* little-endian */
        missing |= ~((uint32_t)word[bit / 8] >> (bit % 8)) & 1;
    }
    return !missing;
}

/* ---- a value's stored bytes ------------------------------------------------------------------ */

enum stored { STORED, STORED_NEVER, STORED_PERHAPS };

struct stored_bytes {
    uint8_t own[16];
    struct str bytes; /* in `own`, or the value's */
};

/* As `width` bytes of two's complement. */
static enum stored put_integer(int128 v, unsigned width, bool big_endian, struct stored_bytes *out)
{
    int128 beyond = width < 16 ? (int128)1 << (8 * width - 1) : 0;
    if (beyond && (v >= beyond || v < -beyond))
        return STORED_NEVER;
    for (unsigned i = 0; i < width; i++)
        out->own[big_endian ? width - 1 - i : i] = (uint8_t)((uint128)v >> (8 * i));
    out->bytes = (struct str){(const char *)out->own, width};
    return STORED;
}

static enum stored put_float(const struct parquet_leaf *leaf, double v, struct stored_bytes *out)
{
    float narrow = (float)v;
    bool fits = leaf->stored == PARQUET_DOUBLE || (double)narrow == v;
    size_t width = leaf->stored == PARQUET_DOUBLE ? sizeof(v) : sizeof(narrow);
    if (isnan(v))
        return STORED_PERHAPS;
    if (!fits)
        return STORED_NEVER;
    memcpy(out->own, leaf->stored == PARQUET_DOUBLE ? (const void *)&v : &narrow, width);
    out->bytes = (struct str){(const char *)out->own, width};
    return STORED;
}

static bool same_scale(struct column_type a, struct column_type b)
{
    return a.kind == COLUMN_DECIMAL && b.kind == COLUMN_DECIMAL && a.scale == b.scale;
}

static int128 number_of(const struct column_value *v)
{
    enum column_phys p = column_type_phys(v->type);
    return p == PHYS_I32 ? v->i32 : p == PHYS_I64 ? v->i64 : v->i128;
}

/* The numbers are stored as they are. */
static bool is_plain_number(const struct parquet_leaf *leaf, struct column_type t)
{
    struct column_type own = leaf->info.type;
    if (leaf->is_unsigned)
        return false;
    if (own.kind == COLUMN_DECIMAL)
        return same_scale(own, t);
    if (column_type_is_integer(own))
        return column_type_is_integer(t);
    return own.kind == t.kind &&
           (own.kind == COLUMN_DATE || leaf->unit == PARQUET_UNIT_US); /* L1 */
}

static enum stored stored_of(const struct parquet_leaf *leaf, const struct column_value *v,
                             struct stored_bytes *out)
{
    bool is_string = column_type_phys(v->type) == PHYS_STR && v->type.kind == leaf->info.type.kind;
    switch (leaf->stored) {
    case PARQUET_INT32:
        return is_plain_number(leaf, v->type) ? put_integer(number_of(v), 4, false, out)
                                              : STORED_PERHAPS;
    case PARQUET_INT64:
        return is_plain_number(leaf, v->type) ? put_integer(number_of(v), 8, false, out)
                                              : STORED_PERHAPS;
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        if (!column_type_is_float(v->type))
            return STORED_PERHAPS;
        return put_float(leaf, v->type.kind == COLUMN_REAL ? (double)v->f32 : v->f64, out);
    case PARQUET_FIXED:
        if (same_scale(leaf->info.type, v->type) && leaf->width <= 16)
            return put_integer(v->i128, leaf->width, true, out);
        if (is_string && v->str.len != leaf->width)
            return STORED_NEVER;
        break;
    case PARQUET_BYTE_ARRAY:
        break;
    default:
        return STORED_PERHAPS;
    }
    out->bytes = v->str;
    return is_string ? STORED : STORED_PERHAPS;
}

/* ---- one filter ------------------------------------------------------------------------------ */

struct bloom {
    const struct parquet_file *f; /* borrowed */
    int64_t bits_at;              /* offset of the first block */
    int64_t bits_bytes;
    uint8_t *whole; /* owned; NULL: blocks are read one by one */
    int64_t bytes_read;
};

/* *known false: L3. */
static status read_header(struct bloom *b, const struct parquet_chunk_place *c, bool *known,
                          struct error *err)
{
    uint8_t head[HEADER_MOST_BYTES];
    size_t n = c->bloom_bytes < (int64_t)sizeof(head) ? (size_t)c->bloom_bytes : sizeof(head);
    struct parquet_bloom_header h;
    struct arena arena;
    TRY(store_read(b->f->file, c->bloom_offset, head, n, err));
    struct bytes in = bytes_of(head, n);
    arena_init(&arena, b->f->account);
    status st = parquet_thrift_read(&parquet_shape_bloom_header, &in, &arena, &h, err);
    arena_free(&arena);
    TRY(st);
    b->bytes_read += (int64_t)n;
    *known = PARQUET_HAS(&h.algorithm, BLOOM_KNOWN) && PARQUET_HAS(&h.hash, BLOOM_KNOWN) &&
             PARQUET_HAS(&h.compression, BLOOM_KNOWN);
    int64_t header_bytes = (int64_t)(n - bytes_left(&in));
    if (*known &&
        (h.num_bytes < PARQUET_BLOOM_BLOCK || h.num_bytes % PARQUET_BLOOM_BLOCK != 0 ||
         h.num_bytes > PARQUET_BLOOM_MOST_BYTES || h.num_bytes > c->bloom_bytes - header_bytes))
        FAIL(err, ST_CORRUPT, "it claims %d bytes, behind its header there are %lld", h.num_bytes,
             (long long)(c->bloom_bytes - header_bytes));
    b->bits_at = c->bloom_offset + header_bytes;
    b->bits_bytes = h.num_bytes;
    return ST_OK;
}

static status probe_hash(struct bloom *b, uint64_t hash, bool *out, struct error *err)
{
    uint8_t one[PARQUET_BLOOM_BLOCK];
    uint64_t blocks = (uint64_t)b->bits_bytes / PARQUET_BLOOM_BLOCK;
    uint64_t at = parquet_bloom_block(hash, blocks) * PARQUET_BLOOM_BLOCK;
    if (!b->whole) {
        TRY(store_read(b->f->file, b->bits_at + (int64_t)at, one, sizeof(one), err));
        b->bytes_read += (int64_t)sizeof(one);
    }
    *out = parquet_bloom_has(b->whole ? b->whole + at : one, hash);
    return ST_OK;
}

static status probe_value(struct bloom *b, const struct parquet_leaf *leaf,
                          const struct column_value *v, bool *out, struct error *err)
{
    struct stored_bytes s;
    enum stored how = stored_of(leaf, v, &s);
    *out = how == STORED_PERHAPS;
    if (how != STORED)
        return ST_OK;
    TRY(probe_hash(b, parquet_bloom_hash(s.bytes.ptr, s.bytes.len), out, err));
    bool is_zero = column_type_is_float(v->type) &&
                   (v->type.kind == COLUMN_REAL ? (double)v->f32 : v->f64) == 0;
    if (*out || !is_zero)
        return ST_OK;
    s.own[s.bytes.len - 1] ^= 0x80; /* L2: the sign */
    return probe_hash(b, parquet_bloom_hash(s.bytes.ptr, s.bytes.len), out, err);
}

static status probe(struct bloom *b, const struct parquet_chunk_place *c,
                    const struct parquet_leaf *leaf, const struct column_value *values,
                    size_t count, bool *out, struct error *err)
{
    bool known;
    TRY(read_header(b, c, &known, err));
    if (!known)
        return ST_OK;
    if (b->bits_bytes <= WHOLE_BYTES || count > FEW_VALUES) {
        TRY(mem_alloc(b->f->account, (size_t)b->bits_bytes, (void **)&b->whole, err));
        TRY(store_read(b->f->file, b->bits_at, b->whole, (size_t)b->bits_bytes, err));
        b->bytes_read += b->bits_bytes;
    }
    *out = false;
    for (size_t i = 0; i < count && !*out; i++)
        TRY(probe_value(b, leaf, &values[i], out, err));
    return ST_OK;
}

status parquet_bloom_probe(struct parquet_file *f, size_t group, size_t column,
                           const struct column_value *values, size_t count, bool *out,
                           int64_t *bytes, struct error *err)
{
    const struct parquet_place *place = &f->place[column];
    const struct parquet_chunk_place *c = &f->chunk[group * f->leaves + place->leaf];
    struct bloom b = {.f = f};
    *out = true;
    if (place->node || !place->info.supported || !c->info.has_bloom_filter)
        return ST_OK;
    status st = probe(&b, c, &f->leaf[place->leaf], values, count, out, err);
    mem_free(f->account, b.whole, b.whole ? (size_t)b.bits_bytes : 0);
    *bytes += b.bytes_read;
    TRY_CONTEXT(st, err, "Bloom filter of column %.*s, row group %zu: %.*s",
                STR_ARG(place->info.name), group, STR_ARG(store_uri(f->file)));
    return ST_OK;
}
