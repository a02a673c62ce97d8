# SPDX-License-Identifier: Apache-2.0
"""notebook_judge.py - the notebook's cells (notebook.py) run on Spark, Nessie and MinIO; what they stored is right.

Counts, quantities, extremes and the raw rows are exact; Spark's totals and averages of doubles depend on the order it
adds in, so these are near the correctly rounded ones and no more is said of them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle
import spark_session


def cells():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "notebook.py"), encoding="utf-8") as f:
        text = f.read()
    for old, new, times in [("http://infrastructure-nessie:19120/api/v2", os.environ["FIRN_NESSIE_URI"], 1),
                            ("http://infrastructure-minio:9000", os.environ["FIRN_S3_ENDPOINT"], 2),
                            ('    .config("spark.jars.packages", "org.apache.iceberg:iceberg-spark-runtime-3.5_2.13:1.8.0") \\\n', "", 1)]:
        assert text.count(old) == times, old
        text = text.replace(old, new)
    return text.split("\n# %%\n")[1:]


def run():
    """Its names after the last cell; the session is left open in names["spark"]."""
    spark_session.prepare()
    names = {"__name__": "notebook"}
    for n, cell in enumerate(cells()):
        exec(compile(cell, f"cell {n + 1}", "exec"), names)
    assert names["test_passed"]
    return names


def check(spark):
    want = oracle.sample()
    raw = spark.table("lakehouse.demo.sales_transactions_raw")
    assert [(f.name, f.dataType.simpleString()) for f in raw.schema] == [
        ("transaction_date", "date"), ("product_id", "bigint"), ("quantity", "bigint"), ("unit_price", "double"),
        ("amount", "double")], raw.schema
    assert sorted(map(tuple, raw.collect())) == sorted(want)
    daily = spark.table("lakehouse.demo.sales_daily_summary")
    assert [f.dataType.simpleString() for f in daily.schema] == ["date"] + 3 * ["bigint"] + 4 * ["double"], daily.schema
    exact = oracle.summary(want)
    rows = {tuple(r[:2]): tuple(r[2:]) for r in daily.collect()}
    assert rows.keys() == exact.keys() and len(rows) == 9
    for key, (count, quantity, total, mean, most, least) in rows.items():
        assert (count, quantity, most, least) == tuple(exact[key][i] for i in (0, 1, 4, 5)), (key, rows[key], exact[key])
        assert abs(total - exact[key][2]) < 1e-6 and abs(mean - exact[key][3]) < 1e-8, (key, rows[key], exact[key])


if __name__ == "__main__":
    names = run()
    check(names["spark"])
    names["spark"].stop()
    print("ok")
