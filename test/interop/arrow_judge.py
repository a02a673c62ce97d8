#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""arrow_judge.py - pyarrow reads what firn hands out, and firn what pyarrow hands out.

    arrow_judge.py LIBRARY FOLDER

LIBRARY is the built libarrow_tool.so; FOLDER takes two small files.

  * the sample stream (arrow_sample.h: every type, every span kind) through the C stream interface
    and through IPC: schema and values equal the formulas below, arrays pass full validation;
  * children are kept after their batch, the reader and the stream are gone;
  * tables made by pyarrow (slices, chunks, large types, nulls of every pattern) come out of firn's
    import as the same values in PostgreSQL's text; types firn does not have are refused by name.

Prints one line a check; exit 1 at the first difference.
"""
import ctypes
import datetime as dt
import decimal
import gc
import sys
import uuid

import pyarrow as pa
import pyarrow.ipc

decimal.getcontext().prec = 60
EPOCH = dt.datetime(1970, 1, 1)
UTC = dt.timezone.utc


def micros(n):
    return dt.timedelta(microseconds=n)


# (Arrow type, value of row i), as in arrow_sample.h
COLUMNS = [
    (pa.int32(), lambda i: i * 1000003 % 2000000000 - 1000000000),
    (pa.bool_(), lambda i: i % 3 == 0),
    (pa.int16(), lambda i: i * 57 % 60000 - 30000),
    (pa.int32(), lambda i: i * 1000003 % 2000000000 - 1000000000),
    (pa.int64(), lambda i: (i - 500) * 10**15 + i),
    (pa.float32(), lambda i: (i - 500) / 8),
    (pa.float64(), lambda i: (i - 500) / 7),
    (pa.decimal128(10, 2), lambda i: decimal.Decimal((i - 500) * 12345).scaleb(-2)),
    (pa.decimal128(38, 5), lambda i: decimal.Decimal((i - 500) * 10**30 + i).scaleb(-5)),
    (pa.date32(), lambda i: dt.date(1970, 1, 1) + dt.timedelta(days=i * 13 - 5000)),
    (pa.time64("us"), lambda i: (EPOCH + micros(i * 86399999 % 86400000000)).time()),
    (pa.timestamp("us"), lambda i: EPOCH + micros((i - 500) * 10**13 + i)),
    (pa.timestamp("us", "UTC"), lambda i: (EPOCH + micros((i - 500) * 10**13 + i)).replace(tzinfo=UTC)),
    (pa.string(), lambda i: "é" * (i % 4) + str(i)),
    (pa.binary(), lambda i: b"\x01\xff"[: i % 3]),
    (pa.uuid(), lambda i: uuid.UUID(bytes=b"%016x" % i)),
    (pa.binary(3), lambda i: b"%03d" % (i % 1000)),
    (pa.month_day_nano_interval(), lambda i: pa.MonthDayNano([i - 500, 2 * i, (i - 500) * 1001 * 1000])),
]
NAMES = ["Größe13" if c == 13 else f"c{c}" for c in range(len(COLUMNS))]


def sample():
    """The rows of the sample, by column."""
    for c, (_, value) in enumerate(COLUMNS):
        null = lambda i: c > 0 and (i + c) % 5 == 0
        yield (
            [None if null(i) else value(i) for i in range(1000)]
            + [None if null(i) else value(i % 13) for i in range(700)]
            + [None if c > 0 and c % 3 == 0 else value(7)] * 5
        )


def check(what, got, want):
    if got != want:
        print(f"{what}: differs\n  is  {got!r}\n  not {want!r}")
        sys.exit(1)


def check_table(what, table):
    table.validate(full=True)
    check(f"{what}: names", table.schema.names, NAMES)
    check(f"{what}: types", [f.type for f in table.schema], [t for t, _ in COLUMNS])
    check(f"{what}: nullable", [f.nullable for f in table.schema], [c > 0 for c in range(len(COLUMNS))])
    for name, column, want in zip(NAMES, table.columns, sample()):
        check(f"{what}: {name}", column.to_pylist(), want)
        check(f"{what}: {name} nulls", column.null_count, want.count(None))
    print(f"{what}: {table.num_rows} rows x {table.num_columns} columns equal")


class CStream(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("schema", "next", "error", "release", "private")]


def judge_out(tool, folder):
    stream = CStream()
    check("export", tool.arrow_tool_export(ctypes.byref(stream)), 0)
    reader = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))
    batches = list(reader)
    check("export: rows of batches", [b.num_rows for b in batches], [1000, 700, 5])
    kept = batches[0].column(4), batches[1].column(13)
    check_table("C stream", pa.Table.from_batches(batches, reader.schema))
    del reader, batches
    gc.collect()
    check("kept child", kept[0].to_pylist(), list(sample())[4][:1000])
    check("kept text", kept[1].to_pylist(), list(sample())[13][1000:1700])
    print("children outlive their batch and stream")

    path = f"{folder}/sample.arrows"
    check("ipc", tool.arrow_tool_ipc(path.encode()), 0)
    with pa.OSFile(path) as f:
        with pyarrow.ipc.open_stream(f) as reader:
            check_table("IPC stream", reader.read_all())
        check("ipc: bytes behind the end", f.read(), b"")


def text(value, kind):
    """A value as firn prints it: PostgreSQL's text."""
    if value is None:
        return "\\N"
    if pa.types.is_boolean(kind):
        return "t" if value else "f"
    if pa.types.is_floating(kind):
        if value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return repr(value)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return "\\x" + value.hex()
    if pa.types.is_timestamp(kind):
        shown = value.astimezone(UTC) if value.tzinfo else value
        fraction = f".{shown.microsecond:06}".rstrip("0") if shown.microsecond else ""
        return shown.strftime("%Y-%m-%d %H:%M:%S") + fraction + ("+00" if value.tzinfo else "")
    if pa.types.is_time(kind):
        fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
        return value.strftime("%H:%M:%S") + fraction
    return str(value)


def imported(tool, folder, table_or_reader):
    path = f"{folder}/imported.txt"
    stream = CStream()
    table_or_reader._export_to_c(ctypes.addressof(stream))
    if tool.arrow_tool_import(ctypes.byref(stream), path.encode()) != 0:
        return None, tool.arrow_tool_error().decode()
    with open(path, encoding="utf-8", newline="\n") as f:
        lines = f.read().split("\n")[:-1]
    return lines[0].split("\t"), [line.split("\t") for line in lines[1:]]


def judge_in(tool, folder):
    skip = {17}  # intervals have a text of their own; arrow_test.c compares them
    keep = [c for c in range(len(COLUMNS)) if c not in skip]
    columns = list(sample())
    kinds = [pa.large_string() if c == 13 else pa.large_binary() if c == 14 else COLUMNS[c][0] for c in keep]
    kinds = [pa.timestamp("us", "Europe/Paris") if k == pa.timestamp("us", "UTC") else k for k in kinds]
    for plain in (True, False):
        types = [COLUMNS[c][0] for c in keep] if plain else kinds
        arrays = [pa.array(columns[c], type=t) for c, t in zip(keep, types)]
        table = pa.table(arrays, names=[NAMES[c] for c in keep])
        for first, count in ((0, 1705), (1, 1700), (13, 900), (64, 64), (1704, 1), (5, 0)):
            part = table.slice(first, count)
            reader = pa.RecordBatchReader.from_batches(part.schema, part.to_batches(max_chunksize=777))
            _, rows = imported(tool, folder, reader)
            want = [[text(columns[c][i], t) for c, t in zip(keep, types)] for i in range(first, first + count)]
            check(f"import [{first}, +{count})", rows, want)
        print(f"import of {'plain' if plain else 'large'} types: slices equal")
    big = pa.table({"n": pa.array(range(100000), pa.int64()), "s": [str(i) for i in range(100000)]})
    header, rows = imported(tool, folder, big.to_reader())
    check("import of 100,000 rows", (header, rows),
          (["n bigint", "s text"], [[str(i), str(i)] for i in range(100000)]))
    nulls = pa.table({"a": pa.nulls(3), "b": pa.array([None, None, None], pa.string()),
                      "c": pa.array([1, None, 3], pa.int8())})
    header, rows = imported(tool, folder, nulls.to_reader())
    check("import of nulls", (header, rows), (["a unknown", "b text", "c smallint"],
          [["\\N", "\\N", "1"], ["\\N", "\\N", "\\N"], ["\\N", "\\N", "3"]]))
    print("import of long arrays and of nulls equal")
    for kind in (pa.float16(), pa.uint64(), pa.timestamp("ns"), pa.date64(), pa.list_(pa.int32()),
                 pa.struct([("x", pa.int32())]), pa.dictionary(pa.int32(), pa.string()),
                 pa.decimal256(50, 2), pa.string_view(), pa.duration("us")):
        header, message = imported(tool, folder, pa.table({"col": pa.array([], kind)}).to_reader())
        check(f"{kind} refused", (header, "not supported" in message and "col" in message), (None, True))
    print("types that firn does not have: refused by name")


def main():
    tool = ctypes.CDLL(sys.argv[1])
    tool.arrow_tool_error.restype = ctypes.c_char_p
    judge_out(tool, sys.argv[2])
    judge_in(tool, sys.argv[2])


if __name__ == "__main__":
    main()
