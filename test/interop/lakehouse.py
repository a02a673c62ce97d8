"""lakehouse.py - an embedded lakehouse for a test: firn runs in it, PyIceberg looks at it."""
import os, subprocess, sys, tempfile, time, warnings

warnings.filterwarnings("ignore")


class Lakehouse:
    """A folder made by `firn init`; gone when the test ends well or badly."""

    def __init__(self, firn, **env):
        self.firn = os.path.abspath(firn)
        self._work = tempfile.TemporaryDirectory(prefix="firn-test-")
        self.folder = self._work.name
        self.env = dict(os.environ, **env)
        self.run("init")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._work.cleanup()

    def command(self, *args):
        return [self.firn, *args]

    def start(self, *args, **env):
        return subprocess.Popen(self.command(*args), cwd=self.folder, env=dict(self.env, **env), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *args, code=0, **env):
        p = subprocess.run(self.command(*args), cwd=self.folder, env=dict(self.env, **env), text=True,
                           stdin=subprocess.DEVNULL, capture_output=True)
        assert code is None or p.returncode == code, \
            f"{args}: exit {p.returncode}, wanted {code}\n{p.stdout}\n{p.stderr}"
        return p

    def sql(self, text, code=0, **env):
        return self.run("run", "-q", "--format", "csv", "-c", text, code=code, **env)

    def script(self, name, text):
        with open(f"{self.folder}/{name}", "w") as f:
            f.write(text)
        return name

    def catalog(self):
        from pyiceberg.catalog.sql import SqlCatalog
        return SqlCatalog("lakehouse", uri=f"sqlite:///{self.folder}/firn.db",
                          warehouse=f"file://{self.folder}/warehouse")

    def rows(self, name):
        """All rows as sorted tuples, read by PyIceberg."""
        c = self.catalog()
        t = c.load_table(name).scan().to_arrow()
        c.engine.dispose()  # an open connection would hold the database
        return sorted(tuple(r.values()) for r in t.to_pylist())

    def files(self):
        """Files below the folder, paths relative to it."""
        return sorted(os.path.relpath(os.path.join(at, f), self.folder)
                      for at, _, names in os.walk(self.folder) for f in names)


def finish(processes, seconds):
    """Waits for all; a list of (exit code, stdout, stderr); fails when the time is over."""
    until = time.monotonic() + seconds
    done = []
    try:
        for p in processes:
            out, err = p.communicate(timeout=max(0.01, until - time.monotonic()))
            done.append((p.returncode, out, err))
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{len(processes) - len(done)} of {len(processes)} processes still run after {seconds} s")
    finally:
        for p in processes:
            if p.poll() is None:
                p.kill()
                p.communicate()
    return done


def all_zero(done):
    bad = [d for d in done if d[0] != 0]
    assert not bad, f"{len(bad)} of {len(done)} failed, the first: exit {bad[0][0]}\n{bad[0][1]}\n{bad[0][2]}"
