#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/kills.py" "$1" 20
