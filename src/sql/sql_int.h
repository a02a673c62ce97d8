// SPDX-License-Identifier: Apache-2.0
/* sql_int.h - what sql's files share: the statement text in its two forms, and the converters.
 *
 *     original    SELECT "Größe"  FROM t     offsets of tokens, and of every position handed out
 *     rewritten   SELECT  firn0$0   FROM t   what libpg_query reads; its locations are mapped back
 *
 * The converters walk libpg_query's protobuf tree once, top down. They recurse as deep as the tree,
 * which sql_scan bounded before it was made (SQL_MAX_DEPTH). All take the source first. */
#ifndef SQL_INT_H
#define SQL_INT_H

#include "sql/sql.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

/* A token of the original text; comments are left out. */
struct sql_token {
    uint32_t start, end; /* bytes [start, end) of the original */
    uint16_t kind;       /* PG_QUERY__TOKEN__... */
    uint8_t keyword;     /* PG_QUERY__KEYWORD_KIND__... */
};

/* Where a run of rewritten bytes comes from. */
struct sql_segment {
    uint32_t rewritten, original; /* first byte of the run in both */
    bool verbatim;                /* byte by byte; else all of it stands for `original` */
};

/* A name that the parser saw under a generated one. */
struct sql_name_kept {
    struct query_name name;
    struct str written; /* with its quotes; for error messages */
};

/* What was blanked of a statement. */
struct sql_mark {
    size_t token; /* of CREATE or DROP */
    bool or_replace, purge;
    struct query_name catalog; /* text.len 0 = none */
};

struct sql_source {
    struct arena *arena;           /* borrowed: results */
    struct arena *scratch;         /* borrowed: all below, and the protobuf trees */
    ProtobufCAllocator allocator;  /* hands out scratch; frees nothing */
    struct error *allocator_error; /* borrowed: why the allocator gave NULL */
    struct str text;               /* borrowed: the original */
    size_t token_count;
    struct sql_token *tokens;
    char *rewritten; /* NUL-terminated; while it is scanned, the original */
    size_t segment_count;
    struct sql_segment *segments; /* ascending; the first starts at 0 */
    char prefix[24];              /* of generated names; in no other word of the text */
    size_t name_count;
    struct sql_name_kept *names;
    size_t mark_count;
    struct sql_mark *marks;
    size_t first, last; /* tokens [first, last) of the statement being converted */
};

/* ---- text (sql_scan.c, sql_rewrite.c) -------------------------------------------------------- */

void sql_source_init(struct sql_source *s, struct str text, struct arena *arena,
                     struct arena *scratch, struct error *allocator_error);
/* The failure of an unpack that returned NULL. */
status sql_unpack_failed(const struct sql_source *s, struct error *err);

/* Checks the bounds of sql.h and fills tokens. */
STATUS_MUST_USE status sql_scan(struct sql_source *s, struct error *err);
/* Fills the rest. `lead` stands in front of the rewritten text and has no position. */
STATUS_MUST_USE status sql_rewrite(struct sql_source *s, const char *lead, struct error *err);
/* libpg_query's error about s->rewritten, its position and names put back. */
status sql_error(const struct sql_source *s, const PgQueryError *e, struct error *err);
/* Rewritten offset to original offset. */
size_t sql_offset(const struct sql_source *s, size_t rewritten);
/* A node's location to a 1-based position; 0 for -1. */
int64_t sql_position(const struct sql_source *s, int location);
/* 1-based position of a token of the statement; 0 past its end. */
int64_t sql_token_position(const struct sql_source *s, size_t token);
/* The token that starts at a 1-based position; token_count if none does. */
size_t sql_token_at(const struct sql_source *s, int64_t position);
/* The first token of this kind outside parentheses in the statement, from `token` on; s->last if
 * none. */
size_t sql_token_find(const struct sql_source *s, size_t token, int kind);
/* The original text of tokens [first, last). */
struct str sql_slice(const struct sql_source *s, size_t first, size_t last);

/* ---- nodes (sql_node.c) ---------------------------------------------------------------------- */

/* "<what> is not supported", 0A000. */
__attribute__((format(printf, 3, 4))) status sql_refuse(struct error *err, int64_t position,
                                                        const char *fmt, ...);
/* The leftmost position below a node; 0 if none has one. `message` may be NULL. */
int64_t sql_leftmost(const struct sql_source *s, const void *message);
/* The nearest token of one of three kinds before a position; 0 if none. */
int64_t sql_position_before(const struct sql_source *s, int64_t position, int a, int b, int c);
STATUS_MUST_USE status sql_text(struct sql_source *s, const char *z, struct str *out,
                                struct error *err);
STATUS_MUST_USE status sql_join(struct sql_source *s, const struct str *parts, size_t count,
                                struct str separator, struct str *out, struct error *err);
/* A name of the tree, a generated one put back. NULL and "" give none. */
STATUS_MUST_USE status sql_name(struct sql_source *s, const char *z, struct query_name *out,
                                struct error *err);
/* The text of a string constant, which may have been a name: extract("year" FROM d), SET x = "y".
 */
STATUS_MUST_USE status sql_string_const(struct sql_source *s, const PgQuery__AConst *c,
                                        struct str *out, struct error *err);
STATUS_MUST_USE status sql_string_node(const PgQuery__Node *node, const char **out,
                                       struct error *err);
/* String nodes, or ResTargets without indirection, as names. */
STATUS_MUST_USE status sql_names(struct sql_source *s, PgQuery__Node **nodes, size_t count,
                                 struct query_name **out, struct error *err);
STATUS_MUST_USE status sql_table(struct sql_source *s, const PgQuery__RangeVar *r,
                                 struct query_table_name *out, struct error *err);
STATUS_MUST_USE status sql_type(struct sql_source *s, const PgQuery__TypeName *t,
                                struct column_type *out, struct error *err);
/* Options as name and text: WITH (...), COPY, EXPLAIN. */
STATUS_MUST_USE status sql_options(struct sql_source *s, PgQuery__Node **nodes, size_t count,
                                   struct query_option **out, struct error *err);

/* ---- expressions, queries, statements -------------------------------------------------------- */

STATUS_MUST_USE status sql_ast(struct sql_source *s, enum query_ast_kind kind, int64_t position,
                               size_t arg_count, struct query_ast **out, struct error *err);
STATUS_MUST_USE status sql_expression(struct sql_source *s, const PgQuery__Node *node,
                                      struct query_ast **out, struct error *err);
STATUS_MUST_USE status sql_expressions(struct sql_source *s, PgQuery__Node **nodes, size_t count,
                                       struct query_ast **out, struct error *err);
STATUS_MUST_USE status sql_call(struct sql_source *s, const PgQuery__FuncCall *f,
                                struct query_ast **out, struct error *err);
STATUS_MUST_USE status sql_cast(struct sql_source *s, const PgQuery__TypeCast *c,
                                struct query_ast **out, struct error *err);
STATUS_MUST_USE status sql_select(struct sql_source *s, const PgQuery__SelectStmt *p,
                                  int64_t position, struct query_select **out, struct error *err);
/* Tokens [s->first, s->last) and their tree. */
STATUS_MUST_USE status sql_statement(struct sql_source *s, const PgQuery__Node *node,
                                     struct query_statement **out, struct error *err);
/* DDL and the rest, called by sql_statement; *known false if the node is none of theirs. */
STATUS_MUST_USE status sql_define(struct sql_source *s, const PgQuery__Node *node,
                                  struct query_statement *q, bool *known, struct error *err);
STATUS_MUST_USE status sql_utility(struct sql_source *s, const PgQuery__Node *node,
                                   struct query_statement *q, bool *known, struct error *err);

#endif
