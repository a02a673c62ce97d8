// SPDX-License-Identifier: Apache-2.0
/* iceberg_value_test.c - single values and bounds to and from bytes. */
#include "harness/test.h"
#include "iceberg/iceberg.h"

static struct arena arena;
static struct error err;

static void setup(void)
{
    arena_init(&arena, NULL);
    error_init(&err);
}

static struct column_value value(enum column_kind kind)
{
    return (struct column_value){.type = column_type_of(kind)};
}

static void check_hex(struct str got, const char *want)
{
    char hex[128] = "";
    for (size_t i = 0; i < got.len && i < 60; i++)
        snprintf(hex + 2 * i, 3, "%02x", (uint8_t)got.ptr[i]);
    CHECK_STR(str_of(hex), want);
}

static void check_encode(struct column_value v, const char *want)
{
    struct str bytes;
    struct column_value back;
    CHECK_OK(iceberg_value_encode(&v, &arena, &bytes, &err));
    check_hex(bytes, want);
    CHECK_OK(iceberg_value_decode(v.type, bytes, &arena, &back, &err));
    CHECK(column_type_eq(back.type, v.type) && !back.null);
    CHECK_INT(column_value_cmp(&v, &back, true), 0);
}

TEST(values_round_trip)
{
    setup();
    struct column_value v = value(COLUMN_BOOLEAN);
    v.b = 1;
    check_encode(v, "01");
    v = value(COLUMN_INT);
    v.i32 = 34;
    check_encode(v, "22000000");
    v = value(COLUMN_DATE);
    v.i32 = -1;
    check_encode(v, "ffffffff");
    v = value(COLUMN_BIGINT);
    v.i64 = 34;
    check_encode(v, "2200000000000000");
    v = value(COLUMN_TIMESTAMPTZ);
    v.i64 = -2;
    check_encode(v, "feffffffffffffff");
    v = value(COLUMN_REAL);
    v.f32 = -1.5f;
    check_encode(v, "0000c0bf");
    v = value(COLUMN_DOUBLE);
    v.f64 = -0.0;
    check_encode(v, "0000000000000080");
    v = value(COLUMN_TEXT);
    v.str = STR("iceberg");
    check_encode(v, "69636562657267");
    v.str = STR("");
    check_encode(v, "");
    v = value(COLUMN_UUID);
    v.str = STR("\xf7\x9c\x3e\x09\x67\x7c\x4b\xbd\xa4\x79\x3f\x34\x9c\xb7\x85\xe7");
    check_encode(v, "f79c3e09677c4bbda4793f349cb785e7");
    v = value(COLUMN_BINARY);
    v.str = STR("\0\1");
    check_encode(v, "0001");
}

TEST(decimals_are_minimal)
{
    static const struct {
        int64_t v;
        const char *want;
    } cases[] = {{0, "00"},       {1, "01"},         {-1, "ff"},       {127, "7f"},
                 {128, "0080"},   {-128, "80"},      {-129, "ff7f"},   {1420, "058c"},
                 {32767, "7fff"}, {32768, "008000"}, {-32768, "8000"}, {999999999, "3b9ac9ff"}};
    setup();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct column_value v = {.type = column_type_decimal(9, 2)};
        v.i64 = cases[i].v;
        check_encode(v, cases[i].want);
        v = (struct column_value){.type = column_type_decimal(38, 2)};
        v.i128 = cases[i].v;
        check_encode(v, cases[i].want);
    }
    struct column_value v = {.type = column_type_decimal(38, 0)};
    v.i128 = wide_pow10(38) - 1;
    check_encode(v, "4b3b4ca85a86c47a098a223fffffffff");
    v.i128 = -v.i128;
    check_encode(v, "b4c4b357a5793b85f675ddc000000001");

    struct column_value out;
    CHECK_STATUS(iceberg_value_decode(column_type_decimal(2, 0), STR("\x64"), &arena, &out, &err),
                 ST_CORRUPT); /* 100 */
    CHECK_STATUS(iceberg_value_decode(column_type_decimal(2, 0), STR(""), &arena, &out, &err),
                 ST_CORRUPT);
    CHECK_OK(iceberg_value_decode(column_type_decimal(9, 0), STR("\0\0\0\0\0\0\0\0\0\x63"), &arena,
                                  &out, &err)); /* more bytes than needed */
    CHECK_INT(out.i64, 99);
}

TEST(promoted_values_are_widened)
{
    setup();
    struct column_value v;
    CHECK_OK(iceberg_value_decode(column_type_of(COLUMN_BIGINT), STR("\xfe\xff\xff\xff"), &arena,
                                  &v, &err));
    CHECK_INT(v.i64, -2);
    CHECK_OK(
        iceberg_value_decode(column_type_of(COLUMN_DOUBLE), STR("\0\0\xc0\xbf"), &arena, &v, &err));
    CHECK_DOUBLE(v.f64, -1.5);
    static const enum column_kind kinds[] = {COLUMN_INT,  COLUMN_DATE,      COLUMN_REAL,
                                             COLUMN_UUID, COLUMN_TIMESTAMP, COLUMN_BOOLEAN};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        for (size_t n = 0; n < 12; n++) {
            size_t right = kinds[i] == COLUMN_UUID        ? 16
                           : kinds[i] == COLUMN_TIMESTAMP ? 8
                           : kinds[i] == COLUMN_BOOLEAN   ? 1
                                                          : 4;
            struct str bytes = {"0123456789ab", n};
            status st = iceberg_value_decode(column_type_of(kinds[i]), bytes, &arena, &v, &err);
            CHECK_STATUS(st, n == right ? ST_OK : ST_CORRUPT);
        }
}

static void check_bound(enum column_kind kind, struct str text, const char *lower,
                        const char *upper)
{
    struct column_value v = value(kind);
    struct str out;
    v.str = text;
    CHECK_OK(iceberg_bound_truncate(&v, false, 16, &arena, &out, &err));
    CHECK_STR(out, lower);
    CHECK_OK(iceberg_bound_truncate(&v, true, 16, &arena, &out, &err));
    if (!upper)
        CHECK(out.ptr == NULL);
    else
        CHECK_STR(out, upper);
}

TEST(bounds_are_cut_to_16)
{
    setup();
    check_bound(COLUMN_TEXT, STR(""), "", "");
    check_bound(COLUMN_TEXT, STR("abcdefghijklmnop"), "abcdefghijklmnop", "abcdefghijklmnop");
    check_bound(COLUMN_TEXT, STR("abcdefghijklmnopq"), "abcdefghijklmnop", "abcdefghijklmnoq");
    /* 16 characters of 2 bytes; the last is U+07FF, the next one has 3 bytes */
    check_bound(COLUMN_TEXT,
                STR("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
                    "\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xdf\xbfz"),
                "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xdf\xbf",
                "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xe0\xa0\x80");
    /* U+D7FF is followed by U+E000 */
    check_bound(COLUMN_TEXT, STR("abcdefghijklmno\xed\x9f\xbfq"), "abcdefghijklmno\xed\x9f\xbf",
                "abcdefghijklmno\xee\x80\x80");
    /* U+10FFFF cannot grow: the one before it does */
    check_bound(COLUMN_TEXT, STR("abcdefghijklmno\xf4\x8f\xbf\xbfq"),
                "abcdefghijklmno\xf4\x8f\xbf\xbf", "abcdefghijklmnp");
    struct buffer all;
    buffer_init(&all, NULL, 1000);
    for (int i = 0; i < 17; i++)
        CHECK_OK(buffer_append(&all, "\xf4\x8f\xbf\xbf", 4, &err));
    struct column_value v = value(COLUMN_TEXT);
    struct str out;
    v.str = buffer_str(&all);
    CHECK_OK(iceberg_bound_truncate(&v, false, 16, &arena, &out, &err));
    CHECK_INT(out.len, 64);
    CHECK_OK(iceberg_bound_truncate(&v, true, 16, &arena, &out, &err));
    CHECK(out.ptr == NULL);
    buffer_free(&all);

    check_bound(COLUMN_BINARY, STR("0123456789abcdefg"), "0123456789abcdef", "0123456789abcdeg");
    check_bound(COLUMN_BINARY, STR("0123456789abcde\xffz"), "0123456789abcde\xff",
                "0123456789abcdf");
    check_bound(COLUMN_BINARY,
                STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", NULL);

    v.str = STR("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
                "\x80"); /* no text at all */
    CHECK_OK(iceberg_bound_truncate(&v, true, 16, &arena, &out, &err));
    CHECK(out.ptr == NULL);
    v.null = true;
    CHECK_OK(iceberg_bound_truncate(&v, true, 16, &arena, &out, &err));
    CHECK(out.ptr == NULL);
    v = value(COLUMN_BIGINT);
    v.i64 = 5;
    CHECK_OK(iceberg_bound_truncate(&v, true, 16, &arena, &out, &err));
    check_hex(out, "0500000000000000");
}
