// SPDX-License-Identifier: Apache-2.0
/* jsontext.c - jansson's parser, fed by hand.
 *
 * jansson 2.14 does not look whether the buffer of the token it reads could grow: when that is
 * refused, the token's end is lost and it runs on through memory. So it is never refused: a reserve
 * is held while it parses. Once something had to come from the reserve, the text ends, jansson gives
 * up within the PIECE_BYTES it has, and the result is "out of memory".
 *
 * What it may still take then: the token's buffer, doubled (at most twice the text), a copy of the
 * token (the text), and the nodes of one piece (the worst, "[{},{},...", takes about 80 bytes per
 * byte). */
#include "base/jsontext.h"

#include <pthread.h>
#include <string.h>

#define PIECE_BYTES   64
#define NODES_RESERVE ((size_t)16 << 10)

static void install(void)
{
    json_set_alloc_funcs(mem_plain_malloc, mem_plain_free);
}

void jsontext_hooks_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}

struct feed {
    struct str text;
    size_t at;
    const struct mem_reserve *reserve; /* borrowed */
};

static size_t feed_piece(void *out, size_t room, void *self)
{
    struct feed *f = self;
    size_t n = f->text.len - f->at;
    if (f->reserve->used_bytes > 0)
        return 0;
    n = n < room ? n : room;
    n = n < PIECE_BYTES ? n : PIECE_BYTES;
    if (n > 0)
        memcpy(out, f->text.ptr + f->at, n);
    f->at += n;
    return n;
}

status jsontext_parse(struct mem_account *account, struct str text, size_t flags, json_t **out,
                      struct error *err)
{
    struct mem_reserve reserve;
    struct feed feed = {text, 0, &reserve};
    json_error_t where = {0};
    *out = NULL;
    jsontext_hooks_install();
    if (text.len > SIZE_MAX / 8)
        FAIL(err, ST_LIMIT, "JSON of %zu bytes", text.len);
    TRY(mem_reserve_hold(&reserve, account, 4 * text.len + NODES_RESERVE, err));
    json_t *root = json_load_callback(feed_piece, &feed, flags, &where);
    bool starved =
        reserve.used_bytes > 0 || (!root && json_error_code(&where) == json_error_out_of_memory);
    if (starved) {
        json_decref(root);
        root = NULL;
    }
    mem_reserve_release(&reserve);
    if (starved)
        FAIL(err, ST_OOM, "out of memory: JSON of %zu bytes", text.len);
    if (!root)
        FAIL(err, ST_CORRUPT, "not JSON: %s at byte %d", where.text, where.position);
    *out = root;
    return ST_OK;
}

/* Into a buffer of the size it needs: json_dumpb fails as a whole (0) or not at all. */
status jsontext_dump(struct arena *arena, const json_t *json, struct str *out, struct error *err)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    size_t bytes = json_dumpb(json, NULL, 0, flags);
    char *text;
    TRY(arena_alloc(arena, bytes + 1, (void **)&text, err));
    if (bytes == 0 || json_dumpb(json, text, bytes, flags) != bytes)
        FAIL(err, ST_OOM, "out of memory: writing JSON");
    text[bytes] = 0;
    *out = (struct str){text, bytes};
    return ST_OK;
}
