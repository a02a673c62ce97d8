# SPDX-License-Identifier: Apache-2.0
"""refresh_widening.py FIRN - columns of raw are widened by PyIceberg between two refreshes.

Where the SELECT uses them bare the refresh stays a delta with the rows, states and digests of a rebuild, also of files that were
covered before; inside an expression it makes everything anew.
"""
import json, os, subprocess, sys, tempfile
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import DecimalType, DoubleType, LongType

FIRN = os.path.abspath(sys.argv[1])
SELECT = ("SELECT k, f, d, count(*) AS n, sum(i) AS si, avg(i) AS ai, min(i) AS li, var_samp(i) AS vi, sum(r) AS sr, avg(r) AS ar, max(r) AS hr, "
          "var_pop(r) AS vr, sum(m) AS sm, avg(m) AS am, min(m) AS lm, stddev_pop(m) AS vm FROM demo.raw WHERE day > 0 GROUP BY k, f, d")


def main(folder):
    def firn(*arguments):
        done = subprocess.run([FIRN, *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def sql(text):
        return firn("run", "-q", "-f", "csv", "-c", text)

    def digests(name):
        made = catalog.load_table(f"demo.{name}").current_snapshot().summary.additional_properties
        return made["firn.rows-digest"], made["firn.states-digest"]

    def refresh(name):
        return json.loads(firn("refresh", "-f", "json", "-q", f"demo.{name}").splitlines()[-1])["mode"]

    def expect(mode):
        assert (got := refresh("s")) == mode, got
        firn("verify", "-q", "demo.s")
        sql(f"DROP MATERIALIZED VIEW IF EXISTS demo.anew; CREATE MATERIALIZED VIEW demo.anew AS {SELECT}; REFRESH MATERIALIZED VIEW demo.anew")
        assert digests("s") == digests("anew")
        assert sql("SELECT * FROM demo.s ORDER BY k, f, d") == sql("SELECT * FROM demo.anew ORDER BY k, f, d")
        same = [[str(f.field_type) for f in catalog.load_table(f"demo.{n}").schema().fields] for n in ("s", "anew")]
        assert same[0] == same[1], same

    def add(i, factor=1):
        sql(f"INSERT INTO demo.raw SELECT q % 3, (q % 2) * 0.5, (q % 4) * 1.25, q * {factor}, amount, q * 7.25 * {factor}, {i} FROM "
            f"(SELECT quantity AS q, amount FROM sample_sales(seed => {i}, start => DATE '2025-01-01', days => 1, rows_per_day => 40)) s")

    firn("init", "-q", ".")
    catalog = SqlCatalog("lakehouse", uri=f"sqlite:///{folder}/firn.db", warehouse=f"file://{folder}/warehouse")
    sql("CREATE SCHEMA demo; CREATE TABLE demo.raw (k int, f real, d decimal(6,2), i int, r real, m decimal(9,3), day int); "
        f"CREATE MATERIALIZED VIEW demo.s AS {SELECT}; CREATE MATERIALIZED VIEW demo.inside AS SELECT k, sum(i + 1) AS s FROM demo.raw GROUP BY k")
    for i in range(1, 9):
        add(i)
    assert refresh("inside") == "full"
    expect("full")
    with catalog.load_table("demo.raw").update_schema() as u:
        for name, kind in {"k": LongType(), "f": DoubleType(), "d": DecimalType(18, 2), "i": LongType(), "r": DoubleType(), "m": DecimalType(30, 3)}.items():
            u.update_column(name, kind)
    assert refresh("s") == "none"
    sql("INSERT INTO demo.raw SELECT 7, 7, 7, 7, 7, 7, 0")  # not one of the view's: its file stays as it is, under wider types
    expect("none")
    ours, anew = (catalog.load_table(f"demo.{n}").scan().to_arrow().sort_by([("k", "ascending"), ("f", "ascending"), ("d", "ascending")]) for n in ("s", "anew"))
    assert ours.schema.types == anew.schema.types and ours.to_pylist() == anew.to_pylist()
    add(9, 1000000000)
    expect("delta")
    sql("DELETE FROM demo.raw WHERE day = 3 OR (day = 2 AND i > 5)")  # rows that were covered as they were
    expect("delta")
    assert refresh("inside") == "full"
    with catalog.load_table("demo.raw").update_schema() as u:
        u.update_column("day", LongType())
    add(10)
    expect("full")
    print("ok")


with tempfile.TemporaryDirectory(prefix="firn-widening-") as work:
    main(work)
