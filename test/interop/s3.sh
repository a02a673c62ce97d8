#!/usr/bin/env bash
# s3.sh - firn on MinIO beside PyIceberg and pyarrow: tables, summaries, files, keys from every place, errors.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${FIRN_JUDGES:-}" ] || { echo "no Python with PyIceberg (FIRN_JUDGES)"; exit 77; }
# shellcheck source=test/stack/use.sh
. "$here/../stack/use.sh" minio
"$FIRN_JUDGES" "$here/s3.py" "$(realpath "$1")"
