#!/usr/bin/env bash
# matrix.sh FIRN [--update] - docs/formats/matrix.md: type x encoding x codec x page version x writer, read by firn,
# and firn's files read by the others. Without Spark or chdb their parts are left out and named.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
firn=$1; shift
python=${FIRN_JUDGES:-$("$top/tools/judges" | tail -n 1)}
set -- "$firn" "$top/docs/formats/matrix.md" "$@"
if chdb=$("$top/tools/judges" chdb | tail -n 1) && [ -d "$chdb" ]; then set -- "$@" --chdb "$chdb"; else echo "without chdb"; fi
if spark=$("$top/tools/judges" spark | tail -n 1) && [ -x "$spark" ]; then
    set -- "$@" --spark "$spark" "${FIRN_CACHE:-$HOME/.cache/firn}/jars"
else
    echo "without Spark"
fi
exec "$python" "$here/matrix.py" "$@"
