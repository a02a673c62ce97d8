// SPDX-License-Identifier: Apache-2.0
/* cli_help.c - --help, of the program and of each command, from commands.def and options.def. */
#include "cli/cli_tables.h"

#include <stdio.h>

#define EXIT(code, help) {code, help},
static const struct {
    int code;
    const char *help;
} exit_codes[] = {
#include "cli/commands.def"
};

static void help_flag(const struct cli_flag *f)
{
    char name[64], left[128];
    cli_dashed(f->name, name);
    if (f->short_name)
        snprintf(left, sizeof(left), "-%c, --%s %s", f->short_name, name, f->argument);
    else
        snprintf(left, sizeof(left), "    --%s %s", name, f->argument);
    printf("  %-30s %s\n", left, f->help);
}

static void help_flags(const char *command)
{
    size_t n;
    const struct cli_flag *flags = cli_flags(&n);
    printf("\noptions:\n");
    for (size_t i = 0; i < n; i++)
        if (!command || cli_flag_fits(&flags[i], command))
            help_flag(&flags[i]);
}

static void help_settings(void)
{
    size_t n;
    const struct cli_flag *settings = cli_settings(&n);
    printf("\nsettings, also FIRN_<NAME> in the environment:\n");
    for (size_t i = 0; i < n; i++)
        help_flag(&settings[i]);
}

static void help_program(void)
{
    size_t n;
    const struct cli_command_row *commands = cli_commands(&n);
    printf("firn %s - summary tables over Apache Iceberg: exact, fresh, checked\n\n"
           "usage: firn COMMAND [OPTIONS] [OPERANDS]\n\ncommands:\n",
           firn_version());
    for (size_t i = 0; i < n; i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].operands);
        printf("  %-20s %s\n", left, commands[i].help);
    }
    help_flags(NULL);
    help_settings();
    printf("\nexit codes:\n");
    for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
        printf("  %-4d %s\n", exit_codes[i].code, exit_codes[i].help);
}

bool cli_help(const char *name)
{
    size_t n;
    const struct cli_command_row *commands = cli_commands(&n);
    if (!name) {
        help_program();
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        const struct cli_command_row *c = &commands[i];
        if (strcmp(c->name, name) != 0)
            continue;
        printf("usage: firn %s [OPTIONS]%s%s\n\n%s\n", c->name, c->operands[0] ? " " : "",
               c->operands, c->help);
        help_flags(c->name);
        if (c->settings)
            help_settings();
        return true;
    }
    return false;
}
