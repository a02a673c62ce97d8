// SPDX-License-Identifier: Apache-2.0
/* parquet_write_schema.c - which Parquet type a column is written as.
 *
 * Physical types follow Iceberg's table for Parquet (spec, "Appendix A: Format-specific
 * Requirements"), logical types LogicalTypes.md. The older ConvertedType stands beside the logical
 * type where there is one, also for local times and timestamps, as LogicalTypes.md asks of writers.
 *
 *     boolean BOOLEAN            real FLOAT   double DOUBLE    text BYTE_ARRAY, UTF8
 *     smallint, int INT32        bigint INT64                  binary BYTE_ARRAY
 *     date INT32, DATE           time INT64, us                fixed(n) FIXED(n)
 *     timestamp, timestamptz INT64, us                         uuid FIXED(16), UUID
 *     decimal(p, s)  p <= 9 INT32   p <= 18 INT64   else FIXED of the fewest bytes that hold it */
#include "parquet/parquet_write_int.h"

/* Bytes of the shortest two's complement that holds every decimal of this precision. */
static uint32_t decimal_bytes(unsigned precision)
{
    uint32_t bytes = 1;
    while (bytes < 16 && ((int128)1 << (8 * bytes - 1)) < wide_pow10(precision))
        bytes++;
    return bytes;
}

static void decimal_type(unsigned precision, struct parquet_write_type *t)
{
    t->limit = wide_pow10(precision);
    if (precision <= 9) {
        t->physical = PARQUET_INT32;
        t->form = PARQUET_FORM_32;
        t->width = 4;
        t->narrow = true;
    } else if (precision <= 18) {
        t->physical = PARQUET_INT64;
        t->form = PARQUET_FORM_64;
        t->width = 8;
    } else {
        t->physical = PARQUET_FIXED;
        t->form = PARQUET_FORM_WIDE;
        t->width = decimal_bytes(precision);
    }
}

status parquet_write_type_of(const struct column_field *field, struct parquet_write_type *out,
                             struct error *err)
{
    char name[64];
    *out = (struct parquet_write_type){.type = field->type, .phys = column_type_phys(field->type)};
    switch (field->type.kind) {
    case COLUMN_BOOLEAN:
        out->physical = PARQUET_BOOLEAN;
        out->form = PARQUET_FORM_BOOL;
        out->width = 1;
        return ST_OK;
    case COLUMN_SMALLINT:
    case COLUMN_INT:
    case COLUMN_DATE:
    case COLUMN_REAL:
        out->physical = field->type.kind == COLUMN_REAL ? PARQUET_FLOAT : PARQUET_INT32;
        out->form = PARQUET_FORM_32;
        out->width = 4;
        return ST_OK;
    case COLUMN_BIGINT:
    case COLUMN_TIME:
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
    case COLUMN_DOUBLE:
        out->physical = field->type.kind == COLUMN_DOUBLE ? PARQUET_DOUBLE : PARQUET_INT64;
        out->form = PARQUET_FORM_64;
        out->width = 8;
        return ST_OK;
    case COLUMN_DECIMAL:
        if (field->type.precision < 1 || field->type.precision > 38 ||
            field->type.scale > field->type.precision)
            break;
        decimal_type(field->type.precision, out);
        return ST_OK;
    case COLUMN_TEXT:
    case COLUMN_BINARY:
        out->physical = PARQUET_BYTE_ARRAY;
        out->form = PARQUET_FORM_TEXT;
        return ST_OK;
    case COLUMN_UUID:
    case COLUMN_FIXED:
        out->physical = PARQUET_FIXED;
        out->form = PARQUET_FORM_FIXED;
        out->width = field->type.kind == COLUMN_UUID ? 16 : field->type.length_bytes;
        if (out->width == 0 || out->width > (1 << 20))
            break;
        return ST_OK;
    default:
        break;
    }
    FAIL(err, ST_UNSUPPORTED, "column \"%.*s\": %s cannot be stored in a Parquet file",
         STR_ARG(field->name), column_type_name(field->type, name));
}

static void set_converted(struct parquet_schema_element *e, enum parquet_converted converted)
{
    PARQUET_PUT(e, SCHEMA_CONVERTED_TYPE);
    e->converted_type = converted;
}

static struct parquet_logical_type *set_logical(struct parquet_schema_element *e, int which)
{
    PARQUET_PUT(e, SCHEMA_LOGICAL_TYPE);
    PARQUET_PUT(&e->logical_type, which);
    return &e->logical_type;
}

static void set_time(struct parquet_time_type *t, bool is_utc)
{
    t->is_utc = is_utc;
    PARQUET_PUT(&t->unit, TIME_UNIT_MICROS);
}

static void set_decimal(struct parquet_schema_element *e, struct column_type type)
{
    struct parquet_decimal_type *d = &set_logical(e, LOGICAL_DECIMAL)->decimal;
    d->scale = type.scale;
    d->precision = type.precision;
    set_converted(e, PARQUET_CONVERTED_DECIMAL);
    PARQUET_PUT(e, SCHEMA_SCALE);
    PARQUET_PUT(e, SCHEMA_PRECISION);
    e->scale = type.scale;
    e->precision = type.precision;
}

static void set_annotation(struct parquet_schema_element *e, struct column_type type)
{
    switch (type.kind) {
    case COLUMN_DATE:
        set_logical(e, LOGICAL_DATE);
        set_converted(e, PARQUET_CONVERTED_DATE);
        break;
    case COLUMN_TIME:
        set_time(&set_logical(e, LOGICAL_TIME)->time, false);
        set_converted(e, PARQUET_CONVERTED_TIME_MICROS);
        break;
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        set_time(&set_logical(e, LOGICAL_TIMESTAMP)->timestamp, type.kind == COLUMN_TIMESTAMPTZ);
        set_converted(e, PARQUET_CONVERTED_TIMESTAMP_MICROS);
        break;
    case COLUMN_DECIMAL:
        set_decimal(e, type);
        break;
    case COLUMN_TEXT:
        set_logical(e, LOGICAL_STRING);
        set_converted(e, PARQUET_CONVERTED_UTF8);
        break;
    case COLUMN_UUID:
        set_logical(e, LOGICAL_UUID);
        break;
    default:
        break;
    }
}

void parquet_write_element(const struct column_field *field, const struct parquet_write_type *t,
                           struct parquet_schema_element *out)
{
    *out = (struct parquet_schema_element){.name = field->name,
                                           .type = t->physical,
                                           .repetition = field->required ? PARQUET_REQUIRED
                                                                         : PARQUET_OPTIONAL};
    PARQUET_PUT(out, SCHEMA_TYPE);
    PARQUET_PUT(out, SCHEMA_REPETITION);
    if (t->physical == PARQUET_FIXED) {
        PARQUET_PUT(out, SCHEMA_TYPE_LENGTH);
        out->type_length = (int32_t)t->width;
    }
    if (field->field_id != 0) {
        PARQUET_PUT(out, SCHEMA_FIELD_ID);
        out->field_id = field->field_id;
    }
    set_annotation(out, field->type);
}
