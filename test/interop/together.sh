#!/usr/bin/env bash
# Day and month summaries published together, read meanwhile; test/soak/together.sh does it on each catalog.
exec "$FIRN_JUDGES" "$(dirname "$0")/together.py" "$1" sqlite 40
