// SPDX-License-Identifier: Apache-2.0
/* sql_test.c - statement -> printed tree; refusals and errors with their positions; bounds. */
#include "harness/test.h"
#include "sql/sql.h"
#include "unit/sql/sql_print.h"

#include <stdlib.h>

struct golden {
    const char *sql, *want;
};

static void check_text(const char *sql, bool positions, const char *want)
{
    struct arena arena;
    struct buffer out;
    struct error err;
    struct query_statement **statements;
    size_t count;
    error_init(&err);
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 1 << 20);
    status st = sql_parse(str_of(sql), &arena, &statements, &count, &err);
    if (st != ST_OK)
        test_fail(__FILE__, __LINE__, "%s: %s (at %lld)", sql, err.msg, (long long)err.position);
    struct sql_print p = {&out, positions};
    for (size_t i = 0; i < count; i++) {
        if (i)
            CHECK_OK(buffer_append_str(&out, STR("; "), &err));
        sql_print_statement(&p, statements[i]);
    }
    if (!str_eq_z(buffer_str(&out), want))
        test_fail(__FILE__, __LINE__, "%s\n  is  %.*s\n  not %s", sql, STR_ARG(buffer_str(&out)),
                  want);
    buffer_free(&out);
    arena_free(&arena);
}

static void check_all(const struct golden *g, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_text(g[i].sql, false, g[i].want);
}

TEST(expressions)
{
    static const struct golden all[] = {
        {"SELECT 1", "SELECT select 1"},
        {"SELECT -1, - -1, +1, -1.50, .5, 1e5, 9999999999, - 99999999999, -x",
         "SELECT select -1, 1, (+ 1), -1.50, .5, 1e5, 9999999999, -99999999999, (- x)"},
        {"SELECT True, FALSE, NULL, 'it''s', E'a\\tb', $$x'y$$",
         "SELECT select true, false, null, 'it's', 'a\tb', 'x'y'"},
        {"SELECT a, t.a, s.t.a, *, t.*, s.t.*", "SELECT select a, t.a, s.t.a, *, t.*, s.t.*"},
        {"SELECT a+b*c, a||b, a%b, a<>b, a!=b, a<=b, a^b, (a+b)*c",
         "SELECT select (+ a (* b c)), (|| a b), (% a b), (<> a b), (<> a b), (<= a b), (^ a b), "
         "(* (+ a b) c)"},
        {"SELECT a OPERATOR(pg_catalog.+) b", "SELECT select (+ a b)"},
        {"SELECT a AND b AND c OR NOT d", "SELECT select (or (and a b c) (not d))"},
        {"SELECT a IS NULL, a IS NOT NULL, a IS TRUE, a IS NOT TRUE, a IS FALSE, a IS NOT FALSE, a "
         "IS UNKNOWN, a IS NOT UNKNOWN",
         "SELECT select (is null a), (is not null a), (is true a), (is not true a), (is false a), "
         "(is not false a), (is unknown a), (is not unknown a)"},
        {"SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b",
         "SELECT select (distinct from a b), (not distinct from a b)"},
        {"SELECT a IN (1, 2), a NOT IN (b)", "SELECT select (in a 1 2), (not in a b)"},
        {"SELECT a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a BETWEEN SYMMETRIC 1 AND 2, a NOT "
         "BETWEEN SYMMETRIC 1 AND 2",
         "SELECT select (between a 1 2), (not between a 1 2), (between symmetric a 1 2), (not "
         "between symmetric a 1 2)"},
        {"SELECT a LIKE 'b', a NOT LIKE 'b', a ILIKE 'b', a NOT ILIKE 'b', a LIKE 'b' ESCAPE '!'",
         "SELECT select (like a 'b'), (not like a 'b'), (ilike a 'b'), (not ilike a 'b'), (like a "
         "'b' '!')"},
        {"SELECT CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END, CASE x WHEN 1 THEN 'a' END",
         "SELECT select (case when a then 1 when b then 2 else 3), (case x when 1 then 'a')"},
        {"SELECT coalesce(a, b), NULLIF(a, b), greatest(a, b), least(a)",
         "SELECT select coalesce(a, b), nullif(a, b), greatest(a, b), least(a)"},
        {"SELECT count(*), count(DISTINCT a), sum(a) FILTER (WHERE b > 0), Sum(a), s.f(a), "
         "pg_catalog.count(*)",
         "SELECT select count(*), count(distinct a), sum(a) filter (> b 0), sum(a), s.f(a), "
         "count(*)"},
        {"SELECT extract(year FROM d), position('a' IN b), substring(a FROM 1 FOR 2), substring(a "
         "FOR 2), trim(BOTH 'x' FROM y), trim(y), ltrim(y), a AT TIME ZONE 'b', overlay(a PLACING "
         "b FROM 1)",
         "SELECT select extract('year', d), position(b, 'a'), substring(a, 1, 2), substring(a, 1, "
         "(cast 2 integer)), btrim(y, 'x'), btrim(y), ltrim(y), timezone('b', a), overlay(a, b, "
         "1)"},
        {"SELECT current_date, current_timestamp, localtimestamp, now()",
         "SELECT select current_date, current_timestamp, localtimestamp, now()"},
        {"SELECT (SELECT max(a) FROM t) + 1", "SELECT select (+ (select max(a) from t) 1)"},
        {"SELECT assert(count(*) = 9, 'Expected 9, got ' || count(*)) FROM t",
         "SELECT select assert((= count(*) 9), (|| 'Expected 9, got ' count(*))) from t"},
    };
    check_all(all, ARRAY_LEN(all));
}

TEST(casts_and_types)
{
    static const struct golden all[] = {
        {"SELECT DATE '2025-01-14', TIMESTAMP '2025-01-01 00:00:00', TIMESTAMPTZ '2025-01-01', "
         "TIMESTAMP WITH TIME ZONE '2025-01-01', TIME '10:00'",
         "SELECT select (literal '2025-01-14' date), (literal '2025-01-01 00:00:00' timestamp "
         "without time zone), (literal '2025-01-01' timestamp with time zone), (literal "
         "'2025-01-01' timestamp with time zone), (literal '10:00' time without time zone)"},
        {"SELECT a::int, CAST(a AS text), '1'::bigint, a::numeric(10,2), a::decimal(5), a::numeric",
         "SELECT select (cast a integer), (cast a text), (cast '1' bigint), (cast a "
         "numeric(10,2)), (cast a numeric(5,0)), (cast a numeric(38,10))"},
        {"SELECT INTERVAL '1 day', INTERVAL '7' DAY, INTERVAL '-3' MONTH",
         "SELECT select (literal '1 day' interval), (literal '7 day' interval), (literal '-3 "
         "month' interval)"},
        {"CREATE TABLE t (a boolean, b bool, c smallint, d int2, e integer, f int, g int4, h "
         "bigint, i int8, j long, k real, l float4, m double precision, n float8, o float, p "
         "double)",
         "CREATE_TABLE t (a boolean, b boolean, c smallint, d smallint, e integer, f integer, g "
         "integer, h bigint, i bigint, j bigint, k real, l real, m double precision, n double "
         "precision, o double precision, p double precision)"},
        {"CREATE TABLE t (a numeric(12,3), b decimal(38), c date, d time, e timestamp, f timestamp "
         "with time zone, g timestamptz, h timestamp(6), i text, j varchar, k string, l uuid, m "
         "bytea, n float(24), o float(25), p character varying)",
         "CREATE_TABLE t (a numeric(12,3), b numeric(38,0), c date, d time without time zone, e "
         "timestamp without time zone, f timestamp with time zone, g timestamp with time zone, h "
         "timestamp without time zone, i text, j text, k text, l uuid, m bytea, n real, o double "
         "precision, p text)"},
    };
    check_all(all, ARRAY_LEN(all));
}

TEST(selects)
{
    static const struct golden all[] = {
        {"SELECT a AS x, b y, c \"Z\" FROM t AS u (p, q)",
         "SELECT select a as x, b as y, c as \"Z\" from t as u(p, q)"},
        {"SELECT DISTINCT a FROM lake.demo.t WHERE b > 1 GROUP BY a, 2 HAVING count(*) > 1 ORDER "
         "BY a, b DESC, c NULLS FIRST, d DESC NULLS LAST LIMIT 10 OFFSET 5",
         "SELECT select distinct a from lake.demo.t where (> b 1) group a, 2 having (> count(*) 1) "
         "order a, b desc nulls first, c nulls first, d desc limit 10 offset 5"},
        {"SELECT 1 LIMIT ALL", "SELECT select 1"},
        {"SELECT 1 OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY", "SELECT select 1 limit 3 offset 2"},
        {"SELECT 1 FETCH FIRST ROW ONLY", "SELECT select 1 limit 1"},
        {"SELECT * FROM (SELECT a FROM t) x", "SELECT select * from (select a from t) as x"},
        {"SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, s)",
         "SELECT select * from values/2 (1, 'a'), (2, 'b') as v(n, s)"},
        {"SELECT * FROM (VALUES (1), (2) LIMIT 1) v",
         "SELECT select * from (select * from values/1 (1), (2) limit 1) as v"},
        {"VALUES (1, 2), (3, 4) ORDER BY 1",
         "SELECT select * from values/2 (1, 2), (3, 4) order 1"},
        {"SELECT * FROM read_csv('f.csv', header => true, \"null\" => 'NA') AS c(a, b)",
         "SELECT select * from read_csv('f.csv', header => true, \"null\" => 'NA') as c(a, b)"},
        {"SELECT * FROM sample_sales(seed => 42, start => DATE '2025-01-14')",
         "SELECT select * from sample_sales(seed => 42, start => (literal '2025-01-14' date))"},
        {"(SELECT 1)", "SELECT select 1"},
        {"TABLE t", "SELECT select * from t"},
        {"SELECT 1;; SELECT 2 ; ", "SELECT select 1; SELECT select 2"},
        {"", ""},
        {" ; -- nothing\n", ""},
    };
    check_all(all, ARRAY_LEN(all));
}

TEST(definitions)
{
    static const struct golden all[] = {
        {"CREATE SCHEMA demo", "CREATE_SCHEMA schema demo"},
        {"CREATE SCHEMA IF NOT EXISTS lake.demo", "CREATE_SCHEMA if not exists schema lake.demo"},
        {"CREATE SCHEMA IF NOT EXISTS \"My Lake\".\"a.b\"",
         "CREATE_SCHEMA if not exists schema \"My Lake\".\"a.b\""},
        {"DROP SCHEMA lake.demo CASCADE", "DROP_SCHEMA cascade schema lake.demo"},
        {"DROP SCHEMA IF EXISTS demo", "DROP_SCHEMA if exists schema demo"},
        {"CREATE TABLE IF NOT EXISTS s.t (a int NOT NULL, b text NULL) WITH (partitioning = "
         "'month(d)', format_version = 2, x.y = 'z', f = parquet, q)",
         "CREATE_TABLE if not exists s.t (a integer not null, b text) with "
         "[partitioning=month(d), format_version=2, x.y=z, f=parquet, q]"},
        {"CREATE TABLE t (a int) USING iceberg", "CREATE_TABLE t (a integer)"},
        {"CREATE OR REPLACE TABLE t (a int)", "CREATE_TABLE or replace t (a integer)"},
        {"create /* x */ or replace -- y\n table t as select 1 a",
         "CREATE_TABLE or replace t text[select 1 a] select 1 as a"},
        {"CREATE TABLE lake.demo.t WITH (sorted_by = 'a') AS SELECT 1 AS a",
         "CREATE_TABLE lake.demo.t with [sorted_by=a] text[SELECT 1 AS a] select 1 as a"},
        {"CREATE OR REPLACE MATERIALIZED VIEW \"Demo\".v WITH (target_lag = '15 minutes') AS "
         "SELECT a, count(*) AS n FROM t GROUP BY a WITH NO DATA;",
         "CREATE_MATVIEW or replace matview \"Demo\".v with [target_lag=15 minutes] text[SELECT a, "
         "count(*) AS n FROM t GROUP BY a] select a, count(*) as n from t group a"},
        {"CREATE MATERIALIZED VIEW IF NOT EXISTS v AS (SELECT 1 AS \"A\") WITH DATA",
         "CREATE_MATVIEW matview if not exists v text[(SELECT 1 AS \"A\")] select 1 as \"A\""},
        {"DROP TABLE IF EXISTS a, s.b, c.s.\"T\"", "DROP_TABLE if exists a, s.b, c.s.\"T\""},
        {"DROP MATERIALIZED VIEW v", "DROP_TABLE matview v"},
        {"ALTER MATERIALIZED VIEW s.v ADD CONSTRAINT \"Has Rows\" CHECK (n > (0))",
         "ADD_CONSTRAINT matview s.v constraint \"Has Rows\" check[n > (0)] where (> n 0)"},
        {"ALTER MATERIALIZED VIEW v ADD CONSTRAINT c CHECK ((SELECT sum(x) FROM summary) = (SELECT "
         "sum(y) FROM raw))",
         "ADD_CONSTRAINT matview v constraint c check[(SELECT sum(x) FROM summary) = (SELECT "
         "sum(y) FROM raw)] where (= (select sum(x) from summary) (select sum(y) from raw))"},
        {"ALTER MATERIALIZED VIEW v DROP CONSTRAINT IF EXISTS c",
         "DROP_CONSTRAINT matview if exists v constraint c"},
        {"REFRESH MATERIALIZED VIEW s.v", "REFRESH s.v"},
    };
    check_all(all, ARRAY_LEN(all));
}

TEST(the_rest)
{
    static const struct golden all[] = {
        {"INSERT INTO t VALUES (1, 'a'), (2, NULL)",
         "INSERT t select * from values/2 (1, 'a'), (2, null)"},
        {"INSERT INTO s.t (a, \"B\") SELECT 1, 2", "INSERT s.t (a, \"B\") select 1, 2"},
        {"DELETE FROM t WHERE d = '2025-01-14'", "DELETE t where (= d '2025-01-14')"},
        {"DELETE FROM t AS x", "DELETE t as x"},
        {"COPY t (a, b) FROM 'f.csv' WITH (FORMAT csv, HEADER, DELIMITER E'\\t', NULL 'NA', QUOTE "
         "'''', ON_ERROR 'ignore', force_quote (a, \"B\"))",
         "COPY_FROM t (a, b) with [format=csv, header, delimiter=\t, null=NA, quote=', "
         "on_error=ignore, force_quote=a,B] value=f.csv"},
        {"COPY (SELECT 1) TO 'f.parquet' WITH (FORMAT parquet)",
         "COPY_TO with [format=parquet] value=f.parquet select 1"},
        {"COPY t FROM 'f' CSV HEADER", "COPY_FROM t with [format=csv, header=true] value=f"},
        {"COPY t TO STDOUT", "COPY_TO t"},
        {"BEGIN", "BEGIN"},
        {"START TRANSACTION", "BEGIN"},
        {"COMMIT; END; ROLLBACK; ABORT", "COMMIT; COMMIT; ROLLBACK; ROLLBACK"},
        {"SET application_name = 'x y'", "SET text=application_name value=x y"},
        {"SET firn.publish TO ordered", "SET text=firn.publish value=ordered"},
        {"SET a = \"B c\", 'd', 3, 4.5, true", "SET text=a value=B c, d, 3, 4.5, true"},
        {"SET TIME ZONE 'Europe/Paris'", "SET text=timezone value=Europe/Paris"},
        {"SET a TO DEFAULT; RESET b; RESET ALL", "SET text=a; SET text=b; SET text=all"},
        {"SET a = ''", "SET text=a value="},
        {"SHOW TIME ZONE; SHOW ALL; SHOW tables", "SHOW text=timezone; SHOW text=all; SHOW "
                                                  "text=tables"},
        {"EXPLAIN SELECT 1", "EXPLAIN SELECT select 1"},
        {"EXPLAIN ANALYZE SELECT 1", "EXPLAIN analyze with [analyze] SELECT select 1"},
        {"EXPLAIN (ANALYZE off, VERBOSE) SELECT 1",
         "EXPLAIN with [analyze=off, verbose] SELECT select 1"},
        {"EXPLAIN REFRESH MATERIALIZED VIEW v", "EXPLAIN REFRESH v"},
        {"EXPLAIN CREATE OR REPLACE TABLE t AS SELECT 1 a",
         "EXPLAIN CREATE_TABLE or replace t text[SELECT 1 a] select 1 as a"},
        {"CALL system.expire_snapshots('demo.t', older_than => TIMESTAMP '2025-01-01', \"where\" "
         "=> 'x')",
         "CALL call system.expire_snapshots('demo.t', older_than => (literal '2025-01-01' "
         "timestamp without time zone), \"where\" => 'x')"},
    };
    check_all(all, ARRAY_LEN(all));
}
