// SPDX-License-Identifier: Apache-2.0
/* parquet.h - Apache Parquet files (format 2.9 and the Thrift definitions of parquet.thrift):
 * reader to spans, writer from batches.
 *
 * Reading is by column chunk: parquet_column_open makes a reader whose `next` hands out spans
 * (column/column_span.h) in row order; dictionary-encoded pages come as CODES, others as VALUES, a
 * page whose codes are one RLE run as RUN. `skip` uses page headers and the offset index, so
 * skipped pages are neither decompressed nor, with an index, read.
 *
 * A primitive inside structs is a column "a.b". A list or map, wherever it stands, is one column: the
 * JSON text of its values (docs/formats/nested.md). What cannot be decoded is listed with `supported`
 * false; asking for it is ST_UNSUPPORTED with the name, as is every encoding or codec. */
#ifndef PARQUET_H
#define PARQUET_H

#include "codec/codec.h"
#include "column/column_node.h"
#include "column/column_span.h"
#include "store/store.h"

struct parquet_file;
struct parquet_column; /* one chunk being read */
struct parquet_writer;

/* ---- reading -------------------------------------------------------------------------------- */

struct parquet_column_info {
    struct str name;         /* dotted path inside structs */
    struct column_type type; /* what `next` yields without a cast; kind UNKNOWN when unsupported */
    int32_t field_id;        /* 0 = none in the file */
    bool required;           /* never NULL */
    bool nested;             /* a list or map as text: no bounds, no page index */
    bool supported;
    const char *refusal;  /* why not: literal; NULL when supported */
    const char *physical; /* "INT32", ... "a group": literal, for messages */
};

struct parquet_chunk_info {
    int64_t values;           /* rows, nulls included; entries of a list or map */
    int64_t compressed_bytes; /* page headers included */
    int64_t uncompressed_bytes;
    enum codec codec;   /* CODEC_COUNT: one that cannot be read */
    uint32_t encodings; /* bit per format enum value */
    bool has_null_count;
    int64_t null_count;
    bool has_min, has_max;        /* usable: right order; a real or double has max only when it is
                                     known to hold no NaN (NaN is greatest); zeros are widened */
    bool min_exact, max_exact;    /* it is one of the values */
    struct column_value min, max; /* of the column's type; strings live as long as the file */
    bool has_dictionary;
    bool has_offset_index, has_column_index, has_bloom_filter;
};

/* Reads and checks magic and footer (at most 256 MiB, charged to account). The file stays borrowed.
 */
STATUS_MUST_USE status parquet_open(struct store_file *file, struct mem_account *account,
                                    struct parquet_file **out, struct error *err);
void parquet_close(struct parquet_file *f);
int64_t parquet_rows(const struct parquet_file *f);
size_t parquet_columns(const struct parquet_file *f);
const struct parquet_column_info *parquet_column_at(const struct parquet_file *f, size_t column);
/* By field id when one is asked for and the file has any, else by name; -1 when absent. */
int parquet_column_find(const struct parquet_file *f, int32_t field_id, struct str name);
bool parquet_has_field_ids(const struct parquet_file *f);
size_t parquet_row_groups(const struct parquet_file *f);
int64_t parquet_group_rows(const struct parquet_file *f, size_t group);
int64_t parquet_group_offset(const struct parquet_file *f, size_t group); /* bytes, first page */
const struct parquet_chunk_info *parquet_chunk_at(const struct parquet_file *f, size_t group,
                                                  size_t column);
struct str parquet_created_by(const struct parquet_file *f);
/* Value of a footer key; ptr NULL when absent. */
struct str parquet_footer_value(const struct parquet_file *f, const char *key);

/* Says that these columns of the row groups, in the file's order, are read next (store_expect); -1
 * stands for none. What one of them counts against store_ahead_bytes is parquet_group_ahead. */
STATUS_MUST_USE status parquet_groups_expect(struct parquet_file *f, const size_t *groups,
                                             size_t group_count, const int *columns, size_t count,
                                             struct error *err);
int64_t parquet_group_ahead(const struct parquet_file *f, size_t group, const int *columns,
                            size_t count);
/* Says that the page indexes of these columns of the row group are read next (store_expect); -1 stands
 * for none. */
STATUS_MUST_USE status parquet_index_expect(struct parquet_file *f, size_t group,
                                            const int *columns, size_t count, struct error *err);
/* Rows of a row group. */
struct parquet_rows {
    int64_t first, count;
};
/* Spans come as `want` (Iceberg's promotions: int -> bigint, real -> double, wider decimal
 * precision; also int32/int64/binary/fixed decimals, INT96 -> timestamptz, any unit of time -> us).
 * A type that cannot become `want` is ST_UNSUPPORTED, naming both. CRCs are checked where present.
 */
STATUS_MUST_USE status parquet_column_open(struct parquet_file *f, size_t group, size_t column,
                                           struct column_type want, struct parquet_column **out,
                                           struct error *err);
/* A list or map as the text of `want`: its parts are found by field id where the file has any, else
 * by name, and stand in its order under its names; what the file lacks is NULL. NULL = as the file
 * has it, which is what parquet_column_open gives. */
STATUS_MUST_USE status parquet_column_open_nested(struct parquet_file *f, size_t group,
                                                  size_t column, const struct column_node *want,
                                                  struct parquet_column **out, struct error *err);
/* Before the first row is read: only rows in these ranges, which ascend, will be asked for and all others
 * passed over by parquet_column_skip. With an offset index, pages without any are then not read. */
STATUS_MUST_USE status parquet_column_limit(struct parquet_column *c,
                                            const struct parquet_rows *ranges, size_t count,
                                            struct error *err);
/* What will be read of the chunk. */
int64_t parquet_column_bytes(const struct parquet_column *c);
/* Says that these columns of one file are read next (store_expect); NULL stands for none. */
STATUS_MUST_USE status parquet_columns_expect(struct parquet_file *f,
                                              struct parquet_column *const *columns, size_t count,
                                              struct error *err);
/* At most max_rows (and COLUMN_SPAN_ROWS unless RUN); rows 0 at the end of the chunk. */
STATUS_MUST_USE status parquet_column_next(struct parquet_column *c, int64_t max_rows,
                                           struct column_span *out, struct error *err);
STATUS_MUST_USE status parquet_column_skip(struct parquet_column *c, int64_t rows,
                                           struct error *err);
void parquet_column_close(struct parquet_column *c);
/* Decompresses in `work` (borrowed until close), which columns of one thread may share. */
void parquet_column_work(struct parquet_column *c, struct codec_work *work);

/* Per-page bounds from the column index, for pruning inside a row group. */
struct parquet_page_info {
    int64_t first_row, rows; /* within the row group */
    int64_t offset, bytes;   /* in the file */
    bool all_null;
    bool has_bounds;
    struct column_value min, max;
    int64_t null_count; /* -1 = unknown */
};
/* In `arena`; count 0 when the file has no index for the column. */
STATUS_MUST_USE status parquet_pages(struct parquet_file *f, size_t group, size_t column,
                                     struct arena *arena, struct parquet_page_info **out,
                                     size_t *count, struct error *err);

/* Whether the chunk can hold any of the values, which are of one type and not NULL, by its Bloom filter:
 * *out true where it has none, or where the filter cannot say. Adds what was read to *bytes. */
STATUS_MUST_USE status parquet_bloom_probe(struct parquet_file *f, size_t group, size_t column,
                                           const struct column_value *values, size_t count,
                                           bool *out, int64_t *bytes, struct error *err);

/* ---- writing -------------------------------------------------------------------------------- */

struct parquet_write_options {
    enum codec codec;          /* zstd by default */
    int codec_level;           /* 0 = the codec's default */
    int64_t row_group_rows;    /* default 1,048,576 */
    int64_t row_group_bytes;   /* default 128 MiB, uncompressed */
    int64_t page_bytes;        /* default 1 MiB, uncompressed; less in tables of over 64 columns */
    int64_t page_rows;         /* default 20,000 */
    int64_t dictionary_bytes;  /* default 2 MiB per chunk, less in tables of over 16 columns; 0 = no
                                  dictionaries */
    bool statistics;           /* default true */
    struct str iceberg_schema; /* footer key iceberg.schema; empty = left out */
    struct codec_work *work; /* compresses in it; borrowed, for writers of one thread; NULL = a new
                                  state for each page */
};

/* What the writer knows of each column when it finishes: Iceberg's metrics. In `arena`. */
struct parquet_column_metrics {
    int32_t field_id;
    int64_t compressed_bytes; /* all chunks, page headers included */
    int64_t values;           /* rows, nulls included */
    int64_t nulls;
    int64_t nans;                 /* REAL and DOUBLE; else -1 */
    bool has_bounds;              /* false when all are NULL or NaN */
    struct column_value min, max; /* exact; -0.0 < +0.0; NaN left out */
};

struct parquet_file_metrics {
    int64_t rows;
    int64_t bytes; /* the file's size */
    size_t columns;
    struct parquet_column_metrics *column;
    size_t split_count;
    int64_t *split_offsets; /* of row groups */
};

void parquet_write_options_init(struct parquet_write_options *o);
/* Columns in schema order; field ids are written as given (0 = none); required columns have no
 * levels. The same bytes for the same rows and options, whatever the batches' sizes. The profile:
 * pages v1, PLAIN and RLE_DICTIONARY, statistics, page index, CRC, column orders. */
STATUS_MUST_USE status parquet_writer_create(struct store_write *to,
                                             const struct column_schema *schema,
                                             const struct parquet_write_options *options,
                                             struct mem_account *account,
                                             struct parquet_writer **out, struct error *err);
STATUS_MUST_USE status parquet_writer_append(struct parquet_writer *w,
                                             const struct column_batch *batch, struct error *err);
/* Uncompressed bytes held for the open row group plus bytes written: for rolling files. */
int64_t parquet_writer_bytes(const struct parquet_writer *w);
/* Writes the footer; does not finish `to`. metrics may be NULL. */
STATUS_MUST_USE status parquet_writer_finish(struct parquet_writer *w, struct arena *arena,
                                             struct parquet_file_metrics *metrics,
                                             struct error *err);
void parquet_writer_free(struct parquet_writer *w);

#endif
