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

static status put_column(const struct summary_rows *r, const struct column_batch *batch,
                         size_t column, int64_t row, struct buffer *out, struct error *err)
{
    struct column_value v;
    uint8_t head[5];
    column_span_value(&batch->spans[column], r->schema->fields[column].type, row, &v);
    store_u32le(head, (uint32_t)r->field_ids[column]);
    head[4] = !v.null;
    TRY(buffer_append(out, head, sizeof(head), err));
    return v.null ? ST_OK : put_value(out, &v, err);
}

static uint128 hash_row(const struct buffer *b)
{
    XXH128_hash_t h = XXH3_128bits(b->data, b->len);
    return (uint128)h.high64 << 64 | h.low64;
}

static status add_row(struct summary_digest *d, const struct summary_rows *r,
                      const struct column_batch *batch, int64_t row, struct buffer *bytes,
                      struct error *err)
{
    buffer_clear(bytes);
    for (size_t i = 0; i < r->visible; i++)
        TRY(put_column(r, batch, i, row, bytes, err));
    d->rows += hash_row(bytes);
    for (size_t i = r->visible; i < batch->columns; i++)
        TRY(put_column(r, batch, i, row, bytes, err));
    d->states += hash_row(bytes);
    d->row_count++;
    return ST_OK;
}

status summary_digest_add(struct summary_digest *d, const struct summary_rows *r,
                          const struct column_batch *batch, struct mem_account *account,
                          struct error *err)
{
    struct buffer bytes;
    status st = ST_OK;
    buffer_init(&bytes, account, ROW_CAP_BYTES);
    for (int64_t i = 0; i < batch->rows && st == ST_OK; i++)
        st = add_row(d, r, batch, i, &bytes, err);
    buffer_free(&bytes);
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
