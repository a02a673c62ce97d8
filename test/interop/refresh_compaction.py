# SPDX-License-Identifier: Apache-2.0
"""refresh_compaction.py FIRN - replace snapshots by PyIceberg, between two refreshes of a summary.

Files of which a snapshot says that it only wrote them anew take the place of those it removed, unread, where everything removed was
covered and the counts agree. Each time the rows and digests are a rebuild's and `firn verify` agrees; where a replace lies with the
right count, verify is who says so.
"""
import json, os, subprocess, sys, tempfile
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles

FIRN = os.path.abspath(sys.argv[1])
SELECT = "SELECT day, product, count(*) AS n, sum(x) AS total, min(x) AS low, max(x) AS high FROM demo.raw GROUP BY day, product"


class Replace(_OverwriteFiles):
    """Says that it changed no row."""

    def _summary(self, *arguments):
        return Summary(Operation.REPLACE, **super()._summary(*arguments).additional_properties)


class Lake:
    def __init__(self, folder):
        self.folder = folder
        self.firn("init", "-q", ".")
        self.catalog = SqlCatalog("lakehouse", uri=f"sqlite:///{folder}/firn.db", warehouse=f"file://{folder}/warehouse")
        self.sql("CREATE SCHEMA demo; CREATE TABLE demo.raw (day date, product text, x double precision) WITH (partitioning = 'day(day)'); "
                 f"CREATE MATERIALIZED VIEW demo.s AS {SELECT}")

    def firn(self, *arguments, code=0):
        done = subprocess.run([FIRN, *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def sql(self, text):
        return self.firn("run", "-q", "-f", "csv", "-c", text)

    def add(self, day, *rows):
        for product, x in rows:  # a file each
            self.sql(f"INSERT INTO demo.raw VALUES (DATE '{day}', '{product}', {x})")

    def replace(self, days, change=lambda rows: rows, files_of=None):
        """All files of the days become one a day, or those that files_of names."""
        table = self.catalog.load_table("demo.raw")
        old = [t.file for t in table.scan().plan_files() if any(f"day_day={d}" in t.file.file_path for d in days)]
        old = files_of(old) if files_of else old
        rows = [pq.read_table(f.file_path.removeprefix("file://"), partitioning=None).cast(table.schema().as_arrow()) for f in old]
        rows = change(pa.concat_tables(rows))
        with table.transaction() as t:
            with Replace(operation=Operation.OVERWRITE, transaction=t, io=table.io) as r:
                for f in old:
                    r.delete_data_file(f)
                for f in _dataframe_to_data_files(t.table_metadata, rows, table.io):
                    r.append_data_file(f)
        assert self.catalog.load_table("demo.raw").current_snapshot().summary.operation == Operation.REPLACE
        for f in old:
            os.remove(f.file_path.removeprefix("file://"))  # nobody may want to read them
        return len(old)

    def digests(self, name):
        made = self.catalog.load_table(f"demo.{name}").current_snapshot().summary.additional_properties
        return made["firn.rows-digest"], made["firn.states-digest"]

    def expect(self, mode, files, compacted, rebuilt=True):
        plan = self.firn("plan", "-f", "csv", "-q", "demo.s")
        assert f"mode {mode}: " in plan and f"Raw files to be read: {files}," in plan, plan
        assert (f"{compacted} files believed compacted" if compacted else "") in plan and ("believed" in plan) == (compacted > 0), plan
        said = json.loads(self.firn("refresh", "-f", "json", "-q", "demo.s").splitlines()[-1])
        assert said["mode"] == mode, said
        assert "mode none: no row" in self.firn("plan", "-f", "csv", "-q", "demo.s")
        if not rebuilt:
            return
        self.firn("verify", "-q", "demo.s")
        self.sql(f"DROP MATERIALIZED VIEW IF EXISTS demo.anew; CREATE MATERIALIZED VIEW demo.anew AS {SELECT}; REFRESH MATERIALIZED VIEW demo.anew")
        assert self.digests("s") == self.digests("anew")


def main():
    with tempfile.TemporaryDirectory(prefix="firn-compaction-") as folder:
        lake = Lake(folder)
        days = "2025-01-01", "2025-01-02"
        for day in days:
            lake.add(day, ("a", 1), ("a", 2.5), ("b", 3e300))
        lake.sql("INSERT INTO demo.raw SELECT transaction_date, 'z', amount FROM sample_sales(seed => 1, start => DATE '2024-01-01', days => 6, rows_per_day => 50)")
        lake.expect("full", 12, 0)
        lake.replace(days)
        lake.expect("none", 0, 6)
        # twice over, and a change behind: only that is read; the least value of a group goes with it
        lake.add("2025-01-01", ("a", -5))
        lake.expect("delta", 1, 0)
        lake.replace(days)
        lake.replace(days)
        lake.add("2025-01-01", ("a", 9))
        lake.sql("DELETE FROM demo.raw WHERE x = -5")
        lake.expect("delta", 3, 5)
        units(lake)
        lies(lake)


def units(lake):
    """What was not covered when it was compacted is a change like any other: the files that went are deleted, so their groups are made anew."""
    lake.add("2025-01-03", ("a", 1))
    lake.firn("refresh", "-q", "demo.s")
    lake.add("2025-01-03", ("a", 2))
    lake.replace(["2025-01-03"])
    lake.expect("partition", 1, 0)
    # several files of one unit: all of them go together again, or one is read once more
    lake.sql("INSERT INTO demo.raw VALUES (DATE '2025-01-04', 'a', 1), (DATE '2025-01-04', 'b', 2)")
    lake.add("2025-01-04", ("c", 3))
    lake.firn("refresh", "-q", "demo.s")
    lake.replace(["2025-01-03", "2025-01-04"])
    lake.expect("none", 0, 3)
    lake.replace(["2025-01-04"])
    lake.add("2025-01-05", ("a", 4))
    lake.expect("delta", 1, 1)


def lies(lake):
    lake.add("2025-02-01", ("a", 1), ("a", 2))
    lake.firn("refresh", "-q", "demo.s")
    lake.replace(["2025-02-01"], change=lambda rows: rows.slice(1))  # a row fewer: not believed
    lake.expect("partition", 1, 0)
    lake.replace(["2025-02-01"], change=lambda rows: rows.set_column(2, rows.schema.field(2), pa.array([8.0])))
    lake.expect("none", 0, 1, rebuilt=False)
    lake.firn("verify", "-q", "demo.s", code=7)
    lake.firn("refresh", "--mode", "full", "-q", "demo.s")
    lake.firn("verify", "-q", "demo.s")
    print("ok")


main()
