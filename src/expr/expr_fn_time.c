// SPDX-License-Identifier: Apache-2.0
/* expr_fn_time.c - arithmetic of dates, times and intervals; truncation, bins, zones, clocks.
 *
 * An interval is months, days and microseconds, added in this order: months keep the day of the
 * month or end at the month's last, days keep the time of day, microseconds are exact time. For an
 * instant months and days are added in the session's local time. Whatever leaves a type's range is
 * 22008. */
#include "expr/expr_int.h"
#include "expr/expr_decimal.h"
#include "expr/expr_time.h"

#include "base/clock.h"

#include <math.h>

/* ---- adding ---------------------------------------------------------------------------------- */

/* Parts in 64 bits, so that they can be negated. */
struct span {
    int64_t months, days, us;
};

static status span_of(const void *arg, bool negative, struct span *out, struct error *err)
{
    struct column_interval v = *(const struct column_interval *)arg;
    if (negative && v.us == INT64_MIN)
        return expr_raise_interval(err);
    int sign = negative ? -1 : 1;
    *out = (struct span){(int64_t)v.months * sign, (int64_t)v.days * sign, v.us * sign};
    return ST_OK;
}

/* Local time with months and days added. */
static status add_calendar(int64_t us, int64_t months, int64_t more_days, int64_t *out,
                           struct error *err)
{
    int64_t days = expr_floor_div(us, EXPR_US_PER_DAY), rest = expr_floor_mod(us, EXPR_US_PER_DAY);
    if (months != 0) {
        struct expr_fields f = expr_fields_of_date((int32_t)days);
        int64_t month = f.month - 1 + months;
        f.year += expr_floor_div(month, 12);
        f.month = (int32_t)expr_floor_mod(month, 12) + 1;
        int32_t last = expr_month_days(f.year, f.month), date;
        f.day = f.day < last ? f.day : last;
        if (expr_fields_date(&f, &date, NULL) != ST_OK)
            return expr_raise_timestamp(err);
        days = date;
    }
    days += more_days;
    if (days < EXPR_LEAST_DAYS || days > EXPR_MOST_TIMESTAMP / EXPR_US_PER_DAY)
        return expr_raise_timestamp(err);
    *out = days * EXPR_US_PER_DAY + rest;
    return ST_OK;
}

/* One step of an addition to an instant, by way of local time. */
static status add_in_zone(struct expr_call *c, int64_t *us, int64_t months, int64_t days,
                          struct error *err)
{
    int64_t local;
    TRY(add_calendar(expr_to_local(&c->period, c->zone, *us), months, days, &local, err));
    return expr_to_utc(&c->period, c->zone, local, us, err);
}

static status add_span(struct expr_call *c, int64_t us, const struct span *s, int64_t *out,
                       struct error *err)
{
    if (c->type.kind == COLUMN_TIMESTAMPTZ) {
        /* Two steps: months that end in a gap of the clock move the time of day for the days. */
        if (s->months != 0)
            TRY(add_in_zone(c, &us, s->months, 0, err));
        if (s->days != 0)
            TRY(add_in_zone(c, &us, 0, s->days, err));
    } else if (s->months != 0 || s->days != 0) {
        TRY(add_calendar(us, s->months, s->days, &us, err));
    }
    if (__builtin_add_overflow(us, s->us, out))
        return expr_raise_timestamp(err);
    return expr_check_timestamp(*out, err);
}

static EXPR_SCALAR(add_moment_interval)
{
    struct span s;
    TRY(span_of(arg[1],
                c->function == QUERY_FN_SUB_TIMESTAMP_INTERVAL ||
                    c->function == QUERY_FN_SUB_TIMESTAMPTZ_INTERVAL,
                &s, err));
    return add_span(c, EXPR_ARG(int64_t, 0), &s, out, err);
}

static EXPR_SCALAR(add_interval_moment)
{
    struct span s;
    TRY(span_of(arg[0], false, &s, err));
    return add_span(c, EXPR_ARG(int64_t, 1), &s, out, err);
}

static EXPR_SCALAR(add_date_interval)
{
    struct span s;
    int64_t us;
    TRY(expr_date_moment(EXPR_ARG(int32_t, 0), &us, err));
    TRY(span_of(arg[1], c->function == QUERY_FN_SUB_DATE_INTERVAL, &s, err));
    return add_span(c, us, &s, out, err);
}

static EXPR_SCALAR(add_date_time)
{
    int64_t us;
    TRY(expr_date_moment(EXPR_ARG(int32_t, 0), &us, err));
    if (__builtin_add_overflow(us, EXPR_ARG(int64_t, 1), &us))
        return expr_raise_timestamp(err);
    EXPR_OUT(int64_t) = us;
    return expr_check_timestamp(us, err);
}

static status put_date(int64_t days, void *out, struct error *err)
{
    if (days < EXPR_LEAST_DAYS || days > EXPR_MOST_DAYS)
        return expr_raise_date(err);
    EXPR_OUT(int32_t) = (int32_t)days;
    return ST_OK;
}

static EXPR_SCALAR(add_days)
{
    return put_date((int64_t)EXPR_ARG(int32_t, 0) + EXPR_ARG(int32_t, 1), out, err);
}

static EXPR_SCALAR(sub_days)
{
    return put_date((int64_t)EXPR_ARG(int32_t, 0) - EXPR_ARG(int32_t, 1), out, err);
}

static EXPR_SCALAR(sub_date_date)
{
    int64_t days = (int64_t)EXPR_ARG(int32_t, 0) - EXPR_ARG(int32_t, 1);
    if (days != (int32_t)days)
        return expr_raise_date(err);
    EXPR_OUT(int32_t) = (int32_t)days;
    return ST_OK;
}

/* Whole days and the rest, both of one sign. */
static EXPR_SCALAR(sub_moments)
{
    int64_t us;
    if (__builtin_sub_overflow(EXPR_ARG(int64_t, 0), EXPR_ARG(int64_t, 1), &us))
        return expr_raise_interval(err);
    EXPR_OUT(struct column_interval) = (struct column_interval){
        .days = (int32_t)(us / EXPR_US_PER_DAY), .us = us % EXPR_US_PER_DAY};
    return ST_OK;
}

/* Around the clock; only the exact part of the interval counts. */
static EXPR_SCALAR(add_time_interval)
{
    int64_t us = EXPR_ARG(struct column_interval, 1).us % EXPR_US_PER_DAY;
    if (c->function == QUERY_FN_SUB_TIME_INTERVAL)
        us = -us;
    int64_t time = expr_floor_mod(EXPR_ARG(int64_t, 0), EXPR_US_PER_DAY);
    EXPR_OUT(int64_t) = expr_floor_mod(time + us, EXPR_US_PER_DAY);
    return ST_OK;
}

static EXPR_SCALAR(sub_time_time)
{
    int64_t us;
    if (__builtin_sub_overflow(EXPR_ARG(int64_t, 0), EXPR_ARG(int64_t, 1), &us))
        return expr_raise_interval(err);
    EXPR_OUT(struct column_interval) = (struct column_interval){.us = us};
    return ST_OK;
}

/* ---- intervals ------------------------------------------------------------------------------- */

static EXPR_SCALAR(add_interval_interval)
{
    struct column_interval a = EXPR_ARG(struct column_interval, 0), r;
    struct column_interval b = EXPR_ARG(struct column_interval, 1);
    bool bad;
    if (c->function == QUERY_FN_SUB_INTERVAL_INTERVAL)
        bad = __builtin_sub_overflow(a.months, b.months, &r.months) ||
              __builtin_sub_overflow(a.days, b.days, &r.days) ||
              __builtin_sub_overflow(a.us, b.us, &r.us);
    else
        bad = __builtin_add_overflow(a.months, b.months, &r.months) ||
              __builtin_add_overflow(a.days, b.days, &r.days) ||
              __builtin_add_overflow(a.us, b.us, &r.us);
    if (bad)
        return expr_raise_interval(err);
    EXPR_OUT(struct column_interval) = r;
    return ST_OK;
}

static EXPR_SCALAR(neg_interval)
{
    struct column_interval a = EXPR_ARG(struct column_interval, 0), r;
    if (__builtin_sub_overflow(0, a.months, &r.months) ||
        __builtin_sub_overflow(0, a.days, &r.days) || __builtin_sub_overflow(0, a.us, &r.us))
        return expr_raise_interval(err);
    EXPR_OUT(struct column_interval) = r;
    return ST_OK;
}

static bool fits_i32(double v)
{
    return v >= INT32_MIN && v < -(double)INT32_MIN;
}

/* A double cut to microseconds, as PostgreSQL does before it spills fractions downwards. */
static double to_micros(double v)
{
    return rint(v * 1e6) / 1e6;
}

/* Months and days times a factor (or divided by it): the fraction of a month spills into days of 30
 * a month, the fraction of a day into time. */
static status scale_interval(struct column_interval v, double factor, bool divide,
                             struct column_interval *out, struct error *err)
{
    double months = divide ? v.months / factor : v.months * factor;
    double days = divide ? v.days / factor : v.days * factor;
    if (!fits_i32(months) || !fits_i32(days)) /* NaN too */
        return expr_raise_interval(err);
    struct column_interval r = {(int32_t)months, (int32_t)days, 0};
    double month_days = to_micros((months - r.months) * 30);
    double seconds = to_micros((days - r.days + month_days - (int32_t)month_days) * 86400);
    if (fabs(seconds) >= 86400) {
        int32_t more = (int32_t)(seconds / 86400);
        if (__builtin_add_overflow(r.days, more, &r.days))
            return expr_raise_interval(err);
        seconds -= more * 86400.0;
    }
    if (__builtin_add_overflow(r.days, (int32_t)month_days, &r.days))
        return expr_raise_interval(err);
    double us = rint((divide ? (double)v.us / factor : (double)v.us * factor) + seconds * 1e6);
    if (!(us >= -0x1p63 && us < 0x1p63))
        return expr_raise_interval(err);
    r.us = (int64_t)us;
    *out = r;
    return ST_OK;
}

static EXPR_SCALAR(mul_interval_double)
{
    return scale_interval(EXPR_ARG(struct column_interval, 0), EXPR_ARG(double, 1), false, out,
                          err);
}

static EXPR_SCALAR(mul_double_interval)
{
    return scale_interval(EXPR_ARG(struct column_interval, 1), EXPR_ARG(double, 0), false, out,
                          err);
}

static EXPR_SCALAR(div_interval_double)
{
    if (EXPR_ARG(double, 1) == 0)
        FAIL_SQL(err, ST_INVALID, "22012", 0, "division by zero");
    return scale_interval(EXPR_ARG(struct column_interval, 0), EXPR_ARG(double, 1), true, out, err);
}

/* The difference in years, months, days and time as a calendar reader counts it: the later moment's
 * fields minus the earlier one's, borrowing days from the earlier one's month. */
static EXPR_SCALAR(age)
{
    int64_t a = EXPR_ARG(int64_t, 0), b = EXPR_ARG(int64_t, 1);
    if (c->arg_types[0].kind == COLUMN_TIMESTAMPTZ) {
        a = expr_to_local(&c->period, c->zone, a);
        b = expr_to_local(&c->period, c->zone, b);
    }
    bool negative = EXPR_ARG(int64_t, 0) < EXPR_ARG(int64_t, 1);
    struct expr_fields late = expr_fields_of(negative ? b : a);
    struct expr_fields early = expr_fields_of(negative ? a : b);
    int64_t us = expr_floor_mod(negative ? b : a, EXPR_US_PER_DAY) -
                 expr_floor_mod(negative ? a : b, EXPR_US_PER_DAY);
    int64_t months = (late.year - early.year) * 12 + late.month - early.month;
    int32_t days = late.day - early.day;
    if (us < 0) {
        us += EXPR_US_PER_DAY;
        days--;
    }
    if (days < 0) {
        days += expr_month_days(early.year, early.month);
        months--;
    }
    int sign = negative ? -1 : 1;
    EXPR_OUT(struct column_interval) =
        (struct column_interval){(int32_t)months * sign, days * sign, us * sign};
    return ST_OK;
}

/* ---- truncating ------------------------------------------------------------------------------ */

status expr_call_unit(struct expr_call *c, struct str name, enum expr_unit *out, struct error *err)
{
    if (!c->state)
        TRY(ARENA_NEW(c->memory, struct expr_unit_memory, &c->state, err));
    struct expr_unit_memory *m = c->state;
    if (m->len == 0 || !str_eq(name, (struct str){m->name, m->len})) {
        m->unit = expr_unit_named(name);
        m->len = name.len <= sizeof(m->name) ? name.len : 0; /* 0: nothing is remembered */
        if (m->len > 0)
            memcpy(m->name, name.ptr, name.len);
    }
    *out = m->unit;
    return ST_OK;
}

static int64_t floor_to(int64_t v, int64_t unit)
{
    return expr_floor_div(v, unit) * unit;
}

/* The start of the unit that holds a local moment; unit is one of date_trunc's. */
static status truncate_local(int64_t us, enum expr_unit unit, int64_t *out, struct error *err)
{
    static const int64_t exact[] = {
        1, 1000, EXPR_US_PER_SECOND, EXPR_US_PER_MINUTE, EXPR_US_PER_HOUR, EXPR_US_PER_DAY};
    if (unit <= UNIT_DAY) {
        *out = floor_to(us, exact[unit]);
        return expr_check_timestamp(*out, err);
    }
    int32_t days = (int32_t)expr_floor_div(us, EXPR_US_PER_DAY);
    if (unit == UNIT_WEEK) {
        *out = (days - (expr_weekday(days) + 6) % 7) * EXPR_US_PER_DAY;
        return expr_check_timestamp(*out, err);
    }
    struct expr_fields f = expr_fields_of_date(days);
    f.day = 1;
    if (unit == UNIT_QUARTER)
        f.month = (f.month - 1) / 3 * 3 + 1;
    else if (unit > UNIT_QUARTER)
        f.month = 1;
    if (unit == UNIT_DECADE)
        f.year = floor_to(f.year, 10);
    else if (unit == UNIT_CENTURY) /* centuries begin with year 1 */
        f.year = floor_to(f.year - 1, 100) + 1;
    else if (unit == UNIT_MILLENNIUM)
        f.year = floor_to(f.year - 1, 1000) + 1;
    return expr_fields_timestamp(&f, out, err);
}

static status truncating_unit(struct expr_call *c, struct str name, struct column_type type,
                              enum expr_unit *unit, struct error *err)
{
    TRY(expr_call_unit(c, name, unit, err));
    if (*unit > UNIT_MILLENNIUM)
        return expr_raise_unit(name, *unit <= UNIT_TIMEZONE_MINUTE, type, err);
    return ST_OK;
}

static EXPR_SCALAR(trunc_timestamp)
{
    enum expr_unit unit;
    TRY(truncating_unit(c, EXPR_ARG(struct str, 0), c->type, &unit, err));
    return truncate_local(EXPR_ARG(int64_t, 1), unit, out, err);
}

/* Units up to the hour keep the instant's own offset; days and longer find the new one. */
static status trunc_in_zone(struct expr_call *c, const void *const *arg, const struct zone *zone,
                            int64_t *out, struct error *err)
{
    enum expr_unit unit;
    int64_t us = EXPR_ARG(int64_t, 1), local = expr_to_local(&c->period, zone, us), start;
    TRY(truncating_unit(c, EXPR_ARG(struct str, 0), c->type, &unit, err));
    TRY(truncate_local(local, unit, &start, err));
    if (unit >= UNIT_DAY)
        return expr_to_utc(&c->period, zone, start, out, err);
    *out = us - (local - start);
    return expr_check_timestamp(*out, err);
}

static EXPR_SCALAR(trunc_timestamptz)
{
    return trunc_in_zone(c, arg, c->zone, out, err);
}

static EXPR_SCALAR(trunc_interval)
{
    struct column_interval v = EXPR_ARG(struct column_interval, 1);
    enum expr_unit unit;
    static const int64_t exact[] = {1, 1000, EXPR_US_PER_SECOND, EXPR_US_PER_MINUTE,
                                    EXPR_US_PER_HOUR};
    TRY(truncating_unit(c, EXPR_ARG(struct str, 0), c->type, &unit, err));
    if (unit == UNIT_WEEK) /* months are no whole number of weeks */
        return expr_raise_unit(EXPR_ARG(struct str, 0), true, c->type, err);
    int32_t months = unit == UNIT_QUARTER      ? 3
                     : unit == UNIT_YEAR       ? 12
                     : unit == UNIT_DECADE     ? 120
                     : unit == UNIT_CENTURY    ? 1200
                     : unit == UNIT_MILLENNIUM ? 12000
                                               : 1;
    v.months -= v.months % months;
    if (unit >= UNIT_MONTH)
        v.days = 0;
    v.us = unit >= UNIT_DAY ? 0 : v.us - v.us % exact[unit];
    EXPR_OUT(struct column_interval) = v;
    return ST_OK;
}

/* The start of the stride, counted from `origin`, that holds the moment. */
static EXPR_SCALAR(date_bin)
{
    struct column_interval stride = EXPR_ARG(struct column_interval, 0);
    int64_t us = EXPR_ARG(int64_t, 1), origin = EXPR_ARG(int64_t, 2), days, width, distance;
    if (stride.months != 0)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "timestamps cannot be binned into intervals containing months or years");
    if (__builtin_mul_overflow((int64_t)stride.days, EXPR_US_PER_DAY, &days) ||
        __builtin_add_overflow(days, stride.us, &width))
        return expr_raise_interval(err);
    if (width <= 0)
        FAIL_SQL(err, ST_INVALID, "22008", 0, "stride must be greater than zero");
    if (__builtin_sub_overflow(us, origin, &distance))
        return expr_raise_interval(err);
    TRY(expr_check_timestamp(us, err));
    if (__builtin_sub_overflow(us, expr_floor_mod(distance, width), (int64_t *)out))
        return expr_raise_timestamp(err);
    return expr_check_timestamp(EXPR_OUT(int64_t), err);
}

/* ---- zones ----------------------------------------------------------------------------------- */

/* Zones a call has met, by name; the tz database bounds their number. */
struct zone_memory {
    struct zone_memory *next;
    struct str name;
    struct zone *zone;
};

static status zone_named(struct expr_call *c, struct str name, struct zone_memory **list,
                         const struct zone **out, struct error *err)
{
    struct zone_memory *m = *list;
    while (m && !str_eq(m->name, name))
        m = m->next;
    if (!m) {
        TRY(ARENA_NEW(c->memory, struct zone_memory, &m, err));
        TRY(zone_load(c->memory, name, &m->zone, err));
        TRY(arena_str(c->memory, name, &m->name, err));
        m->next = *list;
        *list = m;
    }
    *out = m->zone;
    return ST_OK;
}

static EXPR_SCALAR(timezone)
{
    const struct zone *zone;
    TRY(zone_named(c, EXPR_ARG(struct str, 0), (struct zone_memory **)&c->state, &zone, err));
    if (c->type.kind == COLUMN_TIMESTAMPTZ)
        return expr_to_utc(&c->period, zone, EXPR_ARG(int64_t, 1), out, err);
    EXPR_OUT(int64_t) = expr_to_local(&c->period, zone, EXPR_ARG(int64_t, 1));
    return expr_check_timestamp(EXPR_OUT(int64_t), err);
}

/* c->state holds the unit, so the zones hang behind it. */
struct trunc_zone_state {
    struct expr_unit_memory unit; /* first: expr_call_unit sees only this */
    struct zone_memory *zones;
};

static EXPR_SCALAR(trunc_zone)
{
    const struct zone *zone;
    if (!c->state)
        TRY(ARENA_NEW(c->memory, struct trunc_zone_state, &c->state, err));
    struct trunc_zone_state *s = c->state;
    TRY(zone_named(c, EXPR_ARG(struct str, 2), &s->zones, &zone, err));
    return trunc_in_zone(c, arg, zone, out, err);
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Year 0 does not exist; negative years are BC. */
static status make_day(int32_t year, int32_t month, int32_t day, int32_t *out, struct error *err)
{
    struct expr_fields f = {
        .year = year < 0 ? (int64_t)year + 1 : year, .month = month, .day = day};
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > expr_month_days(f.year, month))
        FAIL_SQL(err, ST_INVALID, "22008", 0, "date field value out of range: %d-%02d-%02d", year,
                 month, day);
    return expr_fields_date(&f, out, err);
}

static EXPR_SCALAR(make_date)
{
    return make_day(EXPR_ARG(int32_t, 0), EXPR_ARG(int32_t, 1), EXPR_ARG(int32_t, 2), out, err);
}

static EXPR_SCALAR(make_timestamp)
{
    int32_t days, hour = EXPR_ARG(int32_t, 3), minute = EXPR_ARG(int32_t, 4);
    double second = EXPR_ARG(double, 5), us = rint(second * 1e6);
    TRY(make_day(EXPR_ARG(int32_t, 0), EXPR_ARG(int32_t, 1), EXPR_ARG(int32_t, 2), &days, err));
    bool fits = hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && us >= 0 &&
                us <= 60e6; /* NaN does not fit */
    int64_t of_day = fits ? hour * EXPR_US_PER_HOUR + minute * EXPR_US_PER_MINUTE + (int64_t)us : 0;
    if (!fits || of_day > EXPR_US_PER_DAY)
        FAIL_SQL(err, ST_INVALID, "22008", 0, "time field value out of range: %d:%02d:%02g", hour,
                 minute, second);
    if (days > EXPR_MOST_TIMESTAMP / EXPR_US_PER_DAY)
        return expr_raise_timestamp(err);
    EXPR_OUT(int64_t) = days * EXPR_US_PER_DAY + of_day;
    return expr_check_timestamp(EXPR_OUT(int64_t), err);
}

/* years, months, weeks, days, hours, minutes, seconds */
static EXPR_SCALAR(make_interval)
{
    int64_t months = (int64_t)EXPR_ARG(int32_t, 0) * 12 + EXPR_ARG(int32_t, 1);
    int64_t days = (int64_t)EXPR_ARG(int32_t, 2) * 7 + EXPR_ARG(int32_t, 3);
    double seconds = rint(EXPR_ARG(double, 6) * 1e6);
    int64_t us =
        EXPR_ARG(int32_t, 4) * EXPR_US_PER_HOUR + EXPR_ARG(int32_t, 5) * EXPR_US_PER_MINUTE;
    if (months != (int32_t)months || days != (int32_t)days || !(fabs(seconds) < 0x1p62) ||
        __builtin_add_overflow(us, (int64_t)seconds, &us))
        return expr_raise_interval(err);
    EXPR_OUT(struct column_interval) = (struct column_interval){(int32_t)months, (int32_t)days, us};
    return ST_OK;
}

/* Seconds since 1970. PostgreSQL counts from 2000 and rounds there, which decides halves. */
static EXPR_SCALAR(to_timestamp_epoch)
{
    const double to_2000 = 946684800;
    double v = EXPR_ARG(double, 0);
    if (isnan(v))
        FAIL_SQL(err, ST_INVALID, "22008", 0, "timestamp cannot be NaN");
    double us = rint((v - to_2000) * 1e6);
    if (!(us > -0x1p62 && us < 0x1p63 - 946684800e6))
        FAIL_SQL(err, ST_INVALID, "22008", 0, "timestamp out of range: \"%g\"", v);
    EXPR_OUT(int64_t) = (int64_t)us + INT64_C(946684800) * EXPR_US_PER_SECOND;
    return expr_check_timestamp(EXPR_OUT(int64_t), err);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static EXPR_SCALAR(now)
{
    EXPR_OUT(int64_t) = c->now_us;
    return ST_OK;
}

static EXPR_SCALAR(local_now)
{
    EXPR_OUT(int64_t) = expr_to_local(&c->period, c->zone, c->now_us);
    return ST_OK;
}

static EXPR_SCALAR(today)
{
    EXPR_OUT(int32_t) =
        (int32_t)expr_floor_div(expr_to_local(&c->period, c->zone, c->now_us), EXPR_US_PER_DAY);
    return ST_OK;
}

static EXPR_SCALAR(clock_timestamp)
{
    EXPR_OUT(int64_t) = clock_now_us();
    return ST_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct expr_function rows[] = {
    {QUERY_FN_ADD_DATE_INT, .scalar = add_days},
    {QUERY_FN_ADD_INT_DATE, .scalar = add_days},
    {QUERY_FN_SUB_DATE_INT, .scalar = sub_days},
    {QUERY_FN_SUB_DATE_DATE, .scalar = sub_date_date},
    {QUERY_FN_ADD_DATE_TIME, .scalar = add_date_time},
    {QUERY_FN_ADD_DATE_INTERVAL, .scalar = add_date_interval},
    {QUERY_FN_SUB_DATE_INTERVAL, .scalar = add_date_interval},
    {QUERY_FN_ADD_TIMESTAMP_INTERVAL, .scalar = add_moment_interval},
    {QUERY_FN_SUB_TIMESTAMP_INTERVAL, .scalar = add_moment_interval},
    {QUERY_FN_ADD_TIMESTAMPTZ_INTERVAL, .scalar = add_moment_interval},
    {QUERY_FN_SUB_TIMESTAMPTZ_INTERVAL, .scalar = add_moment_interval},
    {QUERY_FN_ADD_INTERVAL_TIMESTAMP, .scalar = add_interval_moment},
    {QUERY_FN_ADD_INTERVAL_TIMESTAMPTZ, .scalar = add_interval_moment},
    {QUERY_FN_SUB_TIMESTAMP_TIMESTAMP, .scalar = sub_moments},
    {QUERY_FN_SUB_TIMESTAMPTZ_TIMESTAMPTZ, .scalar = sub_moments},
    {QUERY_FN_ADD_TIME_INTERVAL, .scalar = add_time_interval},
    {QUERY_FN_SUB_TIME_INTERVAL, .scalar = add_time_interval},
    {QUERY_FN_SUB_TIME_TIME, .scalar = sub_time_time},
    {QUERY_FN_ADD_INTERVAL_INTERVAL, .scalar = add_interval_interval},
    {QUERY_FN_SUB_INTERVAL_INTERVAL, .scalar = add_interval_interval},
    {QUERY_FN_NEG_INTERVAL, .scalar = neg_interval},
    {QUERY_FN_MUL_INTERVAL_DOUBLE, .scalar = mul_interval_double},
    {QUERY_FN_MUL_DOUBLE_INTERVAL, .scalar = mul_double_interval},
    {QUERY_FN_DIV_INTERVAL_DOUBLE, .scalar = div_interval_double},
    {QUERY_FN_DATE_TRUNC_TIMESTAMP, .scalar = trunc_timestamp},
    {QUERY_FN_DATE_TRUNC_TIMESTAMPTZ, .scalar = trunc_timestamptz},
    {QUERY_FN_DATE_TRUNC_ZONE, .scalar = trunc_zone},
    {QUERY_FN_DATE_TRUNC_INTERVAL, .scalar = trunc_interval},
    {QUERY_FN_DATE_BIN_TIMESTAMP, .scalar = date_bin},
    {QUERY_FN_DATE_BIN_TIMESTAMPTZ, .scalar = date_bin},
    {QUERY_FN_TIMEZONE_TIMESTAMP, .scalar = timezone},
    {QUERY_FN_TIMEZONE_TIMESTAMPTZ, .scalar = timezone},
    {QUERY_FN_AGE_TIMESTAMP, .scalar = age},
    {QUERY_FN_AGE_TIMESTAMPTZ, .scalar = age},
    {QUERY_FN_MAKE_DATE, .scalar = make_date},
    {QUERY_FN_MAKE_TIMESTAMP, .scalar = make_timestamp},
    {QUERY_FN_MAKE_INTERVAL_DAYS, .scalar = make_interval},
    {QUERY_FN_TO_TIMESTAMP_EPOCH, .scalar = to_timestamp_epoch},
    {QUERY_FN_NOW, .scalar = now},
    {QUERY_FN_CURRENT_TIMESTAMP, .scalar = now},
    {QUERY_FN_CURRENT_DATE, .scalar = today},
    {QUERY_FN_LOCALTIMESTAMP, .scalar = local_now},
    {QUERY_FN_CLOCK_TIMESTAMP, .scalar = clock_timestamp},
};

const struct expr_function_table expr_fn_time_table = {rows, ARRAY_LEN(rows)};
