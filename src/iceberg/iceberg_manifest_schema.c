// SPDX-License-Identifier: Apache-2.0
/* iceberg_manifest_schema.c - the Avro schemas of manifests and manifest lists, versions 2 and 3 (spec
 * "Manifests", "Manifest Lists", appendix A "Avro").
 *
 * Readers go by the ids, and each of these details has broken a reader when another writer got it
 * wrong: primitive types are bare names, required fields no unions, optional ones ["null", T] with
 * a null default, maps with int keys arrays of records marked "map". */
#include "iceberg/iceberg_avro_int.h"

enum shape {
    INT,
    LONG,
    TEXT,
    BYTES,
    FLAG,
    INTS,       /* array; key_id is the element's id */
    LONGS,      /* likewise */
    LONG_PAIRS, /* int -> long: key_id, value_id */
    BYTES_PAIRS,
    RECORDS, /* array of the partition summaries; key_id is the element's id */
    PARTITION
};

struct column {
    const char *name;
    int32_t id;
    bool required;
    enum shape shape;
    int32_t key_id, value_id;
    int32_t since; /* format version; 0: all that are written */
};

/* In the order of Iceberg's Java. */
static const struct column list_columns[] = {
    {"manifest_path", 500, true, TEXT, 0, 0, 0},
    {"manifest_length", 501, true, LONG, 0, 0, 0},
    {"partition_spec_id", 502, true, INT, 0, 0, 0},
    {"content", 517, true, INT, 0, 0, 0},
    {"sequence_number", 515, true, LONG, 0, 0, 0},
    {"min_sequence_number", 516, true, LONG, 0, 0, 0},
    {"added_snapshot_id", 503, true, LONG, 0, 0, 0},
    {"added_files_count", 504, true, INT, 0, 0, 0},
    {"existing_files_count", 505, true, INT, 0, 0, 0},
    {"deleted_files_count", 506, true, INT, 0, 0, 0},
    {"added_rows_count", 512, true, LONG, 0, 0, 0},
    {"existing_rows_count", 513, true, LONG, 0, 0, 0},
    {"deleted_rows_count", 514, true, LONG, 0, 0, 0},
    {"partitions", 507, false, RECORDS, 508, 0, 0},
    {"key_metadata", 519, false, BYTES, 0, 0, 0},
    {"first_row_id", 520, false, LONG, 0, 0, 3},
};

static const struct column summary_columns[] = {
    {"contains_null", 509, true, FLAG, 0, 0, 0},
    {"contains_nan", 518, false, FLAG, 0, 0, 0},
    {"lower_bound", 510, false, BYTES, 0, 0, 0},
    {"upper_bound", 511, false, BYTES, 0, 0, 0},
};

static const struct column entry_columns[] = {
    {"status", 0, true, INT, 0, 0, 0},
    {"snapshot_id", 1, false, LONG, 0, 0, 0},
    {"sequence_number", 3, false, LONG, 0, 0, 0},
    {"file_sequence_number", 4, false, LONG, 0, 0, 0},
};

static const struct column file_columns[] = {
    {"content", 134, true, INT, 0, 0, 0},
    {"file_path", 100, true, TEXT, 0, 0, 0},
    {"file_format", 101, true, TEXT, 0, 0, 0},
    {"partition", 102, true, PARTITION, 0, 0, 0},
    {"record_count", 103, true, LONG, 0, 0, 0},
    {"file_size_in_bytes", 104, true, LONG, 0, 0, 0},
    {"column_sizes", 108, false, LONG_PAIRS, 117, 118, 0},
    {"value_counts", 109, false, LONG_PAIRS, 119, 120, 0},
    {"null_value_counts", 110, false, LONG_PAIRS, 121, 122, 0},
    {"nan_value_counts", 137, false, LONG_PAIRS, 138, 139, 0},
    {"lower_bounds", 125, false, BYTES_PAIRS, 126, 127, 0},
    {"upper_bounds", 128, false, BYTES_PAIRS, 129, 130, 0},
    {"key_metadata", 131, false, BYTES, 0, 0, 0},
    {"split_offsets", 132, false, LONGS, 133, 0, 0},
    {"equality_ids", 135, false, INTS, 136, 0, 0},
    {"sort_order_id", 140, false, INT, 0, 0, 0},
    {"first_row_id", 142, false, LONG, 0, 0, 3},
    {"referenced_data_file", 143, false, TEXT, 0, 0, 0},
    {"content_offset", 144, false, LONG, 0, 0, 3},
    {"content_size_in_bytes", 145, false, LONG, 0, 0, 3},
};

/* What a manifest's partition record is made of. */
struct partition {
    const struct iceberg_spec *spec;
    const struct column_type *types;
};

/* What the columns are written for. */
struct target {
    int32_t version;
    const struct partition *partition; /* NULL in lists */
};

/* ---- the partition's record ---- */

/* Iceberg's Java: letters, digits and '_' stay, a digit in front gets '_', everything else becomes
 * _x and its code in hex. */
static status put_avro_name(struct buffer *out, struct str name, struct error *err)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = (uint8_t)name.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        bool digit = c >= '0' && c <= '9';
        if (digit && i == 0)
            TRY(buffer_append_byte(out, '_', err));
        if (letter || digit)
            TRY(buffer_append_byte(out, c, err));
        else
            TRY(buffer_printf(out, err, "_x%X", c));
    }
    return ST_OK;
}

/* Bytes of the two's complement that holds every number of the precision. */
size_t iceberg_decimal_width(unsigned precision)
{
    uint8_t digits[16];
    return iceberg_decimal_bytes(-wide_pow10(precision) + 1, digits);
}

/* Named types must be unique in an Avro schema; the field's id makes them so. */
static status put_avro_type(struct buffer *out, struct column_type type, int32_t id,
                            struct error *err)
{
    char name[64];
    switch (type.kind) {
    case COLUMN_BOOLEAN:
        return buffer_append_str(out, STR("\"boolean\""), err);
    case COLUMN_INT:
        return buffer_append_str(out, STR("\"int\""), err);
    case COLUMN_DATE:
        return buffer_append_str(out, STR("{\"type\":\"int\",\"logicalType\":\"date\"}"), err);
    case COLUMN_BIGINT:
        return buffer_append_str(out, STR("\"long\""), err);
    case COLUMN_TIME:
        return buffer_append_str(out, STR("{\"type\":\"long\",\"logicalType\":\"time-micros\"}"),
                                 err);
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return buffer_printf(out, err,
                             "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\","
                             "\"adjust-to-utc\":%s}",
                             type.kind == COLUMN_TIMESTAMPTZ ? "true" : "false");
    case COLUMN_REAL:
        return buffer_append_str(out, STR("\"float\""), err);
    case COLUMN_DOUBLE:
        return buffer_append_str(out, STR("\"double\""), err);
    case COLUMN_TEXT:
        return buffer_append_str(out, STR("\"string\""), err);
    case COLUMN_BINARY:
        return buffer_append_str(out, STR("\"bytes\""), err);
    case COLUMN_UUID:
        return buffer_printf(out, err,
                             "{\"type\":\"fixed\",\"name\":\"uuid_fixed_%d\",\"size\":16,"
                             "\"logicalType\":\"uuid\"}",
                             id);
    case COLUMN_FIXED:
        return buffer_printf(out, err, "{\"type\":\"fixed\",\"name\":\"fixed_%d\",\"size\":%u}", id,
                             type.length_bytes);
    case COLUMN_DECIMAL:
        return buffer_printf(out, err,
                             "{\"type\":\"fixed\",\"name\":\"decimal_%d\",\"size\":%zu,"
                             "\"logicalType\":\"decimal\",\"precision\":%u,\"scale\":%u}",
                             id, iceberg_decimal_width(type.precision), type.precision, type.scale);
    default:
        FAIL(err, ST_UNSUPPORTED, "partition values of type %s", column_type_name(type, name));
    }
}

static status put_partition(struct buffer *out, const struct partition *p, struct error *err)
{
    TRY(buffer_append_str(out, STR("{\"type\":\"record\",\"name\":\"r102\",\"fields\":["), err));
    for (size_t i = 0; i < p->spec->count; i++) {
        const struct iceberg_partition_field *f = &p->spec->fields[i];
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(buffer_append_str(out, STR("\"name\":\""), err));
        size_t start = out->len;
        TRY(put_avro_name(out, f->name, err));
        bool same = str_eq((struct str){(char *)out->data + start, out->len - start}, f->name);
        TRY(buffer_append_str(out, STR("\",\"type\":[\"null\","), err));
        TRY_CONTEXT(put_avro_type(out, p->types[i], f->field_id, err), err, "partition field %.*s",
                    STR_ARG(f->name));
        TRY(buffer_append_str(out, STR("],\"default\":null"), err));
        if (!same)
            TRY(jsontext_put_str(out, "iceberg-field-name", f->name, err));
        TRY(jsontext_put_long(out, "field-id", f->field_id, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return buffer_append_str(out, STR("]}"), err);
}

/* ---- the rest ---- */

static status put_columns(struct buffer *out, const struct column *columns, size_t count,
                          const struct target *target, struct error *err);

static status put_pairs(struct buffer *out, const struct column *c, const struct target *target,
                        struct error *err)
{
    const struct column columns[] = {
        {"key", c->key_id, true, INT, 0, 0, 0},
        {"value", c->value_id, true, c->shape == LONG_PAIRS ? LONG : BYTES, 0, 0, 0},
    };
    TRY(buffer_printf(out, err,
                      "{\"type\":\"array\",\"logicalType\":\"map\",\"items\":{\"type\":"
                      "\"record\",\"name\":\"k%d_v%d\",\"fields\":[",
                      c->key_id, c->value_id));
    TRY(put_columns(out, columns, ARRAY_LEN(columns), target, err));
    return buffer_append_str(out, STR("]}}"), err);
}

static status put_summaries(struct buffer *out, const struct column *c, const struct target *target,
                            struct error *err)
{
    TRY(buffer_printf(out, err,
                      "{\"type\":\"array\",\"element-id\":%d,\"items\":{\"type\":\"record\","
                      "\"name\":\"r%d\",\"fields\":[",
                      c->key_id, c->key_id));
    TRY(put_columns(out, summary_columns, ARRAY_LEN(summary_columns), target, err));
    return buffer_append_str(out, STR("]}}"), err);
}

static status put_shape(struct buffer *out, const struct column *c, const struct target *target,
                        struct error *err)
{
    switch (c->shape) {
    case INT:
        return buffer_append_str(out, STR("\"int\""), err);
    case LONG:
        return buffer_append_str(out, STR("\"long\""), err);
    case TEXT:
        return buffer_append_str(out, STR("\"string\""), err);
    case BYTES:
        return buffer_append_str(out, STR("\"bytes\""), err);
    case FLAG:
        return buffer_append_str(out, STR("\"boolean\""), err);
    case INTS:
    case LONGS:
        return buffer_printf(out, err, "{\"type\":\"array\",\"element-id\":%d,\"items\":\"%s\"}",
                             c->key_id, c->shape == INTS ? "int" : "long");
    case LONG_PAIRS:
    case BYTES_PAIRS:
        return put_pairs(out, c, target, err);
    case RECORDS:
        return put_summaries(out, c, target, err);
    case PARTITION:
        break;
    }
    return put_partition(out, target->partition, err);
}

static status put_columns(struct buffer *out, const struct column *columns, size_t count,
                          const struct target *target, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct column *c = &columns[i];
        if (c->since > target->version)
            continue;
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(buffer_printf(out, err, "\"name\":\"%s\",\"type\":%s", c->name,
                          c->required ? "" : "[\"null\","));
        TRY(put_shape(out, c, target, err));
        TRY(buffer_printf(out, err, "%s,\"field-id\":%d}", c->required ? "" : "],\"default\":null",
                          c->id));
    }
    return ST_OK;
}

static status put_record(struct buffer *out, const char *name, struct error *err)
{
    return buffer_printf(out, err, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[", name);
}

status iceberg_entry_schema(struct buffer *out, const struct iceberg_spec *spec,
                            const struct column_type *types, int32_t version, struct error *err)
{
    struct partition partition = {spec, types};
    struct target target = {version, &partition};
    TRY(put_record(out, "manifest_entry", err));
    TRY(put_columns(out, entry_columns, ARRAY_LEN(entry_columns), &target, err));
    TRY(buffer_append_str(out, STR(",{\"name\":\"data_file\",\"type\":"), err));
    TRY(put_record(out, "r2", err));
    TRY(put_columns(out, file_columns, ARRAY_LEN(file_columns), &target, err));
    return buffer_append_str(out, STR("]},\"field-id\":2}]}"), err);
}

status iceberg_list_schema(struct buffer *out, int32_t version, struct error *err)
{
    struct target target = {.version = version};
    TRY(put_record(out, "manifest_file", err));
    TRY(put_columns(out, list_columns, ARRAY_LEN(list_columns), &target, err));
    return buffer_append_str(out, STR("]}"), err);
}
