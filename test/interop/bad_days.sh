#!/usr/bin/env bash
# bad_days.sh FIRN [RUNS [SEED [KEPT]]] - the seed job on Nessie, REST and MinIO behind proxies that have bad days.
. "$(dirname "$0")/../stack/use.sh" minio nessie rest
"$FIRN_JUDGES" "$(dirname "$0")/bad_days.py" "$1" "${2:-20}" "${@:3}"
