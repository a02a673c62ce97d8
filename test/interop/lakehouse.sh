#!/usr/bin/env bash
# The notebook's job in the notebook's own lakehouse: Nessie and MinIO, Spark and firn; Trino too where it can be had.
python=$("$(dirname "$0")/../../tools/judges" spark-s3 | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio nessie
("$firn_stack" start trino --dir "$FIRN_STACK" --owner "${FIRN_STACK_OWNER:-$$}") && eval "$("$firn_stack" env --dir "$FIRN_STACK")" || echo "without Trino"
"$FIRN_JUDGES" "$(dirname "$0")/notebook_job.py" "$1" "$python"
