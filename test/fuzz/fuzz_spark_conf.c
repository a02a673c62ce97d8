// SPDX-License-Identifier: Apache-2.0
/* fuzz_spark_conf.c - any bytes as spark-defaults.conf, and its catalog resolved; a text without a
 * NUL also as one --conf.
 *
 * Beyond not crashing: a refusal is one of configuration; entries have a line and are no more than
 * bytes; the refusal and the remarks are the same when the values of all secret keys are others. */
#include "engine/engine_config_int.h"

#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
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

/* What a user would read: the refusal and the remarks. */
static void words(const struct engine_entries *e, struct arena *arena, struct buffer *out)
{
    struct engine_config c = {.arena = arena};
    struct error err;
    error_init(&err);
    status st = resolve(&c, e, &err);
    require(st == ST_OK || st == ST_USAGE);
    require(buffer_printf(out, NULL, "%s|%s", err.msg, err.detail) == ST_OK);
    for (size_t i = 0; i < c.remark_count; i++)
        require(buffer_printf(out, NULL, "|%s", c.remarks[i].ptr) == ST_OK);
}

static void as_file(struct str text, struct arena *arena)
{
    struct engine_entries e;
    struct buffer with, without;
    struct error err;
    error_init(&err);
    status st = engine_properties_parse(text, STR("fuzz.conf"), arena, &e, &err);
    require(st == ST_OK || st == ST_USAGE);
    if (st != ST_OK)
        return;
    require(e.count <= text.len);
    for (size_t i = 0; i < e.count; i++)
        require(e.entries[i].line > 0 && e.entries[i].path.ptr && e.entries[i].value.ptr);
    buffer_init(&with, NULL, (size_t)64 << 20);
    buffer_init(&without, NULL, (size_t)64 << 20);
    words(&e, arena, &with);
    for (size_t i = 0; i < e.count; i++)
        if (secret_key(e.entries[i].path))
            e.entries[i].value = STR("another");
    words(&e, arena, &without);
    require(str_eq(buffer_str(&with), buffer_str(&without)));
    buffer_free(&with);
    buffer_free(&without);
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
    require(st == ST_OK || st == ST_USAGE);
    if (st == ST_OK)
        require(e.path.len + e.value.len + 1 == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    mem_account_init(&account, "fuzz", NULL, (size_t)1 << 30);
    arena_init(&arena, &account);
    as_file((struct str){(const char *)data, size}, &arena);
    as_pair((struct str){(const char *)data, size}, &arena);
    arena_free(&arena);
    require(account.used_bytes == 0);
    return 0;
}
