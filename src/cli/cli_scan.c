// SPDX-License-Identifier: Apache-2.0
/* cli_scan.c - how far a quote, comment or word of SQL text reaches.
 *
 * Follows psql's lexer where it matters for a script: which bytes can end a statement, and where a
 * variable may stand. Everything else is the parser's business.
 *
 *     'it''s'  "a ""b"""  e'it\'s'  $$...$$  $tag$...$tag$  -- to the line's end
 *     / * nested / * comments * / * /   words, with $ inside   ::   :=                          */
#include "cli/cli_int.h"

static int at(struct str s, size_t n)
{
    return n < s.len ? (unsigned char)s.ptr[n] : -1;
}

bool cli_is_name_byte(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c >= 0x80;
}

bool cli_is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* '...' or "..." with doubled quotes, from `n` on; with `escapes` a backslash takes the next byte
 * along. */
static size_t quoted(struct str s, size_t n, bool escapes, bool *closed)
{
    int quote = at(s, n++);
    for (int c; (c = at(s, n)) >= 0; n++) {
        if (c == '\\' && escapes)
            n++;
        else if (c == quote && at(s, n + 1) == quote)
            n++;
        else if (c == quote)
            return n + 1;
    }
    *closed = false;
    return s.len;
}

size_t cli_quoted_length(struct str s, bool *closed)
{
    *closed = true;
    return quoted(s, 0, false, closed);
}

/* Both ends of a line end it, as in psql. */
static size_t line_comment(struct str s)
{
    size_t n = 2;
    while (at(s, n) >= 0 && at(s, n) != '\n' && at(s, n) != '\r')
        n++;
    return n;
}

static size_t block_comment(struct str s, bool *closed)
{
    size_t depth = 0, n = 0;
    do {
        if (at(s, n) == '/' && at(s, n + 1) == '*') {
            depth++;
            n += 2;
        } else if (at(s, n) == '*' && at(s, n + 1) == '/') {
            depth--;
            n += 2;
        } else {
            n++;
        }
    } while (depth > 0 && n < s.len);
    *closed = depth == 0;
    return n;
}

/* $tag$ ... $tag$; 0 when this dollar opens none. */
static size_t dollar_quote(struct str s, bool *closed)
{
    size_t tag = 1;
    while (cli_is_name_byte(at(s, tag)) && !(tag == 1 && at(s, 1) >= '0' && at(s, 1) <= '9'))
        tag++;
    if (at(s, tag) != '$')
        return 0;
    tag++;
    for (size_t n = tag; n + tag <= s.len; n++)
        if (memcmp(s.ptr + n, s.ptr, tag) == 0)
            return n + tag;
    *closed = false;
    return s.len;
}

static size_t word(struct str s)
{
    size_t n = 0;
    while (cli_is_name_byte(at(s, n)) || (n > 0 && at(s, n) == '$'))
        n++;
    return n;
}

size_t cli_unit_length(struct str s, enum cli_unit *kind, bool *closed)
{
    int c = at(s, 0), next = at(s, 1);
    *closed = true;
    *kind = CLI_UNIT_TEXT;
    if ((c == 'e' || c == 'E') && next == '\'')
        return quoted(s, 1, true, closed);
    if (c == '\'' || c == '"')
        return quoted(s, 0, false, closed);
    if (c == '-' && next == '-') {
        *kind = CLI_UNIT_COMMENT;
        return line_comment(s);
    }
    if (c == '/' && next == '*') {
        *kind = CLI_UNIT_COMMENT;
        return block_comment(s, closed);
    }
    if (c == '$')
        return dollar_quote(s, closed);
    if (c == ':' && (next == ':' || next == '='))
        return 2;
    return word(s);
}
