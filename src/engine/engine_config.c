// SPDX-License-Identifier: Apache-2.0
/* engine_config.c - where settings come from: the caller, FIRN_* variables, a YAML file.
 *
 *     options given by the caller   strongest
 *     FIRN_<OPTION>, FIRN_CATALOG__<NAME>__<KEY> (PyIceberg's rule: __ is a dot, _ is a dash)
 *     environments.<name> of the file
 *     the file: --config, FIRN_CONFIG, firn.yaml, .pyiceberg.yaml
 *     options.def's defaults
 *
 * Files are read through libyaml's events into a flat list of paths ("catalog.lakehouse.uri"). They
 * are at most 1 MiB, 16 levels, 4,096 values; aliases are refused, so that a small file cannot
 * grow. */
#include "engine/engine_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#define CONFIG_BYTES  ((size_t)1 << 20)
#define CONFIG_LEVELS 16
#define CONFIG_VALUES 4096

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

static const struct option_row *option_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++)
        if (str_eq_z(name, option_rows[i].name))
            return &option_rows[i];
    return NULL;
}

/* ---- a YAML file as paths and values -----------------------------------------------------------
 */

struct flat {
    struct arena *arena;
    size_t count, capacity;
    struct engine_setting *values; /* name = path, later ones win */
    struct str file;
};

static status flat_add(struct flat *f, struct str path, struct str value, struct error *err)
{
    if (f->count == CONFIG_VALUES)
        FAIL(err, ST_USAGE, "%.*s: more than %d values", STR_ARG(f->file), CONFIG_VALUES);
    TRY(arena_grow(f->arena, (void **)&f->values, sizeof(*f->values), &f->capacity, f->count + 1,
                   err));
    TRY(arena_str(f->arena, path, &f->values[f->count].name, err));
    TRY(arena_str(f->arena, value, &f->values[f->count].value, err));
    f->count++;
    return ST_OK;
}

struct yaml_walk {
    struct flat *flat;
    int level;
    struct str path[CONFIG_LEVELS]; /* of the mapping at each level */
    struct str key;                 /* waiting for its value; ptr NULL = none */
};

static status walk_scalar(struct yaml_walk *w, const yaml_event_t *e, struct error *err)
{
    struct arena *a = w->flat->arena;
    struct str text = {(const char *)e->data.scalar.value, e->data.scalar.length}, path;
    if (w->level == 0)
        FAIL(err, ST_USAGE, "%.*s line %zu: expected key: value", STR_ARG(w->flat->file),
             e->start_mark.line + 1);
    if (!w->key.ptr)
        return arena_str(a, text, &w->key, err);
    struct str in = w->path[w->level - 1];
    TRY(arena_printf(a, &path, err, "%.*s%s%.*s", STR_ARG(in), in.len ? "." : "", STR_ARG(w->key)));
    w->key = (struct str){0};
    return flat_add(w->flat, path, text, err);
}

static status walk_mapping(struct yaml_walk *w, const yaml_event_t *e, struct error *err)
{
    if (w->level == CONFIG_LEVELS)
        FAIL(err, ST_USAGE, "%.*s line %zu: more than %d levels", STR_ARG(w->flat->file),
             e->start_mark.line + 1, CONFIG_LEVELS);
    struct str in = w->level ? w->path[w->level - 1] : STR("");
    TRY(arena_printf(w->flat->arena, &w->path[w->level], err, "%.*s%s%.*s", STR_ARG(in),
                     in.len ? "." : "", STR_ARG(w->key)));
    w->key = (struct str){0};
    w->level++;
    return ST_OK;
}

static status walk_event(struct yaml_walk *w, const yaml_event_t *e, struct error *err)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return walk_scalar(w, e, err);
    case YAML_MAPPING_START_EVENT:
        return walk_mapping(w, e, err);
    case YAML_MAPPING_END_EVENT:
        w->level--;
        return ST_OK;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_ALIAS_EVENT:
        FAIL(err, ST_USAGE, "%.*s line %zu: lists and aliases have no meaning here",
             STR_ARG(w->flat->file), e->start_mark.line + 1);
    default:
        return ST_OK;
    }
}

static status walk_events(yaml_parser_t *parser, struct yaml_walk *w, struct error *err)
{
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e))
            FAIL(err, ST_USAGE, "%.*s line %zu: %s", STR_ARG(w->flat->file),
                 parser->problem_mark.line + 1, parser->problem ? parser->problem : "not YAML");
        more = e.type != YAML_STREAM_END_EVENT;
        status st = walk_event(w, &e, err);
        yaml_event_delete(&e);
        TRY(st);
    }
    return ST_OK;
}

static status flat_parse(struct flat *f, struct str text, struct error *err)
{
    yaml_parser_t parser;
    struct yaml_walk w = {.flat = f};
    if (!yaml_parser_initialize(&parser))
        FAIL(err, ST_OOM, "out of memory: reading %.*s", STR_ARG(f->file));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    status st = walk_events(&parser, &w, err);
    yaml_parser_delete(&parser);
    return st;
}

/* ---- finding the file
 * ------------------------------------------------------------------------------ */

static status read_file(const char *path, struct buffer *out, struct error *err)
{
    FILE *f = fopen(path, "rb");
    status st = ST_OK;
    if (!f)
        FAIL(err, ST_USAGE, "configuration %s cannot be read: %s", path, strerror(errno));
    while (st == ST_OK && !feof(f) && !ferror(f)) {
        st = buffer_reserve(out, 4096, err);
        if (st == ST_OK)
            out->len += fread(out->data + out->len, 1, 4096, f);
    }
    if (st == ST_OK && ferror(f))
        st = error_set(err, ST_USAGE, __FILE__, __LINE__, "configuration %s cannot be read: %s",
                       path, strerror(errno));
    fclose(f);
    return st;
}

static status load_file(struct flat *f, const char *path, struct error *err)
{
    struct buffer text;
    buffer_init(&text, NULL, CONFIG_BYTES);
    f->file = str_of(path);
    status st = read_file(path, &text, err);
    if (st == ST_OK)
        st = flat_parse(f, buffer_str(&text), err);
    buffer_free(&text);
    return st;
}

static const char *given(const struct firn_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0)
            return options[i].value;
    return NULL;
}

static status find_file(const char *wanted, struct arena *arena, struct engine_config *out,
                        struct str *path, struct error *err)
{
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

/* ---- environment variables
 * --------------------------------------------------------------------------- */

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

static status load_variables(struct flat *f, struct error *err)
{
    for (char **v = environ; *v; v++) {
        struct str all = str_of(*v), path;
        const char *eq = strchr(*v, '=');
        if (!str_starts(all, STR("FIRN_")) || !eq)
            continue;
        TRY(variable_path((struct str){*v + 5, (size_t)(eq - *v) - 5}, f->arena, &path, err));
        if (str_starts(path, STR("catalog.")) || option_find(path))
            TRY(flat_add(f, path, str_of(eq + 1), err));
    }
    return ST_OK;
}

/* ---- from paths to the configuration
 * ------------------------------------------------------------------- */

static struct engine_catalog_config *catalog_slot(struct engine_config *c, struct str name)
{
    for (size_t i = 0; i < c->catalog_count; i++)
        if (str_eq(c->catalogs[i].name, name))
            return &c->catalogs[i];
    c->catalogs[c->catalog_count].name = name;
    return &c->catalogs[c->catalog_count++];
}

static status put_catalog(struct flat *f, struct engine_config *c, struct str rest,
                          struct str value, struct error *err)
{
    const char *dot = memchr(rest.ptr, '.', rest.len);
    if (!dot)
        FAIL(err, ST_USAGE, "%.*s: catalog \"%.*s\" needs keys of its own", STR_ARG(f->file),
             STR_ARG(rest));
    struct engine_catalog_config *slot =
        catalog_slot(c, (struct str){rest.ptr, (size_t)(dot - rest.ptr)});
    struct str key = {dot + 1, rest.len - (size_t)(dot - rest.ptr) - 1};
    if (!slot->settings)
        TRY(ARENA_ARRAY(f->arena, struct engine_setting, CONFIG_VALUES, &slot->settings, err));
    for (size_t i = 0; i < slot->count; i++)
        if (str_eq(slot->settings[i].name, key)) {
            slot->settings[i].value = value;
            return ST_OK;
        }
    slot->settings[slot->count++] = (struct engine_setting){key, value};
    return ST_OK;
}

static status put_value(struct flat *f, struct engine_config *c, struct str path, struct str value,
                        struct error *err)
{
    if (str_starts(path, STR("catalog.")))
        return put_catalog(f, c, (struct str){path.ptr + 8, path.len - 8}, value, err);
    if (str_eq(path, STR("default-catalog"))) {
        c->default_catalog = value;
        return ST_OK;
    }
    if (!option_find(path))
        FAIL(err, ST_USAGE, "%.*s: unknown option \"%.*s\"", STR_ARG(f->file), STR_ARG(path));
    for (size_t i = 0; i < c->setting_count; i++)
        if (str_eq(c->settings[i].name, path)) {
            c->settings[i].value = value;
            return ST_OK;
        }
    c->settings[c->setting_count++] = (struct engine_setting){path, value};
    return ST_OK;
}

/* The file's own values first, then those of the chosen environment over them. */
static status put_file(struct flat *f, struct engine_config *c, const char *environment,
                       struct error *err)
{
    char prefix[256];
    bool found = false;
    for (size_t i = 0; i < f->count; i++)
        if (!str_starts(f->values[i].name, STR("environments.")))
            TRY(put_value(f, c, f->values[i].name, f->values[i].value, err));
    if (!environment || !*environment)
        return ST_OK;
    snprintf(prefix, sizeof(prefix), "environments.%s.", environment);
    for (size_t i = 0; i < f->count; i++) {
        struct str path = f->values[i].name;
        size_t n = strlen(prefix);
        if (!str_starts(path, str_of(prefix)))
            continue;
        found = true;
        TRY(put_value(f, c, (struct str){path.ptr + n, path.len - n}, f->values[i].value, err));
    }
    if (!found && f->count > 0)
        FAIL(err, ST_USAGE, "%.*s has no environment \"%s\"", STR_ARG(f->file), environment);
    return ST_OK;
}

status engine_config_load(const struct firn_option *options, size_t option_count,
                          struct arena *arena, struct engine_config *out, struct error *err)
{
    struct flat file = {.arena = arena}, variables = {.arena = arena, .file = STR("environment")};
    struct str path;
    const char *environment = given(options, option_count, "environment");
    *out = (struct engine_config){0};
    TRY(ARENA_ARRAY(arena, struct engine_setting, ARRAY_LEN(option_rows), &out->settings, err));
    TRY(find_file(given(options, option_count, "config"), arena, out, &path, err));
    if (path.ptr)
        TRY(load_file(&file, path.ptr, err));
    TRY(load_variables(&variables, err));
    TRY(ARENA_ARRAY(arena, struct engine_catalog_config, file.count + variables.count + 1,
                    &out->catalogs, err));
    out->path = path;
    TRY(put_file(&file, out, environment ? environment : getenv("FIRN_ENVIRONMENT"), err));
    for (size_t i = 0; i < variables.count; i++)
        TRY(put_value(&variables, out, variables.values[i].name, variables.values[i].value, err));
    for (size_t i = 0; i < option_count; i++)
        if (options[i].value) {
            struct str value;
            TRY(arena_str(arena, str_of(options[i].value), &value, err));
            TRY(put_value(&variables, out, str_of(options[i].name), value, err));
        }
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

struct str engine_catalog_get(const struct engine_catalog_config *c, const char *key)
{
    for (size_t i = 0; i < c->count; i++)
        if (str_eq_z(c->settings[i].name, key))
            return c->settings[i].value;
    return (struct str){0};
}

/* ---- firn init
 * --------------------------------------------------------------------------------------- */

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
    struct catalog_config config = {.name = STR("lakehouse")};
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
    arena_init(&arena, NULL);
    status st = store_create_local(&store, err);
    if (st == ST_OK) {
        st = absolute_folder(folder, &arena, &path, err);
        if (st == ST_OK)
            st = create_catalog(store, &arena, path, err);
        if (st == ST_OK) /* last: a folder with firn.yaml is complete */
            st = write_config(store, &arena, path, err);
        store_destroy(store);
    }
    arena_free(&arena);
    return st;
}
