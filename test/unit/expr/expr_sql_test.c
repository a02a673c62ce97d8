// SPDX-License-Identifier: Apache-2.0
/* expr_sql_test.c - replays test/golden/sql_expressions.txt: SQL text through the parser, the
 * binder and execution against what PostgreSQL 15 answered. Made by test/interop/expr_judge.py
 * --sql; a numeric is compared at the smaller of both scales, because firn's have a fixed one. */
#include "harness/test.h"

#include "base/buffer.h"
#include "column/column_text.h"
#include "column/column_zone.h"
#include "expr/expr.h"
#include "plan/plan.h"
#include "sql/sql.h"

#define GOLDEN "test/golden/sql_expressions.txt"

static status fold(void *self, const struct query_expr *e, struct arena *arena,
                   struct column_value *out, struct error *err)
{
    return expr_fold(e, self, arena, out, err);
}

/* "1.50" has 2 */
static unsigned scale_of(struct str number)
{
    const char *point = number.len ? memchr(number.ptr, '.', number.len) : NULL;
    return point ? (unsigned)(number.ptr + number.len - point - 1) : 0;
}

static bool same_number(struct str a, struct str b, struct arena *arena)
{
    struct error err;
    struct column_value x, y;
    unsigned s = scale_of(a) < scale_of(b) ? scale_of(a) : scale_of(b);
    struct column_type t = column_type_decimal(38, s < 38 ? s : 38);
    return column_text_parse(t, a, NULL, arena, &x, &err) == ST_OK &&
           column_text_parse(t, b, NULL, arena, &y, &err) == ST_OK &&
           column_value_cmp(&x, &y, false) == 0;
}

static struct str unescape(struct str s, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < 900; i++) {
        char c = s.ptr[i];
        if (c == '\\' && i + 1 < s.len) {
            c = s.ptr[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
        }
        to[n++] = c;
    }
    return (struct str){to, n};
}

static struct str cut(struct str *s, char c)
{
    const char *at = s->len ? memchr(s->ptr, c, s->len) : NULL;
    struct str head = {s->ptr, at ? (size_t)(at - s->ptr) : s->len};
    size_t gone = head.len + (at != NULL);
    *s = (struct str){s->ptr + gone, s->len - gone};
    return head;
}

static status evaluate(struct str sql, struct expr_context *c, struct column_value *out,
                       struct column_type *type, struct error *err)
{
    struct plan_lookup lookup = {.self = c, .fold = fold};
    struct plan_context plan = {.arena = c->arena, .lookup = &lookup, .zone = c->zone};
    struct column_schema none = {0};
    struct query_ast *ast;
    struct query_expr *e;
    TRY(sql_parse_expression(sql, c->arena, &ast, err));
    TRY(plan_expression(&plan, ast, &none, STR(""), column_type_of(COLUMN_UNKNOWN), &e, err));
    *type = e->type;
    return expr_fold(e, c, c->arena, out, err);
}

/* A number's name without digits; literals without a type and type names are text here,
 * arithmetic of two smallints is integer. */
static bool same_type(struct str want, struct column_type got)
{
    char name[64];
    struct str g = str_of(column_type_name(got, name));
    g.len = got.kind == COLUMN_DECIMAL ? 7 : g.len;
    return str_eq(want, g) || (got.kind == COLUMN_INT && str_eq_z(want, "smallint")) ||
           (got.kind == COLUMN_TEXT && (str_eq_z(want, "unknown") || str_eq_z(want, "regtype")));
}

static const char *judge(struct str line, struct expr_context *c, struct buffer *shown)
{
    char sql[1000], text[1000];
    struct error err;
    struct column_value v;
    struct column_type type;
    struct str expression = unescape(cut(&line, '\t'), sql), want_type = {0};
    if (!str_starts(line, STR("! ")))
        want_type = cut(&line, '\t');
    bool fails = line.ptr[0] == '!';
    struct str want = {line.ptr + 2, line.len - 2};
    error_init(&err);
    buffer_clear(shown);
    if (evaluate(expression, c, &v, &type, &err) != ST_OK) {
        CHECK_OK(buffer_printf(shown, &err, "%s %s", error_state(&err), err.msg));
        return fails && str_starts(buffer_str(shown), want) ? NULL : "error";
    }
    CHECK_OK(column_text_format(&v, c->zone, shown, &err));
    if (fails)
        return "no error";
    if (!same_type(want_type, type))
        return column_type_name(type, text);
    if (v.null || str_eq_z(want, "\\N"))
        return v.null && str_eq_z(want, "\\N") ? NULL : "NULL";
    if (type.kind == COLUMN_BOOLEAN)
        return (want.ptr[0] == 't') == v.b ? NULL : "value";
    want = unescape(want, text);
    if (type.kind == COLUMN_DECIMAL)
        return same_number(buffer_str(shown), want, c->arena) ? NULL : "value";
    return str_eq(buffer_str(shown), want) ? NULL : "value";
}

TEST(golden_sql_expressions)
{
    struct error err;
    struct arena a;
    struct buffer shown;
    struct zone *zone;
    char line[2000];
    int all = 0, bad = 0;
    FILE *f = fopen(GOLDEN, "rb");
    CHECK(f);
    arena_init(&a, NULL);
    buffer_init(&shown, NULL, 1 << 16);
    CHECK_OK(zone_load(&a, STR("Europe/Berlin"), &zone, &err));
    struct expr_context c = {.arena = &a, .zone = zone, .now_us = INT64_C(1720000000123456)};
    while (fgets(line, sizeof(line), f)) {
        size_t n = strcspn(line, "\n");
        if (line[0] == '#')
            continue;
        const char *fault = judge((struct str){line, n}, &c, &shown);
        all++;
        if (!fault)
            continue;
        bad++;
        printf("%s: %.*s: %.*s\n", fault, STR_ARG(buffer_str(&shown)), (int)n, line);
    }
    fclose(f);
    buffer_free(&shown);
    arena_free(&a);
    printf("%d expressions, %d differ\n", all, bad);
    CHECK(all > 700);
    CHECK_INT(bad, 0);
}
