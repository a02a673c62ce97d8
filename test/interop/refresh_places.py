# SPDX-License-Identifier: Apache-2.0
"""refresh_places.py - the catalogs on which firn, Spark and PyIceberg change the same tables.

A place is a Lakehouse (firn in its folder) that also knows what Spark calls for and opens the catalog for PyIceberg: SQLite in a
folder, or with files on MinIO a Nessie branch of its own or schemas of its own behind a REST server. PyIceberg has no Nessie catalog, so
NessieTables is one, of load and commit: one state is read, and the commit names it. Reachable(place).missing() are the files of its
warehouse that no table names (on Nessie: that no commit of the branch named)."""
import os
import urllib.parse
import uuid

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, StaticTable, Table

import spark_session
from lakehouse import Lakehouse

CATALOG = "lakehouse"


class Sqlite(Lakehouse):
    prefix = ""  # of the names of its schemas
    expires = True
    anew = True  # a JdbcCatalog reads the state of its first use for as long as it lives

    def for_spark(self):
        return {CATALOG: spark_session.sqlite(self.folder)}

    def tables(self):
        """All of them, as the catalog has them now."""
        catalog = self.catalog()
        try:
            return [catalog.load_table(t) for space in catalog.list_namespaces() for t in catalog.list_tables(space)]
        finally:
            catalog.engine.dispose()

    def listing(self):
        """Every file of the warehouse, by its full name."""
        return [f"file://{self.folder}/{f}" for f in self.files() if f.startswith("warehouse/")]


class Reachable:
    """The files that tables name. What a snapshot names does not change, so it is read once."""

    def __init__(self, where):
        self.where, self.known, self.published = where, {}, {}

    def of_snapshot(self, snapshot, io):
        if snapshot.manifest_list not in self.known:
            names = {snapshot.manifest_list}
            for m in snapshot.manifests(io):
                names |= {m.manifest_path} | {e.data_file.file_path for e in m.fetch_manifest_entry(io, False)}
            self.known[snapshot.manifest_list] = names
        return self.known[snapshot.manifest_list]

    def of(self, location, metadata, io):
        names = {location} | {e.metadata_file for e in metadata.metadata_log}
        return names.union(*(self.of_snapshot(s, io) for s in metadata.snapshots))

    def names(self):
        if hasattr(self.where, "ever_published"):  # files that a commit once named stay
            for location in self.where.ever_published():
                if location not in self.published:
                    t = StaticTable.from_metadata(location, self.where.catalog().properties)
                    self.published[location] = self.of(location, t.metadata, t.io)
            return set().union(*self.published.values())
        found = set()
        for t in self.where.tables():
            found |= self.of(t.metadata_location, t.metadata, t.io)
        return found

    def missing(self):
        def without_scheme(names):
            return {n.split("://", 1)[1] for n in names}
        return sorted(without_scheme(self.where.listing()) - without_scheme(self.names()))


def bucket(folder):
    """Objects on MinIO below a folder."""
    import pyarrow.fs
    from rest_lake import S3
    store = pyarrow.fs.S3FileSystem(endpoint_override=S3["s3.endpoint"], region=S3["s3.region"],
                                    access_key=S3["s3.access-key-id"], secret_key=S3["s3.secret-access-key"])
    have = store.get_file_info(pyarrow.fs.FileSelector(folder, recursive=True, allow_not_found=True))
    return [f"s3://{f.path}" for f in have if f.is_file]


def nessie(firn, **env):
    """Only where its servers run is there anything to import."""
    from nessie_api import URI, Branch, call
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
        prefix = ""
        commits = "history/commit"  # the requests that publish
        expires = False  # gc.enabled is false there
        anew = False

        def __init__(self):
            super().__init__(firn, **env)
            self.bucket = f"openlakes/{uuid.uuid4().hex}"
            self.through({"catalog": URI, "store": S3["s3.endpoint"]}, "firn.yaml")

        def servers(self):
            return {"catalog": URI, "store": S3["s3.endpoint"]}

        def through(self, uris, name="through.yaml"):
            """A configuration with these servers."""
            return self.configure(name, uris["catalog"], warehouse=f"s3a://{self.bucket}/", **dict(S3, **{"s3.endpoint": uris["store"]}))

        def for_spark(self):
            return {CATALOG: spark_session.nessie(self.name)}

        def catalog(self):
            return NessieTables(self)

        def ever_published(self):
            """Metadata files that commits of the branch have named."""
            token, found = "", []
            while token is not None:
                page = call("GET", f"{self.path()}/history?fetch=ALL&max-records=500" + (f"&page-token={urllib.parse.quote(token)}" if token else ""))
                found += [o["content"]["metadataLocation"] for e in page["logEntries"] for o in e["operations"] or ()
                          if o["type"] == "PUT" and o["content"]["type"] == "ICEBERG_TABLE"]
                token = page["token"] if page["hasMore"] else None
            return found

        def listing(self):
            return bucket(self.bucket)

    return Nessie()


def rest(firn, uri="FIRN_REST_URI", folder="openlakes/rest"):
    from rest_lake import S3, RestLake

    class Rest(RestLake):
        commits = "transactions/commit|/tables/"
        expires = True
        anew = False

        def __init__(self):
            super().__init__(firn, os.environ[uri])
            self.prefix = self.space + "_"

        def servers(self):
            return {"catalog": self.uri, "store": S3["s3.endpoint"]}

        def through(self, uris):
            self.configure(uris["catalog"], "through.yaml", uris["store"])
            return "through.yaml"

        def for_spark(self):
            return {CATALOG: spark_session.rest()}

        def spaces(self):
            return [space for space in self.catalog().list_namespaces() if space[0].startswith(self.prefix)]

        def tables(self):
            catalog = self.catalog()
            return [catalog.load_table(t) for space in self.spaces() for t in catalog.list_tables(space)]

        def listing(self):
            """The server's warehouse has a folder for each schema."""
            return [f for space in self.spaces() for f in bucket(f"{folder}/{space[0]}")]

    return Rest()


def rest_of_nessie(firn):
    """Nessie's own REST server: several tables in one commit, but of each table it keeps the newest snapshot only."""
    return rest(firn, "FIRN_NREST_URI", "openlakes/nrest")


def place(kind, firn, **env):
    return {"sqlite": Sqlite, "nessie": nessie, "rest": rest, "nrest": rest_of_nessie}[kind](firn, **env)
