#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parquet_spark.py - Spark with Iceberg reads firn's Parquet files as an Iceberg table's.

    SPARK_PYTHON parquet_spark.py FOLDER ICEBERG_JAR NAME...

FOLDER is what parquet_write_tool filled. For each NAME a table is made whose schema has the file's
field ids, FOLDER/NAME.parquet is appended to it as it is, and what Spark reads (vectorised, as is its
default) goes to FOLDER/spark/NAME as Spark's own Parquet, for parquet_judge.py to compare. Columns of
type time are dropped from the table: Spark has no such type. Then every value of some columns is
looked for by a filter, which reads row-group statistics and dictionaries.
"""
import os
import sys

from pyspark.sql import SparkSession

folder, jar, *names = sys.argv[1:]
folder = os.path.abspath(folder)
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.jars", jar)
    .config("spark.driver.memory", "2g")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
jvm = spark._jvm
types = jvm.org.apache.iceberg.types.Types


def iceberg_type(kind, precision, scale, length):
    if kind == "numeric":
        return types.DecimalType.of(precision, scale)
    if kind == "fixed":
        return types.FixedType.ofLength(length)
    return {
        "boolean": types.BooleanType.get,
        "integer": types.IntegerType.get,
        "bigint": types.LongType.get,
        "real": types.FloatType.get,
        "double_precision": types.DoubleType.get,
        "date": types.DateType.get,
        "time_without_time_zone": types.TimeType.get,
        "timestamp_without_time_zone": types.TimestampType.withoutZone,
        "timestamp_with_time_zone": types.TimestampType.withZone,
        "text": types.StringType.get,
        "uuid": types.UUIDType.get,
        "bytea": types.BinaryType.get,
    }[kind]()


def columns():
    """(field id, name, kind, Iceberg field), by field id: tables number their columns in order."""
    with open(f"{folder}/schema.txt") as f:
        for line in f:
            name, kind, p, s, n, required, field_id = line.split()
            make = types.NestedField.required if required == "1" else types.NestedField.optional
            t = iceberg_type(kind, int(p), int(s), int(n))
            yield int(field_id), name, kind, make(int(field_id), name, t)


def make_table(name):
    fields = jvm.java.util.ArrayList()
    for _, _, _, field in sorted(columns(), key=lambda c: c[0]):
        fields.add(field)
    spec = jvm.org.apache.iceberg.PartitionSpec.unpartitioned()
    tables = jvm.org.apache.iceberg.hadoop.HadoopTables(spark._jsc.hadoopConfiguration())
    table = tables.create(jvm.org.apache.iceberg.Schema(fields), spec, f"{folder}/tables/{name}")
    drop = table.updateSchema()
    for field_id, column, kind, _ in columns():
        assert table.schema().findField(column).fieldId() == field_id
        if kind == "time_without_time_zone":
            drop = drop.deleteColumn(column)
    drop.commit()
    path = f"{folder}/{name}.parquet"
    with open(f"{folder}/c000.txt") as f:
        rows = sum(1 for _ in f)
    data = (
        jvm.org.apache.iceberg.DataFiles.builder(spec)
        .withPath(path)
        .withFormat("PARQUET")
        .withFileSizeInBytes(os.path.getsize(path))
        .withRecordCount(rows)
        .build()
    )
    table.newAppend().appendFile(data).commit()


def check_filters(name, df):
    for _, column, kind, _ in columns():
        if kind not in ("integer", "text"):
            continue
        with open(f"{folder}/{column}.txt") as f:
            values = [None if x == "N" else x for x in f.read().split("\n")[:-1]]
        found = [x for x in values if x is not None]
        for value in found[:: max(1, len(found) // 2)]:
            shown = int(value) if kind == "integer" else bytes.fromhex(value).decode()
            got = df.filter(df[column] == shown).count()
            assert got == values.count(value), (name, column, shown, got, values.count(value))


for i, name in enumerate(names):
    make_table(name)
    df = spark.read.format("iceberg").load(f"{folder}/tables/{name}")
    df.coalesce(1).write.mode("overwrite").parquet(f"{folder}/spark/{name}")
    if i < 2:
        check_filters(name, df)
spark.stop()
