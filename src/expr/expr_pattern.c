// SPDX-License-Identifier: Apache-2.0
/* expr_pattern.c - patterns of dates and times into nodes.
 *
 * At each place the longest field that matches is taken, so DDD is one field and DDDD is DDD and D.
 * A call nearly always sees one pattern; it is kept until another one comes. */
#include "expr/expr_pattern.h"

#include "expr/expr_unicode.h"

const char *const expr_month_names[12] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
const char *const expr_day_names[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
const char *const expr_roman_months[12] = {"I",   "II",   "III", "IV", "V",  "VI",
                                           "VII", "VIII", "IX",  "X",  "XI", "XII"};

static const struct field {
    const char *name; /* upper case */
    enum expr_pattern_field field;
    unsigned width;
    bool digits;
    enum expr_pattern_calendar calendar;
    bool capital; /* also known as Month */
} fields[] = {
    {"A.D.", FIELD_ERA_POINTS, 0, false, CALENDAR_ANY, false},
    {"A.M.", FIELD_NOON_POINTS, 0, false, CALENDAR_ANY, false},
    {"AD", FIELD_ERA, 0, false, CALENDAR_ANY, false},
    {"AM", FIELD_NOON, 0, false, CALENDAR_ANY, false},
    {"B.C.", FIELD_ERA_POINTS, 0, false, CALENDAR_ANY, false},
    {"BC", FIELD_ERA, 0, false, CALENDAR_ANY, false},
    {"CC", FIELD_CENTURY, 2, true, CALENDAR_ANY, false},
    {"DAY", FIELD_DAY_NAME, 0, false, CALENDAR_ANY, true},
    {"DDD", FIELD_DAY_OF_YEAR, 3, true, CALENDAR_GREGORIAN, false},
    {"DD", FIELD_DAY, 2, true, CALENDAR_GREGORIAN, false},
    {"DY", FIELD_DAY_SHORT, 0, false, CALENDAR_ANY, true},
    {"D", FIELD_WEEKDAY, 1, true, CALENDAR_GREGORIAN, false},
    {"FF1", FIELD_FRACTION, 1, false, CALENDAR_ANY, false},
    {"FF2", FIELD_FRACTION, 2, false, CALENDAR_ANY, false},
    {"FF3", FIELD_FRACTION, 3, false, CALENDAR_ANY, false},
    {"FF4", FIELD_FRACTION, 4, false, CALENDAR_ANY, false},
    {"FF5", FIELD_FRACTION, 5, false, CALENDAR_ANY, false},
    {"FF6", FIELD_FRACTION, 6, false, CALENDAR_ANY, false},
    {"FX", FIELD_EXACT, 0, false, CALENDAR_ANY, false},
    {"HH24", FIELD_HOUR24, 2, true, CALENDAR_ANY, false},
    {"HH12", FIELD_HOUR12, 2, true, CALENDAR_ANY, false},
    {"HH", FIELD_HOUR12, 2, true, CALENDAR_ANY, false},
    {"IDDD", FIELD_ISO_DAY_OF_YEAR, 3, true, CALENDAR_ISO, false},
    {"ID", FIELD_ISO_WEEKDAY, 1, true, CALENDAR_ISO, false},
    {"IW", FIELD_ISO_WEEK, 2, true, CALENDAR_ISO, false},
    {"IYYY", FIELD_ISO_YEAR, 4, true, CALENDAR_ISO, false},
    {"IYY", FIELD_ISO_YEAR, 3, true, CALENDAR_ISO, false},
    {"IY", FIELD_ISO_YEAR, 2, true, CALENDAR_ISO, false},
    {"I", FIELD_ISO_YEAR, 1, true, CALENDAR_ISO, false},
    {"J", FIELD_JULIAN, 1, true, CALENDAR_ANY, false},
    {"MI", FIELD_MINUTE, 2, true, CALENDAR_ANY, false},
    {"MM", FIELD_MONTH, 2, true, CALENDAR_GREGORIAN, false},
    {"MONTH", FIELD_MONTH_NAME, 0, false, CALENDAR_GREGORIAN, true},
    {"MON", FIELD_MONTH_SHORT, 0, false, CALENDAR_GREGORIAN, true},
    {"MS", FIELD_FRACTION, 3, true, CALENDAR_ANY, false},
    {"OF", FIELD_OFFSET, 0, false, CALENDAR_ANY, false},
    {"P.M.", FIELD_NOON_POINTS, 0, false, CALENDAR_ANY, false},
    {"PM", FIELD_NOON, 0, false, CALENDAR_ANY, false},
    {"Q", FIELD_QUARTER, 1, true, CALENDAR_ANY, false},
    {"RM", FIELD_ROMAN_MONTH, 0, false, CALENDAR_GREGORIAN, false},
    {"SSSSS", FIELD_SECOND_OF_DAY, 5, true, CALENDAR_ANY, false},
    {"SSSS", FIELD_SECOND_OF_DAY, 4, true, CALENDAR_ANY, false},
    {"SS", FIELD_SECOND, 2, true, CALENDAR_ANY, false},
    {"TZH", FIELD_ZONE_HOUR, 2, false, CALENDAR_ANY, false},
    {"TZM", FIELD_ZONE_MINUTE, 2, true, CALENDAR_ANY, false},
    {"TZ", FIELD_ZONE, 0, false, CALENDAR_ANY, false},
    {"US", FIELD_FRACTION, 6, true, CALENDAR_ANY, false},
    {"WW", FIELD_WEEK, 2, true, CALENDAR_GREGORIAN, false},
    {"W", FIELD_WEEK_OF_MONTH, 1, true, CALENDAR_GREGORIAN, false},
    {"Y,YYY", FIELD_YEAR_COMMA, 5, true, CALENDAR_GREGORIAN, false},
    {"YYYY", FIELD_YEAR, 4, true, CALENDAR_GREGORIAN, false},
    {"YYY", FIELD_YEAR, 3, true, CALENDAR_GREGORIAN, false},
    {"YY", FIELD_YEAR, 2, true, CALENDAR_GREGORIAN, false},
    {"Y", FIELD_YEAR, 1, true, CALENDAR_GREGORIAN, false},
};

static char lower_of(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Whether s begins with a name written in these letters. */
static bool begins(struct str s, const char *name, enum expr_pattern_letters letters)
{
    for (size_t i = 0; name[i]; i++) {
        bool lower = letters == LETTERS_LOWER || (letters == LETTERS_CAPITAL && i > 0);
        if (i >= s.len || s.ptr[i] != (lower ? lower_of(name[i]) : name[i]))
            return false;
    }
    return true;
}

/* The longest field at the start of s; NULL if there is none. */
static const struct field *field_at(struct str s, enum expr_pattern_letters *letters)
{
    const struct field *best = NULL;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct field *f = &fields[i];
        if (best && strlen(best->name) >= strlen(f->name))
            continue;
        for (int l = LETTERS_UPPER; l <= (f->capital ? LETTERS_CAPITAL : LETTERS_LOWER); l++)
            if (begins(s, f->name, (enum expr_pattern_letters)l)) {
                best = f;
                *letters = (enum expr_pattern_letters)l;
                break;
            }
    }
    return best;
}

bool expr_pattern_text(struct str s, size_t *at, bool *quoted, struct str *out)
{
    char c = s.ptr[*at], next = *at + 1 < s.len ? s.ptr[*at + 1] : 0;
    if (c == '"') {
        *quoted = !*quoted;
        (*at)++;
        return false;
    }
    /* Between quotes a backslash protects any character, outside only a quote. */
    if (c == '\\' && (next == '"' || (*quoted && *at + 1 < s.len)))
        (*at)++;
    out->ptr = s.ptr + *at;
    out->len = expr_char_bytes((struct str){out->ptr, s.len - *at});
    *at += out->len;
    return true;
}

static struct str rest(struct str s, size_t at)
{
    return (struct str){s.ptr + at, s.len - at};
}

/* A field with what stands before and behind it; false if there is none, then only FM or TM have
 * been passed over. */
static bool take_field(struct str s, size_t *at, struct expr_pattern_node *n)
{
    enum expr_pattern_letters letters;
    bool fill =
        begins(rest(s, *at), "FM", LETTERS_UPPER) || begins(rest(s, *at), "FM", LETTERS_LOWER);
    bool local =
        begins(rest(s, *at), "TM", LETTERS_UPPER) || begins(rest(s, *at), "TM", LETTERS_LOWER);
    if (fill || local)
        *at += 2;
    const struct field *f = field_at(rest(s, *at), &letters);
    if (!f)
        return false;
    *n = (struct expr_pattern_node){.field = f->field,
                                    .letters = letters,
                                    .calendar = f->calendar,
                                    .fill = fill || (local && !f->digits),
                                    .digits = f->digits,
                                    .width = f->width,
                                    .text = {s.ptr + *at, strlen(f->name)}};
    *at += n->text.len;
    n->ordinal_lower = begins(rest(s, *at), "TH", LETTERS_LOWER);
    n->ordinal = n->ordinal_lower || begins(rest(s, *at), "TH", LETTERS_UPPER);
    if (n->ordinal || begins(rest(s, *at), "SP", LETTERS_UPPER))
        *at += 2;
    return true;
}

static enum expr_pattern_field kind_of_text(char c, bool quoted)
{
    if (quoted)
        return FIELD_TEXT;
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return FIELD_SPACE;
    return c > ' ' && c < 0x7F && !expr_char_is_word((unsigned char)c) ? FIELD_SEPARATOR
                                                                       : FIELD_TEXT;
}

static status parse(struct expr_pattern *p, struct str text, struct error *err)
{
    size_t at = 0;
    bool quoted = false;
    TRY(arena_str(&p->arena, text, &p->text, err));
    TRY(ARENA_ARRAY(&p->arena, struct expr_pattern_node, text.len + 1, &p->nodes, err));
    while (at < p->text.len) {
        struct expr_pattern_node *n = &p->nodes[p->count];
        if (!quoted && take_field(p->text, &at, n)) {
            p->count++;
        } else if (at < p->text.len) {
            struct str one;
            if (!expr_pattern_text(p->text, &at, &quoted, &one))
                continue;
            n->field = kind_of_text(one.ptr[0], quoted);
            n->text = one;
            p->count++;
        }
    }
    p->ready = true;
    return ST_OK;
}

static void pattern_free(void *arg)
{
    struct expr_pattern *p = arg;
    arena_free(&p->arena);
}

status expr_pattern_of(struct expr_call *c, struct str text, const struct expr_pattern **out,
                       struct error *err)
{
    struct expr_pattern *p = c->state;
    if (!p) {
        TRY(ARENA_NEW(c->memory, struct expr_pattern, &p, err));
        arena_init(&p->arena, c->memory->account);
        TRY(arena_on_reset(c->memory, pattern_free, p, err));
        c->state = p;
    }
    *out = p;
    if (p->ready && str_eq(p->text, text))
        return ST_OK;
    p->ready = false;
    p->count = 0;
    arena_reset(&p->arena);
    return parse(p, text, err);
}

const char *expr_ordinal(struct str digits, bool lower)
{
    static const char *const endings[2][4] = {{"TH", "ST", "ND", "RD"}, {"th", "st", "nd", "rd"}};
    char last = digits.len > 0 ? digits.ptr[digits.len - 1] : '0';
    bool teen = digits.len > 1 && digits.ptr[digits.len - 2] == '1';
    return endings[lower][!teen && last >= '1' && last <= '3' ? last - '0' : 0];
}
