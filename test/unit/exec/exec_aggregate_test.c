// SPDX-License-Identifier: Apache-2.0
/* exec_aggregate_test.c - GROUP BY over streams made by hand: every kind of key, span and result.
 */
#include "exec/exec_int.h"
#include "harness/test.h"

#include <math.h>
#include <stdlib.h>

/* ---- a stream of columns in memory ----------------------------------------------------------- */

#define MOST_COLUMNS 6

/* Columns of `rows` values each, given out in batches of at most `batch_rows`, as VALUES, or as
 * CODES where a dictionary is given. */
struct memory_rows {
    struct column_schema schema;
    struct column_field fields[MOST_COLUMNS];
    int64_t rows, batch_rows, at;
    const void *values[MOST_COLUMNS];
    const uint64_t *valid[MOST_COLUMNS];
    const struct column_dictionary *dictionary[MOST_COLUMNS];     /* then values are u16 codes */
    bool run[MOST_COLUMNS];                                       /* values is one value */
    const struct column_dictionary *odd_dictionary[MOST_COLUMNS]; /* every other batch, if set */
    const void *odd_codes[MOST_COLUMNS];
    struct column_span spans[MOST_COLUMNS];
    uint64_t words[MOST_COLUMNS][COLUMN_SPAN_WORDS];
    int closed;
};

static status memory_next(void *self, struct column_batch *out, struct error *err)
{
    struct memory_rows *m = self;
    int64_t n = m->rows - m->at < m->batch_rows ? m->rows - m->at : m->batch_rows;
    for (size_t i = 0; i < m->schema.count; i++) {
        struct column_span whole = {.kind = m->run[i]          ? SPAN_RUN
                                            : m->dictionary[i] ? SPAN_CODES
                                                               : SPAN_VALUES,
                                    .code_bytes = 2,
                                    .rows = m->rows,
                                    .valid = m->valid[i],
                                    .values = m->values[i],
                                    .codes = m->values[i],
                                    .dictionary = m->dictionary[i]};
        if (m->odd_dictionary[i] && m->at / m->batch_rows % 2) {
            whole.dictionary = m->odd_dictionary[i];
            whole.codes = m->odd_codes[i];
        }
        m->spans[i] =
            column_span_slice(&whole, column_type_phys(m->fields[i].type), m->at, n, m->words[i]);
    }
    m->at += n;
    *out = (struct column_batch){n, m->schema.count, m->spans};
    return ST_OK;
}

static void memory_close(void *self)
{
    ((struct memory_rows *)self)->closed++;
}

static void memory_column(struct memory_rows *m, struct column_type type, const void *values)
{
    size_t i = m->schema.count++;
    m->schema.fields = m->fields;
    m->fields[i] = (struct column_field){.name = STR("c"), .type = type};
    m->values[i] = values;
}

/* ---- a plan and its run ---------------------------------------------------------------------- */

struct query {
    struct memory_rows in;
    struct query_plan plan;
    struct query_expr columns[MOST_COLUMNS];
    struct query_expr *keys[MOST_COLUMNS];
    struct query_agg_arg args[8];
    struct query_agg_out outs[16];
    struct column_field fields[16];
    struct mem_account account;
    struct arena arena;
    struct exec_context context;
    struct column_stream stream;
};

static struct query_expr *column(struct query *q, int i)
{
    q->columns[i] =
        (struct query_expr){.kind = QUERY_COLUMN, .type = q->in.fields[i].type, .column = i};
    return &q->columns[i];
}

static void add_key(struct query *q, int i)
{
    size_t k = q->plan.aggregate.key_count++;
    q->keys[k] = column(q, i);
    q->fields[q->plan.schema.count++] =
        (struct column_field){.name = STR("key"), .type = q->in.fields[i].type};
}

static int add_arg(struct query *q, int value, int filter)
{
    struct query_agg_arg *arg = &q->args[q->plan.aggregate.arg_count];
    arg->value = value < 0 ? NULL : column(q, value);
    arg->filter = filter < 0 ? NULL : column(q, filter);
    return (int)q->plan.aggregate.arg_count++;
}

static void add_out(struct query *q, enum query_agg kind, int arg, struct column_type type)
{
    q->outs[q->plan.aggregate.out_count++] =
        (struct query_agg_out){.kind = kind, .arg = arg, .type = type};
    q->fields[q->plan.schema.count++] = (struct column_field){.name = STR("result"), .type = type};
}

static void query_init(struct query *q, int64_t rows, int64_t batch_rows)
{
    memset(q, 0, sizeof(*q));
    q->in.rows = rows;
    q->in.batch_rows = batch_rows;
    q->plan.kind = QUERY_PLAN_AGGREGATE;
    q->plan.schema.fields = q->fields;
    q->plan.aggregate.keys = q->keys;
    q->plan.aggregate.args = q->args;
    q->plan.aggregate.outs = q->outs;
    mem_account_init(&q->account, "query", NULL, 0);
}

static status query_open(struct query *q, struct error *err)
{
    struct column_stream input = {&q->in.schema, &q->in, memory_next, memory_close};
    arena_init(&q->arena, &q->account);
    q->context = (struct exec_context){.account = &q->account, .arena = &q->arena};
    q->plan.aggregate.grand_total = q->plan.aggregate.key_count == 0;
    return exec_aggregate_open(&q->plan, &input, &q->context, &q->stream, err);
}

/* Nothing is left charged, and the input was closed once. */
static void query_close(struct query *q)
{
    q->stream.close(q->stream.self);
    arena_free(&q->arena);
    CHECK_INT(q->account.used_bytes, 0);
    CHECK_INT(q->in.closed, 1);
}

/* Column i of the only batch, as a value. */
static struct column_value cell(const struct query *q, const struct column_batch *b, size_t i,
                                int64_t row)
{
    struct column_value v;
    column_span_value(&b->spans[i], q->plan.schema.fields[i].type, row, &v);
    return v;
}

#define BIGINT column_type_of(COLUMN_BIGINT)
#define DOUBLE column_type_of(COLUMN_DOUBLE)
#define TEXT   column_type_of(COLUMN_TEXT)

/* ---- keys ------------------------------------------------------------------------------------ */

TEST(equal_keys_of_every_type_are_one_group)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    double d[] = {0.0, -0.0, NAN, -NAN, 1};
    float f[] = {-0.0f, 0.0f, NAN, -NAN, 1};
    int32_t i[] = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX, 0};
    int64_t l[] = {INT64_MIN, INT64_MIN, INT64_MAX, INT64_MAX, 0};
    uint8_t t[] = {1, 1, 0, 0, 0};
    _Alignas(16) int128 w[] = {-1, -1, 0, 0, INT128_MAX};
    struct str s[] = {STR(""), STR(""), STR("a"), STR("a"), STR("ab")};
    struct column_interval v[] = {{1, 0, 0}, {0, 30, 0}, {0, 1, 0}, {0, 0, 86400000000}, {0, 0, 0}};
    const struct {
        struct column_type type;
        const void *values;
        int64_t groups;
    } cases[] = {
        {DOUBLE, d, 3}, {column_type_of(COLUMN_REAL), f, 3},    {column_type_of(COLUMN_INT), i, 3},
        {BIGINT, l, 3}, {column_type_of(COLUMN_BOOLEAN), t, 2}, {column_type_decimal(38, 0), w, 3},
        {TEXT, s, 3},   {column_type_of(COLUMN_INTERVAL), v, 3}};
    for (size_t n = 0; n < ARRAY_LEN(cases); n++) {
        query_init(&q, 5, 2048);
        memory_column(&q.in, cases[n].type, cases[n].values);
        add_key(&q, 0);
        add_out(&q, QUERY_AGG_COUNT_STAR, add_arg(&q, -1, -1), BIGINT);
        CHECK_OK(query_open(&q, &err));
        CHECK_OK(q.stream.next(q.stream.self, &b, &err));
        CHECK_INT(b.rows, cases[n].groups);
        CHECK_INT(cell(&q, &b, 1, 0).i64, 2);
        CHECK_OK(q.stream.next(q.stream.self, &b, &err));
        CHECK_INT(b.rows, 0);
        query_close(&q);
    }
    /* One zero, whichever came first. */
    query_init(&q, 1, 1);
    memory_column(&q.in, DOUBLE, d + 1);
    add_key(&q, 0);
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_DOUBLE(cell(&q, &b, 0, 0).f64, 0.0);
    query_close(&q);
}

TEST(null_is_a_group)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    int64_t keys[] = {7, 0, 7, 0}, values[] = {1, 2, 3, 4};
    uint64_t valid = 0x5; /* rows 1 and 3 are NULL */
    query_init(&q, 4, 3);
    memory_column(&q.in, BIGINT, keys);
    memory_column(&q.in, BIGINT, values);
    q.in.valid[0] = &valid;
    add_key(&q, 0);
    add_out(&q, QUERY_AGG_SUM, add_arg(&q, 1, -1), BIGINT);
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_INT(b.rows, 2);
    for (int64_t i = 0; i < 2; i++)
        CHECK_INT(cell(&q, &b, 1, i).i64, cell(&q, &b, 0, i).null ? 6 : 4);
    CHECK(cell(&q, &b, 0, 0).null != cell(&q, &b, 0, 1).null);
    query_close(&q);
}

TEST(a_total_of_nothing_is_one_row)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    double none[1] = {0};
    query_init(&q, 0, 2048);
    memory_column(&q.in, DOUBLE, none);
    int rows = add_arg(&q, -1, -1), x = add_arg(&q, 0, -1);
    add_out(&q, QUERY_AGG_COUNT_STAR, rows, BIGINT);
    add_out(&q, QUERY_AGG_SUM, x, DOUBLE);
    add_out(&q, QUERY_AGG_STATE_S1, x, DOUBLE);
    add_out(&q, QUERY_AGG_STATE_REST, x, DOUBLE);
    add_out(&q, QUERY_AGG_STATE_MORE, x, column_type_of(COLUMN_BINARY));
    add_out(&q, QUERY_AGG_STATE_MISSING, x, BIGINT);
    add_out(&q, QUERY_AGG_COUNT_DISTINCT, x, BIGINT);
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_INT(b.rows, 1);
    CHECK_INT(cell(&q, &b, 0, 0).i64, 0);
    CHECK(cell(&q, &b, 1, 0).null && cell(&q, &b, 2, 0).null && cell(&q, &b, 4, 0).null);
    CHECK_DOUBLE(cell(&q, &b, 3, 0).f64, 0.0);
    CHECK_INT(cell(&q, &b, 5, 0).i64, 0);
    CHECK_INT(cell(&q, &b, 6, 0).i64, 0);
    query_close(&q);

    query_init(&q, 0, 2048); /* but grouping nothing gives nothing */
    memory_column(&q.in, DOUBLE, none);
    add_key(&q, 0);
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_INT(b.rows, 0);
    query_close(&q);
}

/* ---- results --------------------------------------------------------------------------------- */

TEST(every_result_of_one_argument)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    double x[] = {1e308, 0.5, -1e308, 0.25, 0};
    uint8_t on[] = {1, 1, 1, 0, 1};
    uint64_t valid = 0xF;
    query_init(&q, 5, 2);
    memory_column(&q.in, DOUBLE, x);
    memory_column(&q.in, column_type_of(COLUMN_BOOLEAN), on);
    q.in.valid[0] = &valid;
    int rows = add_arg(&q, -1, -1), all = add_arg(&q, 0, -1), some = add_arg(&q, 0, 1);
    int flags = add_arg(&q, 1, -1);
    struct column_type boolean = column_type_of(COLUMN_BOOLEAN);
    add_out(&q, QUERY_AGG_COUNT_STAR, rows, BIGINT);      /* 0 */
    add_out(&q, QUERY_AGG_COUNT, all, BIGINT);            /* 1 */
    add_out(&q, QUERY_AGG_SUM, all, DOUBLE);              /* 2 */
    add_out(&q, QUERY_AGG_AVG, all, DOUBLE);              /* 3 */
    add_out(&q, QUERY_AGG_MIN, all, DOUBLE);              /* 4 */
    add_out(&q, QUERY_AGG_MAX, all, DOUBLE);              /* 5 */
    add_out(&q, QUERY_AGG_SUM, some, DOUBLE);             /* 6 */
    add_out(&q, QUERY_AGG_STATE_MISSING, some, BIGINT);   /* 7 */
    add_out(&q, QUERY_AGG_BOOL_AND, flags, boolean);      /* 8 */
    add_out(&q, QUERY_AGG_BOOL_OR, flags, boolean);       /* 9 */
    add_out(&q, QUERY_AGG_ANY_VALUE, some, DOUBLE);       /* 10 */
    add_out(&q, QUERY_AGG_VAR_POP, some, DOUBLE);         /* 11: beyond the largest double */
    add_out(&q, QUERY_AGG_STDDEV_POP, some, DOUBLE);      /* 12 */
    add_out(&q, QUERY_AGG_COUNT_DISTINCT, flags, BIGINT); /* 13 */
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_INT(b.rows, 1);
    CHECK_INT(cell(&q, &b, 0, 0).i64, 5);
    CHECK_INT(cell(&q, &b, 1, 0).i64, 4);
    CHECK_DOUBLE(cell(&q, &b, 2, 0).f64, 0.75);
    CHECK_DOUBLE(cell(&q, &b, 3, 0).f64, 0.1875);
    CHECK_DOUBLE(cell(&q, &b, 4, 0).f64, -1e308);
    CHECK_DOUBLE(cell(&q, &b, 5, 0).f64, 1e308);
    CHECK_DOUBLE(cell(&q, &b, 6, 0).f64, 0.5);
    CHECK_INT(cell(&q, &b, 7, 0).i64, 2); /* one filtered out, one NULL */
    CHECK_INT(cell(&q, &b, 8, 0).b, 0);
    CHECK_INT(cell(&q, &b, 9, 0).b, 1);
    CHECK_DOUBLE(cell(&q, &b, 10, 0).f64, 1e308);
    CHECK_DOUBLE(cell(&q, &b, 11, 0).f64, INFINITY);
    CHECK_DOUBLE(cell(&q, &b, 12, 0).f64, 1e308 * sqrt(2.0 / 3.0));
    CHECK_INT(cell(&q, &b, 13, 0).i64, 2);
    query_close(&q);
}

TEST(overflow_names_the_group)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    int32_t days[] = {20102, 20103, 20103};
    struct str names[] = {STR("a"), STR("b"), STR("b")};
    int64_t x[] = {1, INT64_MAX, 1};
    query_init(&q, 3, 2048);
    memory_column(&q.in, column_type_of(COLUMN_DATE), days);
    memory_column(&q.in, TEXT, names);
    memory_column(&q.in, BIGINT, x);
    add_key(&q, 0);
    add_key(&q, 1);
    add_out(&q, QUERY_AGG_SUM, add_arg(&q, 2, -1), BIGINT);
    q.fields[0].name = STR("day");
    q.fields[1].name = STR("shop");
    q.fields[2].name = STR("total");
    CHECK_OK(query_open(&q, &err));
    CHECK_STATUS(q.stream.next(q.stream.self, &b, &err), ST_INVALID);
    CHECK_STR(str_of(err.sqlstate), "22003");
    CHECK_STR(str_of(err.msg), "bigint out of range: total of group (day = 2025-01-15, shop = b)");
    query_close(&q);
}

TEST(stored_states_merge_to_the_exact_sum)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    /* 2^53 + 1 in two halves, nothing, and a long form: 1 NaN and the integer 3. */
    double s1[] = {0x1p53, 0, 0}, rest[] = {1, 0, 0};
    struct str more[] = {STR(""), STR(""), STR("\x01\x00\x00\x00\x03")};
    uint64_t has_s1 = 1, has_rest = 3, has_more = 0;
    for (int with_long = 0; with_long < 2; with_long++) {
        query_init(&q, 2 + with_long, 2048);
        memory_column(&q.in, DOUBLE, s1);
        memory_column(&q.in, DOUBLE, rest);
        memory_column(&q.in, column_type_of(COLUMN_BINARY), more);
        has_more = (uint64_t)with_long << 2;
        q.in.valid[0] = &has_s1;
        q.in.valid[1] = &has_rest;
        q.in.valid[2] = &has_more;
        int arg = add_arg(&q, -1, -1);
        struct query_stored stored = {
            .type = DOUBLE, .s1 = column(&q, 0), .rest = column(&q, 1), .more = column(&q, 2)};
        q.args[arg].stored = &stored;
        add_out(&q, QUERY_AGG_SUM, arg, DOUBLE);
        add_out(&q, QUERY_AGG_STATE_S1, arg, DOUBLE);
        add_out(&q, QUERY_AGG_STATE_REST, arg, DOUBLE);
        add_out(&q, QUERY_AGG_STATE_MORE, arg, column_type_of(COLUMN_BINARY));
        CHECK_OK(query_open(&q, &err));
        CHECK_OK(q.stream.next(q.stream.self, &b, &err));
        if (!with_long) {
            CHECK_DOUBLE(cell(&q, &b, 0, 0).f64, 0x1p53);
            CHECK_DOUBLE(cell(&q, &b, 1, 0).f64, 0x1p53);
            CHECK_DOUBLE(cell(&q, &b, 2, 0).f64, 1.0);
            CHECK(cell(&q, &b, 3, 0).null);
        } else {
            CHECK(isnan(cell(&q, &b, 0, 0).f64));
            CHECK(cell(&q, &b, 1, 0).null && cell(&q, &b, 2, 0).null);
            struct str bytes = cell(&q, &b, 3, 0).str; /* 2^53 + 4 = 4 * (2^51 + 1) */
            CHECK_INT(bytes.len, 11);
            CHECK_INT(bytes.ptr[3], 4); /* zig-zag of exponent 2 */
        }
        query_close(&q);
    }
}

/* A coarser grouping out of a finer one's states: keys 1 and 2, all that a bigint keeps. */
TEST(stored_states_of_every_kind_merge)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    int64_t key[] = {1, 2, 1}, rows[] = {3, 1, 2}, missing[] = {1, 1, 0};
    int64_t sum[] = {30, 0, 12}, min[] = {10, 0, -3};
    struct str squares[] = {STR("\x04\x7d"), {"", 1}, STR("\x00\xe9\x00")};
    uint64_t has_value = 5; /* key 2 has no values */
    query_init(&q, 3, 2048);
    memory_column(&q.in, BIGINT, key);
    memory_column(&q.in, BIGINT, rows);
    memory_column(&q.in, BIGINT, missing);
    memory_column(&q.in, BIGINT, sum);
    memory_column(&q.in, BIGINT, min);
    memory_column(&q.in, column_type_of(COLUMN_BINARY), squares);
    q.in.valid[3] = q.in.valid[4] = &has_value;
    add_key(&q, 0);
    struct query_stored all = {.type = BIGINT,
                               .rows = column(&q, 1),
                               .missing = column(&q, 2),
                               .sum = column(&q, 3),
                               .min = column(&q, 4),
                               .squares = column(&q, 5)};
    struct query_stored group_rows = {.type = column_type_of(COLUMN_UNKNOWN),
                                      .count = column(&q, 1)};
    int arg = add_arg(&q, -1, -1), star = add_arg(&q, -1, -1);
    q.args[arg].stored = &all;
    q.args[star].stored = &group_rows;
    add_out(&q, QUERY_AGG_COUNT_STAR, star, BIGINT);
    add_out(&q, QUERY_AGG_COUNT, arg, BIGINT);
    add_out(&q, QUERY_AGG_STATE_MISSING, arg, BIGINT);
    add_out(&q, QUERY_AGG_SUM, arg, BIGINT);
    add_out(&q, QUERY_AGG_MIN, arg, BIGINT);
    add_out(&q, QUERY_AGG_AVG, arg, DOUBLE);
    add_out(&q, QUERY_AGG_STATE_SQUARES, arg, column_type_of(COLUMN_BINARY));
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_INT(b.rows, 2);
    const int64_t want[2][5] = {{5, 4, 1, 42, -3}, {1, 0, 1, 0, 0}};
    for (int g = 0; g < 2; g++)
        for (size_t i = 0; i < 5; i++) {
            CHECK_INT(cell(&q, &b, 1 + i, g).null, g == 1 && i >= 3);
            CHECK_INT(cell(&q, &b, 1 + i, g).i64, want[g][i]);
        }
    CHECK_DOUBLE(cell(&q, &b, 6, 0).f64, 10.5);
    CHECK(cell(&q, &b, 6, 1).null);
    /* 125 * 2^2 + 233 = 733 */
    CHECK(str_eq(cell(&q, &b, 7, 0).str, STR("\x00\xdd\x02")));
    CHECK(str_eq(cell(&q, &b, 7, 1).str, (struct str){"", 1}));
    query_close(&q);
}

TEST(a_spoiled_state_is_refused)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    const struct {
        double s1, rest;
        struct str more;
        uint64_t valid[3];
    } cases[] = {
        {1, 1, STR(""), {1, 1, 0}},                             /* 1 is not the nearest of 1 + 1 */
        {1, 0, STR(""), {1, 0, 0}},                             /* neither rest nor more */
        {INFINITY, 0, STR(""), {1, 1, 0}},                      /* infinity has the long form */
        {0, 0, STR("\x00\x00\x00\x00\x03"), {0, 0, 1}},         /* 3 fits the short form */
        {0, 0, STR("\x01\x00\x00\x00\x02"), {0, 0, 1}},         /* even */
        {0, 0, STR("\x01\x00\x00\x00\x03\x00"), {0, 0, 1}},     /* a byte too many */
        {0, 0, STR("\x81\x00\x00\x00\x00\x03"), {0, 0, 1}},     /* a count with a byte too many */
        {0, 0, STR("\x01\x00\x00\xFE\xFF\x0F\x03"), {0, 0, 1}}, /* 2^131071 */
        {1, 0, STR("\x01\x00\x00\x00\x03"), {1, 0, 1}},         /* NaN stored as 1 */
        {0, 0, STR("\x01"), {0, 0, 1}},                         /* cut off */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        query_init(&q, 1, 2048);
        memory_column(&q.in, DOUBLE, &cases[i].s1);
        memory_column(&q.in, DOUBLE, &cases[i].rest);
        memory_column(&q.in, column_type_of(COLUMN_BINARY), &cases[i].more);
        int arg = add_arg(&q, -1, -1);
        struct query_stored stored = {
            .type = DOUBLE, .s1 = column(&q, 0), .rest = column(&q, 1), .more = column(&q, 2)};
        q.args[arg].stored = &stored;
        for (int k = 0; k < 3; k++)
            q.in.valid[k] = &cases[i].valid[k];
        add_out(&q, QUERY_AGG_SUM, arg, DOUBLE);
        CHECK_OK(query_open(&q, &err));
        CHECK_STATUS(q.stream.next(q.stream.self, &b, &err), ST_CORRUPT);
        query_close(&q);
    }
}

/* ---- many groups ----------------------------------------------------------------------------- */

/* Sums x by up to three keys made of a row's number, against arrays counted directly. */
static void check_many(int64_t rows, const int64_t *mod, size_t key_count, bool codes, bool scale)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    int64_t *keys[3], *x = malloc((size_t)rows * 8), spread = scale ? 1000003 : 1;
    uint16_t *coded[3];
    struct column_dictionary dictionaries[3];
    int64_t *entries = malloc(65536 * 8);
    for (int64_t i = 0; i < 65536; i++)
        entries[i] = i * spread;
    query_init(&q, rows, 2048);
    for (size_t k = 0; k < key_count; k++) {
        keys[k] = malloc((size_t)rows * 8);
        coded[k] = malloc((size_t)rows * 2);
        for (int64_t i = 0; i < rows; i++) {
            keys[k][i] = (int64_t)((uint64_t)i * 2654435761u % (uint64_t)mod[k]) * spread;
            coded[k][i] = (uint16_t)(keys[k][i] / spread);
        }
        memory_column(&q.in, BIGINT, codes ? (void *)coded[k] : (void *)keys[k]);
        if (codes) {
            dictionaries[k] = (struct column_dictionary){column_dictionary_id(), 65536, entries};
            q.in.dictionary[k] = &dictionaries[k];
        }
        add_key(&q, (int)k);
    }
    for (int64_t i = 0; i < rows; i++)
        x[i] = i;
    memory_column(&q.in, BIGINT, x);
    int arg = add_arg(&q, (int)key_count, -1);
    add_out(&q, QUERY_AGG_SUM, arg, BIGINT);
    add_out(&q, QUERY_AGG_COUNT, arg, BIGINT);
    add_out(&q, QUERY_AGG_COUNT_DISTINCT, arg, BIGINT);
    size_t slots = 1;
    for (size_t k = 0; k < key_count; k++)
        slots *= (size_t)mod[k];
    int64_t *sums = calloc(slots, 8), *counts = calloc(slots, 8), groups = 0, seen = 0;
    for (int64_t i = 0; i < rows; i++) {
        size_t slot = 0;
        for (size_t k = 0; k < key_count; k++)
            slot = slot * (size_t)mod[k] + (size_t)(keys[k][i] / spread);
        sums[slot] += i;
        groups += counts[slot]++ == 0;
    }
    CHECK_OK(query_open(&q, &err));
    for (;;) {
        CHECK_OK(q.stream.next(q.stream.self, &b, &err));
        if (b.rows == 0)
            break;
        for (int64_t i = 0; i < b.rows; i++, seen++) {
            size_t slot = 0;
            for (size_t k = 0; k < key_count; k++)
                slot = slot * (size_t)mod[k] + (size_t)(cell(&q, &b, k, i).i64 / spread);
            CHECK_INT(cell(&q, &b, key_count, i).i64, sums[slot]);
            CHECK_INT(cell(&q, &b, key_count + 1, i).i64, counts[slot]);
            CHECK_INT(cell(&q, &b, key_count + 2, i).i64, counts[slot]);
            counts[slot] = -1; /* once only */
        }
    }
    CHECK_INT(seen, groups);
    query_close(&q);
    for (size_t k = 0; k < key_count; k++) {
        free(keys[k]);
        free(coded[k]);
    }
    free(x);
    free(entries);
    free(sums);
    free(counts);
}

TEST(many_groups_by_one_key)
{
    check_many(300000, (int64_t[]){200003}, 1, false, false); /* an array over the range */
    check_many(300000, (int64_t[]){200003}, 1, false, true);  /* hashed */
    check_many(100000, (int64_t[]){1000}, 1, true, true);     /* through a dictionary */
}

TEST(many_groups_by_several_keys)
{
    check_many(200000, (int64_t[]){101, 1009}, 2, true, true);     /* dense pairs */
    check_many(200000, (int64_t[]){5003, 20011}, 2, false, false); /* too sparse: hashed pairs */
    check_many(100000, (int64_t[]){7, 211, 1009}, 3, false, true); /* three keys */
    check_many(1000000, (int64_t[]){2503, 2003}, 2, true, false);  /* hashed, then dense again */
}

TEST(the_budget_is_an_error_that_says_so)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    int64_t *keys = malloc(500000 * 8);
    for (int64_t i = 0; i < 500000; i++)
        keys[i] = i * 7919;
    query_init(&q, 500000, 2048);
    memory_column(&q.in, BIGINT, keys);
    add_key(&q, 0);
    add_out(&q, QUERY_AGG_SUM, add_arg(&q, 0, -1), BIGINT);
    mem_account_init(&q.account, "query", NULL, 8 << 20);
    CHECK_OK(query_open(&q, &err));
    CHECK_STATUS(q.stream.next(q.stream.self, &b, &err), ST_LIMIT);
    CHECK(strstr(err.msg, "aggregation"));
    query_close(&q);
    free(keys);
}

/* ---- expressions -------------------------------------------------------------------------------
 */

static struct query_expr call(enum query_function f, enum column_kind kind,
                              struct query_expr **args, size_t n)
{
    return (struct query_expr){.kind = QUERY_CALL,
                               .type = column_type_of(kind),
                               .function = f,
                               .arg_count = n,
                               .args = args};
}

static struct query_expr constant(int64_t v)
{
    struct query_expr e = {.kind = QUERY_CONST, .type = BIGINT};
    e.value = (struct column_value){.type = BIGINT, .i64 = v};
    return e;
}

/* sum(100 / x) FILTER (WHERE x <> 0) GROUP BY x % 2: no division by the zeros left out. */
TEST(computed_keys_values_and_filters)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    int64_t x[] = {1, 0, 2, 4, 0, 5};
    query_init(&q, 6, 4);
    memory_column(&q.in, BIGINT, x);
    struct query_expr zero = constant(0), two = constant(2), hundred = constant(100);
    struct query_expr *col = column(&q, 0);
    struct query_expr odd =
        call(QUERY_FN_MOD_BIGINT, COLUMN_BIGINT, (struct query_expr *[]){col, &two}, 2);
    struct query_expr share =
        call(QUERY_FN_DIV_BIGINT, COLUMN_BIGINT, (struct query_expr *[]){&hundred, col}, 2);
    struct query_expr nonzero =
        call(QUERY_FN_NE, COLUMN_BOOLEAN, (struct query_expr *[]){col, &zero}, 2);
    add_key(&q, 0);
    q.keys[0] = &odd;
    int rows = add_arg(&q, -1, -1), computed = add_arg(&q, 0, -1), bare = add_arg(&q, 0, -1);
    q.args[rows].filter = &nonzero;
    q.args[computed].value = &share;
    q.args[computed].filter = &nonzero;
    q.args[bare].filter = &nonzero;
    add_out(&q, QUERY_AGG_COUNT_STAR, rows, BIGINT);
    add_out(&q, QUERY_AGG_SUM, computed, BIGINT);
    add_out(&q, QUERY_AGG_SUM, bare, BIGINT);
    add_out(&q, QUERY_AGG_STATE_MISSING, computed, BIGINT);
    add_out(&q, QUERY_AGG_COUNT_DISTINCT, computed, BIGINT);
    CHECK_OK(query_open(&q, &err));
    CHECK_OK(q.stream.next(q.stream.self, &b, &err));
    CHECK_INT(b.rows, 2);
    const int64_t want[2][6] = {{0, 2, 75, 6, 2, 2}, {1, 2, 120, 6, 0, 2}};
    for (int64_t i = 0; i < 2; i++)
        for (size_t k = 1; k < 6; k++)
            CHECK_INT(cell(&q, &b, k, i).i64, want[cell(&q, &b, 0, i).i64][k]);
    query_close(&q);
}

/* ---- shapes -------------------------------------------------------------------------------------
 */

/* Random columns of every kind, once as plain values in large batches and once in a shape drawn for
 * each column and small batches: the same groups and the same results. */

#define SHAPE_ROWS 4000

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

struct shape_column {
    struct column_type type;
    size_t bytes;
    _Alignas(16) char values[SHAPE_ROWS * 16];
    uint16_t codes[SHAPE_ROWS];
    _Alignas(16) char entries[64 * 16]; /* each value is one of these */
    struct column_dictionary dictionary;
    /* the same values through another dictionary, entries in reverse */
    uint16_t odd_codes[SHAPE_ROWS];
    _Alignas(16) char odd_entries[64 * 16];
    struct column_dictionary odd_dictionary;
    uint64_t valid[SHAPE_ROWS / 64 + 1];
    bool nulls, constant;
};

static void draw_entry(struct column_type type, uint64_t r, char *out)
{
    static const struct str words[] = {STR(""), STR("a"), STR("ab"), STR("abc"), STR("b")};
    double d = (double)(int64_t)(r % 2000 - 1000) / 8;
    float f = (float)d;
    int128 wide = (int128)(int64_t)r * (r % 1000000);
    switch (column_type_phys(type)) {
    case PHYS_BOOL:
        *out = r & 1;
        break;
    case PHYS_F64:
        d = r % 50 == 0 ? NAN : r % 50 == 1 ? -0.0 : d;
        memcpy(out, &d, 8);
        break;
    case PHYS_F32:
        memcpy(out, &f, 4);
        break;
    case PHYS_STR:
        memcpy(out, &words[r % 5], sizeof(struct str));
        break;
    case PHYS_INTERVAL:
        memcpy(out, &(struct column_interval){0, (int32_t)(r % 5), (int64_t)(r % 7)}, 16);
        break;
    default:
        memcpy(out, &wide, column_phys_bytes(column_type_phys(type)));
    }
}

static void draw_column(struct shape_column *c, uint64_t *rng)
{
    const struct column_type types[] = {column_type_of(COLUMN_BOOLEAN),
                                        column_type_of(COLUMN_INT),
                                        BIGINT,
                                        column_type_of(COLUMN_REAL),
                                        DOUBLE,
                                        column_type_decimal(10, 2),
                                        column_type_decimal(38, 4),
                                        column_type_of(COLUMN_DATE),
                                        TEXT,
                                        column_type_of(COLUMN_INTERVAL)};
    uint32_t entries = 1 + (uint32_t)(next_random(rng) % 64);
    c->type = types[next_random(rng) % ARRAY_LEN(types)];
    c->bytes = column_phys_bytes(column_type_phys(c->type));
    c->nulls = next_random(rng) % 2;
    c->constant = next_random(rng) % 8 == 0;
    for (uint32_t i = 0; i < entries; i++)
        draw_entry(c->type, next_random(rng), c->entries + i * c->bytes);
    for (uint32_t i = 0; i < entries; i++)
        memcpy(c->odd_entries + (entries - 1 - i) * c->bytes, c->entries + i * c->bytes, c->bytes);
    c->dictionary = (struct column_dictionary){column_dictionary_id(), entries, c->entries};
    c->odd_dictionary = (struct column_dictionary){column_dictionary_id(), entries, c->odd_entries};
    memset(c->valid, 0, sizeof(c->valid));
    for (size_t i = 0; i < SHAPE_ROWS; i++) {
        c->codes[i] = c->constant ? 0 : (uint16_t)(next_random(rng) % entries);
        c->odd_codes[i] = (uint16_t)(entries - 1 - c->codes[i]);
        memcpy(c->values + i * c->bytes, c->entries + c->codes[i] * c->bytes, c->bytes);
        c->valid[i / 64] |= (uint64_t)(next_random(rng) % 4 != 0) << (i % 64);
    }
}

/* Puts a column into a query in one of its shapes. */
static void shape_into(struct query *q, struct shape_column *c, bool plain, uint64_t *rng)
{
    size_t i = q->in.schema.count;
    memory_column(&q->in, c->type, c->values);
    q->in.valid[i] = c->nulls && !c->constant ? c->valid : NULL;
    if (plain)
        return;
    if (c->constant) {
        q->in.run[i] = true;
    } else if (next_random(rng) % 2) {
        q->in.values[i] = c->codes;
        q->in.dictionary[i] = &c->dictionary;
        if (next_random(rng) % 2) {
            q->in.odd_dictionary[i] = &c->odd_dictionary;
            q->in.odd_codes[i] = c->odd_codes;
        }
    }
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Runs the query; its rows as sorted lines of hex. */
static size_t run_to_lines(struct query *q, char ***lines)
{
    struct error err;
    struct column_batch b;
    size_t n = 0;
    *lines = malloc((SHAPE_ROWS + 1) * sizeof(**lines));
    CHECK_OK(query_open(q, &err));
    for (;;) {
        CHECK_OK(q->stream.next(q->stream.self, &b, &err));
        if (b.rows == 0)
            break;
        for (int64_t row = 0; row < b.rows; row++) {
            char text[4096];
            size_t at = 0;
            for (size_t i = 0; i < b.columns; i++) {
                struct column_value v = cell(q, &b, i, row);
                enum column_phys phys = column_type_phys(v.type);
                const uint8_t *bytes = phys == PHYS_STR
                                           ? (const uint8_t *)v.str.ptr
                                           : (const uint8_t *)&v + offsetof(struct column_value, b);
                size_t len = v.null ? 0 : phys == PHYS_STR ? v.str.len : column_phys_bytes(phys);
                at += (size_t)snprintf(text + at, sizeof(text) - at, v.null ? "| - " : "| ");
                for (size_t k = 0; k < len; k++)
                    at += (size_t)snprintf(text + at, sizeof(text) - at, "%02x", bytes[k]);
            }
            CHECK(n < SHAPE_ROWS);
            (*lines)[n++] = strdup(text);
        }
    }
    query_close(q);
    qsort(*lines, n, sizeof(**lines), compare_text);
    return n;
}

static void build_shapes(struct query *q, struct shape_column *columns, size_t keys, bool plain,
                         uint64_t *rng)
{
    static uint8_t keep[SHAPE_ROWS];
    for (size_t i = 0; i < SHAPE_ROWS; i++)
        keep[i] = i % 3 != 0;
    query_init(q, SHAPE_ROWS, plain ? 2048 : 1 + (int64_t)(next_random(rng) % 300));
    for (size_t i = 0; i < 5; i++)
        shape_into(q, &columns[i], plain, rng);
    memory_column(&q->in, column_type_of(COLUMN_BOOLEAN), keep);
    for (size_t k = 0; k < keys; k++)
        add_key(q, (int)k);
    for (int i = 3; i < 5; i++) {
        struct column_type type = columns[i].type;
        int arg = add_arg(q, i, i == 3 ? -1 : 5);
        bool text = column_type_phys(type) == PHYS_STR, sums = column_type_is_number(type);
        struct column_type sum = column_type_is_float(type)    ? DOUBLE
                                 : type.kind == COLUMN_DECIMAL ? column_type_decimal(38, type.scale)
                                                               : BIGINT;
        add_out(q, QUERY_AGG_COUNT, arg, BIGINT);
        add_out(q, QUERY_AGG_COUNT_DISTINCT, arg, BIGINT);
        add_out(q, QUERY_AGG_STATE_MISSING, arg, BIGINT);
        add_out(q, QUERY_AGG_MIN, arg, type);
        add_out(q, QUERY_AGG_MAX, arg, type);
        if (sums && type.kind != COLUMN_BIGINT)
            add_out(q, QUERY_AGG_SUM, arg, sum);
        if (sums && !text && i == 3)
            add_out(q, QUERY_AGG_STDDEV_SAMP, arg, DOUBLE);
    }
}

TEST(shapes_and_batches_change_nothing)
{
    static struct query a, b;
    static struct shape_column columns[5];
    const char *text = getenv("FIRN_TEST_SEED"), *many = getenv("FIRN_TEST_CASES");
    uint64_t rng = text ? strtoull(text, NULL, 10) : 1;
    fprintf(stderr, "shapes: FIRN_TEST_SEED=%llu\n", (unsigned long long)rng);
    for (int round = 0; round < (many ? atoi(many) : 60); round++) {
        for (size_t i = 0; i < 5; i++)
            draw_column(&columns[i], &rng);
        size_t keys = next_random(&rng) % 4;
        char **x, **y;
        build_shapes(&a, columns, keys, true, &rng);
        build_shapes(&b, columns, keys, false, &rng);
        size_t n = run_to_lines(&a, &x);
        CHECK_INT(run_to_lines(&b, &y), n);
        for (size_t i = 0; i < n; i++) {
            if (strcmp(x[i], y[i]) != 0)
                test_fail(__FILE__, __LINE__, "round %d: row %s, not %s", round, y[i], x[i]);
            free(x[i]);
            free(y[i]);
        }
        free(x);
        free(y);
    }
}

/* Every allocation fails once: a clean error, nothing left charged. */
TEST(each_allocation_may_fail)
{
    struct error err;
    struct column_batch b;
    static struct query q;
    double x[] = {1e300, 1e-300, 0.5, NAN};
    struct str names[] = {STR("a"), STR("b"), STR("c"), STR("a")};
    int64_t ids[] = {1, 1LL << 40, 3, 1};
    for (uint64_t nth = 1;; nth++) {
        query_init(&q, 4, 2048);
        memory_column(&q.in, DOUBLE, x);
        memory_column(&q.in, TEXT, names);
        memory_column(&q.in, BIGINT, ids);
        add_key(&q, 1);
        add_key(&q, 2);
        int arg = add_arg(&q, 0, -1);
        add_out(&q, QUERY_AGG_SUM, arg, DOUBLE);
        add_out(&q, QUERY_AGG_STDDEV_POP, arg, DOUBLE);
        add_out(&q, QUERY_AGG_COUNT_DISTINCT, arg, BIGINT);
        add_out(&q, QUERY_AGG_STATE_MORE, arg, column_type_of(COLUMN_BINARY));
        add_out(&q, QUERY_AGG_MAX, add_arg(&q, 1, -1), TEXT);
        mem_fault_set(nth, false);
        status st = query_open(&q, &err);
        bool opened = st == ST_OK;
        while (st == ST_OK && (st = q.stream.next(q.stream.self, &b, &err)) == ST_OK && b.rows > 0)
            ;
        bool all = mem_fault_count() < nth;
        mem_fault_set(0, false);
        if (opened)
            query_close(&q);
        else
            arena_free(&q.arena);
        CHECK_INT(q.account.used_bytes, 0);
        CHECK_INT(q.in.closed, 1);
        CHECK_STATUS(st, all ? ST_OK : ST_OOM);
        if (all)
            break;
    }
}
