// SPDX-License-Identifier: Apache-2.0
/* buffer.c - capped growable bytes; see buffer.h. Doubles from 256 bytes up to the cap. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>

void buffer_init(struct buffer *b, struct mem_account *account, size_t cap_bytes)
{
    *b = (struct buffer){.account = account, .cap_bytes = cap_bytes};
}

void buffer_free(struct buffer *b)
{
    mem_free(b->account, b->data, b->size_bytes);
    buffer_init(b, b->account, b->cap_bytes);
}

void buffer_move(struct buffer *to, struct buffer *from)
{
    *to = *from;
    buffer_init(from, from->account, from->cap_bytes);
}

status buffer_reserve(struct buffer *b, size_t more, struct error *err)
{
    if (more <= b->size_bytes - b->len)
        return ST_OK;
    if (more > b->cap_bytes || b->len > b->cap_bytes - more)
        FAIL(err, ST_LIMIT, "a buffer of %zu bytes cannot take %zu more: its limit is %zu", b->len,
             more, b->cap_bytes);
    size_t want = b->size_bytes ? b->size_bytes : 256;
    while (want < b->len + more)
        want = want > SIZE_MAX / 2 ? b->len + more : want * 2;
    if (want > b->cap_bytes)
        want = b->cap_bytes;
    TRY(mem_realloc(b->account, (void **)&b->data, b->size_bytes, want, err));
    b->size_bytes = want;
    return ST_OK;
}

status buffer_append(struct buffer *b, const void *data, size_t bytes, struct error *err)
{
    TRY(buffer_reserve(b, bytes, err));
    if (bytes)
        memcpy(b->data + b->len, data, bytes);
    b->len += bytes;
    return ST_OK;
}

status buffer_append_str(struct buffer *b, struct str s, struct error *err)
{
    return buffer_append(b, s.ptr, s.len, err);
}

status buffer_append_byte(struct buffer *b, uint8_t byte, struct error *err)
{
    return buffer_append(b, &byte, 1, err);
}

status buffer_printf(struct buffer *b, struct error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0)
        FAIL(err, ST_INTERNAL, "bad format %s", fmt);
    TRY(buffer_reserve(b, (size_t)n + 1, err));
    va_start(args, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
    return ST_OK;
}
