"""query.py FOLDER TABLE SQL [FILTER] - one query over the data files of a table; `files` stands for them. With a filter,
only over those that PyIceberg's planning leaves.

FOLDER "nessie" is the stack of test/stack: objects in MinIO come through pyarrow, which DuckDB reads from."""
import sys

import duckdb
from lake import catalog, files, in_nessie, object_storage, show

folder, name, sql = sys.argv[1:4]
db = duckdb.connect()
if folder == "nessie":
    from pyarrow.dataset import dataset
    paths = [path.split("://", 1)[1] for path in files(in_nessie(name), *sys.argv[4:])]
    db.register("files", dataset(paths, format="parquet", filesystem=object_storage()))
else:
    paths = files(catalog(folder).load_table(name), *sys.argv[4:])
    sql = sql.replace("files", f"read_parquet({paths!r})")
show(db.sql(sql).fetchall())
