#!/usr/bin/env python3
"""iceberg_spark.py - Spark with Iceberg's Java judges the tables that firn's code writes, and its
readings of Spark's.

    iceberg_spark.py ICEBERG_TOOL WORK_FOLDER JAR_FOLDER JUDGES_PYTHON

WORK_FOLDER holds spark.json, written by iceberg_judge.py: tables with the rows they must give. Each is
read by Spark: rows, count, min and max (which Spark takes from the manifests without opening a file),
and the files metadata table. Then Spark writes tables, whose entries the tool must list as Spark does,
whose numbers check_numbers.py recomputes, and whose delete files must be refused by name.
"""
import datetime
import decimal
import json
import math
import os
import subprocess
import sys

os.environ["TZ"] = "UTC"
from pyspark.sql import SparkSession  # noqa: E402

TOOL, WORK, JARS, JUDGES = sys.argv[1:5]
HERE = os.path.dirname(os.path.abspath(__file__))
checks = 0


def must(ok, what):
    global checks
    checks += 1
    if not ok:
        sys.exit(f"FAILED: {what}")


def session():
    jars = ",".join(os.path.join(JARS, j) for j in os.listdir(JARS)
                    if j.startswith("iceberg-spark-runtime"))
    settings = {"spark.jars": jars, "spark.ui.enabled": "false", "spark.driver.memory": "1g",
                "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2",
                "spark.sql.timestampType": "TIMESTAMP_NTZ", "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1", "spark.log.level": "ERROR",
                "spark.sql.extensions":
                    "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
                "spark.sql.catalog.h": "org.apache.iceberg.spark.SparkCatalog",
                "spark.sql.catalog.h.type": "hadoop",
                "spark.sql.catalog.h.warehouse": f"file://{WORK}/java"}
    builder = SparkSession.builder.master("local[2]").appName("judge")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def cell(v):
    """As iceberg_judge.py writes the rows."""
    if v is None or isinstance(v, (bool, int)):
        return v
    if isinstance(v, float):
        return "NaN" if math.isnan(v) else repr(v)
    if isinstance(v, (bytes, bytearray)):
        return bytes(v).hex()
    if isinstance(v, datetime.datetime):
        return v.replace(tzinfo=None).isoformat(timespec="microseconds")
    if isinstance(v, datetime.date):
        return v.isoformat()
    return str(v)


def judge_table(spark, case):
    # Row by row: the files are pyarrow's, whose uuids Spark's vectorised reader does not take.
    frame = spark.read.format("iceberg").option("vectorization-enabled", "false").load(
        case["location"])
    frame.createOrReplaceTempView("t")
    got = sorted((repr([cell(v) for v in r]) for r in
                  frame.select(*[f"`{c}`" for c in case["columns"]]).collect()))
    want = sorted(repr(r) for r in case["rows"])
    must(got == want, f"{case['location']}: rows\n  {got[:3]}\n  {want[:3]}")
    ids = [r[case["columns"].index("id")] for r in case["rows"]]
    ids = [i for i in ids if i is not None]
    row = spark.sql("SELECT count(*), count(id), min(id), max(id), min(day), max(amount) FROM t")
    values = row.collect()[0]
    must(tuple(values[:4]) == (len(case["rows"]), len(ids), min(ids), max(ids)),
         f"{case['location']}: aggregates from metadata are {values}")
    files = spark.read.format("iceberg").load(case["location"] + "#files")
    listed = files.selectExpr("count(*)", "sum(record_count)", "min(file_size_in_bytes)").collect()[0]
    must(listed[0] > 0 and listed[1] == len(case["rows"]), f"{case['location']}: files are {listed}")
    for r in files.select("file_path", "file_size_in_bytes").collect():
        must(os.path.getsize(r[0].replace("file://", "", 1)) == r[1], f"{r[0]}: size")


def latest(name):
    folder = f"{WORK}/java/n/{name}/metadata"
    number = open(f"{folder}/version-hint.text").read().strip()
    return f"{folder}/v{number}.metadata.json"


def compare_entries(spark, name):
    """The tool's entries of the current snapshot against Spark's entries metadata table."""
    done = subprocess.run([TOOL, "dump", latest(name)], capture_output=True, text=True)
    must(done.returncode == 0, f"{name}: {done.stderr}")
    got = {}
    for m in json.loads(done.stdout)[-1]["manifests"]:
        for e in m["entries"]:
            metrics = e["metrics"]
            got[(e["path"], e["status"])] = (
                e["snapshot"], e["sequence"], e["file_sequence"], e["records"], e["bytes"],
                {int(k): v["values"] for k, v in metrics.items() if v["values"] >= 0},
                {int(k): v["nulls"] for k, v in metrics.items() if v["nulls"] >= 0},
                {int(k): v["lower"] for k, v in metrics.items() if v["lower"] is not None},
                {int(k): v["upper"] for k, v in metrics.items() if v["upper"] is not None})
    want = {}
    for r in spark.read.format("iceberg").load(f"h.n.{name}.entries").collect():
        f = r["data_file"]
        want[(f["file_path"], r["status"])] = (
            r["snapshot_id"], r["sequence_number"], r["file_sequence_number"], f["record_count"],
            f["file_size_in_bytes"], dict(f["value_counts"] or {}),
            dict(f["null_value_counts"] or {}),
            {k: bytes(v).hex() for k, v in (f["lower_bounds"] or {}).items()},
            {k: bytes(v).hex() for k, v in (f["upper_bounds"] or {}).items()})
    must(got == want, f"{name}: entries\n  {got}\n  {want}")
    done = subprocess.run([JUDGES, f"{HERE}/check_numbers.py", latest(name)], capture_output=True,
                          text=True)
    must(done.returncode == 0, f"{name}: {done.stdout}{done.stderr}")


PARTITIONS = {"plain": "", "days": "days(ts), bucket(4, id)", "text": "truncate(2, s), amount",
              "months": "months(d)", "hours": "hours(ts)", "years": "years(d), s"}


def spark_writes(spark):
    for name, partition in PARTITIONS.items():
        by = f"PARTITIONED BY ({partition})" if partition else ""
        for version in (1, 2):
            table = f"h.n.{name}_{version}"
            spark.sql(f"CREATE TABLE {table} (id BIGINT, d DATE, ts TIMESTAMP_NTZ, s STRING, "
                      f"x DOUBLE, amount DECIMAL(20,2), nested STRUCT<a: INT, b: STRING>) "
                      f"USING iceberg {by} TBLPROPERTIES ('format-version'='{version}')")
            rows = ("SELECT id, DATE'1969-12-20' + CAST(id AS INT), TIMESTAMP_NTZ'1969-12-31 20:00:00'"
                    " + make_interval(0,0,0,0,id), concat('text ', id % 4), "
                    "if(id % 5 = 0, double('NaN'), id / 4), CAST(id AS DECIMAL(20,2)) / 4, "
                    "named_struct('a', CAST(id AS INT), 'b', 'x') ")
            spark.sql(f"INSERT INTO {table} {rows} FROM range(0, 12)")
            spark.sql(f"INSERT INTO {table} {rows} FROM range(12, 20)")
            compare_entries(spark, f"{name}_{version}")
            spark.sql(f"DELETE FROM {table} WHERE id = 3 OR d = DATE'1970-01-02'")
            spark.sql(f"ALTER TABLE {table} ADD COLUMN more INT")
            spark.sql(f"INSERT OVERWRITE {table} SELECT *, 1 FROM ({rows} FROM range(2, 4))")
            compare_entries(spark, f"{name}_{version}")
    spark.sql("CREATE TABLE h.n.merged (id BIGINT, s STRING) USING iceberg TBLPROPERTIES "
              "('format-version'='2', 'write.delete.mode'='merge-on-read')")
    spark.sql("INSERT INTO h.n.merged SELECT id, 'x' FROM range(0, 10)")
    spark.sql("DELETE FROM h.n.merged WHERE id = 3")
    compare_entries(spark, "merged")
    done = subprocess.run([TOOL, "scan", latest("merged"), "id", ">", "0"], capture_output=True,
                          text=True)
    must(done.returncode == 0, f"a table with delete files is planned: {done.stderr}")


def main():
    spark = session()
    cases = json.load(open(f"{WORK}/spark.json"))
    for case in cases:
        try:
            judge_table(spark, case)
        except Exception as e:
            must(False, f"{case['location']}: {e}")
    print(f"{len(cases)} tables of firn read by Spark, aggregates from their metadata right")
    spark_writes(spark)
    print(f"{2 * len(PARTITIONS) + 1} tables of Spark read alike, entry by entry")
    print(f"{checks} checks passed")
    spark.stop()


if __name__ == "__main__":
    main()
