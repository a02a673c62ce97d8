// SPDX-License-Identifier: Apache-2.0
/* plan_assign_test.c - INSERT's casts, expressions over a schema, scans for DELETE. */
#include "plan_fixture.h"

#include "plan_check.h"
#include "sql/sql.h"

static struct column_field target_fields[] = {
    {.name = {"i", 1}, .type = {.kind = COLUMN_INT}, .field_id = 1, .required = true},
    {.name = {"d", 1}, .type = {.kind = COLUMN_DOUBLE}, .field_id = 2},
    {.name = {"n", 1},
     .type = {.kind = COLUMN_DECIMAL, .precision = 10, .scale = 2},
     .field_id = 3},
    {.name = {"dt", 2}, .type = {.kind = COLUMN_DATE}, .field_id = 4},
    {.name = {"x", 1}, .type = {.kind = COLUMN_TEXT}, .field_id = 5},
};
static const struct column_schema target = {ARRAY_LEN(target_fields), target_fields};

/* "INSERT INTO target [(names)] SELECT ..." */
static status assign(struct fixture *f, const char *sql, struct query_plan **out)
{
    struct query_statement **s;
    size_t count;
    fixture_init(f);
    TRY(sql_parse(str_of(sql), &f->tables.arena, &s, &count, &f->err));
    return plan_insert(&f->tables.context, s[0]->select, &target, s[0]->column_names,
                       s[0]->column_name_count, out, &f->err);
}

static void check_assign(int line, const char *sql, const char *want)
{
    struct fixture f;
    struct query_plan *p;
    if (assign(&f, sql, &p) != ST_OK)
        test_fail(__FILE__, line, "%s: %s", sql, f.err.msg);
    struct str got = fixture_line(&f, p);
    struct str types = fixture_schema(&f, &p->schema);
    CHECK(!plan_check(p));
    if (!str_eq_z(got, want))
        test_fail(__FILE__, line, "%s\n  is  %.*s\n  not %s", sql, STR_ARG(got), want);
    CHECK_STR(types, "i integer, d double precision, n numeric(10,2), dt date, x text");
    CHECK_INT(p->schema.fields[4].field_id, 5);
    fixture_free(&f);
}

static void check_refused(int line, const char *sql, const char *state, const char *message)
{
    struct fixture f;
    struct query_plan *p;
    if (assign(&f, sql, &p) == ST_OK)
        test_fail(__FILE__, line, "%s is accepted", sql);
    if (strcmp(error_state(&f.err), state) != 0 || !strstr(f.err.msg, message))
        test_fail(__FILE__, line, "%s\n  is  %s %s\n  not %s %s", sql, error_state(&f.err),
                  f.err.msg, state, message);
    fixture_free(&f);
}

#define CHECK_ASSIGN(sql, want)            check_assign(__LINE__, sql, want)
#define CHECK_REFUSED(sql, state, message) check_refused(__LINE__, sql, state, message)

TEST(selects)
{
    CHECK_ASSIGN("INSERT INTO target SELECT l, n, d, ts, i FROM t",
                 "Project l::integer AS i, n::double precision AS d, d::numeric(10,2) AS n, "
                 "ts::date AS dt, i::text AS x < Project l, n, d, ts, i < Scan demo.t(i, l, d, n, "
                 "ts)");
    CHECK_ASSIGN("INSERT INTO target (x, i) SELECT '7', '8' FROM t",
                 "Project 8 AS i, NULL::double precision AS d, NULL::numeric(10,2) AS n, "
                 "NULL::date AS dt, '7' AS x < Project '7' AS ?column?, '8' AS ?column? < "
                 "Scan demo.t()");
    CHECK_ASSIGN("INSERT INTO target (\"i\", X) SELECT 1, '2'",
                 "Project 1 AS i, NULL::double precision AS d, NULL::numeric(10,2) AS n, "
                 "NULL::date AS dt, '2' AS x < Project 1 AS ?column?, '2' AS ?column? < "
                 "Values: 1 row");
    CHECK_ASSIGN("INSERT INTO target SELECT i FROM t",
                 "Project i, NULL::double precision AS d, NULL::numeric(10,2) AS n, NULL::date AS "
                 "dt, NULL::text AS x < Scan demo.t(i)");
}

TEST(values)
{
    CHECK_ASSIGN("INSERT INTO target (i, x) VALUES (1, 'a'), (2, 3), (4, DATE '2025-01-14')",
                 "Values: 3 rows");
    CHECK_ASSIGN("INSERT INTO target VALUES (1, 2, '3.456', '2025-01-14', 'a'), ('2', NULL, 1, "
                 "NULL, NULL)",
                 "Values: 2 rows");
    struct fixture f;
    struct query_plan *p;
    struct error err;
    status st = assign(&f, "INSERT INTO target (dt, i) VALUES ('2025-01-14', 5)", &p);
    err = f.err;
    CHECK_OK(st);
    CHECK_INT(p->values.cells[0][0]->value.i32, 5);
    CHECK_INT(p->values.cells[0][3]->value.i32, 20102);
    CHECK(p->values.cells[0][1]->value.null);
    CHECK_INT(p->values.cells[0][1]->type.kind, COLUMN_DOUBLE);
    fixture_free(&f);
}

TEST(refused)
{
    CHECK_REFUSED("INSERT INTO target SELECT x FROM t", "42804",
                  "column \"i\" is of type integer but expression is of type text");
    CHECK_REFUSED("INSERT INTO target (i, dt) SELECT 1, i FROM t", "42804",
                  "column \"dt\" is of type date but expression is of type integer");
    CHECK_REFUSED("INSERT INTO target SELECT 1, 2, 3, NULL, 'a', 6", "42601",
                  "INSERT has more expressions than target columns");
    CHECK_REFUSED("INSERT INTO target (i, d) SELECT 1", "42601",
                  "INSERT has more target columns than expressions");
    CHECK_REFUSED("INSERT INTO target (i, xx) SELECT 1, 2", "42703", "\"xx\"");
    CHECK_REFUSED("INSERT INTO target (i, I) SELECT 1, 2", "42701", "specified more than once");
    CHECK_REFUSED("INSERT INTO target (d) SELECT 1", "23502",
                  "null value in column \"i\" violates not-null constraint");
    CHECK_REFUSED("INSERT INTO target VALUES (NULL)", "23502", "null value in column \"i\"");
    CHECK_REFUSED("INSERT INTO target VALUES ('x')", "22P02", "integer");
    CHECK_REFUSED("INSERT INTO target VALUES (3000000000)", "22003", "integer out of range");
}

static status expression(struct fixture *f, const char *text, struct column_type want,
                         struct str *out)
{
    struct query_ast *ast;
    struct query_expr *e;
    fixture_init(f);
    TRY(sql_parse_expression(str_of(text), &f->tables.arena, &ast, &f->err));
    TRY(plan_expression(&f->tables.context, ast, &target, STR("target"), want, &e, &f->err));
    return query_expr_text(e, &target, &f->tables.arena, out, &f->err);
}

TEST(expressions_over_a_schema)
{
    struct column_type boolean = column_type_of(COLUMN_BOOLEAN), any = {0};
    struct fixture f;
    struct error err;
    struct str text;
    status st = expression(&f, "target.d > 0 AND (SELECT count(*) FROM sales) = i", boolean, &text);
    err = f.err;
    CHECK_OK(st);
    CHECK_STR(text, "((d > '0'::double precision) AND ((subquery) = i::bigint))");
    fixture_free(&f);
    CHECK_OK(expression(&f, "n * 2", any, &text));
    CHECK_STR(text, "(n * '2'::numeric(1,0))");
    fixture_free(&f);
    CHECK_STATUS(expression(&f, "i + 1", boolean, &text), ST_INVALID);
    CHECK_STR(str_of(error_state(&f.err)), "42804");
    fixture_free(&f);
    CHECK_STATUS(expression(&f, "sum(i) > 1", boolean, &text), ST_INVALID);
    CHECK_STR(str_of(f.err.msg), "aggregate functions are not allowed in check constraints");
    fixture_free(&f);
}

TEST(scans_for_delete)
{
    struct fixture f;
    struct query_plan *p;
    struct query_expr *e;
    struct query_ast *ast;
    struct plan_table t;
    struct error err;
    fixture_init(&f);
    struct query_table_name name = {.table = {STR("summary"), false}};
    CHECK_OK(f.tables.lookup.table(&f, &name, &f.tables.arena, &t, &err));
    struct column_field fields[] = {{.name = {"day", 3}, .type = {.kind = COLUMN_DATE}}};
    struct column_schema schema = {1, fields};
    CHECK_OK(sql_parse_expression(STR("day = '2025-01-14'"), &f.tables.arena, &ast, &err));
    CHECK_OK(plan_expression(&f.tables.context, ast, &schema, STR("summary"),
                             column_type_of(COLUMN_BOOLEAN), &e, &err));
    CHECK_OK(plan_scan(&f.tables.context, &t, e, false, &p, &err));
    CHECK_STR(fixture_line(&f, p),
              "Filter (day = '2025-01-14'::date) < Scan demo.summary(day, total, n)");
    CHECK_OK(plan_scan(&f.tables.context, &t, e, true, &p, &err));
    CHECK_INT(p->kind, QUERY_PLAN_SCAN);
    CHECK_INT(p->scan.pred->kind, ICEBERG_PRED_EQ);
    CHECK_OK(plan_scan(&f.tables.context, &t, NULL, false, &p, &err));
    CHECK_INT(p->scan.pred->kind, ICEBERG_PRED_TRUE);
    CHECK_INT(p->schema.count, 3);
    fixture_free(&f);
}
