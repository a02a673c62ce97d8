// SPDX-License-Identifier: Apache-2.0
/* parquet_format_int.h - the structs of parquet.thrift that firn reads and writes, and the Thrift
 * compact protocol that carries them. Shared by the reading and the writing half.
 *
 * Each struct has a shape (a table of its fields); parquet_thrift_read and parquet_thrift_write
 * walk the shape, so both directions are always the same list. Fields of parquet.thrift that are
 * missing here are skipped when read.
 *
 * X1  bit n of `has` = the field with Thrift id n was present; optional members have meaning only
 *     then. Unions are structs of which one bit is set; empty structs are only that bit
 * X2  struct str members and list items borrow the bytes that were parsed; lists lie in the arena
 * X3  an enum's number is not checked by parsing: a newer writer may know more
 * X4  writing puts out required fields always and optional ones whose bit is set */
#ifndef PARQUET_FORMAT_INT_H
#define PARQUET_FORMAT_INT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define PARQUET_HAS(s, field) ((s)->has >> (field)&1)
#define PARQUET_PUT(s, field) ((s)->has |= UINT32_C(1) << (field))

/* ---- enums of parquet.thrift ---------------------------------------------------------------- */

enum parquet_type {
    PARQUET_BOOLEAN,
    PARQUET_INT32,
    PARQUET_INT64,
    PARQUET_INT96,
    PARQUET_FLOAT,
    PARQUET_DOUBLE,
    PARQUET_BYTE_ARRAY,
    PARQUET_FIXED, /* FIXED_LEN_BYTE_ARRAY */
    PARQUET_TYPE_COUNT
};

enum parquet_repetition { PARQUET_REQUIRED, PARQUET_OPTIONAL, PARQUET_REPEATED };

enum parquet_converted {
    PARQUET_CONVERTED_UTF8 = 0,
    PARQUET_CONVERTED_MAP = 1,
    PARQUET_CONVERTED_MAP_KEY_VALUE = 2,
    PARQUET_CONVERTED_LIST = 3,
    PARQUET_CONVERTED_ENUM = 4,
    PARQUET_CONVERTED_DECIMAL = 5,
    PARQUET_CONVERTED_DATE = 6,
    PARQUET_CONVERTED_TIME_MILLIS = 7,
    PARQUET_CONVERTED_TIME_MICROS = 8,
    PARQUET_CONVERTED_TIMESTAMP_MILLIS = 9,
    PARQUET_CONVERTED_TIMESTAMP_MICROS = 10,
    PARQUET_CONVERTED_UINT_8 = 11,
    PARQUET_CONVERTED_UINT_16 = 12,
    PARQUET_CONVERTED_UINT_32 = 13,
    PARQUET_CONVERTED_UINT_64 = 14,
    PARQUET_CONVERTED_INT_8 = 15,
    PARQUET_CONVERTED_INT_16 = 16,
    PARQUET_CONVERTED_INT_32 = 17,
    PARQUET_CONVERTED_INT_64 = 18,
    PARQUET_CONVERTED_JSON = 19,
    PARQUET_CONVERTED_BSON = 20,
    PARQUET_CONVERTED_INTERVAL = 21
};

enum parquet_encoding {
    PARQUET_PLAIN = 0,
    PARQUET_PLAIN_DICTIONARY = 2,
    PARQUET_RLE = 3,
    PARQUET_BIT_PACKED = 4,
    PARQUET_DELTA_BINARY_PACKED = 5,
    PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    PARQUET_DELTA_BYTE_ARRAY = 7,
    PARQUET_RLE_DICTIONARY = 8,
    PARQUET_BYTE_STREAM_SPLIT = 9
};

enum parquet_compression {
    PARQUET_UNCOMPRESSED = 0,
    PARQUET_SNAPPY = 1,
    PARQUET_GZIP = 2,
    PARQUET_LZO = 3,
    PARQUET_BROTLI = 4,
    PARQUET_LZ4_HADOOP = 5,
    PARQUET_ZSTD = 6,
    PARQUET_LZ4_RAW = 7
};

enum parquet_page_type {
    PARQUET_DATA_PAGE = 0,
    PARQUET_INDEX_PAGE = 1,
    PARQUET_DICTIONARY_PAGE = 2,
    PARQUET_DATA_PAGE_V2 = 3
};

enum parquet_boundary_order {
    PARQUET_UNORDERED = 0,
    PARQUET_ASCENDING = 1,
    PARQUET_DESCENDING = 2
};

/* ---- lists ---------------------------------------------------------------------------------- */

struct parquet_i32_list {
    size_t count;
    int32_t *items; /* in the arena */
};
struct parquet_i64_list {
    size_t count;
    int64_t *items; /* in the arena */
};
struct parquet_bool_list {
    size_t count;
    bool *items; /* in the arena */
};
struct parquet_str_list {
    size_t count;
    struct str *items; /* in the arena */
};

/* ---- pages ---------------------------------------------------------------------------------- */

enum {
    STATISTICS_MAX = 1,
    STATISTICS_MIN = 2,
    STATISTICS_NULL_COUNT = 3,
    STATISTICS_DISTINCT_COUNT = 4,
    STATISTICS_MAX_VALUE = 5,
    STATISTICS_MIN_VALUE = 6,
    STATISTICS_MAX_EXACT = 7,
    STATISTICS_MIN_EXACT = 8,
    STATISTICS_NAN_COUNT = 9
};
struct parquet_statistics {
    uint32_t has;
    struct str max, min; /* deprecated: signed comparison, whatever the type */
    int64_t null_count;
    int64_t distinct_count;
    struct str max_value, min_value; /* PLAIN, strings without their length */
    bool max_exact, min_exact;
    int64_t nan_count; /* FLOAT and DOUBLE; absent means unknown */
};

enum { DATA_PAGE_STATISTICS = 5 };
struct parquet_data_page {
    uint32_t has;
    int32_t num_values; /* nulls included */
    int32_t encoding;   /* enum parquet_encoding, as are the next two */
    int32_t definition_levels;
    int32_t repetition_levels;
    struct parquet_statistics statistics;
};

enum { DICTIONARY_PAGE_SORTED = 3 };
struct parquet_dictionary_page {
    uint32_t has;
    int32_t num_values;
    int32_t encoding; /* PLAIN, or PLAIN_DICTIONARY meaning the same */
    bool is_sorted;
};

enum { DATA_PAGE_V2_COMPRESSED = 7, DATA_PAGE_V2_STATISTICS = 8 };
struct parquet_data_page_v2 {
    uint32_t has;
    int32_t num_values; /* nulls included */
    int32_t num_nulls;
    int32_t num_rows;
    int32_t encoding;
    int32_t definition_levels_bytes; /* never compressed, in front of the values */
    int32_t repetition_levels_bytes; /* never compressed, in front of the definition levels */
    bool is_compressed;              /* of the values; absent means true */
    struct parquet_statistics statistics;
};

enum { PAGE_CRC = 4, PAGE_DATA = 5, PAGE_DICTIONARY = 7, PAGE_DATA_V2 = 8 };
struct parquet_page_header {
    uint32_t has;
    int32_t type;               /* enum parquet_page_type */
    int32_t uncompressed_bytes; /* without this header, as the next */
    int32_t compressed_bytes;
    int32_t crc; /* CRC-32 of the page's bytes as they stand in the file */
    struct parquet_data_page data;
    struct parquet_dictionary_page dictionary;
    struct parquet_data_page_v2 data_v2;
};

/* ---- schema --------------------------------------------------------------------------------- */

enum { TIME_UNIT_MILLIS = 1, TIME_UNIT_MICROS = 2, TIME_UNIT_NANOS = 3 };
struct parquet_time_unit { /* union */
    uint32_t has;
};

struct parquet_decimal_type {
    uint32_t has;
    int32_t scale;
    int32_t precision;
};
struct parquet_time_type { /* TimeType and TimestampType */
    uint32_t has;
    bool is_utc;
    struct parquet_time_unit unit;
};
struct parquet_int_type {
    uint32_t has;
    int8_t bit_width; /* 8, 16, 32 or 64 */
    bool is_signed;
};

enum {
    LOGICAL_STRING = 1,
    LOGICAL_MAP = 2,
    LOGICAL_LIST = 3,
    LOGICAL_ENUM = 4,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIME = 7,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10,
    LOGICAL_UNKNOWN = 11, /* always NULL */
    LOGICAL_JSON = 12,
    LOGICAL_BSON = 13,
    LOGICAL_UUID = 14,
    LOGICAL_FLOAT16 = 15,
    LOGICAL_VARIANT = 16,
    LOGICAL_GEOMETRY = 17,
    LOGICAL_GEOGRAPHY = 18,
    LOGICAL_FILE = 19
};
struct parquet_logical_type { /* union; members only where there is more than a name */
    uint32_t has;
    struct parquet_decimal_type decimal;
    struct parquet_time_type time;
    struct parquet_time_type timestamp;
    struct parquet_int_type integer;
};

enum {
    SCHEMA_TYPE = 1,
    SCHEMA_TYPE_LENGTH = 2,
    SCHEMA_REPETITION = 3,
    SCHEMA_NUM_CHILDREN = 5,
    SCHEMA_CONVERTED_TYPE = 6,
    SCHEMA_SCALE = 7,
    SCHEMA_PRECISION = 8,
    SCHEMA_FIELD_ID = 9,
    SCHEMA_LOGICAL_TYPE = 10
};
struct parquet_schema_element {
    uint32_t has;
    int32_t type;        /* enum parquet_type; absent in groups */
    int32_t type_length; /* bytes of a FIXED value */
    int32_t repetition;  /* enum parquet_repetition; absent in the root */
    struct str name;
    int32_t num_children;   /* absent in leaves */
    int32_t converted_type; /* enum parquet_converted */
    int32_t scale;          /* with converted DECIMAL */
    int32_t precision;      /* with converted DECIMAL */
    int32_t field_id;
    struct parquet_logical_type logical_type;
};

/* ---- footer --------------------------------------------------------------------------------- */

enum { KEY_VALUE_VALUE = 2 };
struct parquet_key_value {
    uint32_t has;
    struct str key;
    struct str value;
};
struct parquet_key_value_list {
    size_t count;
    struct parquet_key_value *items; /* in the arena */
};

struct parquet_encoding_stats {
    uint32_t has;
    int32_t page_type; /* enum parquet_page_type */
    int32_t encoding;  /* enum parquet_encoding */
    int32_t count;     /* pages */
};
struct parquet_encoding_stats_list {
    size_t count;
    struct parquet_encoding_stats *items; /* in the arena */
};

enum {
    CHUNK_META_KEY_VALUES = 8,
    CHUNK_META_DICTIONARY_OFFSET = 11,
    CHUNK_META_STATISTICS = 12,
    CHUNK_META_ENCODING_STATS = 13,
    CHUNK_META_BLOOM_OFFSET = 14,
    CHUNK_META_BLOOM_LENGTH = 15
};
struct parquet_chunk_meta { /* ColumnMetaData */
    uint32_t has;
    int32_t type; /* enum parquet_type */
    struct parquet_i32_list encodings;
    struct parquet_str_list path;
    int32_t codec; /* enum parquet_compression */
    int64_t num_values;
    int64_t uncompressed_bytes; /* of all pages, headers included */
    int64_t compressed_bytes;   /* likewise */
    int64_t data_page_offset;
    int64_t dictionary_page_offset;
    struct parquet_statistics statistics;
    struct parquet_encoding_stats_list encoding_stats;
    int64_t bloom_offset; /* of its BloomFilterHeader, which the bits follow */
    int32_t bloom_length; /* of both */
};

enum {
    CHUNK_FILE_PATH = 1,
    CHUNK_META = 3,
    CHUNK_OFFSET_INDEX_OFFSET = 4,
    CHUNK_OFFSET_INDEX_LENGTH = 5,
    CHUNK_COLUMN_INDEX_OFFSET = 6,
    CHUNK_COLUMN_INDEX_LENGTH = 7,
    CHUNK_CRYPTO_META = 8,   /* presence only */
    CHUNK_ENCRYPTED_META = 9 /* presence only */
};
struct parquet_chunk { /* ColumnChunk */
    uint32_t has;
    struct str file_path; /* absent: this file */
    int64_t file_offset;  /* deprecated; 0 when written */
    struct parquet_chunk_meta meta;
    int64_t offset_index_offset;
    int32_t offset_index_length;
    int64_t column_index_offset;
    int32_t column_index_length;
};
struct parquet_chunk_list {
    size_t count;
    struct parquet_chunk *items; /* in the arena */
};

enum { ROW_GROUP_FILE_OFFSET = 5, ROW_GROUP_COMPRESSED_BYTES = 6, ROW_GROUP_ORDINAL = 7 };
struct parquet_row_group {
    uint32_t has;
    struct parquet_chunk_list columns; /* one a leaf, in schema order */
    int64_t total_bytes;               /* uncompressed */
    int64_t num_rows;
    int64_t file_offset; /* of the first page */
    int64_t compressed_bytes;
    int16_t ordinal;
};
struct parquet_row_group_list {
    size_t count;
    struct parquet_row_group *items; /* in the arena */
};

enum { COLUMN_ORDER_TYPE = 1, COLUMN_ORDER_IEEE754_TOTAL = 2, COLUMN_ORDER_INT96 = 3 };
struct parquet_column_order { /* union */
    uint32_t has;
};
struct parquet_column_order_list {
    size_t count;
    struct parquet_column_order *items; /* in the arena */
};

struct parquet_schema_list {
    size_t count;
    struct parquet_schema_element *items; /* in the arena; depth first, root first */
};

enum {
    FILE_META_KEY_VALUES = 5,
    FILE_META_CREATED_BY = 6,
    FILE_META_COLUMN_ORDERS = 7,
    FILE_META_ENCRYPTION = 8 /* presence only */
};
struct parquet_file_meta { /* FileMetaData */
    uint32_t has;
    int32_t version;
    struct parquet_schema_list schema;
    int64_t num_rows;
    struct parquet_row_group_list row_groups;
    struct parquet_key_value_list key_values;
    struct str created_by;
    struct parquet_column_order_list column_orders; /* one a leaf */
};

/* ---- page index ----------------------------------------------------------------------------- */

struct parquet_page_location {
    uint32_t has;
    int64_t offset;
    int32_t compressed_bytes; /* header included */
    int64_t first_row;        /* within the row group */
};
struct parquet_page_location_list {
    size_t count;
    struct parquet_page_location *items; /* in the arena */
};
struct parquet_offset_index {
    uint32_t has;
    struct parquet_page_location_list pages;
};

enum { COLUMN_INDEX_NULL_COUNTS = 5, COLUMN_INDEX_NAN_COUNTS = 8 };
struct parquet_column_index {
    uint32_t has;
    struct parquet_bool_list null_pages;
    struct parquet_str_list min_values, max_values; /* as Statistics.min_value */
    int32_t boundary_order;                         /* enum parquet_boundary_order */
    struct parquet_i64_list null_counts;
    struct parquet_i64_list nan_counts;
};

/* ---- Bloom filters -------------------------------------------------------------------------- */

enum {
    BLOOM_KNOWN = 1
}; /* the only member that the format's unions have: BLOCK, XXHASH, UNCOMPRESSED */
struct parquet_bloom_choice { /* union */
    uint32_t has;
};
struct parquet_bloom_header {
    uint32_t has;
    int32_t num_bytes; /* of the bits */
    struct parquet_bloom_choice algorithm, hash, compression;
};

/* ---- Thrift compact protocol ---------------------------------------------------------------- */

struct parquet_shape;

extern const struct parquet_shape parquet_shape_page_header;  /* struct parquet_page_header */
extern const struct parquet_shape parquet_shape_file_meta;    /* struct parquet_file_meta */
extern const struct parquet_shape parquet_shape_offset_index; /* struct parquet_offset_index */
extern const struct parquet_shape parquet_shape_column_index; /* struct parquet_column_index */
extern const struct parquet_shape parquet_shape_bloom_header; /* struct parquet_bloom_header */

/* Reads one struct from `in`, which then stands behind it. `out` is cleared first. Allocations are
 * bounded by a small multiple of the input's size. */
STATUS_MUST_USE status parquet_thrift_read(const struct parquet_shape *shape, struct bytes *in,
                                           struct arena *arena, void *out, struct error *err);
/* Appends one struct. */
STATUS_MUST_USE status parquet_thrift_write(const struct parquet_shape *shape, const void *from,
                                            struct buffer *out, struct error *err);

#endif
