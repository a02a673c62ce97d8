// SPDX-License-Identifier: Apache-2.0
/* engine_spark.c - Spark's configuration keys as firn's, by the table engine_spark.def.
 *
 *     spark.app.name                            -> application_name
 *     spark.sql.catalog.NAME = ...SparkCatalog  -> NAME is a catalog
 *     spark.sql.catalog.NAME.KEY                -> catalog.NAME.KEY
 *     spark.hadoop.fs.s3a.KEY                   -> kept, laid under every catalog's own keys
 *     anything else                             -> passed over, or a remark that names it
 *
 * S1  keys of a catalog match whatever their case, as in Spark; all others as they stand
 * S2  an access key, its secret and its session token come from one place: the catalog, fs.s3a, or
 *     the environment; a mixture is nobody's */
#include "engine/engine_config_int.h"

#include <stdlib.h>
#include <string.h>

#define CATALOG_PREFIX "spark.sql.catalog."
#define HADOOP_PREFIX  "spark.hadoop."
#define S3A_PREFIX     "fs.s3a."

struct spark_row {
    const char *key, *becomes; /* a * at the end of key: any rest */
};

#define SPARK_SETTING(key, setting, help) {key, setting},
static const struct spark_row setting_rows[] = {
#include "engine/engine_spark.def"
};
#define SPARK_CATALOG(key, help) {key, NULL},
static const struct spark_row catalog_rows[] = {
#include "engine/engine_spark.def"
};
#define SPARK_HADOOP(key, becomes, help) {key, becomes},
static const struct spark_row hadoop_rows[] = {
#include "engine/engine_spark.def"
};
#define SPARK_PASSED(key, help) {key, NULL},
static const struct spark_row passed_rows[] = {
#include "engine/engine_spark.def"
};

static struct str behind(struct str s, size_t n)
{
    return (struct str){s.ptr + n, s.len - n};
}

static bool row_fits(const struct spark_row *row, struct str key, bool any_case)
{
    struct str want = str_of(row->key);
    if (want.ptr[want.len - 1] == '*') {
        want.len--;
        if (key.len > want.len)
            key.len = want.len;
    }
    return any_case ? str_eq_nocase(key, want) : str_eq(key, want);
}

static const struct spark_row *find_row(const struct spark_row *rows, size_t count, struct str key,
                                        bool any_case)
{
    for (size_t i = 0; i < count; i++)
        if (row_fits(&rows[i], key, any_case))
            return &rows[i];
    return NULL;
}

#define FIND_ROW(rows, key, any_case) find_row((rows), ARRAY_LEN(rows), (key), (any_case))

/* fs.s3a.bucket.NAME.access.key -> fs.s3a.access.key; every other key as it is. */
static status without_bucket(struct arena *arena, struct str key, struct str *out,
                             struct error *err)
{
    struct str prefix = STR(S3A_PREFIX "bucket.");
    *out = key;
    if (!str_starts(key, prefix))
        return ST_OK;
    struct str rest = behind(key, prefix.len);
    const char *dot = memchr(rest.ptr, '.', rest.len);
    if (!dot)
        return ST_OK;
    rest = behind(rest, (size_t)(dot - rest.ptr) + 1);
    return arena_printf(arena, out, err, S3A_PREFIX "%.*s", STR_ARG(rest));
}

static status hadoop_row(struct arena *arena, struct str key, const struct spark_row **out,
                         struct error *err)
{
    struct str plain;
    TRY(without_bucket(arena, key, &plain, err));
    *out = FIND_ROW(hadoop_rows, plain, false);
    return ST_OK;
}

static status is_passed(struct arena *arena, struct str key, bool *out, struct error *err)
{
    struct str plain = key;
    if (str_starts(key, STR(HADOOP_PREFIX))) {
        TRY(without_bucket(arena, behind(key, strlen(HADOOP_PREFIX)), &plain, err));
        TRY(arena_printf(arena, &plain, err, HADOOP_PREFIX "%.*s", STR_ARG(plain)));
    }
    *out = FIND_ROW(passed_rows, plain, false) != NULL;
    return ST_OK;
}

/* ---- from Spark's entries to firn's ---------------------------------------------------------- */

struct convert {
    const struct engine_entries *from;
    struct engine_config *config;
    struct engine_entries *out;
    size_t capacity;
};

static status put(struct convert *x, struct str path, const struct engine_entry *e,
                  struct error *err)
{
    struct engine_entries *out = x->out;
    TRY(arena_grow(x->config->arena, (void **)&out->entries, sizeof(*out->entries), &x->capacity,
                   out->count + 1, err));
    out->entries[out->count++] = (struct engine_entry){path, e->value, e->line, ENGINE_ENTRY_TEXT};
    return ST_OK;
}

static status remark(struct convert *x, const struct engine_entry *e, const char *what,
                     struct error *err)
{
    if (e->line > 0)
        return engine_config_remark(x->config, err, "%.*s line %zu: %.*s %s",
                                    STR_ARG(x->from->file), e->line, STR_ARG(e->path), what);
    return engine_config_remark(x->config, err, "%.*s %.*s %s", STR_ARG(x->from->file),
                                STR_ARG(e->path), what);
}

/* spark.sql.catalog.NAME = CLASS. Other systems' catalogs are none of ours. */
static status convert_class(struct convert *x, struct str name, struct str class_name,
                            struct error *err)
{
    struct engine_config *c = x->config;
    if (!str_eq(class_name, STR("org.apache.iceberg.spark.SparkCatalog")) &&
        !str_eq(class_name, STR("org.apache.iceberg.spark.SparkSessionCatalog")))
        return ST_OK;
    if (engine_spark_declares(c, name))
        return ST_OK;
    TRY(arena_grow(c->arena, (void **)&c->declared, sizeof(*c->declared), &c->declared_capacity,
                   c->declared_count + 1, err));
    c->declared[c->declared_count++] = name;
    return ST_OK;
}

/* In lower case where it is one of the table's, as the catalogs look for it (a header's name stays);
 * Nessie's own prefix may stand or not. */
static status catalog_key(struct arena *arena, struct str key, struct str *out, struct error *err)
{
    char *p;
    if (key.len > 7 && str_eq_nocase((struct str){key.ptr, 7}, STR("nessie.")))
        key = behind(key, 7);
    *out = key;
    const struct spark_row *row = FIND_ROW(catalog_rows, key, true);
    if (!row)
        return ST_OK;
    size_t lower = strcmp(row->key, "header.*") == 0 ? strlen("header.") : key.len;
    TRY(arena_alloc(arena, key.len + 1, (void **)&p, err));
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        p[i] = i < lower && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    p[key.len] = 0;
    *out = (struct str){p, key.len};
    return ST_OK;
}

static status convert_catalog(struct convert *x, const struct engine_entry *e, struct error *err)
{
    struct arena *arena = x->config->arena;
    struct str rest = behind(e->path, strlen(CATALOG_PREFIX)), key, path;
    const char *dot = rest.len > 0 ? memchr(rest.ptr, '.', rest.len) : NULL;
    struct str name = {rest.ptr, dot ? (size_t)(dot - rest.ptr) : rest.len};
    if (name.len == 0 || (dot && name.len + 1 == rest.len))
        return remark(x, e, "names no catalog or no key", err);
    if (!dot)
        return convert_class(x, name, e->value, err);
    TRY(catalog_key(arena, behind(rest, name.len + 1), &key, err));
    TRY(arena_printf(arena, &path, err, "catalog.%.*s.%.*s", STR_ARG(name), STR_ARG(key)));
    return put(x, path, e, err);
}

static status convert_hadoop(struct convert *x, const struct engine_entry *e, struct error *err)
{
    struct engine_config *c = x->config;
    struct str key = behind(e->path, strlen(HADOOP_PREFIX));
    TRY(arena_grow(c->arena, (void **)&c->hadoop, sizeof(*c->hadoop), &c->hadoop_capacity,
                   c->hadoop_count + 1, err));
    c->hadoop[c->hadoop_count++] = (struct property){key, e->value};
    return ST_OK;
}

static status convert_entry(struct convert *x, const struct engine_entry *e, struct error *err)
{
    struct str key = e->path;
    const struct spark_row *row = FIND_ROW(setting_rows, key, false);
    bool passed;
    if (row)
        return put(x, str_of(row->becomes), e, err);
    if (str_starts(key, STR(CATALOG_PREFIX)))
        return convert_catalog(x, e, err);
    if (str_starts(key, STR(HADOOP_PREFIX))) {
        TRY(hadoop_row(x->config->arena, behind(key, strlen(HADOOP_PREFIX)), &row, err));
        if (row)
            return convert_hadoop(x, e, err);
    }
    if (!str_starts(key, STR("spark.")))
        return remark(x, e, "is left out: Spark's keys begin with \"spark.\"", err);
    TRY(is_passed(x->config->arena, key, &passed, err));
    return passed ? ST_OK : remark(x, e, "has no meaning here", err);
}

status engine_spark_entries(const struct engine_entries *from, struct engine_config *c,
                            struct engine_entries *out, struct error *err)
{
    struct convert x = {from, c, out, 0};
    *out = (struct engine_entries){.file = from->file};
    for (size_t i = 0; i < from->count; i++)
        TRY(convert_entry(&x, &from->entries[i], err));
    return ST_OK;
}

bool engine_spark_declares(const struct engine_config *c, struct str name)
{
    for (size_t i = 0; i < c->declared_count; i++)
        if (str_eq(c->declared[i], name))
            return true;
    return false;
}

struct str engine_spark_default(const struct engine_config *c)
{
    struct str session = STR("spark_catalog");
    if (engine_spark_declares(c, session))
        return session;
    return c->declared_count > 0 ? c->declared[0] : (struct str){0};
}

status engine_spark_knows(struct arena *arena, struct str key, bool *out, struct error *err)
{
    struct str full;
    if (str_starts(key, STR("nessie.")))
        key = behind(key, 7);
    const struct spark_row *row = FIND_ROW(catalog_rows, key, true);
    if (!row && str_starts(key, STR("hadoop.")))
        TRY(hadoop_row(arena, behind(key, 7), &row, err));
    *out = row != NULL;
    if (row)
        return ST_OK;
    TRY(arena_printf(arena, &full, err, CATALOG_PREFIX "NAME.%.*s", STR_ARG(key)));
    *out = FIND_ROW(passed_rows, full, true) != NULL;
    if (*out || !str_starts(key, STR("hadoop.")))
        return ST_OK;
    TRY(arena_printf(arena, &full, err, "spark.%.*s", STR_ARG(key)));
    return is_passed(arena, full, out, err);
}

/* ---- fs.s3a as properties of Iceberg's names ------------------------------------------------- */

struct s3a {
    const struct engine_config *config;
    const struct engine_catalog_config *catalog; /* NULL = none */
    struct str bucket;                           /* of the warehouse; empty = none */
    struct arena *arena;
};

static struct str of_catalog(const struct s3a *s, const char *key)
{
    const struct engine_catalog_key *k = s->catalog ? engine_catalog_key(s->catalog, key) : NULL;
    return k ? k->value : (struct str){0};
}

/* Hadoop's value of fs.s3a.<key>: the bucket's own before the general one, and each as the catalog
 * has it before Spark's. */
static status s3a_get(const struct s3a *s, const char *key, struct str *out, struct error *err)
{
    struct str names[2] = {{0}};
    if (s->bucket.len > 0)
        TRY(arena_printf(s->arena, &names[0], err, "hadoop." S3A_PREFIX "bucket.%.*s.%s",
                         STR_ARG(s->bucket), key));
    TRY(arena_printf(s->arena, &names[1], err, "hadoop." S3A_PREFIX "%s", key));
    *out = (struct str){0};
    for (size_t i = 0; i < ARRAY_LEN(names) && !out->ptr; i++) {
        if (!names[i].ptr)
            continue;
        *out = of_catalog(s, names[i].ptr);
        if (!out->ptr)
            *out = property_get(s->config->hadoop, s->config->hadoop_count, names[i].ptr + 7);
    }
    return ST_OK;
}

static bool is_true(struct str text)
{
    return str_eq_nocase(text, STR("true"));
}

/* Whether Spark would take its keys from fs.s3a.*, or (*anonymous) sign nothing. */
static status keys_count(const struct s3a *s, bool *out, bool *anonymous, struct error *err)
{
    const char *id = getenv("AWS_ACCESS_KEY_ID");
    bool of_environment = id && *id;
    struct str provider;
    TRY(s3a_get(s, "aws.credentials.provider", &provider, err));
    const char *list = provider.ptr ? provider.ptr : "";
    const char *simple = strstr(list, "SimpleAWS"), *temporary = strstr(list, "TemporaryAWS");
    const char *keys = simple && (!temporary || simple < temporary) ? simple : temporary;
    const char *environment = strstr(list, "Environment");
    *anonymous = false;
    if (str_ends(of_catalog(s, "io-impl"), STR(".S3FileIO"))) {
        *out = !of_environment; /* S3FileIO does not ask Hadoop: only for want of other keys */
        return ST_OK;
    }
    *out = !*list || (keys && !(of_environment && environment && environment < keys));
    *anonymous = !keys && !environment && strstr(list, "AnonymousAWS");
    return ST_OK;
}

struct properties {
    struct property *list;
    size_t count, capacity;
};

static status add(const struct s3a *s, struct properties *p, const char *key, struct str value,
                  struct error *err)
{
    TRY(arena_grow(s->arena, (void **)&p->list, sizeof(*p->list), &p->capacity, p->count + 1, err));
    p->list[p->count++] = (struct property){str_of(key), value};
    return ST_OK;
}

static status add_keys(const struct s3a *s, struct properties *p, struct error *err)
{
    struct str id, secret, token;
    bool wanted, anonymous;
    static const char *const own[] = {"s3.access-key-id",
                                      "s3.secret-access-key",
                                      "s3.profile-name",
                                      "s3.role-arn",
                                      "s3.anonymous",
                                      "client.access-key-id",
                                      "client.secret-access-key",
                                      "client.profile-name",
                                      "client.role-arn"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (of_catalog(s, own[i]).ptr)
            return ST_OK;
    TRY(s3a_get(s, "access.key", &id, err));
    TRY(s3a_get(s, "secret.key", &secret, err));
    TRY(s3a_get(s, "session.token", &token, err));
    TRY(keys_count(s, &wanted, &anonymous, err));
    if (anonymous)
        return add(s, p, "s3.anonymous", STR("true"), err);
    if (!wanted || id.len == 0 || secret.len == 0)
        return ST_OK;
    TRY(add(s, p, "s3.access-key-id", id, err));
    TRY(add(s, p, "s3.secret-access-key", secret, err));
    return token.len > 0 ? add(s, p, "s3.session-token", token, err) : ST_OK;
}

static status add_endpoint(const struct s3a *s, struct properties *p, struct error *err)
{
    struct str endpoint, tls;
    if (of_catalog(s, "s3.endpoint").ptr)
        return ST_OK;
    TRY(s3a_get(s, "endpoint", &endpoint, err));
    TRY(s3a_get(s, "connection.ssl.enabled", &tls, err));
    if (endpoint.len == 0)
        return ST_OK;
    if (!strstr(endpoint.ptr, "://"))
        TRY(arena_printf(s->arena, &endpoint, err, "%s://%.*s",
                         str_eq_nocase(tls, STR("false")) ? "http" : "https", STR_ARG(endpoint)));
    return add(s, p, "s3.endpoint", endpoint, err);
}

static status add_region(const struct s3a *s, struct properties *p, struct error *err)
{
    struct str region;
    TRY(s3a_get(s, "endpoint.region", &region, err));
    if (region.len == 0 || of_catalog(s, "s3.region").ptr || of_catalog(s, "client.region").ptr)
        return ST_OK;
    return add(s, p, "s3.region", region, err);
}

static status add_path_style(const struct s3a *s, struct properties *p, struct error *err)
{
    struct str style;
    TRY(s3a_get(s, "path.style.access", &style, err));
    if (style.len == 0 || of_catalog(s, "s3.path-style-access").ptr ||
        of_catalog(s, "s3.force-virtual-addressing").ptr)
        return ST_OK;
    return add(s, p, "s3.path-style-access", is_true(style) ? STR("true") : STR("false"), err);
}

static struct str bucket_of(struct str uri)
{
    const char *host = uri.len > 0 ? memmem(uri.ptr, uri.len, "://", 3) : NULL;
    if (!host)
        return (struct str){0};
    struct str rest = behind(uri, (size_t)(host - uri.ptr) + 3);
    const char *slash = memchr(rest.ptr, '/', rest.len);
    return (struct str){rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len};
}

status engine_spark_store(const struct engine_config *c,
                          const struct engine_catalog_config *catalog, struct property **out,
                          size_t *count, struct error *err)
{
    struct s3a s = {.config = c, .catalog = catalog, .arena = c->arena};
    struct properties p = {0};
    s.bucket = bucket_of(of_catalog(&s, "warehouse"));
    TRY(add_endpoint(&s, &p, err));
    TRY(add_region(&s, &p, err));
    TRY(add_keys(&s, &p, err));
    TRY(add_path_style(&s, &p, err));
    *out = p.list;
    *count = p.count;
    return ST_OK;
}
