// SPDX-License-Identifier: Apache-2.0
/* parquet_write_dict.c - values to codes, for dictionary pages (Encodings.md, "Dictionary
 * Encoding").
 *
 *     slots    [ 0 | 3 | 0 | 1 | 2 | ... ]        code + 1, open addressing, at most half full
 *     text     [hash start][...][...]             by code; numbers need none
 *     entries  |len|text|len|text|...             or 4 or 8 bytes each: the dictionary page itself
 *
 * Numbers compare by their bits, so -0.0, +0.0 and every NaN keep theirs. Typical: 10 to 100,000
 * entries, and long stretches of one value in sorted data, so the last value is tried first.
 *
 * D1  codes are given in order of first appearance, so entries that only the newest rows use are
 *     the last ones and parquet_dict_close can drop them
 * D2  a new value whose probe is longer than PROBE_MAX counts as "full": data made to collide costs
 *     a dictionary, not quadratic time. Lookups of old values never fail, so RUN, CODES and VALUES
 *     input of the same rows fill it alike */
#include "parquet/parquet_write_int.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define PROBE_MAX   256
#define FIRST_SLOTS 256

void parquet_dict_init(struct parquet_dict *d, struct mem_account *account, uint32_t width,
                       size_t limit_bytes)
{
    *d = (struct parquet_dict){.account = account, .width = width, .limit_bytes = limit_bytes};
    buffer_init(&d->entries, account, limit_bytes);
}

static void free_table(struct parquet_dict *d)
{
    mem_free(d->account, d->slots, d->slot_count * sizeof(*d->slots));
    d->slots = NULL;
    d->slot_count = 0;
}

void parquet_dict_free(struct parquet_dict *d)
{
    free_table(d);
    mem_free(d->account, d->stamps, d->stamps ? d->capacity * sizeof(*d->stamps) : 0);
    mem_free(d->account, d->text, d->text ? d->capacity * sizeof(*d->text) : 0);
    d->stamps = NULL;
    d->text = NULL;
    d->capacity = 0;
    d->count = 0;
    buffer_free(&d->entries);
}

void parquet_dict_clear(struct parquet_dict *d)
{
    d->count = 0;
    buffer_clear(&d->entries);
    if (d->slots)
        memset(d->slots, 0, d->slot_count * sizeof(*d->slots));
}

void parquet_dict_close(struct parquet_dict *d, uint32_t count)
{
    d->entries.len = parquet_dict_bytes(d, count);
    d->count = count;
    free_table(d);
}

/* Both halves of a product, so that values which differ in high bits only spread as well. */
static inline uint32_t hash_number(uint64_t v)
{
    uint128 p = (uint128)(v ^ UINT64_C(0x2545F4914F6CDD1D)) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)((uint64_t)(p >> 64) ^ (uint64_t)p);
}

ALWAYS_INLINE uint64_t number_at(const void *values, size_t i, uint32_t width)
{
    return width == 4 ? ((const uint32_t *)values)[i] : ((const uint64_t *)values)[i];
}

static inline uint32_t hash_of(const struct parquet_dict *d, uint32_t code)
{
    return d->width ? hash_number(number_at(d->entries.data, code, d->width)) : d->text[code].hash;
}

/* The arrays by code grow together; `capacity` follows when both have. */
static status grow_arrays(struct parquet_dict *d, struct error *err)
{
    size_t had = d->capacity, more = had ? had * 2 : FIRST_SLOTS / 2;
    void *text = NULL;
    if (d->width == 0) {
        TRY(mem_alloc(d->account, more * sizeof(*d->text), &text, err));
        if (had)
            memcpy(text, d->text, had * sizeof(*d->text));
    }
    status st = mem_realloc(d->account, (void **)&d->stamps, had * sizeof(*d->stamps),
                            more * sizeof(*d->stamps), err);
    if (st != ST_OK) {
        mem_free(d->account, text, text ? more * sizeof(*d->text) : 0);
        return st;
    }
    mem_free(d->account, d->text, d->text ? had * sizeof(*d->text) : 0);
    d->text = text;
    d->capacity = more;
    return ST_OK;
}

/* Room for one more entry; the table stays at most half full. */
static status grow(struct parquet_dict *d, struct error *err)
{
    if (d->count == d->capacity)
        TRY(grow_arrays(d, err));
    if ((size_t)(d->count + 1) * 2 <= d->slot_count)
        return ST_OK;
    size_t more = d->slot_count ? d->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots;
    TRY(mem_calloc(d->account, more * sizeof(*slots), (void **)&slots, err));
    for (uint32_t code = 0; code < d->count; code++) {
        size_t at = hash_of(d, code) & (more - 1);
        while (slots[at])
            at = (at + 1) & (more - 1);
        slots[at] = code + 1;
    }
    free_table(d);
    d->slots = slots;
    d->slot_count = more;
    return ST_OK;
}

/* Adds an entry of `bytes` bytes at slot `at`; room was made by grow. *added false = full. */
static status add(struct parquet_dict *d, size_t at, size_t probes, uint32_t hash, size_t bytes,
                  uint8_t **to, bool *added, struct error *err)
{
    *added = probes <= PROBE_MAX && bytes <= d->limit_bytes &&
             d->entries.len <= d->limit_bytes - bytes && d->count < UINT32_MAX - 1;
    if (!*added)
        return ST_OK;
    TRY(buffer_reserve(&d->entries, bytes, err));
    *to = d->entries.data + d->entries.len;
    d->stamps[d->count] = 0;
    if (d->text)
        d->text[d->count] = (struct parquet_dict_text){hash, (uint32_t)d->entries.len};
    d->entries.len += bytes;
    d->slots[at] = ++d->count;
    return ST_OK;
}

/* One loop for both widths; `width` is a constant where it is called. */
ALWAYS_INLINE status put_numbers(struct parquet_dict *d, const void *values, size_t n,
                                 uint32_t width, uint32_t *codes, size_t *placed, struct error *err)
{
    uint64_t last = 0;
    uint32_t last_code = UINT32_MAX; /* none yet */
    for (size_t i = 0; i < n; i++) {
        uint64_t v = number_at(values, i, width);
        if (v != last || last_code == UINT32_MAX) {
            uint32_t hash = hash_number(v);
            size_t mask = d->slot_count - 1, at = hash & mask, probes = 1;
            while (d->slots[at] && number_at(d->entries.data, d->slots[at] - 1, width) != v) {
                at = (at + 1) & mask;
                probes++;
            }
            last = v;
            last_code = d->slots[at] - 1;
            if (last_code == UINT32_MAX) {
                uint8_t *to;
                bool added;
                TRY(add(d, at, probes, hash, width, &to, &added, err));
                if (!added) {
                    *placed = i;
                    return ST_OK;
                }
                memcpy(to, &v, width); /* little-endian */
                last_code = d->count - 1;
                TRY(grow(d, err));
            }
        }
        codes[i] = last_code;
    }
    *placed = n;
    return ST_OK;
}

/* memcmp for equality; the short texts that dictionaries mostly hold need no call. */
static inline bool same_bytes(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    if (n > 16)
        return memcmp(x, y, n) == 0;
    if (n >= 8)
        return ((load_u64le(x) ^ load_u64le(y)) |
                (load_u64le(x + n - 8) ^ load_u64le(y + n - 8))) == 0;
    if (n >= 4)
        return ((load_u32le(x) ^ load_u32le(y)) |
                (load_u32le(x + n - 4) ^ load_u32le(y + n - 4))) == 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return false;
    return true;
}

static inline bool text_is(const struct parquet_dict *d, uint32_t code, uint32_t hash,
                           struct str text)
{
    const struct parquet_dict_text *e = &d->text[code];
    const uint8_t *at = d->entries.data + e->start;
    return e->hash == hash && load_u32le(at) == text.len && same_bytes(at + 4, text.ptr, text.len);
}

static status put_text(struct parquet_dict *d, const struct str *values, size_t n, uint32_t *codes,
                       size_t *placed, struct error *err)
{
    uint32_t last = 0;
    for (size_t i = 0; i < n; i++) {
        struct str v = values[i];
        if (i > 0 && v.len == values[i - 1].len && same_bytes(v.ptr, values[i - 1].ptr, v.len)) {
            codes[i] = last;
            continue;
        }
        uint32_t hash = (uint32_t)XXH3_64bits(v.len ? v.ptr : "", v.len);
        size_t mask = d->slot_count - 1, at = hash & mask, probes = 1;
        while (d->slots[at] && !text_is(d, d->slots[at] - 1, hash, v)) {
            at = (at + 1) & mask;
            probes++;
        }
        last = d->slots[at] - 1;
        if (last == UINT32_MAX) {
            uint8_t *to;
            bool added;
            TRY(add(d, at, probes, hash, 4 + v.len, &to, &added, err));
            if (!added) {
                *placed = i;
                return ST_OK;
            }
            store_u32le(to, (uint32_t)v.len);
            memcpy(to + 4, v.len ? v.ptr : "", v.len);
            last = d->count - 1;
            TRY(grow(d, err));
        }
        codes[i] = last;
    }
    *placed = n;
    return ST_OK;
}

status parquet_dict_put(struct parquet_dict *d, const void *values, size_t n, uint32_t *codes,
                        size_t *placed, struct error *err)
{
    *placed = 0;
    TRY(grow(d, err));
    if (d->width == 4)
        return put_numbers(d, values, n, 4, codes, placed, err);
    if (d->width == 8)
        return put_numbers(d, values, n, 8, codes, placed, err);
    return put_text(d, values, n, codes, placed, err);
}
