# SPDX-License-Identifier: Apache-2.0
"""refresh_renames.py FIRN - a view means the columns that its SELECT was bound to, whatever PyIceberg calls them later."""
import sys

from lakehouse import Lakehouse

VIEW = "VIEW s.v AS SELECT k, sum(x) AS x FROM s.t GROUP BY k"


def rename(lake, *pairs):
    catalog = lake.catalog()
    for old, new in pairs:
        with catalog.load_table("s.t").update_schema() as u:
            u.rename_column(old, new)
    catalog.engine.dispose()


def refresh(lake, mode, *options):
    p = lake.run("refresh", "s.v", *options)
    assert f"refresh {mode}: " in p.stderr, p.stderr


def expect(lake, total):
    assert lake.sql("SELECT * FROM s.v").stdout == f"k,x\n1,{total}\n", lake.sql("SELECT * FROM s.v").stdout
    lake.run("verify", "s.v")


with Lakehouse(sys.argv[1]) as lake:
    lake.sql(f"CREATE SCHEMA s; CREATE TABLE s.t (k int, x int, y int); INSERT INTO s.t VALUES (1, 11, 22); CREATE MATERIALIZED {VIEW}; "
             "ALTER MATERIALIZED VIEW s.v ADD CONSTRAINT c CHECK ((SELECT sum(x) FROM summary) = (SELECT sum(x) FROM raw)); REFRESH MATERIALIZED VIEW s.v")
    rename(lake, ("x", "z"), ("y", "x"))
    refresh(lake, "none")
    lake.sql("INSERT INTO s.t VALUES (1, 100, 1000)")  # of what are now z and x
    refresh(lake, "delta")
    expect(lake, 111)
    refresh(lake, "full", "--mode", "full")
    expect(lake, 111)
    lake.sql("ALTER MATERIALIZED VIEW s.v ADD CONSTRAINT d CHECK ((SELECT max(x) FROM raw) = 100); REFRESH MATERIALIZED VIEW s.v")
    lake.sql(f"CREATE OR REPLACE MATERIALIZED {VIEW}")  # the same text means another column now
    refresh(lake, "full")
    expect(lake, 1022)
print("ok")
