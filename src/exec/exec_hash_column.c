// SPDX-License-Identifier: Apache-2.0
/* exec_hash_column.c - the distinct values of one column, numbered in the order met.
 *
 *     bool, int, date, time, real, double, decimal in 64 bits: canonical 64-bit word
 *         narrow integers   array indexed by value - lowest, while the range is at most DIRECT_MOST
 *         else              exec_hash_words
 *     text, decimal in 128 bits, interval: slots of (hash, id), then the kept value is compared
 *
 * A double's word is its bits with one zero and one NaN (H2); an interval is compared by its
 * length. */
#include "exec/exec_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FIRST_VALUES 256
#define FIRST_TAGS   512
#define CACHED_TAGS  4096 /* tables up to here are not worth prefetching for */
#define DIRECT_MOST  ((size_t)1 << 20)
#define NOT_ASKED    UINT32_MAX

status exec_hash_column_init(struct exec_hash_column *c, struct column_type type,
                             struct mem_account *account, struct error *err)
{
    *c =
        (struct exec_hash_column){.type = type, .phys = column_type_phys(type), .account = account};
    arena_init(&c->arena, account);
    c->direct_off = c->phys == PHYS_F32 || c->phys == PHYS_F64;
    TRY(exec_hash_words_init(&c->words, account, err));
    TRY(mem_alloc(account, COLUMN_SPAN_ROWS * sizeof(*c->ids), (void **)&c->ids, err));
    return mem_alloc(account, COLUMN_SPAN_ROWS * sizeof(*c->keys), (void **)&c->keys, err);
}

void exec_hash_column_free(struct exec_hash_column *c)
{
    if (!c->ids) /* zeroed, or init failed early */
        return;
    arena_free(&c->arena);
    exec_hash_words_free(&c->words);
    mem_free(c->account, c->values, c->capacity * column_phys_bytes(c->phys));
    mem_free(c->account, c->tags, c->tag_size * sizeof(*c->tags));
    mem_free(c->account, c->direct, c->direct_size * sizeof(*c->direct));
    mem_free(c->account, c->entry_ids, c->entry_capacity * sizeof(*c->entry_ids));
    mem_free(c->account, c->ids, COLUMN_SPAN_ROWS * sizeof(*c->ids));
    mem_free(c->account, c->keys, COLUMN_SPAN_ROWS * sizeof(*c->keys));
    *c = (struct exec_hash_column){0};
}

static char *value_at(const struct exec_hash_column *c, uint32_t id)
{
    return (char *)c->values + id * column_phys_bytes(c->phys);
}

const void *exec_hash_column_value(const struct exec_hash_column *c, uint32_t id)
{
    return id ? value_at(c, id) : NULL;
}

/* Room for the values of `more` ids behind count. */
static status reserve(struct exec_hash_column *c, size_t more, struct error *err)
{
    size_t need = (size_t)c->count + 1 + more, size = c->capacity ? c->capacity : FIRST_VALUES;
    size_t bytes = column_phys_bytes(c->phys);
    if (need > UINT32_MAX - 1)
        FAIL(err, ST_LIMIT, "more than %u distinct values", UINT32_MAX - 1);
    while (size < need)
        size += size / 2;
    if (size == c->capacity)
        return ST_OK;
    TRY(mem_realloc(c->account, &c->values, c->capacity * bytes, size * bytes, err));
    mem_hint_huge(c->values, size * bytes);
    if (c->capacity == 0)
        memset(c->values, 0, bytes); /* what a row of id 0 shows (column_span.h, C3) */
    c->capacity = size;
    return ST_OK;
}

/* ---- words ----------------------------------------------------------------------------------- */

static uint64_t word_of_double(double v)
{
    uint64_t bits;
    v = v == 0 ? 0.0 : v != v ? __builtin_nan("") : v;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

/* Canonical words of `rows` values. Reals are widened: exact, and one form less. */
static void words_of(enum column_phys phys, const void *values, size_t rows, uint64_t *out)
{
    const uint8_t *b = values;
    const int32_t *i32 = values;
    const float *f32 = values;
    const double *f64 = values;
    if (phys == PHYS_BOOL)
        for (size_t i = 0; i < rows; i++)
            out[i] = b[i];
    else if (phys == PHYS_I32)
        for (size_t i = 0; i < rows; i++)
            out[i] = (uint64_t)(int64_t)i32[i];
    else if (phys == PHYS_I64)
        memcpy(out, values, rows * sizeof(*out));
    else if (phys == PHYS_F32)
        for (size_t i = 0; i < rows; i++)
            out[i] = word_of_double((double)f32[i]);
    else
        for (size_t i = 0; i < rows; i++)
            out[i] = word_of_double(f64[i]);
}

static void keep_word(struct exec_hash_column *c, uint32_t id, uint64_t word)
{
    double wide;
    char *to = value_at(c, id);
    memcpy(&wide, &word, sizeof(wide));
    if (c->phys == PHYS_BOOL)
        *(uint8_t *)to = (uint8_t)word;
    else if (c->phys == PHYS_I32)
        memcpy(to, &(int32_t){(int32_t)word}, sizeof(int32_t));
    else if (c->phys == PHYS_F32)
        memcpy(to, &(float){(float)wide}, sizeof(float));
    else
        memcpy(to, &word, sizeof(word));
}

/* Gives up the array: every value gets its id in the hash table, in order. */
static status leave_direct(struct exec_hash_column *c, struct error *err)
{
    uint64_t words[64];
    uint32_t ids[64];
    mem_free(c->account, c->direct, c->direct_size * sizeof(*c->direct));
    c->direct = NULL;
    c->direct_size = 0;
    c->direct_off = true;
    for (uint32_t at = 1; at <= c->count; at += 64) {
        size_t n = c->count - at + 1 < 64 ? c->count - at + 1 : 64;
        words_of(c->phys, value_at(c, at), n, words);
        TRY(exec_hash_words_ids(&c->words, words, n, ids, err));
    }
    return ST_OK;
}

/* Makes the array cover [low, high], or leaves it if that is too wide. */
static status cover_direct(struct exec_hash_column *c, int64_t low, int64_t high, struct error *err)
{
    uint32_t *grown;
    if (c->direct_size > 0) {
        int64_t last = c->direct_low + (int64_t)c->direct_size - 1;
        if (low >= c->direct_low && high <= last)
            return ST_OK;
        low = low < c->direct_low ? low : c->direct_low;
        high = high > last ? high : last;
    }
    uint64_t width = (uint64_t)high - (uint64_t)low;
    if (width >= DIRECT_MOST / 2)
        return leave_direct(c, err);
    /* Room on both sides, so that slowly moving ranges are not copied each time. */
    size_t size = (size_t)width + 1, room = size / 4 + 64;
    int64_t from = low < INT64_MIN + (int64_t)room ? INT64_MIN : low - (int64_t)room;
    size += room + (size_t)(low - from);
    if (from > INT64_MAX - (int64_t)size)
        return leave_direct(c, err);
    TRY(mem_calloc(c->account, size * sizeof(*grown), (void **)&grown, err));
    if (c->direct_size > 0)
        memcpy(grown + (c->direct_low - from), c->direct, c->direct_size * sizeof(*grown));
    mem_free(c->account, c->direct, c->direct_size * sizeof(*c->direct));
    c->direct = grown;
    c->direct_low = from;
    c->direct_size = size;
    return ST_OK;
}

static status try_direct(struct exec_hash_column *c, const uint64_t *words, size_t rows,
                         uint32_t *ids, bool *done, struct error *err)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    *done = false;
    if (c->direct_off || rows == 0)
        return ST_OK;
    for (size_t i = 0; i < rows; i++) {
        int64_t v = (int64_t)words[i];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    TRY(cover_direct(c, low, high, err));
    if (c->direct_off)
        return ST_OK;
    for (size_t i = 0; i < rows; i++) {
        uint32_t *id = &c->direct[(int64_t)words[i] - c->direct_low];
        if (!*id) {
            *id = ++c->count;
            keep_word(c, *id, words[i]);
        }
        ids[i] = *id;
    }
    *done = true;
    return ST_OK;
}

/* Ids of `rows` words; room for as many new values is reserved. */
static status ids_of_words(struct exec_hash_column *c, const uint64_t *words, size_t rows,
                           uint32_t *ids, struct error *err)
{
    bool done;
    TRY(reserve(c, rows, err));
    TRY(try_direct(c, words, rows, ids, &done, err));
    if (done)
        return ST_OK;
    TRY(exec_hash_words_ids(&c->words, words, rows, ids, err));
    for (size_t i = 0; i < rows; i++) {
        if (ids[i] > c->count) { /* new ones come in order */
            c->count = ids[i];
            keep_word(c, ids[i], words[i]);
        }
    }
    return ST_OK;
}

/* ---- everything wider ------------------------------------------------------------------------ */

static int128 interval_us(const struct column_interval *v)
{
    const int64_t day_us = 86400LL * 1000000;
    return ((int128)v->months * 30 + v->days) * day_us + v->us;
}

/* The bytes that decide equality; `wide` holds an interval's. */
static struct str key_bytes(const struct exec_hash_column *c, const void *value, int128 *wide)
{
    if (c->phys == PHYS_STR)
        return *(const struct str *)value;
    if (c->phys == PHYS_INTERVAL)
        *wide = interval_us(value);
    else
        memcpy(wide, value, sizeof(*wide));
    return (struct str){(const char *)wide, sizeof(*wide)};
}

static bool same_value(const struct exec_hash_column *c, uint32_t id, struct str key)
{
    int128 wide;
    return str_eq(key_bytes(c, value_at(c, id), &wide), key);
}

/* Makes room for `keys` keys: two thirds of the slots. */
static status grow_tags(struct exec_hash_column *c, size_t keys, struct error *err)
{
    size_t size = c->tag_size ? c->tag_size : FIRST_TAGS;
    while (size / 3 * 2 < keys)
        size *= 2;
    if (size == c->tag_size)
        return ST_OK;
    struct exec_hash_tag *tags;
    TRY(mem_calloc(c->account, size * sizeof(*tags), (void **)&tags, err));
    mem_hint_huge(tags, size * sizeof(*tags));
    for (size_t i = 0; i < c->tag_size; i++) {
        if (!c->tags[i].id)
            continue;
        size_t at = c->tags[i].hash & (size - 1);
        while (tags[at].id)
            at = (at + 1) & (size - 1);
        tags[at] = c->tags[i];
    }
    mem_free(c->account, c->tags, c->tag_size * sizeof(*c->tags));
    c->tags = tags;
    c->tag_size = size;
    return ST_OK;
}

static uint32_t hash_bytes(const struct exec_hash_column *c, const void *value)
{
    int128 wide;
    struct str key = key_bytes(c, value, &wide);
    return (uint32_t)XXH3_64bits_withSeed(key.ptr, key.len, c->words.seed);
}

/* The first slot from `at` on that is free or has the hash. */
static size_t probe(const struct exec_hash_column *c, uint32_t hash, size_t at)
{
    while (c->tags[at].id && c->tags[at].hash != hash)
        at = (at + 1) & (c->tag_size - 1);
    return at;
}

/* The id of a value whose slot is at `at` or behind it; there is room for one more key. */
static status id_from_slot(struct exec_hash_column *c, const void *value, uint32_t hash, size_t at,
                           uint32_t *id, struct error *err)
{
    int128 wide;
    struct str key = key_bytes(c, value, &wide);
    for (at = probe(c, hash, at); c->tags[at].id;
         at = probe(c, hash, (at + 1) & (c->tag_size - 1))) {
        if (same_value(c, c->tags[at].id, key)) {
            *id = c->tags[at].id;
            return ST_OK;
        }
    }
    TRY(reserve(c, 1, err));
    char *to = value_at(c, c->count + 1);
    memcpy(to, value, column_phys_bytes(c->phys));
    if (c->phys == PHYS_STR) {
        struct str kept;
        TRY(arena_str(&c->arena, key, &kept, err));
        memcpy(to, &kept, sizeof(kept));
    }
    *id = ++c->count;
    c->tags[at] = (struct exec_hash_tag){hash, *id};
    return ST_OK;
}

static status id_of_bytes(struct exec_hash_column *c, const void *value, uint32_t *id,
                          struct error *err)
{
    uint32_t hash = hash_bytes(c, value);
    TRY(grow_tags(c, (size_t)c->count + 1, err));
    return id_from_slot(c, value, hash, hash & (c->tag_size - 1), id, err);
}

/* Finds the slots of a batch and asks for what comparing will touch, one kind of line after the
 * other: slots, kept values, their text. Each pass finds the lines of the one before in the cache.
 */
static void find_slots(const struct exec_hash_column *c, const uint32_t *hashes, size_t n,
                       size_t *slots)
{
    size_t mask = c->tag_size - 1;
    bool far = c->tag_size > CACHED_TAGS;
    for (size_t i = 0; i < n && far; i++)
        __builtin_prefetch(&c->tags[hashes[i] & mask]);
    for (size_t i = 0; i < n; i++) {
        slots[i] = probe(c, hashes[i], hashes[i] & mask);
        if (far)
            __builtin_prefetch(value_at(c, c->tags[slots[i]].id));
    }
    for (size_t i = 0; i < n && far && c->phys == PHYS_STR; i++)
        if (c->tags[slots[i]].id)
            __builtin_prefetch(((struct str *)(void *)value_at(c, c->tags[slots[i]].id))->ptr);
}

static status ids_of_byte_rows(struct exec_hash_column *c, const void *values,
                               const uint16_t *picked, size_t n, struct error *err)
{
    uint32_t hashes[COLUMN_SPAN_ROWS];
    size_t slots[COLUMN_SPAN_ROWS];
    size_t bytes = column_phys_bytes(c->phys);
    TRY(grow_tags(c, (size_t)c->count + n, err)); /* slots stay where they are from here on */
    for (size_t i = 0; i < n; i++)
        hashes[i] = hash_bytes(c, (const char *)values + (picked ? picked[i] : i) * bytes);
    find_slots(c, hashes, n, slots);
    for (size_t i = 0; i < n; i++) {
        size_t row = picked ? picked[i] : i;
        TRY(id_from_slot(c, (const char *)values + row * bytes, hashes[i], slots[i], &c->ids[row],
                         err));
    }
    return ST_OK;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static bool is_word(const struct exec_hash_column *c)
{
    return c->phys != PHYS_STR && c->phys != PHYS_I128 && c->phys != PHYS_INTERVAL;
}

static status id_of_value(struct exec_hash_column *c, const void *value, uint32_t *id,
                          struct error *err)
{
    uint64_t word;
    if (!is_word(c))
        return id_of_bytes(c, value, id, err);
    words_of(c->phys, value, 1, &word);
    return ids_of_words(c, &word, 1, id, err);
}

/* VALUES of words: all rows, or the picked ones packed and put back. */
static status ids_of_word_rows(struct exec_hash_column *c, const struct column_span *s,
                               const uint16_t *picked, size_t n, struct error *err)
{
    uint32_t ids[COLUMN_SPAN_ROWS];
    words_of(c->phys, s->values, (size_t)s->rows, c->keys);
    if (!picked)
        return ids_of_words(c, c->keys, n, c->ids, err);
    for (size_t i = 0; i < n; i++)
        c->keys[i] = c->keys[picked[i]]; /* ascending: never overtakes itself */
    TRY(ids_of_words(c, c->keys, n, ids, err));
    for (size_t i = 0; i < n; i++)
        c->ids[picked[i]] = ids[i];
    return ST_OK;
}

static status ids_of_values(struct exec_hash_column *c, const struct column_span *s,
                            const uint16_t *picked, size_t n, struct error *err)
{
    if (is_word(c))
        return ids_of_word_rows(c, s, picked, n, err);
    return ids_of_byte_rows(c, s->values, picked, n, err);
}

/* Starts the table of entry ids for a dictionary not met last. */
static status meet_dictionary(struct exec_hash_column *c, const struct column_dictionary *d,
                              struct error *err)
{
    if (c->dictionary_id == d->id)
        return ST_OK;
    if (c->entry_capacity < d->count) {
        size_t size = (size_t)d->count + d->count / 4;
        TRY(mem_realloc(c->account, (void **)&c->entry_ids,
                        c->entry_capacity * sizeof(*c->entry_ids), size * sizeof(*c->entry_ids),
                        err));
        c->entry_capacity = size;
    }
    if (d->count)
        memset(c->entry_ids, 0xFF, d->count * sizeof(*c->entry_ids)); /* NOT_ASKED */
    c->dictionary_id = d->id;
    return ST_OK;
}

static status id_of_entry(struct exec_hash_column *c, const struct column_dictionary *d,
                          uint32_t code, struct error *err)
{
    const char *value = (const char *)d->values + code * column_phys_bytes(c->phys);
    return id_of_value(c, value, &c->entry_ids[code], err);
}

static uint32_t code_at(const struct column_span *s, size_t i)
{
    return s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
}

static status ids_of_codes(struct exec_hash_column *c, const struct column_span *s,
                           const uint16_t *picked, size_t n, struct error *err)
{
    TRY(meet_dictionary(c, s->dictionary, err));
    for (size_t i = 0; i < n; i++) {
        size_t row = picked ? picked[i] : i;
        uint32_t code = code_at(s, row);
        if (__builtin_expect(c->entry_ids[code] == NOT_ASKED, 0))
            TRY(id_of_entry(c, s->dictionary, code, err));
        c->ids[row] = c->entry_ids[code];
    }
    return ST_OK;
}

/* Rows that are selected and not NULL; the selected NULL ones get id 0. */
static size_t pick(struct exec_hash_column *c, const struct column_span *s,
                   const uint16_t *selected, size_t count, uint16_t *picked)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t row = selected ? selected[i] : (uint16_t)i;
        bool there = column_bit(s->valid, row);
        picked[n] = row;
        n += there;
        if (!there)
            c->ids[row] = 0;
    }
    c->null_seen |= n < count;
    return n;
}

status exec_hash_column_ids(struct exec_hash_column *c, const struct column_span *span,
                            const uint16_t *selected, size_t selected_count,
                            struct exec_hash_ids *out, struct error *err)
{
    uint16_t picked[COLUMN_SPAN_ROWS];
    const uint16_t *rows = selected;
    size_t n = selected ? selected_count : (size_t)span->rows;
    *out = (struct exec_hash_ids){NULL, 0};
    if (span->kind == SPAN_RUN) {
        c->null_seen |= span->run_null;
        return span->run_null ? ST_OK : id_of_value(c, span->values, &out->one, err);
    }
    out->of_row = c->ids;
    if (span->valid) {
        n = pick(c, span, selected, n, picked);
        rows = picked;
    }
    return span->kind == SPAN_CODES ? ids_of_codes(c, span, rows, n, err)
                                    : ids_of_values(c, span, rows, n, err);
}
