// SPDX-License-Identifier: Apache-2.0
/* iceberg_update_test.c - tables made by updates; ids of columns; specs and orders from text. */
#include "harness/test.h"
#include "iceberg/iceberg.h"

static struct arena arena;
static struct error err;

static struct column_schema columns_of(struct column_field *fields, size_t count)
{
    return (struct column_schema){.count = count, .fields = fields};
}

static struct column_field field(const char *name, enum column_kind kind)
{
    struct column_type type = column_type_of(kind);
    if (kind == COLUMN_DECIMAL)
        type = column_type_decimal(10, 2);
    return (struct column_field){.name = str_of(name), .type = type};
}

static struct iceberg_schema sample_schema(void)
{
    struct column_field fields[] = {field("id", COLUMN_BIGINT),      field("day", COLUMN_DATE),
                                    field("ts", COLUMN_TIMESTAMPTZ), field("name", COLUMN_TEXT),
                                    field("price", COLUMN_DOUBLE),   field("Odd Name", COLUMN_INT)};
    struct column_schema columns = columns_of(fields, ARRAY_LEN(fields));
    struct iceberg_schema s;
    int32_t last;
    CHECK_OK(iceberg_schema_assign(NULL, &columns, &arena, &s, &last, &err));
    CHECK_INT(last, 6);
    return s;
}

static struct iceberg_table *new_table(void)
{
    struct iceberg_schema schema = sample_schema();
    struct iceberg_spec spec;
    struct iceberg_sort_order order;
    CHECK_OK(iceberg_spec_parse(STR("day"), &schema, NULL, &arena, &spec, &err));
    CHECK_OK(iceberg_order_parse(STR("id"), &schema, &arena, &order, &err));
    struct property p = {STR("a"), STR("1")};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ASSIGN_UUID, .text = STR("u-1")},
        {.kind = ICEBERG_SET_LOCATION, .text = STR("file:///wh/t/")},
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &schema, .last_column_id = 6},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
        {.kind = ICEBERG_ADD_SPEC, .spec = &spec},
        {.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1},
        {.kind = ICEBERG_ADD_ORDER, .order = &order},
        {.kind = ICEBERG_SET_DEFAULT_ORDER, .id = -1},
        {.kind = ICEBERG_SET_PROPERTIES, .properties = &p, .property_count = 1},
    };
    struct iceberg_table *t;
    CHECK_OK(iceberg_apply(NULL, u, ARRAY_LEN(u), 1000, &arena, &t, &err));
    return t;
}

static void setup(void)
{
    arena_init(&arena, NULL);
    error_init(&err);
}

static struct iceberg_table *with_snapshot(const struct iceberg_table *base, int64_t id,
                                           int64_t parent, int64_t at_ms)
{
    struct iceberg_snapshot s = {.id = id,
                                 .parent_id = parent,
                                 .sequence_number = base->last_sequence_number + 1,
                                 .timestamp_ms = at_ms,
                                 .manifest_list = STR("/l.avro"),
                                 .schema_id = 0};
    struct iceberg_ref r = {STR("main"), false, id, -1, -1, -1};
    struct iceberg_update u[] = {{.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s},
                                 {.kind = ICEBERG_SET_REF, .ref = r}};
    struct iceberg_table *t;
    CHECK_OK(iceberg_apply(base, u, 2, at_ms, &arena, &t, &err));
    return t;
}

TEST(new_table_is_whole)
{
    setup();
    struct iceberg_table *t = new_table();
    CHECK_INT(t->format_version, 2);
    CHECK_STR(t->location, "file:///wh/t");
    CHECK_INT(t->last_column_id, 6);
    CHECK_INT(t->last_partition_id, 1000);
    CHECK_INT(t->current_schema_id, 0);
    CHECK_INT(t->specs[0].id, 0);
    CHECK_INT(t->default_order_id, 1);
    CHECK_INT(t->last_updated_ms, 1000);
    CHECK_INT(t->current_snapshot_id, -1);

    struct iceberg_update none = {.kind = ICEBERG_SET_LOCATION, .text = STR("/x")};
    CHECK_STATUS(iceberg_apply(NULL, &none, 1, 1, &arena, &t, &err), ST_CORRUPT);
    CHECK_STATUS(iceberg_apply(NULL, NULL, 0, 1, &arena, &t, &err), ST_INVALID);
}

TEST(snapshots_move_main_and_the_logs)
{
    setup();
    struct iceberg_table *t = new_table();
    t->metadata_location = STR("/m0");
    struct iceberg_table *a = with_snapshot(t, 11, -1, 2000);
    CHECK_INT(a->current_snapshot_id, 11);
    CHECK_INT(a->last_sequence_number, 1);
    CHECK_INT(a->snapshot_log_count, 1);
    CHECK_INT(a->metadata_log_count, 1);
    CHECK_STR(a->metadata_log[0].metadata_file, "/m0");
    CHECK_INT(a->metadata_log[0].timestamp_ms, 1000);
    CHECK_INT(t->snapshot_count, 0); /* the base is as it was */

    /* A clock that went back an hour: times do not. */
    struct iceberg_table *b = with_snapshot(a, 12, 11, 1500);
    CHECK_INT(b->last_updated_ms, 2000);
    CHECK_INT(b->snapshot_log[1].timestamp_ms, 2000);

    struct iceberg_snapshot old = {.id = 13,
                                   .parent_id = 12,
                                   .sequence_number = 2,
                                   .manifest_list = STR("/l"),
                                   .schema_id = 0};
    struct iceberg_update u = {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &old};
    struct iceberg_table *c;
    CHECK_STATUS(iceberg_apply(b, &u, 1, 3000, &arena, &c, &err), ST_CONFLICT);
    old.id = 12;
    CHECK_STATUS(iceberg_apply(b, &u, 1, 3000, &arena, &c, &err), ST_INVALID);

    /* Back to the first snapshot: logged at the time it happens. */
    struct iceberg_update back = {.kind = ICEBERG_SET_REF,
                                  .ref = {STR("main"), false, 11, -1, -1, -1}};
    CHECK_OK(iceberg_apply(b, &back, 1, 9000, &arena, &c, &err));
    CHECK_INT(c->snapshot_log_count, 3);
    CHECK_INT(c->snapshot_log[2].timestamp_ms, 9000);
    CHECK_INT(c->snapshot_log[2].snapshot_id, 11);
    CHECK_OK(iceberg_apply(c, &back, 1, 9500, &arena, &c, &err)); /* no change, no entry */
    CHECK_INT(c->snapshot_log_count, 3);

    back.ref.snapshot_id = 99;
    CHECK_STATUS(iceberg_apply(b, &back, 1, 9000, &arena, &c, &err), ST_INVALID);
    back.ref = (struct iceberg_ref){STR("main"), true, 12, -1, -1, -1};
    CHECK_STATUS(iceberg_apply(b, &back, 1, 9000, &arena, &c, &err), ST_INVALID);
}

TEST(snapshots_never_seen_are_not_logged)
{
    setup();
    struct iceberg_table *t = with_snapshot(new_table(), 11, -1, 2000);
    struct iceberg_snapshot s[2] = {{.id = 12,
                                     .parent_id = 11,
                                     .sequence_number = 2,
                                     .timestamp_ms = 2100,
                                     .manifest_list = STR("/a"),
                                     .schema_id = 0},
                                    {.id = 13,
                                     .parent_id = 12,
                                     .sequence_number = 3,
                                     .timestamp_ms = 2200,
                                     .manifest_list = STR("/b"),
                                     .schema_id = 0}};
    struct iceberg_update u[4] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s[0]},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, 12, -1, -1, -1}},
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s[1]},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, 13, -1, -1, -1}}};
    CHECK_OK(iceberg_apply(t, u, 4, 2300, &arena, &t, &err));
    CHECK_INT(t->snapshot_count, 3);
    CHECK_INT(t->snapshot_log_count, 2);
    CHECK_INT(t->snapshot_log[1].snapshot_id, 13);
    CHECK_INT(t->last_updated_ms, 2300);
}

TEST(removed_snapshots_take_refs_log_and_statistics)
{
    setup();
    struct iceberg_table *t = with_snapshot(new_table(), 11, -1, 2000);
    t = with_snapshot(t, 12, 11, 3000);
    t = with_snapshot(t, 13, 12, 4000);
    struct iceberg_update tag = {.kind = ICEBERG_SET_REF,
                                 .ref = {STR("old"), true, 12, -1, -1, -1}};
    CHECK_OK(iceberg_apply(t, &tag, 1, 4100, &arena, &t, &err));
    t->unknown_json = STR("{\"statistics\":[{\"snapshot-id\":12},{\"snapshot-id\":13}],\"k\":1}");
    int64_t ids[] = {12};
    struct iceberg_update u = {
        .kind = ICEBERG_REMOVE_SNAPSHOTS, .snapshot_ids = ids, .snapshot_id_count = 1};
    struct iceberg_table *r;
    CHECK_OK(iceberg_apply(t, &u, 1, 4200, &arena, &r, &err));
    CHECK_INT(r->snapshot_count, 2);
    CHECK_INT(r->ref_count, 1);
    CHECK_INT(r->snapshot_log_count, 1); /* 11 would seem current until 4000 */
    CHECK_INT(r->snapshot_log[0].snapshot_id, 13);
    CHECK_STR(r->unknown_json, "{\"statistics\":[{\"snapshot-id\":13}],\"k\":1}");
    CHECK_INT(r->current_snapshot_id, 13);
    ids[0] = 13;
    CHECK_OK(iceberg_apply(r, &u, 1, 4300, &arena, &r, &err));
    CHECK_INT(r->current_snapshot_id, -1);
    CHECK_INT(r->ref_count, 0);
    CHECK_INT(r->snapshot_log_count, 0);
}

TEST(metadata_log_is_cut)
{
    setup();
    struct iceberg_table *t = new_table();
    struct property p = {STR("write.metadata.previous-versions-max"), STR("3")};
    struct iceberg_update u = {
        .kind = ICEBERG_SET_PROPERTIES, .properties = &p, .property_count = 1};
    for (int i = 0; i < 6; i++) {
        CHECK_OK(arena_printf(&arena, &t->metadata_location, &err, "/m%d", i));
        CHECK_OK(iceberg_apply(t, &u, 1, 2000 + i, &arena, &t, &err));
    }
    CHECK_INT(t->metadata_log_count, 3);
    CHECK_STR(t->metadata_log[0].metadata_file, "/m3");
    CHECK_STR(t->metadata_log[2].metadata_file, "/m5");
    CHECK_INT(t->property_count, 2);
    u = (struct iceberg_update){
        .kind = ICEBERG_REMOVE_PROPERTIES, .properties = &p, .property_count = 1};
    CHECK_OK(iceberg_apply(t, &u, 1, 3000, &arena, &t, &err));
    CHECK_INT(t->property_count, 1);
    CHECK_STR(t->properties[0].key, "a");
}

TEST(replacing_keeps_history_and_ids)
{
    setup();
    struct iceberg_table *t = with_snapshot(new_table(), 11, -1, 2000);
    struct column_field fields[] = {field("price", COLUMN_DECIMAL), field("new", COLUMN_SMALLINT),
                                    field("day", COLUMN_DATE)};
    struct column_schema columns = columns_of(fields, 3);
    struct iceberg_schema s;
    struct iceberg_spec spec;
    int32_t last;
    CHECK_OK(iceberg_schema_assign(t, &columns, &arena, &s, &last, &err));
    CHECK_INT(s.fields[0].id, 5);
    CHECK_INT(s.fields[1].id, 7);
    CHECK_INT(s.fields[1].type.kind, COLUMN_INT);
    CHECK_INT(s.fields[2].id, 2);
    CHECK_INT(last, 7);
    CHECK_OK(iceberg_spec_parse(STR("month(day), day"), &s, t, &arena, &spec, &err));
    CHECK_INT(spec.fields[0].field_id, 1001);
    CHECK_INT(spec.fields[1].field_id, 1000);
    struct iceberg_sort_order unsorted = {0};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &s, .last_column_id = last},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
        {.kind = ICEBERG_ADD_SPEC, .spec = &spec},
        {.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1},
        {.kind = ICEBERG_ADD_ORDER, .order = &unsorted},
        {.kind = ICEBERG_SET_DEFAULT_ORDER, .id = -1},
        {.kind = ICEBERG_REMOVE_REF, .text = STR("main")},
    };
    struct iceberg_table *r, *same;
    CHECK_OK(iceberg_apply(t, u, ARRAY_LEN(u), 3000, &arena, &r, &err));
    CHECK_INT(r->current_schema_id, 1);
    CHECK_INT(r->default_spec_id, 1);
    CHECK_INT(r->default_order_id, 0);
    CHECK_INT(r->current_snapshot_id, -1);
    CHECK_INT(r->snapshot_count, 1);
    CHECK_INT(r->snapshot_log_count, 1);
    CHECK_INT(r->last_partition_id, 1001);
    CHECK_OK(iceberg_apply(r, u, ARRAY_LEN(u), 3001, &arena, &same, &err)); /* equal: same ids */
    CHECK_INT(same->schema_count, 2);
    CHECK_INT(same->spec_count, 2);
    CHECK_INT(same->order_count, 2);
    CHECK_INT(same->current_schema_id, 1);

    /* A third schema takes "id" from the first one. */
    struct column_field again[] = {field("id", COLUMN_BIGINT)};
    columns = columns_of(again, 1);
    CHECK_OK(iceberg_schema_assign(r, &columns, &arena, &s, &last, &err));
    CHECK_INT(s.fields[0].id, 1);
    CHECK_INT(last, 7);
}

TEST(updates_that_break_a_table_are_refused)
{
    setup();
    struct iceberg_table *t = new_table(), *r;
    struct iceberg_schema s = sample_schema();
    struct iceberg_update u = {.kind = ICEBERG_ADD_SCHEMA, .schema = &s, .last_column_id = 5};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);
    u = (struct iceberg_update){.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = 4};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);
    u = (struct iceberg_update){.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);
    u = (struct iceberg_update){.kind = ICEBERG_SET_DEFAULT_SPEC, .id = 4};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);
    u = (struct iceberg_update){.kind = ICEBERG_SET_DEFAULT_ORDER, .id = 4};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);
    u = (struct iceberg_update){.kind = ICEBERG_ASSIGN_UUID, .text = STR("u-2")};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);
    u = (struct iceberg_update){.kind = ICEBERG_UPGRADE_FORMAT, .id = 3};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_UNSUPPORTED);
    u = (struct iceberg_update){.kind = ICEBERG_UPGRADE_FORMAT, .id = 1};
    CHECK_STATUS(iceberg_apply(t, &u, 1, 1, &arena, &r, &err), ST_INVALID);

    /* The partition column goes away while the spec stays. */
    s.count = 1;
    struct iceberg_update drop[] = {{.kind = ICEBERG_ADD_SCHEMA, .schema = &s, .last_column_id = 6},
                                    {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1}};
    CHECK_STATUS(iceberg_apply(t, drop, 2, 1, &arena, &r, &err), ST_INVALID);
    CHECK(strstr(err.msg, "day") != NULL);
}

TEST(specs_are_parsed)
{
    setup();
    struct iceberg_schema s = sample_schema();
    struct iceberg_spec spec;
    CHECK_OK(iceberg_spec_parse(STR("  "), &s, NULL, &arena, &spec, &err));
    CHECK_INT(spec.count, 0);
    CHECK_OK(iceberg_spec_parse(STR("MONTHS(day), bucket(16, ID), truncate(name, 4),hour ( ts ), "
                                    "\"Odd Name\", void(price)"),
                                &s, NULL, &arena, &spec, &err));
    static const char *const names[] = {"day_month", "id_bucket", "name_trunc",
                                        "ts_hour",   "Odd Name",  "price_void"};
    static const char *const texts[] = {"month", "bucket[16]", "truncate[4]",
                                        "hour",  "identity",   "void"};
    CHECK_INT(spec.count, 6);
    for (size_t i = 0; i < 6; i++) {
        CHECK_STR(spec.fields[i].name, names[i]);
        CHECK_STR(spec.fields[i].transform.text, texts[i]);
        CHECK_INT(spec.fields[i].field_id, 1000 + (int)i);
    }
    CHECK_INT(spec.fields[1].transform.param, 16);
    CHECK_INT(spec.fields[2].transform.param, 4);
    static const char *const bad[] = {"nothing",
                                      "month(id)",
                                      "bucket(id)",
                                      "bucket(0, id)",
                                      "bucket(16)",
                                      "day,",
                                      ",day",
                                      "day day",
                                      "month(day",
                                      "nosuch(day)",
                                      "id, id",
                                      "bucket(4,id), bucket(8,id)",
                                      "\"day",
                                      "truncate(2,ts)",
                                      "hour(day)",
                                      "bucket(2,price)",
                                      "bucket(99999999999, id)"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        status st = iceberg_spec_parse(str_of(bad[i]), &s, NULL, &arena, &spec, &err);
        if (st != ST_INVALID)
            test_fail(__FILE__, __LINE__, "%s gives %s", bad[i], status_text(st));
    }
    s.fields[5].name = STR("day_month"); /* a column has the name the partition field would get */
    CHECK_STATUS(iceberg_spec_parse(STR("month(day)"), &s, NULL, &arena, &spec, &err), ST_INVALID);
}

TEST(orders_are_parsed)
{
    setup();
    struct iceberg_schema s = sample_schema();
    struct iceberg_sort_order o;
    CHECK_OK(iceberg_order_parse(STR(""), &s, &arena, &o, &err));
    CHECK_INT(o.id, 0);
    CHECK_OK(iceberg_order_parse(
        STR("id, name DESC, ts asc nulls last, price desc NULLS FIRST, bucket(4, id)"), &s, &arena,
        &o, &err));
    CHECK_INT(o.count, 5);
    CHECK(!o.fields[0].descending && !o.fields[0].nulls_last);
    CHECK(o.fields[1].descending && o.fields[1].nulls_last);
    CHECK(!o.fields[2].descending && o.fields[2].nulls_last);
    CHECK(o.fields[3].descending && !o.fields[3].nulls_last);
    CHECK_INT(o.fields[4].transform.kind, ICEBERG_BUCKET);
    CHECK_STATUS(iceberg_order_parse(STR("id down"), &s, &arena, &o, &err), ST_INVALID);
    CHECK_STATUS(iceberg_order_parse(STR("id nulls"), &s, &arena, &o, &err), ST_INVALID);
}

TEST(columns_twice_are_refused)
{
    setup();
    struct column_field fields[] = {field("a", COLUMN_INT), field("a", COLUMN_INT)};
    struct column_schema columns = columns_of(fields, 2);
    struct iceberg_schema s;
    int32_t last;
    CHECK_STATUS(iceberg_schema_assign(NULL, &columns, &arena, &s, &last, &err), ST_INVALID);
}

TEST(failed_allocations_are_reported)
{
    setup();
    struct iceberg_table *t = with_snapshot(new_table(), 11, -1, 2000);
    struct iceberg_snapshot s = {.id = 12,
                                 .parent_id = 11,
                                 .sequence_number = 2,
                                 .timestamp_ms = 3000,
                                 .manifest_list = STR("/l"),
                                 .schema_id = 0};
    int64_t gone[] = {11};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, 12, -1, -1, -1}},
        {.kind = ICEBERG_REMOVE_SNAPSHOTS, .snapshot_ids = gone, .snapshot_id_count = 1}};
    for (uint64_t n = 1;; n++) {
        struct arena own;
        struct iceberg_table *next;
        arena_init(&own, NULL);
        mem_fault_set(n, false);
        status st = iceberg_apply(t, u, 3, 4000, &own, &next, &err);
        struct buffer text;
        buffer_init(&text, NULL, 1 << 20);
        if (st == ST_OK)
            st = iceberg_table_format(next, &text, &err);
        if (st == ST_OK)
            st = iceberg_table_parse(&own, STR("x"), text.data, text.len, &next, &err);
        bool reached = mem_fault_count() >= n;
        mem_fault_set(0, false);
        buffer_free(&text);
        arena_free(&own);
        if (!reached) {
            CHECK_STATUS(st, ST_OK);
            CHECK(n > 5);
            break;
        }
        CHECK_STATUS(st, ST_OOM);
    }
}

/* Many snapshots: logs and removals must not take the square of their number. */
TEST(twenty_thousand_snapshots_are_quick)
{
    setup();
    struct iceberg_table *t = new_table(), *next;
    size_t n = 20000;
    struct iceberg_update *u;
    struct iceberg_snapshot *s;
    int64_t *ids;
    CHECK_OK(ARENA_ARRAY(&arena, struct iceberg_update, 2 * n, &u, &err));
    CHECK_OK(ARENA_ARRAY(&arena, struct iceberg_snapshot, n, &s, &err));
    CHECK_OK(ARENA_ARRAY(&arena, int64_t, n, &ids, &err));
    for (size_t i = 0; i < n; i++) {
        ids[i] = (int64_t)i + 1;
        s[i] = (struct iceberg_snapshot){.id = ids[i],
                                         .parent_id = i ? ids[i - 1] : -1,
                                         .sequence_number = ids[i],
                                         .timestamp_ms = 2000,
                                         .manifest_list = STR("/l"),
                                         .schema_id = 0};
        u[i] = (struct iceberg_update){.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s[i]};
    }
    struct iceberg_update to_last = {.kind = ICEBERG_SET_REF,
                                     .ref = {STR("main"), false, (int64_t)n, -1, -1, -1}};
    u[n] = to_last;
    CHECK_OK(iceberg_apply(t, u, n + 1, 3000, &arena, &t, &err));
    CHECK_INT(t->snapshot_count, n);
    struct iceberg_update remove = {
        .kind = ICEBERG_REMOVE_SNAPSHOTS, .snapshot_ids = ids, .snapshot_id_count = n - 1};
    CHECK_OK(iceberg_apply(t, &remove, 1, 4000, &arena, &next, &err));
    CHECK_INT(next->snapshot_count, 1);
    CHECK_INT(next->snapshot_log_count, 1);
}
