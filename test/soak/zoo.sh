#!/usr/bin/env bash
# zoo.sh FIRN - the whole table zoo, thousands of small files.
spark=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
exec "$FIRN_JUDGES" "$(dirname "$0")/../interop/zoo.py" "$1" "$spark" sqlite --full
