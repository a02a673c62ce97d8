#!/usr/bin/env bash
# nested_tables.sh FIRN - nested columns of Iceberg tables by PyIceberg and, where there is a Java, by Spark.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$FIRN_JUDGES" "$here/nested_tables.py" "$1"
if spark=$("$here/../../tools/judges" spark | tail -1) && [ -x "$spark" ]; then
    "$spark" "$here/nested_spark.py" "$1" "${FIRN_CACHE:-$HOME/.cache/firn}/jars"
else
    echo "Spark left out: no Java or no Maven"
fi
