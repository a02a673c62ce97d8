// SPDX-License-Identifier: Apache-2.0
/* summary_json_test.c - definitions as text: the same again, and hostile texts refused. */
#include "summary/summary.h"

#include "base/mem.h"
#include "harness/test.h"

#define DEFINITION                                                                                 \
    "{\"select\":\"SELECT k, sum(x) AS \\\"\xc3\xa9\\\" FROM t GROUP BY k\","                      \
    "\"zone\":\"Europe/Madrid\",\"view-version\":7,"                                               \
    "\"raw\":{\"namespace\":[\"demo\",\"deep\"],\"name\":\"t\",\"uuid\":\"0f\",\"ref\":\"main\"}," \
    "\"columns\":[{\"name\":\"k\",\"type\":\"fixed(3)\",\"id\":1,\"key\":true},"                   \
    "{\"name\":\"\xc3\xa9\",\"type\":\"double precision\",\"id\":2,\"aggregate\":\"sum\","         \
    "\"argument\":0}]}"
#define STATES                                                                                     \
    "[{\"kind\":\"count_rows\",\"argument\":-1,\"type\":\"bigint\",\"id\":3},"                     \
    "{\"kind\":\"state_sum\",\"argument\":0,\"type\":\"numeric(38,2)\",\"id\":4}]"
#define CHECKS "[{\"name\":\"c\",\"check\":\"k > 'a\\\"\\u000a'\"}]"

static const char good[] =
    "{\"version\":1,\"definition\":" DEFINITION ",\"states\":" STATES ",\"checks\":" CHECKS "}";
static const struct summary_texts good_texts = {{DEFINITION, sizeof(DEFINITION) - 1},
                                                {STATES, sizeof(STATES) - 1},
                                                {CHECKS, sizeof(CHECKS) - 1}};

/* `good` with the first `from` replaced. */
static struct str changed(struct arena *a, const char *from, const char *to)
{
    struct str out = {0};
    struct error err;
    const char *at = strstr(good, from);
    CHECK(at != NULL);
    if (at)
        CHECK_OK(
            arena_printf(a, &out, &err, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)));
    return out;
}

TEST(round_trip)
{
    struct arena a;
    struct error err;
    struct summary_definition *d;
    struct summary_texts texts;
    struct str text;
    arena_init(&a, NULL);
    CHECK_OK(summary_parse_pending(str_of(good), &a, &d, &err));
    CHECK_OK(summary_format_pending(d, &a, &text, &err));
    CHECK_STR(text, good);
    CHECK_OK(summary_parse(&good_texts, &a, &d, &err));
    CHECK_OK(summary_format(d, &a, &texts, &err));
    CHECK_STR(texts.definition, DEFINITION);
    CHECK_STR(texts.states, STATES);
    CHECK_STR(texts.checks, CHECKS);
    CHECK_STR(d->raw_name.space, "demo.deep");
    CHECK_STR(d->raw_name.table, "t");
    CHECK_INT(d->view_version, 7);
    CHECK_INT(d->columns[0].kind, SUMMARY_KEY);
    CHECK_INT(d->columns[0].type.length_bytes, 3);
    CHECK_INT(d->columns[1].agg, QUERY_AGG_SUM);
    CHECK_INT(d->states[0].kind, QUERY_AGG_COUNT_STAR);
    CHECK_INT(d->states[1].type.scale, 2);
    CHECK_STR(d->checks[0].text, "k > 'a\"\n'");
    arena_free(&a);
}

TEST(every_type_and_aggregate)
{
    struct arena a;
    struct error err;
    struct summary_definition *d, *again;
    struct str text, second;
    arena_init(&a, NULL);
    CHECK_OK(summary_parse_pending(str_of(good), &a, &d, &err));
    for (int kind = COLUMN_BOOLEAN; kind < COLUMN_INTERVAL; kind++)
        for (int agg = QUERY_AGG_COUNT_STAR; agg <= QUERY_AGG_STDDEV_SAMP; agg++) {
            d->columns[1].type = kind == COLUMN_DECIMAL ? column_type_decimal(9, 9)
                                                        : column_type_of((enum column_kind)kind);
            d->columns[1].type.length_bytes = kind == COLUMN_FIXED ? 16 : 0;
            d->columns[1].agg = (enum query_agg)agg;
            CHECK_OK(summary_format_pending(d, &a, &text, &err));
            CHECK_OK(summary_parse_pending(text, &a, &again, &err));
            CHECK(column_type_eq(again->columns[1].type, d->columns[1].type));
            CHECK_INT(again->columns[1].agg, agg);
            CHECK_OK(summary_format_pending(again, &a, &second, &err));
            CHECK(str_eq(text, second));
        }
    arena_free(&a);
}

TEST(hash_is_stable_and_leaves_checks_out)
{
    struct arena a;
    struct error err;
    struct summary_definition *d;
    struct str first, second;
    arena_init(&a, NULL);
    CHECK_OK(summary_parse_pending(str_of(good), &a, &d, &err));
    CHECK_OK(summary_hash(d, &a, &first, &err));
    CHECK_STR(first, "b6ad49b30a13531f957d7f67dd96b643537a65bb7222042f15a47a428f32289a");
    d->check_count = 0;
    CHECK_OK(summary_hash(d, &a, &second, &err));
    CHECK(str_eq(first, second));
    d->states[1].field_id++;
    CHECK_OK(summary_hash(d, &a, &second, &err));
    CHECK(!str_eq(first, second));
    arena_free(&a);
}

TEST(hostile_texts)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"version\":1,", ""},
        {"\"version\":1,", "\"version\":1,\"version\":1,"},
        {"\"version\":1", "\"version\":\"1\""},
        {"\"definition\":{", "\"definitions\":{"},
        {"\"view-version\":7", "\"view-version\":-7"},
        {"\"view-version\":7,", ""},
        {"\"states\":[", "\"state\":["},
        {"\"select\":", "\"selekt\":"},
        {"\"zone\":\"Europe/Madrid\"", "\"zone\":null"},
        {"\"raw\":{", "\"row\":{"},
        {"[\"demo\",", "[7,"},
        {"[\"demo\",\"deep\"]", "\"demo.deep\""},
        {"\"uuid\":\"0f\"", "\"uuid\":15"},
        {"\"uuid\":\"0f\"", "\"uuid\":\"\\u0000\""},
        {"\"uuid\":\"0f\"", "\"uuid\":\"\xff\""},
        {"fixed(3)", "fixed(0)"},
        {"fixed(3)", "fixed(-3)"},
        {"fixed(3)", "fixed(3) "},
        {"fixed(3)", "fixed(03)"},
        {"fixed(3)", "interval"},
        {"fixed(3)", ""},
        {"numeric(38,2)", "numeric(39,2)"},
        {"numeric(38,2)", "numeric(3,4)"},
        {"numeric(38,2)", "numeric(38,2)x"},
        {"numeric(38,2)", "numeric"},
        {"\"aggregate\":\"sum\"", "\"aggregate\":\"total\""},
        {"\"argument\":0", "\"argument\":-2"},
        {"\"argument\":0", "\"argument\":0.5"},
        {"\"argument\":0", "\"argument\":10001"},
        {"\"id\":2", "\"id\":2147483648"},
        {"\"id\":2", "\"id\":99999999999999999999999"},
        {"\"id\":4", "\"id\":-1"},
        {"state_sum", "sum"},
        {"[{\"name\":\"k\"", "[7,{\"name\":\"k\""},
        {"\"checks\":[", "\"checks\":{\"a\":["},
        {"\"checks\":[{\"name\":\"c\",", "\"checks\":[{"},
        {"'\"}]}", "'\"}]"},
    };
    struct arena a;
    struct summary_definition *d;
    arena_init(&a, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err;
        error_init(&err);
        status st = summary_parse_pending(changed(&a, cases[i].from, cases[i].to), &a, &d, &err);
        if (st != ST_CORRUPT || !strstr(err.msg, "property firn.pending"))
            test_fail(__FILE__, __LINE__, "%s -> %s: \"%s\" %s", cases[i].from, cases[i].to,
                      status_text(st), err.msg);
    }
    CHECK_STATUS(summary_parse_pending(changed(&a, "\"version\":1", "\"version\":2"), &a, &d, NULL),
                 ST_UNSUPPORTED);
    for (size_t n = 0; n < sizeof(good) - 1; n++)
        CHECK_STATUS(summary_parse_pending((struct str){good, n}, &a, &d, NULL), ST_CORRUPT);
    arena_free(&a);
}

/* Text that asks for more than it is worth: refused before anything is allocated for it. */
TEST(large_texts)
{
    struct mem_account account;
    struct arena a;
    struct error err;
    struct buffer b;
    struct summary_definition *d;
    mem_account_init(&account, "test", NULL, 16u << 20);
    arena_init(&a, &account);
    buffer_init(&b, NULL, 8u << 20);
    CHECK_OK(buffer_append_str(&b,
                               STR("{\"version\":1,\"definition\":{\"select\":\"\",\"zone\":\"\","
                                   "\"view-version\":1,\"raw\":{\"namespace\":[],\"name\":"
                                   "\"\",\"uuid\":\"\",\"ref\":\"\"},\"columns\":[1"),
                               &err));
    for (int i = 0; i < 1000000; i++)
        CHECK_OK(buffer_append_str(&b, STR(",1"), &err));
    CHECK_OK(buffer_append_str(&b, STR("]}}"), &err));
    CHECK_STATUS(summary_parse_pending(buffer_str(&b), &a, &d, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "1000001 columns") != NULL);
    for (int i = 0; i < 2500000; i++)
        CHECK_OK(buffer_append_str(&b, STR("  "), &err));
    CHECK_STATUS(summary_parse_pending(buffer_str(&b), &a, &d, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "bytes; at most") != NULL);
    buffer_clear(&b);
    for (int i = 0; i < 100000; i++)
        CHECK_OK(buffer_append_str(&b, STR("["), &err));
    CHECK_STATUS(summary_parse_pending(buffer_str(&b), &a, &d, &err), ST_CORRUPT);
    buffer_free(&b);
    arena_free(&a);
}

/* A table whose properties are a published definition's. */
static status make_table(struct arena *a, struct iceberg_table *t, struct error *err)
{
    struct summary_digest digest = {.rows = 1, .states = (uint128)1 << 127};
    struct summary_definition *d;
    *t = (struct iceberg_table){.property_count = SUMMARY_PROPERTIES};
    TRY(ARENA_ARRAY(a, struct property, SUMMARY_PROPERTIES, &t->properties, err));
    TRY(summary_parse(&good_texts, a, &d, err));
    return summary_properties(d, &digest, 5077729214, STR("3 5"), a, t->properties, err);
}

/* summary_load with property i set to `value`, or taken away. */
static status load_with(size_t i, const char *value, struct arena *a, struct error *err)
{
    struct iceberg_table t;
    struct summary_definition *d;
    error_init(err);
    TRY(make_table(a, &t, err));
    if (value)
        t.properties[i].value = str_of(value);
    else
        t.properties[i] = t.properties[--t.property_count];
    return summary_load(&t, false, a, &d, err);
}

TEST(properties_of_a_table)
{
    struct iceberg_table t = {0};
    struct arena a;
    struct error err;
    struct summary_definition *d;
    arena_init(&a, NULL);
    CHECK(!summary_is(&t));
    CHECK_OK(summary_load(&t, false, &a, &d, &err));
    CHECK(d == NULL);
    CHECK_OK(make_table(&a, &t, &err));
    CHECK(summary_is(&t));
    CHECK_OK(summary_load(&t, true, &a, &d, &err));
    CHECK_STR(d->raw_name.space, "demo.deep");
    CHECK_STR(d->raw_name.table, "t");
    CHECK_INT(d->view_version, 7);
    CHECK_INT(d->check_count, 1);
    CHECK_STR(iceberg_table_property(&t, "firn.rows-digest"), "00000000000000000000000000000001");
    CHECK_STR(iceberg_table_property(&t, "firn.states-digest"), "80000000000000000000000000000000");
    CHECK_STR(iceberg_table_property(&t, "firn.snapshot-id"), "5077729214");
    arena_free(&a);
}

TEST(a_property_missing_or_malformed_is_named)
{
    static const char *const bad[] = {"",
                                      "7",
                                      "{}",
                                      "[]",
                                      "[[",
                                      "x",
                                      "0123456789abcdef0123456789ABCDEF",
                                      "0123456789abcdef0123456789abcdef0"};
    struct iceberg_table t;
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    CHECK_OK(make_table(&a, &t, &err));
    for (size_t i = 0; i < SUMMARY_PROPERTIES; i++) {
        const char *key = t.properties[i].key.ptr;
        CHECK_STATUS(load_with(i, NULL, &a, &err), ST_CORRUPT);
        if (!strstr(err.msg, key) || !strstr(err.msg, "is missing"))
            test_fail(__FILE__, __LINE__, "%s missing: %s", key, err.msg);
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            bool number =
                (strcmp(key, "firn.snapshot-id") == 0 || strcmp(key, "firn.epochs") == 0) &&
                strcmp(bad[k], "7") == 0;
            bool list = strcmp(key, "firn.checks") == 0 && strcmp(bad[k], "[]") == 0;
            if (strcmp(key, "firn.states") == 0 && strcmp(bad[k], "[]") == 0)
                continue; /* a list, so it is the hash that tells: the next test */
            status st = load_with(i, bad[k], &a, &err);
            if (number || list)
                CHECK_OK(st);
            else if (st == ST_OK || !strstr(err.msg, key))
                test_fail(__FILE__, __LINE__, "%s is \"%s\": %s", key, bad[k], err.msg);
        }
    }
    arena_free(&a);
}

/* T1: no states but those the hash was made with. */
TEST(states_of_another_definition)
{
    struct arena a;
    struct error err;
    arena_init(&a, NULL);
    CHECK_STATUS(load_with(1, "[]", &a, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "firn.definition-hash") != NULL);
    arena_free(&a);
}
