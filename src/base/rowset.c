// SPDX-License-Identifier: Apache-2.0
/* rowset.c - sets of row numbers in chunks of 65,536 (the two forms of rowset.h). */
#include "base/rowset.h"

#include <string.h>

#define MOST_NUMBERS 4096 /* from here on bits are smaller */
#define CHUNK_WORDS  (ROWSET_CHUNK_ROWS / 64)
#define CHUNK_BYTES  (CHUNK_WORDS * sizeof(uint64_t))

status rowset_init(struct rowset *s, int64_t limit, struct mem_account *account, struct error *err)
{
    *s = (struct rowset){.account = account, .limit = limit};
    size_t chunks = (size_t)(limit / ROWSET_CHUNK_ROWS + (limit % ROWSET_CHUNK_ROWS != 0));
    if (chunks > SIZE_MAX / sizeof(*s->chunks))
        FAIL(err, ST_LIMIT, "a set of %lld rows", (long long)limit);
    TRY(mem_calloc(account, chunks * sizeof(*s->chunks), (void **)&s->chunks, err));
    s->chunk_count = chunks;
    return ST_OK;
}

void rowset_free(struct rowset *s)
{
    for (size_t i = 0; i < s->chunk_count; i++) {
        struct rowset_chunk *c = &s->chunks[i];
        mem_free(s->account, c->numbers, c->capacity * sizeof(*c->numbers));
        mem_free(s->account, c->bits, c->bits ? CHUNK_BYTES : 0);
    }
    mem_free(s->account, s->chunks, s->chunk_count * sizeof(*s->chunks));
    *s = (struct rowset){0};
}

static status make_bits(struct rowset *s, struct rowset_chunk *c, struct error *err)
{
    TRY(mem_calloc(s->account, CHUNK_BYTES, (void **)&c->bits, err));
    for (uint32_t i = 0; i < c->count; i++)
        c->bits[c->numbers[i] / 64] |= UINT64_C(1) << (c->numbers[i] % 64);
    mem_free(s->account, c->numbers, c->capacity * sizeof(*c->numbers));
    c->numbers = NULL;
    c->count = c->capacity = 0;
    return ST_OK;
}

static status room_for_one(struct rowset *s, struct rowset_chunk *c, struct error *err)
{
    if (c->count < c->capacity)
        return ST_OK;
    uint32_t more = c->capacity ? c->capacity * 2 : 8;
    TRY(mem_realloc(s->account, (void **)&c->numbers, c->capacity * sizeof(*c->numbers),
                    more * sizeof(*c->numbers), err));
    c->capacity = more;
    return ST_OK;
}

status rowset_add(struct rowset *s, int64_t row, struct error *err)
{
    if (row >= s->limit)
        return ST_OK;
    struct rowset_chunk *c = &s->chunks[row / ROWSET_CHUNK_ROWS];
    uint16_t n = (uint16_t)(row % ROWSET_CHUNK_ROWS);
    if (!c->bits && c->count > 0 && c->numbers[c->count - 1] == n)
        return ST_OK;
    bool ascends = c->count == 0 || c->numbers[c->count - 1] < n;
    if (!c->bits && (!ascends || c->count == MOST_NUMBERS)) /* R1 */
        TRY(make_bits(s, c, err));
    if (c->bits) {
        uint64_t bit = UINT64_C(1) << (n % 64);
        s->count += !(c->bits[n / 64] & bit);
        c->bits[n / 64] |= bit;
        return ST_OK;
    }
    TRY(room_for_one(s, c, err));
    c->numbers[c->count++] = n;
    s->count++;
    return ST_OK;
}

/* Rows [from, to) of one chunk. */
static void set_bits(struct rowset *s, struct rowset_chunk *c, uint32_t from, uint32_t to)
{
    for (uint32_t at = from; at < to;) {
        uint32_t in_word = at % 64, n = to - at < 64 - in_word ? to - at : 64 - in_word;
        uint64_t mask = (n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1) << in_word;
        s->count += __builtin_popcountll(mask & ~c->bits[at / 64]);
        c->bits[at / 64] |= mask;
        at += n;
    }
}

status rowset_add_range(struct rowset *s, int64_t from, int64_t rows, struct error *err)
{
    if (from >= s->limit) /* where from + rows may be past 63 bits */
        return ST_OK;
    int64_t end = rows > s->limit - from ? s->limit : from + rows;
    while (from < end) {
        struct rowset_chunk *c = &s->chunks[from / ROWSET_CHUNK_ROWS];
        int64_t first = from % ROWSET_CHUNK_ROWS, n = ROWSET_CHUNK_ROWS - first;
        n = end - from < n ? end - from : n;
        if (n < 64) {
            for (int64_t i = 0; i < n; i++)
                TRY(rowset_add(s, from + i, err));
        } else {
            if (!c->bits)
                TRY(make_bits(s, c, err));
            set_bits(s, c, (uint32_t)first, (uint32_t)(first + n));
        }
        from += n;
    }
    return ST_OK;
}

/* The first of c's numbers that is not below n. */
static uint32_t lower_bound(const struct rowset_chunk *c, uint32_t n)
{
    uint32_t low = 0, high = c->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->numbers[middle] < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* 64 bits of a chunk from bit `at` on; what lies behind the chunk is 0. */
static uint64_t bits_at(const uint64_t *bits, uint32_t at)
{
    uint64_t low = bits[at / 64] >> (at % 64);
    bool more = at % 64 && at / 64 + 1 < CHUNK_WORDS;
    return more ? low | bits[at / 64 + 1] << (64 - at % 64) : low;
}

/* Rows [from, from + rows) of one chunk become the bits from `to` on. */
static void mask_chunk(const struct rowset_chunk *c, uint32_t from, uint32_t rows, uint64_t *words,
                       int64_t to)
{
    if (c->bits) {
        for (uint32_t i = 0; i < rows; i += 64) {
            uint64_t w = bits_at(c->bits, from + i);
            if (rows - i < 64)
                w &= (UINT64_C(1) << (rows - i)) - 1;
            int64_t at = to + i;
            words[at / 64] |= w << (at % 64);
            if (at % 64 && w >> (64 - at % 64))
                words[at / 64 + 1] |= w >> (64 - at % 64);
        }
        return;
    }
    for (uint32_t i = lower_bound(c, from); i < c->count && c->numbers[i] < from + rows; i++) {
        int64_t at = to + (c->numbers[i] - from);
        words[at / 64] |= UINT64_C(1) << (at % 64);
    }
}

int64_t rowset_mask(const struct rowset *s, int64_t from, int64_t rows, uint64_t *words)
{
    int64_t set = 0;
    memset(words, 0, (size_t)((rows + 63) / 64) * sizeof(*words));
    for (int64_t done = 0; done < rows;) {
        int64_t first = (from + done) % ROWSET_CHUNK_ROWS, n = ROWSET_CHUNK_ROWS - first;
        n = rows - done < n ? rows - done : n;
        mask_chunk(&s->chunks[(from + done) / ROWSET_CHUNK_ROWS], (uint32_t)first, (uint32_t)n,
                   words, done);
        done += n;
    }
    for (int64_t i = 0; i < (rows + 63) / 64; i++)
        set += __builtin_popcountll(words[i]);
    return set;
}

/* ---- members ---------------------------------------------------------------------------------- */

/* The first number of a chunk that is not below n; ROWSET_CHUNK_ROWS = none. */
static uint32_t next_in_chunk(const struct rowset_chunk *c, uint32_t n)
{
    if (!c->bits) {
        uint32_t at = lower_bound(c, n);
        return at < c->count ? c->numbers[at] : ROWSET_CHUNK_ROWS;
    }
    uint64_t w = c->bits[n / 64] & ~UINT64_C(0) << (n % 64);
    for (uint32_t at = n / 64;; w = c->bits[at]) {
        if (w)
            return at * 64 + (uint32_t)__builtin_ctzll(w);
        if (++at == CHUNK_WORDS)
            return ROWSET_CHUNK_ROWS;
    }
}

int64_t rowset_next(const struct rowset *s, int64_t from)
{
    uint32_t n = (uint32_t)(from % ROWSET_CHUNK_ROWS);
    if (from >= s->limit)
        return -1;
    for (size_t i = (size_t)(from / ROWSET_CHUNK_ROWS); i < s->chunk_count; i++, n = 0) {
        uint32_t found = next_in_chunk(&s->chunks[i], n);
        if (found < ROWSET_CHUNK_ROWS)
            return (int64_t)i * ROWSET_CHUNK_ROWS + found;
    }
    return -1;
}

/* Members in [from, to) of one chunk. */
static int64_t count_chunk(const struct rowset_chunk *c, uint32_t from, uint32_t to)
{
    int64_t count = 0;
    if (!c->bits)
        return (int64_t)lower_bound(c, to) - lower_bound(c, from);
    for (uint32_t at = from; at < to;) {
        uint32_t in_word = at % 64, n = to - at < 64 - in_word ? to - at : 64 - in_word;
        uint64_t mask = (n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1) << in_word;
        count += __builtin_popcountll(c->bits[at / 64] & mask);
        at += n;
    }
    return count;
}

int64_t rowset_count_range(const struct rowset *s, int64_t from, int64_t rows)
{
    int64_t count = 0;
    if (from >= s->limit)
        return 0;
    int64_t end = rows > s->limit - from ? s->limit : from + rows;
    while (from < end) {
        int64_t first = from % ROWSET_CHUNK_ROWS, n = ROWSET_CHUNK_ROWS - first;
        n = end - from < n ? end - from : n;
        count += count_chunk(&s->chunks[from / ROWSET_CHUNK_ROWS], (uint32_t)first,
                             (uint32_t)(first + n));
        from += n;
    }
    return count;
}

/* ---- two sets --------------------------------------------------------------------------------- */

/* The bits of chunk i of a that are not b's. */
static void minus_words(const struct rowset *a, const struct rowset *b, size_t i, uint64_t *words)
{
    uint64_t taken[CHUNK_WORDS] = {0};
    memset(words, 0, CHUNK_BYTES);
    mask_chunk(&a->chunks[i], 0, ROWSET_CHUNK_ROWS, words, 0);
    if (i < b->chunk_count)
        mask_chunk(&b->chunks[i], 0, ROWSET_CHUNK_ROWS, taken, 0);
    for (size_t w = 0; w < CHUNK_WORDS; w++)
        words[w] &= ~taken[w];
}

static bool chunk_empty(const struct rowset_chunk *c)
{
    return !c->bits && c->count == 0;
}

status rowset_add_minus(struct rowset *to, const struct rowset *a, const struct rowset *b,
                        struct error *err)
{
    uint64_t words[CHUNK_WORDS];
    for (size_t i = 0; i < a->chunk_count; i++) {
        if (chunk_empty(&a->chunks[i]))
            continue;
        minus_words(a, b, i, words);
        for (int64_t w = 0; w < CHUNK_WORDS; w++)
            for (uint64_t left = words[w]; left; left &= left - 1)
                TRY(rowset_add(to, (int64_t)i * ROWSET_CHUNK_ROWS + w * 64 + __builtin_ctzll(left),
                               err));
    }
    return ST_OK;
}

bool rowset_includes(const struct rowset *a, const struct rowset *b)
{
    uint64_t words[CHUNK_WORDS];
    if (b->count > a->count)
        return false;
    for (size_t i = 0; i < b->chunk_count; i++) {
        if (chunk_empty(&b->chunks[i]))
            continue;
        minus_words(b, a, i, words);
        for (size_t w = 0; w < CHUNK_WORDS; w++)
            if (words[w])
                return false;
    }
    return true;
}

bool rowset_eq(const struct rowset *a, const struct rowset *b)
{
    return a->count == b->count && rowset_includes(a, b);
}
