// SPDX-License-Identifier: Apache-2.0
/* column_span.c - looking into spans, cutting and flattening them, and vectors under construction.
 *
 * Invariant numbers are those of column_span.h. */
#include "column/column_span.h"

#include <stdatomic.h>

/* All members of a value's union start at the offset of `b`, so a value is one memcpy. */

struct pair {
    uint64_t low, high; /* any 16-byte value, moved as two words: its array may be 8-aligned */
};

static uint32_t code_at(const struct column_span *s, int64_t i)
{
    return s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
}

/* Process-wide like mem.c's fault switch: ids must differ between sessions that share a cache. */
static _Atomic uint64_t last_dictionary_id;

uint64_t column_dictionary_id(void)
{
    return atomic_fetch_add_explicit(&last_dictionary_id, 1, memory_order_relaxed) + 1;
}

bool column_span_null(const struct column_span *s, int64_t i)
{
    ASSERT(i >= 0 && i < s->rows);
    return s->kind == SPAN_RUN ? s->run_null : !column_bit(s->valid, i);
}

void column_span_value(const struct column_span *s, struct column_type type, int64_t i,
                       struct column_value *out)
{
    *out = (struct column_value){.type = type, .null = column_span_null(s, i)};
    if (out->null)
        return;
    size_t bytes = column_phys_bytes(column_type_phys(type));
    const uint8_t *value = s->values;
    if (s->kind == SPAN_CODES) {
        uint32_t code = code_at(s, i);
        ASSERT(code < s->dictionary->count); /* C4 */
        value = (const uint8_t *)s->dictionary->values + code * bytes;
    } else if (s->kind == SPAN_VALUES) {
        value += (size_t)i * bytes;
    }
    memcpy((uint8_t *)out + offsetof(struct column_value, b), value, bytes);
}

/* Bits [from, from + rows) of `valid`, moved down to bit 0 of `words`. */
static void shift_bits(const uint64_t *valid, int64_t from, int64_t rows, uint64_t *words)
{
    int64_t last = (from + rows - 1) / 64; /* no word behind the last bit is touched */
    unsigned shift = (unsigned)(from % 64);
    for (int64_t to = 0, at = from / 64; to * 64 < rows; to++, at++) {
        words[to] = valid[at] >> shift;
        if (at < last)
            words[to] |= valid[at + 1] << (64 - shift);
    }
}

struct column_span column_span_slice(const struct column_span *s, enum column_phys phys,
                                     int64_t from, int64_t rows, uint64_t *words)
{
    ASSERT(from >= 0 && rows >= 0 && from + rows <= s->rows);
    struct column_span out = *s;
    out.rows = rows;
    if (s->kind == SPAN_RUN)
        return out;
    if (s->kind == SPAN_CODES)
        out.codes = (const uint8_t *)s->codes + (size_t)from * s->code_bytes;
    else
        out.values = (const uint8_t *)s->values + (size_t)from * column_phys_bytes(phys);
    if (s->valid && from % 64 == 0) {
        out.valid = s->valid + from / 64;
    } else if (s->valid && rows > 0) {
        shift_bits(s->valid, from, rows, words);
        out.valid = words;
    }
    return out;
}

#define FILL(type)                                                                                 \
    do {                                                                                           \
        type one = *(const type *)value, *to_ = to;                                                \
        for (int64_t i = 0; i < rows; i++)                                                         \
            to_[i] = one;                                                                          \
    } while (0)

static void fill(void *to, const void *value, size_t bytes, int64_t rows)
{
    switch (bytes) {
    case 1:
        FILL(uint8_t);
        break;
    case 4:
        FILL(uint32_t);
        break;
    case 8:
        FILL(uint64_t);
        break;
    default:
        FILL(struct pair);
        break;
    }
}

#define GATHER(type)                                                                               \
    do {                                                                                           \
        const type *entries = s->dictionary->values;                                               \
        type *to_ = to;                                                                            \
        if (s->code_bytes == 2)                                                                    \
            for (int64_t i = 0; i < s->rows; i++)                                                  \
                to_[i] = entries[((const uint16_t *)s->codes)[i]];                                 \
        else                                                                                       \
            for (int64_t i = 0; i < s->rows; i++)                                                  \
                to_[i] = entries[((const uint32_t *)s->codes)[i]];                                 \
    } while (0)

static void gather(void *to, const struct column_span *s, size_t bytes)
{
    switch (bytes) {
    case 1:
        GATHER(uint8_t);
        break;
    case 4:
        GATHER(uint32_t);
        break;
    case 8:
        GATHER(uint64_t);
        break;
    default:
        GATHER(struct pair);
        break;
    }
}

struct column_span column_span_flatten(const struct column_span *s, enum column_phys phys,
                                       void *values, uint64_t *words)
{
    if (s->kind == SPAN_VALUES)
        return *s;
    ASSERT(s->rows <= COLUMN_SPAN_ROWS);
    size_t bytes = column_phys_bytes(phys);
    struct column_span out = {.kind = SPAN_VALUES, .rows = s->rows, .values = values};
    if (s->kind == SPAN_RUN && !s->run_null) {
        fill(values, s->values, bytes, s->rows);
    } else if (s->kind == SPAN_RUN) {
        memset(values, 0, bytes * (size_t)s->rows); /* C3 */
        memset(words, 0, COLUMN_SPAN_WORDS * sizeof(*words));
        out.valid = words;
    } else {
        out.valid = s->valid;
        if (s->dictionary->count == 0) { /* every row is NULL and its code points nowhere */
            memset(values, 0, bytes * (size_t)s->rows);
            return out;
        }
        gather(values, s, bytes);
        if (phys == PHYS_STR && s->valid) /* C3 */
            for (int64_t i = 0; i < s->rows; i++)
                if (!column_bit(s->valid, i))
                    ((struct str *)values)[i].len = 0;
    }
    return out;
}

status column_vector_init(struct column_vector *v, struct column_type type,
                          struct mem_account *account, struct error *err)
{
    *v = (struct column_vector){.type = type, .phys = column_type_phys(type), .account = account};
    size_t bytes = column_phys_bytes(v->phys) * COLUMN_SPAN_ROWS;
    return mem_alloc_aligned(account, bytes, &v->values, err);
}

void column_vector_free(struct column_vector *v)
{
    if (v->values)
        mem_free(v->account, v->values, column_phys_bytes(v->phys) * COLUMN_SPAN_ROWS);
    *v = (struct column_vector){0};
}

void column_vector_clear(struct column_vector *v)
{
    v->rows = 0;
    v->has_nulls = false;
    memset(v->valid, 0, sizeof(v->valid));
}

void column_vector_append_null(struct column_vector *v)
{
    ASSERT(v->rows < COLUMN_SPAN_ROWS); /* C1 */
    size_t bytes = column_phys_bytes(v->phys);
    memset((uint8_t *)v->values + (size_t)v->rows * bytes, 0, bytes); /* C3 */
    v->valid[v->rows / 64] &= ~(UINT64_C(1) << (v->rows % 64));
    v->has_nulls = true;
    v->rows++;
}

void column_vector_append(struct column_vector *v, const void *value)
{
    ASSERT(v->rows < COLUMN_SPAN_ROWS); /* C1 */
    size_t bytes = column_phys_bytes(v->phys);
    memcpy((uint8_t *)v->values + (size_t)v->rows * bytes, value, bytes);
    v->valid[v->rows / 64] |= UINT64_C(1) << (v->rows % 64);
    v->rows++;
}

void column_vector_append_value(struct column_vector *v, const struct column_value *value)
{
    ASSERT(value->null || value->type.kind == v->type.kind);
    if (value->null)
        column_vector_append_null(v);
    else
        column_vector_append(v, (const uint8_t *)value + offsetof(struct column_value, b));
}

/* Sets `rows` bits from bit `at` on as in `valid`, or all; they were 0. False if one stays 0. */
static bool append_bits(uint64_t *words, int64_t at, const uint64_t *valid, int64_t rows)
{
    bool all = true;
    for (int64_t done = 0; done < rows; done += 64) {
        int64_t left = rows - done, to = (at + done) / 64;
        unsigned shift = (unsigned)((at + done) % 64);
        uint64_t mask = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
        uint64_t bits = valid ? valid[done / 64] & mask : mask;
        all &= bits == mask;
        words[to] |= bits << shift;
        if (shift && left > 64 - (int64_t)shift)
            words[to + 1] |= bits >> (64 - shift);
    }
    return all;
}

void column_vector_append_rows(struct column_vector *v, const struct column_span *s, int64_t from,
                               int64_t rows)
{
    ASSERT(v->rows + rows <= COLUMN_SPAN_ROWS); /* C1 */
    uint64_t words[COLUMN_SPAN_WORDS], none[COLUMN_SPAN_WORDS];
    size_t bytes = column_phys_bytes(v->phys);
    uint8_t *to = (uint8_t *)v->values + (size_t)v->rows * bytes;
    struct column_span cut = column_span_slice(s, v->phys, from, rows, words);
    struct column_span flat = column_span_flatten(&cut, v->phys, to, none);
    if (flat.values != to)
        memcpy(to, flat.values, (size_t)rows * bytes);
    v->has_nulls |= !append_bits(v->valid, v->rows, flat.valid, rows);
    v->rows += rows;
}

struct column_span column_vector_span(const struct column_vector *v)
{
    return (struct column_span){.kind = SPAN_VALUES,
                                .rows = v->rows,
                                .valid = v->has_nulls ? v->valid : NULL,
                                .values = v->values};
}
