// SPDX-License-Identifier: Apache-2.0
/* exec_decimal.h - decimal arithmetic: exact, then rounded once, half away from zero.
 *
 * A decimal is an unscaled integer and the scale in its type; results are rounded to the scale of
 * `to` and refused with 22003 when they do not fit its precision. No intermediate can overflow. */
#ifndef EXEC_DECIMAL_H
#define EXEC_DECIMAL_H

#include "column/column_type.h"

struct exec_decimal {
    int128 value;
    unsigned scale;
};

STATUS_MUST_USE status exec_decimal_rescale(struct exec_decimal a, struct column_type to,
                                            int128 *out, struct error *err);
STATUS_MUST_USE status exec_decimal_add(struct exec_decimal a, struct exec_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
STATUS_MUST_USE status exec_decimal_mul(struct exec_decimal a, struct exec_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
/* 22012 when b is 0. */
STATUS_MUST_USE status exec_decimal_div(struct exec_decimal a, struct exec_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
/* The remainder has a's sign. 22012 when b is 0. */
STATUS_MUST_USE status exec_decimal_mod(struct exec_decimal a, struct exec_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
/* Rounds to `digits` behind the point (negative: before it), half away from zero or, when
 * `truncate`, towards zero. */
STATUS_MUST_USE status exec_decimal_round(struct exec_decimal a, int32_t digits, bool truncate,
                                          struct column_type to, int128 *out, struct error *err);
/* The nearest integer, half away from zero. */
int128 exec_decimal_to_integer(struct exec_decimal a);
/* 22003 unless |value| < 10^precision. */
STATUS_MUST_USE status exec_decimal_check(int128 value, struct column_type to, struct error *err);

#endif
