"""expr_cases.py - the cases that expr_judge.py asks PostgreSQL about, in groups.

Values are chosen for their edges: extremes, halves, NaN, NULL, days around leap days and clock
changes, characters of one to four bytes. Where all combinations are too many, a sample is taken
whose seed is the group's name, so that the file changes only when the cases do.
"""
import itertools
import re

NULL = None
LETTERS = {
    "b": "boolean", "i": "integer", "l": "bigint", "f": "real", "d": "double precision",
    "D": "date", "T": "time without time zone", "P": "timestamp without time zone",
    "Z": "timestamp with time zone", "I": "interval", "t": "text", "y": "bytea", "u": "uuid",
}
VALUES = {
    "boolean": ["t", "f", NULL],
    "smallint": ["0", "32767", "-32768", NULL],
    "integer": ["0", "1", "-1", "7", "-7", "2", "100", "2147483647", "-2147483648", NULL],
    "bigint": ["0", "1", "-1", "7", "-7", "3", "9223372036854775807", "-9223372036854775808",
               "4611686018427387904", "3037000500", NULL],
    "real": ["0", "-0", "1.5", "-2.5", "0.1", "3", "3.4e38", "-3.4e38", "1e-38", "Infinity",
             "-Infinity", "NaN", "16777217", NULL],
    "double precision": ["0", "-0", "1", "-1", "1.5", "2.5", "-2.5", "0.1", "0.5", "1e308",
                         "-1e308", "1e-300", "Infinity", "-Infinity", "NaN", "123456789.987654321",
                         NULL],
    "date": ["1970-01-01", "2000-02-29", "2024-12-31", "1999-12-27", "0001-01-01", "0044-03-15 BC",
             "2021-01-03", "1969-12-31", "9999-12-31", NULL],
    "time without time zone": ["00:00:00", "23:59:59.999999", "12:34:56.789", "10:00:00", NULL],
    "timestamp without time zone": [
        "1970-01-01 00:00:00", "2000-02-29 12:34:56.789012", "2024-12-31 23:59:59.999999",
        "1969-12-31 23:59:59.5", "0044-03-15 06:00:00 BC", "2021-01-03 08:00:00",
        "2024-03-31 02:30:00", "1900-01-01 00:00:00", NULL],
    "timestamp with time zone": [
        "1970-01-01 00:00:00+00", "2024-03-31 00:59:59+00", "2024-03-31 01:00:00+00",
        "2024-10-27 00:30:00+00", "2024-10-27 01:30:00+00", "2000-02-29 12:34:56.789012+00",
        "1969-12-31 23:59:59.5+00", "1850-06-01 12:00:00+00", NULL],
    "interval": ["0", "1 day", "-1 day", "1 mon", "13 mons -3 days 04:05:06.789",
                 "00:00:00.000001", "-00:10:00", "1 year 2 mons 3 days 04:05:06", "36:00:00",
                 "-5 mons", NULL],
    "text": ["", "abc", "Abc Def", "  pad  ", "äöüß", "日本語", "a%b_c", "\\", "x", NULL],
    "bytea": ["", "\\x00ff", "\\x616263", "\\x5c27", NULL],
    "uuid": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL],
}


def typed(kind, *texts):
    return [(kind, t) for t in texts]


NUMERICS = (
    typed("numeric(10,2)", "0.00", "0.01", "-0.01", "1.50", "2.50", "-2.50", "99999999.99",
          "-99999999.99", "0.05", NULL)
    + typed("numeric(18,4)", "12345678901234.5678", "-0.0001", "3.0000")
    + typed("numeric(5,0)", "7", "-7", "3", "99999", "0")
    + typed("numeric(38,10)", "9999999999999999999999999999.9999999999",
            "-1234567890123456789.0123456789", "0.0000000001")
    + typed("numeric(38,0)", "99999999999999999999999999999999999999", "-1")
    + typed("numeric(38,38)", "0.99999999999999999999999999999999999999",
            "-0.50000000000000000000000000000000000000")
    + typed("numeric(20,5)", "123456789012345.67891", "0.00005")
)


def values(letter):
    return NUMERICS if letter == "n" else typed(LETTERS[letter], *VALUES[LETTERS[letter]])


def sample(pick, combinations, most):
    combinations = list(combinations)
    if len(combinations) <= most:
        return combinations
    return [combinations[i] for i in sorted(pick.sample(range(len(combinations)), most))]


def dimensions(argument):
    return tuple(map(int, re.match(r"numeric\((\d+),(\d+)\)", argument[0]).groups()))


def numeric_result(name, args):
    """A type for the result: exact where 38 digits allow it, else rounded or too small."""
    p, s = dimensions(args[0])
    whole, scale = p - s + 1, s
    if len(args) == 2 and args[1][0].startswith("numeric"):
        q, t = dimensions(args[1])
        whole, scale = max(p - s, q - t) + 1, max(s, t)
        if name.startswith("MUL"):
            whole, scale = p - s + q - t, s + t
        if name.startswith("DIV"):
            whole, scale = p - s + t + 1, max(6, s)
    scale = min(scale, 38)
    if whole + scale > 38:
        scale = max(min(scale, 6), 38 - whole)
    return f"numeric({min(whole + scale, 38)},{scale})"


GROUPS = []


def group(f):
    GROUPS.append(f)
    return f


@group
def arithmetic(judge, pick):
    for name in "ADD SUB MUL DIV MOD MODF NEG PLUS ABS".split():
        for kind in "INT BIGINT REAL DOUBLE NUMERIC".split():
            full = f"{name}_{kind}"
            if full not in judge.functions:
                continue
            _, _, letters, result, _ = judge.functions[full]
            for args in sample(pick, itertools.product(*[values(x) for x in letters]), 60):
                to = numeric_result(full, args) if result == "n" else LETTERS[result]
                judge.call(full, to, args)


@group
def comparisons(judge, pick):
    for full in "EQ NE LT LE GT GE DISTINCT_FROM NOT_DISTINCT_FROM".split():
        for kind in VALUES:
            both = itertools.product(typed(kind, *VALUES[kind]), repeat=2)
            for args in sample(pick, both, 16):
                judge.call(full, "boolean", args)
        for kind in ("numeric(10,2)", "numeric(38,10)"):
            same = [x for x in NUMERICS if x[0] == kind] + typed(kind, NULL)
            for args in sample(pick, itertools.product(same, same), 10):
                judge.call(full, "boolean", args)
    for full in "IS_NULL IS_NOT_NULL".split():
        for kind in VALUES:
            for v in (VALUES[kind][0], NULL):
                judge.call(full, "boolean", [(kind, v)])
    for full in "IS_TRUE IS_NOT_TRUE IS_FALSE IS_NOT_FALSE NOT".split():
        for v in VALUES["boolean"]:
            judge.call(full, "boolean", [("boolean", v)])


@group
def numbers(judge, pick):
    doubles = values("d") + typed(
        "double precision", "2", "3.5", "-3.5", "0.3", "-0.7", "10", "100", "1e10", "720", "-720",
        "27", "1e-10", "0.49999999999999994", "4503599627370497.5", "-1.5")
    arithmetic_names = "ADD SUB MUL DIV NEG PLUS ABS".split()
    for full, _, letters, result, _ in judge.functions.values():
        if result != "d" or set(letters) - {"d"} or full == "RANDOM":
            continue
        if full.split("_")[0] in arithmetic_names:
            continue
        for args in sample(pick, itertools.product(doubles, repeat=len(letters)), 90):
            judge.call(full, "double precision", args)
    for name in "ROUND CEIL CEILING FLOOR TRUNC SIGN".split():
        for a in NUMERICS:
            judge.call(f"{name}_NUMERIC", numeric_result(name, [a]), [a])
    places = typed("integer", "0", "1", "2", "-1", "-2", "5", "-30", "37", "-40", "2147483647",
                   "-2147483648", NULL)
    for full in "ROUND_NUMERIC_TO TRUNC_NUMERIC_TO".split():
        for args in sample(pick, itertools.product(NUMERICS, places), 120):
            judge.call(full, numeric_result(full, args[:1]), args)


CAST_TEXTS = [
    "", " 12 ", "-7", "1.5", "2.5", "abc", "t", "yes", "off", "2024-02-30", "2024-02-29", "12:34",
    "2024-02-29 12:34:56.7891234", "2024-02-29 12:34:56+02", "1 day 2 hours", "99999999999",
    "1e400", "NaN", "Infinity", "-0", "0x10", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "9223372036854775808", "12345.678", "1e3", NULL]
CAST_MORE = {
    "double precision": ["2147483647.4", "2147483647.5", "-2147483648.5", "32767.5",
                         "9223372036854775807", "9223372036854774784", "3.5", "-0.5", "1e39",
                         "1e-50", "99999999.995", "0.005", "0.015", "1234567890123456789", "1e-7"],
    "real": ["32767.5", "2147483520", "9.2233715e18", "0.005", "99999.9", "123456789"],
    "bigint": ["32768", "2147483648", "99999999", "100000000", "9007199254740993", "16777217"],
    "integer": ["32767", "32768", "-32769", "999", "1000", "16777217"],
}
TIMES = ["date", "time without time zone", "timestamp without time zone",
         "timestamp with time zone", "interval"]
PLAIN = ["smallint", "integer", "bigint", "real", "double precision"]
CAST_PAIRS = {
    "boolean": ["integer", "text"],
    "smallint": PLAIN + ["numeric(10,2)", "text"],
    "integer": ["boolean"] + PLAIN + ["numeric(10,2)", "numeric(5,2)", "numeric(38,10)", "text"],
    "bigint": PLAIN + ["numeric(10,2)", "numeric(38,10)", "numeric(20,0)", "text"],
    "real": PLAIN + ["numeric(10,2)", "numeric(38,2)", "text"],
    "double precision": PLAIN + ["numeric(10,2)", "numeric(38,8)", "numeric(18,0)", "text"],
    "date": [TIMES[2], TIMES[3], "text"],
    "time without time zone": ["interval", "text"],
    "timestamp without time zone": TIMES[:4] + ["text"],
    "timestamp with time zone": TIMES[:4] + ["text"],
    "interval": [TIMES[1], "text"],
    "uuid": ["text"],
    "text": ["boolean"] + PLAIN + ["numeric(10,2)", "uuid"] + TIMES,
}


def text_case(text, to):
    """Leaves out what column_text.h reads more strictly than PostgreSQL, by intention."""
    if text is NULL or to not in PLAIN + TIMES:
        return True
    if text == "0x10":
        return to not in ("real", "double precision")
    if to == "interval":
        return not text.startswith("2024") and text != "9223372036854775808"
    return to not in TIMES or not (text.isdigit() or text.startswith("a0eebc99"))


@group
def casts(judge, pick):
    for zone in ("UTC", "Europe/Berlin"):
        judge.zone(zone)
        for kind, targets in CAST_PAIRS.items():
            for to in targets:
                if zone != "UTC" and TIMES[3] not in (kind, to):
                    continue
                texts = CAST_TEXTS if kind == "text" else VALUES[kind] + CAST_MORE.get(kind, [])
                for v in texts:
                    # firn's decimals have no NaN and its times no infinity: see the unit test
                    if v in ("NaN", "Infinity") and (to.startswith("numeric") or to in TIMES):
                        continue
                    if kind == "text" and not text_case(v, to):
                        continue
                    judge.cast((kind, v), to)
    judge.zone("UTC")
    for a in NUMERICS:
        for to in PLAIN + ["text", "numeric(10,2)", "numeric(38,0)", "numeric(4,1)",
                           "numeric(38,20)"]:
            judge.cast(a, to)
    for a in typed("numeric(38,10)", "0.1", "123456789012345678.9012345678",
                   "9007199254740993.0000000000", "0.3000000000", "16777217.0000000000",
                   "1.0000000596", "-2.5000000000"):
        for to in ("real", "double precision"):
            judge.cast(a, to)
