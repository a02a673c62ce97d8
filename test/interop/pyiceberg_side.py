"""pyiceberg_side.py LAKE ACTION TABLE - PyIceberg's part of spark.py; prints JSON."""
import json, sys
from datetime import date
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo

lake, action, name = sys.argv[1:4]
table = SqlCatalog("lakehouse", uri=f"sqlite:///{lake}/firn.db", warehouse=f"file://{lake}/warehouse").load_table(name)
result = True
if action == "rows":
    result = [list(r.values()) for r in table.scan().to_arrow().to_pylist()]
elif action == "append":
    row = {"transaction_date": date(2025, 1, 22), "product_id": 106, "quantity": 7, "unit_price": 1.0, "amount": 7.0}
    table.append(pa.Table.from_pylist([row], schema=table.schema().as_arrow()))
elif action == "delete":
    table.delete(EqualTo("product_id", 101))
print(json.dumps(result, default=str))
