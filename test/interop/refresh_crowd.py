# SPDX-License-Identifier: Apache-2.0
"""refresh_crowd.py FIRN SPARK_PYTHON CATALOG TIMES [SEED] - refreshes while others are at work.

    days     TIMES times: sixteen runs at once, each replaces another day of raw and refreshes two summaries in one block; each is
             killed once at random and tried again under its run id until it ends well. Raw, summaries, states and digests are those
             of one run after the other in another place.
    beside   3 x TIMES changes of raw by Spark, whose snapshots another Spark expires (where the catalog allows it), while firn
             refreshes without rest: what each refresh published are the rows, states and digests of a rebuild of the snapshot that
             it says it covers.

REST: the days are done on Nessie's REST server, as Iceberg's own says yes to a commit of several tables and lets go of some of them when
others commit at the same time.
SQLite: a JdbcCatalog cannot commit once others have since it was opened, so firn and the expiry wait there for a writer that lost twice."""
import collections
import concurrent.futures
import datetime
import random
import signal
import sys
import time

from demo_points import build_shim
from refresh_oracle import Published, check_rows, define, equal_rebuild, expected
from refresh_places import Reachable, place
from refresh_walk import Chapter, Step
from spark_side import Spark

firn, python, catalog, times = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.SystemRandom().randrange(1 << 31)
SUMMARIES = ("daily", "monthly")
RUNS, RETRIES, LIMIT_S = 16, 20, 300
AGAIN = (5, 6, 9)  # what a scheduler tries again
CHANGES = ("append", "append", "append", "delete", "update", "merge", "compact")


class Table(Chapter):
    """Raw and two summaries; in another place the same again."""

    def __init__(self, where, spark, number, chapter_seed):
        super().__init__(where, spark, number, chapter_seed, writers=("firn",))
        for name in SUMMARIES:
            where.sql(f"CREATE MATERIALIZED VIEW {self.space}.{name} AS {define(name, self.raw, self.names)}")
        self.refresh()

    def refresh(self, code=0):
        return self.place.sql("BEGIN; " + self.refreshes() + "COMMIT", code=code).returncode

    def refreshes(self):
        return "".join(f"REFRESH MATERIALIZED VIEW {self.space}.{n}; " for n in SUMMARIES)

    def published(self):
        return {n: Published(self.table(n)) for n in SUMMARIES}


# ---- sixteen days ----------------------------------------------------------------------------------------

def pipeline(table, path):
    columns = ", ".join(table.names)
    return table.place.script("day.sql", f"BEGIN;\nDELETE FROM {table.raw} WHERE day = :'execution_date';\n"
                              f"INSERT INTO {table.raw} ({columns}) SELECT {columns} FROM read_parquet('{path}') "
                              f"WHERE day = :'execution_date';\n{table.refreshes()}\nCOMMIT;\n")


def start(table, script, day, **env):
    return table.place.start("run", "-q", script, "--run-id", f"{table.space}-{day}", "-v", f"execution_date={day}", **env)


def one_day(table, script, day, shim, at, pause):
    """Killed, then tried again; (was it killed, how it ended each time)."""
    p = start(table, script, day, **({"LD_PRELOAD": shim, "FAULT_MODE": "kill", "FAULT_AT": str(at)} if shim else {}))
    if not shim:
        time.sleep(pause)
        p.kill()
    out, err = p.communicate(timeout=LIMIT_S)
    assert p.returncode in (-signal.SIGKILL, 0, *AGAIN), f"{day}: exit {p.returncode}\n{out}{err}"
    killed, codes = p.returncode == -signal.SIGKILL, []
    while not codes or codes[-1] != 0:
        p = start(table, script, day)
        out, err = p.communicate(timeout=LIMIT_S)
        codes.append(p.returncode)
        assert p.returncode in (0, *AGAIN) and len(codes) < RETRIES, f"{day}: exits {codes}\n{out}{err}"
    return killed, codes


def days(where, other, number, chance):
    crowd, alone = Table(where, None, number, seed + number), Table(other, None, number, seed + number)
    dates = [datetime.date(2024, 1, 24) + datetime.timedelta(n) for n in range(RUNS)]
    rows = [crowd.row(chance, [day]) for day in dates for _ in range(chance.randint(1, 40))]
    for table in (crowd, alone):
        path = table.stage(rows)[1]
        script, counted, took = pipeline(table, path), f"{table.place.folder}/count", 0.0
        if table is alone:
            count = {"LD_PRELOAD": build_shim(table.place.folder), "FAULT_COUNT": counted} if catalog == "sqlite" else {}
            for day in dates:
                began = time.monotonic()
                p = start(table, script, day, **count)
                out, err = p.communicate(timeout=LIMIT_S)
                assert p.returncode == 0, f"{day}: exit {p.returncode}\n{out}{err}"
                took = max(took, time.monotonic() - began)
    shim, calls = "", 1
    if catalog == "sqlite":
        shim = build_shim(where.folder)
        with open(counted) as f:
            calls = int(f.read())
    with concurrent.futures.ThreadPoolExecutor(RUNS) as pool:
        ended = list(pool.map(lambda day, at, pause: one_day(crowd, "day.sql", day, shim, at, pause), dates,
                              [chance.randint(1, calls) for _ in dates], [chance.uniform(0, took) for _ in dates]))
    got, want = crowd.rows(), alone.rows()
    order = lambda r: (r["id"], repr(r))
    assert sorted(map(repr, got)) == sorted(map(repr, want)), (f"raw has {len(got)} rows, one run after the other {len(want)}: "
                                                               f"{[r for r in sorted(got, key=order) if repr(r) not in set(map(repr, want))][:2]}")
    have, anew = crowd.published(), alone.published()
    for name in SUMMARIES:
        check_rows(name, have[name].rows, expected(name, want))
        equal_rebuild(name, have[name], anew[name])
    where.sql(f"BEGIN; INSERT INTO {crowd.raw} (id) VALUES (-1); {crowd.refreshes()}COMMIT", FIRN_ABANDONED_AFTER="1")
    if catalog != "rest":  # where metadata keep one snapshot, they do not name what stays
        left = Reachable(where).missing()
        assert not left, f"left behind: {left}"
    codes = collections.Counter(c for _, all_codes in ended for c in all_codes)
    return f"{sum(k for k, _ in ended)} of {RUNS} killed, exits of the tries after that {dict(sorted(codes.items()))}"


# ---- beside a writer and an expiry -----------------------------------------------------------------------

class Races:
    """That Spark lost: in all, and since it last came through."""
    lost = streak = 0
    writing = None

    def rest(self, where, chance):
        time.sleep(chance.uniform(0, 1 if where.anew else 0.2))
        while where.anew and self.streak >= 2 and not self.writing.done():
            time.sleep(0.1)


def write(table, chance, states, races):
    """The changes; what Spark has made is noted whether it said so or not."""
    note(table, states)
    for n in range(3 * times):
        step = Step(chance.choice(CHANGES), "spark", chance.getrandbits(48), False, True)
        for _ in range(RETRIES):
            try:
                table.do(step)
                races.streak = 0
                break
            except AssertionError as e:
                why = str(e)
                assert why.startswith("Spark"), e
                races.lost += 1
                races.streak += 1
            finally:
                note(table, states)
        else:
            raise AssertionError(f"Spark lost {RETRIES} times: {why[:3000]}")


def note(table, states):
    """Nobody else changes raw, so its newest snapshot stays until the next change."""
    at = table.table().current_snapshot().snapshot_id
    if at not in states:
        states[at] = table.rows()


def expire(table, chance, races):
    done = 0
    while not races.writing.done():
        try:
            table.call("expire_snapshots", older_than="TIMESTAMP '2099-01-01 00:00:00'", retain_last="1")
            done += 1
        except AssertionError as e:
            assert str(e).startswith("Spark"), e
        races.rest(table.place, chance)
    return done


def beside(where, other, spark, third, chance):
    table, judge = Table(where, spark, times, seed), Table(other, spark, times, seed)
    races, states, results, exits, modes = Races(), {}, [], collections.Counter(), collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writing = races.writing = pool.submit(write, table, random.Random(seed), states, races)
        cleaner = Chapter.__new__(Chapter)
        cleaner.place, cleaner.session, cleaner.space, cleaner.raw = where, third, table.space, table.raw
        expiry = pool.submit(expire, cleaner, random.Random(seed + 1), races) if where.expires else None
        while not writing.done():
            exits[table.refresh(code=None)] += 1
            results.append(table.published())
            races.rest(where, chance)
        writing.result()
        expired = expiry.result() if expiry else 0
    assert exits[0] and set(exits) <= {0, 5}, f"exits {dict(exits)}"
    covered = {}
    for result in results:
        covers = {r.covered() for r in result.values()}
        assert len(covers) == 1, f"published together, and cover {covers}"
        covered.setdefault(covers.pop(), []).append(result)
    for snapshot, all_results in covered.items():
        rows = states[snapshot]
        columns, path = judge.stage([{c: r.get(c) for c in judge.types} for r in rows])
        judge.firn(f"BEGIN; DELETE FROM ~; INSERT INTO ~ ({columns}) SELECT {columns} FROM read_parquet('{path}'); {judge.refreshes()}COMMIT")
        anew = judge.published()
        for name in SUMMARIES:
            want = expected(name, rows)
            for result in all_results:
                check_rows(name, result[name].rows, want)
                equal_rebuild(name, result[name], anew[name])
                modes[result[name].snapshot.summary.additional_properties.get("firn.mode") or "full"] += 1
    return (f"{len(results)} refreshes, exits {dict(exits)}, of {len(covered)} of {len(states)} snapshots, modes {dict(modes)}; "
            f"{expired} expiries, Spark lost {races.lost} times")


def main():
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    several = "nrest" if catalog == "rest" else catalog
    with place(several, firn) as where, place(several, firn) as other:
        for number in range(times):
            began = time.monotonic()
            print(f"days: {days(where, other, number, chance)} ({time.monotonic() - began:.1f} s)", flush=True)
    with place(catalog, firn) as where, place(catalog, firn) as other, Spark(python, where.for_spark()) as spark, \
            Spark(python, where.for_spark()) as third:
        began = time.monotonic()
        print(f"beside: {beside(where, other, spark, third, chance)} ({time.monotonic() - began:.1f} s)", flush=True)


main()
