"""query.py FOLDER TABLE SQL [FILTER] - one query over the data files of a table; `files` stands for them. With a filter,
only over those that PyIceberg's planning leaves."""
import sys

import duckdb
from lake import catalog, files, show

folder, name, sql = sys.argv[1:4]
paths = files(catalog(folder).load_table(name), *sys.argv[4:])
show(duckdb.connect().sql(sql.replace("files", f"read_parquet({paths!r})")).fetchall())
