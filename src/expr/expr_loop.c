// SPDX-License-Identifier: Apache-2.0
/* expr_loop.c - the loops over rows: arithmetic of integers and floats, comparisons, tests for NULL
 * and truth.
 *
 * Rules are PostgreSQL 15's: an integer result that does not fit is 22003, x / 0 is 22012; a float
 * result that is infinite although no argument is, or zero although no argument of the product is,
 * is 22003; NaN equals NaN and is greater than all else; -0.0 equals +0.0. Real arithmetic is done
 * in float. */
#include "expr/expr_int.h"

#include <math.h>

/* ---- what is raised -------------------------------------------------------------------------- */

static status raise_zero(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22012", 0, "division by zero");
}

static status raise_float(bool overflow, struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22003", 0, "value out of range: %s",
             overflow ? "overflow" : "underflow");
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

#define TAG   int
#define CTYPE int32_t
#define LEAST INT32_MIN
#define RANGE "integer out of range"
#include "expr/expr_integer_tmpl.h"

#define TAG   bigint
#define CTYPE int64_t
#define LEAST INT64_MIN
#define RANGE "bigint out of range"
#include "expr/expr_integer_tmpl.h"

#define TAG   real
#define CTYPE float
#include "expr/expr_float_tmpl.h"

#define TAG   double
#define CTYPE double
#include "expr/expr_float_tmpl.h"

/* ---- comparisons ----------------------------------------------------------------------------- */

/* A month counts as 30 days; at most about 2^31 months, so the sum needs more than 64 bits. */
ALWAYS_INLINE int128 interval_length(struct column_interval v)
{
    return ((int128)v.months * 30 + v.days) * INT64_C(86400000000) + v.us;
}

ALWAYS_INLINE bool float_less(double a, double b)
{
    return (a < b) | (isnan(b) & !isnan(a));
}

ALWAYS_INLINE bool float_equal(double a, double b)
{
    return (a == b) | (isnan(a) & isnan(b));
}

#define NAME        compare_bool
#define CTYPE       uint8_t
#define EQUAL(a, b) ((a) == (b))
#define LESS(a, b)  ((a) < (b))
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_i32
#define CTYPE       int32_t
#define EQUAL(a, b) ((a) == (b))
#define LESS(a, b)  ((a) < (b))
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_i64
#define CTYPE       int64_t
#define EQUAL(a, b) ((a) == (b))
#define LESS(a, b)  ((a) < (b))
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_i128
#define CTYPE       int128
#define EQUAL(a, b) ((a) == (b))
#define LESS(a, b)  ((a) < (b))
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_f32
#define CTYPE       float
#define EQUAL(a, b) float_equal(a, b)
#define LESS(a, b)  float_less(a, b)
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_f64
#define CTYPE       double
#define EQUAL(a, b) float_equal(a, b)
#define LESS(a, b)  float_less(a, b)
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_str
#define CTYPE       struct str
#define EQUAL(a, b) str_eq(a, b)
#define LESS(a, b)  (str_cmp(a, b) < 0)
#include "expr/expr_compare_tmpl.h"

#define NAME        compare_interval
#define CTYPE       struct column_interval
#define EQUAL(a, b) (interval_length(a) == interval_length(b))
#define LESS(a, b)  (interval_length(a) < interval_length(b))
#include "expr/expr_compare_tmpl.h"

static const struct {
    int (*order)(const void *a, const void *b);
    status (*loop)(struct expr_call *c, const struct expr_lanes *r, struct error *err);
} comparisons[] = {
    [PHYS_BOOL] = {compare_bool_order, compare_bool_loop},
    [PHYS_I32] = {compare_i32_order, compare_i32_loop},
    [PHYS_I64] = {compare_i64_order, compare_i64_loop},
    [PHYS_F32] = {compare_f32_order, compare_f32_loop},
    [PHYS_F64] = {compare_f64_order, compare_f64_loop},
    [PHYS_I128] = {compare_i128_order, compare_i128_loop},
    [PHYS_STR] = {compare_str_order, compare_str_loop},
    [PHYS_INTERVAL] = {compare_interval_order, compare_interval_loop},
};

int expr_compare(enum column_phys phys, const void *a, const void *b)
{
    return comparisons[phys].order(a, b);
}

/* Decimals are compared as integers, so plan has brought them to one scale. */
static status compare_bind(struct expr_call *c, struct error *err)
{
    if (c->arg_types[0].kind == COLUMN_DECIMAL)
        ENSURE(c->arg_types[0].scale == c->arg_types[1].scale, err);
    c->loop = comparisons[column_type_phys(c->arg_types[0])].loop;
    return ST_OK;
}

/* ---- NULL and truth: called with NULLs ------------------------------------------------------- */

static bool arg_null(const struct expr_lanes *r, size_t k, int64_t i)
{
    return !column_bit(r->valid[k], i * (int64_t)r->steps[k]);
}

/* IS [NOT] DISTINCT FROM: compares as if there were no NULLs, then corrects rows that have some. */
static status distinct_loop(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    bool want = c->function == QUERY_FN_DISTINCT_FROM;
    uint8_t *out = r->out;
    TRY(comparisons[column_type_phys(c->arg_types[0])].loop(c, r, err));
    if (!r->valid[0] && !r->valid[1])
        return ST_OK;
    for (int64_t i = 0; i < r->rows; i++) {
        bool a = arg_null(r, 0, i), b = arg_null(r, 1, i);
        if (a | b)
            out[i] = (a != b) == want;
    }
    return ST_OK;
}

static status is_null_loop(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    bool want = c->function == QUERY_FN_IS_NULL;
    uint8_t *out = r->out;
    for (int64_t i = 0; i < r->rows; i++)
        out[i] = arg_null(r, 0, i) == want;
    return ST_OK;
}

static status is_truth_loop(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    bool want_true = c->function == QUERY_FN_IS_TRUE || c->function == QUERY_FN_IS_NOT_TRUE;
    bool want = c->function == QUERY_FN_IS_TRUE || c->function == QUERY_FN_IS_FALSE;
    const uint8_t *a = r->args[0];
    uint8_t *out = r->out;
    for (int64_t i = 0; i < r->rows; i++) {
        bool is = !arg_null(r, 0, i) && a[(size_t)i * r->steps[0]] == want_true;
        out[i] = is == want;
    }
    return ST_OK;
}

static status not_loop(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    const uint8_t *a = r->args[0];
    uint8_t *out = r->out;
    for (int64_t i = 0; i < r->rows; i++)
        out[i] = a[i] ^ 1;
    return ST_OK;
}

/* +x */
static status same_loop(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    memcpy(r->out, r->args[0], column_phys_bytes(column_type_phys(c->type)) * (size_t)r->rows);
    return ST_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct expr_function rows[] = {
    {QUERY_FN_ADD_INT, .loop = add_int},
    {QUERY_FN_SUB_INT, .loop = sub_int},
    {QUERY_FN_MUL_INT, .loop = mul_int},
    {QUERY_FN_DIV_INT, .loop = div_int},
    {QUERY_FN_MOD_INT, .loop = mod_int},
    {QUERY_FN_MODF_INT, .loop = mod_int},
    {QUERY_FN_ADD_BIGINT, .loop = add_bigint},
    {QUERY_FN_SUB_BIGINT, .loop = sub_bigint},
    {QUERY_FN_MUL_BIGINT, .loop = mul_bigint},
    {QUERY_FN_DIV_BIGINT, .loop = div_bigint},
    {QUERY_FN_MOD_BIGINT, .loop = mod_bigint},
    {QUERY_FN_MODF_BIGINT, .loop = mod_bigint},
    {QUERY_FN_ADD_REAL, .loop = add_real},
    {QUERY_FN_SUB_REAL, .loop = sub_real},
    {QUERY_FN_MUL_REAL, .loop = mul_real},
    {QUERY_FN_DIV_REAL, .loop = div_real},
    {QUERY_FN_ADD_DOUBLE, .loop = add_double},
    {QUERY_FN_SUB_DOUBLE, .loop = sub_double},
    {QUERY_FN_MUL_DOUBLE, .loop = mul_double},
    {QUERY_FN_DIV_DOUBLE, .loop = div_double},
    {QUERY_FN_NEG_INT, .loop = neg_int},
    {QUERY_FN_NEG_BIGINT, .loop = neg_bigint},
    {QUERY_FN_NEG_REAL, .loop = neg_real},
    {QUERY_FN_NEG_DOUBLE, .loop = neg_double},
    {QUERY_FN_PLUS_INT, .loop = same_loop},
    {QUERY_FN_PLUS_BIGINT, .loop = same_loop},
    {QUERY_FN_PLUS_REAL, .loop = same_loop},
    {QUERY_FN_PLUS_DOUBLE, .loop = same_loop},
    {QUERY_FN_ABS_INT, .loop = abs_int},
    {QUERY_FN_ABS_BIGINT, .loop = abs_bigint},
    {QUERY_FN_ABS_REAL, .loop = abs_real},
    {QUERY_FN_ABS_DOUBLE, .loop = abs_double},
    {QUERY_FN_EQ, .bind = compare_bind},
    {QUERY_FN_NE, .bind = compare_bind},
    {QUERY_FN_LT, .bind = compare_bind},
    {QUERY_FN_LE, .bind = compare_bind},
    {QUERY_FN_GT, .bind = compare_bind},
    {QUERY_FN_GE, .bind = compare_bind},
    {QUERY_FN_DISTINCT_FROM, .loop = distinct_loop},
    {QUERY_FN_NOT_DISTINCT_FROM, .loop = distinct_loop},
    {QUERY_FN_IS_NULL, .loop = is_null_loop},
    {QUERY_FN_IS_NOT_NULL, .loop = is_null_loop},
    {QUERY_FN_IS_TRUE, .loop = is_truth_loop},
    {QUERY_FN_IS_NOT_TRUE, .loop = is_truth_loop},
    {QUERY_FN_IS_FALSE, .loop = is_truth_loop},
    {QUERY_FN_IS_NOT_FALSE, .loop = is_truth_loop},
    {QUERY_FN_NOT, .loop = not_loop},
};

const struct expr_function_table expr_fn_loop_table = {rows, ARRAY_LEN(rows)};
