#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/purge.py" "$1"
