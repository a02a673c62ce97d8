// SPDX-License-Identifier: Apache-2.0
/* plan_check.h - is a plan well formed? Judges every plan of the unit tests and of fuzz_plan. */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "query/query_plan.h"

/* NULL, or what is wrong. Checks Q1 and Q2 of query_expr.h in every node: column indexes and types,
 * argument types of calls, no UNKNOWN anywhere, schemas that agree with what makes them. */
const char *plan_check(const struct query_plan *p);

#endif
