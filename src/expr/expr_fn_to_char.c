// SPDX-License-Identifier: Apache-2.0
/* expr_fn_to_char.c - to_char of timestamps and intervals.
 *
 * The value is taken apart once, then every node of the pattern (expr_pattern.h) prints its part.
 * Names are English. Numbers have their field's width with leading zeros, names of months and days
 * nine characters, unless FM stands before them. Years BC print without a sign; only the era tells.
 * A pattern without anything in it gives NULL, as in PostgreSQL. */
#include "expr/expr_pattern.h"
#include "expr/expr_unicode.h"

/* The value, and what only some fields need. An interval has years, months 0 to 11 with sign, days,
 * hours without bound. */
struct shown {
    struct expr_fields f;
    int64_t hour;
    int32_t days;            /* since 1970, of the date that the fields name */
    int64_t day_of_year;     /* of an interval: its days, months of 30 */
    int32_t offset;          /* seconds east */
    struct str abbreviation; /* of the zone; empty for a timestamp */
    bool interval;
};

static void show_moment(struct expr_call *c, int64_t us, struct shown *v)
{
    int64_t local = us;
    *v = (struct shown){.interval = false};
    if (c->arg_types[0].kind == COLUMN_TIMESTAMPTZ) {
        local = expr_to_local(&c->period, c->zone, us);
        v->offset = c->zone ? c->period.offset : 0;
        v->abbreviation = zone_abbreviation_at(c->zone, us);
    }
    v->f = expr_fields_of(local);
    v->hour = v->f.hour;
    v->days = (int32_t)expr_floor_div(local, EXPR_US_PER_DAY);
    v->day_of_year = v->days - column_days_from_civil(v->f.year, 1, 1) + 1;
}

/* The date an interval's fields name counts months from the December before the year. */
static void show_interval(struct column_interval i, struct shown *v)
{
    int months = i.months % 12, month = months <= 0 ? months + 12 : months;
    *v = (struct shown){.interval = true, .hour = i.us / EXPR_US_PER_HOUR};
    v->f = (struct expr_fields){.year = i.months / 12,
                                .month = months,
                                .day = i.days,
                                .minute = (int32_t)(i.us / EXPR_US_PER_MINUTE % 60),
                                .second = (int32_t)(i.us / EXPR_US_PER_SECOND % 60),
                                .us = (int32_t)(i.us % EXPR_US_PER_SECOND)};
    int64_t year = v->f.year - (months <= 0);
    if (year > -5000000 && year < 5000000)
        v->days = (int32_t)(column_days_from_civil(year, (unsigned)month, 1) + (int64_t)i.days - 1);
    v->day_of_year = (int64_t)i.months * 30 + i.days;
}

/* ---- printing -------------------------------------------------------------------------------- */

/* A number in at least `width` places, of which a sign takes one, and its ordinal ending. */
static status put_number(const struct expr_pattern_node *n, unsigned width, int64_t v,
                         struct buffer *b, struct error *err)
{
    char text[24];
    size_t start = b->len, at = sizeof(text);
    uint64_t size = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        text[--at] = (char)('0' + size % 10);
    while (size /= 10);
    while (!n->fill && sizeof(text) - at + (v < 0) < width)
        text[--at] = '0';
    if (v < 0)
        text[--at] = '-';
    TRY(buffer_append(b, text + at, sizeof(text) - at, err));
    if (!n->ordinal)
        return ST_OK;
    struct str digits = {(const char *)b->data + start, b->len - start};
    return buffer_append(b, expr_ordinal(digits, n->ordinal_lower), 2, err);
}

/* The same for fields that have one more place for a sign. */
static status put_signed(const struct expr_pattern_node *n, unsigned width, int64_t v,
                         struct buffer *b, struct error *err)
{
    return put_number(n, width + (v < 0), v, b, err);
}

/* A name in the field's letters, padded to `width`. */
static status put_name(const struct expr_pattern_node *n, const char *name, size_t chars,
                       unsigned width, struct buffer *b, struct error *err)
{
    size_t len = strnlen(name, chars);
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (n->letters == LETTERS_UPPER)
            c = (char)expr_char_upper((unsigned char)c);
        else if (n->letters == LETTERS_LOWER)
            c = (char)expr_char_lower((unsigned char)c);
        TRY(buffer_append_byte(b, (uint8_t)c, err));
    }
    for (; !n->fill && len < width; len++)
        TRY(buffer_append_byte(b, ' ', err));
    return ST_OK;
}

/* 1 is followed downwards by 1 BC, which is 0 here; an interval has no era. */
static int64_t year_shown(const struct shown *v, int64_t year)
{
    return v->interval || year > 0 ? year : 1 - year;
}

static status put_year(const struct shown *v, const struct expr_pattern_node *n, int64_t year,
                       struct buffer *b, struct error *err)
{
    static const int64_t modulus[] = {1, 10, 100, 1000, INT64_MAX};
    bool negative = year_shown(v, v->f.year) < 0; /* decides for the ISO year too */
    return put_number(n, n->width == 1 ? 1 : n->width + negative,
                      year_shown(v, year) % modulus[n->width], b, err);
}

static status put_century(const struct shown *v, const struct expr_pattern_node *n,
                          struct buffer *b, struct error *err)
{
    int64_t year = v->f.year;
    int64_t century = v->interval ? year / 100 : year > 0 ? (year - 1) / 100 + 1 : year / 100 - 1;
    bool wide = century > 99 || century < -99;
    return wide ? put_number(n, 0, century, b, err) : put_signed(n, 2, century, b, err);
}

static status put_offset(const struct shown *v, const struct expr_pattern_node *n, struct buffer *b,
                         struct error *err)
{
    int32_t size = v->offset < 0 ? -v->offset : v->offset;
    char sign = v->offset < 0 ? '-' : '+';
    if (n->field == FIELD_ZONE_MINUTE)
        return buffer_printf(b, err, "%02d", size % 3600 / 60);
    TRY(buffer_printf(b, err, "%c%0*d", sign, n->fill && n->field == FIELD_OFFSET ? 0 : 2,
                      size / 3600));
    if (n->field == FIELD_OFFSET && size % 3600 != 0)
        return buffer_printf(b, err, ":%02d", size % 3600 / 60);
    return ST_OK;
}

static status put_roman_month(const struct shown *v, const struct expr_pattern_node *n,
                              struct buffer *b, struct error *err)
{
    int month = v->f.month;
    if (month == 0 && v->f.year == 0)
        return ST_OK;
    if (month == 0) /* whole years of an interval */
        month = v->f.year > 0 ? 12 : 1;
    else if (month < 0)
        month += 13;
    return put_name(n, expr_roman_months[month - 1], 4, 4, b, err);
}

static status put_date_field(const struct shown *v, const struct expr_pattern_node *n,
                             struct buffer *b, struct error *err)
{
    int64_t iso_year;
    int iso_week = expr_iso_week(v->days, &iso_year), weekday = expr_weekday(v->days);
    switch (n->field) {
    case FIELD_CENTURY:
        return put_century(v, n, b, err);
    case FIELD_YEAR:
        return put_year(v, n, v->f.year, b, err);
    case FIELD_ISO_YEAR:
        return put_year(v, n, iso_year, b, err);
    case FIELD_YEAR_COMMA: {
        int64_t year = year_shown(v, v->f.year);
        TRY(buffer_printf(b, err, "%d,", (int)(year / 1000)));
        struct expr_pattern_node three = *n;
        three.fill = false;
        return put_number(&three, 3, year % 1000, b, err);
    }
    case FIELD_QUARTER:
        return v->f.month ? put_number(n, 1, (v->f.month - 1) / 3 + 1, b, err) : ST_OK;
    case FIELD_MONTH:
        return put_signed(n, 2, v->f.month, b, err);
    case FIELD_ROMAN_MONTH:
        return put_roman_month(v, n, b, err);
    case FIELD_MONTH_NAME:
        return put_name(n, expr_month_names[v->f.month - 1], 9, 9, b, err);
    case FIELD_MONTH_SHORT:
        return put_name(n, expr_month_names[v->f.month - 1], 3, 3, b, err);
    case FIELD_WEEK:
        return put_number(n, 2, (v->day_of_year - 1) / 7 + 1, b, err);
    case FIELD_ISO_WEEK:
        return put_number(n, 2, iso_week, b, err);
    case FIELD_WEEK_OF_MONTH:
        return put_number(n, 1, ((int64_t)v->f.day - 1) / 7 + 1, b, err);
    case FIELD_DAY_OF_YEAR:
        return put_number(n, 3, v->day_of_year, b, err);
    case FIELD_ISO_DAY_OF_YEAR:
        return put_number(n, 3, v->days - expr_iso_year_start(iso_year) + 1, b, err);
    case FIELD_DAY:
        return put_number(n, 2, v->f.day, b, err);
    case FIELD_WEEKDAY:
        return put_number(n, 1, weekday + 1, b, err);
    case FIELD_ISO_WEEKDAY:
        return put_number(n, 1, weekday == 0 ? 7 : weekday, b, err);
    case FIELD_DAY_NAME:
        return put_name(n, expr_day_names[weekday], 9, 9, b, err);
    case FIELD_DAY_SHORT:
        return put_name(n, expr_day_names[weekday], 3, 3, b, err);
    default: /* JULIAN */
        return put_number(n, 0, (int64_t)v->days + EXPR_JULIAN_1970, b, err);
    }
}

static status put_zone(const struct shown *v, const struct expr_pattern_node *n, struct buffer *b,
                       struct error *err)
{
    for (size_t i = 0; i < v->abbreviation.len; i++) {
        uint8_t c = (uint8_t)v->abbreviation.ptr[i];
        if (n->letters == LETTERS_LOWER)
            c = (uint8_t)expr_char_lower(c);
        TRY(buffer_append_byte(b, c, err));
    }
    return ST_OK;
}

static status put_fraction(const struct shown *v, const struct expr_pattern_node *n,
                           struct buffer *b, struct error *err)
{
    static const int32_t unit[] = {0, 100000, 10000, 1000, 100, 10, 1};
    struct expr_pattern_node full = *n;
    full.fill = false;
    return put_number(&full, n->width, v->f.us / unit[n->width], b, err);
}

static status put_field(const struct shown *v, const struct expr_pattern_node *n, struct buffer *b,
                        struct error *err)
{
    static const char *const eras[2][2] = {{"AD", "BC"}, {"A.D.", "B.C."}};
    static const char *const noons[2][2] = {{"AM", "PM"}, {"A.M.", "P.M."}};
    int64_t clock = v->hour % 12;
    switch (n->field) {
    case FIELD_TEXT:
    case FIELD_SEPARATOR:
    case FIELD_SPACE:
        return buffer_append_str(b, n->text, err);
    case FIELD_EXACT:
        return ST_OK;
    case FIELD_ERA:
    case FIELD_ERA_POINTS:
        return put_name(n, eras[n->field == FIELD_ERA_POINTS][v->f.year <= 0], 4, 0, b, err);
    case FIELD_NOON:
    case FIELD_NOON_POINTS:
        return put_name(n, noons[n->field == FIELD_NOON_POINTS][v->hour % 24 >= 12], 4, 0, b, err);
    case FIELD_HOUR12:
        return put_number(n, v->hour < 0 ? 3 : 2, clock == 0 ? 12 : clock, b, err);
    case FIELD_HOUR24:
        return put_signed(n, 2, v->hour, b, err);
    case FIELD_MINUTE:
        return put_signed(n, 2, v->f.minute, b, err);
    case FIELD_SECOND:
        return put_signed(n, 2, v->f.second, b, err);
    case FIELD_FRACTION:
        return put_fraction(v, n, b, err);
    case FIELD_SECOND_OF_DAY:
        return put_number(n, 0, v->hour * 3600 + v->f.minute * 60 + v->f.second, b, err);
    case FIELD_ZONE:
        return put_zone(v, n, b, err);
    case FIELD_OFFSET:
    case FIELD_ZONE_HOUR:
    case FIELD_ZONE_MINUTE:
        return put_offset(v, n, b, err);
    default:
        return put_date_field(v, n, b, err);
    }
}

/* Fields that make no sense for a length of time. */
static bool needs_moment(enum expr_pattern_field f)
{
    switch (f) {
    case FIELD_ERA:
    case FIELD_ERA_POINTS:
    case FIELD_MONTH_NAME:
    case FIELD_MONTH_SHORT:
    case FIELD_DAY_NAME:
    case FIELD_DAY_SHORT:
    case FIELD_WEEKDAY:
    case FIELD_ISO_WEEKDAY:
    case FIELD_ZONE:
    case FIELD_ZONE_HOUR:
    case FIELD_ZONE_MINUTE:
    case FIELD_OFFSET:
        return true;
    default:
        return false;
    }
}

static EXPR_SCALAR(to_char_time)
{
    const struct expr_pattern *p;
    struct buffer *b;
    struct shown v;
    TRY(expr_pattern_of(c, EXPR_ARG(struct str, 1), &p, err));
    c->null = p->text.len == 0;
    if (c->null)
        return ST_OK;
    if (c->arg_types[0].kind == COLUMN_INTERVAL)
        show_interval(EXPR_ARG(struct column_interval, 0), &v);
    else
        show_moment(c, EXPR_ARG(int64_t, 0), &v);
    TRY(expr_call_buffer(c, &b, err));
    for (size_t i = 0; i < p->count; i++) {
        if (v.interval && needs_moment(p->nodes[i].field))
            FAIL_SQL(err, ST_INVALID, "22007", 0,
                     "invalid format specification for an interval value: \"%.*s\"",
                     STR_ARG(p->nodes[i].text));
        TRY(put_field(&v, &p->nodes[i], b, err));
    }
    return expr_text_copy(c, b, out, err);
}

static const struct expr_function rows[] = {
    {QUERY_FN_TO_CHAR_TIMESTAMP, .scalar = to_char_time},
    {QUERY_FN_TO_CHAR_TIMESTAMPTZ, .scalar = to_char_time},
    {QUERY_FN_TO_CHAR_INTERVAL, .scalar = to_char_time},
};

const struct expr_function_table expr_fn_to_char_table = {rows, ARRAY_LEN(rows)};
