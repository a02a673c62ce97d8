// SPDX-License-Identifier: Apache-2.0
/* csv.h - RFC 4180 text with PostgreSQL's habits: records to spans, spans to text.
 *
 * Reading is in bounded memory: a record may be up to 16 MiB. Quoted fields may hold newlines; CR
 * LF and LF both end a record; an empty unquoted field equal to null_text is NULL, a quoted one
 * never is. Errors name file, line (1-based, of the record's first line), column and text. */
#ifndef CSV_H
#define CSV_H

#include "base/buffer.h"
#include "column/column_span.h"

struct zone;

struct csv_options {
    bool header;             /* the first record names the columns */
    char delimiter;          /* ASCII, no line end */
    char quote;              /* 0 = quotes are data */
    char escape;             /* before quote and itself in quoted fields; 0 = the quote */
    struct str null_text;    /* borrowed */
    bool skip_bad_rows;      /* else the first bad row fails; a bad header always does */
    const struct zone *zone; /* of timestamptz without an offset; NULL = UTC */
};

struct csv_input {
    void *self;
    /* 0 bytes = end */
    status (*read)(void *self, void *out, size_t capacity, size_t *got, struct error *err);
    struct str name; /* for messages */
};

/* Header, comma, double quotes, empty text is NULL, UTC. */
void csv_options_init(struct csv_options *o);

/* Names (header, or column1...) and types from the first sample_rows records (all if that is not
 * positive), which uses up the input: boolean, bigint,
 * double, date, timestamp, timestamptz, else text; a column of NULLs only is text, and so are
 * numbers that would lose something (007, +49, whole numbers beyond bigint). In `arena`. */
STATUS_MUST_USE status csv_infer(const struct csv_input *in, const struct csv_options *o,
                                 int64_t sample_rows, struct arena *arena,
                                 struct mem_account *account, struct column_schema *out,
                                 struct error *err);

struct csv_reader;
/* `schema`: the file's columns, in file order when there is no header, else matched by name (absent
 * in the file: NULL; extra in the file: ignored). */
STATUS_MUST_USE status csv_reader_create(const struct csv_input *in, const struct csv_options *o,
                                         const struct column_schema *schema,
                                         struct mem_account *account, struct csv_reader **out,
                                         struct error *err);
/* 0 rows = end. Text points into the reader and lives until the next call. */
STATUS_MUST_USE status csv_reader_next(struct csv_reader *r, struct column_batch *out,
                                       struct error *err);
int64_t csv_reader_bad_rows(const struct csv_reader *r);
/* The first bad row's message; "" when none. */
const char *csv_reader_first_bad(const struct csv_reader *r);
void csv_reader_free(struct csv_reader *r);

STATUS_MUST_USE status csv_write_header(const struct column_schema *schema,
                                        const struct csv_options *o, struct buffer *out,
                                        struct error *err);
STATUS_MUST_USE status csv_write_batch(const struct column_schema *schema,
                                       const struct column_batch *batch,
                                       const struct csv_options *o, struct buffer *out,
                                       struct error *err);

#endif
