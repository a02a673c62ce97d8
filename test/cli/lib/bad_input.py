"""bad_input.py FIRN [CASE] - what is missing, cut, altered or denied gives one clear error that names it,
the right exit code, and leaves every table as it was.

Flips of bytes are seeded; the seed is printed. What needs a mount of its own (full_disk, read_only) is
done in a mount namespace (unshare -m), and skipped by name where that is not allowed.
"""
import contextlib, glob, json, os, random, resource, shutil, signal, sqlite3, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../interop"))
from lakehouse import Lakehouse
import seeds

firn = os.path.abspath(sys.argv[1])
chance = random.Random(seeds.seed())
ALL = "SELECT * FROM s.t ORDER BY id"


class Failed(AssertionError):
    pass


def fails(lake, sql, code, *words, **env):
    """The statement's one error: its exit code and what it must say."""
    p = lake.run("run", "-q", "--format", "csv", "-c", sql, code=None, **env)
    said(p, sql, code, *words)
    return p.stderr


def said(p, what, code, *words):
    err = p.stderr
    if p.returncode != code:
        raise Failed(f"{what}: exit {p.returncode}, wanted {code}\n{err}")
    for w in words:
        if w not in err:
            raise Failed(f"{what}: the error does not say {w!r}:\n{err}")
    if sum(line.startswith("firn: ") or ": firn: " in line for line in err.splitlines()) != 1 and code != 2:
        raise Failed(f"{what}: not one error:\n{err}")


class Table:
    """s.t: two data files, so two manifests of one snapshot each."""

    def __init__(self):
        self.lake = Lakehouse(firn)
        self.lake.sql("CREATE SCHEMA s")
        self.lake.sql("CREATE TABLE s.t AS SELECT id::bigint AS id, id / 7.0::double precision AS x, "
                      "'name ' || id AS name FROM read_csv('%s')" % self.numbers())
        self.lake.sql("INSERT INTO s.t VALUES (100000, 1.5, 'last')")
        self.want = self.lake.sql(ALL).stdout
        assert self.want.count("\n") == 2002, self.want.count("\n")
        self.before = self.files()

    def numbers(self):
        path = f"{self.lake.folder}/numbers.csv"
        with open(path, "w") as f:
            f.write("id\n" + "".join(f"{i}\n" for i in range(2000)))
        return path

    def location(self):
        with contextlib.closing(sqlite3.connect(f"{self.lake.folder}/firn.db")) as db:
            return db.execute("SELECT metadata_location FROM iceberg_tables WHERE table_name = 't'").fetchone()[0][7:]

    def move(self, location):
        with contextlib.closing(sqlite3.connect(f"{self.lake.folder}/firn.db", isolation_level=None)) as db:
            db.execute("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 't'", (location,))

    def file(self, kind):
        """One file of the current state, by kind."""
        if kind == "metadata":
            return self.location()
        with open(self.location()) as f:
            meta = json.load(f)
        snapshot = [s for s in meta["snapshots"] if s["snapshot-id"] == meta["current-snapshot-id"]][0]
        if kind == "list":
            return snapshot["manifest-list"][7:]
        root = os.path.dirname(os.path.dirname(self.location()))
        files = glob.glob(f"{root}/data/*.parquet" if kind == "data" else f"{root}/metadata/*-m0.avro")
        return max(files, key=os.path.getsize)

    def files(self):
        return [f for f in self.lake.files() if not f.endswith(("-wal", "-shm", "-lock"))]

    def intact(self, what):
        got = self.lake.sql(ALL).stdout
        if got != self.want:
            raise Failed(f"{what}: the table changed:\n{got[:300]}")
        new = sorted(set(self.files()) - set(self.before))
        if new:
            raise Failed(f"{what}: files are left: {new}")


def changed(path, data):
    with open(path, "rb") as f:
        kept = f.read()
    os.rename(path, path + ".kept")
    if data is not None:
        with open(path, "wb") as f:
            f.write(data(kept))


def restored(path):
    if os.path.isdir(path):
        os.rmdir(path)
    elif os.path.exists(path):
        os.unlink(path)
    os.rename(path + ".kept", path)


KINDS = ("data", "manifest", "list", "metadata")


def broken_files(t):
    for kind in KINDS:
        path = t.file(kind)
        name = os.path.basename(path)
        for how, data, code, words in (
                ("missing", None, 1, ("No such file",)),
                ("empty", lambda b: b"", 1, ("XX001",)),
                ("cut in half", lambda b: b[:len(b) // 2], 1, ("XX001",)),
                ("one byte short", lambda b: b[:-1], 1, ("XX001",)),
                ("one byte long", lambda b: b + b"x", 1, ("XX001",)),  # a data file ends where its manifest says
                ("of a wrong magic", lambda b: b[:-4] + b"XXXX" if kind == "data" else b"XXXX" + b[4:], 1, ("XX001",)),
                ("other text", lambda b: b"hello, world\n" * 100, 1, ("XX001",))):
            if kind == "data" and how == "one byte long":
                continue
            changed(path, data)
            try:
                fails(t.lake, ALL, code, name, *words)
                if kind in ("list", "metadata"):
                    fails(t.lake, "INSERT INTO s.t VALUES (1, 1, 'x')", 1, name)
                fails(t.lake, "DELETE FROM s.t WHERE id >= 0 AND x < 1e9", 1, name)
            except Failed as e:
                raise Failed(f"{kind} file {how}: {e}")
            finally:
                restored(path)
            t.intact(f"{kind} file {how}")
        changed(path, None)
        os.mkdir(path)
        fails(t.lake, ALL, 1, name)
        restored(path)


def altered_bytes(t):
    """A flipped byte of a data file's pages is found or harmless; anywhere else nothing crashes."""
    for kind in KINDS:
        path = t.file(kind)
        size = os.path.getsize(path)
        if kind == "data":
            with open(path, "rb") as f:
                end = size - 8 - int.from_bytes(f.read()[-8:-4], "little")
        found = 0
        for _ in range(60):
            at, bit = chance.randrange(size), 1 << chance.randrange(8)
            changed(path, lambda b: b[:at] + bytes([b[at] ^ bit]) + b[at + 1:])
            p = t.lake.run("run", "-q", "--format", "csv", "-c", ALL, code=None)
            restored(path)
            where = f"{kind} file, byte {at} of {size}, bit {bit}"
            if p.returncode not in (0, 1, 4):
                raise Failed(f"{where}: exit {p.returncode}\n{p.stderr}")
            if p.returncode == 0 and kind == "data" and at < end and p.stdout != t.want:
                raise Failed(f"{where}: other rows, and no error")
            if p.returncode != 0 and "firn: " not in p.stderr:
                raise Failed(f"{where}: no error is printed")
            found += p.returncode != 0
        print(f"  {kind}: {found} of 60 flipped bits were found")
    path = t.file("data")
    changed(path, lambda b: b[:200] + bytes([b[200] ^ 1]) + b[201:])
    err = fails(t.lake, ALL, 1, os.path.basename(path), "XX001")
    restored(path)
    assert "page's checksum" in err and "page at offset" in err, err
    t.intact("flipped bytes")


def summaries(_):
    """A view whose raw table or properties are damaged keeps its rows; the error names the view and what is wrong."""
    t = Table()
    t.lake.sql("CREATE MATERIALIZED VIEW s.v AS SELECT id / 100 AS k, sum(x) AS x, count(*) AS n FROM s.t GROUP BY 1;"
               "ALTER MATERIALIZED VIEW s.v ADD CONSTRAINT has_rows CHECK (n > 0); REFRESH MATERIALIZED VIEW s.v")
    rows = "SELECT * FROM s.v ORDER BY k"
    want, refresh = t.lake.sql(rows).stdout, "SET firn.refresh_mode = 'full'; REFRESH MATERIALIZED VIEW s.v"
    for how, data in (("missing", None), ("cut", lambda b: b[:len(b) // 2])):
        path = t.file("data")
        before = t.files()
        changed(path, data)
        fails(t.lake, refresh, 1, os.path.basename(path), "materialized view s.v")
        assert t.lake.sql(rows).stdout == want, f"raw {how}"
        restored(path)
        assert t.files() == before, f"raw {how}: {set(t.files()) ^ set(before)}"
    fails(t.lake, "CREATE MATERIALIZED VIEW s.w AS SELECT nmae, count(*) AS n FROM s.t GROUP BY 1", 1, "42703", '"name"')
    fails(t.lake, "ALTER MATERIALIZED VIEW s.v ADD CONSTRAINT c CHECK (m > 0)", 1, "42703", '"m"')
    with contextlib.closing(sqlite3.connect(f"{t.lake.folder}/firn.db", isolation_level=None)) as db:
        kept = db.execute("SELECT metadata_location FROM iceberg_tables WHERE table_name = 'v'").fetchone()[0]
        with open(kept[7:]) as f:
            meta = json.load(f)
        own = [k for k in meta["properties"] if k.startswith("firn.") and k != "firn.publishes"]
        assert len(own) == 9, own
        for key in own:
            for value in (None, "", "[", "{}", "7x"):
                other = json.loads(json.dumps(meta))
                other["properties"].pop(key) if value is None else other["properties"].update({key: value})
                path = f"{t.lake.folder}/other.metadata.json"
                with open(path, "w") as f:
                    json.dump(other, f)
                db.execute("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 'v'", ("file://" + path,))
                fails(t.lake, refresh, 1, key, "materialized view s.v", "is missing" if value is None else key)
                db.execute("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 'v'", (kept,))
                os.unlink(path)
    assert t.lake.sql(rows).stdout == want
    t.lake.sql(refresh)
    assert t.lake.sql(rows).stdout == want


def points_nowhere(t):
    kept = "file://" + t.location()
    for location, words in ((kept.replace("metadata.json", "nowhere.json"), ("No such file", "nowhere.json")),
                            ("file:///nowhere/at/all.metadata.json", ("/nowhere/at/all.metadata.json",)),
                            ("relative.metadata.json", ("relative.metadata.json",)),
                            ("s3://bucket/x.metadata.json", ("s3://bucket/x.metadata.json",)),
                            ("file:///dev/null", ("/dev/null",)),
                            ("", ("s.t",)), ("file:///" + "x" * 900, ("xxxx",))):
        t.move(location)
        fails(t.lake, ALL, 1, *words)
        t.move(kept)
    with open(kept[7:]) as f:
        meta = json.load(f)
    for change, word in ((lambda m: m["snapshots"][-1].update({"manifest-list": "file:///nowhere/list.avro"}), "/nowhere/list.avro"),
                         (lambda m: m.update({"current-snapshot-id": 77}), "77"),
                         (lambda m: m.update({"current-schema-id": 77}), "77"),
                         (lambda m: m.update({"default-spec-id": 77}), "77"),
                         (lambda m: m.update({"format-version": 9}), "9"),
                         (lambda m: m.update({"schemas": []}), "schema"),
                         (lambda m: m.pop("location"), "location"),
                         (lambda m: m.update({"snapshots": "none"}), "snapshots")):
        other = json.loads(json.dumps(meta))
        change(other)
        path = f"{t.lake.folder}/other.metadata.json"
        with open(path, "w") as f:
            json.dump(other, f)
        t.move("file://" + path)
        fails(t.lake, ALL, 1, word)
        t.move(kept)
        os.unlink(path)
    fails(t.lake, "CALL system.register_table('s.u', 'file:///nowhere/x.metadata.json')", 1, "/nowhere/x.metadata.json")
    t.intact("metadata that points nowhere")


def csv_files(t):
    path = f"{t.lake.folder}/in.csv"

    def write(text):
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    good = "".join(f"{i},{i}.5,n{i}\n" for i in range(69999))
    write("id,x,name\n" + good + "1,abc,bad\n" + good)
    copy = f"COPY s.t FROM '{path}' WITH (header true)"
    fails(t.lake, copy, 1, "in.csv", "line 70,001", "abc", '"x"')
    fails(t.lake, f"CREATE TABLE s.u AS SELECT * FROM read_csv('{path}', sample_rows => 100)", 1, "in.csv", "line 70,001", "abc")
    fails(t.lake, "SELECT * FROM s.u", 1, "42P01")
    write("id,x,name\n" + good + "1,2\n")
    fails(t.lake, copy, 1, "in.csv", "line 70,001")
    write("id,x,name\n" + good + "1,2,3,4\n")
    fails(t.lake, copy, 1, "in.csv", "line 70,001")
    write(b"id,x,name\n1,2,\xff\xfe\n")
    fails(t.lake, copy, 1, "in.csv", "2")
    write('id,x,name\n1,2,"never closed\n3,4,5\n')
    fails(t.lake, copy, 1, "in.csv")
    write("id,x,name\n9223372036854775808,2,big\n")
    fails(t.lake, copy, 1, "in.csv", "9223372036854775808")
    os.unlink(path)
    fails(t.lake, copy, 1, "in.csv", "58P01")
    os.mkdir(path)
    fails(t.lake, copy, 1, "in.csv")
    os.rmdir(path)
    write("a,b\n1,2\n")
    fails(t.lake, f"SELECT * FROM read_parquet('{path}')", 1, "in.csv", "XX001")
    write("")
    fails(t.lake, f"SELECT * FROM read_parquet('{path}')", 1, "in.csv", "XX001")
    fails(t.lake, f"SELECT * FROM read_csv('{t.lake.folder}/none-*.csv')", 1, "none-*.csv")
    os.unlink(path)
    t.intact("bad CSV files")


def sql_mistakes(t):
    lake = t.lake
    fails(lake, "SELEC 1", 1, "42601", "SELEC")
    fails(lake, "SELECT 1 +", 1, "42601")
    fails(lake, "SELECT nmae FROM s.t", 1, "42703", "nmae", '"name"')
    fails(lake, "SELECT * FROM s.tt", 1, "42P01", '"t"')
    fails(lake, "SELECT * FROM z.t", 1, "z")
    fails(lake, "SELECT x / 0::bigint, id / 0 FROM s.t", 1, "22012")
    fails(lake, "SELECT 'abc'::bigint", 1, "abc")
    fails(lake, "SELECT nofunction(1)", 1, "42883", "nofunction")
    fails(lake, "INSERT INTO s.t VALUES ('abc', 1, 'x')", 1, "abc")
    fails(lake, "CREATE TABLE s.t (a bigint)", 1, "42P07", "s.t")
    fails(lake, "DROP SCHEMA s", 1, "2BP01", '"s"')
    fails(lake, "DELETE FROM s.t WHERE id / 0 = 1", 1, "22012")
    t.intact("mistakes in SQL")


def configuration(t):
    with tempfile.TemporaryDirectory(prefix="firn-empty-") as empty:
        def run(*args, **env):
            return subprocess.run([firn, *args], cwd=empty, env=dict(os.environ, **env), text=True, capture_output=True)

        p = run("run", "-q", "-c", "SELECT 1 AS a")
        assert p.returncode == 0 and os.listdir(empty) == [], p.stderr
        said(run("run", "-q", "-c", "SELECT * FROM s.t"), "no configuration", 2, "firn.yaml", empty, "firn init")
        said(run("run", "-q", "-c", "CREATE SCHEMA s"), "no configuration", 2, "firn.yaml", "firn init")
        assert os.listdir(empty) == []
        said(run("run", "-q", "--config", "nope.yaml", "-c", "SELECT 1"), "missing configuration", 2, "nope.yaml")
        said(run("run", "nope.sql"), "missing script", 2, "nope.sql")
        for text, word in (("catalog: [", "line"), ("nokey: 1\n", "nokey"), ("catalog:\n  a: 5\n", "a"), ("\0", "firn.yaml"),
                           ("memory: lots\n", "lots"), ("&a [*a]", "line"), ("x" * (2 << 20), "firn.yaml")):
            with open(f"{empty}/firn.yaml", "w") as f:
                f.write(text)
            said(run("run", "-q", "-c", "SELECT * FROM s.t"), f"configuration {text[:20]!r}", 2, word)
        with open(f"{empty}/firn.yaml", "w") as f:
            f.write(f"catalog:\n  a:\n    type: sql\n    uri: sqlite:///{empty}/none.db\n    warehouse: file://{empty}/w\n")
        said(run("run", "-q", "-c", "SELECT * FROM s.t"), "no database", 2, "none.db", "firn init")
        assert os.listdir(empty) == ["firn.yaml"]


def catalog_file(t):
    path = f"{t.lake.folder}/firn.db"
    for how, data, code, words in (("missing", None, 2, ("does not exist", "firn init")),
                                   ("garbage", lambda b: b"garbage " * 4096, 1, ("XX001",)),
                                   ("empty", lambda b: b"", 2, ("iceberg_tables", "firn init")),
                                   ("cut", lambda b: b[:5000], 1, ("XX001",)),
                                   ("another database", lambda b: other_database(), 2, ("iceberg_tables",))):
        changed(path, data)
        try:
            for sql in (ALL, "INSERT INTO s.t VALUES (1, 1, 'x')", "CREATE SCHEMA u"):
                fails(t.lake, sql, code, "firn.db", *words)
        except Failed as e:
            raise Failed(f"catalog file {how}: {e}")
        finally:
            for beside in ("-wal", "-shm"):
                if os.path.exists(path + beside):
                    os.unlink(path + beside)
            restored(path)
        t.intact(f"catalog file {how}")
    changed(path, None)
    os.mkdir(path)
    fails(t.lake, ALL, 1, "firn.db")
    restored(path)
    t.intact("a folder in place of the catalog file")


def other_database():
    with tempfile.TemporaryDirectory() as work:
        db = sqlite3.connect(f"{work}/x.db")
        db.execute("CREATE TABLE x (a)")
        db.commit()
        db.close()
        with open(f"{work}/x.db", "rb") as f:
            return f.read()


def limits(t):
    """Small files, few descriptors, little memory."""
    def run(sql, limit, value):
        return subprocess.run([firn, "run", "-q", "-c", sql], cwd=t.lake.folder, text=True, capture_output=True,
                              preexec_fn=lambda: resource.setrlimit(limit, (value, value)))

    many = "INSERT INTO s.t SELECT quantity, amount, 'x' FROM sample_sales(rows_per_day => 200000)"
    said(run(many, resource.RLIMIT_FSIZE, 65536), "files of 64 KiB at most", 1, ".parquet", "File too large")
    t.intact("files of 64 KiB at most")
    for n in (4, 5, 6, 7, 8, 9):
        p = run("INSERT INTO s.t SELECT quantity, amount, 'x' FROM sample_sales() LIMIT 0", resource.RLIMIT_NOFILE, n)
        if p.returncode not in (0, 1):
            raise Failed(f"{n} descriptors: exit {p.returncode}\n{p.stderr}")
        if p.returncode == 1 and "firn: " not in p.stderr:
            raise Failed(f"{n} descriptors: no error\n{p.stderr}")
    t.intact("few descriptors")
    p = t.lake.run("run", "-q", "--memory", "1MiB", "-c", many, code=None)
    said(p, "1 MiB of memory", 4, "--memory")
    t.intact("little memory")


def killed(t):
    p = t.lake.start("run", "-q", "-c", "INSERT INTO s.t SELECT quantity, amount, 'x' FROM sample_sales(rows_per_day => 9000000)")
    time.sleep(0.4)
    assert p.poll() is None, "the INSERT ended before it could be killed"
    p.send_signal(signal.SIGKILL)
    p.communicate()
    left = [f for f in t.files() if f.startswith("warehouse/firn-journal/")]
    if len(left) != 1:
        raise Failed(f"a killed INSERT: journals of it: {left}")
    os.remove(f"{t.lake.folder}/{left[0]}")  # nothing else is left that it would clear away
    t.intact("a killed INSERT")
    t.lake.sql("BEGIN; DELETE FROM s.t WHERE id = 5; ROLLBACK")  # nothing is still held


# ---- in a mount namespace of their own -----------------------------------------------------------


def mounted(case, folder):
    """Runs this script's `case` where it may mount; its exit code, or None when that is not allowed."""
    p = subprocess.run(["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__), firn, case, folder],
                       text=True, capture_output=True)
    if p.returncode == 77:
        print(f"  skipped: {p.stdout.strip().splitlines()[-1] if p.stdout.strip() else 'no mount allowed'}")
        return
    if p.returncode == 1 and "unshare failed" in p.stderr:
        print(f"  skipped: {p.stderr.strip()}")
        return
    if p.returncode != 0:
        raise Failed(f"{case}:\n{p.stdout}{p.stderr}")


def mount(*args):
    p = subprocess.run(["mount", *args], text=True, capture_output=True)
    if p.returncode != 0:
        print(p.stderr.strip())
        sys.exit(77)


class Here(Lakehouse):
    def __init__(self, folder, make):
        self.firn, self.folder, self.env = firn, folder, dict(os.environ)
        if make:
            self.run("init", "-q")


def inside_full_disk(folder):
    mount("-t", "tmpfs", "-o", "size=600k", "tmpfs", folder)
    lake = Here(folder, True)
    lake.sql("CREATE SCHEMA s")
    lake.sql("CREATE TABLE s.t AS SELECT 1::bigint AS id, 2.5::double precision AS x")
    want, before = lake.sql(ALL).stdout, [f for f in lake.files() if "/" in f]
    many = "SELECT quantity * product_id AS a, amount / quantity AS b FROM sample_sales(rows_per_day => 300000)"
    fails(lake, f"INSERT INTO s.t {many}", 1, ".parquet", "No space left", "53100", "free space")
    fails(lake, f"CREATE TABLE s.u AS {many}", 1, ".parquet", "53100")
    assert [f for f in lake.files() if "/" in f] == before, lake.files()
    assert lake.sql(ALL).stdout == want
    free = os.statvfs(folder)
    with open(f"{folder}/ballast", "wb") as f:  # so little that the catalog itself cannot grow
        f.write(b"x" * (free.f_bavail * free.f_bsize - 4096))
    for _ in range(3):
        fails(lake, "INSERT INTO s.t VALUES (2, 3.5)", 1, folder)
        fails(lake, "CREATE SCHEMA v", 1, folder)
    os.unlink(f"{folder}/ballast")
    assert [f for f in lake.files() if "/" in f] == before, lake.files()
    assert lake.sql(ALL).stdout == want
    lake.sql("INSERT INTO s.t VALUES (2, 3.5)")
    assert lake.sql("SELECT count(*) AS n FROM s.t").stdout == "n\n2\n"


def full_disk(t):
    with tempfile.TemporaryDirectory(prefix="firn-full-") as folder:
        mounted("inside_full_disk", folder)


def inside_read_only(folder):
    mount("--bind", folder, folder)
    mount("-o", "remount,ro,bind", folder)
    lake = Here(folder, False)
    with open(f"{folder}.want") as f:
        assert lake.sql(ALL).stdout == f.read()
    for sql in ("INSERT INTO s.t VALUES (1, 1, 'x')", "DELETE FROM s.t", "CREATE TABLE s.u (a bigint)", "CREATE SCHEMA u",
                "DROP TABLE s.t", "CREATE OR REPLACE TABLE s.t AS SELECT 1 AS a"):
        fails(lake, sql, 1, folder, "ead-only", "42501")
    lake.run("init", "-q", folder + "/new", code=1)
    p = lake.run("demo", folder + "/new", code=None)
    said(p, "demo", 1, folder, "ead-only")


def read_only(t):
    with open(f"{t.lake.folder}.want", "w") as f:
        f.write(t.want)
    try:
        mounted("inside_read_only", t.lake.folder)
    finally:
        os.unlink(f"{t.lake.folder}.want")
    t.intact("a read-only folder")


def main():
    if len(sys.argv) > 3:
        globals()[sys.argv[2]](sys.argv[3])
        return
    t = Table()
    for case in (sql_mistakes, configuration, broken_files, altered_bytes, summaries, points_nowhere, csv_files, catalog_file,
                 limits, killed, full_disk, read_only):
        if len(sys.argv) > 2 and case.__name__ != sys.argv[2]:
            continue
        started = time.monotonic()
        print(case.__name__, flush=True)
        case(t)
        print(f"  {time.monotonic() - started:.1f} s", flush=True)


main()
