// SPDX-License-Identifier: Apache-2.0
/* kernel_unpack.h - loops between bits and values: what the format readers spend their time in.
 *
 * Packed values stand one behind the other, least significant bit first, without padding (Parquet's
 * RLE hybrid, Encodings.md "RLE"):
 *
 *     width 3:   byte 0 = bb aaa... no gaps: value i occupies bits [i * width, (i + 1) * width)
 *
 * U1  the packed input is readable for KERNEL_UNPACK_PAD bytes behind its last packed bit; their
 *     contents do not matter
 * U2  outputs are written for exactly n values */
#ifndef KERNEL_UNPACK_H
#define KERNEL_UNPACK_H

#include "base/wide.h"

#define KERNEL_UNPACK_PAD 16

/* Values [first, first + n) of a packed run; width 0 to 16, 0 to 32, 0 to 64 bits. */
void kernel_unpack_u16(const uint8_t *in, unsigned width, size_t first, size_t n, uint16_t *out);
void kernel_unpack_u32(const uint8_t *in, unsigned width, size_t first, size_t n, uint32_t *out);
void kernel_unpack_u64(const uint8_t *in, unsigned width, size_t first, size_t n, uint64_t *out);

/* Bits [first, first + n) of `in`, one byte 0 or 1 each. */
void kernel_unpack_bools(const uint8_t *in, size_t first, size_t n, uint8_t *out);
/* ORs bits [first, first + n) of `in` into the bitmap `words` from bit `at` on; the bits there are
 * still 0. Returns how many are set. */
size_t kernel_copy_bits(const uint8_t *in, size_t first, size_t n, uint64_t *words, size_t at);
/* Sets the bits [at, at + n) of a bitmap. */
void kernel_set_bits(uint64_t *words, size_t at, size_t n);
/* How many of bits [first, first + n) of `in` are set. */
size_t kernel_count_bits(const uint8_t *in, size_t first, size_t n);

/* The largest of n values; 0 for none. */
uint16_t kernel_max_u16(const uint16_t *v, size_t n);
uint32_t kernel_max_u32(const uint32_t *v, size_t n);

/* Sets the bits of `words` (NULL: none), from bit `at` on, where v[i] is `want`; returns how many. */
size_t kernel_equal_u16(const uint16_t *v, size_t n, uint16_t want, uint64_t *words, size_t at);

/* Moves the first values of an array to the places whose bit is set in `valid`, in order, and
 * zeroes the others: [a b c] with 1011 (bit 0 first) becomes [a 0 b c]. `n` places in all, of which
 * `values` have their bit set. The name's number is the bytes of a value. */
void kernel_spread_1(uint8_t *v, const uint64_t *valid, size_t n, size_t values);
void kernel_spread_2(uint16_t *v, const uint64_t *valid, size_t n, size_t values);
void kernel_spread_4(uint32_t *v, const uint64_t *valid, size_t n, size_t values);
void kernel_spread_8(uint64_t *v, const uint64_t *valid, size_t n, size_t values);
void kernel_spread_16(uint128 *v, const uint64_t *valid, size_t n, size_t values);

#endif
