#!/usr/bin/env bash
# firn and Spark change the same tables behind Iceberg's own REST server over MinIO.
python=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio rest
"$python" "$(dirname "$0")/rest_spark.py" "$1"
