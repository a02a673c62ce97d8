"""summary.py FOLDER RAW SUMMARY [DAY] - a summary brought up to date: made from all rows of its raw table and put in the place
of all of its own; with a day, only of that day's files, in the place of that day's rows."""
import sys
from datetime import date

import duckdb
from lake import catalog, files
from pyiceberg.expressions import AlwaysTrue, EqualTo

lake = catalog(sys.argv[1])
day = date.fromisoformat(sys.argv[4]) if len(sys.argv) > 4 else None
which = EqualTo("transaction_date", day.isoformat()) if day else AlwaysTrue()
paths = files(lake.load_table(sys.argv[2]), which)
rows = duckdb.sql(f"""
    SELECT transaction_date, product_id, count(*) AS transaction_count, sum(quantity)::BIGINT AS total_quantity,
           sum(amount) AS total_revenue, avg(amount) AS avg_transaction_value,
           max(amount) AS max_transaction_value, min(amount) AS min_transaction_value
    FROM read_parquet({paths!r}) {f"WHERE transaction_date = DATE '{day}'" if day else ""}
    GROUP BY transaction_date, product_id ORDER BY transaction_date, product_id""").to_arrow_table()
summary = lake.load_table(sys.argv[3])
summary.overwrite(rows.cast(summary.schema().as_arrow()), overwrite_filter=which)
