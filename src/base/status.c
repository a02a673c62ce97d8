// SPDX-License-Identifier: Apache-2.0
/* status.c - filling in error records. Messages are cut at the record's size, never overflow. They
 * quote names and values from outside, so they are made printable: what is no UTF-8, or would
 * command a terminal, becomes "?". */
#include "base/status.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct status_row {
    const char *text;
    const char *sqlstate;
    int exit_code;
};

#define STATUS_ROW_(name, text, state, code) {text, state, code},
static const struct status_row status_rows[] = {STATUS_MAP(STATUS_ROW_)};
#undef STATUS_ROW_

void error_init(struct error *err)
{
    if (err)
        memset(err, 0, sizeof(*err));
}

/* Bytes of the character that begins at `text`; 0 when it is none that may be shown. */
static size_t shown_bytes(const char *text)
{
    unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
    size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (c < 0x20 || c == 0x7F)
        return c == '\n' || c == '\t';
    if (c == 0xC2 && next < 0xA0) /* the second set of control characters */
        return 0;
    return strnlen(text, n) == n && str_is_utf8((struct str){text, n}) ? n : 0;
}

static void make_printable(char *text)
{
    for (size_t i = 0; text[i];) {
        size_t n = shown_bytes(text + i);
        if (n == 0)
            text[i] = '?';
        i += n ? n : 1;
    }
}

status error_set(struct error *err, status code, const char *file, int line, const char *fmt, ...)
{
    if (!err)
        return code;
    error_init(err);
    err->code = code;
    err->file = file;
    err->line = line;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->msg, sizeof(err->msg), fmt, args);
    va_end(args);
    make_printable(err->msg);
    return code;
}

void error_context(struct error *err, const char *fmt, ...)
{
    if (!err)
        return;
    size_t used = strlen(err->msg);
    if (used + 3 >= sizeof(err->msg))
        return;
    char context[sizeof(err->msg)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);
    make_printable(context);
    if (strstr(err->msg, context)) /* a file's name, said by whoever read it */
        return;
    size_t room = sizeof(err->msg) - used - 3, n = strlen(context);
    memcpy(err->msg + used, ": ", 2);
    n = n < room ? n : room;
    memcpy(err->msg + used + 2, context, n);
    err->msg[used + 2 + n] = 0;
    make_printable(err->msg + used); /* it may be cut inside a character */
}

void error_detail(struct error *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->detail, sizeof(err->detail), fmt, args);
    va_end(args);
    make_printable(err->detail);
}

void error_sqlstate(struct error *err, const char *sqlstate)
{
    if (err)
        snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
}

void error_position(struct error *err, int64_t position)
{
    if (err)
        err->position = position;
}

const char *status_text(status code)
{
    return (unsigned)code < ST_COUNT ? status_rows[code].text : "?";
}

int status_exit_code(status code)
{
    return (unsigned)code < ST_COUNT ? status_rows[code].exit_code : 1;
}

const char *error_state(const struct error *err)
{
    if (err->sqlstate[0])
        return err->sqlstate;
    return (unsigned)err->code < ST_COUNT ? status_rows[err->code].sqlstate : "XX000";
}

void status_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
