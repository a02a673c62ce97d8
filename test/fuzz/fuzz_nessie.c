// SPDX-License-Identifier: Apache-2.0
/* fuzz_nessie.c - any JSON as each of the replies that a Nessie server gives. What comes out must be
 * usable: hashes are hexadecimal, tables have a location, lists name what they are asked for. */
#include "catalog/catalog_nessie_int.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

static void parse_all(const json_t *root, struct arena *arena)
{
    struct nessie_reference ref;
    struct nessie_content content;
    struct nessie_problem problem;
    struct catalog_names spaces = {0}, tables = {0};
    struct str token, space = STR("a.b");
    bool found;
    if (catalog_nessie_parse_reference(root, "reference", arena, &ref, NULL) == ST_OK)
        for (size_t i = 0; i < ref.hash.len; i++)
            check(strchr("0123456789abcdef", ref.hash.ptr[i]) != NULL);
    if (catalog_nessie_parse_contents(root, (struct catalog_name){space, STR("t")}, arena, &content,
                                      NULL) == ST_OK)
        check(content.kind != NESSIE_TABLE || content.location.len > 0);
    if (catalog_nessie_parse_contents(root, (struct catalog_name){space, {0}}, arena, &content,
                                      NULL) == ST_OK)
        check(content.kind != NESSIE_TABLE || content.location.len > 0);
    if (catalog_nessie_parse_entries(root, NULL, arena, &spaces, &token, NULL) == ST_OK)
        check(catalog_names_complete(&spaces, arena, NULL) != ST_INTERNAL);
    if (catalog_nessie_parse_entries(root, &space, arena, &tables, &token, NULL) == ST_OK)
        for (size_t i = 0; i < tables.count; i++)
            check(tables.names[i].len > 0);
    if (catalog_nessie_parse_references(root, arena, &tables, &token, NULL) == ST_OK)
        check(!token.ptr || token.len > 0);
    if (catalog_nessie_parse_history(root, STR("p1"), arena, &found, &token, NULL) == ST_OK)
        check(!token.ptr || token.len > 0);
    if (catalog_nessie_parse_problem(root, arena, &problem, NULL) == ST_OK)
        for (size_t i = 0; i < problem.conflict_count; i++)
            check(problem.conflicts[i].type.len == 0 || problem.conflicts[i].type.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct jsontext_doc doc;
    mem_account_init(&account, "fuzz", NULL, 64u << 20);
    arena_init(&arena, &account);
    if (jsontext_doc_parse(&doc, &account, data, size, NULL) == ST_OK) {
        parse_all(doc.root, &arena);
        jsontext_doc_free(&doc);
    }
    arena_free(&arena);
    return 0;
}
