// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_int_tmpl.h - count, sum, min and max over one integer type.
 *
 * Usage:
 *     #define AGG       kernel_i32            // names every static symbol
 *     #define CTYPE     int32_t               // column type, converts to KEY without loss
 *     #define KEY       int64_t               // what min and max keep, 8-byte aligned
 *     #define TOTAL     int64_t               // holds the sum of one batch
 *     #define CLASS     KERNEL_INT            // KERNEL_INT: 128-bit sums; KERNEL_WIDE: 192-bit
 * sums #define FUNCTIONS kernel_functions_i32  // the table this makes #include
 * "kernel/kernel_agg_int_tmpl.h" // undefines all six
 *
 * and per class the macros <CLASS>_ADD(sum, v, times), <CLASS>_PLUS(total, v),
 * <CLASS>_FLUSH(sum, total), <CLASS>_SQUARE(limbs, v, times).
 *
 * Loops are made for the common needs (sum; sum, min and max) with constant offsets, and once for
 * any need. */
#if !defined(AGG) || !defined(CTYPE) || !defined(KEY) || !defined(TOTAL) || !defined(CLASS) ||     \
    !defined(FUNCTIONS)
#error "kernel_agg_int_tmpl.h needs AGG, CTYPE, KEY, TOTAL, CLASS and FUNCTIONS"
#endif
#define FN(suffix) PASTE(AGG, suffix)

/* One value, `times` times, into one state. */
ALWAYS_INLINE void FN(_one)(char *s, CTYPE value, int64_t times, const struct kernel_layout *at)
{
    KEY v = (KEY)value;
    if (at->sum != KERNEL_ABSENT)
        PASTE(CLASS, _ADD)(s + at->sum, v, times);
    *kernel_i64_at(s, at->count) += times;
    if (at->min != KERNEL_ABSENT) {
        KEY *min = (KEY *)(void *)(s + at->min);
        *min = v < *min ? v : *min;
    }
    if (at->max != KERNEL_ABSENT) {
        KEY *max = (KEY *)(void *)(s + at->max);
        *max = v > *max ? v : *max;
    }
}

/* Rows to their groups; through a dictionary when codes is not NULL. */
ALWAYS_INLINE void FN(_grouped)(char *states, size_t stride, const uint32_t *groups,
                                const CTYPE *values, const uint32_t *codes, size_t rows,
                                const struct kernel_layout *at)
{
    for (size_t i = 0; i < rows; i++) {
        size_t ahead = i + KERNEL_AHEAD < rows ? i + KERNEL_AHEAD : i;
        __builtin_prefetch(states + groups[ahead] * stride, 1);
        FN(_one)(states + groups[i] * stride, codes ? values[codes[i]] : values[i], 1, at);
    }
}

/* All rows to one group: totals in registers, one update. */
ALWAYS_INLINE void FN(_single)(char *s, const CTYPE *values, const uint32_t *codes, size_t rows,
                               const struct kernel_layout *at)
{
    KEY min = values[codes ? codes[0] : 0], max = min;
    TOTAL total = {0};
    for (size_t i = 0; i < rows; i++) {
        KEY v = (KEY)(codes ? values[codes[i]] : values[i]);
        PASTE(CLASS, _PLUS)(total, v);
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    if (at->sum != KERNEL_ABSENT)
        PASTE(CLASS, _FLUSH)(s + at->sum, total);
    *kernel_i64_at(s, at->count) += (int64_t)rows;
    if (at->min != KERNEL_ABSENT) {
        KEY *kept = (KEY *)(void *)(s + at->min);
        *kept = min < *kept ? min : *kept;
    }
    if (at->max != KERNEL_ABSENT) {
        KEY *kept = (KEY *)(void *)(s + at->max);
        *kept = max > *kept ? max : *kept;
    }
}

static void FN(_rare)(struct kernel_agg *k, const struct kernel_groups *g, const CTYPE *values,
                      const uint32_t *codes, size_t rows, int64_t times)
{
    for (size_t i = 0; i < rows; i++) {
        char *s = kernel_state_of(g, i);
        CTYPE v = codes ? values[codes[i]] : values[i];
        if (k->at.squares != KERNEL_ABSENT)
            PASTE(CLASS, _SQUARE)(kernel_limbs_at(s, k->at.squares), (KEY)v, times);
        if (k->at.first != KERNEL_ABSENT && !kernel_first_at(s, k->at.first)->met) {
            kernel_first_at(s, k->at.first)->met = 1;
            memcpy(kernel_first_at(s, k->at.first)->value, &v, sizeof(v));
        }
    }
}

static void FN(_rows)(struct kernel_agg *k, const struct kernel_groups *g, const CTYPE *values,
                      const uint32_t *codes, size_t rows)
{
    const struct kernel_layout sum = kernel_layout_of(CLASS, KERNEL_SUM), any = k->at;
    const struct kernel_layout all = kernel_layout_of(CLASS, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX);
    if (k->need & (KERNEL_SQUARES | KERNEL_FIRST))
        FN(_rare)(k, g, values, codes, rows, 1);
    if (!g->of_row && codes)
        FN(_single)(kernel_state_of(g, 0), values, codes, rows, &any);
    else if (!g->of_row)
        FN(_single)(kernel_state_of(g, 0), values, NULL, rows, &any);
    else if (k->need == KERNEL_SUM && codes)
        FN(_grouped)(g->states, g->stride, g->of_row, values, codes, rows, &sum);
    else if (k->need == KERNEL_SUM)
        FN(_grouped)(g->states, g->stride, g->of_row, values, NULL, rows, &sum);
    else if (k->need == (KERNEL_SUM | KERNEL_MIN | KERNEL_MAX) && codes)
        FN(_grouped)(g->states, g->stride, g->of_row, values, codes, rows, &all);
    else if (k->need == (KERNEL_SUM | KERNEL_MIN | KERNEL_MAX))
        FN(_grouped)(g->states, g->stride, g->of_row, values, NULL, rows, &all);
    else
        FN(_grouped)(g->states, g->stride, g->of_row, values, codes, rows, &any);
}

static status FN(_add_values)(struct kernel_agg *k, const struct kernel_groups *g,
                              const void *values, size_t rows, struct error *err)
{
    FN(_rows)(k, g, values, NULL, rows);
    return ST_OK;
}

static status FN(_add_codes)(struct kernel_agg *k, const struct kernel_groups *g,
                             const struct column_dictionary *d, const uint32_t *codes, size_t rows,
                             struct error *err)
{
    FN(_rows)(k, g, d->values, codes, rows);
    return ST_OK;
}

static status FN(_add_run)(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                           int64_t rows, struct error *err)
{
    CTYPE v;
    memcpy(&v, value, sizeof(v));
    size_t states = g->of_row ? (size_t)rows : 1;
    int64_t times = g->of_row ? 1 : rows;
    if (k->need & (KERNEL_SQUARES | KERNEL_FIRST)) {
        for (size_t i = 0; i < states; i++) {
            struct kernel_groups one = *g;
            one.one = g->of_row ? g->of_row[i] : g->one;
            one.of_row = NULL;
            FN(_rare)(k, &one, &v, NULL, 1, times);
        }
    }
    for (size_t i = 0; i < states; i++)
        FN(_one)(kernel_state_of(g, i), v, times, &k->at);
    return ST_OK;
}

const struct kernel_agg_functions FUNCTIONS = {
    .class = CLASS,
    .add_run = FN(_add_run),
    .add_codes = FN(_add_codes),
    .add_values = FN(_add_values),
};

#undef AGG
#undef CTYPE
#undef KEY
#undef TOTAL
#undef CLASS
#undef FUNCTIONS
#undef FN
