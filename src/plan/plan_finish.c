// SPDX-License-Identifier: Apache-2.0
/* plan_finish.c - the last pass over a bound plan, from the top down.
 *
 *     narrow   each node is told which of its columns are used above it; it drops the others, asks
 *              its input for what it needs itself, and renumbers its expressions. A SCAN ends up
 *              with the columns that are read, for count(*) none.
 *     prune    conditions are carried down through projections and keys to the SCAN, where they
 *              choose files, row groups and pages. The FILTER itself stays where it is.
 *
 * N1  `map` says for every column a node had where it is now, -1 = dropped; a column that was
 *     needed is never dropped
 * N2  a node's schema after narrow may hold columns nobody asked for (those a FILTER reads); the
 *     map says where the others are
 * N3  the root keeps all its columns in their order: it is a PROJECT, or SORT, LIMIT or DISTINCT
 *     over one, which drop nothing that is needed */
#include "plan/plan_int.h"

static status copy_expr(const struct plan_context *c, const struct query_expr *e,
                        struct query_expr **out, struct error *err)
{
    TRY(ARENA_NEW(c->arena, struct query_expr, out, err));
    **out = *e;
    if (e->arg_count > 0)
        TRY(ARENA_ARRAY(c->arena, struct query_expr *, e->arg_count, &(*out)->args, err));
    return ST_OK;
}

status plan_substitute(const struct plan_context *c, const struct query_expr *e,
                       struct query_expr *const *values, struct query_expr **out, struct error *err)
{
    if (e->kind == QUERY_COLUMN) {
        *out = values[e->column];
        return ST_OK;
    }
    TRY(copy_expr(c, e, out, err));
    for (size_t i = 0; i < e->arg_count; i++)
        TRY(plan_substitute(c, e->args[i], values, &(*out)->args[i], err));
    return ST_OK;
}

/* ---- narrow ---------------------------------------------------------------------------------- */

struct narrow {
    bool *need; /* of the input's columns */
    int *map;   /* of the input's columns, after it was narrowed */
};

static void need_column(void *arg, int column)
{
    ((bool *)arg)[column] = true;
}

static void need_expr(struct narrow *n, const struct query_expr *e)
{
    if (e)
        query_expr_columns(e, need_column, n->need);
}

static status renumber(const struct plan_context *c, const struct narrow *n, struct query_expr **e,
                       struct error *err)
{
    struct query_expr *copy;
    if (!*e)
        return ST_OK;
    TRY(copy_expr(c, *e, &copy, err));
    if (copy->kind == QUERY_COLUMN)
        copy->column = n->map[copy->column];
    for (size_t i = 0; i < copy->arg_count; i++) {
        copy->args[i] = (*e)->args[i];
        TRY(renumber(c, n, &copy->args[i], err));
    }
    *e = copy;
    return ST_OK;
}

static status narrow_start(const struct plan_context *c, size_t columns, struct narrow *n,
                           struct error *err)
{
    return ARENA_ARRAY(c->arena, bool, columns + 1, &n->need, err);
}

static status narrow_node(const struct plan_context *c, struct query_plan **node, const bool *need,
                          int **map, struct error *err);

/* Keeps the fields that are needed; *map is theirs. */
static status narrow_fields(const struct plan_context *c, struct column_schema *s, const bool *need,
                            int *map, struct error *err)
{
    struct column_field *fields;
    size_t kept = 0;
    TRY(ARENA_ARRAY(c->arena, struct column_field, s->count + 1, &fields, err));
    for (size_t i = 0; i < s->count; i++) {
        map[i] = need[i] ? (int)kept : -1;
        if (need[i])
            fields[kept++] = s->fields[i];
    }
    s->fields = fields;
    s->count = kept;
    return ST_OK;
}

static status narrow_scan(const struct plan_context *c, struct query_plan *p, const bool *need,
                          int *map, struct error *err)
{
    size_t count = p->schema.count, kept = 0;
    int32_t *ids;
    TRY(ARENA_ARRAY(c->arena, int32_t, count + 1, &ids, err));
    for (size_t i = 0; i < count; i++)
        if (need[i])
            ids[kept++] = p->scan.field_ids[i];
    p->scan.field_ids = ids;
    return narrow_fields(c, &p->schema, need, map, err);
}

static status narrow_files(const struct plan_context *c, struct query_plan *p, const bool *need,
                           int *map, struct error *err)
{
    size_t count = p->schema.count, kept = 0;
    struct str *names;
    if (p->files.csv && !p->files.options.header) { /* its columns are told apart by their order */
        for (size_t i = 0; i < count; i++)
            map[i] = (int)i;
        return ST_OK;
    }
    TRY(ARENA_ARRAY(c->arena, struct str, count + 1, &names, err));
    for (size_t i = 0; i < count; i++)
        if (need[i])
            names[kept++] = p->files.column_names[i];
    p->files.column_names = names;
    return narrow_fields(c, &p->schema, need, map, err);
}

/* FILTER, SORT, LIMIT: rows pass as they are. */
static status narrow_pass(const struct plan_context *c, struct query_plan *p, const bool *need,
                          int **map, struct error *err)
{
    struct narrow n;
    TRY(narrow_start(c, p->schema.count, &n, err));
    memcpy(n.need, need, p->schema.count * sizeof(bool));
    if (p->kind == QUERY_PLAN_FILTER)
        need_expr(&n, p->filter.predicate);
    for (size_t i = 0; p->kind == QUERY_PLAN_SORT && i < p->sort.count; i++)
        need_expr(&n, p->sort.keys[i].value);
    TRY(narrow_node(c, &p->input, n.need, &n.map, err));
    if (p->kind == QUERY_PLAN_FILTER)
        TRY(renumber(c, &n, &p->filter.predicate, err));
    for (size_t i = 0; p->kind == QUERY_PLAN_SORT && i < p->sort.count; i++)
        TRY(renumber(c, &n, &p->sort.keys[i].value, err));
    p->schema = p->input->schema;
    *map = n.map;
    return ST_OK;
}

/* A PROJECT that only hands its input on. Above a GROUP BY it stays (plan.h). */
static bool is_identity(const struct query_plan *p)
{
    bool groups = p->input->kind == QUERY_PLAN_AGGREGATE && !p->input->aggregate.grand_total;
    if (p->schema.count != p->input->schema.count || groups)
        return false;
    for (size_t i = 0; i < p->schema.count; i++) {
        const struct query_expr *e = p->project.values[i];
        if (e->kind != QUERY_COLUMN || e->column != (int)i ||
            !str_eq(p->schema.fields[i].name, p->input->schema.fields[i].name))
            return false;
    }
    return true;
}

static status narrow_project(const struct plan_context *c, struct query_plan **node,
                             const bool *need, int *map, struct error *err)
{
    struct query_plan *p = *node;
    struct narrow n;
    struct query_expr **values;
    size_t kept = 0;
    TRY(narrow_start(c, p->input->schema.count, &n, err));
    TRY(ARENA_ARRAY(c->arena, struct query_expr *, p->schema.count + 1, &values, err));
    for (size_t i = 0; i < p->schema.count; i++)
        if (need[i]) {
            values[kept++] = p->project.values[i];
            need_expr(&n, p->project.values[i]);
        }
    TRY(narrow_node(c, &p->input, n.need, &n.map, err));
    for (size_t i = 0; i < kept; i++)
        TRY(renumber(c, &n, &values[i], err));
    p->project.values = values;
    TRY(narrow_fields(c, &p->schema, need, map, err));
    if (is_identity(p))
        *node = p->input;
    return ST_OK;
}

/* Outputs nobody reads go, and with them arguments without outputs. One output stays where there
 * are no keys, so that the one row of a grand total has a column. */
static status narrow_outs(const struct plan_context *c, struct query_plan *p, const bool *need,
                          bool *kept_column, struct error *err)
{
    size_t keys = p->aggregate.key_count, outs = 0, args = 0;
    struct query_agg_out *out;
    struct query_agg_arg *arg;
    int *arg_at;
    TRY(ARENA_ARRAY(c->arena, struct query_agg_out, p->aggregate.out_count + 1, &out, err));
    TRY(ARENA_ARRAY(c->arena, struct query_agg_arg, p->aggregate.arg_count + 1, &arg, err));
    TRY(ARENA_ARRAY(c->arena, int, p->aggregate.arg_count + 1, &arg_at, err));
    for (size_t i = 0; i < p->aggregate.arg_count; i++)
        arg_at[i] = -1;
    bool any = keys > 0;
    for (size_t i = 0; i < p->schema.count; i++)
        any |= need[i];
    for (size_t i = 0; i < p->schema.count; i++)
        kept_column[i] = i < keys || need[i] || (!any && i == 0);
    for (size_t i = 0; i < p->aggregate.out_count; i++) {
        struct query_agg_out o = p->aggregate.outs[i];
        if (!kept_column[keys + i])
            continue;
        if (arg_at[o.arg] < 0) {
            arg_at[o.arg] = (int)args;
            arg[args++] = p->aggregate.args[o.arg];
        }
        o.arg = arg_at[o.arg];
        out[outs++] = o;
    }
    p->aggregate.outs = out;
    p->aggregate.args = arg;
    p->aggregate.out_count = outs;
    p->aggregate.arg_count = args;
    return ST_OK;
}

static status each_agg_expr(const struct plan_context *c, struct query_plan *p, struct narrow *n,
                            bool rewrite, struct error *err)
{
    for (size_t i = 0; i < p->aggregate.key_count; i++) {
        need_expr(n, rewrite ? NULL : p->aggregate.keys[i]);
        if (rewrite)
            TRY(renumber(c, n, &p->aggregate.keys[i], err));
    }
    for (size_t i = 0; i < p->aggregate.arg_count; i++) {
        struct query_agg_arg *a = &p->aggregate.args[i];
        struct query_expr **parts[QUERY_STORED_PARTS + 2] = {&a->value, &a->filter};
        size_t count = 2;
        if (a->stored) {
            struct query_stored *own;
            TRY(ARENA_NEW(c->arena, struct query_stored, &own, err));
            *own = *a->stored;
            query_stored_parts(own, parts + count);
            count += QUERY_STORED_PARTS;
            a->stored = own;
        }
        for (size_t k = 0; k < count; k++) {
            need_expr(n, rewrite ? NULL : *parts[k]);
            if (rewrite)
                TRY(renumber(c, n, parts[k], err));
        }
    }
    return ST_OK;
}

static status narrow_aggregate(const struct plan_context *c, struct query_plan *p, const bool *need,
                               int *map, struct error *err)
{
    struct narrow n;
    bool *kept;
    TRY(ARENA_ARRAY(c->arena, bool, p->schema.count + 1, &kept, err));
    TRY(narrow_outs(c, p, need, kept, err));
    TRY(narrow_start(c, p->input->schema.count, &n, err));
    TRY(each_agg_expr(c, p, &n, false, err));
    TRY(narrow_node(c, &p->input, n.need, &n.map, err));
    TRY(each_agg_expr(c, p, &n, true, err));
    return narrow_fields(c, &p->schema, kept, map, err);
}

static status narrow_node(const struct plan_context *c, struct query_plan **node, const bool *need,
                          int **map, struct error *err)
{
    struct query_plan *p = *node;
    TRY(ARENA_ARRAY(c->arena, int, p->schema.count + 1, map, err));
    switch (p->kind) {
    case QUERY_PLAN_SCAN:
        return narrow_scan(c, p, need, *map, err);
    case QUERY_PLAN_FILES:
        return narrow_files(c, p, need, *map, err);
    case QUERY_PLAN_VALUES:
    case QUERY_PLAN_SAMPLE:
    case QUERY_PLAN_HELD:
    case QUERY_PLAN_MERGE:
        for (size_t i = 0; i < p->schema.count; i++)
            (*map)[i] = (int)i;
        return ST_OK;
    case QUERY_PLAN_FILTER:
    case QUERY_PLAN_SORT:
    case QUERY_PLAN_LIMIT:
        return narrow_pass(c, p, need, map, err);
    case QUERY_PLAN_PROJECT:
        return narrow_project(c, node, need, *map, err);
    case QUERY_PLAN_AGGREGATE:
        return narrow_aggregate(c, p, need, *map, err);
    }
    return ST_OK;
}

/* ---- prune ----------------------------------------------------------------------------------- */

/* Conditions that every row which matters above the current node satisfies, over its columns. */
struct conditions {
    size_t count, capacity;
    struct query_expr **items;
};

static status add_condition(const struct plan_context *c, struct conditions *w,
                            struct query_expr *e, struct error *err)
{
    if (e->kind == QUERY_AND) {
        for (size_t i = 0; i < e->arg_count; i++)
            TRY(add_condition(c, w, e->args[i], err));
        return ST_OK;
    }
    TRY(arena_grow(c->arena, (void **)&w->items, sizeof(*w->items), &w->capacity, w->count + 1,
                   err));
    w->items[w->count++] = e;
    return ST_OK;
}

static void highest_column(void *arg, int column)
{
    int *highest = arg;
    *highest = column > *highest ? column : *highest;
}

/* Through an AGGREGATE only what speaks of keys alone. */
static status through_keys(const struct plan_context *c, const struct query_plan *p,
                           struct conditions *w, struct error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++) {
        int highest = -1;
        query_expr_columns(w->items[i], highest_column, &highest);
        if (highest >= 0 && highest < (int)p->aggregate.key_count)
            TRY(plan_substitute(c, w->items[i], p->aggregate.keys, &w->items[kept++], err));
    }
    w->count = kept;
    return ST_OK;
}

static status scan_files(const struct plan_context *c, struct query_plan *p,
                         const struct conditions *w, struct error *err)
{
    struct query_expr all = {.kind = QUERY_AND,
                             .type = column_type_of(COLUMN_BOOLEAN),
                             .arg_count = w->count,
                             .args = w->items};
    struct iceberg_scan *files;
    TRY(plan_prune(w->count > 0 ? &all : NULL, &p->schema, c->arena, &p->scan.pred, err));
    TRY(ARENA_NEW(c->arena, struct iceberg_scan, &files, err));
    if (p->scan.snapshot)
        TRY_CONTEXT(iceberg_scan_plan(c->store, p->scan.table, p->scan.snapshot,
                                      p->scan.table_schema, p->scan.pred, c->arena, c->account,
                                      files, err),
                    err, "table %.*s", STR_ARG(p->scan.name));
    p->scan.files = files;
    p->scan.file_count = (int64_t)files->count;
    p->scan.files_skipped = files->files_skipped;
    p->scan.rows = files->rows;
    p->scan.bytes = files->bytes;
    return ST_OK;
}

static status prune_files(const struct plan_context *c, struct query_plan *p, struct error *err)
{
    struct conditions w = {0};
    for (; p; p = p->input) {
        switch (p->kind) {
        case QUERY_PLAN_FILTER:
            TRY(add_condition(c, &w, p->filter.predicate, err));
            break;
        case QUERY_PLAN_PROJECT:
            for (size_t i = 0; i < w.count; i++)
                TRY(plan_substitute(c, w.items[i], p->project.values, &w.items[i], err));
            break;
        case QUERY_PLAN_AGGREGATE:
            TRY(through_keys(c, p, &w, err));
            break;
        case QUERY_PLAN_LIMIT:
            w.count = 0; /* which rows are kept depends on the others */
            break;
        case QUERY_PLAN_SCAN:
            TRY(scan_files(c, p, &w, err));
            break;
        case QUERY_PLAN_SORT:
        case QUERY_PLAN_FILES:
        case QUERY_PLAN_VALUES:
        case QUERY_PLAN_SAMPLE:
        case QUERY_PLAN_HELD:
        case QUERY_PLAN_MERGE:
            break;
        }
    }
    return ST_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */

status plan_finish(const struct plan_context *c, struct query_plan **plan, struct error *err)
{
    bool *need;
    int *map;
    size_t columns = (*plan)->schema.count;
    TRY(ARENA_ARRAY(c->arena, bool, columns + 1, &need, err));
    memset(need, true, columns * sizeof(bool));
    TRY(narrow_node(c, plan, need, &map, err));
    for (size_t i = 0; i < columns; i++)
        ENSURE(map[i] == (int)i, err); /* N3 */
    ENSURE((*plan)->schema.count == columns, err);
    return prune_files(c, *plan, err);
}

status plan_scan(const struct plan_context *c, const struct plan_table *t,
                 struct query_expr *predicate, bool files_only, struct query_plan **out,
                 struct error *err)
{
    struct conditions w = {0};
    size_t visible;
    TRY(plan_scan_new(c, t, &visible, out, err));
    (*out)->schema.count = visible; /* states are no columns */
    if (predicate)
        TRY(add_condition(c, &w, predicate, err));
    TRY(scan_files(c, *out, &w, err));
    return predicate && !files_only ? plan_filter(c, predicate, out, err) : ST_OK;
}
