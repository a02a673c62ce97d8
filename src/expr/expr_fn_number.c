// SPDX-License-Identifier: Apache-2.0
/* expr_fn_number.c - decimal arithmetic and the functions of numbers.
 *
 * Decimals take a loop over 64-bit integers where the types alone promise that nothing is rounded
 * or overflows, else expr_decimal.c one value at a time. Functions of doubles follow PostgreSQL's
 * float.c in what they refuse: 2201F (roots, powers), 2201E (logarithms), 22003 (range). */
#include "expr/expr_int.h"
#include "expr/expr_decimal.h"

#include "base/random.h"

#include <math.h>

/* ---- decimals -------------------------------------------------------------------------------- */

static struct expr_decimal load(const struct expr_call *c, const void *const *arg, size_t k)
{
    return (struct expr_decimal){expr_decimal_load(c->arg_types[k], arg[k]), c->arg_types[k].scale};
}

/* Wraps for the least 128-bit integer, which is no decimal: the range check refuses it. */
static int128 negated(int128 v)
{
    return (int128)(-(uint128)v);
}

static EXPR_SCALAR(add_numeric)
{
    int128 r;
    TRY(expr_decimal_add(load(c, arg, 0), load(c, arg, 1), c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

static EXPR_SCALAR(sub_numeric)
{
    int128 r;
    struct expr_decimal b = load(c, arg, 1);
    b.value = negated(b.value);
    TRY(expr_decimal_add(load(c, arg, 0), b, c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

static EXPR_SCALAR(mul_numeric)
{
    int128 r;
    TRY(expr_decimal_mul(load(c, arg, 0), load(c, arg, 1), c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

static EXPR_SCALAR(div_numeric)
{
    int128 r;
    TRY(expr_decimal_div(load(c, arg, 0), load(c, arg, 1), c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

static EXPR_SCALAR(mod_numeric)
{
    int128 r;
    TRY(expr_decimal_mod(load(c, arg, 0), load(c, arg, 1), c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

/* What the 64-bit loops need: each argument's factor up to the result's scale; subtraction has a
 * negative second one. */
struct factors {
    int64_t a, b;
};

static status add_loop64(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const struct factors *f = c->state;
    const int64_t *a = r->args[0], *b = r->args[1];
    size_t p = r->steps[0], q = r->steps[1];
    int64_t *out = r->out;
    for (size_t i = 0; i < (size_t)r->rows; i++) /* unsigned: rows that are not live may wrap */
        out[i] =
            (int64_t)((uint64_t)a[i * p] * (uint64_t)f->a + (uint64_t)b[i * q] * (uint64_t)f->b);
    return ST_OK;
}

static status mul_loop64(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const int64_t *a = r->args[0], *b = r->args[1];
    size_t p = r->steps[0], q = r->steps[1];
    int64_t *out = r->out;
    for (size_t i = 0; i < (size_t)r->rows; i++)
        out[i] = (int64_t)((uint64_t)a[i * p] * (uint64_t)b[i * q]);
    return ST_OK;
}

/* 64-bit factors, 128-bit product. */
static status mul_loop128(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const int64_t *a = r->args[0], *b = r->args[1];
    size_t p = r->steps[0], q = r->steps[1];
    int128 *out = r->out;
    for (size_t i = 0; i < (size_t)r->rows; i++)
        out[i] = (int128)a[i * p] * b[i * q];
    return ST_OK;
}

static bool both_short(const struct expr_call *c)
{
    return c->arg_types[0].precision <= 18 && c->arg_types[1].precision <= 18;
}

static int whole_digits(struct column_type t)
{
    return t.precision - t.scale;
}

static status add_bind(struct expr_call *c, struct error *err)
{
    struct column_type a = c->arg_types[0], b = c->arg_types[1], to = c->type;
    int most = whole_digits(a) > whole_digits(b) ? whole_digits(a) : whole_digits(b);
    bool exact = to.scale >= a.scale && to.scale >= b.scale && whole_digits(to) > most;
    bool subtract = c->function == QUERY_FN_SUB_NUMERIC;
    if (!exact || !both_short(c) || to.precision > 18) {
        c->scalar = subtract ? sub_numeric : add_numeric;
        return ST_OK;
    }
    struct factors *f;
    TRY(ARENA_NEW(c->memory, struct factors, &f, err));
    f->a = (int64_t)wide_pow10(to.scale - a.scale);
    f->b = (int64_t)wide_pow10(to.scale - b.scale) * (subtract ? -1 : 1);
    c->state = f;
    c->loop = add_loop64;
    return ST_OK;
}

static status mul_bind(struct expr_call *c, struct error *err)
{
    struct column_type a = c->arg_types[0], b = c->arg_types[1], to = c->type;
    bool exact = to.scale == a.scale + b.scale && to.precision >= a.precision + b.precision;
    if (!exact || !both_short(c))
        c->scalar = mul_numeric;
    else
        c->loop = to.precision <= 18 ? mul_loop64 : mul_loop128;
    return ST_OK;
}

/* Unary: the value changed, then brought to the result's type. */
static status put(struct expr_call *c, struct expr_decimal v, void *out, struct error *err)
{
    int128 r;
    TRY(expr_decimal_rescale(v, c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

static EXPR_SCALAR(neg_numeric)
{
    struct expr_decimal v = load(c, arg, 0);
    v.value = negated(v.value);
    return put(c, v, out, err);
}

static EXPR_SCALAR(plus_numeric)
{
    return put(c, load(c, arg, 0), out, err);
}

static EXPR_SCALAR(abs_numeric)
{
    struct expr_decimal v = load(c, arg, 0);
    v.value = v.value < 0 ? negated(v.value) : v.value;
    return put(c, v, out, err);
}

static EXPR_SCALAR(sign_numeric)
{
    struct expr_decimal v = load(c, arg, 0);
    return put(c, (struct expr_decimal){(v.value > 0) - (v.value < 0), 0}, out, err);
}

static status round_to(struct expr_call *c, const void *const *arg, int32_t digits, bool truncate,
                       void *out, struct error *err)
{
    int128 r;
    TRY(expr_decimal_round(load(c, arg, 0), digits, truncate, c->type, &r, err));
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

static EXPR_SCALAR(round_numeric)
{
    return round_to(c, arg, 0, false, out, err);
}

static EXPR_SCALAR(round_numeric_to)
{
    return round_to(c, arg, EXPR_ARG(int32_t, 1), false, out, err);
}

static EXPR_SCALAR(trunc_numeric)
{
    return round_to(c, arg, 0, true, out, err);
}

static EXPR_SCALAR(trunc_numeric_to)
{
    return round_to(c, arg, EXPR_ARG(int32_t, 1), true, out, err);
}

/* Towards +infinity (up) or -infinity. */
static status towards(struct expr_call *c, const void *const *arg, bool up, void *out,
                      struct error *err)
{
    struct expr_decimal v = load(c, arg, 0);
    int128 unit = wide_pow10(v.scale), q = v.value / unit, rest = v.value - q * unit;
    if (up && rest > 0)
        q++;
    if (!up && rest < 0)
        q--;
    return put(c, (struct expr_decimal){q, 0}, out, err);
}

static EXPR_SCALAR(ceil_numeric)
{
    return towards(c, arg, true, out, err);
}

static EXPR_SCALAR(floor_numeric)
{
    return towards(c, arg, false, out, err);
}

/* ---- doubles --------------------------------------------------------------------------------- */

static status raise_overflow(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22003", 0, "value out of range: overflow");
}

static status raise_underflow(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22003", 0, "value out of range: underflow");
}

static status raise_input(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22003", 0, "input is out of range");
}

static EXPR_SCALAR(round_double)
{
    EXPR_OUT(double) = rint(EXPR_ARG(double, 0)); /* half to even, as PostgreSQL */
    return ST_OK;
}

static EXPR_SCALAR(ceil_double)
{
    EXPR_OUT(double) = ceil(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(floor_double)
{
    EXPR_OUT(double) = floor(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(trunc_double)
{
    EXPR_OUT(double) = trunc(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(sign_double)
{
    double v = EXPR_ARG(double, 0);
    EXPR_OUT(double) = v > 0 ? 1.0 : v < 0 ? -1.0 : 0.0;
    return ST_OK;
}

static EXPR_SCALAR(sqrt_double)
{
    double v = EXPR_ARG(double, 0);
    if (v < 0)
        FAIL_SQL(err, ST_INVALID, "2201F", 0, "cannot take square root of a negative number");
    EXPR_OUT(double) = sqrt(v);
    return ST_OK;
}

static EXPR_SCALAR(cbrt_double)
{
    EXPR_OUT(double) = cbrt(EXPR_ARG(double, 0));
    return ST_OK;
}

/* Infinite arguments, which C's pow would also answer, but without PostgreSQL's refusals. */
static double power_infinite(double a, double b)
{
    if (isinf(b)) {
        double size = fabs(a);
        if (size == 1)
            return 1;
        return (size > 1) == (b > 0) ? INFINITY : 0;
    }
    bool odd = floor(b / 2) != b / 2;
    if (b == 0)
        return 1;
    if (a > 0)
        return b > 0 ? a : 0;
    if (b > 0)
        return odd ? a : -a;
    return odd ? -0.0 : 0.0;
}

static EXPR_SCALAR(power_double)
{
    double a = EXPR_ARG(double, 0), b = EXPR_ARG(double, 1), r;
    if (isnan(a) || isnan(b)) {
        EXPR_OUT(double) = b == 0 || a == 1 ? 1 : NAN;
        return ST_OK;
    }
    if (a == 0 && b < 0)
        FAIL_SQL(err, ST_INVALID, "2201F", 0, "zero raised to a negative power is undefined");
    if (a < 0 && floor(b) != b)
        FAIL_SQL(err, ST_INVALID, "2201F", 0,
                 "a negative number raised to a non-integer power yields a complex result");
    if (isinf(a) || isinf(b)) {
        EXPR_OUT(double) = power_infinite(a, b);
        return ST_OK;
    }
    r = pow(a, b);
    if (isinf(r))
        return raise_overflow(err);
    if (r == 0 && a != 0)
        return raise_underflow(err);
    EXPR_OUT(double) = r;
    return ST_OK;
}

static EXPR_SCALAR(exp_double)
{
    double v = EXPR_ARG(double, 0), r = exp(v);
    if (isinf(r) && !isinf(v))
        return raise_overflow(err);
    if (r == 0 && !isinf(v))
        return raise_underflow(err);
    EXPR_OUT(double) = r;
    return ST_OK;
}

static status check_logarithm(double v, struct error *err)
{
    if (v == 0)
        FAIL_SQL(err, ST_INVALID, "2201E", 0, "cannot take logarithm of zero");
    if (v < 0)
        FAIL_SQL(err, ST_INVALID, "2201E", 0, "cannot take logarithm of a negative number");
    return ST_OK;
}

static EXPR_SCALAR(ln_double)
{
    TRY(check_logarithm(EXPR_ARG(double, 0), err));
    EXPR_OUT(double) = log(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(log10_double)
{
    TRY(check_logarithm(EXPR_ARG(double, 0), err));
    EXPR_OUT(double) = log10(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(sin_double)
{
    if (isinf(EXPR_ARG(double, 0)))
        return raise_input(err);
    EXPR_OUT(double) = sin(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(cos_double)
{
    if (isinf(EXPR_ARG(double, 0)))
        return raise_input(err);
    EXPR_OUT(double) = cos(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(tan_double)
{
    if (isinf(EXPR_ARG(double, 0)))
        return raise_input(err);
    EXPR_OUT(double) = tan(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(asin_double)
{
    if (fabs(EXPR_ARG(double, 0)) > 1)
        return raise_input(err);
    EXPR_OUT(double) = asin(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(acos_double)
{
    if (fabs(EXPR_ARG(double, 0)) > 1)
        return raise_input(err);
    EXPR_OUT(double) = acos(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(atan_double)
{
    EXPR_OUT(double) = atan(EXPR_ARG(double, 0));
    return ST_OK;
}

static EXPR_SCALAR(atan2_double)
{
    EXPR_OUT(double) = atan2(EXPR_ARG(double, 0), EXPR_ARG(double, 1));
    return ST_OK;
}

#define RADIANS_PER_DEGREE 0.0174532925199432957692

static EXPR_SCALAR(degrees_double)
{
    double v = EXPR_ARG(double, 0), r = v / RADIANS_PER_DEGREE;
    if (isinf(r) && !isinf(v))
        return raise_overflow(err);
    EXPR_OUT(double) = r;
    return ST_OK;
}

static EXPR_SCALAR(radians_double)
{
    double v = EXPR_ARG(double, 0), r = v * RADIANS_PER_DEGREE;
    if (r == 0 && v != 0)
        return raise_underflow(err);
    EXPR_OUT(double) = r;
    return ST_OK;
}

static EXPR_SCALAR(pi_double)
{
    EXPR_OUT(double) = M_PI;
    return ST_OK;
}

/* splitmix64: one 64-bit state per call of random() in the statement, seeded by the kernel. */
static EXPR_SCALAR(random_double)
{
    if (!c->state) {
        TRY(ARENA_NEW(c->memory, uint64_t, &c->state, err));
        TRY(random_bytes(c->state, sizeof(uint64_t), err));
    }
    uint64_t *state = c->state, z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    EXPR_OUT(double) = (double)(z >> 11) * 0x1p-53;
    return ST_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct expr_function rows[] = {
    {QUERY_FN_ADD_NUMERIC, .bind = add_bind},
    {QUERY_FN_SUB_NUMERIC, .bind = add_bind},
    {QUERY_FN_MUL_NUMERIC, .bind = mul_bind},
    {QUERY_FN_DIV_NUMERIC, .scalar = div_numeric},
    {QUERY_FN_MOD_NUMERIC, .scalar = mod_numeric},
    {QUERY_FN_MODF_NUMERIC, .scalar = mod_numeric},
    {QUERY_FN_NEG_NUMERIC, .scalar = neg_numeric},
    {QUERY_FN_PLUS_NUMERIC, .scalar = plus_numeric},
    {QUERY_FN_ABS_NUMERIC, .scalar = abs_numeric},
    {QUERY_FN_ROUND_NUMERIC, .scalar = round_numeric},
    {QUERY_FN_ROUND_NUMERIC_TO, .scalar = round_numeric_to},
    {QUERY_FN_CEIL_NUMERIC, .scalar = ceil_numeric},
    {QUERY_FN_CEILING_NUMERIC, .scalar = ceil_numeric},
    {QUERY_FN_FLOOR_NUMERIC, .scalar = floor_numeric},
    {QUERY_FN_TRUNC_NUMERIC, .scalar = trunc_numeric},
    {QUERY_FN_TRUNC_NUMERIC_TO, .scalar = trunc_numeric_to},
    {QUERY_FN_SIGN_NUMERIC, .scalar = sign_numeric},
    {QUERY_FN_ROUND_DOUBLE, .scalar = round_double},
    {QUERY_FN_CEIL_DOUBLE, .scalar = ceil_double},
    {QUERY_FN_CEILING_DOUBLE, .scalar = ceil_double},
    {QUERY_FN_FLOOR_DOUBLE, .scalar = floor_double},
    {QUERY_FN_TRUNC_DOUBLE, .scalar = trunc_double},
    {QUERY_FN_SIGN_DOUBLE, .scalar = sign_double},
    {QUERY_FN_SQRT, .scalar = sqrt_double},
    {QUERY_FN_CBRT, .scalar = cbrt_double},
    {QUERY_FN_POWER_OP, .scalar = power_double},
    {QUERY_FN_POWER, .scalar = power_double},
    {QUERY_FN_POW, .scalar = power_double},
    {QUERY_FN_EXP, .scalar = exp_double},
    {QUERY_FN_LN, .scalar = ln_double},
    {QUERY_FN_LOG10, .scalar = log10_double},
    {QUERY_FN_LOG10_LONG, .scalar = log10_double},
    {QUERY_FN_SIN, .scalar = sin_double},
    {QUERY_FN_COS, .scalar = cos_double},
    {QUERY_FN_TAN, .scalar = tan_double},
    {QUERY_FN_ASIN, .scalar = asin_double},
    {QUERY_FN_ACOS, .scalar = acos_double},
    {QUERY_FN_ATAN, .scalar = atan_double},
    {QUERY_FN_ATAN2, .scalar = atan2_double},
    {QUERY_FN_DEGREES, .scalar = degrees_double},
    {QUERY_FN_RADIANS, .scalar = radians_double},
    {QUERY_FN_PI, .scalar = pi_double},
    {QUERY_FN_RANDOM, .scalar = random_double},
};

const struct expr_function_table expr_fn_number_table = {rows, ARRAY_LEN(rows)};
