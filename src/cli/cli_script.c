// SPDX-License-Identifier: Apache-2.0
/* cli_script.c - a script's text to statements and meta-commands, with psql's habits.
 *
 *     text:   SELECT :'day'::date ... ;   \if :{?x} \else \set x 1 \endif   SELECT 1 \gset
 *     items:  STATEMENT                   (done here)                       STATEMENT + "gset"
 *
 * A statement ends at a ';' outside quotes, comments and parentheses, at \gset, \g or \gx, or at
 * the end of the text. Blanks and comments in front of it are dropped, so that its place, and the
 * place of errors in it, count from its first token. \if and its kin may stand inside it.
 *
 * Variables stand outside quotes and comments: :'name' becomes a literal, :"name" an identifier,
 * :{?name} TRUE or FALSE. The value of a plain :name is read in its place as if it stood there,
 * variables and semicolons in it included:
 *
 *     sources[0]  the script            ... FROM :tables WHERE ...
 *     sources[1]    value of tables     demo.:which
 *     sources[2]      value of which    sales              <- read first, then dropped
 *
 * A name that is not set stays as it stands. Backquotes run nothing and are refused.
 *
 * Text of a branch that does not run is walked by the same rules and dropped, so that a backslash
 * in quotes cannot end the branch; no variable is put in place there.
 *
 * C1  a quote or comment that opens in a value closes in it
 * C2  meta-commands stand in sources[0] only */
#include "cli/cli_int.h"

#define STATEMENT_BYTES ((size_t)4 << 20) /* substituted, and all values read for it */

void cli_script_init(struct cli_script *s, struct str text, const char *name, struct arena *values)
{
    *s = (struct cli_script){.name = name, .values = values, .source_count = 1};
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = (struct str){text.ptr + 3, text.len - 3};
    s->sources[0].text = text;
}

int64_t cli_script_line(const struct cli_script *s, size_t at)
{
    struct str text = s->sources[0].text;
    int64_t line = 1;
    for (size_t i = 0; i < at && i < text.len; i++)
        line += text.ptr[i] == '\n';
    return line;
}

/* ---- sources --------------------------------------------------------------------------------- */

static struct cli_source *top(struct cli_script *s)
{
    return &s->sources[s->source_count - 1];
}

static struct str rest(const struct cli_script *s)
{
    const struct cli_source *t = &s->sources[s->source_count - 1];
    return (struct str){t->text.ptr + t->at, t->text.len - t->at};
}

static int peek(const struct cli_script *s, size_t ahead)
{
    struct str r = rest(s);
    return ahead < r.len ? (unsigned char)r.ptr[ahead] : -1;
}

/* Drops values that are read to their end. */
static void settle(struct cli_script *s)
{
    while (s->source_count > 1 && rest(s).len == 0)
        s->source_count--;
}

/* Where the next byte stands in the script; for one of a value, where the variable stands. */
static size_t place(const struct cli_script *s)
{
    return s->source_count > 1 ? s->sources[1].used_at : s->sources[0].at;
}

static bool active(const struct cli_script *s)
{
    return s->depth == 0 || s->branches[s->depth - 1].active;
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

/* A variable's use: :name, :'name', :"name" or :{?name}. */
struct use {
    struct str name;
    char kind;         /* ':' '\'' '"' '{' */
    size_t bytes;      /* of the use; 0 = none stands here */
    const char *value; /* NULL: not set */
};

/* What stands at the next byte, which is ':'. A use of a name that is not set is none, except for
 * :{?name}. */
static struct use use_at(const struct cli_script *s, const struct cli_vars *vars)
{
    struct use u = {.kind = ':'};
    size_t start = 1, end;
    int c = peek(s, 1);
    if (c == '\'' || c == '"')
        u.kind = (char)c;
    else if (c == '{' && peek(s, 2) == '?')
        u.kind = '{';
    start += u.kind == '{' ? 2 : u.kind != ':';
    for (end = start; cli_is_name_byte(peek(s, end));)
        end++;
    u.name = (struct str){rest(s).ptr + start, end - start};
    bool closed = u.kind == ':' || peek(s, end) == (u.kind == '{' ? '}' : u.kind);
    if (end == start || !closed)
        return u;
    u.value = cli_vars_get(vars, u.name);
    if (u.value || u.kind == '{')
        u.bytes = end + (u.kind != ':');
    return u;
}

/* Puts it at the end of `out`, a plain one as it is. */
static status put_use(struct cli_script *s, const struct use *u, struct buffer *out,
                      struct error *err)
{
    top(s)->at += u->bytes;
    if (u->kind == '{')
        return buffer_append_str(out, u->value ? STR("TRUE") : STR("FALSE"), err);
    if (u->kind == ':')
        return buffer_append_str(out, str_of(u->value), err);
    return put_quoted(out, u->value, u->kind, err);
}

/* ---- walking a statement --------------------------------------------------------------------- */

struct walk {
    const struct cli_vars *vars;
    struct buffer sql;
    size_t start;    /* of the first token, in the script */
    size_t expanded; /* bytes of values read */
    int64_t parens;  /* open ones */
    bool any;        /* a token was met */
};

/* From here on the value is read (see the top of this file). */
static status enter_value(struct cli_script *s, const struct use *u, struct walk *w,
                          struct error *err)
{
    struct str value;
    for (int i = 1; i < s->source_count; i++)
        if (str_eq(s->sources[i].variable, u->name))
            FAIL(err, ST_USAGE, "the value of variable \"%.*s\" uses the variable itself",
                 STR_ARG(u->name));
    if (s->source_count == CLI_SOURCES)
        FAIL(err, ST_USAGE, "variable \"%.*s\" stands in the value of a variable, %d deep",
             STR_ARG(u->name), CLI_SOURCES - 1);
    TRY(arena_str(s->values, str_of(u->value), &value, err));
    w->expanded += value.len + 1;
    if (w->expanded > STATEMENT_BYTES)
        FAIL(err, ST_LIMIT, "the values of a statement's variables have more than %zu bytes",
             STATEMENT_BYTES);
    size_t used_at = place(s);
    top(s)->at += u->bytes;
    s->sources[s->source_count++] =
        (struct cli_source){.text = value, .variable = u->name, .used_at = used_at};
    return ST_OK;
}

static void token(const struct cli_script *s, struct walk *w)
{
    if (!w->any)
        w->start = place(s);
    w->any = true;
}

static status take(struct cli_script *s, struct walk *w, size_t n, struct error *err)
{
    if (w->any)
        TRY(buffer_append(&w->sql, rest(s).ptr, n, err));
    top(s)->at += n;
    return ST_OK;
}

/* One quote, comment, word, variable or byte. */
static status walk_unit(struct cli_script *s, struct walk *w, struct error *err)
{
    int c = peek(s, 0);
    enum cli_unit kind;
    bool closed;
    size_t n = cli_unit_length(rest(s), &kind, &closed);
    if (!closed && s->source_count > 1)
        FAIL(err, ST_USAGE, "the value of variable \"%.*s\" ends inside a quote or comment",
             STR_ARG(top(s)->variable)); /* C1 */
    struct use u = c == ':' && n == 0 ? use_at(s, w->vars) : (struct use){0};
    if (u.bytes > 0 && u.kind == ':')
        return enter_value(s, &u, w, err);
    bool comment = kind == CLI_UNIT_COMMENT && closed;
    if (!comment && (n > 0 || !cli_is_blank(c)))
        token(s, w);
    if (u.bytes > 0)
        return put_use(s, &u, &w->sql, err);
    if (n == 0) {
        w->parens += c == '(' ? 1 : c == ')' && w->parens > 0 ? -1 : 0;
        n = 1;
    }
    return take(s, w, n, err);
}

/* A backslash: *command true when a meta-command starts there. */
static status walk_backslash(struct cli_script *s, struct walk *w, bool *command, struct error *err)
{
    int next = peek(s, 1);
    if (next == ';')
        FAIL(err, ST_USAGE,
             "\\; joins statements in psql; firn runs them one by one, end each "
             "with ';'");
    if (next == ':') { /* a colon that is no variable's */
        token(s, w);
        top(s)->at++;
        return take(s, w, 1, err);
    }
    if (s->source_count > 1) /* C2 */
        FAIL(err, ST_USAGE, "the value of variable \"%.*s\" holds a meta-command",
             STR_ARG(top(s)->variable));
    *command = true;
    return ST_OK;
}

enum walk_end { WALK_COMMAND, WALK_SEMICOLON, WALK_END };

static status walk_active(struct cli_script *s, struct walk *w, enum walk_end *end,
                          struct error *err)
{
    bool command = false;
    while (!command) {
        settle(s);
        int c = peek(s, 0);
        if (c < 0) {
            *end = WALK_END;
            return ST_OK;
        }
        if (c == ';' && w->parens == 0) {
            top(s)->at++;
            *end = WALK_SEMICOLON;
            return ST_OK;
        }
        TRY(c == '\\' ? walk_backslash(s, w, &command, err) : walk_unit(s, w, err));
    }
    *end = WALK_COMMAND;
    return ST_OK;
}

/* Text of a branch that does not run, up to the next meta-command. */
static status walk_inactive(struct cli_script *s, enum walk_end *end)
{
    enum cli_unit kind;
    bool closed;
    for (int c; (c = peek(s, 0)) >= 0;) {
        if (c == '\\' && peek(s, 1) != ';' && peek(s, 1) != ':') {
            *end = WALK_COMMAND;
            return ST_OK;
        }
        size_t n = cli_unit_length(rest(s), &kind, &closed);
        top(s)->at += n ? n : c == '\\' ? 2 : 1;
    }
    *end = WALK_END;
    return ST_OK;
}

/* ---- meta-commands --------------------------------------------------------------------------- */

static bool same_line_blank(int c)
{
    return c != '\n' && cli_is_blank(c);
}

/* The value of up to `most` digits in `base`. */
static uint8_t escape_number(struct cli_script *s, unsigned base, int most)
{
    unsigned value = 0;
    for (; most > 0; most--, top(s)->at++) {
        int c = peek(s, 0);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;
        if (digit >= base)
            break;
        value = value * base + digit;
    }
    return (uint8_t)value;
}

static bool is_hex(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* \n \t \b \r \f, \123, \x7f; any other byte means itself. */
static status escape_byte(struct cli_script *s, struct buffer *out, struct error *err)
{
    static const char from[] = "ntrbf", to[] = "\n\t\r\b\f";
    top(s)->at++;
    int c = peek(s, 0);
    const char *known = c > 0 ? strchr(from, c) : NULL;
    uint8_t byte = (uint8_t)(known ? to[known - from] : c);
    if (c >= '0' && c <= '7') {
        byte = escape_number(s, 8, 3);
    } else if ((c == 'x' || c == 'X') && is_hex(peek(s, 1))) {
        top(s)->at++;
        byte = escape_number(s, 16, 2);
    } else {
        top(s)->at++;
    }
    if (byte == 0)
        FAIL(err, ST_USAGE, "a NUL byte in a quoted argument");
    return buffer_append_byte(out, byte, err);
}

static status quoted_arg(struct cli_script *s, struct buffer *out, struct error *err)
{
    for (top(s)->at++; peek(s, 0) >= 0 && peek(s, 0) != '\n';) {
        if (peek(s, 0) == '\'' && peek(s, 1) != '\'') {
            top(s)->at++;
            return ST_OK;
        }
        if (peek(s, 0) == '\\' && peek(s, 1) >= 0 && peek(s, 1) != '\n') {
            TRY(escape_byte(s, out, err));
            continue;
        }
        top(s)->at += peek(s, 0) == '\'';
        TRY(buffer_append_byte(out, (uint8_t)peek(s, 0), err));
        top(s)->at++;
    }
    FAIL(err, ST_USAGE, "unterminated quoted string");
}

/* "..." keeps its quotes. */
static status kept_arg(struct cli_script *s, struct buffer *out, struct error *err)
{
    bool closed;
    struct str text = rest(s);
    const char *line = memchr(text.ptr, '\n', text.len);
    text.len = line ? (size_t)(line - text.ptr) : text.len;
    size_t n = cli_quoted_length(text, &closed);
    if (!closed)
        FAIL(err, ST_USAGE, "unterminated quoted string");
    TRY(buffer_append(out, text.ptr, n, err));
    top(s)->at += n;
    return ST_OK;
}

/* One argument: pieces of plain text, 'quoted' text, "kept" quotes and variables side by side.
 * vars NULL: the command does not run, nothing is put in place. */
static status read_arg(struct cli_script *s, const struct cli_vars *vars, struct buffer *out,
                       struct error *err)
{
    for (int c; (c = peek(s, 0)) >= 0 && c != '\\' && !cli_is_blank(c);) {
        struct use u = c == ':' && vars ? use_at(s, vars) : (struct use){0};
        if (c == '`' && vars)
            FAIL(err, ST_USAGE, "backquotes run nothing in firn; use a variable (-v name=value)");
        if (c == '\'') {
            TRY(quoted_arg(s, out, err));
        } else if (c == '"') {
            TRY(kept_arg(s, out, err));
        } else if (u.bytes > 0) {
            TRY(put_use(s, &u, out, err));
        } else {
            TRY(buffer_append_byte(out, (uint8_t)c, err));
            top(s)->at++;
        }
    }
    return ST_OK;
}

static status read_args(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                        struct buffer *arg, struct cli_item *out, struct error *err)
{
    size_t capacity = 0;
    for (;;) {
        while (same_line_blank(peek(s, 0)))
            top(s)->at++;
        int c = peek(s, 0);
        if (c < 0 || c == '\n' || c == '\\')
            break;
        if (out->arg_count == 0)
            out->first_quoted = c == '\'' || c == '"';
        buffer_clear(arg);
        TRY(read_arg(s, vars, arg, err));
        TRY(arena_grow(arena, (void **)&out->args, sizeof(*out->args), &capacity,
                       out->arg_count + 1, err));
        TRY(arena_str(arena, buffer_str(arg), &out->args[out->arg_count++], err));
    }
    if (peek(s, 0) == '\\' && peek(s, 1) == '\\') /* \\ separates and means nothing */
        top(s)->at += 2;
    return ST_OK;
}

/* \elif is put in place in a branch that does not run, when it is its turn. */
static bool substitutes(const struct cli_script *s, struct str command)
{
    if (s->depth > 0 && str_eq(command, STR("elif")))
        return !s->branches[s->depth - 1].taken;
    return active(s);
}

/* The meta-command at the next byte, a backslash. */
static status read_command(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                           struct cli_item *out, struct error *err)
{
    struct buffer arg;
    size_t n = 0;
    top(s)->at++;
    while (peek(s, n) >= 0 && peek(s, n) != '\\' && !cli_is_blank(peek(s, n)))
        n++;
    out->name = (struct str){rest(s).ptr, n};
    top(s)->at += n;
    if (n == 0 && peek(s, 0) == '\\') {
        top(s)->at++;
        return ST_OK;
    }
    if (n == 0)
        FAIL(err, ST_USAGE, "a backslash without a command");
    buffer_init(&arg, NULL, STATEMENT_BYTES);
    status st = read_args(s, substitutes(s, out->name) ? vars : NULL, arena, &arg, out, err);
    buffer_free(&arg);
    return st;
}

/* ---- \if ------------------------------------------------------------------------------------- */

bool cli_truth(struct str text, bool *out)
{
    static const struct {
        const char *text;
        size_t least;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (text.len >= words[i].least && text.len <= strlen(words[i].text) &&
            str_eq_nocase(text, (struct str){words[i].text, text.len})) {
            *out = words[i].value;
            return true;
        }
    return false;
}

static status condition(const struct cli_item *item, bool *out, struct error *err)
{
    if (item->arg_count == 1 && cli_truth(item->args[0], out))
        return ST_OK;
    if (item->arg_count == 1)
        FAIL(err, ST_USAGE, "\\%.*s needs true or false, not \"%.*s\"", STR_ARG(item->name),
             STR_ARG(item->args[0]));
    FAIL(err, ST_USAGE, "\\%.*s needs true or false, not %zu words", STR_ARG(item->name),
         item->arg_count);
}

static status open_branch(struct cli_script *s, const struct cli_item *item, struct error *err)
{
    bool outer = active(s), value = false;
    if (s->depth == CLI_IF_DEPTH)
        FAIL(err, ST_USAGE, "more than %d \\if inside each other", CLI_IF_DEPTH);
    if (outer)
        TRY(condition(item, &value, err));
    /* inside a branch that does not run, none of this one's branches does */
    s->branches[s->depth++] = (struct cli_branch){
        .start = item->start, .active = outer && value, .taken = !outer || value};
    return ST_OK;
}

static status next_branch(struct cli_script *s, const struct cli_item *item, struct error *err)
{
    struct cli_branch *b = s->depth ? &s->branches[s->depth - 1] : NULL;
    bool is_else = str_eq(item->name, STR("else")), value = is_else;
    if (!b || b->in_else)
        FAIL(err, ST_USAGE, "\\%.*s %s", STR_ARG(item->name), b ? "after \\else" : "without \\if");
    if (!b->taken && !is_else)
        TRY(condition(item, &value, err));
    b->active = !b->taken && value;
    b->taken |= b->active;
    b->in_else = is_else;
    return ST_OK;
}

/* *done true when the command was one of \if's kin. */
static status conditional(struct cli_script *s, const struct cli_item *item, bool *done,
                          struct error *err)
{
    bool is_else = str_eq(item->name, STR("else")), is_endif = str_eq(item->name, STR("endif"));
    *done = true;
    if ((is_else || is_endif) && item->arg_count > 0)
        FAIL(err, ST_USAGE, "\\%.*s takes no argument, not \"%.*s\"", STR_ARG(item->name),
             STR_ARG(item->args[0]));
    if (str_eq(item->name, STR("if")))
        return open_branch(s, item, err);
    if (str_eq(item->name, STR("elif")) || is_else)
        return next_branch(s, item, err);
    if (is_endif) {
        if (s->depth == 0)
            FAIL(err, ST_USAGE, "\\endif without \\if");
        s->depth--;
        return ST_OK;
    }
    *done = false;
    return ST_OK;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* The meta-command at the next byte; *done true when it is an item of its own or ends one. */
static status command_item(struct cli_script *s, struct walk *w, struct arena *arena,
                           struct cli_item *out, bool *done, struct error *err)
{
    bool conditional_done;
    struct cli_item item = {.kind = CLI_ITEM_COMMAND, .start = s->sources[0].at};
    out->start = item.start;
    TRY(read_command(s, w->vars, arena, &item, err));
    TRY(conditional(s, &item, &conditional_done, err));
    if (conditional_done || !active(s) || item.name.len == 0)
        return ST_OK;
    bool ends = str_eq(item.name, STR("gset")) || str_eq(item.name, STR("g")) ||
                str_eq(item.name, STR("gx"));
    if (ends && !w->any)
        FAIL(err, ST_USAGE, "\\%.*s ends a statement, and there is none", STR_ARG(item.name));
    if (!ends && w->any)
        FAIL(err, ST_USAGE, "\\%.*s in the middle of a statement; end it with ';'",
             STR_ARG(item.name));
    *out = item;
    *done = true;
    return ST_OK;
}

/* Up to the end of a statement or of a command; *done false when there was nothing. */
static status next_item(struct cli_script *s, struct walk *w, struct arena *arena,
                        struct cli_item *out, struct error *err)
{
    enum walk_end end;
    for (bool done = false; !done;) {
        status st = active(s) ? walk_active(s, w, &end, err) : walk_inactive(s, &end);
        out->start = place(s);
        TRY(st);
        if (end == WALK_COMMAND)
            TRY(command_item(s, w, arena, out, &done, err));
        if (end == WALK_END && s->depth > 0) {
            out->start = s->branches[s->depth - 1].start;
            FAIL(err, ST_USAGE, "\\if without \\endif");
        }
        done |= end == WALK_END || (end == WALK_SEMICOLON && w->any);
    }
    if (!w->any)
        return ST_OK;
    out->kind = CLI_ITEM_STATEMENT;
    out->start = w->start;
    return arena_str(arena, buffer_str(&w->sql), &out->sql, err);
}

status cli_script_next(struct cli_script *s, const struct cli_vars *vars, struct arena *arena,
                       struct cli_item *out, struct error *err)
{
    struct walk w = {.vars = vars};
    *out = (struct cli_item){.kind = CLI_ITEM_END};
    buffer_init(&w.sql, NULL, STATEMENT_BYTES);
    status st = next_item(s, &w, arena, out, err);
    buffer_free(&w.sql);
    return st;
}
