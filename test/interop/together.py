# SPDX-License-Identifier: Apache-2.0
"""together.py FIRN CATALOG PUBLISHES - pointers of several summaries move together.

A writer appends to a raw table and refreshes its day and month summaries in one transaction, again and again. Meanwhile firn reads
both in one transaction each: the totals must agree every time. PyIceberg loads one table after the other, as Trino and Spark
do: pairs that do not agree are counted, and each of them must be seen from the refresh-state of the snapshots it read.

On a catalog that commits one table at a time (rest) the two summaries go one after the other (firn.publish = 'ordered'); there
firn's reads may be mixed, too, and are counted."""
import json, sys, threading

from refresh_places import place

firn, kind, publishes = sys.argv[1], sys.argv[2], int(sys.argv[3])


def covered(table):
    """Snapshot of raw that the table's snapshot says it covers, and its rows' total."""
    state = json.loads(table.current_snapshot().summary["refresh-state"])
    rows = table.scan().to_arrow()
    return state["source-states"][0]["snapshot-id"], sum(rows.column("n").to_pylist())


def mixed_reads(where, space, done, seen):
    while not done.is_set():
        catalog = where.catalog()
        try:
            pair = [covered(catalog.load_table((space, name))) for name in ("month", "day")]
        finally:
            if hasattr(catalog, "engine"):
                catalog.engine.dispose()
        same, told = pair[0][1] == pair[1][1], pair[0][0] == pair[1][0]
        assert same or not told, f"totals differ and both say that they cover {pair}"
        seen["PyIceberg's reads"] += 1
        seen["of them mixed"] += not told


def own_reads(where, space, done, seen, together):
    sql = f"BEGIN; SELECT sum(n) FROM {space}.month; SELECT sum(n) FROM {space}.day; COMMIT"
    while not done.is_set():
        month, day = [line for line in where.sql(sql).stdout.split() if line != "sum"]
        assert month == day or not together, f"firn read {month} and {day} in one transaction"
        seen["firn's reads"] += 1
        seen["of firn's mixed"] += month != day


class Watched(threading.Thread):
    def __init__(self, *args):
        super().__init__(target=args[0], args=args[1:])
        self.error = None

    def run(self):
        try:
            super().run()
        except Exception as e:
            self.error = e


with place(kind, firn) as where:
    space, together = where.prefix + "together", kind != "rest"
    order = "" if together else "SET firn.publish = 'ordered'; "
    where.sql(f"CREATE SCHEMA {space}; CREATE TABLE {space}.raw (day date, x double precision);")
    for name, key in (("day", "day"), ("month", "date_trunc('month', day)")):
        where.sql(f"CREATE MATERIALIZED VIEW {space}.{name} AS SELECT {key} AS k, count(*) AS n, sum(x) AS x FROM {space}.raw GROUP BY 1")

    def publish(i):
        where.sql(f"INSERT INTO {space}.raw VALUES (DATE '2025-01-01' + {i % 90}, {i} * 0.1)")
        return where.sql(f"{order}BEGIN; REFRESH MATERIALIZED VIEW {space}.day; REFRESH MATERIALIZED VIEW {space}.month; COMMIT")

    publish(0)
    done, seen = threading.Event(), {"firn's reads": 0, "of firn's mixed": 0, "PyIceberg's reads": 0, "of them mixed": 0}
    readers = [Watched(own_reads, where, space, done, seen, together), Watched(mixed_reads, where, space, done, seen)]
    for r in readers:
        r.start()
    try:
        for i in range(1, publishes):
            publish(i)
            assert all(r.is_alive() for r in readers), [r.error for r in readers]
    finally:
        done.set()
        for r in readers:
            r.join()
    assert not any(r.error for r in readers), [r.error for r in readers]
    assert seen["firn's reads"] > publishes / 10 and seen["PyIceberg's reads"] > publishes / 20, seen
    total = where.sql(f"SELECT sum(n) AS n FROM {space}.month").stdout.split()[-1]
    assert int(total) == publishes, total
    print(f"{kind}: {publishes} publishes of two summaries; " + ", ".join(f"{k} {v}" for k, v in seen.items()))
