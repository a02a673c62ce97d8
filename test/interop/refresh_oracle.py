# SPDX-License-Identifier: Apache-2.0
"""refresh_oracle.py - summaries over one raw table, what they must hold, and what a rebuild holds.

    DEFINITIONS       the summaries, each as SQL (define) and as exact arithmetic over raw rows (expected)
    published(table)  what stands in a summary's data files, hidden states too, and its digests computed anew
    equal_rebuild     rows, states and digests of a refreshed summary against those of one made anew

Raw rows are dicts by the columns' first names; `names` has the names of today."""
import decimal
import json
import math
from fractions import Fraction

import pyarrow.parquet
from summary import digest, double_avg, double_sum, nearest, order, root, same, variance

COLUMNS = ("id", "day", "k", "i", "x", "d", "t")  # what summaries may speak of


def over(test):
    """A condition: unknown for a row without the value."""
    return lambda column: lambda row: row[column] is not None and test(row[column])


def less(limit):
    return lambda v: not math.isnan(v) and v < limit


POSITIVE = ("{i} > 0", over(lambda v: v > 0)("i"))
SMALL = ("{x} < 100", over(less(100))("x"))
SOME = ("{d} IS NOT NULL AND {x} < 1e200", lambda r: r["d"] is not None and over(less(1e200))("x")(r))


def plain(column):
    return column, f"{{{column}}}", lambda row: row[column]


def month(row):
    return row["day"] and row["day"].replace(day=1)


def point(row):
    """-0.0 and 0.0 are one key; NaN is made one by key()."""
    return None if row["x"] is None else row["x"] + 0.0


# name -> keys (name, SQL, function), WHERE, measures (function, column, FILTER)
DEFINITIONS = {
    "daily": ((plain("day"), plain("k")), None, (
        ("count", "*", None), ("count", "x", None), ("sum", "i", None), ("sum", "x", None), ("sum", "d", None), ("avg", "i", None),
        ("avg", "x", None), ("avg", "d", None), ("min", "i", None), ("max", "i", None), ("min", "x", None), ("max", "x", None),
        ("min", "d", None), ("max", "d", None), ("min", "t", None), ("max", "t", None), ("var_samp", "i", None), ("var_pop", "x", None),
        ("stddev_samp", "x", None), ("stddev_pop", "d", None), ("sum", "x", POSITIVE), ("avg", "i", SMALL), ("count", "*", SMALL),
        ("max", "d", POSITIVE))),
    "monthly": ((("month", "date_trunc('month', {day}::timestamp)::date", month),), None, (
        ("count", "*", None), ("sum", "x", None), ("stddev_pop", "x", None), ("max", "x", None), ("avg", "d", None), ("sum", "i", POSITIVE))),
    "texts": ((plain("t"),), None, (("sum", "i", None), ("min", "x", None), ("max", "day", None), ("var_pop", "d", None), ("avg", "x", SMALL))),
    "chosen": ((plain("k"),), SOME, (("count", "*", None), ("sum", "x", None), ("sum", "d", None), ("avg", "i", None), ("min", "day", None))),
    "points": ((("x", "{x}", point),), None, (("count", "*", None), ("sum", "i", None), ("max", "t", None), ("min", "d", None))),
}


def measure_name(n, measure):
    return f"{measure[0]}_{measure[1] if measure[1] != '*' else 'rows'}_{n}"


def define(name, raw, names):
    """The SELECT."""
    keys, where, measures = DEFINITIONS[name]
    parts = [f"{sql.format(**names)} AS {alias}" for alias, sql, _ in keys]
    for n, measure in enumerate(measures):
        function, column, condition = measure
        argument = "*" if column == "*" else names[column]
        filtered = f" FILTER (WHERE {condition[0].format(**names)})" if condition else ""
        parts.append(f"{function}({argument}){filtered} AS {measure_name(n, measure)}")
    return (f"SELECT {', '.join(parts)} FROM {raw}" + (f" WHERE {where[0].format(**names)}" if where else "") +
            f" GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}")


# ---- what must stand there -------------------------------------------------------------------------------

def rounded(x, finish=nearest):
    return finish(x) if isinstance(x, Fraction) else x


def half_up(q, scale):
    """A decimal of that scale."""
    q *= 10 ** scale
    up = (2 * abs(q.numerator) + q.denominator) // (2 * q.denominator)
    return decimal.Decimal(up if q >= 0 else -up).scaleb(-scale, decimal.Context(60))


def aggregate(function, values, scale):
    """`values` have no NULL; `scale` is that of decimals."""
    if function == "count":
        return len(values)
    if not values:
        return None
    is_double, is_decimal = isinstance(values[0], float), isinstance(values[0], decimal.Decimal)
    if function in ("min", "max"):
        return (min if function == "min" else max)(values, key=order if is_double else lambda v: v)
    if function == "sum":
        return double_sum(values) if is_double else sum(values)
    if function == "avg":
        if is_decimal:
            return half_up(Fraction(sum(values)) / len(values), scale + 4)
        return double_avg(values) if is_double else nearest(Fraction(sum(values), len(values))) + 0.0
    exact = variance(values if is_double else [Fraction(v) for v in values], function.endswith("samp"))
    return rounded(exact, root if function.startswith("stddev") else nearest)


def key(values):
    """Of a row of a summary: every NaN is one."""
    return tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in values)


def expected(name, rows, scale=3):
    """key -> measures"""
    keys, where, measures = DEFINITIONS[name]
    groups = {}
    for row in rows:
        if where is None or where[1](row):
            groups.setdefault(key(of(row) for _, _, of in keys), []).append(row)
    out = {}
    for at, group in groups.items():
        values = []
        for function, column, condition in measures:
            counted = [r for r in group if condition is None or condition[1](r)]
            values.append(aggregate(function, counted if column == "*" else [r[column] for r in counted if r[column] is not None], scale))
        out[at] = values
    return out


def check_rows(name, rows, want):
    """Rows of the summary (lists, keys first) against expected()."""
    keys, _, measures = DEFINITIONS[name]
    have = {key(r[:len(keys)]): r[len(keys):] for r in rows}
    assert len(have) == len(rows), f"{name}: a key stands there twice"
    assert have.keys() == want.keys(), (f"{name}: {len(have)} groups, wanted {len(want)}; too many: {list(have.keys() - want.keys())[:3]}, "
                                        f"missing: {list(want.keys() - have.keys())[:3]}")
    for at, values in want.items():
        for n, (a, b) in enumerate(zip(have[at], values)):
            assert same(a, b), f"{name}: group {at}: {measure_name(n, measures[n])} is {a!r}, exact {b!r}"


# ---- a rebuild -------------------------------------------------------------------------------------------

FIRN_MADE = "firn.definition-hash"  # in a snapshot's summary: its files hold states


def data_rows(table, snapshot):
    """Rows of a snapshot's data files as dicts by field id."""
    rows = []
    for task in table.scan(snapshot_id=snapshot).plan_files():
        assert not task.delete_files, "a summary with delete files"
        with table.io.new_input(task.file.file_path).open() as f:
            file = pyarrow.parquet.ParquetFile(f)
            ids = [int(c.metadata[b"PARQUET:field_id"]) for c in file.schema_arrow]
            columns = [c.to_pylist() for c in file.read().columns]
        rows += [dict(zip(ids, r)) for r in zip(*columns)]
    return rows


class Published:
    """A summary as its files have it: visible columns by name, states by kind and argument, digests computed anew."""

    def __init__(self, table):
        self.properties = table.properties
        definition, states = json.loads(table.properties["firn.definition"]), json.loads(table.properties["firn.states"])
        self.columns = [(c["name"], c["id"]) for c in definition["columns"]]
        self.states = [((s["kind"], s["argument"]), s["id"]) for s in states]
        self.snapshot = table.current_snapshot()
        at = self.snapshot
        if at and FIRN_MADE not in at.summary.additional_properties:  # somebody compacted it, and the refresh had nothing to do
            assert "firn-state" in table.metadata.refs, "neither states nor the tag that keeps them"
            at = table.snapshot_by_id(table.metadata.refs["firn-state"].snapshot_id)
        rows = data_rows(table, at.snapshot_id) if at else []
        ids = [i for _, i in self.columns]
        self.rows = sorted(([r[i] for i in ids] for r in rows), key=repr)
        hidden = ids + [i for _, i in self.states]
        self.whole = sorted(([r[i] for i in hidden] for r in rows), key=repr)
        for what, fields, values in (("rows", ids, self.rows), ("states", hidden, self.whole)):
            if at:
                assert table.properties[f"firn.{what}-digest"] == digest(values, fields), f"the {what} digest of {table.name()}"

    def covered(self):
        return json.loads(self.snapshot.summary["refresh-state"])["source-states"][0]["snapshot-id"]


def equal_rebuild(name, have, anew):
    assert [n for n, _ in have.columns] == [n for n, _ in anew.columns] and [s for s, _ in have.states] == [s for s, _ in anew.states], \
        f"{name}: other columns or states than a rebuild's"
    titles = [n for n, _ in have.columns] + [s for s, _ in have.states]
    assert len(have.whole) == len(anew.whole), f"{name}: {len(have.whole)} rows, a rebuild has {len(anew.whole)}"
    for a, b in zip(have.whole, anew.whole):
        for title, x, y in zip(titles, a, b):
            assert same(x, y), f"{name}: {title} is {x!r}, a rebuild's {y!r}, in {a[:len(DEFINITIONS[name][0])]}"
    if have.columns == anew.columns and have.states == anew.states:
        for what in ("firn.rows-digest", "firn.states-digest"):
            assert have.properties[what] == anew.properties[what], f"{name}: {what} is not a rebuild's"
