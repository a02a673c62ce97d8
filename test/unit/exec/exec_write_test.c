// SPDX-License-Identifier: Apache-2.0
/* exec_write_test.c - data files cut by a split rule or by partitions: what they hold, what the tap
 * hears of them, and what they cost. */
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

#define MOST_FILES 2000

/* What the tap has heard of each file. */
struct heard {
    int64_t rows, first, last, sum; /* of n */
} heard[MOST_FILES];

static status hear(void *self, size_t file, const struct column_batch *batch, struct error *err)
{
    struct heard *h = &heard[file];
    ENSURE(file < MOST_FILES && batch->rows > 0, err);
    for (int64_t i = 0; i < batch->rows; i++, h->rows++) {
        struct column_value n;
        column_span_value(&batch->spans[1], fields[1].type, i, &n);
        h->first = h->rows == 0 ? n.i64 : h->first;
        if (h->rows > 0 && n.i64 <= h->last)
            FAIL(err, ST_INTERNAL, "row %lld after %lld", (long long)n.i64, (long long)h->last);
        h->last = n.i64;
        h->sum += n.i64;
    }
    return ST_OK;
}

static int64_t bound(struct str bytes)
{
    return (int64_t)load_u64le((const uint8_t *)bytes.ptr);
}

/* Each row of each file once, under the file's number. */
static void check_heard(const struct iceberg_data_file *files, size_t count, int64_t rows)
{
    int64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(heard[i].rows, files[i].records);
        CHECK_INT(heard[i].first, bound(files[i].metrics[1].lower));
        CHECK_INT(heard[i].last, bound(files[i].metrics[1].upper));
        all += heard[i].sum;
    }
    CHECK_INT(all, rows * (rows - 1) / 2);
}

/* Writes `months` months; returns the account's peak. */
static int64_t write_rows(int64_t months, const struct exec_split_rule *rule,
                          const struct iceberg_spec *by, struct arena *arena,
                          struct iceberg_data_file **files, size_t *count)
{
    static struct source source;
    struct iceberg_field columns[] = {{.id = 1, .name = {"d", 1}, .type = {.kind = COLUMN_DATE}},
                                      {.id = 2, .name = {"n", 1}, .type = {.kind = COLUMN_BIGINT}},
                                      {.id = 3, .name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};
    struct iceberg_schema table_schema = {.count = 3, .fields = columns};
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
                                   .spec = by,
                                   .name_prefix = "x",
                                   .split = rule,
                                   .tap = hear};
    source = (struct source){.months = months};
    memset(heard, 0, sizeof(heard));
    CHECK_OK(store_create_memory(&c.store, &err));
    CHECK_OK(exec_write(&rows, &spec, &c, arena, files, count, &row_count, &written, &err));
    CHECK_INT(row_count, months * ROWS_A_MONTH);
    CHECK_INT(written.count, *count);
    CHECK_INT(account.used_bytes, 0);
    check_heard(*files, *count, row_count);
    store_destroy(c.store);
    return (int64_t)account.peak_bytes;
}

static int64_t write_months(int64_t months, const struct exec_split_rule *rule, struct arena *arena,
                            struct iceberg_data_file **files, size_t *count)
{
    static const struct iceberg_spec unpartitioned;
    return write_rows(months, rule, &unpartitioned, arena, files, count);
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
        CHECK_INT(bound(files[i].metrics[1].lower), i * ROWS_A_MONTH);
        CHECK_INT(bound(files[i].metrics[1].upper), (i + 1) * ROWS_A_MONTH - 1);
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

/* More partitions than files may be open (W2), so that files of a partition are closed and others
 * opened; rows of all partitions in turns. */
TEST(the_tap_knows_the_files_of_partitions)
{
    struct exec_split_rule whole = {0, MIB, 8 * MIB}, small = {0, 1000, 5000};
    struct iceberg_partition_field field = {.source_id = 2,
                                            .field_id = 1000,
                                            .name = STR("n_bucket"),
                                            .transform = {.kind = ICEBERG_BUCKET}};
    struct iceberg_spec spec = {.count = 1, .fields = &field};
    const struct {
        int32_t buckets;
        const struct exec_split_rule *rule;
        size_t least, most;
    } cases[] = {{3, NULL, 3, 3},
                 {3, &whole, 3, 30},
                 {3, &small, 300, MOST_FILES},
                 {130, NULL, 131, MOST_FILES},
                 {130, &small, 131, MOST_FILES}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct iceberg_data_file *files;
        struct arena arena;
        size_t count;
        arena_init(&arena, NULL);
        field.transform.param = cases[i].buckets;
        write_rows(1, cases[i].rule, &spec, &arena, &files, &count);
        CHECK(count >= cases[i].least && count <= cases[i].most);
        arena_free(&arena);
    }
}
