// SPDX-License-Identifier: Apache-2.0
/* column_key_test.c - the order of keys against the order of values, for every pair of a pool of
 * edges and random values of each type, alone and as keys of several columns. */
#include "column/column_key.h"
#include "harness/test.h"

#include <math.h>

#define POOL    150
#define COLUMNS 3

static uint64_t random_state = 88172645463325252u;

static uint64_t random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* A random number of random size. */
static int64_t random_i64(void)
{
    return (int64_t)random_u64() >> random_u64() % 64;
}

static double random_double(void)
{
    static const double edges[] = {0.0,     -0.0,     INFINITY,  -INFINITY, NAN, 5e-324,
                                   -5e-324, 0x1p1023, -0x1p1023, 1.0,       -1.0};
    uint64_t bits = random_u64();
    double v;
    if (random_u64() % 3 == 0)
        return edges[random_u64() % ARRAY_LEN(edges)];
    if (random_u64() % 8 == 0) /* a NaN of its own kind, either sign */
        bits |= UINT64_C(0x7FF0000000000001);
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static float random_float(void)
{
    double v = random_double();
    uint32_t bits = (uint32_t)random_u64();
    float f;
    if (isnan(v) || isinf(v) || v == 0)
        return (float)v;
    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* Few different bytes, so that texts start each other: with zeros, marks and ends in them. */
static struct str random_text(char *room)
{
    static const char bytes[] = {0, 1, 2, (char)0xFF, 'a', (char)0xFE};
    size_t len = random_u64() % 6;
    for (size_t i = 0; i < len; i++)
        room[i] = bytes[random_u64() % sizeof(bytes)];
    return (struct str){room, len};
}

static const struct column_type types[] = {
    {.kind = COLUMN_BOOLEAN},
    {.kind = COLUMN_SMALLINT},
    {.kind = COLUMN_INT},
    {.kind = COLUMN_BIGINT},
    {.kind = COLUMN_REAL},
    {.kind = COLUMN_DOUBLE},
    {.kind = COLUMN_DECIMAL, .precision = 18, .scale = 2},
    {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 2},
    {.kind = COLUMN_DATE},
    {.kind = COLUMN_TIME},
    {.kind = COLUMN_TIMESTAMP},
    {.kind = COLUMN_TIMESTAMPTZ},
    {.kind = COLUMN_TEXT},
    {.kind = COLUMN_UUID},
    {.kind = COLUMN_BINARY},
    {.kind = COLUMN_FIXED, .length_bytes = 4},
};

/* A value of a type; text stands in `room`. */
static struct column_value random_value(struct column_type type, char room[8])
{
    struct column_value v = {.type = type, .null = random_u64() % 10 == 0};
    int64_t n = random_u64() % 12 ? random_i64() : random_u64() % 2 ? INT64_MAX : INT64_MIN;
    if (v.null)
        return v;
    switch (column_type_phys(type)) {
    case PHYS_BOOL:
        v.b = random_u64() % 2;
        break;
    case PHYS_I32:
        v.i32 = n == INT64_MAX ? INT32_MAX : n == INT64_MIN ? INT32_MIN : (int32_t)n;
        break;
    case PHYS_I64:
        v.i64 = n;
        break;
    case PHYS_F32:
        v.f32 = random_float();
        break;
    case PHYS_F64:
        v.f64 = random_double();
        break;
    case PHYS_I128:
        v.i128 = (int128)((uint128)(int128)n << random_u64() % 64) + (int64_t)random_u64() % 3;
        break;
    default:
        v.str = random_text(room);
        break;
    }
    return v;
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* NULLS LAST; group keys: signed zeros are equal. */
static int oracle(const struct column_value *a, const struct column_value *b)
{
    return a->null || b->null ? a->null - b->null : sign(column_value_cmp(a, b, false));
}

struct key {
    struct column_value value[COLUMNS];
    char room[COLUMNS][8];
    struct buffer bytes;
};

static int oracle_row(const struct key *a, const struct key *b, size_t columns)
{
    int c = 0;
    for (size_t i = 0; i < columns && c == 0; i++)
        c = oracle(&a->value[i], &b->value[i]);
    return c;
}

static void check_pair(const struct key *a, const struct key *b, size_t columns)
{
    struct str x = buffer_str(&a->bytes), y = buffer_str(&b->bytes);
    CHECK_INT(sign(column_key_cmp(x, y)), oracle_row(a, b, columns));
    if (x.len < y.len)
        CHECK(memcmp(x.ptr, y.ptr, x.len) != 0); /* K1 */
}

static void check_types(const struct column_type *of, size_t columns)
{
    static struct key pool[POOL];
    struct error err;
    for (size_t i = 0; i < POOL; i++) {
        buffer_init(&pool[i].bytes, NULL, 4096);
        for (size_t c = 0; c < columns; c++) {
            /* a third of the leading values come again, so that later columns decide */
            if (i > 0 && c + 1 < columns && random_u64() % 3 == 0)
                pool[i].value[c] = pool[random_u64() % i].value[c];
            else
                pool[i].value[c] = random_value(of[c], pool[i].room[c]);
            CHECK_OK(column_key_put(&pool[i].value[c], &pool[i].bytes, &err));
        }
    }
    for (size_t i = 0; i < POOL; i++)
        for (size_t j = 0; j < POOL; j++)
            check_pair(&pool[i], &pool[j], columns);
    for (size_t i = 0; i < POOL; i++)
        buffer_free(&pool[i].bytes);
}

TEST(one_column)
{
    for (size_t t = 0; t < ARRAY_LEN(types); t++)
        for (int round = 0; round < 4; round++)
            check_types(&types[t], 1);
}

TEST(several_columns)
{
    for (int round = 0; round < 60; round++) {
        struct column_type of[COLUMNS];
        for (size_t c = 0; c < COLUMNS; c++)
            of[c] = types[random_u64() % ARRAY_LEN(types)];
        check_types(of, COLUMNS);
    }
}

static void check_same(struct column_value a, struct column_value b)
{
    struct error err;
    struct buffer x, y;
    buffer_init(&x, NULL, 64);
    buffer_init(&y, NULL, 64);
    CHECK_OK(column_key_put(&a, &x, &err));
    CHECK_OK(column_key_put(&b, &y, &err));
    CHECK(str_eq(buffer_str(&x), buffer_str(&y)));
    buffer_free(&x);
    buffer_free(&y);
}

TEST(widened_columns_keep_their_keys)
{
    for (int i = 0; i < 1000; i++) {
        int32_t n = (int32_t)random_i64();
        float f = random_float();
        struct column_value narrow = {.type = {.kind = COLUMN_INT}, .i32 = n};
        struct column_value wide = {.type = {.kind = COLUMN_BIGINT}, .i64 = n};
        check_same(narrow, wide);
        narrow = (struct column_value){.type = {.kind = COLUMN_REAL}, .f32 = f};
        wide = (struct column_value){.type = {.kind = COLUMN_DOUBLE}, .f64 = (double)f};
        check_same(narrow, wide);
        narrow = (struct column_value){.type = column_type_decimal(9, 2), .i64 = n};
        wide = (struct column_value){.type = column_type_decimal(38, 2), .i128 = n};
        check_same(narrow, wide);
    }
}

TEST(one_group_has_one_key)
{
    struct column_value zero = {.type = {.kind = COLUMN_DOUBLE}, .f64 = 0.0}, minus = zero;
    minus.f64 = -0.0;
    check_same(zero, minus);
    uint64_t odd = UINT64_C(0xFFF0000000000123);
    zero.f64 = NAN;
    memcpy(&minus.f64, &odd, sizeof(odd));
    check_same(zero, minus);
}

/* The bytes of the header, written down once. */
TEST(layout)
{
    struct error err;
    struct buffer b;
    buffer_init(&b, NULL, 256);
    struct column_value v = {.type = {.kind = COLUMN_DATE}, .i32 = -1};
    CHECK_OK(column_key_put(&v, &b, &err));
    v = (struct column_value){.type = {.kind = COLUMN_INT}, .i32 = 258};
    CHECK_OK(column_key_put(&v, &b, &err));
    v = (struct column_value){.type = {.kind = COLUMN_TEXT}, .str = {"a\0b", 3}};
    CHECK_OK(column_key_put(&v, &b, &err));
    v = (struct column_value){.type = {.kind = COLUMN_BOOLEAN}, .null = true};
    CHECK_OK(column_key_put(&v, &b, &err));
    static const char want[] = "\x01\x7f\xff\xff\xff"
                               "\x01\x80\0\0\0\0\0\x01\x02"
                               "\x01"
                               "a\0\xff"
                               "b\0\x01"
                               "\x02";
    CHECK(str_eq(buffer_str(&b), (struct str){want, sizeof(want) - 1}));
    buffer_free(&b);
}

TEST(intervals_are_refused)
{
    struct error err;
    struct buffer b;
    buffer_init(&b, NULL, 64);
    struct column_value v = {.type = {.kind = COLUMN_INTERVAL}};
    CHECK_STATUS(column_key_put(&v, &b, &err), ST_UNSUPPORTED);
    buffer_free(&b);
}
