"""refresh.py - the cases of one summary over 200 million raw rows: a day appended, late rows everywhere, nothing changed.

Raw table and summaries are made once and stay, in FIRN_BENCH_REFRESH (else bench-refresh in the cache). Data files never change,
so a copy of the catalog's one file is a copy of everything: before each run the state to start from is put back,
not counted. Spark, which keeps its catalog open, has a copy of its own.

    made.db     raw table, and all summaries of it
    day.db      the same, with one more day of raw rows
    late.db     the same, with 1 % late rows instead, some for every day"""
import datetime
import os
import shutil
import subprocess
import sys

from embedded import AGGREGATES, PEER
from lakehouse import CACHE, SPARK
from sides import HERE, Case, Processes, Session, quietly, values

DAYS, PRODUCTS = 1000, 1000
PER_DAY = int(os.environ.get("FIRN_BENCH_REFRESH_PER_DAY", "200000"))
LATE = PER_DAY // 100
FIRST = datetime.date(2025, 1, 14)
NEW = FIRST + datetime.timedelta(days=DAYS)
FIRN, FULL = ["refresh", "-q", "demo.daily"], ["refresh", "-q", "--mode", "full", "demo.daily"]
ANSWER = (f"SELECT transaction_date >= DATE '{NEW}' AS late, count(*), sum(transaction_count), sum(total_quantity), sum(total_revenue), "
          "sum(avg_transaction_value), max(max_transaction_value), min(min_transaction_value) FROM {} GROUP BY 1 ORDER BY 1")
SELECT = f"SELECT {AGGREGATES} FROM {{}} GROUP BY transaction_date, product_id"


def sample(days, per_day, **more):
    more = "".join(f", {name} => {text}" for name, text in more.items())
    return f"SELECT * FROM sample_sales(days => {days}, rows_per_day => {per_day}, products => {PRODUCTS}{more})"


class Place:
    """The folder, and what stands in it."""

    def __init__(self, bench):
        self.bench, self.folder = bench, os.environ.get("FIRN_BENCH_REFRESH", f"{CACHE}/bench-refresh")
        self.spark = os.path.join(self.folder, "spark")
        if not os.path.exists(f"{self.folder}/late.db"):
            self.make()

    def path(self, state):
        return os.path.join(self.folder, f"{state}.db")

    def back_to(self, state, to=None):
        shutil.copyfile(self.path(state), os.path.join(to or self.folder, "firn.db"))

    def sql(self, text):
        quietly([self.bench.firn, "run", "-q", "-c", text], self.folder)

    def make(self):
        """Only a copy that is whole gets its name, so what failed is begun again."""
        def keep(state):
            shutil.copyfile(self.path("firn"), self.path("new"))
            os.rename(self.path("new"), self.path(state))

        if not os.path.exists(self.path("made")):
            shutil.rmtree(self.folder, ignore_errors=True)
            os.makedirs(self.folder)
            quietly([self.bench.firn, "init", "-q"], self.folder)
            by_day = "WITH (partitioning = 'day(transaction_date)')"
            self.sql(f"CREATE SCHEMA demo; CREATE TABLE demo.sales {by_day} AS {sample(DAYS, PER_DAY)}")
            self.sql(f"CREATE MATERIALIZED VIEW demo.daily AS {SELECT.format('demo.sales')}; REFRESH MATERIALIZED VIEW demo.daily")
            for name, parted in (("python", ""), ("spark", ""), ("spark_days", "WITH (partitioning = 'transaction_date')")):
                self.sql(f"CREATE TABLE demo.{name} {parted} AS SELECT * FROM demo.daily")
            keep("made")
        for state, days, per_day, more in (("day", 1, PER_DAY, {"start": f"DATE '{NEW}'", "seed": 7}), ("late", DAYS, LATE, {"seed": 8})):
            self.back_to("made")
            self.sql(f"INSERT INTO demo.sales {sample(days, per_day, **more)}")
            keep(state)
        with open(f"{self.folder}/firn.yaml") as f:
            settings = f.read()
        os.makedirs(self.spark, exist_ok=True)
        with open(f"{self.spark}/firn.yaml", "w") as f:
            f.write(settings.replace("/firn.db", "/spark/firn.db"))

    # ---- sides -----------------------------------------------------------------------------------------------------------

    def question(self, table):
        return [self.bench.firn, "run", "-q", "--format", "csv", "-c", ANSWER.format(table)]

    def process(self, command, state, table="demo.daily"):
        return Processes([command], before=["cp", self.path(state), self.path("firn")], shared=self.folder,
                         after=self.question(table), header=True)

    def firn(self, words, state):
        return self.process([self.bench.firn, *words], state)

    def peer(self, state, *day):
        script = [sys.executable, f"{HERE}/peers/summary.py", self.folder, "demo.sales", "demo.python", *day]
        return self.process(script, state, "demo.python")

    def session(self, spark, sql, table):
        spark.ask(sql, self.spark)  # the statement itself once before

        def ask():
            done = spark.ask(sql, self.spark)
            self.moved[sql] = spark.moved
            return done
        return Session(ask, lambda: values(quietly(self.question(table), self.spark), True))

    # ---- bytes -----------------------------------------------------------------------------------------------------------

    moved = {}

    def moved_by(self, side):
        """What one more run of a process reads and writes, its program and libraries included."""
        quietly(side.before)
        child = subprocess.Popen(side.commands[0], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{child.pid}/io") as f:
            seen = dict(line.split(": ") for line in f.read().splitlines())
        if child.wait() != 0:
            sys.exit(f"exit {child.returncode}: {side.commands[0]}")
        return int(seen["rchar"]), int(seen["wchar"])

    def bytes_of(self, case):
        by_side = {name: self.moved_by(side) for name, side in case.sides.items() if isinstance(side, Processes)}
        by_side |= {name: moved for name, moved in zip((n for n in case.sides if n.startswith(SPARK)), self.moved.values())}
        return "MB read and written, programs and libraries included: " + "; ".join(
            f"{name} {read / 1e6:.1f} and {written / 1e6:.1f}" for name, (read, written) in by_side.items())

    def opened(self, side):
        """Which files under the warehouse an idle refresh opens."""
        if not shutil.which("strace"):
            return "files opened: not counted, there is no strace"
        quietly(side.before)
        lines = subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat", *side.commands[0]], cwd=self.folder,
                               capture_output=True, text=True, check=True).stderr.splitlines()
        paths = [line.split('"')[1] for line in lines if "/warehouse/" in line and "ENOENT" not in line]
        data = [path for path in paths if "/data/" in path]
        own = [path for path in data if "/daily__firn-" in path]
        return (f"{len(paths)} files of the warehouse opened, {len(data) - len(own)} of them data files of the raw table or the "
                f"summary, {len(own)} of its companion")


def cases(bench):
    about = f"{DAYS * PER_DAY / 1e6:g} million raw rows in a file a day, summary of {DAYS:,} days x {PRODUCTS:,} products"

    def day():
        place = Place(bench)
        sides = {"firn": place.firn(FIRN, "day"), "firn, rebuild": place.firn(FULL, "day"),
                 f"{PEER}, rebuild": place.peer("day"), f"{PEER}, that day": place.peer("day", NEW.isoformat())}
        spark = bench.stack.spark()
        if spark:
            place.back_to("day", place.spark)
            raw = "lakehouse.demo.sales"
            anew = f"INSERT OVERWRITE lakehouse.demo.spark {SELECT.format(raw)}"
            columns = AGGREGATES.replace("transaction_date, ", "", 1)
            one = (f"INSERT OVERWRITE lakehouse.demo.spark_days PARTITION (transaction_date = DATE '{NEW}') SELECT {columns} FROM {raw} "
                   f"WHERE transaction_date = DATE '{NEW}' GROUP BY product_id")
            sides |= {f"{SPARK}, rebuild": place.session(spark, anew, "demo.spark"),
                      f"{SPARK}, that day": place.session(spark, one, "demo.spark_days")}
        case = Case("refresh", f"{about}; a day of {PER_DAY:,} rows was appended", sides, runs={name: 1 for name in sides if name.startswith(SPARK)})
        case.notes = lambda: place.bytes_of(case)
        return case

    def late():
        place = Place(bench)
        case = Case("refresh_late", f"{about}; 1 % late rows came, some for every day, a file each",
                    {"firn": place.firn(FIRN, "late"), "firn, rebuild": place.firn(FULL, "late")})
        case.notes = lambda: place.bytes_of(case)
        return case

    def idle():
        place = Place(bench)
        side = place.firn(FIRN, "made")
        case = Case("refresh_idle", f"{about}; nothing has changed", {"firn": side}, wall=0.025)
        case.notes = lambda: place.opened(side)
        return case

    return {"refresh": day, "refresh_late": late, "refresh_idle": idle}
