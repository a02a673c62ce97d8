#!/usr/bin/env bash
# Refreshes killed at seeded points, on SQLite; test/soak/refresh_kills.sh does it on each catalog.
exec "$FIRN_JUDGES" "$(dirname "$0")/refresh_kills.py" "$1" sqlite 15
