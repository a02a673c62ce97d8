"""matrix_spark.py FOLDER JARS SOURCE LAKE - Spark's half of matrix.py, in one session.

FOLDER/files               lines "path<TAB>columns as Spark's DDL": what Spark shall read
FOLDER/written/*.parquet   SOURCE as Spark writes it: codec x format version x dictionaries x layout of times and decimals
FOLDER/read/N              what Spark read from the N-th of the files, as Spark's Parquet
FOLDER/read/table          what Spark read through Iceberg from the table m.spark of the lakehouse LAKE
"""
import glob
import os
import shutil
import sys
import time

from pyspark.sql import SparkSession

folder, jars, source, lake = sys.argv[1:5]
paths = ",".join(sorted(f"{jars}/{j}" for j in os.listdir(jars) if j.startswith(("iceberg-spark", "sqlite-jdbc"))))
builder = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.memory", "2g")
           .config("spark.jars", paths).config("spark.driver.extraClassPath", paths.replace(",", ":"))
           .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
           .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
           .config("spark.sql.catalog.lakehouse", "org.apache.iceberg.spark.SparkCatalog")
           .config("spark.sql.catalog.lakehouse.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog")
           .config("spark.sql.catalog.lakehouse.uri", f"jdbc:sqlite:{lake}/firn.db")
           .config("spark.sql.catalog.lakehouse.warehouse", f"file://{lake}/warehouse")
           .config("spark.sql.catalog.lakehouse.jdbc.schema-version", "V1"))  # fmt: skip
for rebase in ("datetimeRebaseModeInWrite", "datetimeRebaseModeInRead", "int96RebaseModeInWrite", "int96RebaseModeInRead"):
    builder = builder.config(f"spark.sql.parquet.{rebase}", "CORRECTED")
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
frame = spark.read.parquet(source).coalesce(1).cache()
frame.count()
conf = spark._jsc.hadoopConfiguration()
os.makedirs(f"{folder}/written")


def write(rows, target, codec="snappy"):
    rows.write.mode("overwrite").option("compression", codec).parquet(target)


def written(codec, version, dictionary, name, stamps, legacy):
    spark.conf.set("spark.sql.parquet.outputTimestampType", stamps)
    spark.conf.set("spark.sql.parquet.writeLegacyFormat", legacy)
    conf.set("parquet.writer.version", f"PARQUET_{version}_0")
    conf.set("parquet.enable.dictionary", str(dictionary).lower())
    target = f"{folder}/one"
    write(frame, target, codec)
    (made,) = glob.glob(f"{target}/part-*.parquet")
    shutil.move(made, f"{folder}/written/spark-{codec}-v{version}-{dictionary}-{name}.parquet")


start = time.time()
for codec in ("none", "snappy", "gzip", "zstd", "lz4raw", "lz4"):
    for version in (1, 2):
        for dictionary in (True, False):
            written(codec, version, dictionary, "new", "TIMESTAMP_MICROS", "false")
            written(codec, version, dictionary, "old", "INT96", "true")
        written(codec, version, True, "ms", "TIMESTAMP_MILLIS", "false")
print(f"written in {time.time() - start:.1f} s")
conf.set("parquet.writer.version", "PARQUET_1_0")
conf.set("parquet.enable.dictionary", "true")
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
spark.conf.set("spark.sql.parquet.writeLegacyFormat", "false")
with open(f"{folder}/files") as f:
    for i, line in enumerate(f):
        path, ddl = line.rstrip("\n").split("\t")
        write(spark.read.schema(ddl).parquet(path).coalesce(1), f"{folder}/read/{i}")
write(spark.table("lakehouse.m.spark").coalesce(1), f"{folder}/read/table")
print(f"and read in {time.time() - start:.1f} s")
