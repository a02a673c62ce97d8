#!/usr/bin/env bash
# bad_days.sh FIRN [SEED] - 1,000 runs of the seed job on bad days.
exec bash "$(dirname "$0")/../interop/bad_days.sh" "$1" 1000 ${2:+"$2"}
