# SPDX-License-Identifier: Apache-2.0
"""refresh_property.py FIRN SPARK_PYTHON CATALOG OPERATIONS - whatever is done to a raw table, its summaries equal a rebuild's.

    --seed N       of the walk; printed
    --length N     operations a chapter has (25); each has a raw table of its own
    --chapter N    only this one
    --until N      only so many of its operations
    --leave-out N,N,...  without these
    --shrink       of a chapter that fails: leave out what it fails without
    --progress F   begin behind the chapters that this file has, and add to it
    --least K,W    in the end each kind of operation was there K times, each writer W times

A chapter takes its operations from refresh_walk.plan. After a random 1 to 10 of them all summaries are refreshed, and each must
have the rows of an oracle (refresh_oracle: exact rationals over raw's rows, read by PyIceberg) and the rows, states and digests of
a summary that is made anew; `firn verify` says so, too, and never finds a difference before it. A refresh that would leave no rows
where there were some is refused, and readers keep what they had.

Some refreshes are asked for in a mode; one that cannot be had is refused (exit 4), and readers keep what they had. Some are asked for once
more with nothing changed.

At least 60 of a hundred refreshes after nothing but appends must be of mode delta. A summary follows a renamed column of raw, also where
another column takes the old name."""
import argparse
import collections
import json
import os
import random
import re
import time

from refresh_oracle import DEFINITIONS, Published, check_rows, define, equal_rebuild, expected
from refresh_places import place
from refresh_walk import KINDS, Chapter, Inapplicable, plan
from spark_side import Spark

REFUSED, TOO_MUCH, GONE = 3, 4, 8  # exit codes
DELTA_SHARE = 60


class Counts(dict):
    """Named counters of the whole walk."""

    def __missing__(self, key):
        self[key] = collections.Counter()
        return self[key]

    def add(self, other):
        for key, counter in other.items():
            self[key].update(counter)


class Story(Chapter):
    """A chapter and its summaries' refreshes."""

    def __init__(self, *args):
        super().__init__(*args)
        self.defined, self.counts, self.foreign = {}, Counts(), False
        known = re.search(r"--mode MODE +(.*)", self.place.run("help").stdout)
        self.modes_known = re.findall(r"auto|delta|partition|full|strict", known[1]) if known else []
        self.define(DEFINITIONS)

    def define(self, names):
        for name in names:
            text = define(name, self.raw, self.names)
            self.place.sql(f"CREATE OR REPLACE MATERIALIZED VIEW {self.space}.{name} AS {text}")
            self.defined[name] = text
        if "daily" in names:
            self.place.sql(f"ALTER MATERIALIZED VIEW {self.space}.daily ADD CONSTRAINT totals_match CHECK "
                           "((SELECT sum(count_rows_0) FROM summary) = (SELECT count(*) FROM raw))")

    def refresh_one(self, name, was, mode=None):
        """The mode that it had; None: refused by the guard."""
        more = ["--mode", mode] if mode else []
        before = self.snapshot(name)
        done = self.place.run("refresh", f"{self.space}.{name}", "--format", "json", "-q", *more, code=None)
        said = json.loads(done.stdout.splitlines()[-1])
        if done.returncode == TOO_MUCH and mode not in (None, "auto", "full"):
            assert self.snapshot(name) == before and said["message"], f"a refused refresh of {name} published"
            self.counts["asked for and refused"][mode] += 1
            return self.refresh_one(name, was)
        if not self.want[name] and was:
            assert done.returncode == REFUSED, f"{name} lost all rows, exit {done.returncode}\n{done.stderr}"
            return None
        assert done.returncode == 0, f"refresh of {name}, mode {mode}: exit {done.returncode}\n{done.stderr}"
        if mode:
            self.counts["asked for and done"][mode] += 1
        return said["mode"]

    def snapshot(self, name):
        at = self.table(name).current_snapshot()
        return at and at.snapshot_id

    def refresh_together(self):
        names = list(DEFINITIONS)
        done = self.place.sql("BEGIN; " + "".join(f"REFRESH MATERIALIZED VIEW {self.space}.{n}; " for n in names) + "COMMIT", code=None)
        return done.returncode == 0

    def verify(self, name, codes, *options):
        """What verify says of it; a raw snapshot that is gone is no difference, nor are others' compactions."""
        done = self.place.run("verify", f"{self.space}.{name}", "-q", *options, code=None)
        assert done.returncode in codes, f"verify of {name}: exit {done.returncode}, expected one of {codes}\n{done.stderr}"
        self.counts["verified"][f"exit {done.returncode}"] += 1

    def refresh(self, chance, appends):
        """All summaries; then each against the oracle and against a rebuild."""
        for name in DEFINITIONS:
            if self.table(name).current_snapshot():
                self.verify(name, (0, GONE))
        rows = self.rows()
        self.want = {name: expected(name, rows) for name in DEFINITIONS}
        was = {name: self.table(name).scan().to_arrow().num_rows if self.table(name).current_snapshot() else 0 for name in DEFINITIONS}
        before = {name: self.snapshot(name) for name in DEFINITIONS}
        first = not any(was.values())
        together = chance.random() < 0.3 and self.refresh_together()
        modes, asked = {}, set()
        for name in DEFINITIONS if not together else ():
            if self.modes_known and chance.random() < 0.2:
                asked.add(name)
            modes[name] = self.refresh_one(name, was[name], chance.choice(self.modes_known) if name in asked else None)
        refused = [n for n in modes if modes[n] is None]
        raw = self.table().current_snapshot()
        self.place.sql("BEGIN; " + "".join(f"CREATE MATERIALIZED VIEW {self.space}.anew_{n} AS {define(n, self.raw, self.names)}; "
                                           f"REFRESH MATERIALIZED VIEW {self.space}.anew_{n}; " for n in DEFINITIONS) + "COMMIT")
        for name in DEFINITIONS:
            table = self.table(name)
            if name in refused:
                assert table.scan().to_arrow().num_rows == was[name], f"{name}: a refused refresh changed what readers see"
                self.counts["refused"][name] += 1
                continue
            visible = table.scan().to_arrow()
            check_rows(name, list(map(list, zip(*(c.to_pylist() for c in visible.columns)))), self.want[name])
            have, anew = Published(table), Published(self.table(f"anew_{name}"))
            equal_rebuild(name, have, anew)
            self.verify(name, (0,), "--files")
            assert have.covered() == anew.covered() == raw.snapshot_id, f"{name} covers {have.covered()}, raw is at {raw.snapshot_id}"
            same = have.snapshot.snapshot_id == before[name]
            mode = "none" if same else have.snapshot.summary.additional_properties["firn.mode"]
            assert together or modes[name] == mode, f"{name}: mode {mode}, but the refresh said {modes[name]}"
            kind = "asked for" if name in asked else "first" if first else "after appends" if appends and not self.foreign else "after others"
            self.counts[f"refreshes {kind}"][mode] += 1
        verified = [n for n in DEFINITIONS if n not in refused]
        if chance.random() < 0.2 and verified:
            name = chance.choice(verified)
            self.counts["refreshes of nothing"][self.refresh_one(name, was[name])] += 1
            equal_rebuild(name, Published(self.table(name)), Published(self.table(f"anew_{name}")))
        self.place.sql("BEGIN; " + "".join(f"DROP MATERIALIZED VIEW {self.space}.anew_{n}; " for n in DEFINITIONS) + "COMMIT")
        self.foreign = bool(refused)  # what those have missed is in the next refresh
        return (f"{'together, ' if together else ''}{len(rows)} raw rows, {sum(map(len, self.want.values()))} groups" +
                (f", refused: {' '.join(refused)}" if refused else ""))


def play(where, spark, number, seed, steps, left_out=(), quiet=False):
    """One chapter; its counts."""
    say = (lambda *_: None) if quiet else (lambda *words: print(*words, flush=True))
    story, n = Story(where, spark, number, seed), 0
    say(f"chapter {number}: {story.about}")
    chance, appends = random.Random(seed + number), True
    story.refresh(chance, True)
    for n, step in enumerate(steps, 1):
        began = time.monotonic()
        if n not in left_out:
            try:
                said = story.do(step)
                story.counts["operations"][step.kind] += 1
                story.counts["writers"][step.writer] += 1
                for mode in ("copy-on-write", "merge-on-read"):
                    story.counts["Spark's changes"][mode] += mode in said
            except Inapplicable as e:
                said = f"skipped: {e}"
                story.counts["skipped"][step.kind] += 1
            appends = appends and step.kind == "append"
            say(f"  {n}. {step.kind} by {step.writer}: {said} ({time.monotonic() - began:.1f} s)")
        if step.refresh or n == len(steps):
            began = time.monotonic()
            said = story.refresh(chance, appends)
            appends = True
            say(f"  {n}. refresh: {said} ({time.monotonic() - began:.1f} s)")
    return story.counts


def shrink(run, count):
    """Operations to leave out, so that it still fails: chunks of half, a quarter, ... one."""
    out, size = set(), max(1, count // 2)
    while True:
        for start in range(1, count + 1, size):
            more = set(range(start, min(start + size, count + 1))) - out
            if more and run(out | more):
                out |= more
        if size == 1:
            return sorted(out)
        size //= 2


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("firn")
    p.add_argument("python")
    p.add_argument("catalog", choices=("sqlite", "nessie"))
    p.add_argument("operations", type=int)
    p.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    p.add_argument("--length", type=int, default=25)
    p.add_argument("--chapter", type=int)
    p.add_argument("--until", type=int)
    p.add_argument("--leave-out", type=lambda s: {int(n) for n in s.split(",")}, default=set())
    p.add_argument("--shrink", action="store_true")
    p.add_argument("--progress")
    p.add_argument("--least", type=lambda s: [int(n) for n in s.split(",")])
    return p.parse_args()


def chapters(o, expires):
    steps = plan(o.seed, o.operations, () if expires else ("expire",))
    found = [(n // o.length, steps[n:n + o.length]) for n in range(0, len(steps), o.length)]
    return [(n, s[:o.until]) for n, s in found if o.chapter is None or n == o.chapter]


def report(counts, share, least, kinds):
    for name, counter in sorted(counts.items()):
        print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in sorted(counter.items())))
    if least:
        few = [k for k in kinds if counts["operations"][k] < least[0]] + [w for w in KINDS["append"] if counts["writers"][w] < least[1]]
        assert not few, f"too few of {few}"
    appended = counts["refreshes after appends"]
    if share and sum(appended.values()):
        got = 100 * appended["delta"] / sum(appended.values())
        assert got >= share, f"{got:.0f} % of the refreshes after appends are of mode delta, {share} % should be"


def main():
    o, counts, done = arguments(), Counts(), 0
    if o.progress and os.path.exists(o.progress):
        with open(o.progress, encoding="utf-8") as f:
            kept = json.load(f)
        if kept["operations"] == o.operations and kept["length"] == o.length:
            o.seed, done = kept["seed"], kept["done"]
            counts.add(kept["counts"])
    print(f"seed {o.seed}", flush=True)
    with place(o.catalog, o.firn) as where, Spark(o.python, where.for_spark()) as spark:
        for number, steps in chapters(o, where.expires):
            if number < done:
                continue
            try:
                counts.add(play(where, spark, number, o.seed, steps, o.leave_out))
            except Exception as e:  # of a writer, too
                again = f"--seed {o.seed} --length {o.length} --chapter {number}"
                print(f"to see it again: refresh_property.py FIRN SPARK_PYTHON {o.catalog} {o.operations} {again}")
                if o.shrink:
                    tries = iter(range(1000 + number, 10 ** 6, 1000))

                    def fails(out):
                        try:
                            play(where, spark, next(tries), o.seed, steps, out, quiet=True)
                        except Exception as other:
                            return str(other)[:40] == str(e)[:40]
                        return False
                    print(f"it still fails with --leave-out {','.join(map(str, shrink(fails, len(steps))))}")
                raise
            if o.progress:
                with open(o.progress + ".new", "w", encoding="utf-8") as f:
                    json.dump({"seed": o.seed, "operations": o.operations, "length": o.length, "done": number + 1, "counts": counts}, f)
                os.replace(o.progress + ".new", o.progress)
        report(counts, DELTA_SHARE, o.least, [k for k in KINDS if where.expires or k != "expire"])


if __name__ == "__main__":
    main()
