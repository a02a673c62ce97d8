"""kills.py FIRN POINTS [SEED] - the demo killed at many points leaves the old or the new state.

Two runs are killed: the first one, in a folder that does not exist yet, and one with four days over
the three of a finished one. Points are the calls that change the disk (fault_shim.c: SIGKILL before
the n-th one, or in the middle of it) and, where those are used up, moments. After each PyIceberg
must read both tables, equal to an oracle and to each other, in the old or the new state, and the
same command run again must end well in the new one.
"""
import os, random, shutil, signal, subprocess, sys, tempfile, time, warnings

warnings.filterwarnings("ignore")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

here = os.path.dirname(os.path.abspath(__file__))
firn = os.path.abspath(sys.argv[1])
points = int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
NAMES = ("sales_transactions_raw", "sales_daily_summary")
OVER = ["-v", "days=4", "-v", "enable_validation=False"]


class Demo:
    """One folder, always of the same name, because Iceberg's paths are absolute."""

    def __init__(self, work):
        self.work, self.lake, self.kept = work, f"{work}/lake", f"{work}/kept"
        self.shim = f"{work}/fault_shim.so"
        subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-w", "-o", self.shim,
                        f"{here}/../fault/fault_shim.c", "-ldl"], check=True)
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
        if fault:
            env["LD_PRELOAD"] = self.shim
        return subprocess.Popen([firn, "demo", "lake", "-q", *args], cwd=self.work, env=env, text=True,
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
        assert sorted(tables) == sorted(NAMES), f"published apart: {sorted(tables)}"
        raw = tables[NAMES[0]].scan().to_arrow()
        rows = list(zip(*[raw.column(i).to_pylist() for i in range(5)]))
        daily = tables[NAMES[1]].scan().to_arrow()
        have = {(r[0], r[1]): tuple(r[2:]) for r in zip(*[daily.column(i).to_pylist() for i in range(8)])}
        for days, state in self.states.items():
            if state and rows == state[0]:
                assert have == state[1], f"raw holds {days} days, the summary other ones: {have}"
                return days
        raise AssertionError(f"raw holds {len(rows)} rows that are neither state's")


def check(demo, what, fresh, args, code, out, err):
    old, new = (None, 3) if fresh else (3, 4)
    try:
        state = demo.state()
        assert state in (old, new), f"{state} days"
        assert code in (0, -signal.SIGKILL), f"exit {code}"
        assert code != 0 or state == new, "exit 0, but the old state"
        demo.run(args, check=True)
        assert demo.state() == new, "the run after it did not bring the new state"
    except Exception as e:
        raise AssertionError(f"{what}: {e}\nits output:\n{out}\n{err}") from e
    return state == new, code == 0


def main():
    chance = random.Random(seed)
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="firn-kills-") as work:
        demo = Demo(work)
        every, took = [], {}
        for fresh, args in ((True, []), (False, OVER)):
            calls, took[fresh] = demo.count(fresh, args)
            print(f"{'first run' if fresh else 'run over the old state'}: {calls} calls that change the disk")
            every += [(fresh, args, mode, n) for mode in ("kill", "torn") for n in range(1, calls + 1)]
        chosen = chance.sample(every, min(points, len(every)))
        seen = {"old": 0, "new": 0, "not hit": 0}
        for i in range(points):
            if i < len(chosen):
                fresh, args, mode, n = chosen[i]
                what = f"{mode} at call {n} of the {'first run' if fresh else 'run over the old state'}"
                demo.reset(fresh)
                code, out, err = demo.run(args, FAULT_AT=str(n), FAULT_MODE=mode)
                assert code == -signal.SIGKILL, f"{what}: exit {code}"
            else:
                fresh = chance.random() < 0.5
                args, delay = [] if fresh else OVER, chance.random() * took[fresh]
                what = f"killed after {delay * 1000:.1f} ms of the {'first run' if fresh else 'run over the old state'}"
                demo.reset(fresh)
                p = demo.start(args)
                time.sleep(delay)
                p.kill()
                out, err = p.communicate(timeout=60)
                code = p.returncode
            is_new, whole = check(demo, what, fresh, args, code, out, err)
            seen["not hit" if whole else "new" if is_new else "old"] += 1
    print(f"{points} points, {len(chosen)} of them at calls: {seen['old']} left the old state, {seen['new']} the new one, "
          f"{seen['not hit']} came after the end; {time.monotonic() - started:.1f} s")


main()
