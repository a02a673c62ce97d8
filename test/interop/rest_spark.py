"""rest_spark.py FIRN - firn and Spark (Iceberg's RESTCatalog) take turns with the same tables of one REST server."""
import os, sys

import spark_session
from rest_lake import RestLake

spark_session.prepare()
firn, here, uri = sys.argv[1], os.path.dirname(os.path.abspath(__file__)), os.environ["FIRN_REST_URI"]

with RestLake(firn, uri) as lake:
    lake.script("seed.sql", f"SET firn.publish = 'ordered';\n\\i {here}/../../examples/batch_aggregation.sql\n")
    lake.run("run", "-q", "-v", f"database_name={lake.space}", "seed.sql")
    spark = spark_session.session({"lake": spark_session.rest()})
    spark.sparkContext.setLogLevel("OFF")

    def seen(sql):
        return [tuple(r) for r in spark.sql(sql.replace("~", f"lake.{lake.space}")).collect()]

    # 1. Spark reads what firn published, by value and type.
    assert seen("SELECT count(*), sum(quantity) FROM ~.sales_transactions_raw") == [(999, 5526)]
    types = [t for _, t in spark.table(f"lake.{lake.space}.sales_daily_summary").dtypes]
    assert types == ["date", "bigint", "bigint", "bigint", "double", "double", "double", "double"], types
    ours = lake.read("SELECT product_id, total_quantity, total_revenue FROM ~.sales_daily_summary ORDER BY 1, 2")
    theirs = seen("SELECT product_id, total_quantity, total_revenue FROM ~.sales_daily_summary ORDER BY 1, 2")
    assert [(int(a), int(b), float(c)) for a, b, c in ours] == theirs, (ours, theirs)

    # 2. Spark appends and deletes; firn's refresh takes it over; the summary is right for both.
    seen("INSERT INTO ~.sales_transactions_raw VALUES (DATE '2025-01-17', 101, 3, 10.0D, 30.0D)")
    seen("DELETE FROM ~.sales_transactions_raw WHERE transaction_date = DATE '2025-01-14'")
    assert lake.read("SELECT count(*) FROM ~.sales_transactions_raw") == [(str(999 - 333 + 1),)]
    lake.do("REFRESH MATERIALIZED VIEW ~.sales_daily_summary")
    assert seen("SELECT count(*), sum(transaction_count) FROM ~.sales_daily_summary") == [(7, 667)]

    # 3. Both replace and append, the other reads; columns and a rollback of Spark's are seen.
    seen("CREATE TABLE ~.p USING iceberg PARTITIONED BY (bucket(3, a)) AS SELECT 1 AS a, 'p' AS b")
    assert lake.read("SELECT a, b FROM ~.p") == [("1", "p")]
    lake.do("INSERT INTO ~.p VALUES (2, 'q')")
    lake.do("CREATE OR REPLACE TABLE ~.p WITH (sorted_by = 'a DESC') AS SELECT a, b FROM ~.p")
    assert seen("SELECT * FROM ~.p ORDER BY a") == [(1, "p"), (2, "q")]
    seen("DROP TABLE ~.p")
    seen("CREATE TABLE ~.t USING iceberg AS SELECT 1 AS a")
    seen("CREATE OR REPLACE TABLE ~.t USING iceberg AS SELECT 5L AS c")
    lake.do("INSERT INTO ~.t VALUES (6)")
    seen("ALTER TABLE ~.t ADD COLUMN d STRING")
    lake.do("INSERT INTO ~.t VALUES (7, 'seven')")
    assert seen("SELECT c, d FROM ~.t ORDER BY c") == [(5, None), (6, None), (7, "seven")]
    first = seen("SELECT snapshot_id FROM ~.t.snapshots ORDER BY committed_at")[-3][0]
    spark.sql(f"CALL lake.system.rollback_to_snapshot('{lake.space}.t', {first})")
    assert lake.read("SELECT c, d FROM ~.t") == [("5", "")]
    lake.do("INSERT INTO ~.t VALUES (8, 'eight')")
    assert seen("SELECT c FROM ~.t ORDER BY c") == [(5,), (8,)]

    # 4. A table has its new name for both, whoever renamed it.
    lake.do("ALTER TABLE ~.t RENAME TO r")
    assert seen("SELECT c FROM ~.r ORDER BY c") == [(5,), (8,)]
    seen(f"ALTER TABLE ~.r RENAME TO {lake.space}.t")
    assert lake.read("SELECT c FROM ~.t ORDER BY c") == [("5",), ("8",)]

    # 5. What one dropped is gone for the other.
    seen("DROP TABLE ~.t")
    assert "42P01" in lake.do("SELECT * FROM ~.t", code=1).stderr
    lake.do("CREATE TABLE ~.u AS SELECT 1 AS a; DROP TABLE ~.u")
    assert sorted(r[1] for r in seen("SHOW TABLES IN ~")) == ["sales_daily_summary", "sales_daily_summary__firn", "sales_transactions_raw"]
    spark.stop()
print("Spark and firn agree")
