#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/appends.py" "$1" 40
