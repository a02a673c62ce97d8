// SPDX-License-Identifier: Apache-2.0
/* sql_parse.c - the ways in: text -> sql_scan -> sql_rewrite -> libpg_query -> sql_statement. */
#include "sql/sql_int.h"

/* Both trees (libpg_query's protobuf bytes, protobuf-c's structs) end here; what is kept was copied
 * into s->arena. */
static status parse_tree(struct sql_source *s, PgQuery__ParseResult **out, struct error *err)
{
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(s->rewritten);
    status st = ST_OK;
    if (parsed.error) {
        st = sql_error(s, parsed.error, err);
    } else {
        *out = pg_query__parse_result__unpack(&s->allocator, parsed.parse_tree.len,
                                              (const uint8_t *)parsed.parse_tree.data);
        if (!*out)
            st = sql_unpack_failed(s, err);
    }
    pg_query_free_protobuf_parse_result(parsed);
    return st;
}

/* The tokens of a statement: stmt_len 0 means up to the end of the text. */
static void parse_range(struct sql_source *s, const PgQuery__RawStmt *raw)
{
    size_t begin = sql_offset(s, (size_t)raw->stmt_location);
    size_t end = raw->stmt_len ? sql_offset(s, (size_t)raw->stmt_location + (size_t)raw->stmt_len)
                               : s->text.len;
    for (s->first = s->last; s->first < s->token_count; s->first++)
        if (s->tokens[s->first].start >= begin &&
            s->tokens[s->first].kind != PG_QUERY__TOKEN__ASCII_59)
            break;
    for (s->last = s->first; s->last < s->token_count; s->last++)
        if (s->tokens[s->last].end > end)
            break;
    while (s->last > s->first && s->tokens[s->last - 1].kind == PG_QUERY__TOKEN__ASCII_59)
        s->last--;
}

static status parse_statements(struct sql_source *s, struct query_statement ***out, size_t *count,
                               struct error *err)
{
    PgQuery__ParseResult *tree = NULL;
    TRY(sql_scan(s, err));
    TRY(sql_rewrite(s, "", err));
    TRY(parse_tree(s, &tree, err));
    TRY(ARENA_ARRAY(s->arena, struct query_statement *, tree->n_stmts + 1, out, err));
    for (size_t i = 0; i < tree->n_stmts; i++) {
        parse_range(s, tree->stmts[i]);
        TRY(sql_statement(s, tree->stmts[i]->stmt, &(*out)[i], err));
    }
    *count = tree->n_stmts;
    return ST_OK;
}

status sql_parse(struct str text, struct arena *arena, struct query_statement ***out, size_t *count,
                 struct error *err)
{
    struct sql_source s;
    struct arena scratch;
    struct error allocator_error;
    *count = 0;
    error_init(&allocator_error);
    arena_init(&scratch, arena->account);
    sql_source_init(&s, text, arena, &scratch, &allocator_error);
    status st = parse_statements(&s, out, count, err);
    arena_free(&scratch);
    return st;
}

/* "SELECT <text>" must be a SELECT with one target and nothing else. */
static status parse_expression(struct sql_source *s, struct query_ast **out, struct error *err)
{
    PgQuery__ParseResult *tree = NULL;
    TRY(sql_scan(s, err));
    TRY(sql_rewrite(s, "SELECT ", err));
    TRY(parse_tree(s, &tree, err));
    s->last = s->token_count;
    const PgQuery__Node *node = tree->n_stmts == 1 ? tree->stmts[0]->stmt : NULL;
    const PgQuery__SelectStmt *p =
        node && node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? node->select_stmt : NULL;
    bool single = p && p->n_target_list == 1 && !p->n_from_clause && !p->where_clause &&
                  !p->n_group_clause && !p->having_clause && !p->n_sort_clause && !p->limit_count &&
                  !p->limit_offset && !p->n_distinct_clause && !p->into_clause &&
                  !p->n_window_clause && !p->n_locking_clause && !p->with_clause &&
                  p->op == PG_QUERY__SET_OPERATION__SETOP_NONE;
    const PgQuery__ResTarget *t =
        single && p->target_list[0]->node_case == PG_QUERY__NODE__NODE_RES_TARGET
            ? p->target_list[0]->res_target
            : NULL;
    if (!t || (t->name && *t->name))
        FAIL_SQL(err, ST_INVALID, "42601", 1, "one expression is expected");
    return sql_expression(s, t->val, out, err);
}

status sql_parse_expression(struct str text, struct arena *arena, struct query_ast **out,
                            struct error *err)
{
    struct sql_source s;
    struct arena scratch;
    struct error allocator_error;
    error_init(&allocator_error);
    arena_init(&scratch, arena->account);
    sql_source_init(&s, text, arena, &scratch, &allocator_error);
    status st = parse_expression(&s, out, err);
    arena_free(&scratch);
    return st;
}

/* PostgreSQL's rule: plain if it is a lower-case word that no grammar rule claims. */
static status quote_is_plain(struct str name, struct arena *arena, bool *out, struct error *err)
{
    *out = false;
    if (name.len == 0 || name.len > 63 || (name.ptr[0] >= '0' && name.ptr[0] <= '9'))
        return ST_OK;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return ST_OK;
    }
    struct sql_source s;
    struct error allocator_error;
    error_init(&allocator_error);
    sql_source_init(&s, name, arena, arena, &allocator_error);
    TRY(sql_scan(&s, err));
    *out =
        s.token_count == 1 && (s.tokens[0].kind == PG_QUERY__TOKEN__IDENT ||
                               s.tokens[0].keyword == PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD);
    return ST_OK;
}

status sql_quote_name(struct str name, struct arena *arena, struct str *out, struct error *err)
{
    bool plain;
    struct arena scratch;
    arena_init(&scratch, arena->account);
    status st = quote_is_plain(name, &scratch, &plain, err);
    arena_free(&scratch);
    TRY(st);
    if (plain)
        return arena_str(arena, name, out, err);
    char *to;
    size_t len = 0;
    TRY(ARENA_ARRAY(arena, char, 2 * name.len + 3, &to, err));
    to[len++] = '"';
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            to[len++] = '"';
        to[len++] = name.ptr[i];
    }
    to[len++] = '"';
    to[len] = 0;
    *out = (struct str){to, len};
    return ST_OK;
}
