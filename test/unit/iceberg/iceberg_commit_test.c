// SPDX-License-Identifier: Apache-2.0
/* iceberg_commit_test.c - requirements and updates for servers that write metadata themselves. */
#include "harness/test.h"
#include "iceberg/iceberg.h"

static struct arena arena;
static struct error err;

static void setup(void)
{
    arena_init(&arena, NULL);
    error_init(&err);
}

static struct iceberg_schema schema_of(const struct iceberg_table *base, const char *a,
                                       const char *b, int32_t *last)
{
    struct column_field fields[] = {
        {.name = str_of(a), .type = column_type_of(COLUMN_BIGINT)},
        {.name = str_of(b), .type = column_type_of(COLUMN_DATE), .required = true}};
    struct column_schema columns = {.count = 2, .fields = fields};
    struct iceberg_schema s;
    CHECK_OK(iceberg_schema_assign(base, &columns, &arena, &s, last, &err));
    return s;
}

static struct iceberg_table *apply(const struct iceberg_table *base, const struct iceberg_update *u,
                                   size_t count)
{
    struct iceberg_table *t;
    CHECK_OK(iceberg_apply(base, u, count, 1000, &arena, &t, &err));
    return t;
}

/* Columns a and b, or base's columns by these names; one property. */
static struct iceberg_table *define(const struct iceberg_table *base, const char *a, const char *b,
                                    const char *partitioning, const char *order_by)
{
    int32_t last;
    struct iceberg_schema schema = schema_of(base, a, b, &last);
    struct iceberg_spec spec;
    struct iceberg_sort_order order;
    struct property p = {STR("k"), STR("v \"1\"")};
    CHECK_OK(iceberg_spec_parse(str_of(partitioning), &schema, base, &arena, &spec, &err));
    CHECK_OK(iceberg_order_parse(str_of(order_by), &schema, &arena, &order, &err));
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &schema, .last_column_id = last},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
        {.kind = ICEBERG_ADD_SPEC, .spec = &spec},
        {.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1},
        {.kind = ICEBERG_ADD_ORDER, .order = &order},
        {.kind = ICEBERG_SET_DEFAULT_ORDER, .id = -1},
        {.kind = ICEBERG_SET_PROPERTIES, .properties = &p, .property_count = 1},
        {.kind = ICEBERG_SET_LOCATION, .text = STR("s3://b/t")},
        {.kind = ICEBERG_ASSIGN_UUID, .text = STR("u-1")},
    };
    return apply(base, u, ARRAY_LEN(u));
}

static struct iceberg_table *append(const struct iceberg_table *base, int64_t id)
{
    struct property summary = {STR("operation"), STR("append")};
    struct iceberg_snapshot s = {.id = id,
                                 .parent_id = base->current_snapshot_id,
                                 .sequence_number = base->last_sequence_number + 1,
                                 .timestamp_ms = 2000,
                                 .manifest_list = STR("s3://b/t/l.avro"),
                                 .summary_count = 1,
                                 .summary = &summary,
                                 .schema_id = base->current_schema_id};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = &s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, id, -1, -1, -1}}};
    return apply(base, u, 2);
}

static struct str commit(const struct iceberg_table *base, const struct iceberg_table *next)
{
    struct buffer b;
    struct str text;
    buffer_init(&b, NULL, 1 << 20);
    CHECK_OK(iceberg_commit_format(base, next, &b, &err));
    CHECK_OK(arena_str(&arena, buffer_str(&b), &text, &err));
    buffer_free(&b);
    return text;
}

#define SCHEMA_0                                                                                   \
    "{\"type\":\"struct\",\"schema-id\":0,\"fields\":["                                            \
    "{\"id\":1,\"name\":\"a\",\"required\":false,\"type\":\"long\"},"                              \
    "{\"id\":2,\"name\":\"b\",\"required\":true,\"type\":\"date\"}]}"
#define AT_NO_SNAPSHOT                                                                             \
    "\"requirements\":[{\"type\":\"assert-table-uuid\",\"uuid\":\"u-1\"},"                         \
    "{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":null}"
#define AT_SNAPSHOT(id)                                                                            \
    "\"requirements\":[{\"type\":\"assert-table-uuid\",\"uuid\":\"u-1\"},"                         \
    "{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":" id "}"
#define ADD_SNAPSHOT(id, parent, sequence)                                                         \
    "{\"action\":\"add-snapshot\",\"snapshot\":{\"sequence-number\":" sequence                     \
    ",\"snapshot-id\":" id "," parent                                                              \
    "\"timestamp-ms\":2000,\"summary\":{\"operation\":\"append\"},"                                \
    "\"manifest-list\":\"s3://b/t/l.avro\",\"schema-id\":0}}"
#define SET_MAIN(id)                                                                               \
    "{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"snapshot-id\":" id                   \
    ",\"type\":\"branch\"}"

TEST(a_new_table_with_its_first_snapshot)
{
    setup();
    struct iceberg_table *t = append(define(NULL, "a", "b", "", ""), 7);
    CHECK_STR(commit(NULL, t),
              "\"requirements\":[{\"type\":\"assert-create\"}],\"updates\":["
              "{\"action\":\"assign-uuid\",\"uuid\":\"u-1\"},"
              "{\"action\":\"upgrade-format-version\",\"format-version\":2},"
              "{\"action\":\"add-schema\",\"schema\":" SCHEMA_0 ",\"last-column-id\":2},"
              "{\"action\":\"set-current-schema\",\"schema-id\":-1},"
              "{\"action\":\"add-spec\",\"spec\":{\"spec-id\":0,\"fields\":[]}},"
              "{\"action\":\"set-default-spec\",\"spec-id\":-1},"
              "{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":0,\"fields\":[]}},"
              "{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1},"
              "{\"action\":\"set-location\",\"location\":\"s3://b/t\"},"
              "{\"action\":\"set-properties\",\"updates\":{\"k\":\"v \\\"1\\\"\"}}," ADD_SNAPSHOT(
                  "7", "", "1") "," SET_MAIN("7") "]");
}

TEST(appends)
{
    setup();
    struct iceberg_table *t = define(NULL, "a", "b", "", "");
    struct iceberg_table *first = append(t, 7);
    CHECK_STR(commit(t, first),
              AT_NO_SNAPSHOT "],\"updates\":[" ADD_SNAPSHOT("7", "", "1") "," SET_MAIN("7") "]");
    CHECK_STR(commit(first, append(first, 8)),
              AT_SNAPSHOT("7") "],\"updates\":[" ADD_SNAPSHOT("8", "\"parent-snapshot-id\":7,",
                                                              "2") "," SET_MAIN("8") "]");
    CHECK_STR(commit(first, first), AT_SNAPSHOT("7") "],\"updates\":[]");
}

/* Defined again as it was: nothing is "added last", so nothing may be set to -1. */
TEST(what_is_there_already_is_not_added)
{
    setup();
    struct iceberg_table *t = define(NULL, "a", "b", "month(b)", "a");
    CHECK_STR(commit(t, define(t, "a", "b", "month(b)", "a")), AT_NO_SNAPSHOT "],\"updates\":[]");
    struct iceberg_table *other = define(t, "b", "a", "", "");
    CHECK_INT(other->current_schema_id, 1);
    CHECK_STR(commit(other, define(other, "a", "b", "month(b)", "a")), AT_NO_SNAPSHOT
              ",{\"type\":\"assert-current-schema-id\",\"current-schema-id\":1},"
              "{\"type\":\"assert-default-spec-id\",\"default-spec-id\":1},"
              "{\"type\":\"assert-default-sort-order-id\",\"default-sort-order-id\":0}],"
              "\"updates\":[{\"action\":\"set-current-schema\",\"schema-id\":0},"
              "{\"action\":\"set-default-spec\",\"spec-id\":0},"
              "{\"action\":\"set-default-sort-order\",\"sort-order-id\":1}]");
}

TEST(new_columns_specs_and_orders)
{
    setup();
    struct iceberg_table *t = define(NULL, "a", "b", "", "");
    CHECK_STR(
        commit(t, define(t, "a", "c", "month(c)", "a DESC")), AT_NO_SNAPSHOT
        ",{\"type\":\"assert-last-assigned-field-id\",\"last-assigned-field-id\":2},"
        "{\"type\":\"assert-current-schema-id\",\"current-schema-id\":0},"
        "{\"type\":\"assert-last-assigned-partition-id\",\"last-assigned-partition-id\":999},"
        "{\"type\":\"assert-default-spec-id\",\"default-spec-id\":0},"
        "{\"type\":\"assert-default-sort-order-id\",\"default-sort-order-id\":0}],\"updates\":["
        "{\"action\":\"add-schema\",\"schema\":{\"type\":\"struct\",\"schema-id\":1,\"fields\":["
        "{\"id\":1,\"name\":\"a\",\"required\":false,\"type\":\"long\"},"
        "{\"id\":3,\"name\":\"c\",\"required\":true,\"type\":\"date\"}]},\"last-column-id\":3},"
        "{\"action\":\"set-current-schema\",\"schema-id\":-1},"
        "{\"action\":\"add-spec\",\"spec\":{\"spec-id\":1,\"fields\":["
        "{\"name\":\"c_month\",\"transform\":\"month\",\"source-id\":3,\"field-id\":1000}]}},"
        "{\"action\":\"set-default-spec\",\"spec-id\":-1},"
        "{\"action\":\"add-sort-order\",\"sort-order\":{\"order-id\":1,\"fields\":["
        "{\"transform\":\"identity\",\"source-id\":1,\"direction\":\"desc\","
        "\"null-order\":\"nulls-last\"}]}},"
        "{\"action\":\"set-default-sort-order\",\"sort-order-id\":-1}]");
}

/* A summary reserves ids for its states with a schema that is never current. */
TEST(schemas_are_added_in_the_order_of_their_ids)
{
    setup();
    int32_t last;
    struct iceberg_table *t = define(NULL, "a", "b", "", "");
    struct iceberg_schema visible = schema_of(t, "a", "c", &last);
    struct iceberg_schema reserving = schema_of(t, "a", "state", &last);
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &visible, .last_column_id = 9},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &reserving, .last_column_id = 9}};
    struct str text = commit(t, apply(t, u, 3));
    const char *state = memmem(text.ptr, text.len, "\"state\"", 7),
               *c = memmem(text.ptr, text.len, "\"c\"", 3);
    CHECK(state && c && c < state);
    CHECK(memmem(text.ptr, text.len, "{\"action\":\"set-current-schema\",\"schema-id\":1}", 45));

    u[0].schema = &t->schemas[0]; /* ids rise, no schema is new */
    CHECK_STR(commit(t, apply(t, u, 2)), AT_NO_SNAPSHOT
              ",{\"type\":\"assert-last-assigned-field-id\",\"last-assigned-field-id\":2}],"
              "\"updates\":[{\"action\":\"add-schema\",\"schema\":" SCHEMA_0
              ",\"last-column-id\":9}]");
}

TEST(properties)
{
    setup();
    struct iceberg_table *t = append(define(NULL, "a", "b", "", ""), 7);
    struct property set[] = {{STR("k"), STR("2")}, {STR("new"), STR("\xc3\xa4\n")}},
                    gone = {STR("k"), {0}};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_SET_PROPERTIES, .property_count = 2, .properties = set},
        {.kind = ICEBERG_REMOVE_PROPERTIES, .property_count = 1, .properties = &gone}};
    CHECK_STR(
        commit(t, apply(t, u, 1)),
        AT_SNAPSHOT("7") "],\"updates\":[{\"action\":\"set-properties\",\"updates\":{\"k\":\"2\","
                         "\"new\":\"\xc3\xa4\\u000a\"}}]");
    CHECK_STR(
        commit(t, apply(t, u + 1, 1)),
        AT_SNAPSHOT("7") "],\"updates\":[{\"action\":\"remove-properties\",\"removals\":[\"k\"]}]");
}

TEST(refs_and_removed_snapshots)
{
    setup();
    struct iceberg_table *t = append(append(define(NULL, "a", "b", "", ""), 7), 8);
    struct iceberg_update tag = {.kind = ICEBERG_SET_REF,
                                 .ref = {STR("old"), true, 7, 86400000, -1, -1}};
    struct iceberg_table *tagged = apply(t, &tag, 1);
    CHECK_STR(
        commit(t, tagged),
        AT_SNAPSHOT(
            "8") ",{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"old\",\"snapshot-id\":null}],"
                 "\"updates\":[{\"action\":\"set-snapshot-ref\",\"ref-name\":\"old\","
                 "\"snapshot-id\":7,\"type\":\"tag\",\"max-ref-age-ms\":86400000}]");
    const int64_t ids[] = {7};
    struct iceberg_update u[] = {
        {.kind = ICEBERG_REMOVE_REF, .text = STR("old")},
        {.kind = ICEBERG_REMOVE_SNAPSHOTS, .snapshot_id_count = 1, .snapshot_ids = ids}};
    CHECK_STR(commit(tagged, apply(tagged, u, 2)),
              AT_SNAPSHOT(
                  "8") ",{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"old\",\"snapshot-id\":7}],"
                       "\"updates\":[{\"action\":\"remove-snapshot-ref\",\"ref-name\":\"old\"},"
                       "{\"action\":\"remove-snapshots\",\"snapshot-ids\":[7]}]");
}

TEST(requests_for_new_tables)
{
    setup();
    struct buffer b;
    buffer_init(&b, NULL, 1 << 20);
    CHECK_OK(iceberg_create_format(define(NULL, "a", "b", "", ""), STR("t"), true, &b, &err));
    CHECK_STR(buffer_str(&b), "{\"name\":\"t\",\"location\":\"s3://b/t\",\"schema\":" SCHEMA_0
                              ",\"partition-spec\":{\"spec-id\":0,\"fields\":[]},"
                              "\"write-order\":{\"order-id\":0,\"fields\":[]},"
                              "\"stage-create\":true,\"properties\":{\"k\":\"v \\\"1\\\"\"}}");
    buffer_free(&b);
}
