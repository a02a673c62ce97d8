// SPDX-License-Identifier: Apache-2.0
/* expr_unicode.h - characters in UTF-8 and their simple case mappings.
 *
 * A character begins at every byte that is no continuation byte (10xxxxxx); bytes that are not
 * UTF-8 are characters of their own kind and never make a function read past the end. */
#ifndef EXPR_UNICODE_H
#define EXPR_UNICODE_H

#include "base/status.h"
#include "base/str.h"

/* Bytes of the character at the start of s, which is not empty. */
ALWAYS_INLINE size_t expr_char_bytes(struct str s)
{
    size_t n = 1;
    while (n < s.len && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
        n++;
    return n;
}
/* Characters of s. */
size_t expr_char_count(struct str s);
/* Bytes of the first `chars` characters, or all. */
size_t expr_char_offset(struct str s, uint64_t chars);
/* The code point of the `bytes` at p (from expr_char_bytes); ill-formed bytes give 0xFFFD. */
uint32_t expr_char_decode(const char *p, size_t bytes);
/* Writes up to 4 bytes; returns how many. code <= 0x10FFFF. */
size_t expr_char_encode(uint32_t code, char *to);

/* One character to one, as towupper and towlower in the locale C.UTF-8. */
uint32_t expr_char_upper(uint32_t code);
uint32_t expr_char_lower(uint32_t code);
/* A letter or digit. */
bool expr_char_is_word(uint32_t code);

#endif
