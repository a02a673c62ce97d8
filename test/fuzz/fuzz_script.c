// SPDX-License-Identifier: Apache-2.0
/* fuzz_script.c - any bytes as a script. \set is done, so that values of variables are read too.
 *
 * Beyond not crashing: every item stands inside the text and no earlier than the one before it, a
 * statement has a token, an error has a message; the reader stands still at the end; reading from a
 * kept place gives the same item again. */
#include "cli/cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void do_set(const struct cli_item *item, struct cli_vars *vars)
{
    struct error err;
    status st = ST_OK;
    if (item->arg_count > 1)
        st = cli_vars_set(vars, item->args[0], item->args[1], &err);
    else if (item->arg_count == 1)
        cli_vars_unset(vars, item->args[0]);
    require(st == ST_OK || err.msg[0]);
}

static void same_again(struct cli_script place, const struct cli_vars *vars, struct arena *arena,
                       const struct cli_item *first)
{
    struct cli_item again;
    struct error err;
    require(cli_script_next(&place, vars, arena, &again, &err) == ST_OK);
    require(again.kind == first->kind && again.start == first->start);
    require(str_eq(again.sql, first->sql) && str_eq(again.name, first->name));
    require(again.arg_count == first->arg_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account;
    struct arena values, arena;
    struct cli_vars vars = {0};
    struct cli_script s;
    size_t last = 0;
    mem_account_init(&account, "fuzz", NULL, (size_t)64 << 20);
    arena_init(&values, &account);
    arena_init(&arena, &account);
    cli_script_init(&s, (struct str){(const char *)data, size}, "fuzz", &values);
    for (;;) {
        struct cli_item item;
        struct error err;
        struct cli_script place = s;
        error_init(&err);
        if (s.source_count == 1)
            arena_reset(&values);
        arena_reset(&arena);
        if (cli_script_next(&s, &vars, &arena, &item, &err) != ST_OK) {
            require(err.msg[0] && err.code != ST_INTERNAL && item.start <= size);
            break;
        }
        require(item.start <= size && item.start >= last);
        last = item.start;
        same_again(place, &vars, &arena, &item);
        if (item.kind == CLI_ITEM_END)
            break;
        require(item.kind == CLI_ITEM_COMMAND || item.sql.len > 0);
        if (item.kind == CLI_ITEM_COMMAND && str_eq(item.name, STR("set")))
            do_set(&item, &vars);
    }
    cli_vars_free(&vars);
    arena_free(&arena);
    arena_free(&values);
    require(account.used_bytes == 0);
    return 0;
}
