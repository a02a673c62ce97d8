#!/usr/bin/env bash
# The notebook that firn's first example answers runs on Spark, Nessie and MinIO, and what it stores is right.
python=$("$(dirname "$0")/../../tools/judges" spark-s3 | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio nessie
"$python" "$(dirname "$0")/notebook_judge.py"
