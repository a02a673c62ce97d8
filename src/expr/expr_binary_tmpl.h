// SPDX-License-Identifier: Apache-2.0
/* expr_binary_tmpl.h - a loop over two arguments of one fixed-width type each.
 *
 * Usage:
 *     #define LOOP  add_int               // the function's name
 *     #define LEFT  int32_t               // C type of argument 0
 *     #define RIGHT int32_t               // C type of argument 1
 *     #define GIVES int32_t               // C type of the result
 *     #define PAIR  add_i32               // unsigned PAIR(LEFT, RIGHT, GIVES *): not 0 = raises
 *     #define RAISE raise_int             // status RAISE(LEFT, RIGHT, struct error *)
 *     #include "expr/expr_binary_tmpl.h"  // undefines all six
 *
 * Emits: static status LOOP(struct expr_call *, const struct expr_lanes *, struct error *).
 * The loop never branches on a raise: it notes that some pair raised and looks afterwards whether a
 * live one did (X2). PAIR must therefore be defined for every pair of bits. */
#if !defined(LOOP) || !defined(LEFT) || !defined(RIGHT) || !defined(GIVES) || !defined(PAIR) ||    \
    !defined(RAISE)
#error "expr_binary_tmpl.h needs LOOP, LEFT, RIGHT, GIVES, PAIR and RAISE"
#endif

ALWAYS_INLINE unsigned PASTE(LOOP, _body)(const LEFT *a, size_t a_step, const RIGHT *b,
                                          size_t b_step, GIVES *out, int64_t rows)
{
    unsigned bad = 0;
    for (size_t i = 0; i < (size_t)rows; i++)
        bad |= PAIR(a[i * a_step], b[i * b_step], &out[i]);
    return bad;
}

static status LOOP(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const LEFT *a = r->args[0];
    const RIGHT *b = r->args[1];
    GIVES *out = r->out;
    unsigned bad;
    if (r->steps[0] && r->steps[1])
        bad = PASTE(LOOP, _body)(a, 1, b, 1, out, r->rows);
    else if (r->steps[0])
        bad = PASTE(LOOP, _body)(a, 1, b, 0, out, r->rows);
    else
        bad = PASTE(LOOP, _body)(a, 0, b, r->steps[1], out, r->rows);
    for (int64_t i = 0; bad && i < r->rows; i++) {
        LEFT x = a[(size_t)i * r->steps[0]];
        RIGHT y = b[(size_t)i * r->steps[1]];
        if (column_bit(r->live, i) && PAIR(x, y, &out[i]))
            return RAISE(x, y, err);
    }
    return ST_OK;
}

#undef LOOP
#undef LEFT
#undef RIGHT
#undef GIVES
#undef PAIR
#undef RAISE
