// SPDX-License-Identifier: Apache-2.0
/* engine_hooks.c - libraries that take allocation functions get those of base/mem.c, so that tests
 * can make every allocation fail.
 *
 *     OpenSSL                  here, process-wide, before its first use
 *     jansson                  base/jsontext.c, process-wide
 *     SQLite                   catalog/catalog_sqlite.c, process-wide
 *     zlib, zstd, brotli       codec/, per context
 *     protobuf-c               sql/, per parse: an arena
 *     libpg_query, libyaml, snappy, lz4 and the C library have no hook
 *
 * A program that links firn may use jansson and OpenSSL itself, before and after. So the functions
 * set here are malloc's own kin: what one side allocated the other may free. OpenSSL keeps what it
 * has once it has allocated anything. */
#include "engine/engine_int.h"

#include "base/jsontext.h"

#include <openssl/crypto.h>
#include <pthread.h>

static void *crypto_malloc(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return mem_plain_malloc(bytes);
}

static void *crypto_realloc(void *block, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return mem_plain_realloc(block, bytes);
}

static void crypto_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    mem_plain_free(block);
}

static void install(void)
{
    jsontext_hooks_install();
    (void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}

void engine_hooks_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}
