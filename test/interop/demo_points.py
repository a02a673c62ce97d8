"""demo_points.py - the demo, made to fail at one of its calls that change the disk (fault_shim.c), and
the state that it leaves, judged by PyIceberg and an oracle."""
import os, shutil, subprocess, sys, time, warnings

warnings.filterwarnings("ignore")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

here = os.path.dirname(os.path.abspath(__file__))
NAMES = ("sales_transactions_raw", "sales_daily_summary")
OVER = ["-v", "days=4", "-v", "enable_validation=False"]
# First run or over the old state; arguments; days before, days after.
SCENARIOS = ((True, [], None, 3), (False, OVER, 3, 4))


def build_shim(folder):
    path = f"{folder}/fault_shim.so"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-w", "-o", path, f"{here}/../fault/fault_shim.c", "-ldl"], check=True)
    return path


class Demo:
    """One folder, always of the same name, because Iceberg's paths are absolute."""

    def __init__(self, firn, work):
        self.firn = os.path.abspath(firn)
        self.work, self.lake, self.kept = work, f"{work}/lake", f"{work}/kept"
        self.shim = build_shim(work)
        self.states = {3: self.expected(3), 4: self.expected(4), None: None}
        self.run([], check=True)
        os.rename(self.lake, self.kept)

    def expected(self, days):
        rows = oracle.sample(days=days)
        return rows, oracle.summary(rows)

    def reset(self, fresh):
        shutil.rmtree(self.lake, ignore_errors=True)
        if not fresh:
            shutil.copytree(self.kept, self.lake)

    def start(self, args, **fault):
        env = dict(os.environ, **fault)
        if any(k.startswith("FAULT_") for k in fault):
            env["LD_PRELOAD"] = self.shim
        return subprocess.Popen([self.firn, "demo", "lake", "-q", *args], cwd=self.work, env=env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, args, check=False, **fault):
        p = self.start(args, **fault)
        out, err = p.communicate(timeout=60)
        assert not check or p.returncode == 0, f"exit {p.returncode}\n{out}\n{err}"
        return p.returncode, out, err

    def count(self, fresh, args):
        """How many calls that change the disk a run makes, and how long it takes."""
        self.reset(fresh)
        started = time.monotonic()
        self.run(args, check=True, FAULT_COUNT=f"{self.work}/count")
        with open(f"{self.work}/count") as f:
            return int(f.read()), time.monotonic() - started

    def state(self):
        """3 or 4, the days that both tables hold, or None for neither table; by PyIceberg."""
        from pyiceberg.catalog.sql import SqlCatalog
        if not os.path.exists(f"{self.lake}/firn.db"):
            return None
        c = SqlCatalog("lakehouse", uri=f"sqlite:///{self.lake}/firn.db", warehouse=f"file://{self.lake}/warehouse")
        try:
            tables = {n[1]: c.load_table(n) for s in c.list_namespaces() for n in c.list_tables(s)}
        finally:
            c.engine.dispose()
        if not tables:
            return None
        assert sorted(tables) == sorted((*NAMES, NAMES[1] + "__firn")), f"published apart: {sorted(tables)}"
        raw = tables[NAMES[0]].scan().to_arrow()
        rows = list(zip(*[raw.column(i).to_pylist() for i in range(5)]))
        daily = tables[NAMES[1]].scan().to_arrow()
        have = {(r[0], r[1]): tuple(r[2:]) for r in zip(*[daily.column(i).to_pylist() for i in range(8)])}
        for days, state in self.states.items():
            if state and rows == state[0]:
                assert have == state[1], f"raw holds {days} days, the summary other ones: {have}"
                return days
        raise AssertionError(f"raw holds {len(rows)} rows that are neither state's")

    def unreachable(self):
        """Files of the warehouse that no metadata log, snapshot or manifest of a table names; by PyIceberg."""
        from pyiceberg.catalog.sql import SqlCatalog
        c = SqlCatalog("lakehouse", uri=f"sqlite:///{self.lake}/firn.db", warehouse=f"file://{self.lake}/warehouse")
        named = set()
        for t in (c.load_table(n) for s in c.list_namespaces() for n in c.list_tables(s)):
            named |= {t.metadata_location} | {e.metadata_file for e in t.metadata.metadata_log}
            for snapshot in t.metadata.snapshots:
                named.add(snapshot.manifest_list)
                for m in snapshot.manifests(t.io):
                    named |= {m.manifest_path} | {e.data_file.file_path for e in m.fetch_manifest_entry(t.io, False)}
        c.engine.dispose()
        return [f for f in self.files() if f.startswith(f"{self.lake}/warehouse/") and f"file://{f}" not in named]

    def files(self):
        """Files below the lakehouse, without the passing ones of SQLite and the lock."""
        return sorted(os.path.join(at, f) for at, _, names in os.walk(self.lake) for f in names
                      if not f.endswith(("-wal", "-shm", "-lock", "-journal")))
