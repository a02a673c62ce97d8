#!/usr/bin/env bash
# crowd.sh FIRN - firn and Spark change one table of each catalog at once, 50 times each.
exec bash "$(dirname "$0")/../interop/crowd.sh" "$1" 50
