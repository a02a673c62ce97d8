// SPDX-License-Identifier: Apache-2.0
/* exec_deletes_test.c - scans with delete files, in memory: row numbers across row groups, files
 * shared and named, columns that only deletes compare, rows that the caller has chosen, and how
 * much is read. */
#include "base/buffer.h"
#include "base/rowset.h"
#include "exec/exec.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"
#include "parquet/parquet.h"

#define FILE_ROWS 1000
#define PATH_ID   2147483546
#define POS_ID    2147483545

static struct arena arena;
static struct store *store;
static struct error err;
static struct iceberg_table *table;
static bool paged; /* files have long row groups with short, long-lived pages */

/* Columns id bigint 1, name text 2, p.a bigint 5 and a list p.l 6; `late` int 3 is in no file. Of an older schema:
 * p.gone bigint 8. */
static void setup(void)
{
    static const char json[] =
        "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","
        "\"location\":\"/t\",\"last-sequence-number\":0,\"last-updated-ms\":1000,"
        "\"last-column-id\":8,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","
        "\"schema-id\":0,\"fields\":[{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":"
        "\"long\"},{\"id\":2,\"name\":\"name\",\"required\":false,\"type\":\"string\"},"
        "{\"id\":3,\"name\":\"late\",\"required\":false,\"type\":\"int\"},"
        "{\"id\":4,\"name\":\"p\",\"required\":false,\"type\":{\"type\":\"struct\",\"fields\":["
        "{\"id\":5,\"name\":\"a\",\"required\":false,\"type\":\"long\"},"
        "{\"id\":6,\"name\":\"l\",\"required\":false,\"type\":{\"type\":\"list\","
        "\"element-id\":7,\"element-required\":false,\"element\":\"long\"}}]}}]},"
        "{\"type\":\"struct\",\"schema-id\":1,\"fields\":[{\"id\":4,\"name\":\"p\","
        "\"required\":false,\"type\":{\"type\":\"struct\",\"fields\":[{\"id\":8,"
        "\"name\":\"gone\",\"required\":false,\"type\":\"long\"}]}}]}],"
        "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"
        "\"last-partition-id\":999,\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,"
        "\"fields\":[]}]}";
    arena_init(&arena, NULL);
    error_init(&err);
    CHECK_OK(store_create_memory(&store, &err));
    CHECK_OK(iceberg_table_parse(&arena, STR("/t.json"), json, sizeof(json) - 1, &table, &err));
}

/* Writes rows of up to two columns; values[c] is NULL for a NULL column. */
static struct iceberg_data_file write_file(const char *path, const struct column_schema *schema,
                                           int64_t rows, const void *const *values)
{
    struct store_write *to;
    struct parquet_writer *w;
    struct parquet_write_options o;
    parquet_write_options_init(&o);
    o.row_group_rows = 256;
    if (paged) {
        o.row_group_rows = 7777;
        o.page_rows = 500;
        o.codec = CODEC_NONE;
        o.dictionary_bytes = 0;
    }
    CHECK_OK(store_write_create(store, str_of(path), &to, &err));
    CHECK_OK(parquet_writer_create(to, schema, &o, NULL, &w, &err));
    for (int64_t at = 0; at < rows; at += 100) {
        struct column_span spans[2];
        int64_t n = rows - at < 100 ? rows - at : 100;
        for (size_t c = 0; c < schema->count; c++) {
            size_t width = column_phys_bytes(column_type_phys(schema->fields[c].type));
            spans[c] = (struct column_span){
                .kind = values[c] ? SPAN_VALUES : SPAN_RUN, .rows = n, .run_null = !values[c]};
            if (values[c])
                spans[c].values = (const uint8_t *)values[c] + (size_t)at * width;
        }
        struct column_batch batch = {n, schema->count, spans};
        CHECK_OK(parquet_writer_append(w, &batch, &err));
    }
    struct parquet_file_metrics m;
    CHECK_OK(parquet_writer_finish(w, &arena, &m, &err));
    parquet_writer_free(w);
    CHECK_OK(store_write_finish(to, &err));
    return (struct iceberg_data_file){.path = str_of(path),
                                      .format = STR("PARQUET"),
                                      .records = m.rows,
                                      .bytes = m.bytes,
                                      .sort_order_id = -1};
}

static struct column_field id_field = {
    .name = STR("id"), .type = {.kind = COLUMN_BIGINT}, .field_id = 1};
static struct column_field name_field = {
    .name = STR("name"), .type = {.kind = COLUMN_TEXT}, .field_id = 2};

/* id = first, first + 1 ...; name = one of three, NULL never. */
static struct iceberg_entry data_file(const char *path, int64_t first)
{
    static const struct str names[] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
    static int64_t id[FILE_ROWS];
    static struct str name[FILE_ROWS];
    struct column_field fields[] = {id_field, name_field};
    struct column_schema schema = {2, fields};
    for (int i = 0; i < FILE_ROWS; i++) {
        id[i] = first + i;
        name[i] = names[(first + i) % 3];
    }
    return (struct iceberg_entry){
        .sequence_number = 1,
        .file = write_file(path, &schema, FILE_ROWS, (const void *const[]){id, name})};
}

static struct iceberg_delete position_file(const char *path, const struct str *paths,
                                           const int64_t *pos, int64_t rows)
{
    struct column_field fields[] = {
        {.name = STR("file_path"), .type = {.kind = COLUMN_TEXT}, .field_id = PATH_ID},
        {.name = STR("pos"), .type = {.kind = COLUMN_BIGINT}, .field_id = POS_ID}};
    struct column_schema schema = {2, fields};
    struct iceberg_delete d = {.entry.sequence_number = 2};
    d.entry.file = write_file(path, &schema, rows, (const void *const[]){paths, pos});
    d.entry.file.content = ICEBERG_POSITION_DELETES;
    return d;
}

static struct iceberg_delete equality_file(const char *path, const struct column_field *field,
                                           const void *values, int64_t rows, size_t scope)
{
    static int32_t ids[4];
    struct column_field fields[] = {*field};
    struct column_schema schema = {1, fields};
    struct iceberg_delete d = {.entry.sequence_number = 2, .scope = scope};
    d.entry.file = write_file(path, &schema, rows, (const void *const[]){values});
    d.entry.file.content = ICEBERG_EQUALITY_DELETES;
    ids[scope] = field->field_id;
    d.entry.file.equality_id_count = 1;
    d.entry.file.equality_ids = &ids[scope];
    return d;
}

struct result {
    int64_t rows, sum; /* of id */
    int64_t matched;   /* sum of the squares of ids from `low` to `high` */
    struct exec_counters counters;
};

static int64_t low, high;

/* Scans the entries for the columns asked for ("id" first, or none) under a predicate. */
static status scan(struct iceberg_scan *files, size_t columns, const struct iceberg_pred *pred,
                   struct result *out)
{
    struct column_field fields[] = {id_field, name_field};
    int32_t ids[] = {1, 2};
    struct mem_account account;
    struct arena own;
    struct column_stream rows;
    struct column_batch batch;
    struct query_plan p = {.kind = QUERY_PLAN_SCAN, .schema = {columns, fields}};
    *out = (struct result){0};
    mem_account_init(&account, "test", NULL, 0);
    arena_init(&own, &account);
    struct exec_context c = {
        .store = store, .account = &account, .arena = &own, .counters = &out->counters};
    p.scan.name = STR("t");
    p.scan.table = table;
    p.scan.table_schema = iceberg_current_schema(table);
    p.scan.files = files;
    p.scan.field_ids = ids;
    p.scan.pred = pred;
    status st = exec_open(&p, &c, &rows, &err);
    if (st == ST_OK) {
        while ((st = rows.next(rows.self, &batch, &err)) == ST_OK && batch.rows > 0) {
            CHECK_INT(batch.columns, columns);
            out->rows += batch.rows;
            for (int64_t i = 0; i < batch.rows && columns > 0; i++) {
                struct column_value v;
                column_span_value(&batch.spans[0], id_field.type, i, &v);
                out->sum += v.i64;
                out->matched += v.i64 >= low && v.i64 <= high ? v.i64 * v.i64 : 0;
            }
        }
        rows.close(rows.self);
    }
    arena_free(&own);
    CHECK_INT(account.used_bytes, 0);
    return st;
}

static int64_t sum_of(int64_t first, int64_t last)
{
    return (first + last) * (last - first + 1) / 2;
}

TEST(row_numbers_across_row_groups)
{
    setup();
    struct str paths[4];
    const int64_t pos[] = {0, 255, 256, 999};
    for (int i = 0; i < 4; i++)
        paths[i] = STR("/a");
    struct iceberg_delete d = position_file("/d", paths, pos, 4);
    const struct iceberg_delete *list[] = {&d};
    struct iceberg_entry a = data_file("/a", 0);
    a.deletes = list;
    a.delete_count = 1;
    struct iceberg_scan files = {.count = 1, .entries = &a, .delete_count = 1, .deletes = list};
    struct result r;
    CHECK_OK(scan(&files, 2, NULL, &r));
    CHECK_INT(r.rows, 996);
    CHECK_INT(r.sum, sum_of(0, 999) - 255 - 256 - 999);
    CHECK_OK(scan(&files, 0, NULL, &r)); /* count(*) */
    CHECK_INT(r.rows, 996);
    /* row groups that the predicate rules out are not read, and count all the same */
    struct column_value least = {.type = id_field.type, .i64 = 800};
    struct iceberg_pred from = {
        .kind = ICEBERG_PRED_GE, .field_id = 1, .value_count = 1, .values = &least};
    CHECK_OK(scan(&files, 1, &from, &r));
    CHECK_INT(r.counters.row_groups_skipped, 3);
    CHECK_INT(r.rows, 1000 - 768 - 1);
    CHECK_INT(r.sum, sum_of(768, 998));
}

TEST(one_delete_file_for_several_data_files_is_read_once)
{
    setup();
    const struct str paths[] = {STR("/a"), STR("/a"), STR("/b"), STR("/elsewhere"), STR("/young")};
    const int64_t pos[] = {5, 5000, 7, 1, 9};
    struct iceberg_delete d = position_file("/d", paths, pos, 5);
    const struct iceberg_delete *list[] = {&d};
    struct iceberg_entry all[] = {data_file("/a", 0), data_file("/b", 1000),
                                  data_file("/young", 2000)};
    for (int i = 0; i < 2; i++) {
        all[i].deletes = list;
        all[i].delete_count = 1;
    }
    struct iceberg_scan files = {.count = 3, .entries = all, .delete_count = 1, .deletes = list};
    struct result r;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 2998); /* D1: the rows for /young are not its */
    CHECK_INT(r.sum, sum_of(0, 2999) - 5 - 1007);
    CHECK_INT(r.counters.files, 4);
}

TEST(equality_deletes_compare_what_the_query_does_not_ask_for)
{
    setup();
    static const struct str gone[] = {{"bb", 2}};
    static const int64_t ids[] = {0, 3, 1};
    struct iceberg_delete by_name = equality_file("/n", &name_field, gone, 1, 0);
    struct iceberg_delete by_id = equality_file("/i", &id_field, ids, 3, 1);
    const struct iceberg_delete *list[] = {&by_name, &by_id};
    struct iceberg_entry a = data_file("/a", 0), young = data_file("/b", 1000);
    a.deletes = list;
    a.delete_count = 2;
    young.sequence_number = 2; /* L1: not listed for it */
    struct iceberg_entry all[] = {a, young};
    struct iceberg_scan files = {
        .count = 2, .entries = all, .delete_count = 2, .deletes = list, .scope_count = 2};
    struct result r;
    int64_t bb = 0, sum = 0;
    for (int64_t i = 1; i < 1000; i += 3)
        bb++, sum += i;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 2000 - bb - 2); /* 1 is a "bb" already */
    CHECK_INT(r.sum, sum_of(0, 1999) - sum - 3);
    CHECK_OK(scan(&files, 0, NULL, &r));
    CHECK_INT(r.rows, 2000 - bb - 2);
    CHECK_INT(r.counters.files, 4);
}

/* The scan does not ask for the member, so it is found by its field id alone. */
TEST(members_of_structs_are_compared)
{
    static const int32_t members[] = {5, 8}, others[] = {4, 6, 7, 99};
    static const int64_t ids[] = {1, 2, 3, 4}, values[] = {10, 20, 30, 20}, gone[] = {20, 40};
    struct result r;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        setup();
        struct column_field member = {
            .name = STR("m"), .type = id_field.type, .field_id = members[i]};
        struct column_field fields[] = {id_field, member};
        struct column_schema schema = {2, fields};
        struct iceberg_delete d = equality_file("/d", &member, gone, 2, 0);
        const struct iceberg_delete *list[] = {&d};
        struct iceberg_entry a = {
            .sequence_number = 1,
            .file = write_file("/a", &schema, 4, (const void *const[]){ids, values}),
            .deletes = list,
            .delete_count = 1};
        struct iceberg_scan files = {
            .count = 1, .entries = &a, .delete_count = 1, .deletes = list, .scope_count = 1};
        CHECK_OK(scan(&files, 1, NULL, &r));
        CHECK_INT(r.sum, 1 + 3);
        struct iceberg_delete nulls = equality_file("/n", &member, NULL, 2, 0);
        list[0] = &nulls;
        CHECK_STATUS(scan(&files, 1, NULL, &r), ST_UNSUPPORTED); /* D3 */
        CHECK(strstr(err.msg, "a NULL in p."));
        for (size_t k = 0; k < ARRAY_LEN(others); k++) { /* structs, lists, what is in them; none */
            nulls.entry.file.equality_ids[0] = others[k];
            CHECK_STATUS(scan(&files, 1, NULL, &r), ST_UNSUPPORTED);
            CHECK(strstr(err.msg, "equality deletes on field"));
        }
        arena_free(&arena);
        store_destroy(store);
    }
}

TEST(a_column_that_the_files_lack_is_null_on_both_sides)
{
    setup();
    struct column_field late = {.name = STR("late"), .type = {.kind = COLUMN_INT}, .field_id = 3};
    static const int32_t seven[] = {7};
    struct iceberg_delete sevens = equality_file("/s", &late, seven, 1, 0);
    struct iceberg_delete nulls = equality_file("/n", &late, NULL, 1, 0);
    const struct iceberg_delete *list[] = {&sevens, &nulls};
    struct iceberg_entry a = data_file("/a", 0);
    struct iceberg_scan files = {
        .count = 1, .entries = &a, .delete_count = 1, .deletes = list, .scope_count = 1};
    struct result r;
    a.deletes = list;
    a.delete_count = 1;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 1000);
    a.delete_count = files.delete_count = 2;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 0);
}

/* Files that were imported: no field ids; columns by the mapping's names, and by no others. */
TEST(files_without_field_ids)
{
    setup();
    static const int64_t ids[] = {4, 5, 6}, wrong[] = {1, 1, 1};
    struct column_field fields[] = {{.name = STR("id"), .type = id_field.type},
                                    {.name = STR("old"), .type = id_field.type}};
    struct column_schema schema = {2, fields};
    struct iceberg_entry a = {.sequence_number = 1,
                              .file =
                                  write_file("/a", &schema, 3, (const void *const[]){wrong, ids})};
    struct iceberg_scan files = {.count = 1, .entries = &a};
    struct result r;
    CHECK_OK(scan(&files, 1, NULL, &r)); /* no mapping: by name */
    CHECK_INT(r.sum, 3);
    struct property mapping = {STR("schema.name-mapping.default"),
                               STR("[{\"field-id\":1,\"names\":[\"older\",\"old\"]},"
                                   "{\"names\":[\"id\"]}]")};
    table->properties = &mapping;
    table->property_count = 1;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.sum, 15);
    mapping.value = STR("[{\"field-id\":\"1\",\"names\":[]}]");
    CHECK_STATUS(scan(&files, 1, NULL, &r), ST_CORRUPT);
    CHECK(strstr(err.msg, "schema.name-mapping.default"));
}

TEST(damaged_delete_files_are_named)
{
    setup();
    struct str paths[] = {STR("/a")};
    int64_t pos[] = {-1};
    struct iceberg_delete negative = position_file("/negative", paths, pos, 1);
    struct iceberg_delete text = negative, away = negative;
    const struct iceberg_delete *list[1];
    struct iceberg_entry a = data_file("/a", 0);
    struct iceberg_scan files = {.count = 1, .entries = &a, .delete_count = 1, .deletes = list};
    struct result r;
    a.deletes = list;
    a.delete_count = 1;
    list[0] = &negative;
    CHECK_STATUS(scan(&files, 1, NULL, &r), ST_CORRUPT);
    CHECK(strstr(err.msg, "/negative"));
    CHECK_OK(store_write_all(store, STR("/text"), "hello, world", 12, &err));
    text.entry.file.path = STR("/text");
    text.entry.file.bytes = 12;
    list[0] = &text;
    CHECK_STATUS(scan(&files, 1, NULL, &r), ST_CORRUPT);
    CHECK(strstr(err.msg, "/text"));
    away.entry.file.path = STR("/away");
    list[0] = &away;
    CHECK_STATUS(scan(&files, 1, NULL, &r), ST_NOT_FOUND);
    text.entry.file.format = STR("AVRO");
    list[0] = &text;
    CHECK_STATUS(scan(&files, 1, NULL, &r), ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "AVRO"));
}

/* ---- chosen rows ------------------------------------------------------------------------------ */

static struct rowset row_set(const int64_t *rows, size_t count)
{
    struct rowset s;
    CHECK_OK(rowset_init(&s, FILE_ROWS, NULL, &err));
    for (size_t i = 0; i < count; i++)
        CHECK_OK(rowset_add(&s, rows[i], &err));
    return s;
}

TEST(chosen_rows_and_no_others)
{
    setup();
    static const int64_t some[] = {3, 200, 600, 601, 767};
    struct rowset rows = row_set(some, ARRAY_LEN(some));
    const struct str paths[] = {STR("/a"), STR("/b")};
    const int64_t pos[] = {3, 7};
    struct iceberg_delete d = position_file("/d", paths, pos, 2);
    const struct iceberg_delete *list[] = {&d};
    struct iceberg_entry all[] = {data_file("/a", 0), data_file("/b", 1000), data_file("/a2", 0)};
    all[0].rows = &rows; /* /d takes row 3: it does not count here */
    for (int i = 0; i < 2; i++) {
        all[i].deletes = list;
        all[i].delete_count = 1;
    }
    struct iceberg_scan files = {.count = 1, .entries = all, .delete_count = 1, .deletes = list};
    struct result r;
    CHECK_OK(scan(&files, 2, NULL, &r));
    CHECK_INT(r.rows, 5);
    CHECK_INT(r.sum, 3 + 200 + 600 + 601 + 767);
    CHECK_INT(r.counters.files, 1);              /* delete files are not opened */
    CHECK_INT(r.counters.row_groups_skipped, 2); /* 256 to 511, 768 to 999 */
    CHECK(r.counters.rows < 600);                /* what stands before the first chosen row */
    CHECK_OK(scan(&files, 0, NULL, &r));
    CHECK_INT(r.rows, 5);
    files.count = 2; /* of the other file the deletes count as before */
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 5 + 999);
    CHECK_INT(r.sum, 3 + 200 + 600 + 601 + 767 + sum_of(1000, 1999) - 1007);
    all[0].except = true;
    files.count = 1;
    CHECK_OK(scan(&files, 2, NULL, &r));
    CHECK_INT(r.rows, 995);
    CHECK_INT(r.sum, sum_of(0, 999) - (3 + 200 + 600 + 601 + 767));
    CHECK_INT(r.counters.row_groups_skipped, 0);
    rowset_free(&rows);
}

/* One path twice: what a file gave and what it gives now. */
TEST(chosen_rows_of_one_file_in_two_entries)
{
    setup();
    static const int64_t first[] = {0, 999}, second[] = {1};
    struct rowset a = row_set(first, 2), b = row_set(second, 1);
    struct iceberg_entry all[2] = {data_file("/a", 0)};
    all[1] = all[0];
    all[0].rows = &a;
    all[1].rows = &b;
    struct iceberg_scan files = {.count = 2, .entries = all};
    struct result r;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 3);
    CHECK_INT(r.sum, 999 + 1);
    rowset_free(&a);
    rowset_free(&b);
}

TEST(none_or_all_chosen)
{
    setup();
    struct rowset none = row_set(NULL, 0);
    struct iceberg_entry a = data_file("/a", 0);
    struct iceberg_scan files = {.count = 1, .entries = &a};
    struct result r;
    a.rows = &none;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 0);
    CHECK_INT(r.counters.row_groups_skipped, 4);
    CHECK_INT(r.counters.bytes, 0);
    a.except = true;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 1000);
    CHECK_INT(r.sum, sum_of(0, 999));
    CHECK_OK(rowset_add_range(&none, 0, FILE_ROWS, &err)); /* all of them now */
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.rows, 0);
    CHECK_INT(r.counters.bytes, 0);
    a.except = false;
    CHECK_OK(scan(&files, 1, NULL, &r));
    CHECK_INT(r.sum, sum_of(0, 999));
    rowset_free(&none);
}

/* Every kind of gap, against a model; a predicate's row groups are skipped beside it. */
TEST(chosen_rows_at_random)
{
    setup();
    struct iceberg_entry a = data_file("/a", 0);
    struct iceberg_scan files = {.count = 1, .entries = &a};
    struct column_value least = {.type = id_field.type, .i64 = 300};
    struct iceberg_pred from = {
        .kind = ICEBERG_PRED_GE, .field_id = 1, .value_count = 1, .values = &least};
    uint64_t seed = 11;
    for (int round = 0; round < 60; round++) {
        struct rowset rows = row_set(NULL, 0);
        struct result r;
        int64_t count[2] = {0}, sum[2] = {0};
        const struct iceberg_pred *pred = round % 3 ? NULL : &from;
        int64_t begin = pred ? 256 : 0; /* of the first row group that may match */
        for (int64_t i = 0; i < FILE_ROWS; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            bool in = (seed >> 33) % 100 < (uint64_t)(round % 2 ? 1 : round);
            if (in)
                CHECK_OK(rowset_add(&rows, i, &err));
            count[in] += i >= begin;
            sum[in] += i >= begin ? i : 0;
        }
        a.rows = &rows;
        for (int except = 0; except < 2; except++) {
            a.except = except;
            CHECK_OK(scan(&files, 2, pred, &r));
            CHECK_INT(r.rows, count[!except]);
            CHECK_INT(r.sum, sum[!except]);
        }
        rowset_free(&rows);
    }
}

/* ---- deleted rows as a set -------------------------------------------------------------------- */

static status deleted_rows(struct iceberg_scan *files, size_t file, struct rowset *out,
                           struct exec_counters *counters)
{
    struct column_field fields[] = {name_field};
    int32_t ids[] = {2};
    struct arena own;
    struct mem_account account;
    struct query_plan p = {.kind = QUERY_PLAN_SCAN, .schema = {1, fields}};
    mem_account_init(&account, "test", NULL, 0);
    arena_init(&own, &account);
    struct exec_context c = {
        .store = store, .account = &account, .arena = &own, .counters = counters};
    p.scan.name = STR("t");
    p.scan.table = table;
    p.scan.table_schema = iceberg_current_schema(table);
    p.scan.files = files;
    p.scan.field_ids = ids;
    *counters = (struct exec_counters){0};
    *out = row_set(NULL, 0);
    status st = exec_deleted_rows(&p, file, &c, out, &err);
    CHECK_INT(account.used_bytes, 0);
    arena_free(&own);
    return st;
}

/* What is deleted and what a scan leaves are the file, whichever deletes there are. */
TEST(deleted_rows_by_position_and_by_value)
{
    setup();
    static const struct str gone[] = {{"bb", 2}};
    static const int64_t ids[] = {0, 3, 1};
    const struct str paths[] = {STR("/a"), STR("/a"), STR("/b"), STR("/a")};
    const int64_t pos[] = {0, 998, 7, 5000};
    struct iceberg_delete by_pos = position_file("/p", paths, pos, 4);
    struct iceberg_delete by_name = equality_file("/n", &name_field, gone, 1, 0);
    struct iceberg_delete by_id = equality_file("/i", &id_field, ids, 3, 1);
    const struct iceberg_delete *list[] = {&by_pos, &by_name, &by_id};
    struct iceberg_entry all[] = {data_file("/a", 0), data_file("/b", 1000)};
    struct iceberg_scan files = {
        .count = 2, .entries = all, .delete_count = 3, .deletes = list, .scope_count = 2};
    struct exec_counters counters;
    struct rowset rows;
    struct result r;
    CHECK_OK(deleted_rows(&files, 0, &rows, &counters));
    CHECK_INT(rows.count, 0);
    CHECK_INT(counters.files, 0);
    rowset_free(&rows);
    all[0].deletes = all[1].deletes = list;
    for (size_t n = 1; n <= 3; n++) {
        all[0].delete_count = n;
        CHECK_OK(deleted_rows(&files, 0, &rows, &counters));
        CHECK_INT(counters.files, n == 1 ? 1 : n + 1); /* values alone need the data file */
        CHECK(rows.count > 0 && rowset_next(&rows, 998) == 998);
        all[0].rows = &rows;
        all[0].except = true;
        files.count = 1;
        CHECK_OK(scan(&files, 1, NULL, &r));
        int64_t left = r.rows, sum = r.sum;
        CHECK_INT(left, FILE_ROWS - rows.count);
        struct rowset same; /* what is chosen of the file changes nothing */
        CHECK_OK(deleted_rows(&files, 0, &same, &counters));
        CHECK(rowset_eq(&rows, &same));
        rowset_free(&same);
        all[0].rows = NULL;
        all[0].except = false;
        CHECK_OK(scan(&files, 1, NULL, &r));
        CHECK_INT(r.rows, left);
        CHECK_INT(r.sum, sum);
        files.count = 2;
        rowset_free(&rows);
    }
    all[1].delete_count = 1;
    CHECK_OK(deleted_rows(&files, 1, &rows, &counters));
    CHECK_INT(rows.count, 1);
    CHECK_INT(rowset_next(&rows, 0), 7);
    rowset_free(&rows);
    by_pos.entry.file.path = STR("/away");
    CHECK_STATUS(deleted_rows(&files, 1, &rows, &counters), ST_NOT_FOUND);
    CHECK(strstr(err.msg, "/away"));
    rowset_free(&rows);
}

/* ---- pages ------------------------------------------------------------------------------------ */

#define PAGED_ROWS 20000

/* Every 3,000 rows the ids begin anew; names are of very different lengths, so pages end elsewhere. */
static int64_t paged_id(int64_t row)
{
    return row % 3000 + row / 6000 * 1000;
}

static struct iceberg_entry paged_file(void)
{
    static char text[2000];
    static int64_t id[PAGED_ROWS];
    static struct str name[PAGED_ROWS];
    struct column_field fields[] = {id_field, name_field};
    struct column_schema schema = {2, fields};
    memset(text, 'x', sizeof(text));
    for (int64_t i = 0; i < PAGED_ROWS; i++) {
        id[i] = paged_id(i);
        name[i] = (struct str){text, (size_t)(i % 5000 < 100 ? 2000 : i % 11)};
    }
    paged = true;
    struct iceberg_entry e = {
        .sequence_number = 1,
        .file = write_file("/a", &schema, PAGED_ROWS, (const void *const[]){id, name})};
    paged = false;
    return e;
}

static uint64_t random_below(uint64_t *seed, uint64_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (*seed >> 33) % n;
}

/* With deleted rows, with chosen ones, and with neither: what matches is there, and less is read. */
TEST(pages_left_out_at_random)
{
    static struct str paths[PAGED_ROWS];
    static int64_t pos[PAGED_ROWS];
    setup();
    struct iceberg_entry a = paged_file();
    uint64_t seed = 5;
    for (int round = 0; round < 60; round++) {
        struct column_value bounds[2] = {{.type = id_field.type}, {.type = id_field.type}};
        struct iceberg_pred leaf[] = {
            {.kind = ICEBERG_PRED_GE, .field_id = 1, .value_count = 1, .values = &bounds[0]},
            {.kind = ICEBERG_PRED_LE, .field_id = 1, .value_count = 1, .values = &bounds[1]}};
        const struct iceberg_pred *both[] = {&leaf[0], &leaf[1]};
        struct iceberg_pred pred = {.kind = ICEBERG_PRED_AND, .child_count = 2, .children = both};
        struct iceberg_scan files = {.count = 1, .entries = &a};
        struct iceberg_delete d;
        const struct iceberg_delete *list[] = {&d};
        struct rowset rows;
        struct result r;
        int64_t want = 0, count = 0;
        char name[16];
        low = bounds[0].i64 = (int64_t)random_below(&seed, 6000);
        high = bounds[1].i64 = low + (int64_t)random_below(&seed, 400);
        CHECK_OK(rowset_init(&rows, PAGED_ROWS, NULL, &err));
        for (int64_t i = 0; i < PAGED_ROWS; i++) {
            bool out = round % 3 > 0 && random_below(&seed, 100) < (round % 2 ? 2 : 60);
            if (out)
                CHECK_OK(rowset_add(&rows, i, &err));
            if (out)
                pos[count++] = i;
            want +=
                !out && paged_id(i) >= low && paged_id(i) <= high ? paged_id(i) * paged_id(i) : 0;
        }
        for (int64_t i = 0; i < count; i++)
            paths[i] = STR("/a");
        a.rows = NULL;
        a.delete_count = 0;
        if (round % 3 == 1) {
            snprintf(name, sizeof(name), "/d%d", round);
            d = position_file(name, paths, pos, count);
            files.delete_count = a.delete_count = 1;
            files.deletes = a.deletes = list;
        } else if (round % 3 == 2) {
            a.rows = &rows;
            a.except = true;
        }
        CHECK_OK(scan(&files, 2, &pred, &r));
        CHECK_INT(r.matched, want);
        CHECK(r.rows < PAGED_ROWS / 2);
        CHECK(r.counters.rows < PAGED_ROWS / 2);
        rowset_free(&rows);
    }
}
