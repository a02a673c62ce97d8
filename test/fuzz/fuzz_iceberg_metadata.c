// SPDX-License-Identifier: Apache-2.0
/* fuzz_iceberg_metadata.c - any bytes as table metadata. What is read must be written, read again
 * and written the same, and take an update. */
#include "iceberg/iceberg.h"

#define CAP (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void round_trip(struct arena *arena, struct iceberg_table *t)
{
    struct error err;
    struct buffer once, twice;
    struct iceberg_table *back, *next;
    error_init(&err);
    buffer_init(&once, NULL, CAP);
    buffer_init(&twice, NULL, CAP);
    if (iceberg_table_format(t, &once, &err) == ST_OK) {
        must(iceberg_table_parse(arena, STR("again"), once.data, once.len, &back, &err) == ST_OK);
        must(iceberg_table_format(back, &twice, &err) == ST_OK);
        must(str_eq(buffer_str(&once), buffer_str(&twice)));
    }
    struct property p = {STR("k"), STR("v")};
    struct iceberg_update u = {
        .kind = ICEBERG_SET_PROPERTIES, .properties = &p, .property_count = 1};
    status st = iceberg_apply(t, &u, 1, 0, arena, &next, &err);
    must(st == ST_OK || err.msg[0]);
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct error err;
    struct iceberg_table *t;
    mem_account_init(&account, "fuzz", NULL, 256u << 20);
    arena_init(&arena, &account);
    error_init(&err);
    status st = iceberg_table_parse(&arena, STR("fuzz"), data, size, &t, &err);
    if (st == ST_OK)
        round_trip(&arena, t);
    else
        must(err.msg[0] != 0);
    arena_free(&arena);
    must(account.used_bytes == 0);
    return 0;
}
