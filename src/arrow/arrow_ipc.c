// SPDX-License-Identifier: Apache-2.0
/* arrow_ipc.c - the IPC streaming format: encapsulated messages one after the other.
 *
 *     FFFFFFFF | metadata bytes i32 | metadata: a flatbuffer Message | body
 *     schema message, record batch messages, then FFFFFFFF 00000000
 *
 * Each part is a multiple of 8 bytes; a batch's body holds the buffers of its columns in order,
 * each padded to 8. Field numbers below are the places in the .fbs files of the format's
 * specification:
 * https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
#include "arrow/arrow_int.h"

#define IPC_CONTINUE 0xFFFFFFFFu
#define IPC_V5       4 /* MetadataVersion */

enum { MESSAGE_VERSION, MESSAGE_HEADER_TYPE, MESSAGE_HEADER, MESSAGE_BODY_LENGTH };
enum { HEADER_SCHEMA = 1, HEADER_RECORD_BATCH = 3 };
enum { SCHEMA_ENDIANNESS, SCHEMA_FIELDS };
enum {
    FIELD_NAME,
    FIELD_NULLABLE,
    FIELD_TYPE_TYPE,
    FIELD_TYPE,
    FIELD_DICTIONARY,
    FIELD_CHILDREN,
    FIELD_METADATA
};
enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS };
enum {
    TYPE_INT = 2,
    TYPE_FLOAT,
    TYPE_BINARY,
    TYPE_UTF8,
    TYPE_BOOL,
    TYPE_DECIMAL,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_TIMESTAMP,
    TYPE_INTERVAL,
    TYPE_FIXED = 15
};

/* ---- the schema ------------------------------------------------------------------------------ */

/* A type is a union: its number and a table of up to three integers (field, value, bytes). */
struct ipc_type {
    int number;
    struct {
        int64_t value;
        size_t bytes; /* 0 = absent */
    } fields[3];
};

static struct ipc_type ipc_type_of(struct column_type type)
{
    static const struct ipc_type types[] = {
        [COLUMN_UNKNOWN] = {TYPE_UTF8, {{0}}},
        [COLUMN_BOOLEAN] = {TYPE_BOOL, {{0}}},
        [COLUMN_SMALLINT] = {TYPE_INT, {{16, 4}, {1, 1}}}, /* bitWidth, is_signed */
        [COLUMN_INT] = {TYPE_INT, {{32, 4}, {1, 1}}},
        [COLUMN_BIGINT] = {TYPE_INT, {{64, 4}, {1, 1}}},
        [COLUMN_REAL] = {TYPE_FLOAT, {{1, 2}}}, /* precision: SINGLE, DOUBLE */
        [COLUMN_DOUBLE] = {TYPE_FLOAT, {{2, 2}}},
        [COLUMN_DECIMAL] = {TYPE_DECIMAL, {{0, 4}, {0, 4}, {128, 4}}},
        [COLUMN_DATE] = {TYPE_DATE, {{0, 2}}},          /* unit: DAY */
        [COLUMN_TIME] = {TYPE_TIME, {{2, 2}, {64, 4}}}, /* unit: MICROSECOND; bitWidth */
        [COLUMN_TIMESTAMP] = {TYPE_TIMESTAMP, {{2, 2}}},
        [COLUMN_TIMESTAMPTZ] = {TYPE_TIMESTAMP, {{2, 2}}},
        [COLUMN_TEXT] = {TYPE_UTF8, {{0}}},
        [COLUMN_UUID] = {TYPE_FIXED, {{16, 4}}}, /* byteWidth */
        [COLUMN_BINARY] = {TYPE_BINARY, {{0}}},
        [COLUMN_FIXED] = {TYPE_FIXED, {{0, 4}}},
        [COLUMN_INTERVAL] = {TYPE_INTERVAL, {{2, 2}}}, /* unit: MONTH_DAY_NANO */
    };
    struct ipc_type out = types[type.kind];
    if (type.kind == COLUMN_DECIMAL) {
        out.fields[0].value = type.precision;
        out.fields[1].value = type.scale;
    }
    if (type.kind == COLUMN_FIXED)
        out.fields[0].value = type.length_bytes;
    return out;
}

static status ipc_type_table(struct arrow_flat *f, struct column_type type, uint32_t *out,
                             struct error *err)
{
    struct ipc_type t = ipc_type_of(type);
    uint32_t zone = 0;
    if (type.kind == COLUMN_TIMESTAMPTZ)
        TRY(arrow_flat_string(f, STR("UTC"), &zone, err));
    arrow_flat_table(f);
    for (unsigned i = 0; i < ARRAY_LEN(t.fields); i++)
        if (t.fields[i].bytes)
            TRY(arrow_flat_integer(f, i, t.fields[i].value, t.fields[i].bytes, err));
    if (zone)
        TRY(arrow_flat_offset(f, 1, zone, err)); /* Timestamp.timezone */
    return arrow_flat_table_end(f, out, err);
}

static status ipc_uuid_metadata(struct arrow_flat *f, uint32_t *out, struct error *err)
{
    uint32_t key, value, pair;
    TRY(arrow_flat_string(f, str_of(arrow_extension_key), &key, err));
    TRY(arrow_flat_string(f, str_of(arrow_extension_uuid), &value, err));
    arrow_flat_table(f);
    TRY(arrow_flat_offset(f, 0, key, err));
    TRY(arrow_flat_offset(f, 1, value, err));
    TRY(arrow_flat_table_end(f, &pair, err));
    return arrow_flat_vector(f, &pair, 1, out, err);
}

static status ipc_field(struct arrow_flat *f, const struct column_field *field, uint32_t *out,
                        struct error *err)
{
    uint32_t name, type, children, metadata = 0;
    TRY(arrow_flat_string(f, field->name, &name, err));
    TRY(ipc_type_table(f, field->type, &type, err));
    TRY(arrow_flat_vector(f, NULL, 0, &children, err)); /* required, though empty */
    if (field->type.kind == COLUMN_UUID)
        TRY(ipc_uuid_metadata(f, &metadata, err));
    arrow_flat_table(f);
    TRY(arrow_flat_offset(f, FIELD_NAME, name, err));
    TRY(arrow_flat_integer(f, FIELD_NULLABLE, !field->required, 1, err));
    TRY(arrow_flat_integer(f, FIELD_TYPE_TYPE, ipc_type_of(field->type).number, 1, err));
    TRY(arrow_flat_offset(f, FIELD_TYPE, type, err));
    TRY(arrow_flat_offset(f, FIELD_CHILDREN, children, err));
    if (metadata)
        TRY(arrow_flat_offset(f, FIELD_METADATA, metadata, err));
    return arrow_flat_table_end(f, out, err);
}

static status ipc_schema(struct arrow_flat *f, const struct column_schema *schema,
                         uint32_t *offsets, uint32_t *out, struct error *err)
{
    uint32_t fields;
    for (size_t i = 0; i < schema->count; i++)
        TRY(ipc_field(f, &schema->fields[i], &offsets[i], err));
    TRY(arrow_flat_vector(f, offsets, schema->count, &fields, err));
    arrow_flat_table(f);
    TRY(arrow_flat_integer(f, SCHEMA_ENDIANNESS, 0, 2, err)); /* Little */
    TRY(arrow_flat_offset(f, SCHEMA_FIELDS, fields, err));
    return arrow_flat_table_end(f, out, err);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Wraps a finished header table and appends prefix and metadata to `out`. */
static status ipc_message(struct arrow_flat *f, int header_type, uint32_t header,
                          int64_t body_bytes, struct buffer *out, struct error *err)
{
    uint32_t message;
    struct str metadata;
    arrow_flat_table(f);
    TRY(arrow_flat_integer(f, MESSAGE_BODY_LENGTH, body_bytes, 8, err));
    TRY(arrow_flat_offset(f, MESSAGE_HEADER, header, err));
    TRY(arrow_flat_integer(f, MESSAGE_VERSION, IPC_V5, 2, err));
    TRY(arrow_flat_integer(f, MESSAGE_HEADER_TYPE, header_type, 1, err));
    TRY(arrow_flat_table_end(f, &message, err));
    TRY(arrow_flat_finish(f, message, &metadata, err));
    uint32_t prefix[2] = {IPC_CONTINUE, (uint32_t)metadata.len};
    TRY(buffer_reserve(out, sizeof(prefix) + metadata.len + (size_t)body_bytes, err));
    TRY(buffer_append(out, prefix, sizeof(prefix), err));
    return buffer_append_str(out, metadata, err);
}

status arrow_ipc_schema(const struct column_schema *schema, struct buffer *out, struct error *err)
{
    struct arrow_flat f;
    uint32_t *offsets, header;
    size_t bytes = schema->count * sizeof(*offsets);
    TRY(mem_alloc(out->account, bytes, (void **)&offsets, err));
    arrow_flat_init(&f, out->account);
    status st = ipc_schema(&f, schema, offsets, &header, err);
    if (st == ST_OK)
        st = ipc_message(&f, HEADER_SCHEMA, header, 0, out, err);
    arrow_flat_free(&f);
    mem_free(out->account, offsets, bytes);
    return st;
}

/* ---- record batches -------------------------------------------------------------------------- */

/* One batch on its way: arrays of `columns` and of `columns` * ARROW_BUFFERS_MAX. */
struct ipc_batch {
    struct arrow_buffers *columns;
    int64_t (*nodes)[2];   /* rows, nulls */
    int64_t (*buffers)[2]; /* offset in the body, bytes */
    size_t buffer_count;
    size_t body_bytes;
};

static size_t ipc_round(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static status ipc_batch_measure(const struct column_schema *schema,
                                const struct column_batch *batch, struct ipc_batch *b,
                                struct error *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        struct arrow_buffers *c = &b->columns[i];
        ENSURE(batch->spans[i].rows == batch->rows, err);
        TRY_CONTEXT(arrow_column_measure(schema->fields[i].type, &batch->spans[i], c, err), err,
                    "column %.*s", STR_ARG(schema->fields[i].name));
        b->nodes[i][0] = c->rows;
        b->nodes[i][1] = c->nulls;
        for (size_t k = 0; k < c->count; k++) {
            b->buffers[b->buffer_count][0] = (int64_t)b->body_bytes;
            b->buffers[b->buffer_count++][1] = (int64_t)c->bytes[k];
            b->body_bytes += ipc_round(c->bytes[k]);
        }
    }
    return ST_OK;
}

static status ipc_batch_header(struct arrow_flat *f, const struct column_schema *schema,
                               int64_t rows, const struct ipc_batch *b, uint32_t *out,
                               struct error *err)
{
    uint32_t nodes, buffers;
    TRY(arrow_flat_pairs(f, (const int64_t(*)[2])b->nodes, schema->count, &nodes, err));
    TRY(arrow_flat_pairs(f, (const int64_t(*)[2])b->buffers, b->buffer_count, &buffers, err));
    arrow_flat_table(f);
    TRY(arrow_flat_integer(f, BATCH_LENGTH, rows, 8, err));
    TRY(arrow_flat_offset(f, BATCH_NODES, nodes, err));
    TRY(arrow_flat_offset(f, BATCH_BUFFERS, buffers, err));
    return arrow_flat_table_end(f, out, err);
}

/* Straight into the buffer, which has the room already. */
static status ipc_batch_body(const struct column_schema *schema, const struct column_batch *batch,
                             struct ipc_batch *b, struct buffer *out, struct error *err)
{
    uint8_t *body = out->data + out->len;
    memset(body, 0, b->body_bytes);
    for (size_t i = 0, next = 0; i < schema->count; i++) {
        for (size_t k = 0; k < b->columns[i].count; k++)
            b->columns[i].data[k] = body + b->buffers[next++][0];
        TRY_CONTEXT(
            arrow_column_fill(schema->fields[i].type, &batch->spans[i], &b->columns[i], err), err,
            "column %.*s", STR_ARG(schema->fields[i].name));
    }
    out->len += b->body_bytes;
    return ST_OK;
}

static status ipc_batch_write(const struct column_schema *schema, const struct column_batch *batch,
                              struct ipc_batch *b, struct buffer *out, struct error *err)
{
    struct arrow_flat f;
    uint32_t header;
    TRY(ipc_batch_measure(schema, batch, b, err));
    arrow_flat_init(&f, out->account);
    status st = ipc_batch_header(&f, schema, batch->rows, b, &header, err);
    if (st == ST_OK)
        st = ipc_message(&f, HEADER_RECORD_BATCH, header, (int64_t)b->body_bytes, out, err);
    arrow_flat_free(&f);
    return st == ST_OK ? ipc_batch_body(schema, batch, b, out, err) : st;
}

status arrow_ipc_batch(const struct column_schema *schema, const struct column_batch *batch,
                       struct buffer *out, struct error *err)
{
    ENSURE(batch->columns == schema->count, err);
    struct ipc_batch b = {0};
    struct arena arena;
    size_t n = schema->count, before = out->len;
    arena_init(&arena, out->account);
    status st = ARENA_ARRAY(&arena, struct arrow_buffers, n + 1, &b.columns, err);
    if (st == ST_OK)
        st = arena_array(&arena, n + 1, sizeof(*b.nodes), (void **)&b.nodes, err);
    if (st == ST_OK)
        st = arena_array(&arena, n + 1, ARROW_BUFFERS_MAX * sizeof(*b.buffers), (void **)&b.buffers,
                         err);
    if (st == ST_OK)
        st = ipc_batch_write(schema, batch, &b, out, err);
    if (st != ST_OK)
        out->len = before; /* no half message */
    arena_free(&arena);
    return st;
}

status arrow_ipc_end(struct buffer *out, struct error *err)
{
    uint32_t end[2] = {IPC_CONTINUE, 0};
    return buffer_append(out, end, sizeof(end), err);
}
