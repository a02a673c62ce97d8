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
#include "column/column_key.h"
#include "exec/exec.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#define ROW_CAP_BYTES ((size_t)256 << 20)

/* A column of a batch; what does not depend on the row is looked up once. */
struct digest_column {
    const struct column_span *span; /* borrowed */
    enum column_phys phys;
    size_t bytes; /* of one value */
    bool decimal;
    uint8_t id[4];
};

#define VALUE_BYTES 21 /* id, null or not, 16 bytes: the most that a column takes, but for text */

static uint8_t *put_u64(uint8_t *to, uint64_t v)
{
    store_u64le(to, v);
    return to + 8;
}

static uint8_t *put_double(uint8_t *to, double v)
{
    uint64_t bits = UINT64_C(0x7FF8000000000000); /* the one NaN */
    if (!isnan(v))
        memcpy(&bits, &v, sizeof(bits));
    return put_u64(to, bits);
}

static uint8_t *put_i128(uint8_t *to, int128 v)
{
    return put_u64(put_u64(to, (uint64_t)v), (uint64_t)((uint128)v >> 64));
}

static const uint8_t *value_at(const struct digest_column *c, int64_t row)
{
    const struct column_span *s = c->span;
    if (s->kind == SPAN_RUN)
        return s->values;
    if (s->kind == SPAN_VALUES)
        return (const uint8_t *)s->values + (size_t)row * c->bytes;
    size_t code =
        s->code_bytes == 2 ? ((const uint16_t *)s->codes)[row] : ((const uint32_t *)s->codes)[row];
    return (const uint8_t *)s->dictionary->values + code * c->bytes;
}

/* Of all but text. */
static uint8_t *put_number(uint8_t *to, const struct digest_column *c, const uint8_t *value)
{
    union {
        bool b;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        int128 i128;
    } v;
    memcpy(&v, value, c->bytes);
    if (c->decimal) /* 16 bytes whatever the precision */
        return put_i128(to, c->phys == PHYS_I64 ? v.i64 : v.i128);
    switch (c->phys) {
    case PHYS_BOOL:
        return put_u64(to, v.b);
    case PHYS_I32:
        return put_u64(to, (uint64_t)(int64_t)v.i32);
    case PHYS_F32:
        return put_double(to, v.f32);
    case PHYS_F64:
        return put_double(to, v.f64);
    default:
        return put_u64(to, (uint64_t)v.i64);
    }
}

static status put_text(const uint8_t *value, struct buffer *out, struct error *err)
{
    struct str text;
    memcpy(&text, value, sizeof(text));
    TRY(buffer_reserve(out, 8 + text.len, err));
    put_u64(out->data + out->len, text.len);
    out->len += 8;
    return buffer_append_str(out, text, err);
}

static status put_columns(const struct digest_column *columns, size_t from, size_t to, int64_t row,
                          struct buffer *out, struct error *err)
{
    TRY(buffer_reserve(out, (to - from) * VALUE_BYTES, err));
    for (size_t i = from; i < to; i++) {
        const struct digest_column *c = &columns[i];
        bool null = column_span_null(c->span, row);
        uint8_t *at = out->data + out->len;
        memcpy(at, c->id, 4);
        at[4] = !null;
        out->len += 5;
        if (null)
            continue;
        if (c->phys == PHYS_STR) {
            TRY(put_text(value_at(c, row), out, err));
            TRY(buffer_reserve(out, (to - i) * VALUE_BYTES, err));
        } else {
            out->len = (size_t)(put_number(at + 5, c, value_at(c, row)) - out->data);
        }
    }
    return ST_OK;
}

static uint128 hash_row(const struct buffer *b)
{
    XXH128_hash_t h = XXH3_128bits(b->data, b->len);
    return (uint128)h.high64 << 64 | h.low64;
}

static status add_rows(struct summary_digest *d, const struct digest_column *columns,
                       size_t visible, const struct column_batch *batch, struct buffer *bytes,
                       struct error *err)
{
    for (int64_t i = 0; i < batch->rows; i++) {
        buffer_clear(bytes);
        TRY(put_columns(columns, 0, visible, i, bytes, err));
        d->rows += hash_row(bytes);
        TRY(put_columns(columns, visible, batch->columns, i, bytes, err));
        d->states += hash_row(bytes);
        d->row_count++;
    }
    return ST_OK;
}

static status column_of(const struct summary_rows *r, const struct column_batch *batch, size_t i,
                        struct digest_column *out, struct error *err)
{
    struct column_type type = r->schema->fields[i].type;
    enum column_phys phys = column_type_phys(type);
    *out = (struct digest_column){.span = &batch->spans[i],
                                  .phys = phys,
                                  .bytes = column_phys_bytes(phys),
                                  .decimal = type.kind == COLUMN_DECIMAL};
    store_u32le(out->id, (uint32_t)r->field_ids[i]);
    if (phys == PHYS_INTERVAL || (phys == PHYS_I128 && !out->decimal))
        FAIL(err, ST_INTERNAL, "a digest of type %d", (int)type.kind);
    return ST_OK;
}

status summary_digest_add(struct summary_digest *d, const struct summary_rows *r,
                          const struct column_batch *batch, struct mem_account *account,
                          struct error *err)
{
    struct digest_column *columns;
    struct buffer bytes;
    status st = ST_OK;
    TRY(mem_alloc(account, (batch->columns + 1) * sizeof(*columns), (void **)&columns, err));
    buffer_init(&bytes, account, ROW_CAP_BYTES);
    for (size_t i = 0; i < batch->columns; i++)
        TRY_DONE(column_of(r, batch, i, &columns[i], err));
    TRY_DONE(add_rows(d, columns, r->visible, batch, &bytes, err));
done:
    buffer_free(&bytes);
    mem_free(account, columns, (batch->columns + 1) * sizeof(*columns));
    return st;
}

/* ---- of the files that a write makes ----------------------------------------------------------- */

static status key_of(const struct summary_digest_files *f, const struct column_batch *batch,
                     int64_t row, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < f->key_count; i++) {
        struct column_value v;
        size_t column = (size_t)f->keys[i];
        column_span_value(&batch->spans[column], f->of.schema->fields[column].type, row, &v);
        TRY(column_key_put(&v, out, err));
    }
    return ST_OK;
}

/* Of a file one key (and one text of totals) a batch stays behind in the arena: little beside the rows it stands for. */
static status keep_key(const struct summary_digest_files *f, const struct column_batch *batch,
                       int64_t row, struct str *out, struct error *err)
{
    struct buffer key;
    buffer_init(&key, f->arena->account, ROW_CAP_BYTES);
    status st = key_of(f, batch, row, &key, err);
    if (st == ST_OK)
        st = arena_str(f->arena, buffer_str(&key), out, err);
    buffer_free(&key);
    return st;
}

/* Totals so far, and those of a batch. */
static status add_totals(const struct summary_digest_files *f, const struct column_batch *batch,
                         struct str *totals, struct error *err)
{
    struct exec_totals *t;
    TRY(exec_totals_create(f->aggregate, f->arena->account, &t, err));
    status st = totals->len > 0 ? exec_totals_add(t, *totals, err) : ST_OK;
    if (st == ST_OK)
        st = exec_totals_load(t, f->states, batch, err);
    if (st == ST_OK)
        st = exec_totals_put(t, f->arena, totals, err);
    exec_totals_free(t);
    return st;
}

status summary_digest_files_tap(void *self, size_t file, const struct column_batch *batch,
                                struct error *err)
{
    struct summary_digest_files *f = self;
    TRY(arena_grow(f->arena, (void **)&f->files, sizeof(*f->files), &f->capacity, file + 1, err));
    if (f->count <= file)
        f->count = file + 1;
    struct summary_digest_file *x = &f->files[file];
    if (x->digest.row_count == 0)
        TRY(keep_key(f, batch, 0, &x->first, err));
    TRY(keep_key(f, batch, batch->rows - 1, &x->last, err));
    if (f->aggregate)
        TRY(add_totals(f, batch, &x->totals, err));
    return summary_digest_add(&x->digest, &f->of, batch, f->arena->account, err);
}

struct summary_digest summary_digest_files_sum(const struct summary_digest_files *f)
{
    struct summary_digest sum = {0};
    for (size_t i = 0; i < f->count; i++) {
        sum.rows += f->files[i].digest.rows;
        sum.states += f->files[i].digest.states;
        sum.row_count += f->files[i].digest.row_count;
    }
    return sum;
}

status summary_digest_text(uint128 digest, struct arena *arena, struct str *out, struct error *err)
{
    return arena_printf(arena, out, err, "%016llx%016llx", (unsigned long long)(digest >> 64),
                        (unsigned long long)digest);
}
