#!/usr/bin/env bash
# bad_settings.sh FIRN - keys, regions, buckets, clocks and certificates that are wrong, on Nessie, REST and MinIO.
. "$(dirname "$0")/../stack/use.sh" minio nessie rest
"$FIRN_JUDGES" "$(dirname "$0")/bad_settings.py" "$1"
