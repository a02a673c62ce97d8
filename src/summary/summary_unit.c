// SPDX-License-Identifier: Apache-2.0
/* summary_unit.c - what covered files gave: as a scan found it, and as rows come and go. */
#include "summary/summary_build_int.h"

#include "column/column_key.h"

status summary_unit_of(const struct exec_unit *u, int64_t id, size_t keys, struct arena *arena,
                       struct summary_unit *out, struct error *err)
{
    *out = (struct summary_unit){.id = id, .rows = u->rows, .totals = u->totals};
    if (u->rows == 0)
        return ST_OK;
    TRY(summary_range_put(u->low, keys, arena, &out->low, err));
    return summary_range_put(u->high, keys, arena, &out->high, err);
}

/* The range that holds both. */
static status widen(struct summary_build *b, struct summary_unit *u, const struct exec_unit *more,
                    struct error *err)
{
    struct str *low, *high;
    TRY(summary_range_parse(u->low, b->key_count, b->arena, &low, err));
    TRY(summary_range_parse(u->high, b->key_count, b->arena, &high, err));
    for (size_t i = 0; i < b->key_count; i++) {
        if (column_key_cmp(more->low[i], low[i]) < 0)
            low[i] = more->low[i];
        if (column_key_cmp(more->high[i], high[i]) > 0)
            high[i] = more->high[i];
    }
    TRY(summary_range_put(low, b->key_count, b->arena, &u->low, err));
    return summary_range_put(high, b->key_count, b->arena, &u->high, err);
}

/* u's totals with those of rows that came, or without those of rows that went. */
static status change_totals(struct summary_build *b, struct summary_unit *u, struct str change,
                            bool subtract, struct error *err)
{
    struct exec_totals *t;
    TRY(exec_totals_create(b->aggregate, b->exec->account, &t, err));
    status st = exec_totals_add(t, u->totals, err);
    if (st == ST_OK)
        st = subtract ? exec_totals_subtract(t, change, err) : exec_totals_add(t, change, err);
    if (st == ST_OK)
        st = exec_totals_put(t, b->arena, &u->totals, err);
    exec_totals_free(t);
    return st;
}

status summary_unit_add(struct summary_build *b, struct summary_unit *u,
                        const struct exec_unit *more, struct error *err)
{
    if (more->rows == 0)
        return ST_OK;
    if (u->rows == 0)
        return summary_unit_of(more, u->id, b->key_count, b->arena, u, err);
    TRY(widen(b, u, more, err));
    u->rows += more->rows;
    return change_totals(b, u, more->totals, false, err);
}

/* The range stays: it may only be too wide. */
status summary_unit_subtract(struct summary_build *b, struct summary_unit *u,
                             const struct exec_unit *less, struct error *err)
{
    if (less->rows > u->rows)
        FAIL(err, ST_CORRUPT, "%lld rows have gone, of %lld that it gave when it was covered",
             (long long)less->rows, (long long)u->rows);
    u->rows -= less->rows;
    if (less->rows > 0)
        TRY(change_totals(b, u, less->totals, true, err));
    if (u->rows == 0)
        *u = (struct summary_unit){.id = u->id};
    return ST_OK;
}
