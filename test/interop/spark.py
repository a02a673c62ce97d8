"""spark.py FIRN JARS - one SQLite catalog shared by firn, Spark (as a JdbcCatalog) and PyIceberg.

Spark's Python runs this; PyIceberg's side runs in the Python named by FIRN_JUDGES (pyiceberg_side.py)."""
import csv, io, json, os, subprocess, sys, tempfile
from pyspark.sql import SparkSession

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle

firn, jars = os.path.abspath(sys.argv[1]), sys.argv[2]
here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp()
lake = f"{work}/firn-demo"


def run(*args, code=0):
    p = subprocess.run([firn, *args], cwd=lake, capture_output=True, text=True)
    assert p.returncode == code, f"{args}: exit {p.returncode}, wanted {code}\n{p.stdout}\n{p.stderr}"
    return p


def query(sql):
    return list(csv.reader(io.StringIO(run("run", "-q", "--format", "csv", "-c", sql).stdout)))[1:]


def pyiceberg(*args):
    out = subprocess.run([os.environ["FIRN_JUDGES"], f"{here}/pyiceberg_side.py", lake, *args],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


subprocess.run([firn, "demo", "-q"], cwd=work, check=True, capture_output=True)
paths = ",".join(sorted(f"{jars}/{j}" for j in os.listdir(jars) if j.startswith(("iceberg-spark", "sqlite-jdbc"))))


def session():
    """A new session: JdbcCatalog reads the catalog's state of its first use for as long as it lives."""
    active = SparkSession.getActiveSession()
    if active:
        active.stop()
    s = (SparkSession.builder.master("local[2]").appName("firn").config("spark.ui.enabled", "false")
         .config("spark.jars", paths).config("spark.driver.extraClassPath", paths.replace(",", ":"))
         .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
         .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
         .config("spark.sql.catalog.lakehouse", "org.apache.iceberg.spark.SparkCatalog")
         .config("spark.sql.catalog.lakehouse.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog")
         .config("spark.sql.catalog.lakehouse.uri", f"jdbc:sqlite:{lake}/firn.db")
         .config("spark.sql.catalog.lakehouse.warehouse", f"file://{lake}/warehouse")
         .config("spark.sql.catalog.lakehouse.jdbc.schema-version", "V1")
         .config("spark.sql.catalog.lakehouse.cache-enabled", "false").getOrCreate())
    s.sparkContext.setLogLevel("OFF")
    return s


spark = session()


def rows(sql):
    return [tuple(r) for r in spark.sql(sql).collect()]


# 1. Spark reads what firn wrote: rows, types, eight columns.
want = oracle.sample()
assert sorted(rows("SELECT * FROM lakehouse.demo.sales_transactions_raw")) == sorted(want)
types = [(f.name, f.dataType.simpleString()) for f in spark.table("lakehouse.demo.sales_transactions_raw").schema]
assert types == [("transaction_date", "date"), ("product_id", "bigint"), ("quantity", "bigint"),
                 ("unit_price", "double"), ("amount", "double")], types
summary = spark.table("lakehouse.demo.sales_daily_summary")
assert [(f.name, f.dataType.simpleString()) for f in summary.schema] == [
    ("transaction_date", "date"), ("product_id", "bigint"), ("transaction_count", "bigint"),
    ("total_quantity", "bigint"), ("total_revenue", "double"), ("avg_transaction_value", "double"),
    ("max_transaction_value", "double"), ("min_transaction_value", "double")], summary.schema
assert {r[:2]: r[2:] for r in map(tuple, summary.collect())} == oracle.summary(want)
# numbers that Spark answers from metadata alone
assert rows("SELECT count(*), min(amount), max(amount), min(transaction_date) FROM lakehouse.demo.sales_transactions_raw") == [
    (999, min(r[4] for r in want), max(r[4] for r in want), want[0][0])]

# 2. A refused first refresh leaves no row, a refused second one the old rows, in both readers.
run("run", "-q", "-c", "CREATE MATERIALIZED VIEW demo.gated AS SELECT product_id, count(*) AS n FROM "
    "demo.sales_transactions_raw GROUP BY product_id; ALTER MATERIALIZED VIEW demo.gated ADD CONSTRAINT few CHECK (n < 10);")
run("refresh", "demo.gated", code=3)
spark = session()
assert rows("SELECT * FROM lakehouse.demo.gated") == [] and pyiceberg("rows", "demo.gated") == []
run("run", "-q", "-c", "ALTER MATERIALIZED VIEW demo.gated DROP CONSTRAINT few; REFRESH MATERIALIZED VIEW demo.gated;")
spark = session()
old = sorted(rows("SELECT * FROM lakehouse.demo.gated"))
assert len(old) == 3
run("run", "-q", "-c", "ALTER MATERIALIZED VIEW demo.gated ADD CONSTRAINT few CHECK (n < 10);")
run("run", "-q", "-c", "INSERT INTO demo.sales_transactions_raw VALUES (DATE '2025-01-20', 104, 1, 1.5, 1.5);")
run("refresh", "demo.gated", code=3)
spark = session()
assert sorted(rows("SELECT * FROM lakehouse.demo.gated")) == old
assert sorted(map(tuple, pyiceberg("rows", "demo.gated"))) == old

# 3. Spark and PyIceberg append and overwrite; firn reads it.
spark.sql("INSERT INTO lakehouse.demo.sales_transactions_raw VALUES (DATE '2025-01-21', 105, 2, 2.5D, 5.0D)")
pyiceberg("append", "demo.sales_transactions_raw")
assert query("SELECT count(*), sum(amount) FROM demo.sales_transactions_raw WHERE product_id > 103") == [["3", "13.5"]]
spark = session()
spark.sql("INSERT OVERWRITE lakehouse.demo.sales_transactions_raw SELECT * FROM lakehouse.demo.sales_transactions_raw WHERE product_id <> 102")
pyiceberg("delete", "demo.sales_transactions_raw")
spark = session()
left = sorted(rows("SELECT * FROM lakehouse.demo.sales_transactions_raw"))
assert left == sorted([r for r in want if r[1] == 103] + [(r[0], r[1], r[2], r[3], r[4]) for r in left if r[1] > 103])
got = query("SELECT product_id, count(*), sum(quantity) FROM demo.sales_transactions_raw GROUP BY 1 ORDER BY 1")
per = {}
for r in left:
    n, q = per.get(r[1], (0, 0))
    per[r[1]] = (n + 1, q + r[2])
assert got == [[str(p), str(n), str(q)] for p, (n, q) in sorted(per.items())], (got, per)

# 4. Spark makes tables of its own, partitioned; firn reads every row and type, prunes, and writes on.
spark.sql("""CREATE TABLE lakehouse.demo.made_by_spark (id bigint, b boolean, i int, f float, d double, m decimal(12,3),
             w decimal(30,4), day date, ts timestamp, tn timestamp_ntz, s string, x binary)
             USING iceberg PARTITIONED BY (days(ts), bucket(4, id), truncate(2, s))""")
spark.sql("""INSERT INTO lakehouse.demo.made_by_spark SELECT id, id % 2 = 0, CAST(id AS int), CAST(id / 4 AS float), id / 8D,
             CAST(id / 10 AS decimal(12,3)), CAST(id * 1000000000 AS decimal(30,4)), date_add(DATE '2024-02-27', CAST(id AS int)),
             TIMESTAMP '2024-02-27 23:30:00' + make_dt_interval(0, CAST(id AS int)), TIMESTAMP_NTZ '1969-12-31 23:59:59.5' + make_dt_interval(CAST(id AS int)),
             CASE WHEN id % 5 = 0 THEN NULL ELSE concat('s', id) END, CAST(CAST(id AS string) AS binary) FROM range(40)""")
spark_rows = rows("""SELECT id, b, i, CAST(f AS double), d, CAST(m AS string), CAST(w AS string), CAST(day AS string), CAST(ts AS string),
                     CAST(tn AS string), s, hex(x) FROM lakehouse.demo.made_by_spark ORDER BY id""")
firn_rows = query("""SELECT id, b::text, i, f::double precision, d, m::text, w::text, day, ts AT TIME ZONE 'UTC', tn, s, upper(encode(x, 'hex'))
                     FROM demo.made_by_spark ORDER BY id""")


def text(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return str(v).lower()
    if isinstance(v, float):
        return repr(int(v)) if v == int(v) else repr(v)
    return str(v)


assert [[text(v) for v in r] for r in spark_rows] == firn_rows, (spark_rows[:3], firn_rows[:3])
assert query("SELECT count(*) FROM demo.made_by_spark WHERE ts >= TIMESTAMPTZ '2024-02-28 10:00+00' AND id < 30") == [
    [str(sum(1 for r in spark_rows if r[8] >= "2024-02-28 10:00" and r[0] < 30))]]
run("run", "-q", "-c", "DELETE FROM demo.made_by_spark WHERE id >= 20; INSERT INTO demo.made_by_spark (id, ts, s) VALUES (100, TIMESTAMPTZ '2024-03-05 00:00+00', 'zz');")
spark = session()
assert rows("SELECT count(*), max(id), min(id) FROM lakehouse.demo.made_by_spark") == [(21, 100, 0)]
assert rows("SELECT id FROM lakehouse.demo.made_by_spark WHERE ts >= TIMESTAMP '2024-03-04 00:00:00' AND s = 'zz'") == [(100,)]

# 5. Both find a table under its new name, whoever renamed it, and write on.
run("run", "-q", "-c", "CREATE SCHEMA moved; ALTER TABLE demo.made_by_spark SET SCHEMA moved; BEGIN; ALTER TABLE moved.made_by_spark "
    "RENAME TO m; INSERT INTO moved.m (id) VALUES (101); COMMIT;")
spark = session()
assert rows("SELECT count(*), max(id) FROM lakehouse.moved.m") == [(22, 101)]
assert len(pyiceberg("rows", "moved.m")) == 22
spark.sql("ALTER TABLE lakehouse.moved.m RENAME TO demo.n")
last = spark.table("lakehouse.demo.n").where("id = 101")
last.selectExpr(*("id + 1 AS id" if c == "id" else c for c in last.columns)).writeTo("lakehouse.demo.n").append()
assert query("SELECT count(*), max(id) FROM demo.n") == [["23", "102"]]
spark.stop()
print("ok")
