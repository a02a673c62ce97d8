// SPDX-License-Identifier: Apache-2.0
/* column_type.h - types, values and schemas: the nouns of every module above base.
 *
 * Stored types are Iceberg's primitives; smallint and interval exist in expressions only (smallint
 * is stored as int). Each type has one physical form, the same in spans, values and dictionaries:
 *
 *     PHYS_BOOL     uint8_t, 0 or 1          boolean
 *     PHYS_I32      int32_t                  smallint, int, date (days since 1970-01-01)
 *     PHYS_I64      int64_t                  bigint, time (us of the day), timestamp and
 * timestamptz (us since 1970-01-01), decimal with precision <= 18 PHYS_F32/F64  float, double real,
 * double PHYS_I128     int128, 16-byte aligned  decimal with precision > 18 PHYS_STR      struct
 * str               text (UTF-8), binary, fixed, uuid (16 bytes) PHYS_INTERVAL struct
 * column_interval   interval
 *
 * A decimal's number is the unscaled integer; its scale stands in the type. */
#ifndef COLUMN_TYPE_H
#define COLUMN_TYPE_H

#include "base/arena.h"
#include "base/wide.h"

/* kind, PostgreSQL's name (column_type_name), physical form */
#define COLUMN_KIND_MAP(X)                                                                         \
    X(UNKNOWN, "unknown", PHYS_STR) /* an untyped literal or NULL, before it is resolved */        \
    X(BOOLEAN, "boolean", PHYS_BOOL)                                                               \
    X(SMALLINT, "smallint", PHYS_I32)                                                              \
    X(INT, "integer", PHYS_I32)                                                                    \
    X(BIGINT, "bigint", PHYS_I64)                                                                  \
    X(REAL, "real", PHYS_F32)                                                                      \
    X(DOUBLE, "double precision", PHYS_F64)                                                        \
    X(DECIMAL, "numeric", PHYS_I128)                                                               \
    X(DATE, "date", PHYS_I32)                                                                      \
    X(TIME, "time without time zone", PHYS_I64)                                                    \
    X(TIMESTAMP, "timestamp without time zone", PHYS_I64)                                          \
    X(TIMESTAMPTZ, "timestamp with time zone", PHYS_I64)                                           \
    X(TEXT, "text", PHYS_STR)                                                                      \
    X(UUID, "uuid", PHYS_STR)                                                                      \
    X(BINARY, "bytea", PHYS_STR)                                                                   \
    X(FIXED, "fixed", PHYS_STR)                                                                    \
    X(INTERVAL, "interval", PHYS_INTERVAL)

enum column_phys {
    PHYS_BOOL,
    PHYS_I32,
    PHYS_I64,
    PHYS_F32,
    PHYS_F64,
    PHYS_I128,
    PHYS_STR,
    PHYS_INTERVAL
};

#define COLUMN_KIND_ENUM_(name, text, phys) COLUMN_##name,
enum column_kind { COLUMN_KIND_MAP(COLUMN_KIND_ENUM_) COLUMN_KIND_COUNT };
#undef COLUMN_KIND_ENUM_

struct column_type {
    enum column_kind kind;
    uint8_t precision;     /* DECIMAL: 1 to 38 */
    uint8_t scale;         /* DECIMAL: 0 to precision */
    uint32_t length_bytes; /* FIXED: 1 or more */
};

struct column_interval {
    int32_t months;
    int32_t days;
    int64_t us;
};

struct column_value {
    struct column_type type;
    bool null; /* the union has meaning only when false */
    union {
        uint8_t b;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        int128 i128;
        struct str str; /* borrowed, or in the arena of whoever made the value */
        struct column_interval interval;
    };
};

struct column_field {
    struct str name; /* in the schema's arena */
    struct column_type type;
    int32_t field_id;                /* Iceberg field id; 0 = none */
    bool required;                   /* never NULL */
    struct str doc;                  /* in the schema's arena; may be empty */
    const struct column_value *fill; /* borrowed: for rows that are given no value; NULL = NULL */
};

struct column_schema {
    size_t count;
    struct column_field *fields; /* in the schema's arena */
};

ALWAYS_INLINE struct column_type column_type_of(enum column_kind kind)
{
    return (struct column_type){.kind = kind};
}
ALWAYS_INLINE struct column_type column_type_decimal(unsigned precision, unsigned scale)
{
    return (struct column_type){
        .kind = COLUMN_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale};
}
enum column_phys column_type_phys(struct column_type t);
/* Bytes of one value in its physical form. */
size_t column_phys_bytes(enum column_phys p);
bool column_type_eq(struct column_type a, struct column_type b);
bool column_type_is_integer(struct column_type t); /* smallint, int, bigint */
bool column_type_is_float(struct column_type t);   /* real, double */
bool column_type_is_number(struct column_type t);  /* the above and decimal */
/* PostgreSQL's name with its modifiers: "numeric(10,2)"; out of 64 bytes. Returns out. */
const char *column_type_name(struct column_type t, char out[64]);

/* Total order: -0.0 < +0.0 when `total`, equal otherwise; NaN greatest and equal to itself; text by
 * unsigned bytes; intervals by their length (month = 30 days). Both values not NULL, same type.
 * Group keys and sort keys use total = false; min and max use total = true. */
int column_value_cmp(const struct column_value *a, const struct column_value *b, bool total);
/* Copies a value and the bytes it points at. */
STATUS_MUST_USE status column_value_copy(struct arena *a, const struct column_value *from,
                                         struct column_value *to, struct error *err);

/* Index of the field: exact match first, else the only one that matches when ASCII case is ignored;
 * -1 when absent, -2 when ambiguous. */
int column_schema_find(const struct column_schema *s, struct str name);
/* The field whose name is nearest, for "did you mean"; NULL when nothing is near. */
const struct column_field *column_schema_nearest(const struct column_schema *s, struct str name);

#endif
