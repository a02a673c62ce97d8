"""lakehouse.py - the cases on Nessie and MinIO (test/stack), beside Spark and Trino.

The servers, and the big tables that are made on them once, stay in FIRN_BENCH_STACK (else bench-stack in the cache). Spark is
one session: its first notebook is its cold run, and everything after it is asked of the warm session, as Trino is. What
the servers were asked is what they themselves count, over one more run of each side."""
import os
import re
import subprocess
import sys
import time
import urllib.request

from embedded import AGGREGATES, ONE_DAY, PEER, TOTALS
from sides import HERE, Case, Processes, Session, between, quietly, value

DAYS, PER_DAY = 1000, 100000  # 100 million rows
CACHE = os.environ.get("FIRN_CACHE", os.path.expanduser("~/.cache/firn"))
SPARK, TRINO = "Spark 3.5.5", "Trino 476"
VERSIONS = ("Spark 3.5.5 with Iceberg 1.8.0, Trino 476, Nessie 0.99.0 and MinIO 2026-02-12 on the same machine, their compilers and "
            "collectors as they come.")
STACK = f"{HERE}/../test/stack/stack"
DAILY = "SELECT * FROM {}.sales_daily_summary ORDER BY 1, 2"


class Stack:
    """The servers and Spark, each started when first needed. What this machine cannot have is None, with the reason said."""

    def __init__(self, bench):
        self.bench, self.folder = bench, os.environ.get("FIRN_BENCH_STACK", f"{CACHE}/bench-stack")
        self.conf, self.missing, self._spark, self._servers = os.path.join(bench.work, "spark-defaults.conf"), [], None, {}

    def close(self):
        if self._spark:
            self._spark.__exit__()
        if any(self._servers.values()):
            subprocess.run([STACK, "stop", "--dir", self.folder], check=True)

    def start(self, *names):
        """Whether they run; their addresses are in the environment then."""
        for name in names:
            if name not in self._servers:
                done = subprocess.run([STACK, "start", name, "--dir", self.folder, "--owner", str(os.getpid())],
                                      stderr=subprocess.PIPE, text=True)
                self._servers[name] = done.returncode == 0
                if done.returncode == 77:
                    self.missing.append(done.stderr.strip().splitlines()[-1])
                elif done.returncode != 0:
                    sys.exit(done.stderr)
                lines = quietly([STACK, "env", "--dir", self.folder])
                os.environ.update(re.findall(r"^export (\w+)=(?!')(.*)$", lines, re.M))
        return all(self._servers[name] for name in names)

    def lakehouse(self):
        """MinIO and Nessie, and Spark's own settings for them, which firn reads; False: not on this machine."""
        if not self.start("minio", "nessie"):
            return False
        with open(f"{HERE}/../examples/spark-defaults.conf") as f, open(self.conf, "w") as to:
            to.write(f.read().replace("http://infrastructure-nessie:19120/api/v2", os.environ["FIRN_NESSIE_URI"])
                     .replace("http://infrastructure-minio:9000", os.environ["FIRN_S3_ENDPOINT"]))
        return True

    def spark_python(self):
        done = subprocess.run([f"{HERE}/../tools/judges", "spark-s3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            self.missing.append(f"Spark: {done.stderr.strip().splitlines()[-1]}")
            return None
        return done.stdout.strip().splitlines()[-1]

    def spark(self):
        """The session, warmed by the notebook twice; None: not on this machine."""
        if self._spark is None:
            from spark import Spark
            python = self.lakehouse() and self.spark_python()
            self._spark = Spark(python) if python else False
            for _ in range(2 if self._spark else 0):
                self._spark.notebook("bench_spark")
        return self._spark or None

    def spark_at(self, folder, sql):
        """Spark as a side of a case in a folder of this machine."""
        spark = self.spark()
        return {SPARK: Session(lambda: spark.ask(sql, folder))} if spark else {}

    def trino_pid(self):
        if not (self.lakehouse() and self.start("trino")):
            return None
        with open(f"{self.folder}/trino/pid") as f:
            return int(f.read().split()[0])

    # ---- firn, and what the servers count ------------------------------------------------------------------------------

    def firn(self, *options):
        return [self.bench.firn, "run", "-q", "--spark-conf", self.conf, *options]

    def question(self, sql):
        return self.firn("--format", "csv", "-c", sql)

    def counters(self):
        """{what: total so far} of both servers; a count may follow its reply by a moment."""
        time.sleep(2)
        found = {}
        with urllib.request.urlopen(os.environ["FIRN_S3_ENDPOINT"] + "/minio/metrics/v3/api/requests", timeout=30) as reply:
            text = reply.read().decode()
        for name, n in re.findall(r'^minio_api_requests_total\{name="(\w+)".* (\S+)$', text, re.M):
            found[name] = float(n)
        for n in re.findall(r"^minio_api_requests_traffic_sent_bytes.* (\S+)$", text, re.M):
            found["bytes"] = float(n)
        with urllib.request.urlopen(os.environ["FIRN_NESSIE_METRICS"], timeout=30) as reply:
            counts = re.findall(r'^http_server_requests_seconds_count\{.*uri="/api/v2.* (\S+)$', reply.read().decode(), re.M)
        return found | {"Nessie": sum(map(float, counts))}

    def asked(self, side):
        """What one run of a side asks of the servers, in words."""
        seen = []
        side.run(self.bench, lambda: seen.append(self.counters()))
        more = {k: int(v - seen[0].get(k, 0)) for k, v in seen[1].items() if v > seen[0].get(k, 0)}
        sent, nessie = more.pop("bytes", 0), more.pop("Nessie", 0)
        kinds = " and ".join(f"{n} {name}" for name, n in sorted(more.items(), key=lambda x: -x[1]))
        if not more:
            return f"nothing of MinIO, {nessie} requests to Nessie"
        return f"{sum(more.values())} requests to MinIO ({kinds}; {sent / 1e6:.2f} MB read), {nessie} to Nessie"

    def asked_by_all(self, case):
        return "; ".join(f"{name}: {self.asked(side)}" for name, side in case.sides.items())


# ---- the tables that are made once --------------------------------------------------------------------------------------

def have(stack, table, rows):
    done = subprocess.run(stack.question(f'SELECT sum(record_count) FROM bench."{table}$files"'), capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.split()[-1] == str(rows)


def make_100m(stack):
    if not have(stack, "sales_100m", DAYS * PER_DAY):
        quietly(stack.firn("-c", "CREATE SCHEMA IF NOT EXISTS bench", "-c", "CREATE OR REPLACE TABLE bench.sales_100m AS SELECT * "
                           f"FROM sample_sales(days => {DAYS}, rows_per_day => {PER_DAY})"))
    if not have(stack, "sales_100m_daily", DAYS * 3):
        quietly(stack.firn("-c", "CREATE OR REPLACE MATERIALIZED VIEW bench.sales_100m_daily AS SELECT " + AGGREGATES +
                           " FROM bench.sales_100m GROUP BY transaction_date, product_id",
                           "-c", "REFRESH MATERIALIZED VIEW bench.sales_100m_daily"))


def make_parts(stack):
    if not have(stack, "parts", 100000):
        subprocess.run([sys.executable, f"{HERE}/peers/parts.py", "nessie", "bench"], check=True)


# ---- the cases -----------------------------------------------------------------------------------------------------------

def cases(bench):
    stack = bench.stack

    def warm(sql):
        """The sides that run already."""
        sides, spark, trino = {}, stack.spark(), stack.trino_pid()
        if spark:
            sides[SPARK] = Session(lambda: spark.ask(sql))
        if trino:
            from trino import ask
            sides[TRINO] = Session(lambda: ask(sql, trino))
        return sides

    def drop(space):
        quietly(stack.firn("-c", f"DROP MATERIALIZED VIEW {space}.sales_daily_summary", "-c",
                           f"DROP TABLE {space}.sales_transactions_raw", "-c", f"DROP SCHEMA {space}"))

    def job(name, text, sides):
        case = Case(name, text, sides, runs={SPARK + ", cold": 2}, wall=0.5)
        case.notes = lambda: stack.asked_by_all(case)
        return case

    def by_firn(space):
        return Processes([stack.firn(f"{HERE}/../examples/batch_aggregation.sql", "-v", f"database_name={space}")], header=True,
                         shared=bench.work, after=stack.question(DAILY.format(space)))

    def first():
        """Every run in a namespace that is not there yet. The servers have been up for a while then: their compilers are done."""
        if not stack.lakehouse():
            return None
        for _ in range(20):
            by_firn("bench_firn").run(bench)
        python, space = stack.spark_python(), f"bench_{os.getpid()}"

        class Firn:
            def run(self, bench, seen=None):
                done = by_firn(f"{space}_firn").run(bench, seen)
                drop(f"{space}_firn")
                return done

        class Cold:
            def run(self, bench, seen=None):
                from spark import Spark
                with Spark(python) as spark:
                    _, cpu, peak, _ = between(seen, lambda: spark.notebook(f"{space}_spark"))
                    wall = spark.answered - spark.started
                    rows = spark.ask(DAILY.format(f"lakehouse.{space}_spark"))[-1]
                    for table in ("sales_daily_summary", "sales_transactions_raw"):
                        spark.ask(f"DROP TABLE lakehouse.{space}_spark.{table}")
                return [wall, cpu, peak], [[value(word) for word in row] for row in rows]

        return job("lakehouse", "the pattern's job on Nessie and MinIO; Spark: the notebook in a new session",
                   {"firn": Firn()} | ({SPARK + ", cold": Cold()} if python else {}))

    def again():
        """Every run replaces both tables."""
        if not stack.lakehouse():
            return None
        spark = stack.spark()
        theirs = {SPARK: Session(lambda: spark.notebook("bench_spark"),
                                 lambda: spark.ask(DAILY.format("lakehouse.bench_spark"))[-1])} if spark else {}
        return job("lakehouse_again", "its next run, replacing both tables; Spark: in the same session", {"firn": by_firn("bench_firn")} | theirs)

    def query(name, text, sql, extra=None):
        """firn from its start to its end, beside the sessions that run already."""
        case = Case(name, text, {"firn": Processes([stack.question(sql)], header=True, shared=bench.work)} | (extra or {}) |
                    warm(sql.replace(" bench.", " lakehouse.bench.")))
        case.notes = lambda: stack.asked_by_all(case)
        return case

    def pair(name, text, column, table):
        if not stack.lakehouse():
            return None
        make_100m(stack)
        return query(name, text, TOTALS.format(column, table))

    def refresh():
        if not stack.lakehouse():
            return None
        make_100m(stack)
        select = f"SELECT {AGGREGATES} FROM {{}}bench.sales_100m GROUP BY transaction_date, product_id"
        rows = "SELECT * FROM {}bench.{} ORDER BY 1, 2"
        commands = [stack.firn("-c", f"CREATE OR REPLACE MATERIALIZED VIEW bench.refreshed AS {select.format('')}",
                               "-c", "REFRESH MATERIALIZED VIEW bench.refreshed")]
        sides = {"firn": Processes(commands, header=True, shared=bench.work, after=stack.question(rows.format("", "refreshed")))}
        spark = stack.spark()
        if spark:
            sql = f"CREATE OR REPLACE TABLE lakehouse.bench.refreshed_by_spark USING iceberg AS {select.format('lakehouse.')}"
            sides[SPARK] = Session(lambda: spark.ask(sql), lambda: spark.ask(rows.format("lakehouse.", "refreshed_by_spark"))[-1])
        case = Case("refresh_100m", "the summary of 100 million raw rows made and published; `CREATE OR REPLACE TABLE … AS`", sides)
        case.notes = lambda: stack.asked_by_all(case)
        return case

    def plan():
        if not stack.lakehouse():
            return None
        make_parts(stack)
        peer = Processes([[sys.executable, f"{HERE}/peers/query.py", "nessie", "bench.parts", ONE_DAY.format("files"), "day = '2010-01-01'"]])
        return query("plan_s3", "the table of 10,000 files and 100 manifests, in MinIO", ONE_DAY.format("bench.parts"), extra={PEER: peer})

    return {"lakehouse": first, "lakehouse_again": again,
            "raw_100m": lambda: pair("raw_100m", "query 1 on 100 million raw rows in MinIO", "amount", "bench.sales_100m"),
            "summary_100m": lambda: pair("summary_100m", f"query 2 on their summary: {DAYS * 3:,} rows, {PER_DAY // 3:,} times fewer", "total_revenue", "bench.sales_100m_daily"),
            "refresh_100m": refresh, "plan_s3": plan}

