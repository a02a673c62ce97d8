# SPDX-License-Identifier: Apache-2.0
"""nested_tables.py FIRN - tables with structs, lists and maps by PyIceberg, read by firn.

Written, changed in their nested parts (rename, add, drop, move, promote) and written again; what firn gives of each
snapshot equals what PyIceberg scans, lists and maps by the form of test/ref/nested.py."""
import csv
import io
import os
import sys

import pyarrow as pa
from pyiceberg.types import LongType, StringType

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ref"))
import nested
from lakehouse import Lakehouse

N = 500


def some(i, value):
    return None if i % 7 == 3 else value


def first():
    point = pa.struct([("x", pa.int32()), ("y", pa.float64())])
    return pa.table({
        "id": pa.array(range(N), pa.int64()),
        "s": pa.array([some(i, {"a": i, "in": some(i + 1, {"t": f"t{i}", "gone": i})}) for i in range(N)],
                      pa.struct([("a", pa.int32()), ("in", pa.struct([("t", pa.string()), ("gone", pa.int32())]))])),
        "l": pa.array([some(i, [some(k, {"x": k, "y": k / 4}) for k in range(i % 4)]) for i in range(N)], pa.list_(point)),
        "m": pa.array([some(i, [(f"k{k}", some(k + 1, [k] * k)) for k in range(i % 3)]) for i in range(N)],
                      pa.map_(pa.string(), pa.list_(pa.int64())))})  # fmt: skip


def expected(table):
    out = {}
    for name in table.column_names:
        column = table.column(name)
        whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        for path, array in nested.columns(name, whole):
            values = nested.text(array) if nested.is_text(array.type) else array.to_pylist()
            out[path] = ["" if v is None else str(v) for v in values]
    return out


def check(lake, name, table):
    got = list(csv.reader(io.StringIO(lake.sql(f"SELECT * FROM {name} ORDER BY id").stdout)))
    want = expected(table.sort_by("id"))
    assert got[0] == list(want), (got[0], list(want))
    for i, path in enumerate(got[0]):
        column = [row[i] for row in got[1:]]
        assert column == want[path], next((path, k, a, b) for k, (a, b) in enumerate(zip(column, want[path])) if a != b)
    return len(got) - 1, len(want)


with Lakehouse(sys.argv[1]) as lake:
    lake.sql("CREATE SCHEMA n")
    c = lake.catalog()
    rows = first()
    t = c.create_table("n.t", rows.schema)
    t.append(rows)
    print("written: %d rows, %d columns" % check(lake, "n.t", t.scan().to_arrow()))

    with t.update_schema() as u:
        u.rename_column("s.a", "b")
        u.rename_column("l.element.x", "ex")
        u.update_column("s.a", LongType())
        u.delete_column("s.in.gone")
        u.add_column(("s", "in", "late"), StringType())
        u.add_column(("l", "z"), LongType())
        u.move_first("l.element.y")
    print("changed: %d rows, %d columns" % check(lake, "n.t", t.scan().to_arrow()))

    more = t.scan().to_arrow().slice(0, 50)
    t.append(more.set_column(0, "id", pa.array(range(N, N + 50), pa.int64())).cast(t.schema().as_arrow()))
    print("and written again: %d rows, %d columns" % check(lake, "n.t", t.scan().to_arrow()))

    # filters on parts of structs give PyIceberg's counts and leave out row groups by their statistics
    for where, py in (("s.b > 400", "s.b > 400"), ("s.in.t = 't8'", "s.in.t = 't8'"), ("s.b IS NULL", "s.b is null")):
        run = lake.run("run", "--format", "csv", "-c", f"SELECT count(*) FROM n.t WHERE {where}")
        want = t.scan(row_filter=py)
        assert run.stdout.split() == ["count", str(len(want.to_arrow()))], (where, run.stdout)
    run = lake.run("run", "--format", "csv", "-c", "SELECT count(*) FROM n.t WHERE s.b > 60000")
    assert run.stdout.split() == ["count", "0"] and "read 2 files, 0 rows" in run.stderr, run.stderr

    # summaries and groups over parts of structs
    lake.sql("CREATE MATERIALIZED VIEW n.v AS SELECT s.in.t, count(*) AS n, sum(s.b) AS total FROM n.t GROUP BY s.in.t")
    lake.sql("REFRESH MATERIALIZED VIEW n.v")
    assert lake.sql("SELECT total FROM n.v WHERE t = 't8'").stdout.split() == ["total", "16"]

    # what cannot be done says so
    for text, words in (("INSERT INTO n.t VALUES (1)", "nested columns"), ("DELETE FROM n.t WHERE id = 1", "nested columns"),
                        ("SELECT s FROM n.t", 'column "s" is a struct: name its parts, such as s.'),
                        ("SELECT s.nothing FROM n.t", "does not exist")):  # fmt: skip
        run = lake.sql(text, code=1)
        assert words in run.stderr, run.stderr
    c.engine.dispose()
