// SPDX-License-Identifier: Apache-2.0
/* exec_fn_text.c - functions of text and bytes.
 *
 * A character is a Unicode code point. Bytes that are not UTF-8 do no harm: a character begins at
 * every byte that is no continuation byte (10xxxxxx), and nothing is read past the end. */
#include "exec/exec_expr_int.h"

#include "column/column_text.h"

#define MOST_TEXT_BYTES (UINT64_C(1) << 30) /* PostgreSQL's limit of a value */

/* ---- shared ---------------------------------------------------------------------------------- */

static void free_buffer(void *arg)
{
    buffer_free(arg);
}

status exec_call_buffer(struct exec_call *c, struct buffer **out, struct error *err)
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

status exec_text_copy(struct exec_call *c, const struct buffer *b, struct str *out,
                      struct error *err)
{
    char *to;
    TRY(arena_alloc(c->text, b->len, (void **)&to, err));
    if (b->len > 0)
        memcpy(to, b->data, b->len);
    *out = (struct str){to, b->len};
    return ST_OK;
}

status exec_text_of(struct exec_call *c, const struct column_value *v, struct str *out,
                    struct error *err)
{
    struct buffer *b;
    TRY(exec_call_buffer(c, &b, err));
    TRY(column_text_format(v, c->zone, b, err));
    return exec_text_copy(c, b, out, err);
}

/* Room for a result of a known length. */
static status room(struct exec_call *c, uint64_t bytes, char **to, struct error *err)
{
    if (bytes > MOST_TEXT_BYTES)
        FAIL_SQL(err, ST_LIMIT, "54000", 0, "requested length too large");
    return arena_alloc(c->text, bytes, (void **)to, err);
}

/* ---- joining --------------------------------------------------------------------------------- */

static EXEC_SCALAR(concat_op)
{
    struct str a = EXEC_ARG(struct str, 0), b = EXEC_ARG(struct str, 1);
    char *to;
    TRY(room(c, (uint64_t)a.len + b.len, &to, err));
    if (a.len > 0)
        memcpy(to, a.ptr, a.len);
    if (b.len > 0)
        memcpy(to + a.len, b.ptr, b.len);
    EXEC_OUT(struct str) = (struct str){to, a.len + b.len};
    return ST_OK;
}

static const struct exec_function rows[] = {
    {QUERY_FN_CONCAT_OP, .scalar = concat_op},
    {QUERY_FN_CONCAT_BYTEA, .scalar = concat_op},
};

const struct exec_function_table exec_fn_text_table = {rows, ARRAY_LEN(rows)};
