// SPDX-License-Identifier: Apache-2.0
/* column_text_test.c - every type from text and back, with PostgreSQL 15's answers and errors. */
#include "column/column_text.h"
#include "column/column_zone.h"
#include "harness/test.h"

#include <stdlib.h>

/* Parses, prints, and compares; `want` starting with '!' is an SQLSTATE and a message. */
static void check_in_zone(struct column_type type, const char *text, const char *want,
                          const struct zone *zone)
{
    struct error err;
    struct arena a;
    struct buffer out;
    struct column_value v;
    error_init(&err);
    arena_init(&a, NULL);
    buffer_init(&out, NULL, 1 << 20);
    status st = column_text_parse(type, str_of(text), zone, &a, &v, &err);
    if (st != ST_OK) {
        CHECK_OK(buffer_printf(&out, NULL, "!%s %s", error_state(&err), err.msg));
    } else {
        CHECK_OK(column_text_format(&v, zone, &out, &err));
    }
    if (!str_eq_z(buffer_str(&out), want))
        test_fail(__FILE__, __LINE__, "\"%s\" gives \"%.*s\", not \"%s\"", text,
                  STR_ARG(buffer_str(&out)), want);
    buffer_free(&out);
    arena_free(&a);
}

static void check(enum column_kind kind, const char *text, const char *want)
{
    check_in_zone(column_type_of(kind), text, want, NULL);
}

TEST(integers)
{
    check(COLUMN_INT, " 42\n", "42");
    check(COLUMN_INT, "+7", "7");
    check(COLUMN_INT, "-2147483648", "-2147483648");
    check(COLUMN_INT, "2147483647", "2147483647");
    check(COLUMN_INT, "2147483648", "!22003 value \"2147483648\" is out of range for type integer");
    check(COLUMN_SMALLINT, "-32769", "!22003 value \"-32769\" is out of range for type smallint");
    check(COLUMN_BIGINT, "-9223372036854775808", "-9223372036854775808");
    check(COLUMN_BIGINT, "9223372036854775807", "9223372036854775807");
    check(COLUMN_BIGINT, "9223372036854775808",
          "!22003 value \"9223372036854775808\" is out of range for type bigint");
    check(COLUMN_BIGINT, "-99999999999999999999",
          "!22003 value \"-99999999999999999999\" is out of range for type bigint");
    check(COLUMN_INT, "abc", "!22P02 invalid input syntax for type integer: \"abc\"");
    check(COLUMN_INT, "", "!22P02 invalid input syntax for type integer: \"\"");
    check(COLUMN_INT, "-", "!22P02 invalid input syntax for type integer: \"-\"");
    check(COLUMN_BIGINT, "99999999999999999999x",
          "!22P02 invalid input syntax for type bigint: \"99999999999999999999x\"");
}

TEST(booleans)
{
    check(COLUMN_BOOLEAN, "TRUE", "t");
    check(COLUMN_BOOLEAN, " t ", "t");
    check(COLUMN_BOOLEAN, "of", "f");
    check(COLUMN_BOOLEAN, "on", "t");
    check(COLUMN_BOOLEAN, "0", "f");
    check(COLUMN_BOOLEAN, "o", "!22P02 invalid input syntax for type boolean: \"o\"");
    check(COLUMN_BOOLEAN, "truer", "!22P02 invalid input syntax for type boolean: \"truer\"");
}

TEST(doubles)
{
    check(COLUMN_DOUBLE, "105992.19", "105992.19");
    check(COLUMN_DOUBLE, "1e20", "1e+20");
    check(COLUMN_DOUBLE, "100000000000000", "100000000000000");
    check(COLUMN_DOUBLE, "1e15", "1e+15");
    check(COLUMN_DOUBLE, "0.0001", "0.0001");
    check(COLUMN_DOUBLE, "0.00001", "1e-05");
    check(COLUMN_DOUBLE, "-0", "-0");
    check(COLUMN_DOUBLE, ".5", "0.5");
    check(COLUMN_DOUBLE, "5.", "5");
    check(COLUMN_DOUBLE, "nan", "NaN");
    check(COLUMN_DOUBLE, "-inf", "-Infinity");
    check(COLUMN_DOUBLE, "+Infinity", "Infinity");
    check(COLUMN_DOUBLE, "4.9e-324", "5e-324");
    check(COLUMN_DOUBLE, "1e23", "9.999999999999999e+22");
    check(COLUMN_DOUBLE, "1.7976931348623157e308", "1.7976931348623157e+308");
    check(COLUMN_DOUBLE, "5.684341886080801486968994140625e-14", "5.684341886080802e-14");
    check(COLUMN_DOUBLE, "0.1000000000000000055511151231257827021181583404541015625", "0.1");
    check(COLUMN_DOUBLE, "1e309", "!22003 \"1e309\" is out of range for type double precision");
    check(COLUMN_DOUBLE, "1e-400", "!22003 \"1e-400\" is out of range for type double precision");
    check(COLUMN_DOUBLE, "0e999999999999", "0");
    check(COLUMN_DOUBLE, "1e99999999999999999999",
          "!22003 \"1e99999999999999999999\" is out of range for type double precision");
    check(COLUMN_DOUBLE, "0x10", "!22P02 invalid input syntax for type double precision: \"0x10\"");
    check(COLUMN_DOUBLE, ".", "!22P02 invalid input syntax for type double precision: \".\"");
    check(COLUMN_DOUBLE, "1e", "!22P02 invalid input syntax for type double precision: \"1e\"");
    check(COLUMN_REAL, "16777217", "1.6777216e+07");
    check(COLUMN_REAL, "0.1", "0.1");
    check(COLUMN_REAL, "100000", "100000");
    check(COLUMN_REAL, "1000000", "1e+06");
    check(COLUMN_REAL, "1e39", "!22003 \"1e39\" is out of range for type real");
}

/* A number a hair above the middle of two doubles, its last digit 10,000 places behind the point.
 */
TEST(double_decided_by_the_last_digit)
{
    struct error err;
    char text[10100] = "9007199254740993.";
    double v;
    memset(text + 17, '0', 10000);
    text[10017] = '\0';
    CHECK_OK(column_text_to_double(str_of(text), &v, &err));
    CHECK_DOUBLE(v, 9007199254740992.0);
    text[10016] = '1';
    CHECK_OK(column_text_to_double(str_of(text), &v, &err));
    CHECK_DOUBLE(v, 9007199254740994.0);
}

TEST(decimals)
{
    struct column_type money = column_type_decimal(10, 2), wide = column_type_decimal(38, 0);
    check_in_zone(money, "12.345", "12.35", NULL);
    check_in_zone(money, "-12.345", "-12.35", NULL);
    check_in_zone(money, "12.344999", "12.34", NULL);
    check_in_zone(money, "1.5e3", "1500.00", NULL);
    check_in_zone(money, "150e-2", "1.50", NULL);
    check_in_zone(money, "0.005", "0.01", NULL);
    check_in_zone(money, "0.0049", "0.00", NULL);
    check_in_zone(money, "1e-999999999999", "0.00", NULL);
    check_in_zone(money, "99999999.994", "99999999.99", NULL);
    check_in_zone(money, "99999999.995", "!22003 numeric field overflow", NULL);
    check_in_zone(money, "1e99999999999", "!22003 numeric field overflow", NULL);
    check_in_zone(money, "NaN", "!22003 type numeric cannot hold \"NaN\"", NULL);
    check_in_zone(money, "1,5", "!22P02 invalid input syntax for type numeric: \"1,5\"", NULL);
    check_in_zone(wide, "99999999999999999999999999999999999999",
                  "99999999999999999999999999999999999999", NULL);
    check_in_zone(wide, "99999999999999999999999999999999999999.5", "!22003 numeric field overflow",
                  NULL);
    check_in_zone(column_type_decimal(38, 38), "-0.12345678901234567890123456789012345678",
                  "-0.12345678901234567890123456789012345678", NULL);
}

TEST(decimal_types)
{
    static const struct {
        const char *text;
        unsigned precision, scale;
    } cases[] = {{"1.50", 3, 2}, {"0.05", 2, 2}, {"0", 1, 0},     {"100", 3, 0},
                 {"1e3", 4, 0},  {"1e-3", 3, 3}, {"007.0", 2, 1}, {".5", 1, 1}};
    struct column_type t;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK(column_text_decimal_type(str_of(cases[i].text), &t));
        CHECK_INT(t.precision, cases[i].precision);
        CHECK_INT(t.scale, cases[i].scale);
    }
    CHECK(!column_text_decimal_type(STR("1e38"), &t));
    CHECK(!column_text_decimal_type(STR("1e-39"), &t));
    CHECK(!column_text_decimal_type(STR("1e999999999999999999999"), &t));
    CHECK(!column_text_decimal_type(STR("x"), &t));
}

TEST(dates)
{
    check(COLUMN_DATE, "2025-01-14", "2025-01-14");
    check(COLUMN_DATE, "2025-1-4", "2025-01-04");
    check(COLUMN_DATE, "20250114", "2025-01-14");
    check(COLUMN_DATE, "2025/01/14", "2025-01-14");
    check(COLUMN_DATE, "2025-01-14 10:00:00", "2025-01-14");
    check(COLUMN_DATE, "0044-03-15 BC", "0044-03-15 BC");
    check(COLUMN_DATE, "4714-11-24 BC", "4714-11-24 BC");
    check(COLUMN_DATE, "4714-11-23 BC", "!22008 date out of range: \"4714-11-23 BC\"");
    check(COLUMN_DATE, "5874897-12-31", "5874897-12-31");
    check(COLUMN_DATE, "12345-06-07", "12345-06-07");
    check(COLUMN_DATE, "epoch", "1970-01-01");
    check(COLUMN_DATE, "2024-02-29", "2024-02-29");
    check(COLUMN_DATE, "1900-02-29", "!22008 date/time field value out of range: \"1900-02-29\"");
    check(COLUMN_DATE, "2025-13-01", "!22008 date/time field value out of range: \"2025-13-01\"");
    check(COLUMN_DATE, "0000-01-01", "!22008 date/time field value out of range: \"0000-01-01\"");
    check(COLUMN_DATE, "1/8/1999", "!22007 invalid input syntax for type date: \"1/8/1999\"");
    check(COLUMN_DATE, "Jan 8", "!22007 invalid input syntax for type date: \"Jan 8\"");
    check(COLUMN_DATE, "10:00", "!22007 invalid input syntax for type date: \"10:00\"");
    check(COLUMN_DATE, "2025-01-14x", "!22007 invalid input syntax for type date: \"2025-01-14x\"");
    check(COLUMN_DATE, "infinity", "!0A000 date/time value \"infinity\" is not supported");
}

TEST(calendar_round_trip)
{
    int32_t days = column_days_from_civil(-5000, 1, 1);
    for (int64_t year = -5000; year <= 5000; year++)
        for (unsigned month = 1; month <= 12; month++) {
            int64_t y;
            unsigned m, d;
            CHECK_INT(column_days_from_civil(year, month, 1) >= days, 1);
            days = column_days_from_civil(year, month, 1);
            column_civil_from_days(days, &y, &m, &d);
            CHECK(y == year && m == month && d == 1);
            column_civil_from_days(days - 1, &y, &m, &d);
            CHECK(d >= 28 && d <= 31 && m == (month == 1 ? 12 : month - 1));
        }
    CHECK_INT(column_days_from_civil(1970, 1, 1), 0);
    CHECK_INT(column_days_from_civil(2000, 3, 1), 11017);
}

TEST(times)
{
    check(COLUMN_TIME, "10:05", "10:05:00");
    check(COLUMN_TIME, "10:05:07.5", "10:05:07.5");
    check(COLUMN_TIME, "100507", "10:05:07");
    check(COLUMN_TIME, "12:00 am", "00:00:00");
    check(COLUMN_TIME, "1:30 PM", "13:30:00");
    check(COLUMN_TIME, "10:05:07+02", "10:05:07");
    check(COLUMN_TIME, "00:00:00.0000005", "00:00:00");
    check(COLUMN_TIME, "00:00:00.00000050001", "00:00:00.000001");
    check(COLUMN_TIME, "00:00:00.0000015", "00:00:00.000002");
    check(COLUMN_TIME, "24:00", "!22008 date/time field value out of range: \"24:00\"");
    check(COLUMN_TIME, "25:00", "!22008 date/time field value out of range: \"25:00\"");
    check(COLUMN_TIME, "10", "!22007 invalid input syntax for type time: \"10\"");
}

TEST(timestamps)
{
    check(COLUMN_TIMESTAMP, "2025-01-14 10:00:00", "2025-01-14 10:00:00");
    check(COLUMN_TIMESTAMP, "2025-01-14T10:00:00.123456Z", "2025-01-14 10:00:00.123456");
    check(COLUMN_TIMESTAMP, "2025-01-14 10:00:00.10", "2025-01-14 10:00:00.1");
    check(COLUMN_TIMESTAMP, "2025-01-14 24:00", "2025-01-15 00:00:00");
    check(COLUMN_TIMESTAMP, "2025-01-14 23:59:60", "2025-01-15 00:00:00");
    check(COLUMN_TIMESTAMP, "2025-01-14 23:59:59.9999999", "2025-01-15 00:00:00");
    check(COLUMN_TIMESTAMP, "2025-01-14", "2025-01-14 00:00:00");
    check(COLUMN_TIMESTAMP, "20250114T100000", "2025-01-14 10:00:00");
    check(COLUMN_TIMESTAMP, "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999");
    check(COLUMN_TIMESTAMP, "0001-01-01 00:00 BC", "0001-01-01 00:00:00 BC");
    check(COLUMN_TIMESTAMP, "294246-12-31 23:59:59.999999", "294246-12-31 23:59:59.999999");
    check(COLUMN_TIMESTAMP, "294247-01-01", "!22008 timestamp out of range: \"294247-01-01\"");
    check(COLUMN_TIMESTAMP, "5874897-12-31 24:00",
          "!22008 timestamp out of range: \"5874897-12-31 24:00\"");
    check(COLUMN_TIMESTAMP, "2025-01-14 25:00",
          "!22008 date/time field value out of range: \"2025-01-14 25:00\"");
    check(COLUMN_TIMESTAMP, "2025-01-14 10:00 nowhere",
          "!22007 invalid input syntax for type timestamp: "
          "\"2025-01-14 10:00 nowhere\"");
}

TEST(timestamps_in_zones)
{
    struct error err;
    struct arena a;
    struct zone *berlin, *india;
    struct column_type tz = column_type_of(COLUMN_TIMESTAMPTZ);
    arena_init(&a, NULL);
    CHECK_OK(zone_load(&a, STR("Europe/Berlin"), &berlin, &err));
    CHECK_OK(zone_load(&a, STR("+05:30"), &india, &err));
    check(COLUMN_TIMESTAMPTZ, "2025-01-14 10:00:00", "2025-01-14 10:00:00+00");
    check(COLUMN_TIMESTAMPTZ, "2025-01-14 10:00:00+05:30", "2025-01-14 04:30:00+00");
    check(COLUMN_TIMESTAMPTZ, "2025-01-14 10:00:00 -0130", "2025-01-14 11:30:00+00");
    check(COLUMN_TIMESTAMPTZ, "2025-07-14 10:00 Europe/Berlin", "2025-07-14 08:00:00+00");
    check(COLUMN_TIMESTAMPTZ, "2025-07-14T10:00:00Z", "2025-07-14 10:00:00+00");
    check(COLUMN_TIMESTAMPTZ, "2025-07-14 10:00+16",
          "!22009 time zone displacement out of range: \"2025-07-14 10:00+16\"");
    check_in_zone(tz, "2025-07-14T10:00:00Z", "2025-07-14 12:00:00+02", berlin);
    check_in_zone(tz, "2025-01-14 10:00:00", "2025-01-14 10:00:00+01", berlin);
    check_in_zone(tz, "1800-01-01 00:00:00", "1800-01-01 00:00:00+00:53:28", berlin);
    check_in_zone(tz, "2025-01-14 10:00:00", "2025-01-14 10:00:00+05:30", india);
    check_in_zone(tz, "0001-12-31 23:00:00 BC", "0001-12-31 23:00:00+05:30 BC", india);
    arena_free(&a);
}

/* Files may hold any number; all of them print. */
TEST(timestamps_at_the_ends_of_64_bits)
{
    struct error err;
    struct arena a;
    struct buffer out;
    struct zone *east, *west, *berlin;
    static const char *const names[] = {"-15", "+15", "Europe/Berlin"};
    struct zone **const zones[] = {&west, &east, &berlin};
    struct column_value v = {.type = column_type_of(COLUMN_TIMESTAMPTZ), .i64 = INT64_MIN};
    arena_init(&a, NULL);
    buffer_init(&out, NULL, 1000);
    CHECK_OK(column_text_format(&v, NULL, &out, &err));
    CHECK_STR(buffer_str(&out), "290309-12-21 19:59:05.224192+00 BC");
    for (size_t i = 0; i < 3; i++) {
        CHECK_OK(zone_load(&a, str_of(names[i]), zones[i], &err));
        v.i64 = INT64_MIN;
        CHECK_OK(column_text_format(&v, *zones[i], &out, &err));
        v.i64 = INT64_MAX;
        CHECK_OK(column_text_format(&v, *zones[i], &out, &err));
        zone_to_utc(*zones[i], INT64_MIN);
        zone_to_utc(*zones[i], INT64_MAX);
    }
    buffer_free(&out);
    arena_free(&a);
}

TEST(intervals)
{
    check(COLUMN_INTERVAL, "1 day 02:03:04", "1 day 02:03:04");
    check(COLUMN_INTERVAL, "1 month", "1 mon");
    check(COLUMN_INTERVAL, "15 minutes", "00:15:00");
    check(COLUMN_INTERVAL, "1 year 2 mons 3 days 04:05:06.789",
          "1 year 2 mons 3 days 04:05:06.789");
    check(COLUMN_INTERVAL, "-1 day 02:03:04", "-1 days +02:03:04");
    check(COLUMN_INTERVAL, "1 week ago", "-7 days");
    check(COLUMN_INTERVAL, "@ 2 hours", "02:00:00");
    check(COLUMN_INTERVAL, "1.5 days", "1 day 12:00:00");
    check(COLUMN_INTERVAL, "1.5 months", "1 mon 15 days");
    check(COLUMN_INTERVAL, "-1.5 years", "-1 years -6 mons");
    check(COLUMN_INTERVAL, "1 2:03:04", "1 day 02:03:04");
    check(COLUMN_INTERVAL, "1-2", "1 year 2 mons");
    check(COLUMN_INTERVAL, "90", "00:01:30");
    check(COLUMN_INTERVAL, "5:30.5", "00:05:30.5");
    check(COLUMN_INTERVAL, "-00:00:01", "-00:00:01");
    check(COLUMN_INTERVAL, "P1DT2H", "1 day 02:00:00");
    check(COLUMN_INTERVAL, "P1Y2M3W4DT5H6M7.5S", "1 year 2 mons 25 days 05:06:07.5");
    check(COLUMN_INTERVAL, "PT-1M", "-00:01:00");
    check(COLUMN_INTERVAL, "0", "00:00:00");
    check(COLUMN_INTERVAL, "2 centuries", "200 years");
    check(COLUMN_INTERVAL, "1 day 1 mon -3 weeks", "1 mon -20 days");
    check(COLUMN_INTERVAL, "1 day 2 days",
          "!22007 invalid input syntax for type interval: \"1 day 2 days\"");
    check(COLUMN_INTERVAL, "1.5 secs 3 us",
          "!22007 invalid input syntax for type interval: \"1.5 secs 3 us\"");
    check(COLUMN_INTERVAL, "1:60", "!22015 interval field value out of range: \"1:60\"");
    check(COLUMN_INTERVAL, "3000000000 days",
          "!22015 interval field value out of range: \"3000000000 days\"");
    check(COLUMN_INTERVAL, "1 fortnight",
          "!22007 invalid input syntax for type interval: \"1 fortnight\"");
    check(COLUMN_INTERVAL, "", "!22007 invalid input syntax for type interval: \"\"");
    check(COLUMN_INTERVAL, "P", "!22007 invalid input syntax for type interval: \"P\"");
    check(COLUMN_INTERVAL, "99999999999999999999 years",
          "!22007 invalid input syntax for type interval: \"99999999999999999999 years\"");
}

TEST(text_and_bytes)
{
    struct column_type fixed = {.kind = COLUMN_FIXED, .length_bytes = 2};
    check(COLUMN_TEXT, " as it is ", " as it is ");
    check(COLUMN_TEXT, "a\xff", "!22021 text is not valid UTF-8 without NUL");
    check(COLUMN_BINARY, "\\xDEad be", "\\xdeadbe");
    check(COLUMN_BINARY, "a\\\\b\\001", "\\x615c6201");
    check(COLUMN_BINARY, "\\x123", "!22023 invalid hexadecimal data: odd number of digits");
    check(COLUMN_BINARY, "\\x1g", "!22023 invalid hexadecimal digit: \"g\"");
    check(COLUMN_BINARY, "a\\", "!22P02 invalid input syntax for type bytea: \"a\\\"");
    check_in_zone(fixed, "\\x0102", "\\x0102", NULL);
    check_in_zone(fixed, "\\x01", "!22026 type fixed(2) takes 2 bytes, not 1", NULL);
    check(COLUMN_UUID, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    check(COLUMN_UUID, "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    check(COLUMN_UUID, "a0eebc99", "!22P02 invalid input syntax for type uuid: \"a0eebc99\"");
}

/* What the fast forms take, the full parsers must take alike; what they decline is left to those.
 */
TEST(fast_forms_agree)
{
    static const char *const numbers[] = {"0",
                                          "-0",
                                          "1",
                                          "-12.5",
                                          "999999999999999999",
                                          "-",
                                          ".",
                                          "-.",
                                          "",
                                          "1.",
                                          ".25",
                                          "1e5",
                                          "1.2.3",
                                          "9007199254740993",
                                          "0.1",
                                          "1234567890.12345678"};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct str s = str_of(numbers[i]);
        double fast, full;
        if (column_text_fast_double(s.ptr, s.len, &fast)) {
            CHECK(s.len > 0 && s.ptr[s.len - 1] != '-');
            CHECK_INT(column_text_to_double(STR(""), &full, NULL), ST_INVALID);
            full = strtod(s.ptr, NULL);
            CHECK_DOUBLE(fast, full);
        }
    }
    int64_t n, us;
    int32_t days;
    bool utc;
    double d;
    CHECK(!column_text_fast_double("-", 1, &d) && !column_text_fast_double(".", 1, &d));
    CHECK(!column_text_fast_double("-.", 2, &d) && !column_text_fast_double("", 0, &d));
    CHECK(!column_text_fast_int64("-", 1, &n) && !column_text_fast_int64("1x", 2, &n));
    CHECK(column_text_fast_int64("-999999999999999999", 19, &n));
    CHECK_INT(n, -999999999999999999);
    CHECK(column_text_fast_date("2024-02-29", 10, &days) && days == 19782);
    CHECK(!column_text_fast_date("2023-02-29", 10, &days));
    CHECK(!column_text_fast_date("0000-01-01", 10, &days));
    CHECK(column_text_fast_timestamp("2013-01-01T05:00:00Z", 20, &us, &utc) && utc);
    CHECK_INT(us, 1357016400000000);
    CHECK(!column_text_fast_timestamp("2013-01-01T05:00:00.", 20, &us, &utc));
    CHECK(!column_text_fast_timestamp("2013-01-01T05:00:00+02", 22, &us, &utc));
}

/* Every bit pattern's shortest text reads back as itself; decimals of up to 15 digits come back. */
TEST(doubles_read_back)
{
    struct error err;
    char text[32];
    uint64_t x = 88172645463325252;
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double v, again;
        float f, f_again;
        memcpy(&v, &x, 8);
        if (i % 2)
            v = (double)(int64_t)(x % 1000000000) / 1000;
        size_t n = column_text_double(v, text);
        CHECK(n < 32 && strlen(text) == n);
        CHECK_OK(column_text_to_double((struct str){text, n}, &again, &err));
        if (v == v)
            CHECK_DOUBLE(again, v);
        if (i % 2)
            CHECK(n <= 10);
        memcpy(&f, &x, 4);
        column_text_float(f, text);
        f_again = strtof(text, NULL);
        if (f == f)
            CHECK(memcmp(&f, &f_again, 4) == 0);
    }
}

TEST(long_text_is_cut_in_messages)
{
    struct error err;
    char text[1001];
    struct column_value v;
    memset(text, 'x', 1000);
    text[1000] = 0;
    memcpy(text + 199, "\xc3\xa4", 2); /* a character over the cut */
    error_init(&err);
    CHECK_STATUS(column_text_parse(column_type_of(COLUMN_INT), str_of(text), NULL, NULL, &v, &err),
                 ST_INVALID);
    CHECK(strlen(err.msg) < 260 && str_is_utf8(str_of(err.msg)));
}
