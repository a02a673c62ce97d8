// SPDX-License-Identifier: Apache-2.0
/* sql_scan.c - first step: is the text within bounds, and which tokens has it?
 *
 * libpg_query and protobuf-c recurse over the tree without a bound of their own; a nested message
 * takes about 180 bytes of stack on the way out of libpg_query and 965 on the way into protobuf-c
 * (measured, amd64), and a level of the tree is two messages or more. So the depth is bounded from
 * the tokens, before there is a tree:
 *
 *     depth of an item    its operators and keywords + the deepest list inside it
 *     depth of a list     its deepest item; items end at a comma, AND, OR, WHEN, THEN, ELSE
 *     parenthesis, CASE   the list inside + SQL_PAREN_DEPTH, as (SELECT (SELECT ...)) takes more
 *     UNION, JOIN         count for the whole list: they chain across commas
 *
 * D1  the depth is never less than half of the messages nested in the tree: at SQL_MAX_DEPTH the
 *     stack stays below 2 MB (measured for each way to nest: a chain of operators is the worst)
 * D2  an AND that belongs to BETWEEN is an operator, not the end of an item */
#include "sql/sql_int.h"

#define SQL_PAREN_DEPTH 5
#define SQL_MAX_PARENS  (SQL_MAX_DEPTH / SQL_PAREN_DEPTH)

/* One open parenthesis, bracket or CASE, or the statement itself. */
struct scan_level {
    bool is_case;
    unsigned betweens;  /* BETWEENs still without their AND */
    unsigned operators; /* of the current item */
    unsigned inside;    /* depth of the deepest list inside the current item */
    unsigned deepest;   /* item of this list so far */
    unsigned chained;   /* UNION, JOIN */
};

struct scan_depth {
    size_t open; /* levels[open] is the current one */
    struct scan_level levels[SQL_MAX_PARENS + 1];
};

static void depth_end_item(struct scan_level *l)
{
    unsigned depth = l->operators + l->inside;
    if (depth > l->deepest)
        l->deepest = depth;
    l->operators = l->inside = l->betweens = 0;
}

static status depth_open(struct scan_depth *d, bool is_case, int64_t position, struct error *err)
{
    if (d->open == SQL_MAX_PARENS)
        FAIL_SQL(err, ST_LIMIT, "54001", position,
                 "the statement nests parentheses deeper than %d levels", SQL_MAX_PARENS);
    d->levels[++d->open] = (struct scan_level){.is_case = is_case};
    return ST_OK;
}

static void depth_close(struct scan_depth *d, bool is_case)
{
    if (d->open == 0 || d->levels[d->open].is_case != is_case)
        return; /* not well nested: the parser will say so */
    struct scan_level *l = &d->levels[d->open--];
    depth_end_item(l);
    unsigned depth = l->deepest + l->chained + SQL_PAREN_DEPTH;
    if (depth > d->levels[d->open].inside)
        d->levels[d->open].inside = depth;
}

/* True for names, constants and punctuation: everything that nests nothing by itself. */
static bool token_is_plain(int kind)
{
    switch (kind) {
    case PG_QUERY__TOKEN__IDENT:
    case PG_QUERY__TOKEN__FCONST:
    case PG_QUERY__TOKEN__SCONST:
    case PG_QUERY__TOKEN__BCONST:
    case PG_QUERY__TOKEN__XCONST:
    case PG_QUERY__TOKEN__ICONST:
    case PG_QUERY__TOKEN__PARAM:
    case PG_QUERY__TOKEN__NULL_P:
    case PG_QUERY__TOKEN__TRUE_P:
    case PG_QUERY__TOKEN__FALSE_P:
    case PG_QUERY__TOKEN__TIME:
    case PG_QUERY__TOKEN__TIMESTAMP:
    case PG_QUERY__TOKEN__ASCII_40: /* ( */
    case PG_QUERY__TOKEN__ASCII_41: /* ) */
    case PG_QUERY__TOKEN__ASCII_44: /* , */
    case PG_QUERY__TOKEN__ASCII_46: /* . */
    case PG_QUERY__TOKEN__ASCII_59: /* ; */
    case PG_QUERY__TOKEN__ASCII_91: /* [ */
    case PG_QUERY__TOKEN__ASCII_93: /* ] */
        return true;
    default:
        return false;
    }
}

static status depth_token(struct scan_depth *d, int kind, int64_t position, struct error *err)
{
    struct scan_level *l = &d->levels[d->open];
    switch (kind) {
    case PG_QUERY__TOKEN__ASCII_40:
    case PG_QUERY__TOKEN__ASCII_91:
        return depth_open(d, false, position, err);
    case PG_QUERY__TOKEN__CASE:
        return depth_open(d, true, position, err);
    case PG_QUERY__TOKEN__ASCII_41:
    case PG_QUERY__TOKEN__ASCII_93:
        depth_close(d, false);
        return ST_OK;
    case PG_QUERY__TOKEN__END_P:
        depth_close(d, true);
        return ST_OK;
    case PG_QUERY__TOKEN__AND:
        if (l->betweens > 0) { /* D2 */
            l->betweens--;
            l->operators++;
            return ST_OK;
        }
        depth_end_item(l);
        return ST_OK;
    case PG_QUERY__TOKEN__ASCII_44:
    case PG_QUERY__TOKEN__OR:
    case PG_QUERY__TOKEN__WHEN:
    case PG_QUERY__TOKEN__THEN:
    case PG_QUERY__TOKEN__ELSE:
        depth_end_item(l);
        return ST_OK;
    case PG_QUERY__TOKEN__UNION:
    case PG_QUERY__TOKEN__INTERSECT:
    case PG_QUERY__TOKEN__EXCEPT:
    case PG_QUERY__TOKEN__JOIN:
        l->chained++;
        return ST_OK;
    case PG_QUERY__TOKEN__BETWEEN:
        l->betweens++;
        break;
    default:
        break;
    }
    l->operators += !token_is_plain(kind);
    return ST_OK;
}

/* The statement up to a ';' or the end of the text. */
static status depth_end_statement(struct scan_depth *d, struct error *err)
{
    while (d->open > 0)
        depth_close(d, d->levels[d->open].is_case);
    depth_end_item(&d->levels[0]);
    unsigned depth = d->levels[0].deepest + d->levels[0].chained;
    d->levels[0] = (struct scan_level){0};
    if (depth > SQL_MAX_DEPTH) {
        status st = error_set(err, ST_LIMIT, __FILE__, __LINE__,
                              "the statement nests operators %u deep, at most %d are allowed",
                              depth, SQL_MAX_DEPTH);
        error_sqlstate(err, "54001");
        return st;
    }
    return ST_OK;
}

static status scan_check_depth(const struct sql_source *s, struct error *err)
{
    struct scan_depth d = {0};
    size_t operators = 0;
    for (size_t i = 0; i < s->token_count; i++) {
        const struct sql_token *t = &s->tokens[i];
        operators += !token_is_plain(t->kind);
        if (operators > SQL_MAX_OPERATORS)
            FAIL_SQL(err, ST_LIMIT, "54001", t->start + 1,
                     "the text has more than %u operators and keywords; load bulk rows by COPY",
                     SQL_MAX_OPERATORS);
        if (t->kind == PG_QUERY__TOKEN__ASCII_59 && d.open == 0)
            TRY(depth_end_statement(&d, err));
        else
            TRY(depth_token(&d, t->kind, t->start + 1, err));
    }
    return depth_end_statement(&d, err);
}

static status scan_keep(struct sql_source *s, const PgQuery__ScanResult *r, struct error *err)
{
    TRY(ARENA_ARRAY(s->scratch, struct sql_token, r->n_tokens + 1, &s->tokens, err));
    for (size_t i = 0; i < r->n_tokens; i++) {
        const PgQuery__ScanToken *t = r->tokens[i];
        if (t->token == PG_QUERY__TOKEN__SQL_COMMENT || t->token == PG_QUERY__TOKEN__C_COMMENT)
            continue;
        if (t->token == PG_QUERY__TOKEN__UIDENT || t->token == PG_QUERY__TOKEN__USCONST)
            return sql_refuse(err, t->start + 1, "text with U& escapes");
        ENSURE(t->start >= 0 && t->start < t->end && (size_t)t->end <= s->text.len, err);
        s->tokens[s->token_count++] = (struct sql_token){
            (uint32_t)t->start, (uint32_t)t->end, (uint16_t)t->token, (uint8_t)t->keyword_kind};
    }
    return ST_OK;
}

static void *scan_alloc(void *self, size_t bytes)
{
    struct sql_source *s = self;
    void *block;
    return arena_alloc(s->scratch, bytes, &block, s->allocator_error) == ST_OK ? block : NULL;
}

static void scan_free(void *self, void *block)
{
}

void sql_source_init(struct sql_source *s, struct str text, struct arena *arena,
                     struct arena *scratch, struct error *allocator_error)
{
    *s = (struct sql_source){
        .arena = arena, .scratch = scratch, .allocator_error = allocator_error, .text = text};
    s->allocator = (ProtobufCAllocator){scan_alloc, scan_free, s};
}

status sql_unpack_failed(const struct sql_source *s, struct error *err)
{
    if (s->allocator_error->code != ST_OK) {
        if (err)
            *err = *s->allocator_error;
        return s->allocator_error->code;
    }
    FAIL(err, ST_INTERNAL, "libpg_query's answer cannot be unpacked");
}

status sql_scan(struct sql_source *s, struct error *err)
{
    if (s->text.len > SQL_MAX_BYTES)
        FAIL_SQL(err, ST_LIMIT, "54000", 0, "the text has %zu bytes, at most %u are allowed",
                 s->text.len, SQL_MAX_BYTES);
    if (!str_is_utf8(s->text))
        FAIL_SQL(err, ST_INVALID, "22021", 0, "the text is not valid UTF-8 without NUL");
    /* libpg_query wants a NUL behind the text; offsets are those of the original for now. */
    TRY(arena_alloc(s->scratch, s->text.len + 1, (void **)&s->rewritten, err));
    if (s->text.len)
        memcpy(s->rewritten, s->text.ptr, s->text.len);
    s->rewritten[s->text.len] = 0;
    TRY(ARENA_NEW(s->scratch, struct sql_segment, &s->segments, err));
    s->segments[s->segment_count++] = (struct sql_segment){0, 0, true};

    PgQueryScanResult scan = pg_query_scan(s->rewritten);
    status st = ST_OK;
    if (scan.error) {
        st = sql_error(s, scan.error, err);
    } else {
        PgQuery__ScanResult *r = pg_query__scan_result__unpack(&s->allocator, scan.pbuf.len,
                                                               (const uint8_t *)scan.pbuf.data);
        st = r ? scan_keep(s, r, err) : sql_unpack_failed(s, err);
    }
    pg_query_free_scan_result(scan);
    TRY(st);
    return scan_check_depth(s, err);
}
