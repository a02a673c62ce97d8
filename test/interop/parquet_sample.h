// SPDX-License-Identifier: Apache-2.0
/* parquet_sample.h - a seeded table with every type Parquet files are written with, handed out as
 * batches of any size and span kind. For the writer's unit tests and the program that other
 * engines judge.
 *
 * The values of a column depend on the seed, its place and the rows before; nothing else. */
#ifndef PARQUET_SAMPLE_H
#define PARQUET_SAMPLE_H

#include "column/column_span.h"
#include "column/column_text.h"

#include <stdio.h>
#include <stdlib.h>

enum sample_how {
    SAMPLE_RANDOM, /* the whole range, extremes included */
    SAMPLE_FEW,    /* a dozen values */
    SAMPLE_SORTED, /* ascending, each value a few times */
    SAMPLE_LATER,  /* a dozen values, then ever new ones: a dictionary that fills up */
};
enum sample_nulls { SAMPLE_REQUIRED, SAMPLE_NO_NULLS, SAMPLE_SOME, SAMPLE_BLOCKS, SAMPLE_ALL };

struct sample_column {
    struct column_type type;
    enum sample_how how;
    enum sample_nulls nulls;
    void *values;  /* owned: physical form, 16-byte aligned */
    uint8_t *null; /* owned: 1 = NULL */
};

struct sample_table {
    struct arena arena;
    struct column_schema schema;
    struct sample_column *columns; /* in <arena> */
    int64_t rows;
};

static inline uint64_t sample_next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* A number whose repetition is what `how` asks for, in [-limit, limit]. */
static inline int128 sample_number(enum sample_how how, int64_t row, uint64_t *state, int128 limit)
{
    uint64_t a = sample_next(state), b = sample_next(state);
    int128 wide = (int128)((uint128)a << 64 | b), v;
    if (how == SAMPLE_SORTED)
        return (row / 7) % (limit + 1);
    if (how == SAMPLE_FEW || (how == SAMPLE_LATER && row < 3000))
        return (int128)(a % 12) * (limit / 13) - limit / 2;
    if (a % 97 == 0)
        return a % 2 ? limit : -limit;
    v = wide % (limit + 1);
    return v;
}

static inline double sample_double(enum sample_how how, int64_t row, uint64_t *state)
{
    static const double odd[] = {0.0, -0.0, 1.0 / 0.0, -1.0 / 0.0, 5e-324, -1e308};
    uint64_t a = sample_next(state);
    if (how != SAMPLE_SORTED && a % 11 == 0)
        return a % 3 ? odd[a / 11 % 6] : __builtin_nan("");
    return (double)sample_number(how, row, state, (int128)1 << 40) / 64.0;
}

static inline struct str sample_text(struct arena *a, struct column_type type, enum sample_how how,
                                     int64_t row, uint64_t *state)
{
    static const char *const parts[] = {
        "a",    "Z", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
        "\x7F", " ", "0",        "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"};
    char text[700] = "";
    size_t len = 0;
    struct error err;
    struct str out;
    if (type.kind == COLUMN_TEXT) {
        uint64_t key = (uint64_t)sample_number(how, row, state, 1000000007),
                 bits = key * 2654435761;
        size_t n = how == SAMPLE_RANDOM && key % 5 == 0 ? key % 150 : key % 9;
        if (how == SAMPLE_SORTED || how == SAMPLE_LATER)
            len = (size_t)snprintf(text, sizeof(text), "row-%010lld", (long long)key);
        for (size_t i = 0; i < n; i++, bits = bits * 6364136223846793005u + 1442695040888963407u) {
            const char *p = parts[bits >> 60 < 10 ? bits >> 60 : (bits >> 60) - 10];
            memcpy(text + len, p, strlen(p));
            len += strlen(p);
        }
    } else {
        uint64_t key = (uint64_t)sample_number(how, row, state, (int128)1 << 62);
        len = type.kind == COLUMN_UUID    ? 16
              : type.kind == COLUMN_FIXED ? type.length_bytes
                                          : key % 90;
        for (size_t i = 0; i < len; i++, key = key * 6364136223846793005u + 1)
            text[i] = (char)(key % 29 < 20 ? 0xFF : key >> 56);
    }
    if (arena_str(a, (struct str){text, len}, &out, &err) != ST_OK)
        abort();
    return out;
}

static inline void sample_fill(struct sample_table *t, struct sample_column *c, uint64_t state)
{
    size_t bytes = column_phys_bytes(column_type_phys(c->type));
    c->values = aligned_alloc(64, (bytes * (size_t)t->rows + 64) / 64 * 64);
    c->null = calloc((size_t)t->rows + 1, 1);
    for (int64_t i = 0; i < t->rows; i++) {
        uint64_t chance = sample_next(&state);
        void *to = (uint8_t *)c->values + (size_t)i * bytes;
        c->null[i] = c->nulls == SAMPLE_ALL || (c->nulls == SAMPLE_SOME && chance % 7 == 0) ||
                     (c->nulls == SAMPLE_BLOCKS && i / 500 % 3 == 1);
        switch (column_type_phys(c->type)) {
        case PHYS_BOOL:
            *(uint8_t *)to = c->how == SAMPLE_SORTED ? i > t->rows / 2 : chance >> 63;
            break;
        case PHYS_I32:
            *(int32_t *)to = (int32_t)sample_number(
                c->how, i, &state, c->type.kind == COLUMN_DATE ? 700000 : INT32_MAX);
            break;
        case PHYS_I64: {
            int128 limit = c->type.kind == COLUMN_DECIMAL  ? wide_pow10(c->type.precision) - 1
                           : c->type.kind == COLUMN_BIGINT ? INT64_MAX
                                                           : (int128)40000000 * 86400 * 1000;
            int64_t v = (int64_t)sample_number(c->how, i, &state, limit);
            if (c->type.kind == COLUMN_TIME)
                v = (int64_t)((uint64_t)v % UINT64_C(86400000000));
            *(int64_t *)to = v;
            break;
        }
        case PHYS_F32:
            *(float *)to = (float)sample_double(c->how, i, &state);
            break;
        case PHYS_F64:
            *(double *)to = sample_double(c->how, i, &state);
            break;
        case PHYS_I128:
            *(int128 *)to = sample_number(c->how, i, &state, wide_pow10(c->type.precision) - 1);
            break;
        default:
            *(struct str *)to = sample_text(&t->arena, c->type, c->how, i, &state);
            break;
        }
        if (c->null[i]) /* C3: defined, and text has no bytes */
            memset(to, 0, bytes);
    }
}

static inline void sample_table_make(struct sample_table *t, int64_t rows, uint64_t seed)
{
    static const struct column_type types[] = {
        {.kind = COLUMN_BOOLEAN},
        {.kind = COLUMN_INT},
        {.kind = COLUMN_BIGINT},
        {.kind = COLUMN_REAL},
        {.kind = COLUMN_DOUBLE},
        {.kind = COLUMN_DECIMAL, .precision = 1, .scale = 1},
        {.kind = COLUMN_DECIMAL, .precision = 9, .scale = 2},
        {.kind = COLUMN_DECIMAL, .precision = 18, .scale = 4},
        {.kind = COLUMN_DECIMAL, .precision = 19, .scale = 0},
        {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 10},
        {.kind = COLUMN_DATE},
        {.kind = COLUMN_TIME},
        {.kind = COLUMN_TIMESTAMP},
        {.kind = COLUMN_TIMESTAMPTZ},
        {.kind = COLUMN_TEXT},
        {.kind = COLUMN_UUID},
        {.kind = COLUMN_FIXED, .length_bytes = 5},
        {.kind = COLUMN_BINARY},
    };
    static const struct {
        enum sample_how how;
        enum sample_nulls nulls;
    } kinds[] = {{SAMPLE_RANDOM, SAMPLE_REQUIRED}, {SAMPLE_RANDOM, SAMPLE_SOME},
                 {SAMPLE_FEW, SAMPLE_REQUIRED},    {SAMPLE_FEW, SAMPLE_BLOCKS},
                 {SAMPLE_SORTED, SAMPLE_SOME},     {SAMPLE_SORTED, SAMPLE_NO_NULLS},
                 {SAMPLE_LATER, SAMPLE_SOME},      {SAMPLE_FEW, SAMPLE_ALL}};
    struct error err;
    size_t n = ARRAY_LEN(types) * ARRAY_LEN(kinds);
    arena_init(&t->arena, NULL);
    t->rows = rows;
    t->schema.count = n;
    if (ARENA_ARRAY(&t->arena, struct column_field, n, &t->schema.fields, &err) != ST_OK ||
        ARENA_ARRAY(&t->arena, struct sample_column, n, &t->columns, &err) != ST_OK)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct sample_column *c = &t->columns[i];
        struct column_field *f = &t->schema.fields[i];
        *c = (struct sample_column){.type = types[i / ARRAY_LEN(kinds)],
                                    .how = kinds[i % ARRAY_LEN(kinds)].how,
                                    .nulls = kinds[i % ARRAY_LEN(kinds)].nulls};
        *f = (struct column_field){.type = c->type,
                                   .field_id = (int32_t)(n - i), /* not the place */
                                   .required = c->nulls == SAMPLE_REQUIRED};
        if (arena_printf(&t->arena, &f->name, &err, "c%03zu", i) != ST_OK)
            abort();
        sample_fill(t, c, seed * 1000003 + i);
    }
}

static inline void sample_table_free(struct sample_table *t)
{
    for (size_t i = 0; i < t->schema.count; i++) {
        free(t->columns[i].values);
        free(t->columns[i].null);
    }
    arena_free(&t->arena);
}

/* Space for one span. */
struct sample_space {
    uint64_t valid[COLUMN_SPAN_WORDS];
    uint32_t codes[COLUMN_SPAN_ROWS];
    struct column_dictionary dictionary;
};

static inline bool sample_is_run(const struct sample_column *c, int64_t from, int64_t rows)
{
    size_t bytes = column_phys_bytes(column_type_phys(c->type));
    const uint8_t *v = c->values;
    for (int64_t i = from; i < from + rows; i++)
        if (c->null[i] != c->null[from] ||
            memcmp(v + (size_t)i * bytes, v + (size_t)from * bytes, bytes) != 0)
            return false;
    return true;
}

/* Rows [from, from + rows) as VALUES, CODES (of a dictionary with one entry a row), or RUN where
 * the rows are equal and `kind` asks for it. */
static inline struct column_span sample_span(const struct sample_column *c, int64_t from,
                                             int64_t rows, enum column_span_kind kind,
                                             uint64_t dictionary_id, int64_t table_rows,
                                             struct sample_space *space)
{
    size_t bytes = column_phys_bytes(column_type_phys(c->type));
    struct column_span s = {.kind = SPAN_VALUES, .rows = rows};
    s.values = (const uint8_t *)c->values + (size_t)from * bytes;
    if (kind == SPAN_RUN && sample_is_run(c, from, rows)) {
        s.kind = SPAN_RUN;
        s.run_null = c->null[from];
        return s;
    }
    memset(space->valid, 0, sizeof(space->valid));
    for (int64_t i = 0; i < rows; i++)
        space->valid[i / 64] |= (uint64_t)!c->null[from + i] << (i % 64);
    s.valid = c->nulls == SAMPLE_REQUIRED || c->nulls == SAMPLE_NO_NULLS ? NULL : space->valid;
    if (kind == SPAN_CODES) {
        uint16_t *narrow = (uint16_t *)space->codes;
        s.kind = SPAN_CODES;
        s.code_bytes = table_rows <= 65536 ? 2 : 4;
        for (int64_t i = 0; i < rows; i++) {
            if (s.code_bytes == 2)
                narrow[i] = (uint16_t)(from + i);
            else
                space->codes[i] = (uint32_t)(from + i);
        }
        space->dictionary =
            (struct column_dictionary){dictionary_id, (uint32_t)table_rows, c->values};
        s.dictionary = &space->dictionary;
        s.codes = space->codes;
        s.values = NULL;
    }
    return s;
}

#endif
