// SPDX-License-Identifier: Apache-2.0
/* exec_units_test.c - what each file gave to a GROUP BY, against each row by itself and against
 * aggregations of one file; and totals of files brought together. */
#include "base/buffer.h"
#include "base/rowset.h"
#include "column/column_key.h"
#include "exec/exec.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"
#include "parquet/parquet.h"

#include <math.h>
#include <stdio.h>

#define FILES     6
#define FILE_ROWS 5000

enum { DAY, NAME, PRICE, CODE, WIDE, KEEP, PICK, COLUMNS };
enum { NOTHING_PASSES = 2, NULL_KEYS = 3, EMPTY = 4 }; /* files */

static struct column_field fields[COLUMNS] = {
    {.name = {"day", 3}, .type = {.kind = COLUMN_DATE}, .field_id = 1},
    {.name = {"name", 4}, .type = {.kind = COLUMN_TEXT}, .field_id = 2},
    {.name = {"price", 5}, .type = {.kind = COLUMN_DOUBLE}, .field_id = 3},
    {.name = {"code", 4}, .type = {.kind = COLUMN_BIGINT}, .field_id = 4},
    {.name = {"wide", 4}, .type = {.kind = COLUMN_DECIMAL, .precision = 30}, .field_id = 5},
    {.name = {"keep", 4}, .type = {.kind = COLUMN_BOOLEAN}, .field_id = 6},
    {.name = {"pick", 4}, .type = {.kind = COLUMN_BOOLEAN}, .field_id = 7}};
static const struct column_schema schema = {COLUMNS, fields};

static struct file {
    int64_t rows;
    int32_t day[FILE_ROWS];
    struct str name[FILE_ROWS];
    char letters[FILE_ROWS][16];
    double price[FILE_ROWS];
    int64_t code[FILE_ROWS];
    int128 wide[FILE_ROWS] __attribute__((aligned(16)));
    bool keep[FILE_ROWS], pick[FILE_ROWS];
    uint64_t valid[COLUMNS][FILE_ROWS / 64 + 1];
} files[FILES];

static struct arena arena;
static struct store *store;
static struct error err;
static struct iceberg_table table = {.location = STR("/t"), .format_version = 2};
static struct iceberg_schema table_schema;
static struct iceberg_entry entries[FILES];
static struct mem_account account;
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (seed >> 33) % below;
}

static const void *values_of(const struct file *f, int column)
{
    const void *values[] = {f->day, f->name, f->price, f->code, f->wide, f->keep, f->pick};
    return values[column];
}

/* Days are few and names many; prices and codes change from file to file. */
static void make_file(int number)
{
    static const double odd[] = {NAN, -0.0, 0.0, INFINITY, -INFINITY, 1e300, 5e-324};
    struct file *f = &files[number];
    memset(f, 0, sizeof(*f));
    f->rows = number == EMPTY ? 0 : FILE_ROWS;
    for (int64_t i = 0; i < f->rows; i++) {
        f->day[i] = 20000 + number * 10 + (int32_t)draw(8);
        f->name[i].len = (size_t)snprintf(f->letters[i], sizeof(f->letters[i]), "%d-%d",
                                          (int)draw(number % 2 ? 20 : 100000), number);
        f->name[i].ptr = f->letters[i];
        f->price[i] = number == 1 && draw(100) == 0 ? odd[draw(7)] : (double)draw(9999) / 100;
        f->code[i] = (int64_t)draw(1000) - 500 + number * 7;
        f->wide[i] = ((int128)draw(1u << 30) - (1 << 29)) * 1000000007 * 1000000009;
        f->keep[i] = number != NOTHING_PASSES && draw(3) > 0;
        f->pick[i] = draw(2);
        for (int c = 0; c < COLUMNS; c++) {
            bool null = c < KEEP && (draw(11) == 0 || (number == NULL_KEYS && c <= NAME));
            null &= !(c == CODE && number == 0);
            f->valid[c][i / 64] |= (uint64_t)!null << (i % 64);
            if (null && c == NAME)
                f->name[i] = (struct str){0};
        }
    }
}

static void write_file(int number, const char *path)
{
    const struct file *f = &files[number];
    struct store_write *to;
    struct parquet_writer *w;
    struct parquet_write_options o;
    struct parquet_file_metrics m;
    parquet_write_options_init(&o);
    o.row_group_rows = 1700;
    CHECK_OK(store_write_create(store, str_of(path), &to, &err));
    CHECK_OK(parquet_writer_create(to, &schema, &o, NULL, &w, &err));
    for (int64_t at = 0; at < f->rows; at += 1024) {
        struct column_span spans[COLUMNS];
        uint64_t words[COLUMNS][COLUMN_SPAN_WORDS];
        int64_t n = f->rows - at < 1024 ? f->rows - at : 1024;
        for (int c = 0; c < COLUMNS; c++) {
            struct column_span all = {.kind = SPAN_VALUES,
                                      .rows = f->rows,
                                      .valid = f->valid[c],
                                      .values = values_of(f, c)};
            spans[c] = column_span_slice(&all, column_type_phys(fields[c].type), at, n, words[c]);
        }
        struct column_batch batch = {n, COLUMNS, spans};
        CHECK_OK(parquet_writer_append(w, &batch, &err));
    }
    CHECK_OK(parquet_writer_finish(w, &arena, &m, &err));
    parquet_writer_free(w);
    CHECK_OK(store_write_finish(to, &err));
    entries[number] = (struct iceberg_entry){.sequence_number = 1,
                                             .file = {.path = str_of(path),
                                                      .format = STR("PARQUET"),
                                                      .records = m.rows,
                                                      .bytes = m.bytes,
                                                      .sort_order_id = -1}};
}

static void setup(void)
{
    static const char *const paths[FILES] = {"/a", "/b", "/c", "/d", "/e", "/f"};
    static struct iceberg_field columns[COLUMNS];
    arena_init(&arena, NULL);
    error_init(&err);
    mem_account_init(&account, "test", NULL, 0);
    CHECK_OK(store_create_memory(&store, &err));
    for (int c = 0; c < COLUMNS; c++)
        columns[c] = (struct iceberg_field){
            .id = fields[c].field_id, .name = fields[c].name, .type = fields[c].type};
    table_schema = (struct iceberg_schema){.count = COLUMNS, .fields = columns};
    for (int i = 0; i < FILES; i++) {
        make_file(i);
        write_file(i, paths[i]);
    }
}

/* ---- the query -------------------------------------------------------------------------------- */

/* SELECT day, name, price, <outs> FROM scan WHERE keep GROUP BY day, name, price; without keys when
 * `keys` is 0. */
struct query {
    struct query_plan scan, filter, aggregate;
    struct iceberg_scan files;
    struct query_expr columns[COLUMNS];
    struct query_expr *keys[3];
    struct query_agg_arg args[5];
    struct column_field outputs[16];
    int32_t ids[COLUMNS];
};

/* What the arguments are asked for: rows, price, code where pick, wide, name. */
static struct query_agg_out outs[] = {
    {QUERY_AGG_COUNT_STAR, 0, {.kind = COLUMN_BIGINT}},
    {QUERY_AGG_SUM, 1, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_VAR_POP, 1, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_SUM, 2, {.kind = COLUMN_BIGINT}},
    {QUERY_AGG_AVG, 2, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_COUNT, 2, {.kind = COLUMN_BIGINT}},
    {QUERY_AGG_SUM, 3, {.kind = COLUMN_DECIMAL, .precision = 38}},
    {QUERY_AGG_STDDEV_SAMP, 3, {.kind = COLUMN_DOUBLE}},
    {QUERY_AGG_COUNT, 4, {.kind = COLUMN_BIGINT}},
    {QUERY_AGG_MAX, 4, {.kind = COLUMN_TEXT}},
};
#define OUTS    ARRAY_LEN(outs)
#define TOTALED (OUTS - 1) /* all but the maximum */

static void query_init(struct query *q, size_t keys, size_t first, size_t count)
{
    memset(q, 0, sizeof(*q));
    q->files = (struct iceberg_scan){.count = count, .entries = entries + first};
    q->scan = (struct query_plan){.kind = QUERY_PLAN_SCAN, .schema = schema};
    for (int c = 0; c < COLUMNS; c++) {
        q->ids[c] = fields[c].field_id;
        q->columns[c] =
            (struct query_expr){.kind = QUERY_COLUMN, .type = fields[c].type, .column = c};
    }
    q->scan.scan.name = STR("t");
    q->scan.scan.table = &table;
    q->scan.scan.table_schema = &table_schema;
    q->scan.scan.files = &q->files;
    q->scan.scan.field_ids = q->ids;
    q->filter = (struct query_plan){.kind = QUERY_PLAN_FILTER, .schema = schema, .input = &q->scan};
    q->filter.filter.predicate = &q->columns[KEEP];
    q->aggregate = (struct query_plan){
        .kind = QUERY_PLAN_AGGREGATE, .schema = {keys + OUTS, q->outputs}, .input = &q->filter};
    for (size_t i = 0; i < keys; i++) {
        q->keys[i] = &q->columns[i];
        q->outputs[i] = fields[i];
    }
    for (size_t i = 0; i < OUTS; i++)
        q->outputs[keys + i] = (struct column_field){.name = STR("out"), .type = outs[i].type};
    q->args[1].value = &q->columns[PRICE];
    q->args[2].value = &q->columns[CODE];
    q->args[2].filter = &q->columns[PICK];
    q->args[3].value = &q->columns[WIDE];
    q->args[4].value = &q->columns[NAME];
    q->aggregate.aggregate.keys = q->keys;
    q->aggregate.aggregate.key_count = keys;
    q->aggregate.aggregate.args = q->args;
    q->aggregate.aggregate.arg_count = ARRAY_LEN(q->args);
    q->aggregate.aggregate.outs = outs;
    q->aggregate.aggregate.out_count = OUTS;
    q->aggregate.aggregate.grand_total = keys == 0;
}

/* Runs it to its end; values of the first row go to `row` (in the arena). */
static int64_t run(struct query_plan *plan, struct exec_units *units, struct column_value *row)
{
    struct arena own;
    struct column_stream rows;
    struct column_batch batch;
    int64_t count = 0, before = (int64_t)account.used_bytes;
    arena_init(&own, &account);
    struct exec_context c = {.store = store, .account = &account, .arena = &own, .units = units};
    CHECK_OK(exec_open(plan, &c, &rows, &err));
    for (;;) {
        CHECK_OK(rows.next(rows.self, &batch, &err));
        if (batch.rows == 0)
            break;
        for (size_t i = 0; row && count == 0 && i < batch.columns; i++) {
            struct column_value v;
            column_span_value(&batch.spans[i], plan->schema.fields[i].type, 0, &v);
            CHECK_OK(column_value_copy(&arena, &v, &row[i], &err));
        }
        count += batch.rows;
    }
    rows.close(rows.self);
    arena_free(&own);
    CHECK_INT(account.used_bytes, before);
    return count;
}

/* ---- what must come out ------------------------------------------------------------------------ */

static struct str key_of(const struct file *f, int column, int64_t row)
{
    struct column_span all = {.kind = SPAN_VALUES,
                              .rows = f->rows,
                              .valid = f->valid[column],
                              .values = values_of(f, column)};
    struct column_value v;
    struct buffer bytes;
    struct str key;
    column_span_value(&all, fields[column].type, row, &v);
    buffer_init(&bytes, NULL, 1000);
    CHECK_OK(column_key_put(&v, &bytes, &err));
    CHECK_OK(arena_str(&arena, buffer_str(&bytes), &key, &err));
    buffer_free(&bytes);
    return key;
}

static void check_ranges(const struct file *f, const struct exec_unit *u, size_t keys)
{
    int64_t rows = 0;
    struct str low[3], high[3];
    for (int64_t i = 0; i < f->rows; i++) {
        if (!f->keep[i])
            continue;
        for (size_t k = 0; k < keys; k++) {
            struct str key = key_of(f, (int)k, i);
            low[k] = rows == 0 || column_key_cmp(key, low[k]) < 0 ? key : low[k];
            high[k] = rows == 0 || column_key_cmp(key, high[k]) > 0 ? key : high[k];
        }
        rows++;
    }
    CHECK_INT(u->rows, rows);
    CHECK(rows > 0 || (!u->low && !u->high));
    for (size_t k = 0; rows > 0 && k < keys; k++) {
        CHECK(str_eq(u->low[k], low[k]));
        CHECK(str_eq(u->high[k], high[k]));
    }
}

static bool same_value(const struct column_value *a, const struct column_value *b)
{
    return a->null == b->null && (a->null || column_value_cmp(a, b, true) == 0);
}

/* Totals are what an aggregation without keys gives. */
static void check_totals(const struct exec_totals *t, size_t first, size_t count)
{
    struct query q;
    struct column_value want[OUTS], got;
    query_init(&q, 0, first, count);
    CHECK_INT(run(&q.aggregate, NULL, want), 1);
    for (size_t i = 0; i < TOTALED; i++) {
        CHECK_OK(exec_totals_result(t, &outs[i], &arena, &got, &err));
        if (!same_value(&got, &want[i]))
            test_fail(__FILE__, __LINE__, "output %zu of files %zu to %zu", i, first,
                      first + count - 1);
    }
}

static struct exec_units make_units(struct query *q)
{
    struct exec_units units = {.arena = &arena};
    query_init(q, 3, 0, FILES);
    CHECK(run(&q->aggregate, &units, NULL) > 1000);
    CHECK_INT(units.count, FILES);
    return units;
}

TEST(rows_and_key_ranges_of_each_file)
{
    setup();
    struct query q;
    struct exec_units units = make_units(&q);
    for (int i = 0; i < FILES; i++)
        check_ranges(&files[i], &units.units[i], 3);
    CHECK_INT(units.units[NOTHING_PASSES].rows, 0);
    CHECK_INT(units.units[EMPTY].rows, 0);
    CHECK_INT(units.units[NULL_KEYS].low[0].ptr[0], 2); /* NULL alone */
    arena_free(&arena);
}

TEST(totals_of_each_file_and_of_all)
{
    setup();
    struct query q;
    struct exec_units units = make_units(&q);
    struct exec_totals *all, *one;
    CHECK_OK(exec_totals_create(&q.aggregate, &account, &all, &err));
    for (size_t i = 0; i < FILES; i++) {
        CHECK_OK(exec_totals_create(&q.aggregate, &account, &one, &err));
        CHECK_OK(exec_totals_add(one, units.units[i].totals, &err));
        check_totals(one, i, 1);
        exec_totals_free(one);
        CHECK_OK(exec_totals_add(all, units.units[i].totals, &err));
    }
    check_totals(all, 0, FILES);
    for (size_t i = 0; i < 2; i++) /* file 1 has infinities and NaN */
        CHECK_OK(exec_totals_subtract(all, units.units[i].totals, &err));
    check_totals(all, 2, FILES - 2);
    struct str bytes;
    CHECK_OK(exec_totals_put(all, &arena, &bytes, &err));
    CHECK_OK(exec_totals_create(&q.aggregate, &account, &one, &err));
    CHECK_OK(exec_totals_add(one, bytes, &err));
    check_totals(one, 2, FILES - 2);
    CHECK_OK(exec_totals_subtract(one, bytes, &err));
    check_totals(one, EMPTY, 1);
    exec_totals_free(one);
    exec_totals_free(all);
    CHECK_INT(account.used_bytes, 0);
    arena_free(&arena);
}

/* Rows that were chosen and removed, as a refresh has them. */
TEST(units_of_chosen_rows)
{
    setup();
    struct query q;
    struct rowset rows;
    struct exec_units whole = make_units(&q), some = {.arena = &arena}, rest = some;
    struct exec_totals *t;
    struct str back;
    CHECK_OK(rowset_init(&rows, FILE_ROWS, NULL, &err));
    for (int64_t i = 0; i < FILE_ROWS; i += 3)
        CHECK_OK(rowset_add(&rows, i, &err));
    entries[0].rows = &rows;
    query_init(&q, 3, 0, 1);
    run(&q.aggregate, &some, NULL);
    entries[0].except = true;
    query_init(&q, 3, 0, 1);
    run(&q.aggregate, &rest, NULL);
    CHECK_INT(some.units[0].rows + rest.units[0].rows, whole.units[0].rows);
    CHECK(some.units[0].rows > 0 && rest.units[0].rows > 0);
    CHECK_OK(exec_totals_create(&q.aggregate, &account, &t, &err));
    CHECK_OK(exec_totals_add(t, whole.units[0].totals, &err));
    CHECK_OK(exec_totals_subtract(t, some.units[0].totals, &err));
    CHECK_OK(exec_totals_put(t, &arena, &back, &err));
    CHECK(str_eq(back, rest.units[0].totals)); /* equal multisets, equal bytes */
    exec_totals_free(t);
    rowset_free(&rows);
    arena_free(&arena);
}

TEST(what_totals_are_not)
{
    setup();
    struct query q;
    struct exec_units units = make_units(&q);
    struct exec_totals *t;
    struct column_value v;
    struct str bytes = units.units[0].totals;
    const struct query_agg_out sum_of_rows = {QUERY_AGG_SUM, 0, {.kind = COLUMN_BIGINT}};
    CHECK_OK(exec_totals_create(&q.aggregate, &account, &t, &err));
    CHECK_STATUS(exec_totals_result(t, &outs[OUTS - 1], &arena, &v, &err), ST_UNSUPPORTED);
    CHECK_STATUS(exec_totals_result(t, &sum_of_rows, &arena, &v, &err), ST_UNSUPPORTED);
    CHECK_STATUS(exec_totals_subtract(t, bytes, &err), ST_CORRUPT); /* was never added */
    exec_totals_free(t);
    for (size_t cut = 0; cut < bytes.len; cut++) {
        CHECK_OK(exec_totals_create(&q.aggregate, &account, &t, &err));
        CHECK_STATUS(exec_totals_add(t, (struct str){bytes.ptr, cut}, &err), ST_CORRUPT);
        exec_totals_free(t);
    }
    CHECK_OK(exec_totals_create(&q.aggregate, &account, &t, &err));
    CHECK_STATUS(exec_totals_add(t, (struct str){bytes.ptr, bytes.len + 1}, &err), ST_CORRUPT);
    exec_totals_free(t);
    const struct str most = STR("\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0\0\0\0"); /* 2^63 - 1 rows */
    CHECK_OK(exec_totals_create(&q.aggregate, &account, &t, &err));
    CHECK_OK(exec_totals_add(t, most, &err));
    CHECK_STATUS(exec_totals_add(t, most, &err), ST_CORRUPT);
    exec_totals_free(t);
    CHECK_INT(account.used_bytes, 0);
    arena_free(&arena);
}

/* An aggregation over anything but a scan has no files to tell of. */
TEST(only_scans_have_units)
{
    setup();
    struct query q;
    struct query_plan none = {.kind = QUERY_PLAN_VALUES, .schema = schema};
    struct exec_units units = {.arena = &arena};
    query_init(&q, 3, 0, FILES);
    q.filter.input = &none;
    CHECK_INT(run(&q.aggregate, &units, NULL), 0);
    CHECK_INT(units.count, 0);
    arena_free(&arena);
}
