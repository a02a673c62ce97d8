// SPDX-License-Identifier: Apache-2.0
/* spark_conf_tool.c - what firn reads in properties files, for spark_conf.sh.
 *
 *     spark_conf_tool FILE...    of each: "file", a line "<key> <value>" in hex for each entry in the
 *                                file's order, or "refused" */
#include "engine/engine_config_int.h"

#include <stdio.h>

static void print_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        printf("%02x", (unsigned char)s.ptr[i]);
}

static status print_file(const char *path, struct arena *arena, struct error *err)
{
    struct buffer text;
    struct engine_entries e;
    status st = engine_config_read(str_of(path), &text, err);
    if (st == ST_OK)
        st = engine_properties_parse(buffer_str(&text), str_of(path), arena, &e, err);
    buffer_free(&text);
    TRY(st);
    for (size_t i = 0; i < e.count; i++) {
        print_hex(e.entries[i].path);
        putchar(' ');
        print_hex(e.entries[i].value);
        putchar('\n');
    }
    return ST_OK;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct arena arena;
        struct error err;
        error_init(&err);
        arena_init(&arena, NULL);
        puts("file");
        if (print_file(argv[i], &arena, &err) != ST_OK)
            puts("refused");
        arena_free(&arena);
    }
    return 0;
}
