// SPDX-License-Identifier: Apache-2.0
/* csv_infer.c - names and types of a file's columns from its first records.
 *
 * Each column starts with every type possible; each value that is not NULL strikes out those that
 * would not hold it, or not hold all of it: 007 and +49 are text, because a number would lose the
 * zeros or the sign, and so are whole numbers beyond bigint. What is left last in the order below
 * wins.
 *
 *     boolean (true, false) | bigint < double | date < timestamp | timestamptz | text */
#include "csv/csv_int.h"

#include "column/column_text.h"

enum {
    CAN_BOOLEAN = 1,
    CAN_BIGINT = 2,
    CAN_DOUBLE = 4,
    CAN_DATE = 8,
    CAN_TIMESTAMP = 16,
    CAN_TIMESTAMPTZ = 32
};

static unsigned can_be_number(struct str s)
{
    int64_t whole;
    double number;
    size_t sign = s.len > 0 && s.ptr[0] == '-';
    const char *digits = s.ptr + sign;
    size_t left = s.len - sign;
    if (left == 0 || s.ptr[0] == '+' || (unsigned char)s.ptr[0] <= ' ' ||
        (unsigned char)s.ptr[s.len - 1] <= ' ')
        return 0;
    if (left > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
        return 0;
    if (column_text_fast_int64(s.ptr, s.len, &whole))
        return CAN_BIGINT | CAN_DOUBLE;
    struct column_value v;
    if (column_text_parse(column_type_of(COLUMN_BIGINT), s, NULL, NULL, &v, NULL) == ST_OK)
        return CAN_BIGINT | CAN_DOUBLE;
    bool all_digits = true;
    for (size_t i = 0; i < left && all_digits; i++)
        all_digits = digits[i] >= '0' && digits[i] <= '9';
    if (all_digits || column_text_to_double(s, &number, NULL) != ST_OK)
        return 0;
    return CAN_DOUBLE;
}

/* A timestamp with an offset like +02:00 at its end. */
static bool has_offset(struct str s)
{
    struct column_value v;
    int64_t us;
    bool utc;
    size_t at = 19; /* behind the seconds */
    while (at < s.len && s.ptr[at] != '+' && s.ptr[at] != '-')
        at++;
    return at < s.len && column_text_fast_timestamp(s.ptr, at, &us, &utc) && !utc &&
           column_text_parse(column_type_of(COLUMN_TIMESTAMPTZ), s, NULL, NULL, &v, NULL) == ST_OK;
}

static unsigned can_be(struct str s)
{
    int32_t days;
    int64_t us;
    bool utc;
    if (str_eq_nocase(s, STR("true")) || str_eq_nocase(s, STR("false")))
        return CAN_BOOLEAN;
    if (column_text_fast_date(s.ptr, s.len, &days))
        return CAN_DATE | CAN_TIMESTAMP;
    if (column_text_fast_timestamp(s.ptr, s.len, &us, &utc))
        return utc ? CAN_TIMESTAMPTZ : CAN_TIMESTAMP;
    if (s.len > 19 && has_offset(s))
        return CAN_TIMESTAMPTZ;
    return can_be_number(s);
}

static enum column_kind kind_of(unsigned can, bool seen)
{
    static const struct {
        unsigned bit;
        enum column_kind kind;
    } order[] = {{CAN_BOOLEAN, COLUMN_BOOLEAN},     {CAN_BIGINT, COLUMN_BIGINT},
                 {CAN_DOUBLE, COLUMN_DOUBLE},       {CAN_DATE, COLUMN_DATE},
                 {CAN_TIMESTAMP, COLUMN_TIMESTAMP}, {CAN_TIMESTAMPTZ, COLUMN_TIMESTAMPTZ}};
    for (size_t i = 0; seen && i < ARRAY_LEN(order); i++)
        if (can & order[i].bit)
            return order[i].kind;
    return COLUMN_TEXT;
}

struct guess {
    uint8_t can;
    bool seen; /* a value that is not NULL */
};

/* Strikes out types by the first `sample_rows` records; all of them if that is not positive. */
static status sample(struct csv_scanner *s, size_t columns, int64_t sample_rows,
                     struct guess *guesses, struct csv_field *fields, int64_t *lines, size_t most,
                     struct error *err)
{
    for (int64_t done = 0; sample_rows <= 0 || done < sample_rows;) {
        size_t rows, want = most;
        if (sample_rows > 0 && (int64_t)want > sample_rows - done)
            want = (size_t)(sample_rows - done);
        TRY(csv_scanner_records(s, columns, want, fields, lines, &rows, err));
        if (s->bad.rows > 0 && !s->options.skip_bad_rows)
            return csv_scanner_fail(s, err);
        if (rows == 0)
            break;
        for (size_t i = 0; i < rows * columns; i++) {
            struct guess *g = &guesses[i % columns];
            if (csv_field_null(s, &fields[i]))
                continue;
            g->seen = true;
            if (g->can)
                g->can &= (uint8_t)can_be(csv_field_text(s, &fields[i]));
        }
        done += (int64_t)rows;
    }
    return ST_OK;
}

static status infer(struct csv_scanner *s, int64_t sample_rows, struct arena *arena,
                    struct arena *scratch, struct column_schema *out, struct error *err)
{
    size_t columns, most;
    struct str *names;
    struct guess *guesses;
    struct csv_field *fields;
    int64_t *lines;
    TRY(csv_scanner_peek(s, &columns, err));
    if (columns == 0)
        FAIL(err, ST_INVALID, "%.*s: no header and no rows", STR_ARG(s->in.name));
    most = CSV_MOST_FIELDS / columns;
    if (most > COLUMN_SPAN_ROWS)
        most = COLUMN_SPAN_ROWS;
    TRY(ARENA_ARRAY(arena, struct str, columns, &names, err));
    TRY(csv_scanner_names(s, columns, arena, names, err));
    TRY(ARENA_ARRAY(scratch, struct guess, columns, &guesses, err));
    TRY(ARENA_ARRAY(scratch, struct csv_field, most * columns, &fields, err));
    TRY(ARENA_ARRAY(scratch, int64_t, most, &lines, err));
    for (size_t i = 0; i < columns; i++)
        guesses[i] = (struct guess){.can = 0xff};
    TRY(sample(s, columns, sample_rows, guesses, fields, lines, most, err));
    TRY(ARENA_ARRAY(arena, struct column_field, columns, &out->fields, err));
    out->count = columns;
    for (size_t i = 0; i < columns; i++)
        out->fields[i] = (struct column_field){
            .name = names[i], .type = column_type_of(kind_of(guesses[i].can, guesses[i].seen))};
    return ST_OK;
}

status csv_infer(const struct csv_input *in, const struct csv_options *o, int64_t sample_rows,
                 struct arena *arena, struct mem_account *account, struct column_schema *out,
                 struct error *err)
{
    struct csv_scanner s;
    struct arena scratch;
    struct column_schema found = {0};
    arena_init(&scratch, account);
    status st = csv_scanner_init(&s, in, o, account, err);
    if (st == ST_OK)
        st = infer(&s, sample_rows, arena, &scratch, &found, err);
    if (st == ST_OK)
        *out = found;
    csv_scanner_free(&s);
    arena_free(&scratch);
    return st;
}
