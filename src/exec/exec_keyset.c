// SPDX-License-Identifier: Apache-2.0
/* exec_keyset.c - the keys of equality deletes: made, kept, looked up. */
#include "exec/exec_keyset.h"

#include <math.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HEAD_BYTES (sizeof(int64_t) + sizeof(uint32_t))

void exec_keyset_init(struct exec_keyset *s, struct mem_account *account)
{
    *s = (struct exec_keyset){.account = account};
    buffer_init(&s->keys, account, SIZE_MAX);
    buffer_init(&s->key, account, SIZE_MAX);
}

void exec_keyset_free(struct exec_keyset *s)
{
    mem_free(s->account, s->slots, s->slot_count * sizeof(*s->slots));
    buffer_free(&s->keys);
    buffer_free(&s->key);
    s->slots = NULL;
    s->slot_count = 0;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Row i, which is not NULL. */
static const void *value_of(const struct exec_keyset_column *c, int64_t i)
{
    const struct column_span *s = c->span;
    size_t width = column_phys_bytes(c->phys);
    switch (s->kind) {
    case SPAN_RUN:
        return s->values;
    case SPAN_CODES: {
        size_t code =
            s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
        return (const uint8_t *)s->dictionary->values + code * width;
    }
    default:
        return (const uint8_t *)s->values + (size_t)i * width;
    }
}

static status put_value(struct buffer *key, enum column_phys phys, const void *value,
                        struct error *err)
{
    if (phys == PHYS_STR) {
        const struct str *text = value;
        uint32_t len = (uint32_t)text->len;
        TRY(buffer_append(key, &len, sizeof(len), err));
        return buffer_append(key, text->ptr, text->len, err);
    }
    if (phys == PHYS_F32 && isnan(*(const float *)value))
        return buffer_append(key, &(float){NAN}, sizeof(float), err);
    if (phys == PHYS_F64 && isnan(*(const double *)value))
        return buffer_append(key, &(double){NAN}, sizeof(double), err);
    return buffer_append(key, value, column_phys_bytes(phys), err);
}

static status make_key(struct exec_keyset *s, const struct exec_keyset_column *c, size_t columns,
                       int64_t row, struct error *err)
{
    buffer_clear(&s->key);
    for (size_t i = 0; i < columns; i++) {
        bool null = column_span_null(c[i].span, row);
        TRY(buffer_append_byte(&s->key, !null, err));
        if (!null)
            TRY(put_value(&s->key, c[i].phys, value_of(&c[i], row), err));
    }
    return ST_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* The slot that holds s->key, or the free one where it belongs. slot_count > 0. */
static struct exec_keyset_slot *find(const struct exec_keyset *s, uint64_t hash)
{
    size_t mask = s->slot_count - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct exec_keyset_slot *slot = &s->slots[i];
        if (slot->at == 0)
            return slot;
        const uint8_t *kept = s->keys.data + slot->at - 1;
        uint32_t len;
        memcpy(&len, kept + sizeof(int64_t), sizeof(len));
        if (slot->hash == hash && len == s->key.len &&
            memcmp(kept + HEAD_BYTES, s->key.data, len) == 0)
            return slot;
    }
}

static status grow(struct exec_keyset *s, struct error *err)
{
    if (s->slot_count > 0 && s->in_use < s->slot_count / 2) /* K2 */
        return ST_OK;
    struct exec_keyset_slot *old = s->slots, *slots;
    size_t old_count = s->slot_count, count = old_count ? old_count * 2 : 64, mask = count - 1;
    TRY(mem_calloc(s->account, count * sizeof(*slots), (void **)&slots, err));
    s->slots = slots;
    s->slot_count = count;
    for (size_t i = 0; i < old_count; i++) {
        size_t at = old[i].hash & mask;
        if (old[i].at == 0)
            continue;
        while (s->slots[at].at)
            at = (at + 1) & mask;
        s->slots[at] = old[i];
    }
    mem_free(s->account, old, old_count * sizeof(*old));
    return ST_OK;
}

static status add_key(struct exec_keyset *s, int64_t sequence_number, struct error *err)
{
    uint64_t hash = XXH3_64bits(s->key.data, s->key.len);
    uint32_t len = (uint32_t)s->key.len;
    if (s->key.len > UINT32_MAX)
        FAIL(err, ST_LIMIT, "a key of %zu bytes", s->key.len);
    TRY(grow(s, err));
    struct exec_keyset_slot *slot = find(s, hash);
    if (slot->at) { /* K1 */
        uint8_t *kept = s->keys.data + slot->at - 1;
        int64_t had;
        memcpy(&had, kept, sizeof(had));
        if (had < sequence_number)
            memcpy(kept, &sequence_number, sizeof(sequence_number));
        return ST_OK;
    }
    TRY(buffer_reserve(&s->keys, HEAD_BYTES + len, err));
    size_t at = s->keys.len;
    TRY(buffer_append(&s->keys, &sequence_number, sizeof(sequence_number), err));
    TRY(buffer_append(&s->keys, &len, sizeof(len), err));
    TRY(buffer_append(&s->keys, s->key.data, len, err));
    *slot = (struct exec_keyset_slot){hash, at + 1};
    s->in_use++;
    return ST_OK;
}

status exec_keyset_add(struct exec_keyset *s, const struct exec_keyset_column *c, size_t columns,
                       int64_t rows, int64_t sequence_number, struct error *err)
{
    for (int64_t i = 0; i < rows; i++) {
        TRY(make_key(s, c, columns, i, err));
        TRY(add_key(s, sequence_number, err));
    }
    return ST_OK;
}

status exec_keyset_mark(struct exec_keyset *s, const struct exec_keyset_column *c, size_t columns,
                        int64_t rows, int64_t above, uint64_t *marks, struct error *err)
{
    for (int64_t i = 0; i < rows && s->in_use > 0; i++) {
        int64_t sequence;
        if (marks[i / 64] >> (i % 64) & 1)
            continue;
        TRY(make_key(s, c, columns, i, err));
        const struct exec_keyset_slot *slot = find(s, XXH3_64bits(s->key.data, s->key.len));
        if (slot->at == 0)
            continue;
        memcpy(&sequence, s->keys.data + slot->at - 1, sizeof(sequence));
        if (sequence > above)
            marks[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return ST_OK;
}
