// SPDX-License-Identifier: Apache-2.0
/* engine_properties_test.c - spark-defaults.conf: keys, separators, escapes, continuations, refusals.
 * test/interop/spark_conf.sh compares the same reader with java.util.Properties. */
#include "engine/engine_config_int.h"

#include "harness/test.h"

/* "key|value|line" of each entry, one a line. */
static void check(struct str text, const char *want)
{
    struct arena arena;
    struct engine_entries e;
    struct error err;
    struct buffer got;
    error_init(&err);
    arena_init(&arena, NULL);
    buffer_init(&got, NULL, (size_t)1 << 20);
    CHECK_OK(engine_properties_parse(text, STR("f.conf"), &arena, &e, &err));
    for (size_t i = 0; i < e.count; i++)
        CHECK_OK(buffer_printf(&got, &err, "%.*s|%.*s|%zu\n", STR_ARG(e.entries[i].path),
                               STR_ARG(e.entries[i].value), e.entries[i].line));
    CHECK_STR(buffer_str(&got), want);
    buffer_free(&got);
    arena_free(&arena);
}

static void refuse(struct str text, const char *want)
{
    struct arena arena;
    struct engine_entries e;
    struct error err;
    error_init(&err);
    arena_init(&arena, NULL);
    CHECK_STATUS(engine_properties_parse(text, STR("f.conf"), &arena, &e, &err), ST_USAGE);
    CHECK_STR(str_of(err.msg), want);
    arena_free(&arena);
}

TEST(separators)
{
    check(STR(""), "");
    check(STR("a b"), "a|b|1\n");
    check(STR("a=b\nc:d\r\ne\tf\rg = h\ni : j\nk   l m \n"),
          "a|b|1\nc|d|2\ne|f|3\ng|h|4\ni|j|5\nk|l m|6\n");
    check(STR("a\n b=\nc:\n=d\n"), "a||1\nb||2\nc||3\n|d|4\n");
    check(STR("a==b\nc=:d\ne = = f"), "a|=b|1\nc|:d|2\ne|= f|3\n");
    check(STR("spark.master local[2] # no comment"), "spark.master|local[2] # no comment|1\n");
    check(STR("url=jdbc:sqlite:/a b"), "url|jdbc:sqlite:/a b|1\n");
}

TEST(comments_and_blank_lines)
{
    check(STR("# one\n  ! two \\\n\n \t\f\na b\n#c d"), "a|b|5\n");
}

TEST(continuations)
{
    check(STR("a b\\\n   c\\\r\n\td\ne f"), "a|bcd|1\ne|f|4\n");
    check(STR("a b\\\\\nc d"), "a|b\\|1\nc|d|2\n");
    check(STR("a b\\"), "a|b|1\n");
    check(STR("a b\\\n\nc d"), "a|b|1\nc|d|3\n");
    check(STR("a \\\n# b"), "a|# b|1\n");
    check(STR("\\\n# comment\n\\\na b"), "a|b|4\n");
    check(STR("a\\\nb c"), "ab|c|1\n");
}

TEST(escapes)
{
    check(STR("a\\ b\\=\\:c d\\te\\nf\\rg\\fh\\qi"), "a b=:c|d\te\nf\rg\fhqi|1\n");
    check(STR("\\#a b\n\\!c d"), "#a|b|1\n!c|d|2\n");
    check(STR("a \\u0041\\u00e4\\u20AC\\uD83D\\ude00"),
          "a|A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80|1\n");
    check(STR("\\u0061\\u003db c"), "a=b|c|1\n");
    check(STR("k \xc3\xa4"), "k|\xc3\xa4|1\n");
    check(STR("k \\ x\\ "), "k|x|1\n"); /* Spark trims what Java kept */
}

TEST(refusals)
{
    refuse(STR("a b\nc \\u12"), "f.conf line 2: \\u needs the four digits of a character");
    refuse(STR("\\u00g0 b"), "f.conf line 1: \\u needs the four digits of a character");
    refuse(STR("a \\u0000"), "f.conf line 1: \\u needs the four digits of a character");
    refuse(STR("a \\ud83d"), "f.conf line 1: \\u needs the four digits of a character");
    refuse(STR("a \\ude00\\ud83d"), "f.conf line 1: \\u needs the four digits of a character");
    refuse(STR("a \\ud83d\\u0041"), "f.conf line 1: \\u needs the four digits of a character");
    refuse(STR("a b\nc \xff\n"), "f.conf line 2: not UTF-8, or a NUL byte");
    refuse(STR("a b\0c"), "f.conf line 1: not UTF-8, or a NUL byte");
}

TEST(limits)
{
    static char text[(1 << 20) + 2];
    memset(text, '\n', sizeof(text));
    refuse((struct str){text, ENGINE_CONFIG_BYTES + 1}, "f.conf has more than 1048576 bytes");
    for (size_t i = 0; i < 2 * (ENGINE_CONFIG_VALUES + 1); i += 2)
        text[i] = 'a';
    refuse((struct str){text, ENGINE_CONFIG_BYTES}, "f.conf: more than 4096 values");
}

TEST(pairs)
{
    struct arena arena;
    struct engine_entry e;
    struct error err;
    error_init(&err);
    arena_init(&arena, NULL);
    CHECK_OK(engine_properties_pair("a.b= c=d ", &arena, &e, &err));
    CHECK_STR(e.path, "a.b");
    CHECK_STR(e.value, " c=d ");
    CHECK_OK(engine_properties_pair("a=", &arena, &e, &err));
    CHECK_STR(e.value, "");
    CHECK_STATUS(engine_properties_pair("hunter2hunter2", &arena, &e, &err), ST_USAGE);
    CHECK_STR(str_of(err.msg), "--conf takes KEY=VALUE");
    CHECK_STATUS(engine_properties_pair("=hunter2", &arena, &e, &err), ST_USAGE);
    CHECK_STATUS(engine_properties_pair("a=\xff", &arena, &e, &err), ST_USAGE);
    arena_free(&arena);
}
