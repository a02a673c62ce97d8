#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/io_errors.py" "$1" 30
