"""rest_lake.py - a schema of its own behind an Iceberg REST server over MinIO: firn in a folder, PyIceberg beside it."""
import os, tempfile, uuid, warnings

from lakehouse import Lakehouse

warnings.filterwarnings("ignore")
S3 = {"s3.endpoint": os.environ["FIRN_S3_ENDPOINT"], "s3.path-style-access": "true", "s3.region": "us-east-1",
      "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"]}


class RestLake(Lakehouse):
    """In SQL and names "~" is the schema."""

    def __init__(self, firn, uri):
        self._work = tempfile.TemporaryDirectory(prefix="firn-test-")
        self.firn, self.folder, self.env = os.path.abspath(firn), self._work.name, dict(os.environ)
        self.uri, self.space = uri, "s" + uuid.uuid4().hex[:12]
        self.configure(uri)
        self.sql(f"CREATE SCHEMA {self.space}")

    def configure(self, uri, name="firn.yaml", store=S3["s3.endpoint"]):
        self.script(name, f"catalog:\n  lake:\n    type: rest\n    uri: {uri}\n" +
                    "".join(f"    {k}: \"{v}\"\n" for k, v in dict(S3, **{"s3.endpoint": store}).items()) + "default-catalog: lake\n")

    def catalog(self):
        from pyiceberg.catalog import load_catalog
        return load_catalog("lake", type="rest", uri=self.uri, **S3)

    def table(self, name):
        return self.catalog().load_table(f"{self.space}.{name}")

    def rows(self, name):
        return sorted(tuple(r.values()) for r in self.table(name).scan().to_arrow().to_pylist())

    def read(self, sql):
        out = self.do(sql).stdout.strip().split("\n")
        return [tuple(line.split(",")) for line in out[1:]]

    def do(self, sql, code=0):
        return self.sql(sql.replace("~", self.space), code=code)
