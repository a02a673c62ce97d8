#!/usr/bin/env bash
# Columns of a raw table are renamed and change names: a view follows the columns.
exec "$FIRN_JUDGES" "$(dirname "$0")/refresh_renames.py" "$1"
