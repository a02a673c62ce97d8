#!/usr/bin/env bash
# firn and PyIceberg on Iceberg's own REST server over MinIO: skipped (77) where Java or the servers cannot be had.
python=$("$(dirname "$0")/../../tools/judges" | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio rest
"$python" "$(dirname "$0")/rest.py" "$1"
