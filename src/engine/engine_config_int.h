// SPDX-License-Identifier: Apache-2.0
/* engine_config_int.h - configuration: files and variables as entries, entries as settings and
 * catalogs.
 *
 *     firn.yaml              engine_yaml.c        \
 *     spark-defaults.conf    engine_properties.c   > entries -> engine_config.c -> engine_config
 *     FIRN_*, the caller     engine_config.c      /              ^                      |
 *                            engine_spark.c: Spark's keys ------/       engine_catalog.c
 *                            become firn's                        catalog's type, properties
 *
 * G1  no value of an entry stands in a message, unless its key is an option of firn's own (options
 *     are never secret): a catalog's keys are passwords and tokens as often as not
 * G2  a message about an entry says where it stands: file and line */
#ifndef ENGINE_CONFIG_INT_H
#define ENGINE_CONFIG_INT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/property.h"
#include "catalog/catalog.h"
#include "firn.h"

/* ---- entries --------------------------------------------------------------------------------- */

enum engine_entry_kind { ENGINE_ENTRY_TEXT, ENGINE_ENTRY_MAPPING, ENGINE_ENTRY_LIST };

struct engine_entry {
    struct str path;  /* "catalog.lakehouse.uri" */
    struct str value; /* of a TEXT */
    size_t line;      /* 1-based; 0 = does not come from a file */
    enum engine_entry_kind kind;
};

struct engine_entries {
    struct str file; /* its name; "environment", "--conf" */
    size_t count;
    struct engine_entry *entries; /* in the file's order */
};

/* A file's bytes; failures are ST_USAGE. `out` is initialised here and freed by the caller. */
STATUS_MUST_USE status engine_config_read(struct str path, struct buffer *out, struct error *err);
/* YAML (engine_yaml.c). `file` is for messages. Texts are copied into `arena`. */
STATUS_MUST_USE status engine_yaml_parse(struct str text, struct str file, struct arena *arena,
                                         struct engine_entries *out, struct error *err);
/* Java's properties, as spark-submit reads them (engine_properties.c). */
STATUS_MUST_USE status engine_properties_parse(struct str text, struct str file,
                                               struct arena *arena, struct engine_entries *out,
                                               struct error *err);
/* One "key=value" of --conf; the key may not be empty. */
STATUS_MUST_USE status engine_properties_pair(const char *pair, struct arena *arena,
                                              struct engine_entry *out, struct error *err);

#define ENGINE_CONFIG_BYTES  ((size_t)1 << 20) /* of a file */
#define ENGINE_CONFIG_VALUES 4096              /* of a file */

/* ---- the configuration ----------------------------------------------------------------------- */

struct engine_setting {
    struct str name, value;
};

struct engine_catalog_key {
    struct str key, value; /* "s3.endpoint"; "hadoop.fs.s3a.endpoint" as Spark's catalogs have it */
    struct str file;       /* where it stands */
    size_t line;           /* 0 = unknown */
};

struct engine_catalog_config {
    struct str name;
    bool of_spark; /* has keys from Spark's configuration */
    bool of_firn;  /* has keys from elsewhere */
    size_t count, capacity;
    struct engine_catalog_key *keys; /* each once: the strongest source's */
};

struct engine_config {
    struct arena *arena; /* borrowed: holds everything here */
    struct str path;     /* of firn.yaml; empty: none was found */
    size_t catalog_count;
    struct engine_catalog_config *catalogs;
    struct str default_catalog;
    size_t setting_count; /* options of options.def with their values */
    struct engine_setting *settings;
    struct str looked_at; /* where a configuration was looked for, for the error */
    size_t hadoop_count, hadoop_capacity;
    struct property *hadoop; /* Spark's spark.hadoop.KEY, for every catalog; the last one counts */
    size_t declared_count, declared_capacity;
    struct str *declared; /* catalogs that Spark's configuration has a class of Iceberg's for */
    size_t remark_count, remark_capacity;
    struct str *remarks; /* for the user, once: keys without a meaning here */
};

/* Reads options given by the caller, FIRN_* variables, firn.yaml (or .pyiceberg.yaml), the
 * environment laid over it, and Spark's properties. Not finding a file is no error here. Everything
 * is in `arena`. */
STATUS_MUST_USE status engine_config_load(const struct firn_option *options, size_t option_count,
                                          struct arena *arena, struct engine_config *out,
                                          struct error *err);
/* The option's value, else options.def's default; ptr NULL when it has none. */
struct str engine_config_get(const struct engine_config *c, const char *name);
__attribute__((format(printf, 3, 4))) status
engine_config_remark(struct engine_config *c, struct error *err, const char *fmt, ...);

/* Spark's properties as firn's entries: what is firn's own is added to *out, the rest is noted in
 * `c` (engine_spark.c). */
STATUS_MUST_USE status engine_spark_entries(const struct engine_entries *from,
                                            struct engine_config *c, struct engine_entries *out,
                                            struct error *err);
/* The catalog of names without one, by Spark's rules, where nothing names it; ptr NULL = none. */
struct str engine_spark_default(const struct engine_config *c);
bool engine_spark_declares(const struct engine_config *c, struct str name);
/* Whether a key of a catalog is known to firn or known not to matter. */
STATUS_MUST_USE status engine_spark_knows(struct arena *arena, struct str key, bool *out,
                                          struct error *err);
/* What fs.s3a.* says about S3 as properties of Iceberg's own names, without those that the catalog
 * (NULL = none) has. */
STATUS_MUST_USE status engine_spark_store(const struct engine_config *c,
                                          const struct engine_catalog_config *catalog,
                                          struct property **out, size_t *count, struct error *err);

/* ---- catalogs (engine_catalog.c) ------------------------------------------------------------- */

const struct engine_catalog_key *engine_catalog_key(const struct engine_catalog_config *c,
                                                    const char *key);
/* The catalog that table names without one mean; fails when there is none. */
STATUS_MUST_USE status engine_catalog_default(const struct engine_config *c,
                                              const struct engine_catalog_config **out,
                                              struct error *err);
/* Its type, address, warehouse and properties, checked; adds remarks on keys without a meaning. */
STATUS_MUST_USE status engine_catalog_resolve(struct engine_config *c,
                                              const struct engine_catalog_config *slot,
                                              struct catalog_config *out, struct error *err);
/* What opens object storage: the default catalog's properties, else what Spark's keys say. */
STATUS_MUST_USE status engine_store_properties(const struct engine_config *c, struct property **out,
                                               size_t *count, struct error *err);
/* Values of secret keys, the longest first, for secret_scrub. */
STATUS_MUST_USE status engine_config_secrets(const struct engine_config *c, struct str **out,
                                             size_t *count, struct error *err);

#endif
