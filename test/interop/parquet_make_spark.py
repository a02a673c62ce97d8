#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parquet_make_spark.py - Parquet files by Spark's own writer, for parquet_read_judge.py.

    SPARK_PYTHON parquet_make_spark.py FOLDER SOURCE.parquet

Writes SOURCE (a file of parquet_make.py) with both versions of parquet-java's format, every codec
Spark has, dictionaries on and off, the legacy layout of decimals, and each kind of timestamp:
FOLDER/spark-<what>.parquet. Codec lz4 is Hadoop's framing. When SOURCE is the sample bloom.parquet, writes only
FOLDER/bloom-spark.parquet, with Bloom filters.
"""
import glob
import os
import shutil
import sys

from pyspark.sql import SparkSession

folder, source = sys.argv[1:3]
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.driver.memory", "2g")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
    .config("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")
    .config("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
os.makedirs(folder, exist_ok=True)


if os.path.basename(source) == "bloom.parquet":
    out = os.path.join(folder, "tmp-bloom")
    rows = spark.read.schema("i32 INT, i64 BIGINT, f FLOAT, d DOUBLE, dec9 DECIMAL(9,2), dec18 DECIMAL(18,0), dec38 DECIMAL(38,0), "
                             "day DATE, ts TIMESTAMP, t STRING, bin BINARY").parquet(source)  # it has no type for the uuid
    frame = rows.coalesce(1).write.mode("overwrite").option("compression", "zstd")
    for column in rows.columns:
        frame = frame.option(f"parquet.bloom.filter.enabled#{column}", "true").option(f"parquet.bloom.filter.expected.ndv#{column}", "200")
    frame.parquet(out)
    (made,) = glob.glob(out + "/part-*.parquet")
    shutil.move(made, os.path.join(folder, "bloom-spark.parquet"))
    shutil.rmtree(out)
    sys.exit()


def write(name, codec="snappy", version="PARQUET_1_0", dictionary=True, legacy=False, stamps="TIMESTAMP_MICROS", page=None):
    spark.conf.set("spark.sql.parquet.outputTimestampType", stamps)
    spark.conf.set("spark.sql.parquet.writeLegacyFormat", str(legacy).lower())
    conf = spark._jsc.hadoopConfiguration()
    conf.set("parquet.writer.version", version)
    conf.set("parquet.enable.dictionary", str(dictionary).lower())
    for key in ["parquet.page.size", "parquet.dictionary.page.size"]:
        conf.set(key, str(page or 1 << 20))
    conf.set("parquet.page.row.count.limit", str(1000 if page else 20000))
    out = os.path.join(folder, "tmp-" + name)
    spark.read.parquet(source).coalesce(1).write.mode("overwrite").option("compression", codec).parquet(out)
    (made,) = glob.glob(out + "/part-*.parquet")
    shutil.move(made, os.path.join(folder, f"spark-{name}.parquet"))
    shutil.rmtree(out)


for codec in ["none", "snappy", "gzip", "zstd", "lz4raw", "lz4"]:
    for version in ["PARQUET_1_0", "PARQUET_2_0"]:
        write(f"{'hadoop-lz4' if codec == 'lz4' else codec}-v{version[8]}", codec, version)
for version in ["PARQUET_1_0", "PARQUET_2_0"]:
    write(f"plain-v{version[8]}", version=version, dictionary=False)
    write(f"small-v{version[8]}", version=version, page=4000)
    write(f"plain-small-v{version[8]}", version=version, dictionary=False, page=4000)
write("legacy", legacy=True)
write("legacy-plain", legacy=True, dictionary=False)
write("int96", stamps="INT96")
write("int96-plain", stamps="INT96", dictionary=False)
write("millis", stamps="TIMESTAMP_MILLIS")
print(len(glob.glob(folder + "/spark-*.parquet")), "files")
