#!/usr/bin/env bash
# The table zoo at a reduced size: tables by Spark, Iceberg's Java writers and PyIceberg; firn's SELECT equals Spark's.
spark=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
exec "$FIRN_JUDGES" "$(dirname "$0")/zoo.py" "$1" "$spark" sqlite
