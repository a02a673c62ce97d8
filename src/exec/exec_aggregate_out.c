// SPDX-License-Identifier: Apache-2.0
/* exec_aggregate_out.c - groups to rows: keys from their tables, results from the kernels.
 *
 * A result that cannot be given (a sum that does not fit its type) names its group. */
#include "exec/exec_aggregate.h"

/* ---- keys ------------------------------------------------------------------------------------ */

/* The ids of a group's keys: pairs are taken apart from the last key back. */
static void key_ids(const struct exec_aggregate *a, uint32_t group, uint32_t *ids)
{
    size_t n = a->plan->aggregate.key_count;
    for (size_t i = n; i-- > 1;) {
        ids[i] = a->pairs[i - 1].parts[group][1];
        group = a->pairs[i - 1].parts[group][0];
    }
    ids[0] = group;
}

#define EMIT(type)                                                                                 \
    do {                                                                                           \
        const type *from = c->values;                                                              \
        type *to = v->values;                                                                      \
        for (size_t i = 0; i < count; i++)                                                         \
            to[i] = from[ids[i]];                                                                  \
    } while (0)

/* The values of ids into an empty vector; id 0 is NULL. */
static void emit_values(const struct exec_hash_column *c, const uint32_t *ids, size_t count,
                        struct column_vector *v)
{
    struct pair {
        uint64_t a, b;
    };
    if (c->count == 0) /* only NULLs were met: there are no values to look at */
        memset(v->values, 0, count * column_phys_bytes(v->phys));
    else if (column_phys_bytes(c->phys) == 1)
        EMIT(uint8_t);
    else if (column_phys_bytes(c->phys) == 4)
        EMIT(uint32_t);
    else if (column_phys_bytes(c->phys) == 8)
        EMIT(uint64_t);
    else
        EMIT(struct pair);
    for (size_t i = 0; i < count; i++) {
        v->valid[i / 64] |= (uint64_t)(ids[i] != 0) << (i % 64);
        v->has_nulls |= ids[i] == 0;
    }
    v->rows = (int64_t)count;
}

/* The keys of groups first to first + count - 1: pairs are taken apart from the last key back. */
static void emit_keys(struct exec_aggregate *a, uint32_t first, size_t count)
{
    uint32_t rest[COLUMN_SPAN_ROWS], ids[COLUMN_SPAN_ROWS];
    for (size_t i = 0; i < count; i++)
        rest[i] = first + (uint32_t)i;
    for (size_t k = a->plan->aggregate.key_count; k-- > 1;) {
        uint32_t(*parts)[2] = a->pairs[k - 1].parts;
        for (size_t i = 0; i < count; i++) {
            ids[i] = parts[rest[i]][1];
            rest[i] = parts[rest[i]][0];
        }
        emit_values(&a->columns[k], ids, count, &a->vectors[k]);
    }
    if (a->plan->aggregate.key_count > 0)
        emit_values(&a->columns[0], rest, count, &a->vectors[0]);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Adds "sum_x of group (...)" to an error. */
static void name_group(struct exec_aggregate *a, uint32_t group, size_t out, struct error *err)
{
    size_t keys = a->plan->aggregate.key_count;
    const struct column_field *fields = a->plan->schema.fields, **names = NULL;
    struct column_value *values = NULL;
    struct error ignored;
    uint32_t *ids = NULL;
    if (ARENA_ARRAY(&a->batch, uint32_t, keys + 1, &ids, &ignored) != ST_OK ||
        ARENA_ARRAY(&a->batch, struct column_field *, keys + 1, &names, &ignored) != ST_OK ||
        ARENA_ARRAY(&a->batch, struct column_value, keys + 1, &values, &ignored) != ST_OK)
        keys = 0;
    else
        key_ids(a, group, ids);
    for (size_t i = 0; i < keys; i++) {
        struct column_value *v = &values[i];
        names[i] = &fields[i];
        *v = (struct column_value){.type = fields[i].type, .null = ids[i] == 0};
        if (!v->null)
            memcpy((char *)v + offsetof(struct column_value, b),
                   exec_hash_column_value(&a->columns[i], ids[i]),
                   column_phys_bytes(column_type_phys(v->type)));
    }
    exec_states_name_group(fields[a->plan->aggregate.key_count + out].name, names, values, keys,
                           a->context.zone, err);
}

/* ---- results --------------------------------------------------------------------------------- */

/* Counts that stand in the row beside the states. */
static void emit_counts(struct exec_aggregate *a, const struct exec_aggregate_arg *arg,
                        bool distinct, uint32_t first, size_t count, struct column_vector *v)
{
    for (size_t i = 0; i < count; i++) {
        const char *row = a->rows + (first + i) * a->stride;
        int64_t n;
        if (distinct)
            memcpy(&n, row + arg->distinct_offset, sizeof(n));
        else if (arg->plan->stored)
            n = kernel_agg_count(&a->group_rows, row + arg->missing_offset);
        else
            n = kernel_agg_count(&a->group_rows, row + a->rows_offset) -
                kernel_agg_count(&arg->kernel, row + arg->offset);
        column_vector_append(v, &n);
    }
}

static status emit_result(struct exec_aggregate *a, size_t out, uint32_t first, size_t count,
                          struct error *err)
{
    const struct query_agg_out *plan = &a->plan->aggregate.outs[out];
    const struct exec_aggregate_arg *arg = &a->args[plan->arg];
    struct column_vector *v = &a->vectors[a->plan->aggregate.key_count + out];
    const char *states = a->rows + first * a->stride + arg->offset;
    bool distinct = plan->kind == QUERY_AGG_COUNT_DISTINCT;
    if (distinct || plan->kind == QUERY_AGG_STATE_MISSING) {
        emit_counts(a, arg, distinct, first, count, v);
        return ST_OK;
    }
    status st = kernel_agg_finish_rows(&arg->kernel, states, a->stride, count,
                                       exec_states_result(plan->kind), &a->batch, v, err);
    if (st != ST_OK)
        name_group(a, first + (uint32_t)v->rows, out, err);
    return st;
}

/* Is group 0 one that was met (G1)? */
static bool has_group_0(const struct exec_aggregate *a)
{
    size_t n = a->plan->aggregate.key_count;
    if (n == 0)
        return a->any_row || a->plan->aggregate.grand_total;
    return n == 1 && a->columns[0].null_seen;
}

status exec_aggregate_emit(struct exec_aggregate *a, struct column_batch *out, struct error *err)
{
    uint32_t last = exec_aggregate_last_group(a);
    size_t columns = a->plan->schema.count;
    if (a->next_group == 0 && !has_group_0(a))
        a->next_group = 1;
    uint32_t first = a->next_group;
    size_t count = first > last ? 0 : (size_t)(last - first) + 1;
    count = count < COLUMN_SPAN_ROWS ? count : COLUMN_SPAN_ROWS;
    a->next_group += (uint32_t)count;
    arena_reset(&a->batch);
    for (size_t i = 0; i < columns; i++)
        column_vector_clear(&a->vectors[i]);
    emit_keys(a, first, count);
    for (size_t i = 0; i < a->plan->aggregate.out_count; i++)
        TRY(emit_result(a, i, first, count, err));
    for (size_t i = 0; i < columns; i++)
        a->spans[i] = column_vector_span(&a->vectors[i]);
    *out = (struct column_batch){(int64_t)count, columns, a->spans};
    return ST_OK;
}
