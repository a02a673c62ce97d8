// SPDX-License-Identifier: Apache-2.0
/* kernel_limbs.c - adding into a sparse two's complement integer. */
#include "kernel/kernel_limbs.h"

#include <string.h>

#define FIRST_CAPACITY 4

void kernel_limbs_init(struct kernel_limbs *l, uint64_t *array, uint16_t most)
{
    *l = (struct kernel_limbs){.limb = array, .capacity = array ? most : 0, .most = most};
}

static uint64_t sign_of(uint64_t limb)
{
    return limb >> 63 ? UINT64_MAX : 0;
}

/* True if the two top bits differ: no room for a carry (L1). */
static bool is_tight(uint64_t limb)
{
    return (limb ^ limb << 1) >> 63;
}

/* Makes the limbs [low, high) part of l without changing its value. */
static status cover(struct kernel_limbs *l, size_t low, size_t high, struct arena *a,
                    struct error *err)
{
    size_t old_low = l->low, old_high = old_low + l->count;
    if (l->count == 0) {
        old_low = old_high = low;
    } else {
        low = low < old_low ? low : old_low;
        high = high > old_high ? high : old_high;
    }
    if (high > l->most)
        FAIL_SQL(err, ST_INVALID, "22003", 0, "an exact sum is out of range");
    if (high - low > l->capacity) {
        size_t room = l->capacity ? l->capacity : FIRST_CAPACITY;
        while (room < high - low)
            room *= 2;
        room = room < l->most ? room : l->most;
        uint64_t *grown;
        TRY(arena_alloc(a, room * sizeof(*grown), (void **)&grown, err));
        if (l->count)
            memcpy(grown, l->limb, l->count * sizeof(*grown));
        l->limb = grown;
        l->capacity = (uint16_t)room;
    }
    size_t below = old_low - low;
    uint64_t sign = l->count ? sign_of(l->limb[l->count - 1]) : 0;
    if (below && l->count)
        memmove(l->limb + below, l->limb, l->count * sizeof(*l->limb));
    memset(l->limb, 0, below * sizeof(*l->limb));
    for (size_t i = old_high; i < high; i++)
        l->limb[i - low] = sign;
    l->low = (uint16_t)low;
    l->count = (uint16_t)(high - low);
    return ST_OK;
}

static void add_at(struct kernel_limbs *l, size_t from, const uint64_t *words, size_t count,
                   bool subtract)
{
    uint64_t carry = subtract, flip = subtract ? UINT64_MAX : 0;
    uint64_t beyond = sign_of(words[count - 1]);
    for (size_t i = from; i < l->count; i++) {
        uint64_t w = (i - from < count ? words[i - from] : beyond) ^ flip;
        uint128 s = (uint128)l->limb[i] + w + carry;
        l->limb[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
        if (i - from >= count && (w + carry == 0)) /* nothing more would change */
            break;
    }
}

/* After an addition: one limb more if the top has no room for the next (L1). */
static status keep_guard(struct kernel_limbs *l, struct arena *a, struct error *err)
{
    return is_tight(l->limb[l->count - 1]) ? cover(l, l->low, (size_t)l->low + l->count + 1, a, err)
                                           : ST_OK;
}

status kernel_limbs_add_words(struct kernel_limbs *l, const uint64_t *words, size_t count,
                              size_t low, bool subtract, struct arena *a, struct error *err)
{
    /* Only the words that say something: zeros below and copies of the sign above are left out. */
    while (count > 0 && words[0] == 0) {
        words++;
        count--;
        low++;
    }
    while (count > 1 && words[count - 1] == sign_of(words[count - 2]))
        count--;
    if (count == 0)
        return ST_OK;
    size_t high = low + count + is_tight(words[count - 1]);
    TRY(cover(l, low, high, a, err));
    add_at(l, low - l->low, words, count, subtract);
    return keep_guard(l, a, err);
}

/* The usual case of add_at: two words that lie inside l, with a sign above them. */
static void add_two(struct kernel_limbs *l, size_t from, uint64_t low, uint64_t high)
{
    uint64_t *at = l->limb + from, *end = l->limb + l->count, sign = sign_of(high);
    uint128 s = (uint128)at[0] + low;
    at[0] = (uint64_t)s;
    s = (s >> 64) + at[1] + high;
    at[1] = (uint64_t)s;
    uint64_t carry = (uint64_t)(s >> 64);
    for (at += 2; at < end && sign + carry != 0; at++) {
        s = (uint128)*at + sign + carry;
        *at = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
}

status kernel_limbs_add(struct kernel_limbs *l, int128 v, unsigned at_bit, struct arena *a,
                        struct error *err)
{
    unsigned rest = at_bit % 64;
    uint128 u = (uint128)v;
    uint64_t words[3] = {(uint64_t)(u << rest), (uint64_t)(u << rest >> 64),
                         (uint64_t)((v >> 64) >> (64 - rest - (rest == 0)))};
    if (rest == 0)
        words[2] = v < 0 ? UINT64_MAX : 0;
    size_t from = (size_t)at_bit / 64 - l->low; /* wraps to a huge number when below l */
    if (l->count < 2 || from > (size_t)l->count - 2 || words[2] != sign_of(words[1]) ||
        (from + 2 == l->count && is_tight(words[1])))
        return kernel_limbs_add_words(l, words, 3, at_bit / 64, false, a, err);
    add_two(l, from, words[0], words[1]);
    return keep_guard(l, a, err);
}
