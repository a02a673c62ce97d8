// SPDX-License-Identifier: Apache-2.0
/* mem.c - malloc behind accounts and a fault switch.
 *
 * The fault switch is process-wide atomics and `reserve` is the thread's, because library hooks
 * carry no context; with the counter behind column_dictionary_id they are the tree's only mutable
 * globals. In normal runs the switch costs one relaxed add per allocation. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Atomic uint64_t fault_at;   /* allocation number that fails; 0 = none */
static _Atomic uint64_t fault_seen; /* allocations since mem_fault_set */
static _Atomic bool fault_persistent;
static _Thread_local struct mem_reserve *reserve; /* borrowed; NULL = none is held */

void mem_fault_set(uint64_t nth, bool persistent)
{
    atomic_store(&fault_persistent, persistent);
    atomic_store(&fault_seen, 0);
    atomic_store(&fault_at, nth);
}

uint64_t mem_fault_count(void)
{
    return atomic_load(&fault_seen);
}

static bool fault_now(void)
{
    uint64_t n = atomic_fetch_add_explicit(&fault_seen, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&fault_at, memory_order_relaxed);
    if (at == 0)
        return false;
    return n == at || (n > at && atomic_load_explicit(&fault_persistent, memory_order_relaxed));
}

void mem_account_init(struct mem_account *a, const char *name, struct mem_account *parent,
                      size_t limit_bytes)
{
    a->name = name;
    a->parent = parent;
    a->limit_bytes = limit_bytes;
    atomic_init(&a->used_bytes, 0);
    atomic_init(&a->peak_bytes, 0);
}

static void uncharge_up_to(struct mem_account *a, const struct mem_account *end, size_t bytes)
{
    for (; a != end; a = a->parent)
        atomic_fetch_sub_explicit(&a->used_bytes, bytes, memory_order_relaxed);
}

status mem_charge(struct mem_account *a, size_t bytes, struct error *err)
{
    for (struct mem_account *p = a; p; p = p->parent) {
        size_t now = atomic_fetch_add_explicit(&p->used_bytes, bytes, memory_order_relaxed) + bytes;
        if (p->limit_bytes && now > p->limit_bytes) {
            uncharge_up_to(a, p->parent, bytes);
            FAIL(err, ST_LIMIT, "%s: %zu more bytes would pass the limit of %zu (%zu in use)",
                 p->name, bytes, p->limit_bytes, now - bytes);
        }
        size_t peak = atomic_load_explicit(&p->peak_bytes, memory_order_relaxed);
        while (now > peak && !atomic_compare_exchange_weak(&p->peak_bytes, &peak, now))
            ;
    }
    return ST_OK;
}

void mem_uncharge(struct mem_account *a, size_t bytes)
{
    uncharge_up_to(a, NULL, bytes);
}

enum block_kind { BLOCK_PLAIN, BLOCK_ZEROED, BLOCK_ALIGNED };

static void *raw_alloc(size_t bytes, enum block_kind kind)
{
    size_t n = bytes ? bytes : 1;
    if (fault_now())
        return NULL;
    if (kind == BLOCK_ZEROED)
        return calloc(1, n);
    if (kind == BLOCK_ALIGNED)
        return n > SIZE_MAX - 63 ? NULL : aligned_alloc(64, (n + 63) & ~(size_t)63);
    return malloc(n);
}

static status charged_alloc(struct mem_account *a, size_t bytes, enum block_kind kind, void **out,
                            struct error *err)
{
    *out = NULL;
    TRY(mem_charge(a, bytes, err));
    *out = raw_alloc(bytes, kind);
    if (!*out) {
        mem_uncharge(a, bytes);
        FAIL(err, ST_OOM, "out of memory: %zu bytes", bytes);
    }
    return ST_OK;
}

status mem_alloc(struct mem_account *a, size_t bytes, void **out, struct error *err)
{
    return charged_alloc(a, bytes, BLOCK_PLAIN, out, err);
}

status mem_calloc(struct mem_account *a, size_t bytes, void **out, struct error *err)
{
    return charged_alloc(a, bytes, BLOCK_ZEROED, out, err);
}

status mem_alloc_aligned(struct mem_account *a, size_t bytes, void **out, struct error *err)
{
    return charged_alloc(a, bytes, BLOCK_ALIGNED, out, err);
}

status mem_realloc(struct mem_account *a, void **block, size_t old_bytes, size_t new_bytes,
                   struct error *err)
{
    if (new_bytes > old_bytes)
        TRY(mem_charge(a, new_bytes - old_bytes, err));
    void *p = fault_now() ? NULL : realloc(*block, new_bytes ? new_bytes : 1);
    if (!p) {
        if (new_bytes > old_bytes)
            mem_uncharge(a, new_bytes - old_bytes);
        FAIL(err, ST_OOM, "out of memory: %zu bytes", new_bytes);
    }
    if (new_bytes < old_bytes)
        mem_uncharge(a, old_bytes - new_bytes);
    *block = p;
    return ST_OK;
}

void mem_free(struct mem_account *a, void *block, size_t bytes)
{
    if (!block)
        return;
    free(block);
    mem_uncharge(a, bytes);
}

/* Outwards to whole small pages: if only a part of a mapping took the hint, the mapping would be
 * split in two, and realloc could not move it by its page tables any more. */
void mem_hint_huge(void *block, size_t bytes)
{
    const uintptr_t page = 4096, huge = 2 << 20;
    uintptr_t from = (uintptr_t)block & ~(page - 1);
    uintptr_t to = ((uintptr_t)block + bytes + page - 1) & ~(page - 1);
    if (bytes >= 4 * huge)
        (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

/* malloc aligns to 16, and so must the block behind the size. */
#define HOOK_HEADER 16

void *mem_hook_malloc(size_t bytes)
{
    bool no = bytes > SIZE_MAX - HOOK_HEADER || fault_now();
    uint8_t *p = no ? NULL : malloc(bytes + HOOK_HEADER);
    if (!p)
        return NULL;
    memcpy(p, &bytes, sizeof(bytes));
    return p + HOOK_HEADER;
}

void *mem_hook_realloc(void *block, size_t bytes)
{
    if (!block)
        return mem_hook_malloc(bytes);
    bool no = bytes > SIZE_MAX - HOOK_HEADER || fault_now();
    uint8_t *p = no ? NULL : realloc((uint8_t *)block - HOOK_HEADER, bytes + HOOK_HEADER);
    if (!p)
        return NULL;
    memcpy(p, &bytes, sizeof(bytes));
    return p + HOOK_HEADER;
}

void mem_hook_free(void *block)
{
    if (block)
        free((uint8_t *)block - HOOK_HEADER);
}

size_t mem_hook_size(const void *block)
{
    size_t bytes = 0;
    if (block)
        memcpy(&bytes, (const uint8_t *)block - HOOK_HEADER, sizeof(bytes));
    return bytes;
}

/* ---- plain hooks and their reserve ----------------------------------------------------------- */

status mem_reserve_hold(struct mem_reserve *r, struct mem_account *account, size_t bytes,
                        struct error *err)
{
    *r = (struct mem_reserve){.account = account, .bytes = bytes};
    ENSURE(reserve == NULL, err);
    TRY(mem_alloc(account, bytes, (void **)&r->block, err));
    reserve = r;
    return ST_OK;
}

void mem_reserve_release(struct mem_reserve *r)
{
    reserve = NULL;
    mem_free(r->account, r->block, r->bytes);
}

static void *from_reserve(size_t bytes)
{
    struct mem_reserve *r = reserve;
    if (!r || bytes > r->bytes - r->used_bytes)
        return NULL;
    void *p = r->block + r->used_bytes;
    size_t taken = (bytes + 15) & ~(size_t)15;
    r->used_bytes = taken < r->bytes - r->used_bytes ? r->used_bytes + taken : r->bytes;
    return p;
}

static bool in_reserve(const void *block)
{
    const uint8_t *p = block;
    return reserve && p >= reserve->block && p < reserve->block + reserve->bytes;
}

void *mem_plain_malloc(size_t bytes)
{
    size_t n = bytes ? bytes : 1;
    void *p = fault_now() ? NULL : malloc(n);
    return p ? p : from_reserve(n);
}

void *mem_plain_realloc(void *block, size_t bytes)
{
    if (bytes == 0) {
        mem_plain_free(block);
        return NULL;
    }
    return fault_now() || in_reserve(block) ? NULL : realloc(block, bytes);
}

void mem_plain_free(void *block)
{
    if (!in_reserve(block))
        free(block);
}
