// SPDX-License-Identifier: Apache-2.0
/* summary_verify_test.c - which differences are found, which group is named, what a snapshot claims. */
#include "summary/summary_verify.h"

#include "harness/test.h"

#include <math.h>

/* ---- streams --------------------------------------------------------------------------------- */

/* k bigint, x double, t text; the last of them hidden. NULL is said by a bit. */
struct row {
    int64_t k;
    double x;
    const char *t;
    unsigned nulls; /* 1: k, 2: x, 4: t */
};

struct rows {
    const struct column_schema *schema;
    const struct row *rows;
    int64_t count, at, step; /* `step` rows a batch */
    struct column_vector columns[3];
    struct column_span spans[3];
    int closed;
};

static status rows_next(void *self, struct column_batch *out, struct error *err)
{
    struct rows *r = self;
    for (int c = 0; c < 3; c++)
        column_vector_clear(&r->columns[c]);
    int64_t n = r->count - r->at < r->step ? r->count - r->at : r->step;
    for (int64_t i = 0; i < n; i++) {
        const struct row *row = &r->rows[r->at + i];
        struct str text = str_of(row->t ? row->t : "");
        const void *values[] = {&row->k, &row->x, &text};
        for (int c = 0; c < 3; c++)
            if (row->nulls >> c & 1)
                column_vector_append_null(&r->columns[c]);
            else
                column_vector_append(&r->columns[c], values[c]);
    }
    r->at += n;
    for (int c = 0; c < 3; c++)
        r->spans[c] = column_vector_span(&r->columns[c]);
    *out = (struct column_batch){n, 3, r->spans};
    return ST_OK;
}

static void rows_close(void *self)
{
    struct rows *r = self;
    r->closed++;
}

static void rows_open(struct rows *r, const struct row *rows, int64_t count, int64_t step,
                      struct column_stream *out)
{
    static struct column_field fields[] = {{.name = {"k", 1}, .type = {.kind = COLUMN_BIGINT}},
                                           {.name = {"x", 1}, .type = {.kind = COLUMN_DOUBLE}},
                                           {.name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};
    static const struct column_schema schema = {3, fields};
    struct error err;
    *r = (struct rows){.schema = &schema, .rows = rows, .count = count, .step = step};
    for (int c = 0; c < 3; c++)
        CHECK_OK(column_vector_init(&r->columns[c], fields[c].type, NULL, &err));
    *out = (struct column_stream){&schema, r, rows_next, rows_close};
}

/* Behind the stream's close, which only counts. */
static void rows_free(struct rows *r)
{
    CHECK_INT(r->closed, 1);
    for (int c = 0; c < 3; c++)
        column_vector_free(&r->columns[c]);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static struct summary_column columns[] = {
    {.name = {"k", 1}, .type = {.kind = COLUMN_BIGINT}, .kind = SUMMARY_KEY, .arg = -1},
    {.name = {"x", 1}, .type = {.kind = COLUMN_DOUBLE}, .kind = SUMMARY_MEASURE, .arg = 4}};
static struct summary_state states[] = {
    {.kind = QUERY_AGG_STATE_MORE, .arg = 4, .type = {.kind = COLUMN_TEXT}, .field_id = 7}};
static const struct summary_definition definition = {.raw_uuid = {"u1", 2},
                                                     .column_count = 2,
                                                     .columns = columns,
                                                     .state_count = 1,
                                                     .states = states};

/* The message, or the number of groups, of two lists sorted by the first `keys` columns; `visible`
 * leaves the third one out. */
static const char *compare(const struct row *stored, int64_t n, const struct row *recomputed,
                           int64_t m, size_t keys, bool visible)
{
    static const int order[] = {0, 1};
    static char said[sizeof(((struct error *)0)->msg)];
    struct summary_comparison c = {&definition, visible ? 2 : 3, keys, order, NULL};
    for (int64_t step = 1; step <= 3; step++) { /* the same whatever the batches */
        struct rows a, b;
        struct column_stream left, right;
        struct arena arena;
        struct error err;
        char text[sizeof(said)];
        int64_t rows;
        arena_init(&arena, NULL);
        error_init(&err);
        rows_open(&a, stored, n, step, &left);
        rows_open(&b, recomputed, m, 4 - step, &right);
        status st = summary_compare(&c, &left, &right, &arena, &rows, &err);
        CHECK(st == ST_OK || st == ST_DIFFERS);
        if (st == ST_OK)
            snprintf(text, sizeof(text), "%lld equal", (long long)rows);
        else
            snprintf(text, sizeof(text), "%s", err.msg);
        CHECK(step == 1 || strcmp(text, said) == 0);
        memcpy(said, text, sizeof(said));
        left.close(left.self);
        right.close(right.self);
        rows_free(&a);
        rows_free(&b);
        arena_free(&arena);
    }
    return said;
}

#define SAYS(got, want) CHECK_STR(str_of(got), want)

TEST(equal_groups)
{
    struct row rows[] = {{1, 0.5, "a", 0}, {2, -0.0, "", 4}, {3, NAN, "c", 0}, {0, 1, "d", 1}};
    struct row other[4];
    uint64_t payload = UINT64_C(0x7FF8000000001234);
    memcpy(other, rows, sizeof(rows));
    memcpy(&other[2].x, &payload, sizeof(payload));
    SAYS(compare(rows, 4, other, 4, 1, false), "4 equal");
    SAYS(compare(rows, 0, other, 0, 1, false), "0 equal");
}

TEST(values_differ_by_their_bits)
{
    const struct row right[] = {{1, 0.0, "a", 0}, {2, 1, "b", 0}};
    const struct row zero[] = {{1, -0.0, "a", 0}, {2, 2, "b", 0}},
                     null[] = {{1, 0, "a", 0}, {2, 1, "b", 2}};
    const struct row state[] = {{1, 0, "a", 0}, {2, 1, "c", 0}},
                     lost[] = {{1, 0, "a", 4}, {2, 1, "b", 0}};
    SAYS(compare(zero, 2, right, 2, 1, true), "group (k=1), column x: stored -0, recomputed 0");
    SAYS(compare(null, 2, right, 2, 1, true), "group (k=2), column x: stored NULL, recomputed 1");
    SAYS(compare(right, 2, null, 2, 1, true), "group (k=2), column x: stored 1, recomputed NULL");
    SAYS(compare(state, 2, right, 2, 1, false),
         "group (k=2), state_more of x: stored c, recomputed b");
    SAYS(compare(lost, 2, right, 2, 1, false),
         "group (k=1), state_more of x: stored NULL, recomputed a");
    SAYS(compare(state, 2, right, 2, 1, true), "2 equal");
}

TEST(groups_that_are_not_on_both_sides)
{
    const struct row rows[] = {{1, 0, "", 0}, {2, 0, "", 0}, {3, 0, "", 0}, {0, 0, "", 1}};
    const struct row twice[] = {
        {1, 0, "", 0}, {1, 0, "", 0}, {3, 0, "", 0}, {0, 0, "", 1}, {0, 0, "", 1}};
    SAYS(compare(rows + 1, 3, rows, 4, 1, true), "group (k=1) is missing: the raw table has it");
    SAYS(compare(rows, 3, rows, 4, 1, true), "group (k=NULL) is missing: the raw table has it");
    SAYS(compare(rows, 0, rows, 4, 1, true), "group (k=1) is missing: the raw table has it");
    SAYS(compare(rows, 4, rows + 1, 3, 1, true),
         "group (k=1) is stored, and the raw table has no such rows");
    SAYS(compare(rows, 4, rows, 3, 1, true),
         "group (k=NULL) is stored, and the raw table has no such rows");
    SAYS(compare(twice, 4, rows, 4, 1, true), "group (k=1) is stored more than once");
    SAYS(compare(twice + 2, 3, twice + 2, 2, 1, true), "group (k=NULL) is stored more than once");
}

TEST(keys_of_several_columns)
{
    const struct row rows[] = {{1, 1, "", 0}, {1, 2, "", 0}, {1, NAN, "", 0}, {1, 0, "", 2}};
    const struct row other[] = {{1, 1, "", 0}, {1, 2.5, "", 0}, {1, NAN, "", 0}, {1, 0, "", 2}};
    SAYS(compare(rows, 4, rows, 4, 2, false), "4 equal");
    SAYS(compare(other, 4, rows, 4, 2, false), "group (k=1, x=2) is missing: the raw table has it");
}

/* ---- claims ---------------------------------------------------------------------------------- */

#define COVERED(id) "{\"source-states\":[{\"uuid\":\"u1\",\"snapshot-id\":" id "}]}"

static struct property properties[] = {{STR("firn.definition-hash"), STR("h1")},
                                       {STR("firn.snapshot-id"), STR("20")},
                                       {STR("firn.rows-digest"), STR("r20")},
                                       {STR("firn.states-digest"), STR("s20")}};
static struct property ten[] = {
    {STR("refresh-state"), STR(COVERED("7"))}, {STR("firn.definition-hash"), STR("h1")},
    {STR("firn.mode"), STR("full")},           {STR("firn.rows-digest"), STR("r10")},
    {STR("firn.states-digest"), STR("s10")},   {STR("firn.raw-schema-id"), STR("3")}};
static struct property twenty[] = {{STR("refresh-state"), STR(COVERED("-1"))},
                                   {STR("firn.definition-hash"), STR("h1")},
                                   {STR("firn.mode"), STR("delta")},
                                   {STR("firn.rows-digest"), STR("r20")},
                                   {STR("firn.states-digest"), STR("s20")}};
static struct property old[] = {{STR("firn.definition-hash"), STR("h0")}};

/* 5 (another definition) <- 10 <- 15 (foreign) <- 20, published <- 30 (foreign); 8 <- 9 is foreign
 * over what is gone. */
static struct iceberg_snapshot snapshots[] = {
    {.id = 5, .parent_id = -1, .summary = old, .summary_count = ARRAY_LEN(old)},
    {.id = 9, .parent_id = 8},
    {.id = 10, .parent_id = 5, .summary = ten, .summary_count = ARRAY_LEN(ten)},
    {.id = 15, .parent_id = 10},
    {.id = 20, .parent_id = 15, .summary = twenty, .summary_count = ARRAY_LEN(twenty)},
    {.id = 30, .parent_id = 20},
    {.id = 40, .parent_id = 5}};

static status claim_of(int64_t id, struct summary_claim *out, struct arena *arena,
                       struct error *err)
{
    const struct iceberg_table t = {.properties = properties,
                                    .property_count = ARRAY_LEN(properties),
                                    .snapshots = snapshots,
                                    .snapshot_count = ARRAY_LEN(snapshots)};
    return summary_claim_read(&t, &definition, iceberg_snapshot_by_id(&t, id), arena, out, err);
}

TEST(what_snapshots_claim)
{
    static const struct {
        int64_t id, own, covered;
        bool published, rebuilt;
        int32_t schema;
        const char *rows;
    } cases[] = {{10, 10, 7, false, true, 3, "r10"},   {15, 10, 7, false, true, 3, "r10"},
                 {20, 20, -1, true, false, -1, "r20"}, {30, 20, -1, true, false, -1, "r20"},
                 {9, 0, -1, false, false, -1, "r20"},  {40, 0, -1, false, false, -1, "r20"}};
    struct summary_claim c;
    struct arena arena;
    struct error err;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        error_init(&err);
        CHECK_OK(claim_of(cases[i].id, &c, &arena, &err));
        CHECK_INT(c.own ? c.own->id : 0, cases[i].own);
        CHECK_INT(summary_claim_foreign(&c), cases[i].own != cases[i].id);
        CHECK_INT(c.raw_snapshot_id, cases[i].covered);
        CHECK_INT(c.raw_schema_id, cases[i].schema);
        CHECK_INT(c.published, cases[i].published);
        CHECK_INT(c.rebuilt, cases[i].rebuilt);
        CHECK_STR(c.rows_digest, cases[i].rows);
    }
    CHECK_STATUS(claim_of(5, &c, &arena, &err), ST_GONE);
    arena_free(&arena);
}

TEST(claims_that_cannot_be_believed)
{
    struct summary_claim c;
    struct arena arena;
    struct error err;
    struct str was = properties[2].value;
    static const struct str texts[] = {
        STR(""),
        STR("{"),
        STR("[]"),
        STR("{\"source-states\":[]}"),
        STR("{\"source-states\":[1,2]}"),
        STR("{\"source-states\":[{\"uuid\":\"u2\",\"snapshot-id\":7}]}"),
        STR(COVERED("\"7\""))};
    arena_init(&arena, NULL);
    properties[2].value = STR("r21");
    CHECK_STATUS(claim_of(20, &c, &arena, &err), ST_DIFFERS);
    CHECK_OK(claim_of(10, &c, &arena, &err)); /* the properties speak of another one */
    properties[2].value = was;
    was = ten[0].value;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ten[0].value = texts[i];
        CHECK_STATUS(claim_of(10, &c, &arena, &err), ST_CORRUPT);
    }
    ten[0].value = was;
    was = ten[5].value;
    ten[5].value = STR("x");
    CHECK(claim_of(10, &c, &arena, &err) != ST_OK);
    ten[5].value = was;
    ten[3].key = STR("firn.nothing");
    CHECK_STATUS(claim_of(10, &c, &arena, &err), ST_CORRUPT);
    ten[3].key = STR("firn.rows-digest");
    CHECK_OK(claim_of(10, &c, &arena, &err));
    arena_free(&arena);
}
