// SPDX-License-Identifier: Apache-2.0
/* kernel_load_test.c - stored states come back: what finish gives for the columns of a summary,
 * loaded again, is the same state; merged and subtracted it is that of the multisets' union and
 * difference. Stored values that no values can have are refused. */
#include "harness/test.h"
#include "kernel/kernel.h"
#include "kernel_cases.h"

#define GROUPS     9
#define MOST_STATE 256
#define EVERYTHING (KERNEL_SUM | KERNEL_SQUARES | KERNEL_MIN | KERNEL_MAX)
#define EXTREMES   (KERNEL_MIN | KERNEL_MAX)

struct table {
    struct arena arena;
    struct kernel_agg k;
    _Alignas(16) char states[GROUPS * MOST_STATE];
};

static const struct {
    struct column_type type;
    unsigned need;
} kinds[] = {
    {{.kind = COLUMN_UNKNOWN}, 0},
    {{.kind = COLUMN_BOOLEAN}, EXTREMES},
    {{.kind = COLUMN_INT}, EVERYTHING},
    {{.kind = COLUMN_BIGINT}, EVERYTHING},
    {{.kind = COLUMN_BIGINT}, KERNEL_SUM},
    {{.kind = COLUMN_REAL}, EVERYTHING},
    {{.kind = COLUMN_DOUBLE}, EVERYTHING},
    {{.kind = COLUMN_DOUBLE}, KERNEL_SUM},
    {{.kind = COLUMN_DOUBLE}, KERNEL_SUM | EXTREMES},
    {{.kind = COLUMN_DECIMAL, .precision = 18, .scale = 2}, EVERYTHING},
    {{.kind = COLUMN_DECIMAL, .precision = 38, .scale = 10}, EVERYTHING},
    {{.kind = COLUMN_DATE}, EXTREMES},
    {{.kind = COLUMN_TIMESTAMPTZ}, KERNEL_MAX},
    {{.kind = COLUMN_TEXT}, EXTREMES},
    {{.kind = COLUMN_UUID}, KERNEL_MIN},
    {{.kind = COLUMN_INTERVAL}, EXTREMES},
};

static void table_init(struct table *t, struct column_type type, unsigned need)
{
    struct error err;
    struct kernel_scratch *scratch;
    arena_init(&t->arena, NULL);
    CHECK_OK(kernel_scratch_create(&t->arena, &scratch, &err));
    CHECK_OK(kernel_agg_init(&t->k, type, need, &t->arena, scratch, &err));
    kernel_agg_start(&t->k, t->states, MOST_STATE, GROUPS);
}

static struct kernel_groups groups_of(struct table *t, const uint32_t *of_row)
{
    return (struct kernel_groups){t->states, MOST_STATE, GROUPS, of_row, 0};
}

static void check_same(const struct table *a, const struct table *b, const char *what)
{
    struct error err;
    for (size_t g = 0; g < GROUPS; g++) {
        struct buffer x, y;
        buffer_init(&x, NULL, 1 << 20);
        buffer_init(&y, NULL, 1 << 20);
        CHECK_OK(kernel_agg_encode(&a->k, a->states + g * MOST_STATE, &x, &err));
        CHECK_OK(kernel_agg_encode(&b->k, b->states + g * MOST_STATE, &y, &err));
        if (!str_eq(buffer_str(&x), buffer_str(&y)))
            test_fail(__FILE__, __LINE__, "%s: the states of group %zu differ", what, g);
        buffer_free(&x);
        buffer_free(&y);
    }
}

/* ---- random rows ----------------------------------------------------------------------------- */

#define MOST_ROWS 400

struct rows {
    size_t count;
    _Alignas(16) char values[MOST_ROWS * 16];
    char text[MOST_ROWS][4];
    uint32_t group[MOST_ROWS];
};

static void random_value(struct rows *r, size_t i, struct column_type type, int style,
                         uint64_t *rng)
{
    enum column_phys phys = column_type_phys(type);
    struct column_value v = {.type = type};
    int64_t n = (int64_t)cases_next(rng) >> cases_below(rng, 64);
    if (phys == PHYS_BOOL) {
        v.b = n & 1;
    } else if (phys == PHYS_I32) {
        v.i32 = (int32_t)n;
    } else if (phys == PHYS_I64) {
        v.i64 = type.kind == COLUMN_DECIMAL ? n % 1000000000000000000 : n;
    } else if (phys == PHYS_F32) {
        v.f32 = (float)cases_double(rng, style);
    } else if (phys == PHYS_F64) {
        v.f64 = cases_double(rng, style);
    } else if (phys == PHYS_I128) {
        v.i128 = (int128)n * (cases_below(rng, 2) ? 1 : 1000000000000000000);
    } else if (phys == PHYS_INTERVAL) {
        v.interval = (struct column_interval){(int32_t)(n % 40), (int32_t)(n % 7), n % 99};
    } else {
        size_t len = cases_below(rng, 5);
        for (size_t k = 0; k < len; k++)
            r->text[i][k] = (char)cases_below(rng, 4);
        v.str = (struct str){r->text[i], len};
    }
    size_t bytes = column_phys_bytes(phys);
    memcpy(r->values + i * bytes, (char *)&v + offsetof(struct column_value, b), bytes);
}

/* Group 0 never has rows; some other ones have none by chance. */
static void random_rows(struct rows *r, struct column_type type, uint64_t *rng)
{
    int style = (int)cases_below(rng, CASES_STYLES);
    r->count = cases_below(rng, MOST_ROWS);
    for (size_t i = 0; i < r->count; i++) {
        random_value(r, i, type, style, rng);
        r->group[i] = 1 + (uint32_t)cases_below(rng, cases_below(rng, 2) ? 3 : GROUPS - 1);
    }
}

static void add_rows(struct table *t, const struct rows *r, size_t from, size_t to)
{
    struct error err;
    struct kernel_groups g = groups_of(t, r->group + from);
    struct column_span s = {.kind = SPAN_VALUES, .rows = (int64_t)(to - from)};
    s.values = r->values + from * column_phys_bytes(t->k.phys);
    CHECK_OK(kernel_agg_add(&t->k, &g, t->k.type.kind == COLUMN_UNKNOWN ? NULL : &s, s.rows, NULL,
                            0, &err));
}

/* ---- stored columns -------------------------------------------------------------------------- */

enum { COUNT, ROWS, MISSING, SUM, S1, REST, MORE, SQUARES, MIN, MAX, COLUMNS };

struct stored {
    struct column_vector vector[COLUMNS];
    struct column_span span[COLUMNS];
    struct kernel_stored parts;
};

static struct column_type type_of(const struct kernel_agg *k, int column, bool visible)
{
    bool decimal = k->type.kind == COLUMN_DECIMAL;
    switch (column) {
    case SUM:
        return decimal || !visible ? column_type_decimal(38, decimal ? k->type.scale : 0)
                                   : column_type_of(COLUMN_BIGINT);
    case S1:
    case REST:
        return column_type_of(COLUMN_DOUBLE);
    case MORE:
    case SQUARES:
        return column_type_of(COLUMN_BINARY);
    case MIN:
    case MAX:
        return k->type;
    default:
        return column_type_of(COLUMN_BIGINT);
    }
}

static bool has_column(const struct kernel_agg *k, int column)
{
    bool is_float = column_type_is_float(k->type);
    switch (column) {
    case SUM:
        return k->need & KERNEL_SUM && !is_float;
    case S1:
    case REST:
    case MORE:
        return k->need & KERNEL_SUM && is_float;
    case SQUARES:
        return k->need & KERNEL_SQUARES;
    case MIN:
        return k->need & KERNEL_MIN;
    case MAX:
        return k->need & KERNEL_MAX;
    default:
        return true;
    }
}

static void finish_counts(const struct table *t, struct stored *s)
{
    for (int64_t g = 0; g < GROUPS; g++) {
        int64_t n = kernel_agg_count(&t->k, t->states + (size_t)g * MOST_STATE), rows = n + g;
        column_vector_append(&s->vector[COUNT], &n);
        column_vector_append(&s->vector[ROWS], &rows);
        column_vector_append(&s->vector[MISSING], &g);
    }
}

/* `visible`: the sum is the visible column, else the hidden one. Sums that do not fit a visible
 * bigint are kept hidden. */
static void finish_column(const struct table *t, int c, bool visible, struct arena *arena,
                          struct stored *s)
{
    static const enum kernel_result results[] = {
        [S1] = KERNEL_RESULT_S1,           [REST] = KERNEL_RESULT_REST, [MORE] = KERNEL_RESULT_MORE,
        [SQUARES] = KERNEL_RESULT_SQUARES, [MIN] = KERNEL_RESULT_MIN,   [MAX] = KERNEL_RESULT_MAX};
    struct error err;
    enum kernel_result result = c == SUM && !visible               ? KERNEL_RESULT_STATE_SUM
                                : (c == S1 && visible) || c == SUM ? KERNEL_RESULT_SUM
                                                                   : results[c];
    status st = kernel_agg_finish_rows(&t->k, t->states, MOST_STATE, GROUPS, result, arena,
                                       &s->vector[c], &err);
    if (c == SUM && visible && st == ST_INVALID) {
        column_vector_free(&s->vector[c]);
        CHECK_OK(column_vector_init(&s->vector[c], type_of(&t->k, c, false), NULL, &err));
        finish_column(t, c, false, arena, s);
        return;
    }
    CHECK_OK(st);
}

static void stored_init(struct stored *s, const struct table *t, bool visible, struct arena *arena)
{
    struct error err;
    memset(s, 0, sizeof(*s));
    for (int c = 0; c < COLUMNS; c++)
        if (has_column(&t->k, c))
            CHECK_OK(column_vector_init(&s->vector[c], type_of(&t->k, c, visible), NULL, &err));
    finish_counts(t, s);
    const struct column_span *parts[COLUMNS] = {0};
    for (int c = 0; c < COLUMNS; c++) {
        if (!has_column(&t->k, c))
            continue;
        if (c >= SUM)
            finish_column(t, c, visible, arena, s);
        s->span[c] = column_vector_span(&s->vector[c]);
        parts[c] = &s->span[c];
    }
    s->parts = (struct kernel_stored){.count = parts[COUNT],
                                      .rows = parts[ROWS],
                                      .missing = parts[MISSING],
                                      .sum = parts[SUM],
                                      .sum_type = s->vector[SUM].type,
                                      .s1 = parts[S1],
                                      .rest = parts[REST],
                                      .more = parts[MORE],
                                      .squares = parts[SQUARES],
                                      .min = parts[MIN],
                                      .max = parts[MAX]};
}

static void stored_free(struct stored *s)
{
    for (int c = 0; c < COLUMNS; c++)
        column_vector_free(&s->vector[c]);
}

static void load(struct table *t, const struct stored *s)
{
    static const uint32_t each[GROUPS] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct error err;
    struct kernel_groups g = groups_of(t, each);
    CHECK_OK(kernel_agg_load(&t->k, &g, &s->parts, GROUPS, NULL, 0, &err));
}

/* ---- round trips ----------------------------------------------------------------------------- */

static void check_round(size_t kind, uint64_t *rng)
{
    static const uint32_t each[GROUPS] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static struct table whole, part, other, loaded, taken;
    static struct rows r;
    static struct stored s;
    struct error err;
    struct table *all[] = {&whole, &part, &other, &loaded, &taken};
    unsigned need = kinds[kind].need;
    struct column_type type = kinds[kind].type;
    random_rows(&r, type, rng);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        table_init(all[i], type, need);
    size_t cut = cases_below(rng, r.count + 1);
    add_rows(&part, &r, 0, cut);
    add_rows(&other, &r, cut, r.count);
    add_rows(&whole, &r, 0, r.count);

    bool visible = cases_next(rng) & 1;
    stored_init(&s, &part, visible, &part.arena);
    load(&loaded, &s);
    check_same(&part, &loaded, "loaded");
    stored_free(&s);
    stored_init(&s, &other, !visible, &other.arena);
    load(&loaded, &s); /* a second one into the same groups: a merge */
    stored_free(&s);
    check_same(&whole, &loaded, "loaded twice");

    stored_init(&s, &whole, visible, &whole.arena);
    load(&taken, &s);
    stored_free(&s);
    if (!(need & EXTREMES)) {
        struct kernel_groups to = groups_of(&taken, NULL), from = groups_of(&other, NULL);
        CHECK_OK(kernel_agg_subtract(&taken.k, &to, &other.k, &from, each, &err));
        check_same(&part, &taken, "taken away");
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        arena_free(&all[i]->arena);
}

TEST(loaded_states_are_the_states)
{
    uint64_t rng = cases_seed("load");
    int rounds = cases_count(400);
    for (int i = 0; i < rounds; i++)
        for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++)
            check_round(kind, &rng);
}

/* Difference needs states without extremes, which cannot be taken away. */
TEST(difference_of_loaded_states)
{
    static struct table whole, less, rest;
    static struct rows r;
    static struct stored s;
    static const uint32_t each[GROUPS] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const struct column_type types[] = {{.kind = COLUMN_BIGINT},
                                               {.kind = COLUMN_DOUBLE},
                                               {.kind = COLUMN_REAL},
                                               {.kind = COLUMN_DECIMAL, .precision = 38}};
    struct error err;
    uint64_t rng = cases_seed("difference");
    for (int i = 0; i < cases_count(400); i++) {
        struct column_type type = types[i % 4];
        struct table *all[] = {&whole, &less, &rest};
        for (size_t k = 0; k < ARRAY_LEN(all); k++)
            table_init(all[k], type, KERNEL_SUM | KERNEL_SQUARES);
        random_rows(&r, type, &rng);
        size_t cut = cases_below(&rng, r.count + 1);
        struct table raw[3];
        for (size_t k = 0; k < 3; k++)
            table_init(&raw[k], type, KERNEL_SUM | KERNEL_SQUARES);
        add_rows(&raw[0], &r, 0, r.count);
        add_rows(&raw[1], &r, cut, r.count);
        add_rows(&raw[2], &r, 0, cut);
        stored_init(&s, &raw[0], true, &raw[0].arena);
        load(&whole, &s);
        stored_free(&s);
        stored_init(&s, &raw[1], false, &raw[1].arena);
        load(&less, &s);
        stored_free(&s);
        struct kernel_groups to = groups_of(&whole, NULL), from = groups_of(&less, NULL);
        CHECK_OK(kernel_agg_subtract(&whole.k, &to, &less.k, &from, each, &err));
        check_same(&raw[2], &whole, "difference");
        for (size_t k = 0; k < 3; k++) {
            arena_free(&all[k]->arena);
            arena_free(&raw[k].arena);
        }
    }
}

/* Codes, runs, selections, several rows to one group: the same as plain values one by one. */
TEST(spans_of_every_kind)
{
    static struct table t, a, b;
    static struct rows r;
    static struct stored s;
    struct error err;
    uint64_t rng = cases_seed("spans");
    struct column_type type = column_type_of(COLUMN_DOUBLE);
    static const uint16_t selected[] = {1, 4, 5, 8};
    static const uint32_t to[GROUPS] = {0, 2, 2, 1, 1, 1, 3, 0, 2};
    uint16_t codes[GROUPS] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (int round = 0; round < 50; round++) {
        table_init(&t, type, EVERYTHING);
        table_init(&a, type, EVERYTHING);
        table_init(&b, type, EVERYTHING);
        random_rows(&r, type, &rng);
        add_rows(&t, &r, 0, r.count);
        stored_init(&s, &t, false, &t.arena);
        struct kernel_groups ga = groups_of(&a, to), gb = groups_of(&b, NULL);
        for (size_t i = 0; i < ARRAY_LEN(selected); i++) {
            gb.one = to[selected[i]];
            CHECK_OK(kernel_agg_load(&b.k, &gb, &s.parts, GROUPS, &selected[i], 1, &err));
        }
        struct column_dictionary d[COLUMNS];
        for (int c = 0; c < COLUMNS; c++) {
            d[c] = (struct column_dictionary){column_dictionary_id(), GROUPS, s.span[c].values};
            s.span[c] = (struct column_span){.kind = SPAN_CODES,
                                             .code_bytes = 2,
                                             .rows = GROUPS,
                                             .valid = s.span[c].valid,
                                             .codes = codes,
                                             .dictionary = &d[c]};
        }
        CHECK_OK(kernel_agg_load(&a.k, &ga, &s.parts, GROUPS, selected, 4, &err));
        check_same(&a, &b, "codes");
        stored_free(&s);
        arena_free(&t.arena);
        arena_free(&a.arena);
        arena_free(&b.arena);
    }
}

TEST(runs)
{
    static struct table t, want;
    struct error err;
    int64_t count = 3, sum = 30, least = 5, value[] = {5, 10, 15};
    static const uint32_t to[] = {1, 1, 2, 1}, all[] = {1, 1, 1};
    table_init(&t, column_type_of(COLUMN_BIGINT), KERNEL_SUM | KERNEL_MIN);
    table_init(&want, column_type_of(COLUMN_BIGINT), KERNEL_SUM | KERNEL_MIN);
    struct column_span n = {.kind = SPAN_RUN, .rows = 4, .values = &count}, s = n, m = n;
    s.values = &sum;
    m.values = &least;
    struct kernel_stored parts = {.count = &n, .sum = &s, .min = &m};
    parts.sum_type = column_type_of(COLUMN_BIGINT);
    struct kernel_groups g = groups_of(&t, to), w = groups_of(&want, all);
    CHECK_OK(kernel_agg_load(&t.k, &g, &parts, 4, NULL, 0, &err));
    struct column_span v = {.kind = SPAN_VALUES, .rows = 3, .values = value};
    for (int i = 0; i < 3; i++)
        CHECK_OK(kernel_agg_add(&want.k, &w, &v, 3, NULL, 0, &err));
    static const uint32_t two[] = {2, 2, 2};
    w.of_row = two;
    CHECK_OK(kernel_agg_add(&want.k, &w, &v, 3, NULL, 0, &err));
    check_same(&t, &want, "runs");
    arena_free(&t.arena);
    arena_free(&want.arena);
}

/* ---- what cannot be a state ------------------------------------------------------------------ */

/* One row, each column NULL unless told. */
struct row {
    const char *what;
    enum column_kind kind;
    unsigned need;
    const int64_t *count, *rows, *missing;
    const int128 *sum;
    const double *s1, *rest;
    const struct str *more, *squares;
    const int64_t *min, *max;
};

#define I(n)    (&(const int64_t){n})
#define W(n)    (&(const int128){n})
#define D(x)    (&(const double){x})
#define B(text) (&(const struct str){"" text, sizeof(text) - 1})

static struct column_span one_row(const void *value)
{
    return (struct column_span){
        .kind = SPAN_RUN, .run_null = value == NULL, .rows = 1, .values = value};
}

static status load_row(const struct row *r, bool counts_rows, struct error *err)
{
    static struct table t;
    struct column_span s[] = {
        one_row(r->count), one_row(r->rows), one_row(r->missing), one_row(r->sum), one_row(r->s1),
        one_row(r->rest),  one_row(r->more), one_row(r->squares), one_row(r->min), one_row(r->max)};
    struct kernel_stored parts = {.count = counts_rows ? NULL : &s[0],
                                  .rows = counts_rows ? &s[1] : NULL,
                                  .missing = counts_rows ? &s[2] : NULL,
                                  .sum = &s[3],
                                  .sum_type = column_type_decimal(38, 0),
                                  .s1 = &s[4],
                                  .rest = &s[5],
                                  .more = &s[6],
                                  .squares = &s[7],
                                  .min = &s[8],
                                  .max = &s[9]};
    struct column_type type = {.kind = r->kind, .precision = 38};
    table_init(&t, type, r->need);
    struct kernel_groups g = groups_of(&t, NULL);
    t.k.failed = 77;
    status st = kernel_agg_load(&t.k, &g, &parts, 1, NULL, 0, err);
    if (st != ST_OK)
        CHECK_INT(t.k.failed, 0);
    arena_free(&t.arena);
    return st;
}

TEST(what_no_values_have_is_refused)
{
    const int128 big = wide_pow10(38);
    const struct row rows[] = {
        {"count NULL", COLUMN_BIGINT, 0, .count = NULL},
        {"count negative", COLUMN_BIGINT, 0, .count = I(-1)},
        {"sum of none", COLUMN_BIGINT, KERNEL_SUM, .count = I(0), .sum = W(1)},
        {"no sum", COLUMN_BIGINT, KERNEL_SUM, .count = I(1)},
        {"sum too large", COLUMN_BIGINT, KERNEL_SUM, .count = I(1), .sum = W((int128)1 << 64)},
        {"decimal too large", COLUMN_DECIMAL, KERNEL_SUM, .count = I(9), .sum = &big},
        {"min of none", COLUMN_BIGINT, KERNEL_MIN, .count = I(0), .min = I(1)},
        {"no min", COLUMN_BIGINT, KERNEL_MIN, .count = I(1)},
        {"max of none", COLUMN_BIGINT, KERNEL_MAX, .count = I(0), .max = I(1)},
        {"no max", COLUMN_BIGINT, KERNEL_MAX, .count = I(1)},
        {"squares NULL", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(1), .sum = W(1)},
        {"squares of none", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(0), .squares = B("\0\1")},
        {"squares negative", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(1), .sum = W(1),
         .squares = B("\0\xff")},
        {"squares even", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(1), .sum = W(1),
         .squares = B("\0\2")},
        {"squares empty", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(1), .sum = W(1),
         .squares = B("")},
        {"squares too large", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(1), .sum = W(1),
         .squares = B("\xfe\3\1")}, /* 2^255 */
        {"squares beyond all limbs", COLUMN_BIGINT, KERNEL_SQUARES, .count = I(1), .sum = W(1),
         .squares = B("\xfe\x0f\1")},
        {"float squares negative", COLUMN_DOUBLE, KERNEL_SQUARES, .count = I(1), .s1 = D(1),
         .rest = D(0), .squares = B("\0\xff")},
        {"float squares of none", COLUMN_DOUBLE, KERNEL_SQUARES, .count = I(0), .rest = D(0),
         .squares = B("\0\1")},
        {"no s1", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .rest = D(0)},
        {"s1 of none", COLUMN_DOUBLE, KERNEL_SUM, .count = I(0), .s1 = D(1), .rest = D(0)},
        {"rest of none", COLUMN_DOUBLE, KERNEL_SUM, .count = I(0), .rest = D(1)},
        {"rest NULL", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .s1 = D(1)},
        {"no halves of one sum", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .s1 = D(1),
         .rest = D(1)},
        {"short form infinite", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .s1 = D(INFINITY),
         .rest = D(0)},
        {"long form of none", COLUMN_DOUBLE, KERNEL_SUM, .count = I(0), .more = B("\1\0\0\0")},
        {"more NaN than values", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .more = B("\2\0\0\0")},
        {"infinities beyond count", COLUMN_DOUBLE, KERNEL_SUM, .count = I(2),
         .more = B("\1\1\1\0")},
        {"both forms", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .rest = D(0),
         .more = B("\1\0\0\0")},
        {"more cut off", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .more = B("\1\0")},
        {"more empty", COLUMN_DOUBLE, KERNEL_SUM, .count = I(1), .more = B("")},
    };
    struct error err;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (load_row(&rows[i], false, &err) != ST_CORRUPT)
            test_fail(__FILE__, __LINE__, "%s was not refused", rows[i].what);
    const struct row counts[] = {
        {"rows NULL", COLUMN_BIGINT, 0, .missing = I(0)},
        {"missing NULL", COLUMN_BIGINT, 0, .rows = I(0)},
        {"missing negative", COLUMN_BIGINT, 0, .rows = I(1), .missing = I(-1)},
        {"more missing than rows", COLUMN_BIGINT, 0, .rows = I(1), .missing = I(2)},
        {"rows negative", COLUMN_BIGINT, 0, .rows = I(-1), .missing = I(0)},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (load_row(&counts[i], true, &err) != ST_CORRUPT)
            test_fail(__FILE__, __LINE__, "%s was not refused", counts[i].what);
    const struct row good = {"good",       COLUMN_DOUBLE,   KERNEL_SUM,
                             .rows = I(3), .missing = I(2), .more = B("\1\0\0\0")};
    CHECK_OK(load_row(&good, true, &err));
}

/* Counts of one group that add up beyond 2^63. */
TEST(counts_do_not_overflow)
{
    static struct table t;
    struct error err;
    int64_t count[] = {INT64_MAX, 1};
    struct column_span n = {.kind = SPAN_VALUES, .rows = 2, .values = count};
    struct kernel_stored parts = {.count = &n};
    table_init(&t, column_type_of(COLUMN_BIGINT), 0);
    struct kernel_groups g = groups_of(&t, NULL);
    CHECK_STATUS(kernel_agg_load(&t.k, &g, &parts, 2, NULL, 0, &err), ST_CORRUPT);
    CHECK_INT(t.k.failed, 1);
    arena_free(&t.arena);
}

TEST(count_must_be_rows_less_missing)
{
    static struct table t;
    struct error err;
    int64_t count = 2, rows = 5, missing = 3;
    struct column_span n = one_row(&count), r = one_row(&rows), m = one_row(&missing);
    struct kernel_stored parts = {.count = &n, .rows = &r, .missing = &m};
    table_init(&t, column_type_of(COLUMN_TEXT), 0);
    struct kernel_groups g = groups_of(&t, NULL);
    CHECK_OK(kernel_agg_load(&t.k, &g, &parts, 1, NULL, 0, &err));
    count = 3;
    CHECK_STATUS(kernel_agg_load(&t.k, &g, &parts, 1, NULL, 0, &err), ST_CORRUPT);
    arena_free(&t.arena);
}

TEST(a_part_that_is_not_kept)
{
    static struct table t;
    struct error err;
    int64_t count = 1;
    struct column_span n = one_row(&count);
    struct kernel_stored parts = {.count = &n};
    for (size_t i = 1; i < ARRAY_LEN(kinds); i++) {
        table_init(&t, kinds[i].type, kinds[i].need);
        struct kernel_groups g = groups_of(&t, NULL);
        CHECK_STATUS(kernel_agg_load(&t.k, &g, &parts, 1, NULL, 0, &err), ST_INTERNAL);
        arena_free(&t.arena);
    }
}
