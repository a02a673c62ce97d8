#!/usr/bin/env python3
"""expr_judge.py - what PostgreSQL 15 answers for every function, operator and cast.

    expr_judge.py HOST PORT > test/golden/expressions.txt
    expr_judge.py --sql HOST PORT > test/golden/sql_expressions.txt

HOST is a folder with a server's socket or a host name; the server must be PostgreSQL 15 with
encoding UTF8 and locale C.UTF-8, and let user postgres in. The cases are made here and in
expr_cases.py; the answers are PostgreSQL's alone. The unit test expr_golden_test replays the file
without a server.

A line of the file, fields separated by tabs, with \\t, \\n, \\\\ inside a field and \\N for NULL:

    zone      NAME                          session time zone of the lines below
    FUNCTION  RESULT  ARGUMENT...  = TEXT   FUNCTION of query_functions.def, or CAST
    FUNCTION  RESULT  ARGUMENT...  ! STATE  an error and its SQLSTATE

An ARGUMENT is "type:text". A numeric result is PostgreSQL's exact one cast to RESULT. With --sql a
line is a whole SQL expression instead, answered in the zone Europe/Berlin:

    EXPRESSION  TYPE  = TEXT
    EXPRESSION  ! STATE
"""
import pathlib
import random
import re
import subprocess
import sys

import expr_cases
import expr_sql_cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATORS = re.compile(r"^[-+*/%^|=<>]+$")

SETUP = r"""
select 'PostgreSQL ' || current_setting('server_version_num')::int / 10000;
set client_min_messages = error;
set intervalstyle = postgres; set datestyle = iso; set extra_float_digits = 1; set bytea_output = hex;
create function pg_temp.judge(q text) returns text language plpgsql as $f$
declare r text;
begin
  execute 'select (' || q || ')::text' into r;
  r := replace(replace(replace(r, '\', '\\'), E'\n', '\n'), E'\t', '\t');
  return '= ' || coalesce(r, '\N');
exception when others then return '! ' || sqlstate;
end $f$;
"""


SQL_SETUP = r"""
create function pg_temp.judge_sql(q text) returns text language plpgsql as $f$
declare r text; k text;
begin
  execute 'select (' || q || ')::text, pg_typeof(' || q || ')::text' into r, k;
  r := replace(replace(replace(r, '\', '\\'), E'\n', '\n'), E'\t', '\t');
  return k || E'\t= ' || coalesce(r, '\N');
exception when others then return '! ' || sqlstate;
end $f$;
"""


def rows_of_def():
    text = (ROOT / "src/query/query_functions.def").read_text()
    pattern = r'^FN\((\w+), "([^"]*)", "([^"]*)", "(.)", ([^)]*)\)'
    return {m[1]: m.groups() for m in re.finditer(pattern, text, re.M)}


def escape(text):
    if text is None:
        return "\\N"
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def literal(argument):
    kind, text = argument
    if text is None:
        return f"null::{kind}"
    return "'" + text.replace("'", "''") + "'::" + kind


def sql_of(name, function, args):
    a = [literal(x) for x in args]
    if name == "DIV_NUMERIC":  # PostgreSQL's quotient has the digits of its operands: give it more
        return f"({a[0]}::numeric(200,80) / {a[1]})"
    if OPERATORS.match(function) or function in ("is distinct from", "is not distinct from"):
        return f"({a[0]} {function} {a[1]})" if len(a) == 2 else f"({function} {a[0]})"
    if function.startswith("is "):
        return f"({a[0]} {function})"
    if function == "not":
        return f"(not {a[0]})"
    if function in ("like", "ilike"):
        return f"({a[0]} {function} {a[1]}" + (f" escape {a[2]})" if len(a) == 3 else ")")
    return f'pg_catalog."{function}"({", ".join(a)})'


class Judge:
    """Collects cases, then asks the server for all of them at once."""

    def __init__(self, host, port):
        self.functions = rows_of_def()
        self.cases = []  # (fields, sql)
        self.command = ["psql", "-h", host, "-p", port, "-U", "postgres", "-XAtq", "postgres"]

    def zone(self, name):
        self.cases.append((["zone", name], f"set timezone = '{name}'"))

    def call(self, name, result, args):
        self.add(name, result, args, sql_of(name, self.functions[name][1], args))

    def cast(self, argument, to):
        self.add("CAST", to, [argument], f"({literal(argument)})")

    def add(self, name, result, args, sql):
        shown = [f"{kind}:{escape(text)}" for kind, text in args]
        self.cases.append(([name, result] + shown, f"{sql}::{result}"))

    def answers(self):
        script = [SETUP]
        for fields, sql in self.cases:
            is_zone = fields[0] == "zone"
            script.append(sql + ";" if is_zone else f"select pg_temp.judge($judge${sql}$judge$);")
        done = subprocess.run(self.command, input="\n".join(script).encode(), check=True,
                              stdout=subprocess.PIPE)
        lines = iter(done.stdout.decode().split("\n"))  # \r may stand inside a line
        yield f"# {next(lines)}; made by test/interop/expr_judge.py"
        for fields, _ in self.cases:
            if fields[0] == "zone":
                yield "\t".join(fields)
                continue
            answer = next(lines)
            if fields[1] == "boolean":
                answer = {"= true": "= t", "= false": "= f"}.get(answer, answer)
            yield "\t".join(fields + [answer])


def ask_sql(host, port):
    script = [SETUP, "set timezone = 'Europe/Berlin';", SQL_SETUP]
    expressions = expr_sql_cases.cases()
    script += [f"select pg_temp.judge_sql($judge${e}$judge$);" for e in expressions]
    done = subprocess.run(["psql", "-h", host, "-p", port, "-U", "postgres", "-XAtq", "postgres"],
                          input="\n".join(script).encode(), check=True, stdout=subprocess.PIPE)
    lines = iter(done.stdout.decode().split("\n"))
    yield f"# {next(lines)}; made by test/interop/expr_judge.py --sql"
    for e in expressions:
        yield escape(e) + "\t" + next(lines)


def main():
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    if sys.argv[1] == "--sql":
        for line in ask_sql(sys.argv[2], sys.argv[3]):
            sys.stdout.write(line + "\n")
        return
    judge = Judge(sys.argv[1], sys.argv[2])
    judge.zone("UTC")
    for group in expr_cases.GROUPS:
        group(judge, random.Random(group.__name__))
    seen = set()
    for line in judge.answers():
        if line not in seen or line.startswith("zone"):
            sys.stdout.write(line + "\n")
        seen.add(line)


if __name__ == "__main__":
    main()
