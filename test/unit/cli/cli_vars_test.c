// SPDX-License-Identifier: Apache-2.0
/* cli_vars_test.c - variables: set, replace, unset, copy; names and bounds. */
#include "cli/cli.h"
#include "harness/test.h"

#include <stdlib.h>

static void set(struct cli_vars *v, const char *name, const char *value)
{
    struct error err;
    CHECK_OK(cli_vars_set(v, str_of(name), str_of(value), &err));
}

static struct str get(const struct cli_vars *v, const char *name)
{
    const char *value = cli_vars_get(v, str_of(name));
    return str_of(value ? value : "(none)");
}

TEST(set_get_replace_unset)
{
    struct cli_vars v = {0};
    CHECK_STR(get(&v, "a"), "(none)");
    set(&v, "a", "1");
    set(&v, "B", "");
    CHECK_STR(get(&v, "a"), "1");
    CHECK_STR(get(&v, "B"), "");
    CHECK_STR(get(&v, "b"), "(none)");
    set(&v, "a", "a longer value");
    CHECK_STR(get(&v, "a"), "a longer value");
    cli_vars_unset(&v, STR("a"));
    cli_vars_unset(&v, STR("never"));
    CHECK_STR(get(&v, "a"), "(none)");
    CHECK_STR(get(&v, "B"), "");
    cli_vars_free(&v);
    CHECK(v.first == NULL);
}

TEST(a_value_may_come_from_the_variable_itself)
{
    struct cli_vars v = {0};
    struct error err;
    set(&v, "a", "text");
    CHECK_OK(cli_vars_set(&v, STR("a"), str_of(cli_vars_get(&v, STR("a"))), &err));
    CHECK_STR(get(&v, "a"), "text");
    cli_vars_free(&v);
}

TEST(copies_are_apart)
{
    struct cli_vars a = {0}, b = {0};
    struct error err;
    set(&a, "x", "1");
    set(&a, "y", "2");
    set(&b, "gone", "3");
    CHECK_OK(cli_vars_copy(&a, &b, &err));
    set(&a, "x", "changed");
    CHECK_STR(get(&b, "x"), "1");
    CHECK_STR(get(&b, "y"), "2");
    CHECK_STR(get(&b, "gone"), "(none)");
    cli_vars_free(&a);
    cli_vars_free(&b);
}

TEST(names_are_psqls)
{
    static const char *const good[] = {"a", "A_1", "1", "_", "t\xC3\xA4glich"};
    static const char *const bad[] = {"", "a-b", "a b", "a.b", "?column?", "a:"};
    struct cli_vars v = {0};
    struct error err;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CHECK_OK(cli_vars_set(&v, str_of(good[i]), STR("x"), &err));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_STATUS(cli_vars_set(&v, str_of(bad[i]), STR("x"), &err), ST_USAGE);
    CHECK_STR(str_of(err.msg), "invalid variable name: \"a:\"");
    cli_vars_free(&v);
}

TEST(values_are_bounded_and_hold_no_nul)
{
    struct cli_vars v = {0};
    struct error err;
    size_t most = (size_t)1 << 20;
    char *text = malloc(most + 1);
    CHECK(text != NULL);
    memset(text, 'x', most + 1);
    CHECK_OK(cli_vars_set(&v, STR("a"), (struct str){text, most}, &err));
    CHECK_STATUS(cli_vars_set(&v, STR("a"), (struct str){text, most + 1}, &err), ST_LIMIT);
    CHECK_INT(strlen(cli_vars_get(&v, STR("a"))), most); /* as it was */
    CHECK_STATUS(cli_vars_set(&v, STR("a"), (struct str){"a\0b", 3}, &err), ST_USAGE);
    free(text);
    cli_vars_free(&v);
}
