// SPDX-License-Identifier: Apache-2.0
/* arrow_column.c - a span to the buffers of one Arrow array: measured first, then filled wherever
 * the caller has room.
 *
 *     validity   one bit a row, as in spans; left out when nothing is NULL
 *     boolean    one bit a row          smallint   narrowed to 16 bits
 *     numeric    always 128 bits        interval   months i32, days i32, nanoseconds i64
 *     text       offsets i32, rows + 1 of them; then the bytes
 *
 * Buffers may stand at any alignment (IPC bodies in a growing buffer), so values go in by memcpy.
 * Columnar format: https://arrow.apache.org/docs/format/Columnar.html */
#include "arrow/arrow_int.h"

/* Bytes of one value; 0 for bits and for text. */
static size_t value_bytes(struct column_type type)
{
    switch (type.kind) {
    case COLUMN_SMALLINT:
        return 2;
    case COLUMN_DECIMAL:
    case COLUMN_INTERVAL:
    case COLUMN_UUID:
        return 16;
    case COLUMN_FIXED:
        return type.length_bytes;
    case COLUMN_BOOLEAN:
    case COLUMN_TEXT:
    case COLUMN_BINARY:
    case COLUMN_UNKNOWN:
        return 0;
    default:
        return column_phys_bytes(column_type_phys(type));
    }
}

static int64_t count_nulls(const struct column_span *s)
{
    if (s->kind == SPAN_RUN)
        return s->run_null ? s->rows : 0;
    int64_t valid = 0;
    if (!s->valid)
        return 0;
    for (int64_t i = 0; i < s->rows / 64; i++)
        valid += __builtin_popcountll(s->valid[i]);
    if (s->rows % 64)
        valid +=
            __builtin_popcountll(s->valid[s->rows / 64] & ((UINT64_C(1) << (s->rows % 64)) - 1));
    return s->rows - valid;
}

static uint64_t text_bytes(const struct column_span *s)
{
    uint64_t bytes = 0;
    if (s->kind == SPAN_RUN)
        return s->run_null ? 0 : ((const struct str *)s->values)->len * (uint64_t)s->rows;
    const struct str *values = s->values;
    for (int64_t i = 0; i < s->rows; i++) {
        if (!column_bit(s->valid, i))
            continue;
        if (s->kind == SPAN_CODES) {
            uint32_t code = s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i]
                                               : ((const uint32_t *)s->codes)[i];
            bytes += ((const struct str *)s->dictionary->values)[code].len;
        } else {
            bytes += values[i].len;
        }
    }
    return bytes;
}

static bool type_has_offsets(struct column_type type)
{
    return type.kind == COLUMN_TEXT || type.kind == COLUMN_BINARY || type.kind == COLUMN_UNKNOWN;
}

status arrow_column_measure(struct column_type type, const struct column_span *s,
                            struct arrow_buffers *out, struct error *err)
{
    ENSURE(s->rows >= 0 && s->rows <= COLUMN_SPAN_ROWS, err);
    size_t rows = (size_t)s->rows;
    *out = (struct arrow_buffers){.count = 2, .rows = s->rows, .nulls = count_nulls(s)};
    out->bytes[0] = out->nulls ? (rows + 7) / 8 : 0;
    if (type_has_offsets(type)) {
        uint64_t bytes = text_bytes(s);
        if (bytes > INT32_MAX)
            FAIL(err, ST_LIMIT, "%zu rows of text have %llu bytes, Arrow's offsets allow %d", rows,
                 (unsigned long long)bytes, INT32_MAX);
        out->count = 3;
        out->bytes[1] = 4 * (rows + 1);
        out->bytes[2] = (size_t)bytes;
    } else {
        out->bytes[1] = type.kind == COLUMN_BOOLEAN ? (rows + 7) / 8 : rows * value_bytes(type);
    }
    return ST_OK;
}

/* ---- filling; `s` is VALUES from here on ------------------------------------------------------
 */

static void fill_validity(const struct column_span *s, const struct arrow_buffers *b)
{
    if (b->bytes[0] == 0)
        return;
    memcpy(b->data[0], s->valid, b->bytes[0]);
    if (s->rows % 8) /* bits behind the rows: defined, as they leave the program */
        b->data[0][b->bytes[0] - 1] &= (uint8_t)((1u << (s->rows % 8)) - 1);
}

static void fill_booleans(const struct column_span *s, uint8_t *to)
{
    const uint8_t *values = s->values;
    memset(to, 0, ((size_t)s->rows + 7) / 8);
    for (int64_t i = 0; i < s->rows; i++)
        to[i / 8] |= (uint8_t)(values[i] << (i % 8));
}

static void fill_smallints(const struct column_span *s, uint8_t *to)
{
    const int32_t *values = s->values;
    for (int64_t i = 0; i < s->rows; i++) {
        int16_t v = (int16_t)values[i];
        memcpy(to + 2 * i, &v, 2);
    }
}

static void fill_decimals(const struct column_span *s, uint8_t *to)
{
    const int64_t *values = s->values;
    for (int64_t i = 0; i < s->rows; i++) {
        int128 v = values[i];
        memcpy(to + 16 * i, &v, 16);
    }
}

static status fill_intervals(const struct column_span *s, uint8_t *to, struct error *err)
{
    const struct column_interval *values = s->values;
    for (int64_t i = 0; i < s->rows; i++) {
        int64_t ns = 0;
        bool valid = column_bit(s->valid, i);
        if (valid && __builtin_mul_overflow(values[i].us, INT64_C(1000), &ns)) {
            status st = error_set(err, ST_INVALID, __FILE__, __LINE__,
                                  "an interval of %lld us does not fit Arrow's nanoseconds",
                                  (long long)values[i].us);
            error_sqlstate(err, "22008");
            return st;
        }
        int32_t head[2] = {valid ? values[i].months : 0, valid ? values[i].days : 0};
        memcpy(to + 16 * i, head, 8);
        memcpy(to + 16 * i + 8, &ns, 8);
    }
    return ST_OK;
}

static status fill_fixed(const struct column_span *s, size_t bytes, uint8_t *to, struct error *err)
{
    const struct str *values = s->values;
    for (int64_t i = 0; i < s->rows; i++, to += bytes) {
        if (!column_bit(s->valid, i)) {
            memset(to, 0, bytes);
            continue;
        }
        ENSURE(values[i].len == bytes, err);
        memcpy(to, values[i].ptr, bytes);
    }
    return ST_OK;
}

static status fill_texts(const struct column_span *s, const struct arrow_buffers *b,
                         struct error *err)
{
    const struct str *values = s->values;
    size_t at = 0;
    for (int64_t i = 0; i <= s->rows; i++) {
        int32_t offset = (int32_t)at;
        memcpy(b->data[1] + 4 * i, &offset, 4);
        if (i == s->rows || !column_bit(s->valid, i) || values[i].len == 0)
            continue;
        ENSURE(values[i].len <= b->bytes[2] - at, err);
        memcpy(b->data[2] + at, values[i].ptr, values[i].len);
        at += values[i].len;
    }
    ENSURE(at == b->bytes[2], err);
    return ST_OK;
}

status arrow_column_fill(struct column_type type, const struct column_span *s,
                         const struct arrow_buffers *b, struct error *err)
{
    _Alignas(16) uint8_t scratch[COLUMN_SPAN_ROWS * 16]; /* 16: the largest physical form */
    uint64_t words[COLUMN_SPAN_WORDS];
    struct column_span flat = column_span_flatten(s, column_type_phys(type), scratch, words);
    fill_validity(&flat, b);
    if (type_has_offsets(type))
        return fill_texts(&flat, b, err);
    switch (type.kind) {
    case COLUMN_BOOLEAN:
        fill_booleans(&flat, b->data[1]);
        return ST_OK;
    case COLUMN_SMALLINT:
        fill_smallints(&flat, b->data[1]);
        return ST_OK;
    case COLUMN_INTERVAL:
        return fill_intervals(&flat, b->data[1], err);
    case COLUMN_UUID:
    case COLUMN_FIXED:
        return fill_fixed(&flat, value_bytes(type), b->data[1], err);
    case COLUMN_DECIMAL:
        if (column_type_phys(type) == PHYS_I64) {
            fill_decimals(&flat, b->data[1]);
            return ST_OK;
        }
        break;
    default:
        break;
    }
    if (b->bytes[1])
        memcpy(b->data[1], flat.values, b->bytes[1]);
    return ST_OK;
}
