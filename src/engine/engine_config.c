// SPDX-License-Identifier: Apache-2.0
/* engine_config.c - where settings come from: the caller, FIRN_* variables, a YAML file.
 *
 *     options given by the caller   strongest
 *     FIRN_<OPTION>, FIRN_CATALOG__<NAME>__<KEY> (PyIceberg's rule: __ is a dot, _ is a dash)
 *     environments.<name> of the file
 *     the file: --config, FIRN_CONFIG, firn.yaml, .pyiceberg.yaml
 *     options.def's defaults
 *
 * Keys of firn.yaml that nobody knows are refused with the nearest name; those of .pyiceberg.yaml
 * are PyIceberg's. */
#include "engine/engine_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_where { OPT_CLI, OPT_CONFIG, OPT_SET };

struct option_row {
    const char *name, *argument, *otherwise;
    enum option_where where;
    const char *help;
};

#define OPT(name, argument, otherwise, where, help) {#name, argument, otherwise, where, help},
static const struct option_row option_rows[] = {
#include "options.def"
};

/* A dash may stand for an underscore, as in PyIceberg's default-catalog. */
static bool same_name(struct str given, const char *name)
{
    if (given.len != strlen(name))
        return false;
    for (size_t i = 0; i < given.len; i++)
        if (given.ptr[i] != name[i] && !(given.ptr[i] == '-' && name[i] == '_'))
            return false;
    return true;
}

static const struct option_row *option_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++)
        if (same_name(name, option_rows[i].name))
            return &option_rows[i];
    return NULL;
}

/* ---- finding the file ------------------------------------------------------------------------ */

static const char *given(const struct firn_option *options, size_t count, const char *name)
{
    for (size_t i = count; i-- > 0;) /* of several the last one counts */
        if (strcmp(options[i].name, name) == 0)
            return options[i].value;
    return NULL;
}

static status find_file(const char *wanted, struct arena *arena, struct engine_config *out,
                        struct error *err)
{
    struct str *path = &out->path;
    static const char *const names[] = {"firn.yaml", ".pyiceberg.yaml"};
    char folder[4096];
    *path = (struct str){0};
    if (!wanted || !*wanted)
        wanted = getenv("FIRN_CONFIG");
    if (wanted && *wanted)
        return arena_str(arena, str_of(wanted), path, err);
    for (size_t i = 0; i < ARRAY_LEN(names) && !path->ptr; i++)
        if (access(names[i], F_OK) == 0)
            *path = str_of(names[i]);
    if (!getcwd(folder, sizeof(folder)))
        snprintf(folder, sizeof(folder), ".");
    return arena_printf(arena, &out->looked_at, err,
                        "--config, FIRN_CONFIG, firn.yaml and .pyiceberg.yaml in %s", folder);
}

/* ---- environment variables ------------------------------------------------------------------- */

extern char **environ;

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* CATALOG__LAKEHOUSE__S3__PATH_STYLE_ACCESS -> catalog.lakehouse.s3.path-style-access; others keep
 * their underscores (FIRN_RUN_ID -> run_id). */
static status variable_path(struct str name, struct arena *arena, struct str *out,
                            struct error *err)
{
    char *p;
    size_t n = 0;
    bool nested = str_starts(name, STR("CATALOG__"));
    TRY(arena_alloc(arena, name.len + 1, (void **)&p, err));
    for (size_t i = 0; i < name.len; i++) {
        if (nested && name.ptr[i] == '_' && i + 1 < name.len && name.ptr[i + 1] == '_') {
            p[n++] = '.';
            i++;
        } else {
            p[n++] = nested && name.ptr[i] == '_' ? '-' : lower(name.ptr[i]);
        }
    }
    p[n] = 0;
    *out = (struct str){p, n};
    return ST_OK;
}

/* FIRN_ variables that name no option are somebody else's. */
static status load_variables(struct arena *arena, struct engine_entries *out, struct error *err)
{
    size_t capacity = 0;
    for (char **v = environ; *v; v++) {
        struct str all = str_of(*v), path;
        const char *eq = strchr(*v, '=');
        if (!str_starts(all, STR("FIRN_")) || !eq)
            continue;
        TRY(variable_path((struct str){*v + 5, (size_t)(eq - *v) - 5}, arena, &path, err));
        if (!str_starts(path, STR("catalog.")) && !option_find(path))
            continue;
        TRY(arena_grow(arena, (void **)&out->values, sizeof(*out->values), &capacity,
                       out->count + 1, err));
        struct engine_entry *value = &out->values[out->count++];
        *value = (struct engine_entry){.path = path};
        TRY(arena_str(arena, str_of(eq + 1), &value->value, err));
    }
    return ST_OK;
}

/* ---- from paths to the configuration --------------------------------------------------------- */

/* Where values come from, and how strict it is. */
struct source {
    const struct engine_entries *yaml;
    struct arena *arena;
    bool lenient;    /* .pyiceberg.yaml: keys that are not firn's are somebody else's */
    bool given_once; /* the command line and the environment also take OPT_CLI */
};

static status bad_value(const struct source *s, const struct engine_entry *v, const char *what,
                        struct error *err)
{
    if (v->line > 0)
        FAIL(err, ST_USAGE, "%.*s line %zu: %.*s %s", STR_ARG(s->yaml->file), v->line,
             STR_ARG(v->path), what);
    FAIL(err, ST_USAGE, "%.*s: %.*s %s", STR_ARG(s->yaml->file), STR_ARG(v->path), what);
}

static struct engine_catalog_config *catalog_slot(struct engine_config *c, struct str name)
{
    for (size_t i = 0; i < c->catalog_count; i++)
        if (str_eq(c->catalogs[i].name, name))
            return &c->catalogs[i];
    c->catalogs[c->catalog_count].name = name;
    return &c->catalogs[c->catalog_count++];
}

/* "lakehouse.uri" behind "catalog.": a dot inside the name of a key belongs to the key. */
static status put_catalog(const struct source *s, struct engine_config *c,
                          const struct engine_entry *v, struct error *err)
{
    struct str rest = {v->path.ptr + 8, v->path.len - 8};
    const char *dot = memchr(rest.ptr, '.', rest.len);
    if (v->kind == ENGINE_ENTRY_MAPPING) /* its keys follow */
        return ST_OK;
    if (!dot)
        return bad_value(s, v, "needs keys of its own: type, uri, warehouse", err);
    if (v->kind == ENGINE_ENTRY_LIST)
        return bad_value(s, v, "is a list, which has no meaning here", err);
    struct engine_catalog_config *slot =
        catalog_slot(c, (struct str){rest.ptr, (size_t)(dot - rest.ptr)});
    struct str key = {dot + 1, rest.len - (size_t)(dot - rest.ptr) - 1};
    for (size_t i = 0; i < slot->count; i++)
        if (str_eq(slot->properties[i].key, key)) {
            slot->properties[i].value = v->value;
            return ST_OK;
        }
    TRY(arena_grow(s->arena, (void **)&slot->properties, sizeof(*slot->properties), &slot->capacity,
                   slot->count + 1, err));
    slot->properties[slot->count++] = (struct property){key, v->value};
    return ST_OK;
}

static void nearer(struct str path, const char *name, int *least, const char **out)
{
    int d = str_distance(path, str_of(name));
    if (d < *least) {
        *least = d;
        *out = name;
    }
}

static status unknown_key(const struct source *s, const struct engine_entry *v,
                          struct error *err)
{
    const char *near = NULL;
    int least = 4;
    if (memchr(v->path.ptr, '.', v->path.len))
        return bad_value(s, v, "is not a known key", err);
    nearer(v->path, "catalog", &least, &near);
    nearer(v->path, "environments", &least, &near);
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++)
        if (option_rows[i].where != OPT_CLI)
            nearer(v->path, option_rows[i].name, &least, &near);
    (void)bad_value(s, v, "is not a known key", err);
    if (near)
        error_detail(err, "Perhaps you meant \"%s\".", near);
    return ST_USAGE;
}

static status check_number(const struct source *s, const struct engine_entry *v,
                           struct error *err)
{
    size_t digits = 0;
    while (digits < v->value.len && v->value.ptr[digits] >= '0' && v->value.ptr[digits] <= '9')
        digits++;
    bool good = digits > 0 && digits < 10 && digits == v->value.len && v->value.ptr[0] != '0';
    return good ? ST_OK : bad_value(s, v, "must be a whole number from 1 to 999999999", err);
}

static status put_value(const struct source *s, struct engine_config *c,
                        const struct engine_entry *v, struct error *err)
{
    if (str_starts(v->path, STR("catalog.")))
        return put_catalog(s, c, v, err);
    if (str_eq(v->path, STR("catalog")) && v->kind == ENGINE_ENTRY_MAPPING)
        return ST_OK;
    const struct option_row *row = option_find(v->path);
    if (!row && s->lenient)
        return ST_OK;
    if (!row)
        return unknown_key(s, v, err);
    if (row->where == OPT_CLI && !s->given_once)
        return bad_value(s, v, "is for the command line and the environment only", err);
    if (v->kind != ENGINE_ENTRY_TEXT)
        return bad_value(s, v, "must be one value", err);
    if (strcmp(row->argument, "N") == 0 || strcmp(row->argument, "MS") == 0)
        TRY(check_number(s, v, err));
    for (size_t i = 0; i < c->setting_count; i++)
        if (str_eq_z(c->settings[i].name, row->name)) {
            c->settings[i].value = v->value;
            return ST_OK;
        }
    c->settings[c->setting_count++] = (struct engine_setting){str_of(row->name), v->value};
    return ST_OK;
}

static bool is_environment(struct str path)
{
    return str_eq(path, STR("environments")) || str_starts(path, STR("environments."));
}

/* The values of environments.NAME over the rest. */
static status put_environment(const struct source *s, struct engine_config *c, const char *name,
                              struct error *err)
{
    const struct engine_entries *y = s->yaml;
    struct str prefix;
    bool found = false;
    TRY(arena_printf(s->arena, &prefix, err, "environments.%s", name));
    for (size_t i = 0; i < y->count; i++) {
        struct engine_entry v = y->values[i];
        if (!str_starts(v.path, prefix) ||
            (v.path.len > prefix.len && v.path.ptr[prefix.len] != '.'))
            continue;
        found = true;
        if (v.path.len == prefix.len)
            continue;
        v.path.ptr += prefix.len + 1;
        v.path.len -= prefix.len + 1;
        TRY(put_value(s, c, &v, err));
    }
    if (!found && y->file.len > 0)
        FAIL(err, ST_USAGE, "%.*s has no environment \"%s\"", STR_ARG(y->file), name);
    return ST_OK;
}

/* The file's own values first, then those of the chosen environment over them. */
static status put_file(const struct engine_entries *y, const char *environment, struct arena *arena,
                       struct engine_config *c, struct error *err)
{
    struct source s = {y, arena, str_ends(y->file, STR(".pyiceberg.yaml")), false};
    for (size_t i = 0; i < y->count; i++)
        if (!is_environment(y->values[i].path))
            TRY(put_value(&s, c, &y->values[i], err));
    return environment && *environment ? put_environment(&s, c, environment, err) : ST_OK;
}

static status put_given(const struct firn_option *options, size_t count, struct arena *arena,
                        struct engine_config *c, struct error *err)
{
    struct engine_entries none = {.file = STR("option")};
    struct source s = {&none, arena, false, true};
    for (size_t i = 0; i < count; i++) {
        struct engine_entry v = {.path = str_of(options[i].name)};
        if (!options[i].value)
            continue;
        TRY(arena_str(arena, str_of(options[i].value), &v.value, err));
        TRY(put_value(&s, c, &v, err));
    }
    return ST_OK;
}

status engine_config_load(const struct firn_option *options, size_t option_count,
                          struct arena *arena, struct engine_config *out, struct error *err)
{
    struct engine_entries file = {0}, variables = {.file = STR("environment")};
    const char *environment = given(options, option_count, "environment");
    struct source from_variables = {&variables, arena, false, true};
    *out = (struct engine_config){0};
    TRY(ARENA_ARRAY(arena, struct engine_setting, ARRAY_LEN(option_rows), &out->settings, err));
    TRY(find_file(given(options, option_count, "config"), arena, out, err));
    if (out->path.ptr)
        TRY(engine_yaml_read(out->path, arena, &file, err));
    TRY(load_variables(arena, &variables, err));
    TRY(ARENA_ARRAY(arena, struct engine_catalog_config, file.count + variables.count + 1,
                    &out->catalogs, err));
    TRY(put_file(&file, environment ? environment : getenv("FIRN_ENVIRONMENT"), arena, out, err));
    for (size_t i = 0; i < variables.count; i++)
        TRY(put_value(&from_variables, out, &variables.values[i], err));
    TRY(put_given(options, option_count, arena, out, err));
    out->default_catalog = engine_config_get(out, "default_catalog");
    return ST_OK;
}

struct str engine_config_get(const struct engine_config *c, const char *name)
{
    const struct option_row *row = option_find(str_of(name));
    for (size_t i = 0; i < c->setting_count; i++)
        if (str_eq_z(c->settings[i].name, name))
            return c->settings[i].value;
    return row && row->otherwise ? str_of(row->otherwise) : (struct str){0};
}

/* ---- firn init ------------------------------------------------------------------------------- */

static status absolute_folder(struct str folder, struct arena *arena, struct str *out,
                              struct error *err)
{
    struct str uri;
    TRY(store_absolute(folder, arena, &uri, err));
    *out = (struct str){uri.ptr + 7, uri.len - 7}; /* behind "file://" */
    while (out->len > 1 && out->ptr[out->len - 1] == '/')
        out->len--;
    return ST_OK;
}

static status write_config(struct store *store, struct arena *arena, struct str folder,
                           struct error *err)
{
    struct str text, path;
    int n = (int)folder.len;
    TRY(arena_printf(arena, &text, err,
                     "# An embedded lakehouse: one SQLite file as catalog, one folder of tables.\n"
                     "# PyIceberg and Iceberg's JdbcCatalog open the same file.\n"
                     "catalog:\n"
                     "  lakehouse:\n"
                     "    type: sql\n"
                     "    uri: sqlite:///%.*s/firn.db\n"
                     "    warehouse: file://%.*s/warehouse\n"
                     "default-catalog: lakehouse\n",
                     n, folder.ptr, n, folder.ptr));
    TRY(arena_printf(arena, &path, err, "file://%.*s/firn.yaml", n, folder.ptr));
    status st = store_write_all(store, path, text.ptr, text.len, err);
    if (st == ST_EXISTS)
        return error_set(err, ST_USAGE, __FILE__, __LINE__, "%.*s exists already; nothing changed",
                         STR_ARG(path));
    return st;
}

static status create_catalog(struct store *store, struct arena *arena, struct str folder,
                             struct error *err)
{
    struct catalog_config config = {.name = STR("lakehouse"), .type = STR("sql")};
    struct catalog *catalog;
    int n = (int)folder.len;
    TRY(arena_printf(arena, &config.uri, err, "sqlite:///%.*s/firn.db", n, folder.ptr));
    TRY(arena_printf(arena, &config.warehouse, err, "file://%.*s/warehouse", n, folder.ptr));
    TRY(catalog_open(&config, store, true, &catalog, err));
    catalog_close(catalog);
    return ST_OK;
}

status engine_init_folder(struct str folder, struct error *err)
{
    struct arena arena;
    struct store *store;
    struct str path;
    engine_hooks_install();
    arena_init(&arena, NULL);
    status st = store_create_local(&store, err);
    if (st == ST_OK) {
        st = absolute_folder(folder, &arena, &path, err);
        if (st == ST_OK)
            st = store_make_folder(store, path, err);
        if (st == ST_OK)
            st = create_catalog(store, &arena, path, err);
        if (st == ST_OK) /* last: a folder with firn.yaml is complete */
            st = write_config(store, &arena, path, err);
        store_destroy(store);
    }
    arena_free(&arena);
    return st;
}
