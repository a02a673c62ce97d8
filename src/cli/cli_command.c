// SPDX-License-Identifier: Apache-2.0
/* cli_command.c - psql's meta-commands that are not done while the script is read: \echo, \set and
 * the like. */
#include "cli/cli_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SCRIPT_PATH 4096

/* ---- \echo, \warn ---------------------------------------------------------------------------- */

static status join_args(const struct cli_item *item, struct buffer *out, struct error *err)
{
    bool no_newline =
        item->arg_count > 0 && !item->first_quoted && str_eq(item->args[0], STR("-n"));
    for (size_t i = no_newline; i < item->arg_count; i++) {
        if (i > (size_t)no_newline)
            TRY(buffer_append_byte(out, ' ', err));
        TRY(buffer_append_str(out, item->args[i], err));
    }
    return no_newline ? ST_OK : buffer_append_byte(out, '\n', err);
}

static status do_echo(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    return join_args(item, &r->out, err);
}

static status do_warn(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    struct buffer text;
    buffer_init(&text, NULL, (size_t)64 << 20);
    status st = join_args(item, &text, err);
    if (st == ST_OK)
        fwrite(text.data, 1, text.len, stderr);
    buffer_free(&text);
    return st;
}

/* ---- \set, \unset ---------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    const struct cli_var *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* \set alone: every variable, sorted. */
static status list_variables(struct cli_runner *r, struct error *err)
{
    const struct cli_var **all;
    size_t n = 0;
    for (const struct cli_var *v = r->vars.first; v; v = v->next)
        n++;
    TRY(ARENA_ARRAY(&r->arena, const struct cli_var *, n, &all, err));
    n = 0;
    for (const struct cli_var *v = r->vars.first; v; v = v->next)
        all[n++] = v;
    qsort(all, n, sizeof(*all), compare_names);
    for (size_t i = 0; i < n; i++) {
        TRY(buffer_append_str(&r->out, str_of(all[i]->name), err));
        TRY(buffer_append_str(&r->out, STR(" = '"), err));
        TRY(buffer_append_str(&r->out, str_of(all[i]->value), err));
        TRY(buffer_append_str(&r->out, STR("'\n"), err));
    }
    return ST_OK;
}

/* psql's own variables that would change how a script runs. */
static void warn_special(const struct cli_runner *r, struct str name, struct str value)
{
    bool on = true;
    if (!str_eq(name, STR("ON_ERROR_STOP")) && !str_eq(name, STR("AUTOCOMMIT")))
        return;
    if (cli_truth(value, &on) && !on)
        cli_note(r, "\\set %.*s off changes nothing: %s", STR_ARG(name),
                 name.ptr[0] == 'O' ? "a run stops at its first error"
                                    : "write BEGIN and COMMIT for a transaction");
}

static status do_set(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    struct buffer value;
    if (item->arg_count == 0)
        return list_variables(r, err);
    buffer_init(&value, NULL, (size_t)16 << 20);
    status st = ST_OK;
    for (size_t i = 1; st == ST_OK && i < item->arg_count; i++)
        st = buffer_append_str(&value, item->args[i], err);
    if (st == ST_OK)
        st = cli_vars_set(&r->vars, item->args[0], buffer_str(&value), err);
    if (st == ST_OK)
        warn_special(r, item->args[0], buffer_str(&value));
    buffer_free(&value);
    return st;
}

static status do_unset(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    if (item->arg_count != 1)
        FAIL(err, ST_USAGE, "\\unset needs one name");
    cli_vars_unset(&r->vars, item->args[0]);
    return ST_OK;
}

/* ---- switches -------------------------------------------------------------------------------- */

/* Without an argument the switch turns. \x knows "auto" too: never expanded, there is no screen. */
static status turn(const struct cli_item *item, bool automatic, bool *value, struct error *err)
{
    bool wanted = false;
    if (item->arg_count == 0) {
        *value = !*value;
        return ST_OK;
    }
    bool known = cli_truth(item->args[0], &wanted) ||
                 (automatic && str_eq_nocase(item->args[0], STR("auto")));
    if (item->arg_count > 1 || !known)
        FAIL(err, ST_USAGE, "\\%.*s takes on%s off, not \"%.*s\"", STR_ARG(item->name),
             automatic ? ", auto or" : " or", STR_ARG(item->args[item->arg_count > 1]));
    *value = wanted;
    return ST_OK;
}

static status do_timing(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    return turn(item, false, &r->timing, err);
}

static status do_expanded(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    return turn(item, true, &r->printer.expanded, err);
}

static status do_quit(struct cli_runner *r, const struct cli_item *item, struct error *err)
{
    r->quit = true;
    return ST_OK;
}

/* ---- \i, \ir --------------------------------------------------------------------------------- */

/* \i counts from the working folder, \ir from the folder of the script it stands in. */
static int include(struct cli_runner *r, const struct cli_script *s, const struct cli_item *item)
{
    char path[SCRIPT_PATH];
    struct error err;
    const char *slash = s->name ? strrchr(s->name, '/') : NULL, *file;
    error_init(&err);
    if (item->arg_count != 1) {
        (void)error_set(&err, ST_USAGE, __FILE__, __LINE__, "\\%.*s needs one file name",
                        STR_ARG(item->name));
        return cli_fail_own(r, s, item, &err);
    }
    file = item->args[0].ptr;
    bool beside = str_eq(item->name, STR("ir")) || str_eq(item->name, STR("include_relative"));
    int folder = beside && slash && file[0] != '/' ? (int)(slash - s->name) + 1 : 0;
    int n = snprintf(path, sizeof(path), "%.*s%s", folder, s->name ? s->name : "", file);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        (void)error_set(&err, ST_USAGE, __FILE__, __LINE__, "the file name is too long");
        return cli_fail_own(r, s, item, &err);
    }
    return cli_run_file(r, path, s, item);
}

/* ---- all ------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *other; /* other: psql's second name; "" = none */
    status (*run)(struct cli_runner *, const struct cli_item *, struct error *);
} commands[] = {
    {"echo", "qecho", do_echo}, {"warn", "", do_warn},     {"set", "", do_set},
    {"unset", "", do_unset},    {"timing", "", do_timing}, {"x", "", do_expanded},
    {"q", "quit", do_quit},
};

int cli_command(struct cli_runner *r, struct cli_script *s, const struct cli_item *item)
{
    struct error err;
    status st = ST_OK;
    size_t i = 0;
    error_init(&err);
    if (str_eq(item->name, STR("i")) || str_eq(item->name, STR("include")) ||
        str_eq(item->name, STR("ir")) || str_eq(item->name, STR("include_relative")))
        return include(r, s, item);
    while (i < ARRAY_LEN(commands) && !str_eq_z(item->name, commands[i].name) &&
           !(commands[i].other[0] && str_eq_z(item->name, commands[i].other)))
        i++;
    if (i < ARRAY_LEN(commands))
        st = commands[i].run(r, item, &err);
    else
        st = error_set(&err, ST_USAGE, __FILE__, __LINE__,
                       "\\%.*s is not a command here; there are \\set \\unset \\if \\elif \\else "
                       "\\endif \\echo \\warn \\gset \\g \\gx \\timing \\x \\i \\ir \\q",
                       STR_ARG(item->name));
    return st == ST_OK ? cli_flush(r) : cli_fail_own(r, s, item, &err);
}
