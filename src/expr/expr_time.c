// SPDX-License-Identifier: Apache-2.0
/* expr_time.c - calendar fields of moments, and the checks that keep moments in range. */
#include "expr/expr_time.h"

status expr_raise_timestamp(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22008", 0, "timestamp out of range");
}

status expr_raise_date(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22008", 0, "date out of range");
}

status expr_raise_interval(struct error *err)
{
    FAIL_SQL(err, ST_INVALID, "22008", 0, "interval out of range");
}

status expr_date_moment(int32_t days, int64_t *us, struct error *err)
{
    if (days < EXPR_LEAST_DAYS || days > EXPR_MOST_TIMESTAMP / EXPR_US_PER_DAY)
        FAIL_SQL(err, ST_INVALID, "22008", 0, "date out of range for timestamp");
    *us = days * EXPR_US_PER_DAY;
    return ST_OK;
}

status expr_check_timestamp(int64_t us, struct error *err)
{
    return us < EXPR_LEAST_TIMESTAMP || us > EXPR_MOST_TIMESTAMP ? expr_raise_timestamp(err)
                                                                 : ST_OK;
}

struct expr_fields expr_fields_of_date(int32_t days)
{
    struct expr_fields f = {0};
    unsigned month, day;
    column_civil_from_days(days, &f.year, &month, &day);
    f.month = (int32_t)month;
    f.day = (int32_t)day;
    return f;
}

struct expr_fields expr_fields_of(int64_t us)
{
    int64_t days = expr_floor_div(us, EXPR_US_PER_DAY), rest = expr_floor_mod(us, EXPR_US_PER_DAY);
    struct expr_fields f = expr_fields_of_date((int32_t)days);
    f.hour = (int32_t)(rest / EXPR_US_PER_HOUR);
    f.minute = (int32_t)(rest / EXPR_US_PER_MINUTE % 60);
    f.second = (int32_t)(rest / EXPR_US_PER_SECOND % 60);
    f.us = (int32_t)(rest % EXPR_US_PER_SECOND);
    return f;
}

/* Days since 1970; years that would not fit are cut to ones that are out of every range. */
static int64_t days_of(const struct expr_fields *f)
{
    if (f->year < -5000 || f->year > 5874898)
        return f->year < 0 ? INT64_MIN : INT64_MAX;
    return column_days_from_civil(f->year, (unsigned)f->month, 1) + (int64_t)f->day - 1;
}

status expr_fields_date(const struct expr_fields *f, int32_t *days, struct error *err)
{
    int64_t d = days_of(f);
    if (d < EXPR_LEAST_DAYS || d > EXPR_MOST_DAYS)
        return expr_raise_date(err);
    *days = (int32_t)d;
    return ST_OK;
}

status expr_fields_timestamp(const struct expr_fields *f, int64_t *us, struct error *err)
{
    int64_t d = days_of(f);
    if (d < EXPR_LEAST_DAYS || d > EXPR_MOST_TIMESTAMP / EXPR_US_PER_DAY)
        return expr_raise_timestamp(err);
    *us = d * EXPR_US_PER_DAY + f->hour * EXPR_US_PER_HOUR + f->minute * EXPR_US_PER_MINUTE +
          f->second * EXPR_US_PER_SECOND + f->us;
    return expr_check_timestamp(*us, err);
}

int expr_month_days(int64_t year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

int expr_weekday(int32_t days)
{
    return (int)expr_floor_mod((int64_t)days + 4, 7); /* 1970-01-01 was a Thursday */
}

int32_t expr_iso_year_start(int64_t year)
{
    int32_t fourth = column_days_from_civil(year, 1, 4); /* always in week 1 */
    return fourth - (expr_weekday(fourth) + 6) % 7;
}

int expr_iso_week(int32_t days, int64_t *year)
{
    int64_t thursday = (int64_t)days - (expr_weekday(days) + 6) % 7 + 3; /* decides the year */
    *year = expr_fields_of_date((int32_t)thursday).year;
    return (int)(((int64_t)days - expr_iso_year_start(*year)) / 7) + 1;
}

static void enter(struct expr_zone_period *p, const struct zone *zone, int64_t utc_us)
{
    p->zone = zone;
    p->offset = zone_period_at(zone, utc_us, &p->from_us, &p->to_us);
}

static bool inside(const struct expr_zone_period *p, const struct zone *zone, int64_t utc_us)
{
    return p->zone == zone && utc_us >= p->from_us && utc_us < p->to_us;
}

int64_t expr_to_local(struct expr_zone_period *p, const struct zone *zone, int64_t utc_us)
{
    if (!zone)
        return utc_us;
    if (!inside(p, zone, utc_us))
        enter(p, zone, utc_us);
    int64_t local;
    bool wraps = __builtin_add_overflow(utc_us, p->offset * EXPR_US_PER_SECOND, &local);
    return wraps ? utc_us : local; /* far outside the range of timestamps */
}

/* Further than this from both ends of a period no local time is ambiguous or skipped: offsets are
 * within 26 hours. */
#define MARGIN_US (3 * EXPR_US_PER_DAY)

status expr_to_utc(struct expr_zone_period *p, const struct zone *zone, int64_t local_us,
                   int64_t *utc_us, struct error *err)
{
    *utc_us = local_us;
    if (!zone || local_us < EXPR_LEAST_TIMESTAMP - EXPR_US_PER_DAY ||
        local_us > EXPR_MOST_TIMESTAMP + EXPR_US_PER_DAY)
        return expr_check_timestamp(local_us, err);
    int64_t guess = local_us - p->offset * EXPR_US_PER_SECOND;
    if (inside(p, zone, guess - MARGIN_US) && inside(p, zone, guess + MARGIN_US)) {
        *utc_us = guess;
    } else {
        *utc_us = zone_to_utc(zone, local_us);
        enter(p, zone, *utc_us);
    }
    return expr_check_timestamp(*utc_us, err);
}

enum expr_unit expr_unit_named(struct str name)
{
    static const struct {
        const char *names; /* between blanks */
        enum expr_unit unit;
    } units[] = {
        {" us usec usecs usecond useconds microsecond microseconds ", UNIT_MICROSECOND},
        {" ms msec msecs msecond mseconds millisecond milliseconds ", UNIT_MILLISECOND},
        {" s sec secs second seconds ", UNIT_SECOND},
        {" m min mins minute minutes ", UNIT_MINUTE},
        {" h hr hrs hour hours ", UNIT_HOUR},
        {" d day days ", UNIT_DAY},
        {" w week weeks ", UNIT_WEEK},
        {" mon mons month months ", UNIT_MONTH},
        {" qtr quarter ", UNIT_QUARTER},
        {" y yr yrs year years ", UNIT_YEAR},
        {" dec decs decade decades ", UNIT_DECADE},
        {" c cent century centuries ", UNIT_CENTURY},
        {" mil mils millennia millennium ", UNIT_MILLENNIUM},
        {" timezone ", UNIT_TIMEZONE},
        {" timezone_h timezone_hour ", UNIT_TIMEZONE_HOUR},
        {" timezone_m timezone_minute ", UNIT_TIMEZONE_MINUTE},
        {" dow ", UNIT_DOW},
        {" isodow ", UNIT_ISODOW},
        {" doy ", UNIT_DOY},
        {" isoyear ", UNIT_ISOYEAR},
        {" j jd julian ", UNIT_JULIAN},
        {" epoch ", UNIT_EPOCH},
    };
    char word[20] = " ";
    if (name.len == 0 || name.len > sizeof(word) - 3 || memchr(name.ptr, ' ', name.len) ||
        memchr(name.ptr, 0, name.len))
        return UNIT_NONE;
    for (size_t i = 0; i < name.len; i++)
        word[i + 1] =
            (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] + 32 : name.ptr[i]);
    word[name.len + 1] = ' ';
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strstr(units[i].names, word))
            return units[i].unit;
    return UNIT_NONE;
}

status expr_raise_unit(struct str name, bool known, struct column_type type, struct error *err)
{
    char text[64];
    if (known)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0, "unit \"%.*s\" not supported for type %s",
                 STR_ARG(name), column_type_name(type, text));
    FAIL_SQL(err, ST_INVALID, "22023", 0, "unit \"%.*s\" not recognized for type %s", STR_ARG(name),
             column_type_name(type, text));
}
