// SPDX-License-Identifier: Apache-2.0
/* iceberg_vector_test.c - deletion vectors made by hand after the Puffin and Roaring formats, whole
 * and damaged. */
#include "harness/test.h"
#include "iceberg/iceberg_int.h"

#include <zlib.h>

static struct error err;

struct blob {
    uint8_t data[70000];
    size_t len;
};

static void put(struct blob *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        b->data[b->len++] = (uint8_t)(v >> (8 * i));
}

static void big(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void start(struct blob *b, uint64_t bitmaps)
{
    b->len = 4;
    put(b, 0x6439D3D1, 4);
    put(b, bitmaps, 8);
}

/* Length and CRC. */
static void finish(struct blob *b)
{
    big(b->data, (uint32_t)b->len - 4);
    big(b->data + b->len, (uint32_t)crc32_z(0, b->data + 4, b->len - 4));
    b->len += 4;
}

/* Rows 3, 5 and 65,536 + {0 .. 9,999 by two}; then, with runs, 2^32 + {7 .. 106}. */
static void make(struct blob *b, bool second)
{
    start(b, 1 + second);
    put(b, 0, 4);
    put(b, 12346, 4);
    put(b, 2, 4);
    put(b, 0, 2), put(b, 1, 2);
    put(b, 1, 2), put(b, 4999, 2);
    put(b, 0, 8); /* offsets: not needed, not read */
    put(b, 3, 2), put(b, 5, 2);
    for (int w = 0; w < 1024; w++) {
        uint64_t bits = UINT64_C(0x5555555555555555);
        int left = 10000 - w * 64;
        put(b, left >= 64 ? bits : left > 0 ? bits & ((UINT64_C(1) << left) - 1) : 0, 8);
    }
    if (second) {
        put(b, 1, 4);
        put(b, 12347, 4); /* one container */
        put(b, 1, 1);
        put(b, 0, 2), put(b, 99, 2);
        put(b, 2, 2);
        put(b, 7, 2), put(b, 49, 2), put(b, 57, 2), put(b, 49, 2);
    }
    finish(b);
}

static status decode(const struct blob *b, int64_t limit, int64_t records, struct rowset *rows)
{
    CHECK_OK(rowset_init(rows, limit, NULL, &err));
    return iceberg_vector_decode(b->data, b->len, records, rows, &err);
}

TEST(arrays_bits_and_runs)
{
    static struct blob b;
    struct rowset rows;
    uint64_t words[2];
    make(&b, true);
    CHECK_OK(decode(&b, (INT64_C(1) << 32) + 1000, 5102, &rows));
    CHECK_INT(rows.count, 5102);
    CHECK_INT(rowset_mask(&rows, 0, 64, words), 2);
    CHECK_INT(words[0], 1 << 3 | 1 << 5);
    CHECK_INT(rowset_mask(&rows, 65536, 128, words), 64);
    CHECK_INT(rowset_mask(&rows, 65536 + 9990, 100, words), 5);
    CHECK_INT(rowset_mask(&rows, (INT64_C(1) << 32) + 7, 128, words), 100);
    rowset_free(&rows);
    CHECK_OK(decode(&b, 1000, 5102, &rows)); /* a file of 1,000 rows: the others do not exist */
    CHECK_INT(rows.count, 2);
    rowset_free(&rows);
}

TEST(an_empty_vector)
{
    static struct blob b;
    struct rowset rows;
    start(&b, 0);
    finish(&b);
    CHECK_OK(decode(&b, 10, 0, &rows));
    CHECK_INT(rows.count, 0);
    rowset_free(&rows);
}

/* Every change of a byte is found: by the CRC, or, with the CRC made right again, by the checks or
 * as another set of as many rows. */
TEST(damage_is_found)
{
    static struct blob b, bad;
    struct rowset rows;
    make(&b, true);
    for (size_t i = 0; i < b.len; i++) {
        bad = b;
        bad.data[i] ^= 0x41;
        if (decode(&bad, 100000, 5102, &rows) == ST_OK)
            test_fail(__FILE__, __LINE__, "byte %zu", i);
        rowset_free(&rows);
        bad.len -= 4;
        finish(&bad);
        status st = decode(&bad, 100000, 5102, &rows);
        CHECK(st == ST_OK || st == ST_CORRUPT);
        rowset_free(&rows);
    }
    for (size_t n = 0; n < b.len; n += n < 64 ? 1 : 101) {
        bad = b;
        bad.len = n;
        CHECK_STATUS(decode(&bad, 100000, 5102, &rows), ST_CORRUPT);
        rowset_free(&rows);
    }
    CHECK_STATUS(decode(&b, 100000, 5101, &rows), ST_CORRUPT); /* the manifest says otherwise */
    CHECK(strstr(err.msg, "5102") && strstr(err.msg, "5101"));
    rowset_free(&rows);
}

TEST(order_is_demanded)
{
    static struct blob b;
    struct rowset rows;
    start(&b, 1);
    put(&b, 0, 4), put(&b, 12346, 4), put(&b, 1, 4), put(&b, 0, 2), put(&b, 1, 2), put(&b, 0, 4);
    put(&b, 5, 2), put(&b, 5, 2);
    finish(&b);
    CHECK_STATUS(decode(&b, 100, 2, &rows), ST_CORRUPT);
    rowset_free(&rows);
    start(&b, 1);
    put(&b, 0, 4), put(&b, 12347, 4), put(&b, 1, 1), put(&b, 0, 2), put(&b, 3, 2);
    put(&b, 2, 2), put(&b, 5, 2), put(&b, 1, 2), put(&b, 6, 2), put(&b, 1, 2);
    finish(&b);
    CHECK_STATUS(decode(&b, 100, 4, &rows), ST_CORRUPT);
    rowset_free(&rows);
    start(&b, 1); /* more containers than keys */
    put(&b, 0, 4), put(&b, 12346, 4), put(&b, 65537, 4);
    finish(&b);
    CHECK_STATUS(decode(&b, 100, 0, &rows), ST_CORRUPT);
    rowset_free(&rows);
}
