#!/usr/bin/env bash
# refresh_kills.sh FIRN [POINTS [SEED]] - refreshes killed at 300 points on SQLite, Nessie and REST.
here=$(dirname "$0")/../interop
. "$here/../stack/use.sh" minio nessie rest
for catalog in sqlite nessie rest; do
    "$FIRN_JUDGES" "$here/refresh_kills.py" "$1" "$catalog" "${2:-300}" ${3:+"$3"} || exit
done
