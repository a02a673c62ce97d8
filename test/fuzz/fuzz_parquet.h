// SPDX-License-Identifier: Apache-2.0
/* fuzz_parquet.h - reads a Parquet file of any bytes: opened, every column read, once in spans as
 * long as they come and once in mixed steps of next and skip; both must give the same as far as
 * both go, within a budget. */
#ifndef FUZZ_PARQUET_H
#define FUZZ_PARQUET_H

#include "parquet/parquet.h"

#include <stdlib.h>
#include <xxhash.h>

#define BUDGET_BYTES ((size_t)64 << 20)
#define MOST_ROWS    50000 /* of a chunk: a page of a few bytes can claim thousands of millions */

static void must(bool cond)
{
    if (!cond)
        abort();
}

/* A number for row i that depends on every byte of its value. */
static uint64_t hash_row(const struct column_span *s, struct column_type type, int64_t i)
{
    struct column_value v;
    column_span_value(s, type, i, &v);
    if (v.null)
        return 1;
    switch (column_type_phys(type)) {
    case PHYS_BOOL:
        must(v.b <= 1);
        return v.b;
    case PHYS_I32:
        return (uint64_t)v.i32;
    case PHYS_I64:
        return (uint64_t)v.i64;
    case PHYS_F32:
        return XXH3_64bits(&v.f32, sizeof(v.f32));
    case PHYS_F64:
        return XXH3_64bits(&v.f64, sizeof(v.f64));
    case PHYS_I128:
        return XXH3_64bits(&v.i128, sizeof(v.i128));
    default:
        return XXH3_64bits(v.str.ptr, v.str.len);
    }
}

static void check_span(const struct column_span *s, int64_t asked)
{
    must(s->rows > 0 && s->rows <= asked && (s->kind == SPAN_RUN || s->rows <= COLUMN_SPAN_ROWS));
    if (s->kind != SPAN_CODES)
        return;
    for (int64_t i = 0; i < s->rows; i++) {
        uint32_t code =
            s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
        must(code < s->dictionary->count || (code == 0 && s->valid));
    }
}

/* Hashes of the rows, as many as can be read; `steps` 0 reads in whole spans. */
static int64_t read_chunk(struct parquet_file *f, size_t group, size_t column, uint64_t steps,
                          uint64_t *hashes, bool *known)
{
    struct column_type type = parquet_column_at(f, column)->type;
    int64_t rows = parquet_group_rows(f, group), at = 0;
    struct parquet_column *c;
    if (parquet_column_open(f, group, column, type, &c, NULL) != ST_OK)
        return 0;
    rows = rows < MOST_ROWS ? rows : MOST_ROWS;
    while (at < rows) {
        int64_t n = rows - at;
        struct column_span s;
        if (steps) {
            steps = steps * UINT64_C(6364136223846793005) + 1442695040888963407;
            n = 1 + (int64_t)((steps >> 40) % 5000);
            n = n < rows - at ? n : rows - at;
            if (steps >> 62 == 0) {
                if (parquet_column_skip(c, n, NULL) != ST_OK)
                    break;
                at += n;
                continue;
            }
        }
        if (parquet_column_next(c, n, &s, NULL) != ST_OK)
            break;
        check_span(&s, n);
        for (int64_t i = 0; i < s.rows; i++, at++) {
            hashes[at] = hash_row(&s, type, i);
            known[at] = true;
        }
    }
    parquet_column_close(c);
    return at;
}

static void read_twice(struct parquet_file *f, size_t group, size_t column)
{
    static uint64_t whole[MOST_ROWS], part[MOST_ROWS];
    static bool in_whole[MOST_ROWS], in_part[MOST_ROWS];
    memset(in_whole, 0, sizeof(in_whole));
    memset(in_part, 0, sizeof(in_part));
    read_chunk(f, group, column, 0, whole, in_whole);
    read_chunk(f, group, column, 1 + column, part, in_part);
    if (parquet_chunk_at(f, group, column)->has_offset_index)
        return; /* an index that lies consistently is not seen through */
    for (size_t i = 0; i < MOST_ROWS; i++)
        must(!in_whole[i] || !in_part[i] || whole[i] == part[i]);
}

static void ask_bloom(struct parquet_file *f, size_t group, size_t column)
{
    const struct column_value few[] = {
        {.type = parquet_column_at(f, column)->type, .str = STR("value 2")},
        {.type = column_type_of(COLUMN_BIGINT), .i64 = -7}};
    bool may;
    int64_t bytes = 0;
    if (parquet_bloom_probe(f, group, column, few, ARRAY_LEN(few), &may, &bytes, NULL) == ST_OK)
        must(may || bytes > 0);
}

static void read_file(struct store_file *file, struct mem_account *account)
{
    struct parquet_file *f;
    if (parquet_open(file, account, &f, NULL) != ST_OK)
        return;
    for (size_t g = 0; g < parquet_row_groups(f) && g < 3; g++)
        for (size_t c = 0; c < parquet_columns(f) && c < 30; c++) {
            struct arena arena;
            struct parquet_page_info *pages;
            size_t count;
            arena_init(&arena, account);
            if (parquet_pages(f, g, c, &arena, &pages, &count, NULL) == ST_OK && count > 0)
                must(pages[0].first_row == 0 && pages[count - 1].rows >= 0);
            arena_free(&arena);
            ask_bloom(f, g, c);
            if (parquet_column_at(f, c)->supported)
                read_twice(f, g, c);
        }
    parquet_close(f);
}

static void read_bytes(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct store *store;
    struct store_file *file;
    mem_account_init(&account, "fuzz", NULL, BUDGET_BYTES);
    must(store_create_memory(&store, NULL) == ST_OK);
    must(store_write_all(store, STR("/f"), data, size, NULL) == ST_OK);
    must(store_open(store, STR("/f"), -1, &file, NULL) == ST_OK);
    read_file(file, &account);
    must(account.used_bytes == 0);
    store_close(file);
    store_destroy(store);
}

#endif
