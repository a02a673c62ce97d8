#!/usr/bin/env python3
"""iceberg_judge.py - PyIceberg and python3-avro judge the tables that firn's code writes, and its
readings of theirs.

    iceberg_judge.py ICEBERG_TOOL [WORK_FOLDER]

1  tables written by the tool (data files by pyarrow, metrics computed here) are opened and scanned by
   PyIceberg at every snapshot, with filters; check_numbers.py finds no wrong number in them
2  their Avro schemas have the ids, shapes and header keys that readers need
3  tables written by PyIceberg (every transform, appends, overwrites, deletes, versions 1 and 2, every
   codec) are dumped by the tool and compared with PyIceberg's own reading, entry by entry
4  each goes on with the other's table
5  check_numbers.py finds numbers that are made wrong
6  tables and the rows they must give are left for iceberg_spark.py

Needs PyIceberg with its SQL catalog and pyiceberg-core (for buckets), pyarrow and python3-avro.
"""
import datetime
import decimal
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import uuid

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.conversions import to_bytes
from pyiceberg.expressions import (And, EqualTo, GreaterThan, GreaterThanOrEqual, In, IsNull,
                                   LessThan, NotEqualTo, NotNull, StartsWith)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform, IdentityTransform,
                                  MonthTransform, TruncateTransform, YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType,
                             FloatType, IntegerType, LongType, NestedField, StringType,
                             TimestampType, TimestamptzType, TimeType, UUIDType)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import check_numbers  # noqa: E402

TOOL = os.path.abspath(sys.argv[1])
WORK = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="iceberg_judge_")
UTC = datetime.timezone.utc
random.seed(7)
checks = 0


def must(ok, what):
    global checks
    checks += 1
    if not ok:
        sys.exit(f"FAILED: {what}")


def tool(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True)
    must(done.returncode == 0, f"iceberg_tool {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def numbers(location, *flags, expect=0):
    script = os.path.join(HERE, "check_numbers.py")
    done = subprocess.run([sys.executable, script, *flags, check_numbers.local(location)],
                          capture_output=True, text=True)
    must(done.returncode == expect,
         f"check_numbers of {location} gave {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


# ---- rows ----

# name, Iceberg type, arrow type, PyIceberg type
COLUMNS = [
    ("id", "long", pa.int64(), LongType()),
    ("n", "int", pa.int32(), IntegerType()),
    ("day", "date", pa.date32(), DateType()),
    ("x", "double", pa.float64(), DoubleType()),
    ("r", "float", pa.float32(), FloatType()),
    ("s", "string", pa.string(), StringType()),
    ("amount", "decimal(9, 2)", pa.decimal128(9, 2), DecimalType(9, 2)),
    ("wide", "decimal(30, 4)", pa.decimal128(30, 4), DecimalType(30, 4)),
    ("ts", "timestamp", pa.timestamp("us"), TimestampType()),
    ("tz", "timestamptz", pa.timestamp("us", "UTC"), TimestamptzType()),
    ("t", "time", pa.time64("us"), TimeType()),
    ("ok", "boolean", pa.bool_(), BooleanType()),
    ("bin", "binary", pa.binary(), BinaryType()),
    ("fix", "fixed[3]", pa.binary(3), FixedType(3)),
    ("u", "uuid", pa.uuid(), UUIDType()),
]
IDS = {c[0]: i + 1 for i, c in enumerate(COLUMNS)}
TEXTS = ["", "a", "abc", "abcd", "héllo wörld of texts", "x" * 40, "zz/=&?+ %", "\U0001F600" * 20]


def random_value(kind):
    n = random.randint(-40, 40)
    if kind in ("long", "int"):
        return n
    if kind == "date":
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=n * 30)
    if kind in ("double", "float"):
        return random.choice([math.nan, n * 0.5, n * 0.25, 0.0])
    if kind == "string":
        return random.choice(TEXTS)
    if kind.startswith("decimal"):
        return decimal.Decimal(n * 37) / (100 if "9" in kind else 10000)
    if kind in ("timestamp", "timestamptz"):
        zone = UTC if kind == "timestamptz" else None
        return datetime.datetime(1970, 1, 1, 12, tzinfo=zone) + datetime.timedelta(hours=n * 400,
                                                                                microseconds=n)
    if kind == "time":
        return datetime.time(abs(n) % 24, 30, 1, abs(n))
    if kind == "boolean":
        return n > 0
    if kind == "binary":
        return bytes([255] * 17) if n > 30 else bytes(abs(n) % 20)
    if kind == "uuid":
        return uuid.UUID(int=(abs(n) + 1) << 100)
    return bytes([abs(n), 1, 2])


def random_table(rows, nulls=0.15):
    data = []
    for _, kind, arrow, _ in COLUMNS:
        values = [None if random.random() < nulls else random_value(kind) for _ in range(rows)]
        if kind == "uuid":
            storage = pa.array([None if v is None else v.bytes for v in values], pa.binary(16))
            data.append(pa.ExtensionArray.from_storage(pa.uuid(), storage))
        else:
            data.append(pa.array(values, arrow))
    return pa.table(data, names=[c[0] for c in COLUMNS])


def key(v):
    """Comparable and hashable, NaN equal to itself."""
    return "NaN" if isinstance(v, float) and math.isnan(v) else v


def rows_of(table, names=None):
    names = names or [c[0] for c in COLUMNS if c[0] in table.column_names]
    columns = [table.column(n).to_pylist() for n in names]
    return sorted((tuple(key(v) for v in row) for row in zip(*columns)), key=repr)


# ---- data files for the tool ----

def with_ids(table, ids=None):
    ids = ids or IDS
    return table.cast(pa.schema([
        f.with_metadata({"PARQUET:field_id": str(ids[f.name])}) for f in table.schema]))


def text(kind, v):
    """As column_text reads it."""
    if v is None:
        return None
    if kind in ("binary",) or kind.startswith("fixed"):
        return "\\x" + v.hex()
    if kind == "boolean":
        return "true" if v else "false"
    if kind in ("double", "float"):
        return repr(v)
    return v if kind == "string" else str(v)


def metric(name, kind, column, sizes):
    values = column.to_pylist()
    rest = [v for v in values if v is not None and not (isinstance(v, float) and math.isnan(v))]
    m = {"id": IDS[name], "size": sizes[name], "values": len(values), "nulls": values.count(None)}
    if kind in ("double", "float"):
        m["nans"] = sum(1 for v in values if isinstance(v, float) and math.isnan(v))
    order = (lambda v: v.encode()) if kind == "string" else \
        (lambda v: v.bytes) if kind == "uuid" else (lambda v: v)
    if rest:
        m["min"] = text(kind, min(rest, key=order))
        m["max"] = text(kind, max(rest, key=order))
    return m


def write_file(location, name, table, partition):
    """One data file and what the tool is told of it."""
    path = os.path.join(location, "data", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pq.write_table(with_ids(table), path, row_group_size=max(1, table.num_rows // 2))
    meta = pq.read_metadata(path)
    sizes = check_numbers.chunk_sizes(meta)
    kinds = {c[0]: c[1] for c in COLUMNS}
    return {"path": "file://" + path, "records": table.num_rows, "bytes": os.path.getsize(path),
            "splits": check_numbers.row_group_offsets(meta),
            "partition": {k: text(kinds[k], v) for k, v in partition.items()},
            "metrics": [metric(n, k, table.column(n), sizes) for n, k, _, _ in COLUMNS
                        if n in table.column_names]}


SCHEMA = {"type": "struct", "schema-id": 0, "fields": [
    {"id": IDS[n], "name": n, "required": False, "type": kind} for n, kind, _, _ in COLUMNS]}

# partitioning text; the column whose value is the same in every row of a file
SPECS = ["", "id", "bucket(4, id)", "truncate(10, n)", "bucket(3, s)", "truncate(3, s)", "s",
         "day", "year(day)", "month(day)", "day(ts)", "hour(ts)", "month(tz)", "year(tz), ok",
         "amount", "truncate(50, amount)", "wide", "bucket(5, wide)", "t", "bucket(2, t)", "bin",
         "truncate(2, bin)", "bucket(3, bin)", "fix", "u", "bucket(7, u)", "x", "r", "void(id)",
         "bucket(6, day)", "bucket(6, ts)", "ok, day(day), bucket(2, id)"]


def files_by_value(location, table, spec, prefix):
    """Splits the rows so that a file holds one value of each partition column."""
    import re
    names = [w for w in re.findall(r"[a-z]+", spec) if w in IDS]
    if not spec:
        names = []
    names = list(dict.fromkeys(n for n in names if not re.search(rf"\b{n}\(", spec)
                               or re.search(rf"[(, ]{n}\b", spec)))
    groups = {}
    columns = [table.column(n).to_pylist() for n in names]
    for i in range(table.num_rows):
        groups.setdefault(tuple(key(c[i]) for c in columns), []).append(i)
    out = []
    for number, (_, indices) in enumerate(sorted(groups.items(), key=repr)):
        piece = table.take(pa.array(indices))
        partition = {n: c[indices[0]] for n, c in zip(names, columns)}
        out.append(write_file(location, f"{prefix}-{number}.parquet", piece, partition))
    return out


def describe(name, spec):
    location = os.path.join(WORK, "firn", name)
    return {"location": "file://" + location, "schema": SCHEMA,
            "properties": {"write.parquet.compression-codec": "zstd"},
            "commits": [{"partitioning": spec}] if spec else []}, location


def run_description(d):
    path = os.path.join(WORK, "description.json")
    with open(path, "w") as f:
        json.dump(d, f)
    return tool("write", path).strip()


FILTERS = [
    (EqualTo("id", 7), lambda r: r["id"] == 7),
    (GreaterThan("n", 5), lambda r: r["n"] is not None and r["n"] > 5),
    (LessThan("day", "1970-06-01"),
     lambda r: r["day"] is not None and r["day"] < datetime.date(1970, 6, 1)),
    (IsNull("s"), lambda r: r["s"] is None),
    (StartsWith("s", "ab"), lambda r: r["s"] is not None and r["s"].startswith("ab")),
    (GreaterThanOrEqual("ts", "1970-01-01T12:00:00"),
     lambda r: r["ts"] is not None and r["ts"] >= datetime.datetime(1970, 1, 1, 12)),
    (In("amount", [decimal.Decimal("0.37"), decimal.Decimal("3.70")]),
     lambda r: r["amount"] in (decimal.Decimal("0.37"), decimal.Decimal("3.70"))),
    (And(NotNull("ok"), NotEqualTo("n", 0)),
     lambda r: r["ok"] is not None and r["n"] not in (None, 0)),
]


def judge_scan(location, snapshots):
    """snapshots: id -> table of the rows it must give; the last one is current."""
    table = StaticTable.from_metadata(location)
    for snapshot_id, want in snapshots.items():
        got = table.scan(snapshot_id=snapshot_id).to_arrow()
        must(rows_of(got) == rows_of(want), f"{location}: rows of snapshot {snapshot_id}")
    want = list(snapshots.values())[-1]
    names = want.column_names
    rows = [dict(zip(names, r)) for r in zip(*(want.column(n).to_pylist() for n in names))]
    for expression, keep in FILTERS:
        got = table.scan(row_filter=expression).to_arrow()
        expected = pa.Table.from_pylist([r for r in rows if keep(r)], schema=want.schema) \
            if "u" not in names else want.filter(pa.array([keep(r) for r in rows], pa.bool_()))
        must(rows_of(got) == rows_of(expected), f"{location}: {expression}")


def firn_writes():
    total = 0
    for i, spec in enumerate(SPECS):
        name = f"t{i}"
        d, location = describe(name, spec)
        first, second, third = (random_table(random.randint(3, 40)) for _ in range(3))
        a = files_by_value(location, first, spec, "a")
        b = files_by_value(location, second, spec, "b")
        c = files_by_value(location, third, spec, "c")
        gone = random.sample(a, (len(a) + 1) // 2) + b[:1]
        d["commits"] += [
            {"operation": "append", "added": a},
            {"operation": "append", "added": b},
            {"operation": "overwrite", "added": c, "removed": [f["path"] for f in gone]},
            {"operation": "delete", "removed": [f["path"] for f in c[:1]]},
        ]
        location = run_description(d)
        read = {f["path"]: pq.read_table(check_numbers.local(f["path"])) for f in a + b + c}
        live = [[f["path"] for f in a], [f["path"] for f in a + b]]
        live.append([p for p in live[1] if p not in [f["path"] for f in gone]] +
                    [f["path"] for f in c])
        live.append([p for p in live[2] if p != c[0]["path"]])
        ids = [s["snapshot-id"] for s in json.load(open(check_numbers.local(location)))["snapshots"]]
        must(len(ids) == 4, "four snapshots")
        empty = first.slice(0, 0)
        judge_scan(location, {s: pa.concat_tables([read[p] for p in paths] or [empty])
                              for s, paths in zip(ids, live)})
        numbers(location, "--complete")
        judge_avro(location)
        total += 1
    print(f"{total} tables written, scanned at each snapshot and with filters, numbers complete")


def evolution():
    """A renamed column, a new one, a widened one, another spec; replacing everything."""
    d, location = describe("evolved", "day")
    one, two, three = (random_table(20) for _ in range(3))
    fields = json.loads(json.dumps(SCHEMA["fields"]))
    fields[1]["type"] = "long"
    fields[2]["name"] = "the day"
    fields.append({"id": 99, "name": "extra", "required": False, "type": "string"})
    schema = {"type": "struct", "schema-id": 1, "fields": fields}
    a = files_by_value(location, one, "day", "a")
    b = files_by_value(location, two, "bucket(4, id)", "b")
    for f in b:
        f["partition"]["the day"] = None
        f["partition"]["id"] = f["partition"].pop("id")
    d["commits"] += [{"operation": "append", "added": a},
                     {"schema": schema, "partitioning": "bucket(4, id)"},
                     {"operation": "append", "added": b}]
    location = run_description(d)
    got = StaticTable.from_metadata(location).scan().to_arrow()
    must(got.num_rows == 40 and "the day" in got.column_names, "evolved rows")
    must(got.schema.field("n").type == pa.int64() and got.column("extra").null_count == 40,
         "evolved types")
    renamed = got.rename_columns(["day" if n == "the day" else n for n in got.column_names])
    must(rows_of(renamed, [c[0] for c in COLUMNS]) == rows_of(pa.concat_tables([one, two])),
         "evolved values")
    numbers(location)
    c = files_by_value(os.path.join(WORK, "firn", "evolved"), three, "bucket(4, id)", "c")
    location = run_description({"base": location, "commits": [
        {"operation": "overwrite", "from_empty": True, "added": c}]})
    got = StaticTable.from_metadata(location).scan().to_arrow()
    must(got.num_rows == 20, "everything replaced")
    numbers(location)
    print("schema and spec evolution, replacement of everything")


# ---- raw Avro ----

LIST_IDS = {"manifest_path": 500, "manifest_length": 501, "partition_spec_id": 502, "content": 517,
            "sequence_number": 515, "min_sequence_number": 516, "added_snapshot_id": 503,
            "added_files_count": 504, "existing_files_count": 505, "deleted_files_count": 506,
            "added_rows_count": 512, "existing_rows_count": 513, "deleted_rows_count": 514,
            "partitions": 507, "key_metadata": 519}
ENTRY_IDS = {"status": 0, "snapshot_id": 1, "sequence_number": 3, "file_sequence_number": 4,
             "data_file": 2}
FILE_IDS = {"content": 134, "file_path": 100, "file_format": 101, "partition": 102,
            "record_count": 103, "file_size_in_bytes": 104, "column_sizes": 108,
            "value_counts": 109, "null_value_counts": 110, "nan_value_counts": 137,
            "lower_bounds": 125, "upper_bounds": 128, "key_metadata": 131, "split_offsets": 132,
            "equality_ids": 135, "sort_order_id": 140, "referenced_data_file": 143}
MAPS = {"column_sizes": (117, 118), "value_counts": (119, 120), "null_value_counts": (121, 122),
        "nan_value_counts": (138, 139), "lower_bounds": (126, 127), "upper_bounds": (129, 130)}
OPTIONAL_LIST = {"partitions", "key_metadata"}
OPTIONAL_FILE = set(MAPS) | {"key_metadata", "split_offsets", "equality_ids", "sort_order_id",
                              "referenced_data_file"}


def judge_fields(record, ids, optional, what):
    must({f["name"]: f["field-id"] for f in record["fields"]} == ids, f"{what}: ids")
    for f in record["fields"]:
        if f["name"] in optional:
            must(f["type"][0] == "null" and f["default"] is None and "default" in f,
                 f"{what}: {f['name']} is optional with a null default")
        else:
            must(not isinstance(f["type"], list), f"{what}: {f['name']} is no union")
        kind = f["type"][1] if f["name"] in optional else f["type"]
        must(not (isinstance(kind, dict) and isinstance(kind["type"], dict)),
             f"{what}: {f['name']} has a bare type")


def judge_avro(location):
    meta = json.load(open(check_numbers.local(location)))
    for snapshot in meta["snapshots"]:
        keys, manifests, schema = check_numbers.read_avro(snapshot["manifest-list"])
        must(schema["name"] == "manifest_file", "list: record name")
        must({"snapshot-id", "parent-snapshot-id", "sequence-number", "format-version"} <= set(keys),
             "list: header keys")
        judge_fields(schema, LIST_IDS, OPTIONAL_LIST, "list")
        partitions = next(f for f in schema["fields"] if f["name"] == "partitions")["type"][1]
        must(partitions["element-id"] == 508 and partitions["items"]["name"] == "r508", "list: r508")
        judge_fields(partitions["items"],
                     {"contains_null": 509, "contains_nan": 518, "lower_bound": 510,
                      "upper_bound": 511}, {"contains_nan", "lower_bound", "upper_bound"}, "r508")
        for m in manifests:
            judge_manifest(m["manifest_path"], meta)


def judge_manifest(path, meta):
    keys, entries, schema = check_numbers.read_avro(path)
    must({"schema", "schema-id", "partition-spec", "partition-spec-id", "format-version",
          "content"} <= set(keys), "manifest: header keys")
    must(keys["format-version"] == "2" and keys["content"] == "data", "manifest: header values")
    must(json.loads(keys["schema"])["schema-id"] == int(keys["schema-id"]), "manifest: schema-id")
    spec = next(s for s in meta["partition-specs"]
                if s["spec-id"] == int(keys["partition-spec-id"]))
    must(json.loads(keys["partition-spec"]) == spec["fields"], "manifest: partition-spec")
    must(schema["name"] == "manifest_entry", "manifest: record name")
    judge_fields(schema, ENTRY_IDS, {"snapshot_id", "sequence_number", "file_sequence_number"},
                 "entry")
    record = next(f for f in schema["fields"] if f["name"] == "data_file")["type"]
    must(record["name"] == "r2", "manifest: r2")
    judge_fields(record, FILE_IDS, OPTIONAL_FILE, "data_file")
    for f in record["fields"]:
        if f["name"] in MAPS:
            array = f["type"][1]
            must(array["logicalType"] == "map" and array["type"] == "array", "maps are marked")
            items = array["items"]
            must(items["name"] == "k%d_v%d" % MAPS[f["name"]], "name of pairs")
            must(tuple(p["field-id"] for p in items["fields"]) == MAPS[f["name"]], "ids of pairs")
    partition = next(f for f in record["fields"] if f["name"] == "partition")["type"]
    must(partition["name"] == "r102" and
         [f["field-id"] for f in partition["fields"]] == [f["field-id"] for f in spec["fields"]],
         "manifest: r102")
    for e in entries:
        if e["status"] == 1:
            must(e["sequence_number"] is None and e["file_sequence_number"] is None,
                 "added entries inherit")
        else:
            must(e["sequence_number"] is not None and e["file_sequence_number"] is not None,
                 "other entries have their own numbers")
        must(e["snapshot_id"] is not None, "entries have a snapshot")


# ---- tables of PyIceberg ----

def partition_bytes(types, record):
    out = []
    for i, t in enumerate(types):
        v = record[i]
        if v is None:
            out.append(None)
            continue
        if isinstance(t, UUIDType) and not isinstance(v, uuid.UUID):
            v = uuid.UUID(bytes=v)
        out.append(to_bytes(t, v).hex())
    return out


def pyiceberg_view(table):
    """The same as `iceberg_tool dump` from PyIceberg's own readers."""
    out = []
    for s in table.metadata.snapshots:
        manifests = []
        for m in s.manifests(table.io):
            spec = table.specs()[m.partition_spec_id]
            types = [f.field_type for f in spec.partition_type(table.schema()).fields]
            entries = []
            for e in m.fetch_manifest_entry(table.io, discard_deleted=False):
                f = e.data_file
                maps = {"size": f.column_sizes, "values": f.value_counts,
                        "nulls": f.null_value_counts, "nans": f.nan_value_counts,
                        "lower": f.lower_bounds, "upper": f.upper_bounds}
                ids = sorted({i for v in maps.values() for i in (v or {})})
                metrics = {str(i): {
                    k: ((v or {}).get(i).hex() if (v or {}).get(i) is not None else None)
                    if k in ("lower", "upper") else (v or {}).get(i, -1)
                    for k, v in maps.items()} for i in ids}
                version_1 = table.metadata.format_version == 1
                entries.append({
                    "status": int(e.status), "snapshot": e.snapshot_id,
                    "sequence": e.sequence_number or 0,
                    "file_sequence": 0 if version_1 else e.file_sequence_number,
                    "content": int(f.content), "path": f.file_path,
                    "format": str(f.file_format.value), "records": f.record_count,
                    "bytes": f.file_size_in_bytes,
                    "partition": partition_bytes(types, f.partition), "metrics": metrics,
                    "splits": f.split_offsets or [],
                    "sort_order": -1 if f.sort_order_id is None else f.sort_order_id})
            counts = [m.added_files_count, m.existing_files_count, m.deleted_files_count,
                      m.added_rows_count, m.existing_rows_count, m.deleted_rows_count]
            manifests.append({
                "path": m.manifest_path, "length": m.manifest_length,
                "spec": m.partition_spec_id, "deletes": int(m.content) == 1,
                "sequence": m.sequence_number or 0, "min_sequence": m.min_sequence_number or 0,
                "snapshot": m.added_snapshot_id,
                "counts": [-1 if c is None else c for c in counts],
                "partitions": [[p.contains_null, p.contains_nan,
                                p.lower_bound.hex() if p.lower_bound is not None else None,
                                p.upper_bound.hex() if p.upper_bound is not None else None]
                               for p in m.partitions or []],
                "entries": entries})
        out.append({"snapshot": s.snapshot_id, "manifests": manifests})
    return out


def compare(location, table):
    got, want = json.loads(tool("dump", location)), pyiceberg_view(table)
    must(len(got) == len(want), f"{location}: snapshots")
    for g, w in zip(got, want):
        must(len(g["manifests"]) == len(w["manifests"]), f"{location}: manifests")
        for gm, wm in zip(g["manifests"], w["manifests"]):
            must(len(gm["entries"]) == len(wm["entries"]), f"{location}: entries of {gm['path']}")
            for ge, we in zip(gm["entries"], wm["entries"]):
                must(ge == we, f"{location}: entry\n  {ge}\nfor PyIceberg\n  {we}")
            gm, wm = dict(gm), dict(wm)
            gm.pop("entries"), wm.pop("entries")
            must(gm == wm, f"{location}: manifest\n  {gm}\nfor PyIceberg\n  {wm}")


def pyiceberg_specs():
    by = IDS
    return {
        "none": [],
        "identity": [("id", IdentityTransform()), ("s", IdentityTransform())],
        "dates": [("day", MonthTransform()), ("ts", HourTransform())],
        "years": [("day", YearTransform()), ("tz", DayTransform())],
        "bucket": [("id", BucketTransform(4)), ("s", BucketTransform(3)),
                   ("ts", BucketTransform(5)), ("day", BucketTransform(7))],
        "truncate": [("n", TruncateTransform(10)), ("s", TruncateTransform(3))],
        "decimal": [("amount", IdentityTransform()), ("wide", IdentityTransform())],
        "day": [("day", DayTransform()), ("ok", IdentityTransform())],
        "times": [("t", IdentityTransform())],
        "binary": [("bin", IdentityTransform())],
    }, by


PY_COLUMNS = [c for c in COLUMNS if c[0] not in ("u", "fix")]


def py_table(rows):
    return random_table(rows).select([c[0] for c in PY_COLUMNS])


def pyiceberg_writes():
    os.makedirs(os.path.join(WORK, "py"), exist_ok=True)
    catalog = SqlCatalog("py", uri=f"sqlite:///{WORK}/py/catalog.db",
                         warehouse=f"file://{WORK}/py")
    catalog.create_namespace("n")
    schema = Schema(*[NestedField(IDS[n], n, t, required=False) for n, _, _, t in PY_COLUMNS])
    specs, ids = pyiceberg_specs()
    count, refused = 0, []
    for version in ("2", "1"):
        for codec in ("deflate", "null", "zstandard"):
            for name, fields in specs.items():
                if codec != "deflate" and name not in ("none", "dates", "decimal"):
                    continue
                spec = PartitionSpec(*[
                    PartitionField(ids[c], 1000 + i, t, f"p{i}_{c}")
                    for i, (c, t) in enumerate(fields)])
                table = catalog.create_table(
                    f"n.{name}_{version}_{codec}", schema, partition_spec=spec,
                    properties={"format-version": version,
                                "write.avro.compression-codec": codec})
                try:
                    table.append(py_table(30))
                except Exception as e:  # PyIceberg cannot partition by every type
                    refused.append(f"{name} ({type(e).__name__})")
                    continue
                table.append(py_table(10))
                table.delete(GreaterThan("n", 20))
                table.overwrite(py_table(5), LessThan("n", -20))
                with table.transaction() as t:
                    t.append(py_table(3))
                    t.append(py_table(2))
                compare(table.metadata_location, table)
                numbers(table.metadata_location)
                count += 1
                if version == "2" and codec == "deflate":
                    go_on(catalog, table)
    print(f"{count} tables of PyIceberg read alike" +
          (f"; it cannot write {', '.join(sorted(set(refused)))}" if refused else ""))


def go_on(catalog, table):
    """firn's code appends to, overwrites and deletes from PyIceberg's table, and it goes on."""
    live = [f.file.file_path for f in table.scan().plan_files()]
    before = table.scan().to_arrow()
    gone = random.sample(live, min(2, len(live)))
    lost = sum(f.file.record_count for f in table.scan().plan_files() if f.file.file_path in gone)
    location = run_description({"base": table.metadata_location, "commits": [
        {"operation": "delete", "removed": gone}]})
    static = StaticTable.from_metadata(location)
    must(static.scan().to_arrow().num_rows == before.num_rows - lost, "rows after a removal")
    compare(location, static)
    numbers(location)
    name = table.name()[-1] + "_on"
    again = catalog.register_table(f"n.{name}", location)
    again.append(py_table(4))
    again.delete(EqualTo("n", 3))
    compare(again.metadata_location, again)
    numbers(again.metadata_location)


def pyiceberg_goes_on():
    """PyIceberg appends to, overwrites and deletes from firn's tables, and firn goes on."""
    catalog = SqlCatalog("on", uri=f"sqlite:///{WORK}/py/catalog.db",
                         warehouse=f"file://{WORK}/py")
    catalog.create_namespace_if_not_exists("on")
    for i, spec in enumerate(["", "day(ts)", "bucket(4, id)", "s", "amount"]):
        d, location = describe(f"on{i}", spec)
        d["schema"] = {"type": "struct", "schema-id": 0, "fields": [
            f for f in SCHEMA["fields"] if f["name"] not in ("u", "fix")]}
        rows = py_table(25)
        d["commits"].append({"operation": "append",
                             "added": files_by_value(location, rows, spec, "a")})
        table = catalog.register_table(f"on.t{i}", run_description(d))
        table.append(py_table(10))
        table.delete(GreaterThan("n", 10))
        table.overwrite(py_table(3), LessThan("n", -10))
        compare(table.metadata_location, table)
        numbers(table.metadata_location)
        want = table.scan().to_arrow()
        more = py_table(6)
        location = run_description({"base": table.metadata_location, "commits": [
            {"operation": "append", "added": files_by_value(location, more, spec, "z")}]})
        got = StaticTable.from_metadata(location).scan().to_arrow()
        must(rows_of(got) == rows_of(pa.concat_tables([want, more.cast(want.schema)])),
             f"rows after both wrote: {spec}")
        numbers(location)
    print("5 tables of firn continued by PyIceberg, and again by firn")


# ---- pruning ----

def pruning():
    """What the tool leaves out must hold no row, and it must leave out as much as PyIceberg."""
    d, location = describe("pruned", "day(ts), truncate(10, n)")
    rows = random_table(200, 0.05)
    files = files_by_value(location, rows, "day(ts), truncate(10, n)", "a")
    for i in range(0, len(files), 10):
        d["commits"].append({"operation": "append", "added": files[i:i + 10]})
    location = run_description(d)
    table = StaticTable.from_metadata(location)
    for column, value, shown in (("n", 7, "7"), ("n", -33, "-33"),
                                 ("ts", "1971-01-01T00:00:00", "1971-01-01 00:00:00"),
                                 ("id", 12, "12"), ("s", "abc", "abc"), ("amount", decimal.Decimal("1.11"), "1.11")):
        for op, expression in (("=", EqualTo), ("<", LessThan), (">", GreaterThan),
                               (">=", GreaterThanOrEqual), ("!=", NotEqualTo)):
            got = set(tool("scan", location, column, op, shown).split())
            want = {f.file.file_path for f in table.scan(row_filter=expression(column, value)).plan_files()}
            must(got <= want, f"{column} {op} {shown}: {len(got - want)} files more than PyIceberg")
            for path in want - got:
                data = pq.read_table(check_numbers.local(path)).column(column)
                scalar = datetime.datetime.fromisoformat(value) if column == "ts" else value
                compute = {"=": pc.equal, "<": pc.less, ">": pc.greater, ">=": pc.greater_equal,
                           "!=": pc.not_equal}[op]
                hits = pc.sum(compute(data, pa.scalar(scalar, data.type)).fill_null(False)).as_py()
                must(not hits, f"{column} {op} {shown}: {path} was left out")
    print("pruning leaves out at least what PyIceberg leaves out, and no row")


# ---- the checker itself ----

def tampering():
    d, location = describe("tampered", "day")
    d["commits"].append({"operation": "append",
                         "added": files_by_value(location, random_table(20), "day", "a")})
    for change in ("records", "bytes", "min", "nulls", "values", "nans", "size", "splits"):
        e = json.loads(json.dumps(d))
        e["location"] += "_" + change
        f = e["commits"][1]["added"][0]
        if change in ("records", "bytes"):
            f[change] += 1
        elif change == "splits":
            f["splits"][0] += 1
        elif change == "nans":
            next(m for m in f["metrics"] if "nans" in m)["nans"] += 1
        elif change == "min":
            next(m for m in f["metrics"] if m["id"] == IDS["ok"])["min"] = \
                {"true": "false", "false": "true"}.get(f["metrics"][11].get("min"), "true")
        else:
            f["metrics"][0][change] += 1
        numbers(run_description(e), expect=1)
    good = run_description(d)
    numbers(good, "--complete")
    meta = json.load(open(check_numbers.local(good)))
    for k in ("total-records", "total-files-size", "total-data-files", "added-records",
              "added-files-size", "changed-partition-count"):
        bad = json.loads(json.dumps(meta))
        bad["snapshots"][0]["summary"][k] = "12345"
        path = os.path.join(WORK, "bad.metadata.json")
        json.dump(bad, open(path, "w"))
        numbers(path, expect=1)
    manifest = json.loads(tool("dump", good))[0]["manifests"][0]["path"]
    with open(check_numbers.local(manifest), "ab") as f:
        f.write(b"x")
    numbers(good, expect=1)
    done = subprocess.run([TOOL, "dump", good], capture_output=True, text=True)
    must(done.returncode == 1 and "manifest list says" in done.stderr, "a longer manifest is found")
    print("15 wrong numbers found by check_numbers")


# ---- for Spark ----

def spark_cell(v):
    """As iceberg_spark.py has it."""
    if v is None or isinstance(v, (bool, int)):
        return v
    if isinstance(v, float):
        return "NaN" if math.isnan(v) else repr(v)
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, datetime.datetime):
        return v.replace(tzinfo=None).isoformat(timespec="microseconds")
    if isinstance(v, datetime.date):
        return v.isoformat()
    return str(v)


def for_spark():
    """Spark has no time of the day, and Iceberg's Java 1.8.0 reads fixed partition values as bytes
    with a length in front, whoever wrote them."""
    cases = []
    names = [c[0] for c in COLUMNS if c[0] != "t"]
    for i, spec in enumerate(s for s in SPECS if s not in ("t", "bucket(2, t)", "fix")):
        d, location = describe(f"spark{i}", spec)
        d["schema"] = {"type": "struct", "schema-id": 0, "fields": [
            f for f in SCHEMA["fields"] if f["name"] != "t"]}
        first, second = (random_table(random.randint(5, 20)).select(names) for _ in range(2))
        a, b = (files_by_value(location, t, spec, p) for t, p in ((first, "a"), (second, "b")))
        gone = random.sample(a, len(a) // 2)
        d["commits"] += [{"operation": "append", "added": a},
                         {"operation": "overwrite", "added": b,
                          "removed": [f["path"] for f in gone]}]
        location = run_description(d)
        live = [f["path"] for f in a + b if f not in gone]
        rows = pa.concat_tables([pq.read_table(check_numbers.local(p)) for p in live])
        cases.append({"location": location, "columns": names, "rows": [
            [spark_cell(v) for v in r] for r in zip(*(rows.column(n).to_pylist() for n in names))]})
    with open(os.path.join(WORK, "spark.json"), "w") as f:
        json.dump(cases, f)
    print(f"{len(cases)} tables left for Spark")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    firn_writes()
    evolution()
    pyiceberg_writes()
    pyiceberg_goes_on()
    pruning()
    tampering()
    for_spark()
    print(f"{checks} checks passed")


if __name__ == "__main__":
    main()
