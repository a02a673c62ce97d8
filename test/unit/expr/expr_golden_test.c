// SPDX-License-Identifier: Apache-2.0
/* expr_golden_test.c - replays test/golden/expressions.txt: what PostgreSQL 15 answered.
 *
 * The file's form is described in test/interop/expr_judge.py, which makes it. Each case is asked in
 * these ways, all of which must agree:
 *
 *     fold      arguments are constants
 *     values    arguments are columns of VALUES, all cases of one shape in one batch; cases that
 *               raise stand in the same batch behind CASE WHEN, so guards are tested too
 *     codes     the same with every argument as CODES */
#include "harness/test.h"

#include "base/buffer.h"
#include "column/column_text.h"
#include "column/column_zone.h"
#include "expr/expr.h"

#include <math.h>
#include <stdlib.h>

#define GOLDEN     "test/golden/expressions.txt"
#define MOST_ARGS  8
#define MOST_SHOWN 40

struct golden {
    struct str line, function_text;
    enum query_function function; /* QUERY_FN_COUNT: a cast */
    struct column_type type, arg_types[MOST_ARGS];
    struct column_value args[MOST_ARGS];
    size_t arg_count;
    bool fails;
    struct str want; /* text or SQLSTATE; ptr NULL = NULL */
};

struct replay {
    struct arena arena;
    struct expr_context context;
    struct golden *cases;
    size_t count, size;
    int bad;
};

/* ---- reading --------------------------------------------------------------------------------- */

static struct str read_file(struct arena *a, const char *path)
{
    struct error err;
    FILE *f = fopen(path, "rb");
    CHECK(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text;
    CHECK_OK(arena_alloc(a, (size_t)n, (void **)&text, &err));
    CHECK_INT(fread(text, 1, (size_t)n, f), n);
    fclose(f);
    return (struct str){text, (size_t)n};
}

/* Cuts `s` at the first `c`; the part behind stays in s. */
static struct str cut(struct str *s, char c)
{
    const char *at = s->len ? memchr(s->ptr, c, s->len) : NULL;
    struct str head = {s->ptr, at ? (size_t)(at - s->ptr) : s->len};
    size_t gone = head.len + (at != NULL);
    *s = (struct str){s->ptr + gone, s->len - gone};
    return head;
}

static struct str unescape(struct arena *a, struct str s)
{
    struct error err;
    char *to;
    size_t n = 0;
    if (str_eq_z(s, "\\N"))
        return (struct str){NULL, 0};
    CHECK_OK(arena_alloc(a, s.len + 1, (void **)&to, &err));
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\' && i + 1 < s.len) {
            c = s.ptr[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
        }
        to[n++] = c;
    }
    return (struct str){to, n};
}

static struct column_type type_named(struct str name)
{
    unsigned p, s;
    char text[64], known[64];
    snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
    if (sscanf(text, "numeric(%u,%u)", &p, &s) == 2)
        return column_type_decimal(p, s);
    for (int k = 0; k < COLUMN_KIND_COUNT; k++)
        if (k != COLUMN_DECIMAL && k != COLUMN_FIXED &&
            strcmp(column_type_name(column_type_of((enum column_kind)k), known), text) == 0)
            return column_type_of((enum column_kind)k);
    test_fail(__FILE__, __LINE__, "no type %s", text);
    return column_type_of(COLUMN_UNKNOWN);
}

static enum query_function function_named(struct str name)
{
#define FN(id, text, args, result, flags) #id,
    static const char *const names[] = {
#include "query/query_functions.def"
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_z(name, names[i]))
            return (enum query_function)i;
    if (!str_eq_z(name, "CAST"))
        test_fail(__FILE__, __LINE__, "no function %.*s", STR_ARG(name));
    return QUERY_FN_COUNT;
}

static void read_case(struct replay *r, struct str line, struct golden *g)
{
    struct error err;
    *g = (struct golden){.line = line};
    g->function_text = cut(&line, '\t');
    g->function = function_named(g->function_text);
    g->type = type_named(cut(&line, '\t'));
    for (;;) {
        struct str field = cut(&line, '\t');
        if (field.len >= 2 && (field.ptr[0] == '=' || field.ptr[0] == '!') && field.ptr[1] == ' ') {
            g->fails = field.ptr[0] == '!';
            g->want = unescape(&r->arena, (struct str){field.ptr + 2, field.len - 2});
            return;
        }
        CHECK(g->arg_count < MOST_ARGS && field.len > 0);
        size_t k = g->arg_count++;
        g->arg_types[k] = type_named(cut(&field, ':'));
        struct str text = unescape(&r->arena, field);
        g->args[k] = (struct column_value){.type = g->arg_types[k], .null = !text.ptr};
        if (text.ptr)
            CHECK_OK(column_text_parse(g->arg_types[k], text, r->context.zone, &r->arena,
                                       &g->args[k], &err));
    }
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void complain(struct replay *r, const struct golden *g, const char *way, struct str got)
{
    if (r->bad++ < MOST_SHOWN)
        printf("%s gives \"%.*s\": %.*s\n", way, STR_ARG(got), STR_ARG(g->line));
}

/* Functions that are not correctly rounded may differ in the last digits between libraries. */
static bool nearly(struct str want, double got)
{
    struct error err;
    double w;
    CHECK_OK(column_text_to_double(want, &w, &err));
    return w == got || fabs(w - got) <= fabs(w) * 1e-15;
}

static void compare(struct replay *r, const struct golden *g, const char *way,
                    const struct column_value *v)
{
    struct error err;
    struct buffer text;
    buffer_init(&text, NULL, 1 << 20);
    CHECK_OK(column_text_format(v, r->context.zone, &text, &err));
    bool inexact = g->function != QUERY_FN_COUNT && query_functions[g->function].flags & FN_INEXACT;
    if (g->fails)
        complain(r, g, way, v->null ? STR("NULL") : buffer_str(&text));
    else if (!g->want.ptr || v->null) {
        if (!v->null || g->want.ptr)
            complain(r, g, way, v->null ? STR("NULL") : buffer_str(&text));
    } else if (!str_eq(buffer_str(&text), g->want) &&
               !(inexact && v->type.kind == COLUMN_DOUBLE && nearly(g->want, v->f64)))
        complain(r, g, way, buffer_str(&text));
    buffer_free(&text);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct query_expr *node(struct arena *a, enum query_expr_kind kind, struct column_type type,
                               size_t args)
{
    struct error err;
    struct query_expr *e;
    CHECK_OK(ARENA_NEW(a, struct query_expr, &e, &err));
    CHECK_OK(ARENA_ARRAY(a, struct query_expr *, args, &e->args, &err));
    e->kind = kind;
    e->type = type;
    e->arg_count = args;
    return e;
}

static struct query_expr *call(struct arena *a, const struct golden *g)
{
    struct query_expr *e =
        node(a, g->function == QUERY_FN_COUNT ? QUERY_CAST : QUERY_CALL, g->type, g->arg_count);
    e->function = g->function;
    return e;
}

static void ask_fold(struct replay *r, const struct golden *g)
{
    struct error err;
    struct column_value v;
    struct query_expr *e = call(&r->arena, g);
    for (size_t k = 0; k < g->arg_count; k++) {
        e->args[k] = node(&r->arena, QUERY_CONST, g->arg_types[k], 0);
        e->args[k]->value = g->args[k];
    }
    error_init(&err);
    if (expr_fold(e, &r->context, &r->arena, &v, &err) == ST_OK)
        compare(r, g, "fold", &v);
    else if (!g->fails || !str_eq_z(g->want, error_state(&err)))
        complain(r, g, error_state(&err), str_of(err.msg));
}

/* Cases [from, to) of one shape: CASE WHEN guard THEN f(columns) END. */
static void ask_columns(struct replay *r, size_t from, size_t to, bool codes)
{
    struct error err;
    struct arena a;
    struct column_vector guard, args[MOST_ARGS];
    struct column_span spans[MOST_ARGS + 1], out;
    struct column_dictionary dictionaries[MOST_ARGS];
    static uint16_t numbers[COLUMN_SPAN_ROWS];
    const struct golden *first = &r->cases[from];
    arena_init(&a, NULL);
    CHECK_OK(column_vector_init(&guard, column_type_of(COLUMN_BOOLEAN), NULL, &err));
    for (size_t k = 0; k < first->arg_count; k++)
        CHECK_OK(column_vector_init(&args[k], first->arg_types[k], NULL, &err));
    for (size_t i = from; i < to; i++) {
        uint8_t ok = !r->cases[i].fails;
        column_vector_append(&guard, &ok);
        numbers[i - from] = (uint16_t)(i - from);
        for (size_t k = 0; k < first->arg_count; k++)
            column_vector_append_value(&args[k], &r->cases[i].args[k]);
    }
    struct query_expr *e = node(&a, QUERY_CASE, first->type, 3);
    e->args[0] = node(&a, QUERY_COLUMN, guard.type, 0);
    e->args[1] = call(&a, first);
    e->args[2] = node(&a, QUERY_CONST, first->type, 0);
    e->args[2]->value = (struct column_value){.type = first->type, .null = true};
    spans[0] = column_vector_span(&guard);
    for (size_t k = 0; k < first->arg_count; k++) {
        e->args[1]->args[k] = node(&a, QUERY_COLUMN, first->arg_types[k], 0);
        e->args[1]->args[k]->column = (int)k + 1;
        spans[k + 1] = column_vector_span(&args[k]);
        dictionaries[k] = (struct column_dictionary){column_dictionary_id(), (uint32_t)(to - from),
                                                     spans[k + 1].values};
        if (codes) {
            spans[k + 1].kind = SPAN_CODES;
            spans[k + 1].code_bytes = 2;
            spans[k + 1].codes = numbers;
            spans[k + 1].dictionary = &dictionaries[k];
        }
    }
    struct column_batch batch = {(int64_t)(to - from), first->arg_count + 1, spans};
    struct expr_context c = r->context;
    struct expr *expr;
    c.arena = &a;
    CHECK_OK(expr_compile(e, &c, &expr, &err));
    for (int again = 0; again < 2; again++) { /* the second time finds the dictionary's results */
        status st = expr_eval(expr, &batch, &out, &err);
        if (st != ST_OK) {
            complain(r, first, codes ? "codes" : "values", str_of(err.msg));
            break;
        }
        CHECK_INT(out.rows, to - from);
        for (size_t i = from; i < to; i++) {
            struct column_value v;
            column_span_value(&out, first->type, (int64_t)(i - from), &v);
            if (r->cases[i].fails)
                CHECK(v.null);
            else
                compare(r, &r->cases[i], codes ? "codes" : "values", &v);
        }
    }
    column_vector_free(&guard);
    for (size_t k = 0; k < first->arg_count; k++)
        column_vector_free(&args[k]);
    arena_free(&a);
}

static bool same_shape(const struct golden *a, const struct golden *b)
{
    bool same = a->function == b->function && a->arg_count == b->arg_count &&
                column_type_eq(a->type, b->type);
    for (size_t k = 0; k < a->arg_count && same; k++)
        same = column_type_eq(a->arg_types[k], b->arg_types[k]);
    return same;
}

static int by_shape(const void *left, const void *right)
{
    const struct golden *a = left, *b = right;
    int c = (int)a->function - (int)b->function;
    if (c == 0)
        c = memcmp(&a->type, &b->type, sizeof(a->type));
    for (size_t k = 0; k < MOST_ARGS && c == 0; k++)
        c = memcmp(&a->arg_types[k], &b->arg_types[k], sizeof(a->arg_types[k]));
    return c ? c : (a->line.ptr > b->line.ptr) - (a->line.ptr < b->line.ptr);
}

/* Everything read since the last change of zone. */
static void ask(struct replay *r)
{
    if (r->count > 0)
        qsort(r->cases, r->count, sizeof(*r->cases), by_shape);
    for (size_t i = 0; i < r->count; i++)
        ask_fold(r, &r->cases[i]);
    for (size_t from = 0, to; from < r->count; from = to) {
        for (to = from; to < r->count && to - from < COLUMN_SPAN_ROWS; to++)
            if (!same_shape(&r->cases[from], &r->cases[to]))
                break;
        ask_columns(r, from, to, false);
        if (r->cases[from].arg_count > 0)
            ask_columns(r, from, to, true);
    }
    r->count = 0;
}

TEST(golden_expressions)
{
    struct error err;
    struct replay r = {.bad = 0};
    size_t all = 0;
    arena_init(&r.arena, NULL);
    r.context = (struct expr_context){.arena = &r.arena};
    struct str text = read_file(&r.arena, GOLDEN);
    while (text.len > 0) {
        struct str line = cut(&text, '\n');
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (str_starts(line, STR("zone\t"))) {
            struct zone *zone;
            ask(&r);
            cut(&line, '\t');
            CHECK_OK(zone_load(&r.arena, line, &zone, &err));
            r.context.zone = zone;
            continue;
        }
        CHECK_OK(
            arena_grow(&r.arena, (void **)&r.cases, sizeof(*r.cases), &r.size, r.count + 1, &err));
        read_case(&r, line, &r.cases[r.count++]);
        all++;
    }
    ask(&r);
    printf("%zu cases, %d differ\n", all, r.bad);
    CHECK(all > 5000);
    CHECK_INT(r.bad, 0);
    arena_free(&r.arena);
}
