// SPDX-License-Identifier: Apache-2.0
/* plan_source.c - functions that stand in FROM: read_csv, read_parquet, sample_sales.
 *
 *     read_csv('a.csv', 'b/(star).csv', header => true, null_text => 'NA')
 *         positions are patterns, names are options; engine describes the files (lookup->files)
 *     sample_sales(seed => 42, start => DATE '2025-01-14', days => 3, rows_per_day => 333,
 *                  products => 3)
 *         by name or position; the rows are made as they are read
 *
 * All arguments are constants. */
#include "plan/plan_int.h"

static bool has_name(const struct query_ast *call, size_t i)
{
    return call->arg_names && call->arg_names[i].text.len > 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* An argument as text, as casts print it: true, 20480, ','. */
static status text_argument(struct plan_binder *b, const struct query_ast *ast, const char *what,
                            struct str *out, struct error *err)
{
    struct column_value v;
    TRY(plan_bind_constant(b, ast, column_type_of(COLUMN_TEXT), what, &v, err));
    if (v.null)
        FAIL_SQL(err, ST_INVALID, "22004", ast->position, "argument of %s must not be NULL", what);
    *out = v.str;
    return ST_OK;
}

static status source_files(struct plan_binder *b, const struct query_ast *call, bool csv,
                           struct query_plan **out, struct error *err)
{
    const struct plan_lookup *l = b->c->lookup;
    const char *what = csv ? "read_csv" : "read_parquet";
    struct str *patterns;
    struct query_option *options;
    size_t pattern_count = 0, option_count = 0;
    TRY(ARENA_ARRAY(b->c->arena, struct str, call->arg_count + 1, &patterns, err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_option, call->arg_count + 1, &options, err));
    for (size_t i = 0; i < call->arg_count; i++) {
        struct str text;
        TRY(text_argument(b, call->args[i], what, &text, err));
        if (has_name(call, i))
            options[option_count++] =
                (struct query_option){call->arg_names[i], text, call->args[i]->position};
        else
            patterns[pattern_count++] = text;
    }
    if (pattern_count == 0)
        FAIL_SQL(err, ST_INVALID, "42883", call->position,
                 "%s needs the name of a file or a pattern as its first argument", what);
    status st = l->files(l->self, csv, patterns, pattern_count, options, option_count, b->c->arena,
                         out, err);
    if (st != ST_OK && err && err->position == 0)
        error_position(err, call->position);
    return st;
}

/* ---- sample_sales ---------------------------------------------------------------------------- */

enum { SEED, START, DAYS, ROWS_PER_DAY, PRODUCTS, SAMPLE_ARGS };

#define DAY_MAX 2932896   /* 9999-12-31 in days since 1970-01-01 */
#define DAY_MIN (-719162) /* 0001-01-01 */

static const struct sample_argument {
    const char *name;
    enum column_kind kind;
    int64_t preset, least, most;
} sample_arguments[SAMPLE_ARGS] = {
    [SEED] = {"seed", COLUMN_BIGINT, 42, INT64_MIN, INT64_MAX},
    [START] = {"start", COLUMN_DATE, 20102, DAY_MIN, DAY_MAX}, /* 2025-01-14 */
    [DAYS] = {"days", COLUMN_BIGINT, 3, 0, DAY_MAX - DAY_MIN},
    [ROWS_PER_DAY] = {"rows_per_day", COLUMN_BIGINT, 333, 0, 1000000000000},
    [PRODUCTS] = {"products", COLUMN_BIGINT, 3, 1, 1000000000},
};

static status sample_argument(struct plan_binder *b, const struct query_ast *call, size_t i,
                              bool *given, int64_t *values, struct error *err)
{
    size_t at = i;
    if (has_name(call, i))
        for (at = 0; at < SAMPLE_ARGS; at++)
            if (str_eq_z(call->arg_names[i].text, sample_arguments[at].name))
                break;
    if (at >= SAMPLE_ARGS || given[at]) {
        status st = error_set(err, ST_INVALID, __FILE__, __LINE__,
                              "sample_sales has no such argument, or has it already");
        error_sqlstate(err, "42883");
        error_position(err, call->args[i]->position);
        error_detail(err, "Its arguments are seed, start, days, rows_per_day, products.");
        return st;
    }
    const struct sample_argument *a = &sample_arguments[at];
    struct column_value v;
    TRY(plan_bind_constant(b, call->args[i], column_type_of(a->kind), "sample_sales", &v, err));
    int64_t n = v.null ? 0 : a->kind == COLUMN_DATE ? v.i32 : v.i64;
    if (v.null || n < a->least || n > a->most) {
        if (a->kind == COLUMN_DATE || v.null)
            FAIL_SQL(err, ST_INVALID, "22023", call->args[i]->position,
                     "%s of sample_sales must be %s", a->name,
                     v.null ? "given a value, not NULL" : "between 0001-01-01 and 9999-12-31");
        FAIL_SQL(err, ST_INVALID, "22023", call->args[i]->position,
                 "%s of sample_sales is %lld, and must be between %lld and %lld", a->name,
                 (long long)n, (long long)a->least, (long long)a->most);
    }
    given[at] = true;
    values[at] = n;
    return ST_OK;
}

static status source_sample(struct plan_binder *b, const struct query_ast *call,
                            struct query_plan **out, struct error *err)
{
    static const struct column_field fields[] = {
        {.name = {"transaction_date", 16}, .type = {.kind = COLUMN_DATE}},
        {.name = {"product_id", 10}, .type = {.kind = COLUMN_BIGINT}},
        {.name = {"quantity", 8}, .type = {.kind = COLUMN_BIGINT}},
        {.name = {"unit_price", 10}, .type = {.kind = COLUMN_DOUBLE}},
        {.name = {"amount", 6}, .type = {.kind = COLUMN_DOUBLE}},
    };
    bool given[SAMPLE_ARGS] = {0};
    int64_t v[SAMPLE_ARGS];
    for (size_t i = 0; i < SAMPLE_ARGS; i++)
        v[i] = sample_arguments[i].preset;
    for (size_t i = 0; i < call->arg_count; i++)
        TRY(sample_argument(b, call, i, given, v, err));
    if (v[DAYS] > 0 && v[START] + v[DAYS] - 1 > DAY_MAX)
        FAIL_SQL(err, ST_INVALID, "22008", call->position,
                 "sample_sales would pass 9999-12-31: %lld days", (long long)v[DAYS]);
    TRY(plan_node(b->c, QUERY_PLAN_SAMPLE, NULL, out, err));
    struct query_plan *p = *out;
    p->schema.count = ARRAY_LEN(fields);
    TRY(ARENA_ARRAY(b->c->arena, struct column_field, ARRAY_LEN(fields), &p->schema.fields, err));
    memcpy(p->schema.fields, fields, sizeof(fields));
    p->sample.seed = v[SEED];
    p->sample.start_day = (int32_t)v[START];
    p->sample.days = v[DAYS];
    p->sample.rows_per_day = v[ROWS_PER_DAY];
    p->sample.products = v[PRODUCTS];
    return ST_OK;
}

/* ---- by name --------------------------------------------------------------------------------- */

status plan_source(struct plan_binder *b, const struct query_ast *call, struct query_plan **out,
                   struct error *err)
{
    b->clause = "functions in FROM";
    if (call->star || call->distinct || call->filter)
        FAIL_SQL(err, ST_INVALID, "42809", call->position,
                 "%.*s takes plain arguments: no *, DISTINCT or FILTER", STR_ARG(call->text));
    if (str_eq(call->text, STR("read_csv")))
        return source_files(b, call, true, out, err);
    if (str_eq(call->text, STR("read_parquet")))
        return source_files(b, call, false, out, err);
    if (str_eq(call->text, STR("sample_sales")))
        return source_sample(b, call, out, err);
    status st = error_set(err, ST_UNSUPPORTED, __FILE__, __LINE__,
                          "function %.*s cannot stand in FROM", STR_ARG(call->text));
    error_position(err, call->position);
    error_detail(err, "FROM takes read_csv, read_parquet and sample_sales.");
    return st;
}
