// SPDX-License-Identifier: Apache-2.0
/* expr_unicode.c - UTF-8 in and out, and case by binary search in runs of characters.
 *
 * A run holds characters that move by the same distance, every one or every second (in the blocks
 * where upper and lower case alternate). */
#include "expr/expr_unicode.h"

struct case_run {
    uint32_t first, last; /* inclusive */
    uint32_t step;        /* 1, or 2: every second character */
    int32_t delta;
};

struct word_run {
    uint32_t first, last;
};

#include "expr/expr_unicode_table.h"

size_t expr_char_count(struct str s)
{
    size_t n = s.len > 0 && ((unsigned char)s.ptr[0] & 0xC0) == 0x80;
    for (size_t i = 0; i < s.len; i++)
        n += (signed char)s.ptr[i] >= -0x40; /* no continuation byte */
    return n;
}

size_t expr_char_offset(struct str s, uint64_t chars)
{
    size_t at = 0;
    for (; chars > 0 && at < s.len; chars--)
        at += expr_char_bytes((struct str){s.ptr + at, s.len - at});
    return at;
}

uint32_t expr_char_decode(const char *p, size_t bytes)
{
    static const uint8_t lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *u = (const unsigned char *)p;
    size_t want = u[0] < 0x80 ? 1 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    if (want != bytes || (u[0] & 0xC0) == 0x80)
        return 0xFFFD;
    uint32_t code = u[0] & lead[bytes];
    for (size_t i = 1; i < bytes; i++)
        code = code << 6 | (u[i] & 0x3F);
    return code;
}

size_t expr_char_encode(uint32_t code, char *to)
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)(lead[n] | code);
    return n;
}

static uint32_t change_case(const struct case_run *runs, size_t count, uint32_t code)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (code > runs[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == count || code < runs[low].first || (code - runs[low].first) % runs[low].step != 0)
        return code;
    return (uint32_t)((int32_t)code + runs[low].delta);
}

uint32_t expr_char_upper(uint32_t code)
{
    if (code < 0x80)
        return code >= 'a' && code <= 'z' ? code - 32 : code;
    return change_case(upper_runs, ARRAY_LEN(upper_runs), code);
}

uint32_t expr_char_lower(uint32_t code)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return change_case(lower_runs, ARRAY_LEN(lower_runs), code);
}

bool expr_char_is_word(uint32_t code)
{
    if (code < 0x80)
        return (code >= '0' && code <= '9') || ((code | 32) >= 'a' && (code | 32) <= 'z');
    size_t low = 0, high = ARRAY_LEN(word_runs);
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (code > word_runs[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < ARRAY_LEN(word_runs) && code >= word_runs[low].first;
}
