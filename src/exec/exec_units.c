// SPDX-License-Identifier: Apache-2.0
/* exec_units.c - rows, key ranges and totals of each data file that an aggregation reads.
 *
 *     rows      of all batches
 *     keys      least and greatest: a kernel with MIN and MAX over the key's spans, and whether a
 *               NULL was met, which is greater than all values
 *     totals    a kernel for each argument, over the rows that the groups get, too; values of small
 *               dictionaries are counted first (exec_tally.h)
 *
 * Keys cost little because most of their values are codes, of which each is looked at once:
 *
 *     codes  7 7 3 7 9 3 ...      met[7], met[3], met[9]; only these go to the kernel, and nothing
 *                                 does any more once all entries of the dictionary were met
 *
 * U1  totals are added up from the rows alone: groups and their states have no part in them
 * U2  a file's unit is written once, when the next file's first batch comes or the input ends; files
 *     without rows keep the unit they have from the start */
#include "exec/exec_units.h"

#include "column/column_key.h"
#include "exec/exec_tally.h"
#include "iceberg/iceberg.h"

#define MET_CAP_BYTES    ((size_t)1 << 32) /* a byte for every code there can be */
#define TOTALS_CAP_BYTES ((size_t)1 << 30)

/* The only group of a kernel. */
struct one_state {
    struct kernel_agg kernel;
    char *state; /* in the file's arena */
};

struct unit_key {
    struct column_type type;
    struct one_state extremes;
    bool has_null;
    uint64_t dictionary; /* whose codes `met` is about; 0 = none */
    uint32_t unmet;      /* entries of it that were not met */
    struct buffer met;   /* owned: a byte an entry */
};

struct exec_unit_maker {
    const struct query_plan *plan;  /* borrowed */
    struct exec_units *units;       /* borrowed */
    struct kernel_scratch *scratch; /* borrowed */
    struct mem_account *account;    /* borrowed */
    struct unit_key *keys;          /* owned: key_count */
    struct one_state *totals;       /* owned: arg_count */
    struct exec_tally *tallies;     /* owned: arg_count; rows that `totals` gets later */
    struct arena arena;             /* states, for the file at hand */
    bool begun;
    size_t file;
    int64_t rows;
};

/* ---- opening --------------------------------------------------------------------------------- */

static const struct query_plan *scan_below(const struct query_plan *aggregate)
{
    const struct query_plan *p = aggregate->input;
    while (p && (p->kind == QUERY_PLAN_FILTER || p->kind == QUERY_PLAN_PROJECT))
        p = p->input;
    return p && p->kind == QUERY_PLAN_SCAN ? p : NULL;
}

unsigned exec_total_need(const struct query_plan *aggregate, size_t arg)
{
    unsigned need = 0;
    for (size_t i = 0; i < aggregate->aggregate.out_count; i++)
        if (aggregate->aggregate.outs[i].arg == (int)arg)
            need |= exec_states_need(aggregate->aggregate.outs[i].kind);
    return need & (KERNEL_SUM | KERNEL_SQUARES);
}

/* A unit without rows for each file: of a state that counts nothing there is one byte, 0. */
static status empty_units(struct exec_unit_maker *m, size_t files, struct error *err)
{
    struct exec_units *u = m->units;
    struct str totals = {.len = m->plan->aggregate.arg_count};
    TRY(arena_calloc(u->arena, totals.len + 1, (void **)&totals.ptr, err));
    TRY(ARENA_ARRAY(u->arena, struct exec_unit, files, &u->units, err));
    for (size_t i = 0; i < files; i++)
        u->units[i].totals = totals;
    u->count = files;
    return ST_OK;
}

static status open_maker(struct exec_unit_maker *m, size_t files, struct error *err)
{
    size_t keys = m->plan->aggregate.key_count, args = m->plan->aggregate.arg_count;
    TRY(mem_calloc(m->account, keys * sizeof(*m->keys), (void **)&m->keys, err));
    TRY(mem_calloc(m->account, args * sizeof(*m->totals), (void **)&m->totals, err));
    TRY(mem_calloc(m->account, args * sizeof(*m->tallies), (void **)&m->tallies, err));
    for (size_t i = 0; i < args; i++)
        exec_tally_init(&m->tallies[i], m->account);
    for (size_t i = 0; i < keys; i++) {
        m->keys[i].type = m->plan->aggregate.keys[i]->type;
        buffer_init(&m->keys[i].met, m->account, MET_CAP_BYTES);
    }
    return empty_units(m, files, err);
}

status exec_units_open(const struct query_plan *aggregate, const struct exec_context *c,
                       struct kernel_scratch *scratch, struct exec_unit_maker **out,
                       struct error *err)
{
    const struct query_plan *scan = c->units ? scan_below(aggregate) : NULL;
    *out = NULL;
    if (!scan)
        return ST_OK;
    struct exec_unit_maker *m;
    TRY(mem_calloc(c->account, sizeof(*m), (void **)&m, err));
    *m = (struct exec_unit_maker){
        .plan = aggregate, .units = c->units, .scratch = scratch, .account = c->account};
    arena_init(&m->arena, c->account);
    *out = m; /* the caller closes it, also after a failure */
    return open_maker(m, scan->scan.files->count, err);
}

void exec_units_close(struct exec_unit_maker *m)
{
    if (!m)
        return;
    size_t keys = m->plan->aggregate.key_count, args = m->plan->aggregate.arg_count;
    for (size_t i = 0; m->keys && i < keys; i++)
        buffer_free(&m->keys[i].met);
    for (size_t i = 0; m->tallies && i < args; i++)
        exec_tally_free(&m->tallies[i]);
    mem_free(m->account, m->keys, m->keys ? keys * sizeof(*m->keys) : 0);
    mem_free(m->account, m->totals, m->totals ? args * sizeof(*m->totals) : 0);
    mem_free(m->account, m->tallies, m->tallies ? args * sizeof(*m->tallies) : 0);
    arena_free(&m->arena);
    mem_free(m->account, m, sizeof(*m));
}

static struct kernel_groups only_group(const struct one_state *s)
{
    return (struct kernel_groups){.states = s->state, .stride = s->kernel.at.bytes, .count = 1};
}

/* ---- the unit of a file ---------------------------------------------------------------------- */

static status start_state(struct exec_unit_maker *m, struct one_state *s, struct column_type type,
                          unsigned need, struct error *err)
{
    TRY(kernel_agg_init(&s->kernel, type, need, &m->arena, m->scratch, err));
    TRY(arena_alloc(&m->arena, s->kernel.at.bytes, (void **)&s->state, err));
    kernel_agg_start(&s->kernel, s->state, s->kernel.at.bytes, 1);
    return ST_OK;
}

static status begin_unit(struct exec_unit_maker *m, struct error *err)
{
    const struct query_plan *p = m->plan;
    arena_reset(&m->arena);
    for (size_t i = 0; i < p->aggregate.key_count; i++) {
        struct unit_key *k = &m->keys[i];
        k->has_null = false;
        k->dictionary = 0;
        TRY(start_state(m, &k->extremes, k->type, KERNEL_MIN | KERNEL_MAX, err));
    }
    for (size_t i = 0; i < p->aggregate.arg_count; i++)
        TRY(start_state(m, &m->totals[i], exec_states_type(&p->aggregate.args[i]),
                        exec_total_need(p, i), err));
    m->begun = true;
    m->file = m->units->file;
    m->rows = 0;
    return ST_OK;
}

static status put_key(const struct unit_key *k, enum kernel_result which, bool null,
                      struct arena *arena, struct str *out, struct error *err)
{
    struct column_value v = {.type = k->type, .null = true};
    struct buffer bytes;
    status st = ST_OK;
    buffer_init(&bytes, arena->account, TOTALS_CAP_BYTES);
    if (!null)
        st = kernel_agg_finish(&k->extremes.kernel, k->extremes.state, which, k->type, arena, &v,
                               err);
    if (st == ST_OK)
        st = column_key_put(&v, &bytes, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&bytes), out, err);
    buffer_free(&bytes);
    return st;
}

static status put_keys(struct exec_unit_maker *m, struct exec_unit *u, struct error *err)
{
    struct arena *arena = m->units->arena;
    size_t count = m->plan->aggregate.key_count;
    TRY(ARENA_ARRAY(arena, struct str, count, &u->low, err));
    TRY(ARENA_ARRAY(arena, struct str, count, &u->high, err));
    for (size_t i = 0; i < count; i++) {
        const struct unit_key *k = &m->keys[i]; /* without values the extremes are NULL, too */
        TRY(put_key(k, KERNEL_RESULT_MIN, false, arena, &u->low[i], err));
        TRY(put_key(k, KERNEL_RESULT_MAX, k->has_null, arena, &u->high[i], err));
    }
    return ST_OK;
}

static status put_totals(struct exec_unit_maker *m, struct exec_unit *u, struct error *err)
{
    struct buffer bytes;
    status st = ST_OK;
    buffer_init(&bytes, m->account, TOTALS_CAP_BYTES);
    for (size_t i = 0; i < m->plan->aggregate.arg_count && st == ST_OK; i++) {
        struct kernel_groups g = only_group(&m->totals[i]);
        st = exec_tally_flush(&m->tallies[i], &m->totals[i].kernel, &g, err);
        if (st == ST_OK)
            st = kernel_agg_encode(&m->totals[i].kernel, m->totals[i].state, &bytes, err);
    }
    if (st == ST_OK)
        st = arena_str(m->units->arena, buffer_str(&bytes), &u->totals, err);
    buffer_free(&bytes);
    return st;
}

status exec_units_end(struct exec_unit_maker *m, struct error *err)
{
    if (!m->begun)
        return ST_OK;
    struct exec_unit *u = &m->units->units[m->file];
    m->begun = false;
    u->rows = m->rows;
    TRY(put_keys(m, u, err));
    return put_totals(m, u, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

status exec_units_batch(struct exec_unit_maker *m, int64_t rows, struct error *err)
{
    if (!m->begun || m->file != m->units->file) {
        ENSURE(m->units->file < m->units->count, err);
        TRY(exec_units_end(m, err)); /* U2 */
        TRY(begin_unit(m, err));
    }
    m->rows += rows;
    return ST_OK;
}

status exec_units_add(struct exec_unit_maker *m, size_t arg, const struct exec_states_rows *r,
                      struct error *err)
{
    struct one_state *s = &m->totals[arg];
    struct kernel_groups g = only_group(s);
    return s->kernel.need && exec_tally_takes(r)
               ? exec_tally_add(&m->tallies[arg], r, &s->kernel, &g, err)
               : exec_states_add(&s->kernel, &g, r, err);
}

static bool any_null(const struct column_span *s)
{
    for (int64_t i = 0; s->valid && i < s->rows; i += 64) {
        int64_t left = s->rows - i;
        uint64_t in = left < 64 ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
        if (~s->valid[i / 64] & in)
            return true;
    }
    return false;
}

/* Codes of rows that are not NULL and were not met before, each once. */
#define NEW_CODES(type)                                                                            \
    do {                                                                                           \
        const type *codes_ = span->codes;                                                          \
        for (int64_t i = 0; i < span->rows; i++)                                                   \
            if (!met[codes_[i]] && column_bit(span->valid, i)) {                                   \
                met[codes_[i]] = 1;                                                                \
                out[n++] = codes_[i];                                                              \
            }                                                                                      \
    } while (0)

static size_t new_codes(const struct column_span *span, uint8_t *met, uint32_t *out)
{
    size_t n = 0;
    if (span->code_bytes == 2)
        NEW_CODES(uint16_t);
    else
        NEW_CODES(uint32_t);
    return n;
}

static status add_codes(struct unit_key *k, const struct column_span *span, struct error *err)
{
    uint32_t codes[COLUMN_SPAN_ROWS];
    const struct column_dictionary *d = span->dictionary;
    if (k->dictionary != d->id) {
        buffer_clear(&k->met);
        TRY(buffer_reserve(&k->met, d->count, err));
        memset(k->met.data, 0, d->count);
        k->dictionary = d->id;
        k->unmet = d->count;
    }
    if (k->unmet == 0)
        return ST_OK;
    size_t n = new_codes(span, k->met.data, codes);
    if (n == 0)
        return ST_OK;
    k->unmet -= (uint32_t)n;
    struct kernel_groups g = only_group(&k->extremes);
    struct column_span fresh = {
        .kind = SPAN_CODES, .code_bytes = 4, .rows = (int64_t)n, .codes = codes, .dictionary = d};
    return kernel_agg_add(&k->extremes.kernel, &g, &fresh, fresh.rows, NULL, 0, err);
}

status exec_units_key(struct exec_unit_maker *m, size_t key, const struct column_span *span,
                      struct error *err)
{
    struct unit_key *k = &m->keys[key];
    k->has_null |= span->run_null || any_null(span);
    if (span->kind == SPAN_CODES)
        return add_codes(k, span, err);
    struct kernel_groups g = only_group(&k->extremes);
    return kernel_agg_add(&k->extremes.kernel, &g, span, span->rows, NULL, 0, err);
}
