// SPDX-License-Identifier: Apache-2.0
/* engine_spark_test.c - Spark's keys: which catalog they give, of what type, with which properties,
 * what is remarked, and what is laid over what. */
#include "engine/engine_config_int.h"

#include "harness/test.h"

#include <stdlib.h>
#include <unistd.h>

/* One configuration; files are made in a folder of its own. */
struct bench {
    struct arena arena;
    struct engine_config config;
    const struct engine_catalog_config *slot;
    struct catalog_config catalog;
    char folder[64];
};

static void start(struct bench *b)
{
    *b = (struct bench){0};
    arena_init(&b->arena, NULL);
    snprintf(b->folder, sizeof(b->folder), "/tmp/firn-test-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    CHECK_INT(chdir(b->folder), 0);
    unsetenv("FIRN_CONFIG");
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_SESSION_TOKEN");
}

static void end(struct bench *b)
{
    unlink("firn.yaml");
    unlink("s.conf");
    CHECK_INT(rmdir(b->folder), 0);
    arena_free(&b->arena);
}

static void file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* --spark-conf s.conf, and --conf for each text up to NULL. */
static status load(struct bench *b, const char *const *conf, struct error *err)
{
    struct firn_option options[16] = {{"spark_conf", "s.conf"}};
    size_t count = 1;
    error_init(err);
    for (; conf && *conf && count < 16; conf++)
        options[count++] = (struct firn_option){"conf", *conf};
    TRY(engine_config_load(options, count, &b->arena, &b->config, err));
    TRY(engine_catalog_default(&b->config, &b->slot, err));
    return engine_catalog_resolve(&b->config, b->slot, &b->catalog, err);
}

static struct str property(const struct bench *b, const char *key)
{
    return property_get(b->catalog.properties, b->catalog.property_count, key);
}

#define ICEBERG_CLASS "spark.sql.catalog.lakehouse org.apache.iceberg.spark.SparkCatalog\n"
#define NESSIE                                                                                     \
    ICEBERG_CLASS                                                                                  \
    "spark.sql.catalog.lakehouse.catalog-impl org.apache.iceberg.nessie.NessieCatalog\n"           \
    "spark.sql.catalog.lakehouse.uri http://nessie:19120/api/v2\n"                                 \
    "spark.sql.catalog.lakehouse.warehouse s3a://openlakes/warehouse/\n"

/* What a builder of Spark sessions sets for Nessie and MinIO. */
TEST(the_builders_settings)
{
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", "spark.app.name Pattern-1.6-BatchAgg-development\n"
                   "spark.jars.packages org.apache.iceberg:iceberg-spark-runtime-3.5_2.13:1.8.0\n"
                   "spark.sql.extensions "
                   "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions\n" NESSIE
                   "spark.sql.catalog.lakehouse.ref main\n"
                   "spark.sql.catalog.lakehouse.authentication.type NONE\n"
                   "spark.sql.catalog.lakehouse.io-impl org.apache.iceberg.aws.s3.S3FileIO\n"
                   "spark.sql.catalog.lakehouse.s3.endpoint http://minio:9000\n"
                   "spark.sql.catalog.lakehouse.s3.path-style-access true\n"
                   "spark.hadoop.fs.s3a.endpoint http://elsewhere:9000\n"
                   "spark.hadoop.fs.s3a.access.key admin\n"
                   "spark.hadoop.fs.s3a.secret.key admin123\n"
                   "spark.hadoop.fs.s3a.path.style.access false\n"
                   "spark.hadoop.fs.s3a.impl org.apache.hadoop.fs.s3a.S3AFileSystem\n");
    CHECK_OK(load(&b, NULL, &err));
    CHECK_STR(b.catalog.name, "lakehouse");
    CHECK_STR(b.catalog.type, "nessie");
    CHECK_STR(b.catalog.uri, "http://nessie:19120/api/v2");
    CHECK_STR(b.catalog.warehouse, "s3a://openlakes/warehouse/");
    CHECK_STR(property(&b, "ref"), "main");
    CHECK_STR(property(&b, "authentication.type"), "NONE");
    CHECK_STR(property(&b, "s3.endpoint"), "http://minio:9000");
    CHECK_STR(property(&b, "s3.path-style-access"), "true");
    CHECK_STR(property(&b, "s3.access-key-id"), "admin");
    CHECK_STR(property(&b, "s3.secret-access-key"), "admin123");
    CHECK_STR(engine_config_get(&b.config, "application_name"), "Pattern-1.6-BatchAgg-development");
    CHECK_INT(b.config.remark_count, 0);
    end(&b);
}

TEST(fs_s3a_under_the_catalogs_keys)
{
    static const char *const more[] = {"spark.hadoop.fs.s3a.connection.ssl.enabled=False", NULL};
    static const char *const tls[] = {"spark.hadoop.fs.s3a.connection.ssl.enabled=true", NULL};
    static const char *const own[] = {
        "spark.sql.catalog.lakehouse.hadoop.fs.s3a.endpoint=http://own:1",
        "spark.hadoop.fs.s3a.bucket.openlakes.access.key=bucketid",
        "spark.hadoop.fs.s3a.bucket.other.secret.key=othersecret", NULL};
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", NESSIE "spark.hadoop.fs.s3a.endpoint minio:9000\n"
                          "spark.hadoop.fs.s3a.endpoint.region eu-west-1\n"
                          "spark.hadoop.fs.s3a.path.style.access TRUE\n"
                          "spark.hadoop.fs.s3a.access.key id\n"
                          "spark.hadoop.fs.s3a.secret.key secret\n"
                          "spark.hadoop.fs.s3a.session.token token\n");
    CHECK_OK(load(&b, more, &err));
    CHECK_STR(property(&b, "s3.endpoint"), "http://minio:9000");
    CHECK_STR(property(&b, "s3.region"), "eu-west-1");
    CHECK_STR(property(&b, "s3.path-style-access"), "true");
    CHECK_STR(property(&b, "s3.access-key-id"), "id");
    CHECK_STR(property(&b, "s3.secret-access-key"), "secret");
    CHECK_STR(property(&b, "s3.session-token"), "token");
    CHECK_OK(load(&b, tls, &err));
    CHECK_STR(property(&b, "s3.endpoint"), "https://minio:9000");
    CHECK_OK(load(&b, own, &err));
    CHECK_STR(property(&b, "s3.endpoint"), "http://own:1");
    CHECK_STR(property(&b, "s3.access-key-id"), "bucketid");
    CHECK_STR(property(&b, "s3.secret-access-key"), "secret");
    CHECK(!property(&b, "hadoop.fs.s3a.endpoint").ptr);
    end(&b);
}

/* S2: keys are never mixed from two places. */
TEST(keys_come_from_one_place)
{
    static const char *const s3_file_io[] = {
        "spark.sql.catalog.lakehouse.io-impl=org.apache.iceberg.aws.s3.S3FileIO", NULL};
    static const char *const own[] = {"spark.sql.catalog.lakehouse.s3.access-key-id=own", NULL};
    static const char *const environment[] = {
        "spark.hadoop.fs.s3a.aws.credentials.provider=com.amazonaws.auth.EnvironmentVariable"
        "CredentialsProvider,org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        NULL};
    static const char *const simple[] = {
        "spark.hadoop.fs.s3a.aws.credentials.provider=org.apache.hadoop.fs.s3a."
        "SimpleAWSCredentialsProvider,com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
        NULL};
    static const char *const anonymous[] = {
        "spark.hadoop.fs.s3a.aws.credentials.provider=org.apache.hadoop.fs.s3a."
        "AnonymousAWSCredentialsProvider",
        NULL};
    static const char *const role[] = {"spark.hadoop.fs.s3a.aws.credentials.provider="
                                       "com.amazonaws.auth.WebIdentityTokenCredentialsProvider",
                                       NULL};
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", NESSIE "spark.hadoop.fs.s3a.access.key id\n"
                          "spark.hadoop.fs.s3a.secret.key secret\n");
    CHECK_OK(load(&b, own, &err));
    CHECK_STR(property(&b, "s3.access-key-id"), "own");
    CHECK(!property(&b, "s3.secret-access-key").ptr);
    CHECK_OK(load(&b, s3_file_io, &err));
    CHECK_STR(property(&b, "s3.access-key-id"), "id");
    CHECK_OK(load(&b, role, &err));
    CHECK(!property(&b, "s3.access-key-id").ptr);
    CHECK_OK(load(&b, anonymous, &err));
    CHECK(!property(&b, "s3.access-key-id").ptr);
    CHECK_STR(property(&b, "s3.anonymous"), "true");
    setenv("AWS_ACCESS_KEY_ID", "env", 1);
    CHECK_OK(load(&b, NULL, &err));
    CHECK_STR(property(&b, "s3.access-key-id"), "id");
    CHECK_OK(load(&b, simple, &err));
    CHECK_STR(property(&b, "s3.access-key-id"), "id");
    CHECK_OK(load(&b, s3_file_io, &err));
    CHECK(!property(&b, "s3.access-key-id").ptr);
    CHECK_OK(load(&b, environment, &err));
    CHECK(!property(&b, "s3.access-key-id").ptr);
    unsetenv("AWS_ACCESS_KEY_ID");
    end(&b);
}

TEST(types_and_classes)
{
    static const struct {
        const char *keys, *type, *message; /* message: NULL = is opened as type */
    } cases[] = {
        {"type=nessie", "nessie", NULL},
        {"type=NESSIE", "nessie", NULL},
        {"type=rest", "rest", NULL},
        {"type=jdbc", "sql", NULL},
        {"TYPE=rest", "rest", NULL},
        {"catalog-impl=org.apache.iceberg.rest.RESTCatalog", "rest", NULL},
        {"catalog-impl=org.apache.iceberg.jdbc.JdbcCatalog", "sql", NULL},
        {"type=hive", NULL,
         "--conf: type of catalog \"c\" is \"hive\"; firn opens nessie, rest and sql (one SQLite "
         "file)"},
        {"type=hadoop", NULL,
         "--conf: type of catalog \"c\" is \"hadoop\"; firn opens nessie, rest and sql (one SQLite "
         "file)"},
        {"catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog", NULL,
         "--conf: catalog-impl of catalog \"c\" is \"org.apache.iceberg.aws.glue.GlueCatalog\"; "
         "firn opens nessie, rest and sql (one SQLite file)"},
        {"ref=main", NULL,
         "--conf: catalog \"c\" needs type or catalog-impl; without them Spark means a Hive "
         "metastore, which firn does not open"},
    };
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char kind[256];
        snprintf(kind, sizeof(kind), "spark.sql.catalog.c.%s", cases[i].keys);
        bool sql = cases[i].type && strcmp(cases[i].type, "sql") == 0;
        const char *conf[] = {kind,
                              "spark.sql.catalog.c=org.apache.iceberg.spark.SparkSessionCatalog",
                              sql ? "spark.sql.catalog.c.uri=jdbc:sqlite:/tmp/x.db"
                                  : "spark.sql.catalog.c.uri=http://h",
                              "spark.sql.catalog.c.warehouse=file:///tmp/w", NULL};
        if (cases[i].message) {
            CHECK_STATUS(load(&b, conf, &err), ST_USAGE);
            CHECK_STR(str_of(err.msg), cases[i].message);
        } else {
            CHECK_OK(load(&b, conf, &err));
            CHECK_STR(b.catalog.type, cases[i].type);
        }
    }
    end(&b);
}

TEST(nothing_secret_in_refusals)
{
    static const char *const cases[] = {
        "spark.sql.catalog.lakehouse.uri=https://me:hunter2@h/api",
        "spark.sql.catalog.lakehouse.uri=https://h/api?token=hunter2",
        "spark.sql.catalog.lakehouse.uri=hunter2",
        "spark.sql.catalog.lakehouse.uri=",
        "spark.sql.catalog.lakehouse.warehouse=s3a://id:hunter2@bucket/w",
        "spark.sql.catalog.lakehouse.s3.endpoint=http://id:hunter2@minio:9000",
        "spark.sql.catalog.lakehouse.oauth2-server-uri=http://h/t?secret=hunter2",
        "spark.sql.catalog.lakehouse.io-impl=com.example.hunter2",
    };
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", NESSIE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *conf[] = {cases[i], NULL};
        CHECK_STATUS(load(&b, conf, &err), ST_USAGE);
        CHECK(!strstr(err.msg, "hunter2") && !strstr(err.detail, "hunter2"));
        CHECK(strstr(err.msg, "catalog \"lakehouse\""));
    }
    end(&b);
}

TEST(remarks_name_each_key_once)
{
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", NESSIE "spark.sql.ansi.enabled true\n"
                          "spark.executor.memory 4g\n"
                          "spark.hadoop.fs.s3a.encryption.key hunter2\n"
                          "spark.hadoop.fs.s3a.committer.name magic\n"
                          "other.key hunter2\n"
                          "spark.sql.catalog.delta io.delta.sql.DeltaCatalog\n"
                          "spark.sql.catalog.delta.path hunter2\n"
                          "spark.sql.catalog.lakehouse.s3.endpont hunter2\n"
                          "spark.sql.catalog.lakehouse.cache-enabled false\n"
                          "spark.sql.catalog..x y\n");
    CHECK_OK(load(&b, NULL, &err));
    static const char *const want[] = {
        "s.conf line 5: spark.sql.ansi.enabled has no meaning here",
        "s.conf line 7: spark.hadoop.fs.s3a.encryption.key has no meaning here",
        "s.conf line 9: other.key is left out: Spark's keys begin with \"spark.\"",
        "s.conf line 14: spark.sql.catalog..x names no catalog or no key",
        "catalog \"delta\" is left out: spark.sql.catalog.delta names no class of Iceberg's",
        "s.conf line 12: s3.endpont of catalog \"lakehouse\" has no meaning here",
    };
    CHECK_INT(b.config.remark_count, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want) && i < b.config.remark_count; i++)
        CHECK_STR(b.config.remarks[i], want[i]);
    end(&b);
}

/* firn.yaml < --spark-conf < FIRN_ variables < --conf; and which catalog is the default. */
TEST(what_is_stronger)
{
    static const char *const conf[] = {"spark.sql.catalog.lakehouse.ref=of_conf",
                                       "spark.app.name=of_conf", NULL};
    static const char *const chosen[] = {"spark.sql.defaultCatalog=local", NULL};
    struct bench b;
    struct error err;
    start(&b);
    file("firn.yaml", "catalog:\n"
                      "  local: {type: sql, uri: 'sqlite:////tmp/x.db', warehouse: 'file:///tmp'}\n"
                      "  lakehouse: {type: sql, ref: of_yaml, prefix: kept}\n"
                      "default-catalog: local\napplication-name: of_yaml\n");
    file("s.conf", NESSIE "spark.sql.catalog.lakehouse.ref of_spark\nspark.app.name of_spark\n");
    CHECK_OK(load(&b, NULL, &err));
    CHECK_STR(b.catalog.name, "lakehouse");
    CHECK_STR(b.catalog.type, "nessie");
    CHECK_STR(property(&b, "ref"), "of_spark");
    CHECK_STR(property(&b, "prefix"), "kept");
    CHECK(!property(&b, "type").ptr);
    CHECK_STR(engine_config_get(&b.config, "application_name"), "of_spark");
    setenv("FIRN_CATALOG__LAKEHOUSE__REF", "of_environment", 1);
    setenv("FIRN_APPLICATION_NAME", "of_environment", 1);
    CHECK_OK(load(&b, NULL, &err));
    CHECK_STR(property(&b, "ref"), "of_environment");
    CHECK_STR(engine_config_get(&b.config, "application_name"), "of_environment");
    CHECK_OK(load(&b, conf, &err));
    CHECK_STR(property(&b, "ref"), "of_conf");
    CHECK_STR(engine_config_get(&b.config, "application_name"), "of_conf");
    CHECK_OK(load(&b, chosen, &err));
    CHECK_STR(b.catalog.name, "local");
    setenv("FIRN_DEFAULT_CATALOG", "local", 1);
    CHECK_OK(load(&b, NULL, &err));
    CHECK_STR(b.catalog.name, "local");
    unsetenv("FIRN_DEFAULT_CATALOG");
    unsetenv("FIRN_CATALOG__LAKEHOUSE__REF");
    unsetenv("FIRN_APPLICATION_NAME");
    end(&b);
}

TEST(session_catalog_is_sparks_default)
{
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf",
         NESSIE "spark.sql.catalog.spark_catalog org.apache.iceberg.spark.SparkSessionCatalog\n"
                "spark.sql.catalog.spark_catalog.type rest\n"
                "spark.sql.catalog.spark_catalog.uri http://rest:8181\n");
    CHECK_OK(load(&b, NULL, &err));
    CHECK_STR(b.catalog.name, "spark_catalog");
    CHECK_STR(b.catalog.type, "rest");
    end(&b);
}

TEST(nessies_own_prefix)
{
    static const char *const conf[] = {
        "spark.sql.catalog.lakehouse.nessie.ref=dev",
        "spark.sql.catalog.lakehouse.NESSIE.Authentication.Type=BEARER", NULL};
    struct bench b;
    struct error err;
    start(&b);
    file("s.conf", NESSIE);
    CHECK_OK(load(&b, conf, &err));
    CHECK_STR(property(&b, "ref"), "dev");
    CHECK_STR(property(&b, "authentication.type"), "BEARER");
    end(&b);
}
