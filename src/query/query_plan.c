// SPDX-License-Identifier: Apache-2.0
/* query_plan.c - a plan as text, one line a node, the last step first:
 *
 *     Limit 10
 *       Sort by revenue DESC
 *         Aggregate by product_id: sum(amount)
 *           Filter (day >= '2025-01-14'::date)
 *             Scan lakehouse.demo.sales: 3 of 5 files, 999 rows, 14211 bytes */
#include "query/query_plan.h"

#include "base/buffer.h"
#include "column/column_text.h"

#define PLAN_TEXT_MAX_BYTES (64u << 20)
#define PLAN_URIS_SHOWN     3

const char *query_agg_name(enum query_agg kind)
{
    static const char *const names[] = {
        [QUERY_AGG_COUNT_STAR] = "count",
        [QUERY_AGG_COUNT] = "count",
        [QUERY_AGG_SUM] = "sum",
        [QUERY_AGG_AVG] = "avg",
        [QUERY_AGG_MIN] = "min",
        [QUERY_AGG_MAX] = "max",
        [QUERY_AGG_BOOL_AND] = "bool_and",
        [QUERY_AGG_BOOL_OR] = "bool_or",
        [QUERY_AGG_VAR_POP] = "var_pop",
        [QUERY_AGG_VAR_SAMP] = "var_samp",
        [QUERY_AGG_STDDEV_POP] = "stddev_pop",
        [QUERY_AGG_STDDEV_SAMP] = "stddev_samp",
        [QUERY_AGG_COUNT_DISTINCT] = "count_distinct",
        [QUERY_AGG_ANY_VALUE] = "any_value",
        [QUERY_AGG_STATE_MISSING] = "state_missing",
        [QUERY_AGG_STATE_S1] = "state_s1",
        [QUERY_AGG_STATE_REST] = "state_rest",
        [QUERY_AGG_STATE_MORE] = "state_more",
        [QUERY_AGG_STATE_SUM] = "state_sum",
        [QUERY_AGG_STATE_SQUARES] = "state_squares",
    };
    return (size_t)kind < ARRAY_LEN(names) && names[kind] ? names[kind] : "unknown";
}

struct plan_text {
    struct buffer out;
    struct arena *arena;
};

static status text_node(struct plan_text *t, const struct query_plan *p, unsigned depth,
                        struct error *err);

static status text_indent(struct plan_text *t, unsigned depth, struct error *err)
{
    for (unsigned i = 0; i < depth; i++)
        TRY(buffer_append_str(&t->out, STR("  "), err));
    return ST_OK;
}

/* An expression over the node's input. */
static status text_over(struct plan_text *t, const struct query_plan *p, const struct query_expr *e,
                        struct error *err)
{
    struct str text;
    TRY(query_expr_text(e, p->input ? &p->input->schema : NULL, t->arena, &text, err));
    return buffer_append_str(&t->out, text, err);
}

static status text_separator(struct plan_text *t, size_t i, const char *first, struct error *err)
{
    return buffer_append_str(&t->out, str_of(i ? ", " : first), err);
}

/* ---- one line for each kind ------------------------------------------------------------------ */

static status text_scan(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    TRY(buffer_append_str(&t->out, STR("Scan "), err));
    TRY(buffer_append_str(&t->out, p->scan.name, err));
    return buffer_printf(&t->out, err, ": %lld of %lld files, %lld rows, %lld bytes",
                         (long long)p->scan.file_count,
                         (long long)(p->scan.file_count + p->scan.files_skipped),
                         (long long)p->scan.rows, (long long)p->scan.bytes);
}

static status text_files(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    TRY(buffer_printf(&t->out, err, "Read %zu %s file%s: ", p->files.count,
                      p->files.csv ? "csv" : "parquet", p->files.count == 1 ? "" : "s"));
    for (size_t i = 0; i < p->files.count && i < PLAN_URIS_SHOWN; i++) {
        TRY(text_separator(t, i, "", err));
        TRY(buffer_append_str(&t->out, p->files.uris[i], err));
    }
    return p->files.count > PLAN_URIS_SHOWN ? buffer_append_str(&t->out, STR(", ..."), err) : ST_OK;
}

static status text_sample(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    struct column_value start = {.type = column_type_of(COLUMN_DATE), .i32 = p->sample.start_day};
    TRY(buffer_printf(&t->out, err, "Sample sales: seed %lld, from ", (long long)p->sample.seed));
    TRY(column_text_format(&start, NULL, &t->out, err));
    return buffer_printf(&t->out, err, ", %lld days, %lld rows a day, %lld products",
                         (long long)p->sample.days, (long long)p->sample.rows_per_day,
                         (long long)p->sample.products);
}

static status text_project(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    TRY(buffer_append_str(&t->out, STR("Project"), err));
    for (size_t i = 0; i < p->schema.count; i++) {
        struct str name = p->schema.fields[i].name, text;
        TRY(text_separator(t, i, " ", err));
        TRY(query_expr_text(p->project.values[i], p->input ? &p->input->schema : NULL, t->arena,
                            &text, err));
        TRY(buffer_append_str(&t->out, text, err));
        if (!str_eq(text, name)) {
            TRY(buffer_append_str(&t->out, STR(" AS "), err));
            TRY(buffer_append_str(&t->out, name, err));
        }
    }
    return ST_OK;
}

/* The column that stands for the states of an argument. */
static const struct query_expr *stored_shown(const struct query_stored *s)
{
    return s->s1 ? s->s1 : s->sum ? s->sum : s->min ? s->min : s->max ? s->max : s->count;
}

static status text_out(struct plan_text *t, const struct query_plan *p,
                       const struct query_agg_out *o, struct error *err)
{
    ENSURE(o->arg >= 0 && (size_t)o->arg < p->aggregate.arg_count, err);
    const struct query_agg_arg *a = &p->aggregate.args[o->arg];
    const struct query_expr *value = a->stored ? stored_shown(a->stored) : a->value;
    TRY(buffer_printf(&t->out, err, "%s(%s", query_agg_name(o->kind),
                      a->stored ? "states of "
                      : !value  ? "*"
                                : ""));
    if (value)
        TRY(text_over(t, p, value, err));
    TRY(buffer_append_byte(&t->out, ')', err));
    if (a->filter) {
        TRY(buffer_append_str(&t->out, STR(" FILTER "), err));
        TRY(text_over(t, p, a->filter, err));
    }
    return ST_OK;
}

static status text_aggregate(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    TRY(buffer_append_str(&t->out,
                          p->aggregate.out_count || !p->aggregate.key_count ? STR("Aggregate")
                                                                            : STR("Distinct"),
                          err));
    for (size_t i = 0; i < p->aggregate.key_count; i++) {
        TRY(text_separator(t, i, " by ", err));
        TRY(text_over(t, p, p->aggregate.keys[i], err));
    }
    for (size_t i = 0; i < p->aggregate.out_count; i++) {
        TRY(text_separator(t, i, ": ", err));
        TRY(text_out(t, p, &p->aggregate.outs[i], err));
    }
    return ST_OK;
}

static status text_sort(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    TRY(buffer_append_str(&t->out, STR("Sort"), err));
    for (size_t i = 0; i < p->sort.count; i++) {
        const struct query_sort_key *k = &p->sort.keys[i];
        TRY(text_separator(t, i, " by ", err));
        TRY(text_over(t, p, k->value, err));
        TRY(buffer_append_str(&t->out, str_of(k->descending ? " DESC" : ""), err));
        if (k->nulls_first != k->descending) /* not PostgreSQL's default */
            TRY(buffer_append_str(&t->out, str_of(k->nulls_first ? " NULLS FIRST" : " NULLS LAST"),
                                  err));
    }
    return ST_OK;
}

static status text_limit(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    TRY(buffer_append_str(&t->out, STR("Limit"), err));
    if (p->limit.limit >= 0)
        TRY(buffer_printf(&t->out, err, " %lld", (long long)p->limit.limit));
    if (p->limit.offset > 0)
        TRY(buffer_printf(&t->out, err, " offset %lld", (long long)p->limit.offset));
    return ST_OK;
}

void query_stored_parts(struct query_stored *s, struct query_expr **parts[QUERY_STORED_PARTS])
{
    struct query_expr **all[QUERY_STORED_PARTS] = {&s->count, &s->rows, &s->missing, &s->sum,
                                                   &s->s1,    &s->rest, &s->more,    &s->squares,
                                                   &s->min,   &s->max};
    memcpy(parts, all, sizeof(all));
}

static status text_line(struct plan_text *t, const struct query_plan *p, struct error *err)
{
    switch (p->kind) {
    case QUERY_PLAN_SCAN:
        return text_scan(t, p, err);
    case QUERY_PLAN_FILES:
        return text_files(t, p, err);
    case QUERY_PLAN_VALUES:
        return buffer_printf(&t->out, err, "Values: %lld row%s", (long long)p->values.rows,
                             p->values.rows == 1 ? "" : "s");
    case QUERY_PLAN_SAMPLE:
        return text_sample(t, p, err);
    case QUERY_PLAN_FILTER:
        TRY(buffer_append_str(&t->out, STR("Filter "), err));
        return text_over(t, p, p->filter.predicate, err);
    case QUERY_PLAN_PROJECT:
        return text_project(t, p, err);
    case QUERY_PLAN_AGGREGATE:
        return text_aggregate(t, p, err);
    case QUERY_PLAN_SORT:
        return text_sort(t, p, err);
    case QUERY_PLAN_LIMIT:
        return text_limit(t, p, err);
    case QUERY_PLAN_HELD:
        return buffer_printf(&t->out, err, "Held: %lld row%s", (long long)p->held.count,
                             p->held.count == 1 ? "" : "s");
    case QUERY_PLAN_MERGE:
        return buffer_append_str(&t->out, STR("Merge"), err);
    }
    FAIL(err, ST_INTERNAL, "a plan node of unknown kind %d", (int)p->kind);
}

/* ---- subqueries: their plans stand below the node that uses them -------------------------------
 */

static status text_subqueries(struct plan_text *t, const struct query_expr *e, unsigned depth,
                              struct error *err)
{
    if (!e)
        return ST_OK;
    if (e->kind == QUERY_SUBQUERY && e->plan) {
        TRY(text_indent(t, depth, err));
        TRY(buffer_append_str(&t->out, STR("Subquery, run once:\n"), err));
        TRY(text_node(t, e->plan, depth + 1, err));
    }
    for (size_t i = 0; i < e->arg_count; i++)
        TRY(text_subqueries(t, e->args[i], depth, err));
    return ST_OK;
}

static status text_node_subqueries(struct plan_text *t, const struct query_plan *p, unsigned depth,
                                   struct error *err)
{
    if (p->kind == QUERY_PLAN_FILTER)
        return text_subqueries(t, p->filter.predicate, depth, err);
    if (p->kind == QUERY_PLAN_PROJECT)
        for (size_t i = 0; i < p->schema.count; i++)
            TRY(text_subqueries(t, p->project.values[i], depth, err));
    if (p->kind == QUERY_PLAN_SORT)
        for (size_t i = 0; i < p->sort.count; i++)
            TRY(text_subqueries(t, p->sort.keys[i].value, depth, err));
    if (p->kind == QUERY_PLAN_AGGREGATE) {
        for (size_t i = 0; i < p->aggregate.key_count; i++)
            TRY(text_subqueries(t, p->aggregate.keys[i], depth, err));
        for (size_t i = 0; i < p->aggregate.arg_count; i++) {
            TRY(text_subqueries(t, p->aggregate.args[i].value, depth, err));
            TRY(text_subqueries(t, p->aggregate.args[i].filter, depth, err));
        }
    }
    return ST_OK;
}

/* What a MERGE takes beside its input. */
static status text_merged(struct plan_text *t, const struct query_plan *p, unsigned depth,
                          struct error *err)
{
    const struct {
        const char *title;
        const struct query_plan *plan;
    } parts[] = {{"Added:\n", p->merge.added},
                 {"Removed:\n", p->merge.removed},
                 {"Recomputed:\n", p->merge.recomputed}};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!parts[i].plan)
            continue;
        TRY(text_indent(t, depth, err));
        TRY(buffer_append_str(&t->out, str_of(parts[i].title), err));
        TRY(text_node(t, parts[i].plan, depth + 1, err));
    }
    return ST_OK;
}

static status text_node(struct plan_text *t, const struct query_plan *p, unsigned depth,
                        struct error *err)
{
    for (; p; p = p->input, depth++) {
        TRY(text_indent(t, depth, err));
        TRY(text_line(t, p, err));
        TRY(buffer_append_byte(&t->out, '\n', err));
        TRY(text_node_subqueries(t, p, depth + 1, err));
        if (p->kind == QUERY_PLAN_MERGE)
            TRY(text_merged(t, p, depth + 1, err));
    }
    return ST_OK;
}

status query_plan_text(const struct query_plan *p, struct arena *arena, struct str *out,
                       struct error *err)
{
    struct plan_text t = {.arena = arena};
    buffer_init(&t.out, arena->account, PLAN_TEXT_MAX_BYTES);
    status st = text_node(&t, p, 0, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&t.out), out, err);
    buffer_free(&t.out);
    return st;
}
