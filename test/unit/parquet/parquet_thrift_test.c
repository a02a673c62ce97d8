// SPDX-License-Identifier: Apache-2.0
/* parquet_thrift_test.c - the compact protocol both ways, on bytes written out by hand and on
 * hostile ones. */
#include "harness/test.h"

#include "parquet/parquet_format_int.h"

static status read_bytes(const struct parquet_shape *shape, const void *data, size_t size,
                         struct arena *arena, void *out, struct error *err)
{
    struct bytes in = bytes_of(data, size);
    return parquet_thrift_read(shape, &in, arena, out, err);
}

TEST(page_header_written_by_hand)
{
    struct error err;
    struct arena arena;
    /* type 0, sizes 300 and 100, crc -2, data page {5 values, PLAIN, RLE, RLE} */
    static const uint8_t in[] = {0x15, 0x00, 0x15, 0xD8, 0x04, 0x15, 0xC8, 0x01, 0x15, 0x03, 0x1C,
                                 0x15, 0x0A, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00};
    struct parquet_page_header h;
    struct buffer out;
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 1000);
    CHECK_OK(read_bytes(&parquet_shape_page_header, in, sizeof(in), &arena, &h, &err));
    CHECK_INT(h.type, PARQUET_DATA_PAGE);
    CHECK_INT(h.uncompressed_bytes, 300);
    CHECK_INT(h.compressed_bytes, 100);
    CHECK(PARQUET_HAS(&h, PAGE_CRC));
    CHECK_INT(h.crc, -2);
    CHECK(PARQUET_HAS(&h, PAGE_DATA));
    CHECK(!PARQUET_HAS(&h, PAGE_DATA_V2));
    CHECK_INT(h.data.num_values, 5);
    CHECK_INT(h.data.definition_levels, PARQUET_RLE);
    CHECK_OK(parquet_thrift_write(&parquet_shape_page_header, &h, &out, &err));
    CHECK_INT(out.len, sizeof(in));
    CHECK(memcmp(out.data, in, sizeof(in)) == 0);
    for (size_t n = 0; n < sizeof(in); n++)
        CHECK_STATUS(read_bytes(&parquet_shape_page_header, in, n, &arena, &h, &err), ST_CORRUPT);
    buffer_free(&out);
    arena_free(&arena);
}

TEST(unknown_fields_of_every_type_are_skipped)
{
    struct error err;
    struct arena arena;
    struct parquet_offset_index index;
    static const uint8_t in[] = {
        0x19, 0x1C, 0x16, 0x08, 0x15, 0x0A, 0x16, 0x00, 0x00, /* 1: one page location */
        0x11, 0x12, 0x13, 0x7F, 0x14, 0x02, 0x15, 0x02,       /* 2-6: true, false, i8, i16, i32 */
        0x17, 1,    2,    3,    4,    5,    6,    7,    8,    /* 7: double */
        0x18, 0x02, 'a',  'b',                                /* 8: binary */
        0x19, 0x21, 0x01, 0x02,                               /* 9: list of two booleans */
        0x1B, 0x01, 0x58, 0x02, 0x01, 'x',                    /* 10: map of i32 to binary */
        0x1B, 0x00,                                           /* 11: empty map */
        0x0C, 0xC8, 0x01, 0x11, 0x00,                         /* 100: struct with a boolean */
        0x00};
    arena_init(&arena, NULL);
    CHECK_OK(read_bytes(&parquet_shape_offset_index, in, sizeof(in), &arena, &index, &err));
    CHECK_INT(index.pages.count, 1);
    CHECK_INT(index.pages.items[0].offset, 4);
    CHECK_INT(index.pages.items[0].compressed_bytes, 5);
    arena_free(&arena);
}

TEST(file_meta_round_trip)
{
    struct error err;
    struct arena arena;
    struct buffer out;
    struct parquet_schema_element schema[2] = {{.name = STR("root"), .num_children = 1},
                                               {.name = STR("day"), .type = PARQUET_INT64}};
    struct parquet_column_order order = {0};
    int32_t encodings[20] = {0, 3, 8};
    struct str path = STR("day");
    struct parquet_chunk chunk = {.meta = {.type = PARQUET_INT64,
                                           .encodings = {20, encodings},
                                           .path = {1, &path},
                                           .num_values = INT64_MAX,
                                           .data_page_offset = -1}};
    struct parquet_row_group group = {.columns = {1, &chunk}, .num_rows = 7, .ordinal = -3};
    struct parquet_file_meta meta = {.version = 2,
                                     .schema = {2, schema},
                                     .num_rows = INT64_MIN,
                                     .row_groups = {1, &group},
                                     .created_by = STR("firn"),
                                     .column_orders = {1, &order}},
                             got;
    PARQUET_PUT(&schema[0], SCHEMA_NUM_CHILDREN);
    PARQUET_PUT(&schema[1], SCHEMA_TYPE);
    PARQUET_PUT(&schema[1], SCHEMA_LOGICAL_TYPE);
    PARQUET_PUT(&schema[1].logical_type, LOGICAL_TIMESTAMP);
    schema[1].logical_type.timestamp.is_utc = true;
    PARQUET_PUT(&schema[1].logical_type.timestamp.unit, TIME_UNIT_MICROS);
    PARQUET_PUT(&order, COLUMN_ORDER_TYPE);
    PARQUET_PUT(&chunk, CHUNK_META);
    PARQUET_PUT(&chunk.meta, CHUNK_META_STATISTICS);
    PARQUET_PUT(&chunk.meta.statistics, STATISTICS_MIN_VALUE);
    chunk.meta.statistics.min_value = STR("01234567");
    PARQUET_PUT(&group, ROW_GROUP_ORDINAL);
    PARQUET_PUT(&meta, FILE_META_CREATED_BY);
    PARQUET_PUT(&meta, FILE_META_COLUMN_ORDERS);
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 10000);
    CHECK_OK(parquet_thrift_write(&parquet_shape_file_meta, &meta, &out, &err));
    CHECK_OK(read_bytes(&parquet_shape_file_meta, out.data, out.len, &arena, &got, &err));
    CHECK_INT(got.num_rows, INT64_MIN);
    CHECK_STR(got.created_by, "firn");
    CHECK(!PARQUET_HAS(&got, FILE_META_KEY_VALUES));
    CHECK_INT(got.schema.count, 2);
    CHECK(!PARQUET_HAS(&got.schema.items[0], SCHEMA_TYPE));
    const struct parquet_logical_type *logical = &got.schema.items[1].logical_type;
    CHECK(PARQUET_HAS(logical, LOGICAL_TIMESTAMP));
    CHECK(logical->timestamp.is_utc);
    CHECK(PARQUET_HAS(&logical->timestamp.unit, TIME_UNIT_MICROS));
    CHECK_INT(got.row_groups.items[0].ordinal, -3);
    const struct parquet_chunk_meta *m = &got.row_groups.items[0].columns.items[0].meta;
    CHECK_INT(m->encodings.count, 20);
    CHECK_INT(m->encodings.items[2], 8);
    CHECK_INT(m->num_values, INT64_MAX);
    CHECK_STR(m->statistics.min_value, "01234567");
    CHECK(!PARQUET_HAS(&m->statistics, STATISTICS_MAX_VALUE));
    CHECK(PARQUET_HAS(&got.column_orders.items[0], COLUMN_ORDER_TYPE));
    buffer_free(&out);
    arena_free(&arena);
}

TEST(column_index_booleans)
{
    struct error err;
    struct arena arena;
    bool nulls[2] = {true, false};
    struct str bounds[2] = {STR(""), STR("x")};
    struct parquet_column_index in = {.null_pages = {2, nulls},
                                      .min_values = {2, bounds},
                                      .max_values = {2, bounds},
                                      .boundary_order = PARQUET_ASCENDING},
                                got;
    struct buffer out;
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 1000);
    CHECK_OK(parquet_thrift_write(&parquet_shape_column_index, &in, &out, &err));
    CHECK_OK(read_bytes(&parquet_shape_column_index, out.data, out.len, &arena, &got, &err));
    CHECK_INT(got.null_pages.items[0], 1);
    CHECK_INT(got.null_pages.items[1], 0);
    CHECK_STR(got.min_values.items[1], "x");
    buffer_free(&out);
    arena_free(&arena);
}

TEST(hostile_counts_allocate_little)
{
    struct error err;
    struct arena arena;
    struct mem_account account;
    struct parquet_file_meta meta;
    /* version 1, then a schema of 2^62 elements */
    static const uint8_t many[] = {0x15, 0x02, 0x19, 0xFC, 0x80, 0x80, 0x80, 0x80,
                                   0x80, 0x80, 0x80, 0x80, 0x40, 0x00, 0x00};
    mem_account_init(&account, "test", NULL, 0);
    arena_init(&arena, &account);
    CHECK_STATUS(read_bytes(&parquet_shape_file_meta, many, sizeof(many), &arena, &meta, &err),
                 ST_CORRUPT);
    CHECK(strstr(err.msg, "schema of FileMetaData") != NULL);
    CHECK(account.peak_bytes < 100000);
    arena_free(&arena);
}

TEST(hostile_nesting_and_types_are_corruption)
{
    struct error err;
    struct arena arena;
    struct parquet_file_meta meta;
    uint8_t deep[5000];
    static const uint8_t wrong_type[] = {0x16, 0x02, 0x00};            /* version as i64 */
    static const uint8_t no_type[] = {0x1E, 0x00};                     /* type 14 */
    static const uint8_t big[] = {0x15, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}; /* version above 32 bits */
    arena_init(&arena, NULL);
    memset(deep, 0x9C, sizeof(deep)); /* structs in an unknown field */
    CHECK_STATUS(read_bytes(&parquet_shape_file_meta, deep, sizeof(deep), &arena, &meta, &err),
                 ST_CORRUPT);
    CHECK(strstr(err.msg, "nest deeper") != NULL);
    memset(deep, 0x99, sizeof(deep)); /* lists of lists */
    CHECK_STATUS(read_bytes(&parquet_shape_file_meta, deep, sizeof(deep), &arena, &meta, &err),
                 ST_CORRUPT);
    CHECK_STATUS(read_bytes(&parquet_shape_file_meta, wrong_type, 3, &arena, &meta, &err),
                 ST_CORRUPT);
    CHECK_STATUS(read_bytes(&parquet_shape_file_meta, no_type, 2, &arena, &meta, &err), ST_CORRUPT);
    CHECK_STATUS(read_bytes(&parquet_shape_file_meta, big, sizeof(big), &arena, &meta, &err),
                 ST_CORRUPT);
    arena_free(&arena);
}
