// SPDX-License-Identifier: Apache-2.0
/* iceberg_value.c - single values to and from bytes (spec appendix D, "Binary single-value
 * serialization"), and bounds cut short.
 *
 *     int, date 4 LE | long, time, timestamps 8 LE | float 4, double 8 LE | boolean 1
 *     decimal: unscaled, big-endian two's complement, as few bytes as hold it
 *     string UTF-8 | uuid 16 | fixed, binary as they are
 *
 * After a promotion old files keep the narrower form: 4 bytes are read as a long or a double. */
#include "iceberg/iceberg_int.h"

int128 iceberg_decimal(const struct column_value *v)
{
    return v->type.precision <= 18 ? (int128)v->i64 : v->i128;
}

size_t iceberg_decimal_bytes(int128 v, uint8_t out[16])
{
    size_t n = 1; /* the smallest with every higher bit equal to the sign */
    while (n < 16 && v >> (8 * n - 1) != 0 && v >> (8 * n - 1) != -1)
        n++;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    return n;
}

static int128 decimal_of(struct str bytes)
{
    uint128 v = (uint8_t)bytes.ptr[0] & 0x80 ? ~(uint128)0 : 0;
    for (size_t i = 0; i < bytes.len; i++)
        v = v << 8 | (uint8_t)bytes.ptr[i];
    return (int128)v;
}

status iceberg_value_encode(const struct column_value *v, struct arena *arena, struct str *out,
                            struct error *err)
{
    uint8_t digits[16];
    char name[64];
    struct str bytes;
    if (v->null)
        FAIL(err, ST_INVALID, "a NULL has no bytes");
    switch (v->type.kind) {
    case COLUMN_BOOLEAN:
        bytes = (struct str){(const char *)&v->b, 1};
        break;
    case COLUMN_SMALLINT:
    case COLUMN_INT:
    case COLUMN_DATE:
    case COLUMN_REAL: /* the same bytes of the union */
        bytes = (struct str){(const char *)&v->i32, 4};
        break;
    case COLUMN_BIGINT:
    case COLUMN_TIME:
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
    case COLUMN_DOUBLE:
        bytes = (struct str){(const char *)&v->i64, 8};
        break;
    case COLUMN_DECIMAL:
        bytes.len = iceberg_decimal_bytes(iceberg_decimal(v), digits);
        bytes.ptr = (const char *)digits;
        break;
    case COLUMN_TEXT:
    case COLUMN_UUID:
    case COLUMN_BINARY:
    case COLUMN_FIXED:
        bytes = v->str;
        break;
    default:
        FAIL(err, ST_UNSUPPORTED, "values of type %s have no bytes in Iceberg",
             column_type_name(v->type, name));
    }
    return arena_str(arena, bytes, out, err);
}

static status bad_length(struct column_type type, struct str bytes, struct error *err)
{
    char name[64];
    FAIL(err, ST_CORRUPT, "a value of type %s has %zu bytes", column_type_name(type, name),
         bytes.len);
}

static status decode_number(struct column_type type, struct str bytes, struct column_value *out,
                            struct error *err)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    int32_t narrow = bytes.len == 4 ? (int32_t)load_u32le(p) : 0;
    float single;
    memcpy(&single, &narrow, sizeof(single));
    switch (column_type_phys(type)) {
    case PHYS_I32:
        out->i32 = narrow;
        return bytes.len == 4 ? ST_OK : bad_length(type, bytes, err);
    case PHYS_F32:
        out->f32 = single;
        return bytes.len == 4 ? ST_OK : bad_length(type, bytes, err);
    case PHYS_I64:
        out->i64 = bytes.len == 8 ? (int64_t)load_u64le(p) : narrow;
        return bytes.len == 8 || (bytes.len == 4 && type.kind == COLUMN_BIGINT)
                   ? ST_OK
                   : bad_length(type, bytes, err);
    default: /* PHYS_F64 */
        out->f64 = (double)single;
        if (bytes.len == 8)
            memcpy(&out->f64, p, 8);
        return bytes.len == 8 || bytes.len == 4 ? ST_OK : bad_length(type, bytes, err);
    }
}

/* A number that the type cannot hold is refused, so that nothing later divides or prints it. */
static status decode_decimal(struct column_type type, struct str bytes, struct column_value *out,
                             struct error *err)
{
    if (bytes.len < 1 || bytes.len > 16)
        return bad_length(type, bytes, err);
    int128 v = decimal_of(bytes);
    if (v >= wide_pow10(type.precision) || v <= -wide_pow10(type.precision))
        FAIL(err, ST_CORRUPT, "a decimal has more than %u digits", type.precision);
    if (type.precision <= 18)
        out->i64 = (int64_t)v;
    else
        out->i128 = v;
    return ST_OK;
}

status iceberg_value_decode(struct column_type type, struct str bytes, struct arena *arena,
                            struct column_value *out, struct error *err)
{
    *out = (struct column_value){.type = type};
    switch (type.kind) {
    case COLUMN_BOOLEAN:
        if (bytes.len != 1)
            return bad_length(type, bytes, err);
        out->b = bytes.ptr[0] != 0;
        return ST_OK;
    case COLUMN_DECIMAL:
        return decode_decimal(type, bytes, out, err);
    case COLUMN_UUID:
        if (bytes.len != 16)
            return bad_length(type, bytes, err);
        return arena_str(arena, bytes, &out->str, err);
    case COLUMN_TEXT:
    case COLUMN_BINARY:
    case COLUMN_FIXED: /* writers may cut bounds of fixed, too */
        return arena_str(arena, bytes, &out->str, err);
    case COLUMN_UNKNOWN:
    case COLUMN_INTERVAL:
    case COLUMN_KIND_COUNT:
        break;
    default:
        return decode_number(type, bytes, out, err);
    }
    FAIL(err, ST_UNSUPPORTED, "values of this type have no bytes in Iceberg");
}

/* ---- bounds ---- */

static size_t char_bytes(uint8_t first)
{
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Bytes of the first `units` characters, or of all. */
static size_t prefix_bytes(struct str text, uint32_t units)
{
    size_t at = 0;
    for (uint32_t i = 0; i < units && at < text.len; i++)
        at += char_bytes((uint8_t)text.ptr[at]);
    return at < text.len ? at : text.len;
}

static uint32_t decode_char(const uint8_t *p, size_t n)
{
    static const uint8_t first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = p[0] & first_bits[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    return c;
}

static size_t encode_char(uint32_t c, uint8_t *out)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t mark[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i > 1; i--, c >>= 6)
        out[i - 1] = (uint8_t)(0x80 | (c & 0x3F));
    out[0] = (uint8_t)(mark[n] | c);
    return n;
}

/* The smallest text of whole characters above every text with this prefix: the last character that
 * can grow does, what is behind it goes. ptr NULL when all are U+10FFFF. */
static status round_text_up(struct str prefix, struct arena *arena, struct str *out,
                            struct error *err)
{
    const uint8_t *p = (const uint8_t *)prefix.ptr;
    size_t end = prefix.len;
    *out = (struct str){0};
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && (p[start] & 0xC0) == 0x80)
            start--;
        uint32_t c = decode_char(p + start, end - start) + 1;
        if (c == 0xD800)
            c = 0xE000; /* surrogates are no characters */
        if (c <= 0x10FFFF) {
            uint8_t *to;
            TRY(arena_alloc(arena, start + 4, (void **)&to, err));
            memcpy(to, p, start);
            *out = (struct str){(const char *)to, start + encode_char(c, to + start)};
            return ST_OK;
        }
        end = start;
    }
    return ST_OK;
}

static status round_bytes_up(struct str prefix, struct arena *arena, struct str *out,
                             struct error *err)
{
    size_t end = prefix.len;
    *out = (struct str){0};
    while (end > 0 && (uint8_t)prefix.ptr[end - 1] == 0xFF)
        end--;
    if (end == 0)
        return ST_OK;
    TRY(arena_str(arena, (struct str){prefix.ptr, end}, out, err));
    ((uint8_t *)out->ptr)[end - 1]++;
    return ST_OK;
}

status iceberg_bound_truncate(const struct column_value *v, bool upper, uint32_t units,
                              struct arena *arena, struct str *out, struct error *err)
{
    *out = (struct str){0};
    if (v->null)
        return ST_OK;
    bool text = v->type.kind == COLUMN_TEXT;
    if (!text && v->type.kind != COLUMN_BINARY)
        return iceberg_value_encode(v, arena, out, err);
    if (text && !str_is_utf8(v->str))
        return ST_OK; /* no characters to count: no bound is better than a wrong one */
    struct str prefix = v->str;
    if (text)
        prefix.len = prefix_bytes(v->str, units);
    else if (prefix.len > units)
        prefix.len = units;
    if (!upper || prefix.len == v->str.len)
        return arena_str(arena, prefix, out, err);
    return (text ? round_text_up : round_bytes_up)(prefix, arena, out, err);
}
