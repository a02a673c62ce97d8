// SPDX-License-Identifier: Apache-2.0
/* arena.h - memory for the small and many: trees, names, plans, manifests, one batch's values.
 *
 * Bump allocation in blocks that double from 4 KiB to 1 MiB; freed all at once. Blocks stand
 * 16-byte aligned; pieces are aligned to 16. Clean-ups run in reverse order at reset and destroy.
 * Arenas are passed as arguments; there is no current one. Not for use by two threads at once.
 *
 *     process > session > query > operator > batch */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"
#include "base/str.h"

struct arena_block;
struct arena_cleanup;

struct arena {
    struct mem_account *account;    /* borrowed; may be NULL */
    struct arena_block *blocks;     /* owned; newest first */
    struct arena_cleanup *cleanups; /* in <arena>; newest first */
    size_t next_bytes;              /* size of the next block */
};

void arena_init(struct arena *a, struct mem_account *account);
void arena_free(struct arena *a);
/* Runs clean-ups and keeps one block for reuse. */
void arena_reset(struct arena *a);

STATUS_MUST_USE status arena_alloc(struct arena *a, size_t bytes, void **out, struct error *err);
STATUS_MUST_USE status arena_calloc(struct arena *a, size_t bytes, void **out, struct error *err);
/* count * size is checked for overflow. */
STATUS_MUST_USE status arena_array(struct arena *a, size_t count, size_t size, void **out,
                                   struct error *err);
/* A copy with a NUL behind it, so out->ptr is also a C string. */
STATUS_MUST_USE status arena_str(struct arena *a, struct str s, struct str *out, struct error *err);
STATUS_MUST_USE __attribute__((format(printf, 4, 5))) status
arena_printf(struct arena *a, struct str *out, struct error *err, const char *fmt, ...);
STATUS_MUST_USE status arena_on_reset(struct arena *a, void (*run)(void *), void *arg,
                                      struct error *err);

/* Typed, zeroed: ARENA_NEW(arena, struct plan_node, &node, err) */
#define ARENA_NEW(arena, type, out, err) arena_calloc((arena), sizeof(type), (void **)(out), (err))
#define ARENA_ARRAY(arena, type, count, out, err)                                                  \
    arena_array((arena), (count), sizeof(type), (void **)(out), (err))

/* A growing array in an arena (old copies stay until reset). `items` is a pointer to the array
 * pointer; grows *capacity so that at least `need` items fit; new items are zeroed. */
STATUS_MUST_USE status arena_grow(struct arena *a, void **items, size_t item_bytes,
                                  size_t *capacity, size_t need, struct error *err);

#endif
