"""parts.py FOLDER - the table demo.parts: 10,000 data files of ten rows, one a day, in 100 manifests."""
import datetime
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from lake import catalog

folder = os.path.abspath(sys.argv[1])
schema = pa.schema([("day", pa.date32()), ("product_id", pa.int64()), ("amount", pa.float64())])
lake = catalog(folder)
lake.create_namespace_if_not_exists("demo")
table = lake.create_table("demo.parts", schema=schema)
os.makedirs(f"{folder}/parts")
for manifest in range(100):
    paths = []
    for i in range(manifest * 100, manifest * 100 + 100):
        day = datetime.date(2000, 1, 1) + datetime.timedelta(days=i)
        rows = {"day": [day] * 10, "product_id": list(range(10)), "amount": [i + 0.25 * k for k in range(10)]}
        pq.write_table(pa.table(rows, schema=schema), f"{folder}/parts/{i:05}.parquet")
        paths.append(f"file://{folder}/parts/{i:05}.parquet")
    table.add_files(paths, check_duplicate_files=False)
