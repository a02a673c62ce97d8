// SPDX-License-Identifier: Apache-2.0
/* exec_merge_change.c - the changed groups of a MERGE: stored + added - removed, exactly.
 *
 *     for each argument   states of the three sides from their columns   (kernel_agg_load)
 *                         minimum, maximum: from the values of the three sides, below
 *                         stored += added, stored -= removed
 *                         results of what is left                        (kernel_agg_finish_rows)
 *
 * A minimum or maximum cannot be taken away. With M stored, A the best added, R the best removed
 * and NULL worst, where everything removed was stored before:
 *
 *     R better than M                    such a value was never stored: corrupt
 *     no values left                     NULL
 *     R = M, A worse than M              all stored values removed: A; else *lost*: only the rows
 *                                        that are left can tell
 *     otherwise                          the better of M and A */
#include "exec/exec_merge.h"

/* ---- rows ------------------------------------------------------------------------------------ */

/* The rows of a group on one side, 0 where it is not there. */
static status rows_on(const struct exec_merge *m, int side, size_t g, int64_t *out,
                      struct error *err)
{
    const struct exec_merge_input *in = &m->inputs[side];
    int32_t row = m->row_of[side][g];
    struct column_value v;
    *out = 0;
    if (row < 0)
        return ST_OK;
    column_span_value(&in->batch.spans[m->plan->merge.rows], column_type_of(COLUMN_BIGINT), row,
                      &v);
    if (!v.null && v.i64 > 0) {
        *out = v.i64;
        return ST_OK;
    }
    (void)error_set(err, ST_CORRUPT, __FILE__, __LINE__, "a group has no rows");
    exec_merge_name_row(m, STR(""), in, row, err);
    return ST_CORRUPT;
}

static status count_rows(struct exec_merge *m, struct error *err)
{
    for (size_t g = 0; g < m->group_count; g++) {
        int64_t n[MERGE_SIDES];
        for (int side = 0; side < MERGE_SIDES; side++)
            TRY(rows_on(m, side, g, &n[side], err));
        int128 left = (int128)n[MERGE_STORED] + n[MERGE_ADDED] - n[MERGE_REMOVED];
        if (left < 0 || left > INT64_MAX) {
            (void)error_set(
                err, ST_CORRUPT, __FILE__, __LINE__, "%lld rows stored, %lld added, %lld removed",
                (long long)n[MERGE_STORED], (long long)n[MERGE_ADDED], (long long)n[MERGE_REMOVED]);
            exec_merge_name_group(m, STR(""), g, err);
            return ST_CORRUPT;
        }
        m->left[g] = (int64_t)left;
        m->lost[g] = false;
    }
    return ST_OK;
}

/* ---- states ---------------------------------------------------------------------------------- */

static struct kernel_groups groups_of(const struct exec_merge *m, const struct exec_merge_arg *arg,
                                      int side)
{
    return (struct kernel_groups){.states = m->states[side] + arg->offset,
                                  .stride = m->stride,
                                  .count = m->group_count,
                                  .of_row = m->group_of[side]};
}

static const char *state_of(const struct exec_merge *m, const struct exec_merge_arg *arg, int side,
                            size_t g)
{
    return m->states[side] + g * m->stride + arg->offset;
}

static status load_side(struct exec_merge *m, struct exec_merge_arg *arg, int side,
                        struct error *err)
{
    const struct exec_merge_input *in = &m->inputs[side];
    struct kernel_agg *k = &arg->kernel[side];
    struct kernel_groups g = groups_of(m, arg, side);
    struct kernel_stored stored;
    TRY(kernel_agg_init(k, arg->stored->type, arg->need, &m->batch, m->scratch, err));
    kernel_agg_start(k, g.states, g.stride, g.count);
    if (m->selected_count[side] == 0)
        return ST_OK;
    TRY(exec_states_spans(arg->stored, &in->batch, &stored, err));
    status st = kernel_agg_load(k, &g, &stored, in->batch.rows, m->selected[side],
                                m->selected_count[side], err);
    if (st == ST_CORRUPT)
        exec_merge_name_row(m, STR(""), in, (int64_t)k->failed, err);
    return st;
}

/* stored += added, stored -= removed. */
static status join_sides(struct exec_merge *m, struct exec_merge_arg *arg, struct error *err)
{
    uint32_t same[MERGE_GROUPS];
    struct kernel_agg *to = &arg->kernel[MERGE_STORED];
    struct kernel_groups stored = groups_of(m, arg, MERGE_STORED);
    struct kernel_groups added = groups_of(m, arg, MERGE_ADDED);
    struct kernel_groups removed = groups_of(m, arg, MERGE_REMOVED);
    for (size_t g = 0; g < m->group_count; g++)
        same[g] = (uint32_t)g;
    status st = ST_OK;
    if (m->selected_count[MERGE_ADDED] > 0)
        st = kernel_agg_merge(to, &stored, &arg->kernel[MERGE_ADDED], &added, same, err);
    if (st == ST_OK && m->selected_count[MERGE_REMOVED] > 0)
        st = kernel_agg_subtract(to, &stored, &arg->kernel[MERGE_REMOVED], &removed, same, err);
    if (st == ST_CORRUPT)
        exec_merge_name_group(m, STR(""), to->failed, err);
    return st;
}

/* No group is left with more values than rows. */
static status check_counts(const struct exec_merge *m, const struct exec_merge_arg *arg,
                           struct error *err)
{
    for (size_t g = 0; g < m->group_count; g++) {
        int64_t n = kernel_agg_count(&arg->kernel[0], state_of(m, arg, MERGE_STORED, g));
        if (n <= m->left[g])
            continue;
        (void)error_set(err, ST_CORRUPT, __FILE__, __LINE__,
                        "a group of %lld rows is left with %lld values", (long long)m->left[g],
                        (long long)n);
        exec_merge_name_group(m, STR(""), g, err);
        return ST_CORRUPT;
    }
    return ST_OK;
}

/* ---- extremes -------------------------------------------------------------------------------- */

/* An extreme of the three sides, and of how many values. */
struct extreme {
    struct column_value value[MERGE_SIDES];
    int64_t count[MERGE_SIDES];
};

/* > 0: a is better than b; NULL is worst. */
static int better(const struct column_value *a, const struct column_value *b, int side)
{
    if (a->null || b->null)
        return b->null - a->null;
    return column_value_cmp(a, b, true) * side;
}

static status read_extreme(const struct exec_merge *m, const struct exec_merge_arg *arg, size_t c,
                           size_t g, struct extreme *out, struct error *err)
{
    struct column_type type = m->plan->schema.fields[c].type;
    for (int side = 0; side < MERGE_SIDES; side++) {
        const struct exec_merge_input *in = &m->inputs[side];
        struct column_value *v = &out->value[side];
        *v = (struct column_value){.type = type, .null = true};
        out->count[side] = kernel_agg_count(&arg->kernel[side], state_of(m, arg, side, g));
        if (m->row_of[side][g] >= 0)
            column_span_value(&in->batch.spans[c], type, m->row_of[side][g], v);
        if (v->null == (out->count[side] == 0))
            continue;
        (void)error_set(err, ST_CORRUPT, __FILE__, __LINE__, "an extreme of %lld values is %s",
                        (long long)out->count[side], v->null ? "NULL" : "there");
        exec_merge_name_row(m, m->plan->schema.fields[c].name, in, m->row_of[side][g], err);
        return ST_CORRUPT;
    }
    return ST_OK;
}

/* The table above; `side` is -1 for a minimum and 1 for a maximum. */
static status join_extreme(const struct extreme *x, int side, struct column_value *out, bool *lost,
                           struct error *err)
{
    const struct column_value *stored = &x->value[MERGE_STORED], *added = &x->value[MERGE_ADDED];
    const struct column_value *removed = &x->value[MERGE_REMOVED];
    int64_t gone = x->count[MERGE_REMOVED];
    *out = better(added, stored, side) > 0 ? *added : *stored;
    *lost = false;
    if (gone == 0)
        return ST_OK;
    int c = better(removed, stored, side);
    if (c > 0)
        FAIL(err, ST_CORRUPT, "a %s was removed that was never stored",
             side < 0 ? "lower value" : "higher value");
    if (gone >= x->count[MERGE_STORED] + x->count[MERGE_ADDED])
        out->null = true; /* more than there are is found when they are taken away */
    else if (c == 0 && better(added, stored, side) < 0 && gone == x->count[MERGE_STORED])
        *out = *added;
    else if (c == 0 && better(added, stored, side) < 0)
        *lost = out->null = true;
    return ST_OK;
}

static status extremes(struct exec_merge *m, const struct exec_merge_arg *arg, size_t c, int side,
                       struct error *err)
{
    struct str name = m->plan->schema.fields[c].name;
    for (size_t g = 0; g < m->group_count; g++) {
        struct extreme x;
        struct column_value v;
        bool lost;
        TRY(read_extreme(m, arg, c, g, &x, err));
        status st = join_extreme(&x, side, &v, &lost, err);
        if (st == ST_OK && lost && !m->plan->merge.find_lost)
            st = error_set(err, ST_INTERNAL, __FILE__, __LINE__,
                           "a lost extreme is not among the groups to recompute");
        if (st != ST_OK) {
            exec_merge_name_group(m, name, g, err);
            return st;
        }
        m->lost[g] |= lost;
        column_vector_append_value(&m->results[c], &v);
    }
    return ST_OK;
}

/* -1 for a minimum, 1 for a maximum, else 0. */
static int extreme_side(enum query_agg kind)
{
    unsigned need = exec_states_need(kind);
    return need & KERNEL_MIN ? -1 : need & KERNEL_MAX ? 1 : 0;
}

/* ---- results --------------------------------------------------------------------------------- */

static void key_values(struct exec_merge *m, size_t c)
{
    for (size_t g = 0; g < m->group_count; g++) {
        int side = 0;
        while (m->row_of[side][g] < 0)
            side++;
        column_vector_append_rows(&m->results[c], &m->inputs[side].batch.spans[c],
                                  m->row_of[side][g], 1);
    }
}

static status result(struct exec_merge *m, const struct exec_merge_arg *arg, size_t c,
                     struct error *err)
{
    enum query_agg kind = m->plan->merge.outs[c].kind;
    struct column_vector *v = &m->results[c];
    for (size_t g = 0; kind == QUERY_AGG_STATE_MISSING && g < m->group_count; g++) {
        int64_t n = m->left[g] - kernel_agg_count(&arg->kernel[0], state_of(m, arg, 0, g));
        column_vector_append(v, &n);
    }
    if (kind == QUERY_AGG_STATE_MISSING)
        return ST_OK;
    ENSURE(kind != QUERY_AGG_COUNT_DISTINCT, err);
    status st =
        kernel_agg_finish_rows(&arg->kernel[MERGE_STORED], state_of(m, arg, 0, 0), m->stride,
                               m->group_count, exec_states_result(kind), &m->batch, v, err);
    if (st != ST_OK)
        exec_merge_name_group(m, m->plan->schema.fields[c].name, (size_t)v->rows, err);
    return st;
}

static status change_arg(struct exec_merge *m, size_t index, struct error *err)
{
    const struct query_plan *p = m->plan;
    struct exec_merge_arg *arg = &m->args[index];
    for (int side = 0; side < MERGE_SIDES; side++)
        TRY(load_side(m, arg, side, err));
    for (size_t c = 0; c < p->schema.count; c++) {
        int side = extreme_side(p->merge.outs[c].kind);
        if (p->merge.outs[c].arg == (int)index && !m->is_key[c] && side != 0)
            TRY(extremes(m, arg, c, side, err));
    }
    TRY(join_sides(m, arg, err));
    TRY(check_counts(m, arg, err));
    for (size_t c = 0; c < p->schema.count; c++)
        if (p->merge.outs[c].arg == (int)index && !m->is_key[c] &&
            extreme_side(p->merge.outs[c].kind) == 0)
            TRY(result(m, arg, c, err));
    return ST_OK;
}

status exec_merge_change(struct exec_merge *m, struct error *err)
{
    const struct query_plan *p = m->plan;
    arena_reset(&m->batch);
    for (size_t c = 0; c < p->schema.count; c++)
        column_vector_clear(&m->results[c]);
    TRY(count_rows(m, err));
    for (size_t c = 0; c < p->schema.count; c++) {
        if (m->is_key[c])
            key_values(m, c);
        else if (p->merge.outs[c].arg < 0) /* the hidden count of rows */
            for (size_t g = 0; g < m->group_count; g++)
                column_vector_append(&m->results[c], &m->left[g]);
    }
    for (size_t i = 0; i < p->merge.arg_count; i++)
        TRY(change_arg(m, i, err));
    return ST_OK;
}
