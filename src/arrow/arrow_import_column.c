// SPDX-License-Identifier: Apache-2.0
/* arrow_import_column.c - one column of another producer's array to spans.
 *
 * The C data interface says how many buffers an array has, not how long they are, so what can be
 * checked is that the counts agree with each other and that offsets ascend; beyond that the
 * producer is believed, as it lives in the same process. Values are copied in pieces of a span;
 * text stays where it is. Buffers may stand at any alignment.
 *
 * I1  counts: length, offset and null_count are in range; buffers as many as the type has
 * I2  null_count, where given, is that of the validity bits
 * I3  offsets start at 0 or more and never descend
 * I4  values are ones firn's types have: times within a day, decimals within their precision, text
 *     in UTF-8, intervals in whole microseconds */
#include "arrow/arrow_int.h"

#include <stdio.h>

#define US_PER_DAY INT64_C(86400000000)

/* ---- types ----------------------------------------------------------------------------------- */

static status import_decimal(const char *format, struct arrow_import_column *out, struct error *err)
{
    unsigned precision, scale, bits = 128;
    int end = 0, wide_end = 0;
    if (sscanf(format, "d:%2u,%2u%n,%4u%n", &precision, &scale, &end, &bits, &wide_end) < 2 ||
        (format[end] && format[wide_end]) || precision < 1 || precision > 38 || scale > precision ||
        bits != 128)
        FAIL(err, ST_UNSUPPORTED, "Arrow type %.40s is not supported", format);
    *out = (struct arrow_import_column){column_type_decimal(precision, scale), IMPORT_DECIMAL, 16};
    return ST_OK;
}

static status import_fixed(const char *format, struct str extension,
                           struct arrow_import_column *out, struct error *err)
{
    unsigned width;
    int end = 0;
    if (sscanf(format, "w:%9u%n", &width, &end) != 1 || format[end] || width == 0)
        FAIL(err, ST_UNSUPPORTED, "Arrow type %.40s is not supported", format);
    *out = (struct arrow_import_column){
        {.kind = COLUMN_FIXED, .length_bytes = width}, IMPORT_FIXED, width};
    if (width == 16 && str_eq_z(extension, arrow_extension_uuid))
        out->type = column_type_of(COLUMN_UUID);
    return ST_OK;
}

status arrow_import_format(const char *format, struct str extension,
                           struct arrow_import_column *out, struct error *err)
{
    static const struct {
        const char *format;
        enum column_kind kind;
        enum arrow_import_how how;
    } formats[] = {
        {"n", COLUMN_UNKNOWN, IMPORT_NULL},      {"b", COLUMN_BOOLEAN, IMPORT_BITS},
        {"c", COLUMN_SMALLINT, IMPORT_I8},       {"s", COLUMN_SMALLINT, IMPORT_I16},
        {"i", COLUMN_INT, IMPORT_COPY},          {"l", COLUMN_BIGINT, IMPORT_COPY},
        {"f", COLUMN_REAL, IMPORT_COPY},         {"g", COLUMN_DOUBLE, IMPORT_COPY},
        {"tdD", COLUMN_DATE, IMPORT_COPY},       {"ttu", COLUMN_TIME, IMPORT_TIME},
        {"tsu:", COLUMN_TIMESTAMP, IMPORT_COPY}, {"u", COLUMN_TEXT, IMPORT_TEXT},
        {"U", COLUMN_TEXT, IMPORT_LARGE},        {"z", COLUMN_BINARY, IMPORT_TEXT},
        {"Z", COLUMN_BINARY, IMPORT_LARGE},      {"tin", COLUMN_INTERVAL, IMPORT_INTERVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(format, formats[i].format) != 0)
            continue;
        struct column_type type = column_type_of(formats[i].kind);
        *out = (struct arrow_import_column){type, formats[i].how,
                                            column_phys_bytes(column_type_phys(type))};
        return ST_OK;
    }
    if (strncmp(format, "tsu:", 4) == 0) { /* any zone: the instant is the same */
        *out = (struct arrow_import_column){column_type_of(COLUMN_TIMESTAMPTZ), IMPORT_COPY, 8};
        return ST_OK;
    }
    if (format[0] == 'd')
        return import_decimal(format, out, err);
    return import_fixed(format, extension, out, err);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool bit_at(const uint8_t *bits, int64_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static int64_t buffer_count(const struct arrow_import_column *c)
{
    return c->how == IMPORT_NULL ? 0 : c->how == IMPORT_TEXT || c->how == IMPORT_LARGE ? 3 : 2;
}

/* I2 */
static status check_nulls(const struct ArrowArray *a, struct error *err)
{
    const uint8_t *bits = a->buffers[0];
    if (a->null_count == -1)
        return ST_OK;
    if (!bits) {
        CHECK_BYTES(a->null_count == 0, err);
        return ST_OK;
    }
    int64_t nulls = 0;
    for (int64_t i = 0; i < a->length; i++)
        nulls += !bit_at(bits, a->offset + i);
    if (nulls != a->null_count)
        FAIL(err, ST_CORRUPT, "null_count says %lld, the validity bits %lld",
             (long long)a->null_count, (long long)nulls);
    return ST_OK;
}

static int64_t offset_at(const struct arrow_import_column *c, const uint8_t *offsets, int64_t i)
{
    int32_t narrow;
    int64_t wide;
    if (c->how == IMPORT_TEXT) {
        memcpy(&narrow, offsets + 4 * i, 4);
        return narrow;
    }
    memcpy(&wide, offsets + 8 * i, 8);
    return wide;
}

/* I3 */
static status check_offsets(const struct arrow_import_column *c, const struct ArrowArray *a,
                            struct error *err)
{
    if (a->length == 0)
        return ST_OK;
    CHECK_BYTES(a->buffers[1], err);
    int64_t before = 0;
    for (int64_t i = 0; i <= a->length; i++) {
        int64_t at = offset_at(c, a->buffers[1], a->offset + i);
        if (at < before)
            FAIL(err, ST_CORRUPT, "offset %lld of row %lld is below %lld", (long long)at,
                 (long long)i, (long long)before);
        before = at;
    }
    CHECK_BYTES(a->buffers[2] || before == offset_at(c, a->buffers[1], a->offset), err);
    return ST_OK;
}

status arrow_import_check(const struct arrow_import_column *c, const struct ArrowArray *a,
                          int64_t rows, struct error *err)
{
    CHECK_BYTES(a->length >= rows && a->offset >= 0, err);
    CHECK_BYTES(a->length <= INT64_MAX / 64 && a->offset <= INT64_MAX / 64, err);
    CHECK_BYTES(a->null_count >= -1 && a->null_count <= a->length, err);
    CHECK_BYTES(a->n_children == 0 && !a->dictionary, err);
    CHECK_BYTES(a->n_buffers == buffer_count(c), err);
    if (a->n_buffers == 0)
        return ST_OK;
    CHECK_BYTES(a->buffers, err);
    TRY(check_nulls(a, err));
    if (a->n_buffers == 3)
        return check_offsets(c, a, err);
    CHECK_BYTES(a->length == 0 || a->buffers[1], err);
    return ST_OK;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The piece of an array that becomes one span. */
struct piece {
    const struct arrow_import_column *c;
    const uint8_t *from;   /* first value, for widths of whole bytes */
    const uint64_t *valid; /* NULL = all */
    int64_t rows;
    bool trusted;
};

static void take_bits(const uint8_t *bits, int64_t at, int64_t rows, uint8_t *to)
{
    for (int64_t i = 0; i < rows; i++)
        to[i] = bit_at(bits, at + i);
}

static void take_small(const struct piece *p, int32_t *to)
{
    for (int64_t i = 0; i < p->rows; i++) {
        int16_t v;
        if (p->c->how == IMPORT_I8) {
            to[i] = (int8_t)p->from[i];
            continue;
        }
        memcpy(&v, p->from + 2 * i, 2);
        to[i] = v;
    }
}

static status take_times(const struct piece *p, int64_t *to, struct error *err)
{
    memcpy(to, p->from, 8 * (size_t)p->rows);
    for (int64_t i = 0; i < p->rows; i++)
        if (column_bit(p->valid, i) && (to[i] < 0 || to[i] >= US_PER_DAY))
            FAIL(err, ST_CORRUPT, "time %lld us is not within a day", (long long)to[i]);
    return ST_OK;
}

static status take_decimals(const struct piece *p, void *to, struct error *err)
{
    int128 limit = wide_pow10(p->c->type.precision);
    bool narrow = column_type_phys(p->c->type) == PHYS_I64;
    for (int64_t i = 0; i < p->rows; i++) {
        int128 v = 0;
        if (column_bit(p->valid, i)) {
            memcpy(&v, p->from + 16 * i, 16);
            if (v >= limit || v <= -limit)
                FAIL(err, ST_CORRUPT, "a decimal has more than the %u digits of its type",
                     p->c->type.precision);
        }
        if (narrow)
            ((int64_t *)to)[i] = (int64_t)v;
        else
            ((int128 *)to)[i] = v;
    }
    return ST_OK;
}

static status take_intervals(const struct piece *p, struct column_interval *to, struct error *err)
{
    for (int64_t i = 0; i < p->rows; i++) {
        int64_t ns;
        to[i] = (struct column_interval){0};
        if (!column_bit(p->valid, i))
            continue;
        memcpy(&to[i].months, p->from + 16 * i, 4);
        memcpy(&to[i].days, p->from + 16 * i + 4, 4);
        memcpy(&ns, p->from + 16 * i + 8, 8);
        if (ns % 1000 != 0)
            FAIL(err, ST_UNSUPPORTED,
                 "an interval of %lld ns is not supported: not in microseconds", (long long)ns);
        to[i].us = ns / 1000;
    }
    return ST_OK;
}

static void take_fixed(const struct piece *p, struct str *to)
{
    for (int64_t i = 0; i < p->rows; i++)
        to[i] = (struct str){(const char *)p->from + (size_t)i * p->c->width,
                             column_bit(p->valid, i) ? p->c->width : 0};
}

static status take_texts(const struct piece *p, const struct ArrowArray *a, int64_t at,
                         struct str *to, struct error *err)
{
    bool check = p->c->type.kind == COLUMN_TEXT && !p->trusted;
    for (int64_t i = 0; i < p->rows; i++) {
        int64_t from = offset_at(p->c, a->buffers[1], at + i);
        int64_t end = offset_at(p->c, a->buffers[1], at + i + 1);
        to[i] = (struct str){"", 0};
        if (!column_bit(p->valid, i) || from == end)
            continue;
        to[i] = (struct str){(const char *)a->buffers[2] + from, (size_t)(end - from)};
        if (check && !str_is_utf8(to[i]))
            FAIL(err, ST_CORRUPT, "a text is not valid UTF-8 without NUL");
    }
    return ST_OK;
}

static status take_values(const struct piece *p, const struct ArrowArray *a, int64_t at,
                          void *values, struct error *err)
{
    switch (p->c->how) {
    case IMPORT_BITS:
        take_bits(a->buffers[1], at, p->rows, values);
        return ST_OK;
    case IMPORT_I8:
    case IMPORT_I16:
        take_small(p, values);
        return ST_OK;
    case IMPORT_COPY:
        memcpy(values, p->from, p->c->width * (size_t)p->rows);
        return ST_OK;
    case IMPORT_TIME:
        return take_times(p, values, err);
    case IMPORT_DECIMAL:
        return take_decimals(p, values, err);
    case IMPORT_INTERVAL:
        return take_intervals(p, values, err);
    case IMPORT_FIXED:
        take_fixed(p, values);
        return ST_OK;
    case IMPORT_TEXT:
    case IMPORT_LARGE:
        return take_texts(p, a, at, values, err);
    case IMPORT_NULL:
        break;
    }
    FAIL(err, ST_INTERNAL, "a column of unknown kind %d", (int)p->c->how);
}

/* Bytes from one value to the next in the array's second buffer. */
static size_t stride(const struct arrow_import_column *c)
{
    return c->how == IMPORT_I8 ? 1 : c->how == IMPORT_I16 ? 2 : c->width;
}

status arrow_import_span(const struct arrow_import_column *c, const struct ArrowArray *a,
                         int64_t at, int64_t rows, bool trusted, void *values, uint64_t *words,
                         struct column_span *out, struct error *err)
{
    *out = (struct column_span){.kind = SPAN_RUN, .run_null = true, .rows = rows};
    if (c->how == IMPORT_NULL)
        return ST_OK;
    *out = (struct column_span){.kind = SPAN_VALUES, .rows = rows, .values = values};
    at += a->offset;
    if (a->buffers[0] && a->null_count != 0) {
        memset(words, 0, COLUMN_SPAN_WORDS * sizeof(*words));
        for (int64_t i = 0; i < rows; i++)
            words[i / 64] |= (uint64_t)bit_at(a->buffers[0], at + i) << (i % 64);
        out->valid = words;
    }
    struct piece p = {c, NULL, out->valid, rows, trusted};
    if (c->how != IMPORT_BITS && c->how != IMPORT_TEXT && c->how != IMPORT_LARGE)
        p.from = (const uint8_t *)a->buffers[1] + (size_t)at * stride(c);
    return take_values(&p, a, at, values, err);
}
