// SPDX-License-Identifier: Apache-2.0
/* parquet_thrift.c - the Thrift compact protocol, in and out, driven by shapes.
 *
 *     struct   field... 0x00
 *     field    [id delta 1..15 | type], or [0 | type] and the id as zig-zag
 *     boolean  nothing: the type nibble is 1 (true) or 2 (false); in lists one byte, 1 or 2
 *     i8       the byte;   i16, i32, i64   zig-zag
 *     binary   length (varint), bytes
 *     list     [count 0..14 | type], or [15 | type] and the count (varint); then the items
 *     map      count (varint); if not 0: [key type | value type], then the pairs
 *
 * R1  a list may not claim more items than the rest of the input could hold, each at the shortest
 *     encoding its shape allows; so what is allocated is at most some 50 times the input
 * R2  recursion is bounded: by the shapes where fields are known, by SKIP_DEPTH where not */
#include "parquet/parquet_shape_int.h"

#define SKIP_DEPTH 24

enum wire {
    WIRE_STOP = 0,
    WIRE_TRUE = 1,
    WIRE_FALSE = 2,
    WIRE_I8 = 3,
    WIRE_I16 = 4,
    WIRE_I32 = 5,
    WIRE_I64 = 6,
    WIRE_DOUBLE = 7,
    WIRE_BINARY = 8,
    WIRE_LIST = 9,
    WIRE_SET = 10,
    WIRE_MAP = 11,
    WIRE_STRUCT = 12,
    WIRE_UUID = 13
};

/* The form of list members: struct parquet_i32_list and its like. */
struct any_list {
    size_t count;
    void *items;
};

static const struct {
    uint8_t wire;  /* type nibble; of the items in a list */
    uint8_t bytes; /* of the C member, 0 = see the shape */
} kinds[] = {
    [SHAPE_BOOL] = {WIRE_TRUE, sizeof(bool)},  [SHAPE_I8] = {WIRE_I8, sizeof(int8_t)},
    [SHAPE_I16] = {WIRE_I16, sizeof(int16_t)}, [SHAPE_I32] = {WIRE_I32, sizeof(int32_t)},
    [SHAPE_I64] = {WIRE_I64, sizeof(int64_t)}, [SHAPE_BINARY] = {WIRE_BINARY, sizeof(struct str)},
    [SHAPE_STRUCT] = {WIRE_STRUCT, 0},         [SHAPE_EMPTY] = {WIRE_STRUCT, 0},
    [SHAPE_OPAQUE] = {WIRE_STRUCT, 0},
};

/* ---- reading -------------------------------------------------------------------------------- */

static status read_list_header(struct bytes *in, uint8_t *type, uint64_t *count, struct error *err)
{
    uint8_t head;
    TRY(bytes_u8(in, &head, err));
    *type = head & 0x0F;
    *count = head >> 4;
    if (*count == 15)
        TRY(bytes_uvarint(in, count, err));
    return ST_OK;
}

/* The id of the next field and its type; WIRE_STOP ends the struct. */
static status read_field_header(struct bytes *in, int64_t *id, uint8_t *type, struct error *err)
{
    uint8_t head;
    TRY(bytes_u8(in, &head, err));
    *type = head & 0x0F;
    if (*type == WIRE_STOP)
        return ST_OK;
    if (head >> 4)
        *id += head >> 4;
    else
        TRY(bytes_zigzag(in, id, err));
    if (*id < INT16_MIN || *id > INT16_MAX)
        FAIL(err, ST_CORRUPT, "a field id is out of range at offset %zu", in->at);
    return ST_OK;
}

static status skip_value(struct bytes *in, uint8_t type, bool item, int depth, struct error *err);

static status skip_items(struct bytes *in, uint64_t count, uint8_t type, int depth,
                         struct error *err)
{
    if (count > bytes_left(in))
        FAIL(err, ST_CORRUPT, "a list claims %llu items at offset %zu, with %zu bytes left",
             (unsigned long long)count, in->at, bytes_left(in));
    for (uint64_t i = 0; i < count; i++)
        TRY(skip_value(in, type, true, depth, err));
    return ST_OK;
}

static status skip_map(struct bytes *in, int depth, struct error *err)
{
    uint64_t count;
    uint8_t types;
    TRY(bytes_uvarint(in, &count, err));
    if (count == 0)
        return ST_OK;
    TRY(bytes_u8(in, &types, err));
    if (count > bytes_left(in))
        FAIL(err, ST_CORRUPT, "a map claims %llu pairs at offset %zu, with %zu bytes left",
             (unsigned long long)count, in->at, bytes_left(in));
    for (uint64_t i = 0; i < count; i++) {
        TRY(skip_value(in, types >> 4, true, depth, err));
        TRY(skip_value(in, types & 0x0F, true, depth, err));
    }
    return ST_OK;
}

static status skip_struct(struct bytes *in, int depth, struct error *err)
{
    int64_t id = 0;
    for (;;) {
        uint8_t type;
        TRY(read_field_header(in, &id, &type, err));
        if (type == WIRE_STOP)
            return ST_OK;
        TRY(skip_value(in, type, false, depth, err));
    }
}

static status skip_value(struct bytes *in, uint8_t type, bool item, int depth, struct error *err)
{
    const uint8_t *ignored;
    uint64_t n;
    if (depth >= SKIP_DEPTH)
        FAIL(err, ST_CORRUPT, "structs nest deeper than %d at offset %zu", SKIP_DEPTH, in->at);
    switch (type) {
    case WIRE_TRUE:
    case WIRE_FALSE:
        return item ? bytes_take(in, 1, &ignored, err) : ST_OK;
    case WIRE_I8:
        return bytes_take(in, 1, &ignored, err);
    case WIRE_I16:
    case WIRE_I32:
    case WIRE_I64:
        return bytes_uvarint(in, &n, err);
    case WIRE_DOUBLE:
        return bytes_take(in, 8, &ignored, err);
    case WIRE_UUID:
        return bytes_take(in, 16, &ignored, err);
    case WIRE_BINARY:
        TRY(bytes_uvarint(in, &n, err));
        return bytes_take(in, n, &ignored, err);
    case WIRE_LIST:
    case WIRE_SET:
        TRY(read_list_header(in, &type, &n, err));
        return skip_items(in, n, type, depth + 1, err);
    case WIRE_MAP:
        return skip_map(in, depth + 1, err);
    case WIRE_STRUCT:
        return skip_struct(in, depth + 1, err);
    default:
        FAIL(err, ST_CORRUPT, "no Thrift type has the number %u, at offset %zu", type, in->at);
    }
}

static status read_struct(const struct parquet_shape *shape, struct bytes *in, struct arena *arena,
                          void *out, struct error *err);

static status read_int(struct bytes *in, int64_t min, int64_t max, int64_t *out, struct error *err)
{
    TRY(bytes_zigzag(in, out, err));
    if (*out < min || *out > max)
        FAIL(err, ST_CORRUPT, "an integer is out of range before offset %zu", in->at);
    return ST_OK;
}

/* One value that is not a list. `type` tells true from false where `item` is not set. */
static status read_value(const struct parquet_shape_field *f, struct bytes *in, uint8_t type,
                         bool item, struct arena *arena, void *out, struct error *err)
{
    int64_t v;
    uint64_t n;
    const uint8_t *p;
    switch ((enum parquet_shape_kind)f->kind) {
    case SHAPE_BOOL:
        if (item)
            TRY(bytes_u8(in, &type, err));
        *(bool *)out = type == WIRE_TRUE;
        return ST_OK;
    case SHAPE_I8:
        TRY(bytes_take(in, 1, &p, err));
        *(int8_t *)out = (int8_t)*p;
        return ST_OK;
    case SHAPE_I16:
        TRY(read_int(in, INT16_MIN, INT16_MAX, &v, err));
        *(int16_t *)out = (int16_t)v;
        return ST_OK;
    case SHAPE_I32:
        TRY(read_int(in, INT32_MIN, INT32_MAX, &v, err));
        *(int32_t *)out = (int32_t)v;
        return ST_OK;
    case SHAPE_I64:
        return bytes_zigzag(in, out, err);
    case SHAPE_BINARY:
        TRY(bytes_uvarint(in, &n, err));
        TRY(bytes_take(in, n, &p, err));
        *(struct str *)out = (struct str){(const char *)p, (size_t)n};
        return ST_OK;
    case SHAPE_STRUCT:
        return read_struct(f->shape, in, arena, out, err);
    case SHAPE_EMPTY:
    case SHAPE_OPAQUE:
        return skip_value(in, type, item, 0, err);
    }
    FAIL(err, ST_INTERNAL, "a shape has a field of kind %d", f->kind);
}

static size_t item_bytes(const struct parquet_shape_field *f)
{
    return f->kind == SHAPE_STRUCT ? f->shape->bytes : kinds[f->kind].bytes;
}

static bool wire_fits(uint8_t type, uint8_t kind)
{
    if (kind == SHAPE_OPAQUE)
        return true;
    return type == kinds[kind].wire || (kind == SHAPE_BOOL && type == WIRE_FALSE);
}

static status read_list(const struct parquet_shape_field *f, struct bytes *in, struct arena *arena,
                        struct any_list *out, struct error *err)
{
    uint8_t type;
    uint64_t count;
    TRY(read_list_header(in, &type, &count, err));
    *out = (struct any_list){0, NULL};
    if (count == 0) /* some writers then leave the type 0 */
        return ST_OK;
    if (!wire_fits(type, f->kind))
        FAIL(err, ST_CORRUPT, "the items have the Thrift type %u at offset %zu", type, in->at);
    size_t least = f->kind == SHAPE_STRUCT ? f->shape->min_bytes : 1;
    if (count > bytes_left(in) / least) /* R1 */
        FAIL(err, ST_CORRUPT, "%llu items claimed at offset %zu, with %zu bytes left",
             (unsigned long long)count, in->at, bytes_left(in));
    size_t each = item_bytes(f);
    TRY(arena_array(arena, (size_t)count, each, &out->items, err));
    for (uint64_t i = 0; i < count; i++)
        TRY(read_value(f, in, type, true, arena, (uint8_t *)out->items + i * each, err));
    out->count = (size_t)count;
    return ST_OK;
}

static const struct parquet_shape_field *find_field(const struct parquet_shape *shape, int64_t id)
{
    for (size_t i = 0; i < shape->count && shape->fields[i].id <= id; i++)
        if (shape->fields[i].id == id)
            return &shape->fields[i];
    return NULL;
}

static status read_field(const struct parquet_shape_field *f, struct bytes *in, uint8_t type,
                         struct arena *arena, uint8_t *out, struct error *err)
{
    if (f->list ? type != WIRE_LIST : !wire_fits(type, f->kind))
        FAIL(err, ST_CORRUPT, "it has the Thrift type %u at offset %zu", type, in->at);
    if (f->list)
        return read_list(f, in, arena, (struct any_list *)(void *)(out + f->offset), err);
    return read_value(f, in, type, false, arena, out + f->offset, err);
}

static status read_struct(const struct parquet_shape *shape, struct bytes *in, struct arena *arena,
                          void *out, struct error *err)
{
    uint32_t has = 0;
    int64_t id = 0;
    memset(out, 0, shape->bytes);
    for (;;) {
        uint8_t type;
        TRY(read_field_header(in, &id, &type, err));
        if (type == WIRE_STOP)
            break;
        const struct parquet_shape_field *f = find_field(shape, id);
        if (!f) {
            TRY_CONTEXT(skip_value(in, type, false, 0, err), err, "in %s", shape->name);
            continue;
        }
        TRY_CONTEXT(read_field(f, in, type, arena, out, err), err, "%s of %s", f->name,
                    shape->name);
        has |= UINT32_C(1) << id;
    }
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].required && !(has >> shape->fields[i].id & 1))
            FAIL(err, ST_CORRUPT, "%s of %s is missing before offset %zu", shape->fields[i].name,
                 shape->name, in->at);
    memcpy(out, &has, sizeof(has)); /* every struct starts with it */
    return ST_OK;
}

status parquet_thrift_read(const struct parquet_shape *shape, struct bytes *in, struct arena *arena,
                           void *out, struct error *err)
{
    return read_struct(shape, in, arena, out, err);
}

/* ---- writing -------------------------------------------------------------------------------- */

static status write_uvarint(struct buffer *out, uint64_t v, struct error *err)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    return buffer_append(out, bytes, n, err);
}

static status write_zigzag(struct buffer *out, int64_t v, struct error *err)
{
    return write_uvarint(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63), err);
}

static status write_struct(const struct parquet_shape *shape, const void *from, struct buffer *out,
                           struct error *err);

static status write_value(const struct parquet_shape_field *f, const void *from, bool item,
                          struct buffer *out, struct error *err)
{
    switch ((enum parquet_shape_kind)f->kind) {
    case SHAPE_BOOL: /* outside lists it stands in the field's header */
        return item ? buffer_append_byte(out, *(const bool *)from ? WIRE_TRUE : WIRE_FALSE, err)
                    : ST_OK;
    case SHAPE_I8:
        return buffer_append(out, from, 1, err);
    case SHAPE_I16:
        return write_zigzag(out, *(const int16_t *)from, err);
    case SHAPE_I32:
        return write_zigzag(out, *(const int32_t *)from, err);
    case SHAPE_I64:
        return write_zigzag(out, *(const int64_t *)from, err);
    case SHAPE_BINARY: {
        const struct str *s = from;
        TRY(write_uvarint(out, s->len, err));
        return buffer_append(out, s->ptr, s->len, err);
    }
    case SHAPE_STRUCT:
        return write_struct(f->shape, from, out, err);
    case SHAPE_EMPTY:
        return buffer_append_byte(out, WIRE_STOP, err);
    case SHAPE_OPAQUE:
        break;
    }
    FAIL(err, ST_INTERNAL, "%s cannot be written", f->name);
}

static status write_list(const struct parquet_shape_field *f, const struct any_list *list,
                         struct buffer *out, struct error *err)
{
    uint8_t type = kinds[f->kind].wire;
    size_t each = item_bytes(f);
    if (list->count < 15) {
        TRY(buffer_append_byte(out, (uint8_t)(list->count << 4 | type), err));
    } else {
        TRY(buffer_append_byte(out, 0xF0 | type, err));
        TRY(write_uvarint(out, list->count, err));
    }
    for (size_t i = 0; i < list->count; i++)
        TRY(write_value(f, (const uint8_t *)list->items + i * each, true, out, err));
    return ST_OK;
}

static status write_struct(const struct parquet_shape *shape, const void *from, struct buffer *out,
                           struct error *err)
{
    uint32_t has;
    unsigned last = 0;
    memcpy(&has, from, sizeof(has));
    for (size_t i = 0; i < shape->count; i++) {
        const struct parquet_shape_field *f = &shape->fields[i];
        const void *member = (const uint8_t *)from + f->offset;
        if (!f->required && !(has >> f->id & 1))
            continue;
        uint8_t type = f->list ? WIRE_LIST : kinds[f->kind].wire;
        if (f->kind == SHAPE_BOOL && !f->list && !*(const bool *)member)
            type = WIRE_FALSE;
        /* Ids are below 32 and ascending, so a step above 15 is rare: write it in full then. */
        if (f->id - last <= 15) {
            TRY(buffer_append_byte(out, (uint8_t)((f->id - last) << 4 | type), err));
        } else {
            TRY(buffer_append_byte(out, type, err));
            TRY(write_zigzag(out, f->id, err));
        }
        last = f->id;
        if (f->list)
            TRY(write_list(f, member, out, err));
        else
            TRY(write_value(f, member, false, out, err));
    }
    return buffer_append_byte(out, WIRE_STOP, err);
}

status parquet_thrift_write(const struct parquet_shape *shape, const void *from, struct buffer *out,
                            struct error *err)
{
    return write_struct(shape, from, out, err);
}
