// SPDX-License-Identifier: Apache-2.0
/* sha256.h - SHA-256 of bytes, for names of texts (run ids, definitions) and
 * signatures. Allocates nothing. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/str.h"

#define SHA256_BYTES     32
#define SHA256_HEX_BYTES (2 * SHA256_BYTES + 1) /* with NUL */

/* Of `before` followed by `text`; either may be empty. */
void sha256(struct str before, struct str text, uint8_t out[SHA256_BYTES]);
/* HMAC-SHA-256 (RFC 2104) of `text` under `key`, for signatures. */
void sha256_hmac(struct str key, struct str text, uint8_t out[SHA256_BYTES]);
/* Lower-case hexadecimal digits and NUL. */
void sha256_hex(const uint8_t sum[SHA256_BYTES], char out[SHA256_HEX_BYTES]);

#endif
