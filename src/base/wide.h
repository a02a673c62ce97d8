// SPDX-License-Identifier: Apache-2.0
/* wide.h - 128-bit integers by name, and their decimal text. */
#ifndef BASE_WIDE_H
#define BASE_WIDE_H

#include "base/status.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#define INT128_MAX    ((int128)(((uint128)1 << 127) - 1))
#define INT128_MIN    (-INT128_MAX - 1)
#define WIDE_TEXT_MAX 48 /* 39 digits, a sign, a point, a leading zero, NUL */

/* 10^n for n in [0, 38]. */
int128 wide_pow10(unsigned n);
/* value * 10^-scale as plain decimal text ("-0.05"); out takes WIDE_TEXT_MAX bytes; returns the
 * length without NUL. scale is 0 to 38. */
size_t wide_to_text(int128 value, unsigned scale, char *out);
/* Digits of |value|, 1 for 0. */
unsigned wide_digits(int128 value);

#endif
