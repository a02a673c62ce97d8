// SPDX-License-Identifier: Apache-2.0
/* column_text.h - values to and from text, as PostgreSQL 15 reads and prints them.
 *
 * Used by literals, casts, CSV and printed results, so that all four agree. Doubles print the
 * shortest digits that read back the same ("105992.19", "1e+20", "NaN", "-Infinity"), dates and
 * times ISO 8601, timestamptz in the given zone ("2025-01-14 10:00:00+00"), bytea as \x hex,
 * booleans as t / f (column_text_format) and true / false when cast to text. */
#ifndef COLUMN_TEXT_H
#define COLUMN_TEXT_H

#include "base/buffer.h"
#include "column/column_type.h"

struct zone; /* column/column_zone.h; NULL = UTC */

/* Parses the whole of `text` (outer blanks allowed, as in PostgreSQL) as a value of `type`. Text
 * and bytea results are copied into `arena`. SQLSTATE 22P02, 22003 (range), 22007, 22008 (date,
 * time). */
STATUS_MUST_USE status column_text_parse(struct column_type type, struct str text,
                                         const struct zone *zone, struct arena *arena,
                                         struct column_value *out, struct error *err);
/* Appends the value's text; NULL appends nothing. */
STATUS_MUST_USE status column_text_format(const struct column_value *v, const struct zone *zone,
                                          struct buffer *out, struct error *err);

/* Shortest round-trip text of a double or float; out takes 32 bytes; returns the length. */
size_t column_text_double(double v, char out[32]);
size_t column_text_float(float v, char out[32]);
/* Correctly rounded; whole text must match; "NaN", "Infinity", "inf" in any case. 22P02 / 22003. */
STATUS_MUST_USE status column_text_to_double(struct str text, double *out, struct error *err);

/* Smallest numeric type that holds a plain number as written ("1.50": numeric(3,2)); false if the
 * text is not a number or needs more than 38 digits. */
bool column_text_decimal_type(struct str text, struct column_type *out);

/* The spellings that fill files, without blanks, errors or allocation; false means "ask
 * column_text_parse", not "wrong". Timestamps are "2025-01-14 10:00:00" with T or a blank, up to
 * any number of digits behind the seconds, and *utc says that a Z followed. */
bool column_text_fast_int64(const char *p, size_t n, int64_t *out);
bool column_text_fast_double(const char *p, size_t n, double *out);
/* For a decimal of precision up to 18 with no more digits behind the point than its scale. */
bool column_text_fast_decimal(const char *p, size_t n, struct column_type type, int64_t *out);
bool column_text_fast_date(const char *p, size_t n, int32_t *days);
bool column_text_fast_timestamp(const char *p, size_t n, int64_t *us, bool *utc);

/* Proleptic Gregorian calendar; days since 1970-01-01; year 1 BC is 0. */
int32_t column_days_from_civil(int64_t year, unsigned month, unsigned day);
void column_civil_from_days(int32_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
