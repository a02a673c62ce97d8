// SPDX-License-Identifier: Apache-2.0
/* expr_compare_tmpl.h - the six comparisons over two arguments of one type.
 *
 * Usage:
 *     #define NAME    compare_i32         // names every symbol
 *     #define CTYPE   int32_t
 *     #define EQUAL(a, b) ((a) == (b))    // int or bool
 *     #define LESS(a, b)  ((a) < (b))
 *     #include "expr/expr_compare_tmpl.h" // undefines all four
 *
 * Emits: static status NAME_loop(struct expr_call *, const struct expr_lanes *, struct error *),
 * which reads the operator (QUERY_FN_EQ .. QUERY_FN_GE, or one of the two DISTINCT_FROM) from the
 * call, and static int NAME_order(const void *, const void *): below, at or above 0. */
#if !defined(NAME) || !defined(CTYPE) || !defined(EQUAL) || !defined(LESS)
#error "expr_compare_tmpl.h needs NAME, CTYPE, EQUAL and LESS"
#endif

static int PASTE(NAME, _order)(const void *left, const void *right)
{
    const CTYPE a = *(const CTYPE *)left, b = *(const CTYPE *)right;
    return LESS(a, b) ? -1 : !EQUAL(a, b);
}

/* `op` is a constant at each call, so each becomes a loop of its own. */
ALWAYS_INLINE void PASTE(NAME, _body)(enum query_function op, const CTYPE *a, size_t a_step,
                                      const CTYPE *b, size_t b_step, uint8_t *out, int64_t rows)
{
    for (size_t i = 0; i < (size_t)rows; i++) {
        const CTYPE x = a[i * a_step], y = b[i * b_step];
        out[i] = op == QUERY_FN_EQ   ? EQUAL(x, y)
                 : op == QUERY_FN_NE ? !EQUAL(x, y)
                 : op == QUERY_FN_LT ? LESS(x, y)
                                     : !LESS(y, x); /* LE */
    }
}

ALWAYS_INLINE void PASTE(NAME, _steps)(enum query_function op, const CTYPE *a, size_t a_step,
                                       const CTYPE *b, size_t b_step, uint8_t *out, int64_t rows)
{
    if (a_step && b_step)
        PASTE(NAME, _body)(op, a, 1, b, 1, out, rows);
    else if (a_step)
        PASTE(NAME, _body)(op, a, 1, b, 0, out, rows);
    else
        PASTE(NAME, _body)(op, a, 0, b, b_step, out, rows);
}

static status PASTE(NAME, _loop)(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const CTYPE *a = r->args[0], *b = r->args[1];
    size_t p = r->steps[0], q = r->steps[1];
    uint8_t *out = r->out;
    switch (c->function) {
    case QUERY_FN_EQ:
    case QUERY_FN_NOT_DISTINCT_FROM:
        PASTE(NAME, _steps)(QUERY_FN_EQ, a, p, b, q, out, r->rows);
        break;
    case QUERY_FN_NE:
    case QUERY_FN_DISTINCT_FROM:
        PASTE(NAME, _steps)(QUERY_FN_NE, a, p, b, q, out, r->rows);
        break;
    case QUERY_FN_LT:
        PASTE(NAME, _steps)(QUERY_FN_LT, a, p, b, q, out, r->rows);
        break;
    case QUERY_FN_LE:
        PASTE(NAME, _steps)(QUERY_FN_LE, a, p, b, q, out, r->rows);
        break;
    case QUERY_FN_GT:
        PASTE(NAME, _steps)(QUERY_FN_LT, b, q, a, p, out, r->rows);
        break;
    case QUERY_FN_GE:
        PASTE(NAME, _steps)(QUERY_FN_LE, b, q, a, p, out, r->rows);
        break;
    default:
        FAIL(err, ST_INTERNAL, "function %d is no comparison", (int)c->function);
    }
    return ST_OK;
}

#undef NAME
#undef CTYPE
#undef EQUAL
#undef LESS
