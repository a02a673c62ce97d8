// SPDX-License-Identifier: Apache-2.0
/* parquet_samples_test.c - the files of test/data/parquet, by pyarrow, DuckDB and Polars: every
 * value follows from its row. */
#include "unit/parquet/parquet_chunk.h"

#include <stdio.h>

#define DIR "test/data/parquet/"

/* Columns are NULL in every seventh row, from row 3 on. */
static bool is_hole(int64_t i)
{
    return i % 7 == 3;
}

static void read_all(struct opened *o, const char *name, struct chunk *out)
{
    int c = column_named(o->parquet, name);
    CHECK_OK(chunk_read(o->parquet, 0, (size_t)c, parquet_column_at(o->parquet, (size_t)c)->type,
                        2048, out));
}

static void check_numbers(struct opened *o, const char *name, const char *type, int128 first,
                          int128 step, bool holes)
{
    struct chunk c;
    char got[64];
    read_all(o, name, &c);
    CHECK_STR(str_of(column_type_name(c.type, got)), type);
    for (int64_t i = 0; i < c.rows; i++) {
        const struct column_value *v = &c.values[i];
        CHECK_INT(v->null, holes && is_hole(i));
        if (v->null)
            continue;
        enum column_phys phys = column_type_phys(c.type);
        int128 n = phys == PHYS_I32 ? v->i32 : phys == PHYS_I64 ? v->i64 : v->i128;
        if (n != first + step * i)
            test_fail(__FILE__, __LINE__, "%s row %d: %lld", name, (int)i, (long long)n);
    }
    chunk_free(&c);
}

static void check_doubles(struct opened *o, const char *name, double first, double step, bool holes)
{
    struct chunk c;
    read_all(o, name, &c);
    for (int64_t i = 0; i < c.rows; i++) {
        CHECK_INT(c.values[i].null, holes && is_hole(i));
        if (!c.values[i].null)
            CHECK_DOUBLE(c.type.kind == COLUMN_REAL ? (double)c.values[i].f32 : c.values[i].f64,
                         first + step * (double)i);
    }
    chunk_free(&c);
}

static void check_text(struct opened *o, const char *name, bool holes,
                       void (*make)(int64_t i, char out[64]))
{
    struct chunk c;
    read_all(o, name, &c);
    for (int64_t i = 0; i < c.rows; i++) {
        char want[64];
        make(i, want);
        CHECK_INT(c.values[i].null, holes && is_hole(i));
        if (!c.values[i].null)
            CHECK_STR(c.values[i].str, want);
    }
    chunk_free(&c);
}

static void umlauts(int64_t i, char out[64])
{
    snprintf(out, 64, "%.*s%d", (int)(i % 4 * 2), "\xC3\xA4\xC3\xA4\xC3\xA4", (int)i);
}

static void row_13(int64_t i, char out[64])
{
    snprintf(out, 64, "row %d", (int)(i % 13));
}

static void xs(int64_t i, char out[64])
{
    snprintf(out, 64, "%.*s", (int)(i % 5), "xxxxx");
}

static void prefixed(int64_t i, char out[64])
{
    snprintf(out, 64, "prefix %04d", (int)i);
}

static void check_every_type(const char *path)
{
    struct opened o;
    struct chunk c;
    open_path(&o, path);
    CHECK_INT(parquet_rows(o.parquet), 40);
    CHECK(!parquet_has_field_ids(o.parquet));
    read_all(&o, "b", &c);
    for (int64_t i = 0; i < 40; i++)
        CHECK(c.values[i].null ? is_hole(i) : c.values[i].b == (i % 3 == 0));
    chunk_free(&c);
    check_numbers(&o, "i8", "integer", -20, 1, true);
    check_numbers(&o, "u16", "integer", 65535, -1, true);
    check_numbers(&o, "i32", "integer", -7, 1000, true);
    check_numbers(&o, "u32", "bigint", UINT32_MAX, -1, true);
    check_numbers(&o, "i64", "bigint", -((int128)1 << 62), 1, true);
    check_numbers(&o, "u64", "numeric(20,0)", UINT64_MAX, -1, true);
    check_doubles(&o, "f", 0, 0.25, true);
    check_doubles(&o, "d", -1, 0.125, true);
    check_numbers(&o, "dec9", "numeric(9,2)", -20, 1, true);
    check_numbers(&o, "dec38", "numeric(38,0)", wide_pow10(30) * -20, wide_pow10(30), true);
    check_numbers(&o, "day", "date", 20102, 1, true);
    check_numbers(&o, "tim", "time without time zone", 0, 1000000, true);
    check_numbers(&o, "ts_ms", "timestamp without time zone", -20000, 1000, true);
    check_numbers(&o, "ts_us", "timestamp with time zone", -20, 1, true);
    check_text(&o, "t", true, umlauts);
    read_all(&o, "ts_ns", &c); /* 100 ns a row, rounded down */
    CHECK_INT(c.values[0].i64, -2);
    CHECK_INT(c.values[1].i64, -2);
    CHECK_INT(c.values[18].i64, -1);
    CHECK_INT(c.values[19].i64, -1);
    CHECK_INT(c.values[20].i64, 0);
    CHECK_INT(c.values[30].i64, 1);
    chunk_free(&c);
    read_all(&o, "bin", &c);
    CHECK(str_eq(c.values[39].str, STR("\x27\xFF")));
    CHECK_INT(c.type.kind, COLUMN_BINARY);
    chunk_free(&c);
    read_all(&o, "fix", &c);
    CHECK(str_eq(c.values[39].str, STR("\x27\x01\x02")));
    CHECK_INT(c.type.length_bytes, 3);
    chunk_free(&c);
    read_all(&o, "id", &c);
    CHECK_INT(c.type.kind, COLUMN_UUID);
    CHECK(str_eq(c.values[0].str, (struct str){(const char[16]){0}, 16}));
    chunk_free(&c);
    close_path(&o);
}

TEST(every_type_with_dictionaries)
{
    check_every_type(DIR "types-v1.parquet");
}

TEST(every_type_plain_in_pages_v2)
{
    check_every_type(DIR "types-v2-plain.parquet");
}

TEST(int96_is_either_kind_of_timestamp)
{
    struct opened o;
    struct chunk c;
    open_path(&o, DIR "int96.parquet");
    CHECK_INT(parquet_column_at(o.parquet, 0)->type.kind, COLUMN_TIMESTAMPTZ);
    CHECK_OK(chunk_read(o.parquet, 0, 0, column_type_of(COLUMN_TIMESTAMP), 7, &c));
    CHECK_INT(c.values[0].i64, -2);
    CHECK_INT(c.values[19].i64, -1);
    CHECK_INT(c.values[30].i64, 1);
    CHECK(c.values[31].null);
    chunk_free(&c);
    close_path(&o);
}

TEST(delta_and_split_encodings)
{
    struct opened o;
    struct chunk c;
    open_path(&o, DIR "encodings.parquet");
    read_all(&o, "i", &c);
    for (int64_t i = 0; i < c.rows; i++)
        CHECK(c.values[i].null ? is_hole(i) : c.values[i].i64 == i * i);
    chunk_free(&c);
    check_numbers(&o, "n", "integer", 0, -5, false);
    check_text(&o, "len", true, xs);
    check_text(&o, "pre", true, prefixed);
    check_doubles(&o, "split", 0, 0.0625, true);
    read_all(&o, "rle", &c);
    for (int64_t i = 0; i < c.rows; i++)
        CHECK(c.values[i].null ? is_hole(i) : c.values[i].b == (i % 50 < 25));
    chunk_free(&c);
    close_path(&o);
}

TEST(nested_columns)
{
    struct opened o;
    struct chunk c;
    struct parquet_column *column;
    static const char *const names[] = {"before", "list", "struct.x", "struct.y", "half", "after"};
    open_path(&o, DIR "nested.parquet");
    CHECK_INT(parquet_columns(o.parquet), ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct parquet_column_info *info = parquet_column_at(o.parquet, i);
        CHECK_STR(info->name, names[i]);
        CHECK_INT(info->supported, i != 4);
        CHECK_INT(info->nested, i == 1);
        CHECK_INT(parquet_column_find(o.parquet, 0, str_of(names[i])), i);
    }
    CHECK_STATUS(parquet_column_open(o.parquet, 0, 4, column_type_of(COLUMN_INT), &column, &err),
                 ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "column half") && strstr(err.msg, "nested.parquet"));
    CHECK(strstr(err.msg, "FLOAT16") != NULL);
    read_all(&o, "list", &c);
    CHECK_STR(c.values[0].str, "[1]");
    CHECK(c.values[1].null);
    CHECK_STR(c.values[2].str, "[2,3]");
    chunk_free(&c);
    read_all(&o, "struct.y", &c);
    CHECK_STR(c.values[2].str, "a");
    chunk_free(&c);
    check_numbers(&o, "before", "integer", 1, 1, false);
    read_all(&o, "after", &c);
    CHECK_STR(c.values[2].str, "c");
    chunk_free(&c);
    CHECK_INT(parquet_column_find(o.parquet, 0, STR("absent")), -1);
    close_path(&o);
}

TEST(duckdb_and_polars)
{
    struct opened o;
    open_path(&o, DIR "duckdb-v2.parquet");
    check_numbers(&o, "i", "integer", 0, 1, false);
    check_text(&o, "t", true, row_13);
    CHECK(strstr(parquet_created_by(o.parquet).ptr, "DuckDB") != NULL);
    close_path(&o);
    open_path(&o, DIR "polars.parquet");
    check_numbers(&o, "i", "bigint", 0, 1, false);
    check_text(&o, "t", true, row_13);
    check_doubles(&o, "d", 0, 0.25, false);
    close_path(&o);
}

TEST(statistics_and_page_index)
{
    struct opened o;
    struct arena arena;
    struct parquet_page_info *pages;
    size_t count;
    open_path(&o, DIR "pages-zstd-crc.parquet");
    CHECK_INT(parquet_row_groups(o.parquet), 2);
    CHECK_INT(parquet_group_rows(o.parquet, 1), 2000);
    CHECK(parquet_group_offset(o.parquet, 1) > parquet_group_offset(o.parquet, 0));
    const struct parquet_chunk_info *x = parquet_chunk_at(o.parquet, 1, 1);
    CHECK_INT(x->codec, CODEC_ZSTD);
    CHECK_INT(x->values, 2000);
    CHECK(x->has_null_count && x->has_min && x->has_max && x->min_exact && x->max_exact);
    CHECK_INT(x->null_count, 286);
    CHECK_INT(x->min.i64, 12003); /* row 4000 is NULL */
    CHECK_INT(x->max.i64, 17997);
    CHECK(!x->has_dictionary && parquet_chunk_at(o.parquet, 1, 2)->has_dictionary);
    CHECK_STR(parquet_chunk_at(o.parquet, 1, 2)->max.str, "row 9");
    const struct parquet_chunk_info *d = parquet_chunk_at(o.parquet, 0, 3);
    CHECK(d->has_min && d->min.f64 == 0 && !d->min_exact); /* a zero is widened */
    arena_init(&arena, NULL);
    CHECK_OK(parquet_pages(o.parquet, 0, 1, &arena, &pages, &count, &err));
    CHECK(count >= 4);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(pages[i].first_row, i * 1000);
        CHECK(pages[i].has_bounds && !pages[i].all_null);
        CHECK_INT(pages[i].min.i64, (i * 1000 % 7 == 3 ? i * 1000 + 1 : i * 1000) * 3);
    }
    arena_free(&arena);
    close_path(&o);
}

TEST(long_runs_come_as_runs)
{
    struct opened o;
    struct chunk c;
    open_path(&o, DIR "pages-zstd-crc.parquet");
    CHECK_OK(chunk_read(o.parquet, 0, 0, column_type_of(COLUMN_INT), INT64_MAX, &c));
    for (int64_t i = 0; i < c.rows; i++)
        CHECK_INT(c.values[i].i32, i / 2500);
    CHECK_INT(c.coded + c.plain, 1); /* the page in which the value changes */
    CHECK_INT(c.rows_in_runs, 3000);
    chunk_free(&c);
    CHECK_OK(chunk_read(o.parquet, 0, 2, column_type_of(COLUMN_TEXT), INT64_MAX, &c));
    CHECK(c.runs == 0 && c.plain == 0 && c.coded >= 4);
    chunk_free(&c);
    close_path(&o);
}
