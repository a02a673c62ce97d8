// SPDX-License-Identifier: Apache-2.0
/* iceberg_deletes_test.c - which delete files apply: sequence numbers, specs and partitions, paths.
 *
 * Spec 0 is unpartitioned, spec 1 by id, spec 2 by a void transform (unpartitioned too). */
#include "harness/test.h"
#include "iceberg/iceberg_deletes_int.h"

static struct arena arena;
static struct error err;
static struct iceberg_table table;
static struct iceberg_deletes index_of_deletes;

static void setup(void)
{
    static struct iceberg_partition_field by_id[] = {
        {1, 1000, {"id", 2}, {.kind = ICEBERG_IDENTITY}}};
    static struct iceberg_partition_field by_void[] = {
        {1, 1000, {"id", 2}, {.kind = ICEBERG_VOID}}};
    static struct iceberg_spec specs[] = {{0, 0, NULL}, {1, 1, by_id}, {2, 1, by_void}};
    arena_init(&arena, NULL);
    error_init(&err);
    table = (struct iceberg_table){.spec_count = 3, .specs = specs};
    index_of_deletes = (struct iceberg_deletes){0};
}

/* A file of spec 1 has partition id = `part`; of the others none, or NULL. */
static struct iceberg_entry entry(const char *path, enum iceberg_content content, int64_t sequence,
                                  int32_t spec, int64_t part)
{
    struct iceberg_entry e = {.sequence_number = sequence,
                              .file = {.content = content,
                                       .path = str_of(path),
                                       .format = STR("PARQUET"),
                                       .spec_id = spec,
                                       .records = 10}};
    if (spec > 0) {
        e.file.partition_count = 1;
        CHECK_OK(ARENA_NEW(&arena, struct column_value, &e.file.partition, &err));
        *e.file.partition = (struct column_value){
            .type = column_type_of(COLUMN_BIGINT), .null = spec == 2 || part < 0, .i64 = part};
    }
    return e;
}

static struct iceberg_entry equality(const char *path, int64_t sequence, int32_t spec, int64_t part,
                                     int32_t id)
{
    struct iceberg_entry e = entry(path, ICEBERG_EQUALITY_DELETES, sequence, spec, part);
    e.file.equality_id_count = 1;
    CHECK_OK(ARENA_NEW(&arena, int32_t, &e.file.equality_ids, &err));
    *e.file.equality_ids = id;
    return e;
}

/* Bounds of file_path. */
static void bound(struct iceberg_entry *e, const char *lower, const char *upper)
{
    e->file.metric_count = 1;
    CHECK_OK(ARENA_NEW(&arena, struct iceberg_metric, &e->file.metrics, &err));
    *e->file.metrics = (struct iceberg_metric){
        .field_id = 2147483546, .lower = str_of(lower), .upper = str_of(upper)};
}

static void add(const struct iceberg_entry *e)
{
    CHECK_OK(iceberg_deletes_add(&index_of_deletes, &table, e, &arena, &err));
}

/* The paths of the delete files that apply, in order, each with a blank behind it. */
static const char *applied(struct iceberg_entry data)
{
    static char text[512];
    size_t n = 0;
    CHECK_OK(iceberg_deletes_match(&index_of_deletes, &data, &arena, &err));
    text[0] = 0;
    for (size_t i = 0; i < data.delete_count; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s ",
                              STR_ARG(data.deletes[i]->entry.file.path));
    return text;
}

static struct iceberg_entry data(const char *path, int64_t sequence, int32_t spec, int64_t part)
{
    return entry(path, ICEBERG_DATA, sequence, spec, part);
}

#define CHECK_APPLIED(file, want) CHECK_STR(str_of(applied(file)), want)

TEST(sequence_numbers)
{
    setup();
    struct iceberg_entry pos = entry("p5", ICEBERG_POSITION_DELETES, 5, 0, 0);
    struct iceberg_entry eq = equality("e5", 5, 0, 0, 1);
    add(&pos);
    add(&eq);
    iceberg_deletes_sort(&index_of_deletes);
    CHECK_APPLIED(data("a", 4, 0, 0), "p5 e5 ");
    CHECK_APPLIED(data("a", 5, 0, 0), "p5 "); /* L1 */
    CHECK_APPLIED(data("a", 6, 0, 0), "");
}

TEST(partitions_and_specs)
{
    setup();
    struct iceberg_entry all[] = {
        entry("p1", ICEBERG_POSITION_DELETES, 5, 1, 1),
        entry("pnull", ICEBERG_POSITION_DELETES, 5, 1, -1),
        entry("pvoid", ICEBERG_POSITION_DELETES, 5, 2, 0),
        equality("e1", 5, 1, 1, 1),
        equality("e1b", 6, 1, 1, 1),
        equality("e1c", 6, 1, 1, 2),
        equality("e2", 5, 1, 2, 1),
        equality("g0", 5, 0, 0, 1),
        equality("gvoid", 6, 2, 0, 1),
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        add(&all[i]);
    iceberg_deletes_sort(&index_of_deletes);
    CHECK_APPLIED(data("a", 1, 1, 1), "p1 e1 e1b e1c g0 gvoid ");
    CHECK_APPLIED(data("a", 5, 1, 1), "p1 e1b e1c gvoid ");
    CHECK_APPLIED(data("a", 1, 1, 2), "e2 g0 gvoid ");
    CHECK_APPLIED(data("a", 1, 1, -1), "pnull g0 gvoid ");
    CHECK_APPLIED(data("a", 1, 0, 0), "g0 gvoid "); /* another spec: only the global ones */
    CHECK_APPLIED(data("a", 1, 2, 0), "pvoid g0 gvoid ");
    /* one set of columns in one partition is one scope; global ones are one whatever their spec */
    size_t scope[ARRAY_LEN(all)];
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        scope[i] = index_of_deletes.all.items[i]->scope;
    CHECK_INT(index_of_deletes.scope_count, 4);
    CHECK_INT(scope[3], scope[4]);
    CHECK(scope[3] != scope[5] && scope[3] != scope[6] && scope[5] != scope[6]);
    CHECK_INT(scope[7], scope[8]);
}

TEST(paths)
{
    setup();
    struct iceberg_entry named = entry("named", ICEBERG_POSITION_DELETES, 5, 1, 1);
    struct iceberg_entry bounded = entry("bounded", ICEBERG_POSITION_DELETES, 5, 1, 1);
    struct iceberg_entry range = entry("range", ICEBERG_POSITION_DELETES, 5, 1, 1);
    struct iceberg_entry any = entry("any", ICEBERG_POSITION_DELETES, 5, 1, 1);
    named.file.referenced = STR("b");
    bound(&bounded, "b", "b");
    bound(&range, "b", "d");
    add(&range);
    add(&any);
    add(&bounded);
    add(&named);
    iceberg_deletes_sort(&index_of_deletes);
    CHECK_INT(index_of_deletes.named.count, 2);
    const char *both = applied(data("b", 1, 1, 1));
    CHECK(strstr(both, "named ") && strstr(both, "bounded ") && strstr(both, "range any "));
    CHECK_APPLIED(data("a", 1, 1, 1), "any ");
    CHECK_APPLIED(data("d", 1, 1, 1), "range any ");
    CHECK_APPLIED(data("e", 1, 1, 1), "any ");
    CHECK_APPLIED(data("b", 6, 1, 1), "");
}

static struct iceberg_entry vector(const char *path, const char *of, int64_t sequence)
{
    struct iceberg_entry e = entry(path, ICEBERG_POSITION_DELETES, sequence, 0, 0);
    e.file.format = STR("PUFFIN");
    e.file.referenced = str_of(of);
    e.file.content_offset = 4;
    e.file.content_bytes = 40;
    return e;
}

TEST(a_deletion_vector_stands_for_all_positions)
{
    setup();
    struct iceberg_entry v = vector("v", "a", 7),
                         old = entry("old", ICEBERG_POSITION_DELETES, 5, 0, 0);
    struct iceberg_entry eq = equality("eq", 9, 0, 0, 1);
    add(&v);
    add(&old);
    add(&eq);
    iceberg_deletes_sort(&index_of_deletes);
    CHECK_APPLIED(data("a", 1, 0, 0), "v eq "); /* L2 */
    CHECK_APPLIED(data("b", 1, 0, 0), "old eq ");
    struct iceberg_entry young = data("a", 8, 0, 0);
    CHECK_STATUS(iceberg_deletes_match(&index_of_deletes, &young, &arena, &err), ST_CORRUPT);
    struct iceberg_entry second = vector("w", "a", 7);
    add(&second);
    iceberg_deletes_sort(&index_of_deletes);
    struct iceberg_entry a = data("a", 1, 0, 0);
    CHECK_STATUS(iceberg_deletes_match(&index_of_deletes, &a, &arena, &err), ST_CORRUPT);
    struct iceberg_entry nowhere = vector("x", "a", 7);
    nowhere.file.content_bytes = 0;
    CHECK_STATUS(iceberg_deletes_add(&index_of_deletes, &table, &nowhere, &arena, &err),
                 ST_CORRUPT);
}
