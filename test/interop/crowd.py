# SPDX-License-Identifier: Apache-2.0
"""crowd.py FIRN SPARK_PYTHON TIMES [SEED] - firn and Spark change one table at the same time, a third process expires its snapshots.

On each catalog (SQLite, Nessie's native one, Iceberg's REST server), in rounds that begin together:

    appends      one row by each, TIMES each, while Spark in a second process expires all snapshots but the newest and deletes
                 their files; on Nessie that is refused, with the reason. Each acknowledged row is there once, no other is.
    replaces     CREATE OR REPLACE by each, TIMES each, the first where no table is. Each acknowledged one has been the table's
                 whole content in exactly one state that was published, and what stands there at the end is the newest.
                 Snapshots are not expired here: they are what is counted.

firn's statement starts at a random moment of the time that Spark's last one took. What was not acknowledged (exit 5, or an error in
Spark) is run again as another try, whose number is in the row. The rows are read by firn, by Spark, and by PyIceberg from the
metadata that the catalog names.

SQLite: Iceberg's JdbcCatalog reads the state of its first use for as long as it lives, and cannot write once others have. So
Spark has a new session there for each try, and loses whenever firn commits between that session's first look and its commit."""
import collections
import concurrent.futures
import os
import random
import re
import sys
import time

from pyiceberg.table import StaticTable

import seeds
import spark_session
from lakehouse import Lakehouse
from nessie_api import Branch
from rest_lake import S3, RestLake
from spark_side import Spark

firn, python, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
FIRN, SPARK, TRIES = 1, 2, 40
chance = random.Random(seeds.seed(4))


class Place:
    """A catalog, firn's folder on it and Spark's name for it. In SQL "~" is the schema."""

    def __init__(self, name, lake, schema, anew=False, refusal=None):
        self.name, self.lake, self.schema, self.anew, self.refusal = name, lake, schema, anew, refusal
        self.unknown = []  # rows that Spark could not say of whether they are there
        self.lost = collections.Counter()

    def firn(self, sql, code=0):
        return self.lake.sql(sql.replace("~", self.schema), code=code)

    def spark(self, session, sql):
        if self.anew:
            session.anew()
        return session.rows(sql.replace("~", f"{self.name}.{self.schema}"))[1]

    def metadata(self, table):
        """The files that the catalog has named as the table's, the newest last; most catalogs know one."""
        return [self.lake.catalog().load_table(f"{self.schema}.{table}").metadata_location]

    def table(self, location):
        return StaticTable.from_metadata(location, S3)


class NessiePlace(Place):
    """Has a history, which names each file that was ever published."""

    def metadata(self, table):
        puts = [o["content"]["metadataLocation"] for _, _, operations in self.lake.history() for o in operations
                if o["type"] == "PUT" and o["key"]["elements"] == [self.schema, table]]
        return puts[::-1]


def rows_of(arrow):
    return sorted(tuple(r.values()) for r in arrow.to_pylist())


def by_firn(place, sql, row):
    """The try that firn acknowledged."""
    for n in range(TRIES):
        done = place.firn(sql.format(*row, n), code=None)
        if done.returncode == 0:
            return (*row, n)
        assert done.returncode == 5 and "40001" in done.stderr, f"firn: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        place.lost["firn"] += 1
    raise AssertionError(f"firn lost {TRIES} times")


def by_spark(place, session, sql, row, who="Spark"):
    for n in range(TRIES):
        try:
            place.spark(session, sql.format(*row, n))
            return (*row, n)
        except AssertionError as e:
            error = str(e)
        place.lost[who] += 1
        place.lost[reason(error)] += 1
        if "CommitStateUnknown" in error:
            place.unknown.append((*row, n))
    raise AssertionError(f"{who} lost {TRIES} times: {error}")


def reason(error):
    """What Spark's error is called: SQLite's name for it, or the last class that it names."""
    found = re.findall(r"\bSQLITE_[A-Z_]+", error) or re.findall(r"\b[A-Z]\w+Exception\b", error)
    return found[-1] if found else error[-120:]


def expire(place, session, table):
    sql = f"CALL {place.name}.system.expire_snapshots(table => '{place.schema}.{table}', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1)"
    if not place.refusal:
        return by_spark(place, session, sql, (), "expiry")
    try:
        place.spark(session, sql)
    except AssertionError as e:
        assert place.refusal in str(e), e
    else:
        raise AssertionError("snapshots were expired on Nessie")


def together(place, ours, theirs, third=None):
    """TIMES rounds; the rows that were acknowledged."""
    rows, takes = [], 0.0
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        def late(pause, *args):
            time.sleep(pause)
            return by_firn(place, *args)
        for n in range(times):
            first = pool.submit(late, chance.uniform(0, takes), ours, (FIRN, n))
            expiry = pool.submit(third) if third else None
            started = time.monotonic()
            rows.append(by_spark(place, writer, theirs, (SPARK, n)))
            takes = time.monotonic() - started
            rows.append(first.result())
            if expiry:
                expiry.result()
    return sorted(rows)


def read_by_all(place, table):
    """The rows, for all three the same."""
    at = place.table(place.metadata(table)[-1])
    ours = sorted(tuple(map(int, line.split(","))) for line in place.firn(f"SELECT who, n, try FROM ~.{table}").stdout.split("\n")[1:] if line)
    theirs = sorted(tuple(map(int, r)) for r in place.spark(writer, f"SELECT who, n, try FROM ~.{table}"))
    judged = rows_of(at.scan().to_arrow())
    assert ours == theirs == judged, f"firn {ours}\nSpark {theirs}\nPyIceberg {judged}"
    assert int(at.current_snapshot().summary["total-records"]) == len(ours), at.current_snapshot().summary
    return at, ours


def appends(place):
    place.firn("CREATE TABLE ~.appended (who int, n int, try int)")
    place.spark(writer, "ALTER TABLE ~.appended SET TBLPROPERTIES ('commit.retry.num-retries' = '20')")
    acknowledged = together(place, "INSERT INTO ~.appended VALUES ({}, {}, {})", "INSERT INTO ~.appended VALUES ({}, {}, {})",
                            lambda: expire(place, third, "appended"))
    at, rows = read_by_all(place, "appended")
    extra = collections.Counter(rows) - collections.Counter(acknowledged)
    assert not collections.Counter(acknowledged) - collections.Counter(rows), f"lost: {sorted(set(acknowledged) - set(rows))}"
    assert all(extra[r] == 1 and r in place.unknown for r in extra), f"nobody acknowledged {extra}"
    kept = len(at.metadata.snapshots)
    if place.refusal:
        assert kept == len(rows) and at.properties["gc.enabled"] == "false", kept
    else:
        expire(place, third, "appended")
        kept = len(place.table(place.metadata("appended")[-1]).metadata.snapshots)
        assert kept == 1, f"{kept} snapshots after the last expiry"
        assert read_by_all(place, "appended")[1] == rows, "the last expiry took rows"
    return f"{len(rows)} rows, {kept} snapshots kept"


def replaces(place):
    select = "CREATE OR REPLACE TABLE ~.replaced{} AS SELECT {{}} AS who, {{}} AS n, {{}} AS try"
    acknowledged = together(place, select.format(""), select.format(" USING iceberg"))
    at, rows = read_by_all(place, "replaced")
    named = place.metadata("replaced")
    if isinstance(place, NessiePlace):  # Iceberg's client may leave a snapshot out of the metadata that it replaces; the history has it
        states = [rows_of(place.table(location).scan().to_arrow()) for location in named]
    else:
        states = [rows_of(at.scan(snapshot_id=s.snapshot_id).to_arrow()) for s in at.metadata.snapshots]
    assert all(len(s) == 1 for s in states), f"not the rows of one statement: {[s for s in states if len(s) != 1]}"
    counted = collections.Counter(s[0] for s in states)
    extra = counted - collections.Counter(acknowledged)
    assert not collections.Counter(acknowledged) - counted, f"never published: {sorted(set(acknowledged) - set(counted))}"
    assert all(extra[r] == 1 and r in place.unknown for r in extra), f"nobody acknowledged {extra}"
    assert rows == states[-1], f"{rows} stands there, {states[-1]} was the last"
    return f"{len(states)} states"


with Lakehouse(firn) as sqlite, Branch(firn) as nessie, RestLake(firn, os.environ["FIRN_REST_URI"]) as rest:
    nessie.configure(warehouse=os.environ["FIRN_WAREHOUSE"], **S3)
    places = [Place("lakehouse", sqlite, "s", anew=True), NessiePlace("nessie", nessie, "s", refusal="GC is disabled"),
              Place("rest", rest, rest.space)]
    catalogs = {"lakehouse": spark_session.sqlite(sqlite.folder), "nessie": spark_session.nessie(nessie.name), "rest": spark_session.rest()}
    with Spark(python, catalogs) as writer, Spark(python, catalogs) as third:
        for place in places:
            place.firn("CREATE SCHEMA IF NOT EXISTS ~")
            for test in (appends, replaces):
                started, place.lost = time.monotonic(), collections.Counter()
                said = test(place)
                lost = ", ".join(f"{k} {v}" for k, v in place.lost.items()) or "none"
                print(f"{place.name}, {test.__name__}: {said}; run again: {lost} ({time.monotonic() - started:.1f} s)", flush=True)
