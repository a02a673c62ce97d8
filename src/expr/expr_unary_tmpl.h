// SPDX-License-Identifier: Apache-2.0
/* expr_unary_tmpl.h - a loop over one argument of a fixed-width type.
 *
 * Usage:
 *     #define LOOP  neg_int              // the function's name
 *     #define TAKES int32_t              // C type of the argument
 *     #define GIVES int32_t              // C type of the result
 *     #define ONE   neg_i32              // unsigned ONE(TAKES, GIVES *): not 0 = raises
 *     #define RAISE raise_int_one        // status RAISE(TAKES, struct error *)
 *     #include "expr/expr_unary_tmpl.h"  // undefines all five
 *
 * Emits: static status LOOP(struct expr_call *, const struct expr_lanes *, struct error *), with
 * the same two passes as expr_binary_tmpl.h. */
#if !defined(LOOP) || !defined(TAKES) || !defined(GIVES) || !defined(ONE) || !defined(RAISE)
#error "expr_unary_tmpl.h needs LOOP, TAKES, GIVES, ONE and RAISE"
#endif

static status LOOP(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const TAKES *a = r->args[0];
    GIVES *out = r->out;
    unsigned bad = 0;
    for (size_t i = 0; i < (size_t)r->rows; i++)
        bad |= ONE(a[i], &out[i]); /* a RUN comes with rows = 1 */
    for (int64_t i = 0; bad && i < r->rows; i++)
        if (column_bit(r->live, i) && ONE(a[i], &out[i]))
            return RAISE(a[i], err);
    return ST_OK;
}

#undef LOOP
#undef TAKES
#undef GIVES
#undef ONE
#undef RAISE
