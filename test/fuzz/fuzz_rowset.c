// SPDX-License-Identifier: Apache-2.0
/* fuzz_rowset.c - sets of rows as bytes. What is read holds what it names, says the same in its
 * several ways, and comes back when it is written again; written twice it is the same bytes. */
#include "base/rowset.h"

#include "base/buffer.h"
#include "base/bytes.h"

#include <stdlib.h>

#define FILE_ROWS 300000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
    if (!cond)
        abort();
}

static void put(const struct rowset *s, struct buffer *out)
{
    buffer_init(out, s->account, (size_t)1 << 20);
    must(rowset_put(s, out, NULL) == ST_OK);
}

static void check(const struct rowset *s, int64_t named, struct mem_account *account)
{
    struct rowset again, rest;
    struct buffer first, second;
    int64_t seen = 0;
    for (int64_t row = rowset_next(s, 0); row >= 0; row = rowset_next(s, row + 1))
        seen++;
    must(seen == s->count && seen <= named && rowset_count_range(s, 0, INT64_MAX) == seen);
    must(rowset_init(&again, FILE_ROWS, account, NULL) == ST_OK);
    must(rowset_init(&rest, FILE_ROWS, account, NULL) == ST_OK);
    put(s, &first);
    struct bytes in = bytes_of(first.data, first.len);
    must(rowset_parse(&in, &again, &named, NULL) == ST_OK && bytes_left(&in) == 0);
    must(named == s->count && rowset_eq(&again, s));
    put(&again, &second);
    must(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    must(rowset_add_minus(&rest, s, &again, NULL) == ST_OK && rest.count == 0);
    buffer_free(&first);
    buffer_free(&second);
    rowset_free(&again);
    rowset_free(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct rowset s;
    struct error err;
    int64_t named;
    struct bytes in = bytes_of(data, size);
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    error_init(&err);
    must(rowset_init(&s, FILE_ROWS, &account, NULL) == ST_OK);
    status st = rowset_parse(&in, &s, &named, &err);
    must(st == ST_OK || err.msg[0]);
    if (st == ST_OK)
        check(&s, named, &account);
    rowset_free(&s);
    must(account.used_bytes == 0);
    return 0;
}
