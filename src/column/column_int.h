// SPDX-License-Identifier: Apache-2.0
/* column_int.h - shared inside column: one parser and one printer for each family of types.
 *
 * Parsers take text without outer blanks and do not change *out on failure. Printers write to a
 * caller's array without a NUL and return the length. */
#ifndef COLUMN_INT_H
#define COLUMN_INT_H

#include "column/column_text.h"
#include "column/column_zone.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR   (60 * US_PER_MINUTE)
#define US_PER_DAY    (24 * US_PER_HOUR)

/* Longest text of a date or time: "294276-12-31 23:59:59.999999+15:59:59 BC" and room. An interval
 * has at most three signed fields and a time of 13 digits of hours. */
#define COLUMN_TIME_TEXT_MAX 96

static inline bool column_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool column_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool column_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
struct str column_trim(struct str s);

/* ST_INVALID with an SQLSTATE: `before` then the text in quotes, cut where it is long, then
 * `after`: column_fail("22P02", "invalid input syntax for type integer: ", text, "", err) */
STATUS_MUST_USE status column_fail(const char *sqlstate, const char *before, struct str text,
                                   const char *after, struct error *err);
/* invalid input syntax for type <type>: "<text>" */
STATUS_MUST_USE status column_fail_syntax(const char *sqlstate, const char *type, struct str text,
                                          struct error *err);

/* column_number.c */
STATUS_MUST_USE status column_integer_parse(struct column_type type, struct str text, int64_t *out,
                                            struct error *err);
STATUS_MUST_USE status column_decimal_parse(struct column_type type, struct str text, int128 *out,
                                            struct error *err);
STATUS_MUST_USE status column_real_parse(struct str text, float *out, struct error *err);

/* column_time.c; zone NULL = UTC. */
STATUS_MUST_USE status column_date_parse(struct str text, int32_t *out, struct error *err);
STATUS_MUST_USE status column_time_parse(struct str text, int64_t *out, struct error *err);
STATUS_MUST_USE status column_timestamp_parse(struct str text, int64_t *out, struct error *err);
STATUS_MUST_USE status column_timestamptz_parse(struct str text, const struct zone *zone,
                                                int64_t *out, struct error *err);
size_t column_date_print(int32_t days, char out[COLUMN_TIME_TEXT_MAX]);
size_t column_time_print(int64_t us, char out[COLUMN_TIME_TEXT_MAX]);
size_t column_timestamp_print(int64_t us, char out[COLUMN_TIME_TEXT_MAX]);
size_t column_timestamptz_print(int64_t us, const struct zone *zone,
                                char out[COLUMN_TIME_TEXT_MAX]);
/* Digits behind the point as microseconds, half to even; false unless all are digits. */
bool column_fraction_us(const char *digits, size_t count, int32_t *us);

/* column_interval.c */
STATUS_MUST_USE status column_interval_parse(struct str text, struct column_interval *out,
                                             struct error *err);
size_t column_interval_print(struct column_interval v, char out[COLUMN_TIME_TEXT_MAX]);

#endif
