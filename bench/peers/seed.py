"""seed.py FOLDER - the seed job: 999 sample rows, nine summaries, checked, queried both ways."""
import random
import sys
from datetime import date, timedelta

import duckdb
import pyarrow as pa
from lake import catalog, show

random.seed(42)
columns = {"transaction_date": [], "product_id": [], "quantity": [], "unit_price": [], "amount": []}
for day in range(3):
    for _ in range(333):
        product = random.choice([101, 102, 103])
        quantity = random.randint(1, 10)
        price = random.choice([29.99, 49.99, 99.99])
        row = (date(2025, 1, 14) + timedelta(days=day), product, quantity, price, quantity * price)
        for values, value in zip(columns.values(), row):
            values.append(value)
rows = pa.table(columns)

lake = catalog(sys.argv[1])
lake.create_namespace_if_not_exists("demo")
raw = lake.create_table("demo.sales_transactions_raw", rows.schema)
raw.append(rows)

db = duckdb.connect()
raw_rows = raw.scan().to_arrow()
summary_rows = db.sql("""
    SELECT transaction_date, product_id, count(*) AS transaction_count, sum(quantity)::BIGINT AS total_quantity,
           sum(amount) AS total_revenue, avg(amount) AS avg_transaction_value,
           max(amount) AS max_transaction_value, min(amount) AS min_transaction_value
    FROM raw_rows GROUP BY transaction_date, product_id ORDER BY transaction_date, product_id""").to_arrow_table()
summary = lake.create_table("demo.sales_daily_summary", summary_rows.schema)
summary.append(summary_rows)

summary_rows = summary.scan().to_arrow()
assert summary_rows.num_rows == 9
totals = db.sql("SELECT (SELECT sum(amount) FROM raw_rows), (SELECT sum(total_revenue) FROM summary_rows)").fetchall()[0]
assert abs(totals[0] - totals[1]) < 0.01
assert raw_rows.num_rows / summary_rows.num_rows > 50

raw_rows = raw.scan(selected_fields=("product_id", "amount")).to_arrow()
q1 = db.sql("SELECT product_id, sum(amount) FROM raw_rows GROUP BY 1 ORDER BY 1").fetchall()
summary_rows = summary.scan().to_arrow()
q2 = db.sql("SELECT product_id, sum(total_revenue) FROM summary_rows GROUP BY 1 ORDER BY 1").fetchall()
assert all(abs(a[1] - b[1]) < 0.01 for a, b in zip(q1, q2))
show(db.sql("SELECT * FROM summary_rows ORDER BY transaction_date, product_id").fetchall())
