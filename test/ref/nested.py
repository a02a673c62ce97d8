# SPDX-License-Identifier: Apache-2.0
"""nested.py - lists and maps as the JSON text that docs/formats/nested.md defines, from Arrow values; slow and plain.

columns(name, array) -> [(column name, array)], structs taken apart, lists and maps as they are
text(array)          -> the text of each value of a list or map array, None for NULL
"""
import datetime
import decimal
import json
import uuid

import pyarrow as pa


def is_text(t):
    return pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_map(t) or pa.types.is_list_view(t)


def columns(name, array):
    if not pa.types.is_struct(array.type):
        return [(name, array)]
    out = []
    for field, part in zip(array.type, array.flatten()):  # a NULL struct makes its parts NULL
        out += columns(f"{name}.{field.name}", part)
    return out


def real(v, single):
    """Shortest digits that read back the same, in PostgreSQL's form."""
    if v != v:
        return '"NaN"'
    if v in (float("inf"), float("-inf")):
        return '"Infinity"' if v > 0 else '"-Infinity"'
    d = decimal.Decimal(pa.scalar(v, pa.float32()).cast(pa.string()).as_py() if single else repr(v))
    sign, digits, exponent = d.as_tuple()
    digits = "".join(map(str, digits)).rstrip("0")
    if not digits:
        return "-0" if sign else "0"
    point = d.adjusted()
    if point < -4 or point >= (6 if single else 15):
        body = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{point:+03d}"
    elif point < 0:
        body = "0." + "0" * (-point - 1) + digits
    else:
        digits = digits.ljust(point + 1, "0")
        body = digits[: point + 1] + ("." + digits[point + 1 :] if digits[point + 1 :] else "")
    return "-" * sign + body


def clock(v):
    return v.strftime("%H:%M:%S") + (f".{v.microsecond:06d}".rstrip("0") if v.microsecond else "")


def scalar(v, t):
    """-> text of a value that is not NULL, with its quotes"""
    if pa.types.is_boolean(t):
        return "true" if v else "false"
    if pa.types.is_float32(t) or pa.types.is_float64(t):
        return real(v, pa.types.is_float32(t))
    if pa.types.is_decimal(t):
        return f"{v:f}"
    if isinstance(v, int):
        return str(v)
    if isinstance(v, datetime.datetime):
        zone = "+00:00" if t.tz else ""
        return f'"{v.strftime("%Y-%m-%d")}T{clock(v)}{zone}"'
    if isinstance(v, datetime.time):
        return f'"{clock(v)}"'
    if isinstance(v, (datetime.date, uuid.UUID)):
        return f'"{v}"'
    if isinstance(v, bytes):
        return f'"{v.hex()}"'
    plain = json.dumps(v, ensure_ascii=False)
    for letter, code in (("n", "a"), ("r", "d"), ("t", "9"), ("b", "8"), ("f", "c")):
        plain = plain.replace("\\\\", "\0").replace("\\" + letter, "\\u000" + code).replace("\0", "\\\\")
    return plain


def value(v, t):
    if v is None:
        return "null"
    if pa.types.is_struct(t):  # parts that are NULL are left out
        parts = [(f.name, v[f.name], f.type) for f in t if v[f.name] is not None]
        return "{" + ",".join(f"{scalar(n, pa.string())}:{value(p, k)}" for n, p, k in parts) + "}"
    if pa.types.is_map(t):
        pairs = [(scalar(k, t.key_type), value(item, t.item_type)) for k, item in v]
        return "{" + ",".join((k if k[0] == '"' else f'"{k}"') + ":" + item for k, item in pairs) + "}"
    if is_text(t):
        return "[" + ",".join(value(item, t.value_type) for item in v) + "]"
    return scalar(v, t)


def text(array):
    return [None if v is None else value(v, array.type) for v in array.to_pylist()]
