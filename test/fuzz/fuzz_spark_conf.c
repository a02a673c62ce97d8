// SPDX-License-Identifier: Apache-2.0
/* fuzz_spark_conf.c - any bytes as spark-defaults.conf, and its catalog resolved; a text without a
 * NUL also as one --conf.
 *
 * Beyond not crashing: a refusal is one of configuration; entries have a line and are no more than
 * bytes; no refusal and no remark holds the value of a secret key. */
#include "engine/engine_config_int.h"

#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Values so short that a message has them by chance are not looked for. */
static void require_silence(const struct engine_entries *e, const char *text)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->entries[i].value.len >= SECRET_LEAST_BYTES && secret_key(e->entries[i].path))
            require(!strstr(text, e->entries[i].value.ptr) ||
                    strstr(e->entries[i].path.ptr, e->entries[i].value.ptr));
}

/* As engine_config_load does it: entries of one source become catalogs. */
static status resolve(struct engine_config *c, const struct engine_entries *spark,
                      struct error *err)
{
    struct engine_entries own;
    struct engine_catalog_config slot = {.name = STR("lakehouse"), .of_spark = true};
    struct catalog_config catalog;
    TRY(engine_spark_entries(spark, c, &own, err));
    for (size_t i = 0; i < own.count; i++) {
        const struct engine_entry *e = &own.entries[i];
        if (!str_starts(e->path, STR("catalog.lakehouse.")))
            continue;
        TRY(arena_grow(c->arena, (void **)&slot.keys, sizeof(*slot.keys), &slot.capacity,
                       slot.count + 1, err));
        slot.keys[slot.count++] = (struct engine_catalog_key){
            {e->path.ptr + 18, e->path.len - 18}, e->value, own.file, e->line};
    }
    return slot.count > 0 ? engine_catalog_resolve(c, &slot, &catalog, err) : ST_OK;
}

static void as_file(struct str text, struct arena *arena)
{
    struct engine_entries e;
    struct engine_config c = {.arena = arena};
    struct error err;
    error_init(&err);
    status st = engine_properties_parse(text, STR("fuzz.conf"), arena, &e, &err);
    require(st == ST_OK || st == ST_USAGE || st == ST_LIMIT);
    if (st != ST_OK)
        return;
    require(e.count <= text.len);
    for (size_t i = 0; i < e.count; i++)
        require(e.entries[i].line > 0 && e.entries[i].path.ptr && e.entries[i].value.ptr);
    st = resolve(&c, &e, &err);
    require(st == ST_OK || st == ST_USAGE || st == ST_LIMIT);
    if (st != ST_OK)
        require_silence(&e, err.msg);
    for (size_t i = 0; i < c.remark_count; i++)
        require_silence(&e, c.remarks[i].ptr);
}

static void as_pair(struct str text, struct arena *arena)
{
    struct engine_entry e;
    struct str copy;
    struct error err;
    error_init(&err);
    if (arena_str(arena, text, &copy, &err) != ST_OK || strlen(copy.ptr) != copy.len)
        return;
    status st = engine_properties_pair(copy.ptr, arena, &e, &err);
    require(st == ST_OK || st == ST_USAGE || st == ST_LIMIT);
    if (st == ST_OK)
        require(e.path.len + e.value.len + 1 == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    arena_init(&arena, &account);
    as_file((struct str){(const char *)data, size}, &arena);
    as_pair((struct str){(const char *)data, size}, &arena);
    arena_free(&arena);
    require(account.used_bytes == 0);
    return 0;
}
