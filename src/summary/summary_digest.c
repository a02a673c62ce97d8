// SPDX-License-Identifier: Apache-2.0
/* summary_digest.c - the digest of a set of rows: order-free, so any layout of them agrees.
 *
 *     row -> canonical bytes -> XXH3-128, seed 0 -> added mod 2^128
 *
 *     canonical bytes, per column:  [field id: 4][0 = NULL | 1][value], numbers little-endian
 *     value:  8 bytes for booleans, integers, dates and times
 *             8 bytes of an IEEE double for real and double
 *             16 bytes for decimals
 *             [length: 8][bytes] for text, binary, fixed and uuid
 *
 * The encoding is injective: every part has a fixed size or states its length. -0.0 and +0.0 differ
 * here, and every NaN is written as the same one. It finds accidents, not forgers. */
#include "summary/summary.h"

#include "base/bytes.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#define ROW_CAP_BYTES ((size_t)256 << 20)

struct tap {
    struct column_stream from; /* owned */
    const int32_t *field_ids;  /* borrowed */
    size_t visible;
    struct summary_digest *digest; /* borrowed */
    struct buffer row;             /* owned: one row's bytes */
};

static status put_u64(struct buffer *b, uint64_t v, struct error *err)
{
    uint8_t bytes[8];
    store_u64le(bytes, v);
    return buffer_append(b, bytes, sizeof(bytes), err);
}

static status put_double(struct buffer *b, double v, struct error *err)
{
    uint64_t bits = UINT64_C(0x7FF8000000000000); /* the one NaN */
    if (!isnan(v))
        memcpy(&bits, &v, sizeof(bits));
    return put_u64(b, bits, err);
}

static status put_value(struct buffer *b, const struct column_value *v, struct error *err)
{
    if (v->type.kind == COLUMN_DECIMAL) { /* 16 bytes whatever the precision */
        int128 n = column_type_phys(v->type) == PHYS_I64 ? v->i64 : v->i128;
        TRY(put_u64(b, (uint64_t)n, err));
        return put_u64(b, (uint64_t)(n >> 64), err);
    }
    switch (column_type_phys(v->type)) {
    case PHYS_BOOL:
        return put_u64(b, v->b, err);
    case PHYS_I32:
        return put_u64(b, (uint64_t)(int64_t)v->i32, err);
    case PHYS_I64:
        return put_u64(b, (uint64_t)v->i64, err);
    case PHYS_F32:
        return put_double(b, v->f32, err);
    case PHYS_F64:
        return put_double(b, v->f64, err);
    case PHYS_STR:
        TRY(put_u64(b, v->str.len, err));
        return buffer_append_str(b, v->str, err);
    case PHYS_I128:
    case PHYS_INTERVAL:
        break;
    }
    FAIL(err, ST_INTERNAL, "a digest of type %d", (int)v->type.kind);
}

static status put_column(struct tap *t, const struct column_batch *batch, size_t column,
                         int64_t row, struct error *err)
{
    struct column_value v;
    uint8_t head[5];
    column_span_value(&batch->spans[column], t->from.schema->fields[column].type, row, &v);
    store_u32le(head, (uint32_t)t->field_ids[column]);
    head[4] = !v.null;
    TRY(buffer_append(&t->row, head, sizeof(head), err));
    return v.null ? ST_OK : put_value(&t->row, &v, err);
}

static uint128 hash_row(const struct buffer *b)
{
    XXH128_hash_t h = XXH3_128bits(b->data, b->len);
    return (uint128)h.high64 << 64 | h.low64;
}

static status add_row(struct tap *t, const struct column_batch *batch, int64_t row,
                      struct error *err)
{
    buffer_clear(&t->row);
    for (size_t i = 0; i < t->visible; i++)
        TRY(put_column(t, batch, i, row, err));
    t->digest->rows += hash_row(&t->row);
    for (size_t i = t->visible; i < batch->columns; i++)
        TRY(put_column(t, batch, i, row, err));
    t->digest->states += hash_row(&t->row);
    t->digest->row_count++;
    return ST_OK;
}

static status tap_next(void *self, struct column_batch *out, struct error *err)
{
    struct tap *t = self;
    TRY(t->from.next(t->from.self, out, err));
    for (int64_t i = 0; i < out->rows; i++)
        TRY(add_row(t, out, i, err));
    return ST_OK;
}

static void tap_close(void *self)
{
    struct tap *t = self;
    t->from.close(t->from.self);
    buffer_free(&t->row);
}

status summary_digest_tap(struct column_stream *from, const int32_t *field_ids, size_t visible,
                          struct summary_digest *d, struct arena *arena,
                          struct mem_account *account, struct column_stream *out, struct error *err)
{
    struct tap *t;
    status st = ARENA_NEW(arena, struct tap, &t, err);
    if (st != ST_OK) {
        from->close(from->self);
        return st;
    }
    *t = (struct tap){.from = *from, .field_ids = field_ids, .visible = visible, .digest = d};
    buffer_init(&t->row, account, ROW_CAP_BYTES);
    *out = (struct column_stream){from->schema, t, tap_next, tap_close};
    return ST_OK;
}

status summary_digest_text(uint128 digest, struct arena *arena, struct str *out, struct error *err)
{
    return arena_printf(arena, out, err, "%016llx%016llx", (unsigned long long)(digest >> 64),
                        (unsigned long long)digest);
}
