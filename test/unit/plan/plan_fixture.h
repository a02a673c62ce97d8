// SPDX-License-Identifier: Apache-2.0
/* plan_fixture.h - SQL text to a plan over a few tables in memory, and the plan as one line.
 *
 *     sales     transaction_date date, product_id bigint, quantity bigint, unit_price double,
 *               amount double                                    (demo.sales)
 *     t         one column of every type, see plan_fixture.c
 *     mixed     "Day" date, "value" int, "Value" int, nested struct
 *     summary   day date, total double (a sum measure with states 11, 12), n bigint
 *
 * See plan_tables.h. */
#ifndef PLAN_FIXTURE_H
#define PLAN_FIXTURE_H

#include "harness/test.h"
#include "plan_tables.h"

struct fixture {
    struct plan_tables tables;
    struct error err;
};

void fixture_init(struct fixture *f);
void fixture_free(struct fixture *f);
/* The first statement's SELECT. */
status fixture_select(struct fixture *f, const char *sql, struct query_plan **out);
/* "Limit 1 < Project (a + 1) AS b < Scan demo.sales(a)" */
struct str fixture_line(struct fixture *f, const struct query_plan *p);
/* "transaction_date date, sum double precision" */
struct str fixture_schema(struct fixture *f, const struct column_schema *s);

#define CHECK_PLAN(sql, want)  fixture_check_plan(__FILE__, __LINE__, sql, want)
#define CHECK_TYPES(sql, want) fixture_check_types(__FILE__, __LINE__, sql, want)
/* state is the SQLSTATE, position the 1-based byte (0 = any), message a part of the message */
#define CHECK_ERROR(sql, state, position, message)                                                 \
    fixture_check_error(__FILE__, __LINE__, sql, state, position, message)

void fixture_check_plan(const char *file, int line, const char *sql, const char *want);
void fixture_check_types(const char *file, int line, const char *sql, const char *want);
void fixture_check_error(const char *file, int line, const char *sql, const char *state,
                         int64_t position, const char *message);

#endif
