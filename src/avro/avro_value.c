// SPDX-License-Identifier: Apache-2.0
/* avro_value.c - single values of Avro's binary encoding (Avro 1.11, "Binary Encoding"), in and
 * out, and the skipping of whole values by their schema.
 *
 * Integers are zig-zag LEB128; text and bytes have their length in front; arrays and maps are
 * blocks of items behind a count, closed by a count of 0; a union is the branch's index, then the
 * value. */
#include "avro/avro.h"

status avro_get_long(struct bytes *in, int64_t *out, struct error *err)
{
    return bytes_zigzag(in, out, err);
}

status avro_get_boolean(struct bytes *in, bool *out, struct error *err)
{
    uint8_t byte;
    TRY(bytes_u8(in, &byte, err));
    if (byte > 1)
        FAIL(err, ST_CORRUPT, "avro boolean at offset %zu is %u", in->at - 1, byte);
    *out = byte;
    return ST_OK;
}

status avro_get_fixed(struct bytes *in, size_t bytes, struct str *out, struct error *err)
{
    const uint8_t *p;
    TRY(bytes_take(in, bytes, &p, err));
    *out = (struct str){(const char *)p, bytes};
    return ST_OK;
}

status avro_get_bytes(struct bytes *in, struct str *out, struct error *err)
{
    int64_t length;
    TRY(bytes_zigzag(in, &length, err));
    if (length < 0)
        FAIL(err, ST_CORRUPT, "avro length %lld before offset %zu", (long long)length, in->at);
    return avro_get_fixed(in, (size_t)length, out, err);
}

status avro_get_branch(const struct avro_schema *s, struct bytes *in,
                       const struct avro_schema **out, struct error *err)
{
    *out = s;
    if (s->kind != AVRO_UNION)
        return ST_OK;
    int64_t branch;
    TRY(bytes_zigzag(in, &branch, err));
    if (branch < 0 || (uint64_t)branch >= s->count)
        FAIL(err, ST_CORRUPT, "avro union branch %lld of %zu before offset %zu", (long long)branch,
             s->count, in->at);
    *out = s->branches[branch];
    return ST_OK;
}

/* A negative count is followed by the block's size in bytes, which is of no use to a caller who
 * walks every item; it is checked only against what is left. */
status avro_get_block(struct bytes *in, size_t min_item_bytes, uint64_t *count, struct error *err)
{
    int64_t n;
    TRY(bytes_zigzag(in, &n, err));
    if (n < 0) {
        int64_t size;
        TRY(bytes_zigzag(in, &size, err));
        if (n == INT64_MIN || size < 0 || (uint64_t)size > bytes_left(in))
            FAIL(err, ST_CORRUPT, "avro block of %lld items in %lld bytes before offset %zu",
                 (long long)n, (long long)size, in->at);
        n = -n;
    }
    if (min_item_bytes == 0)
        min_item_bytes = 1; /* items without bytes could be any number: refused */
    if ((uint64_t)n > bytes_left(in) / min_item_bytes)
        FAIL(err, ST_CORRUPT, "avro block of %lld items before offset %zu, %zu bytes left",
             (long long)n, in->at, bytes_left(in));
    *count = (uint64_t)n;
    return ST_OK;
}

static status skip_items(const struct avro_schema *s, struct bytes *in, struct error *err)
{
    const struct avro_schema *item = s->branches[0];
    size_t key_bytes = s->kind == AVRO_MAP;
    for (;;) {
        uint64_t count;
        struct str key;
        TRY(avro_get_block(in, key_bytes + (size_t)item->min_bytes, &count, err));
        if (count == 0)
            return ST_OK;
        for (uint64_t i = 0; i < count; i++) {
            if (key_bytes)
                TRY(avro_get_bytes(in, &key, err));
            TRY(avro_skip(item, in, err));
        }
    }
}

status avro_skip(const struct avro_schema *s, struct bytes *in, struct error *err)
{
    int64_t number;
    struct str piece;
    const struct avro_schema *branch;
    if (s->fixed_bytes)
        return avro_get_fixed(in, (size_t)s->min_bytes, &piece, err);
    switch (s->kind) {
    case AVRO_INT:
    case AVRO_LONG:
    case AVRO_ENUM:
        return bytes_zigzag(in, &number, err);
    case AVRO_BYTES:
    case AVRO_STRING:
        return avro_get_bytes(in, &piece, err);
    case AVRO_RECORD:
        for (size_t i = 0; i < s->count; i++)
            TRY(avro_skip(s->fields[i].schema, in, err));
        return ST_OK;
    case AVRO_ARRAY:
    case AVRO_MAP:
        return skip_items(s, in, err);
    case AVRO_UNION:
        TRY(avro_get_branch(s, in, &branch, err));
        return avro_skip(branch, in, err);
    default:
        FAIL(err, ST_INTERNAL, "avro kind %d has no fixed size", (int)s->kind);
    }
}

status avro_put_long(struct buffer *out, int64_t v, struct error *err)
{
    uint8_t bytes[10];
    size_t n = 0;
    uint64_t z = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
    for (; z > 0x7F; z >>= 7)
        bytes[n++] = (uint8_t)(z | 0x80);
    bytes[n++] = (uint8_t)z;
    return buffer_append(out, bytes, n, err);
}

status avro_put_boolean(struct buffer *out, bool v, struct error *err)
{
    return buffer_append_byte(out, v, err);
}

status avro_put_bytes(struct buffer *out, struct str v, struct error *err)
{
    TRY(avro_put_long(out, (int64_t)v.len, err));
    return buffer_append_str(out, v, err);
}
