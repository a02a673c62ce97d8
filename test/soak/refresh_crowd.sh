#!/usr/bin/env bash
# refresh_crowd.sh FIRN [TIMES [SEED]] - refreshes while others are at work, on SQLite, Nessie and REST.
here=$(dirname "$0")/../interop
python=$("$here/../../tools/judges" spark-s3 | tail -n 1) || exit 77
. "$here/../stack/use.sh" minio nessie nrest rest
for catalog in sqlite nessie rest; do
    "$FIRN_JUDGES" "$here/refresh_crowd.py" "$1" "$python" "$catalog" "${2:-10}" ${3:+"$3"} || exit
done
