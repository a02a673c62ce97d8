"""verify.py FIRN - firn verify against summaries that others have damaged, compacted, rolled back or expired.

    forged   files with one fault under a snapshot that says it is firn's: the group is named
    foreign  what PyIceberg writes on top: rows are compared, states are not relied on
    gone     raw snapshots, files and tables that are no more: exit 8, and what can still be checked
    past     --as-of; inside a block; partitions; nothing to verify
    runs     the summary's "$runs"
    layout   --files
"""
import json, os, subprocess, sys, tempfile
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record
from pyiceberg.types import StringType

FIRN = os.path.abspath(sys.argv[1])
SUMMARY = """CREATE OR REPLACE MATERIALIZED VIEW demo.{0} AS SELECT day, product, count(*) AS n, sum(amount) AS total,
    avg(price) AS mean, min(amount) AS low, max(amount) AS high, stddev_samp(price) AS spread
    FROM demo.{1} GROUP BY day, product; REFRESH MATERIALIZED VIEW demo.{0}"""
RAW = """CREATE TABLE demo.{0} (day date, product text, amount double precision, price numeric(8,2));
    INSERT INTO demo.{0} VALUES {1}"""
ROWS = ["(DATE '2025-01-14', 'a', 1e300, 1.50)", "(DATE '2025-01-14', 'a', 0.1, 2.25)", "(DATE '2025-01-14', 'b', 0.0, NULL)",
        "(DATE '2025-01-15', 'a', '-0', 3)", "(DATE '2025-01-15', NULL, 'NaN', 4)", "(NULL, 'b', 7, 5)",
        "(DATE '2025-01-15', 'c', NULL, NULL)", "(DATE '2025-01-16', 'b', 0.3, 6.75)", "(DATE '2025-01-16', 'b', 0.2, 6.5)"]


class Lake:
    def __init__(self, folder):
        self.folder = folder
        subprocess.run([FIRN, "init", "-q"], cwd=folder, check=True)
        self.run("CREATE SCHEMA demo")

    def firn(self, *args):
        return subprocess.run([FIRN, *args], cwd=self.folder, capture_output=True, text=True)

    def run(self, sql, code=0):
        done = self.firn("run", "-q", "-f", "csv", "-c", sql)
        assert done.returncode == code, f"exit {done.returncode}, expected {code}: {sql}\n{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def catalog(self):
        return SqlCatalog("lakehouse", uri=f"sqlite:///{self.folder}/firn.db", warehouse=f"file://{self.folder}/warehouse")

    def table(self, name):
        return self.catalog().load_table(f"demo.{name}")

    def verify(self, name, outcome, *options):
        """It verifies, with this outcome; the answer's row and what was said."""
        done = self.firn("verify", "-f", "json", f"demo.{name}", *options)
        assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        row = json.loads(done.stdout.splitlines()[0])
        assert row["outcome"] == outcome, row
        return row, done.stderr

    def refused(self, name, code, *words, options=()):
        done = self.firn("verify", f"demo.{name}", *options)
        assert done.returncode == code, f"exit {done.returncode}, expected {code} for {words}: {done.stdout}{done.stderr}"
        for word in words:
            assert word in done.stderr, f"{word!r} is not in:\n{done.stderr}"
        assert {7: "SQLSTATE XX002", 8: "SQLSTATE 55000"}.get(code, "SQLSTATE") in done.stderr, done.stderr

    def make(self, name, rows=ROWS):
        """A raw table and its summary."""
        self.run(RAW.format(f"{name}_raw", ", ".join(rows)))
        self.run(SUMMARY.format(name, f"{name}_raw"))


def files_of(table):
    return [t.file for t in table.scan().plan_files()]


def local(file):
    return file.file_path.removeprefix("file://")


def stored(table):
    """All columns of the files, hidden ones, too."""
    return pa.concat_tables(pq.ParquetFile(local(f)).read() for f in files_of(table))


def data_file(table, rows, number, metrics=True):
    path = f"{table.location()}/data/forged-{os.getpid()}-{number}-{rows.num_rows}.parquet"
    pq.write_table(rows, path.removeprefix("file://"))
    ids = [int(f.metadata[b"PARQUET:field_id"]) for f in rows.schema]
    nulls = dict(zip(ids, (c.null_count for c in rows.columns)))
    return DataFile.from_args(
        content=DataFileContent.DATA, file_path=path, file_format=FileFormat.PARQUET, partition=Record(),
        record_count=rows.num_rows, file_size_in_bytes=os.path.getsize(path.removeprefix("file://")), column_sizes={},
        value_counts={i: rows.num_rows for i in ids}, null_value_counts=nulls if metrics else dict.fromkeys(ids, 0),
        nan_value_counts={}, lower_bounds={}, upper_bounds={}, split_offsets=None, equality_ids=None, sort_order_id=None, spec_id=0)


SERIAL = iter(range(1000000))


def forge(table, parts, own=True, metrics=True, **words):
    """Puts other files in place of the table's; `own`: the snapshot says, and the properties agree, that it is firn's."""
    said = {k: v for k, v in table.current_snapshot().summary.additional_properties.items() if k.startswith("firn.") or k == "refresh-state"}
    said.update({k.replace("_", "-").replace("firn-", "firn."): v for k, v in words.items()})
    with table.transaction() as tx:
        with tx.update_snapshot(snapshot_properties=said if own else {}).overwrite() as change:
            for f in files_of(table):
                change.delete_data_file(f)
            for part in parts:
                change.append_data_file(data_file(table, part, next(SERIAL), metrics))
            made = change.snapshot_id
        if own:
            tx.set_properties({"firn.snapshot-id": str(made)} | {k: v for k, v in said.items() if k.endswith("-digest")})


def put(rows, column, at, value):
    """The rows with another value in one place; a column is a name or a hidden one's number."""
    i = column if isinstance(column, int) else rows.schema.get_field_index(column)
    values = rows.column(i).to_pylist()
    values[at] = value(values[at]) if callable(value) else value
    return rows.set_column(i, rows.schema.field(i), pa.array(values, rows.schema.field(i).type))


# ---- forged ----------------------------------------------------------------------------------------------

def state(table, kind, argument_of=None):
    """The place of a state in the files."""
    states = json.loads(table.properties["firn.states"])
    columns = json.loads(table.properties["firn.definition"])["columns"]
    argument = next((c["argument"] for c in columns if c["name"] == argument_of), None)
    return next(len(columns) + i for i, s in enumerate(states) if s["kind"] == f"state_{kind}" and argument in (None, s["argument"]))


def forged(lake):
    lake.make("s")
    row, said = lake.verify("s", "equal", "--files")
    table = lake.table("s")
    assert row["snapshot_id"] == table.current_snapshot().snapshot_id and row["rows_compared"] == 7 and row["files"] == 1, row
    assert row["covered_snapshot_id"] == lake.table("s_raw").current_snapshot().snapshot_id
    assert [row["rows_digest"], row["states_digest"]] == [table.properties[f"firn.{k}-digest"] for k in ("rows", "states")]
    lake.verify("s", "as published", "--level", "digests")
    assert lake.verify("s", "metadata agrees", "--level", "metadata")[0]["rows_compared"] == 0
    good = stored(table)
    assert good.column("product").to_pylist() == ["a", "b", "a", "c", None, "b", "b"], good.to_pylist()

    def fault(rows, *words, digests=7, metadata=0, **how):
        forge(lake.table("s"), [rows], **how)
        lake.refused("s", 7, *words)
        for level, code in (("digests", digests), ("metadata", metadata)):
            done = lake.firn("verify", "demo.s", "--level", level)
            assert done.returncode == code, f"{level}: exit {done.returncode}, expected {code}\n{done.stderr}"

    # what an aggregation with one row gone wrong would have written
    lake.make("wrong", [ROWS[0], ROWS[1].replace("'a'", "'b'"), *ROWS[2:]])
    fault(stored(lake.table("wrong")), "group (day=2025-01-14, product=a), column n: stored 1, recomputed 2", "materialized view demo.s")
    lake.make("short", [r for r in ROWS if r != ROWS[8]])
    fault(stored(lake.table("short")), "group (day=2025-01-16, product=b), column n: stored 1, recomputed 2")
    # one state, one bit
    t = lake.table("s")
    missing, rest = state(t, "missing", "total"), state(t, "rest", "total")
    assert good.column(rest).to_pylist()[0] == 0.1, good.column(rest)
    fault(put(good, missing, 1, lambda n: n + 1), "group (day=2025-01-14, product=b), state_missing of total: stored 1, recomputed 0")
    fault(put(good, rest, 0, 0.10000000000000002), "group (day=2025-01-14, product=a), state_rest of total: stored 0.10000000000000002, recomputed 0.1")
    # a state nulled: where the manifest is honest it says so
    fault(put(good, missing, 2, None), "1 rows have lost _firn_", "(state_missing)", metadata=7)
    fault(put(good, missing, 2, None), "group (day=2025-01-15, product=a), state_missing of total: stored NULL, recomputed 0", metrics=False)
    fault(good.drop_columns([good.schema.names[rest]]), "of 7 rows 0 have _firn_", "(state_rest)", metadata=7)
    # rows: gone, twice, too many, NULL keys, signs of zero, NaN, NULL
    fault(good.slice(1), "group (day=2025-01-14, product=a) is missing: the raw table has it")
    fault(good.slice(0, 6), "group (day=NULL, product=b) is missing: the raw table has it")
    fault(pa.concat_tables([good, good.slice(4, 1)]), "group (day=2025-01-15, product=NULL) is stored more than once")
    fault(pa.concat_tables([put(good.slice(6), "product", 0, "z"), good]), "group (day=NULL, product=z) is stored, and the raw table has no such rows")
    fault(put(good, "low", 2, 0.0), "group (day=2025-01-15, product=a), column low: stored 0, recomputed -0")
    fault(put(good, "high", 4, 1.0), "group (day=2025-01-15, product=NULL), column high: stored 1, recomputed NaN")
    fault(put(good, "spread", 1, 0.0), "group (day=2025-01-14, product=b), column spread: stored 0, recomputed NULL")
    fault(put(good, "low", 3, 0.0), "group (day=2025-01-15, product=c), column low: stored 0, recomputed NULL")
    # the right rows with digests that are not theirs; properties and snapshot that say different things
    forge(lake.table("s"), [good], firn_rows_digest="0" * 32)
    lake.refused("s", 7, "what is stored is not what was published: the rows hash to", "rows-digest is 0000")
    lake.refused("s", 7, "the rows hash to", options=["--level", "digests"])
    forge(lake.table("s"), [good], firn_rows_digest=row["rows_digest"], firn_states_digest="1" * 32)
    lake.refused("s", 7, "the states hash to")
    forge(lake.table("s"), [good], firn_states_digest=row["states_digest"])
    lake.verify("s", "equal", "--files")
    with lake.table("s").transaction() as tx:
        tx.set_properties({"firn.rows-digest": "2" * 32})
    for level in ("full", "digests", "metadata"):
        lake.refused("s", 7, "property firn.rows-digest is 2222", options=["--level", level])
    # bytes: a file that is gone, garbage, or another one of the same length
    lake.make("f")
    path = local(files_of(lake.table("f"))[0])
    bytes_ = open(path, "rb").read()
    open(path, "wb").write(bytes_[:-8] + b"\0\0\0\0PAR1")
    lake.refused("f", 7, "what is stored cannot be read", path)
    lake.refused("f", 7, "what is stored cannot be read", options=["--level", "digests"])
    os.remove(path)
    lake.refused("f", 7, "what is stored cannot be read", path)
    lake.refused("f", 7, "what is stored cannot be read", options=["--files"])
    lake.verify("f", "metadata agrees", "--level", "metadata")


# ---- foreign ---------------------------------------------------------------------------------------------

def foreign(lake):
    lake.make("x")
    own = lake.table("x").current_snapshot().snapshot_id
    rows = lake.table("x").scan().to_arrow()
    # the same rows by another writer: values are right, states are lost
    lake.table("x").overwrite(rows)
    for options, outcome in (([], "rows equal"), (["--level", "digests"], "rows as published")):
        row, said = lake.verify("x", outcome, *options)
        assert row["states_digest"] is None and row["rows_compared"] == 7 and row["snapshot_id"] != own, row
        assert "was made by another program: its rows are compared, its states are not" in said, said
    lake.refused("x", 8, "another program made the snapshot", "level digests", options=["--level", "metadata"])
    lake.refused("x", 7, "rows 0 have _firn_", options=["--files"])
    changed = rows.set_column(2, rows.schema.field(2), pc.add(rows.column(2), pa.array([0, 0, 0, 1, 0, 0, 0])))
    for write, words in (
            (lambda t: t.overwrite(changed), "group (day=2025-01-15, product=c), column n: stored 2, recomputed 1"),
            (lambda t: t.overwrite(rows.slice(0, 5)), "group (day=2025-01-16, product=b) is missing"),
            (lambda t: t.append(rows.slice(0, 1)), "group (day=2025-01-14, product=a) is stored more than once"),
            (lambda t: t.delete("product = 'c'"), "group (day=2025-01-15, product=c) is missing")):
        lake.run("REFRESH MATERIALIZED VIEW demo.x")
        lake.verify("x", "equal")
        write(lake.table("x"))
        lake.refused("x", 7, words, "was made by another program")
        lake.refused("x", 7, "the rows hash to", options=["--level", "digests"])
    # columns that readers see
    lake.run("REFRESH MATERIALIZED VIEW demo.x")
    with lake.table("x").update_schema() as u:
        u.rename_column("total", "sum")
    lake.refused("x", 7, "column 4 of the table is sum double precision", "of the definition total", options=["--level", "metadata"])
    with lake.table("x").update_schema() as u:
        u.rename_column("sum", "total")
    lake.verify("x", "equal")
    # rolled back by others: what stands is firn's and is judged by its own raw snapshot
    before = lake.table("x").current_snapshot().snapshot_id
    lake.run("INSERT INTO demo.x_raw VALUES (DATE '2025-02-01', 'q', 1, 1); REFRESH MATERIALIZED VIEW demo.x")
    with lake.table("x").transaction() as tx:
        tx._apply(*tx._set_ref_snapshot(before, "main", "branch"))
    row, said = lake.verify("x", "equal")
    assert row["snapshot_id"] == before and row["rows_compared"] == 7 and "firn has published" in said, (row, said)
    # firn's own snapshot expired behind a compaction: nothing says what is covered, the digests still speak
    lake.run("REFRESH MATERIALIZED VIEW demo.x")
    own = lake.table("x").current_snapshot().snapshot_id
    lake.table("x").overwrite(lake.table("x").scan().to_arrow())
    gone = [s.snapshot_id for s in lake.table("x").metadata.snapshots if s.snapshot_id != lake.table("x").metadata.current_snapshot_id]
    lake.table("x").maintenance.expire_snapshots().by_ids(gone).commit()
    lake.refused("x", 8, f"the snapshot that says what is covered ({own}) is gone", "still has the digests that were published: 8 rows.")
    lake.verify("x", "rows as published", "--level", "digests")
    lake.table("x").append(rows.slice(0, 1))
    lake.refused("x", 7, "the rows hash to")


# ---- gone ------------------------------------------------------------------------------------------------

def gone(lake):
    still = "still has the digests that were published: 7 rows and their states."
    lake.make("g")
    covered = lake.table("g_raw").current_snapshot().snapshot_id
    path = local(files_of(lake.table("g_raw"))[0])
    os.rename(path, path + ".away")
    lake.refused("g", 8, "a file of the covered raw snapshot is gone", path, still)
    os.rename(path + ".away", path)
    lake.verify("g", "equal")
    lake.run("INSERT INTO demo.g_raw VALUES (DATE '2025-02-01', 'q', 1, 1)")
    lake.verify("g", "equal")  # of the snapshot it covers, not of the newest
    lake.table("g_raw").maintenance.expire_snapshots().by_id(covered).commit()
    lake.refused("g", 8, f"the covered snapshot {covered} of the raw table demo.g_raw is gone", still)
    lake.verify("g", "as published", "--level", "digests")
    forge(lake.table("g"), [put(stored(lake.table("g")), "n", 0, 3)])
    lake.refused("g", 7, "the rows hash to")  # a difference is said, whatever is gone
    lake.run("REFRESH MATERIALIZED VIEW demo.g")
    lake.verify("g", "equal")
    lake.run("DROP TABLE demo.g_raw")
    lake.refused("g", 8, "the raw table demo.g_raw (uuid", "is gone", "8 rows and their states")
    lake.run(RAW.format("g_raw", ROWS[0]))
    lake.refused("g", 8, "the raw table demo.g_raw (uuid", "is gone")


# ---- past ------------------------------------------------------------------------------------------------

def past(lake):
    lake.run(RAW.format("p_raw", ROWS[0]) + "; CREATE TABLE demo.none (day date, amount bigint)")
    lake.run("CREATE MATERIALIZED VIEW demo.never AS SELECT day, sum(amount) AS t FROM demo.none GROUP BY day")
    lake.refused("never", 1, "it has not been refreshed yet", "SQLSTATE 55000")
    lake.run("REFRESH MATERIALIZED VIEW demo.never")
    row, _ = lake.verify("never", "equal", "--files")
    assert row["covered_snapshot_id"] is None and row["rows_compared"] == 0, row
    assert lake.table("never").scan().to_arrow().num_rows == 0
    lake.refused("p_raw", 1, '"p_raw" is not a materialized view')
    lake.run(SUMMARY.format("p", "p_raw"))
    first = lake.table("p").current_snapshot()
    lake.run(f"INSERT INTO demo.p_raw VALUES {ROWS[7]}; REFRESH MATERIALIZED VIEW demo.p")
    second = lake.table("p").current_snapshot()
    lake.run("DELETE FROM demo.p_raw WHERE product = 'a'")
    with lake.table("p_raw").update_schema() as u:
        u.rename_column("price", "cost")  # the SELECT is bound to what it was bound to
    with lake.table("p_raw").update_schema() as u:
        u.add_column("price", StringType())
    assert lake.verify("p", "equal", "--as-of", str(first.snapshot_id))[0]["rows_compared"] == 1
    assert lake.verify("p", "equal", "--as-of", str(second.snapshot_id), "--files")[0]["rows_compared"] == 2
    when = lake.run(f"SELECT committed_at FROM demo.\"p$snapshots\" WHERE snapshot_id = {first.snapshot_id}").split("\n")[1]
    assert lake.verify("p", "equal", "--as-of", when)[0]["snapshot_id"] == first.snapshot_id
    lake.refused("p", 1, "there is no snapshot 12", options=["--as-of", "12"])
    lake.refused("p", 1, "had no snapshot yet", options=["--as-of", "2001-01-01"])
    lake.run("CREATE OR REPLACE MATERIALIZED VIEW demo.p AS SELECT day, count(*) AS n FROM demo.p_raw GROUP BY day; REFRESH MATERIALIZED VIEW demo.p")
    lake.verify("p", "equal")
    lake.refused("p", 8, "was made under another definition", options=["--as-of", str(first.snapshot_id)])
    # in a block: what is staged, against what is staged
    out = lake.run(f"BEGIN; INSERT INTO demo.p_raw (day) VALUES (DATE '2026-01-01'); REFRESH MATERIALIZED VIEW demo.p; CALL system.verify('demo.p', files => true); COMMIT")
    assert out.splitlines()[1].endswith(",equal"), out
    # keys in another order than in the SELECT, partitions, a time zone
    lake.run("""CREATE TABLE demo.w (at timestamptz, k int, v real);
        INSERT INTO demo.w VALUES ('2025-03-30 00:30:00Z', 2, 0.1), ('2025-03-31 01:30:00Z', 1, 0.2), ('2025-05-30 01:30:00Z', 1, 'NaN'), (NULL, NULL, NULL);
        SET timezone = 'Europe/Berlin';
        CREATE MATERIALIZED VIEW demo.z WITH (partitioning = 'month(d)') AS
          SELECT sum(v) FILTER (WHERE k > 1) AS big, k AS key, var_pop(v) AS var, cast(date_trunc('day', at) AS timestamptz) AS d, bool_and(v > 0) AS every
          FROM demo.w GROUP BY k, 4;
        REFRESH MATERIALIZED VIEW demo.z""")
    assert lake.verify("z", "equal", "--files")[0]["files"] == 3
    # arguments
    assert "verify has no argument as_off" in lake.run("CALL system.verify('demo.p', as_off => 1)", code=1)
    assert "level of verify is metadata, digests or full" in lake.run("CALL system.verify('demo.p', level => 'all')", code=1)
    assert "level metadata reads none" in lake.run("CALL system.verify('demo.p', level => 'metadata', files => true)", code=1)
    lake.run("CALL system.verify(\"table\" => 'lakehouse.demo.\"p\"', files => false)")
    assert lake.firn("verify").returncode == 2 and lake.firn("run", "--files", "-c", "SELECT 1").returncode == 2


# ---- runs ------------------------------------------------------------------------------------------------

def runs(lake):
    select = 'SELECT started_at <= committed_at AS timed, engine, application_name AS app, run_id, definition_hash AS hash, snapshot_id, ' \
             'raw_snapshot_id AS raw, mode, rows, raw_rows, outcome FROM demo."r$runs" ORDER BY committed_at'
    lake.make("r")
    assert lake.firn("run", "-q", "--run-id", "nightly-7", "-c", "SET application_name = 'sales'; SET firn.refresh_mode = 'full'; REFRESH MATERIALIZED VIEW demo.r").returncode == 0
    lake.table("r").append(lake.table("r").scan().to_arrow().slice(0, 2))
    table, raw = lake.table("r"), lake.table("r_raw").current_snapshot().snapshot_id
    ids = [s.snapshot_id for s in sorted(table.metadata.snapshots, key=lambda s: s.timestamp_ms)]
    common = {"timed": True, "engine": "firn", "hash": table.properties["firn.definition-hash"], "raw": raw, "mode": "full",
              "rows": 7, "raw_rows": len(ROWS), "outcome": "published"}
    foreign = dict.fromkeys(common, None) | {"app": None, "run_id": None, "snapshot_id": ids[2], "rows": 9, "outcome": "foreign"}
    want = [common | {"app": None, "run_id": None, "snapshot_id": ids[0]},
            common | {"app": "sales", "run_id": "nightly-7", "snapshot_id": ids[1]}, foreign]
    have = [json.loads(line) for line in lake.firn("run", "-q", "-f", "json", "-c", select).stdout.splitlines()[:-1]]
    assert have == want, f"{have}\n{want}"
    assert "only a materialized view has runs" in lake.run('SELECT * FROM demo."r_raw$runs"', code=1)


# ---- layout ----------------------------------------------------------------------------------------------

def layout(lake):
    lake.run("""CREATE TABLE demo.l_raw AS SELECT * FROM sample_sales(seed => 7, start => DATE '2025-01-01', days => 100, rows_per_day => 1500, products => 2000);
        CREATE MATERIALIZED VIEW demo.l AS SELECT transaction_date AS d, product_id AS p, count(*) AS n, sum(amount) AS t, sum(unit_price) AS u
          FROM demo.l_raw GROUP BY 1, 2; REFRESH MATERIALIZED VIEW demo.l""")
    row, _ = lake.verify("l", "equal", "--files")
    files = sorted((pq.ParquetFile(local(f)).read() for f in files_of(lake.table("l"))), key=lambda t: t.column("d")[0].as_py())
    assert row["files"] == len(files) >= 3, row

    def fault(parts, *words, **how):
        forge(lake.table("l"), parts, **how)
        lake.verify("l", "equal")
        if words:
            lake.refused("l", 7, *words, options=["--files"])
        else:
            lake.verify("l", "equal", "--files")

    fault([pa.concat_tables(files[:2]), *files[2:]], "goes on behind a month's end")
    half = files[0].num_rows // 2
    fault([files[0].slice(0, half), files[0].slice(half), *files[1:]], "for no reason")
    fault([files[0].slice(0, half), files[0].slice(half), *files[1:]], firn_mode="delta")  # a merge leaves older ends in place
    one = pa.concat_tables(files)
    fault([pa.concat_tables([one.slice(1), one.slice(0, 1)])], "is not sorted: (d=2025-01-01, p=", "stands behind (d=2025-04-10, p=", firn_mode="full")
    fault([one.take(list(range(0, one.num_rows, 2))), one.take(list(range(1, one.num_rows, 2)))], "overlap: the second begins with")


def main():
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        for part in (forged, foreign, gone, past, runs, layout):
            part(lake)
    print("ok: forged files, foreign snapshots, what is gone, the past, runs, layout")


if __name__ == "__main__":
    main()
