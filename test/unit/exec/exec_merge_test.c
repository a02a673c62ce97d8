// SPDX-License-Identifier: Apache-2.0
/* exec_merge_test.c - MERGE against AGGREGATE: the groups of a multiset of rows, merged with the
 * groups of rows added and removed, are bit for bit the groups of the resulting multiset; and an
 * AGGREGATE over the states of fine groups is the one over their rows. */
#include "exec/exec_int.h"
#include "harness/test.h"

#include "column/column_key.h"

#include <math.h>
#include <stdlib.h>

/* ---- random rows ----------------------------------------------------------------------------- */

enum {
    K1,
    K2,
    X,
    D,
    R,
    N,
    W,
    S,
    O,
    T,
    F,
    RAW_COLUMNS
}; /* two keys, seven values, a time, a flag */

#define MOST_ROWS 3000

static uint64_t random_state;

static uint64_t random_u64(void)
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
    return random_u64() % n;
}

/* What rows look like in one case. */
struct shape {
    enum column_kind key;
    uint64_t keys, texts; /* different values of the two keys */
    int doubles;          /* 0 cents, 1 few values, 2 300 decades, 3 what is no number */
    uint64_t nulls;       /* one in so many; 0 = none */
    bool ties;            /* few different values */
};

static struct column_type raw_type(const struct shape *s, int column)
{
    static const struct column_type types[] = {
        [K2] = {.kind = COLUMN_TEXT},
        [X] = {.kind = COLUMN_BIGINT},
        [D] = {.kind = COLUMN_DOUBLE},
        [R] = {.kind = COLUMN_REAL},
        [N] = {.kind = COLUMN_DECIMAL, .precision = 10, .scale = 2},
        [W] = {.kind = COLUMN_DECIMAL, .precision = 30, .scale = 5},
        [S] = {.kind = COLUMN_TEXT},
        [O] = {.kind = COLUMN_BOOLEAN},
        [T] = {.kind = COLUMN_TIMESTAMPTZ},
        [F] = {.kind = COLUMN_BOOLEAN}};
    return column == K1 ? (struct column_type){.kind = s->key, .precision = 9} : types[column];
}

static double random_double(const struct shape *s)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0, 1.5};
    double sign = random_u64() & 1 ? 1 : -1;
    switch (s->doubles) {
    case 0:
        return (double)(int64_t)(below(200000) - 50000) / 100;
    case 1:
        return sign * (double)below(3) * 0.1;
    case 2:
        return sign * ldexp(1 + (double)below(1 << 20) / (1 << 20), (int)below(2000) - 1000);
    default:
        return below(3) ? sign * 0.3 * (double)below(9) : odd[below(ARRAY_LEN(odd))];
    }
}

static const char *const words[] = {"", "a", "ab", "abc", "b", "\xc3\xa9", "z", "zz", "Q"};

static struct column_value random_key(const struct shape *s, int column)
{
    static const double doubles[] = {NAN, -INFINITY, 0.0, 1.5, -2.25, 1e300};
    struct column_value v = {.type = raw_type(s, column), .null = below(12) == 0};
    int64_t n = (int64_t)below(s->keys) - (int64_t)s->keys / 3;
    if (v.null)
        return v;
    if (column == K2)
        v.str = str_of(words[below(s->texts)]);
    else if (s->key == COLUMN_DOUBLE)
        v.f64 = doubles[below(s->keys < 6 ? s->keys : 6)];
    else if (s->key == COLUMN_BOOLEAN)
        v.b = n & 1;
    else if (column_type_phys(v.type) == PHYS_I32)
        v.i32 = (int32_t)n;
    else
        v.i64 = n;
    return v;
}

static struct column_value random_value(const struct shape *s, int column)
{
    struct column_value v = {.type = raw_type(s, column)};
    int64_t n = s->ties ? (int64_t)below(4) : (int64_t)below(1 << 30) - (1 << 29);
    if (column == K1 || column == K2)
        return random_key(s, column);
    v.null = s->nulls > 0 && below(s->nulls) == 0;
    if (v.null)
        return v;
    switch (column) {
    case X:
        v.i64 = s->ties ? n : n * (1 << below(20));
        break;
    case N:
        v.i64 = n;
        break;
    case T:
        v.i64 = n;
        break;
    case D:
        v.f64 = random_double(s);
        break;
    case R:
        v.f32 = (float)random_double(s);
        break;
    case W:
        v.i128 = (int128)n * (s->ties ? 1 : 1000000000000000);
        break;
    case S:
        v.str = str_of(words[below(ARRAY_LEN(words))]);
        break;
    default:
        v.b = below(3) > 0;
        break;
    }
    return v;
}

/* ---- the bed a case lies in ------------------------------------------------------------------ */

struct bed {
    struct mem_account account;
    struct arena arena;
    struct exec_context context;
};

static void bed_init(struct bed *b)
{
    memset(b, 0, sizeof(*b));
    mem_account_init(&b->account, "test", NULL, 0);
    arena_init(&b->arena, &b->account);
    b->context = (struct exec_context){.account = &b->account, .arena = &b->arena};
}

static void bed_free(struct bed *b)
{
    arena_free(&b->arena);
    CHECK_INT(b->account.used_bytes, 0);
}

static void *make(struct bed *b, size_t bytes)
{
    struct error err;
    void *p;
    CHECK_OK(arena_calloc(&b->arena, bytes, &p, &err));
    return p;
}

static struct query_expr *column_expr(struct bed *b, int column, struct column_type type)
{
    struct query_expr *e = make(b, sizeof(*e));
    *e = (struct query_expr){.kind = QUERY_COLUMN, .type = type, .column = column};
    return e;
}

/* Rows of raw values: [row][column]. */
typedef struct column_value raw_row[RAW_COLUMNS];

static raw_row *random_rows(struct bed *b, const struct shape *s, int64_t rows)
{
    raw_row *out = make(b, sizeof(raw_row) * (size_t)(rows + 1));
    for (int64_t r = 0; r < rows; r++)
        for (int c = 0; c < RAW_COLUMNS; c++)
            out[r][c] = random_value(s, c);
    return out;
}

static struct query_plan *values_plan(struct bed *b, const struct column_schema *schema,
                                      const struct column_value *cells, int64_t rows)
{
    struct query_plan *p = make(b, sizeof(*p));
    p->kind = QUERY_PLAN_VALUES;
    p->schema = *schema;
    p->values.rows = rows;
    p->values.cells = make(b, sizeof(*p->values.cells) * (size_t)(rows + 1));
    for (int64_t r = 0; r < rows; r++) {
        p->values.cells[r] = make(b, sizeof(struct query_expr *) * schema->count);
        for (size_t c = 0; c < schema->count; c++) {
            struct query_expr *e = make(b, sizeof(*e));
            *e = (struct query_expr){.kind = QUERY_CONST, .type = schema->fields[c].type};
            e->value = cells[(size_t)r * schema->count + c];
            p->values.cells[r][c] = e;
        }
    }
    return p;
}

static struct query_plan *raw_plan(struct bed *b, const struct shape *s, raw_row *rows, int64_t n)
{
    struct column_schema schema = {RAW_COLUMNS, make(b, sizeof(struct column_field) * RAW_COLUMNS)};
    for (int c = 0; c < RAW_COLUMNS; c++)
        schema.fields[c] = (struct column_field){.name = STR("raw"), .type = raw_type(s, c)};
    return values_plan(b, &schema, &rows[0][0], n);
}

/* ---- what is kept of a group ----------------------------------------------------------------- */

#define KEYS      2
#define MOST_OUTS 90
#define MOST_ARGS 16

/* Visible columns and states of arguments; the same for all inputs of a MERGE. */
struct layout {
    struct column_schema schema;
    struct column_field fields[KEYS + MOST_OUTS];
    struct query_agg_arg args[MOST_ARGS];
    struct query_stored stored[MOST_ARGS];
    size_t arg_count, out_count;
    struct query_agg_out outs[KEYS + MOST_OUTS]; /* of the columns: keys too, for MERGE */
    int rows;
};

static struct query_expr *add_out(struct bed *b, struct layout *l, enum query_agg kind, int arg,
                                  struct column_type type)
{
    size_t c = KEYS + l->out_count++;
    l->outs[c] = (struct query_agg_out){kind, arg, type};
    l->fields[c] = (struct column_field){.name = str_of(query_agg_name(kind)), .type = type};
    return column_expr(b, (int)c, type);
}

static int add_arg(struct bed *b, struct layout *l, const struct shape *s, int value, bool filter)
{
    struct query_agg_arg *a = &l->args[l->arg_count];
    a->value = value < 0 ? NULL : column_expr(b, value, raw_type(s, value));
    a->filter = filter ? column_expr(b, F, raw_type(s, F)) : NULL;
    l->stored[l->arg_count].type = value < 0 ? column_type_of(COLUMN_UNKNOWN) : raw_type(s, value);
    return (int)l->arg_count++;
}

static void add_counts(struct bed *b, struct layout *l, int arg, bool count)
{
    struct query_stored *s = &l->stored[arg];
    struct column_type bigint = column_type_of(COLUMN_BIGINT);
    if (count)
        s->count = add_out(b, l, QUERY_AGG_COUNT, arg, bigint);
    s->missing = add_out(b, l, QUERY_AGG_STATE_MISSING, arg, bigint);
    s->rows = column_expr(b, l->rows, bigint);
}

static void add_extremes(struct bed *b, struct layout *l, int arg)
{
    struct query_stored *s = &l->stored[arg];
    bool flag = s->type.kind == COLUMN_BOOLEAN;
    s->min = add_out(b, l, flag ? QUERY_AGG_BOOL_AND : QUERY_AGG_MIN, arg, s->type);
    s->max = add_out(b, l, flag ? QUERY_AGG_BOOL_OR : QUERY_AGG_MAX, arg, s->type);
}

static void add_derived(struct bed *b, struct layout *l, int arg)
{
    struct column_type t = l->stored[arg].type, dbl = column_type_of(COLUMN_DOUBLE);
    bool decimal = t.kind == COLUMN_DECIMAL;
    add_out(b, l, QUERY_AGG_AVG, arg,
            decimal ? column_type_decimal(t.precision + 4u, t.scale + 4u) : dbl);
    add_out(b, l, QUERY_AGG_VAR_SAMP, arg, dbl);
    add_out(b, l, QUERY_AGG_STDDEV_POP, arg, dbl);
    l->stored[arg].squares =
        add_out(b, l, QUERY_AGG_STATE_SQUARES, arg, column_type_of(COLUMN_BINARY));
}

static void add_floats(struct bed *b, struct layout *l, int arg, bool visible)
{
    struct query_stored *s = &l->stored[arg];
    struct column_type dbl = column_type_of(COLUMN_DOUBLE);
    s->s1 = add_out(b, l, visible ? QUERY_AGG_SUM : QUERY_AGG_STATE_S1, arg, dbl);
    s->rest = add_out(b, l, QUERY_AGG_STATE_REST, arg, dbl);
    s->more = add_out(b, l, QUERY_AGG_STATE_MORE, arg, column_type_of(COLUMN_BINARY));
}

static void add_integers(struct bed *b, struct layout *l, int arg, bool visible)
{
    struct query_stored *s = &l->stored[arg];
    bool decimal = s->type.kind == COLUMN_DECIMAL;
    struct column_type hidden = column_type_decimal(38, decimal ? s->type.scale : 0);
    struct column_type sum = decimal ? hidden : column_type_of(COLUMN_BIGINT);
    s->sum = visible ? add_out(b, l, QUERY_AGG_SUM, arg, sum)
                     : add_out(b, l, QUERY_AGG_STATE_SUM, arg, hidden);
}

static struct layout *layout_make(struct bed *b, const struct shape *s)
{
    struct layout *l = make(b, sizeof(*l));
    struct column_type bigint = column_type_of(COLUMN_BIGINT);
    l->rows = KEYS;
    for (int k = 0; k < KEYS; k++) {
        l->fields[k] = (struct column_field){.name = k ? STR("k2") : STR("k1")};
        l->fields[k].type = raw_type(s, k);
        l->outs[k] = (struct query_agg_out){.arg = -1};
    }
    int arg = add_arg(b, l, s, -1, false);
    l->stored[arg].count = add_out(b, l, QUERY_AGG_COUNT_STAR, arg, bigint);
    arg = add_arg(b, l, s, -1, true);
    l->stored[arg].count = add_out(b, l, QUERY_AGG_COUNT_STAR, arg, bigint);
    for (int filter = 0; filter < 2; filter++) {
        for (int value = X; value <= W; value++) {
            if (filter && value != X && value != D)
                continue;
            arg = add_arg(b, l, s, value, filter);
            add_counts(b, l, arg, value % 2);
            if (value == D || value == R)
                add_floats(b, l, arg, !filter);
            else
                add_integers(b, l, arg, !filter && value != W);
            add_derived(b, l, arg);
            add_extremes(b, l, arg);
        }
    }
    for (int value = S; value <= T; value++) {
        arg = add_arg(b, l, s, value, value == O);
        add_counts(b, l, arg, false);
        add_extremes(b, l, arg);
    }
    l->schema = (struct column_schema){KEYS + l->out_count, l->fields};
    return l;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static struct query_plan *sort_plan(struct bed *b, struct query_plan *input)
{
    struct query_plan *p = make(b, sizeof(*p));
    *p = (struct query_plan){.kind = QUERY_PLAN_SORT, .schema = input->schema, .input = input};
    p->sort.count = KEYS;
    p->sort.keys = make(b, sizeof(*p->sort.keys) * KEYS);
    for (int k = 0; k < KEYS; k++)
        p->sort.keys[k].value = column_expr(b, k, input->schema.fields[k].type);
    return p;
}

/* SORT over AGGREGATE over raw rows. */
static struct query_plan *group_plan(struct bed *b, const struct shape *s, struct layout *l,
                                     raw_row *rows, int64_t n)
{
    struct query_plan *p = make(b, sizeof(*p));
    *p = (struct query_plan){.kind = QUERY_PLAN_AGGREGATE, .schema = l->schema};
    p->input = raw_plan(b, s, rows, n);
    p->aggregate.key_count = KEYS;
    p->aggregate.keys = make(b, sizeof(*p->aggregate.keys) * KEYS);
    for (int k = 0; k < KEYS; k++)
        p->aggregate.keys[k] = column_expr(b, k, raw_type(s, k));
    p->aggregate.arg_count = l->arg_count;
    p->aggregate.args = l->args;
    p->aggregate.out_count = l->out_count;
    p->aggregate.outs = l->outs + KEYS;
    return sort_plan(b, p);
}

/* The plan of a MERGE; its inputs are set by the test. */
static struct query_plan *merge_plan(struct bed *b, struct layout *l)
{
    static int keys[KEYS] = {0, 1};
    struct query_plan *p = make(b, sizeof(*p));
    *p = (struct query_plan){.kind = QUERY_PLAN_MERGE, .schema = l->schema};
    p->merge.key_count = KEYS;
    p->merge.keys = keys;
    p->merge.rows = l->rows;
    p->merge.arg_count = l->arg_count;
    p->merge.args = l->stored;
    p->merge.outs = l->outs;
    return p;
}

/* All rows of a plan, kept. */
struct table {
    int64_t rows;
    struct column_value *cells; /* in the bed's arena: [row][column] */
};

static status run(struct bed *b, struct query_plan *p, struct table *out, struct error *err)
{
    struct column_stream stream;
    struct column_batch batch;
    size_t columns = p->schema.count, capacity = 0;
    status st;
    *out = (struct table){0};
    TRY(exec_open(p, &b->context, &stream, err));
    while ((st = stream.next(stream.self, &batch, err)) == ST_OK && batch.rows > 0) {
        st = arena_grow(&b->arena, (void **)&out->cells, sizeof(*out->cells), &capacity,
                        (size_t)(out->rows + batch.rows) * columns, err);
        for (int64_t r = 0; st == ST_OK && r < batch.rows; r++, out->rows++)
            for (size_t c = 0; st == ST_OK && c < columns; c++) {
                struct column_value v;
                column_span_value(&batch.spans[c], p->schema.fields[c].type, r, &v);
                st = column_value_copy(&b->arena, &v, &out->cells[(size_t)out->rows * columns + c],
                                       err);
            }
        if (st != ST_OK)
            break;
    }
    stream.close(stream.self);
    return st;
}

static bool same_bits(const struct column_value *a, const struct column_value *b)
{
    size_t bytes = column_phys_bytes(column_type_phys(a->type));
    if (a->null || b->null)
        return a->null == b->null;
    if (column_type_phys(a->type) == PHYS_STR)
        return str_eq(a->str, b->str);
    return memcmp((const char *)a + offsetof(struct column_value, b),
                  (const char *)b + offsetof(struct column_value, b), bytes) == 0;
}

static void check_same(const struct layout *l, const struct table *got, const struct table *want,
                       const char *what, int round)
{
    size_t columns = l->schema.count;
    if (got->rows != want->rows)
        test_fail(__FILE__, __LINE__, "%s, round %d: %lld groups, not %lld", what, round,
                  (long long)got->rows, (long long)want->rows);
    for (size_t i = 0; i < (size_t)got->rows * columns; i++)
        if (!same_bits(&got->cells[i], &want->cells[i]))
            test_fail(__FILE__, __LINE__, "%s, round %d: group %zu differs in column %zu, %.*s",
                      what, round, i / columns, i % columns, STR_ARG(l->fields[i % columns].name));
}

/* ---- random cases ---------------------------------------------------------------------------- */

struct change {
    raw_row *base, *added, *removed, *after;
    int64_t base_count, added_count, removed_count, after_count;
};

/* Removes about one row in `one_in`, whole groups now and then. */
static void random_change(struct bed *b, const struct shape *s, struct change *c)
{
    c->base_count = (int64_t)below(below(4) ? 60 : MOST_ROWS);
    c->added_count = (int64_t)below(below(4) ? 20 : 400);
    c->base = random_rows(b, s, c->base_count);
    c->added = random_rows(b, s, c->added_count);
    c->removed = make(b, sizeof(raw_row) * (size_t)(c->base_count + 1));
    c->after = make(b, sizeof(raw_row) * (size_t)(c->base_count + c->added_count + 1));
    c->removed_count = c->after_count = 0;
    uint64_t one_in = 1 + below(below(2) ? 4 : 100);
    int64_t gone = below(2) ? (int64_t)below(s->keys) : -1000000;
    for (int64_t r = 0; r < c->base_count; r++) {
        const struct column_value *k = &c->base[r][K1];
        bool whole = !k->null && k->type.kind == COLUMN_INT && k->i32 == gone;
        if (whole || below(one_in) == 0)
            memcpy(c->removed[c->removed_count++], c->base[r], sizeof(raw_row));
        else
            memcpy(c->after[c->after_count++], c->base[r], sizeof(raw_row));
    }
    for (int64_t r = 0; r < c->added_count; r++)
        memcpy(c->after[c->after_count++], c->added[r], sizeof(raw_row));
}

static struct shape random_shape(void)
{
    static const enum column_kind kinds[] = {COLUMN_INT,     COLUMN_BIGINT, COLUMN_DOUBLE,
                                             COLUMN_BOOLEAN, COLUMN_DATE,   COLUMN_DECIMAL};
    struct shape s = {.key = kinds[below(3) ? 0 : below(ARRAY_LEN(kinds))],
                      .keys = 1 + below(below(2) ? 8 : 2000),
                      .texts = 1 + below(ARRAY_LEN(words)),
                      .doubles = (int)below(4),
                      .nulls = below(2) ? 0 : 2 + below(6),
                      .ties = below(2)};
    return s;
}

/* Rows of the node's schema that hold a key only. */
static struct query_plan *keys_plan(struct bed *b, struct layout *l, const struct table *t)
{
    size_t columns = l->schema.count;
    struct column_value *cells = make(b, sizeof(*cells) * columns * (size_t)(t->rows + 1));
    for (size_t i = 0; i < (size_t)t->rows * columns; i++) {
        cells[i] = (struct column_value){.type = l->fields[i % columns].type, .null = true};
        if (i % columns < KEYS)
            cells[i] = t->cells[i];
    }
    return values_plan(b, &l->schema, cells, t->rows);
}

static int64_t check_change(const struct shape *s, int round)
{
    static struct bed b;
    struct error err;
    struct change c;
    struct table lost, got, want;
    bed_init(&b);
    random_change(&b, s, &c);
    struct layout *l = layout_make(&b, s);
    struct query_plan *p[2];
    for (int i = 0; i < 2; i++) { /* to find the lost groups, then to merge */
        p[i] = merge_plan(&b, l);
        p[i]->input = group_plan(&b, s, l, c.base, c.base_count);
        if (c.added_count > 0 || below(2))
            p[i]->merge.added = group_plan(&b, s, l, c.added, c.added_count);
        if (c.removed_count > 0 || below(2))
            p[i]->merge.removed = group_plan(&b, s, l, c.removed, c.removed_count);
    }
    p[0]->merge.find_lost = true;
    CHECK_OK(run(&b, p[0], &lost, &err));
    p[1]->merge.recompute = keys_plan(&b, l, &lost);
    p[1]->merge.recomputed = group_plan(&b, s, l, c.after, c.after_count);
    CHECK_OK(run(&b, p[1], &got, &err));
    CHECK_OK(run(&b, group_plan(&b, s, l, c.after, c.after_count), &want, &err));
    check_same(l, &got, &want, "merge", round);
    bed_free(&b);
    return lost.rows;
}

TEST(merge_is_the_aggregate_of_what_is_left)
{
    const char *seed = getenv("FIRN_TEST_SEED"), *cases = getenv("FIRN_TEST_CASES");
    int rounds = cases ? atoi(cases) : 150;
    int64_t lost = 0;
    random_state = seed ? strtoull(seed, NULL, 10) : 20250114;
    for (int i = 0; i < rounds; i++) {
        struct shape s = random_shape();
        lost += check_change(&s, i);
    }
    CHECK(lost > 0);
}

/* ---- coarser groups -------------------------------------------------------------------------- */

/* SORT over AGGREGATE by the second key alone (twice, so that the layout stays), over raw rows or
 * over the states of finer groups. */
static struct query_plan *coarse_plan(struct bed *b, const struct shape *s, struct layout *l,
                                      struct query_plan *input, bool states)
{
    struct query_plan *p = make(b, sizeof(*p));
    struct query_agg_arg *args = make(b, sizeof(*args) * l->arg_count);
    *p = (struct query_plan){.kind = QUERY_PLAN_AGGREGATE, .input = input};
    p->schema = (struct column_schema){l->schema.count, make(b, sizeof(l->fields))};
    memcpy(p->schema.fields, l->fields, sizeof(l->fields));
    p->schema.fields[0].type = raw_type(s, K2);
    p->aggregate.key_count = KEYS;
    p->aggregate.keys = make(b, sizeof(*p->aggregate.keys) * KEYS);
    for (int k = 0; k < KEYS; k++)
        p->aggregate.keys[k] = column_expr(b, K2, raw_type(s, K2));
    for (size_t i = 0; i < l->arg_count; i++)
        args[i].stored = &l->stored[i];
    p->aggregate.arg_count = l->arg_count;
    p->aggregate.args = states ? args : l->args;
    p->aggregate.out_count = l->out_count;
    p->aggregate.outs = l->outs + KEYS;
    return sort_plan(b, p);
}

TEST(aggregate_of_states_is_the_aggregate_of_rows)
{
    random_state = 99;
    for (int round = 0; round < 60; round++) {
        static struct bed b;
        struct error err;
        struct table got, want;
        struct shape s = random_shape();
        int64_t n = (int64_t)below(below(3) ? 100 : 4000);
        bed_init(&b);
        struct layout *l = layout_make(&b, &s);
        raw_row *rows = random_rows(&b, &s, n);
        struct query_plan *fine = group_plan(&b, &s, l, rows, n);
        CHECK_OK(run(&b, coarse_plan(&b, &s, l, fine, true), &got, &err));
        CHECK_OK(run(&b, coarse_plan(&b, &s, l, raw_plan(&b, &s, rows, n), false), &want, &err));
        check_same(l, &got, &want, "coarser", round);
        bed_free(&b);
    }
}

/* ---- boxes ----------------------------------------------------------------------------------- */

static struct str key_bytes(struct bed *b, const struct column_value *v)
{
    struct error err;
    struct buffer bytes;
    struct str out;
    buffer_init(&bytes, NULL, 1 << 16);
    CHECK_OK(column_key_put(v, &bytes, &err));
    CHECK_OK(arena_str(&b->arena, buffer_str(&bytes), &out, &err));
    buffer_free(&bytes);
    return out;
}

static bool box_has(const struct query_box *box, struct bed *b, const raw_row row)
{
    for (int k = 0; k < KEYS; k++) {
        struct str key = key_bytes(b, &row[k]);
        if (column_key_cmp(key, box->low[k]) < 0 || column_key_cmp(key, box->high[k]) > 0)
            return false;
    }
    return true;
}

static struct query_box random_box(struct bed *b, const struct shape *s)
{
    struct str *low = make(b, sizeof(*low) * KEYS), *high = make(b, sizeof(*high) * KEYS);
    for (int k = 0; k < KEYS; k++) {
        struct column_value x = random_value(s, k), y = random_value(s, k);
        struct str a = key_bytes(b, &x), c = key_bytes(b, &y);
        bool turn = column_key_cmp(a, c) > 0;
        low[k] = turn ? c : a;
        high[k] = turn ? a : c;
    }
    return (struct query_box){low, high};
}

/* Groups in a box are what `recomputed` says, whatever is stored, added and removed of them: rows
 * there are changed behind the merge's back. */
TEST(boxes_are_recomputed)
{
    random_state = 4711;
    for (int round = 0; round < 60; round++) {
        static struct bed b;
        struct error err;
        struct table got, want;
        struct shape s = random_shape();
        struct query_box boxes[3];
        size_t box_count = 1 + below(3);
        bed_init(&b);
        struct layout *l = layout_make(&b, &s);
        for (size_t i = 0; i < box_count; i++)
            boxes[i] = random_box(&b, &s);
        int64_t n = (int64_t)below(2) ? 50 : 3000, kept = 0, more = (int64_t)below(100);
        raw_row *base = random_rows(&b, &s, n), *added = random_rows(&b, &s, more);
        raw_row *after = make(&b, sizeof(raw_row) * (size_t)(n + more + 1));
        for (int64_t r = 0; r < n + more; r++) {
            const raw_row *row = r < n ? &base[r] : &added[r - n];
            bool in = false;
            for (size_t i = 0; i < box_count; i++)
                in |= box_has(&boxes[i], &b, *row);
            if (!in || below(2))
                memcpy(after[kept++], *row, sizeof(raw_row));
        }
        struct query_plan *p = merge_plan(&b, l);
        p->input = group_plan(&b, &s, l, base, n);
        p->merge.added = group_plan(&b, &s, l, added, more);
        p->merge.recomputed = group_plan(&b, &s, l, after, kept);
        p->merge.box_count = box_count;
        p->merge.boxes = boxes;
        CHECK_OK(run(&b, p, &got, &err));
        CHECK_OK(run(&b, group_plan(&b, &s, l, after, kept), &want, &err));
        check_same(l, &got, &want, "boxes", round);
        bed_free(&b);
    }
}

/* ---- a small summary, written down ----------------------------------------------------------- */

/* key int, rows, missing, sum(x), min(x), max(x), of a bigint x. */
enum { KEY, ROWS, MISSING, SUM, MIN, MAX, COLUMNS };

#define NONE INT64_MIN /* NULL */

typedef int64_t small_row[COLUMNS];

struct small {
    struct bed b;
    struct column_schema schema;
    struct column_field fields[COLUMNS];
    struct query_agg_out outs[COLUMNS];
    struct query_stored stored[2];
    int keys[1];
    struct query_plan plan;
};

static void small_init(struct small *s)
{
    static const char *const names[] = {"day", "n", "missing", "total", "low", "high"};
    static const enum query_agg kinds[] = {QUERY_AGG_COUNT_STAR,    QUERY_AGG_COUNT_STAR,
                                           QUERY_AGG_STATE_MISSING, QUERY_AGG_SUM,
                                           QUERY_AGG_MIN,           QUERY_AGG_MAX};
    struct column_type bigint = column_type_of(COLUMN_BIGINT);
    memset(s, 0, sizeof(*s));
    bed_init(&s->b);
    for (int c = 0; c < COLUMNS; c++) {
        s->fields[c] = (struct column_field){.name = str_of(names[c]), .type = bigint};
        s->outs[c] = (struct query_agg_out){kinds[c], c >= MISSING ? 0 : -1, bigint};
    }
    s->schema = (struct column_schema){COLUMNS, s->fields};
    s->stored[0] = (struct query_stored){.type = bigint,
                                         .rows = column_expr(&s->b, ROWS, bigint),
                                         .missing = column_expr(&s->b, MISSING, bigint),
                                         .sum = column_expr(&s->b, SUM, bigint),
                                         .min = column_expr(&s->b, MIN, bigint),
                                         .max = column_expr(&s->b, MAX, bigint)};
    s->plan = (struct query_plan){.kind = QUERY_PLAN_MERGE, .schema = s->schema};
    s->plan.merge.key_count = 1;
    s->plan.merge.keys = s->keys;
    s->plan.merge.rows = ROWS;
    s->plan.merge.arg_count = 1;
    s->plan.merge.args = s->stored;
    s->plan.merge.outs = s->outs;
}

static struct query_plan *small_rows(struct small *s, const small_row *rows, int64_t n)
{
    struct column_value *cells = make(&s->b, sizeof(*cells) * COLUMNS * (size_t)(n + 1));
    for (int64_t r = 0; r < n; r++)
        for (int c = 0; c < COLUMNS; c++)
            cells[r * COLUMNS + c] = (struct column_value){.type = column_type_of(COLUMN_BIGINT),
                                                           .null = rows[r][c] == NONE,
                                                           .i64 = rows[r][c]};
    return values_plan(&s->b, &s->schema, cells, n);
}

struct side {
    int64_t rows;
    small_row row[4];
};

static status small_run(struct small *s, const struct side *stored, const struct side *added,
                        const struct side *removed, struct table *out, struct error *err)
{
    s->plan.input = stored ? small_rows(s, stored->row, stored->rows) : NULL;
    s->plan.merge.added = added ? small_rows(s, added->row, added->rows) : NULL;
    s->plan.merge.removed = removed ? small_rows(s, removed->row, removed->rows) : NULL;
    return run(&s->b, &s->plan, out, err);
}

static void check_row(const struct table *t, int64_t row, const small_row want)
{
    for (int c = 0; c < COLUMNS; c++) {
        const struct column_value *v = &t->cells[row * COLUMNS + c];
        CHECK_INT(v->null ? NONE : v->i64, want[c]);
    }
}

TEST(groups_appear_change_and_vanish)
{
    static struct small s;
    struct error err;
    struct table t;
    const struct side stored = {
        4,
        {{1, 2, 0, 7, 3, 4}, {2, 1, 0, 5, 5, 5}, {3, 1, 1, NONE, NONE, NONE}, {5, 2, 1, 9, 9, 9}}};
    const struct side added = {
        3, {{1, 1, 0, 2, 2, 2}, {3, 1, 0, 8, 8, 8}, {4, 1, 1, NONE, NONE, NONE}}};
    const struct side removed = {
        3, {{2, 1, 0, 5, 5, 5}, {3, 1, 1, NONE, NONE, NONE}, {5, 1, 0, 9, 9, 9}}};
    small_init(&s);
    CHECK_OK(small_run(&s, &stored, &added, &removed, &t, &err));
    CHECK_INT(t.rows, 4);
    check_row(&t, 0, (small_row){1, 3, 0, 9, 2, 4});
    check_row(&t, 1, (small_row){3, 1, 0, 8, 8, 8});
    check_row(&t, 2, (small_row){4, 1, 1, NONE, NONE, NONE});
    check_row(&t, 3, (small_row){5, 1, 1, NONE, NONE, NONE});
    CHECK_OK(small_run(&s, NULL, &added, NULL, &t, &err));
    CHECK_INT(t.rows, 3);
    CHECK_OK(small_run(&s, NULL, NULL, NULL, &t, &err));
    CHECK_INT(t.rows, 0);
    bed_free(&s.b);
}

/* Each line of the rule for extremes; low is the minimum, high the maximum. */
TEST(extremes_that_are_lost)
{
    static const struct {
        small_row stored, added, removed;
        bool lost;
        small_row want;
    } cases[] = {
        /* R worse than M: what is stored stays */
        {{1, 3, 0, 60, 10, 30}, {0}, {1, 1, 0, 20, 20, 20}, false, {1, 2, 0, 40, 10, 30}},
        /* R = M, nothing better was added */
        {{1, 3, 0, 60, 10, 30}, {0}, {1, 1, 0, 10, 10, 10}, true, {1, 2, 0, 50, NONE, 30}},
        {{1, 3, 0, 60, 10, 30}, {0}, {1, 1, 0, 30, 30, 30}, true, {1, 2, 0, 30, 10, NONE}},
        {{1, 3, 0, 60, 10, 30},
         {1, 1, 0, 20, 20, 20},
         {1, 1, 0, 10, 10, 10},
         true,
         {1, 3, 0, 70, NONE, 30}},
        /* R = M, but as good a value or a better one was added */
        {{1, 3, 0, 60, 10, 30},
         {1, 1, 0, 10, 10, 10},
         {1, 1, 0, 10, 10, 10},
         false,
         {1, 3, 0, 60, 10, 30}},
        {{1, 3, 0, 60, 10, 30},
         {1, 1, 0, 5, 5, 5},
         {1, 1, 0, 10, 10, 10},
         false,
         {1, 3, 0, 55, 5, 30}},
        /* no values left, but rows */
        {{1, 3, 2, 10, 10, 10}, {0}, {1, 1, 0, 10, 10, 10}, false, {1, 2, 2, NONE, NONE, NONE}},
        /* everything stored was replaced: only added values are left */
        {{1, 2, 0, 30, 10, 20},
         {1, 1, 0, 15, 15, 15},
         {1, 2, 0, 30, 10, 20},
         false,
         {1, 1, 0, 15, 15, 15}},
        /* only a NULL was removed */
        {{1, 2, 1, 10, 10, 10}, {0}, {1, 1, 1, NONE, NONE, NONE}, false, {1, 1, 0, 10, 10, 10}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct small s;
        struct error err;
        struct table t;
        struct side stored = {1, {{0}}}, added = {cases[i].added[KEY], {{0}}}, removed = {1, {{0}}};
        memcpy(stored.row[0], cases[i].stored, sizeof(small_row));
        memcpy(added.row[0], cases[i].added, sizeof(small_row));
        memcpy(removed.row[0], cases[i].removed, sizeof(small_row));
        small_init(&s);
        s.plan.merge.find_lost = true;
        CHECK_OK(small_run(&s, &stored, &added, &removed, &t, &err));
        CHECK_INT(t.rows, cases[i].lost);
        if (cases[i].lost)
            check_row(&t, 0, cases[i].want);
        s.plan.merge.find_lost = false;
        status st = small_run(&s, &stored, &added, &removed, &t, &err);
        CHECK_STATUS(st, cases[i].lost ? ST_INTERNAL : ST_OK);
        if (cases[i].lost) {
            CHECK(strstr(err.msg, "group (day = 1)") != NULL);
        } else {
            CHECK_INT(t.rows, 1);
            check_row(&t, 0, cases[i].want);
        }
        bed_free(&s.b);
    }
}

/* A lost group that is recomputed is no longer lost; one that recomputes to nothing is gone, and
 * recomputed groups that nobody asked for are left alone. */
TEST(recomputed_groups)
{
    static struct small s;
    struct error err;
    struct table t;
    const struct side stored = {3, {{1, 2, 0, 7, 3, 4}, {2, 1, 0, 5, 5, 5}, {3, 1, 0, 6, 6, 6}}};
    const struct side removed = {1, {{1, 1, 0, 3, 3, 3}}};
    const small_row ask[] = {{1}, {3}, {9}};
    const small_row again[] = {{1, 1, 0, 4, 4, 4}, {2, 9, 9, 9, 9, 9}, {9, 1, 0, 1, 1, 1}};
    small_init(&s);
    s.plan.merge.recompute = small_rows(&s, ask, 3);
    s.plan.merge.recomputed = small_rows(&s, again, 3);
    CHECK_OK(small_run(&s, &stored, NULL, &removed, &t, &err));
    CHECK_INT(t.rows, 3);
    check_row(&t, 0, (small_row){1, 1, 0, 4, 4, 4});
    check_row(&t, 1, (small_row){2, 1, 0, 5, 5, 5});
    check_row(&t, 2, (small_row){9, 1, 0, 1, 1, 1});
    s.plan.merge.recompute = small_rows(&s, ask, 3);
    s.plan.merge.recomputed = NULL;
    s.plan.merge.find_lost = true;
    CHECK_OK(small_run(&s, &stored, NULL, &removed, &t, &err));
    CHECK_INT(t.rows, 0);
    bed_free(&s.b);
}

/* What is stored contradicts what changes, or itself: named, never used. */
TEST(contradictions_are_corrupt)
{
    static const struct {
        const char *says;
        struct side stored, added, removed;
    } cases[] = {
        {"groups are not sorted by key: group (day = 1): stored groups",
         {2, {{2, 1, 0, 5, 5, 5}, {1, 1, 0, 5, 5, 5}}},
         {0},
         {0}},
        {"a group stands twice: group (day = 2): added groups",
         {0},
         {2, {{2, 1, 0, 5, 5, 5}, {2, 1, 0, 5, 5, 5}}},
         {0}},
        {"1 rows stored, 0 added, 2 removed: group (day = 2)",
         {1, {{2, 1, 0, 5, 5, 5}}},
         {0},
         {1, {{2, 2, 0, 5, 5, 5}}}},
        {"0 rows stored, 0 added, 1 removed: group (day = 4): removed groups",
         {1, {{2, 1, 0, 5, 5, 5}}},
         {0},
         {1, {{4, 1, 0, 5, 5, 5}}}},
        {"a group has no rows: group (day = 2): stored groups",
         {1, {{2, 0, 0, NONE, NONE, NONE}}},
         {1, {{2, 1, 0, 5, 5, 5}}},
         {0}},
        {"2 values taken away from a group of 1: group (day = 2)",
         {1, {{2, 2, 1, 5, 5, 5}}},
         {0},
         {1, {{2, 2, 0, 10, 5, 5}}}},
        {"a group without values is left with a sum: group (day = 2)",
         {1, {{2, 1, 0, 5, 5, 5}}},
         {0},
         {1, {{2, 1, 0, 6, 5, 5}}}},
        {"a lower value was removed that was never stored: low of group (day = 2)",
         {1, {{2, 2, 0, 10, 5, 5}}},
         {0},
         {1, {{2, 1, 0, 4, 4, 4}}}},
        {"a higher value was removed that was never stored: high of group (day = 2)",
         {1, {{2, 2, 0, 10, 5, 5}}},
         {0},
         {1, {{2, 1, 0, 6, 6, 6}}}},
        {"an extreme of 0 values is there: low of group (day = 2): added groups",
         {1, {{2, 2, 0, 10, 5, 5}}},
         {1, {{2, 1, 1, NONE, 4, NONE}}},
         {0}},
        {"a stored sum cannot be that of 1 values: group (day = 2): stored groups",
         {1, {{2, 1, 0, NONE, 5, 5}}},
         {1, {{2, 1, 0, 5, 5, 5}}},
         {0}},
        {"is left with 1 values: group (day = 2)",
         {1, {{2, 2, 1, 5, 5, 5}}},
         {0},
         {1, {{2, 2, 2, NONE, NONE, NONE}}}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct small s;
        struct error err;
        struct table t;
        small_init(&s);
        CHECK_STATUS(small_run(&s, &cases[i].stored, &cases[i].added, &cases[i].removed, &t, &err),
                     ST_CORRUPT);
        if (!strstr(err.msg, cases[i].says))
            test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.msg, cases[i].says);
        bed_free(&s.b);
    }
}

/* An overflow names the column and the group. */
TEST(overflow_names_the_group)
{
    static struct small s;
    struct error err;
    struct table t;
    const struct side stored = {2, {{1, 1, 0, 1, 1, 1}, {2, 1, 0, INT64_MAX, 7, INT64_MAX}}};
    const struct side added = {1, {{2, 1, 0, 1, 1, 1}}};
    small_init(&s);
    CHECK_STATUS(small_run(&s, &stored, &added, NULL, &t, &err), ST_INVALID);
    CHECK(strstr(err.msg, "bigint out of range: total of group (day = 2)") != NULL);
    bed_free(&s.b);
}

/* ---- every allocation fails once ------------------------------------------------------------- */

TEST(allocations_that_fail)
{
    const struct side stored = {
        4,
        {{1, 2, 0, 7, 3, 4}, {2, 1, 0, 5, 5, 5}, {3, 1, 1, NONE, NONE, NONE}, {5, 2, 1, 9, 9, 9}}};
    const struct side added = {2, {{1, 1, 0, 2, 2, 2}, {4, 1, 1, NONE, NONE, NONE}}};
    const struct side removed = {1, {{2, 1, 0, 5, 5, 5}}};
    bool clean = false;
    for (uint64_t nth = 1; !clean; nth++) {
        static struct small s;
        struct error err;
        struct table t;
        small_init(&s);
        s.plan.input = small_rows(&s, stored.row, stored.rows);
        s.plan.merge.added = small_rows(&s, added.row, added.rows);
        s.plan.merge.removed = small_rows(&s, removed.row, removed.rows);
        mem_fault_set(nth, false);
        status st = run(&s.b, &s.plan, &t, &err);
        clean = mem_fault_count() < nth;
        mem_fault_set(0, false);
        CHECK_STATUS(st, clean ? ST_OK : ST_OOM);
        bed_free(&s.b);
    }
}
