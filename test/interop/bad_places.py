"""bad_places.py - catalogs that are reached past proxies (direct.yaml) or through them (bad.yaml), and what stands there by a test's own look.

Each holds the seed job's two tables, whose rows are those of a seed of the sample."""
import os, re, time, urllib.parse, warnings

warnings.filterwarnings("ignore")
import pyarrow.fs
from pyiceberg.table import StaticTable
from nessie_api import URI, Branch, call
from proxy import Fault
from rest_lake import S3, RestLake
import oracle

here = os.path.dirname(os.path.abspath(__file__))
script = f"{here}/../../examples/batch_aggregation.sql"
endpoint, rest_uri = os.environ["FIRN_S3_ENDPOINT"], os.environ["FIRN_REST_URI"]
store = pyarrow.fs.S3FileSystem(endpoint_override=endpoint, access_key=S3["s3.access-key-id"],
                                secret_key=S3["s3.secret-access-key"], region=S3["s3.region"])
RAW, SUMMARY = "sales_transactions_raw", "sales_daily_summary"


class Place:
    """What both kinds of catalog share. `state` is the seed of the rows of each table, 0 where there is none."""

    def prepare(self):
        self.state, self.named, self.seen, self.process = (0, 0), set(), set(), None
        self.script("job.sql", f"SET firn.publish = 'ordered';\n\\i {script}\n")

    def job(self, config, n, busy=20000, **env):
        self.process = self.start("run", "-q", "--config", config, "job.sql", "-v", f"database_name={self.space}", "-v", f"seed={n}",
                                  FIRN_BUSY=str(busy), FIRN_ABANDONED_AFTER="1", **env)
        out, err = self.process.communicate(timeout=300)
        return self.process.returncode, out, err

    def kill(self):
        while not self.process or self.process.poll() is not None:
            time.sleep(0.001)
        self.process.kill()

    def look(self, candidates):
        """Which candidate's rows each table holds, read past the proxies."""
        known = {tuple((str(p), total) for p, total in oracle.totals(oracle.sample(seed=n)).items()): n for n in candidates if n}
        found = []
        for column, table in (("amount", RAW), ("total_revenue", SUMMARY)):
            p = self.run("run", "-q", "--format", "csv", "--config", "direct.yaml", "-c",
                         f"SELECT product_id, sum({column}) AS s FROM {self.space}.{table} GROUP BY 1 ORDER BY 1", code=None)
            if "42P01" in p.stderr or "3F000" in p.stderr:
                found.append(0)
                continue
            assert p.returncode == 0, p.stderr
            rows = tuple((line.split(",")[0], float(line.split(",")[1])) for line in p.stdout.split()[1:])
            assert rows in known, f"{table} is neither in the old nor the new state: {rows}"
            found.append(known[rows])
        return tuple(found)

    def one_by_one(self, state):
        """Whether a job on this state publishes one table after the other."""
        return self.server != "nessie" and ("one table" in self.server or 0 in state)

    def changed(self, name, properties):
        """A configuration like direct.yaml, apart from these properties of the catalog."""
        with open(f"{self.folder}/direct.yaml") as f:
            lines = [line for line in f if line.split(":")[0].strip() not in properties]
        at = next(i for i, line in enumerate(lines) if line.startswith("    type:")) + 1
        return self.script(name, "".join(lines[:at] + [f"    {k}: '{v}'\n" for k, v in properties.items() if v is not None] + lines[at:]))

    def drop(self):
        for kind, table in (("MATERIALIZED VIEW", SUMMARY), ("TABLE", RAW)):
            self.run("run", "-q", "--config", "direct.yaml", "-c", f"DROP {kind} {self.space}.{table}")
        self.state = (0, 0)

    def left_behind(self):
        for location in self.locations():
            self.add(location)
        have = store.get_file_info(pyarrow.fs.FileSelector(self.prefix, recursive=True, allow_not_found=True))
        return [f.path for f in have if f.is_file and f.path not in self.named]

    def add(self, location):
        """What a metadata file names: its log, its snapshots, their manifests and files."""
        if location in self.seen:
            return
        self.seen.add(location)
        t = StaticTable.from_metadata(location, properties=S3)
        found = {location} | {e.metadata_file for e in t.metadata.metadata_log}
        for snapshot in t.metadata.snapshots:
            if snapshot.manifest_list in self.seen:
                continue
            self.seen.add(snapshot.manifest_list)
            found.add(snapshot.manifest_list)
            for m in snapshot.manifests(t.io):
                found |= {m.manifest_path} | {e.data_file.file_path for e in m.fetch_manifest_entry(t.io, False)}
        self.named |= {f.split("://", 1)[1] for f in found}


class NessiePlace(Place, Branch):
    server, space = "nessie", "demo"
    commit = Fault("", "history/commit", "POST")

    def __init__(self, firn, ports):
        super().__init__(firn)
        self.prefix = f"openlakes/{self.name}"
        common = {k: v for k, v in S3.items() if k != "s3.endpoint"} | {"warehouse": f"s3a://{self.prefix}"}
        self.configure("direct.yaml", **common, **{"s3.endpoint": endpoint})
        self.configure("bad.yaml", uri=behind(URI, ports["nessie"]), **common, **{"s3.endpoint": behind(endpoint, ports["s3"])})
        self.prepare()

    def locations(self):
        token = ""
        while token is not None:
            page = call("GET", f"{self.path()}/history?fetch=ALL&max-records=200" + (f"&page-token={urllib.parse.quote(token)}" if token else ""))
            for e in page["logEntries"]:
                for o in e["operations"] or ():
                    if o["type"] == "PUT" and o["content"]["type"] == "ICEBERG_TABLE":
                        yield o["content"]["metadataLocation"]
            token = page["token"] if page["hasMore"] else None


class RestPlace(Place, RestLake):
    commit = Fault("", "transactions/commit$|/tables/[^/?]+$", "POST")

    def __init__(self, firn, ports, server):
        super().__init__(firn, rest_uri)
        self.server, self.prefix = server, f"openlakes/rest/{self.space}"
        os.rename(f"{self.folder}/firn.yaml", f"{self.folder}/direct.yaml")
        with open(f"{self.folder}/direct.yaml") as f:
            text = f.read().replace(rest_uri, behind(rest_uri, ports[server])).replace(endpoint, behind(endpoint, ports["s3"]))
        self.script("bad.yaml", text)
        self.prepare()

    def drop(self):
        c = self.catalog()
        for name in c.list_tables(self.space):
            c.drop_table(name)
        self.state = (0, 0)

    def locations(self):
        c = self.catalog()
        for name in c.list_tables(self.space):  # the summary's companion among them
            yield c.load_table(name).metadata_location


def behind(uri, port):
    return urllib.parse.urlsplit(uri)._replace(netloc=f"127.0.0.1:{port}").geturl()


def one_table_a_commit(path, body):
    """The REST server's list of what it can do, without the commit of several tables."""
    return re.sub(rb',"POST /v1/\{prefix\}/transactions/commit"', b"", body) if path.endswith("/v1/config") else body
