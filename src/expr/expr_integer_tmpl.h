// SPDX-License-Identifier: Apache-2.0
/* expr_integer_tmpl.h - arithmetic over one integer type.
 *
 * Usage:
 *     #define TAG   int                    // ends every name
 *     #define CTYPE int32_t
 *     #define LEAST INT32_MIN
 *     #define RANGE "integer out of range"
 *     #include "expr/expr_integer_tmpl.h"  // undefines all four
 *
 * Emits the loops add_TAG, sub_TAG, mul_TAG, div_TAG, mod_TAG, neg_TAG and abs_TAG. */
#if !defined(TAG) || !defined(CTYPE) || !defined(LEAST) || !defined(RANGE)
#error "expr_integer_tmpl.h needs TAG, CTYPE, LEAST and RANGE"
#endif
#define FN(name) PASTE(PASTE(name, _), TAG)

ALWAYS_INLINE unsigned FN(add_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    return __builtin_add_overflow(a, b, r);
}

ALWAYS_INLINE unsigned FN(sub_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    return __builtin_sub_overflow(a, b, r);
}

ALWAYS_INLINE unsigned FN(mul_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    return __builtin_mul_overflow(a, b, r);
}

ALWAYS_INLINE unsigned FN(div_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    unsigned bad = b == 0 || (a == LEAST && b == -1);
    *r = bad ? 0 : a / b;
    return bad;
}

ALWAYS_INLINE unsigned FN(mod_pair)(CTYPE a, CTYPE b, CTYPE *r)
{
    *r = b == 0 || b == -1 ? 0 : a % b; /* LEAST % -1 would trap */
    return b == 0;
}

ALWAYS_INLINE unsigned FN(neg_one)(CTYPE a, CTYPE *r)
{
    return __builtin_sub_overflow((CTYPE)0, a, r);
}

ALWAYS_INLINE unsigned FN(abs_one)(CTYPE a, CTYPE *r)
{
    return a < 0 ? FN(neg_one)(a, r) : (*r = a, 0u);
}

static status FN(raise)(CTYPE a, CTYPE b, struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22003", 0, RANGE);
}

static status FN(raise_div)(CTYPE a, CTYPE b, struct error *err)
{
    return b == 0 ? raise_zero(err) : FN(raise)(a, b, err);
}

static status FN(raise_one)(CTYPE a, struct error *err)
{
    return FN(raise)(a, a, err);
}

#define LOOP  FN(add)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(add_pair)
#define RAISE FN(raise)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(sub)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(sub_pair)
#define RAISE FN(raise)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(mul)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(mul_pair)
#define RAISE FN(raise)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(div)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(div_pair)
#define RAISE FN(raise_div)
#include "expr/expr_binary_tmpl.h"

#define LOOP  FN(mod)
#define LEFT  CTYPE
#define RIGHT CTYPE
#define GIVES CTYPE
#define PAIR  FN(mod_pair)
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
#undef LEAST
#undef RANGE
#undef FN
