#!/usr/bin/env bash
# Several tables in one step of a REST catalog, on Nessie's own endpoint, where such a step is one commit.
python=$("$(dirname "$0")/../../tools/judges" | tail -n 1) || exit 77
. "$(dirname "$0")/../stack/use.sh" minio nrest
"$python" "$(dirname "$0")/rest_nessie.py" "$1"
