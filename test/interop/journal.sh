#!/usr/bin/env bash
# journal.sh FIRN - files of unpublished attempts are cleared away, and no others.
exec "$FIRN_JUDGES" "$(dirname "$0")/journal.py" "$1"
