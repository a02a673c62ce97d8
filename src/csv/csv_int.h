// SPDX-License-Identifier: Apache-2.0
/* csv_int.h - shared inside csv: the scanner that cuts bytes into records and fields.
 *
 *     bytes -> csv_scanner: a window of the file, cut into fields -> csv_reader: values
 *                                                                 -> csv_infer: types
 *
 * The window doubles with each filling from CSV_FIRST_BYTES to CSV_USUAL_BYTES, so that a small
 * file costs little, and from there to CSV_MOST_RECORD only when one record does not fit. Fields
 * point into it, so that text is not copied. */
#ifndef CSV_INT_H
#define CSV_INT_H

#include "csv/csv.h"

#define CSV_FIRST_BYTES  (16u * 1024)
#define CSV_USUAL_BYTES  (512u * 1024)
#define CSV_MOST_RECORD  (16u << 20)
#define CSV_MOST_COLUMNS 10000u
#define CSV_MOST_FIELDS  (64u * 1024) /* of one batch, unless a single row has more */
#define CSV_BLOCK        64u          /* bytes looked at in one step; the window's padding */

/* One field of a record, as bytes of the window without its quotes. */
struct csv_field {
    uint32_t start;
    uint32_t len : 30;
    uint32_t quoted : 1;  /* never NULL */
    uint32_t escaped : 1; /* holds escape characters still */
};

/* Records that do not follow the format or hold a bad value. */
struct csv_bad {
    int64_t rows;       /* so far */
    int64_t line;       /* of the first one; 0 = none */
    struct error first; /* its message, with file and line; valid if line > 0 */
};

struct csv_scanner {
    struct csv_input in;
    struct csv_options options; /* quote and escape are set */
    bool quoting;               /* quotes have a meaning */
    struct mem_account *account;
    uint8_t *data;     /* owned; size_bytes and CSV_BLOCK of padding */
    size_t size_bytes; /* of the window */
    size_t len;        /* bytes held; behind them CSV_BLOCK bytes without meaning to the scanner */
    size_t at;         /* beginning of the next record */
    int64_t line;      /* of that record, 1-based */
    bool ended;        /* no bytes come behind len */
    bool plain;        /* no byte since csv_scanner_records began is NUL or above 127 */
    char pad;          /* what the padding holds: none of the special characters */
    struct csv_bad bad;
};

STATUS_MUST_USE status csv_scanner_init(struct csv_scanner *s, const struct csv_input *in,
                                        const struct csv_options *o, struct mem_account *account,
                                        struct error *err);
void csv_scanner_free(struct csv_scanner *s);
/* Fields of the next record, which is left unread; 0 at the end of input. */
STATUS_MUST_USE status csv_scanner_peek(struct csv_scanner *s, size_t *columns, struct error *err);
/* Cuts up to `most` records of `columns` fields, row by row into `fields`, and gives the line of
 * each. Fewer come when the window ends; 0 at the end of input. The fields of the call before are
 * gone. Records of another shape are left out and noted in s->bad; unless bad rows are skipped, the
 * first one also ends the call, and csv_scanner_fail must follow once earlier rows have been looked
 * at. */
STATUS_MUST_USE status csv_scanner_records(struct csv_scanner *s, size_t columns, size_t most,
                                           struct csv_field *fields, int64_t *lines, size_t *rows,
                                           struct error *err);
/* Notes a bad record; `column` may be empty. */
void csv_scanner_bad(struct csv_scanner *s, int64_t line, struct str column,
                     const struct error *why);
/* Raises the first bad record's message. */
STATUS_MUST_USE status csv_scanner_fail(const struct csv_scanner *s, struct error *err);

/* Takes the escape characters out of the field, in the window. */
void csv_field_unescape(struct csv_scanner *s, struct csv_field *f);

/* The field's bytes, in the window. */
ALWAYS_INLINE struct str csv_field_text(struct csv_scanner *s, struct csv_field *f)
{
    if (f->escaped)
        csv_field_unescape(s, f);
    return (struct str){(const char *)s->data + f->start, f->len};
}

ALWAYS_INLINE bool csv_field_null(const struct csv_scanner *s, const struct csv_field *f)
{
    const struct str null_text = s->options.null_text;
    const char *p = (const char *)s->data + f->start;
    if (f->len != null_text.len || f->quoted)
        return false;
    return f->len == 0 || (*p == *null_text.ptr && memcmp(p, null_text.ptr, f->len) == 0);
}

/* Names of the file's columns: from its first record, or column1, column2 ... In `arena`. */
STATUS_MUST_USE status csv_scanner_names(struct csv_scanner *s, size_t columns, struct arena *arena,
                                         struct str *names, struct error *err);

#endif
