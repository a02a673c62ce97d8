// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_load.c - stored columns to states: the inverse of finish for what a summary keeps.
 *
 *     count | rows, missing --> how many values each state counts, checked
 *     s1, rest              --> two doubles each, added to the window as values are
 *     more                  --> the group's `more`, checked by itself first
 *     sum, squares          --> added to the limbs
 *     min, max              --> compared as values are
 *
 * Stored bytes are hostile: each state must be one that values can have. What is checked also keeps
 * every sum of states inside the limbs that hold it:
 *
 *     L1  counts of a group add up below 2^63
 *     L2  |sum| <= count * 2^63 where limbs are 128 bits; |sum| < 10^38 where they are 192
 *     L3  0 <= squares < 2^254 * count, in 320 bits */
#include "kernel/kernel_int.h"

#define SQUARE_BITS 253 /* of one value's square: 10^76 */

/* ---- columns --------------------------------------------------------------------------------- */

/* Rows of a span at one step. */
struct part {
    const char *values; /* NULL: every row is NULL */
    size_t step;        /* bytes from one value to the next; 0 in a RUN */
    const uint64_t *valid;
    const uint16_t *codes16;
    const uint32_t *codes32;
};

struct load {
    struct kernel_agg *k;
    const struct kernel_groups *g;
    const struct kernel_stored *stored;
    const uint16_t *selected; /* NULL: rows 0 to n - 1 */
    size_t n;
    int64_t count[KERNEL_ROWS]; /* of these rows */
};

static struct part part_of(const struct column_span *s, size_t bytes)
{
    struct part p = {.values = s->values, .step = s->kind == SPAN_RUN ? 0 : bytes};
    if (s->kind == SPAN_RUN) {
        p.values = s->run_null ? NULL : s->values;
        return p;
    }
    p.valid = s->valid;
    if (s->kind == SPAN_CODES) {
        p.values = s->dictionary->count ? s->dictionary->values : NULL;
        p.codes16 = s->code_bytes == 2 ? s->codes : NULL;
        p.codes32 = s->code_bytes == 4 ? s->codes : NULL;
    }
    return p;
}

ALWAYS_INLINE size_t row_of(const struct load *l, size_t i)
{
    return l->selected ? l->selected[i] : i;
}

/* NULL for NULL. */
ALWAYS_INLINE const char *value_at(const struct part *p, size_t row)
{
    if (!p->values || !column_bit(p->valid, (int64_t)row))
        return NULL;
    size_t at = p->codes16 ? p->codes16[row] : p->codes32 ? p->codes32[row] : row;
    return p->values + at * p->step;
}

ALWAYS_INLINE bool i64_at(const struct part *p, size_t row, int64_t *out)
{
    const char *v = value_at(p, row);
    if (v)
        memcpy(out, v, sizeof(*out));
    return v != NULL;
}

/* Raises at a row, which the caller names. */
#define FAIL_ROW(l, i, err, ...)                                                                   \
    do {                                                                                           \
        (l)->k->failed = row_of((l), (i));                                                         \
        FAIL((err), ST_CORRUPT, __VA_ARGS__);                                                      \
    } while (0)
#define TRY_ROW(l, i, call)                                                                        \
    do {                                                                                           \
        status st_ = (call);                                                                       \
        if (st_ != ST_OK) {                                                                        \
            (l)->k->failed = row_of((l), (i));                                                     \
            return st_;                                                                            \
        }                                                                                          \
    } while (0)

/* ---- counts ---------------------------------------------------------------------------------- */

static status counts_alone(struct load *l, struct error *err)
{
    struct part count = part_of(l->stored->count, sizeof(int64_t));
    for (size_t i = 0; i < l->n; i++)
        if (!i64_at(&count, row_of(l, i), &l->count[i]) || l->count[i] < 0)
            FAIL_ROW(l, i, err, "a stored count is NULL or negative");
    return ST_OK;
}

/* rows - missing: the count, or what it must be. */
static status counts_of_rows(struct load *l, bool known, struct error *err)
{
    struct part rows = part_of(l->stored->rows, sizeof(int64_t));
    struct part missing = part_of(l->stored->missing, sizeof(int64_t));
    for (size_t i = 0; i < l->n; i++) {
        int64_t all, less;
        if (!i64_at(&rows, row_of(l, i), &all) || !i64_at(&missing, row_of(l, i), &less))
            FAIL_ROW(l, i, err, "a stored count of rows or of missing values is NULL");
        if (less < 0 || all < less)
            FAIL_ROW(l, i, err, "%lld of %lld stored rows are without a value", (long long)less,
                     (long long)all);
        if (known && l->count[i] != all - less)
            FAIL_ROW(l, i, err, "a stored count is %lld, but %lld of %lld rows have values",
                     (long long)l->count[i], (long long)(all - less), (long long)all);
        l->count[i] = all - less;
    }
    return ST_OK;
}

/* Without a count a sum of doubles still says whether there are values: they count as one. */
static status counts_of_sums(struct load *l, struct error *err)
{
    ENSURE(l->k->functions->class == KERNEL_FLOAT && l->k->need == KERNEL_SUM, err);
    ENSURE(l->stored->s1 && l->stored->more, err);
    struct part s1 = part_of(l->stored->s1, sizeof(double));
    struct part more = part_of(l->stored->more, sizeof(struct str));
    for (size_t i = 0; i < l->n; i++)
        l->count[i] = value_at(&s1, row_of(l, i)) || value_at(&more, row_of(l, i));
    return ST_OK;
}

static status load_counts(struct load *l, struct error *err)
{
    const struct kernel_stored *s = l->stored;
    if (s->count)
        TRY(counts_alone(l, err));
    if (s->rows && s->missing)
        return counts_of_rows(l, s->count != NULL, err);
    return s->count ? ST_OK : counts_of_sums(l, err);
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* A state that is not in the short form, looked at by itself before it joins the group. */
static status add_long(struct load *l, size_t i, char *state, const struct kernel_exact_stored *s,
                       struct error *err)
{
    struct kernel_exact_box box;
    struct kernel_exact *part = kernel_exact_box_init(&box), *more;
    bool counted, known = l->stored->count || l->stored->rows;
    int64_t n = l->count[i];
    TRY(kernel_exact_add_stored(part, s, &counted, NULL, err));
    if (counted != (n > 0))
        FAIL(err, ST_CORRUPT, "a stored sum of %lld values is %s", (long long)n,
             counted ? "there" : "NULL");
    if (n == 0)
        return ST_OK;
    uint128 odd = (uint128)part->nan + (uint128)part->positive + (uint128)part->negative;
    if (known && odd > (uint128)n)
        FAIL(err, ST_CORRUPT, "a stored sum of %lld values has more that are not finite",
             (long long)n);
    TRY(kernel_more_of(l->k, state, &more, err));
    return kernel_exact_merge(more, part, l->k->arena, err);
}

/* Short ones are two doubles each. */
static status load_floats(struct load *l, struct error *err)
{
    const struct kernel_stored *s = l->stored;
    double values[KERNEL_ROWS], rests[KERNEL_ROWS];
    uint32_t groups[KERNEL_ROWS];
    size_t kept = 0;
    bool any_rest = false;
    ENSURE(s->s1 && s->rest && s->more, err);
    struct part s1 = part_of(s->s1, sizeof(double)), rest = part_of(s->rest, sizeof(double));
    struct part more = part_of(s->more, sizeof(struct str));
    for (size_t i = 0; i < l->n; i++) {
        size_t row = row_of(l, i);
        struct kernel_exact_stored x = {(const void *)value_at(&s1, row),
                                        (const void *)value_at(&rest, row),
                                        (const void *)value_at(&more, row)};
        if (l->count[i] == 0 || !kernel_exact_is_short(&x)) {
            TRY_ROW(l, i, add_long(l, i, kernel_state_of(l->g, row), &x, err));
            continue;
        }
        values[kept] = *x.s1;
        rests[kept] = *x.rest;
        any_rest |= *x.rest != 0;
        groups[kept++] = l->g->of_row ? l->g->of_row[row] : l->g->one;
    }
    struct kernel_groups packed = *l->g;
    packed.of_row = groups;
    TRY(kernel_sums_add(l->k, &packed, values, kept, err));
    return any_rest ? kernel_sums_add(l->k, &packed, rests, kept, err) : ST_OK;
}

/* |sum| <= count * 2^63, or below 10^38 (L2). */
static bool sum_possible(int128 sum, int64_t count, bool wide)
{
    uint128 m = sum < 0 ? -(uint128)sum : (uint128)sum;
    return wide ? m < (uint128)wide_pow10(38) : m <= (uint128)count << 63;
}

static status load_integers(struct load *l, struct error *err)
{
    bool wide = l->k->functions->class == KERNEL_WIDE;
    ENSURE(l->stored->sum, err);
    enum column_phys phys = column_type_phys(l->stored->sum_type);
    ENSURE(phys == PHYS_I64 || phys == PHYS_I128, err);
    struct part sum = part_of(l->stored->sum, column_phys_bytes(phys));
    for (size_t i = 0; i < l->n; i++) {
        const char *v = value_at(&sum, row_of(l, i));
        int128 n = 0;
        int64_t narrow;
        if (v && phys == PHYS_I128) {
            memcpy(&n, v, sizeof(n));
        } else if (v) {
            memcpy(&narrow, v, sizeof(narrow));
            n = narrow;
        }
        if ((!v && l->count[i] > 0) || !sum_possible(n, l->count[i], wide) ||
            (l->count[i] == 0 && n != 0))
            FAIL_ROW(l, i, err, "a stored sum cannot be that of %lld values",
                     (long long)l->count[i]);
        uint64_t limbs[3] = {(uint64_t)n, (uint64_t)((uint128)n >> 64), n < 0 ? UINT64_MAX : 0};
        char *state = kernel_state_of(l->g, row_of(l, i));
        kernel_limbs_plus(kernel_limbs_at(state, l->k->at.sum), limbs, wide ? 3 : 2);
    }
    return ST_OK;
}

/* ---- squares --------------------------------------------------------------------------------- */

/* L3, for integers; a square of doubles only has a sign. */
static bool squares_possible(const struct kernel_big *b, int64_t count, bool is_float)
{
    size_t most = SQUARE_BITS + 64 - (size_t)__builtin_clzll((uint64_t)count | 1);
    if (b->negative || (count == 0 && b->count > 0))
        return false;
    return is_float || kernel_big_bits(b) + (size_t)b->exponent <= most;
}

static status add_squares(struct load *l, size_t i, struct str bytes, struct error *err)
{
    struct kernel_agg *k = l->k;
    bool is_float = k->functions->class == KERNEL_FLOAT;
    char *state = kernel_state_of(l->g, row_of(l, i));
    uint64_t array[KERNEL_SQUARE_LIMBS];
    struct kernel_limbs part, *own;
    struct kernel_big big;
    kernel_limbs_init(&part, array, is_float ? KERNEL_SQUARE_LIMBS : KERNEL_INT_LIMBS);
    TRY(kernel_integer_take(&part, is_float ? KERNEL_SQUARE_UNIT : 0, bytes, NULL, err));
    kernel_limbs_to_big(&part, 0, &big);
    if (!squares_possible(&big, l->count[i], is_float))
        FAIL(err, ST_CORRUPT, "a stored sum of squares cannot be that of %lld values",
             (long long)l->count[i]);
    if (big.count == 0)
        return ST_OK;
    if (is_float) {
        TRY(kernel_squares_of(k, state, &own, err));
        return kernel_limbs_add_words(own, part.limb, part.count, part.low, false, k->arena, err);
    }
    uint64_t words[KERNEL_INT_LIMBS] = {0};
    memcpy(words + part.low, part.limb, part.count * sizeof(*words)); /* not negative */
    kernel_limbs_plus(kernel_limbs_at(state, k->at.squares), words, KERNEL_INT_LIMBS);
    return ST_OK;
}

static status load_squares(struct load *l, struct error *err)
{
    ENSURE(l->stored->squares, err);
    struct part squares = part_of(l->stored->squares, sizeof(struct str));
    for (size_t i = 0; i < l->n; i++) {
        const char *v = value_at(&squares, row_of(l, i));
        if (!v)
            FAIL_ROW(l, i, err, "a stored sum of squares is NULL");
        struct str bytes;
        memcpy(&bytes, v, sizeof(bytes));
        TRY_ROW(l, i, add_squares(l, i, bytes, err));
    }
    return ST_OK;
}

/* ---- extremes, and the counts at last -------------------------------------------------------- */

static int64_t key_of(enum column_phys phys, const char *v)
{
    int64_t n;
    int32_t narrow;
    double d;
    float f;
    switch (phys) {
    case PHYS_BOOL:
        return *(const uint8_t *)v;
    case PHYS_I32:
        memcpy(&narrow, v, sizeof(narrow));
        return narrow;
    case PHYS_F32:
        memcpy(&f, v, sizeof(f));
        return kernel_key_of_double((double)f);
    case PHYS_F64:
        memcpy(&d, v, sizeof(d));
        return kernel_key_of_double(d);
    default:
        memcpy(&n, v, sizeof(n));
        return n;
    }
}

/* Takes one stored value into the minimum (side < 0) or maximum of a state. */
static status add_extreme(struct kernel_agg *k, char *state, const char *v, int side,
                          struct error *err)
{
    uint16_t at = side < 0 ? k->at.min : k->at.max;
    bool empty = *kernel_i64_at(state, k->at.count) == 0;
    struct column_interval *interval = kernel_interval_at(state, at), span;
    kernel_i128 *wide = kernel_i128_at(state, at);
    struct str *text = kernel_str_at(state, at), s;
    int64_t *narrow = kernel_i64_at(state, at), key;
    int128 w;
    switch (k->functions->class) {
    case KERNEL_TEXT:
        memcpy(&s, v, sizeof(s));
        return !text->ptr || str_cmp(s, *text) * side > 0 ? kernel_text_keep(k, text, s, err)
                                                          : ST_OK;
    case KERNEL_INTERVAL:
        memcpy(&span, v, sizeof(span));
        if (empty || kernel_interval_cmp(&span, interval) * side > 0)
            *interval = span;
        return ST_OK;
    case KERNEL_WIDE:
        memcpy(&w, v, sizeof(w));
        *wide = (side < 0 ? w < *wide : w > *wide) ? w : *wide;
        return ST_OK;
    default:
        key = key_of(k->phys, v);
        *narrow = (side < 0 ? key < *narrow : key > *narrow) ? key : *narrow;
        return ST_OK;
    }
}

/* One extreme of all rows; counts are still those before this batch or raised by it. */
static status load_extreme(struct load *l, const struct part *p, size_t i, int side,
                           struct error *err)
{
    const char *v = value_at(p, row_of(l, i));
    if ((v != NULL) != (l->count[i] > 0))
        FAIL(err, ST_CORRUPT, "a stored %s of %lld values is %s", side < 0 ? "minimum" : "maximum",
             (long long)l->count[i], v ? "there" : "NULL");
    return v ? add_extreme(l->k, kernel_state_of(l->g, row_of(l, i)), v, side, err) : ST_OK;
}

static status load_rest(struct load *l, struct error *err)
{
    struct kernel_agg *k = l->k;
    bool min = k->need & KERNEL_MIN, max = k->need & KERNEL_MAX;
    size_t bytes = column_phys_bytes(k->phys);
    struct part least = {0}, greatest = {0};
    ENSURE((!min || l->stored->min) && (!max || l->stored->max), err);
    if (min)
        least = part_of(l->stored->min, bytes);
    if (max)
        greatest = part_of(l->stored->max, bytes);
    for (size_t i = 0; i < l->n; i++) {
        int64_t *count = kernel_i64_at(kernel_state_of(l->g, row_of(l, i)), k->at.count);
        if (min)
            TRY_ROW(l, i, load_extreme(l, &least, i, -1, err));
        if (max)
            TRY_ROW(l, i, load_extreme(l, &greatest, i, 1, err));
        if (__builtin_add_overflow(*count, l->count[i], count)) /* L1 */
            FAIL_ROW(l, i, err, "stored counts add up to more than 2^63");
    }
    return ST_OK;
}

status kernel_agg_load(struct kernel_agg *k, const struct kernel_groups *g,
                       const struct kernel_stored *s, int64_t rows, const uint16_t *selected,
                       size_t selected_count, struct error *err)
{
    struct load l; /* its counts are not worth clearing */
    l.k = k;
    l.g = g;
    l.stored = s;
    l.selected = selected;
    l.n = selected ? selected_count : (size_t)rows;
    ENSURE(rows <= KERNEL_ROWS && !(k->need & KERNEL_FIRST), err);
    TRY(load_counts(&l, err));
    if (k->need & KERNEL_SUM)
        TRY(k->functions->class == KERNEL_FLOAT ? load_floats(&l, err) : load_integers(&l, err));
    if (k->need & KERNEL_SQUARES)
        TRY(load_squares(&l, err));
    return load_rest(&l, err);
}
