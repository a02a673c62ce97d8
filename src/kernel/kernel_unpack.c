// SPDX-License-Identifier: Apache-2.0
/* kernel_unpack.c - bit-unpacking, bitmaps and spreading; see kernel_unpack.h.
 *
 * Unpacking goes eight values at a time, because eight values of any width end on a byte: then each
 * value stands at an offset and a shift that are constants once the width is one. The width is made
 * a constant by a switch in front of one inlined body. */
#include "kernel/kernel_unpack.h"

#include "base/bytes.h"

/* Value `i` of width 0..56, one unaligned load (U1). */
ALWAYS_INLINE uint64_t unpack_one(const uint8_t *in, unsigned width, size_t i)
{
    uint64_t bit = (uint64_t)i * width;
    return load_u64le(in + bit / 8) >> bit % 8 & ((UINT64_C(1) << width) - 1);
}

/* Eight values, when `width` is a constant below 33. Up to width 8 one load holds them all. */
#define PLACE(j)                                                                                   \
    (out[j] =                                                                                      \
         (width <= 8 ? all >> (j)*width : load_u64le(in + (j)*width / 8) >> (j)*width % 8) & mask)
#define UNPACK_EIGHT(name, type)                                                                   \
    ALWAYS_INLINE void name(const uint8_t *in, const unsigned width, type *out)                    \
    {                                                                                              \
        const type mask = (type)((UINT64_C(1) << width) - 1);                                      \
        const uint64_t all = load_u64le(in);                                                       \
        PLACE(0), PLACE(1), PLACE(2), PLACE(3), PLACE(4), PLACE(5), PLACE(6), PLACE(7);            \
    }
UNPACK_EIGHT(unpack_eight_u16, uint16_t)
UNPACK_EIGHT(unpack_eight_u32, uint32_t)

#define WIDTH_U16(w)                                                                               \
    case w:                                                                                        \
        for (size_t g = 0; g < groups; g++)                                                        \
            unpack_eight_u16(in + g * (w), w, out + g * 8);                                        \
        break;
#define WIDTH_U32(w)                                                                               \
    case w:                                                                                        \
        for (size_t g = 0; g < groups; g++)                                                        \
            unpack_eight_u32(in + g * (w), w, out + g * 8);                                        \
        break;
#define WIDTHS_1_TO_16(X)                                                                          \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)
#define WIDTHS_17_TO_32(X)                                                                         \
    X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)

static void unpack_groups_u16(const uint8_t *in, unsigned width, size_t groups, uint16_t *out)
{
    switch (width) {
        WIDTHS_1_TO_16(WIDTH_U16)
    default:
        break;
    }
}

static void unpack_groups_u32(const uint8_t *in, unsigned width, size_t groups, uint32_t *out)
{
    switch (width) {
        WIDTHS_1_TO_16(WIDTH_U32)
        WIDTHS_17_TO_32(WIDTH_U32)
    default:
        break;
    }
}

/* Values up to the next group of eight, whole groups, the rest. */
#define UNPACK(name, type, groups_of)                                                              \
    void name(const uint8_t *in, unsigned width, size_t first, size_t n, type *out)                \
    {                                                                                              \
        size_t i = 0;                                                                              \
        if (width == 0) {                                                                          \
            memset(out, 0, n * sizeof(*out));                                                      \
            return;                                                                                \
        }                                                                                          \
        for (; i < n && (first + i) % 8; i++)                                                      \
            out[i] = (type)unpack_one(in, width, first + i);                                       \
        size_t groups = (n - i) / 8;                                                               \
        groups_of(in + (first + i) / 8 * width, width, groups, out + i);                           \
        for (i += groups * 8; i < n; i++)                                                          \
            out[i] = (type)unpack_one(in, width, first + i);                                       \
    }
UNPACK(kernel_unpack_u16, uint16_t, unpack_groups_u16)
UNPACK(kernel_unpack_u32, uint32_t, unpack_groups_u32)

/* Above 56 bits a value can touch nine bytes, so the top of it may come from a second load. */
void kernel_unpack_u64(const uint8_t *in, unsigned width, size_t first, size_t n, uint64_t *out)
{
    const uint64_t mask = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = (uint64_t)(first + i) * width;
        unsigned shift = bit % 8;
        uint64_t v = load_u64le(in + bit / 8) >> shift;
        if (shift + width > 64)
            v |= (uint64_t)in[bit / 8 + 8] << (64 - shift);
        out[i] = v & mask;
    }
}

void kernel_unpack_bools(const uint8_t *in, size_t first, size_t n, uint8_t *out)
{
    size_t i = 0;
    for (; i < n && (first + i) % 8; i++)
        out[i] = in[(first + i) / 8] >> (first + i) % 8 & 1;
    for (; i + 8 <= n; i += 8) {
        /* Bit j of the byte to byte j: each multiplied copy keeps its own bit. */
        uint64_t copies = in[(first + i) / 8] * UINT64_C(0x0101010101010101);
        uint64_t bits = copies & UINT64_C(0x8040201008040201);
        store_u64le(out + i,
                    (bits + UINT64_C(0x7F7F7F7F7F7F7F7F)) >> 7 & UINT64_C(0x0101010101010101));
    }
    for (; i < n; i++)
        out[i] = in[(first + i) / 8] >> (first + i) % 8 & 1;
}

/* Up to 56 bits from `first` on (U1). */
ALWAYS_INLINE uint64_t take_bits(const uint8_t *in, size_t first, size_t n)
{
    return load_u64le(in + first / 8) >> first % 8 & ((UINT64_C(1) << n) - 1);
}

size_t kernel_copy_bits(const uint8_t *in, size_t first, size_t n, uint64_t *words, size_t at)
{
    size_t set = 0;
    while (n > 0) {
        size_t now = n < 56 ? n : 56;
        uint64_t bits = take_bits(in, first, now);
        set += (size_t)__builtin_popcountll(bits);
        words[at / 64] |= bits << at % 64;
        if (at % 64 + now > 64)
            words[at / 64 + 1] |= bits >> (64 - at % 64);
        first += now;
        at += now;
        n -= now;
    }
    return set;
}

void kernel_set_bits(uint64_t *words, size_t at, size_t n)
{
    while (n > 0) {
        size_t now = 64 - at % 64 < n ? 64 - at % 64 : n;
        words[at / 64] |= (UINT64_MAX >> (64 - now)) << at % 64;
        at += now;
        n -= now;
    }
}

size_t kernel_count_bits(const uint8_t *in, size_t first, size_t n)
{
    size_t set = 0;
    for (; n > 56; first += 56, n -= 56)
        set += (size_t)__builtin_popcountll(take_bits(in, first, 56));
    return set + (size_t)__builtin_popcountll(take_bits(in, first, n));
}

size_t kernel_equal_u16(const uint16_t *v, size_t n, uint16_t want, uint64_t *words, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += v[i] == want;
    for (size_t i = 0; words && i < n; i++)
        words[(at + i) / 64] |= (uint64_t)(v[i] == want) << (at + i) % 64;
    return count;
}

uint16_t kernel_max_u16(const uint16_t *v, size_t n)
{
    uint16_t max = 0;
    for (size_t i = 0; i < n; i++)
        max = v[i] > max ? v[i] : max;
    return max;
}

uint32_t kernel_max_u32(const uint32_t *v, size_t n)
{
    uint32_t max = 0;
    for (size_t i = 0; i < n; i++)
        max = v[i] > max ? v[i] : max;
    return max;
}

/* From the end, so that no value is overwritten before it has moved: `left` values remain and place
 * i is never below them. An unset place reads an element that is there in any case and drops it. */
#define SPREAD(name, type)                                                                         \
    void name(type *v, const uint64_t *valid, size_t n, size_t values)                             \
    {                                                                                              \
        size_t left = values;                                                                      \
        for (size_t i = n; i-- > 0;) {                                                             \
            size_t bit = valid[i / 64] >> i % 64 & 1;                                              \
            left -= bit;                                                                           \
            v[i] = v[left] & (type)(0 - (type)bit);                                                \
        }                                                                                          \
    }
SPREAD(kernel_spread_1, uint8_t)
SPREAD(kernel_spread_2, uint16_t)
SPREAD(kernel_spread_4, uint32_t)
SPREAD(kernel_spread_8, uint64_t)
SPREAD(kernel_spread_16, uint128)
