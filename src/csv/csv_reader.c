// SPDX-License-Identifier: Apache-2.0
/* csv_reader.c - fields to values: one batch is cut into fields, then converted column by column.
 *
 *     fields  [row 0: f f f ...][row 1: f f f ...]    as the file has them
 *                    |  one loop per wanted column and type
 *     vectors [v v v ...] of each schema column, text pointing into the scanner's window
 *
 * Each loop tries a fast form of its type and asks column_text_parse only where that declines.
 *
 * R1  a bad value marks its row; rows marked are taken out of all vectors at the end of the batch
 * R2  where bad rows are not skipped, the earliest row's first bad column is the one reported */
#include "csv/csv_int.h"

#include "column/column_text.h"

struct reader_column {
    int file_column; /* index in the record; -1 = not in the file, always NULL */
    struct column_vector vector;
};

struct csv_reader {
    struct csv_scanner scanner;
    struct mem_account *account; /* borrowed */
    struct arena arena;          /* names, columns, spans: for the reader's life */
    struct arena batch;          /* bytes of uuid and binary values */
    struct str *names;           /* in <arena>: of the file's columns */
    size_t file_columns;
    size_t most_rows;        /* of a batch */
    struct csv_field *field; /* owned; most_rows * file_columns */
    int64_t *lines;          /* owned; of the batch's records */
    size_t columns;          /* of the schema */
    struct reader_column *column;
    struct column_span *spans;
    size_t rows;                     /* of this batch, bad ones included */
    uint64_t bad[COLUMN_SPAN_WORDS]; /* R1 */
    bool any_bad;
};

/* ---- one column ---- */

/* Notes that a value is bad and keeps its place in the vector defined. */
static void bad_value(struct csv_reader *r, size_t row, int file_column, const struct error *why)
{
    if (!(r->bad[row / 64] >> (row % 64) & 1))
        csv_scanner_bad(&r->scanner, r->lines[row], r->names[file_column], why);
    r->bad[row / 64] |= UINT64_C(1) << (row % 64);
    r->any_bad = true;
}

/* The full way for one value. Failing to have memory is the only failure. */
static status convert_slowly(struct csv_reader *r, struct reader_column *c, size_t row,
                             struct str text, void *to, struct error *err)
{
    struct error why;
    struct column_value v;
    size_t bytes = column_phys_bytes(c->vector.phys);
    error_init(&why);
    status st =
        column_text_parse(c->vector.type, text, r->scanner.options.zone, &r->batch, &v, &why);
    if (st == ST_OK) {
        memcpy(to, (uint8_t *)&v + offsetof(struct column_value, b), bytes);
        return ST_OK;
    }
    memset(to, 0, bytes);
    if (st == ST_OOM || st == ST_LIMIT || st == ST_INTERNAL) {
        if (err)
            *err = why;
        return st;
    }
    bad_value(r, row, c->file_column, &why);
    return ST_OK;
}

/* The loop of every type: `fast` is a constant at each use, so it is inlined. */
ALWAYS_INLINE status convert(struct csv_reader *r, struct reader_column *c, size_t bytes,
                             bool (*fast)(const struct csv_scanner *s, struct column_type type,
                                          struct str text, void *to),
                             struct error *err)
{
    struct column_vector *v = &c->vector;
    struct csv_field *f = r->field + c->file_column;
    uint8_t *to = v->values;
    for (size_t row = 0; row < r->rows; row++, f += r->file_columns, to += bytes) {
        if (csv_field_null(&r->scanner, f)) {
            memset(to, 0, bytes);
            v->valid[row / 64] &= ~(UINT64_C(1) << (row % 64));
            v->has_nulls = true;
            continue;
        }
        struct str text = csv_field_text(&r->scanner, f);
        if (!fast(&r->scanner, v->type, text, to))
            TRY(convert_slowly(r, c, row, text, to, err));
    }
    return ST_OK;
}

/* The fast forms: false leaves the text to convert_slowly. */

static bool fast_none(const struct csv_scanner *s, struct column_type type, struct str text,
                      void *to)
{
    return false;
}

static bool fast_bigint(const struct csv_scanner *s, struct column_type type, struct str text,
                        void *to)
{
    return column_text_fast_int64(text.ptr, text.len, to);
}

static bool fast_int(const struct csv_scanner *s, struct column_type type, struct str text,
                     void *to)
{
    int64_t v, most = type.kind == COLUMN_SMALLINT ? INT16_MAX : INT32_MAX;
    if (!column_text_fast_int64(text.ptr, text.len, &v) || v > most || v < -most)
        return false;
    *(int32_t *)to = (int32_t)v;
    return true;
}

static bool fast_double(const struct csv_scanner *s, struct column_type type, struct str text,
                        void *to)
{
    return column_text_fast_double(text.ptr, text.len, to);
}

static bool fast_decimal(const struct csv_scanner *s, struct column_type type, struct str text,
                         void *to)
{
    return column_text_fast_decimal(text.ptr, text.len, type, to);
}

static bool fast_date(const struct csv_scanner *s, struct column_type type, struct str text,
                      void *to)
{
    return column_text_fast_date(text.ptr, text.len, to);
}

static bool fast_timestamp(const struct csv_scanner *s, struct column_type type, struct str text,
                           void *to)
{
    bool utc;
    if (!column_text_fast_timestamp(text.ptr, text.len, to, &utc))
        return false;
    return utc || type.kind == COLUMN_TIMESTAMP || !s->options.zone;
}

static bool fast_boolean(const struct csv_scanner *s, struct column_type type, struct str text,
                         void *to)
{
    uint8_t *v = to;
    *v = str_eq_z(text, "true");
    return *v || str_eq_z(text, "false");
}

/* Text stays in the window. */
static bool fast_text(const struct csv_scanner *s, struct column_type type, struct str text,
                      void *to)
{
    *(struct str *)to = text;
    return s->plain || str_is_utf8(text);
}

static status convert_column(struct csv_reader *r, struct reader_column *c, struct error *err)
{
    column_vector_clear(&c->vector);
    memset(c->vector.valid, 0xff, sizeof(c->vector.valid));
    switch (c->vector.type.kind) {
    case COLUMN_SMALLINT:
    case COLUMN_INT:
        return convert(r, c, sizeof(int32_t), fast_int, err);
    case COLUMN_BIGINT:
        return convert(r, c, sizeof(int64_t), fast_bigint, err);
    case COLUMN_DOUBLE:
        return convert(r, c, sizeof(double), fast_double, err);
    case COLUMN_DATE:
        return convert(r, c, sizeof(int32_t), fast_date, err);
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return convert(r, c, sizeof(int64_t), fast_timestamp, err);
    case COLUMN_BOOLEAN:
        return convert(r, c, sizeof(uint8_t), fast_boolean, err);
    case COLUMN_TEXT:
    case COLUMN_UNKNOWN:
        return convert(r, c, sizeof(struct str), fast_text, err);
    case COLUMN_DECIMAL:
        if (c->vector.phys == PHYS_I64)
            return convert(r, c, sizeof(int64_t), fast_decimal, err);
        return convert(r, c, sizeof(int128), fast_none, err);
    default:
        return convert(r, c, column_phys_bytes(c->vector.phys), fast_none, err);
    }
}

/* ---- one batch ---- */

/* R1: moves the values of good rows together. */
static void drop_bad_rows(struct csv_reader *r, struct column_vector *v)
{
    size_t bytes = column_phys_bytes(v->phys), to = 0;
    uint8_t *values = v->values;
    for (size_t row = 0; row < r->rows; row++) {
        if (r->bad[row / 64] >> (row % 64) & 1)
            continue;
        memmove(values + to * bytes, values + row * bytes, bytes);
        uint64_t bit = UINT64_C(1) << (to % 64);
        if (column_bit(v->valid, (int64_t)row))
            v->valid[to / 64] |= bit;
        else
            v->valid[to / 64] &= ~bit;
        to++;
    }
    v->rows = (int64_t)to;
}

static size_t count_bad(const struct csv_reader *r)
{
    size_t n = 0;
    for (size_t i = 0; i < COLUMN_SPAN_WORDS; i++)
        n += (size_t)__builtin_popcountll(r->bad[i]);
    return n;
}

/* Reads and converts one batch; *rows of it are good. */
static status read_batch(struct csv_reader *r, int64_t *rows, struct error *err)
{
    struct csv_scanner *s = &r->scanner;
    arena_reset(&r->batch);
    memset(r->bad, 0, sizeof(r->bad));
    r->any_bad = false;
    TRY(csv_scanner_records(s, r->file_columns, r->most_rows, r->field, r->lines, &r->rows, err));
    for (size_t i = 0; i < r->columns; i++)
        if (r->column[i].file_column >= 0)
            TRY(convert_column(r, &r->column[i], err));
    if (s->bad.rows > 0 && !s->options.skip_bad_rows)
        return csv_scanner_fail(s, err); /* R2 */
    *rows = (int64_t)(r->rows - count_bad(r));
    for (size_t i = 0; i < r->columns; i++) {
        struct column_vector *v = &r->column[i].vector;
        if (r->column[i].file_column < 0) {
            r->spans[i] = (struct column_span){.kind = SPAN_RUN, .run_null = true, .rows = *rows};
            continue;
        }
        v->rows = (int64_t)r->rows;
        if (r->any_bad)
            drop_bad_rows(r, v);
        r->spans[i] = column_vector_span(v);
    }
    return ST_OK;
}

status csv_reader_next(struct csv_reader *r, struct column_batch *out, struct error *err)
{
    int64_t rows = 0;
    *out = (struct column_batch){0};
    do
        TRY(read_batch(r, &rows, err));
    while (rows == 0 && r->rows > 0); /* all of them were bad */
    *out = (struct column_batch){.rows = rows, .columns = r->columns, .spans = r->spans};
    return ST_OK;
}

/* ---- opening ---- */

static status map_columns(struct csv_reader *r, const struct column_schema *schema,
                          struct error *err)
{
    struct csv_scanner *s = &r->scanner;
    struct column_field *fields;
    TRY(ARENA_ARRAY(&r->arena, struct column_field, r->file_columns, &fields, err));
    for (size_t i = 0; i < r->file_columns; i++)
        fields[i] = (struct column_field){.name = r->names[i]};
    struct column_schema file = {r->file_columns, fields};
    for (size_t i = 0; i < schema->count; i++) {
        struct reader_column *c = &r->column[i];
        struct str name = schema->fields[i].name;
        c->file_column = s->options.header ? column_schema_find(&file, name) : (int)i;
        if (c->file_column == -2)
            FAIL_SQL(err, ST_INVALID, "42702", 0, "%.*s: several columns are named like \"%.*s\"",
                     STR_ARG(s->in.name), STR_ARG(name));
        if (c->file_column >= 0)
            TRY(column_vector_init(&c->vector, schema->fields[i].type, r->account, err));
    }
    return ST_OK;
}

static status open_reader(struct csv_reader *r, const struct csv_input *in,
                          const struct csv_options *o, const struct column_schema *schema,
                          struct error *err)
{
    TRY(csv_scanner_init(&r->scanner, in, o, r->account, err));
    r->file_columns = schema->count;
    if (o->header)
        TRY(csv_scanner_peek(&r->scanner, &r->file_columns, err));
    if (r->file_columns == 0 || r->file_columns > CSV_MOST_COLUMNS)
        FAIL(err, ST_INVALID, "%.*s: %s", STR_ARG(in->name),
             r->file_columns == 0 ? "no header and no rows" : "too many columns");
    TRY(ARENA_ARRAY(&r->arena, struct str, r->file_columns, &r->names, err));
    TRY(csv_scanner_names(&r->scanner, r->file_columns, &r->arena, r->names, err));
    if (!o->header)
        for (size_t i = 0; i < schema->count; i++) /* messages name what the caller knows */
            TRY(arena_str(&r->arena, schema->fields[i].name, &r->names[i], err));
    r->columns = schema->count;
    TRY(ARENA_ARRAY(&r->arena, struct reader_column, r->columns, &r->column, err));
    TRY(ARENA_ARRAY(&r->arena, struct column_span, r->columns, &r->spans, err));
    r->most_rows = CSV_MOST_FIELDS / r->file_columns;
    if (r->most_rows > COLUMN_SPAN_ROWS)
        r->most_rows = COLUMN_SPAN_ROWS;
    TRY(mem_alloc(r->account, r->most_rows * r->file_columns * sizeof(*r->field),
                  (void **)&r->field, err));
    TRY(mem_alloc(r->account, r->most_rows * sizeof(*r->lines), (void **)&r->lines, err));
    return map_columns(r, schema, err);
}

status csv_reader_create(const struct csv_input *in, const struct csv_options *o,
                         const struct column_schema *schema, struct mem_account *account,
                         struct csv_reader **out, struct error *err)
{
    struct csv_reader *r;
    TRY(mem_calloc(account, sizeof(*r), (void **)&r, err));
    r->account = account;
    arena_init(&r->arena, account);
    arena_init(&r->batch, account);
    status st = open_reader(r, in, o, schema, err);
    if (st == ST_OK)
        *out = r;
    else
        csv_reader_free(r);
    return st;
}

void csv_reader_free(struct csv_reader *r)
{
    if (!r)
        return;
    for (size_t i = 0; r->column && i < r->columns; i++)
        column_vector_free(&r->column[i].vector);
    if (r->field)
        mem_free(r->account, r->field, r->most_rows * r->file_columns * sizeof(*r->field));
    if (r->lines)
        mem_free(r->account, r->lines, r->most_rows * sizeof(*r->lines));
    csv_scanner_free(&r->scanner);
    arena_free(&r->batch);
    arena_free(&r->arena);
    mem_free(r->account, r, sizeof(*r));
}

int64_t csv_reader_bad_rows(const struct csv_reader *r)
{
    return r->scanner.bad.rows;
}

const char *csv_reader_first_bad(const struct csv_reader *r)
{
    return r->scanner.bad.line > 0 ? r->scanner.bad.first.msg : "";
}
