# SPDX-License-Identifier: Apache-2.0
"""spark_session.py - Spark in this process, on loopback, small, with Iceberg and the SQLite driver on its class path.

prepare() sets what must be set before the JVM starts; session(catalogs) is a session with Iceberg catalogs by name.
The jars are on the driver's class path, as in local mode that is all there is, and Iceberg's classes can be called
through py4j there."""
import glob
import os

JARS = os.path.join(os.environ.get("FIRN_CACHE", os.path.expanduser("~/.cache/firn")), "jars")


def prepare(memory="1g", iceberg=JARS):
    """`iceberg` is the folder of the Iceberg runtime."""
    jars = sorted(j for name in ("iceberg-aws-bundle", "sqlite-jdbc") for j in glob.glob(f"{JARS}/{name}*.jar"))
    jars += glob.glob(f"{iceberg}/iceberg-spark-runtime*.jar")
    conf = {"spark.ui.enabled": "false",
            "spark.sql.iceberg.executor-cache.enabled": "false",  # a later query would compare deletes as the type that a column had
            "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF", "spark.driver.extraClassPath": ":".join(jars),
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1"}  # a test is over before the better code pays
    os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join(
        ["--master local[2]", f"--driver-memory {memory}", *(f"--conf {k}={v}" for k, v in conf.items()), "pyspark-shell"])


def nessie(ref="main"):
    """The catalog that the pattern's notebook has, on the stack; Iceberg 1.8 leaves a connection open for each deletion vector."""
    return {"http-client.apache.max-connections": "1000", "catalog-impl": "org.apache.iceberg.nessie.NessieCatalog", "uri": os.environ["FIRN_NESSIE_URI"], "ref": ref,
            "warehouse": os.environ["FIRN_WAREHOUSE"], "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            "s3.endpoint": os.environ["FIRN_S3_ENDPOINT"], "s3.path-style-access": "true", "cache-enabled": "false"}


def sqlite(folder):
    """The catalog of `firn init`'s folder."""
    return {"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", "uri": f"jdbc:sqlite:{folder}/firn.db",
            "warehouse": f"file://{folder}/warehouse", "jdbc.schema-version": "V1", "cache-enabled": "false"}


def rest():
    """The stack's REST server, the Iceberg project's own."""
    return {"type": "rest", "uri": os.environ["FIRN_REST_URI"], "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            "s3.endpoint": os.environ["FIRN_S3_ENDPOINT"], "s3.path-style-access": "true", "cache-enabled": "false"}


def session(catalogs):
    from pyspark.sql import SparkSession
    builder = (SparkSession.builder.appName("firn").config("spark.sql.session.timeZone", "UTC")
               .config("spark.sql.shuffle.partitions", "2")
               .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"))
    for name, settings in catalogs.items():
        builder = builder.config(f"spark.sql.catalog.{name}", "org.apache.iceberg.spark.SparkCatalog")
        for key, value in settings.items():
            builder = builder.config(f"spark.sql.catalog.{name}.{key}", value)
    return builder.getOrCreate()


def anew(old):
    """A session that opens its catalogs anew; a JdbcCatalog reads the state of its first use for as long as it lives."""
    manager = old._jsparkSession.sessionState().catalogManager()
    names = manager.listCatalogs(old._jvm.scala.Option.empty())
    for i in range(names.length()):
        catalog = manager.catalog(names.apply(i))
        if catalog.getClass().getSimpleName() == "SparkCatalog":  # compactions have catalogs of their own
            catalog.icebergCatalog().close()
    return old.newSession()
