// SPDX-License-Identifier: Apache-2.0
/* exec_keyset_test.c - keys of equality deletes: NULLs, floats, forms of spans, sequence numbers. */
#include "exec/exec_keyset.h"
#include "harness/test.h"

#include <math.h>

static struct column_span values(const void *v, int64_t rows, const uint64_t *valid)
{
    return (struct column_span){.kind = SPAN_VALUES, .rows = rows, .values = v, .valid = valid};
}

static uint64_t marked(struct exec_keyset *s, const struct column_span *spans,
                       const enum column_phys *phys, size_t columns, int64_t rows, int64_t above)
{
    struct error err;
    struct exec_keyset_column c[4];
    uint64_t marks = 0;
    for (size_t i = 0; i < columns; i++)
        c[i] = (struct exec_keyset_column){&spans[i], phys[i]};
    CHECK_OK(exec_keyset_mark(s, c, columns, rows, above, &marks, &err));
    return marks;
}

static void add(struct exec_keyset *s, const struct column_span *spans,
                const enum column_phys *phys, size_t columns, int64_t rows, int64_t sequence)
{
    struct error err;
    struct exec_keyset_column c[4];
    for (size_t i = 0; i < columns; i++)
        c[i] = (struct exec_keyset_column){&spans[i], phys[i]};
    CHECK_OK(exec_keyset_add(s, c, columns, rows, sequence, &err));
}

TEST(nulls_are_equal_and_columns_do_not_run_together)
{
    struct exec_keyset s;
    static const enum column_phys phys[] = {PHYS_I32, PHYS_STR};
    static const int32_t id[] = {1, 2, 0, 1};
    static const struct str name[] = {{"a", 1}, {"", 0}, {"bc", 2}, {"", 0}};
    const uint64_t id_valid = 0xB, name_valid = 0x7;
    struct column_span keys[] = {values(id, 4, &id_valid), values(name, 4, &name_valid)};
    exec_keyset_init(&s, NULL);
    CHECK_INT(marked(&s, keys, phys, 2, 4, 0), 0);
    add(&s, keys, phys, 2, 4, 3);
    CHECK_INT(s.in_use, 4);
    CHECK_INT(marked(&s, keys, phys, 2, 4, 2), 0xF);
    static const int32_t other[] = {1, 1, 2, 0};
    static const struct str others[] = {{"", 0}, {"b", 1}, {"a", 1}, {"", 0}};
    struct column_span rows[] = {values(other, 4, &id_valid), values(others, 4, NULL)};
    CHECK_INT(marked(&s, rows, phys, 2, 4, 2), 0); /* NULL is not the empty text */
    exec_keyset_free(&s);
}

TEST(the_highest_sequence_number_counts)
{
    struct exec_keyset s;
    static const enum column_phys phys[] = {PHYS_I64};
    int64_t id[] = {5, 6};
    struct column_span two = values(id, 2, NULL), one = values(id, 1, NULL);
    exec_keyset_init(&s, NULL);
    add(&s, &two, phys, 1, 2, 4);
    add(&s, &one, phys, 1, 1, 7); /* K1 */
    add(&s, &one, phys, 1, 1, 2);
    CHECK_INT(s.in_use, 2);
    CHECK_INT(marked(&s, &two, phys, 1, 2, 3), 3);
    CHECK_INT(marked(&s, &two, phys, 1, 2, 4), 1); /* only younger deletes */
    CHECK_INT(marked(&s, &two, phys, 1, 2, 7), 0);
    exec_keyset_free(&s);
}

TEST(floats_are_equal_as_java_compares_them)
{
    struct exec_keyset s;
    static const enum column_phys phys[] = {PHYS_F64};
    uint64_t bits = UINT64_C(0xFFF8000000000123);
    double other_nan, v[] = {NAN, 0.0, -0.0, 1.5};
    memcpy(&other_nan, &bits, sizeof(bits));
    double first[] = {NAN, 0.0}, asked[] = {other_nan, -0.0, 0.0, 1.5};
    struct column_span a = values(first, 2, NULL), b = values(v, 4, NULL),
                       c = values(asked, 4, NULL);
    exec_keyset_init(&s, NULL);
    add(&s, &a, phys, 1, 2, 1);
    CHECK_INT(marked(&s, &b, phys, 1, 4, 0), 0x3);
    CHECK_INT(marked(&s, &c, phys, 1, 4, 0), 0x5);
    exec_keyset_free(&s);
}

TEST(every_form_of_span_gives_the_same_keys)
{
    struct exec_keyset s;
    static const enum column_phys phys[] = {PHYS_STR};
    static const struct str words[] = {{"x", 1}, {"yy", 2}, {"zzz", 3}};
    static const uint16_t small[] = {2, 0, 1};
    static const uint32_t large[] = {2, 0, 1};
    struct column_dictionary d = {1, 3, words};
    const uint64_t valid = 0x5;
    struct column_span run = {.kind = SPAN_RUN, .rows = 3, .values = &words[2]};
    struct column_span null = {.kind = SPAN_RUN, .rows = 3, .run_null = true};
    struct column_span two = {
        .kind = SPAN_CODES, .code_bytes = 2, .rows = 3, .codes = small, .dictionary = &d};
    struct column_span four = {.kind = SPAN_CODES,
                               .code_bytes = 4,
                               .rows = 3,
                               .codes = large,
                               .dictionary = &d,
                               .valid = &valid};
    exec_keyset_init(&s, NULL);
    add(&s, &run, phys, 1, 3, 1);
    CHECK_INT(s.in_use, 1);
    CHECK_INT(marked(&s, &two, phys, 1, 3, 0), 0x1);
    CHECK_INT(marked(&s, &four, phys, 1, 3, 0), 0x1);
    CHECK_INT(marked(&s, &null, phys, 1, 3, 0), 0);
    add(&s, &four, phys, 1, 3, 1); /* zzz, NULL, yy */
    CHECK_INT(marked(&s, &null, phys, 1, 3, 0), 0x7);
    CHECK_INT(marked(&s, &two, phys, 1, 3, 0), 0x5);
    exec_keyset_free(&s);
}

TEST(many_keys_and_their_memory)
{
    struct exec_keyset s;
    struct mem_account account;
    static const enum column_phys phys[] = {PHYS_I32};
    int32_t id[64];
    mem_account_init(&account, "test", NULL, 0);
    exec_keyset_init(&s, &account);
    for (int round = 0; round < 500; round++) {
        for (int i = 0; i < 64; i++)
            id[i] = round * 64 + i;
        struct column_span keys = values(id, 64, NULL);
        add(&s, &keys, phys, 1, 64, 1);
    }
    CHECK_INT(s.in_use, 32000);
    CHECK(s.slot_count >= 2 * s.in_use); /* K2 */
    for (int i = 0; i < 64; i++)
        id[i] = i * 1000;
    struct column_span keys = values(id, 64, NULL);
    CHECK_INT(marked(&s, &keys, phys, 1, 64, 0), (1ULL << 32) - 1);
    exec_keyset_free(&s);
    CHECK_INT(account.used_bytes, 0);
}
