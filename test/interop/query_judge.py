#!/usr/bin/env python3
"""query_judge.py - random SELECTs over VALUES, answered by firn and by PostgreSQL 15.

    query_judge.py QUERY_TOOL SEED COUNT [psql arguments ...]

The server needs encoding UTF8, locale C.UTF-8 and time zone UTC. Answers are equal when names, rows (as
a multiset; in order under ORDER BY of everything) and SQLSTATEs are; numbers are compared by value, those
that are numeric there and double here to 12 digits. Prints each difference, exits 1 if there is one.
"""
import random, re, subprocess, sys
from decimal import Decimal, InvalidOperation

COLUMNS = {"i": "int", "l": "bigint", "d": "float8", "n": "numeric(10,2)", "x": "text", "b": "boolean",
           "dt": "date", "ts": "timestamp"}
DATA = [
    "1, 10, 1.5, 1.25, 'a', true, '2025-01-14', '2025-01-14 10:00'",
    "2, 20, -0.5, 2.50, 'b', false, '2025-01-15', '2025-01-14 23:59:59.5'",
    "2, 20, 1e10, -3.75, 'b', NULL, '2025-02-01', '2025-02-28 00:00'",
    "3, NULL, 'NaN', 0, '', true, NULL, '2024-02-29 12:00'",
    "NULL, 5000000000, 0.1, 100, 'abc', false, '2024-02-29', NULL",
    "-7, -1, NULL, NULL, NULL, true, '2025-01-14', '2025-01-14 10:00'",
    "0, 0, -0.0, 99.99, 'Zz', NULL, '1999-12-31', '1970-01-01 00:00'",
    "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
]


def source():
    first = ", ".join(f"({v})::{t}" for v, t in zip(split(DATA[0]), COLUMNS.values()))
    rest = ", ".join(f"({row})" for row in DATA[1:])
    return f"(VALUES ({first}), {rest}) AS t({', '.join(COLUMNS)})"


def split(row):
    return [v.strip() for v in row.split(",")]


class Maker:
    """Expressions of a wanted type, over columns or (in grouped queries) keys and aggregates."""

    def __init__(self, rng, leaf):
        self.rng, self.leaf = rng, leaf

    def pick(self, *choices):
        return self.rng.choice(choices)

    def make(self, t, depth):
        leaf = self.leaf(t, depth)
        if depth <= 0 or (leaf and self.rng.random() < 0.25):
            return leaf or self.constant(t)
        m = lambda u: self.make(u, depth - 1)
        number = self.pick("int", "bigint", "float8", "numeric")
        forms = {
            "int": lambda: self.pick(f"({m('int')} + {m('int')})", f"({m('int')} - {self.rng.randint(-3, 9)})",
                                     f"({m('int')} % 3)", f"({m('int')} / 2)", f"length({m('text')})",
                                     f"abs({m('int')})", f"({m('date')} - {m('date')})", f"nullif({m('int')}, 2)"),
            "bigint": lambda: self.pick(f"({m('bigint')} + {m('int')})", f"({m('int')} * {m('bigint')})",
                                        f"coalesce({m('bigint')}, 7)", f"({m('int')})::bigint"),
            "float8": lambda: self.pick(f"({m('float8')} * 2)", f"({m('float8')} + {m(number)})",
                                        f"({m(number)})::float8", f"(- {m('float8')})", f"abs({m('float8')})"),
            "numeric": lambda: self.pick(f"({m('numeric')} + {m('int')})", f"({m('numeric')} - 0.5)",
                                         f"round({m('numeric')}, 1)", f"({m('numeric')} * 1.5)"),
            "text": lambda: self.pick(f"({m('text')} || {m('text')})", f"upper({m('text')})",
                                      f"({m(self.pick('int', 'date', 'text'))} || '-')", f"left({m('text')}, 2)",
                                      f"coalesce({m('text')}, 'none')", f"({m('int')})::text"),
            "date": lambda: self.pick(f"({m('date')} + 1)", f"({m('timestamp')})::date",
                                      f"greatest({m('date')}, DATE '2025-01-15')"),
            "timestamp": lambda: self.pick(f"date_trunc('month', {m('timestamp')})", f"({m('date')})::timestamp",
                                           f"({m('timestamp')} + interval '1 day')",
                                           f"({m('date')} - interval '1 month')"),
            "boolean": lambda: self.condition(depth - 1),
        }
        if self.rng.random() < 0.12:
            return f"CASE WHEN {self.condition(depth - 1)} THEN {m(t)} ELSE {m(t)} END"
        return forms[t]()

    def condition(self, depth):
        t = self.pick("int", "bigint", "float8", "numeric", "text", "date", "timestamp")
        m = lambda u: self.make(u, depth - 1)
        op = self.pick("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM")
        forms = [lambda: f"({m(t)} {op} {m(t)})", lambda: f"({m(t)} {op} {m(t)})",
                 lambda: f"({m('int')} {op} {m(self.pick('bigint', 'numeric', 'float8'))})",
                 lambda: f"({m(t)} IS {self.pick('', 'NOT ')}NULL)",
                 lambda: f"({m('int')} {self.pick('', 'NOT ')}IN (1, 2, {self.pick('3', 'NULL', '2.5')}))",
                 lambda: f"({m(t)} BETWEEN {m(t)} AND {m(t)})",
                 lambda: f"({m('text')} {self.pick('', 'NOT ')}LIKE {self.pick(chr(39) + 'a%' + chr(39), chr(39) + '%b' + chr(39))})"]
        if depth > 0:
            forms += [lambda: f"({self.condition(depth - 1)} {self.pick('AND', 'OR')} {self.condition(depth - 1)})",
                      lambda: f"(NOT {self.condition(depth - 1)})",
                      lambda: f"({m('boolean')} IS {self.pick('', 'NOT ')}{self.pick('TRUE', 'FALSE', 'UNKNOWN')})"]
        return self.rng.choice(forms)()

    def constant(self, t):
        return self.pick(*{"int": ["1", "2", "-7", "NULL::int"], "bigint": ["20::bigint", "5000000000"],
                           "float8": ["1.5::float8", "0.1::float8"], "numeric": ["1.25", "100.0"],
                           "text": ["'b'", "'abc'", "''", "NULL"], "date": ["DATE '2025-01-14'"],
                           "timestamp": ["TIMESTAMP '2025-01-14 10:00'"], "boolean": ["true", "false", "NULL::boolean"]}[t])


TYPES = ["int", "bigint", "float8", "numeric", "text", "date", "timestamp", "boolean"]


def column_leaf(rng):
    names = {t: [c for c, u in COLUMNS.items() if u.split("(")[0] == t] for t in TYPES}
    return lambda t, depth: rng.choice(names[t]) if names[t] else None


def plain_query(rng, depth):
    m = Maker(rng, column_leaf(rng))
    targets = [m.make(rng.choice(TYPES), depth) for _ in range(rng.randint(1, 4))]
    q = f"SELECT {rng.choice(['', '', 'DISTINCT '])}{', '.join(targets)} FROM {source()}"
    if rng.random() < 0.6:
        q += f" WHERE {m.condition(depth)}"
    hidden = "" if " DISTINCT " in q[:17] else rng.choice(["", "", "l DESC, ", "x, ", "d NULLS FIRST, "])
    return order_and_limit(rng, q, len(targets), hidden)


def order_and_limit(rng, q, n, hidden=""):
    if rng.random() < 0.6:
        keys = hidden + ", ".join(f"{k + 1}{rng.choice(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])}"
                         for k in rng.sample(range(n), n))
        q += f" ORDER BY {keys}"
        if rng.random() < 0.4:
            q += f" LIMIT {rng.randint(0, 5)} OFFSET {rng.randint(0, 2)}"
    return q


def grouped_query(rng, depth):
    inner = Maker(rng, column_leaf(rng))
    keys = [(t, inner.make(t, rng.randint(0, 1))) for t in rng.sample(TYPES, rng.randint(0, 2))]
    keys = [(t, k) for t, k in keys if re.search(r"\b(i|l|d|n|x|b|dt|ts)\b", k)]

    def aggregate(t, depth):
        f = f" FILTER (WHERE {inner.condition(1)})" if rng.random() < 0.25 else ""
        a = lambda u: inner.make(u, 1)
        forms = {"int": [lambda: f"max({a('int')}){f}", lambda: f"min({a('int')}){f}"],
                 "bigint": [lambda: f"count(*){f}", lambda: f"count({a(rng.choice(TYPES))}){f}",
                            lambda: f"count(DISTINCT {a('int')}){f}", lambda: f"(sum({a('int')}){f})"],
                 "numeric": [lambda: f"sum({a('numeric')}){f}", lambda: f"max({a('numeric')}){f}"],
                 "float8": [lambda: f"max({a('float8')}){f}", lambda: f"avg(n::float8){f}"],
                 "text": [lambda: f"min({a('text')}){f}"], "date": [lambda: f"max({a('date')}){f}"],
                 "timestamp": [lambda: f"min({a('timestamp')}){f}"],
                 "boolean": [lambda: f"bool_or({a('boolean')}){f}"]}
        mine = [k for u, k in keys if u == t]
        return rng.choice(mine) if mine and rng.random() < 0.5 else rng.choice(forms[t])()

    outer = Maker(rng, aggregate)
    targets = [k for _, k in keys] + [outer.make(rng.choice(TYPES), rng.randint(0, depth))
                                      for _ in range(rng.randint(1, 3))]
    rng.shuffle(targets)
    q = f"SELECT {', '.join(targets)} FROM {source()}"
    if rng.random() < 0.4:
        q += f" WHERE {inner.condition(depth)}"
    if keys:
        q += " GROUP BY " + ", ".join(k for _, k in keys)
    if rng.random() < 0.3:
        q += f" HAVING {outer.condition(1)}"
    return order_and_limit(rng, q, len(targets))


def derived_query(rng, depth):
    inner = (grouped_query if rng.random() < 0.5 else plain_query)(rng, depth)
    count = inner_width(inner)
    names = [f"c{k}" for k in range(count)]
    chosen = rng.sample(names, rng.randint(1, count))
    form = rng.choice(["SELECT {c} FROM ({q}) AS s({n})", "SELECT count(*) FROM ({q}) AS s({n})",
                       "SELECT {one}, count(*) FROM ({q}) AS s({n}) GROUP BY {one}",
                       "SELECT {c} FROM ({q}) AS s({n}) WHERE {one} IS NOT NULL",
                       "SELECT {c} FROM ({q}) AS s({n}) ORDER BY {n}"])
    return form.format(c=", ".join(chosen), q=inner, n=", ".join(names), one=names[0])


def inner_width(q):
    body, depth, width, quote = re.sub(r"^SELECT (DISTINCT )?", "", q), 0, 1, False
    for k, ch in enumerate(body):
        quote ^= ch == "'"
        if quote:
            continue
        depth += (ch == "(") - (ch == ")")
        if depth == 0 and ch == ",":
            width += 1
        if depth == 0 and body[k:k + 6] == " FROM ":
            return width
    return width


def firn_answers(tool, queries):
    out = subprocess.run([tool], input="\n".join(queries) + "\n", text=True, stdout=subprocess.PIPE, check=True).stdout
    return collect(out.split("\n"))


def postgres_answers(psql, queries):
    script = ["\\set VERBOSITY sqlstate", "\\pset format unaligned", "\\pset fieldsep '\\t'", "\\pset footer off",
              "\\pset null '\\\\N'", "SET timezone = 'UTC';"]
    for k, q in enumerate(queries):
        script += [f"\\echo @@ {k}", q + ";"]
    out = subprocess.run(["psql", "-Xq", *psql], input="\n".join(script) + "\n", text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=True).stdout
    return collect(re.sub(r"(?m)^(psql:.*)?ERROR:  (\w{5})$", r"! \2", out).split("\n"))


def collect(lines):
    answers = []
    for line in lines:
        if line.startswith("@@ "):
            answers.append([])
        elif answers:
            answers[-1].append(line)
    for a in answers[-1:]:
        while a and a[-1] == "":
            a.pop()
    return answers


def same_field(a, b):
    if a == b:
        return True
    try:
        x, y = Decimal(a), Decimal(b)
    except InvalidOperation:
        return False
    return x == y or (x.is_finite() and y.is_finite() and abs(x - y) <= Decimal("1e-12") * max(abs(x), abs(y)))


def normal(row):
    """A row as a sort key: numbers by value."""
    out = []
    for f in row.split("\t"):
        try:
            d = Decimal(f)
            out.append(f"{float(d):.10g}" if d.is_finite() and d else "0" if d.is_finite() else f)
        except InvalidOperation:
            out.append(f)
    return out


def equal(q, mine, theirs):
    if mine[:1] and mine[0].startswith("! "):
        return bool(theirs) and theirs[0].startswith("! ") and mine[0][2:7] == theirs[0][2:7]
    if not theirs or theirs[0].startswith("! ") or mine[0] != theirs[0] or len(mine) != len(theirs):
        return False
    a, b = mine[1:], theirs[1:]
    if not re.search(r" ORDER BY [^()]*$", q) or "LIMIT" in q.rsplit("FROM", 1)[0]:
        a, b = sorted(a, key=normal), sorted(b, key=normal)
    return all(len(r.split("\t")) == len(s.split("\t")) and all(map(same_field, r.split("\t"), s.split("\t")))
               for r, s in zip(a, b))


def main():
    tool, seed, count, psql = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    rng = random.Random(seed)
    kinds = [plain_query, grouped_query, derived_query]
    queries = [rng.choice(kinds)(rng, rng.randint(0, 3)) for _ in range(count)]
    mine, theirs = firn_answers(tool, queries), postgres_answers(psql, queries)
    if not len(mine) == len(theirs) == count:
        sys.exit(f"{count} asked, firn answered {len(mine)}, PostgreSQL {len(theirs)}")
    bad = 0
    for q, a, b in zip(queries, mine, theirs):
        if not equal(q, a, b):
            bad += 1
            print(q, "  firn:", *a[:12], "  PostgreSQL:", *b[:12], sep="\n")
    errors = sum(1 for b in theirs if b and b[0].startswith("! "))
    print(f"{count} queries, {errors} of them errors on both sides, {bad} differ")
    sys.exit(1 if bad else 0)


main()
