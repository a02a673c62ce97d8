#!/usr/bin/env bash
# Row lineage of tables of format version 3 that firn appends to, judged by Iceberg 1.8 and 1.10 on Spark.
dir=$(dirname "$0")
python=$("$dir/../../tools/judges" spark-1.10 | tail -n 1) || exit 77
[ -x "$python" ] || exit 77
"$python" "$dir/lineage.py" "$1" jars-1.10 && "$python" "$dir/lineage.py" "$1" jars
