# SPDX-License-Identifier: Apache-2.0
"""refresh_kills.py FIRN CATALOG POINTS [SEED] - refreshes killed on their way leave the old or the new state, and nothing behind.

Two summaries over one raw table that firn and PyIceberg change. Each point changes it, starts a refresh (of one summary, of both in
a block, of both with rows that the block inserts) and kills it (SIGKILL):

    sqlite          at the n-th call that changes the disk (fault_shim.c), instead of it or in the middle of it
    nessie, rest    at the n-th request to catalog or store (proxy.py), before it is passed on or when it has been carried out; or at
                    its commit, which reaches the catalog up to a second later, when the next run has begun or is over

Then PyIceberg must read all tables in the old or all in the new state, equal to the oracle. The block that follows must end well,
in rows, states and digests of a rebuild, and no file may be in the warehouse that no table names (on Nessie: that no commit of the
branch named), by this test's own listing."""
import collections
import random
import signal
import sys
import threading
import time
import urllib.parse

from demo_points import build_shim
from proxy import Fault, Proxy
from refresh_oracle import Published, check_rows, define, equal_rebuild, expected
from refresh_places import Reachable, place
from refresh_walk import Chapter, Step

CHAPTER = 25  # points on one raw table
SUMMARIES = ("daily", "monthly")
CHANGES = ("append", "append", "delete", "overwrite", "drop_partition")


class AtCalls:
    """Of a process on this disk."""
    ways = ("kill", "torn")

    def __init__(self, where):
        self.where, self.shim, self.counted = where, build_shim(where.folder), f"{where.folder}/count"

    def run(self, sql, way="", n=0):
        """(exit code, its words, how many calls it made)"""
        fault = {"FAULT_AT": str(n), "FAULT_MODE": way} if way else {"FAULT_COUNT": self.counted}
        p = self.where.start("run", "-q", "-c", sql, LD_PRELOAD=self.shim, **fault)
        out, err = p.communicate(timeout=120)
        if way:
            return p.returncode, out + err, 0
        with open(self.counted) as f:
            return p.returncode, out + err, int(f.read())

    late = False

    def settle(self):
        return self.late

    def close(self):
        pass


class AtRequests:
    """Of a process that speaks to servers."""
    ways = ("before", "after", "late")

    def __init__(self, where):
        self.where, self.proxies, ports = where, {}, {}
        for name, uri in where.servers().items():
            at = urllib.parse.urlsplit(uri)
            self.proxies[name] = Proxy(at.hostname, at.port)
            ports[name] = at._replace(netloc=f"127.0.0.1:{self.proxies[name].port}").geturl()
        self.config = where.through(ports)

    def run(self, sql, way="", n=0):
        started, running = threading.Event(), []

        def kill():
            started.wait()
            running[0].kill()
            running[0].wait()
        fault = Fault(way, skip=n - 1, act=kill)
        if way == "late":
            fault = Fault(way, self.where.commits, "POST", act=kill, seconds=n % 11 / 10)
        before = sum(p.requests for p in self.proxies.values())
        for p in self.proxies.values():
            p.faults = [fault] if way else []
        running.append(self.where.start("run", "-q", "--config", self.config, "-c", sql))
        started.set()
        out, err = running[0].communicate(timeout=120)
        for p in self.proxies.values():
            p.faults = []
        self.late = way == "late"
        return running[0].returncode, out + err, sum(p.requests for p in self.proxies.values()) - before

    def settle(self):
        """Until what is late has come; was there something?"""
        for p in self.proxies.values():
            p.settle()
        return self.late

    def close(self):
        for p in self.proxies.values():
            p.__exit__()


class Scene(Chapter):
    """A raw table, two summaries, and what each of them holds."""

    def __init__(self, where, number, seed):
        self.rng = random.Random(seed)
        super().__init__(where, None, number, seed, writers=("firn", "pyiceberg"))
        for name in SUMMARIES:
            where.sql(f"CREATE MATERIALIZED VIEW {self.space}.{name} AS {define(name, self.raw, self.names)}")
        self.modes = collections.Counter()
        self.follow()

    def change(self):
        kind = self.rng.choice(CHANGES)
        self.do(Step(kind, self.rng.choice(("firn", "pyiceberg")), self.rng.getrandbits(48), False, True))
        return kind

    def refreshes(self, names=SUMMARIES):
        return "".join(f"REFRESH MATERIALIZED VIEW {self.space}.{n}; " for n in names)

    def insert(self, rows):
        columns, path = self.stage(rows)
        return f"INSERT INTO {self.raw} ({columns}) SELECT {columns} FROM read_parquet('{path}'); "

    def scenario(self):
        """Its name, its SQL, the states it may leave: the first is the old one, the last the new one."""
        rows = self.rows()
        old = {"raw": rows, **self.want}
        kind = self.rng.choice(("one", "both", "load"))
        if kind == "one":
            return kind, self.refreshes(SUMMARIES[:1]), [old, {**old, SUMMARIES[0]: expected(SUMMARIES[0], rows)}]
        if kind == "both":
            return kind, f"BEGIN; {self.refreshes()}COMMIT", [old, self.state(rows)]
        more = self.new_rows(self.rng)
        return kind, f"BEGIN; {self.insert(more)}{self.refreshes()}COMMIT", [old, self.state(rows + more)]

    @staticmethod
    def state(rows):
        return {"raw": rows, **{n: expected(n, rows) for n in SUMMARIES}}

    def matches(self, state):
        try:
            ids = sorted(r["id"] for r in self.rows())
            assert ids == sorted(r["id"] for r in state["raw"]), f"raw has {len(ids)} rows, not the {len(state['raw'])}"
            for name in SUMMARIES:
                found = self.table(name).scan().to_arrow()
                check_rows(name, list(map(list, zip(*(c.to_pylist() for c in found.columns)))), state[name])
        except AssertionError as e:
            return str(e)
        return ""

    def follow(self):
        """One more row and both summaries, in a block that must end well."""
        self.place.sql(f"BEGIN; {self.insert([self.row(self.rng, [self.day(self.rng)])])}{self.refreshes()}COMMIT", FIRN_ABANDONED_AFTER="1")
        state = self.state(self.rows())
        wrong = self.matches(state)
        assert not wrong, f"after the next refresh: {wrong}"
        self.want = {n: state[n] for n in SUMMARIES}
        rows = len(state["raw"])
        self.place.sql("".join(f"CREATE OR REPLACE MATERIALIZED VIEW {self.space}.anew_{n} AS {define(n, self.raw, self.names)}; "
                               f"REFRESH MATERIALIZED VIEW {self.space}.anew_{n}; " for n in SUMMARIES))
        for name in SUMMARIES:
            have = Published(self.table(name))
            equal_rebuild(name, have, Published(self.table(f"anew_{name}")))
            self.modes[have.snapshot.summary.additional_properties["firn.mode"]] += 1
        return rows


def one_point(scene, killer, counts, chance, seen):
    changed = scene.change()
    kind, sql, states = scene.scenario()
    if kind not in counts:  # this one is not killed: it tells how many points there are
        code, words, counts[kind] = killer.run(sql)
        assert code == 0, words
        what = f"{kind}, not killed"
    else:
        way, n = chance.choice(killer.ways), chance.randint(1, counts[kind])
        what = f"{kind} after {changed}, {way} at {n} of {counts[kind]}"
        code, words, _ = killer.run(sql, way, n)
    try:
        assert code in (0, -signal.SIGKILL), f"exit {code}"
        if not killer.late:  # else it may change while it is looked at
            wrong = [scene.matches(s) for s in states]
            assert "" in wrong, f"neither the old nor the new state: {wrong}"
            assert code != 0 or not wrong[-1], f"exit 0, but {wrong[-1]}"
        rows = scene.follow()
        assert rows - 1 in [len(s["raw"]) for s in states], f"{rows} rows after the next refresh"
        if killer.settle():
            wrong = [scene.matches(scene.state(scene.rows()))]
            assert not wrong[0], f"what came late changed something: {wrong[0]}"
            assert len(scene.rows()) == rows, "what came late changed raw"
        left = scene.reachable.missing()
        assert not left, f"left behind: {left}"
    except AssertionError as e:
        raise AssertionError(f"{what}: {e}\nit said: {words}") from e
    if killer.late:
        seen["late, applied" if rows - 1 == len(states[-1]["raw"]) != len(states[0]["raw"]) else "late"] += 1
    elif code:
        seen["the new state" if not wrong[-1] else "the old state"] += 1
    else:
        seen["not hit" if "not killed" not in what else "counted"] += 1


def main():
    firn, catalog, points = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}", flush=True)
    chance, began, seen, modes = random.Random(seed), time.monotonic(), collections.Counter(), collections.Counter()
    with place(catalog, firn) as where:
        killer = (AtCalls if catalog == "sqlite" else AtRequests)(where)
        reachable, counts, number, scene = Reachable(where), {}, 0, None
        while sum(seen.values()) - seen["counted"] - seen["not hit"] < points:
            if number % CHAPTER == 0:
                scene, counts = Scene(where, number // CHAPTER, seed + number), {}
                scene.reachable = reachable
            one_point(scene, killer, counts, chance, seen)
            modes.update(scene.modes)
            scene.modes.clear()
            number += 1
            if number % CHAPTER == 0:
                print(f"{number}: {dict(seen)}, points in each: {counts}, {time.monotonic() - began:.0f} s", flush=True)
        killer.close()
    print(f"{points} kills on {catalog}: {dict(seen)}; the refreshes after them: {dict(modes)}; {time.monotonic() - began:.0f} s")


main()
