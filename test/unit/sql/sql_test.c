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
         "numeric(10,2)), (cast a numeric(5,0)), (cast a numeric)"},
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
        {"DROP TABLE a, \"B\" CASCADE PURGE", "DROP_TABLE cascade purge a, \"B\""},
        {"drop table purge purge; DROP TABLE IF EXISTS purge",
         "DROP_TABLE purge purge; DROP_TABLE if exists purge"},
        {"DROP TABLE a, purge; DROP TABLE s.purge; DROP TABLE purge",
         "DROP_TABLE a, purge; DROP_TABLE s.purge; DROP_TABLE purge"},
        {"DROP MATERIALIZED VIEW purge PURGE", "DROP_TABLE matview purge purge"},
        {"ALTER TABLE s.a RENAME TO \"B\"", "RENAME s.a to \"B\""},
        {"ALTER TABLE IF EXISTS lake.s.a SET SCHEMA other",
         "RENAME if exists schema other lake.s.a"},
        {"ALTER MATERIALIZED VIEW v RENAME TO w", "RENAME matview v to w"},
        {"ALTER MATERIALIZED VIEW IF EXISTS v SET SCHEMA \"a.b\"",
         "RENAME matview if exists schema \"a.b\" v"},
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
        {"SET \"A\".b = 1; RESET a.\"B c\"; SHOW \"X\".y.\"z.w\"",
         "SET text=A.b value=1; SET text=a.B c; SHOW text=X.y.z.w"},
        {"SELECT extract(\"Year\" FROM d), extract('firn0$0' FROM d)",
         "SELECT select extract('Year', d), extract('firn0$0', d)"},
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

TEST(names)
{
    static const struct golden all[] = {
        {"SELECT Abc, \"Abc\", \"a\"\"b\", \"select\", ÄB", "SELECT select abc, \"Abc\", "
                                                            "\"a\"b\", \"select\", Äb"},
        {"SELECT \"a\"b, x\"Y\" FROM \"t\"\"u\"",
         "SELECT select \"a\" as b, x as \"Y\" from \"t\"u\""},
        {"SELECT \"Count\"(*), 1::\"int4\", firn0$0, \"x\", FIRN1$7",
         "SELECT select \"Count\"(*), (cast 1 integer), firn0$0, \"x\", firn1$7"},
        {"SELECT 'firn0$0', \"x\"", "SELECT select 'firn0$0', \"x\""},
        {"SELECT aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgGGG.x",
         "SELECT select aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg.x"},
        {"SELECT \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg\" FROM "
         "lake.\"a.b\".\"t@1\"",
         "SELECT select \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg\" from "
         "lake.\"a.b\".\"t@1\""},
        {"SELECT 1 AS \"a\"/* \"no\" */, '\"no\"' -- \"no\"", "SELECT select 1 as \"a\", '\"no\"'"},
    };
    check_all(all, ARRAY_LEN(all));
}

TEST(sources)
{
    struct arena arena;
    struct error err;
    struct query_statement **s;
    size_t count;
    error_init(&err);
    arena_init(&arena, NULL);
    CHECK_OK(
        sql_parse(STR(" /* a */ SELECT \"B\" -- c\n ; EXPLAIN ANALYZE VERBOSE (SELECT 2); EXPLAIN "
                      "(costs, analyze off) CREATE OR REPLACE TABLE t AS TABLE u ;;"),
                  &arena, &s, &count, &err));
    CHECK_INT(count, 3);
    CHECK_STR(s[0]->source, "SELECT \"B\"");
    CHECK_STR(s[1]->source, "EXPLAIN ANALYZE VERBOSE (SELECT 2)");
    CHECK_STR(s[1]->inner->source, "(SELECT 2)");
    CHECK_STR(s[2]->inner->source, "CREATE OR REPLACE TABLE t AS TABLE u");
    CHECK_STR(s[2]->inner->select_text, "TABLE u");
    arena_free(&arena);
}

/* Every position is a 1-based byte of the text as given, behind blanked words and quoted names. */
TEST(positions)
{
    check_text("SELECT a + 1, \"Größe\" FROM t WHERE x", true,
               "SELECT select (+ a@8 1@12)@10, \"Größe\"@15 from t@30 where x@38");
    check_text("CREATE OR REPLACE TABLE \"t\" AS SELECT \"b\", c FROM s.u", true,
               "CREATE_TABLE or replace \"t\"@25 text[SELECT \"b\", c FROM s.u] select "
               "\"b\"@39, c@44 from s.u@51");
    check_text("SELECT 1; SELECT 'ö', ab", true, "SELECT select 1@8; SELECT select 'ö'@18, ab@24");
    check_text("DROP TABLE IF EXISTS a, \"B\".c", true, "DROP_TABLE if exists a@22, \"B\".c@25");
    check_text("CREATE TABLE t (\"A\" int, b text) WITH (\"X\" = 1, y = 2)", true,
               "CREATE_TABLE t@14 (\"A\" integer@17, b text@26) with [\"X\"=1@40, y=2@49]");
    check_text("SELECT a AND b, NOT c, d IS NULL, e IN (1), f(g), h::int, DATE '2025-01-01'", true,
               "SELECT select (and a@8 b@14)@10, (not c@21)@17, (is null d@24)@26, (in e@35 "
               "1@41)@37, f(g@47)@45, (cast h@51 integer)@52, (literal '2025-01-01'@64 date)@59");
}

struct refusal {
    const char *sql, *state;
    int64_t position;
    const char *message;
};

static void check_refusal(const struct refusal *r)
{
    struct arena arena;
    struct error err;
    struct query_statement **statements;
    size_t count;
    error_init(&err);
    arena_init(&arena, NULL);
    status st = sql_parse(str_of(r->sql), &arena, &statements, &count, &err);
    if (st == ST_OK)
        test_fail(__FILE__, __LINE__, "%s: accepted", r->sql);
    if (strcmp(err.msg, r->message) != 0 || strcmp(error_state(&err), r->state) != 0 ||
        err.position != r->position)
        test_fail(__FILE__, __LINE__, "%s\n  is  %s at %lld: %s\n  not %s at %lld: %s", r->sql,
                  error_state(&err), (long long)err.position, err.msg, r->state,
                  (long long)r->position, r->message);
    arena_free(&arena);
}

TEST(syntax_errors)
{
    static const struct refusal all[] = {
        {"SELCT 1", "42601", 1, "syntax error at or near \"SELCT\""},
        {"SELECT 1 FROM t WHERE", "42601", 22, "syntax error at end of input"},
        {"SELECT é é é", "42601", 14, "syntax error at or near \"é\""},
        {"SELECT \"Größe\" \"x\" \"y z\"", "42601", 22, "syntax error at or near \"\"y z\"\""},
        {"CREATE OR REPLACE TABLE x.y (a int,, b int)", "42601", 36,
         "syntax error at or near \",\""},
        {"CREATE OR REPLACE TEMP TABLE x (a int)", "42601", 24,
         "syntax error at or near \"TABLE\""},
        {"SELECT 'abc", "42601", 8, "unterminated quoted string at or near \"'abc\""},
        {"SELECT é, \"abc", "42601", 12, "unterminated quoted identifier at or near \"\"abc\""},
        {"SELECT \"\"", "42601", 8, "zero-length delimited identifier at or near \"\"\"\""},
        {"SELECT a.b.c.*", "42601", 8, "improper qualified name (at most schema.table.*)"},
        {"SELECT * FROM a.b.c.d", "42601", 15,
         "improper qualified name (too many dotted names): a.b.c.d"},
        {"DROP TABLE x, a.b.c.d", "42601", 15,
         "improper qualified name (at most catalog.schema.table)"},
        {"SELECT f(a => 1, 2)", "42601", 18, "positional argument cannot follow named argument"},
        {"SELECT f(a => 1, a => 2)", "42601", 18, "argument name \"a\" used more than once"},
        {"VALUES (1, 2), (3)", "42601", 17, "VALUES lists must all be the same length"},
        {"SELECT a::foo", "42704", 11, "type \"foo\" does not exist"},
        {"SELECT a::numeric(39)", "22023", 11, "numeric precision 39 must be between 1 and 38"},
        {"SELECT a::numeric(5,6)", "22023", 11, "numeric scale 6 must be between 0 and 5"},
        {"CREATE TABLE t (a int, \"b\" text, b int)", "42701", 34,
         "column \"b\" specified more than once"},
        {"CREATE TABLE t ()", "42601", 14, "a table needs a column"},
        {"CREATE OR REPLACE TABLE IF NOT EXISTS t (a int)", "42601", 39,
         "OR REPLACE and IF NOT EXISTS exclude each other"},
        {"SELECT E'\\xff'", "22021", 0, "invalid byte sequence for encoding \"UTF8\": 0xff"},
        {"SELECT '\xff'", "22021", 0, "the text is not valid UTF-8 without NUL"},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        check_refusal(&all[i]);
}

static void check_unsupported(const char *sql, int64_t position, const char *what)
{
    char message[256];
    snprintf(message, sizeof(message), "%s is not supported", what);
    check_refusal(&(struct refusal){sql, "0A000", position, message});
}

TEST(refused_in_queries)
{
    check_unsupported("SELECT 1 FROM a JOIN b ON true JOIN c ON true", 32, "JOIN");
    check_unsupported("SELECT 1 FROM a LEFT JOIN b USING (x)", 22, "JOIN");
    check_unsupported("SELECT 1 FROM a, b", 18, "a join (several tables in FROM)");
    check_unsupported("SELECT 1 UNION ALL SELECT 2", 10, "UNION");
    check_unsupported("SELECT 1 EXCEPT SELECT 2", 10, "EXCEPT");
    check_unsupported("SELECT 1 WHERE (SELECT 1 INTERSECT SELECT 2) = 1", 26, "INTERSECT");
    check_unsupported("WITH x AS (SELECT 1) SELECT 2", 1, "WITH");
    check_unsupported("SELECT sum(a) OVER (PARTITION BY b) FROM t", 8, "a window function (OVER)");
    check_unsupported("SELECT 1 FROM t WINDOW w AS (ORDER BY a)", 29, "WINDOW");
    check_unsupported("SELECT a FROM t GROUP BY ROLLUP (a)", 26,
                      "GROUPING SETS, ROLLUP, CUBE or GROUP BY ()");
    check_unsupported("SELECT a FROM t GROUP BY GROUPING SETS ((a), ())", 26,
                      "GROUPING SETS, ROLLUP, CUBE or GROUP BY ()");
    check_unsupported("SELECT 1 FROM t, LATERAL (SELECT 1) x", 34,
                      "a join (several tables in FROM)");
    check_unsupported("SELECT 1 FROM LATERAL (SELECT 1) x", 31, "LATERAL");
    check_unsupported("SELECT EXISTS (SELECT 1)", 8, "EXISTS (SELECT ...)");
    check_unsupported("SELECT a IN (SELECT 1)", 10, "IN (SELECT ...)");
    check_unsupported("SELECT a = ANY (SELECT 1)", 10, "ANY (SELECT ...)");
    check_unsupported("SELECT a > ALL (SELECT 1)", 10, "ALL (SELECT ...)");
    check_unsupported("SELECT a = ANY (b)", 10, "ANY or ALL of an array");
    check_unsupported("SELECT ARRAY(SELECT 1)", 8, "this kind of subquery");
    check_unsupported("SELECT array_agg(a ORDER BY b)", 8, "ORDER BY in an aggregate");
    check_unsupported("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a)", 8, "WITHIN GROUP");
    check_unsupported("SELECT f(VARIADIC a)", 8, "VARIADIC");
    check_unsupported("SELECT 1 FROM t FOR UPDATE", 8, "FOR UPDATE or FOR SHARE");
    check_unsupported("SELECT DISTINCT ON (a) a FROM t", 21, "DISTINCT ON");
    check_unsupported("SELECT a INTO b FROM t", 15, "SELECT INTO");
    check_unsupported("SELECT FROM t", 13, "SELECT without columns");
    check_unsupported("SELECT 1 FROM ONLY t", 20, "ONLY");
    check_unsupported("SELECT 1 FROM t TABLESAMPLE system (1)", 15, "TABLESAMPLE");
    check_unsupported("SELECT 1 FROM f(1) WITH ORDINALITY", 15, "WITH ORDINALITY");
    check_unsupported("SELECT 1 FROM ROWS FROM (f(1), g(2))", 26, "ROWS FROM");
    check_unsupported("SELECT 1 FROM f(1) AS x(a int)", 25, "a column definition list");
    check_unsupported("SELECT 1 ORDER BY 1 FETCH FIRST 1 ROW WITH TIES", 33, "WITH TIES");
    check_unsupported("SELECT a FROM t ORDER BY a USING <", 26, "ORDER BY ... USING");
}

TEST(refused_in_expressions)
{
    check_unsupported("SELECT (1, 2)", 8, "a row of several values");
    check_unsupported("SELECT ROW(1)", 8, "a row of several values");
    check_unsupported("SELECT ARRAY[1]", 8, "ARRAY[...]");
    check_unsupported("SELECT a[1]", 8, "a subscript or a field of a value");
    check_unsupported("SELECT (a).b", 9, "a subscript or a field of a value");
    check_unsupported("SELECT a COLLATE \"C\"", 8, "COLLATE");
    check_unsupported("SELECT $1", 8, "a parameter ($1)");
    check_unsupported("SELECT GROUPING(a)", 8, "GROUPING()");
    check_unsupported("SELECT a SIMILAR TO 'x'", 10, "SIMILAR TO");
    check_unsupported("SELECT b'01'", 8, "a bit string");
    check_unsupported("SELECT U&\"x\"", 8, "text with U& escapes");
    check_unsupported("SELECT current_user", 8, "current_user");
    check_unsupported("SELECT current_timestamp(3)", 8, "current_timestamp(n)");
    check_unsupported("SELECT xmlelement(name a)", 8, "an XML function");
    check_unsupported("SELECT a::int[]", 11, "an array type");
    check_unsupported("SELECT a::varchar(10)", 11, "varchar(10) (tables keep no length: use text)");
    check_unsupported("SELECT a::char(3)", 11, "type char(n)");
    check_unsupported("SELECT a::json", 11, "type json");
    check_unsupported("SELECT a::timestamp(3)", 11,
                      "timestamp(3): firn keeps microseconds, timestamp(6)");
    check_unsupported("SELECT INTERVAL '1-2' YEAR TO MONTH", 8,
                      "an interval with fields or precision");
    check_unsupported("INSERT INTO t VALUES (DEFAULT)", 23, "DEFAULT as a value");
    check_unsupported("SELECT a OPERATOR(s.+) b", 10, "an operator of schema s");
}

TEST(refused_statements)
{
    check_unsupported("UPDATE t SET a = 1", 1, "UPDATE");
    check_unsupported(" MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", 2, "MERGE");
    check_unsupported("SELECT 1; CREATE UNIQUE INDEX i ON t (a)", 11, "CREATE UNIQUE INDEX");
    check_unsupported("CREATE OR REPLACE VIEW v AS SELECT 1", 1, "CREATE OR REPLACE VIEW");
    check_unsupported("CREATE TEMP TABLE t (a int)", 19, "a temporary table");
    check_unsupported("ALTER TABLE t ADD COLUMN a int", 1, "ALTER TABLE");
    check_unsupported("DROP VIEW v", 1, "DROP VIEW");
    check_unsupported("TRUNCATE t", 1, "TRUNCATE");
    check_unsupported("GRANT SELECT ON t TO u", 1, "GRANT");
    check_unsupported("SAVEPOINT a", 1, "SAVEPOINT");
    check_unsupported("BEGIN ISOLATION LEVEL SERIALIZABLE", 7, "a transaction mode");
    check_unsupported("SET LOCAL a = 1", 1, "SET LOCAL");
    check_unsupported("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", 26, "ON CONFLICT");
    check_unsupported("INSERT INTO t VALUES (1) RETURNING a", 36, "RETURNING");
    check_unsupported("INSERT INTO t DEFAULT VALUES", 1, "DEFAULT VALUES");
    check_unsupported("DELETE FROM t USING u", 21, "DELETE ... USING");
    check_unsupported("CREATE TABLE t (a int PRIMARY KEY)", 23, "PRIMARY KEY");
    check_unsupported("CREATE TABLE t (a int DEFAULT 1)", 23, "DEFAULT");
    check_unsupported("CREATE TABLE t (a int, UNIQUE (a))", 24, "UNIQUE");
    check_unsupported("CREATE TABLE t (LIKE u)", 22, "CREATE TABLE ... LIKE");
    check_unsupported("CREATE TABLE t (a interval)", 19, "interval as the type of a column");
    check_unsupported("CREATE TABLE t (a int) USING heap", 14, "USING heap");
    check_unsupported("CREATE TABLE t (a int) PARTITION BY RANGE (a)", 24,
                      "PARTITION BY (use WITH (partitioning = '...')); it");
    check_unsupported("DROP SCHEMA a, \"b\"", 16, "DROP SCHEMA of several");
    check_unsupported("COPY t FROM PROGRAM 'x'", 1, "COPY with PROGRAM");
    check_unsupported("REFRESH MATERIALIZED VIEW v WITH NO DATA", 27, "REFRESH ... WITH NO DATA");
    check_unsupported("ALTER MATERIALIZED VIEW v ADD CHECK (true)", 31,
                      "a CHECK without CONSTRAINT and a name");
    check_unsupported("ALTER MATERIALIZED VIEW v SET (a = 1)", 25,
                      "ALTER MATERIALIZED VIEW other than ADD or DROP CONSTRAINT");
    check_unsupported("ALTER TABLE t RENAME a TO b", 1, "RENAME of a column");
    check_unsupported("ALTER INDEX t RENAME TO b", 1, "ALTER INDEX");
    check_unsupported("ALTER SEQUENCE t SET SCHEMA b", 1, "ALTER SEQUENCE");
    check_unsupported("EXPLAIN (ANALYZE) UPDATE t SET a = 1", 19, "UPDATE");
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* head, `open` n times, middle, `close` n times. */
static char *repeat(const char *head, const char *open, const char *middle, const char *close,
                    size_t n)
{
    char *text = malloc(strlen(head) + strlen(middle) + n * (strlen(open) + strlen(close)) + 1);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, open);
    at = stpcpy(at, middle);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, close);
    return text;
}

static status parse_owned(char *text, struct error *err)
{
    struct arena arena;
    struct query_statement **statements;
    size_t count;
    error_init(err);
    arena_init(&arena, NULL);
    status st = sql_parse(str_of(text), &arena, &statements, &count, err);
    arena_free(&arena);
    free(text);
    return st;
}

TEST(depth_is_bounded)
{
    struct error err;
    CHECK_OK(parse_owned(repeat("SELECT 1", "", "", "+1", 900), &err));
    CHECK_STATUS(parse_owned(repeat("SELECT 1", "", "", "+1", 1001), &err), ST_LIMIT);
    CHECK(strcmp(error_state(&err), "54001") == 0);
    CHECK_OK(parse_owned(repeat("SELECT ", "(", "1", ")", 190), &err));
    CHECK_STATUS(parse_owned(repeat("SELECT ", "(", "1", ")", 250), &err), ST_LIMIT);
    CHECK_OK(parse_owned(repeat("SELECT ", "(SELECT ", "1", ")", 150), &err));
    CHECK_STATUS(parse_owned(repeat("SELECT ", "(SELECT ", "1", ")", 199), &err), ST_LIMIT);
    CHECK_STATUS(parse_owned(repeat("SELECT ", "NOT ", "true", "", 1001), &err), ST_LIMIT);
    CHECK_STATUS(parse_owned(repeat("SELECT 1", "", "", "::int", 1001), &err), ST_LIMIT);
    CHECK_STATUS(parse_owned(repeat("SELECT ", "CASE WHEN ", "1", " THEN 1 END", 201), &err),
                 ST_LIMIT);
    CHECK_STATUS(parse_owned(repeat("SELECT 1, 2", "", "", " UNION SELECT 1, 2", 1001), &err),
                 ST_LIMIT);
    CHECK_STATUS(parse_owned(repeat("SELECT 1 FROM a, b", "", "", " JOIN c ON 1", 1001), &err),
                 ST_LIMIT);
    /* D2: a chain that runs through the ANDs of BETWEEN */
    CHECK_STATUS(parse_owned(repeat("SELECT 1", "", "", " BETWEEN 1 AND 2 IS NULL", 400), &err),
                 ST_LIMIT);
}

/* What is wide is not deep: lists, AND, OR, rows, statements. */
TEST(width_is_not_depth)
{
    struct error err;
    CHECK_OK(parse_owned(repeat("SELECT 1 WHERE x = 1", "", "", " OR x = 2", 5000), &err));
    CHECK_OK(parse_owned(
        repeat("SELECT 1 WHERE x BETWEEN 1 AND 2", "", "", " AND x BETWEEN 1 AND 2", 5000), &err));
    CHECK_OK(parse_owned(repeat("SELECT x IN (1", "", ")", ",1", 0), &err));
    CHECK_OK(parse_owned(repeat("VALUES (1, NULL, 'a')", "", "", ",(1, NULL, 'a')", 30000), &err));
    CHECK_OK(parse_owned(repeat("SELECT 1+1", "", "", ", (1+1)", 9000), &err));
    CHECK_OK(parse_owned(repeat("", "", "", "SELECT 1+1;", 9000), &err));
}

TEST(size_is_bounded)
{
    struct error err;
    CHECK_STATUS(parse_owned(repeat("SELECT 1", "", "", ",+1", 20001), &err), ST_LIMIT);
    CHECK(strcmp(err.msg, "the text has more than 20000 operators and keywords; load bulk rows by "
                          "COPY") == 0);
    CHECK_OK(parse_owned(repeat("SELECT 1", "", "", " ", SQL_MAX_BYTES - 8), &err));
    CHECK_STATUS(parse_owned(repeat("SELECT 1", "", "", " ", SQL_MAX_BYTES - 7), &err), ST_LIMIT);
    struct arena arena;
    struct query_statement **statements;
    size_t count;
    arena_init(&arena, NULL);
    struct str nul = {"SELECT 1\0", 9};
    CHECK_STATUS(sql_parse(nul, &arena, &statements, &count, &err), ST_INVALID);
    arena_free(&arena);
}

/* The n-th allocation fails, for every n: an error each time, and the account returns to zero. */
TEST(allocations_fail)
{
    struct mem_account account;
    struct error err;
    struct query_statement **statements;
    size_t count;
    for (uint64_t n = 1; n < 1000; n++) {
        struct arena arena;
        mem_account_init(&account, "test", NULL, 0);
        error_init(&err);
        arena_init(&arena, &account);
        mem_fault_set(n, false);
        status st = sql_parse(
            STR("CREATE OR REPLACE MATERIALIZED VIEW a.\"B\" AS SELECT k, sum(x + 1) FILTER "
                "(WHERE y IN (1, 2)) FROM t GROUP BY k; SET a = 'b', c"),
            &arena, &statements, &count, &err);
        mem_fault_set(0, false);
        arena_free(&arena);
        CHECK_INT(account.used_bytes, 0);
        if (st == ST_OK) {
            CHECK(n > 2);
            return;
        }
        CHECK_STATUS(st, ST_OOM);
    }
    CHECK(!"it never succeeds");
}

/* ---- the other ways in -------------------------------------------------------------------------
 */

static void check_expression(const char *text, const char *want, int64_t position)
{
    struct arena arena;
    struct buffer out;
    struct error err;
    struct query_ast *a;
    error_init(&err);
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 4096);
    status st = sql_parse_expression(str_of(text), &arena, &a, &err);
    if (want) {
        if (st != ST_OK)
            test_fail(__FILE__, __LINE__, "%s: %s", text, err.msg);
        sql_print_expression(&(struct sql_print){&out, true}, a);
        CHECK_STR(buffer_str(&out), want);
    } else {
        CHECK(st != ST_OK);
        CHECK_INT(err.position, position);
    }
    buffer_free(&out);
    arena_free(&arena);
}

TEST(one_expression)
{
    check_expression("n > 0 -- why", "(> n@1 0@5)@3", 0);
    check_expression("\"N\" > (SELECT max(\"x\") FROM \"raw\")",
                     "(> \"N\"@1 (select max(\"x\"@19)@15 from \"raw\"@29)@7)@5", 0);
    check_expression("1, 2", NULL, 1);
    check_expression("1 AS x", NULL, 1);
    check_expression("1 FROM t", NULL, 1);
    check_expression("1; DROP TABLE t", NULL, 1);
    check_expression("1 UNION SELECT 2", NULL, 1);
    check_expression("", NULL, 1);
    check_expression("n >", NULL, 4);
    check_expression("n > > 1 (", NULL, 5);
}

TEST(quoted_names)
{
    static const struct golden all[] = {
        {"abc", "abc"},           {"a_1", "a_1"},     {"Abc", "\"Abc\""},
        {"1a", "\"1a\""},         {"a b", "\"a b\""}, {"a\"b", "\"a\"\"b\""},
        {"select", "\"select\""}, {"date", "date"},   {"interval", "\"interval\""},
        {"schema", "schema"},     {"", "\"\""},       {"größe", "\"größe\""},
    };
    struct arena arena;
    struct error err;
    struct str out;
    error_init(&err);
    arena_init(&arena, NULL);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        CHECK_OK(sql_quote_name(str_of(all[i].sql), &arena, &out, &err));
        CHECK_STR(out, all[i].want);
    }
    arena_free(&arena);
}
