// SPDX-License-Identifier: Apache-2.0
/* column_time.c - dates and times of day in ISO 8601 form, as PostgreSQL reads and prints them.
 *
 *     2025-01-14 10:05:07.25+02 BC
 *     |        | |            | |__ era, AD if absent
 *     |        | |            |____ zone: Z, offset, or a name behind a blank
 *     |        | |_________________ time: h:m, h:m:s, fractions, AM or PM; hhmmss
 *     |        |___________________ blanks or T
 *     |____________________________ y-m-d, y/m/d with four or more digits of year; yyyymmdd
 *
 * All four types share one scanner; each then takes what it needs and drops the rest, as PostgreSQL
 * does ('2025-01-14 10:00'::date is a date, '10:00+02'::time drops its zone). Month names and
 * orders other than year first are refused: a reader of files must not guess.
 *
 * T1  dates and timestamps read from text stay within the ranges below
 * T2  fractions are rounded to microseconds, half to even
 * T3  a time is less than 24 hours, as Iceberg's is; 24:00 ends the day of a timestamp only */
#include "column/column_int.h"

#include <stdio.h>

/* From PostgreSQL's 4714-11-24 BC to its last date, 5874897-12-31, and to the end of the last whole
 * year that 64 bits of microseconds since 1970 hold, 294246. */
#define LEAST_DAYS      (-2440588)
#define MOST_DATE_DAYS  2145042905
#define LEAST_TIMESTAMP (LEAST_DAYS * US_PER_DAY)
#define MOST_TIMESTAMP  (INT64_C(106751982) * US_PER_DAY - 1)
#define MOST_OFFSET     (16 * 3600) /* a zone's displacement is below this many seconds */

/* ---- calendar ---- */

/* Years are counted from 1 March, so that the leap day is the last; 400 of them have 146,097 days.
 * Months from March alternate in a pattern of 153 days for five. */
int32_t column_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

void column_civil_from_days(int32_t days, int64_t *year, unsigned *month, unsigned *day)
{
    int64_t z = (int64_t)days + 719468; /* since 1 March of year 0 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned of_era = (unsigned)(z - era * 146097);
    unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
    unsigned m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = era * 400 + y + (*month <= 2);
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (unsigned)(month == 2 && leap);
}

/* ---- fast forms ---- */

/* Two digits at p as a number, or above 99. */
static unsigned two_digits(const char *p)
{
    unsigned a = (unsigned char)p[0] - (unsigned)'0', b = (unsigned char)p[1] - (unsigned)'0';
    return a <= 9 && b <= 9 ? a * 10 + b : 100;
}

bool column_text_fast_date(const char *p, size_t n, int32_t *days)
{
    if (n != 10 || p[4] != '-' || p[7] != '-')
        return false;
    unsigned century = two_digits(p), of_century = two_digits(p + 2);
    unsigned month = two_digits(p + 5), day = two_digits(p + 8);
    unsigned year = century * 100 + of_century;
    if (century > 99 || of_century > 99 || month < 1 || month > 12 || day < 1 || year == 0 ||
        (day > 28 && day > days_in_month(year, month)))
        return false;
    *days = column_days_from_civil(year, month, day);
    return true;
}

bool column_text_fast_timestamp(const char *p, size_t n, int64_t *us, bool *utc)
{
    int32_t days, fraction = 0;
    *utc = n > 0 && p[n - 1] == 'Z';
    n -= *utc;
    if (n < 19 || (p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':' ||
        !column_text_fast_date(p, 10, &days))
        return false;
    unsigned hour = two_digits(p + 11), minute = two_digits(p + 14), second = two_digits(p + 17);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    if (n > 19 && (n < 21 || p[19] != '.' || !column_fraction_us(p + 20, n - 20, &fraction)))
        return false;
    *us = days * US_PER_DAY + (hour * 3600 + minute * 60 + second) * US_PER_SECOND + fraction;
    return true;
}

bool column_fraction_us(const char *digits, size_t count, int32_t *us)
{
    int32_t v = 0;
    for (size_t i = 0; i < 6; i++) {
        if (i < count && !column_is_digit(digits[i]))
            return false;
        v = v * 10 + (i < count ? digits[i] - '0' : 0);
    }
    bool rest = false;
    for (size_t i = 7; i < count; i++) {
        if (!column_is_digit(digits[i]))
            return false;
        rest |= digits[i] != '0';
    }
    if (count > 6) {
        if (!column_is_digit(digits[6]))
            return false;
        v += digits[6] > '5' || (digits[6] == '5' && (rest || (v & 1)));
    }
    *us = v;
    return true;
}

/* ---- the full scanner ---- */

enum scan_result { SCAN_OK, SCAN_SYNTAX, SCAN_FIELD, SCAN_DISPLACEMENT, SCAN_SPECIAL };

/* What a text says; absent parts are false or 0. */
struct moment {
    bool has_date, has_time, has_offset, bc;
    int64_t year;         /* as written, 1 or more */
    unsigned month, day;  /* 1-based */
    int64_t us_of_day;    /* 0 to 24 h; one second more for :60 */
    int32_t offset_s;     /* east of UTC, valid if has_offset */
    struct str zone_name; /* borrowed from the text; empty if none */
};

static void skip_blanks(struct str *s)
{
    while (s->len > 0 && column_is_blank(s->ptr[0]))
        s->ptr++, s->len--;
}

static struct str take_while(struct str *s, bool (*is)(char))
{
    struct str t = {s->ptr, 0};
    while (t.len < s->len && is(s->ptr[t.len]))
        t.len++;
    s->ptr += t.len;
    s->len -= t.len;
    return t;
}

static bool take(struct str *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

/* At most nine digits, so that no sum below overflows. */
static bool number_of(struct str digits, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < digits.len && i < 9; i++)
        *out = *out * 10 + (unsigned)(digits.ptr[i] - '0');
    return digits.len > 0 && digits.len <= 9;
}

static bool take_number(struct str *s, size_t most_digits, unsigned *out)
{
    struct str t = take_while(s, column_is_digit);
    return t.len <= most_digits && number_of(t, out);
}

static enum scan_result scan_date(struct str *s, struct moment *m)
{
    struct str digits = take_while(s, column_is_digit);
    unsigned year;
    char separator = s->len > 0 ? s->ptr[0] : 0;
    if (digits.len == 8 && separator != '-' && separator != '/') {
        number_of((struct str){digits.ptr, 4}, &year);
        number_of((struct str){digits.ptr + 4, 2}, &m->month);
        number_of((struct str){digits.ptr + 6, 2}, &m->day);
    } else {
        if (digits.len < 3 || !number_of(digits, &year) || (separator != '-' && separator != '/'))
            return SCAN_SYNTAX;
        if (!take(s, separator) || !take_number(s, 2, &m->month) || !take(s, separator) ||
            !take_number(s, 2, &m->day))
            return SCAN_SYNTAX;
    }
    m->year = year;
    m->has_date = true;
    return SCAN_OK;
}

/* AM and PM behind a time of 1 to 12 hours. */
static enum scan_result scan_half(struct str *s, unsigned *hour)
{
    struct str ahead = *s;
    skip_blanks(&ahead);
    struct str word = take_while(&ahead, column_is_letter);
    bool pm = str_eq_nocase(word, STR("pm"));
    if (!pm && !str_eq_nocase(word, STR("am")))
        return SCAN_OK;
    *s = ahead;
    if (*hour > 12)
        return SCAN_FIELD;
    *hour = *hour % 12 + (pm ? 12 : 0);
    return SCAN_OK;
}

/* h:m[:s[.f]], hhmmss[.f] or hhmm */
static enum scan_result scan_time(struct str *s, struct moment *m)
{
    unsigned hour, minute, second = 0;
    int32_t fraction = 0;
    struct str digits = take_while(s, column_is_digit);
    bool seconds;
    if ((digits.len == 4 || digits.len == 6) && (s->len == 0 || s->ptr[0] != ':')) {
        number_of((struct str){digits.ptr, 2}, &hour);
        number_of((struct str){digits.ptr + 2, 2}, &minute);
        seconds = digits.len == 6;
        if (seconds)
            number_of((struct str){digits.ptr + 4, 2}, &second);
    } else {
        if (digits.len > 2 || !number_of(digits, &hour) || !take(s, ':') ||
            !take_number(s, 2, &minute))
            return SCAN_SYNTAX;
        seconds = take(s, ':');
        if (seconds && !take_number(s, 2, &second))
            return SCAN_SYNTAX;
    }
    if (seconds && take(s, '.')) {
        struct str f = take_while(s, column_is_digit);
        column_fraction_us(f.ptr, f.len, &fraction);
    }
    enum scan_result half = scan_half(s, &hour);
    if (half != SCAN_OK)
        return half;
    if (hour > 24 || minute > 59 || second > 60 || (second == 60 && fraction > 0) ||
        (hour == 24 && (minute > 0 || second > 0 || fraction > 0)))
        return SCAN_FIELD;
    m->us_of_day = (int64_t)(hour * 3600 + minute * 60 + second) * US_PER_SECOND + fraction;
    m->has_time = true;
    return SCAN_OK;
}

/* +h, +hh, +hhmm, +hh:mm, +hh:mm:ss behind the sign. */
static enum scan_result scan_offset(struct str *s, bool west, struct moment *m)
{
    unsigned hour, minute = 0, second = 0;
    struct str digits = take_while(s, column_is_digit);
    if (digits.len == 0 || digits.len == 3 || digits.len > 4)
        return SCAN_SYNTAX;
    number_of((struct str){digits.ptr, digits.len > 2 ? 2 : digits.len}, &hour);
    if (digits.len == 4)
        number_of((struct str){digits.ptr + 2, 2}, &minute);
    else if (take(s, ':') &&
             (!take_number(s, 2, &minute) || (take(s, ':') && !take_number(s, 2, &second))))
        return SCAN_SYNTAX;
    if (minute > 59 || second > 59 || hour * 3600 >= MOST_OFFSET)
        return SCAN_DISPLACEMENT;
    int32_t offset = (int32_t)(hour * 3600 + minute * 60 + second);
    m->offset_s = west ? -offset : offset;
    m->has_offset = true;
    return SCAN_OK;
}

static bool is_zone_char(char c)
{
    return column_is_letter(c) || column_is_digit(c) || c == '/' || c == '_' || c == '+' ||
           c == '-';
}

/* Zone and era, in either order, behind date and time. */
static enum scan_result scan_rest(struct str *s, struct moment *m)
{
    for (;;) {
        skip_blanks(s);
        if (s->len == 0)
            return SCAN_OK;
        bool zone_seen = m->has_offset || m->zone_name.len > 0;
        if (!zone_seen && (s->ptr[0] == '+' || s->ptr[0] == '-')) {
            bool west = s->ptr[0] == '-';
            take(s, s->ptr[0]);
            enum scan_result r = scan_offset(s, west, m);
            if (r != SCAN_OK)
                return r;
            continue;
        }
        if (!column_is_letter(s->ptr[0]))
            return SCAN_SYNTAX;
        struct str word = take_while(s, is_zone_char);
        if (str_eq_nocase(word, STR("bc")) && m->has_date && !m->bc)
            m->bc = true;
        else if (str_eq_nocase(word, STR("ad")) && m->has_date && !m->bc)
            continue;
        else if (zone_seen)
            return SCAN_SYNTAX;
        else if (str_eq_nocase(word, STR("z")) || str_eq_nocase(word, STR("utc")))
            m->has_offset = true;
        else
            m->zone_name = word;
    }
}

static bool is_special(struct str s)
{
    static const char *const words[] = {"infinity", "-infinity", "+infinity", "now",
                                        "today",    "tomorrow",  "yesterday", "allballs"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_nocase(s, str_of(words[i])))
            return true;
    return false;
}

static enum scan_result scan_moment(struct str s, struct moment *m)
{
    enum scan_result r;
    *m = (struct moment){0};
    if (is_special(s))
        return SCAN_SPECIAL;
    if (str_eq_nocase(s, STR("epoch"))) {
        *m = (struct moment){.has_date = true, .has_offset = true, .year = 1970};
        m->month = m->day = 1;
        return SCAN_OK;
    }
    struct str ahead = s;
    struct str digits = take_while(&ahead, column_is_digit);
    char next = ahead.len > 0 ? ahead.ptr[0] : 0;
    bool time_first =
        digits.len <= 2 || ((digits.len == 4 || digits.len == 6) && next != '-' && next != '/');
    if (!time_first) {
        r = scan_date(&s, m);
        if (r != SCAN_OK)
            return r;
        bool t = s.len > 1 && (s.ptr[0] == 'T' || s.ptr[0] == 't') && column_is_digit(s.ptr[1]);
        if (t)
            take(&s, s.ptr[0]);
        else if (s.len > 0 && !column_is_blank(s.ptr[0]) && !column_is_letter(s.ptr[0]) &&
                 s.ptr[0] != '+')
            return SCAN_SYNTAX;
        skip_blanks(&s);
    }
    if (s.len > 0 && column_is_digit(s.ptr[0])) {
        r = scan_time(&s, m);
        if (r != SCAN_OK)
            return r;
    } else if (time_first) {
        return SCAN_SYNTAX;
    }
    return scan_rest(&s, m);
}

/* Days since 1970 of a scanned date; false if there is no such day. */
static bool moment_days(const struct moment *m, int64_t *days)
{
    if (m->year < 1 || m->year > 5874897 || m->month < 1 || m->month > 12 || m->day < 1)
        return false;
    int64_t year = m->bc ? 1 - m->year : m->year;
    if (m->day > days_in_month(year, m->month))
        return false;
    *days = column_days_from_civil(year, m->month, m->day);
    return true;
}

static status fail_scan(enum scan_result r, const char *type, struct str text, struct error *err)
{
    switch (r) {
    case SCAN_FIELD:
        return column_fail("22008", "date/time field value out of range: ", text, "", err);
    case SCAN_DISPLACEMENT:
        return column_fail("22009", "time zone displacement out of range: ", text, "", err);
    case SCAN_SPECIAL:
        FAIL(err, ST_UNSUPPORTED, "date/time value \"%.*s\" is not supported", STR_ARG(text));
    default:
        return column_fail_syntax("22007", type, text, err);
    }
}

/* A zone's name behind the time must exist for every type; *us is the instant of `local` there
 * (may be NULL). It is loaded for this one value: rare, and only the text says which. */
static status resolve_zone(struct str text, const char *type, const struct moment *m, int64_t local,
                           int64_t *us, struct error *err)
{
    struct arena a;
    struct zone *zone = NULL;
    if (m->zone_name.len == 0)
        return ST_OK;
    arena_init(&a, NULL);
    status st = zone_load(&a, m->zone_name, &zone, NULL);
    if (st == ST_OK && us)
        *us = zone_to_utc(zone, local);
    arena_free(&a);
    return st == ST_OK ? ST_OK : column_fail_syntax("22007", type, text, err);
}

/* Scans a text that must hold a date; *days is its date. */
static status scan_with_date(struct str text, const char *type, struct moment *m, int64_t *days,
                             struct error *err)
{
    enum scan_result r = scan_moment(text, m);
    if (r == SCAN_OK && !m->has_date)
        r = SCAN_SYNTAX;
    if (r == SCAN_OK && !moment_days(m, days))
        r = SCAN_FIELD;
    if (r == SCAN_OK)
        return ST_OK;
    status st = fail_scan(r, type, text, err);
    if (r == SCAN_SYNTAX)
        error_detail(err, "dates are read as year-month-day, like 2025-01-14");
    return st;
}

status column_date_parse(struct str text, int32_t *out, struct error *err)
{
    struct moment m;
    int64_t days;
    if (column_text_fast_date(text.ptr, text.len, out))
        return ST_OK;
    TRY(scan_with_date(text, "date", &m, &days, err));
    TRY(resolve_zone(text, "date", &m, 0, NULL, err));
    if (days < LEAST_DAYS || days > MOST_DATE_DAYS) /* T1 */
        return column_fail("22008", "date out of range: ", text, "", err);
    *out = (int32_t)days;
    return ST_OK;
}

status column_time_parse(struct str text, int64_t *out, struct error *err)
{
    static const char type[] = "time";
    struct moment m;
    int64_t days;
    enum scan_result r = scan_moment(text, &m);
    if (r == SCAN_OK && !m.has_time)
        r = SCAN_SYNTAX;
    if (r == SCAN_OK && m.has_date && !moment_days(&m, &days))
        r = SCAN_FIELD;
    if (r == SCAN_OK && m.us_of_day >= US_PER_DAY) /* T3 */
        r = SCAN_FIELD;
    if (r != SCAN_OK)
        return fail_scan(r, type, text, err);
    TRY(resolve_zone(text, type, &m, 0, NULL, err));
    *out = m.us_of_day;
    return ST_OK;
}

static bool timestamp_in_range(int64_t us)
{
    return us >= LEAST_TIMESTAMP && us <= MOST_TIMESTAMP; /* T1 */
}

static status fail_timestamp_range(struct str text, struct error *err)
{
    return column_fail("22008", "timestamp out of range: ", text, "", err);
}

/* Local microseconds of a scanned text, in range with a day to spare for the zone. */
static status scan_timestamp(struct str text, const char *type, struct moment *m, int64_t *local,
                             struct error *err)
{
    int64_t days;
    TRY(scan_with_date(text, type, m, &days, err));
    if (days < LEAST_DAYS - 1 || days > MOST_TIMESTAMP / US_PER_DAY + 1)
        return fail_timestamp_range(text, err);
    *local = days * US_PER_DAY + m->us_of_day;
    return ST_OK;
}

status column_timestamp_parse(struct str text, int64_t *out, struct error *err)
{
    static const char type[] = "timestamp";
    struct moment m;
    int64_t us = 0;
    bool utc;
    if (column_text_fast_timestamp(text.ptr, text.len, out, &utc))
        return ST_OK;
    TRY(scan_timestamp(text, type, &m, &us, err));
    TRY(resolve_zone(text, type, &m, 0, NULL, err)); /* checked, then without meaning */
    if (!timestamp_in_range(us))
        return fail_timestamp_range(text, err);
    *out = us;
    return ST_OK;
}

status column_timestamptz_parse(struct str text, const struct zone *zone, int64_t *out,
                                struct error *err)
{
    static const char type[] = "timestamp with time zone";
    struct moment m;
    int64_t us = 0;
    bool utc;
    if (column_text_fast_timestamp(text.ptr, text.len, &us, &utc)) {
        *out = utc ? us : zone_to_utc(zone, us);
        return ST_OK;
    }
    TRY(scan_timestamp(text, type, &m, &us, err));
    if (m.has_offset)
        us -= m.offset_s * US_PER_SECOND;
    else if (m.zone_name.len > 0)
        TRY(resolve_zone(text, type, &m, us, &us, err));
    else
        us = zone_to_utc(zone, us);
    if (!timestamp_in_range(us))
        return fail_timestamp_range(text, err);
    *out = us;
    return ST_OK;
}

/* ---- to text ---- */

/* `width` digits with leading zeros. */
static size_t put_digits(char *out, uint64_t v, unsigned width)
{
    for (unsigned i = width; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
    return width;
}

/* The day without its era; *bc says that " BC" must follow. */
static size_t put_day(char *out, int32_t days, bool *bc)
{
    int64_t year;
    unsigned month, day, width = 4;
    column_civil_from_days(days, &year, &month, &day);
    *bc = year < 1;
    uint64_t shown = (uint64_t)(*bc ? 1 - year : year);
    for (uint64_t left = shown / 10000; left > 0; left /= 10)
        width++;
    size_t n = put_digits(out, shown, width);
    out[n++] = '-';
    n += put_digits(out + n, month, 2);
    out[n++] = '-';
    return n + put_digits(out + n, day, 2);
}

size_t column_time_print(int64_t us, char out[COLUMN_TIME_TEXT_MAX])
{
    uint64_t seconds = (uint64_t)us / US_PER_SECOND, fraction = (uint64_t)us % US_PER_SECOND;
    size_t n = put_digits(out, seconds / 3600, 2);
    out[n++] = ':';
    n += put_digits(out + n, seconds / 60 % 60, 2);
    out[n++] = ':';
    n += put_digits(out + n, seconds % 60, 2);
    if (fraction > 0) {
        out[n++] = '.';
        n += put_digits(out + n, fraction, 6);
        while (out[n - 1] == '0')
            n--;
    }
    return n;
}

static size_t put_era(char *out, bool bc)
{
    if (!bc)
        return 0;
    memcpy(out, " BC", 3);
    return 3;
}

/* Day and time, era left to the caller. Any int64 is printed: files may hold what T1 forbids. */
static size_t put_timestamp(char *out, int64_t us, bool *bc)
{
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0), of_day = us % US_PER_DAY;
    size_t n = put_day(out, (int32_t)days, bc);
    out[n++] = ' ';
    return n + column_time_print(of_day < 0 ? of_day + US_PER_DAY : of_day, out + n);
}

size_t column_date_print(int32_t days, char out[COLUMN_TIME_TEXT_MAX])
{
    bool bc;
    size_t n = put_day(out, days, &bc);
    return n + put_era(out + n, bc);
}

size_t column_timestamp_print(int64_t us, char out[COLUMN_TIME_TEXT_MAX])
{
    bool bc;
    size_t n = put_timestamp(out, us, &bc);
    return n + put_era(out + n, bc);
}

size_t column_timestamptz_print(int64_t us, const struct zone *zone, char out[COLUMN_TIME_TEXT_MAX])
{
    bool bc;
    int32_t offset = zone_offset_at(zone, us);
    int64_t local;
    if (__builtin_add_overflow(us, offset * US_PER_SECOND, &local)) {
        local = us; /* the last hours that 64 bits can hold are shown in UTC */
        offset = 0;
    }
    size_t n = put_timestamp(out, local, &bc);
    uint32_t east = (uint32_t)(offset < 0 ? -offset : offset);
    out[n++] = offset < 0 ? '-' : '+';
    n += put_digits(out + n, east / 3600, 2);
    if (east % 3600 != 0) {
        out[n++] = ':';
        n += put_digits(out + n, east / 60 % 60, 2);
    }
    if (east % 60 != 0) {
        out[n++] = ':';
        n += put_digits(out + n, east % 60, 2);
    }
    return n + put_era(out + n, bc);
}
