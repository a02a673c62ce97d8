// SPDX-License-Identifier: Apache-2.0
/* column_json.c - one value to JSON; see column_json.h.
 *
 * What is a number stands bare; all else is the text of column_text.h in quotes, which needs no
 * escapes but for text itself. */
#include "column/column_json.h"

#include "base/jsontext.h"
#include "column/column_text.h"

#include <math.h>

static status hex(struct buffer *out, struct str s, struct error *err)
{
    static const char digits[] = "0123456789abcdef";
    TRY(buffer_reserve(out, s.len * 2, err));
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        out->data[out->len++] = (uint8_t)digits[c >> 4];
        out->data[out->len++] = (uint8_t)digits[c & 15];
    }
    return ST_OK;
}

/* "2025-01-14 10:00:00+00" to "2025-01-14T10:00:00+00:00". */
static status timestamp(struct buffer *out, const struct column_value *v, struct error *err)
{
    struct buffer text;
    buffer_init(&text, out->account, 128);
    status st = column_text_format(v, NULL, &text, err);
    struct str s = buffer_str(&text);
    for (size_t i = 0; st == ST_OK && i < s.len; i++) {
        bool blank = s.ptr[i] == ' ' && i + 1 < s.len && s.ptr[i + 1] >= '0' && s.ptr[i + 1] <= '9';
        st = buffer_append_byte(out, blank ? 'T' : (uint8_t)s.ptr[i], err);
        if (st == ST_OK && i >= 2 && s.ptr[i - 2] == '+')
            st = buffer_append_str(out, STR(":00"), err);
    }
    buffer_free(&text);
    return st;
}

static bool is_bare(const struct column_value *v)
{
    switch (v->type.kind) {
    case COLUMN_BOOLEAN:
        return true;
    case COLUMN_REAL:
        return isfinite(v->f32);
    case COLUMN_DOUBLE:
        return isfinite(v->f64);
    default:
        return column_type_is_number(v->type);
    }
}

/* Without quotes; not for text. */
static status bare(struct buffer *out, const struct column_value *v, struct error *err)
{
    switch (v->type.kind) {
    case COLUMN_BOOLEAN:
        return buffer_append_str(out, v->b ? STR("true") : STR("false"), err);
    case COLUMN_BINARY:
    case COLUMN_FIXED:
        return hex(out, v->str, err);
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return timestamp(out, v, err);
    default:
        return column_text_format(v, NULL, out, err);
    }
}

status column_json_key(struct buffer *out, const struct column_value *v, struct error *err)
{
    if (v->type.kind == COLUMN_TEXT)
        return jsontext_put_quoted(out, v->str, err);
    TRY(buffer_append_byte(out, '"', err));
    TRY(bare(out, v, err));
    return buffer_append_byte(out, '"', err);
}

status column_json_value(struct buffer *out, const struct column_value *v, struct error *err)
{
    if (v->null)
        return buffer_append_str(out, STR("null"), err);
    return is_bare(v) ? bare(out, v, err) : column_json_key(out, v, err);
}
