// SPDX-License-Identifier: Apache-2.0
/* expr_test.c - compiled expressions over spans: shapes of results, guards, NULL rules,
 * errors; and random expressions over random spans against their value row by row.
 *
 * What single functions answer is in expr_golden_test.c and expr_sql_test.c. */
#include "harness/test.h"

#include "base/mem.h"
#include "column/column_zone.h"
#include "expr/expr_int.h"

#include <stdlib.h>

/* ---- building -------------------------------------------------------------------------------- */

struct bench {
    struct arena arena;
    struct expr_context context;
    struct error err;
};

static void bench_init(struct bench *b)
{
    arena_init(&b->arena, NULL);
    b->context = (struct expr_context){.arena = &b->arena};
    error_init(&b->err);
}

static struct column_type type(enum column_kind kind)
{
    return column_type_of(kind);
}

static struct query_expr *node(struct bench *b, enum query_expr_kind kind, struct column_type t,
                               size_t count)
{
    struct query_expr *e;
    struct error err;
    CHECK_OK(ARENA_NEW(&b->arena, struct query_expr, &e, &err));
    CHECK_OK(ARENA_ARRAY(&b->arena, struct query_expr *, count, &e->args, &err));
    e->kind = kind;
    e->type = t;
    e->arg_count = count;
    return e;
}

static struct query_expr *with(struct query_expr *e, struct query_expr *a, struct query_expr *b,
                               struct query_expr *c)
{
    struct query_expr *args[] = {a, b, c};
    for (size_t k = 0; k < e->arg_count; k++)
        e->args[k] = args[k];
    return e;
}

static struct query_expr *column(struct bench *b, int i, struct column_type t)
{
    struct query_expr *e = node(b, QUERY_COLUMN, t, 0);
    e->column = i;
    return e;
}

static struct query_expr *integer(struct bench *b, int32_t v)
{
    struct query_expr *e = node(b, QUERY_CONST, type(COLUMN_INT), 0);
    e->value = (struct column_value){.type = e->type, .i32 = v};
    return e;
}

static struct query_expr *text(struct bench *b, const char *v)
{
    struct query_expr *e = node(b, QUERY_CONST, type(COLUMN_TEXT), 0);
    e->value = (struct column_value){.type = e->type, .str = str_of(v)};
    return e;
}

static struct query_expr *null_of(struct bench *b, struct column_type t)
{
    struct query_expr *e = node(b, QUERY_CONST, t, 0);
    e->value = (struct column_value){.type = t, .null = true};
    return e;
}

static struct query_expr *call(struct bench *b, enum query_function f, struct column_type t,
                               struct query_expr *x, struct query_expr *y)
{
    struct query_expr *e = with(node(b, QUERY_CALL, t, (x != NULL) + (y != NULL)), x, y, NULL);
    e->function = f;
    return e;
}

static struct query_expr *both(struct bench *b, enum query_expr_kind kind, struct query_expr *x,
                               struct query_expr *y)
{
    return with(node(b, kind, x->type, 2), x, y, NULL);
}

/* Spans of integers: VALUES with a NULL where the value is INT32_MIN; RUN of one. */
static struct column_span integers(const int32_t *v, int64_t rows, uint64_t *valid)
{
    bool nulls = false;
    memset(valid, 0, COLUMN_SPAN_WORDS * sizeof(*valid));
    for (int64_t i = 0; i < rows; i++) {
        valid[i / 64] |= (uint64_t)(v[i] != INT32_MIN) << (i % 64);
        nulls |= v[i] == INT32_MIN;
    }
    return (struct column_span){
        .kind = SPAN_VALUES, .rows = rows, .values = v, .valid = nulls ? valid : NULL};
}

static struct column_span run_of(const void *v, int64_t rows)
{
    return (struct column_span){.kind = SPAN_RUN, .rows = rows, .values = v, .run_null = !v};
}

static struct expr *compiled(struct bench *b, struct query_expr *e)
{
    struct expr *x = NULL;
    struct error err;
    CHECK_OK(expr_compile(e, &b->context, &x, &err));
    return x;
}

static int64_t value_at(const struct column_span *s, struct column_type t, int64_t i)
{
    struct column_value v;
    column_span_value(s, t, i, &v);
    if (v.null)
        return INT64_MIN;
    return column_type_phys(t) == PHYS_BOOL  ? v.b
           : column_type_phys(t) == PHYS_I32 ? v.i32
           : column_type_phys(t) == PHYS_STR ? (int64_t)v.str.len
                                             : v.i64;
}
#define NONE INT64_MIN

/* ---- shapes ---------------------------------------------------------------------------------- */

TEST(run_in_run_out)
{
    struct bench b;
    struct error err;
    struct column_span spans[2], out;
    static const int32_t seven = 7, some[3] = {1, 2, 3};
    uint64_t valid[COLUMN_SPAN_WORDS];
    bench_init(&b);
    struct column_type t = type(COLUMN_INT);
    struct expr *sum =
        compiled(&b, call(&b, QUERY_FN_ADD_INT, t, column(&b, 0, t), column(&b, 1, t)));
    spans[0] = run_of(&seven, 2000);
    spans[1] = run_of(&seven, 2000);
    CHECK_OK(expr_eval(sum, &(struct column_batch){2000, 2, spans}, &out, &err));
    CHECK(out.kind == SPAN_RUN && out.rows == 2000);
    CHECK_INT(value_at(&out, t, 1999), 14);
    spans[1] = run_of(NULL, 2000);
    CHECK_OK(expr_eval(sum, &(struct column_batch){2000, 2, spans}, &out, &err));
    CHECK(out.kind == SPAN_RUN && out.run_null);
    spans[0] = run_of(&seven, 3);
    spans[1] = integers(some, 3, valid);
    CHECK_OK(expr_eval(sum, &(struct column_batch){3, 2, spans}, &out, &err));
    CHECK(out.kind == SPAN_VALUES && !out.valid);
    CHECK_INT(value_at(&out, t, 2), 10);
    CHECK_OK(expr_eval(sum, &(struct column_batch){0, 2, spans}, &out, &err));
    CHECK_INT(out.rows, 0);
    arena_free(&b.arena);
}

/* What the codes tests are over: entries 10, 0, 20; rows 10 20 0 NULL 10. */
static const int32_t entries[3] = {10, 0, 20};
static const uint16_t codes[5] = {0, 2, 1, 0, 0};
static const uint64_t codes_valid[1] = {0x17};

static struct column_span coded(const struct column_dictionary *d, bool nulls)
{
    return (struct column_span){.kind = SPAN_CODES,
                                .code_bytes = 2,
                                .rows = 5,
                                .valid = nulls ? codes_valid : NULL,
                                .codes = codes,
                                .dictionary = d};
}

TEST(codes_keep_their_codes)
{
    struct bench b;
    struct error err;
    struct column_dictionary d = {column_dictionary_id(), 3, entries};
    struct column_span in = coded(&d, true), out;
    struct column_type t = type(COLUMN_INT);
    bench_init(&b);
    struct expr *x = compiled(&b, call(&b, QUERY_FN_ADD_INT, t, column(&b, 0, t), integer(&b, 1)));
    uint64_t id = 0;
    for (int again = 0; again < 2; again++) {
        CHECK_OK(expr_eval(x, &(struct column_batch){5, 1, &in}, &out, &err));
        CHECK(out.kind == SPAN_CODES && out.codes == codes && out.dictionary->count == 3);
        CHECK(out.dictionary->id != d.id && (again == 0 || out.dictionary->id == id));
        id = out.dictionary->id;
        CHECK_INT(value_at(&out, t, 1), 21);
        CHECK_INT(value_at(&out, t, 3), NONE);
    }
    d.id = column_dictionary_id(); /* another dictionary: the results of the first are not used */
    CHECK_OK(expr_eval(x, &(struct column_batch){5, 1, &in}, &out, &err));
    CHECK(out.kind == SPAN_CODES && out.dictionary->id != id);
    arena_free(&b.arena);
}

/* A NULL that becomes a value is one more entry; a value that becomes NULL a NULL row. */
TEST(codes_change_nulls)
{
    struct bench b;
    struct error err;
    struct column_dictionary d = {column_dictionary_id(), 3, entries};
    struct column_span in = coded(&d, true), out;
    struct column_type t = type(COLUMN_INT);
    bench_init(&b);
    struct expr *filled = compiled(&b, both(&b, QUERY_COALESCE, column(&b, 0, t), integer(&b, 5)));
    CHECK_OK(expr_eval(filled, &(struct column_batch){5, 1, &in}, &out, &err));
    CHECK(out.kind == SPAN_CODES && out.dictionary->count == 4);
    static const int64_t want[5] = {10, 20, 0, 5, 10};
    for (int i = 0; i < 5; i++)
        CHECK_INT(value_at(&out, t, i), want[i]);
    struct expr *emptied = compiled(&b, both(&b, QUERY_NULLIF, column(&b, 0, t), integer(&b, 20)));
    CHECK_OK(expr_eval(emptied, &(struct column_batch){5, 1, &in}, &out, &err));
    static const int64_t without[5] = {10, NONE, 0, NONE, 10};
    for (int i = 0; i < 5; i++)
        CHECK_INT(value_at(&out, t, i), without[i]);
    arena_free(&b.arena);
}

/* An entry that no row uses must not raise; one that is used must. */
TEST(unused_entries_raise_nothing)
{
    struct bench b;
    struct error err;
    struct column_dictionary d = {column_dictionary_id(), 3, entries};
    struct column_span in = coded(&d, false), out;
    static const uint16_t no_zero[5] = {0, 2, 2, 0, 2};
    struct column_type t = type(COLUMN_INT);
    bench_init(&b);
    struct expr *x =
        compiled(&b, call(&b, QUERY_FN_DIV_INT, t, integer(&b, 100), column(&b, 0, t)));
    in.codes = no_zero;
    CHECK_OK(expr_eval(x, &(struct column_batch){5, 1, &in}, &out, &err));
    CHECK_INT(value_at(&out, t, 1), 5);
    in.codes = codes;
    CHECK_STATUS(expr_eval(x, &(struct column_batch){5, 1, &in}, &out, &err), ST_INVALID);
    CHECK_STR(str_of(error_state(&err)), "22012");
    arena_free(&b.arena);
}

/* A long list is searched, a short one compared; both by the rules of =. */
TEST(in_lists)
{
    static const int32_t rows[6] = {5, 100, -3, INT32_MIN, 40, 41}; /* INT32_MIN: NULL */
    static const int64_t plain[6] = {0, 1, 0, NONE, 1, 0};
    static const int64_t with_null[6] = {NONE, 1, NONE, NONE, 1, NONE};
    uint64_t valid[COLUMN_SPAN_WORDS];
    struct column_span in = integers(rows, 6, valid), out;
    struct column_type t = type(COLUMN_INT), boolean = type(COLUMN_BOOLEAN);
    struct bench b;
    struct error err;
    bench_init(&b);
    for (int nulls = 0; nulls < 2; nulls++)
        for (size_t count = 2; count < 30; count += 9) {
            struct query_expr *e = node(&b, QUERY_IN, boolean, count + 1);
            e->args[0] = column(&b, 0, t);
            for (size_t k = 1; k <= count; k++)
                e->args[k] = integer(&b, k % 2 ? 100 : 40);
            if (nulls)
                e->args[count] = null_of(&b, t);
            if (nulls && count == 2)
                e->args[1] = integer(&b, 100);
            CHECK_OK(expr_eval(compiled(&b, e), &(struct column_batch){6, 1, &in}, &out, &err));
            for (int i = 0; i < 6; i++) {
                int64_t want = nulls ? with_null[i] : plain[i];
                if (nulls && count == 2 && rows[i] == 40)
                    want = NONE;
                CHECK_INT(value_at(&out, boolean, i), want);
            }
        }
    arena_free(&b.arena);
}

TEST(select_rows)
{
    struct bench b;
    struct error err;
    struct column_type t = type(COLUMN_INT);
    static int32_t v[COLUMN_SPAN_ROWS];
    static uint16_t rows[COLUMN_SPAN_ROWS];
    uint64_t valid[COLUMN_SPAN_WORDS];
    size_t count;
    bench_init(&b);
    for (int i = 0; i < COLUMN_SPAN_ROWS; i++)
        v[i] = i % 3 == 0 ? INT32_MIN : i;
    struct column_span s = integers(v, 1000, valid);
    struct expr *x = compiled(
        &b, call(&b, QUERY_FN_LT, type(COLUMN_BOOLEAN), column(&b, 0, t), integer(&b, 10)));
    CHECK_OK(expr_select(x, &(struct column_batch){1000, 1, &s}, rows, &count, &err));
    static const uint16_t want[] = {1, 2, 4, 5, 7, 8};
    CHECK_INT(count, 6);
    CHECK(memcmp(rows, want, sizeof(want)) == 0);
    static const int32_t small = 1;
    s = run_of(&small, COLUMN_SPAN_ROWS);
    CHECK_OK(expr_select(x, &(struct column_batch){COLUMN_SPAN_ROWS, 1, &s}, rows, &count, &err));
    CHECK_INT(count, COLUMN_SPAN_ROWS);
    CHECK_INT(rows[2047], 2047);
    s = run_of(NULL, 100);
    CHECK_OK(expr_select(x, &(struct column_batch){100, 1, &s}, rows, &count, &err));
    CHECK_INT(count, 0);
    struct column_dictionary d = {column_dictionary_id(), 3, entries};
    s = coded(&d, true);
    CHECK_OK(expr_select(x, &(struct column_batch){5, 1, &s}, rows, &count, &err));
    CHECK_INT(count, 1);
    CHECK_INT(rows[0], 2);
    arena_free(&b.arena);
}

/* ---- functions without a golden answer ------------------------------------------------------- */

static struct column_value folded(struct bench *b, struct query_expr *e)
{
    struct column_value v = {.null = true};
    struct error err;
    CHECK_OK(expr_fold(e, &b->context, &b->arena, &v, &err));
    return v;
}

TEST(clock)
{
    struct bench b;
    struct error err;
    struct zone *zone;
    bench_init(&b);
    CHECK_OK(zone_load(&b.arena, STR("Asia/Kathmandu"), &zone, &err));
    b.context.zone = zone;
    b.context.now_us = INT64_C(1719792000000000) - 1; /* 2024-06-30 23:59:59.999999 UTC */
    struct column_type z = type(COLUMN_TIMESTAMPTZ);
    CHECK_INT(folded(&b, call(&b, QUERY_FN_NOW, z, NULL, NULL)).i64, b.context.now_us);
    CHECK_INT(folded(&b, call(&b, QUERY_FN_CURRENT_TIMESTAMP, z, NULL, NULL)).i64,
              b.context.now_us);
    CHECK_INT(folded(&b, call(&b, QUERY_FN_LOCALTIMESTAMP, type(COLUMN_TIMESTAMP), NULL, NULL)).i64,
              b.context.now_us + INT64_C(20700000000));
    CHECK_INT(folded(&b, call(&b, QUERY_FN_CURRENT_DATE, type(COLUMN_DATE), NULL, NULL)).i32,
              19905); /* 2024-07-01 in Kathmandu */
    CHECK(folded(&b, call(&b, QUERY_FN_CLOCK_TIMESTAMP, z, NULL, NULL)).i64 > b.context.now_us);
    arena_free(&b.arena);
}

/* Another value in every row, in both expressions. */
TEST(volatile_values)
{
    struct bench b;
    struct error err;
    struct column_span out, uuids;
    struct column_batch batch = {.rows = 1000};
    bench_init(&b);
    struct expr *random = compiled(&b, call(&b, QUERY_FN_RANDOM, type(COLUMN_DOUBLE), NULL, NULL));
    struct expr *uuid =
        compiled(&b, call(&b, QUERY_FN_GEN_RANDOM_UUID, type(COLUMN_UUID), NULL, NULL));
    CHECK_OK(expr_eval(random, &batch, &out, &err));
    CHECK_OK(expr_eval(uuid, &batch, &uuids, &err));
    const double *v = out.values;
    const struct str *u = uuids.values;
    double sum = 0;
    CHECK(out.kind == SPAN_VALUES && uuids.kind == SPAN_VALUES);
    for (int i = 0; i < 1000; i++) {
        CHECK(v[i] >= 0 && v[i] < 1 && (i == 0 || v[i] != v[i - 1]));
        CHECK(u[i].len == 16 && (u[i].ptr[6] & 0xF0) == 0x40 && (u[i].ptr[8] & 0xC0) == 0x80);
        CHECK(i == 0 || !str_eq(u[i], u[i - 1]));
        sum += v[i];
    }
    CHECK(sum > 400 && sum < 600);
    arena_free(&b.arena);
}

TEST(assert_raises)
{
    struct bench b;
    struct column_value v;
    bench_init(&b);
    struct column_type t = type(COLUMN_BOOLEAN);
    struct query_expr *yes = call(&b, QUERY_FN_EQ, t, integer(&b, 1), integer(&b, 1));
    struct query_expr *no = call(&b, QUERY_FN_EQ, t, integer(&b, 1), integer(&b, 2));
    CHECK_INT(folded(&b, call(&b, QUERY_FN_ASSERT, t, yes, text(&b, "fine"))).b, 1);
    CHECK_INT(folded(&b, call(&b, QUERY_FN_ASSERT, t, yes, null_of(&b, type(COLUMN_TEXT)))).b, 1);
    struct query_expr *bad[] = {
        call(&b, QUERY_FN_ASSERT, t, no, text(&b, "nine rows")),
        call(&b, QUERY_FN_ASSERT, t, null_of(&b, t), text(&b, "nine rows"))};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_STATUS(expr_fold(bad[i], &b.context, &b.arena, &v, &b.err), ST_REFUSED);
        CHECK_STR(str_of(error_state(&b.err)), "P0004");
        CHECK_STR(str_of(b.err.msg), "nine rows");
    }
    arena_free(&b.arena);
}

TEST(version_names_firn)
{
    struct bench b;
    bench_init(&b);
    struct column_value v = folded(&b, call(&b, QUERY_FN_VERSION, type(COLUMN_TEXT), NULL, NULL));
    CHECK(str_starts(v.str, STR("firn ")));
    arena_free(&b.arena);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void check_refused(struct bench *b, struct query_expr *e, status want, const char *state)
{
    struct column_value v;
    error_init(&b->err);
    CHECK_STATUS(expr_fold(e, &b->context, &b->arena, &v, &b->err), want);
    CHECK_STR(str_of(error_state(&b->err)), state);
}

static struct query_expr *cast(struct bench *b, struct query_expr *e, struct column_type t)
{
    return with(node(b, QUERY_CAST, t, 1), e, NULL, NULL);
}

TEST(refused)
{
    struct bench b;
    bench_init(&b);
    struct column_type d = type(COLUMN_DOUBLE), n = column_type_decimal(10, 2);
    check_refused(&b, node(&b, QUERY_SUBQUERY, d, 0), ST_INTERNAL, "XX000");
    check_refused(&b, call(&b, QUERY_FN_ADD_INT, type(COLUMN_INT), integer(&b, 1), text(&b, "x")),
                  ST_INTERNAL, "XX000");
    check_refused(&b, column(&b, 0, d), ST_INTERNAL, "XX000");
    check_refused(&b, cast(&b, integer(&b, 1), type(COLUMN_DATE)), ST_INVALID, "42846");
    check_refused(&b, cast(&b, cast(&b, text(&b, "NaN"), d), n), ST_INVALID, "22003");
    check_refused(&b, cast(&b, cast(&b, text(&b, "-inf"), d), n), ST_INVALID, "22003");
    check_refused(&b, cast(&b, text(&b, "NaN"), n), ST_INVALID, "22003");
    struct query_expr *deep = integer(&b, 1);
    for (int i = 0; i < 5000; i++)
        deep = call(&b, QUERY_FN_NEG_INT, deep->type, deep, NULL);
    check_refused(&b, deep, ST_LIMIT, "54001");
    arena_free(&b.arena);
}

TEST(cast_value)
{
    struct bench b;
    struct error err;
    struct column_value v;
    bench_init(&b);
    struct column_value half = {.type = type(COLUMN_DOUBLE), .f64 = 2.5};
    CHECK_OK(expr_cast_value(&half, type(COLUMN_BIGINT), NULL, &b.arena, &v, &err));
    CHECK_INT(v.i64, 2);
    CHECK_OK(expr_cast_value(&half, column_type_decimal(38, 3), NULL, &b.arena, &v, &err));
    CHECK(v.i128 == 2500);
    CHECK_OK(expr_cast_value(&half, type(COLUMN_TEXT), NULL, &b.arena, &v, &err));
    CHECK_STR(v.str, "2.5");
    half.null = true;
    CHECK_OK(expr_cast_value(&half, type(COLUMN_DATE), NULL, &b.arena, &v, &err));
    CHECK(v.null && v.type.kind == COLUMN_DATE);
    half.null = false;
    CHECK_STATUS(expr_cast_value(&half, type(COLUMN_DATE), NULL, &b.arena, &v, &err), ST_INVALID);
    arena_free(&b.arena);
}

/* ---- random expressions ---------------------------------------------------------------------- */

#define COLUMNS 4
#define ROWS    200

struct dice {
    uint64_t state;
};

static unsigned roll(struct dice *d, unsigned sides)
{
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (unsigned)((z ^ z >> 31) % sides);
}

static struct query_expr *make_boolean(struct bench *b, struct dice *d, int depth);

/* An integer expression; division, small values and INT32_MAX make it raise now and then. */
static struct query_expr *make_integer(struct bench *b, struct dice *d, int depth)
{
    static const enum query_function two[] = {QUERY_FN_ADD_INT, QUERY_FN_SUB_INT, QUERY_FN_MUL_INT,
                                              QUERY_FN_DIV_INT, QUERY_FN_MOD_INT};
    struct column_type t = type(COLUMN_INT);
    unsigned kind = depth <= 0 ? roll(d, 2) : roll(d, 9);
    struct query_expr *e;
    switch (kind) {
    case 0:
        return column(b, (int)roll(d, COLUMNS), t);
    case 1:
        return roll(d, 6) ? integer(b, (int32_t)roll(d, 7) - 2) : null_of(b, t);
    case 2:
        return call(b, QUERY_FN_ABS_INT, t, make_integer(b, d, depth - 1), NULL);
    case 3:
        e = node(b, QUERY_CASE, t, 3 + 2 * roll(d, 2));
        for (size_t k = 0; k < e->arg_count; k++)
            e->args[k] = k % 2 == 0 && k + 1 < e->arg_count ? make_boolean(b, d, depth - 1)
                                                            : make_integer(b, d, depth - 1);
        return e;
    case 4:
    case 5:
        e = node(b,
                 roll(d, 2)   ? QUERY_COALESCE
                 : roll(d, 2) ? QUERY_GREATEST
                              : QUERY_LEAST,
                 t, 2 + roll(d, 2));
        for (size_t k = 0; k < e->arg_count; k++)
            e->args[k] = make_integer(b, d, depth - 1);
        return e;
    case 6:
        return both(b, QUERY_NULLIF, make_integer(b, d, depth - 1), make_integer(b, d, depth - 1));
    default:
        return call(b, two[roll(d, ARRAY_LEN(two))], t, make_integer(b, d, depth - 1),
                    make_integer(b, d, depth - 1));
    }
}

static struct query_expr *make_boolean(struct bench *b, struct dice *d, int depth)
{
    struct column_type t = type(COLUMN_BOOLEAN);
    struct query_expr *e;
    switch (depth <= 0 ? 9 : roll(d, 8)) {
    case 0:
    case 1:
        e = node(b, roll(d, 2) ? QUERY_AND : QUERY_OR, t, 2 + roll(d, 2));
        for (size_t k = 0; k < e->arg_count; k++)
            e->args[k] = make_boolean(b, d, depth - 1);
        return e;
    case 2:
        return call(b, QUERY_FN_NOT, t, make_boolean(b, d, depth - 1), NULL);
    case 3:
        e = node(b, QUERY_IN, t, 2 + roll(d, 3));
        for (size_t k = 0; k < e->arg_count; k++)
            e->args[k] = make_integer(b, d, depth - 1);
        return e;
    case 6:
        e = node(b, QUERY_IN, t, 2 + roll(d, 20)); /* perhaps a long list */
        e->args[0] = make_integer(b, d, depth - 1);
        for (size_t k = 1; k < e->arg_count; k++)
            e->args[k] = roll(d, 40) ? integer(b, (int32_t)roll(d, 200) - 100)
                                     : null_of(b, type(COLUMN_INT));
        return e;
    case 4:
        return call(b, (enum query_function)(QUERY_FN_IS_TRUE + roll(d, 4)), t,
                    make_boolean(b, d, depth - 1), NULL);
    case 5:
        return call(b, roll(d, 2) ? QUERY_FN_IS_NULL : QUERY_FN_IS_NOT_NULL, t,
                    make_integer(b, d, depth - 1), NULL);
    default:
        return call(b, (enum query_function)(QUERY_FN_EQ + roll(d, 8)), t,
                    make_integer(b, d, depth - 1), make_integer(b, d, depth - 1));
    }
}

/* The memory of random columns of each kind of span. */
struct columns {
    int32_t values[COLUMNS][ROWS];
    uint16_t codes[COLUMNS][ROWS];
    uint64_t valid[COLUMNS][COLUMN_SPAN_WORDS];
    struct column_dictionary dictionaries[COLUMNS];
    struct column_span spans[COLUMNS];
};

static void fill_columns(struct columns *c, struct dice *d)
{
    static const int32_t pool[] = {0, 1, 2, 3, -1, -5, 100, INT32_MAX};
    for (int k = 0; k < COLUMNS; k++) {
        for (int i = 0; i < ROWS; i++) {
            c->values[k][i] = roll(d, 5) ? pool[roll(d, 8)] : INT32_MIN;
            c->codes[k][i] = (uint16_t)roll(d, 4);
        }
        c->spans[k] = integers(c->values[k], ROWS, c->valid[k]);
        unsigned kind = roll(d, 4);
        if (kind == 0) {
            c->spans[k] = run_of(roll(d, 4) ? &c->values[k][0] : NULL, ROWS);
        } else if (kind < 3) { /* the first four values are the dictionary */
            c->dictionaries[k] = (struct column_dictionary){column_dictionary_id(), 4, pool + 1};
            c->spans[k].kind = SPAN_CODES;
            c->spans[k].code_bytes = 2;
            c->spans[k].codes = c->codes[k];
            c->spans[k].dictionary = &c->dictionaries[k];
        }
    }
}

/* The expression with row i's values in the place of columns. */
static struct query_expr *with_row(struct bench *b, const struct query_expr *e,
                                   const struct columns *c, int64_t i)
{
    struct query_expr *r = node(b, e->kind, e->type, e->arg_count);
    r->function = e->function;
    r->value = e->value;
    for (size_t k = 0; k < e->arg_count; k++)
        r->args[k] = with_row(b, e->args[k], c, i);
    if (e->kind == QUERY_COLUMN) {
        r->kind = QUERY_CONST;
        column_span_value(&c->spans[e->column], e->type, i, &r->value);
    }
    return r;
}

/* One expression over one batch: equal row by row, or some row alone raises what the batch raised.
 */
static void check_one(struct bench *b, struct dice *d, bool boolean)
{
    static struct columns c;
    struct column_span out;
    struct error err;
    struct query_expr *e = boolean ? make_boolean(b, d, 4) : make_integer(b, d, 4);
    struct expr *x = compiled(b, e);
    for (int batch = 0; batch < 2; batch++) {
        fill_columns(&c, d);
        struct column_batch in = {ROWS, COLUMNS, c.spans};
        error_init(&err);
        status st = expr_eval(x, &in, &out, &err);
        bool raised = false;
        for (int64_t i = 0; i < ROWS; i++) {
            struct column_value want, got;
            struct error row_err;
            error_init(&row_err);
            status row = expr_fold(with_row(b, e, &c, i), &b->context, &b->arena, &want, &row_err);
            raised |= row != ST_OK;
            if (st != ST_OK)
                continue;
            CHECK_OK(row == ST_OK ? ST_OK : (err = row_err, row));
            column_span_value(&out, e->type, i, &got);
            CHECK_INT(got.null, want.null);
            if (!got.null)
                CHECK_INT(column_value_cmp(&got, &want, true), 0);
        }
        CHECK_INT(raised, st != ST_OK);
    }
}

TEST(random_expressions)
{
    struct dice d = {2025};
    for (int i = 0; i < 400; i++) {
        struct bench b;
        bench_init(&b);
        check_one(&b, &d, i % 2);
        arena_free(&b.arena);
    }
}

/* ---- any bits -------------------------------------------------------------------------------- */

/* A double becomes a decimal by the digits that printf gives. */
TEST(doubles_to_decimals)
{
    struct dice d = {15};
    struct bench b;
    struct error err;
    bench_init(&b);
    struct column_type t = column_type_decimal(38, 18);
    for (int i = 0; i < 100000; i++) {
        char digits[40];
        struct column_value v = {.type = type(COLUMN_DOUBLE)}, got, want;
        int64_t whole = (int64_t)roll(&d, 1000000000) * (roll(&d, 2) ? 1 : 1000000);
        static const double scale[] = {1, 10, 100, 1000, 8, 1024, 3, 7, 1e6, 1e9, 1e12};
        v.f64 = (double)whole / scale[roll(&d, ARRAY_LEN(scale))] * (roll(&d, 2) ? 1 : -1);
        snprintf(digits, sizeof(digits), "%.15g", v.f64);
        struct column_value text_value = {.type = type(COLUMN_TEXT), .str = str_of(digits)};
        CHECK_OK(expr_cast_value(&text_value, t, NULL, &b.arena, &want, &err));
        CHECK_OK(expr_cast_value(&v, t, NULL, &b.arena, &got, &err));
        if (got.i128 != want.i128)
            test_fail(__FILE__, __LINE__, "%.17g does not become %s", v.f64, digits);
    }
    arena_free(&b.arena);
}

static struct column_type type_of_letter(struct dice *d, char letter)
{
    static const struct {
        char letter;
        enum column_kind kind;
    } letters[] = {{'b', COLUMN_BOOLEAN},  {'i', COLUMN_INT},         {'l', COLUMN_BIGINT},
                   {'f', COLUMN_REAL},     {'d', COLUMN_DOUBLE},      {'D', COLUMN_DATE},
                   {'T', COLUMN_TIME},     {'P', COLUMN_TIMESTAMP},   {'Z', COLUMN_TIMESTAMPTZ},
                   {'I', COLUMN_INTERVAL}, {'t', COLUMN_TEXT},        {'y', COLUMN_BINARY},
                   {'u', COLUMN_UUID},     {'a', COLUMN_TIMESTAMPTZ}, {'*', COLUMN_DATE}};
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (letters[i].letter == letter)
            return type(letters[i].kind);
    unsigned precision = 1 + roll(d, 38);
    return column_type_decimal(precision, roll(d, precision + 1));
}

/* Extremes and near-extremes of every physical form; text that is pattern, unit, zone or rubbish.
 */
static struct column_value any_value(struct dice *d, struct column_type t)
{
    static const int64_t wide[] = {0,           1,         -1,
                                   86400000000, INT64_MAX, INT64_MIN,
                                   INT32_MAX,   INT32_MIN, INT64_C(9223372036800000000)};
    static const char *const texts[] = {
        "",          "month", "Europe/Berlin", "YYYY-MM-DD HH24:MI:SS.US TZ",
        "9,999",     "S99V9", "2024-02-29",    "\xC3",
        "\x80\xFF%", "_%\\",  "infinity",      "IYYY IW ID J CC Q RM"};
    struct column_value v = {.type = t};
    int64_t w = (int64_t)((uint64_t)wide[roll(d, ARRAY_LEN(wide))] + roll(d, 3) - 1);
    switch (column_type_phys(t)) {
    case PHYS_BOOL:
        v.b = (uint8_t)roll(d, 2);
        break;
    case PHYS_I32:
        v.i32 = (int32_t)w;
        break;
    case PHYS_I64:
        v.i64 = w;
        break;
    case PHYS_F32:
        v.f32 = roll(d, 2) ? (float)w : (float)(w % 1000) / 7;
        break;
    case PHYS_F64:
        v.f64 = roll(d, 2) ? (double)w * (double)w : (double)(w % 100000) / 7;
        break;
    case PHYS_I128:
        v.i128 = roll(d, 2) ? w : roll(d, 2) ? INT128_MAX : INT128_MIN;
        break;
    case PHYS_STR:
        v.str = str_of(texts[roll(d, ARRAY_LEN(texts))]);
        if (t.kind == COLUMN_UUID)
            v.str = (struct str){"0123456789abcdef", 16};
        break;
    default:
        v.interval = (struct column_interval){(int32_t)w, (int32_t)roll(d, UINT32_MAX), ~w};
        break;
    }
    return v;
}

/* Files may hold anything: no function does more harm than an error, whatever the bits. Sanitizers
 * look on. */
TEST(any_bits)
{
    struct dice d = {99};
    struct zone *zone;
    struct error err;
    struct mem_account account; /* lpad can ask for a gigabyte */
    mem_account_init(&account, "test", NULL, 16 << 20);
    for (int f = 0; f < QUERY_FN_COUNT; f++) {
        struct bench b;
        bench_init(&b);
        CHECK_OK(zone_load(&b.arena, STR("America/New_York"), &zone, &err));
        b.context.zone = zone;
        b.context.account = &account;
        for (int round = 0; round < 300; round++) {
            const struct query_function_row *row = &query_functions[f];
            struct column_value v;
            size_t n = strlen(row->args) - (strchr(row->args, '+') != NULL);
            struct query_expr *e = node(&b, QUERY_CALL, type_of_letter(&d, row->result), n);
            e->function = (enum query_function)f;
            for (size_t k = 0; k < n; k++) {
                e->args[k] = node(&b, QUERY_CONST, type_of_letter(&d, row->args[k]), 0);
                e->args[k]->value = any_value(&d, e->args[k]->type);
            }
            status st = expr_fold(e, &b.context, &b.arena, &v, &err);
            CHECK(st == ST_OK || st == ST_INVALID || st == ST_UNSUPPORTED || st == ST_REFUSED ||
                  st == ST_NOT_FOUND || st == ST_LIMIT);
        }
        arena_free(&b.arena);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Every allocation of compiling and evaluating may fail; nothing leaks or crashes. */
TEST(memory_may_end)
{
    static struct columns c;
    struct dice d = {7};
    struct mem_account account;
    fill_columns(&c, &d);
    for (uint64_t n = 1;; n++) {
        struct bench b;
        struct expr *x;
        struct column_span out;
        bench_init(&b);
        struct query_expr *e = both(
            &b, QUERY_COALESCE,
            call(&b, QUERY_FN_REPEAT, type(COLUMN_TEXT),
                 cast(&b, column(&b, 0, type(COLUMN_INT)), type(COLUMN_TEXT)), integer(&b, 100)),
            call(&b, QUERY_FN_UPPER, type(COLUMN_TEXT), text(&b, "x"), NULL));
        struct arena own;
        mem_account_init(&account, "test", NULL, 0);
        arena_init(&own, &account);
        struct expr_context context = {.arena = &own, .account = &account};
        struct column_batch in = {ROWS, COLUMNS, c.spans};
        mem_fault_set(n, true);
        status st = expr_compile(e, &context, &x, &b.err);
        if (st == ST_OK)
            st = expr_eval(x, &in, &out, &b.err);
        bool done = mem_fault_count() < n;
        mem_fault_set(0, false);
        CHECK(st == ST_OK || st == ST_OOM);
        CHECK(st == ST_OK || !done);
        arena_free(&own);
        CHECK_INT(account.used_bytes, 0);
        arena_free(&b.arena);
        if (done)
            break;
        CHECK(n < 1000);
    }
}
