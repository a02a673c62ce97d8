// SPDX-License-Identifier: Apache-2.0
/* fuzz_avro.c - any bytes as an Avro container: schema, header, blocks, every record skipped. */
#include "avro/avro.h"

#define BLOCK_CAP (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct avro_reader r;
    struct error err;
    bool more = false;
    mem_account_init(&account, "fuzz", NULL, 64u << 20);
    arena_init(&arena, &account);
    error_init(&err);
    status st = avro_reader_init(&r, data, size, BLOCK_CAP, &arena, &account, &err);
    if (st == ST_OK)
        st = avro_reader_next(&r, &more, &err);
    while (st == ST_OK && more) {
        st = avro_skip(r.schema, &r.block_in, &err);
        if (st == ST_OK)
            st = avro_reader_next(&r, &more, &err);
    }
    avro_reader_free(&r);
    arena_free(&arena);
    if (account.used_bytes != 0 || (st != ST_OK && !err.msg[0]))
        __builtin_trap();
    return 0;
}
