// SPDX-License-Identifier: Apache-2.0
/* main.c - firn, the program. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>

#define STATEMENT_BYTES ((size_t)1 << 16)

int cli_init(const struct cli_args *a)
{
    struct firn_error e;
    const char *folder = a->operand_count ? a->operands[0] : ".";
    if (firn_init(folder, a->warehouse, &e) != 0)
        return cli_report(&e, "");
    if (!a->quiet && a->warehouse)
        fprintf(stderr, "firn: made firn.yaml and firn.db in %s; tables lie in %s\n", folder,
                a->warehouse);
    else if (!a->quiet)
        fprintf(stderr, "firn: made firn.yaml, firn.db and warehouse/ in %s\n", folder);
    return 0;
}

/* firn refresh NAME, firn plan NAME: one statement about one view. */
static int about_view(const struct cli_args *a, const char *statement)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), "%s %s", statement, a->operands[0]);
    if (n < 0 || (size_t)n >= sizeof(text)) {
        fprintf(stderr, "firn: the name is too long\n");
        return FIRN_USAGE;
    }
    return cli_run_statement(a, str_of(text));
}

/* ", name => 'text'", quotes doubled. */
static status put_text(struct buffer *b, const char *before, const char *text, struct error *err)
{
    TRY(buffer_append_str(b, str_of(before), err));
    TRY(buffer_append_byte(b, '\'', err));
    for (const char *p = text; *p; p++) {
        if (*p == '\'')
            TRY(buffer_append_byte(b, '\'', err));
        TRY(buffer_append_byte(b, (uint8_t)*p, err));
    }
    return buffer_append_byte(b, '\'', err);
}

static status verify_text(const struct cli_args *a, struct buffer *b, struct error *err)
{
    TRY(put_text(b, "CALL system.verify(", a->operands[0], err));
    if (a->as_of)
        TRY(put_text(b, ", as_of => ", a->as_of, err));
    if (a->level)
        TRY(put_text(b, ", level => ", a->level, err));
    if (a->files)
        TRY(buffer_append_str(b, STR(", files => true"), err));
    return buffer_append_byte(b, ')', err);
}

static int verify(const struct cli_args *a)
{
    struct buffer text;
    struct error err;
    int code = FIRN_USAGE;
    error_init(&err);
    buffer_init(&text, NULL, STATEMENT_BYTES);
    if (verify_text(a, &text, &err) == ST_OK)
        code = cli_run_statement(a, buffer_str(&text));
    else
        fprintf(stderr, "firn: %s\n", err.msg);
    buffer_free(&text);
    return code;
}

static int print_version(void)
{
    printf("firn %s\n", firn_version());
    return 0;
}

/* `firn` alone is a mistake, `firn help` is not. */
static int print_help(const struct cli_args *a)
{
    bool asked = a->help || a->command;
    const char *command = a->help ? a->command : a->operand_count ? a->operands[0] : NULL;
    if (!cli_help(command)) {
        fprintf(stderr, "firn: unknown command \"%s\"; see `firn help`\n", command);
        return FIRN_USAGE;
    }
    return asked ? 0 : FIRN_USAGE;
}

static int dispatch(const struct cli_args *a)
{
    const char *c = a->command;
    if (a->version)
        return print_version();
    if (!c || a->help || strcmp(c, "help") == 0)
        return print_help(a);
    if (strcmp(c, "demo") == 0)
        return cli_demo(a);
    if (strcmp(c, "init") == 0)
        return cli_init(a);
    if (strcmp(c, "run") == 0)
        return cli_run(a);
    if (strcmp(c, "refresh") == 0)
        return about_view(a, "REFRESH MATERIALIZED VIEW");
    if (strcmp(c, "plan") == 0)
        return about_view(a, "EXPLAIN REFRESH MATERIALIZED VIEW");
    if (strcmp(c, "verify") == 0)
        return verify(a);
    return print_version();
}

int main(int argc, char **argv)
{
    struct cli_args args;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error like others (ulimit -f) */
    int code = cli_args_parse(argc, argv, &args);
    if (code == 0)
        code = dispatch(&args);
    cli_args_free(&args);
    return code;
}
