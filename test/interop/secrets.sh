#!/usr/bin/env bash
# The search for secrets of test/cli/secrets.sh, against Nessie, a REST catalog and MinIO, too. Skipped (77) where they cannot be had.
set -eu
. "$(dirname "$0")/../stack/use.sh" minio nessie rest
"$FIRN_JUDGES" "$(dirname "$0")/secret_catalogs.py" "$1"
