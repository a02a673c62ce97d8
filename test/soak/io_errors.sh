#!/usr/bin/env bash
# io_errors.sh FIRN [SEED] - every call of the demo that changes the disk fails, in four ways.
exec "$FIRN_JUDGES" "$(dirname "$0")/../interop/io_errors.py" "$1" 100000 ${2:+"$2"}
