#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parquet_read_judge.py - every cell that firn's Parquet reader gives equals pyarrow's own reading.

    parquet_read_judge.py TOOL FILE-OR-FOLDER...

TOOL is the built parquet_read_tool. Each column is equal cell by cell, or refused by name: FLOAT16
and INTERVAL. Any other failure is an error. Prints one line a file and a summary by type; exit 1 if any column differs.
"""
import collections
import decimal
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ref"))
import nested  # noqa: E402


def floor_us(values, per_us):
    return [None if v is None else v // per_us for v in values]


def ints(array, width):
    return array.view(pa.int32() if width == 4 else pa.int64()).to_pylist()


def expect(array, t):
    """Cells as parquet_read_tool prints them; None for a type that is not supported."""
    if pa.types.is_dictionary(t):
        return expect(array.cast(t.value_type), t.value_type)
    if isinstance(t, pa.BaseExtensionType):
        return expect(array.storage, t.storage_type)
    if "halffloat" in str(t):
        return None
    if nested.is_text(t):
        return ["N" if v is None else v.encode().hex() for v in nested.text(array)]
    if pa.types.is_null(t):
        return ["N"] * len(array)
    if pa.types.is_boolean(t):
        values = [None if v is None else int(v) for v in array.to_pylist()]
    elif pa.types.is_float32(t) or pa.types.is_float64(t):
        digits = 8 if pa.types.is_float32(t) else 16
        bits = array.view(pa.uint32() if digits == 8 else pa.uint64()).to_pylist()
        return ["N" if v is None else f"{v:0{digits}x}" for v in bits]
    elif pa.types.is_date32(t):
        values = ints(array, 4)
    elif pa.types.is_time(t) or pa.types.is_timestamp(t):
        values = ints(array, 4 if pa.types.is_time32(t) else 8)
        scale = {"s": 10**6, "ms": 1000, "us": 1, "ns": 1}[t.unit]
        values = [None if v is None else v * scale for v in values]
        if t.unit == "ns":
            values = floor_us(values, 1000)
    elif pa.types.is_duration(t):
        values = ints(array, 8)
    elif pa.types.is_decimal(t):
        scale = t.scale
        values = [None if v is None else int(v.scaleb(scale, CONTEXT)) for v in array.to_pylist()]
    elif pa.types.is_integer(t):
        values = array.to_pylist()
    else:
        raw = array.cast(pa.large_binary()) if not pa.types.is_fixed_size_binary(t) else array
        return ["N" if v is None else v.hex() for v in raw.to_pylist()]
    return ["N" if v is None else str(v) for v in values]



CONTEXT = decimal.Context(prec=90)


class Result:
    def __init__(self):
        self.cells = collections.Counter()
        self.columns = collections.Counter()
        self.refused = collections.Counter()
        self.wrong = []


def read_tool(tool, path):
    run = subprocess.run([tool, path], capture_output=True, text=True)
    if run.returncode != 0:
        return None, run.stderr.strip()
    columns, lines = [], run.stdout.split("\n")
    if lines[-2] != "end":
        return None, "the output is cut"
    for line in lines[1:-2]:
        if line.startswith("column "):
            _, kind, required, name = line.split(" ", 3)
            columns.append((name, kind, required, []))
        else:
            columns[-1][3].append(line)
    return columns, lines[0]



def judge(tool, path, result):
    columns, message = read_tool(tool, path)
    if columns is None:
        result.wrong.append(f"{path}: {message}")
        return "FAILED"
    table = pq.read_table(path, coerce_int96_timestamp_unit="us", partitioning=None)
    arrays = []
    for top in table.column_names:
        chunked = table.column(top)
        arrays += nested.columns(top, pa.concat_arrays(chunked.chunks) if chunked.num_chunks else pa.array([], chunked.type))
    if [c[0] for c in columns] != [a[0] for a in arrays]:
        result.wrong.append(f"{path}: columns {[c[0] for c in columns]} instead of {[a[0] for a in arrays]}")
        return "FAILED"
    bad = 0
    for (name, kind, required, cells), (_, array) in zip(columns, arrays):
        want = expect(array, array.type)
        if cells and cells[0].startswith("refused "):
            if want is not None:
                bad += 1
                result.wrong.append(f"{path}: {name} ({array.type}): {cells[0]}")
            result.refused[str(array.type).split("<")[0]] += 1
        elif want is None and len(array):
            bad += 1
            result.wrong.append(f"{path}: {name} ({array.type}) was not refused")
        elif want is not None and cells != want:
            bad += 1
            at = next((i for i, (a, b) in enumerate(zip(cells, want)) if a != b), min(len(cells), len(want)))
            got = cells[at] if at < len(cells) else "nothing"
            result.wrong.append(f"{path}: {name} ({array.type}) row {at}: {got[:80]} instead of {want[at][:80] if at < len(want) else 'nothing'}, {len(cells)} of {len(want)} cells")
        else:
            result.columns[kind] += 1
            result.cells[kind] += len(cells)
    return f"{len(columns)} columns, {bad} wrong"


def main():
    tool, result, count = sys.argv[1], Result(), 0
    for place in sys.argv[2:]:
        files = [place] if os.path.isfile(place) else sorted(os.path.join(d, f) for d, _, fs in os.walk(place) for f in fs if f.endswith(".parquet"))
        for path in files:
            print(f"{os.path.basename(path)}: {judge(tool, os.path.abspath(path), result)}", flush=True)
            count += 1
    for kind in sorted(result.cells):
        print(f"{kind}: {result.columns[kind]} columns, {result.cells[kind]} cells equal")
    for kind in sorted(result.refused):
        print(f"{kind}: {result.refused[kind]} leaves refused by name")
    for line in result.wrong[:40]:
        print("WRONG", line[:400])
    print(f"{count} files, {len(result.wrong)} differences")
    sys.exit(1 if result.wrong or count == 0 else 0)


main()
