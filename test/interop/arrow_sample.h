// SPDX-License-Identifier: Apache-2.0
/* arrow_sample.h - a stream with a column of every type and batches of every span kind, for the
 * unit tests and for pyarrow.
 *
 *     batch 0   VALUES, SAMPLE_ROWS rows    row i holds value i
 *     batch 1   CODES, SAMPLE_CODES rows    row i holds value i % SAMPLE_ENTRIES; u16 and u32 codes
 *     batch 2   RUN, SAMPLE_RUN rows        value 7; every third column NULL
 *
 * In batches 0 and 1 row i of column c is NULL when (i + c) % 5 == 0; column 0 is never NULL.
 * test/interop/arrow_judge.py knows the same formulas. */
#ifndef ARROW_SAMPLE_H
#define ARROW_SAMPLE_H

#include "column/column_span.h"

#include <stdio.h>

#define SAMPLE_ROWS    1000
#define SAMPLE_CODES   700
#define SAMPLE_ENTRIES 13
#define SAMPLE_RUN     5

static const struct column_type sample_types[] = {
    {.kind = COLUMN_INT}, /* required */
    {.kind = COLUMN_BOOLEAN},
    {.kind = COLUMN_SMALLINT},
    {.kind = COLUMN_INT},
    {.kind = COLUMN_BIGINT},
    {.kind = COLUMN_REAL},
    {.kind = COLUMN_DOUBLE},
    {.kind = COLUMN_DECIMAL, .precision = 10, .scale = 2},
    {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 5},
    {.kind = COLUMN_DATE},
    {.kind = COLUMN_TIME},
    {.kind = COLUMN_TIMESTAMP},
    {.kind = COLUMN_TIMESTAMPTZ},
    {.kind = COLUMN_TEXT},
    {.kind = COLUMN_BINARY},
    {.kind = COLUMN_UUID},
    {.kind = COLUMN_FIXED, .length_bytes = 3},
    {.kind = COLUMN_INTERVAL},
};
#define SAMPLE_COLUMNS ARRAY_LEN(sample_types)

static inline bool sample_null(int64_t row, size_t column)
{
    return column > 0 && (row + (int64_t)column) % 5 == 0;
}

/* Value i of a type. Text comes from the arena. */
static inline struct column_value sample_value(struct column_type type, int64_t i,
                                               struct arena *arena)
{
    struct column_value v = {.type = type};
    struct str text = {0};
    struct error err;
    status st = ST_OK;
    switch (type.kind) {
    case COLUMN_BOOLEAN:
        v.b = i % 3 == 0;
        break;
    case COLUMN_SMALLINT:
        v.i32 = (int32_t)(i * 57 % 60000) - 30000;
        break;
    case COLUMN_INT:
        v.i32 = (int32_t)(i * 1000003 % 2000000000) - 1000000000;
        break;
    case COLUMN_BIGINT:
        v.i64 = (i - 500) * INT64_C(1000000000000000) + i;
        break;
    case COLUMN_REAL:
        v.f32 = (float)(i - 500) / 8;
        break;
    case COLUMN_DOUBLE:
        v.f64 = (double)(i - 500) / 7;
        break;
    case COLUMN_DECIMAL:
        if (type.precision > 18)
            v.i128 = (i - 500) * wide_pow10(30) + i;
        else
            v.i64 = (i - 500) * 12345;
        break;
    case COLUMN_DATE:
        v.i32 = (int32_t)(i * 13 - 5000);
        break;
    case COLUMN_TIME:
        v.i64 = i * 86399999 % INT64_C(86400000000);
        break;
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        v.i64 = (i - 500) * INT64_C(10000000000000) + i;
        break;
    case COLUMN_TEXT:
        st = arena_printf(arena, &text, &err, "%.*s%lld", (int)(2 * (i % 4)),
                          "\xc3\xa9\xc3\xa9\xc3\xa9", (long long)i);
        break;
    case COLUMN_BINARY:
        st = arena_printf(arena, &text, &err, "%.*s", (int)(i % 3), "\x01\xff");
        break;
    case COLUMN_UUID:
        st = arena_printf(arena, &text, &err, "%016llx", (unsigned long long)i);
        break;
    case COLUMN_FIXED:
        st = arena_printf(arena, &text, &err, "%03d", (int)(i % 1000));
        break;
    case COLUMN_INTERVAL:
        v.interval = (struct column_interval){(int32_t)i - 500, (int32_t)(2 * i), (i - 500) * 1001};
        break;
    default:
        break;
    }
    if (column_type_phys(type) == PHYS_STR)
        v.str = text;
    if (st != ST_OK)
        abort();
    return v;
}

struct sample_stream {
    struct arena arena;
    struct column_schema schema;
    struct column_field fields[SAMPLE_COLUMNS];
    struct column_span spans[SAMPLE_COLUMNS];
    struct column_dictionary dictionaries[SAMPLE_COLUMNS];
    int batch;    /* next */
    int fails_at; /* this batch fails; -1 = none */
    bool closed;
};

static inline void *sample_values(struct sample_stream *s, struct column_type type, int64_t count,
                                  int64_t first)
{
    size_t bytes = column_phys_bytes(column_type_phys(type));
    uint8_t *values;
    if (arena_alloc(&s->arena, bytes * (size_t)count, (void **)&values, NULL) != ST_OK)
        abort();
    for (int64_t i = 0; i < count; i++) {
        struct column_value v = sample_value(type, first + i, &s->arena);
        memcpy(values + (size_t)i * bytes, &v.b, bytes);
    }
    return values;
}

static inline uint64_t *sample_validity(struct sample_stream *s, size_t column, int64_t rows)
{
    uint64_t *words;
    if (column == 0)
        return NULL;
    if (arena_alloc(&s->arena, COLUMN_SPAN_WORDS * 8, (void **)&words, NULL) != ST_OK)
        abort();
    memset(words, 0xFF, COLUMN_SPAN_WORDS * 8); /* bits behind the rows are set on purpose */
    for (int64_t i = 0; i < rows; i++)
        if (sample_null(i, column))
            words[i / 64] &= ~(UINT64_C(1) << (i % 64));
    return words;
}

static inline void sample_codes(struct sample_stream *s, size_t column, struct column_span *span)
{
    bool wide = column % 2;
    uint8_t *codes;
    if (arena_alloc(&s->arena, SAMPLE_CODES * 4, (void **)&codes, NULL) != ST_OK)
        abort();
    for (uint32_t i = 0; i < SAMPLE_CODES; i++) {
        uint32_t code = i % SAMPLE_ENTRIES;
        uint16_t narrow = (uint16_t)code;
        memcpy(codes + i * (wide ? 4 : 2), wide ? (void *)&code : (void *)&narrow, wide ? 4 : 2);
    }
    s->dictionaries[column] = (struct column_dictionary){
        column + 1, SAMPLE_ENTRIES, sample_values(s, sample_types[column], SAMPLE_ENTRIES, 0)};
    *span = (struct column_span){.kind = SPAN_CODES,
                                 .code_bytes = wide ? 4 : 2,
                                 .rows = SAMPLE_CODES,
                                 .valid = sample_validity(s, column, SAMPLE_CODES),
                                 .codes = codes,
                                 .dictionary = &s->dictionaries[column]};
}

static inline status sample_next_batch(void *self, struct column_batch *out, struct error *err)
{
    struct sample_stream *s = self;
    static const int64_t rows[] = {SAMPLE_ROWS, SAMPLE_CODES, SAMPLE_RUN, 0};
    if (s->batch == s->fails_at)
        FAIL_SQL(err, ST_LIMIT, "54000", 42, "batch %d fails as asked", s->batch);
    *out = (struct column_batch){rows[s->batch], SAMPLE_COLUMNS, s->spans};
    for (size_t c = 0; c < SAMPLE_COLUMNS && s->batch < 3; c++) {
        struct column_type type = sample_types[c];
        struct column_span *span = &s->spans[c];
        if (s->batch == 0)
            *span = (struct column_span){.kind = SPAN_VALUES,
                                         .rows = SAMPLE_ROWS,
                                         .valid = sample_validity(s, c, SAMPLE_ROWS),
                                         .values = sample_values(s, type, SAMPLE_ROWS, 0)};
        else if (s->batch == 1)
            sample_codes(s, c, span);
        else
            *span = (struct column_span){.kind = SPAN_RUN,
                                         .run_null = c > 0 && c % 3 == 0,
                                         .rows = SAMPLE_RUN,
                                         .values = sample_values(s, type, 1, 7)};
    }
    s->batch += s->batch < 3;
    return ST_OK;
}

static inline void sample_close(void *self)
{
    struct sample_stream *s = self;
    arena_free(&s->arena);
    s->closed = true;
}

static inline struct column_stream sample_open(struct sample_stream *s)
{
    *s = (struct sample_stream){.fails_at = -1};
    arena_init(&s->arena, NULL);
    for (size_t c = 0; c < SAMPLE_COLUMNS; c++) {
        char name[24];
        snprintf(name, sizeof(name), "%s%zu",
                 c == 13 ? "Gr\xc3\xb6\xc3\x9f"
                           "e"
                         : "c",
                 c);
        s->fields[c] = (struct column_field){.type = sample_types[c], .required = c == 0};
        if (arena_str(&s->arena, str_of(name), &s->fields[c].name, NULL) != ST_OK)
            abort();
    }
    s->schema = (struct column_schema){SAMPLE_COLUMNS, s->fields};
    return (struct column_stream){&s->schema, s, sample_next_batch, sample_close};
}

#endif
