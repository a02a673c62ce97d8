// SPDX-License-Identifier: Apache-2.0
/* query_test.c - equality, flags, columns and text of expressions; the text of plans. */
#include "harness/test.h"
#include "query/query_plan.h"

#include <math.h>

static struct arena arena;
static struct error err;

/* ---- building trees -------------------------------------------------------------------------- */

static struct query_expr *expr(enum query_expr_kind kind, enum column_kind type, size_t args)
{
    struct query_expr *e;
    CHECK_OK(ARENA_NEW(&arena, struct query_expr, &e, &err));
    e->kind = kind;
    e->type = column_type_of(type);
    e->arg_count = args;
    CHECK_OK(ARENA_ARRAY(&arena, struct query_expr *, args + 1, &e->args, &err));
    return e;
}

static struct query_expr *column(int index, enum column_kind type)
{
    struct query_expr *e = expr(QUERY_COLUMN, type, 0);
    e->column = index;
    return e;
}

static struct query_expr *integer(int32_t v)
{
    struct query_expr *e = expr(QUERY_CONST, COLUMN_INT, 0);
    e->value = (struct column_value){.type = e->type, .i32 = v};
    return e;
}

static struct query_expr *text(const char *z)
{
    struct query_expr *e = expr(QUERY_CONST, COLUMN_TEXT, 0);
    e->value = (struct column_value){.type = e->type, .str = str_of(z)};
    return e;
}

static struct query_expr *real(double v)
{
    struct query_expr *e = expr(QUERY_CONST, COLUMN_DOUBLE, 0);
    e->value = (struct column_value){.type = e->type, .f64 = v};
    return e;
}

static struct query_expr *null(enum column_kind type)
{
    struct query_expr *e = expr(QUERY_CONST, type, 0);
    e->value = (struct column_value){.type = e->type, .null = true};
    return e;
}

static struct query_expr *with(struct query_expr *e, struct query_expr *a, struct query_expr *b,
                               struct query_expr *c)
{
    struct query_expr *args[] = {a, b, c};
    for (size_t i = 0; i < e->arg_count; i++)
        e->args[i] = args[i];
    return e;
}

static struct query_expr *call(enum query_function f, enum column_kind type, struct query_expr *a,
                               struct query_expr *b, struct query_expr *c)
{
    struct query_expr *e = expr(QUERY_CALL, type, (size_t)(a != NULL) + (b != NULL) + (c != NULL));
    e->function = f;
    return with(e, a, b, c);
}

static void begin(void)
{
    error_init(&err);
    arena_init(&arena, NULL);
}

static struct column_field fields[] = {{.name = {"day", 3}}, {.name = {"Größe", 7}}};
static const struct column_schema names = {2, fields};

static void check_text(const struct query_expr *e, const char *want)
{
    struct str out;
    CHECK_OK(query_expr_text(e, &names, &arena, &out, &err));
    CHECK_STR(out, want);
}

/* ---- tests ----------------------------------------------------------------------------------- */

TEST(equality)
{
    begin();
    CHECK(query_expr_eq(integer(1), integer(1)));
    CHECK(!query_expr_eq(integer(1), integer(2)));
    CHECK(!query_expr_eq(integer(1), text("1")));
    CHECK(query_expr_eq(text("a"), text("a")));
    CHECK(!query_expr_eq(real(0.0), real(-0.0)));
    CHECK(query_expr_eq(real(NAN), real(NAN)));
    CHECK(query_expr_eq(null(COLUMN_INT), null(COLUMN_INT)));
    CHECK(!query_expr_eq(null(COLUMN_INT), null(COLUMN_DATE)));
    CHECK(!query_expr_eq(null(COLUMN_INT), integer(0)));
    CHECK(!query_expr_eq(column(0, COLUMN_INT), column(1, COLUMN_INT)));
    CHECK(
        query_expr_eq(call(QUERY_FN_ADD_INT, COLUMN_INT, integer(1), column(0, COLUMN_INT), NULL),
                      call(QUERY_FN_ADD_INT, COLUMN_INT, integer(1), column(0, COLUMN_INT), NULL)));
    CHECK(!query_expr_eq(call(QUERY_FN_ADD_INT, COLUMN_INT, integer(1), integer(2), NULL),
                         call(QUERY_FN_SUB_INT, COLUMN_INT, integer(1), integer(2), NULL)));
    CHECK(!query_expr_eq(call(QUERY_FN_SUB_INT, COLUMN_INT, integer(1), integer(2), NULL),
                         call(QUERY_FN_NEG_INT, COLUMN_INT, integer(1), NULL, NULL)));
    struct query_expr *month = expr(QUERY_CONST, COLUMN_INTERVAL, 0);
    struct query_expr *days = expr(QUERY_CONST, COLUMN_INTERVAL, 0);
    month->value = (struct column_value){.type = month->type, .interval = {1, 0, 0}};
    days->value = (struct column_value){.type = days->type, .interval = {0, 30, 0}};
    CHECK(!query_expr_eq(month, days));
    CHECK(query_expr_eq(month, month));
    arena_free(&arena);
}

TEST(flags)
{
    begin();
    struct query_expr *sum =
        call(QUERY_FN_ADD_INT, COLUMN_INT, integer(1), column(0, COLUMN_INT), NULL);
    CHECK_INT(query_expr_flags(sum), FN_IMMUTABLE);
    struct query_expr *random = call(QUERY_FN_RANDOM, COLUMN_DOUBLE, NULL, NULL, NULL);
    CHECK_INT(query_expr_flags(call(QUERY_FN_ADD_DOUBLE, COLUMN_DOUBLE, random, real(1), NULL)),
              FN_VOLATILE);
    struct query_expr *exp = call(QUERY_FN_EXP, COLUMN_DOUBLE, real(1), NULL, NULL);
    struct query_expr *both = with(expr(QUERY_COALESCE, COLUMN_DOUBLE, 2), exp, random, NULL);
    CHECK_INT(query_expr_flags(both), FN_INEXACT | FN_VOLATILE);
    struct query_expr *zone =
        with(expr(QUERY_CAST, COLUMN_DATE, 1), column(0, COLUMN_TIMESTAMPTZ), NULL, NULL);
    CHECK_INT(query_expr_flags(zone), FN_STABLE);
    struct query_expr *plain =
        with(expr(QUERY_CAST, COLUMN_DATE, 1), column(0, COLUMN_TIMESTAMP), NULL, NULL);
    CHECK_INT(query_expr_flags(plain), FN_IMMUTABLE);
    arena_free(&arena);
}

static void count_column(void *arg, int index)
{
    int *seen = arg;
    seen[index]++;
}

TEST(columns)
{
    begin();
    int seen[3] = {0};
    struct query_expr *e = with(
        expr(QUERY_IN, COLUMN_BOOLEAN, 3), column(2, COLUMN_INT), integer(1),
        call(QUERY_FN_ADD_INT, COLUMN_INT, column(0, COLUMN_INT), column(2, COLUMN_INT), NULL));
    query_expr_columns(e, count_column, seen);
    CHECK_INT(seen[0], 1);
    CHECK_INT(seen[1], 0);
    CHECK_INT(seen[2], 2);
    arena_free(&arena);
}

TEST(texts)
{
    begin();
    struct query_expr *day = column(0, COLUMN_DATE), *size = column(1, COLUMN_TEXT);
    check_text(day, "day");
    check_text(size, "\"Größe\"");
    check_text(column(7, COLUMN_INT), "$8");
    check_text(integer(-5), "(-5)");
    check_text(text("it's"), "'it''s'");
    check_text(real(0.1), "'0.1'::double precision");
    check_text(null(COLUMN_DATE), "NULL::date");
    check_text(null(COLUMN_UNKNOWN), "NULL");
    struct query_expr *yes = expr(QUERY_CONST, COLUMN_BOOLEAN, 0);
    yes->value = (struct column_value){.type = yes->type, .b = 1};
    check_text(yes, "true");
    struct query_expr *cents = expr(QUERY_CONST, COLUMN_DECIMAL, 0);
    cents->type = column_type_decimal(5, 2);
    cents->value = (struct column_value){.type = cents->type, .i64 = -150};
    check_text(cents, "'-1.50'::numeric(5,2)");
    struct query_expr *sum = call(QUERY_FN_ADD_INT, COLUMN_INT, integer(1), integer(2), NULL);
    check_text(sum, "(1 + 2)");
    check_text(call(QUERY_FN_NEG_INT, COLUMN_INT, sum, NULL, NULL), "(- (1 + 2))");
    check_text(call(QUERY_FN_IS_NOT_NULL, COLUMN_BOOLEAN, day, NULL, NULL), "(day IS NOT NULL)");
    check_text(call(QUERY_FN_DISTINCT_FROM, COLUMN_BOOLEAN, day, day, NULL),
               "(day IS DISTINCT FROM day)");
    check_text(call(QUERY_FN_NOT, COLUMN_BOOLEAN, yes, NULL, NULL), "(NOT true)");
    check_text(call(QUERY_FN_LIKE_ESCAPE, COLUMN_BOOLEAN, size, text("a%"), text("!")),
               "(\"Größe\" LIKE 'a%' ESCAPE '!')");
    check_text(call(QUERY_FN_DATE_TRUNC_TIMESTAMP, COLUMN_TIMESTAMP, text("month"), day, NULL),
               "date_trunc('month', day)");
    check_text(with(expr(QUERY_CAST, COLUMN_TEXT, 1), sum, NULL, NULL), "(1 + 2)::text");
    check_text(with(expr(QUERY_AND, COLUMN_BOOLEAN, 3), yes, yes, yes), "(true AND true AND true)");
    check_text(with(expr(QUERY_OR, COLUMN_BOOLEAN, 2), yes, yes, NULL), "(true OR true)");
    check_text(with(expr(QUERY_CASE, COLUMN_INT, 3), yes, integer(1), integer(2)),
               "CASE WHEN true THEN 1 ELSE 2 END");
    check_text(with(expr(QUERY_COALESCE, COLUMN_INT, 2), integer(1), integer(2), NULL),
               "COALESCE(1, 2)");
    check_text(with(expr(QUERY_IN, COLUMN_BOOLEAN, 3), day, integer(1), integer(2)),
               "(day IN (1, 2))");
    arena_free(&arena);
}

TEST(plan_text)
{
    begin();
    struct column_field day = {.name = STR("day")}, total = {.name = STR("total")};
    struct column_field two[] = {day, total};
    struct query_plan scan = {.kind = QUERY_PLAN_SCAN, .schema = {1, &day}};
    scan.scan.name = STR("lakehouse.demo.sales");
    scan.scan.file_count = 3;
    scan.scan.files_skipped = 2;
    scan.scan.rows = 999;
    scan.scan.bytes = 14211;
    struct query_plan once = {.kind = QUERY_PLAN_VALUES};
    once.values.rows = 1;
    struct query_expr *subquery = expr(QUERY_SUBQUERY, COLUMN_INT, 0);
    subquery->plan = &once;
    struct query_plan filter = {.kind = QUERY_PLAN_FILTER, .schema = {1, &day}, .input = &scan};
    filter.filter.predicate =
        call(QUERY_FN_GE, COLUMN_BOOLEAN, column(0, COLUMN_INT), subquery, NULL);
    struct query_plan aggregate = {
        .kind = QUERY_PLAN_AGGREGATE, .schema = {2, two}, .input = &filter};
    struct query_expr *key = column(0, COLUMN_INT);
    struct query_agg_arg args[] = {
        {.value = column(0, COLUMN_INT), .filter = filter.filter.predicate}, {.value = NULL}};
    struct query_agg_out outs[] = {{.kind = QUERY_AGG_SUM, .arg = 0},
                                   {.kind = QUERY_AGG_COUNT_STAR, .arg = 1}};
    aggregate.aggregate.key_count = 1;
    aggregate.aggregate.keys = &key;
    aggregate.aggregate.arg_count = 2;
    aggregate.aggregate.args = args;
    aggregate.aggregate.out_count = 2;
    aggregate.aggregate.outs = outs;
    struct query_plan sort = {.kind = QUERY_PLAN_SORT, .schema = {2, two}, .input = &aggregate};
    struct query_sort_key keys[] = {{.value = column(1, COLUMN_INT), .descending = true},
                                    {.value = column(0, COLUMN_INT)}};
    sort.sort.count = 2;
    sort.sort.keys = keys;
    struct query_plan limit = {.kind = QUERY_PLAN_LIMIT, .schema = {2, two}, .input = &sort};
    limit.limit.limit = 10;
    limit.limit.offset = 5;
    struct str out;
    CHECK_OK(query_plan_text(&limit, &arena, &out, &err));
    CHECK_STR(out, "Limit 10 offset 5\n"
                   "  Sort by total DESC NULLS LAST, day\n"
                   "    Aggregate by day: sum(day) FILTER (day >= (subquery)), count(*)\n"
                   "      Subquery, run once:\n"
                   "        Values: 1 row\n"
                   "      Filter (day >= (subquery))\n"
                   "        Subquery, run once:\n"
                   "          Values: 1 row\n"
                   "        Scan lakehouse.demo.sales: 3 of 5 files, 999 rows, 14211 bytes\n");
    CHECK(strcmp(query_agg_name(QUERY_AGG_STDDEV_SAMP), "stddev_samp") == 0);
    arena_free(&arena);
}
