// SPDX-License-Identifier: Apache-2.0
/* kernel_unpack_test.c - every width and start against a reference that moves single bits. */
#include "harness/test.h"

#include "kernel/kernel_unpack.h"

#define MOST 300

static uint64_t next_random(uint64_t *x)
{
    *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *x >> 20 ^ *x << 13;
}

/* Packs n values of `width` bits; `packed` has room for them and the padding. */
static void pack(const uint64_t *values, unsigned width, size_t n, uint8_t *packed, size_t size)
{
    memset(packed, 0xA5, size); /* the padding must not matter */
    for (size_t i = 0; i < n; i++)
        for (unsigned b = 0; b < width; b++) {
            size_t bit = i * width + b;
            uint8_t one = (uint8_t)(1 << bit % 8);
            packed[bit / 8] = (uint8_t)((packed[bit / 8] & ~one) | (values[i] >> b & 1 ? one : 0));
        }
}

TEST(every_width_from_every_start)
{
    static uint64_t values[MOST];
    static uint8_t packed[MOST * 8 + KERNEL_UNPACK_PAD];
    uint64_t x = 42;
    for (unsigned width = 0; width <= 64; width++) {
        uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
        for (size_t i = 0; i < MOST; i++)
            values[i] = next_random(&x) & mask;
        pack(values, width, MOST, packed, sizeof(packed));
        for (size_t first = 0; first < 20; first++)
            for (size_t n = 0; n + first <= MOST; n += 1 + n / 3) {
                uint16_t u16[MOST + 1] = {0};
                uint32_t u32[MOST + 1] = {0};
                uint64_t u64[MOST + 1] = {0};
                u16[n] = 0xBEEF;
                u32[n] = 0xBEEF;
                u64[n] = 0xBEEF;
                if (width <= 16)
                    kernel_unpack_u16(packed, width, first, n, u16);
                if (width <= 32)
                    kernel_unpack_u32(packed, width, first, n, u32);
                kernel_unpack_u64(packed, width, first, n, u64);
                for (size_t i = 0; i < n; i++) {
                    if (width <= 16)
                        CHECK_INT(u16[i], values[first + i]);
                    if (width <= 32)
                        CHECK_INT(u32[i], values[first + i]);
                    CHECK_INT(u64[i], values[first + i]);
                }
                CHECK(u16[n] == 0xBEEF && u32[n] == 0xBEEF && u64[n] == 0xBEEF);
            }
    }
}

TEST(bits_to_bytes_and_bitmaps)
{
    static uint64_t values[MOST];
    static uint8_t packed[MOST / 8 + 1 + KERNEL_UNPACK_PAD];
    uint64_t x = 7;
    for (size_t i = 0; i < MOST; i++)
        values[i] = next_random(&x) & 1;
    pack(values, 1, MOST, packed, sizeof(packed));
    for (size_t first = 0; first < 17; first++)
        for (size_t n = 0; n + first <= MOST; n += 1 + n / 5) {
            uint8_t bytes[MOST + 1] = {0};
            size_t set = 0;
            bytes[n] = 77;
            kernel_unpack_bools(packed, first, n, bytes);
            CHECK_INT(bytes[n], 77);
            for (size_t i = 0; i < n; i++) {
                CHECK_INT(bytes[i], values[first + i]);
                set += values[first + i];
            }
            CHECK_INT(kernel_count_bits(packed, first, n), set);
            for (size_t at = 0; at < 70; at += 9) {
                uint64_t words[MOST / 64 + 3] = {0}, runs[MOST / 64 + 3] = {0};
                CHECK_INT(kernel_copy_bits(packed, first, n, words, at), set);
                kernel_set_bits(runs, at, n);
                for (size_t i = 0; i < sizeof(words) * 8; i++) {
                    bool inside = i >= at && i < at + n;
                    CHECK_INT(words[i / 64] >> i % 64 & 1, inside ? values[first + i - at] : 0);
                    CHECK_INT(runs[i / 64] >> i % 64 & 1, inside);
                }
            }
        }
}

TEST(spread_keeps_order_and_zeroes_gaps)
{
    uint64_t x = 99;
    for (size_t n = 0; n <= 200; n += 1 + n / 4)
        for (int round = 0; round < 10; round++) {
            uint64_t valid[4];
            uint8_t v1[201];
            uint16_t v2[201];
            uint32_t v4[201];
            uint64_t v8[201];
            uint128 v16[201];
            size_t count = 0;
            for (size_t w = 0; w < 4; w++)
                valid[w] = round == 0   ? 0
                           : round == 1 ? UINT64_MAX
                                        : next_random(&x) & (round & 1 ? next_random(&x) : ~0ull);
            for (size_t i = 0; i < n; i++)
                count += valid[i / 64] >> i % 64 & 1;
            for (size_t i = 0; i <= 200; i++) {
                v1[i] = (uint8_t)(i + 1);
                v2[i] = (uint16_t)(i + 1);
                v4[i] = (uint32_t)(i + 1);
                v8[i] = i + 1;
                v16[i] = (uint128)(i + 1) << 64;
            }
            kernel_spread_1(v1, valid, n, count);
            kernel_spread_2(v2, valid, n, count);
            kernel_spread_4(v4, valid, n, count);
            kernel_spread_8(v8, valid, n, count);
            kernel_spread_16(v16, valid, n, count);
            for (size_t i = 0, next = 1; i < n; i++) {
                size_t want = valid[i / 64] >> i % 64 & 1 ? next++ : 0;
                CHECK_INT(v1[i], (uint8_t)want);
                CHECK_INT(v2[i], want);
                CHECK_INT(v4[i], want);
                CHECK_INT(v8[i], want);
                CHECK(v16[i] == (uint128)want << 64);
            }
            CHECK_INT(v8[n], n + 1);
        }
}

TEST(largest)
{
    uint16_t a[100] = {0};
    uint32_t b[100] = {0};
    CHECK_INT(kernel_max_u16(a, 0), 0);
    a[57] = 65535;
    b[3] = 4000000000u;
    CHECK_INT(kernel_max_u16(a, 100), 65535);
    CHECK_INT(kernel_max_u16(a, 57), 0);
    CHECK_INT(kernel_max_u32(b, 100), 4000000000u);
}
