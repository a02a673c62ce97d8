// SPDX-License-Identifier: Apache-2.0
/* summary_cover_test.c - epochs and covered sets, the companion's rows, differences of file sets. */
#include "summary/summary_change.h"

#include "harness/test.h"

#include <stdlib.h>

#define MOST 40

static uint64_t seed;

static int dice(int sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((seed >> 33) % (unsigned)sides);
}

static struct str name_of(struct arena *a, const char *what, int64_t n)
{
    struct str out = {0};
    struct error err;
    CHECK_OK(arena_printf(a, &out, &err, "file:///w/%s-%08lld.parquet", what, (long long)n));
    return out;
}

/* ---- random covers ---------------------------------------------------------------------------- */

static struct summary_file covered(struct arena *a, int64_t n)
{
    return (struct summary_file){.path = name_of(a, "raw", n),
                                 .bytes = 100 + n,
                                 .records = n,
                                 .sequence = n % 5,
                                 .spec_id = (int32_t)(n % 3),
                                 .partition = n % 2 ? STR("\x01p") : (struct str){0},
                                 .unit = n};
}

static struct summary_unit unit(int64_t n)
{
    return (struct summary_unit){
        .id = n, .rows = n, .low = STR("a\0b"), .high = STR("z"), .totals = STR("t")};
}

static struct summary_part part(struct arena *a, int64_t n)
{
    struct summary_part p = {.path = name_of(a, "part", n),
                             .digest = {.rows = (uint128)n << 100, .states = (uint128)n, n},
                             .totals = STR("t")};
    struct error err;
    CHECK_OK(arena_printf(a, &p.first, &err, "%08lld", (long long)n * 2));
    CHECK_OK(arena_printf(a, &p.last, &err, "%08lld", (long long)n * 2 + 1));
    return p;
}

/* Takes some files and parts out, changes some, puts new ones in. */
static void mutate(struct arena *a, struct summary_cover *c, int64_t *next)
{
    struct summary_cover out = {0};
    struct error err;
    CHECK_OK(ARENA_ARRAY(a, struct summary_file, c->covered_count + MOST, &out.covered, &err));
    CHECK_OK(ARENA_ARRAY(a, struct summary_unit, c->unit_count + MOST, &out.units, &err));
    CHECK_OK(ARENA_ARRAY(a, struct summary_part, c->part_count + MOST, &out.parts, &err));
    for (size_t i = 0; i < c->covered_count; i++) {
        if (dice(5) == 0)
            continue;
        out.covered[out.covered_count] = c->covered[i];
        out.units[out.unit_count] = c->units[i];
        if (dice(4) == 0) {
            out.covered[out.covered_count].taken = STR("\x05\0rows");
            out.units[out.unit_count].rows /= 2;
        }
        out.covered_count++;
        out.unit_count++;
    }
    for (size_t i = 0; i < c->part_count; i++)
        if (dice(3) > 0)
            out.parts[out.part_count++] = c->parts[i];
    for (int n = dice(8); n > 0; n--, ++*next) {
        out.covered[out.covered_count++] = covered(a, *next);
        out.units[out.unit_count++] = unit(*next);
        if (dice(2))
            out.parts[out.part_count++] = part(a, *next);
    }
    summary_cover_sort(&out);
    *c = out;
}

static void same_covers(const struct summary_cover *a, const struct summary_cover *b)
{
    CHECK_INT(a->covered_count, b->covered_count);
    CHECK_INT(a->unit_count, b->unit_count);
    CHECK_INT(a->part_count, b->part_count);
    for (size_t i = 0; i < a->covered_count; i++) {
        CHECK(str_eq(a->covered[i].path, b->covered[i].path));
        CHECK(str_eq(a->covered[i].taken, b->covered[i].taken));
        CHECK(str_eq(a->covered[i].partition, b->covered[i].partition));
        CHECK_INT(a->covered[i].unit, b->covered[i].unit);
        CHECK_INT(a->covered[i].bytes, b->covered[i].bytes);
        CHECK_INT(a->covered[i].sequence, b->covered[i].sequence);
    }
    for (size_t i = 0; i < a->unit_count; i++) {
        CHECK_INT(a->units[i].id, b->units[i].id);
        CHECK_INT(a->units[i].rows, b->units[i].rows);
        CHECK(str_eq(a->units[i].low, b->units[i].low));
    }
    for (size_t i = 0; i < a->part_count; i++) {
        CHECK(str_eq(a->parts[i].path, b->parts[i].path));
        CHECK(str_eq(a->parts[i].last, b->parts[i].last));
        CHECK(str_eq(a->parts[i].totals, b->parts[i].totals));
        CHECK(a->parts[i].digest.rows == b->parts[i].digest.rows);
        CHECK(a->parts[i].digest.states == b->parts[i].digest.states);
        CHECK_INT(a->parts[i].digest.row_count, b->parts[i].digest.row_count);
    }
}

/* Records through the companion's columns and back. */
static void through_rows(struct arena *a, struct summary_record **records, size_t *count)
{
    struct column_schema schema;
    struct column_stream rows;
    struct error err;
    CHECK_OK(summary_record_schema(a, &schema, &err));
    CHECK_OK(summary_record_stream(&schema, *records, *count, a, NULL, &rows, &err));
    size_t before = *count;
    CHECK_OK(summary_record_read(&rows, a, records, count, &err));
    rows.close(rows.self);
    CHECK_INT(*count, before);
}

/* Epoch after epoch, shuffled among rows that no summary names. */
TEST(epochs_make_the_cover)
{
    for (seed = 1; seed < 60; seed++) {
        uint64_t start = seed;
        struct summary_cover now = {0}, folded;
        struct summary_record *all = NULL, *next;
        size_t count = 0, capacity = 0, n, epoch_count = 0;
        int64_t epochs[SUMMARY_EPOCHS], file = 1;
        struct arena a;
        struct error err;
        arena_init(&a, NULL);
        for (int64_t epoch = 1; epoch <= SUMMARY_EPOCHS; epoch++) {
            struct summary_cover before = now;
            mutate(&a, &now, &file);
            CHECK_OK(summary_cover_records(&before, &now, epoch * 2, &a, &next, &n, &err));
            if (n == 0)
                continue;
            through_rows(&a, &next, &n);
            epochs[epoch_count++] = epoch * 2;
            CHECK_OK(arena_grow(&a, (void **)&all, sizeof(*all), &capacity, count + 2 * n, &err));
            for (size_t i = 0; i < n; i++) {
                all[count++] = next[i];
                all[count] = next[i]; /* an attempt that was never published */
                all[count++].epoch++;
            }
            CHECK_OK(summary_cover_fold(all, count, epochs, epoch_count, &a, &folded, &err));
            same_covers(&folded, &now);
        }
        seed = start;
        arena_free(&a);
    }
}

TEST(nothing_new_is_no_record)
{
    struct summary_cover c = {0};
    struct summary_record *records;
    struct arena a;
    struct error err;
    int64_t file = 1;
    size_t n;
    arena_init(&a, NULL);
    seed = 7;
    while (c.covered_count == 0)
        mutate(&a, &c, &file);
    CHECK_OK(summary_cover_records(&c, &c, 5, &a, &records, &n, &err));
    CHECK_INT(n, 0);
    arena_free(&a);
}

static status fold_of(struct arena *a, const struct summary_record *r, size_t n, int64_t epoch,
                      struct error *err)
{
    struct summary_cover out;
    return summary_cover_fold(r, n, &epoch, 1, a, &out, err);
}

TEST(damaged_companions)
{
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    struct summary_record file = {1, SUMMARY_RECORD_FILE, false, {covered(&a, 3)}};
    struct summary_record of = {.epoch = 1, .kind = SUMMARY_RECORD_UNIT, .unit = unit(3)};
    struct summary_record both[] = {file, of, of};
    CHECK_OK(fold_of(&a, both, 2, 1, &err));
    CHECK_STATUS(fold_of(&a, both, 3, 1, &err), ST_CORRUPT); /* the unit twice */
    CHECK_STATUS(fold_of(&a, both, 1, 1, &err), ST_CORRUPT); /* a file without its unit */
    CHECK_STATUS(fold_of(&a, both + 1, 1, 1, &err), ST_CORRUPT);
    CHECK_STATUS(fold_of(&a, both, 2, 2, &err), ST_CORRUPT); /* the epoch is not there */
    both[2].gone = true;
    both[2].unit.id = 4;
    CHECK_STATUS(fold_of(&a, both, 3, 1, &err), ST_CORRUPT);
    arena_free(&a);
}

TEST(names_of_epochs)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "0",
                                      "1 ",
                                      " 1",
                                      "1  2",
                                      "2 1",
                                      "1 1",
                                      "-1",
                                      "x",
                                      "1,2",
                                      "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
                                      "1234567890123456789"};
    int64_t epochs[SUMMARY_EPOCHS];
    struct arena a;
    struct error err;
    struct str text;
    size_t n;
    arena_init(&a, NULL);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_STATUS(summary_epochs_parse(str_of(bad[i]), epochs, &n, &err), ST_CORRUPT);
    CHECK_OK(summary_epochs_parse(STR("3 5 123456789012345678"), epochs, &n, &err));
    CHECK_INT(n, 3);
    CHECK_INT(epochs[2], 123456789012345678);
    CHECK_OK(summary_epochs_format(epochs, n, &a, &text, &err));
    CHECK_STR(text, "3 5 123456789012345678");
    CHECK_OK(summary_epochs_format(epochs, 0, &a, &text, &err));
    CHECK_OK(summary_epochs_parse(text, epochs, &n, &err));
    CHECK_INT(n, 0);
    arena_free(&a);
}

/* ---- differences ------------------------------------------------------------------------------ */

/* File n as the target has it, with `deletes` delete files. */
static struct iceberg_entry entry(struct arena *a, int64_t n, size_t deletes)
{
    static const struct iceberg_delete one = {.entry = {.file = {.path = {"d1", 2}}}},
                                       two = {.entry = {.file = {.path = {"d2", 2}}}};
    static const struct iceberg_delete *applied[] = {&one, &two};
    struct summary_file c = covered(a, n);
    return (struct iceberg_entry){
        .file = {.path = c.path, .bytes = c.bytes, .records = c.records},
        .delete_count = deletes,
        .deletes = applied,
    };
}

TEST(files_that_came_and_went)
{
    struct iceberg_entry now[] = {{0}, {0}, {0}, {0}, {0}};
    struct iceberg_scan target = {.count = 5, .entries = now};
    struct summary_file then[4];
    struct summary_cover cover = {.covered_count = 4, .covered = then};
    struct summary_change c;
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    now[0] = entry(&a, 9, 0); /* new */
    now[1] = entry(&a, 2, 1); /* another delete file applies */
    now[2] = entry(&a, 1, 0); /* as it was */
    now[3] = entry(&a, 1, 0); /* twice: the second time is new */
    now[4] = entry(&a, 4, 2); /* with the same deletes */
    for (int i = 0; i < 4; i++)
        then[i] = covered(&a, i + 1); /* 3 is not there any more */
    CHECK_OK(summary_deletes_id(&now[4], &a, &then[3].deletes, &err));
    CHECK_OK(summary_change_find(&cover, &target, &a, &c, &err));
    CHECK_INT(c.added_count, 2);
    CHECK_INT(c.added[0], 3);
    CHECK_INT(c.added[1], 0);
    CHECK_INT(c.removed_count, 1);
    CHECK_INT(c.removed[0], 2);
    CHECK_INT(c.kept_count, 3);
    CHECK_INT(c.changed_count, 1);
    CHECK(c.kept[1].changed && c.kept[1].covered == 1 && c.kept[1].entry == 1);
    CHECK(!summary_change_is_none(&c));
    now[2].file.records++;
    CHECK_STATUS(summary_change_find(&cover, &target, &a, &c, &err), ST_REFUSED);
    arena_free(&a);
}

/* ---- partitions ------------------------------------------------------------------------------- */

TEST(partitions_there_and_back)
{
    static struct iceberg_field fields[] = {
        {.id = 1, .name = {"t", 1}, .type = {.kind = COLUMN_TEXT}},
        {.id = 2, .name = {"n", 1}, .type = {.kind = COLUMN_INT}}};
    static struct iceberg_schema schema = {.count = 2, .fields = fields};
    static struct iceberg_partition_field keys[] = {
        {.source_id = 1, .field_id = 1000, .transform = {.kind = ICEBERG_IDENTITY}},
        {.source_id = 2, .field_id = 1001, .transform = {.kind = ICEBERG_IDENTITY}}};
    static struct iceberg_spec spec = {.id = 4, .count = 2, .fields = keys};
    const struct iceberg_table raw = {
        .schema_count = 1, .schemas = &schema, .spec_count = 1, .specs = &spec};
    struct column_value values[] = {
        {.type = {.kind = COLUMN_TEXT}, .str = STR("longer than sixteen characters")},
        {.type = {.kind = COLUMN_INT}, .null = true}};
    struct iceberg_data_file f = {.partition_count = 2, .partition = values}, back = {0};
    struct arena a;
    struct error err;
    struct str bytes;
    arena_init(&a, NULL);
    CHECK_OK(summary_partition_put(&f, &a, &bytes, &err));
    CHECK_OK(summary_partition_parse(bytes, &raw, 4, &a, &back, &err));
    CHECK_INT(back.partition_count, 2);
    CHECK_STR(back.partition[0].str, "longer than sixteen characters");
    CHECK(back.partition[1].null);
    for (size_t i = 0; i < bytes.len; i++)
        CHECK_STATUS(summary_partition_parse((struct str){bytes.ptr, i}, &raw, 4, &a, &back, &err),
                     ST_CORRUPT);
    CHECK_STATUS(summary_partition_parse(bytes, &raw, 5, &a, &back, &err), ST_CORRUPT);
    arena_free(&a);
}
