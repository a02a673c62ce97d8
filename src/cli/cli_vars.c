// SPDX-License-Identifier: Apache-2.0
/* cli_vars.c - psql's variables: a list of names and texts, small and copied whole at BEGIN. */
#include "cli/cli_int.h"

#define VALUE_BYTES ((size_t)1 << 20)

static status copy_z(struct str s, char **out, struct error *err)
{
    TRY(mem_alloc(NULL, s.len + 1, (void **)out, err));
    if (s.len)
        memcpy(*out, s.ptr, s.len);
    (*out)[s.len] = 0;
    return ST_OK;
}

static void free_z(char *s)
{
    if (s)
        mem_free(NULL, s, strlen(s) + 1);
}

static struct cli_var *find(const struct cli_vars *v, struct str name)
{
    for (struct cli_var *x = v->first; x; x = x->next)
        if (str_eq_z(name, x->name))
            return x;
    return NULL;
}

const char *cli_vars_get(const struct cli_vars *v, struct str name)
{
    const struct cli_var *x = find(v, name);
    return x ? x->value : NULL;
}

static status check(struct str name, struct str value, struct error *err)
{
    size_t n = 0;
    while (n < name.len && cli_is_name_byte((unsigned char)name.ptr[n]))
        n++;
    if (n == 0 || n < name.len)
        FAIL(err, ST_USAGE, "invalid variable name: \"%.*s\"", STR_ARG(name));
    if (value.len > VALUE_BYTES)
        FAIL(err, ST_LIMIT, "variable \"%.*s\" would have %zu bytes, at most are %zu",
             STR_ARG(name), value.len, VALUE_BYTES);
    if (value.len > 0 && memchr(value.ptr, 0, value.len))
        FAIL(err, ST_USAGE, "variable \"%.*s\" would hold a NUL byte", STR_ARG(name));
    return ST_OK;
}

status cli_vars_set(struct cli_vars *v, struct str name, struct str value, struct error *err)
{
    struct cli_var *x = find(v, name);
    char *text;
    TRY(check(name, value, err));
    TRY(copy_z(value, &text, err));
    if (x) {
        free_z(x->value);
        x->value = text;
        return ST_OK;
    }
    status st = mem_calloc(NULL, sizeof(*x), (void **)&x, err);
    if (st == ST_OK)
        st = copy_z(name, &x->name, err);
    if (st != ST_OK) {
        mem_free(NULL, x, sizeof(*x));
        free_z(text);
        return st;
    }
    x->value = text;
    x->next = v->first;
    v->first = x;
    return ST_OK;
}

static void free_var(struct cli_var *x)
{
    free_z(x->name);
    free_z(x->value);
    mem_free(NULL, x, sizeof(*x));
}

void cli_vars_unset(struct cli_vars *v, struct str name)
{
    for (struct cli_var **at = &v->first; *at; at = &(*at)->next)
        if (str_eq_z(name, (*at)->name)) {
            struct cli_var *gone = *at;
            *at = gone->next;
            free_var(gone);
            return;
        }
}

status cli_vars_copy(const struct cli_vars *from, struct cli_vars *to, struct error *err)
{
    cli_vars_free(to);
    for (const struct cli_var *x = from->first; x; x = x->next)
        TRY(cli_vars_set(to, str_of(x->name), str_of(x->value), err));
    return ST_OK;
}

void cli_vars_free(struct cli_vars *v)
{
    while (v->first) {
        struct cli_var *next = v->first->next;
        free_var(v->first);
        v->first = next;
    }
}
