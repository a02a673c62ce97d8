// SPDX-License-Identifier: Apache-2.0
/* exec_aggregate_out.c - groups to rows: keys from their tables, results from the kernels.
 *
 * A result that cannot be given (a sum that does not fit its type) names its group. */
#include "exec/exec_aggregate.h"

#include "column/column_text.h"

#define GROUP_TEXT_BYTES 400 /* of a group's keys in a message */

/* ---- keys --------------------------------------------------------------------------------------
 */

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

/* The id of one key of a group. */
static uint32_t key_id(const struct exec_aggregate *a, uint32_t group, size_t key)
{
    for (size_t i = a->plan->aggregate.key_count; i-- > 1;) {
        if (i == key)
            return a->pairs[i - 1].parts[group][1];
        group = a->pairs[i - 1].parts[group][0];
    }
    return group;
}

static void emit_key(struct exec_aggregate *a, size_t key, const uint32_t *groups, size_t count)
{
    struct column_vector *v = &a->vectors[key];
    for (size_t i = 0; i < count; i++) {
        const void *value = exec_hash_column_value(&a->columns[key], key_id(a, groups[i], key));
        if (value)
            column_vector_append(v, value);
        else
            column_vector_append_null(v);
    }
}

/* "day = 2025-01-14, product = NULL" */
static status group_text(const struct exec_aggregate *a, const uint32_t *ids, struct buffer *out,
                         struct error *err)
{
    for (size_t i = 0; i < a->plan->aggregate.key_count && out->len < GROUP_TEXT_BYTES; i++) {
        struct column_value v = {.type = a->plan->aggregate.keys[i]->type, .null = ids[i] == 0};
        TRY(buffer_printf(out, err, "%s%.*s = ", i ? ", " : "",
                          STR_ARG(a->plan->schema.fields[i].name)));
        if (v.null) {
            TRY(buffer_append_str(out, STR("NULL"), err));
            continue;
        }
        memcpy((char *)&v + offsetof(struct column_value, b),
               exec_hash_column_value(&a->columns[i], ids[i]),
               column_phys_bytes(column_type_phys(v.type)));
        TRY(column_text_format(&v, a->context.zone, out, err));
    }
    return ST_OK;
}

/* Adds "sum_x of group (...)" to an error. */
static void name_group(struct exec_aggregate *a, uint32_t group, size_t out, struct error *err)
{
    size_t keys = a->plan->aggregate.key_count;
    struct str name = a->plan->schema.fields[keys + out].name;
    struct buffer text;
    struct error ignored;
    uint32_t *ids;
    buffer_init(&text, NULL, (size_t)1 << 30);
    if (arena_array(&a->batch, keys + 1, sizeof(*ids), (void **)&ids, &ignored) == ST_OK) {
        key_ids(a, group, ids);
        if (group_text(a, ids, &text, &ignored) != ST_OK)
            buffer_clear(&text);
    }
    int shown = (int)(text.len < GROUP_TEXT_BYTES ? text.len : GROUP_TEXT_BYTES);
    if (shown == 0)
        error_context(err, "%.*s", STR_ARG(name));
    else
        error_context(err, "%.*s of group (%.*s%s)", STR_ARG(name), shown, (char *)text.data,
                      text.len > GROUP_TEXT_BYTES ? "..." : "");
    buffer_free(&text);
}

/* ---- results -----------------------------------------------------------------------------------
 */

static enum kernel_result result_of(enum query_agg kind)
{
    static const enum kernel_result results[] = {
        [QUERY_AGG_COUNT_STAR] = KERNEL_RESULT_COUNT,
        [QUERY_AGG_COUNT] = KERNEL_RESULT_COUNT,
        [QUERY_AGG_SUM] = KERNEL_RESULT_SUM,
        [QUERY_AGG_AVG] = KERNEL_RESULT_AVG,
        [QUERY_AGG_MIN] = KERNEL_RESULT_MIN,
        [QUERY_AGG_MAX] = KERNEL_RESULT_MAX,
        [QUERY_AGG_BOOL_AND] = KERNEL_RESULT_MIN,
        [QUERY_AGG_BOOL_OR] = KERNEL_RESULT_MAX,
        [QUERY_AGG_VAR_POP] = KERNEL_RESULT_VAR_POP,
        [QUERY_AGG_VAR_SAMP] = KERNEL_RESULT_VAR_SAMP,
        [QUERY_AGG_STDDEV_POP] = KERNEL_RESULT_STDDEV_POP,
        [QUERY_AGG_STDDEV_SAMP] = KERNEL_RESULT_STDDEV_SAMP,
        [QUERY_AGG_ANY_VALUE] = KERNEL_RESULT_FIRST,
        [QUERY_AGG_STATE_S1] = KERNEL_RESULT_S1,
        [QUERY_AGG_STATE_REST] = KERNEL_RESULT_REST,
        [QUERY_AGG_STATE_MORE] = KERNEL_RESULT_MORE,
        [QUERY_AGG_STATE_SUM] = KERNEL_RESULT_STATE_SUM,
        [QUERY_AGG_STATE_SQUARES] = KERNEL_RESULT_SQUARES,
    };
    return results[kind];
}

static status finish(struct exec_aggregate *a, size_t out, uint32_t group,
                     struct column_value *value, struct error *err)
{
    const struct query_agg_out *plan = &a->plan->aggregate.outs[out];
    const struct exec_aggregate_arg *arg = &a->args[plan->arg];
    const char *row = a->rows + group * a->stride, *state = row + arg->offset;
    *value = (struct column_value){.type = plan->type};
    if (plan->kind == QUERY_AGG_COUNT_DISTINCT) {
        memcpy(&value->i64, row + arg->distinct_offset, sizeof(value->i64));
        return ST_OK;
    }
    if (plan->kind == QUERY_AGG_STATE_MISSING) {
        value->i64 = kernel_agg_count(&a->group_rows, row + a->rows_offset) -
                     kernel_agg_count(&arg->kernel, state);
        return ST_OK;
    }
    return kernel_agg_finish(&arg->kernel, state, result_of(plan->kind), plan->type, &a->batch,
                             value, err);
}

static status emit_result(struct exec_aggregate *a, size_t out, const uint32_t *groups,
                          size_t count, struct error *err)
{
    struct column_vector *v = &a->vectors[a->plan->aggregate.key_count + out];
    struct column_value value;
    for (size_t i = 0; i < count; i++) {
        status st = finish(a, out, groups[i], &value, err);
        if (st != ST_OK)
            name_group(a, groups[i], out, err);
        TRY(st);
        column_vector_append_value(v, &value);
    }
    return ST_OK;
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
    uint32_t groups[COLUMN_SPAN_ROWS];
    uint32_t last = exec_aggregate_last_group(a);
    size_t count = 0, columns = a->plan->schema.count;
    if (a->next_group == 0 && !has_group_0(a))
        a->next_group = 1;
    while (count < COLUMN_SPAN_ROWS && a->next_group <= last)
        groups[count++] = a->next_group++;
    arena_reset(&a->batch);
    for (size_t i = 0; i < columns; i++)
        column_vector_clear(&a->vectors[i]);
    for (size_t i = 0; i < a->plan->aggregate.key_count; i++)
        emit_key(a, i, groups, count);
    for (size_t i = 0; i < a->plan->aggregate.out_count; i++)
        TRY(emit_result(a, i, groups, count, err));
    for (size_t i = 0; i < columns; i++)
        a->spans[i] = column_vector_span(&a->vectors[i]);
    *out = (struct column_batch){(int64_t)count, columns, a->spans};
    return ST_OK;
}
