// SPDX-License-Identifier: Apache-2.0
/* cli_script.c - a script's text to statements and meta-commands, with psql's habits.
 *
 *     text:   SELECT :'day'::date ... ;   \if :{?x} \else \set x 1 \endif   SELECT 1 \gset
 *     items:  STATEMENT                   (done here)                       STATEMENT + "gset"
 *
 * A statement ends at a ';' outside quotes, comments and parentheses, at a backslash there (a
 * meta-command), or at the end of the text. A meta-command's arguments go to the end of the line or
 * to the next backslash. Variables are put in place outside quotes and comments only: :name as it
 * is,
 * :'name' as a literal, :"name" as an identifier, :{?name} as TRUE or FALSE; a name that is not set
 * stays as it stands. Backquotes run nothing and are refused.
 *
 * In a branch that does not run, text is walked by the same rules and thrown away, so that a quoted
 * backslash cannot end the branch. */
#include "cli/cli.h"

#include <ctype.h>

#define SCRIPT_BYTES ((size_t)64 << 20) /* of one substituted statement */

void cli_script_init(struct cli_script *s, struct str text, const char *name)
{
    *s = (struct cli_script){.text = text, .name = name};
}

int64_t cli_script_line(const struct cli_script *s, size_t at)
{
    int64_t line = 1;
    for (size_t i = 0; i < at && i < s->text.len; i++)
        line += s->text.ptr[i] == '\n';
    return line;
}

static int peek(const struct cli_script *s, size_t ahead)
{
    return s->at + ahead < s->text.len ? (unsigned char)s->text.ptr[s->at + ahead] : -1;
}

static bool active(const struct cli_script *s)
{
    return s->depth == 0 || s->branches[s->depth - 1].active;
}

static bool is_name(int c)
{
    return c == '_' || isalnum(c) || c >= 0x80;
}

/* ---- variables ------------------------------------------------------------------------------- */

/* Doubles `quote` inside; a text with a backslash becomes an E'' literal. */
static status put_quoted(struct buffer *out, const char *value, char quote, struct error *err)
{
    bool escape = quote == '\'' && strchr(value, '\\');
    if (escape)
        TRY(buffer_append_str(out, STR(" E"), err));
    TRY(buffer_append_byte(out, (uint8_t)quote, err));
    for (const char *p = value; *p; p++) {
        if (*p == quote || (escape && *p == '\\'))
            TRY(buffer_append_byte(out, (uint8_t)*p, err));
        TRY(buffer_append_byte(out, (uint8_t)*p, err));
    }
    return buffer_append_byte(out, (uint8_t)quote, err);
}

/* The length of a variable's use at s->at (which is ':'), its name and kind: 0 = none. */
static size_t variable_at(const struct cli_script *s, struct str *name, char *kind)
{
    size_t skip = 1, end;
    int c = peek(s, 1);
    *kind = c == '\'' || c == '"' ? (char)c : c == '{' && peek(s, 2) == '?' ? '{' : ':';
    skip += *kind == '{' ? 2 : *kind == ':' ? 0 : 1;
    for (end = skip; is_name(peek(s, end));)
        end++;
    *name = (struct str){s->text.ptr + s->at + skip, end - skip};
    if (end == skip)
        return 0;
    if (*kind == ':')
        return end;
    return peek(s, end) == (*kind == '{' ? '}' : *kind) ? end + 1 : 0;
}

/* Puts the variable at s->at in place; *done false when there is none. */
static status put_variable(struct cli_script *s, const struct cli_vars *vars, struct buffer *out,
                           bool *done, struct error *err)
{
    struct str name;
    char kind;
    size_t n = variable_at(s, &name, &kind);
    const char *value = n ? cli_vars_get(vars, name) : NULL;
    *done = n && (value || kind == '{');
    if (!*done)
        return ST_OK;
    s->at += n;
    if (kind == '{')
        return buffer_append_str(out, value ? STR("TRUE") : STR("FALSE"), err);
    if (kind == ':')
        return buffer_append_str(out, str_of(value), err);
    return put_quoted(out, value, kind, err);
}

/* ---- walking SQL text ------------------------------------------------------------------------ */

static status take(struct cli_script *s, struct buffer *out, size_t n, struct error *err)
{
    TRY(buffer_append(out, s->text.ptr + s->at, n, err));
    s->at += n;
    return ST_OK;
}

/* '...' "..." with doubled quotes; with `escapes` a backslash takes the next byte along. */
static size_t quoted_length(const struct cli_script *s, char quote, bool escapes)
{
    size_t n = 1;
    for (int c; (c = peek(s, n)) >= 0; n++) {
        if (c == '\\' && escapes && peek(s, n + 1) >= 0)
            n++;
        else if (c == quote && peek(s, n + 1) == quote)
            n++;
        else if (c == quote)
            return n + 1;
    }
    return n;
}

static size_t comment_length(const struct cli_script *s)
{
    int depth = 0;
    size_t n = 0;
    if (peek(s, 0) == '-') {
        while (peek(s, n) >= 0 && peek(s, n) != '\n')
            n++;
        return n;
    }
    do {
        if (peek(s, n) == '/' && peek(s, n + 1) == '*') {
            depth++;
            n += 2;
        } else if (peek(s, n) == '*' && peek(s, n + 1) == '/') {
            depth--;
            n += 2;
        } else {
            n++;
        }
    } while (depth > 0 && peek(s, n) >= 0);
    return n;
}

/* $tag$ ... $tag$; 0 when this dollar opens none. */
static size_t dollar_length(const struct cli_script *s)
{
    size_t tag = 1;
    while (is_name(peek(s, tag)) && !(tag == 1 && isdigit(peek(s, tag))))
        tag++;
    if (peek(s, tag) != '$')
        return 0;
    tag++;
    for (size_t n = tag; s->at + n + tag <= s->text.len; n++)
        if (memcmp(s->text.ptr + s->at + n, s->text.ptr + s->at, tag) == 0)
            return n + tag;
    return s->text.len - s->at;
}

/* The bytes from s->at that belong together and hold no variable: a quote, comment, word; 0 = one
 * plain byte. */
static size_t unit_length(const struct cli_script *s)
{
    int c = peek(s, 0), next = peek(s, 1);
    if ((c == 'e' || c == 'E') && next == '\'') {
        struct cli_script inner = *s;
        inner.at++;
        return 1 + quoted_length(&inner, '\'', true);
    }
    if (c == '\'' || c == '"')
        return quoted_length(s, (char)c, false);
    if ((c == '-' && next == '-') || (c == '/' && next == '*'))
        return comment_length(s);
    if (c == '$')
        return dollar_length(s);
    if (c == ':' && (next == ':' || next == '='))
        return 2;
    size_t n = 0;
    while (is_name(peek(s, n)))
        n++;
    return n;
}

/* Up to the end of a statement; s->at stands behind ';', at a backslash, or at the end. */
static status walk_statement(struct cli_script *s, const struct cli_vars *vars, struct buffer *out,
                             struct error *err)
{
    int parens = 0;
    for (int c; (c = peek(s, 0)) >= 0;) {
        bool done = false;
        size_t n = unit_length(s);
        if (n > 0) {
            TRY(take(s, out, n, err));
            continue;
        }
        if (c == '\\')
            return ST_OK;
        if (c == ';' && parens <= 0) {
            s->at++;
            return ST_OK;
        }
        parens += (c == '(') - (c == ')');
        if (c == ':')
            TRY(put_variable(s, vars, out, &done, err));
        if (!done)
            TRY(take(s, out, 1, err));
    }
    return ST_OK;
}

/* ---- meta-commands --------------------------------------------------------------------------- */

static bool blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static status escape_byte(struct cli_script *s, struct buffer *out, struct error *err)
{
    static const char from[] = "ntrbf", to[] = "\n\t\r\b\f";
    int c = peek(s, 1);
    const char *at = c > 0 ? strchr(from, c) : NULL;
    s->at += 2;
    return buffer_append_byte(out, (uint8_t)(at ? to[at - from] : c), err);
}

static status quoted_arg(struct cli_script *s, struct buffer *out, struct error *err)
{
    for (s->at++; peek(s, 0) >= 0 && peek(s, 0) != '\n';) {
        if (peek(s, 0) == '\'' && peek(s, 1) != '\'') {
            s->at++;
            return ST_OK;
        }
        if (peek(s, 0) == '\\' && peek(s, 1) >= 0) {
            TRY(escape_byte(s, out, err));
            continue;
        }
        s->at += peek(s, 0) == '\'';
        TRY(take(s, out, 1, err));
    }
    FAIL(err, ST_USAGE, "unterminated quoted string");
}

/* One argument: pieces of plain text, 'quoted' text, "kept" quotes and variables side by side. */
static status read_arg(struct cli_script *s, const struct cli_vars *vars, struct buffer *out,
                       struct error *err)
{
    for (int c; (c = peek(s, 0)) >= 0 && c != '\n' && c != '\\' && !blank(c);) {
        bool done = false;
        if (c == '`')
            FAIL(err, ST_USAGE, "backquotes run nothing in firn; use a variable (-v name=value)");
        if (c == '\'') {
            TRY(quoted_arg(s, out, err));
            continue;
        }
        if (c == '"') {
            TRY(take(s, out, quoted_length(s, '"', false), err));
            continue;
        }
        if (c == ':')
            TRY(put_variable(s, vars, out, &done, err));
        if (!done)
            TRY(take(s, out, 1, err));
    }
    return ST_OK;
}

/* A meta-command at s->at (the backslash); \\ alone separates and means nothing. */
static status read_command(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                           struct cli_item *out, struct error *err)
{
    size_t start = ++s->at, capacity = 0;
    struct buffer arg;
    if (peek(s, 0) == '?' || peek(s, 0) == '!')
        s->at++;
    while (is_name(peek(s, 0)))
        s->at++;
    out->name = (struct str){s->text.ptr + start, s->at - start};
    if (out->name.len == 0)
        FAIL(err, ST_USAGE, "a backslash without a command");
    buffer_init(&arg, NULL, SCRIPT_BYTES);
    status st = ST_OK;
    for (;;) {
        while (blank(peek(s, 0)))
            s->at++;
        if (peek(s, 0) < 0 || peek(s, 0) == '\n' || peek(s, 0) == '\\')
            break;
        buffer_clear(&arg);
        TRY_DONE(read_arg(s, vars, &arg, err));
        TRY_DONE(arena_grow(arena, (void **)&out->args, sizeof(*out->args), &capacity,
                            out->arg_count + 1, err));
        TRY_DONE(arena_str(arena, buffer_str(&arg), &out->args[out->arg_count++], err));
    }
done:
    buffer_free(&arg);
    return st;
}

/* ---- \if
 * -------------------------------------------------------------------------------------------------
 */

/* psql's booleans: true false yes no on off 1 0, any case, unique beginnings. */
static status truth(const struct cli_item *item, bool *out, struct error *err)
{
    static const struct {
        const char *text;
        size_t least;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    struct str v = item->arg_count ? item->args[0] : STR("");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (v.len >= words[i].least && v.len <= strlen(words[i].text) &&
            str_eq_nocase(v, (struct str){words[i].text, v.len})) {
            *out = words[i].value;
            return ST_OK;
        }
    FAIL(err, ST_USAGE, "\\%.*s needs true or false, not \"%.*s\"", STR_ARG(item->name),
         STR_ARG(v));
}

static status open_branch(struct cli_script *s, const struct cli_item *item, struct error *err)
{
    bool outer = active(s), value = false;
    if (s->depth == CLI_IF_DEPTH)
        FAIL(err, ST_USAGE, "more than %d \\if inside each other", CLI_IF_DEPTH);
    if (outer)
        TRY(truth(item, &value, err));
    /* inside a branch that does not run, none of this one's branches does */
    s->branches[s->depth++] = (struct cli_branch){outer && value, !outer || value, false};
    return ST_OK;
}

static status next_branch(struct cli_script *s, const struct cli_item *item, struct error *err)
{
    struct cli_branch *b = s->depth ? &s->branches[s->depth - 1] : NULL;
    bool is_else = str_eq(item->name, STR("else")), value = is_else;
    if (!b || b->in_else)
        FAIL(err, ST_USAGE, "\\%.*s %s", STR_ARG(item->name), b ? "after \\else" : "without \\if");
    if (!b->taken && !is_else)
        TRY(truth(item, &value, err));
    b->active = !b->taken && value;
    b->taken |= b->active;
    b->in_else = is_else;
    return ST_OK;
}

/* *done true when the command was one of \if's kin. */
static status conditional(struct cli_script *s, const struct cli_item *item, bool *done,
                          struct error *err)
{
    *done = true;
    if (str_eq(item->name, STR("if")))
        return open_branch(s, item, err);
    if (str_eq(item->name, STR("elif")) || str_eq(item->name, STR("else")))
        return next_branch(s, item, err);
    if (str_eq(item->name, STR("endif"))) {
        if (s->depth == 0)
            FAIL(err, ST_USAGE, "\\endif without \\if");
        s->depth--;
        return ST_OK;
    }
    *done = false;
    return ST_OK;
}

/* ---- items
 * --------------------------------------------------------------------------------------------------
 */

static bool only_blank(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '-' && i + 1 < s.len && s.ptr[i + 1] == '-') {
            while (i < s.len && s.ptr[i] != '\n')
                i++;
        } else if (!isspace((unsigned char)s.ptr[i])) {
            return false;
        }
    }
    return true;
}

static status statement_item(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                             struct cli_item *out, struct error *err)
{
    struct buffer sql;
    buffer_init(&sql, NULL, SCRIPT_BYTES);
    status st = walk_statement(s, vars, &sql, err);
    if (st == ST_OK && !only_blank(buffer_str(&sql))) {
        out->kind = CLI_ITEM_STATEMENT;
        st = arena_str(arena, buffer_str(&sql), &out->sql, err);
    }
    buffer_free(&sql);
    return st;
}

static status read_item(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                        struct cli_item *out, struct error *err)
{
    *out = (struct cli_item){.kind = CLI_ITEM_END, .start = s->at};
    TRY(statement_item(s, vars, arena, out, err));
    if (peek(s, 0) != '\\' || (out->sql.len && s->text.ptr[s->at - 1] == ';'))
        return ST_OK;
    if (out->kind == CLI_ITEM_END) {
        out->kind = CLI_ITEM_COMMAND;
        out->start = s->at;
        return read_command(s, vars, arena, out, err);
    }
    size_t before = s->at; /* a statement that a command ends: only \gset and \g do */
    TRY(read_command(s, vars, arena, out, err));
    if (str_eq(out->name, STR("gset")) || str_eq(out->name, STR("g")))
        return ST_OK;
    s->at = before;
    FAIL(err, ST_USAGE, "\\%.*s in the middle of a statement; end it with ';'", STR_ARG(out->name));
}

status cli_script_next(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                       struct cli_item *out, struct error *err)
{
    for (;;) {
        bool done = false, run = active(s);
        bool at_end = s->at >= s->text.len;
        TRY(read_item(s, vars, arena, out, err));
        if (out->kind == CLI_ITEM_END && at_end) {
            if (s->depth > 0)
                FAIL(err, ST_USAGE, "the script ends inside \\if");
            return ST_OK;
        }
        if (out->kind == CLI_ITEM_COMMAND)
            TRY(conditional(s, out, &done, err));
        if (run && !done && out->kind != CLI_ITEM_END)
            return ST_OK;
    }
}
