// SPDX-License-Identifier: Apache-2.0
/* cli_args.c - the command line, by two tables: commands.def and options.def. */
#include "cli/cli.h"

#include <stdio.h>

struct command_row {
    const char *name, *operands, *help;
};

struct flag_row {
    char short_name;
    const char *name, *argument, *help;
};

#define CMD(name, operands, help) {#name, operands, help},
static const struct command_row commands[] = {
#include "cli/commands.def"
};

#define FLAG(short_name, long_name, argument, help) {short_name, long_name, argument, help},
static const struct flag_row flags[] = {
#include "cli/commands.def"
};

#define OPT(name, argument, otherwise, where, help) {0, #name, argument, help},
static const struct flag_row options[] = {
#include "options.def"
};

/* ---- help ------------------------------------------------------------------------------------ */

/* Options are written with dashes; options.def has underscores, as SQL settings do. */
static void dashed(const char *name, char out[64])
{
    snprintf(out, 64, "%s", name);
    for (char *p = out; *p; p++)
        *p = *p == '_' ? '-' : *p;
}

static void help_flag(const struct flag_row *f)
{
    char name[64], left[128];
    dashed(f->name, name);
    if (f->short_name)
        snprintf(left, sizeof(left), "-%c, --%s %s", f->short_name, name, f->argument);
    else
        snprintf(left, sizeof(left), "    --%s %s", name, f->argument);
    printf("  %-34s %s\n", left, f->help);
}

void cli_help(const char *command)
{
    const struct command_row *one = NULL;
    for (size_t i = 0; command && i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, command) == 0)
            one = &commands[i];
    if (one) {
        printf("firn %s %s\n  %s\n", one->name, one->operands, one->help);
    } else {
        printf("firn %s - summary tables over Apache Iceberg: exact, fresh, checked\n\n"
               "usage: firn COMMAND [OPTIONS] [OPERANDS]\n\ncommands:\n",
               firn_version());
        for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
            char left[64];
            snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].operands);
            printf("  %-20s %s\n", left, commands[i].help);
        }
    }
    printf("\noptions:\n");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        help_flag(&flags[i]);
    printf("\nsettings, also FIRN_<NAME> in the environment; those that are not for one call only "
           "also in firn.yaml:\n");
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        help_flag(&options[i]);
    printf("\nexit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 refused by a "
           "check,\n4 would need more than allowed, 5 lost to concurrent changes, 6 outcome "
           "unknown,\n9 store or catalog not reachable\n");
}

/* ---- parsing --------------------------------------------------------------------------------- */

static bool same_name(const char *given, size_t len, const char *name)
{
    char with_dashes[64];
    dashed(name, with_dashes);
    return strlen(with_dashes) == len && strncmp(given, with_dashes, len) == 0;
}

static const struct flag_row *find_long(const char *name, size_t len, bool *is_option)
{
    *is_option = false;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (same_name(name, len, flags[i].name))
            return &flags[i];
    *is_option = true;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (same_name(name, len, options[i].name))
            return &options[i];
    return NULL;
}

static int usage(const char *what, const char *which)
{
    fprintf(stderr, "firn: %s%s; see `firn help`\n", what, which);
    return 2;
}

static int set_format(struct cli_args *a, const char *value)
{
    static const char *const names[] = {"aligned", "csv", "json", "markdown", "arrow"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(value, names[i]) == 0) {
            a->format = (enum cli_format)i;
            return 0;
        }
    return usage("unknown format ", value);
}

static int set_variable(struct cli_args *a, const char *value)
{
    struct cli_pair *v = &a->variables[a->variable_count];
    if (!strchr(value, '=') || value[0] == '=')
        return usage("-v takes NAME=VALUE, not ", value);
    v->name = value;
    v->value = strchr(value, '=') + 1;
    a->variable_count++;
    return 0;
}

static int set_flag(struct cli_args *a, const struct flag_row *f, const char *value)
{
    if (f->short_name == 'c')
        a->statement = value;
    else if (f->short_name == 'v')
        return set_variable(a, value);
    else if (f->short_name == 'f')
        return set_format(a, value);
    else if (f->short_name == 'q')
        a->quiet = true;
    else if (f->short_name == 'h')
        a->help = true;
    else if (strcmp(f->name, "rows") == 0)
        a->rows = value;
    else
        a->print = true;
    return 0;
}

/* One argument that starts with '-'; *i moves over its value. */
static int parse_flag(int argc, char **argv, int *i, struct cli_args *out)
{
    const char *arg = argv[*i], *value = NULL;
    const struct flag_row *f = NULL;
    bool is_option = false;
    if (arg[1] == '-') {
        size_t len = strcspn(arg + 2, "=");
        f = find_long(arg + 2, len, &is_option);
        value = arg[2 + len] == '=' ? arg + 3 + len : NULL;
    } else {
        for (size_t k = 0; k < ARRAY_LEN(flags); k++)
            if (flags[k].short_name && flags[k].short_name == arg[1])
                f = &flags[k];
        value = arg[2] ? arg + 2 : NULL;
    }
    if (!f)
        return usage("unknown option ", arg);
    if (!f->argument[0] && value)
        return usage("no value is taken by ", arg);
    if (f->argument[0] && !value) {
        if (*i + 1 >= argc)
            return usage("a value is missing behind ", arg);
        value = argv[++*i];
    }
    if (is_option) {
        out->options[out->option_count++] = (struct firn_option){f->name, value};
        return 0;
    }
    return set_flag(out, f, value);
}

int cli_args_parse(int argc, char **argv, struct cli_args *out)
{
    size_t n = (size_t)argc + 1;
    *out = (struct cli_args){0};
    if (mem_calloc(NULL, n * sizeof(*out->operands), (void **)&out->operands, NULL) != ST_OK ||
        mem_calloc(NULL, n * sizeof(*out->options), (void **)&out->options, NULL) != ST_OK ||
        mem_calloc(NULL, n * sizeof(*out->variables), (void **)&out->variables, NULL) != ST_OK)
        return usage("out of memory", "");
    bool flags_over = false;
    for (int i = 1; i < argc; i++) {
        int code = 0;
        if (!flags_over && strcmp(argv[i], "--") == 0)
            flags_over = true;
        else if (!flags_over && argv[i][0] == '-' && argv[i][1])
            code = parse_flag(argc, argv, &i, out);
        else if (!out->command)
            out->command = argv[i];
        else
            out->operands[out->operand_count++] = argv[i];
        if (code)
            return code;
    }
    return 0;
}

void cli_args_free(struct cli_args *a)
{
    /* The sizes are those of cli_args_parse; nothing is charged, so they need not be exact. */
    mem_free(NULL, (void *)a->operands, 0);
    mem_free(NULL, a->options, 0);
    mem_free(NULL, a->variables, 0);
}
