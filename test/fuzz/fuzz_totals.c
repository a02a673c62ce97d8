// SPDX-License-Identifier: Apache-2.0
/* fuzz_totals.c - totals of files as a table holds them. What is accepted comes back when it is
 * written and read again, and nothing is left when it is taken away. */
#include "exec/exec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
    if (!cond)
        abort();
}

static struct query_expr real = {.kind = QUERY_COLUMN, .type = {.kind = COLUMN_DOUBLE}};
static struct query_expr whole = {.kind = QUERY_COLUMN, .type = {.kind = COLUMN_BIGINT}};
static struct query_expr wide = {.kind = QUERY_COLUMN,
                                 .type = {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 2}};
static struct query_agg_arg args[] = {
    {.value = NULL}, {.value = &real}, {.value = &whole}, {.value = &wide}};
static struct query_agg_out outs[] = {
    {QUERY_AGG_COUNT_STAR, 0, {.kind = COLUMN_BIGINT}},
    {QUERY_AGG_STDDEV_POP, 1, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_SUM, 1, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_SUM, 2, {.kind = COLUMN_BIGINT}},
    {QUERY_AGG_AVG, 2, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_VAR_SAMP, 3, {.kind = COLUMN_DOUBLE}},
};

static struct exec_totals *totals_of(const struct query_plan *p, struct mem_account *account,
                                     struct str bytes, status *st, struct error *err)
{
    struct exec_totals *t;
    must(exec_totals_create(p, account, &t, NULL) == ST_OK);
    *st = exec_totals_add(t, bytes, err);
    return t;
}

static void check(const struct query_plan *p, struct mem_account *account, struct exec_totals *t,
                  struct str in)
{
    struct arena arena;
    struct str once, twice = {0}, none = {0};
    struct column_value v;
    status st;
    arena_init(&arena, account);
    for (size_t i = 0; i < ARRAY_LEN(outs); i++) { /* a sum may not fit, squares be too few */
        st = exec_totals_result(t, &outs[i], &arena, &v, NULL);
        must(st == ST_OK || st == ST_INVALID || st == ST_CORRUPT);
    }
    must(exec_totals_put(t, &arena, &once, NULL) == ST_OK);
    struct exec_totals *again = totals_of(p, account, once, &st, NULL);
    must(st == ST_OK && exec_totals_put(again, &arena, &twice, NULL) == ST_OK);
    must(str_eq(once, twice));
    if (exec_totals_subtract(again, in, NULL) == ST_OK) {
        must(exec_totals_put(again, &arena, &none, NULL) == ST_OK);
        must(str_eq(none, (struct str){"\0\0\0\0", ARRAY_LEN(args)}));
    }
    exec_totals_free(again);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct error err;
    struct str in = {(const char *)data, size};
    struct query_plan p = {.kind = QUERY_PLAN_AGGREGATE};
    status st;
    p.aggregate.arg_count = ARRAY_LEN(args);
    p.aggregate.args = args;
    p.aggregate.out_count = ARRAY_LEN(outs);
    p.aggregate.outs = outs;
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    error_init(&err);
    struct exec_totals *t = totals_of(&p, &account, in, &st, &err);
    must(st == ST_OK || (st == ST_CORRUPT && err.msg[0]));
    if (st == ST_OK)
        check(&p, &account, t, in);
    exec_totals_free(t);
    must(account.used_bytes == 0);
    return 0;
}
