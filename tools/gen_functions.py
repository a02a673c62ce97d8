#!/usr/bin/env python3
"""gen_functions.py - the table of functions in docs/user/sql.md, from src/query/query_functions.def.

    tools/gen_functions.py            rewrites the part between the two markers
    tools/gen_functions.py --check    exits 1 if that part is not current
"""
import re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEF = ROOT / "src/query/query_functions.def"
DOC = ROOT / "docs/user/sql.md"
BEGIN, END = "<!-- functions: made by tools/gen_functions.py -->", "<!-- end of functions -->"

TYPES = {"b": "boolean", "i": "integer", "l": "bigint", "f": "real", "d": "double", "n": "numeric",
         "D": "date", "T": "time", "P": "timestamp", "Z": "timestamptz", "I": "interval",
         "t": "text", "y": "bytea", "u": "uuid", "a": "same", "*": "any"}
EXACT = {"FN_IMMUTABLE": "exact", "FN_INEXACT": "ad hoc", "FN_STABLE": "statement",
         "FN_VOLATILE": "row"}


def rows():
    """(section, name, signature, exactness) of every row, in the order of the file."""
    section = ""
    body = DEF.read_text().split("*/", 1)[1]
    for line in body.splitlines():
        heading = re.match(r"/\* ([^:*]*)", line)
        if heading:
            section = heading[1].strip().capitalize()
        row = re.match(r'FN\(\w+, "([^"]*)", "([^"]*)", "(.)", ([A-Z_| ]+)\)', line)
        if not row:
            if line.startswith("FN("):
                sys.exit(f"{DEF}: not understood: {line}")
            continue
        name, args, result, flags = row.groups()
        shown = ", ".join(TYPES[a] + (" ..." if args[i + 1:i + 2] == "+" else "")
                          for i, a in enumerate(args) if a != "+")
        words = [EXACT[f] for f in flags.split(" | ") if f in EXACT]
        yield section, name, f"({shown}) → {TYPES[result]}", " and ".join(words)


def table():
    out, section = [], None
    grouped = {}
    for s, name, signature, exact in rows():
        grouped.setdefault((s, name, exact), []).append(signature)
    for (s, name, exact), signatures in grouped.items():
        if s != section:
            out += ["", f"### {s}", "", "| function | arguments → result | exactness |",
                    "| --- | --- | --- |"]
            section = s
        shown = name.replace("|", "\\|")
        out.append(f"| `{shown}` | {', '.join(signatures)} | {exact} |")
    return "\n".join([BEGIN] + out + ["", END])


def main():
    text = DOC.read_text()
    before, rest = text.split(BEGIN, 1)
    current = before + table() + rest.split(END, 1)[1]
    if sys.argv[1:] == ["--check"]:
        if current != text:
            sys.exit(f"{DOC.relative_to(ROOT)} is not current: run tools/gen_functions.py")
    else:
        DOC.write_text(current)


main()
