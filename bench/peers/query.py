"""query.py FOLDER TABLE SQL - one query over the data files of a table; `files` stands for them."""
import sys

import duckdb
from lake import catalog, files, show

folder, name, sql = sys.argv[1:4]
paths = files(catalog(folder).load_table(name))
show(duckdb.connect().sql(sql.replace("files", f"read_parquet({paths!r})")).fetchall())
