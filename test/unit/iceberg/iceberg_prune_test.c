// SPDX-License-Identifier: Apache-2.0
/* iceberg_prune_test.c - pruning against rows: random files, predicates and specs, where no
 * matching row may be pruned away and no other row taken with a whole file; then cases that must be
 * decided, so that answering "maybe" to everything fails. */
#include "column/column_text.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena;
static struct error err;

#define ROWS_MAX 5

/* One column, by name so that texts can be parsed: type, spec text. */
static const struct {
    enum column_kind kind;
    const char *spec;
} columns[] = {
    {COLUMN_INT, "c"},
    {COLUMN_INT, "bucket(3, c)"},
    {COLUMN_INT, "truncate(4, c)"},
    {COLUMN_BIGINT, "truncate(3, c)"},
    {COLUMN_DOUBLE, "c"},
    {COLUMN_DOUBLE, ""},
    {COLUMN_REAL, "void(c)"},
    {COLUMN_DECIMAL, "truncate(7, c)"},
    {COLUMN_TEXT, "c"},
    {COLUMN_TEXT, "truncate(2, c)"},
    {COLUMN_TEXT, "bucket(3, c)"},
    {COLUMN_DATE, "day(c)"},
    {COLUMN_DATE, "month(c)"},
    {COLUMN_TIMESTAMP, "year(c)"},
    {COLUMN_TIMESTAMP, "month(c)"},
    {COLUMN_TIMESTAMPTZ, "day(c)"},
    {COLUMN_TIMESTAMP, "hour(c)"},
    {COLUMN_BOOLEAN, "c"},
};

static struct column_type type_of(enum column_kind kind)
{
    return kind == COLUMN_DECIMAL ? column_type_decimal(20, 1) : column_type_of(kind);
}

static int draw(int count)
{
    return rand() % count;
}

static struct column_value random_value(struct column_type type, bool null_too)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "abcd", "b", "ba", "\xc3\xa9", "zz"};
    static const double doubles[] = {-1.5, -0.0, 0.0, 2.5, INFINITY, -INFINITY, NAN};
    struct column_value v = {.type = type, .null = null_too && draw(5) == 0};
    int n = draw(13) - 6;
    switch (type.kind) {
    case COLUMN_BOOLEAN:
        v.b = n > 0;
        break;
    case COLUMN_INT:
        v.i32 = draw(20) == 0 ? INT32_MIN + 1 : draw(20) == 0 ? INT32_MAX : n;
        break;
    case COLUMN_DATE:
        v.i32 = n * 20;
        break;
    case COLUMN_BIGINT:
        v.i64 = draw(20) == 0 ? INT64_MIN : n;
        break;
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        v.i64 = n * (int64_t)1800000000 * (draw(2) ? 1 : 500) + draw(3) - 1;
        break;
    case COLUMN_DECIMAL:
        v.i128 = n * 5;
        break;
    case COLUMN_REAL:
        v.f32 = (float)doubles[draw(7)];
        break;
    case COLUMN_DOUBLE:
        v.f64 = doubles[draw(7)];
        break;
    default:
        v.str = str_of(texts[draw(9)]);
    }
    return v;
}

static bool row_matches(const struct column_value *row, const struct iceberg_pred *p)
{
    int c;
    switch (p->kind) {
    case ICEBERG_PRED_TRUE:
        return true;
    case ICEBERG_PRED_FALSE:
        return false;
    case ICEBERG_PRED_AND:
        return row_matches(row, p->children[0]) && row_matches(row, p->children[1]);
    case ICEBERG_PRED_OR:
        return row_matches(row, p->children[0]) || row_matches(row, p->children[1]);
    case ICEBERG_PRED_IS_NULL:
        return row->null;
    case ICEBERG_PRED_NOT_NULL:
        return !row->null;
    case ICEBERG_PRED_STARTS_WITH:
        return !row->null && !p->values->null && str_starts(row->str, p->values->str);
    case ICEBERG_PRED_IN:
        for (size_t i = 0; i < p->value_count; i++)
            if (!row->null && !p->values[i].null &&
                column_value_cmp(row, &p->values[i], false) == 0)
                return true;
        return false;
    default:
        break;
    }
    if (row->null || p->values->null)
        return false;
    c = column_value_cmp(row, p->values, false);
    return p->kind == ICEBERG_PRED_EQ   ? c == 0
           : p->kind == ICEBERG_PRED_NE ? c != 0
           : p->kind == ICEBERG_PRED_LT ? c < 0
           : p->kind == ICEBERG_PRED_LE ? c <= 0
           : p->kind == ICEBERG_PRED_GT ? c > 0
                                        : c >= 0;
}

static struct iceberg_pred *random_pred(struct column_type type, int depth)
{
    struct iceberg_pred *p;
    struct column_value *values;
    CHECK_OK(ARENA_NEW(&arena, struct iceberg_pred, &p, &err));
    CHECK_OK(ARENA_ARRAY(&arena, struct column_value, 3, &values, &err));
    p->field_id = 1;
    p->values = values;
    p->value_count = 1;
    if (depth > 0 && draw(3) == 0) {
        p->kind = draw(2) ? ICEBERG_PRED_AND : ICEBERG_PRED_OR;
        p->child_count = 2;
        CHECK_OK(ARENA_ARRAY(&arena, const struct iceberg_pred *, 2, &p->children, &err));
        p->children[0] = random_pred(type, depth - 1);
        p->children[1] = random_pred(type, depth - 1);
        return p;
    }
    int last = type.kind == COLUMN_TEXT ? ICEBERG_PRED_STARTS_WITH : ICEBERG_PRED_NOT_NULL;
    p->kind = (enum iceberg_pred_kind)(ICEBERG_PRED_EQ + draw(last - ICEBERG_PRED_EQ + 1));
    if (draw(30) == 0)
        p->kind = draw(2) ? ICEBERG_PRED_TRUE : ICEBERG_PRED_FALSE;
    for (int i = 0; i < 3; i++)
        values[i] = random_value(type, true);
    if (p->kind == ICEBERG_PRED_IN)
        p->value_count = (size_t)draw(4);
    else if (p->kind == ICEBERG_PRED_IS_NULL || p->kind == ICEBERG_PRED_NOT_NULL)
        p->value_count = 0;
    return p;
}

static bool value_nan(const struct column_value *v)
{
    return (v->type.kind == COLUMN_REAL && isnan(v->f32)) ||
           (v->type.kind == COLUMN_DOUBLE && isnan(v->f64));
}

/* Metrics of the rows; now and then a part is left out, as writers may. */
static struct iceberg_metric metric_of(const struct column_value *rows, int64_t count)
{
    struct iceberg_metric m = {.field_id = 1, .column_bytes = -1, .values = count};
    const struct column_value *low = NULL, *high = NULL;
    for (int64_t i = 0; i < count; i++) {
        m.nulls += rows[i].null;
        m.nans += !rows[i].null && value_nan(&rows[i]);
        if (rows[i].null || value_nan(&rows[i]))
            continue;
        low = !low || column_value_cmp(&rows[i], low, true) < 0 ? &rows[i] : low;
        high = !high || column_value_cmp(&rows[i], high, true) > 0 ? &rows[i] : high;
    }
    if (low && draw(6))
        CHECK_OK(iceberg_bound_truncate(low, false, 16, &arena, &m.lower, &err));
    if (high && draw(6))
        CHECK_OK(iceberg_bound_truncate(high, true, 16, &arena, &m.upper, &err));
    m.nulls = draw(6) ? m.nulls : -1;
    m.nans = draw(2) ? m.nans : -1;
    m.values = draw(6) ? m.values : -1;
    return m;
}

static struct iceberg_table *table_of(enum column_kind kind, const char *spec_text)
{
    struct column_field field = {.name = STR("c"), .type = type_of(kind)};
    struct column_schema schema = {1, &field};
    struct iceberg_table *t;
    int32_t last;
    CHECK_OK(ARENA_NEW(&arena, struct iceberg_table, &t, &err));
    CHECK_OK(ARENA_NEW(&arena, struct iceberg_schema, &t->schemas, &err));
    CHECK_OK(ARENA_NEW(&arena, struct iceberg_spec, &t->specs, &err));
    t->schema_count = t->spec_count = 1;
    CHECK_OK(iceberg_schema_assign(NULL, &schema, &arena, t->schemas, &last, &err));
    t->schemas[0].id = 0;
    CHECK_OK(iceberg_spec_parse(str_of(spec_text), t->schemas, NULL, &arena, t->specs, &err));
    t->specs[0].id = 0;
    return t;
}

/* Rows of one partition, with its value. */
static int64_t random_rows(const struct iceberg_table *t, struct column_value *rows,
                           struct column_value *partition)
{
    struct column_type type = t->schemas[0].fields[0].type;
    const struct iceberg_spec *spec = &t->specs[0];
    int64_t count = 0;
    for (int tries = 0; tries < 60 && count < ROWS_MAX; tries++) {
        struct column_value v = random_value(type, true), p;
        if (spec->count > 0) {
            CHECK_OK(iceberg_transform_apply(spec->fields[0].transform, &v, &arena, &p, &err));
            if (count > 0 && (p.null != partition->null ||
                              (!p.null && column_value_cmp(&p, partition, true) != 0)))
                continue;
            *partition = p;
        }
        rows[count++] = v;
        if (draw(4) == 0)
            break;
    }
    return count;
}

static void summarise(const struct column_value *partitions, int count,
                      struct iceberg_partition_summary *out)
{
    const struct column_value *low = NULL, *high = NULL;
    *out = (struct iceberg_partition_summary){.has_nan = draw(3) != 0};
    for (int i = 0; i < count; i++) {
        const struct column_value *v = &partitions[i];
        out->contains_null = out->contains_null || v->null;
        out->contains_nan = out->contains_nan || (out->has_nan && !v->null && value_nan(v));
        if (v->null || value_nan(v))
            continue;
        low = !low || column_value_cmp(v, low, true) < 0 ? v : low;
        high = !high || column_value_cmp(v, high, true) > 0 ? v : high;
    }
    if (low) {
        CHECK_OK(iceberg_value_encode(low, &arena, &out->lower, &err));
        CHECK_OK(iceberg_value_encode(high, &arena, &out->upper, &err));
    }
}

static int pruned_manifests, pruned_files, whole_files;

static void one_round(const struct iceberg_table *t)
{
    struct column_type type = t->schemas[0].fields[0].type;
    struct column_value rows[3][ROWS_MAX], partitions[3];
    struct iceberg_metric metrics[3];
    struct iceberg_data_file files[3];
    int64_t counts[3];
    int file_count = 1 + draw(3);
    for (int i = 0; i < file_count; i++) {
        counts[i] = random_rows(t, rows[i], &partitions[i]);
        metrics[i] = metric_of(rows[i], counts[i]);
        files[i] = (struct iceberg_data_file){.records = counts[i],
                                              .partition = &partitions[i],
                                              .partition_count = t->specs[0].count,
                                              .metrics = &metrics[i],
                                              .metric_count = draw(5) != 0};
    }
    struct iceberg_partition_summary summary;
    struct iceberg_manifest m = {.partition_count = t->specs[0].count, .partitions = &summary};
    if (t->specs[0].count > 0)
        summarise(partitions, file_count, &summary);
    for (int k = 0; k < 20; k++) {
        struct iceberg_pred *p = random_pred(type, 2);
        bool manifest_may = iceberg_manifest_may_match(t, &m, p);
        pruned_manifests += !manifest_may;
        for (int i = 0; i < file_count; i++) {
            bool may = iceberg_file_may_match(t, t->schemas, &files[i], p);
            bool all = iceberg_file_all_match(t, t->schemas, &files[i], p);
            pruned_files += !may;
            whole_files += all;
            for (int64_t r = 0; r < counts[i]; r++) {
                bool hit = row_matches(&rows[i][r], p);
                CHECK(!hit || may);
                CHECK(!hit || manifest_may);
                CHECK(hit || !all);
            }
        }
    }
}

static void setup(void)
{
    arena_init(&arena, NULL);
    error_init(&err);
}

TEST(no_row_is_lost_and_none_taken_along)
{
    for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
        pruned_manifests = pruned_files = whole_files = 0;
        for (unsigned seed = 0; seed < 800; seed++) {
            setup();
            srand(seed);
            one_round(table_of(columns[c].kind, columns[c].spec));
            arena_free(&arena);
        }
        bool by_partition = columns[c].spec[0] && columns[c].kind != COLUMN_REAL;
        if (pruned_files < 500 || whole_files < 500 || (by_partition && pruned_manifests < 150))
            test_fail(__FILE__, __LINE__,
                      "column %zu: only %d manifests, %d files pruned, %d whole", c,
                      pruned_manifests, pruned_files, whole_files);
    }
}

/* ---- cases that must be decided ---- */

static struct column_value parsed(enum column_kind kind, const char *text)
{
    struct column_value v;
    CHECK_OK(column_text_parse(type_of(kind), str_of(text), NULL, &arena, &v, &err));
    return v;
}

struct decided {
    const char *spec, *partition; /* a value of the column in the partition */
    enum column_kind kind;
    enum iceberg_pred_kind op;
    const char *value;
    int may, all;
};

/* Files without metrics: by their partition alone. */
TEST(partitions_decide)
{
    static const struct decided cases[] = {
        {"day(c)", "2025-01-16 10:00", COLUMN_TIMESTAMP, ICEBERG_PRED_LT, "2025-01-16", 0, 0},
        {"day(c)", "2025-01-16 10:00", COLUMN_TIMESTAMP, ICEBERG_PRED_LT, "2025-01-17", 1, 1},
        {"day(c)", "2025-01-16 10:00", COLUMN_TIMESTAMP, ICEBERG_PRED_GE, "2025-01-16", 1, 1},
        {"day(c)", "2025-01-16 10:00", COLUMN_TIMESTAMP, ICEBERG_PRED_GE, "2025-01-16 00:00:01", 1,
         0},
        {"day(c)", "2025-01-16 10:00", COLUMN_TIMESTAMP, ICEBERG_PRED_EQ, "2025-01-17", 0, 0},
        {"day(c)", "2025-01-16", COLUMN_DATE, ICEBERG_PRED_EQ, "2025-01-16", 1, 1},
        {"month(c)", "2025-01-16", COLUMN_DATE, ICEBERG_PRED_LE, "2025-01-31", 1, 1},
        {"month(c)", "2025-01-16", COLUMN_DATE, ICEBERG_PRED_GT, "2025-01-31", 0, 0},
        {"year(c)", "1999-06-01", COLUMN_DATE, ICEBERG_PRED_NE, "2000-01-01", 1, 1},
        {"hour(c)", "2025-01-16 10:10", COLUMN_TIMESTAMPTZ, ICEBERG_PRED_GE, "2025-01-16 11:00Z", 0,
         0},
        {"truncate(10, c)", "17", COLUMN_INT, ICEBERG_PRED_LT, "20", 1, 1},
        {"truncate(10, c)", "17", COLUMN_INT, ICEBERG_PRED_GT, "19", 0, 0},
        {"truncate(2, c)", "abc", COLUMN_TEXT, ICEBERG_PRED_STARTS_WITH, "ab", 1, 1},
        {"truncate(2, c)", "abc", COLUMN_TEXT, ICEBERG_PRED_STARTS_WITH, "abz", 1, 0},
        {"truncate(2, c)", "abc", COLUMN_TEXT, ICEBERG_PRED_STARTS_WITH, "ac", 0, 0},
        {"truncate(2, c)", "abc", COLUMN_TEXT, ICEBERG_PRED_LT, "ac", 1, 1},
        {"truncate(2, c)", "abc", COLUMN_TEXT, ICEBERG_PRED_GT, "ac", 0, 0},
        {"truncate(2, c)", "a", COLUMN_TEXT, ICEBERG_PRED_EQ, "a", 1, 1},
        {"bucket(16, c)", "34", COLUMN_BIGINT, ICEBERG_PRED_EQ, "34", 1, 0},
        {"bucket(16, c)", "34", COLUMN_BIGINT, ICEBERG_PRED_EQ, "35", 0, 0},
        {"bucket(16, c)", "34", COLUMN_BIGINT, ICEBERG_PRED_NOT_NULL, "35", 1, 1},
        {"c", "NaN", COLUMN_DOUBLE, ICEBERG_PRED_GT, "5", 1, 1},
        {"c", "NaN", COLUMN_DOUBLE, ICEBERG_PRED_LT, "5", 0, 0},
    };
    setup();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct iceberg_table *t = table_of(cases[i].kind, cases[i].spec);
        struct column_value in = parsed(cases[i].kind, cases[i].partition), p;
        struct column_value v = parsed(cases[i].kind, cases[i].value);
        CHECK_OK(iceberg_transform_apply(t->specs[0].fields[0].transform, &in, &arena, &p, &err));
        struct iceberg_data_file f = {.records = 3, .partition = &p, .partition_count = 1};
        struct iceberg_pred pred = {
            .kind = cases[i].op, .field_id = 1, .values = &v, .value_count = 1};
        struct iceberg_partition_summary summary;
        struct iceberg_manifest m = {.partition_count = 1, .partitions = &summary};
        summarise(&p, 1, &summary);
        summary.has_nan = true;
        bool may = iceberg_file_may_match(t, t->schemas, &f, &pred);
        bool all = iceberg_file_all_match(t, t->schemas, &f, &pred);
        bool manifest = iceberg_manifest_may_match(t, &m, &pred);
        if (may != cases[i].may || all != cases[i].all || manifest != cases[i].may)
            test_fail(__FILE__, __LINE__, "case %zu (%s %s): may %d, all %d, manifest %d", i,
                      cases[i].spec, cases[i].value, may, all, manifest);
    }
}

TEST(metrics_decide)
{
    setup();
    struct iceberg_table *t = table_of(COLUMN_DOUBLE, "");
    double low = 1.5, high = 9;
    struct iceberg_metric m = {
        .field_id = 1, .values = 10, .lower = {(char *)&low, 8}, .upper = {(char *)&high, 8}};
    struct iceberg_data_file f = {.records = 10, .metrics = &m, .metric_count = 1};
    struct column_value v = parsed(COLUMN_DOUBLE, "9.5");
    struct iceberg_pred p = {
        .kind = ICEBERG_PRED_GT, .field_id = 1, .values = &v, .value_count = 1};
    CHECK(!iceberg_file_may_match(t, t->schemas, &f, &p));
    m.nans = -1; /* there may be NaN, which is greater */
    CHECK(iceberg_file_may_match(t, t->schemas, &f, &p));
    p.kind = ICEBERG_PRED_LT;
    CHECK(!iceberg_file_all_match(t, t->schemas, &f, &p));
    m.nans = 0;
    CHECK(iceberg_file_all_match(t, t->schemas, &f, &p));
    m.nulls = 1;
    CHECK(!iceberg_file_all_match(t, t->schemas, &f, &p));
    p.kind = ICEBERG_PRED_IS_NULL;
    CHECK(iceberg_file_may_match(t, t->schemas, &f, &p));
    m.nulls = 0;
    CHECK(!iceberg_file_may_match(t, t->schemas, &f, &p));
    m.nulls = 10;
    CHECK(iceberg_file_all_match(t, t->schemas, &f, &p));
    p.kind = ICEBERG_PRED_NOT_NULL;
    CHECK(!iceberg_file_may_match(t, t->schemas, &f, &p));
    m.nulls = 4;
    m.nans = 6; /* nothing but NULL and NaN */
    p.kind = ICEBERG_PRED_LT;
    CHECK(!iceberg_file_may_match(t, t->schemas, &f, &p));
    m.lower = STR("bad");
    m.upper = STR("");
    m.nans = m.nulls = 0;
    CHECK(iceberg_file_may_match(t, t->schemas, &f, &p));
    p.field_id = 77; /* no such column here */
    CHECK(iceberg_file_may_match(t, t->schemas, &f, &p));
    CHECK(!iceberg_file_all_match(t, t->schemas, &f, &p));
}

/* Metrics of a file from before its column became a bigint, its partition values likewise. */
TEST(promoted_bounds_prune)
{
    setup();
    struct iceberg_table *t = table_of(COLUMN_BIGINT, "");
    struct iceberg_metric m = {
        .field_id = 1, .values = 10, .lower = STR("\1\0\0\0"), .upper = STR("\5\0\0\0")};
    struct iceberg_data_file f = {.records = 10, .metrics = &m, .metric_count = 1};
    struct column_value v = parsed(COLUMN_BIGINT, "6");
    struct iceberg_pred p = {
        .kind = ICEBERG_PRED_GE, .field_id = 1, .values = &v, .value_count = 1};
    CHECK(!iceberg_file_may_match(t, t->schemas, &f, &p));
    p.kind = ICEBERG_PRED_LT;
    CHECK(iceberg_file_all_match(t, t->schemas, &f, &p));
}
