// SPDX-License-Identifier: Apache-2.0
/* parquet_read_int.h - what the reading half of parquet/ shares.
 *
 *     file    PAR1 | chunk chunk ... | page indexes | footer | footer bytes (u32) | PAR1
 *     chunk   [dictionary page] data page data page ...        one column of one row group
 *     page    header (Thrift) | [levels] values, compressed as one (v1) or values only (v2)
 *
 *     source    bytes of the chunk, read ahead in pieces        parquet_page.c
 *     page      header checked, CRC checked, decompressed        parquet_page.c
 *     pager     a chunk's pages one after the other              parquet_pager.c
 *     levels    which entries are NULL, where lists begin         parquet_rle.c
 *     codes     or stored values                                 parquet_rle.c, parquet_values.c
 *     convert   stored form to the form of column_type.h         parquet_convert.c
 *     span      of one leaf, or of lists and maps as text         parquet_column.c, parquet_nested.c
 *
 * P1  a parquet_file does not change once it is open; its columns may be read by several threads,
 *     each column by one
 * P2  every buffer that unpacking reads from has KERNEL_UNPACK_PAD readable bytes behind its end
 * P3  no size from the file is allocated before it is checked against the bytes that carry it */
#ifndef PARQUET_READ_INT_H
#define PARQUET_READ_INT_H

#include "column/column_node.h"
#include "kernel/kernel_unpack.h"
#include "parquet/parquet.h"
#include "parquet/parquet_format_int.h"

/* ---- schema --------------------------------------------------------------------------------- */

enum parquet_unit { PARQUET_UNIT_NONE, PARQUET_UNIT_MS, PARQUET_UNIT_US, PARQUET_UNIT_NS };

#define PARQUET_ORDER_UNKNOWN UINT32_MAX /* a ColumnOrder of a later format */

/* One leaf of the schema, wherever it hangs. */
struct parquet_leaf {
    struct parquet_column_info info; /* of its own type, also inside a list or map */
    uint8_t max_definition;          /* level at which it is not NULL; 0: required */
    uint8_t max_repetition;          /* lists and maps around it */
    enum parquet_type stored;
    uint32_t width;         /* bytes of a stored value; 0 for BOOLEAN and BYTE_ARRAY */
    enum parquet_unit unit; /* TIME, TIMESTAMP */
    bool is_unsigned;       /* integers */
    bool zone_unknown;      /* INT96 or an old annotation: either kind of timestamp */
    uint32_t order;         /* `has` of its ColumnOrder; 0 = none stands in the file */
};

/* A part of a list or map. Levels: see parquet_schema.c. */
struct parquet_node {
    enum column_node_kind kind;
    struct str name; /* borrowed from the footer */
    int32_t field_id;
    uint8_t definition;      /* from this level on it is not NULL */
    uint8_t item_definition; /* LIST, MAP: from this level on there is an item */
    uint8_t repetition;      /* LIST, MAP: the level at which the next item begins */
    size_t leaf, leaf_count; /* its leaves */
    size_t count;            /* STRUCT parts; LIST 1; MAP 2 */
    struct parquet_node *children;
};

/* A column: one leaf, or the tree of a list or map. */
struct parquet_place {
    struct parquet_column_info info;
    size_t leaf, leaf_count;
    const struct parquet_node *node; /* in the arena; NULL: one leaf */
    size_t nested;                   /* number among the columns with a node */
};

struct parquet_chunk_place {
    struct parquet_chunk_info info;
    int64_t start;       /* offset of the first page */
    int64_t end;         /* offset behind the last */
    const char *refusal; /* its codec, when that cannot be read: literal; else NULL */
    int64_t offset_index, column_index; /* offsets; valid with info.has_... */
    int32_t offset_index_bytes, column_index_bytes;
    int64_t bloom_offset; /* valid with info.has_bloom_filter */
    int64_t bloom_bytes;  /* header and bits, or as far as they can reach */
};

struct parquet_group_place {
    int64_t rows;
    int64_t offset; /* of the first page of any chunk */
};

struct parquet_file {
    struct store_file *file;     /* borrowed */
    struct mem_account *account; /* borrowed */
    uint8_t *footer;             /* owned: the Thrift bytes; strings point into it */
    size_t footer_bytes;
    struct arena arena;
    int64_t rows;
    int64_t data_end; /* offset of the footer: no page ends behind it */
    size_t columns, nested_columns, leaves, groups;
    struct parquet_place *place;        /* in the arena: columns */
    struct parquet_leaf *leaf;          /* in the arena */
    struct parquet_group_place *group;  /* in the arena */
    struct parquet_chunk_place *chunk;  /* in the arena; [group * leaves + leaf] */
    struct parquet_chunk_info *nested;  /* in the arena; [group * nested_columns + place.nested] */
    struct parquet_key_value_list keys; /* in the arena */
    struct str created_by;
    bool has_field_ids;
};

const char *parquet_type_name(int32_t type);         /* "INT32"; "unknown type" */
const char *parquet_encoding_name(int32_t encoding); /* "PLAIN"; "unknown encoding" */
const char *parquet_codec_name(int32_t codec);       /* "LZO"; "unknown codec" */

/* Type, width and refusal of a leaf whose levels are known. */
void parquet_leaf_type(struct parquet_leaf *leaf, const struct parquet_schema_element *e);
/* Fills leaf, place and has_field_ids from the footer's schema. */
STATUS_MUST_USE status parquet_schema_read(struct parquet_file *f,
                                           const struct parquet_file_meta *meta, struct error *err);

/* ---- stored values to column values --------------------------------------------------------- */

enum parquet_form {
    PARQUET_COPY,    /* `width` bytes as they are */
    PARQUET_I32_I64, /* sign-extended, as are the next two */
    PARQUET_I32_I128,
    PARQUET_I64_I128,
    PARQUET_U32_I64,
    PARQUET_U64_I128,
    PARQUET_F32_F64,
    PARQUET_MS32_US, /* milliseconds in 32 bits */
    PARQUET_MS64_US,
    PARQUET_NS64_US,  /* rounded down */
    PARQUET_INT96_US, /* nanoseconds of the day and a Julian day number, rounded down */
    PARQUET_FIXED_STR,
    PARQUET_FIXED_I64, /* big-endian two's complement */
    PARQUET_FIXED_I128,
    PARQUET_STR_STR,
    PARQUET_STR_TEXT, /* checked to be UTF-8 */
    PARQUET_STR_I64,  /* big-endian two's complement */
    PARQUET_STR_I128
};

/* How stored values become values of one type. Stored values stand one behind the other: `width`
 * bytes each, of any alignment; booleans as bytes 0 and 1; BYTE_ARRAY as struct str, whose bytes
 * ascend within one block of memory. */
struct parquet_convert {
    enum parquet_form form;
    enum column_phys phys; /* of the result */
    uint32_t width;        /* bytes of a stored value */
    uint32_t value_bytes;  /* of a result */
    bool checked;          /* results must lie in [low, high]; PHYS_I64 and PHYS_I128 */
    int128 low, high;
};

/* ST_UNSUPPORTED names both types. */
STATUS_MUST_USE status parquet_convert_plan(const struct parquet_leaf *leaf,
                                            struct column_type want, struct parquet_convert *out,
                                            struct error *err);
/* `to` is aligned and has room for n values; it may be `from` for struct str. Strings are borrowed
 * from where the stored ones point, or from `from` itself. */
STATUS_MUST_USE status parquet_convert_run(const struct parquet_convert *c, const void *from,
                                           size_t n, void *to, struct error *err);

/* ---- run lengths and bit packing ------------------------------------------------------------ */

/* The hybrid of Encodings.md "RLE": at any moment inside one repeated or one packed run. */
struct parquet_rle {
    const uint8_t *at, *end; /* behind the current run */
    unsigned width;          /* bits of a value, 0 to 32 */
    uint32_t full;           /* levels: the value that stands for "not NULL", the largest; else 1 */
    uint32_t value;          /* of the repeated run */
    uint64_t repeat;         /* values left of the repeated run */
    uint64_t packed;         /* values left of the packed run; one of the two is 0 */
    const uint8_t *bits;     /* the packed run */
    size_t first;            /* index of its next value */
};

void parquet_rle_init(struct parquet_rle *r, const uint8_t *data, size_t bytes, unsigned width);
/* Levels up to `most`. */
void parquet_rle_init_levels(struct parquet_rle *r, const uint8_t *data, size_t bytes,
                             unsigned most);
/* One packed run of n values of one bit, nothing else. */
void parquet_rle_init_bits(struct parquet_rle *r, const uint8_t *data, size_t n);
/* Enters the next run when the current one is used up, so that `repeat` or `packed` is not 0. */
STATUS_MUST_USE status parquet_rle_peek(struct parquet_rle *r, struct error *err);
/* Up to n values; fewer, but at least one, when a repeated run of `stop` or more follows. */
STATUS_MUST_USE status parquet_rle_u16(struct parquet_rle *r, size_t n, uint64_t stop,
                                       uint16_t *out, size_t *got, struct error *err);
STATUS_MUST_USE status parquet_rle_u32(struct parquet_rle *r, size_t n, uint64_t stop,
                                       uint32_t *out, size_t *got, struct error *err);
/* Levels: the next n as a bitmap (cleared before) of which are `full`, and how many. A greater one
 * is ST_CORRUPT. */
STATUS_MUST_USE status parquet_rle_bits(struct parquet_rle *r, size_t n, uint64_t *words,
                                        size_t *ones, struct error *err);
/* Levels: passes over n and says how many are `full`. */
STATUS_MUST_USE status parquet_rle_count(struct parquet_rle *r, uint64_t n, uint64_t *ones,
                                         struct error *err);
STATUS_MUST_USE status parquet_rle_skip(struct parquet_rle *r, uint64_t n, struct error *err);

/* ---- stored values of a page, other than codes ---------------------------------------------- */

/* DELTA_BINARY_PACKED; see parquet_delta.c. */
struct parquet_delta {
    const uint8_t *at, *end;    /* behind the current miniblock */
    uint64_t left;              /* values not handed out yet */
    uint64_t last;              /* the last value; the first one while `first` */
    bool first;                 /* nothing was handed out yet */
    uint64_t mini_values;       /* in each miniblock */
    uint64_t minis;             /* miniblocks in a block */
    uint64_t mini;              /* current one; `minis` = a block header follows */
    const uint8_t *widths;      /* of the current block's miniblocks */
    uint64_t min_delta;         /* of the current block */
    const uint8_t *bits;        /* current miniblock */
    uint64_t used, available;   /* values of it handed out, and in all */
    unsigned width, most_width; /* bits; most_width is 32 or 64 */
};

/* `most` bounds the values the header may claim. */
STATUS_MUST_USE status parquet_delta_init(struct parquet_delta *d, const uint8_t *data,
                                          size_t bytes, unsigned most_width, uint64_t most,
                                          struct error *err);
STATUS_MUST_USE status parquet_delta_next(struct parquet_delta *d, size_t n, uint64_t *out,
                                          struct error *err);
/* Where the encoded bytes end, without handing out values. */
STATUS_MUST_USE status parquet_delta_end(const struct parquet_delta *d, const uint8_t **end,
                                         struct error *err);

struct parquet_values {
    int32_t encoding; /* enum parquet_encoding; -1: there are no values */
    enum parquet_type stored;
    uint32_t width;             /* as in the leaf */
    const uint8_t *at, *end;    /* PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY: next bytes */
    uint64_t next, count;       /* PLAIN booleans: bits; BYTE_STREAM_SPLIT: values */
    struct parquet_rle rle;     /* RLE */
    struct parquet_delta delta; /* DELTA_BINARY_PACKED; lengths; prefix lengths */
    struct parquet_delta tails; /* DELTA_BYTE_ARRAY: suffix lengths */
    struct buffer text;         /* DELTA_BYTE_ARRAY: the previous value, then the batch's */
    size_t previous;            /* length of the previous value, at the start of `text` */
};

/* Bytes that parquet_values_next may write for one batch, whatever the encoding. */
#define PARQUET_SCRATCH_BYTES ((size_t)COLUMN_SPAN_ROWS * 16)

void parquet_values_init(struct parquet_values *v, struct mem_account *account);
void parquet_values_free(struct parquet_values *v);
/* A page's values; `most` bounds how many there can be. Encodings that do not exist for the type
 * and those that cannot be read are ST_UNSUPPORTED by name. */
STATUS_MUST_USE status parquet_values_start(struct parquet_values *v,
                                            const struct parquet_leaf *leaf, int32_t encoding,
                                            const uint8_t *data, size_t bytes, uint64_t most,
                                            struct error *err);
/* No values: asking for one is corruption. */
void parquet_values_none(struct parquet_values *v);
/* The next n (at most COLUMN_SPAN_ROWS) stored values, in the page or in `scratch`. */
STATUS_MUST_USE status parquet_values_next(struct parquet_values *v, size_t n, void *scratch,
                                           const void **from, struct error *err);
STATUS_MUST_USE status parquet_values_skip(struct parquet_values *v, uint64_t n, void *scratch,
                                           struct error *err);

/* ---- pages ---------------------------------------------------------------------------------- */

/* Memory that grows to what is asked for; old contents are lost then. */
struct parquet_block {
    uint8_t *data; /* owned; 64-byte aligned; P2 holds */
    size_t size_bytes;
};

STATUS_MUST_USE status parquet_block_need(struct parquet_block *b, struct mem_account *account,
                                          size_t bytes, struct error *err);
void parquet_block_free(struct parquet_block *b, struct mem_account *account);

/* Reads a range of the file ahead. */
struct parquet_source {
    struct store_file *file;     /* borrowed */
    struct mem_account *account; /* borrowed */
    int64_t at;                  /* offset of the next byte to hand out */
    int64_t end;                 /* offset behind the range */
    int64_t until;               /* nothing behind it is read ahead, only when asked for */
    struct parquet_block window;
    int64_t window_at; /* offset of window.data[0] */
    size_t window_len; /* bytes in it */
};

/* n bytes at `at`, which does not move; valid until the next call. Beyond the range: ST_CORRUPT. */
STATUS_MUST_USE status parquet_source_need(struct parquet_source *s, size_t n, const uint8_t **out,
                                           struct error *err);

/* Reads the page header at s->at and moves behind it. Sizes are checked to be possible. */
STATUS_MUST_USE status parquet_page_header_read(struct parquet_source *s,
                                                struct parquet_page_header *out, struct error *err);
/* The page's bytes as they stand in the file, CRC checked; moves behind them. */
STATUS_MUST_USE status parquet_page_body(struct parquet_source *s,
                                         const struct parquet_page_header *h, const uint8_t **out,
                                         struct error *err);
/* `in_bytes` to `out_bytes` in `block`; a size that the codec cannot reach is ST_CORRUPT. `work`
 * may be NULL. */
STATUS_MUST_USE status parquet_page_unpack(struct codec_work *work, enum codec c, const uint8_t *in,
                                           size_t in_bytes, size_t out_bytes,
                                           struct parquet_block *block, struct mem_account *account,
                                           struct error *err);

/* ---- a chunk's pages ------------------------------------------------------------------------- */

/* Entries are what a chunk has one level (pair) each of: rows, where nothing repeats. */
struct parquet_pager {
    const struct parquet_file *f;            /* borrowed */
    const struct parquet_leaf *leaf;         /* borrowed from f */
    const struct parquet_chunk_place *chunk; /* borrowed from f */
    struct mem_account *account;             /* borrowed */
    struct codec_work *work;                 /* borrowed; may be NULL */
    size_t group;
    struct parquet_convert convert;
    struct parquet_source source;
    int64_t entries;     /* of the chunk */
    int64_t at;          /* next to hand out */
    int64_t left;        /* of the current page, not handed out; at + left <= entries */
    int64_t expect;      /* entries the offset index gives the next page; -1 = unknown */
    int64_t page_offset; /* of the current page's header, for messages */

    struct parquet_block page;     /* the current page's uncompressed bytes */
    struct parquet_block legacy;   /* BIT_PACKED levels turned round */
    struct parquet_rle repetition; /* where max_repetition is above 0 */
    struct parquet_rle definition; /* where max_definition is above 0 */
    bool coded;                    /* the page holds codes */
    uint8_t code_bytes;            /* 2 or 4 */
    struct parquet_rle codes;
    struct parquet_values values;

    struct column_dictionary dictionary; /* id 0 = none yet */
    void *dictionary_values;             /* owned */
    size_t dictionary_bytes;
    struct parquet_block dictionary_text; /* what string entries point into */
    void *scratch;                        /* owned; NULL until needed: PARQUET_SCRATCH_BYTES */
};

/* Stands before the first page of `leaf` in `group`. Free also after a failure. */
STATUS_MUST_USE status parquet_pager_init(struct parquet_pager *p, const struct parquet_file *f,
                                          size_t group, size_t leaf, struct column_type want,
                                          struct error *err);
void parquet_pager_free(struct parquet_pager *p);
/* Adds page, leaf, row group and file to a message. */
void parquet_pager_context(const struct parquet_pager *p, bool page, struct error *err);
/* Goes to the next page: loads it, or, when it is a data page of at most `pass` entries, passes over
 * it undecoded. A dictionary page is a step of its own. */
STATUS_MUST_USE status parquet_pager_next(struct parquet_pager *p, int64_t pass, struct error *err);
/* Reads the dictionary page, if the chunk begins with one and it was not read. */
STATUS_MUST_USE status parquet_pager_dictionary(struct parquet_pager *p, struct error *err);
/* n values (at most a span's), not codes, to `out`, or, where they may and can stay in the page, *at
 * set to them. */
STATUS_MUST_USE status parquet_pager_values(struct parquet_pager *p, size_t n, bool stay, void *out,
                                            const void **at, struct error *err);
/* Up to n codes of code_bytes each, fewer in front of a run of `stop`; all below dictionary.count. */
STATUS_MUST_USE status parquet_pager_codes(struct parquet_pager *p, size_t n, uint64_t stop,
                                           void *out, size_t *got, struct error *err);
STATUS_MUST_USE status parquet_pager_code_check(const struct parquet_pager *p, uint32_t code,
                                                struct error *err);
/* Makes p->scratch there. */
STATUS_MUST_USE status parquet_pager_scratch(struct parquet_pager *p, struct error *err);
/* Passes over n values, codes or not. */
STATUS_MUST_USE status parquet_pager_skip_values(struct parquet_pager *p, uint64_t n,
                                                 struct error *err);

/* ---- lists and maps -------------------------------------------------------------------------- */

struct parquet_nested;
/* Reads the column's rows as JSON text. `want` as in parquet_column_open_nested. */
STATUS_MUST_USE status parquet_nested_open(const struct parquet_file *f, size_t group,
                                           size_t column, const struct column_node *want,
                                           struct parquet_nested **out, struct error *err);
void parquet_nested_close(struct parquet_nested *n); /* accepts NULL */
void parquet_nested_work(struct parquet_nested *n, struct codec_work *work);
/* As parquet_column_next and _skip. */
STATUS_MUST_USE status parquet_nested_next(struct parquet_nested *n, int64_t max_rows,
                                           struct column_span *out, struct error *err);
STATUS_MUST_USE status parquet_nested_skip(struct parquet_nested *n, int64_t rows,
                                           struct error *err);

/* ---- bounds and page index ------------------------------------------------------------------ */

/* Bounds of one chunk from its statistics, as far as they can be relied on. Their strings borrow
 * the footer's bytes. */
void parquet_bounds_read(const struct parquet_leaf *leaf, const struct parquet_statistics *s,
                         struct parquet_chunk_info *info);
/* Checked: inside the chunk, ascending, first row 0. In `arena`. */
STATUS_MUST_USE status parquet_offset_index_read(const struct parquet_file *f, size_t group,
                                                 size_t leaf, struct arena *arena,
                                                 struct parquet_offset_index *out,
                                                 struct error *err);

#endif
