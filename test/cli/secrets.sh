#!/usr/bin/env bash
# secrets.sh FIRN - secrets of the configuration stand in nothing that firn writes.
exec python3 "$(dirname "$0")/lib/secret_search.py" "$1"
