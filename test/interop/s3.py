"""s3.py FIRN - tables and files on a real MinIO, written and read by firn, PyIceberg and pyarrow by turns.

FIRN_S3_ENDPOINT and the AWS_ keys name the server (test/stack). Everything goes below one prefix of its own.
"""
import json, os, re, subprocess, sys, tempfile, uuid
import pyarrow as pa
import pyarrow.csv, pyarrow.fs, pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog
from minio_keys import session_keys

firn = sys.argv[1]
endpoint, region = os.environ["FIRN_S3_ENDPOINT"], os.environ["AWS_REGION"]
key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
bucket = "openlakes"
prefix = f"{bucket}/s3-test-{uuid.uuid4().hex[:8]}"
work = tempfile.mkdtemp(prefix="firn-s3-")
bare = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {"HOME": work}
store = pyarrow.fs.S3FileSystem(endpoint_override=endpoint, access_key=key, secret_key=secret, region=region)
checks = 0


def check(what, good):
    global checks
    checks += 1
    if not good:
        sys.exit(f"FAILED: {what}")


def configure(folder, **properties):
    os.makedirs(folder, exist_ok=True)
    given = {"s3.endpoint": endpoint, "s3.access-key-id": key, "s3.secret-access-key": secret} | properties
    lines = [f"    {k}: '{v}'" for k, v in given.items() if v is not None]
    with open(f"{folder}/firn.yaml", "w") as f:
        f.write("catalog:\n  lakehouse:\n    type: sql\n    uri: sqlite:///" + work + "/lake/firn.db\n"
                f"    warehouse: s3a://{prefix}/lake\n" + "\n".join(lines) + "\ndefault-catalog: lakehouse\n")
    return folder


def run(*sql, folder=None, env=None, code=0, options=()):
    args = [firn, "run", "--format", "json", *options]
    for s in sql:
        args += ["-c", s]
    p = subprocess.run(args, cwd=folder or f"{work}/lake", env=env or bare, capture_output=True, text=True, timeout=120)
    check(f"exit {code} of {sql}: {p.returncode}\n{p.stderr}", p.returncode == code)
    check("no secret in any output", secret not in p.stdout + p.stderr)
    rows = [json.loads(line) for line in p.stdout.splitlines()]
    return rows[:-1], p.stderr


def value(sql, **more):
    rows, _ = run(sql, **more)
    return list(rows[0].values())[0] if len(rows[0]) == 1 else list(rows[0].values())


def requests_of(text):
    return int(re.search(r"(\d+) requests?", text)[1])


def tables():
    """A pipeline on s3a://, then both programs by turns on the same catalog."""
    subprocess.run([firn, "init", f"{work}/lake"], check=True, capture_output=True, env=bare)
    os.remove(f"{work}/lake/firn.yaml")
    configure(f"{work}/lake")
    run("CREATE SCHEMA demo",
        "CREATE TABLE demo.raw AS SELECT * FROM sample_sales(seed => 42, start => DATE '2025-01-14', days => 3, rows_per_day => 2000)",
        "INSERT INTO demo.raw SELECT * FROM sample_sales(seed => 43, start => DATE '2025-01-17', days => 1, rows_per_day => 500)",
        "CREATE MATERIALIZED VIEW demo.daily AS SELECT transaction_date, product_id, count(*) AS n, sum(amount) AS total "
        "FROM demo.raw GROUP BY transaction_date, product_id",
        "REFRESH MATERIALIZED VIEW demo.daily")
    catalog = SqlCatalog("lakehouse", uri=f"sqlite:///{work}/lake/firn.db", warehouse=f"s3://{prefix}/lake",
                         **{"s3.endpoint": endpoint, "s3.access-key-id": key, "s3.secret-access-key": secret, "s3.region": region})
    raw = catalog.load_table("demo.raw")
    check("PyIceberg reads 6,500 rows", raw.scan().to_arrow().num_rows == 6500)
    daily = {(str(r["transaction_date"]), r["product_id"]): (r["n"], r["total"]) for r in catalog.load_table("demo.daily").scan().to_arrow().to_pylist()}
    own = {(r["transaction_date"], r["product_id"]): (r["n"], r["total"]) for r in run("SELECT * FROM demo.daily")[0]}
    check("the summary is the same to both", daily == own and len(own) == 12)

    raw.append(raw.scan(limit=100).to_arrow())
    check("firn sees PyIceberg's rows", value("SELECT count(*) FROM demo.raw") == 6600)
    run("REFRESH MATERIALIZED VIEW demo.daily")
    check("and refreshes from them", value("SELECT sum(n) FROM demo.daily") == 6600)
    run("BEGIN; DELETE FROM demo.raw WHERE transaction_date = DATE '2025-01-17'; COMMIT")
    raw.refresh()
    left = value("SELECT count(*) FROM demo.raw")
    check("PyIceberg sees firn's deletion", raw.scan().to_arrow().num_rows == left < 6600)

    made = catalog.create_table("demo.theirs", schema=pa.schema([("id", pa.int64()), ("name", pa.string())]))
    made.append(pa.table({"id": [1, 2, 3], "name": ["a", "b", None]}))
    check("firn reads a table made there", value("SELECT sum(id), count(name) FROM demo.theirs") == [6, 2])
    run("INSERT INTO demo.theirs VALUES (4, 'd')")
    made.refresh()
    check("PyIceberg reads firn's row in it", sorted(made.scan().to_arrow()["id"].to_pylist()) == [1, 2, 3, 4])

    before = {f.path for f in store.get_file_info(pyarrow.fs.FileSelector(f"{prefix}/lake", recursive=True))}
    run("BEGIN; INSERT INTO demo.theirs VALUES (5, 'e'); INSERT INTO demo.theirs SELECT id, name FROM demo.theirs; ROLLBACK")
    after = {f.path for f in store.get_file_info(pyarrow.fs.FileSelector(f"{prefix}/lake", recursive=True))}
    check(f"ROLLBACK leaves no object: {after - before}", before == after)


def files():
    """Files without a catalog, in one part and in several; how many requests reading them takes."""
    sales = "SELECT * FROM sample_sales(seed => 7, start => DATE '2025-01-01', days => 10, rows_per_day => 60000)"
    want = value(f"SELECT count(*), sum(quantity) FROM ({sales}) s")
    run(f"COPY ({sales}) TO 's3://{prefix}/f/big.csv' WITH (HEADER)", f"COPY ({sales}) TO 's3://{prefix}/f/big.parquet'")
    size = store.get_file_info(f"{prefix}/f/big.csv").size
    check(f"the CSV went up in parts: {size} bytes", size > 16 << 20)
    with store.open_input_stream(f"{prefix}/f/big.csv") as f:
        read = pa.csv.read_csv(f)
    check("pyarrow reads the CSV", [read.num_rows, pa.compute.sum(read["quantity"]).as_py()] == want)
    read = pa.parquet.read_table(f"{prefix}/f/big.parquet", filesystem=store)
    check("pyarrow reads the Parquet file", [read.num_rows, pa.compute.sum(read["quantity"]).as_py()] == want)
    columns = "count(*), sum(quantity)"
    for scheme in "s3", "s3a", "s3n":
        check(f"{scheme}:// Parquet", value(f"SELECT {columns} FROM read_parquet('{scheme}://{prefix}/f/big.parquet')") == want)
    check("CSV", value(f"SELECT {columns} FROM read_csv('s3://{prefix}/f/big.csv')") == want)
    check("a small budget reads in small windows",
          value(f"SELECT {columns} FROM read_parquet('s3://{prefix}/f/big.parquet')", options=("--memory", "24MiB")) == want)

    pa.parquet.write_table(read, f"{prefix}/f/groups.parquet", filesystem=store, row_group_size=100000, compression="none")
    plan = run(f"EXPLAIN ANALYZE SELECT sum(amount), sum(quantity) FROM read_parquet('s3://{prefix}/f/groups.parquet')")[0]
    asked = requests_of(json.dumps(plan))
    check(f"6 row groups of {store.get_file_info(f'{prefix}/f/groups.parquet').size} bytes: {asked} requests", asked <= 10)

    odd = f"{prefix}/odd/a b+c%20ü&'=;,~/x"
    pa.parquet.write_table(pa.table({"a": [1]}), f"{odd}.parquet", filesystem=store)
    spelled = f"s3://{odd}.parquet".replace("'", "''")
    check("a key of odd characters", value(f"SELECT a FROM read_parquet('{spelled}')") == 1)
    run(f"COPY (SELECT 2 AS a) TO '{spelled.replace('x.parquet', 'y.parquet')}'")
    check("written, listed and matched", value(f"SELECT sum(a) FROM read_parquet('s3://{prefix}/odd/*/?.parquet')") == 3)
    check("a folder", value(f"SELECT sum(a) FROM read_parquet('s3://{prefix}/odd')") == 3)
    run(f"COPY (SELECT 5 AS a) TO '{spelled}'")
    check("COPY replaces", value(f"SELECT sum(a) FROM read_parquet('s3://{prefix}/odd/')") == 7)
    for i in range(1003): # more than a page of the listing
        with store.open_output_stream(f"{prefix}/many/{i:04}.csv") as f:
            f.write(b"a\n1\n")
    check("a listing of two pages", value(f"SELECT count(*) FROM read_csv('s3://{prefix}/many/*.csv', header => true)") == 1003)


def keys():
    """The places where keys come from, and what is said where they are wrong."""
    read = f"SELECT sum(a) FROM read_parquet('s3://{prefix}/odd')"
    none = {"s3.access-key-id": None, "s3.secret-access-key": None}
    plain = configure(f"{work}/plain", **none)
    check("properties", value(read) == 7)
    names = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    check("environment", value(read, folder=plain, env=bare | names) == 7)
    os.makedirs(f"{work}/.aws")
    with open(f"{work}/.aws/credentials", "w") as f:
        f.write(f"[default]\naws_access_key_id = nobody\naws_secret_access_key = wrong-default\n"
                f"[lake]\naws_access_key_id={key}\naws_secret_access_key={secret}\n")
    check("profile", value(read, folder=plain, env=bare | {"AWS_PROFILE": "lake"}) == 7)
    profile = configure(f"{work}/profile", **none, **{"s3.profile-name": "lake"})
    check("profile by property", value(read, folder=profile) == 7)
    i, s, t = session_keys()
    vended = {"AWS_ACCESS_KEY_ID": i, "AWS_SECRET_ACCESS_KEY": s, "AWS_SESSION_TOKEN": t}
    check("session token", value(read, folder=plain, env=bare | vended) == 7)

    def refused(what, *words, sql=read, code=1, **more):
        _, said = run(sql, code=code, **more)
        check(f"{what}: {words} in: {said}", all(w in said for w in words))

    refused("default profile's key is unknown", "access key is not known", "profile default", folder=plain)
    refused("wrong token", "session token is not valid", folder=plain, env=bare | vended | {"AWS_SESSION_TOKEN": t[:-9] + "AAAAAAAAA"})
    refused("wrong secret", "secret key is wrong", "keys from s3.access-key-id", folder=configure(f"{work}/wrong", **{"s3.secret-access-key": "not-it-at-all"}))
    os.remove(f"{work}/.aws/credentials")
    refused("no keys at all", "no keys for S3", "AWS_ACCESS_KEY_ID", folder=plain)
    refused("anonymous", "no right", "s3.anonymous", folder=configure(f"{work}/anon", **none, **{"s3.anonymous": "true"}))
    refused("no such bucket", "there is no bucket", "nobucket", sql="SELECT 1 FROM read_parquet('s3://nobucket/x.parquet')")
    refused("no such object", "no file matches", sql=f"SELECT 1 FROM read_parquet('s3://{prefix}/none.parquet')")
    refused("no such bucket to write to", "there is no bucket", sql="COPY (SELECT 1 AS a) TO 's3://nobucket/x.parquet'")
    refused("nobody listens", "127.0.0.1", code=9, folder=configure(f"{work}/port", **{"s3.endpoint": "http://127.0.0.1:1"}))
    refused("what is not done", "s3.signer", "not supported", folder=configure(f"{work}/signer", **{"s3.signer": "S3V4RestSigner"}))
    refused("not an endpoint", "s3.endpoint", code=2, folder=configure(f"{work}/endpoint", **{"s3.endpoint": "127.0.0.1"}))


tables()
files()
keys()
store.delete_dir(prefix)
print(f"{checks} checks passed")
