// SPDX-License-Identifier: Apache-2.0
/* summary_digest_test.c - what changes a digest and what does not. */
#include "summary/summary.h"

#include "harness/test.h"

#include <math.h>

/* k bigint, x double, t text; the last of them hidden. NULL is said by a bit. */
struct row {
    int64_t k;
    double x;
    const char *t;
    unsigned nulls; /* 1: k, 2: x, 4: t */
};

struct rows {
    const struct column_schema *schema;
    const struct row *rows;
    int64_t count, at, step; /* `step` rows a batch */
    struct column_vector columns[3];
    struct column_span spans[3];
    int closed;
};

static status rows_next(void *self, struct column_batch *out, struct error *err)
{
    struct rows *r = self;
    for (int c = 0; c < 3; c++)
        column_vector_clear(&r->columns[c]);
    int64_t n = r->count - r->at < r->step ? r->count - r->at : r->step;
    for (int64_t i = 0; i < n; i++) {
        const struct row *row = &r->rows[r->at + i];
        struct str text = str_of(row->t ? row->t : "");
        const void *values[] = {&row->k, &row->x, &text};
        for (int c = 0; c < 3; c++)
            if (row->nulls >> c & 1)
                column_vector_append_null(&r->columns[c]);
            else
                column_vector_append(&r->columns[c], values[c]);
    }
    r->at += n;
    for (int c = 0; c < 3; c++)
        r->spans[c] = column_vector_span(&r->columns[c]);
    *out = (struct column_batch){n, 3, r->spans};
    return ST_OK;
}

static void rows_close(void *self)
{
    struct rows *r = self;
    r->closed++;
}

static struct summary_digest digest_with(const struct row *rows, int64_t count, int64_t step,
                                         const int32_t ids[3])
{
    static struct column_field fields[] = {{.name = {"k", 1}, .type = {.kind = COLUMN_BIGINT}},
                                           {.name = {"x", 1}, .type = {.kind = COLUMN_DOUBLE}},
                                           {.name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};
    static const struct column_schema schema = {3, fields};
    struct rows r = {.schema = &schema, .rows = rows, .count = count, .step = step};
    struct column_stream from = {&schema, &r, rows_next, rows_close}, tap;
    struct summary_digest d = {0};
    struct column_batch batch;
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    for (int c = 0; c < 3; c++)
        CHECK_OK(column_vector_init(&r.columns[c], fields[c].type, NULL, &err));
    CHECK_OK(summary_digest_tap(&from, ids, 2, &d, &a, NULL, &tap, &err));
    int64_t passed = 0;
    do {
        CHECK_OK(tap.next(tap.self, &batch, &err));
        passed += batch.rows;
    } while (batch.rows > 0);
    CHECK_INT(passed, count);
    CHECK_INT(d.row_count, count);
    tap.close(tap.self);
    CHECK_INT(r.closed, 1);
    for (int c = 0; c < 3; c++)
        column_vector_free(&r.columns[c]);
    arena_free(&a);
    return d;
}

static struct summary_digest digest_of(const struct row *rows, int64_t count, int64_t step)
{
    static const int32_t ids[3] = {1, 2, 7};
    return digest_with(rows, count, step, ids);
}

TEST(order_and_batches_do_not_matter)
{
    struct row rows[100], backward[100];
    for (int i = 0; i < 100; i++)
        backward[99 - i] = rows[i] = (struct row){i / 3, i * 0.1, i % 2 ? "a" : "b", 0};
    struct summary_digest a = digest_of(rows, 100, 100), b = digest_of(backward, 100, 7);
    CHECK(a.rows == b.rows && a.states == b.states);
    CHECK(a.rows != a.states);
    CHECK(digest_of(rows, 99, 100).rows != a.rows);
}

TEST(values_that_look_alike_differ)
{
    static const struct row one[] = {
        {0, 0.0, "", 0}, {0, 0.0, "", 1},  {0, 0.0, "", 2},  {0, 0.0, "", 3}, {1, 0.0, "", 0},
        {0, 1.0, "", 0}, {0, -0.0, "", 0}, {-1, 0.0, "", 0}, {0, NAN, "", 0}, {0, INFINITY, "", 0},
    };
    static const struct row hidden[] = {
        {0, 0.0, "", 0}, {0, 0.0, "", 4}, {0, 0.0, "0", 0}, {0, 0.0, " ", 0}};
    for (size_t i = 0; i < ARRAY_LEN(one); i++)
        for (size_t k = 0; k < i; k++)
            CHECK(digest_of(&one[i], 1, 1).rows != digest_of(&one[k], 1, 1).rows);
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        for (size_t k = 0; k < i; k++) {
            struct summary_digest a = digest_of(&hidden[i], 1, 1), b = digest_of(&hidden[k], 1, 1);
            CHECK(a.rows == b.rows && a.states != b.states);
        }
}

TEST(every_nan_is_one)
{
    struct row a = {1, NAN, "", 0}, b = {1, -NAN, "", 0};
    uint64_t payload = UINT64_C(0xFFF8000000001234);
    memcpy(&b.x, &payload, sizeof(payload));
    CHECK(digest_of(&a, 1, 1).rows == digest_of(&b, 1, 1).rows);
}

TEST(rows_are_counted_and_columns_are_known_by_id)
{
    static const struct row twice[] = {{5, 1.0, "a", 0}, {5, 1.0, "a", 0}};
    static const int32_t other[3] = {1, 3, 7}, hidden[3] = {1, 2, 8};
    struct summary_digest one = digest_of(twice, 1, 1), two = digest_of(twice, 2, 2);
    CHECK(two.rows == 2 * one.rows && two.rows != one.rows);
    CHECK(digest_with(twice, 1, 1, other).rows != one.rows);
    CHECK(digest_with(twice, 1, 1, hidden).rows == one.rows);
    CHECK(digest_with(twice, 1, 1, hidden).states != one.states);
    struct summary_digest none = digest_of(twice, 0, 1);
    CHECK(none.rows == 0 && none.states == 0);
}

/* A stream of one batch with one column. */
static status single_next(void *self, struct column_batch *out, struct error *err)
{
    struct column_batch *batch = self;
    *out = *batch;
    batch->rows = 0;
    return ST_OK;
}

static void single_close(void *self)
{
}

static struct summary_digest digest_of_decimal(unsigned precision, const void *value)
{
    struct column_field field = {
        .name = {"d", 1}, .type = {.kind = COLUMN_DECIMAL, .precision = precision, .scale = 2}};
    const struct column_schema schema = {1, &field};
    const int32_t id = 1;
    struct column_vector column;
    struct column_span span;
    struct column_batch one = {1, 1, &span}, out;
    struct column_stream from = {&schema, &one, single_next, single_close}, tap;
    struct summary_digest d = {0};
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    CHECK_OK(column_vector_init(&column, field.type, NULL, &err));
    column_vector_append(&column, value);
    span = column_vector_span(&column);
    CHECK_OK(summary_digest_tap(&from, &id, 1, &d, &a, NULL, &tap, &err));
    do
        CHECK_OK(tap.next(tap.self, &out, &err));
    while (out.rows > 0);
    tap.close(tap.self);
    column_vector_free(&column);
    arena_free(&a);
    return d;
}

/* Sixteen bytes whatever the precision, though small ones are held in eight. */
TEST(decimals_do_not_depend_on_their_precision)
{
    const int64_t values[] = {0, 12345, -12345, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const int128 wide = values[i];
        struct summary_digest a = digest_of_decimal(18, &values[i]),
                              b = digest_of_decimal(38, &wide);
        CHECK(a.rows == b.rows && a.states == b.states);
        CHECK_INT(a.row_count, 1);
    }
}

TEST(digits)
{
    struct arena arena;
    struct error err;
    struct str text;
    arena_init(&arena, NULL);
    CHECK_OK(summary_digest_text((uint128)0xAB << 120 | 0xCD, &arena, &text, &err));
    CHECK_STR(text, "ab0000000000000000000000000000cd");
    CHECK_INT(text.len, SUMMARY_DIGEST_DIGITS);
    arena_free(&arena);
}
