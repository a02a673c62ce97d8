// SPDX-License-Identifier: Apache-2.0
/* engine_config.c - where settings come from: the caller, variables, files of firn's and Spark's.
 *
 *     options given by the caller   strongest
 *     --conf KEY=VALUE, Spark's keys
 *     FIRN_<OPTION>, FIRN_CATALOG__<NAME>__<KEY> (PyIceberg's rule: __ is a dot, _ is a dash)
 *     --spark-conf FILE
 *     environments.<name> of the file
 *     the file: --config, FIRN_CONFIG, firn.yaml, .pyiceberg.yaml
 *     options.def's defaults
 *
 * Each is laid over the weaker ones key by key, in catalogs too. A catalog that Spark's keys declare
 * is the default unless default-catalog or spark.sql.defaultCatalog says otherwise in a source no
 * weaker than Spark's.
 *
 * Keys of firn.yaml that nobody knows are refused with the nearest name; those of .pyiceberg.yaml
 * are PyIceberg's. */
#include "engine/engine_config_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_where { OPT_ARG, OPT_CLI, OPT_CONFIG, OPT_SET };

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

static status find_file(const char *wanted, struct engine_config *out, struct error *err)
{
    struct arena *arena = out->arena;
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

status engine_config_read(struct str path, struct buffer *out, struct error *err)
{
    FILE *f = fopen(path.ptr, "rb");
    status st = ST_OK;
    buffer_init(out, NULL, ENGINE_CONFIG_BYTES + 8192);
    if (!f)
        FAIL(err, ST_USAGE, "configuration %s cannot be read: %s", path.ptr, strerror(errno));
    while (st == ST_OK && !feof(f) && !ferror(f)) {
        st = buffer_reserve(out, 4096, err);
        if (st == ST_OK)
            out->len += fread(out->data + out->len, 1, 4096, f);
    }
    if (st == ST_OK && ferror(f))
        st = error_set(err, ST_USAGE, __FILE__, __LINE__, "configuration %s cannot be read: %s",
                       path.ptr, strerror(errno));
    if (st == ST_LIMIT)
        st = error_set(err, ST_USAGE, __FILE__, __LINE__,
                       "configuration %s has more than %zu bytes", path.ptr, ENGINE_CONFIG_BYTES);
    fclose(f);
    return st;
}

static status read_entries(struct str path,
                           status (*parse)(struct str, struct str, struct arena *,
                                           struct engine_entries *, struct error *),
                           struct arena *arena, struct engine_entries *out, struct error *err)
{
    struct buffer text;
    status st = engine_config_read(path, &text, err);
    if (st == ST_OK)
        st = parse(buffer_str(&text), path, arena, out, err);
    buffer_free(&text);
    return st;
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
        const struct option_row *row = option_find(path);
        if (!str_starts(path, STR("catalog.")) && (!row || row->where == OPT_ARG))
            continue;
        TRY(arena_grow(arena, (void **)&out->entries, sizeof(*out->entries), &capacity,
                       out->count + 1, err));
        struct engine_entry *value = &out->entries[out->count++];
        *value = (struct engine_entry){.path = path};
        TRY(arena_str(arena, str_of(eq + 1), &value->value, err));
    }
    return ST_OK;
}

/* ---- from paths to the configuration --------------------------------------------------------- */

/* Where values come from, and how strict it is. */
struct source {
    const struct engine_entries *entries;
    bool lenient;    /* .pyiceberg.yaml: keys that are not firn's are somebody else's */
    bool given_once; /* the command line and the environment also take OPT_CLI */
    bool spark;      /* catalogs in it need a class somewhere */
    bool variables;  /* names in it are those of environment variables */
};

static status bad_value(const struct source *s, const struct engine_entry *v, const char *what,
                        struct error *err)
{
    if (v->line > 0)
        FAIL(err, ST_USAGE, "%.*s line %zu: %.*s %s", STR_ARG(s->entries->file), v->line,
             STR_ARG(v->path), what);
    FAIL(err, ST_USAGE, "%.*s: %.*s %s", STR_ARG(s->entries->file), STR_ARG(v->path), what);
}

/* A variable's name has no upper case and no underscores left: it may mean My_Lake by my-lake. */
static bool same_catalog(struct str name, struct str given_name, bool of_variable)
{
    if (!of_variable || name.len != given_name.len)
        return str_eq(name, given_name);
    for (size_t i = 0; i < name.len; i++)
        if ((name.ptr[i] == '_' ? '-' : lower(name.ptr[i])) != given_name.ptr[i])
            return false;
    return true;
}

static struct engine_catalog_config *catalog_slot(struct engine_config *c, struct str name,
                                                  bool of_variable)
{
    for (size_t i = 0; i < c->catalog_count; i++)
        if (same_catalog(c->catalogs[i].name, name, of_variable))
            return &c->catalogs[i];
    c->catalogs[c->catalog_count].name = name;
    return &c->catalogs[c->catalog_count++];
}

static void drop_key(struct engine_catalog_config *slot, struct str key)
{
    for (size_t i = 0; i < slot->count; i++)
        if (str_eq(slot->keys[i].key, key)) {
            slot->keys[i] = slot->keys[--slot->count];
            return;
        }
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
        catalog_slot(c, (struct str){rest.ptr, (size_t)(dot - rest.ptr)}, s->variables);
    struct str key = {dot + 1, rest.len - (size_t)(dot - rest.ptr) - 1};
    *(s->spark ? &slot->of_spark : &slot->of_firn) = true;
    /* They say the same thing: the stronger source's counts. */
    if (str_eq(key, STR("type")))
        drop_key(slot, STR("catalog-impl"));
    if (str_eq(key, STR("catalog-impl")))
        drop_key(slot, STR("type"));
    drop_key(slot, key);
    TRY(arena_grow(c->arena, (void **)&slot->keys, sizeof(*slot->keys), &slot->capacity,
                   slot->count + 1, err));
    slot->keys[slot->count++] =
        (struct engine_catalog_key){key, v->value, s->entries->file, v->line};
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

static status unknown_key(const struct source *s, const struct engine_entry *v, struct error *err)
{
    const char *near = NULL;
    int least = 4;
    if (memchr(v->path.ptr, '.', v->path.len))
        return bad_value(s, v, "is not a known key", err);
    nearer(v->path, "catalog", &least, &near);
    nearer(v->path, "environments", &least, &near);
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++)
        if (option_rows[i].where > OPT_CLI)
            nearer(v->path, option_rows[i].name, &least, &near);
    (void)bad_value(s, v, "is not a known key", err);
    if (near)
        error_detail(err, "Perhaps you meant \"%s\".", near);
    return ST_USAGE;
}

static status check_number(const struct source *s, const struct engine_entry *v, struct error *err)
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
    if (row->where <= OPT_CLI && !s->given_once)
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
    const struct engine_entries *y = s->entries;
    struct str prefix;
    bool found = false;
    TRY(arena_printf(c->arena, &prefix, err, "environments.%s", name));
    for (size_t i = 0; i < y->count; i++) {
        struct engine_entry v = y->entries[i];
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

static status put_all(const struct source *s, struct engine_config *c, struct error *err)
{
    for (size_t i = 0; i < s->entries->count; i++)
        if (!is_environment(s->entries->entries[i].path))
            TRY(put_value(s, c, &s->entries->entries[i], err));
    return ST_OK;
}

/* The file's own values first, then those of the chosen environment over them. */
static status put_file(const struct engine_entries *y, const char *environment,
                       struct engine_config *c, struct error *err)
{
    struct source s = {.entries = y, .lenient = str_ends(y->file, STR(".pyiceberg.yaml"))};
    TRY(put_all(&s, c, err));
    return environment && *environment ? put_environment(&s, c, environment, err) : ST_OK;
}

static status put_given(const struct firn_option *options, size_t count, struct engine_config *c,
                        struct error *err)
{
    struct engine_entries none = {.file = STR("option")};
    struct source s = {.entries = &none, .given_once = true};
    for (size_t i = 0; i < count; i++) {
        struct engine_entry v = {.path = str_of(options[i].name)};
        if (!options[i].value || strcmp(options[i].name, "conf") == 0)
            continue;
        TRY(arena_str(c->arena, str_of(options[i].value), &v.value, err));
        TRY(put_value(&s, c, &v, err));
    }
    return ST_OK;
}

/* ---- Spark's --------------------------------------------------------------------------------- */

/* All --conf KEY=VALUE, in their order. */
static status conf_entries(const struct firn_option *options, size_t count, struct arena *arena,
                           struct engine_entries *out, struct error *err)
{
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, "conf") != 0 || !options[i].value)
            continue;
        TRY(arena_grow(arena, (void **)&out->entries, sizeof(*out->entries), &capacity,
                       out->count + 1, err));
        TRY(engine_properties_pair(options[i].value, arena, &out->entries[out->count++], err));
    }
    return ST_OK;
}

/* A catalog that only Spark's keys know is one if they say so: Spark needs its class. */
static status drop_undeclared(struct engine_config *c, struct error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->catalog_count; i++) {
        const struct engine_catalog_config *slot = &c->catalogs[i];
        if (slot->of_firn || engine_spark_declares(c, slot->name))
            c->catalogs[kept++] = *slot;
        else
            TRY(engine_config_remark(c, err,
                                     "catalog \"%.*s\" is left out: spark.sql.catalog.%.*s names "
                                     "no class of Iceberg's",
                                     STR_ARG(slot->name), STR_ARG(slot->name)));
    }
    c->catalog_count = kept;
    return ST_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What stands where, before it is laid over each other. */
struct sources {
    struct engine_entries file, variables, spark_file, conf; /* the last two in firn's keys */
};

static status read_sources(const struct firn_option *options, size_t count, struct engine_config *c,
                           struct sources *out, struct error *err)
{
    struct engine_entries spark = {0}, conf = {.file = STR("--conf")};
    const char *spark_path = given(options, count, "spark_conf");
    struct str path;
    *out = (struct sources){.variables = {.file = STR("environment")}};
    TRY(find_file(given(options, count, "config"), c, err));
    if (c->path.ptr)
        TRY(read_entries(c->path, engine_yaml_parse, c->arena, &out->file, err));
    TRY(load_variables(c->arena, &out->variables, err));
    if (!spark_path)
        spark_path = getenv("FIRN_SPARK_CONF");
    if (spark_path && *spark_path) {
        TRY(arena_str(c->arena, str_of(spark_path), &path, err));
        TRY(read_entries(path, engine_properties_parse, c->arena, &spark, err));
    }
    TRY(conf_entries(options, count, c->arena, &conf, err));
    TRY(engine_spark_entries(&spark, c, &out->spark_file, err));
    return engine_spark_entries(&conf, c, &out->conf, err);
}

/* Weakest first. */
static status put_sources(const struct sources *all, const char *environment,
                          struct engine_config *c, struct error *err)
{
    struct source spark_file = {.entries = &all->spark_file, .spark = true};
    struct source variables = {.entries = &all->variables, .given_once = true, .variables = true};
    struct source conf = {.entries = &all->conf, .spark = true};
    struct engine_entry first = {.path = STR("default_catalog"), .value = engine_spark_default(c)};
    TRY(put_file(&all->file, environment ? environment : getenv("FIRN_ENVIRONMENT"), c, err));
    if (first.value.ptr)
        TRY(put_value(&spark_file, c, &first, err));
    TRY(put_all(&spark_file, c, err));
    TRY(put_all(&variables, c, err));
    return put_all(&conf, c, err);
}

status engine_config_load(const struct firn_option *options, size_t option_count,
                          struct arena *arena, struct engine_config *out, struct error *err)
{
    struct sources all;
    *out = (struct engine_config){.arena = arena};
    TRY(ARENA_ARRAY(arena, struct engine_setting, ARRAY_LEN(option_rows), &out->settings, err));
    TRY(read_sources(options, option_count, out, &all, err));
    TRY(ARENA_ARRAY(arena, struct engine_catalog_config,
                    all.file.count + all.variables.count + all.spark_file.count + all.conf.count +
                        1,
                    &out->catalogs, err));
    TRY(put_sources(&all, given(options, option_count, "environment"), out, err));
    TRY(put_given(options, option_count, out, err));
    out->default_catalog = engine_config_get(out, "default_catalog");
    return drop_undeclared(out, err);
}

status engine_config_remark(struct engine_config *c, struct error *err, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    TRY(arena_grow(c->arena, (void **)&c->remarks, sizeof(*c->remarks), &c->remark_capacity,
                   c->remark_count + 1, err));
    return arena_str(c->arena, str_of(text), &c->remarks[c->remark_count++], err);
}

struct str engine_config_get(const struct engine_config *c, const char *name)
{
    const struct option_row *row = option_find(str_of(name));
    for (size_t i = 0; i < c->setting_count; i++)
        if (str_eq_z(c->settings[i].name, name))
            return c->settings[i].value;
    return row && row->otherwise ? str_of(row->otherwise) : (struct str){0};
}
