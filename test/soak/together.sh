#!/usr/bin/env bash
# together.sh FIRN [PUBLISHES] - two summaries published together 200 times, read meanwhile, on SQLite, Nessie and REST.
here=$(dirname "$0")/../interop
. "$here/../stack/use.sh" minio nessie rest
for catalog in sqlite nessie rest; do
    "$FIRN_JUDGES" "$here/together.py" "$1" "$catalog" "${2:-200}" || exit
done
