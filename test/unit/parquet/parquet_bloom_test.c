// SPDX-License-Identifier: Apache-2.0
/* parquet_bloom_test.c - Bloom filters of pyarrow and Spark (test/data/parquet): never "no" for a value that
 * is there, nearly always for one that is not. L1 to L3 are parquet_bloom.c's. */
#include "unit/parquet/parquet_chunk.h"

#include <math.h>
#include <string.h>

#define DIR "test/data/parquet/"

static bool probe(struct opened *o, size_t group, const char *name, const struct column_value *v,
                  size_t count)
{
    bool may = false;
    int64_t bytes = 0;
    CHECK_OK(parquet_bloom_probe(o->parquet, group, (size_t)column_named(o->parquet, name), v,
                                 count, &may, &bytes, &err));
    CHECK(bytes > 0);
    return may;
}

/* A value between those that are there. */
static void make_absent(struct column_value *v, char text[64])
{
    switch (column_type_phys(v->type)) {
    case PHYS_I32:
        v->i32++;
        break;
    case PHYS_I64:
        v->i64++;
        break;
    case PHYS_F32:
        v->f32 += 0.125f;
        break;
    case PHYS_F64:
        v->f64 += 0.125;
        break;
    case PHYS_I128:
        v->i128++;
        break;
    default:
        memcpy(text, v->str.ptr, v->str.len);
        text[v->type.kind == COLUMN_BINARY ? 0 : v->str.len - 1] ^= 1;
        v->str.ptr = text;
    }
}

static void check_column(struct opened *o, size_t group, size_t column)
{
    const struct parquet_column_info *info = parquet_column_at(o->parquet, column);
    char text[64], own[32];
    struct chunk c;
    int wrong = 0;
    snprintf(own, sizeof(own), "%.*s", STR_ARG(info->name));
    CHECK_OK(chunk_read(o->parquet, group, column, info->type, 2048, &c));
    for (int64_t i = 0; i < c.rows; i++) {
        struct column_value v = c.values[i];
        if (!probe(o, group, own, &v, 1))
            test_fail(__FILE__, __LINE__, "%s row %d is there", own, (int)i);
        make_absent(&v, text);
        wrong += probe(o, group, own, &v, 1);
    }
    if (wrong > c.rows / 10)
        test_fail(__FILE__, __LINE__, "%s: %d of %d wrong", own, wrong, (int)c.rows);
    /* many values are read whole, few block by block: the same answer */
    CHECK(probe(o, group, own, c.values, (size_t)c.rows));
    chunk_free(&c);
}

TEST(values_that_are_there_and_not)
{
    static const char *const files[] = {DIR "bloom.parquet", DIR "bloom-spark.parquet"};
    for (size_t f = 0; f < ARRAY_LEN(files); f++) {
        struct opened o;
        open_path(&o, files[f]);
        CHECK_INT(parquet_columns(o.parquet), f == 0 ? 12 : 11);
        size_t checked = 0;
        for (size_t g = 0; g < parquet_row_groups(o.parquet); g++)
            for (size_t c = 0; c < parquet_columns(o.parquet); c++) {
                bool has = parquet_chunk_at(o.parquet, g, c)->has_bloom_filter;
                checked += has;
                if (has)
                    check_column(&o, g, c);
            }
        CHECK_INT(checked, f == 0 ? 24 : 10); /* Spark has none where all is in the dictionary */
        close_path(&o);
    }
}

TEST(values_of_other_types) /* L1, L2 */
{
    struct opened o;
    struct column_value v = {.type = column_type_of(COLUMN_BIGINT), .i64 = -100};
    open_path(&o, DIR "bloom.parquet");
    CHECK(probe(&o, 0, "i32", &v, 1));
    v.i64 = INT64_C(4294967296) - 100;
    CHECK(!probe(&o, 0, "i32", &v, 1));
    v = (struct column_value){.type = column_type_of(COLUMN_DOUBLE), .f64 = 1.5};
    CHECK(probe(&o, 0, "f", &v, 1));
    v.f64 = 1.5 + 1e-12;
    CHECK(!probe(&o, 0, "f", &v, 1));
    v.f64 = 0.0; /* -0.0 is there */
    CHECK(probe(&o, 0, "f", &v, 1) && probe(&o, 0, "d", &v, 1));
    v.f64 = (double)NAN;
    CHECK(probe(&o, 0, "f", &v, 1) && probe(&o, 0, "d", &v, 1));
    v = (struct column_value){.type = column_type_decimal(12, 2), .i128 = -100};
    CHECK(probe(&o, 0, "dec9", &v, 1));
    v.i128 = -99;
    CHECK(!probe(&o, 0, "dec9", &v, 1));
    v.type.scale = 1; /* "perhaps", whatever the number */
    CHECK(probe(&o, 0, "dec9", &v, 1));
    v = (struct column_value){.type = column_type_of(COLUMN_TEXT), .str = STR("value 1")};
    CHECK(!probe(&o, 0, "t", &v, 1));
    CHECK(probe(&o, 0, "bin", &v, 1)); /* text for bytes */
    v = (struct column_value){.type = column_type_of(COLUMN_TIMESTAMP), .i64 = -20};
    CHECK(probe(&o, 0, "ts", &v, 1)); /* of the other kind */
    close_path(&o);
}

/* Every byte of the file is changed once: an answer, or an error; what the filter says "no" to must not
 * depend on bytes outside the file. */
TEST(broken_bytes)
{
    struct opened o;
    struct arena arena;
    struct buffer bytes;
    struct str uri;
    struct store *memory;
    struct mem_account account;
    arena_init(&arena, NULL);
    buffer_init(&bytes, NULL, 1 << 20);
    mem_account_init(&account, "test", NULL, 1 << 20);
    CHECK_OK(store_create_local(&o.store, &err));
    CHECK_OK(store_absolute(STR(DIR "bloom.parquet"), &arena, &uri, &err));
    CHECK_OK(store_read_all(o.store, uri, &bytes, &err));
    CHECK_OK(store_create_memory(&memory, &err));
    int failed = 0;
    for (size_t at = 4; at < bytes.len; at += 3) {
        struct column_value v = {.type = column_type_of(COLUMN_BIGINT), .i64 = 1};
        struct store_file *file;
        struct parquet_file *f;
        bytes.data[at] ^= 0x55;
        CHECK_OK(store_write_all(memory, STR("/f"), bytes.data, bytes.len, &err));
        CHECK_OK(store_open(memory, STR("/f"), -1, &file, &err));
        if (parquet_open(file, &account, &f, NULL) == ST_OK) {
            for (size_t c = 0; c < parquet_columns(f); c++) {
                bool may;
                int64_t n = 0;
                failed += parquet_bloom_probe(f, 0, c, &v, 1, &may, &n, NULL) != ST_OK;
            }
            parquet_close(f);
        }
        store_close(file);
        CHECK_OK(store_delete(memory, STR("/f"), &err));
        bytes.data[at] ^= 0x55;
    }
    CHECK(failed > 0);
    CHECK_INT(account.used_bytes, 0);
    buffer_free(&bytes);
    arena_free(&arena);
    store_destroy(memory);
    store_destroy(o.store);
}
