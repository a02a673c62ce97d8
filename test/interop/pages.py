"""pages.py FIRN - conditions that leave pages out give the rows that they give when all are read.

Files of firn's with short pages, sorted and not, with NULLs and gaps, several row groups, rows deleted: each of many random
conditions is asked as it is and in a form that reads everything. DuckDB reads the live files for a third answer. What
was read is less where the rows are together."""
import random, re, sys

import duckdb
from lakehouse import Lakehouse

firn, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 120
rng = random.Random(8)
columns = ["n", "k", "t", "d", "m", "x"]
make = """CREATE SCHEMA s;
CREATE TABLE s.t (n bigint, k int, t text, d date, m decimal(12,2), x double precision) WITH ("write.parquet.page-row-limit" = '700',
  "write.parquet.row-group-size-bytes" = '900000', "write.parquet.compression-codec" = 'uncompressed', "write.parquet.dict-size-bytes" = '0',
  sorted_by = 'n');
INSERT INTO s.t SELECT n, CASE WHEN n % 900 < 300 THEN NULL ELSE CAST(n % 1000 AS int) END, 'name ' || CAST(n * 7919 % 100003 AS text),
  DATE '2020-01-01' + CAST(n / 500 AS int), CAST(n AS decimal(12,2)) / 4, CASE WHEN n % 5 = 0 THEN NULL ELSE n * 0.5 END
  FROM (SELECT quantity * 0 + row_no AS n FROM read_csv('rows.csv')) q;
"""


def literal(c):
    n = rng.randrange(-100, 60100)
    return {"n": str(n), "k": str(n % 1010 - 5), "t": f"'name {n * 31 % 100003}'", "d": f"DATE '2020-01-01' + {n // 500}",
            "m": f"{n / 4:.2f}", "x": f"{n * 0.5}::double precision"}[c]


def leaf():
    c = rng.choice(columns)
    kind = rng.randrange(8)
    if kind == 0:
        return f"{c} IS {rng.choice(['', 'NOT '])}NULL"
    if kind == 1:
        return f"{c} IN ({', '.join(literal(c) for _ in range(rng.randrange(1, 4)))})"
    if kind == 2:
        lo, width = rng.randrange(0, 60000), rng.choice([10, 600, 3000])
        return f"n BETWEEN {lo} AND {lo + width}"
    if kind == 3 and c == "t":
        return f"t LIKE 'name {rng.randrange(10, 99)}%'"
    return f"{c} {rng.choice(['=', '<', '<=', '>', '>=', '<>'])} {literal(c)}"


def condition(depth=2):
    if depth == 0 or rng.random() < 0.3:
        return leaf()
    joined = f" {rng.choice(['AND', 'OR'])} ".join(condition(depth - 1) for _ in range(rng.choice([2, 2, 3])))
    return f"{rng.choice(['', '', 'NOT '])}({joined})"


what = "count(*), sum(n), count(k), sum(k), min(t), max(t), min(d), max(d), sum(m), count(x), sum(x)"
with Lakehouse(firn) as lake:
    lake.script("rows.csv", "row_no,quantity\n" + "".join(f"{i},1\n" for i in range(60000)))
    lake.sql(make)
    lake.sql("DELETE FROM s.t WHERE n BETWEEN 20000 AND 20499 OR n % 997 = 0")
    files = [line for line in lake.sql('SELECT file_path FROM s."t$files"').stdout.split("\n")[1:] if line]
    con = duckdb.connect()
    con.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet({[f.removeprefix('file://') for f in files]})")
    groups = con.execute(f"SELECT max(row_group_id) + 1 FROM parquet_metadata({[f.removeprefix('file://') for f in files]})").fetchone()[0]
    assert groups >= 2, groups
    asked = [condition() for _ in range(count)]
    script = "".join(f"SELECT {what} FROM s.t WHERE {c};\nSELECT {what} FROM s.t WHERE coalesce({c}, false);\n" for c in asked)
    lake.script("ask.sql", script)
    out = [line.split(",") for line in lake.run("run", "-q", "--format", "csv", "ask.sql").stdout.strip().split("\n")]
    answers = [row for row in out if row[0] != "count"]
    assert len(answers) == 2 * count, (len(answers), count)
    some = 0
    for i, c in enumerate(asked):
        pruned, whole = answers[2 * i:2 * i + 2]
        assert pruned == whole, f"{c}\n{pruned}\n{whole}"
        want = con.execute(f"SELECT count(*), sum(n) FROM t WHERE {c}").fetchone()
        got = (int(pruned[0]), int(pruned[1]) if pruned[1] else None)
        assert got == want, (c, got, want)
        some += 0 < got[0] < 59000
    assert some > count // 3, some

    def read(sql):
        found = re.search(r"skipped, (\d+) rows, (\d+) bytes", lake.sql(f"EXPLAIN ANALYZE {sql}").stdout)
        return int(found[2]), int(found[1])
    part = "n BETWEEN 30000 AND 30500"
    few, all_of_it = read(f"SELECT sum(m) FROM s.t WHERE {part}"), read(f"SELECT sum(m) FROM s.t WHERE coalesce({part}, false)")
    assert few[0] * 8 < all_of_it[0] and few[1] <= 2100 and all_of_it[1] > 59000, (few, all_of_it)
print(f"{count} conditions, {some} with some of the rows, {groups} row groups; {few[0]} of {all_of_it[0]} bytes for a part")
