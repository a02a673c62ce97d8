# SPDX-License-Identifier: Apache-2.0
"""zoo.py FIRN SPARK_PYTHON|none sqlite|nessie [--full] [--only NAME,NAME] - the table zoo.

Spark makes the tables of zoo.sql in one catalog and says what it reads at each snapshot, branch and tag; firn's SELECT gives
the same columns, types, NULLs and rows, and counts the same rows behind filters that prune. A table that firn refuses is in
REFUSED with the words it is refused with; anything else is a failure, and so is a table that is read though it stands there.
On Nessie Trino makes those of zoo_trino.sql; what it reads there and what Spark reads are compared alike. Without Spark they are
all there is."""
import argparse
import datetime
import decimal
import io
import json
import os
import re
import subprocess
import sys
import uuid

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import spark_session
import zoo_rows
import zoo_trino
from lakehouse import Lakehouse

REFUSED = {"avro_files": "is of format AVRO", "orc_files": "is of format ORC", "trino_orc": "is of format ORC", "equality_members_null": "a NULL in p.a"}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(kind, value):
    """An SQL literal of a canonical value, or None for types that are not filtered by here."""
    if kind in ("int", "bigint") or kind.startswith("decimal"):
        return value
    if kind == "string":
        return "'" + value.replace("'", "''") + "'"
    if kind == "date":
        return f"DATE '1970-01-01' + ({value})"
    return None


def ordered(kind, value):
    return decimal.Decimal(value) if kind != "string" else value.encode()


def filters(columns, rows):
    """-> (condition, rows it keeps): a value from the middle of each column, and NULL."""
    for i, (name, kind) in enumerate(columns):
        values = sorted((r[i] for r in rows if r[i] is not None), key=lambda v: ordered(kind, v)) if literal(kind, "0") else []
        yield f"{quoted(name)} IS NULL", sum(r[i] is None for r in rows)
        if values:
            v = values[len(values) // 2]
            for sign, keep in [("=", lambda a, b: a == b), (">", lambda a, b: a > b), ("<=", lambda a, b: a <= b)]:
                yield f"{quoted(name)} {sign} {literal(kind, v)}", sum(keep(ordered(kind, w), ordered(kind, v)) for w in values)


class Zoo:
    def __init__(self, lake, namespace):
        self.lake, self.namespace = lake, namespace
        self.equal, self.rows, self.refused, self.wrong = 0, 0, {}, []

    def query(self, sql, form):
        return subprocess.run(self.lake.command("run", "-q", "--format", form, "-c", sql), cwd=self.lake.folder,
                              env=self.lake.env, capture_output=True, stdin=subprocess.DEVNULL)

    def judge(self, view):
        at = view["at"] or ""
        name = view["table"] + ("" if not at else at if at.startswith("$") else "@" + at)
        source = f"{self.namespace}.{quoted(name)}"
        name += f" by {view['by']}" if "by" in view else ""
        done = self.query(f"SELECT {view.get('asked', '*')} FROM {source}", "arrow")
        if done.returncode != 0:
            words = " ".join(done.stderr.decode().split())
            self.refused.setdefault(view["table"], words)
            if "0A000" not in words or not re.search(REFUSED.get(view["table"], "(?!)"), words):
                self.wrong.append(f"{name}: {words}")
            return
        columns, rows = zoo_rows.of_arrow(pa.ipc.open_stream(io.BytesIO(done.stdout)).read_all(), view["columns"])
        if columns != view["columns"]:
            self.wrong.append(f"{name}: columns {columns}\n    wanted {view['columns']}")
        elif len(rows) != view["count"] or zoo_rows.digest(rows) != view["digest"]:
            self.wrong.append(f"{name}: {len(rows)} rows, wanted {view['count']}; {self.first(columns, rows, view['rows'])}")
        elif self.counts(name, source, view):
            self.equal += 1
            self.rows += len(rows)

    def first(self, columns, rows, want):
        for got, row in zip(rows, want or []):
            if got != row:
                return f"the first that differs, got / wanted: {[(c, g, w) for c, g, w in zip(columns, got, row) if g != w]} in {row[0]}"
        return "one has more"

    def counts(self, name, source, view):
        if view["rows"] is None or "asked" in view:
            return True
        asked = list(filters(view["columns"], view["rows"]))
        done = self.query("".join(f"SELECT count(*) FROM {source} WHERE {condition};" for condition, _ in asked), "csv")
        got = [int(n) for n in done.stdout.decode().split() if n != "count"]
        for (condition, n), count in zip(asked, got):
            if n != count:
                self.wrong.append(f"{name} WHERE {condition}: {count} rows, wanted {n}")
        if len(got) != len(asked):
            self.wrong.append(f"{name}: {len(got)} of {len(asked)} filters, then {' '.join(done.stderr.decode().split())}")
        return len(got) == len(asked) and all(n == count for (_, n), count in zip(asked, got))


def by_pyiceberg(lake, namespace):
    """Tables of another writer, in the same catalog; -> (views of those that it alone reads, names of those that Spark reads, too)"""
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg import transforms, types

    catalog = lake.catalog()
    catalog.create_namespace(namespace)
    kinds = {"id": types.LongType(), "b": types.BooleanType(), "f": types.FloatType(), "n": types.DecimalType(20, 4), "d": types.DateType(),
             "ts": types.TimestamptzType(), "tn": types.TimestampType(), "s": types.StringType(), "u": types.UUIDType(),
             "x": types.FixedType(3), "y": types.BinaryType()}
    schema = Schema(*[types.NestedField(i + 1, name, kind) for i, (name, kind) in enumerate(kinds.items())])
    moment = datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)

    def rows(numbers):
        return pa.Table.from_pylist([{
            "id": i, "b": i % 2 == 0, "f": i / 3, "n": decimal.Decimal(i) / 16, "d": datetime.date(1969, 12, 30) + datetime.timedelta(i),
            "ts": (moment + datetime.timedelta(hours=i)).replace(tzinfo=datetime.timezone.utc), "tn": moment + datetime.timedelta(days=i),
            "s": f"s{i % 4}ü" if i % 5 else None, "u": uuid.UUID(int=i * 7**30).bytes, "x": bytes([i, 0, 255]), "y": bytes([i]) * i}
            for i in numbers], schema=schema_to_pyarrow(schema))

    plain = catalog.create_table(f"{namespace}.pyiceberg_plain", schema)
    plain.append(rows(range(20)))
    plain.delete("id >= 15")
    plain.append(rows(range(30, 40)))
    plain.manage_snapshots().create_tag(plain.current_snapshot().snapshot_id, "tagged").commit()
    with plain.update_schema() as change:
        change.rename_column("s", "word").add_column("more", types.IntegerType()).delete_column("f")
    plain.overwrite(rows(range(50, 53)).drop_columns(["f"]).rename_columns(["word" if c == "s" else c for c in rows([]).drop_columns(["f"]).column_names]),
                    overwrite_filter="id < 5")
    spec = PartitionSpec(*[PartitionField(schema.find_field(name).field_id, 1000 + i, transform, f"p{i}") for i, (name, transform) in enumerate([
        ("id", transforms.BucketTransform(3)), ("tn", transforms.MonthTransform()), ("s", transforms.TruncateTransform(1)),
        ("u", transforms.BucketTransform(2)), ("d", transforms.YearTransform())])])
    parts = catalog.create_table(f"{namespace}.pyiceberg_parts", schema, partition_spec=spec, properties={"format-version": "1"})
    parts.append(rows(range(20)))
    parts.append(rows(range(20, 40)))
    parts.delete("s = 's1ü'")
    alone = Schema(types.NestedField(1, "id", types.LongType()), types.NestedField(2, "gone", types.StringType()),
                   types.NestedField(3, "t", types.TimeType()))
    dropped = catalog.create_table(f"{namespace}.pyiceberg_dropped", alone, partition_spec=PartitionSpec(
        PartitionField(2, 1000, transforms.IdentityTransform(), "gone"), PartitionField(1, 1001, transforms.BucketTransform(3), "b")))
    times = pa.Table.from_pylist([{"id": i, "gone": f"g{i % 3}", "t": datetime.time(i, 1, 2, i)} for i in range(20)],
                                 schema=schema_to_pyarrow(alone))
    dropped.append(times)
    with dropped.update_spec() as change:
        change.remove_field("gone")
    with dropped.update_schema() as change:
        change.delete_column("gone")  # Spark cannot read a table whose spec names a column that is gone
    dropped.append(times.drop_columns(["gone"]))
    views = [{"table": "pyiceberg_dropped", "at": at, "by": "PyIceberg",
              **zoo_rows.view(*zoo_rows.of_arrow(dropped.scan(snapshot_id=at and int(at)).to_arrow(), []))}
             for at in [None, *(str(s.snapshot_id) for s in dropped.snapshots())]]
    catalog.engine.dispose()
    return views, ["pyiceberg_plain", "pyiceberg_parts"]


def on_nessie(lake):
    """firn of this folder opens the stack's Nessie, with files in MinIO; the keys are in the environment."""
    keys = {"type": "nessie", "uri": os.environ["FIRN_NESSIE_URI"], "ref": "main", "warehouse": os.environ["FIRN_WAREHOUSE"],
            "s3.endpoint": os.environ["FIRN_S3_ENDPOINT"], "s3.path-style-access": "true"}
    with open(f"{lake.folder}/firn.yaml", "w") as f:
        f.write("catalog:\n  lakehouse:\n" + "".join(f"    {k}: '{v}'\n" for k, v in keys.items()) + "default-catalog: lakehouse\n")


def by_spark(python, settings, views):
    """The tables of zoo.sql, and what Spark reads there and in those of others; -> not 0 when one could not be made"""
    with open(os.path.join(os.path.dirname(settings["out"]), "settings.json"), "w") as f:
        json.dump(settings, f)
    made = subprocess.run([python, os.path.join(os.path.dirname(os.path.abspath(__file__)), "zoo_make.py"), f.name],
                          env=dict(os.environ, TZ="UTC"))
    with open(settings["out"]) as f:
        views += [json.loads(line) for line in f]
    return made.returncode


def summary(views, zoo):
    def kind(at):
        return ("tables" if at is None else "metadata tables" if at[0] == "$" else "snapshots" if at.isdigit()
                else "timestamps" if re.match(r"\d{4}-\d\d-\d\d ", at) else "branches and tags")

    kinds = [kind(v["at"]) for v in views]
    counts = ", ".join(f"{kinds.count(k)} {k}" for k in sorted(set(kinds), key=kinds.index))
    return (f"{len({v['table'] for v in views})} tables, {len(views)} times compared ({counts}): {zoo.equal} equal with {zoo.rows} rows, "
            f"{len(zoo.refused)} tables refused, {len(zoo.wrong)} wrong")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("firn")
    arguments.add_argument("spark")
    arguments.add_argument("catalog", choices=["sqlite", "nessie"])
    arguments.add_argument("--full", action="store_true")
    arguments.add_argument("--only", default="")
    a = arguments.parse_args()
    only = [n for n in a.only.split(",") if n]
    with Lakehouse(a.firn) as lake:
        local = a.catalog == "sqlite"
        if not local:
            on_nessie(lake)
        settings = {"catalog": spark_session.sqlite(lake.folder) if local else spark_session.nessie(),
                    "namespace": "zoo" if local else f"zoo_{uuid.uuid4().hex[:8]}", "local": local,
                    "location": lake.folder if local else os.environ["FIRN_WAREHOUSE"].rstrip("/"),
                    "files": 2000 if a.full else 100, "quick": not a.full and not only, "only": only, "out": f"{lake.folder}/zoo.json"}
        if local:
            views, settings["others"] = by_pyiceberg(lake, "zoo")
        else:
            views, settings["others"] = zoo_trino.tables(settings["namespace"], settings["location"], settings["quick"], only)
        made = 0 if a.spark == "none" else by_spark(a.spark, settings, views)
        zoo = Zoo(lake, settings["namespace"])
        for view in views:
            zoo.judge(view)
        for table in sorted({v["table"] for v in views} & REFUSED.keys() - zoo.refused.keys()):
            zoo.wrong.append(f"{table} is read: take it off REFUSED")
        for line in zoo.wrong:
            print("WRONG", line)
        for table, words in zoo.refused.items():
            print("refused", table + ":", words)
        print(summary(views, zoo))
        return 1 if zoo.wrong or made != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
