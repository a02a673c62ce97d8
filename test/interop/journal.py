"""journal.py FIRN [PROCESSES] - writers that take each other for dead, and journals that nobody should believe.

With a grace of one millisecond every publish takes each slower writer for abandoned and clears its files away. The
slower one must notice (it retries, or exits 5), every acknowledged row must be there once, and in the end no file may be
left that no table names. Then journals made by hand: none of them may cost a table a file."""
import json, os, sys, time
from lakehouse import Lakehouse

firn, processes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 12


def unreachable(lake):
    named, c = set(), lake.catalog()
    for t in (c.load_table(n) for s in c.list_namespaces() for n in c.list_tables(s)):
        named |= {t.metadata_location} | {e.metadata_file for e in t.metadata.metadata_log}
        for snapshot in t.metadata.snapshots:
            named.add(snapshot.manifest_list)
            for m in snapshot.manifests(t.io):
                named |= {m.manifest_path} | {e.data_file.file_path for e in m.fetch_manifest_entry(t.io, False)}
    c.engine.dispose()
    return [f for f in lake.files() if f.startswith("warehouse/") and f"file://{lake.folder}/{f}" not in named]


def crowd(lake):
    """Each process inserts its number five times, in transactions of their own."""
    running = {n: [lake.start("run", "-q", "-c", f"INSERT INTO demo.t VALUES ({n})", FIRN_ABANDONED_AFTER="1")
                   for _ in range(5)] for n in range(processes)}
    good = []
    for n, list_ in running.items():
        for p in list_:
            out, err = p.communicate(timeout=120)
            assert p.returncode in (0, 5), f"exit {p.returncode}: {out}{err}"
            good += [(n,)] * (p.returncode == 0)
    assert good, "nobody came through"
    assert lake.rows("demo.t") == sorted(good), "acknowledged rows and rows differ"
    print(f"{processes * 5} writers at once, {len(good)} acknowledged, as many rows")


def plant(lake, table, name, **journal):
    """A journal where those of `table` stand."""
    folder = lake.journals[table]
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}", "w") as f:
        f.write(journal.pop("raw", None) or json.dumps(dict({"version": 1}, **journal)))
    return f"{folder}/{name}"


def hostile(lake):
    c = lake.catalog()
    t = c.load_table("demo.t")
    log = [e.metadata_file for e in t.metadata.metadata_log]
    data = t.inspect.data_files().column("file_path").to_pylist()
    c.engine.dispose()
    family = os.path.basename(data[0])[:36]
    outside = f"{lake.folder}/keep"
    os.makedirs(outside)
    ghost = "00000000-0000-4000-8000-000000000000"
    for folder in (outside, t.location().removeprefix("file://") + "/data"):
        with open(f"{folder}/{ghost[:24]}000000000001-0.parquet", "w") as f:
            f.write("x")
    common = {"uuid": str(t.metadata.table_uuid), "base": log[0], "folders": [t.location()]}
    kept = [plant(lake, "demo.t", f"000000000000001-{ghost}-1.json", raw="{not json"),
            plant(lake, "demo.t", f"000000000000002-{ghost.replace('8', '9')}-0.json", **{"publish-id": ghost, **common})]
    plant(lake, "demo.t", f"000000000000003-{family}-0.json", **{"publish-id": family, **common})
    gone = plant(lake, "demo.t", f"000000000000004-{ghost.replace('0', 'a')}-0.json",
                 **{"publish-id": ghost.replace("0", "a"), **common, "folders": [f"file://{outside}", "file:///", "/"]})
    before = lake.rows("demo.t")
    p = lake.run("run", "-c", "INSERT INTO demo.t VALUES (-1)", FIRN_ABANDONED_AFTER="1")
    assert "was not cleared away" in p.stderr and kept[0] in p.stderr, p.stderr
    assert lake.rows("demo.t") == sorted(before + [(-1,)]), "rows are lost"
    assert len(os.listdir(outside)) == 1, "a file outside the warehouse was deleted"
    os.remove(kept[0])
    lake.sql("INSERT INTO demo.t VALUES (-2)", FIRN_ABANDONED_AFTER="1")
    assert os.path.exists(kept[1]), "a journal under another's name was believed"
    assert not os.path.exists(gone) and len(os.listdir(outside)) == 1
    os.remove(kept[1])
    plant(lake, "demo.t", f"000000000000005-{ghost}-0.json", **{"publish-id": ghost, **common})
    lake.sql("INSERT INTO demo.t VALUES (-3)", FIRN_ABANDONED_AFTER="1")
    assert not unreachable(lake), unreachable(lake)
    assert len(os.listdir(outside)) == 1
    assert lake.rows("demo.t") == sorted(before + [(-1,), (-2,), (-3,)])
    print("journals made by hand: no file of a table lost, none outside touched, the ghost's cleared away")


def elsewhere(lake):
    """Journals of demo.t that point at tables beside it, and of a table that has been renamed."""
    lake.sql("CREATE TABLE demo.other AS SELECT 1 AS a")
    known = set(os.listdir(f"{lake.folder}/warehouse/firn-journal"))
    lake.sql("CREATE TABLE demo.old AS SELECT 2 AS a")
    (made,) = set(os.listdir(f"{lake.folder}/warehouse/firn-journal")) - known
    lake.journals["demo.old"] = f"{lake.folder}/warehouse/firn-journal/{made}"
    c = lake.catalog()
    t, other, old = (c.load_table(f"demo.{n}") for n in ("t", "other", "old"))
    base = [e.metadata_file for e in t.metadata.metadata_log][0]
    of_other, of_old = (os.path.basename(x.inspect.data_files().column("file_path")[0].as_py())[:36] for x in (other, old))
    c.rename_table("demo.old", "demo.new")
    c.engine.dispose()
    plant(lake, "demo.t", f"000000000000001-{of_other}-0.json", **{
        "publish-id": of_other, "uuid": str(t.metadata.table_uuid), "base": base, "folders": [other.location()]})
    plant(lake, "demo.old", f"000000000000001-{of_old}-0.json", **{
        "publish-id": of_old, "uuid": str(old.metadata.table_uuid), "folders": [old.location()]})
    name = "00000000-0000-4000-8000-00000000000b"
    file = f"{lake.folder}/keep/{name}.parquet"
    open(file, "w").close()
    plant(lake, "demo.old", f"000000000000002-{name}-0.json", **{
        "publish-id": name, "uuid": name, "folders": [f"file://{lake.folder}/warehouse/../keep"]})
    lake.sql("INSERT INTO demo.t VALUES (-4)", FIRN_ABANDONED_AFTER="1")
    lake.sql("CREATE TABLE demo.old AS SELECT 3 AS a", FIRN_ABANDONED_AFTER="1")
    assert os.path.exists(file), "a file outside the warehouse was deleted"
    assert lake.rows("demo.other") == [(1,)] and lake.rows("demo.new") == [(2,)] and lake.rows("demo.old") == [(3,)]
    print("journals that point at other tables, and at one that was renamed: nothing of theirs is lost")


def cleared(lake):
    """A table's creation that somebody took for dead, while nothing stands in its way: it must begin anew."""
    home, seen = f"{lake.folder}/warehouse/firn-journal", set()
    known = set(os.listdir(home))
    p = lake.start("run", "-q", "-c", "CREATE TABLE demo.slow AS SELECT * FROM sample_sales(seed => 1, "
                   "start => DATE '2025-01-01', days => 10, rows_per_day => 200000)")
    while p.poll() is None:
        for at in set(os.listdir(home)) - known:
            for journal in os.listdir(f"{home}/{at}"):
                if not seen:
                    os.remove(f"{home}/{at}/{journal}")
                seen.add(journal)
        time.sleep(0.002)
    out, err = p.communicate()
    assert p.returncode == 0, f"exit {p.returncode}: {out}{err}"
    assert len(seen) == 2 and not unreachable(lake), (seen, unreachable(lake))
    print("a creation whose journal was taken away began anew")


with Lakehouse(firn) as lake:
    lake.sql("CREATE SCHEMA demo; CREATE TABLE demo.t (a int)")
    folders = [os.path.join(at, d) for at, names, _ in os.walk(f"{lake.folder}/warehouse/firn-journal") for d in names]
    assert len(folders) == 1 and not os.listdir(folders[0]), folders
    lake.journals = {"demo.t": folders[0]}
    crowd(lake)
    lake.sql("INSERT INTO demo.t VALUES (1000)", FIRN_ABANDONED_AFTER="1")
    time.sleep(0.01)
    assert not unreachable(lake), unreachable(lake)
    hostile(lake)
    elsewhere(lake)
    cleared(lake)
