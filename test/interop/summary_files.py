"""summary_files.py FIRN - where a summary's files end (docs/internals/summary-files.md).

The rule is said again over all rows at once, hidden columns included, from what pyarrow reads. Then
PyIceberg and DuckDB read the summary and get what DuckDB computes from raw, and a rebuild gives the
same files byte for byte.
"""
import hashlib, os, random, subprocess, sys, tempfile
import duckdb, pyarrow, pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog
import seeds

FIRN = os.path.abspath(sys.argv[1])
SIDE, FULL = 1 << 20, 8 << 20
WIDTHS = {"date32[day]": 4, "timestamp[us]": 8, "timestamp[us, tz=UTC]": 8, "int32": 4, "int64": 8, "double": 8}


def run(folder, sql):
    done = subprocess.run([FIRN, "run", "-q", "-c", sql], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{sql}\n{done.stderr}"


def table_of(folder, name):
    c = SqlCatalog("lakehouse", uri=f"sqlite:///{folder}/firn.db", warehouse=f"file://{folder}/warehouse")
    return c.load_table(f"demo.{name}")


def files_of(table):
    """In the order they were written; each file is read by itself."""
    files = sorted(table.inspect.data_files().to_pylist(), key=lambda f: f["file_path"])
    return files, [f["file_path"].removeprefix("file://") for f in files]


def weights(columns):
    """What each row weighs."""
    total = [0] * len(columns)
    for column in columns.columns:
        kind = str(column.type)
        for i, value in enumerate(column.to_pylist()):
            if kind in WIDTHS:
                total[i] += WIDTHS[kind]
            elif kind.startswith("decimal"):
                total[i] += 16
            else:
                total[i] += 4 + (0 if value is None else len(value.encode() if isinstance(value, str) else value))
    return total


def cut(weight, months):
    """Row counts of the files; months None: no time key."""
    behind, ends, start, size = sum(weight), [], 0, 0
    for i, w in enumerate(weight):
        boundary = months and i > start and months[i] != months[i - 1] and size > SIDE and behind > SIDE
        if boundary or size >= FULL:
            ends.append(i - start)
            start, size = i, 0
        size, behind = size + w, behind - w
    return ends + [len(weight) - start]


def check_partition(name, key, months, files):
    """One partition's files, or all: sorted, cut by the rule, ranges of the first key in order."""
    rows = pyarrow.concat_tables([pyarrow.parquet.ParquetFile(f["file_path"].removeprefix("file://")).read() for f in files])
    keys = rows.column(0).to_pylist()
    assert keys == sorted(keys, key=lambda k: (k is None, k)), "rows are sorted by key"
    counts = [f["record_count"] for f in files]
    expected = cut(weights(rows), [k and (k.year, k.month) for k in keys] if months else None)
    assert counts == expected, f"{name}: files of {counts} rows, the rule says {expected}"
    ranges = [(m[key]["lower_bound"], m[key]["upper_bound"]) for m in (f["readable_metrics"] for f in files)]
    ranges = [r for r in ranges if r[0] is not None and not isinstance(r[0], str)]  # text is cut to 16, and raised
    assert all(a[1] <= b[0] for a, b in zip(ranges, ranges[1:])), f"{name}: ranges of {key} overlap: {ranges}"


def check(folder, name, key, months, sql):
    table = table_of(folder, name)
    files, paths = files_of(table)
    counts = [f["record_count"] for f in files]
    for partition in {str(f["partition"]) for f in files}:
        check_partition(name, key, months, [f for f in files if str(f["partition"]) == partition])
    seen = table.scan().to_arrow()
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.register("raw", table_of(folder, "raw").scan().to_arrow())
    own = "read_parquet([" + ", ".join(f"'{p}'" for p in paths) + "])"
    columns = ", ".join(f'"{c}"' for c in seen.column_names)
    wanted = db.sql(sql).fetchall()
    for reader, got in (("PyIceberg", list(zip(*(c.to_pylist() for c in seen.columns)))),
                        ("DuckDB", db.sql(f"SELECT {columns} FROM {own}").fetchall())):
        assert sorted(got, key=repr) == sorted(wanted, key=repr), f"{name}: {reader} reads other rows"
    return table, paths, counts


def summary(folder, name, key, months, sql, options=""):
    run(folder, f"CREATE MATERIALIZED VIEW demo.{name} {options} AS {sql.replace('raw', 'demo.raw')};"
                f"REFRESH MATERIALIZED VIEW demo.{name}")
    table, paths, counts = check(folder, name, key, months, sql)
    digests = lambda of: [hashlib.sha256(open(p, "rb").read()).hexdigest() for p in of]
    before = digests(paths)
    run(folder, f"SET firn.refresh_mode = 'full'; REFRESH MATERIALIZED VIEW demo.{name}")
    again = table_of(folder, name)
    paths = files_of(again)[1]
    assert again.current_snapshot().snapshot_id != table.current_snapshot().snapshot_id
    assert digests(paths) == before, f"{name}: a rebuild of the same rows gives other files"
    assert all(again.properties[i] == table.properties[i] for i in ("firn.rows-digest", "firn.states-digest"))
    return counts


if __name__ == "__main__":
    rng = random.Random(seeds.seed())
    with tempfile.TemporaryDirectory() as work:
        # 2023 has months of 4,000 to 14,000 groups, June 2024 alone has 150,000 (over 8 MiB), then a few small months
        per_month = {(2023, m): rng.randrange(4000, 14000) for m in range(1, 13)}
        per_month |= {(2024, 6): 150000, (2024, 7): 700, (2024, 8): 60, (2025, 1): 40}
        with open(f"{work}/raw.csv", "w") as f:
            f.write("day,moment,product,amount\n")
            for (y, m), n in per_month.items():
                for i in range(n):
                    day, second = f"{y}-{m:02}-{rng.randrange(1, 29):02}", rng.randrange(60)
                    f.write(f"{day},{day} 23:59:{second:02},{i}{'x' * rng.randrange(30)},{rng.randrange(10**6)}\n")
            f.write(",,none,1\n" * 3)
        subprocess.run([FIRN, "init", "-q"], cwd=work, check=True)
        run(work, "CREATE SCHEMA demo; CREATE TABLE demo.raw (day date, moment timestamp, product text, amount bigint);"
                  "COPY demo.raw FROM 'raw.csv' WITH (FORMAT csv, HEADER)")
        say = {}
        measures = "count(*) AS n, min(amount) AS low, max(amount) AS high"
        say["months"] = summary(work, "months", "day", True,
                                f"SELECT day, product, {measures} FROM raw GROUP BY day, product")
        assert len(say["months"]) > 3
        say["stamps"] = summary(work, "stamps", "moment", True,
                                f"SELECT moment, product, {measures} FROM raw GROUP BY moment, product")
        say["no time key"] = summary(work, "plain", "product", False,
                                     f"SELECT product, day, {measures} FROM raw GROUP BY product, day")
        assert len(say["no time key"]) > 1
        say["three partitions"] = summary(work, "parts", "day", True, f"SELECT day, product, {measures} FROM raw GROUP BY day, product",
                                          "WITH (partitioning = 'bucket(3, product)')")
        assert len(say["three partitions"]) > 3
        say["tiny"] = summary(work, "tiny", "day", True, f"SELECT day, {measures} FROM raw GROUP BY day")
        assert len(say["tiny"]) == 1
        print("ok: rows by file:", say)
