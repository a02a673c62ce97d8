// SPDX-License-Identifier: Apache-2.0
/* expr_fn_text.c - functions of text: joining, measuring, cutting, changing; and the few that fit
 * nowhere else.
 *
 * Characters are those of expr_unicode.h. Results that are a part of an argument share its bytes;
 * others stand in the call's text arena. Counts are 64-bit, so that extreme arguments need no
 * special cases. */
#include "expr/expr_int.h"

#include "base/random.h"
#include "column/column_text.h"
#include "expr/expr_unicode.h"

#include <stdio.h>

#define MOST_TEXT_BYTES (UINT64_C(1) << 30) /* PostgreSQL's limit of a value */

/* ---- shared ---------------------------------------------------------------------------------- */

static void free_buffer(void *arg)
{
    buffer_free(arg);
}

status expr_call_buffer(struct expr_call *c, struct buffer **out, struct error *err)
{
    if (!c->buffer) {
        TRY(ARENA_NEW(c->memory, struct buffer, &c->buffer, err));
        buffer_init(c->buffer, c->memory->account, MOST_TEXT_BYTES);
        TRY(arena_on_reset(c->memory, free_buffer, c->buffer, err));
    }
    buffer_clear(c->buffer);
    *out = c->buffer;
    return ST_OK;
}

status expr_text_copy(struct expr_call *c, const struct buffer *b, struct str *out,
                      struct error *err)
{
    char *to;
    TRY(arena_alloc(c->text, b->len, (void **)&to, err));
    if (b->len > 0)
        memcpy(to, b->data, b->len);
    *out = (struct str){to, b->len};
    return ST_OK;
}

status expr_text_of(struct expr_call *c, const struct column_value *v, struct str *out,
                    struct error *err)
{
    struct buffer *b;
    TRY(expr_call_buffer(c, &b, err));
    TRY(column_text_format(v, c->zone, b, err));
    return expr_text_copy(c, b, out, err);
}

/* Room for a result of a known length. */
static status room(struct expr_call *c, uint64_t bytes, char **to, struct error *err)
{
    if (bytes > MOST_TEXT_BYTES)
        FAIL_SQL(err, ST_LIMIT, "54000", 0, "requested length too large");
    return arena_alloc(c->text, bytes, (void **)to, err);
}

/* ---- joining --------------------------------------------------------------------------------- */

static EXPR_SCALAR(concat_op)
{
    struct str a = EXPR_ARG(struct str, 0), b = EXPR_ARG(struct str, 1);
    char *to;
    TRY(room(c, (uint64_t)a.len + b.len, &to, err));
    if (a.len > 0)
        memcpy(to, a.ptr, a.len);
    if (b.len > 0)
        memcpy(to + a.len, b.ptr, b.len);
    EXPR_OUT(struct str) = (struct str){to, a.len + b.len};
    return ST_OK;
}

/* concat and concat_ws: every value as it is printed, NULLs left out. */
static status concat_values(struct expr_call *c, const void *const *arg, size_t from,
                            struct str separator, struct str *out, struct error *err)
{
    struct buffer *b;
    bool some = false;
    TRY(expr_call_buffer(c, &b, err));
    for (size_t k = from; k < c->arg_count; k++) {
        if (!arg[k])
            continue;
        if (some)
            TRY(buffer_append_str(b, separator, err));
        some = true;
        struct column_value v = {.type = c->arg_types[k]};
        memcpy(&v.b, arg[k], column_phys_bytes(column_type_phys(v.type)));
        TRY(column_text_format(&v, c->zone, b, err));
    }
    return expr_text_copy(c, b, out, err);
}

static EXPR_SCALAR(concat)
{
    return concat_values(c, arg, 0, STR(""), out, err);
}

static EXPR_SCALAR(concat_ws)
{
    c->null = !arg[0];
    return c->null ? ST_OK : concat_values(c, arg, 1, EXPR_ARG(struct str, 0), out, err);
}

static EXPR_SCALAR(repeat)
{
    struct str s = EXPR_ARG(struct str, 0);
    int64_t times = EXPR_ARG(int32_t, 1) > 0 ? EXPR_ARG(int32_t, 1) : 0;
    char *to;
    TRY(room(c, (uint64_t)times * s.len, &to, err)); /* below 2^31 * 2^30 */
    for (int64_t i = 0; i < times && s.len > 0; i++)
        memcpy(to + (size_t)i * s.len, s.ptr, s.len);
    EXPR_OUT(struct str) = (struct str){to, (size_t)times * s.len};
    return ST_OK;
}

/* ---- measuring ------------------------------------------------------------------------------- */

static EXPR_SCALAR(char_length)
{
    EXPR_OUT(int32_t) = (int32_t)expr_char_count(EXPR_ARG(struct str, 0));
    return ST_OK;
}

static EXPR_SCALAR(octet_length)
{
    EXPR_OUT(int32_t) = (int32_t)EXPR_ARG(struct str, 0).len;
    return ST_OK;
}

/* Byte offset of `part` in s at or behind `from`; SIZE_MAX when it is not there. */
static size_t find(struct str s, struct str part, size_t from)
{
    const char *at;
    if (part.len == 0)
        return from;
    at = from < s.len ? memmem(s.ptr + from, s.len - from, part.ptr, part.len) : NULL;
    return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

/* 1 for the first character, 0 when `part` is not there. */
static EXPR_SCALAR(strpos)
{
    struct str s = EXPR_ARG(struct str, 0);
    size_t at = find(s, EXPR_ARG(struct str, 1), 0);
    EXPR_OUT(int32_t) = at == SIZE_MAX ? 0 : (int32_t)expr_char_count((struct str){s.ptr, at}) + 1;
    return ST_OK;
}

static EXPR_SCALAR(starts_with)
{
    EXPR_OUT(uint8_t) = str_starts(EXPR_ARG(struct str, 0), EXPR_ARG(struct str, 1));
    return ST_OK;
}

static EXPR_SCALAR(ascii)
{
    struct str s = EXPR_ARG(struct str, 0);
    EXPR_OUT(int32_t) = s.len ? (int32_t)expr_char_decode(s.ptr, expr_char_bytes(s)) : 0;
    return ST_OK;
}

/* ---- cutting --------------------------------------------------------------------------------- */

/* Characters [from, to) of s, counted from 0; shares s's bytes. */
static struct str cut(struct str s, uint64_t from, uint64_t to)
{
    size_t start = expr_char_offset(s, from);
    struct str rest = {s.ptr + start, s.len - start};
    return (struct str){rest.ptr, to > from ? expr_char_offset(rest, to - from) : 0};
}

static EXPR_SCALAR(substring)
{
    int32_t start = EXPR_ARG(int32_t, 1);
    EXPR_OUT(struct str) =
        cut(EXPR_ARG(struct str, 0), start > 1 ? (uint64_t)start - 1 : 0, UINT64_MAX);
    return ST_OK;
}

/* Positions before the first character count too: substring('abc' from -1 for 3) is 'a'. */
static EXPR_SCALAR(substring_for)
{
    int64_t start = EXPR_ARG(int32_t, 1), length = EXPR_ARG(int32_t, 2), end = start + length;
    if (length < 0)
        FAIL_SQL(err, ST_INVALID, "22011", 0, "negative substring length not allowed");
    EXPR_OUT(struct str) = cut(EXPR_ARG(struct str, 0), start > 1 ? (uint64_t)start - 1 : 0,
                               end > 1 ? (uint64_t)end - 1 : 0);
    return ST_OK;
}

/* A negative count means all but so many. */
static EXPR_SCALAR(left)
{
    struct str s = EXPR_ARG(struct str, 0);
    int64_t n = EXPR_ARG(int32_t, 1);
    if (n < 0)
        n += (int64_t)expr_char_count(s);
    EXPR_OUT(struct str) = cut(s, 0, n > 0 ? (uint64_t)n : 0);
    return ST_OK;
}

static EXPR_SCALAR(right)
{
    struct str s = EXPR_ARG(struct str, 0);
    int64_t n = EXPR_ARG(int32_t, 1), count = (int64_t)expr_char_count(s);
    int64_t from = n < 0 ? -n : count - n;
    EXPR_OUT(struct str) = cut(s, from > 0 ? (uint64_t)from : 0, UINT64_MAX);
    return ST_OK;
}

/* True if the character [p, p + bytes) is one of `set`. */
static bool among(struct str set, const char *p, size_t bytes)
{
    for (size_t at = 0, n; at < set.len; at += n) {
        n = expr_char_bytes((struct str){set.ptr + at, set.len - at});
        if (n == bytes && memcmp(set.ptr + at, p, n) == 0)
            return true;
    }
    return false;
}

static struct str trim(struct str s, struct str set, bool front, bool back)
{
    while (front && s.len > 0) {
        size_t n = expr_char_bytes(s);
        if (!among(set, s.ptr, n))
            break;
        s = (struct str){s.ptr + n, s.len - n};
    }
    while (back && s.len > 0) {
        size_t at = s.len - 1;
        while (at > 0 && ((unsigned char)s.ptr[at] & 0xC0) == 0x80)
            at--;
        if (!among(set, s.ptr + at, s.len - at))
            break;
        s.len = at;
    }
    return s;
}

/* The set of characters, or blanks when there is no second argument. */
static struct str trim_set(const struct expr_call *c, const void *const *arg)
{
    return c->arg_count > 1 ? EXPR_ARG(struct str, 1) : STR(" ");
}

static EXPR_SCALAR(btrim)
{
    EXPR_OUT(struct str) = trim(EXPR_ARG(struct str, 0), trim_set(c, arg), true, true);
    return ST_OK;
}

static EXPR_SCALAR(ltrim)
{
    EXPR_OUT(struct str) = trim(EXPR_ARG(struct str, 0), trim_set(c, arg), true, false);
    return ST_OK;
}

static EXPR_SCALAR(rtrim)
{
    EXPR_OUT(struct str) = trim(EXPR_ARG(struct str, 0), trim_set(c, arg), false, true);
    return ST_OK;
}

/* Field n of s between delimiters, counted from 1, or from -1 backwards. */
static EXPR_SCALAR(split_part)
{
    struct str s = EXPR_ARG(struct str, 0), by = EXPR_ARG(struct str, 1);
    int64_t n = EXPR_ARG(int32_t, 2), fields = 1;
    struct str *to = out;
    if (n == 0)
        FAIL_SQL(err, ST_INVALID, "22023", 0, "field position must not be zero");
    *to = (struct str){s.ptr, 0};
    if (by.len == 0) { /* one field */
        if (n == 1 || n == -1)
            *to = s;
        return ST_OK;
    }
    if (n < 0) {
        for (size_t at = find(s, by, 0); at != SIZE_MAX; at = find(s, by, at + by.len))
            fields++;
        n += fields + 1;
    }
    size_t from = 0;
    for (int64_t field = 1; n >= 1; field++) {
        size_t at = find(s, by, from), end = at == SIZE_MAX ? s.len : at;
        if (field == n)
            *to = (struct str){s.ptr + from, end - from};
        if (field == n || at == SIZE_MAX)
            break;
        from = at + by.len;
    }
    return ST_OK;
}

/* ---- changing -------------------------------------------------------------------------------- */

/* The text cut to `chars` characters, or filled up by repetitions of `fill` before or behind. */
static status pad(struct expr_call *c, const void *const *arg, bool before, struct str *out,
                  struct error *err)
{
    struct str s = EXPR_ARG(struct str, 0);
    struct str fill = c->arg_count > 2 ? EXPR_ARG(struct str, 2) : STR(" ");
    uint64_t want = EXPR_ARG(int32_t, 1) > 0 ? (uint64_t)EXPR_ARG(int32_t, 1) : 0;
    uint64_t have = expr_char_count(s), fill_chars = expr_char_count(fill);
    if (want <= have || fill_chars == 0) {
        *out = cut(s, 0, want);
        return ST_OK;
    }
    uint64_t times = (want - have) / fill_chars;
    size_t part = expr_char_offset(fill, (want - have) % fill_chars);
    uint64_t added = times * fill.len + part; /* below 2^31 * 4 */
    char *to;
    TRY(room(c, s.len + added, &to, err));
    char *filling = before ? to : to + s.len;
    for (uint64_t i = 0; i < times; i++)
        memcpy(filling + i * fill.len, fill.ptr, fill.len);
    memcpy(filling + times * fill.len, fill.ptr, part);
    if (s.len > 0)
        memcpy(before ? to + added : to, s.ptr, s.len);
    *out = (struct str){to, s.len + added};
    return ST_OK;
}

static EXPR_SCALAR(lpad)
{
    return pad(c, arg, true, out, err);
}

static EXPR_SCALAR(rpad)
{
    return pad(c, arg, false, out, err);
}

static EXPR_SCALAR(replace)
{
    struct str s = EXPR_ARG(struct str, 0), from = EXPR_ARG(struct str, 1);
    size_t at = from.len ? find(s, from, 0) : SIZE_MAX, done = 0;
    struct buffer *b;
    if (at == SIZE_MAX) {
        EXPR_OUT(struct str) = s;
        return ST_OK;
    }
    TRY(expr_call_buffer(c, &b, err));
    for (; at != SIZE_MAX; at = find(s, from, done)) {
        TRY(buffer_append(b, s.ptr + done, at - done, err));
        TRY(buffer_append_str(b, EXPR_ARG(struct str, 2), err));
        done = at + from.len;
    }
    TRY(buffer_append(b, s.ptr + done, s.len - done, err));
    return expr_text_copy(c, b, out, err);
}

/* Each character found in `from` becomes the one at its place in `to`, or vanishes. */
static EXPR_SCALAR(translate)
{
    struct str s = EXPR_ARG(struct str, 0), from = EXPR_ARG(struct str, 1);
    struct buffer *b;
    TRY(expr_call_buffer(c, &b, err));
    for (size_t at = 0, n; at < s.len; at += n) {
        n = expr_char_bytes((struct str){s.ptr + at, s.len - at});
        struct str one = {s.ptr + at, n};
        uint64_t index = 0;
        for (size_t i = 0, m; i < from.len; i += m, index++) {
            m = expr_char_bytes((struct str){from.ptr + i, from.len - i});
            if (str_eq(one, (struct str){from.ptr + i, m})) {
                one = cut(EXPR_ARG(struct str, 2), index, index + 1);
                break;
            }
        }
        TRY(buffer_append_str(b, one, err));
    }
    return expr_text_copy(c, b, out, err);
}

static EXPR_SCALAR(reverse)
{
    struct str s = EXPR_ARG(struct str, 0);
    char *to;
    TRY(room(c, s.len, &to, err));
    for (size_t at = 0, n; at < s.len; at += n) {
        n = expr_char_bytes((struct str){s.ptr + at, s.len - at});
        memcpy(to + s.len - at - n, s.ptr + at, n);
    }
    EXPR_OUT(struct str) = (struct str){to, s.len};
    return ST_OK;
}

/* Characters that do not change keep their bytes, well-formed or not. */
static status append_changed(struct buffer *b, const char *p, size_t bytes, bool upper,
                             struct error *err)
{
    char changed[4];
    uint32_t code = expr_char_decode(p, bytes);
    uint32_t other = upper ? expr_char_upper(code) : expr_char_lower(code);
    if (other == code)
        return buffer_append(b, p, bytes, err);
    return buffer_append(b, changed, expr_char_encode(other, changed), err);
}

/* Most text is ASCII: one pass, and the result has the same length. */
static bool change_ascii(struct str s, bool upper, char *to)
{
    char first = upper ? 'a' : 'A';
    unsigned char high = 0;
    for (size_t i = 0; i < s.len; i++) {
        high |= (unsigned char)s.ptr[i];
        to[i] = (char)(s.ptr[i] ^ ((unsigned char)(s.ptr[i] - first) < 26 ? 0x20 : 0));
    }
    return high < 0x80;
}

static status change_case(struct expr_call *c, const void *const *arg, bool upper, void *out,
                          struct error *err)
{
    struct str s = EXPR_ARG(struct str, 0);
    struct buffer *b;
    char *to;
    TRY(room(c, s.len, &to, err));
    if (change_ascii(s, upper, to)) {
        EXPR_OUT(struct str) = (struct str){to, s.len};
        return ST_OK;
    }
    TRY(expr_call_buffer(c, &b, err));
    for (size_t at = 0, n; at < s.len; at += n) {
        n = expr_char_bytes((struct str){s.ptr + at, s.len - at});
        TRY(append_changed(b, s.ptr + at, n, upper, err));
    }
    return expr_text_copy(c, b, out, err);
}

static EXPR_SCALAR(upper)
{
    return change_case(c, arg, true, out, err);
}

static EXPR_SCALAR(lower)
{
    return change_case(c, arg, false, out, err);
}

/* The first letter or digit of each word upper case, the others lower. */
static EXPR_SCALAR(initcap)
{
    struct str s = EXPR_ARG(struct str, 0);
    struct buffer *b;
    bool inside = false;
    TRY(expr_call_buffer(c, &b, err));
    for (size_t at = 0, n; at < s.len; at += n) {
        n = expr_char_bytes((struct str){s.ptr + at, s.len - at});
        TRY(append_changed(b, s.ptr + at, n, !inside, err));
        inside = expr_char_is_word(expr_char_decode(s.ptr + at, n));
    }
    return expr_text_copy(c, b, out, err);
}

static EXPR_SCALAR(chr)
{
    int32_t code = EXPR_ARG(int32_t, 0);
    char *to;
    if (code == 0)
        FAIL_SQL(err, ST_INVALID, "54000", 0, "null character not permitted");
    if (code < 0)
        FAIL_SQL(err, ST_INVALID, "22023", 0, "character number must be positive");
    if (code > 0x10FFFF)
        FAIL_SQL(err, ST_INVALID, "54000", 0, "requested character too large for encoding: %d",
                 (int)code);
    if (code >= 0xD800 && code <= 0xDFFF)
        FAIL_SQL(err, ST_INVALID, "54000", 0, "requested character not valid for encoding: %d",
                 (int)code);
    TRY(room(c, 4, &to, err));
    EXPR_OUT(struct str) = (struct str){to, expr_char_encode((uint32_t)code, to)};
    return ST_OK;
}

/* Negative numbers as two's complement of their width. */
static EXPR_SCALAR(to_hex)
{
    bool wide = column_type_phys(c->arg_types[0]) == PHYS_I64;
    uint64_t v = wide ? (uint64_t)EXPR_ARG(int64_t, 0) : (uint32_t)EXPR_ARG(int32_t, 0);
    char *to;
    TRY(room(c, 17, &to, err));
    int n = snprintf(to, 17, "%llx", (unsigned long long)v);
    EXPR_OUT(struct str) = (struct str){to, (size_t)n};
    return ST_OK;
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* A condition that is not TRUE stops the statement; its message is the script's own. */
static EXPR_SCALAR(assert_true)
{
    if (!arg[0] || !EXPR_ARG(uint8_t, 0)) {
        struct str text = arg[1] ? EXPR_ARG(struct str, 1) : STR("assertion failed");
        FAIL_SQL(err, ST_REFUSED, "P0004", 0, "%.*s", STR_ARG(text));
    }
    EXPR_OUT(uint8_t) = 1;
    return ST_OK;
}

/* The name without its modifiers. */
static EXPR_SCALAR(type_name)
{
    char name[64], *to;
    size_t n = strcspn(column_type_name(c->arg_types[0], name), "(");
    TRY(room(c, n, &to, err));
    memcpy(to, name, n);
    EXPR_OUT(struct str) = (struct str){to, n};
    return ST_OK;
}

/* RFC 4122, version 4. */
static EXPR_SCALAR(random_uuid_value)
{
    char *to;
    TRY(room(c, 16, &to, err));
    TRY(random_bytes(to, 16, err));
    to[6] = (char)((to[6] & 0x0F) | 0x40);
    to[8] = (char)((to[8] & 0x3F) | 0x80);
    EXPR_OUT(struct str) = (struct str){to, 16};
    return ST_OK;
}

static EXPR_SCALAR(version)
{
    EXPR_OUT(struct str) = STR("firn " FIRN_VERSION);
    return ST_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct expr_function rows[] = {
    {QUERY_FN_CONCAT_OP, .scalar = concat_op},
    {QUERY_FN_CONCAT_BYTEA, .scalar = concat_op},
    {QUERY_FN_CONCAT, .scalar = concat},
    {QUERY_FN_CONCAT_WS, .scalar = concat_ws},
    {QUERY_FN_REPEAT, .scalar = repeat},
    {QUERY_FN_LENGTH, .scalar = char_length},
    {QUERY_FN_LENGTH_BYTEA, .scalar = octet_length},
    {QUERY_FN_CHAR_LENGTH, .scalar = char_length},
    {QUERY_FN_CHARACTER_LENGTH, .scalar = char_length},
    {QUERY_FN_OCTET_LENGTH, .scalar = octet_length},
    {QUERY_FN_OCTET_LENGTH_BYTEA, .scalar = octet_length},
    {QUERY_FN_POSITION, .scalar = strpos},
    {QUERY_FN_STRPOS, .scalar = strpos},
    {QUERY_FN_STARTS_WITH, .scalar = starts_with},
    {QUERY_FN_ASCII, .scalar = ascii},
    {QUERY_FN_SUBSTRING, .scalar = substring},
    {QUERY_FN_SUBSTRING_FOR, .scalar = substring_for},
    {QUERY_FN_SUBSTR, .scalar = substring},
    {QUERY_FN_SUBSTR_FOR, .scalar = substring_for},
    {QUERY_FN_LEFT, .scalar = left},
    {QUERY_FN_RIGHT, .scalar = right},
    {QUERY_FN_BTRIM, .scalar = btrim},
    {QUERY_FN_BTRIM_CHARS, .scalar = btrim},
    {QUERY_FN_LTRIM, .scalar = ltrim},
    {QUERY_FN_LTRIM_CHARS, .scalar = ltrim},
    {QUERY_FN_RTRIM, .scalar = rtrim},
    {QUERY_FN_RTRIM_CHARS, .scalar = rtrim},
    {QUERY_FN_SPLIT_PART, .scalar = split_part},
    {QUERY_FN_LPAD, .scalar = lpad},
    {QUERY_FN_LPAD_FILL, .scalar = lpad},
    {QUERY_FN_RPAD, .scalar = rpad},
    {QUERY_FN_RPAD_FILL, .scalar = rpad},
    {QUERY_FN_REPLACE, .scalar = replace},
    {QUERY_FN_TRANSLATE, .scalar = translate},
    {QUERY_FN_REVERSE, .scalar = reverse},
    {QUERY_FN_UPPER, .scalar = upper},
    {QUERY_FN_LOWER, .scalar = lower},
    {QUERY_FN_INITCAP, .scalar = initcap},
    {QUERY_FN_CHR, .scalar = chr},
    {QUERY_FN_TO_HEX_INT, .scalar = to_hex},
    {QUERY_FN_TO_HEX_BIGINT, .scalar = to_hex},
    {QUERY_FN_ASSERT, .scalar = assert_true},
    {QUERY_FN_PG_TYPEOF, .scalar = type_name},
    {QUERY_FN_GEN_RANDOM_UUID, .scalar = random_uuid_value},
    {QUERY_FN_VERSION, .scalar = version},
};

const struct expr_function_table expr_fn_text_table = {rows, ARRAY_LEN(rows)};
