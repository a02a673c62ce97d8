// SPDX-License-Identifier: Apache-2.0
/* plan_select_test.c - whole SELECTs: the chain of nodes, output names, refusals. */
#include "plan_fixture.h"

#include "sql/sql.h"

TEST(columns_and_stars)
{
    CHECK_PLAN("SELECT amount, product_id FROM sales",
               "Project amount, product_id < Scan demo.sales(product_id, amount)");
    CHECK_PLAN("SELECT * FROM sales",
               "Scan demo.sales(transaction_date, product_id, quantity, unit_price, amount)");
    CHECK_PLAN(
        "SELECT s.* FROM demo.sales s LIMIT 10",
        "Limit 10 < Scan demo.sales(transaction_date, product_id, quantity, unit_price, amount)");
    CHECK_PLAN("SELECT quantity * 2 AS twice FROM sales WHERE product_id = 101",
               "Project (quantity * '2'::bigint) AS twice < Filter (product_id = '101'::bigint) < "
               "Scan demo.sales(product_id, quantity)");
    CHECK_PLAN("SELECT 1 + 1", "Project 2 AS ?column? < Values: 1 row");
    CHECK_TYPES("SELECT *, 1 AS one FROM summary",
                "day date, total double precision, n bigint, one integer");
}

TEST(groups)
{
    CHECK_PLAN("SELECT product_id, sum(amount) FROM sales GROUP BY product_id",
               "Project product_id, sum < Aggregate by product_id: sum(amount) < Scan "
               "demo.sales(product_id, amount)");
    CHECK_PLAN("SELECT sum(amount), product_id FROM sales GROUP BY 2 HAVING count(*) > 10",
               "Project sum, product_id < Filter (count > '10'::bigint) < Aggregate by product_id: "
               "sum(amount), count(*) < Scan demo.sales(product_id, amount)");
    CHECK_PLAN("SELECT count(*) FROM sales", "Aggregate: count(*) < Scan demo.sales()");
    CHECK_PLAN("SELECT date_trunc('month', transaction_date::timestamp) AS month, count(*) FROM "
               "sales GROUP BY month",
               "Project \"?key?\" AS month, count < Aggregate by date_trunc('month', "
               "transaction_date::timestamp without time zone): count(*) < Scan "
               "demo.sales(transaction_date)");
    CHECK_PLAN("SELECT sum(amount) / count(amount), avg(amount) FROM sales",
               "Project (sum / count::double precision) AS ?column?, avg < Aggregate: sum(amount), "
               "count(amount), avg(amount) < Scan demo.sales(amount)");
    CHECK_PLAN("SELECT 1 FROM sales HAVING true",
               "Project 1 AS ?column? < Aggregate: count(*) < Scan demo.sales()");
}

TEST(one_argument_for_equal_calls)
{
    struct fixture f;
    struct query_plan *p;
    struct error err;
    fixture_init(&f);
    status st = fixture_select(
        &f,
        "SELECT sum(amount), avg(amount), sum(amount) + 1, max(amount) FILTER (WHERE quantity > "
        "1), min(amount) FILTER (WHERE quantity > 1), count(1), count(*) FROM sales",
        &p);
    err = f.err;
    CHECK_OK(st);
    CHECK_INT(p->input->kind, QUERY_PLAN_AGGREGATE);
    CHECK_INT(p->input->aggregate.arg_count, 3);
    CHECK_INT(p->input->aggregate.out_count, 5);
    CHECK(p->input->aggregate.grand_total);
    fixture_free(&f);
}

TEST(order_and_limit)
{
    CHECK_PLAN("SELECT product_id AS p FROM sales ORDER BY p DESC, 1 LIMIT 3 OFFSET 1 + 1",
               "Limit 3 offset 2 < Sort by p DESC, p < Project product_id AS p < Scan "
               "demo.sales(product_id)");
    CHECK_PLAN("SELECT product_id FROM sales ORDER BY amount * 2 NULLS FIRST",
               "Project product_id < Sort by \"?order?\" NULLS FIRST < Project product_id, (amount "
               "* '2'::double precision) AS ?order? < Scan demo.sales(product_id, amount)");
    CHECK_PLAN("SELECT product_id FROM sales GROUP BY product_id ORDER BY sum(amount) DESC",
               "Project product_id < Sort by \"?order?\" DESC < Project product_id, sum AS ?order? "
               "< Aggregate by product_id: sum(amount) < Scan demo.sales(product_id, amount)");
    CHECK_PLAN("SELECT DISTINCT product_id AS p FROM sales ORDER BY product_id",
               "Sort by p < Distinct by p < Project product_id AS p < Scan demo.sales(product_id)");
    CHECK_PLAN("SELECT i FROM t LIMIT ALL", "Scan demo.t(i)");
    /* an input column comes before an output name in GROUP BY, after it in ORDER BY */
    CHECK_PLAN("SELECT i % 2 AS l, count(*) FROM t GROUP BY i % 2 ORDER BY l",
               "Sort by l < Project \"?key?\" AS l, count < Aggregate by (i % 2): count(*) < Scan "
               "demo.t(i)");
    CHECK_ERROR("SELECT i % 2 AS l FROM t GROUP BY l", "42803", 8, "column \"t.i\" must appear");
}

TEST(derived_tables)
{
    CHECK_PLAN("SELECT p FROM (SELECT product_id AS p, sum(amount) AS a, count(*) AS n FROM sales "
               "GROUP BY product_id) s WHERE a > 1",
               "Project p < Filter (a > '1'::double precision) < Project product_id AS p, sum AS a "
               "< Aggregate by product_id: sum(amount) < Scan demo.sales(product_id, amount)");
    CHECK_PLAN("SELECT count(*) FROM (SELECT * FROM sales) s",
               "Aggregate: count(*) < Scan demo.sales()");
    CHECK_PLAN("SELECT a FROM (VALUES (1, 'x'), (2.5, NULL)) v(a, b) ORDER BY b",
               "Project a < Sort by \"?order?\" < Project a, b AS ?order? < Values: 2 rows");
    CHECK_TYPES("VALUES (1, 'a', NULL), (2.5, 'b', DATE '2025-01-01'), ('3', NULL, NULL)",
                "column1 numeric(2,1), column2 text, column3 date");
    CHECK_TYPES("SELECT * FROM (SELECT 1, 'x' AS y) AS s(a)", "a integer, y text");
    CHECK_ERROR("SELECT * FROM (SELECT 1) AS s(a, b)", "42P10", 0,
                "table \"s\" has 1 columns available but 2 columns specified");
}

TEST(subqueries)
{
    CHECK_PLAN("SELECT i FROM t WHERE i > (SELECT max(product_id) FROM sales)",
               "Filter (i::bigint > (subquery)) < Subquery, run once: < Aggregate: max(product_id) "
               "< Scan demo.sales < Scan demo.t(i)");
    CHECK_ERROR("SELECT (SELECT i, l FROM t)", "42601", 8, "subquery must return only one column");
    CHECK_ERROR("SELECT (SELECT max(product_id) FROM sales WHERE quantity = i) FROM t", "0A000", 0,
                "column \"i\" belongs to the enclosing query");
    CHECK_ERROR("SELECT (SELECT t.i FROM sales) FROM t", "0A000", 0, "correlated subqueries");
}

TEST(sources)
{
    CHECK_TYPES("SELECT * FROM sample_sales()",
                "transaction_date date, product_id bigint, quantity bigint, unit_price double "
                "precision, amount double precision");
    CHECK_PLAN("SELECT amount FROM sample_sales(7, days => 10, products => 5)",
               "Project amount < Sample sales: seed 7, from 2025-01-14, 10 days, 333 rows a day, 5 "
               "products");
    CHECK_PLAN("SELECT count(*) FROM sample_sales(start => DATE '2024-02-29') WHERE quantity > 3",
               "Aggregate: count(*) < Filter (quantity > '3'::bigint) < Sample sales: seed 42, "
               "from 2024-02-29, 3 days, 333 rows a day, 3 products");
    CHECK_ERROR("SELECT * FROM sample_sales(days => -1)", "22023", 0, "days of sample_sales is -1");
    CHECK_ERROR("SELECT * FROM sample_sales(rows => 1)", "42883", 0, "no such argument");
    CHECK_ERROR("SELECT * FROM sample_sales(1, seed => 2)", "42883", 0, "has it already");
    CHECK_ERROR("SELECT * FROM sample_sales(days => 4000000)", "22023", 0, "days");
    CHECK_ERROR("SELECT * FROM sample_sales(start => '9999-12-30', days => 3)", "22008", 0,
                "9999-12-31");
    CHECK_PLAN("SELECT \"B\" FROM read_csv('x*.csv', header => true)", "Read 1 csv file: file");
    CHECK_ERROR("SELECT * FROM generate_series(1, 3)", "0A000", 15,
                "function generate_series cannot stand in FROM");
    CHECK_ERROR("SELECT read_csv('a')", "0A000", 8, "stands in FROM");
}

TEST(file_options_are_constants_as_text)
{
    struct fixture f;
    struct query_plan *p;
    struct error err;
    fixture_init(&f);
    status st = fixture_select(&f,
                               "SELECT a FROM read_csv('x' || '.csv', 'y.csv', header => true, "
                               "sample_rows => 10 * 2, null_text => 'NA')",
                               &p);
    err = f.err;
    CHECK_OK(st);
    CHECK_STR(f.tables.files_call, "csv x.csv y.csv header=true sample_rows=20 null_text=NA");
    CHECK_INT(p->kind, QUERY_PLAN_FILES); /* only what is read is left */
    CHECK_INT(p->schema.count, 1);
    CHECK_STR(p->files.column_names[0], "a");
    fixture_free(&f);
}

TEST(summaries_merge_states)
{
    CHECK_PLAN("SELECT sum(total), avg(total), max(total), sum(n) FROM summary",
               "Aggregate: sum(states of total), avg(total), max(total), sum(n) < Scan "
               "demo.summary(total, n, _firn_11, _firn_12)");
    CHECK_PLAN("SELECT sum(total + 1) FROM summary",
               "Aggregate: sum((total + '1'::double precision)) < Scan demo.summary(total)");
    CHECK_PLAN("SELECT day, sum(total) FILTER (WHERE n > 1) FROM summary GROUP BY day",
               "Project day, sum < Aggregate by day: sum(states of total) FILTER (n > '1'::bigint) "
               "< Scan demo.summary(day, total, n, _firn_11, _firn_12)");
    CHECK_PLAN("SELECT * FROM summary", "Scan demo.summary(day, total, n)");
    CHECK_ERROR("SELECT _firn_11 FROM summary", "42703", 8, "does not exist");
}

TEST(names_in_a_scan_keep_their_field_ids)
{
    struct fixture f;
    struct query_plan *p;
    struct error err;
    fixture_init(&f);
    status st = fixture_select(&f, "SELECT amount, quantity FROM sales WHERE product_id > 1", &p);
    err = f.err;
    CHECK_OK(st);
    while (p->input)
        p = p->input;
    CHECK_INT(p->schema.count, 3);
    CHECK_INT(p->scan.field_ids[0], 2);
    CHECK_INT(p->scan.field_ids[1], 3);
    CHECK_INT(p->scan.field_ids[2], 5);
    fixture_free(&f);
}

TEST(column_names)
{
    CHECK_TYPES(
        "SELECT true, 1::int, i::bigint, '2025-01-01'::date, interval '1 day', CASE WHEN b THEN 1 "
        "END, CASE WHEN b THEN 1 ELSE i END, extract(year FROM dt), tz AT TIME ZONE 'UTC', (SELECT "
        "1), (SELECT i FROM t), coalesce(i, 1), i IS NULL, -i, count(*) FROM t GROUP BY i, b, dt, "
        "tz",
        "bool boolean, int4 integer, i bigint, date date, interval interval, case integer, i "
        "integer, extract numeric(10,0), timezone timestamp without time zone, ?column? integer, i "
        "integer, coalesce integer, ?column? boolean, ?column? integer, count bigint");
}

TEST(name_resolution)
{
    CHECK_TYPES("SELECT day, DAY, \"Day\" FROM mixed", "day date, day date, Day date");
    CHECK_TYPES("SELECT value, \"Value\" FROM mixed", "value integer, Value integer");
    CHECK_ERROR("SELECT \"day\" FROM mixed", "42703", 8, "column \"day\" does not exist");
    CHECK_ERROR("SELECT twin FROM mixed", "42702", 8, "column reference \"twin\" is ambiguous");
    CHECK_ERROR("SELECT box FROM mixed", "0A000", 8, "nested with a part of an unknown type");
    CHECK_ERROR("SELECT crate.odd FROM mixed", "0A000", 8, "\"odd\" is of an unknown type, or has");
    CHECK_ERROR("SELECT mixed.crate.ODD FROM mixed", "0A000", 8, "\"odd\" is of an unknown type");
    CHECK_ERROR("SELECT crate.\"in\" FROM mixed", "0A000", 8, "\"in\" is a struct: name its parts");
    CHECK_ERROR("SELECT crate.none FROM mixed", "42P01", 8, "missing FROM-clause entry");
    CHECK_ERROR("SELECT produkt_id FROM sales", "42703", 8, "column \"produkt_id\" does not exist");
    CHECK_ERROR("SELECT sales.nothing_like_it FROM sales", "42703", 8,
                "column sales.nothing_like_it does not exist");
    CHECK_ERROR("SELECT z.i FROM t", "42P01", 8, "missing FROM-clause entry for table \"z\"");
    CHECK_ERROR("SELECT t.i FROM t AS z", "42P01", 8,
                "invalid reference to FROM-clause entry for table \"t\"");
    CHECK_ERROR("SELECT a FROM (SELECT 1 AS a, 2 AS a) s", "42702", 8, "ambiguous");
    CHECK_ERROR("SELECT 1 FROM nowhere", "42P01", 15, "nowhere");
    CHECK_ERROR("SELECT *", "42601", 8, "SELECT * with no tables specified");
    CHECK_TYPES("SELECT demo.t.i, t.l FROM demo.t", "i integer, l bigint");
}

TEST(nearest_name_is_the_detail)
{
    struct fixture f;
    struct query_plan *p;
    fixture_init(&f);
    CHECK_STATUS(fixture_select(&f, "SELECT produkt_id FROM sales", &p), ST_NOT_FOUND);
    CHECK_STR(str_of(f.err.detail), "Perhaps you meant the column \"product_id\".");
    CHECK_STATUS(fixture_select(&f, "SELECT date_trun('day', ts) FROM t", &p), ST_INVALID);
    CHECK_STR(str_of(f.err.detail), "Perhaps you meant the function \"date_trunc\".");
    fixture_free(&f);
}

TEST(grouping_errors)
{
    CHECK_ERROR("SELECT i FROM t GROUP BY l", "42803", 8,
                "column \"t.i\" must appear in the GROUP BY clause");
    CHECK_ERROR("SELECT i, count(*) FROM t", "42803", 8, "column \"t.i\" must appear");
    CHECK_ERROR("SELECT * FROM t GROUP BY i", "42803", 8, "column \"t.b\" must appear");
    CHECK_ERROR("SELECT i FROM t HAVING i > 1", "42803", 8, "column \"t.i\" must appear");
    CHECK_ERROR("SELECT l FROM t GROUP BY l ORDER BY i", "42803", 37, "column \"t.i\"");
    CHECK_ERROR("SELECT sum(i) FROM t WHERE sum(i) > 1", "42803", 28,
                "aggregate functions are not allowed in WHERE");
    CHECK_ERROR("SELECT sum(i) FROM t GROUP BY 1", "42803", 8,
                "aggregate functions are not allowed in GROUP BY");
    CHECK_ERROR("SELECT sum(sum(i)) FROM t", "42803", 12,
                "aggregate function calls cannot be nested");
    CHECK_ERROR("SELECT sum(i) FILTER (WHERE max(i) > 1) FROM t", "42803", 29,
                "aggregate functions are not allowed in FILTER");
    CHECK_ERROR("SELECT i FROM t GROUP BY 3", "42P10", 26,
                "GROUP BY position 3 is not in select list");
    CHECK_ERROR("SELECT i FROM t GROUP BY 'a'", "42601", 26, "non-integer constant in GROUP BY");
    CHECK_ERROR("SELECT i FROM t ORDER BY 0", "42P10", 26,
                "ORDER BY position 0 is not in select list");
    CHECK_ERROR("SELECT i FROM t ORDER BY 1.5", "42601", 26, "non-integer constant in ORDER BY");
    CHECK_ERROR("SELECT i AS a, l AS a FROM t ORDER BY a", "42702", 39,
                "ORDER BY \"a\" is ambiguous");
    CHECK_ERROR("SELECT DISTINCT i FROM t ORDER BY l", "42P10", 35,
                "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
    CHECK_ERROR("SELECT i FROM t LIMIT i", "42P10", 23,
                "argument of LIMIT must not contain variables");
    CHECK_ERROR("SELECT i FROM t LIMIT -1", "2201W", 0, "LIMIT must not be negative");
    CHECK_ERROR("SELECT i FROM t OFFSET -1", "2201X", 0, "OFFSET must not be negative");
    CHECK_ERROR("SELECT i FROM t LIMIT 'a'", "22P02", 23, "bigint");
    CHECK_ERROR("SELECT i FROM t WHERE i", "42804", 23,
                "argument of WHERE must be type boolean, not type integer");
}

TEST(aggregate_calls)
{
    CHECK_TYPES(
        "SELECT sum(i), sum(l), sum(n), sum(f), sum(d), avg(i), avg(n), avg(m), avg(d) FROM t",
        "sum bigint, sum bigint, sum numeric(38,2), sum double precision, sum double precision, "
        "avg double precision, avg numeric(14,6), avg numeric(38,8), avg double precision");
    CHECK_TYPES("SELECT min(dt), max(x), any_value(u), bool_and(b), every(b), count(DISTINCT x), "
                "stddev(i), var_pop(n), max(i::smallint) FROM t",
                "min date, max text, any_value uuid, bool_and boolean, every boolean, count "
                "bigint, stddev double precision, var_pop double precision, max smallint");
    CHECK_ERROR("SELECT sum(x) FROM t", "42883", 8, "function sum(text) does not exist");
    CHECK_ERROR("SELECT sum('1') FROM t", "42725", 8, "function sum(unknown) is not unique");
    CHECK_ERROR("SELECT min(u) FROM t", "42883", 8, "function min(uuid) does not exist");
    CHECK_ERROR("SELECT count() FROM t", "42809", 8, "count(*) must be used");
    CHECK_ERROR("SELECT sum(*) FROM t", "42883", 8, "function sum() does not exist");
    CHECK_ERROR("SELECT sum(DISTINCT i) FROM t", "0A000", 8, "DISTINCT is supported in count only");
    CHECK_ERROR("SELECT count(i, l) FROM t", "42883", 8, "function count(integer, bigint)");
    CHECK_ERROR("SELECT abs(DISTINCT i) FROM t", "42809", 8,
                "DISTINCT specified, but abs is not an aggregate function");
    CHECK_ERROR("SELECT abs(i) FILTER (WHERE true) FROM t", "42809", 8, "FILTER specified");
    CHECK_ERROR("SELECT sum(i * interval '1 day') FROM t", "0A000", 8,
                "sum(interval) is not supported");
}

/* Every refused allocation is an ordinary error, and nothing is kept. */
TEST(memory_may_end_anywhere)
{
    static const char sql[] =
        "SELECT date_trunc('month', s.day) AS m, count(*), sum(total) FILTER (WHERE n IN (1, 2)) / "
        "CASE WHEN count(n) > 1 THEN 2.5 ELSE (SELECT max(amount) FROM sales) END FROM (SELECT * "
        "FROM summary WHERE day BETWEEN '2025-01-01' AND '2025-02-01') s GROUP BY 1 HAVING "
        "min(total) > 0 ORDER BY max(day) LIMIT 10";
    struct mem_account account;
    struct error err;
    size_t refused = 0;
    for (size_t limit = 4096;; limit += 512) {
        struct plan_tables t;
        struct query_statement **s;
        struct query_plan *p;
        size_t count;
        mem_account_init(&account, "test", NULL, limit);
        plan_tables_init(&t, &account);
        status st = sql_parse(str_of(sql), &t.arena, &s, &count, &err);
        if (st == ST_OK)
            st = plan_select(&t.context, s[0]->select, &p, &err);
        arena_free(&t.arena);
        CHECK_INT(account.used_bytes, 0);
        if (st == ST_OK)
            break;
        CHECK_STATUS(st, ST_LIMIT);
        refused++;
        CHECK(limit < (1u << 20));
    }
    CHECK(refused > 5);
}
