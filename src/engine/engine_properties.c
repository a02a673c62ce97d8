// SPDX-License-Identifier: Apache-2.0
/* engine_properties.c - spark-defaults.conf: Java's properties (java.util.Properties.load), as
 * spark-submit reads them.
 *
 *     # a comment, also after !              (only where a line begins)
 *     spark.app.name     nightly             key ends at a blank, = or :
 *     spark.master=local[2]
 *     spark.sql.catalog.lakehouse.uri: \     a line that ends in an odd number of \ goes on; the
 *         http://nessie:19120/api/v2         next one's indent does not count
 *
 * In keys and values \t \n \r \f and \uXXXX are those characters, a \ before another is dropped.
 * Blanks at the end of a value are dropped, as Spark does. The text is UTF-8. What Java would
 * replace or could not say (a lone surrogate, a NUL) is refused with its line. */
#include "engine/engine_config_int.h"

#include <string.h>

struct reader {
    struct str text, file;
    size_t at;
    size_t line; /* of `at`, 1-based */
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

static bool more(const struct reader *r)
{
    return r->at < r->text.len;
}

static void skip_blanks(struct reader *r)
{
    while (more(r) && blank(r->text.ptr[r->at]))
        r->at++;
}

/* \n, \r or \r\n. */
static void skip_end(struct reader *r)
{
    if (!more(r))
        return;
    bool pair =
        r->text.ptr[r->at] == '\r' && r->at + 1 < r->text.len && r->text.ptr[r->at + 1] == '\n';
    r->at += pair ? 2 : 1;
    r->line++;
}

/* To the next line that holds an entry; false at the end. */
static bool find_entry(struct reader *r)
{
    for (;;) {
        skip_blanks(r);
        if (!more(r))
            return false;
        char c = r->text.ptr[r->at];
        if (c != '#' && c != '!' && !ends_line(c))
            return true;
        while (more(r) && !ends_line(r->text.ptr[r->at]))
            r->at++;
        skip_end(r);
    }
}

/* One logical line without its continuations, perhaps an empty one; escapes stay. `out` has room
 * for the rest of the text. */
static void take_line(struct reader *r, char *out, size_t *length)
{
    size_t n = 0;
    while (more(r) && !ends_line(r->text.ptr[r->at])) {
        char c = r->text.ptr[r->at++];
        if (c != '\\') {
            out[n++] = c;
            continue;
        }
        if (!more(r))
            break; /* a \ at the end of the text is dropped */
        if (ends_line(r->text.ptr[r->at])) {
            skip_end(r);
            if (n == 0)
                break; /* nothing has begun: the next line may be a comment */
            skip_blanks(r);
            continue;
        }
        out[n++] = c;
        out[n++] = r->text.ptr[r->at++];
    }
    if (more(r) && ends_line(r->text.ptr[r->at]))
        skip_end(r);
    *length = n;
}

/* ---- escapes --------------------------------------------------------------------------------- */

static status bad_line(const struct reader *r, size_t line, const char *what, struct error *err)
{
    FAIL(err, ST_USAGE, "%.*s line %zu: %s", STR_ARG(r->file), line, what);
}

static bool hex4(const char *p, const char *end, uint32_t *out)
{
    *out = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return false;
        *out = *out << 4 | (uint32_t)d;
    }
    return true;
}

/* The character behind "\u", which may be a pair of surrogates written as two escapes; *p moves
 * behind it. */
static bool escaped_char(const char **p, const char *end, uint32_t *out)
{
    uint32_t low;
    if (!hex4(*p, end, out))
        return false;
    *p += 4;
    if (*out < 0xD800 || *out > 0xDFFF)
        return *out != 0;
    if (*out > 0xDBFF || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' ||
        !hex4(*p + 2, end, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *p += 6;
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; --i > 0; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* In place: what is escaped is never longer than its escape. False: a \u that says nothing. */
static bool unescape(char *text, size_t *length)
{
    const char *p = text, *end = text + *length;
    char *out = text;
    while (p < end) {
        uint32_t c;
        if (*p != '\\' || p + 1 == end) {
            *out++ = *p++;
            continue;
        }
        char kind = p[1];
        p += 2;
        if (kind != 'u') {
            *out++ = kind == 't'   ? '\t'
                     : kind == 'n' ? '\n'
                     : kind == 'r' ? '\r'
                     : kind == 'f' ? '\f'
                                   : kind;
            continue;
        }
        if (!escaped_char(&p, end, &c))
            return false;
        out += put_utf8(c, out);
    }
    *length = (size_t)(out - text);
    return true;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* The key's end, and where the value begins: behind blanks with at most one = or : among them. */
static size_t split(const char *line, size_t length, size_t *value)
{
    size_t key = 0, at;
    while (key < length && !blank(line[key]) && line[key] != '=' && line[key] != ':')
        key += line[key] == '\\' && key + 1 < length ? 2 : 1;
    for (at = key; at < length && blank(line[at]);)
        at++;
    if (at < length && (line[at] == '=' || line[at] == ':'))
        for (at++; at < length && blank(line[at]);)
            at++;
    *value = at;
    return key;
}

/* Spark drops what is not above a blank at both ends of a value, line ends excepted. */
static struct str trim(struct str s)
{
    while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ' && !ends_line(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ' && !ends_line(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static status add_entry(const struct reader *r, size_t line, char *text, size_t length,
                        struct arena *arena, struct engine_entries *out, size_t *capacity,
                        struct error *err)
{
    size_t at, key = split(text, length, &at), value = length - at;
    if (!unescape(text, &key) || !unescape(text + at, &value))
        return bad_line(r, line, "\\u needs the four digits of a character", err);
    if (out->count == ENGINE_CONFIG_VALUES)
        FAIL(err, ST_USAGE, "%.*s: more than %d values", STR_ARG(r->file), ENGINE_CONFIG_VALUES);
    TRY(arena_grow(arena, (void **)&out->entries, sizeof(*out->entries), capacity, out->count + 1,
                   err));
    struct engine_entry *e = &out->entries[out->count++];
    e->line = line;
    TRY(arena_str(arena, (struct str){text, key}, &e->path, err));
    return arena_str(arena, trim((struct str){text + at, value}), &e->value, err);
}

static status check_utf8(const struct reader *r, struct error *err)
{
    size_t line = 1;
    for (size_t at = 0, end; at < r->text.len; at = end + 1, line++) {
        const char *stop = memchr(r->text.ptr + at, '\n', r->text.len - at);
        end = stop ? (size_t)(stop - r->text.ptr) : r->text.len;
        if (!str_is_utf8((struct str){r->text.ptr + at, end - at}))
            return bad_line(r, line, "not UTF-8, or a NUL byte", err);
    }
    return ST_OK;
}

status engine_properties_parse(struct str text, struct str file, struct arena *arena,
                               struct engine_entries *out, struct error *err)
{
    struct reader r = {.text = text, .file = file, .line = 1};
    size_t capacity = 0;
    char *line;
    *out = (struct engine_entries){.file = file};
    if (text.len > ENGINE_CONFIG_BYTES)
        FAIL(err, ST_USAGE, "%.*s has more than %zu bytes", STR_ARG(file), ENGINE_CONFIG_BYTES);
    TRY(check_utf8(&r, err));
    TRY(arena_alloc(arena, text.len + 1, (void **)&line, err));
    while (find_entry(&r)) {
        size_t number = r.line, length;
        take_line(&r, line, &length);
        if (length > 0)
            TRY(add_entry(&r, number, line, length, arena, out, &capacity, err));
    }
    return ST_OK;
}

status engine_properties_pair(const char *pair, struct arena *arena, struct engine_entry *out,
                              struct error *err)
{
    const char *eq = strchr(pair, '=');
    *out = (struct engine_entry){0};
    if (!eq || eq == pair) /* what was given may be a secret */
        FAIL(err, ST_USAGE, "--conf takes KEY=VALUE");
    if (!str_is_utf8(str_of(pair)))
        FAIL(err, ST_USAGE, "--conf takes UTF-8");
    TRY(arena_str(arena, (struct str){pair, (size_t)(eq - pair)}, &out->path, err));
    return arena_str(arena, str_of(eq + 1), &out->value, err);
}
