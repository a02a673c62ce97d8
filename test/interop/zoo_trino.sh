#!/usr/bin/env bash
# The table zoo's tables by Trino, the quick ones, on Nessie and MinIO: firn's SELECT equals Trino's at every snapshot.
. "$(dirname "$0")/../stack/use.sh" minio nessie trino
exec "$FIRN_JUDGES" "$(dirname "$0")/zoo.py" "$1" none nessie
