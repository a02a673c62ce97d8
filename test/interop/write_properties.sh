#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/write_properties.py" "$1"
