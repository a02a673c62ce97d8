// SPDX-License-Identifier: Apache-2.0
/* iceberg_transform_test.c - the vectors of the specification's appendix B, truncation and times
 * on both sides of 1970, texts and paths. */
#include "column/column_text.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"

static struct arena arena;
static struct error err;

static void setup(void)
{
    arena_init(&arena, NULL);
    error_init(&err);
}

static struct column_value parse(struct column_type type, const char *text)
{
    struct column_value v;
    CHECK_OK(column_text_parse(type, str_of(text), NULL, &arena, &v, &err));
    return v;
}

static struct column_value of(enum column_kind kind, const char *text)
{
    return parse(column_type_of(kind), text);
}

static struct column_value apply(enum iceberg_transform_kind kind, int32_t param,
                                 struct column_value v)
{
    struct iceberg_transform t = {.kind = kind, .param = param, .text = STR("t")};
    struct column_value out;
    CHECK_OK(iceberg_transform_apply(t, &v, &arena, &out, &err));
    CHECK(column_type_eq(out.type, iceberg_transform_type(t, v.type)));
    return out;
}

/* With 2^31 - 1 buckets the bucket is the hash without its sign. */
static void check_hash(struct column_value v, int32_t hash)
{
    struct column_value out = apply(ICEBERG_BUCKET, INT32_MAX, v);
    CHECK_INT(out.i32, (int64_t)(hash & 0x7FFFFFFF) % INT32_MAX);
}

TEST(hashes_are_those_of_appendix_b)
{
    setup();
    check_hash(of(COLUMN_INT, "34"), 2017239379);
    check_hash(of(COLUMN_BIGINT, "34"), 2017239379);
    check_hash(parse(column_type_decimal(9, 2), "14.20"), -500754589);
    check_hash(parse(column_type_decimal(38, 2), "14.20"), -500754589);
    check_hash(of(COLUMN_DATE, "2017-11-16"), -653330422);
    check_hash(of(COLUMN_TIME, "22:31:08"), -662762989);
    check_hash(of(COLUMN_TIMESTAMP, "2017-11-16 22:31:08"), -2047944441);
    check_hash(of(COLUMN_TIMESTAMP, "2017-11-16 22:31:08.000001"), -1207196810);
    check_hash(of(COLUMN_TIMESTAMPTZ, "2017-11-16 14:31:08-08:00"), -2047944441);
    check_hash(of(COLUMN_TIMESTAMPTZ, "2017-11-16 14:31:08.000001-08:00"), -1207196810);
    check_hash(of(COLUMN_TEXT, "iceberg"), 1210000089);
    check_hash(of(COLUMN_UUID, "f79c3e09-677c-4bbd-a479-3f349cb785e7"), 1488055340);
    struct column_value v = of(COLUMN_BINARY, "\\x00010203");
    check_hash(v, -188683207);
    v.type = (struct column_type){.kind = COLUMN_FIXED, .length_bytes = 4};
    check_hash(v, -188683207);
    CHECK_INT(apply(ICEBERG_BUCKET, 16, of(COLUMN_BIGINT, "34")).i32, 3);
}

TEST(nulls_stay_null)
{
    setup();
    struct column_value v = {.type = column_type_of(COLUMN_TIMESTAMP), .null = true};
    static const enum iceberg_transform_kind kinds[] = {
        ICEBERG_IDENTITY, ICEBERG_BUCKET, ICEBERG_TRUNCATE, ICEBERG_YEAR,
        ICEBERG_MONTH,    ICEBERG_DAY,    ICEBERG_HOUR,     ICEBERG_VOID};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        CHECK(apply(kinds[i], 4, v).null);
    CHECK(apply(ICEBERG_VOID, 0, of(COLUMN_INT, "4")).null);
}

TEST(truncation_floors)
{
    setup();
    CHECK_INT(apply(ICEBERG_TRUNCATE, 10, of(COLUMN_INT, "1")).i32, 0);
    CHECK_INT(apply(ICEBERG_TRUNCATE, 10, of(COLUMN_INT, "-1")).i32, -10);
    CHECK_INT(apply(ICEBERG_TRUNCATE, 10, of(COLUMN_BIGINT, "-10")).i64, -10);
    CHECK_INT(apply(ICEBERG_TRUNCATE, 10, of(COLUMN_BIGINT, "19")).i64, 10);
    CHECK_INT(apply(ICEBERG_TRUNCATE, 50, parse(column_type_decimal(9, 2), "10.65")).i64, 1050);
    CHECK_INT(apply(ICEBERG_TRUNCATE, 10, parse(column_type_decimal(9, 2), "-0.05")).i64, -10);
    CHECK_INT((int64_t)apply(ICEBERG_TRUNCATE, 10, parse(column_type_decimal(38, 2), "-0.05")).i128,
              -10);
    CHECK_INT(apply(ICEBERG_TRUNCATE, 10, of(COLUMN_INT, "-2147483648")).i32, 2147483646);
    CHECK_STR(apply(ICEBERG_TRUNCATE, 3, of(COLUMN_TEXT, "iceberg")).str, "ice");
    CHECK_STR(apply(ICEBERG_TRUNCATE, 3, of(COLUMN_TEXT, "ab")).str, "ab");
    CHECK_STR(apply(ICEBERG_TRUNCATE, 2, of(COLUMN_TEXT, "\xc3\xa9\xe2\x82\xacxy")).str,
              "\xc3\xa9\xe2\x82\xac");
    CHECK_STR(apply(ICEBERG_TRUNCATE, 2, of(COLUMN_BINARY, "\\x414243")).str, "AB");
    CHECK_STR(apply(ICEBERG_TRUNCATE, 9, of(COLUMN_BINARY, "\\x414243")).str, "ABC");
}

TEST(times_floor)
{
    static const struct {
        const char *ts;
        int year, month, day, hour;
    } cases[] = {
        {"1970-01-01 00:00:00", 0, 0, 0, 0},
        {"1969-12-31 23:59:59.999999", -1, -1, -1, -1},
        {"2017-12-01 10:12:55.038194", 47, 575, 17501, 420034},
        {"1969-01-01 00:00:00", -1, -12, -365, -8760},
        {"1968-12-31 23:00:00", -2, -13, -366, -8761},
    };
    setup();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct column_value ts = of(COLUMN_TIMESTAMP, cases[i].ts);
        CHECK_INT(apply(ICEBERG_YEAR, 0, ts).i32, cases[i].year);
        CHECK_INT(apply(ICEBERG_MONTH, 0, ts).i32, cases[i].month);
        CHECK_INT(apply(ICEBERG_DAY, 0, ts).i32, cases[i].day);
        CHECK_INT(apply(ICEBERG_HOUR, 0, ts).i32, cases[i].hour);
        struct column_value day = {.type = column_type_of(COLUMN_DATE), .i32 = cases[i].day};
        CHECK_INT(apply(ICEBERG_YEAR, 0, day).i32, cases[i].year);
        CHECK_INT(apply(ICEBERG_MONTH, 0, day).i32, cases[i].month);
    }
    struct iceberg_transform hour = {.kind = ICEBERG_HOUR, .text = STR("hour")};
    struct column_value v = of(COLUMN_DATE, "2025-01-01"), out;
    CHECK_STATUS(iceberg_transform_apply(hour, &v, &arena, &out, &err), ST_INVALID);
}

static void check_text(enum iceberg_transform_kind kind, struct column_value v, const char *want)
{
    struct iceberg_transform t = {.kind = kind, .text = STR("t")};
    struct str text;
    CHECK_OK(iceberg_transform_text(t, &v, &arena, &text, &err));
    CHECK_STR(text, want);
}

TEST(texts_are_those_of_java)
{
    setup();
    struct column_value ts = of(COLUMN_TIMESTAMP, "2017-12-01 10:12:55.038194");
    check_text(ICEBERG_YEAR, apply(ICEBERG_YEAR, 0, ts), "2017");
    check_text(ICEBERG_MONTH, apply(ICEBERG_MONTH, 0, ts), "2017-12");
    check_text(ICEBERG_DAY, apply(ICEBERG_DAY, 0, ts), "2017-12-01");
    check_text(ICEBERG_HOUR, apply(ICEBERG_HOUR, 0, ts), "2017-12-01-10");
    check_text(ICEBERG_IDENTITY, ts, "2017-12-01T10:12:55.038194");
    struct column_value old = of(COLUMN_TIMESTAMP, "1969-12-30 10:00:00.000001");
    check_text(ICEBERG_YEAR, apply(ICEBERG_YEAR, 0, old), "1969");
    check_text(ICEBERG_MONTH, apply(ICEBERG_MONTH, 0, old), "1969-12");
    check_text(ICEBERG_DAY, apply(ICEBERG_DAY, 0, old), "1969-12-30");
    check_text(ICEBERG_HOUR, apply(ICEBERG_HOUR, 0, old), "1969-12-30-10");
    check_text(ICEBERG_IDENTITY, of(COLUMN_TIMESTAMPTZ, "2017-12-01 10:12:00+00"),
               "2017-12-01T10:12Z");
    check_text(ICEBERG_IDENTITY, of(COLUMN_TIME, "10:12:55.038"), "10:12:55.038");
    check_text(ICEBERG_IDENTITY, of(COLUMN_TIME, "10:12:05"), "10:12:05");
    check_text(ICEBERG_IDENTITY, of(COLUMN_DATE, "2025-01-14"), "2025-01-14");
    check_text(ICEBERG_IDENTITY, parse(column_type_decimal(9, 2), "-14.20"), "-14.20");
    check_text(ICEBERG_IDENTITY, of(COLUMN_BOOLEAN, "true"), "true");
    check_text(ICEBERG_IDENTITY, of(COLUMN_INT, "-7"), "-7");
    check_text(ICEBERG_IDENTITY, of(COLUMN_BINARY, "\\x"), "");
    check_text(ICEBERG_IDENTITY, of(COLUMN_BINARY, "\\x00"), "AA==");
    check_text(ICEBERG_IDENTITY, of(COLUMN_BINARY, "\\x0001"), "AAE=");
    check_text(ICEBERG_IDENTITY, of(COLUMN_BINARY, "\\xfffefd"), "//79");
    check_text(ICEBERG_IDENTITY, of(COLUMN_UUID, "f79c3e09-677c-4bbd-a479-3f349cb785e7"),
               "f79c3e09-677c-4bbd-a479-3f349cb785e7");
    check_text(ICEBERG_BUCKET, of(COLUMN_INT, "3"), "3");
    struct column_value null = {.type = column_type_of(COLUMN_INT), .null = true};
    check_text(ICEBERG_DAY, null, "null");
}

TEST(data_paths_are_escaped)
{
    setup();
    struct iceberg_partition_field fields[] = {
        {.name = STR("day"), .transform = {.kind = ICEBERG_IDENTITY}},
        {.name = STR("a b"), .transform = {.kind = ICEBERG_IDENTITY}}};
    struct iceberg_spec spec = {.count = 2, .fields = fields}, none = {0};
    struct column_value values[] = {of(COLUMN_DATE, "2025-01-14"),
                                    of(COLUMN_TEXT, "x/y=z \xc3\xa9~*")};
    struct iceberg_table t = {.location = STR("file:///wh/t/")};
    struct str path;
    CHECK_OK(iceberg_data_path(&t, &spec, values, STR("f.parquet"), &arena, &path, &err));
    CHECK_STR(path, "file:///wh/t/data/day=2025-01-14/a+b=x%2Fy%3Dz+%C3%A9%7E*/f.parquet");
    CHECK_OK(iceberg_data_path(&t, &none, NULL, STR("f.parquet"), &arena, &path, &err));
    CHECK_STR(path, "file:///wh/t/data/f.parquet");
    struct property p = {STR("write.data.path"), STR("file:///d/")};
    t.properties = &p;
    t.property_count = 1;
    CHECK_OK(iceberg_data_path(&t, &none, NULL, STR("f.parquet"), &arena, &path, &err));
    CHECK_STR(path, "file:///d/f.parquet");
}

/* The hashes are those of Iceberg's own tests of ObjectStoreLocationProvider. */
TEST(object_storage_layout_spreads_files_by_hash)
{
    setup();
    struct iceberg_partition_field field = {.name = STR("p"),
                                            .transform = {.kind = ICEBERG_IDENTITY}};
    struct iceberg_spec by = {.count = 1, .fields = &field}, none = {0};
    struct column_value value = of(COLUMN_INT, "1");
    struct property p[3] = {{STR("write.object-storage.enabled"), STR("true")},
                            {STR("write.object-storage.partitioned-paths"), STR("true")}};
    struct iceberg_table t = {.location = STR("s3://b/db/t"), .properties = p, .property_count = 2};
    struct str path, same;
    static const char *const hashed[][2] = {{"a", "s3://b/db/t/data/0101/0110/1001/10110010/a"},
                                            {"b", "s3://b/db/t/data/1110/0111/1110/00000011/b"},
                                            {"c", "s3://b/db/t/data/0010/1101/0110/01011111/c"},
                                            {"d", "s3://b/db/t/data/1001/0001/0100/01110011/d"}};
    for (size_t i = 0; i < ARRAY_LEN(hashed); i++) {
        CHECK_OK(iceberg_data_path(&t, &none, NULL, str_of(hashed[i][0]), &arena, &path, &err));
        CHECK_STR(path, hashed[i][1]);
    }
    CHECK_OK(iceberg_data_path(&t, &by, &value, STR("f"), &arena, &path, &err));
    CHECK_OK(iceberg_data_path(&t, &none, NULL, STR("p=1/f"), &arena, &same, &err));
    CHECK(str_eq(path, same));
    p[1].value = STR("false");
    CHECK_OK(iceberg_data_path(&t, &by, &value, STR("a"), &arena, &path, &err));
    CHECK_STR(path, "s3://b/db/t/data/0101/0110/1001/10110010-a");
    p[1] = (struct property){STR("write.data.path"), STR("s3://b/shared/")};
    CHECK_OK(iceberg_data_path(&t, &none, NULL, STR("a"), &arena, &path, &err));
    CHECK_STR(path, "s3://b/shared/0101/0110/1001/10110010/db/t/a");
    p[0].value = STR("on");
    CHECK_STATUS(iceberg_data_path(&t, &none, NULL, STR("a"), &arena, &path, &err), ST_INVALID);
    CHECK(strstr(err.msg, "write.object-storage.enabled is \"on\", not true or false"));
}
