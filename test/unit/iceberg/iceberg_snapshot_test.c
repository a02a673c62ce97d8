// SPDX-License-Identifier: Apache-2.0
/* iceberg_snapshot_test.c - snapshots written to a store in memory and read back: entries, what
 * they inherit, counts, summaries, removal, conflicts, damage, failing stores. */
#include "avro/avro.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena;
static struct error err;
static struct store *store;
static struct iceberg_paths written;

/* Columns id bigint 1, day date 2, name text 3, price double 4, amount decimal(20,2) 5, u uuid 6,
 * ts timestamptz 7, f fixed(3) 8; spec 0 unpartitioned, spec 1 by everything. */
static struct iceberg_table *new_table(void)
{
    struct column_field fields[] = {
        {.name = STR("id"), .type = column_type_of(COLUMN_BIGINT)},
        {.name = STR("day"), .type = column_type_of(COLUMN_DATE)},
        {.name = STR("na-me"), .type = column_type_of(COLUMN_TEXT)},
        {.name = STR("price"), .type = column_type_of(COLUMN_DOUBLE)},
        {.name = STR("amount"), .type = column_type_decimal(20, 2)},
        {.name = STR("u"), .type = column_type_of(COLUMN_UUID)},
        {.name = STR("ts"), .type = column_type_of(COLUMN_TIMESTAMPTZ)},
        {.name = STR("f"), .type = {.kind = COLUMN_FIXED, .length_bytes = 3}},
    };
    struct column_schema columns = {.count = ARRAY_LEN(fields), .fields = fields};
    struct iceberg_schema schema;
    struct iceberg_spec none, all;
    struct iceberg_sort_order order = {0};
    int32_t last;
    CHECK_OK(iceberg_schema_assign(NULL, &columns, &arena, &schema, &last, &err));
    CHECK_OK(iceberg_spec_parse(STR(""), &schema, NULL, &arena, &none, &err));
    CHECK_OK(iceberg_spec_parse(STR("id, day(day), \"na-me\", price, amount, u, hour(ts), f, "
                                    "bucket(4, id), void(id)"),
                                &schema, NULL, &arena, &all, &err));
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ASSIGN_UUID, .text = STR("11111111-2222-3333-4444-555555555555")},
        {.kind = ICEBERG_SET_LOCATION, .text = STR("file:///wh/t")},
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &schema, .last_column_id = last},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
        {.kind = ICEBERG_ADD_SPEC, .spec = &none},
        {.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1},
        {.kind = ICEBERG_ADD_SPEC, .spec = &all},
        {.kind = ICEBERG_ADD_ORDER, .order = &order},
        {.kind = ICEBERG_SET_DEFAULT_ORDER, .id = -1},
    };
    struct iceberg_table *t;
    CHECK_OK(iceberg_apply(NULL, u, ARRAY_LEN(u), 1000, &arena, &t, &err));
    return t;
}

static void setup(void)
{
    arena_init(&arena, NULL);
    error_init(&err);
    written = (struct iceberg_paths){.arena = &arena};
    CHECK_OK(store_create_memory(&store, &err));
}

static struct iceberg_data_file plain_file(const char *path, int64_t records)
{
    return (struct iceberg_data_file){.path = str_of(path),
                                      .format = STR("PARQUET"),
                                      .records = records,
                                      .bytes = 100 + records,
                                      .sort_order_id = -1};
}

static struct iceberg_change change_of(const struct iceberg_table *t, enum iceberg_operation op)
{
    return (struct iceberg_change){.operation = op,
                                   .base = t,
                                   .parent_id = t->current_snapshot_id,
                                   .timestamp_ms = 5000,
                                   .schema_id = t->current_schema_id};
}

static struct iceberg_table *publish(const struct iceberg_table *t, const struct iceberg_change *c)
{
    struct iceberg_snapshot *s;
    struct iceberg_table *next;
    CHECK_OK(iceberg_snapshot_write(store, c, &arena, NULL, &s, &written, &err));
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, s->id, -1, -1, -1}}};
    CHECK_OK(iceberg_apply(t, u, 2, 6000, &arena, &next, &err));
    return next;
}

static struct iceberg_table *append(const struct iceberg_table *t,
                                    const struct iceberg_data_file *files, size_t count)
{
    struct iceberg_change c = change_of(t, ICEBERG_APPEND);
    c.added = files;
    c.added_count = count;
    return publish(t, &c);
}

static void check_summary(const struct iceberg_table *t, const char *key, const char *want)
{
    struct str got = iceberg_snapshot_property(iceberg_current_snapshot(t), key);
    if (!want && got.ptr)
        test_fail(__FILE__, __LINE__, "%s is %.*s", key, STR_ARG(got));
    if (want && !str_eq_z(got, want))
        test_fail(__FILE__, __LINE__, "%s is \"%.*s\", not %s", key, STR_ARG(got), want);
}

static struct iceberg_manifest *manifests(const struct iceberg_table *t, size_t want)
{
    struct iceberg_manifest *m;
    size_t count;
    CHECK_OK(iceberg_manifests_read(store, t, iceberg_current_snapshot(t), &arena, NULL, &m, &count,
                                    &err));
    CHECK_INT(count, want);
    return m;
}

static struct iceberg_entry *entries(const struct iceberg_table *t,
                                     const struct iceberg_manifest *m, size_t want)
{
    struct iceberg_entry *e;
    size_t count;
    CHECK_OK(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err));
    CHECK_INT(count, want);
    return e;
}

TEST(appended_files_inherit)
{
    setup();
    struct iceberg_data_file f[] = {plain_file("file:///wh/t/data/a", 10),
                                    plain_file("file:///wh/t/data/b", 20)};
    int64_t splits[] = {4, 1000};
    struct iceberg_metric metrics[] = {
        {.field_id = 1,
         .column_bytes = 7,
         .values = 10,
         .nulls = 0,
         .nans = -1,
         .lower = STR("l"),
         .upper = STR("u")},
        {.field_id = 4, .column_bytes = -1, .values = 10, .nulls = 3, .nans = 2},
        {.field_id = 900, .column_bytes = -1, .values = 10, .nulls = -1, .nans = -1}};
    f[0].metrics = metrics;
    f[0].metric_count = 3;
    f[0].split_offsets = splits;
    f[0].split_count = 2;
    f[0].sort_order_id = 0;
    struct iceberg_table *t = append(new_table(), f, 2);
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    CHECK_INT(s->sequence_number, 1);
    CHECK_INT(s->parent_id, -1);
    CHECK_INT(s->timestamp_ms, 5000);
    check_summary(t, "operation", "append");
    check_summary(t, "added-data-files", "2");
    check_summary(t, "added-records", "30");
    check_summary(t, "added-files-size", "230");
    check_summary(t, "deleted-data-files", NULL);
    check_summary(t, "changed-partition-count", "1");
    check_summary(t, "total-records", "30");
    check_summary(t, "total-files-size", "230");
    check_summary(t, "total-data-files", "2");
    check_summary(t, "total-delete-files", "0");
    check_summary(t, "total-position-deletes", "0");
    check_summary(t, "total-equality-deletes", "0");

    struct iceberg_manifest *m = manifests(t, 1);
    CHECK_INT(m->added_files, 2);
    CHECK_INT(m->added_rows, 30);
    CHECK_INT(m->sequence_number, 1);
    CHECK_INT(m->min_sequence_number, 1);
    CHECK_INT(m->added_snapshot_id, s->id);
    CHECK_INT(m->partition_count, 0);
    CHECK(!m->deletes);
    struct iceberg_entry *e = entries(t, m, 2);
    CHECK_INT(e[0].status, ICEBERG_ADDED);
    CHECK_INT(e[0].snapshot_id, s->id);
    CHECK_INT(e[0].sequence_number, 1);
    CHECK_INT(e[0].file_sequence_number, 1);
    CHECK_STR(e[0].file.path, "file:///wh/t/data/a");
    CHECK_INT(e[0].file.bytes, 110);
    CHECK_INT(e[0].file.sort_order_id, 0);
    CHECK_INT(e[1].file.sort_order_id, -1);
    CHECK_INT(e[0].file.split_count, 2);
    CHECK_INT(e[0].file.split_offsets[1], 1000);
    CHECK_INT(e[0].file.metric_count, 3);
    CHECK_INT(e[0].file.metrics[0].column_bytes, 7);
    CHECK_STR(e[0].file.metrics[0].upper, "u");
    CHECK_INT(e[0].file.metrics[0].nans, -1);
    CHECK_INT(e[0].file.metrics[1].nans, 2);
    CHECK(e[0].file.metrics[1].lower.ptr == NULL);
    CHECK_INT(e[0].file.metrics[2].field_id, 900);
    CHECK_INT(e[1].file.metric_count, 0);
    CHECK_INT(written.count, 2);
    CHECK(str_eq(written.paths[0], m->path) && str_eq(written.paths[1], s->manifest_list));
}

static struct column_value value_of(struct column_type type, int64_t n)
{
    static const char bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    struct column_value v = {.type = type};
    switch (column_type_phys(type)) {
    case PHYS_I32:
        v.i32 = (int32_t)n;
        break;
    case PHYS_I64:
        v.i64 = n;
        break;
    case PHYS_F64:
        v.f64 = n == 99 ? (double)NAN : (double)n;
        break;
    case PHYS_I128:
        v.i128 = (int128)n * 1000000007;
        break;
    default:
        v.str = (struct str){bytes + n, type.kind == COLUMN_UUID    ? 16
                                        : type.kind == COLUMN_FIXED ? 3
                                                                    : (size_t)n};
    }
    return v;
}

static struct iceberg_data_file partitioned_file(const struct iceberg_table *t, const char *path,
                                                 int64_t n)
{
    const struct iceberg_spec *spec = iceberg_spec_by_id(t, 1);
    const struct iceberg_schema *schema = iceberg_current_schema(t);
    struct iceberg_data_file f = plain_file(path, 10);
    f.spec_id = 1;
    f.partition_count = spec->count;
    CHECK_OK(ARENA_ARRAY(&arena, struct column_value, spec->count, &f.partition, &err));
    for (size_t i = 0; i < spec->count; i++) {
        struct column_type source = schema->fields[spec->fields[i].source_id - 1].type;
        struct column_type type = iceberg_transform_type(spec->fields[i].transform, source);
        f.partition[i] = value_of(type, n);
        f.partition[i].null = n < 0 || spec->fields[i].transform.kind == ICEBERG_VOID;
    }
    return f;
}

TEST(partition_values_of_every_type_round_trip)
{
    setup();
    struct iceberg_table *base = new_table();
    struct iceberg_data_file f[] = {
        partitioned_file(base, "/a", 3), partitioned_file(base, "/b", -1),
        partitioned_file(base, "/c", 1), partitioned_file(base, "/d", 3), plain_file("/e", 1)};
    f[2].partition[3].f64 = (double)NAN;
    struct iceberg_table *t = append(base, f, 5);
    check_summary(t, "changed-partition-count", "4");
    struct iceberg_manifest *m = manifests(t, 2); /* one for each spec */
    CHECK_INT(m[0].spec_id, 0);
    CHECK_INT(m[1].spec_id, 1);
    struct iceberg_entry *e = entries(t, &m[1], 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(e[i].file.partition_count, 10);
        for (size_t k = 0; k < 10; k++) {
            const struct column_value *got = &e[i].file.partition[k], *want = &f[i].partition[k];
            CHECK(column_type_eq(got->type, want->type));
            CHECK_INT(got->null, want->null);
            if (!want->null)
                CHECK_INT(column_value_cmp(got, want, true), 0);
        }
    }
    CHECK_INT(m[1].partition_count, 10);
    for (size_t k = 0; k < 10; k++) {
        const struct iceberg_partition_summary *p = &m[1].partitions[k];
        CHECK(p->contains_null && p->has_nan);
        CHECK_INT(p->contains_nan, k == 3);
        CHECK_INT(p->lower.ptr == NULL, k == 9);
        CHECK_INT(p->upper.ptr == NULL, k == 9);
    }
    CHECK_STR(m[1].partitions[2].lower, "1"); /* text of length 1 at 1; of length 3 at 3 */
    CHECK_STR(m[1].partitions[2].upper, "345");
    CHECK_INT(m[1].partitions[0].lower.ptr[0], 1);
    CHECK_INT(m[1].partitions[0].upper.len, 8);
}

TEST(removal_rewrites_only_what_it_must)
{
    setup();
    struct iceberg_data_file one[] = {plain_file("/a", 1), plain_file("/b", 2),
                                      plain_file("/c", 3)};
    struct iceberg_data_file two[] = {plain_file("/d", 4)}, three[] = {plain_file("/e", 5)};
    struct iceberg_table *t1 = append(new_table(), one, 3), *t2 = append(t1, two, 1);
    int64_t s1 = t1->current_snapshot_id;
    struct iceberg_manifest *before = manifests(t2, 2); /* newest first? order is our own */
    struct iceberg_change c = change_of(t2, ICEBERG_OVERWRITE);
    struct str gone[] = {STR("/b"), STR("/b")};
    c.added = three;
    c.added_count = 1;
    c.removed_paths = gone;
    c.removed_count = 2;
    struct iceberg_table *t3 = publish(t2, &c);
    check_summary(t3, "operation", "overwrite");
    check_summary(t3, "added-data-files", "1");
    check_summary(t3, "deleted-data-files", "1");
    check_summary(t3, "deleted-records", "2");
    check_summary(t3, "removed-files-size", "102");
    check_summary(t3, "total-data-files", "4");
    check_summary(t3, "total-records", "13");
    check_summary(t3, "total-files-size", "413");

    struct iceberg_manifest *m = manifests(t3, 3);
    int reused = 0, rewritten = -1;
    for (int i = 0; i < 3; i++) {
        reused += str_eq(m[i].path, before[0].path) || str_eq(m[i].path, before[1].path);
        if (m[i].existing_files == 2)
            rewritten = i;
    }
    CHECK_INT(reused, 1);
    CHECK(rewritten >= 0);
    m = &m[rewritten];
    CHECK_INT(m->sequence_number, 3);
    CHECK_INT(m->min_sequence_number, 1);
    CHECK_INT(m->added_snapshot_id, t3->current_snapshot_id);
    CHECK_INT(m->added_files, 0);
    CHECK_INT(m->deleted_files, 1);
    CHECK_INT(m->deleted_rows, 2);
    CHECK_INT(m->existing_rows, 4);
    struct iceberg_entry *e = entries(t3, m, 3);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(e[i].sequence_number, 1);
        CHECK_INT(e[i].file_sequence_number, 1);
        bool deleted = str_eq_z(e[i].file.path, "/b");
        CHECK_INT(e[i].status, deleted ? ICEBERG_DELETED : ICEBERG_EXISTING);
        CHECK_INT(e[i].snapshot_id, deleted ? t3->current_snapshot_id : s1);
    }

    /* All the rest goes; the next append drops the manifests without live files. */
    c = change_of(t3, ICEBERG_DELETE);
    c.from_empty = true;
    struct iceberg_table *t4 = publish(t3, &c);
    check_summary(t4, "deleted-data-files", "4");
    check_summary(t4, "total-data-files", "0");
    check_summary(t4, "total-files-size", "0");
    m = manifests(t4, 3);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(m[i].added_files + m[i].existing_files, 0);
        CHECK_INT(m[i].min_sequence_number, 4);
    }
    struct iceberg_table *t5 = append(t4, two, 1);
    manifests(t5, 1);
    check_summary(t5, "total-records", "4");
    struct iceberg_scan scan;
    CHECK_OK(iceberg_scan_plan(store, t5, iceberg_current_snapshot(t5), iceberg_current_schema(t5),
                               NULL, &arena, NULL, &scan, &err));
    CHECK_INT(scan.count, 1);
    CHECK_OK(iceberg_scan_plan(store, t4, iceberg_current_snapshot(t4), iceberg_current_schema(t4),
                               NULL, &arena, NULL, &scan, &err));
    CHECK_INT(scan.count, 0);
    CHECK_INT(scan.manifests_read, 0);
}

TEST(a_path_in_several_manifests_goes_from_all)
{
    setup();
    struct iceberg_data_file f[] = {plain_file("/a", 1)};
    struct iceberg_table *t = append(append(new_table(), f, 1), f, 1);
    check_summary(t, "total-data-files", "2");
    struct iceberg_change c = change_of(t, ICEBERG_DELETE);
    struct str gone = STR("/a");
    c.removed_paths = &gone;
    c.removed_count = 1;
    t = publish(t, &c);
    check_summary(t, "deleted-data-files", "2");
    check_summary(t, "total-data-files", "0");
}

TEST(bad_changes_are_refused)
{
    setup();
    struct iceberg_data_file f[] = {plain_file("/a", 1), plain_file("/a", 1)};
    struct iceberg_table *t = append(new_table(), f, 1);
    struct iceberg_snapshot *s;
    struct str gone = STR("/x");
    struct iceberg_change c = change_of(t, ICEBERG_OVERWRITE);
    c.removed_paths = &gone;
    c.removed_count = 1;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_CONFLICT);
    CHECK(strstr(err.msg, "/x") != NULL);
    c.operation = ICEBERG_APPEND;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    c = change_of(t, ICEBERG_APPEND);
    c.added = f;
    c.added_count = 2;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    c.added_count = 1;
    f[0].bytes = 0;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    f[0] = partitioned_file(t, "/p", 3);
    f[0].partition[0] = value_of(column_type_of(COLUMN_INT), 3);
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    f[0] = partitioned_file(t, "/p", 3);
    f[0].spec_id = 0;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    f[0] = plain_file("/z", 1);
    c.schema_id = 7;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    c.schema_id = 0;
    c.parent_id = 7;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    c.parent_id = t->current_snapshot_id;
    struct property twice[] = {{STR("total-records"), STR("7")}};
    c.summary = twice;
    c.summary_count = 1;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err), ST_INVALID);
    t->format_version = 1;
    CHECK_STATUS(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err),
                 ST_UNSUPPORTED);
}

TEST(wrong_totals_of_the_parent_are_put_right)
{
    setup();
    struct iceberg_data_file f[] = {plain_file("/a", 7)}, g[] = {plain_file("/b", 5)};
    struct iceberg_table *t = append(new_table(), f, 1);
    static const char *const keys[] = {"total-data-files", "total-records", "total-files-size"};
    for (size_t k = 0; k < 3; k++) {
        struct iceberg_snapshot *s = &t->snapshots[0];
        for (size_t i = 0; i < s->summary_count; i++)
            if (str_eq_z(s->summary[i].key, keys[k]))
                s->summary[i].value = k < 2 ? STR("41") : STR("no number");
        struct iceberg_table *next = append(t, g, 1);
        check_summary(next, "total-data-files", "2");
        check_summary(next, "total-records", "12");
        check_summary(next, "total-files-size", "212");
    }
    t->snapshots[0].summary_count = 0;
    check_summary(append(t, g, 1), "total-files-size", "212");
}

/* The manifest's bytes in the store under another length than its list says. */
TEST(lengths_and_headers_are_checked)
{
    setup();
    struct iceberg_data_file f[] = {plain_file("/a", 7)};
    struct iceberg_table *t = append(new_table(), f, 1);
    struct iceberg_manifest *m = manifests(t, 1);
    struct iceberg_entry *e;
    size_t count;
    m->bytes++;
    CHECK_STATUS(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "manifest list says") != NULL);
    m->bytes--;
    m->spec_id = 1;
    CHECK_STATUS(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err), ST_CORRUPT);
    m->spec_id = 9;
    CHECK_STATUS(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err), ST_CORRUPT);
    m->spec_id = 0;
    m->deletes = true;
    CHECK_STATUS(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err), ST_CORRUPT);
    m->deletes = false;
    m->path = STR("/nowhere");
    CHECK_STATUS(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err), ST_NOT_FOUND);
}

static void read_file(struct str path, struct buffer *out)
{
    buffer_init(out, NULL, 1 << 20);
    CHECK_OK(store_read_all(store, path, out, &err));
}

TEST(headers_hold_the_keys)
{
    setup();
    struct iceberg_table *base = new_table();
    struct iceberg_data_file f[] = {partitioned_file(base, "/a", 3)};
    struct iceberg_table *t = append(base, f, 1);
    struct iceberg_manifest *m = manifests(t, 1);
    struct buffer file;
    struct avro_reader r;
    read_file(m->path, &file);
    CHECK_INT(file.len, m->bytes);
    CHECK_OK(avro_reader_init(&r, file.data, file.len, 1 << 20, &arena, NULL, &err));
    CHECK_STR(*avro_reader_meta(&r, "format-version"), "2");
    CHECK_STR(*avro_reader_meta(&r, "content"), "data");
    CHECK_STR(*avro_reader_meta(&r, "partition-spec-id"), "1");
    CHECK_STR(*avro_reader_meta(&r, "schema-id"), "0");
    CHECK_STR(*avro_reader_meta(&r, "avro.codec"), "deflate");
    CHECK(
        str_starts(*avro_reader_meta(&r, "schema"), STR("{\"type\":\"struct\",\"schema-id\":0,")));
    CHECK(str_starts(*avro_reader_meta(&r, "partition-spec"), STR("[{\"name\":\"id\",")));
    CHECK(strstr(r.schema_text.ptr, "\"name\":\"na_x2Dme\"") != NULL);
    CHECK(strstr(r.schema_text.ptr, "\"iceberg-field-name\":\"na-me\"") != NULL);
    avro_reader_free(&r);
    buffer_free(&file);
    read_file(iceberg_current_snapshot(t)->manifest_list, &file);
    CHECK_OK(avro_reader_init(&r, file.data, file.len, 1 << 20, &arena, NULL, &err));
    CHECK_STR(*avro_reader_meta(&r, "parent-snapshot-id"), "null");
    CHECK_STR(*avro_reader_meta(&r, "sequence-number"), "1");
    avro_reader_free(&r);
    buffer_free(&file);
}

/* ---- files of other writers, made by hand: without ids, of version 1, of deletes ---- */

static void put(struct buffer *b, int64_t v)
{
    CHECK_OK(avro_put_long(b, v, &err));
}

static int64_t write_container(const char *path, const char *schema, const struct avro_meta *meta,
                               size_t meta_count, const struct buffer *record)
{
    struct buffer file;
    struct avro_writer w;
    buffer_init(&file, NULL, 1 << 20);
    CHECK_OK(avro_writer_init(&w, &file, str_of(schema), meta, meta_count, CODEC_NONE,
                              (const uint8_t *)"0123456789abcdef", &err));
    CHECK_OK(buffer_append_str(&w.block, buffer_str(record), &err));
    CHECK_OK(avro_writer_record(&w, &err));
    CHECK_OK(avro_writer_finish(&w, &err));
    avro_writer_free(&w);
    CHECK_OK(store_write_all(store, str_of(path), file.data, file.len, &err));
    int64_t bytes = (int64_t)file.len;
    buffer_free(&file);
    return bytes;
}

#define NAMED(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"

/* One file, ADDED by snapshot 77; no ids, no sequence numbers. */
static int64_t write_old_manifest(const char *path, int content)
{
    struct buffer r;
    struct avro_meta deletes = {STR("content"), STR("deletes")};
    buffer_init(&r, NULL, 1 << 20);
    put(&r, ICEBERG_ADDED);
    put(&r, 77);
    CHECK_OK(avro_put_bytes(&r, STR("/old.parquet"), &err));
    CHECK_OK(avro_put_bytes(&r, STR("parquet"), &err));
    put(&r, 42);
    put(&r, 1000);
    put(&r, 64);
    put(&r, content);
    int64_t bytes = write_container(
        path,
        "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":[" NAMED("status", "int") "," NAMED(
            "snapshot_id",
            "long") ",{\"name\":\"data_file\",\"type\":{\"type\":\"record\","
                    "\"name\":\"f\",\"fields\":[" NAMED("file_path", "string") "," NAMED(
                        "file_format",
                        "string") ",{\"name\":\"partition\",\"type\":{\"type\":\"record\","
                                  "\"name\":\"r102\",\"fields\":[]}}," NAMED(
                                      "record_count",
                                      "long") "," NAMED("file_size_in_bytes",
                                                        "long") "," NAMED("block_size_in_bytes",
                                                                          "long") "," NAMED("conten"
                                                                                            "t",
                                                                                            "int") "]}}]}",
        &deletes, content != ICEBERG_DATA, &r);
    buffer_free(&r);
    return bytes;
}

/* A list with the fields that early version 1 had, and content. */
static void write_old_list(const char *path, const char *manifest, int64_t bytes, int content)
{
    struct buffer r;
    buffer_init(&r, NULL, 1 << 20);
    CHECK_OK(avro_put_bytes(&r, str_of(manifest), &err));
    put(&r, bytes);
    put(&r, 0);
    put(&r, 77);
    put(&r, content);
    write_container(
        path,
        "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":[" NAMED(
            "manifest_path",
            "string") "," NAMED("manifest_length",
                                "long") "," NAMED("partition_spec_id",
                                                  "int") "," NAMED("added_snapshot_id",
                                                                   "long") "," NAMED("content",
                                                                                     "int") "]}",
        NULL, 0, &r);
    buffer_free(&r);
}

static struct iceberg_table *with_old_snapshot(struct iceberg_snapshot s)
{
    struct iceberg_table *t = new_table();
    t->format_version = 1;
    s.id = 77;
    s.parent_id = s.schema_id = -1;
    s.timestamp_ms = 2000;
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, 77, -1, -1, -1}}};
    CHECK_OK(iceberg_apply(t, u, 2, 3000, &arena, &t, &err));
    CHECK_INT(t->last_sequence_number, 0);
    return t;
}

TEST(version_1_is_read_by_names_and_continued)
{
    setup();
    int64_t bytes = write_old_manifest("/m", ICEBERG_DATA);
    write_old_list("/l", "/m", bytes, 0);
    struct str embedded[] = {STR("/m")};
    struct iceberg_snapshot forms[] = {{.manifest_list = STR("/l")},
                                       {.manifests = embedded, .manifest_count = 1}};
    for (int i = 0; i < 2; i++) {
        struct iceberg_table *t = with_old_snapshot(forms[i]);
        struct iceberg_manifest *m = manifests(t, 1);
        CHECK_INT(m->bytes, bytes);
        CHECK_INT(m->added_files, -1);
        struct iceberg_entry *e = entries(t, m, 1);
        CHECK_INT(e->snapshot_id, 77);
        CHECK_INT(e->sequence_number, 0);
        CHECK_STR(e->file.format, "PARQUET");
        CHECK_INT(e->file.records, 42);
        struct iceberg_scan scan;
        CHECK_OK(iceberg_scan_plan(store, t, iceberg_current_snapshot(t), iceberg_current_schema(t),
                                   NULL, &arena, NULL, &scan, &err));
        CHECK_INT(scan.rows, 42);

        struct iceberg_update up = {.kind = ICEBERG_UPGRADE_FORMAT, .id = 2};
        CHECK_OK(iceberg_apply(t, &up, 1, 4000, &arena, &t, &err));
        struct iceberg_data_file f[] = {plain_file("/new", 8)};
        struct iceberg_table *more = append(t, f, 1);
        m = manifests(more, 2);
        CHECK_STR(m[1].path, "/m");
        CHECK_INT(m[1].added_files, 1); /* counted: version 2 demands it */
        CHECK_INT(m[1].added_rows, 42);
        CHECK_INT(m[1].sequence_number, 0);
        check_summary(more, "total-records", "50");
        check_summary(more, "total-files-size", "1108");

        struct str gone = STR("/old.parquet");
        struct iceberg_change c = change_of(more, ICEBERG_DELETE);
        c.removed_paths = &gone;
        c.removed_count = 1;
        more = publish(more, &c);
        m = manifests(more, 2);
        e = entries(more, m[0].deleted_files ? &m[0] : &m[1], 1);
        CHECK_INT(e->status, ICEBERG_DELETED);
        CHECK_INT(e->sequence_number, 0);
        check_summary(more, "total-records", "8");
    }
}

TEST(delete_files_are_listed_and_carried_along)
{
    setup();
    int64_t bytes = write_old_manifest("/m", ICEBERG_POSITION_DELETES);
    write_old_list("/l", "/m", bytes, 1);
    struct iceberg_table *t =
        with_old_snapshot((struct iceberg_snapshot){.manifest_list = STR("/l")});
    struct iceberg_scan scan;
    CHECK_OK(iceberg_scan_plan(store, t, iceberg_current_snapshot(t), iceberg_current_schema(t),
                               NULL, &arena, NULL, &scan, &err));
    CHECK_INT(scan.count, 0);
    CHECK_INT(scan.delete_count, 1);
    CHECK_STR(scan.deletes[0]->entry.file.path, "/old.parquet");

    struct iceberg_update up = {.kind = ICEBERG_UPGRADE_FORMAT, .id = 2};
    CHECK_OK(iceberg_apply(t, &up, 1, 4000, &arena, &t, &err));
    struct iceberg_data_file f[] = {plain_file("/new", 8)};
    struct iceberg_table *more = append(t, f, 1); /* they are carried along */
    check_summary(more, "total-delete-files", "1");
    check_summary(more, "total-position-deletes", "42");
    check_summary(more, "total-records", "8");
    struct iceberg_change c = change_of(more, ICEBERG_DELETE);
    struct iceberg_snapshot *s;
    c.from_empty = true;
    CHECK_OK(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err));
    CHECK_STR(iceberg_snapshot_property(s, "removed-delete-files"), "1");
    CHECK_STR(iceberg_snapshot_property(s, "total-delete-files"), "0");
}

/* An allocation that fails at every step: nothing is half made, and all that was begun is noted. */
TEST(failed_allocations_leave_paths_to_delete)
{
    setup();
    struct iceberg_data_file one[] = {plain_file("/a", 1), plain_file("/b", 2)};
    struct iceberg_table *t = append(new_table(), one, 2);
    struct str gone = STR("/b");
    struct iceberg_change c = change_of(t, ICEBERG_DELETE);
    c.removed_paths = &gone;
    c.removed_count = 1;
    for (uint64_t n = 1;; n++) {
        struct iceberg_snapshot *s;
        struct arena own;
        arena_init(&own, NULL);
        struct iceberg_paths paths = {.arena = &own};
        mem_fault_set(n, false);
        status st = iceberg_snapshot_write(store, &c, &own, NULL, &s, &paths, &err);
        bool reached = mem_fault_count() >= n;
        mem_fault_set(0, false);
        CHECK(iceberg_paths_delete(store, &paths));
        for (size_t i = 0; i < paths.count; i++) {
            struct buffer b;
            buffer_init(&b, NULL, 1 << 20);
            CHECK_STATUS(store_read_all(store, paths.paths[i], &b, &err), ST_NOT_FOUND);
            buffer_free(&b);
        }
        arena_free(&own);
        if (!reached) {
            CHECK_STATUS(st, ST_OK);
            CHECK(n > 5);
            break;
        }
        CHECK_STATUS(st, ST_OOM);
    }
}

TEST(memory_goes_back_to_the_account)
{
    setup();
    struct mem_account account;
    mem_account_init(&account, "test", NULL, 0);
    struct iceberg_data_file f[] = {plain_file("/a", 7)};
    struct iceberg_table *t = append(new_table(), f, 1);
    struct iceberg_change c = change_of(t, ICEBERG_APPEND);
    c.added = f;
    c.added_count = 1;
    struct iceberg_snapshot *s;
    struct arena own;
    arena_init(&own, &account);
    CHECK_OK(iceberg_snapshot_write(store, &c, &own, &account, &s, &written, &err));
    struct iceberg_scan scan;
    CHECK_OK(iceberg_scan_plan(store, t, iceberg_current_snapshot(t), iceberg_current_schema(t),
                               NULL, &own, &account, &scan, &err));
    CHECK_INT(scan.rows, 7);
    arena_free(&own);
    CHECK_INT(account.used_bytes, 0);
    CHECK(account.peak_bytes > 0);
}
