// SPDX-License-Identifier: Apache-2.0
/* fuzz_s3.c - any bytes as an S3 reply, as a profile file, as a URL to sign.
 *
 * The first byte says which. Beyond not crashing: a document gives no more elements and text than it
 * has bytes, and ends with all of them closed; values of a profile stand in it; a signature is always
 * the same for the same request. */
#include "store/store_s3_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void walk_xml(struct str text, struct arena *arena)
{
    struct s3_xml x;
    struct s3_element e;
    struct error err;
    bool more = true;
    size_t elements = 0, bytes = 0;
    status st;
    s3_xml_init(&x, text);
    while ((st = s3_xml_next(&x, arena, &e, &more, &err)) == ST_OK && more) {
        elements++;
        bytes += e.value.len;
        require(e.name.len > 0 || memchr(text.ptr, ':', text.len));
        require(x.depth >= 0 && x.depth < S3_XML_DEPTH);
    }
    require(st == ST_OK || st == ST_CORRUPT || st == ST_LIMIT);
    require(st != ST_OK || x.depth == 0);
    require(4 * elements <= text.len && bytes <= text.len);
    struct str code = s3_xml_find(text, "Code", arena);
    require(code.len <= text.len);
}

static void read_profile(struct str text, struct arena *arena)
{
    struct property *p;
    size_t n;
    if (s3_profile_read(text, STR("default"), arena, &p, &n, NULL) != ST_OK)
        return;
    for (size_t i = 0; i < n; i++)
        require(p[i].value.ptr >= text.ptr &&
                p[i].value.ptr + p[i].value.len <= text.ptr + text.len);
}

static void sign_url(struct str text, struct arena *arena)
{
    static const struct s3_keys keys = {.id = {"id", 2}, .secret = {"secret", 6}};
    struct property *out[2];
    struct str url;
    size_t n[2];
    if (arena_printf(arena, &url, NULL, "http://h/%.*s", STR_ARG(text)) != ST_OK)
        return;
    struct s3_signing s = {.method = STR("GET"),
                           .url = url,
                           .region = STR("r"),
                           .service = STR("s3"),
                           .payload = "x",
                           .keys = &keys,
                           .now_us = 1};
    for (int i = 0; i < 2; i++)
        if (s3_sign(&s, arena, &out[i], &n[i], NULL) != ST_OK)
            return;
    require(n[0] == 2 && n[1] == 2 && str_eq(out[0][1].value, out[1][1].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    if (size == 0)
        return 0;
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    arena_init(&arena, &account);
    struct str text = {(const char *)data + 1, size - 1};
    if (data[0] == 'p')
        read_profile(text, &arena);
    else if (data[0] == 'u')
        sign_url(text, &arena);
    else
        walk_xml(text, &arena);
    arena_free(&arena);
    require(account.used_bytes == 0);
    return 0;
}
