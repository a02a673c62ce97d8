#!/usr/bin/env bash
# Refreshes while others are at work, on SQLite; test/soak/refresh_crowd.sh does it on each catalog.
python=$("$(dirname "$0")/../../tools/judges" spark | tail -n 1) || exit 77
exec "$FIRN_JUDGES" "$(dirname "$0")/refresh_crowd.py" "$1" "$python" sqlite 1
