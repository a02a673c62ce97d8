#!/usr/bin/env bash
# Spark reads the same in properties files. Skipped (77) where Java or Spark is missing.
set -eu
python=$("$(dirname "$0")/../../tools/judges" spark | tail -1) || exit 77
[ -x "$python" ] || { echo "no Spark here"; exit 77; }
jars=$("$python" -c 'import os, pyspark; print(os.path.join(os.path.dirname(pyspark.__file__), "jars"))')
"$python" "$(dirname "$0")/spark_conf.py" "$(dirname "$1")/test/interop/spark_conf_tool" "$jars" 2000
