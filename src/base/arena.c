// SPDX-License-Identifier: Apache-2.0
/* arena.c - bump allocation; see arena.h. A request above a quarter of the next block gets a block
 * of its own behind the current one, so a large piece does not waste the room left. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST_BLOCK_BYTES 4096u
#define MOST_BLOCK_BYTES  (1u << 20)
#define ALIGN             16u

struct arena_block {
    struct arena_block *next; /* owned */
    size_t size_bytes;        /* of data[] */
    size_t used_bytes;
    _Alignas(16) uint8_t data[];
};

struct arena_cleanup {
    struct arena_cleanup *next;
    void (*run)(void *);
    void *arg;
};

void arena_init(struct arena *a, struct mem_account *account)
{
    *a = (struct arena){.account = account, .next_bytes = FIRST_BLOCK_BYTES};
}

static void run_cleanups(struct arena *a)
{
    for (struct arena_cleanup *c = a->cleanups; c; c = c->next)
        c->run(c->arg);
    a->cleanups = NULL;
}

static void free_block(struct arena *a, struct arena_block *b)
{
    mem_free(a->account, b, sizeof(*b) + b->size_bytes);
}

void arena_free(struct arena *a)
{
    run_cleanups(a);
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free_block(a, a->blocks);
        a->blocks = next;
    }
    a->next_bytes = FIRST_BLOCK_BYTES;
}

void arena_reset(struct arena *a)
{
    run_cleanups(a);
    struct arena_block *keep = a->blocks;
    if (!keep)
        return;
    while (keep->next) {
        struct arena_block *next = keep->next->next;
        free_block(a, keep->next);
        keep->next = next;
    }
    keep->used_bytes = 0;
}

static status add_block(struct arena *a, size_t size_bytes, bool behind, struct arena_block **out,
                        struct error *err)
{
    TRY(mem_alloc(a->account, sizeof(struct arena_block) + size_bytes, (void **)out, err));
    struct arena_block *b = *out;
    b->size_bytes = size_bytes;
    b->used_bytes = 0;
    if (behind && a->blocks) {
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return ST_OK;
}

status arena_alloc(struct arena *a, size_t bytes, void **out, struct error *err)
{
    *out = NULL;
    if (bytes > SIZE_MAX / 2)
        FAIL(err, ST_OOM, "out of memory: %zu bytes", bytes);
    size_t need = bytes ? (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
    struct arena_block *b = a->blocks;
    if (!b || b->size_bytes - b->used_bytes < need) {
        if (need > a->next_bytes / 4) {
            TRY(add_block(a, need, true, &b, err));
        } else {
            TRY(add_block(a, a->next_bytes, false, &b, err));
            if (a->next_bytes < MOST_BLOCK_BYTES)
                a->next_bytes *= 2;
        }
    }
    *out = b->data + b->used_bytes;
    b->used_bytes += need;
    return ST_OK;
}

status arena_calloc(struct arena *a, size_t bytes, void **out, struct error *err)
{
    TRY(arena_alloc(a, bytes, out, err));
    memset(*out, 0, bytes);
    return ST_OK;
}

status arena_array(struct arena *a, size_t count, size_t size, void **out, struct error *err)
{
    size_t bytes;
    *out = NULL;
    if (__builtin_mul_overflow(count, size, &bytes))
        FAIL(err, ST_OOM, "out of memory: %zu items of %zu bytes", count, size);
    return arena_calloc(a, bytes, out, err);
}

status arena_str(struct arena *a, struct str s, struct str *out, struct error *err)
{
    char *p;
    *out = (struct str){0};
    TRY(arena_alloc(a, s.len + 1, (void **)&p, err));
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = 0;
    *out = (struct str){p, s.len};
    return ST_OK;
}

status arena_printf(struct arena *a, struct str *out, struct error *err, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = NULL;
    *out = (struct str){0};
    status st = n < 0 ? error_set(err, ST_INTERNAL, __FILE__, __LINE__, "bad format %s", fmt)
                      : arena_alloc(a, (size_t)n + 1, (void **)&p, err);
    if (st == ST_OK) {
        vsnprintf(p, (size_t)n + 1, fmt, again);
        *out = (struct str){p, (size_t)n};
    }
    va_end(again);
    return st;
}

status arena_on_reset(struct arena *a, void (*run)(void *), void *arg, struct error *err)
{
    struct arena_cleanup *c;
    TRY(arena_alloc(a, sizeof(*c), (void **)&c, err));
    *c = (struct arena_cleanup){.next = a->cleanups, .run = run, .arg = arg};
    a->cleanups = c;
    return ST_OK;
}

status arena_grow(struct arena *a, void **items, size_t item_bytes, size_t *capacity, size_t need,
                  struct error *err)
{
    if (need <= *capacity)
        return ST_OK;
    size_t more = *capacity ? *capacity * 2 : 8;
    if (more < need)
        more = need;
    void *p;
    TRY(arena_array(a, more, item_bytes, &p, err));
    if (*capacity)
        memcpy(p, *items, *capacity * item_bytes);
    *items = p;
    *capacity = more;
    return ST_OK;
}
