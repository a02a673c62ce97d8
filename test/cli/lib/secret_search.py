"""secret_search.py FIRN [CATALOG_JSON ...] - every command, good and bad, with known secrets in every place that takes one,
against servers that are not there and one that repeats in its answers all that it was sent; then everything that was
written is searched for them: standard output, standard error, arguments as `ps` shows them, and every file.

With CATALOG_JSON (the keys of a catalog that works, in Nessie or behind REST, over object storage) the commands run against
that too, with secrets beside; the objects that they wrote and the history of Nessie's branch are searched. A value SECRET in
them becomes one.
The secrets are random; a run that wrote one prints where.
"""
import base64, http.server, json, os, re, secrets, shutil, subprocess, sys, tempfile, threading, urllib.parse, urllib.request

firn = os.path.abspath(sys.argv[1])
live = [json.loads(text) for text in sys.argv[2:]]
work = tempfile.mkdtemp(prefix="firn-secrets.")
known = []  # (name, value)


def secret(name):
    value = f"{name}-{secrets.token_hex(12)}"
    known.append((name, value))
    return value


def forms():
    """What to search for: each secret as it stands, escaped for a URL, in base64, and any long piece of it."""
    for name, value in known:
        yield name, value
        yield name, urllib.parse.quote(value, safe="")
        yield name, base64.b64encode(value.encode()).decode().rstrip("=")
        yield name, value[-16:]
        yield name, value[:24]


# ---- a server that repeats what it hears ------------------------------------------------------------------------------

heard = []


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        said = f"{self.command} {self.path} " + " ".join(f"{k}: {v}" for k, v in self.headers.items()) + " " + body
        heard.append(said)
        n = len(heard)
        if self.path == "/grants":  # an access token, which the server will repeat like everything else
            return self.send(200, json.dumps({"access_token": secret("access-token"), "token_type": "bearer", "expires_in": 3600}).encode())
        status = (400, 401, 403, 404, 409)[n % 5]
        text = (
            json.dumps({"status": status, "reason": said, "message": said, "errorCode": "BAD_REQUEST", "serverStackTrace": said}),
            json.dumps({"error": {"message": said, "type": said[:60], "code": status, "stack": [said]}}),
            json.dumps({"error": "invalid_client", "error_description": said}),
            f"<Error><Code>AccessDenied</Code><Message>{said}</Message><AWSAccessKeyId>{said}</AWSAccessKeyId></Error>",
            said,
        )[n % 7 % 5].encode()
        self.send(status, text, re.sub(r"[\r\n]", " ", said)[:200])

    def send(self, status, text, reason=None):
        self.send_response(status, reason)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
ECHO = f"http://127.0.0.1:{server.server_port}"
DEAD = "http://127.0.0.1:9"  # discard: nobody listens

# ---- running and searching ---------------------------------------------------------------------------------------------

ran = 0
bare = {k: v for k, v in os.environ.items() if not k.startswith(("FIRN_", "AWS_"))}


def search(what, text, where):
    for name, form in forms():
        if form in text:
            sys.exit(f"{what}: the secret {name} stands in {where}:\n{text[max(0, text.index(form) - 300):][:700]}")


def run(folder, *args, env=None):
    global ran
    ran += 1
    p = subprocess.run([firn, *args], cwd=folder, env={**bare, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    what = f"firn {' '.join(args)}"
    for where, data in (("standard output", p.stdout), ("standard error", p.stderr)):
        search(what, data.decode("utf-8", "replace"), where)
    if p.returncode not in range(10):
        sys.exit(f"{what}: exit {p.returncode}\n{p.stderr.decode()}")
    return p


def search_files(folder, but):
    """Every file that firn wrote, as it stands and unpacked where it is gzip."""
    found = 0
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.abspath(path) in but:
                continue
            with open(path, "rb") as f:
                data = f.read()
            search(f"the files in {folder}", data.decode("latin-1"), path)
            found += 1
    return found


def search_objects(keys, folder):
    """Every object below a folder ("bucket/key") of the store that the catalog's keys open."""
    import pyarrow.fs
    store = pyarrow.fs.S3FileSystem(endpoint_override=keys["s3.endpoint"], region=keys["s3.region"], access_key=keys["s3.access-key-id"],
                                    secret_key=keys["s3.secret-access-key"], session_token=keys["s3.session-token"])
    found = [f for f in store.get_file_info(pyarrow.fs.FileSelector(folder, recursive=True)) if f.is_file]
    for f in found:
        with store.open_input_stream(f.path) as data:
            search(f"the objects of {keys['type']}", data.read().decode("latin-1"), f.path)
    return len(found)


GOOD = [
    "SELECT 1", "SET application_name = 'search'", "SET firn.publish = 'ordered'", "SHOW schemas", "SHOW tables", "SHOW timezone", "SHOW application_name",
    "CREATE SCHEMA IF NOT EXISTS {ns}",
    "CREATE OR REPLACE TABLE {ns}.raw AS SELECT * FROM sample_sales(rows_per_day => 20)",
    "CREATE OR REPLACE MATERIALIZED VIEW {ns}.day AS SELECT transaction_date, count(*) AS n, sum(amount) AS s FROM {ns}.raw GROUP BY transaction_date",
    "EXPLAIN REFRESH MATERIALIZED VIEW {ns}.day", "REFRESH MATERIALIZED VIEW {ns}.day", "SELECT * FROM {ns}.day",
    'SELECT * FROM {ns}."day$snapshots"', 'SELECT * FROM {ns}."day$files"', "EXPLAIN SELECT * FROM {ns}.day",
    "SHOW tables",
]
BAD = [
    "SELEC 1", "SELECT * FROM {ns}.nothing", "SELECT * FROM nowhere.t", "SELECT 1/0", "SHOW all", "SHOW conf", "SHOW spark_conf",
    "SHOW token", "SHOW catalog", "SET token = 'x'", "SET conf = 'x'", "SELECT assert(false, 'no')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')", "SELECT * FROM read_csv('s3a://bucket/x.csv')",
    "COPY (SELECT 1) TO 's3://bucket/x.csv'", "CALL system.nothing('{ns}.raw')", "DROP TABLE {ns}.nothing",
]
LEVELS = [[], ["-q"], ["--format", "json"], ["--format", "csv"]]


def commands(folder, options, ns, env=None):
    """Every command at every level of talk; statements of one kind together, so that the run stays short."""
    codes, good = set(), set()
    for level in LEVELS:
        script = os.path.join(folder, "good.sql")
        with open(script, "w") as f:
            f.write("\\timing\n" + ";\n".join(GOOD).format(ns=ns) + ";\n\\x\n\\echo :{?token}\n")
        good.add(run(folder, "run", *level, *options, script, env=env).returncode)
    for statement in BAD:
        codes.add(run(folder, "run", *LEVELS[len(statement) % len(LEVELS)], *options, "-c", statement.format(ns=ns), env=env).returncode)
    for command in (["refresh", f"{ns}.day"], ["plan", f"{ns}.day"], ["refresh", f"{ns}.nothing"], ["plan", "x"], ["demo", "--print"],
                    ["run", "nowhere.sql"], ["run", "--no-such-option"], ["run", "--run-id", "1", "-c", "SHOW tables"], ["run"]):
        codes.add(run(folder, command[0], *options, *command[1:], env=env).returncode)
    for command in (["version"], ["help"], ["help", "run"], ["init", "sub/dir"], ["nonsense"]):
        run(folder, *command, env=env)
    return good, codes


def catalog(kind, address):
    """Keys of a catalog with a secret in every key that takes one."""
    keys = {
        "type": kind, "warehouse": "s3://bucket/warehouse", "s3.endpoint": address, "s3.region": "us-east-1",
        "s3.access-key-id": secret("access-key-id"), "s3.secret-access-key": secret("secret-access-key"),
        "s3.session-token": secret("session-token"), "s3.path-style-access": "true", "header.X-Secret": secret("header"),
        "jdbc.password": secret("jdbc-password"), "unknown.secret": secret("unknown"), "uri": f"{address}/api/v2",
    }
    if kind == "nessie":
        keys |= {"ref": "main", "authentication.type": "BEARER", "authentication.token": secret("nessie-token")}
    if kind == "rest":
        keys |= {"uri": address, "token": secret("rest-token")}
    return keys


def write_yaml(folder, keys, name="firn.yaml"):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write("catalog:\n  lake:\n" + "".join(f"    {k}: {json.dumps(v)}\n" for k, v in keys.items()))
    return path


def write_spark(folder, keys):
    path = os.path.join(folder, "spark.conf")
    with open(path, "w") as f:
        f.write("spark.sql.catalog.lake org.apache.iceberg.spark.SparkCatalog\n")
        f.write("".join(f"spark.sql.catalog.lake.{k} {v}\n" for k, v in keys.items()))
        f.write(f"spark.hadoop.fs.s3a.secret.key {secret('hadoop-secret')}\nspark.hadoop.fs.s3a.access.key {secret('hadoop-access')}\n")
        f.write(f"spark.hadoop.fs.s3a.server-side-encryption.key {secret('hadoop-encryption')}\nmy.password {secret('no-spark')}\n")
    return path


def folder_of(name):
    path = os.path.join(work, name)
    os.mkdir(path)
    return path


try:
    # servers that are not there, and one that repeats everything
    for kind in ("nessie", "rest"):
        for name, address in (("dead", DEAD), ("echo", ECHO)):
            folder = folder_of(f"{kind}-{name}")
            keys = catalog(kind, address)
            if name == "echo":
                commands(folder, ["--config", write_yaml(folder, keys)], "db")
                spark = write_spark(folder, keys)
                run(folder, "run", "--spark-conf", spark, "-c", "SHOW tables")
                run(folder, "run", "--spark-conf", spark, "--conf", f"spark.sql.catalog.lake.token={secret('conf-token')}", "-c", "SHOW tables")
            else:
                run(folder, "run", "--busy", "1000", "--config", write_yaml(folder, keys), "-c", "SHOW tables")
                run(folder, "refresh", "--busy", "1000", "--config", write_yaml(folder, keys), "db.day")
            variables = {f"FIRN_CATALOG__LAKE__{k.upper().replace('.', '__').replace('-', '_')}": v for k, v in catalog(kind, ECHO).items()}
            variables["AWS_SECRET_ACCESS_KEY"] = secret("aws-secret")
            variables["AWS_SESSION_TOKEN"] = secret("aws-token")
            variables["AWS_ACCESS_KEY_ID"] = secret("aws-id")
            run(folder, "run", "-c", "SHOW tables", env=variables)
            search_files(folder, {os.path.join(folder, n) for n in ("firn.yaml", "spark.conf")})

    # OAuth2: an id and a secret to exchange, refused or granted; a name and a password
    folder = folder_of("oauth")
    for tokens in ("token", "grants"):
        for kind, extra in (
            ("rest", {"credential": f"{secret('client-id')}:{secret('client-secret')}", "oauth2-server-uri": f"{ECHO}/{tokens}"}),
            ("nessie", {"authentication.type": "OAUTH2", "authentication.oauth2.token-endpoint": f"{ECHO}/{tokens}",
                        "authentication.oauth2.client-id": "me", "authentication.oauth2.client-secret": secret("oauth-secret")}),
            ("nessie", {"authentication.type": "BASIC", "authentication.username": "me", "authentication.password": secret("password")}),
        ):
            keys = {k: v for k, v in catalog(kind, ECHO).items() if "token" not in k} | extra
            if "authentication.password" in extra:
                known.append(("password", base64.b64encode(f"me:{extra['authentication.password']}".encode()).decode()))
            for statement in ("SHOW tables", "SELECT * FROM db.t", "CREATE SCHEMA db") * 2:
                run(folder, "run", "--config", write_yaml(folder, keys), "-c", statement)

    # addresses that hold secrets, wrong types, wrong files
    folder = folder_of("wrong")
    for i, change in enumerate((
        {"uri": f"http://me:{secret('userinfo')}@127.0.0.1:9/x"}, {"uri": f"http://127.0.0.1:9/x?token={secret('query')}"},
        {"uri": secret("no-address")}, {"uri": f"postgresql://me:{secret('postgresql')}@h/x", "type": "sql"},
        {"warehouse": f"s3://id:{secret('warehouse')}@bucket/x"}, {"s3.endpoint": f"http://id:{secret('endpoint')}@127.0.0.1:9"},
        {"type": "hive"}, {"type": "hadoop"}, {"io-impl": "x"}, {"s3.path-style-access": secret("flag")}, {"s3.sse.type": "kms"},
        {"s3.connect-timeout": secret("number")},
    )):
        keys = catalog("rest", DEAD) | change
        for options in (["--config", write_yaml(folder, keys)], ["--spark-conf", write_spark(folder, keys)],
                        [x for k, v in keys.items() for x in ("--conf", f"spark.sql.catalog.lake.{k}={v}")]
                        + ["--conf", "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog"]):
            run(folder, "run", "--busy", "1000", *options, "-c", BAD[i]) if i < 2 else None
            if {"uri", "type", "io-impl", "warehouse", "s3.endpoint"} & set(change):
                p = run(folder, "run", *options, "-c", "SHOW tables")
                assert p.returncode == 2, (change.keys(), p.stderr)
    for text in (f"catalog:\n  lake:\n    token: {secret('yaml-1')}\n   bad: 1\n", f"catalog: {{lake: {{token: [{secret('yaml-2')}]}}}}\n",
                 f"catalog:\n  lake: {secret('yaml-3')}\n", f"token: {secret('yaml-4')}\n", f"catalog:\n  lake: &x {secret('yaml-5')}\n  b: *x\n"):
        with open(os.path.join(folder, "firn.yaml"), "w") as f:
            f.write(text)
        assert run(folder, "run", "-c", "SHOW tables").returncode == 2, text
    os.unlink(os.path.join(folder, "firn.yaml"))
    with open(os.path.join(folder, "spark.conf"), "w") as f:
        f.write(f"spark.hadoop.fs.s3a.secret.key {secret('line')}\\uZZZZ\n")
    assert run(folder, "run", "--spark-conf", "spark.conf", "-c", "SELECT 1").returncode == 2
    for args in (["run", f"spark.hadoop.fs.s3a.secret.key={secret('stray-1')}"], [f"my.token={secret('stray-2')}"],
                 ["--conf", "--conf", f"fs.secret.key={secret('stray-3')}", "run"], ["run", "--conf", secret("stray-4"), "-c", "SELECT 1"],
                 ["run", f"--cnf=spark.token={secret('stray-5')}"], ["run", "-v", f"my_token={secret('stray-6')}"]):
        assert run(folder, *args).returncode == 2, args

    # a catalog that works, here or given: nothing in tables, metadata or messages
    folder = folder_of("works")
    run(folder, "init", ".")
    embedded = {"type": "sql", "uri": f"sqlite:///{folder}/firn.db", "warehouse": f"file://{folder}/warehouse"}
    objects = 0
    for i, keys in enumerate([embedded, *live]):
        keys = {k: secret(k) if v == "SECRET" else v for k, v in keys.items()}
        known.extend((k, v) for k, v in keys.items() if re.search("secret|token$|credential|access-key", k))
        extra = {k: v for k, v in catalog("sql", DEAD).items() if k not in ("type", "uri", "warehouse") and k not in keys}
        extra = {k: v for k, v in extra.items() if i == 0 or not k.startswith("s3.")}
        config, space = os.path.join(folder, f"{i}.yaml"), f"s_{secrets.token_hex(4)}"
        os.rename(write_yaml(folder, keys | extra), config)
        good, codes = commands(folder, ["--config", config], space, env={"AWS_SECRET_ACCESS_KEY": secret("aws-secret-2")} if i == 0 else None)
        assert good == {0}, (keys["type"], good)
        assert 0 in codes and 1 in codes and 2 in codes and 3 in codes, codes
        if i > 0:
            written = search_objects(keys, f"{keys['warehouse'].split('://')[1].rstrip('/')}/{space}")
            assert written > 20, f"{keys['type']}: {written} objects"
            objects += written
        if keys["type"] == "nessie":
            history = urllib.request.urlopen(f"{keys['uri']}/trees/main/history?fetch=ALL").read().decode()
            assert "search" in history, history  # the application's name is there, its secrets are not
            search("the history of the branch", history, keys["uri"])
    files = search_files(folder, {os.path.join(folder, f"{i}.yaml") for i in range(1 + len(live))})
    assert files > 30, files
    print(f"{ran} runs, {len(known)} secrets, {len(heard)} requests repeated, {files} files, {objects} objects: none stands in what was written")
    everything = "\n".join(heard)
    sent = {name for name, form in forms() if form in everything}  # the server repeated these: they were there to be seen
    missing = {"nessie-token", "rest-token", "client-secret", "oauth-secret", "access-token", "password"} - sent
    assert not missing, f"never sent: {missing}"
finally:
    server.shutdown()
    shutil.rmtree(work)
