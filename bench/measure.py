"""measure.py FIRN BENCH_PROCESS FLIGHTS_CSV [--runs N] [--only NAME,...] [--update] - started by bench/run.

A case is one job done by firn and by its peers (sides.py). All are run in turn, the order changing each time; the first run
of each warms the page cache and is not counted. firn and PyIceberg + DuckDB are whole processes from start to exit; Spark and
Trino, where their row does not say "cold", are sessions and servers that run already and have answered before, and only the
statement counts. A case counts only if all gave the same answer: equal rows, floating point within 1e-9 of each other (a
peer's sums depend on the order of addition).

Wall and CPU are medians, memory is the largest of all runs. The ratio is peer / firn of the median walls; its interval is the
middle 95 % of 10,000 bootstrap samples over the runs.
"""
import argparse
import datetime
import math
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile

import embedded
import lakehouse
import refresh
from sides import HERE

sys.path.append(f"{HERE}/peers")


class Bench:
    """What cases need to know: the programs, a folder for this run, the servers."""

    def __init__(self, a, work):
        self.firn, self.process, self.flights, self.work = os.path.abspath(a.firn), os.path.abspath(a.process), a.flights, work
        self.stack = lakehouse.Stack(self)


def same(a, b):
    return len(a) == len(b) and all(
        len(x) == len(y) and all(math.isclose(u, v, rel_tol=1e-9) if isinstance(u, float) and isinstance(v, float)
                                 else u == v for u, v in zip(x, y)) for x, y in zip(a, b))


# ---- figures ---------------------------------------------------------------------------------------------------------

def interval(firn, peer):
    rng, ratios = random.Random(1), []
    for _ in range(10000):
        theirs, ours = (statistics.median(rng.choices(walls, k=len(walls))) for walls in (peer, firn))
        ratios.append(theirs / ours)
    ratios.sort()
    return ratios[249], ratios[9749]


def measure(case, bench, runs):
    """-> the case's lines of the table, one a peer"""
    names = list(case.sides)
    costs = {name: [] for name in names}
    for i in range(-1, runs):
        answers = {}
        for name in names[i % len(names):] + names[:i % len(names)]:
            if i >= case.runs.get(name, runs) or (i < 0 and name in case.runs):
                continue
            cost, answers[name] = case.sides[name].run(bench)
            if i >= 0:
                costs[name].append(cost)
        for name in answers:
            if case.same and not same(answers["firn"], answers[name]):
                sys.exit(f"{case.name}: the answers differ\nfirn: {answers['firn'][:20]}\n{name}: {answers[name][:20]}")
    walls = {name: [c[0] for c in costs[name]] for name in names}
    figures = {name: (statistics.median(walls[name]), min(walls[name]), statistics.median(c[1] for c in costs[name]),
                      max(c[2] for c in costs[name])) for name in names}
    lines = []
    for name in names[1:] or ["–"]:
        peer = figures.get(name)
        lines.append({"case": case.name, "peer": name, "firn": figures["firn"], "theirs": peer,
                      "ratio": peer and peer[0] / figures["firn"][0], "low_high": peer and interval(walls["firn"], walls[name]),
                      "kept": limits(case, figures["firn"])})
    return lines


def limits(case, firn):
    said = []
    if case.wall:
        said.append(f"{'at most' if firn[0] <= case.wall else 'OVER'} {case.wall:g} s")
    if case.memory:
        said.append(f"{'at most' if firn[3] <= case.memory else 'OVER'} {case.memory} MB")
    return ", ".join(said) or "–"


def commit():
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout.strip()


def line_of(x):
    f, p = x["firn"], x["theirs"]
    theirs = f"{p[0]:.3f} ({p[1]:.3f}) | {p[2]:.3f} | {p[3]:.1f} | **{x['ratio']:.1f}** ({x['low_high'][0]:.1f} to {x['low_high'][1]:.1f})" \
        if p else "– | – | – | –"
    return f"| {x['case']} | **{f[0]:.3f}** ({f[1]:.3f}) | {f[2]:.3f} | {f[3]:.1f} | {x['peer']} | {theirs} | {x['kept']} |"


HEAD = ["| case | firn wall s (least) | CPU s | MB | peer | wall s (least) | CPU s | MB | ratio, 95 % | limit |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]


def machine():
    import duckdb
    import pyarrow
    import pyiceberg
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    ahead = os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO)
    return (f"{datetime.date.today()}; {len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GiB, Linux "
            f"{platform.release().split('-')[0]}{'; all sides scheduled ahead of other work' if ahead else ''}. Python {platform.python_version()}, PyIceberg {pyiceberg.__version__}, DuckDB "
            f"{duckdb.__version__}, pyarrow {pyarrow.__version__}. {lakehouse.VERSIONS}")


# ---- RESULTS.md ------------------------------------------------------------------------------------------------------

def keep(order, machine_text, lines, texts):
    """The lines of a case in the place of its earlier ones; the others stay."""
    path = f"{HERE}/RESULTS.md"
    with open(path) as f:
        old = f.read()
    rows, said = {}, {}
    for row in re.findall(r"^\| (\w+) \| \*\*.*$", old, re.M):
        rows[row] = re.findall(rf"^\| {row} \| \*\*.*$", old, re.M)
    for name, text in re.findall(r"^- (\w+): (.*)$", old, re.M):
        said[name] = text
    rows |= {name: [line_of(x) for x in lines if x["case"] == name] for name in {x["case"] for x in lines}}
    said |= texts
    known = [name for name in order if name in rows]
    with open(path, "w") as f:
        f.write(f"# Whole jobs, beside other programs\n\nWritten by `bench/run --update`; `bench/measure.py` says how, `bench/peers/` "
                f"what the peers do.\n\n{machine_text}\n\nAll sides in turn; memory is the largest of all runs.\n\n"
                + "\n".join(HEAD + [line for name in known for line in rows[name]]) + "\n\n"
                + "\n".join(f"- {name}: {said[name]}" for name in known) + "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("firn"), p.add_argument("process"), p.add_argument("flights")
    p.add_argument("--runs", type=int, default=11)
    p.add_argument("--only", default="")
    p.add_argument("--update", action="store_true")
    a = p.parse_args()
    wanted, lines, texts = set(filter(None, a.only.split(","))), [], {}
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as work:
        bench = Bench(a, work)
        try:
            makers = embedded.cases(bench) | refresh.cases(bench) | lakehouse.cases(bench)
            if wanted - set(makers):
                sys.exit(f"no case {', '.join(sorted(wanted - set(makers)))}: there are {', '.join(makers)}")
            for name, make in makers.items():
                case = make() if not wanted or name in wanted else None
                if not case:
                    continue
                more = measure(case, bench, a.runs)
                texts[name] = case.text + (f". {case.notes()}" if case.notes else "") + f" (medians of {a.runs}; firn at {commit()})"
                lines += more
                print("\n".join(map(line_of, more)), texts[name], sep="\n", file=sys.stderr)
                if a.update:
                    keep(list(makers), machine(), more, {name: texts[name]})
        finally:
            bench.stack.close()
        for why in bench.stack.missing:
            print(f"left out: {why}", file=sys.stderr)
    print(machine(), "\n".join(HEAD + [line_of(x) for x in lines]), "\n".join(f"- {name}: {t}" for name, t in texts.items()), sep="\n\n")
    if any("OVER" in x["kept"] for x in lines):
        sys.exit("a limit is passed")


main()
