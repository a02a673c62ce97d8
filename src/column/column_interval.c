// SPDX-License-Identifier: Apache-2.0
/* column_interval.c - intervals in PostgreSQL's words, SQL's "1 02:03:04" and ISO 8601's P1DT2H.
 *
 *     text -> sums of {months, days, us} of every part -> interval
 *
 * A part is a number with a unit, or a time. Its fraction goes down: years to months, months to
 * days of 30 to a month, days to microseconds. Each part has its own sign; "ago" turns all of them.
 *
 * I1  a number is whole + fraction / 10^12, both with the part's sign, so that sums are integers
 * I2  every sum is checked against its field at the end: parts may leave the range and come back */
#include "column/column_int.h"

#include <stdio.h>

#define FRACTION INT64_C(1000000000000)

struct part {
    bool negative;
    int64_t whole;    /* I1: at most 10^18 */
    int64_t fraction; /* I1: below FRACTION */
    bool has_point;
};

enum unit { UNIT_US, UNIT_DAYS, UNIT_MONTHS };

/* What a part names, one bit each: no text may name one of them twice. */
enum field {
    FIELD_US = 1,
    FIELD_MS = 2,
    FIELD_SECOND = 4,
    FIELD_MINUTE = 8,
    FIELD_HOUR = 16,
    FIELD_DAY = 32,
    FIELD_WEEK = 64,
    FIELD_MONTH = 128,
    FIELD_YEAR = 256,
    FIELD_DECADE = 512,
    FIELD_CENTURY = 1024,
    FIELD_MILLENNIUM = 2048,
    FIELDS_SECONDS = FIELD_US | FIELD_MS | FIELD_SECOND,
    FIELDS_CLOCK = FIELDS_SECONDS | FIELD_MINUTE | FIELD_HOUR,
};

struct sums {
    int128 months, days, us;
    unsigned seen; /* of enum field */
    bool repeated; /* a field came twice: a syntax error */
    bool range;    /* minutes of 60 and the like */
};

struct unit_name {
    const char *name;
    enum unit unit;
    enum field field;
    int64_t each; /* of `unit` */
};

/* PostgreSQL's names without the plural s, and its abbreviations. */
static const struct unit_name unit_names[] = {
    {"us", UNIT_US, FIELD_US, 1},
    {"usec", UNIT_US, FIELD_US, 1},
    {"microsecond", UNIT_US, FIELD_US, 1},
    {"ms", UNIT_US, FIELD_MS, 1000},
    {"msec", UNIT_US, FIELD_MS, 1000},
    {"millisecond", UNIT_US, FIELD_MS, 1000},
    {"", UNIT_US, FIELD_SECOND, US_PER_SECOND}, /* "s", or a number alone */
    {"sec", UNIT_US, FIELD_SECOND, US_PER_SECOND},
    {"second", UNIT_US, FIELD_SECOND, US_PER_SECOND},
    {"m", UNIT_US, FIELD_MINUTE, US_PER_MINUTE},
    {"min", UNIT_US, FIELD_MINUTE, US_PER_MINUTE},
    {"minute", UNIT_US, FIELD_MINUTE, US_PER_MINUTE},
    {"h", UNIT_US, FIELD_HOUR, US_PER_HOUR},
    {"hr", UNIT_US, FIELD_HOUR, US_PER_HOUR},
    {"hour", UNIT_US, FIELD_HOUR, US_PER_HOUR},
    {"d", UNIT_DAYS, FIELD_DAY, 1},
    {"day", UNIT_DAYS, FIELD_DAY, 1},
    {"w", UNIT_DAYS, FIELD_WEEK, 7},
    {"week", UNIT_DAYS, FIELD_WEEK, 7},
    {"mon", UNIT_MONTHS, FIELD_MONTH, 1},
    {"month", UNIT_MONTHS, FIELD_MONTH, 1},
    {"y", UNIT_MONTHS, FIELD_YEAR, 12},
    {"yr", UNIT_MONTHS, FIELD_YEAR, 12},
    {"year", UNIT_MONTHS, FIELD_YEAR, 12},
    {"dec", UNIT_MONTHS, FIELD_DECADE, 120},
    {"decade", UNIT_MONTHS, FIELD_DECADE, 120},
    {"c", UNIT_MONTHS, FIELD_CENTURY, 1200},
    {"cent", UNIT_MONTHS, FIELD_CENTURY, 1200},
    {"century", UNIT_MONTHS, FIELD_CENTURY, 1200},
    {"centurie", UNIT_MONTHS, FIELD_CENTURY, 1200},
    {"mil", UNIT_MONTHS, FIELD_MILLENNIUM, 12000},
    {"millennium", UNIT_MONTHS, FIELD_MILLENNIUM, 12000},
};

static const struct unit_name *find_unit(struct str word)
{
    struct str singular = word;
    if (word.len > 0 && (word.ptr[word.len - 1] | 32) == 's')
        singular.len--;
    for (size_t i = 0; i < ARRAY_LEN(unit_names); i++) {
        struct str name = str_of(unit_names[i].name);
        if (str_eq_nocase(name, singular) || str_eq_nocase(name, word))
            return &unit_names[i];
    }
    return NULL;
}

/* value / 10^12, half to even. */
static int128 over_fraction(int128 value)
{
    int128 q = value / FRACTION, r = value % FRACTION;
    int128 twice = 2 * (r < 0 ? -r : r);
    if (twice > FRACTION || (twice == FRACTION && q % 2 != 0))
        q += value < 0 ? -1 : 1;
    return q;
}

static void name_fields(struct sums *s, unsigned fields)
{
    s->repeated |= (s->seen & fields) != 0;
    s->seen |= fields;
}

static void add_part(struct sums *s, const struct part *p, const struct unit_name *u)
{
    bool split = u->field == FIELD_SECOND && p->fraction != 0; /* also names what is below */
    name_fields(s, split ? FIELDS_SECONDS : u->field);
    int sign = p->negative ? -1 : 1;
    int128 whole = (int128)p->whole * u->each * sign;
    int128 fraction = (int128)p->fraction * u->each * sign; /* in 10^-12 of the unit */
    switch (u->unit) {
    case UNIT_MONTHS:
        s->months += whole;
        if (u->each > 1) {
            s->months += over_fraction(fraction);
            return;
        }
        fraction *= 30;
        break;
    case UNIT_DAYS:
        s->days += whole;
        break;
    case UNIT_US:
        s->us += whole + over_fraction(fraction);
        return;
    }
    s->days += fraction / FRACTION;
    s->us += over_fraction(fraction % FRACTION * US_PER_DAY);
}

static bool peek(const struct str *s, char c)
{
    return s->len > 0 && s->ptr[0] == c;
}

static bool take(struct str *s, char c)
{
    if (!peek(s, c))
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static void skip_blanks(struct str *s)
{
    while (s->len > 0 && column_is_blank(s->ptr[0]))
        s->ptr++, s->len--;
}

/* Digits as a number of at most 18 digits; their count is returned, 19 when there are more. */
static size_t take_digits(struct str *s, int64_t *out)
{
    size_t n = 0;
    for (*out = 0; s->len > 0 && column_is_digit(s->ptr[0]); s->ptr++, s->len--)
        if (n < 19 && ++n < 19)
            *out = *out * 10 + (s->ptr[0] - '0');
    return n;
}

/* Digits behind the point in 10^-12; later ones are dropped. */
static size_t take_fraction(struct str *s, int64_t *out)
{
    size_t n = 0;
    int64_t place = FRACTION;
    for (*out = 0; s->len > 0 && column_is_digit(s->ptr[0]); s->ptr++, s->len--, n++) {
        place /= 10;
        *out += place * (s->ptr[0] - '0');
    }
    return n;
}

static bool take_sign(struct str *s)
{
    bool negative = take(s, '-');
    if (!negative)
        take(s, '+');
    return negative;
}

/* [sign] digits [. digits] */
static bool take_part(struct str *s, struct part *p)
{
    *p = (struct part){.negative = take_sign(s)};
    size_t before = take_digits(s, &p->whole), behind = 0;
    p->has_point = take(s, '.');
    if (p->has_point)
        behind = take_fraction(s, &p->fraction);
    return before <= 18 && before + behind > 0;
}

/* The rest of h:m, h:m:s.f or m:s.f, of which `first` has been read. */
static bool take_clock(struct str *s, const struct part *first, struct sums *sums)
{
    int64_t second, third = 0, fraction = 0;
    if (first->has_point || !take(s, ':'))
        return false;
    size_t digits = take_digits(s, &second);
    bool minutes_first = false;
    if (digits < 1 || digits > 2)
        return false;
    if (take(s, ':')) {
        digits = take_digits(s, &third);
        if (digits < 1 || digits > 2)
            return false;
    } else {
        minutes_first = peek(s, '.');
    }
    if (take(s, '.') && take_fraction(s, &fraction) == 0)
        return false;
    sums->range |= second > 59 || third > 60;
    name_fields(sums, FIELDS_CLOCK);
    int128 us = minutes_first ? (int128)first->whole * US_PER_MINUTE + second * US_PER_SECOND
                              : (int128)first->whole * US_PER_HOUR + second * US_PER_MINUTE +
                                    third * US_PER_SECOND;
    us += over_fraction((int128)fraction * US_PER_SECOND);
    sums->us += first->negative ? -us : us;
    return true;
}

/* SQL's year-month form: the rest of "1-2", of which the year has been read. */
static bool take_year_month(struct str *s, const struct part *year, struct sums *sums)
{
    int64_t months;
    if (year->has_point || !take(s, '-'))
        return false;
    size_t digits = take_digits(s, &months);
    if (digits < 1 || digits > 2)
        return false;
    sums->range |= months > 11;
    name_fields(sums, FIELD_YEAR | FIELD_MONTH);
    int128 all = (int128)year->whole * 12 + months;
    sums->months += year->negative ? -all : all;
    return true;
}

/* P[nY][nM][nW][nD][T[nH][nM][nS]] behind the P; ISO 8601-1, 5.5.2. */
static bool scan_iso(struct str s, struct sums *sums)
{
    static const struct unit_name year = {"", UNIT_MONTHS, FIELD_YEAR, 12},
                                  month = {"", UNIT_MONTHS, FIELD_MONTH, 1},
                                  week = {"", UNIT_DAYS, FIELD_WEEK, 7},
                                  day = {"", UNIT_DAYS, FIELD_DAY, 1},
                                  hour = {"", UNIT_US, FIELD_HOUR, US_PER_HOUR},
                                  minute = {"", UNIT_US, FIELD_MINUTE, US_PER_MINUTE},
                                  second = {"", UNIT_US, FIELD_SECOND, US_PER_SECOND};
    bool time = false, any = false;
    while (s.len > 0) {
        struct part p;
        if (!time && take(&s, 'T')) {
            time = true;
            any = false;
            continue;
        }
        if (!take_part(&s, &p) || s.len == 0)
            return false;
        const struct unit_name *u = NULL;
        switch (s.ptr[0]) {
        case 'Y':
            u = time ? NULL : &year;
            break;
        case 'M':
            u = time ? &minute : &month;
            break;
        case 'W':
            u = time ? NULL : &week;
            break;
        case 'D':
            u = time ? NULL : &day;
            break;
        case 'H':
            u = time ? &hour : NULL;
            break;
        case 'S':
            u = time ? &second : NULL;
            break;
        default:
            break;
        }
        if (!u)
            return false;
        take(&s, s.ptr[0]);
        add_part(sums, &p, u);
        any = true;
    }
    return any;
}

static struct str take_word(struct str *s)
{
    struct str word = {s->ptr, 0};
    while (word.len < s->len && column_is_letter(s->ptr[word.len]))
        word.len++;
    s->ptr += word.len;
    s->len -= word.len;
    return word;
}

/* One part of PostgreSQL's form behind its number: a time, year-month, unit, or nothing, which
 * means days before a time and seconds at the end. */
static bool scan_unit(struct str *s, const struct part *p, struct sums *sums)
{
    if (peek(s, ':'))
        return take_clock(s, p, sums);
    if (peek(s, '-') && s->len > 1 && column_is_digit(s->ptr[1]))
        return take_year_month(s, p, sums);
    skip_blanks(s);
    struct str ahead = *s;
    struct part next;
    const struct unit_name *u = find_unit(STR("sec"));
    if (s->len > 0 && column_is_letter(s->ptr[0]) && !str_eq_nocase(*s, STR("ago")))
        u = find_unit(take_word(s));
    else if (take_part(&ahead, &next) && peek(&ahead, ':'))
        u = find_unit(STR("day"));
    else if (s->len > 0 && !str_eq_nocase(*s, STR("ago")))
        return false;
    if (!u)
        return false;
    add_part(sums, p, u);
    return true;
}

static bool scan_words(struct str s, struct sums *sums)
{
    bool any = false;
    take(&s, '@');
    for (skip_blanks(&s); s.len > 0; skip_blanks(&s)) {
        struct part p;
        if (any && str_eq_nocase(s, STR("ago"))) {
            sums->months = -sums->months;
            sums->days = -sums->days;
            sums->us = -sums->us;
            return true;
        }
        if (!take_part(&s, &p) || !scan_unit(&s, &p, sums))
            return false;
        any = true;
    }
    return any;
}

status column_interval_parse(struct str text, struct column_interval *out, struct error *err)
{
    struct sums sums = {0};
    if (text.len > 4096) /* bounds the sums as well: 4096 parts of 10^18 centuries fit */
        return column_fail_syntax("22007", "interval", text, err);
    bool iso = text.len > 0 && text.ptr[0] == 'P';
    struct str behind = {text.ptr + iso, text.len - iso};
    if (!(iso ? scan_iso(behind, &sums) : scan_words(text, &sums)) || sums.repeated)
        return column_fail_syntax("22007", "interval", text, err);
    if (sums.range || sums.months != (int32_t)sums.months || sums.days != (int32_t)sums.days ||
        sums.us != (int64_t)sums.us) /* I2 */
        return column_fail("22015", "interval field value out of range: ", text, "", err);
    *out = (struct column_interval){(int32_t)sums.months, (int32_t)sums.days, (int64_t)sums.us};
    return ST_OK;
}

/* "3 mons", "-1 days"; a positive part behind a negative one shows its sign. */
static size_t put_part(char *out, size_t at, int64_t v, const char *unit, bool *before)
{
    if (v == 0)
        return at;
    int n = snprintf(out + at, COLUMN_TIME_TEXT_MAX - at, "%s%s%lld %s%s", at > 0 ? " " : "",
                     *before && v > 0 ? "+" : "", (long long)v, unit, v == 1 ? "" : "s");
    *before = v < 0;
    return at + (size_t)n;
}

size_t column_interval_print(struct column_interval v, char out[COLUMN_TIME_TEXT_MAX])
{
    bool before = false;
    size_t n = put_part(out, 0, v.months / 12, "year", &before);
    n = put_part(out, n, v.months % 12, "mon", &before);
    n = put_part(out, n, v.days, "day", &before);
    if (n > 0 && v.us == 0)
        return n;
    uint64_t us = v.us < 0 ? -(uint64_t)v.us : (uint64_t)v.us;
    uint64_t seconds = us / US_PER_SECOND, fraction = us % US_PER_SECOND;
    n += (size_t)snprintf(out + n, COLUMN_TIME_TEXT_MAX - n, "%s%s%02llu:%02u:%02u",
                          n > 0 ? " " : "",
                          v.us < 0 ? "-"
                          : before ? "+"
                                   : "",
                          (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60),
                          (unsigned)(seconds % 60));
    if (fraction > 0) {
        n += (size_t)snprintf(out + n, COLUMN_TIME_TEXT_MAX - n, ".%06u", (unsigned)fraction);
        while (out[n - 1] == '0')
            n--;
    }
    return n;
}
