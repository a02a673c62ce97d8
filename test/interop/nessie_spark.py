"""nessie_spark.py FIRN - firn and Spark (Iceberg's NessieCatalog) take turns with the same tables of one Nessie branch."""
import os, sys

import spark_session
from nessie_api import URI, Branch

spark_session.prepare()
firn = sys.argv[1]


def rows(lake, sql):
    out = lake.sql(sql).stdout.strip().split("\n")
    return [tuple(line.split(",")) for line in out[1:]]


with Branch(firn) as lake:
    lake.run("run", "-q", f"{os.path.dirname(os.path.abspath(__file__))}/../../examples/batch_aggregation.sql")
    spark = spark_session.session({"lakehouse": {
        "catalog-impl": "org.apache.iceberg.nessie.NessieCatalog", "uri": URI, "ref": lake.name,
        "warehouse": f"file://{lake.folder}/wh", "cache-enabled": "false"}})
    spark.sparkContext.setLogLevel("OFF")

    def seen(sql):
        return [tuple(r) for r in spark.sql(sql).collect()]

    # 1. Spark reads what firn published.
    assert seen("SELECT count(*), sum(quantity) FROM lakehouse.demo.sales_transactions_raw") == [(999, 5526)]
    assert len(spark.table("lakehouse.demo.sales_daily_summary").schema) == 8
    assert seen("SELECT count(*), sum(transaction_count) FROM lakehouse.demo.sales_daily_summary") == [(9, 999)]
    assert sorted(r.namespace for r in spark.sql("SHOW NAMESPACES IN lakehouse").collect()) == ["demo"]
    raw = lake.content("demo", "sales_transactions_raw")["id"]

    # 2. Spark appends and deletes; firn's refresh takes it over; the summary is right for both.
    spark.sql("INSERT INTO lakehouse.demo.sales_transactions_raw VALUES (DATE '2025-01-17', 101, 3, 10.0D, 30.0D)")
    spark.sql("DELETE FROM lakehouse.demo.sales_transactions_raw WHERE transaction_date = DATE '2025-01-14'")
    assert rows(lake, "SELECT count(*) FROM demo.sales_transactions_raw") == [(str(999 - 333 + 1),)]
    lake.sql("REFRESH MATERIALIZED VIEW demo.sales_daily_summary")
    assert seen("SELECT count(*), sum(transaction_count) FROM lakehouse.demo.sales_daily_summary") == [(7, 667)]
    assert lake.content("demo", "sales_transactions_raw")["id"] == raw

    # 3. Both replace, the other reads; the content stays the same one.
    spark.sql("CREATE TABLE lakehouse.demo.t USING iceberg AS SELECT 1 AS a")
    made = lake.content("demo", "t")["id"]
    assert rows(lake, "SELECT a FROM demo.t") == [("1",)]
    lake.sql("CREATE OR REPLACE TABLE demo.t AS SELECT 'x' AS b, 2 AS a")
    assert seen("SELECT * FROM lakehouse.demo.t") == [("x", 2)]
    spark.sql("CREATE OR REPLACE TABLE lakehouse.demo.t USING iceberg AS SELECT 5L AS c")
    assert rows(lake, "SELECT * FROM demo.t") == [("5",)]
    lake.sql("INSERT INTO demo.t VALUES (6)")
    assert seen("SELECT c FROM lakehouse.demo.t ORDER BY c") == [(5,), (6,)]
    assert lake.content("demo", "t")["id"] == made

    # 4. Schema changes of Spark are seen, its rollback too (the content's snapshot, not the file's).
    spark.sql("ALTER TABLE lakehouse.demo.t ADD COLUMN d STRING")
    lake.sql("INSERT INTO demo.t VALUES (7, 'seven')")
    assert seen("SELECT c, d FROM lakehouse.demo.t ORDER BY c") == [(5, None), (6, None), (7, "seven")]
    first = seen("SELECT snapshot_id FROM lakehouse.demo.t.snapshots ORDER BY committed_at")[-3][0]
    spark.sql(f"CALL lakehouse.system.rollback_to_snapshot('demo.t', {first})")
    assert rows(lake, "SELECT c, d FROM demo.t") == [("5", "")]
    lake.sql("INSERT INTO demo.t VALUES (8, 'eight')")
    assert seen("SELECT c FROM lakehouse.demo.t ORDER BY c") == [(5,), (8,)]

    # 5. A table that firn renamed, and one that Spark did, is the same content under its new name.
    lake.sql("BEGIN; ALTER TABLE demo.t RENAME TO u; INSERT INTO demo.u VALUES (9, 'nine'); COMMIT")
    assert seen("SELECT c FROM lakehouse.demo.u ORDER BY c") == [(5,), (8,), (9,)]
    spark.sql("ALTER TABLE lakehouse.demo.u RENAME TO demo.t")
    assert rows(lake, "SELECT c FROM demo.t ORDER BY c") == [("5",), ("8",), ("9",)]
    assert lake.content("demo", "t")["id"] == made

    # 6. A table that Spark dropped is gone, one that firn dropped too; firn made it with gc off.
    assert dict(seen("SHOW TBLPROPERTIES lakehouse.demo.sales_daily_summary"))["gc.enabled"] == "false"
    spark.sql("DROP TABLE lakehouse.demo.t")
    assert "42P01" in lake.run("run", "-c", "SELECT * FROM demo.t", code=1).stderr
    lake.sql("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 1 AS a; DROP TABLE other.t; DROP SCHEMA other")
    assert sorted(r.namespace for r in spark.sql("SHOW NAMESPACES IN lakehouse").collect()) == ["demo"]
    spark.stop()
print("Spark and firn agree")
