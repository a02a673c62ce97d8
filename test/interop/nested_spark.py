# SPDX-License-Identifier: Apache-2.0
"""nested_spark.py FIRN JARS - nested columns of a table that Spark writes and changes, read by firn.

Parts of structs equal Spark's, lists and maps equal its to_json (as JSON, keys in order), before and after the nested
parts are renamed, added, dropped, moved and promoted, on every snapshot; a filter on a part of a struct leaves out files by
the metrics that Spark wrote."""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile

from pyspark.sql import SparkSession

firn, jars = os.path.abspath(sys.argv[1]), sys.argv[2]
folder = tempfile.TemporaryDirectory(prefix="firn-nested-")
lake = folder.name
paths = ",".join(sorted(f"{jars}/{j}" for j in os.listdir(jars) if j.startswith(("iceberg-spark", "sqlite-jdbc"))))


def run(*args):
    p = subprocess.run([firn, *args], cwd=lake, capture_output=True, text=True)
    assert p.returncode == 0, f"{args}: exit {p.returncode}\n{p.stderr}"
    return p


run("init", "-q")
run("run", "-q", "-c", "CREATE SCHEMA n")
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
         .config("spark.jars", paths)
         .config("spark.driver.extraClassPath", paths.replace(",", ":")).config("spark.sql.session.timeZone", "UTC")
         .config("spark.sql.shuffle.partitions", "2")
         .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
         .config("spark.sql.catalog.lakehouse", "org.apache.iceberg.spark.SparkCatalog")
         .config("spark.sql.catalog.lakehouse.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog")
         .config("spark.sql.catalog.lakehouse.uri", f"jdbc:sqlite:{lake}/firn.db")
         .config("spark.sql.catalog.lakehouse.warehouse", f"file://{lake}/warehouse")
         .config("spark.sql.catalog.lakehouse.jdbc.schema-version", "V1")
         .config("spark.sql.catalog.lakehouse.cache-enabled", "false").getOrCreate())  # fmt: skip
spark.sparkContext.setLogLevel("OFF")
T = "lakehouse.n.t"


def columns(path, kind):
    """(name, Spark's expression) of each of firn's columns"""
    name = kind.simpleString().split("<")[0]
    quoted = ".".join(f"`{p}`" for p in path)
    if name == "struct":
        return [c for f in kind.fields for c in columns([*path, f.name], f.dataType)]
    return [(".".join(path), f"to_json({quoted})" if name in ("array", "map") else quoted)]


def pairs(text):
    return json.loads(text, object_pairs_hook=lambda p: p, parse_float=float)


def check(what, version=""):
    table = spark.sql(f"SELECT * FROM {T} {version and f'VERSION AS OF {version}'}")
    named = [c for f in table.schema.fields for c in columns([f.name], f.dataType)]
    want = [tuple(r) for r in table.orderBy("id").selectExpr(*[e for _, e in named]).collect()]
    t = f'n."t@{version}"' if version else "n.t"
    got = list(csv.reader(io.StringIO(run("run", "-q", "--format", "csv", "-c", f"SELECT * FROM {t} ORDER BY id").stdout)))
    assert got[0] == [n for n, _ in named], (what, got[0], named)
    assert len(got) - 1 == len(want), (what, len(got) - 1, len(want))
    for g, w in zip(got[1:], want):
        for name, a, b in zip([e for _, e in named], g, w):
            if name.startswith("to_json"):
                assert (a == "") == (b is None) and (b is None or pairs(a) == pairs(b)), (what, name, a, b)
            else:
                assert a == ("" if b is None else str(b)), (what, name, a, b)
    print(f"{what}: {len(want)} rows, {len(named)} columns equal Spark's")


def insert(first, last):
    spark.sql(f"""INSERT INTO {T} SELECT id, IF(id % 7 = 3, NULL, named_struct('a', CAST(id AS int), 'in', IF(id % 5 = 2, NULL, named_struct('t', 't' || id, 'gone', id)))),
        IF(id % 6 = 1, NULL, transform(sequence(1, id % 4 + 1), k -> IF(k = 3, NULL, named_struct('x', CAST(k * id AS int), 'd', date_add(DATE '2025-01-01', CAST(k AS int)), 'n', CAST(k / 4 AS decimal(9, 2)))))),
        IF(id % 8 = 5, NULL, map_from_arrays(transform(sequence(1, id % 3 + 1), k -> 'k"' || k), transform(sequence(1, id % 3 + 1), k -> IF(k = 2, NULL, array(k / 2, NULL)))))
        FROM range({first}, {last})""")


spark.sql(f"""CREATE TABLE {T} (id bigint, s struct<a: int, `in`: struct<t: string, gone: bigint>>, l array<struct<x: int, d: date, n: decimal(9, 2)>>,
    m map<string, array<double>>) USING iceberg TBLPROPERTIES ('format-version' = '2')""")
insert(0, 300)
check("as written")
spark.sql(f"INSERT INTO {T} VALUES (300, NULL, array(), map()), (301, named_struct('a', 1, 'in', named_struct('t', 'é\n\\\\', 'gone', 1)), array(NULL), NULL)")
check("empty and NULL")
for change in ("RENAME COLUMN s.a TO b", "ALTER COLUMN s.b TYPE bigint", "DROP COLUMN s.in.gone", "ADD COLUMN s.in.late string",
               "ADD COLUMN l.element.z bigint", "RENAME COLUMN l.element.x TO ex", "ALTER COLUMN l.element.n FIRST", "ADD COLUMN s.tags array<string>"):  # fmt: skip
    spark.sql(f"ALTER TABLE {T} {change}")
check("changed")
spark.sql(f"INSERT INTO {T} VALUES (1000, named_struct('b', 5000000000, 'in', named_struct('t', 'new', 'late', 'x'), 'tags', array('p', NULL)), array(named_struct('n', 0.25, 'ex', 9, 'd', NULL, 'z', 8)), map('a', array(1.5)))")
check("and written again")
for row in spark.sql(f"SELECT snapshot_id FROM {T}.snapshots ORDER BY committed_at").collect():
    check("snapshot", row[0])
said = run("run", "--format", "csv", "-c", "SELECT id FROM n.t WHERE s.b > 4000000000")
assert said.stdout.split() == ["id", "1000"], said.stdout
files = spark.sql(f"SELECT count(*) FROM {T}.files").collect()[0][0]
assert f"read 1 file ({files - 1} more skipped)" in said.stderr, said.stderr
spark.stop()
