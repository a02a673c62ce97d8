"""nessie.py FIRN [PART ...] - firn's tables on a Nessie branch, looked at through Nessie's own API.

    job           the example's publish of raw and summary is one commit, findable by its id
    identity      CREATE OR REPLACE keeps the content; DROP and CREATE make a new one; where tables lie
    renames       a renamed table keeps its content; alone, with changes; what the server cannot do is refused
    files         what a commit once published is never deleted
    references    a tag and a hash are read and not written
    branches      made, merged and dropped by CALL; a merge that conflicts changes nothing
    foreign       views, other kinds of content, names firn cannot write
    namespaces    made, listed, dropped; a missing parent, one that is not empty
    appends       processes append at once; nothing is lost
    conflicts     a block whose table somebody else changed runs again, appends do not
    lost          replies that never arrive: each row once, whatever happened
"""
import http.server, json, os, socket, sys, threading, urllib.error, urllib.request

from lakehouse import all_zero, finish
from nessie_api import URI, Branch

firn = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))


def rows(lake, sql, *args):
    out = lake.run("run", "-q", "--format", "csv", *args, "-c", sql).stdout.strip().split("\n")
    return [tuple(line.split(",")) for line in out[1:]]


def job():
    with Branch(firn) as lake:
        lake.run("run", "-q", f"{here}/../../examples/batch_aggregation.sql")
        publish = [h for h in lake.history() if len(h[2]) == 3]
        assert len(publish) == 1, lake.history()
        message, properties, operations = publish[0]
        assert {o["key"]["elements"][1] for o in operations} == {"sales_transactions_raw", "sales_daily_summary", "sales_daily_summary__firn"}
        assert message.startswith("firn: create") and len(properties["firn.publish-id"]) == 1, (message, properties)
        for o in operations:
            c = o["content"]
            with open(c["metadataLocation"][7:]) as f:
                t = json.load(f)
            assert (c["snapshotId"], c["schemaId"], c["specId"], c["sortOrderId"]) == (
                t["current-snapshot-id"], t["current-schema-id"], t["default-spec-id"], t["default-sort-order-id"]), c
            assert t["properties"]["gc.enabled"] == "false", t["properties"]
            assert t["properties"]["write.metadata.delete-after-commit.enabled"] == "false", t["properties"]
            assert t["snapshots"][-1]["summary"]["firn.publish-id"] == properties["firn.publish-id"][0]
        assert rows(lake, "SELECT count(*), sum(total_quantity) FROM demo.sales_daily_summary") == [("9", "5526")]
        return f"{len(lake.history())} commits"


def identity():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a")
        first = lake.content("s", "t")
        assert first["metadataLocation"].startswith(f"file://{lake.folder}/wh/s/t_"), first
        lake.sql("INSERT INTO s.t VALUES (2)")
        lake.sql("CREATE OR REPLACE TABLE s.t AS SELECT 'x' AS b")
        replaced = lake.content("s", "t")
        assert replaced["id"] == first["id"], (first, replaced)
        assert replaced["metadataLocation"].rsplit("/", 2)[0] == first["metadataLocation"].rsplit("/", 2)[0]
        lake.sql("BEGIN; DROP TABLE s.t; CREATE TABLE s.t AS SELECT 3 AS c; COMMIT")
        anew = lake.content("s", "t")
        assert anew["id"] != first["id"] and len(lake.history()[0][2]) == 1
        assert anew["metadataLocation"].rsplit("/", 2)[0] != first["metadataLocation"].rsplit("/", 2)[0]
        lake.sql("DROP TABLE s.t")
        assert lake.content("s", "t") is None
        lake.sql("CREATE TABLE s.e (a int)")
        assert lake.content("s", "e")["snapshotId"] == -1
        lake.commit({"type": "PUT", "key": {"elements": ["s"]},
                     "content": dict(lake.content("s"), properties={"location": f"file://{lake.folder}/other/"})})
        lake.sql("CREATE TABLE s.o (a int)")
        assert lake.content("s", "o")["metadataLocation"].startswith(f"file://{lake.folder}/other/o_")


def renames():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE SCHEMA other; CREATE TABLE s.a AS SELECT 1 AS x; CREATE TABLE s.b AS SELECT 2 AS x")
        a, b = lake.content("s", "a"), lake.content("s", "b")
        lake.sql("ALTER TABLE s.a RENAME TO c")
        assert lake.content("s", "a") is None and lake.content("s", "c") == a, (a, lake.content("s", "c"))
        message, _, operations = lake.history()[0]
        assert message == "firn: rename s.a to s.c" and sorted(o["type"] for o in operations) == ["DELETE", "PUT"], operations
        lake.sql("BEGIN; ALTER TABLE s.c SET SCHEMA other; INSERT INTO other.c VALUES (10); CREATE TABLE s.c AS SELECT 9 AS y; COMMIT")
        moved = lake.content("other", "c")
        assert moved["id"] == a["id"] and moved["metadataLocation"] != a["metadataLocation"]
        assert lake.content("s", "c")["id"] not in (a["id"], b["id"])
        assert rows(lake, "SELECT x FROM other.c ORDER BY x") == [("1",), ("10",)] and rows(lake, "SELECT y FROM s.c") == [("9",)]
        c = lake.content("s", "c")
        assert "42P07" in lake.sql("ALTER TABLE other.c SET SCHEMA s", code=1).stderr
        for block in ("ALTER TABLE s.b RENAME TO t; ALTER TABLE s.c RENAME TO b; ALTER TABLE s.t RENAME TO c",
                      "DROP TABLE s.c; ALTER TABLE other.c SET SCHEMA s"):  # the server has no operation for it
            p = lake.sql(f"BEGIN; {block}; COMMIT", code=1)
            assert "0A000" in p.stderr and "leaves that name" in p.stderr, p.stderr
            assert (lake.content("s", "b"), lake.content("s", "c"), lake.content("other", "c")) == (b, c, moved)
        lake.sql("DROP TABLE s.c; ALTER TABLE other.c SET SCHEMA s")
        assert lake.content("s", "c") == moved and lake.content("other", "c") is None
        lake.sql("BEGIN; DELETE FROM s.c WHERE x = 1; ALTER TABLE s.c RENAME TO d; ALTER TABLE s.d RENAME TO c; COMMIT")
        assert lake.content("s", "c")["id"] == a["id"] and rows(lake, "SELECT x FROM s.c") == [("10",)]
        lake.sql("BEGIN; ALTER TABLE s.c RENAME TO d; DROP TABLE s.d; COMMIT")
        assert lake.content("s", "c") is None and lake.content("s", "d") is None
        return f"{len(lake.history())} commits"


def files():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t (a int) WITH (\"write.metadata.delete-after-commit.enabled\" = 'true', "
                 "\"write.metadata.previous-versions-max\" = '1')")
        for i in range(4):
            lake.sql(f"INSERT INTO s.t VALUES ({i})")
        before = set(lake.files())
        lake.sql("DELETE FROM s.t WHERE a < 2")
        p = lake.sql("DROP TABLE s.t PURGE", code=1)
        assert "0A000" in p.stderr and "nessie-gc" in p.stderr, p.stderr
        lake.sql("CREATE OR REPLACE TABLE s.t AS SELECT 1 AS a; DROP TABLE s.t")
        assert before <= set(lake.files()), before - set(lake.files())
        lake.run("run", "-q", "-c", "CREATE TABLE s.u AS SELECT 1 AS a; INSERT INTO s.u SELECT 1/0", code=1)
        return f"{len(before)} files"


def references():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a")
        then = lake.hash()
        lake.sql("INSERT INTO s.t VALUES (2)")
        for ref in (then, f"{lake.name}@{then}"):
            old = lake.configure("old.yaml", ref=ref)
            assert rows(lake, "SELECT a FROM s.t", "--config", old) == [("1",)]
            p = lake.run("run", "--config", old, "-c", "INSERT INTO s.t VALUES (3)", code=1)
            assert "25006" in p.stderr, p.stderr
        dev = lake.branch("dev", then)
        lake.sql("CREATE TABLE s.only_there AS SELECT 7 AS a", FIRN_CATALOG__LAKEHOUSE__REF=dev)
        assert rows(lake, f'SELECT a FROM s."t@{dev}"') == [("1",)]
        assert rows(lake, f'SELECT a FROM s."t@{then}"') == [("1",)]
        assert rows(lake, f'SELECT a FROM s."only_there@{dev}"') == [("7",)]
        for missing in ("t@no-such-branch", "t@???", "only_there@no-such-branch", "only_there@"):
            lake.run("run", "-c", f'SELECT a FROM s."{missing}"', code=1)
        nowhere = lake.configure("nowhere.yaml", ref="no-such-branch")
        p = lake.run("run", "--config", nowhere, "-c", "SELECT * FROM s.t", code=1)
        assert "no-such-branch" in p.stderr, p.stderr
        assert rows(lake, "SELECT a FROM s.t ORDER BY a") == [("1",), ("2",)]


def branches():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; CREATE TABLE s.u AS SELECT 1 AS a")
        dev = f"{lake.name}-dev"
        lake.sql(f"CALL system.create_branch('{dev}')")
        assert "42710" in lake.run("run", "-c", f"CALL system.create_branch(branch => '{dev}')", code=1).stderr
        there = {"FIRN_CATALOG__LAKEHOUSE__REF": dev}
        lake.sql("INSERT INTO s.t VALUES (2); CREATE TABLE s.v AS SELECT 3 AS a", **there)
        assert rows(lake, f'SELECT count(*) FROM s."t@{dev}"') == [("2",)] and rows(lake, "SELECT count(*) FROM s.t") == [("1",)]
        lake.sql("INSERT INTO s.u VALUES (2)")
        lake.sql(f"CALL system.merge_branch('{dev}')")
        assert [rows(lake, f"SELECT count(*) FROM s.{t}") for t in "tuv"] == [[("2",)], [("2",)], [("1",)]]
        at = lake.hash()
        lake.sql(f"CALL system.merge_branch('{dev}')")
        assert lake.hash() == at
        lake.sql("INSERT INTO s.v VALUES (4)", **there)
        lake.sql("INSERT INTO s.v VALUES (5)")
        at = lake.hash()
        p = lake.run("run", "-c", f"CALL system.merge_branch('{dev}')", code=5)
        assert "40001" in p.stderr and "s.v" in p.stderr, p.stderr
        assert lake.hash() == at
        lake.sql(f"CALL system.drop_branch('{dev}')")
        for call_, says in ((f"drop_branch('{dev}')", "3D000"), (f"merge_branch('{dev}')", "3D000"), ("create_branch('')", "22023"),
                            ("create_branch('a..b')", "22023"), (f"drop_branch('{lake.name}')", "22023"),
                            ("create_branch(\"table\" => 's.t', branch => 'x')", "0A000")):
            p = lake.run("run", "-c", f"CALL system.{call_}", code=1)
            assert says in p.stderr, p.stderr


def foreign():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.\"T.1\" AS SELECT 1 AS a")
        lake.commit({"type": "PUT", "key": {"elements": ["s", "v"]},
                     "content": {"type": "ICEBERG_VIEW", "metadataLocation": "file:///x", "versionId": 1, "schemaId": 0}},
                    {"type": "PUT", "key": {"elements": ["s", "d"]},
                     "content": {"type": "DELTA_LAKE_TABLE", "metadataLocationHistory": [], "checkpointLocationHistory": []}},
                    {"type": "PUT", "key": {"elements": ["a.b"]}, "content": {"type": "NAMESPACE", "elements": ["a.b"]}})
        assert rows(lake, "SHOW tables") == [("s", "T.1")]
        assert rows(lake, "SHOW schemas") == [("s",)]
        assert rows(lake, "SELECT a FROM s.\"T.1\"") == [("1",)]
        for name, says in (("v", "s.v is an Iceberg view"), ("d", "s.d is no Iceberg table")):
            for sql in (f"SELECT * FROM s.{name}", f"CREATE TABLE s.{name} (a int)", f"DROP TABLE s.{name}"):
                p = lake.run("run", "-c", sql, code=1)
                assert says in p.stderr and "0A000" in p.stderr, p.stderr


def namespaces():
    with Branch(firn) as lake:
        assert "3F000" in lake.run("run", "-c", 'CREATE SCHEMA "a.b"', code=1).stderr
        lake.sql('CREATE SCHEMA a; CREATE SCHEMA "a.b"; CREATE TABLE "a.b".t AS SELECT 1 AS x')
        assert rows(lake, "SHOW schemas") == [("a",), ("a.b",)]
        assert rows(lake, 'SELECT x FROM "a.b".T') == [("1",)]
        assert "2BP01" in lake.run("run", "-c", "DROP SCHEMA a", code=1).stderr
        assert "2BP01" in lake.run("run", "-c", 'DROP SCHEMA "a.b"', code=1).stderr
        assert "42809" in lake.run("run", "-c", "SELECT * FROM a.b", code=1).stderr
        lake.sql('BEGIN; DROP TABLE "a.b".t; DROP SCHEMA "a.b"; DROP SCHEMA a; COMMIT')
        assert len(lake.history()[0][2]) == 3 and rows(lake, "SHOW schemas") == [()] or rows(lake, "SHOW schemas") == []


def appends(processes=4, each=5):
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t (who int, n int); CREATE TABLE s.u (who int, n int)")
        script = "".join(f"BEGIN; INSERT INTO s.t VALUES (:w, {i}); INSERT INTO s.u VALUES (:w, {i}); COMMIT;\n" for i in range(each))
        lake.script("many.sql", script)
        all_zero(finish([lake.start("run", "-q", "many.sql", "-v", f"w={w}") for w in range(processes)], 100))
        for t in ("t", "u"):
            assert rows(lake, f"SELECT count(*), count(DISTINCT who * 100 + n) FROM s.{t}") == [(str(processes * each),) * 2]
        ids = [h[1]["firn.publish-id"][0] for h in lake.history() if len(h[2]) == 2]
        assert len(ids) == len(set(ids)) == processes * each, ids
        return f"{processes} processes, {processes * each} commits of two tables"


def conflicts():
    with Branch(firn) as lake:
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.n AS SELECT 0 AS n")
        block = "BEGIN; SELECT n + 1 AS m FROM s.n \\gset\nDELETE FROM s.n; INSERT INTO s.n VALUES (:m); COMMIT;\n"
        lake.script("count.sql", block * 3)
        done = finish([lake.start("run", "count.sql") for _ in range(3)], 100)
        all_zero(done)
        assert rows(lake, "SELECT n FROM s.n") == [("9",)], rows(lake, "SELECT n FROM s.n")
        again = sum(d[2].count("running the block again") for d in done)
        done = finish([lake.start("run", "-c", f"CREATE TABLE s.once AS SELECT {i} AS i") for i in range(3)], 60)
        assert sorted(d[0] for d in done)[0] == 0 and all(d[0] in (0, 1, 5) for d in done), done
        assert sum(d[0] == 0 for d in done) == 1, done
        return f"{again} blocks ran again"


class Between(http.server.ThreadingHTTPServer):
    """Hands requests on to the real server; the next commits are treated as `plan` says."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Hand)
        self.plan, self.dead = [], False
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Hand(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def forward(self, body):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")}
        request = urllib.request.Request(URI.rsplit("/api/", 1)[0] + self.path, method=self.command, data=body or None, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def reply(self, code, text):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        plan = self.server.plan
        what = plan.pop(0) if plan and self.path.endswith("/history/commit") else "through"
        if what == "nothing done" or self.server.dead:
            return self.hang_up()
        if what == "late":  # carried out when the next one has been sent: the first loses
            return self.hang_up(threading.Timer(0.5, self.forward, [body]).start())
        code, text = self.forward(body)
        self.server.dead = what == "done, and never heard of again"
        if what == "done" or self.server.dead:
            return self.hang_up()
        if isinstance(what, int):
            code, text = what, b"a proxy's page"
        self.reply(code, text)

    do_POST = do_GET

    def hang_up(self, _=None):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def lost():
    with Branch(firn) as lake:
        between = Between()
        host = f"http://127.0.0.1:{between.server_port}/api/v2"
        lake.sql("CREATE SCHEMA s; CREATE TABLE s.t (n int)")
        lake.configure("between.yaml", uri=host)
        plans = [["done"], ["nothing done"], [500], [502], [503], [504], ["nothing done", "nothing done", "done"],
                 ["nothing done", 504], [503, "done"], ["late"], ["late", "nothing done"]]
        for i, plan in enumerate(plans):
            between.plan = list(plan)
            lake.run("run", "-q", "--config", "between.yaml", "-c", f"INSERT INTO s.t VALUES ({i})")
            assert not between.plan, f"{plan}: {between.plan} was not used"
        all_of_them = [(str(i),) for i in range(len(plans))]
        assert rows(lake, "SELECT n FROM s.t ORDER BY n") == all_of_them, rows(lake, "SELECT n FROM s.t ORDER BY n")
        assert sum(h[0] == "firn: append s.t" for h in lake.history()) == len(plans)
        between.plan = ["done, and never heard of again"]
        p = lake.run("run", "-c", "INSERT INTO s.t VALUES (100)", "--config", "between.yaml", code=6, FIRN_BUSY="1500")
        assert "firn.publish-id" in p.stderr, p.stderr
        assert rows(lake, "SELECT count(*) FROM s.t WHERE n = 100") == [("1",)]
        return f"{len(plans)} ways"


parts = (job, identity, renames, files, references, branches, foreign, namespaces, appends, conflicts, lost)
for part in [p for p in parts if p.__name__ in sys.argv[2:]] or parts:
    said = part()
    print(f"{part.__name__}: ok{', ' + said if said else ''}", flush=True)
