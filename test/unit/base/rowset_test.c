// SPDX-License-Identifier: Apache-2.0
/* rowset_test.c - sets of rows against an array of flags. */
#include "base/rowset.h"
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
    }
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
