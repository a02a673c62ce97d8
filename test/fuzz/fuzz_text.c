// SPDX-License-Identifier: Apache-2.0
/* fuzz_text.c - any bytes as the text of a value: what is read must print, and its print must read
 * back as the same value. The first byte chooses the type. */
#include "column/column_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct column_type type_of(uint8_t choice)
{
    static const struct column_type decimals[] = {
        {.kind = COLUMN_DECIMAL, .precision = 10, .scale = 2},
        {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 20},
        {.kind = COLUMN_DECIMAL, .precision = 5, .scale = 5}};
    enum column_kind kind = (enum column_kind)(choice % COLUMN_KIND_COUNT);
    if (kind == COLUMN_DECIMAL)
        return decimals[choice / COLUMN_KIND_COUNT % 3];
    return (struct column_type){.kind = kind, .length_bytes = 3};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena arena;
    struct buffer out;
    struct column_value v, again;
    if (size < 1)
        return 0;
    struct column_type type = type_of(data[0]), guess;
    struct str text = {(const char *)data + 1, size - 1};
    mem_account_init(&account, "fuzz", NULL, 16u << 20);
    arena_init(&arena, &account);
    buffer_init(&out, &account, 8u << 20);
    if (column_text_parse(type, text, NULL, &arena, &v, NULL) == ST_OK) {
        if (column_text_format(&v, NULL, &out, NULL) != ST_OK)
            __builtin_trap();
        if (column_text_parse(type, buffer_str(&out), NULL, &arena, &again, NULL) != ST_OK ||
            column_value_cmp(&v, &again, true) != 0)
            __builtin_trap();
    }
    if (column_text_decimal_type(text, &guess) &&
        column_text_parse(guess, text, NULL, &arena, &v, NULL) != ST_OK)
        __builtin_trap();
    buffer_free(&out);
    arena_free(&arena);
    return 0;
}
