// SPDX-License-Identifier: Apache-2.0
/* sql_print.h - a tree as one line, for golden tests. Every field that is set shows; names that
 * were quoted keep their quotes; with `positions`, "@n" stands behind each expression. */
#ifndef SQL_PRINT_H
#define SQL_PRINT_H

#include "base/buffer.h"
#include "query/query_ast.h"

struct sql_print {
    struct buffer *out;
    bool positions;
};

void sql_print_expression(struct sql_print *p, const struct query_ast *a);
void sql_print_select(struct sql_print *p, const struct query_select *q);
void sql_print_statement(struct sql_print *p, const struct query_statement *q);

#endif
