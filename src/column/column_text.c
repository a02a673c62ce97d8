// SPDX-License-Identifier: Apache-2.0
/* column_text.c - one way from text to a value of any type, and one back; booleans, uuids and
 * bytes.
 *
 * Numbers, times and intervals are in their own files, reached through column_int.h. */
#include "column/column_int.h"

#include <stdio.h>

struct str column_trim(struct str s)
{
    while (s.len > 0 && column_is_blank(s.ptr[0]))
        s.ptr++, s.len--;
    while (s.len > 0 && column_is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

#define MOST_QUOTED 200 /* bytes of a text that an error repeats */

status column_fail(const char *sqlstate, const char *before, struct str text, const char *after,
                   struct error *err)
{
    struct str shown = text;
    if (shown.len > MOST_QUOTED) {
        shown.len = MOST_QUOTED;
        while (shown.len > 0 && ((unsigned char)shown.ptr[shown.len] & 0xC0) == 0x80)
            shown.len--; /* not in the middle of a character */
    }
    status st = error_set(err, ST_INVALID, __FILE__, __LINE__, "%s\"%.*s%s\"%s", before,
                          STR_ARG(shown), shown.len < text.len ? "..." : "", after);
    error_sqlstate(err, sqlstate);
    return st;
}

status column_fail_syntax(const char *sqlstate, const char *type, struct str text,
                          struct error *err)
{
    char before[96];
    snprintf(before, sizeof(before), "invalid input syntax for type %s: ", type);
    return column_fail(sqlstate, before, text, "", err);
}

/* ---- from text ---- */

/* Any unambiguous beginning of true, false, yes, no, on, off; 1 and 0. */
static status boolean_parse(struct str text, uint8_t *out, struct error *err)
{
    static const struct {
        const char *word;
        size_t least; /* letters that make it unambiguous */
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct str beginning = {words[i].word, text.len};
        if (text.len >= words[i].least && text.len <= strlen(words[i].word) &&
            str_eq_nocase(text, beginning)) {
            *out = words[i].value;
            return ST_OK;
        }
    }
    return column_fail_syntax("22P02", "boolean", text, err);
}

static int hex_digit(char c)
{
    if (column_is_digit(c))
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 hexadecimal digits, hyphens allowed behind every fourth, braces around. */
static status uuid_parse(struct str text, struct arena *arena, struct str *out, struct error *err)
{
    struct str s = text;
    if (s.len >= 2 && s.ptr[0] == '{' && s.ptr[s.len - 1] == '}')
        s = (struct str){s.ptr + 1, s.len - 2};
    uint8_t bytes[16] = {0};
    size_t digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '-' && digits > 0 && digits < 32 && digits % 4 == 0 && s.ptr[i - 1] != '-')
            continue;
        int d = hex_digit(s.ptr[i]);
        if (d < 0 || digits == 32)
            return column_fail_syntax("22P02", "uuid", text, err);
        bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | d);
        digits++;
    }
    if (digits != 32)
        return column_fail_syntax("22P02", "uuid", text, err);
    return arena_str(arena, (struct str){(const char *)bytes, 16}, out, err);
}

/* Behind \x: pairs of digits, blanks between them allowed. */
static status hex_parse(struct str text, char *to, size_t *bytes, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (column_is_blank(text.ptr[i]))
            continue;
        int high = hex_digit(text.ptr[i]);
        int low = i + 1 < text.len ? hex_digit(text.ptr[i + 1]) : -2;
        if (high >= 0 && low == -2) {
            error_set(err, ST_INVALID, __FILE__, __LINE__,
                      "invalid hexadecimal data: odd number of digits");
            error_sqlstate(err, "22023");
            return ST_INVALID;
        }
        if (high < 0 || low < 0) {
            struct str bad = {text.ptr + i + (high >= 0), 1};
            return column_fail("22023", "invalid hexadecimal digit: ", bad, "", err);
        }
        to[n++] = (char)(high << 4 | low);
        i++;
    }
    *bytes = n;
    return ST_OK;
}

/* \x followed by hexadecimal digits, or bytes with \\ and \ooo. */
static status bytes_parse(struct str text, struct arena *arena, struct str *out, struct error *err)
{
    char *to;
    size_t n = 0;
    TRY(arena_alloc(arena, text.len + 1, (void **)&to, err));
    if (str_starts(text, STR("\\x"))) {
        TRY(hex_parse((struct str){text.ptr + 2, text.len - 2}, to, &n, err));
        *out = (struct str){to, n};
        return ST_OK;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char *p = text.ptr + i;
        if (*p != '\\') {
            to[n++] = *p;
        } else if (text.len - i >= 2 && p[1] == '\\') {
            to[n++] = '\\';
            i++;
        } else if (text.len - i >= 4 && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
                   p[3] >= '0' && p[3] <= '7') {
            to[n++] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            i += 3;
        } else {
            return column_fail_syntax("22P02", "bytea", text, err);
        }
    }
    *out = (struct str){to, n};
    return ST_OK;
}

static status fixed_parse(struct column_type type, struct str text, struct arena *arena,
                          struct str *out, struct error *err)
{
    TRY(bytes_parse(text, arena, out, err));
    if (out->len != type.length_bytes) {
        error_set(err, ST_INVALID, __FILE__, __LINE__, "type fixed(%u) takes %u bytes, not %zu",
                  type.length_bytes, type.length_bytes, out->len);
        error_sqlstate(err, "22026");
        return ST_INVALID;
    }
    return ST_OK;
}

static status text_parse(struct str text, struct arena *arena, struct str *out, struct error *err)
{
    if (!str_is_utf8(text)) {
        error_set(err, ST_INVALID, __FILE__, __LINE__, "text is not valid UTF-8 without NUL");
        error_sqlstate(err, "22021");
        return ST_INVALID;
    }
    return arena_str(arena, text, out, err);
}

static status integer_parse(struct column_type type, struct str text, struct column_value *v,
                            struct error *err)
{
    int64_t n = 0;
    TRY(column_integer_parse(type, text, &n, err));
    if (type.kind == COLUMN_BIGINT)
        v->i64 = n;
    else
        v->i32 = (int32_t)n;
    return ST_OK;
}

static status decimal_parse(struct column_type type, struct str text, struct column_value *v,
                            struct error *err)
{
    int128 n = 0;
    TRY(column_decimal_parse(type, text, &n, err));
    if (column_type_phys(type) == PHYS_I64)
        v->i64 = (int64_t)n;
    else
        v->i128 = n;
    return ST_OK;
}

static status parse(struct column_type type, struct str text, const struct zone *zone,
                    struct arena *arena, struct column_value *v, struct error *err)
{
    struct str bare = column_trim(text);
    switch (type.kind) {
    case COLUMN_UNKNOWN:
    case COLUMN_TEXT:
        return text_parse(text, arena, &v->str, err);
    case COLUMN_BINARY:
        return bytes_parse(text, arena, &v->str, err);
    case COLUMN_FIXED:
        return fixed_parse(type, text, arena, &v->str, err);
    case COLUMN_UUID:
        return uuid_parse(bare, arena, &v->str, err);
    case COLUMN_BOOLEAN:
        return boolean_parse(bare, &v->b, err);
    case COLUMN_SMALLINT:
    case COLUMN_INT:
    case COLUMN_BIGINT:
        return integer_parse(type, bare, v, err);
    case COLUMN_DECIMAL:
        return decimal_parse(type, bare, v, err);
    case COLUMN_REAL:
        return column_real_parse(bare, &v->f32, err);
    case COLUMN_DOUBLE:
        return column_text_to_double(bare, &v->f64, err);
    case COLUMN_DATE:
        return column_date_parse(bare, &v->i32, err);
    case COLUMN_TIME:
        return column_time_parse(bare, &v->i64, err);
    case COLUMN_TIMESTAMP:
        return column_timestamp_parse(bare, &v->i64, err);
    case COLUMN_TIMESTAMPTZ:
        return column_timestamptz_parse(bare, zone, &v->i64, err);
    case COLUMN_INTERVAL:
        return column_interval_parse(bare, &v->interval, err);
    case COLUMN_KIND_COUNT:
        break;
    }
    FAIL(err, ST_INTERNAL, "type kind %d has no text form", (int)type.kind);
}

status column_text_parse(struct column_type type, struct str text, const struct zone *zone,
                         struct arena *arena, struct column_value *out, struct error *err)
{
    struct column_value v = {.type = type};
    TRY(parse(type, text, zone, arena, &v, err));
    *out = v;
    return ST_OK;
}

/* ---- to text ---- */

static size_t print_int64(int64_t v, char out[WIDE_TEXT_MAX])
{
    char digits[20];
    size_t n = 0, at = 0;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        digits[n++] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (v < 0)
        out[at++] = '-';
    while (n > 0)
        out[at++] = digits[--n];
    return at;
}

static status append_hex(struct buffer *out, const char *before, struct str bytes,
                         struct error *err)
{
    static const char hex[] = "0123456789abcdef";
    TRY(buffer_append_str(out, str_of(before), err));
    TRY(buffer_reserve(out, bytes.len * 2, err));
    for (size_t i = 0; i < bytes.len; i++) {
        out->data[out->len++] = (uint8_t)hex[(unsigned char)bytes.ptr[i] >> 4];
        out->data[out->len++] = (uint8_t)hex[bytes.ptr[i] & 15];
    }
    return ST_OK;
}

static status append_uuid(struct buffer *out, struct str bytes, struct error *err)
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    ENSURE(bytes.len == 16, err);
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        TRY(append_hex(out, g > 0 ? "-" : "", (struct str){bytes.ptr, groups[g]}, err));
        bytes.ptr += groups[g];
    }
    return ST_OK;
}

/* Everything that fits a small array; the rest is column_text_format's. */
static size_t print_small(const struct column_value *v, const struct zone *zone,
                          char out[COLUMN_TIME_TEXT_MAX])
{
    switch (v->type.kind) {
    case COLUMN_BOOLEAN:
        out[0] = v->b ? 't' : 'f';
        return 1;
    case COLUMN_SMALLINT:
    case COLUMN_INT:
        return print_int64(v->i32, out);
    case COLUMN_BIGINT:
        return print_int64(v->i64, out);
    case COLUMN_DECIMAL: {
        bool small = column_type_phys(v->type) == PHYS_I64;
        return wide_to_text(small ? v->i64 : v->i128, v->type.scale, out);
    }
    case COLUMN_REAL:
        return column_text_float(v->f32, out);
    case COLUMN_DOUBLE:
        return column_text_double(v->f64, out);
    case COLUMN_DATE:
        return column_date_print(v->i32, out);
    case COLUMN_TIME:
        return column_time_print(v->i64, out);
    case COLUMN_TIMESTAMP:
        return column_timestamp_print(v->i64, out);
    case COLUMN_TIMESTAMPTZ:
        return column_timestamptz_print(v->i64, zone, out);
    case COLUMN_INTERVAL:
        return column_interval_print(v->interval, out);
    default:
        return 0;
    }
}

status column_text_format(const struct column_value *v, const struct zone *zone, struct buffer *out,
                          struct error *err)
{
    char small[COLUMN_TIME_TEXT_MAX];
    if (v->null)
        return ST_OK;
    switch (v->type.kind) {
    case COLUMN_UNKNOWN:
    case COLUMN_TEXT:
        return buffer_append_str(out, v->str, err);
    case COLUMN_BINARY:
    case COLUMN_FIXED:
        return append_hex(out, "\\x", v->str, err);
    case COLUMN_UUID:
        return append_uuid(out, v->str, err);
    default:
        return buffer_append(out, small, print_small(v, zone, small), err);
    }
}
