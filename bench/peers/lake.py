"""lake.py - what the peers share: where tables are, in a folder or on the stack, and printing."""
import json
import os
import sys
import urllib.request

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable


def catalog(folder):
    folder = os.path.abspath(folder)
    return SqlCatalog("lakehouse", uri=f"sqlite:///{folder}/firn.db", warehouse=f"file://{folder}/warehouse")


def properties():
    """The stack's MinIO, as PyIceberg has it."""
    return {"s3.endpoint": os.environ["FIRN_S3_ENDPOINT"], "s3.region": os.environ["AWS_REGION"],
            "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"]}


def object_storage():
    """And as pyarrow has it."""
    import pyarrow.fs
    p = properties()
    return pyarrow.fs.S3FileSystem(endpoint_override=p["s3.endpoint"], region=p["s3.region"], access_key=p["s3.access-key-id"],
                                   secret_key=p["s3.secret-access-key"])


def in_nessie(name):
    """The table that the stack's Nessie names. PyIceberg does not speak to it: one request says where the metadata is."""
    body = json.dumps({"requestedKeys": [{"elements": name.split(".")}]}).encode()
    request = urllib.request.Request(f"{os.environ['FIRN_NESSIE_URI']}/trees/main/contents", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return StaticTable.from_metadata(json.load(reply)["contents"][0]["content"]["metadataLocation"], properties())


def files(table, *row_filter):
    return [task.file.file_path.removeprefix("file://") for task in table.scan(*row_filter).plan_files()]


def show(rows):
    for row in rows:
        sys.stdout.write(",".join("" if v is None else str(v) for v in row) + "\n")
