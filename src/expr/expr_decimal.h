// SPDX-License-Identifier: Apache-2.0
/* expr_decimal.h - decimal arithmetic: exact, then rounded once, half away from zero.
 *
 * A decimal is an unscaled integer and the scale in its type; results are rounded to the scale of
 * `to` and refused with 22003 when they do not fit its precision. No intermediate can overflow. */
#ifndef EXPR_DECIMAL_H
#define EXPR_DECIMAL_H

#include "column/column_type.h"

struct expr_decimal {
    int128 value;
    unsigned scale;
};

STATUS_MUST_USE status expr_decimal_rescale(struct expr_decimal a, struct column_type to,
                                            int128 *out, struct error *err);
STATUS_MUST_USE status expr_decimal_add(struct expr_decimal a, struct expr_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
STATUS_MUST_USE status expr_decimal_mul(struct expr_decimal a, struct expr_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
/* 22012 when b is 0. */
STATUS_MUST_USE status expr_decimal_div(struct expr_decimal a, struct expr_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
/* The remainder has a's sign. 22012 when b is 0. */
STATUS_MUST_USE status expr_decimal_mod(struct expr_decimal a, struct expr_decimal b,
                                        struct column_type to, int128 *out, struct error *err);
/* Rounds to `digits` behind the point (negative: before it), half away from zero or, when
 * `truncate`, towards zero. */
STATUS_MUST_USE status expr_decimal_round(struct expr_decimal a, int32_t digits, bool truncate,
                                          struct column_type to, int128 *out, struct error *err);
/* The nearest integer, half away from zero. */
int128 expr_decimal_to_integer(struct expr_decimal a);
/* 22003 unless |value| < 10^precision. */
STATUS_MUST_USE status expr_decimal_check(int128 value, struct column_type to, struct error *err);

#endif
