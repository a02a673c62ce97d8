// SPDX-License-Identifier: Apache-2.0
/* jsontext_put.c - JSON text out, into a buffer.
 *
 * Written by hand because it must be the same bytes for the same values, charged to an account, and
 * without a tree beside what it is made of. Whether a comma is due is seen at the last byte written:
 * none after an opening bracket, a colon or at the start. */
#include "base/jsontext.h"

/* The comma, then the key, if there is one. */
static status put_start(struct buffer *out, const char *key, struct error *err)
{
    if (out->len > 0 && !memchr("{[:", out->data[out->len - 1], 3))
        TRY(buffer_append_byte(out, ',', err));
    return key ? buffer_printf(out, err, "\"%s\":", key) : ST_OK;
}

status jsontext_put_quoted(struct buffer *out, struct str v, struct error *err)
{
    if (!str_is_utf8(v))
        FAIL(err, ST_INVALID, "text for JSON is not UTF-8: \"%.*s\"", STR_ARG(v));
    TRY(buffer_append_byte(out, '"', err));
    size_t done = 0;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        TRY(buffer_append(out, v.ptr + done, i - done, err));
        if (c < 0x20)
            TRY(buffer_printf(out, err, "\\u%04x", c));
        else
            TRY(buffer_printf(out, err, "\\%c", c));
        done = i + 1;
    }
    TRY(buffer_append(out, v.ptr ? v.ptr + done : NULL, v.len - done, err));
    return buffer_append_byte(out, '"', err);
}

status jsontext_put_open(struct buffer *out, const char *key, char bracket, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_append_byte(out, (uint8_t)bracket, err);
}

status jsontext_put_close(struct buffer *out, char bracket, struct error *err)
{
    return buffer_append_byte(out, (uint8_t)bracket, err);
}

status jsontext_put_long(struct buffer *out, const char *key, int64_t v, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_printf(out, err, "%lld", (long long)v);
}

status jsontext_put_bool(struct buffer *out, const char *key, bool v, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_append_str(out, v ? STR("true") : STR("false"), err);
}

status jsontext_put_str(struct buffer *out, const char *key, struct str v, struct error *err)
{
    TRY(put_start(out, key, err));
    return jsontext_put_quoted(out, v, err);
}

status jsontext_put_raw(struct buffer *out, const char *key, struct str json, struct error *err)
{
    TRY(put_start(out, key, err));
    return buffer_append_str(out, json, err);
}

status jsontext_put_pair(struct buffer *out, struct str key, struct str value, struct error *err)
{
    TRY(jsontext_put_str(out, NULL, key, err));
    TRY(buffer_append_byte(out, ':', err));
    return jsontext_put_quoted(out, value, err);
}

status jsontext_put_properties(struct buffer *out, const char *key, const struct property *p,
                               size_t count, struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    for (size_t i = 0; i < count; i++)
        TRY(jsontext_put_pair(out, p[i].key, p[i].value, err));
    return jsontext_put_close(out, '}', err);
}
