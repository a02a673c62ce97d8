#!/usr/bin/env python3
"""gen_options.py - docs/user/options.md and the man page docs/firn.1 from src/options.def and src/cli/commands.def.

    tools/gen_options.py            rewrite both
    tools/gen_options.py --check    exit 1 if they are not what would be written
"""
import ast, re, sys
from pathlib import Path

top = Path(__file__).resolve().parent.parent
COMMENT = {
    "OPT_ARG": "command line",
    "OPT_CLI": "command line, environment",
    "OPT_CONFIG": "command line, environment, firn.yaml",
    "OPT_SET": "command line, environment, firn.yaml, SET",
}


def rows(path, macro):
    """Arguments of each MACRO(...) line, texts unquoted."""
    out = []
    for line in path.read_text().splitlines():
        m = re.match(rf"{macro}\((.*)\)$", line)
        if not m:
            continue
        fields = re.findall(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^,]+?)\s*(?:,|$)""", m[1])
        out.append([ast.literal_eval(f) if f[0] in "\"'" else None if f == "NULL" else f for f in fields])
    assert out, f"{path}: no {macro}"
    return out


COMMANDS = rows(top / "src/cli/commands.def", "CMD")  # name, operands, least, most, settings, help
FLAGS = rows(top / "src/cli/commands.def", "FLAG")  # short, long, argument, commands, help
EXIT_CODES = rows(top / "src/cli/commands.def", "EXIT")  # code, help
OPTIONS = rows(top / "src/options.def", "OPT")  # name, argument, default, where, help


def written(short, name, argument):
    long = f"--{name.replace('_', '-')}" + (f" {argument}" if argument else "")
    return long if short == "0" else f"-{short}, {long}"


def markdown():
    cell = lambda s: s.replace("|", "\\|")
    out = [
        "# Commands and options",
        "",
        "<!-- made by tools/gen_options.py from src/options.def and src/cli/commands.def -->",
        "",
        "`firn COMMAND [OPTIONS] [OPERANDS]`. Options may stand anywhere; `--` ends them. `--name=value` and `--name value` mean the same.",
        "",
        "## Commands",
        "",
        "| command | |",
        "| --- | --- |",
    ]
    out += [f"| `firn {(c[0] + ' ' + c[1]).strip()}` | {cell(c[5])} |" for c in COMMANDS]
    out += ["", "## Options", "", "| option | of | |", "| --- | --- | --- |"]
    out += [f"| `{written(f[0], f[1], f[2])}` | {f[3].replace(' ', ', ') or 'all commands'} | {cell(f[4])} |" for f in FLAGS]
    takers = ", ".join(c[0] for c in COMMANDS if c[4] == "true")
    out += [
        "",
        "## Settings",
        "",
        f"Taken by {takers}. On the command line a setting is written with dashes (`--run-id`), in `firn.yaml` with underscores or",
        "dashes, in the environment as `FIRN_RUN_ID`. The command line is stronger than the environment, the environment stronger than",
        "the file; `SET name = value` in a script is strongest. `configuration.md` tells the rest.",
        "",
        "| setting | default | where | |",
        "| --- | --- | --- | --- |",
    ]
    out += [f"| `{written('0', o[0], o[1])}` | {o[2] or ''} | {COMMENT[o[3]]} | {cell(o[4])} |" for o in OPTIONS]
    out += [
        "",
        "Two settings exist only for `SET`: `firn.overwrite` (`none` or `partitions`: INSERT replaces the partitions it writes to) and",
        "`firn.publish` (`together`, or `ordered`: where a catalog cannot publish the tables of a transaction together, one after the other).",
        "",
        "## Exit codes",
        "",
        "| code | |",
        "| ---: | --- |",
    ]
    out += [f"| {n} | {text} |" for n, text in EXIT_CODES]
    return "\n".join(out) + "\n"


def roff(text):
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")


def man():
    version = re.search(r"project\(firn VERSION (\S+)", (top / "CMakeLists.txt").read_text())[1]
    out = [
        '.\\" made by tools/gen_options.py from src/options.def and src/cli/commands.def',
        f'.TH FIRN 1 "" "firn {version}" "User commands"',
        ".SH NAME",
        "firn \\- summary tables over Apache Iceberg: exact, fresh, checked",
        ".SH SYNOPSIS",
        ".B firn",
        "COMMAND [OPTIONS] [OPERANDS]",
        ".SH DESCRIPTION",
        "firn keeps summary tables (materialized views that group and aggregate) over raw Apache Iceberg tables, and runs SQL",
        "scripts in PostgreSQL\\(aqs grammar with psql\\(aqs variables and meta\\-commands.",
        ".SH COMMANDS",
    ]
    for c in COMMANDS:
        out += [".TP", f".B firn {roff((c[0] + ' ' + c[1]).strip())}", roff(c[5])]
    out.append(".SH OPTIONS")
    for f in FLAGS:
        of = f" ({f[3].replace(' ', ', ')})" if f[3] else ""
        out += [".TP", f".B {roff(written(f[0], f[1], f[2]))}", roff(f[4] + of)]
    out += [
        ".SH SETTINGS",
        "Also FIRN_<NAME> in the environment. The command line is stronger than the environment, the environment stronger than",
        "the configuration file.",
    ]
    for o in OPTIONS:
        default = f" [default {o[2]}]" if o[2] else ""
        out += [".TP", f".B {roff(written('0', o[0], o[1]))}", roff(f"{o[4]}{default} ({COMMENT[o[3]]})")]
    out += [
        ".SH FILES",
        ".TP",
        ".B firn.yaml",
        "catalogs, settings and environments, in the working folder or where \\-\\-config or FIRN_CONFIG says",
        ".TP",
        ".B .pyiceberg.yaml",
        "read when there is no firn.yaml",
        ".SH EXIT STATUS",
    ]
    for n, text in EXIT_CODES:
        out += [".TP", f".B {n}", roff(text)]
    return "\n".join(out) + "\n"


bad = 0
for path, text in ((top / "docs/user/options.md", markdown()), (top / "docs/firn.1", man())):
    if sys.argv[1:] == ["--check"]:
        if not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(top)} is not current: run tools/gen_options.py")
            bad = 1
    else:
        path.write_text(text)
sys.exit(bad)
