// SPDX-License-Identifier: Apache-2.0
/* summary_digest_test.c - what changes a digest and what does not. */
#include "summary/summary.h"

#include "column/column_key.h"
#include "harness/test.h"

#include <math.h>

/* k bigint, x double, t text; the last of them hidden. NULL is said by a bit. */
struct row {
    int64_t k;
    double x;
    const char *t;
    unsigned nulls; /* 1: k, 2: x, 4: t */
};

static struct column_field fields[] = {{.name = {"k", 1}, .type = {.kind = COLUMN_BIGINT}},
                                       {.name = {"x", 1}, .type = {.kind = COLUMN_DOUBLE}},
                                       {.name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};
static const struct column_schema schema = {3, fields};

/* Calls `take` for batches of `step` rows. */
static void batches(const struct row *rows, int64_t count, int64_t step,
                    void (*take)(void *self, const struct column_batch *batch), void *self)
{
    struct column_vector columns[3];
    struct column_span spans[3];
    struct error err;
    for (int c = 0; c < 3; c++)
        CHECK_OK(column_vector_init(&columns[c], fields[c].type, NULL, &err));
    for (int64_t at = 0; at < count; at += step) {
        int64_t n = count - at < step ? count - at : step;
        for (int c = 0; c < 3; c++)
            column_vector_clear(&columns[c]);
        for (int64_t i = at; i < at + n; i++) {
            struct str text = str_of(rows[i].t ? rows[i].t : "");
            const void *values[] = {&rows[i].k, &rows[i].x, &text};
            for (int c = 0; c < 3; c++)
                if (rows[i].nulls >> c & 1)
                    column_vector_append_null(&columns[c]);
                else
                    column_vector_append(&columns[c], values[c]);
        }
        for (int c = 0; c < 3; c++)
            spans[c] = column_vector_span(&columns[c]);
        struct column_batch batch = {n, 3, spans};
        take(self, &batch);
    }
    for (int c = 0; c < 3; c++)
        column_vector_free(&columns[c]);
}

struct digesting {
    struct summary_rows of;
    struct summary_digest digest;
};

static void add_batch(void *self, const struct column_batch *batch)
{
    struct digesting *d = self;
    struct error err;
    CHECK_OK(summary_digest_add(&d->digest, &d->of, batch, NULL, &err));
}

static struct summary_digest digest_with(const struct row *rows, int64_t count, int64_t step,
                                         const int32_t ids[3])
{
    struct digesting d = {.of = {&schema, ids, 2}};
    batches(rows, count, step, add_batch, &d);
    CHECK_INT(d.digest.row_count, count);
    return d.digest;
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

static struct summary_digest digest_of_decimal(unsigned precision, const void *value)
{
    struct column_field field = {
        .name = {"d", 1}, .type = {.kind = COLUMN_DECIMAL, .precision = precision, .scale = 2}};
    const struct column_schema one = {1, &field};
    const int32_t id = 1;
    const struct summary_rows of = {&one, &id, 1};
    struct column_span span = {.kind = SPAN_VALUES, .rows = 1, .values = value};
    struct column_batch batch = {1, 1, &span};
    struct summary_digest d = {0};
    struct error err;
    CHECK_OK(summary_digest_add(&d, &of, &batch, NULL, &err));
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

/* ---- files ------------------------------------------------------------------------------------ */

struct files {
    struct summary_digest_files digests;
    size_t file;
};

static void add_to_file(void *self, const struct column_batch *batch)
{
    struct files *f = self;
    struct error err;
    CHECK_OK(summary_digest_files_tap(&f->digests, f->file, batch, &err));
}

static void check_key(struct str got, const struct row *row)
{
    struct column_value t = {.type = fields[2].type, .null = row->nulls >> 2 & 1},
                        k = {.type = fields[0].type, .null = row->nulls & 1, .i64 = row->k};
    struct buffer want;
    struct error err;
    t.str = str_of(row->t ? row->t : "");
    buffer_init(&want, NULL, 1000);
    CHECK_OK(column_key_put(&t, &want, &err));
    CHECK_OK(column_key_put(&k, &want, &err));
    CHECK(str_eq(got, buffer_str(&want)));
    buffer_free(&want);
}

/* Files come in any order and in turns, as those of partitions do. */
TEST(each_file_has_its_own_and_the_sum_is_the_tables)
{
    static const int32_t ids[3] = {1, 2, 7};
    static const int keys[] = {2, 0};
    struct row rows[90];
    struct arena arena;
    struct mem_account account;
    mem_account_init(&account, "test", NULL, 0);
    arena_init(&arena, &account);
    struct files f = {
        .digests = {.of = {&schema, ids, 2}, .key_count = 2, .keys = keys, .arena = &arena}};
    for (int i = 0; i < 90; i++)
        rows[i] = (struct row){i, i * 0.5, i % 7 ? "long enough" : NULL, i % 7 ? 0 : 4};
    const struct {
        int from, count;
        size_t file;
    } parts[] = {{0, 20, 2}, {30, 20, 0}, {20, 10, 2}, {50, 39, 1}, {89, 1, 0}};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        f.file = parts[i].file;
        batches(rows + parts[i].from, parts[i].count, 8, add_to_file, &f);
    }
    CHECK_INT(f.digests.count, 3);
    const struct {
        int from, count, first, last;
    } want[] = {{30, 21, 30, 89}, {50, 39, 50, 88}, {0, 30, 0, 29}};
    for (size_t i = 0; i < 3; i++) {
        const struct summary_digest_file *x = &f.digests.files[i];
        CHECK_INT(x->digest.row_count, want[i].count);
        check_key(x->first, &rows[want[i].first]);
        check_key(x->last, &rows[want[i].last]);
    }
    struct summary_digest third = digest_of(rows, 30, 30), all = digest_of(rows, 90, 90);
    struct summary_digest sum = summary_digest_files_sum(&f.digests);
    CHECK(f.digests.files[2].digest.rows == third.rows);
    CHECK(f.digests.files[2].digest.states == third.states);
    CHECK(sum.rows == all.rows && sum.states == all.states);
    CHECK_INT(sum.row_count, 90);
    arena_free(&arena);
    CHECK_INT(account.used_bytes, 0);
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
