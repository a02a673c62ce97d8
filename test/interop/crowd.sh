#!/usr/bin/env bash
# crowd.sh FIRN [TIMES] - firn and Spark change one table at once on each catalog, a third process expires its snapshots.
python=$("$(dirname "$0")/../../tools/judges" spark-s3 | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio nessie rest
"$FIRN_JUDGES" "$(dirname "$0")/crowd.py" "$1" "$python" "${2:-4}"
