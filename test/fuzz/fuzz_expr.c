// SPDX-License-Identifier: Apache-2.0
/* fuzz_expr.c - any function with any arguments: patterns of to_char, units, zones, LIKE, casts.
 *
 *     byte 0, 1   the function's number; numbers past the last are casts between types
 *     byte 2      precision and scale of decimals
 *     16 bytes    for each argument that is no text: its bits
 *     the rest    texts, each ended by byte 0xFF
 *
 * An answer must be a value or an error, within 32 MiB. Text must not point outside what the arena
 * owns: every byte of a result is read. */
#include "column/column_zone.h"
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size, at;
};

static uint8_t take_byte(struct input *in)
{
    return in->at < in->size ? in->data[in->at++] : 0;
}

static struct str take_text(struct input *in)
{
    size_t from = in->at;
    while (in->at < in->size && in->data[in->at] != 0xFF)
        in->at++;
    struct str s = {(const char *)in->data + from, in->at - from};
    in->at += in->at < in->size;
    return s;
}

static struct column_type type_of(char letter, uint8_t digits)
{
    static const char letters[] = "bilfdDTPZItyuaz*";
    static const enum column_kind kinds[] = {
        COLUMN_BOOLEAN,     COLUMN_INT,      COLUMN_BIGINT,      COLUMN_REAL,
        COLUMN_DOUBLE,      COLUMN_DATE,     COLUMN_TIME,        COLUMN_TIMESTAMP,
        COLUMN_TIMESTAMPTZ, COLUMN_INTERVAL, COLUMN_TEXT,        COLUMN_BINARY,
        COLUMN_UUID,        COLUMN_TEXT,     COLUMN_TIMESTAMPTZ, COLUMN_INTERVAL};
    const char *at = strchr(letters, letter);
    unsigned precision = 1 + digits % 38;
    if (at && letter)
        return column_type_of(kinds[at - letters]);
    return column_type_decimal(precision, digits / 38 % (precision + 1));
}

static void take_value(struct input *in, struct column_type t, struct column_value *v)
{
    *v = (struct column_value){.type = t};
    if (column_type_phys(t) == PHYS_STR) {
        v->str = take_text(in);
        if (t.kind == COLUMN_UUID && v->str.len != 16)
            v->null = true;
        return;
    }
    uint8_t bits[16];
    for (size_t i = 0; i < sizeof(bits); i++)
        bits[i] = take_byte(in);
    if (t.kind == COLUMN_BOOLEAN)
        bits[0] &= 1;
    memcpy(&v->b, bits, column_phys_bytes(column_type_phys(t)));
}

/* Depends on every byte, so that none is left unread. */
static uint8_t sum_of(const struct column_value *v)
{
    uint8_t sum = 0;
    if (!v->null && column_type_phys(v->type) == PHYS_STR)
        for (size_t i = 0; i < v->str.len; i++)
            sum = (uint8_t)(sum + (uint8_t)v->str.ptr[i]);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char targets[] = "bilfdDTPZItyn";
    struct input in = {data, size, 0};
    struct mem_account account;
    struct arena arena;
    struct zone *zone = NULL;
    unsigned number = take_byte(&in);
    number += 256u * (take_byte(&in) % 2);
    uint8_t digits = take_byte(&in);
    bool cast = number >= QUERY_FN_COUNT;
    const struct query_function_row *row = &query_functions[cast ? 0 : number];
    const char *letters = cast ? &targets[(number + digits) % (sizeof(targets) - 1)] : row->args;
    size_t count = cast ? 1 : strlen(letters) - (strchr(letters, '+') != NULL);
    struct query_expr args[8] = {0}, *pointers[8], call = {0};
    struct column_value result;

    mem_account_init(&account, "fuzz", NULL, 32u << 20);
    arena_init(&arena, &account);
    if (zone_load(&arena, STR("America/New_York"), &zone, NULL) != ST_OK)
        zone = NULL;
    for (size_t k = 0; k < count; k++) {
        args[k].kind = QUERY_CONST;
        args[k].type = type_of(letters[k], digits);
        take_value(&in, args[k].type, &args[k].value);
        pointers[k] = &args[k];
    }
    call.kind = cast ? QUERY_CAST : QUERY_CALL;
    call.function = cast ? (enum query_function)0 : (enum query_function)number;
    call.type = cast ? type_of(targets[number % (sizeof(targets) - 1)], digits / 2)
                     : type_of(row->result, digits);
    call.arg_count = count;
    call.args = pointers;
    struct expr_context c = {.arena = &arena, .account = &account, .zone = zone};
    volatile uint8_t sum = 0;
    if (expr_fold(&call, &c, &arena, &result, NULL) == ST_OK)
        sum = sum_of(&result);
    arena_free(&arena);
    if (account.used_bytes != 0)
        __builtin_trap();
    return sum & 0; /* libFuzzer wants 0 */
}
