// SPDX-License-Identifier: Apache-2.0
/* exec_hash_words.c - 64-bit keys to dense ids, a batch at a time.
 *
 * A batch is hashed first and its slots prefetched, so that a table larger than the cache waits for
 * memory once per batch and not once per row. Slots hold the whole key: one cache line a lookup. */
#include "base/random.h"
#include "exec/exec_hash.h"

#define FIRST_SIZE 64
#define AHEAD      16

/* Both halves of a 128-bit product depend on every bit of the key and the seed. */
static inline uint64_t hash_of(uint64_t key, uint64_t seed)
{
    uint128 p = (uint128)(key ^ seed) * 0x9E3779B97F4A7C15u;
    uint64_t h = (uint64_t)p ^ (uint64_t)(p >> 64);
    p = (uint128)h * 0xD6E8FEB86659FD93u;
    return (uint64_t)p ^ (uint64_t)(p >> 64) ^ seed;
}

status exec_hash_words_init(struct exec_hash_words *w, struct mem_account *account,
                            struct error *err)
{
    *w = (struct exec_hash_words){.account = account};
    return random_bytes(&w->seed, sizeof(w->seed), err);
}

void exec_hash_words_free(struct exec_hash_words *w)
{
    mem_free(w->account, w->slots, w->size * sizeof(*w->slots));
    w->slots = NULL;
    w->size = 0;
}

/* The key's slot, or the free one where it belongs. */
static inline size_t find(const struct exec_hash_slot *slots, size_t mask, uint64_t key,
                          uint64_t hash)
{
    size_t at = hash & mask;
    while (slots[at].id && slots[at].key != key)
        at = (at + 1) & mask;
    return at;
}

/* Keys a table takes: two thirds of its slots. */
static size_t most_keys(size_t size)
{
    return size / 3 * 2;
}

/* Makes room for `keys` keys. */
static status grow(struct exec_hash_words *w, size_t keys, struct error *err)
{
    size_t size = w->size ? w->size : FIRST_SIZE;
    while (most_keys(size) < keys)
        size *= 2;
    if (size == w->size)
        return ST_OK;
    void *block;
    TRY(mem_calloc(w->account, size * sizeof(struct exec_hash_slot), &block, err));
    struct exec_hash_slot *slots = block;
    mem_hint_huge(block, size * sizeof(*slots));
    for (size_t i = 0; i < w->size; i++) {
        if (w->slots[i].id)
            slots[find(slots, size - 1, w->slots[i].key, hash_of(w->slots[i].key, w->seed))] =
                w->slots[i];
    }
    exec_hash_words_free(w);
    w->slots = slots;
    w->size = size;
    return ST_OK;
}

status exec_hash_words_ids(struct exec_hash_words *w, const uint64_t *keys, size_t rows,
                           uint32_t *ids, struct error *err)
{
    uint64_t hashes[COLUMN_SPAN_ROWS];
    if ((uint64_t)w->count + rows >= UINT32_MAX)
        FAIL(err, ST_LIMIT, "more than %u distinct keys", UINT32_MAX - 1);
    /* Room for one quarter of new keys now; for more, when they come. */
    TRY(grow(w, w->count + rows / 4 + 1, err));
    for (size_t i = 0; i < rows; i++)
        hashes[i] = hash_of(keys[i], w->seed);
    for (size_t i = 0; i < rows; i++) {
        __builtin_prefetch(&w->slots[hashes[i + AHEAD < rows ? i + AHEAD : i] & (w->size - 1)]);
        if (i > 0 && keys[i] == keys[i - 1]) {
            ids[i] = ids[i - 1];
            continue;
        }
        size_t at = find(w->slots, w->size - 1, keys[i], hashes[i]);
        if (!w->slots[at].id) {
            if (w->count + 1 > most_keys(w->size)) {
                TRY(grow(w, (size_t)w->count + 1, err));
                at = find(w->slots, w->size - 1, keys[i], hashes[i]);
            }
            w->slots[at] = (struct exec_hash_slot){keys[i], ++w->count};
        }
        ids[i] = w->slots[at].id;
    }
    return ST_OK;
}
