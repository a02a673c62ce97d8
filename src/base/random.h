// SPDX-License-Identifier: Apache-2.0
/* random.h - unpredictable bytes, and the identifiers made of them. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/status.h"

/* From the kernel. */
STATUS_MUST_USE status random_bytes(void *out, size_t bytes, struct error *err);
/* 1 .. 2^63-1, as Iceberg wants snapshot ids. */
STATUS_MUST_USE status random_id(int64_t *out, struct error *err);
/* RFC 4122 version 4, lower case, 36 characters and NUL. */
STATUS_MUST_USE status random_uuid(char out[37], struct error *err);
/* The same with its last twelve digits replaced by those of n: unique as long as n is. */
void random_uuid_sibling(const char uuid[37], uint64_t n, char out[37]);
/* Sleeps, so that those who met do not meet again: `least_us` and at random up to `most_us` more. */
void random_pause(int64_t least_us, int64_t most_us);

#endif
