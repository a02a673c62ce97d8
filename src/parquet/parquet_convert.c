// SPDX-License-Identifier: Apache-2.0
/* parquet_convert.c - stored values to the physical forms of column_type.h: pages, dictionaries and
 * bounds all go through here, so a type means the same in each.
 *
 *     stored              becomes
 *     BOOLEAN             boolean
 *     INT32               int, bigint (promoted, or unsigned), date, time (ms), decimal
 *     INT64               bigint, decimal(20,0) (unsigned), time, timestamps, decimal
 *     INT96               timestamps
 *     FLOAT, DOUBLE       real, double
 *     BYTE_ARRAY          text, binary, decimal
 *     FIXED_LEN_BYTE...   fixed, binary, uuid, decimal
 *
 * V1  a decimal has at most the digits its type in the file allows, a time lies within a day and a
 *     text is UTF-8: what sums, printing and comparing above rely on is checked here, or the file
 *     is corrupt */
#include "parquet/parquet_read_int.h"

#define DAY_US              INT64_C(86400000000)
#define JULIAN_EPOCH        2440588 /* Julian day number of 1970-01-01 */
#define UINT64_AS_DECIMAL_P 20

/* ---- planning ------------------------------------------------------------------------------- */

/* Whether a column of the file's type may be read as `want`; widening and renaming only. */
static bool type_becomes(const struct parquet_leaf *leaf, struct column_type want)
{
    struct column_type have = leaf->info.type;
    switch (have.kind) {
    case COLUMN_INT:
        return want.kind == COLUMN_BIGINT;
    case COLUMN_REAL:
        return want.kind == COLUMN_DOUBLE;
    case COLUMN_DECIMAL:
        return want.kind == COLUMN_DECIMAL && want.scale == have.scale &&
               want.precision >= have.precision;
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return leaf->zone_unknown &&
               (want.kind == COLUMN_TIMESTAMP || want.kind == COLUMN_TIMESTAMPTZ);
    case COLUMN_TEXT:
        return want.kind == COLUMN_BINARY;
    case COLUMN_BINARY:
        return want.kind == COLUMN_TEXT;
    case COLUMN_FIXED:
        return want.kind == COLUMN_BINARY || (want.kind == COLUMN_UUID && have.length_bytes == 16);
    case COLUMN_UUID:
        return want.kind == COLUMN_FIXED && want.length_bytes == 16;
    default:
        return false;
    }
}

static enum parquet_form integer_form(const struct parquet_leaf *leaf, enum column_phys phys)
{
    bool narrow = leaf->stored == PARQUET_INT32;
    if (leaf->unit == PARQUET_UNIT_MS)
        return narrow ? PARQUET_MS32_US : PARQUET_MS64_US;
    if (leaf->unit == PARQUET_UNIT_NS)
        return PARQUET_NS64_US;
    if (phys == PHYS_I128)
        return narrow ? PARQUET_I32_I128 : leaf->is_unsigned ? PARQUET_U64_I128 : PARQUET_I64_I128;
    if (narrow && phys == PHYS_I64)
        return leaf->is_unsigned ? PARQUET_U32_I64 : PARQUET_I32_I64;
    return PARQUET_COPY;
}

static enum parquet_form form_of(const struct parquet_leaf *leaf, struct column_type want)
{
    enum column_phys phys = column_type_phys(want);
    bool decimal = want.kind == COLUMN_DECIMAL;
    switch (leaf->stored) {
    case PARQUET_INT32:
    case PARQUET_INT64:
        return integer_form(leaf, phys);
    case PARQUET_INT96:
        return PARQUET_INT96_US;
    case PARQUET_FLOAT:
        return phys == PHYS_F64 ? PARQUET_F32_F64 : PARQUET_COPY;
    case PARQUET_BYTE_ARRAY:
        if (decimal)
            return phys == PHYS_I64 ? PARQUET_STR_I64 : PARQUET_STR_I128;
        return want.kind == COLUMN_TEXT ? PARQUET_STR_TEXT : PARQUET_STR_STR;
    case PARQUET_FIXED:
        if (decimal)
            return phys == PHYS_I64 ? PARQUET_FIXED_I64 : PARQUET_FIXED_I128;
        return PARQUET_FIXED_STR;
    default:
        return PARQUET_COPY;
    }
}

status parquet_convert_plan(const struct parquet_leaf *leaf, struct column_type want,
                            struct parquet_convert *out, struct error *err)
{
    struct column_type have = leaf->info.type;
    char from[64], to[64];
    if (!column_type_eq(have, want) && !type_becomes(leaf, want))
        FAIL(err, ST_UNSUPPORTED, "%s, stored as %s, cannot be read as %s",
             column_type_name(have, from), leaf->info.physical, column_type_name(want, to));
    *out = (struct parquet_convert){.form = form_of(leaf, want),
                                    .phys = column_type_phys(want),
                                    .width = leaf->stored == PARQUET_BOOLEAN ? 1 : leaf->width};
    out->value_bytes = (uint32_t)column_phys_bytes(out->phys);
    if (have.kind == COLUMN_TIME) {
        out->checked = true;
        out->high = DAY_US;
    } else if (have.kind == COLUMN_DECIMAL && !leaf->is_unsigned) {
        out->checked = true;
        out->high = wide_pow10(have.precision) - 1;
        out->low = -out->high;
    }
    return ST_OK;
}

/* ---- loops ---------------------------------------------------------------------------------- */

static int32_t load_i32(const uint8_t *p)
{
    return (int32_t)load_u32le(p);
}

static int64_t load_i64(const uint8_t *p)
{
    return (int64_t)load_u64le(p);
}

static float load_f32(const uint8_t *p)
{
    float v;
    memcpy(&v, p, sizeof(v));
    return v;
}

#define WIDEN(name, type, bytes, load)                                                             \
    static void name(const uint8_t *from, size_t n, type *to)                                      \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            to[i] = (type)load(from + i * (bytes));                                                \
    }
WIDEN(widen_i32_i64, int64_t, 4, load_i32)
WIDEN(widen_u32_i64, int64_t, 4, load_u32le)
WIDEN(widen_i32_i128, int128, 4, load_i32)
WIDEN(widen_i64_i128, int128, 8, load_i64)
WIDEN(widen_u64_i128, int128, 8, load_u64le)
WIDEN(widen_f32_f64, double, 4, load_f32)

static void scale_ms32(const uint8_t *from, size_t n, int64_t *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (int64_t)load_i32(from + i * 4) * 1000;
}

static status scale_ms64(const uint8_t *from, size_t n, int64_t *to, struct error *err)
{
    bool over = false;
    for (size_t i = 0; i < n; i++)
        over |= __builtin_mul_overflow(load_i64(from + i * 8), INT64_C(1000), &to[i]);
    if (over)
        FAIL(err, ST_CORRUPT, "a number of milliseconds is out of range");
    return ST_OK;
}

static int64_t floor_div(int64_t v, int64_t by)
{
    return v / by - (v % by < 0);
}

static void scale_ns64(const uint8_t *from, size_t n, int64_t *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = floor_div(load_i64(from + i * 8), 1000);
}

/* Nanoseconds of the day, then the day; either may be anything in a hostile file. */
static status scale_int96(const uint8_t *from, size_t n, int64_t *to, struct error *err)
{
    bool over = false;
    for (size_t i = 0; i < n; i++, from += 12) {
        int64_t day = (int64_t)load_u32le(from + 8) - JULIAN_EPOCH, us;
        over |= __builtin_mul_overflow(day, DAY_US, &us);
        over |= __builtin_add_overflow(us, floor_div(load_i64(from), 1000), &to[i]);
    }
    if (over)
        FAIL(err, ST_CORRUPT, "an INT96 timestamp is out of range");
    return ST_OK;
}

/* Big-endian two's complement of 1 or more bytes; above 16 only sign bytes may lead. */
ALWAYS_INLINE bool load_big(const uint8_t *p, size_t bytes, int128 *out)
{
    uint8_t sign = bytes > 0 && p[0] & 0x80 ? 0xFF : 0;
    size_t i = 0;
    uint128 v = sign ? ~(uint128)0 : 0;
    bool fits = bytes > 0;
    for (; i + 16 < bytes; i++)
        fits &= p[i] == sign;
    if (bytes > 16)
        fits &= ((p[i] & 0x80) != 0) == (sign != 0);
    if (bytes - i >= 8 && bytes > 0) {
        v = v << 64 | __builtin_bswap64(load_u64le(p + i));
        i += 8;
    }
    for (; i < bytes; i++)
        v = v << 8 | p[i];
    *out = (int128)v;
    return fits;
}

static status big_fixed(const struct parquet_convert *c, const uint8_t *from, size_t n, void *to,
                        struct error *err)
{
    bool fits = true;
    int128 v;
    for (size_t i = 0; i < n; i++, from += c->width) {
        fits &= load_big(from, c->width, &v);
        if (c->phys == PHYS_I128) {
            ((int128 *)to)[i] = v;
        } else {
            ((int64_t *)to)[i] = (int64_t)v;
            fits &= v == (int64_t)v;
        }
    }
    if (!fits)
        FAIL(err, ST_CORRUPT, "a decimal has more digits than its type");
    return ST_OK;
}

/* `to` may be `from`: a result is never larger than the struct str it replaces. */
static status big_strings(const struct parquet_convert *c, const struct str *from, size_t n,
                          void *to, struct error *err)
{
    bool fits = true;
    int128 v;
    for (size_t i = 0; i < n; i++) {
        fits &= load_big((const uint8_t *)from[i].ptr, from[i].len, &v);
        if (c->phys == PHYS_I128) {
            ((int128 *)to)[i] = v;
        } else {
            ((int64_t *)to)[i] = (int64_t)v;
            fits &= v == (int64_t)v;
        }
    }
    if (!fits)
        FAIL(err, ST_CORRUPT, "a decimal is empty or has more digits than its type");
    return ST_OK;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at p with a first byte above 0x7F; 0 when it is not one (RFC 3629:
 * no overlong forms, no surrogates, nothing above U+10FFFF). */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    uint8_t low = 0x80, high = 0xBF; /* of the second byte */
    if (p[0] < 0xC2 || p[0] > 0xF4 || n > left)
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

static bool text_valid(const uint8_t *p, size_t bytes)
{
    size_t i = 0;
    while (i < bytes) {
        if (i + 8 <= bytes && !(load_u64le(p + i) & UINT64_C(0x8080808080808080))) {
            i += 8;
        } else if (p[i] < 0x80) {
            i++;
        } else {
            size_t n = utf8_length(p + i, bytes - i);
            if (n == 0)
                return false;
            i += n;
        }
    }
    return true;
}

static bool all_ascii(const uint8_t *p, size_t bytes)
{
    uint64_t high = 0;
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8)
        high |= load_u64le(p + i);
    for (; i < bytes; i++)
        high |= p[i];
    return !(high & UINT64_C(0x8080808080808080));
}

/* The strings of one call ascend in one page or buffer, in PLAIN with their lengths between them;
 * so most are cleared together, lengths below 128 included. */
static status check_text(const struct str *s, size_t n, struct error *err)
{
    const struct str *last = &s[n - 1];
    if (all_ascii((const uint8_t *)s[0].ptr, (size_t)(last->ptr + last->len - s[0].ptr)))
        return ST_OK;
    for (size_t i = 0; i < n; i++)
        if (!text_valid((const uint8_t *)s[i].ptr, s[i].len))
            FAIL(err, ST_CORRUPT, "a text of %zu bytes is not UTF-8", s[i].len);
    return ST_OK;
}

static void fixed_strings(const uint8_t *from, uint32_t width, size_t n, struct str *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (struct str){(const char *)from + i * width, width};
}

/* ---- running -------------------------------------------------------------------------------- */

/* V1 for numbers. */
static status check_range(const struct parquet_convert *c, const void *values, size_t n,
                          struct error *err)
{
    bool out = false;
    if (c->phys == PHYS_I64) {
        int64_t low = (int64_t)c->low, high = (int64_t)c->high;
        for (size_t i = 0; i < n; i++) {
            int64_t v = ((const int64_t *)values)[i];
            out |= v < low || v > high;
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            int128 v = ((const int128 *)values)[i];
            out |= v < c->low || v > c->high;
        }
    }
    if (out)
        FAIL(err, ST_CORRUPT, "a value lies outside the range of its type");
    return ST_OK;
}

static status convert(const struct parquet_convert *c, const void *from, size_t n, void *to,
                      struct error *err)
{
    switch (c->form) {
    case PARQUET_COPY:
        memcpy(to, from, n * c->width);
        return ST_OK;
    case PARQUET_I32_I64:
        return widen_i32_i64(from, n, to), ST_OK;
    case PARQUET_U32_I64:
        return widen_u32_i64(from, n, to), ST_OK;
    case PARQUET_I32_I128:
        return widen_i32_i128(from, n, to), ST_OK;
    case PARQUET_I64_I128:
        return widen_i64_i128(from, n, to), ST_OK;
    case PARQUET_U64_I128:
        return widen_u64_i128(from, n, to), ST_OK;
    case PARQUET_F32_F64:
        return widen_f32_f64(from, n, to), ST_OK;
    case PARQUET_MS32_US:
        return scale_ms32(from, n, to), ST_OK;
    case PARQUET_MS64_US:
        return scale_ms64(from, n, to, err);
    case PARQUET_NS64_US:
        return scale_ns64(from, n, to), ST_OK;
    case PARQUET_INT96_US:
        return scale_int96(from, n, to, err);
    case PARQUET_FIXED_STR:
        return fixed_strings(from, c->width, n, to), ST_OK;
    case PARQUET_FIXED_I64:
    case PARQUET_FIXED_I128:
        return big_fixed(c, from, n, to, err);
    case PARQUET_STR_STR:
    case PARQUET_STR_TEXT:
        if (to != from)
            memcpy(to, from, n * sizeof(struct str));
        return c->form == PARQUET_STR_TEXT ? check_text(to, n, err) : ST_OK;
    case PARQUET_STR_I64:
    case PARQUET_STR_I128:
        return big_strings(c, from, n, to, err);
    }
    FAIL(err, ST_INTERNAL, "no conversion has the number %d", (int)c->form);
}

status parquet_convert_run(const struct parquet_convert *c, const void *from, size_t n, void *to,
                           struct error *err)
{
    if (n == 0)
        return ST_OK;
    TRY(convert(c, from, n, to, err));
    return c->checked ? check_range(c, to, n, err) : ST_OK;
}
