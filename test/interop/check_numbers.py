#!/usr/bin/env python3
"""check_numbers.py - recompute every number that other engines trust without checking.

    check_numbers.py [--complete] METADATA.json

Reads the table metadata, every snapshot's manifest list and manifests with python3-avro, and every
live data file with pyarrow, and compares: manifest lengths, file and row counts, sequence numbers,
partition summaries, partition values of every row, file sizes, record counts, column sizes, value,
null and NaN counts, bounds, split offsets, and the summary's added-*, deleted-* and total-* keys.
Prints each difference and exits 1 if there is one. With --complete a metric that is left out is a
difference too. Needs pyarrow; python3-avro is taken from the system if it is not installed.
"""
import argparse
import datetime
import decimal
import gzip
import json
import math
import os
import re
import struct
import sys
import uuid
import warnings

try:
    import avro.datafile
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")
    import avro.datafile
import avro.io
import avro.schema
import pyarrow
import pyarrow.compute
import pyarrow.parquet

warnings.simplefilter("ignore")

DATA, POSITION_DELETES, EQUALITY_DELETES = 0, 1, 2
EXISTING, ADDED, DELETED = 0, 1, 2
EPOCH = datetime.date(1970, 1, 1)


class Differences:
    def __init__(self):
        self.count = 0
        self.checks = 0

    def equal(self, where, what, got, want):
        self.checks += 1
        if got != want:
            self.count += 1
            print(f"{where}: {what} is {got!r}, recomputed {want!r}")

    def true(self, where, what, ok):
        self.checks += 1
        if not ok:
            self.count += 1
            print(f"{where}: {what}")


def local(uri):
    if uri.startswith("file://"):
        return uri[len("file://"):]
    return uri[len("file:"):] if uri.startswith("file:") else uri


# ---- Avro ----

def plain_logical_types(node):
    """Without logical types python3-avro hands out the stored numbers and bytes."""
    if isinstance(node, dict):
        return {k: plain_logical_types(v) for k, v in node.items()
                if k not in ("logicalType", "adjust-to-utc", "precision", "scale")}
    return [plain_logical_types(n) for n in node] if isinstance(node, list) else node


def read_avro(uri):
    """(header keys, records, schema JSON)"""
    with open(local(uri), "rb") as f:
        reader = avro.datafile.DataFileReader(f, avro.io.DatumReader())
        text = reader.meta["avro.schema"]
        plain = avro.schema.parse(json.dumps(plain_logical_types(json.loads(text))),
                                  validate_enum_symbols=False)
        reader.datum_reader.readers_schema = plain
        reader.datum_reader.writers_schema = plain
        meta = {k: v.decode() if isinstance(v, bytes) else v for k, v in reader.meta.items()}
        return meta, list(reader), json.loads(text)


def pairs(value):
    return {} if value is None else {p["key"]: p["value"] for p in value}


# ---- types, values, transforms ----

def iceberg_type(text):
    m = re.fullmatch(r"(\w+)(?:[(\[]\s*(\d+)\s*(?:,\s*(\d+)\s*)?[)\]])?", text)
    return (m[1], *(int(n) for n in m.groups()[1:] if n is not None))


def encode(kind, v):
    """Appendix D bytes of a value as `plain` gives it."""
    if kind[0] == "boolean":
        return b"\1" if v else b"\0"
    if kind[0] in ("int", "date"):
        return struct.pack("<i", v)
    if kind[0] in ("long", "time", "timestamp", "timestamptz"):
        return struct.pack("<q", v)
    if kind[0] == "float":
        return struct.pack("<f", v)
    if kind[0] == "double":
        return struct.pack("<d", v)
    if kind[0] == "decimal":
        n = 1
        while not -(1 << (8 * n - 1)) <= v < 1 << (8 * n - 1):
            n += 1
        return v.to_bytes(n, "big", signed=True)
    return v.encode() if kind[0] == "string" else bytes(v)


def decode(kind, b):
    if kind[0] == "boolean":
        return b != b"\0"
    if kind[0] in ("int", "date", "long", "time", "timestamp", "timestamptz"):
        return int.from_bytes(b, "little", signed=True)
    if kind[0] in ("float", "double"):
        return struct.unpack("<f" if len(b) == 4 else "<d", b)[0]
    if kind[0] == "decimal":
        return int.from_bytes(b, "big", signed=True)
    return b.decode() if kind[0] == "string" else b


def truncated(kind, v, upper):
    """The bound of a column: cut to 16 characters or bytes, rounded up above."""
    if kind[0] not in ("string", "binary") or len(v) <= 16:
        return v
    if not upper:
        return v[:16]
    head = list(v[:16]) if kind[0] == "string" else bytearray(v[:16])
    while head:
        last = ord(head[-1]) if kind[0] == "string" else head[-1]
        if last < (0x10FFFF if kind[0] == "string" else 0xFF):
            last += 1
            if kind[0] == "binary":
                return bytes(head[:-1]) + bytes([last])
            return "".join(head[:-1]) + chr(0xE000 if last == 0xD800 else last)
        head.pop()
    return None


def murmur3(data):
    def rot(x, r):
        return ((x << r) | (x >> (32 - r))) & 0xFFFFFFFF

    def mix(k):
        return rot(k * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF

    h, full = 0, len(data) & ~3
    for i in range(0, full, 4):
        h = rot(h ^ mix(int.from_bytes(data[i:i + 4], "little")), 13) * 5 + 0xE6546B64 & 0xFFFFFFFF
    h ^= mix(int.from_bytes(data[full:], "little")) ^ len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def transform(text, kind, v):
    if v is None or text == "void":
        return None
    if text == "identity":
        return v
    width = int(re.search(r"\d+", text)[0]) if "[" in text else 0
    if text.startswith("bucket"):
        hashed = encode(("long",), v) if kind[0] in ("int", "date") else encode(kind, v)
        return (murmur3(hashed) & 0x7FFFFFFF) % width
    if text.startswith("truncate"):
        return v[:width] if kind[0] in ("string", "binary") else v - v % width
    if text == "hour":
        return v // 3_600_000_000
    days = v if kind[0] == "date" else v // 86_400_000_000
    if text == "day":
        return days
    day = EPOCH + datetime.timedelta(days=days)
    return day.year - 1970 if text == "year" else (day.year - 1970) * 12 + day.month - 1


def result_type(text, kind):
    if text.startswith("bucket") or text in ("year", "month", "hour"):
        return ("int",)
    return ("date",) if text == "day" else kind


def partition_value(kind, v):
    """What the Avro record holds, as `plain` would give it."""
    if v is not None and kind[0] == "decimal":
        return int.from_bytes(v, "big", signed=True)
    if kind[0] == "float" and v is not None:
        return struct.unpack("<f", struct.pack("<f", v))[0]
    return v


# ---- Parquet ----

def plain(kind, column):
    """A column's values as numbers, text and bytes; NULL as None."""
    t = column.type
    if pyarrow.types.is_timestamp(t) or pyarrow.types.is_time64(t):
        column = column.cast(pyarrow.timestamp("us", t.tz) if pyarrow.types.is_timestamp(t)
                             else pyarrow.time64("us")).cast(pyarrow.int64())
    elif pyarrow.types.is_date32(t):
        column = column.cast(pyarrow.int32())
    values = column.to_pylist()
    if kind[0] == "decimal":
        return [None if v is None else int(v.scaleb(kind[2], decimal.Context(prec=60)))
                for v in values]
    if kind[0] == "uuid":
        return [None if v is None else v.bytes if isinstance(v, uuid.UUID) else v for v in values]
    return values


def chunk_sizes(meta):
    """Compressed bytes by the path of the leaf column."""
    sizes = {}
    for g in range(meta.num_row_groups):
        for c in range(meta.num_columns):
            chunk = meta.row_group(g).column(c)
            sizes[chunk.path_in_schema] = sizes.get(chunk.path_in_schema,
                                                    0) + chunk.total_compressed_size
    return sizes


def row_group_offsets(meta):
    offsets = []
    for g in range(meta.num_row_groups):
        chunk = meta.row_group(g).column(0)
        start = chunk.data_page_offset
        if chunk.has_dictionary_page:
            start = min(start, chunk.dictionary_page_offset)
        offsets.append(start)
    return offsets


class DataFile:
    """One Parquet file: rows, sizes, and the flat columns by field id."""

    def __init__(self, path):
        self.bytes = os.path.getsize(path)
        f = pyarrow.parquet.ParquetFile(path)
        self.meta = f.metadata
        self.rows = f.metadata.num_rows
        self.sizes = chunk_sizes(f.metadata)
        self.columns = {}
        table = f.read()
        for i, field in enumerate(f.schema_arrow):
            field_id = (field.metadata or {}).get(b"PARQUET:field_id")
            if field_id is not None and not pyarrow.types.is_nested(field.type):
                self.columns[int(field_id)] = (field.name, table.column(i))


def own_type(arrow):
    """The Iceberg type of a column that is in no schema (hidden states)."""
    t = pyarrow.types
    if t.is_decimal(arrow):
        return ("decimal", arrow.precision, arrow.scale)
    for is_type, name in ((t.is_int64, "long"), (t.is_int32, "int"), (t.is_float64, "double"),
                          (t.is_float32, "float"), (t.is_boolean, "boolean"),
                          (t.is_string, "string"), (t.is_date32, "date")):
        if is_type(arrow):
            return (name,)
    return ("binary",)


def is_nan(v):
    return isinstance(v, float) and math.isnan(v)


# ---- the table ----

class Table:
    def __init__(self, path, complete):
        raw = open(path, "rb").read()
        self.json = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        self.complete = complete
        self.d = Differences()
        self.files = {}
        self.types = {}
        schemas = self.json.get("schemas") or [self.json["schema"]]
        current = self.json.get("current-schema-id", schemas[0].get("schema-id", 0))
        for schema in sorted(schemas, key=lambda s: s.get("schema-id", 0) == current):
            for field in schema["fields"]:
                if isinstance(field["type"], str):
                    self.types[field["id"]] = iceberg_type(field["type"])
        specs = self.json.get("partition-specs") or [
            {"spec-id": 0, "fields": self.json["partition-spec"]}]
        self.specs = {s["spec-id"]: s["fields"] for s in specs}

    def check(self):
        ids = [f["id"] for s in self.json.get("schemas", []) for f in s["fields"]]
        self.d.true("metadata", "last-column-id is too small",
                    self.json["last-column-id"] >= max(ids, default=0))
        partition_ids = [f.get("field-id", 0) for fields in self.specs.values() for f in fields]
        self.d.true("metadata", "last-partition-id is too small",
                    self.json.get("last-partition-id", 10**9) >= max(partition_ids, default=999))
        for snapshot in self.json.get("snapshots", []):
            try:
                self.check_snapshot(snapshot)
            except Exception as e:  # a file that cannot be read has no right number in it
                self.d.true(f"snapshot {snapshot['snapshot-id']}",
                            f"cannot be read: {type(e).__name__}: {e}", False)
        return self.d

    def check_snapshot(self, s):
        where = f"snapshot {s['snapshot-id']}"
        header, manifests, _ = read_avro(s["manifest-list"])
        if self.json["format-version"] == 2 and header.get("format-version") == "2":
            self.d.equal(where, "list's snapshot-id", header.get("snapshot-id"),
                         str(s["snapshot-id"]))
            self.d.equal(where, "list's parent-snapshot-id", header.get("parent-snapshot-id"),
                         str(s.get("parent-snapshot-id", "null")))
            self.d.equal(where, "list's sequence-number", header.get("sequence-number"),
                         str(s["sequence-number"]))
        totals = {"files": 0, "rows": 0, "bytes": 0, "deletes": 0, "position": 0, "equality": 0,
                  "added": [], "deleted": []}
        for m in manifests:
            self.check_manifest(where, s, m, totals)
        self.check_summary(where, s["snapshot-id"], s.get("summary", {}), totals)

    def check_manifest(self, where, snapshot, m, totals):
        where = f"{where}, {os.path.basename(m['manifest_path'])}"
        meta, entries, schema = read_avro(m["manifest_path"])
        self.d.equal(where, "manifest_length", m["manifest_length"],
                     os.path.getsize(local(m["manifest_path"])))
        spec = self.specs[m["partition_spec_id"]]
        self.d.equal(where, "header's partition-spec-id", meta.get("partition-spec-id", "0"),
                     str(m["partition_spec_id"]))
        if "partition-spec" in meta:
            got = {(f["source-id"], f["transform"], f["name"])
                   for f in json.loads(meta["partition-spec"])}
            self.d.equal(where, "header's partition-spec", got,
                         {(f["source-id"], f["transform"], f["name"]) for f in spec})
        self.d.true(where, "header has no schema", "fields" in json.loads(meta.get("schema", "{}")))
        if "sequence_number" in m:
            self.d.equal(where, "header's content", meta.get("content"),
                         "deletes" if m["content"] else "data")
        fields = self.partition_fields(schema, spec)
        sequences, values = [], []
        counts = {k: [0, 0] for k in (EXISTING, ADDED, DELETED)}
        for e in entries:
            f = e["data_file"]
            counts[e["status"]][0] += 1
            counts[e["status"]][1] += f["record_count"]
            values.append([partition_value(kind, f["partition"][name])
                           for name, _, kind in fields])
            sequence = self.check_entry(where, snapshot, m, e)
            if e["status"] != DELETED:
                sequences.append(sequence)
                self.check_file(f"{where}, {os.path.basename(f['file_path'])}", f, spec, fields,
                                values[-1])
            self.count(snapshot["snapshot-id"], m, e, values[-1], totals)
        self.check_counts(where, m, counts)
        if m.get("min_sequence_number") is not None and sequences:
            self.d.equal(where, "min_sequence_number", m["min_sequence_number"], min(sequences))
        if m.get("partitions") is not None:
            self.check_summaries(where, m["partitions"], fields, values)

    def check_counts(self, where, m, counts):
        for status, name in ((ADDED, "added"), (EXISTING, "existing"), (DELETED, "deleted")):
            files = m.get(f"{name}_files_count", m.get(f"{name}_data_files_count"))
            if files is not None or self.complete:
                self.d.equal(where, f"{name}_files_count", files, counts[status][0])
            if m.get(f"{name}_rows_count") is not None or self.complete:
                self.d.equal(where, f"{name}_rows_count", m[f"{name}_rows_count"],
                             counts[status][1])

    def check_entry(self, where, snapshot, m, e):
        """The data sequence number, after inheritance."""
        inherited = m.get("sequence_number") or 0
        own = e.get("sequence_number")
        if e["status"] == ADDED or inherited == 0:
            own = inherited if own is None else own
        self.d.true(where, "an EXISTING or DELETED entry has no sequence number", own is not None)
        added_by = e.get("snapshot_id")
        added_by = m["added_snapshot_id"] if added_by is None else added_by
        if e["status"] == ADDED:
            self.d.equal(where, "snapshot_id of an added file", added_by, m["added_snapshot_id"])
        if e["status"] == DELETED:
            self.d.equal(where, "snapshot_id of a deleted file", added_by, m["added_snapshot_id"])
        self.d.true(where, "a sequence number is above the snapshot's",
                    (own or 0) <= snapshot.get("sequence-number", 0))
        return own or 0

    def partition_fields(self, schema, spec):
        """(Avro name, spec field, type) in the order of the spec."""
        file_fields = next(f for f in schema["fields"] if f["name"] == "data_file")["type"]["fields"]
        record = next(f for f in file_fields if f["name"] == "partition")["type"]
        names = {f["field-id"]: f["name"] for f in record["fields"]}
        out = []
        for i, f in enumerate(spec):
            kind = self.types.get(f["source-id"])
            if kind and f.get("field-id", 1000 + i) in names:
                out.append((names[f.get("field-id", 1000 + i)], f,
                            result_type(f["transform"], kind)))
        return out

    def check_summaries(self, where, summaries, fields, values):
        for i, (name, _, kind) in enumerate(fields):
            s, column = summaries[i], [v[i] for v in values]
            rest = [v for v in column if v is not None and not is_nan(v)]
            self.d.equal(where, f"contains_null of {name}", s["contains_null"], None in column)
            if s.get("contains_nan") is not None:
                self.d.equal(where, f"contains_nan of {name}", s["contains_nan"],
                             any(is_nan(v) for v in column))
            for bound, want in (("lower_bound", min(rest, default=None)),
                                ("upper_bound", max(rest, default=None))):
                got = None if s[bound] is None else decode(kind, s[bound])
                self.d.equal(where, f"{bound} of {name}", got, want)

    def check_file(self, where, f, spec, fields, values):
        path = local(f["file_path"])
        if f.get("content", DATA) != DATA:
            self.d.equal(where, "file_size_in_bytes", f["file_size_in_bytes"],
                         os.path.getsize(path))
            return
        if path in self.files:
            return
        data = self.files[path] = DataFile(path)
        self.d.equal(where, "file_size_in_bytes", f["file_size_in_bytes"], data.bytes)
        self.d.equal(where, "record_count", f["record_count"], data.rows)
        if f.get("split_offsets") is not None or self.complete:
            self.d.equal(where, "split_offsets", f["split_offsets"], row_group_offsets(data.meta))
        metrics = {key: pairs(f.get(key)) for key in
                   ("column_sizes", "value_counts", "null_value_counts", "nan_value_counts",
                    "lower_bounds", "upper_bounds")}
        for field_id, (name, column) in data.columns.items():
            kind = self.types.get(field_id) or own_type(column.type)
            self.check_column(f"{where}, column {name}", data, field_id, name, kind,
                              plain(kind, column), metrics)
        for (name, field, _), want in zip(fields, values):
            if field["source-id"] not in data.columns:
                continue
            kind = self.types[field["source-id"]]
            column = plain(kind, data.columns[field["source-id"]][1])
            got = {transform(field["transform"], kind, v) for v in set(column)}
            if is_nan(want):
                self.d.true(where, f"rows of partition {name}=NaN hold numbers",
                            all(is_nan(v) for v in got))
            else:
                self.d.equal(where, f"partition {name}", {want} if data.rows else set(), got)
        data.columns = data.meta = None

    def check_column(self, where, data, field_id, name, kind, column, metrics):
        rest = [v for v in column if v is not None and not is_nan(v)]
        floating = kind[0] in ("float", "double")
        want = {
            "column_sizes": data.sizes.get(name),
            "value_counts": data.rows,
            "null_value_counts": column.count(None),
            "nan_value_counts": sum(map(is_nan, column)) if floating else None,
        }
        for key, value in want.items():
            got = metrics[key].get(field_id)
            if got is not None or (self.complete and value is not None):
                self.d.equal(where, key, got, value)
        hidden = field_id not in self.types
        for key, upper in (("lower_bounds", False), ("upper_bounds", True)):
            got = metrics[key].get(field_id)
            extreme = (max if upper else min)(rest, default=None)
            bound = None if extreme is None else truncated(kind, extreme, upper)
            if got is not None:
                self.d.equal(where, key, decode(kind, got), bound)
                if not floating and bound is not None:
                    self.d.true(where, f"{key} has {len(got)} bytes for {bound!r}",
                                got == encode(kind, bound) or len(got) in (4, 8))
            elif self.complete and not hidden:
                self.d.equal(where, key, None, bound)

    def count(self, snapshot_id, m, e, partition, totals):
        f = e["data_file"]
        content = f.get("content", DATA)
        added_by = e.get("snapshot_id")
        added_by = m["added_snapshot_id"] if added_by is None else added_by
        item = (content, f["record_count"], f["file_size_in_bytes"],
                (m["partition_spec_id"], tuple("NaN" if is_nan(v) else v for v in partition)))
        if added_by == snapshot_id and e["status"] == ADDED:
            totals["added"].append(item)
        if added_by == snapshot_id and e["status"] == DELETED:
            totals["deleted"].append(item)
        if e["status"] == DELETED:
            return
        totals["bytes"] += f["file_size_in_bytes"]
        if content == DATA:
            totals["files"] += 1
            totals["rows"] += f["record_count"]
        else:
            totals["deletes"] += 1
            key = "position" if content == POSITION_DELETES else "equality"
            totals[key] += f["record_count"]

    def check_summary(self, where, snapshot_id, summary, totals):
        want = {"total-records": totals["rows"], "total-data-files": totals["files"],
                "total-files-size": totals["bytes"], "total-delete-files": totals["deletes"],
                "total-position-deletes": totals["position"],
                "total-equality-deletes": totals["equality"]}
        for key, value in want.items():
            if key in summary or self.complete:
                self.d.equal(where, key, summary.get(key), str(value))
        added = [i for i in totals["added"] if i[0] == DATA]
        deleted = [i for i in totals["deleted"] if i[0] == DATA]
        for key, value in (("added-data-files", len(added)),
                           ("added-records", sum(i[1] for i in added)),
                           ("added-files-size", sum(i[2] for i in totals["added"])),
                           ("deleted-data-files", len(deleted)),
                           ("deleted-records", sum(i[1] for i in deleted)),
                           ("removed-files-size", sum(i[2] for i in totals["deleted"]))):
            self.d.equal(where, key, summary.get(key, "0"), str(value))
        changed = {i[3] for i in totals["added"] + totals["deleted"]}
        partitioned = {c for c in changed if c[1]}
        if "changed-partition-count" in summary and changed == partitioned:
            self.d.equal(where, "changed-partition-count", summary["changed-partition-count"],
                         str(len(changed)))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--complete", action="store_true",
                           help="a metric that is left out is a difference")
    arguments.add_argument("metadata")
    a = arguments.parse_args()
    table = Table(local(a.metadata), a.complete)
    d = table.check()
    snapshots = len(table.json.get("snapshots", []))
    print(f"{d.checks} numbers of {snapshots} snapshots and {len(table.files)} data files checked, "
          f"{d.count} differ")
    return 1 if d.count else 0


if __name__ == "__main__":
    sys.exit(main())
