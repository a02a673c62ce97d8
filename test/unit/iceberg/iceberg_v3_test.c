// SPDX-License-Identifier: Apache-2.0
/* iceberg_v3_test.c - format version 3: row ids on append and removal, also of a table that was of
 * version 2; default values; types that are not read. */
#include "column/column_text.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"

static struct arena arena;
static struct error err;
static struct store *store;
static struct iceberg_paths written;

#define TABLE(version, fields, more)                                                               \
    "{\"format-version\":" version ",\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","     \
    "\"location\":\"file:///wh/t\",\"last-sequence-number\":0,\"last-updated-ms\":1000,"           \
    "\"last-column-id\":9,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","              \
    "\"schema-id\":0,\"fields\":[" fields "]}],\"default-spec-id\":0,\"partition-specs\":["        \
    "{\"spec-id\":0,\"fields\":[]}],\"last-partition-id\":999,\"default-sort-order-id\":0,"        \
    "\"sort-orders\":[{\"order-id\":0,\"fields\":[]}]" more "}"
#define ID "{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":\"long\"}"

static struct iceberg_table *parsed(const char *json)
{
    struct iceberg_table *t;
    arena_init(&arena, NULL);
    error_init(&err);
    written = (struct iceberg_paths){.arena = &arena};
    CHECK_OK(store_create_memory(&store, &err));
    CHECK_OK(iceberg_table_parse(&arena, STR("/t.json"), json, strlen(json), &t, &err));
    return t;
}

static struct iceberg_data_file file(const char *path, int64_t records)
{
    return (struct iceberg_data_file){.path = str_of(path),
                                      .format = STR("PARQUET"),
                                      .records = records,
                                      .bytes = 100,
                                      .sort_order_id = -1};
}

static struct iceberg_table *publish(const struct iceberg_table *t,
                                     const struct iceberg_data_file *added, size_t count,
                                     const char *removed)
{
    struct iceberg_snapshot *s;
    struct iceberg_table *next;
    struct str path = str_of(removed);
    struct iceberg_change c = {.operation = removed ? ICEBERG_OVERWRITE : ICEBERG_APPEND,
                               .base = t,
                               .parent_id = t->current_snapshot_id,
                               .added_count = count,
                               .added = added,
                               .removed_count = removed != NULL,
                               .removed_paths = &path,
                               .timestamp_ms = 5000};
    CHECK_OK(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err));
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, s->id, -1, -1, -1}}};
    CHECK_OK(iceberg_apply(t, u, 2, 6000, &arena, &next, &err));
    return next;
}

/* The first row id of the live file `path`; -1 when it has none, -2 when it is not there. */
static int64_t first_row(const struct iceberg_table *t, const char *path)
{
    struct iceberg_scan scan;
    CHECK_OK(iceberg_scan_plan(store, t, iceberg_current_snapshot(t), iceberg_current_schema(t),
                               NULL, &arena, NULL, &scan, &err));
    for (size_t i = 0; i < scan.count; i++)
        if (str_eq_z(scan.entries[i].file.path, path))
            return scan.entries[i].file.row_ids.assigned ? scan.entries[i].file.row_ids.first : -1;
    return -2;
}

static void check_lineage(const struct iceberg_table *t, int64_t first, int64_t count)
{
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    CHECK(s->row_ids.assigned);
    CHECK_INT(s->row_ids.first, first);
    CHECK_INT(s->row_ids.count, count);
    CHECK_INT(t->next_row_id, first + count);
}

TEST(appends_number_their_rows)
{
    struct iceberg_table *t = parsed(TABLE("3", ID, ",\"next-row-id\":1000"));
    struct iceberg_data_file f[] = {file("/a", 10), file("/b", 20), file("/c", 5)};
    t = publish(t, f, 2, NULL);
    check_lineage(t, 1000, 30);
    CHECK_INT(first_row(t, "/a"), 1000);
    CHECK_INT(first_row(t, "/b"), 1010);
    t = publish(t, f + 2, 1, NULL);
    check_lineage(t, 1030, 5);
    CHECK_INT(first_row(t, "/a"), 1000); /* kept: its manifest is listed again */
    CHECK_INT(first_row(t, "/c"), 1030);
    /* b is written anew as EXISTING and keeps its ids; the manifest takes new ones for nothing */
    t = publish(t, NULL, 0, "/a");
    CHECK_INT(first_row(t, "/a"), -2);
    CHECK_INT(first_row(t, "/b"), 1010);
    CHECK_INT(first_row(t, "/c"), 1030);
    check_lineage(t, 1035, 20);
    /* and all of it survives being written and read */
    struct buffer text;
    struct iceberg_table *back;
    buffer_init(&text, NULL, 1 << 20);
    CHECK_OK(iceberg_table_format(t, &text, &err));
    CHECK_OK(iceberg_table_parse(&arena, STR("/t2"), text.data, text.len, &back, &err));
    check_lineage(back, 1035, 20);
    CHECK_INT(back->format_version, 3);
    buffer_free(&text);
}

TEST(a_table_that_was_of_version_2)
{
    struct iceberg_table *t = parsed(TABLE("2", ID, ""));
    struct iceberg_data_file f[] = {file("/a", 10), file("/b", 20), file("/c", 5)};
    t = publish(t, f, 2, NULL);
    CHECK(!iceberg_current_snapshot(t)->row_ids.assigned);
    t->format_version = 3; /* what another engine's upgrade does */
    CHECK_INT(first_row(t, "/a"), -1);
    t = publish(t, f + 2, 1, NULL);
    CHECK_INT(first_row(t, "/c"), 0);
    CHECK_INT(first_row(t, "/a"), 5);
    CHECK_INT(first_row(t, "/b"), 15);
    check_lineage(t, 0, 35);
}

TEST(snapshots_without_a_table_counter)
{
    struct iceberg_table *t = parsed(TABLE(
        "3", ID,
        ",\"row-lineage\":true,\"snapshots\":[{\"snapshot-id\":7,\"timestamp-ms\":900,"
        "\"sequence-number\":0,\"first-row-id\":40,\"added-rows\":2,\"manifest-list\":\"/l\"}]"));
    CHECK_INT(t->next_row_id, 42);
    struct iceberg_snapshot older = {.id = 9, .parent_id = -1, .manifest_list = STR("/m")};
    struct iceberg_update u = {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &older};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 6000, &arena, &t, &err), ST_CONFLICT);
    older.row_ids = (struct iceberg_row_ids){true, 41, 1};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 6000, &arena, &t, &err), ST_CONFLICT);
}

TEST(defaults_of_every_type)
{
    static const struct {
        const char *type, *json, *text; /* as PostgreSQL prints the value */
    } cases[] = {
        {"\"boolean\"", "true", "t"},
        {"\"int\"", "-7", "-7"},
        {"\"long\"", "9000000000", "9000000000"},
        {"\"float\"", "1.5", "1.5"},
        {"\"double\"", "0.5", "0.5"},
        {"\"decimal(9, 2)\"", "\"14.20\"", "14.20"},
        {"\"date\"", "\"2017-11-16\"", "2017-11-16"},
        {"\"time\"", "\"22:31:08.123456\"", "22:31:08.123456"},
        {"\"timestamp\"", "\"2017-11-16T22:31:08.123456\"", "2017-11-16 22:31:08.123456"},
        {"\"timestamptz\"", "\"2017-11-16T22:31:08.123456+00:00\"",
         "2017-11-16 22:31:08.123456+00"},
        {"\"string\"", "\"ic\\\"e\"", "ic\"e"},
        {"\"uuid\"", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"",
         "f79c3e09-677c-4bbd-a479-3f349cb785e7"},
        {"\"fixed[4]\"", "\"000102ff\"", "\\x000102ff"},
        {"\"binary\"", "\"00ff\"", "\\x00ff"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char field[256], json[2048];
        snprintf(field, sizeof(field),
                 "{\"id\":1,\"name\":\"c\",\"required\":false,\"type\":%s,\"initial-default\":%s,"
                 "\"write-default\":%s}",
                 cases[i].type, cases[i].json, cases[i].json);
        snprintf(json, sizeof(json), TABLE("3", "%s", ""), field);
        const struct iceberg_schema *schema = iceberg_current_schema(parsed(json));
        const struct iceberg_field *f = schema->fields;
        struct column_schema columns;
        struct buffer text;
        buffer_init(&text, NULL, 1 << 20);
        CHECK(f->initial.value && f->write.value);
        CHECK_OK(column_text_format(f->initial.value, NULL, &text, &err));
        CHECK_STR(buffer_str(&text), cases[i].text);
        CHECK_STR(f->write.json, cases[i].json);
        CHECK_OK(iceberg_schema_columns(schema, &arena, &columns, &err));
        CHECK(columns.fields[0].fill && !columns.fields[0].fill->null);
        buffer_free(&text);
        store_destroy(store);
        arena_free(&arena);
    }
}

TEST(columns_of_later_types_are_kept_and_left_out)
{
    struct iceberg_table *t = parsed(
        TABLE("3",
              ID ",{\"id\":2,\"name\":\"n\",\"required\":false,\"type\":\"timestamp_ns\"},"
                 "{\"id\":3,\"name\":\"v\",\"required\":false,\"type\":\"variant\",\"doc\":\"x\"},"
                 "{\"id\":4,\"name\":\"g\",\"required\":false,\"type\":\"geometry(srid:0)\"}",
              ",\"next-row-id\":0"));
    struct column_schema columns;
    struct buffer text;
    CHECK_OK(iceberg_schema_columns(iceberg_current_schema(t), &arena, &columns, &err));
    CHECK_INT(columns.count, 1);
    buffer_init(&text, NULL, 1 << 20);
    CHECK_OK(iceberg_table_format(t, &text, &err));
    CHECK_OK(buffer_append_byte(&text, 0, &err));
    CHECK(strstr((char *)text.data, "\"type\":\"geometry(srid:0)\""));
    CHECK(strstr((char *)text.data, "\"type\":\"variant\",\"doc\":\"x\""));
    buffer_free(&text);
}

TEST(an_encrypted_snapshot_is_refused)
{
    struct iceberg_table *t =
        parsed(TABLE("3", ID,
                     ",\"next-row-id\":0,\"snapshots\":[{\"snapshot-id\":7,\"timestamp-ms\":900,"
                     "\"sequence-number\":0,\"key-id\":\"k\",\"manifest-list\":\"/l\"}]"));
    struct iceberg_manifest *m;
    size_t count;
    CHECK_STATUS(iceberg_manifests_read(store, t, &t->snapshots[0], &arena, NULL, &m, &count, &err),
                 ST_UNSUPPORTED);
}
