// SPDX-License-Identifier: Apache-2.0
/* parquet_write_stats.c - smallest and largest values of pages, chunks and files.
 *
 * Exact bounds are kept by value; what the file says of them follows parquet.thrift ("ColumnOrder",
 * TYPE_ORDER): NaN stands in no bound, a zero is written as -0.0 below and +0.0 above, and text may
 * be shortened to a bound that still holds. Iceberg's metrics get the exact ones.
 *
 * B1  a float's order is that of its bits turned by turn32 / turn64; turning twice gives it back
 * B2  the text of page bounds borrows from page or dictionary and is used before either changes */
#include "parquet/parquet_write_int.h"

static inline int32_t turn32(uint32_t bits)
{
    return (int32_t)bits ^ (int32_t)((uint32_t)((int32_t)bits >> 31) >> 1);
}

static inline int64_t turn64(uint64_t bits)
{
    return (int64_t)bits ^ (int64_t)((uint64_t)((int64_t)bits >> 63) >> 1);
}

static inline bool nan32(uint32_t bits)
{
    return (bits & 0x7FFFFFFF) > 0x7F800000;
}

static inline bool nan64(uint64_t bits)
{
    return (bits & INT64_MAX) > UINT64_C(0x7FF0000000000000);
}

/* A FIXED decimal: big-endian two's complement. */
static int128 load_wide(const uint8_t *p, uint32_t width)
{
    uint128 v = p[0] & 0x80 ? ~(uint128)0 : 0;
    for (uint32_t i = 0; i < width; i++)
        v = v << 8 | p[i];
    return (int128)v;
}

/* ---- PLAIN pages ---------------------------------------------------------------------------- */

/* The loop of every number type: ORDER gives value i's place, IS_NAN whether it has none. */
#define NUMBER_LOOP(otype, OMIN, OMAX, IS_NAN, ORDER)                                              \
    do {                                                                                           \
        otype lo_ = OMAX, hi_ = OMIN;                                                              \
        int64_t nan_ = 0;                                                                          \
        for (int64_t i = 0; i < values; i++) {                                                     \
            bool skip_ = IS_NAN;                                                                   \
            otype v_ = ORDER;                                                                      \
            nan_ += skip_;                                                                         \
            lo_ = !skip_ && v_ < lo_ ? v_ : lo_;                                                   \
            hi_ = !skip_ && v_ > hi_ ? v_ : hi_;                                                   \
        }                                                                                          \
        *nans = nan_;                                                                              \
        out->has = nan_ < values;                                                                  \
        out->min = lo_;                                                                            \
        out->max = hi_;                                                                            \
    } while (0)

static void bounds_of_numbers(const struct parquet_write_type *t, const void *plain, int64_t values,
                              struct parquet_bounds *out, int64_t *nans)
{
    const uint8_t *bytes = plain;
    const uint32_t *v32 = plain;
    const uint64_t *v64 = plain;
    switch (t->physical) {
    case PARQUET_BOOLEAN:
        NUMBER_LOOP(uint8_t, 0, 1, false, bytes[i]);
        break;
    case PARQUET_INT32:
        NUMBER_LOOP(int32_t, INT32_MIN, INT32_MAX, false, (int32_t)v32[i]);
        break;
    case PARQUET_INT64:
        NUMBER_LOOP(int64_t, INT64_MIN, INT64_MAX, false, (int64_t)v64[i]);
        break;
    case PARQUET_FLOAT:
        NUMBER_LOOP(int32_t, INT32_MIN, INT32_MAX, nan32(v32[i]), turn32(v32[i]));
        break;
    case PARQUET_DOUBLE:
        NUMBER_LOOP(int64_t, INT64_MIN, INT64_MAX, nan64(v64[i]), turn64(v64[i]));
        break;
    default:
        NUMBER_LOOP(int128, INT128_MIN, INT128_MAX, false,
                    load_wide(bytes + (size_t)i * t->width, t->width));
        break;
    }
}

static inline void take_text(struct parquet_bounds *b, struct str text)
{
    if (!b->has) {
        b->has = true;
        b->min_text = b->max_text = text;
    } else if (str_cmp(text, b->min_text) < 0) {
        b->min_text = text;
    } else if (str_cmp(text, b->max_text) > 0) {
        b->max_text = text;
    }
}

void parquet_bounds_of_plain(const struct parquet_write_type *t, const struct buffer *plain,
                             int64_t values, struct parquet_bounds *out, int64_t *nans)
{
    *out = (struct parquet_bounds){0};
    *nans = 0;
    if (!parquet_by_bytes(t)) {
        bounds_of_numbers(t, plain->data, values, out, nans);
        return;
    }
    const uint8_t *at = plain->data;
    for (int64_t i = 0; i < values; i++) {
        uint32_t len = t->width;
        if (t->form == PARQUET_FORM_TEXT) {
            len = load_u32le(at);
            at += 4;
        }
        take_text(out, (struct str){(const char *)at, len});
        at += len;
    }
}

/* ---- pages of codes ------------------------------------------------------------------------- */

static void take_number(const struct parquet_write_type *t, const uint8_t *at,
                        struct parquet_bounds *b)
{
    struct parquet_bounds one = {0};
    int64_t nan;
    bounds_of_numbers(t, at, 1, &one, &nan);
    if (!one.has)
        return;
    if (!b->has || one.min < b->min)
        b->min = one.min;
    if (!b->has || one.max > b->max)
        b->max = one.max;
    b->has = true;
}

static bool entry_is_nan(const struct parquet_write_type *t, const uint8_t *at)
{
    return t->physical == PARQUET_FLOAT    ? nan32(load_u32le(at))
           : t->physical == PARQUET_DOUBLE ? nan64(load_u64le(at))
                                           : false;
}

void parquet_bounds_of_codes(const struct parquet_write_type *t, struct parquet_dict *d,
                             const uint32_t *codes, int64_t values, uint32_t stamp,
                             struct parquet_bounds *out, int64_t *nans)
{
    bool nan_seen = false;
    *out = (struct parquet_bounds){0};
    *nans = 0;
    for (int64_t i = 0; i < values; i++) {
        if (d->stamps[codes[i]] == stamp)
            continue;
        d->stamps[codes[i]] = stamp;
        size_t bytes;
        const uint8_t *at = parquet_dict_at(d, codes[i], &bytes);
        if (d->width == 0)
            take_text(out, (struct str){(const char *)at + 4, bytes - 4});
        else if (entry_is_nan(t, at))
            nan_seen = true;
        else
            take_number(t, at, out);
    }
    for (int64_t i = 0; nan_seen && i < values; i++)
        *nans += entry_is_nan(t, d->entries.data + codes[i] * (size_t)d->width);
}

/* ---- bounds of more than a page ------------------------------------------------------------- */

int parquet_bounds_compare(const struct parquet_write_type *t, int128 a, struct str a_text,
                           int128 b, struct str b_text)
{
    return parquet_by_bytes(t) ? str_cmp(a_text, b_text) : (a > b) - (a < b);
}

void parquet_kept_init(struct parquet_kept_bounds *k, struct mem_account *account)
{
    *k = (struct parquet_kept_bounds){0};
    buffer_init(&k->min_bytes, account, SIZE_MAX);
    buffer_init(&k->max_bytes, account, SIZE_MAX);
}

void parquet_kept_free(struct parquet_kept_bounds *k)
{
    buffer_free(&k->min_bytes);
    buffer_free(&k->max_bytes);
}

void parquet_kept_clear(struct parquet_kept_bounds *k)
{
    k->bounds = (struct parquet_bounds){0};
}

static status keep_text(struct buffer *to, struct str *kept, struct str text, struct error *err)
{
    buffer_clear(to);
    TRY(buffer_append_str(to, text, err));
    *kept = buffer_str(to);
    return ST_OK;
}

status parquet_kept_add(struct parquet_kept_bounds *k, const struct parquet_write_type *t,
                        const struct parquet_bounds *b, struct error *err)
{
    struct parquet_bounds *to = &k->bounds;
    if (!b->has)
        return ST_OK;
    if (!to->has || parquet_bounds_compare(t, b->min, b->min_text, to->min, to->min_text) < 0) {
        to->min = b->min;
        TRY(keep_text(&k->min_bytes, &to->min_text, b->min_text, err));
    }
    if (!to->has || parquet_bounds_compare(t, b->max, b->max_text, to->max, to->max_text) > 0) {
        to->max = b->max;
        TRY(keep_text(&k->max_bytes, &to->max_text, b->max_text, err));
    }
    to->has = true;
    return ST_OK;
}

/* ---- bounds as the file holds them ---------------------------------------------------------- */

/* Length of the longest prefix of at most `limit` bytes that ends between characters. */
static size_t cut_between_characters(struct str s, size_t limit)
{
    size_t n = limit;
    while (n > 0 && limit - n < 4 && ((uint8_t)s.ptr[n] & 0xC0) == 0x80)
        n--;
    return ((uint8_t)s.ptr[n] & 0xC0) == 0x80 ? 0 : n;
}

/* The code point of a well-formed UTF-8 character of `bytes` bytes; UINT32_MAX when it is none. */
static uint32_t decode_character(const uint8_t *p, size_t bytes)
{
    static const uint8_t lead[5] = {0, 0, 0xC0, 0xE0, 0xF0}, mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    if (bytes < 1 || bytes > 4 || (p[0] & (uint8_t)~mask[bytes]) != lead[bytes])
        return UINT32_MAX;
    uint32_t c = p[0] & mask[bytes];
    for (size_t i = 1; i < bytes; i++)
        c = c << 6 | (p[i] & 0x3F);
    return c;
}

static size_t encode_character(uint32_t c, uint8_t out[4])
{
    size_t bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = bytes; i-- > 1; c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3F));
    out[0] = (uint8_t)(lead[bytes] | c);
    return bytes;
}

/* Makes text[0, *n) larger than everything that begins with it by raising its last character that
 * can be raised; false when there is none or the bytes are no UTF-8. The result may be up to 3
 * bytes longer than the raised character was; `text` has room. */
static bool raise_text(uint8_t *text, size_t *n)
{
    while (*n > 0) {
        size_t start = *n - 1;
        while (start > 0 && *n - start < 4 && (text[start] & 0xC0) == 0x80)
            start--;
        uint32_t c = decode_character(text + start, *n - start);
        if (c == UINT32_MAX)
            return false;
        *n = start;
        if (c < 0x10FFFF) {
            c = c + 1 == 0xD800 ? 0xE000 : c + 1; /* surrogates are no characters */
            *n += encode_character(c, text + start);
            return true;
        }
    }
    return false;
}

static bool raise_bytes(uint8_t *bytes, size_t *n)
{
    while (*n > 0 && bytes[*n - 1] == 0xFF)
        --*n;
    if (*n == 0)
        return false;
    bytes[*n - 1]++;
    return true;
}

static status text_bound(const struct parquet_write_type *t, struct str text, bool upper,
                         size_t limit_bytes, struct arena *arena, struct str *out, bool *exact,
                         struct error *err)
{
    bool is_text = t->type.kind == COLUMN_TEXT;
    *exact = true;
    if (t->form == PARQUET_FORM_TEXT && text.len > limit_bytes) {
        size_t n = is_text ? cut_between_characters(text, limit_bytes) : limit_bytes;
        void *copy;
        TRY(arena_alloc(arena, n + 4, &copy, err));
        memcpy(copy, text.ptr, n);
        bool holds = n > 0 && (!upper || (is_text ? raise_text(copy, &n) : raise_bytes(copy, &n)));
        if (holds) {
            *exact = false;
            *out = (struct str){copy, n};
            return ST_OK;
        }
    }
    return arena_str(arena, text, out, err);
}

status parquet_bound_bytes(const struct parquet_write_type *t, const struct parquet_bounds *b,
                           bool upper, size_t limit_bytes, struct arena *arena, struct str *out,
                           bool *exact, struct error *err)
{
    if (parquet_by_bytes(t))
        return text_bound(t, upper ? b->max_text : b->min_text, upper, limit_bytes, arena, out,
                          exact, err);
    int128 v = upper ? b->max : b->min;
    uint8_t *bytes;
    *exact = true;
    TRY(arena_alloc(arena, 16, (void **)&bytes, err));
    if (t->physical == PARQUET_FLOAT || t->physical == PARQUET_DOUBLE) {
        if (v == 0 || v == -1) /* +0.0 and -0.0, turned */
            v = upper ? 0 : -1;
        v = t->width == 4 ? (int128)turn32((uint32_t)v) : (int128)turn64((uint64_t)v);
    }
    for (uint32_t i = 0; i < t->width; i++) {
        uint32_t byte = t->form == PARQUET_FORM_WIDE ? t->width - 1 - i : i; /* big-endian */
        bytes[i] = (uint8_t)((uint128)v >> (8 * byte));
    }
    *out = (struct str){(const char *)bytes, t->width};
    return ST_OK;
}

status parquet_bound_value(const struct parquet_write_type *t, const struct parquet_bounds *b,
                           bool upper, struct arena *arena, struct column_value *out,
                           struct error *err)
{
    int128 v = upper ? b->max : b->min;
    *out = (struct column_value){.type = t->type};
    switch (t->phys) {
    case PHYS_BOOL:
        out->b = (uint8_t)v;
        return ST_OK;
    case PHYS_I32:
        out->i32 = (int32_t)v;
        return ST_OK;
    case PHYS_I64:
        out->i64 = (int64_t)v;
        return ST_OK;
    case PHYS_F32: {
        int32_t bits = turn32((uint32_t)v);
        memcpy(&out->f32, &bits, sizeof(bits));
        return ST_OK;
    }
    case PHYS_F64: {
        int64_t bits = turn64((uint64_t)v);
        memcpy(&out->f64, &bits, sizeof(bits));
        return ST_OK;
    }
    case PHYS_I128:
        out->i128 = v;
        return ST_OK;
    default:
        return arena_str(arena, upper ? b->max_text : b->min_text, &out->str, err);
    }
}
