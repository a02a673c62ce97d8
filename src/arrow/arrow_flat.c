// SPDX-License-Identifier: Apache-2.0
/* arrow_flat.c - flatbuffers as far as Arrow's metadata needs them: tables, strings, vectors.
 *
 *     [root u32] ... [vtable: its bytes u16, table bytes u16, field places u16 each]
 *                    [table: distance to vtable i32, fields ...] [strings, vectors] | end
 *
 * F1  every scalar stands aligned to its size, seen from the end, whose place is a multiple of 8
 * F2  offsets in the file point forward: distance = offset of the pointer - offset of the object
 *
 * Format: https://flatbuffers.dev/internals/ */
#include "arrow/arrow_int.h"

#define FLAT_FIRST_BYTES 1024
#define FLAT_MAX_BYTES   (256u << 20)

void arrow_flat_init(struct arrow_flat *f, struct mem_account *account)
{
    *f = (struct arrow_flat){.account = account};
}

void arrow_flat_free(struct arrow_flat *f)
{
    if (f->data)
        mem_free(f->account, f->data, f->size);
    *f = (struct arrow_flat){0};
}

static status flat_reserve(struct arrow_flat *f, size_t bytes, struct error *err)
{
    if (bytes <= f->size - f->used)
        return ST_OK;
    size_t size = f->size ? f->size : FLAT_FIRST_BYTES;
    while (size - f->used < bytes) {
        size *= 2;
        if (size > FLAT_MAX_BYTES)
            FAIL(err, ST_LIMIT, "the description of an Arrow message passes %u bytes",
                 FLAT_MAX_BYTES);
    }
    void *data;
    TRY(mem_alloc(f->account, size, &data, err));
    if (f->used)
        memcpy((uint8_t *)data + size - f->used, f->data + f->size - f->used, f->used);
    if (f->data)
        mem_free(f->account, f->data, f->size);
    f->data = data;
    f->size = size;
    return ST_OK;
}

static status flat_push(struct arrow_flat *f, const void *bytes, size_t count, struct error *err)
{
    TRY(flat_reserve(f, count, err));
    f->used += count;
    if (count)
        memcpy(f->data + f->size - f->used, bytes, count);
    return ST_OK;
}

/* Pads so that an object that begins `more` bytes further on stands at a multiple of `align`. */
static status flat_align(struct arrow_flat *f, size_t align, size_t more, struct error *err)
{
    static const uint8_t zeros[8];
    return flat_push(f, zeros, (align - (f->used + more) % align) % align, err);
}

static status flat_u32(struct arrow_flat *f, uint32_t v, struct error *err)
{
    return flat_push(f, &v, 4, err);
}

/* A pointer to `to` (F2). */
static status flat_pointer(struct arrow_flat *f, uint32_t to, struct error *err)
{
    return flat_u32(f, (uint32_t)f->used + 4 - to, err);
}

status arrow_flat_string(struct arrow_flat *f, struct str s, uint32_t *out, struct error *err)
{
    TRY(flat_align(f, 4, s.len + 1, err));
    TRY(flat_push(f, "", 1, err));
    TRY(flat_push(f, s.ptr, s.len, err));
    TRY(flat_u32(f, (uint32_t)s.len, err));
    *out = (uint32_t)f->used;
    return ST_OK;
}

status arrow_flat_vector(struct arrow_flat *f, const uint32_t *items, size_t count, uint32_t *out,
                         struct error *err)
{
    TRY(flat_align(f, 4, 4 * count, err));
    for (size_t i = count; i-- > 0;)
        TRY(flat_pointer(f, items[i], err));
    TRY(flat_u32(f, (uint32_t)count, err));
    *out = (uint32_t)f->used;
    return ST_OK;
}

status arrow_flat_pairs(struct arrow_flat *f, const int64_t (*items)[2], size_t count,
                        uint32_t *out, struct error *err)
{
    TRY(flat_align(f, 8, 16 * count, err));
    TRY(flat_push(f, items, 16 * count, err));
    TRY(flat_u32(f, (uint32_t)count, err));
    *out = (uint32_t)f->used;
    return ST_OK;
}

void arrow_flat_table(struct arrow_flat *f)
{
    f->table_start = (uint32_t)f->used;
    memset(f->fields, 0, sizeof(f->fields));
}

status arrow_flat_integer(struct arrow_flat *f, unsigned field, int64_t value, size_t bytes,
                          struct error *err)
{
    ASSERT(field < ARROW_FLAT_FIELDS && bytes <= 8);
    TRY(flat_align(f, bytes, bytes, err));
    TRY(flat_push(f, &value, bytes, err)); /* little-endian: the low bytes */
    f->fields[field] = (uint32_t)f->used;
    return ST_OK;
}

status arrow_flat_offset(struct arrow_flat *f, unsigned field, uint32_t to, struct error *err)
{
    ASSERT(field < ARROW_FLAT_FIELDS);
    TRY(flat_align(f, 4, 4, err));
    TRY(flat_pointer(f, to, err));
    f->fields[field] = (uint32_t)f->used;
    return ST_OK;
}

status arrow_flat_table_end(struct arrow_flat *f, uint32_t *out, struct error *err)
{
    uint16_t vtable[2 + ARROW_FLAT_FIELDS] = {0};
    size_t count = ARROW_FLAT_FIELDS;
    while (count > 0 && f->fields[count - 1] == 0)
        count--;
    TRY(flat_align(f, 4, 4, err));
    TRY(flat_u32(f, 0, err)); /* the distance to the vtable, known below */
    uint32_t table = (uint32_t)f->used;
    size_t vtable_bytes = 4 + 2 * count;
    TRY(flat_align(f, 4, vtable_bytes, err));
    vtable[0] = (uint16_t)vtable_bytes;
    vtable[1] = (uint16_t)(table - f->table_start);
    for (size_t i = 0; i < count; i++)
        vtable[2 + i] = (uint16_t)(f->fields[i] ? table - f->fields[i] : 0);
    TRY(flat_push(f, vtable, vtable_bytes, err));
    int32_t distance = (int32_t)(f->used - table);
    memcpy(f->data + f->size - table, &distance, 4);
    *out = table;
    return ST_OK;
}

status arrow_flat_finish(struct arrow_flat *f, uint32_t root, struct str *out, struct error *err)
{
    TRY(flat_align(f, 8, 4, err));
    TRY(flat_pointer(f, root, err));
    *out = (struct str){(const char *)f->data + f->size - f->used, f->used};
    return ST_OK;
}
