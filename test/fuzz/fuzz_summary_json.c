// SPDX-License-Identifier: Apache-2.0
/* fuzz_summary_json.c - any bytes as a stored definition: what is read must print, and its print
 * must read back and print the same. */
#include "summary/summary.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct summary_definition *d;
    struct str first, second, hash;
    mem_account_init(&account, "fuzz", NULL, 64u << 20);
    arena_init(&arena, &account);
    if (summary_parse((struct str){(const char *)data, size}, &arena, &d, NULL) == ST_OK) {
        if (summary_format(d, &arena, &first, NULL) != ST_OK ||
            summary_parse(first, &arena, &d, NULL) != ST_OK ||
            summary_format(d, &arena, &second, NULL) != ST_OK || !str_eq(first, second) ||
            summary_hash(d, &arena, &hash, NULL) != ST_OK || hash.len != 64)
            __builtin_trap();
    }
    arena_free(&arena);
    return 0;
}
