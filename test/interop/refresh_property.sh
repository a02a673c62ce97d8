#!/usr/bin/env bash
# refresh_property.sh FIRN [ARGUMENTS] - random changes of raw tables on SQLite; every refresh equals a rebuild.
python=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
"$FIRN_JUDGES" "$(dirname "$0")/refresh_property.py" "$1" "$python" sqlite 100 "${@:2}"
