// SPDX-License-Identifier: Apache-2.0
/* exec_write_test.c - data files cut by a split rule: what they hold, and what they cost. */
#include "exec/exec_int.h"
#include "harness/test.h"

#include "base/bytes.h"
#include "column/column_text.h"
#include "iceberg/iceberg.h"

#include <string.h>

#define MIB          ((int64_t)1 << 20)
#define TEXT_BYTES   100
#define ROW_BYTES    (4 + 8 + 4 + TEXT_BYTES)
#define ROWS_A_MONTH (2 * MIB / ROW_BYTES + 1)

static struct column_field fields[] = {
    {.name = {"d", 1}, .type = {.kind = COLUMN_DATE}, .field_id = 1},
    {.name = {"n", 1}, .type = {.kind = COLUMN_BIGINT}, .field_id = 2},
    {.name = {"t", 1}, .type = {.kind = COLUMN_TEXT}, .field_id = 3}};
static const struct column_schema schema = {3, fields};

/* Months of a little more than 2 MiB each: one date, ascending numbers, text that hardly shrinks. */
struct source {
    int64_t months, at;
    int32_t day[COLUMN_SPAN_ROWS];
    int64_t n[COLUMN_SPAN_ROWS];
    struct str text[COLUMN_SPAN_ROWS];
    char letters[COLUMN_SPAN_ROWS][TEXT_BYTES];
    struct column_span spans[3];
};

static status source_next(void *self, struct column_batch *out, struct error *err)
{
    struct source *s = self;
    int64_t rows = 0;
    for (; rows < COLUMN_SPAN_ROWS && s->at < s->months * ROWS_A_MONTH; rows++, s->at++) {
        uint64_t noise = (uint64_t)s->at * 0x9E3779B97F4A7C15;
        s->day[rows] = column_days_from_civil(2000 + s->at / ROWS_A_MONTH / 12,
                                              (unsigned)(s->at / ROWS_A_MONTH % 12) + 1, 15);
        s->n[rows] = s->at;
        for (int i = 0; i < TEXT_BYTES; i++) {
            noise = noise * 6364136223846793005 + 1442695040888963407;
            s->letters[rows][i] = (char)(' ' + (noise >> 58));
        }
        s->text[rows] = (struct str){s->letters[rows], TEXT_BYTES};
    }
    const void *values[] = {s->day, s->n, s->text};
    for (int c = 0; c < 3; c++)
        s->spans[c] = (struct column_span){.kind = SPAN_VALUES, .rows = rows, .values = values[c]};
    *out = (struct column_batch){rows, 3, s->spans};
    return ST_OK;
}

static void source_close(void *self)
{
}

/* Writes `months` months; returns the account's peak. */
static int64_t write_months(int64_t months, const struct exec_split_rule *rule, struct arena *arena,
                            struct iceberg_data_file **files, size_t *count)
{
    static struct source source;
    struct iceberg_field columns[] = {{.id = 1, .name = {"d", 1}, .type = {.kind = COLUMN_DATE}},
                                      {.id = 2, .name = {"n", 1}, .type = {.kind = COLUMN_BIGINT}},
                                      {.id = 3, .name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};
    struct iceberg_schema table_schema = {.count = 3, .fields = columns};
    struct iceberg_spec unpartitioned = {0};
    struct iceberg_table table = {.location = STR("file:///lake/t")};
    struct column_stream rows = {&schema, &source, source_next, source_close};
    struct iceberg_paths written = {.arena = arena};
    struct mem_account account;
    struct error err;
    int64_t row_count;
    mem_account_init(&account, "test", NULL, 0);
    struct exec_context c = {.account = &account, .arena = arena};
    struct exec_write_spec spec = {.table = &table,
                                   .schema = &table_schema,
                                   .spec = &unpartitioned,
                                   .name_prefix = "x",
                                   .split = rule};
    source = (struct source){.months = months};
    CHECK_OK(store_create_memory(&c.store, &err));
    CHECK_OK(exec_write(&rows, &spec, &c, arena, files, count, &row_count, &written, &err));
    CHECK_INT(row_count, months * ROWS_A_MONTH);
    CHECK_INT(written.count, *count);
    CHECK_INT(account.used_bytes, 0);
    store_destroy(c.store);
    return (int64_t)account.peak_bytes;
}

/* Numbers ascend with the rows, so bounds tell where each file begins and ends. */
TEST(a_file_per_month_of_two_sides)
{
    struct exec_split_rule rule = {0, MIB, 8 * MIB};
    struct iceberg_data_file *files;
    struct arena arena;
    size_t count;
    arena_init(&arena, NULL);
    write_months(14, &rule, &arena, &files, &count);
    CHECK_INT(count, 14);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(files[i].records, ROWS_A_MONTH);
        CHECK_INT(load_u64le((const uint8_t *)files[i].metrics[1].lower.ptr), i * ROWS_A_MONTH);
        CHECK_INT(load_u64le((const uint8_t *)files[i].metrics[1].upper.ptr),
                  (i + 1) * ROWS_A_MONTH - 1);
    }
    arena_free(&arena);
}

TEST(without_months_files_end_when_full)
{
    struct exec_split_rule rule = {-1, MIB, 8 * MIB};
    struct iceberg_data_file *files;
    struct arena arena;
    size_t count;
    int64_t full = 8 * MIB / ROW_BYTES + 1, at = 0;
    arena_init(&arena, NULL);
    write_months(14, &rule, &arena, &files, &count);
    CHECK_INT(count, 14 * ROWS_A_MONTH / full + 1);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(files[i].records, i + 1 < count ? full : 14 * ROWS_A_MONTH - at);
        at += files[i].records;
    }
    CHECK_INT(at, 14 * ROWS_A_MONTH);
    arena_free(&arena);
}

/* What is held back and what is open, never what has gone out. */
TEST(memory_does_not_grow_with_the_rows)
{
    struct exec_split_rule rule = {0, MIB, 8 * MIB};
    struct iceberg_data_file *files;
    struct arena arena;
    size_t few, many;
    arena_init(&arena, NULL);
    int64_t small = write_months(4, &rule, &arena, &files, &few);
    int64_t large = write_months(40, &rule, &arena, &files, &many);
    CHECK_INT(few, 4);
    CHECK_INT(many, 40);
    CHECK(small < 32 * MIB);
    CHECK_INT(large, small);
    arena_free(&arena);
}
