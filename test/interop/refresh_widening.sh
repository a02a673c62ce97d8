#!/usr/bin/env bash
# Columns of a raw table are widened between refreshes: followed where they stand bare, made anew elsewhere.
exec "$FIRN_JUDGES" "$(dirname "$0")/refresh_widening.py" "$1"
