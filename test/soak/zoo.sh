#!/usr/bin/env bash
# zoo.sh FIRN - the whole table zoo with thousands of small files, in an SQLite catalog and, Trino's with it, on Nessie with MinIO.
spark=$("$(dirname "$0")/../../tools/judges" spark-s3 | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio nessie trino
bad=0
for catalog in sqlite nessie; do
    "$FIRN_JUDGES" "$(dirname "$0")/../interop/zoo.py" "$1" "$spark" "$catalog" --full || bad=1
done
exit $bad
