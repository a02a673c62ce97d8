# SPDX-License-Identifier: Apache-2.0
"""refresh_walk.py - random operations on one raw table and its summaries, by firn, Spark and PyIceberg.

plan(seed, count) is the whole walk, without a look at any table: a list of Step(kind, writer, seed, appends, refresh).
Chapter(...).do(step) carries one out and says what it did; what the table cannot have just now is Inapplicable, and
skipped. So a chapter can be replayed alone, cut short, or with operations left out."""
import collections
import datetime
import decimal
import math
import random

import pyarrow
import pyarrow.parquet

from refresh_oracle import COLUMNS, DEFINITIONS
from refresh_places import CATALOG

# kind -> who does it. In each round through the deck each kind comes once, its writers in turn.
KINDS = {"append": ("firn", "spark", "pyiceberg"), "delete": ("firn", "spark", "pyiceberg"), "update": ("spark",), "merge": ("spark",),
         "overwrite": ("firn", "pyiceberg", "spark"), "drop_partition": ("pyiceberg", "firn", "spark"), "schema": ("spark", "pyiceberg"),
         "spec": ("spark", "pyiceberg"), "compact": ("spark",), "compact_summary": ("spark",), "manifests": ("spark",), "expire": ("spark",),
         "rollback": ("spark",), "cherrypick": ("spark",), "replace": ("spark",)}
LAYOUTS = ("", "day(day)", "month(day)", "bucket(4, k)", "truncate(1, t)")
ONLY_APPENDS = 0.35  # of the runs of operations between two refreshes
SPARK_CANNOT = ("multiple fields for name",)  # two partition specs have a field of one name: no metadata table then
STAGED = "stage"
FIRST_TYPES = {"id": "bigint", "day": "date", "k": "int", "i": "int", "x": "double", "d": "decimal(12,3)", "t": "string", "other": "string"}
WIDER = {"int": "bigint", "decimal(12,3)": "decimal(20,3)"}
ARROW = {"bigint": pyarrow.int64(), "int": pyarrow.int32(), "date": pyarrow.date32(), "double": pyarrow.float64(), "string": pyarrow.string(),
         "decimal(12,3)": pyarrow.decimal128(12, 3), "decimal(20,3)": pyarrow.decimal128(20, 3)}
START = datetime.date(2024, 1, 20)

Step = collections.namedtuple("Step", "kind writer seed appends refresh")


class Inapplicable(Exception):
    pass


def plan(seed, count, without=()):
    chance, deck, turns, steps = random.Random(seed), [], collections.Counter(), []
    while len(steps) < count:
        size = min(chance.randint(1, 10), count - len(steps))
        appends = chance.random() < ONLY_APPENDS
        for n in range(size):
            if not deck:
                deck = [k for k in KINDS if k not in without]
                chance.shuffle(deck)
            kind = "append" if appends or chance.random() < 0.1 else deck.pop()
            writer = KINDS[kind][turns[kind] % len(KINDS[kind])]
            turns[kind] += 1
            steps.append(Step(kind, writer, chance.getrandbits(48), appends, n == size - 1))
    return steps


class Chapter:
    """A raw table with its summaries: what the operations must know of it."""

    def __init__(self, place, spark, number, seed, writers=KINDS["append"]):
        self.place, self.session, self.space = place, spark, f"{place.prefix}c{number}"
        self.raw = f"{self.space}.raw"
        chance = random.Random(seed)
        self.names = {c: c for c in FIRST_TYPES}  # base name -> name now; columns that were added, too
        self.types = dict(FIRST_TYPES)
        self.next_id, self.serial = 0, 0
        self.modes = {}
        layout = self.layout = LAYOUTS[number % len(LAYOUTS)]
        columns = ", ".join(f"{c} {t.replace('string', 'text').replace('double', 'double precision')}" for c, t in self.types.items())
        place.sql(f"CREATE SCHEMA IF NOT EXISTS {self.space}; CREATE TABLE {self.raw} ({columns})" +
                  (f" WITH (partitioning = '{layout}')" if layout else ""))
        self.about = f"raw table partitioned by {layout or 'nothing'}"
        self.do(Step("append", chance.choice(writers), chance.getrandbits(48), True, True))

    # ---- tools ----

    def spark(self, sql):
        if self.place.anew:
            self.session.anew()
        try:
            return self.session.rows(sql.replace("~", f"{CATALOG}.{self.raw}"))[1]
        except AssertionError as e:
            found = [words for words in SPARK_CANNOT if words in str(e)]
            if found:
                raise Inapplicable(found[0]) from e
            raise

    def firn(self, sql):
        return self.place.sql(sql.replace("~", self.raw)).stdout

    def table(self, name="raw"):
        return self.place.catalog().load_table(f"{self.space}.{name}")

    def call(self, procedure, table="raw", **arguments):
        more = "".join(f", {k} => {v}" for k, v in arguments.items())
        return self.spark(f"CALL {CATALOG}.system.{procedure}(table => '{self.space}.{table}'{more})")

    def rows(self):
        """Raw's, as PyIceberg reads them, under the columns' first names."""
        found = self.table().scan().to_arrow()
        return [dict(zip(COLUMNS, r)) for r in zip(*(found.column(self.names[c]).to_pylist() for c in COLUMNS))]

    # ---- random data ----

    def day(self, chance):
        if chance.random() < 0.06:
            return chance.choice((None, datetime.date(1969, 12, 31), datetime.date(2100, 1, 1)))
        return START + datetime.timedelta(chance.randrange(45))

    def number(self, chance, k):
        """Each product has doubles of its kind: money, 300 decades, what breaks sums, anything."""
        kind = k % 4 if k is not None else 3
        if chance.random() < 0.05:
            return None
        if kind == 0:
            return chance.randrange(1, 100000) / 100
        if kind == 1:
            return chance.uniform(-1, 1) * 10.0 ** chance.randint(-150, 150)
        if kind == 2:
            return chance.choice((math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 0.0, 0.1, 2.0 ** 53, 1.7976931348623157e308, None))
        return chance.choice((0.1, 0.2, 0.3, -0.0, 1e16, -1e16, 1e-16, 3.0 ** -200, float(chance.randint(-9, 9))))

    def row(self, chance, days):
        k, wide = chance.choice((None, 1, 2, 3, 4, 5, 6, 7)), chance.random() < 0.02
        large = chance.randint(-2 ** 40, 2 ** 40) if self.types["i"] == "bigint" and wide else 7
        self.next_id += 1
        row = {"id": self.next_id, "day": chance.choice(days), "k": k, "x": self.number(chance, k),
               "i": chance.choice((None, 0, chance.randint(-5, 20), large)),
               "d": chance.choice((None, decimal.Decimal(chance.randint(-10 ** 9, 10 ** 9)).scaleb(-3), decimal.Decimal("19.990"))),
               "t": chance.choice((None, "", "a", "b", "é", "z\U0001f600", "long " * 9))}
        if k is not None and wide and self.types["k"] == "bigint":
            row["k"] = 2 ** 40 + k
        return {c: row.get(c, chance.choice((None, "x", "y"))) for c in self.types}

    def new_rows(self, chance):
        late = chance.random() < 0.15
        days = [self.day(chance) for _ in range(40 if late else chance.randint(1, 3))]
        return [self.row(chance, days) for _ in range(chance.randint(1, 90 if late else 40))]

    def arrow(self, rows):
        schema = pyarrow.schema([(self.names[c], ARROW[t]) for c, t in self.types.items()])
        return pyarrow.Table.from_pylist([{self.names[c]: v for c, v in r.items()} for r in rows], schema=schema)

    def stage(self, rows):
        """The rows as a file: (columns, its path)."""
        self.serial += 1
        path = f"{self.place.folder}/{STAGED}-{self.space}-{self.serial}.parquet"
        pyarrow.parquet.write_table(self.arrow(rows), path)
        return ", ".join(self.names[c] for c in self.types), path

    def where(self, chance):
        """A condition that firn, Spark and (without the word DATE) PyIceberg take."""
        n, day = self.names, START + datetime.timedelta(chance.randrange(45))
        return chance.choice((
            lambda: f"{n['day']} = DATE '{day}'", lambda: f"{n['k']} = {chance.randint(1, 7)}", lambda: f"{n['i']} > {chance.randint(8, 30)}",
            lambda: f"{n['day']} = DATE '{day}' AND {n['k']} > {chance.randint(1, 7)}", lambda: f"{n['t']} = '{chance.choice(('a', 'b', ''))}'",
            lambda: f"{n['d']} IS NULL AND {n['k']} = {chance.randint(1, 7)}", lambda: f"{n['x']} IS NULL", lambda: f"{n['day']} IS NULL",
            lambda: f"{n['id']} IN ({', '.join(str(chance.randint(1, self.next_id)) for _ in range(12))})",
            lambda: f"{n['id']} > {self.next_id * 2 // 3} AND {n['id']} < {self.next_id * 2 // 3 + 30}"))()

    # ---- operations ----

    def do(self, step):
        return getattr(self, step.kind)(random.Random(step.seed), step.writer)

    def write_mode(self, chance):
        """Spark's next change is copy-on-write or merge-on-read."""
        mode = chance.choice(("copy-on-write", "merge-on-read"))
        if self.modes.get(self.raw) != mode:
            self.spark("ALTER TABLE ~ SET TBLPROPERTIES (" + ", ".join(f"'write.{w}.mode' = '{mode}'" for w in ("delete", "update", "merge")) + ")")
            self.modes[self.raw] = mode
        return mode

    def append(self, chance, writer):
        rows = self.new_rows(chance)
        if writer == "pyiceberg":
            self.table().append(self.arrow(rows))
        else:
            columns, path = self.stage(rows)
            source = f"read_parquet('{path}')" if writer == "firn" else f"parquet.`file://{path}`"
            (self.firn if writer == "firn" else self.spark)(f"INSERT INTO ~ ({columns}) SELECT {columns} FROM {source}")
        return f"{len(rows)} rows"

    def remove(self, chance, writer, where):
        if writer == "firn":
            self.firn(f"DELETE FROM ~ WHERE {where}")
            return where
        if writer == "pyiceberg":
            self.table().delete(where.replace("DATE ", ""))
            return where
        mode = self.write_mode(chance)
        self.spark(f"DELETE FROM ~ WHERE {where}")
        return f"{where}, {mode}"

    def delete(self, chance, writer):
        return self.remove(chance, writer, self.where(chance))

    def drop_partition(self, chance, writer):
        """A day, a month, or a text; whole files where the table is partitioned by it."""
        day, n = START + datetime.timedelta(chance.randrange(45)), self.names
        month = day.replace(day=1)
        return self.remove(chance, writer, chance.choice((
            f"{n['day']} = DATE '{day}'", f"{n['t']} = 'b'",
            f"{n['day']} >= DATE '{month}' AND {n['day']} < DATE '{(month + datetime.timedelta(32)).replace(day=1)}'")))

    def update(self, chance, writer):
        mode, n = self.write_mode(chance), self.names
        change = chance.choice(("{x} = {x} * 2", "{x} = -{x}", "{i} = {i} + 1", "{i} = NULL", "{day} = date_add({day}, 1)", "{t} = 'u', {k} = 1",
                                "{d} = {d} + 1", "{x} = CAST('NaN' AS double)", "{k} = NULL", "other = 'seen'"))
        if "other" not in self.types and change.startswith("other"):
            change = "{d} = NULL"
        where = self.where(chance)
        self.spark(f"UPDATE ~ SET {change.format(**n)} WHERE {where}")
        return f"{change} WHERE {where}, {mode}"

    def merge(self, chance, writer):
        rows, n = self.new_rows(chance), self.names
        old = chance.sample(range(1, self.next_id + 1), min(len(rows) // 2, self.next_id))
        for row, i in zip(rows, old):
            row["id"] = i
        rows = list({r["id"]: r for r in rows}.values())
        _, path = self.stage(rows)
        mode = self.write_mode(chance)
        sets = ", ".join(f"{n[c]} = s.{n[c]}" for c in chance.sample(("day", "k", "i", "x", "d", "t"), 3))
        first = chance.choice(("", f"WHEN MATCHED AND s.{n['i']} > 5 THEN DELETE "))
        self.spark(f"MERGE INTO ~ r USING (SELECT * FROM parquet.`file://{path}`) s ON r.{n['id']} = s.{n['id']} {first}"
                   f"WHEN MATCHED THEN UPDATE SET {sets} WHEN NOT MATCHED THEN INSERT *")
        return f"{len(rows)} rows, {sets}, {first}{mode}"

    def overwrite(self, chance, writer):
        rows = self.new_rows(chance)
        columns, path = self.stage(rows)
        day = next((r["day"] for r in rows if r["day"]), START)
        for row in rows:
            row["day"] = row["day"] and day
        way = chance.choice(("partitions", "day"))
        if writer == "spark":
            self.session.rows("SET spark.sql.sources.partitionOverwriteMode = dynamic")
            self.spark(f"INSERT OVERWRITE ~ SELECT {columns} FROM parquet.`file://{path}`")
            way = "partitions"
        elif writer == "firn" and way == "partitions" and self.table().spec().fields:
            self.firn(f"SET firn.overwrite = 'partitions'; INSERT INTO ~ ({columns}) SELECT {columns} FROM read_parquet('{path}')")
        elif writer == "firn":
            columns, path = self.stage(rows)
            way = "day"
            self.firn(f"BEGIN; DELETE FROM ~ WHERE {self.names['day']} = DATE '{day}'; "
                      f"INSERT INTO ~ ({columns}) SELECT {columns} FROM read_parquet('{path}'); COMMIT")
        else:
            way = "day"
            self.table().overwrite(self.arrow(rows), overwrite_filter=f"{self.names['day']} = '{day}'")
        return f"{way}, {len(rows)} rows"

    def schema(self, chance, writer):
        """Add, rename (and give the old name to another column), widen, drop."""
        added = [c for c in self.types if c not in FIRST_TYPES] + ["other"] * ("other" in self.types)
        wider = [c for c in ("i", "k", "d") if self.types[c] in WIDER]
        way = chance.choice(["add", "rename"] + ["widen"] * 2 * bool(wider) + ["drop"] * bool(added))
        self.serial += 1
        if way == "add":
            column = f"extra{self.serial}"
            words, act = f"ADD COLUMN {column} string", lambda u: u.add_column(column, self.iceberg("string"))
            self.names[column], self.types[column] = column, "string"
        elif way == "rename":
            column = chance.choice(("k", "i", "x", "d", "t", "day") + tuple(added))
            old, new = self.names[column], f"{column}_{self.serial}"
            words, act = f"RENAME COLUMN {old} TO {new}", lambda u: u.rename_column(old, new)
            self.names[column] = new
        elif way == "widen":
            column = chance.choice(wider)
            kind = self.types[column] = WIDER[self.types[column]]
            words, act = f"ALTER COLUMN {self.names[column]} TYPE {kind}", lambda u: u.update_column(self.names[column], self.iceberg(kind))
        else:
            column = chance.choice(added)
            old = self.names.pop(column)
            del self.types[column]
            words, act = f"DROP COLUMN {old}", lambda u: u.delete_column(old)
        changes = [(words, act)]
        if way == "rename" and chance.random() < 0.5:
            self.names[f"extra{self.serial}"], self.types[f"extra{self.serial}"] = old, "string"
            changes.append((f"ADD COLUMN {old} string", lambda u: u.add_column(old, self.iceberg("string"))))
        for words, act in changes:
            if writer == "spark":
                self.spark(f"ALTER TABLE ~ {words}")
            else:
                with self.table().update_schema() as u:
                    act(u)
        return ", ".join(w for w, _ in changes)

    @staticmethod
    def iceberg(kind):
        from pyiceberg.types import DecimalType, LongType, StringType
        return {"string": StringType(), "bigint": LongType(), "decimal(20,3)": DecimalType(20, 3)}[kind]

    def spec(self, chance, writer):
        """A partition field goes or comes."""
        fields, n = self.table().spec().fields, self.names
        from pyiceberg.transforms import BucketTransform, DayTransform, MonthTransform, TruncateTransform
        used, schema = {f.source_id for f in fields}, self.table().schema()
        free = [f for f in (("day", "months(", MonthTransform()), ("k", "bucket(3, ", BucketTransform(3)), ("t", "truncate(1, ", TruncateTransform(1)),
                            ("day", "days(", DayTransform())) if schema.find_field(n[f[0]]).field_id not in used]
        if fields and (not free or chance.random() < 0.5):
            name = fields[0].name
            words, act = f"DROP PARTITION FIELD {name}", lambda u: u.remove_field(name)
        else:
            self.serial += 1
            name, (column, sql, transform) = f"p{self.serial}", chance.choice(free)
            words, act = f"ADD PARTITION FIELD {sql}{n[column]}) AS {name}", lambda u: u.add_field(n[column], transform, name)
        if writer == "spark":
            self.spark(f"ALTER TABLE ~ {words}")
        else:
            with self.table().update_spec() as u:
                act(u)
        return words

    def rewrite(self, chance, table, key):
        """Spark's compaction; all files, as few are large."""
        arguments = {"options": "map('rewrite-all', 'true')"}
        if chance.random() < 0.5:
            arguments |= {"strategy": "'sort'", "sort_order": f"'{key}'"}
        self.call("rewrite_data_files", table, **arguments)
        return ", ".join(arguments)

    def compact(self, chance, writer):
        if chance.random() < 0.2:
            self.call("rewrite_position_delete_files", options="map('rewrite-all', 'true')")
            return "position deletes"
        said = self.rewrite(chance, "raw", self.names[chance.choice(("k", "day", "x"))])
        return "data files, " + said

    def compact_summary(self, chance, writer):
        """... and sometimes its old snapshots go."""
        name = chance.choice(list(DEFINITIONS))
        if not self.table(name).current_snapshot():
            raise Inapplicable(f"{name} has no rows yet")
        said = f"{name}, " + self.rewrite(chance, name, {"daily": "k", "monthly": "month", "texts": "t", "chosen": "k", "points": "x"}[name])
        if self.place.expires and chance.random() < 0.5:
            self.call("expire_snapshots", name, older_than="TIMESTAMP '2099-01-01 00:00:00'", retain_last="1")
            said += ", expired"
        return said

    def manifests(self, chance, writer):
        self.call("rewrite_manifests")
        return ""

    def expire(self, chance, writer):
        last = chance.randint(1, 3)
        self.call("expire_snapshots", older_than="TIMESTAMP '2099-01-01 00:00:00'", retain_last=str(last))
        return f"all but {last}"

    def rollback(self, chance, writer):
        metadata = self.table().metadata
        known, past, at = {s.snapshot_id: s for s in metadata.snapshots}, [], self.table().current_snapshot()
        while at and at.parent_snapshot_id in known and len(past) < 4:
            at = known[at.parent_snapshot_id]
            past.append(at.snapshot_id)
        if chance.random() < 0.5 and past:
            snapshot, procedure = chance.choice(past), "rollback_to_snapshot"
        else:
            others = [s for s in known if s != metadata.current_snapshot_id]
            if not others:
                raise Inapplicable("no other snapshot is there")
            snapshot, procedure = chance.choice(others), "set_current_snapshot"
        self.call(procedure, snapshot_id=snapshot)
        return procedure

    def cherrypick(self, chance, writer):
        """An append that was rolled back is picked onto another one."""
        base = self.table().current_snapshot()
        if not base:
            raise Inapplicable("no snapshot to go back to")
        self.append(chance, "spark")
        picked = self.table().current_snapshot().snapshot_id
        self.call("rollback_to_snapshot", snapshot_id=base.snapshot_id)
        between = chance.random() < 0.8
        if between:
            self.append(chance, chance.choice(KINDS["append"]))
        self.call("cherrypick_snapshot", snapshot_id=picked)
        return "behind another append" if between else "in its old place"

    def replace(self, chance, writer):
        """The table anew from its own rows, partitioned in another way."""
        n = self.names
        fields = ["", f"PARTITIONED BY (days({n['day']}))", f"PARTITIONED BY (months({n['day']}))"]
        if not self.layout.startswith("bucket"):  # Spark would give both the same name, and then not change rows any more
            fields.append(f"PARTITIONED BY (bucket(2, {n['k']}))")
        layout = chance.choice(fields)
        self.spark(f"CREATE OR REPLACE TABLE ~ USING iceberg {layout} AS SELECT * FROM ~")
        return layout
