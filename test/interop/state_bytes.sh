#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/state_bytes.py" "$1"
