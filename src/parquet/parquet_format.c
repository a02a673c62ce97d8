// SPDX-License-Identifier: Apache-2.0
/* parquet_format.c - the shapes of parquet_format_int.h: id, kind and place of every field, as
 * parquet.thrift numbers them. */
#include "parquet/parquet_shape_int.h"

#define FIELD_(id_, kind_, list_, required_, s, member, shape_, name_)                             \
    {                                                                                              \
        .id = (id_), .kind = SHAPE_##kind_, .list = (list_), .required = (required_),              \
        .offset = (uint16_t)offsetof(struct s, member), .shape = (shape_), .name = (name_)         \
    }
#define MUST(id, kind, s, member, name)      FIELD_(id, kind, false, true, s, member, NULL, name)
#define MAY(id, kind, s, member, name)       FIELD_(id, kind, false, false, s, member, NULL, name)
#define MUST_LIST(id, kind, s, member, name) FIELD_(id, kind, true, true, s, member, NULL, name)
#define MAY_LIST(id, kind, s, member, name)  FIELD_(id, kind, true, false, s, member, NULL, name)
#define MUST_BE(id, shape, s, member, name)  FIELD_(id, STRUCT, false, true, s, member, shape, name)
#define MAY_BE(id, shape, s, member, name)   FIELD_(id, STRUCT, false, false, s, member, shape, name)
#define MUST_BE_LIST(id, shape, s, member, name)                                                   \
    FIELD_(id, STRUCT, true, true, s, member, shape, name)
#define MAY_BE_LIST(id, shape, s, member, name)                                                    \
    FIELD_(id, STRUCT, true, false, s, member, shape, name)
#define NAMED(id, s, name) FIELD_(id, EMPTY, false, false, s, has, NULL, name)
#define NOTED(id, s, name) FIELD_(id, OPAQUE, false, false, s, has, NULL, name)

#define SHAPE(which, s, min, thrift_name)                                                          \
    which = {.name = (thrift_name),                                                                \
             .bytes = sizeof(struct s),                                                            \
             .min_bytes = (min),                                                                   \
             .count = ARRAY_LEN(s##_fields),                                                       \
             .fields = s##_fields}

/* ---- pages ---------------------------------------------------------------------------------- */

static const struct parquet_shape_field parquet_statistics_fields[] = {
    MAY(STATISTICS_MAX, BINARY, parquet_statistics, max, "max"),
    MAY(STATISTICS_MIN, BINARY, parquet_statistics, min, "min"),
    MAY(STATISTICS_NULL_COUNT, I64, parquet_statistics, null_count, "null_count"),
    MAY(STATISTICS_DISTINCT_COUNT, I64, parquet_statistics, distinct_count, "distinct_count"),
    MAY(STATISTICS_MAX_VALUE, BINARY, parquet_statistics, max_value, "max_value"),
    MAY(STATISTICS_MIN_VALUE, BINARY, parquet_statistics, min_value, "min_value"),
    MAY(STATISTICS_MAX_EXACT, BOOL, parquet_statistics, max_exact, "is_max_value_exact"),
    MAY(STATISTICS_MIN_EXACT, BOOL, parquet_statistics, min_exact, "is_min_value_exact"),
    MAY(STATISTICS_NAN_COUNT, I64, parquet_statistics, nan_count, "nan_count"),
};
static const struct parquet_shape SHAPE(statistics, parquet_statistics, 1, "Statistics");

static const struct parquet_shape_field parquet_data_page_fields[] = {
    MUST(1, I32, parquet_data_page, num_values, "num_values"),
    MUST(2, I32, parquet_data_page, encoding, "encoding"),
    MUST(3, I32, parquet_data_page, definition_levels, "definition_level_encoding"),
    MUST(4, I32, parquet_data_page, repetition_levels, "repetition_level_encoding"),
    MAY_BE(DATA_PAGE_STATISTICS, &statistics, parquet_data_page, statistics, "statistics"),
};
static const struct parquet_shape SHAPE(data_page, parquet_data_page, 9, "DataPageHeader");

static const struct parquet_shape_field parquet_dictionary_page_fields[] = {
    MUST(1, I32, parquet_dictionary_page, num_values, "num_values"),
    MUST(2, I32, parquet_dictionary_page, encoding, "encoding"),
    MAY(DICTIONARY_PAGE_SORTED, BOOL, parquet_dictionary_page, is_sorted, "is_sorted"),
};
static const struct parquet_shape SHAPE(dictionary_page, parquet_dictionary_page, 5,
                                        "DictionaryPageHeader");

static const struct parquet_shape_field parquet_data_page_v2_fields[] = {
    MUST(1, I32, parquet_data_page_v2, num_values, "num_values"),
    MUST(2, I32, parquet_data_page_v2, num_nulls, "num_nulls"),
    MUST(3, I32, parquet_data_page_v2, num_rows, "num_rows"),
    MUST(4, I32, parquet_data_page_v2, encoding, "encoding"),
    MUST(5, I32, parquet_data_page_v2, definition_levels_bytes, "definition_levels_byte_length"),
    MUST(6, I32, parquet_data_page_v2, repetition_levels_bytes, "repetition_levels_byte_length"),
    MAY(DATA_PAGE_V2_COMPRESSED, BOOL, parquet_data_page_v2, is_compressed, "is_compressed"),
    MAY_BE(DATA_PAGE_V2_STATISTICS, &statistics, parquet_data_page_v2, statistics, "statistics"),
};
static const struct parquet_shape SHAPE(data_page_v2, parquet_data_page_v2, 13, "DataPageHeaderV2");

static const struct parquet_shape_field parquet_page_header_fields[] = {
    MUST(1, I32, parquet_page_header, type, "type"),
    MUST(2, I32, parquet_page_header, uncompressed_bytes, "uncompressed_page_size"),
    MUST(3, I32, parquet_page_header, compressed_bytes, "compressed_page_size"),
    MAY(PAGE_CRC, I32, parquet_page_header, crc, "crc"),
    MAY_BE(PAGE_DATA, &data_page, parquet_page_header, data, "data_page_header"),
    MAY_BE(PAGE_DICTIONARY, &dictionary_page, parquet_page_header, dictionary,
           "dictionary_page_header"),
    MAY_BE(PAGE_DATA_V2, &data_page_v2, parquet_page_header, data_v2, "data_page_header_v2"),
};
const struct parquet_shape SHAPE(parquet_shape_page_header, parquet_page_header, 7, "PageHeader");

/* ---- schema --------------------------------------------------------------------------------- */

static const struct parquet_shape_field parquet_time_unit_fields[] = {
    NAMED(TIME_UNIT_MILLIS, parquet_time_unit, "MILLIS"),
    NAMED(TIME_UNIT_MICROS, parquet_time_unit, "MICROS"),
    NAMED(TIME_UNIT_NANOS, parquet_time_unit, "NANOS"),
};
static const struct parquet_shape SHAPE(time_unit, parquet_time_unit, 1, "TimeUnit");

static const struct parquet_shape_field parquet_decimal_type_fields[] = {
    MUST(1, I32, parquet_decimal_type, scale, "scale"),
    MUST(2, I32, parquet_decimal_type, precision, "precision"),
};
static const struct parquet_shape SHAPE(decimal_type, parquet_decimal_type, 5, "DecimalType");

static const struct parquet_shape_field parquet_time_type_fields[] = {
    MUST(1, BOOL, parquet_time_type, is_utc, "isAdjustedToUTC"),
    MUST_BE(2, &time_unit, parquet_time_type, unit, "unit"),
};
static const struct parquet_shape SHAPE(time_type, parquet_time_type, 4, "TimeType");

static const struct parquet_shape_field parquet_int_type_fields[] = {
    MUST(1, I8, parquet_int_type, bit_width, "bitWidth"),
    MUST(2, BOOL, parquet_int_type, is_signed, "isSigned"),
};
static const struct parquet_shape SHAPE(int_type, parquet_int_type, 4, "IntType");

static const struct parquet_shape_field parquet_logical_type_fields[] = {
    NAMED(LOGICAL_STRING, parquet_logical_type, "STRING"),
    NAMED(LOGICAL_MAP, parquet_logical_type, "MAP"),
    NAMED(LOGICAL_LIST, parquet_logical_type, "LIST"),
    NAMED(LOGICAL_ENUM, parquet_logical_type, "ENUM"),
    MAY_BE(LOGICAL_DECIMAL, &decimal_type, parquet_logical_type, decimal, "DECIMAL"),
    NAMED(LOGICAL_DATE, parquet_logical_type, "DATE"),
    MAY_BE(LOGICAL_TIME, &time_type, parquet_logical_type, time, "TIME"),
    MAY_BE(LOGICAL_TIMESTAMP, &time_type, parquet_logical_type, timestamp, "TIMESTAMP"),
    MAY_BE(LOGICAL_INTEGER, &int_type, parquet_logical_type, integer, "INTEGER"),
    NAMED(LOGICAL_UNKNOWN, parquet_logical_type, "UNKNOWN"),
    NAMED(LOGICAL_JSON, parquet_logical_type, "JSON"),
    NAMED(LOGICAL_BSON, parquet_logical_type, "BSON"),
    NAMED(LOGICAL_UUID, parquet_logical_type, "UUID"),
    NAMED(LOGICAL_FLOAT16, parquet_logical_type, "FLOAT16"),
    NOTED(LOGICAL_VARIANT, parquet_logical_type, "VARIANT"),
    NOTED(LOGICAL_GEOMETRY, parquet_logical_type, "GEOMETRY"),
    NOTED(LOGICAL_GEOGRAPHY, parquet_logical_type, "GEOGRAPHY"),
    NOTED(LOGICAL_FILE, parquet_logical_type, "FILE"),
};
static const struct parquet_shape SHAPE(logical_type, parquet_logical_type, 1, "LogicalType");

static const struct parquet_shape_field parquet_schema_element_fields[] = {
    MAY(SCHEMA_TYPE, I32, parquet_schema_element, type, "type"),
    MAY(SCHEMA_TYPE_LENGTH, I32, parquet_schema_element, type_length, "type_length"),
    MAY(SCHEMA_REPETITION, I32, parquet_schema_element, repetition, "repetition_type"),
    MUST(4, BINARY, parquet_schema_element, name, "name"),
    MAY(SCHEMA_NUM_CHILDREN, I32, parquet_schema_element, num_children, "num_children"),
    MAY(SCHEMA_CONVERTED_TYPE, I32, parquet_schema_element, converted_type, "converted_type"),
    MAY(SCHEMA_SCALE, I32, parquet_schema_element, scale, "scale"),
    MAY(SCHEMA_PRECISION, I32, parquet_schema_element, precision, "precision"),
    MAY(SCHEMA_FIELD_ID, I32, parquet_schema_element, field_id, "field_id"),
    MAY_BE(SCHEMA_LOGICAL_TYPE, &logical_type, parquet_schema_element, logical_type, "logicalType"),
};
static const struct parquet_shape SHAPE(schema_element, parquet_schema_element, 3, "SchemaElement");

/* ---- footer --------------------------------------------------------------------------------- */

static const struct parquet_shape_field parquet_key_value_fields[] = {
    MUST(1, BINARY, parquet_key_value, key, "key"),
    MAY(KEY_VALUE_VALUE, BINARY, parquet_key_value, value, "value"),
};
static const struct parquet_shape SHAPE(key_value, parquet_key_value, 3, "KeyValue");

static const struct parquet_shape_field parquet_encoding_stats_fields[] = {
    MUST(1, I32, parquet_encoding_stats, page_type, "page_type"),
    MUST(2, I32, parquet_encoding_stats, encoding, "encoding"),
    MUST(3, I32, parquet_encoding_stats, count, "count"),
};
static const struct parquet_shape SHAPE(encoding_stats, parquet_encoding_stats, 7,
                                        "PageEncodingStats");

static const struct parquet_shape_field parquet_chunk_meta_fields[] = {
    MUST(1, I32, parquet_chunk_meta, type, "type"),
    MUST_LIST(2, I32, parquet_chunk_meta, encodings, "encodings"),
    MUST_LIST(3, BINARY, parquet_chunk_meta, path, "path_in_schema"),
    MUST(4, I32, parquet_chunk_meta, codec, "codec"),
    MUST(5, I64, parquet_chunk_meta, num_values, "num_values"),
    MUST(6, I64, parquet_chunk_meta, uncompressed_bytes, "total_uncompressed_size"),
    MUST(7, I64, parquet_chunk_meta, compressed_bytes, "total_compressed_size"),
    MUST(9, I64, parquet_chunk_meta, data_page_offset, "data_page_offset"),
    MAY(CHUNK_META_DICTIONARY_OFFSET, I64, parquet_chunk_meta, dictionary_page_offset,
        "dictionary_page_offset"),
    MAY_BE(CHUNK_META_STATISTICS, &statistics, parquet_chunk_meta, statistics, "statistics"),
    MAY_BE_LIST(CHUNK_META_ENCODING_STATS, &encoding_stats, parquet_chunk_meta, encoding_stats,
                "encoding_stats"),
    MAY(CHUNK_META_BLOOM_OFFSET, I64, parquet_chunk_meta, bloom_offset, "bloom_filter_offset"),
    MAY(CHUNK_META_BLOOM_LENGTH, I32, parquet_chunk_meta, bloom_length, "bloom_filter_length"),
};
static const struct parquet_shape SHAPE(chunk_meta, parquet_chunk_meta, 17, "ColumnMetaData");

/* A chunk without meta_data is an encrypted one, whose bytes make it longer still. */
static const struct parquet_shape_field parquet_chunk_fields[] = {
    MAY(CHUNK_FILE_PATH, BINARY, parquet_chunk, file_path, "file_path"),
    MUST(2, I64, parquet_chunk, file_offset, "file_offset"),
    MAY_BE(CHUNK_META, &chunk_meta, parquet_chunk, meta, "meta_data"),
    MAY(CHUNK_OFFSET_INDEX_OFFSET, I64, parquet_chunk, offset_index_offset, "offset_index_offset"),
    MAY(CHUNK_OFFSET_INDEX_LENGTH, I32, parquet_chunk, offset_index_length, "offset_index_length"),
    MAY(CHUNK_COLUMN_INDEX_OFFSET, I64, parquet_chunk, column_index_offset, "column_index_offset"),
    MAY(CHUNK_COLUMN_INDEX_LENGTH, I32, parquet_chunk, column_index_length, "column_index_length"),
    NOTED(CHUNK_CRYPTO_META, parquet_chunk, "crypto_metadata"),
    NOTED(CHUNK_ENCRYPTED_META, parquet_chunk, "encrypted_column_metadata"),
};
static const struct parquet_shape SHAPE(chunk, parquet_chunk, 20, "ColumnChunk");

static const struct parquet_shape_field parquet_row_group_fields[] = {
    MUST_BE_LIST(1, &chunk, parquet_row_group, columns, "columns"),
    MUST(2, I64, parquet_row_group, total_bytes, "total_byte_size"),
    MUST(3, I64, parquet_row_group, num_rows, "num_rows"),
    MAY(ROW_GROUP_FILE_OFFSET, I64, parquet_row_group, file_offset, "file_offset"),
    MAY(ROW_GROUP_COMPRESSED_BYTES, I64, parquet_row_group, compressed_bytes,
        "total_compressed_size"),
    MAY(ROW_GROUP_ORDINAL, I16, parquet_row_group, ordinal, "ordinal"),
};
static const struct parquet_shape SHAPE(row_group, parquet_row_group, 7, "RowGroup");

static const struct parquet_shape_field parquet_column_order_fields[] = {
    NAMED(COLUMN_ORDER_TYPE, parquet_column_order, "TYPE_ORDER"),
    NAMED(COLUMN_ORDER_IEEE754_TOTAL, parquet_column_order, "IEEE_754_TOTAL_ORDER"),
    NAMED(COLUMN_ORDER_INT96, parquet_column_order, "INT96_TIMESTAMP_ORDER"),
};
static const struct parquet_shape SHAPE(column_order, parquet_column_order, 1, "ColumnOrder");

static const struct parquet_shape_field parquet_file_meta_fields[] = {
    MUST(1, I32, parquet_file_meta, version, "version"),
    MUST_BE_LIST(2, &schema_element, parquet_file_meta, schema, "schema"),
    MUST(3, I64, parquet_file_meta, num_rows, "num_rows"),
    MUST_BE_LIST(4, &row_group, parquet_file_meta, row_groups, "row_groups"),
    MAY_BE_LIST(FILE_META_KEY_VALUES, &key_value, parquet_file_meta, key_values,
                "key_value_metadata"),
    MAY(FILE_META_CREATED_BY, BINARY, parquet_file_meta, created_by, "created_by"),
    MAY_BE_LIST(FILE_META_COLUMN_ORDERS, &column_order, parquet_file_meta, column_orders,
                "column_orders"),
    NOTED(FILE_META_ENCRYPTION, parquet_file_meta, "encryption_algorithm"),
};
const struct parquet_shape SHAPE(parquet_shape_file_meta, parquet_file_meta, 9, "FileMetaData");

/* ---- page index ----------------------------------------------------------------------------- */

static const struct parquet_shape_field parquet_page_location_fields[] = {
    MUST(1, I64, parquet_page_location, offset, "offset"),
    MUST(2, I32, parquet_page_location, compressed_bytes, "compressed_page_size"),
    MUST(3, I64, parquet_page_location, first_row, "first_row_index"),
};
static const struct parquet_shape SHAPE(page_location, parquet_page_location, 7, "PageLocation");

static const struct parquet_shape_field parquet_offset_index_fields[] = {
    MUST_BE_LIST(1, &page_location, parquet_offset_index, pages, "page_locations"),
};
const struct parquet_shape SHAPE(parquet_shape_offset_index, parquet_offset_index, 3,
                                 "OffsetIndex");

static const struct parquet_shape_field parquet_column_index_fields[] = {
    MUST_LIST(1, BOOL, parquet_column_index, null_pages, "null_pages"),
    MUST_LIST(2, BINARY, parquet_column_index, min_values, "min_values"),
    MUST_LIST(3, BINARY, parquet_column_index, max_values, "max_values"),
    MUST(4, I32, parquet_column_index, boundary_order, "boundary_order"),
    MAY_LIST(COLUMN_INDEX_NULL_COUNTS, I64, parquet_column_index, null_counts, "null_counts"),
    MAY_LIST(COLUMN_INDEX_NAN_COUNTS, I64, parquet_column_index, nan_counts, "nan_counts"),
};
const struct parquet_shape SHAPE(parquet_shape_column_index, parquet_column_index, 9,
                                 "ColumnIndex");

/* ---- Bloom filters -------------------------------------------------------------------------- */

static const struct parquet_shape_field parquet_bloom_choice_fields[] = {
    NAMED(BLOOM_KNOWN, parquet_bloom_choice, "BLOCK, XXHASH or UNCOMPRESSED"),
};
static const struct parquet_shape SHAPE(bloom_choice, parquet_bloom_choice, 1,
                                        "BloomFilterAlgorithm");

static const struct parquet_shape_field parquet_bloom_header_fields[] = {
    MUST(1, I32, parquet_bloom_header, num_bytes, "numBytes"),
    MUST_BE(2, &bloom_choice, parquet_bloom_header, algorithm, "algorithm"),
    MUST_BE(3, &bloom_choice, parquet_bloom_header, hash, "hash"),
    MUST_BE(4, &bloom_choice, parquet_bloom_header, compression, "compression"),
};
const struct parquet_shape SHAPE(parquet_shape_bloom_header, parquet_bloom_header, 9,
                                 "BloomFilterHeader");
