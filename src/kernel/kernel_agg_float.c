// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_float.c - aggregates of real and double: exact sums on a window, misses beside it.
 *
 *     values --split (SIMD)--> 128-bit part, key per row --scatter--> window += part
 *                        `---> rows that miss the window -------> the group's `more`
 *
 * Splitting rounds a value to multiples of 2^(base + 47) and then of 2^base by adding and taking
 * away a constant whose last mantissa bit has that weight; both integers are differences of bit
 * patterns. A value fits (X1 of kernel_exact.h) if nothing is left and it is below 2^(base + 93);
 * NaN and infinities fail that comparison.
 *
 * A column's values usually lie within a few powers of two, so the window is placed once, from the
 * first batch, with room for values 16 times larger. When it keeps missing, it is placed anew
 * (F2), which costs a walk over all groups.
 *
 * F1  |high| <= 2^46 and |low| <= 2^46, so totals of 2,048 of them fit 64 bits
 * F2  a window is placed anew only after as many misses as an eighth of the groups, and only if the
 *     new place would have halved the misses of the batch at hand; else the next try waits for
 *     four times as many */
#include "kernel/kernel_int.h"

#include <math.h>

#define SPLIT_BITS       47
#define HEADROOM_BITS    4    /* of a placement: later values may be 16 times larger */
#define PREPARED_ENTRIES 4096 /* larger dictionaries are looked up and split per row */
#define ENOUGH_MISSES    512

/* ---- splitting ------------------------------------------------------------------------------- */

/* What splitting one value gives; high = low = 0 for a miss. */
struct split {
    int64_t high, low, key;
};

struct split_constants {
    double limit, high, low;
    uint64_t high_bits, low_bits;
};

ALWAYS_INLINE uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static struct split_constants constants_of(const struct kernel_window *w)
{
    return (struct split_constants){w->limit, w->high, w->low, bits_of(w->high), bits_of(w->low)};
}

/* The one place where a double becomes an integer. Returns all ones if the value fits, else 0. */
ALWAYS_INLINE int64_t split_one(double v, const struct split_constants *c, int64_t *high,
                                int64_t *low)
{
    double h = v + c->high;
    double rest = v - (h - c->high);
    double l = rest + c->low;
    int64_t fits = -(int64_t)((fabs(v) < c->limit) & (l - c->low == rest));
    *high = (int64_t)(bits_of(h) - c->high_bits) & fits;
    *low = (int64_t)(bits_of(l) - c->low_bits) & fits;
    return fits;
}

/* The window parts of `rows` values as 128-bit integers, upper and lower halves. Returns all ones
 * if every value fits. */
ALWAYS_INLINE int64_t split_rows_body(const double *v, size_t rows,
                                      const struct split_constants *constants, int64_t *high,
                                      int64_t *low)
{
    const struct split_constants c = *constants;
    int64_t all = -1;
    for (size_t i = 0; i < rows; i++) {
        int64_t h, l;
        all &= split_one(v[i], &c, &h, &l);
        /* h * 2^47 + l in 128 bits, by halves: what a vector can do, the scatter need not. */
        uint64_t shifted = (uint64_t)h << SPLIT_BITS, bottom = shifted + (uint64_t)l;
        low[i] = (int64_t)bottom;
        high[i] = (h >> (64 - SPLIT_BITS)) + (l >> 63) + (bottom < shifted);
    }
    return all;
}
KERNEL_LEVELS(int64_t, split_rows,
              (const double *v, size_t rows, const struct split_constants *c, int64_t *high,
               int64_t *low),
              (v, rows, c, high, low))

ALWAYS_INLINE void key_rows_body(const double *v, size_t rows, int64_t *key)
{
    for (size_t i = 0; i < rows; i++)
        key[i] = kernel_key_of_double(v[i]);
}
KERNEL_LEVELS(void, key_rows, (const double *v, size_t rows, int64_t *key), (v, rows, key))

/* Totals of one batch for one group (F1). Returns all ones if every value fits. */
ALWAYS_INLINE int64_t total_rows_body(const double *v, size_t rows,
                                      const struct split_constants *constants, int64_t *high_total,
                                      int64_t *low_total)
{
    const struct split_constants c = *constants;
    int64_t all = -1, high = 0, low = 0;
    for (size_t i = 0; i < rows; i++) {
        int64_t h, l;
        all &= split_one(v[i], &c, &h, &l);
        high += h;
        low += l;
    }
    *high_total = high;
    *low_total = low;
    return all;
}
KERNEL_LEVELS(int64_t, total_rows,
              (const double *v, size_t rows, const struct split_constants *c, int64_t *high,
               int64_t *low),
              (v, rows, c, high, low))

ALWAYS_INLINE void extreme_rows_body(const double *v, size_t rows, int64_t *min_out,
                                     int64_t *max_out)
{
    int64_t min = INT64_MAX, max = INT64_MIN;
    for (size_t i = 0; i < rows; i++) {
        int64_t k = kernel_key_of_double(v[i]);
        min = k < min ? k : min;
        max = k > max ? k : max;
    }
    *min_out = min;
    *max_out = max;
}
KERNEL_LEVELS(void, extreme_rows, (const double *v, size_t rows, int64_t *min, int64_t *max),
              (v, rows, min, max))

ALWAYS_INLINE void widen_rows_body(const float *v, size_t rows, double *out)
{
    for (size_t i = 0; i < rows; i++)
        out[i] = (double)v[i];
}
KERNEL_LEVELS(void, widen_rows, (const float *v, size_t rows, double *out), (v, rows, out))

ALWAYS_INLINE int128 joined(int64_t high, int64_t low)
{
    return (int128)((uint128)(int128)high << SPLIT_BITS) + low;
}

ALWAYS_INLINE int128 halves(int64_t high, int64_t low)
{
    return (int128)((uint128)(uint64_t)high << 64 | (uint64_t)low);
}

/* ---- the window ------------------------------------------------------------------------------ */

void kernel_window_place(struct kernel_window *w, int base)
{
    base = base < KERNEL_WINDOW_BASE_MIN ? KERNEL_WINDOW_BASE_MIN : base;
    base = base > KERNEL_WINDOW_BASE_MAX ? KERNEL_WINDOW_BASE_MAX : base;
    w->base = base;
    w->limit = ldexp(1, base + KERNEL_WINDOW_BITS);
    w->high = ldexp(1.5, base + 52 + SPLIT_BITS);
    w->low = ldexp(1.5, base + 52);
    w->number++;
    w->missed = 0;
    w->patience = ENOUGH_MISSES;
}

status kernel_more_of(const struct kernel_agg *k, char *state, struct kernel_exact **out,
                      struct error *err)
{
    struct kernel_exact **more = kernel_more_at(state, k->at.more);
    if (!*more) {
        TRY(ARENA_NEW(k->arena, struct kernel_exact, more, err));
        kernel_exact_init(*more);
    }
    *out = *more;
    return ST_OK;
}

status kernel_squares_of(const struct kernel_agg *k, char *state, struct kernel_limbs **out,
                         struct error *err)
{
    struct kernel_limbs **squares = kernel_squares_at(state, k->at.squares);
    if (!*squares) {
        TRY(ARENA_NEW(k->arena, struct kernel_limbs, squares, err));
        kernel_limbs_init(*squares, NULL, KERNEL_SQUARE_LIMBS);
    }
    *out = *squares;
    return ST_OK;
}

/* What is left in a window counts as one row: below 2^93. */
static bool fits_as_one(int128 window)
{
    uint128 m = window < 0 ? -(uint128)window : (uint128)window;
    return m >> KERNEL_WINDOW_BITS == 0;
}

/* window * 2^from as a multiple of 2^to that counts as one row, if there is one. */
static bool rebased(int128 window, int from, int to, int128 *out)
{
    int up = from - to;
    uint128 m = window < 0 ? -(uint128)window : (uint128)window;
    *out = 0;
    if (m == 0)
        return true;
    if (up >= KERNEL_WINDOW_BITS || up <= -128)
        return false;
    if (up >= 0 ? m >> (KERNEL_WINDOW_BITS - up) : m & (((uint128)1 << -up) - 1))
        return false;
    m = up >= 0 ? m << up : m >> -up;
    *out = window < 0 ? -(int128)m : (int128)m;
    return fits_as_one(*out);
}

status kernel_window_add(struct kernel_agg *k, char *state, int128 window, int base,
                         struct error *err)
{
    struct kernel_exact *more;
    int128 moved;
    if (rebased(window, base, k->window.base, &moved)) {
        *kernel_i128_at(state, k->at.sum) += moved;
        return ST_OK;
    }
    TRY(kernel_more_of(k, state, &more, err));
    return kernel_exact_add_window(more, window, base, k->arena, err);
}

/* Gives every group's window a new base; what does not fit there goes to `more`. */
static status move_windows(struct kernel_agg *k, const struct kernel_groups *g, int base,
                           struct error *err)
{
    int old = k->window.base;
    int64_t rows = k->window.rows;
    kernel_window_place(&k->window, base);
    k->window.rows = rows > 0;
    for (size_t i = 0; rows > 0 && i < g->count; i++) {
        char *state = g->states + i * g->stride;
        kernel_i128 *window = kernel_i128_at(state, k->at.sum);
        int128 was = *window;
        *window = 0;
        TRY(kernel_window_add(k, state, was, old, err));
    }
    return ST_OK;
}

status kernel_window_room(struct kernel_agg *k, const struct kernel_groups *g, int64_t rows,
                          struct error *err)
{
    if (k->window.rows > k->fold_rows - rows)
        TRY(move_windows(k, g, k->window.base, err));
    k->window.rows += rows;
    return ST_OK;
}

/* How many finite values would miss a window with this base. */
static size_t misses_at(const double *values, size_t rows, int base)
{
    struct kernel_window w = {0};
    size_t misses = 0;
    int64_t high, low;
    kernel_window_place(&w, base);
    struct split_constants c = constants_of(&w);
    for (size_t i = 0; i < rows; i++)
        misses += !split_one(values[i], &c, &high, &low) && isfinite(values[i]);
    return misses;
}

/* The exponent e of the largest finite value, 2^(e - 1) <= |v| < 2^e; false if all are 0. */
static bool largest_exponent(const double *v, size_t rows, int *out)
{
    double largest = 0;
    for (size_t i = 0; i < rows; i++)
        if (fabs(v[i]) > largest && isfinite(v[i]))
            largest = fabs(v[i]);
    frexp(largest, out);
    return largest > 0;
}

/* Places the window for the first time, before its first batch is added. */
static void place_first(struct kernel_agg *k, const double *values, size_t rows)
{
    int top;
    if (!k->window.placed && largest_exponent(values, rows, &top)) {
        kernel_window_place(&k->window, top + HEADROOM_BITS - KERNEL_WINDOW_BITS);
        k->window.placed = true;
    }
}

/* After a batch with misses: places the window anew where that pays (F2). */
static status place_again(struct kernel_agg *k, const struct kernel_groups *g, const double *values,
                          size_t rows, struct error *err)
{
    int top;
    if (k->window.missed < k->window.patience + (int64_t)(g->count / 8) ||
        !largest_exponent(values, rows, &top))
        return ST_OK;
    int base = top + HEADROOM_BITS - KERNEL_WINDOW_BITS;
    k->window.missed = 0;
    if (misses_at(values, rows, base) * 2 > misses_at(values, rows, k->window.base)) {
        k->window.patience *= k->window.patience < INT64_MAX / 8 ? 4 : 1;
        return ST_OK;
    }
    return move_windows(k, g, base, err);
}

/* ---- rows to states -------------------------------------------------------------------------- */

static status add_miss(struct kernel_agg *k, char *state, double v, int64_t times,
                       struct error *err)
{
    struct kernel_exact *more;
    TRY(kernel_more_of(k, state, &more, err));
    k->window.missed += isfinite(v) ? times : 0;
    return kernel_exact_add(more, v, times, k->arena, err);
}

/* Finds the values that did not fit again, and adds them. */
static status add_misses(struct kernel_agg *k, const struct kernel_groups *g, const double *values,
                         size_t rows, struct error *err)
{
    struct split_constants c = constants_of(&k->window);
    int64_t high, low;
    for (size_t i = 0; i < rows; i++)
        if (!split_one(values[i], &c, &high, &low))
            TRY(add_miss(k, kernel_state_of(g, i), values[i], 1, err));
    return place_again(k, g, values, rows, err);
}

/* What is added to a state: a value's window part and its key. */
struct part {
    int128 window;
    int64_t key;
};

ALWAYS_INLINE void add_part(char *s, struct part p, int64_t times, const struct kernel_layout *at)
{
    if (at->sum != KERNEL_ABSENT)
        *kernel_i128_at(s, at->sum) += p.window;
    *kernel_i64_at(s, at->count) += times;
    if (at->min != KERNEL_ABSENT) {
        int64_t *min = kernel_i64_at(s, at->min);
        *min = p.key < *min ? p.key : *min;
    }
    if (at->max != KERNEL_ABSENT) {
        int64_t *max = kernel_i64_at(s, at->max);
        *max = p.key > *max ? p.key : *max;
    }
}

ALWAYS_INLINE void scatter(const struct kernel_groups *g, const struct kernel_scratch *b,
                           size_t rows, const struct kernel_layout *at)
{
    for (size_t i = 0; i < rows; i++) {
        size_t ahead = i + KERNEL_AHEAD < rows ? i + KERNEL_AHEAD : i;
        __builtin_prefetch(g->states + g->of_row[ahead] * g->stride, 1);
        struct part p = {halves(b->high[i], b->low[i]), b->key[i]};
        add_part(g->states + g->of_row[i] * g->stride, p, 1, at);
    }
}

static void scatter_rows(const struct kernel_agg *k, const struct kernel_groups *g, size_t rows)
{
    const struct kernel_layout sum = kernel_layout_of(KERNEL_FLOAT, KERNEL_SUM), any = k->at;
    const struct kernel_layout all =
        kernel_layout_of(KERNEL_FLOAT, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX);
    if (k->need == KERNEL_SUM)
        scatter(g, k->scratch, rows, &sum);
    else if (k->need == (KERNEL_SUM | KERNEL_MIN | KERNEL_MAX))
        scatter(g, k->scratch, rows, &all);
    else
        scatter(g, k->scratch, rows, &any);
}

/* Squares and first values: row by row. `times` is for all rows. */
static status add_rare(struct kernel_agg *k, const struct kernel_groups *g, const double *values,
                       size_t rows, int64_t times, struct error *err)
{
    struct kernel_limbs *squares;
    for (size_t i = 0; i < rows; i++) {
        char *s = kernel_state_of(g, i);
        if (k->need & KERNEL_SQUARES && isfinite(values[i])) {
            TRY(kernel_squares_of(k, s, &squares, err));
            TRY(kernel_square_add(squares, values[i], times, k->arena, err));
        }
        if (k->need & KERNEL_FIRST && !kernel_first_at(s, k->at.first)->met) {
            kernel_first_at(s, k->at.first)->met = 1;
            memcpy(kernel_first_at(s, k->at.first)->value, &values[i], sizeof(values[i]));
        }
    }
    return ST_OK;
}

static status add_single(struct kernel_agg *k, const struct kernel_groups *g, const double *values,
                         size_t rows, struct error *err)
{
    char *s = kernel_state_of(g, 0);
    struct split_constants c = constants_of(&k->window);
    int64_t high = 0, low = 0, all = -1, min, max;
    if (k->need & KERNEL_SUM) {
        all = total_rows_levels[k->level](values, rows, &c, &high, &low);
        *kernel_i128_at(s, k->at.sum) += joined(high, low);
    }
    *kernel_i64_at(s, k->at.count) += (int64_t)rows;
    if (k->need & (KERNEL_MIN | KERNEL_MAX)) {
        extreme_rows_levels[k->level](values, rows, &min, &max);
        if (k->need & KERNEL_MIN && min < *kernel_i64_at(s, k->at.min))
            *kernel_i64_at(s, k->at.min) = min;
        if (k->need & KERNEL_MAX && max > *kernel_i64_at(s, k->at.max))
            *kernel_i64_at(s, k->at.max) = max;
    }
    return all ? ST_OK : add_misses(k, g, values, rows, err);
}

static status add_doubles(struct kernel_agg *k, const struct kernel_groups *g, const double *values,
                          size_t rows, struct error *err)
{
    struct kernel_scratch *b = k->scratch;
    int64_t all = -1;
    if (rows == 0)
        return ST_OK;
    if (k->need & (KERNEL_SQUARES | KERNEL_FIRST))
        TRY(add_rare(k, g, values, rows, 1, err));
    if (k->need & KERNEL_SUM) {
        place_first(k, values, rows);
        TRY(kernel_window_room(k, g, (int64_t)rows, err));
    }
    if (!g->of_row)
        return add_single(k, g, values, rows, err);
    struct split_constants c = constants_of(&k->window);
    if (k->need & KERNEL_SUM)
        all = split_rows_levels[k->level](values, rows, &c, b->high, b->low);
    if (k->need & (KERNEL_MIN | KERNEL_MAX))
        key_rows_levels[k->level](values, rows, b->key);
    scatter_rows(k, g, rows);
    return all ? ST_OK : add_misses(k, g, values, rows, err);
}

status kernel_sums_add(struct kernel_agg *k, const struct kernel_groups *g, const double *values,
                       size_t rows, struct error *err)
{
    struct kernel_scratch *b = k->scratch;
    if (rows == 0)
        return ST_OK;
    place_first(k, values, rows);
    TRY(kernel_window_room(k, g, (int64_t)rows, err));
    struct split_constants c = constants_of(&k->window);
    int64_t all = split_rows_levels[k->level](values, rows, &c, b->high, b->low);
    for (size_t i = 0; i < rows; i++)
        *kernel_i128_at(g->states + g->of_row[i] * g->stride, k->at.sum) +=
            halves(b->high[i], b->low[i]);
    return all ? ST_OK : add_misses(k, g, values, rows, err);
}

static status add_double_run(struct kernel_agg *k, const struct kernel_groups *g, double v,
                             int64_t rows, struct error *err)
{
    size_t states = g->of_row ? (size_t)rows : 1;
    int64_t times = g->of_row ? 1 : rows, high = 0, low = 0, fits = -1;
    if (k->need & (KERNEL_SQUARES | KERNEL_FIRST)) {
        for (size_t i = 0; i < states; i++) {
            struct kernel_groups one = *g;
            one.one = g->of_row ? g->of_row[i] : g->one;
            one.of_row = NULL;
            TRY(add_rare(k, &one, &v, 1, times, err));
        }
    }
    if (k->need & KERNEL_SUM) {
        place_first(k, &v, 1);
        if (rows > k->fold_rows) /* X2 has no room for that many: not through the window */
            fits = 0;
        else
            TRY(kernel_window_room(k, g, rows, err));
        struct split_constants c = constants_of(&k->window);
        fits &= split_one(v, &c, &high, &low);
    }
    struct part p = {fits ? joined(high, low) * times : 0, kernel_key_of_double(v)};
    for (size_t i = 0; i < states; i++) {
        char *s = kernel_state_of(g, i);
        add_part(s, p, times, &k->at);
        if (!fits)
            TRY(add_miss(k, s, v, times, err));
    }
    return ST_OK;
}

/* ---- dictionaries ---------------------------------------------------------------------------- */

/* The entries of one dictionary, split for one placement of the window. */
struct kernel_prepared {
    uint64_t id;        /* of the dictionary; 0 = none */
    uint32_t placement; /* window.number */
    uint32_t count, capacity;
    bool missing;       /* some entry does not fit the window */
    struct part *parts; /* in the kernel's arena; as many as entries */
    double *values;     /* in the kernel's arena; the entries as doubles */
};

static void doubles_of(const struct kernel_agg *k, const void *values, size_t rows, double *out)
{
    if (k->phys == PHYS_F32)
        widen_rows_levels[k->level](values, rows, out);
    else
        memcpy(out, values, rows * sizeof(*out));
}

static status prepare(struct kernel_agg *k, const struct kernel_groups *g,
                      const struct column_dictionary *d, struct error *err)
{
    struct kernel_prepared *p = k->prepared;
    if (d->count > PREPARED_ENTRIES || d->count == 0)
        return ST_OK;
    if (!p) {
        TRY(ARENA_NEW(k->arena, struct kernel_prepared, &p, err));
        k->prepared = p;
    }
    if (p->id == d->id && p->placement == k->window.number)
        return ST_OK;
    if (p->capacity < d->count) {
        p->capacity = 0;
        TRY(ARENA_ARRAY(k->arena, struct part, PREPARED_ENTRIES, &p->parts, err));
        TRY(ARENA_ARRAY(k->arena, double, PREPARED_ENTRIES, &p->values, err));
        p->capacity = PREPARED_ENTRIES;
    }
    doubles_of(k, d->values, d->count, p->values);
    place_first(k, p->values, d->count);
    struct split_constants c = constants_of(&k->window);
    p->missing = false;
    for (uint32_t i = 0; i < d->count; i++) {
        int64_t high, low;
        p->missing |= !split_one(p->values[i], &c, &high, &low);
        p->parts[i] = (struct part){joined(high, low), kernel_key_of_double(p->values[i])};
    }
    p->id = d->id;
    p->placement = k->window.number;
    p->count = d->count;
    return ST_OK;
}

ALWAYS_INLINE void scatter_codes(const struct kernel_groups *g, const struct part *parts,
                                 const uint32_t *codes, size_t rows, const struct kernel_layout *at)
{
    for (size_t i = 0; i < rows; i++) {
        size_t ahead = i + KERNEL_AHEAD < rows ? i + KERNEL_AHEAD : i;
        __builtin_prefetch(g->states + g->of_row[ahead] * g->stride, 1);
        add_part(g->states + g->of_row[i] * g->stride, parts[codes[i]], 1, at);
    }
}

static void add_parts(const struct kernel_agg *k, const struct kernel_groups *g,
                      const uint32_t *codes, size_t rows)
{
    const struct part *parts = k->prepared->parts;
    const struct kernel_layout sum = kernel_layout_of(KERNEL_FLOAT, KERNEL_SUM), any = k->at;
    const struct kernel_layout all =
        kernel_layout_of(KERNEL_FLOAT, KERNEL_SUM | KERNEL_MIN | KERNEL_MAX);
    if (g->of_row && k->need == KERNEL_SUM) {
        scatter_codes(g, parts, codes, rows, &sum);
    } else if (g->of_row && k->need == (KERNEL_SUM | KERNEL_MIN | KERNEL_MAX)) {
        scatter_codes(g, parts, codes, rows, &all);
    } else if (g->of_row) {
        scatter_codes(g, parts, codes, rows, &any);
    } else {
        struct part total = parts[codes[0]];
        int64_t least = total.key;
        for (size_t i = 1; i < rows; i++) {
            struct part p = parts[codes[i]];
            total.window += p.window;
            total.key = p.key > total.key ? p.key : total.key;
            least = p.key < least ? p.key : least;
        }
        char *s = kernel_state_of(g, 0);
        add_part(s, total, (int64_t)rows, &any);
        if (k->need & KERNEL_MIN && least < *kernel_i64_at(s, k->at.min))
            *kernel_i64_at(s, k->at.min) = least;
    }
}

static status add_codes(struct kernel_agg *k, const struct kernel_groups *g,
                        const struct column_dictionary *d, const uint32_t *codes, size_t rows,
                        struct error *err)
{
    double *wide = k->scratch->wide;
    if (rows == 0)
        return ST_OK;
    bool ready = k->prepared && k->prepared->id == d->id &&
                 k->prepared->placement == k->window.number && !k->prepared->missing;
    if (ready && !(k->need & (KERNEL_SQUARES | KERNEL_FIRST))) {
        if (k->need & KERNEL_SUM) {
            TRY(kernel_window_room(k, g, (int64_t)rows, err));
            if (k->prepared->placement != k->window.number) /* folding placed it anew */
                TRY(prepare(k, g, d, err));
        }
        add_parts(k, g, codes, rows);
        return ST_OK;
    }
    if (k->phys == PHYS_F32) {
        const float *entries = d->values;
        for (size_t i = 0; i < rows; i++)
            wide[i] = (double)entries[codes[i]];
    } else {
        const double *entries = d->values;
        for (size_t i = 0; i < rows; i++)
            wide[i] = entries[codes[i]];
    }
    return add_doubles(k, g, wide, rows, err);
}

static status add_f64(struct kernel_agg *k, const struct kernel_groups *g, const void *values,
                      size_t rows, struct error *err)
{
    return add_doubles(k, g, values, rows, err);
}

static status add_f32(struct kernel_agg *k, const struct kernel_groups *g, const void *values,
                      size_t rows, struct error *err)
{
    widen_rows_levels[k->level](values, rows, k->scratch->wide);
    return add_doubles(k, g, k->scratch->wide, rows, err);
}

static status add_f64_run(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                          int64_t rows, struct error *err)
{
    double v;
    memcpy(&v, value, sizeof(v));
    return add_double_run(k, g, v, rows, err);
}

static status add_f32_run(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                          int64_t rows, struct error *err)
{
    float v;
    memcpy(&v, value, sizeof(v));
    return add_double_run(k, g, (double)v, rows, err);
}

const struct kernel_agg_functions kernel_functions_f64 = {
    .class = KERNEL_FLOAT,
    .prepare_dictionary = prepare,
    .add_run = add_f64_run,
    .add_codes = add_codes,
    .add_values = add_f64,
};

const struct kernel_agg_functions kernel_functions_f32 = {
    .class = KERNEL_FLOAT,
    .prepare_dictionary = prepare,
    .add_run = add_f32_run,
    .add_codes = add_codes,
    .add_values = add_f32,
};
