// SPDX-License-Identifier: Apache-2.0
/* expr_float_tmpl.h - arithmetic over one floating-point type.
 *
 * Usage:
 *     #define TAG   real                // ends every name
 *     #define CTYPE float
 *     #include "expr/expr_float_tmpl.h" // undefines both
 *
 * Emits the loops add_TAG, sub_TAG, mul_TAG, div_TAG, neg_TAG and abs_TAG. A result that is
 * infinite although no argument is, or zero although no factor is, raises. */
#if !defined(TAG) || !defined(CTYPE)
#error "expr_float_tmpl.h needs TAG and CTYPE"
#endif
#define FN(name) PASTE(PASTE(name, _), TAG)

ALWAYS_INLINE unsigned FN(add_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    *r = a + b;
    return isinf(*r) & !isinf(a) & !isinf(b);
}

ALWAYS_INLINE unsigned FN(sub_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    *r = a - b;
    return isinf(*r) & !isinf(a) & !isinf(b);
}

ALWAYS_INLINE unsigned FN(mul_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    *r = a * b;
    return (isinf(*r) & !isinf(a) & !isinf(b)) | ((*r == 0) & (a != 0) & (b != 0));
}

ALWAYS_INLINE unsigned FN(div_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    *r = a / b;
    return ((b == 0) & !isnan(a)) | (isinf(*r) & !isinf(a)) | ((*r == 0) & (a != 0) & !isinf(b));
}

ALWAYS_INLINE unsigned FN(neg_one)(CTYPE a, CTYPE *r)
{
    *r = -a;
    return 0;
}

ALWAYS_INLINE unsigned FN(abs_one)(CTYPE a, CTYPE *r)
{
    *r = (CTYPE)fabs((double)a);
    return 0;
}

static status FN(raise_sum)(CTYPE a, CTYPE b, struct error *err)
{
    return raise_float(true, err);
}

static status FN(raise_mul)(CTYPE a, CTYPE b, struct error *err)
{
    return raise_float(isinf(a * b), err);
}

static status FN(raise_div)(CTYPE a, CTYPE b, struct error *err)
{
    return b == 0 ? raise_zero(err) : raise_float(isinf(a / b), err);
}

static status FN(raise_one)(CTYPE a, struct error *err)
{
    return raise_float(true, err);
}

#define LOOP  FN(add)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(add_pair)
#define RAISE FN(raise_sum)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(sub)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(sub_pair)
#define RAISE FN(raise_sum)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(mul)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(mul_pair)
#define RAISE FN(raise_mul)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(div)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(div_pair)
#define RAISE FN(raise_div)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(neg)
#define TAKES CTYPE
#define GIVES CTYPE
#define ONE   FN(neg_one)
#define RAISE FN(raise_one)
#include "expr/expr_unary_tmpl.h"

#define LOOP  FN(abs)
#define TAKES CTYPE
#define GIVES CTYPE
#define ONE   FN(abs_one)
#define RAISE FN(raise_one)
#include "expr/expr_unary_tmpl.h"

#undef TAG
#undef CTYPE
#undef FN
