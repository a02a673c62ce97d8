#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/pages.py" "$1"
