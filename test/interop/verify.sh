#!/usr/bin/env bash
# firn verify on summaries that others have damaged, compacted, rolled back or expired.
exec "$FIRN_JUDGES" "$(dirname "$0")/verify.py" "$1"
