#!/usr/bin/env bash
# appends.sh FIRN - 200 processes change one lakehouse at once.
exec "$FIRN_JUDGES" "$(dirname "$0")/../interop/appends.py" "$1" 200
