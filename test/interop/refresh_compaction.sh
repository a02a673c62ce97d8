#!/usr/bin/env bash
# A compacted raw table: a refresh follows what a replace snapshot says, and nothing else.
exec "$FIRN_JUDGES" "$(dirname "$0")/refresh_compaction.py" "$1"
