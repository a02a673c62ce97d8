// SPDX-License-Identifier: Apache-2.0
/* sha256.c - by libcrypto's plain functions.
 *
 * OpenSSL 3 calls them deprecated in favour of EVP, but EVP first loads providers and a
 * configuration file: some milliseconds of every start, and where memory runs out while it does so,
 * libcrypto 3.0 crashes. */
#define OPENSSL_API_COMPAT 10100
#include "base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>

void sha256(struct str before, struct str text, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, before.len ? before.ptr : "", before.len);
    SHA256_Update(&c, text.len ? text.ptr : "", text.len);
    SHA256_Final(out, &c);
}

void sha256_hmac(struct str key, struct str text, uint8_t out[SHA256_BYTES])
{
    uint8_t block[SHA256_CBLOCK] = {0}, inner[SHA256_CBLOCK], outer[SHA256_CBLOCK];
    if (key.len > sizeof(block))
        sha256(key, (struct str){0}, block);
    else
        memcpy(block, key.len ? key.ptr : "", key.len);
    for (size_t i = 0; i < sizeof(block); i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5C;
    }
    sha256((struct str){(const char *)inner, sizeof(inner)}, text, block);
    sha256((struct str){(const char *)outer, sizeof(outer)},
           (struct str){(const char *)block, SHA256_BYTES}, out);
    OPENSSL_cleanse(block, sizeof(block));
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
}

void sha256_hex(const uint8_t sum[SHA256_BYTES], char out[SHA256_HEX_BYTES])
{
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
}
