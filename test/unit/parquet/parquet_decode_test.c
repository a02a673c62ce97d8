// SPDX-License-Identifier: Apache-2.0
/* parquet_decode_test.c - run lengths, deltas, conversions and bounds on bytes written out by hand
 * and on hostile ones. */
#include "harness/test.h"
#include "parquet/parquet_read_int.h"

#include <math.h>

static struct error err;

/* ---- run lengths ---------------------------------------------------------------------------- */

TEST(hybrid_runs_of_both_kinds)
{
    /* 5 times the value 2 of 3 bits; 8 packed values 0..7 (the example of Encodings.md); 1 time 7
     */
    static const uint8_t in[] = {10, 2, 3, 0x88, 0xC6, 0xFA, 2, 7, [8 + KERNEL_UNPACK_PAD] = 0};
    static const uint16_t want[] = {2, 2, 2, 2, 2, 0, 1, 2, 3, 4, 5, 6, 7, 7};
    for (size_t step = 1; step <= 14; step++) {
        struct parquet_rle r;
        uint16_t narrow[14];
        uint32_t wide[14];
        size_t got;
        parquet_rle_init(&r, in, 8, 3);
        for (size_t i = 0; i < 14; i += step)
            CHECK_OK(parquet_rle_u16(&r, i + step < 14 ? step : 14 - i, UINT64_MAX, narrow + i,
                                     &got, &err));
        CHECK(memcmp(narrow, want, sizeof(want)) == 0);
        CHECK_STATUS(parquet_rle_u16(&r, 1, UINT64_MAX, narrow, &got, &err), ST_CORRUPT);
        parquet_rle_init(&r, in, 8, 3);
        CHECK_OK(parquet_rle_skip(&r, step, &err));
        CHECK_OK(parquet_rle_u32(&r, 14 - step, UINT64_MAX, wide, &got, &err));
        for (size_t i = step; i < 14; i++)
            CHECK_INT(wide[i - step], want[i]);
    }
}

TEST(hybrid_stops_before_a_long_run)
{
    static const uint8_t in[] = {3, 0xFF, 0xC8, 0x01, 0, [5 + KERNEL_UNPACK_PAD] = 0};
    struct parquet_rle r;
    uint16_t out[200];
    size_t got;
    parquet_rle_init(&r, in, 5, 1);
    CHECK_OK(parquet_rle_u16(&r, 108, 100, out, &got, &err));
    CHECK_INT(got, 8);
    CHECK_INT(r.repeat, 100);
    CHECK_OK(parquet_rle_u16(&r, 100, 100, out, &got, &err));
    CHECK_INT(got, 100);
}

TEST(hybrid_of_width_zero_and_cut_padding)
{
    static const uint8_t none[KERNEL_UNPACK_PAD];
    static const uint8_t cut[] = {5, 0xFF,
                                  [2 + KERNEL_UNPACK_PAD] = 0}; /* 2 groups, 1 byte there */
    struct parquet_rle r;
    uint16_t out[20];
    size_t got, ones;
    uint64_t words[1], count;
    parquet_rle_init(&r, none, 0, 0);
    CHECK_OK(parquet_rle_u16(&r, 20, UINT64_MAX, out, &got, &err));
    CHECK_INT(out[19], 0);
    parquet_rle_init(&r, cut, 2, 1);
    CHECK_OK(parquet_rle_bits(&r, 8, words, &ones, &err));
    CHECK_INT(ones, 8);
    CHECK_STATUS(parquet_rle_bits(&r, 1, words, &ones, &err), ST_CORRUPT);
    parquet_rle_init(&r, cut, 2, 1);
    CHECK_OK(parquet_rle_count(&r, 5, &count, &err));
    CHECK_INT(count, 5);
}

TEST(hybrid_refuses_what_cannot_be)
{
    static const struct {
        uint8_t bytes[6 + KERNEL_UNPACK_PAD];
        size_t n;
        unsigned width;
    } bad[] = {
        {{0}, 0, 1},                               /* nothing */
        {{0, 1}, 2, 1},                            /* a run of none */
        {{1}, 1, 1},                               /* no groups */
        {{4, 2}, 2, 1},                            /* the value 2 in one bit */
        {{4}, 1, 9},                               /* the value is missing */
        {{4, 1}, 2, 9},                            /* and half of it */
        {{0x80, 0x80, 0x80, 0x80, 0x80, 1}, 6, 1}, /* a length of more than 32 bits */
        {{0x80}, 1, 1},                            /* a length cut short */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct parquet_rle r;
        parquet_rle_init(&r, bad[i].bytes, bad[i].n, bad[i].width);
        CHECK_STATUS(parquet_rle_peek(&r, &err), ST_CORRUPT);
    }
}

/* ---- deltas --------------------------------------------------------------------------------- */

TEST(delta_wraps_around_and_ends_where_it_ends)
{
    /* Blocks of 128 in 4 miniblocks, 3 values from INT64_MAX: smallest difference 1, so that the
     * next is INT64_MIN; widths 1, then three that mean nothing. */
    static const uint8_t in[] = {0x80, 0x01,
                                 4,    3,
                                 0xFE, 0xFF,
                                 0xFF, 0xFF,
                                 0xFF, 0xFF,
                                 0xFF, 0xFF,
                                 0xFF, 0x01, /* first value */
                                 2,    1,
                                 77,   88,
                                 99, /* block header */
                                 2,    0,
                                 0,    0, /* differences 0, 1 */
                                 'x',  [23 + KERNEL_UNPACK_PAD] = 0};
    struct parquet_delta d;
    const uint8_t *end;
    uint64_t out[3];
    CHECK_OK(parquet_delta_init(&d, in, 24, 64, 3, &err));
    CHECK_OK(parquet_delta_end(&d, &end, &err));
    CHECK_INT(end - in, 23);
    CHECK_OK(parquet_delta_next(&d, 3, out, &err));
    CHECK((int64_t)out[0] == INT64_MAX && (int64_t)out[1] == INT64_MIN);
    CHECK((int64_t)out[2] == INT64_MIN + 2);
    CHECK_STATUS(parquet_delta_next(&d, 1, out, &err), ST_CORRUPT);
    CHECK_STATUS(parquet_delta_init(&d, in, 24, 64, 2, &err), ST_CORRUPT); /* 3 where 2 can be */
}

TEST(delta_refuses_what_cannot_be)
{
    static const struct {
        uint8_t bytes[12 + KERNEL_UNPACK_PAD];
        size_t n;
    } bad[] = {
        {{0x80, 0x01, 0, 3, 0}, 5},                        /* no miniblocks */
        {{0, 1, 3, 0}, 4},                                 /* no values in a block */
        {{0x80, 0x01, 3, 3, 0}, 5},                        /* 128 does not divide by 3 */
        {{0x80, 0x01, 8, 3, 0}, 5},                        /* miniblocks of 16 */
        {{0x80, 0x01, 4, 3, 0}, 5},                        /* no block */
        {{0x80, 0x01, 4, 3, 0, 0, 1, 0, 0}, 9},            /* not all widths */
        {{0x80, 0x01, 4, 3, 0, 0, 65, 0, 0, 0, 0, 0}, 12}, /* 65 bits */
        {{0x80, 0x01, 4, 3, 0, 0, 9, 0, 0, 0, 0, 0}, 12},  /* 2 values of 9 bits in 2 bytes */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct parquet_delta d;
        uint64_t out[3];
        status st = parquet_delta_init(&d, bad[i].bytes, bad[i].n, 64, 3, &err);
        if (st == ST_OK)
            st = parquet_delta_next(&d, 3, out, &err);
        CHECK_STATUS(st, ST_CORRUPT);
    }
}

/* ---- conversions ---------------------------------------------------------------------------- */

static struct parquet_leaf leaf_of(enum parquet_type stored, struct column_type type,
                                   uint32_t width)
{
    return (struct parquet_leaf){.info = {.type = type, .supported = true, .physical = "X"},
                                 .stored = stored,
                                 .width = width};
}

static status convert_one(const struct parquet_leaf *leaf, struct column_type want,
                          const void *from, void *to)
{
    struct parquet_convert c;
    TRY(parquet_convert_plan(leaf, want, &c, &err));
    return parquet_convert_run(&c, from, 1, to, &err);
}

TEST(big_endian_decimals_of_every_length)
{
    for (uint32_t n = 1; n <= 20; n++)
        for (int sign = 0; sign < 2; sign++) {
            uint8_t bytes[20 + 8];
            int128 got;
            struct column_type type = column_type_decimal(38, 0);
            struct parquet_leaf fixed = leaf_of(PARQUET_FIXED, type, n);
            struct parquet_leaf array = leaf_of(PARQUET_BYTE_ARRAY, type, 0);
            memset(bytes, sign ? 0xFF : 0, sizeof(bytes));
            bytes[n - 1] = 0x7E; /* 126, or 126 - 256; the sign bit is another byte's */
            int128 want = sign && n > 1 ? 126 - 256 : 126;
            CHECK_OK(convert_one(&fixed, type, bytes, &got));
            CHECK(got == want);
            struct str s = {(const char *)bytes, n};
            CHECK_OK(convert_one(&array, type, &s, &got));
            CHECK(got == want);
        }
}

TEST(decimals_keep_to_their_digits)
{
    struct column_type p3 = column_type_decimal(3, 0), p38 = column_type_decimal(38, 0);
    struct parquet_leaf narrow = leaf_of(PARQUET_INT32, p3, 4);
    struct parquet_leaf fixed = leaf_of(PARQUET_FIXED, p38, 17);
    struct parquet_leaf text = leaf_of(PARQUET_BYTE_ARRAY, p3, 0);
    int32_t inside = -999, outside = 1000;
    uint8_t big[17] = {1}, full[17] = {0, 0x7F};
    struct str nothing = STR(""), nine = STR("\x01\x00\x00\x00\x00\x00\x00\x00\x01");
    int64_t got;
    int128 wide;
    CHECK_OK(convert_one(&narrow, p3, &inside, &got));
    CHECK_INT(got, -999);
    CHECK_STATUS(convert_one(&narrow, p3, &outside, &got), ST_CORRUPT);
    CHECK_OK(convert_one(&narrow, column_type_decimal(30, 0), &inside, &wide));
    CHECK(wide == -999);
    CHECK_STATUS(convert_one(&fixed, p38, big, &wide), ST_CORRUPT);  /* 2^128 */
    CHECK_STATUS(convert_one(&fixed, p38, full, &wide), ST_CORRUPT); /* more than 38 digits */
    CHECK_STATUS(convert_one(&text, p3, &nothing, &got), ST_CORRUPT);
    CHECK_STATUS(convert_one(&text, p3, &nine, &got), ST_CORRUPT);
}

TEST(times_keep_to_their_range)
{
    struct parquet_leaf time = leaf_of(PARQUET_INT64, column_type_of(COLUMN_TIME), 8);
    struct parquet_leaf stamp = leaf_of(PARQUET_INT64, column_type_of(COLUMN_TIMESTAMP), 8);
    struct parquet_leaf int96 = leaf_of(PARQUET_INT96, column_type_of(COLUMN_TIMESTAMPTZ), 12);
    int64_t day = INT64_C(86400000000), late = day + 1, most = INT64_MAX, ns = -1, got;
    uint8_t noon_1970[12] = {0, 0x80, 0xA7, 0x48, 0x4A, 0x27, 0, 0, 0x8C, 0x3D, 0x25, 0};
    uint8_t far[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};
    time.unit = PARQUET_UNIT_US;
    CHECK_OK(convert_one(&time, time.info.type, &day, &got));
    CHECK_STATUS(convert_one(&time, time.info.type, &late, &got), ST_CORRUPT);
    CHECK_STATUS(convert_one(&time, time.info.type, &ns, &got), ST_CORRUPT);
    stamp.unit = PARQUET_UNIT_MS;
    CHECK_STATUS(convert_one(&stamp, stamp.info.type, &most, &got), ST_CORRUPT);
    stamp.unit = PARQUET_UNIT_NS;
    CHECK_OK(convert_one(&stamp, stamp.info.type, &ns, &got));
    CHECK_INT(got, -1);
    CHECK_OK(convert_one(&int96, int96.info.type, noon_1970, &got));
    CHECK_INT(got, INT64_C(43200000000));
    CHECK_STATUS(convert_one(&int96, int96.info.type, far, &got), ST_CORRUPT);
}

TEST(text_is_utf8)
{
    struct parquet_leaf text = leaf_of(PARQUET_BYTE_ARRAY, column_type_of(COLUMN_TEXT), 0);
    struct str out;
    static const struct {
        struct str s;
        bool valid;
    } cases[] = {
        {STR(""), true},
        {STR("plain text of some length"), true},
        {STR("a\0b"), true},
        {STR("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"),
         true},
        {STR("12345678\xC3"), false},     /* cut */
        {STR("\xC0\x80"), false},         /* overlong */
        {STR("\xE0\x9F\xBF"), false},     /* overlong */
        {STR("\xF0\x8F\xBF\xBF"), false}, /* overlong */
        {STR("\xED\xA0\x80"), false},     /* surrogate */
        {STR("\xF4\x90\x80\x80"), false}, /* above U+10FFFF */
        {STR("\xE2\x82x"), false},
        {STR("\x80"), false},
        {STR("\xFF"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STATUS(convert_one(&text, text.info.type, &cases[i].s, &out),
                     cases[i].valid ? ST_OK : ST_CORRUPT);
    CHECK_OK(convert_one(&text, column_type_of(COLUMN_BINARY), &cases[12].s, &out));
}

#define DECIMAL(p, s)                                                                              \
    {                                                                                              \
        .kind = COLUMN_DECIMAL, .precision = (p), .scale = (s)                                     \
    }

TEST(promotions_and_refusals)
{
    static const struct {
        enum parquet_type stored;
        uint32_t width;
        struct column_type have, want;
        bool possible;
    } cases[] = {
        {PARQUET_INT32, 4, {.kind = COLUMN_INT}, {.kind = COLUMN_BIGINT}, true},
        {PARQUET_INT32, 4, {.kind = COLUMN_INT}, {.kind = COLUMN_DOUBLE}, false},
        {PARQUET_INT64, 8, {.kind = COLUMN_BIGINT}, {.kind = COLUMN_INT}, false},
        {PARQUET_FLOAT, 4, {.kind = COLUMN_REAL}, {.kind = COLUMN_DOUBLE}, true},
        {PARQUET_DOUBLE, 8, {.kind = COLUMN_DOUBLE}, {.kind = COLUMN_REAL}, false},
        {PARQUET_INT32, 4, DECIMAL(5, 2), DECIMAL(30, 2), true},
        {PARQUET_INT32, 4, DECIMAL(5, 2), DECIMAL(30, 3), false},
        {PARQUET_INT32, 4, DECIMAL(5, 2), DECIMAL(4, 2), false},
        {PARQUET_INT64, 8, {.kind = COLUMN_TIMESTAMP}, {.kind = COLUMN_TIMESTAMPTZ}, false},
        {PARQUET_BYTE_ARRAY, 0, {.kind = COLUMN_BINARY}, {.kind = COLUMN_TEXT}, true},
        {PARQUET_FIXED,
         16,
         {.kind = COLUMN_FIXED, .length_bytes = 16},
         {.kind = COLUMN_UUID},
         true},
        {PARQUET_FIXED,
         15,
         {.kind = COLUMN_FIXED, .length_bytes = 15},
         {.kind = COLUMN_UUID},
         false},
        {PARQUET_INT32, 4, {.kind = COLUMN_DATE}, {.kind = COLUMN_TIMESTAMP}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parquet_leaf leaf = leaf_of(cases[i].stored, cases[i].have, cases[i].width);
        struct parquet_convert c;
        char from[64], to[64];
        status st = parquet_convert_plan(&leaf, cases[i].want, &c, &err);
        CHECK_STATUS(st, cases[i].possible ? ST_OK : ST_UNSUPPORTED);
        if (st == ST_OK)
            continue;
        CHECK(strstr(err.msg, column_type_name(cases[i].have, from)) != NULL);
        CHECK(strstr(err.msg, column_type_name(cases[i].want, to)) != NULL);
    }
}

/* ---- bounds --------------------------------------------------------------------------------- */

static struct parquet_statistics both(struct str min, struct str max)
{
    struct parquet_statistics s = {.min_value = min, .max_value = max};
    PARQUET_PUT(&s, STATISTICS_MIN_VALUE);
    PARQUET_PUT(&s, STATISTICS_MAX_VALUE);
    return s;
}

static struct parquet_statistics deprecated(struct str min, struct str max)
{
    struct parquet_statistics s = {.min = min, .max = max};
    PARQUET_PUT(&s, STATISTICS_MIN);
    PARQUET_PUT(&s, STATISTICS_MAX);
    return s;
}

static struct parquet_chunk_info bounds(const struct parquet_leaf *leaf,
                                        const struct parquet_statistics *s)
{
    struct parquet_chunk_info info = {.values = 100};
    parquet_bounds_read(leaf, s, &info);
    return info;
}

#define BYTES(v) ((struct str){(const char *)&(v), sizeof(v)})

TEST(bounds_of_integers)
{
    struct parquet_leaf leaf = leaf_of(PARQUET_INT32, column_type_of(COLUMN_INT), 4);
    int32_t low = -5, high = 7;
    struct parquet_statistics s = both(BYTES(low), BYTES(high));
    struct parquet_chunk_info info = bounds(&leaf, &s);
    CHECK(info.has_min && info.has_max && info.min_exact && info.max_exact);
    CHECK_INT(info.min.i32, -5);
    CHECK_INT(info.max.i32, 7);
    PARQUET_PUT(&s, STATISTICS_MAX_EXACT); /* present and false */
    info = bounds(&leaf, &s);
    CHECK(info.min_exact && !info.max_exact);
    s = deprecated(BYTES(low), BYTES(high));
    info = bounds(&leaf, &s);
    CHECK(info.has_min && info.has_max); /* signed order is its only one */
    s = both(BYTES(high), BYTES(low));
    info = bounds(&leaf, &s);
    CHECK(!info.has_min && !info.has_max);
    s = both(STR("abc"), STR(""));
    info = bounds(&leaf, &s);
    CHECK(!info.has_min && !info.has_max);
    PARQUET_PUT(&s, STATISTICS_NULL_COUNT);
    s.null_count = 101;
    CHECK(!bounds(&leaf, &s).has_null_count);
    s.null_count = 100;
    CHECK(bounds(&leaf, &s).has_null_count);
}

TEST(bounds_of_unsigned_and_text_need_a_known_order)
{
    struct parquet_leaf wide = leaf_of(PARQUET_INT32, column_type_of(COLUMN_BIGINT), 4);
    struct parquet_leaf text = leaf_of(PARQUET_BYTE_ARRAY, column_type_of(COLUMN_TEXT), 0);
    uint32_t low = 1, high = UINT32_MAX;
    struct parquet_statistics s = both(BYTES(low), BYTES(high)), t = both(STR("a"), STR("\xC3"));
    wide.is_unsigned = true;
    CHECK(!bounds(&wide, &s).has_max && !bounds(&text, &t).has_max);
    wide.order = text.order = 1u << COLUMN_ORDER_TYPE;
    CHECK_INT(bounds(&wide, &s).max.i64, UINT32_MAX);
    CHECK(bounds(&text, &t).has_max && !bounds(&text, &t).max_exact);
    CHECK_STR(bounds(&text, &t).max.str, "\xC3"); /* cut inside a character */
    PARQUET_PUT(&t, STATISTICS_MAX_EXACT);
    t.max_exact = true;
    CHECK(bounds(&text, &t).max_exact && !bounds(&text, &t).min_exact);
    wide.order = text.order = PARQUET_ORDER_UNKNOWN;
    CHECK(!bounds(&wide, &s).has_max && !bounds(&text, &t).has_max);
    s = deprecated(BYTES(low), BYTES(high));
    t = deprecated(STR("a"), STR("b"));
    wide.order = text.order = 1u << COLUMN_ORDER_TYPE;
    CHECK(!bounds(&wide, &s).has_max && !bounds(&text, &t).has_min);
}

TEST(bounds_of_floats_know_nan_and_zero)
{
    struct parquet_leaf leaf = leaf_of(PARQUET_DOUBLE, column_type_of(COLUMN_DOUBLE), 8);
    double low = 0.0, high = 2.5, nan_ = NAN, minus = -0.0;
    struct parquet_statistics s = both(BYTES(low), BYTES(high));
    struct parquet_chunk_info info = bounds(&leaf, &s);
    CHECK(info.has_min && !info.has_max); /* a NaN may be above */
    CHECK_DOUBLE(info.min.f64, -0.0);
    CHECK(!info.min_exact);
    PARQUET_PUT(&s, STATISTICS_NAN_COUNT);
    info = bounds(&leaf, &s);
    CHECK(info.has_max && info.max_exact);
    CHECK_DOUBLE(info.max.f64, 2.5);
    s.max_value = BYTES(minus);
    info = bounds(&leaf, &s);
    CHECK(info.has_max && !info.max_exact);
    CHECK_DOUBLE(info.max.f64, 0.0);
    s.nan_count = 1;
    CHECK(!bounds(&leaf, &s).has_max);
    s = both(BYTES(nan_), BYTES(nan_));
    PARQUET_PUT(&s, STATISTICS_NAN_COUNT);
    CHECK(!bounds(&leaf, &s).has_min && !bounds(&leaf, &s).has_max);
}

TEST(bounds_of_int96_need_its_own_order)
{
    struct parquet_leaf leaf = leaf_of(PARQUET_INT96, column_type_of(COLUMN_TIMESTAMPTZ), 12);
    uint8_t epoch[12] = {[8] = 0x8C, 0x3D, 0x25, 0};
    struct str s96 = {(const char *)epoch, 12};
    struct parquet_statistics s = both(s96, s96);
    CHECK(!bounds(&leaf, &s).has_min);
    leaf.order = 1u << COLUMN_ORDER_TYPE;
    CHECK(!bounds(&leaf, &s).has_min);
    leaf.order = 1u << COLUMN_ORDER_INT96;
    CHECK(bounds(&leaf, &s).has_min);
    CHECK_INT(bounds(&leaf, &s).min.i64, 0);
}
