#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parquet_judge.py - other engines read what firn's Parquet writer wrote.

    parquet_judge.py TOOL FOLDER [ROWS [SEED [SPARK_PYTHON ICEBERG_JAR]]]

TOOL is the built parquet_write_tool. FOLDER must be empty or absent. Each file is

  * read by pyarrow (checking page CRCs), DuckDB and Polars: values, types and NULL counts equal;
  * taken apart here, from the bytes, by parquet.thrift: offsets, sizes, CRCs, encodings, field ids,
    annotations, statistics and both indexes are recomputed from the values;
  * compared with the metrics the writer handed out;
  * read by Spark with Iceberg, if a Python with pyspark and Iceberg's runtime jar are given, in the
    codecs that Spark knows (parquet_spark.py).

A second run of TOOL must give the same bytes. Prints one line a file; exit 1 at the first difference.
"""
import decimal
import filecmp
import os
import re
import struct
import subprocess
import sys
import zlib

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

decimal.getcontext().prec = 60


class Column:
    """One column of the sample: its type, its values as text, as an Arrow array, and by row."""

    def __init__(self, folder, line):
        self.name, self.kind, p, s, n, req, fid = line.split()
        self.precision, self.scale, self.length = int(p), int(s), int(n)
        self.required, self.field_id = req == "1", int(fid)
        with open(f"{folder}/{self.name}.txt") as f:
            self.raw = [None if x == "N" else x for x in f.read().split("\n")[:-1]]
        self.arrow_type, self.physical, self.width, parse = self.types()
        self.values = [None if x is None else parse(x) for x in self.raw]
        self.array = self.make_array()

    def types(self):
        if self.kind == "numeric":
            width = next(n for n in range(1, 17) if 2 ** (8 * n - 1) >= 10**self.precision)
            physical = 1 if self.precision <= 9 else 2 if self.precision <= 18 else 7
            return pa.decimal128(self.precision, self.scale), physical, width, int
        return {
            "boolean": (pa.bool_(), 0, 0, int),
            "integer": (pa.int32(), 1, 0, int),
            "bigint": (pa.int64(), 2, 0, int),
            "real": (pa.float32(), 4, 0, lambda x: int(x, 16)),
            "double_precision": (pa.float64(), 5, 0, lambda x: int(x, 16)),
            "date": (pa.date32(), 1, 0, int),
            "time_without_time_zone": (pa.time64("us"), 2, 0, int),
            "timestamp_without_time_zone": (pa.timestamp("us"), 2, 0, int),
            "timestamp_with_time_zone": (pa.timestamp("us", tz="UTC"), 2, 0, int),
            "text": (pa.string(), 6, 0, bytes.fromhex),
            "uuid": (pa.binary(16), 7, 16, bytes.fromhex),
            "fixed": (pa.binary(self.length), 7, self.length, bytes.fromhex),
            "bytea": (pa.binary(), 6, 0, bytes.fromhex),
        }[self.kind]

    def make_array(self):
        v, t = self.values, self.arrow_type
        if self.kind == "numeric":
            v = [None if x is None else decimal.Decimal(x).scaleb(-self.scale) for x in v]
        elif self.kind in ("real", "double_precision"):
            return pa.array(v, pa.uint32() if self.kind == "real" else pa.uint64()).view(t)
        elif self.kind == "boolean":
            v = [None if x is None else bool(x) for x in v]
        elif self.kind == "text":
            v = [None if x is None else x.decode() for x in v]
        elif self.kind not in ("uuid", "fixed", "bytea"):
            return pa.array(v, pa.int32() if t.bit_width == 32 else pa.int64()).cast(t)
        return pa.array(v, t)

    def order(self, x):
        """A value's place in the column's order; None for NaN."""
        if self.kind in ("real", "double_precision"):
            n = 32 if self.kind == "real" else 64
            f = struct.unpack("<f" if n == 32 else "<d", x.to_bytes(n // 8, "little"))[0]
            if f != f:
                return None
            return (f, 0 if x >> (n - 1) else 1)
        return x

    def encode(self, x):
        """A value in PLAIN form, without a length."""
        if isinstance(x, bytes):
            return x
        if self.kind in ("real", "double_precision"):
            return x.to_bytes(4 if self.kind == "real" else 8, "little")
        if self.physical == 7:
            return x.to_bytes(self.width, "big", signed=True)
        size = {0: 1, 1: 4, 2: 8}[self.physical]
        return x.to_bytes(size, "little", signed=True)


# ---- reading by engines -------------------------------------------------------------------------


def bits_of(a):
    """Float arrays as integers, so that NaN and signed zeros compare."""
    if not pa.types.is_floating(a.type):
        return a
    return a.view(pa.uint32() if a.type == pa.float32() else pa.uint64())


def same_column(engine, column, got, rename=None):
    want = column.array
    got = got.combine_chunks() if isinstance(got, pa.ChunkedArray) else got
    if isinstance(got, pa.ChunkedArray):
        got = pa.concat_arrays(got.chunks) if got.num_chunks else pa.array([], got.type)
    if isinstance(got, pa.ExtensionArray):
        got = got.storage
    if rename:
        want = rename(want)
    if got.type != want.type:
        got = got.cast(want.type)
    if got.null_count != want.null_count:
        sys.exit(f"{engine}: {column.name} has {got.null_count} NULLs, not {want.null_count}")
    if not bits_of(got).equals(bits_of(want)):
        at = next(i for i in range(len(want)) if str(got[i]) != str(want[i]))
        sys.exit(f"{engine}: {column.name} ({column.kind}) row {at} is {got[at]}, not {want[at]}")


def uuid_text(a):
    def one(x):
        h = x.hex()
        return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))

    return pa.array([None if x is None else one(x) for x in a.to_pylist()], pa.string())


DUCKDB_TYPES = {
    "boolean": "BOOLEAN", "integer": "INTEGER", "bigint": "BIGINT", "real": "FLOAT",
    "double_precision": "DOUBLE", "date": "DATE", "time_without_time_zone": "TIME",
    "timestamp_without_time_zone": "TIMESTAMP", "timestamp_with_time_zone": "TIMESTAMP WITH TIME ZONE",
    "text": "VARCHAR", "uuid": "UUID", "fixed": "BLOB", "bytea": "BLOB",
}  # fmt: skip


def judge_pyarrow(path, columns):
    f = pq.ParquetFile(path, page_checksum_verification=True)
    table = f.read()
    for i, c in enumerate(columns):
        field = f.schema_arrow.field(i)
        got_type = field.type
        if c.kind == "uuid":
            assert isinstance(got_type, pa.UuidType) or got_type == pa.binary(16), got_type
        elif got_type != c.arrow_type:
            sys.exit(f"pyarrow: {c.name} has type {got_type}, not {c.arrow_type}")
        assert field.nullable != c.required, c.name
        assert field.metadata[b"PARQUET:field_id"] == str(c.field_id).encode(), c.name
        same_column("pyarrow", c, table.column(i))
    dictionaries = [c.name for c in columns if c.kind in ("text", "bytea")]
    again = pq.ParquetFile(path, read_dictionary=dictionaries).read()
    for c in columns:
        if c.name in dictionaries:
            got = again.column(c.name).combine_chunks()
            same_column("pyarrow, as dictionary", c, got.cast(c.arrow_type))


def judge_duckdb(path, columns):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    rel = con.sql(f"SELECT * FROM read_parquet('{path}')")
    types = [str(t) for t in rel.types]
    table = rel.to_arrow_table()
    for i, c in enumerate(columns):
        want = f"DECIMAL({c.precision},{c.scale})" if c.kind == "numeric" else DUCKDB_TYPES[c.kind]
        assert types[i] == want, f"DuckDB: {c.name} has type {types[i]}, not {want}"
        as_text = c.kind == "uuid" and not isinstance(table.column(i).type, pa.UuidType)
        same_column("DuckDB", c, table.column(i), uuid_text if as_text else None)
    ids = con.execute(f"SELECT name, field_id FROM parquet_schema('{path}')").fetchall()
    assert {n: i for n, i in ids[1:]} == {c.name: c.field_id for c in columns}, "DuckDB: field ids"
    nulls = con.execute(
        f"SELECT path_in_schema, sum(stats_null_count) FROM parquet_metadata('{path}') GROUP BY 1"
    ).fetchall()
    assert dict(nulls) == {c.name: c.array.null_count for c in columns}, "DuckDB: null counts"


def judge_polars(path, columns):
    table = pl.read_parquet(path, use_pyarrow=False).to_arrow()
    for i, c in enumerate(columns):
        same_column("Polars", c, table.column(i))


# ---- taking the file apart ----------------------------------------------------------------------


class Thrift:
    """A plain reader of the Thrift compact protocol: structs as {field id: value}."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        v = shift = 0
        while True:
            b = self.byte()
            v |= (b & 0x7F) << shift
            shift += 7
            if b < 0x80:
                return v

    def zigzag(self):
        v = self.varint()
        return (v >> 1) ^ -(v & 1)

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return struct.unpack("b", bytes([self.byte()]))[0]
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            n = self.varint()
            self.at += n
            return self.data[self.at - n : self.at]
        if kind == 9:
            head = self.byte()
            n, kind = head >> 4, head & 15
            n = self.varint() if n == 15 else n
            return [self.byte() == 1 if kind in (1, 2) else self.value(kind) for _ in range(n)]
        assert kind == 12, kind
        out, fid = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return out
            fid = fid + (head >> 4) if head >> 4 else self.zigzag()
            out[fid] = self.value(head & 15)


ANNOTATIONS = {  # logical type, converted type
    "boolean": (None, None), "integer": (None, None), "bigint": (None, None), "real": (None, None),
    "double_precision": (None, None), "date": ({6: {}}, 6),
    "time_without_time_zone": ({7: {1: False, 2: {2: {}}}}, 8),
    "timestamp_without_time_zone": ({8: {1: False, 2: {2: {}}}}, 10),
    "timestamp_with_time_zone": ({8: {1: True, 2: {2: {}}}}, 10),
    "text": ({1: {}}, 0), "uuid": ({14: {}}, None), "fixed": (None, None), "bytea": (None, None),
}  # fmt: skip


def check_schema(meta, columns):
    assert meta[2][0][5] == len(columns)
    for element, c in zip(meta[2][1:], columns):
        logical, converted = ANNOTATIONS.get(c.kind, ({5: {1: c.scale, 2: c.precision}}, 5))
        assert element[1] == c.physical and element[3] == (0 if c.required else 1), c.name
        assert element[4] == c.name.encode() and element[9] == c.field_id, c.name
        assert element.get(10) == logical and element.get(6) == converted, (c.name, element)
        assert element.get(2) == (c.width if c.physical == 7 else None), c.name
    assert meta[7] == [{1: {}}] * len(columns), "column orders"
    assert re.fullmatch(rb"firn version [0-9.]+", meta[6]), meta[6]


def exact_bounds(c, values):
    """(min, max) by order, or None; NaN left out."""
    ordered = [(c.order(x), x) for x in values if x is not None]
    ordered = [x for x in ordered if x[0] is not None]
    return (min(ordered)[1], max(ordered)[1]) if ordered else None


def zero_rule(c, low, high):
    """parquet.thrift: a zero is written as -0.0 in a lower, +0.0 in an upper bound."""
    if c.kind in ("real", "double_precision"):
        sign = 1 << (31 if c.kind == "real" else 63)
        low, high = sign if low == 0 else low, 0 if high == sign else high
    return c.encode(low), c.encode(high)


def nan_count(c, values):
    if c.kind not in ("real", "double_precision"):
        return None
    return sum(x is not None and c.order(x) is None for x in values)


def check_statistics(c, stats, values):
    assert stats[3] == values.count(None), (c.name, stats)
    assert stats.get(9) == nan_count(c, values), (c.name, stats)
    bounds = exact_bounds(c, values)
    if bounds is None:
        assert not {5, 6} & set(stats), c.name
        return
    assert (stats[6], stats[5]) == zero_rule(c, *bounds), (c.name, stats, bounds)
    assert stats[8] is True and stats[7] is True, c.name


def signed(c, encoded):
    if c.kind in ("text", "bytea", "uuid", "fixed"):
        return encoded
    if c.kind in ("real", "double_precision"):
        return c.order(int.from_bytes(encoded, "little"))
    return int.from_bytes(encoded, "big" if c.physical == 7 else "little", signed=True)


def check_column_index(c, index, pages):
    assert len(index[1]) == len(index[2]) == len(index[3]) == len(index[5]) == len(pages), c.name
    lows, highs = [], []
    for i, values in enumerate(pages):
        bounds = exact_bounds(c, values)
        assert index[5][i] == values.count(None), c.name
        assert index[8][i] == nan_count(c, values) if 8 in index else nan_count(c, values) is None
        assert index[1][i] == (bounds is None), c.name
        if bounds is None:
            assert index[2][i] == index[3][i] == b"", c.name
            continue
        low, high = zero_rule(c, *bounds)
        if c.kind in ("text", "bytea"):
            assert index[2][i] <= low and index[3][i] >= high, c.name
            assert len(index[2][i]) <= 64, c.name
            assert len(index[3][i]) <= 67 or index[3][i] == high, c.name
            assert len(low) > 64 or index[2][i] == low, c.name
            assert len(high) > 64 or index[3][i] == high, c.name
            if c.kind == "text":
                index[2][i].decode(), index[3][i].decode()
        else:
            assert (index[2][i], index[3][i]) == (low, high), c.name
        lows.append(signed(c, index[2][i]))
        highs.append(signed(c, index[3][i]))
    up = lows == sorted(lows) and highs == sorted(highs)
    down = lows[::-1] == sorted(lows) and highs[::-1] == sorted(highs)
    assert index[4] == (1 if up else 2 if down else 0), (c.name, index[4])


def check_pages(c, data, meta, locations, rows, kinds):
    """Walks the chunk's pages; returns the first row of each data page."""
    at = meta.get(11, meta[9])
    end, uncompressed, starts, row = at + meta[7], 0, [], 0
    while at < end:
        t = Thrift(data, at)
        header = t.value(12)
        body = data[t.at : t.at + header[3]]
        assert zlib.crc32(body) == header[4] & 0xFFFFFFFF, f"{c.name}: CRC"
        uncompressed += t.at - at + header[2]
        if header[1] == 2:
            assert at == meta[11] and header[7][2] == 0
            kinds.append((2, 0))
        else:
            location = locations[len(starts)]
            assert header[1] == 0 and header[5][3] == header[5][4] == 3
            assert location[1] == at and location[2] == t.at - at + header[3], c.name
            assert location[3] == row, c.name
            starts.append(row)
            row += header[5][1]
            kinds.append((0, header[5][2]))
        at = t.at + header[3]
    assert at == end and uncompressed == meta[6] and row == rows == meta[5], c.name
    assert len(starts) == len(locations), c.name
    return starts


def check_chunk(c, data, chunk, values):
    meta, kinds = chunk[3], []
    locations = Thrift(data, chunk[4]).value(12)[1]
    starts = check_pages(c, data, meta, locations, len(values), kinds)
    want = {(s[1], s[2]): s[3] for s in meta[13]}
    assert want == {k: kinds.count(k) for k in kinds}, (c.name, want, kinds)
    assert set(meta[2]) == {e for _, e in kinds} | {3}, c.name
    check_statistics(c, meta[12], values)
    pages = [values[a:b] for a, b in zip(starts, starts[1:] + [len(values)])]
    only_nan = [exact_bounds(c, p) is None and p.count(None) < len(p) for p in pages]
    assert (6 in chunk) != any(only_nan), c.name
    if 6 in chunk:
        index = Thrift(data, chunk[6])
        check_column_index(c, index.value(12), pages)
        assert index.at == chunk[6] + chunk[7], c.name


def check_metrics(path, columns, meta, size):
    with open(path.replace(".parquet", ".metrics")) as f:
        head, *lines = f.read().splitlines()
    rows, file_bytes, _, *splits = map(int, head.split())
    assert rows == meta[3] == len(columns[0].values) and file_bytes == size
    assert splits == [g[5] for g in meta[4]]
    for i, (line, c) in enumerate(zip(lines, columns)):
        fid, compressed, values, nulls, nans, has, low, high = line.split(" ")
        bounds = exact_bounds(c, c.values)
        assert int(fid) == c.field_id and int(values) == rows, c.name
        assert int(compressed) == sum(g[1][i][3][7] for g in meta[4]), c.name
        assert int(nulls) == c.values.count(None), c.name
        assert int(nans) == (-1 if nan_count(c, []) is None else nan_count(c, c.values)), c.name
        assert has == str(int(bounds is not None)), c.name
        if bounds:
            found = next(r for r, v in zip(c.raw, c.values) if v == bounds[0])
            assert low == found, (c.name, low, found)
            assert high == next(r for r, v in zip(c.raw, c.values) if v == bounds[1]), c.name


def judge_bytes(path, columns):
    with open(path, "rb") as f:
        data = f.read()
    assert data[:4] == data[-4:] == b"PAR1"
    length = struct.unpack("<I", data[-8:-4])[0]
    t = Thrift(data, len(data) - 8 - length)
    meta = t.value(12)
    assert t.at == len(data) - 8
    check_schema(meta, columns)
    row = 0
    for ordinal, g in enumerate(meta[4]):
        assert g[7] == ordinal and g[2] == sum(c[3][6] for c in g[1])
        assert g[6] == sum(c[3][7] for c in g[1])
        assert g[5] == min(c[3].get(11, c[3][9]) for c in g[1])
        for c, chunk in zip(columns, g[1]):
            check_chunk(c, data, chunk, c.values[row : row + g[3]])
        row += g[3]
    assert row == meta[3]
    check_metrics(path, columns, meta, len(data))
    return sum(s[3] for g in meta[4] for c in g[1] for s in c[3][13])


def run_tool(tool, folder, rows, seed):
    os.makedirs(folder)
    subprocess.run([tool, os.path.abspath(folder), rows, seed], check=True)


def judge_spark(python, jar, folder, columns, files):
    names = [x[: -len(".parquet")] for x in files if x.split("-")[0] in ("zstd", "gzip", "snappy")]
    names.sort(reverse=True)  # zstd first: the first two are also searched by filters
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parquet_spark.py")
    subprocess.run([python, script, folder, jar, *names], check=True)
    for name in names:
        table = pq.read_table(f"{folder}/spark/{name}")
        for c in columns:
            if c.kind == "time_without_time_zone":
                continue
            to_text = uuid_text if c.kind == "uuid" else None
            binary = (lambda a: a.cast(pa.binary())) if c.kind == "fixed" else to_text
            same_column(f"Spark, {name}", c, table.column(c.name), binary)
        print(f"{name}.parquet: equal in Spark with Iceberg")


def main():
    tool, folder = sys.argv[1:3]
    rows, seed = (sys.argv[3:5] + ["9000", "1"][len(sys.argv[3:5]) :])[:2]
    first, second = f"{folder}/first", f"{folder}/second"
    run_tool(tool, first, rows, seed)
    run_tool(tool, second, rows, seed)
    with open(f"{first}/schema.txt") as f:
        columns = [Column(first, line) for line in f]
    files = sorted(x for x in os.listdir(first) if x.endswith(".parquet"))
    for name in files:
        path = f"{first}/{name}"
        assert filecmp.cmp(path, f"{second}/{name}", shallow=False), f"{name} differs when rerun"
        pages = judge_bytes(path, columns)
        judge_pyarrow(path, columns)
        judge_duckdb(path, columns)
        judge_polars(path, columns)
        print(f"{name}: {len(columns)} columns, {rows} rows, {pages} pages: equal")
    if len(sys.argv) > 6:
        judge_spark(sys.argv[5], sys.argv[6], first, columns, files)
    print(f"{len(files)} files equal in pyarrow, DuckDB, Polars and by their bytes")


if __name__ == "__main__":
    main()
