#!/usr/bin/env bash
# iceberg.sh - PyIceberg, python3-avro and, where there is a Java, Spark judge tables and manifests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=$(cd "$(dirname "$1")" && pwd)/test/interop/iceberg_tool
[ -x "$tool" ] || { echo "$tool is not built"; exit 77; }
[ -n "${FIRN_JUDGES:-}" ] || { echo "no Python with PyIceberg (FIRN_JUDGES)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$FIRN_JUDGES" "$here/iceberg_judge.py" "$tool" "$work"
if spark=$("$here/../../tools/judges" spark | tail -1); then
    "$spark" "$here/iceberg_spark.py" "$tool" "$work" "${FIRN_CACHE:-$HOME/.cache/firn}/jars" "$FIRN_JUDGES"
else
    echo "Spark left out: no Java or no Maven"
fi
