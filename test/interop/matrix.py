#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""matrix.py - type x encoding x codec x page version x writer, read by firn; firn's own files, read by the others.

    matrix.py FIRN MATRIX.md [--update] [--chdb FOLDER] [--spark PYTHON JARS]

Every writer makes files of every kind it can, from one table whose values are known. What a file really holds is read
from its bytes (matrix_cells.py). firn reads each through `firn run`, cell by cell equal to the table, or refuses the
column by name. The result is compared with MATRIX.md, or written there. Sections of Spark and chdb are left as they
stand when those are not given.
"""
import argparse
import collections
import os
import subprocess
import sys
import tempfile

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ref"))
import nested  # noqa: E402
from matrix_cells import canon, cells, same
from parquet_judge import Column
from parquet_make import Maker

ROWS = 600
KINDS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double", "date",
         "time_ms", "time_us", "time_ns", "ts_ms", "ts_us", "ts_ns", "ts_ms_utc", "ts_us_utc", "ts_ns_utc", "text",
         "binary", "fixed_7", "dec_4_2", "dec_15_15", "dec_28_10"]  # fmt: skip
SPARK_KINDS = ["bool", "int8", "int16", "int32", "int64", "float", "double", "date", "ts_ms", "ts_ms_utc", "text",
               "binary", "dec_4_2", "dec_15_15", "dec_28_10"]  # fmt: skip
LETTERS = {"none": "n", "snappy": "s", "gzip": "g", "zstd": "z", "lz4 raw": "l", "brotli": "b", "lz4 (Hadoop)": "h"}
ENCODINGS = ["PLAIN", "dictionary", "RLE", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY",
             "BYTE_STREAM_SPLIT"]  # fmt: skip
TYPES = ["BOOLEAN", "INT(8)", "INT(16)", "INT(32)", "INT32", "INT(64)", "INT64", "UINT(8)", "UINT(16)", "UINT(32)", "UINT(64)", "FLOAT", "DOUBLE",
         "DECIMAL in INT32", "DECIMAL in INT64", "DECIMAL in FIXED", "DATE", "TIME(ms)", "TIME(us)", "TIME(ns)", "INT96",
         "TIMESTAMP(ms)", "TIMESTAMP(us)", "TIMESTAMP(ns)", "TIMESTAMP(ms, UTC)", "TIMESTAMP(us, UTC)", "TIMESTAMP(ns, UTC)",
         "STRING", "ENUM", "JSON", "BYTE_ARRAY", "FIXED", "UUID", "UNKNOWN", "FLOAT16", "INTERVAL", "part of a struct", "list", "map"]  # fmt: skip


class Matrix:
    def __init__(self, firn):
        self.firn, self.files, self.wrong = firn, 0, []
        self.found = collections.defaultdict(lambda: "equal")  # (writer, type, encoding, version, codec) -> outcome

    # ---- firn reads

    def query(self, sql):
        run = subprocess.run([self.firn, "run", "-q", "--format", "arrow", "-c", sql], capture_output=True)
        if run.returncode == 0:
            return pa.ipc.open_stream(run.stdout).read_all(), ""
        return None, run.stderr.decode()

    def read(self, path, names):
        """-> {column: its values, or the words that refuse it}"""
        table, _ = self.query(f"SELECT * FROM read_parquet('{path}')")
        out = {}
        for name in names:
            if table is not None and name in table.column_names:
                out[name] = table.column(name)
            else:
                one, words = self.query(f"""SELECT "{name}" FROM read_parquet('{path}')""")
                out[name] = one.column(0) if one is not None else words
        return out

    def judge(self, writer, path, want):
        """One file; want: {column: canonical values}."""
        held = cells(path)
        got = self.read(path, list(held))
        self.files += 1
        for name, (kind, codec, encodings) in held.items():
            values = got[name]
            if isinstance(values, str):
                named = "0A000" in values and (name in values or codec.split(" ")[0] in values.lower())
                outcome = "refused" if named else "WRONG"
                differs = values.strip().replace("\n", " ")
            else:
                differs = same(want[name], values)
                outcome = "WRONG" if differs else "equal"
            if outcome == "WRONG":
                self.wrong.append(f"{os.path.basename(path)}: {name} ({kind}): {differs}")
            for version, encoding in encodings:
                key = (writer, kind, encoding, version, codec)
                if outcome != "equal":
                    self.found[key] = outcome
                else:
                    self.found[key]  # noqa: B018 - a cell that is there

    # ---- the committed form

    def cell(self, writer, kind, encoding):
        halves = []
        for version in ("v1", "v2"):
            half = ""
            for codec, letter in LETTERS.items():
                outcome = self.found.get((writer, kind, encoding, version, codec))
                half += {None: "", "equal": letter, "refused": f"({letter})", "WRONG": "!"}[outcome]
            halves.append(half or "–")
        return "–" if halves == ["–", "–"] else " / ".join(halves)

    def section(self, writer):
        kinds = {key[1] for key in self.found if key[0] == writer}
        assert kinds <= set(TYPES), kinds - set(TYPES)
        lines = ["| type | " + " | ".join(ENCODINGS) + " |", "| --- |" + " --- |" * len(ENCODINGS)]
        for kind in TYPES:
            if kind in kinds:
                row = [self.cell(writer, kind, e) for e in ENCODINGS]
                lines.append(f"| {kind} | " + " | ".join(row) + " |")
        return "\n".join(lines) + "\n"


# ---- writers ---------------------------------------------------------------------------------------------------------

def wanted(table):
    """Canonical values by firn's columns: the parts of structs, lists and maps as text."""
    out = {}
    for name in table.column_names:
        for column, array in nested.columns(name, whole(table.column(name))):
            out[column] = pa.array(nested.text(array)) if nested.is_text(array.type) else canon(array)
    return out


def whole(column):
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def nested_columns(n):
    """Empty and NULL at every level, and a row that fills pages."""
    def some(i, value):
        return None if i % 7 == 3 else value

    deep = pa.list_(pa.struct([("a", pa.list_(pa.int64())), ("b", pa.struct([("c", pa.string())]))]))
    return {
        "list": pa.array([some(i, [some(k, k * i) for k in range(i % 5)]) for i in range(n)], pa.list_(pa.int32())),
        "struct": pa.array([some(i, {"x": some(i + 1, i), "in": {"y": f"{i}", "z": [i]}}) for i in range(n)]),
        "map": pa.array([some(i, [(f"k{k}", some(k, i)) for k in range(i % 4)]) for i in range(n)], pa.map_(pa.string(), pa.int32())),
        "deep": pa.array([some(i, [some(k + i, {"a": some(k, list(range(20000 if i == 11 else k))), "b": some(i + k, {"c": some(k + 2, f"c{k}")})})
                                   for k in range(i % 4)]) for i in range(n)], deep)}  # fmt: skip


def odd_table(maker, n):
    """Nested columns, one that is refused, and a few whose types are rare."""
    half = pa.array([i / 4 for i in range(n)], pa.float16())
    words = [maker.random.choice(["red", "green", "blue"]) for _ in range(n)]
    ids = [bytes([i % 251] * 16) for i in range(n)]
    return pa.table({"half": half, **nested_columns(n),
                     "nothing": pa.nulls(n), "json": pa.array([f'{{"a": {i}}}' for i in range(n)], pa.json_()),
                     "uuid": pa.array(ids, pa.uuid()), "word": pa.array(words).dictionary_encode()})  # fmt: skip


def by_pyarrow(maker, matrix, source, odd):
    integers = ["int", "uint", "date", "time", "ts", "dec_4", "dec_15"]

    def of(name, *starts):
        return name.startswith(starts)

    first, second = {}, {}
    for name in source.column_names:
        if of(name, *integers):
            first[name] = "DELTA_BINARY_PACKED"
        elif of(name, "text", "binary"):
            first[name], second[name] = "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"
        elif of(name, "fixed", "dec_28"):
            first[name], second[name] = "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"
        elif of(name, "float", "double"):
            first[name] = "BYTE_STREAM_SPLIT"
        else:
            first[name] = "RLE"
    for name in source.column_names:
        if of(name, *integers):
            second[name] = "BYTE_STREAM_SPLIT"
    stamps = source.select([n for n in source.column_names if n.startswith("ts_ns")])
    decimals = source.select([n for n in source.column_names if n.startswith("dec")])
    want, odd_want = wanted(source), wanted(odd.drop_columns(["half"]))
    for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        for version in ["1.0", "2.0"]:
            common = dict(compression=codec, data_page_version=version)
            whole = dict(use_dictionary=False, store_decimal_as_integer=True)
            forms = [("first", source, dict(column_encoding=first, **whole)),
                     ("second", source.select(list(second)), dict(column_encoding=second, **whole))]  # fmt: skip
            for dictionary in (True, False):
                d = dict(use_dictionary=dictionary)
                forms += [(f"types-{dictionary}", source, d), (f"odd-{dictionary}", odd, d),
                          (f"int96-{dictionary}", stamps, dict(use_deprecated_int96_timestamps=True, **d)),
                          (f"dec-{dictionary}", decimals, dict(store_decimal_as_integer=True, **d))]  # fmt: skip
            for name, table, options in forms:
                path = maker.path(f"pyarrow-{name}-{codec}-{version[0]}")
                pq.write_table(table, path, **common, **options)
                matrix.judge("pyarrow", path, odd_want if table is odd else want)


def by_duckdb(maker, matrix, source):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("source", source)
    con.register("more", pa.table({"i": pa.array(range(ROWS))}))
    want = wanted(source)
    want["uuid"] = canon(pa.array([i.to_bytes(16, "big") for i in range(ROWS)], pa.binary()))
    want["json"] = pa.array([f'{{"a":{i}}}' for i in range(ROWS)])
    want["mood"] = pa.array(["ok" if i % 2 else "sad" for i in range(ROWS)])
    want["nothing"] = pa.nulls(ROWS)
    deep = pa.table(nested_columns(ROWS))
    con.register("deep", deep)
    want.update(wanted(deep))
    con.execute("""CREATE TABLE wide AS SELECT source.*, printf('%032x', i)::UUID AS uuid, ('{"a":' || i || '}')::JSON AS json,
        CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'ok' END::ENUM('sad', 'ok') AS mood, INTERVAL (i) DAY AS span,
        NULL::INTEGER AS nothing, deep.* FROM source POSITIONAL JOIN more POSITIONAL JOIN deep""")
    for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"]:
        for version in ["V1", "V2"]:
            path = maker.path(f"duckdb-{codec}-{version}")
            con.execute(f"COPY wide TO '{path}' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION {version})")
            matrix.judge("DuckDB", path, want)


def by_polars(maker, matrix, source):
    frame = pl.from_arrow(source).with_columns(
        word=pl.Series(["red" if i % 3 else "green" for i in range(ROWS)], dtype=pl.Categorical),
        **{name: pl.from_arrow(array) for name, array in nested_columns(ROWS).items() if name != "map"})  # fmt: skip
    for name, kind in (("int32", pa.int32()), ("int64", pa.int64()), ("uint32", pa.uint32()), ("uint64", pa.uint64())):
        spread = pa.array([i * 104729 for i in range(ROWS)], kind)  # all different: no dictionary
        source = source.append_column(f"{name}-spread", spread)
        frame = frame.with_columns(pl.Series(f"{name}-spread", spread))
    want = {**wanted(source), **wanted(pa.table(nested_columns(ROWS)))}
    want["word"] = pa.array(["red" if i % 3 else "green" for i in range(ROWS)])
    for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        path = maker.path(f"polars-{codec}")
        frame.write_parquet(path, compression=codec)
        matrix.judge("Polars", path, want)


def tool_columns(folder):
    with open(f"{folder}/schema.txt") as f:
        return {c.name: canon(c.array) for c in (Column(folder, line) for line in f)}


def by_firn(maker, matrix, source):
    """-> the files that the other engines read: [(path, canonical values)]"""
    tool = os.path.join(os.path.dirname(matrix.firn), "test/interop/parquet_write_tool")
    folder = os.path.join(maker.folder, "tool")
    os.mkdir(folder)
    subprocess.run([tool, folder, str(ROWS), "1"], check=True)
    want = tool_columns(folder)
    files = [(os.path.join(folder, f), want) for f in sorted(os.listdir(folder)) if f.endswith("-large.parquet")]
    ids = pa.array([None if i % 7 == 3 else i.to_bytes(16, "big") for i in range(ROWS)], pa.uuid())
    source = source.append_column("uuid", ids)
    plain = maker.path("source")
    pq.write_table(source, plain)
    copied = maker.path("firn-copied")
    lake = os.path.join(maker.folder, "lake")
    os.mkdir(lake)
    spark = ", ".join(f'"{n}"' for n in source.column_names if not n.startswith("time"))
    read = f"read_parquet('{plain}')"
    for command in (["init"], ["run", "-c", f"COPY (SELECT * FROM {read}) TO '{copied}'", "-c", "CREATE SCHEMA m",
                               "-c", f"CREATE TABLE m.every AS SELECT * FROM {read}",
                               "-c", f"CREATE TABLE m.spark AS SELECT {spark} FROM {read}"]):  # fmt: skip
        subprocess.run([matrix.firn, *command, "-q"], cwd=lake, check=True, stdout=subprocess.DEVNULL)
    data = [os.path.join(d, f) for d, _, fs in os.walk(lake) for f in fs if f.endswith(".parquet") and "/every-" in d]
    files += [(path, wanted(source)) for path in [copied, *data]]
    for path, values in files:
        matrix.judge("firn", path, values)
    return files, lake


# ---- readers ---------------------------------------------------------------------------------------------------------

def pyarrow_reads(path):
    return pq.read_table(path, partitioning=None)


def duckdb_reads(path):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    return con.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_table()


def polars_reads(path):
    return pl.read_parquet(path, use_pyarrow=False).to_arrow()


def chdb_reads(path):
    import chdb

    settings = "output_format_arrow_string_as_string = 0, output_format_arrow_fixed_string_as_fixed_byte_array = 1"
    got = chdb.query(f"SELECT * FROM file('{path}', Parquet) SETTINGS {settings}", "ArrowStream")
    return pa.ipc.open_stream(got.bytes()).read_all()


class Readers:
    def __init__(self):
        self.found, self.wrong = {}, []  # (reader, type, codec) -> equal | WRONG

    def judge(self, reader, path, table, want, missing=()):
        """missing: columns that the reader has no type for"""
        for name, (kind, codec, _) in cells(path).items():
            if name in missing:
                continue
            differs = same(want[name], table.column(name))
            if differs:
                self.wrong.append(f"{reader} reads {os.path.basename(path)}: {name} ({kind}): {differs}")
            if self.found.get((reader, kind, codec)) != "WRONG":
                self.found[reader, kind, codec] = "WRONG" if differs else "equal"

    def column(self, reader):
        out = {}
        for kind in TYPES:
            letters = ""
            for codec, letter in LETTERS.items():
                letters += {None: "", "equal": letter, "WRONG": "!"}[self.found.get((reader, kind, codec))]
            out[kind] = letters or "–"
        return out


# ---- Spark -----------------------------------------------------------------------------------------------------------

def spark_columns(path):
    """The columns of a file that Spark's own reader has types for, as Spark's DDL."""
    names = {"bool": "boolean", "int32": "int", "int64": "bigint", "float": "float", "double": "double", "date32[day]": "date",
             "timestamp[us]": "timestamp_ntz", "timestamp[us, tz=UTC]": "timestamp", "string": "string", "binary": "binary"}
    out = []
    for field in pq.read_schema(path):
        t = field.type
        ddl = f"decimal({t.precision},{t.scale})" if pa.types.is_decimal(t) else names.get(str(t))
        if ddl:
            out.append(f"`{field.name}` {ddl}")
    return ", ".join(out)


def spark_does(maker, matrix, readers, spark, files, lake, table):
    """Spark writes what firn reads, and reads what firn wrote, in one session (matrix_spark.py)."""
    python, jars = spark
    source = maker.path("for-spark")
    pq.write_table(table, source, coerce_timestamps="us")
    folder = os.path.join(maker.folder, "spark")
    os.mkdir(folder)
    with open(f"{folder}/files", "w") as f:
        for path, _ in files:
            f.write(f"{path}\t{spark_columns(path)}\n")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "matrix_spark.py")
    run = subprocess.run([python, script, folder, jars, source, lake], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"Spark failed:\n{run.stderr[-4000:]}")
    print(run.stdout, end="")
    want = wanted(table)
    for name in sorted(os.listdir(f"{folder}/written")):
        if name.endswith(".parquet"):
            matrix.judge("Spark", f"{folder}/written/{name}", want)
    for i, (path, values) in enumerate(files):
        got = pq.read_table(f"{folder}/read/{i}", partitioning=None)
        missing = set(cells(path)) - set(got.column_names)
        readers.judge("Spark", path, got, values, missing)
    got = pq.read_table(f"{folder}/read/table", partitioning=None)
    data, values = next(f for f in files if "/every-" in f[0])
    missing = set(cells(data)) - set(got.column_names)
    assert missing and all(name.startswith("time") for name in missing), missing
    readers.judge("Spark", data, got, values, missing)


# ---- the document ----------------------------------------------------------------------------------------------------

HEAD = """# Parquet, cell by cell

Written by `test/interop/matrix.py --update`, checked by `make test`. Types and encodings are those found in the files' bytes.

## Files that firn reads

A cell is *codecs in pages v1 / codecs in pages v2*. Each letter is a codec in which every value came back equal: n none, s snappy,
g gzip, z zstd, l lz4 raw, b brotli, h lz4 in Hadoop's framing. In brackets: refused by name, the column or the codec. What is absent no
option of this writer gives. TIMESTAMP and TIME in nanoseconds are read rounded down to microseconds. FIXED is FIXED_LEN_BYTE_ARRAY.
"""
TAIL = """
## firn's files, read by others

Each letter is a codec in which the reader's values were equal, over files of the writer itself, of `COPY ... TO` and of a table. Spark
reads the files by itself, where it has the type, and the table (zstd) through Iceberg; it has no type for a time of day.
"""


def split_sections(text):
    out, name = {}, None
    for line in text.splitlines(keepends=True):
        if line.startswith("<!-- "):
            name = line.strip()[5:-4]
            out[name] = ""
        elif line.startswith("<!--") or line.startswith("#"):
            name = None
        elif name:
            out[name] += line
    return out


def reader_rows(old):
    """{reader: {type: cell}} of a committed table."""
    lines = [[c.strip() for c in line.strip().strip("|").split("|")] for line in old.splitlines() if line.startswith("|")]
    if not lines:
        return {}
    return {r: {row[0]: row[i + 1] for row in lines[2:]} for i, r in enumerate(lines[0][1:])}


def document(matrix, readers, old):
    before = split_sections(old)
    text = HEAD
    for writer in ["pyarrow", "DuckDB", "Polars", "Spark", "firn"]:
        mine = matrix.section(writer) if any(k[0] == writer for k in matrix.found) else before.get(writer, "").strip("\n") + "\n"
        text += f"\n### Written by {writer}\n\n<!-- {writer} -->\n{mine}"
    columns = reader_rows(before.get("readers", ""))
    for reader in ["pyarrow", "DuckDB", "Polars", "chdb", "Spark"]:
        if any(k[0] == reader for k in readers.found):
            columns[reader] = readers.column(reader)
    names = [r for r in ["pyarrow", "DuckDB", "Polars", "chdb", "Spark"] if r in columns]
    text += TAIL + "\n<!-- readers -->\n| type | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names) + "\n"
    for kind in TYPES:
        row = [columns[r].get(kind, "–") for r in names]
        if set(row) != {"–"}:
            text += f"| {kind} | " + " | ".join(row) + " |\n"
    return text


def main():
    p = argparse.ArgumentParser()
    p.add_argument("firn"), p.add_argument("document")
    p.add_argument("--update", action="store_true")
    p.add_argument("--chdb")
    p.add_argument("--spark", nargs=2)
    a = p.parse_args()
    matrix, readers = Matrix(os.path.abspath(a.firn)), Readers()
    if a.chdb:
        sys.path.append(a.chdb)
    with tempfile.TemporaryDirectory(prefix="firn-matrix-") as folder:
        maker = Maker(folder, ROWS, 1)
        source = maker.table(KINDS, ["random", "few"], ["required", "some"])
        odd = odd_table(maker, ROWS)
        by_pyarrow(maker, matrix, source, odd)
        by_duckdb(maker, matrix, source)
        by_polars(maker, matrix, source)
        files, lake = by_firn(maker, matrix, source)
        engines = {"pyarrow": pyarrow_reads, "DuckDB": duckdb_reads, "Polars": polars_reads}
        if a.chdb:
            engines["chdb"] = chdb_reads
        for reader, read in engines.items():
            for path, want in files:
                readers.judge(reader, path, read(path), want)
        if a.spark:
            table = maker.table(SPARK_KINDS, ["random", "few"], ["some"])
            for name, array in nested_columns(ROWS).items():
                table = table.append_column(name, array)
            spark_does(maker, matrix, readers, a.spark, files, lake, table)
    for line in (matrix.wrong + readers.wrong)[:40]:
        print("WRONG", line[:400])
    old = open(a.document).read() if os.path.exists(a.document) else ""
    new = document(matrix, readers, old)
    outcomes = collections.Counter(matrix.found.values())
    print(f"{matrix.files} files, {dict(outcomes)} cells; readers: {len(readers.found)} cells")
    if a.update and not matrix.wrong and not readers.wrong:
        with open(a.document, "w") as f:
            f.write(new)
    elif new != old:
        import difflib

        sys.stdout.writelines(list(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "committed", "found"))[:60])
        sys.exit("the matrix is not the committed one: look at it, then run test/interop/matrix.sh FIRN --update")
    sys.exit(1 if matrix.wrong or readers.wrong else 0)


if __name__ == "__main__":
    main()
