// SPDX-License-Identifier: Apache-2.0
/* sql.h - statement text to checked syntax tree, by PostgreSQL's own grammar (libpg_query 15).
 *
 *     text -> sql_rewrite (firn's additions blanked, long and quoted names replaced, positions
 * kept)
 *          -> libpg_query -> protobuf tree -> struct query_statement
 *
 * Additions to the grammar: CREATE OR REPLACE TABLE / MATERIALIZED VIEW, DROP TABLE / MATERIALIZED
 * VIEW ... PURGE, `catalog.` before the schema in CREATE/DROP SCHEMA, EXPLAIN REFRESH MATERIALIZED VIEW. Bounds: valid UTF-8 without NUL,
 * at most 1 MiB and 20,000 operator tokens; beyond is ST_LIMIT with the figure. libpg_query's
 * longjmp stays inside it.
 *
 * Errors are SQLSTATE 42601 with PostgreSQL's message and a 1-based byte position in `text`; what
 * parses but is not supported is 0A000, names the construct, and has its position too. */
#ifndef SQL_H
#define SQL_H

#include "query/query_ast.h"

#define SQL_MAX_BYTES     (1u << 20)
#define SQL_MAX_OPERATORS 20000u
#define SQL_MAX_DEPTH     1000 /* operators within each other; a parenthesis counts 5 */

/* One or more statements separated by ';'. Everything in `arena`. Empty text gives count 0. */
STATUS_MUST_USE status sql_parse(struct str text, struct arena *arena,
                                 struct query_statement ***out, size_t *count, struct error *err);
/* One scalar expression, for stored constraints and definitions. */
STATUS_MUST_USE status sql_parse_expression(struct str text, struct arena *arena,
                                            struct query_ast **out, struct error *err);
/* "double quoted" when the name needs it. */
STATUS_MUST_USE status sql_quote_name(struct str name, struct arena *arena, struct str *out,
                                      struct error *err);

#endif
