// SPDX-License-Identifier: Apache-2.0
/* exec_held_test.c - rows kept in memory: several streams over them, and what they cost. */
#include "exec/exec.h"
#include "harness/test.h"

#include <stdio.h>

#define ROWS 5000

static struct arena arena;
static struct mem_account account;
static struct exec_context context;
static struct error err;
static struct column_field fields[] = {{.name = {"n", 1}, .type = {.kind = COLUMN_BIGINT}},
                                       {.name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};

static void setup(size_t limit_bytes)
{
    error_init(&err);
    mem_account_init(&account, "test", NULL, limit_bytes);
    arena_init(&arena, NULL);
    context = (struct exec_context){.account = &account, .arena = &arena};
}

static struct query_expr *constant(struct column_value value)
{
    struct query_expr *e;
    CHECK_OK(ARENA_NEW(&arena, struct query_expr, &e, &err));
    *e = (struct query_expr){.kind = QUERY_CONST, .type = value.type, .value = value};
    return e;
}

/* (i, 'text i'), NULL in every third text. */
static struct query_plan *numbered(int64_t rows)
{
    struct query_plan *p;
    CHECK_OK(ARENA_NEW(&arena, struct query_plan, &p, &err));
    p->kind = QUERY_PLAN_VALUES;
    p->schema = (struct column_schema){2, fields};
    p->values.rows = rows;
    CHECK_OK(ARENA_ARRAY(&arena, struct query_expr **, (size_t)rows, &p->values.cells, &err));
    for (int64_t i = 0; i < rows; i++) {
        struct column_value n = {.type = fields[0].type, .i64 = i};
        struct column_value t = {.type = fields[1].type, .null = i % 3 == 0};
        CHECK_OK(arena_printf(&arena, &t.str, &err, "text %d", (int)i));
        CHECK_OK(ARENA_ARRAY(&arena, struct query_expr *, 2, &p->values.cells[i], &err));
        p->values.cells[i][0] = constant(n);
        p->values.cells[i][1] = constant(t);
    }
    return p;
}

static void check_row(const struct column_batch *batch, int64_t i, int64_t want)
{
    struct column_value n, t;
    char text[32];
    column_span_value(&batch->spans[0], fields[0].type, i, &n);
    column_span_value(&batch->spans[1], fields[1].type, i, &t);
    CHECK_INT(n.i64, want);
    CHECK_INT(t.null, want % 3 == 0);
    snprintf(text, sizeof(text), "text %d", (int)want);
    if (!t.null)
        CHECK_STR(t.str, text);
}

static int64_t read_batch(struct column_stream *rows, int64_t at)
{
    struct column_batch batch;
    CHECK_OK(rows->next(rows->self, &batch, &err));
    for (int64_t i = 0; i < batch.rows; i++)
        check_row(&batch, i, at + i);
    return batch.rows;
}

TEST(streams_side_by_side)
{
    struct query_plan *held;
    struct column_stream a, b;
    int64_t at_a = 0, at_b = 0, n;
    setup(0);
    CHECK_OK(exec_hold(numbered(ROWS), &context, &held, &err));
    CHECK_INT(exec_held_rows(held), ROWS);
    CHECK(account.used_bytes > ROWS * sizeof(int64_t));
    CHECK_OK(exec_open(held, &context, &a, &err));
    at_a += read_batch(&a, at_a);
    CHECK_OK(exec_open(held, &context, &b, &err)); /* while the other one stands in the middle */
    while ((n = read_batch(&b, at_b)) > 0)
        at_b += n;
    while ((n = read_batch(&a, at_a)) > 0)
        at_a += n;
    CHECK_INT(at_a, ROWS);
    CHECK_INT(at_b, ROWS);
    CHECK_INT(read_batch(&a, at_a), 0); /* the end stays the end */
    a.close(a.self);
    b.close(b.self);
    exec_held_free(held);
    CHECK_INT(account.used_bytes, 0);
    arena_free(&arena);
}

TEST(operators_over_held_rows)
{
    struct query_plan *held, limit = {.kind = QUERY_PLAN_LIMIT};
    struct column_stream rows;
    setup(0);
    CHECK_OK(exec_hold(numbered(ROWS), &context, &held, &err));
    limit.schema = held->schema;
    limit.input = held;
    limit.limit.limit = 10;
    limit.limit.offset = 2100;
    CHECK_OK(exec_open(&limit, &context, &rows, &err));
    CHECK_INT(read_batch(&rows, 2100), 10);
    rows.close(rows.self);
    exec_held_free(held);
    arena_free(&arena);
}

TEST(no_rows)
{
    struct query_plan *held;
    struct column_stream rows;
    setup(0);
    CHECK_OK(exec_hold(numbered(0), &context, &held, &err));
    CHECK_INT(exec_held_rows(held), 0);
    CHECK_OK(exec_open(held, &context, &rows, &err));
    CHECK_INT(read_batch(&rows, 0), 0);
    rows.close(rows.self);
    exec_held_free(held);
    exec_held_free(NULL);
    CHECK_INT(account.used_bytes, 0);
    arena_free(&arena);
}

/* A failure in the middle leaves nothing charged. */
TEST(a_budget_that_does_not_hold_them)
{
    struct query_plan *held;
    setup(ROWS * sizeof(int64_t) * 3); /* the operators fit, the rows and their text do not */
    CHECK_STATUS(exec_hold(numbered(ROWS), &context, &held, &err), ST_LIMIT);
    CHECK_INT(account.used_bytes, 0);
    arena_free(&arena);
}
