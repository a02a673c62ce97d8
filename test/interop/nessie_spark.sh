#!/usr/bin/env bash
# firn and Spark change the same tables on a Nessie branch, with files in a local folder.
python=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" nessie
"$python" "$(dirname "$0")/nessie_spark.py" "$1"
