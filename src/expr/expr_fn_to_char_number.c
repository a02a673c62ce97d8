// SPDX-License-Identifier: Apache-2.0
/* expr_fn_to_char_number.c - to_char of numbers.
 *
 * The pattern's digit places and its point are slots, numbered from 0; the number is a text of
 * digits and perhaps a point, set flush with the last whole place:
 *
 *     pattern  9 9 9 , 9 9 9 . 9 9       pre = 6, post = 2
 *     slot     0 1 2   3 4 5 6 7 8
 *     number           1 2 3 . 4 5       spaces = 3: slots without a digit before the number
 *
 * A slot before the number is a blank, or 0 from the first 0 of the pattern on. The sign goes
 * before the first slot that shows something, unless the pattern says where (S, MI, PL, SG, PR). FM
 * drops blanks and, behind the point, zeros that only 9s ask for. A number with too many whole
 * digits fills all places with #.
 *
 * N1  a number's text has `post` digits behind its point, fewer only for doubles (15 digits in all)
 * N2  pattern letters count in upper and in lower case, not mixed */
#include "expr/expr_decimal.h"
#include "expr/expr_pattern.h"

#include <math.h>
#include <stdio.h>

enum mark {
    MARK_TEXT,
    MARK_NINE,
    MARK_ZERO,
    MARK_POINT, /* . and D */
    MARK_COMMA, /* , and G */
    MARK_CURRENCY,
    MARK_MINUS,
    MARK_PLUS,
    MARK_SIGN,
    MARK_S,
    MARK_BRACKETS,
    MARK_ROMAN,
    MARK_ORDINAL,
    MARK_SHIFT, /* V */
    MARK_EXPONENT,
    MARK_FILL,
    MARK_NOTHING /* B, C, SP: accepted, without effect */
};

static const struct {
    const char *name;
    enum mark mark;
} marks[] = {
    {",", MARK_COMMA},   {".", MARK_POINT},     {"0", MARK_ZERO},     {"9", MARK_NINE},
    {"B", MARK_NOTHING}, {"C", MARK_NOTHING},   {"D", MARK_POINT},    {"EEEE", MARK_EXPONENT},
    {"FM", MARK_FILL},   {"G", MARK_COMMA},     {"L", MARK_CURRENCY}, {"MI", MARK_MINUS},
    {"PL", MARK_PLUS},   {"PR", MARK_BRACKETS}, {"RN", MARK_ROMAN},   {"S", MARK_S},
    {"SG", MARK_SIGN},   {"SP", MARK_NOTHING},  {"TH", MARK_ORDINAL}, {"V", MARK_SHIFT},
};

struct node {
    enum mark mark;
    bool lower;      /* RN, TH */
    struct str text; /* MARK_TEXT */
};

enum sign_place { SIGN_FREE, SIGN_BEFORE, SIGN_BEHIND }; /* of S */

struct pattern {
    struct arena arena; /* emptied when the text changes */
    bool ready;
    struct str text;
    size_t count;
    struct node *nodes;
    /* what the nodes say together */
    size_t pre, post, shift; /* places before and behind the point; of them behind V */
    bool zero, point, fill, minus, plus, brackets, roman, exponent, shifted, blank;
    size_t zero_start, zero_end; /* slots of the first and behind the last 0 */
    enum sign_place s;
    size_t s_at; /* places before S */
};

/* ---- the pattern ----------------------------------------------------------------------------- */

static status refuse(const char *what, struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "42601", 0, "%s", what);
}

static status add_digit(struct pattern *p, bool zero, struct error *err)
{
    if (p->brackets)
        return refuse(zero ? "\"0\" must be ahead of \"PR\"" : "\"9\" must be ahead of \"PR\"",
                      err);
    if (!zero && p->shifted) {
        p->shift++;
        return ST_OK;
    }
    if (zero && !p->zero && !p->point) {
        p->zero = true;
        p->zero_start = p->pre;
    }
    if (p->point)
        p->post++;
    else
        p->pre++;
    if (zero)
        p->zero_end = p->pre + p->post;
    return ST_OK;
}

static status add_sign(struct pattern *p, enum mark mark, struct error *err)
{
    if (mark == MARK_S) {
        if (p->s != SIGN_FREE)
            return refuse("cannot use \"S\" twice", err);
        if (p->plus || p->minus || p->brackets)
            return refuse("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together", err);
        p->s = p->point ? SIGN_BEHIND : SIGN_BEFORE;
        p->s_at = p->pre;
        return ST_OK;
    }
    if (p->s != SIGN_FREE)
        return refuse("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together", err);
    if (mark == MARK_BRACKETS) {
        if (p->plus || p->minus)
            return refuse("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together", err);
        p->brackets = true;
    }
    p->minus |= mark == MARK_MINUS || mark == MARK_SIGN;
    p->plus |= mark == MARK_PLUS || mark == MARK_SIGN;
    return ST_OK;
}

static status add_point(struct pattern *p, struct error *err)
{
    if (p->point)
        return refuse("multiple decimal points", err);
    if (p->shifted)
        return refuse("cannot use \"V\" and decimal point together", err);
    p->point = true;
    return ST_OK;
}

static status add_exponent(struct pattern *p, struct error *err)
{
    if (p->exponent)
        return refuse("cannot use \"EEEE\" twice", err);
    if (p->blank || p->fill || p->s != SIGN_FREE || p->brackets || p->minus || p->plus ||
        p->roman || p->shifted)
        return refuse("\"EEEE\" is incompatible with other formats", err);
    p->exponent = true;
    return ST_OK;
}

static status add_mark(struct pattern *p, enum mark mark, struct error *err)
{
    if (p->exponent && mark != MARK_EXPONENT)
        return refuse("\"EEEE\" must be the last pattern used", err);
    switch (mark) {
    case MARK_NINE:
    case MARK_ZERO:
        return add_digit(p, mark == MARK_ZERO, err);
    case MARK_POINT:
        return add_point(p, err);
    case MARK_MINUS:
    case MARK_PLUS:
    case MARK_SIGN:
    case MARK_S:
    case MARK_BRACKETS:
        return add_sign(p, mark, err);
    case MARK_EXPONENT:
        return add_exponent(p, err);
    case MARK_SHIFT:
        if (p->point)
            return refuse("cannot use \"V\" and decimal point together", err);
        p->shifted = true;
        return ST_OK;
    case MARK_FILL:
        p->fill = true;
        return ST_OK;
    case MARK_ROMAN:
        p->roman = true;
        return ST_OK;
    default:
        return ST_OK;
    }
}

/* The longest mark at the start of s, in one case (N2). */
static bool mark_at(struct str s, struct node *n, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        size_t bytes = strlen(marks[i].name);
        bool upper = bytes <= s.len, lower = upper;
        for (size_t k = 0; k < bytes && (upper || lower); k++) {
            char c = marks[i].name[k], small = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
            upper &= s.ptr[k] == c;
            lower &= s.ptr[k] == small;
        }
        if ((upper || lower) && bytes > *len) {
            *n = (struct node){.mark = marks[i].mark, .lower = !upper};
            *len = bytes;
        }
    }
    return *len > 0;
}

static status parse(struct pattern *p, struct str text, struct error *err)
{
    size_t at = 0, len;
    bool quoted = false;
    TRY(arena_str(&p->arena, text, &p->text, err));
    TRY(ARENA_ARRAY(&p->arena, struct node, text.len, &p->nodes, err));
    while (at < p->text.len) {
        struct node *n = &p->nodes[p->count];
        if (!quoted && mark_at((struct str){p->text.ptr + at, p->text.len - at}, n, &len)) {
            TRY(add_mark(p, n->mark, err));
            at += len;
        } else if (!expr_pattern_text(p->text, &at, &quoted, &n->text)) {
            continue;
        } else {
            n->mark = MARK_TEXT;
        }
        p->count++;
    }
    p->ready = true;
    return ST_OK;
}

static void pattern_free(void *arg)
{
    struct pattern *p = arg;
    arena_free(&p->arena);
}

static status pattern_of(struct expr_call *c, struct str text, const struct pattern **out,
                         struct error *err)
{
    struct pattern *p = c->state;
    if (!p) {
        TRY(ARENA_NEW(c->memory, struct pattern, &p, err));
        arena_init(&p->arena, c->memory->account);
        TRY(arena_on_reset(c->memory, pattern_free, p, err));
        c->state = p;
    }
    *out = p;
    if (p->ready && str_eq(p->text, text))
        return ST_OK;
    struct arena keep = p->arena;
    arena_reset(&keep);
    *p = (struct pattern){.arena = keep};
    return parse(p, text, err);
}

/* ---- the number ------------------------------------------------------------------------------ */

/* What is laid out: digits without a sign (N1). */
struct number {
    bool negative;
    struct str digits;
    size_t post;   /* places behind the point that the number has */
    size_t spaces; /* slots before it */
};

/* Sets the spaces, or fills the places with # when there are more whole digits than places. */
static status fit(struct expr_call *c, const struct pattern *p, size_t places, size_t post,
                  struct number *v, struct error *err)
{
    const char *point = memchr(v->digits.ptr, '.', v->digits.len);
    size_t whole = point ? (size_t)(point - v->digits.ptr) : v->digits.len;
    if (whole <= places) {
        v->spaces = places - whole;
        return ST_OK;
    }
    char *to;
    TRY(arena_alloc(c->text, places + post + 1, (void **)&to, err));
    memset(to, '#', places + post + 1);
    to[places] = '.';
    v->digits = (struct str){to, places + post + 1};
    return ST_OK;
}

/* unscaled * 10^-scale to the pattern's places; `scale` may be negative. Rounds half away from
 * zero. */
static status digits_of(struct expr_call *c, uint128 v, int64_t scale, size_t post, struct str *out,
                        struct error *err)
{
    int64_t drop = scale - (int64_t)post;
    if (drop > 38) {
        v = 0;
    } else if (drop > 0) {
        uint128 unit = (uint128)wide_pow10((unsigned)drop), q = v / unit;
        v = q + (v - q * unit >= unit - (v - q * unit));
    }
    if (drop > 0)
        scale -= drop;
    char text[WIDE_TEXT_MAX], *to;
    size_t n = wide_to_text((int128)v, 0, text), behind = scale > 0 ? (size_t)scale : 0;
    size_t zeros = scale < 0 && v != 0 ? (size_t)-scale : 0; /* before the point */
    size_t pad = n <= behind ? behind + 1 - n : 0;           /* in front: 5 is 0.05 */
    TRY(arena_alloc(c->text, pad + n + zeros + post + 2, (void **)&to, err));
    size_t whole = pad + n - behind, at = 0;
    for (size_t i = 0; i < pad + n; i++) {
        if (i == whole)
            to[at++] = '.';
        to[at++] = i < pad ? '0' : text[i - pad];
    }
    memset(to + at, '0', zeros);
    at += zeros;
    if (post > 0 && behind == 0)
        to[at++] = '.';
    memset(to + at, '0', post - behind);
    at += post - behind;
    *out = (struct str){to, at};
    return ST_OK;
}

/* 1.23e+05 with `post` digits behind the point and a blank or minus before it. */
static status scientific(struct expr_call *c, uint128 v, unsigned scale, bool negative, size_t post,
                         struct str *out, struct error *err)
{
    int64_t exponent = v == 0 ? 0 : (int64_t)wide_digits((int128)v) - 1 - scale;
    TRY(digits_of(c, v, (int64_t)scale + exponent, post, out, err));
    return arena_printf(c->text, out, err, "%c%.*se%c%02d", negative ? '-' : ' ', (int)out->len,
                        out->ptr, exponent < 0 ? '-' : '+',
                        (int)(exponent < 0 ? -exponent : exponent));
}

static status roman(struct expr_call *c, int64_t v, struct str *out, struct error *err)
{
    static const struct {
        int value;
        const char *text;
    } steps[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                 {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                 {5, "V"},    {4, "IV"},   {1, "I"}};
    char text[16];
    size_t n = 0;
    if (v < 1 || v > 3999) {
        *out = STR("###############");
        return ST_OK;
    }
    for (size_t i = 0; v > 0; v -= steps[i].value) {
        while (v < steps[i].value)
            i++;
        for (const char *t = steps[i].text; *t; t++)
            text[n++] = *t; /* MMMDCCCLXXXVIII has 15 letters */
    }
    return arena_str(c->text, (struct str){text, n}, out, err);
}

/* Integers and decimals. */
static status exact_number(struct expr_call *c, const struct pattern *p, const void *value,
                           struct number *v, struct error *err)
{
    struct column_type t = c->arg_types[0];
    bool decimal = t.kind == COLUMN_DECIMAL, wide = t.kind == COLUMN_BIGINT;
    int128 n = decimal ? expr_decimal_load(t, value)
               : wide  ? *(const int64_t *)value
                       : *(const int32_t *)value;
    unsigned scale = decimal ? t.scale : 0;
    uint128 size = n < 0 ? -(uint128)n : (uint128)n;
    v->negative = n < 0;
    if (p->roman) {
        n = expr_decimal_to_integer((struct expr_decimal){n, scale});
        if (n != (int32_t)n)
            FAIL_SQL(err, ST_INVALID, "22003", 0, "integer out of range");
        return roman(c, (int64_t)n, &v->digits, err);
    }
    if (p->exponent && t.kind == COLUMN_INT) /* by way of a double, as PostgreSQL: half to even */
        return arena_printf(c->text, &v->digits, err, "% .*e", (int)p->post, (double)n);
    if (p->exponent)
        return scientific(c, size, scale, v->negative, p->post, &v->digits, err);
    if (!decimal && p->shifted) { /* an integer stays one: the product must fit its type */
        int128 most = wide ? INT64_MAX : INT32_MAX;
        if (p->shift > 18 || size * (uint128)wide_pow10((unsigned)p->shift) > (uint128)most ||
            wide_pow10((unsigned)p->shift) > most)
            FAIL_SQL(err, ST_INVALID, "22003", 0, "%s out of range", wide ? "bigint" : "integer");
    }
    TRY(digits_of(c, size, (int64_t)scale - (int64_t)p->shift, p->post, &v->digits, err));
    bool zero = true;
    for (size_t i = 0; i < v->digits.len; i++)
        zero &= v->digits.ptr[i] == '0' || v->digits.ptr[i] == '.';
    v->negative &= !zero;
    return fit(c, p, p->pre + p->shift, p->post, v, err);
}

#define DOUBLE_DIGITS 15 /* that a double holds for certain */

static status double_number(struct expr_call *c, const struct pattern *p, double x,
                            struct number *v, struct error *err)
{
    size_t post = p->post, places = p->pre + p->shift;
    if (p->roman) {
        double r = rint(x);
        return roman(c, r >= 1 && r <= 3999 ? (int64_t)r : 0, &v->digits, err);
    }
    if (p->exponent && !isfinite(x)) {
        char *to;
        size_t n = p->pre + p->post + 6;
        TRY(arena_alloc(c->text, n, (void **)&to, err));
        memset(to, '#', n);
        to[0] = ' ';
        to[p->pre + 1] = '.';
        v->digits = (struct str){to, n};
        return ST_OK;
    }
    if (p->exponent)
        return arena_printf(c->text, &v->digits, err, "% .*e", (int)p->post, x);
    if (p->shifted)
        x *= pow(10, (double)p->shift);
    char whole[320];
    size_t n = (size_t)snprintf(whole, sizeof(whole), "%.0f", fabs(x));
    if (n >= DOUBLE_DIGITS)
        post = 0;
    else if (n + post > DOUBLE_DIGITS)
        post = DOUBLE_DIGITS - n;
    v->post = post;
    TRY(arena_printf(c->text, &v->digits, err, "%.*f", (int)post, x));
    v->negative = v->digits.ptr[0] == '-';
    if (v->negative)
        v->digits = (struct str){v->digits.ptr + 1, v->digits.len - 1};
    return fit(c, p, places, post, v, err);
}

/* ---- laying out ------------------------------------------------------------------------------ */

#define NOWHERE SIZE_MAX

struct layout {
    const struct pattern *p;
    struct number v;
    size_t slot, slots;   /* the current one; all of them */
    size_t at;            /* next character of the digits */
    size_t last_relevant; /* FM: the last digit behind the point that must show, or the point */
    bool sign_done, brackets, in_number;
    bool ended; /* a place behind the number's end: PostgreSQL prints nothing from there on */
    enum sign_place s;
    struct buffer *b;
};

static char digit_at(const struct layout *l, size_t i)
{
    return i < l->v.digits.len ? l->v.digits.ptr[i] : 0;
}

static bool ends_at_point(const struct layout *l)
{
    return l->last_relevant != NOWHERE && digit_at(l, l->last_relevant) == '.';
}

/* The 0 before the point shows only where the pattern has a 0. */
static bool hidden_zero(const struct layout *l)
{
    return !l->p->zero && l->at == 0 && digit_at(l, 0) == '0' && l->v.post != 0;
}

static void find_last_relevant(struct layout *l)
{
    struct str d = l->v.digits;
    const char *point = memchr(d.ptr, '.', d.len);
    l->last_relevant = NOWHERE;
    if (!l->p->fill || !l->p->point || !point)
        return;
    l->last_relevant = (size_t)(point - d.ptr);
    for (size_t i = l->last_relevant + 1; i < d.len; i++)
        if (d.ptr[i] != '0')
            l->last_relevant = i;
    if (l->p->zero_end > l->v.spaces) {
        size_t zero = l->p->zero_end - l->v.spaces;
        zero = zero < d.len - 1 ? zero : d.len - 1;
        if (l->last_relevant < zero)
            l->last_relevant = zero;
    }
}

static status put(struct layout *l, char c, struct error *err)
{
    return buffer_append_byte(l->b, (uint8_t)c, err);
}

/* The sign before the number, when its time has come. */
static status put_sign(struct layout *l, struct error *err)
{
    bool starts = l->slot >= l->v.spaces || (l->p->zero && l->p->zero_start == l->slot);
    if (l->sign_done || !starts || (hidden_zero(l) && !ends_at_point(l)))
        return ST_OK;
    if (l->s != SIGN_FREE) {
        if (l->s == SIGN_BEHIND)
            return ST_OK;
        l->sign_done = true;
        return put(l, l->v.negative ? '-' : '+', err);
    }
    l->sign_done = true;
    if (l->v.negative)
        return put(l, l->brackets ? '<' : '-', err);
    return l->brackets || !l->p->fill ? put(l, ' ', err) : ST_OK;
}

/* What stands in a slot: a blank or 0 before the number, then the number's characters. */
static status put_digit(struct layout *l, bool zero, struct error *err)
{
    bool fill = l->p->fill;
    if (l->slot < l->v.spaces) {
        if (l->p->zero && l->p->zero_start <= l->slot) {
            l->in_number = true;
            return put(l, '0', err);
        }
        return fill ? ST_OK : put(l, ' ', err);
    }
    size_t at = l->at;
    char c = digit_at(l, at);
    bool hidden = hidden_zero(l);
    if (c)
        l->at++;
    if (c == '.')
        return !ends_at_point(l) || fill ? put(l, '.', err) : ST_OK;
    if (l->last_relevant != NOWHERE && at > l->last_relevant && !zero)
        return ST_OK;
    if (hidden) {
        if (fill && !ends_at_point(l))
            return ST_OK;
        return put(l, fill ? '0' : ' ', err);
    }
    l->in_number = true;
    l->ended = c == 0;
    return c ? put(l, c, err) : ST_OK;
}

static status put_slot(struct layout *l, bool zero, struct error *err)
{
    l->in_number = false;
    TRY(put_sign(l, err));
    TRY(put_digit(l, zero, err));
    if (++l->slot != l->slots || l->ended)
        return ST_OK;
    if (l->sign_done && l->brackets)
        return put(l, l->v.negative ? '>' : ' ', err);
    return l->s == SIGN_BEHIND ? put(l, l->v.negative ? '-' : '+', err) : ST_OK;
}

static status put_blank_unless_fill(struct layout *l, bool show, char c, struct error *err)
{
    if (show)
        return put(l, c, err);
    return l->p->fill ? ST_OK : put(l, ' ', err);
}

static status put_roman(struct layout *l, bool lower, struct error *err)
{
    for (size_t n = l->v.digits.len; !l->p->fill && n < 15; n++)
        TRY(put(l, ' ', err));
    for (size_t i = 0; i < l->v.digits.len; i++) {
        char c = l->v.digits.ptr[i];
        TRY(put(l, lower && c != '#' ? (char)(c + 32) : c, err));
    }
    return ST_OK;
}

static status put_node(struct layout *l, const struct node *n, struct error *err)
{
    bool roman_number = l->p->roman;
    switch (n->mark) {
    case MARK_TEXT:
        return buffer_append_str(l->b, n->text, err);
    case MARK_NINE:
    case MARK_ZERO:
    case MARK_POINT:
        return roman_number ? ST_OK : put_slot(l, n->mark == MARK_ZERO, err);
    case MARK_COMMA:
        return put_blank_unless_fill(l, l->in_number, ',', err);
    case MARK_CURRENCY:
        return put(l, ' ', err); /* the locale C has none */
    case MARK_ROMAN:
        return put_roman(l, n->lower, err);
    case MARK_ORDINAL:
        if (roman_number || l->v.negative || l->p->point || digit_at(l, 0) == '#')
            return ST_OK;
        return buffer_append(l->b, expr_ordinal(l->v.digits, n->lower), 2, err);
    case MARK_MINUS:
        return put_blank_unless_fill(l, l->v.negative && !roman_number, '-', err);
    case MARK_PLUS:
        return put_blank_unless_fill(l, !l->v.negative && !roman_number, '+', err);
    case MARK_SIGN:
        l->ended = roman_number; /* which has none */
        return roman_number ? ST_OK : put(l, l->v.negative ? '-' : '+', err);
    default:
        return ST_OK;
    }
}

static status lay_out(struct expr_call *c, const struct pattern *p, const struct number *v,
                      struct str *out, struct error *err)
{
    struct layout l = {.p = p, .v = *v, .s = p->s};
    TRY(expr_call_buffer(c, &l.b, err));
    l.slots = p->pre + p->shift + v->post + p->point;
    l.brackets = p->brackets && !(p->fill && !v->negative);
    if (p->s == SIGN_BEFORE && p->s_at == p->pre + p->shift)
        l.s = SIGN_BEHIND;
    if (p->minus || p->plus) /* MI writes a minus itself, PL alone only a plus */
        l.sign_done = p->minus;
    else
        l.sign_done = !v->negative && p->fill && l.s == SIGN_FREE;
    find_last_relevant(&l);
    for (size_t i = 0; i < p->count && !l.ended; i++)
        TRY(put_node(&l, &p->nodes[i], err));
    return expr_text_copy(c, l.b, out, err);
}

static EXPR_SCALAR(to_char_number)
{
    const struct pattern *p;
    struct number v = {.negative = false};
    TRY(pattern_of(c, EXPR_ARG(struct str, 1), &p, err));
    v.post = p->post;
    if (c->arg_types[0].kind == COLUMN_DOUBLE)
        TRY(double_number(c, p, EXPR_ARG(double, 0), &v, err));
    else
        TRY(exact_number(c, p, arg[0], &v, err));
    if (p->exponent) {
        EXPR_OUT(struct str) = v.digits;
        return ST_OK;
    }
    return lay_out(c, p, &v, out, err);
}

static const struct expr_function rows[] = {
    {QUERY_FN_TO_CHAR_INT, .scalar = to_char_number},
    {QUERY_FN_TO_CHAR_BIGINT, .scalar = to_char_number},
    {QUERY_FN_TO_CHAR_NUMERIC, .scalar = to_char_number},
    {QUERY_FN_TO_CHAR_DOUBLE, .scalar = to_char_number},
};

const struct expr_function_table expr_fn_to_char_number_table = {rows, ARRAY_LEN(rows)};
