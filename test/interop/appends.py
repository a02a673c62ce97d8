"""appends.py FIRN [PROCESSES] - many processes change one lakehouse at once; nothing is lost.

    appends      PROCESSES firn processes append to one table
    mixed        firn and PyIceberg append to one table; PyIceberg knows nothing of firn's commit lock
    counter      blocks that read, delete and insert one row: each must have seen the one before
    first_load   the same day loaded twice at once: DELETE that finds nothing, then INSERT
    partitions   the same partition overwritten at once
    ddl          schemas and tables made and dropped by all
    locked_*     a catalog that another process holds is waited for, no longer than `busy`
"""
import fcntl, os, sqlite3, subprocess, sys, time
from lakehouse import Lakehouse, all_zero, finish

firn, processes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40
LIMIT_S = 120


def insert(lake, table, i):
    return lake.start("run", "-q", "-c", f"INSERT INTO {table} VALUES ({i}, 'firn')")


def check_history(table, snapshots, rows):
    """One chain of snapshots, each adding what it says."""
    t = table.scan().to_arrow()
    assert t.num_rows == rows, f"{t.num_rows} rows, wanted {rows}"
    assert len(set(t.column("id").to_pylist())) == rows, "a row stands there twice"
    assert len(table.metadata.snapshots) == snapshots, f"{len(table.metadata.snapshots)} snapshots, wanted {snapshots}"
    seen, at = 0, table.current_snapshot()
    while at:
        seen += 1
        at = table.snapshot_by_id(at.parent_snapshot_id) if at.parent_snapshot_id else None
    assert seen == snapshots, f"the chain of parents has {seen} snapshots of {snapshots}"
    assert table.current_snapshot().summary["total-records"] == str(rows)


def appends():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s")
        lake.sql("CREATE TABLE s.t (id bigint, who text)")
        started = time.monotonic()
        all_zero(finish([insert(lake, "s.t", i) for i in range(processes)], LIMIT_S))
        took = time.monotonic() - started
        check_history(lake.catalog().load_table("s.t"), processes, processes)
        return f"{processes} processes, {took:.1f} s"


PYICEBERG = """
import sys, warnings; warnings.filterwarnings("ignore")
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
c = SqlCatalog("lakehouse", uri=f"sqlite:///{folder}/firn.db", warehouse=f"file://{folder}/warehouse")
lost = 0
for i in range(first, first + count):
    rows = pa.table({"id": pa.array([i], pa.int64()), "who": pa.array(["pyiceberg"], pa.string())})
    while True:
        try:
            c.load_table("s.t").append(rows)
            break
        except CommitFailedException:
            lost += 1
print(lost)
"""


def mixed():
    writers, each, appends = 3, max(2, processes // 10), processes // 2
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s")
        lake.sql("CREATE TABLE s.t (id bigint, who text)")
        started = time.monotonic()
        others = [subprocess.Popen([sys.executable, "-c", PYICEBERG, lake.folder, str(1000000 * (w + 1)), str(each)],
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for w in range(writers)]
        for count in range(0, appends, 4):  # with rests: a PyIceberg append takes long enough to lose them all
            all_zero(finish([insert(lake, "s.t", count + i) for i in range(4)], LIMIT_S))
            time.sleep(0.3)
        count += 4
        done = finish(others, LIMIT_S)
        all_zero(done)
        check_history(lake.catalog().load_table("s.t"), count + writers * each, count + writers * each)
        return (f"{count} appends by firn, {writers * each} by PyIceberg ({sum(int(d[1]) for d in done)} lost races "
                f"that it gave up), {time.monotonic() - started:.1f} s")


def blocks(lake, text):
    """The script, run by four at once several times; how many blocks were committed and given up."""
    lake.script("add.sql", text)
    won = lost = 0
    for _ in range(max(2, processes // 20)):
        for code, out, err in finish([lake.start("run", "-q", "add.sql") for _ in range(4)], LIMIT_S):
            assert code in (0, 5), f"exit {code}\n{out}\n{err}"
            assert code == 0 or "40001" in err, err
            won, lost = won + (code == 0), lost + (code == 5)
    assert won > 0
    return won, lost


def counter():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s")
        lake.sql("CREATE TABLE s.c (n bigint)")
        lake.sql("INSERT INTO s.c VALUES (0)")
        won, lost = blocks(lake, "BEGIN;\nSELECT n + 1 AS next FROM s.c \\gset\nDELETE FROM s.c;\n"
                                 "INSERT INTO s.c VALUES (:next);\nCOMMIT;\n")
        assert lake.rows("s.c") == [(won,)], f"{lake.rows('s.c')}, but {won} blocks were committed"
        lake.sql("CREATE TABLE s.l AS SELECT 0 AS n")
        appended, gave_up = blocks(lake, "BEGIN;\nSELECT max(n) + 1 AS next FROM s.l \\gset\n"
                                         "INSERT INTO s.l VALUES (:next);\nCOMMIT;\n")
        assert lake.rows("s.l") == [(n,) for n in range(appended + 1)], "an append did not see the one before"
        return f"{won + appended} blocks committed, {lost + gave_up} gave up"


def first_load():
    """Exactly one day's rows stand there afterwards, whoever was last."""
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s")
        for n in range(max(3, processes // 10)):
            lake.sql(f"CREATE TABLE s.day{n} (d date, x bigint)")
            lake.script("load.sql", f"BEGIN;\nDELETE FROM s.day{n} WHERE d = DATE '2025-01-14';\n"
                                    f"INSERT INTO s.day{n} VALUES (DATE '2025-01-14', 1), (DATE '2025-01-14', 2);\nCOMMIT;\n")
            all_zero(finish([lake.start("run", "-q", "load.sql") for _ in range(3)], LIMIT_S))
            got = [r[1] for r in lake.rows(f"s.day{n}")]
            assert got == [1, 2], f"a day loaded three times at once holds {got}"


def partitions():
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s")
        for n in range(max(3, processes // 10)):
            lake.sql(f"CREATE TABLE s.p{n} (d date, x bigint) WITH (partitioning = 'd')")
            lake.script("load.sql", "SET firn.overwrite = 'partitions';\n"
                                    f"INSERT INTO s.p{n} VALUES (DATE '2025-01-14', 1), (DATE '2025-01-14', 2);\n")
            all_zero(finish([lake.start("run", "-q", "load.sql") for _ in range(3)], LIMIT_S))
            got = [r[1] for r in lake.rows(f"s.p{n}")]
            assert got == [1, 2], f"a partition overwritten three times at once holds {got}"


def ddl():
    allowed = ("2BP01", "3F000", "42P01", "42P07", "42P06", "40001")
    with Lakehouse(firn) as lake:
        all_zero(finish([lake.start("run", "-q", "-c", "CREATE SCHEMA IF NOT EXISTS one") for _ in range(8)], LIMIT_S))
        all_zero(finish([lake.start("run", "-q", "-c", "CREATE TABLE IF NOT EXISTS one.t (a bigint)")
                         for _ in range(8)], LIMIT_S))
        assert lake.catalog().list_tables("one") == [("one", "t")]
        codes = {}
        for _ in range(max(1, processes // 20)):
            texts = ["CREATE SCHEMA IF NOT EXISTS two", "CREATE TABLE IF NOT EXISTS two.t (a bigint)",
                     "CREATE OR REPLACE TABLE two.t AS SELECT 1 AS a", "INSERT INTO two.t VALUES (2)",
                     "DROP TABLE IF EXISTS two.t", "DROP SCHEMA IF EXISTS two",
                     "CREATE OR REPLACE TABLE one.t AS SELECT 3 AS b", "CREATE TABLE one.u (a bigint)"] * 2
            for code, out, err in finish([lake.start("run", "-q", "-c", t) for t in texts], LIMIT_S):
                assert code == 0 or any(a in err for a in allowed), f"exit {code}: {err}"
                codes[code] = codes.get(code, 0) + 1
            c = lake.catalog()
            for space in c.list_namespaces():
                for name in c.list_tables(space):
                    c.load_table(name).scan().to_arrow()
        assert lake.rows("one.t") == [(3,)]
        return "exit codes " + ", ".join(f"{k}: {v}" for k, v in sorted(codes.items()))


def held(lake, seconds, statement, busy_ms, lock):
    """Runs a statement while the catalog is held for `seconds`; its exit code, words and time."""
    if lock != "commits":
        holder = sqlite3.connect(f"{lake.folder}/firn.db", isolation_level=None)
        if lock == "readers":
            holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        release = lambda: (holder.execute("ROLLBACK"), holder.close())
    else:
        fd = os.open(f"{lake.folder}/firn.db-lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(fd, fcntl.LOCK_EX)
        release = lambda: os.close(fd)
    started = time.monotonic()
    p = lake.start("run", "-q", "-c", statement, FIRN_BUSY=str(busy_ms))
    try:
        p.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        release()
        release = lambda: None
    (done,) = finish([p], 30)
    release()
    return done[0], done[2], time.monotonic() - started


def locked(journal):
    with Lakehouse(firn) as lake:
        lake.sql("CREATE SCHEMA s")
        lake.sql("CREATE TABLE s.t (a bigint)")
        db = sqlite3.connect(f"{lake.folder}/firn.db", isolation_level=None)
        assert db.execute(f"PRAGMA journal_mode = {journal}").fetchone() == (journal,)
        db.close()
        for lock, statement in (("readers", "SELECT * FROM s.t"), ("database", "INSERT INTO s.t VALUES (1)"),
                                ("commits", "INSERT INTO s.t VALUES (1)")):
            code, err, took = held(lake, 8, statement, 700, lock)
            assert code == 9 and "55P03" in err and "firn.db" in err, f"{lock}: exit {code}: {err}"
            assert 0.6 < took < 3, f"waited {took:.2f} s, busy is 0.7 s"
            assert lake.rows("s.t") == []
        for lock in ("readers", "database", "commits"):
            code, err, took = held(lake, 1, "INSERT INTO s.t VALUES (2)", 30000, lock)
            assert code == 0 and took > 0.9, f"{lock}: exit {code} after {took:.2f} s: {err}"
        assert lake.rows("s.t") == [(2,)] * 3


def locked_with_log():
    return locked("wal")


def locked_with_journal():
    return locked("delete")


for test in (appends, mixed, counter, first_load, partitions, ddl, locked_with_log, locked_with_journal):
    started = time.monotonic()
    print(f"{test.__name__}: {test() or 'ok'} ({time.monotonic() - started:.1f} s)", flush=True)
