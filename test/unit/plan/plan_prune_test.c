// SPDX-License-Identifier: Apache-2.0
/* plan_prune_test.c - what of a WHERE reaches the metadata, as text: "i > 5 and x starts 'ab'". */
#include "plan_fixture.h"

#include "column/column_text.h"

static struct str print(struct fixture *f, const struct iceberg_pred *p,
                        const struct column_schema *s);

static struct str print_leaf(struct fixture *f, const struct iceberg_pred *p,
                             const struct column_schema *s)
{
    static const char *const words[] = {[ICEBERG_PRED_EQ] = "=",
                                        [ICEBERG_PRED_NE] = "<>",
                                        [ICEBERG_PRED_LT] = "<",
                                        [ICEBERG_PRED_LE] = "<=",
                                        [ICEBERG_PRED_GT] = ">",
                                        [ICEBERG_PRED_GE] = ">=",
                                        [ICEBERG_PRED_IN] = "in",
                                        [ICEBERG_PRED_IS_NULL] = "is null",
                                        [ICEBERG_PRED_NOT_NULL] = "is not null",
                                        [ICEBERG_PRED_STARTS_WITH] = "starts"};
    struct error err;
    struct str name = STR("?"), out;
    struct column_type type = {0};
    for (size_t i = 0; i < s->count; i++)
        if (s->fields[i].field_id == p->field_id) {
            name = s->fields[i].name;
            type = s->fields[i].type;
        }
    CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s %s", STR_ARG(name), words[p->kind]));
    for (size_t i = 0; i < p->value_count; i++) {
        struct buffer b;
        CHECK(column_type_eq(p->values[i].type, type)); /* R3 */
        buffer_init(&b, NULL, 1000);
        CHECK_OK(column_text_format(&p->values[i], NULL, &b, &err));
        CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s %.*s", STR_ARG(out),
                              STR_ARG(buffer_str(&b))));
        buffer_free(&b);
    }
    return out;
}

static struct str print(struct fixture *f, const struct iceberg_pred *p,
                        const struct column_schema *s)
{
    struct error err;
    struct str out = STR("");
    if (p->kind == ICEBERG_PRED_TRUE || p->kind == ICEBERG_PRED_FALSE)
        return p->kind == ICEBERG_PRED_TRUE ? STR("true") : STR("false");
    if (p->kind != ICEBERG_PRED_AND && p->kind != ICEBERG_PRED_OR)
        return print_leaf(f, p, s);
    for (size_t i = 0; i < p->child_count; i++)
        CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s%s%.*s", STR_ARG(out),
                              i == 0                        ? "("
                              : p->kind == ICEBERG_PRED_AND ? " and "
                                                            : " or ",
                              STR_ARG(print(f, p->children[i], s))));
    CHECK_OK(arena_printf(&f->tables.arena, &out, &err, "%.*s)", STR_ARG(out)));
    return out;
}

static void check(int line, const char *sql, const char *want)
{
    struct fixture f;
    struct query_plan *p;
    fixture_init(&f);
    if (fixture_select(&f, sql, &p) != ST_OK)
        test_fail(__FILE__, line, "%s: %s", sql, f.err.msg);
    while (p->input)
        p = p->input;
    CHECK_INT(p->kind, QUERY_PLAN_SCAN);
    struct str got = print(&f, p->scan.pred, &p->schema);
    if (!str_eq_z(got, want))
        test_fail(__FILE__, line, "%s\n  is  %.*s\n  not %s", sql, STR_ARG(got), want);
    fixture_free(&f);
}

#define CHECK_WHERE(where, want) check(__LINE__, "SELECT 1 FROM t WHERE " where, want)

TEST(leaves)
{
    CHECK_WHERE("i > 5", "i > 5");
    CHECK_WHERE("5 > i", "i < 5");
    CHECK_WHERE("i <> 5", "i <> 5");
    CHECK_WHERE("dt = '2025-01-14'", "dt = 2025-01-14");
    CHECK_WHERE("n >= 1.5", "n >= 1.50");
    CHECK_WHERE("x = 'a'", "x = a");
    CHECK_WHERE("b", "b = t");
    CHECK_WHERE("NOT b", "b = f");
    CHECK_WHERE("b IS NOT TRUE", "(b = f or b is null)");
    CHECK_WHERE("NOT (b IS NOT TRUE)", "b = t");
    CHECK_WHERE("b IS FALSE", "b = f");
    CHECK_WHERE("i IS NULL", "i is null");
    CHECK_WHERE("i IS NOT DISTINCT FROM 5", "i = 5");
    CHECK_WHERE("i IS DISTINCT FROM 5", "(i <> 5 or i is null)");
    CHECK_WHERE("i IS DISTINCT FROM NULL", "i is not null");
    CHECK_WHERE("u = '00000000-0000-0000-0000-000000000000'", "true");
}

TEST(logic)
{
    CHECK_WHERE("i > 1 AND x || 'a' = 'b'", "i > 1");
    CHECK_WHERE("i > 1 OR x || 'a' = 'b'", "true");
    CHECK_WHERE("i > 1 OR l < 2", "(i > 1 or l < 2)");
    CHECK_WHERE("NOT (i > 1 OR l < 2)", "(i <= 1 and l >= 2)");
    CHECK_WHERE("i BETWEEN 1 AND 3", "(i >= 1 and i <= 3)");
    CHECK_WHERE("i NOT BETWEEN 1 AND 3", "(i < 1 or i > 3)");
    CHECK_WHERE("false", "false");
    CHECK_WHERE("i = NULL", "false");
    CHECK_WHERE("i > (SELECT 1)", "true");
    CHECK_WHERE("i + 1 > 2", "true");
}

TEST(lists)
{
    CHECK_WHERE("i IN (1, 2, 3)", "i in 1 2 3");
    CHECK_WHERE("i IN (1, NULL)", "i = 1");
    CHECK_WHERE("i IN (1.5, 2.0)", "i = 2");
    CHECK_WHERE("i IN (1.5)", "false");
    CHECK_WHERE("i NOT IN (1, 2)", "i is not null");
    CHECK_WHERE("i NOT IN (1, NULL)", "false");
    CHECK_WHERE("i IN (1, l)", "true");
}

TEST(constants_between_values)
{
    CHECK_WHERE("i > 5000000000", "false");
    CHECK_WHERE("i < 5000000000", "i is not null");
    CHECK_WHERE("i <> 5000000000", "i is not null");
    CHECK_WHERE("i = 2.5", "false");
    CHECK_WHERE("i < 2.5", "i <= 2");
    CHECK_WHERE("i >= 2.5", "i > 2");
    CHECK_WHERE("i > -2.5", "i > -3");
    CHECK_WHERE("l >= 2.0", "l >= 2");
    CHECK_WHERE("i <= 2.5::float8", "i <= 2");
    CHECK_WHERE("l < 1e300::float8", "true"); /* doubles beyond 2^53 stand for several */
    CHECK_WHERE("n < 1.005", "n <= 1.00");
    CHECK_WHERE("n > 123456789.12", "false");
    CHECK_WHERE("f < 0.1", "f <= 0.099999994");
    CHECK_WHERE("f > 0.5", "f > 0.5");
    CHECK_WHERE("i = 'NaN'::float8", "false");
    CHECK_WHERE("i < 'NaN'::float8", "i is not null");
}

TEST(dates_beside_times)
{
    CHECK_WHERE("dt < timestamp '2025-01-14 12:00:00'", "dt <= 2025-01-14");
    CHECK_WHERE("dt >= timestamp '2025-01-14'", "dt >= 2025-01-14");
    CHECK_WHERE("dt > timestamp '1969-12-31 23:59:59'", "dt > 1969-12-31");
    CHECK_WHERE("dt >= timestamptz '2025-01-14 00:00:00+00'", "dt >= 2025-01-12");
    CHECK_WHERE("ts = timestamptz '2025-01-14 00:00:00+00'",
                "(ts >= 2025-01-12 00:00:00 and ts <= 2025-01-16 00:00:00)");
    CHECK_WHERE("tz > '2025-01-14 00:00:00+00'", "tz > 2025-01-14 00:00:00+00");
}

TEST(prefixes)
{
    CHECK_WHERE("x LIKE 'abc%'", "x starts abc");
    CHECK_WHERE("x LIKE 'a\\%b%'", "x starts a%b");
    CHECK_WHERE("x LIKE 'a_c'", "x starts a");
    CHECK_WHERE("x LIKE 'abc'", "x = abc");
    CHECK_WHERE("x LIKE '%abc'", "x is not null");
    CHECK_WHERE("x NOT LIKE 'abc%'", "true");
    CHECK_WHERE("x LIKE 'a!%b%' ESCAPE '!'", "x starts a%b");
    CHECK_WHERE("x ILIKE 'abc%'", "true");
    CHECK_WHERE("starts_with(x, 'a%')", "x starts a%");
}

TEST(conditions_reach_the_scan_below)
{
    check(__LINE__, "SELECT a FROM (SELECT i + 1 AS a, l AS c FROM t WHERE x = 'k') s WHERE c > 2",
          "(l > 2 and x = k)");
    check(__LINE__,
          "SELECT day, n FROM (SELECT dt AS day, count(*) AS n FROM t GROUP BY dt) s "
          "WHERE day = '2025-01-14' AND n > 1",
          "dt = 2025-01-14");
    check(__LINE__, "SELECT l, count(*) FROM t GROUP BY l HAVING l > 3 AND count(*) > 1", "l > 3");
    check(__LINE__, "SELECT c FROM (SELECT l AS c FROM t ORDER BY l LIMIT 3) s WHERE c > 2",
          "true");
    check(__LINE__, "SELECT DISTINCT c FROM (SELECT l AS c FROM t ORDER BY i) s WHERE c > 2",
          "l > 2");
}
