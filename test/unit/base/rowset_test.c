// SPDX-License-Identifier: Apache-2.0
/* rowset_test.c - sets of rows against an array of flags. */
#include "base/rowset.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "harness/test.h"

#include <stdlib.h>

#define LIMIT 200000

struct model {
    struct rowset set;
    bool *has; /* LIMIT flags: what the set must hold */
    uint64_t seed;
};

static uint64_t draw(struct model *m, uint64_t below)
{
    m->seed = m->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (m->seed >> 33) % below;
}

static void check_same(struct model *m)
{
    int64_t count = 0;
    uint64_t words[33];
    for (int64_t i = 0; i < LIMIT; i++)
        count += m->has[i];
    CHECK_INT(m->set.count, count); /* R2 */
    for (int k = 0; k < 400; k++) {
        int64_t rows = 1 + (int64_t)draw(m, 2048), from = (int64_t)draw(m, LIMIT - 2048), n = 0;
        words[(rows + 63) / 64] = 0xABCD; /* stays */
        int64_t set = rowset_mask(&m->set, from, rows, words);
        CHECK_INT(words[(rows + 63) / 64], 0xABCD);
        for (int64_t i = 0; i < (rows + 63) / 64 * 64; i++) {
            bool want = i < rows && m->has[from + i];
            n += want;
            if ((words[i / 64] >> (i % 64) & 1) != want)
                test_fail(__FILE__, __LINE__, "row %lld", (long long)(from + i));
        }
        CHECK_INT(set, n);
        CHECK_INT(rowset_count_range(&m->set, from, rows), n);
    }
    int64_t at = -1;
    for (int64_t i = 0; i < LIMIT; i++) {
        if (!m->has[i])
            continue;
        at = rowset_next(&m->set, at + 1);
        if (at != i)
            test_fail(__FILE__, __LINE__, "next is %lld, not %lld", (long long)at, (long long)i);
    }
    CHECK_INT(rowset_next(&m->set, at + 1), -1);
    CHECK_INT(rowset_next(&m->set, LIMIT), -1);
    CHECK_INT(rowset_count_range(&m->set, 0, INT64_MAX), count);
    CHECK_INT(rowset_count_range(&m->set, INT64_MAX, 1), 0);
}

static void model_init(struct model *m, struct mem_account *account)
{
    struct error err;
    *m = (struct model){.has = calloc(LIMIT, sizeof(bool)), .seed = 7};
    CHECK_OK(rowset_init(&m->set, LIMIT, account, &err));
}

static void add(struct model *m, int64_t row)
{
    struct error err;
    CHECK_OK(rowset_add(&m->set, row, &err));
    if (row < LIMIT)
        m->has[row] = true;
}

TEST(sparse_ascending)
{
    struct model m;
    struct mem_account account;
    mem_account_init(&account, "test", NULL, 0);
    model_init(&m, &account);
    check_same(&m);
    for (int64_t row = 3; row < LIMIT; row += 97) {
        add(&m, row);
        add(&m, row); /* the same again */
    }
    check_same(&m);
    for (size_t i = 0; i < m.set.chunk_count; i++)
        CHECK(!m.set.chunks[i].bits);
    rowset_free(&m.set);
    CHECK_INT(account.used_bytes, 0);
    free(m.has);
}

TEST(out_of_order_and_dense)
{
    struct model m;
    struct mem_account account;
    mem_account_init(&account, "test", NULL, 0);
    model_init(&m, &account);
    for (int i = 0; i < 3000; i++)
        add(&m, (int64_t)draw(&m, LIMIT)); /* R1 */
    check_same(&m);
    for (int64_t row = 70000; row < 90000; row += 2) /* more than numbers hold */
        add(&m, row);
    check_same(&m);
    add(&m, LIMIT); /* no row of the file */
    add(&m, INT64_MAX);
    CHECK(account.used_bytes < LIMIT / 8 + 4 * 8192 + 1024);
    rowset_free(&m.set);
    CHECK_INT(account.used_bytes, 0);
    free(m.has);
}

TEST(ranges)
{
    struct model m;
    struct error err;
    model_init(&m, NULL);
    for (int i = 0; i < 40; i++) {
        int64_t from = (int64_t)draw(&m, LIMIT + 10), rows = (int64_t)draw(&m, i < 20 ? 70 : 9000);
        CHECK_OK(rowset_add_range(&m.set, from, rows, &err));
        for (int64_t k = from; k < from + rows && k < LIMIT; k++)
            m.has[k] = true;
    }
    check_same(&m);
    CHECK_OK(rowset_add_range(&m.set, 0, INT64_MAX, &err));
    CHECK_INT(m.set.count, LIMIT);
    CHECK_OK(rowset_add_range(&m.set, INT64_MAX, 1, &err)); /* the last row of a deletion vector */
    CHECK_INT(m.set.count, LIMIT);
    rowset_free(&m.set);
    free(m.has);
}

TEST(memory_is_refused_cleanly)
{
    struct error err;
    struct rowset s;
    struct mem_account account;
    mem_account_init(&account, "test", NULL, 4096);
    CHECK_OK(rowset_init(&s, 100000, &account, &err));
    CHECK_OK(rowset_add(&s, 5, &err));
    CHECK_STATUS(rowset_add(&s, 4, &err), ST_LIMIT); /* would need 8 KiB of bits */
    CHECK_INT(s.count, 1);
    rowset_free(&s);
    CHECK_INT(account.used_bytes, 0);
    CHECK_OK(rowset_init(&s, 0, &account, &err));
    CHECK_OK(rowset_add(&s, 0, &err));
    CHECK_INT(s.count, 0);
    rowset_free(&s);
}

/* ---- two sets --------------------------------------------------------------------------------- */

/* Numbers, bits, ranges and nothing, chunk by chunk. */
static void fill(struct model *m, int kind)
{
    struct error err;
    if (kind == 1)
        for (int64_t row = 5; row < LIMIT; row += 1000)
            add(m, row);
    if (kind == 2)
        for (int i = 0; i < 60000; i++)
            add(m, 65536 + (int64_t)draw(m, 100000));
    if (kind == 3) {
        CHECK_OK(rowset_add_range(&m->set, 60000, 20000, &err));
        for (int64_t i = 60000; i < 80000; i++)
            m->has[i] = true;
    }
    if (kind == 4)
        for (int i = 0; i < 500; i++)
            add(m, (int64_t)draw(m, 70000));
}

#define KINDS 5

TEST(difference_and_comparison)
{
    struct error err;
    for (int a = 0; a < KINDS; a++)
        for (int b = 0; b < KINDS; b++) {
            struct model x, y, z;
            bool includes = true, equal = true;
            model_init(&x, NULL);
            model_init(&y, NULL);
            model_init(&z, NULL);
            fill(&x, a);
            fill(&y, b);
            add(&z, 199999); /* stays */
            for (int64_t i = 0; i < LIMIT; i++) {
                z.has[i] |= x.has[i] && !y.has[i];
                includes &= x.has[i] || !y.has[i];
                equal &= x.has[i] == y.has[i];
            }
            CHECK_OK(rowset_add_minus(&z.set, &x.set, &y.set, &err));
            check_same(&z);
            CHECK_INT(rowset_includes(&x.set, &y.set), includes);
            CHECK_INT(rowset_eq(&x.set, &y.set), equal);
            struct model *all[] = {&x, &y, &z};
            for (int i = 0; i < 3; i++) {
                rowset_free(&all[i]->set);
                free(all[i]->has);
            }
        }
}

TEST(equal_whatever_the_form_and_limit)
{
    struct rowset a, b;
    struct error err;
    CHECK_OK(rowset_init(&a, 70000, NULL, &err));
    CHECK_OK(rowset_init(&b, 10, NULL, &err));
    CHECK_OK(rowset_add(&a, 3, &err));
    CHECK_OK(rowset_add(&a, 1, &err)); /* bits now */
    CHECK_OK(rowset_add_range(&b, 1, 1, &err));
    CHECK(!rowset_eq(&a, &b) && rowset_includes(&a, &b) && !rowset_includes(&b, &a));
    CHECK_OK(rowset_add(&b, 3, &err));
    CHECK(rowset_eq(&a, &b) && rowset_eq(&b, &a));
    CHECK_OK(rowset_add(&a, 69999, &err));
    CHECK(!rowset_eq(&a, &b) && rowset_includes(&a, &b) && !rowset_includes(&b, &a));
    rowset_free(&a);
    rowset_free(&b);
}

/* ---- bytes ------------------------------------------------------------------------------------ */

TEST(bytes_and_back)
{
    struct error err;
    for (int kind = 0; kind < KINDS; kind++) {
        struct model m;
        struct buffer out;
        struct rowset back;
        int64_t named;
        model_init(&m, NULL);
        fill(&m, kind);
        buffer_init(&out, NULL, 1 << 20);
        CHECK_OK(buffer_append_byte(&out, 7, &err)); /* it appends */
        CHECK_OK(rowset_put(&m.set, &out, &err));
        CHECK(out.len <= 1 + 8 + 4 + 8 + 4 * 8 + (size_t)m.set.count * 2);
        CHECK(out.len <= 1 + 8 + 4 + 8 + 4 * 8 + LIMIT / 8 + 8192);
        if (kind == 3)
            CHECK(out.len < 64); /* a range */
        CHECK_OK(buffer_append_byte(&out, 9, &err));
        struct bytes in = bytes_of(out.data + 1, out.len - 1);
        CHECK_OK(rowset_init(&back, LIMIT, NULL, &err));
        CHECK_OK(rowset_parse(&in, &back, &named, &err));
        CHECK_INT(bytes_left(&in), 1);
        CHECK_INT(named, m.set.count);
        CHECK(rowset_eq(&back, &m.set));
        rowset_free(&back);
        for (size_t cut = 0; cut + 1 < out.len - 1; cut += 1 + cut / 50) {
            in = bytes_of(out.data + 1, cut);
            CHECK_OK(rowset_init(&back, LIMIT, NULL, &err));
            CHECK_STATUS(rowset_parse(&in, &back, &named, &err), ST_CORRUPT);
            rowset_free(&back);
        }
        buffer_free(&out);
        rowset_free(&m.set);
        free(m.has);
    }
}

/* Written down by hand from the format: what other libraries read. */
TEST(bytes_are_the_formats)
{
    static const uint8_t none[8],
        numbers[] = {1,    0,    0, 0, 0,  0, 0, 0, 0, 0, 0, 0, /* key 0 */
                     0x3A, 0x30, 0, 0, 2,  0, 0, 0, 0, 0, 1, 0, /* two rows */
                     2,    0,    0, 0,                          /* one */
                     24,   0,    0, 0, 28, 0, 0, 0,             /* offsets */
                     3,    0,    9, 0, 1,  0};
    static const uint8_t runs[] = {1, 0,    0,    0, 0,  0, 0, 0, 0,  0, 0,
                                   0, 0x3B, 0x30, 0, 0,  1, 0, 0, 99, 0, /* flag, key, count - 1 */
                                   1, 0,    7,    0, 99, 0};
    const struct {
        const uint8_t *bytes;
        size_t size;
    } want[] = {{none, sizeof(none)}, {numbers, sizeof(numbers)}, {runs, sizeof(runs)}};
    struct error err;
    for (int i = 0; i < 3; i++) {
        struct rowset s;
        struct buffer out;
        CHECK_OK(rowset_init(&s, LIMIT, NULL, &err));
        if (i == 1) {
            CHECK_OK(rowset_add(&s, 131073, &err));
            CHECK_OK(rowset_add(&s, 9, &err));
            CHECK_OK(rowset_add(&s, 3, &err));
        } else if (i == 2) {
            CHECK_OK(rowset_add_range(&s, 7, 100, &err));
        }
        buffer_init(&out, NULL, 1000);
        CHECK_OK(rowset_put(&s, &out, &err));
        CHECK_INT(out.len, want[i].size);
        CHECK(memcmp(out.data, want[i].bytes, out.len) == 0);
        buffer_free(&out);
        rowset_free(&s);
    }
}

/* Rows past four billion stand in a bitmap of their own. */
TEST(bytes_of_large_row_numbers)
{
    static const int64_t rows[] = {0, 65535, 4294967295, 4294967296, 9000000000};
    struct rowset s, back;
    struct buffer out;
    struct error err;
    int64_t named, row = -1;
    CHECK_OK(rowset_init(&s, 9000000001, NULL, &err));
    CHECK_OK(rowset_init(&back, 9000000000, NULL, &err));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_OK(rowset_add(&s, rows[i], &err));
    buffer_init(&out, NULL, 1000);
    CHECK_OK(rowset_put(&s, &out, &err));
    struct bytes in = bytes_of(out.data, out.len);
    CHECK_OK(rowset_parse(&in, &back, &named, &err));
    CHECK_INT(named, 5);
    CHECK_INT(back.count, 4); /* the last is past the limit */
    for (size_t i = 0; i < 4; i++) {
        row = rowset_next(&back, row + 1);
        CHECK_INT(row, rows[i]);
    }
    buffer_free(&out);
    rowset_free(&s);
    rowset_free(&back);
}
