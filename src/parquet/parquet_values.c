// SPDX-License-Identifier: Apache-2.0
/* parquet_values.c - a data page's values in every encoding but dictionary codes, handed out as
 * stored values in batches: what parquet_convert.c takes.
 *
 *     PLAIN                    fixed widths lie in the page; booleans are bits, strings have
 * lengths RLE                      booleans DELTA_BINARY_PACKED      integers
 *     DELTA_LENGTH_BYTE_ARRAY  all lengths, then all bytes
 *     DELTA_BYTE_ARRAY         lengths shared with the value before, then the rest as above
 *     BYTE_STREAM_SPLIT        byte 0 of all values, byte 1 of all values, ...
 *
 * Encodings.md says what each looks like. */
#include "parquet/parquet_read_int.h"

/* What a batch of front-compressed strings may grow to: a page's own limit. */
#define TEXT_CAP_BYTES ((size_t)1 << 30)

void parquet_values_init(struct parquet_values *v, struct mem_account *account)
{
    *v = (struct parquet_values){.encoding = -1};
    buffer_init(&v->text, account, TEXT_CAP_BYTES);
}

void parquet_values_free(struct parquet_values *v)
{
    buffer_free(&v->text);
}

void parquet_values_none(struct parquet_values *v)
{
    v->encoding = -1;
}

/* ---- starting a page ------------------------------------------------------------------------ */

static status start_rle(struct parquet_values *v, const uint8_t *data, size_t bytes,
                        struct error *err)
{
    struct bytes in = bytes_of(data, bytes);
    uint32_t length;
    const uint8_t *runs;
    TRY(bytes_u32le(&in, &length, err));
    TRY(bytes_take(&in, length, &runs, err));
    parquet_rle_init(&v->rle, runs, length, 1);
    return ST_OK;
}

static status start_delta_strings(struct parquet_values *v, const uint8_t *data, size_t bytes,
                                  uint64_t most, struct error *err)
{
    const uint8_t *end;
    struct parquet_delta *lengths = &v->delta;
    TRY(parquet_delta_init(&v->delta, data, bytes, 32, most, err));
    TRY(parquet_delta_end(&v->delta, &end, err));
    if (v->encoding == PARQUET_DELTA_BYTE_ARRAY) {
        lengths = &v->tails;
        TRY(parquet_delta_init(lengths, end, (size_t)(data + bytes - end), 32, most, err));
        TRY(parquet_delta_end(lengths, &end, err));
        buffer_clear(&v->text);
        v->previous = 0;
    }
    v->at = end;
    return ST_OK;
}

static status start_split(struct parquet_values *v, size_t bytes, uint64_t most, struct error *err)
{
    v->next = 0;
    v->count = v->width ? bytes / v->width : 0;
    if (v->count > most || v->count * v->width != bytes)
        FAIL(err, ST_CORRUPT, "%zu bytes cannot be byte streams of values of %u bytes", bytes,
             v->width);
    return ST_OK;
}

/* Which encodings exist for which types. */
static bool encoding_fits(int32_t encoding, enum parquet_type stored)
{
    bool integer = stored == PARQUET_INT32 || stored == PARQUET_INT64;
    switch (encoding) {
    case PARQUET_PLAIN:
        return true;
    case PARQUET_RLE:
        return stored == PARQUET_BOOLEAN;
    case PARQUET_DELTA_BINARY_PACKED:
        return integer;
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return stored == PARQUET_BYTE_ARRAY;
    case PARQUET_DELTA_BYTE_ARRAY:
        return stored == PARQUET_BYTE_ARRAY || stored == PARQUET_FIXED;
    case PARQUET_BYTE_STREAM_SPLIT:
        return integer || stored == PARQUET_FLOAT || stored == PARQUET_DOUBLE ||
               stored == PARQUET_FIXED;
    default:
        return false;
    }
}

status parquet_values_start(struct parquet_values *v, const struct parquet_leaf *leaf,
                            int32_t encoding, const uint8_t *data, size_t bytes, uint64_t most,
                            struct error *err)
{
    if (!encoding_fits(encoding, leaf->stored))
        FAIL(err, ST_UNSUPPORTED, "values of %s in the encoding %s (%d) cannot be read",
             parquet_type_name((int32_t)leaf->stored), parquet_encoding_name(encoding), encoding);
    v->encoding = encoding;
    v->stored = leaf->stored;
    v->width = leaf->width;
    v->at = data;
    v->end = data + bytes;
    switch (encoding) {
    case PARQUET_PLAIN: /* of booleans: bits */
        v->next = 0;
        v->count = (uint64_t)bytes * 8;
        return ST_OK;
    case PARQUET_RLE:
        return start_rle(v, data, bytes, err);
    case PARQUET_DELTA_BINARY_PACKED:
        /* DuckDB subtracts INT32 in 64 bits and needs 33 for a difference; Encodings.md asks writers
         * to wrap around instead. Sums modulo 2^32 are the same. */
        return parquet_delta_init(&v->delta, data, bytes, 64, most, err);
    case PARQUET_BYTE_STREAM_SPLIT:
        return start_split(v, bytes, most, err);
    default:
        return start_delta_strings(v, data, bytes, most, err);
    }
}

/* ---- batches -------------------------------------------------------------------------------- */

static status plain_fixed(struct parquet_values *v, uint64_t n, const void **from,
                          struct error *err)
{
    if (n > (uint64_t)(v->end - v->at) / v->width)
        FAIL(err, ST_CORRUPT, "the page ends before its values do");
    *from = v->at;
    v->at += n * v->width;
    return ST_OK;
}

static status plain_bools(struct parquet_values *v, uint64_t n, struct error *err)
{
    if (n > v->count - v->next)
        FAIL(err, ST_CORRUPT, "the page ends before its values do");
    v->next += n;
    return ST_OK;
}

static status plain_strings(struct parquet_values *v, size_t n, struct str *out, struct error *err)
{
    const uint8_t *at = v->at, *end = v->end;
    for (size_t i = 0; i < n; i++) {
        if (end - at < 4)
            FAIL(err, ST_CORRUPT, "the page ends before its values do");
        uint32_t length = load_u32le(at);
        at += 4;
        if (length > (size_t)(end - at))
            FAIL(err, ST_CORRUPT, "a value of %u bytes ends behind the page", length);
        out[i] = (struct str){(const char *)at, length};
        at += length;
    }
    v->at = at;
    return ST_OK;
}

static status rle_bools(struct parquet_values *v, size_t n, uint8_t *out, struct error *err)
{
    uint64_t words[COLUMN_SPAN_WORDS];
    size_t ones;
    TRY(parquet_rle_bits(&v->rle, n, words, &ones, err));
    kernel_unpack_bools((const uint8_t *)words, 0, n, out);
    return ST_OK;
}

static status delta_ints(struct parquet_values *v, size_t n, uint64_t *out, struct error *err)
{
    TRY(parquet_delta_next(&v->delta, n, out, err));
    if (v->width == 4) /* in place: the value written is never behind the one read */
        for (size_t i = 0; i < n; i++)
            store_u32le((uint8_t *)out + i * 4, (uint32_t)out[i]);
    return ST_OK;
}

static status delta_lengths(struct parquet_values *v, size_t n, struct str *out, struct error *err)
{
    uint64_t lengths[COLUMN_SPAN_ROWS];
    TRY(parquet_delta_next(&v->delta, n, lengths, err));
    for (size_t i = 0; i < n; i++) {
        if (lengths[i] > (size_t)(v->end - v->at))
            FAIL(err, ST_CORRUPT, "a value of %llu bytes ends behind the page",
                 (unsigned long long)lengths[i]);
        out[i] = (struct str){(const char *)v->at, (size_t)lengths[i]};
        v->at += lengths[i];
    }
    return ST_OK;
}

/* Checks the batch's lengths and makes room for all of it, the previous value in front. */
static status prefixed_room(struct parquet_values *v, size_t n, const uint64_t *shared,
                            const uint64_t *rest, struct error *err)
{
    uint64_t before = v->previous, total = 0, left = (uint64_t)(v->end - v->at);
    for (size_t i = 0; i < n; i++) {
        if (shared[i] > before || rest[i] > left)
            FAIL(err, ST_CORRUPT, "a value of %llu shared and %llu own bytes is not possible here",
                 (unsigned long long)shared[i], (unsigned long long)rest[i]);
        left -= rest[i];
        before = shared[i] + rest[i];
        if (v->stored == PARQUET_FIXED && before != v->width)
            FAIL(err, ST_CORRUPT, "a value has %llu bytes, not %u", (unsigned long long)before,
                 v->width);
        total += before;
        if (total > TEXT_CAP_BYTES)
            FAIL(err, ST_LIMIT, "%zu values would need more than %zu bytes", n, TEXT_CAP_BYTES);
    }
    v->text.len = v->previous;
    return buffer_reserve(&v->text, (size_t)total + 1, err);
}

static status delta_prefixed(struct parquet_values *v, size_t n, struct str *out, const void **from,
                             struct error *err)
{
    uint64_t shared[COLUMN_SPAN_ROWS], rest[COLUMN_SPAN_ROWS];
    *from = out;
    if (n == 0)
        return ST_OK;
    /* The last batch ended with the value this one's first may share bytes with. */
    if (v->text.len > v->previous)
        memmove(v->text.data, v->text.data + v->text.len - v->previous, v->previous);
    TRY(parquet_delta_next(&v->delta, n, shared, err));
    TRY(parquet_delta_next(&v->tails, n, rest, err));
    TRY(prefixed_room(v, n, shared, rest, err));
    uint8_t *before = v->text.data, *to = v->text.data + v->previous;
    bool fixed = v->stored == PARQUET_FIXED;
    if (fixed)
        *from = to;
    for (size_t i = 0; i < n; i++) {
        memmove(to, before, shared[i]);
        memcpy(to + shared[i], v->at, rest[i]);
        v->at += rest[i];
        v->previous = (size_t)(shared[i] + rest[i]);
        if (!fixed)
            out[i] = (struct str){(const char *)to, v->previous};
        before = to;
        to += v->previous;
    }
    v->text.len = (size_t)(to - v->text.data);
    return ST_OK;
}

/* Values [next, next + n) gathered from their streams into `text`. */
static status split_values(struct parquet_values *v, size_t n, const void **from, struct error *err)
{
    if (n > v->count - v->next)
        FAIL(err, ST_CORRUPT, "the page ends before its values do");
    buffer_clear(&v->text);
    TRY(buffer_reserve(&v->text, n * v->width + 1, err));
    uint8_t *to = v->text.data;
    for (uint32_t b = 0; b < v->width; b++) {
        const uint8_t *stream = v->at + b * v->count + v->next;
        for (size_t i = 0; i < n; i++)
            to[i * v->width + b] = stream[i];
    }
    v->next += n;
    *from = to;
    return ST_OK;
}

static status plain_next(struct parquet_values *v, size_t n, void *scratch, const void **from,
                         struct error *err)
{
    size_t bit = (size_t)v->next;
    if (v->stored == PARQUET_BYTE_ARRAY)
        return plain_strings(v, n, scratch, err);
    if (v->stored != PARQUET_BOOLEAN)
        return plain_fixed(v, n, from, err);
    TRY(plain_bools(v, n, err));
    kernel_unpack_bools(v->at, bit, n, scratch);
    return ST_OK;
}

status parquet_values_next(struct parquet_values *v, size_t n, void *scratch, const void **from,
                           struct error *err)
{
    *from = scratch;
    switch (v->encoding) {
    case PARQUET_PLAIN:
        return plain_next(v, n, scratch, from, err);
    case PARQUET_RLE:
        return rle_bools(v, n, scratch, err);
    case PARQUET_DELTA_BINARY_PACKED:
        return delta_ints(v, n, scratch, err);
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return delta_lengths(v, n, scratch, err);
    case PARQUET_DELTA_BYTE_ARRAY:
        return delta_prefixed(v, n, scratch, from, err);
    case PARQUET_BYTE_STREAM_SPLIT:
        return split_values(v, n, from, err);
    default:
        if (n > 0)
            FAIL(err, ST_CORRUPT, "the page needs a dictionary, and the chunk has none");
        return ST_OK;
    }
}

status parquet_values_skip(struct parquet_values *v, uint64_t n, void *scratch, struct error *err)
{
    const void *from;
    if (v->encoding == PARQUET_PLAIN && v->stored == PARQUET_BOOLEAN)
        return plain_bools(v, n, err);
    if (v->encoding == PARQUET_PLAIN && v->stored != PARQUET_BYTE_ARRAY)
        return plain_fixed(v, n, &from, err);
    if (v->encoding == PARQUET_RLE)
        return parquet_rle_skip(&v->rle, n, err);
    while (n > 0) {
        size_t now = n < COLUMN_SPAN_ROWS ? (size_t)n : COLUMN_SPAN_ROWS;
        TRY(parquet_values_next(v, now, scratch, &from, err));
        n -= now;
    }
    return ST_OK;
}
