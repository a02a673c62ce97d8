// SPDX-License-Identifier: Apache-2.0
/* plan_tables.h - a few tables in memory behind a plan_lookup. See plan_fixture.h for what they
 * hold. Tables have no snapshot, so no file is read. Constants are folded by exec. */
#ifndef PLAN_TABLES_H
#define PLAN_TABLES_H

#include "plan/plan.h"

struct plan_tables {
    struct arena arena;
    struct plan_context context;
    struct plan_lookup lookup;
    struct str files_call; /* what read_csv or read_parquet asked for, as text */
};

/* In place: context and lookup point into *t, which must not move. */
void plan_tables_init(struct plan_tables *t, struct mem_account *account);

#endif
