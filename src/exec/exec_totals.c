// SPDX-License-Identifier: Apache-2.0
/* exec_totals.c - totals of units brought together: sums over files that are not read again.
 *
 *     bytes of a unit --decode--> its states --add or take away--> the states of all --> a value
 *     stored groups   --load----------------------------add------>
 *
 * Totals come out of a table, so nothing in them is trusted: each argument's state is decoded with
 * what the AGGREGATE node says of it, and no byte may be left. */
#include "exec/exec_states.h"
#include "exec/exec_units.h"

#define TOTALS_CAP_BYTES ((size_t)1 << 30)

struct exec_totals {
    const struct query_plan *plan; /* borrowed */
    struct mem_account *account;   /* borrowed */
    struct arena arena;            /* of the sums, and what is not freed before */
    struct arena one;              /* of the unit at hand */
    struct total {
        struct column_type type;
        struct kernel_agg sums, unit;
        char *state, *unit_state; /* of one group each */
    } * totals;                   /* in arena */
    struct kernel_scratch *scratch;
};

static status open_total(struct exec_totals *t, size_t arg, struct error *err)
{
    struct total *x = &t->totals[arg];
    unsigned need = exec_total_need(t->plan, arg);
    x->type = exec_states_type(&t->plan->aggregate.args[arg]);
    TRY(kernel_agg_init(&x->sums, x->type, need, &t->arena, t->scratch, err));
    TRY(kernel_agg_init(&x->unit, x->type, need, &t->one, t->scratch, err));
    TRY(arena_alloc(&t->arena, x->sums.at.bytes, (void **)&x->state, err));
    TRY(arena_alloc(&t->arena, x->unit.at.bytes, (void **)&x->unit_state, err));
    kernel_agg_start(&x->sums, x->state, x->sums.at.bytes, 1);
    return ST_OK;
}

static status open_all(struct exec_totals *t, struct error *err)
{
    size_t count = t->plan->aggregate.arg_count;
    TRY(kernel_scratch_create(&t->arena, &t->scratch, err));
    TRY(ARENA_ARRAY(&t->arena, struct total, count, &t->totals, err));
    for (size_t i = 0; i < count; i++)
        TRY(open_total(t, i, err));
    return ST_OK;
}

status exec_totals_create(const struct query_plan *aggregate, struct mem_account *account,
                          struct exec_totals **out, struct error *err)
{
    ENSURE(aggregate->kind == QUERY_PLAN_AGGREGATE, err);
    TRY(mem_calloc(account, sizeof(**out), (void **)out, err));
    struct exec_totals *t = *out;
    t->plan = aggregate;
    t->account = account;
    arena_init(&t->arena, account);
    arena_init(&t->one, account);
    status st = open_all(t, err);
    if (st != ST_OK) {
        exec_totals_free(t);
        *out = NULL;
    }
    return st;
}

void exec_totals_free(struct exec_totals *t)
{
    if (!t)
        return;
    arena_free(&t->one);
    arena_free(&t->arena);
    mem_free(t->account, t, sizeof(*t));
}

static status combine(struct exec_totals *t, struct str totals, bool subtract, struct error *err)
{
    struct bytes in = bytes_of(totals.ptr, totals.len);
    const uint32_t first = 0;
    arena_reset(&t->one);
    for (size_t i = 0; i < t->plan->aggregate.arg_count; i++) {
        struct total *x = &t->totals[i];
        struct kernel_groups to = {x->state, x->sums.at.bytes, 1, NULL, 0};
        struct kernel_groups from = {x->unit_state, x->unit.at.bytes, 1, NULL, 0};
        kernel_agg_start(&x->unit, x->unit_state, from.stride, 1);
        TRY(kernel_agg_decode(&x->unit, x->unit_state, &in, err));
        int64_t count = kernel_agg_count(&x->unit, x->unit_state);
        if (count > INT64_MAX - kernel_agg_count(&x->sums, x->state))
            FAIL(err, ST_CORRUPT, "totals of more than 2^63 rows");
        TRY(subtract ? kernel_agg_subtract(&x->sums, &to, &x->unit, &from, &first, err)
                     : kernel_agg_merge(&x->sums, &to, &x->unit, &from, &first, err));
    }
    if (bytes_left(&in) > 0)
        FAIL(err, ST_CORRUPT, "%zu bytes are left behind the last total", bytes_left(&in));
    return ST_OK;
}

status exec_totals_add(struct exec_totals *t, struct str totals, struct error *err)
{
    return combine(t, totals, false, err);
}

status exec_totals_subtract(struct exec_totals *t, struct str totals, struct error *err)
{
    return combine(t, totals, true, err);
}

status exec_totals_load(struct exec_totals *t, const struct query_stored *args,
                        const struct column_batch *groups, struct error *err)
{
    for (size_t i = 0; i < t->plan->aggregate.arg_count; i++) {
        struct total *x = &t->totals[i];
        struct kernel_groups to = {x->state, x->sums.at.bytes, 1, NULL, 0};
        struct kernel_stored stored;
        TRY(exec_states_spans(&args[i], groups, &stored, err));
        TRY(kernel_agg_load(&x->sums, &to, &stored, groups->rows, NULL, 0, err));
    }
    return ST_OK;
}

static status same_total(const struct total *a, const struct total *b, struct buffer bytes[2],
                         bool *out, struct error *err)
{
    buffer_clear(&bytes[0]);
    buffer_clear(&bytes[1]);
    TRY(kernel_agg_encode(&a->sums, a->state, &bytes[0], err));
    TRY(kernel_agg_encode(&b->sums, b->state, &bytes[1], err));
    *out = str_eq(buffer_str(&bytes[0]), buffer_str(&bytes[1]));
    return ST_OK;
}

status exec_totals_compare(const struct exec_totals *a, const struct exec_totals *b, size_t *arg,
                           struct error *err)
{
    struct buffer bytes[2];
    status st = ST_OK;
    bool same = true;
    size_t count = a->plan->aggregate.arg_count;
    buffer_init(&bytes[0], a->account, TOTALS_CAP_BYTES);
    buffer_init(&bytes[1], a->account, TOTALS_CAP_BYTES);
    for (*arg = 0; *arg < count && st == ST_OK && same; *arg += same)
        st = same_total(&a->totals[*arg], &b->totals[*arg], bytes, &same, err);
    buffer_free(&bytes[0]);
    buffer_free(&bytes[1]);
    return st;
}

status exec_totals_result(const struct exec_totals *t, const struct query_agg_out *out,
                          struct arena *arena, struct column_value *value, struct error *err)
{
    ENSURE(out->arg >= 0 && (size_t)out->arg < t->plan->aggregate.arg_count, err);
    const struct total *x = &t->totals[out->arg];
    unsigned need = exec_states_need(out->kind);
    bool counts = out->kind == QUERY_AGG_COUNT || out->kind == QUERY_AGG_COUNT_STAR;
    if ((need & x->sums.need) != need || (need == 0 && !counts))
        FAIL(err, ST_UNSUPPORTED, "totals of files do not keep %s of argument %d",
             query_agg_name(out->kind), out->arg + 1);
    return kernel_agg_finish(&x->sums, x->state, exec_states_result(out->kind), out->type, arena,
                             value, err);
}

status exec_totals_put(const struct exec_totals *t, struct arena *arena, struct str *out,
                       struct error *err)
{
    struct buffer bytes;
    status st = ST_OK;
    buffer_init(&bytes, t->account, TOTALS_CAP_BYTES);
    for (size_t i = 0; i < t->plan->aggregate.arg_count && st == ST_OK; i++)
        st = kernel_agg_encode(&t->totals[i].sums, t->totals[i].state, &bytes, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&bytes), out, err);
    buffer_free(&bytes);
    return st;
}
