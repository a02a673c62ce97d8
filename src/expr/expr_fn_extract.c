// SPDX-License-Identifier: Apache-2.0
/* expr_fn_extract.c - extract (exact, a decimal) and date_part (a double) of every type of time.
 *
 * A moment is taken apart once into what any unit may need; the unit then gives an integer and a
 * scale. extract rounds that to the decimal the plan has chosen; date_part computes fractions in
 * the same order of double operations as PostgreSQL, so that the last bit agrees. */
#include "expr/expr_int.h"
#include "expr/expr_decimal.h"
#include "expr/expr_time.h"

/* A moment or an interval as extract sees it. */
struct parts {
    struct expr_fields fields; /* an interval's: signed, hours without bound */
    int64_t hour;
    int32_t days;    /* since 1970; not for intervals and times */
    int64_t us;      /* of the day; of an interval, its exact part */
    int128 epoch_us; /* since 1970 (a timestamp as if UTC), or length */
    int32_t offset;  /* timestamptz: seconds east */
};

/* An integer at a scale. */
struct answer {
    int128 value;
    unsigned scale;
};

static void parts_of_moment(struct expr_call *c, int64_t us, struct parts *p)
{
    int64_t local = us;
    *p = (struct parts){.epoch_us = us};
    if (c->arg_types[1].kind == COLUMN_TIMESTAMPTZ) {
        local = expr_to_local(&c->period, c->zone, us);
        p->offset = c->zone ? c->period.offset : 0;
    }
    p->fields = expr_fields_of(local);
    p->hour = p->fields.hour;
    p->days = (int32_t)expr_floor_div(local, EXPR_US_PER_DAY);
    p->us = expr_floor_mod(local, EXPR_US_PER_DAY);
}

/* Years have 365.25 days, months 30. */
static void parts_of_interval(struct column_interval v, struct parts *p)
{
    *p = (struct parts){.hour = v.us / EXPR_US_PER_HOUR, .us = v.us};
    p->fields.year = v.months / 12;
    p->fields.month = v.months % 12;
    p->fields.day = v.days;
    p->fields.minute = (int32_t)(v.us / EXPR_US_PER_MINUTE % 60);
    p->fields.second = (int32_t)(v.us / EXPR_US_PER_SECOND % 60);
    p->fields.us = (int32_t)(v.us % EXPR_US_PER_SECOND);
    int128 quarter_days =
        (int128)p->fields.year * 1461 + p->fields.month * 120 + (int128)v.days * 4;
    p->epoch_us = quarter_days * (EXPR_US_PER_DAY / 4) + v.us;
}

static void parts_of(struct expr_call *c, const void *value, struct parts *p)
{
    switch (c->arg_types[1].kind) {
    case COLUMN_DATE: /* reaches further than a timestamp */
        *p = (struct parts){.days = *(const int32_t *)value};
        p->fields = expr_fields_of_date(p->days);
        p->epoch_us = (int128)p->days * EXPR_US_PER_DAY;
        break;
    case COLUMN_INTERVAL:
        parts_of_interval(*(const struct column_interval *)value, p);
        break;
    default: /* a time is a moment of 1970-01-01 */
        parts_of_moment(c, *(const int64_t *)value, p);
        break;
    }
}

/* Which units a type has. date_part of a date goes by way of the timestamp, as in PostgreSQL. */
static bool has_unit(const struct expr_call *c, enum expr_unit unit)
{
    bool clock = unit <= UNIT_HOUR;
    switch (c->arg_types[1].kind) {
    case COLUMN_DATE:
        return c->type.kind == COLUMN_DOUBLE
                   ? unit < UNIT_TIMEZONE || unit > UNIT_TIMEZONE_MINUTE
                   : !clock && (unit < UNIT_TIMEZONE || unit > UNIT_TIMEZONE_MINUTE);
    case COLUMN_TIME:
        return clock || unit == UNIT_EPOCH;
    case COLUMN_INTERVAL:
        return (unit <= UNIT_MILLENNIUM && unit != UNIT_WEEK) || unit == UNIT_EPOCH;
    case COLUMN_TIMESTAMP:
        return unit < UNIT_TIMEZONE || unit > UNIT_TIMEZONE_MINUTE;
    default:
        return true;
    }
}

/* Years as calendars count them: there is no year 0, no century 0. */
static int64_t count_years(int64_t year, int64_t of)
{
    int64_t n = expr_floor_div(year - 1, of) + 1;
    return n > 0 ? n : n - 1;
}

static struct answer calendar_answer(const struct parts *p, enum expr_unit unit, bool interval)
{
    int64_t year = p->fields.year, iso_year;
    switch (unit) {
    case UNIT_DAY:
        return (struct answer){p->fields.day, 0};
    case UNIT_MONTH:
        return (struct answer){p->fields.month, 0};
    case UNIT_QUARTER:
        return (struct answer){(interval ? p->fields.month : p->fields.month - 1) / 3 + 1, 0};
    case UNIT_YEAR:
        return (struct answer){interval || year > 0 ? year : year - 1, 0};
    case UNIT_DECADE:
        return (struct answer){interval ? year / 10 : expr_floor_div(year, 10), 0};
    case UNIT_CENTURY:
        return (struct answer){interval ? year / 100 : count_years(year, 100), 0};
    case UNIT_MILLENNIUM:
        return (struct answer){interval ? year / 1000 : count_years(year, 1000), 0};
    case UNIT_WEEK:
        return (struct answer){expr_iso_week(p->days, &iso_year), 0};
    case UNIT_ISOYEAR:
        expr_iso_week(p->days, &iso_year);
        return (struct answer){iso_year > 0 ? iso_year : iso_year - 1, 0};
    case UNIT_DOW:
        return (struct answer){expr_weekday(p->days), 0};
    case UNIT_ISODOW:
        return (struct answer){(expr_weekday(p->days) + 6) % 7 + 1, 0};
    default: /* DOY */
        return (struct answer){p->days - column_days_from_civil(year, 1, 1) + 1, 0};
    }
}

/* Everything but JULIAN, which is no decimal fraction. */
static struct answer answer_of(const struct parts *p, enum expr_unit unit, bool interval)
{
    int64_t us = p->fields.second * EXPR_US_PER_SECOND + p->fields.us;
    switch (unit) {
    case UNIT_MICROSECOND:
        return (struct answer){us, 0};
    case UNIT_MILLISECOND:
        return (struct answer){us, 3};
    case UNIT_SECOND:
        return (struct answer){us, 6};
    case UNIT_MINUTE:
        return (struct answer){p->fields.minute, 0};
    case UNIT_HOUR:
        return (struct answer){p->hour, 0};
    case UNIT_EPOCH:
        return (struct answer){p->epoch_us, 6};
    case UNIT_TIMEZONE:
        return (struct answer){p->offset, 0};
    case UNIT_TIMEZONE_HOUR:
        return (struct answer){p->offset / 3600, 0};
    case UNIT_TIMEZONE_MINUTE:
        return (struct answer){p->offset / 60 % 60, 0};
    default:
        return calendar_answer(p, unit, interval);
    }
}

static status unit_of(struct expr_call *c, struct str name, enum expr_unit *unit, struct error *err)
{
    TRY(expr_call_unit(c, name, unit, err));
    if (*unit == UNIT_NONE || !has_unit(c, *unit))
        return expr_raise_unit(name, *unit != UNIT_NONE, c->arg_types[1], err);
    return ST_OK;
}

static EXPR_SCALAR(extract)
{
    enum expr_unit unit;
    struct parts p;
    int128 r;
    TRY(unit_of(c, EXPR_ARG(struct str, 0), &unit, err));
    parts_of(c, arg[1], &p);
    if (unit == UNIT_JULIAN) {
        struct expr_decimal us = {((int128)p.days + EXPR_JULIAN_1970) * EXPR_US_PER_DAY + p.us, 0};
        TRY(expr_decimal_div(us, (struct expr_decimal){EXPR_US_PER_DAY, 0}, c->type, &r, err));
    } else {
        struct answer a = answer_of(&p, unit, c->arg_types[1].kind == COLUMN_INTERVAL);
        TRY(expr_decimal_rescale((struct expr_decimal){a.value, a.scale}, c->type, &r, err));
    }
    expr_decimal_store(c->type, r, out);
    return ST_OK;
}

/* The length of an interval in seconds, added up as PostgreSQL adds it. */
static double interval_epoch(struct column_interval v)
{
    double r = (double)v.us / 1e6;
    r += 365.25 * 86400 * (v.months / 12);
    r += 30.0 * 86400 * (v.months % 12);
    return r + 86400.0 * v.days;
}

static EXPR_SCALAR(date_part)
{
    enum expr_unit unit;
    struct parts p;
    int64_t midnight;
    bool interval = c->arg_types[1].kind == COLUMN_INTERVAL;
    parts_of(c, arg[1], &p);
    if (c->arg_types[1].kind == COLUMN_DATE)
        TRY(expr_date_moment(p.days, &midnight, err));
    TRY(unit_of(c, EXPR_ARG(struct str, 0), &unit, err));
    const struct expr_fields *f = &p.fields;
    double r;
    if (unit == UNIT_SECOND)
        r = f->second + f->us / 1e6;
    else if (unit == UNIT_MILLISECOND)
        r = f->second * 1e3 + f->us / 1e3;
    else if (unit == UNIT_EPOCH)
        r = interval ? interval_epoch(EXPR_ARG(struct column_interval, 1))
                     : (double)(int64_t)p.epoch_us / 1e6;
    else if (unit == UNIT_JULIAN)
        r = p.days + EXPR_JULIAN_1970 +
            ((f->hour * 60 + f->minute) * 60 + f->second + f->us / 1e6) / 86400.0;
    else
        r = (double)(int64_t)answer_of(&p, unit, interval).value;
    EXPR_OUT(double) = r;
    return ST_OK;
}

static const struct expr_function rows[] = {
    {QUERY_FN_EXTRACT_DATE, .scalar = extract},
    {QUERY_FN_EXTRACT_TIME, .scalar = extract},
    {QUERY_FN_EXTRACT_TIMESTAMP, .scalar = extract},
    {QUERY_FN_EXTRACT_TIMESTAMPTZ, .scalar = extract},
    {QUERY_FN_EXTRACT_INTERVAL, .scalar = extract},
    {QUERY_FN_DATE_PART_DATE, .scalar = date_part},
    {QUERY_FN_DATE_PART_TIME, .scalar = date_part},
    {QUERY_FN_DATE_PART_TIMESTAMP, .scalar = date_part},
    {QUERY_FN_DATE_PART_TIMESTAMPTZ, .scalar = date_part},
    {QUERY_FN_DATE_PART_INTERVAL, .scalar = date_part},
};

const struct expr_function_table expr_fn_extract_table = {rows, ARRAY_LEN(rows)};
