#!/usr/bin/env bash
# refresh.sh FIRN [ARGUMENTS of refresh_property.py] - 1,000 operations on SQLite and 1,000 on Nessie and MinIO.
#
# A run that was ended goes on behind its last chapter; FIRN_PROGRESS is the folder that remembers it. Each kind of
# operation comes at least 30 times, each writer changes a table at least 100 times.
here=$(dirname "$0")/../interop
python=$("$here/../../tools/judges" spark-s3 | tail -n 1) || exit 77
. "$here/../stack/use.sh" minio nessie
progress=${FIRN_PROGRESS:-$here/../../build/soak}
mkdir -p "$progress"
for catalog in sqlite nessie; do
    "$FIRN_JUDGES" "$here/refresh_property.py" "$1" "$python" "$catalog" 1000 --length 40 --least 30,100 \
        --progress "$progress/refresh-$catalog.json" "${@:2}" || exit
done
rm -f "$progress"/refresh-{sqlite,nessie}.json
