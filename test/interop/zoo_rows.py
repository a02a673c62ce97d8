# SPDX-License-Identifier: Apache-2.0
"""zoo_rows.py - rows of Spark and of an Arrow stream in one form, so that values, types and NULLs can be compared.

A column is [name, Spark's name of its type]; a struct's leaves are columns `a.b`, lists and maps are of type "json". A
value is a text, or None for NULL: floats by their bits (a NaN is one NaN), timestamps in microseconds, dates in days, bytes
in hex, JSON with its keys sorted. Rows are sorted, as tables have no order."""
import datetime
import decimal
import hashlib
import json
import math
import struct

KEPT = 5000  # rows beyond this many are compared by their digest


def text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack(">d", value).hex()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        raise TypeError("timestamps are turned into microseconds before")
    if isinstance(value, datetime.date):
        return str(value.toordinal() - 719163)
    if isinstance(value, decimal.Decimal):
        digits = format(value, "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits  # its scale is the type's
    return str(value)


def nested(value):
    """What stands in JSON text for a value inside a list or a map; as with Spark's to_json, a struct is without its NULLs."""
    if isinstance(value, (list, tuple)) and not hasattr(value, "asDict"):
        return [nested(v) for v in value]
    if hasattr(value, "asDict"):
        return {k: nested(v) for k, v in value.asDict().items() if v is not None}
    if isinstance(value, dict):
        return {str(k): nested(v) for k, v in value.items()}
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def json_text(value):
    return None if value is None else json.dumps(value, sort_keys=True)


def order(rows):
    return sorted(rows, key=lambda r: [(v is not None, v or "") for v in r])


def digest(rows):
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def view(columns, rows):
    return {"columns": columns, "count": len(rows), "digest": digest(rows), "rows": rows if len(rows) <= KEPT else None}


def of_spark(frame):
    """-> columns, sorted rows; a struct's NULL is the NULL of its leaves"""
    columns, selected, lists = [], [], []

    def leaf(path, kind):
        name = kind.simpleString()
        column = ".".join("`" + p.replace("`", "``") + "`" for p in path)
        if name.startswith("struct"):
            for field in kind.fields:
                leaf(path + [field.name], field.dataType)
            return
        is_nested = name.startswith(("array", "map"))
        columns.append([".".join(path), "json" if is_nested else name])
        lists.append(is_nested)
        selected.append({"timestamp": f"unix_micros({column})",
                         "timestamp_ntz": f"unix_micros(CAST({column} AS timestamp))"}.get(name, column) + f" AS c{len(columns)}")

    for field in frame.schema.fields:
        leaf([field.name], field.dataType)
    rows = [[json_text(nested(v)) if is_nested else text(v) for v, is_nested in zip(r, lists)]
            for r in frame.selectExpr(*selected).collect()]
    return columns, order(rows)


ARROW = {"bool": "boolean", "int16": "smallint", "int32": "int", "int64": "bigint", "float": "float", "double": "double",
         "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamp", "timestamp[us]": "timestamp_ntz", "string": "string",
         "large_string": "string", "string_view": "string", "binary": "binary", "large_binary": "binary", "binary_view": "binary", "fixed_size_binary": "binary",
         "extension<arrow.uuid>": "string"}


def of_arrow(table, columns):
    """The same of an Arrow table; `columns` are those wanted, as JSON is text there."""
    got, values = [], []
    want = dict(map(tuple, columns))
    for name, column in zip(table.column_names, table.columns):
        kind = str(column.type).split("[")[0] if str(column.type).startswith("fixed") else str(column.type)
        kind = ARROW.get(kind, kind.replace("decimal128(", "decimal(").replace(", ", ","))
        if kind.startswith("timestamp"):
            column = column.cast("int64")
        cells = column.to_pylist()
        if kind == "string" and want.get(name) == "json":
            kind = "json"
            cells = [None if v is None else json_text(json.loads(v)) for v in cells]
        else:
            cells = [text(v) for v in cells]
        got.append([name, kind])
        values.append(cells)
    return got, order([list(r) for r in zip(*values)])
