#!/usr/bin/env python3
"""plan_types.py - asks a PostgreSQL 15 for the types of some thousand expressions.

    plan_types.py FUNCTIONS_DEF GOLDEN [psql arguments ...]

Writes GOLDEN (test/data/plan/postgres_types.tsv), which plan_postgres_test compares with firn:
"expression TAB answer [TAB firn's answer]". The third field is kept from the file as it was where
PostgreSQL's answer did not change; it marks the differences that docs/user/sql.md lists. Nothing is
evaluated on either side, and no table of the database is left behind.
"""
import re, subprocess, sys
from pathlib import Path

ATOMS = ["b", "i", "l", "(i::smallint)", "f", "d", "n", "dt", "tm", "ts", "tz", "x", "u", "y",
         "(tm - tm)", "NULL", "'1'", "1", "1.5", "3000000000"]
OPERATORS = ["+", "-", "*", "/", "^", "||", "=", "LIKE"]
PAIRS = ["CASE WHEN b THEN {0} ELSE {1} END", "{0} IN ({1})", "nullif({0}, {1})"]
SINGLES = ["-{0}", "+{0}", "NOT {0}", "{0} IS NULL", "{0} IS TRUE", "{0}::text || {0}", "{0} % {0}",
           "{0} AND b", "extract(year FROM {0})", "extract(epoch FROM {0})", "to_char({0}, 'a')",
           "date_trunc('month', {0})", "date_part('month', {0})", "timezone('UTC', {0})",
           "{0} BETWEEN i AND '1'", "greatest({0}, 1.5)", "coalesce(i, {0})", "round({0}, 1)"]
CASTS = ["boolean", "smallint", "int", "bigint", "real", "float8", "numeric", "date", "time",
         "timestamp", "timestamptz", "text", "uuid", "bytea", "interval"]
AGGREGATES = ["count", "sum", "avg", "min", "max", "bool_and", "var_pop", "stddev"]
WHOLE = ["date_bin('1 day', ts, '2025-01-01')", "date_bin(tm - tm, dt, tz)", "round(l, i)",
         "trunc(n, 1)", "trunc(d, 1)", "substr(x, 1, 2)", "lpad(x, 3, 'a')", "make_date(i, 1, 1)",
         "make_timestamp(i, 1, 1, 0, 0, d)", "translate(x, 'a', 'b')", "split_part(x, ',', i)",
         "date_trunc('day', tz, 'UTC')", "mod(l, i)", "mod(n, i)", "concat_ws(',', i, x)",
         "concat(dt, 1)", "to_timestamp('a', 'b')", "to_timestamp(i)", "age(dt, ts)", "age(tz)",
         "age(ts)", "position('a' IN x)", "trim(x)", "overlay_not_there(x)", "now() - dt"]
NOT_CALLED = {"not", "like", "ilike", "assert", "random", "extract", "gen_random_uuid", "version",
              "now", "clock_timestamp", "pi", "pg_typeof", "position", "timezone", "to_char",
              "concat", "concat_ws"}
TABLE = ("CREATE TEMP TABLE t (b boolean, i int, l bigint, f real, d float8, n numeric(10,2), m "
         "numeric(38,4), dt date, tm time, ts timestamp, tz timestamptz, x text, u uuid, y bytea);")


def expressions(functions_def):
    out = [p.format(a, c) for a in ATOMS for c in ATOMS for p in PAIRS]
    out += [f"{a} {o} {c}" for a in ATOMS for c in ATOMS for o in OPERATORS]
    out += [s.format(a) for a in ATOMS for s in SINGLES]
    out += [f"CAST({a} AS {t})" for a in ATOMS for t in CASTS]
    out += [f"{g}({a})" for a in ATOMS for g in AGGREGATES]
    rows = re.findall(r'^FN\(\w+, "([a-z][a-z_0-9]*)", "([^"]*)"', functions_def, re.M)
    one = sorted({n for n, args in rows if len(args) == 1} - NOT_CALLED)
    two = sorted({n for n, args in rows if len(args) == 2} - NOT_CALLED)
    out += [f"{n}({a})" for n in one for a in ATOMS]
    out += [f"{n}({a}, {c})" for n in two for a in ("i", "n", "d", "x", "'1'", "ts", "y")
            for c in ("i", "'1'", "x", "tz")]
    return list(dict.fromkeys(out + WHOLE))


def main():
    functions_def, golden, psql = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    asked = expressions(Path(functions_def).read_text())
    script = ["\\set VERBOSITY sqlstate", TABLE]
    for k, e in enumerate(asked):  # \echo would drop quotes, so it prints the number
        script += [f"\\echo @@ {k}", f"SELECT {e} AS c FROM t \\gdesc"]
    run = subprocess.run(["psql", "-XAt", *psql], input="\n".join(script) + "\n", text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    own = {}
    if golden.exists():
        for line in golden.read_text().splitlines():
            e, answer, *rest = line.split("\t")
            if rest:
                own[e, answer] = rest[0]
    lines, at = [], None
    for line in run.stdout.splitlines():
        if line.startswith("@@ "):
            at = asked[int(line[3:])]
        elif at is not None:
            error = re.search(r"ERROR:  (\w{5})", line)
            answer = error[1] if error else line.split("|", 1)[1].split("(")[0]
            lines.append("\t".join([at, answer] + ([own[at, answer]] if (at, answer) in own else [])))
            at = None
    if len(lines) != len(asked):
        sys.exit(f"{len(asked)} asked, {len(lines)} answered: {run.stdout[-500:]}")
    golden.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} expressions")


main()
