// SPDX-License-Identifier: Apache-2.0
/* expr_cast.c - PostgreSQL's explicit casts.
 *
 *     from \ to    bool  int  float  decimal  text  date/time  interval  uuid  bytes
 *     bool          =    (1)                   x
 *     integers     (1)    x     x       x      x
 *     float               x     x       x      x
 *     decimal             x     x       x      x
 *     text          x     x     x       x      =       x          x       x      x
 *     date/time                                x       x         (2)
 *     interval                                 x      (2)         =
 *     uuid                                     x                          =
 *     bytes                                    x                                 =
 *
 *     (1) integer only, as in PostgreSQL  (2) to or from time only
 *
 * Floats to integers round half to even, decimals half away from zero. A float becomes a decimal by
 * its 15 (real: 6) leading digits, as PostgreSQL does. Anything else is 42846. */
#include "expr/expr_int.h"
#include "expr/expr_decimal.h"
#include "expr/expr_time.h"

#include <math.h>
#include <stdio.h>

static status raise_out_of_range(struct column_type t, struct error *err)
{
    char name[64];
    FAIL_SQL(err, ST_INVALID, "22003", 0, "%s out of range", column_type_name(t, name));
}

/* ---- loops between the common numbers -------------------------------------------------------- */

ALWAYS_INLINE unsigned i32_to_i16(int32_t v, int32_t *r)
{
    *r = v;
    return v < INT16_MIN || v > INT16_MAX;
}
ALWAYS_INLINE unsigned i64_to_i16(int64_t v, int32_t *r)
{
    *r = (int32_t)v;
    return v < INT16_MIN || v > INT16_MAX;
}
ALWAYS_INLINE unsigned i32_to_i64(int32_t v, int64_t *r)
{
    *r = v;
    return 0;
}
ALWAYS_INLINE unsigned i64_to_i32(int64_t v, int32_t *r)
{
    *r = (int32_t)v;
    return v != (int32_t)v;
}
ALWAYS_INLINE unsigned i32_to_f64(int32_t v, double *r)
{
    *r = v;
    return 0;
}
ALWAYS_INLINE unsigned i64_to_f64(int64_t v, double *r)
{
    *r = (double)v;
    return 0;
}
ALWAYS_INLINE unsigned i32_to_f32(int32_t v, float *r)
{
    *r = (float)v;
    return 0;
}
ALWAYS_INLINE unsigned i64_to_f32(int64_t v, float *r)
{
    *r = (float)v;
    return 0;
}
ALWAYS_INLINE unsigned f32_to_f64(float v, double *r)
{
    *r = v;
    return 0;
}
ALWAYS_INLINE unsigned f64_to_f32(double v, float *r)
{
    *r = (float)v;
    return (isinf(*r) & !isinf(v)) | ((*r == 0) & (v != 0));
}
/* Written so that NaN is out of range. */
ALWAYS_INLINE unsigned f64_to_i16(double v, int32_t *r)
{
    double w = rint(v);
    unsigned bad = !(w >= INT16_MIN && w <= INT16_MAX);
    *r = bad ? 0 : (int32_t)w;
    return bad;
}
ALWAYS_INLINE unsigned f64_to_i32(double v, int32_t *r)
{
    double w = rint(v);
    unsigned bad = !(w >= INT32_MIN && w <= INT32_MAX);
    *r = bad ? 0 : (int32_t)w;
    return bad;
}
ALWAYS_INLINE unsigned f64_to_i64(double v, int64_t *r)
{
    double w = rint(v);
    unsigned bad = !(w >= -0x1p63 && w < 0x1p63);
    *r = bad ? 0 : (int64_t)w;
    return bad;
}

static status raise_from_i32(int32_t v, struct error *err)
{
    return raise_out_of_range(column_type_of(COLUMN_SMALLINT), err);
}
static status raise_from_i64(int64_t v, struct error *err)
{
    return raise_out_of_range(column_type_of(COLUMN_INT), err);
}
static status raise_from_i64_small(int64_t v, struct error *err)
{
    return raise_out_of_range(column_type_of(COLUMN_SMALLINT), err);
}
static status raise_small(double v, struct error *err)
{
    return raise_out_of_range(column_type_of(COLUMN_SMALLINT), err);
}
static status raise_int(double v, struct error *err)
{
    return raise_out_of_range(column_type_of(COLUMN_INT), err);
}
static status raise_bigint(double v, struct error *err)
{
    return raise_out_of_range(column_type_of(COLUMN_BIGINT), err);
}
static status raise_real(double v, struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22003", 0, "value out of range: %s",
             isinf((float)v) ? "overflow" : "underflow");
}

#define LOOP  int_to_smallint
#define TAKES int32_t
#define GIVES int32_t
#define ONE   i32_to_i16
#define RAISE raise_from_i32
#include "expr/expr_unary_tmpl.h"

#define LOOP  bigint_to_smallint
#define TAKES int64_t
#define GIVES int32_t
#define ONE   i64_to_i16
#define RAISE raise_from_i64_small
#include "expr/expr_unary_tmpl.h"

#define LOOP  int_to_bigint
#define TAKES int32_t
#define GIVES int64_t
#define ONE   i32_to_i64
#define RAISE raise_from_i32
#include "expr/expr_unary_tmpl.h"

#define LOOP  bigint_to_int
#define TAKES int64_t
#define GIVES int32_t
#define ONE   i64_to_i32
#define RAISE raise_from_i64
#include "expr/expr_unary_tmpl.h"

#define LOOP  int_to_double
#define TAKES int32_t
#define GIVES double
#define ONE   i32_to_f64
#define RAISE raise_from_i32
#include "expr/expr_unary_tmpl.h"

#define LOOP  bigint_to_double
#define TAKES int64_t
#define GIVES double
#define ONE   i64_to_f64
#define RAISE raise_from_i64
#include "expr/expr_unary_tmpl.h"

#define LOOP  int_to_real
#define TAKES int32_t
#define GIVES float
#define ONE   i32_to_f32
#define RAISE raise_from_i32
#include "expr/expr_unary_tmpl.h"

#define LOOP  bigint_to_real
#define TAKES int64_t
#define GIVES float
#define ONE   i64_to_f32
#define RAISE raise_from_i64
#include "expr/expr_unary_tmpl.h"

#define LOOP  real_to_double
#define TAKES float
#define GIVES double
#define ONE   f32_to_f64
#define RAISE raise_real
#include "expr/expr_unary_tmpl.h"

#define LOOP  double_to_real
#define TAKES double
#define GIVES float
#define ONE   f64_to_f32
#define RAISE raise_real
#include "expr/expr_unary_tmpl.h"

#define LOOP  double_to_smallint
#define TAKES double
#define GIVES int32_t
#define ONE   f64_to_i16
#define RAISE raise_small
#include "expr/expr_unary_tmpl.h"

#define LOOP  double_to_int
#define TAKES double
#define GIVES int32_t
#define ONE   f64_to_i32
#define RAISE raise_int
#include "expr/expr_unary_tmpl.h"

#define LOOP  double_to_bigint
#define TAKES double
#define GIVES int64_t
#define ONE   f64_to_i64
#define RAISE raise_bigint
#include "expr/expr_unary_tmpl.h"

#define LOOP  real_to_smallint
#define TAKES float
#define GIVES int32_t
#define ONE   f64_to_i16
#define RAISE raise_small
#include "expr/expr_unary_tmpl.h"

#define LOOP  real_to_int
#define TAKES float
#define GIVES int32_t
#define ONE   f64_to_i32
#define RAISE raise_int
#include "expr/expr_unary_tmpl.h"

#define LOOP  real_to_bigint
#define TAKES float
#define GIVES int64_t
#define ONE   f64_to_i64
#define RAISE raise_bigint
#include "expr/expr_unary_tmpl.h"

/* The number loops by type: smallint, int, bigint, real, double. */
static status (*const number_loops[5][5])(struct expr_call *c, const struct expr_lanes *r,
                                          struct error *err) = {
    {NULL, NULL, int_to_bigint, int_to_real, int_to_double}, /* smallint: NULL = the same bits */
    {int_to_smallint, NULL, int_to_bigint, int_to_real, int_to_double},
    {bigint_to_smallint, bigint_to_int, NULL, bigint_to_real, bigint_to_double},
    {real_to_smallint, real_to_int, real_to_bigint, NULL, real_to_double},
    {double_to_smallint, double_to_int, double_to_bigint, double_to_real, NULL},
};

static int number_index(struct column_type t)
{
    ASSERT(COLUMN_DOUBLE - COLUMN_SMALLINT == 4);
    return (int)t.kind - COLUMN_SMALLINT;
}

static status copy_loop(struct expr_call *c, const struct expr_lanes *r, struct error *err)
{
    memcpy(r->out, r->args[0], column_phys_bytes(column_type_phys(c->type)) * (size_t)r->rows);
    return ST_OK;
}

/* ---- decimals, booleans ---------------------------------------------------------------------- */

static EXPR_SCALAR(integer_to_decimal)
{
    int128 v =
        column_type_phys(c->arg_types[0]) == PHYS_I32 ? EXPR_ARG(int32_t, 0) : EXPR_ARG(int64_t, 0);
    TRY(expr_decimal_rescale((struct expr_decimal){v, 0}, c->type, &v, err));
    expr_decimal_store(c->type, v, out);
    return ST_OK;
}

/* The 15 leading digits of v as digits * 10^-scale, exactly as printf("%.15g") rounds them; false
 * outside the range where the product with a power of ten is known to the last bit. */
static bool leading_digits(double v, struct expr_decimal *out)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double size = fabs(v);
    unsigned k = 0;
    if (!(size >= 1e-7 && size < 1e15))
        return false;
    while (k < ARRAY_LEN(power) - 1 && size * power[k] < 1e14)
        k++;
    double product = size * power[k], error = fma(size, power[k], -product);
    double whole = floor(product), half = (product - whole - 0.5) + error; /* both exact */
    if (product < 1e14 || product >= 999999999999999.0 || half == 0 || product - whole + error < 0)
        return false;
    int64_t digits = (int64_t)whole + (half > 0);
    *out = (struct expr_decimal){v < 0 ? -digits : digits, k};
    return true;
}

static EXPR_SCALAR(float_to_decimal)
{
    bool real = c->arg_types[0].kind == COLUMN_REAL;
    double v = real ? (double)EXPR_ARG(float, 0) : EXPR_ARG(double, 0);
    struct column_value parsed;
    char text[32];
    if (isnan(v))
        FAIL_SQL(err, ST_INVALID, "22003", 0, "cannot convert NaN to numeric");
    if (isinf(v))
        FAIL_SQL(err, ST_INVALID, "22003", 0, "cannot convert infinity to numeric");
    struct expr_decimal leading;
    if (!real && leading_digits(v, &leading)) {
        int128 r;
        TRY(expr_decimal_rescale(leading, c->type, &r, err));
        expr_decimal_store(c->type, r, out);
        return ST_OK;
    }
    snprintf(text, sizeof(text), "%.*g", real ? 6 : 15, v);
    TRY(column_text_parse(c->type, str_of(text), NULL, c->text, &parsed, err));
    memcpy(out, &parsed.b, column_phys_bytes(column_type_phys(c->type)));
    return ST_OK;
}

static EXPR_SCALAR(decimal_to_decimal)
{
    int128 v;
    struct column_type from = c->arg_types[0];
    struct expr_decimal a = {expr_decimal_load(from, arg[0]), from.scale};
    TRY(expr_decimal_rescale(a, c->type, &v, err));
    expr_decimal_store(c->type, v, out);
    return ST_OK;
}

static EXPR_SCALAR(decimal_to_integer)
{
    struct column_type from = c->arg_types[0];
    int128 v =
        expr_decimal_to_integer((struct expr_decimal){expr_decimal_load(from, arg[0]), from.scale});
    int128 most = c->type.kind == COLUMN_SMALLINT ? INT16_MAX
                  : c->type.kind == COLUMN_INT    ? INT32_MAX
                                                  : INT64_MAX;
    if (v > most || v < -most - 1)
        return raise_out_of_range(c->type, err);
    if (c->type.kind == COLUMN_BIGINT)
        EXPR_OUT(int64_t) = (int64_t)v;
    else
        EXPR_OUT(int32_t) = (int32_t)v;
    return ST_OK;
}

/* Correctly rounded: where number and power of ten are exact in the result's type, one division
 * rounds once; else by way of the text. */
static EXPR_SCALAR(decimal_to_float)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct column_type from = c->arg_types[0];
    int128 v = expr_decimal_load(from, arg[0]), size = v < 0 ? (int128)(-(uint128)v) : v;
    bool real = c->type.kind == COLUMN_REAL;
    if (!real && size >= 0 && size <= (int128)1 << 53 && from.scale <= 22) {
        EXPR_OUT(double) = (double)(int64_t)v / power[from.scale];
        return ST_OK;
    }
    if (real && size >= 0 && size <= 1 << 24 && from.scale <= 10) {
        EXPR_OUT(float) = (float)(int32_t)v / (float)power[from.scale];
        return ST_OK;
    }
    struct column_value parsed;
    char text[WIDE_TEXT_MAX];
    size_t n = wide_to_text(v, from.scale, text);
    TRY(column_text_parse(c->type, (struct str){text, n}, NULL, c->text, &parsed, err));
    memcpy(out, &parsed.b, column_phys_bytes(column_type_phys(c->type)));
    return ST_OK;
}

static EXPR_SCALAR(boolean_to_int)
{
    EXPR_OUT(int32_t) = EXPR_ARG(uint8_t, 0);
    return ST_OK;
}

static EXPR_SCALAR(int_to_boolean)
{
    EXPR_OUT(uint8_t) = EXPR_ARG(int32_t, 0) != 0;
    return ST_OK;
}

/* ---- text ------------------------------------------------------------------------------------ */

static EXPR_SCALAR(text_to_any)
{
    struct column_value v;
    TRY(column_text_parse(c->type, EXPR_ARG(struct str, 0), c->zone, c->text, &v, err));
    memcpy(out, &v.b, column_phys_bytes(column_type_phys(c->type)));
    return ST_OK;
}

static EXPR_SCALAR(any_to_text)
{
    struct column_value v = {.type = c->arg_types[0]};
    memcpy(&v.b, arg[0], column_phys_bytes(column_type_phys(v.type)));
    if (v.type.kind == COLUMN_BOOLEAN) {
        EXPR_OUT(struct str) = v.b ? STR("true") : STR("false");
        return ST_OK;
    }
    return expr_text_of(c, &v, &EXPR_OUT(struct str), err);
}

static EXPR_SCALAR(bytes_to_fixed)
{
    struct str v = EXPR_ARG(struct str, 0);
    if (v.len != c->type.length_bytes)
        FAIL_SQL(err, ST_INVALID, "22023", 0, "%zu bytes are not a value of fixed(%u)", v.len,
                 c->type.length_bytes);
    EXPR_OUT(struct str) = v;
    return ST_OK;
}

/* ---- dates and times ------------------------------------------------------------------------- */

static EXPR_SCALAR(date_to_timestamp)
{
    int64_t us;
    TRY(expr_date_moment(EXPR_ARG(int32_t, 0), &us, err));
    if (c->type.kind == COLUMN_TIMESTAMPTZ)
        return expr_to_utc(&c->period, c->zone, us, &EXPR_OUT(int64_t), err);
    EXPR_OUT(int64_t) = us;
    return ST_OK;
}

static EXPR_SCALAR(timestamp_to_timestamptz)
{
    return expr_to_utc(&c->period, c->zone, EXPR_ARG(int64_t, 0), &EXPR_OUT(int64_t), err);
}

/* An instant is first brought to the session's local time. */
static int64_t local_arg(struct expr_call *c, const void *const *arg)
{
    int64_t us = EXPR_ARG(int64_t, 0);
    return c->arg_types[0].kind == COLUMN_TIMESTAMPTZ ? expr_to_local(&c->period, c->zone, us) : us;
}

static EXPR_SCALAR(moment_to_timestamp)
{
    EXPR_OUT(int64_t) = local_arg(c, arg);
    return expr_check_timestamp(EXPR_OUT(int64_t), err);
}

static EXPR_SCALAR(moment_to_date)
{
    EXPR_OUT(int32_t) = (int32_t)expr_floor_div(local_arg(c, arg), EXPR_US_PER_DAY);
    return ST_OK;
}

static EXPR_SCALAR(moment_to_time)
{
    EXPR_OUT(int64_t) = expr_floor_mod(local_arg(c, arg), EXPR_US_PER_DAY);
    return ST_OK;
}

static EXPR_SCALAR(time_to_interval)
{
    EXPR_OUT(struct column_interval) = (struct column_interval){.us = EXPR_ARG(int64_t, 0)};
    return ST_OK;
}

static EXPR_SCALAR(interval_to_time)
{
    EXPR_OUT(int64_t) = expr_floor_mod(EXPR_ARG(struct column_interval, 0).us, EXPR_US_PER_DAY);
    return ST_OK;
}

/* ---- which cast ------------------------------------------------------------------------------ */

static status refuse(struct column_type from, struct column_type to, struct error *err)
{
    char a[64], b[64];
    FAIL_SQL(err, ST_INVALID, "42846", 0, "cannot cast type %s to %s", column_type_name(from, a),
             column_type_name(to, b));
}

static bool is_text(struct column_type t)
{
    return t.kind == COLUMN_TEXT || t.kind == COLUMN_UNKNOWN;
}

static bool is_bytes(struct column_type t)
{
    return t.kind == COLUMN_BINARY || t.kind == COLUMN_FIXED;
}

static bool is_plain_number(struct column_type t)
{
    return column_type_is_integer(t) || column_type_is_float(t);
}

/* Between numbers and booleans; false if there is no such cast. */
static bool bind_number(struct expr_call *c, struct column_type from, struct column_type to)
{
    if (is_plain_number(from) && is_plain_number(to)) {
        c->loop = number_loops[number_index(from)][number_index(to)];
        if (!c->loop)
            c->loop = copy_loop;
    } else if (to.kind == COLUMN_DECIMAL && is_plain_number(from)) {
        c->scalar = column_type_is_float(from) ? float_to_decimal : integer_to_decimal;
    } else if (from.kind == COLUMN_DECIMAL && to.kind == COLUMN_DECIMAL) {
        c->scalar = decimal_to_decimal;
    } else if (from.kind == COLUMN_DECIMAL && is_plain_number(to)) {
        c->scalar = column_type_is_float(to) ? decimal_to_float : decimal_to_integer;
    } else if (from.kind == COLUMN_BOOLEAN && to.kind == COLUMN_INT) {
        c->scalar = boolean_to_int;
    } else if (from.kind == COLUMN_INT && to.kind == COLUMN_BOOLEAN) {
        c->scalar = int_to_boolean;
    }
    return c->scalar || c->loop;
}

static bool is_moment(struct column_type t)
{
    return t.kind == COLUMN_TIMESTAMP || t.kind == COLUMN_TIMESTAMPTZ;
}

static bool bind_time(struct expr_call *c, struct column_type from, struct column_type to)
{
    if (from.kind == COLUMN_DATE && is_moment(to))
        c->scalar = date_to_timestamp;
    else if (from.kind == COLUMN_TIMESTAMP && to.kind == COLUMN_TIMESTAMPTZ)
        c->scalar = timestamp_to_timestamptz;
    else if (from.kind == COLUMN_TIMESTAMPTZ && to.kind == COLUMN_TIMESTAMP)
        c->scalar = moment_to_timestamp;
    else if (is_moment(from) && to.kind == COLUMN_DATE)
        c->scalar = moment_to_date;
    else if (is_moment(from) && to.kind == COLUMN_TIME)
        c->scalar = moment_to_time;
    else if (from.kind == COLUMN_TIME && to.kind == COLUMN_INTERVAL)
        c->scalar = time_to_interval;
    else if (from.kind == COLUMN_INTERVAL && to.kind == COLUMN_TIME)
        c->scalar = interval_to_time;
    return c->scalar != NULL;
}

status expr_cast_bind(struct expr_call *c, struct error *err)
{
    struct column_type from = c->arg_types[0], to = c->type;
    if (column_type_eq(from, to) || (is_text(from) && is_text(to)) ||
        (is_bytes(from) && to.kind == COLUMN_BINARY)) {
        c->loop = copy_loop;
        return ST_OK;
    }
    if (is_text(from)) {
        c->scalar = text_to_any;
        return ST_OK;
    }
    if (is_text(to)) {
        c->scalar = any_to_text;
        return ST_OK;
    }
    if (is_bytes(from) && to.kind == COLUMN_FIXED) {
        c->scalar = bytes_to_fixed;
        return ST_OK;
    }
    return bind_number(c, from, to) || bind_time(c, from, to) ? ST_OK : refuse(from, to, err);
}

status expr_cast_value(const struct column_value *from, struct column_type to,
                       const struct zone *zone, struct arena *arena, struct column_value *out,
                       struct error *err)
{
    *out = (struct column_value){.type = to, .null = from->null};
    if (from->null)
        return ST_OK;
    struct arena scratch;
    arena_init(&scratch, arena->account);
    struct expr_call c = {.function = QUERY_FN_COUNT,
                          .arg_count = 1,
                          .arg_types = &from->type,
                          .type = to,
                          .zone = zone,
                          .memory = &scratch,
                          .text = &scratch};
    struct column_value made = *out;
    const void *arg[1] = {&from->b};
    status st;
    TRY_DONE(expr_cast_bind(&c, err));
    if (c.scalar) {
        TRY_DONE(c.scalar(&c, arg, &made.b, err));
    } else {
        const uint64_t *valid[1] = {NULL};
        size_t steps[1] = {0};
        struct expr_lanes one = {
            .rows = 1, .args = arg, .valid = valid, .steps = steps, .out = &made.b};
        TRY_DONE(c.loop(&c, &one, err));
    }
    made.null = c.null;
    TRY_DONE(column_value_copy(arena, &made, out, err));
done:
    arena_free(&scratch);
    return st;
}
