// SPDX-License-Identifier: Apache-2.0
/* status.c - filling in error records. Messages are cut at the record's size, never overflow. */
#include "base/status.h"

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
    if (strstr(err->msg, context)) /* a file's name, said by whoever read it */
        return;
    size_t room = sizeof(err->msg) - used - 3, n = strlen(context);
    memcpy(err->msg + used, ": ", 2);
    n = n < room ? n : room;
    memcpy(err->msg + used + 2, context, n);
    err->msg[used + 2 + n] = 0;
}

void error_detail(struct error *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->detail, sizeof(err->detail), fmt, args);
    va_end(args);
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
