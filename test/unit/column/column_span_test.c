// SPDX-License-Identifier: Apache-2.0
/* column_span_test.c - rows of every kind of span, cuts at odd places, flattening, vectors. */
#include "column/column_span.h"
#include "harness/test.h"

static const struct column_type BIGINT = {.kind = COLUMN_BIGINT};
static const struct column_type TEXT = {.kind = COLUMN_TEXT};

TEST(vector_round_trip)
{
    struct error err;
    struct column_vector v;
    CHECK_OK(column_vector_init(&v, BIGINT, NULL, &err));
    for (int64_t i = 0; i < COLUMN_SPAN_ROWS; i++) {
        struct column_value x = {.type = BIGINT, .null = i % 7 == 0, .i64 = i * 3};
        column_vector_append_value(&v, &x);
    }
    struct column_span s = column_vector_span(&v);
    CHECK_INT(s.rows, COLUMN_SPAN_ROWS);
    for (int64_t i = 0; i < s.rows; i++) {
        struct column_value x;
        column_span_value(&s, BIGINT, i, &x);
        CHECK_INT(x.null, i % 7 == 0);
        if (!x.null)
            CHECK_INT(x.i64, i * 3);
        else
            CHECK_INT(((const int64_t *)s.values)[i], 0); /* C3 */
    }
    column_vector_clear(&v);
    int64_t one = 1;
    column_vector_append(&v, &one);
    CHECK(column_vector_span(&v).valid == NULL);
    column_vector_free(&v);
}

/* Every cut of a span with nulls shows the same rows. */
TEST(slices)
{
    struct error err;
    struct column_vector v;
    uint64_t words[COLUMN_SPAN_WORDS];
    CHECK_OK(column_vector_init(&v, BIGINT, NULL, &err));
    for (int64_t i = 0; i < 200; i++) {
        if (i % 3 == 0)
            column_vector_append_null(&v);
        else
            column_vector_append(&v, &i);
    }
    struct column_span s = column_vector_span(&v);
    for (int64_t from = 0; from <= 200; from++)
        for (int64_t rows = 0; rows <= 200 - from; rows++) {
            struct column_span cut = column_span_slice(&s, PHYS_I64, from, rows, words);
            CHECK_INT(cut.rows, rows);
            for (int64_t i = 0; i < rows; i++) {
                CHECK_INT(column_span_null(&cut, i), (from + i) % 3 == 0);
                if ((from + i) % 3 != 0)
                    CHECK_INT(((const int64_t *)cut.values)[i], from + i);
            }
        }
    column_vector_free(&v);
}

/* The words behind the last bit are not read: the array is exactly as long as needed. */
TEST(slice_reads_no_further)
{
    struct error err;
    uint64_t *valid, words[COLUMN_SPAN_WORDS];
    int64_t values[70] = {0};
    CHECK_OK(mem_alloc(NULL, 2 * sizeof(*valid), (void **)&valid, &err));
    valid[0] = ~UINT64_C(0);
    valid[1] = 0x3f;
    struct column_span s = {.kind = SPAN_VALUES, .rows = 70, .valid = valid, .values = values};
    struct column_span cut = column_span_slice(&s, PHYS_I64, 65, 5, words);
    for (int i = 0; i < 5; i++)
        CHECK(!column_span_null(&cut, i));
    mem_free(NULL, valid, 2 * sizeof(*valid));
}

TEST(codes)
{
    struct str entries[] = {STR("AA"), STR("UA"), STR("DL")};
    struct column_dictionary d = {.id = 1, .count = 3, .values = entries};
    uint16_t small[] = {2, 0, 1, 2};
    uint32_t wide[] = {2, 0, 1, 2};
    uint64_t valid = 0xB; /* row 2 is NULL */
    for (int i = 0; i < 2; i++) {
        struct column_span s = {.kind = SPAN_CODES,
                                .code_bytes = i ? 4 : 2,
                                .rows = 4,
                                .valid = &valid,
                                .codes = i ? (void *)wide : (void *)small,
                                .dictionary = &d};
        struct column_value x;
        column_span_value(&s, TEXT, 3, &x);
        CHECK_STR(x.str, "DL");
        CHECK(column_span_null(&s, 2));
        struct str flat[4];
        uint64_t words[COLUMN_SPAN_WORDS];
        struct column_span f = column_span_flatten(&s, PHYS_STR, flat, words);
        CHECK_INT(f.kind, SPAN_VALUES);
        CHECK_STR(flat[0], "DL");
        CHECK_STR(flat[1], "AA");
        CHECK_INT(flat[2].len, 0); /* C3 */
        CHECK(column_span_null(&f, 2));
        struct column_span cut = column_span_slice(&s, PHYS_STR, 1, 3, words);
        CHECK(column_span_null(&cut, 1));
        column_span_value(&cut, TEXT, 2, &x);
        CHECK_STR(x.str, "DL");
    }
}

TEST(codes_without_entries)
{
    struct column_dictionary d = {.id = 1};
    uint16_t code[] = {0, 0};
    uint64_t none = 0, words[COLUMN_SPAN_WORDS];
    struct column_span s = {.kind = SPAN_CODES, .code_bytes = 2, .rows = 2};
    s.valid = &none;
    s.codes = code;
    s.dictionary = &d;
    int32_t flat[2] = {9, 9};
    struct column_span f = column_span_flatten(&s, PHYS_I32, flat, words);
    CHECK(column_span_null(&f, 1));
    CHECK_INT(flat[1], 0);
}

TEST(runs)
{
    int128 big = wide_pow10(30), flat[100];
    uint64_t words[COLUMN_SPAN_WORDS];
    struct column_span s = {.kind = SPAN_RUN, .rows = 1000000, .values = &big};
    struct column_value x;
    column_span_value(&s, column_type_decimal(38, 0), 999999, &x);
    CHECK(x.i128 == big);
    s = column_span_slice(&s, PHYS_I128, 5000, 100, words);
    struct column_span f = column_span_flatten(&s, PHYS_I128, flat, words);
    CHECK_INT(f.rows, 100);
    CHECK(f.valid == NULL && flat[99] == big);
    struct column_span nothing = {.kind = SPAN_RUN, .rows = 100, .run_null = true};
    f = column_span_flatten(&nothing, PHYS_I128, flat, words);
    CHECK(column_span_null(&f, 0) && column_span_null(&f, 99));
    CHECK(flat[99] == 0);
}

/* Pieces of every kind of span, at odd places, one behind the other. */
TEST(vector_of_pieces)
{
    struct error err;
    struct column_vector from, to;
    CHECK_OK(column_vector_init(&from, BIGINT, NULL, &err));
    CHECK_OK(column_vector_init(&to, BIGINT, NULL, &err));
    for (int64_t i = 0; i < 300; i++) {
        if (i % 5 == 2)
            column_vector_append_null(&from);
        else
            column_vector_append(&from, &i);
    }
    int64_t seven = 7, entries[] = {10, 20, 30};
    uint16_t codes[300];
    for (int i = 0; i < 300; i++)
        codes[i] = (uint16_t)(i % 3);
    struct column_dictionary d = {.id = 1, .count = 3, .values = entries};
    const struct column_span spans[] = {
        column_vector_span(&from),
        {.kind = SPAN_RUN, .rows = 300, .values = &seven},
        {.kind = SPAN_RUN, .run_null = true, .rows = 300},
        {.kind = SPAN_CODES, .code_bytes = 2, .rows = 300, .codes = codes, .dictionary = &d},
    };
    for (int64_t rows = 1; rows < 190; rows += 13)
        for (int64_t at = 0; at < 110; at += 9) {
            column_vector_clear(&to);
            for (size_t k = 0; k < 8; k++)
                column_vector_append_rows(&to, &spans[k % 4], at, rows);
            struct column_span s = column_vector_span(&to);
            CHECK_INT(s.rows, 8 * rows);
            for (int64_t i = 0; i < s.rows; i++) {
                struct column_value want, got;
                column_span_value(&spans[i / rows % 4], BIGINT, at + i % rows, &want);
                column_span_value(&s, BIGINT, i, &got);
                CHECK_INT(got.null, want.null);
                CHECK_INT(got.i64, want.i64);
                if (got.null)
                    CHECK_INT(((const int64_t *)s.values)[i], 0); /* C3 */
            }
        }
    column_vector_clear(&to);
    column_vector_append_rows(&to, &spans[1], 0, 300);
    column_vector_append_rows(&to, &spans[0], 3, 4);
    CHECK(column_vector_span(&to).valid == NULL);
    column_vector_free(&from);
    column_vector_free(&to);
}
