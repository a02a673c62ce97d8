// SPDX-License-Identifier: Apache-2.0
/* expr_in.c - IN: a subject among a list of values.
 *
 * A short list is compared element by element, each over the rows that no earlier one matched. A
 * long list of constants is sorted once, and every row searches it:
 *
 *     list     sorted values without NULLs and repetitions, in physical form
 *     row      lower bound by halving, then one comparison
 *
 * L1  expr_compare orders values as = does: NaN equals NaN, -0.0 equals +0.0 */
#include "expr/expr_int.h"

#define SHORT_LIST 8 /* elements; below, the vector loops are faster */

struct expr_list {
    size_t count;
    uint8_t *values; /* in the node's memory; ascending, distinct */
    bool has_null;
};

/* TRUE where one is equal, else NULL where the subject or one of the list is NULL, else FALSE. */
status expr_node_in(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                    struct column_span *out, struct error *err)
{
    struct expr_node *equal = n->equal;
    struct column_span subject, s;
    bool run;
    EXPR_MASK(undecided);
    EXPR_MASK(null_seen) = {0};
    EXPR_MASK(is_true);
    EXPR_MASK(not_null);
    expr_mask_copy(undecided, active, f->rows);
    TRY(expr_node_eval(n->args[0], f, active, &subject, err));
    run = subject.kind == SPAN_RUN;
    TRY(expr_node_flatten(n->args[0], &subject, err));
    for (size_t k = 1; k < n->arg_count && expr_mask_any(undecided, f->rows); k++) {
        TRY(expr_node_eval(n->args[k], f, undecided, &equal->spans[1], err));
        equal->spans[0] = subject;
        equal->args[1] = n->args[k];
        TRY(expr_node_apply(equal, f, undecided, &s, err));
        run &= s.kind == SPAN_RUN;
        expr_mask_of(&s, is_true, not_null);
        for (size_t w = 0; w < f->words; w++) {
            undecided[w] &= ~is_true[w];
            null_seen[w] |= ~not_null[w];
        }
    }
    for (size_t w = 0; w < f->words; w++) {
        uint64_t asked = active ? active[w] : ~UINT64_C(0);
        is_true[w] = asked & ~undecided[w];
        not_null[w] = asked & ~(undecided[w] & null_seen[w]);
    }
    not_null[f->words - 1] &= expr_mask_tail(f->rows);
    is_true[f->words - 1] &= expr_mask_tail(f->rows);
    return expr_node_booleans(n, f, is_true, not_null, run, out, err);
}

/* ---- long lists ------------------------------------------------------------------------------ */

static void swap(uint8_t *a, uint8_t *b, size_t bytes)
{
    uint8_t keep[16];
    memcpy(keep, a, bytes);
    memcpy(a, b, bytes);
    memcpy(b, keep, bytes);
}

/* Restores the heap (a parent is not below its children) under `root`. */
static void sift(uint8_t *v, size_t root, size_t count, size_t bytes, enum column_phys phys)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && expr_compare(phys, v + child * bytes, v + (child + 1) * bytes) < 0)
            child++;
        if (expr_compare(phys, v + root * bytes, v + child * bytes) >= 0)
            return;
        swap(v + root * bytes, v + child * bytes, bytes);
        root = child;
    }
}

/* Heap sort: no memory, and a bound that no list of constants can break. */
static void sort(uint8_t *v, size_t count, size_t bytes, enum column_phys phys)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(v, i, count, bytes, phys);
    for (size_t i = count; i-- > 1;) {
        swap(v, v + i * bytes, bytes);
        sift(v, 0, i, bytes, phys);
    }
}

status expr_list_create(struct expr_node *n, struct error *err)
{
    size_t bytes = n->args[0]->bytes, count = 0;
    enum column_phys phys = n->args[0]->phys;
    if (n->arg_count - 1 <= SHORT_LIST)
        return ST_OK;
    for (size_t k = 1; k < n->arg_count; k++)
        if (n->args[k]->kind != QUERY_CONST)
            return ST_OK;
    TRY(ARENA_NEW(n->memory, struct expr_list, &n->list, err));
    struct expr_list *l = n->list;
    TRY(arena_array(n->memory, n->arg_count, bytes, (void **)&l->values, err));
    for (size_t k = 1; k < n->arg_count; k++) {
        l->has_null |= n->args[k]->run_null;
        if (!n->args[k]->run_null)
            memcpy(l->values + l->count++ * bytes, n->args[k]->one, bytes);
    }
    sort(l->values, l->count, bytes, phys);
    for (size_t i = 0; i < l->count; i++) {
        uint8_t *last = l->values + count * bytes, *v = l->values + i * bytes;
        if (i == 0 || expr_compare(phys, last - bytes, v) != 0) {
            memmove(last, v, bytes);
            count++;
        }
    }
    l->count = count;
    return ST_OK;
}

static bool contains(const struct expr_list *l, const uint8_t *v, size_t bytes,
                     enum column_phys phys)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (expr_compare(phys, l->values + middle * bytes, v) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && expr_compare(phys, l->values + low * bytes, v) == 0;
}

status expr_node_in_list(struct expr_node *n, struct expr_frame *f, const uint64_t *active,
                         struct column_span *out, struct error *err)
{
    struct column_span s;
    EXPR_MASK(is_true) = {0};
    EXPR_MASK(not_null) = {0};
    size_t bytes = n->args[0]->bytes;
    TRY(expr_node_eval(n->args[0], f, active, &s, err));
    TRY(expr_node_flatten(n->args[0], &s, err));
    bool run = s.kind == SPAN_RUN;
    int64_t rows = run ? 1 : f->rows;
    for (int64_t i = 0; i < rows; i++) {
        bool known = run ? !s.run_null : column_bit(active, i) && column_bit(s.valid, i);
        const uint8_t *v = (const uint8_t *)s.values + (size_t)i * bytes;
        bool found = known && contains(n->list, v, bytes, n->args[0]->phys);
        is_true[i / 64] |= (uint64_t)found << (i % 64);
        not_null[i / 64] |= (uint64_t)(known && (found || !n->list->has_null)) << (i % 64);
    }
    return expr_node_booleans(n, f, is_true, not_null, run, out, err);
}
