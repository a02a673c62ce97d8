"""purge.py FIRN - DROP TABLE ... PURGE deletes the files that the table names in its own folders, and no others.

    whole      snapshots, deletes, statistics and old metadata go; a neighbour stays
    kept       a rollback, a refusal, gc.enabled = false and DROP without PURGE delete nothing
    foreign    files taken in from elsewhere stay, whoever they belong to
    shared     a table registered under a second name keeps both from being purged
    overtaken  what another process appends before COMMIT goes too
"""
import os, sys

import pyarrow as pa, pyarrow.parquet as pq
from lakehouse import Lakehouse

firn = sys.argv[1]


def below(lake, text):
    return [f for f in lake.files() if text in f]


def pyiceberg(lake, name):
    c = lake.catalog()
    return c, c.load_table(name)


def whole():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t (a bigint, b text) WITH (partitioning = 'b'); CREATE TABLE s.near AS SELECT 1 AS a")
        for i in range(4):
            lake.sql(f"INSERT INTO s.t VALUES ({i}, 'x'), ({i}, 'y')")
        lake.sql("DELETE FROM s.t WHERE a = 2")
        c, t = pyiceberg(lake, "s.t")
        t.append(pa.table({"a": pa.array([9], pa.int64()), "b": ["z"]}))
        near = below(lake, "s/near-")
        assert len(below(lake, "s/t-")) > 20
        lake.sql("ALTER TABLE s.t RENAME TO u; BEGIN; ALTER TABLE s.u RENAME TO v; INSERT INTO s.v VALUES (1, 'w'); DROP TABLE s.v PURGE; COMMIT")
        assert below(lake, "s/t-") == [] and below(lake, "s/near-") == near, below(lake, "s/t-")
        lake.sql("CREATE TABLE s.e (a int); CREATE MATERIALIZED VIEW s.m AS SELECT a, count(*) AS n FROM s.near GROUP BY a; REFRESH MATERIALIZED VIEW s.m")
        lake.sql("DROP TABLE s.e PURGE; DROP MATERIALIZED VIEW s.m PURGE; BEGIN; CREATE TABLE s.n AS SELECT 1 AS a; DROP TABLE s.n PURGE; COMMIT")
        assert [f for f in lake.files() if f.startswith("warehouse/s/") and f not in near] == []
        lake.sql("BEGIN; DROP TABLE s.near PURGE; CREATE TABLE s.near AS SELECT 7 AS a; COMMIT")
        assert lake.rows("s.near") == [(7,)] and not set(near) & set(lake.files())


def kept():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; CREATE TABLE s.g (a int) WITH (\"gc.enabled\" = 'false')")
        before = lake.files()
        lake.sql("BEGIN; DROP TABLE s.t PURGE; ROLLBACK")
        lake.sql("BEGIN; DROP TABLE s.t PURGE; SELECT 1/0; COMMIT", code=1)
        p = lake.sql("DROP TABLE s.t, s.g PURGE", code=1)
        assert "0A000" in p.stderr and "gc.enabled" in p.stderr, p.stderr
        assert lake.files() == before and lake.rows("s.t") == [(1,)]
        lake.sql("DROP TABLE s.g; DROP TABLE s.t")
        assert set(before) <= set(lake.files())


def foreign():
    with Lakehouse(firn) as lake:
        for where in ("out/a", "warehouse/s/t-evil", "out/b"):
            os.makedirs(f"{lake.folder}/{where}")
            pq.write_table(pa.table({"a": pa.array([1], pa.int64())}), f"{lake.folder}/{where}/f.parquet")
        lake.sql(f"CREATE SCHEMA s; CREATE TABLE s.t (a bigint) WITH (location = 'file://{lake.folder}/warehouse/s/t')")
        c, t = pyiceberg(lake, "s.t")
        os.makedirs(f"{lake.folder}/warehouse/s/t/data", exist_ok=True)
        os.link(f"{lake.folder}/out/b/f.parquet", f"{lake.folder}/warehouse/s/t/data/in.parquet")
        t.add_files([f"file://{lake.folder}/{f}" for f in
                     ("out/a/f.parquet", "warehouse/s/t-evil/f.parquet", "warehouse/s/t/../../../out/b/f.parquet", "warehouse/s/t/data/in.parquet")])
        c.engine.dispose()
        p = lake.run("run", "-c", "DROP TABLE s.t PURGE")
        assert 'files that "s.t" names outside its folders stay: 3' in p.stderr, p.stderr
        assert below(lake, "f.parquet") == ["out/a/f.parquet", "out/b/f.parquet", "warehouse/s/t-evil/f.parquet"], lake.files()
        assert below(lake, "warehouse/s/t/") == [], below(lake, "warehouse/s/t/")


def shared():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a")
        c, t = pyiceberg(lake, "s.t")
        lake.sql(f"CALL system.register_table('s.twin', '{t.metadata_location}'); INSERT INTO s.t VALUES (2)")
        before = lake.files()
        for name, other in (("t", "twin"), ("twin", "t")):
            p = lake.sql(f"DROP TABLE s.{name} PURGE", code=1)
            assert "0A000" in p.stderr and f'"s.{other}" stands in the same folder' in p.stderr, p.stderr
        p = lake.run("run", "-c", f"BEGIN; DROP TABLE s.twin; COMMIT; BEGIN; DROP TABLE s.t PURGE; "
                     f"CALL system.register_table('s.late', '{t.metadata_location}'); COMMIT")
        assert "another table stands in its folder" in p.stderr, p.stderr
        assert set(before) <= set(lake.files()) and lake.rows("s.late") == [(1,)]


def overtaken():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a")
        os.mkfifo(f"{lake.folder}/gate")
        lake.script("drop.sql", "BEGIN;\nDROP TABLE s.t PURGE;\n\\i gate\nCOMMIT;\n")
        p = lake.start("run", "drop.sql")
        with open(f"{lake.folder}/gate", "w") as gate:
            lake.sql("INSERT INTO s.t VALUES (2)")
            os.remove(f"{lake.folder}/gate")
            lake.script("gate", "SELECT 1;\n")  # where it looks when it has lost and runs again
            gate.write("SELECT 1;\n")
        _, err = p.communicate(timeout=60)
        assert p.returncode == 0, err
        assert below(lake, "warehouse/s/") == [], below(lake, "warehouse/s/")


for part in (whole, kept, foreign, shared, overtaken):
    part()
    print(f"{part.__name__}: ok", flush=True)
