// SPDX-License-Identifier: Apache-2.0
/* iceberg_table_test.c - table metadata in and out, whole and damaged; files; time travel. */
#include "codec/codec.h"
#include "harness/test.h"
#include "iceberg/iceberg.h"

static const char v2_table[] =
    "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","
    "\"location\":\"file:///wh/t\",\"last-sequence-number\":34,\"last-updated-ms\":1602638573590,"
    "\"last-column-id\":9,\"current-schema-id\":1,\"schemas\":["
    "{\"type\":\"struct\",\"schema-id\":0,\"fields\":["
    "{\"id\":1,\"name\":\"x\",\"required\":true,\"type\":\"long\"}]},"
    "{\"type\":\"struct\",\"schema-id\":1,\"identifier-field-ids\":[1,2],\"fields\":["
    "{\"id\":1,\"name\":\"x\",\"required\":true,\"type\":\"long\"},"
    "{\"id\":2,\"name\":\"y \\\"q\\\" \\u00e9\",\"required\":true,\"type\":\"int\","
    "\"doc\":\"com\\nment\"},"
    "{\"id\":3,\"name\":\"d\",\"required\":false,\"type\":\"decimal(9, 2)\"},"
    "{\"id\":4,\"name\":\"f\",\"required\":false,\"type\":\"fixed[7]\"},"
    "{\"id\":5,\"name\":\"l\",\"required\":false,\"type\":{\"type\":\"list\",\"element-id\":6,"
    "\"element\":\"string\",\"element-required\":true}},"
    "{\"id\":7,\"name\":\"s\",\"required\":false,\"type\":{\"type\":\"struct\",\"fields\":["
    "{\"id\":8,\"name\":\"ts\",\"required\":false,\"type\":\"timestamptz\"}]}},"
    "{\"id\":9,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"}]}],"
    "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":["
    "{\"name\":\"x\",\"transform\":\"identity\",\"source-id\":1,\"field-id\":1000},"
    "{\"name\":\"s_day\",\"transform\":\"day\",\"source-id\":8,\"field-id\":1001},"
    "{\"name\":\"z\",\"transform\":\"zorder[3]\",\"source-id\":1,\"field-id\":1002},"
    "{\"name\":\"b\",\"transform\":\"bucket[16]\",\"source-id\":2,\"field-id\":1003}]}],"
    "\"last-partition-id\":1003,\"default-sort-order-id\":3,\"sort-orders\":["
    "{\"order-id\":3,\"fields\":[{\"transform\":\"truncate[4]\",\"source-id\":2,\"direction\":"
    "\"desc\",\"null-order\":\"nulls-last\"}]}],"
    "\"properties\":{\"read.split.target.size\":\"134217728\"},"
    "\"current-snapshot-id\":3055729675574597004,"
    "\"refs\":{\"main\":{\"snapshot-id\":3055729675574597004,\"type\":\"branch\"},"
    "\"v1\":{\"snapshot-id\":3051729675574597004,\"type\":\"tag\",\"max-ref-age-ms\":5}},"
    "\"snapshots\":[{\"snapshot-id\":3051729675574597004,\"timestamp-ms\":1515100955770,"
    "\"summary\":{\"operation\":\"append\"},\"manifest-list\":\"file:///wh/t/1.avro\"},"
    "{\"sequence-number\":34,\"snapshot-id\":3055729675574597004,"
    "\"parent-snapshot-id\":3051729675574597004,\"timestamp-ms\":1555100955770,"
    "\"summary\":{\"operation\":\"append\",\"total-records\":\"7\"},"
    "\"manifest-list\":\"file:///wh/t/2.avro\",\"schema-id\":1}],"
    "\"snapshot-log\":[{\"timestamp-ms\":1515100955770,\"snapshot-id\":3051729675574597004},"
    "{\"timestamp-ms\":1555100955770,\"snapshot-id\":3055729675574597004}],"
    "\"metadata-log\":[{\"timestamp-ms\":1515100,\"metadata-file\":\"file:///wh/t/1.json\"}],"
    "\"statistics\":[{\"snapshot-id\":3055729675574597004,\"x\":[1,null,2.5]}],\"new-key\":true}";

static const char v1_table[] =
    "{\"format-version\":1,\"location\":\"/wh/t/\",\"last-updated-ms\":1602638573874,"
    "\"last-column-id\":3,\"schema\":{\"type\":\"struct\",\"fields\":["
    "{\"id\":1,\"name\":\"x\",\"required\":true,\"type\":\"long\"},"
    "{\"id\":2,\"name\":\"y\",\"required\":true,\"type\":\"date\"}]},"
    "\"partition-spec\":[{\"name\":\"x\",\"transform\":\"identity\",\"source-id\":1},"
    "{\"name\":\"y\",\"transform\":\"day\",\"source-id\":2,\"field-id\":1001}],"
    "\"properties\":{},\"current-snapshot-id\":17,\"snapshots\":[{\"snapshot-id\":17,"
    "\"timestamp-ms\":1602638573870,\"manifests\":[\"/wh/t/m0.avro\",\"/wh/t/m1.avro\"]}]}";

struct fixture {
    struct arena arena;
    struct error err;
};

static void setup(struct fixture *f)
{
    arena_init(&f->arena, NULL);
    error_init(&f->err);
}

static struct iceberg_table *parse(struct fixture *f, const char *text)
{
    struct error err = f->err;
    struct iceberg_table *t;
    CHECK_OK(iceberg_table_parse(&f->arena, STR("x.json"), text, strlen(text), &t, &err));
    return t;
}

TEST(version_2_is_read)
{
    struct fixture f;
    setup(&f);
    struct error err = f.err;
    struct iceberg_table *t = parse(&f, v2_table);
    CHECK_STR(t->metadata_location, "x.json");
    CHECK_STR(t->uuid, "9c12d441-03fe-4693-9a96-a0705ddf69c1");
    CHECK_INT(t->last_sequence_number, 34);
    const struct iceberg_schema *s = iceberg_current_schema(t);
    CHECK_INT(s->id, 1);
    CHECK_INT(s->count, 7);
    CHECK_INT(s->identifier_ids[1], 2);
    CHECK_STR(s->fields[1].name, "y \"q\" \xc3\xa9");
    CHECK_STR(s->fields[1].doc, "com\nment");
    CHECK_INT(s->fields[2].type.precision, 9);
    CHECK_INT(s->fields[2].type.scale, 2);
    CHECK_INT(s->fields[3].type.length_bytes, 7);
    CHECK(s->fields[4].nested && s->fields[5].nested);
    CHECK_INT(s->fields[6].type.kind, COLUMN_TIMESTAMP);
    const struct iceberg_spec *spec = iceberg_spec_by_id(t, 0);
    CHECK_INT(spec->fields[1].transform.kind, ICEBERG_DAY);
    CHECK_INT(spec->fields[2].transform.kind, ICEBERG_UNKNOWN_TRANSFORM);
    CHECK_STR(spec->fields[2].transform.text, "zorder[3]");
    CHECK_INT(spec->fields[3].transform.kind, ICEBERG_BUCKET);
    CHECK_INT(spec->fields[3].transform.param, 16);
    CHECK(t->orders[0].fields[0].descending && t->orders[0].fields[0].nulls_last);
    CHECK_STR(iceberg_table_property(t, "read.split.target.size"), "134217728");
    CHECK(iceberg_table_property(t, "nothing").ptr == NULL);
    const struct iceberg_snapshot *now = iceberg_current_snapshot(t);
    CHECK_INT(now->parent_id, 3051729675574597004);
    CHECK_INT(now->schema_id, 1);
    CHECK_STR(iceberg_snapshot_property(now, "total-records"), "7");
    CHECK_INT(t->snapshots[0].schema_id, -1);
    CHECK(iceberg_ref_by_name(t, STR("v1"))->is_tag);
    CHECK_INT(iceberg_ref_by_name(t, STR("v1"))->max_ref_age_ms, 5);
    CHECK_STR(t->metadata_log[0].metadata_file, "file:///wh/t/1.json");
    CHECK_STR(t->unknown_json, "{\"statistics\":[{\"snapshot-id\":3055729675574597004,\"x\":[1,"
                               "null,2.5]}],\"new-key\":true}");

    struct column_schema columns;
    CHECK_OK(iceberg_schema_columns(s, &f.arena, &columns, &err));
    CHECK_INT(columns.count, 7);
    CHECK_STR(columns.fields[4].name, "l");
    CHECK_INT(columns.fields[4].type.kind, COLUMN_TEXT);
    CHECK_INT(columns.fields[4].field_id, 5);
    CHECK_STR(columns.fields[5].name, "s.ts");
    CHECK_INT(columns.fields[5].type.kind, COLUMN_TIMESTAMPTZ);
    CHECK_INT(columns.fields[5].field_id, 8);
    CHECK_INT(columns.fields[6].field_id, 9);
    const struct column_node *list = iceberg_schema_nested(s, 5);
    CHECK_INT(list->kind, COLUMN_NODE_LIST);
    CHECK_INT(list->children[0].type.kind, COLUMN_TEXT);
    CHECK(list->children[0].required && !list->required);
    CHECK(!iceberg_schema_nested(s, 8) && !iceberg_schema_nested(s, 6));
    CHECK(!iceberg_schema_is_flat(s) && iceberg_schema_is_flat(&t->schemas[0]));
    CHECK(columns.fields[0].required && !columns.fields[2].required);
    CHECK_STR(columns.fields[1].doc, "com\nment");
    arena_free(&f.arena);
}

TEST(version_1_is_completed)
{
    struct fixture f;
    setup(&f);
    struct iceberg_table *t = parse(&f, v1_table);
    CHECK_INT(t->schema_count, 1);
    CHECK_INT(t->spec_count, 1);
    CHECK_INT(t->specs[0].fields[0].field_id, 1000);
    CHECK_INT(t->last_partition_id, 1001);
    CHECK_INT(t->order_count, 1);
    CHECK_INT(t->orders[0].id, 0);
    CHECK_INT(t->snapshots[0].manifest_count, 2);
    CHECK_STR(t->snapshots[0].manifests[1], "/wh/t/m1.avro");
    CHECK_INT(iceberg_ref_by_name(t, STR("main"))->snapshot_id, 17);
    CHECK(t->uuid.ptr == NULL);
    arena_free(&f.arena);
}

TEST(what_is_written_reads_the_same)
{
    const char *texts[] = {v2_table, v1_table};
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        setup(&f);
        struct error err = f.err;
        struct buffer once, twice;
        buffer_init(&once, NULL, 1 << 20);
        buffer_init(&twice, NULL, 1 << 20);
        CHECK_OK(iceberg_table_format(parse(&f, texts[i]), &once, &err));
        CHECK_OK(buffer_append_byte(&once, 0, &err));
        CHECK_OK(iceberg_table_format(parse(&f, (char *)once.data), &twice, &err));
        CHECK_STR(buffer_str(&twice), (char *)once.data);
        if (i == 0) /* which is also the text it was read from */
            CHECK(strstr((char *)once.data, "\"name\":\"y \\\"q\\\" \xc3\xa9\"") != NULL);
        if (i == 0)
            CHECK(strstr((char *)once.data, "\"new-key\":true") != NULL);
        buffer_free(&once);
        buffer_free(&twice);
        arena_free(&f.arena);
    }
}

/* v2_table with one piece replaced. */
static status parse_with(const char *from, const char *to, struct error *err)
{
    static char text[sizeof(v2_table) + 1000];
    struct fixture f;
    setup(&f);
    const char *at = strstr(v2_table, from);
    CHECK(at != NULL);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - v2_table), v2_table, to, at + strlen(from));
    struct iceberg_table *t;
    error_init(err);
    status st = iceberg_table_parse(&f.arena, STR("x.json"), text, strlen(text), &t, err);
    arena_free(&f.arena);
    return st;
}

TEST(what_java_refuses_is_refused)
{
    static const struct {
        const char *from, *to;
        status want;
    } cases[] = {
        {"\"format-version\":2", "\"format-version\":4", ST_UNSUPPORTED},
        {"\"format-version\":2", "\"format-version\":0", ST_CORRUPT},
        {"\"format-version\":2", "\"format-version\":\"2\"", ST_CORRUPT},
        {"\"table-uuid\"", "\"table-uid\"", ST_CORRUPT},
        {"\"location\"", "\"locatio\"", ST_CORRUPT},
        {"\"last-sequence-number\":34", "\"last-sequence-number\":33", ST_CORRUPT},
        {"\"last-sequence-number\":34", "\"a\":1", ST_CORRUPT},
        {"\"last-column-id\":9", "\"last-column-id\":99999999999", ST_CORRUPT},
        {"\"last-column-id\":9", "\"last-column-id\":9.5", ST_CORRUPT},
        {"\"current-schema-id\":1", "\"current-schema-id\":2", ST_CORRUPT},
        {"\"schema-id\":1", "\"schema-id\":0", ST_CORRUPT},
        {"\"schemas\"", "\"schemata\"", ST_CORRUPT},
        {"{\"id\":2,", "{\"id\":1,", ST_CORRUPT},
        {"{\"id\":2,", "{\"id\":-2,", ST_CORRUPT},
        {"\"type\":\"int\"", "\"type\":\"integer\"", ST_CORRUPT},
        {"\"type\":\"int\"", "\"type\":7", ST_CORRUPT},
        {"\"type\":\"int\"", "\"type\":\"int\",\"initial-default\":\"4\"", ST_CORRUPT},
        {"\"type\":\"int\"", "\"type\":\"int\",\"initial-default\":4000000000", ST_CORRUPT},
        {"decimal(9, 2)", "decimal(39, 2)", ST_UNSUPPORTED},
        {"decimal(9, 2)", "decimal(9, 10)", ST_UNSUPPORTED},
        {"decimal(9, 2)", "decimal(9, 2", ST_CORRUPT},
        {"decimal(9, 2)", "decimal(9, 2) 3", ST_CORRUPT},
        {"decimal(9, 2)", "decimal(-9, 2)", ST_CORRUPT},
        {"fixed[7]", "fixed[-7]", ST_CORRUPT},
        {"fixed[7]", "fixed[4294967303]", ST_CORRUPT},
        {"fixed[7]", "fixed[0]", ST_CORRUPT},
        {"\"default-spec-id\":0", "\"default-spec-id\":1", ST_CORRUPT},
        {"\"partition-specs\"", "\"partition-spec\"", ST_CORRUPT},
        {"\"field-id\":1001", "\"field-id\":1000", ST_CORRUPT},
        {"\"last-partition-id\":1003", "\"b\":1", ST_CORRUPT},
        {"\"default-sort-order-id\":3", "\"default-sort-order-id\":0", ST_CORRUPT},
        {"\"direction\":\"desc\"", "\"direction\":\"down\"", ST_CORRUPT},
        {"\"134217728\"", "134217728", ST_CORRUPT},
        {"\"current-snapshot-id\":3055", "\"current-snapshot-id\":3054", ST_CORRUPT},
        {"\"main\":{\"snapshot-id\":3055", "\"main\":{\"snapshot-id\":3056", ST_CORRUPT},
        {"\"v1\":{\"snapshot-id\":3051", "\"v1\":{\"snapshot-id\":4051", ST_CORRUPT},
        {"\"type\":\"tag\"", "\"type\":\"tug\"", ST_CORRUPT},
        {"\"snapshot-id\":3051729675574597004,\"timestamp",
         "\"snapshot-id\":3055729675574597004,"
         "\"timestamp",
         ST_CORRUPT},
        {"\"total-records\":\"7\"", "\"total-records\":7", ST_CORRUPT},
        {"\"manifest-list\":\"file:///wh/t/2.avro\"", "\"c\":1", ST_CORRUPT},
        {"{\"timestamp-ms\":1515100955770,\"snapshot", "{\"timestamp-ms\":1615100955770,\"snapshot",
         ST_CORRUPT},
        {"{\"timestamp-ms\":1515100,", "{\"timestamp-ms\":-9223372036854775807,", ST_CORRUPT},
        {"\"last-updated-ms\":1602638573590", "\"last-updated-ms\":1555100895769", ST_CORRUPT},
        {"\"new-key\":true}", "\"new-key\":true", ST_CORRUPT},
        {"\"new-key\":true}", "\"new-key\":true}}", ST_CORRUPT},
        {"\"new-key\":true}", "\"new-key\":99999999999999999999}", ST_CORRUPT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err;
        status st = parse_with(cases[i].from, cases[i].to, &err);
        if (st != cases[i].want)
            test_fail(__FILE__, __LINE__, "%s: %s (%s), not %s", cases[i].to, status_text(st),
                      err.msg, status_text(cases[i].want));
        CHECK(strstr(err.msg, "x.json") != NULL);
    }
}

TEST(what_java_accepts_is_accepted)
{
    static const char *const cases[][2] = {
        {"decimal(9, 2)", "decimal(9,2)"},
        {"decimal(9, 2)", "DECIMAL ( 9 , 2 )"},
        {"\"type\":\"int\"", "\"type\":\"INT\""},
        {"\"last-updated-ms\":1602638573590", "\"last-updated-ms\":1555100895770"},
        {"\"parent-snapshot-id\":3051729675574597004", "\"parent-snapshot-id\":null"},
        {"\"snapshot-log\"", "\"old-log\""},
        {"\"main\":{\"snapshot-id\":3055729675574597004,\"type\":\"branch\"},", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err;
        status st = parse_with(cases[i][0], cases[i][1], &err);
        if (st != ST_OK)
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i][1], err.msg);
    }
}

TEST(every_cut_text_is_refused)
{
    struct fixture f;
    setup(&f);
    for (size_t n = 0; n < sizeof(v2_table) - 1; n++) {
        struct iceberg_table *t;
        CHECK_STATUS(iceberg_table_parse(&f.arena, STR("x"), v2_table, n, &t, &f.err), ST_CORRUPT);
    }
    arena_free(&f.arena);
}

TEST(files_are_written_and_loaded)
{
    struct fixture f;
    setup(&f);
    struct error err = f.err;
    struct store *store;
    CHECK_OK(store_create_memory(&store, &err));
    struct iceberg_table *t = parse(&f, v2_table), *back;
    struct str path, packed;
    CHECK_OK(iceberg_metadata_path(t, (struct str){0}, NULL, &f.arena, &path, &err));
    CHECK(str_starts(path, STR("file:///wh/t/metadata/00000-")));
    CHECK(str_ends(path, STR(".metadata.json")));
    CHECK_OK(iceberg_table_write(store, t, path, &err));
    CHECK(str_eq(t->metadata_location, path));
    CHECK_STATUS(iceberg_table_write(store, t, path, &err), ST_EXISTS);
    CHECK_OK(iceberg_table_load(store, &f.arena, path, &back, &err));
    CHECK(str_eq(back->uuid, t->uuid) && str_eq(back->metadata_location, path));

    t->properties[0] = (struct property){STR("write.metadata.compression-codec"), STR("gzip")};
    CHECK_OK(iceberg_metadata_path(t, path, NULL, &f.arena, &packed, &err));
    CHECK(str_starts(packed, STR("file:///wh/t/metadata/00001-")));
    CHECK(str_ends(packed, STR(".gz.metadata.json")));
    CHECK_OK(iceberg_table_write(store, t, packed, &err));
    CHECK_OK(iceberg_table_load(store, &f.arena, packed, &back, &err));
    CHECK_INT(back->snapshot_count, 2);

    t->properties[0] = (struct property){STR("write.metadata.path"), STR("file:///m/")};
    CHECK_OK(
        iceberg_metadata_path(t, STR("/a/00041-x.metadata.json"), NULL, &f.arena, &path, &err));
    CHECK(str_starts(path, STR("file:///m/00042-")));
    CHECK_OK(iceberg_metadata_path(t, STR("/a/v7.metadata.json"), NULL, &f.arena, &path, &err));
    CHECK(str_starts(path, STR("file:///m/00000-")));

    CHECK_STATUS(iceberg_table_load(store, &f.arena, STR("/no"), &back, &err), ST_NOT_FOUND);
    CHECK(strstr(err.msg, "/no") != NULL);
    store_destroy(store);
    arena_free(&f.arena);
}

TEST(time_travel_goes_by_the_log)
{
    struct fixture f;
    setup(&f);
    struct error err = f.err;
    struct iceberg_table *t = parse(&f, v2_table);
    const struct iceberg_snapshot *s;
    CHECK_STATUS(iceberg_snapshot_at(t, 1515100955769, &s, &err), ST_NOT_FOUND);
    CHECK_OK(iceberg_snapshot_at(t, 1515100955770, &s, &err));
    CHECK_INT(s->id, 3051729675574597004);
    CHECK_OK(iceberg_snapshot_at(t, 1555100955769, &s, &err));
    CHECK_INT(s->id, 3051729675574597004);
    CHECK_OK(iceberg_snapshot_at(t, INT64_MAX, &s, &err));
    CHECK_INT(s->id, 3055729675574597004);
    t->snapshots[0].id = 5; /* expired */
    CHECK_STATUS(iceberg_snapshot_at(t, 1515100955770, &s, &err), ST_NOT_FOUND);
    CHECK(strstr(err.msg, "expired") != NULL);
    arena_free(&f.arena);
}

TEST(memory_goes_back_to_the_account)
{
    struct mem_account account;
    struct arena arena;
    struct error err;
    struct iceberg_table *t;
    error_init(&err);
    mem_account_init(&account, "test", NULL, 1 << 20);
    arena_init(&arena, &account);
    CHECK_OK(iceberg_table_parse(&arena, STR("x"), v2_table, strlen(v2_table), &t, &err));
    CHECK(account.peak_bytes > sizeof(v2_table) * 8);
    arena_free(&arena);
    CHECK_INT(account.used_bytes, 0);
    account.limit_bytes = 10000;
    CHECK_STATUS(iceberg_table_parse(&arena, STR("x"), v2_table, strlen(v2_table), &t, &err),
                 ST_LIMIT);
    arena_free(&arena);
    CHECK_INT(account.used_bytes, 0);
}
