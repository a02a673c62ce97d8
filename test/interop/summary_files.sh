#!/usr/bin/env bash
# How a summary's rows are cut into files, judged by the rule said again, and read by others.
exec "$FIRN_JUDGES" "$(dirname "$0")/summary_files.py" "$1"
