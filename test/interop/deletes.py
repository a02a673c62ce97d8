"""deletes.py FIRN JARS - tables with delete files: firn's rows equal Spark's in every table and snapshot.

Spark makes the tables (merge-on-read DELETE, UPDATE, MERGE); Iceberg's own Java writers make the equality deletes that
Spark never writes. Then firn changes them and Spark reads what firn left."""
import csv, io, os, subprocess, sys, tempfile
from pyspark.sql import SparkSession

firn, jars = os.path.abspath(sys.argv[1]), sys.argv[2]
lake = tempfile.mkdtemp()
paths = ",".join(sorted(f"{jars}/{j}" for j in os.listdir(jars) if j.startswith(("iceberg-spark", "sqlite-jdbc"))))


def run(*args, code=0):
    p = subprocess.run([firn, *args], cwd=lake, capture_output=True, text=True)
    assert p.returncode == code, f"{args}: exit {p.returncode}, wanted {code}\n{p.stdout}\n{p.stderr}"
    return p


def query(sql):
    return list(csv.reader(io.StringIO(run("run", "-q", "--format", "csv", "-c", sql).stdout)))[1:]


def session():
    """A new session: JdbcCatalog reads the catalog's state of its first use for as long as it lives."""
    active = SparkSession.getActiveSession()
    if active:
        active.stop()
    s = (SparkSession.builder.master("local[2]").appName("firn").config("spark.ui.enabled", "false")
         .config("spark.ui.showConsoleProgress", "false")
         .config("spark.jars", paths).config("spark.driver.extraClassPath", paths.replace(",", ":"))
         .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
         .config("spark.default.parallelism", "2")
         .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
         .config("spark.sql.catalog.lakehouse", "org.apache.iceberg.spark.SparkCatalog")
         .config("spark.sql.catalog.lakehouse.catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog")
         .config("spark.sql.catalog.lakehouse.uri", f"jdbc:sqlite:{lake}/firn.db")
         .config("spark.sql.catalog.lakehouse.warehouse", f"file://{lake}/warehouse")
         .config("spark.sql.catalog.lakehouse.jdbc.schema-version", "V1")
         .config("spark.sql.catalog.lakehouse.cache-enabled", "false").getOrCreate())
    s.sparkContext.setLogLevel("OFF")
    return s


def sql(text):
    return spark.sql(text.replace("demo.", "lakehouse.demo."))


def text(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return str(v).lower()
    if isinstance(v, float):
        return repr(int(v)) if v == int(v) else repr(v)
    return str(v)


def spark_rows(table, snapshot=None):
    version = f" VERSION AS OF {snapshot}" if snapshot else ""
    return sorted([text(v) for v in r] for r in sql(f"SELECT * FROM demo.{table}{version}").collect())


def firn_rows(table, at=None):
    name = f'"{table}@{at}"' if at else table
    return sorted(query(f"SELECT * FROM demo.{name}"))


expected = {}  # (table, snapshot or None) -> rows, as Spark reads them


def remember(table):
    """Every snapshot of the table, and its newest state."""
    for (snapshot,) in sql(f"SELECT snapshot_id FROM demo.{table}.snapshots").collect():
        if (table, snapshot) not in expected:
            expected[table, snapshot] = spark_rows(table, snapshot)
    expected[table, None] = spark_rows(table)


def delete_files(table):
    return [tuple(r) for r in sql(f"SELECT content, file_format, record_count FROM demo.{table}.delete_files").collect()]


def equality_delete(table, columns, rows, partition=None, spec=None):
    """Commits one equality delete file of `rows` (tuples of `columns`), in a partition (its values) or global."""
    jvm, gateway = spark._jvm, spark.sparkContext._gateway
    t = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, f"lakehouse.demo.{table}")
    schema, spec = t.schema(), t.spec() if spec is None else t.specs().get(spec)
    ids = [schema.findField(c).fieldId() for c in columns]
    wanted = jvm.java.util.HashSet()
    array = gateway.new_array(jvm.int, len(ids))
    for i, n in enumerate(ids):
        wanted.add(n)
        array[i] = n
    selected = jvm.org.apache.iceberg.types.TypeUtil.select(schema, wanted)
    factory = jvm.org.apache.iceberg.data.GenericAppenderFactory(schema, spec, array, selected, None)
    key = None
    if spec.isPartitioned():
        key = jvm.org.apache.iceberg.PartitionData(spec.partitionType())
        for i, v in enumerate(partition):
            key.put(i, v)
    uuid = str(jvm.java.util.UUID.randomUUID())
    out = t.io().newOutputFile(f"{t.location()}/data/eq-{uuid}.parquet")
    encrypted = jvm.org.apache.iceberg.encryption.EncryptedFiles.plainAsEncryptedOutput(out)
    writer = factory.newEqDeleteWriter(encrypted, jvm.org.apache.iceberg.FileFormat.PARQUET, key)
    for row in rows:
        record = jvm.org.apache.iceberg.data.GenericRecord.create(selected)
        for c, v in zip(columns, row):
            record.setField(c, v)
        writer.write(record)
    writer.close()
    t.newRowDelta().addDeletes(writer.toDeleteFile()).commit()


MOR = ("'write.delete.mode'='merge-on-read','write.update.mode'='merge-on-read','write.merge.mode'='merge-on-read'")


def create(table, more="", columns="id int, name string, v double, day date", version=2):
    sql(f"CREATE TABLE demo.{table} ({columns}) USING iceberg {more} TBLPROPERTIES ('format-version'='{version}',{MOR})")


def fill(table, first, last):
    sql(f"""INSERT INTO demo.{table} SELECT CAST(id AS int), CASE WHEN id % 7 = 0 THEN NULL ELSE concat('n', id % 5) END,
            id / 4D, date_add(DATE '2024-01-30', CAST(id % 4 AS int)) FROM range({first}, {last}, 1, 1)""")


run("init")
run("run", "-q", "-c", "CREATE SCHEMA demo;")
spark = session()

# 1. Position deletes: file by file and by partition; several in one file's life; UPDATE and MERGE.
for granularity in ("file", "partition"):
    t = f"mor_{granularity}"
    create(t, "PARTITIONED BY (day)")
    sql(f"ALTER TABLE demo.{t} SET TBLPROPERTIES ('write.delete.granularity'='{granularity}')")
    fill(t, 0, 5000)
    fill(t, 5000, 6000)
    sql(f"DELETE FROM demo.{t} WHERE id % 3 = 0")
    sql(f"DELETE FROM demo.{t} WHERE id BETWEEN 4000 AND 4400 OR name IS NULL")
    fill(t, 6000, 6100)
    sql(f"UPDATE demo.{t} SET v = -1, name = 'updated' WHERE id % 10 = 1")
    sql(f"""MERGE INTO demo.{t} t USING (SELECT CAST(id AS int) AS id FROM range(5900, 6200, 1, 1)) s ON t.id = s.id
            WHEN MATCHED AND t.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'merged'
            WHEN NOT MATCHED THEN INSERT (id, name, v, day) VALUES (s.id, 'new', 0, DATE '2024-02-01')""")
    assert all(c == 1 for c, _, _ in delete_files(t)) and len(delete_files(t)) > 3, delete_files(t)
    remember(t)

# 2. Equality deletes: several columns, NULL equal to NULL, partition-scoped and global, older and younger than data.
create("eq", "PARTITIONED BY (truncate(2, name))")
fill("eq", 0, 400)
equality_delete("eq", ["id"], [(3,), (8,), (9,), (13,)], ["n3"])  # 9 lies in partition n4: not meant
equality_delete("eq", ["name"], [(None,)], [None])
fill("eq", 390, 430)  # younger: 390 .. 399 twice
equality_delete("eq", ["name", "id"], [("n1", 11), ("n1", 12), ("n1", 391)], ["n1"])
equality_delete("eq", ["v", "name"], [(0.25, "n1"), (1.5, "n1")], ["n1"])
sql("ALTER TABLE demo.eq RENAME COLUMN v TO value")
remember("eq")
# A column that deletes compare is promoted, another is dropped: Spark 3.5 fails on such tables, the specification does
# not, so the rows are those that Spark read before; a new column of a dropped one's name is another one.
sql("ALTER TABLE demo.eq ALTER COLUMN id TYPE bigint")
assert firn_rows("eq") == expected["eq", None]
sql("ALTER TABLE demo.eq DROP COLUMN id")
sql("ALTER TABLE demo.eq ADD COLUMN id string")
expected["eq", None] = sorted(r[1:] + [""] for r in expected["eq", None])

create("eq_global")
fill("eq_global", 0, 100)
equality_delete("eq_global", ["id"], [(1,), (50,)])
sql("ALTER TABLE demo.eq_global ADD PARTITION FIELD day")
fill("eq_global", 100, 200)
equality_delete("eq_global", ["id"], [(2,), (150,)], spec=0)  # the unpartitioned spec: meant for all
sql("DELETE FROM demo.eq_global WHERE id IN (3, 151)")        # position deletes beside them, of two specs
fill("eq_global", 0, 3)
sql("ALTER TABLE demo.eq_global ADD COLUMN late int")
equality_delete("eq_global", ["late", "id"], [(None, 4), (7, 5)], spec=0)  # the files have no column `late`
remember("eq_global")

# 3. Format version 3: deletion vectors; a table that was of version 2, with position deletes that vectors replace.
create("v3", "PARTITIONED BY (day)", version=3)
fill("v3", 0, 3000)
sql("DELETE FROM demo.v3 WHERE id % 11 = 0")
sql("DELETE FROM demo.v3 WHERE id BETWEEN 500 AND 1500 AND id % 2 = 0")
fill("v3", 3000, 3100)
sql("UPDATE demo.v3 SET name = 'updated' WHERE id % 100 = 7")
sql("ALTER TABLE demo.v3 ADD COLUMN late int")
assert {f for _, f, _ in delete_files("v3")} == {"PUFFIN"}, delete_files("v3")
remember("v3")
create("up", columns="id int, name string, v double, day date")
fill("up", 0, 2000)
sql("DELETE FROM demo.up WHERE id < 10 OR id % 5 = 0")
fill("up", 2000, 2100)
sql("ALTER TABLE demo.up SET TBLPROPERTIES ('format-version'='3')")
remember("up")
fill("up", 2100, 2200)
sql("DELETE FROM demo.up WHERE id BETWEEN 1000 AND 1010")
equality_delete("up", ["id"], [(1,), (77,), (2001,)])
remember("up")
assert "PUFFIN" in {f for _, f, _ in delete_files("up")}, delete_files("up")

# 4. Partitioning that changes under deletes; a branch of its own; imported files; paths and gzip metadata.
create("evolved", "PARTITIONED BY (day)")
fill("evolved", 0, 500)
sql("DELETE FROM demo.evolved WHERE id % 13 = 0")
sql("ALTER TABLE demo.evolved REPLACE PARTITION FIELD day WITH bucket(3, id)")
fill("evolved", 500, 1000)
sql("DELETE FROM demo.evolved WHERE id % 7 = 0")  # files of both specs
sql("ALTER TABLE demo.evolved DROP PARTITION FIELD id_bucket_3")
sql("UPDATE demo.evolved SET v = 0 WHERE id % 50 = 1")
remember("evolved")
sql("ALTER TABLE demo.evolved CREATE BRANCH side")
sql("DELETE FROM demo.evolved.branch_side WHERE id < 400")
sql("INSERT INTO demo.evolved.branch_side VALUES (7777, 'side', 1.5D, DATE '2024-01-30')")
expected["evolved", "side"] = sorted([text(v) for v in r] for r in sql("SELECT * FROM demo.evolved VERSION AS OF 'side'").collect())
assert ["7777", "side", "1.5", "2024-01-30"] in expected["evolved", "side"]

spark.range(0, 100, 1, 1).selectExpr("CAST(id AS int) AS id", "concat('f', id) AS name").write.parquet(f"{lake}/imported")
sql("CREATE TABLE demo.imported (id int, name string) USING iceberg TBLPROPERTIES ("
    f"'write.data.path'='file://{lake}/elsewhere/data','write.metadata.path'='file://{lake}/elsewhere/metadata',"
    f"'write.metadata.compression-codec'='gzip',{MOR})")
spark.sql(f"CALL lakehouse.system.add_files(table => 'demo.imported', source_table => '`parquet`.`{lake}/imported`')")
sql("ALTER TABLE demo.imported RENAME COLUMN name TO label")
sql("ALTER TABLE demo.imported ADD COLUMN name string")  # the files' column of this name is another one
sql("DELETE FROM demo.imported WHERE id % 3 = 0")
sql("INSERT INTO demo.imported VALUES (1000, 'late', 'x')")
remember("imported")

# 5. Default values and a type that firn does not read, set through Iceberg's own classes.
NestedField = getattr(spark._jvm, "org.apache.iceberg.types.Types$NestedField")
types = spark._jvm.org.apache.iceberg.types.Types


def add_columns(table, columns):
    t = spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, f"lakehouse.demo.{table}")
    base = t.operations().current()
    fields, last = spark._jvm.java.util.ArrayList(base.schema().columns()), base.lastColumnId()
    for name, kind, initial, write in columns:
        last += 1
        f = NestedField.optional(name).withId(last).ofType(kind)
        f = f if initial is None else f.withInitialDefault(initial)
        fields.add((f if write is None else f.withWriteDefault(write)).build())
    t.operations().commit(base, base.updateSchema(spark._jvm.org.apache.iceberg.Schema(fields), last))


create("defaults", version=3)
fill("defaults", 0, 20)
add_columns("defaults", [("i", types.IntegerType.get(), 7, 8), ("s", types.StringType.get(), "old", "new"),
                         ("x", types.DoubleType.get(), 1.5, None)])
sql("DELETE FROM demo.defaults WHERE id % 2 = 0")
remember("defaults")
add_columns("defaults", [("ns", types.TimestampNanoType.withoutZone(), None, None)])  # Spark reads the table no more

for (table, snapshot), want in expected.items():
    got = firn_rows(table, snapshot)
    assert got == want, (table, snapshot, len(got), len(want), [r for r in got if r not in want][:3], [r for r in want if r not in got][:3])
print(len(expected), "states equal")
# aggregates and filters see the same rows
for t in ("mor_file", "mor_partition", "eq_global"):
    q = "SELECT count(*), min(id), max(id), count(name), sum(v) FROM demo.{} WHERE {}"
    for where in ("TRUE", "id < 1000", "name = 'n3'", "id = 150 OR id = 151", "day = DATE '2024-02-01'"):
        want = [[text(v) for v in r] for r in sql(q.format(t, where)).collect()]
        assert query(q.format(t, where)) == want, (t, where, query(q.format(t, where)), want)

# 6. firn deletes and inserts: what was deleted stays deleted, in Spark's eyes too.
left = {}
for t, where in (("mor_file", "id % 4 = 1"), ("mor_partition", "id >= 2500"), ("eq_global", "id < 60"), ("eq", "name = 'n1'"),
                 ("evolved", "id < 100"), ("imported", "id < 50")):
    if t == "mor_partition":  # a summary covers what is left
        run("run", "-q", "-c", f"CREATE MATERIALIZED VIEW demo.per_name AS SELECT name, count(*) AS n, sum(v) AS v FROM demo.{t} GROUP BY name; "
            "REFRESH MATERIALIZED VIEW demo.per_name;")
        assert firn_rows("per_name") == sorted(query(f"SELECT name, count(*), sum(v) FROM demo.{t} GROUP BY name"))
        assert sum(int(r[1]) for r in firn_rows("per_name")) == len(expected[t, None])
    named = "label" if t == "imported" else "name"
    run("run", "-q", "-c", f"BEGIN; DELETE FROM demo.{t} WHERE {where}; INSERT INTO demo.{t} ({named}) VALUES ('mine'); COMMIT;")
    left[t] = firn_rows(t)
for t in left:
    assert sum(r.count("mine") for r in left[t]) == 1
gone = {"mor_file": lambda r: int(r[0]) % 4 == 1, "mor_partition": lambda r: int(r[0]) >= 2500, "eq_global": lambda r: int(r[0]) < 60,
        "eq": lambda r: r[0] == "n1", "evolved": lambda r: int(r[0]) < 100, "imported": lambda r: int(r[0]) < 50}
for t, is_gone in gone.items():
    assert [r for r in left[t] if "mine" not in r] == [r for r in expected[t, None] if not is_gone(r)], t
run("run", "-q", "-c", "INSERT INTO demo.defaults (id) VALUES (100)", code=1)  # it would leave out the column `ns`
assert 'column "ns" is of type "timestamp_ns", which is not supported' in run("run", "-c", "SELECT ns FROM demo.defaults", code=1).stderr
# version 3: rows are added, whole files go, rows that would move are refused
run("run", "-q", "-c", "INSERT INTO demo.v3 (id, day) VALUES (9001, DATE '2024-01-31'), (9002, DATE '2031-01-01'); DELETE FROM demo.v3 WHERE day = DATE '2024-02-01';")
run("run", "-q", "-c", "DELETE FROM demo.v3 WHERE id = 1", code=1)
run("run", "-q", "-c", "INSERT INTO demo.up (id) VALUES (9001)")
for t in ("v3", "up"):
    left[t] = firn_rows(t)
assert [r for r in left["up"] if r[0] != "9001"] == expected["up", None]
assert [r for r in left["v3"] if r[0] not in ("9001", "9002")] == [r for r in expected["v3", None] if r[3] != "2024-02-01"]
spark = session()
for t in ("mor_file", "mor_partition", "eq_global", "evolved", "imported", "v3", "up"):
    assert spark_rows(t) == left[t], t
    assert sql(f"SELECT count(*), max(id) FROM demo.{t}").collect()[0][0] == len(left[t]), t
# and Spark goes on from there
sql("INSERT INTO demo.v3 SELECT CAST(id AS int), 'spark', 0D, DATE '2024-01-31', 1 FROM range(5000, 5010, 1, 1)")
sql("DELETE FROM demo.v3 WHERE id = 9001 OR id = 5003")
remember("v3")
assert firn_rows("v3") == expected["v3", None]
assert all(f"{lake}/elsewhere/data/" in p for p, c in query('SELECT file_path, content FROM demo."imported$files"') if "/imported/" not in p)
spark.stop()
one = "SELECT 1 AS id, 'x' AS name, 0.5::double precision AS v, DATE '2024-01-30' AS day"
run("run", "-q", "-c", f"CREATE OR REPLACE TABLE demo.mor_file AS {one}; CREATE OR REPLACE TABLE demo.v3 AS {one};")
spark = session()
for t in ("mor_file", "v3"):
    assert firn_rows(t) == spark_rows(t) == [["1", "x", "0.5", "2024-01-30"]] and delete_files(t) == [], t
spark.stop()
print("ok")
