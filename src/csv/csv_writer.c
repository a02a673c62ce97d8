// SPDX-License-Identifier: Apache-2.0
/* csv_writer.c - batches to CSV text, as PostgreSQL's COPY TO writes it: LF at line ends, quotes
 * only where reading back needs them. */
#include "csv/csv_int.h"

#include "column/column_text.h"

/* True if the bytes would not come back the same without quotes. */
static bool needs_quotes(const struct csv_options *o, struct str s)
{
    if (str_eq(s, o->null_text))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == o->delimiter || c == '\n' || c == '\r' || (c == o->quote && c))
            return true;
    }
    return false;
}

/* Puts quotes around the bytes of `out` from `from` on. */
static status quote_from(const struct csv_options *o, struct buffer *out, size_t from,
                         struct error *err)
{
    char escape = o->escape ? o->escape : o->quote;
    size_t len = out->len - from, escapes = 0;
    if (o->quote == 0)
        FAIL(err, ST_INVALID, "a value needs quotes, but CSV is written without");
    for (size_t i = from; i < out->len; i++)
        escapes += out->data[i] == (uint8_t)o->quote || out->data[i] == (uint8_t)escape;
    TRY(buffer_reserve(out, escapes + 2, err));
    uint8_t *p = out->data + from;
    size_t to = len + escapes + 2;
    p[--to] = (uint8_t)o->quote;
    for (size_t i = len; i-- > 0;) { /* from behind, so that nothing is overwritten unread */
        uint8_t c = p[i];
        p[--to] = c;
        if (c == (uint8_t)o->quote || c == (uint8_t)escape)
            p[--to] = (uint8_t)escape;
    }
    p[--to] = (uint8_t)o->quote;
    out->len = from + len + escapes + 2;
    return ST_OK;
}

static status quote_if_needed(const struct csv_options *o, struct buffer *out, size_t from,
                              struct error *err)
{
    struct str written = {(const char *)out->data + from, out->len - from};
    return needs_quotes(o, written) ? quote_from(o, out, from, err) : ST_OK;
}

status csv_write_header(const struct column_schema *schema, const struct csv_options *o,
                        struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (i > 0)
            TRY(buffer_append_byte(out, (uint8_t)o->delimiter, err));
        size_t from = out->len;
        TRY(buffer_append_str(out, schema->fields[i].name, err));
        TRY(quote_if_needed(o, out, from, err));
    }
    return buffer_append_byte(out, '\n', err);
}

status csv_write_batch(const struct column_schema *schema, const struct column_batch *batch,
                       const struct csv_options *o, struct buffer *out, struct error *err)
{
    ENSURE(batch->columns == schema->count, err);
    for (int64_t row = 0; row < batch->rows; row++) {
        for (size_t i = 0; i < schema->count; i++) {
            struct column_value v;
            if (i > 0)
                TRY(buffer_append_byte(out, (uint8_t)o->delimiter, err));
            column_span_value(&batch->spans[i], schema->fields[i].type, row, &v);
            if (v.null) {
                TRY(buffer_append_str(out, o->null_text, err));
                continue;
            }
            size_t from = out->len;
            TRY(column_text_format(&v, o->zone, out, err));
            TRY(quote_if_needed(o, out, from, err));
        }
        TRY(buffer_append_byte(out, '\n', err));
    }
    return ST_OK;
}
