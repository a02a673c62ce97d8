# SPDX-License-Identifier: Apache-2.0
"""refresh_places.py - the catalogs on which firn, Spark and PyIceberg change the same tables.

A place is a Lakehouse (firn in its folder) that also knows what Spark calls for and opens the catalog for PyIceberg:
SQLite in a folder, or a Nessie branch of its own with its files on MinIO. PyIceberg has no Nessie catalog, so NessieTables
is one, of load and commit: one state is read, and the commit names it."""
import uuid

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, Table

import spark_session
from lakehouse import Lakehouse

CATALOG = "lakehouse"


class Sqlite(Lakehouse):
    expires = True
    anew = True  # a JdbcCatalog reads the state of its first use for as long as it lives

    def for_spark(self):
        return {CATALOG: spark_session.sqlite(self.folder)}

    def listing(self):
        """Every file of the warehouse, by its full name."""
        return [f"file://{self.folder}/{f}" for f in self.files() if f.startswith("warehouse/")]


def nessie(firn, **env):
    """Only where its servers run is there anything to import."""
    from nessie_api import Branch, call
    from rest_lake import S3

    class NessieTables(MetastoreCatalog):
        def __init__(self, branch):
            super().__init__(CATALOG, **S3)
            self.branch, self.bases = branch, {}

        def load_table(self, identifier):
            key = self.identifier_to_tuple(identifier)
            found = call("POST", f"{self.branch.path()}/contents", {"requestedKeys": [{"elements": list(key)}]})
            content = found["contents"][0]["content"]
            location = content["metadataLocation"]
            self.bases[location] = found["effectiveReference"]["hash"], content
            io = self._load_file_io(location=location)
            return Table(key, FromInputFile.table_metadata(io.new_input(location)), location, io, self)

        def commit_table(self, table, requirements, updates):
            current = self.load_table(table.name())
            base, content = self.bases[current.metadata_location]
            staged = self._update_and_stage_table(current, table.name(), requirements, updates)
            self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
            new, snapshot = staged.metadata, staged.metadata.current_snapshot_id
            put = {"type": "PUT", "key": {"elements": list(table.name())}, "content": dict(
                content, metadataLocation=staged.metadata_location, snapshotId=-1 if snapshot is None else snapshot,
                schemaId=new.current_schema_id, specId=new.default_spec_id, sortOrderId=new.default_sort_order_id)}
            try:
                call("POST", f"{self.branch.path(base)}/history/commit", {"commitMeta": {"message": "PyIceberg"}, "operations": [put]})
            except AssertionError as e:
                raise CommitFailedException(str(e)) from e
            return CommitTableResponse(metadata=new, metadata_location=staged.metadata_location)

    NessieTables.__abstractmethods__ = frozenset()  # the rest is not asked for

    class Nessie(Branch):
        expires = False  # gc.enabled is false there
        anew = False

        def __init__(self):
            super().__init__(firn, **env)
            self.prefix = f"openlakes/{uuid.uuid4().hex}"
            self.configure(warehouse=f"s3a://{self.prefix}/", **S3)

        def for_spark(self):
            return {CATALOG: spark_session.nessie(self.name)}

        def catalog(self):
            return NessieTables(self)

        def listing(self):
            import pyarrow.fs
            store = pyarrow.fs.S3FileSystem(endpoint_override=S3["s3.endpoint"], region=S3["s3.region"],
                                            access_key=S3["s3.access-key-id"], secret_key=S3["s3.secret-access-key"])
            have = store.get_file_info(pyarrow.fs.FileSelector(self.prefix, recursive=True, allow_not_found=True))
            return [f"s3a://{f.path}" for f in have if f.is_file]

    return Nessie()


def place(kind, firn, **env):
    return {"sqlite": Sqlite, "nessie": nessie}[kind](firn, **env)
