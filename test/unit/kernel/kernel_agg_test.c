// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_test.c - aggregates against exact rationals, and against themselves: however rows are
 * ordered, batched, encoded, split and merged, the bytes of a state are the same.
 *
 * The cases are written to a file and judged by test/ref/exact.py. */
#include "harness/test.h"
#include "kernel/kernel.h"
#include "kernel_cases.h"

#include <unistd.h>

#define MOST_ROWS   3000
#define MOST_GROUPS 7
#define MOST_STATE  256

/* One table of states over a kernel. */
struct table {
    struct arena arena;
    struct kernel_scratch *scratch;
    struct kernel_agg k;
    size_t groups;
    _Alignas(16) char states[MOST_GROUPS * MOST_STATE];
};

static void table_init(struct table *t, struct column_type type, unsigned need, size_t groups)
{
    struct error err;
    arena_init(&t->arena, NULL);
    CHECK_OK(kernel_scratch_create(&t->arena, &t->scratch, &err));
    CHECK_OK(kernel_agg_init(&t->k, type, need, &t->arena, t->scratch, &err));
    t->groups = groups;
    kernel_agg_start(&t->k, t->states, MOST_STATE, groups);
}

static void table_free(struct table *t)
{
    arena_free(&t->arena);
}

static struct kernel_groups groups_of(struct table *t, const uint32_t *of_row, uint32_t one)
{
    return (struct kernel_groups){t->states, MOST_STATE, t->groups, of_row, one};
}

static char *state_of(struct table *t, size_t group)
{
    return t->states + group * MOST_STATE;
}

static void add_values(struct table *t, const void *values, const uint64_t *valid,
                       const uint32_t *groups, uint32_t one, size_t rows)
{
    struct error err;
    struct kernel_groups g = groups_of(t, groups, one);
    struct column_span s = {
        .kind = SPAN_VALUES, .rows = (int64_t)rows, .valid = valid, .values = values};
    CHECK_OK(kernel_agg_add(&t->k, &g, &s, s.rows, NULL, 0, &err));
}

/* All states as bytes, one buffer. */
static void encode_all(struct table *t, struct buffer *out)
{
    struct error err;
    buffer_init(out, NULL, 1 << 24);
    for (size_t g = 0; g < t->groups; g++)
        CHECK_OK(kernel_agg_encode(&t->k, state_of(t, g), out, &err));
}

static void check_same(struct table *a, struct table *b, const char *what, int round)
{
    struct buffer x, y;
    encode_all(a, &x);
    encode_all(b, &y);
    if (!str_eq(buffer_str(&x), buffer_str(&y)))
        test_fail(__FILE__, __LINE__, "%s: the states differ in round %d", what, round);
    buffer_free(&x);
    buffer_free(&y);
}

/* ---- rows in every shape --------------------------------------------------------------------- */

/* A column of rows of one physical form, with groups; the values never NULL. */
struct rows {
    struct column_type type;
    size_t count, bytes;
    _Alignas(16) char values[MOST_ROWS * 16];
    uint32_t groups[MOST_ROWS];
};

static void shuffle(struct rows *r, uint64_t *rng)
{
    for (size_t i = r->count; i > 1; i--) {
        size_t k = cases_below(rng, i);
        char keep[16];
        uint32_t g = r->groups[i - 1];
        memcpy(keep, r->values + (i - 1) * r->bytes, r->bytes);
        memcpy(r->values + (i - 1) * r->bytes, r->values + k * r->bytes, r->bytes);
        memcpy(r->values + k * r->bytes, keep, r->bytes);
        r->groups[i - 1] = r->groups[k];
        r->groups[k] = g;
    }
}

/* Rows [from, from + n) as CODES of a dictionary that holds each row's value once, backwards. */
static void add_as_codes(struct table *t, const struct rows *r, size_t from, size_t n, bool wide,
                         uint64_t *rng)
{
    static _Alignas(16) char entries[COLUMN_SPAN_ROWS * 16];
    static uint32_t codes[COLUMN_SPAN_ROWS];
    static uint16_t narrow[COLUMN_SPAN_ROWS];
    struct error err;
    for (size_t i = 0; i < n; i++) {
        memcpy(entries + (n - 1 - i) * r->bytes, r->values + (from + i) * r->bytes, r->bytes);
        codes[i] = (uint32_t)(n - 1 - i);
        narrow[i] = (uint16_t)codes[i];
    }
    struct column_dictionary d = {column_dictionary_id(), (uint32_t)n, entries};
    struct kernel_groups g = groups_of(t, r->groups + from, 0);
    struct column_span s = {.kind = SPAN_CODES,
                            .code_bytes = wide ? 4 : 2,
                            .rows = (int64_t)n,
                            .codes = wide ? (void *)codes : (void *)narrow,
                            .dictionary = &d};
    /* In two parts, the second through the dictionary prepared for the first. */
    uint16_t selected[COLUMN_SPAN_ROWS];
    size_t first = cases_below(rng, n + 1);
    for (size_t i = 0; i < n; i++)
        selected[i] = (uint16_t)i;
    CHECK_OK(kernel_agg_add(&t->k, &g, &s, s.rows, selected, first, &err));
    CHECK_OK(kernel_agg_add(&t->k, &g, &s, s.rows, selected + first, n - first, &err));
}

static void add_as_runs(struct table *t, const struct rows *r, size_t from, size_t n)
{
    struct error err;
    for (size_t i = from; i < from + n;) {
        size_t end = i + 1;
        while (end < from + n && r->groups[end] == r->groups[i] &&
               memcmp(r->values + end * r->bytes, r->values + i * r->bytes, r->bytes) == 0)
            end++;
        struct kernel_groups g = groups_of(t, NULL, r->groups[i]);
        struct column_span s = {
            .kind = SPAN_RUN, .rows = (int64_t)(end - i), .values = r->values + i * r->bytes};
        CHECK_OK(kernel_agg_add(&t->k, &g, &s, s.rows, NULL, 0, &err));
        i = end;
    }
}

/* Between NULLs: every second row is one, its value a copy that must not count. */
static void add_with_nulls(struct table *t, const struct rows *r, size_t from, size_t n)
{
    static _Alignas(16) char values[COLUMN_SPAN_ROWS * 16];
    uint32_t groups[COLUMN_SPAN_ROWS];
    uint64_t valid[COLUMN_SPAN_WORDS] = {0};
    n = n < COLUMN_SPAN_ROWS / 2 ? n : COLUMN_SPAN_ROWS / 2;
    for (size_t i = 0; i < 2 * n; i++) {
        memcpy(values + i * r->bytes, r->values + (from + i / 2) * r->bytes, r->bytes);
        groups[i] = r->groups[from + i / 2];
        valid[i / 64] |= (uint64_t)(i % 2) << (i % 64);
    }
    add_values(t, values, valid, groups, 0, 2 * n);
}

/* One group at a time, of_row NULL. */
static void add_by_group(struct table *t, const struct rows *r, size_t from, size_t n)
{
    static _Alignas(16) char values[COLUMN_SPAN_ROWS * 16];
    for (uint32_t g = 0; g < t->groups; g++) {
        size_t kept = 0;
        for (size_t i = from; i < from + n; i++)
            if (r->groups[i] == g)
                memcpy(values + kept++ * r->bytes, r->values + i * r->bytes, r->bytes);
        add_values(t, values, NULL, NULL, g, kept);
    }
}

static void add_in_some_shape(struct table *t, const struct rows *r, size_t from, size_t n,
                              uint64_t *rng)
{
    switch (cases_below(rng, 6)) {
    case 0:
        add_as_codes(t, r, from, n, false, rng);
        break;
    case 1:
        add_as_codes(t, r, from, n, true, rng);
        break;
    case 2:
        add_as_runs(t, r, from, n);
        break;
    case 3:
        for (size_t at = 0; at < n; at += COLUMN_SPAN_ROWS / 2)
            add_with_nulls(t, r, from + at, n - at);
        break;
    case 4:
        add_by_group(t, r, from, n);
        break;
    default:
        add_values(t, r->values + from * r->bytes, NULL, r->groups + from, 0, n);
    }
}

static void add_in_pieces(struct table *t, const struct rows *r, size_t from, size_t end,
                          uint64_t *rng)
{
    while (from < end) {
        size_t n = 1 + cases_below(rng, cases_below(rng, 2) ? 64 : COLUMN_SPAN_ROWS);
        n = n < end - from ? n : end - from;
        add_in_some_shape(t, r, from, n, rng);
        from += n;
    }
}

/* ---- judged by exact.py ---------------------------------------------------------------------- */

static void print_value(FILE *f, const struct column_value *v)
{
    char text[WIDE_TEXT_MAX];
    if (v->null) {
        fputs("-", f);
    } else if (v->type.kind == COLUMN_DOUBLE) {
        uint64_t bits;
        memcpy(&bits, &v->f64, sizeof(bits));
        fprintf(f, "%016llx", (unsigned long long)bits);
    } else if (v->type.kind == COLUMN_BINARY) {
        for (size_t i = 0; i < v->str.len; i++)
            fprintf(f, "%02x", (unsigned char)v->str.ptr[i]);
    } else if (column_type_phys(v->type) == PHYS_I128) {
        wide_to_text(v->i128, 0, text);
        fputs(text, f);
    } else {
        fprintf(f, "%lld", (long long)v->i64);
    }
}

static void print_result(FILE *f, struct table *t, size_t group, const char *name,
                         enum kernel_result result, struct column_type type)
{
    struct error err;
    struct column_value v;
    CHECK_OK(kernel_agg_finish(&t->k, state_of(t, group), result, type, &t->arena, &v, &err));
    fprintf(f, " %s=", name);
    print_value(f, &v);
}

static void print_inputs(FILE *f, const struct rows *r, size_t group)
{
    char text[WIDE_TEXT_MAX];
    const char *comma = "";
    fputs(" values=", f);
    for (size_t i = 0; i < r->count; i++) {
        if (r->groups[i] != group)
            continue;
        fputs(comma, f);
        comma = ",";
        const char *at = r->values + i * r->bytes;
        int128 wide = 0;
        int64_t narrow = 0;
        double real = 0;
        if (r->type.kind == COLUMN_DOUBLE || r->type.kind == COLUMN_REAL) {
            float single;
            memcpy(r->bytes == 4 ? (void *)&single : (void *)&real, at, r->bytes);
            real = r->bytes == 4 ? (double)single : real;
            memcpy(&narrow, &real, sizeof(narrow));
            fprintf(f, "%016llx", (unsigned long long)narrow);
            continue;
        }
        memcpy(r->bytes == 16 ? (void *)&wide : (void *)&narrow, at, r->bytes);
        if (r->bytes == 4)
            narrow = (int32_t)narrow;
        wide_to_text(r->bytes == 16 ? wide : narrow, 0, text);
        fputs(text, f);
    }
}

static void print_case(FILE *f, struct table *t, const struct rows *r, size_t group)
{
    const struct column_type dbl = column_type_of(COLUMN_DOUBLE);
    const struct column_type bytes = column_type_of(COLUMN_BINARY);
    bool is_float = column_type_is_float(r->type);
    fprintf(f, "type=%s", is_float ? "double" : "int");
    if (r->type.kind == COLUMN_DECIMAL)
        fprintf(f, ":%d", r->type.scale);
    print_inputs(f, r, group);
    if (is_float) {
        print_result(f, t, group, "sum", KERNEL_RESULT_SUM, dbl);
        print_result(f, t, group, "s1", KERNEL_RESULT_S1, dbl);
        print_result(f, t, group, "rest", KERNEL_RESULT_REST, dbl);
        print_result(f, t, group, "more", KERNEL_RESULT_MORE, bytes);
    } else {
        print_result(f, t, group, "sum", KERNEL_RESULT_SUM, column_type_decimal(38, r->type.scale));
    }
    if (r->type.kind == COLUMN_DECIMAL) {
        unsigned p = r->type.precision + 4u, s = r->type.scale + 4u;
        p = p < 38 ? p : 38;
        s = s < 38 ? s : 38;
        struct error err;
        struct column_value v;
        /* With 38 digits a mean of large values has no room for four more decimals. */
        status st = kernel_agg_finish(&t->k, state_of(t, group), KERNEL_RESULT_AVG,
                                      column_type_decimal(p, s), &t->arena, &v, &err);
        CHECK(st == ST_OK || (p == 38 && strcmp(err.sqlstate, "22003") == 0));
        if (st == ST_OK) {
            fprintf(f, " avg_decimal=%u:", s);
            print_value(f, &v);
        }
    }
    print_result(f, t, group, "avg", KERNEL_RESULT_AVG, dbl);
    print_result(f, t, group, "var_pop", KERNEL_RESULT_VAR_POP, dbl);
    print_result(f, t, group, "var_samp", KERNEL_RESULT_VAR_SAMP, dbl);
    print_result(f, t, group, "stddev_pop", KERNEL_RESULT_STDDEV_POP, dbl);
    print_result(f, t, group, "stddev_samp", KERNEL_RESULT_STDDEV_SAMP, dbl);
    print_result(f, t, group, "squares", KERNEL_RESULT_SQUARES, bytes);
    fputs("\n", f);
}

/* A file of cases that exact.py reads when it is closed. */
static FILE *cases_open(char path[64])
{
    strcpy(path, "/tmp/firn-exact-XXXXXX");
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    CHECK(f != NULL);
    return f;
}

static void cases_judge(FILE *f, const char *path)
{
    char command[128];
    CHECK_INT(fclose(f), 0);
    snprintf(command, sizeof(command), "python3 test/ref/exact.py %s >&2", path);
    int how = system(command);
    if (how == 0)
        unlink(path);
    CHECK_INT(how, 0);
}

/* ---- the property ---------------------------------------------------------------------------- */

/* The same rows by two routes, the second shuffled, split over tables, merged, and through bytes.
 */
static void check_routes(struct rows *r, unsigned need, size_t groups, int round, FILE *f,
                         uint64_t *rng)
{
    static struct table plain, parts[3], whole, decoded;
    struct error err;
    table_init(&plain, r->type, need, groups);
    plain.k.level = KERNEL_LEVEL_BASE;
    for (size_t at = 0; at < r->count; at += COLUMN_SPAN_ROWS)
        add_values(&plain, r->values + at * r->bytes, NULL, r->groups + at, 0,
                   r->count - at < COLUMN_SPAN_ROWS ? r->count - at : COLUMN_SPAN_ROWS);
    for (size_t g = 0; f && g < groups; g++)
        print_case(f, &plain, r, g);

    shuffle(r, rng);
    size_t cut[4] = {0, cases_below(rng, r->count + 1), 0, r->count};
    cut[2] = cut[1] + cases_below(rng, r->count - cut[1] + 1);
    uint32_t map[MOST_GROUPS] = {0, 1, 2, 3, 4, 5, 6};
    table_init(&whole, r->type, need, groups);
    struct kernel_groups to = groups_of(&whole, NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        table_init(&parts[i], r->type, need, groups);
        parts[i].k.fold_rows = cases_below(rng, 2) ? 3000 : KERNEL_WINDOW_ROWS;
        add_in_pieces(&parts[i], r, cut[i], cut[i + 1], rng);
    }
    size_t first = cases_below(rng, 3);
    for (size_t i = 0; i < 3; i++) {
        struct table *p = &parts[(first + i) % 3];
        struct kernel_groups from = groups_of(p, NULL, 0);
        CHECK_OK(kernel_agg_merge(&whole.k, &to, &p->k, &from, map, &err));
    }
    check_same(&plain, &whole, "merged parts", round);

    table_init(&decoded, r->type, need, groups);
    struct buffer bytes;
    encode_all(&whole, &bytes);
    struct bytes in = bytes_of(bytes.data, bytes.len);
    for (size_t g = 0; g < groups; g++)
        CHECK_OK(kernel_agg_decode(&decoded.k, state_of(&decoded, g), &in, &err));
    CHECK_INT(bytes_left(&in), 0);
    check_same(&plain, &decoded, "decoded states", round);
    buffer_free(&bytes);

    if (!(need & (KERNEL_MIN | KERNEL_MAX))) {
        struct kernel_groups from = groups_of(&parts[0], NULL, 0),
                             rest = groups_of(&parts[1], NULL, 0);
        struct kernel_groups third = groups_of(&parts[2], NULL, 0);
        CHECK_OK(kernel_agg_subtract(&whole.k, &to, &parts[0].k, &from, map, &err));
        CHECK_OK(kernel_agg_merge(&parts[1].k, &rest, &parts[2].k, &third, map, &err));
        check_same(&whole, &parts[1], "the rest after subtracting", round);
    }
    table_free(&plain);
    table_free(&whole);
    table_free(&decoded);
    for (size_t i = 0; i < 3; i++)
        table_free(&parts[i]);
}

static void fill_groups(struct rows *r, size_t groups, uint64_t *rng)
{
    for (size_t i = 0; i < r->count; i++)
        r->groups[i] = (uint32_t)cases_below(rng, groups);
}

TEST(doubles_are_exact_by_every_route)
{
    static struct rows r;
    char path[64];
    uint64_t rng = cases_seed("doubles");
    FILE *f = cases_open(path);
    int rounds = cases_count(150);
    for (int round = 0; round < rounds; round++) {
        size_t groups = 1 + cases_below(&rng, MOST_GROUPS);
        int style = (int)cases_below(&rng, CASES_STYLES);
        r.type = column_type_of(COLUMN_DOUBLE);
        r.bytes = 8;
        r.count = cases_below(&rng, cases_below(&rng, 3) ? 40 : MOST_ROWS);
        for (size_t i = 0; i < r.count; i++) {
            double v = cases_double(&rng, style);
            memcpy(r.values + i * 8, &v, 8);
        }
        fill_groups(&r, groups, &rng);
        check_routes(&r, KERNEL_SUM | KERNEL_SQUARES, groups, round, r.count < 200 ? f : NULL,
                     &rng);
        check_routes(&r, KERNEL_SUM, groups, round, NULL, &rng);
        check_routes(&r, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX, groups, round, NULL, &rng);
    }
    cases_judge(f, path);
}

TEST(reals_are_exact)
{
    static struct rows r;
    char path[64];
    uint64_t rng = cases_seed("reals");
    FILE *f = cases_open(path);
    for (int round = 0; round < cases_count(40); round++) {
        r.type = column_type_of(COLUMN_REAL);
        r.bytes = 4;
        r.count = cases_below(&rng, 60);
        for (size_t i = 0; i < r.count; i++) {
            uint32_t bits = (uint32_t)cases_next(&rng);
            if (round % 2)
                bits = (bits & 0x807FFFFF) | (120 + bits % 7) << 23;
            memcpy(r.values + i * 4, &bits, 4);
        }
        fill_groups(&r, 3, &rng);
        check_routes(&r, KERNEL_SUM | KERNEL_SQUARES, 3, round, f, &rng);
        check_routes(&r, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX, 3, round, NULL, &rng);
    }
    cases_judge(f, path);
}

static int128 random_integer(uint64_t *rng, unsigned digits)
{
    uint128 u = (uint128)cases_next(rng) << 64 | cases_next(rng);
    int128 limit = wide_pow10((unsigned)(1 + cases_below(rng, digits)));
    int128 v = (int128)(u % (uint128)limit);
    if (cases_below(rng, 10) == 0)
        v = wide_pow10(digits) - 1;
    return cases_next(rng) & 1 ? v : -v;
}

TEST(integers_and_decimals_are_exact)
{
    static struct rows r;
    char path[64];
    uint64_t rng = cases_seed("integers");
    FILE *f = cases_open(path);
    const struct column_type types[] = {column_type_of(COLUMN_INT),  column_type_of(COLUMN_BIGINT),
                                        column_type_decimal(10, 2),  column_type_decimal(18, 6),
                                        column_type_decimal(19, 0),  column_type_decimal(27, 10),
                                        column_type_decimal(36, 20), column_type_decimal(37, 37)};
    for (int round = 0; round < cases_count(150); round++) {
        r.type = types[cases_below(&rng, ARRAY_LEN(types))];
        r.bytes = column_phys_bytes(column_type_phys(r.type));
        r.count = cases_below(&rng, 80);
        unsigned digits = r.type.kind == COLUMN_DECIMAL ? r.type.precision
                          : r.type.kind == COLUMN_INT   ? 9
                                                        : 18;
        for (size_t i = 0; i < r.count; i++) {
            int128 v = random_integer(&rng, digits);
            if (digits == 37) /* so that the sum of all fits 38 digits */
                v /= 10;
            memcpy(r.values + i * r.bytes, &v, r.bytes);
        }
        fill_groups(&r, 4, &rng);
        check_routes(&r, KERNEL_SUM | KERNEL_SQUARES, 4, round, f, &rng);
        check_routes(&r, KERNEL_SUM, 4, round, NULL, &rng);
        check_routes(&r, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX, 4, round, NULL, &rng);
        check_routes(&r, KERNEL_MIN, 4, round, NULL, &rng);
    }
    cases_judge(f, path);
}

TEST(every_cpu_level_gives_the_same)
{
    static struct rows r;
    static struct table base, other;
    uint64_t rng = cases_seed("levels");
    for (int round = 0; round < cases_count(60); round++) {
        r.type = column_type_of(round % 4 ? COLUMN_DOUBLE : COLUMN_REAL);
        r.bytes = column_phys_bytes(column_type_phys(r.type));
        r.count = 1 + cases_below(&rng, COLUMN_SPAN_ROWS);
        for (size_t i = 0; i < r.count; i++) {
            double v = cases_double(&rng, round % CASES_STYLES);
            float single = (float)v;
            memcpy(r.values + i * r.bytes, r.bytes == 8 ? (void *)&v : (void *)&single, r.bytes);
        }
        fill_groups(&r, 5, &rng);
        for (int level = 0; level <= (int)kernel_level_best(); level++) {
            const uint32_t *groups = round % 3 ? r.groups : NULL;
            table_init(&base, r.type, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX, 5);
            table_init(&other, r.type, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX, 5);
            base.k.level = KERNEL_LEVEL_BASE;
            other.k.level = (enum kernel_level)level;
            add_values(&base, r.values, NULL, groups, 2, r.count);
            add_values(&other, r.values, NULL, groups, 2, r.count);
            CHECK(memcmp(&base.k.window.base, &other.k.window.base, sizeof(int)) == 0);
            check_same(&base, &other, "CPU level", level);
            table_free(&base);
            table_free(&other);
        }
    }
}

/* ---- corners --------------------------------------------------------------------------------- */

static struct column_value result(struct table *t, enum kernel_result which, enum column_kind kind)
{
    struct error err;
    struct column_value v;
    CHECK_OK(
        kernel_agg_finish(&t->k, state_of(t, 0), which, column_type_of(kind), &t->arena, &v, &err));
    return v;
}

TEST(minimum_and_maximum_follow_the_total_order)
{
    static struct table t;
    double zeros[] = {0.0, -0.0}, all[] = {1, -NAN, -INFINITY, INFINITY, -0.0};
    table_init(&t, column_type_of(COLUMN_DOUBLE), KERNEL_MIN | KERNEL_MAX, 1);
    add_values(&t, zeros, NULL, NULL, 0, 2);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_MIN, COLUMN_DOUBLE).f64, -0.0);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_MAX, COLUMN_DOUBLE).f64, 0.0);
    add_values(&t, all, NULL, NULL, 0, 5);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_MIN, COLUMN_DOUBLE).f64, -INFINITY);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_MAX, COLUMN_DOUBLE).f64,
                 cases_from_bits(0x7FF8ull << 48));
    table_free(&t);
}

TEST(text_and_intervals)
{
    static struct table t;
    struct str words[] = {STR("kiwi"), STR("apple"), STR(""), STR("\xC3\xA9"), STR("apple pie")};
    table_init(&t, column_type_of(COLUMN_TEXT), KERNEL_MIN | KERNEL_MAX | KERNEL_FIRST, 1);
    add_values(&t, words, NULL, NULL, 0, 2);
    CHECK_STR(result(&t, KERNEL_RESULT_MIN, COLUMN_TEXT).str, "apple");
    add_values(&t, words, NULL, NULL, 0, 5);
    CHECK_STR(result(&t, KERNEL_RESULT_MIN, COLUMN_TEXT).str, "");
    CHECK_STR(result(&t, KERNEL_RESULT_MAX, COLUMN_TEXT).str, "\xC3\xA9");
    CHECK_STR(result(&t, KERNEL_RESULT_FIRST, COLUMN_TEXT).str, "kiwi");
    CHECK_INT(result(&t, KERNEL_RESULT_COUNT, COLUMN_BIGINT).i64, 7);
    table_free(&t);

    struct column_interval lengths[] = {{1, 0, 0}, {0, 30, 0}, {0, 31, -1}, {0, 29, 86400000000}};
    table_init(&t, column_type_of(COLUMN_INTERVAL), KERNEL_MIN | KERNEL_MAX, 1);
    add_values(&t, lengths, NULL, NULL, 0, 4);
    CHECK_INT(result(&t, KERNEL_RESULT_MIN, COLUMN_INTERVAL).interval.days, 29);
    CHECK_INT(result(&t, KERNEL_RESULT_MAX, COLUMN_INTERVAL).interval.days, 31);
    table_free(&t);
}

TEST(a_text_minimum_over_falling_values_stays_small)
{
    static struct table t;
    struct mem_account account;
    char text[32];
    mem_account_init(&account, "test", NULL, 1 << 20);
    table_init(&t, column_type_of(COLUMN_TEXT), KERNEL_MIN, 1);
    arena_free(&t.arena);
    arena_init(&t.arena, &account);
    struct error err;
    CHECK_OK(kernel_scratch_create(&t.arena, &t.k.scratch, &err));
    for (int i = 999999; i >= 0; i--) {
        struct str s = {text, (size_t)snprintf(text, sizeof(text), "%06d", i)};
        add_values(&t, &s, NULL, NULL, 0, 1);
    }
    CHECK_STR(result(&t, KERNEL_RESULT_MIN, COLUMN_TEXT).str, "000000");
    CHECK(account.peak_bytes < 400000);
    table_free(&t);
}

TEST(sums_of_nothing_are_null_and_their_states_zero)
{
    static struct table t;
    table_init(&t, column_type_of(COLUMN_DOUBLE), KERNEL_SUM | KERNEL_MIN | KERNEL_SQUARES, 1);
    CHECK(result(&t, KERNEL_RESULT_SUM, COLUMN_DOUBLE).null);
    CHECK(result(&t, KERNEL_RESULT_AVG, COLUMN_DOUBLE).null);
    CHECK(result(&t, KERNEL_RESULT_MIN, COLUMN_DOUBLE).null);
    CHECK(result(&t, KERNEL_RESULT_S1, COLUMN_DOUBLE).null);
    CHECK(result(&t, KERNEL_RESULT_MORE, COLUMN_BINARY).null);
    CHECK(result(&t, KERNEL_RESULT_STDDEV_POP, COLUMN_DOUBLE).null);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_REST, COLUMN_DOUBLE).f64, 0.0);
    CHECK_INT(result(&t, KERNEL_RESULT_COUNT, COLUMN_BIGINT).i64, 0);
    table_free(&t);
}

TEST(an_overflow_depends_on_the_final_value_only)
{
    static struct table t;
    struct error err;
    struct column_value v;
    int64_t values[] = {INT64_MAX, INT64_MAX, INT64_MIN, -5};
    table_init(&t, column_type_of(COLUMN_BIGINT), KERNEL_SUM, 1);
    add_values(&t, values, NULL, NULL, 0, 2);
    CHECK_STATUS(kernel_agg_finish(&t.k, state_of(&t, 0), KERNEL_RESULT_SUM,
                                   column_type_of(COLUMN_BIGINT), &t.arena, &v, &err),
                 ST_INVALID);
    CHECK_STR(str_of(err.sqlstate), "22003");
    add_values(&t, values + 2, NULL, NULL, 0, 2);
    CHECK(result(&t, KERNEL_RESULT_SUM, COLUMN_BIGINT).i64 == INT64_MAX - 6);
    table_free(&t);

    int128 large[] = {wide_pow10(38) - 1, 1};
    table_init(&t, column_type_decimal(38, 0), KERNEL_SUM, 1);
    add_values(&t, large, NULL, NULL, 0, 1);
    struct column_type wide = column_type_decimal(38, 0);
    CHECK_OK(kernel_agg_finish(&t.k, state_of(&t, 0), KERNEL_RESULT_SUM, wide, &t.arena, &v, &err));
    CHECK(v.i128 == wide_pow10(38) - 1);
    add_values(&t, large + 1, NULL, NULL, 0, 1);
    CHECK_STATUS(
        kernel_agg_finish(&t.k, state_of(&t, 0), KERNEL_RESULT_SUM, wide, &t.arena, &v, &err),
        ST_INVALID);
    table_free(&t);
}

/* A run of any length is one update, and equals as many single ones. */
TEST(long_runs)
{
    static struct table t;
    struct error err;
    double tenth = 0.1;
    struct column_span s = {.kind = SPAN_RUN, .rows = 100000000, .values = &tenth};
    table_init(&t, column_type_of(COLUMN_DOUBLE), KERNEL_SUM | KERNEL_SQUARES, 1);
    struct kernel_groups g = groups_of(&t, NULL, 0);
    CHECK_OK(kernel_agg_add(&t.k, &g, &s, s.rows, NULL, 0, &err));
    /* 10^8 * 0.1 as doubles, exactly 10000000.000000000555...: rounded once */
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_SUM, COLUMN_DOUBLE).f64, 10000000.0);
    CHECK(result(&t, KERNEL_RESULT_REST, COLUMN_DOUBLE).f64 > 5.5e-10);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_AVG, COLUMN_DOUBLE).f64, 0.1);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_VAR_POP, COLUMN_DOUBLE).f64, 0.0);
    s.rows = (int64_t)1 << 40; /* more than a window has room for */
    CHECK_OK(kernel_agg_add(&t.k, &g, &s, s.rows, NULL, 0, &err));
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_AVG, COLUMN_DOUBLE).f64, 0.1);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_VAR_POP, COLUMN_DOUBLE).f64, 0.0);
    CHECK_INT(result(&t, KERNEL_RESULT_COUNT, COLUMN_BIGINT).i64, ((int64_t)1 << 40) + 100000000);
    table_free(&t);
}

static void add_run(struct table *t, double v, int64_t rows)
{
    struct error err;
    struct kernel_groups g = groups_of(t, NULL, 0);
    struct column_span s = {.kind = SPAN_RUN, .rows = rows, .values = &v};
    CHECK_OK(kernel_agg_add(&t->k, &g, &s, rows, NULL, 0, &err));
}

/* More rows than a window has bits for: it is folded in time. */
TEST(windows_are_folded_before_they_overflow)
{
    static struct table t;
    table_init(&t, column_type_of(COLUMN_DOUBLE), KERNEL_SUM, 1);
    add_run(&t, 1, 1); /* places the window: values below 32 fit */
    for (int i = 0; i < 64; i++)
        add_run(&t, 31.5, KERNEL_WINDOW_ROWS);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_SUM, COLUMN_DOUBLE).f64, 31.5 * 0x1p39 + 1);
    for (int i = 0; i < 128; i++)
        add_run(&t, -31.5, KERNEL_WINDOW_ROWS);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_SUM, COLUMN_DOUBLE).f64, -31.5 * 0x1p39 + 1);
    table_free(&t);
}

/* A window alone can hold a sum that two doubles cannot. */
TEST(a_window_can_need_the_long_form)
{
    static struct table t;
    table_init(&t, column_type_of(COLUMN_DOUBLE), KERNEL_SUM, 1);
    add_run(&t, 1 + 0x1p-52, (int64_t)1 << 32);
    add_run(&t, 0x1p-25, 1);
    CHECK(!result(&t, KERNEL_RESULT_REST, COLUMN_DOUBLE).null);
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_REST, COLUMN_DOUBLE).f64, 0x1p-25);
    add_run(&t, 0x1p-88, 1);
    CHECK(*(struct kernel_exact **)(void *)(state_of(&t, 0) + t.k.at.more) == NULL);
    CHECK(result(&t, KERNEL_RESULT_REST, COLUMN_DOUBLE).null);
    CHECK(result(&t, KERNEL_RESULT_S1, COLUMN_DOUBLE).null);
    struct column_value more = result(&t, KERNEL_RESULT_MORE, COLUMN_BINARY);
    struct error err;
    struct kernel_exact_box box;
    struct kernel_exact *x = kernel_exact_box_init(&box);
    CHECK_OK(kernel_exact_take(x, more.str, NULL, &err));
    CHECK_OK(kernel_exact_add(x, -(1 + 0x1p-52), (int64_t)1 << 32, NULL, &err));
    CHECK_OK(kernel_exact_add(x, -0x1p-25, 1, NULL, &err));
    CHECK_DOUBLE(kernel_exact_round(x), 0x1p-88);
    table_free(&t);
}

/* A dictionary split for one place of the window is split again for the next. */
TEST(a_prepared_dictionary_follows_the_window)
{
    static struct table t;
    struct error err;
    double entries[] = {1.5, 2.5}, large[COLUMN_SPAN_ROWS];
    uint32_t codes[] = {0, 1, 1};
    struct column_dictionary d = {column_dictionary_id(), 2, entries};
    struct column_span s = {
        .kind = SPAN_CODES, .code_bytes = 4, .rows = 3, .codes = codes, .dictionary = &d};
    table_init(&t, column_type_of(COLUMN_DOUBLE), KERNEL_SUM, 1);
    struct kernel_groups g = groups_of(&t, NULL, 0);
    for (size_t i = 0; i < COLUMN_SPAN_ROWS; i++)
        large[i] = i % 2 ? 0x1p60 : -0x1p60;
    CHECK_OK(kernel_agg_add(&t.k, &g, &s, 3, NULL, 0, &err));
    uint32_t before = t.k.window.number;
    add_values(&t, large, NULL, NULL, 0, COLUMN_SPAN_ROWS);
    CHECK(t.k.window.number != before);
    CHECK_OK(kernel_agg_add(&t.k, &g, &s, 3, NULL, 0, &err));
    CHECK_DOUBLE(result(&t, KERNEL_RESULT_SUM, COLUMN_DOUBLE).f64, 13.0);
    table_free(&t);
}

TEST(subtracting_what_was_never_added_is_corruption)
{
    static struct table a, b;
    struct error err;
    uint32_t map[1] = {0};
    double one = 1, two = 2;
    table_init(&a, column_type_of(COLUMN_DOUBLE), KERNEL_SUM, 1);
    table_init(&b, column_type_of(COLUMN_DOUBLE), KERNEL_SUM, 1);
    struct kernel_groups ga = groups_of(&a, NULL, 0), gb = groups_of(&b, NULL, 0);
    add_values(&a, &one, NULL, NULL, 0, 1);
    add_values(&b, &two, NULL, NULL, 0, 1);
    CHECK_STATUS(kernel_agg_subtract(&a.k, &ga, &b.k, &gb, map, &err), ST_CORRUPT);
    table_free(&a);
    table_init(&a, column_type_of(COLUMN_DOUBLE), KERNEL_SUM, 1);
    CHECK_STATUS(kernel_agg_subtract(&a.k, &ga, &b.k, &gb, map, &err), ST_CORRUPT);
    table_free(&a);
    table_free(&b);
}

TEST(selected_rows_only)
{
    static struct table t;
    struct error err;
    int32_t values[] = {1, 10, 100, 1000, 10000};
    uint32_t groups[] = {0, 1, 0, 1, 0};
    uint16_t selected[] = {1, 2, 4};
    uint64_t valid = 0x0F; /* the last is NULL */
    table_init(&t, column_type_of(COLUMN_INT), KERNEL_SUM, 2);
    struct kernel_groups g = groups_of(&t, groups, 0);
    struct column_span s = {.kind = SPAN_VALUES, .rows = 5, .valid = &valid, .values = values};
    CHECK_OK(kernel_agg_add(&t.k, &g, &s, 5, selected, 3, &err));
    CHECK_INT(result(&t, KERNEL_RESULT_SUM, COLUMN_BIGINT).i64, 100);
    CHECK_INT(kernel_agg_count(&t.k, state_of(&t, 1)), 1);
    s = (struct column_span){.kind = SPAN_RUN, .rows = 5, .values = values};
    CHECK_OK(kernel_agg_add(&t.k, &g, &s, 5, selected, 3, &err));
    CHECK_INT(result(&t, KERNEL_RESULT_SUM, COLUMN_BIGINT).i64, 102);
    CHECK_OK(kernel_agg_add(&t.k, &g, NULL, 5, selected, 3, &err));
    CHECK_INT(kernel_agg_count(&t.k, state_of(&t, 0)), 5);
    table_free(&t);
}
