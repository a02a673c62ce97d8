#!/usr/bin/env bash
# bad_input.sh FIRN - one clear error for each kind of bad input, and every table as it was.
exec python3 "$(dirname "$0")/lib/bad_input.py" "$1"
