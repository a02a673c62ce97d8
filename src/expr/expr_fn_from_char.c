// SPDX-License-Identifier: Apache-2.0
/* expr_fn_from_char.c - to_date and to_timestamp: text by a pattern.
 *
 * Reading follows PostgreSQL's rules, which are generous: blanks before fields are skipped, a blank
 * or separator of the pattern matches one of the text or nothing, other characters of the pattern
 * take one character of the text whatever it is, and text left over is ignored. FX at the start
 * turns the generosity off. A number takes its field's width when another number follows it, else
 * as many digits as there are.
 *
 *     text  -> struct reading (what each field said)
 *           -> year, month, day from whichever fields were given  -> range checks -> moment */
#include "expr/expr_pattern.h"
#include "expr/expr_unicode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What the fields said; 0 = not given. */
struct reading {
    enum expr_pattern_calendar calendar;
    int hour, minute, second, second_of_day, fraction_us, millis;
    int weekday; /* Sunday = 1 */
    int day, day_of_year, month, year, year_width, century, julian, week, week_of_month;
    int bc, pm, ignored;
    bool clock12;
    int zone_sign, zone_hour, zone_minute;
};

/* Where reading stands. */
struct reader {
    const char *at; /* ends with NUL */
    bool exact;     /* FX */
    int skipped;    /* blanks and separators more than the pattern had */
    struct reading r;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_separator(char c)
{
    return c > ' ' && c < 0x7F && !expr_char_is_word((unsigned char)c);
}

static void skip_char(struct reader *s)
{
    if (*s->at)
        s->at += expr_char_bytes(str_of(s->at));
}

static status invalid_value(const char *at, const struct expr_pattern_node *n, struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22007", 0, "invalid value \"%.*s\" for \"%.*s\"",
             (int)expr_char_offset(str_of(at), 16), at, STR_ARG(n->text));
}

/* Two fields may say the same thing, but not different things. */
static status set(int *field, int value, const struct expr_pattern_node *n, struct error *err)
{
    if (*field != 0 && *field != value)
        FAIL_SQL(err, ST_INVALID, "22007", 0,
                 "conflicting values for \"%.*s\" field in formatting string", STR_ARG(n->text));
    *field = value;
    return ST_OK;
}

/* ---- numbers and names ----------------------------------------------------------------------- */

/* Whether a number ends by itself: nothing or no digit follows in the pattern. */
static bool open_ended(const struct expr_pattern *p, size_t i)
{
    if (p->nodes[i].fill || p->nodes[i].ordinal || i + 1 == p->count)
        return true;
    const struct expr_pattern_node *next = &p->nodes[i + 1];
    if (next->field > FIELD_SPACE)
        return !next->digits;
    return !(next->text.len == 1 && next->text.ptr[0] >= '0' && next->text.ptr[0] <= '9');
}

/* Reads one number into *field; *used says how many characters it took. */
static status read_number(struct reader *s, const struct expr_pattern *p, size_t i, unsigned width,
                          int *field, int *used, struct error *err)
{
    const struct expr_pattern_node *n = &p->nodes[i];
    const char *start = s->at;
    char copy[16], *end;
    long v;
    while (is_blank(*s->at))
        s->at++;
    errno = 0;
    if (open_ended(p, i)) {
        v = strtol(s->at, &end, 10);
        if (end == s->at)
            return invalid_value(s->at, n, err);
        s->at = end;
    } else {
        size_t left = strlen(s->at);
        if (left < width)
            FAIL_SQL(err, ST_INVALID, "22007", 0,
                     "source string too short for \"%.*s\" formatting field", STR_ARG(n->text));
        memcpy(copy, s->at, width);
        copy[width] = 0;
        v = strtol(copy, &end, 10);
        if (end != copy + width)
            return invalid_value(s->at, n, err);
        s->at += width;
    }
    if (errno == ERANGE || v < INT32_MIN || v > INT32_MAX)
        FAIL_SQL(err, ST_INVALID, "22008", 0, "value for \"%.*s\" in source string is out of range",
                 STR_ARG(n->text));
    *used = (int)(s->at - start);
    return set(field, (int)v, n, err);
}

/* The first of `names` that the text begins with, case ignored, `chars` characters of each. */
static status read_name(struct reader *s, const struct expr_pattern_node *n,
                        const char *const *names, int count, size_t chars, int *index,
                        struct error *err)
{
    for (*index = 0; *index < count; (*index)++) {
        struct str name = {names[*index], strnlen(names[*index], chars)};
        struct str text = {s->at, strnlen(s->at, name.len)};
        if (str_eq_nocase(text, name)) {
            s->at += name.len;
            return ST_OK;
        }
    }
    return invalid_value(s->at, n, err);
}

/* The longest Roman numeral. */
static status read_roman(struct reader *s, const struct expr_pattern_node *n, struct error *err)
{
    size_t best = 0;
    int month = 0;
    for (int i = 0; i < 12; i++) {
        struct str name = str_of(expr_roman_months[i]);
        if (name.len > best && str_eq_nocase((struct str){s->at, strnlen(s->at, name.len)}, name)) {
            best = name.len;
            month = i + 1;
        }
    }
    if (month == 0)
        return invalid_value(s->at, n, err);
    s->at += best;
    return set(&s->r.month, month, n, err);
}

/* Years of fewer than four digits are those nearest to 2020. */
static int year_near_2020(int year)
{
    return year < 70     ? year + 2000
           : year < 100  ? year + 1900
           : year < 520  ? year + 2000
           : year < 1000 ? year + 1000
                         : year;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static status read_year(struct reader *s, const struct expr_pattern *p, size_t i, struct error *err)
{
    const struct expr_pattern_node *n = &p->nodes[i];
    int year = 0, used, thousands, rest, chars;
    if (n->field == FIELD_YEAR_COMMA) {
        if (sscanf(s->at, "%9d,%3d%n", &thousands, &rest, &chars) != 2 || thousands > 1000000 ||
            thousands < -1000000)
            FAIL_SQL(err, ST_INVALID, "22007", 0, "invalid input string for \"Y,YYY\"");
        s->at += chars;
        s->r.year_width = 4;
        return set(&s->r.year, thousands * 1000 + rest, n, err);
    }
    TRY(read_number(s, p, i, n->width, &year, &used, err));
    if (n->width < 4 && used < 4)
        year = year_near_2020(year);
    s->r.year_width = (int)n->width;
    return set(&s->r.year, year, n, err);
}

/* Digits behind a point: fewer than the width stand for tenths, hundredths ... */
static status read_fraction(struct reader *s, const struct expr_pattern *p, size_t i,
                            struct error *err)
{
    static const int power[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    const struct expr_pattern_node *n = &p->nodes[i];
    bool millis = expr_char_lower((unsigned char)n->text.ptr[0]) == 'm';
    int *field = millis ? &s->r.millis : &s->r.fraction_us, used, whole = millis ? 3 : 6;
    TRY(read_number(s, p, i, n->width, field, &used, err));
    int64_t v = (int64_t)*field * power[used < whole ? whole - used : 0];
    if (v != (int)v)
        FAIL_SQL(err, ST_INVALID, "22008", 0, "value for \"%.*s\" in source string is out of range",
                 STR_ARG(n->text));
    *field = (int)v;
    return ST_OK;
}

/* A sign that has been skipped as a separator still counts. */
static status read_zone_hour(struct reader *s, const struct expr_pattern *p, size_t i,
                             struct error *err)
{
    int used;
    if (*s->at == '+' || *s->at == '-' || *s->at == ' ') {
        s->r.zone_sign = *s->at == '-' ? -1 : 1;
        s->at++;
    } else {
        s->r.zone_sign = s->skipped > 0 && s->at[-1] == '-' ? -1 : 1;
    }
    return read_number(s, p, i, 2, &s->r.zone_hour, &used, err);
}

static status read_word(struct reader *s, const struct expr_pattern_node *n, struct error *err)
{
    static const char *const eras[] = {"AD", "BC"}, *const eras_points[] = {"A.D.", "B.C."};
    static const char *const noons[] = {"AM", "PM"}, *const noons_points[] = {"A.M.", "P.M."};
    int i;
    switch (n->field) {
    case FIELD_ERA:
    case FIELD_ERA_POINTS:
        TRY(read_name(s, n, n->field == FIELD_ERA ? eras : eras_points, 2, 4, &i, err));
        return set(&s->r.bc, i, n, err);
    case FIELD_NOON:
    case FIELD_NOON_POINTS:
        TRY(read_name(s, n, n->field == FIELD_NOON ? noons : noons_points, 2, 4, &i, err));
        s->r.clock12 = true;
        return set(&s->r.pm, i, n, err);
    case FIELD_MONTH_NAME:
    case FIELD_MONTH_SHORT:
        TRY(read_name(s, n, expr_month_names, 12, n->field == FIELD_MONTH_NAME ? 9 : 3, &i, err));
        return set(&s->r.month, i + 1, n, err);
    case FIELD_DAY_NAME:
    case FIELD_DAY_SHORT:
        TRY(read_name(s, n, expr_day_names, 7, n->field == FIELD_DAY_NAME ? 9 : 3, &i, err));
        TRY(set(&s->r.weekday, i, n, err));
        s->r.weekday = i + 1;
        return ST_OK;
    default:
        return read_roman(s, n, err);
    }
}

static int *number_field(struct reading *r, enum expr_pattern_field field)
{
    switch (field) {
    case FIELD_HOUR12:
    case FIELD_HOUR24:
        return &r->hour;
    case FIELD_MINUTE:
        return &r->minute;
    case FIELD_SECOND:
        return &r->second;
    case FIELD_SECOND_OF_DAY:
        return &r->second_of_day;
    case FIELD_ZONE_MINUTE:
        return &r->zone_minute;
    case FIELD_MONTH:
        return &r->month;
    case FIELD_DAY:
        return &r->day;
    case FIELD_DAY_OF_YEAR:
    case FIELD_ISO_DAY_OF_YEAR:
        return &r->day_of_year;
    case FIELD_WEEKDAY:
    case FIELD_ISO_WEEKDAY:
        return &r->weekday;
    case FIELD_WEEK:
    case FIELD_ISO_WEEK:
        return &r->week;
    case FIELD_WEEK_OF_MONTH:
        return &r->week_of_month;
    case FIELD_CENTURY:
        return &r->century;
    case FIELD_JULIAN:
        return &r->julian;
    default: /* QUARTER names no date */
        return &r->ignored;
    }
}

static status read_field(struct reader *s, const struct expr_pattern *p, size_t i,
                         struct error *err)
{
    const struct expr_pattern_node *n = &p->nodes[i];
    struct reading *r = &s->r;
    int used;
    switch (n->field) {
    case FIELD_EXACT:
        s->exact = true;
        return ST_OK;
    case FIELD_ZONE:
    case FIELD_OFFSET:
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "formatting field \"%.*s\" is only supported in to_char", STR_ARG(n->text));
    case FIELD_YEAR:
    case FIELD_ISO_YEAR:
    case FIELD_YEAR_COMMA:
        return read_year(s, p, i, err);
    case FIELD_FRACTION:
        return read_fraction(s, p, i, err);
    case FIELD_ZONE_HOUR:
        return read_zone_hour(s, p, i, err);
    default:
        break;
    }
    if (!n->digits)
        return read_word(s, n, err);
    r->clock12 |= n->field == FIELD_HOUR12;
    if (n->field == FIELD_ZONE_MINUTE && r->zone_sign == 0)
        r->zone_sign = 1;
    r->ignored = 0;
    TRY(read_number(s, p, i, n->width, number_field(r, n->field), &used, err));
    if (n->field == FIELD_ISO_WEEKDAY) /* Monday = 1 to Sunday = 1 */
        r->weekday = r->weekday >= 7 ? 1 : r->weekday + 1;
    return ST_OK;
}

static status check_calendar(struct reading *r, const struct expr_pattern_node *n,
                             struct error *err)
{
    if (n->calendar == CALENDAR_ANY)
        return ST_OK;
    if (r->calendar != CALENDAR_ANY && r->calendar != n->calendar)
        FAIL_SQL(err, ST_INVALID, "22007", 0, "invalid combination of date conventions");
    r->calendar = n->calendar;
    return ST_OK;
}

static void skip_blanks(struct reader *s)
{
    for (; is_blank(*s->at); s->at++)
        s->skipped++;
}

/* A character of the pattern that is no field. */
static void pass_text(struct reader *s, const struct expr_pattern_node *n)
{
    if (s->exact) {
        skip_char(s);
    } else if (n->field != FIELD_TEXT) { /* matches one, or nothing */
        if (is_blank(*s->at) || is_separator(*s->at))
            s->at++;
        else
            s->skipped--;
    } else if (s->skipped > 0) {
        s->skipped--;
    } else {
        skip_char(s);
    }
}

static status read_all(struct reader *s, const struct expr_pattern *p, struct error *err)
{
    for (size_t i = 0; i < p->count && *s->at; i++) {
        const struct expr_pattern_node *n = &p->nodes[i];
        bool field = n->field > FIELD_SPACE;
        if (!s->exact && n->field != FIELD_EXACT && (field || i == 0))
            skip_blanks(s);
        if (!field) {
            pass_text(s, n);
            continue;
        }
        TRY(check_calendar(&s->r, n, err));
        TRY(read_field(s, p, i, err));
        if (n->ordinal) {
            skip_char(s);
            skip_char(s);
        }
        if (!s->exact) {
            s->skipped = 0;
            skip_blanks(s);
        }
    }
    return ST_OK;
}

/* ---- from fields to a moment ----------------------------------------------------------------- */

static status out_of_range(struct str text, struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22008", 0, "date/time field value out of range: \"%.*s\"",
             STR_ARG(text));
}

/* A date being put together. `known` parts are range-checked; the others are 1 BC, January, 1. */
struct date {
    struct expr_fields f;
    bool year, month, day;
};

static void set_days(struct date *d, int64_t days)
{
    d->f = expr_fields_of_date((int32_t)days);
    d->year = d->month = d->day = true;
}

static void choose_year(const struct reading *r, struct date *d)
{
    int century = r->bc ? -r->century : r->century;
    int64_t year;
    if (r->year == 0 && r->century == 0)
        return;
    if (r->year != 0 && r->century != 0 && r->year_width <= 2) {
        year = r->year % 100; /* within the century, which ends with a year of 00 */
        if (year != 0)
            year = century >= 0 ? year + (century - 1) * INT64_C(100)
                                : (century + 1) * INT64_C(100) - year + 1;
        else
            year = century * INT64_C(100) + (century < 0);
    } else if (r->year != 0) {
        year = r->bc ? -(int64_t)r->year : r->year;
        year += year < 0; /* 1 BC is 0 */
    } else {
        year = century >= 0 ? (century - 1) * INT64_C(100) + 1 : century * INT64_C(100) + 1;
    }
    d->f.year = year;
    d->year = true;
}

/* Far beyond any date, but far from overflow. */
static bool calendar_holds(int64_t year)
{
    return year > -5874898 && year < 5874898;
}

static status choose_day_of_year(const struct reading *r, int64_t day_of_year, struct date *d,
                                 struct error *err)
{
    if (d->f.year == 0 && !r->bc)
        FAIL_SQL(err, ST_INVALID, "22007", 0,
                 "cannot calculate day of year without year information");
    if (r->calendar == CALENDAR_ISO) {
        set_days(d, expr_iso_year_start(d->f.year) + day_of_year - 1);
        return ST_OK;
    }
    int month = 1;
    int64_t before = 0;            /* days of the year before the month */
    for (; month <= 12; month++) { /* 13: beyond the year, refused below */
        int days = expr_month_days(d->f.year, month);
        if (day_of_year <= before + days)
            break;
        before += days;
    }
    if (d->f.month <= 1)
        d->f.month = month;
    if (d->f.day <= 1)
        d->f.day = (int32_t)(day_of_year - before);
    d->month = d->day = true;
    return ST_OK;
}

static status choose_date(const struct reading *r, struct str text, struct date *d,
                          struct error *err)
{
    int64_t day_of_year = r->day_of_year, day = r->day;
    *d = (struct date){.f = {.month = 1, .day = 1}};
    choose_year(r, d);
    if (!calendar_holds(d->f.year) || r->week > 100000 || r->week < -100000 ||
        r->day_of_year > 1000000 || r->day_of_year < -1000000)
        return out_of_range(text, err);
    if (r->julian != 0)
        set_days(d, (int64_t)r->julian - EXPR_JULIAN_1970);
    if (r->week != 0 && r->calendar == CALENDAR_ISO) {
        int64_t monday = expr_iso_year_start(d->f.year) + (r->week - 1) * INT64_C(7);
        int offset = r->weekday == 0 ? 0 : r->weekday > 1 ? r->weekday - 2 : 6;
        set_days(d, monday + offset);
    } else if (r->week != 0) {
        day_of_year = (r->week - 1) * INT64_C(7) + 1;
    }
    if (r->week_of_month != 0)
        day = (r->week_of_month - 1) * INT64_C(7) + 1;
    if (day != 0) {
        if (day < 1 || day > 31)
            return out_of_range(text, err);
        d->f.day = (int32_t)day;
        d->day = true;
    }
    if (r->month != 0) {
        if (r->month < 1 || r->month > 12)
            return out_of_range(text, err);
        d->f.month = r->month;
        d->month = true;
    }
    if (day_of_year != 0 && (d->f.month <= 1 || d->f.day <= 1))
        TRY(choose_day_of_year(r, day_of_year, d, err));
    if (d->month && (d->f.month < 1 || d->f.month > 12))
        return out_of_range(text, err);
    if (d->day && (d->f.day < 1 || d->f.day > 31))
        return out_of_range(text, err);
    if (d->year && d->month && d->day && d->f.day > expr_month_days(d->f.year, d->f.month))
        return out_of_range(text, err);
    return ST_OK;
}

static status choose_time(const struct reading *r, struct expr_fields *f, struct error *err)
{
    f->hour = r->second_of_day / 3600;
    f->minute = r->second_of_day % 3600 / 60;
    f->second = r->second_of_day % 60;
    f->second = r->second ? r->second : f->second;
    f->minute = r->minute ? r->minute : f->minute;
    f->hour = r->hour ? r->hour : f->hour;
    if (!r->clock12)
        return ST_OK;
    if (f->hour < 1 || f->hour > 12)
        FAIL_SQL(err, ST_INVALID, "22007", 0, "hour \"%d\" is invalid for the 12-hour clock",
                 f->hour);
    f->hour = f->hour % 12 + (r->pm ? 12 : 0);
    return ST_OK;
}

static status check_time(const struct reading *r, struct str text, struct expr_fields *f,
                         struct error *err)
{
    int64_t us = (int64_t)r->millis * 1000 + r->fraction_us;
    if (f->hour < 0 || f->hour > 23 || f->minute < 0 || f->minute > 59 || f->second < 0 ||
        f->second > 59 || us < 0 || us >= EXPR_US_PER_SECOND)
        return out_of_range(text, err);
    f->us = (int32_t)us;
    if (r->zone_hour < 0 || r->zone_hour > 15 || r->zone_minute < 0 || r->zone_minute > 59)
        FAIL_SQL(err, ST_INVALID, "22009", 0, "time zone displacement out of range: \"%.*s\"",
                 STR_ARG(text));
    return ST_OK;
}

static status read_moment(struct expr_call *c, const void *const *arg, struct reading *r,
                          struct expr_fields *f, struct error *err)
{
    const struct expr_pattern *p;
    struct str text = EXPR_ARG(struct str, 0), z;
    struct date d;
    TRY(expr_pattern_of(c, EXPR_ARG(struct str, 1), &p, err));
    TRY(arena_str(c->text, text, &z, err)); /* with a NUL behind it */
    struct reader s = {.at = z.ptr};
    TRY(read_all(&s, p, err));
    *r = s.r;
    struct expr_fields time = {0};
    TRY(choose_time(r, &time, err));
    TRY(choose_date(r, text, &d, err));
    *f = time;
    f->year = d.f.year;
    f->month = d.f.month;
    f->day = d.f.day;
    return check_time(r, text, f, err);
}

static EXPR_SCALAR(to_date)
{
    struct reading r;
    struct expr_fields f;
    TRY(read_moment(c, arg, &r, &f, err));
    return expr_fields_date(&f, out, err);
}

/* In the session's zone, or at the offset that the text gives. */
static EXPR_SCALAR(to_timestamp)
{
    struct reading r;
    struct expr_fields f;
    int64_t us;
    TRY(read_moment(c, arg, &r, &f, err));
    TRY(expr_fields_timestamp(&f, &us, err));
    if (r.zone_sign == 0)
        return expr_to_utc(&c->period, c->zone, us, out, err);
    int64_t offset = r.zone_hour * EXPR_US_PER_HOUR + r.zone_minute * EXPR_US_PER_MINUTE;
    EXPR_OUT(int64_t) = us - r.zone_sign * offset;
    return expr_check_timestamp(EXPR_OUT(int64_t), err);
}

static const struct expr_function rows[] = {
    {QUERY_FN_TO_DATE, .scalar = to_date},
    {QUERY_FN_TO_TIMESTAMP_TEXT, .scalar = to_timestamp},
};

const struct expr_function_table expr_fn_from_char_table = {rows, ARRAY_LEN(rows)};
