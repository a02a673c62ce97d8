// SPDX-License-Identifier: Apache-2.0
/* str.h - a borrowed run of bytes, not NUL-terminated. The physical form of text and binary
 * values everywhere, so comparison is by bytes, unsigned. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr; /* borrowed; may be NULL when len is 0 */
    size_t len;      /* bytes */
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For "%.*s"; evaluates s several times. */
#define STR_ARG(s) (int)((s).len > 4096 ? 4096 : (s).len), (s).ptr ? (s).ptr : ""

static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_eq_z(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

static inline int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* ASCII letters only; other bytes compare as they are. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Edits (insert, delete, replace, swap of neighbours) between two names, ASCII case ignored;
 * at most 64 bytes of each are looked at. For "did you mean". */
int str_distance(struct str a, struct str b);
/* True if the bytes are well-formed UTF-8 (no surrogates, no overlong forms) without NUL. */
bool str_is_utf8(struct str s);

#endif
