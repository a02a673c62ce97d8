// SPDX-License-Identifier: Apache-2.0
/* fuzz_rest.c - any JSON as each of the replies that a REST catalog gives. What comes out must be
 * usable: names are not empty, tables can be made again from a request for them. */
#include "catalog/catalog_rest_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

/* A table that was read can be asked for as a new one, and stands still against itself. */
static void format(const struct iceberg_table *t, const char *wanted)
{
    struct error err;
    struct buffer out;
    error_init(&err);
    buffer_init(&out, NULL, 64u << 20);
    status st = iceberg_commit_format(wanted ? t : NULL, t, &out, &err);
    check(st == ST_OK || st == ST_INVALID); /* text that is not UTF-8 */
    if (st == ST_OK && wanted)
        check(str_ends(buffer_str(&out), str_of(wanted)));
    buffer_clear(&out);
    st = iceberg_create_format(t, STR("t"), true, &out, &err);
    check(st == ST_OK || st == ST_INVALID);
    buffer_free(&out);
}

static void read_table(const struct jsontext_doc *doc, struct arena *arena)
{
    struct iceberg_table *t, *copy;
    if (catalog_rest_read_table(doc->root, false, arena, &t, NULL) != ST_OK)
        return;
    format(t, NULL);
    format(t, "\"updates\":[]");
    check(iceberg_table_copy(arena, t, &copy, NULL) != ST_CORRUPT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct jsontext_doc doc;
    struct rest_config config;
    struct catalog_names names = {0};
    struct rest_storage storage, *more;
    size_t count;
    struct str next, type, message;
    mem_account_init(&account, "fuzz", NULL, 256u << 20);
    arena_init(&arena, &account);
    struct buffer body = {.data = (uint8_t *)(uintptr_t)data, .len = size};
    catalog_rest_read_error(&body, &arena, &type, &message);
    if (jsontext_doc_parse(&doc, &account, data, size, NULL) == ST_OK) {
        (void)!catalog_rest_read_config(doc.root, &arena, &config, NULL);
        (void)!catalog_rest_read_storage(doc.root, &arena, &storage, &more, &count, NULL);
        for (int tables = 0; tables < 2; tables++)
            (void)!catalog_rest_read_page(doc.root, tables, &arena, &names, &next, NULL);
        for (size_t i = 0; i < names.count; i++)
            check(names.names[i].len > 0);
        read_table(&doc, &arena); /* takes members out of the tree: last */
        jsontext_doc_free(&doc);
    }
    arena_free(&arena);
    check(account.used_bytes == 0);
    return 0;
}
