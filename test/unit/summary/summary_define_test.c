// SPDX-License-Identifier: Apache-2.0
/* summary_define_test.c - what a definition refuses, which states it needs, what a rebuild writes. */
#include "summary/summary_refresh_int.h"

#include "plan_check.h"
#include "plan_fixture.h"
#include "sql/sql.h"

static const char *const state_words[] = {
    [QUERY_AGG_COUNT_STAR] = "rows",       [QUERY_AGG_STATE_MISSING] = "missing",
    [QUERY_AGG_STATE_S1] = "s1",           [QUERY_AGG_STATE_REST] = "rest",
    [QUERY_AGG_STATE_MORE] = "more",       [QUERY_AGG_STATE_SUM] = "sum",
    [QUERY_AGG_STATE_SQUARES] = "squares",
};

/* As CREATE MATERIALIZED VIEW does it: parse, look at the text, bind, look at the plan. */
static status define(struct fixture *f, const char *sql, struct query_plan **plan,
                     struct summary_definition **out)
{
    static struct iceberg_field fields[] = {{.id = 4, .name = {"x", 1}},
                                            {.id = 7, .name = {"y", 1}}};
    static struct iceberg_schema schema = {.count = 2, .fields = fields};
    static const struct iceberg_table raw = {
        .uuid = {"0f", 2}, .schema_count = 1, .schemas = &schema};
    struct query_statement **statements;
    size_t count;
    TRY(sql_parse(str_of(sql), &f->tables.arena, &statements, &count, &f->err));
    TRY(summary_check_select(statements[0]->select, &f->err));
    TRY(plan_select(&f->tables.context, statements[0]->select, plan, &f->err));
    return summary_define(*plan, str_of(sql), STR("UTC"),
                          (struct catalog_name){STR("demo"), STR("t")}, &raw, &f->tables.arena, out,
                          &f->err);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void check_refused(const char *sql, const char *state, const char *words)
{
    struct fixture f;
    struct query_plan *plan;
    struct summary_definition *d;
    fixture_init(&f);
    if (define(&f, sql, &plan, &d) == ST_OK)
        test_fail(__FILE__, __LINE__, "%s: not refused", sql);
    else if (strcmp(error_state(&f.err), state) != 0 || !strstr(f.err.msg, words))
        test_fail(__FILE__, __LINE__, "%s: %s %s, expected %s %s", sql, error_state(&f.err),
                  f.err.msg, state, words);
    fixture_free(&f);
}

TEST(clauses_are_refused_by_name)
{
    static const struct {
        const char *sql, *words;
    } cases[] = {
        {"SELECT i, count(*) FROM t GROUP BY i HAVING count(*) > 1", "HAVING cannot"},
        {"SELECT i, count(*) FROM t GROUP BY i ORDER BY i", "ORDER BY cannot"},
        {"SELECT i, count(*) FROM t GROUP BY i LIMIT 3", "LIMIT cannot"},
        {"SELECT i, count(*) FROM t GROUP BY i OFFSET 3", "OFFSET cannot"},
        {"SELECT DISTINCT i, count(*) FROM t GROUP BY i", "DISTINCT cannot"},
        {"SELECT a, count(*) FROM (SELECT i AS a FROM t) q GROUP BY a", "other than one table"},
        {"SELECT a, count(*) FROM (VALUES (1)) v(a) GROUP BY a", "other than one table"},
        {"SELECT a, count(*) FROM read_csv('x.csv') GROUP BY a", "other than one table"},
        {"SELECT 1 AS a, count(*) GROUP BY 1", "other than one table"},
        {"SELECT count(*), sum(d) FROM t", "without GROUP BY"},
        {"SELECT count(*) FROM t GROUP BY i", "key that is not in the SELECT list"},
        {"SELECT i, count(*) FROM t GROUP BY i, l", "key that is not in the SELECT list"},
        {"SELECT i, count(*) FROM t WHERE i = (SELECT max(i) FROM t) GROUP BY i", "a subquery"},
        {"SELECT i, sum(d) + 1 AS more FROM t GROUP BY i", "an expression over aggregates"},
        {"SELECT i, i + 1 AS next, count(*) FROM t GROUP BY i", "an expression over aggregates"},
        {"SELECT i, count(DISTINCT l) FROM t GROUP BY i", "aggregate count(DISTINCT)"},
        {"SELECT i, any_value(l) FROM t GROUP BY i", "aggregate any_value"},
        {"SELECT day, sum(total) FROM summary GROUP BY day", "over another view's measure"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_refused(cases[i].sql, "0A000", cases[i].words);
    check_refused("SELECT i, l AS i, count(*) FROM t GROUP BY t.i, t.l", "42701", "\"i\"");
}

TEST(functions_are_refused_by_name)
{
    static const struct {
        const char *expr, *words;
    } cases[] = {
        {"now() > tz", "function now"},
        {"dt < current_date", "the current date or time"},
        {"tz < current_timestamp", "the current date or time"},
        {"ts < localtimestamp", "the current date or time"},
        {"random() < 0.5", "function random"},
        {"upper(x) = 'A'", "function upper"},
        {"lower(x) = 'a'", "function lower"},
        {"exp(d) > 1", "function exp"},
        {"ln(d) > 1", "function ln"},
        {"power(d, 2) > 1", "function power"},
        {"d ^ 2 > 1", "operator ^"},
        {"x ILIKE 'a%'", "ILIKE"},
        {"x NOT ILIKE 'a%'", "ILIKE"},
        {"age(ts) IS NULL", "age of one argument"},
    };
    static const char *const places[] = {
        "SELECT i, count(*) AS c FROM t WHERE %s GROUP BY i",
        "SELECT i, count(*) FILTER (WHERE %s) AS c FROM t GROUP BY i",
        "SELECT (%s) AS k, count(*) AS c FROM t GROUP BY 1",
        "SELECT i, max(CASE WHEN %s THEN 1 ELSE 2 END) AS c FROM t GROUP BY i",
        ("SELECT i, max(CASE WHEN b THEN 1 WHEN coalesce(%s, true) THEN 3 END) AS c FROM t "
         "GROUP BY i"),
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t k = 0; k < ARRAY_LEN(places); k++) {
            char sql[512];
            const char *hole = strstr(places[k], "%s");
            snprintf(sql, sizeof(sql), "%.*s%s%s", (int)(hole - places[k]), places[k],
                     cases[i].expr, hole + 2);
            check_refused(sql, "0A000", cases[i].words);
        }
}

/* ---- states ---------------------------------------------------------------------------------- */

static void check_states(const char *sql, const char *want)
{
    struct fixture f;
    struct query_plan *plan, *extended;
    struct summary_definition *d;
    struct str got = STR("");
    fixture_init(&f);
    struct arena *a = &f.tables.arena;
    if (define(&f, sql, &plan, &d) != ST_OK) {
        test_fail(__FILE__, __LINE__, "%s: %s", sql, f.err.msg);
        fixture_free(&f);
        return;
    }
    for (size_t i = 0; i < d->state_count; i++) {
        struct error err;
        char type[64];
        d->states[i].field_id = (int32_t)(100 + i);
        CHECK_OK(arena_printf(a, &got, &err, "%.*s%s%s %d %s", STR_ARG(got), i ? ", " : "",
                              state_words[d->states[i].kind], d->states[i].arg,
                              column_type_name(d->states[i].type, type)));
    }
    if (!str_eq_z(got, want))
        test_fail(__FILE__, __LINE__, "%s\n  is  %.*s\n  not %s", sql, STR_ARG(got), want);
    struct error err;
    CHECK_OK(summary_extend(plan, d, a, &extended, &err));
    const char *fault = plan_check(extended);
    if (fault)
        test_fail(__FILE__, __LINE__, "%s: extended plan is not well formed: %s", sql, fault);
    CHECK_INT(extended->kind, QUERY_PLAN_SORT);
    CHECK_INT(extended->schema.count, d->column_count + d->state_count);
    for (size_t i = 0; i < d->state_count; i++) {
        const struct column_field *field = &extended->schema.fields[d->column_count + i];
        char name[32];
        snprintf(name, sizeof(name), "_firn_%d", d->states[i].field_id);
        CHECK_STR(field->name, name);
        CHECK(column_type_eq(field->type, d->states[i].type));
    }
    fixture_free(&f);
}

TEST(states_once_per_argument_and_filter)
{
    check_states("SELECT i, sum(d), count(*) FROM t GROUP BY i",
                 "missing 0 bigint, rest 0 double precision, more 0 bytea");
    check_states(
        "SELECT i, sum(d), avg(d), stddev_samp(d), min(d), max(d), count(d) AS c, count(*) "
        "FROM t GROUP BY i",
        "missing 0 bigint, rest 0 double precision, more 0 bytea, squares 0 bytea");
    check_states("SELECT i, sum(d) AS a, sum(d) FILTER (WHERE l > 0) AS b, count(*) FROM t "
                 "GROUP BY i",
                 "missing 0 bigint, rest 0 double precision, more 0 bytea, missing 1 bigint, "
                 "rest 1 double precision, more 1 bytea");
    check_states("SELECT i, avg(d) FROM t GROUP BY i",
                 "rows -1 bigint, missing 0 bigint, s1 0 double precision, rest 0 double "
                 "precision, more 0 bytea");
    check_states("SELECT i, sum(f) FROM t GROUP BY i",
                 "rows -1 bigint, missing 0 bigint, rest 0 double precision, more 0 bytea");
    check_states("SELECT i, avg(l) FROM t GROUP BY i",
                 "rows -1 bigint, missing 0 bigint, sum 0 numeric(38,0)");
    check_states("SELECT i, avg(l), sum(l) FROM t GROUP BY i", "rows -1 bigint, missing 0 bigint");
    check_states("SELECT i, var_pop(n) FROM t GROUP BY i",
                 "rows -1 bigint, missing 0 bigint, sum 0 numeric(38,2), squares 0 bytea");
    check_states("SELECT i, max(x), bool_and(b) FROM t GROUP BY i",
                 "rows -1 bigint, missing 0 bigint, missing 1 bigint");
}

TEST(a_filtered_count_counts_no_rows)
{
    check_states("SELECT i, count(*) FILTER (WHERE l > 0) FROM t GROUP BY i", "rows -1 bigint");
    check_states("SELECT i, count(*) FILTER (WHERE l > 0) AS a, count(*) AS b FROM t GROUP BY i",
                 "");
    check_states("SELECT i FROM t GROUP BY i", "rows -1 bigint");
}

TEST(columns_are_those_of_the_select)
{
    struct fixture f;
    struct query_plan *plan;
    struct summary_definition *d;
    struct column_schema schema;
    struct error err;
    fixture_init(&f);
    status st = define(&f,
                       "SELECT count(*) AS n, l::smallint AS s, sum(l) AS total, dt AS a, dt AS b "
                       "FROM t WHERE i > 0 GROUP BY l::smallint, dt",
                       &plan, &d);
    err = f.err;
    CHECK_OK(st);
    CHECK_OK(summary_visible_schema(d, &f.tables.arena, &schema, &err));
    CHECK_STR(fixture_schema(&f, &schema), "n bigint, s integer, total bigint, a date, b date");
    for (size_t i = 0; i < d->column_count; i++)
        CHECK_INT(d->columns[i].kind, i == 0 || i == 2 ? SUMMARY_MEASURE : SUMMARY_KEY);
    CHECK_STR(d->raw_uuid, "0f");
    fixture_free(&f);
}

/* x was renamed to z, y took its name, z of its own came: x is still field 4, and y field 7. */
TEST(names_stay_with_their_columns)
{
    struct summary_raw_column columns[] = {{4, {"x", 1}}, {7, {"y", 1}}, {9, {"gone", 4}}};
    const struct summary_definition d = {.raw_column_count = 3, .raw_columns = columns},
                                    old = {.raw_column_count = 0};
    struct iceberg_field fields[] = {{.id = 4, .name = {"z", 1}},
                                     {.id = 7, .name = {"x", 1}},
                                     {.id = 11, .name = {"y", 1}},
                                     {.id = 12, .name = {"w", 1}}};
    const struct iceberg_schema now = {.id = 3, .count = 4, .fields = fields}, *bound;
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    CHECK_OK(summary_bound_schema(&d, &now, &a, &bound, &err));
    CHECK_INT(bound->count, 3);
    CHECK_STR(bound->fields[0].name, "x");
    CHECK_INT(bound->fields[0].id, 4);
    CHECK_STR(bound->fields[1].name, "y");
    CHECK_INT(bound->fields[1].id, 7);
    CHECK_STR(bound->fields[2].name, "w");
    CHECK_OK(summary_bound_schema(&old, &now, &a, &bound, &err));
    CHECK(bound == &now);
    arena_free(&a);
}

/* The same text, bound anew after x was renamed and y took its name. */
TEST(the_same_text_over_other_columns_is_another_select)
{
    struct summary_raw_column then[] = {{4, {"x", 1}}, {7, {"y", 1}}},
                              now[] = {{4, {"z", 1}}, {7, {"x", 1}}};
    struct summary_definition a = {.select = STR("SELECT sum(x)"),
                                   .raw_column_count = 2,
                                   .raw_columns = then},
                              b = a;
    CHECK(summary_same_select(&a, &b));
    b.raw_columns = now;
    CHECK(!summary_same_select(&a, &b));
    CHECK(!summary_same_states(&a, &b));
}
