# SPDX-License-Identifier: Apache-2.0
"""notebook_job.py FIRN SPARK_PYTHON - the notebook's job on Nessie and MinIO, by Spark and by firn, each reading the other.

The notebook's cells run on Spark and firn reads both tables; firn's script does the same job with Spark's own settings, in one
Nessie commit; Spark and Trino read its tables, Spark replaces, appends and drops, and firn follows. No secret is in anything
that firn writes. Run with a stack that has minio and nessie; Trino is asked where FIRN_TRINO_URL says there is one."""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.request

import pyarrow as pa

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import oracle
import trino
import zoo_rows
from spark_side import Spark

firn, python = os.path.abspath(sys.argv[1]), sys.argv[2]
folder = tempfile.TemporaryDirectory(prefix="firn-test-")
written = []  # all that firn has said
RAW, DAILY = "demo.sales_transactions_raw", "demo.sales_daily_summary"
RAW_COLUMNS = [["transaction_date", "date"], ["product_id", "bigint"], ["quantity", "bigint"], ["unit_price", "double"],
               ["amount", "double"]]
DAILY_COLUMNS = RAW_COLUMNS[:2] + [["transaction_count", "bigint"], ["total_quantity", "bigint"], ["total_revenue", "double"],
                                   ["avg_transaction_value", "double"], ["max_transaction_value", "double"],
                                   ["min_transaction_value", "double"]]


def settings():
    """The pattern's own, with the stack's endpoints."""
    with open(f"{HERE}/../../examples/spark-defaults.conf", encoding="utf-8") as f:
        text = f.read()
    for old, new in [("http://infrastructure-nessie:19120/api/v2", os.environ["FIRN_NESSIE_URI"]),
                     ("http://infrastructure-minio:9000", os.environ["FIRN_S3_ENDPOINT"])]:
        assert old in text
        text = text.replace(old, new)
    with open(f"{folder.name}/spark-defaults.conf", "w", encoding="utf-8") as f:
        f.write(text)
    return f.name


def run(*args, code=0, **env):
    """firn as the pattern's user has it: the keys in the environment, the rest in Spark's settings."""
    done = subprocess.run([firn, "run", "--spark-conf", conf, *args], cwd=folder.name, env=dict(os.environ, **env),
                          capture_output=True, stdin=subprocess.DEVNULL)
    written.append(done.stdout + done.stderr)
    assert code in (done.returncode, None), f"{args}: exit {done.returncode}, wanted {code}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done.stdout


def read(table):
    """firn's columns and rows, and Spark's must be the same."""
    spark.rows(f"REFRESH TABLE lakehouse.{table}")  # the notebook's catalog keeps tables for a while
    theirs = spark.rows(f"SELECT * FROM lakehouse.{table}")
    with pa.ipc.open_stream(io.BytesIO(run("-q", "--format", "arrow", "-c", f"SELECT * FROM {table}"))) as stream:
        ours = zoo_rows.of_arrow(stream.read_all(), theirs[0])
    assert ours[0] == theirs[0], f"{table}: firn's columns {ours[0]}, Spark's {theirs[0]}"
    assert ours[1] == theirs[1], f"{table}: " + next((f"firn {a}, Spark {b}" for a, b in zip(ours[1], theirs[1]) if a != b), "rows")
    return ours


def canonical(rows):
    return zoo_rows.order([[zoo_rows.text(v) for v in r] for r in rows])


def exact_daily():
    return [[*key, *measures] for key, measures in oracle.summary(oracle.sample()).items()]


def history():
    with urllib.request.urlopen(os.environ["FIRN_NESSIE_URI"] + "/trees/main/history?fetch=ALL&max-records=20", timeout=30) as reply:
        return json.load(reply)["logEntries"]


def by_spark():
    spark.notebook()
    columns, rows = read(RAW)
    assert columns == RAW_COLUMNS and rows == canonical(oracle.sample())
    columns, rows = read(DAILY)
    assert columns == DAILY_COLUMNS and len(rows) == 9
    exact = {tuple(map(zoo_rows.text, r[:2])): r for r in exact_daily()}  # Spark's sums of doubles depend on their order
    for row in rows:
        want = exact[tuple(row[:2])]
        assert [row[i] for i in (2, 3, 6, 7)] == [zoo_rows.text(want[i]) for i in (2, 3, 6, 7)], (row, want)


def by_firn():
    before = history()[0]
    run(f"{HERE}/../../examples/batch_aggregation.sql", code=1)  # Spark's summary is a table of its own: it is not taken over
    assert history()[0] == before
    run("-q", "-c", f"DROP TABLE {DAILY}")
    before = history()[0]
    run(f"{HERE}/../../examples/batch_aggregation.sql")
    commits = history()
    made = commits[:commits.index(before)]
    assert len(made) == 1, [c["commitMeta"]["message"] for c in made]
    tables = {".".join(o["key"]["elements"]) for o in made[0]["operations"] if o["type"] == "PUT"}
    assert tables == {RAW, DAILY, f"{DAILY}__firn"}, tables
    columns, rows = read(RAW)
    assert columns == RAW_COLUMNS and rows == canonical(oracle.sample())
    columns, rows = read(DAILY)
    assert columns == DAILY_COLUMNS and rows == canonical(exact_daily()), rows


def replaced_by_spark():
    """The properties of firn's summary outlive Spark's createOrReplace: its rows are read as they are, a refresh makes them anew."""
    spark.rows(f"CREATE OR REPLACE TABLE lakehouse.{DAILY} USING iceberg AS SELECT * FROM lakehouse.{DAILY} WHERE product_id = 101")
    assert len(read(DAILY)[1]) == 3
    run("-c", f"REFRESH MATERIALIZED VIEW {DAILY}")
    columns, rows = read(DAILY)
    assert columns == DAILY_COLUMNS and rows == canonical(exact_daily()), rows


def by_trino():
    kinds = {"bigint": "bigint", "double": "double", "date": "date"}
    for table, columns, want in [(RAW, RAW_COLUMNS, oracle.sample()), (DAILY, DAILY_COLUMNS, exact_daily())]:
        names, rows = trino.rows(f"SELECT * FROM {table}")
        assert names == [[name, kinds[kind]] for name, kind in columns], names
        assert sorted(map(list, rows)) == sorted([str(r[0]), *r[1:]] for r in want), rows[:3]
        # answered from the manifests alone
        assert trino.rows(f"SELECT count(*) FROM {table}")[1] == [[len(want)]]
    trino.rows(f"INSERT INTO {RAW} VALUES (DATE '2025-01-17', 104, 1, 1.5, 1.5)")
    trino.rows(f"DELETE FROM {RAW} WHERE product_id = 102")
    assert len(read(RAW)[1]) == 1000 - sum(r[1] == 102 for r in oracle.sample())


def changed_by_spark():
    spark.rows(f"INSERT INTO lakehouse.{RAW} VALUES (DATE '2025-01-18', 105, 2, 2.5D, 5.0D)")
    columns, rows = read(RAW)
    assert any(r[1] == "105" for r in rows)
    spark.rows(f"CREATE OR REPLACE TABLE lakehouse.{RAW} USING iceberg AS SELECT id AS product_id, 'new' AS word FROM range(3)")
    assert read(RAW) == ([["product_id", "bigint"], ["word", "string"]], [["0", "new"], ["1", "new"], ["2", "new"]])
    run("-q", "-c", f"INSERT INTO {RAW} VALUES (3, 'ours')")
    assert len(read(RAW)[1]) == 4
    spark.rows(f"DROP TABLE lakehouse.{DAILY}")
    run("-q", "-c", f"SELECT * FROM {DAILY}", code=1)
    spark.rows(f"DROP TABLE lakehouse.{RAW}")
    assert RAW.split(".") not in [r[:2] for r in csv.reader(io.StringIO(run("-q", "--format", "csv", "-c", "SHOW tables").decode()))]


def no_secret():
    """In what firn said, left in its folder, or told the catalog and the tables."""
    run("-c", f"CREATE TABLE {RAW} AS SELECT 1 AS a", code=1, AWS_SECRET_ACCESS_KEY="a-wrong-" + os.environ["AWS_SECRET_ACCESS_KEY"])
    secret = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for text in written:
        assert secret not in text, text
    for at, _, names in os.walk(folder.name):
        for name in names:
            with open(os.path.join(at, name), "rb") as f:
                assert name == "spark-defaults.conf" or secret not in f.read(), name
    assert secret not in json.dumps(history()).encode()


conf = settings()
with folder, Spark(python) as spark:
    for kind in ("MATERIALIZED VIEW", "TABLE"):
        run("-q", "-c", f"DROP {kind} IF EXISTS {DAILY}", code=None)
    run("-q", "-c", f"DROP TABLE IF EXISTS {RAW}")
    for part in [by_spark, by_firn, replaced_by_spark] + ([by_trino] if "FIRN_TRINO_URL" in os.environ else []) + [changed_by_spark, no_secret]:
        part()
        print("ok", part.__name__, flush=True)
