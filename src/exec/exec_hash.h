// SPDX-License-Identifier: Apache-2.0
/* exec_hash.h - keys to dense numbers: what GROUP BY and count(DISTINCT) stand on.
 *
 *     column 1 --exec_hash_column--> id --\
 *                                          exec_hash_pair --> id --\
 *     column 2 --exec_hash_column--> id --/                         exec_hash_pair --> group
 *     column 3 --exec_hash_column--------------------------> id ---/
 *
 * Each key column gets a table of its own that numbers its distinct values from 1 in the order met;
 * 0 is NULL. A dictionary's entries are looked up once each, a run once, small integers and dates
 * in a plain array. Numbers of two columns are then paired: in a dense array while the product of
 * their counts is small, else by hashing. One column needs no pairing: its numbers are the groups.
 *
 * H1  ids have no gaps and never change; the value of an id is kept in its physical form
 * H2  equal keys are one id: -0.0 and +0.0 (kept as +0.0), all NaN, intervals of equal length
 * H3  hashes are seeded at random per table; nothing that is given out depends on them
 * H4  every byte is charged to the account given at init */
#ifndef EXEC_HASH_H
#define EXEC_HASH_H

#include "column/column_span.h"

/* Numbers of a batch's rows: of_row, or `one` for all of them when of_row is NULL. */
struct exec_hash_ids {
    const uint32_t *of_row; /* borrowed from whoever gave it, until the next call there */
    uint32_t one;
};

/* ---- 64-bit words to ids --------------------------------------------------------------------- */

struct exec_hash_slot {
    uint64_t key;
    uint32_t id; /* 0 = free */
};

/* Open addressing, linear probing, at most two thirds full. */
struct exec_hash_words {
    struct exec_hash_slot *slots; /* owned; size of them */
    size_t size;                  /* a power of two, or 0 before the first insert */
    uint32_t count;               /* ids given: 1 to count */
    uint64_t seed;
    struct mem_account *account; /* borrowed */
};

STATUS_MUST_USE status exec_hash_words_init(struct exec_hash_words *w, struct mem_account *account,
                                            struct error *err);
void exec_hash_words_free(struct exec_hash_words *w);
/* Ids of `rows` keys (at most COLUMN_SPAN_ROWS); new keys get the next ids. */
STATUS_MUST_USE status exec_hash_words_ids(struct exec_hash_words *w, const uint64_t *keys,
                                           size_t rows, uint32_t *ids, struct error *err);

/* ---- one column ------------------------------------------------------------------------------ */

struct exec_hash_column {
    struct column_type type;
    enum column_phys phys;
    struct mem_account *account; /* borrowed */
    struct arena arena;          /* text of the kept values */
    uint32_t count;              /* distinct values; ids 1 to count */
    void *values;                /* owned: value of id i at index i, index 0 unused */
    size_t capacity;             /* values allocated */
    bool null_seen;
    struct exec_hash_words words; /* fixed-width keys up to 8 bytes */
    /* text, 128-bit decimals and intervals: slots of hash and id, at most two thirds full */
    struct exec_hash_tag {
        uint32_t hash;
        uint32_t id; /* 0 = free */
    } * tags;        /* owned */
    size_t tag_size; /* a power of two, or 0 */
    /* integers in a narrow range: id of value v at v - direct_low */
    uint32_t *direct; /* owned */
    int64_t direct_low;
    size_t direct_size;
    bool direct_off; /* the range became too wide */
    /* the dictionary met last: ids of its entries; UINT32_MAX = not looked up yet */
    uint64_t dictionary_id;
    uint32_t *entry_ids; /* owned */
    size_t entry_capacity;
    /* one batch */
    uint32_t *ids;  /* owned: COLUMN_SPAN_ROWS */
    uint64_t *keys; /* owned: COLUMN_SPAN_ROWS */
};

STATUS_MUST_USE status exec_hash_column_init(struct exec_hash_column *c, struct column_type type,
                                             struct mem_account *account, struct error *err);
void exec_hash_column_free(struct exec_hash_column *c); /* accepts a zeroed one */
/* Ids of a span's rows; with `selected` only those rows get one (the others of out->of_row are
 * undefined). */
STATUS_MUST_USE status exec_hash_column_ids(struct exec_hash_column *c,
                                            const struct column_span *span,
                                            const uint16_t *selected, size_t selected_count,
                                            struct exec_hash_ids *out, struct error *err);
/* The value of an id; NULL for id 0. Borrowed until the next exec_hash_column_ids. */
const void *exec_hash_column_value(const struct exec_hash_column *c, uint32_t id);

/* ---- pairs of ids ---------------------------------------------------------------------------- */

struct exec_hash_pair {
    uint32_t count;       /* distinct pairs; ids 1 to count */
    uint32_t (*parts)[2]; /* owned: the pair of id i at index i, index 0 unused */
    size_t capacity;      /* parts allocated */
    uint32_t *dense;      /* owned: id at first * dense_second + second; NULL = hashing */
    size_t dense_first, dense_second;
    bool was_dense_again; /* the hash table was given up for the array once */
    struct exec_hash_words words;
    struct mem_account *account; /* borrowed */
    uint32_t *ids;               /* owned: COLUMN_SPAN_ROWS */
    uint64_t *keys;              /* owned: COLUMN_SPAN_ROWS */
};

STATUS_MUST_USE status exec_hash_pair_init(struct exec_hash_pair *p, struct mem_account *account,
                                           struct error *err);
void exec_hash_pair_free(struct exec_hash_pair *p); /* accepts a zeroed one */
/* Ids of the pairs of `rows` rows; the counts say how large ids of either side can be. */
STATUS_MUST_USE status exec_hash_pair_ids(struct exec_hash_pair *p,
                                          const struct exec_hash_ids *first, uint32_t first_count,
                                          const struct exec_hash_ids *second, uint32_t second_count,
                                          size_t rows, struct exec_hash_ids *out,
                                          struct error *err);

#endif
