// SPDX-License-Identifier: Apache-2.0
/* cli_tables.h - commands.def and options.def as C tables, for arguments and help. */
#ifndef CLI_TABLES_H
#define CLI_TABLES_H

#include "cli/cli_int.h"

struct cli_command_row {
    const char *name, *operands;
    size_t least, most; /* operands */
    bool settings;      /* takes those of options.def */
    const char *help;
};

struct cli_flag {
    char short_name; /* 0 = none */
    const char *name, *argument;
    const char *commands; /* those that take it, "" = all */
    const char *help;
};

const struct cli_command_row *cli_commands(size_t *count);
/* Options of the command line alone. */
const struct cli_flag *cli_flags(size_t *count);
/* Those that a session takes. */
const struct cli_flag *cli_settings(size_t *count);
bool cli_flag_fits(const struct cli_flag *f, const char *command);
/* Options are written with dashes; options.def has underscores, as SQL settings do. */
void cli_dashed(const char *name, char out[64]);

#endif
