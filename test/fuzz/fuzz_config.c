// SPDX-License-Identifier: Apache-2.0
/* fuzz_config.c - any bytes as firn.yaml.
 *
 * Beyond not crashing: a refusal is one of configuration and names the file; what is accepted has a
 * line and a path for every value, and no more of them than bytes. */
#include "engine/engine_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct engine_entries y;
    struct error err;
    error_init(&err);
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    arena_init(&arena, &account);
    struct str text = {(const char *)data, size};
    if (engine_yaml_parse(text, STR("fuzz.yaml"), &arena, &y, &err) == ST_OK) {
        require(y.count <= size);
        for (size_t i = 0; i < y.count; i++)
            require(y.entries[i].line > 0 && y.entries[i].path.ptr);
    } else {
        require(err.code == ST_USAGE || err.code == ST_LIMIT);
        require(err.code == ST_LIMIT || strstr(err.msg, "fuzz.yaml"));
    }
    arena_free(&arena);
    require(account.used_bytes == 0);
    return 0;
}
