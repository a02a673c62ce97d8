# SPDX-License-Identifier: Apache-2.0
"""zoo_trino.py - Trino makes the tables of zoo_trino.sql and says what every snapshot of each holds, in zoo_rows' form."""
import base64
import datetime
import decimal
import json
import os
import struct
import sys

import trino
import zoo_animals
import zoo_rows

KINDS = {"integer": "int", "real": "float", "varchar": "string", "varbinary": "binary", "uuid": "string", "timestamp": "timestamp_ntz",
         "timestamp with time zone": "timestamp", "time": "time64[us]"}
EPOCH = datetime.datetime(1970, 1, 1)


def value(kind, v):
    """What Python has for a value of Trino's JSON."""
    if v is None or kind in ("boolean", "integer", "bigint", "varchar", "uuid"):
        return v
    if kind in ("real", "double"):
        return struct.unpack("f", struct.pack("f", float(v)))[0] if kind == "real" else float(v)
    if kind == "decimal":
        return decimal.Decimal(v)
    if kind == "varbinary":
        return base64.b64decode(v)
    if kind == "date":
        return datetime.date.fromisoformat(v)
    if kind == "time":
        return datetime.time.fromisoformat(v)
    assert kind in KINDS, kind
    return (datetime.datetime.fromisoformat(v.removesuffix(" UTC")) - EPOCH) // datetime.timedelta(microseconds=1)


def nested(signature, v):
    """What stands in JSON text for a part of a list or a map."""
    kind, inside = signature["rawType"], [a["value"] for a in signature["arguments"]]
    if v is None:
        return None
    if kind == "array":
        return [nested(inside[0], item) for item in v]
    if kind == "map":
        return {k: nested(inside[1], item) for k, item in v.items()}
    if kind == "row":
        return {f["fieldName"]["name"]: nested(f["typeSignature"], item) for f, item in zip(inside, v) if item is not None}
    return zoo_rows.nested(value(kind, v))


def leaves(name, signature):
    """The columns that firn makes of one of Trino's: (name, type, how to take it from a value)"""
    kind, inside = signature["rawType"], [a["value"] for a in signature["arguments"]]
    if kind == "row":
        for i, field in enumerate(inside):
            for path, leaf, take in leaves(f"{name}.{field['fieldName']['name']}", field["typeSignature"]):
                yield path, leaf, lambda v, i=i, take=take: None if v is None else take(v[i])
    elif kind in ("array", "map"):
        yield name, "json", lambda v: zoo_rows.json_text(nested(signature, v))
    else:
        text = f"decimal({inside[0]},{inside[1]})" if kind == "decimal" else KINDS.get(kind, kind)
        yield name, text, lambda v: zoo_rows.text(value(kind, v))


def read(sql):
    """-> {"columns", "count", "digest", "rows"} of a SELECT"""
    columns, found = trino.answer(sql)
    takes = [(i, *leaf) for i, c in enumerate(columns) for leaf in leaves(c["name"], c["typeSignature"])]
    return zoo_rows.view([[name, kind] for _, name, kind, _ in takes],
                         zoo_rows.order([[take(row[i]) for i, _, _, take in takes] for row in found]))


def snapshots(table):
    space, name = table.rsplit(".", 1)
    return [r[0] for r in trino.rows(f'SELECT snapshot_id FROM {space}."{name}$snapshots" ORDER BY committed_at')[1]]


def make(name, statements, space, location):
    table = f"lakehouse.{space}.{name}"
    session = ""
    for statement in statements:
        if statement.startswith("!session "):
            session = ",".join(f"lakehouse.{k}={v}" for k, v in json.loads(statement.split(" ", 1)[1]).items())
        elif statement.startswith("!rollback "):
            back = json.loads(statement.split(" ", 1)[1])["back"]
            trino.rows(f"ALTER TABLE {table} EXECUTE rollback_to_snapshot({snapshots(table)[-1 - back]})")
        else:
            trino.rows(statement.replace("{t}", table).replace("{n}", f"{space}.{name}").replace("{location}", location), session)


def tables(space, location, quick=False, only=()):
    """Makes them; -> (views as Trino reads them, the names of those that Spark can read, too)"""
    views, names = [], []
    trino.rows(f"CREATE SCHEMA IF NOT EXISTS lakehouse.{space}")
    for name, flags, statements in zoo_animals.of("zoo_trino.sql"):
        if (quick and "quick" not in flags) or (only and name not in only):
            continue
        make(name, statements, space, location)
        table = f"lakehouse.{space}.{name}"
        views.append({"table": name, "at": None, "by": "Trino", **read(f"SELECT * FROM {table}")})
        for snapshot in snapshots(table):
            views.append({"table": name, "at": str(snapshot), "by": "Trino", **read(f"SELECT * FROM {table} FOR VERSION AS OF {snapshot}")})
        if "alone" not in flags:
            names.append(name)
        print(name, flush=True)
    return views, names


if __name__ == "__main__":
    for v in tables(sys.argv[1], os.environ["FIRN_WAREHOUSE"].rstrip("/"), only=sys.argv[2:])[0]:
        print(v["table"], v["at"], v["count"], v["columns"])
