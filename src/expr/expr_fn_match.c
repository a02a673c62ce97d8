// SPDX-License-Identifier: Apache-2.0
/* expr_fn_match.c - LIKE and ILIKE; encode and decode.
 *
 * Matching walks text and pattern once and remembers only the last %: when what follows it fails,
 * it is tried again one character later. Earlier % never need another try, so the cost is at most
 * length of text times length of pattern.
 *
 * LIKE compares bytes: both sides are UTF-8, so equal bytes stay aligned to characters, and a
 * literal behind % is looked for at once. ILIKE compares characters in lower case. */
#include "expr/expr_int.h"
#include "expr/expr_unicode.h"

/* ---- LIKE ------------------------------------------------------------------------------------ */

static status raise_escape_at_end(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22025", 0, "LIKE pattern must not end with escape character");
}

static bool is_literal(char c, char escape)
{
    return c != '%' && c != '_' && c != escape;
}

/* LIKE with an escape character of one byte, or none (0). */
static status match_bytes(struct str text, struct str pattern, char escape, uint8_t *out,
                          struct error *err)
{
    const char *t = text.ptr, *t_end = text.ptr + text.len;
    const char *p = pattern.ptr, *p_end = pattern.ptr + pattern.len;
    const char *again_t = NULL, *again_p = NULL; /* behind the last %, where it matched to */
    *out = 0;
    while (t < t_end) {
        if (p < p_end && escape && *p == escape) {
            if (p + 1 == p_end)
                return raise_escape_at_end(err);
            if (p[1] == *t) {
                p += 2;
                t++;
                continue;
            }
        } else if (p < p_end && *p == '%') {
            again_p = ++p;
            again_t = t;
            continue;
        } else if (p < p_end && *p == '_') {
            p++;
            t += expr_char_bytes((struct str){t, (size_t)(t_end - t)});
            continue;
        } else if (p < p_end && *p == *t) {
            p++;
            t++;
            continue;
        }
        if (!again_p)
            return ST_OK;
        again_t += expr_char_bytes((struct str){again_t, (size_t)(t_end - again_t)});
        if (again_p < p_end && is_literal(*again_p, escape) && again_t < t_end) {
            again_t = memchr(again_t, *again_p, (size_t)(t_end - again_t));
            if (!again_t)
                return ST_OK;
        }
        t = again_t;
        p = again_p;
    }
    while (p < p_end && *p == '%' && escape != '%')
        p++;
    *out = p == p_end;
    return ST_OK;
}

/* The same for ILIKE and for escape characters of several bytes, character by character. */
struct matcher {
    struct str text, pattern; /* what is left */
    struct str escape;        /* one character, or empty: nothing escapes */
    bool fold;                /* ILIKE */
};

static void skip(struct str *s, size_t bytes)
{
    *s = (struct str){s->ptr + bytes, s->len - bytes};
}

/* Takes one character from both if they are equal. */
static bool same(struct matcher *m)
{
    size_t a = expr_char_bytes(m->text), b = expr_char_bytes(m->pattern);
    bool equal = a == b && memcmp(m->text.ptr, m->pattern.ptr, a) == 0;
    if (!equal && m->fold) {
        uint32_t p = expr_char_decode(m->text.ptr, a), q = expr_char_decode(m->pattern.ptr, b);
        equal = p != 0xFFFD && expr_char_lower(p) == expr_char_lower(q);
    }
    if (equal) {
        skip(&m->text, a);
        skip(&m->pattern, b);
    }
    return equal;
}

/* One step of the pattern against the text, which is not empty. */
static status step(struct matcher *m, bool *ok, bool *star, struct error *err)
{
    *star = *ok = false;
    if (m->pattern.len == 0)
        return ST_OK;
    if (m->escape.len > 0 && str_starts(m->pattern, m->escape)) {
        if (m->pattern.len == m->escape.len)
            return raise_escape_at_end(err);
        skip(&m->pattern, m->escape.len);
        *ok = same(m);
    } else if (m->pattern.ptr[0] == '%') {
        skip(&m->pattern, 1);
        *star = *ok = true;
    } else if (m->pattern.ptr[0] == '_') {
        skip(&m->pattern, 1);
        skip(&m->text, expr_char_bytes(m->text));
        *ok = true;
    } else {
        *ok = same(m);
    }
    return ST_OK;
}

static status match_chars(struct matcher m, uint8_t *out, struct error *err)
{
    struct matcher again = m; /* behind the last %, to be tried one further on */
    bool can_retry = false;
    *out = 0;
    while (m.text.len > 0) {
        bool ok, star;
        TRY(step(&m, &ok, &star, err));
        if (star) {
            again = m;
            can_retry = true;
        } else if (!ok && !can_retry) {
            return ST_OK;
        } else if (!ok) {
            skip(&again.text, expr_char_bytes(again.text));
            m = again;
        }
    }
    while (m.pattern.len > 0 && m.pattern.ptr[0] == '%' && !str_eq_z(m.escape, "%"))
        skip(&m.pattern, 1);
    *out = m.pattern.len == 0;
    return ST_OK;
}

static status like_with(struct expr_call *c, const void *const *arg, struct str escape, void *out,
                        struct error *err)
{
    struct str text = EXPR_ARG(struct str, 0), pattern = EXPR_ARG(struct str, 1);
    bool fold = c->function == QUERY_FN_ILIKE || c->function == QUERY_FN_ILIKE_ESCAPE;
    if (!fold && escape.len <= 1)
        return match_bytes(text, pattern, escape.len ? escape.ptr[0] : 0, out, err);
    return match_chars((struct matcher){text, pattern, escape, fold}, out, err);
}

static EXPR_SCALAR(like)
{
    return like_with(c, arg, STR("\\"), out, err);
}

static EXPR_SCALAR(like_escape)
{
    struct str escape = EXPR_ARG(struct str, 2);
    if (expr_char_count(escape) > 1)
        FAIL_SQL(err, ST_INVALID, "22025", 0, "invalid escape string");
    return like_with(c, arg, escape, out, err);
}

/* ---- encode, decode -------------------------------------------------------------------------- */

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
#define BASE64_LINE 76 /* characters, RFC 2045 */

static status encode_hex(struct str in, struct buffer *b, struct error *err)
{
    for (size_t i = 0; i < in.len; i++) {
        unsigned char v = (unsigned char)in.ptr[i];
        TRY(buffer_append_byte(b, (uint8_t)hex_digits[v >> 4], err));
        TRY(buffer_append_byte(b, (uint8_t)hex_digits[v & 15], err));
    }
    return ST_OK;
}

static status encode_base64(struct str in, struct buffer *b, struct error *err)
{
    size_t line = 0;
    for (size_t i = 0; i < in.len; i += 3) {
        size_t n = in.len - i < 3 ? in.len - i : 3;
        uint32_t v = 0;
        char four[4];
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? (unsigned char)in.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            four[k] = k <= n ? base64_digits[v >> (18 - 6 * k) & 63] : '=';
        TRY(buffer_append(b, four, 4, err));
        line += 4;
        if (line == BASE64_LINE && n == 3) { /* also at the end, as PostgreSQL does */
            TRY(buffer_append_byte(b, '\n', err));
            line = 0;
        }
    }
    return ST_OK;
}

/* Zero and bytes above ASCII as three octal digits, the backslash doubled. */
static status encode_escape(struct str in, struct buffer *b, struct error *err)
{
    for (size_t i = 0; i < in.len; i++) {
        unsigned char v = (unsigned char)in.ptr[i];
        if (v == 0 || v >= 0x80)
            TRY(buffer_printf(b, err, "\\%03o", v));
        else if (v == '\\')
            TRY(buffer_append(b, "\\\\", 2, err));
        else
            TRY(buffer_append_byte(b, v, err));
    }
    return ST_OK;
}

static bool is_blank(char v)
{
    return v == ' ' || v == '\n' || v == '\t' || v == '\r';
}

static int digit_of(const char *digits, char v)
{
    const char *at = v ? strchr(digits, v) : NULL;
    return at ? (int)(at - digits) : -1;
}

static int hex_digit(char v)
{
    return digit_of(hex_digits, v >= 'A' && v <= 'F' ? (char)(v + 32) : v);
}

static status decode_hex(struct str in, struct buffer *b, struct error *err)
{
    for (size_t i = 0; i < in.len; i++) {
        if (is_blank(in.ptr[i]))
            continue;
        for (size_t k = i; k < i + 2 && k < in.len; k++)
            if (hex_digit(in.ptr[k]) < 0)
                FAIL_SQL(err, ST_INVALID, "22023", 0, "invalid hexadecimal digit: \"%.*s\"",
                         (int)expr_char_bytes((struct str){in.ptr + k, in.len - k}), in.ptr + k);
        if (i + 1 == in.len)
            FAIL_SQL(err, ST_INVALID, "22023", 0, "invalid hexadecimal data: odd number of digits");
        TRY(buffer_append_byte(b, (uint8_t)(hex_digit(in.ptr[i]) << 4 | hex_digit(in.ptr[i + 1])),
                               err));
        i++;
    }
    return ST_OK;
}

static status decode_base64(struct str in, struct buffer *b, struct error *err)
{
    uint32_t v = 0;
    int have = 0, ends = 0; /* digits and = of this group */
    for (size_t i = 0; i < in.len; i++) {
        char ch = in.ptr[i];
        int digit = digit_of(base64_digits, ch);
        if (is_blank(ch))
            continue;
        if (ch == '=' && ends == 0 && have < 2)
            FAIL_SQL(err, ST_INVALID, "22023", 0,
                     "unexpected \"=\" while decoding base64 sequence");
        if (ch == '=')
            ends++;
        else if (digit < 0 || ends > 0)
            FAIL_SQL(err, ST_INVALID, "22023", 0,
                     "invalid symbol \"%.*s\" found while decoding base64 sequence",
                     (int)expr_char_bytes((struct str){in.ptr + i, in.len - i}), in.ptr + i);
        v = v << 6 | (uint32_t)(digit < 0 ? 0 : digit);
        if (++have < 4)
            continue;
        for (int k = 0; k < 3 - ends; k++)
            TRY(buffer_append_byte(b, (uint8_t)(v >> (16 - 8 * k)), err));
        v = 0;
        have = ends = 0;
    }
    if (have != 0)
        FAIL_SQL(err, ST_INVALID, "22023", 0, "invalid base64 end sequence");
    return ST_OK;
}

static bool is_octal(char v)
{
    return v >= '0' && v <= '7';
}

static status decode_escape(struct str in, struct buffer *b, struct error *err)
{
    for (size_t i = 0; i < in.len; i++) {
        const char *p = in.ptr + i;
        size_t left = in.len - i;
        if (p[0] != '\\') {
            TRY(buffer_append_byte(b, (uint8_t)p[0], err));
        } else if (left >= 2 && p[1] == '\\') {
            TRY(buffer_append_byte(b, '\\', err));
            i++;
        } else if (left >= 4 && p[1] <= '3' && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3])) {
            TRY(buffer_append_byte(
                b, (uint8_t)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0')), err));
            i += 3;
        } else {
            FAIL_SQL(err, ST_INVALID, "22P02", 0, "invalid input syntax for type bytea");
        }
    }
    return ST_OK;
}

static const struct {
    const char *name;
    status (*encode)(struct str in, struct buffer *b, struct error *err);
    status (*decode)(struct str in, struct buffer *b, struct error *err);
} encodings[] = {
    {"hex", encode_hex, decode_hex},
    {"base64", encode_base64, decode_base64},
    {"escape", encode_escape, decode_escape},
};

static status convert(struct expr_call *c, const void *const *arg, void *out, struct error *err)
{
    struct str name = EXPR_ARG(struct str, 1);
    struct buffer *b;
    TRY(expr_call_buffer(c, &b, err));
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        if (!str_eq_nocase(name, str_of(encodings[i].name)))
            continue;
        bool encode = c->function == QUERY_FN_ENCODE;
        TRY((encode ? encodings[i].encode : encodings[i].decode)(EXPR_ARG(struct str, 0), b, err));
        return expr_text_copy(c, b, out, err);
    }
    FAIL_SQL(err, ST_INVALID, "22023", 0, "unrecognized encoding: \"%.*s\"", STR_ARG(name));
}

static EXPR_SCALAR(encode)
{
    return convert(c, arg, out, err);
}

static EXPR_SCALAR(decode)
{
    return convert(c, arg, out, err);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct expr_function rows[] = {
    {QUERY_FN_LIKE, .scalar = like},     {QUERY_FN_LIKE_ESCAPE, .scalar = like_escape},
    {QUERY_FN_ILIKE, .scalar = like},    {QUERY_FN_ILIKE_ESCAPE, .scalar = like_escape},
    {QUERY_FN_ENCODE, .scalar = encode}, {QUERY_FN_DECODE, .scalar = decode},
};

const struct expr_function_table expr_fn_match_table = {rows, ARRAY_LEN(rows)};
