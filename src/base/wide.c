// SPDX-License-Identifier: Apache-2.0
/* wide.c - 128-bit integers to text. */
#include "base/wide.h"

#include <string.h>

int128 wide_pow10(unsigned n)
{
    static const uint64_t small[] = {UINT64_C(1),
                                     UINT64_C(10),
                                     UINT64_C(100),
                                     UINT64_C(1000),
                                     UINT64_C(10000),
                                     UINT64_C(100000),
                                     UINT64_C(1000000),
                                     UINT64_C(10000000),
                                     UINT64_C(100000000),
                                     UINT64_C(1000000000),
                                     UINT64_C(10000000000),
                                     UINT64_C(100000000000),
                                     UINT64_C(1000000000000),
                                     UINT64_C(10000000000000),
                                     UINT64_C(100000000000000),
                                     UINT64_C(1000000000000000),
                                     UINT64_C(10000000000000000),
                                     UINT64_C(100000000000000000),
                                     UINT64_C(1000000000000000000),
                                     UINT64_C(10000000000000000000)};
    return n < ARRAY_LEN(small) ? (int128)small[n] : (int128)small[19] * small[n - 19];
}

static uint128 magnitude(int128 v)
{
    return v < 0 ? -(uint128)v : (uint128)v;
}

unsigned wide_digits(int128 value)
{
    unsigned n = 1;
    for (uint128 m = magnitude(value); m >= 10; m /= 10)
        n++;
    return n;
}

size_t wide_to_text(int128 value, unsigned scale, char *out)
{
    char digits[WIDE_TEXT_MAX];
    unsigned n = 0;
    for (uint128 m = magnitude(value); m > 0 || n <= scale; m /= 10)
        digits[n++] = (char)('0' + (int)(m % 10));
    size_t at = 0;
    if (value < 0)
        out[at++] = '-';
    while (n > 0) {
        if (n == scale)
            out[at++] = '.';
        out[at++] = digits[--n];
    }
    out[at] = 0;
    return at;
}
