"""rest.py FIRN [PART ...] - firn and PyIceberg change the same tables behind Iceberg's Java REST server.

    job           the example's tables as PyIceberg sees them; the second run replaces both in one step
    theirs        tables that PyIceberg made: read, appended to, replaced; renamed under firn
    renames       PyIceberg finds a table under its new name; what a server cannot do in one step is refused
    purge         files go with a table that is dropped so, and stay with one that is not
    names         schemas of several levels, lists, drops, absent and present things
    together      what the server cannot do in one step is refused, and done in order where asked
    appends       processes of both append at once; nothing is lost
    replaced      firn replaces a table while PyIceberg appends to it
    moved         a table that changes between two looks: the block is run again
    lost          replies that never arrive: each row once, whatever happened
"""
import http.client, http.server, os, socket, sys, threading, time, urllib.parse

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from lakehouse import all_zero, finish
from rest_lake import S3, RestLake

firn = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
uri = os.environ["FIRN_REST_URI"]


class Lake(RestLake):
    def __init__(self):
        super().__init__(firn, uri)


def job():
    with Lake() as lake:
        args = ("run", "-q", "-v", f"database_name={lake.space}")
        lake.script("seed.sql", f"SET firn.publish = 'ordered';\n\\i {here}/../../examples/batch_aggregation.sql\n")
        p = lake.run("run", "-v", f"database_name={lake.space}", "seed.sql")
        raw, summary = f"{lake.space}.sales_transactions_raw", f"{lake.space}.sales_daily_summary"
        assert p.stderr.index(f'"{raw}" is published') < p.stderr.index(f'"{summary}" is published'), p.stderr
        first = lake.table("sales_daily_summary")
        types = [str(f.field_type) for f in first.schema().fields]
        assert types == ["date", "long", "long", "long", "double", "double", "double", "double"], types
        groups = {(r["transaction_date"].day, r["product_id"]): (r["transaction_count"], r["total_quantity"])
                  for r in first.scan().to_arrow().to_pylist()}
        assert groups[(14, 101)] == (112, 651) and groups[(16, 103)] == (124, 689) and len(groups) == 9, groups
        assert len(lake.rows("sales_transactions_raw")) == 999
        lake.run(*args, f"{here}/../../examples/batch_aggregation.sql")  # both exist: one step, no setting
        again = lake.table("sales_daily_summary")
        assert again.metadata.table_uuid == first.metadata.table_uuid and len(again.metadata.snapshots) == 2
        raw = lake.table("sales_transactions_raw").metadata
        assert raw.snapshots[-1].parent_snapshot_id is None and len(raw.snapshots) == 2, raw.snapshots
        for t in (first.metadata, again.metadata):
            assert t.snapshots[-1].schema_id == t.current_schema_id, t
        assert lake.rows("sales_daily_summary") == sorted(
            tuple(r.values()) for r in first.scan().to_arrow().to_pylist())
        assert len(lake.read('SELECT * FROM ~."sales_daily_summary$snapshots"')) == 2
        return "9 groups"


def theirs():
    with Lake() as lake:
        c = lake.catalog()
        rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", None, "ü"], "x": [0.5, 1.5, None]})
        t = c.create_table(f"{lake.space}.t", rows.schema)
        t.append(rows)
        assert lake.read("SELECT id, name, x FROM ~.t ORDER BY id") == [("1", "a", "0.5"), ("2", "", "1.5"), ("3", "ü", "")]
        lake.do("INSERT INTO ~.t VALUES (4, 'd', 4.5)")
        t.refresh()
        t.append(rows.slice(0, 1))
        assert lake.rows("t") == [(1, "a", 0.5), (1, "a", 0.5), (2, None, 1.5), (3, "ü", None), (4, "d", 4.5)]
        lake.do("DELETE FROM ~.t WHERE id = 1")
        assert [r[0] for r in lake.rows("t")] == [2, 3, 4]
        with t.update_schema() as u:
            u.rename_column("name", "label")
            u.add_column("more", pa_int())
        assert lake.read("SELECT label, more FROM ~.t WHERE id = 4") == [("d", "")]
        lake.do("CREATE OR REPLACE TABLE ~.t WITH (partitioning = 'bucket(4, id)') AS SELECT id, 1 AS other FROM ~.t")
        new = lake.table("t")
        ids = {f.name: f.field_id for f in new.schema().fields}
        assert ids == {"id": 1, "other": 5} and new.spec().fields[0].name == "id_bucket", (ids, new.spec())
        assert lake.rows("t") == [(2, 1), (3, 1), (4, 1)]
        c.rename_table(f"{lake.space}.t", f"{lake.space}.renamed")
        assert lake.read("SELECT count(*) FROM ~.renamed") == [("3",)]
        assert "does not exist" in lake.do("SELECT * FROM ~.t", code=1).stderr


def pa_int():
    from pyiceberg.types import IntegerType
    return IntegerType()


def renames():
    with Lake() as lake:
        lake.do("CREATE TABLE ~.a AS SELECT 1 AS x; CREATE TABLE ~.b AS SELECT 2 AS x")
        was = lake.table("a")
        lake.do("ALTER TABLE ~.a RENAME TO c")
        now = lake.table("c")
        assert (now.metadata.table_uuid, now.metadata_location) == (was.metadata.table_uuid, was.metadata_location)
        assert not lake.catalog().table_exists(f"{lake.space}.a") and lake.rows("c") == [(1,)]
        assert "42P07" in lake.do("ALTER TABLE ~.c RENAME TO b", code=1).stderr
        assert "42P01" in lake.do("ALTER TABLE ~.a RENAME TO d", code=1).stderr
        lake.do("ALTER TABLE IF EXISTS ~.a RENAME TO d; INSERT INTO ~.c VALUES (3)")
        for more in ("INSERT INTO ~.d VALUES (4)", "CREATE TABLE ~.c AS SELECT 5 AS x", "DROP TABLE ~.b", "ALTER TABLE ~.b RENAME TO c"):
            p = lake.do(f"BEGIN; ALTER TABLE ~.c RENAME TO d; {more}; COMMIT", code=1)
            assert "0A000" in p.stderr and "REST catalog" in p.stderr, p.stderr
            assert lake.rows("c") == [(1,), (3,)] and lake.rows("b") == [(2,)]
        other = f"{lake.space}x"
        lake.do(f"CREATE SCHEMA {other}")
        lake.do(f"ALTER TABLE ~.c SET SCHEMA {other}")
        assert lake.catalog().load_table(f"{other}.c").metadata.table_uuid == was.metadata.table_uuid
        assert "0A000" in lake.run("run", "--run-id", "r", "-c", f"ALTER TABLE {other}.c RENAME TO d", code=1).stderr
        lake.do(f"ALTER TABLE {other}.c SET SCHEMA ~")
        assert lake.rows("c") == [(1,), (3,)]


def purge():
    with Lake() as lake:
        lake.do("CREATE TABLE ~.t AS SELECT 1 AS a; CREATE TABLE ~.k AS SELECT 2 AS a; CREATE TABLE ~.g (a int) WITH (\"gc.enabled\" = 'false')")
        lake.do("INSERT INTO ~.t VALUES (3)")
        t, k = lake.table("t"), lake.table("k")
        there = [[f.file.file_path for f in x.scan().plan_files()] + [x.metadata_location] for x in (t, k)]
        assert len(there[0]) == 3
        lake.do("BEGIN; DROP TABLE ~.t PURGE; ROLLBACK")
        assert lake.rows("t") == [(1,), (3,)]
        p = lake.do("DROP TABLE ~.g PURGE", code=1)
        assert "0A000" in p.stderr and "gc.enabled" in p.stderr, p.stderr
        lake.do("DROP TABLE ~.t PURGE; DROP TABLE ~.k")
        assert [[t.io.new_input(f).exists() for f in files] for files in there] == [[False] * 3, [True] * 2]


def names():
    with Lake() as lake:
        c = lake.catalog()
        for levels in (("a",), ("a", "b c")):
            c.create_namespace((lake.space,) + levels)
        assert [r[0] for r in lake.read("SHOW schemas") if r[0].startswith(lake.space)] == [
            lake.space, f"{lake.space}.a", f"{lake.space}.a.b c"]
        lake.do('CREATE TABLE "~.a.b c"."T x" AS SELECT 1 AS a')
        assert c.list_tables((lake.space, "a", "b c")) == [(lake.space, "a", "b c", "T x")]
        assert lake.read('SELECT a FROM "~.a.b c"."T x"') == [("1",)]
        lake.do("CREATE TABLE ~.t AS SELECT 1 AS a")
        data = [f.file.file_path for f in lake.table("t").scan().plan_files()]
        lake.do("DROP TABLE ~.t")
        try:
            lake.table("t")
            raise AssertionError("t is still there")
        except NoSuchTableError:
            pass
        with c._load_file_io(S3).new_input(data[0]).open() as f:  # the file is not purged
            assert f.read(4) == b"PAR1"
        assert "42P06" in lake.do("CREATE SCHEMA ~", code=1).stderr
        assert "2BP01" in lake.do('DROP SCHEMA "~.a.b c"', code=1).stderr
        lake.do('DROP TABLE "~.a.b c"."T x"')
        lake.do('DROP SCHEMA "~.a.b c"')
        assert c.list_namespaces((lake.space, "a")) == []
        assert "3F000" in lake.do('CREATE TABLE "~.none".t (a int)', code=1).stderr
        assert "42P07" in lake.do("CREATE TABLE ~.u (a int); CREATE TABLE ~.u (a int)", code=1).stderr


def together():
    with Lake() as lake:
        two = "BEGIN; CREATE TABLE ~.a AS SELECT 1 AS x; CREATE TABLE ~.b AS SELECT 2 AS x; COMMIT"
        p = lake.do(two, code=1)
        assert "0A000" in p.stderr and "firn.publish = 'ordered'" in p.stderr, p.stderr
        assert lake.catalog().list_tables(lake.space) == []
        lake.do("SET firn.publish = 'ordered'; " + two)
        lake.do("BEGIN; INSERT INTO ~.a VALUES (3); INSERT INTO ~.b VALUES (4); COMMIT")
        assert lake.rows("a") == [(1,), (3,)] and lake.rows("b") == [(2,), (4,)]
        p = lake.do("BEGIN; CREATE SCHEMA ~_new; CREATE TABLE ~_new.t (a int); COMMIT", code=1)
        assert "0A000" in p.stderr, p.stderr
        p = lake.run("run", "--run-id", "r1", "-c", ("SET firn.publish = 'ordered'; " + two.replace(".a", ".c").replace(
            ".b", ".d")).replace("~", lake.space), code=1)
        assert "does not go with --run-id" in p.stderr, p.stderr


def append_theirs(lake, name, values):
    for v in values:
        for _ in range(100):
            try:
                lake.table(name).append(pa.table({"w": pa.array([9], pa.int32()), "n": pa.array([v], pa.int32())}))
                break
            except CommitFailedException:
                time.sleep(0.05)
        else:
            raise AssertionError("PyIceberg never got through")


def appends(processes=4, each=4, their=4):
    with Lake() as lake:
        lake.do("CREATE TABLE ~.t (w int, n int)")
        running = [lake.start("run", "-q", "-c", "; ".join(
            f"INSERT INTO {lake.space}.t VALUES ({w}, {n})" for n in range(each))) for w in range(processes)]
        append_theirs(lake, "t", range(their))
        all_zero(finish(running, 120))
        want = sorted([(w, n) for w in range(processes) for n in range(each)] + [(9, n) for n in range(their)])
        assert lake.rows("t") == want, lake.rows("t")
        assert lake.read("SELECT count(*), count(*) FILTER (WHERE w = 9) FROM ~.t") == [(str(len(want)), str(their))]
        return f"{len(want)} appends"


def replaced(times=4):
    with Lake() as lake:
        lake.do("CREATE TABLE ~.t (w int, n int)")
        lake.script("replace.sql", "".join(
            f"BEGIN; CREATE OR REPLACE TABLE {lake.space}.t AS SELECT w, n FROM {lake.space}.t;"
            f" INSERT INTO {lake.space}.t VALUES (1, {i}); COMMIT;\n" for i in range(times)))
        running = lake.start("run", "-q", "replace.sql")
        append_theirs(lake, "t", range(times))
        all_zero(finish([running], 120))
        assert lake.rows("t") == sorted([(1, i) for i in range(times)] + [(9, i) for i in range(times)]), lake.rows("t")


class Loser(http.server.BaseHTTPRequestHandler):
    """A proxy that loses replies: by plan, the request is passed on or not, now or later, and the connection is reset."""
    plan = []
    before = {}  # the end of a path: what is done once before it is asked for
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def passed_on(self, body):
        to = urllib.parse.urlsplit(uri)
        c = http.client.HTTPConnection(to.hostname, to.port)
        c.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "host"})
        r = c.getresponse()
        return r.status, r.getheader("Content-Type"), r.read()

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command == "GET" and self.path.rsplit("/", 1)[-1] in Loser.before:
            Loser.before.pop(self.path.rsplit("/", 1)[-1])()
        change = self.command != "GET" and b"stage-create\":true" not in body
        fate = Loser.plan.pop(0) if change and Loser.plan else "well"
        if fate == "late":
            threading.Timer(1.0, self.passed_on, [body]).start()
        answer = self.passed_on(body) if fate in ("well", "applied") else None
        if fate != "well":
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            return
        self.send_response(answer[0])
        if answer[1]:
            self.send_header("Content-Type", answer[1])
        self.send_header("Content-Length", str(len(answer[2])))
        self.end_headers()
        self.wfile.write(answer[2])

    do_GET = do_POST = do_DELETE = do_HEAD = handle_one


def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Loser)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def moved():
    server, at = proxy()
    with Lake() as lake:
        lake.do("CREATE TABLE ~.a AS SELECT 9 AS w, 0 AS n")
        lake.do("CREATE TABLE ~.b AS SELECT 9 AS w, 0 AS n")
        lake.configure(at)

        def append():
            append_theirs(lake, "a", [1])
        Loser.before = {"b": append}  # a changes after it was read and before b is
        assert lake.read("SELECT (SELECT count(*) FROM ~.a), (SELECT count(*) FROM ~.b)") == [("2", "1")]
        assert not Loser.before
        Loser.before = {"b": append}
        lake.script("block.sql", f"BEGIN;\nSELECT count(*) AS n FROM {lake.space}.a \\gset\n"
                    f"SELECT :n AS a, count(*) AS b FROM {lake.space}.b;\nCOMMIT;\n")
        p = lake.run("run", "--format", "csv", "block.sql")
        assert "running the block again (1 of 10)" in p.stderr, p.stderr
        assert p.stdout.split() == ["a,b", f"{len(lake.rows('a'))},1"], p.stdout
    server.shutdown()


def lost():
    server, at = proxy()
    with Lake() as lake:
        lake.configure(at)
        n = 0
        for plan in (["applied"], ["refused"], ["late"], ["refused", "applied"], ["late", "late"]):
            Loser.plan = list(plan)
            lake.do(f"CREATE TABLE ~.t{n} AS SELECT 1 AS a")
            assert lake.rows(f"t{n}") == [(1,)], plan
            Loser.plan = list(plan)
            lake.do(f"INSERT INTO ~.t{n} VALUES (2)")
            time.sleep(1.2 if "late" in plan else 0)
            assert lake.rows(f"t{n}") == [(1,), (2,)], (plan, lake.rows(f"t{n}"))
            n += 1
        Loser.plan = ["refused"] * 999
        p = lake.run("run", "-q", "--busy", "1500", "-c", f"INSERT INTO {lake.space}.t0 VALUES (3)", code=6)
        assert "unknown" in p.stderr and "$snapshots" not in p.stderr, p.stderr
        Loser.plan = ["applied"]
        lake.do("DROP TABLE ~.t1")
    server.shutdown()
    return f"{n} tables"


def summaries():
    """A summary's companion is made and dropped ahead of it: the server takes that by itself only."""
    with Lake() as lake:
        lake.do("CREATE TABLE ~.r AS SELECT 1 AS k, 2.5 AS x")
        lake.do("CREATE MATERIALIZED VIEW ~.v AS SELECT k, sum(x) AS x, min(x) AS m FROM ~.r GROUP BY k")
        for n in range(3):
            lake.do("REFRESH MATERIALIZED VIEW ~.v")
            assert lake.rows("v") == [(1, 2.5 * (n + 1), 2.5)], lake.rows("v")
            lake.do("INSERT INTO ~.r VALUES (1, 2.5)")
        assert (lake.space, "v__firn") in lake.catalog().list_tables(lake.space)
        lake.do("DROP MATERIALIZED VIEW ~.v")
        assert lake.catalog().list_tables(lake.space) == [(lake.space, "r")]
        # what cannot be published leaves no companion
        lake.do("CREATE MATERIALIZED VIEW ~.v AS SELECT k, count(*) AS n FROM ~.r GROUP BY k")
        lake.run("run", "-q", "-c", f"BEGIN; REFRESH MATERIALIZED VIEW {lake.space}.v; CREATE TABLE {lake.space}.other AS SELECT 1 AS a; COMMIT", code=1)
        assert sorted(t for _, t in lake.catalog().list_tables(lake.space)) == ["r", "v"]
        lake.do("DROP MATERIALIZED VIEW ~.v")


for part in (job, theirs, summaries, renames, purge, names, together, appends, replaced, moved, lost):
    if len(sys.argv) == 2 or part.__name__ in sys.argv[2:]:
        start = time.monotonic()
        said = part()
        print(f"{part.__name__}: {said or 'ok'}, {time.monotonic() - start:.1f} s", flush=True)
