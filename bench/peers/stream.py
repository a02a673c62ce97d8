"""stream.py FOLDER DAYS ROWS_PER_DAY - rows of the sample's shape, streamed into a table.

Drawn by DuckDB's random(), because Python's own generator, which firn reproduces, would take minutes."""
import sys

import duckdb
from lake import catalog, show

folder, days, per_day = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lake = catalog(folder)
lake.create_namespace_if_not_exists("demo")
db = duckdb.connect()
db.sql("SET memory_limit = '128MB'")
db.sql("SET preserve_insertion_order = false")
rows = db.sql(f"""
    SELECT transaction_date, product_id, quantity, unit_price, quantity * unit_price AS amount FROM (
        SELECT (DATE '2025-01-14' + (i // {per_day})::INT)::DATE AS transaction_date,
               (101 + floor(random() * 3))::BIGINT AS product_id, (1 + floor(random() * 10))::BIGINT AS quantity,
               ([29.99, 49.99, 99.99]::DOUBLE[])[1 + floor(random() * 3)::INT] AS unit_price
        FROM range({days * per_day}) t(i))""").to_arrow_reader(65536)
table = lake.create_table("demo.sales_many", rows.schema)
table.append(rows)
show([(table.current_snapshot().summary["added-records"],)])
