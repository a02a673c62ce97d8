// SPDX-License-Identifier: Apache-2.0
/* mem.h - the only place that calls malloc, and the account every byte is charged to.
 *
 *     process account -> session account -> query account
 *
 * An account has a limit (0 = none) and a parent; a charge that would pass any limit on the way up
 * fails and changes nothing. A NULL account means "not charged" and is for start-up only.
 *
 * M1  used <= limit of every account at every moment, unless limit is 0
 * M2  mem_free gets the size that was allocated, so an account returns to what it was
 * M3  blocks are 64-byte aligned when asked for by mem_alloc_aligned, else as malloc aligns */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/status.h"

#include <stdatomic.h>

struct mem_account {
    const char *name;           /* borrowed: literal; stands in the error message */
    struct mem_account *parent; /* borrowed; NULL at the top */
    size_t limit_bytes;         /* 0 = unlimited */
    _Atomic size_t used_bytes;  /* now */
    _Atomic size_t peak_bytes;  /* largest used_bytes seen */
};

void mem_account_init(struct mem_account *a, const char *name, struct mem_account *parent,
                      size_t limit_bytes);

/* Charges without allocating (for memory owned by a library). ST_LIMIT names account and figure. */
STATUS_MUST_USE status mem_charge(struct mem_account *a, size_t bytes, struct error *err);
void mem_uncharge(struct mem_account *a, size_t bytes);

/* *out is not zeroed by mem_alloc, zeroed by mem_calloc. size 0 gives a non-NULL block. */
STATUS_MUST_USE status mem_alloc(struct mem_account *a, size_t bytes, void **out,
                                 struct error *err);
STATUS_MUST_USE status mem_calloc(struct mem_account *a, size_t bytes, void **out,
                                  struct error *err);
STATUS_MUST_USE status mem_alloc_aligned(struct mem_account *a, size_t bytes, void **out,
                                         struct error *err);
/* *block may be NULL with old_bytes 0. On failure *block is unchanged and still owned. */
STATUS_MUST_USE status mem_realloc(struct mem_account *a, void **block, size_t old_bytes,
                                   size_t new_bytes, struct error *err);
void mem_free(struct mem_account *a, void *block, size_t bytes);

/* A hint that a large block is used all over: its whole huge pages are asked for, so that a first
 * touch costs a quarter. Smaller blocks are left alone. */
void mem_hint_huge(void *block, size_t bytes);

/* Hooks for libraries that take allocation functions; not charged, but counted by the fault switch
 * below. They keep the size in front of the block. */
void *mem_hook_malloc(size_t bytes);
void *mem_hook_realloc(void *block, size_t bytes);
void mem_hook_free(void *block);
size_t mem_hook_size(const void *block); /* as asked for; 0 for NULL */
/* The same without a size: blocks are malloc's and free's own, so that a library may change over to
 * these while it holds older blocks. realloc to 0 bytes frees. */
void *mem_plain_malloc(size_t bytes);
void *mem_plain_realloc(void *block, size_t bytes);
void mem_plain_free(void *block);

/* Some libraries break when they are refused memory in the middle of their work. While a reserve is
 * held, mem_plain_malloc serves this thread from it instead of refusing; the caller sees used_bytes,
 * ends the work soon and drops its result before it releases the reserve. One at a time. */
struct mem_reserve {
    struct mem_account *account; /* borrowed */
    uint8_t *block;              /* owned */
    size_t bytes;
    size_t used_bytes;
};
STATUS_MUST_USE status mem_reserve_hold(struct mem_reserve *r, struct mem_account *account,
                                        size_t bytes, struct error *err);
void mem_reserve_release(struct mem_reserve *r);

/* Tests only: the n-th allocation from now (1 = the next) fails once, or it and all later ones.
 * 0 switches off. mem_fault_count gives allocations since the last call of mem_fault_set. */
void mem_fault_set(uint64_t nth, bool persistent);
uint64_t mem_fault_count(void);

#endif
