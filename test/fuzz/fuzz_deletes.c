// SPDX-License-Identifier: Apache-2.0
/* fuzz_deletes.c - delete files: the input is a Parquet file that claims to delete rows of a data
 * file of 100 rows, by position and by equality. Whatever it says, at most 100 rows are left, memory
 * is given back, and a refusal names the file. */
#include "exec/exec.h"
#include "iceberg/iceberg.h"
#include "parquet/parquet.h"

#include <stdlib.h>

#define ROWS 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
    if (!cond)
        abort();
}

static const char table_json[] =
    "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\",\"location\":"
    "\"/t\",\"last-sequence-number\":0,\"last-updated-ms\":1000,\"last-column-id\":1,"
    "\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\",\"schema-id\":0,\"fields\":[{"
    "\"id\":1,\"name\":\"id\",\"required\":false,\"type\":\"long\"}]}],\"default-spec-id\":0,"
    "\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],\"last-partition-id\":999,"
    "\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,\"fields\":[]}]}";

static struct column_field id_field = {
    .name = {"id", 2}, .type = {.kind = COLUMN_BIGINT}, .field_id = 1};

static int64_t write_rows(struct store *store, struct arena *arena)
{
    int64_t id[ROWS];
    struct column_schema schema = {1, &id_field};
    struct store_write *to;
    struct parquet_writer *w;
    struct parquet_write_options o;
    struct parquet_file_metrics m;
    struct column_span span = {.kind = SPAN_VALUES, .rows = ROWS, .values = id};
    struct column_batch batch = {ROWS, 1, &span};
    for (int i = 0; i < ROWS; i++)
        id[i] = i;
    parquet_write_options_init(&o);
    must(store_write_create(store, STR("/a"), &to, NULL) == ST_OK);
    must(parquet_writer_create(to, &schema, &o, NULL, &w, NULL) == ST_OK);
    must(parquet_writer_append(w, &batch, NULL) == ST_OK);
    must(parquet_writer_finish(w, arena, &m, NULL) == ST_OK);
    parquet_writer_free(w);
    must(store_write_finish(to, NULL) == ST_OK);
    return m.bytes;
}

/* The record count that the footer gives: a manifest that says otherwise is refused early. */
static int64_t footer_rows(struct store *store, struct mem_account *account)
{
    struct store_file *file;
    struct parquet_file *parquet;
    int64_t rows = 0;
    must(store_open(store, STR("/d"), -1, &file, NULL) == ST_OK);
    if (parquet_open(file, account, &parquet, NULL) == ST_OK) {
        rows = parquet_rows(parquet);
        parquet_close(parquet);
    }
    store_close(file);
    return rows;
}

static void scan(struct exec_context *c, struct query_plan *p)
{
    struct column_stream rows;
    struct column_batch batch;
    struct error err;
    int64_t left = 0;
    error_init(&err);
    status st = exec_open(p, c, &rows, &err);
    if (st == ST_OK) {
        while ((st = rows.next(rows.self, &batch, &err)) == ST_OK && batch.rows > 0)
            left += batch.rows;
        rows.close(rows.self);
    }
    must(left <= ROWS && (st == ST_OK || err.msg[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int32_t id = 1;
    struct mem_account account;
    struct arena arena;
    struct store *store;
    struct iceberg_table *table;
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    arena_init(&arena, &account);
    must(store_create_memory(&store, NULL) == ST_OK);
    must(iceberg_table_parse(&arena, STR("/t"), table_json, sizeof(table_json) - 1, &table, NULL) ==
         ST_OK);
    must(store_write_all(store, STR("/d"), data, size, NULL) == ST_OK);
    struct iceberg_delete d = {
        .entry = {.sequence_number = 2,
                  .file = {.path = STR("/d"), .format = STR("PARQUET"), .bytes = (int64_t)size}}};
    const struct iceberg_delete *list[] = {&d};
    struct iceberg_entry a = {.sequence_number = 1,
                              .file = {.path = STR("/a"),
                                       .format = STR("PARQUET"),
                                       .records = ROWS,
                                       .bytes = write_rows(store, &arena)},
                              .delete_count = 1,
                              .deletes = list};
    struct iceberg_scan files = {
        .count = 1, .entries = &a, .delete_count = 1, .deletes = list, .scope_count = 1};
    struct exec_context c = {.store = store, .account = &account, .arena = &arena};
    struct query_plan p = {.kind = QUERY_PLAN_SCAN, .schema = {1, &id_field}};
    p.scan.table = table;
    p.scan.table_schema = iceberg_current_schema(table);
    p.scan.files = &files;
    p.scan.field_ids = &id;
    d.entry.file.records = footer_rows(store, &account);
    d.entry.file.content = ICEBERG_POSITION_DELETES;
    scan(&c, &p);
    d.entry.file.content = ICEBERG_EQUALITY_DELETES;
    d.entry.file.equality_id_count = 1;
    d.entry.file.equality_ids = &id;
    scan(&c, &p);
    arena_free(&arena);
    store_destroy(store);
    must(account.used_bytes == 0);
    return 0;
}
