// SPDX-License-Identifier: Apache-2.0
/* fuzz_zone.c - any bytes as a TZif file, then instants and local times through what was read. */
#include "column/column_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t instants[] = {INT64_MIN, -1, 0, INT64_C(1700000000000000), INT64_MAX};
    struct mem_account account;
    struct arena arena;
    struct zone *z;
    mem_account_init(&account, "fuzz", NULL, 4096 + 2 * 1024 * 1024);
    arena_init(&arena, &account);
    if (zone_parse(&arena, STR("fuzz"), data, size, &z, NULL) == ST_OK) {
        for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
            int64_t from, to;
            int32_t offset = zone_period_at(z, instants[i], &from, &to);
            if (from > instants[i] || to < instants[i] || offset != zone_offset_at(z, instants[i]))
                __builtin_trap();
            zone_to_utc(z, instants[i]);
        }
    }
    arena_free(&arena);
    return 0;
}
