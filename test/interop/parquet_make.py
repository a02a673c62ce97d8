#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parquet_make.py - a matrix of Parquet files by other writers, for parquet_read_judge.py.

    parquet_make.py FOLDER [ROWS [SEED]]
    parquet_make.py --samples FOLDER      the small files committed as test/data/parquet

type x nulls x encoding x codec x page version x writer (pyarrow, DuckDB, Polars). File names say
what is in them: <writer>-<what>.parquet. A combination a writer does not know is left out and
named on standard output.
"""
import datetime
import decimal
import os
import random
import string
import sys
import uuid

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]


class Maker:
    def __init__(self, folder, rows, seed):
        self.folder, self.rows, self.random = folder, rows, random.Random(seed)

    def path(self, name):
        return os.path.join(self.folder, name + ".parquet")

    # ---- columns

    def text(self, most=12):
        r = self.random
        alphabet = string.ascii_letters + "äßé€😀漢 \t"
        return "".join(r.choice(alphabet) for _ in range(r.randrange(most)))

    def value(self, kind):
        """One random value, extremes included."""
        r = self.random
        if kind == "bool":
            return r.random() < 0.5
        if kind[:3] == "int" or kind[:4] == "uint":
            bits = int(kind.lstrip("uint"))
            low, high = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            return r.choice([low, high, r.randint(low, high), r.randint(low, high)])
        if kind in ("float", "double"):
            odd = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1.5, -2.25]
            v = r.choice(odd) if r.random() < 0.1 else r.uniform(-1e6, 1e6)
            return v
        if kind == "date":
            return r.randint(-700000, 700000)
        if kind.startswith("time_"):
            return r.randrange({"ms": 86400000, "us": 86400 * 10**6, "ns": 86400 * 10**9}[kind[5:]])
        if kind.startswith("ts_"):
            unit = kind[3:5]
            limit = {"ms": 10**14, "us": 10**17, "ns": 9 * 10**18}[unit]
            return r.randint(-limit, limit)
        if kind.startswith("dec_"):
            p, s = map(int, kind[4:].split("_"))
            most = 10**p - 1
            return decimal.Decimal(r.choice([most, -most, 0, r.randint(-most, most)])).scaleb(-s, decimal.Context(prec=80))
        if kind in ("text", "large_text"):
            return self.text(40 if r.random() < 0.1 else 12)
        if kind in ("binary", "large_binary"):
            return r.randbytes(r.randrange(30))
        if kind.startswith("fixed_"):
            return r.randbytes(int(kind[6:]))
        raise ValueError(kind)

    ARROW = {
        "bool": pa.bool_(),
        "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
        "uint8": pa.uint8(), "uint16": pa.uint16(), "uint32": pa.uint32(), "uint64": pa.uint64(),
        "float": pa.float32(), "double": pa.float64(), "date": pa.date32(),
        "time_ms": pa.time32("ms"), "time_us": pa.time64("us"), "time_ns": pa.time64("ns"),
        "ts_ms": pa.timestamp("ms"), "ts_us": pa.timestamp("us"), "ts_ns": pa.timestamp("ns"),
        "ts_ms_utc": pa.timestamp("ms", "UTC"), "ts_us_utc": pa.timestamp("us", "UTC"),
        "ts_ns_utc": pa.timestamp("ns", "UTC"),
        "text": pa.string(), "large_text": pa.large_string(),
        "binary": pa.binary(), "large_binary": pa.large_binary(),
        "fixed_1": pa.binary(1), "fixed_7": pa.binary(7), "fixed_16": pa.binary(16),
    }
    DECIMALS = ["dec_1_0", "dec_1_1", "dec_4_2", "dec_9_3", "dec_10_0", "dec_15_15", "dec_18_6", "dec_19_2", "dec_28_10", "dec_38_0", "dec_38_38"]

    def arrow_type(self, kind):
        if kind.startswith("dec_"):
            return pa.decimal128(*map(int, kind[4:].split("_")))
        return self.ARROW[kind]

    def values(self, kind, how, nulls):
        """how: random | few (a dictionary of a dozen) | sorted (long runs) | later (a few, then ever new ones)."""
        r, n = self.random, self.rows
        few = [self.value(kind) for _ in range(12)]
        if how == "random":
            out = [self.value(kind) for _ in range(n)]
        elif how == "few":
            out = [r.choice(few) for _ in range(n)]
        elif how == "sorted":
            out = [few[i * 12 // n] for i in range(n)]
        else:
            out = [r.choice(few) if i < n // 3 else self.value(kind) for i in range(n)]
        if nulls == "some":
            out = [None if r.random() < 0.15 else v for v in out]
        elif nulls == "blocks":
            out = [None if i // 700 % 3 == 1 else v for i, v in enumerate(out)]
        elif nulls == "all":
            out = [None] * n
        return out

    def table(self, kinds, hows, nulls_list):
        columns, fields = [], []
        for kind in kinds:
            t = self.arrow_type(kind)
            for how in hows:
                for nulls in nulls_list:
                    columns.append(pa.array(self.values(kind, how, nulls), t))
                    fields.append(pa.field(f"{kind}-{how}-{nulls}", t, nullable=nulls != "required"))
        return pa.table(columns, schema=pa.schema(fields))

    # ---- writers

    def arrow(self, name, table, **options):
        try:
            pq.write_table(table, self.path("pyarrow-" + name), **options)
        except (pa.ArrowException, OSError) as e:
            print(f"pyarrow-{name}: not possible for this writer: {str(e).splitlines()[0]}")

    def pyarrow_files(self):
        every = list(self.ARROW) + self.DECIMALS
        hows, nulls = ["random", "few", "sorted", "later"], ["required", "none", "some", "blocks", "all"]
        wide = self.table(every, hows, ["required", "some", "blocks"])
        small = dict(data_page_size=5000, row_group_size=max(1, self.rows // 3), dictionary_pagesize_limit=3000, write_page_checksum=True, write_page_index=True)
        for version in ["1.0", "2.0"]:
            for dictionary in [True, False]:
                tag = f"v{version[0]}-{'dict' if dictionary else 'plain'}"
                self.arrow(f"types-{tag}-large", wide, data_page_version=version, use_dictionary=dictionary, compression="snappy")
                self.arrow(f"types-{tag}-small", wide, data_page_version=version, use_dictionary=dictionary, compression="zstd", **small)
        codecs = self.table(["bool", "int32", "int64", "double", "text", "dec_19_2", "fixed_7"], hows, nulls)
        for codec in CODECS:
            for version in ["1.0", "2.0"]:
                for dictionary in [True, False]:
                    tag = f"codec-{codec}-v{version[0]}-{'dict' if dictionary else 'plain'}"
                    self.arrow(tag, codecs, compression=codec, data_page_version=version, use_dictionary=dictionary, **small)
        self.pyarrow_encodings(hows)
        self.pyarrow_old(every, hows, small)
        self.pyarrow_edges()
        self.spark_source()

    def pyarrow_encodings(self, hows):
        nulls = ["required", "some", "blocks", "all"]
        integers = ["int32", "int64", "uint32", "date", "time_ms", "ts_us", "dec_4_2"]
        for version in ["1.0", "2.0"]:
            for encoding, kinds in [
                ("DELTA_BINARY_PACKED", integers),
                ("DELTA_LENGTH_BYTE_ARRAY", ["text", "binary"]),
                ("DELTA_BYTE_ARRAY", ["text", "binary", "fixed_7", "dec_19_2"]),
                ("BYTE_STREAM_SPLIT", ["float", "double", "fixed_7", "dec_38_0"] + integers[:4]),
                ("RLE", ["bool"]),
            ]:
                t = self.table(kinds, hows, nulls)
                for size in [3000, 1 << 20]:
                    self.arrow(f"enc-{encoding}-v{version[0]}-{size}", t, use_dictionary=False, column_encoding=encoding, data_page_version=version, data_page_size=size, store_decimal_as_integer=encoding != "DELTA_BYTE_ARRAY")

    def pyarrow_old(self, every, hows, small):
        t = self.table(every, hows, ["required", "some"])
        self.arrow("format-1.0", t, version="1.0", coerce_timestamps="ms", allow_truncated_timestamps=True)
        self.arrow("format-2.4", t, version="2.4", coerce_timestamps="us", allow_truncated_timestamps=True, **small)
        # INT96 holds nanoseconds; pyarrow itself keeps such times in 64 bits.
        stamps = self.table(["ts_ns", "ts_ns_utc"], hows, ["required", "some"])
        self.arrow("int96", stamps, use_deprecated_int96_timestamps=True)
        self.arrow("int96-plain", stamps, use_deprecated_int96_timestamps=True, use_dictionary=False)
        decimals = self.table(self.DECIMALS, hows, ["required", "some"])
        self.arrow("decimal-integer", decimals, store_decimal_as_integer=True, **small)

    def spark_source(self):
        """What parquet_make_spark.py writes again: the types and ranges that Spark has."""
        kinds = ["bool", "int8", "int16", "int32", "int64", "float", "double", "date", "ts_ms", "ts_ms_utc", "text", "binary", "dec_4_2", "dec_9_3", "dec_15_15", "dec_18_6", "dec_28_10", "dec_38_0"]
        table = self.table(kinds, ["random", "few", "sorted", "later"], ["some", "blocks"])
        self.arrow("for-spark", table, coerce_timestamps="us")

    def pyarrow_edges(self):
        none = self.table(["int32", "text", "bool"], ["random"], ["required", "some"]).slice(0, 0)
        self.arrow("no-rows", none)
        self.arrow("one-row", self.table(["int32", "text", "bool", "dec_38_0"], ["random"], ["required", "some"]).slice(0, 1))
        n = self.rows
        nested = pa.table({
            "list": pa.array([[i, i + 1] if i % 3 else None for i in range(n)], pa.list_(pa.int32())),
            "before": pa.array(range(n), pa.int32()),
            "struct": pa.array([{"x": i, "y": {"z": str(i)}} for i in range(n)], pa.struct([("x", pa.int64()), ("y", pa.struct([("z", pa.string())]))])),
            "map": pa.array([[("k", i)] for i in range(n)], pa.map_(pa.string(), pa.int32())),
            "after": pa.array([str(i) for i in range(n)]),
            "half": pa.array([1.5] * n, pa.float16()),
            "null": pa.nulls(n),
            "uuid": pa.array([uuid.UUID(int=self.random.getrandbits(128)).bytes for _ in range(n)], pa.uuid()),
            "json": pa.array(['{"a": 1}'] * n, pa.json_()),
            "words": pa.array([self.random.choice(["red", "green", "blue"]) for _ in range(n)]).dictionary_encode(),
            "span": pa.array([i for i in range(n)], pa.duration("us")),
        })
        self.arrow("nested", nested)
        long = pa.table({"t": pa.array(["x" * 100000, "y" * 3, None, "z" * 70000] * 5)})
        self.arrow("long-strings", long, data_page_size=1000)
        wide_dictionary = pa.table({"i": pa.array([i * 7 % 70001 for i in range(150000)], pa.int64()), "c": pa.array([42] * 150000, pa.int32())})
        self.arrow("dictionary-above-65536", wide_dictionary, dictionary_pagesize_limit=1 << 24)

    def duckdb_files(self):
        con = duckdb.connect()
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SELECT setseed(0.25)")
        con.execute(f"""CREATE TABLE t AS SELECT
            i::TINYINT AS i8, (i * 37)::SMALLINT AS i16, (i * 7919)::INTEGER AS i32, (i * 1000003)::BIGINT AS i64,
            i::UTINYINT AS u8, (i * 3)::USMALLINT AS u16, (4294967295 - i)::UINTEGER AS u32, (18446744073709551615 - i)::UBIGINT AS u64,
            CASE WHEN random() < 0.2 THEN NULL ELSE i % 5 END AS few,
            (i // 1500)::INTEGER AS runs,
            random()::FLOAT AS f, CASE WHEN i % 11 = 0 THEN 'nan'::DOUBLE WHEN i % 13 = 0 THEN NULL ELSE random() END AS d,
            (i % 3 = 0) AS b, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 3 = 0 END AS bn,
            (i * 0.01)::DECIMAL(4,2) AS d4, (i * 1.001)::DECIMAL(9,3) AS d9, (i * 99999.9)::DECIMAL(18,1) AS d18, (-i * 12345678901234567890.5)::DECIMAL(38,2) AS d38,
            DATE '2025-01-14' + i::INTEGER AS day, TIME '00:00:00' + INTERVAL (i) SECOND AS tim,
            TIMESTAMP '2025-01-14 10:00:00' + INTERVAL (i) MILLISECOND AS ts, TIMESTAMP_S '2025-01-14 10:00:00' AS ts_s,
            (TIMESTAMP '2025-01-14 10:00:00' + INTERVAL (i) MILLISECOND)::TIMESTAMP_MS AS ts_ms,
            (TIMESTAMP '2025-01-14 10:00:00' + INTERVAL (i) MILLISECOND)::TIMESTAMP_NS AS ts_ns,
            TIMESTAMPTZ '2025-01-14 10:00:00+00' + INTERVAL (i) SECOND AS tstz,
            CASE WHEN i % 9 = 0 THEN NULL ELSE 'row ' || i END AS txt, 'store ' || (i % 17) AS store,
            ('\\xAA' || chr((65 + i % 26)::INTEGER))::BLOB AS bin, uuid() AS id, [i, i + 1] AS list, {{'a': i, 'b': 'x'}} AS struct,
            NULL::INTEGER AS nothing, (i % 4)::ENUM_T AS mood
            FROM (SELECT (range % 100)::BIGINT AS i FROM range({self.rows}))""".replace("(i % 4)::ENUM_T", "CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'ok' END::ENUM('sad', 'ok')"))
        for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "lz4_raw", "brotli"]:
            for version in ["v1", "v2"]:
                for size in [2048, 122880]:
                    name = f"duckdb-{codec}-{version}-{size}"
                    try:
                        con.execute(f"COPY t TO '{self.path(name)}' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION {version}, ROW_GROUP_SIZE {size})")
                    except duckdb.Error as e:
                        print(f"{name}: not possible for this writer: {str(e).splitlines()[0]}")
        con.execute(f"COPY (SELECT random() AS r, (random() * 1e9)::BIGINT AS i, md5(range::VARCHAR) AS t FROM range({self.rows * 10})) TO '{self.path('duckdb-plain-v2')}' (FORMAT parquet, PARQUET_VERSION v2)")
        con.execute(f"COPY (SELECT range // 5000 AS day, range % 300 AS p FROM range({self.rows * 10})) TO '{self.path('duckdb-runs')}' (FORMAT parquet)")

    def polars_files(self):
        kinds = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double", "date", "time_ns", "ts_ms", "ts_us", "ts_ns", "ts_us_utc", "text", "binary", "dec_9_3", "dec_28_10"]
        frame = pl.from_arrow(self.table(kinds, ["random", "few", "sorted", "later"], ["none", "some", "blocks", "all"]))
        for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]:
            for size in [None, 3000]:
                name = f"polars-{codec}-{size or 'default'}"
                frame.write_parquet(self.path(name), compression=codec, data_page_size=size, row_group_size=None if size is None else max(1, self.rows // 4))


def samples(folder):
    """Values follow from the row number i, as test/unit/parquet/parquet_samples_test.c expects."""

    def path(name):
        return os.path.join(folder, name + ".parquet")

    def holes(n, f, every=7):
        return [None if i % every == 3 else f(i) for i in range(n)]

    n = 40
    every = pa.table({
        "b": pa.array(holes(n, lambda i: i % 3 == 0)),
        "i8": pa.array(holes(n, lambda i: i - 20), pa.int8()),
        "u16": pa.array(holes(n, lambda i: 65535 - i), pa.uint16()),
        "i32": pa.array(holes(n, lambda i: i * 1000 - 7), pa.int32()),
        "u32": pa.array(holes(n, lambda i: 2**32 - 1 - i), pa.uint32()),
        "i64": pa.array(holes(n, lambda i: i - 2**62), pa.int64()),
        "u64": pa.array(holes(n, lambda i: 2**64 - 1 - i), pa.uint64()),
        "f": pa.array(holes(n, lambda i: i / 4), pa.float32()),
        "d": pa.array(holes(n, lambda i: i / 8 - 1), pa.float64()),
        "dec9": pa.array(holes(n, lambda i: decimal.Decimal(i - 20).scaleb(-2)), pa.decimal128(9, 2)),
        "dec38": pa.array(holes(n, lambda i: decimal.Decimal(i - 20) * 10**30), pa.decimal128(38, 0)),
        "day": pa.array(holes(n, lambda i: datetime.date(2025, 1, 14) + datetime.timedelta(i)), pa.date32()),
        "tim": pa.array(holes(n, lambda i: i * 1000), pa.time32("ms")),
        "ts_ms": pa.array(holes(n, lambda i: i - 20), pa.timestamp("ms")),
        "ts_us": pa.array(holes(n, lambda i: i - 20), pa.timestamp("us", "UTC")),
        "ts_ns": pa.array(holes(n, lambda i: i * 100 - 2000), pa.timestamp("ns")),
        "t": pa.array(holes(n, lambda i: "ä" * (i % 4) + str(i))),
        "bin": pa.array(holes(n, lambda i: bytes([i, 255])), pa.binary()),
        "fix": pa.array(holes(n, lambda i: bytes([i, 1, 2])), pa.binary(3)),
        "id": pa.array(holes(n, lambda i: bytes([i] * 16)), pa.uuid()),
    })
    plain = dict(compression="none", store_schema=False)
    pq.write_table(every, path("types-v1"), **plain)
    pq.write_table(every, path("types-v2-plain"), data_page_version="2.0", use_dictionary=False, **plain)
    stamps = pa.table({"ts": pa.array(holes(n, lambda i: i * 100 - 2000), pa.timestamp("ns"))})
    pq.write_table(stamps, path("int96"), use_deprecated_int96_timestamps=True, **plain)
    n = 6000
    pages = pa.table({
        "run": pa.array([i // 2500 for i in range(n)], pa.int32()),
        "x": pa.array(holes(n, lambda i: i * 3), pa.int64()),
        "t": pa.array([f"row {i % 13}" for i in range(n)]),
        "d": pa.array([i / 2 for i in range(n)]),
    }, schema=pa.schema([pa.field("run", pa.int32(), False), pa.field("x", pa.int64()), pa.field("t", pa.string()), pa.field("d", pa.float64(), False)]))
    options = dict(data_page_size=4096, max_rows_per_page=1000, row_group_size=4000, use_dictionary=["run", "t"], write_page_index=True, write_page_checksum=True, store_schema=False)
    pq.write_table(pages, path("pages-zstd-crc"), compression="zstd", compression_level=9, **options)
    pq.write_table(pages.slice(0, 900), path("pages-none"), compression="none", data_page_version="2.0", **options)
    n = 300
    delta = pa.table({
        "i": pa.array(holes(n, lambda i: i * i), pa.int64()),
        "n": pa.array([-i * 5 for i in range(n)], pa.int32()),
        "len": pa.array(holes(n, lambda i: "x" * (i % 5))),
        "pre": pa.array(holes(n, lambda i: f"prefix {i:04}")),
        "split": pa.array(holes(n, lambda i: i / 16)),
        "rle": pa.array(holes(n, lambda i: i % 50 < 25)),
    })
    encodings = {"i": "DELTA_BINARY_PACKED", "n": "DELTA_BINARY_PACKED", "len": "DELTA_LENGTH_BYTE_ARRAY", "pre": "DELTA_BYTE_ARRAY", "split": "BYTE_STREAM_SPLIT", "rle": "RLE"}
    pq.write_table(delta, path("encodings"), use_dictionary=False, column_encoding=encodings, **plain)
    nested = pa.table({
        "before": pa.array([1, 2, 3], pa.int32()),
        "list": pa.array([[1], None, [2, 3]], pa.list_(pa.int32())),
        "struct": pa.array([{"x": 1, "y": "a"}] * 3),
        "half": pa.array([1.5] * 3, pa.float16()),
        "after": pa.array(["a", "b", "c"]),
    })
    pq.write_table(nested, path("nested"), **plain)
    n = 200  # what is odd here is in no column
    even = [2 * i for i in range(n)]
    bloom = pa.table({
        "i32": pa.array([k - 100 for k in even], pa.int32()),
        "i64": pa.array([k * 10**10 for k in even], pa.int64()),
        "f": pa.array([-0.0 if k == 0 else k / 4 for k in even], pa.float32()),
        "d": pa.array([-0.0 if k == 80 else k / 8 - 10 for k in even], pa.float64()),
        "dec9": pa.array([decimal.Decimal(k - 100).scaleb(-2) for k in even], pa.decimal128(9, 2)),
        "dec18": pa.array([decimal.Decimal(k) * 10**12 for k in even], pa.decimal128(18, 0)),
        "dec38": pa.array([decimal.Decimal(k - 100) * 10**30 for k in even], pa.decimal128(38, 0)),
        "day": pa.array([datetime.date(2025, 1, 14) + datetime.timedelta(k) for k in even], pa.date32()),
        "ts": pa.array([k * 1000 - 20 for k in even], pa.timestamp("us", "UTC")),
        "t": pa.array([f"value {k}" for k in even]),
        "bin": pa.array([bytes([k % 256, k // 256]) for k in even], pa.binary()),
        "id": pa.array([k.to_bytes(16, "big") for k in even], pa.uuid()),
    })
    pq.write_table(bloom, path("bloom"), compression="zstd", row_group_size=100, store_decimal_as_integer=True, store_schema=False,
                   bloom_filter_options={name: {"ndv": 100, "fpp": 0.01} for name in bloom.column_names})
    con = duckdb.connect()
    con.execute(f"""COPY (SELECT range::INTEGER AS i, CASE WHEN range % 7 = 3 THEN NULL ELSE 'row ' || range % 13 END AS t, range // 100 AS run
        FROM range(500)) TO '{path("duckdb-v2")}' (FORMAT parquet, PARQUET_VERSION v2, CODEC snappy)""")
    n = 500
    frame = pl.DataFrame({"i": list(range(n)), "t": holes(n, lambda i: f"row {i % 13}"), "d": [i / 4 for i in range(n)]})
    frame.write_parquet(path("polars"), compression="lz4")


def main():
    if sys.argv[1] == "--samples":
        return samples(sys.argv[2])
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    maker = Maker(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 5000, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    maker.pyarrow_files()
    maker.duckdb_files()
    maker.polars_files()
    print(len(os.listdir(folder)), "files")


if __name__ == "__main__":
    main()
