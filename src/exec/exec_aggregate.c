// SPDX-License-Identifier: Apache-2.0
/* exec_aggregate.c - GROUP BY: batches in, one row per group out.
 *
 *     open:   what each argument must keep -> its kernel, its place in a group's row
 *     next 1: for each batch     key spans -> ids per column -> groups       (exec_hash.h)
 *                                new groups get fresh rows
 *             for each argument  FILTER -> selected rows, value -> span
 *                                kernel_agg_add(states, groups, span, selected)
 *     next 2: groups in the order met, results finished 2,048 at a time      (exec_aggregate_out.c)
 *
 * All keys of a batch become group numbers before any argument is looked at; then each argument is
 * one pass over its span. Typical: 1 to 4 keys, 1 to 10^7 groups, 1 to 8 arguments.
 *
 * A1  a row belongs to a group whatever the filters say; filters only decide what is added
 * A2  everything is charged to the context's account; when that is full the query fails with the
 *     figure and the number of groups */
#include "exec/exec_aggregate.h"

#include <string.h>

#define FIRST_GROUPS 64
#define LINE_BYTES   64
#define ROUND_BYTES  192 /* rows above this size are not rounded up to whole cache lines */

/* ---- sources --------------------------------------------------------------------------------- */

static status source_init(struct exec_aggregate *a, const struct query_expr *e,
                          struct exec_source *out, struct error *err)
{
    *out = (struct exec_source){.column = -1};
    if (!e)
        return ST_OK;
    if (e->kind == QUERY_COLUMN) {
        out->column = e->column;
        return ST_OK;
    }
    return exec_compile(e, &a->context, &out->expr, err);
}

static status source_span(const struct exec_source *s, const struct column_batch *batch,
                          struct column_span *out, struct error *err)
{
    if (s->expr)
        return expr_eval(s->expr, batch, out, err);
    ENSURE(s->column >= 0 && (size_t)s->column < batch->columns, err);
    *out = batch->spans[s->column];
    return ST_OK;
}

/* Rows where a filter is TRUE. */
static status source_select(const struct exec_source *s, const struct column_batch *batch,
                            uint16_t *rows, size_t *count, struct error *err)
{
    struct column_span span;
    struct column_value v;
    if (s->expr)
        return expr_select(s->expr, batch, rows, count, err);
    TRY(source_span(s, batch, &span, err));
    *count = 0;
    for (int64_t i = 0; i < batch->rows; i++) {
        column_span_value(&span, column_type_of(COLUMN_BOOLEAN), i, &v);
        if (!v.null && v.b)
            rows[(*count)++] = (uint16_t)i;
    }
    return ST_OK;
}

/* ---- open ------------------------------------------------------------------------------------ */

/* CASE WHEN filter THEN value END: a value that is computed must not be computed, and fail, for
 * rows that the filter leaves out. */
static status guard_value(struct exec_aggregate *a, const struct query_agg_arg *plan,
                          struct query_expr **out, struct error *err)
{
    struct query_expr *guarded, *otherwise;
    TRY(ARENA_NEW(a->context.arena, struct query_expr, &guarded, err));
    TRY(ARENA_NEW(a->context.arena, struct query_expr, &otherwise, err));
    *otherwise = (struct query_expr){.kind = QUERY_CONST, .type = plan->value->type};
    otherwise->value = (struct column_value){.type = plan->value->type, .null = true};
    *guarded = (struct query_expr){.kind = QUERY_CASE,
                                   .type = plan->value->type,
                                   .position = plan->value->position,
                                   .arg_count = 3};
    TRY(ARENA_ARRAY(a->context.arena, struct query_expr *, 3, &guarded->args, err));
    guarded->args[0] = plan->filter;
    guarded->args[1] = plan->value;
    guarded->args[2] = otherwise;
    *out = guarded;
    return ST_OK;
}

static status open_sources(struct exec_aggregate *a, struct exec_aggregate_arg *arg,
                           struct error *err)
{
    const struct query_agg_arg *plan = arg->plan;
    struct query_expr *value = plan->value;
    bool computed = value && value->kind != QUERY_COLUMN && value->kind != QUERY_CONST;
    arg->selects = plan->filter && !computed;
    if (plan->filter && computed)
        TRY(guard_value(a, plan, &value, err));
    TRY(source_init(a, value, &arg->value, err));
    return source_init(a, arg->selects ? plan->filter : NULL, &arg->filter, err);
}

/* Results that a sum of doubles gives without its count. */
static bool is_sum(enum query_agg kind)
{
    return kind == QUERY_AGG_SUM || kind == QUERY_AGG_STATE_S1 || kind == QUERY_AGG_STATE_REST ||
           kind == QUERY_AGG_STATE_MORE;
}

static status open_arg(struct exec_aggregate *a, size_t index, struct kernel_scratch *scratch,
                       struct error *err)
{
    struct exec_aggregate_arg *arg = &a->args[index];
    const struct query_agg_arg *plan = &a->plan->aggregate.args[index];
    struct column_type type = exec_states_type(plan);
    unsigned need = 0;
    bool sums_only = true;
    arg->plan = plan;
    for (size_t i = 0; i < a->plan->aggregate.out_count; i++) {
        const struct query_agg_out *out = &a->plan->aggregate.outs[i];
        if (out->arg != (int)index)
            continue;
        need |= exec_states_need(out->kind);
        arg->distinct |= out->kind == QUERY_AGG_COUNT_DISTINCT;
        arg->missing |= out->kind == QUERY_AGG_STATE_MISSING;
        sums_only &= is_sum(out->kind);
    }
    TRY(open_sources(a, arg, err));
    if (plan->stored) {
        ENSURE(!plan->value && !arg->distinct && !(need & KERNEL_FIRST), err);
        ENSURE(plan->stored->count || plan->stored->rows || sums_only, err);
    }
    TRY(kernel_agg_init(&arg->kernel, type, need, &a->arena, scratch, err));
    arg->offset = a->stride;
    a->stride += arg->kernel.at.bytes;
    if (arg->missing && plan->stored) {
        ENSURE(plan->stored->missing && !plan->filter, err);
        arg->missing_offset = a->stride;
        a->stride += a->group_rows.at.bytes;
    } else if (arg->missing) {
        a->counts_rows = true;
    }
    if (arg->distinct) {
        ENSURE(plan->value, err);
        arg->distinct_offset = a->stride;
        a->stride += sizeof(int64_t);
        TRY(exec_hash_column_init(&arg->distinct_values, type, a->context.account, err));
        TRY(exec_hash_words_init(&arg->distinct_pairs, a->context.account, err));
    }
    return ST_OK;
}

static status open_keys(struct exec_aggregate *a, struct error *err)
{
    size_t n = a->plan->aggregate.key_count;
    TRY(ARENA_ARRAY(&a->arena, struct exec_source, n, &a->keys, err));
    TRY(ARENA_ARRAY(&a->arena, struct exec_hash_column, n, &a->columns, err));
    TRY(ARENA_ARRAY(&a->arena, struct exec_hash_pair, n, &a->pairs, err));
    for (size_t i = 0; i < n; i++) {
        const struct query_expr *key = a->plan->aggregate.keys[i];
        TRY(source_init(a, key, &a->keys[i], err));
        TRY(exec_hash_column_init(&a->columns[i], key->type, a->context.account, err));
        if (i > 0)
            TRY(exec_hash_pair_init(&a->pairs[i - 1], a->context.account, err));
    }
    return ST_OK;
}

static status open_output(struct exec_aggregate *a, struct error *err)
{
    const struct column_schema *schema = &a->plan->schema;
    TRY(ARENA_ARRAY(&a->arena, struct column_vector, schema->count, &a->vectors, err));
    TRY(ARENA_ARRAY(&a->arena, struct column_span, schema->count, &a->spans, err));
    for (size_t i = 0; i < schema->count; i++)
        TRY(column_vector_init(&a->vectors[i], schema->fields[i].type, a->context.account, err));
    return ST_OK;
}

static status open_all(struct exec_aggregate *a, struct error *err)
{
    struct kernel_scratch *scratch;
    const struct column_schema *schema = &a->plan->schema;
    ENSURE(schema->count == a->plan->aggregate.key_count + a->plan->aggregate.out_count, err);
    TRY(kernel_scratch_create(&a->arena, &scratch, err));
    TRY(ARENA_ARRAY(&a->arena, uint16_t, COLUMN_SPAN_ROWS, &a->selected, err));
    TRY(exec_units_open(a->plan, &a->context, scratch, &a->units, err));
    TRY(open_keys(a, err));
    TRY(ARENA_ARRAY(&a->arena, struct exec_aggregate_arg, a->plan->aggregate.arg_count, &a->args,
                    err));
    TRY(kernel_agg_init(&a->group_rows, column_type_of(COLUMN_UNKNOWN), 0, &a->arena, scratch,
                        err));
    for (size_t i = 0; i < a->plan->aggregate.arg_count; i++)
        TRY(open_arg(a, i, scratch, err));
    a->rows_offset = a->stride;
    if (a->counts_rows || a->stride == 0)
        a->stride += a->group_rows.at.bytes;
    size_t round = a->stride <= 8 ? 8 : a->stride <= 16 ? 16 : a->stride <= 32 ? 32 : LINE_BYTES;
    if (a->stride <= ROUND_BYTES)
        a->stride = (a->stride + round - 1) / round * round;
    return open_output(a, err);
}

/* ---- groups ---------------------------------------------------------------------------------- */

uint32_t exec_aggregate_last_group(const struct exec_aggregate *a)
{
    size_t n = a->plan->aggregate.key_count;
    return n == 0 ? 0 : n == 1 ? a->columns[0].count : a->pairs[n - 2].count;
}

static char *first_line(char *block)
{
    return block + (-(uintptr_t)block & (LINE_BYTES - 1));
}

/* Room for `need` rows. Large blocks grow in place or by moving their pages; only where a block
 * starts within a cache line may change, and then the rows are moved (G3). */
static status reserve_rows(struct exec_aggregate *a, size_t need, struct error *err)
{
    size_t size = a->capacity ? a->capacity : FIRST_GROUPS;
    if (need <= a->capacity)
        return ST_OK;
    while (size < need)
        size += size < 100000 ? size : size / 2;
    size_t bytes = size * a->stride + LINE_BYTES, skip = (size_t)(a->rows - a->block);
    TRY(mem_realloc(a->context.account, (void **)&a->block, a->block_bytes, bytes, err));
    mem_hint_huge(a->block, bytes);
    a->block_bytes = bytes;
    a->capacity = size;
    a->rows = first_line(a->block);
    if (a->rows != a->block + skip)
        memmove(a->rows, a->block + skip, a->started * a->stride);
    return ST_OK;
}

/* Fresh rows for groups that came with this batch. */
static status start_groups(struct exec_aggregate *a, struct error *err)
{
    size_t need = (size_t)exec_aggregate_last_group(a) + 1;
    TRY_CONTEXT(reserve_rows(a, need, err), err, "aggregation of %zu groups, %zu bytes each", need,
                a->stride);
    char *fresh = a->rows + a->started * a->stride;
    size_t count = need - a->started;
    for (size_t i = 0; i < a->plan->aggregate.arg_count && count > 0; i++) {
        const struct exec_aggregate_arg *arg = &a->args[i];
        kernel_agg_start(&arg->kernel, fresh + arg->offset, a->stride, count);
        if (arg->missing && arg->plan->stored)
            kernel_agg_start(&a->group_rows, fresh + arg->missing_offset, a->stride, count);
        for (size_t g = 0; arg->distinct && g < count; g++)
            memset(fresh + g * a->stride + arg->distinct_offset, 0, sizeof(int64_t));
    }
    if (a->counts_rows)
        kernel_agg_start(&a->group_rows, fresh + a->rows_offset, a->stride, count);
    a->started = need;
    return ST_OK;
}

static status groups_of(struct exec_aggregate *a, const struct column_batch *batch,
                        struct exec_hash_ids *out, struct error *err)
{
    size_t n = a->plan->aggregate.key_count;
    *out = (struct exec_hash_ids){NULL, 0};
    for (size_t i = 0; i < n; i++) {
        struct column_span span;
        struct exec_hash_ids ids, first = *out;
        uint32_t first_count = i == 0 ? 0 : i == 1 ? a->columns[0].count : a->pairs[i - 2].count;
        TRY(source_span(&a->keys[i], batch, &span, err));
        if (a->units)
            TRY(exec_units_key(a->units, i, &span, err));
        TRY_CONTEXT(exec_hash_column_ids(&a->columns[i], &span, NULL, 0, &ids, err), err,
                    "aggregation with %u groups", exec_aggregate_last_group(a));
        if (i == 0)
            *out = ids;
        else
            TRY_CONTEXT(exec_hash_pair_ids(&a->pairs[i - 1], &first, first_count, &ids,
                                           a->columns[i].count, (size_t)batch->rows, out, err),
                        err, "aggregation with %u groups", exec_aggregate_last_group(a));
    }
    return ST_OK;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* Counts the (group, value) pairs of a batch that were not met before. */
static status add_distinct(struct exec_aggregate *a, struct exec_aggregate_arg *arg,
                           const struct exec_hash_ids *groups, const struct column_span *span,
                           const uint16_t *selected, size_t selected_count, struct error *err)
{
    uint64_t keys[COLUMN_SPAN_ROWS];
    uint32_t pairs[COLUMN_SPAN_ROWS];
    struct exec_hash_ids ids;
    size_t n = selected ? selected_count : (size_t)span->rows, kept = 0;
    TRY(exec_hash_column_ids(&arg->distinct_values, span, selected, selected_count, &ids, err));
    for (size_t i = 0; i < n; i++) {
        size_t row = selected ? selected[i] : i;
        uint32_t id = ids.of_row ? ids.of_row[row] : ids.one;
        keys[kept] = (uint64_t)(groups->of_row ? groups->of_row[row] : groups->one) << 32 | id;
        kept += id != 0; /* NULLs do not count */
    }
    uint32_t before = arg->distinct_pairs.count;
    TRY(exec_hash_words_ids(&arg->distinct_pairs, keys, kept, pairs, err));
    for (size_t i = 0; i < kept; i++) {
        if (pairs[i] <= before)
            continue;
        before = pairs[i]; /* new ones come in order */
        char *row = a->rows + (keys[i] >> 32) * a->stride;
        ++*(int64_t *)(void *)(row + arg->distinct_offset);
    }
    return ST_OK;
}

/* Of stored states: the rows without a value. */
static status add_missing(struct exec_aggregate *a, struct exec_aggregate_arg *arg,
                          const struct exec_hash_ids *ids, struct exec_states_rows r,
                          struct error *err)
{
    struct kernel_groups g = {a->rows + arg->missing_offset, a->stride, a->started, ids->of_row,
                              ids->one};
    struct kernel_stored missing = {.count = r.stored->missing};
    r.stored = &missing;
    return exec_states_add(&a->group_rows, &g, &r, err);
}

static status add_arg(struct exec_aggregate *a, size_t index, const struct column_batch *batch,
                      const struct exec_hash_ids *ids, struct error *err)
{
    struct exec_aggregate_arg *arg = &a->args[index];
    struct kernel_groups g = {a->rows + arg->offset, a->stride, a->started, ids->of_row, ids->one};
    struct exec_states_rows r = {.rows = batch->rows};
    struct column_span span;
    struct kernel_stored stored;
    if (arg->selects) {
        TRY(source_select(&arg->filter, batch, a->selected, &r.count, err));
        if (r.count == 0)
            return ST_OK;
        r.selected = r.count < (size_t)batch->rows ? a->selected : NULL;
    }
    if (arg->plan->stored) {
        TRY(exec_states_spans(arg->plan->stored, batch, &stored, err));
        r.stored = &stored;
    } else if (arg->plan->value) {
        TRY(source_span(&arg->value, batch, &span, err));
        r.values = &span;
    }
    if (arg->distinct)
        TRY(add_distinct(a, arg, ids, &span, r.selected, r.count, err));
    TRY(exec_states_add(&arg->kernel, &g, &r, err));
    if (r.stored && arg->missing)
        TRY(add_missing(a, arg, ids, r, err));
    return a->units ? exec_units_add(a->units, index, &r, err) : ST_OK;
}

static status consume(struct exec_aggregate *a, struct error *err)
{
    struct column_batch batch;
    struct exec_hash_ids ids;
    if (a->plan->aggregate.key_count == 0)
        TRY(start_groups(a, err));
    for (;;) {
        TRY(exec_check_cancel(&a->context, err));
        TRY(a->input.next(a->input.self, &batch, err));
        if (batch.rows == 0)
            return a->units ? exec_units_end(a->units, err) : ST_OK;
        a->any_row = true;
        if (a->units)
            TRY(exec_units_batch(a->units, batch.rows, err));
        TRY(groups_of(a, &batch, &ids, err));
        TRY(start_groups(a, err));
        for (size_t i = 0; i < a->plan->aggregate.arg_count; i++)
            TRY(add_arg(a, i, &batch, &ids, err));
        if (a->counts_rows) {
            struct kernel_groups g = {a->rows + a->rows_offset, a->stride, a->started, ids.of_row,
                                      ids.one};
            TRY(kernel_agg_add(&a->group_rows, &g, NULL, batch.rows, NULL, 0, err));
        }
    }
}

/* ---- the stream ------------------------------------------------------------------------------ */

static status aggregate_next(void *self, struct column_batch *out, struct error *err)
{
    struct exec_aggregate *a = self;
    if (!a->consumed) {
        TRY(consume(a, err));
        a->consumed = true;
    }
    return exec_aggregate_emit(a, out, err);
}

static void aggregate_close(void *self)
{
    struct exec_aggregate *a = self;
    struct mem_account *account = a->context.account;
    for (size_t i = 0; a->vectors && i < a->plan->schema.count; i++)
        column_vector_free(&a->vectors[i]);
    for (size_t i = 0; a->args && i < a->plan->aggregate.arg_count; i++) {
        exec_hash_column_free(&a->args[i].distinct_values);
        exec_hash_words_free(&a->args[i].distinct_pairs);
    }
    for (size_t i = 0; a->pairs && i < a->plan->aggregate.key_count; i++) {
        exec_hash_column_free(&a->columns[i]);
        exec_hash_pair_free(&a->pairs[i]);
    }
    exec_units_close(a->units);
    mem_free(account, a->block, a->block_bytes);
    arena_free(&a->batch);
    arena_free(&a->arena);
    a->input.close(a->input.self);
    mem_free(account, a, sizeof(*a));
}

status exec_aggregate_open(struct query_plan *p, struct column_stream *input,
                           const struct exec_context *c, struct column_stream *out,
                           struct error *err)
{
    struct exec_aggregate *a;
    status st = mem_calloc(c->account, sizeof(*a), (void **)&a, err);
    if (st != ST_OK) {
        input->close(input->self);
        return st;
    }
    a->plan = p;
    a->context = *c;
    a->input = *input;
    arena_init(&a->arena, c->account);
    arena_init(&a->batch, c->account);
    st = open_all(a, err);
    if (st != ST_OK) {
        aggregate_close(a);
        return st;
    }
    *out = (struct column_stream){&p->schema, a, aggregate_next, aggregate_close};
    return ST_OK;
}
