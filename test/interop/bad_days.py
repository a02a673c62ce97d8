"""bad_days.py FIRN RUNS [SEED] - the seed job on Nessie and MinIO, with a proxy that has bad days before each of them.

Each run replaces both tables by those of another seed. Most faults are shorter than the bound of the retries: such a
run must end well, in the new state. The others must end in an error and leave the old state; where the outcome is said
to be unknown (exit 6), either. After every tenth run comes one without faults; then no object may be left in the
warehouse that no commit of the branch's history names, by this test's own listing."""
import os, random, sys, time, urllib.parse, warnings

warnings.filterwarnings("ignore")
import pyarrow.fs
from pyiceberg.table import StaticTable
from nessie_api import URI, Branch, call
from proxy import Fault, Proxy
import oracle

firn, runs = sys.argv[1], int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
here = os.path.dirname(os.path.abspath(__file__))
script = f"{here}/../../examples/batch_aggregation.sql"
endpoint, region = os.environ["FIRN_S3_ENDPOINT"], os.environ["AWS_REGION"]
s3 = {"s3.endpoint": endpoint, "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
      "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"], "s3.region": region}
store = pyarrow.fs.S3FileSystem(endpoint_override=endpoint, access_key=s3["s3.access-key-id"],
                                secret_key=s3["s3.secret-access-key"], region=region)
COMMIT = "history/commit"
COMMITTED = "Dashboards can now query"  # what the script says behind its COMMIT


def short_fault(chance):
    """(server, faults, words): firn gets over them."""
    server = chance.choice(("s3", "nessie"))
    kind = chance.choice(("reset", "throttle", "limit", "broken", "gateway", "slow", "cut", "lost"))
    at = COMMIT if server == "nessie" and kind in ("reset", "throttle", "lost", "slow", "cut", "gateway") \
        and chance.random() < 0.5 else ""
    method = chance.choice(("", "GET", "PUT", "POST")) if server == "s3" else ""
    fault = Fault(kind, at, method, count=chance.randint(1, 2), skip=0 if at else chance.randint(0, 8),
                  seconds=chance.choice((0.05, 0.3)))
    return server, [fault], f"{kind} {fault.count}x at {server} {at or method}, after {fault.skip}"


def long_fault(chance):
    """One that does not pass while the run lasts."""
    server, kind, at = chance.choice((("nessie", "reset", COMMIT), ("nessie", "throttle", ""), ("nessie", "late", COMMIT),
                                      ("nessie", "html", ""), ("s3", "html", "metadata.json"), ("nessie", "lost", COMMIT)))
    fault = Fault(kind, at, count=1 << 30, skip=0 if at == COMMIT else chance.randint(0, 8), seconds=chance.choice((0.5, 3)))
    return server, [fault], f"{kind} for good at {server} {at}, after {fault.skip}"


def expected(n):
    return [(str(product), total) for product, total in oracle.totals(oracle.sample(seed=n)).items()]


class Lake(Branch):
    def __init__(self, firn, servers):
        super().__init__(firn)
        self.prefix = f"openlakes/{self.name}"
        common = {k: v for k, v in s3.items() if k != "s3.endpoint"} | {"warehouse": f"s3a://{self.prefix}"}
        self.configure("direct.yaml", **common, **{"s3.endpoint": endpoint})
        ports = {k: p.port for k, p in servers.items()}
        uri = urllib.parse.urlsplit(URI)._replace(netloc=f"127.0.0.1:{ports['nessie']}").geturl()
        self.configure("bad.yaml", uri=uri, **common, **{"s3.endpoint": f"http://127.0.0.1:{ports['s3']}"})
        self.seen, self.named = set(), set()

    def job(self, config, n, busy):
        return self.run("run", "-q", "--config", config, script, "-v", f"seed={n}", code=None, FIRN_BUSY=str(busy),
                        FIRN_ABANDONED_AFTER="1")

    def state(self, candidates):
        """The seed of `candidates` whose tables both stand; 0 for none."""
        if not self.content("demo", "sales_transactions_raw"):
            assert not self.content("demo", "sales_daily_summary"), "the summary stands alone"
            return 0
        totals = "SELECT product_id, sum({}) AS s FROM demo.{} GROUP BY 1 ORDER BY 1"
        read = []
        for c, t in (("amount", "sales_transactions_raw"), ("total_revenue", "sales_daily_summary")):
            out = self.run("run", "-q", "--format", "csv", "--config", "direct.yaml", "-c", totals.format(c, t)).stdout
            read.append([(line.split(",")[0], float(line.split(",")[1])) for line in out.split()[1:]])
        assert read[0] == read[1], f"raw and summary differ: {read}"
        found = [n for n in candidates if n and expected(n) == read[0]]
        assert found, f"neither the old nor the new state: {read[0]}"
        return found[0]

    def unreachable(self):
        """Objects below the warehouse that no commit names: each commit's metadata, its log, snapshots, manifests."""
        token = ""
        while token is not None:
            page = call("GET", f"{self.path()}/history?fetch=ALL&max-records=200" + (f"&page-token={urllib.parse.quote(token)}" if token else ""))
            for e in page["logEntries"]:
                for o in e["operations"] or ():
                    if o["type"] == "PUT" and o["content"]["type"] == "ICEBERG_TABLE":
                        self.add(o["content"]["metadataLocation"])
            token = page["token"] if page["hasMore"] else None
        have = store.get_file_info(pyarrow.fs.FileSelector(self.prefix, recursive=True, allow_not_found=True))
        return [f.path for f in have if f.is_file and f.path not in self.named]

    def add(self, location):
        if location in self.seen:
            return
        self.seen.add(location)
        t = StaticTable.from_metadata(location, properties=s3)
        found = {location} | {e.metadata_file for e in t.metadata.metadata_log}
        for snapshot in t.metadata.snapshots:
            if snapshot.manifest_list in self.seen:
                continue
            self.seen.add(snapshot.manifest_list)
            found.add(snapshot.manifest_list)
            for m in snapshot.manifests(t.io):
                found |= {m.manifest_path} | {e.data_file.file_path for e in m.fetch_manifest_entry(t.io, False)}
        self.named |= {f.split("://", 1)[1] for f in found}


def one_run(lake, servers, chance, n, old, counts):
    is_short = chance.random() < 0.93
    server, faults, words = (short_fault if is_short else long_fault)(chance)
    servers[server].faults = faults
    p = lake.job("bad.yaml", n, 20000 if is_short else 1500)
    for s in servers.values():
        s.faults = []
        s.settle()
    where = f"run {n}, {words}: exit {p.returncode}\n{p.stderr}"
    try:
        now = lake.state((old, n))
        if p.returncode == 0:
            assert now == n, f"exit 0, but the state is that of {now}"
        else:
            assert not is_short, "a passing fault was not got over"
            assert p.stderr.strip(), "no message"
            published = COMMITTED in p.stdout  # the queries behind the publish may fail too
            assert now == n if published else now == old or p.returncode == 6, f"it left the state of {now}"
    except AssertionError as e:
        raise AssertionError(f"{e}\n{where}") from e
    counts["passing" if is_short else "lasting"] += 1
    counts[f"exit {p.returncode}"] = counts.get(f"exit {p.returncode}", 0) + 1
    return now


def main():
    print(f"seed {seed}", flush=True)
    chance, started, counts = random.Random(seed), time.monotonic(), {"passing": 0, "lasting": 0}
    hosts = {"s3": urllib.parse.urlsplit(endpoint), "nessie": urllib.parse.urlsplit(URI)}
    with Proxy(hosts["s3"].hostname, hosts["s3"].port) as a, Proxy(hosts["nessie"].hostname, hosts["nessie"].port) as b:
        servers = {"s3": a, "nessie": b}
        with Lake(firn, servers) as lake:
            old = 0
            for n in range(1, runs + 1):
                old = one_run(lake, servers, chance, n, old, counts)
                if n % 10 == 0 or n == runs:
                    p = lake.job("bad.yaml", n + 1000000, 20000)
                    assert p.returncode == 0, p.stderr
                    old = lake.state((n + 1000000,))
                    left = lake.unreachable()
                    assert not left, f"after run {n} no commit names {left}"
                    print(f"{n} runs, {counts}, {a.hits + b.hits} faults in {a.requests + b.requests} requests, nothing left "
                          f"behind of {len(lake.named)} files, {time.monotonic() - started:.0f} s", flush=True)


main()
