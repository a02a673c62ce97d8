// SPDX-License-Identifier: Apache-2.0
/* expr_pattern.h - the patterns of to_char, to_date and to_timestamp for dates and times, taken
 * apart.
 *
 * A pattern is fields (YYYY, Month, HH24 ...) and text between them. A field may have FM or TM
 * before it and TH or SP behind it; "quoted text" stands for itself. Fields are known in upper and
 * lower case, four also capitalised; everything else is text. */
#ifndef EXPR_PATTERN_H
#define EXPR_PATTERN_H

#include "expr/expr_int.h"

enum expr_pattern_field {
    FIELD_TEXT,      /* one character; in reading, any character */
    FIELD_SEPARATOR, /* one ASCII character that is no letter, digit or blank */
    FIELD_SPACE,
    FIELD_ERA,        /* AD, BC */
    FIELD_ERA_POINTS, /* A.D., B.C. */
    FIELD_NOON,       /* AM, PM */
    FIELD_NOON_POINTS,
    FIELD_CENTURY,
    FIELD_WEEKDAY,
    FIELD_DAY_NAME,
    FIELD_DAY_SHORT,
    FIELD_DAY_OF_YEAR,
    FIELD_DAY,
    FIELD_FRACTION, /* FF1 .. FF6, MS, US: `width` digits */
    FIELD_EXACT,    /* FX */
    FIELD_HOUR24,
    FIELD_HOUR12,
    FIELD_ISO_DAY_OF_YEAR,
    FIELD_ISO_WEEKDAY,
    FIELD_ISO_WEEK,
    FIELD_ISO_YEAR, /* `width` digits */
    FIELD_JULIAN,
    FIELD_MINUTE,
    FIELD_MONTH,
    FIELD_MONTH_NAME,
    FIELD_MONTH_SHORT,
    FIELD_OFFSET,
    FIELD_QUARTER,
    FIELD_ROMAN_MONTH,
    FIELD_SECOND_OF_DAY,
    FIELD_SECOND,
    FIELD_ZONE_HOUR,
    FIELD_ZONE_MINUTE,
    FIELD_ZONE,
    FIELD_WEEK,
    FIELD_WEEK_OF_MONTH,
    FIELD_YEAR_COMMA,
    FIELD_YEAR /* `width` digits */
};

enum expr_pattern_letters { LETTERS_UPPER, LETTERS_LOWER, LETTERS_CAPITAL };

/* Reading refuses a mixture of the two calendars. */
enum expr_pattern_calendar { CALENDAR_ANY, CALENDAR_GREGORIAN, CALENDAR_ISO };

struct expr_pattern_node {
    enum expr_pattern_field field;
    enum expr_pattern_letters letters;
    enum expr_pattern_calendar calendar;
    bool fill;          /* FM: no padding */
    bool ordinal;       /* TH or th behind it */
    bool ordinal_lower; /* th */
    bool digits;        /* reading takes digits, so a number before it has its full width */
    unsigned width;     /* of a number */
    struct str text;    /* in the pattern's arena: the character, or the field as written */
};

struct expr_pattern {
    struct arena arena; /* everything below; emptied when the text changes */
    bool ready;
    struct str text;
    size_t count;
    struct expr_pattern_node *nodes;
};

/* The pattern in c->state; taken apart anew only when the text is another one. */
STATUS_MUST_USE status expr_pattern_of(struct expr_call *c, struct str text,
                                       const struct expr_pattern **out, struct error *err);

/* One piece of quoted or plain text at *at, which is moved behind it; false at the closing quote.
 * Shared with the patterns of numbers. */
bool expr_pattern_text(struct str s, size_t *at, bool *quoted, struct str *out);

/* "st", "nd", "rd", "th" for a number's text. */
const char *expr_ordinal(struct str digits, bool lower);

extern const char *const expr_month_names[12];
extern const char *const expr_day_names[7]; /* Sunday first */
extern const char *const expr_roman_months[12];

#endif
