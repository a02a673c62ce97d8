#!/usr/bin/env python3
"""gen_spark.py - the tables in docs/user/from-spark.md from src/engine/engine_spark.def.

    tools/gen_spark.py            rewrite them
    tools/gen_spark.py --check    exit 1 if they are not what would be written
"""
import ast, re, sys
from pathlib import Path

top = Path(__file__).resolve().parent.parent
page = top / "docs/user/from-spark.md"
table = top / "src/engine/engine_spark.def"


def rows(macro):
    """Arguments of each MACRO(...) line: all are texts."""
    out = [ast.literal_eval(f"({m[1]},)") for m in re.finditer(rf"^{macro}\((.*)\)$", table.read_text(), re.M)]
    assert out, f"{table}: no {macro}"
    return out


def tables():
    out = ["| Spark's key | here | |", "| --- | --- | --- |"]
    out += [f"| `{key}` | `{setting.replace('_', '-')}` | {text} |" for key, setting, text in rows("SPARK_SETTING")]
    out += [
        "| `spark.sql.catalog.NAME` | a catalog of that name | `org.apache.iceberg.spark.SparkCatalog` or `SparkSessionCatalog`; a catalog of another class is left out |"
    ]
    out += [f"| `spark.sql.catalog.NAME.{key}` | `catalog: NAME: {key}` | {text} |" for key, text in rows("SPARK_CATALOG")]
    out += [
        f"| `spark.hadoop.{key}` | {f'`{becomes}`' if becomes else ''} | {text} |" for key, becomes, text in rows("SPARK_HADOOP")
    ]
    out += [
        "",
        "These are passed over in silence, because nothing here depends on them:",
        "",
        "| Spark's keys | |",
        "| --- | --- |",
    ]
    group = []  # rows without a text of their own belong to the one above
    for key, text in rows("SPARK_PASSED"):
        if text or not group:
            group.append([text, []])
        group[-1][1].append(f"`{key}`")
    out += [f"| {', '.join(keys)} | {text} |" for text, keys in group]
    return "\n".join(out)


text = page.read_text()
start, stop = "<!-- made by tools/gen_spark.py from src/engine/engine_spark.def -->\n", "\n<!-- until here -->"
head, rest = text.split(start)
wanted = head + start + "\n" + tables() + "\n" + stop + rest.split(stop)[1]
if sys.argv[1:] == ["--check"]:
    if text != wanted:
        sys.exit(f"{page.relative_to(top)} is not current: run tools/gen_spark.py")
else:
    page.write_text(wanted)
