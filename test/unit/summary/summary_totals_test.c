// SPDX-License-Identifier: Apache-2.0
/* summary_totals_test.c - the totals of parts against those of units: equal however rows are cut into
 * either; a group lost, doubled or changed is refused with its measure and both values.
 *
 *     rows -> GROUP BY -> groups with states -> tap -> totals      for units: some rows each
 *                                                                  for parts: some groups each */
#include "summary/summary_build.h"

#include "exec/exec.h"
#include "plan_fixture.h"
#include "sql/sql.h"

#define ROWS   12
#define GROUPS 4

enum fault { NO_FAULT, LOST_GROUP, DOUBLED_GROUP, ROW_OF_ANOTHER_GROUP, ROW_LOST, REST_LOST };

struct refreshed {
    struct fixture f;
    struct mem_account account;
    struct exec_context exec;
    struct query_plan *plan;
    struct summary_build b;
    struct summary_definition *d;
    struct summary_digest_files files;
};

static struct error err;

static const char select_text[] =
    "SELECT product_id, sum(quantity) AS pieces, sum(amount) AS total, avg(amount) AS mean, "
    "min(amount) AS low, count(unit_price) FILTER (WHERE quantity > 2) AS priced "
    "FROM sales GROUP BY product_id";

static void init(struct refreshed *x)
{
    static struct iceberg_schema schema;
    static const struct iceberg_table raw = {
        .uuid = {"0f", 2}, .schema_count = 1, .schemas = &schema};
    static int keys[] = {0};
    struct query_statement **statements;
    struct query_plan *merge;
    size_t count;
    *x = (struct refreshed){0};
    fixture_init(&x->f);
    struct arena *a = &x->f.tables.arena;
    mem_account_init(&x->account, "test", NULL, 0);
    x->exec = (struct exec_context){.account = &x->account, .arena = a};
    CHECK_OK(sql_parse(str_of(select_text), a, &statements, &count, &err));
    CHECK_OK(plan_select(&x->f.tables.context, statements[0]->select, &x->plan, &err));
    CHECK_OK(summary_define(x->plan, str_of(select_text), STR("UTC"),
                            (struct catalog_name){STR("demo"), STR("sales")}, &raw, a, &x->d,
                            &err));
    x->b = (struct summary_build){
        .exec = &x->exec, .arena = a, .d = x->d, .plan = x->plan, .keys = keys, .key_count = 1};
    CHECK_OK(summary_extend(x->plan, x->d, a, &x->b.extended, &err));
    x->b.aggregate = summary_aggregate_of(x->b.extended);
    CHECK_OK(summary_merge_plan(x->d, x->plan, &x->b.extended->schema, keys, 1, a, &merge, &err));
    x->b.merge = merge;
}

/* 1e-20 is lost in a sum of doubles but not in its states. */
static struct column_value cell(const struct column_field *f, int row)
{
    struct column_value v = {.type = f->type};
    if (str_eq(f->name, STR("product_id")))
        v.i64 = row % GROUPS;
    else if (str_eq(f->name, STR("quantity")))
        v.i64 = row;
    else if (str_eq(f->name, STR("amount")))
        v.f64 = row == 7 ? 1e-20 : row * 0.1;
    else
        v.null = row % 3 == 0;
    return v;
}

/* The scan below becomes rows [from, to), the extreme fault one of them. */
static void put_rows(struct refreshed *x, int from, int to, enum fault fault)
{
    struct query_plan *p = summary_scan_of(x->b.extended);
    struct arena *a = &x->f.tables.arena;
    struct query_expr ***rows;
    if (!p) /* it is VALUES since the last time */
        for (p = x->b.extended; p->input;)
            p = p->input;
    p->kind = QUERY_PLAN_VALUES;
    p->values.rows = 0;
    CHECK_OK(ARENA_ARRAY(a, struct query_expr **, ROWS, &rows, &err));
    p->values.cells = rows;
    for (int i = from; i < to; i++) {
        struct query_expr *cells;
        if ((fault == ROW_LOST && i == 5) || (fault == REST_LOST && i == 7))
            continue;
        struct query_expr ***at = &rows[p->values.rows++];
        CHECK_OK(ARENA_ARRAY(a, struct query_expr, p->schema.count, &cells, &err));
        CHECK_OK(ARENA_ARRAY(a, struct query_expr *, p->schema.count, at, &err));
        for (size_t c = 0; c < p->schema.count; c++) {
            cells[c] = (struct query_expr){.kind = QUERY_CONST,
                                           .type = p->schema.fields[c].type,
                                           .value = cell(&p->schema.fields[c], i)};
            (*at)[c] = &cells[c];
            if (fault == ROW_OF_ANOTHER_GROUP && i == 5 &&
                str_eq(p->schema.fields[c].name, STR("product_id")))
                cells[c].value.i64 = 2;
        }
    }
}

/* Groups of the rows into the files: one for all of them, or one each. */
static void write_groups(struct refreshed *x, bool one_file, enum fault fault)
{
    struct column_stream rows;
    struct column_batch batch;
    static const int32_t ids[32];
    static int keys[] = {0};
    x->files = (struct summary_digest_files){.of = {&x->b.extended->schema, ids, 6},
                                             .key_count = 1,
                                             .keys = keys,
                                             .aggregate = x->b.aggregate,
                                             .states = x->b.merge->merge.args,
                                             .arena = &x->f.tables.arena};
    CHECK_OK(exec_open(x->b.extended, &x->exec, &rows, &err));
    CHECK_OK(rows.next(rows.self, &batch, &err));
    CHECK(batch.rows > 0 && batch.rows <= GROUPS);
    for (int64_t i = 0; i < batch.rows; i++) {
        struct column_span spans[32];
        uint64_t words[32][COLUMN_SPAN_WORDS];
        struct column_batch row = {1, batch.columns, spans};
        for (size_t c = 0; c < batch.columns; c++)
            spans[c] = column_span_slice(
                &batch.spans[c], column_type_phys(rows.schema->fields[c].type), i, 1, words[c]);
        for (int n = fault == DOUBLED_GROUP && i == 1 ? 2 : 1; n > 0; n--)
            if (fault != LOST_GROUP || i != 1)
                CHECK_OK(summary_digest_files_tap(&x->files, one_file ? 0 : (size_t)i, &row, &err));
    }
    rows.close(rows.self);
}

static void check(enum fault fault, const char *words)
{
    struct refreshed x;
    struct summary_unit units[2] = {{.id = 1, .rows = 5}, {.id = 2, .rows = ROWS - 5}};
    struct summary_part parts[GROUPS] = {0};
    init(&x);
    x.b.after = (struct summary_cover){.units = units, .unit_count = 2, .parts = parts};
    for (size_t i = 0; i < 2; i++) {
        put_rows(&x, i ? 5 : 0, i ? ROWS : 5, NO_FAULT);
        write_groups(&x, true, NO_FAULT);
        units[i].totals = x.files.files[0].totals;
    }
    put_rows(&x, 0, ROWS, fault);
    write_groups(&x, false, fault);
    for (size_t i = 0; i < x.files.count; i++)
        if (x.files.files[i].digest.row_count > 0)
            parts[x.b.after.part_count++].totals = x.files.files[i].totals;
    size_t used = x.account.used_bytes;
    status st = summary_check_totals(&x.b, &err);
    CHECK_INT(st, words ? ST_REFUSED : ST_OK);
    if (words && !strstr(err.msg, words))
        test_fail(__FILE__, __LINE__, "%s\n  lacks %s", err.msg, words);
    CHECK_INT(x.account.used_bytes, used);
    fixture_free(&x.f);
}

TEST(totals_of_parts_and_units_are_the_same)
{
    check(NO_FAULT, NULL);
}

TEST(lost_and_doubled_groups_are_refused)
{
    check(LOST_GROUP, "for pieces: 51 in the summary, 66 in the raw files");
    check(DOUBLED_GROUP, "for pieces: 81 in the summary, 66 in the raw files");
}

TEST(a_lost_row_is_refused)
{
    check(ROW_LOST, "for pieces: 61 in the summary, 66 in the raw files");
    check(REST_LOST, "for pieces: 59 in the summary, 66 in the raw files");
}

/* The limit of the guard: only a recomputation sees it. */
TEST(a_row_in_the_wrong_group_is_not_seen)
{
    check(ROW_OF_ANOTHER_GROUP, NULL);
}

/* A difference that no visible double shows. */
TEST(states_are_compared_not_what_they_show)
{
    struct refreshed x;
    struct summary_unit unit = {.id = 1, .rows = ROWS};
    struct summary_part part = {0};
    init(&x);
    x.b.after =
        (struct summary_cover){.units = &unit, .unit_count = 1, .parts = &part, .part_count = 1};
    put_rows(&x, 0, ROWS, NO_FAULT);
    write_groups(&x, true, NO_FAULT);
    unit.totals = x.files.files[0].totals;
    struct query_plan *p = x.b.extended;
    while (p->input)
        p = p->input;
    for (size_t c = 0; c < p->schema.count; c++)
        if (str_eq(p->schema.fields[c].name, STR("amount")))
            p->values.cells[7][c]->value.f64 = 0;
    write_groups(&x, true, NO_FAULT);
    part.totals = x.files.files[0].totals;
    CHECK_INT(summary_check_totals(&x.b, &err), ST_REFUSED);
    if (!strstr(err.msg, "for total: their states differ"))
        test_fail(__FILE__, __LINE__, "%s", err.msg);
    fixture_free(&x.f);
}

TEST(hostile_totals_are_corrupt)
{
    struct refreshed x;
    struct summary_part part = {.path = STR("p"), .totals = STR("\xff\xff\xff\xff")};
    init(&x);
    x.b.after = (struct summary_cover){.parts = &part, .part_count = 1};
    CHECK_INT(summary_check_totals(&x.b, &err), ST_CORRUPT);
    CHECK_INT(x.account.used_bytes, 0);
    fixture_free(&x.f);
}
