"""measure.py FIRN BENCH_PROCESS FLIGHTS_CSV [--runs N] [--only NAME,...] [--update] - started by bench/run.

A case is one job done by firn and by its peer. Both are run in turn, the order changing each time, in fresh folders;
each run is whole processes from start to exit, warm page cache. A case counts only if both gave the same answer:
equal rows, floating point within 1e-9 of each other (a peer's sums depend on the order of addition).

Wall and CPU are medians, memory is the largest of all runs. The ratio is peer / firn of the median walls; its interval
is the middle 95 % of 10,000 bootstrap samples over the pairs of runs.
"""
import argparse
import datetime
import math
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
DAYS, PER_DAY = 365, 54794  # 20 million rows
STREAM_DAYS, STREAM_PER_DAY = 500, 100000  # 50 million
VIEW = """SELECT transaction_date, product_id, count(*) AS transaction_count, sum(quantity) AS total_quantity,
          sum(amount) AS total_revenue, avg(amount) AS avg_transaction_value, max(amount) AS max_transaction_value,
          min(amount) AS min_transaction_value FROM demo.sales_many GROUP BY transaction_date, product_id"""


class Case:
    """name and text; commands of either side ("{dir}" is the run's folder); after: what prints firn's answer, untimed,
    when the commands do not; limits; shared: a folder that stands already, instead of a fresh one each run."""

    def __init__(self, name, text, firn, peer, before=(), after=None, wall=None, memory=None, shared=None):
        self.name, self.text, self.firn, self.peer = name, text, firn, peer
        self.before, self.after, self.wall, self.memory, self.shared = before, after, wall, memory, shared


def cases(firn, python, flights, many, parts):
    def peer(script, *args):
        return [[python, f"{here}/peers/{script}", *args]]

    def answer(sql):
        return [firn, "run", "-q", "--format", "csv", "-c", sql]

    example = os.path.join(here, "../examples")
    quantities = "SELECT product_id, sum({}) AS total_revenue FROM {} GROUP BY product_id ORDER BY product_id"
    return [
        Case("start", "nothing but starting: `firn --help`; the peer's imports", [[firn, "--help"]],
             [[python, "-c", "import duckdb, pyarrow, pyiceberg.catalog.sql"]]),
        Case("seed", "`firn init`, then `firn run examples/batch_aggregation.sql`, from an empty folder",
             [[firn, "init"], [firn, "run", f"{example}/batch_aggregation.sql"]], peer("seed.py", "{dir}"),
             after=answer("SELECT * FROM demo.sales_daily_summary ORDER BY 1, 2"), wall=0.05, memory=30),
        Case("flights", "`firn run examples/flights.sql`: 336,776 flights from their CSV",
             [[firn, "run", f"{example}/flights.sql", "-v", f"csv={flights}"]], peer("flights.py", "{dir}", flights),
             before=[firn, "init"], wall=0.6,
             after=answer("SELECT carrier, sum(flights), sum(cancelled) AS c, sum(distance), max(worst_arrival_delay) "
                          "FROM nyc.daily_carrier GROUP BY carrier ORDER BY c DESC, carrier LIMIT 5")),
        Case("stream", "50 million rows of `sample_sales` streamed into a table",
             [[firn, "run", "-c", "CREATE SCHEMA demo; CREATE TABLE demo.sales_many AS SELECT * FROM sample_sales("
               f"days => {STREAM_DAYS}, rows_per_day => {STREAM_PER_DAY})"]],
             peer("stream.py", "{dir}", str(STREAM_DAYS), str(STREAM_PER_DAY)), before=[firn, "init"], memory=256,
             after=answer("SELECT count(*) FROM demo.sales_many")),
        Case("raw", "query 1 on 20 million raw rows", [answer(quantities.format("amount", "demo.sales_many"))],
             peer("query.py", "{dir}", "demo.sales_many", quantities.format("amount", "files")), shared=many),
        Case("summary", "query 2 on their summary",
             [answer(quantities.format("total_revenue", "demo.sales_many_daily"))],
             peer("query.py", "{dir}", "demo.sales_many_daily", quantities.format("total_revenue", "files")),
             shared=many),
        Case("plan", "one day of a table of 10,000 data files in 100 manifests",
             [answer("SELECT sum(amount), count(*) FROM demo.parts WHERE day = DATE '2010-01-01'")],
             peer("query.py", "{dir}", "demo.parts", "SELECT sum(amount), count(*) FROM files WHERE day = DATE '2010-01-01'",
                  "day = '2010-01-01'"), shared=parts),
    ]


def make_many(firn, folder):
    """The table and the summary that the two queries read."""
    sql = (f"CREATE SCHEMA demo; CREATE TABLE demo.sales_many AS SELECT * FROM sample_sales(days => {DAYS}, "
           f"rows_per_day => {PER_DAY}) LIMIT 20000000; CREATE MATERIALIZED VIEW demo.sales_many_daily AS {VIEW}; "
           "REFRESH MATERIALIZED VIEW demo.sales_many_daily")
    for command in (["init", "-q"], ["run", "-q", "-c", sql]):
        subprocess.run([firn, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make_parts(firn, folder):
    """A table of 10,000 files, one a day, in 100 manifests."""
    subprocess.run([firn, "init", "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, f"{here}/peers/parts.py", folder], check=True)


# ---- one run ---------------------------------------------------------------------------------------------------------

def run(process, commands, folder):
    """-> (wall s, CPU s, peak MB, what the last one printed)"""
    wall = cpu = peak = 0
    with tempfile.NamedTemporaryFile("r") as cost:
        for command in commands:
            command = [word.replace("{dir}", folder) for word in command]
            done = subprocess.run([process, cost.name, *command], cwd=folder, capture_output=True, text=True)
            with open(cost.name) as f:
                ns, user, system, kb, code = map(int, f.read().split())
            if code != 0:
                sys.exit(f"exit {code}: {' '.join(command)}\n{done.stderr}")
            wall, cpu, peak = wall + ns / 1e9, cpu + (user + system) / 1e6, max(peak, kb / 1024)
    return wall, cpu, peak, done.stdout


def values(text, header):
    rows = []
    for line in text.strip().splitlines()[1 if header else 0:]:
        row = []
        for word in line.split(","):
            try:
                row.append(float(word))
            except ValueError:
                row.append(word)
        rows.append(row)
    return rows


def same(a, b):
    return len(a) == len(b) and all(
        len(x) == len(y) and all(math.isclose(u, v, rel_tol=1e-9) if isinstance(u, float) and isinstance(v, float)
                                 else u == v for u, v in zip(x, y)) for x, y in zip(a, b))


def one(case, side, process, work):
    """One run of one side -> its cost and its answer."""
    folder = case.shared or tempfile.mkdtemp(dir=work)
    try:
        if side == "firn" and case.before:
            subprocess.run(case.before, cwd=folder, check=True, capture_output=True)
        *cost, out = run(process, case.firn if side == "firn" else case.peer, folder)
        if side == "firn" and case.after:
            out = subprocess.run(case.after, cwd=folder, check=True, capture_output=True, text=True).stdout
        return cost, values(out, side == "firn")
    finally:
        if not case.shared:
            shutil.rmtree(folder)


# ---- figures ---------------------------------------------------------------------------------------------------------

def interval(firn, peer):
    rng, n, ratios = random.Random(1), len(firn), []
    for _ in range(10000):
        picks = [rng.randrange(n) for _ in range(n)]
        ratios.append(statistics.median(peer[i] for i in picks) / statistics.median(firn[i] for i in picks))
    ratios.sort()
    return ratios[249], ratios[9749]


def measure(case, process, work, runs):
    costs = {"firn": [], "peer": []}
    for i in range(-1, runs):  # the first of each warms the page cache and is not counted
        answers = {}
        for side in ("firn", "peer") if i % 2 == 0 else ("peer", "firn"):
            cost, answers[side] = one(case, side, process, work)
            if i >= 0:
                costs[side].append(cost)
        if case.name != "start" and not same(answers["firn"], answers["peer"]):
            sys.exit(f"{case.name}: the answers differ\nfirn: {answers['firn'][:20]}\npeer: {answers['peer'][:20]}")
    walls = {side: [c[0] for c in costs[side]] for side in costs}
    line = {"name": case.name, "low_high": interval(walls["firn"], walls["peer"])}
    for side in costs:
        line[side] = (statistics.median(walls[side]), min(walls[side]), statistics.median(c[1] for c in costs[side]),
                      max(c[2] for c in costs[side]))
    line["ratio"] = line["peer"][0] / line["firn"][0]
    line["kept"] = limits(case, line["firn"])
    return line


def limits(case, firn):
    said = []
    if case.wall:
        said.append(f"{'at most' if firn[0] <= case.wall else 'OVER'} {case.wall:g} s")
    if case.memory:
        said.append(f"{'at most' if firn[3] <= case.memory else 'OVER'} {case.memory} MB")
    return ", ".join(said) or "–"


def table(lines):
    out = ["| case | firn wall s (least) | CPU s | MB | peer wall s (least) | CPU s | MB | ratio, 95 % | limit |",
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for x in lines:
        f, p = x["firn"], x["peer"]
        out.append(f"| {x['name']} | **{f[0]:.3f}** ({f[1]:.3f}) | {f[2]:.3f} | {f[3]:.1f} | {p[0]:.3f} ({p[1]:.3f}) | "
                   f"{p[2]:.3f} | {p[3]:.1f} | **{x['ratio']:.1f}** ({x['low_high'][0]:.1f} to "
                   f"{x['low_high'][1]:.1f}) | {x['kept']} |")
    return "\n".join(out)


def machine():
    import duckdb
    import pyarrow
    import pyiceberg
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True).stdout
    ahead = os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO)
    return (f"{datetime.date.today()}; {len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GiB, Linux "
            f"{platform.release().split('-')[0]}{'; both sides scheduled ahead of other work' if ahead else ''}. firn at "
            f"{commit.strip()}; Python {platform.python_version()}, PyIceberg {pyiceberg.__version__}, DuckDB "
            f"{duckdb.__version__}, pyarrow {pyarrow.__version__}.")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("firn"), p.add_argument("process"), p.add_argument("flights")
    p.add_argument("--runs", type=int, default=11)
    p.add_argument("--only", default="")
    p.add_argument("--update", action="store_true")
    a = p.parse_args()
    firn, process = os.path.abspath(a.firn), os.path.abspath(a.process)
    wanted = set(filter(None, a.only.split(",")))
    lines = []
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as work:
        makers = {os.path.join(work, "many"): make_many, os.path.join(work, "parts"): make_parts}
        chosen = [c for c in cases(firn, sys.executable, a.flights, *makers) if not wanted or c.name in wanted]
        for folder in {c.shared for c in chosen if c.shared}:
            os.mkdir(folder)
            makers[folder](firn, folder)
        for case in chosen:
            lines.append(measure(case, process, work, a.runs))
            print(table(lines).splitlines()[-1], file=sys.stderr)
    text = (f"{machine()}\n\nMedians of {a.runs} runs of whole processes, firn and peer in turn; memory is the largest "
            f"of all runs.\n\n{table(lines)}\n\n" + "\n".join(f"- {c.name}: {c.text}" for c in chosen) + "\n")
    print(text)
    if a.update:
        with open(f"{here}/RESULTS.md", "w") as f:
            f.write("# Whole jobs, beside PyIceberg + DuckDB\n\nWritten by `bench/run --update`; `bench/measure.py` "
                    "says how, `bench/peers/` what the peers do.\n\n" + text)
    if any("OVER" in x["kept"] for x in lines):
        sys.exit("a limit is passed")


main()
