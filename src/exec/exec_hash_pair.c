// SPDX-License-Identifier: Apache-2.0
/* exec_hash_pair.c - pairs of ids to dense ids: an array while the product is small, else a hash.
 *
 *     dense   id at first * dense_second + second; exact mixed radix, so 366 x 1,000 ids take
 *             366,000 entries and not the next powers of two
 *
 * P1  dense has at most DENSE_ENTRIES entries, and beyond DENSE_ALWAYS at most DENSE_PER_PAIR for
 *     each pair met: a product that is large but nearly empty is hashed
 * P2  a hash table that turns out to fill more than one in DENSE_AGAIN entries of a dense array is
 *     given up for it, once
 * P3  at any time there is either the array or the hash table; either knows every pair met */
#include "exec/exec_hash.h"

#define DENSE_ENTRIES  ((size_t)1 << 24)
#define DENSE_ALWAYS   ((size_t)1 << 22)
#define DENSE_PER_PAIR 32
#define DENSE_AGAIN    8
#define AHEAD          32

status exec_hash_pair_init(struct exec_hash_pair *p, struct mem_account *account, struct error *err)
{
    *p = (struct exec_hash_pair){.account = account};
    TRY(exec_hash_words_init(&p->words, account, err));
    TRY(mem_alloc(account, COLUMN_SPAN_ROWS * sizeof(*p->ids), (void **)&p->ids, err));
    return mem_alloc(account, COLUMN_SPAN_ROWS * sizeof(*p->keys), (void **)&p->keys, err);
}

static void free_dense(struct exec_hash_pair *p)
{
    mem_free(p->account, p->dense, p->dense_first * p->dense_second * sizeof(*p->dense));
    p->dense = NULL;
    p->dense_first = p->dense_second = 0;
}

void exec_hash_pair_free(struct exec_hash_pair *p)
{
    free_dense(p);
    exec_hash_words_free(&p->words);
    mem_free(p->account, p->parts, p->capacity * sizeof(*p->parts));
    mem_free(p->account, p->ids, COLUMN_SPAN_ROWS * sizeof(*p->ids));
    mem_free(p->account, p->keys, COLUMN_SPAN_ROWS * sizeof(*p->keys));
    *p = (struct exec_hash_pair){0};
}

/* Room for `more` pairs behind count. */
static status reserve(struct exec_hash_pair *p, size_t more, struct error *err)
{
    size_t need = (size_t)p->count + 1 + more, size = p->capacity ? p->capacity : 1024;
    while (size < need)
        size += size / 2;
    if (size == p->capacity)
        return ST_OK;
    TRY(mem_realloc(p->account, (void **)&p->parts, p->capacity * sizeof(*p->parts),
                    size * sizeof(*p->parts), err));
    mem_hint_huge(p->parts, size * sizeof(*p->parts));
    p->capacity = size;
    return ST_OK;
}

/* Leaves the array for the hash table: pair i gets id i there too. */
static status start_hashing(struct exec_hash_pair *p, struct error *err)
{
    free_dense(p);
    for (uint32_t at = 1; at <= p->count;) {
        size_t n = p->count - at + 1 < COLUMN_SPAN_ROWS ? p->count - at + 1 : COLUMN_SPAN_ROWS;
        for (size_t i = 0; i < n; i++)
            p->keys[i] = (uint64_t)p->parts[at + i][0] << 32 | p->parts[at + i][1];
        TRY(exec_hash_words_ids(&p->words, p->keys, n, p->ids, err));
        at += (uint32_t)n;
    }
    return ST_OK;
}

static status start_dense(struct exec_hash_pair *p, size_t first, size_t second, struct error *err)
{
    uint32_t *dense;
    TRY(mem_calloc(p->account, first * second * sizeof(*dense), (void **)&dense, err));
    mem_hint_huge(dense, first * second * sizeof(*dense));
    free_dense(p);
    p->dense = dense;
    p->dense_first = first;
    p->dense_second = second;
    for (uint32_t id = 1; id <= p->count; id++)
        dense[p->parts[id][0] * second + p->parts[id][1]] = id;
    return ST_OK;
}

/* Decides between array and hash table for ids below the two counts (P1, P2). */
static status fit(struct exec_hash_pair *p, size_t first, size_t second, struct error *err)
{
    if (p->words.count > 0) {
        if (p->was_dense_again || first > (size_t)p->count * DENSE_AGAIN / second ||
            first > DENSE_ENTRIES / 2 / second)
            return ST_OK;
        p->was_dense_again = true;
        exec_hash_words_free(&p->words);
        p->words.count = 0;
    } else if (first <= p->dense_first && second <= p->dense_second) {
        return ST_OK;
    }
    /* A quarter more than now, so that growing by one value each time stays linear. */
    first = first <= p->dense_first ? p->dense_first : first + first / 4 + 4;
    second = second <= p->dense_second ? p->dense_second : second + second / 4 + 4;
    size_t most = (size_t)p->count * DENSE_PER_PAIR;
    most = most < DENSE_ALWAYS ? DENSE_ALWAYS : most > DENSE_ENTRIES ? DENSE_ENTRIES : most;
    return first > most / second ? start_hashing(p, err) : start_dense(p, first, second, err);
}

static void dense_ids(struct exec_hash_pair *p, const struct exec_hash_ids *first,
                      const struct exec_hash_ids *second, size_t rows)
{
    uint32_t at[COLUMN_SPAN_ROWS];
    uint32_t width = (uint32_t)p->dense_second; /* an entry's number is below 2^24 (P1) */
    for (size_t i = 0; i < rows; i++)
        at[i] = (first->of_row ? first->of_row[i] : first->one) * width +
                (second->of_row ? second->of_row[i] : second->one);
    for (size_t i = 0; i < rows; i++) {
        __builtin_prefetch(&p->dense[at[i + AHEAD < rows ? i + AHEAD : i]], 1);
        uint32_t *id = &p->dense[at[i]];
        if (__builtin_expect(*id == 0, 0)) {
            *id = ++p->count;
            p->parts[*id][0] = at[i] / width;
            p->parts[*id][1] = at[i] % width;
        }
        p->ids[i] = *id;
    }
}

static status hashed_ids(struct exec_hash_pair *p, const struct exec_hash_ids *first,
                         const struct exec_hash_ids *second, size_t rows, struct error *err)
{
    for (size_t i = 0; i < rows; i++)
        p->keys[i] = (uint64_t)(first->of_row ? first->of_row[i] : first->one) << 32 |
                     (second->of_row ? second->of_row[i] : second->one);
    TRY(exec_hash_words_ids(&p->words, p->keys, rows, p->ids, err));
    for (size_t i = 0; i < rows; i++) {
        if (p->ids[i] > p->count) { /* new ones come in order */
            p->count = p->ids[i];
            p->parts[p->count][0] = (uint32_t)(p->keys[i] >> 32);
            p->parts[p->count][1] = (uint32_t)p->keys[i];
        }
    }
    return ST_OK;
}

status exec_hash_pair_ids(struct exec_hash_pair *p, const struct exec_hash_ids *first,
                          uint32_t first_count, const struct exec_hash_ids *second,
                          uint32_t second_count, size_t rows, struct exec_hash_ids *out,
                          struct error *err)
{
    bool one = !first->of_row && !second->of_row;
    if ((uint64_t)p->count + rows >= UINT32_MAX)
        FAIL(err, ST_LIMIT, "more than %u groups", UINT32_MAX - 1);
    TRY(reserve(p, one ? 1 : rows, err));
    TRY(fit(p, (size_t)first_count + 1, (size_t)second_count + 1, err));
    if (p->dense)
        dense_ids(p, first, second, one ? 1 : rows);
    else
        TRY(hashed_ids(p, first, second, one ? 1 : rows, err));
    *out = (struct exec_hash_ids){one ? NULL : p->ids, p->ids[0]};
    return ST_OK;
}
