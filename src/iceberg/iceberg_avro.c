// SPDX-License-Identifier: Apache-2.0
/* iceberg_avro.c - what manifests and manifest lists share in reading: which field of an Avro
 * record is which field of Iceberg's (spec "Avro" in appendix A), single cells, partition values.
 *
 * Fields are known by their ids. A file without any id at all is an old or a foreign one and goes
 * by names; a file with some ids goes by ids alone, as in Iceberg's Java. What is not asked for is
 * skipped by its schema. */
#include "iceberg/iceberg_avro_int.h"

static bool has_ids(const struct avro_schema *s)
{
    for (size_t i = 0; s->kind == AVRO_RECORD && i < s->count; i++)
        if (s->fields[i].field_id >= 0 || has_ids(s->fields[i].schema))
            return true;
    for (size_t i = 0; s->branches && i < s->count; i++)
        if (has_ids(s->branches[i]))
            return true;
    return s->element_id >= 0 || s->key_id >= 0;
}

bool iceberg_avro_by_name(const struct avro_schema *root)
{
    return !has_ids(root);
}

status iceberg_avro_plan(const struct avro_schema *record, const struct iceberg_slot *slots,
                         size_t slot_count, bool by_name, struct arena *arena, int **out,
                         struct error *err)
{
    if (record->kind != AVRO_RECORD)
        FAIL(err, ST_CORRUPT, "a record is expected where %s should be", slots[0].name);
    TRY(ARENA_ARRAY(arena, int, record->count, out, err));
    for (size_t i = 0; i < record->count; i++) {
        const struct avro_field *f = &record->fields[i];
        (*out)[i] = -1;
        for (size_t k = 0; k < slot_count; k++) {
            bool same = by_name ? str_eq_z(f->name, slots[k].name) ||
                                      (slots[k].old_name && str_eq_z(f->name, slots[k].old_name))
                                : f->field_id == slots[k].id;
            if (same)
                (*out)[i] = (int)k;
        }
        for (size_t k = 0; k < i && (*out)[i] >= 0; k++)
            if ((*out)[k] == (*out)[i])
                FAIL(err, ST_CORRUPT, "%s stands twice in the avro schema", slots[(*out)[i]].name);
    }
    return ST_OK;
}

status iceberg_avro_cell(const struct avro_schema *s, struct bytes *in, struct iceberg_cell *out,
                         struct error *err)
{
    bool flag;
    *out = (struct iceberg_cell){.kind = CELL_NULL};
    TRY(avro_get_branch(s, in, &s, err));
    switch (s->kind) {
    case AVRO_NULL:
        return ST_OK;
    case AVRO_INT:
    case AVRO_LONG:
        out->kind = CELL_NUMBER;
        TRY(avro_get_long(in, &out->number, err));
        if (s->kind == AVRO_INT && (out->number < INT32_MIN || out->number > INT32_MAX))
            FAIL(err, ST_CORRUPT, "avro int is %lld", (long long)out->number);
        return ST_OK;
    case AVRO_BOOLEAN:
        out->kind = CELL_NUMBER;
        TRY(avro_get_boolean(in, &flag, err));
        out->number = flag;
        return ST_OK;
    case AVRO_STRING:
    case AVRO_BYTES:
        out->kind = CELL_TEXT;
        return avro_get_bytes(in, &out->text, err);
    case AVRO_FIXED:
        out->kind = CELL_TEXT;
        return avro_get_fixed(in, s->size_bytes, &out->text, err);
    default:
        return avro_skip(s, in, err); /* as good as absent: nothing asks for it as a cell */
    }
}

status iceberg_cell_long(const struct iceberg_cell *c, const struct iceberg_slot *slot,
                         int64_t absent, int64_t min, int64_t max, int64_t *out, struct error *err)
{
    *out = absent;
    if (c->kind == CELL_NULL && !slot->required)
        return ST_OK;
    if (c->kind != CELL_NUMBER)
        FAIL(err, ST_CORRUPT, "%s is %s", slot->name,
             c->kind == CELL_NULL ? "missing" : "not a number");
    if (c->number < min || c->number > max)
        FAIL(err, ST_CORRUPT, "%s is %lld", slot->name, (long long)c->number);
    *out = c->number;
    return ST_OK;
}

status iceberg_cell_text(const struct iceberg_cell *c, const struct iceberg_slot *slot,
                         struct arena *arena, struct str *out, struct error *err)
{
    *out = (struct str){0};
    if (c->kind == CELL_NULL && !slot->required)
        return ST_OK;
    if (c->kind != CELL_TEXT)
        FAIL(err, ST_CORRUPT, "%s is %s", slot->name,
             c->kind == CELL_NULL ? "missing" : "not text");
    return arena_str(arena, c->text, out, err);
}

/* ---- partition values ---- */

static struct column_type micros_type(const struct avro_schema *s)
{
    if (str_eq_z(s->logical_type, "timestamp-micros"))
        return column_type_of(s->adjust_to_utc ? COLUMN_TIMESTAMPTZ : COLUMN_TIMESTAMP);
    if (str_eq_z(s->logical_type, "time-micros"))
        return column_type_of(COLUMN_TIME);
    return column_type_of(COLUMN_BIGINT);
}

static status bytes_type(const struct avro_schema *s, struct column_type *out, struct error *err)
{
    if (str_eq_z(s->logical_type, "decimal")) {
        if (s->precision < 1 || s->precision > 38 || s->scale > s->precision)
            FAIL(err, ST_CORRUPT, "avro decimal(%u, %u)", s->precision, s->scale);
        *out = column_type_decimal(s->precision, s->scale);
    } else if (s->kind == AVRO_BYTES) {
        *out = column_type_of(COLUMN_BINARY);
    } else if (str_eq_z(s->logical_type, "uuid") && s->size_bytes == 16) {
        *out = column_type_of(COLUMN_UUID);
    } else {
        *out = (struct column_type){.kind = COLUMN_FIXED, .length_bytes = s->size_bytes};
    }
    return ST_OK;
}

/* The type an Avro value has by itself (appendix A, "Data Type Mappings"). */
static status own_type(const struct avro_schema *s, struct column_type *out, struct error *err)
{
    switch (s->kind) {
    case AVRO_BOOLEAN:
        *out = column_type_of(COLUMN_BOOLEAN);
        return ST_OK;
    case AVRO_INT:
        *out = column_type_of(str_eq_z(s->logical_type, "date") ? COLUMN_DATE : COLUMN_INT);
        return ST_OK;
    case AVRO_LONG:
        *out = micros_type(s);
        return ST_OK;
    case AVRO_FLOAT:
        *out = column_type_of(COLUMN_REAL);
        return ST_OK;
    case AVRO_DOUBLE:
        *out = column_type_of(COLUMN_DOUBLE);
        return ST_OK;
    case AVRO_STRING:
        *out = column_type_of(COLUMN_TEXT);
        return ST_OK;
    case AVRO_BYTES:
    case AVRO_FIXED:
        return bytes_type(s, out, err);
    default:
        FAIL(err, ST_CORRUPT, "a partition value is a %s",
             s->kind == AVRO_RECORD ? "record" : "nested type");
    }
}

/* Avro's fixed-width numbers and text are appendix D's bytes; only integers differ. */
static status read_own(const struct avro_schema *s, struct bytes *in, struct column_type type,
                       struct arena *arena, struct column_value *out, struct error *err)
{
    struct iceberg_cell cell;
    struct str raw;
    *out = (struct column_value){.type = type};
    if (s->kind == AVRO_FLOAT || s->kind == AVRO_DOUBLE) {
        TRY(avro_get_fixed(in, s->kind == AVRO_FLOAT ? 4 : 8, &raw, err));
        return iceberg_value_decode(type, raw, arena, out, err);
    }
    TRY(iceberg_avro_cell(s, in, &cell, err));
    if (cell.kind == CELL_TEXT)
        return iceberg_value_decode(type, cell.text, arena, out, err);
    if (s->kind == AVRO_BOOLEAN)
        out->b = (uint8_t)cell.number;
    else if (s->kind == AVRO_INT)
        out->i32 = (int32_t)cell.number;
    else
        out->i64 = cell.number;
    return ST_OK;
}

/* A decimal of the same scale in the physical form of another precision. */
static bool widen_decimal(struct column_value *v, struct column_type to)
{
    int128 n = iceberg_decimal(v);
    if (v->type.scale != to.scale || n >= wide_pow10(to.precision) ||
        n <= -wide_pow10(to.precision))
        return false;
    if (to.precision <= 18)
        v->i64 = (int64_t)n;
    else
        v->i128 = n;
    return true;
}

/* Type promotion of the source since the manifest was written, logical types that the writer left
 * out, and kinds with the same form. */
static bool convert(struct column_value *v, struct column_type to)
{
    enum column_kind from = v->type.kind;
    enum column_phys a = column_type_phys(v->type), b = column_type_phys(to);
    if (from == COLUMN_DECIMAL || to.kind == COLUMN_DECIMAL) {
        if (from != to.kind || !widen_decimal(v, to))
            return false;
    } else if (from == COLUMN_INT && to.kind == COLUMN_BIGINT) {
        v->i64 = v->i32;
    } else if (from == COLUMN_REAL && to.kind == COLUMN_DOUBLE) {
        v->f64 = (double)v->f32;
    } else if (a == PHYS_STR && b == PHYS_STR) {
        if ((from == COLUMN_TEXT) != (to.kind == COLUMN_TEXT) ||
            (to.kind == COLUMN_UUID && v->str.len != 16) ||
            (to.kind == COLUMN_FIXED && v->str.len != to.length_bytes))
            return false;
    } else if (a != b) {
        return false;
    }
    v->type = to;
    return true;
}

status iceberg_avro_value(const struct avro_schema *s, struct bytes *in, struct column_type type,
                          struct arena *arena, struct column_value *out, struct error *err)
{
    struct column_type own;
    char a[64], b[64];
    TRY(avro_get_branch(s, in, &s, err));
    if (s->kind == AVRO_NULL) {
        *out = (struct column_value){.type = type, .null = true};
        return ST_OK;
    }
    TRY(own_type(s, &own, err));
    TRY(read_own(s, in, own, arena, out, err));
    if (type.kind != COLUMN_UNKNOWN && !convert(out, type))
        FAIL(err, ST_CORRUPT, "a partition value of type %s where %s is expected",
             column_type_name(own, a), column_type_name(type, b));
    return ST_OK;
}
