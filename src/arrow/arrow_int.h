// SPDX-License-Identifier: Apache-2.0
/* arrow_int.h - what arrow's files share: how a type is laid out, how a column becomes buffers, and
 * the flatbuffer that IPC messages are described in. */
#ifndef ARROW_INT_H
#define ARROW_INT_H

#include "arrow/arrow.h"

#include <stdatomic.h>

/* ---- memory handed out (arrow_schema.c) ------------------------------------------------------ */

/* One allocation holds a whole schema or batch; the parent and each child hold a reference, because
 * a consumer may move a child out and release it last. Not charged to any account: it is the
 * consumer's. */
struct arrow_block {
    _Atomic size_t references;
    size_t bytes; /* of the allocation that starts with this struct */
};

void arrow_block_release(struct arrow_block *block);

/* ---- types (arrow_schema.c) ------------------------------------------------------------------ */

#define ARROW_FORMAT_BYTES 32
/* The C data interface's format string; out takes ARROW_FORMAT_BYTES. */
STATUS_MUST_USE status arrow_format(struct column_type type, char *out, struct error *err);
/* The key and value that mark a uuid: ARROW:extension:name = arrow.uuid. */
extern const char arrow_extension_key[], arrow_extension_uuid[];
STATUS_MUST_USE status arrow_export_schema(const struct column_schema *schema,
                                           struct ArrowSchema *out, struct error *err);

/* ---- columns (arrow_column.c) ---------------------------------------------------------------- */

#define ARROW_BUFFERS_MAX 3 /* validity, offsets, data; or validity, values */

struct arrow_buffers {
    size_t count;  /* buffers of this type */
    int64_t rows;  /* of the column */
    int64_t nulls; /* NULL rows; 0 = no validity, which then has 0 bytes */
    size_t bytes[ARROW_BUFFERS_MAX];
    uint8_t *data[ARROW_BUFFERS_MAX]; /* borrowed: set between measure and fill, any alignment */
};

/* How many bytes each buffer needs. ST_LIMIT if text passes 2 GiB, which 32-bit offsets cannot. */
STATUS_MUST_USE status arrow_column_measure(struct column_type type, const struct column_span *s,
                                            struct arrow_buffers *out, struct error *err);
STATUS_MUST_USE status arrow_column_fill(struct column_type type, const struct column_span *s,
                                         const struct arrow_buffers *b, struct error *err);

/* ---- arrays of other producers (arrow_import.c, arrow_import_column.c) -------------------------
 */

/* How an incoming column is read. */
enum arrow_import_how {
    IMPORT_BITS,     /* boolean */
    IMPORT_I8,       /* -> i32 */
    IMPORT_I16,      /* -> i32 */
    IMPORT_COPY,     /* the physical form already */
    IMPORT_TIME,     /* checked to lie in a day */
    IMPORT_DECIMAL,  /* 128 bits -> i64 or i128, checked against the precision */
    IMPORT_TEXT,     /* 32-bit offsets */
    IMPORT_LARGE,    /* 64-bit offsets */
    IMPORT_FIXED,    /* width bytes a value */
    IMPORT_INTERVAL, /* nanoseconds -> microseconds */
    IMPORT_NULL      /* no buffers: every row is NULL */
};

struct arrow_import_column {
    struct column_type type;
    enum arrow_import_how how;
    size_t width; /* bytes of a value; IMPORT_FIXED */
};

bool arrow_stream_made_here(const struct ArrowArrayStream *s);
/* From a format string; `extension` is the field's ARROW:extension:name or empty. */
STATUS_MUST_USE status arrow_import_format(const char *format, struct str extension,
                                           struct arrow_import_column *out, struct error *err);
/* Counts and offsets of one array that holds at least `rows` rows behind its own offset. */
STATUS_MUST_USE status arrow_import_check(const struct arrow_import_column *c,
                                          const struct ArrowArray *a, int64_t rows,
                                          struct error *err);
/* Rows [at, at + rows) of the array, rows <= COLUMN_SPAN_ROWS, to `values` (room for
 * COLUMN_SPAN_ROWS values) and `words`. `trusted`: made by arrow_export_stream. */
STATUS_MUST_USE status arrow_import_span(const struct arrow_import_column *c,
                                         const struct ArrowArray *a, int64_t at, int64_t rows,
                                         bool trusted, void *values, uint64_t *words,
                                         struct column_span *out, struct error *err);

/* ---- flatbuffers (arrow_flat.c) -------------------------------------------------------------- */

/* Built from the back: whatever is pointed at is written before what points at it. An offset is the
 * distance of an object's start from the end of the buffer. */
#define ARROW_FLAT_FIELDS 8

struct arrow_flat {
    struct mem_account *account;        /* borrowed; may be NULL */
    uint8_t *data;                      /* owned; the last `used` of `size` bytes are written */
    size_t size, used;                  /* bytes */
    uint32_t table_start;               /* open table: offset where its fields begin */
    uint32_t fields[ARROW_FLAT_FIELDS]; /* open table: offsets by field id; 0 = absent */
};

void arrow_flat_init(struct arrow_flat *f, struct mem_account *account);
void arrow_flat_free(struct arrow_flat *f);
STATUS_MUST_USE status arrow_flat_string(struct arrow_flat *f, struct str s, uint32_t *out,
                                         struct error *err);
/* A vector of tables or strings. */
STATUS_MUST_USE status arrow_flat_vector(struct arrow_flat *f, const uint32_t *items, size_t count,
                                         uint32_t *out, struct error *err);
/* A vector of structs of two 64-bit integers. */
STATUS_MUST_USE status arrow_flat_pairs(struct arrow_flat *f, const int64_t (*items)[2],
                                        size_t count, uint32_t *out, struct error *err);
/* Tables do not nest while they are built. */
void arrow_flat_table(struct arrow_flat *f);
STATUS_MUST_USE status arrow_flat_integer(struct arrow_flat *f, unsigned field, int64_t value,
                                          size_t bytes, struct error *err);
STATUS_MUST_USE status arrow_flat_offset(struct arrow_flat *f, unsigned field, uint32_t to,
                                         struct error *err);
STATUS_MUST_USE status arrow_flat_table_end(struct arrow_flat *f, uint32_t *out, struct error *err);
/* The finished buffer is borrowed until free; its length is a multiple of 8. */
STATUS_MUST_USE status arrow_flat_finish(struct arrow_flat *f, uint32_t root, struct str *out,
                                         struct error *err);

#endif
