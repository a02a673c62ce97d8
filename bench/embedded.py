"""embedded.py - the cases in a folder of this machine, beside PyIceberg + DuckDB."""
import os
import subprocess
import sys

from sides import HERE, Case, Processes

PEER = "PyIceberg + DuckDB"
DAYS, PER_DAY = 365, 54794  # 20 million rows
STREAM_DAYS, STREAM_PER_DAY = 500, 100000  # 50 million
AGGREGATES = """transaction_date, product_id, count(*) AS transaction_count, sum(quantity) AS total_quantity,
    sum(amount) AS total_revenue, avg(amount) AS avg_transaction_value, max(amount) AS max_transaction_value,
    min(amount) AS min_transaction_value"""
TOTALS = "SELECT product_id, sum({}) AS total_revenue FROM {} GROUP BY product_id ORDER BY product_id"
ONE_DAY = "SELECT sum(amount), count(*) FROM {} WHERE day = DATE '2010-01-01'"


def make_many(firn, folder):
    """The table and the summary that the two queries read."""
    sql = (f"CREATE SCHEMA demo; CREATE TABLE demo.sales_many AS SELECT * FROM sample_sales(days => {DAYS}, "
           f"rows_per_day => {PER_DAY}) LIMIT 20000000; CREATE MATERIALIZED VIEW demo.sales_many_daily AS SELECT {AGGREGATES} "
           "FROM demo.sales_many GROUP BY transaction_date, product_id; REFRESH MATERIALIZED VIEW demo.sales_many_daily")
    for command in (["init", "-q"], ["run", "-q", "-c", sql]):
        subprocess.run([firn, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make_parts(firn, folder):
    """A table of 10,000 files, one a day, in 100 manifests."""
    subprocess.run([firn, "init", "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, f"{HERE}/peers/parts.py", folder], check=True)


def cases(bench):
    firn = bench.firn

    def shared(name, make):
        """Made when the first case that needs it is measured."""
        folder = os.path.join(bench.work, name)
        if not os.path.exists(folder):
            os.mkdir(folder)
            make(firn, folder)
        return folder

    def peer(script, *args, **more):
        return {PEER: Processes([[sys.executable, f"{HERE}/peers/{script}", *args]], **more)}

    def question(sql):
        return [firn, "run", "-q", "--format", "csv", "-c", sql]

    def ours(commands, **more):
        return {"firn": Processes(commands, header=True, **more)}

    def start():
        return Case("start", "nothing but starting: `firn --help`; the peer's imports", ours([[firn, "--help"]]) |
                    {PEER: Processes([[sys.executable, "-c", "import duckdb, pyarrow, pyiceberg.catalog.sql"]])}, same=False)

    def seed():
        return Case("seed", "`firn init`, then `firn run examples/batch_aggregation.sql`, from an empty folder",
                    ours([[firn, "init"], [firn, "run", f"{HERE}/../examples/batch_aggregation.sql"]],
                         after=question("SELECT * FROM demo.sales_daily_summary ORDER BY 1, 2")) | peer("seed.py", "{dir}"),
                    wall=0.05, memory=30)

    def flights():
        return Case("flights", "`firn run examples/flights.sql`: 336,776 flights from their CSV",
                    ours([[firn, "run", f"{HERE}/../examples/flights.sql", "-v", f"csv={bench.flights}"]], before=[firn, "init"],
                         after=question("SELECT carrier, sum(flights), sum(cancelled) AS c, sum(distance), max(worst_arrival_delay) "
                                        "FROM nyc.daily_carrier GROUP BY carrier ORDER BY c DESC, carrier LIMIT 5")) |
                    peer("flights.py", "{dir}", bench.flights), wall=0.6)

    def stream():
        sql = (f"CREATE SCHEMA demo; CREATE TABLE demo.sales_many AS SELECT * FROM sample_sales(days => {STREAM_DAYS}, "
               f"rows_per_day => {STREAM_PER_DAY})")
        return Case("stream", "50 million rows of `sample_sales` streamed into a table",
                    ours([[firn, "run", "-c", sql]], before=[firn, "init"], after=question("SELECT count(*) FROM demo.sales_many")) |
                    peer("stream.py", "{dir}", str(STREAM_DAYS), str(STREAM_PER_DAY)), memory=256)

    def pair(name, text, column, table):
        many = shared("many", make_many)
        return Case(name, text, ours([question(TOTALS.format(column, table))], shared=many) |
                    peer("query.py", "{dir}", table, TOTALS.format(column, "files"), shared=many))

    def plan():
        parts = shared("parts", make_parts)
        return Case("plan", "one day of a table of 10,000 data files in 100 manifests",
                    ours([question(ONE_DAY.format("demo.parts"))], shared=parts) |
                    peer("query.py", "{dir}", "demo.parts", ONE_DAY.format("files"), "day = '2010-01-01'", shared=parts) |
                    bench.stack.spark_at(parts, ONE_DAY.format("lakehouse.demo.parts")))

    return {"start": start, "seed": seed, "flights": flights, "stream": stream,
            "raw": lambda: pair("raw", "query 1 on 20 million raw rows", "amount", "demo.sales_many"),
            "summary": lambda: pair("summary", "query 2 on their summary", "total_revenue", "demo.sales_many_daily"),
            "plan": plan}
