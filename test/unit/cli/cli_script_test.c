// SPDX-License-Identifier: Apache-2.0
/* cli_script_test.c - scripts to items, as psql 15 reads them. Each case is a script and what comes
 * out of it, one item a line:
 *
 *     3: SELECT 1            a statement and the line of its first token
 *     3: SELECT 1 \gset|p_|  one that a command ends, with the command's arguments
 *     4: \echo|a|b|          a command
 *     5: !message            the error that ends it */
#include "cli/cli.h"
#include "harness/test.h"

#include <stdlib.h>

static void put_item(const struct cli_script *s, const struct cli_item *item, struct buffer *out)
{
    struct error err;
    CHECK_OK(buffer_printf(out, &err, "%lld: ", (long long)cli_script_line(s, item->start)));
    if (item->kind == CLI_ITEM_STATEMENT)
        CHECK_OK(buffer_append_str(out, item->sql, &err));
    if (item->name.len > 0) {
        CHECK_OK(buffer_printf(out, &err, "%s\\%.*s|", item->kind == CLI_ITEM_STATEMENT ? " " : "",
                               STR_ARG(item->name)));
        for (size_t i = 0; i < item->arg_count; i++)
            CHECK_OK(buffer_printf(out, &err, "%.*s|", STR_ARG(item->args[i])));
    }
    CHECK_OK(buffer_append_byte(out, '\n', &err));
}

/* \set is done here, so that a case can have variables. */
static void do_set(const struct cli_item *item, struct cli_vars *vars)
{
    struct buffer value;
    struct error err;
    buffer_init(&value, NULL, 1u << 20);
    for (size_t i = 1; i < item->arg_count; i++)
        CHECK_OK(buffer_append_str(&value, item->args[i], &err));
    CHECK_OK(cli_vars_set(vars, item->args[0], buffer_str(&value), &err));
    buffer_free(&value);
}

static void read_all(struct str script, struct buffer *out)
{
    struct cli_vars vars = {0};
    struct cli_script s;
    struct arena values, arena;
    struct error err;
    arena_init(&values, NULL);
    arena_init(&arena, NULL);
    cli_script_init(&s, script, "case", &values);
    for (;;) {
        struct cli_item item;
        error_init(&err);
        arena_reset(&arena);
        if (cli_script_next(&s, &vars, &arena, &item, &err) != ST_OK) {
            CHECK_OK(buffer_printf(out, &err, "%lld: !%s\n",
                                   (long long)cli_script_line(&s, item.start), err.msg));
            break;
        }
        if (item.kind == CLI_ITEM_END)
            break;
        if (item.kind == CLI_ITEM_COMMAND && str_eq(item.name, STR("set")))
            do_set(&item, &vars);
        else
            put_item(&s, &item, out);
    }
    cli_vars_free(&vars);
    arena_free(&arena);
    arena_free(&values);
}

static void check_bytes(struct str script, const char *want, const char *file, int line)
{
    struct buffer out;
    struct error err;
    buffer_init(&out, NULL, 1u << 24);
    read_all(script, &out);
    CHECK_OK(buffer_append_byte(&out, 0, &err));
    if (strcmp((const char *)out.data, want) != 0)
        test_fail(file, line, "%.*s\ngave\n%s\nnot\n%s", STR_ARG(script), (const char *)out.data,
                  want);
    buffer_free(&out);
}

#define ITEMS(script, want) check_bytes(str_of(script), want, __FILE__, __LINE__)

TEST(statements_end_at_semicolons)
{
    ITEMS("", "");
    ITEMS(" \n\t", "");
    ITEMS("SELECT 1", "1: SELECT 1\n");
    ITEMS("SELECT 1;SELECT 2;", "1: SELECT 1\n1: SELECT 2\n");
    ITEMS(";;\n ; SELECT 1 ; ;", "2: SELECT 1 \n");
    ITEMS("SELECT ';', \";\", $$;$$, $a$;$a$;", "1: SELECT ';', \";\", $$;$$, $a$;$a$\n");
    ITEMS("SELECT (1; 2); SELECT 3;", "1: SELECT (1; 2)\n1: SELECT 3\n");
    ITEMS("SELECT 1)(; 2;", "1: SELECT 1)(; 2;\n"); /* a ')' too many counts for nothing */
    ITEMS("SELECT 1); SELECT 2;", "1: SELECT 1)\n1: SELECT 2\n");
}

TEST(quotes_hide_their_ends)
{
    ITEMS("SELECT 'it''s;' ;x", "1: SELECT 'it''s;' \n1: x\n");
    ITEMS("SELECT 'a\\'; x", "1: SELECT 'a\\'\n1: x\n"); /* no escape in a plain text */
    ITEMS("SELECT e'a\\';' ; x", "1: SELECT e'a\\';' \n1: x\n");
    ITEMS("SELECT name'a\\'; x", "1: SELECT name'a\\'\n1: x\n"); /* e is a part of the word */
    ITEMS("SELECT a$b$c; d$b$", "1: SELECT a$b$c\n1: d$b$\n");   /* no dollar quote in a word */
    ITEMS("SELECT $1; $x", "1: SELECT $1\n1: $x\n");
    ITEMS("SELECT $$a'$$; x", "1: SELECT $$a'$$\n1: x\n");
    ITEMS("SELECT 'never closed; \\echo x", "1: SELECT 'never closed; \\echo x\n");
    ITEMS("SELECT $$never closed;", "1: SELECT $$never closed;\n");
}

TEST(comments)
{
    ITEMS("-- a; b\n/* c; /* d */ ; */ SELECT 1 -- e; f\n, 2 /* ; */;",
          "2: SELECT 1 -- e; f\n, 2 /* ; */\n");
    ITEMS("-- only\n/* comments */\n;\n-- here", "");
    ITEMS("/* c */ \\echo hi", "1: \\echo|hi|\n");
    ITEMS("-- c\n\n\\echo hi -- there", "3: \\echo|hi|--|there|\n");
    ITEMS("SELECT 1; /* never closed", "1: SELECT 1\n1: /* never closed\n");
    ITEMS("-- a\rSELECT 1;", "1: SELECT 1\n"); /* both ends of a line end it */
}

TEST(the_place_is_that_of_the_first_token)
{
    ITEMS("\n\n-- c\n/*\n*/ SELECT\n1;\n\nSELECT 2;", "5: SELECT\n1\n8: SELECT 2\n");
    ITEMS("\n\\set a 1\n\n:a;\n", "4: 1\n");
}

TEST(variables)
{
    ITEMS("\\set a 1\nSELECT :a, :'a', :\"a\", :{?a}, :{?b}, :b, :'b', :\"b\";",
          "2: SELECT 1, '1', \"1\", TRUE, FALSE, :b, :'b', :\"b\"\n");
    ITEMS("\\set a 1\nSELECT ':a' \":a\" $$:a$$ -- :a\n/* :a */ x::a y:=a \\:a;",
          "2: SELECT ':a' \":a\" $$:a$$ -- :a\n/* :a */ x::a y:=a :a\n");
    ITEMS("\\set a 'it''s \"x\" \\\\'\n:'a' :\"a\";",
          "2:  E'it''s \"x\" \\\\' \"it's \"\"x\"\" \\\"\n");
    ITEMS("\\set a 7\nSELECT :a::numeric;", "2: SELECT 7::numeric\n");
    ITEMS("\\set a 1\nSELECT :'a :\"a :{?a", "2: SELECT :'a :\"a :{?a\n");
    ITEMS("\\set \xC3\xA4 1\n:\xC3\xA4;", "2: 1\n");
    ITEMS("\\set a\nSELECT [:a];", "2: SELECT []\n");
}

TEST(a_plain_value_is_read_in_its_place)
{
    ITEMS("\\set q 'SELECT 1; SELECT 2;'\n:q\n;x", "2: SELECT 1\n2: SELECT 2\n3: x\n");
    ITEMS("\\set a b\n\\set q 'SELECT :a, :''a'''\n:q + :q;", "3: SELECT b, 'b' + SELECT b, 'b'\n");
    ITEMS("\\set q '-- '\nSELECT 1 :q, 2;", "2: SELECT 1 -- , 2\n");
    ITEMS("\\set q '('\nf:q;);x", "2: f(;)\n2: x\n");
    ITEMS("\\set q ''''\n:q x", "2: !the value of variable \"q\" ends inside a quote or comment\n");
    ITEMS("\\set q '/*'\n\n:q x",
          "3: !the value of variable \"q\" ends inside a quote or comment\n");
    ITEMS("\\set q 'a \\\\echo b'\nSELECT :q;",
          "2: !the value of variable \"q\" holds a meta-command\n");
    ITEMS("\\set a ':b'\n\\set b ':a'\nSELECT :a;",
          "3: !the value of variable \"a\" uses the variable itself\n");
}

TEST(values_inside_values_are_bounded)
{
    struct buffer script;
    struct error err;
    buffer_init(&script, NULL, 1u << 20);
    for (int i = 0; i < 20; i++)
        CHECK_OK(buffer_printf(&script, &err, "\\set v%d ':v%d'\n", i, i + 1));
    CHECK_OK(buffer_printf(&script, &err, "SELECT :v0;%c", 0));
    ITEMS((const char *)script.data,
          "21: !variable \"v16\" stands in the value of a variable, 16 deep\n");
    buffer_clear(&script);
    CHECK_OK(buffer_printf(&script, &err, "\\set v0 x\n"));
    for (int i = 1; i < 12; i++)
        CHECK_OK(buffer_printf(&script, &err, "\\set v%d ':v%d :v%d :v%d :v%d :v%d :v%d'\n", i,
                               i - 1, i - 1, i - 1, i - 1, i - 1, i - 1));
    CHECK_OK(buffer_printf(&script, &err, ":v11%c", 0));
    ITEMS((const char *)script.data,
          "13: !the values of a statement's variables have more than 4194304 bytes\n");
    buffer_free(&script);
}

TEST(commands_and_their_arguments)
{
    ITEMS("\\echo a  b\t'c d' \"e f\" 'it''s' ab'cd'ef",
          "1: \\echo|a|b|c d|\"e f\"|it's|abcdef|\n");
    ITEMS("\\echo 'a\\tb\\x41\\101\\\\\\'c\\q'", "1: \\echo|a\tbAA\\'cq|\n");
    ITEMS("\\echo one \\echo two\n\\x", "1: \\echo|one|\n1: \\echo|two|\n2: \\x|\n");
    ITEMS("\\echo a \\\\ SELECT 1; \\\\ \\\\", "1: \\echo|a|\n1: SELECT 1\n");
    ITEMS("\\set a 'x y'\n\\echo :a :'a' :\"a\" :{?a} pre:a :b a:b",
          "2: \\echo|x y|'x y'|\"x y\"|TRUE|prex y|:b|a:b|\n");
    ITEMS("\\echo a;b; c", "1: \\echo|a;b;|c|\n");
    ITEMS("\\echo'hi' x", "1: \\echo'hi'|x|\n");
    ITEMS("\\echo 'open\n\\echo next", "1: !unterminated quoted string\n");
    ITEMS("\\echo \"open\n\\echo next", "1: !unterminated quoted string\n");
    ITEMS("\\echo `date`", "1: !backquotes run nothing in firn; use a variable (-v name=value)\n");
    ITEMS("\\echo '\\0'", "1: !a NUL byte in a quoted argument\n");
    ITEMS("x;\n \\ y", "1: x\n2: !a backslash without a command\n");
}

TEST(commands_that_end_a_statement)
{
    ITEMS("SELECT 1 \\gset\nSELECT 2 AS a \\gset p_ \\echo :p_a",
          "1: SELECT 1  \\gset|\n2: SELECT 2 AS a  \\gset|p_|\n2: \\echo|:p_a|\n");
    ITEMS("SELECT (1 \\g\nx \\gx", "1: SELECT (1  \\g|\n2: x  \\gx|\n");
    ITEMS("\\gset", "1: !\\gset ends a statement, and there is none\n");
    ITEMS("SELECT 1; -- c\n\\g", "1: SELECT 1\n2: !\\g ends a statement, and there is none\n");
    ITEMS("SELECT 1\n\\echo x", "2: !\\echo in the middle of a statement; end it with ';'\n");
    ITEMS("SELECT 1 \\; SELECT 2;",
          "1: !\\; joins statements in psql; firn runs them one by one, end each with ';'\n");
}

TEST(branches)
{
    ITEMS("\\if true\na;\n\\else\nb;\n\\endif\nc;", "2: a\n6: c\n");
    ITEMS("\\if no \\echo a \\elif on \\echo b \\elif 1 \\echo c \\else \\echo d \\endif \\echo e",
          "1: \\echo|b|\n1: \\echo|e|\n");
    ITEMS("\\if :{?a} \\else \\set a 3 \\endif\n\\if :{?a} \\else \\set a 4 \\endif\n:a;",
          "3: 3\n");
    ITEMS("\\set v True\n\\if :v\na;\n\\endif", "3: a\n");
    ITEMS("\\if 0\n\\if nonsense\n\\elif nonsense\nx;\n\\else\ny;\n\\endif\n\\else\nz;\n\\endif",
          "9: z\n");
    ITEMS(
        "\\if 0\n'\\else' \"\\else\" $$\\else$$ -- \\else\n/* \\else */ :x ;( \\foo `bar`\n\\else\n"
        "a;\n\\endif",
        "5: a\n");
    ITEMS("\\if 0 \\set x :'y' \\; \\: \\endif \\\\ a", "1: a\n");
    ITEMS("\\set a true\n\\if 0\n\\elif :a\nx;\n\\endif", "4: x\n");
}

TEST(branches_inside_a_statement)
{
    ITEMS("SELECT a\n\\if 1\n, b\n\\else\n, c; SELECT (\n\\endif\nFROM t;",
          "1: SELECT a\n\n, b\n\nFROM t\n");
    ITEMS("SELECT (\n\\if 0\n(\n\\endif\n1;2);x", "1: SELECT (\n\n1;2)\n5: x\n");
    ITEMS("\\if 0\n\\else\n\n  SELECT 1\n\\endif\n, 2;", "4: SELECT 1\n\n, 2\n");
}

TEST(branches_that_go_wrong)
{
    ITEMS("\\if maybe", "1: !\\if needs true or false, not \"maybe\"\n");
    ITEMS("\\if :x\n", "1: !\\if needs true or false, not \":x\"\n");
    ITEMS("\\if\n", "1: !\\if needs true or false, not 0 words\n");
    ITEMS("\\if true false\n", "1: !\\if needs true or false, not 2 words\n");
    ITEMS("\\if o\n", "1: !\\if needs true or false, not \"o\"\n"); /* on or off? */
    ITEMS("\\if 0\n\\elif x", "2: !\\elif needs true or false, not \"x\"\n");
    ITEMS("\\else", "1: !\\else without \\if\n");
    ITEMS("\\elif 1", "1: !\\elif without \\if\n");
    ITEMS("\\endif", "1: !\\endif without \\if\n");
    ITEMS("\\if 1\n\\else\n\\else", "3: !\\else after \\else\n");
    ITEMS("\\if 1\n\\else\n\\elif 1", "3: !\\elif after \\else\n");
    ITEMS("\\if 1 \\else if", "1: !\\else takes no argument, not \"if\"\n");
    ITEMS("\na;\n\\if 1\nb;\n\\if 0 \\endif", "2: a\n4: b\n3: !\\if without \\endif\n");
}

TEST(branches_are_bounded)
{
    struct buffer script;
    struct error err;
    buffer_init(&script, NULL, 1u << 20);
    for (int i = 0; i <= CLI_IF_DEPTH; i++)
        CHECK_OK(buffer_append_str(&script, STR("\\if 1\n"), &err));
    CHECK_OK(buffer_append_byte(&script, 0, &err));
    ITEMS((const char *)script.data, "65: !more than 64 \\if inside each other\n");
    buffer_free(&script);
}

TEST(files_of_other_systems)
{
    ITEMS("\xEF\xBB\xBF\\echo bom\r\nSELECT 1;\r\n\\set n x\r\n\\echo [:n]\r\n",
          "1: \\echo|bom|\n2: SELECT 1\n4: \\echo|[x]|\n");
}

TEST(a_kept_place_can_be_returned_to)
{
    struct cli_vars vars = {0};
    struct cli_script s, place;
    struct arena values, arena;
    struct cli_item item;
    struct error err;
    arena_init(&values, NULL);
    arena_init(&arena, NULL);
    CHECK_OK(cli_vars_set(&vars, STR("q"), STR("a; b; c;"), &err));
    cli_script_init(&s, STR(":q d;"), "case", &values);
    CHECK_OK(cli_script_next(&s, &vars, &arena, &item, &err));
    place = s;
    CHECK_OK(cli_vars_set(&vars, STR("q"), STR("changed"), &err));
    for (int i = 0; i < 2; i++, s = place) {
        static const char *const want[] = {"b", "c", "d"};
        for (size_t k = 0; k < ARRAY_LEN(want); k++) {
            CHECK_OK(cli_script_next(&s, &vars, &arena, &item, &err));
            CHECK_STR(item.sql, want[k]);
        }
        CHECK_OK(cli_script_next(&s, &vars, &arena, &item, &err));
        CHECK_INT(item.kind, CLI_ITEM_END);
    }
    cli_vars_free(&vars);
    arena_free(&arena);
    arena_free(&values);
}

TEST(truth_is_psqls)
{
    static const char *const yes[] = {"true", "T", "TrUe", "y", "YES", "on", "1"};
    static const char *const no[] = {"false", "F", "n", "No", "off", "of", "0"};
    static const char *const neither[] = {"", "o", "truex", "2", "10", "nope", " 1"};
    bool value;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        CHECK(cli_truth(str_of(yes[i]), &value) && value);
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        CHECK(cli_truth(str_of(no[i]), &value) && !value);
    for (size_t i = 0; i < ARRAY_LEN(neither); i++)
        CHECK(!cli_truth(str_of(neither[i]), &value));
}
