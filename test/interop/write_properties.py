# SPDX-License-Identifier: Apache-2.0
"""write_properties.py FIRN - what a table's write.* properties ask for is what firn's files have.

Tables are made by PyIceberg with the properties; firn inserts; pyarrow reads the files' metadata, PyIceberg the manifests'
metrics, and its own location provider says where files belong."""
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.locations import load_location_provider
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DoubleType, IntegerType, LongType, NestedField, StringType
from lakehouse import Lakehouse
from parquet_judge import Thrift

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("x", pa.float64()), ("day", pa.int32())])
FIELDS = Schema(NestedField(1, "id", LongType()), NestedField(2, "name", StringType()), NestedField(3, "x", DoubleType()),
                NestedField(4, "day", IntegerType()))  # fmt: skip
ROWS = 60000
INSERT = "INSERT INTO w.%s SELECT * FROM read_parquet('source.parquet')"
count = 0


def table(lake, catalog, properties, spec=None):
    global count
    count += 1
    name = f"t{count}"
    catalog.create_table(f"w.{name}", FIELDS, properties=properties, **({"partition_spec": spec} if spec else {}))
    return name


def written(lake, catalog, properties, spec=None):
    name = table(lake, catalog, properties, spec)
    said = lake.run("run", "-c", INSERT % name).stderr
    t = catalog.load_table(f"w.{name}")
    assert t.scan().to_arrow().num_rows == ROWS
    return t, t.inspect.files().to_pylist(), said


def pages(file):
    """Pages of the first column, its dictionary among them, counted in the file's bytes."""
    chunk = footers([file])[0].row_group(0).column(0)
    with open(file["file_path"].removeprefix("file://"), "rb") as f:
        data = f.read()
    at = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    end, found = at + chunk.total_compressed_size, 0
    while at < end:
        header = Thrift(data, at)
        at, found = header.value(12)[3] + header.at, found + 1
    return found


def footers(files):
    return [pq.ParquetFile(f["file_path"].removeprefix("file://")).metadata for f in files]


def sizes(lake, catalog):
    for codec, level in (("zstd", "19"), ("zstd", "1"), ("gzip", "9"), ("snappy", None), ("uncompressed", None)):
        properties = {"write.parquet.compression-codec": codec}
        if level:
            properties["write.parquet.compression-level"] = level
        _, files, _ = written(lake, catalog, properties)
        chunk = footers(files)[0].row_group(0).column(1)
        assert chunk.compression == codec.upper(), chunk.compression
        yield f"{codec} {level or ''}", chunk.total_compressed_size
    _, files, _ = written(lake, catalog, {"write.parquet.row-group-size-bytes": "300000", "write.parquet.dict-size-bytes": "0",
                                          "write.parquet.page-row-limit": "1000"})  # fmt: skip
    (meta,) = footers(files)
    assert meta.num_row_groups > 5 and not meta.row_group(0).column(3).has_dictionary_page
    (_, files, _) = written(lake, catalog, {"write.target-file-size-bytes": "400000"})
    assert len(files) > 3 and max(f["file_size_in_bytes"] for f in files) < 1000000
    for properties, least, most in (({}, 3, 5), ({"write.parquet.page-size-bytes": "10000"}, 40, 70), ({"write.parquet.page-row-limit": "500"}, 120, 125)):
        _, files, _ = written(lake, catalog, properties)
        assert least <= pages(files[0]) <= most, (properties, pages(files[0]))


def metrics(lake, catalog):
    def of(properties):
        t, files, _ = written(lake, catalog, properties)
        ids = {f.name: f.field_id for f in t.schema().fields}
        return {n: (dict(files[0]["value_counts"] or []).get(i), dict(files[0]["lower_bounds"] or []).get(i), dict(files[0]["upper_bounds"] or []).get(i)) for n, i in ids.items()}

    usual = of({})
    assert usual["name"][:2] == (ROWS, b"name number 0") and len(usual["name"][2]) == 16 and usual["id"][1] == bytes(8), usual
    assert all(v == (None, None, None) for v in of({"write.metadata.metrics.default": "none"}).values())
    assert all(v == (ROWS, None, None) for v in of({"write.metadata.metrics.default": "counts"}).values())
    some = of({"write.metadata.metrics.default": "counts", "write.metadata.metrics.column.name": "truncate(4)", "write.metadata.metrics.column.x": "full"})
    assert some["name"] == (ROWS, b"name", b"namf") and some["id"][1] is None and some["x"][1] is not None, some
    few = of({"write.metadata.metrics.max-inferred-column-defaults": "1"})
    assert few["id"][1] is not None and few["name"] == (None, None, None)
    print("metrics: none, counts, truncate, full, by column, inferred")


def layouts(lake, catalog):
    spec = PartitionSpec(PartitionField(source_id=4, field_id=1000, transform=IdentityTransform(), name="day"))
    away = f"file://{lake.folder}/elsewhere/"
    for properties in ({}, {"write.data.path": away}, {"write.object-storage.enabled": "true"},
                       {"write.object-storage.enabled": "true", "write.object-storage.partitioned-paths": "false"},
                       {"write.object-storage.enabled": "true", "write.data.path": away}):  # fmt: skip
        for by in (None, spec):
            t, files, _ = written(lake, catalog, properties, by)
            provider = load_location_provider(t.location(), t.properties)
            assert len(files) == (2 if by else 1)
            for f in files:
                path = f["file_path"]
                name = os.path.basename(path)
                plain = "-".join(name.split("-")[1:]) if properties.get("write.object-storage.partitioned-paths") else name
                tail = f"day={f['partition']['day']}/{plain}" if by and not properties.get("write.object-storage.partitioned-paths") else plain
                want = provider.new_data_location(tail)
                if "write.data.path" in properties and "write.object-storage.enabled" in properties:
                    # Java puts database and table between the hash and the name where the folder is not the table's
                    want = want.replace(tail, "/".join(t.location().split("/")[-2:]) + "/" + tail)
                assert path == want, (path, want)
    print("layouts: 10 places as PyIceberg and Java choose them")


def refused(lake, catalog):
    for key, value, words in (("write.parquet.page-size-bytes", "12k", "not a number from 1 to 1073741824"),
                              ("write.parquet.compression-level", "40", "not a number from 1 to 22"),
                              ("write.parquet.compression-codec", "lzo", "is not written; use zstd"),
                              ("write.target-file-size-bytes", "0", "not a number from 1 to"),
                              ("write.format.default", "orc", "firn writes Parquet only"),
                              ("write.metadata.metrics.default", "truncate(x)", "not none, counts, truncate(length) or full"),
                              ("write.metadata.metrics.column.name", "some", "write.metadata.metrics.column.name"),
                              ("write.object-storage.enabled", "yes", "not true or false")):  # fmt: skip
        name = table(lake, catalog, {key: value})
        said = lake.run("run", "-q", "-c", INSERT % name, code=1).stderr
        assert words in said and key in said, said
        assert catalog.load_table(f"w.{name}").current_snapshot() is None
    _, _, said = written(lake, catalog, {"write.parquet.bloom-filter-enabled.column.id": "true", "write.parquet.bloom-filter-enabled.column.x": "false"})
    assert "write.parquet.bloom-filter-enabled.column.id: bloom filters are not written" in said and "column.x" not in said, said
    print("refused: 8 values by name; bloom filters named as not written")


with Lakehouse(sys.argv[1]) as lake:
    lake.sql("CREATE SCHEMA w")
    catalog = lake.catalog()
    source = pa.table([list(range(ROWS)), [f"name number {i * 7919}" for i in range(ROWS)], [i / 7 for i in range(ROWS)],
                       [i // 30000 for i in range(ROWS)]], schema=SCHEMA)  # fmt: skip
    pq.write_table(source, f"{lake.folder}/source.parquet")
    print("sizes:", dict(sizes(lake, catalog)))
    metrics(lake, catalog)
    layouts(lake, catalog)
    refused(lake, catalog)
    catalog.engine.dispose()
