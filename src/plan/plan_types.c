// SPDX-License-Identifier: Apache-2.0
/* plan_types.c - which casts exist, what two types have in common, how wide a decimal must be.
 *
 * The rules are PostgreSQL 15's for the types of column_type.h (its pg_cast, and the chapter "Type
 * Conversion"). Only numeric differs: here every decimal has a precision of at most 38 and a scale,
 * so each operation states them:
 *
 *     + -        scale max(s1, s2), one more integer digit
 *     *          scale s1 + s2; where more than 38 digits would be needed, max(s1, s2, 16) at most
 *     /          scale max(s1, s2, 16), integer digits p1 - s1 + s2
 *     %          scale max(s1, s2), integer digits of the smaller side
 *
 * A precision that would pass 38 is 38: the scale is kept, and a value that does not fit is an
 * error when it happens, never a rounding. */
#include "plan/plan_int.h"

#include "column/column_text.h"

#include <stdio.h>

/* From (row) to (column) in the order of COLUMN_KIND_MAP: implicit, assignment, explicit, none. */
// clang-format off
static const char casts[COLUMN_KIND_COUNT][COLUMN_KIND_COUNT + 1] = {
    /* to (letters of query_functions.def, s smallint, x fixed):
                            ?bsilfdnDTPZtuyxI */
    [COLUMN_UNKNOWN]     = "iiiiiiiiiiiiiiiii",
    [COLUMN_BOOLEAN]     = ".i.e........a....",
    [COLUMN_SMALLINT]    = "..iiiiii....a....",
    [COLUMN_INT]         = ".eaiiiii....a....",
    [COLUMN_BIGINT]      = "..aaiiii....a....",
    [COLUMN_REAL]        = "..aaaiia....a....",
    [COLUMN_DOUBLE]      = "..aaaaia....a....",
    [COLUMN_DECIMAL]     = "..aaaiii....a....",
    [COLUMN_DATE]        = "........i.iia....",
    [COLUMN_TIME]        = ".........i..a...i",
    [COLUMN_TIMESTAMP]   = "........aaiia....",
    [COLUMN_TIMESTAMPTZ] = "........aaaia....",
    [COLUMN_TEXT]        = ".eeeeeeeeeeeieeee",
    [COLUMN_UUID]        = "............ai...",
    [COLUMN_BINARY]      = "............a.ia.",
    [COLUMN_FIXED]       = "............a.ii.",
    [COLUMN_INTERVAL]    = ".........a..a...i",
};
// clang-format on

enum plan_cast plan_cast_context(enum column_kind from, enum column_kind to)
{
    switch (casts[from][to]) {
    case 'i':
        return PLAN_CAST_IMPLICIT;
    case 'a':
        return PLAN_CAST_ASSIGNMENT;
    case 'e':
        return PLAN_CAST_EXPLICIT;
    default:
        return PLAN_CAST_NONE;
    }
}

char plan_type_category(enum column_kind k)
{
    return "XBNNNNNNDDDDSUUUT"[k];
}

bool plan_type_is_preferred(enum column_kind k)
{
    return k == COLUMN_DOUBLE || k == COLUMN_TIMESTAMPTZ || k == COLUMN_TEXT ||
           k == COLUMN_BOOLEAN || k == COLUMN_INTERVAL;
}

/* ---- decimals -------------------------------------------------------------------------------- */

static struct column_type decimal(unsigned integer_digits, unsigned scale)
{
    unsigned s = scale > 38 ? 38 : scale;
    unsigned p = integer_digits + s;
    return column_type_decimal(p > 38 ? 38 : p == 0 ? 1 : p, s);
}

static unsigned integer_digits(struct column_type t)
{
    return (unsigned)t.precision - t.scale;
}

struct column_type plan_decimal_of(const struct query_expr *e)
{
    bool constant = e->kind == QUERY_CONST && !e->value.null;
    switch (e->type.kind) {
    case COLUMN_DECIMAL:
        return e->type;
    case COLUMN_SMALLINT:
        return column_type_decimal(constant ? wide_digits(e->value.i32) : 5, 0);
    case COLUMN_INT:
        return column_type_decimal(constant ? wide_digits(e->value.i32) : 10, 0);
    case COLUMN_BIGINT:
        return column_type_decimal(constant ? wide_digits(e->value.i64) : 19, 0);
    default: /* from double or text: 22 integer digits and as many behind the point as / gives */
        return column_type_decimal(38, 16);
    }
}

struct column_type plan_decimal_common(struct column_type a, struct column_type b)
{
    unsigned ia = integer_digits(a), ib = integer_digits(b);
    return decimal(ia > ib ? ia : ib, a.scale > b.scale ? a.scale : b.scale);
}

static unsigned larger(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static struct column_type multiply(struct column_type a, struct column_type b)
{
    unsigned p = (unsigned)a.precision + b.precision, s = (unsigned)a.scale + b.scale;
    unsigned most = larger(larger(a.scale, b.scale), 16);
    if (p > 38 && s > most)
        s = most;
    return decimal(p - a.scale - b.scale, s);
}

static bool one_of(struct str word, const char *const *words)
{
    for (; *words; words++)
        if (str_eq_nocase(word, str_of(*words)))
            return true;
    return false;
}

/* Units by PostgreSQL's abbreviations too: only these have fractions. */
static struct column_type extracted(const struct query_expr *field)
{
    static const char *const days[] = {"epoch", "julian", "jd", "j", NULL};
    static const char *const seconds[] = {"second", "seconds", "sec", "secs", "s", NULL};
    static const char *const millis[] = {"millisecond", "milliseconds", "msecond", "mseconds",
                                         "msec",        "msecs",        "ms",      NULL};
    if (field->kind != QUERY_CONST || field->value.null)
        return column_type_decimal(30, 6);
    struct str f = field->value.str;
    if (one_of(f, days))
        return column_type_decimal(24, 6);
    if (one_of(f, seconds))
        return column_type_decimal(8, 6);
    return one_of(f, millis) ? column_type_decimal(8, 3) : column_type_decimal(10, 0);
}

/* round(x, n) and trunc(x, n): a constant n is the scale; else the argument's stays. */
static struct column_type rounded_to(struct column_type t, const struct query_expr *n, bool carry)
{
    if (n->kind != QUERY_CONST || n->value.null)
        return decimal(integer_digits(t) + carry, t.scale);
    unsigned digits = integer_digits(t) + carry;
    unsigned scale = n->value.i32 < 0 ? 0 : n->value.i32 > 38 ? 38 : (unsigned)n->value.i32;
    if (digits + scale > 38 && scale > t.scale)
        scale = larger(t.scale, digits > 38 ? 0 : 38 - digits);
    return decimal(digits, scale);
}

struct column_type plan_decimal_result(enum query_function f, struct query_expr *const *args,
                                       size_t count)
{
    struct column_type a = count > 0 ? plan_decimal_of(args[0]) : column_type_decimal(38, 16);
    struct column_type b = count > 1 ? plan_decimal_of(args[1]) : a;
    unsigned scale = larger(a.scale, b.scale);
    unsigned whole = larger(integer_digits(a), integer_digits(b));
    switch (f) {
    case QUERY_FN_ADD_NUMERIC:
    case QUERY_FN_SUB_NUMERIC:
        return decimal(whole + 1, scale);
    case QUERY_FN_MUL_NUMERIC:
        return multiply(a, b);
    case QUERY_FN_DIV_NUMERIC:
        return decimal(integer_digits(a) + b.scale, larger(scale, 16));
    case QUERY_FN_MOD_NUMERIC:
    case QUERY_FN_MODF_NUMERIC:
        return decimal(
            integer_digits(a) < integer_digits(b) ? integer_digits(a) : integer_digits(b), scale);
    case QUERY_FN_ROUND_NUMERIC:
    case QUERY_FN_CEIL_NUMERIC:
    case QUERY_FN_CEILING_NUMERIC:
    case QUERY_FN_FLOOR_NUMERIC:
        return decimal(integer_digits(a) + 1, 0);
    case QUERY_FN_TRUNC_NUMERIC:
        return decimal(larger(integer_digits(a), 1), 0);
    case QUERY_FN_ROUND_NUMERIC_TO:
        return rounded_to(a, args[1], true);
    case QUERY_FN_TRUNC_NUMERIC_TO:
        return rounded_to(a, args[1], false);
    case QUERY_FN_SIGN_NUMERIC:
        return column_type_decimal(1, 0);
    case QUERY_FN_EXTRACT_DATE:
    case QUERY_FN_EXTRACT_TIME:
    case QUERY_FN_EXTRACT_TIMESTAMP:
    case QUERY_FN_EXTRACT_TIMESTAMPTZ:
    case QUERY_FN_EXTRACT_INTERVAL:
        return extracted(args[0]);
    default: /* abs, -, + of one argument */
        return a;
    }
}

/* ---- common types ---------------------------------------------------------------------------- */

bool plan_comparison_type(const struct query_expr *a, const struct query_expr *b,
                          struct column_type *out)
{
    enum column_kind x = a->type.kind, y = b->type.kind;
    if (x == COLUMN_UNKNOWN || y == COLUMN_UNKNOWN) {
        *out = x == COLUMN_UNKNOWN ? b->type : a->type;
        return true;
    }
    if (column_type_is_number(a->type) && column_type_is_number(b->type)) {
        if (x == COLUMN_DECIMAL || y == COLUMN_DECIMAL) {
            *out = column_type_is_float(a->type) || column_type_is_float(b->type)
                       ? column_type_of(COLUMN_DOUBLE)
                       : plan_decimal_common(plan_decimal_of(a), plan_decimal_of(b));
            return true;
        }
        if (x != y && (x == COLUMN_REAL || y == COLUMN_REAL))
            *out = column_type_of(COLUMN_DOUBLE); /* as PostgreSQL's float48 operators */
        else
            *out = column_type_of(x > y ? x : y);
        return true;
    }
    if (column_type_eq(a->type, b->type)) {
        *out = a->type;
        return true;
    }
    if (plan_cast_context(x, y) == PLAN_CAST_IMPLICIT ||
        plan_cast_context(y, x) == PLAN_CAST_IMPLICIT) {
        bool forward = plan_cast_context(x, y) == PLAN_CAST_IMPLICIT && y != COLUMN_FIXED;
        *out = forward ? b->type : x == COLUMN_FIXED ? column_type_of(COLUMN_BINARY) : a->type;
        return true;
    }
    return false;
}

status plan_common_type(struct query_expr *const *e, size_t count, const char *what,
                        struct column_type *out, struct error *err)
{
    const struct query_expr *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (e[i]->type.kind == COLUMN_UNKNOWN)
            continue;
        if (!best) {
            best = e[i];
            *out = e[i]->type;
            continue;
        }
        enum column_kind have = out->kind, next = e[i]->type.kind;
        if (plan_type_category(have) != plan_type_category(next)) {
            char a[64], b[64];
            FAIL_SQL(err, ST_INVALID, "42804", e[i]->position,
                     "%s types %s and %s cannot be matched", what, column_type_name(*out, a),
                     column_type_name(e[i]->type, b));
        }
        bool up = plan_cast_context(have, next) == PLAN_CAST_IMPLICIT;
        bool down = plan_cast_context(next, have) == PLAN_CAST_IMPLICIT;
        if (have != next && up && (!down || have == COLUMN_FIXED))
            *out = e[i]->type;
        else if (have == COLUMN_FIXED && !column_type_eq(*out, e[i]->type))
            *out = column_type_of(COLUMN_BINARY);
    }
    if (!best) {
        *out = column_type_of(COLUMN_TEXT);
        return ST_OK;
    }
    if (out->kind != COLUMN_DECIMAL)
        return ST_OK;
    bool first = true; /* wide enough for every decimal and integer among them */
    for (size_t i = 0; i < count; i++) {
        if (!column_type_is_number(e[i]->type))
            continue;
        struct column_type t = plan_decimal_of(e[i]);
        *out = first ? t : plan_decimal_common(*out, t);
        first = false;
    }
    return ST_OK;
}

/* ---- casts ----------------------------------------------------------------------------------- */

/* A literal's text read as `to`. */
static status parse_literal(struct plan_binder *b, const struct query_expr *e,
                            struct column_type to, struct query_expr **out, struct error *err)
{
    struct column_value v;
    if (to.kind == COLUMN_TEXT) {
        v = (struct column_value){.type = to, .str = e->value.str};
        return plan_const(b, &v, e->position, out, err);
    }
    if (to.kind == COLUMN_DECIMAL && to.precision == 0) {
        if (!column_text_decimal_type(e->value.str, &to))
            to = column_type_decimal(38, 16);
    }
    status st = column_text_parse(to, e->value.str, b->c->zone, b->c->arena, &v, err);
    if (st != ST_OK) {
        error_position(err, e->position);
        return st;
    }
    v.type = to;
    return plan_const(b, &v, e->position, out, err);
}

status plan_fail_cast(struct column_type from, struct column_type to, int64_t position,
                      struct error *err)
{
    char x[64], y[64];
    FAIL_SQL(err, ST_INVALID, "42846", position, "cannot cast type %s to %s",
             column_type_name(from, x), column_type_name(to, y));
}

status plan_coerce(struct plan_binder *b, struct query_expr *e, struct column_type to,
                   enum plan_cast context, struct query_expr **out, struct error *err)
{
    enum column_kind from = e->type.kind;
    if (from == COLUMN_UNKNOWN) {
        if (e->value.null)
            return plan_null(
                b, to.kind == COLUMN_DECIMAL && !to.precision ? column_type_decimal(38, 16) : to,
                e->position, out, err);
        return parse_literal(b, e, to, out, err);
    }
    if (to.kind == COLUMN_DECIMAL && to.precision == 0)
        to = plan_decimal_of(e);
    if (column_type_eq(e->type, to)) {
        *out = e;
        return ST_OK;
    }
    enum plan_cast allowed = plan_cast_context(from, to.kind);
    if (allowed == PLAN_CAST_NONE || allowed < context)
        return plan_fail_cast(e->type, to, e->position, err);
    struct query_expr *cast;
    TRY(plan_expr_new(b, QUERY_CAST, to, e->position, 1, &cast, err));
    cast->args[0] = e;
    TRY(plan_fold(b, &cast, err));
    *out = cast;
    return ST_OK;
}

status plan_settle(struct plan_binder *b, struct query_expr *e, struct query_expr **out,
                   struct error *err)
{
    if (e->type.kind != COLUMN_UNKNOWN) {
        *out = e;
        return ST_OK;
    }
    TRY(plan_coerce(b, e, column_type_of(COLUMN_TEXT), PLAN_CAST_IMPLICIT, out, err));
    (*out)->untyped = true;
    return ST_OK;
}

/* ---- number literals ------------------------------------------------------------------------- */

/* integer, bigint, numeric by size, as in PostgreSQL; what needs more than 38 digits is double. */
status plan_number(struct plan_binder *b, struct str text, int64_t position,
                   struct query_expr **out, struct error *err)
{
    struct column_value v;
    struct column_type t;
    bool whole = true;
    for (size_t i = 0; i < text.len; i++)
        whole &= text.ptr[i] != '.' && text.ptr[i] != 'e' && text.ptr[i] != 'E';
    if (!column_text_decimal_type(text, &t))
        t = column_type_of(COLUMN_DOUBLE);
    else if (whole && t.precision <= 19 &&
             column_text_parse(column_type_of(COLUMN_INT), text, NULL, b->c->arena, &v, NULL) ==
                 ST_OK)
        t = column_type_of(COLUMN_INT);
    else if (whole && t.precision <= 19 &&
             column_text_parse(column_type_of(COLUMN_BIGINT), text, NULL, b->c->arena, &v, NULL) ==
                 ST_OK)
        t = column_type_of(COLUMN_BIGINT);
    status st = column_text_parse(t, text, NULL, b->c->arena, &v, err);
    if (st != ST_OK) {
        error_position(err, position);
        return st;
    }
    v.type = t;
    return plan_const(b, &v, position, out, err);
}
