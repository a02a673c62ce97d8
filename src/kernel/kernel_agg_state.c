// SPDX-License-Identifier: Apache-2.0
/* kernel_agg_state.c - whole states: merged, taken away again, and as canonical bytes.
 *
 * Bytes of a state, parts as `need` asks, nothing behind a count of 0:
 *     count                        unsigned LEB128
 *     sum                          length, then kernel_exact_put (floats) or kernel_integer_put
 *     min, max, first              integers and floats 8, wide decimals and intervals 16 bytes,
 *                                  little-endian; text: length, bytes
 *     squares                      length, then kernel_integer_put
 * Equal multisets of values give equal bytes (first excepted). */
#include "kernel/kernel_int.h"

#include <math.h>

/* ---- merge ----------------------------------------------------------------------------------- */

/* to += from, or -= ; both tables have the same window, or `same` is false. */
static status add_exact(struct kernel_agg *to, char *t, const struct kernel_agg *from,
                        const char *f, bool subtract, bool same, struct error *err)
{
    int128 window = *kernel_i128_at(f, from->at.sum);
    const struct kernel_exact *more = *kernel_more_at(f, from->at.more);
    struct kernel_exact *own;
    window = subtract ? -window : window;
    if (same)
        *kernel_i128_at(t, to->at.sum) += window;
    else if (window != 0)
        TRY(kernel_window_add(to, t, window, from->window.base, err));
    if (!more)
        return ST_OK;
    TRY(kernel_more_of(to, t, &own, err));
    return subtract ? kernel_exact_subtract(own, more, to->arena, err)
                    : kernel_exact_merge(own, more, to->arena, err);
}

static status add_sums(struct kernel_agg *to, char *t, const struct kernel_agg *from, const char *f,
                       bool subtract, bool same, struct error *err)
{
    enum kernel_class class = to->functions->class;
    if (class == KERNEL_FLOAT) {
        TRY(add_exact(to, t, from, f, subtract, same, err));
    } else {
        size_t limbs = class == KERNEL_WIDE ? 3 : 2;
        uint64_t *a = kernel_limbs_at(t, to->at.sum), *b = kernel_limbs_at(f, from->at.sum);
        subtract ? kernel_limbs_minus(a, b, limbs) : kernel_limbs_plus(a, b, limbs);
    }
    if (!(to->need & KERNEL_SQUARES))
        return ST_OK;
    if (class == KERNEL_FLOAT) {
        const struct kernel_limbs *squares = *kernel_squares_at(f, from->at.squares);
        struct kernel_limbs *own;
        if (!squares)
            return ST_OK;
        TRY(kernel_squares_of(to, t, &own, err));
        return kernel_limbs_add_words(own, squares->limb, squares->count, squares->low, subtract,
                                      to->arena, err);
    }
    uint64_t *a = kernel_limbs_at(t, to->at.squares), *b = kernel_limbs_at(f, from->at.squares);
    subtract ? kernel_limbs_minus(a, b, KERNEL_INT_LIMBS)
             : kernel_limbs_plus(a, b, KERNEL_INT_LIMBS);
    return ST_OK;
}

/* Min, max and first of a state that has values; before the counts are added. */
static status keep_values(const struct kernel_agg *k, char *t, const char *f, struct error *err)
{
    enum kernel_class class = k->functions->class;
    if (class == KERNEL_INTERVAL) {
        if (k->need & KERNEL_MIN)
            kernel_interval_extremes(k, t, kernel_interval_at(f, k->at.min));
        bool empty = *kernel_i64_at(t, k->at.count) == 0;
        struct column_interval *max = kernel_interval_at(t, k->at.max);
        const struct column_interval *other = kernel_interval_at(f, k->at.max);
        if (k->need & KERNEL_MAX && (empty || kernel_interval_cmp(other, max) > 0))
            *max = *other;
    } else if (class == KERNEL_TEXT) {
        if (k->need & KERNEL_MIN)
            TRY(kernel_text_extremes(k, t, *kernel_str_at(f, k->at.min), err));
        if (k->need & KERNEL_MAX)
            TRY(kernel_text_extremes(k, t, *kernel_str_at(f, k->at.max), err));
    } else if (class == KERNEL_WIDE) {
        kernel_i128 *min = kernel_i128_at(t, k->at.min), *max = kernel_i128_at(t, k->at.max);
        if (k->need & KERNEL_MIN && *kernel_i128_at(f, k->at.min) < *min)
            *min = *kernel_i128_at(f, k->at.min);
        if (k->need & KERNEL_MAX && *kernel_i128_at(f, k->at.max) > *max)
            *max = *kernel_i128_at(f, k->at.max);
    } else {
        int64_t *min = kernel_i64_at(t, k->at.min), *max = kernel_i64_at(t, k->at.max);
        if (k->need & KERNEL_MIN && *kernel_i64_at(f, k->at.min) < *min)
            *min = *kernel_i64_at(f, k->at.min);
        if (k->need & KERNEL_MAX && *kernel_i64_at(f, k->at.max) > *max)
            *max = *kernel_i64_at(f, k->at.max);
    }
    if (!(k->need & KERNEL_FIRST) || kernel_first_at(t, k->at.first)->met)
        return ST_OK;
    struct kernel_first *first = kernel_first_at(t, k->at.first);
    *first = *kernel_first_at(f, k->at.first);
    if (class == KERNEL_TEXT) {
        struct str kept = {0};
        TRY(kernel_text_keep(k, &kept, *kernel_str_at(first->value, 0), err));
        memcpy(first->value, &kept, sizeof(kept));
    }
    return ST_OK;
}

/* Brings the windows of two tables together; true if they are on one grid. */
static status meet(struct kernel_agg *to, const struct kernel_groups *groups,
                   const struct kernel_agg *from, bool *same, struct error *err)
{
    *same = true;
    if (to->functions->class != KERNEL_FLOAT || !(to->need & KERNEL_SUM))
        return ST_OK;
    if (!to->window.placed && from->window.placed) {
        kernel_window_place(&to->window, from->window.base);
        to->window.placed = true;
    }
    *same = to->window.base == from->window.base;
    return kernel_window_room(to, groups, *same ? from->window.rows : 1, err);
}

status kernel_agg_merge(struct kernel_agg *to, const struct kernel_groups *to_groups,
                        const struct kernel_agg *from, const struct kernel_groups *from_groups,
                        const uint32_t *map, struct error *err)
{
    bool same;
    TRY(meet(to, to_groups, from, &same, err));
    for (size_t i = 0; i < from_groups->count; i++) {
        const char *f = from_groups->states + i * from_groups->stride;
        char *t = to_groups->states + map[i] * to_groups->stride;
        int64_t count = *kernel_i64_at(f, from->at.count);
        if (count == 0)
            continue;
        to->failed = i;
        if (to->need & KERNEL_SUM)
            TRY(add_sums(to, t, from, f, false, same, err));
        if (to->need & (KERNEL_MIN | KERNEL_MAX | KERNEL_FIRST))
            TRY(keep_values(to, t, f, err));
        if (__builtin_add_overflow(*kernel_i64_at(t, to->at.count), count,
                                   kernel_i64_at(t, to->at.count)))
            FAIL(err, ST_CORRUPT, "counts add up to more than 2^63");
    }
    return ST_OK;
}

/* ---- subtract -------------------------------------------------------------------------------- */

static bool limbs_are_zero(const uint64_t *limbs, size_t n)
{
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= limbs[i];
    return any == 0;
}

/* True if sums and squares are exactly nothing. */
static status is_empty(const struct kernel_agg *k, const char *s, bool *out, struct error *err)
{
    enum kernel_class class = k->functions->class;
    struct kernel_exact_box box;
    *out = true;
    if (k->need & KERNEL_SUM && class == KERNEL_FLOAT) {
        TRY(kernel_exact_of_state(k, s, &box, err));
        *out = kernel_exact_is_zero(&box.exact);
    } else if (k->need & KERNEL_SUM) {
        *out = limbs_are_zero(kernel_limbs_at(s, k->at.sum), class == KERNEL_WIDE ? 3 : 2);
    }
    if (k->need & KERNEL_SQUARES && class == KERNEL_FLOAT) {
        const struct kernel_limbs *squares = *kernel_squares_at(s, k->at.squares);
        *out &= !squares || limbs_are_zero(squares->limb, squares->count);
    } else if (k->need & KERNEL_SQUARES) {
        *out &= limbs_are_zero(kernel_limbs_at(s, k->at.squares), KERNEL_INT_LIMBS);
    }
    return ST_OK;
}

status kernel_agg_subtract(struct kernel_agg *to, const struct kernel_groups *to_groups,
                           const struct kernel_agg *from, const struct kernel_groups *from_groups,
                           const uint32_t *map, struct error *err)
{
    bool same, empty;
    TRY(meet(to, to_groups, from, &same, err));
    for (size_t i = 0; i < from_groups->count; i++) {
        const char *f = from_groups->states + i * from_groups->stride;
        char *t = to_groups->states + map[i] * to_groups->stride;
        int64_t *count = kernel_i64_at(t, to->at.count);
        int64_t less = *kernel_i64_at(f, from->at.count);
        to->failed = i;
        if (less > *count)
            FAIL(err, ST_CORRUPT, "%lld values taken away from a group of %lld", (long long)less,
                 (long long)*count);
        if (to->need & KERNEL_SUM)
            TRY(add_sums(to, t, from, f, true, same, err));
        *count -= less;
        if (*count > 0)
            continue;
        TRY(is_empty(to, t, &empty, err));
        if (!empty)
            FAIL(err, ST_CORRUPT, "a group without values is left with a sum");
        kernel_agg_start(to, t, to_groups->stride, 1);
    }
    return ST_OK;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static status put_uvarint(struct buffer *out, uint64_t v, struct error *err)
{
    for (; v >= 0x80; v >>= 7)
        TRY(buffer_append_byte(out, (uint8_t)(v | 0x80), err));
    return buffer_append_byte(out, (uint8_t)v, err);
}

status kernel_exact_of_state(const struct kernel_agg *k, const char *state,
                             struct kernel_exact_box *box, struct error *err)
{
    struct kernel_exact *x = kernel_exact_box_init(box);
    const struct kernel_exact *more = *kernel_more_at(state, k->at.more);
    TRY(kernel_exact_add_window(x, *kernel_i128_at(state, k->at.sum), k->window.base, NULL, err));
    return more ? kernel_exact_merge(x, more, NULL, err) : ST_OK;
}

static struct kernel_limbs limbs_of(const uint64_t *words, uint16_t count)
{
    return (struct kernel_limbs){(uint64_t *)(uintptr_t)words, 0, count, count, count};
}

static status put_sum(const struct kernel_agg *k, const char *state, struct buffer *out,
                      struct error *err)
{
    struct kernel_exact_box box;
    if (k->functions->class == KERNEL_FLOAT) {
        TRY(kernel_exact_of_state(k, state, &box, err));
        return kernel_exact_put(&box.exact, out, err);
    }
    struct kernel_limbs l =
        limbs_of(kernel_limbs_at(state, k->at.sum), k->functions->class == KERNEL_WIDE ? 3 : 2);
    return kernel_integer_put(&l, 0, out, err);
}

static status put_squares(const struct kernel_agg *k, const char *state, struct buffer *out,
                          struct error *err)
{
    struct kernel_limbs none = {0};
    if (k->functions->class == KERNEL_FLOAT) {
        const struct kernel_limbs *l = *kernel_squares_at(state, k->at.squares);
        return kernel_integer_put(l ? l : &none, KERNEL_SQUARE_UNIT, out, err);
    }
    struct kernel_limbs l = limbs_of(kernel_limbs_at(state, k->at.squares), KERNEL_INT_LIMBS);
    return kernel_integer_put(&l, 0, out, err);
}

/* Writes the bytes of `put` behind their length. */
static status put_counted(const struct kernel_agg *k, const char *state,
                          status (*put)(const struct kernel_agg *, const char *, struct buffer *,
                                        struct error *),
                          struct buffer *out, struct error *err)
{
    struct buffer part;
    buffer_init(&part, NULL, 4096);
    status st = put(k, state, &part, err);
    if (st == ST_OK)
        st = put_uvarint(out, part.len, err);
    if (st == ST_OK)
        st = buffer_append(out, part.data, part.len, err);
    buffer_free(&part);
    return st;
}

static status put_value(const struct kernel_agg *k, const char *value, struct buffer *out,
                        struct error *err)
{
    if (k->functions->class != KERNEL_TEXT)
        return buffer_append(out, value, kernel_key_bytes(k->functions->class), err);
    TRY(put_uvarint(out, kernel_str_at(value, 0)->len, err));
    return buffer_append_str(out, *kernel_str_at(value, 0), err);
}

status kernel_agg_encode(const struct kernel_agg *k, const char *state, struct buffer *out,
                         struct error *err)
{
    int64_t count = *kernel_i64_at(state, k->at.count);
    TRY(put_uvarint(out, (uint64_t)count, err));
    if (count == 0)
        return ST_OK;
    if (k->need & KERNEL_SUM)
        TRY(put_counted(k, state, put_sum, out, err));
    if (k->need & KERNEL_MIN)
        TRY(put_value(k, state + k->at.min, out, err));
    if (k->need & KERNEL_MAX)
        TRY(put_value(k, state + k->at.max, out, err));
    if (k->need & KERNEL_FIRST)
        TRY(put_value(k, kernel_first_at(state, k->at.first)->value, out, err));
    if (k->need & KERNEL_SQUARES)
        TRY(put_counted(k, state, put_squares, out, err));
    return ST_OK;
}

/* As bytes_uvarint, but only what put_uvarint writes: no zero byte at the end. */
static status take_uvarint(struct bytes *in, uint64_t *out, struct error *err)
{
    size_t from = in->at;
    TRY(bytes_uvarint(in, out, err));
    if (in->at - from > 1 && in->data[in->at - 1] == 0)
        FAIL(err, ST_CORRUPT, "a number at offset %zu of a state has more bytes than it needs",
             from);
    return ST_OK;
}

static status take_text(struct bytes *in, struct str *out, struct error *err)
{
    uint64_t n;
    const uint8_t *p;
    TRY(take_uvarint(in, &n, err));
    TRY(bytes_take(in, n, &p, err));
    *out = (struct str){(const char *)p, (size_t)n};
    return ST_OK;
}

/* An integer of `count` limbs from its bytes into a state. */
static status take_words(uint64_t *words, uint16_t count, struct str bytes, struct error *err)
{
    uint64_t array[KERNEL_INT_LIMBS];
    struct kernel_limbs l;
    kernel_limbs_init(&l, array, count);
    TRY(kernel_integer_take(&l, 0, bytes, NULL, err));
    uint64_t sign = l.count && l.limb[l.count - 1] >> 63 ? UINT64_MAX : 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = i - l.low;
        words[i] = i < l.low ? 0 : at < l.count ? l.limb[at] : sign;
    }
    return ST_OK;
}

static status take_sum(struct kernel_agg *k, char *state, struct str bytes, struct error *err)
{
    struct kernel_exact *more;
    if (k->functions->class != KERNEL_FLOAT)
        return take_words(kernel_limbs_at(state, k->at.sum),
                          k->functions->class == KERNEL_WIDE ? 3 : 2, bytes, err);
    TRY(kernel_more_of(k, state, &more, err));
    return kernel_exact_take(more, bytes, k->arena, err);
}

static status take_squares(struct kernel_agg *k, char *state, struct str bytes, struct error *err)
{
    struct kernel_limbs *squares;
    if (k->functions->class != KERNEL_FLOAT)
        return take_words(kernel_limbs_at(state, k->at.squares), KERNEL_INT_LIMBS, bytes, err);
    TRY(kernel_squares_of(k, state, &squares, err));
    return kernel_integer_take(squares, KERNEL_SQUARE_UNIT, bytes, k->arena, err);
}

static status take_value(struct kernel_agg *k, char *value, struct bytes *in, struct error *err)
{
    size_t n = kernel_key_bytes(k->functions->class);
    const uint8_t *p;
    struct str text, kept = {0};
    if (k->functions->class == KERNEL_TEXT) {
        TRY(take_text(in, &text, err));
        TRY(kernel_text_keep(k, &kept, text, err));
        memcpy(value, &kept, sizeof(kept));
        return ST_OK;
    }
    TRY(bytes_take(in, n, &p, err));
    memcpy(value, p, n);
    return ST_OK;
}

static status take_extreme(struct kernel_agg *k, char *value, struct bytes *in, struct error *err)
{
    TRY(take_value(k, value, in, err));
    int64_t key = k->functions->class == KERNEL_FLOAT ? *kernel_i64_at(value, 0) : 0;
    if (k->functions->class == KERNEL_FLOAT &&
        kernel_key_of_double(kernel_double_of_key(key)) != key)
        FAIL(err, ST_CORRUPT, "a state holds a NaN of its own kind");
    return ST_OK;
}

status kernel_agg_decode(struct kernel_agg *k, char *state, struct bytes *in, struct error *err)
{
    uint64_t count;
    struct str part;
    TRY(take_uvarint(in, &count, err));
    if (count > INT64_MAX)
        FAIL(err, ST_CORRUPT, "a state counts %llu values", (unsigned long long)count);
    *kernel_i64_at(state, k->at.count) = (int64_t)count;
    if (count == 0)
        return ST_OK;
    if (k->need & KERNEL_SUM) {
        TRY(take_text(in, &part, err));
        TRY(take_sum(k, state, part, err));
    }
    if (k->need & KERNEL_MIN)
        TRY(take_extreme(k, state + k->at.min, in, err));
    if (k->need & KERNEL_MAX)
        TRY(take_extreme(k, state + k->at.max, in, err));
    if (k->need & KERNEL_FIRST) {
        kernel_first_at(state, k->at.first)->met = 1;
        TRY(take_value(k, kernel_first_at(state, k->at.first)->value, in, err));
    }
    if (k->need & KERNEL_SQUARES) {
        TRY(take_text(in, &part, err));
        TRY(take_squares(k, state, part, err));
    }
    return ST_OK;
}
