#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/demo.py" "$1"
