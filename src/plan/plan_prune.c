// SPDX-License-Identifier: Apache-2.0
/* plan_prune.c - what of a WHERE the metadata can answer: an iceberg_pred.
 *
 * A leaf is a bare column beside a constant, also below a cast that keeps order (int column, bigint
 * constant). All else is ICEBERG_PRED_TRUE. NOT is pushed down to the leaves on the way.
 *
 * R1  every row for which the condition is true satisfies the predicate; others may too
 * R2  a row for which the condition is NULL is not wanted, so col <> 5 also says col is not NULL
 * R3  a leaf's value has the column's type. Where the constant lies between two values of it, the
 *     value below stands in: int < 2.5 is int <= 2, int = 2.5 is false */
#include "plan/plan_int.h"

#include <math.h>

struct prune {
    const struct column_schema *schema;
    struct arena *arena;
};

static status prune(const struct prune *p, const struct query_expr *e, bool negate,
                    const struct iceberg_pred **out, struct error *err);

static const struct iceberg_pred pred_true = {.kind = ICEBERG_PRED_TRUE};
static const struct iceberg_pred pred_false = {.kind = ICEBERG_PRED_FALSE};

static status leaf(const struct prune *p, enum iceberg_pred_kind kind, int32_t field_id,
                   const struct column_value *v, const struct iceberg_pred **out, struct error *err)
{
    struct iceberg_pred *l;
    TRY(ARENA_NEW(p->arena, struct iceberg_pred, &l, err));
    l->kind = kind;
    l->field_id = field_id;
    if (v) {
        struct column_value *copy;
        TRY(ARENA_NEW(p->arena, struct column_value, &copy, err));
        *copy = *v;
        l->values = copy;
        l->value_count = 1;
    }
    *out = l;
    return ST_OK;
}

/* ---- constants in the column's type ---------------------------------------------------------- */

/* Where the constant lies among the values of the column's type. */
enum place {
    PLACE_EXACT,   /* it is `value` */
    PLACE_BETWEEN, /* above `value`, below the next one */
    PLACE_BELOW,   /* below every value */
    PLACE_ABOVE,   /* above every value */
    PLACE_NEAR,    /* unknown, but within `value` +- two days (a time zone stands between) */
    PLACE_UNKNOWN
};

static int128 floor_div(int128 a, int128 b)
{
    int128 q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static int128 decimal_number(const struct column_value *v)
{
    return column_type_phys(v->type) == PHYS_I64 ? v->i64 : v->i128;
}

static enum place place_integer(int128 n, bool exact, struct column_type t,
                                struct column_value *out)
{
    int128 least = t.kind == COLUMN_BIGINT ? INT64_MIN : INT32_MIN;
    int128 most = t.kind == COLUMN_BIGINT ? INT64_MAX : INT32_MAX;
    if (n < least)
        return PLACE_BELOW;
    if (n > most)
        return PLACE_ABOVE;
    if (t.kind == COLUMN_BIGINT)
        out->i64 = (int64_t)n;
    else
        out->i32 = (int32_t)n;
    return exact ? PLACE_EXACT : PLACE_BETWEEN;
}

static enum place place_decimal(const struct column_value *c, struct column_type t,
                                struct column_value *out)
{
    if (c->type.scale < t.scale)
        return PLACE_UNKNOWN; /* never: the common type has the larger scale */
    int128 unit = wide_pow10(c->type.scale - t.scale), n = decimal_number(c);
    int128 whole = floor_div(n, unit), limit = wide_pow10(t.precision);
    if (t.kind != COLUMN_DECIMAL)
        return place_integer(whole, whole * unit == n, t, out);
    if (whole <= -limit)
        return PLACE_BELOW;
    if (whole >= limit)
        return PLACE_ABOVE;
    if (column_type_phys(t) == PHYS_I64)
        out->i64 = (int64_t)whole;
    else
        out->i128 = whole;
    return whole * unit == n ? PLACE_EXACT : PLACE_BETWEEN;
}

static enum place place_double(double c, struct column_type t, struct column_value *out)
{
    if (t.kind == COLUMN_REAL) {
        float f = (float)c;
        if ((double)f > c)
            f = nextafterf(f, -INFINITY);
        out->f32 = f;
        return (double)f == c || isnan(c) ? PLACE_EXACT : PLACE_BETWEEN;
    }
    if (t.kind != COLUMN_INT && t.kind != COLUMN_BIGINT)
        return PLACE_UNKNOWN;
    if (isnan(c))
        return PLACE_ABOVE;
    if (t.kind == COLUMN_BIGINT && fabs(c) > 9007199254740992.0)
        return PLACE_UNKNOWN; /* neighbours above 2^53 are one double */
    if (fabs(c) > 1e18)
        return c < 0 ? PLACE_BELOW : PLACE_ABOVE;
    double whole = floor(c);
    return place_integer((int128)whole, whole == c, t, out);
}

#define DAY_US INT64_C(86400000000)

static enum place place_time(const struct column_value *c, struct column_type t,
                             struct column_value *out)
{
    bool zoned = c->type.kind == COLUMN_TIMESTAMPTZ;
    if (t.kind == COLUMN_DATE) {
        int64_t day = (int64_t)floor_div(c->i64, DAY_US);
        out->i32 = (int32_t)day;
        return zoned ? PLACE_NEAR : day * DAY_US == c->i64 ? PLACE_EXACT : PLACE_BETWEEN;
    }
    out->i64 = c->i64;
    return t.kind == COLUMN_TIMESTAMP && zoned ? PLACE_NEAR : PLACE_UNKNOWN;
}

static enum place place_constant(const struct column_value *c, struct column_type t,
                                 struct column_value *out)
{
    *out = (struct column_value){.type = t};
    if (t.kind == COLUMN_UUID) /* writers disagree on the order of uuid bounds */
        return PLACE_UNKNOWN;
    if (column_type_eq(c->type, t)) {
        *out = *c;
        return PLACE_EXACT;
    }
    switch (c->type.kind) {
    case COLUMN_BIGINT:
        return t.kind == COLUMN_INT ? place_integer(c->i64, true, t, out) : PLACE_UNKNOWN;
    case COLUMN_DECIMAL:
        return t.kind == COLUMN_INT || t.kind == COLUMN_BIGINT || t.kind == COLUMN_DECIMAL
                   ? place_decimal(c, t, out)
                   : PLACE_UNKNOWN;
    case COLUMN_DOUBLE:
        return place_double(c->f64, t, out);
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return t.kind == COLUMN_DATE || t.kind == COLUMN_TIMESTAMP ? place_time(c, t, out)
                                                                   : PLACE_UNKNOWN;
    default:
        return PLACE_UNKNOWN;
    }
}

/* ---- column op constant ---------------------------------------------------------------------- */

/* The column of a leaf, below at most one cast; place_constant knows which casts keep order. */
static const struct column_field *bare_column(const struct prune *p, const struct query_expr *e)
{
    if (e->kind == QUERY_CAST)
        e = e->args[0];
    if (e->kind != QUERY_COLUMN || e->column < 0 || (size_t)e->column >= p->schema->count)
        return NULL;
    const struct column_field *f = &p->schema->fields[e->column];
    return f->field_id > 0 ? f : NULL;
}

static enum iceberg_pred_kind negated(enum iceberg_pred_kind k)
{
    switch (k) {
    case ICEBERG_PRED_EQ:
        return ICEBERG_PRED_NE;
    case ICEBERG_PRED_NE:
        return ICEBERG_PRED_EQ;
    case ICEBERG_PRED_LT:
        return ICEBERG_PRED_GE;
    case ICEBERG_PRED_LE:
        return ICEBERG_PRED_GT;
    case ICEBERG_PRED_GT:
        return ICEBERG_PRED_LE;
    case ICEBERG_PRED_GE:
        return ICEBERG_PRED_LT;
    default:
        return ICEBERG_PRED_TRUE;
    }
}

static enum iceberg_pred_kind flipped(enum iceberg_pred_kind k)
{
    switch (k) {
    case ICEBERG_PRED_LT:
        return ICEBERG_PRED_GT;
    case ICEBERG_PRED_LE:
        return ICEBERG_PRED_GE;
    case ICEBERG_PRED_GT:
        return ICEBERG_PRED_LT;
    case ICEBERG_PRED_GE:
        return ICEBERG_PRED_LE;
    default:
        return k;
    }
}

static status join(const struct prune *p, enum iceberg_pred_kind kind, const struct iceberg_pred *a,
                   const struct iceberg_pred *b, const struct iceberg_pred **out, struct error *err)
{
    struct iceberg_pred *j;
    TRY(ARENA_NEW(p->arena, struct iceberg_pred, &j, err));
    TRY(ARENA_ARRAY(p->arena, const struct iceberg_pred *, 2, &j->children, err));
    j->kind = kind;
    j->child_count = 2;
    j->children[0] = a;
    j->children[1] = b;
    *out = j;
    return ST_OK;
}

static void shift_days(struct column_value *v, int days)
{
    if (v->type.kind == COLUMN_DATE)
        v->i32 += days;
    else if (__builtin_add_overflow(v->i64, days * DAY_US, &v->i64))
        v->i64 = days < 0 ? INT64_MIN : INT64_MAX;
}

static status near_leaf(const struct prune *p, const struct column_field *f,
                        enum iceberg_pred_kind op, const struct column_value *v,
                        const struct iceberg_pred **out, struct error *err)
{
    struct column_value low = *v, high = *v;
    const struct iceberg_pred *from, *to;
    shift_days(&low, -2);
    shift_days(&high, 2);
    TRY(leaf(p, ICEBERG_PRED_GE, f->field_id, &low, &from, err));
    TRY(leaf(p, ICEBERG_PRED_LE, f->field_id, &high, &to, err));
    *out = op == ICEBERG_PRED_LT || op == ICEBERG_PRED_LE   ? to
           : op == ICEBERG_PRED_GT || op == ICEBERG_PRED_GE ? from
                                                            : &pred_true;
    return op == ICEBERG_PRED_EQ ? join(p, ICEBERG_PRED_AND, from, to, out, err) : ST_OK;
}

static status compare_leaf(const struct prune *p, const struct column_field *f,
                           enum iceberg_pred_kind op, const struct column_value *c,
                           const struct iceberg_pred **out, struct error *err)
{
    struct column_value v;
    bool less = op == ICEBERG_PRED_LT || op == ICEBERG_PRED_LE;
    bool more = op == ICEBERG_PRED_GT || op == ICEBERG_PRED_GE;
    enum place place = c->null ? PLACE_UNKNOWN : place_constant(c, f->type, &v);
    *out = c->null ? &pred_false : &pred_true;
    switch (place) {
    case PLACE_UNKNOWN:
        return ST_OK;
    case PLACE_EXACT:
        return leaf(p, op, f->field_id, &v, out, err);
    case PLACE_NEAR:
        return near_leaf(p, f, op, &v, out, err);
    case PLACE_BETWEEN:
        if (less || more)
            return leaf(p, less ? ICEBERG_PRED_LE : ICEBERG_PRED_GT, f->field_id, &v, out, err);
        break;
    case PLACE_BELOW:
    case PLACE_ABOVE:
        if (less || more) {
            bool all = less == (place == PLACE_ABOVE);
            *out = &pred_false;
            return all ? leaf(p, ICEBERG_PRED_NOT_NULL, f->field_id, NULL, out, err) : ST_OK;
        }
        break;
    }
    *out = &pred_false; /* = a value the column cannot hold */
    return op == ICEBERG_PRED_NE ? leaf(p, ICEBERG_PRED_NOT_NULL, f->field_id, NULL, out, err)
                                 : ST_OK;
}

static status prune_compare(const struct prune *p, const struct query_expr *e,
                            enum iceberg_pred_kind op, const struct iceberg_pred **out,
                            struct error *err)
{
    const struct query_expr *column = e->args[0], *c = e->args[1];
    if (column->kind == QUERY_CONST) {
        column = e->args[1];
        c = e->args[0];
        op = flipped(op);
    }
    const struct column_field *f = bare_column(p, column);
    *out = &pred_true;
    if (c->kind != QUERY_CONST || !f)
        return ST_OK;
    return compare_leaf(p, f, op, &c->value, out, err);
}

/* col IS [NOT] DISTINCT FROM constant. */
static status prune_distinct(const struct prune *p, const struct query_expr *e, bool distinct,
                             const struct iceberg_pred **out, struct error *err)
{
    bool first = e->args[0]->kind == QUERY_CONST;
    const struct query_expr *c = e->args[!first];
    const struct column_field *f = bare_column(p, e->args[first]);
    const struct iceberg_pred *null, *other;
    *out = &pred_true;
    if (c->kind != QUERY_CONST || !f)
        return ST_OK;
    if (c->value.null)
        return leaf(p, distinct ? ICEBERG_PRED_NOT_NULL : ICEBERG_PRED_IS_NULL, f->field_id, NULL,
                    out, err);
    if (!distinct)
        return prune_compare(p, e, ICEBERG_PRED_EQ, out, err);
    TRY(leaf(p, ICEBERG_PRED_IS_NULL, f->field_id, NULL, &null, err));
    TRY(prune_compare(p, e, ICEBERG_PRED_NE, &other, err));
    return join(p, ICEBERG_PRED_OR, other, null, out, err);
}

/* ---- the other leaves ------------------------------------------------------------------------ */

static status prune_in(const struct prune *p, const struct query_expr *e, bool negate,
                       const struct iceberg_pred **out, struct error *err)
{
    const struct column_field *f = bare_column(p, e->args[0]);
    struct iceberg_pred *in;
    struct column_value *values;
    size_t n = 0;
    *out = &pred_true;
    if (!f || f->type.kind == COLUMN_UUID)
        return ST_OK;
    TRY(ARENA_ARRAY(p->arena, struct column_value, e->arg_count, &values, err));
    for (size_t i = 1; i < e->arg_count; i++) {
        const struct query_expr *c = e->args[i];
        if (c->kind != QUERY_CONST)
            return ST_OK;
        if (c->value.null && negate)
            *out = &pred_false; /* NOT IN (..., NULL) is never true */
        if (c->value.null)
            continue;
        enum place place = place_constant(&c->value, f->type, &values[n]);
        if (place == PLACE_UNKNOWN || place == PLACE_NEAR) {
            *out = &pred_true;
            return ST_OK;
        }
        n += place == PLACE_EXACT;
    }
    if (negate)
        return *out == &pred_false ? ST_OK
                                   : leaf(p, ICEBERG_PRED_NOT_NULL, f->field_id, NULL, out, err);
    *out = &pred_false;
    if (n == 0)
        return ST_OK;
    TRY(ARENA_NEW(p->arena, struct iceberg_pred, &in, err));
    *in = (struct iceberg_pred){.kind = n == 1 ? ICEBERG_PRED_EQ : ICEBERG_PRED_IN,
                                .field_id = f->field_id,
                                .value_count = n,
                                .values = values};
    *out = in;
    return ST_OK;
}

/* The literal start of a LIKE pattern; *whole: the pattern has no wildcard at all. */
static status like_prefix(const struct prune *p, struct str pattern, int escape, struct str *out,
                          bool *whole, struct error *err)
{
    char *text;
    size_t n = 0, i = 0;
    TRY(ARENA_ARRAY(p->arena, char, pattern.len + 1, &text, err));
    for (; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        if (escape >= 0 && c == (char)escape) {
            if (++i == pattern.len)
                break; /* an error when it runs */
            c = pattern.ptr[i];
        } else if (c == '%' || c == '_') {
            break;
        }
        text[n++] = c;
    }
    *whole = i == pattern.len;
    *out = (struct str){text, n};
    return ST_OK;
}

static status prune_prefix(const struct prune *p, const struct query_expr *e,
                           const struct iceberg_pred **out, struct error *err)
{
    const struct column_field *f = bare_column(p, e->args[0]);
    int escape = '\\';
    bool whole = false;
    *out = &pred_true;
    if (!f || f->type.kind != COLUMN_TEXT || e->args[1]->kind != QUERY_CONST ||
        e->args[1]->value.null)
        return ST_OK;
    if (e->function == QUERY_FN_LIKE_ESCAPE) {
        const struct query_expr *x = e->args[2];
        if (x->kind != QUERY_CONST || x->value.null || x->value.str.len > 1 ||
            (x->value.str.len == 1 && (unsigned char)x->value.str.ptr[0] >= 0x80))
            return ST_OK;
        escape = x->value.str.len == 0 ? -1 : x->value.str.ptr[0];
    }
    struct column_value v = e->args[1]->value;
    if (e->function != QUERY_FN_STARTS_WITH)
        TRY(like_prefix(p, v.str, escape, &v.str, &whole, err));
    if (v.str.len == 0 && !whole)
        return leaf(p, ICEBERG_PRED_NOT_NULL, f->field_id, NULL, out, err);
    return leaf(p, whole ? ICEBERG_PRED_EQ : ICEBERG_PRED_STARTS_WITH, f->field_id, &v, out, err);
}

/* A boolean column by itself is true, false, or (or_null) one of them or NULL. */
static status prune_boolean(const struct prune *p, const struct query_expr *e, bool want,
                            bool or_null, const struct iceberg_pred **out, struct error *err)
{
    const struct column_field *f = e->kind == QUERY_COLUMN ? bare_column(p, e) : NULL;
    struct column_value v = {.type = column_type_of(COLUMN_BOOLEAN), .b = want};
    const struct iceberg_pred *is, *null;
    *out = &pred_true;
    if (!f || f->type.kind != COLUMN_BOOLEAN)
        return ST_OK;
    TRY(leaf(p, ICEBERG_PRED_EQ, f->field_id, &v, &is, err));
    *out = is;
    if (!or_null)
        return ST_OK;
    TRY(leaf(p, ICEBERG_PRED_IS_NULL, f->field_id, NULL, &null, err));
    return join(p, ICEBERG_PRED_OR, is, null, out, err);
}

/* IS [NOT] TRUE, IS [NOT] FALSE: `want` true or false; with or_null, everything but !want. */
static status prune_is(const struct prune *p, const struct query_expr *e, bool want, bool or_null,
                       const struct iceberg_pred **out, struct error *err)
{
    if (or_null)
        return prune_boolean(p, e->args[0], want, true, out, err);
    return prune(p, e->args[0], !want, out, err);
}

static status prune_null(const struct prune *p, const struct query_expr *e, bool null,
                         const struct iceberg_pred **out, struct error *err)
{
    const struct column_field *f = bare_column(p, e->args[0]);
    *out = &pred_true;
    if (!f)
        return ST_OK;
    return leaf(p, null ? ICEBERG_PRED_IS_NULL : ICEBERG_PRED_NOT_NULL, f->field_id, NULL, out,
                err);
}

/* ---- by kind --------------------------------------------------------------------------------- */

static status prune_call(const struct prune *p, const struct query_expr *e, bool negate,
                         const struct iceberg_pred **out, struct error *err)
{
    enum iceberg_pred_kind op = ICEBERG_PRED_TRUE;
    switch (e->function) {
    case QUERY_FN_NOT:
        return prune(p, e->args[0], !negate, out, err);
    case QUERY_FN_EQ:
        op = ICEBERG_PRED_EQ;
        break;
    case QUERY_FN_NE:
        op = ICEBERG_PRED_NE;
        break;
    case QUERY_FN_LT:
        op = ICEBERG_PRED_LT;
        break;
    case QUERY_FN_LE:
        op = ICEBERG_PRED_LE;
        break;
    case QUERY_FN_GT:
        op = ICEBERG_PRED_GT;
        break;
    case QUERY_FN_GE:
        op = ICEBERG_PRED_GE;
        break;
    case QUERY_FN_DISTINCT_FROM:
        return prune_distinct(p, e, !negate, out, err);
    case QUERY_FN_NOT_DISTINCT_FROM:
        return prune_distinct(p, e, negate, out, err);
    case QUERY_FN_IS_NULL:
        return prune_null(p, e, !negate, out, err);
    case QUERY_FN_IS_NOT_NULL:
        return prune_null(p, e, negate, out, err);
    case QUERY_FN_IS_TRUE:
        return prune_is(p, e, !negate, negate, out, err);
    case QUERY_FN_IS_NOT_TRUE:
        return prune_is(p, e, negate, !negate, out, err);
    case QUERY_FN_IS_FALSE:
        return prune_is(p, e, negate, negate, out, err);
    case QUERY_FN_IS_NOT_FALSE:
        return prune_is(p, e, !negate, !negate, out, err);
    case QUERY_FN_LIKE:
    case QUERY_FN_LIKE_ESCAPE:
    case QUERY_FN_STARTS_WITH:
        if (!negate)
            return prune_prefix(p, e, out, err);
        break;
    default:
        break;
    }
    *out = &pred_true;
    return op == ICEBERG_PRED_TRUE ? ST_OK
                                   : prune_compare(p, e, negate ? negated(op) : op, out, err);
}

/* AND drops what is TRUE, OR becomes TRUE with any child that is. */
static status prune_logic(const struct prune *p, const struct query_expr *e, bool negate,
                          const struct iceberg_pred **out, struct error *err)
{
    bool is_and = (e->kind == QUERY_AND) != negate;
    const struct iceberg_pred **children;
    size_t n = 0;
    TRY(ARENA_ARRAY(p->arena, const struct iceberg_pred *, e->arg_count + 1, &children, err));
    for (size_t i = 0; i < e->arg_count; i++) {
        const struct iceberg_pred *child;
        TRY(prune(p, e->args[i], negate, &child, err));
        bool decides = child->kind == (is_and ? ICEBERG_PRED_FALSE : ICEBERG_PRED_TRUE);
        bool neutral = child->kind == (is_and ? ICEBERG_PRED_TRUE : ICEBERG_PRED_FALSE);
        if (decides) {
            *out = child;
            return ST_OK;
        }
        if (!neutral)
            children[n++] = child;
    }
    struct iceberg_pred *j;
    *out = n == 0 ? (is_and ? &pred_true : &pred_false) : children[0];
    if (n < 2)
        return ST_OK;
    TRY(ARENA_NEW(p->arena, struct iceberg_pred, &j, err));
    j->kind = is_and ? ICEBERG_PRED_AND : ICEBERG_PRED_OR;
    j->child_count = n;
    j->children = children;
    *out = j;
    return ST_OK;
}

static status prune(const struct prune *p, const struct query_expr *e, bool negate,
                    const struct iceberg_pred **out, struct error *err)
{
    *out = &pred_true;
    switch (e->kind) {
    case QUERY_CONST:
        if (e->value.null || (e->value.b != 0) == negate)
            *out = &pred_false;
        return ST_OK;
    case QUERY_COLUMN:
        return prune_boolean(p, e, !negate, false, out, err);
    case QUERY_AND:
    case QUERY_OR:
        return prune_logic(p, e, negate, out, err);
    case QUERY_IN:
        return prune_in(p, e, negate, out, err);
    case QUERY_CALL:
        return prune_call(p, e, negate, out, err);
    default:
        return ST_OK;
    }
}

status plan_prune(const struct query_expr *predicate, const struct column_schema *schema,
                  struct arena *arena, const struct iceberg_pred **out, struct error *err)
{
    struct prune p = {schema, arena};
    *out = &pred_true;
    return predicate ? prune(&p, predicate, false, out, err) : ST_OK;
}
