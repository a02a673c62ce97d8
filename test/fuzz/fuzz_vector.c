// SPDX-License-Identifier: Apache-2.0
/* fuzz_vector.c - deletion vectors: the input is what stands between length and CRC, which are made
 * right here, so that the bitmaps behind them are reached. Whatever is accepted names as many rows
 * as it says; the set holds those that the file has. */
#include "iceberg/iceberg_int.h"

#include <stdlib.h>
#include <zlib.h>

#define FILE_ROWS 200000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
    if (!cond)
        abort();
}

static void big(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* The count of rows is told by the refusal of a wrong one. */
static int64_t claimed(const struct error *err)
{
    const char *at = strstr(err->msg, "a deletion vector of ");
    return at && strstr(at, " rows, its manifest") ? atoll(at + strlen("a deletion vector of "))
                                                   : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct rowset rows;
    struct error err;
    uint64_t words[32];
    uint8_t *blob = malloc(size + 8);
    must(blob != NULL);
    big(blob, (uint32_t)size);
    if (size > 0)
        memcpy(blob + 4, data, size);
    big(blob + 4 + size, (uint32_t)crc32_z(0, blob + 4, size));
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    error_init(&err);
    must(rowset_init(&rows, FILE_ROWS, &account, NULL) == ST_OK);
    status st = iceberg_vector_decode(blob, size + 8, -1, &rows, &err);
    must(st != ST_OK && err.msg[0]);
    int64_t count = claimed(&err);
    if (count >= 0) {
        must(iceberg_vector_decode(blob, size + 8, count, &rows, NULL) == ST_OK);
        must(rows.count <= count);
        int64_t seen = 0;
        for (int64_t at = 0; at < FILE_ROWS; at += 2000)
            seen += rowset_mask(&rows, at, 2000, words);
        must(seen == rows.count);
    }
    rowset_free(&rows);
    must(account.used_bytes == 0);
    free(blob);
    return 0;
}
