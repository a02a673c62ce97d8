#!/usr/bin/env bash
# kills.sh FIRN [SEED] - the demo killed at 500 points.
exec "$FIRN_JUDGES" "$(dirname "$0")/../interop/kills.py" "$1" 500 ${2:+"$2"}
