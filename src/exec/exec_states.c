// SPDX-License-Identifier: Apache-2.0
/* exec_states.c - results and the states they need; stored states; groups in messages. */
#include "exec/exec_states.h"

#include "column/column_text.h"

#define GROUP_TEXT_BYTES 400 /* of a group's keys in a message */

struct column_type exec_states_type(const struct query_agg_arg *arg)
{
    return arg->stored  ? arg->stored->type
           : arg->value ? arg->value->type
                        : column_type_of(COLUMN_UNKNOWN);
}

unsigned exec_states_need(enum query_agg kind)
{
    switch (kind) {
    case QUERY_AGG_SUM:
    case QUERY_AGG_AVG:
    case QUERY_AGG_STATE_S1:
    case QUERY_AGG_STATE_REST:
    case QUERY_AGG_STATE_MORE:
    case QUERY_AGG_STATE_SUM:
        return KERNEL_SUM;
    case QUERY_AGG_MIN:
    case QUERY_AGG_BOOL_AND:
        return KERNEL_MIN;
    case QUERY_AGG_MAX:
    case QUERY_AGG_BOOL_OR:
        return KERNEL_MAX;
    case QUERY_AGG_VAR_POP:
    case QUERY_AGG_VAR_SAMP:
    case QUERY_AGG_STDDEV_POP:
    case QUERY_AGG_STDDEV_SAMP:
    case QUERY_AGG_STATE_SQUARES:
        return KERNEL_SUM | KERNEL_SQUARES;
    case QUERY_AGG_ANY_VALUE:
        return KERNEL_FIRST;
    case QUERY_AGG_COUNT_STAR:
    case QUERY_AGG_COUNT:
    case QUERY_AGG_COUNT_DISTINCT:
    case QUERY_AGG_STATE_MISSING:
        return 0;
    }
    return 0;
}

enum kernel_result exec_states_result(enum query_agg kind)
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

/* ---- stored states --------------------------------------------------------------------------- */

static status part_of(const struct query_expr *e, const struct column_batch *batch,
                      const struct column_span **out, struct error *err)
{
    *out = NULL;
    if (!e)
        return ST_OK;
    ENSURE(e->kind == QUERY_COLUMN && e->column >= 0 && (size_t)e->column < batch->columns, err);
    *out = &batch->spans[e->column];
    return ST_OK;
}

status exec_states_spans(const struct query_stored *s, const struct column_batch *batch,
                         struct kernel_stored *out, struct error *err)
{
    *out = (struct kernel_stored){0};
    TRY(part_of(s->count, batch, &out->count, err));
    TRY(part_of(s->rows, batch, &out->rows, err));
    TRY(part_of(s->missing, batch, &out->missing, err));
    TRY(part_of(s->sum, batch, &out->sum, err));
    if (s->sum)
        out->sum_type = s->sum->type;
    TRY(part_of(s->s1, batch, &out->s1, err));
    TRY(part_of(s->rest, batch, &out->rest, err));
    TRY(part_of(s->more, batch, &out->more, err));
    TRY(part_of(s->squares, batch, &out->squares, err));
    TRY(part_of(s->min, batch, &out->min, err));
    return part_of(s->max, batch, &out->max, err);
}

status exec_states_add(struct kernel_agg *k, const struct kernel_groups *g,
                       const struct exec_states_rows *r, struct error *err)
{
    if (r->stored)
        return kernel_agg_load(k, g, r->stored, r->rows, r->selected, r->count, err);
    return kernel_agg_add(k, g, r->values, r->rows, r->selected, r->count, err);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* "day = 2025-01-14, product = NULL" */
static status group_text(const struct column_field *const *fields, const struct column_value *keys,
                         size_t count, const struct zone *zone, struct buffer *out,
                         struct error *err)
{
    for (size_t i = 0; i < count && out->len < GROUP_TEXT_BYTES; i++) {
        TRY(buffer_printf(out, err, "%s%.*s = ", i ? ", " : "", STR_ARG(fields[i]->name)));
        if (keys[i].null)
            TRY(buffer_append_str(out, STR("NULL"), err));
        else
            TRY(column_text_format(&keys[i], zone, out, err));
    }
    return ST_OK;
}

void exec_states_name_group(struct str what, const struct column_field *const *fields,
                            const struct column_value *keys, size_t count, const struct zone *zone,
                            struct error *err)
{
    struct buffer text;
    struct error ignored;
    const char *of = what.len ? " of " : "";
    buffer_init(&text, NULL, (size_t)1 << 30);
    if (group_text(fields, keys, count, zone, &text, &ignored) != ST_OK)
        buffer_clear(&text);
    int shown = (int)(text.len < GROUP_TEXT_BYTES ? text.len : GROUP_TEXT_BYTES);
    if (shown > 0)
        error_context(err, "%.*s%sgroup (%.*s%s)", STR_ARG(what), of, shown, (char *)text.data,
                      text.len > GROUP_TEXT_BYTES ? "..." : "");
    else if (what.len)
        error_context(err, "%.*s", STR_ARG(what));
    buffer_free(&text);
}
