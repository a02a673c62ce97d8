// SPDX-License-Identifier: Apache-2.0
/* cli_args.c - the command line, by two tables: commands.def and options.def. */
#include "cli/cli_tables.h"

#include "base/secret.h"

#include <stdio.h>

/* ---- tables ---------------------------------------------------------------------------------- */

#define CMD(name, operands, least, most, settings, help)                                           \
    {#name, operands, least, most, settings, help},
static const struct cli_command_row commands[] = {
#include "cli/commands.def"
};

#define FLAG(short_name, long_name, argument, takers, help)                                        \
    {short_name, long_name, argument, takers, help},
static const struct cli_flag flags[] = {
#include "cli/commands.def"
};

#define OPT(name, argument, otherwise, where, help) {0, #name, argument, "", help},
static const struct cli_flag settings[] = {
#include "options.def"
};

const struct cli_command_row *cli_commands(size_t *count)
{
    *count = ARRAY_LEN(commands);
    return commands;
}

const struct cli_flag *cli_flags(size_t *count)
{
    *count = ARRAY_LEN(flags);
    return flags;
}

const struct cli_flag *cli_settings(size_t *count)
{
    *count = ARRAY_LEN(settings);
    return settings;
}

bool cli_flag_fits(const struct cli_flag *f, const char *command)
{
    size_t n = strlen(command);
    for (const char *p = f->commands; (p = strstr(p, command)); p += n)
        if ((p == f->commands || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0))
            return true;
    return f->commands[0] == 0;
}

void cli_dashed(const char *name, char out[64])
{
    snprintf(out, 64, "%s", name);
    for (char *p = out; *p; p++)
        *p = *p == '_' ? '-' : *p;
}

/* ---- messages -------------------------------------------------------------------------------- */

static int usage(const char *what, const char *which)
{
    fprintf(stderr, "firn: %s%s; see `firn help`\n", what, which);
    return FIRN_USAGE;
}

static int no_memory(void)
{
    fprintf(stderr, "firn: out of memory\n");
    return FIRN_LIMIT;
}

static void nearer(struct str given, const char *name, int *least, const char **out)
{
    int d = str_distance(given, str_of(name));
    if (d < *least) {
        *least = d;
        *out = name;
    }
}

static int unknown(const char *what, struct str given, const char *near)
{
    fprintf(stderr, "firn: unknown %s \"%.*s\"", what, STR_ARG(given));
    if (near)
        fprintf(stderr, "; perhaps you meant \"%s\"", near);
    fprintf(stderr, "; see `firn help`\n");
    return FIRN_USAGE;
}

static int unknown_option(const char *arg)
{
    struct str given = {arg, strcspn(arg, "=")};
    char names[ARRAY_LEN(flags) + ARRAY_LEN(settings)][68];
    const char *near = NULL;
    int least = 4;
    for (size_t i = 0; i < ARRAY_LEN(names) && arg[1] == '-'; i++) {
        bool flag = i < ARRAY_LEN(flags);
        char dashed[64];
        cli_dashed(flag ? flags[i].name : settings[i - ARRAY_LEN(flags)].name, dashed);
        snprintf(names[i], sizeof(names[i]), "--%s", dashed);
        nearer(given, names[i], &least, &near);
    }
    return unknown("option", given, near);
}

static int unknown_command(const char *given)
{
    const char *near = NULL;
    int least = 3;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        nearer(str_of(given), commands[i].name, &least, &near);
    return unknown("command", str_of(given), near);
}

/* ---- parsing --------------------------------------------------------------------------------- */

static bool same_name(struct str given, const char *name)
{
    char with_dashes[64];
    cli_dashed(name, with_dashes);
    return str_eq_z(given, with_dashes);
}

static const struct cli_flag *find_long(struct str name, bool *setting)
{
    *setting = false;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (same_name(name, flags[i].name))
            return &flags[i];
    *setting = true;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (same_name(name, settings[i].name))
            return &settings[i];
    return NULL;
}

static const struct cli_flag *find_short(char name)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (flags[i].short_name && flags[i].short_name == name)
            return &flags[i];
    return NULL;
}

static int set_format(struct cli_args *a, const char *value)
{
    static const char *const names[] = {"aligned", "csv", "json", "markdown", "arrow"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(value, names[i]) == 0) {
            a->format = (enum cli_format)i;
            return 0;
        }
    fprintf(stderr,
            "firn: unknown format \"%s\"; there are aligned, csv, json, markdown and arrow\n",
            value);
    return FIRN_USAGE;
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

static int set_flag(struct cli_args *a, const struct cli_flag *f, const char *value)
{
    switch (f->short_name) {
    case 'c':
        a->statements[a->statement_count++] = value;
        return 0;
    case 'v':
        return set_variable(a, value);
    case 'f':
        return set_format(a, value);
    case 'q':
        a->quiet = true;
        return 0;
    case 'h':
        a->help = true;
        return 0;
    case 'V':
        a->version = true;
        return 0;
    default:
        break;
    }
    if (strcmp(f->name, "rows") == 0)
        a->rows = value;
    else if (strcmp(f->name, "as-of") == 0)
        a->as_of = value;
    else if (strcmp(f->name, "level") == 0)
        a->level = value;
    else if (strcmp(f->name, "warehouse") == 0)
        a->warehouse = value;
    else if (strcmp(f->name, "files") == 0)
        a->files = true;
    else
        a->print = true;
    return 0;
}

/* A value that holds a secret, or may: it is kept in memory of our own and overwritten where `ps`
 * shows it to everybody. Everything behind the first '=' goes: KEY=VALUE is known by its key. */
static const char *keep_secret(struct cli_args *a, char *value)
{
    struct str copy;
    if (arena_str(&a->secrets, str_of(value), &copy, NULL) != ST_OK)
        return NULL;
    char *eq = strchr(value, '=');
    secret_wipe(eq ? eq + 1 : value);
    return copy.ptr;
}

/* --conf holds Spark's keys, whose values nobody here knows all; of -v NAME=VALUE the name tells. */
static bool may_be_secret(const struct cli_flag *f, const char *value)
{
    return strcmp(f->name, "conf") == 0 ||
           (f->short_name == 'v' && secret_key((struct str){value, strcspn(value, "=")}));
}

/* What was given, to be checked against the command, which may stand behind it. */
struct given {
    const struct cli_flag *flag;
    bool setting;
};

/* One argument that starts with '-'; *i moves over its value. */
static int parse_flag(int argc, char **argv, int *i, struct cli_args *out, struct given *given)
{
    char *arg = argv[*i], *value = NULL;
    bool setting = false;
    const struct cli_flag *f;
    if (arg[1] == '-') {
        struct str name = {arg + 2, strcspn(arg + 2, "=")};
        f = find_long(name, &setting);
        value = arg[2 + name.len] == '=' ? arg + 3 + name.len : NULL;
    } else {
        f = find_short(arg[1]);
        value = arg[2] ? arg + 2 : NULL;
    }
    if (!f)
        return unknown_option(arg);
    *given = (struct given){f, setting};
    if (!f->argument[0] && value)
        return usage("no value is taken by ", arg);
    if (f->argument[0] && !value) {
        if (*i + 1 >= argc)
            return usage("a value is missing behind ", arg);
        value = argv[++*i];
    }
    const char *kept = value;
    if (value && may_be_secret(f, value) && !(kept = keep_secret(out, value)))
        return no_memory();
    if (!setting)
        return set_flag(out, f, kept);
    out->options[out->option_count++] = (struct firn_option){f->name, kept};
    return 0;
}

static int check_flag(const struct given *g, const struct cli_command_row *command)
{
    char name[64];
    if (g->setting ? command->settings : cli_flag_fits(g->flag, command->name))
        return 0;
    cli_dashed(g->flag->name, name);
    fprintf(stderr, "firn: %s takes no option --%s; see `firn help %s`\n", command->name, name,
            command->name);
    return FIRN_USAGE;
}

/* The command, its operands and its options fit each other. */
static int check(const struct cli_args *a, const struct given *given, size_t given_count)
{
    const struct cli_command_row *command = NULL;
    if (!a->command || a->help || a->version)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, a->command) == 0)
            command = &commands[i];
    if (!command)
        return unknown_command(a->command);
    for (size_t i = 0; i < given_count; i++)
        if (check_flag(&given[i], command) != 0)
            return FIRN_USAGE;
    if (strcmp(a->command, "run") == 0 && a->operand_count + a->statement_count == 0)
        return usage("run needs a script or -c", "");
    if (a->operand_count < command->least || a->operand_count > command->most) {
        fprintf(stderr, "firn: usage: firn %s %s\n", command->name, command->operands);
        return FIRN_USAGE;
    }
    return 0;
}

/* A secret that lost its --conf or -v must not end up in "cannot be read: ...". */
static int stray_secret(const char *arg)
{
    struct str key = {arg, strcspn(arg, "=")};
    if (!arg[key.len] || !secret_key(key))
        return 0;
    fprintf(stderr, "firn: %.*s=... is no command and no script; is --conf or -v missing?\n",
            STR_ARG(key));
    return FIRN_USAGE;
}

static int parse_all(int argc, char **argv, struct cli_args *out, struct given *given)
{
    bool flags_over = false;
    size_t given_count = 0;
    for (int i = 1; i < argc; i++) {
        int code = 0;
        if (!flags_over && strcmp(argv[i], "--") == 0)
            flags_over = true;
        else if (!flags_over && argv[i][0] == '-' && argv[i][1])
            code = parse_flag(argc, argv, &i, out, &given[given_count++]);
        else if ((code = stray_secret(argv[i])) != 0)
            return code;
        else if (!out->command)
            out->command = argv[i];
        else
            out->operands[out->operand_count++] = argv[i];
        if (code != 0)
            return code;
    }
    return check(out, given, given_count);
}

int cli_args_parse(int argc, char **argv, struct cli_args *out)
{
    struct given *given = NULL;
    size_t n = (size_t)argc + 1;
    *out = (struct cli_args){.slots = n};
    arena_init(&out->secrets, NULL);
    bool room =
        mem_calloc(NULL, n * sizeof(*given), (void **)&given, NULL) == ST_OK &&
        mem_calloc(NULL, n * sizeof(*out->operands), (void **)&out->operands, NULL) == ST_OK &&
        mem_calloc(NULL, n * sizeof(*out->statements), (void **)&out->statements, NULL) == ST_OK &&
        mem_calloc(NULL, n * sizeof(*out->options), (void **)&out->options, NULL) == ST_OK &&
        mem_calloc(NULL, n * sizeof(*out->variables), (void **)&out->variables, NULL) == ST_OK;
    int code = room ? parse_all(argc, argv, out, given) : no_memory();
    mem_free(NULL, given, n * sizeof(*given));
    return code;
}

void cli_args_free(struct cli_args *a)
{
    mem_free(NULL, (void *)a->operands, a->slots * sizeof(*a->operands));
    mem_free(NULL, (void *)a->statements, a->slots * sizeof(*a->statements));
    mem_free(NULL, a->options, a->slots * sizeof(*a->options));
    mem_free(NULL, a->variables, a->slots * sizeof(*a->variables));
    arena_free(&a->secrets);
}
