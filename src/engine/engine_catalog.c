// SPDX-License-Identifier: Apache-2.0
/* engine_catalog.c - which catalog a session opens, of what type, with which properties; and which
 * values of the configuration are secrets.
 *
 *     type, or catalog-impl, or what the uri looks like -> "nessie", "rest", "sql"
 *     the catalog's keys, and under them fs.s3a.*       -> properties of Iceberg's names
 *
 * Only the catalog that is opened is checked: a spark-defaults.conf may hold others beside it that
 * firn cannot open.
 *
 * C1  an address with a user, a password or a query is refused: it would stand in messages, and a
 *     warehouse in every metadata file */
#include "engine/engine_config_int.h"

#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of types and of the classes that implement them; `opens` is NULL where firn does not. */
static const struct catalog_type {
    const char *type, *class_name, *opens;
} catalog_types[] = {
    {"nessie", "org.apache.iceberg.nessie.NessieCatalog", "nessie"},
    {"rest", "org.apache.iceberg.rest.RESTCatalog", "rest"},
    {"sql", "org.apache.iceberg.jdbc.JdbcCatalog", "sql"},
    {"jdbc", "org.apache.iceberg.jdbc.JdbcCatalog", "sql"},
    {"hive", "org.apache.iceberg.hive.HiveCatalog", NULL},
    {"hadoop", "org.apache.iceberg.hadoop.HadoopCatalog", NULL},
    {"glue", "org.apache.iceberg.aws.glue.GlueCatalog", NULL},
    {"dynamodb", "org.apache.iceberg.aws.dynamodb.DynamoDbCatalog", NULL},
    {"bigquery", "org.apache.iceberg.gcp.bigquery.BigQueryMetastoreCatalog", NULL},
    {"in-memory", "org.apache.iceberg.inmemory.InMemoryCatalog", NULL},
};

const struct engine_catalog_key *engine_catalog_key(const struct engine_catalog_config *c,
                                                    const char *key)
{
    for (size_t i = 0; i < c->count; i++)
        if (str_eq_z(c->keys[i].key, key))
            return &c->keys[i];
    return NULL;
}

static struct str value_of(const struct engine_catalog_config *c, const char *key)
{
    const struct engine_catalog_key *k = engine_catalog_key(c, key);
    return k ? k->value : (struct str){0};
}

status engine_catalog_default(const struct engine_config *c,
                              const struct engine_catalog_config **out, struct error *err)
{
    *out = NULL;
    if (c->catalog_count == 0 && c->path.ptr)
        FAIL(err, ST_USAGE, "%.*s names no catalog", STR_ARG(c->path));
    if (c->catalog_count == 0)
        FAIL(err, ST_USAGE,
             "no configuration: looked for %.*s; `firn init` makes an embedded lakehouse in this "
             "folder",
             STR_ARG(c->looked_at));
    for (size_t i = 0; i < c->catalog_count && !*out; i++)
        if (c->default_catalog.len == 0 || str_eq(c->catalogs[i].name, c->default_catalog))
            *out = &c->catalogs[i];
    if (*out)
        return ST_OK;
    (void)error_set(err, ST_USAGE, __FILE__, __LINE__,
                    "default-catalog \"%.*s\" is not among the catalogs",
                    STR_ARG(c->default_catalog));
    error_detail(err, "There are %zu; the first is \"%.*s\".", c->catalog_count,
                 STR_ARG(c->catalogs[0].name));
    return ST_USAGE;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* "firn.yaml line 3" */
static const char *place(const struct engine_catalog_key *k, char out[512])
{
    if (k->line > 0)
        snprintf(out, 512, "%.*s line %zu", STR_ARG(k->file), k->line);
    else
        snprintf(out, 512, "%.*s", STR_ARG(k->file));
    return out;
}

/* Fails at a key, without its value. */
static status bad_key(const struct engine_catalog_config *c, const struct engine_catalog_key *k,
                      const char *what, struct error *err)
{
    char where[512];
    FAIL(err, ST_USAGE, "%s: %.*s of catalog \"%.*s\" %s", place(k, where), STR_ARG(k->key),
         STR_ARG(c->name), what);
}

/* Fails for want of a key; the place is that of the catalog's first one. */
static status need_key(const struct engine_catalog_config *c, const char *what, struct error *err)
{
    const struct engine_catalog_key *first = &c->keys[0];
    char where[512];
    for (size_t i = 1; i < c->count; i++)
        if (str_eq(c->keys[i].file, first->file) && c->keys[i].line < first->line)
            first = &c->keys[i];
    FAIL(err, ST_USAGE, "%s: catalog \"%.*s\" needs %s", place(first, where), STR_ARG(c->name),
         what);
}

static status type_refused(const struct engine_catalog_config *c,
                           const struct engine_catalog_key *k, struct error *err)
{
    char what[256];
    snprintf(what, sizeof(what), "is \"%.*s\"; firn opens nessie, rest and sql (one SQLite file)",
             (int)(k->value.len < 128 ? k->value.len : 128), k->value.ptr);
    (void)bad_key(c, k, what, err);
    error_detail(err, "Its tables can be registered in one of those, or a REST server can stand "
                      "before it.");
    return ST_USAGE;
}

/* The type that a uri without one means, as in PyIceberg; NULL = none. */
static const char *type_of_uri(struct str uri)
{
    static const char *const sql[] = {"sqlite", "jdbc:", "postgresql", "mysql"};
    if (str_starts(uri, STR("http")))
        return "rest";
    for (size_t i = 0; i < ARRAY_LEN(sql); i++)
        if (str_starts(uri, str_of(sql[i])))
            return "sql";
    return NULL;
}

static status resolve_type(const struct engine_catalog_config *c, struct str *out,
                           struct error *err)
{
    const struct engine_catalog_key *type = engine_catalog_key(c, "type");
    const struct engine_catalog_key *class_name = engine_catalog_key(c, "catalog-impl");
    const struct engine_catalog_key *k = type ? type : class_name;
    if (!k && c->of_spark && !c->of_firn)
        return need_key(c,
                        "type or catalog-impl; without them Spark means a Hive metastore, which "
                        "firn does not open",
                        err);
    if (!k) {
        const char *meant = type_of_uri(value_of(c, "uri"));
        if (!meant)
            return need_key(c, "a type: nessie, rest or sql", err);
        *out = str_of(meant);
        return ST_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(catalog_types); i++) {
        const struct catalog_type *t = &catalog_types[i];
        bool same =
            type ? str_eq_nocase(k->value, str_of(t->type)) : str_eq_z(k->value, t->class_name);
        if (same && t->opens) {
            *out = str_of(t->opens);
            return ST_OK;
        }
    }
    return type_refused(c, k, err);
}

static bool is_address(struct str key)
{
    return str_eq(key, STR("uri")) || str_ends(key, STR("-uri")) ||
           str_ends(key, STR("endpoint")) || str_eq(key, STR("warehouse"));
}

/* C1. A uri of type sql that is no SQLite file is refused with no more than its scheme. */
static status check_addresses(const struct engine_catalog_config *c, struct str type,
                              struct error *err)
{
    bool sql = str_eq(type, STR("sql"));
    for (size_t i = 0; i < c->count; i++) {
        const struct engine_catalog_key *k = &c->keys[i];
        bool local = str_starts(k->value, STR("file:")) || (sql && str_eq(k->key, STR("uri")));
        if (is_address(k->key) && !local && secret_uri(k->value))
            return bad_key(
                c, k, "holds a user, a password or a query; give them in keys of their own", err);
    }
    return ST_OK;
}

static status check_uri(const struct engine_catalog_config *c, struct str type, struct error *err)
{
    const struct engine_catalog_key *uri = engine_catalog_key(c, "uri");
    bool sql = str_eq(type, STR("sql"));
    if (!uri || uri->value.len == 0)
        return need_key(c, sql ? "a uri: sqlite:////absolute/path.db" : "a uri: https://host/path",
                        err);
    if (!sql && !str_starts(uri->value, STR("http://")) && !str_starts(uri->value, STR("https://")))
        return bad_key(c, uri, "must begin with http:// or https://", err);
    if (!str_eq(type, STR("rest")) && value_of(c, "warehouse").len == 0)
        return need_key(c, "a warehouse: where its tables' files go", err);
    return ST_OK;
}

static status check_io(const struct engine_catalog_config *c, struct error *err)
{
    static const char *const classes[] = {".S3FileIO", ".HadoopFileIO", ".ResolvingFileIO"};
    const struct engine_catalog_key *io = engine_catalog_key(c, "io-impl");
    for (size_t i = 0; io && i < ARRAY_LEN(classes); i++)
        if (str_ends(io->value, str_of(classes[i])))
            return ST_OK;
    return io ? bad_key(c, io, "must be S3FileIO, HadoopFileIO or ResolvingFileIO", err) : ST_OK;
}

/* PyIceberg's own file has PyIceberg's own keys; elsewhere one that nobody knows is a mistake. */
static status remark_keys(struct engine_config *c, const struct engine_catalog_config *slot,
                          struct error *err)
{
    for (size_t i = 0; i < slot->count; i++) {
        const struct engine_catalog_key *k = &slot->keys[i];
        char where[512];
        bool known;
        if (str_ends(k->file, STR(".pyiceberg.yaml")))
            continue;
        TRY(engine_spark_knows(c->arena, k->key, &known, err));
        if (!known)
            TRY(engine_config_remark(c, err, "%s: %.*s of catalog \"%.*s\" has no meaning here",
                                     place(k, where), STR_ARG(k->key), STR_ARG(slot->name)));
    }
    return ST_OK;
}

/* ---- the catalog ----------------------------------------------------------------------------- */

static status all_properties(const struct engine_config *c,
                             const struct engine_catalog_config *slot, struct catalog_config *out,
                             struct error *err)
{
    struct property *list, *store;
    size_t count;
    TRY(engine_spark_store(c, slot, &store, &count, err));
    TRY(ARENA_ARRAY(c->arena, struct property, slot->count + count, &list, err));
    for (size_t i = 0; i < slot->count; i++)
        if (!str_starts(slot->keys[i].key, STR("hadoop.")))
            list[out->property_count++] = (struct property){slot->keys[i].key, slot->keys[i].value};
    for (size_t i = 0; i < count; i++)
        list[out->property_count++] = store[i];
    out->properties = list;
    return ST_OK;
}

status engine_catalog_resolve(struct engine_config *c, const struct engine_catalog_config *slot,
                              struct catalog_config *out, struct error *err)
{
    *out = (struct catalog_config){.name = slot->name};
    TRY(resolve_type(slot, &out->type, err));
    TRY(check_addresses(slot, out->type, err));
    TRY(check_uri(slot, out->type, err));
    TRY(check_io(slot, err));
    TRY(remark_keys(c, slot, err));
    out->uri = value_of(slot, "uri");
    out->warehouse = value_of(slot, "warehouse");
    return all_properties(c, slot, out, err);
}

status engine_store_properties(const struct engine_config *c, struct property **out, size_t *count,
                               struct error *err)
{
    const struct engine_catalog_config *slot;
    struct catalog_config all = {0};
    if (engine_catalog_default(c, &slot, NULL) != ST_OK) /* read_parquet('s3://...') needs none */
        return engine_spark_store(c, NULL, out, count, err);
    TRY(all_properties(c, slot, &all, err));
    *out = (struct property *)(uintptr_t)all.properties;
    *count = all.property_count;
    return ST_OK;
}

/* ---- secrets --------------------------------------------------------------------------------- */

struct secrets {
    struct arena *arena;
    struct str *list;
    size_t count, capacity;
};

static status add_secret(struct secrets *s, struct str key, struct str value, struct error *err)
{
    if (!secret_key(key) || value.len < SECRET_LEAST_BYTES)
        return ST_OK;
    TRY(arena_grow(s->arena, (void **)&s->list, sizeof(*s->list), &s->capacity, s->count + 2, err));
    s->list[s->count++] = value;
    const char *colon = memchr(value.ptr, ':', value.len); /* credential: id:secret */
    if (colon)
        s->list[s->count++] = (struct str){colon + 1, value.len - (size_t)(colon - value.ptr) - 1};
    return ST_OK;
}

static int longer_first(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    return (x->len < y->len) - (x->len > y->len);
}

status engine_config_secrets(const struct engine_config *c, struct str **out, size_t *count,
                             struct error *err)
{
    static const char *const variables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                            "AWS_SESSION_TOKEN"};
    struct secrets s = {.arena = c->arena};
    for (size_t i = 0; i < c->catalog_count; i++)
        for (size_t k = 0; k < c->catalogs[i].count; k++)
            TRY(add_secret(&s, c->catalogs[i].keys[k].key, c->catalogs[i].keys[k].value, err));
    for (size_t i = 0; i < c->hadoop_count; i++)
        TRY(add_secret(&s, c->hadoop[i].key, c->hadoop[i].value, err));
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        struct str value = str_of(getenv(variables[i]));
        if (value.len == 0)
            continue;
        TRY(arena_str(c->arena, value, &value, err));
        TRY(add_secret(&s, str_of(variables[i]), value, err));
    }
    if (s.count > 0)
        qsort(s.list, s.count, sizeof(*s.list), longer_first);
    *out = s.list;
    *count = s.count;
    return ST_OK;
}
