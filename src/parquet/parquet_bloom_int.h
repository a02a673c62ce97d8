// SPDX-License-Identifier: Apache-2.0
/* parquet_bloom_int.h - split-block Bloom filters (BloomFilter.md): blocks of 256 bits; a value sets one
 * bit in each of the eight words of one block.
 *
 *     hash   [ upper 32 bits: which block ][ lower 32 bits: times a salt, the top 5 bits: which bit ]
 */
#ifndef PARQUET_BLOOM_INT_H
#define PARQUET_BLOOM_INT_H

#include "parquet/parquet_format_int.h"

#define PARQUET_BLOOM_BLOCK      32 /* bytes */
#define PARQUET_BLOOM_MOST_BYTES (128 << 20)

/* Of a value's PLAIN bytes, strings without their length. */
uint64_t parquet_bloom_hash(const void *bytes, size_t len);
/* The block of a filter of so many. */
ALWAYS_INLINE uint64_t parquet_bloom_block(uint64_t hash, uint64_t blocks)
{
    return ((hash >> 32) * blocks) >> 32;
}
bool parquet_bloom_has(const uint8_t block[PARQUET_BLOOM_BLOCK], uint64_t hash);

#endif
