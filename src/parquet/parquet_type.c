// SPDX-License-Identifier: Apache-2.0
/* parquet_type.c - a leaf's physical type and annotation -> its column type.
 *
 * LogicalTypes.md says which annotation may stand on which physical type; where both a logical and an
 * old converted type stand, the logical one counts.
 *
 * C1  a leaf either is supported and has a type, or has info.refusal and kind UNKNOWN */
#include "parquet/parquet_read_int.h"

const char *parquet_type_name(int32_t type)
{
    static const char *const names[PARQUET_TYPE_COUNT] = {
        [PARQUET_BOOLEAN] = "BOOLEAN",       [PARQUET_INT32] = "INT32",
        [PARQUET_INT64] = "INT64",           [PARQUET_INT96] = "INT96",
        [PARQUET_FLOAT] = "FLOAT",           [PARQUET_DOUBLE] = "DOUBLE",
        [PARQUET_BYTE_ARRAY] = "BYTE_ARRAY", [PARQUET_FIXED] = "FIXED_LEN_BYTE_ARRAY",
    };
    return type >= 0 && type < PARQUET_TYPE_COUNT ? names[type] : "unknown type";
}

static void refuse(struct parquet_leaf *leaf, const char *why)
{
    leaf->info.refusal = why;
    leaf->info.supported = false;
    leaf->info.type = column_type_of(COLUMN_UNKNOWN);
}

static void accept(struct parquet_leaf *leaf, struct column_type type)
{
    leaf->info.supported = true;
    leaf->info.type = type;
}

/* What the physical type is without an annotation. */
static void plain_type(struct parquet_leaf *leaf)
{
    switch (leaf->stored) {
    case PARQUET_BOOLEAN:
        accept(leaf, column_type_of(COLUMN_BOOLEAN));
        break;
    case PARQUET_INT32:
        accept(leaf, column_type_of(COLUMN_INT));
        break;
    case PARQUET_INT64:
        accept(leaf, column_type_of(COLUMN_BIGINT));
        break;
    case PARQUET_INT96:
        leaf->zone_unknown = true;
        accept(leaf, column_type_of(COLUMN_TIMESTAMPTZ));
        break;
    case PARQUET_FLOAT:
        accept(leaf, column_type_of(COLUMN_REAL));
        break;
    case PARQUET_DOUBLE:
        accept(leaf, column_type_of(COLUMN_DOUBLE));
        break;
    case PARQUET_BYTE_ARRAY:
        accept(leaf, column_type_of(COLUMN_BINARY));
        break;
    default:
        accept(leaf, (struct column_type){.kind = COLUMN_FIXED, .length_bytes = leaf->width});
        break;
    }
}

static void text_type(struct parquet_leaf *leaf)
{
    if (leaf->stored == PARQUET_BYTE_ARRAY)
        accept(leaf, column_type_of(COLUMN_TEXT));
    else
        refuse(leaf, "its text annotation does not fit its physical type");
}

static void decimal_type(struct parquet_leaf *leaf, int32_t precision, int32_t scale)
{
    if (leaf->stored != PARQUET_INT32 && leaf->stored != PARQUET_INT64 &&
        leaf->stored != PARQUET_BYTE_ARRAY && leaf->stored != PARQUET_FIXED)
        refuse(leaf, "its decimal annotation does not fit its physical type");
    else if (precision < 1 || precision > 38)
        refuse(leaf, "its decimal precision is not 1 to 38");
    else if (scale < 0 || scale > precision)
        refuse(leaf, "its decimal scale is negative or above its precision");
    else
        accept(leaf, column_type_decimal((unsigned)precision, (unsigned)scale));
}

static void integer_type(struct parquet_leaf *leaf, int bits, bool is_signed)
{
    enum parquet_type fits = bits == 64 ? PARQUET_INT64 : PARQUET_INT32;
    if ((bits != 8 && bits != 16 && bits != 32 && bits != 64) || leaf->stored != fits) {
        refuse(leaf, "its integer annotation does not fit its physical type");
        return;
    }
    leaf->is_unsigned = !is_signed;
    if (bits == 64)
        accept(leaf, is_signed ? column_type_of(COLUMN_BIGINT) : column_type_decimal(20, 0));
    else
        accept(leaf, column_type_of(bits == 32 && !is_signed ? COLUMN_BIGINT : COLUMN_INT));
    if (leaf->info.type.kind == COLUMN_INT)
        leaf->is_unsigned = false; /* 8 and 16 bits lie in the signed range */
}

static void time_type(struct parquet_leaf *leaf, enum column_kind kind, enum parquet_unit unit)
{
    bool milli_time = kind == COLUMN_TIME && unit == PARQUET_UNIT_MS;
    if (unit == PARQUET_UNIT_NONE)
        refuse(leaf, "its unit of time is unknown");
    else if (leaf->stored != (milli_time ? PARQUET_INT32 : PARQUET_INT64))
        refuse(leaf, "its time annotation does not fit its physical type");
    else
        accept(leaf, column_type_of(kind));
    leaf->unit = unit;
}

static enum parquet_unit unit_of(const struct parquet_time_unit *u)
{
    return PARQUET_HAS(u, TIME_UNIT_MILLIS)   ? PARQUET_UNIT_MS
           : PARQUET_HAS(u, TIME_UNIT_MICROS) ? PARQUET_UNIT_US
           : PARQUET_HAS(u, TIME_UNIT_NANOS)  ? PARQUET_UNIT_NS
                                              : PARQUET_UNIT_NONE;
}

static void date_type(struct parquet_leaf *leaf)
{
    if (leaf->stored == PARQUET_INT32)
        accept(leaf, column_type_of(COLUMN_DATE));
    else
        refuse(leaf, "its date annotation does not fit its physical type");
}

static void uuid_type(struct parquet_leaf *leaf)
{
    if (leaf->stored == PARQUET_FIXED && leaf->width == 16)
        accept(leaf, column_type_of(COLUMN_UUID));
    else
        refuse(leaf, "its UUID annotation does not fit its physical type");
}

/* The number of the union's one member; 0 when there is none that is known. */
static int logical_kind(const struct parquet_logical_type *t)
{
    return t->has ? __builtin_ctz(t->has) : 0;
}

static void logical_type(struct parquet_leaf *leaf, const struct parquet_logical_type *t)
{
    switch (logical_kind(t)) {
    case LOGICAL_STRING:
    case LOGICAL_ENUM:
    case LOGICAL_JSON:
        text_type(leaf);
        break;
    case LOGICAL_DECIMAL:
        decimal_type(leaf, t->decimal.precision, t->decimal.scale);
        break;
    case LOGICAL_DATE:
        date_type(leaf);
        break;
    case LOGICAL_TIME:
        time_type(leaf, COLUMN_TIME, unit_of(&t->time.unit));
        break;
    case LOGICAL_TIMESTAMP:
        time_type(leaf, t->timestamp.is_utc ? COLUMN_TIMESTAMPTZ : COLUMN_TIMESTAMP,
                  unit_of(&t->timestamp.unit));
        break;
    case LOGICAL_INTEGER:
        integer_type(leaf, t->integer.bit_width, t->integer.is_signed);
        break;
    case LOGICAL_BSON:
    case LOGICAL_UNKNOWN: /* only NULLs: any type will do */
        plain_type(leaf);
        break;
    case LOGICAL_UUID:
        uuid_type(leaf);
        break;
    case LOGICAL_FLOAT16:
        refuse(leaf, "FLOAT16 is not supported");
        break;
    case LOGICAL_VARIANT:
        refuse(leaf, "VARIANT is not supported");
        break;
    case LOGICAL_GEOMETRY:
    case LOGICAL_GEOGRAPHY:
        refuse(leaf, "GEOMETRY and GEOGRAPHY are not supported");
        break;
    default:
        refuse(leaf, "its logical type is unknown");
        break;
    }
}

/* LogicalTypes.md, "Backward compatibility": old times are adjusted to UTC. But writers of that age
 * had no other annotation for local ones, so both kinds of timestamp may be asked for. */
static void converted_type(struct parquet_leaf *leaf, const struct parquet_schema_element *e)
{
    switch (e->converted_type) {
    case PARQUET_CONVERTED_UTF8:
    case PARQUET_CONVERTED_ENUM:
    case PARQUET_CONVERTED_JSON:
        text_type(leaf);
        break;
    case PARQUET_CONVERTED_DECIMAL:
        decimal_type(leaf, e->precision, e->scale);
        break;
    case PARQUET_CONVERTED_DATE:
        date_type(leaf);
        break;
    case PARQUET_CONVERTED_TIME_MILLIS:
        time_type(leaf, COLUMN_TIME, PARQUET_UNIT_MS);
        break;
    case PARQUET_CONVERTED_TIME_MICROS:
        time_type(leaf, COLUMN_TIME, PARQUET_UNIT_US);
        break;
    case PARQUET_CONVERTED_TIMESTAMP_MILLIS:
    case PARQUET_CONVERTED_TIMESTAMP_MICROS:
        leaf->zone_unknown = true;
        time_type(leaf, COLUMN_TIMESTAMPTZ,
                  e->converted_type == PARQUET_CONVERTED_TIMESTAMP_MILLIS ? PARQUET_UNIT_MS
                                                                          : PARQUET_UNIT_US);
        break;
    case PARQUET_CONVERTED_BSON:
        plain_type(leaf);
        break;
    case PARQUET_CONVERTED_INTERVAL:
        refuse(leaf, "INTERVAL is not supported");
        break;
    default:
        if (e->converted_type >= PARQUET_CONVERTED_UINT_8 &&
            e->converted_type <= PARQUET_CONVERTED_INT_64) {
            int place = e->converted_type - PARQUET_CONVERTED_UINT_8; /* 4 unsigned, 4 signed */
            integer_type(leaf, 8 << place % 4, place >= 4);
        } else {
            refuse(leaf, "its converted type does not belong on a column");
        }
        break;
    }
}

/* ---- leaves --------------------------------------------------------------------------------- */

static uint32_t stored_width(const struct parquet_schema_element *e)
{
    switch (e->type) {
    case PARQUET_INT32:
    case PARQUET_FLOAT:
        return 4;
    case PARQUET_INT64:
    case PARQUET_DOUBLE:
        return 8;
    case PARQUET_INT96:
        return 12;
    case PARQUET_FIXED:
        return e->type_length > 0 ? (uint32_t)e->type_length : 0;
    default:
        return 0;
    }
}

void parquet_leaf_type(struct parquet_leaf *leaf, const struct parquet_schema_element *e)
{
    leaf->info.physical = parquet_type_name(e->type);
    leaf->info.field_id = PARQUET_HAS(e, SCHEMA_FIELD_ID) && e->field_id > 0 ? e->field_id : 0;
    leaf->info.required = leaf->max_definition == 0;
    leaf->stored = (enum parquet_type)e->type;
    leaf->width = stored_width(e);
    if (e->type < 0 || e->type >= PARQUET_TYPE_COUNT)
        refuse(leaf, "its physical type is unknown");
    else if (e->type == PARQUET_FIXED && leaf->width == 0)
        refuse(leaf, "its values have no length");
    else if (PARQUET_HAS(e, SCHEMA_LOGICAL_TYPE) && e->logical_type.has)
        logical_type(leaf, &e->logical_type);
    else if (PARQUET_HAS(e, SCHEMA_CONVERTED_TYPE))
        converted_type(leaf, e);
    else
        plain_type(leaf);
}
