#!/usr/bin/env bash
# rest.sh FIRN - firn and Spark append to one table of a REST catalog, 50 times each at the same time.
python=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio rest
"$python" "$(dirname "$0")/../interop/rest_spark.py" "$1" 50
