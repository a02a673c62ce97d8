# SPDX-License-Identifier: Apache-2.0
"""state_bytes.py FIRN - what the hidden states of double sums cost on disk, as pyarrow sees it: at most 2.5 bytes an argument
and group for cents, quantity x price, and values of full precision, at 366,000 groups of some 109 rows."""
import collections
import json
import os
import subprocess
import sys
import tempfile

import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

GROUPS, MOST = 366 * 1000, 2.5
ARGUMENTS = {"cents": "(product_id * 37 + quantity * 1013) % 100000 / 100.0::double precision",
             "quantity x price": "quantity * unit_price",
             "full precision": "sqrt((product_id * 7919 + quantity * 104729)::double precision) * unit_price / 3"}

with tempfile.TemporaryDirectory(prefix="firn-state-bytes-") as lake:
    sums = ", ".join(f'sum({text}) AS "{name}"' for name, text in ARGUMENTS.items())
    for command in (["init", "-q"], ["run", "-q", "-c", "CREATE SCHEMA demo; CREATE TABLE demo.raw AS SELECT * FROM sample_sales(days => 366, "
                                     "rows_per_day => 40000, products => 1000); CREATE MATERIALIZED VIEW demo.s AS SELECT transaction_date, "
                                     f"product_id, {sums} FROM demo.raw GROUP BY transaction_date, product_id; REFRESH MATERIALIZED VIEW demo.s"]):
        subprocess.run([os.path.abspath(sys.argv[1]), *command], cwd=lake, check=True, stdout=subprocess.DEVNULL)
    table = SqlCatalog("lakehouse", uri=f"sqlite:///{lake}/firn.db", warehouse=f"file://{lake}/warehouse").load_table("demo.s")
    bytes_of, rows = collections.Counter(), 0
    for task in table.scan().plan_files():
        footer = pq.read_metadata(task.file.file_path.removeprefix("file://"))
        rows += footer.num_rows
        for g in range(footer.num_row_groups):
            for c in range(footer.num_columns):
                column = footer.row_group(g).column(c)
                bytes_of[column.path_in_schema] += column.total_compressed_size
    assert rows == GROUPS, rows
    states = json.loads(table.properties["firn.states"])
    for n, name in enumerate(ARGUMENTS):
        own = [s for s in states if s["argument"] == n]
        assert {"state_missing", "state_rest", "state_more"} <= {s["kind"] for s in own}, own
        cost = sum(bytes_of[f"_firn_{s['id']}"] for s in own) / rows
        assert 0 < cost <= MOST, f"{name}: {cost:.2f} bytes a group"
        print(f"{name}: {cost:.2f} bytes a group (the sum itself {bytes_of[name] / rows:.2f})")
    print(f"row count: {sum(bytes_of['_firn_%d' % s['id']] for s in states if s['argument'] < 0) / rows:.2f} bytes a group")
