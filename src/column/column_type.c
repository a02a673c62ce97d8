// SPDX-License-Identifier: Apache-2.0
/* column_type.c - facts about types, the order of values, and names in a schema. */
#include "column/column_type.h"

#include <math.h>
#include <stdio.h>

#define US_PER_DAY INT64_C(86400000000)

enum column_phys column_type_phys(struct column_type t)
{
#define KIND_PHYS(name, text, phys) [COLUMN_##name] = phys,
    static const uint8_t phys_of[] = {COLUMN_KIND_MAP(KIND_PHYS)};
#undef KIND_PHYS
    ASSERT(t.kind < COLUMN_KIND_COUNT);
    if (t.kind == COLUMN_DECIMAL && t.precision <= 18)
        return PHYS_I64;
    return (enum column_phys)phys_of[t.kind];
}

size_t column_phys_bytes(enum column_phys p)
{
    static const uint8_t bytes[] = {
        [PHYS_BOOL] = sizeof(uint8_t),   [PHYS_I32] = sizeof(int32_t),
        [PHYS_I64] = sizeof(int64_t),    [PHYS_F32] = sizeof(float),
        [PHYS_F64] = sizeof(double),     [PHYS_I128] = sizeof(int128),
        [PHYS_STR] = sizeof(struct str), [PHYS_INTERVAL] = sizeof(struct column_interval),
    };
    ASSERT((size_t)p < ARRAY_LEN(bytes));
    return bytes[p];
}

bool column_type_eq(struct column_type a, struct column_type b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == COLUMN_DECIMAL)
        return a.precision == b.precision && a.scale == b.scale;
    return a.kind != COLUMN_FIXED || a.length_bytes == b.length_bytes;
}

bool column_type_is_integer(struct column_type t)
{
    return t.kind == COLUMN_SMALLINT || t.kind == COLUMN_INT || t.kind == COLUMN_BIGINT;
}

bool column_type_is_float(struct column_type t)
{
    return t.kind == COLUMN_REAL || t.kind == COLUMN_DOUBLE;
}

bool column_type_is_number(struct column_type t)
{
    return column_type_is_integer(t) || column_type_is_float(t) || t.kind == COLUMN_DECIMAL;
}

const char *column_type_name(struct column_type t, char out[64])
{
#define KIND_TEXT(name, text, phys) [COLUMN_##name] = text,
    static const char *const names[] = {COLUMN_KIND_MAP(KIND_TEXT)};
#undef KIND_TEXT
    ASSERT(t.kind < COLUMN_KIND_COUNT);
    const char *name = names[t.kind];
    if (t.kind == COLUMN_DECIMAL && t.precision > 0)
        snprintf(out, 64, "%s(%u,%u)", name, t.precision, t.scale);
    else if (t.kind == COLUMN_FIXED)
        snprintf(out, 64, "%s(%u)", name, t.length_bytes);
    else
        snprintf(out, 64, "%s", name);
    return out;
}

/* NaN stands behind everything; signed zeros differ only in the total order. */
static int double_cmp(double a, double b, bool total)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    if (a != b)
        return a < b ? -1 : 1;
    return total ? !!signbit(b) - !!signbit(a) : 0;
}

/* A month counts 30 days, a day 24 hours, as PostgreSQL orders intervals. */
static int128 interval_length_us(struct column_interval i)
{
    return ((int128)i.months * 30 + i.days) * US_PER_DAY + i.us;
}

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

int column_value_cmp(const struct column_value *a, const struct column_value *b, bool total)
{
    ASSERT(!a->null && !b->null && a->type.kind == b->type.kind);
    switch (column_type_phys(a->type)) {
    case PHYS_BOOL:
        return CMP(a->b, b->b);
    case PHYS_I32:
        return CMP(a->i32, b->i32);
    case PHYS_I64:
        return CMP(a->i64, b->i64);
    case PHYS_F32:
        return double_cmp((double)a->f32, (double)b->f32, total);
    case PHYS_F64:
        return double_cmp(a->f64, b->f64, total);
    case PHYS_I128:
        return CMP(a->i128, b->i128);
    case PHYS_STR:
        return str_cmp(a->str, b->str);
    case PHYS_INTERVAL:
        return CMP(interval_length_us(a->interval), interval_length_us(b->interval));
    }
    return 0;
}

status column_value_copy(struct arena *a, const struct column_value *from, struct column_value *to,
                         struct error *err)
{
    struct column_value copy = *from;
    if (!from->null && column_type_phys(from->type) == PHYS_STR)
        TRY(arena_str(a, from->str, &copy.str, err));
    *to = copy;
    return ST_OK;
}

int column_schema_find(const struct column_schema *s, struct str name)
{
    int exact = -1, loose = -1;
    for (size_t i = 0; i < s->count; i++) {
        if (str_eq(s->fields[i].name, name))
            exact = exact == -1 ? (int)i : -2;
        else if (str_eq_nocase(s->fields[i].name, name))
            loose = loose == -1 ? (int)i : -2;
    }
    return exact != -1 ? exact : loose;
}

const struct column_field *column_schema_nearest(const struct column_schema *s, struct str name)
{
    /* A third of the letters may differ, but never all of them. */
    int most = (int)((name.len > 64 ? 64 : name.len) + 2) / 3;
    if (name.len > 0 && most >= (int)name.len)
        most = (int)name.len - 1;
    const struct column_field *best = NULL;
    for (size_t i = 0; i < s->count; i++) {
        int distance = str_distance(s->fields[i].name, name);
        if (distance <= most) {
            best = &s->fields[i];
            most = distance - 1; /* the first of equally near names stays */
        }
    }
    return best;
}
