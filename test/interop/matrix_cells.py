"""matrix_cells.py - what a Parquet file holds, by its bytes, and columns in a form that compares.

cells(path)  -> {column: (type, codec, {(page version, encoding)})}, types by physical type and annotation, columns as
                firn names them
canon(array) -> the same values in one Arrow form whoever wrote or read them: integers as 64 bits (unsigned
                ones as decimals), floats as their bits, times and timestamps as microseconds, rounded down
"""
import uuid

import pyarrow as pa
import pyarrow.compute as pc
from parquet_judge import Thrift

PHYSICAL = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED"]
UNITS = {1: "ms", 2: "us", 3: "ns"}
OLD = {0: "STRING", 4: "ENUM", 6: "DATE", 7: "TIME(ms)", 8: "TIME(us)", 9: "TIMESTAMP(ms)", 10: "TIMESTAMP(us)",
       19: "JSON", 20: "BSON", 21: "INTERVAL"}  # fmt: skip
ENCODINGS = {0: "PLAIN", 2: "dictionary", 8: "dictionary", 3: "RLE", 5: "DELTA_BINARY_PACKED",
             6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY", 9: "BYTE_STREAM_SPLIT"}  # fmt: skip
CODECS = {0: "none", 1: "snappy", 2: "gzip", 4: "brotli", 5: "lz4 (Hadoop)", 6: "zstd", 7: "lz4 raw"}


def annotation(element):
    logical = element.get(10) or {}
    for kind, body in logical.items():
        if kind == 5:
            return f"DECIMAL in {PHYSICAL[element[1]]}"
        if kind in (7, 8):
            zone = ", UTC" if kind == 8 and body[1] else ""
            return f"{'TIME' if kind == 7 else 'TIMESTAMP'}({UNITS[next(iter(body[2]))]}{zone})"
        if kind == 10:
            return f"{'INT' if body[2] else 'UINT'}({body[1]})"
        return {1: "STRING", 4: "ENUM", 6: "DATE", 11: "UNKNOWN", 12: "JSON", 13: "BSON", 14: "UUID",
                15: "FLOAT16"}[kind]  # fmt: skip
    old = element.get(6)
    if old is None:
        return PHYSICAL[element[1]]
    if old == 5:
        return f"DECIMAL in {PHYSICAL[element[1]]}"
    if 11 <= old <= 18:
        return f"{'UINT' if old < 15 else 'INT'}({8 << (old - 11) % 4})"
    return OLD[old]


def pages(data, chunk):
    meta = chunk[3]
    at = min(x for x in (meta.get(9), meta.get(11)) if x)
    end, found = at + meta[7], set()
    while at < end:
        header = Thrift(data, at)
        h = header.value(12)
        if h[1] == 0:
            found.add(("v1", ENCODINGS[h[5][2]]))
        elif h[1] == 3:
            found.add(("v2", ENCODINGS[h[8][4]]))
        at = header.at + h[3]
    return found


def columns(elements):
    """-> (column as firn names it, its type) of each leaf"""
    out, at = [], 1

    def walk(path, nested):
        nonlocal at
        element = elements[at]
        name = path + [element[4].decode()]
        at += 1
        logical = element.get(10) or {}
        if not nested and (element.get(3) == 2 or 3 in logical or 2 in logical or element.get(6) in (1, 2, 3)):
            nested = ".".join(name), "map" if 2 in logical or element.get(6) in (1, 2) else "list"
        if not element.get(5):
            out.append(nested or (".".join(name), annotation(element) if len(name) == 1 else "part of a struct"))
        for _ in range(element.get(5) or 0):
            walk(name, nested)

    while at < len(elements):
        walk([], None)
    return out


def cells(path):
    with open(path, "rb") as f:
        data = f.read()
    n = int.from_bytes(data[-8:-4], "little")
    meta = Thrift(data[-8 - n : -8]).value(12)
    leaves = columns(meta[2])
    out = {}
    for group in meta[4]:
        for (name, kind), chunk in zip(leaves, group[1]):
            seen = out.setdefault(name, (kind, CODECS[chunk[3][4]], set()))
            seen[2].update(pages(data, chunk))
    return out


def microseconds(array):
    """Times and timestamps of any unit as int64 microseconds, rounded down."""
    whole = array.view(pa.int32()).cast(pa.int64()) if array.type.bit_width == 32 else array.view(pa.int64())
    if array.type.unit == "ns":
        return pa.array([None if v is None else v // 1000 for v in whole.to_pylist()], pa.int64())
    return pc.multiply(whole, {"s": 10**6, "ms": 1000, "us": 1}[array.type.unit])


def canon(array):
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    t = array.type
    if pa.types.is_dictionary(t):
        return canon(array.cast(t.value_type))
    if t == pa.uint64():
        return array.cast(pa.decimal128(20, 0))
    if pa.types.is_integer(t) or pa.types.is_boolean(t):
        return array.cast(pa.int64())
    if pa.types.is_date32(t):
        return array.view(pa.int32()).cast(pa.int64())
    if pa.types.is_time(t) or pa.types.is_timestamp(t):
        return microseconds(array)
    if pa.types.is_float32(t) or pa.types.is_float64(t):
        return array.view(pa.uint32() if t == pa.float32() else pa.uint64())
    if pa.types.is_decimal(t):
        return array.cast(pa.decimal128(38, t.scale))
    if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return array.cast(pa.string())
    if pa.types.is_null(t):
        return array
    return array.cast(pa.large_binary()).cast(pa.binary())


def same(want, got):
    """None, or what differs first. `want` is canonical; `got` as the reader gave it."""
    got = canon(got)
    if pa.types.is_binary(want.type) and pa.types.is_string(got.type):
        as_uuid = [v is not None and len(v) == 36 for v in got.to_pylist()]
        if any(as_uuid):
            got = pa.array([None if v is None else uuid.UUID(v).bytes for v in got.to_pylist()], pa.binary())
        else:
            got = got.cast(pa.binary())
    if pa.types.is_null(got.type) or pa.types.is_null(want.type):
        equal = got.null_count == len(got) and want.null_count == len(want) and len(got) == len(want)
    else:
        if got.type != want.type:
            got = got.cast(want.type)
        equal = got.equals(want)
    if equal:
        return None
    pairs = zip(want.to_pylist(), got.to_pylist())
    at, (w, g) = next(((i, p) for i, p in enumerate(pairs) if p[0] != p[1]), (-1, (len(want), len(got))))
    return f"row {at} is {g!r}, not {w!r}"
