"""parts.py FOLDER - the table demo.parts: 10,000 data files of ten rows, one a day, in 100 manifests.

    parts.py nessie NAMESPACE    the same on the stack of test/stack: objects in MinIO, named by Nessie"""
import datetime
import json
import os
import sys
import urllib.request

import pyarrow as pa
import pyarrow.parquet as pq
from lake import catalog, object_storage, properties
from pyiceberg.catalog.memory import InMemoryCatalog

FILES, MANIFESTS = 10000, 100
schema = pa.schema([("day", pa.date32()), ("product_id", pa.int64()), ("amount", pa.float64())])


def add(table, folder, store=None):
    """The files go to folder, in store or on this machine."""
    scheme = "s3://" if store else "file://"
    for manifest in range(MANIFESTS):
        paths = []
        for i in range(manifest * FILES // MANIFESTS, (manifest + 1) * FILES // MANIFESTS):
            day = datetime.date(2000, 1, 1) + datetime.timedelta(days=i)
            rows = {"day": [day] * 10, "product_id": list(range(10)), "amount": [i + 0.25 * k for k in range(10)]}
            pq.write_table(pa.table(rows, schema=schema), f"{folder}/{i:05}.parquet", filesystem=store)
            paths.append(f"{scheme}{folder}/{i:05}.parquet")
        table.add_files(paths, check_duplicate_files=False)


def name_in_nessie(namespace, metadata, location):
    """One commit: the namespace, where it is missing, and the table, as Iceberg's own client writes them."""
    uri = os.environ["FIRN_NESSIE_URI"]

    def call(path, body=None):
        request = urllib.request.Request(f"{uri}/{path}", json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    content = {"type": "ICEBERG_TABLE", "metadataLocation": location, "snapshotId": metadata.current_snapshot_id,
               "schemaId": metadata.current_schema_id, "specId": metadata.default_spec_id, "sortOrderId": metadata.default_sort_order_id}
    operations = [{"type": "PUT", "key": {"elements": [namespace, "parts"]}, "content": content}]
    have = call("trees/main/contents", {"requestedKeys": [{"elements": [namespace]}]})["contents"]
    if not have:
        operations.insert(0, {"type": "PUT", "key": {"elements": [namespace]},
                              "content": {"type": "NAMESPACE", "elements": [namespace], "properties": {}}})
    at = call("trees/main")["reference"]["hash"]
    call(f"trees/main@{at}/history/commit", {"commitMeta": {"message": "parts"}, "operations": operations})


if sys.argv[1] == "nessie":
    namespace = sys.argv[2]
    folder = os.environ["FIRN_WAREHOUSE"].split("://")[1] + f"{namespace}/parts"
    lake = InMemoryCatalog("made", warehouse=f"s3://{folder}", **properties())
    lake.create_namespace(namespace)
    table = lake.create_table(f"{namespace}.parts", schema=schema, location=f"s3://{folder}")
    add(table, f"{folder}/data", object_storage())
    name_in_nessie(namespace, table.metadata, table.metadata_location)
else:
    folder = os.path.abspath(sys.argv[1])
    lake = catalog(folder)
    lake.create_namespace_if_not_exists("demo")
    os.makedirs(f"{folder}/parts")
    add(lake.create_table("demo.parts", schema=schema), f"{folder}/parts")
