// SPDX-License-Identifier: Apache-2.0
/* expr_time.h - dates and times as fields, for casts, functions and formats.
 *
 * A moment is microseconds since 1970-01-01 00:00, local or UTC as the type says. Ranges are those
 * of column_time.c: from 4714-11-24 BC to 5874897-12-31 (dates) and to the end of 294246
 * (timestamps); whatever leaves them is 22008. */
#ifndef EXPR_TIME_H
#define EXPR_TIME_H

#include "column/column_text.h"
#include "column/column_zone.h"

#define EXPR_US_PER_SECOND INT64_C(1000000)
#define EXPR_US_PER_MINUTE (60 * EXPR_US_PER_SECOND)
#define EXPR_US_PER_HOUR   (60 * EXPR_US_PER_MINUTE)
#define EXPR_US_PER_DAY    (24 * EXPR_US_PER_HOUR)

#define EXPR_LEAST_DAYS      (-2440588)
#define EXPR_MOST_DAYS       2145042905
#define EXPR_LEAST_TIMESTAMP (EXPR_LEAST_DAYS * EXPR_US_PER_DAY)
#define EXPR_MOST_TIMESTAMP  (INT64_C(106751982) * EXPR_US_PER_DAY - 1)
#define EXPR_JULIAN_1970     2440588 /* Julian day of 1970-01-01 */

struct expr_fields {
    int64_t year; /* 0 is 1 BC */
    int32_t month, day, hour, minute, second, us;
};

ALWAYS_INLINE int64_t expr_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}
ALWAYS_INLINE int64_t expr_floor_mod(int64_t a, int64_t b)
{
    int64_t r = a % b;
    return r < 0 ? r + b : r;
}

struct expr_fields expr_fields_of(int64_t us);
struct expr_fields expr_fields_of_date(int32_t days);
/* Fields in their usual ranges (day may be past the month's end); 22008 outside the type's range.
 */
STATUS_MUST_USE status expr_fields_timestamp(const struct expr_fields *f, int64_t *us,
                                             struct error *err);
STATUS_MUST_USE status expr_fields_date(const struct expr_fields *f, int32_t *days,
                                        struct error *err);
/* A date's midnight. */
STATUS_MUST_USE status expr_date_moment(int32_t days, int64_t *us, struct error *err);
STATUS_MUST_USE status expr_check_timestamp(int64_t us, struct error *err);
int expr_month_days(int64_t year, int month);
/* 0 = Sunday */
int expr_weekday(int32_t days);
/* ISO 8601 week, and the year it belongs to. */
int expr_iso_week(int32_t days, int64_t *year);
/* Days since 1970 of the Monday of week 1. */
int32_t expr_iso_year_start(int64_t year);

/* What date_trunc and extract take, smallest first; those from DOW on are for extract only. */
enum expr_unit {
    UNIT_MICROSECOND,
    UNIT_MILLISECOND,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR,
    UNIT_DECADE,
    UNIT_CENTURY,
    UNIT_MILLENNIUM,
    UNIT_TIMEZONE,
    UNIT_TIMEZONE_HOUR,
    UNIT_TIMEZONE_MINUTE,
    UNIT_DOW,
    UNIT_ISODOW,
    UNIT_DOY,
    UNIT_ISOYEAR,
    UNIT_JULIAN,
    UNIT_EPOCH,
    UNIT_NONE
};

/* A unit by name, case ignored; UNIT_NONE when there is none. */
enum expr_unit expr_unit_named(struct str name);
/* 22023 when `known` is false, else 0A000. */
STATUS_MUST_USE status expr_raise_unit(struct str name, bool known, struct column_type type,
                                       struct error *err);

/* The period of one offset that a loop is in, so that most rows need no search. Zeroed at first. */
struct expr_zone_period {
    const struct zone *zone;
    int64_t from_us, to_us; /* empty at first */
    int32_t offset;
};

/* Local time of an instant, and back; zone NULL = UTC. */
int64_t expr_to_local(struct expr_zone_period *p, const struct zone *zone, int64_t utc_us);
STATUS_MUST_USE status expr_to_utc(struct expr_zone_period *p, const struct zone *zone,
                                   int64_t local_us, int64_t *utc_us, struct error *err);
STATUS_MUST_USE status expr_raise_timestamp(struct error *err);
STATUS_MUST_USE status expr_raise_date(struct error *err);
STATUS_MUST_USE status expr_raise_interval(struct error *err);

#endif
