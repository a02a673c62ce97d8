#!/usr/bin/env bash
# Tables with delete files, made by Spark and by Iceberg's Java writers. Skipped (77) where Java or Maven is missing.
python=$("$(dirname "$0")/../../tools/judges" spark | tail -1) || exit 77
[ -x "$python" ] || exit 77
exec "$python" "$(dirname "$0")/deletes.py" "$1" "${FIRN_CACHE:-$HOME/.cache/firn}/jars"
