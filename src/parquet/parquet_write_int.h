// SPDX-License-Identifier: Apache-2.0
/* parquet_write_int.h - what the sources of the writer share.
 *
 *     batch -> parquet_writer.c        cuts rows into row groups
 *           -> parquet_write_column.c  cuts a column's rows into pages, codes or PLAIN bytes
 *           -> parquet_write_dict.c    values to codes
 *           -> parquet_write_page.c    levels, runs, compression, header: bytes of a page
 *           -> parquet_write_stats.c   bounds of pages, chunks and files
 *           -> parquet_write_schema.c  Iceberg types as Parquet types
 *
 * W1  the bytes of a file are a function of its rows, schema and options; nothing that decides them
 *     looks at where a batch ends or whether it came as RUN, CODES or VALUES
 * W2  where pages end does not depend on their encoding, so a page can change it until it is
 *     written
 * W3  everything is charged to the writer's account; pages wait compressed until their row group is
 *     full */
#ifndef PARQUET_WRITE_INT_H
#define PARQUET_WRITE_INT_H

#include "parquet/parquet.h"
#include "parquet/parquet_format_int.h"

/* ---- types (parquet_write_schema.c) --------------------------------------------------------- */

/* How a value without its NULLs stands between span and page. */
enum parquet_form {
    PARQUET_FORM_BOOL,  /* uint8_t, 0 or 1 */
    PARQUET_FORM_32,    /* 4 bytes as in the file: INT32, FLOAT */
    PARQUET_FORM_64,    /* 8 bytes as in the file: INT64, DOUBLE */
    PARQUET_FORM_WIDE,  /* int128: decimals as FIXED */
    PARQUET_FORM_TEXT,  /* struct str: BYTE_ARRAY */
    PARQUET_FORM_FIXED, /* struct str of `width` bytes: FIXED */
};

struct parquet_write_type {
    struct column_type type;
    enum column_phys phys;
    enum parquet_type physical;
    enum parquet_form form;
    uint32_t width; /* bytes of a PLAIN value; 0 for BYTE_ARRAY; a BOOLEAN counts as 1 */
    bool narrow;    /* int64_t in spans, INT32 in the file: decimals of precision <= 9 */
    int128 limit;   /* decimals: absolute values stand below; else 0 */
};

STATUS_MUST_USE status parquet_write_type_of(const struct column_field *field,
                                             struct parquet_write_type *out, struct error *err);
void parquet_write_element(const struct column_field *field, const struct parquet_write_type *t,
                           struct parquet_schema_element *out);

/* True for values that compare by their bytes: text, binary, fixed, uuid. */
static inline bool parquet_by_bytes(const struct parquet_write_type *t)
{
    return t->form == PARQUET_FORM_TEXT || t->form == PARQUET_FORM_FIXED;
}

/* ---- dictionary (parquet_write_dict.c) ------------------------------------------------------ */

/* Where an entry of text stands; numbers are found by their width. */
struct parquet_dict_text {
    uint32_t hash;
    uint32_t start; /* first byte in `entries`: its length */
};

/* Distinct values in order of first appearance; the code is the place in that order. */
struct parquet_dict {
    struct mem_account *account; /* borrowed */
    uint32_t width;              /* bytes of an entry: 4 or 8; 0 = BYTE_ARRAY */
    size_t limit_bytes;          /* of `entries` */
    uint32_t count;
    struct buffer entries;          /* PLAIN: the dictionary page as it will stand in the file */
    uint32_t *stamps;               /* owned, by code: the last page seen to use it; 0 = none */
    struct parquet_dict_text *text; /* owned, by code; BYTE_ARRAY only */
    size_t capacity;                /* of the two */
    uint32_t *slots; /* owned: hash table of code + 1, 0 = free; slot_count is a power of two */
    size_t slot_count;
};

void parquet_dict_init(struct parquet_dict *d, struct mem_account *account, uint32_t width,
                       size_t limit_bytes);
void parquet_dict_free(struct parquet_dict *d);
/* An entry's PLAIN bytes, and how many. */
static inline const uint8_t *parquet_dict_at(const struct parquet_dict *d, uint32_t code,
                                             size_t *bytes)
{
    const uint8_t *at =
        d->entries.data + (d->width ? code * (size_t)d->width : d->text[code].start);
    *bytes = d->width ? d->width : 4 + (size_t)load_u32le(at);
    return at;
}
/* Bytes of the first `count` entries. */
static inline size_t parquet_dict_bytes(const struct parquet_dict *d, uint32_t count)
{
    return count == d->count ? d->entries.len
           : d->width        ? count * (size_t)d->width
                             : d->text[count].start;
}
/* Empty again, memory kept. */
void parquet_dict_clear(struct parquet_dict *d);
/* Forgets the entries from `count` on and frees the table: nothing can be put until a clear. */
void parquet_dict_close(struct parquet_dict *d, uint32_t count);
/* Codes of n dense values (form 32, 64 or TEXT, as `width` says). *placed < n when the dictionary
 * is full: value *placed has no room. */
STATUS_MUST_USE status parquet_dict_put(struct parquet_dict *d, const void *values, size_t n,
                                        uint32_t *codes, size_t *placed, struct error *err);

/* ---- bounds (parquet_write_stats.c) --------------------------------------------------------- */

/* Numbers as int128 in an order that integers share: floats by their bits turned so that they
 * ascend (-0.0 < +0.0), NaN left out. */
struct parquet_bounds {
    bool has; /* at least one value that is neither NULL nor NaN */
    int128 min, max;
    struct str min_text, max_text; /* by bytes; borrowed */
};

/* Bounds that own their text. */
struct parquet_kept_bounds {
    struct parquet_bounds bounds; /* text borrowed from the next two */
    struct buffer min_bytes, max_bytes;
};

/* Of the values of one page. */
void parquet_bounds_of_plain(const struct parquet_write_type *t, const struct buffer *plain,
                             int64_t values, struct parquet_bounds *out, int64_t *nans);
/* `stamp` is new for each page of a chunk and not 0. */
void parquet_bounds_of_codes(const struct parquet_write_type *t, struct parquet_dict *d,
                             const uint32_t *codes, int64_t values, uint32_t stamp,
                             struct parquet_bounds *out, int64_t *nans);
int parquet_bounds_compare(const struct parquet_write_type *t, int128 a, struct str a_text,
                           int128 b, struct str b_text);
void parquet_kept_init(struct parquet_kept_bounds *k, struct mem_account *account);
void parquet_kept_free(struct parquet_kept_bounds *k);
void parquet_kept_clear(struct parquet_kept_bounds *k);
STATUS_MUST_USE status parquet_kept_add(struct parquet_kept_bounds *k,
                                        const struct parquet_write_type *t,
                                        const struct parquet_bounds *b, struct error *err);
/* The lower or upper bound as Parquet's statistics and indexes hold it, in `arena`. Text longer
 * than limit_bytes is shortened to a bound that still holds, *exact says whether it was not. */
STATUS_MUST_USE status parquet_bound_bytes(const struct parquet_write_type *t,
                                           const struct parquet_bounds *b, bool upper,
                                           size_t limit_bytes, struct arena *arena, struct str *out,
                                           bool *exact, struct error *err);
/* The exact bound as a value; text in `arena`. */
STATUS_MUST_USE status parquet_bound_value(const struct parquet_write_type *t,
                                           const struct parquet_bounds *b, bool upper,
                                           struct arena *arena, struct column_value *out,
                                           struct error *err);

/* ---- pages (parquet_write_page.c) ----------------------------------------------------------- */

/* Definition levels of `rows` rows (0 or 1) with their length in front, as data page v1 has them.
 */
STATUS_MUST_USE status parquet_write_levels(const uint64_t *valid, int64_t rows, int64_t nulls,
                                            struct buffer *out, struct error *err);
/* Codes as the run-length and bit-packed hybrid, the width's byte in front. */
STATUS_MUST_USE status parquet_write_codes(const uint32_t *codes, size_t n, unsigned width,
                                           struct buffer *out, struct error *err);
/* Bits needed for codes below `count`, at least 1. */
unsigned parquet_code_width(uint32_t count);

/* Work space of one writer, used by one column at a time. */
struct parquet_write_space {
    struct buffer raw;        /* a page before compression */
    struct buffer compressed; /* its body */
    struct buffer header;
    void *dense; /* owned: COLUMN_SPAN_ROWS values of 16 bytes */
};

/* A page ready to be written: header and body in one block. */
struct parquet_page_bytes {
    uint8_t *data; /* owned */
    size_t bytes;
    size_t uncompressed_bytes; /* header included, as the chunk's totals count it */
};

/* Compresses space->raw into a page; `header` lacks sizes and CRC. */
STATUS_MUST_USE status parquet_write_page(const struct parquet_write_options *options,
                                          struct parquet_write_space *space,
                                          struct parquet_page_header *header,
                                          struct mem_account *account,
                                          struct parquet_page_bytes *out, struct error *err);

/* ---- columns (parquet_write_column.c) ------------------------------------------------------- */

/* A page whose rows have come in and which is not encoded yet. */
struct parquet_pending {
    int64_t rows, nulls;
    int64_t plain_bytes;                    /* of its values in PLAIN form */
    size_t first_code;                      /* in the column's codes */
    size_t first_word;                      /* in the column's validity */
    uint32_t entries_before, entries_after; /* in the dictionary when it was opened and closed */
};

/* A page that is encoded. */
struct parquet_page {
    struct parquet_page_bytes bytes;
    int64_t first_row; /* within the row group */
    int64_t rows, nulls, nans;
    int32_t encoding;             /* enum parquet_encoding */
    struct parquet_bounds bounds; /* text as in min, max */
    struct str min, max;          /* as the column index holds them; in the group's arena */
};

/* TRIAL: codes are kept for up to trial_pages pages, then it is decided by bytes whether the chunk
 * has a dictionary. */
enum parquet_column_mode { PARQUET_MODE_TRIAL, PARQUET_MODE_DICT, PARQUET_MODE_PLAIN };

struct parquet_write_column {
    const struct column_field *field; /* borrowed from the writer's schema */
    struct parquet_write_type type;
    const struct parquet_write_options *options; /* borrowed from the writer */
    struct mem_account *account;                 /* borrowed */
    struct arena *group_arena;                   /* borrowed: reset when a row group is written */
    struct parquet_write_space *space;           /* borrowed */
    int64_t page_rows_max;                       /* rows of a page, from page_rows and page_bytes */
    size_t trial_pages;

    enum parquet_column_mode mode;
    struct parquet_dict dict;
    struct parquet_pending *pending; /* owned: trial_pages of them; the last one is open */
    size_t pending_count;
    struct buffer codes; /* uint32_t, of all pending pages */
    struct buffer valid; /* uint64_t words, of all pending pages; optional columns only */
    struct buffer plain; /* PLAIN values of the open page in PLAIN mode; booleans a byte each */
    uint64_t map_id;     /* id of the dictionary that `map` is for; 0 = none */
    uint32_t *map;       /* owned: its codes to ours, UINT32_MAX = not met yet */
    size_t map_count;

    struct parquet_page *pages; /* in <group_arena> */
    size_t page_count, page_capacity;
    struct parquet_page_bytes dictionary; /* the dictionary page; data NULL = none */
    int64_t group_rows, group_nulls, group_nans;
    struct parquet_kept_bounds group_bounds;

    int64_t nulls, nans, compressed_bytes; /* of row groups written */
    struct parquet_kept_bounds bounds;
};

STATUS_MUST_USE status parquet_write_column_init(
    struct parquet_write_column *c, const struct column_field *field,
    const struct parquet_write_options *options, size_t columns, struct mem_account *account,
    struct arena *group_arena, struct parquet_write_space *space, struct error *err);
void parquet_write_column_free(struct parquet_write_column *c);
/* Rows [from, from + rows) of a span. */
STATUS_MUST_USE status parquet_write_column_append(struct parquet_write_column *c,
                                                   const struct column_span *s, int64_t from,
                                                   int64_t rows, struct error *err);
/* Bytes of the rows' text, NULL counting none; 0 for columns of fixed width. */
int64_t parquet_write_text_bytes(const struct parquet_write_column *c, const struct column_span *s,
                                 int64_t from, int64_t rows);
/* Encodes what is pending, the dictionary page too. */
STATUS_MUST_USE status parquet_write_column_close(struct parquet_write_column *c,
                                                  struct error *err);
/* Drops the written row group, adding what it knew to the file's figures. */
STATUS_MUST_USE status parquet_write_column_next_group(struct parquet_write_column *c,
                                                       struct error *err);

#endif
