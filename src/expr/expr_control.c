// SPDX-License-Identifier: Apache-2.0
/* expr_control.c - the nodes that decide which rows evaluate which argument.
 *
 * Each keeps a mask of rows that are still undecided and gives it to the next argument as `active`,
 * so an argument behind a decision can neither raise nor cost. Branches are merged into the node's
 * own vector by mask:
 *
 *     undecided  1111 1111        CASE WHEN a THEN x WHEN b THEN y ELSE z
 *     a is true  1001 0000   ->   x into rows 0, 3
 *     b is true  .10. 0001   ->   y into rows 1, 7
 *     else       ..1. 111.   ->   z into the rest
 *
 * Where one argument answers all rows its span is handed on as it is. */
#include "expr/expr_int.h"

static bool is_null_run(const struct column_span *s)
{
    return s->kind == SPAN_RUN && s->run_null;
}

status expr_node_booleans(struct expr_node *n, struct expr_frame *f, const uint64_t *is_true,
                          const uint64_t *not_null, bool run, struct column_span *out,
                          struct error *err)
{
    *out = (struct column_span){.kind = SPAN_RUN, .rows = f->rows, .values = n->one};
    if (run) {
        out->run_null = !expr_mask_any(not_null, f->rows);
        n->one[0] = expr_mask_any(is_true, f->rows);
        return ST_OK;
    }
    TRY(expr_node_room(n, err));
    uint8_t *to = n->values;
    for (int64_t i = 0; i < f->rows; i++)
        to[i] = is_true[i / 64] >> (i % 64) & 1;
    memcpy(n->valid, not_null, f->words * sizeof(*n->valid));
    out->kind = SPAN_VALUES;
    out->values = n->values;
    out->valid = n->valid;
    return ST_OK;
}

/* AND: an argument that is FALSE decides; OR: one that is TRUE. What no argument decides is NULL
 * where one was NULL, else the opposite. */
status expr_node_and(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                     struct column_span *out, struct error *err)
{
    bool is_or = n->kind == QUERY_OR, run = true;
    EXPR_MASK(undecided);
    EXPR_MASK(null_seen) = {0};
    EXPR_MASK(is_true);
    EXPR_MASK(not_null);
    expr_mask_copy(undecided, active, f->rows);
    for (size_t k = 0; k < n->arg_count && expr_mask_any(undecided, f->rows); k++) {
        struct column_span s;
        TRY(expr_node_eval(n->args[k], f, k == 0 ? active : undecided, &s, err));
        run &= s.kind == SPAN_RUN;
        expr_mask_of(&s, is_true, not_null);
        for (size_t w = 0; w < f->words; w++) {
            undecided[w] &= ~(is_or ? is_true[w] : not_null[w] & ~is_true[w]);
            null_seen[w] |= ~not_null[w];
        }
    }
    for (size_t w = 0; w < f->words; w++) {
        uint64_t asked = active ? active[w] : ~UINT64_C(0);
        not_null[w] = asked & ~(undecided[w] & null_seen[w]);
        is_true[w] = not_null[w] & (is_or ? ~undecided[w] : undecided[w]);
    }
    not_null[f->words - 1] &= expr_mask_tail(f->rows);
    is_true[f->words - 1] &= expr_mask_tail(f->rows);
    return expr_node_booleans(n, f, is_true, not_null, run, out, err);
}

/* ---- merging --------------------------------------------------------------------------------- */

/* The node's vector with every row NULL. */
static status merge_begin(struct expr_node *n, struct expr_frame *f, struct error *err)
{
    TRY(expr_node_room(n, err));
    memset(n->values, 0, n->bytes * (size_t)f->rows);
    memset(n->valid, 0, f->words * sizeof(*n->valid));
    return ST_OK;
}

struct pair {
    uint64_t low, high; /* a value of 16 bytes; moved as words, arrays of str are 8-aligned */
};

#define MERGE(type)                                                                                \
    do {                                                                                           \
        type *to = n->values;                                                                      \
        const type *from = s->values;                                                              \
        for (size_t w = 0; w < f->words; w++)                                                      \
            for (uint64_t bits = n_take[w]; bits; bits &= bits - 1) {                              \
                size_t i = w * 64 + (size_t)__builtin_ctzll(bits);                                 \
                to[i] = from[i * step];                                                            \
            }                                                                                      \
    } while (0)

/* Copies the rows of `take` from `s`, a result of n->args[arg]. */
static status merge(struct expr_node *n, struct expr_frame *f, const uint64_t *take, size_t arg,
                    struct column_span *s, struct error *err)
{
    if (is_null_run(s))
        return ST_OK;
    TRY(expr_node_flatten(n->args[arg], s, err));
    EXPR_MASK(n_take);
    size_t step = s->kind == SPAN_VALUES;
    for (size_t w = 0; w < f->words; w++) {
        n_take[w] = take[w] & (s->valid ? s->valid[w] : ~UINT64_C(0));
        n->valid[w] = (n->valid[w] & ~take[w]) | n_take[w];
    }
    switch (n->bytes) {
    case 1:
        MERGE(uint8_t);
        break;
    case 4:
        MERGE(uint32_t);
        break;
    case 8:
        MERGE(uint64_t);
        break;
    default:
        MERGE(struct pair);
        break;
    }
    return ST_OK;
}

static void merge_end(struct expr_node *n, struct expr_frame *f, struct column_span *out)
{
    *out = (struct column_span){.kind = SPAN_VALUES, .rows = f->rows, .values = n->values};
    for (size_t w = 0; w < f->words; w++) {
        uint64_t all = w + 1 < f->words ? ~UINT64_C(0) : expr_mask_tail(f->rows);
        if ((n->valid[w] & all) != all)
            out->valid = n->valid;
    }
}

/* ---- CASE, COALESCE -------------------------------------------------------------------------- */

/* What a guarded node has decided so far. */
struct guard {
    EXPR_MASK(undecided);
    bool merging; /* some rows are in the node's vector already */
};

/* Gives `take` (a part of the undecided rows) the result of an argument. *whole says that it
 * answers all rows that were asked for, and then it stands in `out`. */
static status guard_take(struct expr_node *n, struct expr_frame *f, struct guard *g,
                         const uint64_t *take, size_t arg, struct column_span *result, bool *whole,
                         struct column_span *out, struct error *err)
{
    uint64_t left = 0;
    for (size_t w = 0; w < f->words; w++) {
        g->undecided[w] &= ~take[w];
        left |= g->undecided[w];
    }
    *whole = !left && !g->merging;
    if (*whole) {
        *out = *result;
        return ST_OK;
    }
    if (!g->merging)
        TRY(merge_begin(n, f, err));
    g->merging = true;
    return merge(n, f, take, arg, result, err);
}

status expr_node_case(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                      struct column_span *out, struct error *err)
{
    struct guard g = {.merging = false};
    EXPR_MASK(take);
    EXPR_MASK(not_null);
    struct column_span s;
    bool whole;
    expr_mask_copy(g.undecided, active, f->rows);
    for (size_t k = 0; k + 1 < n->arg_count && expr_mask_any(g.undecided, f->rows); k += 2) {
        TRY(expr_node_eval(n->args[k], f, k == 0 ? active : g.undecided, &s, err));
        expr_mask_of(&s, take, not_null);
        for (size_t w = 0; w < f->words; w++)
            take[w] &= g.undecided[w];
        if (!expr_mask_any(take, f->rows))
            continue;
        TRY(expr_node_eval(n->args[k + 1], f, take, &s, err));
        TRY(guard_take(n, f, &g, take, k + 1, &s, &whole, out, err));
        if (whole)
            return ST_OK;
    }
    size_t otherwise = n->arg_count - 1;
    if (expr_mask_any(g.undecided, f->rows) || !g.merging) {
        memcpy(take, g.undecided, f->words * sizeof(*take));
        TRY(expr_node_eval(n->args[otherwise], f, take, &s, err));
        TRY(guard_take(n, f, &g, take, otherwise, &s, &whole, out, err));
        if (whole)
            return ST_OK;
    }
    merge_end(n, f, out);
    return ST_OK;
}

status expr_node_coalesce(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                          struct column_span *out, struct error *err)
{
    struct guard g = {.merging = false};
    EXPR_MASK(take);
    struct column_span s;
    bool whole;
    expr_mask_copy(g.undecided, active, f->rows);
    for (size_t k = 0; k < n->arg_count; k++) {
        bool last = k + 1 == n->arg_count;
        if (k > 0 && !expr_mask_any(g.undecided, f->rows))
            break;
        TRY(expr_node_eval(n->args[k], f, k == 0 ? active : g.undecided, &s, err));
        memcpy(take, g.undecided, f->words * sizeof(*take));
        if (is_null_run(&s) && !last)
            continue;
        for (size_t w = 0; w < f->words && !last && s.kind != SPAN_RUN && s.valid; w++)
            take[w] &= s.valid[w];
        TRY(guard_take(n, f, &g, take, k, &s, &whole, out, err));
        if (whole)
            return ST_OK;
    }
    merge_end(n, f, out);
    return ST_OK;
}

/* ---- NULLIF, GREATEST, LEAST ------------------------------------------------------------- */

status expr_node_nullif(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                        struct column_span *out, struct error *err)
{
    struct expr_node *equal = n->equal;
    struct column_span first, s;
    EXPR_MASK(is_true);
    EXPR_MASK(not_null);
    TRY(expr_node_eval(n->args[0], f, active, &first, err));
    TRY(expr_node_eval(n->args[1], f, active, &equal->spans[1], err));
    equal->spans[0] = first;
    TRY(expr_node_apply(equal, f, active, &s, err));
    expr_mask_of(&s, is_true, not_null);
    if (!expr_mask_any(is_true, f->rows)) {
        *out = first;
        return ST_OK;
    }
    if (s.kind == SPAN_RUN) {
        *out = (struct column_span){.kind = SPAN_RUN, .rows = f->rows, .run_null = true};
        return ST_OK;
    }
    TRY(merge_begin(n, f, err));
    expr_mask_copy(not_null, active, f->rows);
    for (size_t w = 0; w < f->words; w++)
        not_null[w] &= ~is_true[w];
    TRY(merge(n, f, not_null, 0, &first, err));
    merge_end(n, f, out);
    return ST_OK;
}

/* Row i of a RUN or VALUES span, NULL pointer for NULL. */
static const void *value_at(const struct column_span *s, size_t bytes, int64_t i)
{
    if (s->kind == SPAN_RUN)
        return s->run_null ? NULL : s->values;
    return column_bit(s->valid, i) ? (const uint8_t *)s->values + (size_t)i * bytes : NULL;
}

static bool is_active(const uint64_t *active, int64_t i)
{
    return column_bit(active, i);
}

/* NULLs are ignored; the first of equals stays, as in PostgreSQL. */
status expr_node_greatest(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                          struct column_span *out, struct error *err)
{
    int sign = n->kind == QUERY_GREATEST ? 1 : -1;
    bool run = true;
    EXPR_MASK(take);
    TRY(merge_begin(n, f, err));
    struct column_span best = {.kind = SPAN_VALUES, .values = n->values, .valid = n->valid};
    for (size_t k = 0; k < n->arg_count; k++) {
        struct column_span s;
        TRY(expr_node_eval(n->args[k], f, active, &s, err));
        run &= s.kind == SPAN_RUN;
        if (is_null_run(&s))
            continue;
        TRY(expr_node_flatten(n->args[k], &s, err));
        memset(take, 0, sizeof(take));
        for (int64_t i = 0; i < f->rows; i++) {
            const void *new = is_active(active, i) ? value_at(&s, n->bytes, i) : NULL;
            const void *old = value_at(&best, n->bytes, i);
            if (new && (!old || expr_compare(n->phys, new, old) * sign > 0))
                take[i / 64] |= UINT64_C(1) << (i % 64);
        }
        TRY(merge(n, f, take, k, &s, err));
    }
    merge_end(n, f, out);
    if (run && !active) { /* row 0 speaks for all */
        memcpy(n->one, n->values, n->bytes);
        *out = (struct column_span){
            .kind = SPAN_RUN, .rows = f->rows, .run_null = !(n->valid[0] & 1), .values = n->one};
    }
    return ST_OK;
}
