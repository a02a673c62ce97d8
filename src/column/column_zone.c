// SPDX-License-Identifier: Apache-2.0
/* column_zone.c - time zones: offsets in force at an instant, from TZif files or a fixed offset.
 *
 *     name -> fixed offset, or file under /usr/share/zoneinfo -> struct zone (never changes)
 *
 *     TZif (RFC 8536), versions 2 to 4; the 32-bit block of the beginning is skipped:
 *     header  "TZif" version 15 zeros  counts: isut isstd leap time type char    44 bytes
 *     skipped block of 32-bit times
 *     header  again
 *     times   [time] int64 seconds since 1970, ascending
 *     types   [time] uint8 index into:
 *     infos   [type] int32 seconds east, uint8 daylight saving, uint8 abbreviation
 *     names   designations, each ended by NUL
 *     leap seconds, indicators                                                 skipped
 *     footer  "\n" rule "\n"   as POSIX TZ, e.g. CET-1CEST,M3.5.0,M10.5.0/3
 *
 * Typical: 0 to 250 times, up to 20 infos, 2 KB.
 *
 * Z1  offsets[i] holds from times[i] until times[i + 1]; first_offset before times[0]
 * Z2  times ascend strictly
 * Z3  from the last time on the rule decides, if there is one
 * Z4  every offset is within 26 hours, so that local time never overflows where UTC does not */
#include "column/column_zone.h"

#include "base/bytes.h"
#include "column/column_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define ZONE_FOLDER     "/usr/share/zoneinfo"
#define MOST_FILE_BYTES (256u * 1024)
#define MOST_NAME       128u
#define MOST_OFFSET     (26 * 3600)

/* One change of the year in a POSIX rule. */
struct rule_day {
    char kind;                     /* 'J' 1-365 without 29 February, 'n' 0-365, 'M' week of month */
    unsigned month, week, weekday; /* M: 1-12, 1-5 (5 = last), 0-6 (0 = Sunday) */
    unsigned day;                  /* J, n */
    int32_t time_s;                /* after local midnight, -167 to 167 hours */
};

struct zone {
    struct str name;
    size_t count;                    /* of times and offsets */
    const int64_t *times;            /* in <arena>: seconds since 1970 (Z2) */
    const int32_t *offsets;          /* in <arena>: seconds east (Z1) */
    const struct str *abbreviations; /* in <arena>: count of them, beside offsets */
    int32_t first_offset;            /* Z1 */
    struct str first_abbreviation;   /* beside first_offset */
    struct str standard_abbreviation, summer_abbreviation; /* of the rule */
    bool has_rule;                                         /* Z3 */
    bool has_summer;       /* the rule changes between standard and summer */
    int32_t standard;      /* seconds east by the rule */
    int32_t summer;        /* valid if has_summer */
    struct rule_day start; /* of summer, in standard time */
    struct rule_day end;   /* of summer, in summer time */
};

/* ---- the POSIX rule (RFC 8536, 3.3; POSIX.1-2017, 8.3) ---- */

static bool take(struct str *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool take_unsigned(struct str *s, unsigned most, unsigned *out)
{
    size_t n = 0;
    for (*out = 0; s->len > 0 && column_is_digit(s->ptr[0]) && n < 4; n++) {
        *out = *out * 10 + (unsigned)(s->ptr[0] - '0');
        s->ptr++;
        s->len--;
    }
    return n > 0 && *out <= most;
}

/* <+03> or three or more letters. */
static bool take_abbreviation(struct str *s, struct str *out)
{
    size_t n = 0;
    if (take(s, '<')) {
        while (n < s->len && s->ptr[n] != '>')
            n++;
        if (n == s->len || n == 0)
            return false;
        *out = (struct str){s->ptr, n};
        s->ptr += n + 1;
        s->len -= n + 1;
        return true;
    }
    while (n < s->len && column_is_letter(s->ptr[n]))
        n++;
    *out = (struct str){s->ptr, n};
    s->ptr += n;
    s->len -= n;
    return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_hms(struct str *s, unsigned most_hours, int32_t *seconds)
{
    unsigned h, m = 0, sec = 0;
    bool negative = take(s, '-');
    if (!negative)
        take(s, '+');
    if (!take_unsigned(s, most_hours, &h))
        return false;
    if (take(s, ':') &&
        (!take_unsigned(s, 59, &m) || (take(s, ':') && !take_unsigned(s, 59, &sec))))
        return false;
    int32_t v = (int32_t)(h * 3600 + m * 60 + sec);
    *seconds = negative ? -v : v;
    return true;
}

static bool take_rule_day(struct str *s, struct rule_day *d)
{
    *d = (struct rule_day){.kind = 'n', .time_s = 2 * 3600};
    if (take(s, 'M')) {
        d->kind = 'M';
        if (!take_unsigned(s, 12, &d->month) || !take(s, '.') || !take_unsigned(s, 5, &d->week) ||
            !take(s, '.') || !take_unsigned(s, 6, &d->weekday) || d->month < 1 || d->week < 1)
            return false;
    } else {
        if (take(s, 'J'))
            d->kind = 'J';
        if (!take_unsigned(s, 365, &d->day) || (d->kind == 'J' && d->day < 1))
            return false;
    }
    return !take(s, '/') || take_hms(s, 167, &d->time_s);
}

/* False if the text is no rule. POSIX counts west positive. */
static bool parse_rule(struct str s, struct zone *z)
{
    int32_t west;
    if (!take_abbreviation(&s, &z->standard_abbreviation) || !take_hms(&s, 24, &west))
        return false;
    z->standard = -west;
    z->has_rule = true;
    if (s.len == 0)
        return true;
    if (!take_abbreviation(&s, &z->summer_abbreviation))
        return false;
    z->summer = z->standard + 3600;
    if (s.len > 0 && s.ptr[0] != ',') {
        if (!take_hms(&s, 24, &west))
            return false;
        z->summer = -west;
    }
    z->has_summer = true;
    return take(&s, ',') && take_rule_day(&s, &z->start) && take(&s, ',') &&
           take_rule_day(&s, &z->end) && s.len == 0;
}

/* Local seconds since 1970 at which the rule's day and time come in a year. */
static int64_t rule_seconds(const struct rule_day *d, int64_t year)
{
    int64_t first = column_days_from_civil(year, 1, 1), day;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (d->kind == 'M') {
        int64_t month = column_days_from_civil(year, d->month, 1);
        int64_t next = d->month == 12 ? column_days_from_civil(year + 1, 1, 1)
                                      : column_days_from_civil(year, d->month + 1, 1);
        unsigned weekday = (unsigned)(((month + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        day = month + (d->weekday + 7 - weekday) % 7 + 7 * (d->week - 1);
        if (day >= next) /* week 5 is the last, which may be the fourth */
            day -= 7;
    } else if (d->kind == 'J') {
        day = first + d->day - 1 + (leap && d->day >= 60);
    } else {
        day = first + d->day;
    }
    return day * 86400 + d->time_s;
}

/* ---- which offset, from when, until when ---- */

/* Seconds since 1970; INT64_MIN and INT64_MAX mean for ever. */
struct period {
    int64_t from, to;
    int32_t offset;
    struct str abbreviation;
};

/* The rule's period around t. Changes of three years bound it: those of one year may stand in
 * either order, and at the turn of the year local and UTC years differ. Changes that fall together
 * or overlap (summer all year) give empty periods, which are passed over. */
static struct period rule_period(const struct zone *z, int64_t t)
{
    struct period p = {INT64_MIN, INT64_MAX, z->standard, z->standard_abbreviation};
    if (!z->has_summer)
        return p;
    int64_t day = t / 86400 - (t % 86400 < 0), year;
    unsigned month, of_month;
    column_civil_from_days((int32_t)day, &year, &month, &of_month);
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t starts = rule_seconds(&z->start, y) - z->standard;
        int64_t ends = rule_seconds(&z->end, y) - z->summer;
        bool start_first = starts < ends;
        for (int i = 0; i < 2; i++) {
            bool is_start = (i == 0) == start_first;
            int64_t change = is_start ? starts : ends;
            if (change <= t && change >= p.from) {
                p.from = change;
                p.offset = is_start ? z->summer : z->standard;
                p.abbreviation = is_start ? z->summer_abbreviation : z->standard_abbreviation;
            } else if (change > t && change < p.to) {
                p.to = change;
            }
        }
    }
    return p;
}

static struct period period_at(const struct zone *z, int64_t t)
{
    if (z->count == 0 || t < z->times[0]) {
        if (z->count == 0 && z->has_rule)
            return rule_period(z, t);
        return (struct period){INT64_MIN, z->count ? z->times[0] : INT64_MAX, z->first_offset,
                               z->first_abbreviation};
    }
    size_t low = 0, high = z->count; /* times[low] <= t < times[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->times[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    if (high < z->count)
        return (struct period){z->times[low], z->times[high], z->offsets[low],
                               z->abbreviations[low]};
    if (!z->has_rule)
        return (struct period){z->times[low], INT64_MAX, z->offsets[low], z->abbreviations[low]};
    struct period p = rule_period(z, t); /* Z3 */
    if (p.from < z->times[low])
        p.from = z->times[low];
    return p;
}

static int64_t floor_seconds(int64_t us)
{
    return us / US_PER_SECOND - (us % US_PER_SECOND < 0);
}

static int64_t seconds_to_us(int64_t s)
{
    int64_t us;
    return __builtin_mul_overflow(s, US_PER_SECOND, &us) ? s < 0 ? INT64_MIN : INT64_MAX : us;
}

int32_t zone_period_at(const struct zone *z, int64_t utc_us, int64_t *from_us, int64_t *to_us)
{
    struct period p = {INT64_MIN, INT64_MAX, 0, STR("UTC")};
    if (z)
        p = period_at(z, floor_seconds(utc_us));
    *from_us = seconds_to_us(p.from);
    *to_us = seconds_to_us(p.to);
    return p.offset;
}

int32_t zone_offset_at(const struct zone *z, int64_t utc_us)
{
    return z ? period_at(z, floor_seconds(utc_us)).offset : 0;
}

struct str zone_abbreviation_at(const struct zone *z, int64_t utc_us)
{
    return z ? period_at(z, floor_seconds(utc_us)).abbreviation : STR("UTC");
}

/* Walks the periods that may hold the local time, earliest first, and goes on while the time also,
 * or only, comes in the next one. A time that comes in neither is in the gap between them. */
int64_t zone_to_utc(const struct zone *z, int64_t local_us)
{
    if (!z)
        return local_us;
    int64_t local = floor_seconds(local_us), fraction = local_us % US_PER_SECOND;
    fraction += fraction < 0 ? US_PER_SECOND : 0;
    struct period p = period_at(z, local - MOST_OFFSET); /* Z4 */
    while (p.to != INT64_MAX && p.to <= local + MOST_OFFSET) {
        struct period next = period_at(z, p.to);
        if (local - next.offset < p.to)
            break;
        p = next;
    }
    int64_t utc;
    if (__builtin_mul_overflow(local - p.offset, US_PER_SECOND, &utc) ||
        __builtin_add_overflow(utc, fraction, &utc))
        return local_us; /* at the ends of 64 bits, outside every range that is accepted */
    return utc;
}

struct str zone_name(const struct zone *z)
{
    return z ? z->name : STR("UTC");
}

/* ---- reading TZif ---- */

struct header {
    uint8_t version;
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t load_u32be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t load_i64be(const uint8_t *p)
{
    return (int64_t)((uint64_t)load_u32be(p) << 32 | load_u32be(p + 4));
}

/* RFC 8536, 3.1. Counts are below 2^20, so that sizes made of them do not overflow. */
static status read_header(struct bytes *in, struct header *h, struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, 44, &p, err));
    if (memcmp(p, "TZif", 4) != 0)
        FAIL(err, ST_CORRUPT, "not a time zone file: \"TZif\" expected at offset %zu", in->at - 44);
    h->version = p[4];
    uint32_t *const counts[] = {&h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        *counts[i] = load_u32be(p + 20 + 4 * i);
        if (*counts[i] > MOST_FILE_BYTES)
            FAIL(err, ST_CORRUPT, "time zone file counts %u entries", *counts[i]);
    }
    if (h->type == 0 || h->type > 256)
        FAIL(err, ST_CORRUPT, "time zone file has %u types, expected 1 to 256", h->type);
    return ST_OK;
}

static status skip_block(struct bytes *in, const struct header *h, unsigned time_bytes,
                         struct error *err)
{
    const uint8_t *p;
    uint64_t size = (uint64_t)h->time * (time_bytes + 1) + (uint64_t)h->type * 6 + h->chars +
                    (uint64_t)h->leap * (time_bytes + 4) + h->isstd + h->isut;
    return bytes_take(in, size, &p, err);
}

/* The designation that begins at `at`, as far as its NUL or the end of the block. */
static status read_abbreviation(const uint8_t *chars, uint32_t size, uint8_t at,
                                struct arena *arena, struct str *out, struct error *err)
{
    if (at > size)
        FAIL(err, ST_CORRUPT, "time zone designation %u of %u characters", at, size);
    const char *p = (const char *)chars + at;
    return arena_str(arena, (struct str){p, strnlen(p, size - at)}, out, err);
}

/* RFC 8536, 3.2. Times that repeat an offset are kept: they do no harm. */
static status read_block(struct bytes *in, const struct header *h, unsigned time_bytes,
                         struct arena *arena, struct zone *z, struct error *err)
{
    const uint8_t *times, *types, *infos, *rest;
    TRY(bytes_take(in, (uint64_t)h->time * time_bytes, &times, err));
    TRY(bytes_take(in, h->time, &types, err));
    TRY(bytes_take(in, (uint64_t)h->type * 6, &infos, err));
    TRY(bytes_take(in,
                   (uint64_t)h->chars + (uint64_t)h->leap * (time_bytes + 4) + h->isstd + h->isut,
                   &rest, err));
    if (h->leap > 0)
        FAIL(err, ST_UNSUPPORTED, "time zone files that count leap seconds are not supported");
    int64_t *at;
    int32_t *offsets;
    struct str *names, *abbreviations; /* of each type, of each time */
    TRY(ARENA_ARRAY(arena, struct str, h->type, &names, err));
    TRY(ARENA_ARRAY(arena, struct str, h->time, &abbreviations, err));
    TRY(ARENA_ARRAY(arena, int64_t, h->time, &at, err));
    TRY(ARENA_ARRAY(arena, int32_t, h->time, &offsets, err));
    for (uint32_t i = 0; i < h->type; i++) {
        int32_t offset = (int32_t)load_u32be(infos + 6 * i);
        if (offset < -MOST_OFFSET || offset > MOST_OFFSET)
            FAIL(err, ST_CORRUPT, "time zone offset of %d seconds", offset); /* Z4 */
        TRY(read_abbreviation(rest, h->chars, infos[6 * i + 5], arena, &names[i], err));
    }
    for (uint32_t i = 0; i < h->time; i++) {
        at[i] = time_bytes == 8 ? load_i64be(times + (size_t)i * 8)
                                : (int32_t)load_u32be(times + (size_t)i * 4);
        if (i > 0 && at[i] <= at[i - 1])
            FAIL(err, ST_CORRUPT, "time zone file: change %u is not after the one before", i);
        if (types[i] >= h->type)
            FAIL(err, ST_CORRUPT, "time zone file: change %u has type %u of %u", i, types[i],
                 h->type);
        offsets[i] = (int32_t)load_u32be(infos + (size_t)types[i] * 6);
        abbreviations[i] = names[types[i]];
    }
    z->count = h->time;
    z->times = at;
    z->offsets = offsets;
    z->abbreviations = abbreviations;
    z->first_abbreviation = names[0];
    z->first_offset = (int32_t)load_u32be(infos);
    return ST_OK;
}

/* RFC 8536, 3.3: the rule between two newlines; an empty one says nothing about later times. */
static status read_footer(struct bytes *in, struct arena *arena, struct zone *z, struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, 1, &p, err));
    const uint8_t *end = *p == '\n' ? memchr(p + 1, '\n', bytes_left(in)) : NULL;
    if (!end)
        FAIL(err, ST_CORRUPT, "time zone file: no footer at offset %zu", in->at - 1);
    struct str rule = {(const char *)p + 1, (size_t)(end - p - 1)};
    if (rule.len > 0 && !parse_rule(rule, z))
        FAIL(err, ST_CORRUPT, "time zone file: rule \"%.*s\" is not understood", STR_ARG(rule));
    TRY(arena_str(arena, z->standard_abbreviation, &z->standard_abbreviation, err));
    return arena_str(arena, z->summer_abbreviation, &z->summer_abbreviation, err);
}

status zone_parse(struct arena *arena, struct str name, const uint8_t *data, size_t size,
                  struct zone **out, struct error *err)
{
    struct bytes in = bytes_of(data, size);
    struct header h;
    struct zone *z;
    if (size > MOST_FILE_BYTES)
        FAIL(err, ST_LIMIT, "time zone file of %zu bytes, at most %u are read", size,
             MOST_FILE_BYTES);
    TRY(ARENA_NEW(arena, struct zone, &z, err));
    TRY(arena_str(arena, name, &z->name, err));
    TRY(read_header(&in, &h, err));
    if (h.version < '2') {
        TRY(read_block(&in, &h, 4, arena, z, err));
    } else {
        TRY(skip_block(&in, &h, 4, err));
        TRY(read_header(&in, &h, err));
        TRY(read_block(&in, &h, 8, arena, z, err));
        TRY(read_footer(&in, arena, z, err));
    }
    *out = z;
    return ST_OK;
}

/* ---- names ---- */

/* [UTC|GMT] [+-] h, hh, hhmm, hh:mm, hh:mm:ss; the sign may only be absent behind nothing. */
static bool parse_fixed(struct str s, int32_t *offset)
{
    bool utc = s.len >= 3 && (str_eq_nocase((struct str){s.ptr, 3}, STR("utc")) ||
                              str_eq_nocase((struct str){s.ptr, 3}, STR("gmt")));
    *offset = 0;
    if (utc) {
        s.ptr += 3;
        s.len -= 3;
    }
    if (s.len == 0 || str_eq_nocase(s, STR("z")))
        return utc != (s.len > 0);
    bool west = take(&s, '-');
    if (!west && !take(&s, '+') && utc)
        return false;
    size_t digits = 0;
    while (digits < s.len && column_is_digit(s.ptr[digits]))
        digits++;
    unsigned hhmm;
    if (digits == 4 && s.len == 4 && take_unsigned(&s, 9999, &hhmm)) {
        if (hhmm % 100 > 59)
            return false;
        *offset = (int32_t)(hhmm / 100 * 3600 + hhmm % 100 * 60);
    } else if (digits < 1 || digits > 2 || !take_hms(&s, 15, offset) || s.len > 0) {
        return false;
    }
    *offset = west ? -*offset : *offset;
    return *offset > -16 * 3600 && *offset < 16 * 3600;
}

static bool name_is_safe(struct str name)
{
    if (name.len == 0 || name.len > MOST_NAME || name.ptr[0] == '/')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!column_is_letter(c) && !column_is_digit(c) && !(c && strchr("_+-/", c)))
            return false; /* no point, so no ".." either */
    }
    return true;
}

/* Finds the entry of `folder` that equals `part` but for case; changes `part` to its spelling. */
static bool find_spelling(const char *folder, char *part)
{
    DIR *d = opendir(folder);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        found = str_eq_nocase(str_of(e->d_name), str_of(part));
        if (found)
            memcpy(part, e->d_name, strlen(part)); /* of equal length */
    }
    if (d)
        closedir(d);
    return found;
}

/* Puts the spelling of the file into `path`, whose first `folder_len` bytes are the folder and the
 * rest the name. Names match whatever their case, as in PostgreSQL. */
static bool fix_spelling(char *path, size_t folder_len)
{
    for (char *part = path + folder_len; *part == '/';) {
        char *end = strchr(++part, '/');
        if (end)
            *end = 0;
        part[-1] = 0;
        bool found = find_spelling(path, part);
        part[-1] = '/';
        if (!found)
            return false;
        part += strlen(part);
        if (end)
            *end = '/';
    }
    return true;
}

/* A regular file of at most MOST_FILE_BYTES, read whole; *size is 0 when there is none. */
static status read_file(const char *path, struct arena *arena, uint8_t **data, size_t *size,
                        struct error *err)
{
    *size = 0;
    TRY(arena_alloc(arena, MOST_FILE_BYTES, (void **)data, err));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ST_OK;
    ssize_t got;
    while (*size < MOST_FILE_BYTES && (got = read(fd, *data + *size, MOST_FILE_BYTES - *size)) > 0)
        *size += (size_t)got;
    close(fd);
    return ST_OK;
}

static status fail_name(struct str name, struct error *err)
{
    if (name.len > MOST_NAME)
        name.len = MOST_NAME;
    error_set(err, ST_NOT_FOUND, __FILE__, __LINE__, "time zone \"%.*s\" not recognized",
              STR_ARG(name));
    error_sqlstate(err, "22023");
    return ST_NOT_FOUND;
}

status zone_load(struct arena *arena, struct str name, struct zone **out, struct error *err)
{
    int32_t offset;
    if (parse_fixed(name, &offset)) {
        struct zone *z;
        TRY(ARENA_NEW(arena, struct zone, &z, err));
        TRY(arena_str(arena, offset == 0 ? STR("UTC") : name, &z->name, err));
        z->first_offset = offset;
        z->first_abbreviation = z->name;
        *out = z;
        return ST_OK;
    }
    if (!name_is_safe(name))
        return fail_name(name, err);
    char path[sizeof(ZONE_FOLDER) + 1 + MOST_NAME];
    snprintf(path, sizeof(path), "%s/%.*s", ZONE_FOLDER, STR_ARG(name));
    if (access(path, R_OK) != 0 && !fix_spelling(path, sizeof(ZONE_FOLDER) - 1))
        return fail_name(name, err);

    struct arena scratch;
    uint8_t *data;
    size_t size = 0;
    arena_init(&scratch, arena->account);
    status st = read_file(path, &scratch, &data, &size, err);
    if (st == ST_OK && size == 0)
        st = fail_name(name, err); /* a folder, or not readable */
    if (st == ST_OK)
        st = zone_parse(arena, str_of(path + sizeof(ZONE_FOLDER)), data, size, out, err);
    if (st == ST_CORRUPT)
        error_context(err, "%s", path);
    arena_free(&scratch);
    return st;
}
