#!/usr/bin/env bash
# firn on a real Nessie server: skipped (77) where Java 21 or the server cannot be had.
. "$(dirname "$0")/../stack/use.sh" nessie
python3 "$(dirname "$0")/nessie.py" "$1"
