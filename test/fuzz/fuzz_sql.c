// SPDX-License-Identifier: Apache-2.0
/* fuzz_sql.c - any bytes as SQL text, as an expression and as a name.
 *
 * Beyond not crashing: an error has a message and a position inside the text; a statement's source
 * parses again, alone, to the same kind; a quoted name reads back as itself. */
#include "sql/sql.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Bounds may differ for a part: a part of a text within them is within them too. */
static void statements(struct str text, struct arena *arena)
{
    struct query_statement **all, **again;
    size_t count, one;
    struct error err;
    error_init(&err);
    if (sql_parse(text, arena, &all, &count, &err) != ST_OK) {
        require(err.msg[0] && err.code != ST_INTERNAL);
        require(err.position >= 0 && err.position <= (int64_t)text.len + 1);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        require(sql_parse(all[i]->source, arena, &again, &one, &err) == ST_OK);
        require(one == 1 && again[0]->kind == all[i]->kind);
        require(str_eq(again[0]->source, all[i]->source));
    }
}

static void expression(struct str text, struct arena *arena)
{
    struct query_ast *a;
    struct error err;
    error_init(&err);
    if (sql_parse_expression(text, arena, &a, &err) == ST_OK) {
        require(a->position >= 0 && a->position <= (int64_t)text.len);
        return;
    }
    require(err.msg[0] && err.code != ST_INTERNAL);
    require(err.position >= 0 && err.position <= (int64_t)text.len + 1);
}

static void name(struct str text, struct arena *arena)
{
    struct str quoted;
    struct query_ast *a;
    struct error err;
    error_init(&err);
    if (text.len == 0 || text.len > 1000 || !str_is_utf8(text))
        return;
    require(sql_quote_name(text, arena, &quoted, &err) == ST_OK);
    require(sql_parse_expression(quoted, arena, &a, &err) == ST_OK);
    require(a->kind == QUERY_AST_COLUMN && a->name_count == 1 && str_eq(a->names[0].text, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct str text = {(const char *)data, size};
    mem_account_init(&account, "fuzz", NULL, 1u << 30);
    arena_init(&arena, &account);
    statements(text, &arena);
    expression(text, &arena);
    name(text, &arena);
    arena_free(&arena);
    require(account.used_bytes == 0);
    return 0;
}
