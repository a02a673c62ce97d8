"""rest_nessie.py FIRN - transactions of several tables through Nessie's Iceberg REST endpoint: all or nothing, one commit each."""
import json, os, sys, urllib.request

from lakehouse import all_zero, finish
from rest_lake import RestLake

firn, here, uri = sys.argv[1], os.path.dirname(os.path.abspath(__file__)), os.environ["FIRN_NREST_URI"]


def commits(space):
    """Table names of each commit to the schema's tables, newest first."""
    api = uri.removesuffix("/iceberg") + "/api/v2/trees/main/history?fetch=ALL&max-records=500"
    with urllib.request.urlopen(api, timeout=30) as reply:
        entries = json.loads(reply.read())["logEntries"]
    changed = [sorted(o["key"]["elements"][1] for o in e["operations"]
                      if o["key"]["elements"][0] == space and len(o["key"]["elements"]) == 2) for e in entries]
    return [c for c in changed if c]


with RestLake(firn, uri) as lake:
    lake.run("run", "-q", "-v", f"database_name={lake.space}", f"{here}/../../examples/batch_aggregation.sql")
    assert commits(lake.space) == [["sales_daily_summary", "sales_daily_summary__firn", "sales_transactions_raw"]], commits(lake.space)
    groups = {(r["transaction_date"].day, r["product_id"]): (r["transaction_count"], r["total_quantity"])
              for r in lake.table("sales_daily_summary").scan().to_arrow().to_pylist()}
    assert groups[(14, 101)] == (112, 651) and groups[(16, 103)] == (124, 689) and len(groups) == 9, groups
    assert len(lake.rows("sales_transactions_raw")) == 999

# Processes append to two tables in one step each: both have every row, and no commit has one table alone.
with RestLake(firn, uri) as lake:
    lake.do("BEGIN; CREATE TABLE ~.a AS SELECT 0 AS w, 0 AS n; CREATE TABLE ~.b AS SELECT 0 AS w, 0 AS n; COMMIT")
    for w in (1, 2, 3):
        lake.script(f"{w}.sql", "".join(f"BEGIN; INSERT INTO {lake.space}.a VALUES ({w}, {n});"
                                        f" INSERT INTO {lake.space}.b VALUES ({w}, {n}); COMMIT;\n" for n in range(3)))
    all_zero(finish([lake.start("run", "-q", f"{w}.sql") for w in (1, 2, 3)], 120))
    want = sorted([(0, 0)] + [(w, n) for w in (1, 2, 3) for n in range(3)])
    assert lake.rows("a") == want and lake.rows("b") == want, (lake.rows("a"), lake.rows("b"))
    assert commits(lake.space) == [["a", "b"]] * 10, commits(lake.space)
print("one commit for each of 11 steps")
