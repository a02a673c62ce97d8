# SPDX-License-Identifier: Apache-2.0
"""lineage.py FIRN JARS - tables of format version 3: firn and Spark append in turn, and every row keeps its row id.

JARS is the folder of the Iceberg runtime: "jars-1.10" knows row lineage and says each row's _row_id, "jars" (1.8) has only the
counters. After each step: as many rows as were written; row ids unique, below next-row-id and unchanged for rows
that were there; _last_updated_sequence_number is the snapshot's that wrote the row; each snapshot's first-row-id follows its parent's."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import spark_session

firn, jars = os.path.abspath(sys.argv[1]), sys.argv[2]
knows = jars != "jars"
work = tempfile.TemporaryDirectory(prefix="firn-lineage-")
lake = work.name


def run(*args, code=0):
    p = subprocess.run([firn, *args], cwd=lake, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert p.returncode == code, f"{args}: exit {p.returncode}, wanted {code}\n{p.stdout}\n{p.stderr}"
    return p


def by_firn(sql, code=0):
    return run("run", "-q", "--format", "csv", "-c", sql, code=code)


def by_spark(text):
    """In a session of its own: a JdbcCatalog reads the state of its first use for as long as it lives."""
    global spark
    spark = spark_session.anew(spark)
    return spark.sql(text).collect()


def metadata(table):
    java = spark._jvm.org.apache.iceberg
    loaded = java.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, f"lakehouse.n.{table}")
    with open(loaded.operations().current().metadataFileLocation().removeprefix("file:")) as f:
        return json.load(f)


ids = {}  # (table, key) -> (row id, the sequence number of its last change)


def check(table, keys, by, written=()):
    """`keys` are the table's; `by` has just committed and has written the rows whose key is in `written`."""
    got = by_spark(f"SELECT id{', _row_id, _last_updated_sequence_number' if knows else ''} FROM lakehouse.n.{table}")
    assert sorted(r[0] for r in got) == sorted(keys), (table, by, sorted(r[0] for r in got))
    assert sorted(int(line) for line in by_firn(f"SELECT id FROM n.{table}").stdout.split()[1:]) == sorted(keys), (table, by)
    m = metadata(table)
    assert m["format-version"] == 3
    snapshots = {s["snapshot-id"]: s for s in m["snapshots"]}
    now = snapshots[m["current-snapshot-id"]]
    if by == "firn" or knows:  # 1.8 leaves out what it was not told to keep
        parent = snapshots.get(now.get("parent-snapshot-id"))
        assert now["first-row-id"] + now["added-rows"] == m["next-row-id"], (table, by, now, m["next-row-id"])
        assert not parent or "first-row-id" not in parent or now["first-row-id"] >= parent["first-row-id"] + parent["added-rows"], (table, by)
    if not knows:
        return
    assert all(r[1] is not None and 0 <= r[1] < m["next-row-id"] for r in got), (table, by, got)
    assert len({r[1] for r in got}) == len(got), f"{table}: {by} gave a row id twice: {got}"
    for key, row, sequence in got:
        had = ids.get((table, key))
        assert not had or had[0] == row, f"{table}: row {key} had id {had[0]}, after {by} {row}"
        want = now["sequence-number"] if key in written else had[1] if had else sequence
        assert sequence == want, f"{table}: row {key} was last changed at {sequence}, after {by} wanted {want}"
        ids[table, key] = row, sequence


def insert(table, keys, by):
    rows = ", ".join(f"({k}, 'p{k % 2}')" for k in keys)
    by_firn(f"INSERT INTO n.{table} VALUES {rows}") if by == "firn" else by_spark(f"INSERT INTO lakehouse.n.{table} VALUES {rows}")


run("init", "-q")
by_firn("CREATE SCHEMA n")
spark_session.prepare(iceberg=os.path.join(os.path.dirname(spark_session.JARS), jars))
spark = spark_session.session({"lakehouse": spark_session.sqlite(lake)})

MODES = ", ".join(f"'write.{m}.mode'='merge-on-read'" for m in ("delete", "update", "merge"))
TABLES = [("parts", 3, "PARTITIONED BY (p)"), ("plain", 3, ""), ("upgraded", 2, "PARTITIONED BY (p)")]
for table, version, parts in TABLES if knows else TABLES[:1]:
    by_spark(f"CREATE TABLE lakehouse.n.{table} (id int, p string) USING iceberg {parts} TBLPROPERTIES ('format-version'='{version}', {MODES})")
    keys = list(range(6))
    insert(table, keys, "spark")
    if version == 2:
        by_spark(f"DELETE FROM lakehouse.n.{table} WHERE id = 0")
        keys.remove(0)
        by_spark(f"ALTER TABLE lakehouse.n.{table} SET TBLPROPERTIES ('format-version'='3')")
    else:
        check(table, keys, "spark")
    for by, more in [("firn", range(10, 14)), ("firn", range(20, 22)), ("spark", range(30, 33)), ("firn", range(40, 42))]:
        insert(table, more, by)
        keys += more
        check(table, keys, by, more)
    by_spark(f"DELETE FROM lakehouse.n.{table} WHERE id IN (3, 11)")  # deletion vectors
    keys = [k for k in keys if k not in (3, 11)]
    check(table, keys, "spark")
    by_spark(f"UPDATE lakehouse.n.{table} SET p = 'new' WHERE id IN (2, 20)")
    check(table, keys, "spark", written=(2, 20))
    insert(table, [50, 51], "firn")
    keys += [50, 51]
    check(table, keys, "firn", written=(50, 51))
    refused = by_firn(f"DELETE FROM n.{table} WHERE id = 10", code=1)
    assert "format version 3" in refused.stderr and "0A000" in refused.stderr, refused.stderr
    check(table, keys, "firn")
    by_firn(f"DELETE FROM n.{table} WHERE p = 'new' OR id BETWEEN 40 AND 49")  # whole files go; what stays keeps its ids
    keys = [k for k in keys if k not in (2, 20) and not 40 <= k < 50]
    check(table, keys, "firn")
spark.stop()
print(f"Iceberg 1.10: {len(ids)} rows of {len(TABLES)} tables kept their row ids" if knows else "Iceberg 1.8: it and firn take turns")
