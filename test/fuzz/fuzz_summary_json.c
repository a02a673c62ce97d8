// SPDX-License-Identifier: Apache-2.0
/* fuzz_summary_json.c - any bytes as the properties of a summary: what is read must print, and its
 * print must read back and print the same. The first byte chooses: firn.pending, or which of
 * definition, states and checks the rest stands for, beside good ones of the other two, or a
 * snapshot's refresh-state. */
#include "summary/summary_verify.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct summary_texts *a, const struct summary_texts *b)
{
    return str_eq(a->definition, b->definition) && str_eq(a->states, b->states) &&
           str_eq(a->checks, b->checks);
}

static void print_and_read(struct summary_definition *d, struct arena *arena)
{
    struct summary_texts first, second;
    struct str pending, again, hash;
    if (summary_format(d, arena, &first, NULL) != ST_OK ||
        summary_format_pending(d, arena, &pending, NULL) != ST_OK ||
        summary_parse(&first, arena, &d, NULL) != ST_OK ||
        summary_format(d, arena, &second, NULL) != ST_OK || !same(&first, &second) ||
        summary_parse_pending(pending, arena, &d, NULL) != ST_OK ||
        summary_format_pending(d, arena, &again, NULL) != ST_OK || !str_eq(pending, again) ||
        summary_hash(d, arena, &hash, NULL) != ST_OK || hash.len != 64)
        __builtin_trap();
}

/* A snapshot's word of what it covers. */
static void read_claim(struct str text, struct arena *arena)
{
    struct property own[] = {{STR("refresh-state"), text},
                             {STR("firn.definition-hash"), STR("h")},
                             {STR("firn.rows-digest"), STR("r")},
                             {STR("firn.states-digest"), STR("s")}};
    struct iceberg_snapshot s = {
        .id = 1, .parent_id = 1, .summary = own, .summary_count = ARRAY_LEN(own)};
    const struct iceberg_table t = {
        .properties = own, .property_count = ARRAY_LEN(own), .snapshots = &s, .snapshot_count = 1};
    struct summary_definition d = {.raw_uuid = STR("u")};
    struct summary_claim claim;
    if (summary_claim_read(&t, &d, &s, arena, &claim, NULL) == ST_OK && claim.own != &s)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct summary_texts texts = {
        STR("{\"select\":\"\",\"zone\":\"\",\"view-version\":1,\"raw\":"
            "{\"namespace\":[],\"name\":\"\",\"uuid\":\"\",\"ref\":\"\"},\"columns\":[]}"),
        STR("[]"), STR("[]")};
    struct mem_account account;
    struct arena arena;
    struct summary_definition *d;
    if (size == 0)
        return 0;
    struct str rest = {(const char *)data + 1, size - 1};
    mem_account_init(&account, "fuzz", NULL, 64u << 20);
    arena_init(&arena, &account);
    if (data[0] == 'd')
        texts.definition = rest;
    else if (data[0] == 's')
        texts.states = rest;
    else if (data[0] == 'c')
        texts.checks = rest;
    else if (data[0] == 'r')
        read_claim(rest, &arena);
    else if (summary_parse_pending(rest, &arena, &d, NULL) == ST_OK)
        print_and_read(d, &arena);
    if (memchr("dsc", data[0], 3) && summary_parse(&texts, &arena, &d, NULL) == ST_OK)
        print_and_read(d, &arena);
    arena_free(&arena);
    return 0;
}
