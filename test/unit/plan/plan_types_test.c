// SPDX-License-Identifier: Apache-2.0
/* plan_types_test.c - overloads, common types, casts, literals and decimals. Expected types are
 * those PostgreSQL 15 gives for the same expressions, except where docs/user/sql.md says otherwise.
 */
#include "plan_fixture.h"

TEST(literals)
{
    CHECK_TYPES("SELECT 1, 2147483648, -2147483648, 9223372036854775808, 1.5, 1e3, 1.50e-2, .5",
                "?column? integer, ?column? bigint, ?column? integer, ?column? numeric(19,0), "
                "?column? numeric(2,1), ?column? numeric(4,0), ?column? numeric(4,4), ?column? "
                "numeric(1,1)");
    CHECK_TYPES("SELECT 1e300, 'x', NULL",
                "?column? double precision, ?column? text, ?column? text");
    CHECK_ERROR("SELECT i = 'x' FROM t", "22P02", 12, "integer");
    CHECK_ERROR("SELECT dt > '2025-02-30' FROM t", "22008", 13, "2025-02-30");
}

TEST(arithmetic)
{
    CHECK_TYPES("SELECT i + 1 a, i + l b, i * 1.5 c, i / 2 d, f + 1 e, f + f f, d * i g, i + '1' h "
                "FROM t",
                "a integer, b bigint, c numeric(12,1), d integer, e double precision, f real, g "
                "double precision, h integer");
    CHECK_TYPES("SELECT -i a, -n b, +d c, i % 2 d, 2 ^ 3 e, abs(i) f, sqrt(2) g FROM t",
                "a integer, b numeric(10,2), c double precision, d integer, e double precision, f "
                "integer, g double precision");
    CHECK_TYPES("SELECT round(d) a, round(i) b, round(n) c, round(n, 1) d, round(m, 2) e, "
                "round(n, i) f, floor(i) g, ceil(n) h, trunc(n, 1) i FROM t",
                "a double precision, b double precision, c numeric(9,0), d numeric(10,1), e "
                "numeric(37,2), f numeric(11,2), g double precision, h numeric(9,0), i "
                "numeric(9,1)");
    CHECK_ERROR("SELECT round(d, 2) FROM t", "42883", 8,
                "function round(double precision, integer) does not exist");
    CHECK_ERROR("SELECT '1' + '2'", "42725", 12, "operator is not unique: unknown + unknown");
    CHECK_ERROR("SELECT x + 1 FROM t", "42883", 10, "operator does not exist: text + integer");
    CHECK_ERROR("SELECT -x FROM t", "42883", 8, "operator does not exist: - text");
}

TEST(decimals)
{
    CHECK_TYPES("SELECT n + n a, n + 1 b, n + i c, n - m d FROM t",
                "a numeric(11,2), b numeric(11,2), c numeric(13,2), d numeric(38,4)");
    CHECK_TYPES("SELECT n * n a, n * 2 b, n * m c, m * m d, 1.19 * m e FROM t",
                "a numeric(20,4), b numeric(11,2), c numeric(38,6), d numeric(38,8), e "
                "numeric(38,6)");
    CHECK_TYPES("SELECT n / 3 a, n / n b, n % 7 c, 1 / n d FROM t",
                "a numeric(24,16), b numeric(26,16), c numeric(3,2), d numeric(19,16)");
    CHECK_TYPES("SELECT n / d a, n + f b, n > d c FROM t",
                "a double precision, b double precision, c boolean");
    CHECK_TYPES("SELECT CASE WHEN b THEN n ELSE 1 END a, coalesce(n, m) b, greatest(i, 2.5) c, "
                "CASE WHEN b THEN i ELSE f END d FROM t",
                "a numeric(10,2), b numeric(38,4), c numeric(11,1), d real");
    CHECK_TYPES("SELECT sum(n) / count(*) a, sum(n) * 1.1 b FROM t",
                "a numeric(38,16), b numeric(38,3)");
}

TEST(dates)
{
    CHECK_TYPES("SELECT dt + 1 a, dt - dt b, dt - 7 c, dt + interval '1 day' d, interval '1 day' + "
                "dt e, ts - interval '1 day' f, tz - tz g, ts - dt h, dt - '2025-01-01' i FROM t",
                "a date, b integer, c date, d timestamp without time zone, e timestamp without "
                "time zone, f timestamp without time zone, g interval, h interval, i integer");
    CHECK_TYPES("SELECT date_trunc('month', dt) a, date_trunc('day', ts) b, date_trunc('day', "
                "'2025-01-01'::date) c, date_bin('15 minutes', ts, '2025-01-01') d FROM t",
                "a timestamp with time zone, b timestamp without time zone, c timestamp with time "
                "zone, d timestamp without time zone");
    CHECK_TYPES("SELECT extract(year FROM dt) a, extract(epoch FROM ts) b, extract(second FROM tm) "
                "c, extract(milliseconds FROM tz) d, date_part('year', dt) e FROM t",
                "a numeric(10,0), b numeric(24,6), c numeric(8,6), d numeric(8,3), e double "
                "precision");
    CHECK_TYPES("SELECT ts AT TIME ZONE 'UTC' a, tz AT TIME ZONE 'UTC' b, make_interval(days => 3) "
                "c, make_date(i, 1, 14) d, age(tz, dt) e, tm + dt f, tm - tm g FROM t",
                "a timestamp with time zone, b timestamp without time zone, c interval, d date, e "
                "interval, f timestamp without time zone, g interval");
    CHECK_TYPES("SELECT interval '1 day' * 2 a, 1.5 * interval '1 day' b, interval '1 day' / i c, "
                "now() d, current_date e FROM t",
                "a interval, b interval, c interval, d timestamp with time zone, e date");
    CHECK_ERROR("SELECT dt + '1 day' FROM t", "42725", 11,
                "operator is not unique: date + unknown");
    CHECK_ERROR("SELECT make_interval(fortnights => 3)", "42883", 0, "make_interval takes");
}

TEST(texts)
{
    CHECK_TYPES(
        "SELECT x || 'a' a, i || x b, 'n = ' || n c, y || y d, x || NULL e, concat(i, x, b) "
        "f, length(x) g, upper(x) h, substring(x FROM 2 FOR 3) i FROM t",
        "a text, b text, c text, d bytea, e text, f text, g integer, h text, i text");
    CHECK_ERROR("SELECT i || l FROM t", "42883", 10, "operator does not exist: integer || bigint");
    CHECK_ERROR("SELECT dt LIKE 'a' FROM t", "42883", 11, "date like unknown");
    CHECK_ERROR("SELECT lenght(x) FROM t", "42883", 8, "function lenght(text) does not exist");
    CHECK_TYPES("SELECT position('a' IN x) a, trim(both ' ' FROM x) b, x LIKE 'a%' c, x NOT ILIKE "
                "'b' d, to_char(n, '999') e, to_char(dt, 'YYYY') f, split_part(x, ',', 1) g FROM t",
                "a integer, b text, c boolean, d boolean, e text, f text, g text");
}

TEST(comparisons)
{
    CHECK_PLAN(
        "SELECT 1 FROM t WHERE l > 1 AND i < l AND n = 1 AND f = 1.5 AND dt < ts AND tz > dt",
        "Project 1 AS ?column? < Filter ((l > '1'::bigint) AND (i::bigint < l) AND (n = "
        "'1.00'::numeric(10,2)) AND (f::double precision = '1.5'::double precision) AND "
        "(dt::timestamp without time zone < ts) AND (tz > dt::timestamp with time zone)) < "
        "Scan demo.t(i, l, f, n, dt, ts, tz)");
    CHECK_PLAN("SELECT 1 FROM t WHERE i IN (1, 2) AND NOT x IN ('a', NULL) AND i BETWEEN 1 AND 3",
               "Project 1 AS ?column? < Filter ((i IN (1, 2)) AND (NOT (x IN ('a', NULL::text))) "
               "AND ((i >= 1) AND (i <= 3))) < Scan demo.t(i, x)");
    CHECK_PLAN("SELECT i IS DISTINCT FROM NULL AS a, b IS NOT TRUE AS c, 'a' = x AS e FROM t",
               "Project (i IS DISTINCT FROM NULL::integer) AS a, (b IS NOT TRUE) AS c, ('a' = x) "
               "AS e < Scan demo.t(b, i, x)");
    CHECK_PLAN("SELECT n = '1.005' AS a FROM t",
               "Project (n::numeric(11,3) = '1.005'::numeric(11,3)) AS a < Scan demo.t(n)");
    CHECK_ERROR("SELECT x = i FROM t", "42883", 10, "operator does not exist: text = integer");
    CHECK_ERROR("SELECT b = 1 FROM t", "42883", 10, "operator does not exist: boolean = integer");
    CHECK_ERROR("SELECT x BETWEEN 1 AND 2 FROM t", "42883", 10,
                "operator does not exist: text >= integer");
    CHECK_ERROR("SELECT x IN (1) FROM t", "42883", 10, "operator does not exist: text = integer");
    CHECK_ERROR("SELECT i IS TRUE FROM t", "42804", 8,
                "argument of IS TRUE must be type boolean, not type integer");
    CHECK_ERROR("SELECT i AND b FROM t", "42804", 8, "argument of AND must be type boolean");
}

TEST(conditional_expressions)
{
    CHECK_TYPES(
        "SELECT CASE i WHEN 1 THEN 'a' ELSE x END a, nullif(i, 1) b, coalesce(NULL, dt, ts) "
        "c, least(1, 2.5, f) d, nullif('a', 'b') e FROM t",
        "a text, b integer, c timestamp without time zone, d real, e text");
    CHECK_PLAN(
        "SELECT CASE WHEN true THEN i ELSE 1 / 0 END a, CASE WHEN b THEN 1 / 0 ELSE 2 END c, "
        "coalesce(i, 1 / 0) d, b AND 1 / 0 = 1 e FROM t",
        "Project i AS a, CASE WHEN b THEN (1 / 0) ELSE 2 END AS c, COALESCE(i, (1 / 0)) AS "
        "d, (b AND ((1 / 0) = 1)) AS e < Scan demo.t(b, i)");
    CHECK_ERROR("SELECT 1 / 0", "22012", 0, "division by zero");
    CHECK_ERROR("SELECT CASE WHEN b THEN 1 ELSE x END FROM t", "42804", 25,
                "CASE types text and integer cannot be matched");
    CHECK_ERROR("SELECT CASE WHEN b THEN 1 ELSE 'x' END FROM t", "22P02", 32, "integer");
    CHECK_ERROR("SELECT coalesce(i, dt) FROM t", "42804", 20,
                "COALESCE types integer and date cannot be matched");
    CHECK_ERROR("SELECT CASE WHEN i THEN 1 END FROM t", "42804", 18, "argument of CASE/WHEN");
    CHECK_ERROR("SELECT nullif(1, dt) FROM t", "42883", 8,
                "operator does not exist: integer = date");
}

TEST(casts)
{
    CHECK_TYPES("SELECT d::int a, i::boolean b, x::date c, ts::date d, tz::timestamp e, n::text f, "
                "x::numeric(5,1) g, d::smallint h, b::int i, date(ts) j, float8(n) k FROM t",
                "a integer, b boolean, c date, d date, e timestamp without time zone, f text, g "
                "numeric(5,1), h smallint, i integer, j date, k double precision");
    CHECK_TYPES("SELECT i::numeric a, l::numeric b, n::numeric c, d::numeric d, x::numeric e, "
                "'1.50'::numeric f, 7::numeric g, round(d::numeric, 2) h FROM t",
                "a numeric(10,0), b numeric(19,0), c numeric(10,2), d numeric(38,16), e "
                "numeric(38,16), f numeric(3,2), g numeric(1,0), h numeric(25,2)");
    CHECK_ERROR("SELECT b::bigint FROM t", "42846", 9, "cannot cast type boolean to bigint");
    CHECK_ERROR("SELECT dt::time FROM t", "42846", 10, "cannot cast type date to time");
    CHECK_ERROR("SELECT u::int FROM t", "42846", 9, "cannot cast type uuid to integer");
    CHECK_ERROR("SELECT 'abc'::int", "22P02", 8, "abc");
}

TEST(folding)
{
    CHECK_PLAN("SELECT 1 + 2 * 3 a, abs(-3) b, '2025-01-14'::date + 1 c, NULL + i d, "
               "'a' || 1 e FROM t",
               "Project 7 AS a, 3 AS b, '2025-01-15'::date AS c, NULL::integer AS d, 'a1' AS e < "
               "Scan demo.t()");
    CHECK_PLAN("SELECT i FROM t WHERE true AND 1 = 1", "Scan demo.t(i)");
    CHECK_PLAN("SELECT i FROM t WHERE b OR 1 > 2", "Project i < Filter b < Scan demo.t(b, i)");
    CHECK_PLAN("SELECT i FROM t WHERE i = 1 AND 1 > 2", "Filter false < Scan demo.t(i)");
    CHECK_PLAN(
        "SELECT current_date a, now() - interval '1 day' b",
        "Project '2025-01-15'::date AS a, '2025-01-14 00:00:00+00'::timestamp with time zone "
        "AS b < Values: 1 row");
    CHECK_PLAN("SELECT random() > 2 AS a, pg_typeof(n) b FROM t",
               "Project (random() > '2'::double precision) AS a, 'numeric' AS b < Scan demo.t()");
}

TEST(depth_is_bounded)
{
    static char sql[12000];
    size_t n = 0;
    memcpy(sql, "SELECT ", 7);
    n = 7;
    for (size_t i = 0; i < 1200; i++)
        memcpy(sql + n + 2 * i, "- ", 2);
    n += 2400;
    memcpy(sql + n, "i FROM t", 9);
    struct fixture f;
    struct query_plan *p;
    fixture_init(&f);
    status st = fixture_select(&f, sql, &p);
    CHECK(st == ST_LIMIT || st == ST_INVALID);
    fixture_free(&f);
}
