// SPDX-License-Identifier: Apache-2.0
/* column_number.c - integers, decimals and doubles from text, and doubles to text.
 *
 * From text there are two ways. The fast ones take the spellings that fill files ("-12", "105.25")
 * and decline all others; the full ones accept what PostgreSQL accepts and raise its errors.
 *
 * A double is right if it is the one nearest to the written number:
 *   - up to 19 digits below 2^53 times or over 10^k, k <= 22: both are exact, so one operation
 *     rounds once (Clinger's fast path)
 *   - else strtod, which rounds correctly, over at most 800 significant digits and one more that
 *     stands for the rest: a decimal that decides between two doubles has at most 767
 *
 * To text, shortest: a decimal of up to 15 digits that reads back as v is the only one (DBL_DIG),
 * so the first one found is the shortest; above that 16 and 17 digits are tried. Subnormals have
 * fewer significant bits and are tried from one digit. Below a power of two doubles stand twice as
 * dense, so there the upper neighbour of a rounded decimal may read back where the nearest one does
 * not. */
#include "column/column_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_DIGITS  800
#define EXACT_POWERS 22 /* 10^22 is the largest power of ten that is a double */

static const double powers_of_ten[EXACT_POWERS + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* ---- fast forms ---- */

bool column_text_fast_int64(const char *p, size_t n, int64_t *out)
{
    bool negative = n > 0 && *p == '-';
    size_t i = negative;
    if (i == n || n - i > 18)
        return false;
    int64_t v = 0;
    for (; i < n; i++) {
        unsigned d = (unsigned char)p[i] - (unsigned)'0';
        if (d > 9)
            return false;
        v = v * 10 + d;
    }
    *out = negative ? -v : v;
    return true;
}

/* [-] digits with or without a point, at most 19 characters behind the sign: the digits as one
 * number and how many of them stand behind the point. */
ALWAYS_INLINE bool fast_number(const char *p, size_t n, bool *negative, uint64_t *m, size_t *behind)
{
    *negative = n > 0 && *p == '-';
    size_t i = *negative, point = n;
    if (n - i > 19)
        return false;
    *m = 0;
    for (; i < n; i++) {
        unsigned d = (unsigned char)p[i] - (unsigned)'0';
        if (d <= 9)
            *m = *m * 10 + d;
        else if (p[i] == '.' && point == n)
            point = i;
        else
            return false;
    }
    *behind = point < n ? n - point - 1 : 0;
    return n > *negative + (size_t)(point < n); /* at least one digit */
}

bool column_text_fast_double(const char *p, size_t n, double *out)
{
    bool negative;
    uint64_t m;
    size_t behind;
    if (!fast_number(p, n, &negative, &m, &behind) || m > UINT64_C(1) << 53)
        return false;
    double v = (double)m / powers_of_ten[behind];
    *out = negative ? -v : v;
    return true;
}

bool column_text_fast_decimal(const char *p, size_t n, struct column_type type, int64_t *out)
{
    static const int64_t powers[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};
    bool negative;
    uint64_t m;
    size_t behind;
    if (type.precision > 18 || !fast_number(p, n, &negative, &m, &behind) || behind > type.scale)
        return false;
    uint64_t zeros = (uint64_t)powers[type.scale - behind], most = (uint64_t)powers[type.precision];
    if (m > (most - 1) / zeros)
        return false;
    int64_t v = (int64_t)(m * zeros);
    *out = negative ? -v : v;
    return true;
}

/* ---- the full syntax ---- */

/* [sign] digits [. digits] [e [sign] digits], at least one digit before the exponent. */
struct number {
    bool negative;
    struct str whole;    /* borrowed: digits before the point */
    struct str behind;   /* borrowed: digits behind it */
    int64_t exponent;    /* cut to +-10^9, far beyond any type */
    size_t first;        /* index of the first digit that is not 0, counting whole then behind */
    size_t digits;       /* whole.len + behind.len; == first when the number is zero */
    int64_t first_power; /* the first digit's power of ten */
};

static struct str take_digits(struct str *s)
{
    size_t n = 0;
    while (n < s->len && column_is_digit(s->ptr[n]))
        n++;
    struct str taken = {s->ptr, n};
    s->ptr += n;
    s->len -= n;
    return taken;
}

static bool take_char(struct str *s, char a, char b)
{
    if (s->len == 0 || (s->ptr[0] != a && s->ptr[0] != b))
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static char digit_at(const struct number *x, size_t i)
{
    return i < x->whole.len ? x->whole.ptr[i] : x->behind.ptr[i - x->whole.len];
}

static bool scan_number(struct str s, struct number *x)
{
    *x = (struct number){0};
    if (take_char(&s, '-', '-'))
        x->negative = true;
    else
        take_char(&s, '+', '+');
    x->whole = take_digits(&s);
    if (take_char(&s, '.', '.'))
        x->behind = take_digits(&s);
    x->digits = x->whole.len + x->behind.len;
    if (x->digits == 0)
        return false;
    if (take_char(&s, 'e', 'E')) {
        bool negative = take_char(&s, '-', '-');
        if (!negative)
            take_char(&s, '+', '+');
        struct str e = take_digits(&s);
        if (e.len == 0)
            return false;
        for (size_t i = 0; i < e.len && x->exponent < 1000000000; i++)
            x->exponent = x->exponent * 10 + (e.ptr[i] - '0');
        if (negative)
            x->exponent = -x->exponent;
    }
    while (x->first < x->digits && digit_at(x, x->first) == '0')
        x->first++;
    x->first_power = (int64_t)x->whole.len - 1 - (int64_t)x->first + x->exponent;
    return s.len == 0;
}

status column_integer_parse(struct column_type type, struct str text, int64_t *out,
                            struct error *err)
{
    char name[64];
    column_type_name(type, name);
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = negative || (text.len > 0 && text.ptr[0] == '+');
    if (i == text.len)
        return column_fail_syntax("22P02", name, text, err);
    int64_t v = 0, least = type.kind == COLUMN_SMALLINT ? INT16_MIN
                           : type.kind == COLUMN_INT    ? INT32_MIN
                                                        : INT64_MIN;
    bool overflow = false; /* reported only if the syntax is right */
    for (; i < text.len; i++) {
        if (!column_is_digit(text.ptr[i]))
            return column_fail_syntax("22P02", name, text, err);
        int d = text.ptr[i] - '0'; /* negative numbers reach one further, so count down */
        overflow |= __builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, d, &v);
    }
    if (overflow || v < least || (!negative && v < -INT64_MAX) || (!negative && -v > ~least)) {
        char after[96];
        snprintf(after, sizeof(after), " is out of range for type %s", name);
        return column_fail("22003", "value ", text, after, err);
    }
    *out = negative ? v : -v;
    return ST_OK;
}

static status fail_decimal(struct column_type type, struct error *err)
{
    status st = error_set(err, ST_INVALID, __FILE__, __LINE__, "numeric field overflow");
    error_sqlstate(err, "22003");
    error_detail(err,
                 "a field with precision %u, scale %u must round to an absolute value less "
                 "than 10^%u",
                 type.precision, type.scale, (unsigned)(type.precision - type.scale));
    return st;
}

/* NaN, Infinity, inf, with a sign before the last two, in any case. */
static bool special_double(struct str text, double *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    bool sign = negative || (text.len > 0 && text.ptr[0] == '+');
    struct str word = {text.ptr + sign, text.len - sign};
    if (str_eq_nocase(word, STR("infinity")) || str_eq_nocase(word, STR("inf"))) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (sign || !str_eq_nocase(word, STR("nan")))
        return false;
    *out = (double)NAN;
    return true;
}

status column_decimal_parse(struct column_type type, struct str text, int128 *out,
                            struct error *err)
{
    ASSERT(type.precision >= 1 && type.precision <= 38 && type.scale <= type.precision);
    struct number x;
    double special;
    if (special_double(text, &special))
        return column_fail("22003", "type numeric cannot hold ", text, "", err);
    if (!scan_number(text, &x))
        return column_fail_syntax("22P02", "numeric", text, err);
    int64_t keep = x.first_power + 1 + type.scale; /* digits left of the place to round at */
    if (x.first == x.digits || keep < 0) {
        *out = 0;
        return ST_OK;
    }
    if (keep > type.precision)
        return fail_decimal(type, err);
    int128 v = 0;
    size_t end = x.first + (size_t)keep;
    for (size_t i = x.first; i < end && i < x.digits; i++)
        v = v * 10 + (digit_at(&x, i) - '0');
    if (end > x.digits)
        v *= wide_pow10((unsigned)(end - x.digits));
    else if (end < x.digits && digit_at(&x, end) >= '5')
        v++; /* half away from zero, as numeric rounds */
    if (v >= wide_pow10(type.precision))
        return fail_decimal(type, err);
    *out = x.negative ? -v : v;
    return ST_OK;
}

bool column_text_decimal_type(struct str text, struct column_type *out)
{
    struct number x;
    if (!scan_number(column_trim(text), &x))
        return false;
    int64_t scale = (int64_t)x.behind.len - x.exponent;
    if (scale < 0)
        scale = 0;
    int64_t whole = x.first == x.digits ? 0 : x.first_power + 1;
    int64_t precision = scale + (whole > 0 ? whole : 0);
    if (precision > 38)
        return false;
    *out = column_type_decimal(precision > 0 ? (unsigned)precision : 1, (unsigned)scale);
    return true;
}

/* The number as C text that strtod reads in bounded time: digits, then the exponent. */
static void number_to_c(const struct number *x, char out[MOST_DIGITS + 32])
{
    size_t n = 0, i = x->first;
    for (; i < x->digits && n < MOST_DIGITS; i++)
        out[n++] = digit_at(x, i);
    bool rest = false;
    for (; i < x->digits && !rest; i++)
        rest = digit_at(x, i) != '0';
    if (rest)
        out[n++] = '1';
    int64_t power = x->first_power - (int64_t)n + 1;
    snprintf(out + n, 24, "e%lld", (long long)power);
}

static status fail_range(struct str text, const char *type, struct error *err)
{
    char after[64];
    snprintf(after, sizeof(after), " is out of range for type %s", type);
    return column_fail("22003", "", text, after, err);
}

status column_text_to_double(struct str text, double *out, struct error *err)
{
    struct number x;
    char c[MOST_DIGITS + 32];
    text = column_trim(text);
    if (column_text_fast_double(text.ptr, text.len, out) || special_double(text, out))
        return ST_OK;
    if (!scan_number(text, &x))
        return column_fail_syntax("22P02", "double precision", text, err);
    double v = 0;
    if (x.first < x.digits) {
        number_to_c(&x, c);
        v = strtod(c, NULL);
        if (v == 0 || isinf(v)) /* too small is an error too, as in PostgreSQL */
            return fail_range(text, "double precision", err);
    }
    *out = x.negative ? -v : v;
    return ST_OK;
}

/* Not by way of a double: that would round twice. */
status column_real_parse(struct str text, float *out, struct error *err)
{
    struct number x;
    char c[MOST_DIGITS + 32];
    double special;
    if (special_double(text, &special)) {
        *out = (float)special;
        return ST_OK;
    }
    if (!scan_number(text, &x))
        return column_fail_syntax("22P02", "real", text, err);
    float v = 0;
    if (x.first < x.digits) {
        number_to_c(&x, c);
        v = strtof(c, NULL);
        if (v == 0 || isinf(v))
            return fail_range(text, "real", err);
    }
    *out = x.negative ? -v : v;
    return ST_OK;
}

/* ---- doubles to text ---- */

/* A positive decimal: 0.d1d2d3... times 10^point, no zero at either end. */
struct decimal_text {
    char digits[20];
    int count;
    int point;
};

static void strip_zeros(struct decimal_text *d)
{
    while (d->count > 1 && d->digits[d->count - 1] == '0')
        d->count--;
}

/* v rounded to `count` significant digits. */
static void round_to_digits(double v, int count, struct decimal_text *d)
{
    char text[40]; /* d.ddddde-ddd */
    snprintf(text, sizeof(text), "%.*e", count - 1, v);
    d->digits[0] = text[0];
    if (count > 1)
        memcpy(d->digits + 1, text + 2, (size_t)count - 1);
    d->count = count;
    d->point = atoi(strchr(text, 'e') + 1) + 1;
}

/* The next larger decimal of as many digits. */
static void next_up(struct decimal_text *d)
{
    int i = d->count - 1;
    while (i >= 0 && d->digits[i] == '9')
        d->digits[i--] = '0';
    if (i >= 0) {
        d->digits[i]++;
    } else {
        d->digits[0] = '1';
        d->point++;
    }
}

static void next_down(struct decimal_text *d)
{
    int i = d->count - 1;
    while (i > 0 && d->digits[i] == '0')
        d->digits[i--] = '9';
    d->digits[i]--; /* the first digit is not 0 */
}

/* With `tail` behind the digits. */
static bool reads_as(const struct decimal_text *d, const char *tail, double v, bool single)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "0.%.*s%se%d", d->count, d->digits, tail, d->point);
    ASSERT(n > 0 && (size_t)n < sizeof(text));
    return (single ? (double)strtof(text, NULL) : strtod(text, NULL)) == v;
}

static bool reads_back(const struct decimal_text *d, double v, bool single)
{
    if (!reads_as(d, "", v, single))
        return false;
    /* The middle of two doubles has one bit more than a double; with few digits that is possible
     * only for integers beyond all digits. */
    if (d->point <= (single ? 6 : 15))
        return true;
    struct decimal_text below = *d;
    next_down(&below);
    return reads_as(d, "00000000000000000001", v, single) &&
           reads_as(&below, "99999999999999999999", v, single);
}

/* Shortest decimal for v > 0; see the file's head. */
static void shortest(double v, bool single, struct decimal_text *d)
{
    int exponent;
    bool subnormal = v < (single ? 0x1p-126 : 0x1p-1022);
    bool power_of_two = frexp(v, &exponent) == 0.5;
    int count = subnormal ? 1 : single ? 6 : 15, most = single ? 9 : 17;
    for (;; count++) {
        round_to_digits(v, count, d);
        if (count == most || reads_back(d, v, single))
            break;
        if (power_of_two) {
            next_up(d);
            if (reads_back(d, v, single))
                break;
        }
    }
    strip_zeros(d);
}

/* Most stored doubles are decimals of few digits: m / 10^k for a small k, both exact, reads back
 * as v, so m is the shortest if it has at most 15 digits and k is the least that works. */
static bool shortest_fast(double v, struct decimal_text *d)
{
    if (!(v < 1e15 && v >= 1e-4))
        return false;
    for (int k = 0; k <= 8; k++) {
        double scaled = v * powers_of_ten[k];
        if (scaled >= 1e15)
            return false;
        uint64_t m = (uint64_t)(scaled + 0.5);
        if ((double)m / powers_of_ten[k] != v)
            continue;
        char text[24];
        int n = 0;
        for (uint64_t left = m; left > 0; left /= 10)
            text[n++] = (char)('0' + left % 10);
        for (int i = 0; i < n; i++)
            d->digits[i] = text[n - 1 - i];
        d->count = n;
        d->point = n - k;
        strip_zeros(d);
        return true;
    }
    return false;
}

/* Exponents e of d.ddd times 10^e from -4 up to `plain_below` are written out, as PostgreSQL does.
 */
static size_t print_decimal(const struct decimal_text *d, int plain_below, char *out)
{
    int e = d->point - 1;
    size_t n = 0;
    if (e < -4 || e >= plain_below) {
        out[n++] = d->digits[0];
        if (d->count > 1) {
            out[n++] = '.';
            memcpy(out + n, d->digits + 1, (size_t)d->count - 1);
            n += (size_t)d->count - 1;
        }
        return n + (size_t)snprintf(out + n, 8, "e%c%02d", e < 0 ? '-' : '+', abs(e));
    }
    if (e < 0) {
        out[n++] = '0';
        out[n++] = '.';
        for (int i = -1; i > e; i--)
            out[n++] = '0';
    }
    for (int i = 0; i < d->count || i <= e; i++) {
        if (e >= 0 && i == e + 1)
            out[n++] = '.';
        out[n++] = i < d->count ? d->digits[i] : '0';
    }
    return n;
}

static size_t print_double(double v, bool single, char out[32])
{
    size_t n = 0;
    struct decimal_text d;
    if (isnan(v))
        return memcpy(out, "NaN", 4), 3;
    if (signbit(v))
        out[n++] = '-';
    v = fabs(v);
    if (isinf(v)) {
        memcpy(out + n, "Infinity", 9);
        return n + 8;
    }
    if (v == 0)
        out[n++] = '0';
    else if (!single && shortest_fast(v, &d))
        n += print_decimal(&d, 15, out + n);
    else {
        shortest(v, single, &d);
        n += print_decimal(&d, single ? 6 : 15, out + n);
    }
    out[n] = 0;
    return n;
}

size_t column_text_double(double v, char out[32])
{
    return print_double(v, false, out);
}

size_t column_text_float(float v, char out[32])
{
    return print_double((double)v, true, out);
}
